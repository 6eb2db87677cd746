//! Budgets against the ledger, and alerts to their owners.
//!
//! Budgets are judged every hour, so this is what reads the ledger most. Each day is read once for all
//! budgets that count it, and what drove a cost only for alerts that are new. When nothing changed
//! since all alerts were sent, no day is read at all.

mod anomalous;
mod delivery;
mod digest;
mod planning;
mod state;
mod statements;
mod watch;

use jiff::ToSpan as _;
use jiff::civil::Date;
use ledger_core::budget::{Alert, AlertId, Budget, BudgetSpending, CrossingKind, Verdict, windows};

use self::delivery::{Outcome, send};
use self::planning::{Planned, planned, planned_beside};
use self::state::state_of;
use ledger_core::now::Now;

use crate::anomalies::AnomaliesError;
use crate::forecast::project;
use crate::periods::PeriodError;
use crate::ports::{
    AlertStore, ContentStore, DocumentStore, LedgerStore, Notifier, Retryable, StoreError,
};
use crate::view::{LookupError, View};

pub use self::delivery::{Undelivered, undelivered};
pub use self::planning::complete;
pub use self::watch::{Watch, Watched, watched};

/// Why budgets were not evaluated.
#[derive(Debug, thiserror::Error)]
pub enum EvaluateError {
    /// The spending could not be read.
    #[error("could not read what the budgets count")]
    Spend(#[source] LookupError),
    /// The costs that forecasts are made from could not be read; no alert was sent.
    #[error("could not read what the budgets are forecast from")]
    Forecast(#[source] LookupError),
    /// The drivers of costs could not be read; no alert was sent.
    #[error("could not read what drives the budgets")]
    Drivers(#[source] LookupError),
    /// Anomalies could not be looked for; no alert was sent.
    #[error("could not look for anomalies to alert")]
    Anomalies(#[source] AnomaliesError),
    /// The costs that digests say could not be read; no alert was sent.
    #[error("could not read what the digests say")]
    Digest(#[source] LookupError),
    /// The statements that messages say could not be read; no alert was sent.
    #[error("could not read the statements that are ready")]
    Statements(#[source] PeriodError),
    /// The alerts so far could not be read; no alert was sent.
    #[error("could not read the alerts that were sent before")]
    Alerts(#[source] StoreError),
    /// An alert could not be written down.
    #[error("could not keep alert `{0}`")]
    Keep(String, #[source] StoreError),
    /// The settled state could not be read.
    #[error("could not find out whether anything changed")]
    Settled(#[source] StoreError),
    /// The time of the run ended.
    #[error("the time of the run ended before {0} alerts were looked at; the next run goes on")]
    OutOfTime(usize),
    /// The time of the run ended.
    #[error(
        "the time of the run ended before anomalies and digests were looked at; the next run goes on"
    )]
    OutOfTimeBeside,
}

impl Retryable for EvaluateError {
    fn is_retryable(&self) -> bool {
        match self {
            EvaluateError::Spend(source)
            | EvaluateError::Forecast(source)
            | EvaluateError::Digest(source)
            | EvaluateError::Drivers(source) => source.is_retryable(),
            EvaluateError::Anomalies(source) => source.is_retryable(),
            EvaluateError::Statements(source) => source.is_retryable(),
            EvaluateError::Keep(_, source)
            | EvaluateError::Alerts(source)
            | EvaluateError::Settled(source) => source.is_retryable(),
            EvaluateError::OutOfTime(_) | EvaluateError::OutOfTimeBeside => true,
        }
    }
}

/// One run of an evaluation.
#[derive(Clone, Copy)]
pub struct Run<'a> {
    /// Its name in the ledger.
    pub name: &'a str,
    /// Whether there is time for one more alert. A run that is stopped while it sends one would leave it
    /// unconfirmed.
    pub has_time: &'a (dyn Fn() -> bool + Sync),
}

/// A run without a limit.
impl<'a> From<&'a str> for Run<'a> {
    fn from(name: &'a str) -> Run<'a> {
        Run { name, has_time: &|| true }
    }
}

/// The outcome of an evaluation.
#[derive(Debug, Default)]
pub struct Evaluation {
    /// Nothing changed since an evaluation that left no alert to send, so nothing was judged.
    pub is_unchanged: bool,
    /// The judgement of every budget.
    pub verdicts: Vec<Verdict>,
    /// Alerts sent by this run.
    pub sent: Vec<Alert>,
    /// Alerts that were not accepted; the next run tries again.
    pub not_sent: Vec<Alert>,
    /// Alerts whose delivery is unknown; the next run sends them again.
    pub unconfirmed: Vec<Alert>,
    /// Alerts that could not be written down, each an [`EvaluateError::Keep`], and those for which
    /// there was no time. They stopped no other; the next run tries again.
    pub failed: Vec<EvaluateError>,
    /// The end of the last day with data.
    pub data_up_to: Option<Date>,
}

/// Judges every budget in the window that is running and in the window of the last day with data.
/// Left out are budgets that count more than the caller may see.
///
/// # Errors
///
/// [`LookupError`].
pub async fn judge_all<L>(view: &View<L>, budgets: &[Budget]) -> Result<Vec<Verdict>, LookupError>
where
    L: LedgerStore + Clone + 'static,
{
    let mut spending = spending_question(view, budgets);
    view.answer(&mut [&mut spending]).await?;
    Ok(spending.finish()?)
}

/// The question of [`judge_all`], to be asked with others.
pub fn spending_question<'b, L>(view: &View<L>, budgets: &'b [Budget]) -> BudgetSpending<'b>
where
    L: LedgerStore + Clone + 'static,
{
    let data_up_to = view.data_up_to();
    let mut windows = windows(budgets, view.now().today(), data_up_to);
    windows.retain(|it| view.access().covers(&it.budget.scope.exact));
    BudgetSpending::new(&windows, data_up_to)
}

/// Judges every budget and alerts the owners of those that crossed a threshold: at least once, in one
/// message for all that a window crossed. The view begins with [`ledger_core::budget::first_month`].
///
/// Safe to repeat and to run twice at once: an alert is written down first, then one run moves it
/// to `sending`, and only that run sends it. An alert that was not accepted, or whose answer was lost, is
/// sent again by the next run, also when nothing changed since. An alert that cannot be kept stops no
/// other.
///
/// # Errors
///
/// [`EvaluateError`]; no alert was sent.
pub async fn evaluate_budgets<L>(
    view: &View<L>,
    watch: impl Into<Watch<'_>>,
    run: impl Into<Run<'_>>,
    notifier: &impl Notifier,
) -> Result<Evaluation, EvaluateError>
where
    L: LedgerStore + AlertStore + DocumentStore + ContentStore + Clone + 'static,
{
    let (ledger, now, watch, run) = (view.ledger(), view.now(), watch.into(), run.into());
    let budgets = watch.budgets;
    let mut evaluation = Evaluation { data_up_to: view.data_up_to(), ..Evaluation::default() };
    let state = state_of(watch, now.today(), view.heads());
    if ledger.is_settled(&state, now.at()).await.map_err(EvaluateError::Settled)? {
        evaluation.is_unchanged = true;
        return Ok(evaluation);
    }
    evaluation.verdicts = judge_all(view, budgets).await.map_err(EvaluateError::Spend)?;
    project(view, &mut evaluation.verdicts).await.map_err(EvaluateError::Forecast)?;
    let mut planned = planned(view, watch, &evaluation.verdicts, run).await?;
    let mut is_settled = !planned.is_early;
    is_settled &= deliver(&mut planned, &mut evaluation, now, run, ledger, notifier).await;
    match planned_beside(view, watch, &evaluation.verdicts, run).await {
        Ok(mut beside) => {
            let delivered = deliver(&mut beside, &mut evaluation, now, run, ledger, notifier).await;
            is_settled &= delivered;
        }
        Err(err) => evaluation.failed.push(err),
    }
    is_settled &= evaluation.not_sent.is_empty()
        && evaluation.unconfirmed.is_empty()
        && evaluation.failed.is_empty();
    // An alert of this run may go on to somebody else before anything changes.
    let may_go_on = |it: &Alert| {
        let is_digest = it.id.crossing().is_none();
        is_digest || it.crossings().any(|it| it.kind == CrossingKind::Reached)
    };
    let hours = watch.contacts.escalate_after_hours;
    let goes_on = hours.filter(|_| evaluation.sent.iter().any(may_go_on));
    let goes_on = goes_on.and_then(|hours| now.at().checked_add(i64::from(hours).hours()).ok());
    let look_again = [planned.look_again, goes_on].into_iter().flatten().min();
    // Without it the next run does the same once more.
    if is_settled && let Err(err) = ledger.settle(&state, now.at(), look_again).await {
        tracing::warn!(error = %err, "could not keep what is settled");
    }
    Ok(evaluation)
}

/// Sends planned alerts; whether all of them came to an end in this run.
async fn deliver(
    planned: &mut Planned,
    evaluation: &mut Evaluation,
    now: Now,
    run: Run<'_>,
    ledger: &impl AlertStore,
    notifier: &impl Notifier,
) -> bool {
    evaluation.failed.append(&mut planned.failed);
    let mut is_done = true;
    let mut left = planned.alerts.len();
    for stored in planned.alerts.drain(..) {
        if !(run.has_time)() {
            evaluation.failed.push(EvaluateError::OutOfTime(left));
            break;
        }
        left -= 1;
        match send(&stored, now.at(), run.name, ledger, notifier).await {
            Ok(Outcome::Sent) => evaluation.sent.push(stored.alert),
            Ok(Outcome::NotSent) => evaluation.not_sent.push(stored.alert),
            Ok(Outcome::Unconfirmed) => evaluation.unconfirmed.push(stored.alert),
            Ok(Outcome::WithAnotherRun) => is_done = false,
            Err(err) => evaluation.failed.push(keep_error(&stored.alert.id, err)),
        }
    }
    is_done
}

fn keep_error(id: &AlertId, err: StoreError) -> EvaluateError {
    EvaluateError::Keep(id.to_string(), err)
}
