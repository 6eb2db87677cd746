//! Budgets against the ledger, and alerts to their owners.
//!
//! Budgets are judged every hour, so this is what reads the ledger most. Each day is read once for all
//! budgets that count it, and what drove a cost only for alerts that are new. When nothing changed
//! since all alerts were sent, no day is read at all.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use ledger_core::bill::BillHead;
use ledger_core::budget::{
    Alert, AlertId, Budget, BudgetSpending, Driver, Drivers, Verdict, windows,
};
use ledger_core::line_item::BillId;
use ledger_core::question::Question;

use crate::causes::causes;
use crate::ports::{
    AlertState, AlertStore, LedgerStore, Notifier, PublishError, Retryable, StoreError, StoredAlert,
};
use crate::view::{LookupError, View};

/// How long an alert may be on its way before its delivery counts as unknown.
const SENDING_MINUTES_MAX: i64 = 15;

/// Why budgets were not evaluated.
#[derive(Debug, thiserror::Error)]
pub enum EvaluateError {
    /// The spending could not be read.
    #[error("could not read what the budgets count")]
    Spend(#[source] LookupError),
    /// The drivers of costs could not be read; no alert was sent.
    #[error("could not read what drives the budgets")]
    Drivers(#[source] LookupError),
    /// An alert could not be read or written down.
    #[error("could not keep alert `{0}`")]
    Keep(String, #[source] StoreError),
    /// The settled state could not be read.
    #[error("could not find out whether anything changed")]
    Settled(#[source] StoreError),
    /// The time of the run ended.
    #[error("the time of the run ended before {0} alerts were looked at; the next run goes on")]
    OutOfTime(usize),
}

impl Retryable for EvaluateError {
    fn is_retryable(&self) -> bool {
        match self {
            EvaluateError::Spend(source) | EvaluateError::Drivers(source) => source.is_retryable(),
            EvaluateError::Keep(_, source) | EvaluateError::Settled(source) => {
                source.is_retryable()
            }
            EvaluateError::OutOfTime(_) => true,
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
    /// Alerts whose delivery is unknown.
    pub unconfirmed: Vec<Alert>,
    /// Alerts that could not be read or written down, each an [`EvaluateError::Keep`], and those for which
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
    windows.retain(|it| view.access().covers(&it.budget.scope));
    BudgetSpending::new(&windows, data_up_to)
}

/// Judges every budget and alerts the owners of those that reached a threshold, each once. The view
/// begins with [`ledger_core::budget::first_month`].
///
/// Safe to repeat and to run twice at once: an alert is written down first, then one run moves it
/// to `sending`, and only that run sends it. An alert that was not accepted is tried again by the
/// next run, also when nothing changed since. An alert that cannot be kept stops no other.
///
/// # Errors
///
/// [`EvaluateError`]; no alert was sent.
pub async fn evaluate_budgets<L>(
    view: &View<L>,
    budgets: &[Budget],
    run: impl Into<Run<'_>>,
    notifier: &impl Notifier,
) -> Result<Evaluation, EvaluateError>
where
    L: LedgerStore + AlertStore + Clone + 'static,
{
    let (ledger, now, run) = (view.ledger(), view.now(), run.into());
    let mut evaluation = Evaluation { data_up_to: view.data_up_to(), ..Evaluation::default() };
    let state = state_of(budgets, now.today(), view.heads());
    if ledger.is_settled(&state).await.map_err(EvaluateError::Settled)? {
        evaluation.is_unchanged = true;
        return Ok(evaluation);
    }
    evaluation.verdicts = judge_all(view, budgets).await.map_err(EvaluateError::Spend)?;
    let Planned { alerts, failed } = planned(view, &evaluation.verdicts, run).await?;
    evaluation.failed = failed;
    let mut is_settled = true;
    let mut left = alerts.len();
    for stored in alerts {
        if !(run.has_time)() {
            evaluation.failed.push(EvaluateError::OutOfTime(left));
            break;
        }
        left -= 1;
        match send_once(&stored, now.at(), run.name, ledger, notifier).await {
            Ok(Outcome::Sent) => evaluation.sent.push(stored.alert),
            Ok(Outcome::NotSent) => evaluation.not_sent.push(stored.alert),
            Ok(Outcome::Unconfirmed) => evaluation.unconfirmed.push(stored.alert),
            Ok(Outcome::AlreadyDone) => {}
            Ok(Outcome::WithAnotherRun) => is_settled = false,
            Err(err) => evaluation.failed.push(keep_error(&stored.alert.id, err)),
        }
    }
    is_settled &= evaluation.not_sent.is_empty() && evaluation.failed.is_empty();
    // Without it the next run does the same once more.
    if is_settled && let Err(err) = ledger.settle(&state, now.at()).await {
        tracing::warn!(error = %err, "could not keep what is settled");
    }
    Ok(evaluation)
}

/// Names everything that an evaluation follows from: the day, the bills' versions, the budgets. Made
/// of plain values, so that the text stays the same until one of them changes.
fn state_of(budgets: &[Budget], today: Date, heads: &[BillHead]) -> String {
    let mut state = format!("day {today}\n");
    for BillHead { bill, version, .. } in heads {
        let BillId { period, source, payer: _, part } = bill;
        let payer = bill.payer_shown();
        let part = part.iter().map(|it| format!(" {}:{it}", it.len())).collect::<String>();
        state.push_str(&format!("bill {period} {source} {payer} {version}{part}\n"));
    }
    for budget in budgets {
        state.push_str(&state_of_budget(budget));
    }
    state
}

/// Names a budget by all its fields. Each text has its length before it: it may hold anything.
fn state_of_budget(budget: &Budget) -> String {
    let Budget { name, owner, deputy, limit, window, scope, thresholds, cost_kind } = budget;
    let text = |it: &str| format!("{}:{it}", it.len());
    let deputy = deputy.as_deref().map_or_else(|| "-".to_owned(), text);
    let thresholds: Vec<String> = thresholds.iter().map(ToString::to_string).collect();
    let mut state = format!(
        "budget {} {} {deputy} {limit} {window} {} {}",
        text(name),
        text(owner),
        thresholds.join(","),
        cost_kind.as_str()
    );
    for (dimension, values) in &scope.0 {
        let values: Vec<String> = values.iter().map(|it| text(it)).collect();
        state.push_str(&format!(" where {} {}", text(&dimension.to_string()), values.join(",")));
    }
    state.push('\n');
    state
}

fn keep_error(id: &AlertId, err: StoreError) -> EvaluateError {
    EvaluateError::Keep(id.to_string(), err)
}

/// The alerts of all verdicts.
#[derive(Default)]
struct Planned {
    /// Those that are written down.
    alerts: Vec<StoredAlert>,
    /// Why others are not known to be.
    failed: Vec<EvaluateError>,
}

/// The alerts of these verdicts as they are written down; those that are new are written down now.
async fn planned<L>(
    view: &View<L>,
    verdicts: &[Verdict],
    run: Run<'_>,
) -> Result<Planned, EvaluateError>
where
    L: LedgerStore + AlertStore + Clone + 'static,
{
    let (ledger, now) = (view.ledger(), view.now());
    let mut planned = Planned::default();
    let mut new = Vec::new();
    let ids = verdicts.iter().flat_map(|it| it.alert_ids().map(move |id| (it, id)));
    let ids: Vec<(&Verdict, AlertId)> = ids.collect();
    let mut left = ids.len();
    for (verdict, id) in ids {
        if !(run.has_time)() {
            planned.failed.push(EvaluateError::OutOfTime(left));
            break;
        }
        left -= 1;
        match ledger.alert(&id).await {
            Ok(Some(stored)) => planned.alerts.push(stored),
            Ok(None) => new.push((verdict, id)),
            Err(err) => planned.failed.push(keep_error(&id, err)),
        }
    }
    let drivers = drivers_of(view, &new).await.map_err(EvaluateError::Drivers)?;
    let mut left = new.len();
    for (verdict, id) in new {
        if !(run.has_time)() {
            planned.failed.push(EvaluateError::OutOfTime(left));
            break;
        }
        left -= 1;
        let of_verdict = drivers.get(&window_of(&id)).map_or(&[][..], Vec::as_slice);
        let alert = verdict.alert(id, of_verdict);
        match ledger.plan(&alert, now.at()).await {
            Ok(stored) => planned.alerts.push(stored),
            Err(err) => planned.failed.push(keep_error(&alert.id, err)),
        }
    }
    Ok(planned)
}

/// A budget's window: its alerts of all thresholds have the same drivers.
type WindowKey = (Arc<str>, Date);

fn window_of(id: &AlertId) -> WindowKey {
    (Arc::clone(&id.budget), id.start)
}

/// The drivers of all windows that have a new alert, in one pass.
async fn drivers_of<L>(
    view: &View<L>,
    new: &[(&Verdict, AlertId)],
) -> Result<BTreeMap<WindowKey, Vec<Driver>>, LookupError>
where
    L: LedgerStore + Clone + 'static,
{
    let mut questions: BTreeMap<WindowKey, Drivers<'_>> =
        new.iter().map(|(verdict, id)| (window_of(id), Drivers::new(verdict))).collect();
    let mut asked: Vec<&mut dyn Question> =
        questions.values_mut().map(|it| it as &mut dyn Question).collect();
    view.answer(&mut asked).await?;
    let finished = questions.into_iter().map(|(window, drivers)| Ok((window, drivers.finish()?)));
    finished.collect()
}

enum Outcome {
    Sent,
    NotSent,
    Unconfirmed,
    AlreadyDone,
    /// Another run is sending it; how that ends is not known yet.
    WithAnotherRun,
}

async fn send_once(
    stored: &StoredAlert,
    now: Timestamp,
    run: &str,
    alerts: &impl AlertStore,
    notifier: &impl Notifier,
) -> Result<Outcome, StoreError> {
    use AlertState::{Planned, Sending, Sent, Unconfirmed};
    let alert = &stored.alert;
    match stored.state {
        Sent => return Ok(Outcome::AlreadyDone),
        Unconfirmed => return Ok(Outcome::Unconfirmed),
        Sending => {
            if !is_stale(stored, now) {
                return Ok(Outcome::WithAnotherRun);
            }
            // The run that was sending it died, and it is not known how far it came.
            alerts.advance(&alert.id, Sending, Unconfirmed, run, now).await?;
            return Ok(Outcome::Unconfirmed);
        }
        Planned => {}
    }
    if !alerts.advance(&alert.id, Planned, Sending, run, now).await? {
        return Ok(Outcome::WithAnotherRun);
    }
    match notifier.publish(alert).await {
        Ok(()) => {
            alerts.advance(&alert.id, Sending, Sent, run, now).await?;
            Ok(Outcome::Sent)
        }
        Err(PublishError::NotSent(err)) => {
            tracing::warn!(alert.id = %alert.id, error = causes(&*err), "alert {} was not accepted", alert.id);
            alerts.advance(&alert.id, Sending, Planned, run, now).await?;
            Ok(Outcome::NotSent)
        }
        Err(PublishError::Unconfirmed(err)) => {
            tracing::error!(alert.id = %alert.id, error = causes(&*err), "alert {} may not have arrived", alert.id);
            alerts.advance(&alert.id, Sending, Unconfirmed, run, now).await?;
            Ok(Outcome::Unconfirmed)
        }
    }
}

/// Whether an alert is on its way for so long that the run that was sending it must have ended.
fn is_stale(stored: &StoredAlert, now: Timestamp) -> bool {
    stored.at.checked_add(SENDING_MINUTES_MAX.minutes()).is_ok_and(|limit| limit < now)
}

/// Alerts that no owner is sure to have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Undelivered<'a> {
    /// Those that were not accepted, or not tried yet.
    pub not_sent: Vec<&'a StoredAlert>,
    /// Those that may or may not have arrived.
    pub unconfirmed: Vec<&'a StoredAlert>,
}

/// Those of these alerts that no owner is sure to have.
pub fn undelivered(alerts: &[StoredAlert], now: Timestamp) -> Undelivered<'_> {
    let mut undelivered = Undelivered::default();
    for stored in alerts {
        match stored.state {
            AlertState::Planned => undelivered.not_sent.push(stored),
            AlertState::Unconfirmed => undelivered.unconfirmed.push(stored),
            AlertState::Sending if is_stale(stored, now) => undelivered.unconfirmed.push(stored),
            AlertState::Sending | AlertState::Sent => {}
        }
    }
    undelivered
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget_file::parse_budgets;

    const BUDGET: &str = "[[budget]]\nname = \"a b\"\nowner = \"o\"\nlimit = \"10.50\"\n\
         currency = \"USD\"\nwindow = \"monthly\"\nscope = { owner = [\"x\", \"y\"] }\n";

    fn state(text: &str) -> String {
        state_of(&parse_budgets(text).unwrap(), Date::constant(2026, 11, 5), &[])
    }

    #[test]
    fn an_evaluation_follows_from_plain_values() {
        let expected = "day 2026-11-05\nbudget 3:a b 1:o - 10.5 USD monthly 50,80,100 unblended \
                        where 5:owner 1:x,1:y\n";
        assert_eq!(state(BUDGET), expected);
    }

    #[test]
    fn every_change_of_a_budget_is_another_state() {
        for (from, to) in [
            ("a b", "a c"),
            ("\"o\"", "\"p\""),
            ("owner = \"o\"", "owner = \"o\"\ndeputy = \"d\""),
            ("10.50", "10.51"),
            ("USD", "EUR"),
            ("monthly", "weekly"),
            ("monthly\"", "monthly\"\nthresholds = [50]"),
            ("monthly\"", "monthly\"\ncost_kind = \"amortized\""),
            ("\"x\", \"y\"", "\"x\""),
            ("{ owner", "{ model"),
        ] {
            assert_ne!(state(&BUDGET.replace(from, to)), state(BUDGET), "{from} -> {to}");
        }
    }
}
