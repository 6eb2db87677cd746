//! Cells of a Parquet file as text, as CSV would have them.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::Offset;

use crate::cur::columnar::{Array, MapArray, TextArray, Unit};
use crate::cur::meaning::columns::Kind;
use crate::cur::meaning::faults::{Fault, NOT_UTF8};

/// Writes a cell as CSV would have it; nothing where it is null.
pub(crate) fn write_cell(
    array: &Array,
    row: usize,
    kind: Kind,
    text: &mut String,
) -> Result<(), Fault> {
    match array {
        Array::Nulls => {}
        // Only groups of rows ask for amounts.
        Array::Amounts(_) => return Err("is not there as text"),
        // A text that was taken for a number, and null where that is none.
        Array::Doubles(values) if kind != Kind::Number => {
            if let Some(value) = values.get(row).filter(|it| !it.is_nan()) {
                let _ = write!(text, "{value}");
            }
        }
        Array::Texts(texts) => text.push_str(text_of(texts, row)?.unwrap_or_default()),
        Array::Doubles(values) => {
            // Fifteen significant digits are what a double holds of any decimal: `0.1` stays `0.1`.
            // Adding nothing turns the double `-0.0` into `0.0`.
            if let Some(value) = values.get(row) {
                let _ = write!(text, "{:.14e}", value + 0.0);
            }
        }
        Array::Integers(values) => {
            if let Some(value) = values.get(row) {
                let _ = write!(text, "{value}");
            }
        }
        Array::Decimals(values, scale) => {
            if let Some(value) = values.get(row) {
                write_decimal(value, *scale, text);
            }
        }
        Array::Times(values, unit) => {
            if let Some(value) = values.get(row) {
                let time = match unit {
                    Unit::Millisecond => Timestamp::from_millisecond(value),
                    Unit::Microsecond => Timestamp::from_microsecond(value),
                    Unit::Nanosecond => Timestamp::from_nanosecond(value.into()),
                };
                write_date(time.ok(), value, text);
            }
        }
        Array::Days(values) => {
            if let Some(days) = values.get(row).map(i64::from) {
                let time = Timestamp::from_second(days.saturating_mul(86_400));
                write_date(time.ok(), days, text);
            }
        }
        Array::Map(map) => write_map(map, row, text)?,
        Array::Record(fields) => {
            let mut entries = Vec::new();
            for (name, texts) in fields {
                entries.extend(text_of(texts, row)?.map(|it| (name.as_str(), it)));
            }
            write_entries(entries.into_iter(), text);
        }
    }
    Ok(())
}

/// Writes the date, or else the number: the conversion says that this is none.
fn write_date(time: Option<Timestamp>, number: i64, text: &mut String) {
    let _ = match time {
        Some(time) => write!(text, "{}", Offset::UTC.to_datetime(time).date()),
        None => write!(text, "{number}"),
    };
}

fn write_decimal(value: i128, scale: i32, text: &mut String) {
    let sign = if value < 0 { "-" } else { "" };
    let scale = usize::try_from(scale).unwrap_or_default();
    let digits = format!("{:0width$}", value.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let point = if fraction.is_empty() { "" } else { "." };
    let _ = write!(text, "{sign}{whole}{point}{fraction}");
}

fn write_map(map: &MapArray, row: usize, text: &mut String) -> Result<(), Fault> {
    let bound = |it: usize| map.offsets().get(it).copied().unwrap_or_default();
    let mut entries = Vec::new();
    for entry in bound(row)..bound(row + 1) {
        entries.extend(text_of(map.keys(), entry)?.zip(text_of(map.values(), entry)?));
    }
    write_entries(entries.into_iter(), text);
    Ok(())
}

fn write_entries<'a>(entries: impl Iterator<Item = (&'a str, &'a str)>, text: &mut String) {
    text.push('{');
    for (at, (key, value)) in entries.enumerate() {
        if at > 0 {
            text.push(',');
        }
        push_json(text, key);
        text.push(':');
        push_json(text, value);
    }
    text.push('}');
}

fn push_json(text: &mut String, value: &str) {
    let _ = write!(text, "{}", serde_json::Value::from(value));
}

fn text_of(texts: &TextArray, row: usize) -> Result<Option<&str>, Fault> {
    let Some(bytes) = texts.bytes(row) else { return Ok(None) };
    std::str::from_utf8(bytes).map(Some).map_err(|_| NOT_UTF8)
}
