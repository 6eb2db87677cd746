//! A bill, budgets and owners: each alert at least once, whatever the network does, and again only where an
//! answer was lost.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot set itself up has failed"
)]

mod early;
mod receivers;
mod simulation;
mod split;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use ledger_app::budget_file::parse_budgets;
use ledger_app::evaluate::{EvaluateError, Evaluation, Run, evaluate_budgets, judge_all};
use ledger_app::import::{Accept, Placement, Terms, import_bills};
use ledger_app::rules_file::parse_rules;
use ledger_app::view::{LookupError, View};
use ledger_aws::connect::{LocalEndpoint, dynamodb_client, sns_client};
use ledger_aws::cur::CurFolder;
use ledger_aws::dynamodb::{DynamoLedger, Meter};
use ledger_aws::sns::SnsNotifier;
use ledger_core::access::Access;
use ledger_core::budget::{Budget, first_month};
use ledger_core::now::Now;
use ledger_local::database::EmbeddedDatabase;
use ledger_local::sns::{OutboxMessage, SnsStandIn, StandInError};
use ledger_testkit::faulty_proxy::{Fault, FaultPlan, FaultyProxy};
use rust_decimal::Decimal;

const BILL: &str = "line_item_usage_start_date,bill_payer_account_id,line_item_usage_account_id,\
    line_item_product_code,line_item_usage_type,line_item_unblended_cost,line_item_currency_code\n\
    2026-11-03,123456789012,123456789012,AmazonBedrock,USE1-NovaLite-input-tokens,60.00,USD\n\
    2026-11-04,123456789012,123456789012,AmazonBedrock,USE1-NovaLite-output-tokens,20.00,USD\n";

/// 80 of 100: the thresholds at 50 and at exactly 80 are reached, the one at 81 is not.
const BUDGETS: &str = "[[budget]]\nname = \"all\"\nowner = \"platform\"\nlimit = \"100\"\n\
    currency = \"USD\"\nwindow = \"monthly\"\nthresholds = [50, 80, 81]\n";

/// Three owners in two months.
const OWNED_BILL: &str = "line_item_usage_start_date,bill_payer_account_id,\
    line_item_usage_account_id,line_item_product_code,line_item_usage_type,\
    line_item_unblended_cost,line_item_currency_code,line_item_iam_principal\n\
    2026-10-02,123456789012,123456789012,AmazonBedrock,USE1-NovaLite-input-tokens,7.00,USD,arn:aws:iam::123456789012:user/one\n\
    2026-11-03,123456789012,123456789012,AmazonBedrock,USE1-NovaLite-input-tokens,60.00,USD,arn:aws:iam::123456789012:user/one\n\
    2026-11-03,123456789012,123456789012,AmazonBedrock,USE1-NovaLite-input-tokens,5.00,USD,arn:aws:iam::123456789012:user/two\n\
    2026-11-04,123456789012,123456789012,AmazonBedrock,USE1-NovaLite-input-tokens,20.00,USD,arn:aws:iam::123456789012:user/one\n\
    2026-11-04,123456789012,123456789012,AmazonBedrock,USE1-NovaLite-input-tokens,2.00,USD,arn:aws:iam::123456789012:user/three\n";

const OWNERS: &str = "[[rule]]\nname = \"users\"\nwhen = { user = \"*\" }\nowner = \"{user}\"\n";

/// A monthly budget of 100.
fn budget(name: &str, scope: &str) -> String {
    format!(
        "[[budget]]\nname = \"{name}\"\nowner = \"platform\"\nlimit = \"100\"\n\
         currency = \"USD\"\nwindow = \"monthly\"\nthresholds = [50, 80]\n{scope}\n"
    )
}

struct Setting {
    database: EmbeddedDatabase,
    outbox: SnsStandIn,
    notifier: SnsNotifier,
    budgets: Vec<Budget>,
    /// Of the bill: the same file restates it.
    folder: tempfile::TempDir,
}

impl Setting {
    async fn new() -> Setting {
        Setting::of(BILL, "", BUDGETS).await
    }

