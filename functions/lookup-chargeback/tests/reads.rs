//! What one request reads of the ledger, counted at the database's door.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use jiff::Timestamp;
use ledger_api::{AppState, router};
use ledger_app::import::{Accept, import_bills};
use ledger_app::ports::{DocumentKind, DocumentStore as _};
use ledger_app::rules_file::parse_rules;
use ledger_aws::connect::{LocalEndpoint, dynamodb_client};
use ledger_aws::cur::CurFolder;
use ledger_aws::dynamodb::DynamoLedger;
use ledger_local::database::EmbeddedDatabase;
use ledger_testkit::build::change;
use ledger_testkit::faulty_proxy::{Call, Fault, FaultPlan, FaultyProxy};
use serde_json::Value;
use tower::ServiceExt as _;

/// Two months and two owners, up to the day before yesterday.
const BILL: &str = "line_item_usage_start_date,bill_payer_account_id,line_item_usage_account_id,\
    line_item_product_code,line_item_usage_type,line_item_unblended_cost,line_item_currency_code,\
    line_item_iam_principal\n\
    2026-10-02,123456789012,123456789012,AmazonBedrock,USE1-NovaLite-input-tokens,7.00,USD,arn:aws:iam::123456789012:user/one\n\
    2026-11-03,123456789012,123456789012,AmazonBedrock,USE1-NovaLite-input-tokens,60.00,USD,arn:aws:iam::123456789012:user/one\n\
    2026-11-03,123456789012,123456789012,AmazonBedrock,USE1-NovaLite-input-tokens,5.00,USD,arn:aws:iam::123456789012:user/two\n\
    2026-11-04,123456789012,123456789012,AmazonBedrock,USE1-NovaLite-output-tokens,20.00,USD,arn:aws:iam::123456789012:user/one\n";

const RULES: &str = "[[rule]]\nname = \"users\"\nwhen = { user = \"*\" }\nowner = \"{user}\"\n";

/// One that counts everything, one of an owner, and one that needs rows in detail.
const BUDGETS: &str = "[[budget]]\nname = \"all\"\nowner = \"platform\"\nlimit = \"100\"\n\
    currency = \"USD\"\nwindow = \"monthly\"\n\
    [[budget]]\nname = \"one\"\nowner = \"one\"\nlimit = \"100\"\ncurrency = \"USD\"\n\
    window = \"quarterly\"\nscope = { owner = \"one\" }\n\
    [[budget]]\nname = \"user\"\nowner = \"one\"\nlimit = \"100\"\ncurrency = \"USD\"\n\
    window = \"daily\"\nscope = { account = \"123456789012\" }\n";

fn now() -> Timestamp {
    "2026-11-06T08:00:00Z".parse().unwrap()
}

async fn ledger_at(endpoint: String) -> DynamoLedger {
    let client = dynamodb_client(Some(&LocalEndpoint(endpoint))).await;
    DynamoLedger { client, table: "tollbook".to_owned() }
}

/// The partitions that a request reads, and how often.
async fn reads(uri: &str) -> BTreeMap<String, usize> {
    let [reads] = reads_of_each([uri], BILL).await;
    reads
}

