//! The page: what was spent, by whom, against which budget. One document, nothing else is loaded.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY};
use axum::response::{Html, IntoResponse, Response};
use jiff::ToSpan as _;
use jiff::civil::Date;
use ledger_app::documents::applied_budgets;
use ledger_app::evaluate::judge_all;
use ledger_app::lookup::{self, ReportAnswer};
use ledger_app::ports::{AlertStore, DocumentStore, LedgerStore, StoredAlert};
use ledger_core::bill::{Status, data_up_to};
use ledger_core::budget::Verdict;
use ledger_core::currency::Currency;
use ledger_core::dimension::Dimension;
use ledger_core::money::Money;
use ledger_core::period::{BillingPeriod, ChargePeriod};
use ledger_core::reconciliation::{Compared, ReconciledDay};
use ledger_core::report::{CurrencyReport, ReportRow};
use ledger_core::tokens::TokenDirection;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use rust_decimal::Decimal;

use crate::AppState;
use crate::api::{all_heads, query, recent_alerts, reconciliation, unattributed_of};
use crate::chart::{COLOURS, Series, stacked_days};
use crate::response::ApiError;

const CHART_DAYS: i64 = 30;
const CHART_OWNERS: usize = 5;
const ROWS_MAX: usize = 15;
const ALERTS_MAX: usize = 20;

const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 3] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (CACHE_CONTROL, "private, no-cache"),
    (REFERRER_POLICY, "no-referrer"),
];

const STYLE: &str = include_str!("page.css");

/// `GET /`.
pub(crate) async fn page<L>(State(state): State<AppState<L>>) -> Result<Response, ApiError>
where
    L: LedgerStore + AlertStore + DocumentStore,
{
    let (status, content) = match view(&state).await {
        Ok(view) => (StatusCode::OK, body(&view)),
        Err(err) => {
            let message = err.message();
            let text = html! { section { h2 { "This page could not be made" } p { (message) } } };
            (err.status(), text)
        }
    };
    let page = document(state.sample, &content).into_string();
    Ok((status, HEADERS, Html(page)).into_response())
}

/// Everything the page shows.
struct View {
    figures: Option<Figures>,
    verdicts: Vec<Verdict>,
    alerts: Vec<StoredAlert>,
    reconciled: Vec<ReconciledDay>,
}

/// What the ledger holds, up to the last day with data.
struct Figures {
    data_up_to: Date,
    month: BillingPeriod,
    days: ChargePeriod,
    before: Option<ChargePeriod>,
    by_owner: ReportAnswer,
    by_model: ReportAnswer,
    previous: Option<ReportAnswer>,
    chart_days: ChargePeriod,
    by_day: ReportAnswer,
}

async fn view<L>(state: &AppState<L>) -> Result<View, ApiError>
where
    L: LedgerStore + AlertStore + DocumentStore,
{
    let (ledger, today) = (&state.ledger, (state.today)());
    let heads = all_heads(ledger).await?;
    let figures = match data_up_to(&heads) {
        Some(data_up_to) => figures(data_up_to, today, ledger).await?,
        None => None,
    };
    let (_, budgets) = applied_budgets(ledger).await?;
    Ok(View {
        figures,
        verdicts: judge_all(&budgets, today, ledger).await?,
        alerts: recent_alerts(today, ledger).await?,
        reconciled: reconciliation(today, ledger).await?,
    })
}

/// The month of the last day with data, which is this month unless the data is late.
async fn figures(
    data_up_to: Date,
    today: Date,
    ledger: &impl LedgerStore,
) -> Result<Option<Figures>, ApiError> {
    let end = data_up_to.min(today.saturating_add(1.day()));
    let month = BillingPeriod::containing(end.saturating_sub(1.day()));
    let Ok(days) = ChargePeriod::new(month.first_day(), end) else { return Ok(None) };
    let Ok(chart_days) = ChargePeriod::new(end.saturating_sub(CHART_DAYS.days()), end) else {
        return Ok(None);
    };
    let before = same_days_before(month, days);
    let by_owner = query(days, vec![Dimension::Owner]);
    let by_model = query(days, vec![Dimension::Model]);
    let by_day = query(chart_days, vec![Dimension::Day, Dimension::Owner]);
    let previous = match before {
        Some(before) => Some(lookup::report(&query(before, Vec::new()), ledger).await?),
        None => None,
    };
    Ok(Some(Figures {
        data_up_to,
        month,
        days,
        before,
        by_owner: lookup::report(&by_owner, ledger).await?,
        by_model: lookup::report(&by_model, ledger).await?,
        previous,
        chart_days,
        by_day: lookup::report(&by_day, ledger).await?,
    }))
}

