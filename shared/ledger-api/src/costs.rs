//! `GET /v1/costs`.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use ledger_app::lookup;
use ledger_app::ports::LedgerStore;
use ledger_core::cost::CostKind;
use ledger_core::currency::Currency;
use ledger_core::dimension::{Dimension, Scope};
use ledger_core::period::BillingPeriod;
use ledger_core::report::ReportQuery;

use crate::bodies::costs::CostsFigures;
use crate::fingerprint::Fingerprint;
use crate::paging::Paging;
use crate::parameters::{Asked, Parameter, Parameters, RouteQuery, Span};
use crate::response::{ApiError, tagged};
use crate::state::{AppState, Route};

/// The route.
pub(crate) const ROUTE: Route = Route {
    path: "/v1/costs",
    name: "costs",
    about: "Totals of a period, grouped.",
    parameters: CostsQuery::PARAMETERS,
};

/// The parameters.
pub(crate) struct CostsQuery {
    span: Span,
    group_by: Vec<Dimension>,
    scope: Scope,
    cost_kind: CostKind,
    currency: Option<Currency>,
    paging: Paging,
}

impl RouteQuery for CostsQuery {
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::FROM,
        Parameter::TO,
        Parameter::GROUP_BY,
        Parameter::WHERE,
        Parameter::COST_KIND,
        Parameter::CURRENCY,
        Parameter::LIMIT,
        Parameter::CURSOR,
    ];

    fn read(parameters: &Parameters) -> Result<CostsQuery, ApiError> {
        Ok(CostsQuery {
            span: parameters.span()?,
            group_by: parameters.group_by()?,
            scope: parameters.scope()?,
            cost_kind: parameters.cost_kind()?,
            currency: parameters.currency()?,
            paging: Paging::read(parameters)?,
        })
    }
}

/// Totals of a period.
pub(crate) async fn costs<L: LedgerStore + Clone + 'static>(
    State(state): State<AppState<L>>,
    headers: HeaderMap,
    Asked(asked): Asked<CostsQuery>,
) -> Result<Response, ApiError> {
    let CostsQuery { span, group_by: by, scope, cost_kind, currency, paging } = asked;
    let period = span.period(state.now().today())?;
    let query = ReportQuery { period, by, scope, cost_kind };
    let view = state.view(BillingPeriod::containing(period.start())).await?;
    let (answer, reconciled) = lookup::report_beside_sources(&view, &query).await?;
    let (answer, reconciled) = (&answer, reconciled.as_slice());
    let figures = CostsFigures { query: &query, currency, answer, reconciled };
    let part_counts: Vec<usize> = figures.rows().map(|_| 1).collect();
    let page = paging.page(part_counts.into_iter(), || fingerprint(&figures))?;
    tagged(&headers, &figures.body(Some(page.items), page.next_cursor))
}

/// The question and all rows.
fn fingerprint(figures: &CostsFigures<'_>) -> Fingerprint {
    let ReportQuery { period, by, scope, cost_kind } = figures.query;
    let mut fingerprint = Fingerprint::new();
    fingerprint.add("costs");
    fingerprint.add(period.to_string());
    fingerprint.add(cost_kind.as_str());
    fingerprint.add_option(figures.currency.map(|it| it.to_string()));
    fingerprint.add(by.len().to_string());
    for dimension in by {
        fingerprint.add(dimension.to_string());
    }
    for (dimension, values) in &scope.0 {
        for value in values {
            fingerprint.add(dimension.to_string());
            fingerprint.add(value);
        }
    }
    fingerprint.add("rows");
    for row in figures.rows() {
        for key in &row.keys {
            fingerprint.add_option(key.as_deref());
        }
        fingerprint.add(row.cost.to_string());
    }
    fingerprint
}
