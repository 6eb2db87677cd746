//! The table behind the chart of a budget.

use std::collections::BTreeMap;

use jiff::civil::Date;
use ledger_app::budget_charts::BudgetChart;
use ledger_core::money::{Money, MoneyError};
use ledger_core::period::BillingPeriod;
use maud::{Markup, html};

use super::words::cut;

/// Days of a window that are listed one by one; those of a longer one are listed by month.
const DAYS_MAX: i64 = 62;

/// A day or a month of the window.
#[derive(Default)]
struct Line {
    cost: Option<Money>,
    total: Option<Money>,
    expected: Option<Money>,
    /// Whether the cost may still change.
    is_open: bool,
}

impl Line {
    fn state(&self) -> &'static str {
        match self.total {
            None => "ahead",
            Some(_) if self.is_open => "may change",
            Some(_) => "settled",
        }
    }
}

/// The figures, to be opened; nothing for a window without any.
pub(super) fn figures(chart: &BudgetChart) -> Markup {
    let is_by_month = chart.verdict.spend.period.day_count() > DAYS_MAX;
    let name_of = |day: Date| match is_by_month {
        true => BillingPeriod::containing(day).to_string(),
        false => day.to_string(),
    };
    let Ok(lines) = lines(chart, name_of) else { return html! {} };
    let has_forecast = !chart.ahead.is_empty();
    let by = if is_by_month { "month" } else { "day" };
    let currency = chart.verdict.budget.limit.currency();
    html! {
        @if !lines.is_empty() {
            details {
                summary { "Figures by " (by) }
                div.scroll role="region" tabindex="0"
                    aria-label={ "Figures of " (cut(&chart.verdict.budget.name)) " by " (by) } {
                    table {
                        thead { tr {
                            th { (if is_by_month { "Month" } else { "Day" }) } th.number { "Cost, " (currency) }
                            th.number { "Spend, " (currency) }
                            @if has_forecast { th.number { "Expected" } }
                            th { "State" }
                        } }
                        tbody { @for (name, line) in &lines { tr {
                            td { (name) }
                            td.number { (plain(line.cost)) }
                            td.number { (plain(line.total)) }
                            @if has_forecast { td.number { (plain(line.expected)) } }
                            td { (line.state()) }
                        } } }
                    }
                }
            }
        }
    }
}

/// An amount without its currency, which the column names.
fn plain(money: Option<Money>) -> Markup {
    let shown = money.map(|it| (it, it.to_reader()));
    html! {
        @match &shown {
            Some((exact, shown)) => span.amount title=(exact) { (shown.split(' ').next().unwrap_or("")) },
            None => "–",
        }
    }
}

fn lines(
    chart: &BudgetChart,
    name_of: impl Fn(Date) -> String,
) -> Result<BTreeMap<String, Line>, MoneyError> {
    let mut lines: BTreeMap<String, Line> = BTreeMap::new();
    for day in &chart.days {
        let line = lines.entry(name_of(day.day)).or_default();
        let before = line.cost.unwrap_or(Money::zero(day.cost.currency()));
        line.cost = Some(before.checked_add(day.cost)?);
        line.total = Some(day.total);
        line.is_open = chart.settled_up_to.is_some_and(|it| it <= day.day);
    }
    for (day, total) in &chart.ahead {
        lines.entry(name_of(*day)).or_default().expected = Some(*total);
    }
    Ok(lines)
}
