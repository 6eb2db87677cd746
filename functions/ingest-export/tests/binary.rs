//! The binary that is deployed, from its configuration to its log, against stand-ins.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::fs;

use ledger_aws::connect::{Connection, LocalEndpoint};
use ledger_aws::dynamodb::DynamoLedger;
use ledger_local::database::EmbeddedDatabase;
use ledger_local::s3::S3StandIn;
use ledger_local::sample::{Delivery, SampleOrganisation};
use ledger_testkit::runtime_api::{Heard, run};
use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_ingest-export");
const BUCKET: &str = "tollbook-sample-bucket";

fn event(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/ingest-export");
    fs::read_to_string(format!("{folder}/{name}.json")).unwrap()
}

#[tokio::test]
async fn the_binary_imports_what_a_notification_names() {
    let root = tempfile::tempdir().unwrap();
    let sample = SampleOrganisation::new(7, "2026-06-20".parse().unwrap());
    sample.write(&root.path().join(BUCKET), Delivery::First).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let s3 = format!("http://{}", listener.local_addr().unwrap());
    let router = S3StandIn::new(root.path().to_owned()).router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let database = EmbeddedDatabase::open(None).await.unwrap();
    let client = Connection::local(&LocalEndpoint(database.endpoint())).dynamodb_client();
    DynamoLedger { client, table: "ledger".to_owned() }.ensure_table().await.unwrap();

    let variables = [
        ("TABLE_NAME", "ledger"),
        ("EXPORT_BUCKET", BUCKET),
        ("EXPORT_PREFIX", "tollbook-sample"),
        ("MAX_EXPORT_BYTES", "100000000"),
        ("AWS_ENDPOINT_URL_DYNAMODB", &database.endpoint()),
        ("AWS_ENDPOINT_URL_S3", &s3),
    ];
    let names = ["test-event", "foreign-bucket", "manifest-put", "manifest-put"];
    let events = names.map(event);
    let ran = run(BINARY, &variables, &events.each_ref().map(String::as_str)).await.unwrap();
    let answers: Vec<Value> = ran
        .heard
        .iter()
        .map(|it| match it {
            Heard::Answer(answer) => serde_json::from_str(answer).unwrap(),
            Heard::Failed(err) => panic!("{err}"),
        })
        .collect();
    assert_eq!(answers[0]["records"].as_array().unwrap().len(), 0);
    assert!(answers[1]["records"][0]["failed"].is_string());
    assert_eq!(answers[2]["records"][0]["bills"][0]["days_written"], 19);
    assert_eq!(answers[3]["records"][0]["bills"][0]["items_written"], 0);

    let logs: Vec<Value> = ran.lines.iter().map(|it| serde_json::from_str(it).unwrap()).collect();
    let levels: Vec<&Value> =
        logs.iter().map(|it| &it["level"]).filter(|it| !it.is_null()).collect();
    assert_eq!(levels, ["INFO", "ERROR", "INFO", "INFO"], "the release first");
    let (failed, imported) = (&logs[1], logs.last().unwrap());
    assert!(failed["input.id"].as_str().unwrap().starts_with("s3://another-bucket/"), "{failed}");
    assert!(imported["message"].as_str().unwrap().starts_with("imported `s3://"), "{imported}");
    assert_eq!(imported["spans"][0]["requestId"], "request-4");
    let summary: Value =
        serde_json::from_str(imported["import.summary"].as_str().unwrap()).unwrap();
    assert_eq!(summary, answers[3]["records"][0]);
}
