//! Whatever a bill was before, after a delivery it is what the delivery says.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot set itself up has failed"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use ledger_app::import::{Accept, ImportReport, import_bills};
use ledger_app::lookup::report;
use ledger_app::ports::LedgerStore;
use ledger_app::rules_file::parse_rules;
use ledger_app::view::View;
use ledger_aws::connect::{LocalEndpoint, dynamodb_client};
use ledger_aws::cur::CurFolder;
use ledger_aws::dynamodb::DynamoLedger;
use ledger_core::access::Access;
use ledger_core::bill::BillHead;
use ledger_core::cost::CostKind;
use ledger_core::dimension::{Dimension, Level, Scope};
use ledger_core::now::Now;
use ledger_core::period::{BillingPeriod, ChargePeriod};
use ledger_core::report::ReportQuery;
use ledger_core::rollup::Rollup;
use ledger_local::database::EmbeddedDatabase;
use proptest::prelude::*;
use proptest::sample::select;
use rust_decimal::Decimal;

const RULES: &str = r#"
[[rule]]
name = "by team"
when = { tags = { "iamPrincipal/team" = "*" } }
owner = "{tag:iamPrincipal/team}"
"#;

/// What a delivery says: cents by day and team.
type Bill = BTreeMap<(Date, &'static str), i64>;

fn any_bill() -> impl Strategy<Value = Bill> {
    let day = (1_i8..=4).prop_map(|day| Date::new(2026, 6, day).unwrap());
    let team = select(vec!["search", "support", "research"]);
    // A few days and teams, so that deliveries grow, shrink, move and repeat what was there.
    prop::collection::btree_map((day, team), -3_i64..200, 0..8)
}

/// Writes the delivery of an hour as AWS lays it out.
fn deliver(bill: &Bill, hour: usize, root: &Path) {
    let _ = fs::remove_dir_all(root);
    let put = |path: &str, text: String| {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let mut text = "bill_billing_period_start_date,bill_payer_account_id,\
        line_item_usage_account_id,line_item_usage_start_date,line_item_product_code,\
        line_item_usage_type,line_item_unblended_cost,line_item_currency_code,\
        line_item_iam_principal,tags\n"
        .to_owned();
    for ((day, team), cents) in bill {
        let cost = Decimal::new(*cents, 2);
        text.push_str(&format!(
            "2026-06-01T00:00:00Z,123456789012,123456789012,{day}T00:00:00Z,AmazonBedrock,\
             USE1-NovaLite-input-tokens,{cost},USD,,\"{{\"\"iamPrincipal/team\"\":\"\"{team}\"\"}}\"\n"
        ));
    }
    let data = "data/BILLING_PERIOD=2026-06/bills-1.csv";
    put(data, text);
    let at = format!("2026-06-10T{hour:02}:00:00Z");
    let manifest = format!(r#"{{"dataFiles":["s3://bucket/{data}"],"createdAt":"{at}"}}"#);
    put("metadata/BILLING_PERIOD=2026-06/bills-Manifest.json", manifest);
}

async fn import(root: &Path, ledger: &DynamoLedger) -> ImportReport {
    let source = CurFolder::new(vec![root.to_owned()]);
    let rules = Arc::new(parse_rules(RULES, 1).unwrap());
    let now: Timestamp = "2026-06-11T00:00:00Z".parse().unwrap();
    import_bills(Arc::new(source), rules, Accept::All, now, |_| (), ledger).await.unwrap()
}

/// What the ledger answers: cents by day and team. A group without cost says as much as none.
async fn answered(ledger: &DynamoLedger) -> BTreeMap<(String, String), Decimal> {
    let query = ReportQuery {
        period: ChargePeriod::new(Date::constant(2026, 6, 1), Date::constant(2026, 7, 1)).unwrap(),
        by: vec![Dimension::Day, Dimension::Owner],
        scope: Scope::default(),
        cost_kind: CostKind::Unblended,
    };
    let now = Now::new(Timestamp::UNIX_EPOCH);
    let view = View::open_all(ledger, Access::everything(), now).await.unwrap();
    let answer = report(&view, &query).await.unwrap();
    let rows = answer.currencies.into_iter().flat_map(|it| it.rows);
    rows.map(|row| {
        let key = |at: usize| row.keys[at].clone().unwrap();
        ((key(0), key(1)), row.cost.amount())
    })
    .filter(|(_, cost)| !cost.is_zero())
    .collect()
}

fn expected(bill: &Bill) -> BTreeMap<(String, String), Decimal> {
    bill.iter()
        .filter(|(_, cents)| **cents != 0)
        .map(|((day, team), cents)| {
            ((day.to_string(), (*team).to_owned()), Decimal::new(*cents, 2))
        })
        .collect()
}

async fn heads(ledger: &DynamoLedger) -> Vec<BillHead> {
    ledger.heads(BillingPeriod::parse("2026-06").unwrap()).await.unwrap()
}

/// The rollups that heads point to, as a reader sees them who has the heads in hand.
async fn pointed_to(heads: &[BillHead], ledger: &DynamoLedger) -> Vec<(Date, Vec<Rollup>)> {
    let mut all = Vec::new();
    for head in heads {
        for (day, state) in &head.days {
            let level = Level::Detail;
            let rollups = ledger.rollups(&head.bill, *day, &state.generation, level, None).await;
            all.push((*day, rollups.unwrap()));
        }
    }
    all
}

async fn check(bills: &[Bill]) {
    let folder = tempfile::tempdir().unwrap();
    let database = EmbeddedDatabase::open(None).await.unwrap();
    let client = dynamodb_client(Some(&LocalEndpoint(database.endpoint()))).await;
    let ledger = DynamoLedger { client, table: "tollbook".to_owned() };
    ledger.ensure_table().await.unwrap();
    let mut before: Option<&Bill> = None;
    for (hour, bill) in bills.iter().enumerate() {
        deliver(bill, hour, folder.path());
        let old = heads(&ledger).await;
        let old_rollups = pointed_to(&old, &ledger).await;
        let first = import(folder.path(), &ledger).await;
        assert_eq!(answered(&ledger).await, expected(bill));
        // Who had read the pointers before the move finds what they led to.
        assert_eq!(pointed_to(&old, &ledger).await, old_rollups);

        // A day is written exactly if it is new or changed.
        let of_day = |bill: &Bill, day: Date| -> Bill {
            bill.range((day, "")..)
                .take_while(|((it, _), _)| *it == day)
                .map(|it| (*it.0, *it.1))
                .collect()
        };
        let was = |day: Date| before.map(|it| of_day(it, day)).unwrap_or_default();
        let days = (1..=4).map(|day| Date::new(2026, 6, day).unwrap());
        let changed = days.filter(|day| {
            let now = of_day(bill, *day);
            !now.is_empty() && now != was(*day)
        });
        let written: u64 = first.bills.iter().map(|(_, it)| it.days_written).sum();
        assert_eq!(written, u64::try_from(changed.count()).unwrap());

        let again = import(folder.path(), &ledger).await;
        assert!(again.bills.iter().all(|(_, it)| it.items_written == 0), "{:?}", again.bills);
        before = Some(bill);
    }
}

fn bill(days: &[(i8, &'static str, i64)]) -> Bill {
    let day = |day: i8| Date::new(2026, 6, day).unwrap();
    days.iter().map(|(at, team, cents)| ((day(*at), *team), *cents)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bill_grows_shrinks_moves_between_owners_and_is_withdrawn() {
    let grown = [(1, "search", 100), (2, "search", 50), (2, "support", 70)];
    check(&[
        bill(&grown[..1]),
        bill(&grown),
        bill(&[(1, "search", 90), (2, "search", 50)]),
        bill(&[(1, "support", 90), (2, "search", 50)]),
        bill(&[]),
        bill(&grown),
    ])
    .await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn the_ledger_is_what_the_last_delivery_says(
        bills in prop::collection::vec(any_bill(), 1..5),
    ) {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(check(&bills));
    }
}