fn same_days_before(month: BillingPeriod, days: ChargePeriod) -> Option<ChargePeriod> {
    let before = BillingPeriod::containing(month.first_day().yesterday().ok()?);
    let elapsed = days.end().since(days.start()).ok()?;
    let end = before.first_day().checked_add(elapsed).ok()?.min(month.first_day());
    ChargePeriod::new(before.first_day(), end).ok()
}

fn document(is_sample: bool, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Tollbook" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { "Tollbook" }
                    p { "What generative AI costs on AWS, and who owns it" }
                    @if is_sample { strong.sample { "SAMPLE DATA" } }
                }
                main { (body) }
                footer { "Days are UTC. Costs are unblended; amounts are exact, shown rounded." }
            }
        }
    }
}

fn body(view: &View) -> Markup {
    html! {
        @match &view.figures {
            Some(figures) => {
                @let currencies = currencies_of(figures);
                @if currencies.is_empty() {
                    section {
                        h2 { "No AI cost" }
                        p { "The ledger holds bills up to " (figures.data_up_to)
                            ", and no line of " (figures.month) " is for generative AI." }
                    }
                }
                @for currency in &currencies { (currency_section(figures, *currency, &view.verdicts)) }
            }
            None => {
                section {
                    h2 { "The ledger is empty" }
                    p { "Read a cost and usage export into it: " code { "tollbook import PATH" } }
                }
            }
        }
        (budget_table(&view.verdicts))
        (alert_table(&view.alerts))
        @if !view.reconciled.is_empty() { (reconciliation_table(&view.reconciled)) }
    }
}

fn currencies_of(figures: &Figures) -> Vec<Currency> {
    let answers = [&figures.by_owner, &figures.by_day];
    let all = answers.into_iter().flat_map(|it| &it.currencies).map(|it| it.currency);
    all.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
}

fn report_of(answer: &ReportAnswer, currency: Currency) -> Option<&CurrencyReport> {
    answer.currencies.iter().find(|it| it.currency == currency)
}

fn currency_section(figures: &Figures, currency: Currency, verdicts: &[Verdict]) -> Markup {
    let owners = report_of(&figures.by_owner, currency);
    let total = owners.map_or(Money::zero(currency), |it| it.total);
    let previous = figures
        .previous
        .as_ref()
        .map(|answer| report_of(answer, currency).map_or(Money::zero(currency), |it| it.total));
    let status = owners.and_then(|it| it.rows.iter().map(|row| row.status).min());
    html! {
        section {
            h2 { (figures.month.first_day().strftime("%B %Y")) " in " (currency) }
            div.cards {
                div.card {
                    h3 { "Spend, month so far" }
                    p.figure { (amount(total)) }
                    p { @if let Some(status) = status { (status_word(status)) } " " (figures.days.start()) " to " (last_day(figures.days)) }
                }
                div.card {
                    h3 { "Versus last month" }
                    p.figure { (change(total, previous)) }
                    @if let (Some(previous), Some(before)) = (previous, figures.before) {
                        p { (amount(previous)) " from " (before.start()) " to " (last_day(before)) }
                    }
                }
                (unattributed_card(owners, total))
                (budgets_card(verdicts, currency))
                div.card {
                    h3 { "Data up to" }
                    p.figure { (figures.data_up_to.saturating_sub(1.day())) }
                    p { "the last day with data" }
                }
            }
            (chart(figures, currency))
            @if let Some(owners) = owners { (owner_table(owners)) }
            @if let Some(models) = report_of(&figures.by_model, currency) { (model_table(models)) }
        }
    }
}

