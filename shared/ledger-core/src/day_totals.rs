//! Running totals of the days of a bill.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::bill_rollups::DayState;
use crate::cost::Amortization;
use crate::currency::Currency;
use crate::day_sum::DaySum;
use crate::money::MoneyError;
use crate::rollup::DayTotal;

/// Totals of AI lines and of all others, by day and currency.
#[derive(Debug, Default)]
pub(crate) struct DayTotals {
    /// By currency and whether the lines are for AI; then by day.
    sums: BTreeMap<(Currency, bool), Vec<DaySum>>,
    /// The amortization of a day's AI lines.
    amortized: BTreeMap<(Currency, Date), Amortization>,
    /// Days whose figures may change.
    estimated: BTreeSet<Date>,
}

impl DayTotals {
    /// Adds sums to the totals of their days.
    pub(crate) fn add(
        &mut self,
        currency: Currency,
        is_ai: bool,
        sums: &[DaySum],
    ) -> Result<(), MoneyError> {
        let totals = self.sums.entry((currency, is_ai)).or_default();
        let mut next = 0;
        for sum in sums {
            // Sums mostly arrive in order of days.
            let is_next = totals.get(next).is_some_and(|it| it.day() == sum.day());
            let found = match is_next {
                true => Ok(next),
                false => totals.binary_search_by_key(&sum.day(), DaySum::day),
            };
            let place = found.unwrap_or_else(|place| {
                totals.insert(place, DaySum::zero(sum.day()));
                place
            });
            next = place + 1;
            let total = totals.get_mut(place).ok_or(MoneyError::Broken("the total of a day"))?;
            total.add_amounts(sum)?;
            total.check_range()?;
        }
        Ok(())
    }

    /// Marks days as estimated: their figures may change.
    pub(crate) fn mark_estimated(&mut self, sums: &[DaySum]) {
        self.estimated.extend(sums.iter().map(DaySum::day));
    }

    /// Adds to the amortization of a day's AI lines.
    pub(crate) fn amortize(
        &mut self,
        currency: Currency,
        day: Date,
        added: Amortization,
    ) -> Result<(), MoneyError> {
        if added.is_zero() {
            return Ok(());
        }
        let sum = self.amortized.entry((currency, day)).or_default();
        *sum = sum.checked_add(&added)?;
        Ok(())
    }

    /// The days with their totals.
    pub(crate) fn finish(self) -> Result<BTreeMap<Date, DayState>, MoneyError> {
        let mut states: BTreeMap<Date, DayState> = BTreeMap::new();
        for ((currency, is_ai), sums) in self.sums {
            for sum in sums {
                let state = states.entry(sum.day()).or_default();
                let zero = || DayTotal::zero(currency);
                let total = state.totals.entry(currency).or_insert_with(zero);
                let (costs, line_count) = match is_ai {
                    true => (&mut total.ai, &mut total.ai_line_count),
                    false => (&mut total.other, &mut total.other_line_count),
                };
                *costs = sum.costs(currency)?;
                *line_count = sum.line_count();
            }
        }
        for day in self.estimated {
            states.entry(day).or_default().estimated = true;
        }
        for ((currency, day), added) in self.amortized {
            let total = states.get_mut(&day).and_then(|it| it.totals.get_mut(&currency));
            let total = total.ok_or(MoneyError::Broken("the total of an amortized line"))?;
            total.ai = total.ai.amortized_by(added)?;
        }
        Ok(states)
    }
}
