//! Bills as Parquet.

use std::fmt::Write as _;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, FieldRef, Fields, Schema, TimeUnit};
use bytes::Bytes;
use jiff::Timestamp;
use jiff::tz::Offset;
use ledger_app::ports::{Reading, SourceError};
use ledger_core::line_item::Provenance;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};

use super::Reader;
use super::cells::{self, Row};
use super::columns::{COUNT, Column, Kind};
use super::groups::Groups;
use super::line::RawLine;
use super::names::Layout;

/// Rows that are decoded at once.
const BATCH: usize = 8192;

/// Where at least one row in so many is AI, all rows are read at once; otherwise those that are AI
/// are read apart, and of the others only what is totalled.
const AI_ROWS_APART: usize = 4;

/// What may be put together from other columns.
const MAPS: [Column; 2] = [Column::Product, Column::Tags];

/// What is read of lines that are not AI.
const TOTALLED: [Column; 6] = [
    Column::PeriodStart,
    Column::Payer,
    Column::UsageStart,
    Column::Unblended,
    Column::NetUnblended,
    Column::Currency,
];

/// What tells whether a line is AI.
const DECIDING: [Column; 5] = [
    Column::BillingEntity,
    Column::ProductCode,
    Column::UsageType,
    Column::Product,
    Column::ProductFamily,
];

pub(super) fn read<T: ChunkReader + 'static>(
    file: T,
    bytes: u64,
    path: &str,
    name: &Arc<str>,
    reader: &mut Reader<'_>,
) -> Result<(), SourceError> {
    let unreachable = |source| SourceError::Unreachable {
        place: path.to_owned(),
        source: std::io::Error::other(source),
    };
    if !has_footer(&file, bytes).map_err(unreachable)? {
        return Err(SourceError::Refused(format!(
            "`{name}` ends too early: it has no footer, expected a whole Parquet file; fetch it \
             again",
        )));
    }
    let file = Opened::new(file, bytes, name)?;
    let schema = file.as_text.schema();
    reader.check_columns(name, |column| file.layout.has(column))?;
    let mut is_plain = !MAPS.into_iter().any(|map| file.layout.is_apart(map));
    let mut has_column = [false; COUNT];
    for (has_column, column) in has_column.iter_mut().zip(Column::ALL) {
        let Ok(field) = schema.field_with_name(column.name()) else {
            continue;
        };
        *has_column = true;
        let kind = field.data_type();
        if !is_usable(column.kind(), kind) {
            return Err(SourceError::Refused(format!(
                "`{name}` has column `{}` of type {kind}; expected {}",
                column.name(),
                column.kind().expected(),
            )));
        }
        is_plain &= !Column::OF_ALL_LINES.contains(&column) || cells::is_plain(column, kind);
    }
    if reader.is_line_by_line || !is_plain {
        file.read_as_text(reader)
    } else {
        file.read_in_groups(has_column, reader)
    }
}

/// A file, or an object, that several readers read.
struct Shared<T>(Arc<T>);

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Shared(Arc::clone(&self.0))
    }
}

impl<T: ChunkReader> Length for Shared<T> {
    fn len(&self) -> u64 {
        self.0.len()
    }
}

impl<T: ChunkReader> ChunkReader for Shared<T> {
    type T = T::T;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        self.0.get_read(start)
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        self.0.get_bytes(start, length)
    }
}

/// A file whose footer was read.
struct Opened<'a, T> {
    layout: Layout,
    file: Shared<T>,
    name: &'a Arc<str>,
    bytes: u64,
    /// Texts as texts.
    as_text: ArrowReaderMetadata,
    /// Texts as keys of the dictionaries that the file has them in.
    as_keys: ArrowReaderMetadata,
}

