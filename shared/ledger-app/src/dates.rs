//! Days that a bill can have.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use ledger_core::cost::CostKind;
use ledger_core::day_sum::DaySum;
use ledger_core::line_item::{LineItem, Rejected};
use ledger_core::money::MoneyError;

use crate::ports::{BillSource, Delivery, Reading, SourceError};

/// The first year of a bill.
const FIRST_YEAR: i16 = 1970;

/// A source whose lines are rejected where their day or month is before 1970 or after next year.
///
/// No answer begins before 1970, so such money would be in the ledger and in no figure; and a day far
/// ahead would let the newest data look fresh for years.
pub(crate) struct Dated<S> {
    source: Arc<S>,
    last_year: i16,
}

impl<S> Dated<S> {
    /// A source that is read now.
    pub(crate) fn new(source: Arc<S>, now: Timestamp) -> Dated<S> {
        let year = now.to_zoned(TimeZone::UTC).year();
        Dated { source, last_year: year.saturating_add(1) }
    }

    /// The reason why a bill has no such day.
    fn fault(&self, day: Date, line_item: &LineItem) -> Option<String> {
        let period = line_item.bill.period;
        let years = FIRST_YEAR..=self.last_year;
        let is_in = years.contains(&day.year()) && years.contains(&period.first_day().year());
        (!is_in).then(|| {
            format!(
                "no bill has the day {day} in the month {period}; expected days of the years \
                 {FIRST_YEAR} to {}",
                self.last_year
            )
        })
    }

    /// The rejected lines of a reading that has such a day; empty for others.
    fn rejected(&self, line_item: &LineItem, sums: &[DaySum]) -> Vec<Rejected> {
        let Some(reason) = sums.iter().find_map(|it| self.fault(it.day(), line_item)) else {
            return Vec::new();
        };
        let mut rejected = Vec::new();
        for sum in sums {
            let mut provenance = line_item.provenance.clone();
            provenance.line = Some(sum.first_line()).filter(|it| *it != u64::MAX).unwrap_or(0);
            // Lines that share a sum have one cost.
            let mut cost = sum.costs(line_item.costs.currency()).ok();
            for _ in 0..sum.line_count() {
                let (provenance, reason) = (provenance.clone(), reason.clone());
                let cost = cost.take().map(|it| it.of(CostKind::Unblended));
                rejected.push(Rejected { provenance, column: "day".into(), reason, cost });
            }
        }
        rejected
    }
}

impl<S: BillSource> BillSource for Dated<S> {
    fn deliveries(&self) -> Result<Vec<Delivery>, SourceError> {
        self.source.deliveries()
    }

    fn read(
        &self,
        delivery: &Delivery,
        sink: &mut dyn FnMut(Reading) -> Result<(), MoneyError>,
    ) -> Result<(), SourceError> {
        self.source.read(delivery, &mut |reading| {
            let rejected = match &reading {
                Reading::Charge(line_item, sums) | Reading::Other(line_item, sums) => {
                    self.rejected(line_item, sums)
                }
                _ => Vec::new(),
            };
            if rejected.is_empty() {
                return sink(reading);
            }
            rejected.into_iter().try_for_each(|it| sink(Reading::Rejected(it)))
        })
    }
}
