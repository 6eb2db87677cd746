//! The DynamoDB adapter against the embedded database, over a network that fails on purpose.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use jiff::civil::Date;
use ledger_app::ports::{
    AlertState, AlertStore, BillReplacement, DocumentKind, DocumentStore, LedgerStore, Replaced,
    Retryable, StoreError,
};
use ledger_aws::connect::{LocalEndpoint, dynamodb_client};
use ledger_aws::dynamodb::DynamoLedger;
use ledger_core::bill::BillHead;
use ledger_core::bill_rollups::BillRollups;
use ledger_core::budget::{Alert, AlertId};
use ledger_core::business::Business;
use ledger_core::cost::Costs;
use ledger_core::currency::Currency;
use ledger_core::dimension::Level;
use ledger_core::fact::{ChargeKey, DetailKey};
use ledger_core::line_item::{BillId, Provenance, Source, Tags};
use ledger_core::meter::Meter;
use ledger_core::money::Money;
use ledger_core::owner::Owner;
use ledger_core::period::{BillingPeriod, ChargePeriod, Window};
use ledger_core::position::{EntryKind, PositionKey, SummaryKey};
use ledger_core::quantity::Quantity;
use ledger_core::rollup::{DayRollups, DayTotal, Measures, Position, Rollup, Summary};
use ledger_local::database::EmbeddedDatabase;
use ledger_testkit::faulty_proxy::{Fault, FaultPlan, FaultyProxy};
use rust_decimal::Decimal;

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

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn month() -> BillingPeriod {
    BillingPeriod::parse("2026-11").unwrap()
}

fn bill() -> BillId {
    BillId { period: month(), source: Source::Cur, payer: "123456789012".into() }
}

fn usd(text: &str) -> Money {
    Money::parse(text, Currency::USD).unwrap().money
}

/// A day with these lines: owner, account, cost.
fn rollups(lines: &[(&str, &str, &str)]) -> DayRollups {
    let mut total = DayTotal::zero(Currency::USD);
    total.other = Costs::new(usd("7.000000000000001"), None).unwrap();
    total.other_line_count = 2;
    let mut positions = BTreeMap::new();
    for (at, (owner, account, cost)) in lines.iter().enumerate() {
        let net = (at % 2 == 0).then(|| usd(cost));
        let costs = Costs::new(usd(cost), net).unwrap();
        let costs = costs.with_list(Some(usd("12.5"))).unwrap();
        total.ai = total.ai.checked_add(&costs).unwrap();
        total.ai_line_count += 1;
        let tags: Tags = BTreeMap::from([("iamPrincipal/team".into(), (*owner).into())]);
        let charge = ChargeKey {
            service: "Amazon Bedrock".into(),
            publisher: Some("anthropic".into()),
            model: None,
            meter: Meter::InputTokens,
            line_type: "Usage".into(),
            unit: Some("1K tokens".into()),
            currency: Currency::USD,
        };
        let business = Business { team: Some((*owner).into()), ..Business::default() };
        let key = PositionKey {
            summary: SummaryKey { owner: Owner::parse(owner), business, charge },
            detail: DetailKey {
                account: (*account).into(),
                region: Some("us-east-1".into()),
                caller: None,
                usage_type: "USE1-input-tokens".into(),
                tags: Arc::new(tags),
                invoice_id: (at == 1).then(|| "EUINUS26-1".into()),
            },
            rule: Some("by team".into()),
            kind: EntryKind::Charge,
        };
        let first_line =
            Some(Provenance { file: format!("part-{}.csv", at % 2).into(), line: at as u64 + 1 });
        let quantity = Some(Quantity::parse("0.01").unwrap());
        positions
            .insert(key, Measures { costs, quantity, tokens: Some(10), line_count: 1, first_line });
    }
    DayRollups { positions, totals: BTreeMap::from([(Currency::USD, total)]), estimated: false }
}

fn replacement(days: &[(&str, DayRollups)]) -> BillReplacement {
    BillReplacement {
        bill: bill(),
        days: built(days.iter().map(|(text, rollups)| (day(text), rollups.clone()))),
        is_complete: true,
        export: None,
        delivered_at: Some(at("2026-11-20T06:00:00Z")),
        imported_at: at("2026-11-20T07:00:00Z"),
        rules_version: 2,
    }
}

