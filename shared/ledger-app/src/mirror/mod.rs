//! Mirrors budgets into the provider's own, as a backstop, and reads those that are there.
//!
//! Start reading at [`mirror_budgets`].

mod file;
#[cfg(test)]
mod tests;

use std::time::Duration;

use ledger_core::budget::Budget;
use ledger_core::mirror::{Mirror, NotMirrored, Plan, Seen, Step, plan};

use crate::ports::{LedgerStore, NativeBudgets, NativeBudgetsError};
use crate::view::{LookupError, View};

pub use self::file::budgets_text;

/// How often a run that reads looks whether there is time.
const TIME_CHECKED: Duration = Duration::from_secs(1);

/// Why nothing was mirrored.
#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    /// The ledger did not say what it holds.
    #[error("could not find out which services and tags the ledger holds")]
    Ledger(#[source] LookupError),
    /// The budgets that are there are not known.
    #[error("could not read the budgets of account {0}")]
    Read(String, #[source] NativeBudgetsError),
    /// The time of the run ended.
    #[error("the time of the run ended before the budgets of the account were read")]
    OutOfTime,
}

/// The outcome of one run.
#[derive(Debug, Default)]
pub struct Mirrored {
    /// The changes that were made.
    pub done: Vec<Step>,
    /// The changes that were not; the next run tries them again.
    pub failed: Vec<(Step, NativeBudgetsError)>,
    /// The number of changes for which no time was left.
    pub left: usize,
    /// The number of copies that were as they should be.
    pub unchanged: usize,
    /// Budgets without a copy, each with the reason.
    pub not_mirrored: Vec<NotMirrored>,
}

/// Compares budgets with the account's own, without a change.
///
/// # Errors
///
/// [`MirrorError`].
pub async fn planned<L: LedgerStore + Clone + 'static>(
    view: &View<L>,
    budgets: &[Budget],
    mirror: &Mirror,
    native: &impl NativeBudgets,
) -> Result<Plan, MirrorError> {
    let mut seen = Seen::new(budgets);
    view.answer(&mut [&mut seen]).await.map_err(MirrorError::Ledger)?;
    let existing = native.budgets(&mirror.account, &mirror.prefix()).await;
    let existing = existing.map_err(|err| MirrorError::Read(mirror.account.clone(), err))?;
    Ok(plan(budgets, &seen, &existing, mirror, view.now().today()))
}

/// Makes the account's own budgets the copies of these. A copy that is as it should be is not written.
///
/// A change that fails is named in the outcome and does not end the run. Safe to repeat.
///
/// # Errors
///
/// [`MirrorError`]; nothing was changed then.
pub async fn mirror_budgets<L: LedgerStore + Clone + 'static>(
    view: &View<L>,
    budgets: &[Budget],
    mirror: &Mirror,
    native: &impl NativeBudgets,
    has_time: &(dyn Fn() -> bool + Sync),
) -> Result<Mirrored, MirrorError> {
    let out_of_time = async {
        while has_time() {
            tokio::time::sleep(TIME_CHECKED).await;
        }
    };
    let planned = tokio::select! {
        planned = planned(view, budgets, mirror, native) => planned,
        () = out_of_time => Err(MirrorError::OutOfTime),
    };
    let Plan { steps, unchanged, not_mirrored } = planned?;
    let unchanged = unchanged.len();
    let mut mirrored = Mirrored { unchanged, not_mirrored, ..Mirrored::default() };
    let mut steps = steps.into_iter();
    while has_time()
        && let Some(step) = steps.next()
    {
        match native.change(mirror, &step).await {
            Ok(()) => mirrored.done.push(step),
            Err(err) => mirrored.failed.push((step, err)),
        }
    }
    mirrored.left = steps.count();
    Ok(mirrored)
}
