//! The ledger: bills in, rollups out.

use std::future::Future;
use std::sync::Arc;

use jiff::civil::Date;
pub use ledger_core::bill::BillReplacement;
use ledger_core::bill::{BillHead, Generation, ReplacementPlan};
use ledger_core::dimension::Level;
use ledger_core::line_item::BillId;
use ledger_core::owner::Owner;
use ledger_core::period::BillingPeriod;
use ledger_core::rollup::Rollup;
use rust_decimal::Decimal;

use super::Retryable;

/// Outcome of replacing a bill.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replaced {
    /// Days that changed and were written.
    pub days_written: u64,
    /// Days that did not change and cost no write.
    pub days_unchanged: u64,
    /// Days that the delivery no longer has.
    pub days_removed: u64,
    /// Rollup items written.
    pub items_written: u64,
    /// Write request units that the ledger's database charges: one for each KB of an item.
    pub write_units: Decimal,
    /// Whether the ledger already holds a newer delivery, so that nothing was done.
    pub is_superseded: bool,
}

impl Replaced {
    /// The counts of a plan, before anything of it is written.
    pub fn of(plan: &ReplacementPlan) -> Replaced {
        Replaced {
            days_written: u64::try_from(plan.written.len()).unwrap_or(u64::MAX),
            days_unchanged: plan.unchanged_count,
            days_removed: plan.removed_count,
            ..Replaced::default()
        }
    }
}

/// Bills by day, as rollups.
pub trait LedgerStore: Send + Sync {
    /// The pointers of all bills from a month on.
    fn heads(
        &self,
        from: BillingPeriod,
    ) -> impl Future<Output = Result<Vec<BillHead>, StoreError>> + Send;

    /// Replaces a bill: readers see its old state or its new one, never a part.
    ///
    /// Safe to repeat. After an error readers keep seeing the old state.
    fn replace(
        &self,
        replacement: BillReplacement,
    ) -> impl Future<Output = Result<Replaced, StoreError>> + Send;

    /// The rollups of one day of a bill, of all owners or of some.
    fn rollups(
        &self,
        bill: &BillId,
        day: Date,
        generation: &Generation,
        level: Level,
        owners: Option<&[Owner]>,
    ) -> impl Future<Output = Result<Vec<Rollup>, StoreError>> + Send;
}

/// Why a call of the ledger failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another run moved the pointer first.
    #[error("{0} was replaced by a newer run")]
    Replaced(BillId),
    /// Somebody else changed a document first; nothing was applied.
    #[error("somebody else changed {0} just now; nothing was applied")]
    Overtaken(&'static str),
    /// Totals before and after a write differ; nothing was made visible.
    #[error("{0} does not add up: what was written is not what was read")]
    Unbalanced(String),
    /// An item in the table is not one of ours.
    #[error("item `{key}` cannot be read: {reason}")]
    Malformed {
        /// The item's key.
        key: String,
        /// Why it cannot be read, or what was expected.
        reason: String,
    },
    /// A document is too large for the ledger; nothing was applied.
    #[error(
        "{what} of {bytes} bytes are too large for the ledger: packed they take {packed}; expected at most {limit}"
    )]
    TooLarge {
        /// The document.
        what: &'static str,
        /// Its size.
        bytes: usize,
        /// Its size as it would be stored.
        packed: usize,
        /// The largest size that is stored.
        limit: usize,
    },
    /// The database refused or could not be reached.
    #[error("could not {doing}")]
    Unavailable {
        /// The action that failed and its object, as they follow "could not".
        doing: String,
        /// Whether trying again may help.
        is_retryable: bool,
        /// The cause.
        #[source]
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
}

impl Retryable for StoreError {
    fn is_retryable(&self) -> bool {
        match self {
            StoreError::Replaced(_) | StoreError::Overtaken(_) => true,
            StoreError::Unbalanced(_)
            | StoreError::Malformed { .. }
            | StoreError::TooLarge { .. } => false,
            StoreError::Unavailable { is_retryable, .. } => *is_retryable,
        }
    }
}
