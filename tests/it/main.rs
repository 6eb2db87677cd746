//! Checks across crates.

mod alerts;
mod infra;
mod openapi;
mod release;
mod tidy;
