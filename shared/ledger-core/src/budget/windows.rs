//! The windows that budgets are judged in.

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::Budget;
use crate::period::{BillingPeriod, ChargePeriod};

/// Data that is older than this many days is not judged any more: its alarm was raised long ago.
pub const DATA_AGE_DAYS_MAX: i64 = 400;

/// One window of a budget.
#[derive(Clone, Copy, Debug)]
pub struct BudgetWindow<'a> {
    /// The budget.
    pub budget: &'a Budget,
    /// The days of the window that count.
    pub period: ChargePeriod,
}

/// For each budget its running window, and before it the one of the last day with data where that is
/// an earlier one: bills are late, so a limit that is broken on the last day of a month is known in
/// the next.
pub fn windows(budgets: &[Budget], today: Date, data_up_to: Option<Date>) -> Vec<BudgetWindow<'_>> {
    let last_day = data_up_to.and_then(|end| end.yesterday().ok());
    let mut windows = Vec::new();
    for budget in budgets {
        let running = budget.calendar.running(today);
        let of_data = last_day.and_then(|day| budget.calendar.containing(day));
        let earlier = of_data.zip(running).filter(|(of_data, running)| of_data < running);
        let periods = earlier.map(|(of_data, _)| of_data).into_iter().chain(running);
        let counted = periods.filter_map(|it| budget.counted(it));
        windows.extend(counted.map(|period| BudgetWindow { budget, period }));
    }
    windows
}

/// The first month whose bills can have a day of these windows or of the windows before them, which
/// they are compared with.
pub fn first_month(budgets: &[Budget], today: Date) -> BillingPeriod {
    let oldest = today.saturating_sub(DATA_AGE_DAYS_MAX.days());
    let start = |budget: &Budget| {
        let calendar = &budget.calendar;
        let window = calendar.containing(oldest).or_else(|| calendar.running(today))?;
        Some(calendar.previous(window).unwrap_or(window).start())
    };
    let first = budgets.iter().filter_map(start).min().unwrap_or(oldest);
    BillingPeriod::containing(first.min(oldest))
}

/// The days of the window before that correspond to those which `period` has data for.
pub(super) fn same_part(
    previous: ChargePeriod,
    period: ChargePeriod,
    data_up_to: Option<Date>,
) -> Option<ChargePeriod> {
    let elapsed = data_up_to?.min(period.end()).since(period.start()).ok()?;
    let end = previous.start().checked_add(elapsed).ok()?.min(previous.end());
    ChargePeriod::new(previous.start(), end).ok()
}