fn built(days: impl IntoIterator<Item = (Date, DayRollups)>) -> BillRollups {
    BillRollups::from_days(days).unwrap()
}

fn laid_out(replacement: &BillReplacement) -> BTreeMap<Date, DayRollups> {
    replacement.days.iter().map(Result::unwrap).collect()
}

fn first() -> BillReplacement {
    replacement(&[
        (
            "2026-11-01",
            rollups(&[("a#b", "1", "1.5"), ("a#b", "2", "2"), ("Unattributed", "1", "-1")]),
        ),
        ("2026-11-02", rollups(&[("search", "1", "3")])),
        ("2026-11-03", rollups(&[("search", "1", "4")])),
    ])
}

/// One day as it was, one changed, one gone, one new.
fn second() -> BillReplacement {
    let mut second = replacement(&[
        ("2026-11-02", rollups(&[("search", "1", "3")])),
        ("2026-11-03", rollups(&[("search", "1", "4"), ("chat", "1", "0.1")])),
        ("2026-11-04", rollups(&[("chat", "1", "5")])),
    ]);
    second.imported_at = at("2026-11-21T07:00:00Z");
    second.delivered_at = Some(at("2026-11-21T06:00:00Z"));
    second
}

/// All that readers see: the heads, and each of their days at both levels.
async fn state(ledger: &DynamoLedger) -> (Vec<BillHead>, Vec<(Date, Vec<Rollup>, Vec<Rollup>)>) {
    let heads = ledger.heads(month()).await.unwrap();
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

fn rows(sums: &BTreeMap<PositionKey, Measures>) -> Vec<Rollup> {
    sums.iter()
        .map(|(key, measures)| Position { key: key.clone(), measures: measures.clone() })
        .map(Rollup::Position)
        .collect()
}

fn summary_rows(day: &DayRollups) -> Vec<Rollup> {
    let summary = day.summary().unwrap().into_iter();
    summary.map(|(key, measures)| Rollup::Summary(Summary { key, measures })).collect()
}

#[tokio::test]
async fn what_is_written_is_read_at_both_levels() {
    let setting = set_up().await;
    let Setting { ledger, .. } = &setting;
    let replaced = ledger.replace(first()).await.unwrap();
    // Each of four pairs of day and owner has one chunk a level.
    assert_eq!((replaced.days_written, replaced.items_written), (3, 8));
    // Each item is below one kilobyte; before them goes the intent, after them the head.
    assert!(replaced.write_units >= Decimal::from(8 + 2), "{replaced:?}");
    let (heads, days) = state(ledger).await;
    let [head] = heads.as_slice() else { panic!("{heads:?}") };
    assert_eq!((head.version, head.rules_version, &head.bill), (1, 2, &bill()));
    assert_eq!(head.delivered_at, first().delivered_at);
    for (day, summary, detail) in days {
        let written = first().days.get(day).unwrap().unwrap();
        assert_eq!(detail, rows(&written.positions), "{day}");
        assert_eq!(summary, summary_rows(&written), "{day}");
        assert_eq!(head.days[&day].totals, written.totals);
    }
    assert_eq!(ledger.heads(BillingPeriod::parse("2026-12").unwrap()).await.unwrap(), []);
}

#[tokio::test]
async fn owners_are_read_by_themselves() {
    let setting = set_up().await;
    let Setting { ledger, .. } = &setting;
    ledger.replace(first()).await.unwrap();
    let head = ledger.heads(month()).await.unwrap().remove(0);
    let (day, state) = head.days.first_key_value().unwrap();
    for (owners, expected) in
        [(vec!["a#b"], 2), (vec!["a"], 0), (vec!["a#b", "Unattributed"], 3), (vec![], 0)]
    {
        let owners: Vec<Owner> = owners.into_iter().map(Owner::parse).collect();
        let read = ledger
            .rollups(&head.bill, *day, &state.generation, Level::Detail, Some(&owners))
            .await
            .unwrap();
        assert_eq!(read.len(), expected, "{owners:?}");
        assert!(read.iter().all(|it| owners.contains(&it.row().summary().owner)));
    }
}

#[tokio::test]
async fn a_large_day_is_kept_in_several_chunks() {
    let setting = set_up().await;
    let Setting { ledger, .. } = &setting;
    let accounts: Vec<String> = (0..3000).map(|it| format!("{it:012}")).collect();
    let lines: Vec<_> = accounts.iter().map(|it| ("chat", it.as_str(), "0.01")).collect();
    let large = rollups(&lines);
    let replaced = ledger.replace(replacement(&[("2026-11-01", large.clone())])).await.unwrap();
    assert!(replaced.items_written > 4, "{replaced:?}");
    let (_, days) = state(ledger).await;
    assert_eq!(days[0].2, rows(&large.positions));
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
    let mut days = laid_out(&again);
    for measures in days.values_mut().flat_map(|it| it.positions.values_mut()) {
        measures.first_line = Some(Provenance { file: "another.csv".into(), line: 9 });
    }
    again.days = built(days);
    let replaced = ledger.replace(again).await.unwrap();
    assert_eq!(replaced, Replaced { days_unchanged: 3, ..Replaced::default() });
    assert_eq!(writes.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn days_that_a_complete_delivery_leaves_out_are_gone() {
    let setting = set_up().await;
    let Setting { ledger, .. } = &setting;
    ledger.replace(first()).await.unwrap();
    let before = ledger.heads(month()).await.unwrap().remove(0);
    let replaced = ledger.replace(second()).await.unwrap();
    let expected = Replaced {
        days_written: 2,
        days_unchanged: 1,
        days_removed: 1,
        items_written: 6,
        write_units: replaced.write_units,
        ..Replaced::default()
    };
    assert_eq!(replaced, expected);
    let after = ledger.heads(month()).await.unwrap().remove(0);
    assert_eq!(
        after.days.keys().copied().collect::<Vec<_>>(),
        laid_out(&second()).into_keys().collect::<Vec<_>>()
    );
    let same = day("2026-11-02");
    assert_eq!(after.days[&same], before.days[&same]);
}

#[tokio::test]
async fn days_that_a_partial_delivery_leaves_out_stay() {
    let setting = set_up().await;
    let Setting { ledger, .. } = &setting;
    ledger.replace(first()).await.unwrap();
    let replaced =
        ledger.replace(BillReplacement { is_complete: false, ..second() }).await.unwrap();
    assert_eq!((replaced.days_written, replaced.days_removed), (2, 0));
    assert_eq!(ledger.heads(month()).await.unwrap()[0].days.len(), 4);
}

#[tokio::test]
async fn an_older_delivery_changes_nothing() {
    let setting = set_up().await;
    let Setting { ledger, .. } = &setting;
    ledger.replace(second()).await.unwrap();
    let before = state(ledger).await;
    let replaced = ledger.replace(first()).await.unwrap();
    assert_eq!(replaced, Replaced { is_superseded: true, ..Replaced::default() });
    assert_eq!(state(ledger).await, before);
}

#[tokio::test]
async fn a_newer_delivery_of_the_same_content_moves_the_head_alone() {
    let setting = set_up().await;
    let Setting { ledger, .. } = &setting;
    ledger.replace(first()).await.unwrap();
    let (_, days) = state(ledger).await;
    let newest = BillReplacement { delivered_at: Some(at("2026-11-22T06:00:00Z")), ..first() };
    let replaced = ledger.replace(newest.clone()).await.unwrap();
    assert_eq!(
        replaced,
        Replaced { days_unchanged: 3, write_units: Decimal::ONE, ..Replaced::default() }
    );
    let after = state(ledger).await;
    assert_eq!((after.0[0].version, after.0[0].delivered_at), (2, newest.delivered_at));
    assert_eq!(after.1, days);
    // The other content was delivered between the two, and comes last.
    let late = ledger.replace(second()).await.unwrap();
    assert!(late.is_superseded);
    // Files that say nothing of when they were made do not make the ledger forget.
    let undated = BillReplacement { delivered_at: None, is_complete: false, ..second() };
    assert_eq!(ledger.replace(undated).await.unwrap().days_written, 2);
    assert_eq!(ledger.heads(month()).await.unwrap()[0].delivered_at, newest.delivered_at);
    assert!(ledger.replace(second()).await.unwrap().is_superseded);
    assert_eq!(intent_count(ledger).await, 0);
}

#[tokio::test]
async fn newer_rules_that_change_no_owner_are_noted_on_the_head() {
    let setting = set_up().await;
    let Setting { ledger, .. } = &setting;
    ledger.replace(first()).await.unwrap();
    let newer = BillReplacement { rules_version: 3, ..first() };
    let replaced = ledger.replace(newer).await.unwrap();
    assert_eq!(
        replaced,
        Replaced { days_unchanged: 3, write_units: Decimal::ONE, ..Replaced::default() }
    );
    assert_eq!(ledger.heads(month()).await.unwrap()[0].rules_version, 3);
}

#[tokio::test]
async fn totals_that_differ_from_their_rows_are_not_made_visible() {
    let setting = set_up().await;
    let Setting { ledger, .. } = &setting;
    ledger.replace(first()).await.unwrap();
    let before = state(ledger).await;
    let mut wrong = second();
    let mut days = laid_out(&wrong);
    let total = days.get_mut(&day("2026-11-04")).unwrap();
    total.totals.get_mut(&Currency::USD).unwrap().ai_line_count += 1;
    wrong.days = built(days);
    let err = ledger.replace(wrong).await.unwrap_err();
    assert!(matches!(err, StoreError::Unbalanced(_)), "{err}");
    assert_eq!(
        err.to_string(),
        "2026-11-04 of cur 2026-11 of payer 123456789012 does not add up: what was written is not what was read"
    );
    assert_eq!(state(ledger).await, before);
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
    assert!(matches!(slow, Err(StoreError::Replaced(it)) if it == bill()));
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
    let heads = ledger.heads(month()).await.unwrap();
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
    let mut days = laid_out(&beaten);
    days.insert(day("2026-11-05"), rollups(&[("chat", "1", "6")]));
    beaten.days = built(days);
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
        let document = ledger.apply(DocumentKind::Rules, text, now).await.unwrap();
        assert_eq!((document.version, document.text.as_str()), (version, text));
        assert_eq!(ledger.document(DocumentKind::Rules).await.unwrap(), Some(document));
    }
    assert_eq!(ledger.document(DocumentKind::Budgets).await.unwrap(), None);
}

fn alert(start: &str, threshold: u16) -> Alert {
    let id =
        AlertId { budget: "chat#1".into(), window: Window::Monthly, start: day(start), threshold };
    let attributes = BTreeMap::from([("owner".to_owned(), "chat".to_owned())]);
    Alert { id, subject: "subject".to_owned(), body: "body".to_owned(), attributes }
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
async fn alerts_are_read_by_the_first_day_of_their_window() {
    let setting = set_up().await;
    let Setting { ledger, .. } = &setting;
    let now = at("2026-11-21T07:00:00Z");
    for (start, threshold) in [("2026-10-01", 80), ("2026-11-01", 100), ("2026-12-01", 50)] {
        ledger.plan(&alert(start, threshold), now).await.unwrap();
    }
    let period = ChargePeriod::new(day("2026-10-01"), day("2026-12-01")).unwrap();
    let alerts = ledger.alerts(period).await.unwrap();
    let read: Vec<Alert> = alerts.into_iter().map(|it| it.alert).collect();
    assert_eq!(read, [alert("2026-11-01", 100), alert("2026-10-01", 80)]);
}

#[tokio::test]
async fn requests_are_counted_up_to_the_cap() {
    let setting = set_up().await;
    let Setting { ledger, .. } = &setting;
    let today = day("2026-11-21");
    let mut taken = Vec::new();
    for _ in 0..3 {
        taken.push(ledger.take_request(today, 2).await.unwrap());
    }
    assert_eq!(taken, [true, true, false]);
    assert!(ledger.take_request(day("2026-11-22"), 1).await.unwrap());
    assert!(!ledger.take_request(day("2026-11-23"), 0).await.unwrap());
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
        assert_eq!(ledger.heads(month()).await.unwrap()[0].version, 1);
        drop(ledger);
        database.stop().await.unwrap();
    }
}

#[tokio::test]
async fn a_database_that_cannot_be_reached_is_worth_another_try() {
    let setting = set_up().await;
    let Setting { proxy, ledger, .. } = &setting;
    proxy.set_plan(FaultPlan::fail_after(0));
    let err = ledger.heads(month()).await.unwrap_err();
    assert!(Retryable::is_retryable(&err));
    assert_eq!(err.to_string(), "could not read the bills from 2026-11 on");
}
