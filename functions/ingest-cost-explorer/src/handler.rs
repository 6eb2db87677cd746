//! One scheduled run: chooses the days, reads the applied rules, collects and reports.

use jiff::Timestamp;
use jiff::civil::Date;
use ledger_app::apply_rules::catch_up;
use ledger_app::collect::{
    CollectError, CollectReport, CollectRequest, Depth, collect, recent_period,
};
use ledger_app::documents::applied_rules;
use ledger_aws::connect::Connection;
use ledger_aws::cost_explorer::AwsCostExplorer;
use ledger_aws::dynamodb::{DailyCap, DynamoLedger};
use ledger_core::period::ChargePeriod;
use ledger_lambda::clock::utc_day;
use ledger_lambda::metric::Metrics;
use ledger_lambda::outcome::{Failure, PERMANENT_FAILURES, TryAgain, settle};
use serde_json::{Map, Value, json};

use crate::config::Config;

/// Dependencies of a run.
#[derive(Clone, Debug)]
pub struct State {
    /// The settings.
    pub config: Config,
    /// The ledger.
    pub ledger: DynamoLedger,
    /// The connection to Cost Explorer. A client is built when there is something to ask.
    pub explorer: Connection,
    /// Where failures are counted.
    pub metrics: Metrics,
}

/// Collects recent days. The answer has the requests, days, bills and findings.
///
/// The content of the event is ignored. The same event twice asks twice, within the same daily cap,
/// and leaves the same ledger.
///
/// # Errors
///
/// [`TryAgain`] for a failure that may pass; months that were complete before it stay written.
pub async fn handle(state: &State, now: Timestamp) -> Result<Value, TryAgain> {
    let today = utc_day(now);
    let input = format!("the days up to {today}");
    // Boxed: the compiler gives up on a future this deep.
    let result = Box::pin(run(state, now, today)).await;
    settle(&input, now, &state.metrics, result)
}

async fn run(state: &State, now: Timestamp, today: Date) -> Result<Value, Failure> {
    let Config { tag_keys, max_requests_per_run, max_requests_per_day, payer, .. } = &state.config;
    let period = recent_period(today)
        .map_err(|_| Failure::permanent(format!("there is no day before {today} to ask for")))?;
    let rules = applied_rules(&state.ledger).await?;
    let request = CollectRequest {
        period,
        tag_keys: tag_keys.clone(),
        max_requests: *max_requests_per_run,
        payer: payer.clone(),
        beside_bills: Depth::Totals,
        now,
        today,
    };
    let explorer = AwsCostExplorer { client: state.explorer.cost_explorer_client() };
    let quota = DailyCap { ledger: &state.ledger, cap: *max_requests_per_day };
    let collected: Result<CollectReport, CollectError> =
        collect(request, &rules, &explorer, &state.ledger, &quota).await;
    let report = collected?;
    // Rules that were applied during the run hold for these days too.
    catch_up(rules.version, now, &state.ledger).await?;
    for finding in &report.findings {
        tracing::warn!(finding.code = finding.code.as_str(), "{}", finding.message);
    }
    // What was not asked is missing until a person raises the cap.
    if report.is_short {
        let fields = [("requests".to_owned(), json!(report.requests.total()))];
        state.metrics.put(now, PERMANENT_FAILURES, "Count", 1, Map::from_iter(fields));
    }
    let requests = report.requests.total();
    tracing::info!(requests, days = report.days, period = %period, "collected {period}");
    Ok(answer(period, &report))
}

/// The answer of the function: no session names, no tag values.
fn answer(period: ChargePeriod, report: &CollectReport) -> Value {
    let bills = |bills: &[ledger_core::line_item::BillId]| -> Vec<String> {
        bills.iter().map(ToString::to_string).collect()
    };
    let findings: Vec<Value> = report
        .findings
        .iter()
        .map(|it| json!({ "code": it.code.as_str(), "message": it.message }))
        .collect();
    json!({
        "from": period.start().to_string(),
        "to": period.end().to_string(),
        "requests": report.requests.total(),
        "days": report.days,
        "days_known": report.days_known,
        "bills_written": bills(&report.bills_written),
        "bills_unchanged": bills(&report.bills_unchanged),
        "findings": findings,
    })
}
