//! The bill and Cost Explorer tell of the sample organisation the same, and what differs shows.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use ledger_app::collect::{CollectRequest, Depth, collect};
use ledger_app::import::{Accept, import_bills};
use ledger_app::lookup::reconciliation;
use ledger_app::ports::{LedgerStore, RequestQuota, StoreError};
use ledger_app::rules_file::parse_rules;
use ledger_app::view::View;
use ledger_aws::connect::{LocalEndpoint, cost_explorer_client, dynamodb_client};
use ledger_aws::cost_explorer::AwsCostExplorer;
use ledger_aws::cur::CurFolder;
use ledger_aws::dynamodb::DynamoLedger;
use ledger_core::access::Access;
use ledger_core::cost::CostKind;
use ledger_core::dimension::Level;
use ledger_core::now::Now;
use ledger_core::period::{BillingPeriod, ChargePeriod};
use ledger_core::rules::AttributionRules;
use ledger_core::source::Source;
use ledger_local::cost_explorer::{CostExplorerStandIn, CostLine, cost_lines};
use ledger_local::database::EmbeddedDatabase;
use ledger_local::sample::{Delivery, SampleOrganisation};
use rust_decimal::Decimal;

const TAG: &str = "iamPrincipal/team";

struct NoCap;

impl RequestQuota for NoCap {
    async fn take(&self, _: Date) -> Result<bool, StoreError> {
        Ok(true)
    }
}

fn as_of() -> Date {
    "2026-11-21".parse().unwrap()
}

fn now() -> Timestamp {
    "2026-11-21T08:00:00Z".parse().unwrap()
}

fn period() -> ChargePeriod {
    ChargePeriod::new("2026-11-01".parse().unwrap(), as_of()).unwrap()
}

/// The cost of a source by day and tag value, by each cost kind.
type ByTag = BTreeMap<(Date, String), [Decimal; 4]>;

async fn by_tag(ledger: &DynamoLedger, source: Source) -> ByTag {
    let mut sums = BTreeMap::new();
    let heads = ledger.heads(BillingPeriod::containing(period().start())).await.unwrap();
    for head in heads.iter().filter(|head| head.bill.source == source) {
        for (day, state) in head.days.range(period().start()..period().end()) {
            let generation = &state.generation;
            let rollups =
                ledger.rollups(&head.bill, *day, generation, Level::Detail, None).await.unwrap();
            for rollup in rollups {
                let tags = &rollup.row().position().unwrap().detail.tags;
                let tag = tags.get(TAG).map(|it| it.to_string()).unwrap_or_default();
                let sum: &mut [Decimal; 4] = sums.entry((*day, tag)).or_default();
                for (sum, kind) in sum.iter_mut().zip(CostKind::ALL) {
                    *sum += rollup.row().measures().costs.of(kind).amount();
                }
            }
        }
    }
    sums
}

/// A bill that was imported, and Cost Explorer that tells of it too.
struct Both {
    _database: EmbeddedDatabase,
    ledger: DynamoLedger,
    rules: Arc<AttributionRules>,
    lines: Vec<CostLine>,
    stand_in: CostExplorerStandIn,
    explorer: AwsCostExplorer,
}

impl Both {
    async fn new(folder: &Path) -> Both {
        let source = CurFolder::new(vec![folder.to_owned()]);
        let database = EmbeddedDatabase::open(None).await.unwrap();
        let client = dynamodb_client(Some(&LocalEndpoint(database.endpoint()))).await;
        let ledger = DynamoLedger { client, table: "tollbook".to_owned() };
        ledger.ensure_table().await.unwrap();
        let rules = Arc::new(parse_rules(SampleOrganisation::RULES_TOML, 1).unwrap());
        import_bills(
            Arc::new(source.clone()),
            Arc::clone(&rules),
            Accept::Good,
            now(),
            |_| (),
            &ledger,
        )
        .await
        .unwrap();
        let lines = cost_lines(&source.line_by_line()).unwrap();
        let stand_in = CostExplorerStandIn::new(lines.clone(), as_of()).with_today(as_of());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = LocalEndpoint(format!("http://{}", listener.local_addr().unwrap()));
        let router = stand_in.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        let explorer = AwsCostExplorer { client: cost_explorer_client(Some(&endpoint)).await };
        Both { _database: database, ledger, rules, lines, stand_in, explorer }
    }
}

