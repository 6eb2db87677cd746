//! Collecting from Cost Explorer, through the real SDK client, over loopback.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot set itself up has failed"
)]

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_costexplorer::Client;
use aws_sdk_costexplorer::config::retry::RetryConfig;
use aws_sdk_costexplorer::config::timeout::TimeoutConfig;
use aws_sdk_costexplorer::config::{BehaviorVersion, Credentials, Region};
use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::post;
use jiff::Timestamp;
use jiff::civil::{Date, date};
use ledger_app::collect::{CollectError, CollectReport, CollectRequest, Depth, collect};
use ledger_app::ports::{
    BillReplacement, CostGroups, CostPage, CostQuery, LedgerStore, NamePage, QuickLook,
    QuickLookError, Replaced, RequestQuota, Retryable as _, StoreError,
};
use ledger_app::rules_file::parse_rules;
use ledger_aws::cost_explorer::AwsCostExplorer;
use ledger_core::bill::{BillHead, Generation};
use ledger_core::cost::CostKind;
use ledger_core::currency::Currency;
use ledger_core::dimension::Level;
use ledger_core::line_item::BillId;
use ledger_core::owner::Owner;
use ledger_core::period::{BillingPeriod, ChargePeriod};
use ledger_core::rollup::{DayRollups, Rollup};
use ledger_core::rules::AttributionRules;
use ledger_core::source::Source;
use ledger_local::cost_explorer::{CostExplorerStandIn, CostLine, StandInError};
use ledger_testkit::memory_ledger::MemoryLedger;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use tokio::net::TcpListener;

const TEAM: &str = "iamPrincipal/team";
const PROJECT: &str = "iamPrincipal/project:name";
const SONNET: &str = "Claude Sonnet 4.6 (Amazon Bedrock Edition)";
const NOVA_INPUT: &str = "USE1-NovaLite-input-tokens";
const MARKETPLACE_INPUT: &str = "USE1-MP:USE1_InputTokenCount-Units";

/// Keeps what was replaced, as a ledger would: day by day.
#[derive(Default)]
struct Ledger {
    bills: Mutex<BTreeMap<BillId, BTreeMap<Date, DayRollups>>>,
}

impl Ledger {
    fn of(&self, source: &Source) -> BTreeMap<Date, DayRollups> {
        let bills = self.bills.lock().unwrap();
        bills
            .iter()
            .filter(|(bill, _)| bill.source == *source)
            .flat_map(|(_, days)| days.clone())
            .collect()
    }

    fn bills(&self) -> Vec<String> {
        self.bills.lock().unwrap().keys().map(BillId::to_string).collect()
    }
}

impl LedgerStore for Ledger {
    async fn heads(&self, _: BillingPeriod) -> Result<Vec<BillHead>, StoreError> {
        Ok(Vec::new())
    }

    async fn replace(&self, replacement: BillReplacement) -> Result<Replaced, StoreError> {
        assert!(!replacement.is_complete, "Cost Explorer never tells a whole bill");
        let mut bills = self.bills.lock().unwrap();
        let bill = bills.entry(replacement.bill).or_default();
        let mut replaced = Replaced::default();
        for (day, rollups) in replacement.days.iter().map(Result::unwrap) {
            let is_new = bill.insert(day, rollups.clone()).as_ref() != Some(&rollups);
            replaced.days_written += u64::from(is_new);
            replaced.days_unchanged += u64::from(!is_new);
        }
        Ok(replaced)
    }

    async fn rollups(
        &self,
        _: &BillId,
        _: Date,
        _: &Generation,
        _: Level,
        _: Option<&[Owner]>,
    ) -> Result<Vec<Rollup>, StoreError> {
        Ok(Vec::new())
    }
}

/// Has this many requests left, and records how long it was to wait instead of waiting.
struct Quota {
    left: AtomicU32,
    pauses: Mutex<Vec<u64>>,
}

impl Quota {
    fn of(count: u32) -> Quota {
        Quota { left: AtomicU32::new(count), pauses: Mutex::default() }
    }
}

impl RequestQuota for Quota {
    async fn take(&self, _: Date) -> Result<bool, StoreError> {
        let one_less = |left: u32| left.checked_sub(1);
        Ok(self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok())
    }

