//! Scheduled runs against stand-ins, through the handler and through the binary.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use ingest_cost_explorer::config::Config;
use ingest_cost_explorer::handler::{State, handle};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use ledger_app::ports::{DocumentKind, DocumentStore as _, LedgerStore as _};
use ledger_aws::connect::{Connection, LocalEndpoint};
use ledger_aws::dynamodb::DynamoLedger;
use ledger_core::bill::BillHead;
use ledger_core::period::BillingPeriod;
use ledger_lambda::clock::today;
use ledger_lambda::metric::Metrics;
use ledger_local::cost_explorer::{CostExplorerStandIn, CostLine, StandInError};
use ledger_local::database::EmbeddedDatabase;
use ledger_testkit::build::change;
use ledger_testkit::faulty_proxy::{Fault, FaultPlan, FaultyProxy};
use ledger_testkit::runtime_api::{Heard, run};
use rust_decimal::Decimal;
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_ingest-cost-explorer");

const THROTTLED: &str = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"slow down"}"#;

fn event(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/ingest-cost-explorer");
    std::fs::read_to_string(format!("{folder}/{name}.json")).unwrap()
}

fn line(day: Date, cost: i64) -> CostLine {
    CostLine {
        day,
        service: "Amazon Bedrock".to_owned(),
        usage_type: "USE1-NovaLite-input-tokens".to_owned(),
        account: "123456789012".to_owned(),
        record_type: "Usage".to_owned(),
        operation: "InvokeModelInference".to_owned(),
        region: "us-east-1".to_owned(),
        billing_entity: "AWS".to_owned(),
        tags: BTreeMap::from([("iamPrincipal/team".to_owned(), "search".to_owned())]),
        product_attributes: BTreeMap::new(),
        unblended: Decimal::from(cost),
        net_unblended: Decimal::from(cost),
        amortized: Decimal::from(cost),
        net_amortized: Decimal::from(cost),
        usage_amount: Decimal::ONE,
        unit: "1K tokens".to_owned(),
        currency: "USD".to_owned(),
    }
}

async fn serve(router: Router) -> LocalEndpoint {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = LocalEndpoint(format!("http://{}", listener.local_addr().unwrap()));
    tokio::spawn(async move { axum::serve(listener, router).await });
    endpoint
}

/// Stand-ins, and a run between them.
struct Setting {
    database: EmbeddedDatabase,
    explorer: CostExplorerStandIn,
    explorer_endpoint: LocalEndpoint,
    ledger: DynamoLedger,
    metrics: Arc<Mutex<Vec<Value>>>,
}

impl Setting {
    /// Cost Explorer tells of some days as if it were `today`.
    async fn new(lines: Vec<CostLine>, today: Date) -> Setting {
        let database = EmbeddedDatabase::open(None).await.unwrap();
        let explorer = CostExplorerStandIn::new(lines, today).with_today(today);
        let explorer_endpoint = serve(explorer.router()).await;
        let ledger = ledger_at(database.endpoint());
        ledger.ensure_table().await.unwrap();
        let metrics = Arc::new(Mutex::new(Vec::new()));
        Setting { database, explorer, explorer_endpoint, ledger, metrics }
    }

    async fn november() -> Setting {
        let day = |day| Date::constant(2026, 11, day);
        Setting::new(vec![line(day(1), 3), line(day(5), 4), line(day(6), 50)], day(6)).await
    }

    fn state(&self, variables: &[(&str, &str)]) -> State {
        let var = |name: &str| {
            let found = variables.iter().find(|(it, _)| *it == name);
            let table = (name == "TABLE_NAME").then_some("tollbook");
            found.map(|(_, value)| *value).or(table).map(str::to_owned)
        };
        let kept = Arc::clone(&self.metrics);
        State {
            config: Config::from_env(var).unwrap(),
            ledger: self.ledger.clone(),
            explorer: Connection::local(&self.explorer_endpoint),
            metrics: Metrics::to(move |line| {
                kept.lock().unwrap().push(serde_json::from_str(line).unwrap());
            }),
        }
    }

