//! The examples in `docs/alerts` are what the code publishes.
#![expect(clippy::expect_used, reason = "a check that cannot set itself up has failed")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::civil::date;
use jiff::{Timestamp, ToSpan as _};
use ledger_app::budget_file::parse_budgets;
use ledger_app::evaluate::{complete, evaluate_budgets, watched};
use ledger_app::import::{Accept, import_bills};
use ledger_app::ports::{DocumentKind, DocumentStore as _, Notifier as _};
use ledger_app::rules_file::parse_rules;
use ledger_app::said::Said;
use ledger_app::trial::trial;
use ledger_app::view::View;
use ledger_aws::connect::{LocalEndpoint, dynamodb_client, sns_client};
use ledger_aws::cur::CurFolder;
use ledger_aws::dynamodb::DynamoLedger;
use ledger_aws::sns::SnsNotifier;
use ledger_core::access::Access;
use ledger_core::audit::AuditAction;
use ledger_core::bill::Status;
use ledger_core::budget::{
    Addressed, Alert, Budget, Crossing, CrossingKind, Driver, Projection, Spend, Verdict,
    first_month, judge,
};
use ledger_core::currency::Currency;
use ledger_core::meter::Meter;
use ledger_core::money::Money;
use ledger_core::now::Now;
use ledger_core::period::ChargePeriod;
use ledger_local::database::EmbeddedDatabase;
use ledger_local::sns::{OutboxMessage, SnsStandIn};
use serde_json::Value;

/// Columns of a terminal.
const COLUMNS: usize = 80;

const PAGE: &str = "https://tollbook.example.com/";

const BUDGETS: &str = r#"
[[budget]]
name = "search monthly"
owner = "search"
deputy = "platform"
limit = "10000.00"
currency = "USD"
window = "monthly"
thresholds = [50, 80, 100]
forecast_thresholds = [100]
pace_thresholds = [120]
change_thresholds = [150]
scope = { owner = "search", environment = "production" }
"#;

/// Budgets of one owner, more than it gets messages a day.
const MANY_BUDGETS: &str = r#"
[[budget]]
name = "search monthly"
owner = "search"
limit = "700"
currency = "USD"
window = "monthly"
scope = { owner = "search" }

[[budget]]
name = "search quarterly"
owner = "search"
limit = "1500"
currency = "USD"
window = "quarterly"
scope = { owner = "search" }

[[budget]]
name = "search yearly"
owner = "search"
limit = "1500"
currency = "USD"
window = "yearly"
scope = { owner = "search" }
"#;

const CONTACTS: &str = r#"
fallback = "finops"
anomalies_from = 10

[[contact]]
name = "search"
mail = ["search@example.com"]
weekly = true
statements = true

[[contact]]
name = "finops"
mail = ["finops@example.com"]
"#;

const RULES: &str = r#"
[[rule]]
name = "roles of search"
when = { role = "app-search" }
owner = "search"
"#;

fn usd(text: &str) -> Money {
    Money::parse(text, Currency::USD).expect("an amount").money
}

fn verdict(cost: &str) -> Verdict {
    let budget: Budget = parse_budgets(BUDGETS).expect("a budget file").remove(0);
    let spend = Spend {
        period: ChargePeriod::new(date(2026, 11, 1), date(2026, 12, 1)).expect("a month"),
        cost: usd(cost),
        beside: Vec::new(),
        previous: Some(usd("6120.25")),
        is_comparable: true,
        rolled_over: usd("0"),
        status: Status::Billed,
        data_up_to: Some(date(2026, 11, 21)),
    };
    judge(budget, spend)
}

fn alert(verdict: &Verdict, crossings: &[&str]) -> Alert {
    let driver = |caller: &str, model: &str, meter: Meter, cost: &str| Driver {
        caller: Some(caller.into()),
        model: Some(model.into()),
        meter: meter.into(),
        cost: usd(cost),
    };
    let drivers = [
        driver(
            "arn:aws:sts::123456789012:assumed-role/app-search/*",
            "claude-sonnet-4.6",
            Meter::OutputTokens,
            "5210.04",
        ),
        driver(
            "arn:aws:sts::123456789012:assumed-role/app-search/*",
            "claude-sonnet-4.6",
            Meter::InputTokens,
            "1873.5",
        ),
        driver("arn:aws:iam::123456789012:user/ana", "nova-lite", Meter::InputTokens, "190"),
    ];
    let crossings: Vec<Crossing> =
        crossings.iter().map(|it| Crossing::parse(it).expect("a crossing")).collect();
    let (first, also) = crossings.split_first().expect("something to say");
    let receivers = [Arc::from("search"), Arc::from("platform")];
    let to = Addressed { receivers: &receivers, page: Some(PAGE) };
    complete(verdict, *first, also, &drivers, to)
}

