//! Handles a notification of S3: one import for each manifest in it.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use ledger_app::apply_rules::catch_up;
use ledger_app::documents::applied_rules;
use ledger_app::import::{Accept, ImportReport, import_bills};
use ledger_app::ports::{BillSource, DocumentStore, LedgerStore};
use ledger_aws::cur::{MANIFEST_END, export_name};
use ledger_core::finding::FindingCode;
use ledger_core::period::BillingPeriod;
use ledger_lambda::metric::Metrics;
use ledger_lambda::outcome::{Failure, TryAgain, settle};
use serde_json::{Map, Value, json};

use crate::config::Config;
use crate::event::{NotARecord, Notification, Record};
use crate::panics::Panics;

/// The metric of deliveries that are held back, are of another export or have lines that cannot be read.
const DELIVERIES_IN_DOUBT: &str = "DeliveriesInDoubt";

/// Dependencies of the handler.
#[derive(Clone, Debug)]
pub struct Ports<F, L> {
    /// The source of the delivery whose manifest has this key in the export's bucket.
    pub export_of: F,
    /// The ledger, with the applied rules.
    pub ledger: L,
    /// Where failures are counted.
    pub metrics: Metrics,
    /// The panics of threads that read files.
    pub panics: Panics,
    /// The settings.
    pub config: Config,
    /// The clock.
    pub now: fn() -> Timestamp,
}

/// Imports the deliveries that a notification names, each on its own.
///
/// - **Shape:** the answer has an entry in `records` for each record: what was imported, why it was
///   ignored, or why it failed for good.
///
/// # Errors
///
/// [`TryAgain`] when one of them failed and may succeed later. All are safe to repeat: a delivery
/// that the ledger already has costs no write, and one older than the ledger's is skipped.
pub async fn handle<F, S, L>(ports: &Ports<F, L>, event: Value) -> Result<Value, TryAgain>
where
    F: Fn(String) -> S,
    S: BillSource,
    L: LedgerStore + DocumentStore,
{
    let records = match Notification::parse(&event) {
        Ok(Notification::Test) => {
            tracing::debug!("S3 can reach this function: its test event has arrived");
            return Ok(json!({ "records": [] }));
        }
        Ok(Notification::Records(records)) => records,
        Err(err) => {
            let failure = Failure::permanent(err.to_string());
            return settle("event", (ports.now)(), &ports.metrics, Err(failure));
        }
    };
    let mut answers = Vec::new();
    let mut again = Vec::new();
    for record in records {
        match record_in(ports, record).await {
            Ok(answer) => answers.push(answer),
            Err(TryAgain(message)) => again.push(message),
        }
    }
    if again.is_empty() {
        Ok(json!({ "records": answers }))
    } else {
        Err(TryAgain(again.join("; ")))
    }
}

async fn record_in<F, S, L>(
    ports: &Ports<F, L>,
    record: Result<Record, NotARecord>,
) -> Result<Value, TryAgain>
where
    F: Fn(String) -> S,
    S: BillSource,
    L: LedgerStore + DocumentStore,
{
    let record = match record {
        Ok(record) => record,
        Err(err) => {
            let failure = Failure::permanent(err.to_string());
            return settle("record", (ports.now)(), &ports.metrics, Err(failure));
        }
    };
    let address = format!("s3://{}/{}", record.bucket, record.key);
    let outcome = if record.bucket == ports.config.export_bucket {
        match reason_to_ignore(&record, &ports.config) {
            Some(reason) => {
                tracing::debug!(export.object = %address, "ignored `{address}`: {reason}");
                return Ok(json!({ "object": address, "ignored": reason }));
            }
            None => match foreign_export(ports, &record.key).await {
                Ok(Some(export)) => Ok(refused(ports, &address, &export)),
                Ok(None) => {
                    let imported = ports.panics.during(import(ports, &address, record.key)).await;
                    imported.unwrap_or_else(|place| Err(damaged(&address, &place)))
                }
                Err(failure) => Err(failure),
            },
        }
    } else {
        Err(Failure::permanent(format!(
            "bucket `{}` is not the export's; expected `{}`",
            record.bucket, ports.config.export_bucket,
        )))
    };
    settle(&address, (ports.now)(), &ports.metrics, outcome)
}

fn reason_to_ignore(record: &Record, config: &Config) -> Option<&'static str> {
    if !record.is_creation() {
        Some("nothing was written")
    } else if !record.key.ends_with(MANIFEST_END) {
        Some("it is no manifest")
    } else if !config.covers(&record.key) {
        Some("it lies outside of the export's folder")
    } else {
        None
    }
}

