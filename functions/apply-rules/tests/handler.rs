//! Runs against stand-ins, through the handler and through the binary.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::sync::{Arc, Mutex};

use apply_rules::handler::{State, handle};
use jiff::Timestamp;
use ledger_app::import::{Accept, import_bills};
use ledger_app::ports::{DocumentKind, DocumentStore as _, LedgerStore as _};
use ledger_aws::connect::{Connection, LocalEndpoint};
use ledger_aws::cur::CurFolder;
use ledger_aws::dynamodb::DynamoLedger;
use ledger_core::dimension::Level;
use ledger_core::period::BillingPeriod;
use ledger_core::rules::AttributionRules;
use ledger_lambda::metric::Metrics;
use ledger_lambda::outcome::TryAgain;
use ledger_local::database::EmbeddedDatabase;
use ledger_testkit::build::change;
use ledger_testkit::faulty_proxy::{Fault, FaultPlan, FaultyProxy};
use ledger_testkit::runtime_api::{Heard, run};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_apply-rules");

const BILL: &str = "line_item_usage_start_date,bill_payer_account_id,line_item_usage_account_id,\
    line_item_product_code,line_item_usage_type,line_item_unblended_cost,line_item_currency_code\n\
    2026-11-03,123456789012,123456789012,AmazonBedrock,USE1-NovaLite-input-tokens,60.00,USD\n\
    2026-11-04,123456789012,123456789012,AmazonBedrock,USE1-NovaLite-output-tokens,20.00,USD\n";

const RULES: &str =
    "[[rule]]\nname = \"all\"\nowner = \"platform\"\nwhen = { account = \"123456789012\" }\n";

const THROTTLED: &str = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"slow down"}"#;

fn event(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/apply-rules");
    std::fs::read_to_string(format!("{folder}/{name}.json")).unwrap()
}

fn now() -> Timestamp {
    "2026-11-05T08:30:00Z".parse().unwrap()
}

struct Setting {
    database: EmbeddedDatabase,
    ledger: DynamoLedger,
    metrics: Arc<Mutex<Vec<Value>>>,
}

impl Setting {
    /// With a bill that was imported before any rules were applied.
    async fn new(rules: Option<&str>) -> Setting {
        let database = EmbeddedDatabase::open(None).await.unwrap();
        let ledger = ledger_at(database.endpoint());
        ledger.ensure_table().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("bill.csv");
        std::fs::write(&file, BILL).unwrap();
        let source = Arc::new(CurFolder::new(vec![file]));
        let none = Arc::new(AttributionRules::default());
        import_bills(source, none, Accept::Good, now(), |_| (), &ledger).await.unwrap();
        if let Some(rules) = rules {
            ledger.apply(DocumentKind::Rules, rules, change(now())).await.unwrap();
        }
        Setting { database, ledger, metrics: Arc::default() }
    }

    async fn handle_with(&self, ledger: DynamoLedger, event: &str) -> Result<Value, TryAgain> {
        let kept = Arc::clone(&self.metrics);
        let metrics = Metrics::to(move |line| {
            kept.lock().unwrap().push(serde_json::from_str(line).unwrap());
        });
        let state = State { ledger, metrics };
        handle(&state, &serde_json::from_str(event).unwrap(), now()).await
    }

    async fn handle(&self, event: &str) -> Result<Value, TryAgain> {
        self.handle_with(self.ledger.clone(), event).await
    }

    /// The owners of each day.
    async fn owners(&self) -> Vec<String> {
        let month = BillingPeriod::parse("2026-11").unwrap();
        let mut owners = Vec::new();
        for head in self.ledger.heads(month).await.unwrap() {
            for (day, state) in &head.days {
                let (bill, generation) = (&head.bill, &state.generation);
                let read = self.ledger.rollups(bill, *day, generation, Level::Summary, None).await;
                owners.extend(read.unwrap().iter().map(|it| it.row().summary().owner.to_string()));
            }
        }
        owners
    }
}

fn ledger_at(endpoint: String) -> DynamoLedger {
    let client = Connection::local(&LocalEndpoint(endpoint)).dynamodb_client();
    DynamoLedger { client, table: "tollbook".to_owned() }
}

