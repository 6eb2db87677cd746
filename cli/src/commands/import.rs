//! Exports into the ledger.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;

use indicatif::{ProgressBar, ProgressStyle};
use ledger_app::documents::applied_rules;
use ledger_app::import::{ImportReport, Progress, import_bills};
use ledger_app::ports::BillSource;
use ledger_aws::cur::{CurFolder, S3Export};
use serde_json::{Value, json};

use crate::args::Format;
use crate::place::Place;
use crate::{Outcome, output};

/// Reads exports and prints what was read.
pub async fn import(place: &Place, format: Format, paths: Vec<PathBuf>) -> anyhow::Result<Outcome> {
    let addresses: Vec<&str> =
        paths.iter().filter_map(|it| it.to_str()).filter(|it| it.starts_with("s3://")).collect();
    match (addresses.as_slice(), paths.as_slice()) {
        ([], _) => import_from(place, format, CurFolder::new(paths)).await,
        ([address], [_]) => {
            let client = ledger_aws::connect::s3_client(None).await;
            import_from(place, format, S3Export::at_address(client, address)?).await
        }
        ([address, ..], _) => {
            anyhow::bail!("`{address}` stands beside other paths; expected it alone")
        }
    }
}

async fn import_from(
    place: &Place,
    format: Format,
    source: impl BillSource,
) -> anyhow::Result<Outcome> {
    let opened = place.open().await?;
    let rules = Arc::new(applied_rules(&opened.ledger).await?);
    let source = Arc::new(source);
    let bar = progress_bar();
    let shown = bar.clone();
    let show = move |progress: Progress| match progress {
        Progress::Begin { bytes } => shown.set_length(bytes),
        Progress::Read(bytes) => shown.inc(bytes),
        Progress::Writing(bill) => shown.set_message(format!("writing {bill}")),
    };
    let result = import_bills(source, rules, jiff::Timestamp::now(), show, &opened.ledger).await;
    bar.finish_and_clear();
    let report = match result {
        Ok(report) => report,
        Err(err) => {
            opened.close().await;
            return Err(err.into());
        }
    };
    opened.close().await;
    match format {
        Format::Json => output::line(&json_of(&report).to_string()),
        Format::Table | Format::Csv => print(&report),
    }
    Ok(Outcome::Done)
}

/// A bar on standard error, where a person can see one.
fn progress_bar() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0);
    if let Ok(style) =
        ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta} {msg}")
    {
        bar.set_style(style);
    }
    bar
}

/// The import report of `--format json`.
pub fn json_of(report: &ImportReport) -> Value {
    let rejected: Vec<Value> = report
        .rejected
        .iter()
        .map(|it| {
            json!({
                "file": &*it.provenance.file,
                "line": it.provenance.line,
                "column": &*it.column,
                "reason": it.reason,
            })
        })
        .collect();
    let mut totals = Vec::new();
    for (currency, total) in &report.totals {
        for kind in ImportReport::stated(total) {
            let (ai, other) = (total.ai.of(kind), total.other.of(kind));
            let all = ai.checked_add(other).map(|it| it.amount().to_string());
            // Lines that are not AI are totalled at what they were charged.
            let is_known = kind.is_charged();
            totals.push(json!({
                "currency": currency.as_str(),
                "cost_kind": kind.as_str(),
                "ai": ai.amount().to_string(),
                "other": is_known.then(|| other.amount().to_string()),
                "all": all.ok().filter(|_| is_known),
            }));
        }
    }
    let unknown: Vec<Value> = report
        .unknown_usage_types
        .iter()
        .map(|((usage_type, currency), (lines, cost))| {
            json!({
                "usage_type": &**usage_type,
                "lines": lines,
                "cost": cost.amount().to_string(),
                "currency": currency.as_str(),
            })
        })
        .collect();
    let findings: Vec<Value> = report
        .findings
        .iter()
        .map(|it| json!({ "code": it.code, "message": it.message }))
        .collect();
    let bills: Vec<Value> = report
        .bills
        .iter()
        .map(|(bill, replaced)| {
            json!({
                "source": bill.source.to_string(),
                "period": bill.period.to_string(),
                "payer": &*bill.payer,
                "days_written": replaced.days_written,
                "days_unchanged": replaced.days_unchanged,
                "days_removed": replaced.days_removed,
                "items_written": replaced.items_written,
                "write_units": replaced.write_units.normalize().to_string(),
                "superseded": replaced.is_superseded,
            })
        })
        .collect();
    json!({
        "files": report.files,
        "lines_read": report.lines_read(),
        "lines_ai": report.lines_ai,
        "lines_other": report.lines_other,
        "rejected": rejected,
        "rejected_count": report.rejected_count,
        "rounded": { "lines": report.rounded.0, "difference": report.rounded.1.to_string() },
        "totals": totals,
        "unknown_usage_types": unknown,
        "findings": findings,
        "bills": bills,
    })
}

/// The import report for people.
pub fn print(report: &ImportReport) {
    output::line(&format!(
        "read {} lines of {} files: {} for AI, {} others, {} rejected",
        report.lines_read(),
        report.files.len(),
        report.lines_ai,
        report.lines_other,
        report.rejected_count
    ));
    let mut rows = Vec::new();
    for (currency, total) in &report.totals {
        for kind in ImportReport::stated(total) {
            let (ai, other) = (total.ai.of(kind), total.other.of(kind));
            let all = ai.checked_add(other).unwrap_or(ai);
            let exact = |money: ledger_core::money::Money| money.amount().to_string();
            // Lines that are not AI are totalled at what they were charged.
            let known = |money| if kind.is_charged() { exact(money) } else { "-".to_owned() };
            rows.push(vec![
                currency.to_string(),
                kind.as_str().to_owned(),
                exact(ai),
                known(other),
                known(all),
            ]);
        }
    }
    if !rows.is_empty() {
        output::table(&["currency", "cost kind", "ai", "other", "all"], &rows, 3);
    }
    for (bill, replaced) in &report.bills {
        output::line(&format!(
            "{bill}: {} days written, {} unchanged, {} removed; {} items, {} write request units",
            replaced.days_written,
            replaced.days_unchanged,
            replaced.days_removed,
            replaced.items_written,
            replaced.write_units.normalize(),
        ));
    }
    for rejected in report.rejected.iter().take(20) {
        output::line(&output::one_line(&format!(
            "rejected {}: {}: {}",
            rejected.provenance, rejected.column, rejected.reason
        )));
    }
    if report.rejected_count > 20 {
        output::line(&format!(
            "and {} more; --format json lists up to 1000",
            report.rejected_count - 20
        ));
    }
    for ((usage_type, _), (lines, cost)) in &report.unknown_usage_types {
        output::line(&output::one_line(&format!(
            "unknown usage type `{usage_type}`: {lines} lines, {} kept",
            cost.to_reader()
        )));
    }
    if report.rounded.0 > 0 {
        output::line(&format!(
            "{} amounts had more than 15 fraction digits; rounding them changed {} in all",
            report.rounded.0, report.rounded.1
        ));
    }
    for finding in &report.findings {
        output::line(&output::one_line(&format!("note: {}", finding.message)));
    }
}
