//! The bill and Cost Explorer side by side: a difference that is shown, never added.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::bill::{BillHead, reached_by_bill};
use crate::cost::CostKind;
use crate::currency::Currency;
use crate::line_item::Source;
use crate::money::{Money, MoneyError};
use crate::period::ChargePeriod;

/// Days after which two sources should agree: Marketplace-billed models were seen to settle later
/// than 48 hours.
pub const SETTLING_DAYS: i64 = 3;

/// A larger difference than this on a settled day, in percent of the bill, is worth a look: rounding
/// and the order of refreshes stay far below.
pub const TOLERANCE_PERCENT: Decimal = Decimal::ONE;

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

impl ReconciledDay {
    /// Whether the two differ by more than [`TOLERANCE_PERCENT`] though they had time to agree.
    pub fn is_suspicious(&self) -> bool {
        self.settled
            && !self.difference.is_zero()
            && self.percent.is_none_or(|it| it.abs() > TOLERANCE_PERCENT)
    }
}

/// Lays the days of a period that both sources tell of side by side.
///
/// A bill tells of every day up to its last: one that it leaves out has no cost on it.
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
        let billed = match bill.get(&(day, currency)) {
            Some(billed) => *billed,
            // A day billed in another currency does not compare; one without any lines does.
            None if is_left_out(heads, day) => Money::zero(currency),
            None => continue,
        };
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

/// Whether the bills reach beyond a day that Cost Explorer tells of and none has a line of it.
fn is_left_out(heads: &[BillHead], day: Date) -> bool {
    let of = |source: Source| heads.iter().filter(move |head| head.bill.source == source);
    let has_lines = of(Source::Cur).any(|head| head.days.contains_key(&day));
    let mut explorers = of(Source::CostExplorer).filter(|head| head.days.contains_key(&day));
    !has_lines && explorers.all(|head| reached_by_bill(heads, &head.bill, day))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line_item::UNKNOWN_PAYER;
    use crate::testing::*;

    fn cur(period: &str, days: &[(&str, &str)]) -> BillHead {
        head(bill(Source::Cur, period, "123456789012"), days)
    }

    fn explorer(days: &[(&str, &str)]) -> BillHead {
        head(bill(Source::CostExplorer, "2026-10", UNKNOWN_PAYER), days)
    }

    /// The days of October as `day bill explorer difference percent settled`, on the 8th.
    #[track_caller]
    fn check(heads: &[BillHead], expected: &[&str]) {
        let period = span("2026-10-01", "2026-11-01");
        let days = reconcile(heads, period, CostKind::Unblended, date("2026-10-08")).unwrap();
        let days: Vec<String> = days
            .iter()
            .map(|it| {
                let percent = it.percent.map_or("-".to_owned(), |it| it.normalize().to_string());
                let (bill, explorer) = (it.bill.amount(), it.cost_explorer.amount());
                let difference = it.difference.amount();
                format!("{} {bill} {explorer} {difference} {percent} {}", it.day, it.settled)
            })
            .collect();
        assert_eq!(days, expected);
    }

    #[test]
    fn the_difference_is_the_bill_less_cost_explorer() {
        check(
            &[
                cur("2026-10", &[("2026-10-01", "10"), ("2026-10-02", "8")]),
                explorer(&[("2026-10-01", "9.5"), ("2026-10-02", "10")]),
            ],
            &["2026-10-01 10 9.5 0.5 5 true", "2026-10-02 8 10 -2 -25 true"],
        );
    }

    #[test]
    fn a_day_is_settled_when_three_days_lie_behind_it() {
        let days = [("2026-10-04", "1"), ("2026-10-05", "1")];
        check(
            &[cur("2026-10", &days), explorer(&days)],
            &["2026-10-04 1 1 0 0 true", "2026-10-05 1 1 0 0 false"],
        );
    }

    #[test]
    fn days_that_one_source_alone_tells_of_are_left_out() {
        check(&[cur("2026-10", &[("2026-10-01", "1")]), explorer(&[("2026-10-02", "1")])], &[]);
    }

    #[test]
    fn a_day_that_the_bill_passes_over_is_a_day_without_cost() {
        check(
            &[cur("2026-10", &[("2026-10-03", "1")]), explorer(&[("2026-10-02", "4")])],
            &["2026-10-02 0 4 -4 - true"],
        );
    }

    #[test]
    fn a_late_charge_on_the_next_bill_is_part_of_its_day() {
        check(
            &[
                cur("2026-10", &[("2026-10-01", "1")]),
                cur("2026-11", &[("2026-10-01", "2")]),
                explorer(&[("2026-10-01", "3")]),
            ],
            &["2026-10-01 3 3 0 0 true"],
        );
    }
}
