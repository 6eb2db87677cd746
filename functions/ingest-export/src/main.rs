//! Wires the handler to the export in S3 and the ledger in DynamoDB.

// The futures of an import, from its event to a request, are nested deeper than the default allows.
#![recursion_limit = "256"]

use std::process::ExitCode;

use ingest_export::config::{AthenaTable, Config};
use ingest_export::handler::{Ports, handle};
use ingest_export::panics::Panics;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use ledger_aws::cur::{Athena, S3Export};
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
    let client = connection.s3_client();
    let (bucket, bytes_max) = (config.export_bucket.clone(), config.export_bytes_max);
    let table = config.common.table_name.clone();
    let (athena, to_athena) = (config.athena.clone(), connection.clone());
    let ports = Ports {
        export_of: move |manifest_key| {
            let export = S3Export::new(client.clone(), bucket.clone(), manifest_key);
            let export = export.with_bytes_max(bytes_max);
            // A cold start does not wait for a client that most deliveries do not need.
            match athena.clone() {
                Some(AthenaTable { database, table, workgroup }) => export.with_athena(
                    Athena::new(to_athena.athena_client(), database, table, workgroup),
                ),
                None => export,
            }
        },
        ledger: DynamoLedger { client: connection.dynamodb_client(), table },
        metrics: Metrics::stdout(),
        panics: Panics::watch(),
        config,
        now,
    };
    let answer = async |event: LambdaEvent<Value>| {
        handle(&ports, event.payload).await.map_err(Diagnostic::from)
    };
    lambda_runtime::run(service_fn(answer)).await
}