    async fn pause(&self, duration: Duration) {
        self.pauses.lock().unwrap().push(duration.as_secs());
    }
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn line(day: i8, service: &str, usage_type: &str, amount: &str, tags: &[(&str, &str)]) -> CostLine {
    let amount = decimal(amount);
    CostLine {
        day: date(2026, 9, day),
        service: service.to_owned(),
        usage_type: usage_type.to_owned(),
        account: "123456789012".to_owned(),
        record_type: "Usage".to_owned(),
        operation: "InvokeModelInference".to_owned(),
        region: "us-east-1".to_owned(),
        billing_entity: "AWS".to_owned(),
        tags: tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        product_attributes: BTreeMap::new(),
        unblended: amount,
        net_unblended: amount * decimal("0.9"),
        amortized: amount,
        net_amortized: amount * decimal("0.9"),
        usage_amount: decimal("2.5"),
        unit: "1K tokens".to_owned(),
        currency: "USD".to_owned(),
    }
}

/// September 2026: days with many groups, one and none; another service; a value with a `$`.
fn september() -> Vec<CostLine> {
    vec![
        line(1, "Amazon Bedrock", NOVA_INPUT, "1.25", &[(TEAM, "search"), (PROJECT, "a$b")]),
        line(1, "Amazon Bedrock", NOVA_INPUT, "0.0000000001", &[(TEAM, "search")]),
        line(1, "Amazon Bedrock", "USE1-NovaLite-output-tokens", "2.5", &[(TEAM, "pay$roll")]),
        line(1, "Amazon Bedrock", NOVA_INPUT, "4", &[]),
        line(1, SONNET, MARKETPLACE_INPUT, "8.125", &[(TEAM, "search")]),
        line(2, SONNET, MARKETPLACE_INPUT, "-3", &[(TEAM, "pay$roll"), (PROJECT, "c")]),
        line(4, "Amazon Bedrock", "USE1-SomethingNew", "0.7", &[(TEAM, "search")]),
        line(4, "Amazon Simple Storage Service", "TimedStorage", "99", &[(TEAM, "search")]),
    ]
}

fn stand_in(lines: Vec<CostLine>) -> CostExplorerStandIn {
    CostExplorerStandIn::new(lines, date(2026, 9, 3)).with_today(date(2026, 9, 20))
}

async fn serve(router: Router) -> AwsCostExplorer {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let config = aws_sdk_costexplorer::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "local"))
        .endpoint_url(format!("http://{address}"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::disabled())
        .build();
    AwsCostExplorer { client: Client::from_conf(config) }
}

fn period(start: Date, end: Date) -> ChargePeriod {
    ChargePeriod::new(start, end).unwrap()
}

fn request() -> CollectRequest {
    CollectRequest {
        period: period(date(2026, 9, 1), date(2026, 9, 6)),
        tag_keys: vec![TEAM.to_owned()],
        max_requests: 500,
        payer: None,
        beside_bills: Depth::Whole,
        now: Timestamp::UNIX_EPOCH,
        today: date(2026, 9, 20),
    }
}

/// One run against a stand-in, with all it left behind.
struct Ran {
    outcome: Result<CollectReport, CollectError>,
    ledger: Ledger,
    pauses: Vec<u64>,
}

impl Ran {
    #[track_caller]
    fn report(&self) -> &CollectReport {
        self.outcome.as_ref().unwrap()
    }

    fn finding(&self, code: &str) -> Option<&str> {
        let findings = &self.report().findings;
        findings.iter().find(|it| it.code.as_str() == code).map(|it| it.message.as_str())
    }
}

async fn run_with(explorer: &AwsCostExplorer, request: CollectRequest, quota: u32) -> Ran {
    let ledger = Ledger::default();
    let quota = Quota::of(quota);
    let rules = AttributionRules::default();
    let outcome = collect(request, &rules, explorer, &ledger, &quota).await;
    Ran { outcome, ledger, pauses: quota.pauses.into_inner().unwrap() }
}

async fn run(stand_in: &CostExplorerStandIn, request: CollectRequest) -> Ran {
    run_with(&serve(stand_in.router()).await, request, 1_000).await
}

/// Unblended and net cost by day and tag value; an empty value is no tag.
type ByTag = BTreeMap<(Date, String), (Decimal, Decimal)>;

fn by_tag(days: &BTreeMap<Date, DayRollups>, key: &str) -> ByTag {
    let mut sums = ByTag::new();
    for (day, rollups) in days {
        for (rollup, measures) in &rollups.positions {
            let tags = &rollup.detail.tags;
            let value = tags.get(key).map(ToString::to_string).unwrap_or_default();
            let sum = sums.entry((*day, value)).or_default();
            sum.0 += measures.costs.of(CostKind::Unblended).amount();
            sum.1 += measures.costs.of(CostKind::NetUnblended).amount();
        }
    }
    sums
}

fn by_tag_of_lines(lines: &[CostLine], key: &str) -> ByTag {
    let mut sums = ByTag::new();
    for line in lines.iter().filter(|line| line.service.contains("Bedrock")) {
        let value = line.tags.get(key).cloned().unwrap_or_default();
        let sum = sums.entry((line.day, value)).or_default();
        sum.0 += line.unblended;
        sum.1 += line.net_unblended;
    }
    sums
}

