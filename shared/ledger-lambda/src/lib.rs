//! Runtime kit of the Lambda functions: configuration, logs, the clock and the outcome of errors.
//! No use case knows it.
//!
//! A `main.rs` reads its `Config` and passes it to [`start()`]; its handler ends in
//! [`outcome::settle`]. Start reading at [`config`].

pub mod clock;
pub mod config;
pub mod logging;
pub mod metric;
pub mod outcome;

use std::process::ExitCode;

use lambda_runtime::Error;
use ledger_aws::connect::Connection;

use crate::config::{Common, ConfigError};

/// Starts logging, then serves until Lambda stops the process.
///
/// `function` is the crate's name, `env!("CARGO_CRATE_NAME")`. With an invalid configuration
/// nothing is served, and one log record names every problem.
pub async fn start<C: AsRef<Common>>(
    function: &'static str,
    config: Result<C, ConfigError>,
    serve: impl AsyncFnOnce(C) -> Result<(), Error>,
) -> ExitCode {
    let level = config.as_ref().map_or_else(|_| logging::DEFAULT_LEVEL, |it| it.as_ref().log_level);
    logging::start(function, level);
    let config = match config {
        Ok(config) => config,
        Err(err) => {
            tracing::error!(error = %err, "the function is not configured: {err}");
            return ExitCode::FAILURE;
        }
    };
    match Box::pin(serve(config)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => {
            tracing::error!(error = %ledger_app::causes::causes(&*err), "the runtime stopped");
            ExitCode::FAILURE
        }
    }
}

/// The connection that the clients of a function share.
pub async fn connect(common: &Common) -> Connection {
    Connection::of_function(common.roots).await
}
