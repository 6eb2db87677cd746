//! Budgets on the page: all of them in a table, and those that matter most as cards with a chart.

mod chart;
mod figures;
mod words;

use ledger_app::budget_charts::{BudgetChart, most_used};
use ledger_core::budget::Verdict;
use maud::{Markup, html};

use self::chart::chart;
use self::figures::figures;
use self::words::{cut, facts, name, scope_words};
use super::last_day;
use super::tables::{amount, bar, status_word, thousands_apart};

/// Windows in the table: a ledger may have thousands of budgets.
const ROWS_MAX: usize = 100;

/// Marks of a chart, by their class in the style sheet.
const LEGEND: [(&str, &str); 7] = [
    ("spend", "spend"),
    ("open", "may still change"),
    ("expected", "expected"),
    ("range", "80 of 100 times"),
    ("limit", "limit"),
    ("threshold", "thresholds"),
    ("alert", "alert"),
];

pub(super) fn budget_section(verdicts: &[Verdict], charts: &[BudgetChart]) -> Markup {
    html! { section {
        h2 { "Budgets" }
        @if verdicts.is_empty() {
            p { "There are none. Apply a file: " code { "tollbook budget apply budgets.toml" } }
        } @else {
            (budget_table(verdicts))
            (left_out(verdicts.len(), "in this table", ROWS_MAX))
        }
        @if !charts.is_empty() {
            h3 { "Spend by day" }
            ul.legend { @for (class, words) in LEGEND { li { i class={ "mark " (class) } {} " " (words) } } }
            (left_out(verdicts.len(), "drawn", charts.len()))
            div.budgets { @for (at, chart) in charts.iter().enumerate() { (card(at, chart)) } }
            p.note {
                "Alerts go to the owner and the deputy. Nothing is blocked: Tollbook reads bills and is not in \
                 the way of calls."
            }
        }
    } }
}

/// Says how many are shown where that is not all of them.
fn left_out(count: usize, place: &str, shown: usize) -> Markup {
    let count_words = thousands_apart(&count.to_string());
    html! {
        @if shown < count {
            p.note {
                "The " (shown) " of " (count_words) " windows with the largest share of their limit are "
                (place) "; " code { "tollbook budget list" } " and " code { "/v1/budgets" } " have all."
            }
        }
    }
}

fn budget_table(verdicts: &[Verdict]) -> Markup {
    html! { div.scroll { table {
        thead { tr {
            th { "Budget" } th { "Owner" } th { "Window" } th.number { "Spend" }
            th.number { "Limit" } th { "Used" } th { "State" }
        } }
        tbody { @for verdict in most_used(verdicts, ROWS_MAX).into_iter().filter_map(|it| verdicts.get(it)) {
            @let (budget, spend) = (&verdict.budget, &verdict.spend);
            @let (percent, state) = (verdict.percent(), verdict.state().as_str());
            tr {
                td title=(scope_words(budget)) { (cut(&budget.name)) }
                td { (cut(&budget.owner)) }
                td { (budget.window()) " from " span.day { (spend.period.start()) } }
                td.number { (amount(spend.cost)) " " (status_word(spend.status)) }
                td.number { (amount(budget.limit)) }
                td { (bar(percent, state)) (percent) " %" }
                td { span class={ "state " (state) } { (state) } }
            }
        } }
    } } }
}

fn card(at: usize, of: &BudgetChart) -> Markup {
    let verdict = &of.verdict;
    let state = verdict.state().as_str();
    let period = verdict.spend.period;
    html! {
        article.card.budget {
            header {
                h4 title=(scope_words(&verdict.budget)) { (name(&verdict.budget.name)) }
                span class={ "state " (state) } { (state) }
            }
            p { (verdict.budget.window()) ", " (period.start())
                @if period.day_count() > 1 { " to " (last_day(period)) } }
            @if let Some(svg) = chart(at, of) { div.plot { (svg) } }
            (facts(of))
            (figures(of))
        }
    }
}
