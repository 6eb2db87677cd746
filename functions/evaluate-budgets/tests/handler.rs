//! Evaluations against stand-ins, through the handler and through the binary.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

#[path = "handler/mirror.rs"]
mod mirror;

use std::sync::{Arc, Mutex};

use evaluate_budgets::config::Config;
use evaluate_budgets::handler::{State, handle};
use evaluate_budgets::mirror::BudgetMirror;
use jiff::{SignedDuration, Timestamp};
use ledger_app::audience::{count_audiences, findings_of_audiences};
use ledger_app::import::{Accept, import_bills};
use ledger_app::ports::{AlertStore as _, DocumentKind, DocumentStore as _, Topic};
use ledger_app::view::View;
use ledger_aws::connect::{Connection, LocalEndpoint};
use ledger_aws::cur::CurFolder;
use ledger_aws::dynamodb::DynamoLedger;
use ledger_aws::sns::{SnsNotifier, TopicNotifier};
use ledger_core::access::Access;
use ledger_core::now::Now;
use ledger_core::rules::AttributionRules;
use ledger_lambda::clock::Invocation;
use ledger_lambda::metric::Metrics;
use ledger_lambda::outcome::TryAgain;
use ledger_local::database::EmbeddedDatabase;
use ledger_local::sns::{SnsStandIn, StandInError, Subscriptions};
use ledger_testkit::build::change;
use ledger_testkit::faulty_proxy::{Fault, FaultPlan, FaultyProxy};
use ledger_testkit::runtime_api::{Heard, run};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_evaluate-budgets");

const BILL: &str = "line_item_usage_start_date,bill_payer_account_id,line_item_usage_account_id,\
    line_item_product_code,line_item_usage_type,line_item_unblended_cost,line_item_currency_code\n\
    2026-11-03,123456789012,123456789012,AmazonBedrock,USE1-NovaLite-input-tokens,60.00,USD\n\
    2026-11-04,123456789012,123456789012,AmazonBedrock,USE1-NovaLite-output-tokens,20.00,USD\n";

/// 80 of 100: the thresholds at 50 and at exactly 80 are reached, the one at 81 is not.
const BUDGETS: &str = "[[budget]]\nname = \"all\"\nowner = \"platform\"\nlimit = \"100\"\n\
    currency = \"USD\"\nwindow = \"monthly\"\nthresholds = [50, 80, 81]\n";

const THROTTLED: &str = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"slow down"}"#;

fn event(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/evaluate-budgets");
    std::fs::read_to_string(format!("{folder}/{name}.json")).unwrap()
}

struct Setting {
    database: EmbeddedDatabase,
    outbox: SnsStandIn,
    sns: LocalEndpoint,
    topic_arn: String,
    alarms_topic_arn: String,
    ledger: DynamoLedger,
    metrics: Arc<Mutex<Vec<Value>>>,
    /// The mirror of the next evaluation.
    mirror: Mutex<Option<BudgetMirror>>,
}

impl Setting {
    async fn empty() -> Setting {
        let database = EmbeddedDatabase::open(None).await.unwrap();
        let outbox = SnsStandIn::open(None).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sns = LocalEndpoint(format!("http://{}", listener.local_addr().unwrap()));
        let router = outbox.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        // The template makes the topic; the function never does.
        let client = Connection::local(&sns).sns_client();
        let topic =
            async |name| SnsNotifier::ensure_topic(client.clone(), name).await.unwrap().topic_arn;
        let (topic_arn, alarms_topic_arn) = (topic("alerts").await, topic("alarms").await);
        let ledger = ledger_at(database.endpoint());
        ledger.ensure_table().await.unwrap();
        let metrics = Arc::new(Mutex::new(Vec::new()));
        let mirror = Mutex::default();
        Setting { database, outbox, sns, topic_arn, alarms_topic_arn, ledger, metrics, mirror }
    }

