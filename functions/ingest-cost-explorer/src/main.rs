//! The function behind the schedule: wires the handler to Cost Explorer and the ledger.

use std::process::ExitCode;

use ingest_cost_explorer::config::Config;
use ingest_cost_explorer::handler::{State, handle};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use ledger_aws::dynamodb::DynamoLedger;
use ledger_lambda::clock::now;
use ledger_lambda::config::variable;
use ledger_lambda::metric::Metrics;
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let config = Config::from_env(variable);
    ledger_lambda::start(env!("CARGO_CRATE_NAME"), config, serve).await
}

async fn serve(config: Config) -> Result<(), Error> {
    let connection = ledger_lambda::connect(&config.common).await;
    let client = connection.dynamodb_client();
    let ledger = DynamoLedger { client, table: config.common.table_name.clone() };
    let state = State { config, ledger, explorer: connection, metrics: Metrics::stdout() };
    lambda_runtime::run(service_fn(async |_: LambdaEvent<Value>| handle(&state, now()).await)).await
}
