//! Each event against the embedded database and a stand-in for S3 with the sample organisation.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use ledger_app::import::{Accept, import_bills};
use ledger_app::ports::{DocumentKind, DocumentStore as _, LedgerStore as _};
use ledger_app::rules_file::parse_rules;
use ledger_aws::connect::{Connection, LocalEndpoint};
use ledger_aws::cur::{CurFolder, S3Export};
use ledger_aws::dynamodb::DynamoLedger;
use ledger_core::bill::BillHead;
use ledger_core::cost::CostKind;
use ledger_core::period::BillingPeriod;
use ledger_lambda::metric::Metrics;
use ledger_lambda::outcome::TryAgain;
use ledger_local::database::EmbeddedDatabase;
use ledger_local::s3::{S3StandIn, StandInError};
use ledger_local::sample::{Delivery, SampleOrganisation};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::config::Config;
use crate::handler::{Ports, handle};
use crate::panics::Panics;

const BUCKET: &str = "tollbook-sample-bucket";
const JUNE: &str = "tollbook-sample/metadata/BILLING_PERIOD=2026-06/tollbook-sample-Manifest.json";

/// All files of `events/ingest-export`, each of which a test below uses.
const EVENTS: [&str; 13] = [
    "data-file-put",
    "foreign-bucket",
    "manifest-outside-of-the-prefix",
    "manifest-put",
    "manifest-put-by-eventbridge",
    "manifest-removed",
    "manifest-with-encoded-key",
    "missing-manifest",
    "no-notification",
    "several-months",
    "test-event",
    "test-object-put",
    "two-records-of-which-one-is-bad",
];

fn events() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/ingest-export")
}

