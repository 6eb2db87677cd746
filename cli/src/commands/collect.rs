//! Costs from Cost Explorer.

use ledger_api::bodies::imports::CollectAnswer;
use ledger_app::apply_rules::catch_up;
use ledger_app::collect::{CollectReport, CollectRequest, Depth, collect, recent_period};
use ledger_app::documents::applied_rules;
use ledger_aws::cost_explorer::AwsCostExplorer;
use ledger_aws::dynamodb::DailyCap;
use ledger_core::cost::CostKind;
use ledger_core::period::ChargePeriod;

use super::{now, today};
use crate::args::{CollectArgs, Format};
use crate::place::Place;
use crate::{Outcome, output};

/// Collects and prints the requests and their answers.
pub async fn collect_costs(
    place: &Place,
    format: Format,
    args: &CollectArgs,
) -> anyhow::Result<Outcome> {
    let today = today();
    let to = args.to.unwrap_or(today);
    let from = args.from.map_or_else(|| recent_period(to).map(|it| it.start()), Ok)?;
    let request = CollectRequest {
        period: ChargePeriod::new(from, to)?,
        tag_keys: args.tag_keys.clone(),
        max_requests: args.max_requests,
        payer: args.payer.clone(),
        beside_bills: Depth::Whole,
        now: jiff::Timestamp::now(),
        today,
    };
    let opened = place.open().await?;
    let rules = applied_rules(&opened.ledger).await?;
    let client = ledger_aws::connect::cost_explorer_client(None).await;
    let explorer = AwsCostExplorer { client };
    let quota = DailyCap { ledger: &opened.ledger, cap: args.max_requests_per_day };
    let result = collect(request, &rules, &explorer, &opened.ledger, &quota).await;
    let caught_up = catch_up(rules.version, now().at(), &opened.ledger).await;
    opened.close().await;
    let report = result?;
    caught_up?;
    match format {
        Format::Json => output::json(&CollectAnswer::from(&report))?,
        Format::Table | Format::Csv => print(&report),
    }
    Ok(Outcome::Done)
}

fn print(report: &CollectReport) {
    output::line(&format!(
        "{} requests for {} days: {} for service names, {} for costs, {} for control totals, {} \
         for views",
        report.requests.total(),
        report.days,
        report.requests.service_names,
        report.requests.costs,
        report.requests.control_totals,
        report.requests.views
    ));
    for costs in report.totals.values() {
        for kind in CostKind::ALL {
            if let Some(cost) = costs.stated(kind) {
                output::line(&format!("{cost} {}", kind.as_str()));
            }
        }
    }
    for bill in &report.bills_written {
        output::line(&format!("{bill}: written"));
    }
    for bill in &report.bills_unchanged {
        output::line(&format!("{bill}: unchanged"));
    }
    for finding in &report.findings {
        output::line(&format!("note: {}", finding.message));
    }
}
