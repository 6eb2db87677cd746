//! The data files: Parquet as AWS writes it, and the same content as gzip CSV.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::builder::{MapBuilder, MapFieldNames, StringBuilder};
use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray, TimestampMillisecondArray};
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use flate2::write::GzEncoder;
use jiff::civil::Date;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use super::SampleError;
use super::line::{COLUMNS, Cell, Column, ColumnType, Line};

/// The format of a delivery's data files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Parquet,
    Csv,
}

impl Format {
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Format::Parquet => "snappy.parquet",
            Format::Csv => "csv.gz",
        }
    }

    /// Writes all lines to one file, complete or not at all.
    pub(super) fn write(self, path: &Path, lines: &[Line]) -> Result<(), SampleError> {
        match self {
            Format::Parquet => replace(path, |file| {
                write_parquet(file, lines)
                    .map_err(|source| SampleError::Parquet { path: path.to_owned(), source })
            }),
            Format::Csv => replace(path, |file| {
                write_csv(file, lines)
                    .map_err(|source| SampleError::Csv { path: path.to_owned(), source })
            }),
        }
    }
}

/// Writes beside `path` and renames: a reader sees the old file or the new one.
pub(super) fn replace(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> Result<(), SampleError>,
) -> Result<(), SampleError> {
    let failed = |source| SampleError::Write { path: path.to_owned(), source };
    let temporary = temporary_name(path);
    let mut file = BufWriter::new(File::create(&temporary).map_err(failed)?);
    write(&mut file)?;
    file.flush().map_err(failed)?;
    fs::rename(&temporary, path).map_err(failed)
}

/// A name that ends neither like a data file nor like a manifest.
fn temporary_name(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".partial");
    PathBuf::from(name)
}

fn write_parquet(file: &mut BufWriter<File>, lines: &[Line]) -> Result<(), ParquetError> {
    let schema = Arc::new(Schema::new(COLUMNS.iter().map(field).collect::<Vec<_>>()));
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    // Without Arrow's own schema in the footer: AWS's files have none, and readers must not need it.
    let options =
        ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
    let mut writer = ArrowWriter::try_new_with_options(file, Arc::clone(&schema), options)?;
    let arrays = COLUMNS.iter().map(|it| array(it, lines)).collect::<Result<Vec<_>, _>>()?;
    writer.write(&RecordBatch::try_new(schema, arrays)?)?;
    writer.close()?;
    Ok(())
}

fn field(column: &Column) -> Field {
    let kind = match column.kind {
        ColumnType::Text => DataType::Utf8,
        ColumnType::Timestamp => DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
        ColumnType::Double => DataType::Float64,
        ColumnType::Map => {
            let entry = DataType::Struct(
                vec![
                    Field::new("key", DataType::Utf8, false),
                    Field::new("value", DataType::Utf8, true),
                ]
                .into(),
            );
            DataType::Map(Arc::new(Field::new("key_value", entry, false)), false)
        }
    };
    Field::new(column.name, kind, true)
}

/// One column of all lines. A cell of another type than its column's would be null; a test over
/// both forms shows that there is none.
fn array(column: &Column, lines: &[Line]) -> Result<ArrayRef, ParquetError> {
    let cells = lines.iter().map(|line| (column.cell)(line));
    Ok(match column.kind {
        ColumnType::Text => Arc::new(
            cells
                .map(|cell| if let Cell::Text(text) = cell { text } else { None })
                .collect::<StringArray>(),
        ),
        ColumnType::Timestamp => {
            Arc::new(
                cells
                    .map(|cell| {
                        if let Cell::Midnight(day) = cell { Some(milliseconds(day)) } else { None }
                    })
                    .collect::<TimestampMillisecondArray>()
                    .with_timezone("UTC"),
            )
        }
        ColumnType::Double => Arc::new(
            cells
                .map(|cell| {
                    if let Cell::Number(number) = cell {
                        number.map(|it| it.as_double())
                    } else {
                        None
                    }
                })
                .collect::<Float64Array>(),
        ),
        ColumnType::Map => {
            let names = MapFieldNames {
                entry: "key_value".into(),
                key: "key".into(),
                value: "value".into(),
            };
            let mut map = MapBuilder::new(Some(names), StringBuilder::new(), StringBuilder::new());
            for cell in cells {
                let Cell::Map(attributes) = cell else {
                    continue;
                };
                for (key, value) in attributes {
                    map.keys().append_value(key);
                    map.values().append_value(value);
                }
                map.append(!attributes.is_empty())?;
            }
            Arc::new(map.finish())
        }
    })
}

fn milliseconds(day: Date) -> i64 {
    let epoch = jiff::civil::date(1970, 1, 1);
    day.duration_since(epoch).as_hours().saturating_mul(3_600_000)
}

fn write_csv(file: &mut BufWriter<File>, lines: &[Line]) -> Result<(), csv::Error> {
    let mut gzip = GzEncoder::new(file, flate2::Compression::fast());
    write_csv_rows(&mut gzip, lines)?;
    gzip.try_finish()?;
    Ok(())
}

/// A header row, then one row per line; a map is a JSON object as text, and absent is empty.
pub(super) fn write_csv_rows(out: impl Write, lines: &[Line]) -> Result<(), csv::Error> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(COLUMNS.iter().map(|it| it.name))?;
    for line in lines {
        writer.write_record(COLUMNS.iter().map(|column| csv_field(&(column.cell)(line))))?;
    }
    writer.flush()?;
    Ok(())
}

fn csv_field(cell: &Cell<'_>) -> String {
    match cell {
        Cell::Text(text) => text.as_deref().unwrap_or("").to_owned(),
        Cell::Midnight(day) => format!("{day}T00:00:00.000Z"),
        Cell::Number(number) => number.map(|it| it.decimal().to_string()).unwrap_or_default(),
        Cell::Map(attributes) => {
            let object =
                attributes.iter().map(|(key, value)| ((*key).to_owned(), value.as_ref().into()));
            serde_json::Value::Object(object.collect()).to_string()
        }
    }
}
