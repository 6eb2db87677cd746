//! The bill and the quick look side by side: a difference that is shown, never added.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::Date;

use crate::access::Owners;
use crate::bill::{BillHead, reached_by_higher};
use crate::cost::CostKind;
use crate::currency::Currency;
use crate::money::{Money, MoneyError};
use crate::money_sum::MoneySum;
use crate::percent::Percent;
use crate::period::ChargePeriod;
use crate::question::{LedgerDay, Question, QuestionError, Wanted};
use crate::rollup::Row;
use crate::source::{Rank, Source};

/// Days after which two sources should agree: models of other sellers were seen to settle later
/// than 48 hours.
pub const SETTLING_DAYS: i64 = 3;

/// A larger difference than this on a settled day, as a share of the bill, is worth a look: rounding
/// and the order of refreshes stay far below.
pub const TOLERANCE: Percent = Percent::whole(1);

/// The same charges in both sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compared {
    /// The AI lines of the bill.
    pub bill: Money,
    /// The AI services in the quick look.
    pub quick_look: Money,
    /// The bill less the quick look.
    pub difference: Money,
    /// The difference in percent of the bill; `None` when the bill is zero.
    pub percent: Option<Percent>,
}

impl Compared {
    fn new(bill: Money, quick_look: Money) -> Result<Compared, MoneyError> {
        let difference = bill.checked_sub(quick_look)?;
        Ok(Compared { bill, quick_look, difference, percent: Percent::of(difference, bill) })
    }

    fn is_beyond_tolerance(&self) -> bool {
        !self.difference.is_zero() && self.percent.is_none_or(|it| it.abs() > TOLERANCE)
    }
}

/// One day in both sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReconciledDay {
    /// The day.
    pub day: Date,
    /// All AI services together.
    pub total: Compared,
    /// Each service by the name its money appears under; what one source alone names is zero in the
    /// other.
    pub services: BTreeMap<Arc<str>, Compared>,
    /// Whether the day is old enough for the two to agree.
    pub settled: bool,
}

impl ReconciledDay {
    /// Whether the two differ by more than [`TOLERANCE`] though they had time to agree, on
    /// the day or on one of its services.
    pub fn is_suspicious(&self) -> bool {
        let mut compared = std::iter::once(&self.total).chain(self.services.values());
        self.settled && compared.any(Compared::is_beyond_tolerance)
    }

    /// The services that the two do not say the same of.
    pub fn differing_services(&self) -> impl Iterator<Item = (&Arc<str>, &Compared)> {
        self.services.iter().filter(|(_, it)| !it.difference.is_zero())
    }
}

/// The days of a period that both sources have, side by side: their totals from the heads of bills,
/// their services from the rows of the days.
#[derive(Debug)]
pub struct Reconciliation {
    cost_kind: CostKind,
    days: BTreeMap<(Date, Currency), Draft>,
}

/// A day that rows are still added to.
#[derive(Debug)]
struct Draft {
    total: Compared,
    settled: bool,
    /// By service: the sum of the bill, and that of the quick look.
    services: BTreeMap<Arc<str>, [MoneySum; 2]>,
}

impl Reconciliation {
    /// Compares the totals of days.
    ///
    /// A bill covers every day up to its last: one that it leaves out has no cost.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub fn new(
        heads: &[BillHead],
        period: ChargePeriod,
        cost_kind: CostKind,
        today: Date,
    ) -> Result<Reconciliation, MoneyError> {
        let bill = by_day(heads, &Source::AWS_BILL, period, cost_kind)?;
        let quick_looks = by_day(heads, &Source::AWS_QUICK_LOOK, period, cost_kind)?;
        let mut days = BTreeMap::new();
        for ((day, currency), quick_look) in quick_looks {
            let billed = match bill.get(&(day, currency)) {
                Some(billed) => *billed,
                // A day billed in another currency does not compare; one without any lines does.
                None if is_left_out(heads, day) => Money::zero(currency),
                None => continue,
            };
            let total = Compared::new(billed, quick_look)?;
            let settled = day.checked_add(SETTLING_DAYS.days()).is_ok_and(|it| it < today);
            days.insert((day, currency), Draft { total, settled, services: BTreeMap::new() });
        }
        Ok(Reconciliation { cost_kind, days })
    }

    /// The days in order.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub fn finish(self) -> Result<Vec<ReconciledDay>, MoneyError> {
        let mut days = Vec::new();
        for ((day, _), Draft { total, settled, services }) in self.days {
            let mut compared = BTreeMap::new();
            for (service, [bill, quick_look]) in services {
                compared.insert(service, Compared::new(bill.total()?, quick_look.total()?)?);
            }
            days.push(ReconciledDay { day, total, services: compared, settled });
        }
        Ok(days)
    }
}

impl Question for Reconciliation {
    /// A compared day of either source, whichever of the two is served.
    fn wants(&mut self, day: &LedgerDay<'_>) -> Option<Wanted> {
        let is_compared = [Source::AWS_BILL, Source::AWS_QUICK_LOOK].contains(day.source())
            && self.days.keys().any(|(compared, _)| *compared == day.day);
        is_compared.then(|| Wanted::summary(Owners::All))
    }

