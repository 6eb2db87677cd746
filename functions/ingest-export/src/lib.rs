//! Reads a cost and usage export into the ledger when the manifest of a delivery arrives in S3.
//!
//! [`handler::handle`] is the whole surface: a notification of S3 in, an import for each manifest
//! in it. It knows the export and the ledger only by their ports.

pub mod config;
pub mod event;
pub mod handler;
pub mod panics;
#[cfg(test)]
mod tests;