#[tokio::test]
async fn the_ledger_holds_what_the_bill_says_by_day_and_tag() {
    let ran = run(&stand_in(september()), request()).await;
    let days = ran.ledger.of(&Source::AWS_QUICK_LOOK);
    assert_eq!(by_tag(&days, TEAM), by_tag_of_lines(&september(), TEAM));
    let report = ran.report();
    assert_eq!(report.findings, []);
    assert_eq!(report.days, 5);
    let total = &report.totals[&Currency::USD];
    assert_eq!(total.of(CostKind::Unblended).amount(), decimal("13.5750000001"));
    assert_eq!(total.of(CostKind::NetUnblended).amount(), decimal("12.21750000009"));
    let requests = report.requests;
    assert_eq!((requests.service_names, requests.costs), (1, 2));
    assert_eq!((requests.control_totals, requests.views, requests.total()), (1, 0, 4));
    assert_eq!(ran.ledger.bills(), ["cost-explorer 2026-09 of payer unknown"]);
}

#[tokio::test]
async fn a_day_without_cost_is_there_and_recent_days_are_estimates() {
    let ran = run(&stand_in(september()), request()).await;
    let days = ran.ledger.of(&Source::AWS_QUICK_LOOK);
    let empty = &days[&date(2026, 9, 3)];
    assert!(empty.positions.is_empty() && empty.totals.is_empty());
    let estimated: Vec<_> = days.values().map(|it| it.estimated).collect();
    assert_eq!(estimated, [false, false, true, true, true]);
}

#[tokio::test]
async fn lines_carry_model_tokens_and_where_they_were_read() {
    let ran = run(&stand_in(september()), request()).await;
    let days = ran.ledger.of(&Source::AWS_QUICK_LOOK);
    let (key, measures) = days[&date(2026, 9, 2)].positions.first_key_value().unwrap();
    let charge = &key.summary.charge;
    assert_eq!(charge.model.as_deref(), Some("claude-sonnet-4.6"));
    assert_eq!(charge.publisher.as_deref(), Some("Anthropic"));
    assert_eq!(&*charge.line_type, "Usage");
    assert_eq!(measures.tokens, Some(2_500));
    let first_line = measures.first_line.as_ref().unwrap().to_string();
    assert_eq!(first_line, format!("cost-explorer:{SONNET}:2"));
}

#[tokio::test]
async fn further_keys_are_views_of_the_same_money() {
    let tag_keys = vec![TEAM.to_owned(), PROJECT.to_owned()];
    let ran = run(&stand_in(september()), CollectRequest { tag_keys, ..request() }).await;
    let view = ran.ledger.of(&Source::aws_view(PROJECT));
    assert_eq!(by_tag(&view, PROJECT), by_tag_of_lines(&september(), PROJECT));
    assert!(by_tag(&view, PROJECT).contains_key(&(date(2026, 9, 1), "a$b".to_owned())));
    let report = ran.report();
    assert_eq!((report.requests.costs, report.requests.views), (2, 2));
    assert_eq!(report.findings, []);
    let total = report.totals[&Currency::USD].of(CostKind::Unblended).amount();
    assert_eq!(total, decimal("13.5750000001"));
}

#[tokio::test]
async fn the_size_of_a_page_changes_nothing() {
    let whole = run(&stand_in(september()), request()).await.ledger.of(&Source::AWS_QUICK_LOOK);
    for size in 1..=7 {
        let stand_in = stand_in(september()).with_page_size(NonZeroUsize::new(size).unwrap());
        let ran = run(&stand_in, request()).await;
        assert_eq!(ran.ledger.of(&Source::AWS_QUICK_LOOK), whole, "pages of {size}");
        assert_eq!(ran.report().requests.total(), stand_in.requests());
    }
}

#[tokio::test]
async fn a_second_run_changes_nothing() {
    let explorer = serve(stand_in(september()).router()).await;
    let ledger = Ledger::default();
    let quota = Quota::of(100);
    let rules = AttributionRules::default();
    let first = collect(request(), &rules, &explorer, &ledger, &quota).await.unwrap();
    let second = collect(request(), &rules, &explorer, &ledger, &quota).await.unwrap();
    assert_eq!((first.bills_written.len(), first.bills_unchanged.len()), (1, 0));
    assert_eq!((second.bills_written.len(), second.bills_unchanged.len()), (0, 1));
}

