//! The alerts that an evaluation has to send: what verdicts have to say and no alert has said, and what was
//! written down and not seen to arrive.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use ledger_core::budget::{
    Addressed, Alert, AlertId, Budget, Crossing, CrossingId, CrossingKind, Driver, Drivers, Said,
    Verdict,
};
use ledger_core::now::Now;
use ledger_core::period::{BillingPeriod, Window};
use ledger_core::question::Question;

use super::anomalous::{anomaly_alerts, found_anomalies};
use super::digest::{Batch, batches, weekly_digests};
use super::statements::ready_statements;
use super::{EvaluateError, Run, Watch, keep_error};
use crate::alert_document;
use crate::ports::{
    AlertState, AlertStore, ContentStore, DocumentStore, LedgerStore, StoreError, StoredAlert,
};
use crate::view::{LookupError, View};

/// Alerts to send.
#[derive(Default)]
pub(super) struct Planned {
    /// Those that are written down and not seen to arrive.
    pub alerts: Vec<StoredAlert>,
    /// Why others are not known to be written down.
    pub failed: Vec<EvaluateError>,
    /// A later run may have more to say although nothing changes.
    pub is_early: bool,
    /// When there is more to say although nothing changes.
    pub look_again: Option<Timestamp>,
}

/// A budget's window.
type WindowKey = (Arc<str>, Window, Date);

/// The names that budgets have now, by those that they had before.
struct Renamed<'b>(BTreeMap<&'b str, &'b Arc<str>>);

impl<'b> Renamed<'b> {
    fn of(budgets: &'b [Budget]) -> Renamed<'b> {
        let former = |it: &'b Budget| Some((it.formerly.as_deref()?, &it.name));
        Renamed(budgets.iter().filter_map(former).collect())
    }

    /// The window of an alert, under the name that its budget has now; none of one that is of no budget.
    fn window_of(&self, id: &AlertId) -> Option<WindowKey> {
        let CrossingId { budget, window, start, .. } = id.crossing()?;
        let name = self.0.get(&**budget).copied().unwrap_or(budget);
        Some((Arc::clone(name), *window, *start))
    }
}

fn window_of_verdict(verdict: &Verdict) -> WindowKey {
    let Verdict { budget, spend, .. } = verdict;
    (Arc::clone(&budget.name), budget.window(), spend.period.start())
}

/// A message that a verdict has to say.
pub(super) struct New<'v> {
    pub verdict: &'v Verdict,
    /// The first of them names it.
    pub crossings: Vec<Crossing>,
    pub receivers: Vec<Arc<str>>,
}

/// The alerts of budgets to send for these verdicts, with those of every kind that were not seen to arrive; those
/// that are new are written down now.
///
/// # Errors
///
/// [`EvaluateError`]; nothing was written.
pub(super) async fn planned<L>(
    view: &View<L>,
    watch: Watch<'_>,
    verdicts: &[Verdict],
    run: Run<'_>,
) -> Result<Planned, EvaluateError>
where
    L: LedgerStore + AlertStore + Clone + 'static,
{
    let (ledger, now) = (view.ledger(), view.now());
    let kept = kept_alerts(ledger, verdicts, [].into_iter(), now.today()).await;
    let kept = kept.map_err(EvaluateError::Alerts)?;
    let renamed = Renamed::of(watch.budgets);
    let mut planned = Planned::default();
    let mut new = new_messages(watch, verdicts, &kept, &renamed, now, &mut planned);
    new.extend(escalations(watch, verdicts, &kept, &renamed, now, &mut planned));
    let drivers = drivers_of(view, &new).await.map_err(EvaluateError::Drivers)?;
    let of_budgets = new.iter().filter_map(|it| {
        let of_verdict = drivers.get(&window_of_verdict(it.verdict));
        let (first, also) = it.crossings.split_first()?;
        Some(of_budget(watch, it, (*first, also), of_verdict.map_or(&[][..], Vec::as_slice)))
    });
    let batches = batches(watch, of_budgets.collect(), &kept, now);
    planned.alerts = pending(kept, watch, &renamed, verdicts, now.today());
    keep(ledger, batches.into_iter(), now.at(), run, &mut planned).await;
    Ok(planned)
}

