//! The function behind the HTTP API: wires the router to the ledger in DynamoDB.

use std::process::ExitCode;

use ledger_api::{AppState, router};
use ledger_aws::dynamodb::DynamoLedger;
use ledger_lambda::clock::now;
use ledger_lambda::config::variable;
use lookup_chargeback::config::Config;
use lookup_chargeback::handler::service;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let config = Config::from_env(variable);
    ledger_lambda::start(env!("CARGO_CRATE_NAME"), config, serve).await
}

async fn serve(Config { common }: Config) -> Result<(), lambda_http::Error> {
    let client = ledger_lambda::connect(&common).await.dynamodb_client();
    let ledger = DynamoLedger { client, table: common.table_name };
    let router = router(AppState::new(ledger, now, false));
    lambda_http::lambda_runtime::run(service(router)).await
}
