//! The function that judges budgets: wires the handler to the ledger and the topic of alerts.

use std::process::ExitCode;

use evaluate_budgets::config::Config;
use evaluate_budgets::handler::{State, handle};
use evaluate_budgets::mirror::BudgetMirror;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use ledger_aws::dynamodb::DynamoLedger;
use ledger_aws::sns::TopicNotifier;
use ledger_lambda::clock::{Invocation, instant_of, now};
use ledger_lambda::config::variable;
use ledger_lambda::metric::Metrics;
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let config = Config::from_env(variable);
    ledger_lambda::start(env!("CARGO_CRATE_NAME"), config, serve).await
}

async fn serve(config: Config) -> Result<(), Error> {
    let Config { common, topic_arn, alarms_topic_arn, page_url, mirror } = config;
    let connection = ledger_lambda::connect(&common).await;
    let client = connection.dynamodb_client();
    let ledger = DynamoLedger { client, table: common.table_name };
    let mirror = mirror.map(|it| BudgetMirror { connection: connection.clone(), mirror: it });
    let notifier = TopicNotifier::new(connection, topic_arn, alarms_topic_arn);
    let state = State { ledger, notifier, page: page_url, metrics: Metrics::stdout(), mirror };
    let judge = async |LambdaEvent { payload, context }: LambdaEvent<Value>| {
        let (request_id, deadline) = (&context.request_id, instant_of(context.deadline));
        let invocation = Invocation { request_id, deadline };
        handle(&state, &payload, &invocation, now()).await
    };
    lambda_runtime::run(service_fn(judge)).await
}
