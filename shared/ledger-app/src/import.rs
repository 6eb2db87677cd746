//! Imports bills into the ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use ledger_core::bill::{BillHead, Delivered, LinesRead, Pending, held_back};
use ledger_core::bill_rollups::BillRollups;
use ledger_core::cost::CostKind;
use ledger_core::currency::Currency;
use ledger_core::finding::{Finding, FindingCode};
use ledger_core::line_item::{BillId, Rejected};
use ledger_core::meter::Meter;
use ledger_core::money::{Money, MoneyError};
use ledger_core::roll_up::{RollupBuilder, RollupsByBill};
use ledger_core::rollup::DayTotal;
use ledger_core::rules::AttributionRules;
use rust_decimal::Decimal;

use crate::dates::Dated;
use crate::ports::{
    BillReplacement, BillSource, Delivery, LedgerStore, Reading, Replaced, Retryable, SourceError,
    StoreError,
};

/// Rejected lines that a report lists; the rest is counted.
const REJECTED_LISTED_MAX: usize = 1_000;

/// Why an import failed. Each bill is replaced as a whole or left as it was.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The input was refused; nothing was written.
    #[error("nothing was imported")]
    Source(#[source] SourceError),
    /// The reading thread ended early.
    #[error("reading stopped before its end")]
    Stopped,
    /// The heads of the ledger could not be read.
    #[error("could not read what the ledger holds")]
    Read(#[source] StoreError),
    /// The ledger failed; bills that were replaced before stay replaced.
    #[error("could not replace {0}")]
    Write(BillId, #[source] StoreError),
}

/// An import is safe to repeat.
impl Retryable for ImportError {
    fn is_retryable(&self) -> bool {
        match self {
            ImportError::Source(error) => error.is_retryable(),
            ImportError::Stopped => true,
            ImportError::Read(error) | ImportError::Write(_, error) => error.is_retryable(),
        }
    }
}

/// The outcome of an import.
#[derive(Clone, Debug, Default)]
pub struct ImportReport {
    /// The files that were read, in order.
    pub files: Vec<String>,
    /// Lines for generative AI.
    pub lines_ai: u64,
    /// All other lines.
    pub lines_other: u64,
    /// Lines that could not be read; at most the first thousand.
    pub rejected: Vec<Rejected>,
    /// How many lines could not be read.
    pub rejected_count: u64,
    /// The number of lines with amounts rounded to 15 fraction digits, and the sum of the
    /// differences.
    pub rounded: (u64, Decimal),
    /// Totals of the lines read, by currency.
    pub totals: BTreeMap<Currency, DayTotal>,
    /// AI lines whose usage type could not be read: their number and cost.
    pub unknown_usage_types: BTreeMap<(Arc<str>, Currency), (u64, Money)>,
    /// Findings, each once.
    pub findings: BTreeSet<Finding>,
    /// The bills, each with the outcome of replacing it.
    pub bills: Vec<(BillId, Replaced)>,
    /// The number of bills whose delivery is held back; they are as they were before.
    pub held_back_count: u64,
}

/// Whether a delivery that would take money away is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accept {
    /// It is held back until a later one confirms it.
    Good,
    /// It is taken.
    All,
}

impl ImportReport {
    /// All lines that were read or rejected.
    pub fn lines_read(&self) -> u64 {
        self.lines_ai + self.lines_other + self.rejected_count
    }

    /// The cost kinds that the bills of a currency state.
    pub fn stated(total: &DayTotal) -> impl Iterator<Item = CostKind> {
        CostKind::ALL.into_iter().filter(move |kind| {
            total.ai.stated(*kind).is_some() || total.other.stated(*kind).is_some()
        })
    }
}

/// Reads every delivery of a source, gives each line an owner and replaces the bills.
///
/// Safe to repeat: bills that did not change cost no write. One bad line is counted and does not
/// hide a good file; a file that cannot be read as a whole refuses its delivery before any write.
///
/// # Errors
///
/// [`ImportError`].
pub async fn import_bills(
    source: Arc<impl BillSource>,
    rules: Arc<AttributionRules>,
    accept: Accept,
    now: Timestamp,
    progress: impl Fn(Progress) + Send + Sync + 'static,
    ledger: &impl LedgerStore,
) -> Result<ImportReport, ImportError> {
    let source = Arc::new(Dated::new(source, now));
    let progress = Arc::new(progress);
    let mut report = ImportReport::default();
    let from = Arc::clone(&source);
    let deliveries = tokio::task::spawn_blocking(move || from.deliveries())
        .await
        .map_err(|_| ImportError::Stopped)?
        .map_err(ImportError::Source)?;
    progress(Progress::Begin { bytes: deliveries.iter().map(|it| it.bytes).sum() });
    // Everything is read before anything is written: a refused input leaves the ledger as it was.
    let mut read = Vec::new();
    for delivery in deliveries {
        let (source, rules, progress) =
            (Arc::clone(&source), Arc::clone(&rules), Arc::clone(&progress));
        let batch = tokio::task::spawn_blocking(move || {
            read_delivery(&*source, &delivery, &rules, &*progress).map(|batch| (delivery, batch))
        })
        .await
        .map_err(|_| ImportError::Stopped)?
        .map_err(ImportError::Source)?;
        read.push(batch);
    }
    let mut batches = Vec::new();
    for (delivery, (rollups, partial)) in read {
        let lines = LinesRead { rejected: partial.rejected_count, all: partial.lines_read() };
        let failed = |err| ImportError::Source(SourceError::Money(delivery.name.clone(), err));
        merge(&mut report, partial).map_err(failed)?;
        batches.push((delivery, rollups, lines));
    }
    for (delivery, rollups, lines) in batches {
        report.files.extend(delivery.files.iter().cloned());
        let writing = |bill: &BillId| progress(Progress::Writing(bill.to_string()));
        let terms = Terms { accept, now, rules_version: rules.version };
        write(&delivery, rollups, lines, terms, writing, &mut report, ledger).await?;
    }
    Ok(report)
}

/// How bills are replaced.
#[derive(Clone, Copy)]
struct Terms {
    accept: Accept,
    now: Timestamp,
    rules_version: u64,
}

/// Replaces the bills of one delivery, and withdraws those that its export no longer contains.
async fn write(
    delivery: &Delivery,
    rollups: RollupsByBill,
    lines: LinesRead,
    terms: Terms,
    writing: impl Fn(&BillId),
    report: &mut ImportReport,
    ledger: &impl LedgerStore,
) -> Result<(), ImportError> {
    let ids: Vec<BillId> = rollups.keys().cloned().collect();
    let delivered = Delivered {
        export: delivery.export.as_deref(),
        period: delivery.period,
        delivered_at: delivery.delivered_at,
        is_complete: delivery.is_complete,
        is_read_whole: lines.rejected == 0,
        bills: &ids,
    };
    if delivered.is_mixed() {
        report.findings.insert(mixed(delivery, &ids));
    }
    let mut bills: Vec<(BillId, BillRollups)> = rollups.into_iter().collect();
    let first = ids.iter().map(|it| it.period).chain(delivery.period).min();
    let heads = match first {
        Some(first) => ledger.heads(first).await.map_err(ImportError::Read)?,
        None => Vec::new(),
    };
    for bill in delivered.withdraws(&heads) {
        bills.push((bill, BillRollups::default()));
    }
    for (bill, days) in bills {
        writing(&bill);
        let ours = BillReplacement {
            bill: bill.clone(),
            days,
            is_complete: delivered.restates_whole_bill(),
            based_on: None,
            export: delivery.export.as_deref().map(Arc::from),
            delivered_at: delivery.delivered_at,
            imported_at: terms.now,
            rules_version: terms.rules_version,
            rejected_count: lines.rejected,
            pending: None,
        };
        let head = heads.iter().find(|it| it.bill == bill);
        let failed = |err| ImportError::Source(SourceError::Money(delivery.name.clone(), err));
        let replacement = admitted(head, ours, lines, terms.accept).map_err(failed)?;
        let pending = replacement.pending.clone();
        let replaced = ledger.replace(replacement).await;
        let replaced = replaced.map_err(|err| ImportError::Write(bill.clone(), err))?;
        report.held_back_count += u64::from(pending.is_some());
        report.findings.extend(match pending {
            Some(pending) => Some(pending_finding(&bill, &pending)),
            None if !ids.contains(&bill) => Some(withdrawn(delivery, &bill)),
            None => replaced.is_superseded.then(|| superseded(&bill)),
        });
        report.bills.push((bill, replaced));
    }
    Ok(())
}

/// The replacement to write: that of the delivery, or one that holds the delivery back.
fn admitted(
    head: Option<&BillHead>,
    ours: BillReplacement,
    lines: LinesRead,
    accept: Accept,
) -> Result<BillReplacement, MoneyError> {
    match (accept, held_back(head, &ours, lines)?) {
        (Accept::Good, Some(pending)) => Ok(ours.held_back(pending)),
        (Accept::Good, None) => Ok(ours),
        // With a date in the future it would keep out all that follow.
        (Accept::All, _) => Ok(BillReplacement {
            delivered_at: ours.delivered_at.map(|it| it.min(ours.imported_at)),
            ..ours
        }),
    }
}

/// The progress of an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The deliveries are known.
    Begin {
        /// The size of all files.
        bytes: u64,
    },
    /// The number of bytes read since the last time.
    Read(u64),
    /// The bill that is being written.
    Writing(String),
}

