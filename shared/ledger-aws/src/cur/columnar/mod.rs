//! The columns of a Parquet file, batch by batch.
//!
//! Parquet's own readers decode [pages](text_pages) into [values](leaf) with their levels; here these
//! become [columns](batch) with a value or nothing in each row.

mod batch;
pub(crate) mod double;
mod form;
mod leaf;
#[cfg(test)]
mod tests;
mod text_pages;
mod window;

use std::cell::Cell;
use std::sync::Arc;

use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::ChunkReader;
use parquet::file::serialized_reader::SerializedPageReader;

use self::leaf::FieldReader;
use self::window::Rows;
use crate::cur::meaning::columns::COUNT;

pub(crate) use self::batch::{Array, Batch, MapArray, TextArray, Values};
pub(crate) use self::form::{Field, Form, Unit, fields};

/// Some columns of one row group, of all rows or of some.
pub(crate) struct Batches<'a> {
    readers: Vec<(usize, FieldReader)>,
    batch: Batch,
    rows: Rows<'a>,
}

impl<'a> Batches<'a> {
    /// Reads fields of a row group, each with its place in the file. `dictionaries` counts them, so that no two of a file have the same number.
    pub(crate) fn new<'f, T: ChunkReader + 'static>(
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
        Ok(Batches { readers, batch, rows: Rows::new(count, wanted) })
    }

    /// The next rows; `None` behind the last of them.
    pub(crate) fn next(&mut self) -> Result<Option<&Batch>> {
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
