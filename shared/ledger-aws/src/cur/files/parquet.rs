//! Bills as Parquet.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::available_parallelism;

use ledger_app::ports::{Reading, SourceError};
use ledger_core::line_item::Provenance;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use parquet::file::reader::ChunkReader;

use crate::cur::columnar::{Array, Batch, Batches, Field, Form, Selection, fields};
use crate::cur::files::cell_text::write_cell;
use crate::cur::groups::{BatchRow, Groups, Turn};
use crate::cur::meaning::columns::{COUNT, Column, ColumnSet, Kind};
use crate::cur::meaning::names::ColumnMap;
use crate::cur::meaning::row::RawLine;
use crate::cur::reader::Reader;

/// If at least one row in this many is AI, all rows are read at once. Otherwise AI rows are read
/// apart, and of the others only the columns that are totalled.
const AI_ROWS_APART: usize = 4;

/// The columns that may be put together from others.
const MAPS: [Column; 2] = [Column::Product, Column::Tags];

/// The columns that are read of non-AI lines.
const TOTALLED: [Column; 6] = [
    Column::PeriodStart,
    Column::Payer,
    Column::UsageStart,
    Column::Unblended,
    Column::NetUnblended,
    Column::Currency,
];

/// The columns that decide whether a line is AI.
const DECIDING: [Column; 6] = [
    Column::BillingEntity,
    Column::ProductCode,
    Column::UsageType,
    Column::Description,
    Column::Product,
    Column::ProductFamily,
];

pub(crate) fn read<T: ChunkReader + 'static>(
    file: T,
    bytes: u64,
    path: &str,
    name: &Arc<str>,
    reader: &mut Reader<'_>,
) -> Result<(), SourceError> {
    // The reader of Parquet trusts the lengths that a file states, and panics at some that are wrong.
    // What was read until then is not used: a file that is refused ends its import. A function does not
    // unwind: `ingest-export` refuses the file at the panic itself.
    catch_unwind(AssertUnwindSafe(|| try_read(file, bytes, path, name, reader)))
        .unwrap_or_else(|_| Err(damaged(name, &"its parts contradict each other")))
}

fn try_read<T: ChunkReader + 'static>(
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
    reader.check_columns(name, |column| file.layout.has(column))?;
    let mut is_plain = !MAPS.into_iter().any(|map| file.layout.is_apart(map));
    let mut present = ColumnSet::default();
    for column in Column::ALL {
        let Some(Field { form, .. }) = file.field(column) else { continue };
        present.insert(column);
        if !is_usable(column.kind(), form) {
            return Err(SourceError::Refused(format!(
                "`{name}` has column `{}` of type {form}; expected {}",
                column.name(),
                column.kind().expected(),
            )));
        }
        is_plain &= !Column::OF_ALL_LINES.contains(&column) || is_plain_form(column.kind(), form);
    }
    if reader.is_line_by_line || !is_plain {
        file.read_as_text(reader)
    } else {
        file.read_in_groups(present, reader)
    }
}

/// A file whose footer was read.
struct Opened<'a, T> {
    layout: ColumnMap,
    fields: Vec<Field>,
    metadata: ParquetMetaData,
    file: Arc<T>,
    name: &'a Arc<str>,
    bytes: u64,
    /// The number of dictionaries so far.
    dictionaries: Cell<u64>,
    /// Whether a second core decodes rows while those before them are added up.
    is_ahead: bool,
}