    async fn of(bill: &str, rules: &str, budgets: &str) -> Setting {
        let database = EmbeddedDatabase::open(None).await.unwrap();
        let outbox = SnsStandIn::open(None).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = LocalEndpoint(format!("http://{}", listener.local_addr().unwrap()));
        let router = outbox.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        let client = sns_client(Some(&endpoint)).await;
        let notifier = SnsNotifier::ensure_topic(client, "alerts").await.unwrap();
        let budgets = parse_budgets(budgets).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let setting = Setting { database, outbox, notifier, budgets, folder };
        let ledger = setting.ledger(setting.database.endpoint()).await;
        ledger.ensure_table().await.unwrap();
        setting.import(bill, rules).await;
        setting
    }

    async fn import(&self, bill: &str, rules: &str) {
        self.import_at(bill, rules, now()).await;
    }

    async fn import_at(&self, bill: &str, rules: &str, at: Timestamp) {
        let ledger = self.ledger(self.database.endpoint()).await;
        let file = self.folder.path().join("bill.csv");
        std::fs::write(&file, bill).unwrap();
        let source = Arc::new(CurFolder::new(vec![file]));
        let rules = Arc::new(parse_rules(rules, 1).unwrap());
        let terms = Terms { accept: Accept::Good, placement: Placement::Replacing };
        import_bills(source, rules, terms, at, |_| (), &ledger).await.unwrap();
    }

    /// Evaluates and says what that read: requests, and units of 4 KB.
    async fn metered(&self, today: Date) -> (Evaluation, u64, Decimal) {
        let ledger = self.ledger(self.database.endpoint()).await;
        let meter = Meter::default();
        let ledger = DynamoLedger { client: meter.watch(&ledger.client), ..ledger };
        let (budgets, notifier) = (&self.budgets, &self.notifier);
        let at: Timestamp = format!("{today}T08:00:00Z").parse().unwrap();
        let view = view(&ledger, budgets, at).await.unwrap();
        let evaluation = evaluate_budgets(&view, budgets, "run", notifier).await.unwrap();
        let consumption = meter.take();
        (evaluation, consumption.request_count, consumption.read_units)
    }

    async fn ledger(&self, endpoint: String) -> DynamoLedger {
        let client = dynamodb_client(Some(&LocalEndpoint(endpoint))).await;
        DynamoLedger { client, table: "tollbook".to_owned() }
    }

    /// Evaluates over a network with faults; `false` when the run failed.
    async fn evaluate(&self, run: &str, plan: FaultPlan) -> bool {
        let proxy = FaultyProxy::start(self.database.address(), plan).await.unwrap();
        let ledger = self.ledger(self.database.endpoint_by(proxy.address())).await;
        let (budgets, notifier) = (&self.budgets, &self.notifier);
        let Ok(view) = view(&ledger, budgets, now()).await else { return false };
        evaluate_budgets(&view, budgets, run, notifier).await.is_ok()
    }

    /// What was said, message by message: the name of each, and whether it may be a repeat.
    fn told(&self) -> Vec<String> {
        let messages = self.outbox.outbox();
        let name = |it: &OutboxMessage| {
            let id = it
                .attributes
                .get("alert_id")
                .unwrap()
                .trim_start_matches("all/monthly/")
                .to_owned();
            let is_repeat = it.text_for("email").starts_with("This may be a repeat");
            if is_repeat { format!("{id} again") } else { id }
        };
        messages.iter().map(name).collect()
    }

    /// Evaluates at a time, without faults.
    async fn evaluate_at(&self, at: &str) -> Evaluation {
        let ledger = self.ledger(self.database.endpoint()).await;
        let at: Timestamp = at.parse().unwrap();
        let view = view(&ledger, &self.budgets, at).await.unwrap();
        evaluate_budgets(&view, &self.budgets, at.to_string().as_str(), &self.notifier)
            .await
            .unwrap()
    }
}

async fn view(
    ledger: &DynamoLedger,
    budgets: &[Budget],
    at: Timestamp,
) -> Result<View<DynamoLedger>, LookupError> {
    let now = Now::new(at);
    View::open(ledger, first_month(budgets, now.today()), Access::everything(), now).await
}

fn today() -> Date {
    "2026-11-05".parse().unwrap()
}

fn now() -> Timestamp {
    "2026-11-05T08:00:00Z".parse().unwrap()
}

