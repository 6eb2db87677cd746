//! Bills as Parquet.

use std::fmt::Write as _;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, TimeUnit};
use jiff::Timestamp;
use jiff::tz::Offset;
use ledger_app::ports::{Reading, SourceError};
use ledger_core::line_item::Provenance;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;
use parquet::file::reader::ChunkReader;

use super::Reader;
use super::columns::{COUNT, Column, Kind};
use super::line::RawLine;

/// Rows that are decoded at once.
const BATCH: usize = 4096;

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
    let damaged = |error: &dyn std::fmt::Display| {
        SourceError::Refused(format!(
            "`{name}` is damaged: {error}, expected a whole Parquet file; fetch it again"
        ))
    };
    // The schema of Parquet itself is what AWS writes; one of Arrow beside it could say otherwise.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)
        .map_err(|error| damaged(&error))?;
    let schema = Arc::clone(builder.schema());
    reader.check_columns(name, |column| schema.index_of(column.name()).is_ok())?;
    let mut roots = Vec::new();
    for column in Column::ALL {
        let Ok(root) = schema.index_of(column.name()) else {
            continue;
        };
        let kind = schema.field(root).data_type();
        if !is_usable(column.kind(), kind) {
            return Err(SourceError::Refused(format!(
                "`{name}` has column `{}` of type {kind}; expected {}",
                column.name(),
                column.kind().expected(),
            )));
        }
        roots.push(root);
    }
    let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
    let rows = u64::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or_default();
    let batches = builder
        .with_projection(mask)
        .with_batch_size(BATCH)
        .build()
        .map_err(|error| damaged(&error))?;

    let mut provenance = Provenance { file: Arc::clone(name), line: 0 };
    let mut told = 0;
    for batch in batches {
        let batch = batch.map_err(|error| damaged(&error))?;
        read_batch(&batch, &mut provenance, reader)?;
        let share = u128::from(bytes) * u128::from(provenance.line) / u128::from(rows.max(1));
        let done = u64::try_from(share).unwrap_or(bytes).min(bytes);
        reader.emit(name, Reading::Progress(done.saturating_sub(told)))?;
        told = done.max(told);
    }
    reader.emit(name, Reading::Progress(bytes.saturating_sub(told)))
}

/// Whether the last bytes are those of a whole file: magic, length of the footer, magic.
fn has_footer(file: &impl ChunkReader, bytes: u64) -> Result<bool, ParquetError> {
    Ok(bytes >= 12 && file.get_bytes(bytes.saturating_sub(4), 4)? == b"PAR1".as_slice())
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
    provenance: &mut Provenance,
    reader: &mut Reader<'_>,
) -> Result<(), SourceError> {
    let arrays: [Option<&ArrayRef>; COUNT] =
        Column::ALL.map(|column| batch.column_by_name(column.name()));
    let mut texts: [String; COUNT] = std::array::from_fn(|_| String::new());
    for row in 0..batch.num_rows() {
        provenance.line = provenance.line.saturating_add(1);
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
        if let Some((column, reason)) = bad {
            reader.reject(provenance, column.name(), reason)?;
            continue;
        }
        let mut raw = RawLine([None; COUNT]);
        for ((cell, text), is_set) in raw.0.iter_mut().zip(&texts).zip(is_set) {
            *cell = is_set.then_some(text.as_str());
        }
        reader.row(&raw, provenance)?;
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
