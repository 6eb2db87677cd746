//! Parts of tests; a dev-dependency only.
//!
//! - [`build`] makes lines, rollups, days, bills and alerts with one call each.
//! - [`csv_bill`] writes bills as files.
//! - [`memory_ledger`] is a ledger without a database; [`snapshot`] prints any ledger as a table.
//! - [`contract`] holds the promises of the ports, which the ledger in memory and the adapter to
//!   DynamoDB keep alike.
//! - [`faulty_proxy`] makes a network that fails when a test says so; [`runtime_api`] runs the
//!   binary of a Lambda function.
#![warn(missing_docs)]

pub mod build;
pub mod contract;
pub mod csv_bill;
pub mod faulty_proxy;
pub mod memory_ledger;
pub mod runtime_api;
pub mod snapshot;
