//! Budgets: limits, thresholds and recipients.

use std::path::Path;

use anyhow::Context;
use ledger_api::bodies::budgets::{BudgetsAnswer, budget_body};
use ledger_api::bodies::findings::bodies;
use ledger_app::budget_file::parse_budgets;
use ledger_app::documents::applied_budgets;
use ledger_app::evaluate::judge_all;
use ledger_app::lookup::findings_of_windows;
use ledger_app::overview::recent_alerts;
use ledger_app::ports::{DocumentKind, DocumentStore, StoredAlert};
use ledger_app::view::View;
use ledger_core::access::Access;
use ledger_core::budget::{Verdict, first_month};
use ledger_core::finding::Finding;

use super::{now, read_file};
use crate::args::Format;
use crate::place::Place;
use crate::{Outcome, output};

/// Prints the verdict of each budget; as a check, the exit code says whether one has reached a
/// threshold.
pub async fn list(place: &Place, format: Format, is_check: bool) -> anyhow::Result<Outcome> {
    let opened = place.open_to_read().await?;
    let (version, budgets) = applied_budgets(&opened.ledger).await?;
    let now = now();
    let from = first_month(&budgets, now.today());
    let view = View::open(&opened.ledger, from, Access::everything(), now).await?;
    let verdicts = judge_all(&view, &budgets).await?;
    let alerts = recent_alerts(&view, &budgets).await?;
    opened.close().await;
    let findings = findings_of_windows(&view, &verdicts);
    print(version, &verdicts, &alerts, &findings, format)?;
    let broken = verdicts.iter().any(|it| !it.reached.is_empty());
    Ok(if is_check && broken { Outcome::Found } else { Outcome::Done })
}

fn print(
    version: Option<u64>,
    verdicts: &[Verdict],
    alerts: &[StoredAlert],
    findings: &[Finding],
    format: Format,
) -> anyhow::Result<()> {
    let header =
        ["budget", "owner", "window", "state", "status", "spend", "limit", "currency", "percent"];
    let row = |verdict: &Verdict, is_exact: bool| {
        let Verdict { budget, spend, .. } = verdict;
        let amount = |money: ledger_core::money::Money| {
            let whole = if is_exact { money.amount().to_string() } else { money.to_reader() };
            whole.split(' ').next().unwrap_or_default().to_owned()
        };
        vec![
            budget.name.to_string(),
            budget.owner.to_string(),
            format!("{} {}", budget.window(), spend.period),
            verdict.state().to_string(),
            spend.status.as_str().to_owned(),
            amount(spend.cost),
            amount(budget.limit),
            budget.limit.currency().to_string(),
            verdict.percent().to_string(),
        ]
    };
    match format {
        Format::Table if verdicts.is_empty() => {
            output::line("no budgets are applied; `tollbook budget apply FILE` applies some");
        }
        Format::Table => {
            let rows: Vec<_> = verdicts.iter().map(|it| row(it, false)).collect();
            output::table(&header, &rows, 4);
        }
        Format::Csv => {
            let rows: Vec<_> = verdicts.iter().map(|it| row(it, true)).collect();
            output::csv(&header, &rows);
        }
        Format::Json => {
            let body = BudgetsAnswer {
                version,
                budgets: verdicts.iter().map(|verdict| budget_body(verdict, alerts)).collect(),
                findings: bodies(findings),
                next_cursor: None,
            };
            output::json(&body)?;
        }
    }
    output::notes(format, findings);
    Ok(())
}

/// Applies a file.
pub async fn apply(place: &Place, file: &Path, dry_run: bool) -> anyhow::Result<Outcome> {
    let text = read_file(file)?;
    let budgets = parse_budgets(&text).with_context(|| file.display().to_string())?;
    let opened = place.open().await?;
    let before = opened.ledger.document(DocumentKind::Budgets).await?;
    if before.as_ref().is_some_and(|it| it.text == text) {
        output::line("these budgets are applied already; nothing changes");
    } else if dry_run {
        let next = before.map_or(1, |it| it.version + 1);
        output::line(&format!("{} budgets would become version {next}", budgets.len()));
    } else {
        let now = jiff::Timestamp::now();
        let applied = opened.ledger.apply(DocumentKind::Budgets, &text, now).await?;
        output::line(&format!("{} budgets are version {} now", budgets.len(), applied.version));
    }
    opened.close().await;
    Ok(Outcome::Done)
}