/// Both thresholds of [`BUDGETS`] in one message.
const ONCE: [&str; 1] = ["2026-11-01/80"];

#[tokio::test]
async fn a_threshold_is_told_when_it_is_reached_and_never_again() {
    let setting = Setting::new().await;
    for run in ["first", "second", "third"] {
        assert!(setting.evaluate(run, FaultPlan::none()).await);
        assert_eq!(setting.told(), ONCE);
    }
}

#[tokio::test]
async fn a_run_whose_time_ends_is_continued_by_the_next() {
    let budgets = [budget("one", ""), budget("two", "")].concat();
    let mut sent_by_first = BTreeSet::new();
    for steps in 0..6 {
        let setting = Setting::of(BILL, "", &budgets).await;
        let ledger = setting.ledger(setting.database.endpoint()).await;
        let view = view(&ledger, &setting.budgets, now()).await.unwrap();
        let taken = AtomicUsize::new(0);
        let has_time = || taken.fetch_add(1, Ordering::Relaxed) < steps;
        let run = Run { name: "first", has_time: &has_time };
        let first =
            evaluate_budgets(&view, &setting.budgets, run, &setting.notifier).await.unwrap();
        let is_whole = first.sent.len() == 2;
        let is_said = first.failed.iter().any(|it| matches!(it, EvaluateError::OutOfTime(_)));
        assert!(is_whole != is_said, "{steps} {:?}", first.failed);
        assert!(first.unconfirmed.is_empty());
        sent_by_first.insert(first.sent.len());
        assert!(setting.evaluate("second", FaultPlan::none()).await);
        let mut told = setting.told();
        told.sort();
        assert_eq!(told, ["one/monthly/2026-11-01/80", "two/monthly/2026-11-01/80"]);
    }
    assert_eq!(sent_by_first, BTreeSet::from([0, 1, 2]));
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
        assert_eq!(setting.told(), ONCE);
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
            assert_eq!(setting.told(), ONCE, "call {number}");
        }
    }
}

#[tokio::test]
async fn an_evaluation_that_stops_anywhere_is_finished_by_a_later_one() {
    let mut outcomes = BTreeSet::new();
    for calls in 0..12 {
        let setting = Setting::new().await;
        let run = setting.evaluate("one", FaultPlan::fail_after(calls));
        let _ = tokio::time::timeout(Duration::from_secs(20), run).await;
        // Within some minutes it could still be on its way; after that it is sent again.
        setting.evaluate_at("2026-11-05T09:00:00Z").await;
        let told = setting.told();
        assert!(!told.is_empty(), "{calls}");
        setting.evaluate_at("2026-11-05T10:00:00Z").await;
        assert_eq!(setting.told(), told, "an answer was seen after {calls} calls");
        outcomes.insert(told.join(" "));
    }
    let repeated = "2026-11-01/80 2026-11-01/80 again".to_owned();
    assert_eq!(outcomes, BTreeSet::from([ONCE.join(""), repeated]));
}

#[tokio::test]
async fn what_was_refused_is_told_by_the_next_run() {
    let setting = Setting::new().await;
    setting.outbox.fail_next(StandInError::Throttling);
    assert!(setting.evaluate("one", FaultPlan::none()).await);
    assert_eq!(setting.told(), [""; 0]);
    assert!(setting.evaluate("two", FaultPlan::none()).await);
    assert_eq!(setting.told(), ONCE);
}

#[tokio::test]
async fn what_was_lost_is_repeated_until_an_answer_is_seen() {
    let setting = Setting::new().await;
    setting.outbox.fail_next(StandInError::LoseAnswer);
    let (first, _, _) = setting.metered(today()).await;
    assert_eq!((first.sent.len(), first.unconfirmed.len()), (0, 1));
    setting.outbox.fail_next(StandInError::InternalError);
    let (second, _, _) = setting.metered(today()).await;
    assert_eq!((second.sent.len(), second.unconfirmed.len()), (0, 1));
    // A refusal of the repeat does not make the first one unsent.
    setting.outbox.fail_next(StandInError::Throttling);
    let (third, _, _) = setting.metered(today()).await;
    assert_eq!((third.not_sent.len(), third.unconfirmed.len()), (0, 1));
    let (fourth, _, _) = setting.metered(today()).await;
    assert_eq!((fourth.sent.len(), fourth.unconfirmed.len()), (1, 0));
    assert!(setting.metered(today()).await.0.is_unchanged);
    assert_eq!(setting.told(), ["2026-11-01/80", "2026-11-01/80 again"]);
}

