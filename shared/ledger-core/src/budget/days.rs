//! The cost of budgets by day: of their windows, and of days before these where a forecast needs them.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::Budget;
use super::places::Places;
use super::spend_day::{SpendDay, summed};
use super::spending::part_of;
use crate::access::Owners;
use crate::currency::Currency;
use crate::daily_costs::{DaySums, Gathered, day_costs};
use crate::money::MoneyError;
use crate::period::ChargePeriod;
use crate::question::{LedgerDay, Question, QuestionError, Wanted};
use crate::rollup::Row;

/// Gathers the costs of budgets by day, of all of them in one pass.
#[derive(Debug, Default)]
pub struct BudgetDays<'a> {
    asked: Vec<Asked<'a>>,
    places: Places,
    periods: BTreeMap<ChargePeriod, Wanted>,
    known: BTreeSet<Date>,
}

#[derive(Debug)]
struct Asked<'a> {
    budget: &'a Budget,
    period: ChargePeriod,
    by_day: BTreeMap<Date, DaySums>,
}

impl<'a> BudgetDays<'a> {
    /// Asks for the days of a period, in the currency of the budget's limit.
    pub fn add(&mut self, budget: &'a Budget, period: ChargePeriod) {
        self.places.add(&budget.scope, self.asked.len());
        let owners = Owners::of_scope(&budget.scope.exact);
        let part = Wanted { level: budget.scope.level(), owners };
        match self.periods.entry(period) {
            Entry::Vacant(entry) => {
                entry.insert(part);
            }
            Entry::Occupied(mut entry) => {
                let wanted = entry.get_mut();
                *wanted = wanted.clone().union(part);
            }
        }
        self.asked.push(Asked { budget, period, by_day: BTreeMap::new() });
    }

    /// The costs, in the order in which they were asked for.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub fn finish(self) -> Result<Vec<Gathered>, MoneyError> {
        let BudgetDays { asked, known, .. } = self;
        let gathered = |Asked { budget, period, by_day }: Asked<'_>| {
            let known = known.range(period.start()..period.end()).copied().collect();
            let days = day_costs(by_day)?;
            let has_cost = !days.is_empty();
            let of_limit = has_cost.then_some((budget.limit.currency(), days));
            Ok(Gathered { known, by_currency: of_limit.into_iter().collect() })
        };
        asked.into_iter().map(gathered).collect()
    }
}

impl Question for BudgetDays<'_> {
    fn wants(&mut self, day: &LedgerDay<'_>) -> Option<Wanted> {
        let of_day = self.periods.iter().filter(|(it, _)| day.is_served && it.contains(day.day));
        let wanted = of_day.map(|(_, it)| it.clone()).reduce(Wanted::union)?;
        self.known.insert(day.day);
        Some(wanted)
    }

    fn add(&mut self, row: Row<'_>, day: &LedgerDay<'_>) -> Result<(), QuestionError> {
        for at in self.places.of(row, day.day) {
            let Some(Asked { budget, period, by_day }) = self.asked.get_mut(at) else { continue };
            let currency = budget.limit.currency();
            let part = part_of(budget, *period, row, day.day);
            let Some(cost) = part.filter(|it| it.currency() == currency) else { continue };
            by_day.entry(day.day).or_insert_with(|| DaySums::zero(currency)).add(row, cost)?;
        }
        Ok(())
    }
}