    /// With a bill up to 2026-11-04 and budgets.
    async fn new(budgets: &str) -> Setting {
        let setting = Setting::empty().await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("bill.csv");
        std::fs::write(&file, BILL).unwrap();
        let source = Arc::new(CurFolder::new(vec![file]));
        let rules = Arc::new(AttributionRules::default());
        import_bills(source, rules, Accept::Good, now(), |_| (), &setting.ledger).await.unwrap();
        setting.ledger.apply(DocumentKind::Budgets, budgets, change(now())).await.unwrap();
        setting
    }

    async fn handle(&self, event: &str) -> Result<Value, TryAgain> {
        self.handle_with(self.ledger.clone(), event).await
    }

    async fn handle_with(&self, ledger: DynamoLedger, event: &str) -> Result<Value, TryAgain> {
        self.handle_until(Timestamp::MAX, ledger, event).await
    }

    async fn handle_until(
        &self,
        deadline: Timestamp,
        ledger: DynamoLedger,
        event: &str,
    ) -> Result<Value, TryAgain> {
        let kept = Arc::clone(&self.metrics);
        let metrics = Metrics::to(move |line| {
            kept.lock().unwrap().push(serde_json::from_str(line).unwrap());
        });
        let alarms = Some(self.alarms_topic_arn.clone());
        let notifier =
            TopicNotifier::new(Connection::local(&self.sns), self.topic_arn.clone(), alarms);
        let mirror = self.mirror.lock().unwrap().take();
        let state = State { ledger, notifier, page: None, metrics, mirror };
        let invocation = Invocation { request_id: "request-1", deadline };
        handle(&state, &serde_json::from_str(event).unwrap(), &invocation, now()).await
    }

    /// The metrics of this name.
    fn metric(&self, name: &str) -> Vec<i64> {
        let metrics = self.metrics.lock().unwrap();
        metrics.iter().filter_map(|it| it[name].as_i64()).collect()
    }
}

fn ledger_at(endpoint: String) -> DynamoLedger {
    let client = Connection::local(&LocalEndpoint(endpoint)).dynamodb_client();
    DynamoLedger { client, table: "tollbook".to_owned() }
}

/// Eight and a half hours after the last day with data.
fn now() -> Timestamp {
    "2026-11-05T08:30:00Z".parse().unwrap()
}

#[tokio::test]
async fn a_threshold_is_told_once_whoever_asks() {
    let setting = Setting::new(BUDGETS).await;
    let answer = setting.handle(&event("destination")).await.unwrap();
    assert_eq!(answer["alerts_sent"], 1, "both thresholds are one message");
    for name in ["schedule", "schedule", "destination"] {
        let answer = setting.handle(&event(name)).await.unwrap();
        assert_eq!((&answer["budgets"], &answer["alerts_sent"]), (&json!(1), &json!(0)));
    }
    let messages = setting.outbox.outbox();
    assert_eq!(messages.len(), 1);
    assert!(messages.iter().all(|it| it.topic_arn == setting.topic_arn));
}

#[tokio::test]
async fn each_run_writes_the_age_of_the_data_once() {
    let setting = Setting::new(BUDGETS).await;
    setting.handle(&event("schedule")).await.unwrap();
    let lines = setting.metrics.lock().unwrap().clone();
    let expected = json!({
        "_aws": {
            "Timestamp": now().as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": "Tollbook",
                "Dimensions": [[]],
                "Metrics": [{ "Name": "DataAgeHours", "Unit": "None" }],
            }],
        },
        "DataAgeHours": 8,
        "data_up_to": "2026-11-05",
        "feed": "cur of payer 123456789012",
    });
    assert_eq!(lines, [expected]);
}