    fn add(&mut self, row: Row<'_>, day: &LedgerDay<'_>) -> Result<(), QuestionError> {
        let charge = &row.summary().charge;
        let currency = charge.currency;
        // A currency that one source alone has on this day is not compared.
        let Some(compared) = self.days.get_mut(&(day.day, currency)) else { return Ok(()) };
        let service = &charge.service;
        if !compared.services.contains_key(service) {
            compared.services.insert(Arc::clone(service), [MoneySum::zero(currency); 2]);
        }
        if let Some([bill, quick_look]) = compared.services.get_mut(service) {
            let sum = match day.source().rank() {
                Some(Rank::QuickLook) => quick_look,
                _ => bill,
            };
            sum.add(row.measures().costs.of(self.cost_kind))?;
        }
        Ok(())
    }
}

/// Whether the bills reach beyond a day of the quick look and none has a line of it.
fn is_left_out(heads: &[BillHead], day: Date) -> bool {
    let of = |source: Source| heads.iter().filter(move |head| head.bill.source == source);
    let has_lines = of(Source::AWS_BILL).any(|head| head.days.contains_key(&day));
    let mut quick_looks = of(Source::AWS_QUICK_LOOK).filter(|head| head.days.contains_key(&day));
    !has_lines && quick_looks.all(|head| reached_by_higher(heads, &head.bill, day))
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
    use crate::line_item::LineItem;
    use crate::question::ledger_days;
    use crate::testing::*;

    fn billed(period: &str, days: &[(&str, &str)]) -> BillHead {
        head(bill(Source::AWS_BILL, period, "123456789012"), days)
    }

    fn quick_look(days: &[(&str, &str)]) -> BillHead {
        head(bill(Source::AWS_QUICK_LOOK, "2026-10", "unknown"), days)
    }

    /// The days of October as `day bill quick_look difference percent settled`, on the 8th.
    #[track_caller]
    fn check(heads: &[BillHead], expected: &[&str]) {
        let period = span("2026-10-01", "2026-11-01");
        let today = date("2026-10-08");
        let days = Reconciliation::new(heads, period, CostKind::Unblended, today).unwrap().finish();
        let days = days.unwrap();
        let days: Vec<String> = days
            .iter()
            .map(|it| {
                let total = it.total;
                let percent = total.percent.map_or("-".to_owned(), |it| it.to_string());
                let (bill, quick_look) = (total.bill.amount(), total.quick_look.amount());
                let difference = total.difference.amount();
                format!("{} {bill} {quick_look} {difference} {percent} {}", it.day, it.settled)
            })
            .collect();
        assert_eq!(days, expected);
    }

    #[test]
    fn the_difference_is_the_bill_less_the_quick_look() {
        check(
            &[
                billed("2026-10", &[("2026-10-01", "10"), ("2026-10-02", "8")]),
                quick_look(&[("2026-10-01", "9.5"), ("2026-10-02", "10")]),
            ],
            &["2026-10-01 10 9.5 0.5 5 true", "2026-10-02 8 10 -2 -25 true"],
        );
    }

    #[test]
    fn a_day_is_settled_when_three_days_lie_behind_it() {
        let days = [("2026-10-04", "1"), ("2026-10-05", "1")];
        check(
            &[billed("2026-10", &days), quick_look(&days)],
            &["2026-10-04 1 1 0 0 true", "2026-10-05 1 1 0 0 false"],
        );
    }

    #[test]
    fn days_of_one_source_alone_are_left_out() {
        check(
            &[billed("2026-10", &[("2026-10-01", "1")]), quick_look(&[("2026-10-02", "1")])],
            &[],
        );
    }

    #[test]
    fn a_day_that_the_bill_passes_over_is_a_day_without_cost() {
        check(
            &[billed("2026-10", &[("2026-10-03", "1")]), quick_look(&[("2026-10-02", "4")])],
            &["2026-10-02 0 4 -4 - true"],
        );
    }

    #[test]
    fn a_late_charge_on_the_next_bill_is_part_of_its_day() {
        check(
            &[
                billed("2026-10", &[("2026-10-01", "1")]),
                billed("2026-11", &[("2026-10-01", "2")]),
                quick_look(&[("2026-10-01", "3")]),
            ],
            &["2026-10-01 3 3 0 0 true"],
        );
    }

    #[test]
    fn services_that_differ_are_named_even_if_the_day_agrees() {
        let days = [("2026-10-01", "3")];
        let heads = [billed("2026-10", &days), quick_look(&days)];
        let period = span("2026-10-01", "2026-11-01");
        let today = date("2026-10-08");
        let mut both = Reconciliation::new(&heads, period, CostKind::Unblended, today).unwrap();
        let days = ledger_days(&heads);
        for (at, amounts) in [["1", "2"], ["2", "1"]].into_iter().enumerate() {
            assert_eq!(both.wants(&days[at]), Some(Wanted::summary(Owners::All)));
            let services = ["Amazon Bedrock", "Nova (Amazon Bedrock Edition)"];
            for (service, cost) in services.into_iter().zip(amounts) {
                let line = LineItem { service: service.into(), ..line_of(GATEWAY, cost) };
                let (ledger, _) = ledger_of(&[line], &rules(&[]));
                for (_, rollup) in rollups_of(&ledger, false) {
                    both.add(rollup.row(), &days[at]).unwrap();
                }
            }
        }
        let days = both.finish().unwrap();
        let differing: Vec<(&str, String)> = days[0]
            .differing_services()
            .map(|(service, it)| (&**service, it.difference.amount().to_string()))
            .collect();
        let expected = [("Amazon Bedrock", "-1"), ("Nova (Amazon Bedrock Edition)", "1")];
        assert_eq!(differing, expected.map(|(service, it)| (service, it.to_owned())));
        assert!(days[0].total.difference.is_zero() && days[0].is_suspicious());
    }
}