#[tokio::test]
async fn what_was_refused_is_told_although_nothing_changed() {
    let setting = Setting::new().await;
    setting.outbox.fail_next(StandInError::Throttling);
    let (first, _, _) = setting.metered(today()).await;
    assert_eq!((first.sent.len(), first.not_sent.len()), (0, 1));
    let (second, _, _) = setting.metered(today()).await;
    assert_eq!((second.sent.len(), second.is_unchanged), (1, false));
    let (third, _, _) = setting.metered(today()).await;
    assert!(third.is_unchanged);
    assert_eq!(setting.told(), ONCE);
}

#[tokio::test]
async fn what_was_refused_on_the_last_day_of_a_window_is_told_after_it() {
    let setting = Setting::new().await;
    setting.outbox.fail_next(StandInError::Throttling);
    assert_eq!(setting.evaluate_at("2026-11-30T23:00:00Z").await.not_sent.len(), 1);
    let december = BILL.replace("2026-11", "2026-12");
    let (_, days) = december.split_once('\n').unwrap();
    setting.import(&format!("{BILL}{}", days.replace("60.00", "6.00")), "").await;
    let later = setting.evaluate_at("2026-12-05T08:00:00Z").await;
    let judged = later.verdicts.iter().map(|it| it.spend.period.to_string());
    assert_eq!(judged.collect::<Vec<_>>(), ["2026-12-01..2027-01-01"]);
    assert_eq!(setting.told(), ONCE);
}

#[tokio::test]
async fn a_restatement_takes_an_alert_back_once_and_what_comes_again_is_told_again() {
    let setting = Setting::new().await;
    let at = async |time: &str| setting.evaluate_at(&format!("2026-11-05T{time}:00Z")).await;
    at("08:00").await;
    setting.import(&BILL.replace("60.00", "40.00"), "").await;
    // Too early to be sure: another run may have read an older bill.
    assert!(at("08:05").await.sent.is_empty());
    assert_eq!(at("09:00").await.sent.len(), 1);
    assert!(at("10:00").await.is_unchanged);
    setting.import(&BILL.replace("60.00", "65.00"), "").await;
    at("11:00").await;
    at("12:00").await;
    let expected = ["2026-11-01/80", "2026-11-01/80/back_below", "2026-11-01/81"];
    assert_eq!(setting.told(), expected);
    let outbox = setting.outbox.outbox();
    assert_eq!(outbox[1].attributes["event"], "back_below");
    assert!(outbox[1].message.contains("is back below 80% of its limit"), "{}", outbox[1].message);
}

#[tokio::test]
async fn a_limit_that_is_raised_and_reached_again_is_told_again() {
    let mut setting = Setting::new().await;
    setting.evaluate_at("2026-11-05T08:00:00Z").await;
    let raised = BUDGETS.replace("\"100\"", "\"200\"").replace(", 81", "");
    setting.budgets = parse_budgets(&raised).unwrap();
    setting.evaluate_at("2026-11-05T09:00:00Z").await;
    setting.import(&BILL.replace("60.00", "150.00"), "").await;
    setting.evaluate_at("2026-11-05T10:00:00Z").await;
    let expected = ["2026-11-01/80", "2026-11-01/50/back_below", "2026-11-01/80/2"];
    assert_eq!(setting.told(), expected);
}

