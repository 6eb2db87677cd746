//! The questions of a run, given the bills of the ledger.

use jiff::ToSpan as _;
use jiff::civil::Date;
use ledger_core::bill::{BillHead, last_day_of_higher};
use ledger_core::line_item::BillId;
use ledger_core::period::{BillingPeriod, ChargePeriod};

use super::CollectError;

/// How much is asked of days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Costs by tag and usage type, and control totals.
    Whole,
    /// The totals of each service: enough to compare a bill with.
    Totals,
}

/// Days of one month that are asked in one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) period: ChargePeriod,
    pub(super) depth: Depth,
}

/// A bill is that many days late at most before its missing days are asked for in full.
const UNBILLED_DAYS: i32 = 2;

/// The most requests of a run that has bills for all of its days: one for the names of services, and
/// one for each of two months.
pub(super) const TOTALS_REQUESTS_MAX: u32 = 3;

/// The part of a period in each month, without the days after today. Days on a bill are asked in
/// another depth than those without; a few days that the next bill brings are not asked.
pub(super) fn steps(
    period: ChargePeriod,
    today: Date,
    beside_bills: Depth,
    heads: &[BillHead],
    bill: impl Fn(ChargePeriod) -> BillId,
) -> Result<Vec<Step>, CollectError> {
    let months = months_until(period, today)?;
    let whole = |period| Step { period, depth: Depth::Whole };
    if beside_bills == Depth::Whole {
        return Ok(months.into_iter().map(whole).collect());
    }
    let mut steps = Vec::new();
    let mut has_bill_before = false;
    for month in months {
        let last = last_day_of_higher(heads, &bill(month));
        // A month that begins waits for its first bill where the month before has one.
        let unbilled = match last.and_then(|it| it.tomorrow().ok()) {
            Some(next) => next.clamp(month.start(), month.end()),
            None => month.start(),
        };
        if let Ok(period) = ChargePeriod::new(month.start(), unbilled) {
            steps.push(Step { period, depth: Depth::Totals });
        }
        let missing = ChargePeriod::new(unbilled, month.end()).ok();
        let is_late = (unbilled + UNBILLED_DAYS.days()) < month.end();
        let expects_bill = last.is_some() || has_bill_before;
        steps.extend(missing.filter(|_| is_late || !expects_bill).map(whole));
        has_bill_before |= last.is_some();
    }
    Ok(steps)
}

/// The part of a period in each month, without the days after today.
fn months_until(period: ChargePeriod, today: Date) -> Result<Vec<ChargePeriod>, CollectError> {
    let future = || CollectError::Future { start: period.start(), today };
    let end = period.end().min(today.tomorrow().unwrap_or(today));
    let mut months = Vec::new();
    let mut start = period.start();
    while start < end {
        let month = BillingPeriod::containing(start).charge_period();
        let month_end = month.map_or(end, |it| it.end().min(end));
        months.push(ChargePeriod::new(start, month_end).map_err(|_| future())?);
        start = month_end;
    }
    if months.is_empty() { Err(future()) } else { Ok(months) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use jiff::Timestamp;
    use ledger_core::bill::{DayHead, FactsForm, Generation};
    use ledger_core::source::Source;

    use super::*;

    fn period(start: &str, end: &str) -> ChargePeriod {
        ChargePeriod::new(start.parse().unwrap(), end.parse().unwrap()).unwrap()
    }

    fn of(month: ChargePeriod, source: Source, payer: &str) -> BillId {
        let period = BillingPeriod::containing(month.start());
        BillId { period, source, payer: Some(payer.into()), part: None }
    }

    /// A bill that has these days.
    fn head(source: Source, payer: &str, days: ChargePeriod) -> BillHead {
        let generation = Generation { version: 1, content_hash: Arc::from("hash") };
        let day = DayHead {
            generation,
            totals: BTreeMap::new(),
            estimated: false,
            is_invoiced: true,
            facts: FactsForm::CURRENT,
            files: None,
        };
        BillHead {
            bill: of(days, source, payer),
            version: 1,
            export: None,
            delivered_at: None,
            imported_at: Timestamp::UNIX_EPOCH,
            rules_version: 1,
            days: days.days().map(|it| (it, day.clone())).collect(),
            unread: Arc::default(),
            is_chosen_part: false,
            pending: None,
        }
    }

    /// The steps of a scheduled run as text.
    #[track_caller]
    fn planned(today: &str, from: &str, heads: &[BillHead]) -> String {
        let bill = |it| of(it, Source::AWS_QUICK_LOOK, "1");
        let today = today.parse().unwrap();
        let period = ChargePeriod::new(from.parse().unwrap(), today).unwrap();
        let steps = steps(period, today, Depth::Totals, heads, bill).unwrap();
        let text = |it: &Step| format!("{:?} {}..{}", it.depth, it.period.start(), it.period.end());
        steps.iter().map(text).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn what_is_on_a_bill_is_compared_and_the_rest_is_asked_whole_once_it_is_late() {
        let bill = |from, to| head(Source::AWS_BILL, "1", period(from, to));
        let october = bill("2026-10-01", "2026-11-01");
        let of_others = [
            head(Source::AWS_BILL, "2", period("2026-11-01", "2026-11-20")),
            head(Source::AWS_QUICK_LOOK, "1", period("2026-11-01", "2026-11-20")),
        ];
        for (today, from, heads, expected) in [
            ("2026-11-20", "2026-11-01", &[][..], "Whole 2026-11-01..2026-11-20"),
            ("2026-11-20", "2026-11-01", &of_others, "Whole 2026-11-01..2026-11-20"),
            (
                "2026-11-20",
                "2026-11-01",
                &[bill("2026-11-01", "2026-11-18")],
                "Totals 2026-11-01..2026-11-18",
            ),
            (
                "2026-11-20",
                "2026-11-01",
                &[bill("2026-11-01", "2026-11-17")],
                "Totals 2026-11-01..2026-11-17, Whole 2026-11-17..2026-11-20",
            ),
            // A bill of today's lines reaches beyond what is asked.
            (
                "2026-11-20",
                "2026-11-01",
                &[bill("2026-11-01", "2026-11-21")],
                "Totals 2026-11-01..2026-11-20",
            ),
            (
                "2026-11-03",
                "2026-10-01",
                std::slice::from_ref(&october),
                "Totals 2026-10-01..2026-11-01",
            ),
            (
                "2026-11-04",
                "2026-10-01",
                std::slice::from_ref(&october),
                "Totals 2026-10-01..2026-11-01, Whole 2026-11-01..2026-11-04",
            ),
        ] {
            assert_eq!(planned(today, from, heads), expected, "{today}");
        }
    }
}
