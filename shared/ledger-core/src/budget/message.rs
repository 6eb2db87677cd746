//! The words of an alert.

use super::{Budget, Calendar, Crossing, CrossingKind, Driver, Fiscal, Projection, Verdict};
use crate::message::{Headline, Message, NOTHING_IS_BLOCKED, subject_line};
use crate::percent::Percent;
use crate::period::{ChargePeriod, Window};

/// Values of each dimension of a scope that a body names: a scope may hold thousands, and a message is
/// limited in size.
const SCOPE_VALUES_MAX: usize = 20;

/// A subject of one line.
pub(super) fn subject(verdict: &Verdict, crossing: Crossing) -> String {
    let Verdict { budget, spend, .. } = verdict;
    let limit = budget.limit.to_reader();
    let share = match crossing.kind {
        CrossingKind::Reached => format!("{}% of {limit}", verdict.percent()),
        CrossingKind::Escalated => {
            format!("not acknowledged, {}% of {limit}", verdict.percent())
        }
        CrossingKind::BackBelow => {
            format!("back below {}%, {}% of {limit}", crossing.threshold, verdict.percent())
        }
        CrossingKind::Projected => format!("forecast {}% of {limit}", projected_percent(verdict)),
        CrossingKind::Pace => {
            let pace = verdict.pace_percent().unwrap_or(Percent::ZERO);
            format!("{pace}% of its pace, {}% of {limit}", verdict.percent())
        }
        CrossingKind::Change => {
            let change = verdict.change_percent().unwrap_or(Percent::ZERO);
            format!("{change}% of last window, {}% of {limit}", verdict.percent())
        }
    };
    subject_line(&format!(
        "[AI budget] {} {share} ({}) - owner {}",
        budget.name,
        window_name(&budget.calendar, spend.period),
        budget.owner,
    ))
}

/// The name of a window. Quarters and years have one in the calendar alone: the month from which a fiscal year
/// counts is not known to every reader.
pub(super) fn window_name(calendar: &Calendar, period: ChargePeriod) -> String {
    let start = calendar.local_day(period.start());
    let is_plain = match calendar {
        Calendar::Repeating { fiscal, .. } => *fiscal == Fiscal::CALENDAR,
        Calendar::Once(_) => false,
    };
    let is_whole = calendar.containing(period.start()) == Some(period);
    match calendar.window() {
        Window::Daily => start.to_string(),
        Window::Weekly if is_whole => format!("week of {start}"),
        Window::Monthly if is_plain && is_whole => start.strftime("%b %Y").to_string(),
        Window::Quarterly if is_plain && is_whole => {
            format!("Q{} {}", (start.month() - 1) / 3 + 1, start.year())
        }
        Window::Yearly if is_plain && is_whole => start.year().to_string(),
        _ => period.to_string(),
    }
}

/// The content of an alert that says these crossings, which may be none. `drivers` are the most expensive
/// first.
pub(super) fn message(verdict: &Verdict, crossings: &[Crossing], drivers: &[Driver]) -> Message {
    let Verdict { spend, .. } = verdict;
    let (start, end) = (spend.period.start(), spend.period.end());
    Message {
        headline: headline(verdict, crossings),
        facts: facts(verdict),
        list_name: "What drives it",
        list: drivers.iter().map(|it| format!("{} {it}", it.cost.to_reader())).collect(),
        no_entries: "no cost in this window",
        next: what_is_next(verdict),
        command: format!("tollbook report --by principal,model --from {start} --to {end}"),
    }
}

