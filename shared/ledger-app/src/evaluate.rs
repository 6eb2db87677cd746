//! Budgets against the ledger, and alerts to their owners.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use ledger_core::bill::{BillHead, Status, data_up_to, served_days};
use ledger_core::budget::{Alert, Budget, Spend, Verdict, judge};
use ledger_core::dimension::{Dimension, Level};
use ledger_core::money::{Money, MoneyError};
use ledger_core::period::ChargePeriod;

use crate::lookup::{LookupError, for_each_rollup, heads_of, owners_of};
use crate::ports::{
    AlertState, AlertStore, LedgerStore, Notifier, PublishError, StoreError, StoredAlert,
};

/// How long an alert may be on its way before nobody can tell whether it was sent.
const SENDING_MINUTES_MAX: i64 = 15;

/// What drove a budget, at most this many.
const DRIVERS_MAX: usize = 3;

/// Why budgets were not evaluated.
#[derive(Debug, thiserror::Error)]
pub enum EvaluateError {
    /// The spend could not be read.
    #[error("could not read the spend of budget `{0}`")]
    Spend(String, #[source] LookupError),
    /// An alert could not be written down; it was not sent.
    #[error("could not keep alert `{0}`")]
    Keep(String, #[source] StoreError),
}

impl EvaluateError {
    /// Whether trying again may help.
    pub fn is_retryable(&self) -> bool {
        match self {
            EvaluateError::Spend(_, source) => source.is_retryable(),
            EvaluateError::Keep(_, source) => source.is_retryable(),
        }
    }
}

/// What an evaluation did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evaluation {
    /// The judgement of every budget.
    pub verdicts: Vec<Verdict>,
    /// Alerts sent by this run.
    pub sent: Vec<Alert>,
    /// Alerts that nobody got yet; the next run tries again.
    pub not_sent: Vec<Alert>,
    /// Alerts whose delivery nobody can confirm.
    pub unconfirmed: Vec<Alert>,
}

/// Judges every budget in the window that is running and in the window of the last day with data.
///
/// # Errors
///
/// [`EvaluateError::Spend`].
pub async fn judge_all(
    budgets: &[Budget],
    today: Date,
    ledger: &impl LedgerStore,
) -> Result<Vec<Verdict>, EvaluateError> {
    let mut verdicts = Vec::new();
    for budget in budgets {
        let failed = |err| EvaluateError::Spend(budget.name.to_string(), err);
        for period in windows_of(budget, today, ledger).await.map_err(failed)? {
            let spend = spend_of(budget, period, ledger).await.map_err(failed)?;
            verdicts.push(judge(budget, spend));
        }
    }
    Ok(verdicts)
}

/// Judges every budget and tells the owners of those that reached a threshold, each once.
///
/// Safe to repeat and to run twice at once: an alert is written down first, then one run moves it
/// to `sending`, and only that run hands it over.
///
/// # Errors
///
/// [`EvaluateError`]; alerts that were sent before stay sent.
pub async fn evaluate_budgets(
    budgets: &[Budget],
    today: Date,
    now: Timestamp,
    run: &str,
    ledger: &(impl LedgerStore + AlertStore),
    notifier: &impl Notifier,
) -> Result<Evaluation, EvaluateError> {
    let mut evaluation =
        Evaluation { verdicts: judge_all(budgets, today, ledger).await?, ..Evaluation::default() };
    let alerts: Vec<Alert> = evaluation.verdicts.iter().flat_map(Verdict::alerts).collect();
    for alert in alerts {
        let id = alert.id.to_string();
        let keep = |err| EvaluateError::Keep(id.clone(), err);
        let outcome = send_once(&alert, now, run, ledger, notifier).await.map_err(keep)?;
        match outcome {
            Outcome::Sent => evaluation.sent.push(alert),
            Outcome::NotSent => evaluation.not_sent.push(alert),
            Outcome::Unconfirmed => evaluation.unconfirmed.push(alert),
            Outcome::AlreadyDone => {}
        }
    }
    Ok(evaluation)
}

enum Outcome {
    Sent,
    NotSent,
    Unconfirmed,
    AlreadyDone,
}

async fn send_once(
    alert: &Alert,
    now: Timestamp,
    run: &str,
    alerts: &impl AlertStore,
    notifier: &impl Notifier,
) -> Result<Outcome, StoreError> {
    use AlertState::{Planned, Sending, Sent, Unconfirmed};
    let stored = alerts.plan(alert, now).await?;
    match stored.state {
        Sent => return Ok(Outcome::AlreadyDone),
        Unconfirmed => return Ok(Outcome::Unconfirmed),
        Sending => {
            if !is_stale(&stored, now) {
                return Ok(Outcome::AlreadyDone);
            }
            // The run that was sending it died: nobody can tell how far it came.
            alerts.advance(&alert.id, Sending, Unconfirmed, run, now).await?;
            return Ok(Outcome::Unconfirmed);
        }
        Planned => {}
    }
    if !alerts.advance(&alert.id, Planned, Sending, run, now).await? {
        return Ok(Outcome::AlreadyDone);
    }
    // The words that were written down are the ones that are sent.
    match notifier.publish(&stored.alert).await {
        Ok(()) => {
            alerts.advance(&alert.id, Sending, Sent, run, now).await?;
            Ok(Outcome::Sent)
        }
        Err(PublishError::NotSent(err)) => {
            tracing::warn!(alert.id = %alert.id, error = %err, "alert {} was not accepted", alert.id);
            alerts.advance(&alert.id, Sending, Planned, run, now).await?;
            Ok(Outcome::NotSent)
        }
        Err(PublishError::Unconfirmed(err)) => {
            tracing::error!(alert.id = %alert.id, error = %err, "alert {} may not have arrived", alert.id);
            alerts.advance(&alert.id, Sending, Unconfirmed, run, now).await?;
            Ok(Outcome::Unconfirmed)
        }
    }
}

fn is_stale(stored: &StoredAlert, now: Timestamp) -> bool {
    stored.at.checked_add(SENDING_MINUTES_MAX.minutes()).is_ok_and(|limit| limit < now)
}

/// The running window, and the one of the last day with data where that is another: bills are late,
/// and what breaks a budget on the last day of a month is known in the next.
async fn windows_of(
    budget: &Budget,
    today: Date,
    ledger: &impl LedgerStore,
) -> Result<Vec<ChargePeriod>, LookupError> {
    let Some(running) = budget.window.containing(today) else { return Ok(Vec::new()) };
    let previous = running.previous(budget.window).unwrap_or(running);
    let heads = heads_of(previous, ledger).await?;
    let last_day = data_up_to(&heads).and_then(|end| end.yesterday().ok());
    let of_data = last_day.and_then(|day| budget.window.containing(day));
    Ok(match of_data {
        Some(of_data) if of_data < running => vec![of_data, running],
        _ => vec![running],
    })
}

async fn spend_of(
    budget: &Budget,
    period: ChargePeriod,
    ledger: &impl LedgerStore,
) -> Result<Spend, LookupError> {
    let previous = period.previous(budget.window);
    let whole = previous.and_then(|it| ChargePeriod::new(it.start(), period.end()).ok());
    let heads = heads_of(whole.unwrap_or(period), ledger).await?;
    let (cost, drivers, status) = sum(budget, period, Level::Detail, &heads, ledger).await?;
    let data_up_to = data_up_to(&heads);
    let elapsed = previous.and_then(|it| same_part(it, period, data_up_to));
    let before = match elapsed {
        Some(elapsed) => sum(budget, elapsed, budget.scope.level(), &heads, ledger).await?.0,
        None => Money::zero(budget.limit.currency()),
    };
    Ok(Spend { period, cost, previous: before, drivers, status, data_up_to })
}

/// As many days of the window before as the running one has data for.
fn same_part(
    previous: ChargePeriod,
    period: ChargePeriod,
    data_up_to: Option<Date>,
) -> Option<ChargePeriod> {
    let elapsed = data_up_to?.min(period.end()).since(period.start()).ok()?;
    let end = previous.start().checked_add(elapsed).ok()?.min(previous.end());
    ChargePeriod::new(previous.start(), end).ok()
}

type Sum = (Money, Vec<(String, Money)>, Status);

async fn sum(
    budget: &Budget,
    period: ChargePeriod,
    level: Level,
    heads: &[BillHead],
    ledger: &impl LedgerStore,
) -> Result<Sum, LookupError> {
    let currency = budget.limit.currency();
    let mut cost = Money::zero(currency);
    let mut weakest = Status::Final;
    let mut by_driver: BTreeMap<String, Money> = BTreeMap::new();
    let owners = owners_of(budget.scope.owners());
    let served = served_days(heads, period);
    for_each_rollup(&served, level, owners.as_deref(), ledger, |rollup, day, status| {
        let key = &rollup.key;
        if key.currency != currency || !budget.scope.contains(rollup, day) {
            return Ok(());
        }
        let part = rollup.measures.costs.of(budget.cost_kind);
        cost = cost.checked_add(part)?;
        weakest = weakest.min(status);
        let driver = [Dimension::Principal, Dimension::Model, Dimension::Meter]
            .iter()
            .filter_map(|it| it.value_of(rollup, day))
            .collect::<Vec<_>>()
            .join(", ");
        let sum = by_driver.entry(driver).or_insert_with(|| Money::zero(currency));
        *sum = sum.checked_add(part)?;
        Ok::<(), MoneyError>(())
    })
    .await?;
    let mut drivers: Vec<_> = by_driver.into_iter().collect();
    drivers.sort_by(|(left, left_cost), (right, right_cost)| {
        right_cost.amount().cmp(&left_cost.amount()).then_with(|| left.cmp(right))
    });
    drivers.truncate(DRIVERS_MAX);
    let status = if served.is_empty() { Status::Estimated } else { weakest.min(Status::Billed) };
    Ok((cost, drivers, status))
}