/// The alerts that are of no budget: anomalies, digests of a week, and statements of a month. They come after those of budgets, so that
/// a failure here holds none of them back.
///
/// # Errors
///
/// [`EvaluateError`]; nothing was written.
pub(super) async fn planned_beside<L>(
    view: &View<L>,
    watch: Watch<'_>,
    verdicts: &[Verdict],
    run: Run<'_>,
) -> Result<Planned, EvaluateError>
where
    L: LedgerStore + AlertStore + DocumentStore + ContentStore + Clone + 'static,
{
    let mut planned = Planned::default();
    let contacts = watch.contacts;
    let has_more = contacts.by_name.values().any(|it| it.is_weekly || it.has_statements);
    if contacts.anomalies_from.is_none() && !has_more {
        return Ok(planned);
    }
    if !(run.has_time)() {
        return Err(EvaluateError::OutOfTimeBeside);
    }
    let (ledger, now) = (view.ledger(), view.now());
    let anomalies = found_anomalies(view, watch).await?;
    let firsts = anomalies.iter().map(|it| it.first);
    let kept = kept_alerts(ledger, verdicts, firsts, now.today()).await;
    let kept = kept.map_err(EvaluateError::Alerts)?;
    let batches = batches(watch, anomaly_alerts(watch, &anomalies, &kept), &kept, now);
    let weekly =
        weekly_digests(view, watch, verdicts, &kept).await.map_err(EvaluateError::Digest)?;
    let statements =
        ready_statements(view, watch, &kept).await.map_err(EvaluateError::Statements)?;
    let batches = batches.into_iter().chain(weekly).chain(statements);
    keep(ledger, batches, now.at(), run, &mut planned).await;
    Ok(planned)
}

/// The complete alert of a message.
fn of_budget(
    watch: Watch<'_>,
    new: &New<'_>,
    (first, also): (Crossing, &[Crossing]),
    drivers: &[Driver],
) -> Alert {
    let to = Addressed { receivers: &new.receivers, page: watch.page };
    complete(new.verdict, first, also, drivers, to)
}

/// The alert that says these crossings, the first of which names it, with all of its texts. `drivers` are the
/// most expensive first.
pub fn complete(
    verdict: &Verdict,
    first: Crossing,
    also: &[Crossing],
    drivers: &[Driver],
    to: Addressed<'_>,
) -> Alert {
    let alert = verdict.alert(first, also, drivers, to);
    alert_document::of_budget(alert, verdict, drivers, to.page)
}

/// Writes alerts down: a digest before those that it says, so that an end in between makes them come once more
/// and not never.
async fn keep(
    ledger: &impl AlertStore,
    batches: impl Iterator<Item = Batch>,
    at: Timestamp,
    run: Run<'_>,
    planned: &mut Planned,
) {
    let mut batches = batches.peekable();
    while let Some(Batch { alert, says }) = batches.next() {
        if !(run.has_time)() {
            planned.failed.push(EvaluateError::OutOfTime(1 + batches.count()));
            return;
        }
        match ledger.plan(&alert, at).await {
            Ok(stored) if matches!(stored.state, AlertState::Sent | AlertState::Digested) => {}
            Ok(stored) => planned.alerts.push(stored),
            Err(err) => {
                planned.failed.push(keep_error(&alert.id, err));
                continue;
            }
        }
        for said in says {
            // What is left alone here is sent by itself.
            if !(run.has_time)() {
                planned.failed.push(EvaluateError::OutOfTime(1 + batches.count()));
                return;
            }
            if let Err(err) = keep_digested(ledger, &said, at, run).await {
                planned.failed.push(keep_error(&said.id, err));
            }
        }
    }
}

/// Writes down an alert that a digest says.
async fn keep_digested(
    ledger: &impl AlertStore,
    alert: &Alert,
    at: Timestamp,
    run: Run<'_>,
) -> Result<(), StoreError> {
    let (planned, digested) = (AlertState::Planned, AlertState::Digested);
    if ledger.plan(alert, at).await?.state == planned {
        ledger.advance(&alert.id, planned, digested, run.name, at).await?;
    }
    Ok(())
}