fn headline(verdict: &Verdict, crossings: &[Crossing]) -> Headline {
    let Verdict { budget, spend, .. } = verdict;
    let of_kind = |kind| {
        let mut of_kind: Vec<u16> =
            crossings.iter().filter(|it| it.kind == kind).map(|it| it.threshold).collect();
        of_kind.sort_unstable();
        let words: Vec<String> = of_kind.iter().map(|it| format!("{it}%")).collect();
        (!words.is_empty()).then(|| words.join(" and "))
    };
    let (mut says, mut so_far) = (Vec::new(), "");
    if let Some(thresholds) = of_kind(CrossingKind::Reached) {
        says.push(format!("has reached {thresholds} of its limit"));
    }
    if let Some(thresholds) = of_kind(CrossingKind::Escalated) {
        says.push(format!(
            "has reached {thresholds} of its limit, and the alert was not acknowledged in time"
        ));
    }
    if let Some(thresholds) = of_kind(CrossingKind::BackBelow) {
        says.push(format!(
            "is back below {thresholds} of its limit, because bills were restated or the budget was \
             changed"
        ));
    }
    if let Some(thresholds) = of_kind(CrossingKind::Projected) {
        says.push(format!(
            "is expected to reach {thresholds} of its limit by the end of its window ({}%)",
            projected_percent(verdict)
        ));
        so_far = " so far";
    }
    if let Some(thresholds) = of_kind(CrossingKind::Pace) {
        says.push(format!(
            "has reached {thresholds} of the pace that spends its limit by the end of its window ({}%)",
            verdict.pace_percent().unwrap_or(Percent::ZERO)
        ));
        so_far = " so far";
    }
    if let Some(thresholds) = of_kind(CrossingKind::Change) {
        says.push(format!(
            "has reached {thresholds} of the cost of the window before up to the same day ({}%)",
            verdict.change_percent().unwrap_or(Percent::ZERO)
        ));
        so_far = " so far";
    }
    let says = if says.is_empty() { String::new() } else { format!(" {}", says.join(" and ")) };
    Headline {
        noun: "Budget",
        name: budget.name.to_string(),
        says: format!(
            "{says}: {} of {} ({}%){so_far}.",
            spend.cost.to_reader(),
            budget.limit.to_reader(),
            verdict.percent()
        ),
    }
}

fn projected_percent(verdict: &Verdict) -> Percent {
    let expected = verdict.projection.map(|it| Percent::of(it.expected, verdict.budget.limit));
    expected.flatten().unwrap_or(Percent::ZERO)
}

fn facts(verdict: &Verdict) -> Vec<(&'static str, String)> {
    let Verdict { budget, spend, projection, .. } = verdict;
    let mut facts = vec![("Owner", budget.owner.to_string())];
    if let Some(deputy) = &budget.deputy {
        facts.push(("Deputy", deputy.to_string()));
    }
    let counted = budget.scope.shortened(SCOPE_VALUES_MAX);
    facts.push(("Counts", format!("{counted}, {} cost", budget.cost_kind.as_str())));
    if !spend.beside.is_empty() {
        let beside: Vec<String> = spend.beside.iter().map(|it| it.to_reader()).collect();
        let currency = budget.limit.currency();
        let beside = format!("{} (the limit is in {currency})", beside.join(", "));
        facts.push(("Not counted", beside));
    }
    facts.push(("Window", window_fact(budget, spend.period)));
    if !spend.rolled_over.is_zero() {
        let rolled_over = spend.rolled_over.to_reader();
        facts.push(("Limit", format!("with {rolled_over} that the window before has left")));
    }
    if let Some(even) = verdict.even_part().filter(|_| !budget.pace_thresholds.is_empty()) {
        facts.push(("Even pace", format!("{} for the days with data", even.to_reader())));
    }
    if let Some(previous) = spend.previous {
        let previous = previous.to_reader();
        facts.push(("Compared", format!("{previous} in the window before, up to the same day")));
    }
    let up_to = spend.data_up_to.map_or_else(|| "no data yet".to_owned(), |it| it.to_string());
    facts.push(("Data up to", format!("{up_to} ({})", spend.status.as_str())));
    if let Some(Projection { expected, low, high }) = projection {
        let (expected, low, high) = (expected.to_reader(), low.to_reader(), high.to_reader());
        let forecast = format!("{expected} by its end; 80 of 100 times {low} to {high}");
        facts.push(("Forecast", forecast));
    }
    facts
}

/// The days of a window. Those of a time zone are said as what they are: the days of the bill.
fn window_fact(budget: &Budget, period: ChargePeriod) -> String {
    let window = budget.window();
    match budget.calendar.zone() {
        None => format!("{window} {period} (UTC, end excluded)"),
        Some(zone) => {
            format!("{window} of {}, as UTC days {period} (end excluded)", zone.name())
        }
    }
}

fn what_is_next(verdict: &Verdict) -> String {
    let next = verdict.budget.thresholds.iter().find(|it| !verdict.reached.contains(it));
    let next = match next {
        Some(next) => format!("there is another alert at {next}%."),
        None => "this was the last threshold of this window.".to_owned(),
    };
    format!("{next} {NOTHING_IS_BLOCKED}")
}
