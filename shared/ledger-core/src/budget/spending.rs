//! The spending of budgets, summed for all of them in one pass.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::places::Places;
use super::spend_day::{SpendDay, summed};
use super::windows::same_part;
use super::{Budget, BudgetWindow, Spend, Verdict, judge};
use crate::access::Owners;
use crate::bill::Status;
use crate::currency::Currency;
use crate::money::{Money, MoneyError};
use crate::money_sum::MoneySum;
use crate::period::ChargePeriod;
use crate::question::{LedgerDay, Question, QuestionError, Wanted};
use crate::rollup::Row;

/// Days of all windows together that are summed one by one: 48 bytes each.
const DAYS_MAX: i64 = 500_000;

/// The spending of windows of budgets, and of the windows before them up to the same day.
#[derive(Debug)]
pub struct BudgetSpending<'a> {
    sums: Vec<Sum<'a>>,
    places: Places,
    periods: BTreeMap<ChargePeriod, OfPeriod>,
    windows: Vec<WindowSums>,
    /// Days with data.
    known: BTreeSet<Date>,
    /// The first day of the ledger with data.
    first_day: Option<Date>,
    data_up_to: Option<Date>,
}

/// The places of a window's sums.
#[derive(Debug)]
struct WindowSums {
    cost: usize,
    previous: Previous,
    /// The window before, where what it left counts.
    rolls_over: Option<usize>,
}

/// The window before, as far as there is one.
#[derive(Clone, Copy, Debug)]
enum Previous {
    None,
    /// No day of the window has data, and so none of the window before is compared.
    NotYet,
    Sum(usize),
}

/// All sums of a period.
#[derive(Debug)]
struct OfPeriod {
    wanted: Wanted,
    has_data: bool,
}

#[derive(Debug)]
struct Sum<'a> {
    budget: &'a Budget,
    period: ChargePeriod,
    cost: MoneySum,
    /// By day, in the order in which the days were read, where that is asked for.
    by_day: Option<Vec<(Date, MoneySum)>>,
    /// In other currencies.
    beside: BTreeMap<Currency, MoneySum>,
    weakest: Status,
}

impl<'a> BudgetSpending<'a> {
    /// Starts without any cost. `data_up_to` is the end of the last day with data.
    pub fn new(windows: &[BudgetWindow<'a>], data_up_to: Option<Date>) -> BudgetSpending<'a> {
        let mut spending = BudgetSpending {
            sums: Vec::new(),
            places: Places::default(),
            periods: BTreeMap::new(),
            windows: Vec::new(),
            known: BTreeSet::new(),
            first_day: None,
            data_up_to,
        };
        for BudgetWindow { budget, period } in windows {
            let whole = budget.calendar.containing(period.start());
            let previous = whole.filter(|it| it == period);
            let previous = previous.and_then(|it| budget.calendar.previous(it));
            let cost = spending.start_sum(budget, *period);
            let previous = match previous.map(|it| same_part(it, *period, data_up_to)) {
                Some(Some(elapsed)) => Previous::Sum(spending.start_sum(budget, elapsed)),
                Some(None) => Previous::NotYet,
                None => Previous::None,
            };
            let before = budget.rolls_over_from(*period);
            let rolls_over = before.map(|it| spending.start_sum(budget, it));
            spending.windows.push(WindowSums { cost, previous, rolls_over });
        }
        spending
    }

    /// The windows, in their order.
    pub fn windows(&self) -> Vec<BudgetWindow<'a>> {
        let sums = self.windows.iter().filter_map(|it| self.sums.get(it.cost));
        sums.map(|it| BudgetWindow { budget: it.budget, period: it.period }).collect()
    }

    fn start_sum(&mut self, budget: &'a Budget, period: ChargePeriod) -> usize {
        let at = self.sums.len();
        self.places.add(&budget.scope, at);
        let owners = Owners::of_scope(&budget.scope.exact);
        let part = Wanted { level: budget.scope.level(), owners };
        match self.periods.entry(period) {
            Entry::Vacant(entry) => {
                entry.insert(OfPeriod { wanted: part, has_data: false });
            }
            Entry::Occupied(mut entry) => {
                let of_period = entry.get_mut();
                of_period.wanted = of_period.wanted.clone().union(part);
            }
        }
        let cost = MoneySum::zero(budget.limit.currency());
        let weakest = Status::Final;
        let beside = BTreeMap::new();
        self.sums.push(Sum { budget, period, cost, by_day: None, beside, weakest });
        at
    }

    /// Sums each day of the windows too, unless these have very many.
    #[must_use]
    pub fn by_day(mut self) -> BudgetSpending<'a> {
        let places: Vec<usize> = self.windows.iter().map(|it| it.cost).collect();
        let sums = || places.iter().filter_map(|at| self.sums.get(*at));
        if sums().map(|it| it.period.day_count()).sum::<i64>() <= DAYS_MAX {
            for at in places {
                if let Some(sum) = self.sums.get_mut(at) {
                    sum.by_day = Some(Vec::new());
                }
            }
        }
        self
    }