/// The partitions that each of some requests reads, one after the other; before the last one the bill
/// is restated.
async fn reads_of_each<const COUNT: usize>(
    uris: [&str; COUNT],
    restated: &str,
) -> [BTreeMap<String, usize>; COUNT] {
    let database = EmbeddedDatabase::open(None).await.unwrap();
    let ledger = ledger_at(database.endpoint()).await;
    ledger.ensure_table().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bill.csv");
    std::fs::write(&file, BILL).unwrap();
    let source = Arc::new(CurFolder::new(vec![file.clone()]));
    let rules = Arc::new(parse_rules(RULES, 1).unwrap());
    let import = async |source| {
        let rules = Arc::clone(&rules);
        import_bills(source, rules, Accept::All, now(), |_| (), &ledger).await.unwrap();
    };
    import(Arc::clone(&source)).await;
    ledger.apply(DocumentKind::Budgets, BUDGETS, change(now())).await.unwrap();

    let partitions = Arc::new(Mutex::new(BTreeMap::new()));
    let counted = Arc::clone(&partitions);
    let plan = FaultPlan::each(move |call| {
        *counted.lock().unwrap().entry(partition_of(call)).or_default() += 1;
        Fault::Pass
    });
    let proxy = FaultyProxy::start(database.address(), plan).await.unwrap();
    let by_proxy = ledger_at(database.endpoint_by(proxy.address())).await;
    let kept = router(AppState::new(by_proxy, now, false));
    let mut reads = Vec::new();
    for (at, uri) in uris.iter().enumerate() {
        if at > 0 && at + 1 == COUNT {
            std::fs::write(&file, restated).unwrap();
            import(Arc::clone(&source)).await;
        }
        let ask = async |router: Router| {
            let request = Request::get(*uri).body(Body::empty()).unwrap();
            let answer = router.oneshot(request).await.unwrap();
            assert_eq!(answer.status(), StatusCode::OK);
            axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap()
        };
        let answer = ask(kept.clone()).await;
        // The same as of a process that has read nothing before.
        assert_eq!(answer, ask(router(AppState::new(ledger.clone(), now, false))).await);
        reads.push(std::mem::take(&mut *partitions.lock().unwrap()));
    }
    drop(proxy);
    database.stop().await.unwrap();
    reads.try_into().unwrap()
}

/// The value of `pk` that a query asks for, without the generation of a day's rollups.
fn partition_of(call: &Call) -> String {
    let body: Value = serde_json::from_slice(&call.body).unwrap();
    let pk = body.pointer("/ExpressionAttributeValues/:pk/S").and_then(Value::as_str);
    let pk = pk.unwrap_or_else(|| call.target().unwrap());
    match pk.strip_prefix("ROLLUPS#").and_then(|it| it.split('#').nth(3)) {
        Some(day) => format!("day {day}"),
        None => pk.to_owned(),
    }
}

fn once(partitions: &[&str]) -> BTreeMap<String, usize> {
    partitions.iter().map(|it| ((*it).to_owned(), 1)).collect()
}

#[tokio::test]
async fn a_page_load_reads_the_heads_once_and_each_day_once() {
    let mut reads = reads("/").await;
    reads.retain(|partition, _| !partition.starts_with("ALERT#"));
    let days = ["day 2026-10-02", "day 2026-11-03", "day 2026-11-04"];
    assert_eq!(reads, once(&[&["DOCUMENT#budgets", "HEAD"], &days[..]].concat()));
}

#[tokio::test]
async fn a_day_that_was_read_is_read_again_once_it_is_restated() {
    let costs = "/v1/costs?from=2026-10-01&to=2026-12-01&group_by=owner,day";
    let restated = BILL.replace("20.00", "21.50");
    let [first, second, third] = reads_of_each([costs; 3], &restated).await;
    let days = ["HEAD", "day 2026-10-02", "day 2026-11-03", "day 2026-11-04"];
    assert_eq!(first, once(&days));
    assert_eq!(second, once(&["HEAD"]));
    assert_eq!(third, once(&["HEAD", "day 2026-11-04"]));
}

#[tokio::test]
async fn a_statement_reads_periods_and_heads_once_and_each_day_of_its_month_once() {
    for owner in ["", "&owner=one"] {
        let reads = reads(&format!("/v1/statements?period=2026-11{owner}")).await;
        let expected = once(&["DOCUMENT#periods", "HEAD", "day 2026-11-03", "day 2026-11-04"]);
        assert_eq!(reads, expected, "{owner}");
    }
}

#[tokio::test]
async fn other_answers_read_nothing_twice_either() {
    let days = ["day 2026-10-02", "day 2026-11-03", "day 2026-11-04"];
    for (uri, other) in [
        ("/v1/costs?from=2026-10-01&group_by=owner,principal&where=owner=one", &["HEAD"][..]),
        ("/v1/budgets", &["DOCUMENT#budgets", "HEAD"]),
    ] {
        let mut reads = reads(uri).await;
        reads.retain(|partition, _| !partition.starts_with("ALERT#"));
        assert_eq!(reads, once(&[other, &days].concat()), "{uri}");
    }
    let mut reads = reads("/v1/health").await;
    reads.retain(|partition, _| !partition.starts_with("ALERT#"));
    assert_eq!(reads, once(&["HEAD", "day 2026-11-03", "day 2026-11-04"]));
}