#[tokio::test]
async fn topics_without_subscribers_are_found_until_there_is_one() {
    let setting = Setting::new(BUDGETS).await;
    let found = async || {
        setting.handle(&event("schedule")).await.unwrap();
        let now = Now::new(now());
        let view = View::open_all(&setting.ledger, Access::everything(), now).await.unwrap();
        let found = findings_of_audiences(&view).await.unwrap();
        found.into_iter().map(|it| it.message).collect::<Vec<_>>()
    };
    let alerts = "the topic of alerts has no subscriber, so no owner is told when a budget is \
                  crossed; deploy with AlertsEmail, or subscribe to the topic of alerts (counted on \
                  2026-11-05 08:30 UTC)";
    let alarms = "the topic of alarms has no subscriber, so no person is told when Tollbook itself \
                  fails; deploy with OperationsEmail, or subscribe to the topic of alarms (counted on \
                  2026-11-05 08:30 UTC)";
    assert_eq!(found().await, [alarms, alerts]);
    let waiting = Subscriptions { confirmed: 0, pending: 1 };
    setting.outbox.count(&setting.topic_arn, waiting);
    let waits = "the subscription that waits is in force once its mail is confirmed";
    assert!(found().await[1].contains(waits));
    let confirmed = Subscriptions { confirmed: 1, pending: 0 };
    setting.outbox.count(&setting.topic_arn, confirmed);
    assert_eq!(found().await, [alarms]);
    // A topic with subscribers is counted again after six hours.
    setting.outbox.count(&setting.topic_arn, waiting);
    let sns = Connection::local(&setting.sns);
    let notifier = TopicNotifier::new(sns, setting.topic_arn.clone(), None);
    for (hours, confirmed) in [(5, 1), (7, 0)] {
        let later = now() + SignedDuration::from_hours(hours);
        count_audiences(&notifier, &setting.ledger, later).await.unwrap();
        let kept = setting.ledger.audiences().await.unwrap();
        let of_alerts = kept.iter().find(|it| it.topic == Topic::Alerts).unwrap();
        assert_eq!(of_alerts.audience.confirmed, confirmed, "after {hours} hours");
    }
    setting.outbox.count(&setting.topic_arn, Subscriptions { confirmed: 1, pending: 0 });
    assert_eq!(found().await, [alarms]);
    // A topic that cannot be asked stops nothing, and its last count stays.
    setting.outbox.fail_next(StandInError::AuthorizationError("not allowed".to_owned()));
    assert_eq!(found().await, [alarms]);
}

#[tokio::test]
async fn without_data_there_is_no_age() {
    let setting = Setting::empty().await;
    let answer = setting.handle(&event("schedule")).await.unwrap();
    assert_eq!(answer["budgets"], 0);
    assert_eq!(setting.metric("DataAgeHours"), Vec::<i64>::new());
}

#[tokio::test]
async fn budgets_that_cannot_be_read_are_told_a_person_and_do_not_hide_the_age() {
    let setting = Setting::new("[[budget]]\nname = \"all\"\n").await;
    let answer = setting.handle(&event("destination")).await.unwrap();
    let failed = answer["failed"].as_str().unwrap();
    assert!(failed.starts_with("the applied budgets cannot be read: "), "{failed}");
    let asked = "evaluation after arn:aws:lambda:us-east-1:123456789012:function:tollbook-ingest-cost-explorer:$LATEST";
    assert_eq!(answer["input"], asked);
    assert_eq!(setting.metric("PermanentFailures"), [1]);
    assert_eq!(setting.metric("DataAgeHours"), [8]);
}

#[tokio::test]
async fn what_is_no_object_is_refused_for_good() {
    let setting = Setting::new(BUDGETS).await;
    let answer = setting.handle(&event("not-an-object")).await.unwrap();
    assert_eq!(answer["failed"], "the event is not a JSON object; expected one, such as `{}`");
    assert_eq!(setting.metric("PermanentFailures"), [1]);
    assert_eq!(setting.outbox.outbox().len(), 0);
}

