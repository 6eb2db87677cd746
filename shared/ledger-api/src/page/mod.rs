//! The page: what was spent, by whom, against which budget. One document, nothing else is loaded.

mod cards;
mod chart;
mod tables;

use std::collections::BTreeSet;

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
use ledger_core::bill::data_up_to;
use ledger_core::budget::Verdict;
use ledger_core::currency::Currency;
use ledger_core::dimension::Dimension;
use ledger_core::period::{BillingPeriod, ChargePeriod};
use ledger_core::reconciliation::ReconciledDay;
use ledger_core::report::CurrencyReport;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::AppState;
use crate::budgets::recent_alerts;
use crate::health::{all_heads, query, reconciliation};
use crate::response::ApiError;

use self::cards::currency_section;
use self::tables::{alert_table, budget_table, reconciliation_table};

const CHART_DAYS: i64 = 30;

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
    all.collect::<BTreeSet<_>>().into_iter().collect()
}

fn report_of(answer: &ReportAnswer, currency: Currency) -> Option<&CurrencyReport> {
    answer.currencies.iter().find(|it| it.currency == currency)
}

fn last_day(period: ChargePeriod) -> Date {
    period.end().saturating_sub(1.day())
}
