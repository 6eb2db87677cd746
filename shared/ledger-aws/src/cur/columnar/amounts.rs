//! Columns of numbers as amounts, as groups of rows add them up.

use super::batch::{Amounts, Array, Femto, NO_AMOUNT, ODD_AMOUNT, Values};
use super::double::{Digits, femto_units};
use crate::cur::meaning::columns::Column;

impl Amounts {
    /// An empty column; `None` for a column that is no amount.
    pub(super) fn of(column: Column) -> Option<Amounts> {
        match column {
            Column::Unblended | Column::NetUnblended | Column::List => {
                Some(Amounts::Costs(Vec::new()))
            }
            Column::Amount => Some(Amounts::Quantities(Vec::new())),
            _ => None,
        }
    }

    /// Reads all of a column.
    pub(super) fn read(&mut self, numbers: &Array, row_count: usize) {
        match self {
            Amounts::Costs(costs) => {
                costs.clear();
                match numbers {
                    Array::Doubles(it) if it.nulls().is_none() => {
                        let read = |it: &f64| {
                            femto_units(*it).unwrap_or_else(|| Cell::of_double(*it).femto_units())
                        };
                        costs.extend(it.values().iter().map(read));
                    }
                    _ => each(numbers, row_count, |it| costs.push(it.femto_units())),
                }
            }
            Amounts::Quantities(quantities) => {
                quantities.clear();
                match numbers {
                    Array::Doubles(it) if it.nulls().is_none() => {
                        let read = |it: &f64| Cell::of_double(*it).digits();
                        quantities.extend(it.values().iter().map(read));
                    }
                    _ => each(numbers, row_count, |it| quantities.push(it.digits())),
                }
            }
        }
    }
}

/// Reads the cells of a column one by one; of a column without numbers none.
fn each(numbers: &Array, row_count: usize, take: impl FnMut(Cell)) {
    fn cells<T: Copy>(
        values: &Values<T>,
        row_count: usize,
        cell: impl Fn(T) -> Cell,
    ) -> impl Iterator<Item = Cell> {
        (0..row_count).map(move |row| values.get(row).map_or(Cell::Empty, &cell))
    }
    match numbers {
        Array::Doubles(it) => cells(it, row_count, Cell::of_double).for_each(take),
        Array::Integers(it) => {
            cells(it, row_count, |digits| Cell::Number(Digits { digits, exponent: 0 }))
                .for_each(take);
        }
        Array::Decimals(it, scale) => cells(it, row_count, |it| {
            let digits = i64::try_from(it);
            digits.map_or(Cell::Unclear, |digits| Cell::Number(Digits { digits, exponent: -scale }))
        })
        .for_each(take),
        _ => {}
    }
}

/// A cell of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    Empty,
    Number(Digits),
    Unclear,
}

impl Cell {
    #[inline]
    fn of_double(value: f64) -> Cell {
        Digits::of_double(value).map_or(Cell::Unclear, Cell::Number)
    }

    #[inline]
    fn digits(self) -> Digits {
        match self {
            Cell::Empty => Digits { digits: NO_AMOUNT, exponent: 0 },
            Cell::Number(digits) if digits.digits > ODD_AMOUNT => digits,
            Cell::Number(_) | Cell::Unclear => Digits { digits: ODD_AMOUNT, exponent: 0 },
        }
    }

    fn femto_units(self) -> Femto {
        let digits = match self {
            Cell::Empty => return NO_AMOUNT,
            Cell::Number(digits) => digits,
            Cell::Unclear => return ODD_AMOUNT,
        };
        let femto_units = digits.femto_units().and_then(|it| i64::try_from(it).ok());
        femto_units.filter(|it| *it > ODD_AMOUNT).unwrap_or(ODD_AMOUNT)
    }
}