/// The alerts of all windows that are judged, of those before them, and of this month and the one before: an
/// alert that was refused at the end of a window is still to be sent when it is not judged any more.
async fn kept_alerts(
    ledger: &impl AlertStore,
    verdicts: &[Verdict],
    firsts: impl Iterator<Item = Date>,
    today: Date,
) -> Result<Vec<StoredAlert>, StoreError> {
    let recent = [today, today.first_of_month().saturating_sub(1.day())];
    let windows = verdicts.iter().flat_map(|Verdict { budget, spend, .. }| {
        let window = budget.calendar.containing(spend.period.start());
        let before = window.and_then(|it| budget.calendar.previous(it));
        [Some(spend.period), before].into_iter().flatten()
    });
    let starts = windows.map(|it| it.start()).chain(recent).chain(firsts);
    let months: BTreeSet<BillingPeriod> = starts.map(BillingPeriod::containing).collect();
    let mut alerts = Vec::new();
    for month in months.into_iter().filter_map(BillingPeriod::charge_period) {
        alerts.extend(ledger.alerts(month).await?);
    }
    Ok(alerts)
}

/// The messages that no alert has said. A budget that is muted has none: they are due once it is not.
fn new_messages<'v>(
    watch: Watch<'_>,
    verdicts: &'v [Verdict],
    kept: &[StoredAlert],
    renamed: &Renamed<'_>,
    now: Now,
    planned: &mut Planned,
) -> Vec<New<'v>> {
    let mut said: BTreeMap<WindowKey, Vec<Said>> = BTreeMap::new();
    for stored in kept {
        let Some(window) = renamed.window_of(&stored.alert.id) else { continue };
        let is_published = stored.state != AlertState::Planned;
        let of_alert = stored.alert.crossings();
        let of_alert = of_alert.map(|crossing| Said { crossing, is_published, at: stored.at });
        said.entry(window).or_default().extend(of_alert);
    }
    let mut new = Vec::new();
    for verdict in verdicts {
        let Budget { owner, deputy, .. } = &verdict.budget;
        if is_muted(watch, &verdict.budget, now.today()) {
            continue;
        }
        let of_window = said.get(&window_of_verdict(verdict)).map_or(&[][..], Vec::as_slice);
        let due = verdict.due(of_window, now.at());
        planned.is_early |= due.is_early;
        let receivers = watch.contacts.receivers(owner, deputy.as_ref());
        let message = |crossings| New { verdict, crossings, receivers: receivers.clone() };
        new.extend(due.messages.into_iter().map(message));
    }
    new
}

/// The alerts that go on to somebody else: sent, still so, and not acknowledged in time.
fn escalations<'v>(
    watch: Watch<'_>,
    verdicts: &'v [Verdict],
    kept: &[StoredAlert],
    renamed: &Renamed<'_>,
    now: Now,
    planned: &mut Planned,
) -> Vec<New<'v>> {
    let Some(hours) = watch.contacts.escalate_after_hours else { return Vec::new() };
    let judged = by_window(verdicts);
    let named = |it: &StoredAlert| {
        Some((renamed.window_of(&it.alert.id)?, it.alert.id.crossing()?.crossing))
    };
    let done: BTreeSet<(WindowKey, Crossing)> = kept.iter().filter_map(named).collect();
    let mut new = Vec::new();
    for stored in kept {
        let Some((window, crossing)) = named(stored) else { continue };
        let (Some(verdict), true) = (judged.get(&window).copied(), is_to_answer(stored, crossing))
        else {
            continue;
        };
        let receivers = receivers_of(watch, &stored.alert, &verdict.budget);
        let next = watch.contacts.escalation_of(&receivers);
        let escalated = Crossing { kind: CrossingKind::Escalated, ..crossing };
        let (Some(next), false) = (next, done.contains(&(window, escalated))) else { continue };
        let is_answered = watch.notes.is_acknowledged(&stored.alert.id)
            || is_muted(watch, &verdict.budget, now.today());
        if is_answered || !verdict.still_holds(crossing) {
            continue;
        }
        let Ok(due) = stored.at.checked_add(i64::from(hours).hours()) else { continue };
        if due <= now.at() {
            new.push(New {
                verdict,
                crossings: vec![escalated],
                receivers: vec![Arc::clone(next)],
            });
        } else {
            planned.look_again = [planned.look_again, Some(due)].into_iter().flatten().min();
        }
    }
    new
}

