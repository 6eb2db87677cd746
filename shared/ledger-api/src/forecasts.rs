//! `GET /v1/forecasts`.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use jiff::civil::Date;
use ledger_app::forecast::{Asked as Window, ForecastError, first_month, forecasts as forecast};
use ledger_app::ports::LedgerStore;
use ledger_core::cost::CostKind;
use ledger_core::currency::Currency;
use ledger_core::dimension::Scope;

use crate::bodies::forecasts::ForecastBody;
use crate::parameters::{Asked, Form, Parameter, Parameters, RouteQuery};
use crate::response::{ApiError, tagged};
use crate::state::{AppState, Route};

/// The route.
pub(crate) const ROUTE: Route = Route {
    path: "/v1/forecasts",
    name: "forecasts",
    about: "The cost of a window to its end, with a range.",
    parameters: ForecastsQuery::PARAMETERS,
};

/// The parameters.
pub(crate) struct ForecastsQuery {
    from: Option<Date>,
    to: Option<Date>,
    scope: Scope,
    cost_kind: CostKind,
    currency: Option<Currency>,
}

const FROM: Parameter = Parameter::optional(
    "from",
    Form::Day,
    "The first day; by default the first of the month of the last day with data.",
);
const TO: Parameter = Parameter::optional(
    "to",
    Form::Day,
    "The day after the last; by default the end of that month. At most 366 days after the last day with \
     data.",
);
const CURRENCY: Parameter = Parameter::optional(
    "currency",
    Form::Currency,
    "The currency, by ISO 4217; needed where there are costs in several.",
);

impl RouteQuery for ForecastsQuery {
    const PARAMETERS: &'static [Parameter] =
        &[FROM, TO, Parameter::WHERE, Parameter::COST_KIND, CURRENCY];

    fn read(parameters: &Parameters) -> Result<ForecastsQuery, ApiError> {
        Ok(ForecastsQuery {
            from: parameters.day("from")?,
            to: parameters.day("to")?,
            scope: parameters.scope()?,
            cost_kind: parameters.cost_kind()?,
            currency: parameters.currency()?,
        })
    }
}

/// A forecast.
pub(crate) async fn forecasts<L: LedgerStore + Clone + 'static>(
    State(state): State<AppState<L>>,
    headers: HeaderMap,
    Asked(asked): Asked<ForecastsQuery>,
) -> Result<Response, ApiError> {
    let ForecastsQuery { from, to, scope, cost_kind, currency } = asked;
    // Data may end a while ago, so the default is known only from the heads of all bills.
    let view = match from {
        Some(from) => state.view(first_month(from)).await?,
        None => state.view_of_all().await?,
    };
    let window = Window { scope: scope.into(), cost_kind, from, to, currency };
    let forecast = forecast(&view, window).await.map_err(|err| match err {
        ForecastError::Refused(message) => ApiError::bad_request("no_forecast", message),
        ForecastError::Lookup(err) => err.into(),
    })?;
    tagged(&headers, &ForecastBody::from(&forecast))
}
