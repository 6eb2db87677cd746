//! Rows of CSV, and the texts and amounts in them.

use std::collections::BTreeSet;

use jiff::civil::Date;
use ledger_core::journal::{Journal, Part, Side};
use ledger_core::money::Money;
use ledger_core::organisation::Code;
use unicode_segmentation::UnicodeSegmentation as _;

use super::{LayoutError, System};
use crate::bodies::journals::in_minor_units;
use crate::cell::csv_cell;

/// Rows of CSV (RFC 4180), of any length.
pub(super) struct Rows(csv::Writer<Vec<u8>>);

impl Rows {
    pub(super) fn new() -> Rows {
        Rows(csv::WriterBuilder::new().flexible(true).from_writer(Vec::new()))
    }

    pub(super) fn row<C: AsRef<str>>(
        &mut self,
        cells: impl IntoIterator<Item = C>,
    ) -> Result<(), LayoutError> {
        let cells: Vec<C> = cells.into_iter().collect();
        Ok(self.0.write_record(cells.iter().map(|it| it.as_ref().as_bytes()))?)
    }

    pub(super) fn into_bytes(self) -> Result<Vec<u8>, LayoutError> {
        let failed = |err: csv::IntoInnerError<_>| csv::Error::from(err.into_error());
        Ok(self.0.into_inner().map_err(failed)?)
    }
}

/// An amount with all decimals of its currency; nothing for none.
pub(super) fn amount(money: Option<Money>) -> String {
    money.map_or_else(String::new, |it| in_minor_units(it).to_string())
}

/// Debit and credit of a part, of which one is empty.
pub(super) fn sides(part: &Part<'_>) -> [String; 2] {
    [Side::Debit, Side::Credit].map(|side| amount(part.on(side)))
}

pub(super) fn code(code: &Option<Code>) -> &str {
    code.as_ref().map_or("", Code::as_str)
}

/// A date in a pattern of `strftime`.
pub(super) fn day(date: Date, pattern: &str) -> String {
    date.strftime(pattern).to_string()
}

/// The title of a journal.
pub(super) fn title(journal: &Journal) -> String {
    format!("AI chargeback {}", journal.period)
}

/// A text that no spreadsheet runs, of at most `chars_max` characters. A character of several code points
/// is kept or left out as a whole.
pub(super) fn cut(text: &str, chars_max: usize) -> String {
    let cell = csv_cell(text);
    let mut count = 0;
    let fits = |it: &&str| {
        count += it.chars().count();
        count <= chars_max
    };
    let kept: String = cell.graphemes(true).take_while(fits).collect();
    kept.trim_end().to_owned()
}

/// The texts of a journal's lines, cut. Those that are equal then get a number at the end.
pub(super) fn texts(journal: &Journal, chars_max: usize) -> Vec<String> {
    let mut known = BTreeSet::new();
    let text = |line: &ledger_core::journal::JournalLine| {
        let mut text = cut(&line.text, chars_max);
        for number in 2_u32.. {
            if known.insert(text.clone()) {
                break;
            }
            let end = format!("~{number}");
            text = format!("{}{end}", cut(&line.text, chars_max.saturating_sub(end.len())));
        }
        text
    };
    journal.lines.iter().map(text).collect()
}

/// The text of a part's line.
pub(super) fn text_of<'t>(texts: &'t [String], part: &Part<'_>) -> &'t str {
    texts.get(part.place).map_or("", String::as_str)
}

/// A system's rule about the lines of a journal.
pub(super) struct Rule<'a> {
    pub(super) system: System,
    pub(super) journal: &'a Journal,
    pub(super) place: usize,
}

impl Rule<'_> {
    /// Refuses a line where the rule does not hold.
    pub(super) fn check(&self, holds: bool, limit: &str, found: &str) -> Result<(), LayoutError> {
        match holds {
            true => Ok(()),
            false => Err(LayoutError::Limit {
                system: self.system,
                limit: limit.to_owned(),
                journal: self.journal.batch_id.clone(),
                line: self.place + 1,
                found: found.to_owned(),
            }),
        }
    }

    /// Refuses a code that is too long: a part of it would be another code.
    pub(super) fn check_length(
        &self,
        of: &str,
        code: &str,
        chars_max: usize,
    ) -> Result<(), LayoutError> {
        let limit = format!("takes {of} of at most {chars_max} characters");
        self.check(code.len() <= chars_max, &limit, code)
    }
}
