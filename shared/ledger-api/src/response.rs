//! Answers as bytes: JSON with a tag, and one form for every error.

use std::collections::BTreeMap;
use std::error::Error;

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use ledger_app::causes::causes;
use ledger_app::ports::Retryable;
use serde::Serialize;

use crate::fingerprint::Fingerprint;

/// An error response: only what the caller may see.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    details: BTreeMap<&'static str, Vec<String>>,
}

impl ApiError {
    /// A parameter is not what it should be.
    pub(crate) fn bad_parameter(name: &str, message: String) -> ApiError {
        ApiError::bad_request("bad_parameter", message).with("parameter", vec![name.to_owned()])
    }

    pub(crate) fn bad_request(code: &'static str, message: String) -> ApiError {
        ApiError { status: StatusCode::BAD_REQUEST, code, message, details: BTreeMap::new() }
    }

    pub(crate) fn uri_too_long(bytes_max: usize) -> ApiError {
        let message =
            format!("the path with its query is too long; expected at most {bytes_max} bytes");
        ApiError::too_much(StatusCode::URI_TOO_LONG, "uri_too_long", message)
    }

    pub(crate) fn headers_too_large(count_max: usize, bytes_max: usize) -> ApiError {
        let message = format!(
            "the headers are too many or too large; expected at most {count_max} with {bytes_max} bytes"
        );
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        ApiError::too_much(status, "headers_too_large", message)
    }

    pub(crate) fn body_too_large(bytes_max: u64) -> ApiError {
        let message =
            format!("the body is too large; expected none, or one of at most {bytes_max} bytes");
        ApiError::too_much(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message)
    }

    fn too_much(status: StatusCode, code: &'static str, message: String) -> ApiError {
        ApiError { status, code, message, details: BTreeMap::new() }
    }

    pub(crate) fn not_found(paths: &[&str]) -> ApiError {
        let paths = paths.join(", ");
        let message = format!("there is nothing here; expected /, /openapi.json, {paths}");
        ApiError {
            status: StatusCode::NOT_FOUND,
            code: "not_found",
            message,
            details: BTreeMap::new(),
        }
    }

    pub(crate) fn method_not_allowed() -> ApiError {
        ApiError {
            status: StatusCode::METHOD_NOT_ALLOWED,
            code: "method_not_allowed",
            message: "this only answers GET".to_owned(),
            details: BTreeMap::new(),
        }
    }

    /// A failure inside: the log gets the chain of causes, the caller a code and what to do.
    pub(crate) fn failed(err: &(dyn Error + 'static), is_retryable: bool) -> ApiError {
        tracing::error!(error = %causes(err), "a request was not answered");
        let (status, code, message) = if is_retryable {
            let message = "the ledger did not answer; try again";
            (StatusCode::SERVICE_UNAVAILABLE, "ledger_unavailable", message)
        } else {
            let message = "the answer could not be made; the log has the request id and the cause";
            (StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
        };
        ApiError { status, code, message: message.to_owned(), details: BTreeMap::new() }
    }

    pub(crate) fn with(mut self, name: &'static str, values: Vec<String>) -> ApiError {
        self.details.insert(name, values);
        self
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }
}

impl<E: Retryable> From<E> for ApiError {
    fn from(err: E) -> ApiError {
        ApiError::failed(&err, err.is_retryable())
    }
}

/// The envelope of every error.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Error))]
pub(crate) struct ErrorAnswer {
    error: ErrorBody,
}

/// An error.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct ErrorBody {
    /// A stable word for programs, such as `bad_parameter`.
    code: &'static str,
    /// One sentence about the request for a person.
    message: String,
    /// The parameter that is wrong, as `parameter`.
    details: BTreeMap<&'static str, Vec<String>>,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let ApiError { status, code, message, details } = self;
        let envelope = ErrorAnswer { error: ErrorBody { code, message, details } };
        (status, [(CACHE_CONTROL, "no-store")], axum::Json(envelope)).into_response()
    }
}

/// A JSON answer with a tag of its content; without a body if the caller has the same already.
pub(crate) fn tagged<T: Serialize>(headers: &HeaderMap, body: &T) -> Result<Response, ApiError> {
    let bytes = serde_json::to_vec(body).map_err(|err| ApiError::failed(&err, false))?;
    let mut content = Fingerprint::new();
    content.add(&bytes);
    let etag = format!("\"{}\"", content.finish());
    let known = headers.get_all(IF_NONE_MATCH).iter().filter_map(|it| it.to_str().ok()).any(|it| {
        it.split(',')
            .map(str::trim)
            .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
    });
    let head = [(ETAG, etag), (CACHE_CONTROL, "private, no-cache".to_owned())];
    Ok(if known {
        (StatusCode::NOT_MODIFIED, head).into_response()
    } else {
        (head, [(CONTENT_TYPE, "application/json")], bytes).into_response()
    })
}
