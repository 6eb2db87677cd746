//! Judges budgets and alerts their owners, each threshold once: on a schedule, and whenever another
//! function has written to the ledger.
//!
//! Start reading at [`handler::handle`].

pub mod config;
pub mod handler;
pub mod mirror;
