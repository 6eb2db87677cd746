//! `GET /v1/budgets`.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use ledger_app::documents::applied_budgets;
use ledger_app::evaluate::judge_all;
use ledger_app::forecast::project;
use ledger_app::lookup::findings_of_windows;
use ledger_app::overview::recent_alerts;
use ledger_app::ports::{AlertStore, DocumentStore, LedgerStore};
use ledger_core::budget::first_month;

use crate::bodies::budgets::{BudgetsAnswer, budget_body};
use crate::bodies::findings;
use crate::fingerprint::Fingerprint;
use crate::paging::Paging;
use crate::parameters::{Asked, Parameter, Parameters, RouteQuery};
use crate::response::{ApiError, tagged};
use crate::state::{AppState, Route};

/// The route.
pub(crate) const ROUTE: Route = Route {
    path: "/v1/budgets",
    name: "budgets",
    about: "Applied budgets, judged, with the alerts of their windows.",
    parameters: BudgetsQuery::PARAMETERS,
};

/// The parameters.
pub(crate) struct BudgetsQuery {
    paging: Paging,
}

impl RouteQuery for BudgetsQuery {
    const PARAMETERS: &'static [Parameter] = &[Parameter::LIMIT, Parameter::CURSOR];

    fn read(parameters: &Parameters) -> Result<BudgetsQuery, ApiError> {
        Ok(BudgetsQuery { paging: Paging::read(parameters)? })
    }
}

/// The applied budgets, judged.
pub(crate) async fn budgets<L>(
    State(state): State<AppState<L>>,
    headers: HeaderMap,
    Asked(BudgetsQuery { paging }): Asked<BudgetsQuery>,
) -> Result<Response, ApiError>
where
    L: LedgerStore + AlertStore + DocumentStore + Clone + 'static,
{
    let (version, budgets) = applied_budgets(&state.ledger).await?;
    let view = state.view(first_month(&budgets, state.now().today())).await?;
    let mut verdicts = judge_all(&view, &budgets).await?;
    project(&view, &mut verdicts).await?;
    let alerts = recent_alerts(&view, &budgets).await?;
    let page = paging.page(verdicts.iter().map(|_| 1), || {
        let mut fingerprint = Fingerprint::new();
        fingerprint.add("budgets");
        fingerprint.add(version.unwrap_or_default().to_string());
        for verdict in &verdicts {
            fingerprint.add(&*verdict.budget.name);
            fingerprint.add(verdict.spend.period.to_string());
        }
        fingerprint
    })?;
    let on_page = verdicts.get(page.items).unwrap_or_default();
    let body = BudgetsAnswer {
        version,
        budgets: on_page.iter().map(|verdict| budget_body(verdict, &alerts)).collect(),
        findings: findings::bodies(&findings_of_windows(&view, &verdicts)),
        next_cursor: page.next_cursor,
    };
    tagged(&headers, &body)
}
