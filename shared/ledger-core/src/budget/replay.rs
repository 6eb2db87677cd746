//! The alerts that budgets would have sent on days that are past.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::places::Places;
use super::spending::part_of;
use super::{Budget, Spend, Verdict, judge};
use crate::access::Owners;
use crate::bill::Status;
use crate::money::{Money, MoneyError};
use crate::money_sum::MoneySum;
use crate::period::ChargePeriod;
use crate::question::{LedgerDay, Question, QuestionError, Wanted};
use crate::rollup::Row;

/// A message that a budget would have sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// The day whose cost reached the thresholds.
    pub day: Date,
    /// The verdict at the end of that day.
    pub verdict: Verdict,
    /// The thresholds that were reached on that day, ascending.
    pub thresholds: Vec<u16>,
}

/// The costs of budgets by day, of some days and of the windows that these lie in.
#[derive(Debug)]
pub struct Replay<'a> {
    days: ChargePeriod,
    budgets: Vec<Costs<'a>>,
    places: Places,
    /// The first day of the ledger with data.
    first_day: Option<Date>,
}

#[derive(Debug)]
struct Costs<'a> {
    budget: &'a Budget,
    /// From the first day of the first window.
    period: ChargePeriod,
    owners: Owners,
    by_day: BTreeMap<Date, MoneySum>,
}

impl<'a> Replay<'a> {
    /// Starts without any cost.
    pub fn new(budgets: &'a [Budget], days: ChargePeriod) -> Replay<'a> {
        let mut replay =
            Replay { days, budgets: Vec::new(), places: Places::default(), first_day: None };
        for budget in budgets {
            let first = budget.calendar.containing(days.start());
            let start = first.map_or(days.start(), ChargePeriod::start);
            let before = first.and_then(|it| budget.rolls_over_from(it));
            let start = before.map_or(start, ChargePeriod::start);
            let Ok(period) = ChargePeriod::new(start, days.end()) else { continue };
            let owners = Owners::of_scope(&budget.scope.exact);
            let at = replay.budgets.len();
            replay.places.add(&budget.scope, at);
            replay.budgets.push(Costs { budget, period, owners, by_day: BTreeMap::new() });
        }
        replay
    }

    /// The messages, by day and then in the order of the budgets.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub fn finish(self) -> Result<Vec<Replayed>, MoneyError> {
        let mut replayed = Vec::new();
        for costs in &self.budgets {
            costs.replay(self.days, self.first_day, &mut replayed)?;
        }
        replayed.sort_by_key(|it| it.day);
        Ok(replayed)
    }
}

impl Costs<'_> {
    fn replay(
        &self,
        days: ChargePeriod,
        first_day: Option<Date>,
        replayed: &mut Vec<Replayed>,
    ) -> Result<(), MoneyError> {
        let budget = self.budget;
        let zero = MoneySum::zero(budget.limit.currency());
        let (mut counted, mut cost, mut said) = (None, zero, 0);
        let mut rolled_over = Money::zero(budget.limit.currency());
        for (day, of_day) in &self.by_day {
            let Some(window) = budget.calendar.containing(*day) else { continue };
            let Some(period) = budget.counted(window).filter(|it| it.contains(*day)) else {
                continue;
            };
            if counted != Some(period) {
                (counted, cost, said) = (Some(period), zero, 0);
                rolled_over = self.rolled_over(period, first_day)?;
            }
            cost.add(of_day.total()?)?;
            let limit = budget.limit_of(period);
            let limit = limit.checked_add(rolled_over).unwrap_or(limit);
            let spend = Spend { rolled_over, ..spend_of(period, cost.total()?, *day) };
            let verdict = judge(Budget { limit, ..budget.clone() }, spend);
            let new = verdict.reached.iter().copied().filter(|it| *it > said);
            let thresholds: Vec<u16> = new.collect();
            if let Some(highest) = thresholds.last() {
                said = *highest;
                if days.contains(*day) {
                    replayed.push(Replayed { day: *day, verdict, thresholds });
                }
            }
        }
        Ok(())
    }

    /// The part of its limit that the window before has left.
    fn rolled_over(
        &self,
        period: ChargePeriod,
        first_day: Option<Date>,
    ) -> Result<Money, MoneyError> {
        let mut cost = MoneySum::zero(self.budget.limit.currency());
        let before = self.budget.rolls_over_from(period);
        let is_whole = |it: &ChargePeriod| first_day.is_some_and(|first| first <= it.start());
        let Some(before) = before.filter(is_whole) else {
            return cost.total();
        };
        for (_, of_day) in self.by_day.range(before.start()..before.end()) {
            cost.add(of_day.total()?)?;
        }
        self.budget.rolled_over(period, before, cost.total()?)
    }
}

fn spend_of(period: ChargePeriod, cost: Money, day: Date) -> Spend {
    Spend {
        period,
        cost,
        beside: Vec::new(),
        previous: None,
        is_comparable: false,
        rolled_over: Money::zero(cost.currency()),
        status: Status::Estimated,
        data_up_to: day.tomorrow().ok(),
    }
}

impl Question for Replay<'_> {
    fn wants(&mut self, day: &LedgerDay<'_>) -> Option<Wanted> {
        if day.is_served && self.first_day.is_none_or(|it| day.day < it) {
            self.first_day = Some(day.day);
        }
        let of_day = self.budgets.iter().filter(|it| day.is_served && it.period.contains(day.day));
        let wanted =
            of_day.map(|it| Wanted { level: it.budget.scope.level(), owners: it.owners.clone() });
        wanted.reduce(Wanted::union)
    }

    fn add(&mut self, row: Row<'_>, day: &LedgerDay<'_>) -> Result<(), QuestionError> {
        for at in self.places.of(row, day.day) {
            let Some(costs) = self.budgets.get_mut(at) else { continue };
            let part = part_of(costs.budget, costs.period, row, day.day);
            let currency = costs.budget.limit.currency();
            let Some(part) = part.filter(|it| it.currency() == currency) else { continue };
            costs.by_day.entry(day.day).or_insert_with(|| MoneySum::zero(currency)).add(part)?;
        }
        Ok(())
    }
}
