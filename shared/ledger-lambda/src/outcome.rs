//! Outcome of an error: Lambda tries again, or a person is alerted.
//!
//! A failure that may pass fails the invocation: Lambda tries again and then sends the event to the
//! failure destination. A permanent one would only fail again, so it is logged once with the
//! identity of its input, counted as [`PERMANENT_FAILURES`], and acknowledged.

use jiff::Timestamp;
use lambda_runtime::Diagnostic;
use ledger_app::causes::causes;
use ledger_app::ports::Retryable;
use serde_json::{Value, json};

use crate::metric::Metrics;

/// The metric of permanent failures, which no retry fixes. Its alarm calls a person.
pub const PERMANENT_FAILURES: &str = "PermanentFailures";

/// Why an event was not handled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The error with all its causes.
    pub message: String,
    /// Whether trying again may help.
    pub is_retryable: bool,
}

impl Failure {
    /// A failure that no retry fixes.
    pub fn permanent(message: impl Into<String>) -> Failure {
        Failure { message: message.into(), is_retryable: false }
    }
}

impl<E: Retryable> From<E> for Failure {
    fn from(err: E) -> Failure {
        Failure { message: causes(&err), is_retryable: err.is_retryable() }
    }
}

/// Fails an invocation, so that Lambda tries again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TryAgain(pub String);

impl From<TryAgain> for Diagnostic {
    fn from(TryAgain(message): TryAgain) -> Diagnostic {
        Diagnostic { error_type: "TryAgain".to_owned(), error_message: message }
    }
}

/// Logs a failure and decides whether Lambda sees it.
///
/// `input` names what the event was about, such as an object's key: never its content.
///
/// # Errors
///
/// [`TryAgain`] for a failure that may pass.
pub fn settle(
    input: &str,
    at: Timestamp,
    metrics: &Metrics,
    result: Result<Value, Failure>,
) -> Result<Value, TryAgain> {
    let Failure { message, is_retryable } = match result {
        Ok(answer) => return Ok(answer),
        Err(failure) => failure,
    };
    if is_retryable {
        tracing::warn!(input.id = input, error = message, "failed, and may pass: {message}");
        return Err(TryAgain(message));
    }
    tracing::error!(input.id = input, error = message, "failed for good: {message}");
    let fields = serde_json::Map::from_iter([("input.id".to_owned(), json!(input))]);
    metrics.put(at, PERMANENT_FAILURES, "Count", 1, fields);
    Ok(json!({ "failed": message, "input": input }))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use ledger_app::ports::StoreError;

    use super::*;

    /// The answer to Lambda, and the metric lines.
    fn settled(failure: Failure) -> (Result<Value, TryAgain>, Vec<Value>) {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&lines);
        let metrics = Metrics::to(move |line| {
            kept.lock().unwrap().push(serde_json::from_str(line).unwrap());
        });
        let at = Timestamp::from_millisecond(1_795_000_000_123).unwrap();
        let heard = settle("bill/manifest.json", at, &metrics, Err(failure));
        let lines = lines.lock().unwrap().clone();
        (heard, lines)
    }

    fn store_error(is_retryable: bool) -> Failure {
        let source = Arc::new(std::io::Error::other("slow\ndown"));
        StoreError::Unavailable { doing: "read rules".to_owned(), is_retryable, source }.into()
    }

    #[test]
    fn what_may_pass_fails_the_invocation() {
        let (heard, lines) = settled(store_error(true));
        assert_eq!(heard, Err(TryAgain("could not read rules: slow down".to_owned())));
        assert_eq!(lines, Vec::<Value>::new());
    }

    #[test]
    fn what_stays_is_counted_and_acknowledged() {
        let (heard, lines) = settled(store_error(false));
        let answer = heard.unwrap();
        assert_eq!(answer["failed"], "could not read rules: slow down");
        assert_eq!(answer["input"], "bill/manifest.json");
        let expected = json!({
            "_aws": {
                "Timestamp": 1_795_000_000_123_i64,
                "CloudWatchMetrics": [{
                    "Namespace": "Tollbook",
                    "Dimensions": [[]],
                    "Metrics": [{ "Name": "PermanentFailures", "Unit": "Count" }],
                }],
            },
            "PermanentFailures": 1,
            "input.id": "bill/manifest.json",
        });
        assert_eq!(lines, [expected]);
    }
}
