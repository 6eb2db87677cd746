//! One row of a bill as text, before it is read.

use crate::cur::meaning::columns::{COUNT, Column};

/// The cells of one row as text.
///
/// - **Shape:** by [`Column`]; `None` where the file has no such column, empty where the cell is
///   null. Maps are JSON objects.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RawLine<'a>(pub [Option<&'a str>; COUNT]);

impl<'a> RawLine<'a> {
    /// Whether the file has the column.
    pub(crate) fn has(&self, column: Column) -> bool {
        self.0.get(column as usize).is_some_and(Option::is_some)
    }

    /// The text of a cell that is neither absent nor null.
    pub(crate) fn text(&self, column: Column) -> Option<&'a str> {
        self.0.get(column as usize).copied().flatten().filter(|it| !is_null(it))
    }

    /// The same row with nothing in these cells.
    pub(crate) fn without(mut self, columns: impl Iterator<Item = Column>) -> RawLine<'a> {
        for column in columns {
            if let Some(cell) = self.0.get_mut(column as usize) {
                *cell = cell.map(|_| "");
            }
        }
        self
    }
}

/// Why a row was rejected: the column that could not be read, and the reason.
pub(crate) type Problem = (Column, String);

/// Whether a cell is one of the words that databases and data frames write where there is nothing.
pub(crate) fn is_null(text: &str) -> bool {
    const WORDS: [&str; 9] =
        ["null", "NULL", "None", "nan", "NaN", "NaT", "<NA>", "\\N", "undefined"];
    match text.as_bytes().first() {
        None => true,
        // Asked of every cell of every group: the first letter tells nearly all of them.
        Some(b'n' | b'N' | b'u' | b'<' | b'\\') => WORDS.contains(&text),
        Some(_) => false,
    }
}
