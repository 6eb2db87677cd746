//! Reads one delivery into rollups and its part of the report.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use ledger_core::bill::Unread;
use ledger_core::bill_rollups::BillRollups;
use ledger_core::cost::CostKind;
use ledger_core::currency::Currency;
use ledger_core::day_sum::DaySum;
use ledger_core::finding::{Finding, FindingCode};
use ledger_core::line_item::LineItem;
use ledger_core::meter::Meter;
use ledger_core::money::{Money, MoneyError};
use ledger_core::roll_up::{RollupBuilder, RollupsByBill};
use ledger_core::rollup::DayTotal;
use ledger_core::rules::AttributionRules;
use tokio::task::JoinHandle;

use super::{ImportError, ImportReport, Progress};
use crate::ports::{BillSource, Delivery, NoColumn, Reading, SourceError};

/// Rejected lines that a report lists; the rest is counted.
const REJECTED_LISTED_MAX: usize = 1_000;

/// A delivery and what was read of it.
type Read = (Delivery, (RollupsByBill, ImportReport));

/// Reads deliveries side by side, each on a thread of its own. The result, an error included, is that
/// of reading one after the other.
pub(super) async fn read_deliveries<S: BillSource>(
    source: &Arc<S>,
    deliveries: Vec<Delivery>,
    (rules, threads): (&Arc<AttributionRules>, usize),
    progress: &Arc<impl Fn(Progress) + Send + Sync + 'static>,
) -> Result<Vec<Read>, ImportError> {
    let mut reading = VecDeque::new();
    let mut read = Vec::new();
    let done = async |it: JoinHandle<Result<Read, SourceError>>| {
        it.await.map_err(|_| ImportError::Stopped)?.map_err(ImportError::Source)
    };
    for delivery in deliveries {
        if reading.len() >= threads
            && let Some(first) = reading.pop_front()
        {
            read.push(done(first).await?);
        }
        let (source, rules) = (Arc::clone(source), Arc::clone(rules));
        let progress = Arc::clone(progress);
        reading.push_back(tokio::task::spawn_blocking(move || {
            let read = read_delivery(&*source, &delivery, &rules, &*progress)?;
            Ok((delivery, read))
        }));
    }
    for next in reading {
        read.push(done(next).await?);
    }
    Ok(read)
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
                count_unknown(&line_item, &sums, &mut report.unknown_usage_types)?;
                builder.add_sums(line_item, sums)?;
            }
            Reading::Other(line_item, sums) => builder.add_other(&line_item, &sums)?,
            Reading::Rejected(rejected) => {
                report.unread.reject(&rejected)?;
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
                report.unread.keep(&finding);
                report.findings.insert(finding);
            }
            Reading::NoColumn(missing) => {
                report.findings.insert(missing.finding());
                let NoColumn { column, consequence, .. } = missing;
                report.unread.columns.insert(column.into(), consequence.into());
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
    if let Some(unknown) = unknown_usage_types(&report.unknown_usage_types).map_err(failed)? {
        report.unread.keep(&unknown);
    }
    if report.lines_ai + report.lines_other == 0 && report.unread.rejected_count > 0 {
        let first = report.rejected.first();
        let example = first.map(|it| format!("{}: {}: {}", it.provenance, it.column, it.reason));
        return Err(SourceError::Refused(format!(
            "no line of `{}` can be read, {} were rejected; the first: {}",
            delivery.name,
            report.unread.rejected_count,
            example.unwrap_or_default()
        )));
    }
    Ok((rollups, report))
}

/// Usage types that could not be read: their lines and cost.
type UnknownTypes = BTreeMap<(Arc<str>, Currency), (u64, Money)>;

/// Counts lines whose usage type could not be read. Taxes and credits have none.
fn count_unknown(
    line_item: &LineItem,
    sums: &[DaySum],
    types: &mut UnknownTypes,
) -> Result<(), MoneyError> {
    let usage_type = &line_item.usage.axes.usage_type;
    let usage_type = usage_type.as_ref().filter(|_| line_item.usage.meter == Meter::Unknown);
    let Some(usage_type) = usage_type else { return Ok(()) };
    let currency = line_item.costs.currency();
    let key = (Arc::clone(usage_type), currency);
    let (count, cost) = types.entry(key).or_insert((0, Money::zero(currency)));
    for sum in sums {
        *count += sum.line_count();
        *cost = cost.checked_add(sum.costs(currency)?.of(CostKind::Unblended))?;
    }
    Ok(())
}

/// The finding that usage types could not be read.
fn unknown_usage_types(types: &UnknownTypes) -> Result<Option<Finding>, MoneyError> {
    let Some(((first, _), _)) = types.first_key_value() else { return Ok(None) };
    let (mut line_count, mut unread) = (0, Unread::default());
    for (lines, cost) in types.values() {
        line_count += lines;
        unread.add_cost(*cost)?;
    }
    let costs: Vec<String> = unread.rejected_costs.values().map(|it| it.to_reader()).collect();
    let message = format!(
        "{line_count} lines of {} have usage types that could not be read, such as `{first}`; their \
         cost counts, their meter is unknown",
        costs.join(" and ")
    );
    Ok(Some(Finding { code: FindingCode::UsageTypeUnknown, message }))
}

/// Adds the part of one delivery to the report.
pub(super) fn merge(report: &mut ImportReport, part: ImportReport) -> Result<(), MoneyError> {
    report.lines_ai += part.lines_ai;
    report.lines_other += part.lines_other;
    report.unread.rejected_count += part.unread.rejected_count;
    part.unread.rejected_costs.values().try_for_each(|it| report.unread.add_cost(*it))?;
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

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    /// Reads nothing, once as many deliveries as the barrier waits for are being read; the one named
    /// `bad` is refused.
    struct Waiting(Barrier);

    impl BillSource for Waiting {
        fn deliveries(&self) -> Result<Vec<Delivery>, SourceError> {
            Ok(Vec::new())
        }

        fn read(
            &self,
            delivery: &Delivery,
            _: &mut dyn FnMut(Reading) -> Result<(), MoneyError>,
        ) -> Result<(), SourceError> {
            self.0.wait();
            if delivery.name.starts_with("bad") {
                return Err(SourceError::Refused(delivery.name.clone()));
            }
            Ok(())
        }
    }

    async fn names(names: &[&str], threads: usize) -> Result<Vec<String>, String> {
        let deliveries = names.iter().map(|name| Delivery {
            name: (*name).to_owned(),
            files: Vec::new(),
            export: None,
            file_set: None,
            period: None,
            delivered_at: None,
            is_complete: false,
            bytes: 0,
        });
        let source = Arc::new(Waiting(Barrier::new(threads)));
        let rules = (&Arc::new(AttributionRules::default()), threads);
        let read = read_deliveries(&source, deliveries.collect(), rules, &Arc::new(|_| ())).await;
        let names = read.map(|it| it.into_iter().map(|(delivery, _)| delivery.name).collect());
        names.map_err(|err| match err {
            ImportError::Source(err) => err.to_string(),
            err => err.to_string(),
        })
    }

    #[tokio::test]
    async fn deliveries_are_read_side_by_side_and_come_in_their_order() {
        for threads in [1, 2] {
            let read = names(&["a", "b", "c", "d"], threads).await;
            assert_eq!(read.unwrap(), ["a", "b", "c", "d"]);
        }
        assert_eq!(names(&["a", "b", "bad 1", "bad 2"], 2).await, Err("bad 1".to_owned()));
    }
}