#[tokio::test]
async fn a_key_that_says_nothing_is_reported() {
    let tag_keys = vec!["iamPrincipal/cost-centre".to_owned()];
    let ran = run(&stand_in(september()), CollectRequest { tag_keys, ..request() }).await;
    let message = ran.finding("tag-key-silent").unwrap();
    assert!(message.contains("activate `iamPrincipal/cost-centre`"), "{message}");
    assert!(message.contains("payer account"), "{message}");
}

/// What an error is to become: a word of the message, and whether trying again may help.
async fn check_error(error: StandInError, advice: &str, retryable: bool) -> QuickLookError {
    let stand_in = stand_in(september());
    // More than all attempts and restarts meet.
    for _ in 0..10 {
        stand_in.fail_next(error.clone());
    }
    let ran = run(&stand_in, request()).await;
    let error = ran.outcome.unwrap_err();
    assert_eq!(error.is_retryable(), retryable, "{error:?}");
    assert_eq!(ran.ledger.bills(), [""; 0]);
    let CollectError::Ask { question, source } = error else { panic!("{error:?}") };
    assert_eq!(question, "the services of 2026-09-01..2026-09-06");
    assert!(source.to_string().contains(advice), "{source}");
    source
}

#[tokio::test]
async fn each_error_has_its_case_and_says_what_to_do() {
    use QuickLookError as Case;
    let denied = "User: arn:aws:iam::123456789012:user/a is not authorized";
    let off = "User not enabled for cost explorer access";
    let far = "end date past the beginning of next month";
    let is = |actual: Case, expected: bool| assert!(expected, "{actual:?}");

    let case = check_error(StandInError::ThrottlingException, "in a few minutes", true).await;
    is(case.clone(), matches!(case, Case::TooSoon(_)));
    let case = check_error(StandInError::LimitExceededException, "in an hour", true).await;
    is(case.clone(), matches!(case, Case::TooSoon(_)));
    let case = check_error(StandInError::DataUnavailableException, "later days", false).await;
    is(case.clone(), matches!(case, Case::Refused(_)));
    let case = check_error(StandInError::BillExpirationException, "no longer keeps", false).await;
    is(case.clone(), matches!(case, Case::Refused(_)));
    let case = check_error(StandInError::InvalidNextTokenException, "no longer knows", true).await;
    is(case.clone(), matches!(case, Case::UnknownPage(_)));
    let case = check_error(StandInError::RequestChangedException, "another request", true).await;
    is(case.clone(), matches!(case, Case::UnknownPage(_)));
    let error = StandInError::AccessDeniedException(denied.to_owned());
    let case = check_error(error, "allow `ce:GetCostAndUsage`", false).await;
    is(case.clone(), matches!(case, Case::Refused(_)) && !case.to_string().contains("arn:"));
    let error = StandInError::AccessDeniedException(off.to_owned());
    let case = check_error(error, "not switched on", false).await;
    is(case.clone(), matches!(case, Case::Refused(_)));
    let case = check_error(StandInError::ValidationException(far.to_owned()), far, false).await;
    is(case.clone(), matches!(case, Case::Refused(_)));
    let case = check_error(StandInError::InternalServerError, "try again later", true).await;
    is(case.clone(), matches!(case, Case::Unreachable(..)));
    let case = check_error(StandInError::CloseConnection, "try again later", true).await;
    is(case.clone(), matches!(case, Case::Unreachable(..)));
}

#[tokio::test]
async fn a_throttled_request_is_repeated_after_growing_pauses() {
    let stand_in = stand_in(september());
    stand_in.fail_next(StandInError::ThrottlingException);
    stand_in.fail_next(StandInError::LimitExceededException);
    let ran = run(&stand_in, request()).await;
    assert_eq!(ran.report().requests.service_names, 3);
    assert_eq!(ran.report().requests.total(), stand_in.requests());
    assert_eq!(ran.pauses, [1, 2]);
}

#[tokio::test]
async fn five_attempts_are_the_most() {
    let stand_in = stand_in(september());
    for _ in 0..10 {
        stand_in.fail_next(StandInError::ThrottlingException);
    }
    let ran = run(&stand_in, request()).await;
    assert!(ran.outcome.is_err());
    assert_eq!((stand_in.requests(), ran.pauses), (5, vec![1, 2, 4, 8]));
}

#[tokio::test]
async fn a_refused_token_begins_the_chain_again_twice() {
    for error in [StandInError::InvalidNextTokenException, StandInError::RequestChangedException] {
        let stand_in = stand_in(september());
        stand_in.fail_next(error.clone());
        stand_in.fail_next(error.clone());
        let ran = run(&stand_in, request()).await;
        let days = ran.ledger.of(&Source::AWS_QUICK_LOOK);
        assert_eq!(by_tag(&days, TEAM), by_tag_of_lines(&september(), TEAM));
        assert_eq!(ran.report().requests.service_names, 3);

        for _ in 0..3 {
            stand_in.fail_next(error.clone());
        }
        assert!(run(&stand_in, request()).await.outcome.is_err());
    }
}