/// The name of a manifest's export, where it is none that the ledger is fed by.
///
/// A delivery replaces whole months. So an export that no setting names, and that did not make the bills
/// that are there, may not replace them: it may leave out lines, or be of somebody who may only write to
/// the bucket.
async fn foreign_export<F, L: LedgerStore>(
    ports: &Ports<F, L>,
    manifest_key: &str,
) -> Result<Option<String>, Failure> {
    let export = export_name(Path::new(manifest_key)).unwrap_or_default();
    let mut known: BTreeSet<String> = ports.config.export_names.iter().cloned().collect();
    if known.is_empty() {
        let heads = ports.ledger.heads(BillingPeriod::containing(Date::MIN)).await?;
        known.extend(heads.iter().filter_map(|it| Some(it.export.as_ref()?.name.to_string())));
    }
    Ok((!known.is_empty() && !known.contains(&export)).then_some(export))
}

/// The answer to a delivery of an export that the ledger is not fed by.
fn refused<F, L>(ports: &Ports<F, L>, address: &str, export: &str) -> Value {
    let code = FindingCode::ExportForeign.as_str();
    let fields = Map::from_iter([
        ("object".to_owned(), json!(address)),
        ("finding".to_owned(), json!(code)),
    ]);
    ports.metrics.put((ports.now)(), DELIVERIES_IN_DOUBT, "Count", 1, fields);
    tracing::warn!(
        export.object = address,
        finding.code = code,
        "`{address}` is of the export `{export}`, which is none that this ledger is fed by; it was not \
         imported, and the parameter ExportName can name it"
    );
    json!({ "object": address, "export": export, "findings": [code] })
}

/// Nothing was written: all files of a delivery are read before.
fn damaged(address: &str, place: &str) -> Failure {
    Failure::permanent(format!(
        "nothing was imported: a file of `{address}` is damaged in a way that its reader has no error \
         for, at {place}; fetch the delivery again"
    ))
}

async fn import<F, S, L>(
    ports: &Ports<F, L>,
    address: &str,
    manifest_key: String,
) -> Result<Value, Failure>
where
    F: Fn(String) -> S,
    S: BillSource,
    L: LedgerStore + DocumentStore,
{
    let rules = Arc::new(applied_rules(&ports.ledger).await?);
    let rules_version = rules.version;
    let source = Arc::new((ports.export_of)(manifest_key));
    let now = (ports.now)();
    let report = import_bills(source, rules, Accept::Good, now, |_| (), &ports.ledger).await?;
    // Rules that were applied during the import hold for these bills too.
    catch_up(rules_version, now, &ports.ledger).await?;
    let summary = summary(address, &report);
    if report.held_back_count > 0 || report.unread.rejected_count > 0 {
        let fields = Map::from_iter([
            ("object".to_owned(), json!(address)),
            ("held_back_count".to_owned(), json!(report.held_back_count)),
            ("rejected_count".to_owned(), json!(report.unread.rejected_count)),
        ]);
        ports.metrics.put(now, DELIVERIES_IN_DOUBT, "Count", 1, fields);
    }
    tracing::info!(
        export.object = address,
        import.lines_ai = report.lines_ai,
        import.lines_other = report.lines_other,
        import.rejected_count = report.unread.rejected_count,
        import.summary = %summary,
        "imported `{address}`",
    );
    Ok(summary)
}

/// The summary of an import, without names or values of lines: these hold session names and tags.
fn summary(address: &str, report: &ImportReport) -> Value {
    let bills: Vec<Value> = report
        .bills
        .iter()
        .map(|(bill, replaced)| {
            json!({
                "bill": bill.to_string(),
                "days_written": replaced.days_written,
                "days_unchanged": replaced.days_unchanged,
                "days_removed": replaced.days_removed,
                "items_written": replaced.items_written,
                "write_units": replaced.write_units.normalize().to_string(),
                "superseded": replaced.is_superseded,
            })
        })
        .collect();
    let mut totals = Vec::new();
    for (currency, total) in &report.totals {
        for kind in ImportReport::stated(total) {
            totals.push(json!({
                "currency": currency.as_str(),
                "cost_kind": kind.as_str(),
                "ai": total.ai.of(kind).amount().to_string(),
                // Non-AI lines are not amortized.
                "other": kind.is_charged().then(|| total.other.of(kind).amount().to_string()),
            }));
        }
    }
    let findings: Vec<&str> = report.findings.iter().map(|it| it.code.as_str()).collect();
    // The place and column of the first one, not its content.
    let first_rejected =
        report.rejected.first().map(|it| format!("{}: {}", it.provenance, it.column));
    json!({
        "object": address,
        "files": report.files.len(),
        "lines_ai": report.lines_ai,
        "lines_other": report.lines_other,
        "rejected_count": report.unread.rejected_count,
        "held_back_count": report.held_back_count,
        "first_rejected": first_rejected,
        "rounded_count": report.rounded.0,
        "unknown_usage_type_count": report.unknown_usage_types.len(),
        "findings": findings,
        "totals": totals,
        "bills": bills,
    })
}
