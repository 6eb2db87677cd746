//! The page: what was spent, by whom, against which budget. One document, nothing else is loaded.

mod budgets;
mod cards;
mod chart;
mod scale;
mod tables;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY};
use axum::response::{Html, IntoResponse, Response};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use ledger_app::overview::{Overview, overview};
use ledger_app::ports::{AlertStore, DocumentStore, LedgerStore};
use ledger_core::letter::shown;
use ledger_core::period::ChargePeriod;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::response::ApiError;
use crate::state::AppState;

use self::budgets::budget_section;
use self::cards::currency_section;
use self::tables::{alert_table, reconciliation_table};

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
    L: LedgerStore + AlertStore + DocumentStore + Clone + 'static,
{
    let (status, content) = match figures(&state).await {
        Ok(overview) => (StatusCode::OK, body(&overview, state.now().at())),
        Err(err) => {
            let message = err.message();
            let text = html! { section { h2 { "This page could not be made" } p { (message) } } };
            (err.status(), text)
        }
    };
    let page = document(state.sample, &content).into_string();
    Ok((status, HEADERS, Html(page)).into_response())
}

async fn figures<L>(state: &AppState<L>) -> Result<Overview, ApiError>
where
    L: LedgerStore + AlertStore + DocumentStore + Clone + 'static,
{
    Ok(overview(&state.view_of_all().await?).await?)
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

fn body(view: &Overview, now: Timestamp) -> Markup {
    html! {
        @match &view.figures {
            Some(figures) => {
                @if figures.currencies.is_empty() {
                    section {
                        h2 { "No AI cost" }
                        p { "The ledger holds bills up to " (figures.data_up_to)
                            ", and no line of " (figures.periods.month) " is for generative AI." }
                    }
                }
                @for currency in &figures.currencies { (currency_section(figures, currency)) }
            }
            None => {
                section {
                    h2 { "The ledger is empty" }
                    p { "Read a cost and usage export into it: " code { "tollbook import PATH" } }
                }
            }
        }
        @if !view.findings.is_empty() {
            section {
                h2 { "Not complete" }
                ul { @for finding in &view.findings { li { (shown(&finding.message)) } } }
            }
        }
        (budget_section(&view.verdicts, &view.charts))
        (alert_table(&view.alerts, &view.unheard, now))
        @if !view.reconciled.is_empty() { (reconciliation_table(&view.reconciled)) }
    }
}

fn last_day(period: ChargePeriod) -> Date {
    period.end().saturating_sub(1.day())
}
