//! Metrics by way of the log: CloudWatch's embedded metric format.
//!
//! A line costs nothing to send and needs no permission. Metrics have no dimensions, since each
//! combination of values is one more metric to pay for; what else is of interest is a field of the
//! line, which Logs Insights can ask for.

use std::fmt;
use std::io::Write as _;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// The namespace of all metrics.
pub const NAMESPACE: &str = "Tollbook";

/// Where metrics go.
#[derive(Clone)]
pub struct Metrics(Arc<dyn Fn(&str) + Send + Sync>);

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

impl Metrics {
    /// To standard output, where CloudWatch Logs finds them.
    pub fn stdout() -> Metrics {
        Metrics::to(|line| {
            // Without standard output there is no place to report the failure either.
            let _ = writeln!(std::io::stdout().lock(), "{line}");
        })
    }

    /// To another destination, line by line.
    pub fn to(write: impl Fn(&str) + Send + Sync + 'static) -> Metrics {
        Metrics(Arc::new(write))
    }

    /// Writes one value, with fields beside it that are not metrics.
    ///
    /// - **Shape:** `unit` is one of CloudWatch's, such as `Count`, or `None` where it has no word.
    pub fn put(
        &self,
        at: Timestamp,
        name: &str,
        unit: &str,
        value: i64,
        fields: Map<String, Value>,
    ) {
        let mut line = fields;
        let metrics = json!([{ "Name": name, "Unit": unit }]);
        let directive = json!([{ "Namespace": NAMESPACE, "Dimensions": [[]], "Metrics": metrics }]);
        let about = json!({ "Timestamp": at.as_millisecond(), "CloudWatchMetrics": directive });
        line.insert("_aws".to_owned(), about);
        line.insert(name.to_owned(), json!(value));
        (self.0)(&Value::Object(line).to_string());
    }
}