/// Forgets the token of a later page of costs, twice.
struct Forgetful {
    explorer: AwsCostExplorer,
    left: AtomicU32,
}

impl QuickLook for Forgetful {
    async fn service_names(
        &self,
        period: ChargePeriod,
        token: Option<&str>,
    ) -> Result<NamePage, QuickLookError> {
        self.explorer.service_names(period, token).await
    }

    async fn costs(
        &self,
        query: &CostQuery,
        token: Option<&str>,
    ) -> Result<CostPage, QuickLookError> {
        let one_less = |left: u32| left.checked_sub(1);
        let forgets = token.is_some()
            && self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok();
        if forgets {
            return Err(QuickLookError::UnknownPage("forgotten"));
        }
        self.explorer.costs(query, token).await
    }
}

#[tokio::test]
async fn pages_read_before_a_refused_token_do_not_count_twice() {
    let stand_in = stand_in(september()).with_page_size(NonZeroUsize::MIN);
    let explorer = serve(stand_in.router()).await;
    let explorer = Forgetful { explorer, left: AtomicU32::new(2) };
    let ledger = Ledger::default();
    let quota = Quota::of(100);
    let rules = AttributionRules::default();
    let report = collect(request(), &rules, &explorer, &ledger, &quota).await.unwrap();
    assert_eq!(report.findings, []);
    let days = ledger.of(&Source::AWS_QUICK_LOOK);
    assert_eq!(by_tag(&days, TEAM), by_tag_of_lines(&september(), TEAM));
}

/// August and September, which need 1 + 2 * 3 requests.
fn two_months() -> (CostExplorerStandIn, CollectRequest) {
    let mut lines = september();
    for day in [30, 31] {
        for service in ["Amazon Bedrock", SONNET] {
            let line = line(1, service, NOVA_INPUT, "1", &[(TEAM, "search")]);
            lines.push(CostLine { day: date(2026, 8, day), ..line });
        }
    }
    let period = period(date(2026, 8, 30), date(2026, 9, 6));
    (stand_in(lines), CollectRequest { period, ..request() })
}

#[tokio::test]
async fn a_cap_keeps_finished_months_and_writes_nothing_of_others() {
    for cap in 0..7 {
        let (stand_in, request) = two_months();
        let of_run = CollectRequest { max_requests: cap, ..request.clone() };
        let by_run = run_with(&serve(stand_in.router()).await, of_run, 1_000).await;
        let by_day = run_with(&serve(stand_in.router()).await, request, cap).await;
        for ran in [by_run, by_day] {
            let message = ran.finding("request-cap").unwrap();
            assert!(message.contains("not asked: "), "{message}");
            assert!(message.contains("2026-09-01..2026-09-06"), "{message}");
            assert_eq!(ran.report().requests.total(), u64::from(cap));
            let expected: &[&str] =
                if cap < 4 { &[] } else { &["cost-explorer 2026-08 of payer unknown"] };
            assert_eq!(ran.ledger.bills(), expected, "{cap} requests");
        }
        assert_eq!(stand_in.requests(), u64::from(cap) * 2);
    }
    let (stand_in, request) = two_months();
    let ran = run_with(&serve(stand_in.router()).await, request, 7).await;
    assert_eq!((ran.report().findings.as_slice(), ran.ledger.bills().len()), (&[][..], 2));
}

#[tokio::test]
async fn a_period_is_asked_up_to_today() {
    let far = period(date(2026, 9, 1), date(2027, 1, 1));
    let today = date(2026, 9, 4);
    let stand_in = stand_in(september());
    let ran = run(&stand_in, CollectRequest { period: far, today, ..request() }).await;
    assert_eq!(ran.report().days, 4);
    let later = period(date(2026, 9, 5), date(2026, 9, 6));
    let ran = run(&stand_in, CollectRequest { period: later, today, ..request() }).await;
    assert!(matches!(ran.outcome, Err(CollectError::Future { .. })));
}

// ---- Answers as they were seen ----

fn canned() -> Vec<Value> {
    let text = include_str!("../testdata/cost_explorer/responses.json");
    serde_json::from_str(text).unwrap()
}