impl<'a, T: ChunkReader + 'static> Opened<'a, T> {
    fn new(file: T, bytes: u64, name: &'a Arc<str>) -> Result<Self, SourceError> {
        let file = Shared(Arc::new(file));
        // The schema of Parquet itself is what AWS writes; one of Arrow beside it could say
        // otherwise.
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let as_text =
            ArrowReaderMetadata::load(&file, options).map_err(|error| damaged(name, &error))?;
        let options = ArrowReaderOptions::new().with_schema(Arc::new(keyed(as_text.schema())));
        let as_keys = ArrowReaderMetadata::try_new(Arc::clone(as_text.metadata()), options)
            .map_err(|error| damaged(name, &error))?;
        let layout = layout_of(as_text.schema());
        Ok(Opened { layout, file, name, bytes, as_text, as_keys })
    }

    fn row_groups(&self) -> impl Iterator<Item = (usize, usize)> {
        let row_groups = self.as_text.metadata().row_groups().iter();
        row_groups.map(|it| usize::try_from(it.num_rows()).unwrap_or_default()).enumerate()
    }

    /// Reads each row for itself.
    fn read_as_text(&self, reader: &mut Reader<'_>) -> Result<(), SourceError> {
        let mut progress = self.progress();
        let mut before = 0;
        for (row_group, _) in self.row_groups() {
            for batch in self.batches(&self.as_text, row_group, &Column::ALL, None)? {
                let batch = self.checked(batch)?;
                let lines = before + 1..;
                before += u64::try_from(batch.num_rows()).unwrap_or_default();
                read_batch(&batch, lines, self.name, reader)?;
                progress.tell(before, reader)?;
            }
        }
        progress.end(reader)
    }

    /// Reads rows that differ in nothing but days and amounts together.
    fn read_in_groups(
        &self,
        has_column: [bool; COUNT],
        reader: &mut Reader<'_>,
    ) -> Result<(), SourceError> {
        let mut progress = self.progress();
        let mut groups = Groups::new(has_column);
        let mut before = 0;
        for (row_group, row_count) in self.row_groups() {
            let row_group = RowGroup { row_group, row_count, before };
            let mut unclear = self.group(&row_group, &mut groups, reader)?;
            unclear.sort_unstable();
            if !unclear.is_empty() {
                self.read_rows_as_text(&row_group, &unclear, reader)?;
            }
            if groups.is_full() {
                groups.hand_on(self.name, reader)?;
            }
            before += u64::try_from(row_count).unwrap_or_default();
            progress.tell(before, reader)?;
        }
        groups.hand_on(self.name, reader)?;
        progress.end(reader)
    }

    /// Adds a row group to the groups; says which of its rows are to be read as text.
    fn group(
        &self,
        row_group: &RowGroup,
        groups: &mut Groups,
        reader: &mut Reader<'_>,
    ) -> Result<Vec<usize>, SourceError> {
        let is_ai = self.verdicts(row_group, groups)?;
        let ai_count = is_ai.iter().filter(|it| **it).count();
        groups.begin_row_group(row_group.before);
        let mut add = |columns: &[Column], rows: Option<&[usize]>, part: &dyn Fn(bool) -> bool| {
            let mut at = 0;
            let mut taken: Vec<Row> = Vec::new();
            let mut add_batch = |batch: &RecordBatch| {
                let places = 0..batch.num_rows();
                let from = at;
                at += batch.num_rows();
                taken.clear();
                taken.extend(places.filter_map(|place| {
                    let row = match rows {
                        None => from + place,
                        Some(rows) => rows.get(from + place).copied()?,
                    };
                    let is_ai = is_ai.get(row).copied().unwrap_or_default();
                    part(is_ai).then_some(Row { place, row, is_ai })
                }));
                groups.add(batch, &taken, &mut reader.converter)
            };
            for batch in self.batches(&self.as_keys, row_group.row_group, columns, rows)? {
                let batch = self.checked(batch)?;
                add_batch(&batch).map_err(|it| SourceError::Money(self.name.to_string(), it))?;
            }
            Ok(())
        };
        if ai_count.saturating_mul(AI_ROWS_APART) >= row_group.row_count && ai_count > 0 {
            add(Column::OF_ALL_LINES, None, &|_| true)?;
        } else {
            add(&TOTALLED, None, &|is_ai| !is_ai)?;
            if ai_count > 0 {
                let rows = is_ai.iter().enumerate().filter(|it| *it.1).map(|it| it.0);
                add(Column::OF_ALL_LINES, Some(&rows.collect::<Vec<_>>()), &|_| true)?;
            }
        }
        Ok(groups.end_row_group(&mut reader.converter))
    }

    /// Whether each row of a row group is AI. The product code decides nearly all of them, and the
    /// columns that decide the others are read for those alone.
    fn verdicts(
        &self,
        row_group: &RowGroup,
        groups: &mut Groups,
    ) -> Result<Vec<bool>, SourceError> {
        let mut is_ai = Vec::with_capacity(row_group.row_count);
        let mut open = Vec::new();
        if self.as_keys.schema().index_of(Column::ProductCode.name()).is_ok() {
            let columns = [Column::ProductCode];
            for batch in self.batches(&self.as_keys, row_group.row_group, &columns, None)? {
                for verdict in groups.verdicts_by_code(&self.checked(batch)?) {
                    if verdict.is_none() {
                        open.push(is_ai.len());
                    }
                    is_ai.push(verdict.unwrap_or_default());
                }
            }
        } else {
            open.extend(0..row_group.row_count);
            is_ai.resize(row_group.row_count, false);
        }
        let mut rows = open.iter();
        if !open.is_empty() {
            for batch in self.batches(&self.as_keys, row_group.row_group, &DECIDING, Some(&open))? {
                for verdict in groups.verdicts(&self.checked(batch)?) {
                    if let Some(row) = rows.next().and_then(|it| is_ai.get_mut(*it)) {
                        *row = verdict;
                    }
                }
            }
        }
        Ok(is_ai)
    }

    fn read_rows_as_text(
        &self,
        row_group: &RowGroup,
        rows: &[usize],
        reader: &mut Reader<'_>,
    ) -> Result<(), SourceError> {
        let mut lines = rows.iter().map(|it| row_group.line(*it));
        for batch in self.batches(&self.as_text, row_group.row_group, &Column::ALL, Some(rows))? {
            read_batch(&self.checked(batch)?, &mut lines, self.name, reader)?;
        }
        Ok(())
    }

    /// Some columns of one row group, of all rows or of some. A batch never spans two row groups:
    /// each has dictionaries of its own.
    fn batches(
        &self,
        metadata: &ArrowReaderMetadata,
        row_group: usize,
        columns: &[Column],
        rows: Option<&[usize]>,
    ) -> Result<ParquetRecordBatchReader, SourceError> {
        let roots = columns.iter().flat_map(|it| self.layout.positions(*it));
        let builder =
            ParquetRecordBatchReaderBuilder::new_with_metadata(self.file.clone(), metadata.clone());
        let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
        let mut builder =
            builder.with_projection(mask).with_row_groups(vec![row_group]).with_batch_size(BATCH);
        if let Some(rows) = rows {
            let row_count = self.row_groups().nth(row_group).map_or(0, |it| it.1);
            let ranges = rows.iter().map(|it| *it..*it + 1);
            let selection = RowSelection::from_consecutive_ranges(ranges, row_count);
            builder = builder.with_row_selection(selection);
        }
        builder.build().map_err(|error| damaged(self.name, &error))
    }

    fn checked<E: std::fmt::Display>(
        &self,
        batch: Result<RecordBatch, E>,
    ) -> Result<RecordBatch, SourceError> {
        batch.map_err(|error| damaged(self.name, &error))
    }

    fn progress(&self) -> Progress<'_> {
        let rows = self.as_text.metadata().file_metadata().num_rows();
        let rows = u64::try_from(rows).unwrap_or_default();
        Progress { file: self.name, bytes: self.bytes, rows, told: 0 }
    }
}

