//! Runs some days of a month through the real use cases and clients and counts the consumption.

use std::collections::BTreeMap;
use std::fs;
use std::future::IntoFuture;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use ledger_app::collect::{CollectRequest, Depth, collect, recent_period};
use ledger_app::documents::{applied_budgets, applied_rules};
use ledger_app::evaluate::{Evaluation, evaluate_budgets};
use ledger_app::import::{Accept, import_bills};
use ledger_app::periods::statements_of_month;
use ledger_app::ports::{DocumentKind, DocumentStore, RequestQuota, StoreError};
use ledger_app::rules_file::parse_rules;
use ledger_app::said::Said;
use ledger_app::view::View;
use ledger_aws::connect::{Connection, LocalEndpoint};
use ledger_aws::cost_explorer::AwsCostExplorer;
use ledger_aws::cur::S3Export;
use ledger_aws::dynamodb::{Consumption, DynamoLedger, Meter};
use ledger_aws::sns::SnsNotifier;
use ledger_core::access::{Access, Owners};
use ledger_core::audit::AuditAction;
use ledger_core::budget::first_month;
use ledger_core::cost::CostKind;
use ledger_core::now::Now;
use ledger_core::owner::Owner;
use ledger_core::period::BillingPeriod;
use ledger_local::cost_explorer::CostExplorerStandIn;
use ledger_local::database::EmbeddedDatabase;
use ledger_local::s3::S3StandIn;
use ledger_local::sns::SnsStandIn;

use super::organisation::{Organisation, RULES, TAG};

const BUCKET: &str = "export";

/// The middle of a month of thirty days: reads grow over the month, so this is their mean.
const DAY: Date = jiff::civil::date(2026, 6, 15);

/// Consumption of one run of each kind.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counted {
    /// A delivery that changes the last two days of the month.
    pub delivery: Consumption,
    /// GET requests of such a delivery.
    pub delivery_gets: u64,
    /// An evaluation that alerts on every threshold of every budget.
    pub alerts: Consumption,
    /// Number of these alerts.
    pub alert_count: u64,
    /// An evaluation after a delivery, without new alerts.
    pub changed: Consumption,
    /// An evaluation with nothing new.
    pub unchanged: Consumption,
    /// A statement of one owner.
    pub statement: Consumption,
    /// Requests of a Cost Explorer run over the first half of the month, beside its bill.
    pub explorer_requests: u64,
    /// Requests of a run where there is no bill, after a run of the day before: a day is new and two
    /// have changed.
    pub explorer_alone_requests: u64,
    /// Requests of the first run where there is no bill.
    pub explorer_first_requests: u64,
    /// Consumption of that run, without the evaluation that follows it.
    pub explorer: Consumption,
    /// Bytes of one day's rollups, rounded up to 1 KB an item.
    pub day_bytes: u64,
}

/// Runs the days and returns the consumption.
pub async fn simulate(organisation: Organisation, budgets: u64) -> anyhow::Result<Counted> {
    let root = tempfile::tempdir().context("could not make a temporary folder")?;
    let setting = Setting::start(organisation, root.path()).await?;
    setting.ledger.ensure_table().await?;
    let said = Said { by: "cost-of-running", reason: "", at: now() };
    let change = said.applies(AuditAction::ApplyRules);
    setting.ledger.apply(DocumentKind::Rules, RULES, change).await?;
    let text = organisation.budgets(budgets);
    let change = said.applies(AuditAction::ApplyBudgets);
    setting.ledger.apply(DocumentKind::Budgets, &text, change).await?;
    // The month before up to the same day, for the comparison in alerts, and this month so far.
    let mut days = BTreeMap::new();
    for month in [DAY.saturating_sub(1.month()), DAY] {
        days = month.first_of_month().series(1.day()).take(13).map(|day| (day, 0)).collect();
        setting.deliver(month, &days, 0).await?;
    }
    let mut counted = Counted::default();
    setting.meter.take();
    let told = setting.evaluate().await?;
    counted.alerts = setting.meter.take();
    counted.alert_count = u64::try_from(told.sent.len())?;
    // The first delivery adds the last day. The second changes the last two days and is counted.
    for delivery in [1, 2] {
        let served = setting.s3.served().len();
        for back in 1..=2 {
            days.insert(DAY.saturating_sub(back.days()), delivery);
        }
        setting.meter.take();
        setting.deliver(DAY, &days, delivery).await?;
        counted.delivery = setting.meter.take();
        counted.delivery_gets = u64::try_from(setting.s3.served().len() - served)?;
    }
    // It wrote two days, and marked the two replaced ones as expiring.
    counted.day_bytes = u64::try_from(counted.delivery.write_units)? * 1024 / 4;
    setting.evaluate().await?;
    counted.changed = setting.meter.take();
    let again = setting.evaluate().await?;
    anyhow::ensure!(again.is_unchanged, "an evaluation found something new where nothing was");
    counted.unchanged = setting.meter.take();
    let owner = Owners::one(Owner::parse("team-000"));
    let month = BillingPeriod::containing(DAY);
    statements_of_month(&setting.view(month).await?, month, owner, CostKind::Unblended).await?;
    counted.statement = setting.meter.take();
    let mut days: BTreeMap<Date, u64> =
        DAY.first_of_month().series(1.day()).take(14).map(|day| (day, 0)).collect();
    counted.explorer_requests = setting.collect(&setting.ledger, DAY, &days).await?;
    counted.explorer = setting.meter.take();
    let alone = DynamoLedger { table: "alone".to_owned(), ..setting.ledger.clone() };
    alone.ensure_table().await?;
    let before = DAY.saturating_sub(1.day());
    counted.explorer_first_requests = setting.collect(&alone, before, &days).await?;
    for back in 2..=3 {
        days.insert(DAY.saturating_sub(back.days()), 1);
    }
    counted.explorer_alone_requests = setting.collect(&alone, DAY, &days).await?;
    setting.database.stop().await?;
    Ok(counted)
}