fn read_delivery(
    source: &impl BillSource,
    delivery: &Delivery,
    rules: &AttributionRules,
    progress: &impl Fn(Progress),
) -> Result<(RollupsByBill, ImportReport), SourceError> {
    let mut builder = RollupBuilder::default();
    let mut report = ImportReport::default();
    source.read(delivery, &mut |reading| {
        match reading {
            Reading::Charge(line_item, sums) => {
                // Taxes and credits have no usage type; they do not count as unknown.
                let usage_type = &line_item.usage.axes.usage_type;
                let usage_type =
                    usage_type.as_ref().filter(|_| line_item.usage.meter == Meter::Unknown);
                if let Some(usage_type) = usage_type {
                    let currency = line_item.costs.currency();
                    let key = (Arc::clone(usage_type), currency);
                    let (count, cost) =
                        report.unknown_usage_types.entry(key).or_insert((0, Money::zero(currency)));
                    for sum in &sums {
                        *count += sum.line_count();
                        *cost = cost.checked_add(sum.costs(currency)?.of(CostKind::Unblended))?;
                    }
                }
                builder.add_sums(&line_item, sums)?;
            }
            Reading::Other(line_item, sums) => builder.add_other(&line_item, &sums)?,
            Reading::Rejected(rejected) => {
                report.rejected_count += 1;
                if report.rejected.len() < REJECTED_LISTED_MAX {
                    report.rejected.push(rejected);
                }
            }
            Reading::Rounded(difference) => {
                let (count, sum) = &mut report.rounded;
                *count += 1;
                *sum = sum.checked_add(difference).ok_or(MoneyError::OutOfRange)?;
            }
            Reading::Finding(finding) => {
                report.findings.insert(finding);
            }
            Reading::Progress(bytes) => progress(Progress::Read(bytes)),
        }
        Ok(())
    })?;
    let failed = |err| SourceError::Money(delivery.name.clone(), err);
    let (rollups, findings) = builder.finish(rules).map_err(failed)?;
    report.findings.extend(findings);
    for (currency, total) in
        rollups.values().flat_map(BillRollups::totals).flat_map(|(_, totals)| totals)
    {
        let sum = report.totals.entry(*currency).or_insert_with(|| DayTotal::zero(*currency));
        *sum = sum.checked_add(total).map_err(failed)?;
        report.lines_ai += total.ai_line_count;
        report.lines_other += total.other_line_count;
    }
    if report.lines_ai + report.lines_other == 0 && report.rejected_count > 0 {
        let first = report.rejected.first();
        let example = first.map(|it| format!("{}: {}: {}", it.provenance, it.column, it.reason));
        return Err(SourceError::Refused(format!(
            "no line of `{}` can be read, {} were rejected; the first: {}",
            delivery.name,
            report.rejected_count,
            example.unwrap_or_default()
        )));
    }
    Ok((rollups, report))
}

