//! The dictionaries of a file's columns, translated to numbers.

use crate::cur::columnar::{Array, Batch};
use crate::cur::groups::ids::{EMPTY, Id, MapView, TextView, Texts, Translation};
use crate::cur::meaning::columns::Column;
use crate::cur::meaning::row::is_null;

#[derive(Default)]
pub(super) struct Dictionaries {
    none: Translation,
    columns: [Translation; Column::OF_ALL_LINES.len()],
    /// Keys and values.
    pub tags: [Translation; 2],
    pub product: [Translation; 2],
}

impl Dictionaries {
    /// Learns the texts that are new with a batch.
    pub(super) fn learn(&mut self, batch: &Batch, texts: &mut Texts) {
        for (translation, column) in self.columns.iter_mut().zip(Column::ALL) {
            if let Some(column) = batch.column(column).and_then(Array::as_texts) {
                translation.learn(column, |it| if is_null(it) { EMPTY } else { texts.id(it) });
                translation.number();
            }
        }
        let maps = [(&mut self.tags, Column::Tags), (&mut self.product, Column::Product)];
        for ([keys, values], column) in maps {
            if let Some(map) = batch.column(column).and_then(Array::as_map) {
                keys.learn(map.keys(), |it| texts.id(it));
                values.learn(map.values(), |it| texts.id(it));
            }
        }
    }

    pub(super) fn text<'a>(&'a self, batch: &'a Batch, column: Column) -> TextView<'a> {
        let known = self.columns.get(column as usize).unwrap_or(&self.none);
        known.view(batch.column(column).and_then(Array::as_texts))
    }

    pub(super) fn map<'a>(
        &'a self,
        batch: &'a Batch,
        column: Column,
        [keys, values]: &'a [Translation; 2],
    ) -> MapView<'a> {
        MapView::new(batch.column(column), keys, values)
    }

    /// The texts of a column by their numbers.
    pub(super) fn numbered(&self, column: Column) -> &[Id] {
        self.columns.get(column as usize).map_or(&[], Translation::numbered)
    }

    pub(super) fn number_count(&self, column: Column) -> usize {
        self.columns.get(column as usize).map_or(0, Translation::number_count)
    }

    /// The text that a number of a column means.
    pub(super) fn id(&self, column: Column, number: u32) -> Id {
        self.columns.get(column as usize).map_or(EMPTY, |it| it.id(number))
    }
}
