//! Rules applied to a ledger in the embedded database, over a network that fails on purpose: readers
//! see the old owners or the new ones, never a mixture, and the next run ends in the right state.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use ledger_app::apply_rules::{AppliedRules, apply_rules, catch_up};
use ledger_app::documents::applied_rules;
use ledger_app::import::{Accept, import_bills};
use ledger_app::ports::{DocumentKind, DocumentStore as _, LedgerStore as _};
use ledger_aws::connect::{LocalEndpoint, dynamodb_client};
use ledger_aws::cur::CurFolder;
use ledger_aws::dynamodb::DynamoLedger;
use ledger_core::dimension::Level;
use ledger_core::line_item::BillId;
use ledger_core::period::BillingPeriod;
use ledger_core::rollup::Rollup;
use ledger_local::database::EmbeddedDatabase;
use ledger_testkit::build::change;
use ledger_testkit::faulty_proxy::{Call, Fault, FaultPlan, FaultyProxy};

const HEADER: &str = "line_item_usage_start_date,bill_payer_account_id,line_item_usage_account_id,\
    line_item_product_code,line_item_usage_type,line_item_unblended_cost,line_item_currency_code\n";

/// Two bills of one month, by payer and its days.
const BILLS: [(&str, &[&str]); 2] =
    [("123456789012", &["2026-11-03", "2026-11-04"]), ("210987654321", &["2026-11-03"])];

const BEFORE: &str = "[[rule]]\nname = \"all\"\nowner = \"platform\"\n";
const AFTER: &str = "[[rule]]\nname = \"by account\"\nowner = \"{account}\"\n";

/// More calls than any run here makes.
const CALLS_MAX: u64 = 80;

struct Setting {
    _database: EmbeddedDatabase,
    _folder: tempfile::TempDir,
    proxy: FaultyProxy,
    /// Through the proxy.
    ledger: DynamoLedger,
    /// Past the proxy.
    reader: DynamoLedger,
    source: Arc<CurFolder>,
}

fn now() -> Timestamp {
    "2026-11-05T08:30:00Z".parse().unwrap()
}

async fn ledger_at(endpoint: String) -> DynamoLedger {
    let client = dynamodb_client(Some(&LocalEndpoint(endpoint))).await;
    DynamoLedger { client, table: "ledger".to_owned() }
}

impl Setting {
    /// With both bills, owned by the old rules; the new ones are applied and own nothing yet.
    async fn new() -> Setting {
        let database = EmbeddedDatabase::open(None).await.unwrap();
        let proxy = FaultyProxy::start(database.address(), FaultPlan::none()).await.unwrap();
        let ledger = ledger_at(database.endpoint_by(proxy.address())).await;
        let reader = ledger_at(database.endpoint()).await;
        reader.ensure_table().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut files = Vec::new();
        for (payer, days) in BILLS {
            let mut text = HEADER.to_owned();
            for day in days {
                text.push_str(&format!(
                    "{day},{payer},{payer},AmazonBedrock,USE1-NovaLite-input-tokens,1.5,USD\n"
                ));
            }
            let file = folder.path().join(format!("{payer}.csv"));
            std::fs::write(&file, text).unwrap();
            files.push(file);
        }
        let source = Arc::new(CurFolder::new(files));
        let setting =
            Setting { _database: database, _folder: folder, proxy, ledger, reader, source };
        setting.reader.apply(DocumentKind::Rules, BEFORE, change(now())).await.unwrap();
        setting.import(&setting.reader).await.unwrap();
        setting.reader.apply(DocumentKind::Rules, AFTER, change(now())).await.unwrap();
        setting
    }

    async fn import(&self, ledger: &DynamoLedger) -> Result<u64, ledger_app::import::ImportError> {
        let rules = Arc::new(applied_rules(&self.reader).await.unwrap());
        let version = rules.version;
        import_bills(Arc::clone(&self.source), rules, Accept::Good, now(), |_| (), ledger).await?;
        Ok(version)
    }

    /// The owners of each bill as readers see them. A bill whose owners are of both rules fails.
    async fn owners(&self) -> BTreeMap<BillId, (u64, Owners)> {
        let mut bills = BTreeMap::new();
        let heads = self.reader.heads(BillingPeriod::parse("2026-11").unwrap()).await.unwrap();
        for head in heads {
            let mut all = Vec::new();
            for (day, state) in &head.days {
                for level in [Level::Summary, Level::Detail] {
                    let generation = &state.generation;
                    let read = self.reader.rollups(&head.bill, *day, generation, level, None);
                    for rollup in read.await.unwrap() {
                        all.push(owner_of(&rollup, *day));
                    }
                }
            }
            let is_old = all.iter().all(|it| *it == Owners::Old);
            let is_new = all.iter().all(|it| *it == Owners::New);
            assert!(is_old || is_new, "a mixture in {}: {all:?}", head.bill);
            let owners = if is_old { Owners::Old } else { Owners::New };
            bills.insert(head.bill, (head.rules_version, owners));
        }
        assert_eq!(bills.len(), BILLS.len());
        bills
    }