#[tokio::test]
async fn a_throttled_ledger_fails_the_invocation_and_the_next_one_tells() {
    let setting = Setting::new(BUDGETS).await;
    let fault = Fault::Status { code: 400, body: THROTTLED.to_owned() };
    let plan = FaultPlan::each(move |_| fault.clone());
    let proxy = FaultyProxy::start(setting.database.address(), plan).await.unwrap();
    let ledger = ledger_at(setting.database.endpoint_by(proxy.address()));
    setting.handle_with(ledger, &event("schedule")).await.unwrap_err();
    assert_eq!(setting.metric("PermanentFailures"), Vec::<i64>::new());
    assert_eq!(setting.outbox.outbox().len(), 0);
    setting.handle(&event("schedule")).await.unwrap();
    assert_eq!(setting.outbox.outbox().len(), 1);
}

#[tokio::test]
async fn an_evaluation_without_time_leaves_its_alerts_to_the_next_attempt() {
    let setting = Setting::new(BUDGETS).await;
    let soon = Timestamp::now() + SignedDuration::from_secs(5);
    let stopped = setting.handle_until(soon, setting.ledger.clone(), &event("schedule")).await;
    assert!(format!("{:?}", stopped.unwrap_err()).contains("the time of the run ended"));
    assert_eq!((setting.outbox.outbox().len(), setting.metric("PermanentFailures")), (0, vec![]));
    assert_eq!(setting.handle(&event("schedule")).await.unwrap()["alerts_sent"], 1);
    assert_eq!(setting.outbox.outbox().len(), 1);
}

#[tokio::test]
async fn a_topic_that_is_not_there_is_not_made() {
    let mut setting = Setting::new(BUDGETS).await;
    let topic_arn = std::mem::replace(
        &mut setting.topic_arn,
        "arn:aws:sns:us-east-1:123456789012:elsewhere".to_owned(),
    );
    let answer = setting.handle(&event("schedule")).await.unwrap();
    assert_eq!(answer["alerts_not_accepted"], 1);
    assert_eq!(setting.metric("UndeliveredAlerts"), [1]);
    setting.topic_arn = topic_arn;
    assert_eq!(setting.handle(&event("schedule")).await.unwrap()["alerts_sent"], 1);
}

#[tokio::test]
async fn a_message_whose_answer_was_lost_is_repeated_as_such() {
    let setting = Setting::new(BUDGETS).await;
    setting.outbox.fail_next(StandInError::LoseAnswer);
    let answer = setting.handle(&event("schedule")).await.unwrap();
    assert_eq!((&answer["alerts_sent"], &answer["alerts_unconfirmed"]), (&json!(0), &json!(1)));
    assert_eq!(setting.metric("UndeliveredAlerts"), [1]);
    let answer = setting.handle(&event("schedule")).await.unwrap();
    assert_eq!((&answer["alerts_sent"], &answer["alerts_unconfirmed"]), (&json!(1), &json!(0)));
    setting.handle(&event("schedule")).await.unwrap();
    let [first, again] = setting.outbox.outbox().try_into().unwrap();
    let (said, said_again) = (first.text_for("email"), again.text_for("email"));
    assert!(said_again.starts_with("This may be a repeat: "), "{said_again}");
    assert!(said_again.ends_with(&said));
    assert_eq!(first.text_for("sqs"), again.text_for("sqs"));
    assert_eq!(first.attributes, again.attributes);
    assert_eq!(setting.metric("UndeliveredAlerts"), [1]);
}

/// SNS discards a message with more than ten attributes for a queue with raw delivery, and its numeric
/// filters match attributes of type `Number` alone.
#[tokio::test]
async fn an_alert_has_ten_attributes_and_its_numbers_are_numbers() {
    let budgets = BUDGETS.replace("owner =", "deputy = \"ida\"\nowner =");
    let setting = Setting::new(&budgets).await;
    setting.handle(&event("schedule")).await.unwrap();
    let [message] = setting.outbox.outbox().try_into().unwrap();
    let types = message.attribute_types.iter();
    let numbers: Vec<_> = types
        .filter(|(_, it)| *it == "Number")
        .map(|(name, _)| (name.as_str(), message.attributes[name].as_str()))
        .collect();
    assert_eq!(numbers, [("limit", "100"), ("spend", "80"), ("threshold_percent", "80")]);
    assert_eq!(message.attributes.len(), 10);
}

