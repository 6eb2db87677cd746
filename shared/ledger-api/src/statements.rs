//! `GET /v1/statements`.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use ledger_app::lookup;
use ledger_app::ports::LedgerStore;
use ledger_core::access::Owners;
use ledger_core::owner::Owner;
use ledger_core::period::BillingPeriod;

use crate::AppState;
use crate::bodies::statements::{StatementsAnswer, statement_body};
use crate::parameters::{Pairs, Parameters, bad};
use crate::response::{ApiError, tagged};

/// `GET /v1/statements`.
pub(crate) async fn statements<L: LedgerStore + Clone + 'static>(
    State(state): State<AppState<L>>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, ApiError> {
    let parameters = Parameters::read(pairs, &["period", "owner", "cost_kind"], &[])?;
    let text = parameters.get("period").ok_or_else(|| {
        let message = "`period` is missing; expected a month such as `2026-11`";
        ApiError::bad_parameter("period", message.to_owned())
    })?;
    let period =
        BillingPeriod::parse(text).map_err(|_| bad("period", text, "a month such as `2026-11`"))?;
    let owners = parameters.get("owner").map_or(Owners::All, |it| Owners::one(Owner::parse(it)));
    let cost_kind = parameters.cost_kind()?;
    let view = state.view(period).await?;
    let statements = lookup::statements(&view, period, owners, cost_kind).await?;
    let body = StatementsAnswer {
        sample: state.sample,
        period: period.to_string(),
        cost_kind: cost_kind.as_str(),
        statements: statements.into_iter().map(statement_body).collect(),
    };
    tagged(&headers, &body)
}
