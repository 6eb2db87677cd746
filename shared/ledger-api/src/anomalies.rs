//! `GET /v1/anomalies`.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use jiff::civil::Date;
use ledger_app::anomalies::{Asked as Search, anomalies as search};
use ledger_app::ports::{DocumentStore, LedgerStore};
use ledger_core::anomaly::{AnomalySearch, Sensitivity};
use ledger_core::period::BillingPeriod;

use crate::bodies::anomalies::AnomaliesAnswer;
use crate::fingerprint::Fingerprint;
use crate::paging::Paging;
use crate::parameters::{Asked, Parameter, Parameters, RouteQuery};
use crate::response::{ApiError, tagged};
use crate::state::{AppState, Route};

/// The route.
pub(crate) const ROUTE: Route = Route {
    path: "/v1/anomalies",
    name: "anomalies",
    about: "Days that cost more than usual, with the causes in money.",
    parameters: AnomaliesQuery::PARAMETERS,
};

/// The parameters.
pub(crate) struct AnomaliesQuery {
    since: Option<Date>,
    all: bool,
    paging: Paging,
}

impl RouteQuery for AnomaliesQuery {
    const PARAMETERS: &'static [Parameter] =
        &[Parameter::SINCE, Parameter::ALL, Parameter::LIMIT, Parameter::CURSOR];

    fn read(parameters: &Parameters) -> Result<AnomaliesQuery, ApiError> {
        Ok(AnomaliesQuery {
            since: parameters.day("since")?,
            all: parameters.flag("all")?,
            paging: Paging::read(parameters)?,
        })
    }
}

/// Anomalies.
pub(crate) async fn anomalies<L>(
    State(state): State<AppState<L>>,
    headers: HeaderMap,
    Asked(AnomaliesQuery { since, all, paging }): Asked<AnomaliesQuery>,
) -> Result<Response, ApiError>
where
    L: LedgerStore + DocumentStore + Clone + 'static,
{
    // Data may end a while ago, so the default is known only from the heads of all bills.
    let view = match since {
        Some(since) => {
            let start = AnomalySearch::start_of(since);
            state.view(BillingPeriod::containing(start)).await?
        }
        None => state.view_of_all().await?,
    };
    let found = search(&view, Search { since, sensitivity: Sensitivity::default() }).await?;
    let shown: Vec<_> = found.shown(all).collect();
    // The parts of an anomaly are what makes an answer large.
    let part_counts = shown.iter().map(|(it, _)| 1 + it.parts.len() + it.also_in.len());
    let page = paging.page(part_counts, || {
        let mut fingerprint = Fingerprint::new();
        fingerprint.add("anomalies");
        fingerprint.add(all.to_string());
        fingerprint.add_option(found.since.map(|it| it.to_string()));
        for (anomaly, _) in &shown {
            fingerprint.add(anomaly.id.as_str());
            fingerprint.add(anomaly.excess.to_string());
        }
        fingerprint
    })?;
    let on_page = shown.get(page.items).into_iter().flatten().copied();
    tagged(&headers, &AnomaliesAnswer::new(&found, on_page, page.next_cursor))
}