/// Serves a case's pages to questions with groups, and `control` to those without.
fn canned_router(case: &Value, control: Value) -> Router {
    let pages = Arc::new(case["pages"].as_array().unwrap().clone());
    let answer = async move |headers: HeaderMap, body: Bytes| {
        let body: Value = serde_json::from_slice(&body).unwrap();
        let target = headers["x-amz-target"].to_str().unwrap();
        let answer = if target.ends_with("GetDimensionValues") {
            json!({"DimensionValues": [{"Value": "Amazon Bedrock"}], "ReturnSize": 1, "TotalSize": 1})
        } else if body.get("GroupBy").is_none() {
            control.clone()
        } else {
            // The one token that the cases hold leads to the second page.
            pages[usize::from(body.get("NextPageToken").is_some())].clone()
        };
        ([(header::CONTENT_TYPE, "application/x-amz-json-1.1")], answer.to_string()).into_response()
    };
    Router::new().route(
        "/",
        post(move |headers: HeaderMap, body: Bytes| {
            let answer = answer.clone();
            async move { answer(headers, body).await }
        }),
    )
}

fn expected_decimal(value: &Value) -> Decimal {
    decimal(value.as_str().map_or_else(|| value.to_string(), str::to_owned).as_str())
}

fn tag_key_of(case: &Value) -> String {
    let groups = case["pages"][0]["GroupDefinitions"].as_array();
    let tag = groups.and_then(|it| it.iter().find(|group| group["Type"] == "TAG"));
    tag.and_then(|it| it["Key"].as_str()).unwrap_or("team").to_owned()
}

fn request_of(case: &Value) -> CollectRequest {
    let span = &case["pages"][0]["ResultsByTime"][0]["TimePeriod"];
    let day = |name| span[name].as_str().unwrap().parse::<Date>().unwrap();
    CollectRequest {
        period: period(day("Start"), day("End")),
        tag_keys: vec![tag_key_of(case)],
        today: date(2026, 12, 31),
        ..request()
    }
}

fn control_of(case: &Value) -> Value {
    let amount = expected_decimal(&case["expected"]["total_usd"]).to_string();
    let span = &case["pages"][0]["ResultsByTime"][0]["TimePeriod"];
    let total = json!({"UnblendedCost": {"Amount": amount, "Unit": "USD"}});
    json!({"ResultsByTime": [
        {"TimePeriod": span, "Total": total, "Groups": [], "Estimated": false}
    ]})
}

#[tokio::test]
async fn canned_answers_come_to_what_they_are_known_to_come_to() {
    let cases = canned();
    let asked = cases.iter().filter(|case| case["expected"]["metric"] != "NetUnblendedCost");
    for case in asked {
        let name = &case["case"];
        let explorer = serve(canned_router(case, control_of(case))).await;
        let ran = run_with(&explorer, request_of(case), 100).await;
        let expected = &case["expected"];
        let total = ran.report().totals[&Currency::USD].of(CostKind::Unblended).amount();
        assert_eq!(total, expected_decimal(&expected["total_usd"]), "{name}");
        assert_eq!(ran.finding("control-total"), None, "{name}");
        let days = ran.ledger.of(&Source::AWS_QUICK_LOOK);
        for (day, amount) in expected["daily"].as_object().into_iter().flatten() {
            let total = &days[&day.parse::<Date>().unwrap()].totals[&Currency::USD];
            let total = total.ai.of(CostKind::Unblended).amount();
            assert_eq!(total, expected_decimal(amount), "{name} {day}");
        }
        let sums = by_tag(&days, &tag_key_of(case));
        for (value, amount) in expected["by_tag"].as_object().into_iter().flatten() {
            let of_value = sums.iter().filter(|((_, it), _)| it == value);
            let sum: Decimal = of_value.map(|(_, (unblended, _))| unblended).sum();
            assert_eq!(sum, expected_decimal(amount), "{name} {value}");
        }
    }
    assert_eq!(cases.len(), 8);
}

/// What each error leads to: whether asking again may help, and a word of what to do.
const ERRORS: [(&str, bool, &str); 5] = [
    ("retry with back-off", true, "try again in a few minutes"),
    ("caller error", false, "refused the request: end date past"),
    ("start again without a token", true, "try again"),
    ("retry later, with back-off", true, "try again in an hour"),
    (
        "Cost Explorer not switched on; not the same advice as a missing permission",
        false,
        "open it once in the payer account's billing console",
    ),
];

