//! Writing a table.

use std::collections::BTreeMap;

use super::{AMOUNT, CONSTANT, FORM, NUMBER, PAIRS, TEXT};

/// The fraction digits of a femto-unit.
const POWER_MAX: u32 = 15;

/// A table that grows row by row.
#[derive(Debug, Default)]
pub(in crate::dynamodb) struct TableWriter {
    texts: BTreeMap<String, u128>,
    /// Texts in the order of their numbers.
    order: Vec<String>,
    sets: Vec<PairSet>,
    columns: Vec<Column>,
    rows: usize,
    /// The column after the last one that was written.
    next: usize,
}

/// Pairs by the numbers of their texts.
type PairSet = Vec<(u128, u128)>;

#[derive(Debug)]
struct Column {
    name: &'static str,
    kind: u8,
    /// Cells as they are stored; amounts before they are divided by the column's power.
    cells: Vec<u128>,
}

impl TableWriter {
    /// The number of rows.
    pub(in crate::dynamodb) fn row_count(&self) -> usize {
        self.rows
    }

    /// Begins the next row.
    pub(in crate::dynamodb) fn row(&mut self) {
        self.rows += 1;
        self.next = 0;
    }

    /// Sets a text of the current row.
    pub(in crate::dynamodb) fn text(&mut self, name: &'static str, value: Option<&str>) {
        let Some(value) = value else { return };
        let id = self.text_id(value);
        self.set(name, TEXT, id);
    }

    /// Sets a whole number of the current row.
    pub(in crate::dynamodb) fn number(&mut self, name: &'static str, value: Option<u64>) {
        let Some(value) = value else { return };
        self.set(name, NUMBER, u128::from(value) + 1);
    }

    /// Sets an amount of the current row, in femto-units.
    pub(in crate::dynamodb) fn amount(&mut self, name: &'static str, value: Option<i128>) {
        let Some(value) = value else { return };
        self.set(name, AMOUNT, zigzag(value).saturating_add(1));
    }

    /// Sets the pairs of the current row; no pair is no value.
    pub(in crate::dynamodb) fn pairs<'a>(
        &mut self,
        name: &'static str,
        pairs: impl Iterator<Item = (&'a str, &'a str)>,
    ) {
        let set: PairSet =
            pairs.map(|(key, value)| (self.text_id(key), self.text_id(value))).collect();
        if set.is_empty() {
            return;
        }
        // Neighbours mostly share a set, and a chunk has few.
        let known = self.sets.iter().rposition(|it| *it == set);
        let place = known.unwrap_or(self.sets.len());
        if known.is_none() {
            self.sets.push(set);
        }
        self.set(name, PAIRS, place as u128 + 1);
    }

    /// An upper bound of the bytes that a text adds to the table: none if it is there.
    pub(in crate::dynamodb) fn bytes_of_text(&self, text: &str) -> usize {
        if self.texts.contains_key(text) { 0 } else { text.len() + 3 }
    }

    /// The table's bytes: equal rows in equal order are equal bytes.
    pub(in crate::dynamodb) fn finish(mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for number in [FORM, self.rows as u128, self.order.len() as u128] {
            put(&mut bytes, number);
        }
        for text in &self.order {
            put_text(&mut bytes, text);
        }
        put(&mut bytes, self.columns.len() as u128);
        for column in &mut self.columns {
            column.cells.resize(self.rows, 0);
            put_text(&mut bytes, column.name);
            let is_constant = column.cells.windows(2).all(|pair| pair.first() == pair.last());
            bytes.push(if is_constant { column.kind | CONSTANT } else { column.kind });
            let payload = column.payload(&self.sets, is_constant);
            put(&mut bytes, payload.len() as u128);
            bytes.extend(payload);
        }
        bytes
    }

    fn text_id(&mut self, text: &str) -> u128 {
        if let Some(id) = self.texts.get(text) {
            return *id;
        }
        self.order.push(text.to_owned());
        let id = self.order.len() as u128;
        self.texts.insert(text.to_owned(), id);
        id
    }

    fn set(&mut self, name: &'static str, kind: u8, cell: u128) {
        let is_next = self.columns.get(self.next).is_some_and(|it| it.name == name);
        let place = match is_next {
            true => self.next,
            false => match self.columns.iter().position(|it| it.name == name) {
                Some(place) => place,
                None => {
                    self.columns.push(Column { name, kind, cells: Vec::new() });
                    self.columns.len() - 1
                }
            },
        };
        self.next = place + 1;
        if let Some(column) = self.columns.get_mut(place) {
            column.cells.resize(self.rows.saturating_sub(1), 0);
            column.cells.push(cell);
        }
    }
}

impl Column {
    fn payload(&mut self, sets: &[PairSet], is_constant: bool) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.cells.len());
        match self.kind {
            AMOUNT => {
                let power = self.divide();
                put(&mut bytes, u128::from(power));
            }
            PAIRS => {
                put(&mut bytes, sets.len() as u128);
                for set in sets {
                    put(&mut bytes, set.len() as u128);
                    set.iter()
                        .flat_map(|(key, value)| [key, value])
                        .for_each(|it| put(&mut bytes, *it));
                }
            }
            _ => {}
        }
        let count = if is_constant { 1 } else { self.cells.len() };
        self.cells.iter().take(count).for_each(|it| put(&mut bytes, *it));
        bytes
    }

    /// Divides amounts by the largest power of ten that all are multiples of.
    fn divide(&mut self) -> u32 {
        let amounts: Vec<Option<i128>> =
            self.cells.iter().map(|it| it.checked_sub(1).map(unzigzag)).collect();
        let is_multiple = |power: u32| {
            let unit = 10_i128.pow(power);
            amounts.iter().flatten().all(|it| it % unit == 0)
        };
        let power = (0..=POWER_MAX).rev().find(|it| is_multiple(*it)).unwrap_or_default();
        let unit = 10_i128.pow(power);
        let cell = |amount: i128| zigzag(amount / unit).saturating_add(1);
        self.cells = amounts.into_iter().map(|it| it.map_or(0, cell)).collect();
        power
    }
}

fn put(bytes: &mut Vec<u8>, mut number: u128) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push((number & 0x7f) as u8);
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    put(bytes, text.len() as u128);
    bytes.extend(text.as_bytes());
}

/// Whole numbers as natural ones: 0, -1, 1, -2 …
fn zigzag(number: i128) -> u128 {
    ((number << 1) ^ (number >> 127)).cast_unsigned()
}

pub(super) fn unzigzag(number: u128) -> i128 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}
