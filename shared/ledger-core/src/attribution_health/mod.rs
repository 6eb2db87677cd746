//! Attribution health: the money whose caller the bill tells, and the money whose caller it hides.
//!
//! Each charge is in exactly one [`Class`] for exactly one [`Reason`], so that the classes sum to the
//! cost of the days. A class is judged from the bill alone: its caller, its tags, and how much of the
//! money looks the same. `docs/attribution.md` has the definitions.

mod builder;
mod judge;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;

pub use self::builder::AttributionHealthBuilder;
pub use crate::attribution_reason::{Class, Reason};
use crate::cost::CostKind;
use crate::currency::Currency;
use crate::dimension::Scope;
use crate::money::{Money, MoneyError};
use crate::percent::Percent;
use crate::period::{ChargePeriod, Window};

/// The share of all cost from which one untagged identity counts as many callers behind one.
pub const COLLAPSED_FROM: Percent = Percent::whole(10);

/// Days up to which the trend is by week, and above which it is by month.
const WEEKS_DAYS_MAX: i64 = 92;

/// The money that is judged.
#[derive(Clone, Debug)]
pub struct HealthQuery {
    /// The days.
    pub period: ChargePeriod,
    /// The charges that count.
    pub scope: Scope,
    /// The cost kind.
    pub cost_kind: CostKind,
}

impl HealthQuery {
    /// The length of a step of the trend.
    pub fn step(&self) -> Window {
        match self.period.day_count() <= WEEKS_DAYS_MAX {
            true => Window::Weekly,
            false => Window::Monthly,
        }
    }
}

/// Attribution health in one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrencyHealth {
    /// The currency.
    pub currency: Currency,
    /// The sum of all classes.
    pub total: Money,
    /// The cost of each class.
    pub classes: Classes,
    /// The classes over time: each step by its first day. They sum to `classes`.
    pub trend: BTreeMap<Date, Classes>,
    /// The identities behind the classes, the most expensive first. They sum to `total`.
    pub parts: Vec<HealthPart>,
}

impl CurrencyHealth {
    /// Nothing, in this currency.
    pub fn zero(&self) -> Money {
        Money::zero(self.currency)
    }

    /// The money whose caller is hidden: all but what is preserved.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub fn hidden(&self) -> Result<Money, MoneyError> {
        self.total.checked_sub(self.classes.of(Class::Preserved))
    }
}

/// The cost of each class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classes {
    zero: Money,
    costs: BTreeMap<Class, Money>,
}

impl Classes {
    fn zero(currency: Currency) -> Classes {
        Classes { zero: Money::zero(currency), costs: BTreeMap::new() }
    }

    /// The cost of one class.
    pub fn of(&self, class: Class) -> Money {
        self.costs.get(&class).copied().unwrap_or(self.zero)
    }

    /// The sum of all classes.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub fn total(&self) -> Result<Money, MoneyError> {
        self.costs.values().try_fold(self.zero, |sum, it| sum.checked_add(*it))
    }

    fn add(&mut self, class: Class, cost: Money) -> Result<(), MoneyError> {
        let sum = self.of(class).checked_add(cost)?;
        self.costs.insert(class, sum);
        Ok(())
    }
}

/// The money of one identity that is in its class for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthPart {
    /// The identity: a role without its sessions, or the caller as the bill has it; none where the bill
    /// names none.
    pub identity: Option<Arc<str>>,
    /// The reason, which says the class.
    pub reason: Reason,
    /// The cost.
    pub cost: Money,
    /// Different names of sessions that were chosen, over all money of the identity.
    pub session_count: usize,
}
