//! Tables, JSON and CSV. Texts of bills and rules pass here, and nothing of them moves a cursor, turns
//! a line or is run by a spreadsheet; JSON alone has them as they are.

use std::io::Write;

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, presets};
use ledger_api::cell::csv_cell;
use ledger_core::finding::Finding;
use ledger_core::letter::{is_misleading, shown, shown_in_column};

use crate::args::Format;

/// One cell of a table or of CSV.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// A charge has no such value: `-` in a table, nothing in CSV.
    Absent,
    /// Nothing is to be said.
    Blank,
    /// A text or a number.
    Text(String),
}

impl Cell {
    /// A value, or that there is none.
    pub fn of(value: Option<&str>) -> Cell {
        value.map_or(Cell::Absent, |it| Cell::Text(it.to_owned()))
    }

    /// For a table. The mark of an absent value is no text, so a text like it is written otherwise.
    fn in_table(&self) -> String {
        match self {
            Cell::Absent => "-".to_owned(),
            Cell::Blank => String::new(),
            Cell::Text(text) if text == "-" => r"\u{2d}".to_owned(),
            Cell::Text(text) => shown_in_column(text).into_owned(),
        }
    }

    /// For CSV, where an empty text is written so that it differs from none.
    fn in_csv(&self) -> String {
        match self {
            Cell::Absent | Cell::Blank => String::new(),
            Cell::Text(text) if text.is_empty() => shown_in_column(text).into_owned(),
            Cell::Text(text) => csv_cell(text).into_owned(),
        }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Cell {
        match text.is_empty() {
            true => Cell::Blank,
            false => Cell::Text(text),
        }
    }
}

/// Prints a line to standard output.
pub fn line(text: &str) {
    print(&shown(text));
}

/// Prints a body as one line of JSON.
pub fn json(body: &impl serde::Serialize) -> anyhow::Result<()> {
    print(&serde_json::to_string(body)?);
    Ok(())
}

/// Prints findings below a table. JSON has them in its body; beside CSV they go to standard error, so
/// that the rows stay as they are.
pub fn notes(format: Format, findings: &[Finding]) {
    for finding in findings {
        let note = one_line(&format!("note: {}", finding.message));
        match format {
            Format::Table => line(&note),
            Format::Csv => drop(writeln!(std::io::stderr().lock(), "{}", shown(&note))),
            Format::Json => {}
        }
    }
}

/// Writes a file to standard output as it is.
pub fn bytes(bytes: &[u8]) {
    let _ = std::io::stdout().lock().write_all(bytes);
}

/// Prints a line to standard error, beside a file on standard output.
pub fn aside(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", shown(&one_line(text)));
}

/// A reader of standard output that has gone away is not an error.
fn print(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Characters of one message that a person reads; input that it quotes may have any length.
const MESSAGE_CHARS_MAX: usize = 1_000;

/// A message as one line of bounded length. Characters that could move a terminal's cursor or turn the
/// line become spaces.
pub fn one_line(message: &str) -> String {
    let plain = |it: char| if is_misleading(it) { ' ' } else { it };
    let mut line: String = message.chars().take(MESSAGE_CHARS_MAX).map(plain).collect();
    let left_out = message.chars().count().saturating_sub(MESSAGE_CHARS_MAX);
    if left_out > 0 {
        line.push_str(&format!("… and {left_out} characters more"));
    }
    line
}

/// A table for people; the last `numeric` columns are aligned to the right.
pub fn table<C: Clone + Into<Cell>>(header: &[&str], rows: &[Vec<C>], numeric: usize) {
    let mut table = Table::new();
    table.load_style(presets::NOTHING.header_separator(LineStyle::none().fill('─').junction('─')));
    table.set_content_arrangement(ContentArrangement::Dynamic);
    let first_numeric = header.len().saturating_sub(numeric);
    let cell = |(at, cell): (usize, Cell)| {
        let cell = comfy_table::Cell::new(cell.in_table());
        if at >= first_numeric { cell.set_alignment(CellAlignment::Right) } else { cell }
    };
    table.set_header(header.iter().map(|it| (*it).to_owned().into()).enumerate().map(cell));
    for row in rows {
        table.add_row(row.iter().cloned().map(Into::into).enumerate().map(cell));
    }
    print(&table.to_string());
}

/// CSV.
pub fn csv<C: Clone + Into<Cell>>(header: &[&str], rows: &[Vec<C>]) {
    let mut writer = csv::Writer::from_writer(std::io::stdout().lock());
    let _ = writer.write_record(header.iter().map(|it| csv_cell(it).into_owned()));
    for row in rows {
        let cells = row.iter().cloned().map(|it| Into::<Cell>::into(it).in_csv());
        let _ = writer.write_record(cells);
    }
    let _ = writer.flush();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_line_that_a_person_can_read() {
        assert_eq!(one_line("a\nb\x1b[2Jc\u{202e}d"), "a b [2Jc d");
        let long = one_line(&"ä".repeat(1_002));
        assert!(long.ends_with("ää… and 2 characters more"), "{long}");
    }

    #[test]
    fn a_text_never_looks_like_an_absent_value() {
        for (cell, in_table, in_csv) in [
            (Cell::of(None), "-", ""),
            (Cell::of(Some("")), r"\u{}", r"\u{}"),
            (Cell::of(Some("-")), r"\u{2d}", "'-"),
            (Cell::of(Some(r"\u{2d}")), r"\\u{2d}", r"\\u{2d}"),
            (Cell::of(Some(r"\u{}")), r"\\u{}", r"\\u{}"),
            (Cell::of(Some("search ")), r"search\u{20}", "search "),
            (String::new().into(), "", ""),
        ] {
            assert_eq!((cell.in_table().as_str(), cell.in_csv().as_str()), (in_table, in_csv));
        }
    }
}
