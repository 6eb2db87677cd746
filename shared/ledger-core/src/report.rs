//! Totals of a period by dimensions.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::bill::Status;
use crate::cost::CostKind;
use crate::currency::Currency;
use crate::dimension::{Dimension, Level, Scope};
use crate::money::{Money, MoneyError};
use crate::period::ChargePeriod;
use crate::rollup::Rollup;
use crate::tokens::TokenDirection;

/// A question for totals.
#[derive(Clone, Debug)]
pub struct ReportQuery {
    /// The days.
    pub period: ChargePeriod,
    /// What to group by; nothing gives one row a currency.
    pub by: Vec<Dimension>,
    /// What counts.
    pub scope: Scope,
    /// Which cost.
    pub cost_kind: CostKind,
}

impl ReportQuery {
    /// The level of rollups it needs.
    pub fn level(&self) -> Level {
        self.by.iter().map(Dimension::level).max().unwrap_or(Level::Summary).max(self.scope.level())
    }
}

/// One group of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportRow {
    /// The group's values, in the order of the query's dimensions.
    pub keys: Vec<Option<String>>,
    /// Its cost.
    pub cost: Money,
    /// How sure it is.
    pub status: Status,
    /// Its tokens by direction.
    pub tokens: BTreeMap<TokenDirection, u64>,
}

/// The answer in one currency: currencies are never summed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrencyReport {
    /// The currency of all rows.
    pub currency: Currency,
    /// The groups, dearest first; equal ones by their keys.
    pub rows: Vec<ReportRow>,
    /// The sum of the rows.
    pub total: Money,
}

/// Groups rollups as they come; memory is bounded by the number of groups.
#[derive(Debug)]
pub struct ReportBuilder<'q> {
    query: &'q ReportQuery,
    groups: BTreeMap<(Currency, Vec<Option<String>>), ReportRow>,
}

impl<'q> ReportBuilder<'q> {
    /// Starts an empty report.
    pub fn new(query: &'q ReportQuery) -> ReportBuilder<'q> {
        ReportBuilder { query, groups: BTreeMap::new() }
    }

    /// Adds one rollup of a day, if the query counts it.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub fn add(&mut self, rollup: &Rollup, day: Date, status: Status) -> Result<(), MoneyError> {
        let Rollup { key, measures } = rollup;
        if !self.query.period.contains(day) || !self.query.scope.contains(key, day) {
            return Ok(());
        }
        let keys: Vec<Option<String>> = self
            .query
            .by
            .iter()
            .map(|dimension| dimension.value_of(key, day).map(|it| it.into_owned()))
            .collect();
        let row = self.groups.entry((key.currency, keys.clone())).or_insert_with(|| ReportRow {
            keys,
            cost: Money::zero(key.currency),
            status,
            tokens: BTreeMap::new(),
        });
        row.cost = row.cost.checked_add(measures.costs.of(self.query.cost_kind))?;
        row.status = row.status.min(status);
        if let (Some(direction), Some(count)) = (key.meter.token_direction(), measures.tokens) {
            let sum = row.tokens.entry(direction).or_default();
            *sum = sum.saturating_add(count);
        }
        Ok(())
    }

    /// The answer, by currency. Without any row there is none: no currency is assumed.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub fn finish(self) -> Result<Vec<CurrencyReport>, MoneyError> {
        let currencies: BTreeSet<Currency> =
            self.groups.keys().map(|(currency, _)| *currency).collect();
        let mut rows_of: BTreeMap<Currency, Vec<ReportRow>> = BTreeMap::new();
        for ((currency, _), row) in self.groups {
            rows_of.entry(currency).or_default().push(row);
        }
        let by_time = matches!(self.query.by.first(), Some(Dimension::Day | Dimension::Month));
        currencies
            .into_iter()
            .map(|currency| {
                let mut rows = rows_of.remove(&currency).unwrap_or_default();
                if !by_time {
                    rows.sort_by(|left, right| {
                        let by_cost = right.cost.amount().cmp(&left.cost.amount());
                        by_cost.then_with(|| left.keys.cmp(&right.keys))
                    });
                }
                let total = rows
                    .iter()
                    .try_fold(Money::zero(currency), |sum, row| sum.checked_add(row.cost))?;
                Ok(CurrencyReport { currency, rows, total })
            })
            .collect()
    }
}
