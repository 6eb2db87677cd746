//! Days that were read, kept for the next question.
//!
//! A generation of a day never changes: it is named by the hash of its content, and a day that is
//! restated gets another one. So the rows that were read of it are right as long as a head names it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::civil::Date;
use ledger_core::bill::Generation;
use ledger_core::line_item::BillId;
use ledger_core::rollup::Rollup;

/// Rows that are kept at the most: about 10 MB.
const ROWS_MAX: usize = 20_000;

/// A larger day is not kept: it would leave no room for others.
const ROWS_OF_A_DAY_MAX: usize = ROWS_MAX / 4;

/// The summaries of days that were read, of all owners.
#[derive(Clone, Debug, Default)]
pub struct KeptDays(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    days: BTreeMap<DayKey, Arc<Vec<Rollup>>>,
    row_count: usize,
}

/// A generation of a day.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct DayKey {
    pub bill: BillId,
    pub day: Date,
    pub generation: Generation,
}

impl KeptDays {
    /// The rows of a day, if they are kept.
    pub(crate) fn get(&self, key: &DayKey) -> Option<Arc<Vec<Rollup>>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.days.get(key).map(Arc::clone)
    }

    /// Keeps the rows of a day. Where there is no room for them, all others are forgotten.
    pub(crate) fn keep(&self, key: DayKey, rows: &Arc<Vec<Rollup>>) {
        if rows.len() > ROWS_OF_A_DAY_MAX {
            return;
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.row_count + rows.len() > ROWS_MAX {
            *kept = Kept::default();
        }
        if kept.days.insert(key, Arc::clone(rows)).is_none() {
            kept.row_count += rows.len();
        }
    }
}
