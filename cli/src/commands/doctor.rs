//! What is missing or stale, and the fix.

use std::path::Path;

use jiff::civil::Date;
use ledger_app::ports::{DocumentKind, DocumentStore, LedgerStore};
use ledger_core::bill::{BillHead, data_up_to};
use ledger_core::period::BillingPeriod;
use serde_json::json;

use super::today;
use crate::args::Format;
use crate::data_dir::DataDir;
use crate::{Outcome, output};

/// Days without data after which something is wrong: AWS refreshes an export at least daily.
const STALE_DAYS: i32 = 3;

/// Prints findings; exit code 1 if there are any.
pub async fn doctor(data: &Path, format: Format) -> anyhow::Result<Outcome> {
    let dir = DataDir::open_to_read(data).await?;
    let heads = dir.ledger.heads(BillingPeriod::containing(Date::new(1970, 1, 1)?)).await?;
    let rules = dir.ledger.document(DocumentKind::Rules).await?.map(|it| it.version);
    let budgets = dir.ledger.document(DocumentKind::Budgets).await?.is_some();
    dir.close().await;
    let findings = findings_of(&heads, rules, budgets);
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

fn findings_of(
    heads: &[BillHead],
    rules: Option<u64>,
    has_budgets: bool,
) -> Vec<(&'static str, String)> {
    let mut findings = Vec::new();
    match data_up_to(heads) {
        None => findings.push((
            "no-data",
            "the ledger holds no bill; `tollbook import PATH` reads an export".to_owned(),
        )),
        Some(up_to) => {
            let age = today().since(up_to).map(|it| it.get_days()).unwrap_or_default();
            if age > STALE_DAYS {
                findings.push((
                    "data-stale",
                    format!("the data ends at {up_to}, {age} days ago; import the newest delivery"),
                ));
            }
        }
    }
    if rules.is_none() {
        findings.push((
            "no-rules",
            "no rules are applied, so nothing has an owner; `tollbook rules apply FILE` applies \
             some"
                .to_owned(),
        ));
    }
    for head in heads.iter().filter(|head| rules.is_some_and(|it| it != head.rules_version)) {
        findings.push((
            "rules-outdated",
            format!(
                "{} was owned by version {} of the rules; import it again to follow the newest",
                head.bill, head.rules_version
            ),
        ));
    }
    if !has_budgets {
        findings.push((
            "no-budgets",
            "no budgets are applied, so nobody is warned; `tollbook budget apply FILE` applies some"
                .to_owned(),
        ));
    }
    findings
}
