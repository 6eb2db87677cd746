//! Budgets: limits, their verdicts, and the alerts to their owners.

mod alert;
mod attributes;
mod calendar;
mod changes;
mod crossing;
mod days;
mod drivers;
mod early;
mod headroom;
mod message;
mod places;
mod replay;
mod roll_over;
mod spend_day;
mod spending;
#[cfg(test)]
mod tests;
mod windows;
mod zone;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::civil::Date;

use crate::bill::Status;
use crate::caller::Caller;
use crate::cost::CostKind;
use crate::filter::Filter;
use crate::meter::Meter;
use crate::money::Money;
use crate::percent::Percent;
use crate::period::{BillingPeriod, ChargePeriod, Window};
use crate::word::Word;

pub use self::alert::{Addressed, Alert, AlertId, CrossingId, DigestKind};
pub use self::attributes::AttributeValue;
pub use self::calendar::{Calendar, Fiscal, Weeks};
pub use self::changes::{BudgetChange, changes};
pub use self::crossing::{Crossing, CrossingKind, Due, Said};
pub use self::days::{BudgetDays, spend_by_day};
pub use self::drivers::Drivers;
pub use self::headroom::{Chance, NextAlert};
pub use self::replay::{Replay, Replayed};
pub use self::spend_day::SpendDay;
pub use self::spending::BudgetSpending;
pub use self::windows::{BudgetWindow, DATA_AGE_DAYS_MAX, first_month, windows};
pub use self::zone::Zone;

/// A limit in money over a scope and a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Its name; unique in the file.
    pub name: Arc<str>,
    /// The owner, who is alerted.
    pub owner: Arc<str>,
    /// A deputy, who is alerted as well.
    pub deputy: Option<Arc<str>>,
    /// The name that it had before: what was said under that name is not said again.
    pub formerly: Option<Arc<str>>,
    /// The limit of a window; above zero.
    pub limit: Money,
    /// Other limits, of windows that begin in these months.
    pub limits: BTreeMap<BillingPeriod, Money>,
    /// The windows; spend starts at zero in each.
    pub calendar: Calendar,
    /// The first day that counts: its window has the part of the limit that is left of it.
    pub starts: Option<Date>,
    /// The charges that count.
    pub scope: Filter,
    /// Percentages of the limit, ascending, each above zero and once.
    pub thresholds: Vec<u16>,
    /// Percentages of the limit that alert the owner once the whole window is expected to cost as much;
    /// ascending, each 100 or more.
    pub forecast_thresholds: Vec<u16>,
    /// Percentages of an even pace, which spends the limit by the end of the window; ascending, each above
    /// 100.
    pub pace_thresholds: Vec<u16>,
    /// Percentages of the window before, up to the same day; ascending, each above 100.
    pub change_thresholds: Vec<u16>,
    /// The share of a limit, in percent, that what the window before has left may add to it at most; nothing
    /// is rolled over without.
    pub roll_over_percent_max: Option<u16>,
    /// The cost that counts.
    pub cost_kind: CostKind,
}

impl Budget {
    /// How long its windows are.
    pub fn window(&self) -> Window {
        self.calendar.window()
    }

    /// The part of a window that it counts: all of it, or what is left from its first day on.
    pub fn counted(&self, window: ChargePeriod) -> Option<ChargePeriod> {
        let start = self.starts.map_or(window.start(), |it| it.max(window.start()));
        ChargePeriod::new(start, window.end()).ok()
    }

    /// The limit of a window of which these days are counted.
    pub fn limit_of(&self, counted: ChargePeriod) -> Money {
        let Some(whole) = self.calendar.containing(counted.start()) else { return self.limit };
        let limit = self.limits.get(&self.calendar.month_of(whole)).copied().unwrap_or(self.limit);
        // Cut off: a part is never more than its share.
        limit.part(counted.day_count(), whole.day_count())
    }
}

