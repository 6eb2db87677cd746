//! A stand-in for AWS S3 that serves folders as buckets.
//!
//! It answers `GetObject` (with `Range` and `If-Match`), `HeadObject` and `ListObjectsV2` with the
//! status codes, headers and errors of the service, so the real SDK client talks to it. Buckets are
//! addressed by path. It accepts no uploads: a file in a folder is an object, and a rewritten file
//! is an overwritten object.
//!
//! Start reading at [`S3StandIn`].

mod object;
mod xml;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path as UrlPath, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::{StreamExt as _, stream};
use serde::Deserialize;

use self::object::{Object, Span};
use crate::closed_connection::closed_connection;

/// The limit of `ListObjectsV2`.
const KEYS_PER_PAGE: usize = 1_000;

/// An error of S3: caused by the request, or queued with [`S3StandIn::fail_next`].
///
/// - **Source:** the error codes of the S3 API.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StandInError {
    /// `AccessDenied`, with HTTP status 403.
    #[error("Access Denied")]
    AccessDenied,
    /// `NoSuchBucket`, with HTTP status 404.
    #[error("The specified bucket does not exist")]
    NoSuchBucket,
    /// `NoSuchKey`, with HTTP status 404.
    #[error("The specified key does not exist.")]
    NoSuchKey,
    /// `PreconditionFailed`, with HTTP status 412: the object is not the one that `If-Match` names.
    #[error("At least one of the pre-conditions you specified did not hold")]
    PreconditionFailed,
    /// `InvalidRange`, with HTTP status 416: the object ends before the range.
    #[error("The requested range is not satisfiable")]
    InvalidRange,
    /// `InternalError`, with HTTP status 500.
    #[error("We encountered an internal error. Please try again.")]
    InternalError,
    /// `SlowDown`, with HTTP status 503: too many requests a second.
    #[error("Please reduce your request rate.")]
    SlowDown,
    /// The connection is closed without an answer.
    #[error("the connection is closed without an answer")]
    CloseConnection,
    /// Half of the answer's body is sent, then the connection is closed.
    #[error("the answer breaks off")]
    BreakOff,
}

impl StandInError {
    fn code(&self) -> &'static str {
        match self {
            Self::AccessDenied => "AccessDenied",
            Self::NoSuchBucket => "NoSuchBucket",
            Self::NoSuchKey => "NoSuchKey",
            Self::PreconditionFailed => "PreconditionFailed",
            Self::InvalidRange => "InvalidRange",
            Self::InternalError => "InternalError",
            Self::SlowDown => "SlowDown",
            Self::CloseConnection => "CloseConnection",
            Self::BreakOff => "BreakOff",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::AccessDenied => StatusCode::FORBIDDEN,
            Self::NoSuchBucket | Self::NoSuchKey => StatusCode::NOT_FOUND,
            Self::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Self::InvalidRange => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::SlowDown => StatusCode::SERVICE_UNAVAILABLE,
            Self::InternalError | Self::CloseConnection | Self::BreakOff => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        }
    }
}

/// A request that was answered with an object, or part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// The key of the object.
    pub key: String,
    /// Offset in the object at which the answer begins, in bytes.
    pub start: u64,
    /// Length of the answer, in bytes.
    pub bytes: u64,
}

/// S3, with the folders below one folder as its buckets.
///
/// Clones share the queued errors and the list of served requests.
#[derive(Clone, Debug)]
pub struct S3StandIn {
    root: PathBuf,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    failures: VecDeque<StandInError>,
    served: Vec<Served>,
}

impl S3StandIn {
    /// Serves `<root>/<bucket>/<key>`; files and buckets can come and go meanwhile.
    #[must_use]
    pub fn new(root: PathBuf) -> Self {
        Self { root, shared: Arc::default() }
    }

    /// Answers the next request with `error`, regardless of its content. Several errors wait in a
    /// queue.
    pub fn fail_next(&self, error: StandInError) {
        self.lock().failures.push_back(error);
    }

    /// The requests served so far, oldest first.
    #[must_use]
    pub fn served(&self) -> Vec<Served> {
        self.lock().served.clone()
    }

    /// The router of the service, for the caller's own listener.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/{bucket}", get(list))
            .route("/{bucket}/", get(list))
            .route("/{bucket}/{*key}", get(object))
            .with_state(self.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // Nothing panics while it holds the lock, and each change is complete in itself.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failure(&self) -> Option<StandInError> {
        self.lock().failures.pop_front()
    }

    fn bucket(&self, name: &str) -> Result<PathBuf, StandInError> {
        let path = below(&self.root, name).filter(|it| it.is_dir());
        path.ok_or(StandInError::NoSuchBucket)
    }

