//! Dates and maps, as the cells of any file write them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;
use ledger_core::line_item::Tags;

use crate::cur::meaning::faults::Fault;
use crate::cur::meaning::interned::Interner;
use crate::cur::meaning::map_text;

const NOT_A_DATE: Fault = "not a date; expected the form `2026-06-01T00:00:00Z`";
const DATE_OF_A_SPREADSHEET: Fault = "a date as spreadsheets write it, in which the day cannot be told \
     from the month; keep the column as text there, in the form `2026-06-01T00:00:00Z`";
const NUMBER_FOR_A_DATE: Fault = "a number, as spreadsheets and data frames keep dates; write it as \
     text, in the form `2026-06-01T00:00:00Z`";

/// Reads `2026-06-01`, `2026-06-01 00:00:00` and `2026-06-01T00:00:00Z`: the UTC day. Databases print
/// the zone after a space: `2026-06-01 00:00:00.000 UTC`, ` Z`, ` +0000`.
pub(super) fn read_date(text: &str) -> Result<Date, Fault> {
    // Everything else that a parser of times accepts, such as `2026-W23-1`, is not AWS's.
    let day = text.get(..10).ok_or_else(|| of_date(text))?;
    if text.len() == day.len() {
        return text.parse().map_err(|_| of_date(text));
    }
    let timestamp = |text: &str| text.parse::<Timestamp>().map(|it| Offset::UTC.to_datetime(it));
    let read = timestamp(text).or_else(|_| text.parse::<DateTime>());
    let read = read.or_else(|error| match text.rsplit_once(' ') {
        Some((time, "UTC" | "GMT")) => timestamp(&format!("{time}Z")),
        Some((time, zone)) if time.len() > day.len() => timestamp(&format!("{time}{zone}")),
        _ => Err(error),
    });
    read.map(DateTime::date).map_err(|_| of_date(text))
}

/// The habit by which a text is no date.
fn of_date(text: &str) -> Fault {
    let begins_with_year = text.get(..4).is_some_and(|it| it.bytes().all(|it| it.is_ascii_digit()));
    let is_apart = |it: &char| matches!(it, '/' | '.');
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => NUMBER_FOR_A_DATE,
        _ if !begins_with_year && text.chars().filter(is_apart).count() >= 2 => {
            DATE_OF_A_SPREADSHEET
        }
        _ => NOT_A_DATE,
    }
}

/// Reads a map in any form; numbers and truth values become their text, nulls are left out.
pub(super) fn read_map(text: &str, texts: &mut Interner) -> Result<Tags, Fault> {
    use serde_json::Value;
    let mut tags = Tags::new();
    let Ok(object) = serde_json::from_str::<BTreeMap<String, Value>>(text) else {
        return Ok(of_entries(map_text::entries(text)?, texts));
    };
    for (key, value) in object {
        let value = match value {
            Value::Null => continue,
            Value::String(value) => texts.get(&value),
            Value::Bool(value) => texts.get(&value.to_string()),
            Value::Number(value) => texts.get(&value.to_string()),
            Value::Array(_) | Value::Object(_) => {
                return Ok(of_entries(map_text::entries(text)?, texts));
            }
        };
        tags.insert(texts.get(&key), value);
    }
    Ok(tags)
}

fn of_entries(entries: Vec<(String, String)>, texts: &mut Interner) -> Tags {
    entries.into_iter().map(|(key, value)| (texts.get(&key), texts.get(&value))).collect()
}