/// The spend of a budget in a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spend {
    /// The window.
    pub period: ChargePeriod,
    /// The cost so far.
    pub cost: Money,
    /// The cost in other currencies, which the limit does not count.
    pub beside: Vec<Money>,
    /// The cost of the window before, up to the same day of it; `None` if there is no such window.
    pub previous: Option<Money>,
    /// Whether the ledger has the window before from its first day on, and as many days of it as of this one.
    pub is_comparable: bool,
    /// The part of the limit that the window before has left; zero where nothing is rolled over.
    pub rolled_over: Money,
    /// How final the cost is.
    pub status: Status,
    /// The end of the last day with data.
    pub data_up_to: Option<Date>,
}

labels! {
    /// How a budget's spend relates to its limit.
    pub enum BudgetState {
        /// No threshold is reached.
        Ok = "ok",
        /// A threshold is reached, and the limit is not.
        Warning = "warning",
        /// The limit is reached, even if no threshold is 100.
        Exceeded = "exceeded",
    }
}

/// A caller, model and meter that drive a cost, and their part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Driver {
    /// The caller, where the bill names it.
    pub caller: Option<Arc<str>>,
    /// The model.
    pub model: Option<Arc<str>>,
    /// The meter.
    pub meter: Word<Meter>,
    /// The cost.
    pub cost: Money,
}

/// Its name for people, such as `llm-gateway, nova-lite, input tokens`.
impl fmt::Display for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(text) = &self.caller {
            let caller = Caller::parse(text);
            let name = caller.user().or_else(|| caller.role()).unwrap_or(text);
            write!(f, "{name}, ")?;
        }
        if let Some(model) = &self.model {
            write!(f, "{model}, ")?;
        }
        f.write_str(&self.meter.shown().replace('_', " "))
    }
}

/// The judgement of a budget's spend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The budget.
    pub budget: Budget,
    /// The spend that it is judged by.
    pub spend: Spend,
    /// The thresholds that are reached, ascending.
    pub reached: Vec<u16>,
    /// The cost of the whole window, where it was forecast.
    pub projection: Option<Projection>,
}

/// The cost that a window is expected to have at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Projection {
    /// The cost.
    pub expected: Money,
    /// The lower end of its range.
    pub low: Money,
    /// The upper end.
    pub high: Money,
}

/// Judges a budget, whose limit is that of the window: a threshold is reached when the cost is at least its
/// part of the limit.
pub fn judge(budget: Budget, spend: Spend) -> Verdict {
    let reached = budget
        .thresholds
        .iter()
        .copied()
        .filter(|threshold| is_reached(*threshold, budget.limit, spend.cost))
        .collect();
    Verdict { budget, spend, reached, projection: None }
}

/// Compares whole femto-units in an `i128`, which holds 10²⁸ times 65,535, so nothing is rounded.
fn is_reached(threshold: u16, limit: Money, cost: Money) -> bool {
    limit.currency() == cost.currency()
        && cost.femto_units() * 100 >= limit.femto_units() * i128::from(threshold)
}

impl Verdict {
    /// The share of the limit that is spent; zero if the spend is in another currency.
    pub fn percent(&self) -> Percent {
        Percent::of(self.spend.cost, self.budget.limit).unwrap_or(Percent::ZERO)
    }

    /// Whether the whole window is expected to cost a threshold, and has not done so yet.
    pub fn is_projected(&self, threshold: u16) -> bool {
        let limit = self.budget.limit;
        let is_expected = |it: Projection| is_reached(threshold, limit, it.expected);
        self.projection.is_some_and(is_expected) && !is_reached(threshold, limit, self.spend.cost)
    }

    /// How the spend relates to the limit.
    pub fn state(&self) -> BudgetState {
        if is_reached(100, self.budget.limit, self.spend.cost) {
            BudgetState::Exceeded
        } else if self.reached.is_empty() {
            BudgetState::Ok
        } else {
            BudgetState::Warning
        }
    }
}