/// One row group of a file.
struct RowGroup {
    row_group: usize,
    row_count: usize,
    /// The rows of the file that stand before it.
    before: u64,
}

impl RowGroup {
    /// The number of a row in the file, from 1.
    fn line(&self, row: usize) -> u64 {
        self.before.saturating_add(u64::try_from(row).unwrap_or(u64::MAX)).saturating_add(1)
    }
}

/// How much of a file is read.
struct Progress<'a> {
    file: &'a str,
    bytes: u64,
    rows: u64,
    told: u64,
}

impl Progress<'_> {
    fn tell(&mut self, rows: u64, reader: &mut Reader<'_>) -> Result<(), SourceError> {
        let share = u128::from(self.bytes) * u128::from(rows) / u128::from(self.rows.max(1));
        let done = u64::try_from(share).unwrap_or(self.bytes).min(self.bytes);
        reader.emit(self.file, Reading::Progress(done.saturating_sub(self.told)))?;
        self.told = done.max(self.told);
        Ok(())
    }

    fn end(self, reader: &mut Reader<'_>) -> Result<(), SourceError> {
        reader.emit(self.file, Reading::Progress(self.bytes.saturating_sub(self.told)))
    }
}

fn damaged(name: &str, error: &dyn std::fmt::Display) -> SourceError {
    SourceError::Refused(format!(
        "`{name}` is damaged: {error}, expected a whole Parquet file; fetch it again"
    ))
}