    async fn heads(&self) -> Vec<BillHead> {
        self.ledger.heads(BillingPeriod::containing(Date::constant(2026, 1, 1))).await.unwrap()
    }

    fn permanent_failures(&self) -> usize {
        let metrics = self.metrics.lock().unwrap();
        metrics.iter().filter(|it| it["PermanentFailures"] == 1).count()
    }
}

fn ledger_at(endpoint: String) -> DynamoLedger {
    let client = Connection::local(&LocalEndpoint(endpoint)).dynamodb_client();
    DynamoLedger { client, table: "tollbook".to_owned() }
}

fn now() -> Timestamp {
    "2026-11-06T06:00:00Z".parse().unwrap()
}

#[tokio::test]
async fn a_run_collects_until_yesterday_and_no_further() {
    let setting = Setting::november().await;
    let answer = handle(&setting.state(&[]), now()).await.unwrap();
    assert_eq!((&answer["from"], &answer["to"]), (&json!("2026-11-01"), &json!("2026-11-06")));
    let heads = setting.heads().await;
    let last = heads[0].days.keys().next_back().unwrap();
    assert_eq!(last.to_string(), "2026-11-05", "today is not collected");
    assert_eq!(answer["requests"], json!(setting.explorer.requests()));
}

#[tokio::test]
async fn a_second_run_changes_nothing() {
    let setting = Setting::november().await;
    let state = setting.state(&[]);
    let first = handle(&state, now()).await.unwrap();
    let heads = setting.heads().await;
    let second = handle(&state, now()).await.unwrap();
    assert_eq!(first["bills_written"].as_array().unwrap().len(), 1);
    assert_eq!(second["bills_unchanged"], first["bills_written"]);
    assert_eq!(setting.heads().await, heads);
}

#[tokio::test]
async fn the_daily_cap_holds_over_all_runs_and_says_what_was_not_asked() {
    let setting = Setting::november().await;
    let state = setting.state(&[("MAX_REQUESTS_PER_DAY", "4")]);
    for _ in 0..3 {
        handle(&state, now()).await.unwrap();
    }
    assert_eq!(setting.explorer.requests(), 4);
    let answer = handle(&state, now()).await.unwrap();
    assert_eq!(answer["findings"][0]["code"], "request-cap");
    let message = answer["findings"][0]["message"].as_str().unwrap();
    assert!(message.contains("not asked: all of 2026-11-01..2026-11-06"), "{message}");
    // What is missing is for a person: of four runs only the first asked all it wanted.
    assert_eq!(setting.permanent_failures(), 3);
}

#[tokio::test]
async fn denied_access_is_told_a_person_and_not_tried_again() {
    let setting = Setting::november().await;
    setting.explorer.fail_next(StandInError::AccessDeniedException("no".to_owned()));
    let answer = handle(&setting.state(&[]), now()).await.unwrap();
    let failed = answer["failed"].as_str().unwrap();
    assert!(failed.contains("access to Cost Explorer is denied; allow `ce:"), "{failed}");
    assert_eq!(setting.permanent_failures(), 1);
    assert_eq!(setting.heads().await, Vec::new());
}

#[tokio::test]
async fn a_lost_answer_is_tried_again_by_lambda() {
    let setting = Setting::november().await;
    let state = setting.state(&[]);
    setting.explorer.fail_next(StandInError::CloseConnection);
    handle(&state, now()).await.unwrap_err();
    assert_eq!(setting.permanent_failures(), 0);
    handle(&state, now()).await.unwrap();
    assert_eq!(setting.heads().await.len(), 1);
}

#[tokio::test]
async fn rules_that_cannot_be_read_cost_no_request() {
    let setting = Setting::november().await;
    setting.ledger.apply(DocumentKind::Rules, "[[rule]", change(now())).await.unwrap();
    let answer = handle(&setting.state(&[]), now()).await.unwrap();
    let failed = answer["failed"].as_str().unwrap();
    assert!(failed.starts_with("the applied rules cannot be read: "), "{failed}");
    assert_eq!(setting.permanent_failures(), 1);
    assert_eq!(setting.explorer.requests(), 0);
}

