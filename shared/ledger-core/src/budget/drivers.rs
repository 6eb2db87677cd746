//! The drivers of a budget's cost.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::spending::part_of;
use super::{Budget, Driver, Verdict};
use crate::access::Owners;
use crate::dimension::{Dimension, Level};
use crate::meter::Meter;
use crate::money::MoneyError;
use crate::money_sum::MoneySum;
use crate::period::ChargePeriod;
use crate::question::{LedgerDay, Question, QuestionError, Wanted};
use crate::rollup::Row;
use crate::word::Word;

/// Drivers that an alert names.
const DRIVERS_MAX: usize = 3;

/// Caller, model and meter.
type DriverKey = (Option<Arc<str>>, Option<Arc<str>>, Word<Meter>);

/// The drivers of a verdict: its cost by caller, model and meter.
#[derive(Debug)]
pub struct Drivers<'a> {
    budget: &'a Budget,
    period: ChargePeriod,
    by_driver: BTreeMap<DriverKey, MoneySum>,
}

impl<'a> Drivers<'a> {
    /// Starts without any.
    pub fn new(verdict: &'a Verdict) -> Drivers<'a> {
        let Verdict { budget, spend, .. } = verdict;
        Drivers { budget, period: spend.period, by_driver: BTreeMap::new() }
    }

    /// The largest, most expensive first.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub fn finish(self) -> Result<Vec<Driver>, MoneyError> {
        let mut drivers = Vec::new();
        for ((caller, model, meter), cost) in self.by_driver {
            drivers.push(Driver { caller, model, meter, cost: cost.total()? });
        }
        // Stable, so that equal ones stay in the order of their keys.
        drivers.sort_by_key(|it| Reverse(it.cost.amount()));
        drivers.truncate(DRIVERS_MAX);
        Ok(drivers)
    }
}

impl Question for Drivers<'_> {
    fn wants(&mut self, day: &LedgerDay<'_>) -> Option<Wanted> {
        let counts = day.is_served && self.period.contains(day.day);
        let owners = || Owners::of_scope(&self.budget.scope.exact);
        counts.then(|| Wanted { level: Level::Detail, owners: owners() })
    }

    fn add(&mut self, row: Row<'_>, day: &LedgerDay<'_>) -> Result<(), QuestionError> {
        let part = part_of(self.budget, self.period, row, day.day);
        let currency = self.budget.limit.currency();
        let Some(part) = part.filter(|it| it.currency() == currency) else { return Ok(()) };
        let Some(position) = row.position() else {
            return Err(QuestionError::NeedsDetail(Dimension::Principal));
        };
        let charge = &position.summary.charge;
        let driver = (position.detail.caller.clone(), charge.model.clone(), charge.meter.clone());
        let sum = self.by_driver.entry(driver).or_insert_with(|| MoneySum::zero(part.currency()));
        Ok(sum.add(part)?)
    }
}