impl<'a, T: ChunkReader + 'static> Opened<'a, T> {
    fn new(file: T, bytes: u64, name: &'a Arc<str>) -> Result<Self, SourceError> {
        let metadata = ParquetMetaDataReader::new().parse_and_finish(&file);
        let metadata = metadata.map_err(|error| damaged(name, &error))?;
        let fields = fields(metadata.file_metadata().schema_descr());
        let layout = ColumnMap::new(fields.iter().map(|it| it.name.as_str()));
        let (file, dictionaries) = (Arc::new(file), Cell::default());
        let is_ahead = available_parallelism().is_ok_and(|it| it.get() > 1);
        Ok(Opened { layout, fields, metadata, file, name, bytes, dictionaries, is_ahead })
    }

    fn field(&self, column: Column) -> Option<&Field> {
        self.fields.get(self.layout.position(column)?)
    }

    fn row_groups(&self) -> impl Iterator<Item = (usize, usize)> {
        let row_groups = self.metadata.row_groups().iter();
        row_groups.map(|it| usize::try_from(it.num_rows()).unwrap_or_default()).enumerate()
    }

    /// Reads each row for itself.
    fn read_as_text(&self, reader: &mut Reader<'_>) -> Result<(), SourceError> {
        let mut progress = self.progress();
        let mut before = 0;
        for (row_group, _) in self.row_groups() {
            self.each_batch(row_group, &Column::ALL, (None, false), |batch| {
                let lines = before + 1..;
                before += u64::try_from(batch.row_count()).unwrap_or_default();
                self.read_batch(batch, lines, reader)?;
                progress.report(before, reader)
            })?;
        }
        progress.end(reader)
    }

    /// Reads rows that differ in nothing but days and amounts together.
    fn read_in_groups(
        &self,
        present: ColumnSet,
        reader: &mut Reader<'_>,
    ) -> Result<(), SourceError> {
        let mut progress = self.progress();
        let mut groups = Groups::new(present);
        let mut before = 0;
        for (row_group, row_count) in self.row_groups() {
            let row_group = RowGroup { row_group, row_count, before };
            let turns = self.turns(&row_group, &mut groups, reader)?;
            let mut unclear = self.group(&row_group, &turns, &mut groups, reader)?;
            unclear.sort_unstable();
            self.read_rows_as_text(&row_group, &rows_of(&turns, Turn::AsText), reader)?;
            reader.is_chosen = true;
            self.read_rows_as_text(&row_group, &unclear, reader)?;
            reader.is_chosen = false;
            if groups.is_full() {
                groups.emit(self.name, self.is_ahead, reader)?;
            }
            before += u64::try_from(row_count).unwrap_or_default();
            progress.report(before, reader)?;
        }
        groups.emit(self.name, self.is_ahead, reader)?;
        progress.end(reader)
    }

    /// Adds a row group to the groups; says which of its rows are to be read as text.
    fn group(
        &self,
        row_group: &RowGroup,
        turns: &[Turn],
        groups: &mut Groups,
        reader: &mut Reader<'_>,
    ) -> Result<Vec<usize>, SourceError> {
        let count = |turn| turns.iter().filter(|it| **it == turn).count();
        let (ai_count, other_count) = (count(Turn::Ai), count(Turn::Other));
        groups.begin_row_group(row_group.before);
        let mut add = |columns: &[Column], rows: Option<&[usize]>, takes_ai: bool| {
            let mut at = 0;
            self.each_batch(row_group.row_group, columns, (rows, true), |batch| {
                let from = at;
                at += batch.row_count();
                let row_at = |place: usize| match rows {
                    None => Some(from + place),
                    Some(rows) => rows.get(from + place).copied(),
                };
                let taken = (0..batch.row_count()).filter_map(|place| {
                    let row = row_at(place)?;
                    let is_ai = match turns.get(row)? {
                        Turn::Ai if takes_ai => true,
                        Turn::Other => false,
                        Turn::Ai | Turn::AsText | Turn::Later => return None,
                    };
                    Some(BatchRow { place, row, is_ai })
                });
                let added = groups.add(batch, taken, &mut reader.converter);
                added.map_err(|it| SourceError::Money(self.name.to_string(), it))
            })
        };
        let are_most =
            |count: usize| count.saturating_mul(AI_ROWS_APART) >= row_group.row_count && count > 0;
        if are_most(ai_count) {
            add(Column::OF_ALL_LINES, None, true)?;
        } else {
            if other_count > 0 {
                let rows = (!are_most(other_count)).then(|| rows_of(turns, Turn::Other));
                add(&TOTALLED, rows.as_deref(), false)?;
            }
            if ai_count > 0 {
                let rows = rows_of(turns, Turn::Ai);
                add(Column::OF_ALL_LINES, Some(&rows), true)?;
            }
        }
        Ok(groups.end_row_group(&mut reader.converter))
    }

    /// How each row of a row group is read. The product code decides nearly all of them, and the
    /// columns that decide the others are read for those alone.
    fn turns(
        &self,
        row_group: &RowGroup,
        groups: &mut Groups,
        reader: &mut Reader<'_>,
    ) -> Result<Vec<Turn>, SourceError> {
        let codes = &mut reader.converter.codes;
        let mut turns = Vec::with_capacity(row_group.row_count);
        let mut open = Vec::new();
        if self.layout.position(Column::ProductCode).is_some() {
            self.each_batch(row_group.row_group, &[Column::ProductCode], (None, true), |batch| {
                for turn in groups.turns_by_code(batch, codes) {
                    if turn.is_none() {
                        open.push(turns.len());
                    }
                    turns.push(turn.unwrap_or(Turn::AsText));
                }
                Ok(())
            })?;
        } else {
            open.extend(0..row_group.row_count);
            turns.resize(row_group.row_count, Turn::AsText);
        }
        // Where all is AI, nothing more is asked.
        if turns.contains(&Turn::Other) {
            let mut others = turns.iter_mut();
            self.each_batch(row_group.row_group, &[Column::UsageType], (None, true), |batch| {
                // Tokens outside of AI need a finding.
                let counts = groups.token_counts(batch);
                for (counts_tokens, turn) in counts.zip(others.by_ref()) {
                    if counts_tokens && *turn == Turn::Other {
                        *turn = Turn::AsText;
                    }
                }
                Ok(())
            })?;
        }
        let mut rows = open.iter();
        if !open.is_empty() {
            self.each_batch(row_group.row_group, &DECIDING, (Some(&open), true), |batch| {
                for turn in groups.turns(batch, codes) {
                    if let Some(row) = rows.next().and_then(|it| turns.get_mut(*it)) {
                        *row = turn;
                    }
                }
                Ok(())
            })?;
        }
        Ok(turns)
    }

    fn read_rows_as_text(
        &self,
        row_group: &RowGroup,
        rows: &[usize],
        reader: &mut Reader<'_>,
    ) -> Result<(), SourceError> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut lines = rows.iter().map(|it| row_group.line(*it));
        self.each_batch(row_group.row_group, &Column::ALL, (Some(rows), false), |batch| {
            self.read_batch(batch, &mut lines, reader)
        })
    }

    /// Gives some columns of one row group, of all rows or of some. A batch never spans two row
    /// groups: each has dictionaries of its own.
    fn each_batch(
        &self,
        row_group: usize,
        columns: &[Column],
        (rows, as_amounts): (Option<&[usize]>, bool),
        take: impl FnMut(&Batch) -> Result<(), SourceError>,
    ) -> Result<(), SourceError> {
        let positions = columns.iter().flat_map(|it| self.layout.positions(*it));
        let positions: BTreeSet<usize> = positions.collect();
        let fields = positions.into_iter().filter_map(|it| Some((it, self.fields.get(it)?)));
        let positions = &Column::ALL.map(|it| self.layout.position(it));
        let selection = Selection { fields, positions, rows, as_amounts, is_ahead: self.is_ahead };
        let (file, metadata) = (&self.file, &self.metadata);
        let failed = |error| damaged(self.name, &error);
        let batches = Batches::new(file, metadata, row_group, selection, &self.dictionaries);
        batches.map_err(failed)?.each(failed, take)
    }

    /// Emits each row of a batch, read as text.
    fn read_batch(
        &self,
        batch: &Batch,
        lines: impl Iterator<Item = u64>,
        reader: &mut Reader<'_>,
    ) -> Result<(), SourceError> {
        let mut provenance = Provenance { file: Arc::clone(self.name), line: 0 };
        let arrays: [Option<&Array>; COUNT] = Column::ALL.map(|column| batch.column(column));
        let cell_at = |position: usize, row: usize| {
            let mut text = String::new();
            let written =
                batch.at(position).map_or(Ok(()), |it| write_cell(it, row, Kind::Text, &mut text));
            written.map(|()| text)
        };
        let mut broken = Vec::new();
        let mut texts: [String; COUNT] = std::array::from_fn(|_| String::new());
        for (row, line) in (0..batch.row_count()).zip(lines) {
            provenance.line = line;
            let mut is_set = [false; COUNT];
            broken.clear();
            let cells = texts.iter_mut().zip(&mut is_set).zip(arrays).zip(Column::ALL);
            for (((text, is_set), array), column) in cells {
                text.clear();
                // A null is what an empty cell is in CSV.
                *is_set = array.is_some();
                if let Some(Err(fault)) = array.map(|it| write_cell(it, row, column.kind(), text)) {
                    text.clear();
                    broken.push((column, fault));
                }
            }
            for map in MAPS.into_iter().filter(|it| self.layout.is_apart(*it)) {
                let cells = texts.get_mut(map as usize).zip(is_set.get_mut(map as usize));
                let (made, fault) = self.layout.map(map, |position| cell_at(position, row));
                broken.extend(fault.map(|it| (map, it)));
                if let Some((text, is_set)) = cells {
                    (*text, *is_set) = (made, true);
                }
            }
            let mut raw = RawLine([None; COUNT]);
            for ((cell, text), is_set) in raw.0.iter_mut().zip(&texts).zip(is_set) {
                *cell = is_set.then_some(text.as_str());
            }
            reader.row(&raw, &broken, &provenance)?;
        }
        Ok(())
    }

    fn progress(&self) -> Progress<'_> {
        let rows = self.metadata.file_metadata().num_rows();
        let rows = u64::try_from(rows).unwrap_or_default();
        Progress { file: self.name, bytes: self.bytes, rows, reported: 0 }
    }
}

