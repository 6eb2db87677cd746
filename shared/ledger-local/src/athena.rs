//! A stand-in for AWS Athena that leaves the SQL to another engine.
//!
//! It speaks JSON 1.1, so the real SDK client talks to it, and answers `StartQueryExecution`,
//! `GetQueryExecution` and `StopQueryExecution` with the states and errors of the service. A result
//! is written where S3's stand-in finds it.
//!
//! Start reading at [`AthenaStandIn`].

use std::collections::VecDeque;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::closed_connection::closed_connection;

const TARGET_PREFIX: &str = "AmazonAthena.";

/// As in AWS.
const STATEMENT_BYTES_MAX: usize = 262_144;

/// An error of Athena: met by a request that deserves it, or queued with
/// [`AthenaStandIn::fail_next`].
///
/// - **Source:** the exceptions of the Athena API, in AWS's spelling. All arrive with HTTP status
///   400, [`StandInError::InternalServerException`] with 500.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StandInError {
    /// Too many queries at once, or too many requests a second.
    #[error("You have exceeded the limit for the number of queries you can run concurrently.")]
    TooManyRequestsException,
    /// A failure of the service, with HTTP status 500.
    #[error("An internal error occurred.")]
    InternalServerException,
    /// The request itself is wrong, as the message says.
    #[error("{0}")]
    InvalidRequestException(String),
    /// Not allowed, as the message says; not part of the API model.
    #[error("{0}")]
    AccessDeniedException(String),
    /// The request is done, but the connection is closed without an answer.
    #[error("the request is done and its answer lost")]
    LoseAnswer,
}

impl StandInError {
    fn code(&self) -> &'static str {
        match self {
            Self::TooManyRequestsException => "TooManyRequestsException",
            Self::InternalServerException => "InternalServerException",
            Self::InvalidRequestException(_) => "InvalidRequestException",
            Self::AccessDeniedException(_) => "AccessDeniedException",
            Self::LoseAnswer => "LoseAnswer",
        }
    }
}

/// How a query ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// With the result of the engine; where that fails, `FAILED` with its message.
    Succeeded,
    /// `FAILED`.
    Failed {
        /// Why.
        reason: String,
        /// Whether Athena says that the query may succeed when it is sent again.
        is_retryable: bool,
    },
    /// `CANCELLED`, by a person or a limit.
    Cancelled {
        /// Why.
        reason: String,
    },
    /// Not at all: it runs until it is stopped.
    Never,
}

/// A query that was started.
#[derive(Clone, Debug)]
pub struct Query {
    /// Its id.
    pub id: String,
    /// The SQL.
    pub statement: String,
    /// The database that it is about.
    pub database: String,
    /// The workgroup that it runs in.
    pub workgroup: String,
    /// The token that it was started with.
    pub request_token: String,
    /// The state in Athena's spelling.
    pub state: &'static str,
    /// Why it is in this state, where that is said.
    pub reason: Option<String>,
    output_location: String,
    end: End,
    is_retryable: bool,
}

type Engine = dyn Fn(&str) -> io::Result<Vec<u8>> + Send + Sync;

/// Athena, with an engine that runs its queries and buckets that are folders.
///
/// Clones share the queries and what is queued.
#[derive(Clone)]
pub struct AthenaStandIn {
    root: PathBuf,
    engine: Arc<Engine>,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    queries: Vec<Query>,
    ends: VecDeque<End>,
    /// Nothing where the request is answered.
    failures: VecDeque<Option<StandInError>>,
}

impl fmt::Debug for AthenaStandIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AthenaStandIn").field("root", &self.root).finish_non_exhaustive()
    }
}

impl AthenaStandIn {
    /// Writes results to `<root>/<bucket>/<key>`. The engine is given a statement and returns the
    /// result file: CSV with a header, all that is not null in quotes.
    pub fn new(
        root: PathBuf,
        engine: impl Fn(&str) -> io::Result<Vec<u8>> + Send + Sync + 'static,
    ) -> AthenaStandIn {
        AthenaStandIn { root, engine: Arc::new(engine), shared: Arc::default() }
    }

