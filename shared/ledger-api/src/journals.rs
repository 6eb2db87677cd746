//! `GET /v1/journals`.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use ledger_app::periods::{book, posted_journals};
use ledger_app::ports::{ContentStore, DocumentStore, LedgerStore};
use ledger_core::period::BillingPeriod;

use crate::bodies::journals::{JournalBody, JournalsAnswer};
use crate::fingerprint::Fingerprint;
use crate::paging::Paging;
use crate::parameters::{Asked, Parameter, Parameters, RouteQuery};
use crate::response::{ApiError, tagged};
use crate::state::{AppState, Route};

/// The route.
pub(crate) const ROUTE: Route = Route {
    path: "/v1/journals",
    name: "journals",
    about: "Journals that were posted of a month: those of its accrual and of its closing.",
    parameters: JournalsQuery::PARAMETERS,
};

/// The parameters.
pub(crate) struct JournalsQuery {
    period: BillingPeriod,
    paging: Paging,
}

impl RouteQuery for JournalsQuery {
    const PARAMETERS: &'static [Parameter] =
        &[Parameter::PERIOD, Parameter::LIMIT, Parameter::CURSOR];

    fn read(parameters: &Parameters) -> Result<JournalsQuery, ApiError> {
        Ok(JournalsQuery { period: parameters.month()?, paging: Paging::read(parameters)? })
    }
}

/// The journals that were posted of a month, always with the same bytes. They are of whole bills: a caller who
/// may not see these sees none.
pub(crate) async fn journals<L>(
    State(state): State<AppState<L>>,
    headers: HeaderMap,
    Asked(JournalsQuery { period, paging }): Asked<JournalsQuery>,
) -> Result<Response, ApiError>
where
    L: LedgerStore + DocumentStore + ContentStore + Clone + 'static,
{
    let posted = match state.sees_everything() {
        true => posted_journals(&state.ledger, &book(&state.ledger).await?, period).await?,
        false => Vec::new(),
    };
    let page = paging.page(posted.iter().map(|it| it.lines.len()), || {
        let mut fingerprint = Fingerprint::new();
        fingerprint.add("journals");
        fingerprint.add(period.to_string());
        posted.iter().for_each(|it| fingerprint.add(&it.content_hash));
        fingerprint
    })?;
    let on_page = posted.get(page.items).unwrap_or_default();
    let body = JournalsAnswer {
        period: period.to_string(),
        journals: on_page.iter().map(JournalBody::of).collect::<Result<_, _>>()?,
        next_cursor: page.next_cursor,
    };
    tagged(&headers, &body)
}