#[tokio::test]
async fn errors_as_they_were_seen_say_what_to_do() {
    let text = include_str!("../testdata/cost_explorer/errors.json");
    let cases: Vec<Value> = serde_json::from_str(text).unwrap();
    assert_eq!(cases.len(), ERRORS.len());
    for case in &cases {
        let body = json!({ "__type": case["code"], "message": case["message"] }).to_string();
        let answer = move || {
            let headers = [(header::CONTENT_TYPE, "application/x-amz-json-1.1")];
            let body = body.clone();
            async move { (StatusCode::BAD_REQUEST, headers, body).into_response() }
        };
        let explorer = serve(Router::new().route("/", post(answer))).await;
        let query = CostQuery {
            period: period(date(2026, 9, 1), date(2026, 9, 2)),
            services: Vec::new(),
            groups: CostGroups::None,
        };
        let error = explorer.costs(&query, None).await.unwrap_err();
        let (_, is_retryable, word) =
            ERRORS.iter().find(|(expected, ..)| case["expected"] == *expected).unwrap();
        assert_eq!(error.is_retryable(), *is_retryable, "{case}");
        assert!(error.to_string().contains(word), "{case}: {error}");
    }
}

#[tokio::test]
async fn an_answer_without_the_cost_asked_for_is_refused_and_read_as_it_is() {
    let cases = canned();
    let case = cases.iter().find(|it| it["case"] == "net_metric_estimated").unwrap();
    let explorer = serve(canned_router(case, control_of(case))).await;
    let request = request_of(case);
    let query = CostQuery {
        period: request.period,
        services: Vec::new(),
        groups: CostGroups::TagAndUsageType("team".to_owned()),
    };
    let page = explorer.costs(&query, None).await.unwrap();
    assert!(page.days[0].estimated);
    assert_eq!(page.days[0].groups[0].net_unblended.as_deref(), Some("-1.23"));
    assert_eq!(page.days[0].groups[0].currency.as_deref(), Some("USD"));
    let ran = run_with(&explorer, request, 100).await;
    let error = ran.outcome.unwrap_err();
    assert!(matches!(error, CollectError::Ask { source: QuickLookError::Unreadable(_), .. }));
}

#[tokio::test]
async fn a_control_total_that_differs_is_told_with_both_amounts() {
    let cases = canned();
    let case = cases.iter().find(|it| it["case"] == "one_day_split_over_two_pages").unwrap();
    let mut control = control_of(case);
    control["ResultsByTime"][0]["Total"]["UnblendedCost"]["Amount"] = json!("3.5");
    let ran = run_with(&serve(canned_router(case, control)).await, request_of(case), 100).await;
    let message = ran.finding("control-total").unwrap();
    for part in ["2026-08-15", "come to 3 USD", "is 3.5 USD", "(unblended)"] {
        assert!(message.contains(part), "{message}");
    }
    assert_eq!(ran.ledger.bills().len(), 1);
}

#[tokio::test]
async fn a_key_may_come_back_with_the_prefix_of_user_tags() {
    let groups = json!([{
        "Keys": ["user:team$a$b", NOVA_INPUT],
        "Metrics": {"UnblendedCost": {"Amount": "1", "Unit": "USD"}}
    }]);
    let span = json!({"Start": "2026-08-15", "End": "2026-08-16"});
    let day = json!({"TimePeriod": span, "Total": {}, "Groups": groups, "Estimated": false});
    let case = json!({
        "pages": [{"ResultsByTime": [day]}],
        "expected": {"total_usd": 1}
    });
    let explorer = serve(canned_router(&case, control_of(&case))).await;
    let ran = run_with(&explorer, request_of(&case), 100).await;
    let days = ran.ledger.of(&Source::AWS_QUICK_LOOK);
    let values: Vec<_> = by_tag(&days, "team").into_keys().map(|(_, value)| value).collect();
    assert_eq!(values, ["a$b"]);
}

/// What the ledger holds by tag.
async fn held(ledger: &MemoryLedger, source: &Source) -> ByTag {
    let mut sums = ByTag::new();
    for head in ledger.heads(BillingPeriod::containing(date(2026, 9, 1))).await.unwrap() {
        for (day, state) in head.days.iter().filter(|_| head.bill.source == *source) {
            let (generation, level) = (&state.generation, Level::Detail);
            let rollups = ledger.rollups(&head.bill, *day, generation, level, None).await.unwrap();
            let positions = rollups.into_iter().filter_map(|it| match it {
                Rollup::Position(position) => Some((position.key, position.measures)),
                Rollup::Summary(_) => None,
            });
            let totals = BTreeMap::new();
            let day_of = DayRollups { positions: positions.collect(), totals, estimated: false };
            let key = if *source == Source::AWS_QUICK_LOOK { TEAM } else { PROJECT };
            sums.extend(by_tag(&BTreeMap::from([(*day, day_of)]), key));
        }
    }
    sums
}

