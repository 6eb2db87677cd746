//! The DynamoDB adapter against the embedded database, over a network that fails on purpose.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::civil::Date;
use ledger_app::ports::{
    AlertState, AlertStore, BillReplacement, DocumentKind, DocumentStore, LedgerStore, Replaced,
    Retryable, StoreError,
};
use ledger_aws::connect::{LocalEndpoint, dynamodb_client};
use ledger_aws::dynamodb::DynamoLedger;
use ledger_core::bill::BillHead;
use ledger_core::dimension::Level;
use ledger_core::line_item::Provenance;
use ledger_core::rollup::{Position, Rollup};
use ledger_local::database::EmbeddedDatabase;
use ledger_testkit::build::{
    alert, at, bill, change, date, days_from, days_of, delivery, mixed_day, month,
};
use ledger_testkit::faulty_proxy::{Fault, FaultPlan, FaultyProxy};
use rust_decimal::Decimal;

/// The promises of the ports, kept by the adapter on the embedded database.
mod contract {
    use super::{DynamoLedger, EmbeddedDatabase, ledger_at};

    async fn set_up() -> (DynamoLedger, EmbeddedDatabase) {
        let database = EmbeddedDatabase::open(None).await.unwrap();
        let ledger = ledger_at(database.endpoint()).await;
        ledger.ensure_table().await.unwrap();
        (ledger, database)
    }

    ledger_testkit::ledger_store_contract!(set_up);
    ledger_testkit::document_store_contract!(set_up);
    ledger_testkit::content_store_contract!(set_up);
    ledger_testkit::alert_store_contract!(set_up);
}

/// More calls than any replacement here makes.
const CALLS_MAX: u64 = 60;

struct Setting {
    _database: EmbeddedDatabase,
    proxy: FaultyProxy,
    /// Through the proxy.
    ledger: DynamoLedger,
    /// Past the proxy.
    reader: DynamoLedger,
}

async fn set_up() -> Setting {
    let database = EmbeddedDatabase::open(None).await.unwrap();
    let proxy = FaultyProxy::start(database.address(), FaultPlan::none()).await.unwrap();
    let ledger = ledger_at(database.endpoint_by(proxy.address())).await;
    let reader = ledger_at(database.endpoint()).await;
    reader.ensure_table().await.unwrap();
    Setting { _database: database, proxy, ledger, reader }
}

async fn ledger_at(endpoint: String) -> DynamoLedger {
    let client = dynamodb_client(Some(&LocalEndpoint(endpoint))).await;
    DynamoLedger { client, table: "ledger".to_owned() }
}

fn first() -> BillReplacement {
    delivery(&[
        (
            "2026-11-01",
            mixed_day(&[("a#b", "1", "1.5"), ("a#b", "2", "2"), ("Unattributed", "1", "-1")]),
        ),
        ("2026-11-02", mixed_day(&[("search", "1", "3")])),
        ("2026-11-03", mixed_day(&[("search", "1", "4")])),
    ])
}

/// One day as it was, one changed, one gone, one new.
fn second() -> BillReplacement {
    BillReplacement {
        delivered_at: Some(at("2026-11-21T06:00:00Z")),
        imported_at: at("2026-11-21T07:00:00Z"),
        ..delivery(&[
            ("2026-11-02", mixed_day(&[("search", "1", "3")])),
            ("2026-11-03", mixed_day(&[("search", "1", "4"), ("chat", "1", "0.1")])),
            ("2026-11-04", mixed_day(&[("chat", "1", "5")])),
        ])
    }
}

/// All that readers see: the heads, and each of their days at both levels.
async fn state(ledger: &DynamoLedger) -> (Vec<BillHead>, Vec<(Date, Vec<Rollup>, Vec<Rollup>)>) {
    let heads = ledger.heads(month("2026-11")).await.unwrap();
    let mut days = Vec::new();
    for head in &heads {
        for (day, state) in &head.days {
            let read = |level| ledger.rollups(&head.bill, *day, &state.generation, level, None);
            let summary = read(Level::Summary).await.unwrap();
            days.push((*day, summary, read(Level::Detail).await.unwrap()));
        }
    }
    (heads, days)
}