/// Whether a budget sends no alerts for a while, also under the name that it had before.
fn is_muted(watch: Watch<'_>, budget: &Budget, today: Date) -> bool {
    let names = [Some(&budget.name), budget.formerly.as_ref()];
    names.into_iter().flatten().any(|it| watch.notes.muted(it, today).is_some())
}

/// The receivers of an alert: those that it was for, or those that its budget has now where none of them has a
/// contact.
fn receivers_of(watch: Watch<'_>, alert: &Alert, budget: &Budget) -> Vec<Arc<str>> {
    let has_contact = |it: &Arc<str>| watch.contacts.by_name.contains_key(it);
    match alert.receivers.iter().any(has_contact) {
        true => alert.receivers.clone(),
        false => watch.contacts.receivers(&budget.owner, budget.deputy.as_ref()),
    }
}

/// Whether an alert went on to somebody else, and was acknowledged since.
fn is_settled_escalation(watch: Watch<'_>, alert: &Alert) -> bool {
    let escalated = alert.id.crossing().filter(|it| it.crossing.kind == CrossingKind::Escalated);
    escalated.is_some_and(|id| {
        let crossing = Crossing { kind: CrossingKind::Reached, ..id.crossing };
        watch.notes.is_acknowledged(&AlertId::Crossing(CrossingId { crossing, ..id.clone() }))
    })
}

/// Whether somebody is expected to acknowledge an alert.
fn is_to_answer(stored: &StoredAlert, crossing: Crossing) -> bool {
    let is_said = matches!(stored.state, AlertState::Sent | AlertState::Digested);
    is_said && crossing.kind == CrossingKind::Reached
}

fn by_window(verdicts: &[Verdict]) -> BTreeMap<WindowKey, &Verdict> {
    verdicts.iter().map(|it| (window_of_verdict(it), it)).collect()
}

/// Alerts that were written down and not seen to arrive. One that says nothing that is still so waits, and
/// so does one of a budget that is gone or muted.
fn pending(
    kept: Vec<StoredAlert>,
    watch: Watch<'_>,
    renamed: &Renamed<'_>,
    verdicts: &[Verdict],
    today: Date,
) -> Vec<StoredAlert> {
    let by_name: BTreeMap<&str, &Budget> = watch.budgets.iter().map(|it| (&*it.name, it)).collect();
    let judged = by_window(verdicts);
    let is_pending = |stored: &mut StoredAlert| {
        if matches!(stored.state, AlertState::Sent | AlertState::Digested) {
            return false;
        }
        let Some(window) = renamed.window_of(&stored.alert.id) else { return true };
        let Some(budget) = by_name.get(&*window.0) else { return false };
        let holds = || match judged.get(&window) {
            Some(verdict) => stored.alert.crossings().any(|it| verdict.still_holds(it)),
            None => true,
        };
        let is_due = !is_muted(watch, budget, today)
            && !is_settled_escalation(watch, &stored.alert)
            && holds();
        // One of an earlier release does not say whom it is for.
        if stored.alert.receivers.is_empty() {
            stored.alert.receivers =
                watch.contacts.receivers(&budget.owner, budget.deputy.as_ref());
        }
        is_due
    };
    let mut pending = kept;
    pending.retain_mut(is_pending);
    // The order of one run is that of the next, also where the time of one ended.
    pending.sort_by(|left, right| left.alert.id.cmp(&right.alert.id));
    pending
}

/// The drivers of all windows that have a new message, in one pass.
async fn drivers_of<L>(
    view: &View<L>,
    new: &[New<'_>],
) -> Result<BTreeMap<WindowKey, Vec<Driver>>, LookupError>
where
    L: LedgerStore + Clone + 'static,
{
    let mut questions: BTreeMap<WindowKey, Drivers<'_>> =
        new.iter().map(|it| (window_of_verdict(it.verdict), Drivers::new(it.verdict))).collect();
    let mut asked: Vec<&mut dyn Question> =
        questions.values_mut().map(|it| it as &mut dyn Question).collect();
    view.answer(&mut asked).await?;
    let finished = questions.into_iter().map(|(window, drivers)| Ok((window, drivers.finish()?)));
    finished.collect()
}
