//! The alerts that an evaluation has to send: what verdicts have to say and no alert has said, and what was
//! written down and not seen to arrive.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use ledger_core::budget::{AlertId, Budget, Crossing, Driver, Drivers, Said, Verdict};
use ledger_core::period::{BillingPeriod, Window};
use ledger_core::question::Question;

use super::{EvaluateError, Run, keep_error};
use crate::ports::{AlertState, AlertStore, LedgerStore, StoreError, StoredAlert};
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

    /// The window of an alert, under the name that its budget has now.
    fn window_of(&self, id: &AlertId) -> WindowKey {
        let name = self.0.get(&*id.budget).copied().unwrap_or(&id.budget);
        (Arc::clone(name), id.window, id.start)
    }
}

fn window_of_verdict(verdict: &Verdict) -> WindowKey {
    let Verdict { budget, spend, .. } = verdict;
    (Arc::clone(&budget.name), budget.window(), spend.period.start())
}

/// A message that a verdict has to say: its crossings, the first of which names it.
struct New<'v> {
    verdict: &'v Verdict,
    crossings: Vec<Crossing>,
}

/// The alerts to send for these verdicts; those that are new are written down now.
///
/// # Errors
///
/// [`EvaluateError`]; nothing was written.
pub(super) async fn planned<L>(
    view: &View<L>,
    budgets: &[Budget],
    verdicts: &[Verdict],
    run: Run<'_>,
) -> Result<Planned, EvaluateError>
where
    L: LedgerStore + AlertStore + Clone + 'static,
{
    let (ledger, now) = (view.ledger(), view.now());
    let kept = kept_alerts(ledger, verdicts, now.today()).await.map_err(EvaluateError::Alerts)?;
    let renamed = Renamed::of(budgets);
    let mut planned = Planned::default();
    let new = new_messages(verdicts, &kept, &renamed, now.at(), &mut planned);
    planned.alerts = pending(kept, budgets, &renamed, verdicts);
    let drivers = drivers_of(view, &new).await.map_err(EvaluateError::Drivers)?;
    let mut left = new.len();
    for New { verdict, crossings } in new {
        if !(run.has_time)() {
            planned.failed.push(EvaluateError::OutOfTime(left));
            break;
        }
        left -= 1;
        let Some((first, also)) = crossings.split_first() else { continue };
        let of_verdict = drivers.get(&window_of_verdict(verdict)).map_or(&[][..], Vec::as_slice);
        let alert = verdict.alert(*first, also, of_verdict);
        match ledger.plan(&alert, now.at()).await {
            Ok(stored) if stored.state == AlertState::Sent => {}
            Ok(stored) => planned.alerts.push(stored),
            Err(err) => planned.failed.push(keep_error(&alert.id, err)),
        }
    }
    Ok(planned)
}

/// The alerts of all windows that are judged, of those before them, and of this month and the one before: an
/// alert that was refused at the end of a window is still to be sent when it is not judged any more.
async fn kept_alerts(
    ledger: &impl AlertStore,
    verdicts: &[Verdict],
    today: Date,
) -> Result<Vec<StoredAlert>, StoreError> {
    let recent = [today, today.first_of_month().saturating_sub(1.day())];
    let windows = verdicts.iter().flat_map(|Verdict { budget, spend, .. }| {
        let window = budget.calendar.containing(spend.period.start());
        let before = window.and_then(|it| budget.calendar.previous(it));
        [Some(spend.period), before].into_iter().flatten()
    });
    let starts = windows.map(|it| it.start()).chain(recent);
    let months: BTreeSet<BillingPeriod> = starts.map(BillingPeriod::containing).collect();
    let mut alerts = Vec::new();
    for month in months.into_iter().filter_map(BillingPeriod::charge_period) {
        alerts.extend(ledger.alerts(month).await?);
    }
    Ok(alerts)
}

/// The messages that no alert has said.
fn new_messages<'v>(
    verdicts: &'v [Verdict],
    kept: &[StoredAlert],
    renamed: &Renamed<'_>,
    now: Timestamp,
    planned: &mut Planned,
) -> Vec<New<'v>> {
    let mut said: BTreeMap<WindowKey, Vec<Said>> = BTreeMap::new();
    for stored in kept {
        let is_published = stored.state != AlertState::Planned;
        let of_alert = stored.alert.crossings();
        let of_alert = of_alert.map(|crossing| Said { crossing, is_published, at: stored.at });
        said.entry(renamed.window_of(&stored.alert.id)).or_default().extend(of_alert);
    }
    let mut new = Vec::new();
    for verdict in verdicts {
        let of_window = said.get(&window_of_verdict(verdict)).map_or(&[][..], Vec::as_slice);
        let due = verdict.due(of_window, now);
        planned.is_early |= due.is_early;
        new.extend(due.messages.into_iter().map(|crossings| New { verdict, crossings }));
    }
    new
}

/// Alerts that were written down and not seen to arrive. One that says nothing that is still so waits, and
/// so does one of a budget that is gone.
fn pending(
    kept: Vec<StoredAlert>,
    budgets: &[Budget],
    renamed: &Renamed<'_>,
    verdicts: &[Verdict],
) -> Vec<StoredAlert> {
    let names: BTreeSet<&str> = budgets.iter().map(|it| &*it.name).collect();
    let judged: BTreeMap<WindowKey, &Verdict> =
        verdicts.iter().map(|it| (window_of_verdict(it), it)).collect();
    let is_pending = |stored: &StoredAlert| {
        let window = renamed.window_of(&stored.alert.id);
        let holds = || match judged.get(&window) {
            Some(verdict) => stored.alert.crossings().any(|it| verdict.still_holds(it)),
            None => true,
        };
        stored.state != AlertState::Sent && names.contains(&*window.0) && holds()
    };
    let mut pending = kept;
    pending.retain(is_pending);
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
