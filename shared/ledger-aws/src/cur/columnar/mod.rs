//! The columns of a Parquet file, batch by batch.
//!
//! Parquet's own readers decode [pages](text_pages) into [values](leaf) with their levels; here these
//! become [columns](batch) with a value or nothing in each row.

mod amounts;
mod batch;
pub(crate) mod double;
mod form;
mod leaf;
#[cfg(test)]
mod tests;
mod text_pages;
mod window;

use std::cell::Cell;
use std::panic::resume_unwind;
use std::slice::IterMut;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::ChunkReader;
use parquet::file::serialized_reader::SerializedPageReader;

use self::leaf::FieldReader;
use self::window::{Rows, Window};
use crate::cur::meaning::columns::{COUNT, Column};

pub(crate) use self::batch::{
    Amounts, Array, Batch, Femto, MapArray, NO_AMOUNT, ODD_AMOUNT, TextArray, Values,
};
pub(crate) use self::form::{Field, Form, Unit, fields};

/// Some columns of one row group, of all rows or of some.
pub(crate) struct Batches<'a> {
    columns: Vec<Ahead>,
    batch: Batch,
    rows: Rows<'a>,
    is_ahead: bool,
}

/// A column, and its cells in the rows after those of the batch.
struct Ahead {
    /// In the file.
    position: usize,
    reader: FieldReader,
    /// The numbers that amounts are read from.
    numbers: Option<Array>,
    array: Array,
}

/// Columns that are not decoded yet: each is taken by the first thread that is free.
type Undecoded<'a> = Mutex<IterMut<'a, Ahead>>;

/// The columns of a file that are read, and the rows.
pub(crate) struct Selection<'f, 'r, F> {
    /// Each with its place in the file.
    pub fields: F,
    pub positions: &'f [Option<usize>; COUNT],
    /// `None` where all are.
    pub rows: Option<&'r [usize]>,
    /// Whether costs and quantities are read as [`Amounts`], in place of the numbers.
    pub as_amounts: bool,
    /// Whether the next rows are decoded on another thread while a batch is worked on.
    pub is_ahead: bool,
}

impl<'a> Batches<'a> {
    /// Reads a row group. `dictionaries` counts them, so that no two of a file have the same number.
    pub(crate) fn new<'f, T: ChunkReader + 'static>(
        file: &Arc<T>,
        metadata: &ParquetMetaData,
        row_group: usize,
        selection: Selection<'f, 'a, impl Iterator<Item = (usize, &'f Field)>>,
        dictionaries: &Cell<u64>,
    ) -> Result<Batches<'a>> {
        let missing = || ParquetError::General("a column is missing".to_owned());
        let group = metadata.row_groups().get(row_group).ok_or_else(missing)?;
        let count = usize::try_from(group.num_rows())?;
        let descriptors = metadata.file_metadata().schema_descr().columns();
        let Selection { fields, positions, rows, as_amounts, is_ahead } = selection;
        let amounts_of = |position| {
            let mut columns = Column::ALL.into_iter().filter(|_| as_amounts);
            columns
                .find(|it| positions.get(*it as usize) == Some(&Some(position)))
                .and_then(Amounts::of)
        };
        let mut batch = Batch { row_count: 0, arrays: Vec::new(), positions: *positions };
        let mut columns = Vec::new();
        for (position, field) in fields {
            let new_array = || match amounts_of(position) {
                Some(amounts) => Some(Array::Amounts(amounts)),
                None => leaf::array_of(&field.form),
            };
            let (Some(array), in_batch) = (new_array(), new_array()) else { continue };
            let numbers =
                leaf::array_of(&field.form).filter(|_| matches!(array, Array::Amounts(_)));
            let chunks = field.leaves.clone().map(|leaf| {
                let column = descriptors.get(leaf).ok_or_else(missing)?;
                let chunk = group.columns().get(leaf).ok_or_else(missing)?;
                let pages = SerializedPageReader::new(Arc::clone(file), chunk, count, None)?;
                Ok((Arc::clone(column), pages))
            });
            let new_dictionary = || {
                dictionaries.set(dictionaries.get() + 1);
                dictionaries.get()
            };
            let chunks = chunks.collect::<Result<Vec<_>>>()?;
            let reader = FieldReader::new(&field.form, chunks, new_dictionary)?;
            columns.push(Ahead { position, reader, numbers, array });
            if batch.arrays.len() <= position {
                batch.arrays.resize_with(position + 1, || None);
            }
            if let Some(place) = batch.arrays.get_mut(position) {
                *place = in_batch;
            }
        }
        // A thread that takes the last column should not have the one with the most cells.
        columns.sort_by_key(|it| !matches!(it.array, Array::Map(_)));
        // One column is decoded sooner than a thread begins.
        let is_ahead = is_ahead && columns.len() > 1;
        Ok(Batches { columns, batch, rows: Rows::new(count, rows), is_ahead })
    }

    /// Gives the rows, batch by batch, until `take` fails. `failed` is the error of a file that
    /// cannot be decoded.
    pub(crate) fn each<E>(
        mut self,
        failed: impl Fn(ParquetError) -> E,
        mut take: impl FnMut(&Batch) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let Some(first) = self.rows.next() else { return Ok(()) };
        decode(&Mutex::new(self.columns.iter_mut()), &first).map_err(&failed)?;
        self.turn(first.row_count);
        while let Some(next) = self.rows.next() {
            if self.is_ahead {
                let (undecoded, batch) = (Mutex::new(self.columns.iter_mut()), &self.batch);
                thread::scope(|scope| {
                    // Where the system has no thread left, this one decodes all.
                    let helper = thread::Builder::new();
                    let helper = helper.spawn_scoped(scope, || decode(&undecoded, &next));
                    take(batch)?;
                    decode(&undecoded, &next).map_err(&failed)?;
                    let Ok(helper) = helper else { return Ok(()) };
                    helper.join().unwrap_or_else(|panic| resume_unwind(panic)).map_err(&failed)
                })?;
            } else {
                take(&self.batch)?;
                // Back, into memory that the processor's cache holds.
                self.turn(0);
                decode(&Mutex::new(self.columns.iter_mut()), &next).map_err(&failed)?;
            }
            self.turn(next.row_count);
        }
        take(&self.batch)
    }

    /// Goes on to the rows that were decoded.
    fn turn(&mut self, row_count: usize) {
        for Ahead { position, array, .. } in &mut self.columns {
            if let Some(Some(batch)) = self.batch.arrays.get_mut(*position) {
                batch.turn(array);
            }
        }
        self.batch.row_count = row_count;
    }
}

fn decode(undecoded: &Undecoded<'_>, window: &Window) -> Result<()> {
    let next = || undecoded.lock().unwrap_or_else(PoisonError::into_inner).next();
    while let Some(Ahead { reader, numbers, array, .. }) = next() {
        match (numbers, array) {
            (Some(numbers), Array::Amounts(amounts)) => {
                reader.read(window, numbers)?;
                amounts.read(numbers, window.row_count);
            }
            (_, array) => reader.read(window, array)?,
        }
    }
    Ok(())
}
