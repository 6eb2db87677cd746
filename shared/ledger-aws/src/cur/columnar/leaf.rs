//! Values of column chunks, as Parquet's readers decode them, by row.

use std::sync::PoisonError;

use parquet::basic::Type as Physical;
use parquet::column::page::PageReader;
use parquet::column::reader::ColumnReaderImpl;
use parquet::data_type::{
    AsBytes as _, ByteArrayType, DataType, DoubleType, FixedLenByteArrayType, Int32Type, Int64Type,
    Int96, Int96Type,
};
use parquet::errors::{ParquetError, Result};
use parquet::schema::types::ColumnDescPtr;

use super::batch::{Array, MapArray, TextArray, Values};
use super::form::Form;
use super::text_pages::{NewTexts, TextPages, column_like};
use super::window::Window;

/// Reads one column of a row group.
pub(super) enum FieldReader {
    Texts(TextLeaf),
    /// Keys and values.
    Map(Box<[TextLeaf; 2]>),
    /// Keys and values one after the other, in lists of two.
    Pairs(TextLeaf),
    /// The keys of a record that have texts.
    Record(Vec<TextLeaf>),
    Nulls,
    Doubles(Leaf<DoubleType>),
    Int32(Leaf<Int32Type>),
    Int64(Leaf<Int64Type>),
    Int96(Leaf<Int96Type>),
    Bytes(Leaf<ByteArrayType>),
    FixedBytes(Leaf<FixedLenByteArrayType>),
}

/// Reads one column chunk.
pub(super) struct Leaf<T: DataType> {
    reader: ColumnReaderImpl<T>,
    name: String,
    /// The level of what has a value.
    max_definition: i16,
    /// Without those of rows that have none.
    values: Vec<T::T>,
    definitions: Vec<i16>,
    repetitions: Vec<i16>,
}

/// Reads one column chunk of texts as places in a dictionary.
pub(super) struct TextLeaf {
    leaf: Leaf<Int32Type>,
    new_texts: NewTexts,
    dictionary: u64,
    /// The level of an entry of a map.
    entry_level: i16,
}

impl FieldReader {
    /// `chunks` are the columns of Parquet that the field consists of, with their pages.
    pub(super) fn new<P: PageReader + 'static>(
        form: &Form,
        chunks: Vec<(ColumnDescPtr, P)>,
        mut new_dictionary: impl FnMut() -> u64,
    ) -> Result<FieldReader> {
        if let Form::Record(names) = form {
            let texts = chunks.into_iter().zip(names).filter(|(_, name)| name.is_some());
            let texts =
                texts.map(|((column, pages), _)| TextLeaf::new(column, pages, new_dictionary()));
            return Ok(FieldReader::Record(texts.collect::<Result<_>>()?));
        }
        let is_of_lists = chunks.len() == 1;
        let mut chunks = chunks.into_iter();
        let mut next = || chunks.next().ok_or_else(|| damaged("a column is missing"));
        let (column, pages) = next()?;
        Ok(match (form, column.physical_type()) {
            (Form::Text, _) => FieldReader::Texts(TextLeaf::new(column, pages, new_dictionary())?),
            (Form::Null, _) => FieldReader::Nulls,
            (Form::Pairs, _) if is_of_lists => {
                FieldReader::Pairs(TextLeaf::new(column, pages, new_dictionary())?)
            }
            (Form::Map | Form::Pairs, _) => {
                let keys = TextLeaf::new(column, pages, new_dictionary())?;
                let (column, pages) = next()?;
                let values = TextLeaf::new(column, pages, new_dictionary())?;
                FieldReader::Map(Box::new([keys, values]))
            }
            (_, Physical::DOUBLE) => FieldReader::Doubles(Leaf::new(column, pages)),
            (_, Physical::INT32) => FieldReader::Int32(Leaf::new(column, pages)),
            (_, Physical::INT64) => FieldReader::Int64(Leaf::new(column, pages)),
            (_, Physical::INT96) => FieldReader::Int96(Leaf::new(column, pages)),
            (_, Physical::BYTE_ARRAY) => FieldReader::Bytes(Leaf::new(column, pages)),
            (_, Physical::FIXED_LEN_BYTE_ARRAY) => {
                FieldReader::FixedBytes(Leaf::new(column, pages))
            }
            (form, kind) => return Err(damaged(&format!("{form} as {kind} is not read"))),
        })
    }

    /// Reads the rows of a window into an array of the same form.
    pub(super) fn read(&mut self, window: &Window, array: &mut Array) -> Result<()> {
        match (self, array) {
            (FieldReader::Texts(leaf), Array::Texts(texts)) => leaf.read(window, texts),
            (FieldReader::Map(leaves), Array::Map(map)) => read_map(leaves, window, map),
            (FieldReader::Pairs(leaf), Array::Map(map)) => leaf.read_pairs(window, map),
            (FieldReader::Record(leaves), Array::Record(fields)) => {
                let mut fields = leaves.iter_mut().zip(fields);
                fields.try_for_each(|(leaf, (_, texts))| leaf.read(window, texts))
            }
            (FieldReader::Nulls, Array::Nulls) => Ok(()),
            (FieldReader::Int32(leaf), Array::Integers(it)) => {
                leaf.read_flat(window, it, |it| (*it).into())
            }
            (FieldReader::Doubles(leaf), Array::Doubles(it)) => leaf.read_as_is(window, it),
            (FieldReader::Int64(leaf), Array::Integers(it) | Array::Times(it, _)) => {
                leaf.read_as_is(window, it)
            }
            (FieldReader::Int32(leaf), Array::Days(it)) => leaf.read_as_is(window, it),
            (FieldReader::Int96(leaf), Array::Days(it)) => leaf.read_flat(window, it, day_of),
            (FieldReader::Int32(leaf), Array::Decimals(it, _)) => {
                leaf.read_flat(window, it, |it| (*it).into())
            }
            (FieldReader::Int64(leaf), Array::Decimals(it, _)) => {
                leaf.read_flat(window, it, |it| (*it).into())
            }
            (FieldReader::Bytes(leaf), Array::Decimals(it, _)) => {
                leaf.read_flat(window, it, |it| whole_number(it.as_bytes()))
            }
            (FieldReader::FixedBytes(leaf), Array::Decimals(it, _)) => {
                leaf.read_flat(window, it, |it| whole_number(it.as_bytes()))
            }
            _ => Err(damaged("a column is not of the type that its file says")),
        }
    }
}

