//! Exports into the ledger.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;

use indicatif::{ProgressBar, ProgressStyle};
use ledger_api::bodies::imports::{ImportAnswer, totals_of};
use ledger_api::bodies::values::Amount;
use ledger_app::apply_rules::catch_up;
use ledger_app::documents::applied_rules;
use ledger_app::held::{BillBeside, HeldTotals, beside, held_totals};
use ledger_app::import::{ImportReport, Progress, Terms, import_bills};
use ledger_app::ports::BillSource;
use ledger_aws::cur::{CurFolder, S3Export};
use ledger_core::currency::Currency;
use ledger_core::money::Money;

use super::invented::refuse_mixing;
use super::now;
use crate::args::Format;
use crate::output::Cell;
use crate::place::Place;
use crate::{Outcome, output};

/// Reads exports and prints what was read.
pub async fn import(
    place: &Place,
    format: Format,
    paths: Vec<PathBuf>,
    terms: Terms,
) -> anyhow::Result<Outcome> {
    let addresses: Vec<&str> =
        paths.iter().filter_map(|it| it.to_str()).filter(|it| it.starts_with("s3://")).collect();
    match (addresses.as_slice(), paths.as_slice()) {
        ([], _) => import_from(place, format, CurFolder::new(paths), terms).await,
        ([address], [_]) => {
            let client = ledger_aws::connect::s3_client(None).await;
            import_from(place, format, S3Export::at_address(client, address)?, terms).await
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
    terms: Terms,
) -> anyhow::Result<Outcome> {
    let opened = place.open().await?;
    let rules = Arc::new(applied_rules(&opened.ledger).await?);
    let rules_version = rules.version;
    let source = Arc::new(source);
    if let Err(err) = refuse_mixing(&source, &opened.ledger).await {
        opened.close().await;
        return Err(err);
    }
    let bar = progress_bar();
    let shown = bar.clone();
    let show = move |progress: Progress| match progress {
        Progress::Begin { bytes } => shown.set_length(bytes),
        Progress::Read(bytes) => shown.inc(bytes),
        Progress::Writing(bill) => shown.set_message(format!("writing {bill}")),
    };
    let result =
        import_bills(source, rules, terms, jiff::Timestamp::now(), show, &opened.ledger).await;
    bar.finish_and_clear();
    let report = match result {
        Ok(report) => report,
        Err(err) => {
            opened.close().await;
            return Err(err.into());
        }
    };
    let held = match format {
        Format::Json => {
            let bills: Vec<_> = report.bills.iter().map(|(bill, _)| bill).collect();
            held_totals(&bills, &opened.ledger).await
        }
        Format::Table | Format::Csv => Ok(HeldTotals::new()),
    };
    let beside = beside(&report, &opened.ledger).await;
    // In a table, rules can be applied meanwhile.
    let caught_up = catch_up(rules_version, now().at(), &opened.ledger).await;
    opened.close().await;
    caught_up?;
    let beside = beside?;
    match format {
        Format::Json => output::json(&ImportAnswer::new(&report, &held?, &beside)?)?,
        Format::Table | Format::Csv => {
            print(&report)?;
            print_beside(&beside)?;
        }
    }
    let is_as_read = beside.iter().all(|it| it.is_as_read);
    Ok(if report.held_back_count > 0 || !is_as_read { Outcome::Found } else { Outcome::Done })
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

/// Each bill as it was read, beside the bill that the ledger holds now.
fn print_beside(bills: &[BillBeside]) -> anyhow::Result<()> {
    let costs = |costs: &BTreeMap<Currency, Money>| match costs.is_empty() {
        true => "nothing".to_owned(),
        false => costs.values().map(|it| it.to_reader()).collect::<Vec<_>>().join(" and "),
    };
    for beside in bills {
        let BillBeside { bill, read, held, in_parts, days_kept, is_as_read } = beside;
        let kept = match days_kept.len() {
            0 => String::new(),
            count => format!(", {count} days of it as before"),
        };
        let in_parts = in_parts.as_ref().map(|it| format!("; {} with all parts", costs(it)));
        let (read, held) = (costs(read), costs(held));
        let error = if *is_as_read { "" } else { "error: " };
        output::line(&output::one_line(&format!(
            "{error}{bill}: read {read}, the ledger holds {held}{kept}{}",
            in_parts.unwrap_or_default()
        )));
    }
    Ok(())
}

/// The import report for people.
pub fn print(report: &ImportReport) -> anyhow::Result<()> {
    output::line(&format!(
        "read {} lines of {} files: {} for AI, {} others, {} rejected",
        report.lines_read(),
        report.files.len(),
        report.lines_ai,
        report.lines_other,
        report.unread.rejected_count
    ));
    if let Some(rejected) = report.unread.rejected() {
        output::line(&format!("{rejected} could not be read and are in no figure"));
    }
    let mut rows = Vec::new();
    for (currency, total) in &report.totals {
        for total in totals_of(*currency, total)? {
            let text = |it: Option<Amount>| Cell::of(it.map(|it| it.to_string()).as_deref());
            rows.push(vec![
                Cell::from(total.currency),
                Cell::of(Some(total.cost_kind.as_str())),
                Cell::from(total.ai.to_string()),
                text(total.other),
                text(total.all),
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
    if report.unread.rejected_count > 20 {
        output::line(&format!(
            "and {} more; --format json lists up to 1000",
            report.unread.rejected_count - 20
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
    Ok(())
}
