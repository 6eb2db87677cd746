//! `GET /v1/budgets`.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use ledger_app::documents::applied_budgets;
use ledger_app::evaluate::judge_all;
use ledger_app::overview::recent_alerts;
use ledger_app::ports::{AlertStore, DocumentStore, LedgerStore};
use ledger_core::budget::first_month;

use crate::AppState;
use crate::bodies::budgets::{BudgetsAnswer, budget_body};
use crate::parameters::{Pairs, Parameters};
use crate::response::{ApiError, tagged};

/// `GET /v1/budgets`.
pub(crate) async fn budgets<L>(
    State(state): State<AppState<L>>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, ApiError>
where
    L: LedgerStore + AlertStore + DocumentStore + Clone + 'static,
{
    Parameters::read(pairs, &[], &[])?;
    let (version, budgets) = applied_budgets(&state.ledger).await?;
    let view = state.view(first_month(&budgets, state.now().today())).await?;
    let verdicts = judge_all(&view, &budgets).await?;
    let alerts = recent_alerts(&view, &budgets).await?;
    let body = BudgetsAnswer {
        sample: state.sample,
        version,
        budgets: verdicts.iter().map(|verdict| budget_body(verdict, &alerts)).collect(),
    };
    tagged(&headers, &body)
}