/// An array that is still empty.
pub(super) fn array_of(form: &Form) -> Option<Array> {
    Some(match form {
        Form::Text => Array::Texts(TextArray::default()),
        Form::Double => Array::Doubles(Values::default()),
        Form::Integer => Array::Integers(Values::default()),
        Form::Decimal(scale) => Array::Decimals(Values::default(), *scale),
        Form::Time(unit) => Array::Times(Values::default(), *unit),
        Form::Day | Form::Time96 => Array::Days(Values::default()),
        Form::Map | Form::Pairs => Array::Map(MapArray::default()),
        Form::Record(names) => {
            let names = names.iter().flatten();
            Array::Record(names.map(|it| (it.clone(), TextArray::default())).collect())
        }
        Form::Null => Array::Nulls,
        Form::Other(_) => return None,
    })
}

fn damaged(what: &str) -> ParquetError {
    ParquetError::General(what.to_owned())
}

/// The day of a timestamp: a Julian day, and nanoseconds within it.
fn day_of(time: &Int96) -> i32 {
    let days = time.to_seconds().div_euclid(86_400);
    i32::try_from(days).unwrap_or(i32::MAX)
}

/// A number in two's complement, its highest byte first. Of more than 128 bits, which no decimal of
/// 38 digits needs, the lowest count.
fn whole_number(bytes: &[u8]) -> i128 {
    let sign = bytes.first().map_or(0, |it| if *it >= 0x80 { -1 } else { 0 });
    bytes.iter().fold(sign, |number, byte| (number << 8) | i128::from(*byte))
}

impl<T: DataType> Leaf<T> {
    fn new<P: PageReader + 'static>(column: ColumnDescPtr, pages: P) -> Leaf<T> {
        Leaf {
            name: column.path().string(),
            max_definition: column.max_def_level(),
            reader: ColumnReaderImpl::new(column, Box::new(pages)),
            values: Vec::new(),
            definitions: Vec::new(),
            repetitions: Vec::new(),
        }
    }

    /// Decodes the rows of a window.
    fn decode(&mut self, window: &Window) -> Result<()> {
        self.values.clear();
        self.definitions.clear();
        self.repetitions.clear();
        for run in &window.runs {
            let skipped = match run.skip {
                0 => 0,
                rows => self.reader.skip_records(rows)?,
            };
            let (definitions, repetitions) = (&mut self.definitions, &mut self.repetitions);
            let (read, _, _) = self.reader.read_records(
                run.take,
                Some(definitions),
                Some(repetitions),
                &mut self.values,
            )?;
            if (skipped, read) != (run.skip, run.take) {
                let name = &self.name;
                return Err(damaged(&format!("column `{name}` has fewer rows than its group")));
            }
        }
        Ok(())
    }

    /// Reads a column that has at most one value in each row.
    fn read_flat<U: Copy + Default>(
        &mut self,
        window: &Window,
        array: &mut Values<U>,
        convert: impl Fn(&T::T) -> U,
    ) -> Result<()> {
        self.decode(window)?;
        let row_count = self.definitions.len().max(self.values.len());
        self.fill(row_count, |_| true, convert, array);
        array.keep(window.places.as_deref());
        Ok(())
    }

    /// Puts the values in their places; `is_place` says which levels are one.
    fn fill<U: Copy + Default>(
        &self,
        place_count: usize,
        is_place: impl Fn(i16) -> bool,
        convert: impl Fn(&T::T) -> U,
        array: &mut Values<U>,
    ) {
        array.clear();
        if self.values.len() == place_count {
            array.values.extend(self.values.iter().map(convert));
            return;
        }
        let mut values = self.values.iter();
        for level in self.definitions.iter().filter(|it| is_place(**it)) {
            let value = if *level == self.max_definition { values.next() } else { None };
            array.nulls.push(value.is_none());
            array.values.push(value.map(&convert).unwrap_or_default());
        }
    }
}

