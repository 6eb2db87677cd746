//! The binary that is deployed, from its configuration to its log, against stand-ins.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot set itself up has failed"
)]

use std::fs;
use std::path::Path;

use ledger_app::ports::BillSource as _;
use ledger_aws::connect::{Connection, LocalEndpoint};
use ledger_aws::cur::CurFolder;
use ledger_aws::dynamodb::DynamoLedger;
use ledger_local::database::EmbeddedDatabase;
use ledger_local::s3::S3StandIn;
use ledger_local::sample::{Delivery, SampleOrganisation};
use ledger_testkit::runtime_api::{Heard, Ran, run};
use serde_json::Value;
use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_ingest-export");
const BUCKET: &str = "tollbook-sample-bucket";

fn event(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/ingest-export");
    fs::read_to_string(format!("{folder}/{name}.json")).unwrap()
}

/// What the binary makes of these events, with the sample organisation's export in a folder.
async fn ran(root: &Path, events: &[&str]) -> Ran {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let s3 = format!("http://{}", listener.local_addr().unwrap());
    let router = S3StandIn::new(root.to_owned()).router();
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
    let events: Vec<String> = events.iter().map(|it| event(it)).collect();
    let events: Vec<&str> = events.iter().map(String::as_str).collect();
    run(BINARY, &variables, &events).await.unwrap()
}

fn sample() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    let sample = SampleOrganisation::new(7, "2026-06-20".parse().unwrap());
    sample.write(&root.path().join(BUCKET), Delivery::First).unwrap();
    root
}

fn answers(ran: &Ran) -> Vec<Value> {
    ran.heard
        .iter()
        .map(|it| match it {
            Heard::Answer(answer) => serde_json::from_str(answer).unwrap(),
            Heard::Failed(err) => panic!("{err}"),
        })
        .collect()
}

#[tokio::test]
async fn the_binary_imports_what_a_notification_names() {
    let root = sample();
    let names = ["test-event", "foreign-bucket", "manifest-put", "manifest-put"];
    let ran = ran(root.path(), &names).await;
    let answers = answers(&ran);
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

const JUNE: &str =
    "tollbook-sample/data/BILLING_PERIOD=2026-06/tollbook-sample-00001.snappy.parquet";

/// Changes one byte of June's file so that the crate that reads it panics, and says whether it found one.
fn damage(root: &Path) -> bool {
    let file = root.join(BUCKET).join(JUNE);
    let whole = fs::read(&file).unwrap();
    for at in (4..whole.len()).rev() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0xff;
        fs::write(&file, damaged).unwrap();
        let source = CurFolder::new(vec![file.clone()]);
        let read =
            source.deliveries().and_then(|it| source.read(it.first().unwrap(), &mut |_| Ok(())));
        if read.is_err_and(|err| err.to_string().contains("its parts contradict each other")) {
            return true;
        }
    }
    false
}

#[tokio::test]
async fn a_damaged_file_at_which_its_reader_panics_is_refused_once_and_the_process_goes_on() {
    let root = sample();
    assert!(damage(root.path()));
    let ran = ran(root.path(), &["manifest-put", "test-event"]).await;
    let answers = answers(&ran);
    let failed = answers[0]["records"][0]["failed"].as_str().unwrap();
    assert!(failed.starts_with("nothing was imported: a file of `s3://"), "{failed}");
    assert_eq!(answers[1]["records"].as_array().unwrap().len(), 0);
    let counted = ran.lines.iter().filter(|it| it.contains("\"PermanentFailures\":1"));
    assert_eq!(counted.count(), 1, "{:?}", ran.lines);
    assert_eq!(ran.exit_code, None);
}