#[tokio::test]
async fn items_and_write_units_are_counted() {
    let setting = set_up().await;
    let Setting { ledger, .. } = &setting;
    let replaced = ledger.replace(first()).await.unwrap();
    // Each of four pairs of day and owner has one chunk a level.
    assert_eq!((replaced.days_written, replaced.items_written), (3, 8));
    // Each item is below one kilobyte; before them goes the intent, after them the head.
    assert!(replaced.write_units >= Decimal::from(8 + 2), "{replaced:?}");
}

#[tokio::test]
async fn a_large_day_is_kept_in_several_chunks() {
    let setting = set_up().await;
    let Setting { ledger, .. } = &setting;
    let accounts: Vec<String> = (0..3000).map(|it| format!("{it:012}")).collect();
    let lines: Vec<_> = accounts.iter().map(|it| ("chat", it.as_str(), "0.01")).collect();
    let large = mixed_day(&lines);
    let replaced = ledger.replace(delivery(&[("2026-11-01", large.clone())])).await.unwrap();
    // One chunk of the summary, several of the detail.
    assert!(replaced.items_written > 2, "{replaced:?}");
    let (_, days) = state(ledger).await;
    let position = |(key, measures)| Rollup::Position(Position { key, measures });
    let detail = large.positions.into_iter().map(position);
    assert_eq!(days[0].2, detail.collect::<Vec<_>>());
}

