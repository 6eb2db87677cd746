//! The cost of a scope per day, split by how it goes on.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::access::Owners;
use crate::category::ChargeCategory;
use crate::cost::CostKind;
use crate::currency::Currency;
use crate::filter::Filter;
use crate::meter::Meter;
use crate::money::{Money, MoneyError};
use crate::money_sum::MoneySum;
use crate::period::ChargePeriod;
use crate::question::{LedgerDay, Question, QuestionError, Wanted};
use crate::rollup::Row;

/// Gathers the cost of a scope per day and currency.
#[derive(Debug)]
pub struct DailyCosts {
    scope: Filter,
    cost_kind: CostKind,
    period: ChargePeriod,
    owners: Owners,
    known: BTreeSet<Date>,
    by_currency: BTreeMap<Currency, BTreeMap<Date, DaySums>>,
}

/// The cost of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayCost {
    /// Of use, which follows what people and programs do.
    pub usage: Money,
    /// Of commitments, such as provisioned hours, purchases and their taxes: it goes on as it was agreed.
    pub committed: Money,
    /// Credits and corrections, of which the next one is not known.
    pub once: Money,
}

impl DayCost {
    /// All of it.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub fn total(self) -> Result<Money, MoneyError> {
        self.usage.checked_add(self.committed)?.checked_add(self.once)
    }
}

/// Costs per day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gathered {
    /// Days with data, whether or not the scope cost anything.
    pub known: BTreeSet<Date>,
    /// The cost of the days on which the scope has any.
    pub by_currency: BTreeMap<Currency, BTreeMap<Date, DayCost>>,
}

impl DailyCosts {
    /// Starts without any cost.
    pub fn new(scope: Filter, cost_kind: CostKind, period: ChargePeriod) -> DailyCosts {
        let owners = Owners::of_scope(&scope.exact);
        let (known, by_currency) = (BTreeSet::new(), BTreeMap::new());
        DailyCosts { scope, cost_kind, period, owners, known, by_currency }
    }

    /// The costs.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub fn finish(self) -> Result<Gathered, MoneyError> {
        let by_currency = self.by_currency.into_iter().map(|(it, days)| Ok((it, day_costs(days)?)));
        Ok(Gathered { known: self.known, by_currency: by_currency.collect::<Result<_, _>>()? })
    }
}

/// The cost of a day while it is summed, split by how it goes on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DaySums {
    usage: MoneySum,
    committed: MoneySum,
    once: MoneySum,
}

impl DaySums {
    pub(crate) fn zero(currency: Currency) -> DaySums {
        let zero = MoneySum::zero(currency);
        DaySums { usage: zero, committed: zero, once: zero }
    }

    /// Adds the cost of a row.
    pub(crate) fn add(&mut self, row: Row<'_>, cost: Money) -> Result<(), MoneyError> {
        match part_of(row) {
            Part::Usage => self.usage.add(cost),
            Part::Committed => self.committed.add(cost),
            Part::Once => self.once.add(cost),
        }
    }

    fn total(self) -> Result<DayCost, MoneyError> {
        let DaySums { usage, committed, once } = self;
        let (usage, committed) = (usage.total()?, committed.total()?);
        Ok(DayCost { usage, committed, once: once.total()? })
    }
}

/// The costs of days.
pub(crate) fn day_costs(
    sums: BTreeMap<Date, DaySums>,
) -> Result<BTreeMap<Date, DayCost>, MoneyError> {
    sums.into_iter().map(|(day, of_day)| Ok((day, of_day.total()?))).collect()
}

impl Question for DailyCosts {
    fn wants(&mut self, day: &LedgerDay<'_>) -> Option<Wanted> {
        if !day.is_served || !self.period.contains(day.day) {
            return None;
        }
        self.known.insert(day.day);
        Some(Wanted { level: self.scope.level(), owners: self.owners.clone() })
    }

    fn add(&mut self, row: Row<'_>, day: &LedgerDay<'_>) -> Result<(), QuestionError> {
        if !self.scope.contains(row, day.day) {
            return Ok(());
        }
        let cost = row.measures().costs.of(self.cost_kind);
        let days = self.by_currency.entry(cost.currency()).or_default();
        let zero = || DaySums::zero(cost.currency());
        Ok(days.entry(day.day).or_insert_with(zero).add(row, cost)?)
    }
}

/// How a charge goes on.
enum Part {
    Usage,
    Committed,
    Once,
}

fn part_of(row: Row<'_>) -> Part {
    let charge = &row.summary().charge;
    let category = charge.category.as_ref().and_then(|it| it.known());
    match category {
        Some(ChargeCategory::Credit | ChargeCategory::Adjustment) => return Part::Once,
        Some(ChargeCategory::Purchase | ChargeCategory::Tax) => return Part::Committed,
        Some(ChargeCategory::Usage) | None => {}
    }
    match charge.meter.known() {
        Some(Meter::ProvisionedModelUnits | Meter::ReservedInputTpm | Meter::ReservedOutputTpm) => {
            Part::Committed
        }
        Some(_) | None => Part::Usage,
    }
}