impl<T: DataType> Leaf<T>
where
    T::T: Copy + Default,
{
    /// As [`Leaf::read_flat`], where values stay as they are.
    fn read_as_is(&mut self, window: &Window, array: &mut Values<T::T>) -> Result<()> {
        self.decode(window)?;
        let row_count = self.definitions.len().max(self.values.len());
        self.fill_as_is(row_count, |_| true, array);
        array.keep(window.places.as_deref());
        Ok(())
    }

    /// As [`Leaf::fill`], where values stay as they are: if each place has one, none is copied.
    fn fill_as_is(
        &mut self,
        place_count: usize,
        is_place: impl Fn(i16) -> bool,
        array: &mut Values<T::T>,
    ) {
        if self.values.len() == place_count {
            array.clear();
            std::mem::swap(&mut self.values, &mut array.values);
        } else {
            self.fill(place_count, is_place, |it| *it, array);
        }
    }
}

impl TextLeaf {
    fn new<P: PageReader + 'static>(
        column: ColumnDescPtr,
        pages: P,
        dictionary: u64,
    ) -> Result<TextLeaf> {
        let new_texts = NewTexts::default();
        let pages = TextPages::new(pages, &column, &new_texts)?;
        let (definition, repetition) = (column.max_def_level(), column.max_rep_level());
        let places = column_like(&column, Physical::INT32, definition, repetition)?;
        let entry_level = column.repeated_ancestor_def_level();
        Ok(TextLeaf { leaf: Leaf::new(places, pages), new_texts, dictionary, entry_level })
    }

    fn read(&mut self, window: &Window, array: &mut TextArray) -> Result<()> {
        self.leaf.read_as_is(window, &mut array.places)?;
        self.take_texts(array);
        Ok(())
    }

    /// Moves the new texts of the dictionary into the array.
    fn take_texts(&mut self, array: &mut TextArray) {
        array.dictionary = self.dictionary;
        array.texts.append(&mut self.new_texts.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Reads lists of two texts each, a key and its value.
    fn read_pairs(&mut self, window: &Window, map: &mut MapArray) -> Result<()> {
        self.leaf.decode(window)?;
        map.offsets.clear();
        let (mut key_count, mut value_count) = (0, 0);
        for (repetition, definition) in self.leaf.repetitions.iter().zip(&self.leaf.definitions) {
            if *repetition == 0 {
                map.offsets.push(key_count);
            }
            let is_side = *definition >= self.entry_level;
            // A side that goes on with a list is a value, and closes the pair of the key before it.
            let is_value = *repetition > 1;
            key_count += usize::from(is_side && !is_value);
            value_count += usize::from(is_side && is_value);
            if is_side && value_count != key_count - usize::from(!is_value) {
                return Err(damaged("a list in place of a map has other than two texts"));
            }
        }
        map.offsets.push(key_count);
        if key_count != value_count {
            return Err(damaged("a list in place of a map has other than two texts"));
        }
        let mut sides = TextArray::default();
        self.fill_entries(key_count + value_count, &mut sides);
        for (at, array) in [&mut map.keys, &mut map.values].into_iter().enumerate() {
            let (values, nulls) = (&sides.places.values, &sides.places.nulls);
            array.places.values = values.iter().skip(at).step_by(2).copied().collect();
            array.places.nulls = nulls.iter().skip(at).step_by(2).copied().collect();
            array.dictionary = sides.dictionary;
            array.texts.extend(sides.texts.iter().cloned());
        }
        if let Some(places) = &window.places {
            map.keep(places);
        }
        Ok(())
    }

    /// Puts one side of the decoded entries in place.
    fn fill_entries(&mut self, count: usize, array: &mut TextArray) {
        let is_entry = |level| level >= self.entry_level;
        self.leaf.fill_as_is(count, is_entry, &mut array.places);
        self.take_texts(array);
    }
}

fn read_map([keys, values]: &mut [TextLeaf; 2], window: &Window, map: &mut MapArray) -> Result<()> {
    keys.leaf.decode(window)?;
    values.leaf.decode(window)?;
    map.offsets.clear();
    let mut count = 0;
    for (repetition, definition) in keys.leaf.repetitions.iter().zip(&keys.leaf.definitions) {
        if *repetition == 0 {
            map.offsets.push(count);
        }
        count += usize::from(*definition >= keys.entry_level);
    }
    map.offsets.push(count);
    let value_count =
        values.leaf.definitions.iter().filter(|it| **it >= values.entry_level).count();
    if keys.leaf.repetitions != values.leaf.repetitions || value_count != count {
        return Err(damaged("a map has other keys than values"));
    }
    keys.fill_entries(count, &mut map.keys);
    values.fill_entries(count, &mut map.values);
    if let Some(places) = &window.places {
        map.keep(places);
    }
    Ok(())
}