#[tokio::test]
async fn days_that_did_not_change_are_asked_once() {
    let stand_in = stand_in(september());
    let explorer = serve(stand_in.router()).await;
    let (ledger, rules) = (MemoryLedger::default(), AttributionRules::default());
    let scheduled = CollectRequest {
        tag_keys: vec![TEAM.to_owned(), PROJECT.to_owned()],
        beside_bills: Depth::Totals,
        ..request()
    };
    let ask = async |request: &CollectRequest| {
        let quota = Quota::of(1_000);
        let report = collect(request.clone(), &rules, &explorer, &ledger, &quota).await.unwrap();
        let requests = report.requests;
        let counts = (requests.costs, requests.views, requests.control_totals);
        (counts, report.days, report.days_known, report.bills_written.len())
    };
    assert_eq!(ask(&scheduled).await, ((2, 2, 1), 5, 0, 2));
    // The names of the services and the control totals are asked, and nothing else.
    assert_eq!(ask(&scheduled).await, ((0, 0, 1), 0, 5, 0));
    // A late charge, and one that is taken back.
    let mut lines = september();
    lines.push(line(3, SONNET, MARKETPLACE_INPUT, "7", &[(TEAM, "search"), (PROJECT, "c")]));
    lines.retain(|it| it.day != date(2026, 9, 4) || it.service != "Amazon Bedrock");
    lines.push(line(4, "Amazon Bedrock", NOVA_INPUT, "0.1", &[(TEAM, "search")]));
    stand_in.replace(lines.clone());
    assert_eq!(ask(&scheduled).await, ((2, 2, 1), 2, 3, 2));
    assert_eq!(held(&ledger, &Source::AWS_QUICK_LOOK).await, by_tag_of_lines(&lines, TEAM));
    assert_eq!(held(&ledger, &Source::aws_view(PROJECT)).await, by_tag_of_lines(&lines, PROJECT));
    // Days by another key are other days, and a person who asks is answered.
    let by_project = CollectRequest { tag_keys: vec![PROJECT.to_owned()], ..scheduled.clone() };
    assert_eq!(ask(&by_project).await, ((2, 0, 1), 5, 0, 1));
    let whole = CollectRequest { beside_bills: Depth::Whole, ..scheduled.clone() };
    assert_eq!(ask(&whole).await.0, (2, 2, 1));
}

#[tokio::test]
async fn rules_that_were_applied_since_ask_for_all_days_again() {
    let stand_in = stand_in(september());
    let explorer = serve(stand_in.router()).await;
    let ledger = MemoryLedger::default();
    let scheduled = CollectRequest { beside_bills: Depth::Totals, ..request() };
    let text = "[[rule]]\nname = \"all\"\nwhen = { service = \"*\" }\nowner = \"o\"\n";
    for (rules, known) in [
        (AttributionRules::default(), 0),
        (parse_rules(text, 1).unwrap(), 0),
        (parse_rules(text, 1).unwrap(), 5),
    ] {
        let quota = Quota::of(1_000);
        let asked = collect(scheduled.clone(), &rules, &explorer, &ledger, &quota).await.unwrap();
        assert_eq!((asked.days, asked.days_known), (5 - known, known));
    }
}

/// Nothing of a month is written until all of it was answered, so that no month has holes.
#[tokio::test]
async fn a_quota_that_is_too_small_changes_nothing_and_needs_a_person() {
    let stand_in = stand_in(september());
    let explorer = serve(stand_in.router()).await;
    let (ledger, rules) = (MemoryLedger::default(), AttributionRules::default());
    let request = CollectRequest { beside_bills: Depth::Totals, ..request() };
    let ask = async |quota| {
        let quota = Quota::of(quota);
        collect(request.clone(), &rules, &explorer, &ledger, &quota).await.unwrap()
    };
    let report = ask(3).await;
    assert!(report.is_short && report.bills_written.is_empty());
    assert_eq!(held(&ledger, &Source::AWS_QUICK_LOOK).await, ByTag::new());
    // The names of services, the totals, and a page of each of two services.
    let report = ask(4).await;
    assert_eq!((report.is_short, report.days), (false, 5));
    let before = held(&ledger, &Source::AWS_QUICK_LOOK).await;
    let mut lines = september();
    lines.push(line(1, "Amazon Bedrock", NOVA_INPUT, "1", &[]));
    lines.push(line(4, SONNET, MARKETPLACE_INPUT, "2", &[]));
    stand_in.replace(lines.clone());
    // Two spans of days changed: one of them alone is not written.
    let report = ask(5).await;
    assert_eq!((report.is_short, report.days, report.days_known), (true, 0, 3));
    assert_eq!(held(&ledger, &Source::AWS_QUICK_LOOK).await, before);
    let report = ask(6).await;
    assert_eq!((report.is_short, report.days, report.days_known), (false, 2, 3));
    assert_eq!(held(&ledger, &Source::AWS_QUICK_LOOK).await, by_tag_of_lines(&lines, TEAM));
}