/// The spend of a window day by day, from the first to the last of its days that has data.
///
/// - **Invariant:** the total of the last day is the spend that the window is judged by.
///
/// # Errors
///
/// [`MoneyError::OutOfRange`].
pub fn spend_by_day(
    gathered: &Gathered,
    currency: Currency,
    window: ChargePeriod,
) -> Result<Vec<SpendDay>, MoneyError> {
    let costs = gathered.by_currency.get(&currency);
    summed(window, &gathered.known, currency, |day| {
        costs.and_then(|it| it.get(&day)).map(|it| it.total()).transpose()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::budget::{BudgetSpending, BudgetWindow, Calendar};
    use crate::cost::CostKind;
    use crate::dimension::{Dimension, Scope};
    use crate::filter::Filter;
    use crate::money::Money;
    use crate::rollup::Rollup;
    use crate::testing::*;

    fn budget(scope: Filter) -> Budget {
        Budget {
            name: "search-monthly".into(),
            owner: "search".into(),
            deputy: None,
            limit: usd("1000"),
            formerly: None,
            limits: BTreeMap::new(),
            calendar: Calendar::Once(span("2026-10-01", "2026-11-01")),
            starts: None,
            scope,
            thresholds: vec![80],
            forecast_thresholds: Vec::new(),
            pace_thresholds: Vec::new(),
            change_thresholds: Vec::new(),
            roll_over_percent_max: None,
            cost_kind: CostKind::Unblended,
        }
    }

    fn rows_of(lines: &[(&str, &str)]) -> Vec<(Date, Rollup)> {
        let of_day = |(day, cost): &(&str, &str)| {
            let line = line_of(USER, cost);
            crate::line_item::LineItem { day: date(day), ..line }
        };
        let lines: Vec<_> = lines.iter().map(of_day).collect();
        rollups_of(&ledger_of(&lines, &rules(&[])).0, true)
    }

    fn days_of(lines: &[(&str, &str)], window: ChargePeriod) -> Vec<String> {
        let budget = budget(Filter::default());
        let mut days = BudgetDays::default();
        days.add(&budget, window);
        ask(&mut days, &rows_of(lines));
        let gathered = days.finish().unwrap().remove(0);
        let by_day = spend_by_day(&gathered, Currency::USD, window).unwrap();
        let windows = [BudgetWindow { budget: &budget, period: window }];
        let mut spending = BudgetSpending::new(&windows, None).by_day();
        ask(&mut spending, &rows_of(lines));
        assert_eq!(spending.days(0).unwrap().as_ref(), Some(&by_day));
        by_day.iter().map(|it| format!("{} {} {}", it.day, it.cost, it.total)).collect()
    }

    #[test]
    fn each_day_from_the_first_to_the_last_with_data_has_its_cost_and_the_spend_so_far() {
        let window = span("2026-10-03", "2026-10-08");
        let lines = [
            ("2026-10-02", "100"),
            ("2026-10-04", "1.5"),
            ("2026-10-06", "-0.5"),
            ("2026-10-08", "100"),
        ];
        let expected =
            ["2026-10-04 1.5 USD 1.5 USD", "2026-10-05 0 USD 1.5 USD", "2026-10-06 -0.5 USD 1 USD"];
        assert_eq!(days_of(&lines, window), expected);
        assert_eq!(days_of(&lines[..1], window), [""; 0]);
    }

    #[test]
    fn the_days_of_very_long_windows_are_not_summed_by_day() {
        let budget = budget(Filter::default());
        let window = |end| [BudgetWindow { budget: &budget, period: span("2026-10-01", end) }];
        let lines = rows_of(&[("2026-10-04", "1")]);
        let days = |end| {
            let windows = window(end);
            let mut spending = BudgetSpending::new(&windows, None).by_day();
            ask(&mut spending, &lines);
            let days = spending.days(0).unwrap().map(|it| it.len());
            assert_eq!(spending.is_by_day(), days.is_some());
            days
        };
        assert_eq!(days("2026-11-01"), Some(1));
        assert_eq!(days("9999-01-01"), None);
    }

    /// Each alone, in pairs, and all of them.
    fn scopes() -> Vec<Filter> {
        let owner = (Dimension::Owner, vec!["search".to_owned(), "Unattributed".to_owned()]);
        let model = (Dimension::Model, vec!["nova-lite".to_owned()]);
        let principal = (Dimension::Principal, vec![GATEWAY.to_owned(), USER.to_owned()]);
        let of = |parts: Vec<(Dimension, Vec<String>)>| Scope(parts.into_iter().collect()).into();
        vec![
            of(vec![]),
            of(vec![owner.clone()]),
            of(vec![principal.clone()]),
            of(vec![owner, model.clone()]),
            of(vec![model, principal]),
        ]
    }

    proptest! {
        /// The chart ends where the verdict is, to the last digit.
        #[test]
        fn the_last_day_has_the_spend_that_the_window_is_judged_by(
            lines in any_line_items(),
            rules in any_rules(),
            kind in prop::sample::select(CostKind::ALL.to_vec()),
        ) {
            let rows = rollups_of(&ledger_of(&lines, &rules).0, true);
            let periods = [span("2026-10-01", "2026-11-01"), span("2026-10-31", "2026-11-02")];
            let of_kind = |scope| Budget { cost_kind: kind, ..budget(scope) };
            let budgets: Vec<Budget> = scopes().into_iter().map(of_kind).collect();
            let windows: Vec<BudgetWindow<'_>> = budgets
                .iter()
                .flat_map(|budget| periods.map(|period| BudgetWindow { budget, period }))
                .collect();
            let mut spending = BudgetSpending::new(&windows, None).by_day();
            let mut days = BudgetDays::default();
            for BudgetWindow { budget, period } in spending.windows() {
                // Days before a window are gathered for its forecast, and are no part of it.
                days.add(budget, ChargePeriod::new(date("2026-09-01"), period.end()).unwrap());
            }
            ask(&mut spending, &rows);
            ask(&mut days, &rows);
            let (verdicts, gathered) = (spending.verdicts().unwrap(), days.finish().unwrap());
            prop_assert_eq!(verdicts.len(), gathered.len());
            for (at, (verdict, gathered)) in verdicts.iter().zip(&gathered).enumerate() {
                let days = spend_by_day(gathered, Currency::USD, verdict.spend.period).unwrap();
                prop_assert_eq!(spending.days(at).unwrap(), Some(days.clone()));
                let last = days.last().map_or(Money::zero(Currency::USD), |it| it.total);
                prop_assert_eq!(last, verdict.spend.cost, "{}", verdict.budget.scope);
                let costs = days.iter().try_fold(Money::zero(Currency::USD), |sum, it| sum.checked_add(it.cost));
                prop_assert_eq!(costs.unwrap(), last);
            }
        }
    }
}
