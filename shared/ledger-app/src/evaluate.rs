//! Budgets against the ledger, and alerts to their owners.
//!
//! Budgets are judged every hour, so this is what reads the ledger most. The pointers of bills are
//! read once for all budgets, each day once for all budgets that count it, and what drove a cost
//! only for an alert that is new. When nothing changed since all was told, no day is read at all.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use ledger_core::bill::{BillHead, ServedDay, Status, data_up_to, served_days};
use ledger_core::budget::{Alert, AlertId, Budget, Driver, Spend, Verdict, judge};
use ledger_core::dimension::{Dimension, Level};
use ledger_core::money::{Money, MoneyError};
use ledger_core::owner::Owner;
use ledger_core::period::{BillingPeriod, ChargePeriod};
use ledger_core::rollup::Rollup;

use crate::causes::causes;
use crate::lookup::{DayQuery, LookupError, for_each_rollup, owners_of, read_days};
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
    /// What was spent could not be read.
    #[error("could not read what the budgets count")]
    Spend(#[source] LookupError),
    /// What drove a cost could not be read; its alert was not sent.
    #[error("could not read what drives budget `{0}`")]
    Drivers(String, #[source] LookupError),
    /// An alert could not be read or written down; it was not sent.
    #[error("could not keep alert `{0}`")]
    Keep(String, #[source] StoreError),
    /// What is settled could not be read.
    #[error("could not find out whether anything changed")]
    Settled(#[source] StoreError),
}

impl EvaluateError {
    /// Whether trying again may help.
    pub fn is_retryable(&self) -> bool {
        match self {
            EvaluateError::Spend(source) | EvaluateError::Drivers(_, source) => {
                source.is_retryable()
            }
            EvaluateError::Keep(_, source) | EvaluateError::Settled(source) => {
                source.is_retryable()
            }
        }
    }
}

/// What an evaluation did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evaluation {
    /// Nothing changed since an evaluation that left nothing to tell, so nothing was judged.
    pub is_unchanged: bool,
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
    let (windows, heads) =
        windows_of(budgets, today, ledger).await.map_err(EvaluateError::Spend)?;
    judge_windows(&windows, &heads, ledger).await.map_err(EvaluateError::Spend)
}

/// Judges every budget and tells the owners of those that reached a threshold, each once.
///
/// Safe to repeat and to run twice at once: an alert is written down first, then one run moves it
/// to `sending`, and only that run hands it over. An alert that was not accepted is tried again by
/// the next run, also when nothing changed since.
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
    let (windows, heads) =
        windows_of(budgets, today, ledger).await.map_err(EvaluateError::Spend)?;
    let state = state_of(budgets, today, &heads);
    if ledger.is_settled(&state).await.map_err(EvaluateError::Settled)? {
        return Ok(Evaluation { is_unchanged: true, ..Evaluation::default() });
    }
    let verdicts = judge_windows(&windows, &heads, ledger).await.map_err(EvaluateError::Spend)?;
    let mut evaluation = Evaluation::default();
    let mut is_settled = true;
    for verdict in &verdicts {
        for stored in planned(verdict, now, &heads, ledger).await? {
            let keep = |err| EvaluateError::Keep(stored.alert.id.to_string(), err);
            let outcome = send_once(&stored, now, run, ledger, notifier).await.map_err(keep)?;
            is_settled &= !matches!(outcome, Outcome::NotSent | Outcome::WithAnotherRun);
            match outcome {
                Outcome::Sent => evaluation.sent.push(stored.alert),
                Outcome::NotSent => evaluation.not_sent.push(stored.alert),
                Outcome::Unconfirmed => evaluation.unconfirmed.push(stored.alert),
                Outcome::AlreadyDone | Outcome::WithAnotherRun => {}
            }
        }
    }
    evaluation.verdicts = verdicts;
    // Without it the next run does the same once more.
    if is_settled && let Err(err) = ledger.settle(&state, now).await {
        tracing::warn!(error = %err, "could not keep what is settled");
    }
    Ok(evaluation)
}

/// Names all that an evaluation follows from: the day, the budgets, and the bills' versions.
fn state_of(budgets: &[Budget], today: Date, heads: &[BillHead]) -> String {
    let bills: Vec<_> = heads.iter().map(|it| (&it.bill, it.version)).collect();
    format!("{today} {bills:?} {budgets:?}")
}

/// The alerts of a verdict as they are written down; those that are new are written down now.
async fn planned(
    verdict: &Verdict,
    now: Timestamp,
    heads: &[BillHead],
    ledger: &(impl LedgerStore + AlertStore),
) -> Result<Vec<StoredAlert>, EvaluateError> {
    let keep = |id: &AlertId, err| EvaluateError::Keep(id.to_string(), err);
    let mut alerts = Vec::new();
    let mut drivers = None;
    for id in verdict.alert_ids() {
        let stored = ledger.alert(&id).await.map_err(|err| keep(&id, err))?;
        if let Some(stored) = stored {
            alerts.push(stored);
            continue;
        }
        let drivers = match &mut drivers {
            Some(known) => known,
            unknown => {
                let name = &verdict.budget.name;
                let read = drivers_of(verdict, heads, ledger).await;
                unknown.insert(read.map_err(|err| EvaluateError::Drivers(name.to_string(), err))?)
            }
        };
        let alert = verdict.alert(id, drivers);
        let stored = ledger.plan(&alert, now).await;
        alerts.push(stored.map_err(|err| keep(&alert.id, err))?);
    }
    Ok(alerts)
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
            // The run that was sending it died: nobody can tell how far it came.
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

fn is_stale(stored: &StoredAlert, now: Timestamp) -> bool {
    stored.at.checked_add(SENDING_MINUTES_MAX.minutes()).is_ok_and(|limit| limit < now)
}

/// A budget and one of its windows.
type BudgetWindow<'a> = (&'a Budget, ChargePeriod);

/// The windows to judge, and the bills to judge them by.
///
/// For each budget the running window, and the one of the last day with data where that is another:
/// bills are late, and what breaks a budget on the last day of a month is known in the next.
async fn windows_of<'a>(
    budgets: &'a [Budget],
    today: Date,
    ledger: &impl LedgerStore,
) -> Result<(Vec<BudgetWindow<'a>>, Vec<BillHead>), LookupError> {
    let running: Vec<BudgetWindow<'a>> =
        budgets.iter().filter_map(|it| Some((it, it.window.containing(today)?))).collect();
    let Some(first) = first_month(&running) else { return Ok((Vec::new(), Vec::new())) };
    // On the first days of a month the last day with data is in the month before.
    let last_month = today.first_of_month().yesterday().unwrap_or(today);
    let first = first.min(BillingPeriod::containing(last_month));
    let mut heads = ledger.heads(first).await.map_err(LookupError::Read)?;
    let last_day = data_up_to(&heads).and_then(|end| end.yesterday().ok());
    let mut windows = Vec::new();
    for (budget, running) in running {
        let of_data = last_day.and_then(|day| budget.window.containing(day));
        windows.extend(of_data.filter(|it| *it < running).map(|it| (budget, it)));
        windows.push((budget, running));
    }
    if let Some(earlier) = first_month(&windows).filter(|it| *it < first) {
        heads = ledger.heads(earlier).await.map_err(LookupError::Read)?;
    }
    Ok((windows, heads))
}