fn event(name: &str) -> Value {
    assert!(EVENTS.contains(&name));
    let text = fs::read_to_string(events().join(format!("{name}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

struct Setting {
    root: TempDir,
    _database: EmbeddedDatabase,
    stand_in: S3StandIn,
    ports: Ports<Box<dyn Fn(String) -> S3Export>, DynamoLedger>,
    /// Metric lines.
    metrics: Arc<Mutex<Vec<Value>>>,
}

fn now() -> Timestamp {
    "2026-06-20T15:00:00Z".parse().unwrap()
}

impl Setting {
    /// The sample organisation's export in a bucket, and its rules in the ledger.
    async fn new() -> Setting {
        let setting = Setting::with(|_| ()).await;
        setting.deliver(Delivery::First);
        setting
    }

    async fn with(change: impl FnOnce(&mut Config)) -> Setting {
        let root = TempDir::new().unwrap();
        fs::create_dir(root.path().join(BUCKET)).unwrap();
        let stand_in = S3StandIn::new(root.path().to_owned());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = LocalEndpoint(format!("http://{}", listener.local_addr().unwrap()));
        let router = stand_in.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        let s3 = Connection::local(&endpoint).s3_client();

        let database = EmbeddedDatabase::open(None).await.unwrap();
        let connection = Connection::local(&LocalEndpoint(database.endpoint()));
        let table = "ledger".to_owned();
        let ledger = DynamoLedger { client: connection.dynamodb_client(), table };
        ledger.ensure_table().await.unwrap();
        let rules = SampleOrganisation::RULES_TOML;
        ledger
            .apply(DocumentKind::Rules, rules, ledger_testkit::build::change(now()))
            .await
            .unwrap();

        let set = |name: &str| {
            let value = match name {
                "TABLE_NAME" => "ledger",
                "EXPORT_BUCKET" => BUCKET,
                "EXPORT_PREFIX" => "tollbook-sample",
                "MAX_EXPORT_BYTES" => "100000000",
                _ => return None,
            };
            Some(value.to_owned())
        };
        let mut config = Config::from_env(set).unwrap();
        change(&mut config);
        let bytes_max = config.export_bytes_max;
        let metrics = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&metrics);
        let ports = Ports {
            export_of: Box::new(move |key| {
                S3Export::new(s3.clone(), BUCKET.to_owned(), key).with_bytes_max(bytes_max)
            }) as Box<dyn Fn(String) -> S3Export>,
            ledger,
            metrics: Metrics::to(move |line| {
                kept.lock().unwrap().push(serde_json::from_str(line).unwrap());
            }),
            panics: Panics::none(),
            config,
            now,
        };
        Setting { root, _database: database, stand_in, ports, metrics }
    }

    fn bucket(&self) -> PathBuf {
        self.root.path().join(BUCKET)
    }

    fn deliver(&self, delivery: Delivery) {
        let sample = SampleOrganisation::new(7, "2026-06-20".parse().unwrap());
        sample.write(&self.bucket(), delivery).unwrap();
    }

    async fn handle(&self, event: Value) -> Result<Value, TryAgain> {
        handle(&self.ports, event).await
    }

    /// What became of the records of an event.
    async fn records(&self, name: &str) -> Vec<Value> {
        let answer = self.handle(event(name)).await.unwrap();
        answer["records"].as_array().unwrap().clone()
    }

    async fn heads(&self) -> Vec<BillHead> {
        self.ports.ledger.heads(BillingPeriod::parse("2025-01").unwrap()).await.unwrap()
    }

    async fn months(&self) -> Vec<String> {
        self.heads().await.iter().map(|it| it.bill.period.to_string()).collect()
    }

    fn failure_count(&self) -> usize {
        let lines = self.metrics.lock().unwrap();
        lines.iter().filter(|it| it["PermanentFailures"] == 1).count()
    }
}

#[test]
fn all_events_are_known() {
    let files = fs::read_dir(events()).unwrap();
    let names: BTreeSet<String> = files
        .map(|it| it.unwrap().file_name().into_string().unwrap())
        .filter_map(|it| it.strip_suffix(".json").map(str::to_owned))
        .collect();
    assert_eq!(names.into_iter().collect::<Vec<_>>(), EVENTS);
}

#[tokio::test]
async fn a_manifest_brings_its_month() {
    for name in ["manifest-put", "manifest-put-by-eventbridge"] {
        let setting = Setting::new().await;
        let records = setting.records(name).await;
        assert_eq!(setting.months().await, ["2026-06"]);
        let [record] = records.as_slice() else { panic!("{records:?}") };
        assert_eq!(record["object"], format!("s3://{BUCKET}/{JUNE}"));
        assert_eq!(record["bills"][0]["days_written"], 19);
        assert_eq!(record["rejected_count"], 0);
        assert!(record["lines_ai"].as_u64().unwrap() > 100, "{record}");
        assert_eq!(setting.failure_count(), 0);
    }
}

#[tokio::test]
async fn a_key_is_decoded() {
    let setting = Setting::new().await;
    let copy =
        setting.bucket().join("tollbook-sample/copied here+1/metadata/BILLING_PERIOD=2026-06");
    fs::create_dir_all(&copy).unwrap();
    let manifest = setting.bucket().join(JUNE);
    fs::copy(manifest, copy.join("tollbook-sample-Manifest.json")).unwrap();
    setting.records("manifest-with-encoded-key").await;
    assert_eq!(setting.months().await, ["2026-06"]);
}

#[tokio::test]
async fn what_came_by_events_is_what_an_import_of_the_folder_brings() {
    let setting = Setting::new().await;
    setting.records("several-months").await;
    assert_eq!(setting.months().await, ["2026-03", "2026-04", "2026-05", "2026-06"]);
    let source = Arc::new(CurFolder::new(vec![setting.bucket()]));
    let rules = Arc::new(parse_rules(SampleOrganisation::RULES_TOML, 1).unwrap());
    let report = import_bills(source, rules, Accept::Good, now(), |_| (), &setting.ports.ledger)
        .await
        .unwrap();
    let days = |count: fn(&ledger_app::ports::Replaced) -> u64| -> u64 {
        report.bills.iter().map(|(_, replaced)| count(replaced)).sum()
    };
    assert_eq!((days(|it| it.days_written), days(|it| it.days_unchanged)), (0, 90));
}

#[tokio::test]
async fn the_same_event_twice_changes_nothing() {
    let setting = Setting::new().await;
    setting.records("manifest-put").await;
    let heads = setting.heads().await;
    let again = setting.records("manifest-put").await;
    assert_eq!(again[0]["bills"][0]["items_written"], 0);
    assert_eq!(again[0]["bills"][0]["days_unchanged"], 19);
    let days = |heads: &[BillHead]| heads.iter().map(|it| it.days.clone()).collect::<Vec<_>>();
    assert_eq!(days(&setting.heads().await), days(&heads));
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

#[tokio::test]
async fn an_older_delivery_after_a_newer_one_is_left_out() {
    let setting = Setting::new().await;
    let older = TempDir::new().unwrap();
    copy_folder(&setting.bucket(), older.path());
    setting.deliver(Delivery::Restated);
    setting.records("several-months").await;
    let heads = setting.heads().await;
    // The event of the first delivery was late.
    copy_folder(older.path(), &setting.bucket());
    let records = setting.records("several-months").await;
    let superseded: Vec<&Value> =
        records.iter().filter(|it| it["bills"][0]["superseded"] == true).collect();
    let [superseded] = superseded.as_slice() else { panic!("{superseded:?}") };
    assert_eq!(superseded["findings"], json!(["delivery-superseded"]));
    let days = |heads: &[BillHead]| heads.iter().map(|it| it.days.clone()).collect::<Vec<_>>();
    assert_eq!(days(&setting.heads().await), days(&heads));
}

/// Writes a delivery of another export: the rows are a day of June and an account with its cost.
fn deliver_export(setting: &Setting, name: &str, hour: u8, rows: &[(u8, &str, &str)]) -> Value {
    let mut text =
        "bill_billing_period_start_date,bill_payer_account_id,line_item_usage_account_id,\
        line_item_usage_start_date,line_item_product_code,line_item_usage_type,\
        line_item_unblended_cost,line_item_currency_code\n"
            .to_owned();
    for (day, account, cost) in rows {
        text.push_str(&format!(
            "2026-06-01T00:00:00Z,123456789012,{account},2026-06-{day:02}T00:00:00Z,AmazonBedrock,\
             USE1-NovaLite-input-tokens,{cost},USD\n"
        ));
    }
    let month = "BILLING_PERIOD=2026-06";
    let data = format!("tollbook-sample/{name}/data/{month}/{name}-1.csv");
    let manifest = format!("tollbook-sample/{name}/metadata/{month}/{name}-Manifest.json");
    let said = json!({
        "dataFiles": [format!("s3://{BUCKET}/{data}")],
        "createdAt": format!("2026-06-20T{hour:02}:00:00Z"),
    });
    for (key, text) in [(data, text), (manifest.clone(), said.to_string())] {
        let path = setting.bucket().join(key);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let mut event = event("manifest-put");
    event["Records"][0]["s3"]["object"]["key"] = json!(manifest);
    event
}

#[tokio::test]
async fn a_delivery_that_may_hold_lines_of_another_export_fails_for_good_and_doubles_nothing() {
    let names = ["one", "two", "all"].map(str::to_owned);
    let setting = Setting::with(|it| it.export_names = names.into()).await;
    let (one, two) = ("111122223333", "444455556666");
    let record = async |event: Value| setting.handle(event).await.unwrap()["records"][0].clone();
    record(deliver_export(&setting, "one", 1, &[(5, one, "10")])).await;
    // A member account's export is a part of the bill.
    let part = record(deliver_export(&setting, "two", 2, &[(5, two, "7")])).await;
    let bill = "cur 2026-06 of payer 123456789012, part two";
    assert_eq!(part["bills"][0]["bill"], bill);
    let total = async || -> Vec<String> {
        let heads = setting.heads().await;
        let days = heads.iter().flat_map(|it| it.days.values());
        let totals = days.flat_map(|it| it.totals.values());
        totals.map(|it| it.ai.of(CostKind::Unblended).amount().to_string()).collect()
    };
    assert_eq!(total().await, ["10", "7"]);
    assert_eq!(setting.failure_count(), 0);
    // Both accounts in another export may be the same lines.
    let all = deliver_export(&setting, "all", 3, &[(5, one, "10"), (5, two, "7")]);
    let refused = record(all).await;
    assert!(refused["failed"].is_string(), "{refused}");
    assert_eq!(setting.failure_count(), 1);
    assert_eq!(total().await, ["10", "7"]);
    record(deliver_export(&setting, "two", 4, &[(5, two, "8")])).await;
    assert_eq!(total().await, ["10", "8"]);
}

#[tokio::test]
async fn a_delivery_that_would_take_money_away_is_held_back_and_counted() {
    let setting = Setting::new().await;
    setting.records("manifest-put").await;
    let days = |heads: &[BillHead]| heads.iter().map(|it| it.days.clone()).collect::<Vec<_>>();
    let before = days(&setting.heads().await);
    let manifest = "tollbook-sample/metadata/BILLING_PERIOD=2026-06/tollbook-sample-Manifest.json";
    let manifest = setting.bucket().join(manifest);
    let mut said: Value = serde_json::from_slice(&fs::read(&manifest).unwrap()).unwrap();
    said["createdAt"] = json!("9999-01-01T00:00:00Z");
    fs::write(&manifest, said.to_string()).unwrap();
    let records = setting.records("manifest-put").await;
    assert_eq!(records[0]["held_back_count"], 1);
    assert_eq!(records[0]["findings"], json!(["delivery-pending"]));
    assert_eq!(days(&setting.heads().await), before);
    let metrics = setting.metrics.lock().unwrap();
    let in_doubt: Vec<_> = metrics.iter().filter(|it| it["DeliveriesInDoubt"] == 1).collect();
    assert_eq!(in_doubt.len(), 1);
    assert_eq!(in_doubt[0]["held_back_count"], 1);
}

/// The event of a manifest with this name beside June's own, which has the same content.
fn event_of_copy(setting: &Setting, name: &str) -> Value {
    let manifest = setting.bucket().join(JUNE);
    fs::copy(&manifest, manifest.with_file_name(name)).unwrap();
    let text = event("manifest-put").to_string();
    text.replace("tollbook-sample-Manifest.json", name).parse().unwrap()
}

#[tokio::test]
async fn a_delivery_of_another_export_than_the_first_is_not_imported_and_counted() {
    let setting = Setting::new().await;
    setting.records("manifest-put").await;
    let heads = setting.heads().await;
    let answer = setting.handle(event_of_copy(&setting, "other-Manifest.json")).await.unwrap();
    let record = &answer["records"][0];
    assert_eq!(
        (&record["export"], &record["findings"]),
        (&json!("other"), &json!(["export-foreign"]))
    );
    assert_eq!(setting.heads().await, heads);
    let metrics = setting.metrics.lock().unwrap();
    let in_doubt: Vec<_> = metrics.iter().filter(|it| it["DeliveriesInDoubt"] == 1).collect();
    assert_eq!(in_doubt.len(), 1);
    assert_eq!(in_doubt[0]["finding"], "export-foreign");
}

#[tokio::test]
async fn an_export_that_the_stack_names_is_read_and_no_other() {
    let setting = Setting::with(|config| config.export_names = vec!["other".to_owned()]).await;
    setting.deliver(Delivery::First);
    let records = setting.records("manifest-put").await;
    assert_eq!(records[0]["findings"], json!(["export-foreign"]));
    assert!(setting.heads().await.is_empty());
    setting.handle(event_of_copy(&setting, "other-Manifest.json")).await.unwrap();
    assert_eq!(setting.months().await, ["2026-06"]);
}

#[tokio::test]
async fn what_is_no_manifest_of_the_export_is_ignored_without_a_look() {
    let setting = Setting::new().await;
    for (name, reason) in [
        ("data-file-put", "it is no manifest"),
        ("test-object-put", "it is no manifest"),
        ("manifest-outside-of-the-prefix", "it lies outside of the export's folder"),
        ("manifest-removed", "nothing was written"),
    ] {
        let records = setting.records(name).await;
        assert_eq!(records[0]["ignored"], reason, "{name}");
    }
    assert_eq!(setting.records("test-event").await, Vec::<Value>::new());
    assert_eq!(setting.stand_in.served(), []);
    assert_eq!(setting.failure_count(), 0);
}

#[tokio::test]
async fn what_stays_wrong_is_recorded_and_acknowledged() {
    let setting = Setting::new().await;
    let foreign = format!("s3://another-bucket/{JUNE}");
    let missing = format!("s3://{BUCKET}/{}", JUNE.replace("2026-06", "2025-01"));
    let records = setting.records("foreign-bucket").await;
    let failed = format!("bucket `another-bucket` is not the export's; expected `{BUCKET}`");
    assert_eq!(records, [json!({ "input": foreign, "failed": failed })]);
    assert_eq!(setting.stand_in.served(), []);
    let records = setting.records("missing-manifest").await;
    let failed = format!("nothing was imported: `{missing}` does not exist");
    assert_eq!(records, [json!({ "input": missing, "failed": failed })]);
    let answer = setting.handle(event("no-notification")).await.unwrap();
    let failed = "the event is no notification of S3; expected `Records`";
    assert_eq!(answer, json!({ "input": "event", "failed": failed }));
    assert_eq!(setting.failure_count(), 3);
    assert!(setting.heads().await.is_empty());
}

#[tokio::test]
async fn a_bad_record_does_not_hide_a_good_one() {
    let setting = Setting::new().await;
    let records = setting.records("two-records-of-which-one-is-bad").await;
    assert_eq!(
        records[0]["failed"],
        "the record cannot be read: missing field `s3`; expected one of an S3 notification"
    );
    assert_eq!(records[1]["bills"][0]["days_written"], 19);
    assert_eq!(setting.months().await, ["2026-06"]);
    assert_eq!(setting.failure_count(), 1);
}

#[tokio::test]
async fn what_may_pass_fails_the_invocation_and_the_others_are_imported() {
    let setting = Setting::new().await;
    let data = "tollbook-sample/data/BILLING_PERIOD=2026-03/tollbook-sample-00001.snappy.parquet";
    let (path, aside) = (setting.bucket().join(data), setting.root.path().join("aside"));
    fs::rename(&path, &aside).unwrap();
    let TryAgain(message) = setting.handle(event("several-months")).await.unwrap_err();
    assert!(message.contains(data) && message.contains("which is not there"), "{message}");
    assert_eq!(setting.months().await, ["2026-04", "2026-05", "2026-06"]);
    assert_eq!(setting.failure_count(), 0);
    fs::rename(&aside, &path).unwrap();
    let records = setting.records("several-months").await;
    assert_eq!(records[0]["bills"][0]["days_written"], 10);
    assert_eq!(records[1]["bills"][0]["items_written"], 0);
    assert_eq!(setting.months().await.len(), 4);
}

#[tokio::test]
async fn what_may_not_be_read_or_is_too_large_is_recorded() {
    let setting = Setting::with(|config| config.export_bytes_max = 1_000).await;
    setting.deliver(Delivery::First);
    setting.stand_in.fail_next(StandInError::AccessDenied);
    let records = setting.records("manifest-put").await;
    assert!(records[0]["failed"].as_str().unwrap().contains("S3 denies to read"), "{records:?}");
    let records = setting.records("manifest-put").await;
    let failed = records[0]["failed"].as_str().unwrap();
    assert!(failed.ends_with("expected at most 1000, as set by `MAX_EXPORT_BYTES`"), "{failed}");
    assert_eq!(setting.failure_count(), 2);
    assert!(setting.heads().await.is_empty());
}

#[tokio::test]
async fn a_report_has_no_session_names_and_no_values() {
    let setting = Setting::with(|config| config.export_prefix.clear()).await;
    let put = |key: &str, content: String| {
        let path = setting.bucket().join(key);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    };
    let header = "line_item_usage_start_date,line_item_unblended_cost,line_item_usage_type,\
        line_item_iam_principal,tags";
    let row = "2026-06-03,0.5,USE1-NovaLite-input-tokens";
    let arn = "arn:aws:sts::123456789012:assumed-role/app/secret-session";
    let bad = row.replace("0.5", "secret-amount");
    put(
        "data/a.csv",
        format!(
            "{header}\n{row},{arn},\"{{\"\"secret\"\":\"\"secret\"\"}}\"\n{row},secret-caller,\n\
             {bad},,\n"
        ),
    );
    put(JUNE, format!(r#"{{"dataFiles": ["s3://{BUCKET}/data/a.csv"]}}"#));
    let records = setting.records("manifest-put").await;
    assert_eq!(records[0]["lines_ai"], 2);
    assert_eq!(records[0]["first_rejected"], "data/a.csv:3: line_item_unblended_cost");
    let findings = records[0]["findings"].as_array().unwrap();
    assert!(findings.contains(&json!("principal-unreadable")), "{findings:?}");
    assert!(!records[0].to_string().contains("secret"), "{}", records[0]);
}
