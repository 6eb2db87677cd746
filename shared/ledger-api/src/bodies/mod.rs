//! Answers in their outside form: one body each, for the HTTP API and for `--format json` alike.
//!
//! Money and other decimals are text, days are `2026-11-03`, a period is `from` and `to` with its
//! end excluded, and counts of lines are `line_count`. An unknown value is `null`, never zero.

pub mod anomalies;
pub mod attribution;
pub mod budgets;
pub mod costs;
pub mod findings;
pub mod forecasts;
pub mod health;
pub mod imports;
pub mod journals;
pub mod owners;
pub mod periods;
pub mod reconciliation;
#[cfg(feature = "openapi")]
mod schema;
pub mod statements;
pub mod values;