    /// How the next query that is started ends. Several wait in a queue.
    pub fn end_next(&self, end: End) {
        self.lock().ends.push_back(end);
    }

    /// Answers the next request with `error`, whatever it asks. Several errors wait in a queue.
    pub fn fail_next(&self, error: StandInError) {
        self.lock().failures.push_back(Some(error));
    }

    /// Answers the next request, whatever errors are queued after this.
    pub fn answer_next(&self) {
        self.lock().failures.push_back(None);
    }

    /// The queries that were started, oldest first.
    #[must_use]
    pub fn queries(&self) -> Vec<Query> {
        self.lock().queries.clone()
    }

    /// The service, for a listener of the caller's.
    pub fn router(&self) -> Router {
        Router::new().route("/", post(answer)).with_state(self.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // Nothing panics while it holds the lock, and each change is complete in itself.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, target: &str, body: &[u8]) -> Result<Value, StandInError> {
        let failure = self.lock().failures.pop_front().flatten();
        match failure {
            None => self.perform(target, body),
            // What is lost is the answer, whichever it was.
            Some(StandInError::LoseAnswer) => {
                let _ = self.perform(target, body);
                Err(StandInError::LoseAnswer)
            }
            Some(error) => Err(error),
        }
    }

    fn perform(&self, target: &str, body: &[u8]) -> Result<Value, StandInError> {
        match target.strip_prefix(TARGET_PREFIX) {
            Some("StartQueryExecution") => self.start(parse(body)?),
            Some("GetQueryExecution") => self.look(&parse::<ById>(body)?.query_execution_id),
            Some("StopQueryExecution") => self.stop(&parse::<ById>(body)?.query_execution_id),
            _ => Err(invalid("the operation is not known")),
        }
    }

    /// Starts a query, or finds the one that was started with this token.
    fn start(&self, request: StartRequest) -> Result<Value, StandInError> {
        let StartRequest { query_string, client_request_token, work_group, .. } = request;
        if query_string.len() > STATEMENT_BYTES_MAX {
            return Err(invalid("queryString is longer than 262144 bytes"));
        }
        let output_location = request.result_configuration.and_then(|it| it.output_location);
        let output_location = output_location.ok_or_else(|| {
            invalid("No output location provided. An output location is required")
        })?;
        let mut shared = self.lock();
        let known = shared.queries.iter().find(|it| it.request_token == client_request_token);
        if let Some(known) = known {
            if known.statement != query_string {
                return Err(invalid("Idempotent parameters do not match"));
            }
            return Ok(json!({ "QueryExecutionId": known.id }));
        }
        let id = format!("00000000-0000-4000-8000-{:012x}", shared.queries.len() + 1);
        let end = shared.ends.pop_front().unwrap_or(End::Succeeded);
        shared.queries.push(Query {
            id: id.clone(),
            statement: query_string,
            database: request
                .query_execution_context
                .and_then(|it| it.database)
                .unwrap_or_default(),
            workgroup: work_group.unwrap_or_else(|| "primary".to_owned()),
            request_token: client_request_token,
            state: "QUEUED",
            reason: None,
            output_location: format!("{}/{id}.csv", output_location.trim_end_matches('/')),
            end,
            is_retryable: false,
        });
        Ok(json!({ "QueryExecutionId": id }))
    }

    /// Shows a query, and lets it go on by one state: queued, running, ended.
    fn look(&self, id: &str) -> Result<Value, StandInError> {
        let mut query = self.query(id)?;
        let shown = shown(&query);
        match (query.state, query.end.clone()) {
            ("QUEUED", _) => query.state = "RUNNING",
            ("RUNNING", End::Succeeded) => match self.run(&query) {
                Ok(()) => query.state = "SUCCEEDED",
                Err(err) => (query.state, query.reason) = ("FAILED", Some(err.to_string())),
            },
            ("RUNNING", End::Failed { reason, is_retryable }) => {
                query.is_retryable = is_retryable;
                (query.state, query.reason) = ("FAILED", Some(reason));
            }
            ("RUNNING", End::Cancelled { reason }) => {
                (query.state, query.reason) = ("CANCELLED", Some(reason));
            }
            _ => {}
        }
        self.put(query);
        Ok(shown)
    }

    fn stop(&self, id: &str) -> Result<Value, StandInError> {
        let mut query = self.query(id)?;
        if ["QUEUED", "RUNNING"].contains(&query.state) {
            query.state = "CANCELLED";
            query.reason = Some("Query cancelled by user".to_owned());
            self.put(query);
        }
        Ok(json!({}))
    }

    fn query(&self, id: &str) -> Result<Query, StandInError> {
        let query = self.lock().queries.iter().find(|it| it.id == id).cloned();
        query.ok_or_else(|| invalid(&format!("QueryExecution {id} was not found")))
    }

    fn put(&self, query: Query) {
        let mut shared = self.lock();
        if let Some(place) = shared.queries.iter_mut().find(|it| it.id == query.id) {
            *place = query;
        }
    }

    fn run(&self, query: &Query) -> io::Result<()> {
        let result = (self.engine)(&query.statement)?;
        let key = query.output_location.strip_prefix("s3://").unwrap_or_default();
        let path = self.root.join(key);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("")))?;
        fs::write(path, result)
    }
}

