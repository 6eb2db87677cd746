//! Rows that were decoded together, column by column.

use parquet::data_type::ByteArray;

use super::double::Digits;
use super::form::Unit;
use crate::cur::meaning::columns::{COUNT, Column};

/// Some columns of some rows.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(super) row_count: usize,
    /// By the place of the column in the file.
    pub(super) arrays: Vec<Option<Array>>,
    /// The position of each column that is read.
    pub(super) positions: [Option<usize>; COUNT],
}

impl Batch {
    pub(crate) fn row_count(&self) -> usize {
        self.row_count
    }

    pub(crate) fn column(&self, column: Column) -> Option<&Array> {
        self.at(self.positions.get(column as usize).copied().flatten()?)
    }

    /// The column at a place in the file.
    pub(crate) fn at(&self, position: usize) -> Option<&Array> {
        self.arrays.get(position)?.as_ref()
    }
}

/// A cost in femto-units. The cost of one line nearly always fits: below 9,223 main units.
pub(crate) type Femto = i64;

/// A cell without an amount.
pub(crate) const NO_AMOUNT: i64 = i64::MIN;

/// An amount that is read as text.
pub(crate) const ODD_AMOUNT: i64 = i64::MIN + 1;

/// One column of a batch; empty where the column has no numbers.
#[derive(Debug)]
pub(crate) enum Amounts {
    /// Or [`NO_AMOUNT`] or [`ODD_AMOUNT`].
    Costs(Vec<Femto>),
    /// As written; the digits can be [`NO_AMOUNT`] or [`ODD_AMOUNT`].
    Quantities(Vec<Digits>),
}

/// One column.
#[derive(Debug)]
pub(crate) enum Array {
    Texts(TextArray),
    Doubles(Values<f64>),
    Integers(Values<i64>),
    /// With this number of fraction digits.
    Decimals(Values<i128>, i32),
    Times(Values<i64>, Unit),
    /// Since 1970.
    Days(Values<i32>),
    Map(MapArray),
    /// The texts of each key.
    Record(Vec<(String, TextArray)>),
    /// In place of numbers.
    Amounts(Amounts),
    /// Nothing in each row.
    Nulls,
}

impl Array {
    pub(crate) fn as_texts(&self) -> Option<&TextArray> {
        match self {
            Array::Texts(texts) => Some(texts),
            _ => None,
        }
    }

    pub(crate) fn as_amounts(&self) -> Option<&Amounts> {
        match self {
            Array::Amounts(amounts) => Some(amounts),
            _ => None,
        }
    }

    pub(crate) fn as_map(&self) -> Option<&MapArray> {
        match self {
            Array::Map(map) => Some(map),
            _ => None,
        }
    }
}

impl Array {
    /// Takes the cells of the rows that follow, which become free to be decoded into. Texts of
    /// dictionaries stay, and those that are new with these rows are added.
    pub(super) fn turn(&mut self, next: &mut Array) {
        match (&mut *self, &mut *next) {
            (Array::Texts(texts), Array::Texts(new)) => texts.add_texts(new),
            (Array::Map(map), Array::Map(new)) => {
                map.keys.add_texts(&mut new.keys);
                map.values.add_texts(&mut new.values);
            }
            (Array::Record(fields), Array::Record(new)) => {
                for ((_, texts), (_, new)) in fields.iter_mut().zip(new) {
                    texts.add_texts(new);
                }
            }
            _ => {}
        }
        std::mem::swap(self, next);
    }
}

/// A value or nothing for each row.
#[derive(Clone, Debug, Default)]
pub(crate) struct Values<T> {
    /// A placeholder where the row has no value.
    pub(super) values: Vec<T>,
    /// By row; empty where there is a value in each.
    pub(super) nulls: Vec<bool>,
}

impl<T: Copy> Values<T> {
    #[inline]
    pub(crate) fn get(&self, row: usize) -> Option<T> {
        if self.is_null(row) { None } else { self.values.get(row).copied() }
    }

    pub(crate) fn values(&self) -> &[T] {
        &self.values
    }

    /// Whether there is nothing in each row; `None` where there is a value in all.
    pub(crate) fn nulls(&self) -> Option<&[bool]> {
        (!self.nulls.is_empty()).then_some(self.nulls.as_slice())
    }

    #[inline]
    fn is_null(&self, row: usize) -> bool {
        self.nulls.get(row).copied().unwrap_or_default()
    }

    pub(super) fn clear(&mut self) {
        self.values.clear();
        self.nulls.clear();
    }

    /// Keeps the values at some places, in ascending order.
    pub(super) fn keep(&mut self, places: Option<&[usize]>) {
        if let Some(places) = places {
            keep(places, &mut self.values);
            keep(places, &mut self.nulls);
        }
    }
}

fn keep<T>(places: &[usize], all: &mut Vec<T>) {
    if !all.is_empty() {
        for (to, from) in places.iter().enumerate() {
            all.swap(to, *from);
        }
        all.truncate(places.len());
    }
}

/// Texts by their places in a dictionary.
#[derive(Debug, Default)]
pub(crate) struct TextArray {
    pub(super) places: Values<i32>,
    /// The number of the dictionary among all that are read from the file.
    pub(super) dictionary: u64,
    /// The texts so far, of rows that are decoded ahead those that are new. More may follow with
    /// the next batch.
    pub(super) texts: Vec<ByteArray>,
}

impl TextArray {
    /// Hands the texts so far on to the array that has the new ones, in front of them.
    fn add_texts(&mut self, new: &mut TextArray) {
        if !self.texts.is_empty() {
            self.texts.append(&mut new.texts);
            std::mem::swap(&mut self.texts, &mut new.texts);
        }
    }

    pub(crate) fn places(&self) -> &Values<i32> {
        &self.places
    }

    pub(crate) fn dictionary(&self) -> u64 {
        self.dictionary
    }

    /// The texts of a dictionary from a place on; `None` for what is not UTF-8.
    pub(crate) fn texts_from(&self, place: usize) -> impl Iterator<Item = Option<&str>> {
        self.texts.iter().skip(place).map(|it| std::str::from_utf8(it.data()).ok())
    }

    /// The bytes of a row's text.
    pub(crate) fn bytes(&self, row: usize) -> Option<&[u8]> {
        let place = usize::try_from(self.places.get(row)?).ok()?;
        self.texts.get(place).map(ByteArray::data)
    }
}

/// Entries by row.
#[derive(Debug, Default)]
pub(crate) struct MapArray {
    /// The start of each row's entries, and the end of the last row's.
    pub(super) offsets: Vec<usize>,
    pub(super) keys: TextArray,
    pub(super) values: TextArray,
}

impl MapArray {
    pub(crate) fn offsets(&self) -> &[usize] {
        &self.offsets
    }

    /// One for each entry.
    pub(crate) fn keys(&self) -> &TextArray {
        &self.keys
    }

    /// One for each entry.
    pub(crate) fn values(&self) -> &TextArray {
        &self.values
    }

    /// Keeps the entries of some rows, in ascending order.
    pub(super) fn keep(&mut self, rows: &[usize]) {
        let mut kept = Vec::new();
        let mut offsets = vec![0];
        for row in rows {
            let bound = |it: usize| self.offsets.get(it).copied().unwrap_or_default();
            kept.extend(bound(*row)..bound(row + 1));
            offsets.push(kept.len());
        }
        self.keys.places.keep(Some(&kept));
        self.values.places.keep(Some(&kept));
        self.offsets = offsets;
    }
}
