//! Stand-ins for AWS in local mode: one process, no account, no network.
//!
//! They know AWS's interfaces and nothing of the ledger: use cases and adapters run on them
//! unchanged. [`athena`] runs queries on an engine of the caller's, [`budgets`] keeps budgets, [`database`] is
//! DynamoDB, [`cost_explorer`] answers from a bill, [`s3`] serves folders as buckets, [`sns`] keeps an outbox,
//! [`sample`] writes the export of an organisation that does not exist.

pub mod athena;
pub mod budgets;
mod closed_connection;
pub mod cost_explorer;
pub mod database;
pub mod loopback;
pub mod s3;
pub mod sample;
pub mod sns;
mod xml;