    fn object(
        &self,
        bucket: &str,
        key: &str,
        headers: &HeaderMap,
    ) -> Result<(Object, Span), StandInError> {
        let path = below(&self.bucket(bucket)?, key).ok_or(StandInError::NoSuchKey)?;
        let object = Object::open(&path).map_err(|err| match err.kind() {
            io::ErrorKind::NotFound => StandInError::NoSuchKey,
            _ => not_read(&err),
        })?;
        let text = |name: HeaderName| headers.get(name).and_then(|it| it.to_str().ok());
        if text(header::IF_MATCH).is_some_and(|it| it != "*" && it != object.etag) {
            return Err(StandInError::PreconditionFailed);
        }
        let span = object.span(text(header::RANGE))?;
        Ok((object, span))
    }

    fn page(&self, bucket: &str, query: &ListQuery) -> Result<String, StandInError> {
        let keys = object::keys(&self.bucket(bucket)?).map_err(|err| not_read(&err))?;
        let page_size = query.max_keys.unwrap_or(KEYS_PER_PAGE).min(KEYS_PER_PAGE);
        let behind = query.continuation_token.as_deref().unwrap_or_default();
        let mut keys = keys.into_iter().filter(|(key, _)| key.starts_with(&query.prefix));
        let mut keys = keys.by_ref().filter(|(key, _)| key.as_str() > behind);
        let page: Vec<(String, Object)> = keys.by_ref().take(page_size).collect();
        let next = keys.next().and_then(|_| page.last().map(|(key, _)| key.clone()));
        Ok(xml::listing(bucket, &query.prefix, &page, next.as_deref()))
    }
}

/// **Source:** the parameters of `ListObjectsV2`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct ListQuery {
    #[serde(default)]
    prefix: String,
    continuation_token: Option<String>,
    max_keys: Option<usize>,
}

/// A path below a folder; `None` where it would lead out of it.
fn below(folder: &Path, key: &str) -> Option<PathBuf> {
    let path = Path::new(key);
    let is_plain = path.components().all(|it| matches!(it, Component::Normal(_)));
    // `a//b` and `a/b` are one file but two objects of S3.
    (is_plain && !key.is_empty() && !key.contains("//")).then(|| folder.join(path))
}

fn not_read(err: &io::Error) -> StandInError {
    tracing::error!(error = %err, "could not read an object");
    StandInError::InternalError
}

async fn list(
    State(stand_in): State<S3StandIn>,
    UrlPath(bucket): UrlPath<String>,
    Query(query): Query<ListQuery>,
) -> Response {
    if let Some(error) = stand_in.failure() {
        return refusal(&error);
    }
    let listing = tokio::task::spawn_blocking(move || stand_in.page(&bucket, &query)).await;
    match listing.unwrap_or(Err(StandInError::InternalError)) {
        Ok(listing) => {
            (StatusCode::OK, [(header::CONTENT_TYPE, "application/xml")], listing).into_response()
        }
        Err(error) => refusal(&error),
    }
}

async fn object(
    State(stand_in): State<S3StandIn>,
    UrlPath((bucket, key)): UrlPath<(String, String)>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let failure = stand_in.failure();
    let breaks_off = failure == Some(StandInError::BreakOff);
    if let Some(error) = failure.filter(|_| !breaks_off) {
        return refusal(&error);
    }
    let reading = stand_in.clone();
    let read = move || {
        let (object, span) = reading.object(&bucket, &key, &headers)?;
        let is_head = method == Method::HEAD;
        let body =
            if is_head { Vec::new() } else { object.read(span).map_err(|it| not_read(&it))? };
        if !is_head {
            let served = Served { key, start: span.start, bytes: span.length };
            reading.lock().served.push(served);
        }
        Ok((object, span, body))
    };
    let read = tokio::task::spawn_blocking(read).await;
    match read.unwrap_or(Err(StandInError::InternalError)) {
        Ok((object, span, body)) => answer(&object, span, body, breaks_off),
        Err(error) => refusal(&error),
    }
}

fn answer(object: &Object, span: Span, body: Vec<u8>, breaks_off: bool) -> Response {
    let body = if breaks_off {
        let half = Bytes::copy_from_slice(body.get(..body.len() / 2).unwrap_or_default());
        let failure = async {
            // The server sends what it has whenever it has to wait for more.
            tokio::task::yield_now().await;
            Err(io::Error::new(io::ErrorKind::ConnectionAborted, "the answer breaks off"))
        };
        Body::from_stream(stream::iter([Ok(half)]).chain(stream::once(failure)))
    } else {
        Body::from(body)
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    };
    set(header::ACCEPT_RANGES, "bytes".to_owned());
    set(header::CONTENT_TYPE, "binary/octet-stream".to_owned());
    set(header::CONTENT_LENGTH, span.length.to_string());
    set(header::ETAG, object.etag.clone());
    set(header::LAST_MODIFIED, object.modified_http());
    if span.is_part {
        let last = span.start.saturating_add(span.length).saturating_sub(1);
        set(header::CONTENT_RANGE, format!("bytes {}-{last}/{}", span.start, object.bytes));
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    response
}

fn refusal(error: &StandInError) -> Response {
    if matches!(error, StandInError::CloseConnection | StandInError::BreakOff) {
        return closed_connection();
    }
    let headers = [(header::CONTENT_TYPE, "application/xml")];
    (error.status(), headers, xml::error(error)).into_response()
}