#[tokio::test]
async fn a_budget_that_is_renamed_says_nothing_twice_and_swallows_nothing() {
    let mut setting = Setting::new().await;
    setting.evaluate_at("2026-11-05T08:00:00Z").await;
    let renamed = |name: &str, formerly: &str| {
        BUDGETS.replace("name = \"all\"", &format!("name = \"{name}\"\nformerly = \"{formerly}\""))
    };
    setting.budgets = parse_budgets(&renamed("second", "all")).unwrap();
    setting.import(&BILL.replace("60.00", "65.00"), "").await;
    setting.outbox.fail_next(StandInError::Throttling);
    assert_eq!(setting.evaluate_at("2026-11-05T09:00:00Z").await.not_sent.len(), 1);
    // What was refused under the second name is sent under the third.
    setting.budgets = parse_budgets(&renamed("third", "second")).unwrap();
    setting.evaluate_at("2026-11-05T10:00:00Z").await;
    assert_eq!(setting.told(), ["2026-11-01/80", "second/monthly/2026-11-01/81"]);
}

#[tokio::test]
async fn what_was_refused_in_a_year_is_told_late_in_the_next() {
    let mut setting = Setting::new().await;
    setting.budgets = parse_budgets(&BUDGETS.replace("monthly", "yearly")).unwrap();
    setting.outbox.fail_next(StandInError::Throttling);
    assert_eq!(setting.evaluate_at("2026-12-31T23:00:00Z").await.not_sent.len(), 1);
    let (_, days) = BILL.split_once('\n').unwrap();
    let next = days.replace("2026-11", "2027-05").replace("60.00", "6.00");
    setting.import(&format!("{BILL}{next}"), "").await;
    setting.evaluate_at("2027-05-05T08:00:00Z").await;
    assert_eq!(setting.told(), ["all/yearly/2026-01-01/80"]);
}

#[tokio::test]
async fn spend_in_another_currency_is_said_beside() {
    let line = "2026-11-04,123456789012,123456789012,AmazonBedrock,USE1-NovaLite-output-tokens,";
    let bill = format!("{BILL}{line}30.00,EUR\n");
    let setting = Setting::of(&bill, "", BUDGETS).await;
    let evaluation = setting.evaluate_at("2026-11-05T08:00:00Z").await;
    let beside: Vec<String> =
        evaluation.verdicts[0].spend.beside.iter().map(ToString::to_string).collect();
    assert_eq!(beside, ["30 EUR"]);
    let message = &setting.outbox.outbox()[0].message;
    assert!(message.contains("Not counted: 30.00 EUR (the limit is in USD)"), "{message}");
}

#[tokio::test]
async fn a_limit_that_will_be_reached_is_told_once_and_its_crossing_too() {
    let (header, _) = BILL.split_once('\n').unwrap();
    let day = |day: u32, cost: &str| {
        format!(
            "2026-11-{day:02},123456789012,123456789012,AmazonBedrock,USE1-NovaLite-input-tokens,{cost},USD\n"
        )
    };
    let days = |last: u32| (1..=last).map(|it| day(it, "4.00")).collect::<String>();
    let budgets = BUDGETS.replace("[50, 80, 81]", "[90]\nforecast_thresholds = [100, 200]");
    let setting = Setting::of(&format!("{header}\n{}", days(10)), "", &budgets).await;
    let first = setting.evaluate_at("2026-11-11T08:00:00Z").await;
    // Four a day for thirty days.
    let projection = first.verdicts[0].projection.unwrap();
    assert_eq!(projection.expected.to_string(), "120 USD");
    assert!(projection.low.amount() < Decimal::from(100), "ten days are few");
    let message = &setting.outbox.outbox()[0];
    assert_eq!(message.attributes["event"], "projected_limit_exceeded");
    assert!(message.message.contains("Forecast:    120.00 USD by its end"), "{}", message.message);
    for (last, at) in [(12, "2026-11-13T08:00:00Z"), (20, "2026-11-21T08:00:00Z")] {
        setting.import(&format!("{header}\n{}", days(last)), "").await;
        setting.evaluate_at(at).await;
        assert_eq!(setting.told(), ["2026-11-01/100/projected"]);
    }
    setting.import(&format!("{header}\n{}", days(24)), "").await;
    setting.evaluate_at("2026-11-25T08:00:00Z").await;
    assert_eq!(setting.told(), ["2026-11-01/100/projected", "2026-11-01/90"]);
    // The next window has no day yet, and will be as expensive. That of November is over and says no more.
    setting.import(&format!("{header}\n{}", days(30)), "").await;
    for at in ["2026-12-04T08:00:00Z", "2026-12-05T08:00:00Z"] {
        setting.evaluate_at(at).await;
        let of_december = "2026-12-01/100/projected";
        assert_eq!(setting.told(), ["2026-11-01/100/projected", "2026-11-01/90", of_december]);
    }
}