fn now() -> Timestamp {
    DAY.at(8, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).map_or(Timestamp::MIN, |it| it.timestamp())
}

/// No cap: requests are only counted here.
struct Uncapped;

impl RequestQuota for Uncapped {
    async fn take(&self, _: Date) -> Result<bool, StoreError> {
        Ok(true)
    }
}

struct Setting<'a> {
    organisation: Organisation,
    root: &'a Path,
    database: EmbeddedDatabase,
    meter: Meter,
    ledger: DynamoLedger,
    s3: S3StandIn,
    s3_client: Connection,
    notifier: SnsNotifier,
}

impl Setting<'_> {
    async fn start(organisation: Organisation, root: &Path) -> anyhow::Result<Setting<'_>> {
        let database = EmbeddedDatabase::open(None).await?;
        let meter = Meter::default();
        let client = Connection::local(&LocalEndpoint(database.endpoint())).dynamodb_client();
        let ledger = DynamoLedger { client: meter.watch(&client), table: "tollbook".to_owned() };
        let s3 = S3StandIn::new(root.to_owned());
        let s3_client = serve(s3.router()).await?;
        let sns = serve(SnsStandIn::open(None)?.router()).await?;
        let notifier = SnsNotifier::ensure_topic(sns.sns_client(), "alerts").await?;
        Ok(Setting { organisation, root, database, meter, ledger, s3, s3_client, notifier })
    }

    /// Writes the bill of a month and imports it.
    async fn deliver(
        &self,
        month: Date,
        days: &BTreeMap<Date, u64>,
        number: u64,
    ) -> anyhow::Result<()> {
        let period = BillingPeriod::containing(month).to_string();
        let folder = self.root.join(BUCKET).join(&period);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("bill.csv"), self.organisation.bill(&period, days))?;
        let manifest = serde_json::json!({
            "dataFiles": [format!("s3://{BUCKET}/{period}/bill.csv")],
            "createdAt": format!("{DAY}T0{number}:00:00.000Z"),
        });
        fs::write(folder.join("bill-Manifest.json"), manifest.to_string())?;
        let manifest = format!("{period}/bill-Manifest.json");
        let source = S3Export::new(self.s3_client.s3_client(), BUCKET.to_owned(), manifest);
        let rules = Arc::new(applied_rules(&self.ledger).await?);
        let report =
            import_bills(Arc::new(source), rules, Accept::Good, now(), |_| (), &self.ledger)
                .await?;
        anyhow::ensure!(
            report.unread.rejected_count == 0,
            "lines of the simulated bill were rejected"
        );
        Ok(())
    }

    async fn view(&self, from: BillingPeriod) -> anyhow::Result<View<DynamoLedger>> {
        Ok(View::open(&self.ledger, from, Access::everything(), Now::new(now())).await?)
    }

    /// Evaluates as the function does: reads the applied budgets and the heads, then judges.
    async fn evaluate(&self) -> anyhow::Result<Evaluation> {
        let (_, budgets) = applied_budgets(&self.ledger).await?;
        let view = self.view(first_month(&budgets, DAY)).await?;
        Ok(evaluate_budgets(&view, &budgets, "run", &self.notifier).await?)
    }

    /// Asks Cost Explorer as the schedule does; returns the number of requests.
    async fn collect(
        &self,
        ledger: &DynamoLedger,
        today: Date,
        days: &BTreeMap<Date, u64>,
    ) -> anyhow::Result<u64> {
        let lines = self.organisation.cost_lines(days);
        let client = serve(CostExplorerStandIn::new(lines, today).router()).await?;
        let explorer = AwsCostExplorer { client: client.cost_explorer_client() };
        let request = CollectRequest {
            period: recent_period(today)?,
            tag_keys: vec![TAG.to_owned()],
            max_requests: u32::MAX,
            payer: None,
            beside_bills: Depth::Totals,
            now: now(),
            today,
        };
        let rules = parse_rules(RULES, 1)?;
        let report = collect(request, &rules, &explorer, ledger, &Uncapped).await?;
        Ok(report.requests.total())
    }
}

async fn serve(router: axum::Router) -> anyhow::Result<Connection> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let endpoint = format!("http://{}", listener.local_addr()?);
    tokio::spawn(axum::serve(listener, router).into_future());
    Ok(Connection::local(&LocalEndpoint(endpoint)))
}