#[tokio::test]
async fn applied_rules_own_what_was_imported_before_them() {
    let setting = Setting::new(Some(RULES)).await;
    assert_eq!(setting.owners().await, ["Unattributed", "Unattributed"]);
    let answer = setting.handle(&event("rules-applied")).await.unwrap();
    assert_eq!(
        answer,
        json!({ "rules_version": 1, "bills": 1, "days_written": 2, "held_back": 0 })
    );
    assert_eq!(setting.owners().await, ["platform", "platform"]);
    let again = setting.handle(&event("rules-applied")).await.unwrap();
    assert_eq!(again, json!({ "rules_version": 1, "bills": 0, "days_written": 0, "held_back": 0 }));
}

#[tokio::test]
async fn without_rules_nothing_changes() {
    let setting = Setting::new(None).await;
    let answer = setting.handle(&event("rules-applied")).await.unwrap();
    assert_eq!(
        answer,
        json!({ "rules_version": 0, "bills": 0, "days_written": 0, "held_back": 0 })
    );
}

#[tokio::test]
async fn an_event_of_another_form_is_set_aside() {
    let setting = Setting::new(Some(RULES)).await;
    let answer = setting.handle(&event("not-an-object")).await.unwrap();
    assert_eq!(answer["failed"], "the event is not a JSON object; expected one, such as `{}`");
    assert_eq!(setting.metrics.lock().unwrap()[0]["PermanentFailures"], 1);
    assert_eq!(setting.owners().await, ["Unattributed", "Unattributed"]);
}

#[tokio::test]
async fn rules_that_cannot_be_read_are_set_aside_and_nothing_changes() {
    let setting = Setting::new(Some("[[rule]]\nname = \"all\"\ncolour = \"red\"\n")).await;
    let answer = setting.handle(&event("rules-applied")).await.unwrap();
    let failed = answer["failed"].as_str().unwrap();
    assert!(failed.contains("the applied rules cannot be read"), "{failed}");
    assert_eq!(setting.owners().await, ["Unattributed", "Unattributed"]);
}

#[tokio::test]
async fn a_throttled_table_is_tried_again_and_readers_see_the_old_owners() {
    let setting = Setting::new(Some(RULES)).await;
    let fault = Fault::Status { code: 400, body: THROTTLED.to_owned() };
    let plan = FaultPlan::each(move |call| {
        let is_write = call.target().is_some_and(|it| it.ends_with(".BatchWriteItem"));
        if is_write { fault.clone() } else { Fault::Pass }
    });
    let proxy = FaultyProxy::start(setting.database.address(), plan).await.unwrap();
    let ledger = ledger_at(setting.database.endpoint_by(proxy.address()));
    let err = setting.handle_with(ledger, &event("rules-applied")).await.unwrap_err();
    assert!(err.0.contains("could not replace the positions of cur 2026-11"), "{err:?}");
    assert_eq!(setting.owners().await, ["Unattributed", "Unattributed"]);
    let answer = setting.handle(&event("rules-applied")).await.unwrap();
    assert_eq!(answer["days_written"], 2);
}

/// The binary itself: it answers, and logs what it did.
#[tokio::test]
async fn the_process_answers_and_logs() {
    let setting = Setting::new(Some(RULES)).await;
    let endpoint = setting.database.endpoint();
    let variables = [("TABLE_NAME", "tollbook"), ("AWS_ENDPOINT_URL_DYNAMODB", &endpoint)];
    let ran = run(BINARY, &variables, &[&event("rules-applied")]).await.unwrap();
    assert!(ran.heard.iter().all(|it| matches!(it, Heard::Answer(_))), "{ran:?}");
    let lines: Vec<Value> = ran.lines.iter().map(|it| serde_json::from_str(it).unwrap()).collect();
    let done = lines.iter().find(|it| it["bill_count"] == 1).unwrap();
    assert_eq!(done["rules.version"], 1, "{lines:?}");
    assert_eq!(setting.owners().await, ["platform", "platform"]);
}

#[tokio::test]
async fn a_wrong_environment_is_named_in_one_message() {
    let ran = run(BINARY, &[("TABLE_NAME", "")], &[]).await.unwrap();
    assert_eq!((ran.exit_code, ran.lines.len()), (Some(1), 2), "the release, and the refusal");
    let log: Value = serde_json::from_str(&ran.lines[1]).unwrap();
    assert_eq!(
        log["error"],
        "environment variables: `TABLE_NAME` is missing or empty; expected the name of the \
         ledger's table"
    );
}
