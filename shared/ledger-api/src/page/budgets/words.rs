//! A budget's window in words.

use std::borrow::Cow;

use jiff::civil::Date;
use ledger_app::budget_charts::BudgetChart;
use ledger_app::ports::StoredAlert;
use ledger_core::budget::{Budget, Chance, Crossing, CrossingKind, NextAlert, Projection, Verdict};
use ledger_core::letter::{shown, shown_in_column};
use ledger_core::percent::Percent;
use maud::{Markup, html};

use super::super::last_day;
use super::super::tables::{amount, status_word};

/// Letters of a name in a card: those that earlier releases kept may have any number.
const NAME_CHARS_MAX: usize = 120;

/// Values of each dimension of a scope that are named, and letters of all of it.
const SCOPE_VALUES_MAX: usize = 20;
const SCOPE_CHARS_MAX: usize = 600;

/// Alerts of a window that are listed.
const ALERTS_MAX: usize = 6;

/// The beginning of a name, as readers see it.
pub(super) fn cut(name: &str) -> Cow<'_, str> {
    let whole = shown_in_column(name);
    match whole.char_indices().nth(NAME_CHARS_MAX) {
        None => whole,
        Some((end, _)) => Cow::Owned(format!("{}…", whole.get(..end).unwrap_or(""))),
    }
}

/// The charges that a budget counts, as far as there is room for them.
pub(super) fn scope_words(budget: &Budget) -> String {
    let words = budget.scope.shortened(SCOPE_VALUES_MAX).to_string();
    let words = shown(&words);
    match words.char_indices().nth(SCOPE_CHARS_MAX) {
        None => words.into_owned(),
        Some((end, _)) => format!("{}…", words.get(..end).unwrap_or("")),
    }
}

/// A name that may be written from right to left, apart from the words around it.
pub(super) fn name(name: &str) -> Markup {
    html! { bdi { (cut(name)) } }
}

/// The headroom, the forecast and the next alert, with all else that the chart does not name.
pub(super) fn facts(chart: &BudgetChart) -> Markup {
    let BudgetChart { verdict, alerts, .. } = chart;
    let (budget, spend) = (&verdict.budget, &verdict.spend);
    html! {
        dl.facts {
            dt { "Spend" }
            dd { (amount(spend.cost)) " of " (amount(budget.limit)) ", " (verdict.percent()) " % " (status_word(spend.status)) }
            @if !spend.beside.is_empty() {
                dt { "Not counted" }
                dd {
                    @for cost in &spend.beside { (amount(*cost)) ", " }
                    "as the limit is in " (budget.limit.currency())
                }
            }
            dt { "Headroom" } dd { (headroom(verdict)) }
            dt { "Forecast" } dd { (forecast(chart)) }
            dt { "Next alert" } dd { (next(chart)) }
            dt { "Owner" }
            dd {
                (name(&budget.owner))
                @if let Some(deputy) = &budget.deputy { ", deputy " (name(deputy)) }
            }
            dt { "Alerts" }
            dd {
                @if alerts.is_empty() { "none in this window" }
                @else { ul {
                    @for stored in alerts.iter().take(ALERTS_MAX) { li { (alert_words(stored)) } }
                    @let more = alerts.len().saturating_sub(ALERTS_MAX);
                    @if more > 0 { li { (more) " earlier ones" } }
                } }
            }
            dt { "Data up to" } dd { (data_up_to(chart)) }
        }
    }
}

fn headroom(verdict: &Verdict) -> Markup {
    let days = verdict.days_left();
    let day_words =
        if days == 1 { "the day".to_owned() } else { format!("each of the {days} days") };
    html! {
        @match verdict.headroom() {
            None => "not known: the amounts are out of range",
            Some(left) if left.amount().is_sign_negative() => {
                strong.over { "over by " (amount(left.abs())) }
            }
            Some(left) => {
                (amount(left)) " left"
                @if let Some(a_day) = verdict.headroom_a_day() {
                    ": " (amount(a_day)) " for " (day_words) " without data so far"
                }
            }
        }
    }
}

