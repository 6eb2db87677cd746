//! Bills into the ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use ledger_core::bill::BillHead;
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
use ledger_core::source::Source;
use rust_decimal::Decimal;

use crate::ports::{
    BillReplacement, BillSource, Delivery, LedgerStore, Reading, Replaced, Retryable, SourceError,
    StoreError,
};

/// Rejected lines that a report lists; the rest is counted.
const REJECTED_LISTED_MAX: usize = 1_000;

/// Why bills were not imported. Readers keep seeing what they saw before.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The input was refused; nothing was written.
    #[error("nothing was imported")]
    Source(#[source] SourceError),
    /// The reading thread ended before its work.
    #[error("reading stopped before its end")]
    Stopped,
    /// The ledger did not say what it holds.
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

/// What an import read and did.
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
    /// Amounts rounded to 15 fraction digits, and the sum of what that changed.
    pub rounded: (u64, Decimal),
    /// What was read, by currency.
    pub totals: BTreeMap<Currency, DayTotal>,
    /// AI lines whose usage type could not be read: their number and cost.
    pub unknown_usage_types: BTreeMap<(Arc<str>, Currency), (u64, Money)>,
    /// What a person should know.
    pub findings: BTreeSet<Finding>,
    /// The bills, and what replacing each did.
    pub bills: Vec<(BillId, Replaced)>,
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
    now: Timestamp,
    progress: impl Fn(Progress) + Send + Sync + 'static,
    ledger: &impl LedgerStore,
) -> Result<ImportReport, ImportError> {
    let progress = Arc::new(progress);
    let mut report = ImportReport::default();
    let from = Arc::clone(&source);
    let deliveries = tokio::task::spawn_blocking(move || from.deliveries())
        .await
        .map_err(|_| ImportError::Stopped)?
        .map_err(ImportError::Source)?;
    progress(Progress::Begin { bytes: deliveries.iter().map(|it| it.bytes).sum() });
    // All of it is read before any of it is written: what is refused leaves the ledger as it was.
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
    for (delivery, (rollups, partial)) in read {
        report.files.extend(delivery.files.iter().cloned());
        let is_read_whole = partial.rejected_count == 0;
        merge(&mut report, partial);
        let is_complete = delivery.is_complete && rollups.len() <= 1;
        if delivery.is_complete && !is_complete {
            report.findings.insert(mixed(&delivery, rollups.keys()));
        }
        let export: Option<Arc<str>> = delivery.export.as_deref().map(Arc::from);
        let mut bills: Vec<(BillId, BillRollups)> = rollups.into_iter().collect();
        // An empty delivery is the whole of a bill too: of one that was taken back.
        if delivery.is_complete && bills.len() <= 1 && is_read_whole {
            for bill in left_out(&delivery, &bills, ledger).await? {
                report.findings.insert(withdrawn(&delivery, &bill));
                bills.push((bill, BillRollups::default()));
            }
        }
        for (bill, days) in bills {
            progress(Progress::Writing(bill.to_string()));
            let replacement = BillReplacement {
                bill: bill.clone(),
                days,
                is_complete,
                based_on: None,
                export: export.clone(),
                delivered_at: delivery.delivered_at,
                imported_at: now,
                rules_version: rules.version,
            };
            let replaced = ledger.replace(replacement).await;
            let replaced = replaced.map_err(|err| ImportError::Write(bill.clone(), err))?;
            if replaced.is_superseded {
                report.findings.insert(Finding {
                    code: FindingCode::DeliverySuperseded,
                    message: format!("{bill} is held from a newer delivery; this one was left out"),
                });
            }
            report.bills.push((bill, replaced));
        }
    }
    Ok(report)
}

/// How far an import is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// So many bytes are to be read.
    Begin {
        /// The size of all files.
        bytes: u64,
    },
    /// So many more were read.
    Read(u64),
    /// This bill is being written.
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
            Reading::Lines(line_item, sums) => {
                // Taxes and credits have no usage type at all, which is not an unknown one.
                let usage_type = &line_item.usage.axes.usage_type;
                let usage_type =
                    usage_type.as_ref().filter(|_| line_item.usage.meter == Meter::Unknown);
                if let Some(usage_type) = usage_type.filter(|_| line_item.ai) {
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

/// A delivery is the whole of one bill. Where it holds several, nobody can say of which it is the
/// whole, and to take a few stray rows for a whole bill would wipe that bill out.
fn mixed<'a>(delivery: &Delivery, bills: impl Iterator<Item = &'a BillId>) -> Finding {
    let bills: Vec<String> = bills.map(BillId::to_string).collect();
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

/// The bills of the month that the same export told of before and leaves out now.
async fn left_out(
    delivery: &Delivery,
    bills: &[(BillId, BillRollups)],
    ledger: &impl LedgerStore,
) -> Result<Vec<BillId>, ImportError> {
    let (Some(export), Some(period)) = (&delivery.export, delivery.period) else {
        return Ok(Vec::new());
    };
    let heads = ledger.heads(period).await.map_err(ImportError::Read)?;
    let is_left_out = |head: &BillHead| {
        head.bill.period == period
            && head.bill.source == Source::AWS_BILL
            && head.export.as_deref() == Some(export)
            && !head.days.is_empty()
            && head.delivered_at <= delivery.delivered_at
            && bills.iter().all(|(bill, _)| *bill != head.bill)
    };
    Ok(heads.into_iter().filter(is_left_out).map(|head| head.bill).collect())
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

fn merge(report: &mut ImportReport, part: ImportReport) {
    report.lines_ai += part.lines_ai;
    report.lines_other += part.lines_other;
    report.rejected_count += part.rejected_count;
    let room = REJECTED_LISTED_MAX.saturating_sub(report.rejected.len());
    report.rejected.extend(part.rejected.into_iter().take(room));
    report.rounded.0 += part.rounded.0;
    report.rounded.1 = report.rounded.1.saturating_add(part.rounded.1);
    report.findings.extend(part.findings);
    for (currency, total) in part.totals {
        let sum = report.totals.entry(currency).or_insert_with(|| DayTotal::zero(currency));
        // Both are sums of lines that fit; a total beyond 10¹³ keeps what it had, and the ledger,
        // which adds up by bill, is not touched by it.
        let both = sum.checked_add(&total);
        if let Ok(both) = both {
            *sum = both;
        } else {
            report.findings.insert(Finding {
                code: FindingCode::TotalOutOfRange,
                message: format!("the {currency} totals of this report leave out a delivery"),
            });
        }
    }
    for (key, (count, cost)) in part.unknown_usage_types {
        let entry =
            report.unknown_usage_types.entry(key).or_insert((0, Money::zero(cost.currency())));
        entry.0 += count;
        entry.1 = entry.1.checked_add(cost).unwrap_or(entry.1);
    }
}