    /// Whether each day of the windows is summed too.
    pub fn is_by_day(&self) -> bool {
        self.sums.iter().any(|it| it.by_day.is_some())
    }

    /// The days of a window, by its place among the windows, from the first to the last one with data. `None`
    /// where days are not summed.
    ///
    /// - **Invariant:** the total of the last day is the spend that the window is judged by.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub fn days(&self, window: usize) -> Result<Option<Vec<SpendDay>>, MoneyError> {
        let sum = self.windows.get(window).and_then(|it| self.sums.get(it.cost));
        let Some((sum, by_day)) = sum.and_then(|it| Some((it, it.by_day.as_ref()?))) else {
            return Ok(None);
        };
        let by_day: BTreeMap<Date, MoneySum> = by_day.iter().copied().collect();
        let cost_of = |day| by_day.get(&day).map(|it| it.total()).transpose();
        summed(sum.period, &self.known, sum.budget.limit.currency(), cost_of).map(Some)
    }

    /// The verdicts, in the order of the windows.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub fn finish(self) -> Result<Vec<Verdict>, MoneyError> {
        self.verdicts()
    }

    /// As [`BudgetSpending::finish`], of what was added so far.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub fn verdicts(&self) -> Result<Vec<Verdict>, MoneyError> {
        let BudgetSpending { sums, periods, windows, data_up_to, .. } = self;
        let mut verdicts = Vec::new();
        for window in windows {
            if let Some(sum) = sums.get(window.cost) {
                let spend = Spend {
                    period: sum.period,
                    cost: sum.cost.total()?,
                    beside: sum.beside()?,
                    previous: match window.previous {
                        Previous::None => None,
                        Previous::NotYet => Some(Money::zero(sum.budget.limit.currency())),
                        Previous::Sum(at) => sums.get(at).map(|it| it.cost.total()).transpose()?,
                    },
                    is_comparable: self.is_comparable(sum, window),
                    rolled_over: self.rolled_over(sum, window)?,
                    status: sum.status(periods),
                    data_up_to: *data_up_to,
                };
                // A limit at the end of the range of money stays within it.
                let limit = sum.budget.limit_of(sum.period);
                let limit = limit.checked_add(spend.rolled_over).unwrap_or(limit);
                verdicts.push(judge(Budget { limit, ..sum.budget.clone() }, spend));
            }
        }
        Ok(verdicts)
    }
}

