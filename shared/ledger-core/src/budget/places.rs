//! Places of sums by a value that they are limited to.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::dimension::Dimension;
use crate::filter::Filter;
use crate::rollup::Row;

/// The places of sums, so that a row is shown to those alone that may count it: with thousands of budgets each
/// row is of a few.
#[derive(Debug, Default)]
pub(super) struct Places {
    by_value: BTreeMap<Dimension, BTreeMap<String, Vec<usize>>>,
    /// Those that are limited to no exact value.
    others: Vec<usize>,
}

impl Places {
    /// Adds the place of a sum of a scope, by the dimension that holds the fewest of its rows.
    pub(super) fn add(&mut self, scope: &Filter, place: usize) {
        let exact = scope.exact.0.iter();
        match exact.min_by_key(|(dimension, values)| (coarseness(dimension), values.len())) {
            None => self.others.push(place),
            Some((dimension, values)) => {
                let of_dimension = self.by_value.entry(dimension.clone()).or_default();
                for value in values {
                    let places = of_dimension.entry(value.clone()).or_default();
                    // A value that a scope names twice is one.
                    if places.last() != Some(&place) {
                        places.push(place);
                    }
                }
            }
        }
    }

    /// The places that may count a row of a day.
    pub(super) fn of(&self, row: Row<'_>, day: Date) -> impl Iterator<Item = usize> + '_ {
        let mut found: Vec<&[usize]> = Vec::new();
        for (dimension, places) in &self.by_value {
            let value = dimension.value_of(row, day);
            found.extend(value.and_then(|it| places.get(&*it)).map(Vec::as_slice));
        }
        found.into_iter().flatten().chain(&self.others).copied()
    }
}

/// How many rows a value of a dimension usually has, as a rank.
fn coarseness(dimension: &Dimension) -> u8 {
    match dimension {
        Dimension::Principal | Dimension::Entry => 0,
        Dimension::Tag(_) | Dimension::Business(_) => 1,
        Dimension::Owner => 2,
        Dimension::Account => 3,
        Dimension::Model | Dimension::UsageType => 4,
        _ => 5,
    }
}
