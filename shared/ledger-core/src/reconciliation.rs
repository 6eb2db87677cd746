//! The bill and Cost Explorer side by side: a difference that is shown, never added.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::bill::BillHead;
use crate::cost::CostKind;
use crate::currency::Currency;
use crate::line_item::Source;
use crate::money::{Money, MoneyError};
use crate::period::ChargePeriod;

/// Days after which two sources should agree: Marketplace-billed models were seen to settle later
/// than 48 hours.
pub const SETTLING_DAYS: i64 = 3;

/// One day as both sources tell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReconciledDay {
    /// The day.
    pub day: Date,
    /// The AI lines of the bill.
    pub bill: Money,
    /// The AI services in Cost Explorer.
    pub cost_explorer: Money,
    /// The bill less Cost Explorer.
    pub difference: Money,
    /// The difference in percent of the bill; `None` when the bill is zero.
    pub percent: Option<Decimal>,
    /// Whether the day is old enough for the two to agree.
    pub settled: bool,
}

/// Lays the days of a period that both sources tell of side by side.
///
/// # Errors
///
/// [`MoneyError::OutOfRange`].
pub fn reconcile(
    heads: &[BillHead],
    period: ChargePeriod,
    cost_kind: CostKind,
    today: Date,
) -> Result<Vec<ReconciledDay>, MoneyError> {
    let bill = by_day(heads, &Source::Cur, period, cost_kind)?;
    let explorer = by_day(heads, &Source::CostExplorer, period, cost_kind)?;
    let mut days = Vec::new();
    for ((day, currency), cost_explorer) in explorer {
        let Some(billed) = bill.get(&(day, currency)).copied() else { continue };
        let difference = billed.checked_sub(cost_explorer)?;
        days.push(ReconciledDay {
            day,
            bill: billed,
            cost_explorer,
            difference,
            percent: difference.percent_of(billed),
            settled: day.checked_add(SETTLING_DAYS.days()).is_ok_and(|it| it < today),
        });
    }
    Ok(days)
}

fn by_day(
    heads: &[BillHead],
    source: &Source,
    period: ChargePeriod,
    cost_kind: CostKind,
) -> Result<BTreeMap<(Date, Currency), Money>, MoneyError> {
    let mut sums = BTreeMap::new();
    for head in heads.iter().filter(|head| head.bill.source == *source) {
        for (day, state) in head.days.range(period.start()..period.end()) {
            for (currency, total) in &state.totals {
                let sum = sums.entry((*day, *currency)).or_insert_with(|| Money::zero(*currency));
                *sum = sum.checked_add(total.ai.of(cost_kind))?;
            }
        }
    }
    Ok(sums)
}
