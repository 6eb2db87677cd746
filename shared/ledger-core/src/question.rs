//! Questions that are answered from days of the ledger, any number of them in one pass.
//!
//! A question first says which days it wants, of whom and in how much detail, then gets the rows of
//! these days in any order. What reads the days reads each of them once, for all questions together.

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::access::Owners;
use crate::bill::{BillHead, DayHead, ServedDay, Status, served_days};
use crate::dimension::{Dimension, Level};
use crate::line_item::BillId;
use crate::money::MoneyError;
use crate::period::ChargePeriod;
use crate::rollup::Row;
use crate::source::Source;

/// Something that is answered from days of the ledger.
pub trait Question: Send {
    /// The part of a day that counts, `None` if nothing of it does. Called once for each day, before
    /// any row.
    fn wants(&mut self, day: &LedgerDay<'_>) -> Option<Wanted>;

    /// Adds a row of a day that was wanted. The row is at the wanted level or below, and of an owner
    /// that was wanted.
    ///
    /// # Errors
    ///
    /// [`QuestionError`].
    fn add(&mut self, row: Row<'_>, day: &LedgerDay<'_>) -> Result<(), QuestionError>;
}

/// The part of a day that a question counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The level of rows that holds all dimensions it looks at.
    pub level: Level,
    /// The owners.
    pub owners: Owners,
}

impl Wanted {
    /// The rows of a summary.
    pub fn summary(owners: Owners) -> Wanted {
        Wanted { level: Level::Summary, owners }
    }

    /// A part that holds both.
    #[must_use]
    pub fn union(self, other: Wanted) -> Wanted {
        Wanted { level: self.level.max(other.level), owners: self.owners.union(other.owners) }
    }
}

/// One day of one bill.
#[derive(Clone, Copy, Debug)]
pub struct LedgerDay<'a> {
    /// The bill.
    pub head: &'a BillHead,
    /// The day.
    pub day: Date,
    /// Its state.
    pub state: &'a DayHead,
    /// Whether answers count it. The other days are kept to be compared with it.
    pub is_served: bool,
    /// Whether the bill [is invoiced](BillHead::is_invoiced).
    pub is_invoiced: bool,
}

impl LedgerDay<'_> {
    /// How sure its figures are.
    pub fn status(&self) -> Status {
        let LedgerDay { head, day, state, is_invoiced, is_served: _ } = *self;
        ServedDay { head, day, state, is_invoiced }.status()
    }

    /// The source of the bill.
    pub fn source(&self) -> &Source {
        &self.head.bill.source
    }
}

/// All days of these bills, in their order.
pub fn ledger_days(heads: &[BillHead]) -> Vec<LedgerDay<'_>> {
    let all = ChargePeriod::new(Date::MIN, Date::MAX);
    let served = all.map_or_else(|_| Vec::new(), |all| served_days(heads, all));
    let served: BTreeSet<(&BillId, Date)> =
        served.iter().map(|it| (&it.head.bill, it.day)).collect();
    let mut days = Vec::new();
    for head in heads {
        let is_invoiced = head.is_invoiced();
        days.extend(head.days.iter().map(|(day, state)| LedgerDay {
            head,
            day: *day,
            state,
            is_served: served.contains(&(&head.bill, *day)),
            is_invoiced,
        }));
    }
    days
}

/// Why a question has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuestionError {
    /// A sum left the range of money.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// A row of a summary has no value of a dimension that only detail rows have.
    #[error("a summary row has no `{0}`; expected a detail row")]
    NeedsDetail(Dimension),
}
