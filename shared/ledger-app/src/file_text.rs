//! Limits of texts in rules and budgets: these are repeated in tables, pages, mails and logs.

use jiff::civil::Date;
use ledger_core::letter::is_misleading;

/// The longest name, owner or contact, in characters.
const NAME_CHARS_MAX: usize = 256;

/// The longest value that is compared with one of the bill, such as an ARN.
const VALUE_CHARS_MAX: usize = 2_048;

/// Characters of a name that a message repeats.
const SHOWN_CHARS_MAX: usize = 40;

/// Refuses a name, an owner or a contact that is too long or holds characters that mislead a reader.
pub(crate) fn check_name(key: &str, text: &str) -> Result<(), String> {
    check(key, text, NAME_CHARS_MAX)
}

/// Refuses a value of the bill likewise; it may be longer.
pub(crate) fn check_value(key: &str, text: &str) -> Result<(), String> {
    check(key, text, VALUE_CHARS_MAX)
}

fn check(key: &str, text: &str, chars_max: usize) -> Result<(), String> {
    let count = text.chars().count();
    if count > chars_max {
        return Err(format!("`{key}` has {count} characters; expected at most {chars_max}"));
    }
    match text.chars().enumerate().find(|(_, it)| is_misleading(*it)) {
        Some((at, it)) => Err(format!(
            "`{key}` holds U+{:04X} as character {}; expected no control or bidirectional characters",
            u32::from(it),
            at + 1
        )),
        None => Ok(()),
    }
}

/// An entry of a file as messages name it: by its name, or by its place where that would mislead.
pub(crate) fn entry_name(kind: &str, at: usize, name: &str) -> String {
    match check_name("name", name) {
        Ok(()) => format!("{kind} `{name}`"),
        Err(_) => {
            let shown = name.chars().filter(|it| !is_misleading(*it)).take(SHOWN_CHARS_MAX);
            format!("{kind} {} (`{}…`)", at + 1, shown.collect::<String>())
        }
    }
}

/// Reads a day.
pub(crate) fn day_of(key: &str, text: &str) -> Result<Date, String> {
    text.parse().map_err(|_| format!("`{key}` is `{text}`; expected a day such as `2026-11-20`"))
}
