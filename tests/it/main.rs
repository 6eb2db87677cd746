//! Checks across crates.

mod infra;
mod openapi;
mod release;
mod tidy;
