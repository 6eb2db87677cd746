//! The spend of a window, day by day.

use std::collections::BTreeSet;

use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::currency::Currency;
use crate::money::{Money, MoneyError};
use crate::money_sum::MoneySum;
use crate::period::ChargePeriod;

/// The spend of a window at the end of one of its days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpendDay {
    /// The day.
    pub day: Date,
    /// The cost of the day.
    pub cost: Money,
    /// The cost from the first day of the window to this one.
    pub total: Money,
}

/// The days of a window from the first to the last one with data, each with its cost and the spend so far.
pub(super) fn summed(
    window: ChargePeriod,
    known: &BTreeSet<Date>,
    currency: Currency,
    cost_of: impl Fn(Date) -> Result<Option<Money>, MoneyError>,
) -> Result<Vec<SpendDay>, MoneyError> {
    let mut known = known.range(window.start()..window.end());
    let Some(first) = known.next() else { return Ok(Vec::new()) };
    let last = known.next_back().unwrap_or(first);
    let mut sum = MoneySum::zero(currency);
    let mut days = Vec::new();
    for day in first.series(1.day()).take_while(|it| it <= last) {
        let cost = cost_of(day)?.unwrap_or(Money::zero(currency));
        sum.add(cost)?;
        days.push(SpendDay { day, cost, total: sum.total()? });
    }
    Ok(days)
}
