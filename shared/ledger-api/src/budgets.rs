//! `GET /v1/budgets`.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use jiff::ToSpan as _;
use jiff::civil::Date;
use ledger_app::documents::applied_budgets;
use ledger_app::evaluate::judge_all;
use ledger_app::ports::{AlertStore, DocumentStore, LedgerStore, StoredAlert};
use ledger_core::period::ChargePeriod;

use crate::AppState;
use crate::bodies::budgets::{BudgetsAnswer, budget_body};
use crate::parameters::{Pairs, Parameters};
use crate::response::{ApiError, tagged};

/// Windows of budgets that may still be of interest begin in this many days.
const ALERT_DAYS: i64 = 400;

/// `GET /v1/budgets`.
pub(crate) async fn budgets<L: LedgerStore + AlertStore + DocumentStore>(
    State(state): State<AppState<L>>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, ApiError> {
    Parameters::read(pairs, &[], &[])?;
    let today = (state.today)();
    let (version, budgets) = applied_budgets(&state.ledger).await?;
    let verdicts = judge_all(&budgets, today, &state.ledger).await?;
    let alerts = recent_alerts(today, &state.ledger).await?;
    let body = BudgetsAnswer {
        sample: state.sample,
        version,
        budgets: verdicts.iter().map(|verdict| budget_body(verdict, &alerts)).collect(),
    };
    tagged(&headers, &body)
}

/// Alerts of the windows that may still be of interest, newest first.
pub(crate) async fn recent_alerts(
    today: Date,
    ledger: &impl AlertStore,
) -> Result<Vec<StoredAlert>, ApiError> {
    let (start, end) = (today.saturating_sub(ALERT_DAYS.days()), today.saturating_add(1.day()));
    match ChargePeriod::new(start, end) {
        Ok(period) => Ok(ledger.alerts(period).await?),
        Err(_) => Ok(Vec::new()),
    }
}
