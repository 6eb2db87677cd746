//! The costs of series, by day and by what was metered.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::SeriesName;
use crate::arena::Map;
use crate::business::BusinessField;
use crate::currency::Currency;
use crate::dimension::Dimension;
use crate::meter::Meter;
use crate::money::MoneyError;
use crate::owner::UNATTRIBUTED;
use crate::position::PositionKey;
use crate::rollup::Measures;
use crate::word::Word;

/// The dimensions of series, the most specific first.
pub(super) const DIMENSIONS: usize = 5;

/// The thing that was metered: cells of one key have quantities that add.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct CellKey {
    pub model: Option<Arc<str>>,
    pub meter: Word<Meter>,
    /// The unit; `None` for single tokens.
    pub unit: Option<Arc<str>>,
}

/// A sum of one cell on one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    /// Femto-units of money.
    pub cost: i128,
    /// Single tokens, or femto-units of the unit.
    pub quantity: i128,
}

impl Sum {
    pub(super) fn add(&mut self, more: Sum) -> Result<(), MoneyError> {
        self.cost = self.cost.checked_add(more.cost).ok_or(MoneyError::OutOfRange)?;
        self.quantity = self.quantity.checked_add(more.quantity).ok_or(MoneyError::OutOfRange)?;
        Ok(())
    }
}

/// The costs of one series.
#[derive(Debug)]
pub(super) struct Series {
    pub name: SeriesName,
    /// The place of its dimension: a lower one is more specific.
    pub rank: usize,
    pub currency: Currency,
    /// By day and cell.
    pub sums: BTreeMap<(usize, u32), Sum>,
}

type Key = (usize, Arc<str>, Currency);

/// The costs of all series.
#[derive(Debug)]
pub(super) struct AllSeries {
    places: Map<Key, usize>,
    pub list: Vec<Series>,
    cells: Map<CellKey, u32>,
    pub cell_keys: Vec<CellKey>,
    /// Pairs of series that have cost in common, the more specific one first.
    pub shared: Map<(usize, usize), ()>,
    unattributed: Arc<str>,
}

impl AllSeries {
    pub(super) fn new() -> AllSeries {
        AllSeries {
            places: Map::default(),
            list: Vec::new(),
            cells: Map::default(),
            cell_keys: Vec::new(),
            shared: Map::default(),
            unattributed: UNATTRIBUTED.into(),
        }
    }

    /// Adds the cost of a position to each series that it is of.
    pub(super) fn add(
        &mut self,
        key: &PositionKey,
        measures: &Measures,
        day: usize,
        cost: i128,
    ) -> Result<(), MoneyError> {
        let (cell, quantity) = self.cell_of(key, measures);
        let currency = key.summary.charge.currency;
        let mut of_position: [Option<usize>; DIMENSIONS] = [None; DIMENSIONS];
        for (rank, place) in of_position.iter_mut().enumerate() {
            *place = self.value_of(rank, key).map(|value| self.place((rank, value, currency)));
        }
        for (rank, place) in of_position.iter().enumerate() {
            let Some(series) = place.and_then(|it| self.list.get_mut(it)) else { continue };
            series.sums.entry((day, cell)).or_default().add(Sum { cost, quantity })?;
            for wider in of_position.iter().skip(rank + 1) {
                if let (Some(place), Some(wider)) = (place, wider) {
                    self.shared.insert((*place, *wider), ());
                }
            }
        }
        Ok(())
    }

    fn value_of(&self, rank: usize, key: &PositionKey) -> Option<Arc<str>> {
        match rank {
            0 => key.detail.caller.clone(),
            1 => {
                let business = BusinessField::Workflow;
                let summary = business.of(&key.summary.business);
                summary.or_else(|| business.of(&key.business)).cloned()
            }
            2 => match &key.summary.owner {
                crate::owner::Owner::Named(name) => Some(Arc::clone(name)),
                crate::owner::Owner::Unattributed => Some(Arc::clone(&self.unattributed)),
            },
            3 => key.detail.account.clone(),
            _ => key.summary.charge.model.clone(),
        }
    }

    fn place(&mut self, key: Key) -> usize {
        if let Some(place) = self.places.get(&key) {
            return *place;
        }
        let (rank, value, currency) = key.clone();
        let name = SeriesName { dimension: dimension_of(rank), value };
        let place = self.list.len();
        self.list.push(Series { name, rank, currency, sums: BTreeMap::new() });
        self.places.insert(key, place);
        place
    }

    fn cell_of(&mut self, key: &PositionKey, measures: &Measures) -> (u32, i128) {
        let charge = &key.summary.charge;
        let (unit, quantity) = match measures.tokens {
            Some(tokens) if charge.meter.token_direction().is_some() => (None, i128::from(tokens)),
            _ => (
                charge.unit.clone().or_else(|| Some("".into())),
                measures.quantity.map_or(0, |it| it.femto_units()),
            ),
        };
        let key = CellKey { model: charge.model.clone(), meter: charge.meter.clone(), unit };
        if let Some(cell) = self.cells.get(&key) {
            return (*cell, quantity);
        }
        let cell = u32::try_from(self.cell_keys.len()).unwrap_or(u32::MAX);
        self.cell_keys.push(key.clone());
        self.cells.insert(key, cell);
        (cell, quantity)
    }
}

fn dimension_of(rank: usize) -> Dimension {
    match rank {
        0 => Dimension::Principal,
        1 => Dimension::Business(crate::business::BusinessKey::Named(BusinessField::Workflow)),
        2 => Dimension::Owner,
        3 => Dimension::Account,
        _ => Dimension::Model,
    }
}
