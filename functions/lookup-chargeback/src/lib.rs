//! The function behind the HTTP API: events of API Gateway in, answers of [`ledger_api`] out.
//!
//! It knows how requests arrive and nothing of what they ask. Start reading at [`handler`].

pub mod config;
pub mod handler;
