//! Cells of CSV, as spreadsheets take them.

use std::borrow::Cow;

use ledger_core::letter::shown;
use ledger_core::money::parse_decimal;

/// A text as a cell of CSV that no spreadsheet runs: what is not seen [is written](shown), and a text
/// that begins like a formula, also behind blanks, gets a `'` in front.
///
/// - **Invariant:** different texts stay different cells: one that has such a `'` of its own gets another.
///   Numbers stay as they are.
///
/// ```
/// use ledger_api::cell::csv_cell;
///
/// assert_eq!(csv_cell("=1+1"), "'=1+1");
/// assert_eq!(csv_cell("'=1+1"), "''=1+1");
/// assert_eq!(csv_cell("-1.5"), "-1.5");
/// ```
#[must_use]
pub fn csv_cell(text: &str) -> Cow<'_, str> {
    let shown = shown(text);
    let first =
        shown.trim_start_matches(|it: char| it == '\'' || it.is_whitespace()).chars().next();
    if first.is_some_and(begins_formula) && parse_decimal(&shown).is_err() {
        return Cow::Owned(format!("'{shown}"));
    }
    shown
}

/// Whether a spreadsheet takes a text that begins with it for a formula; some do with the wide and small
/// forms too.
fn begins_formula(letter: char) -> bool {
    matches!(
        letter,
        '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠' | '﹦' | '﹢' | '﹣' | '﹫' | '−'
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_cell_that_a_spreadsheet_would_run_is_text() {
        for (text, expected) in [
            ("search", "search"),
            ("'s-Hertogenbosch", "'s-Hertogenbosch"),
            ("-1.5", "-1.5"),
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("+A1", "'+A1"),
            ("-A1", "'-A1"),
            ("-", "'-"),
            ("＝1+1", "'＝1+1"),
            ("﹣A1", "'﹣A1"),
            ("  =1+1", "'  =1+1"),
            ("\u{3000}=1+1", "'\u{3000}=1+1"),
            ("'=1+1", "''=1+1"),
            ("\t=1+1", r"\u{9}=1+1"),
            ("\r=1+1", r"\u{d}=1+1"),
            ("\n=1+1", r"\u{a}=1+1"),
            ("\u{feff}=1+1", r"\u{feff}=1+1"),
        ] {
            assert_eq!(csv_cell(text), expected);
        }
    }

    /// All texts of up to four of these parts.
    fn texts() -> BTreeSet<String> {
        let parts = ["'", "=", "-", "＠", " ", "1", ".", "a", "\\", "u{20}", "\t", "\u{202e}"];
        let mut all = BTreeSet::from([String::new()]);
        for _ in 0..4 {
            let longer = all.iter().flat_map(|it| parts.map(|part| format!("{it}{part}")));
            all = longer.chain([String::new()]).collect();
        }
        all
    }

    #[test]
    fn different_texts_stay_different_cells() {
        let texts = texts();
        let cells: BTreeSet<_> = texts.iter().map(|it| csv_cell(it)).collect();
        assert_eq!(cells.len(), texts.len());
    }

    #[test]
    fn no_cell_but_a_number_begins_a_formula() {
        for text in texts() {
            let cell = csv_cell(&text);
            let is_formula = cell.trim_start().starts_with(begins_formula);
            assert!(!is_formula || parse_decimal(&cell).is_ok(), "{cell:?}");
        }
    }
}
