//! The pointer of a bill: which generation of each of its days readers see.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;

use super::deliverer::{Export, FileSet};
use super::pending::Pending;
use super::unread::Unread;
use crate::currency::Currency;
use crate::line_item::BillId;
use crate::rollup::DayTotal;

/// The pointer of one bill: which generation of each of its days readers see.
///
/// It is one record, moved as a whole on condition that its version is the one that was read. So a
/// reader sees a delivery whole or not at all, a day that a delivery left out is gone with the same
/// move, and a slow run cannot undo a newer one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BillHead {
    /// The bill.
    pub bill: BillId,
    /// Counts moves, from 1.
    pub version: u64,
    /// The export that delivered it last, where a manifest names it.
    pub export: Option<Export>,
    /// When the provider made the delivery, where it says so: an older one never replaces a newer.
    pub delivered_at: Option<Timestamp>,
    /// Time of the import.
    pub imported_at: Timestamp,
    /// The version of the rules that assigned its owners.
    pub rules_version: u64,
    /// Its days.
    pub days: BTreeMap<Date, DayHead>,
    /// Parts of the last delivery that are in no figure or no field.
    pub unread: Arc<Unread>,
    /// Whether a person said that it is a part: then it may have lines that look like others.
    pub is_chosen_part: bool,
    /// A later delivery that is held back.
    pub pending: Option<Pending>,
}

impl BillHead {
    /// Whether every AI line of the bill names its invoice: until then the provider may still change
    /// any of them.
    pub fn is_invoiced(&self) -> bool {
        self.days.values().all(|it| it.is_invoiced)
    }
}

/// One day of a bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayHead {
    /// The name under which its rollups are stored.
    pub generation: Generation,
    /// Totals of the day by currency, compared before and after every write.
    pub totals: BTreeMap<Currency, DayTotal>,
    /// Whether the source says that the figures may change.
    pub estimated: bool,
    /// Whether every AI line of the day names its invoice. Releases that did not keep invoices say no.
    pub is_invoiced: bool,
    /// The release of the facts it was made from.
    pub facts: FactsForm,
    /// The files it is from, where no manifest names them; of a quick look, a mark of how it was asked.
    /// Earlier releases did not keep them.
    pub files: Option<Arc<FileSet>>,
}

/// The form of the facts of a day: which keys and measures the release kept that read them from the
/// bill. Positions that are made anew from the ledger keep it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FactsForm(pub u32);

impl FactsForm {
    /// Without quantities, list costs and invoices. Session names were folded to `*` after rules
    /// had seen them.
    pub const FIRST: FactsForm = FactsForm(1);
    /// All that this release keeps. Session names are folded before rules see them.
    pub const CURRENT: FactsForm = FactsForm(2);

    /// Whether an import of the same bill would keep more.
    pub fn is_partial(self) -> bool {
        self < FactsForm::CURRENT
    }
}

/// The name of one written state of one day: the head's version it was written for, and a hash of
/// its content, by which an unchanged day is recognised.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Generation {
    /// The version of the head that introduced it.
    pub version: u64,
    /// Hash of everything readers see of the day.
    pub content_hash: Arc<str>,
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08}-{}", self.version, self.content_hash)
    }
}
