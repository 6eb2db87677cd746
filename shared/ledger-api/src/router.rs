//! The routes, and what holds for each of them: limits on a request, an id on each answer.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::HttpBody as _;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::Timestamp;
use ledger_app::ports::{AlertStore, ContentStore, DocumentStore, LedgerStore};
use tracing::Instrument as _;

use crate::response::ApiError;
use crate::state::{AppState, Route};
use crate::{
    anomalies, budgets, costs, forecasts, health, journals, owners, page, periods, statements,
};

/// Names one request in the answer and in the log.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Says on every answer that the figures are made up.
const SAMPLE_DATA: HeaderName = HeaderName::from_static("x-tollbook-sample-data");

/// The longest path with its query: as much as API Gateway takes with all headers.
pub const URI_BYTES_MAX: usize = 8 * 1024;

/// Nothing here reads a body; a client may send a small one all the same.
const BODY_BYTES_MAX: u64 = 1024;

/// More than any well-behaved client sends.
const HEADERS_MAX: usize = 100;
const HEADER_BYTES_MAX: usize = 32 * 1024;

/// The API under `/v1` and the page at `/`.
pub fn router<L>(state: AppState<L>) -> Router
where
    L: LedgerStore + AlertStore + DocumentStore + ContentStore + Clone + Send + Sync + 'static,
{
    let sample = state.sample;
    Router::new()
        .route("/", get(page::page::<L>))
        .route("/openapi.json", get(openapi))
        .route(costs::ROUTE.path, get(costs::costs::<L>))
        .route(owners::ROUTE.path, get(owners::owners::<L>))
        .route(statements::ROUTE.path, get(statements::statements::<L>))
        .route(budgets::ROUTE.path, get(budgets::budgets::<L>))
        .route(anomalies::ROUTE.path, get(anomalies::anomalies::<L>))
        .route(forecasts::ROUTE.path, get(forecasts::forecasts::<L>))
        .route(periods::ROUTE.path, get(periods::periods::<L>))
        .route(journals::ROUTE.path, get(journals::journals::<L>))
        .route(health::ROUTE.path, get(health::health::<L>))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(middleware::from_fn(refuse_too_much))
        .layer(middleware::from_fn_with_state(sample, mark))
        .with_state(state)
}

/// The routes under `/v1`.
pub(crate) const ROUTES: [Route; 9] = [
    costs::ROUTE,
    owners::ROUTE,
    statements::ROUTE,
    budgets::ROUTE,
    anomalies::ROUTE,
    forecasts::ROUTE,
    periods::ROUTE,
    journals::ROUTE,
    health::ROUTE,
];

/// The description of the API: the committed document, so that no binary has to make it.
const OPENAPI: &str = include_str!("../../../docs/openapi.json");

async fn openapi() -> Response {
    ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-cache")], OPENAPI).into_response()
}

async fn not_found() -> Response {
    let paths: Vec<&str> = ROUTES.iter().map(|it| it.path).collect();
    ApiError::not_found(&paths).into_response()
}

async fn method_not_allowed() -> Response {
    ApiError::method_not_allowed().into_response()
}

/// Refuses what no question needs, before anything is read.
async fn refuse_too_much(request: Request, next: Next) -> Response {
    let (uri, headers) = (request.uri(), request.headers());
    let uri_bytes = uri.path().len() + uri.query().map_or(0, str::len);
    let header_bytes: usize = headers.iter().map(|(name, it)| name.as_str().len() + it.len()).sum();
    let stated = headers.get(CONTENT_LENGTH).and_then(|it| it.to_str().ok()?.parse().ok());
    let body_bytes = request.body().size_hint().lower().max(stated.unwrap_or(0));
    if uri_bytes > URI_BYTES_MAX {
        return ApiError::uri_too_long(URI_BYTES_MAX).into_response();
    }
    if headers.len() > HEADERS_MAX || header_bytes > HEADER_BYTES_MAX {
        return ApiError::headers_too_large(HEADERS_MAX, HEADER_BYTES_MAX).into_response();
    }
    if body_bytes > BODY_BYTES_MAX {
        return ApiError::body_too_large(BODY_BYTES_MAX).into_response();
    }
    next.run(request).await
}

/// The id that the server in front of the router gave a request, as an extension of the request.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// The id given to a request; without one that a header can hold, an id of our own.
fn request_id(request: &Request) -> String {
    static REQUESTS: AtomicU64 = AtomicU64::new(0);
    let given = request.extensions().get::<RequestId>().map(|it| it.0.as_str());
    let given = given.filter(|it| !it.is_empty() && HeaderValue::from_str(it).is_ok());
    given.map_or_else(
        || {
            let count = REQUESTS.fetch_add(1, Ordering::Relaxed);
            format!("{:x}-{count:x}", Timestamp::now().as_microsecond())
        },
        str::to_owned,
    )
}

/// Gives every answer a request id, and the log of the request the same.
async fn mark(State(sample): State<bool>, request: Request, next: Next) -> Response {
    let id = request_id(&request);
    let span = tracing::info_span!("request", request.id = %id, path = request.uri().path());
    let mut response = next.run(request).instrument(span).await;
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    if sample {
        headers.insert(SAMPLE_DATA, HeaderValue::from_static("true"));
    }
    response
}
