//! The surface for people and programs: the HTTP API under `/v1`, its bodies and the page.
//!
//! [`router()`] is the whole surface. It knows the ledger only by its ports, so the same routes run
//! in a Lambda function and on a laptop. It reads and never writes, takes no decision about money,
//! and knows neither AWS nor the command line. Start reading at [`router()`].

mod anomalies;
pub mod bodies;
mod budgets;
pub mod cell;
mod costs;
mod fingerprint;
mod forecasts;
mod health;
pub mod journal_layouts;
mod journals;
#[cfg(feature = "openapi")]
pub mod openapi;
mod owners;
mod page;
mod paging;
mod parameters;
mod periods;
mod response;
mod router;
mod state;
mod statements;
#[cfg(test)]
mod tests;

pub use router::{RequestId, URI_BYTES_MAX, router};
pub use state::AppState;
