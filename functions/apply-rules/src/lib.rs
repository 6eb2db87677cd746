//! Makes the positions of the ledger anew when rules are applied: the table's stream wakes it for
//! each new version of the rules, also of one applied from a laptop.
//!
//! Start reading at [`handler::handle`].

pub mod config;
pub mod handler;
