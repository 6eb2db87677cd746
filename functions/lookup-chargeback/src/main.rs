//! The function behind the HTTP API: wires the router to the ledger in DynamoDB.

use ledger_aws::dynamodb::DynamoLedger;
use lookup_chargeback::config::Config;
use lookup_chargeback::{AppState, router};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    tracing_subscriber::fmt().with_ansi(false).init();
    let config = Config::from_env(|name| std::env::var(name).ok())?;
    let client = ledger_aws::connect::dynamodb_client(None).await;
    let ledger = DynamoLedger { client, table: config.table_name };
    lambda_http::run(router(AppState { ledger, today, sample: false })).await
}

fn today() -> jiff::civil::Date {
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date()
}