/// One that the table refuses for its size, as an earlier release let it in, and a good one.
#[tokio::test]
async fn an_alert_that_cannot_be_kept_stops_no_other() {
    let name = "o".repeat(204_000);
    let names = format!("{name}\"\ndeputy = \"{name}");
    let poisonous = BUDGETS.replace("platform", &names);
    let good = BUDGETS.replace("\"all\"", "\"good\"");
    let setting = Setting::new(&format!("{poisonous}{good}")).await;
    let answer = setting.handle(&event("schedule")).await.unwrap();
    let failed = answer["failed"].as_str().unwrap();
    assert!(failed.starts_with("could not keep alert `all/monthly/2026-11-01/80`: "), "{failed}");
    assert_eq!(setting.metric("PermanentFailures"), [1]);
    let messages = setting.outbox.outbox();
    let told: Vec<_> = messages.iter().map(|it| it.attributes["budget"].as_str()).collect();
    assert_eq!(told, ["good"]);
}

/// The binary itself: what it logs, and that it goes on after a failure.
#[tokio::test]
async fn the_process_writes_metrics_and_logs_beside_each_other() {
    let setting = Setting::new("[[budget]]").await;
    let variables = [
        ("TABLE_NAME", "tollbook"),
        ("TOPIC_ARN", setting.topic_arn.as_str()),
        ("AWS_ENDPOINT_URL_DYNAMODB", &setting.database.endpoint()),
        ("AWS_ENDPOINT_URL_SNS", &setting.sns.0),
    ];
    let (object, other) = (event("schedule"), event("not-an-object"));
    let ran = run(BINARY, &variables, &[&object, &other]).await.unwrap();
    assert!(ran.heard.iter().all(|it| matches!(it, Heard::Answer(_))), "{ran:?}");
    let lines: Vec<Value> = ran.lines.iter().map(|it| serde_json::from_str(it).unwrap()).collect();
    let with = |name: &str| lines.iter().filter(|it| it.get(name).is_some()).count();
    assert_eq!((with("DataAgeHours"), with("PermanentFailures")), (1, 2), "{lines:?}");
    let errors: Vec<&Value> = lines.iter().filter(|it| it["level"] == "ERROR").collect();
    assert_eq!(errors.len(), 2);
    assert_eq!(errors[0]["spans"][0]["requestId"], "request-1");
    assert_eq!(errors[0]["input.id"], "evaluation by aws.scheduler");
}

#[tokio::test]
async fn a_wrong_environment_is_named_in_one_message() {
    for (topic, problem) in [
        ("", "`TOPIC_ARN` is missing or empty; expected the ARN of an SNS topic"),
        ("alerts", "`TOPIC_ARN` is `alerts`; expected the ARN of an SNS topic"),
    ] {
        let ran = run(BINARY, &[("TOPIC_ARN", topic)], &[]).await.unwrap();
        assert_eq!((ran.exit_code, ran.lines.len()), (Some(1), 2), "the release, and the refusal");
        let log: Value = serde_json::from_str(&ran.lines[1]).unwrap();
        let expected = format!(
            "environment variables: `TABLE_NAME` is missing or empty; expected the name of the \
             ledger's table; {problem}"
        );
        assert_eq!(log["error"], expected);
    }
}

#[test]
fn a_topic_is_told_from_other_resources() {
    let read = |arn: &'static str| {
        Config::from_env(move |name| match name {
            "TABLE_NAME" => Some("ledger".to_owned()),
            "TOPIC_ARN" => Some(arn.to_owned()),
            _ => None,
        })
    };
    assert!(read("arn:aws-cn:sns:cn-north-1:123456789012:alerts").is_ok());
    assert!(read("arn:aws:sqs:us-east-1:123456789012:alerts").is_err());
    assert!(read("arn:aws:sns:us-east-1:123456789012:alerts:8d3c-subscription").is_err());
}