#[tokio::test]
async fn a_throttled_ledger_fails_the_invocation() {
    let setting = Setting::november().await;
    let fault = Fault::Status { code: 400, body: THROTTLED.to_owned() };
    let plan = FaultPlan::each(move |_| fault.clone());
    let proxy = FaultyProxy::start(setting.database.address(), plan).await.unwrap();
    let ledger = ledger_at(setting.database.endpoint_by(proxy.address()));
    let state = State { ledger, ..setting.state(&[]) };
    let err = handle(&state, now()).await.unwrap_err();
    assert!(err.0.starts_with("could not read the applied rules: could not read rules"), "{err:?}");
    assert_eq!(setting.permanent_failures(), 0);
    assert_eq!(setting.explorer.requests(), 0);
}

/// Whatever the schedule sends, and however often: the binary itself, by the real clock.
#[tokio::test]
async fn the_process_takes_a_schedule_twice() {
    let yesterday = today().checked_sub(1.day()).unwrap();
    let setting = Setting::new(vec![line(yesterday, 5)], today()).await;
    let variables = [
        ("TABLE_NAME", "tollbook"),
        ("AWS_ENDPOINT_URL_DYNAMODB", &setting.database.endpoint()),
        ("AWS_ENDPOINT_URL_COST_EXPLORER", &setting.explorer_endpoint.0),
    ];
    let (schedule, with_input) = (event("schedule"), event("schedule-with-input"));
    let ran = run(BINARY, &variables, &[&schedule, &schedule, &with_input]).await.unwrap();
    let answers: Vec<Value> = ran
        .heard
        .iter()
        .map(|it| match it {
            Heard::Answer(answer) => serde_json::from_str(answer).unwrap(),
            Heard::Failed(err) => panic!("{err}"),
        })
        .collect();
    // A month that has no day with costs is written as well, once.
    let written = answers[0]["bills_written"].as_array().unwrap();
    assert!(!written.is_empty());
    for answer in &answers[1..] {
        assert_eq!(answer["bills_written"], json!([]), "{answer}");
        assert_eq!(answer["bills_unchanged"], answers[0]["bills_written"]);
    }
    let log: Value = serde_json::from_str(ran.lines.last().unwrap()).unwrap();
    assert!(log["message"].as_str().unwrap().starts_with("collected "), "{log}");
    assert_eq!(log["spans"][0]["requestId"], "request-3");
}

#[tokio::test]
async fn a_wrong_environment_is_named_in_one_message() {
    let variables = [
        ("TAG_KEYS", "iamPrincipal/team,,x"),
        ("MAX_REQUESTS_PER_RUN", "many"),
        ("MAX_REQUESTS_PER_DAY", "0"),
        ("PAYER_ACCOUNT", "1234"),
    ];
    let ran = run(BINARY, &variables, &[]).await.unwrap();
    assert_eq!((ran.exit_code, ran.lines.len()), (Some(1), 2), "the release, and the refusal");
    let log: Value = serde_json::from_str(&ran.lines[1]).unwrap();
    assert_eq!(
        log["error"],
        "environment variables: `TABLE_NAME` is missing or empty; expected the name of the \
         ledger's table; `TAG_KEYS` is `iamPrincipal/team,,x`; expected tag keys such as \
         `iamPrincipal/team`, separated by commas; `MAX_REQUESTS_PER_RUN` is `many`; expected a \
         whole number from 1 to 10000; `MAX_REQUESTS_PER_DAY` is `0`; expected a whole number from \
         1 to 10000; `PAYER_ACCOUNT` is `1234`; expected an account id of twelve digits"
    );
}

#[test]
fn what_is_not_said_has_its_default() {
    let table = |name: &str| (name == "TABLE_NAME").then(|| "ledger".to_owned());
    let config = Config::from_env(table).unwrap();
    assert_eq!(config.tag_keys, ["iamPrincipal/team"]);
    assert_eq!((config.max_requests_per_run, config.max_requests_per_day), (50, 50));
    assert_eq!(config.payer, None);
}