/// The schema with the texts that are read as keys of dictionaries, also within maps.
fn keyed(schema: &Schema) -> Schema {
    let key = || DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let text_as_key = |field: &FieldRef| match field.data_type() {
        DataType::Utf8 => Arc::new(field.as_ref().clone().with_data_type(key())),
        _ => Arc::clone(field),
    };
    let fields = schema.fields().iter().map(|field| {
        if Column::ALL.iter().all(|it| it.name() != field.name()) {
            return Arc::clone(field);
        }
        let DataType::Map(entry, is_sorted) = field.data_type() else { return text_as_key(field) };
        let DataType::Struct(fields) = entry.data_type() else { return Arc::clone(field) };
        let fields = fields.iter().map(text_as_key).collect::<Fields>();
        let entry = entry.as_ref().clone().with_data_type(DataType::Struct(fields));
        let map = DataType::Map(Arc::new(entry), *is_sorted);
        Arc::new(field.as_ref().clone().with_data_type(map))
    });
    Schema::new_with_metadata(fields.collect::<Fields>(), schema.metadata().clone())
}

/// Whether the last bytes are those of a whole file: magic, length of the footer, magic.
fn has_footer(file: &impl ChunkReader, bytes: u64) -> Result<bool, ParquetError> {
    Ok(bytes >= 12 && file.get_bytes(bytes.saturating_sub(4), 4)? == b"PAR1".as_slice())
}

fn layout_of(schema: &Schema) -> Layout {
    Layout::new(schema.fields().iter().map(|it| it.name().as_str()))
}

fn is_text(kind: &DataType) -> bool {
    matches!(kind, DataType::Utf8 | DataType::Binary)
}

fn is_usable(wanted: Kind, kind: &DataType) -> bool {
    if is_text(kind) {
        return true;
    }
    match wanted {
        Kind::Text => false,
        Kind::Number => {
            matches!(kind, DataType::Float64 | DataType::Int64 | DataType::Decimal128(..))
        }
        Kind::Date => matches!(kind, DataType::Timestamp(..) | DataType::Date32),
        Kind::Map => match kind {
            DataType::Map(entry, _) => match entry.data_type() {
                DataType::Struct(fields) => fields.iter().all(|it| is_text(it.data_type())),
                _ => false,
            },
            _ => false,
        },
    }
}

fn read_batch(
    batch: &RecordBatch,
    lines: impl Iterator<Item = u64>,
    name: &Arc<str>,
    reader: &mut Reader<'_>,
) -> Result<(), SourceError> {
    let mut provenance = Provenance { file: Arc::clone(name), line: 0 };
    let layout = layout_of(&batch.schema());
    let arrays: [Option<&ArrayRef>; COUNT] = Column::ALL
        .map(|column| layout.position(column).and_then(|position| batch.columns().get(position)));
    let cell_at = |position: usize, row: usize| {
        let mut text = String::new();
        match batch.columns().get(position).filter(|it| it.is_valid(row)) {
            Some(array) => write_cell(array, row, &mut text).map(|()| text),
            None => Ok(text),
        }
    };
    let mut texts: [String; COUNT] = std::array::from_fn(|_| String::new());
    for (row, line) in (0..batch.num_rows()).zip(lines) {
        provenance.line = line;
        let mut is_set = [false; COUNT];
        let mut bad = None;
        let cells = texts.iter_mut().zip(&mut is_set).zip(arrays).zip(Column::ALL);
        for (((text, is_set), array), column) in cells {
            text.clear();
            // A null is what an empty cell is in CSV.
            *is_set = array.is_some();
            if let Some(array) = array.filter(|it| it.is_valid(row))
                && let Err(reason) = write_cell(array, row, text)
            {
                bad = bad.or(Some((column, reason)));
            }
        }
        for map in MAPS.into_iter().filter(|it| layout.is_apart(*it)) {
            let cells = texts.get_mut(map as usize).zip(is_set.get_mut(map as usize));
            match (layout.map(map, |position| cell_at(position, row)), cells) {
                (Ok(made), Some((text, is_set))) => (*text, *is_set) = (made, true),
                (Err(reason), _) => bad = bad.or(Some((map, reason))),
                (Ok(_), None) => (),
            }
        }
        if let Some((column, reason)) = bad {
            reader.reject(&provenance, column.name(), reason)?;
            continue;
        }
        let mut raw = RawLine([None; COUNT]);
        for ((cell, text), is_set) in raw.0.iter_mut().zip(&texts).zip(is_set) {
            *cell = is_set.then_some(text.as_str());
        }
        reader.row(&raw, &provenance)?;
    }
    Ok(())
}

