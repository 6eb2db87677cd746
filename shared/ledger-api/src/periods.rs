//! `GET /v1/periods`.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use ledger_app::documents::applied_organisation;
use ledger_app::periods::{book, months};
use ledger_app::ports::{DocumentStore, LedgerStore};

use crate::bodies::periods::{PeriodBody, PeriodsAnswer};
use crate::fingerprint::Fingerprint;
use crate::paging::Paging;
use crate::parameters::{Asked, Parameter, Parameters, RouteQuery};
use crate::response::{ApiError, tagged};
use crate::state::{AppState, Route};

/// The route.
pub(crate) const ROUTE: Route = Route {
    path: "/v1/periods",
    name: "periods",
    about: "Months of the legal entities that pay bills, and how far the books of each are.",
    parameters: PeriodsQuery::PARAMETERS,
};

/// The parameters.
pub(crate) struct PeriodsQuery {
    paging: Paging,
}

impl RouteQuery for PeriodsQuery {
    const PARAMETERS: &'static [Parameter] = &[Parameter::LIMIT, Parameter::CURSOR];

    fn read(parameters: &Parameters) -> Result<PeriodsQuery, ApiError> {
        Ok(PeriodsQuery { paging: Paging::read(parameters)? })
    }
}

/// The periods of all entities. They are of whole bills: a caller who may not see these sees none.
pub(crate) async fn periods<L>(
    State(state): State<AppState<L>>,
    headers: HeaderMap,
    Asked(PeriodsQuery { paging }): Asked<PeriodsQuery>,
) -> Result<Response, ApiError>
where
    L: LedgerStore + DocumentStore + Clone + 'static,
{
    let view = state.view_of_all().await?;
    let organisation = applied_organisation(&state.ledger).await?;
    let all = match organisation.filter(|_| view.access().is_everything()) {
        Some(organisation) => months(&view, &book(&state.ledger).await?, &organisation)?,
        None => Vec::new(),
    };
    let page = paging.page(all.iter().map(|_| 1), || {
        let mut fingerprint = Fingerprint::new();
        fingerprint.add("periods");
        for month in &all {
            fingerprint.add(month.entity.as_str());
            fingerprint.add(month.month.to_string());
        }
        fingerprint
    })?;
    let on_page = all.get(page.items).unwrap_or_default();
    let body = PeriodsAnswer {
        periods: on_page.iter().map(PeriodBody::of).collect(),
        next_cursor: page.next_cursor,
    };
    tagged(&headers, &body)
}