fn last_day(period: ChargePeriod) -> Date {
    period.end().saturating_sub(1.day())
}

/// An amount rounded, with the exact one on demand.
fn amount(money: Money) -> Markup {
    html! { span.amount title=(money) { (money.to_reader()) } }
}

fn status_word(status: Status) -> Markup {
    html! { span class={ "status " (status.as_str()) } { (status.as_str()) } }
}

fn change(total: Money, previous: Option<Money>) -> Markup {
    let difference = previous.and_then(|it| total.checked_sub(it).ok());
    let percent = previous.zip(difference).and_then(|(it, difference)| difference.percent_of(it));
    html! {
        @match percent {
            Some(percent) => {
                span title=(difference.map(|it| it.to_string()).unwrap_or_default()) {
                    @if percent > Decimal::ZERO { "+" } (percent.normalize()) " %"
                }
            }
            None => "no spend then",
        }
    }
}

fn unattributed_card(owners: Option<&CurrencyReport>, total: Money) -> Markup {
    let cost =
        owners.and_then(|it| unattributed_of(it).ok()).unwrap_or(Money::zero(total.currency()));
    let percent = cost.percent_of(total).unwrap_or_default().normalize();
    html! {
        div.card {
            h3 { "Unattributed" }
            p.figure { (percent) " %" }
            p { (amount(cost)) " that no rule gives an owner" }
        }
    }
}

fn budgets_card(verdicts: &[Verdict], currency: Currency) -> Markup {
    let of_currency = || verdicts.iter().filter(|it| it.budget.limit.currency() == currency);
    let names: std::collections::BTreeSet<_> = of_currency().map(|it| &it.budget.name).collect();
    let broken: std::collections::BTreeSet<_> =
        of_currency().filter(|it| it.state() == "exceeded").map(|it| &it.budget.name).collect();
    html! {
        div.card {
            h3 { "Budgets broken" }
            p.figure { (broken.len()) }
            p { "of " (names.len()) }
        }
    }
}

fn chart(figures: &Figures, currency: Currency) -> Markup {
    let days: Vec<Date> = figures.chart_days.days().collect();
    let Some(report) = report_of(&figures.by_day, currency) else { return html! {} };
    let (names, series) = series_of(report, &days);
    let Some(svg) = stacked_days(&days, &series, currency) else { return html! {} };
    html! {
        h3 { "By day, " (days.len()) " days" }
        ul.legend {
            @for (name, (red, green, blue)) in names.iter().zip(COLOURS) {
                li { i style={ "background:rgb(" (red) "," (green) "," (blue) ")" } {} " " (name) }
            }
        }
        div.chart { (PreEscaped(svg)) }
    }
}

/// The dearest owners of the days, and all others together.
fn series_of(report: &CurrencyReport, days: &[Date]) -> (Vec<String>, Vec<Series>) {
    let zero = Money::zero(report.currency);
    let mut by_owner: BTreeMap<&str, BTreeMap<&str, Money>> = BTreeMap::new();
    for row in &report.rows {
        if let [Some(day), Some(owner)] = row.keys.as_slice() {
            by_owner.entry(owner).or_default().insert(day, row.cost);
        }
    }
    let sum =
        |costs: &BTreeMap<&str, Money>| -> Decimal { costs.values().map(|it| it.amount()).sum() };
    let mut ranked: Vec<_> = by_owner.into_iter().collect();
    ranked.sort_by(|(left, left_costs), (right, right_costs)| {
        sum(right_costs).cmp(&sum(left_costs)).then_with(|| left.cmp(right))
    });
    let others = ranked.split_off(ranked.len().min(CHART_OWNERS));
    let day_names: Vec<String> = days.iter().map(ToString::to_string).collect();
    let cost_of = |costs: &BTreeMap<&str, Money>, day: &String| {
        costs.get(day.as_str()).copied().unwrap_or(zero)
    };
    let mut names: Vec<String> = ranked.iter().map(|(owner, _)| (*owner).to_owned()).collect();
    let mut series: Vec<Series> = ranked
        .iter()
        .map(|(_, costs)| Series { costs: day_names.iter().map(|it| cost_of(costs, it)).collect() })
        .collect();
    if !others.is_empty() {
        names.push(format!("{} others", others.len()));
        let costs = day_names.iter().map(|day| {
            others
                .iter()
                .fold(zero, |sum, (_, costs)| sum.checked_add(cost_of(costs, day)).unwrap_or(sum))
        });
        series.push(Series { costs: costs.collect() });
    }
    (names, series)
}

