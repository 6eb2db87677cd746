//! Checks across crates.

mod infra;
mod release;
mod tidy;
