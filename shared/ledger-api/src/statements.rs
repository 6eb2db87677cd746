//! `GET /v1/statements`.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use ledger_app::lookup;
use ledger_app::periods::statements_of_month;
use ledger_app::ports::{ContentStore, DocumentStore, LedgerStore};
use ledger_core::access::Owners;
use ledger_core::cost::CostKind;
use ledger_core::coverage::missing_days;
use ledger_core::owner::Owner;
use ledger_core::period::BillingPeriod;
use ledger_core::statement::Statement;

use crate::bodies::statements::StatementFigures;
use crate::fingerprint::Fingerprint;
use crate::paging::Paging;
use crate::parameters::{Asked, Parameter, Parameters, RouteQuery};
use crate::response::{ApiError, tagged};
use crate::state::{AppState, Route};

/// The route.
pub(crate) const ROUTE: Route = Route {
    path: "/v1/statements",
    name: "statements",
    about: "Statements of a month, one for each owner and currency.",
    parameters: StatementsQuery::PARAMETERS,
};

/// The parameters.
pub(crate) struct StatementsQuery {
    period: BillingPeriod,
    owner: Option<Owner>,
    cost_kind: CostKind,
    paging: Paging,
}

impl RouteQuery for StatementsQuery {
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::PERIOD,
        Parameter::OWNER,
        Parameter::COST_KIND,
        Parameter::LIMIT,
        Parameter::CURSOR,
    ];

    fn read(parameters: &Parameters) -> Result<StatementsQuery, ApiError> {
        Ok(StatementsQuery {
            period: parameters.month()?,
            owner: parameters.get("owner").map(Owner::parse),
            cost_kind: parameters.cost_kind()?,
            paging: Paging::read(parameters)?,
        })
    }
}

/// The statements of a month.
pub(crate) async fn statements<L>(
    State(state): State<AppState<L>>,
    headers: HeaderMap,
    Asked(asked): Asked<StatementsQuery>,
) -> Result<Response, ApiError>
where
    L: LedgerStore + DocumentStore + ContentStore + Clone + 'static,
{
    let StatementsQuery { period, owner, cost_kind, paging } = asked;
    let view = state.view(period).await?;
    let owners = owner.clone().map_or(Owners::All, Owners::one);
    let all = statements_of_month(&view, period, owners, cost_kind).await?;
    let page = paging.page(all.iter().map(|it| it.lines.len()), || {
        fingerprint(period, owner.as_ref(), cost_kind, &all)
    })?;
    let figures = StatementFigures {
        period,
        cost_kind,
        data_up_to: view.data_up_to(),
        missing_days: &missing_days(view.heads(), period, view.now().today()),
        statements: all.get(page.items).unwrap_or_default(),
        findings: &lookup::findings_of_month(&view, period),
    };
    tagged(&headers, &figures.body(page.next_cursor))
}

/// The question and all statements.
fn fingerprint(
    period: BillingPeriod,
    owner: Option<&Owner>,
    cost_kind: CostKind,
    statements: &[Statement],
) -> Fingerprint {
    let mut fingerprint = Fingerprint::new();
    fingerprint.add("statements");
    fingerprint.add(period.to_string());
    fingerprint.add_option(owner.map(Owner::as_str));
    fingerprint.add(cost_kind.as_str());
    for statement in statements {
        fingerprint.add(statement.owner.as_str());
        fingerprint.add(statement.exact_total.to_string());
        fingerprint.add(statement.lines.len().to_string());
    }
    fingerprint
}