impl BudgetSpending<'_> {
    /// Whether the ledger has a period from its first day on: the days before the first bill have no cost that is
    /// known.
    fn is_whole(&self, period: ChargePeriod) -> bool {
        self.first_day.is_some_and(|it| it <= period.start())
    }

    /// Whether the sum of the window before is of as many days as that of this one.
    fn is_comparable(&self, sum: &Sum<'_>, window: &WindowSums) -> bool {
        let Previous::Sum(at) = window.previous else { return false };
        let Some(before) = self.sums.get(at).map(|it| it.period) else { return false };
        let end = self.data_up_to.map(|it| it.min(sum.period.end()));
        let so_far = end.and_then(|it| ChargePeriod::new(sum.period.start(), it).ok());
        self.is_whole(before) && so_far.is_some_and(|it| it.day_count() == before.day_count())
    }

    /// The part of its limit that the window before has left; nothing of one that the ledger has in part.
    fn rolled_over(&self, sum: &Sum<'_>, window: &WindowSums) -> Result<Money, MoneyError> {
        let before = window.rolls_over.and_then(|it| self.sums.get(it));
        match before.filter(|it| self.is_whole(it.period)) {
            Some(before) => sum.budget.rolled_over(sum.period, before.period, before.cost.total()?),
            None => Ok(Money::zero(sum.budget.limit.currency())),
        }
    }
}

/// Adds to the sum of a day. All rows of a day of a bill are added together, so it is mostly the last one.
fn add_to_day(sums: &mut Vec<(Date, MoneySum)>, day: Date, part: Money) -> Result<(), MoneyError> {
    let known = sums.iter().rposition(|(it, _)| *it == day);
    let at = known.unwrap_or_else(|| {
        sums.push((day, MoneySum::zero(part.currency())));
        sums.len() - 1
    });
    sums.get_mut(at).map_or(Ok(()), |(_, sum)| sum.add(part))
}

impl Question for BudgetSpending<'_> {
    fn wants(&mut self, day: &LedgerDay<'_>) -> Option<Wanted> {
        let mut wanted: Option<Wanted> = None;
        if day.is_served && self.first_day.is_none_or(|it| day.day < it) {
            self.first_day = Some(day.day);
        }
        let of_day = self.periods.iter_mut().filter(|(period, _)| period.contains(day.day));
        for (_, of_period) in of_day.filter(|_| day.is_served) {
            of_period.has_data = true;
            self.known.insert(day.day);
            let part = of_period.wanted.clone();
            wanted = Some(match wanted {
                Some(wanted) => wanted.union(part),
                None => part,
            });
        }
        wanted
    }

    fn add(&mut self, row: Row<'_>, day: &LedgerDay<'_>) -> Result<(), QuestionError> {
        for at in self.places.of(row, day.day) {
            if let Some(sum) = self.sums.get_mut(at) {
                sum.add(row, day)?;
            }
        }
        Ok(())
    }
}

impl Sum<'_> {
    fn add(&mut self, row: Row<'_>, day: &LedgerDay<'_>) -> Result<(), QuestionError> {
        let Some(part) = part_of(self.budget, self.period, row, day.day) else { return Ok(()) };
        let currency = part.currency();
        if currency == self.budget.limit.currency() {
            self.cost.add(part)?;
            if let Some(by_day) = &mut self.by_day {
                add_to_day(by_day, day.day, part)?;
            }
            self.weakest = self.weakest.min(day.status());
        } else {
            self.beside.entry(currency).or_insert_with(|| MoneySum::zero(currency)).add(part)?;
        }
        Ok(())
    }

    /// The cost in other currencies; none of it is zero.
    fn beside(&self) -> Result<Vec<Money>, MoneyError> {
        let totals: Result<Vec<Money>, MoneyError> =
            self.beside.values().map(|it| it.total()).collect();
        Ok(totals?.into_iter().filter(|it| !it.is_zero()).collect())
    }

    fn status(&self, periods: &BTreeMap<ChargePeriod, OfPeriod>) -> Status {
        if periods.get(&self.period).is_some_and(|it| it.has_data) {
            self.weakest.min(Status::Billed)
        } else {
            Status::Estimated
        }
    }
}

/// The part of a row that is in a budget's scope, in whatever currency it is.
pub(super) fn part_of(
    budget: &Budget,
    period: ChargePeriod,
    row: Row<'_>,
    day: Date,
) -> Option<Money> {
    let counts = period.contains(day) && budget.scope.contains(row, day);
    counts.then(|| row.measures().costs.of(budget.cost_kind))
}