async fn view(ledger: &DynamoLedger) -> View<DynamoLedger> {
    View::open_all(ledger, Access::everything(), Now::new(now())).await.unwrap()
}

fn request() -> CollectRequest {
    CollectRequest {
        period: period(),
        tag_keys: vec![TAG.to_owned()],
        max_requests: 200,
        payer: None,
        beside_bills: Depth::Whole,
        now: now(),
        today: as_of(),
    }
}

#[tokio::test]
async fn both_paths_agree_by_tag_and_day_and_a_planted_difference_shows() {
    let folder = tempfile::tempdir().unwrap();
    SampleOrganisation::new(7, as_of()).write(folder.path(), Delivery::First).unwrap();
    let both = Both::new(folder.path()).await;
    let Both { ledger, rules, stand_in, explorer, .. } = &both;
    let mut lines = both.lines.clone();
    let ask = async || collect(request(), rules, explorer, ledger, &NoCap).await.unwrap();
    let report = ask().await;
    assert_eq!(report.findings, []);
    let bill = by_tag(ledger, Source::AWS_BILL).await;
    assert!(bill.len() > 100, "{} groups", bill.len());
    assert_eq!(by_tag(ledger, Source::AWS_QUICK_LOOK).await, bill);
    let differences = async || {
        let kind = CostKind::Unblended;
        let days = reconciliation(&view(ledger).await, period(), kind).await.unwrap();
        assert_eq!(days.len(), 20);
        assert!(days.iter().all(|it| it.services.len() > 2), "{days:?}");
        let mut differing = Vec::new();
        for day in days.iter().filter(|it| !it.total.difference.is_zero()) {
            for (service, compared) in day.differing_services() {
                let differences = [day.total, *compared].map(|it| it.difference.amount());
                differing.push((day.day, service.to_string(), differences, day.settled));
            }
        }
        // What differs on a service differs on its day here.
        let of_services: usize = days.iter().map(|it| it.differing_services().count()).sum();
        assert_eq!(differing.len(), of_services);
        differing
    };
    assert_eq!(differences().await, []);

    let day: Date = "2026-11-05".parse().unwrap();
    let planted =
        lines.iter_mut().find(|it| it.day == day && it.service == "Amazon Bedrock").unwrap();
    planted.unblended -= Decimal::new(125, 2);
    stand_in.replace(lines);
    ask().await;
    let planted = Decimal::new(125, 2);
    let expected = (day, "Amazon Bedrock".to_owned(), [planted, planted], true);
    assert_eq!(differences().await, [expected]);
}

/// Lines of a commitment by their type, usage type, what they were charged at, their net cost, and
/// what is spread: the share that was used with its net cost, the commitment and how much of it was used.
const COMMITTED: [&str; 4] = [
    "SavingsPlanCoveredUsage,USE1-NovaLite-input-tokens,10,,7,6.3,,",
    "SavingsPlanNegation,USE1-NovaLite-input-tokens,-10,,,,,",
    "SavingsPlanRecurringFee,ComputeSP:1yrNoUpfront,9,8,,,9,6",
    "Usage,USE1-NovaLite-output-tokens,1,0.9,,,,",
];

