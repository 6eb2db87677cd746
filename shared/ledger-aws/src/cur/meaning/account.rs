//! Ids of accounts, also those that a spreadsheet or a data frame took for numbers.

use std::borrow::Cow;

use crate::cur::meaning::faults::Fault;

const NOT_AN_ACCOUNT: Fault = "not an account id; expected 12 digits";
const ROUNDED: Fault = "an account id that a spreadsheet or data frame rounded as a number; expected \
     12 digits: read the column as text there, from the file as AWS wrote it";

const LENGTH: usize = 12;

/// An id with fewer digits has lost more zeros than any account is likely to begin with.
const DIGITS_MIN: usize = 8;

/// An account's id, and whether it had to be made from a number.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Account<'a> {
    pub id: Cow<'a, str>,
    pub is_restored: bool,
}

/// Reads an account's id where its digits are all there.
pub(super) fn read(text: &str) -> Result<Account<'_>, Fault> {
    if is_id(text) {
        return Ok(Account { id: text.into(), is_restored: false });
    }
    let mut bare = text.trim();
    // What spreadsheets mark texts with.
    let marked = bare.strip_prefix("=\"").and_then(|it| it.strip_suffix('"'));
    let marked = marked.or_else(|| bare.strip_prefix('"').and_then(|it| it.strip_suffix('"')));
    bare = marked.unwrap_or(bare.strip_prefix('\'').unwrap_or(bare)).trim();
    let is_mark = |it: char| matches!(it, '-' | ' ' | ',' | '_' | '\u{a0}' | '\u{202f}');
    let digits: String = bare.chars().filter(|it| !is_mark(*it)).collect();
    if is_id(&digits) && bare.starts_with(|it: char| it.is_ascii_digit()) {
        return Ok(Account { id: digits.into(), is_restored: false });
    }
    let digits = whole_number(bare)?;
    match digits.len() {
        DIGITS_MIN..=LENGTH => {
            Ok(Account { id: format!("{digits:0>LENGTH$}").into(), is_restored: true })
        }
        _ => Err(NOT_AN_ACCOUNT),
    }
}

/// Whether a text has the form of an account's id.
fn is_id(text: &str) -> bool {
    text.len() == LENGTH && text.bytes().all(|it| it.is_ascii_digit())
}

/// The digits of a whole number, also of `12345678901.0` and of `1.2345678901E+10` where none is
/// missing.
fn whole_number(text: &str) -> Result<String, Fault> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    // A comma is the point of some languages.
    let (whole, fraction) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, ""));
    let is_number = |it: &str| it.bytes().all(|it| it.is_ascii_digit());
    let shift = exponent.map_or(Ok(0), str::parse::<usize>).map_err(|_| NOT_AN_ACCOUNT)?;
    if whole.is_empty() || !is_number(whole) || !is_number(fraction) || shift > LENGTH {
        return Err(NOT_AN_ACCOUNT);
    }
    // A number that ends in zeros looks like a rounded one, so that it is not read.
    let Some((moved, rest)) = fraction.split_at_checked(shift) else { return Err(ROUNDED) };
    if rest.bytes().any(|it| it != b'0') {
        return Err(NOT_AN_ACCOUNT);
    }
    let digits = format!("{whole}{moved}");
    Ok(digits.trim_start_matches('0').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_where_all_its_digits_are_there() {
        for (text, id) in [
            ("123456789012", "123456789012"),
            ("012345678901", "012345678901"),
            ("1234-5678-9012", "123456789012"),
            (" 123456789012 ", "123456789012"),
            ("=\"012345678901\"", "012345678901"),
            ("'012345678901", "012345678901"),
            ("12345678901", "012345678901"),
            ("123456789012.0", "123456789012"),
            ("12345678901.00", "012345678901"),
            ("1.23456789012E+11", "123456789012"),
            ("1.23456789012000e11", "123456789012"),
            ("1.2345678901e+10", "012345678901"),
            ("123,456,789,012", "123456789012"),
        ] {
            assert_eq!(read(text).unwrap().id, id, "{text}");
        }
    }

    #[test]
    fn an_id_that_lost_digits_is_none() {
        for text in ["1.23457E+11", "1.2E+11", "1E+11", "1,23457E+11"] {
            assert_eq!(read(text), Err(ROUNDED), "{text}");
        }
        for text in ["", "0", "123", "somebody", "1234567890123", "-123456789012", "1.5", "1E99"] {
            assert_eq!(read(text), Err(NOT_AN_ACCOUNT), "{text}");
        }
    }
}
