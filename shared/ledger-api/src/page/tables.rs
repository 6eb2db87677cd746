//! The tables of the page, and the cells that they share with the cards.

use jiff::Timestamp;
use ledger_app::evaluate::{Undelivered, undelivered};
use ledger_app::ports::StoredAlert;
use ledger_core::bill::Status;
use ledger_core::finding::Finding;
use ledger_core::letter::{shown, shown_in_column};
use ledger_core::meter::TokenDirection;
use ledger_core::money::Money;
use ledger_core::percent::Percent;
use ledger_core::reconciliation::{Compared, ReconciledDay};
use ledger_core::report::{CurrencyReport, ReportRow};
use maud::{Markup, html};

const ROWS_MAX: usize = 15;
const ALERTS_MAX: usize = 20;

/// An amount rounded, with the exact one on demand.
pub(super) fn amount(money: Money) -> Markup {
    html! { span.amount title=(money) { (money.to_reader()) } }
}

pub(super) fn status_word(status: Status) -> Markup {
    html! { span class={ "status " (status.as_str()) } { (status.as_str()) } }
}

pub(super) fn bar(percent: Percent, class: &str) -> Markup {
    let width = percent.clamp(Percent::ZERO, Percent::HUNDRED);
    html! { div class={ "bar " (class) } aria-hidden="true" { i style={ "width:" (width) "%" } {} } }
}

pub(super) fn owner_table(report: &CurrencyReport) -> Markup {
    html! {
        h3 { "Top owners" }
        div.scroll { table {
            thead { tr { th { "Owner" } th.number { "Cost" } th { "Share" } th { "Status" } } }
            tbody { @for row in report.rows.iter().take(ROWS_MAX) {
                @let percent = Percent::of(row.cost, report.total).unwrap_or(Percent::ZERO);
                tr {
                    td { (key_of(row, "no owner")) }
                    td.number { (amount(row.cost)) }
                    td { (bar(percent, "")) (percent) " %" }
                    td { (status_word(row.status)) }
                }
            } }
        } }
        (more_rows(report))
    }
}

fn more_rows(report: &CurrencyReport) -> Markup {
    let more = report.rows.len().saturating_sub(ROWS_MAX);
    html! { @if more > 0 { p { (more) " more: " code { "/v1/costs" } " has them all." } } }
}

/// The value of a row's first dimension; that there is none is no text, and looks otherwise.
fn key_of(row: &ReportRow, none: &str) -> Markup {
    match row.keys.first().and_then(Option::as_deref) {
        Some(key) => html! { (shown_in_column(key)) },
        None => html! { em { (none) } },
    }
}

pub(super) fn model_table(report: &CurrencyReport) -> Markup {
    let tokens = |row: &ReportRow, direction| {
        row.tokens.get(&direction).map_or_else(|| "–".to_owned(), |it| grouped(*it))
    };
    html! {
        h3 { "Top models" }
        div.scroll { table {
            thead { tr {
                th { "Model" } th.number { "Cost" } th.number { "Input tokens" }
                th.number { "Output tokens" } th.number { "Per million tokens" } th { "Status" }
            } }
            tbody { @for row in report.rows.iter().take(ROWS_MAX) { tr {
                td { (key_of(row, "no model named")) }
                td.number { (amount(row.cost)) }
                td.number { (tokens(row, TokenDirection::Input)) }
                td.number { (tokens(row, TokenDirection::Output)) }
                td.number { (per_million(row)) }
                td { (status_word(row.status)) }
            } } }
        } }
        p { "Per million tokens: the cost of the model by all its tokens, cached ones included." }
        (more_rows(report))
    }
}

fn per_million(row: &ReportRow) -> String {
    match row.price_per_million_tokens() {
        Some(price) => format!("{:.2} {}", price, row.cost.currency()),
        None => "–".to_owned(),
    }
}

/// A count with its thousands apart.
fn grouped(count: u128) -> String {
    thousands_apart(&count.to_string())
}

/// Digits in groups of three.
pub(super) fn thousands_apart(digits: &str) -> String {
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

pub(super) fn alert_table(alerts: &[StoredAlert], unheard: &[Finding], now: Timestamp) -> Markup {
    let Undelivered { not_sent, unconfirmed } = undelivered(alerts, now);
    html! { section {
        h2 { "Alerts" }
        @for finding in unheard {
            p { span class="state warning" { "no subscriber" } " " (shown(&finding.message)) }
        }
        @if !not_sent.is_empty() {
            p { span class="state warning" { (not_sent.len()) " not accepted" }
                " No owner has these alerts yet; the next evaluation tries again." }
        }
        @if !unconfirmed.is_empty() {
            p { span class="state warning" { (unconfirmed.len()) " unconfirmed" }
                " These alerts may or may not have arrived; the next evaluation sends them again." }
        }
        @if alerts.is_empty() { p { "None so far." } } @else { div.scroll { table {
            thead { tr { th { "When" } th { "Subject" } th { "State" } } }
            tbody { @for stored in alerts.iter().take(ALERTS_MAX) { tr {
                td { (stored.at.strftime("%Y-%m-%d %H:%M UTC")) }
                td { (shown_in_column(&stored.alert.subject)) }
                td { (stored.state.as_str()) }
            } } }
        } } }
    } }
}

pub(super) fn reconciliation_table(days: &[ReconciledDay]) -> Markup {
    html! { section {
        h2 { "Bill and Cost Explorer" }
        div.scroll { table {
            thead { tr {
                th { "Day" } th.number { "Bill" } th.number { "Cost Explorer" }
                th.number { "Difference" } th { "State" }
            } }
            tbody { @for day in days {
                tr {
                    td { (day.day) }
                    (compared_cells(&day.total))
                    td { @if day.settled { "settled" } @else { "settling" } }
                }
                @for (service, compared) in day.differing_services() { tr.part {
                    td { (shown_in_column(service)) }
                    (compared_cells(compared))
                    td {}
                } }
            } }
        } }
    } }
}

fn compared_cells(compared: &Compared) -> Markup {
    html! {
        td.number { (amount(compared.bill)) }
        td.number { (amount(compared.quick_look)) }
        td.number {
            (amount(compared.difference))
            @if let Some(percent) = compared.percent { " (" (percent) " %)" }
        }
    }
}