fn bar(percent: Decimal, class: &str) -> Markup {
    let width = percent.clamp(Decimal::ZERO, Decimal::ONE_HUNDRED).normalize();
    html! { div class={ "bar " (class) } aria-hidden="true" { i style={ "width:" (width) "%" } {} } }
}

fn owner_table(report: &CurrencyReport) -> Markup {
    html! {
        h3 { "Top owners" }
        div.scroll { table {
            thead { tr { th { "Owner" } th.number { "Cost" } th { "Share" } th { "Status" } } }
            tbody { @for row in report.rows.iter().take(ROWS_MAX) {
                @let percent = row.cost.percent_of(report.total).unwrap_or_default();
                tr {
                    td { (key_of(row, "no owner")) }
                    td.number { (amount(row.cost)) }
                    td { (bar(percent, "")) (percent.normalize()) " %" }
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

fn key_of<'a>(row: &'a ReportRow, none: &'a str) -> &'a str {
    row.keys.first().and_then(Option::as_deref).unwrap_or(none)
}

fn model_table(report: &CurrencyReport) -> Markup {
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
    let count: Decimal = row.tokens.values().copied().map(Decimal::from).sum();
    // A price for a reader: the division may lose digits, no sum is made of it.
    let price = row
        .cost
        .amount()
        .checked_mul(Decimal::from(1_000_000))
        .and_then(|it| it.checked_div(count));
    match price {
        Some(price) => format!("{:.2} {}", price, row.cost.currency()),
        None => "–".to_owned(),
    }
}

/// A count with its thousands apart.
fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn budget_table(verdicts: &[Verdict]) -> Markup {
    html! { section {
        h2 { "Budgets" }
        @if verdicts.is_empty() {
            p { "There are none. Apply a file: " code { "tollbook budget apply budgets.toml" } }
        } @else { div.scroll { table {
            thead { tr {
                th { "Budget" } th { "Owner" } th { "Window" } th.number { "Spend" }
                th.number { "Limit" } th { "Used" } th { "State" }
            } }
            tbody { @for verdict in verdicts {
                @let (budget, spend) = (&verdict.budget, &verdict.spend);
                @let percent = spend.cost.percent_of(budget.limit).unwrap_or_default();
                tr {
                    td title=(budget.scope) { (budget.name) }
                    td { (budget.owner) }
                    td { (budget.window) " from " (spend.period.start()) }
                    td.number { (amount(spend.cost)) " " (status_word(spend.status)) }
                    td.number { (amount(budget.limit)) }
                    td { (bar(percent, verdict.state())) (verdict.percent()) " %" }
                    td { span class={ "state " (verdict.state()) } { (verdict.state()) } }
                }
            } }
        } } }
    } }
}

fn alert_table(alerts: &[StoredAlert]) -> Markup {
    html! { section {
        h2 { "Alerts" }
        @if alerts.is_empty() { p { "None so far." } } @else { div.scroll { table {
            thead { tr { th { "When" } th { "Subject" } th { "State" } } }
            tbody { @for stored in alerts.iter().take(ALERTS_MAX) { tr {
                td { (stored.at.strftime("%Y-%m-%d %H:%M UTC")) }
                td { (stored.alert.subject) }
                td { (stored.state.as_str()) }
            } } }
        } } }
    } }
}

fn reconciliation_table(days: &[ReconciledDay]) -> Markup {
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
                    td { (service) }
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
        td.number { (amount(compared.cost_explorer)) }
        td.number {
            (amount(compared.difference))
            @if let Some(percent) = compared.percent { " (" (percent.normalize()) " %)" }
        }
    }
}
