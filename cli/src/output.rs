//! Tables, JSON and CSV.

use std::io::Write;

use comfy_table::{Cell, CellAlignment, ContentArrangement, LineStyle, Table, presets};

/// Prints a line to standard output; a reader that has gone away is not an error.
pub fn line(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Prints a body as one line of JSON.
pub fn json(body: &impl serde::Serialize) -> anyhow::Result<()> {
    line(&serde_json::to_string(body)?);
    Ok(())
}

/// Characters of one message that a person reads; input that it quotes may have any length.
const MESSAGE_CHARS_MAX: usize = 1_000;

/// A message as one line of bounded length. Control characters become spaces, since they could move a
/// terminal's cursor.
pub fn one_line(message: &str) -> String {
    let plain = |it: char| if it.is_control() { ' ' } else { it };
    let mut line: String = message.chars().take(MESSAGE_CHARS_MAX).map(plain).collect();
    let left_out = message.chars().count().saturating_sub(MESSAGE_CHARS_MAX);
    if left_out > 0 {
        line.push_str(&format!("… and {left_out} characters more"));
    }
    line
}

/// A table for people; the last `numeric` columns are aligned to the right.
pub fn table(header: &[&str], rows: &[Vec<String>], numeric: usize) {
    let mut table = Table::new();
    table.load_style(presets::NOTHING.header_separator(LineStyle::none().fill('─').junction('─')));
    table.set_content_arrangement(ContentArrangement::Dynamic);
    let first_numeric = header.len().saturating_sub(numeric);
    let cell = |(at, text): (usize, String)| {
        let cell = Cell::new(text);
        if at >= first_numeric { cell.set_alignment(CellAlignment::Right) } else { cell }
    };
    table.set_header(header.iter().map(|it| (*it).to_owned()).enumerate().map(cell));
    for row in rows {
        table.add_row(row.iter().cloned().enumerate().map(cell));
    }
    line(&table.to_string());
}

/// CSV that a spreadsheet does not run: text that begins like a formula gets a `'` in front.
pub fn csv(header: &[&str], rows: &[Vec<String>]) {
    let mut writer = csv::Writer::from_writer(std::io::stdout().lock());
    let _ = writer.write_record(header);
    for row in rows {
        let _ = writer.write_record(row.iter().map(|cell| harmless(cell)));
    }
    let _ = writer.flush();
}

fn harmless(cell: &str) -> String {
    let is_number = ledger_core::money::parse_decimal(cell).is_ok();
    if !is_number && cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_line_that_a_person_can_read() {
        assert_eq!(one_line("a\nb\x1b[2Jc"), "a b [2Jc");
        let long = one_line(&"ä".repeat(1_002));
        assert!(long.ends_with("ää… and 2 characters more"), "{long}");
    }

    #[test]
    fn a_cell_that_a_spreadsheet_would_run_is_made_text() {
        for (cell, expected) in
            [("=1+1", "'=1+1"), ("@SUM(A1)", "'@SUM(A1)"), ("-1.5", "-1.5"), ("search", "search")]
        {
            assert_eq!(harmless(cell), expected);
        }
    }
}
