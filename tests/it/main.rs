//! Checks across crates.

mod tidy;
