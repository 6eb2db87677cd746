//! What is missing or stale, and the fix.

use jiff::ToSpan as _;
use jiff::civil::Date;
use ledger_app::lookup::{self, ReportAnswer};
use ledger_app::ports::{AlertState, AlertStore, DocumentKind, DocumentStore, LedgerStore};
use ledger_aws::dynamodb::DynamoLedger;
use ledger_core::bill::{BillHead, data_up_to};
use ledger_core::cost::CostKind;
use ledger_core::dimension::{Dimension, Scope};
use ledger_core::owner::Owner;
use ledger_core::period::{BillingPeriod, ChargePeriod};
use ledger_core::report::ReportQuery;
use rust_decimal::Decimal;
use serde_json::json;

use super::today;
use crate::args::Format;
use crate::place::Place;
use crate::{Outcome, output};

/// Days without data after which something is wrong: AWS refreshes an export at least daily.
const STALE_DAYS: i32 = 3;

/// A larger part of a month than this, in percent, should have an owner.
const UNATTRIBUTED_PERCENT_MAX: Decimal = Decimal::from_parts(5, 0, 0, false, 0);

/// Days that are looked at for callers, owners and agreement with Cost Explorer.
const RECENT_DAYS: i64 = 30;

type Findings = Vec<(&'static str, String)>;

/// Prints findings; exit code 1 if there are any.
pub async fn doctor(place: &Place, format: Format) -> anyhow::Result<Outcome> {
    let opened = place.open_to_read().await?;
    let findings = examine(&opened.ledger).await;
    opened.close().await;
    let findings = findings?;
    match format {
        Format::Json => {
            let list: Vec<_> = findings
                .iter()
                .map(|(code, message)| json!({ "code": code, "message": message }))
                .collect();
            output::line(&json!({ "findings": list }).to_string());
        }
        Format::Csv => {
            let rows: Vec<_> = findings
                .iter()
                .map(|(code, message)| vec![(*code).to_owned(), message.clone()])
                .collect();
            output::csv(&["code", "message"], &rows);
        }
        Format::Table => {
            for (_, message) in &findings {
                output::line(&format!("- {message}"));
            }
            if findings.is_empty() {
                output::line("all checks passed");
            }
        }
    }
    Ok(if findings.is_empty() { Outcome::Done } else { Outcome::Found })
}

async fn examine(ledger: &DynamoLedger) -> anyhow::Result<Findings> {
    let mut findings = Vec::new();
    let heads = ledger.heads(BillingPeriod::containing(Date::new(1970, 1, 1)?)).await?;
    let rules = ledger.document(DocumentKind::Rules).await?.map(|it| it.version);
    about_data(&heads, &mut findings);
    about_rules(&heads, rules, &mut findings);
    if let Some(up_to) = data_up_to(&heads) {
        let recent = ChargePeriod::new(up_to.saturating_sub(RECENT_DAYS.days()), up_to)?;
        about_callers(recent, ledger, &mut findings).await?;
        if rules.is_some() {
            about_owners(recent, ledger, &mut findings).await?;
        }
        about_agreement(recent, ledger, &mut findings).await?;
    }
    if ledger.document(DocumentKind::Budgets).await?.is_none() {
        findings.push((
            "no-budgets",
            "no budgets are applied, so nobody is warned; `tollbook budget apply FILE` applies some"
                .to_owned(),
        ));
    }
    about_alerts(ledger, &mut findings).await?;
    Ok(findings)
}

fn about_data(heads: &[BillHead], findings: &mut Findings) {
    let Some(up_to) = data_up_to(heads) else {
        findings.push((
            "no-data",
            "the ledger holds no bill; `tollbook import PATH` reads an export".to_owned(),
        ));
        return;
    };
    let age = today().since(up_to).map(|it| it.get_days()).unwrap_or_default();
    if age > STALE_DAYS {
        findings.push((
            "data-stale",
            format!("the data ends at {up_to}, {age} days ago; import the newest delivery"),
        ));
    }
}

fn about_rules(heads: &[BillHead], rules: Option<u64>, findings: &mut Findings) {
    let Some(rules) = rules else {
        findings.push((
            "no-rules",
            "no rules are applied, so nothing has an owner; `tollbook rules apply FILE` applies \
             some"
                .to_owned(),
        ));
        return;
    };
    for head in heads.iter().filter(|head| head.rules_version != rules) {
        findings.push((
            "rules-outdated",
            format!(
                "{} was owned by version {} of the rules; import it again to follow the newest",
                head.bill, head.rules_version
            ),
        ));
    }
}

/// An export without callers is a setting, not a company whose calls have none.
async fn about_callers(
    recent: ChargePeriod,
    ledger: &DynamoLedger,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let answer = by(Dimension::Principal, recent, ledger).await?;
    let mut rows = answer.currencies.iter().flat_map(|it| &it.rows).peekable();
    let has_rows = rows.peek().is_some();
    if has_rows && rows.all(|row| row.keys.iter().all(Option::is_none)) {
        findings.push((
            "no-callers",
            format!(
                "no line of {recent} names its caller; set the export's table property \
                 INCLUDE_IAM_PRINCIPAL_DATA to \"TRUE\" and name `line_item_iam_principal` in its \
                 query"
            ),
        ));
    }
    Ok(())
}

async fn about_owners(
    recent: ChargePeriod,
    ledger: &DynamoLedger,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let answer = by(Dimension::Owner, recent, ledger).await?;
    let unattributed = Owner::Unattributed;
    for report in &answer.currencies {
        let owned_by_nobody = report
            .rows
            .iter()
            .find(|row| row.keys.iter().any(|key| key.as_deref() == Some(unattributed.as_str())));
        let Some(row) = owned_by_nobody else { continue };
        let percent = row.cost.percent_of(report.total).unwrap_or_default();
        if percent > UNATTRIBUTED_PERCENT_MAX {
            findings.push((
                "unattributed",
                format!(
                    "{} of {recent} ({percent:.1}%) has no owner; `tollbook report --where \
                     owner={} --by principal` shows whose it is",
                    row.cost.to_reader(),
                    unattributed.as_str()
                ),
            ));
        }
    }
    Ok(())
}

async fn about_agreement(
    recent: ChargePeriod,
    ledger: &DynamoLedger,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let days = lookup::reconciliation(recent, CostKind::Unblended, today(), ledger).await?;
    for day in days.iter().filter(|it| it.is_suspicious()) {
        let services: Vec<String> =
            day.differing_services().map(|(service, _)| format!("`{service}`")).collect();
        findings.push((
            "reconciliation",
            format!(
                "on {} the bill says {} and Cost Explorer {}; they differ on {}: collect the day \
                 again, then check that the export holds all accounts",
                day.day,
                day.total.bill.to_reader(),
                day.total.cost_explorer.to_reader(),
                services.join(", "),
            ),
        ));
    }
    Ok(())
}

async fn about_alerts(ledger: &DynamoLedger, findings: &mut Findings) -> anyhow::Result<()> {
    let today = today();
    let windows = ChargePeriod::new(today.saturating_sub(400.days()), today.tomorrow()?)?;
    for stored in ledger.alerts(windows).await? {
        if stored.state == AlertState::Unconfirmed {
            findings.push((
                "alert-unconfirmed",
                format!(
                    "nobody can tell whether \"{}\" arrived; tell its owner by other means",
                    stored.alert.subject
                ),
            ));
        }
    }
    Ok(())
}

async fn by(
    dimension: Dimension,
    period: ChargePeriod,
    ledger: &DynamoLedger,
) -> anyhow::Result<ReportAnswer> {
    let query = ReportQuery {
        period,
        by: vec![dimension],
        scope: Scope::default(),
        cost_kind: CostKind::Unblended,
    };
    Ok(lookup::report(&query, ledger).await?)
}