/// One row group of a file.
struct RowGroup {
    row_group: usize,
    row_count: usize,
    /// The number of rows of the file before it.
    before: u64,
}

impl RowGroup {
    /// The number of a row in the file, from 1.
    fn line(&self, row: usize) -> u64 {
        self.before.saturating_add(u64::try_from(row).unwrap_or(u64::MAX)).saturating_add(1)
    }
}

/// The rows of a row group that are read in one way.
fn rows_of(turns: &[Turn], turn: Turn) -> Vec<usize> {
    turns.iter().enumerate().filter(|it| *it.1 == turn).map(|it| it.0).collect()
}

/// The share of a file that is read.
struct Progress<'a> {
    file: &'a str,
    bytes: u64,
    rows: u64,
    reported: u64,
}

impl Progress<'_> {
    fn report(&mut self, rows: u64, reader: &mut Reader<'_>) -> Result<(), SourceError> {
        let share = u128::from(self.bytes) * u128::from(rows) / u128::from(self.rows.max(1));
        let done = u64::try_from(share).unwrap_or(self.bytes).min(self.bytes);
        reader.emit(self.file, Reading::Progress(done.saturating_sub(self.reported)))?;
        self.reported = done.max(self.reported);
        Ok(())
    }

    fn end(self, reader: &mut Reader<'_>) -> Result<(), SourceError> {
        reader.emit(self.file, Reading::Progress(self.bytes.saturating_sub(self.reported)))
    }
}

