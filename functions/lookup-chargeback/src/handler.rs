//! From an event of API Gateway to a request that the router can answer.
//!
//! `lambda_http` makes an HTTP request of an event and panics at a `Host` that is no host, a query
//! that is no query or a body that is not base64. None of these says anything about costs, so
//! [`service`] removes them first. Requests that are too large stay so: the router refuses them.

use axum::Router;
use axum::extract::Request;
use axum::middleware::map_request;
use axum::response::Response;
use lambda_http::http::header::{CONTENT_LENGTH, HOST, HeaderName, HeaderValue};
use lambda_http::request::{LambdaRequest, RequestContext};
use lambda_http::{Adapter, LambdaEvent};
use ledger_api::{RequestId, URI_BYTES_MAX};
use tower::ServiceExt as _;
use tower::util::MapRequest;

const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

type Event = LambdaEvent<LambdaRequest>;

/// The service that the Lambda runtime calls with each event.
pub fn service(
    router: Router,
) -> MapRequest<Adapter<'static, Response, Router>, fn(Event) -> Event> {
    Adapter::from(router.layer(map_request(with_id))).map_request(plain)
}

/// Passes the id that API Gateway gave a request to the router.
async fn with_id(mut request: Request) -> Request {
    let id = match request.extensions().get::<RequestContext>() {
        Some(RequestContext::ApiGatewayV2(context)) => context.request_id.clone(),
        _ => None,
    };
    if let Some(id) = id {
        request.extensions_mut().insert(RequestId(id));
    }
    request
}

/// The same question as an event that always becomes a request.
fn plain(event: Event) -> Event {
    let LambdaEvent { payload, context } = event;
    let payload = match payload {
        LambdaRequest::ApiGatewayV2(mut request) => {
            let context = &mut request.request_context;
            let stage = context.stage.take().unwrap_or_default();
            context.domain_name = None;
            let path = request.raw_path.unwrap_or_default();
            request.raw_path = Some(encoded(&path_in_stage(&path, &stage)));
            request.raw_query_string = request.raw_query_string.as_deref().map(encoded);
            // Only its length is of interest: nothing here reads a body.
            let body_bytes = request.body.take().map_or(0, |it| it.len());
            request.is_base64_encoded = false;
            request.headers.remove(HOST);
            request.headers.remove(FORWARDED_PROTO);
            request.headers.insert(CONTENT_LENGTH, HeaderValue::from(body_bytes));
            LambdaRequest::ApiGatewayV2(request)
        }
        other => other,
    };
    LambdaEvent { payload, context }
}

/// The path without its stage: one other than the default comes before each path.
fn path_in_stage(path: &str, stage: &str) -> String {
    let rest = path.strip_prefix('/').unwrap_or(path);
    let rest = match rest.strip_prefix(stage) {
        Some(inner) if !stage.is_empty() && (inner.is_empty() || inner.starts_with('/')) => {
            inner.strip_prefix('/').unwrap_or(inner)
        }
        _ => rest,
    };
    format!("/{rest}")
}

/// Text with everything that no URI may hold as `%XX`. One byte more than the limit is kept, so that
/// the router sees that it is too long.
fn encoded(text: &str) -> String {
    const RESERVED: &[u8] = b"\"#<>?\\^`{|}";
    let mut encoded = String::new();
    for byte in text.bytes() {
        if encoded.len() > URI_BYTES_MAX {
            break;
        }
        if byte.is_ascii_graphic() && !RESERVED.contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stage_is_taken_off_once() {
        for (path, stage, expected) in [
            ("/v1/costs", "$default", "/v1/costs"),
            ("/prod/v1/costs", "prod", "/v1/costs"),
            ("/prod", "prod", "/"),
            ("/production/v1/costs", "prod", "/production/v1/costs"),
            ("/v1/costs", "", "/v1/costs"),
            ("v1/costs", "", "/v1/costs"),
            ("", "", "/"),
            ("//elsewhere/x", "", "//elsewhere/x"),
        ] {
            assert_eq!(path_in_stage(path, stage), expected);
        }
    }

    #[test]
    fn what_no_uri_can_hold_is_encoded() {
        assert_eq!(encoded("a=b&c=%20"), "a=b&c=%20");
        assert_eq!(encoded("a b\u{e9}\"{\n"), "a%20b%C3%A9%22%7B%0A");
        assert_eq!(encoded(&"x".repeat(URI_BYTES_MAX + 9)).len(), URI_BYTES_MAX + 1);
    }
}
