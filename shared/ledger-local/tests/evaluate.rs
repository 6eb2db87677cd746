//! A bill, budgets and owners: each alert once, whatever the network does.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use ledger_app::budget_file::parse_budgets;
use ledger_app::evaluate::evaluate_budgets;
use ledger_app::import::import_bills;
use ledger_aws::connect::{LocalEndpoint, dynamodb_client, sns_client};
use ledger_aws::cur::CurFolder;
use ledger_aws::dynamodb::DynamoLedger;
use ledger_aws::sns::SnsNotifier;
use ledger_core::attribution::AttributionRules;
use ledger_core::budget::Budget;
use ledger_local::database::EmbeddedDatabase;
use ledger_local::sns::{SnsStandIn, StandInError};
use ledger_testkit::faulty_proxy::{Fault, FaultPlan, FaultyProxy};

const BILL: &str = "line_item_usage_start_date,bill_payer_account_id,line_item_usage_account_id,\
    line_item_product_code,line_item_usage_type,line_item_unblended_cost,line_item_currency_code\n\
    2026-11-03,123456789012,123456789012,AmazonBedrock,USE1-NovaLite-input-tokens,60.00,USD\n\
    2026-11-04,123456789012,123456789012,AmazonBedrock,USE1-NovaLite-output-tokens,20.00,USD\n";

/// 80 of 100: the thresholds at 50 and at exactly 80 are reached, the one at 81 is not.
const BUDGETS: &str = "[[budget]]\nname = \"all\"\nowner = \"platform\"\nlimit = \"100\"\n\
    currency = \"USD\"\nwindow = \"monthly\"\nthresholds = [50, 80, 81]\n";

struct Setting {
    database: EmbeddedDatabase,
    outbox: SnsStandIn,
    notifier: SnsNotifier,
    budgets: Vec<Budget>,
}

impl Setting {
    async fn new() -> Setting {
        let database = EmbeddedDatabase::open(None).await.unwrap();
        let outbox = SnsStandIn::open(None).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = LocalEndpoint(format!("http://{}", listener.local_addr().unwrap()));
        let router = outbox.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        let client = sns_client(Some(&endpoint)).await;
        let notifier = SnsNotifier::ensure_topic(client, "alerts").await.unwrap();
        let budgets = parse_budgets(BUDGETS).unwrap();
        let setting = Setting { database, outbox, notifier, budgets };
        let ledger = setting.ledger(setting.database.endpoint()).await;
        ledger.ensure_table().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("bill.csv");
        std::fs::write(&file, BILL).unwrap();
        let source = Arc::new(CurFolder::new(vec![file]));
        let rules = Arc::new(AttributionRules::default());
        import_bills(source, rules, now(), |_| (), &ledger).await.unwrap();
        setting
    }

    async fn ledger(&self, endpoint: String) -> DynamoLedger {
        let client = dynamodb_client(Some(&LocalEndpoint(endpoint))).await;
        DynamoLedger { client, table: "tollbook".to_owned() }
    }

    /// Evaluates over a network with faults; `false` when the run failed.
    async fn evaluate(&self, run: &str, plan: FaultPlan) -> bool {
        let proxy = FaultyProxy::start(self.database.address(), plan).await.unwrap();
        let ledger = self.ledger(format!("http://{}", proxy.address())).await;
        let (budgets, notifier) = (&self.budgets, &self.notifier);
        evaluate_budgets(budgets, today(), now(), run, &ledger, notifier).await.is_ok()
    }

    /// The thresholds that were told, and how often anything was told.
    fn told(&self) -> (BTreeSet<String>, usize) {
        let messages = self.outbox.outbox();
        let threshold = |attributes: &std::collections::BTreeMap<String, String>| {
            attributes.get("threshold_percent").cloned().unwrap_or_default()
        };
        (messages.iter().map(|it| threshold(&it.attributes)).collect(), messages.len())
    }
}

fn today() -> Date {
    "2026-11-05".parse().unwrap()
}

fn now() -> Timestamp {
    "2026-11-05T08:00:00Z".parse().unwrap()
}

fn each_once() -> (BTreeSet<String>, usize) {
    (BTreeSet::from(["50".to_owned(), "80".to_owned()]), 2)
}

#[tokio::test]
async fn a_threshold_is_told_when_it_is_reached_and_never_again() {
    let setting = Setting::new().await;
    for run in ["first", "second", "third"] {
        assert!(setting.evaluate(run, FaultPlan::none()).await);
        assert_eq!(setting.told(), each_once());
    }
}

#[tokio::test]
async fn two_evaluations_at_once_tell_each_threshold_once() {
    for _ in 0..5 {
        let setting = Setting::new().await;
        let (one, two) = tokio::join!(
            setting.evaluate("one", FaultPlan::none()),
            setting.evaluate("two", FaultPlan::none())
        );
        assert!(one && two);
        assert_eq!(setting.told(), each_once());
    }
}

#[tokio::test]
async fn a_lost_or_halved_answer_or_a_throttled_call_changes_nothing() {
    let throttled = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"slow down"}"#;
    for number in 1..=12 {
        for fault in [
            Fault::LoseAnswer,
            Fault::HalfAnswer,
            Fault::Status { code: 400, body: throttled.to_owned() },
        ] {
            let setting = Setting::new().await;
            setting.evaluate("one", FaultPlan::only(number, fault)).await;
            assert!(setting.evaluate("one", FaultPlan::none()).await);
            assert_eq!(setting.told(), each_once(), "call {number}");
        }
    }
}

#[tokio::test]
async fn an_evaluation_that_stops_anywhere_never_tells_twice() {
    for calls in 0..12 {
        let setting = Setting::new().await;
        let run = setting.evaluate("one", FaultPlan::fail_after(calls));
        let _ = tokio::time::timeout(Duration::from_secs(20), run).await;
        assert!(setting.evaluate("two", FaultPlan::none()).await);
        let (_, count) = setting.told();
        assert!(count <= 2, "{count} messages after {calls} calls");
    }
}

#[tokio::test]
async fn what_was_refused_is_told_by_the_next_run_and_what_was_lost_is_not_repeated() {
    let setting = Setting::new().await;
    setting.outbox.fail_next(StandInError::Throttling);
    setting.outbox.fail_next(StandInError::LoseAnswer);
    assert!(setting.evaluate("one", FaultPlan::none()).await);
    assert_eq!(setting.told().1, 1, "the second is there, and its answer was lost");
    assert!(setting.evaluate("two", FaultPlan::none()).await);
    assert_eq!(setting.told(), each_once());
}
