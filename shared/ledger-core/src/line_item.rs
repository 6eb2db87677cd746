//! One charge as the provider reports it: read, not judged.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::civil::Date;

use crate::bill_text::BillTexts;
use crate::caller::Caller;
use crate::category::ChargeCategory;
use crate::cost::Costs;
use crate::model::Model;
use crate::money::Money;
use crate::period::BillingPeriod;
use crate::quantity::Quantity;
use crate::source::Source;
use crate::usage::Usage;

/// Where a line was read, so that anyone can walk from a statement back to the provider's own row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Provenance {
    /// The file, or the request.
    pub file: Arc<str>,
    /// The row in the file, header not counted, from 1; or the group in the answer. 0 where only the
    /// file is known.
    pub line: u64,
}

impl fmt::Display for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}", self.file),
            line => write!(f, "{}:{line}", self.file),
        }
    }
}

/// One bill, or a named part of it: what one payer owes for one month, by one source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BillId {
    /// The month. First, so that bills sort by time.
    pub period: BillingPeriod,
    /// The source.
    pub source: Source,
    /// The account that pays; `None` where the source does not name it.
    pub payer: Option<Arc<str>>,
    /// The part of the bill that this is; `None` for the bill itself. A bill is the sum of itself and
    /// its parts, each of which is delivered and restated by itself.
    pub part: Option<Arc<str>>,
}

impl BillId {
    /// The account that pays, as it is shown: `unknown` where the source does not name it.
    pub fn payer_shown(&self) -> &str {
        self.payer.as_deref().unwrap_or("unknown")
    }
}

impl fmt::Display for BillId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} of payer {}", self.source, self.period, self.payer_shown())?;
        self.part.iter().try_for_each(|part| write!(f, ", part {part}"))
    }
}

/// Tags of a line by key, with the prefix that names where the tag was set.
pub type Tags = BTreeMap<Arc<str>, Arc<str>>;

/// One charge as the provider reports it.
#[derive(Clone, Debug)]
pub struct LineItem {
    /// Where it was read.
    pub provenance: Provenance,
    /// The bill it is on. A charge of June can be on July's bill.
    pub bill: BillId,
    /// The UTC day on which the usage began.
    pub day: Date,
    /// The account that was charged, where the source names it.
    pub account: Option<Arc<str>>,
    /// The provider's own word for the type of the line, such as `Usage`, `Tax`, `Credit`.
    pub line_type: Arc<str>,
    /// The category of the charge, where the type is a known one.
    pub category: Option<ChargeCategory>,
    /// The service, by the name under which its money appears.
    pub service: Arc<str>,
    /// The usage: meter, axes and tokens.
    pub usage: Usage,
    /// The caller, where the bill names one.
    pub caller: Option<Caller>,
    /// The tags, by prefixed key.
    pub tags: Arc<Tags>,
    /// The model and its maker, as far as they are known.
    pub model: Model,
    /// The texts that are kept as they are: region, invoice …
    pub texts: BillTexts,
    /// The pricing unit of the quantity, such as `1K tokens`.
    pub unit: Option<Arc<str>>,
    /// The quantity in the pricing unit; `None` where either is missing.
    pub quantity: Option<Quantity>,
    /// Whether the source says that the figure may change.
    pub estimated: bool,
    /// The costs, by cost kind.
    pub costs: Costs,
}

/// A line that could not be read; counted, never dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Where it is.
    pub provenance: Provenance,
    /// The column that could not be read, as the file spells it.
    pub column: Arc<str>,
    /// The fault, and what was expected.
    pub reason: String,
    /// Its unblended cost, where that can be read.
    pub cost: Option<Money>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_is_not_known_is_not_told() {
        let at = |line| Provenance { file: "part-1.parquet".into(), line }.to_string();
        assert_eq!((at(7).as_str(), at(0).as_str()), ("part-1.parquet:7", "part-1.parquet"));
    }
}
