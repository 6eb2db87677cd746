//! The spend of a window, day by day.

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

/// The days of a window up to one of them, each with its cost and the spend so far.
pub(super) fn summed(
    window: ChargePeriod,
    last: Date,
    currency: Currency,
    cost_of: impl Fn(Date) -> Result<Option<Money>, MoneyError>,
) -> Result<Vec<SpendDay>, MoneyError> {
    let mut sum = MoneySum::zero(currency);
    let mut days = Vec::new();
    for day in window.days().take_while(|it| *it <= last) {
        let cost = cost_of(day)?.unwrap_or(Money::zero(currency));
        sum.add(cost)?;
        days.push(SpendDay { day, cost, total: sum.total()? });
    }
    Ok(days)
}
