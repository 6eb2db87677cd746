//! Answers what was spent, by whom and against which budget: a JSON API and one page.
//!
//! [`router`] is the whole surface; it knows the ledger only by its ports, so the same routes run
//! in a Lambda function and on a laptop. It reads and never writes.

mod api;
mod chart;
pub mod config;
mod page;
mod response;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{HeaderName, HeaderValue};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::Timestamp;
use jiff::civil::Date;
use ledger_app::ports::{AlertStore, DocumentStore, LedgerStore};
use tracing::Instrument as _;

use crate::response::ApiError;

/// Names one request in the answer and in the log.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Says on every answer that the figures are made up.
const SAMPLE_DATA: HeaderName = HeaderName::from_static("x-tollbook-sample-data");

/// What the routes need.
#[derive(Clone, Debug)]
pub struct AppState<L> {
    /// The ledger.
    pub ledger: L,
    /// The current UTC day.
    pub today: fn() -> Date,
    /// Whether the ledger holds sample data: every page and answer says so.
    pub sample: bool,
}

/// The API under `/v1` and the page at `/`.
pub fn router<L>(state: AppState<L>) -> Router
where
    L: LedgerStore + AlertStore + DocumentStore + Clone + Send + Sync + 'static,
{
    let sample = state.sample;
    Router::new()
        .route("/", get(page::page::<L>))
        .route("/v1/costs", get(api::costs::<L>))
        .route("/v1/statements", get(api::statements::<L>))
        .route("/v1/budgets", get(api::budgets::<L>))
        .route("/v1/health", get(api::health::<L>))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(middleware::from_fn_with_state(sample, mark))
        .with_state(state)
}

async fn not_found() -> Response {
    ApiError::not_found().into_response()
}

async fn method_not_allowed() -> Response {
    ApiError::method_not_allowed().into_response()
}

/// Gives every answer a request id, and the log of the request the same.
async fn mark(State(sample): State<bool>, request: Request, next: Next) -> Response {
    static REQUESTS: AtomicU64 = AtomicU64::new(0);
    let count = REQUESTS.fetch_add(1, Ordering::Relaxed);
    let id = format!("{:x}-{count:x}", Timestamp::now().as_microsecond());
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