/// The first month whose bills say something of these windows, or of the ones before them.
fn first_month(windows: &[BudgetWindow<'_>]) -> Option<BillingPeriod> {
    let start = |(budget, period): &BudgetWindow<'_>| {
        period.previous(budget.window).unwrap_or(*period).start()
    };
    windows.iter().map(start).min().map(BillingPeriod::containing)
}

async fn judge_windows(
    windows: &[BudgetWindow<'_>],
    heads: &[BillHead],
    ledger: &impl LedgerStore,
) -> Result<Vec<Verdict>, LookupError> {
    let data_up_to = data_up_to(heads);
    let mut sums = Vec::new();
    for (budget, period) in windows {
        let previous = period.previous(budget.window);
        let elapsed = previous.and_then(|it| same_part(it, *period, data_up_to));
        sums.push((Sum::new(budget, *period), elapsed.map(|it| Sum::new(budget, it))));
    }
    for level in [Level::Summary, Level::Detail] {
        let of_level = sums.iter_mut().flat_map(|(cost, before)| [Some(cost), before.as_mut()]);
        let mut of_level: Vec<&mut Sum<'_>> =
            of_level.flatten().filter(|it| it.budget.scope.level() == level).collect();
        add_up(&mut of_level, level, heads, ledger).await?;
    }
    let verdicts = sums.into_iter().map(|(cost, before)| {
        let spend = Spend {
            period: cost.period,
            cost: cost.cost,
            previous: before.map_or(Money::zero(cost.budget.limit.currency()), |it| it.cost),
            status: cost.status(),
            data_up_to,
        };
        judge(cost.budget, spend)
    });
    Ok(verdicts.collect())
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

/// What a budget counts of some days.
struct Sum<'a> {
    budget: &'a Budget,
    period: ChargePeriod,
    owners: Option<Vec<Owner>>,
    cost: Money,
    weakest: Status,
    has_data: bool,
}

impl<'a> Sum<'a> {
    fn new(budget: &'a Budget, period: ChargePeriod) -> Sum<'a> {
        Sum {
            budget,
            period,
            owners: owners_of(budget.scope.owners()),
            cost: Money::zero(budget.limit.currency()),
            weakest: Status::Final,
            has_data: false,
        }
    }

    fn add(&mut self, rollup: &Rollup, day: Date, status: Status) -> Result<(), MoneyError> {
        if let Some(part) = part_of(self.budget, self.period, rollup, day) {
            self.cost = self.cost.checked_add(part)?;
            self.weakest = self.weakest.min(status);
        }
        Ok(())
    }

    fn status(&self) -> Status {
        if self.has_data { self.weakest.min(Status::Billed) } else { Status::Estimated }
    }
}

/// What a budget counts of a rollup.
fn part_of(budget: &Budget, period: ChargePeriod, rollup: &Rollup, day: Date) -> Option<Money> {
    let counts = period.contains(day)
        && rollup.key.currency == budget.limit.currency()
        && budget.scope.contains(rollup, day);
    counts.then(|| rollup.measures.costs.of(budget.cost_kind))
}

/// Reads each day once for all sums that count it: the parts of their owners, or all of it when one
/// of them counts whatever the owner.
async fn add_up(
    sums: &mut [&mut Sum<'_>],
    level: Level,
    heads: &[BillHead],
    ledger: &impl LedgerStore,
) -> Result<(), LookupError> {
    let start = sums.iter().map(|it| it.period.start()).min();
    let end = sums.iter().map(|it| it.period.end()).max();
    let span = start.zip(end).and_then(|(start, end)| ChargePeriod::new(start, end).ok());
    let Some(span) = span else { return Ok(()) };
    let mut days: Vec<(ServedDay<'_>, Option<Vec<Owner>>)> = Vec::new();
    for served in served_days(heads, span) {
        let mut owners = Some(BTreeSet::new());
        let mut is_counted = false;
        for sum in sums.iter_mut().filter(|it| it.period.contains(served.day)) {
            is_counted = true;
            sum.has_data = true;
            match (&mut owners, &sum.owners) {
                (Some(known), Some(more)) => known.extend(more.iter().cloned()),
                _ => owners = None,
            }
        }
        if is_counted {
            days.push((served, owners.map(|it| it.into_iter().collect())));
        }
    }
    let queries: Vec<DayQuery<'_>> = days
        .iter()
        .map(|(served, owners)| DayQuery { served: *served, level, owners: owners.as_deref() })
        .collect();
    read_days(&queries, ledger, |rollup, day, status| {
        sums.iter_mut().try_for_each(|sum| sum.add(rollup, day, status))
    })
    .await
}

/// What drove the cost of a verdict, dearest first: principal, model and meter.
async fn drivers_of(
    verdict: &Verdict,
    heads: &[BillHead],
    ledger: &impl LedgerStore,
) -> Result<Vec<Driver>, LookupError> {
    let (budget, period) = (&verdict.budget, verdict.spend.period);
    let owners = owners_of(budget.scope.owners());
    let served = served_days(heads, period);
    let mut by_driver: BTreeMap<String, Money> = BTreeMap::new();
    for_each_rollup(&served, Level::Detail, owners.as_deref(), ledger, |rollup, day, _| {
        let Some(part) = part_of(budget, period, rollup, day) else { return Ok(()) };
        let driver = [Dimension::Principal, Dimension::Model, Dimension::Meter]
            .iter()
            .filter_map(|it| it.value_of(rollup, day))
            .collect::<Vec<_>>()
            .join(", ");
        let sum = by_driver.entry(driver).or_insert_with(|| Money::zero(part.currency()));
        *sum = sum.checked_add(part)?;
        Ok(())
    })
    .await?;
    let mut drivers: Vec<Driver> = by_driver.into_iter().collect();
    drivers.sort_by(|(left, left_cost), (right, right_cost)| {
        right_cost.amount().cmp(&left_cost.amount()).then_with(|| left.cmp(right))
    });
    drivers.truncate(DRIVERS_MAX);
    Ok(drivers)
}
