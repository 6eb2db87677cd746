//! The columns of a Parquet file, batch by batch.
//!
//! Parquet's own readers decode [pages](text_pages) into [values](leaf) with their levels; here these
//! become [columns](batch) with a value or nothing in each row.

mod batch;
mod form;
mod leaf;
#[cfg(test)]
mod tests;
mod text_pages;

use std::cell::Cell;
use std::sync::Arc;

use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::ChunkReader;
use parquet::file::serialized_reader::SerializedPageReader;

use self::leaf::FieldReader;
use super::columns::COUNT;

pub(super) use self::batch::{Array, Batch, MapArray, TextArray, Values};
pub(super) use self::form::{Field, Form, Unit, fields};

/// Rows that are handed on at once.
const BATCH: usize = 8192;

/// Rows that are decoded at most for a batch.
const DECODED_MAX: usize = 4 * BATCH;

/// So many rows between two that are wanted are decoded with them: to skip them costs more.
const GAP_MAX: usize = 32;

/// Some columns of one row group, of all rows or of some.
pub(super) struct Batches<'a> {
    readers: Vec<(usize, FieldReader)>,
    batch: Batch,
    rows: Rows<'a>,
}

/// Which rows of a row group are read.
struct Rows<'a> {
    count: usize,
    /// In ascending order; `None` where all are.
    wanted: Option<&'a [usize]>,
    /// The first row that is not decoded.
    at: usize,
}

/// Rows that are decoded one after the other, and those before them that are not.
#[derive(Clone, Copy, Debug)]
struct Run {
    skip: usize,
    take: usize,
}

/// What is decoded for one batch.
#[derive(Debug)]
struct Window {
    runs: Vec<Run>,
    /// The rows that are wanted, counted among those that are decoded; `None` where all are.
    places: Option<Vec<usize>>,
    row_count: usize,
}

impl<'a> Batches<'a> {
    /// Reads fields of a row group, each with its place in the file. `dictionaries` numbers those
    /// that are met, so that no two of a file have the same number.
    pub(super) fn new<'f, T: ChunkReader + 'static>(
        file: &Arc<T>,
        metadata: &ParquetMetaData,
        row_group: usize,
        fields: impl Iterator<Item = (usize, &'f Field)>,
        (positions, wanted): ([Option<usize>; COUNT], Option<&'a [usize]>),
        dictionaries: &Cell<u64>,
    ) -> Result<Batches<'a>> {
        let missing = || ParquetError::General("a column is missing".to_owned());
        let group = metadata.row_groups().get(row_group).ok_or_else(missing)?;
        let count = usize::try_from(group.num_rows())?;
        let columns = metadata.file_metadata().schema_descr().columns();
        let mut batch = Batch { row_count: 0, arrays: Vec::new(), positions };
        let mut readers = Vec::new();
        for (position, field) in fields {
            let Some(array) = leaf::array_of(&field.form) else { continue };
            let chunks = field.leaves.clone().map(|leaf| {
                let column = columns.get(leaf).ok_or_else(missing)?;
                let chunk = group.columns().get(leaf).ok_or_else(missing)?;
                let pages = SerializedPageReader::new(Arc::clone(file), chunk, count, None)?;
                Ok((Arc::clone(column), pages))
            });
            let new_dictionary = || {
                dictionaries.set(dictionaries.get() + 1);
                dictionaries.get()
            };
            let chunks = chunks.collect::<Result<Vec<_>>>()?;
            readers.push((position, FieldReader::new(&field.form, chunks, new_dictionary)?));
            if batch.arrays.len() <= position {
                batch.arrays.resize_with(position + 1, || None);
            }
            if let Some(place) = batch.arrays.get_mut(position) {
                *place = Some(array);
            }
        }
        Ok(Batches { readers, batch, rows: Rows { count, wanted, at: 0 } })
    }

    /// The next rows; `None` behind the last of them.
    pub(super) fn next(&mut self) -> Result<Option<&Batch>> {
        let Some(window) = self.rows.next() else { return Ok(None) };
        for (position, reader) in &mut self.readers {
            if let Some(Some(array)) = self.batch.arrays.get_mut(*position) {
                reader.read(&window, array)?;
            }
        }
        self.batch.row_count = window.row_count;
        Ok(Some(&self.batch))
    }
}

impl Rows<'_> {
    fn next(&mut self) -> Option<Window> {
        let Some(wanted) = self.wanted else {
            let take = BATCH.min(self.count - self.at);
            self.at += take;
            let runs = vec![Run { skip: 0, take }];
            return (take > 0).then_some(Window { runs, places: None, row_count: take });
        };
        let (mut runs, mut places, mut decoded) = (Vec::<Run>::new(), Vec::new(), 0);
        for row in wanted.iter().take(BATCH).take_while(|it| **it < self.count) {
            let gap = row.saturating_sub(self.at);
            let run = runs.last_mut().filter(|_| gap <= GAP_MAX);
            let take = if run.is_some() { gap + 1 } else { 1 };
            if decoded + take > DECODED_MAX {
                break;
            }
            decoded += take;
            match run {
                Some(run) => run.take += take,
                None => runs.push(Run { skip: gap, take }),
            }
            places.push(decoded - 1);
            self.at = row + 1;
        }
        self.wanted = wanted.get(places.len()..);
        let row_count = places.len();
        (row_count > 0).then_some(Window { runs, places: Some(places), row_count })
    }
}