/// Writes a cell as CSV would have it.
fn write_cell(array: &ArrayRef, row: usize, text: &mut String) -> Result<(), String> {
    match array.data_type() {
        DataType::Float64 => {
            // Fifteen significant digits are what a double holds of any decimal: `0.1` stays `0.1`.
            // Adding nothing turns the double `-0.0` into `0.0`.
            let value = array.as_primitive::<Float64Type>().value(row) + 0.0;
            let _ = write!(text, "{value:.14e}");
        }
        DataType::Int64 => {
            let _ = write!(text, "{}", array.as_primitive::<Int64Type>().value(row));
        }
        DataType::Decimal128(..) => {
            text.push_str(&array.as_primitive::<Decimal128Type>().value_as_string(row));
        }
        DataType::Timestamp(unit, _) => {
            let (value, time) = match unit {
                TimeUnit::Second => {
                    let value = array.as_primitive::<TimestampSecondType>().value(row);
                    (value, Timestamp::from_second(value))
                }
                TimeUnit::Millisecond => {
                    let value = array.as_primitive::<TimestampMillisecondType>().value(row);
                    (value, Timestamp::from_millisecond(value))
                }
                TimeUnit::Microsecond => {
                    let value = array.as_primitive::<TimestampMicrosecondType>().value(row);
                    (value, Timestamp::from_microsecond(value))
                }
                TimeUnit::Nanosecond => {
                    let value = array.as_primitive::<TimestampNanosecondType>().value(row);
                    (value, Timestamp::from_nanosecond(i128::from(value)))
                }
            };
            match time {
                Ok(time) => {
                    let _ = write!(text, "{}", Offset::UTC.to_datetime(time).date());
                }
                // No date: the conversion says so, with the number.
                Err(_) => {
                    let _ = write!(text, "{value}");
                }
            }
        }
        DataType::Date32 => {
            let days = i64::from(array.as_primitive::<Date32Type>().value(row));
            match Timestamp::from_second(days.saturating_mul(86_400)) {
                Ok(time) => {
                    let _ = write!(text, "{}", Offset::UTC.to_datetime(time).date());
                }
                Err(_) => {
                    let _ = write!(text, "{days}");
                }
            }
        }
        DataType::Map(..) => {
            let map = array.as_map();
            let (offsets, next) = (map.value_offsets().get(row), map.value_offsets().get(row + 1));
            let index = |it: Option<&i32>| it.and_then(|it| usize::try_from(*it).ok());
            let entries = index(offsets).unwrap_or_default()..index(next).unwrap_or_default();
            let mut has_entry = false;
            text.push('{');
            for entry in entries {
                if map.values().is_null(entry) || map.keys().is_null(entry) {
                    continue;
                }
                if has_entry {
                    text.push(',');
                }
                has_entry = true;
                push_json(text, text_of(map.keys(), entry)?);
                text.push(':');
                push_json(text, text_of(map.values(), entry)?);
            }
            text.push('}');
        }
        _ => text.push_str(text_of(array, row)?),
    }
    Ok(())
}

fn push_json(text: &mut String, value: &str) {
    let _ = write!(text, "{}", serde_json::Value::from(value));
}

fn text_of(array: &ArrayRef, row: usize) -> Result<&str, String> {
    if let Some(array) = array.as_string_opt::<i32>() {
        return Ok(array.value(row));
    }
    let bytes = array.as_binary_opt::<i32>().map(|it| it.value(row)).unwrap_or_default();
    std::str::from_utf8(bytes).map_err(|_| {
        let text: String = String::from_utf8_lossy(bytes).chars().take(40).collect();
        format!("`{text}` is not UTF-8; expected UTF-8 text")
    })
}
