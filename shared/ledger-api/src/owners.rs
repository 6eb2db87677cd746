//! `GET /v1/owners`.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use ledger_app::lookup;
use ledger_app::overview::grouped;
use ledger_app::ports::LedgerStore;
use ledger_core::cost::CostKind;
use ledger_core::dimension::Dimension;
use ledger_core::period::BillingPeriod;
use ledger_core::report::ReportQuery;

use crate::bodies::owners::{OwnersAnswer, owners_of};
use crate::bodies::values::Day;
use crate::fingerprint::Fingerprint;
use crate::paging::Paging;
use crate::parameters::{Asked, Parameter, Parameters, RouteQuery, Span};
use crate::response::{ApiError, tagged};
use crate::state::{AppState, Route};

/// The route.
pub(crate) const ROUTE: Route = Route {
    path: "/v1/owners",
    name: "owners",
    about: "Owners with a cost in a period.",
    parameters: OwnersQuery::PARAMETERS,
};

/// The parameters.
pub(crate) struct OwnersQuery {
    span: Span,
    cost_kind: CostKind,
    paging: Paging,
}

impl RouteQuery for OwnersQuery {
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::FROM,
        Parameter::TO,
        Parameter::COST_KIND,
        Parameter::LIMIT,
        Parameter::CURSOR,
    ];

    fn read(parameters: &Parameters) -> Result<OwnersQuery, ApiError> {
        Ok(OwnersQuery {
            span: parameters.span()?,
            cost_kind: parameters.cost_kind()?,
            paging: Paging::read(parameters)?,
        })
    }
}

/// The owners of a period.
pub(crate) async fn owners<L: LedgerStore + Clone + 'static>(
    State(state): State<AppState<L>>,
    headers: HeaderMap,
    Asked(OwnersQuery { span, cost_kind, paging }): Asked<OwnersQuery>,
) -> Result<Response, ApiError> {
    let period = span.period(state.now().today())?;
    let query = ReportQuery { cost_kind, ..grouped(period, vec![Dimension::Owner]) };
    let view = state.view(BillingPeriod::containing(period.start())).await?;
    let answer = lookup::report(&view, &query).await?;
    let mut owners = owners_of(&answer);
    let page = paging.page(owners.iter().map(|_| 1), || {
        let mut fingerprint = Fingerprint::new();
        fingerprint.add("owners");
        fingerprint.add(period.to_string());
        fingerprint.add(cost_kind.as_str());
        for owner in &owners {
            fingerprint.add(&owner.owner);
        }
        fingerprint
    })?;
    let body = OwnersAnswer {
        from: Day(period.start()),
        to: Day(period.end()),
        data_up_to: answer.data_up_to.map(Day),
        cost_kind: cost_kind.into(),
        owners: owners.drain(page.items).collect(),
        next_cursor: page.next_cursor,
    };
    tagged(&headers, &body)
}