/// An alert of each kind of crossing, and a trial, by the name of its file.
fn made_alerts() -> [(&'static str, Alert); 9] {
    let ahead = Verdict {
        projection: Some(Projection {
            expected: usd("10860.40"),
            low: usd("10210.15"),
            high: usd("11490.80"),
        }),
        ..verdict("7273.54")
    };
    let projected = format!("100/{}", CrossingKind::Projected);
    let escalated = format!("80/{}", CrossingKind::Escalated);
    let pace = format!("120/{}", CrossingKind::Pace);
    let change = format!("150/{}", CrossingKind::Change);
    let trial_at: Timestamp = "2026-11-21T08:00:00Z".parse().expect("a time");
    [
        ("threshold", alert(&verdict("8125.005"), &["80", "50"])),
        ("limit", alert(&verdict("10021.7"), &["100"])),
        ("forecast", alert(&ahead, &[&projected])),
        ("back-below", alert(&verdict("7910"), &["80/back_below"])),
        ("pace", alert(&verdict("8125.005"), &[&pace])),
        ("change", alert(&verdict("9425.5"), &[&change])),
        ("escalated", alert(&verdict("8125.005"), &[&escalated])),
        ("repeat", alert(&verdict("8125.005"), &["80", "50"]).repeated()),
        ("trial", trial(&["search".into(), "platform".into()], trial_at)),
    ]
}

/// Seventy days of 10 USD of one role, and one of 100.
fn bill() -> String {
    let mut bill = "line_item_usage_start_date,bill_payer_account_id,line_item_usage_account_id,\
                    line_item_product_code,line_item_usage_type,line_item_unblended_cost,\
                    line_item_currency_code,line_item_iam_principal,bill_invoice_id\n"
        .to_owned();
    for (at, day) in date(2026, 9, 1).series(1.day()).take(75).enumerate() {
        let cost = if at == 70 { 100 } else { 20 };
        let invoice = if day.month() == 11 { "" } else { "EUINGB26-1" };
        bill.push_str(&format!(
            "{day},123456789012,123456789012,AmazonBedrock,USE1-NovaLite-input-tokens,{cost},USD,\
             arn:aws:sts::123456789012:assumed-role/app-search/run,{invoice}\n"
        ));
    }
    bill
}

/// Publishes the messages of an evaluation with contacts.
async fn evaluated(notifier: &SnsNotifier, contacts: &str) {
    let database = EmbeddedDatabase::open(None).await.expect("a database");
    let client = dynamodb_client(Some(&LocalEndpoint(database.endpoint()))).await;
    let ledger = DynamoLedger { client, table: "tollbook".to_owned() };
    ledger.ensure_table().await.expect("a table");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("bill.csv");
    std::fs::write(&file, bill()).expect("a file");
    let now = Now::new("2026-11-17T08:00:00Z".parse().expect("a time"));
    let rules = Arc::new(parse_rules(RULES, 1).expect("rules"));
    let source = Arc::new(CurFolder::new(vec![file]));
    let imported = import_bills(source, rules, Accept::Good, now.at(), |_| (), &ledger).await;
    imported.expect("a bill");
    for (kind, text) in [(DocumentKind::Budgets, MANY_BUDGETS), (DocumentKind::Contacts, contacts)]
    {
        let said = Said { by: "test", reason: "", at: now.at() };
        ledger.apply(kind, text, said.applies(AuditAction::ApplyRules)).await.expect("a document");
    }
    let watched = watched(&ledger).await.expect("documents");
    let from = first_month(&watched.budgets, now.today());
    let view = View::open(&ledger, from, Access::everything(), now).await.expect("a view");
    let watch = watched.with_page(Some(PAGE));
    let outcome = evaluate_budgets(&view, watch, "run", notifier).await.expect("an evaluation");
    assert!(outcome.failed.is_empty(), "{:?}", outcome.failed);
}

/// A message of each kind by the name of its files, as the outbox has it.
async fn examples() -> Vec<(&'static str, OutboxMessage)> {
    let outbox = SnsStandIn::open(None).expect("an outbox");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let endpoint = LocalEndpoint(format!("http://{}", listener.local_addr().expect("an address")));
    let router = outbox.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let client = sns_client(Some(&endpoint)).await;
    let notifier = SnsNotifier::ensure_topic(client, "alerts").await.expect("a topic");
    let mut names = Vec::new();
    for (name, alert) in made_alerts() {
        notifier.publish(&alert).await.expect("a message");
        names.push(name);
    }
    let mut messages = outbox.outbox();
    evaluated(&notifier, CONTACTS).await;
    let one_by_one = outbox.outbox().len();
    evaluated(&notifier, &format!("messages_per_day = 1\n{CONTACTS}")).await;
    for (at, message) in outbox.outbox().into_iter().enumerate().skip(messages.len()) {
        let id = message.attributes.get("alert_id").expect("an identity").clone();
        let name = match id.split('/').take(3).collect::<Vec<_>>().as_slice() {
            ["anomaly", ..] => "anomaly",
            ["digest", _, "day"] => "digest-of-a-day",
            ["digest", _, "week"] if at < one_by_one => "digest-of-a-week",
            ["digest", _, "month"] if at < one_by_one => "statement",
            _ => continue,
        };
        names.push(name);
        messages.push(message);
    }
    names.into_iter().zip(messages).collect()
}

/// The mail, with the attributes before it.
fn mail(message: &OutboxMessage) -> String {
    let mut text = format!("Subject: {}\n", message.subject.as_deref().expect("a subject"));
    for (name, value) in &message.attributes {
        let form = message.attribute_types.get(name).expect("a type");
        writeln!(text, "{name} ({form}): {value}").expect("a text takes everything");
    }
    format!("{text}\n{}", message.text_for("email"))
}

fn json(text: &str) -> (Value, String) {
    let value: Value = serde_json::from_str(text).expect("JSON");
    let pretty = serde_json::to_string_pretty(&value).expect("JSON");
    (value, format!("{pretty}\n"))
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/alerts")
}

fn compare(file: &str, made: &str) {
    let path = folder().join(file);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, made).expect("the file is written");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_else(|_| String::new());
    assert_eq!(
        committed, made,
        "{file}: run `UPDATE_DOCS=1 cargo test -p ledger-tests alerts`, or look for what changed it"
    );
}

