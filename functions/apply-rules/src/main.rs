//! The function that applies rules to the ledger: wires the handler to the table.

use std::process::ExitCode;

use apply_rules::config::Config;
use apply_rules::handler::{State, handle};
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

async fn serve(Config { common }: Config) -> Result<(), Error> {
    let client = ledger_lambda::connect(&common).await.dynamodb_client();
    let ledger = DynamoLedger { client, table: common.table_name };
    let state = State { ledger, metrics: Metrics::stdout() };
    let apply = async |LambdaEvent { payload, .. }: LambdaEvent<Value>| {
        handle(&state, &payload, now()).await
    };
    lambda_runtime::run(service_fn(apply)).await
}
