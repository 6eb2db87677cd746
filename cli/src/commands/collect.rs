//! What Cost Explorer says.

use ledger_app::collect::{CollectReport, CollectRequest, collect, recent_period};
use ledger_app::documents::applied_rules;
use ledger_aws::cost_explorer::AwsCostExplorer;
use ledger_aws::dynamodb::DailyCap;
use ledger_core::cost::CostKind;
use ledger_core::period::ChargePeriod;
use serde_json::{Value, json};

use super::today;
use crate::args::{CollectArgs, Format};
use crate::place::Place;
use crate::{Outcome, output};

/// Collects and prints what was asked and answered.
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
        now: jiff::Timestamp::now(),
        today,
    };
    let opened = place.open().await?;
    let rules = applied_rules(&opened.ledger).await?;
    let client = ledger_aws::connect::cost_explorer_client(None).await;
    let explorer = AwsCostExplorer { client };
    let quota = DailyCap { ledger: &opened.ledger, cap: args.max_requests_per_day };
    let result = collect(request, &rules, &explorer, &opened.ledger, &quota).await;
    opened.close().await;
    let report = result?;
    match format {
        Format::Json => output::line(&json_of(&report).to_string()),
        Format::Table | Format::Csv => print(&report),
    }
    Ok(Outcome::Done)
}

fn json_of(report: &CollectReport) -> Value {
    let totals: Vec<Value> = report
        .totals
        .iter()
        .flat_map(|(currency, costs)| {
            let stated = CostKind::ALL.into_iter();
            let stated = stated.filter_map(|kind| costs.stated(kind).map(|it| (kind, it)));
            stated.map(move |(kind, cost)| {
                json!({
                    "currency": currency.as_str(),
                    "cost_kind": kind.as_str(),
                    "cost": cost.amount().to_string(),
                })
            })
        })
        .collect();
    let findings: Vec<Value> = report
        .findings
        .iter()
        .map(|it| json!({ "code": it.code, "message": it.message }))
        .collect();
    json!({
        "requests": {
            "total": report.requests.total(),
            "service_names": report.requests.service_names,
            "costs": report.requests.costs,
            "control_totals": report.requests.control_totals,
            "views": report.requests.views,
        },
        "days": report.days,
        "totals": totals,
        "findings": findings,
        "bills_written": report.bills_written.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "bills_unchanged":
            report.bills_unchanged.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
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