#[tokio::test]
async fn the_same_delivery_again_writes_nothing() {
    let setting = set_up().await;
    let Setting { proxy, ledger, .. } = &setting;
    ledger.replace(first()).await.unwrap();
    let writes = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&writes);
    proxy.set_plan(FaultPlan::each(move |call| {
        let is_read =
            call.target().is_some_and(|it| it.ends_with("GetItem") || it.ends_with("Query"));
        counter.fetch_add(u64::from(!is_read), Ordering::SeqCst);
        Fault::Pass
    }));
    let mut again = first();
    again.imported_at = at("2026-11-21T07:00:00Z");
    let mut days = days_of(&again.days);
    for measures in days.values_mut().flat_map(|it| it.positions.values_mut()) {
        measures.first_line = Some(Provenance { file: "another.csv".into(), line: 9 });
    }
    again.days = days_from(days);
    let replaced = ledger.replace(again).await.unwrap();
    assert_eq!(replaced, Replaced { days_unchanged: 3, ..Replaced::default() });
    assert_eq!(writes.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_move_of_the_head_alone_costs_one_write_unit() {
    let setting = set_up().await;
    let Setting { ledger, .. } = &setting;
    ledger.replace(first()).await.unwrap();
    let newest = BillReplacement { delivered_at: Some(at("2026-11-22T06:00:00Z")), ..first() };
    let newer_rules = BillReplacement { rules_version: 3, ..newest.clone() };
    for moved in [newest, newer_rules] {
        let replaced = ledger.replace(moved).await.unwrap();
        let expected =
            Replaced { days_unchanged: 3, write_units: Decimal::ONE, ..Replaced::default() };
        assert_eq!(replaced, expected);
    }
    assert_eq!(intent_count(ledger).await, 0);
}

#[tokio::test]
async fn of_two_runs_at_once_one_wins() {
    let setting = set_up().await;
    let Setting { proxy, ledger, reader, .. } = &setting;
    ledger.replace(first()).await.unwrap();
    // The slow run stops where it moves the head until the quick one is through.
    let puts = AtomicU64::new(0);
    proxy.set_plan(FaultPlan::each(move |call| {
        let is_put = call.target().is_some_and(|it| it.ends_with(".PutItem"));
        let is_head = is_put && call.body_contains("rules_version");
        if is_head && puts.fetch_add(1, Ordering::SeqCst) == 0 {
            Fault::Hang(std::time::Duration::from_millis(1500))
        } else {
            Fault::Pass
        }
    }));
    let quick = BillReplacement { is_complete: false, ..second() };
    let slow = ledger.replace(second());
    let other = async {
        tokio::time::sleep(std::time::Duration::from_millis(700)).await;
        reader.replace(quick).await
    };
    let (slow, quick) = tokio::join!(slow, other);
    assert_eq!(quick.unwrap().days_written, 2);
    assert!(matches!(slow, Err(StoreError::Replaced(it)) if it == bill("2026-11")));
    let (heads, days) = state(reader).await;
    assert_eq!((heads[0].version, days.len()), (2, 4));
}

/// What readers see after `first`, and after `second`.
async fn undisturbed() -> [(Vec<BillHead>, Vec<(Date, Vec<Rollup>, Vec<Rollup>)>); 2] {
    let setting = set_up().await;
    let Setting { ledger, .. } = &setting;
    ledger.replace(first()).await.unwrap();
    let before = state(ledger).await;
    ledger.replace(second()).await.unwrap();
    [before, state(ledger).await]
}

async fn intent_count(ledger: &DynamoLedger) -> usize {
    let call = ledger.client.query().table_name(&ledger.table);
    let call = call.key_condition_expression("pk = :pk").expression_attribute_values(
        ":pk",
        aws_sdk_dynamodb::types::AttributeValue::S("INTENT".to_owned()),
    );
    call.send().await.unwrap().items().len()
}

/// Chunks that would stay for ever though no head names them.
async fn leaked(ledger: &DynamoLedger) -> Vec<String> {
    let heads = ledger.heads(month("2026-11")).await.unwrap();
    let named = |pk: &str| {
        heads
            .iter()
            .flat_map(|it| &it.days)
            .any(|(day, state)| pk.ends_with(&format!("#{day}#{}", state.generation)))
    };
    let scan = ledger.client.scan().table_name(&ledger.table).send().await.unwrap();
    scan.items()
        .iter()
        .filter(|item| !item.contains_key("expires_at"))
        .map(|item| item["pk"].as_s().unwrap().clone())
        .filter(|pk| pk.starts_with("ROLLUPS#") && !named(pk))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_stops_after_any_call_leaves_a_whole_state_and_can_be_repeated() {
    let [before, after] = undisturbed().await;
    for call_count in 0..CALLS_MAX {
        let setting = set_up().await;
        let Setting { proxy, ledger, reader, .. } = &setting;
        reader.replace(first()).await.unwrap();
        proxy.set_plan(FaultPlan::fail_after(call_count));
        let calls_before = proxy.calls();
        let outcome = ledger.replace(second()).await;
        let seen = state(reader).await;
        assert!(seen == before || seen == after, "after {call_count} calls");
        assert_eq!(seen == after, outcome.is_ok(), "after {call_count} calls: {outcome:?}");
        let was_undisturbed = proxy.calls() - calls_before <= call_count;
        reader.replace(second()).await.unwrap();
        assert_eq!(state(reader).await, after, "after {call_count} calls");
        assert_eq!(intent_count(reader).await, 0, "after {call_count} calls");
        assert_eq!(leaked(reader).await, Vec::<String>::new(), "after {call_count} calls");
        if was_undisturbed {
            assert!(call_count > 10);
            return;
        }
    }
    panic!("a replacement takes more than {CALLS_MAX} calls");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_to_any_call_is_harmless() {
    let [_, after] = undisturbed().await;
    for number in 1..CALLS_MAX {
        let setting = set_up().await;
        let Setting { proxy, ledger, reader, .. } = &setting;
        reader.replace(first()).await.unwrap();
        let calls_before = proxy.calls();
        proxy.set_plan(FaultPlan::only(number, Fault::LoseAnswer));
        let outcome = ledger.replace(second()).await.unwrap();
        assert_eq!(outcome.days_written, 2, "call {number}");
        assert_eq!(state(reader).await, after, "call {number}");
        if proxy.calls() - calls_before < number {
            assert!(number > 10);
            return;
        }
    }
    panic!("a replacement takes more than {CALLS_MAX} calls");
}

#[tokio::test]
async fn what_a_beaten_run_wrote_expires_with_the_next_run() {
    let setting = set_up().await;
    let Setting { proxy, ledger, reader, .. } = &setting;
    reader.replace(first()).await.unwrap();
    // All of the beaten run but the move of the head is done.
    let is_cut = |call: &ledger_testkit::faulty_proxy::Call| {
        call.target().is_some_and(|it| it.ends_with(".PutItem"))
            && call.body_contains("rules_version")
    };
    proxy.set_plan(FaultPlan::each(
        move |call| {
            if is_cut(call) { Fault::FailFrom } else { Fault::Pass }
        },
    ));
    let mut beaten = second();
    let mut days = days_of(&beaten.days);
    days.insert(date("2026-11-05"), mixed_day(&[("chat", "1", "6")]));
    beaten.days = days_from(days);
    ledger.replace(beaten).await.unwrap_err();
    reader.replace(second()).await.unwrap();
    assert_eq!((intent_count(reader).await, leaked(reader).await.len()), (1, 2));
    reader.replace(second()).await.unwrap();
    assert_eq!((intent_count(reader).await, leaked(reader).await.len()), (0, 0));
}

#[tokio::test]
async fn documents_count_versions_and_the_same_text_is_the_same_version() {
    let setting = set_up().await;
    let Setting { proxy, ledger, .. } = &setting;
    let now = at("2026-11-21T07:00:00Z");
    assert_eq!(ledger.document(DocumentKind::Rules).await.unwrap(), None);
    // The second call is the write; its answer is lost.
    proxy.set_plan(FaultPlan::only(2, Fault::LoseAnswer));
    for (text, version) in [("a", 1), ("a", 1), ("b", 2), ("a", 3)] {
        let document = ledger.apply(DocumentKind::Rules, text, change(now)).await.unwrap();
        assert_eq!((document.version, document.text.as_str()), (version, text));
        assert_eq!(ledger.document(DocumentKind::Rules).await.unwrap(), Some(document));
    }
    assert_eq!(ledger.document(DocumentKind::Budgets).await.unwrap(), None);
}

#[tokio::test]
async fn an_alert_is_advanced_by_exactly_one_run() {
    let setting = set_up().await;
    let Setting { proxy, ledger, reader, .. } = &setting;
    let now = at("2026-11-21T07:00:00Z");
    let alert = alert("2026-11-01", 80);
    assert_eq!(ledger.plan(&alert, now).await.unwrap().state, AlertState::Planned);
    let (planned, sending) = (AlertState::Planned, AlertState::Sending);
    let (one, other) = tokio::join!(
        ledger.advance(&alert.id, planned, sending, "one", now),
        reader.advance(&alert.id, planned, sending, "other", now),
    );
    let (one, other) = (one.unwrap(), other.unwrap());
    assert!(one != other);
    assert_eq!(ledger.plan(&alert, now).await.unwrap().state, sending);
    let (winner, loser) = if one { ("one", "other") } else { ("other", "one") };
    proxy.set_plan(FaultPlan::only(1, Fault::LoseAnswer));
    assert!(ledger.advance(&alert.id, sending, AlertState::Sent, winner, now).await.unwrap());
    assert!(!ledger.advance(&alert.id, sending, AlertState::Sent, loser, now).await.unwrap());
}

#[tokio::test]
async fn requests_are_counted_up_to_the_cap() {
    let setting = set_up().await;
    let Setting { ledger, .. } = &setting;
    let today = date("2026-11-21");
    let mut taken = Vec::new();
    for _ in 0..3 {
        taken.push(ledger.take_request(today, 2).await.unwrap());
    }
    assert_eq!(taken, [true, true, false]);
    assert!(ledger.take_request(date("2026-11-22"), 1).await.unwrap());
    assert!(!ledger.take_request(date("2026-11-23"), 0).await.unwrap());
}

#[tokio::test]
async fn a_database_in_a_file_outlives_its_server() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    for _ in 0..2 {
        let database = EmbeddedDatabase::open(Some(&path)).await.unwrap();
        let ledger = ledger_at(database.endpoint()).await;
        ledger.ensure_table().await.unwrap();
        ledger.replace(first()).await.unwrap();
        assert_eq!(ledger.heads(month("2026-11")).await.unwrap()[0].version, 1);
        drop(ledger);
        database.stop().await.unwrap();
    }
}

#[tokio::test]
async fn a_database_that_cannot_be_reached_is_worth_another_try() {
    let setting = set_up().await;
    let Setting { proxy, ledger, .. } = &setting;
    proxy.set_plan(FaultPlan::fail_after(0));
    let err = ledger.heads(month("2026-11")).await.unwrap_err();
    assert!(Retryable::is_retryable(&err));
    assert_eq!(err.to_string(), "could not read the bills from 2026-11 on");
}