fn damaged(name: &str, error: &dyn std::fmt::Display) -> SourceError {
    let error = error.to_string();
    // The crate says so of a compression that it was built without.
    if let Some((_, compression)) = error.split_once("Disabled feature at compile time: ") {
        return SourceError::Refused(format!(
            "`{name}` is compressed with {compression}, which is not read; expected Snappy, gzip, \
             Zstandard or no compression: write it again with one of them"
        ));
    }
    SourceError::Refused(format!(
        "`{name}` is damaged: {error}, expected a whole Parquet file; fetch it again"
    ))
}

/// Whether the last bytes are those of a whole file: magic, length of the footer, magic.
fn has_footer(file: &impl ChunkReader, bytes: u64) -> Result<bool, ParquetError> {
    Ok(bytes >= 12 && file.get_bytes(bytes.saturating_sub(4), 4)? == b"PAR1".as_slice())
}

/// Whether cells of a form can be read. Tools that lose the type of a column where all or some of its
/// cells are null make numbers of texts and of maps.
fn is_usable(wanted: Kind, form: &Form) -> bool {
    let is_number = matches!(form, Form::Double | Form::Integer | Form::Decimal(_));
    match wanted {
        _ if matches!(form, Form::Text | Form::Null) => true,
        Kind::Text | Kind::Number => is_number,
        Kind::Date => matches!(form, Form::Time(_) | Form::Time96 | Form::Day),
        Kind::Map => is_number || matches!(form, Form::Map | Form::Pairs | Form::Record(_)),
    }
}

/// Whether cells of a form are read in groups of rows; all others are read as text.
fn is_plain_form(wanted: Kind, form: &Form) -> bool {
    match wanted {
        _ if *form == Form::Null => true,
        Kind::Text => *form == Form::Text,
        Kind::Number | Kind::Date => *form != Form::Text,
        Kind::Map => *form == Form::Map,
    }
}
