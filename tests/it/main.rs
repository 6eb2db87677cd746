//! Checks across crates.

mod infra;
mod tidy;