#[tokio::test]
async fn an_evaluation_of_what_is_settled_reads_no_day() {
    let setting = Setting::new().await;
    let (first, _, _) = setting.metered(today()).await;
    assert_eq!((first.is_unchanged, first.verdicts.len()), (false, 1));
    let (second, request_count, read_units) = setting.metered(today()).await;
    assert!(second.is_unchanged);
    // The pointers of bills, and what is settled.
    assert_eq!((request_count, read_units), (2, Decimal::TWO));
}

#[tokio::test]
async fn a_new_day_new_budgets_or_a_new_bill_are_judged() {
    let mut setting = Setting::new().await;
    let is_unchanged = async |setting: &Setting, today| setting.metered(today).await.0.is_unchanged;
    assert!(!is_unchanged(&setting, today()).await);
    assert!(is_unchanged(&setting, today()).await);
    assert!(!is_unchanged(&setting, today().tomorrow().unwrap()).await);
    assert!(!is_unchanged(&setting, today()).await);
    setting.import(&BILL.replace("20.00", "21.00"), "").await;
    assert!(!is_unchanged(&setting, today()).await);
    assert_eq!(setting.told(), ["2026-11-01/80", "2026-11-01/81"]);
    setting.budgets = parse_budgets(&BUDGETS.replace("81", "82")).unwrap();
    assert!(!is_unchanged(&setting, today()).await);
}

#[tokio::test]
async fn budgets_share_what_they_read() {
    let scopes = ["", "scope = { owner = \"one\" }", "scope = { owner = \"two\" }"];
    let budgets: Vec<String> =
        scopes.iter().enumerate().map(|(at, it)| budget(&format!("b{at}"), it)).collect();
    let requests = async |budgets: &str| {
        let setting = Setting::of(OWNED_BILL, OWNERS, budgets).await;
        setting.metered(today()).await;
        // Another day, and everything told: what is left is to judge.
        let (evaluation, request_count, _) = setting.metered("2026-11-06".parse().unwrap()).await;
        let costs = evaluation.verdicts.iter().map(|it| it.spend.cost.amount().to_string());
        (costs.collect::<Vec<_>>(), request_count)
    };
    // Pointers, what is settled, three days, the alerts of two months, and settling again.
    assert_eq!(requests(&budgets[0]).await, (vec!["87".to_owned()], 8));
    // One owner's part of each day.
    assert_eq!(requests(&budgets[1]).await, (vec!["80".to_owned()], 8));
    // Two owners' parts of each day.
    let costs = vec!["80".to_owned(), "5".to_owned()];
    assert_eq!(requests(&budgets[1..].concat()).await, (costs, 11));
    // Each day once for all three.
    let costs = vec!["87".to_owned(), "80".to_owned(), "5".to_owned()];
    assert_eq!(requests(&budgets.concat()).await, (costs, 8));
}

#[tokio::test]
async fn drivers_are_read_for_a_new_alert_alone() {
    let setting = Setting::of(OWNED_BILL, OWNERS, &budget("all", "")).await;
    let (first, _, _) = setting.metered(today()).await;
    let body = &first.sent[0].body;
    assert!(body.contains("  1. 80.00 USD one, nova-lite, input tokens\n"), "{body}");
    assert!(body.contains("  3. 2.00 USD three, nova-lite, input tokens\n"), "{body}");
    assert!(body.contains("Compared:    7.00 USD in the window before"), "{body}");
    let ledger = setting.ledger(setting.database.endpoint()).await;
    let meter = Meter::default();
    let ledger = DynamoLedger { client: meter.watch(&ledger.client), ..ledger };
    let view = view(&ledger, &setting.budgets, now()).await.unwrap();
    let verdicts = judge_all(&view, &setting.budgets).await.unwrap();
    assert_eq!(verdicts[0].reached, [50, 80]);
    // Pointers and three days: judging alone asks for nothing else.
    assert_eq!(meter.take().request_count, 4);
}