fn mixed(delivery: &Delivery, bills: &[BillId]) -> Finding {
    let bills: Vec<String> = bills.iter().map(BillId::to_string).collect();
    Finding {
        code: FindingCode::DeliveryMixed,
        message: format!(
            "`{}` holds {} bills ({}) and is taken for the whole of none: days that it leaves out \
             stay as they are",
            delivery.name,
            bills.len(),
            bills.join(", "),
        ),
    }
}

/// The finding of a delivery that is held back.
pub(crate) fn pending_finding(bill: &BillId, pending: &Pending) -> Finding {
    let made = pending.delivered_at.map(|it| format!(" made at {it}")).unwrap_or_default();
    Finding {
        code: FindingCode::DeliveryPending,
        message: format!(
            "{bill} is as it was before, since a delivery of it{made} is held back: {}; a later \
             delivery takes its place, and `tollbook import --accept` takes it as it is",
            pending.reasons
        ),
    }
}

fn superseded(bill: &BillId) -> Finding {
    Finding {
        code: FindingCode::DeliverySuperseded,
        message: format!("{bill} is held from a newer delivery; this one was left out"),
    }
}

fn withdrawn(delivery: &Delivery, bill: &BillId) -> Finding {
    Finding {
        code: FindingCode::BillWithdrawn,
        message: format!(
            "`{}` has no line of {bill}, which its export told of before: the bill is taken back",
            delivery.name,
        ),
    }
}

/// Adds the part of one delivery to the report.
fn merge(report: &mut ImportReport, part: ImportReport) -> Result<(), MoneyError> {
    report.lines_ai += part.lines_ai;
    report.lines_other += part.lines_other;
    report.rejected_count += part.rejected_count;
    let room = REJECTED_LISTED_MAX.saturating_sub(report.rejected.len());
    report.rejected.extend(part.rejected.into_iter().take(room));
    report.rounded.0 += part.rounded.0;
    let rounded = report.rounded.1.checked_add(part.rounded.1);
    report.rounded.1 = rounded.ok_or(MoneyError::OutOfRange)?;
    report.findings.extend(part.findings);
    for (currency, total) in part.totals {
        let sum = report.totals.entry(currency).or_insert_with(|| DayTotal::zero(currency));
        *sum = sum.checked_add(&total)?;
    }
    for (key, (count, cost)) in part.unknown_usage_types {
        let entry =
            report.unknown_usage_types.entry(key).or_insert((0, Money::zero(cost.currency())));
        entry.0 += count;
        entry.1 = entry.1.checked_add(cost)?;
    }
    Ok(())
}
