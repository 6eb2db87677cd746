//! One charge as the provider reports it: read, not judged.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::civil::Date;

use crate::aws::principal::Principal;
use crate::aws::usage_type::UsageType;
use crate::cost::Costs;
use crate::period::BillingPeriod;
use crate::quantity::Quantity;

/// Where a line was read, so that anyone can walk from a statement back to AWS's own row.
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

/// What told us of a charge.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// A cost and usage export: the bill itself.
    Cur,
    /// Cost Explorer, grouped by the primary tag key: the quick look.
    CostExplorer,
    /// Cost Explorer grouped by a further tag key. The same money once more: shown, never served.
    View(Arc<str>),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Cur => f.write_str("cur"),
            Source::CostExplorer => f.write_str("cost-explorer"),
            Source::View(key) => write!(f, "view:{key}"),
        }
    }
}

impl Source {
    /// Reads what [`Source`] prints.
    pub fn parse(text: &str) -> Option<Source> {
        match text {
            "cur" => Some(Source::Cur),
            "cost-explorer" => Some(Source::CostExplorer),
            _ => text.strip_prefix("view:").map(|key| Source::View(key.into())),
        }
    }
}

/// One bill: what one payer owes for one month, as one source tells it.
///
/// - **Range:** `payer` is an account id of 12 digits, or [`UNKNOWN_PAYER`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BillId {
    /// The month. First, so that bills sort by time.
    pub period: BillingPeriod,
    /// What told us.
    pub source: Source,
    /// `bill_payer_account_id`.
    pub payer: Arc<str>,
}

/// The payer of a bill that does not name one, such as an answer of Cost Explorer.
pub const UNKNOWN_PAYER: &str = "unknown";

impl fmt::Display for BillId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} of payer {}", self.source, self.period, self.payer)
    }
}

/// Tags of a line by prefixed key, such as `iamPrincipal/team` or `resourceTags/environment`.
pub type Tags = BTreeMap<Arc<str>, Arc<str>>;

/// One charge as the provider reports it.
#[derive(Clone, Debug)]
pub struct LineItem {
    /// Where it was read.
    pub provenance: Provenance,
    /// The bill it stands on. A charge of June can stand on July's bill.
    pub bill: BillId,
    /// The UTC day of `line_item_usage_start_date`.
    pub day: Date,
    /// `line_item_usage_account_id`; empty where the source does not say.
    pub account: Arc<str>,
    /// `line_item_line_item_type`, such as `Usage`, `Tax`, `Credit`.
    pub line_type: Arc<str>,
    /// The name the money appears under in Cost Explorer's `SERVICE`.
    pub service: Arc<str>,
    /// `line_item_usage_type` and its reading.
    pub usage_type: Arc<UsageType>,
    /// The caller, where the bill names one.
    pub principal: Option<Arc<Principal>>,
    /// The tags, `iamPrincipal/…` and `resourceTags/…` alike.
    pub tags: Arc<Tags>,
    /// The model by its canonical name.
    pub model: Option<Arc<str>>,
    /// Who makes the model.
    pub publisher: Option<Arc<str>>,
    /// The region's name, such as `us-east-1`.
    pub region: Option<Arc<str>>,
    /// The pricing unit of the quantity: `pricing_unit`, such as `1K tokens`.
    pub unit: Option<Arc<str>>,
    /// `line_item_usage_amount` in the pricing unit; `None` where either is missing.
    pub quantity: Option<Quantity>,
    /// `bill_invoice_id`; `None` until the month is invoiced.
    pub invoice_id: Option<Arc<str>>,
    /// Single tokens, where the line counts tokens and says in which unit.
    pub tokens: Option<u64>,
    /// Whether it is a charge for generative AI; only such lines get an owner.
    pub ai: bool,
    /// Whether the source says that the figure may change.
    pub estimated: bool,
    /// What it costs.
    pub costs: Costs,
}

/// A line that could not be read; counted, never dropped.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rejected {
    /// Where it stands.
    pub provenance: Provenance,
    /// The column that could not be read, as the file spells it.
    pub column: Arc<str>,
    /// What was wrong and what was expected.
    pub reason: String,
}

/// Something a person should know, and the fix where there is one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// A stable word for scripts, such as `column-missing`.
    pub code: &'static str,
    /// One sentence: what, where, and what to do.
    pub message: String,
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
