//! An answer that never arrives.

use std::io;

use axum::body::{Body, Bytes};
use axum::response::Response;
use futures_util::stream;

/// A response that makes the server drop the connection before it has written one byte.
///
/// A body that fails at its first frame does this: the server meets the failure while the head is
/// still in its buffer. The tests of both stand-ins pin it through a real client.
pub(crate) fn closed_connection() -> Response {
    let failure = io::Error::new(io::ErrorKind::ConnectionAborted, "closed without an answer");
    Response::new(Body::from_stream(stream::iter([Err::<Bytes, _>(failure)])))
}
