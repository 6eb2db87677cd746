//! DynamoDB's operations over HTTP, each a call of the embedded database.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// DynamoDB takes bodies up to 16 MB.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The first version of DynamoDB's JSON protocol names operations with this in front.
const TARGET_PREFIX: &str = "DynamoDB_20120810.";

/// The interface of a database.
pub(super) fn router(database: Database) -> Router {
    Router::new()
        .route("/", post(answer))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(database)
}

async fn answer(State(database): State<Database>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").and_then(|it| it.to_str().ok());
    let operation = target.and_then(|it| it.strip_prefix(TARGET_PREFIX)).unwrap_or_default();
    let operation = operation.to_owned();
    // The database blocks, and answering one request must not hold up the others.
    let work = tokio::task::spawn_blocking(move || perform(&database, &operation, &body));
    let (status, body) = match work.await {
        Ok(Ok(body)) => (StatusCode::OK, body),
        Ok(Err(refused)) => refused,
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, fault("InternalServerError")),
    };
    (status, [(header::CONTENT_TYPE, "application/x-amz-json-1.0")], body).into_response()
}

/// An answer, or the status and body of an error.
type Answer = Result<Vec<u8>, (StatusCode, Vec<u8>)>;

/// The operations that a ledger needs, and those with which people look into one.
fn perform(database: &Database, operation: &str, body: &[u8]) -> Answer {
    match operation {
        "BatchGetItem" => call(body, |it| database.batch_get_item(it)),
        "BatchWriteItem" => call(body, |it| database.batch_write_item(it)),
        "CreateTable" => call(body, |it| database.create_table(it)),
        "DeleteItem" => call(body, |it| database.delete_item(it)),
        "DescribeTable" => call(body, |it| database.describe_table(it)),
        "DescribeTimeToLive" => call(body, |it| database.describe_time_to_live(it)),
        "GetItem" => call(body, |it| database.get_item(it)),
        "ListTables" => call(body, |it| database.list_tables(it)),
        "PutItem" => call(body, |it| database.put_item(it)),
        "Query" => call(body, |it| database.query(it)),
        "Scan" => call(body, |it| database.scan(it)),
        "TransactGetItems" => call(body, |it| database.transact_get_items(it)),
        "TransactWriteItems" => call(body, |it| database.transact_write_items(it)),
        "UpdateItem" => call(body, |it| database.update_item(it)),
        "UpdateTimeToLive" => call(body, |it| database.update_time_to_live(it)),
        _ => Err((StatusCode::BAD_REQUEST, fault("UnknownOperationException"))),
    }
}

fn call<Q: DeserializeOwned, A: Serialize>(
    body: &[u8],
    work: impl FnOnce(Q) -> Result<A, DynoxideError>,
) -> Answer {
    let malformed = |_| (StatusCode::BAD_REQUEST, fault("SerializationException"));
    let request = serde_json::from_slice(body).map_err(malformed)?;
    let answer = work(request).map_err(|err| {
        let status = StatusCode::from_u16(err.status_code()).unwrap_or(StatusCode::BAD_REQUEST);
        (status, err.to_json().into_bytes())
    })?;
    serde_json::to_vec(&answer)
        .map_err(|_| (StatusCode::INTERNAL_SERVER_ERROR, fault("InternalServerError")))
}

fn fault(code: &str) -> Vec<u8> {
    format!(r#"{{"__type":"com.amazon.coral.service#{code}"}}"#).into_bytes()
}