#[tokio::test]
async fn the_committed_alerts_are_those_that_are_published() {
    let schema = std::fs::read_to_string(folder().join("alert.schema.json")).expect("the schema");
    let schema = jsonschema::validator_for(&json(&schema).0).expect("a schema");
    let examples = examples().await;
    let mut names: Vec<&str> = examples.iter().map(|(name, _)| *name).collect();
    names.dedup();
    for expected in ["anomaly", "digest-of-a-day", "digest-of-a-week", "trial"] {
        assert!(names.contains(&expected), "{expected}: {names:?}");
    }
    for (name, message) in &examples {
        compare(&format!("{name}.txt"), &mail(message));
        compare(&format!("{name}.chat.json"), &json(&message.text_for("https")).1);
        let (document, pretty) = json(&message.text_for("sqs"));
        compare(&format!("{name}.json"), &pretty);
        let faults: Vec<String> = schema
            .iter_errors(&document)
            .map(|it| format!("{}: {it}", it.instance_path()))
            .collect();
        assert!(faults.is_empty(), "{name}: {faults:?}");
        for line in message.text_for("email").lines() {
            assert!(line.chars().count() <= COLUMNS, "{name}: {line}");
        }
        assert!(message.attributes.len() <= 10, "{name}: {:?}", message.attributes);
    }
}

#[test]
fn the_schema_refuses_what_is_not_described() {
    let schema = std::fs::read_to_string(folder().join("alert.schema.json")).expect("the schema");
    let schema = jsonschema::validator_for(&json(&schema).0).expect("a schema");
    let (good, _) =
        json(&std::fs::read_to_string(folder().join("threshold.json")).expect("a file"));
    assert!(schema.is_valid(&good));
    for (pointer, value) in [
        ("/event", Value::from("paid")),
        ("/budget/limit", Value::from(10_000)),
        ("/budget/crossed/0/how", Value::from("passed")),
        ("/budget/from", Value::from("November")),
        ("/receivers", Value::from("search")),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).expect("a member") = value;
        assert!(!schema.is_valid(&bad), "{pointer}");
    }
    let mut more = good;
    more.as_object_mut().expect("an object").insert("prompt".to_owned(), Value::from("x"));
    assert!(!schema.is_valid(&more));
}

#[test]
fn every_kind_of_crossing_has_an_example() {
    let mut kinds: Vec<CrossingKind> =
        made_alerts().iter().flat_map(|(_, it)| it.crossings()).map(|it| it.kind).collect();
    kinds.dedup();
    for kind in CrossingKind::ALL {
        assert!(kinds.contains(kind), "{kind}");
    }
}
