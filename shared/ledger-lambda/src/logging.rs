//! Logs: one JSON object a line, each with the request id of its invocation.

use tracing::Subscriber;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// The release of Tollbook, which is the version of every crate.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The level unless `LOG_LEVEL` names another.
pub const DEFAULT_LEVEL: LevelFilter = LevelFilter::INFO;

/// Logs to standard output from now on. A second call changes nothing.
pub(crate) fn start(function: &'static str, level: LevelFilter) {
    // It only fails when logging was started before.
    let _ = subscriber(function, level, std::io::stdout).try_init();
    tracing::info!(product.version = VERSION, "Tollbook {VERSION}");
}

/// `level` is of our own crates. Others may warn and no more: below that they write down requests
/// and answers, which are full of names and tag values.
fn subscriber(
    function: &'static str,
    level: LevelFilter,
    writer: impl for<'w> MakeWriter<'w> + Send + Sync + 'static,
) -> impl Subscriber + Send + Sync {
    let targets = Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_target("ledger_", level)
        .with_target(function, level)
        // The span of an invocation, which carries its request id.
        .with_target("lambda_runtime::layers", LevelFilter::INFO);
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(true)
        .with_writer(writer);
    tracing_subscriber::registry().with(lines).with(targets)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use serde_json::Value;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// The lines that `work` logs at a level.
    fn logged(level: LevelFilter, work: impl FnOnce()) -> Vec<Value> {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = subscriber("some_function", level, move || writer.clone());
        tracing::subscriber::with_default(subscriber, work);
        let bytes = lines.0.lock().unwrap().clone();
        let text = String::from_utf8(bytes).unwrap();
        text.lines().map(|it| serde_json::from_str(it).unwrap()).collect()
    }

    #[test]
    fn a_line_has_the_request_id() {
        let lines = logged(LevelFilter::ERROR, || {
            let mut context = lambda_runtime::Context::default();
            context.request_id = "8f5…".to_owned();
            let _span = lambda_runtime::layers::trace::request_span(&context).entered();
            tracing::error!(target: "ledger_app::import", days = 3, "replaced a bill");
        });
        assert_eq!(lines[0]["message"], "replaced a bill");
        assert_eq!(lines[0]["level"], "ERROR");
        assert_eq!(lines[0]["days"], 3);
        assert_eq!(lines[0]["spans"][0]["requestId"], "8f5…");
    }

    #[test]
    fn others_never_log_requests() {
        let lines = logged(LevelFilter::TRACE, || {
            tracing::debug!(target: "aws_smithy_runtime::client", "request with tag values");
            tracing::trace!(target: "lambda_runtime_api_client", "response body");
            tracing::warn!(target: "aws_config", "no region");
            tracing::trace!(target: "some_function::handler", "ours");
        });
        let messages: Vec<_> = lines.iter().map(|it| it["message"].as_str().unwrap()).collect();
        assert_eq!(messages, ["no region", "ours"]);
    }

    #[test]
    fn a_level_leaves_out_what_is_below() {
        let lines = logged(LevelFilter::WARN, || {
            tracing::info!(target: "ledger_app::import", "an import");
            tracing::warn!(target: "ledger_app::import", "a warning");
        });
        assert_eq!(lines.len(), 1);
    }
}