fn forecast(chart: &BudgetChart) -> Markup {
    let verdict = &chart.verdict;
    let limit = verdict.budget.limit;
    html! {
        @match verdict.projection {
            Some(Projection { expected, low, high }) => {
                (amount(expected)) " by " (last_day(verdict.spend.period)) ", "
                (Percent::of(expected, limit).unwrap_or(Percent::ZERO)) " % of the limit"
                @if low != high { "; 80 of 100 times " (amount(low)) " to " (amount(high)) }
            }
            None if chart.is_over() => "none: all days of the window are settled",
            None if chart.is_forecast => "none yet: nothing was spent so far",
            None => {
                "not made on this page; " code { "tollbook forecast --budget" } " makes one"
            }
        }
    }
}

fn next(chart: &BudgetChart) -> Markup {
    let verdict = &chart.verdict;
    let of_forecast = verdict.next_forecast_threshold().filter(|_| verdict.days_left() > 0);
    html! {
        @match verdict.next_alert(&chart.ahead) {
            Some(next) => (next_words(&next, chart)),
            None if verdict.budget.thresholds.is_empty() => "none on the cost",
            None => "none: the last threshold of this window is reached",
        }
        @if let Some(threshold) = of_forecast {
            "; another one as soon as " (threshold) " % are expected by its end"
        }
    }
}

/// A date only where one is expected: the range says how sure it is.
fn next_words(next: &NextAlert, chart: &BudgetChart) -> Markup {
    let last_known = chart.days.last().map(|it| it.day);
    let when = |day: Option<Date>| match day {
        Some(day) if last_known.is_some_and(|it| day <= it) => {
            "once its last days are settled".to_owned()
        }
        Some(day) => format!("about {}", day.strftime("%b %-d")),
        None => "by the end of the window".to_owned(),
    };
    let outlook = next.chance.map(|chance| match chance {
        Chance::NearlyCertain => format!("expected {}", when(next.day)),
        Chance::Likely => {
            format!("expected {}, but not at the lower end of the range", when(next.day))
        }
        Chance::Possible => "not expected in this window, but within the range".to_owned(),
        Chance::Unlikely => "not expected in this window".to_owned(),
    });
    html! {
        "at " (next.threshold) " %"
        @if let Some(cost) = next.cost { ", which is " (amount(cost)) }
        @if let Some(outlook) = outlook { ": " (outlook) }
    }
}

fn data_up_to(chart: &BudgetChart) -> Markup {
    let period = chart.verdict.spend.period;
    let open = chart.settled_up_to.filter(|it| *it < period.end());
    html! {
        @match chart.days.last() {
            Some(last) => {
                (last.day)
                @if let Some(open) = open.map(|it| it.max(period.start())).filter(|it| *it <= last.day) {
                    "; costs from " (open) " on may still change"
                }
            }
            None => "no day of this window has data yet",
        }
    }
}

/// An alert in few words: `50 %, 80 %: sent 2026-11-20 08:00 UTC`.
pub(super) fn alert_words(stored: &StoredAlert) -> String {
    let mut crossings: Vec<Crossing> = stored.alert.crossings().collect();
    crossings.sort_unstable();
    let words: Vec<String> = crossings
        .iter()
        .map(|Crossing { threshold, kind, .. }| match kind {
            CrossingKind::Reached => format!("{threshold} %"),
            CrossingKind::BackBelow => format!("back below {threshold} %"),
            CrossingKind::Projected => format!("forecast {threshold} %"),
            CrossingKind::Pace => format!("pace {threshold} %"),
            CrossingKind::Change => format!("{threshold} % of the window before"),
            CrossingKind::Escalated => format!("{threshold} %, not acknowledged in time"),
        })
        .collect();
    let at = stored.at.strftime("%Y-%m-%d %H:%M UTC");
    format!("{}: {} {at}", words.join(", "), stored.state.as_str())
}