/// **Source:** the request of `StartQueryExecution`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StartRequest {
    query_string: String,
    client_request_token: String,
    query_execution_context: Option<Context>,
    result_configuration: Option<ResultConfiguration>,
    work_group: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Context {
    database: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ResultConfiguration {
    output_location: Option<String>,
}

/// **Source:** the requests of `GetQueryExecution` and `StopQueryExecution`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ById {
    query_execution_id: String,
}

/// **Source:** `QueryExecution`, of which this is what a client needs.
fn shown(query: &Query) -> Value {
    let mut status = json!({ "State": query.state });
    if let (Some(reason), Some(status)) = (&query.reason, status.as_object_mut()) {
        status.insert("StateChangeReason".to_owned(), json!(reason));
        if query.state == "FAILED" {
            let error = json!({
                "ErrorCategory": if query.is_retryable { 1 } else { 2 },
                "Retryable": query.is_retryable,
                "ErrorMessage": reason,
            });
            status.insert("AthenaError".to_owned(), error);
        }
    }
    json!({
        "QueryExecution": {
            "QueryExecutionId": query.id,
            "Query": query.statement,
            "ResultConfiguration": { "OutputLocation": query.output_location },
            "Status": status,
            "WorkGroup": query.workgroup,
        }
    })
}

fn invalid(message: &str) -> StandInError {
    StandInError::InvalidRequestException(message.to_owned())
}

fn parse<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, StandInError> {
    serde_json::from_slice(body).map_err(|err| invalid(&err.to_string()))
}

async fn answer(
    State(stand_in): State<AthenaStandIn>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let target = headers.get("x-amz-target").and_then(|it| it.to_str().ok()).unwrap_or_default();
    let target = target.to_owned();
    // The engine blocks.
    let answered = tokio::task::spawn_blocking(move || stand_in.answer(&target, &body)).await;
    let (status, body) = match answered.unwrap_or(Err(StandInError::InternalServerException)) {
        Ok(body) => (StatusCode::OK, body),
        Err(StandInError::LoseAnswer) => return closed_connection(),
        Err(error) => {
            let status = match error {
                StandInError::InternalServerException => StatusCode::INTERNAL_SERVER_ERROR,
                _ => StatusCode::BAD_REQUEST,
            };
            (status, json!({ "__type": error.code(), "Message": error.to_string() }))
        }
    };
    let mut response = (status, body.to_string()).into_response();
    let content_type = HeaderValue::from_static("application/x-amz-json-1.1");
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}
