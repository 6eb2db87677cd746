//! `GET /v1/health`.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use ledger_app::evaluate::undelivered;
use ledger_app::lookup::findings_in_full;
use ledger_app::overview::{self, Health};
use ledger_app::ports::{AlertStore, DocumentStore, LedgerStore};

use crate::bodies::findings;
use crate::bodies::health::{HealthAnswer, HealthBill, UnattributedBody};
use crate::bodies::reconciliation::ReconciledDayBody;
use crate::bodies::values::Day;
use crate::parameters::{Asked, RouteQuery as _};
use crate::response::{ApiError, tagged};
use crate::state::{AppState, Route};

/// The route.
pub(crate) const ROUTE: Route = Route {
    path: "/v1/health",
    name: "health",
    about: "Freshness of the data, unattributed cost, agreement of sources and alerts that did not arrive.",
    parameters: <()>::PARAMETERS,
};

/// The state of the ledger.
pub(crate) async fn health<L>(
    State(state): State<AppState<L>>,
    headers: HeaderMap,
    Asked(()): Asked<()>,
) -> Result<Response, ApiError>
where
    L: LedgerStore + AlertStore + DocumentStore + Clone + 'static,
{
    let view = state.view_of_all().await?;
    let Health { month, by_owner, reconciled, alerts, unheard } = overview::health(&view).await?;
    let mut unattributed = Vec::new();
    for report in &by_owner {
        unattributed.push(UnattributedBody::new(month, report.unattributed()?, report.total));
    }
    let mut found = findings_in_full(view.heads());
    found.extend(unheard);
    let body = HealthAnswer {
        version: ledger_core::VERSION,
        data_up_to: view.data_up_to().map(Day),
        bills: view.heads().iter().map(HealthBill::from).collect(),
        unattributed,
        reconciliation: reconciled.iter().map(ReconciledDayBody::from).collect(),
        findings: findings::bodies(&found),
        undelivered_alerts: (&undelivered(&alerts, view.now().at())).into(),
    };
    tagged(&headers, &body)
}