    /// The state of a finished run: all bills are owned by the applied rules.
    async fn check_done(&self, context: &str) {
        for (bill, state) in self.owners().await {
            assert_eq!(state, (2, Owners::New), "{bill} {context}");
        }
        let idle = self.run(&self.reader).await;
        assert_eq!(idle, AppliedRules { rules_version: 2, ..AppliedRules::default() }, "{context}");
    }

    async fn run(&self, ledger: &DynamoLedger) -> AppliedRules {
        apply_rules(now(), |_| (), ledger).await.unwrap()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owners {
    Old,
    New,
}

fn owner_of(rollup: &Rollup, day: Date) -> Owners {
    let owner = rollup.row().summary().owner.to_string();
    let is_old = owner == "platform";
    let is_new = BILLS.iter().any(|(payer, _)| *payer == owner);
    assert!(is_old != is_new, "{day} is owned by `{owner}`");
    if is_old { Owners::Old } else { Owners::New }
}

#[tokio::test]
async fn all_bills_are_owned_anew_without_their_files() {
    let setting = Setting::new().await;
    let heads = setting.reader.heads(BillingPeriod::parse("2026-11").unwrap()).await.unwrap();
    let applied = setting.run(&setting.reader).await;
    let written: Vec<u64> = applied.bills.iter().map(|(_, it)| it.days_written).collect();
    assert_eq!((applied.rules_version, written), (2, vec![2, 1]));
    setting.check_done("after one run").await;
    let after = setting.reader.heads(BillingPeriod::parse("2026-11").unwrap()).await.unwrap();
    for (before, after) in heads.iter().zip(&after) {
        assert_eq!(after.delivered_at, before.delivered_at);
        assert_eq!(after.export, before.export);
        assert_eq!(after.imported_at, before.imported_at, "nothing was imported");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_stops_after_any_call_leaves_whole_bills_and_is_continued() {
    for call_count in 0..CALLS_MAX {
        let setting = Setting::new().await;
        setting.proxy.set_plan(FaultPlan::fail_after(call_count));
        let outcome = apply_rules(now(), |_| (), &setting.ledger).await;
        setting.owners().await;
        setting.run(&setting.reader).await;
        setting.check_done(&format!("after {call_count} calls")).await;
        if outcome.is_ok() {
            assert!(call_count > 20, "{call_count} calls");
            return;
        }
    }
    panic!("a run takes more than {CALLS_MAX} calls");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_to_any_call_is_harmless() {
    for number in 1..CALLS_MAX {
        let setting = Setting::new().await;
        let before = setting.proxy.calls();
        setting.proxy.set_plan(FaultPlan::only(number, Fault::LoseAnswer));
        setting.run(&setting.ledger).await;
        let calls = setting.proxy.calls() - before;
        setting.check_done(&format!("call {number}")).await;
        if calls < number {
            assert!(number > 20, "{number} calls");
            return;
        }
    }
    panic!("a run takes more than {CALLS_MAX} calls");
}

fn moves_head(call: &Call) -> bool {
    let is_put = call.target().is_some_and(|it| it.ends_with(".PutItem"));
    is_put && call.body_contains("rules_version")
}

/// Holds the first move of a head up until another run is through.
fn hold_the_first_move(setting: &Setting) {
    let moves = AtomicU64::new(0);
    setting.proxy.set_plan(FaultPlan::each(move |call| {
        let is_first = moves_head(call) && moves.fetch_add(1, Ordering::SeqCst) == 0;
        if is_first { Fault::Hang(Duration::from_millis(1500)) } else { Fault::Pass }
    }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_runs_at_once_both_end_in_the_newest_rules() {
    let setting = Setting::new().await;
    hold_the_first_move(&setting);
    let quick = async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        setting.run(&setting.reader).await
    };
    let (slow, quick) = tokio::join!(setting.run(&setting.ledger), quick);
    assert_eq!((slow.rules_version, quick.rules_version), (2, 2));
    setting.check_done("after both").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_during_a_run_is_not_undone() {
    let setting = Setting::new().await;
    hold_the_first_move(&setting);
    let import = async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        setting.import(&setting.reader).await
    };
    let (run, import) = tokio::join!(setting.run(&setting.ledger), import);
    assert_eq!((run.rules_version, import.unwrap()), (2, 2));
    setting.check_done("after both").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_that_ends_under_older_rules_is_repaired() {
    let setting = Setting::new().await;
    setting.reader.apply(DocumentKind::Rules, BEFORE, change(now())).await.unwrap();
    let imported_by = setting.import(&setting.reader).await.unwrap();
    assert_eq!(imported_by, 3);
    // While it ran, other rules were applied.
    setting.reader.apply(DocumentKind::Rules, AFTER, change(now())).await.unwrap();
    let repaired = catch_up(imported_by, now(), &setting.reader).await.unwrap().unwrap();
    assert_eq!((repaired.rules_version, repaired.bills.len()), (4, 2));
    for (bill, state) in setting.owners().await {
        assert_eq!(state, (4, Owners::New), "{bill}");
    }
    assert_eq!(catch_up(4, now(), &setting.reader).await.unwrap(), None);
}
