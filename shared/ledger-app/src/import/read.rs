//! Reads one delivery into rollups and its part of the report.

use std::sync::Arc;

use ledger_core::bill_rollups::BillRollups;
use ledger_core::cost::CostKind;
use ledger_core::meter::Meter;
use ledger_core::money::{Money, MoneyError};
use ledger_core::roll_up::{RollupBuilder, RollupsByBill};
use ledger_core::rollup::DayTotal;
use ledger_core::rules::AttributionRules;

use super::{ImportReport, Progress};
use crate::ports::{BillSource, Delivery, Reading, SourceError};

/// Rejected lines that a report lists; the rest is counted.
const REJECTED_LISTED_MAX: usize = 1_000;

pub(super) fn read_delivery(
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

/// Adds the part of one delivery to the report.
pub(super) fn merge(report: &mut ImportReport, part: ImportReport) -> Result<(), MoneyError> {
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