#[tokio::test]
async fn both_paths_agree_by_each_cost_kind() {
    let folder = tempfile::tempdir().unwrap();
    let mut text =
        "bill_billing_period_start_date,bill_payer_account_id,line_item_product_code,tags,\
        line_item_usage_start_date,line_item_line_item_type,line_item_usage_type,\
        line_item_unblended_cost,line_item_net_unblended_cost,\
        savings_plan_savings_plan_effective_cost,savings_plan_net_savings_plan_effective_cost,\
        savings_plan_total_commitment_to_date,savings_plan_used_commitment\n"
            .to_owned();
    for (day, team) in [(3, "search"), (4, "chat"), (4, "search")] {
        for line in COMMITTED {
            text.push_str(&format!(
                "2026-11-01T00:00:00Z,123456789012,AmazonBedrock,\
                 \"{{\"\"{TAG}\"\":\"\"{team}\"\"}}\",2026-11-0{day}T00:00:00Z,{line}\n"
            ));
        }
    }
    fs::write(folder.path().join("bill.csv"), text).unwrap();
    let both = Both::new(folder.path()).await;
    let Both { ledger, rules, explorer, .. } = &both;
    let report = collect(request(), rules, explorer, ledger, &NoCap).await.unwrap();
    assert_eq!(report.findings, []);
    let bill = by_tag(ledger, Source::AWS_BILL).await;
    let each = ["10", "8.9", "11", "10.2"].map(|it| it.parse::<Decimal>().unwrap());
    assert_eq!(bill.values().collect::<Vec<_>>(), [&each; 3]);
    assert_eq!(by_tag(ledger, Source::AWS_QUICK_LOOK).await, bill);
    // Cost Explorer has no list cost.
    for kind in CostKind::ALL.into_iter().filter(|it| *it != CostKind::List) {
        let days = reconciliation(&view(ledger).await, period(), kind).await.unwrap();
        assert_eq!(
            days.iter().map(|it| it.total.difference.is_zero()).collect::<Vec<_>>(),
            [true; 2]
        );
    }
}

#[tokio::test]
async fn beside_a_bill_three_requests_compare_each_service_and_a_late_bill_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    SampleOrganisation::new(7, as_of()).write(folder.path(), Delivery::First).unwrap();
    let both = Both::new(folder.path()).await;
    let Both { ledger, rules, stand_in, explorer, .. } = &both;
    let scheduled = CollectRequest { beside_bills: Depth::Totals, ..request() };
    let ask = async |request| collect(request, rules, explorer, ledger, &NoCap).await.unwrap();
    let bill = by_tag(ledger, Source::AWS_BILL).await;
    let report = ask(scheduled.clone()).await;
    assert_eq!(report.findings, []);
    assert_eq!((report.requests.total(), report.requests.control_totals), (2, 1));
    // What is served is the bill, as before.
    assert_eq!(by_tag(ledger, Source::AWS_BILL).await, bill);
    let compared = async || {
        let kind = CostKind::NetUnblended;
        reconciliation(&view(ledger).await, period(), kind).await.unwrap()
    };
    let days = compared().await;
    assert_eq!(days.len(), 20);
    assert!(days.iter().all(|it| it.services.len() > 2 && it.total.difference.is_zero()));

    // A service that is missing on one side shows by name.
    let mut lines = both.lines.clone();
    let day: Date = "2026-11-05".parse().unwrap();
    lines.retain(|it| it.day != day || it.service != "Amazon Bedrock");
    stand_in.replace(lines);
    ask(scheduled.clone()).await;
    let days = compared().await;
    let differing: Vec<_> = days.iter().filter(|it| it.is_suspicious()).collect();
    let [of_day] = differing[..] else { panic!("{differing:?}") };
    let services: Vec<_> = of_day.differing_services().map(|it| it.0.to_string()).collect();
    assert_eq!((of_day.day, services), (day, vec!["Amazon Bedrock".to_owned()]));

    // An answer with nothing in it takes nothing away.
    let quick_look = by_tag(ledger, Source::AWS_QUICK_LOOK).await;
    let mut lines = both.lines.clone();
    lines.retain(|it| it.day > day || !it.service.contains("Bedrock"));
    stand_in.replace(lines);
    let report = ask(request()).await;
    let codes: Vec<_> = report.findings.iter().map(|it| it.code.as_str()).collect();
    assert_eq!(codes, ["quick-look-empty"], "{:?}", report.findings);
    let message = &report.findings[0].message;
    assert!(message.contains("5 days from 2026-11-01 to 2026-11-05"), "{message}");
    let of_days = |sums: &BTreeMap<(Date, String), [Decimal; 4]>| -> Decimal {
        sums.iter().filter(|it| it.0.0 <= day).map(|it| it.1[0]).sum()
    };
    assert_eq!(of_days(&by_tag(ledger, Source::AWS_QUICK_LOOK).await), of_days(&quick_look));
}
