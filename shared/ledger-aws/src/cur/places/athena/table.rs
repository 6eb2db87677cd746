//! Athena, and the table of the export that it is asked about.

use std::time::Duration;

use aws_sdk_athena::Client;

/// Two thirds of the time that Lambda gives a function: the result has to be read after it.
const QUERY_TIMEOUT: Duration = Duration::from_secs(600);

/// Athena, and the table of the export.
#[derive(Clone, Debug)]
pub struct Athena {
    /// The client; it may repeat calls.
    pub client: Client,
    /// The database of the table, in the catalogue of the account.
    pub database: String,
    /// The table of the export, partitioned by `billing_period`.
    pub table: String,
    /// The workgroup that queries run in and are limited by.
    pub workgroup: String,
    /// How long a query may take before it is stopped.
    pub timeout: Duration,
}

impl Athena {
    /// Asks a table.
    pub fn new(client: Client, database: String, table: String, workgroup: String) -> Athena {
        Athena { client, database, table, workgroup, timeout: QUERY_TIMEOUT }
    }
}
