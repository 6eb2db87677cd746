//! Characters that a reader does not see and that change what they see.

use std::borrow::Cow;

/// Whether a character moves a cursor, ends a line, or turns the direction of the text around it.
pub fn is_misleading(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

/// Whether a character has neither form nor width, so that two texts look equal and are not.
///
/// **Source:** the property `Default_Ignorable_Code_Point` of Unicode, and the marks of interlinear notes.
fn is_invisible(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
    )
}

/// A text as readers see it: characters that mislead or are invisible are written as `\u{202e}`.
///
/// - **Invariant:** different texts stay different: where any character is written so, or the text has a
///   `\u{` of its own, its backslashes are doubled.
///
/// ```
/// use ledger_core::letter::shown;
///
/// assert_eq!(shown(r"CORP\ana"), r"CORP\ana");
/// assert_eq!(shown("a\u{202e}b"), r"a\u{202e}b");
/// assert_eq!(shown(r"a\u{202e}b"), r"a\\u{202e}b");
/// ```
#[must_use]
pub fn shown(text: &str) -> Cow<'_, str> {
    escaped(text, text)
}

/// As [`shown`], where blanks at the ends are not seen either and an empty text looks like none.
#[must_use]
pub fn shown_in_column(text: &str) -> Cow<'_, str> {
    match text {
        "" => Cow::Borrowed(r"\u{}"),
        text => escaped(text, text.trim()),
    }
}

/// Writes the characters outside of `inner`, which is a part of the text, and those that are not seen.
fn escaped<'a>(text: &'a str, inner: &str) -> Cow<'a, str> {
    let start = text.len() - text.trim_start().len();
    let is_whole = inner.len() == text.len();
    let inside = if is_whole { 0..text.len() } else { start..start + inner.len() };
    let is_hidden =
        |at: usize, it: char| !inside.contains(&at) || is_misleading(it) || is_invisible(it);
    let is_plain = !text.contains(r"\u{") && !text.char_indices().any(|(at, it)| is_hidden(at, it));
    if is_plain {
        return Cow::Borrowed(text);
    }
    let mut shown = String::new();
    for (at, letter) in text.char_indices() {
        match letter {
            _ if is_hidden(at, letter) => shown.extend(letter.escape_unicode()),
            '\\' => shown.push_str(r"\\"),
            _ => shown.push(letter),
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn characters_that_are_not_seen_are_written() {
        for (text, expected) in [
            ("search", "search"),
            ("Größe 2", "Größe 2"),
            ("\u{1b}[2Jsearch", r"\u{1b}[2Jsearch"),
            ("a\u{9b}1mb\u{7f}", r"a\u{9b}1mb\u{7f}"),
            ("a\r\nb", r"a\u{d}\u{a}b"),
            ("a\u{200e}b\u{61c}", r"a\u{200e}b\u{61c}"),
            ("\u{feff}a\u{200b}", r"\u{feff}a\u{200b}"),
            (r"a\b", r"a\b"),
            ("a\\\u{2066}", r"a\\\u{2066}"),
            (r"a\\u{2066}", r"a\\\\u{2066}"),
        ] {
            assert_eq!(shown(text), expected);
            assert_eq!(shown_in_column(text), expected);
        }
        for (text, expected) in [(" a b ", r"\u{20}a b\u{20}"), ("", r"\u{}"), (" ", r"\u{20}")] {
            assert_eq!((shown(text), shown_in_column(text)), (text.into(), expected.into()));
        }
    }

    /// The text of which this is the shown form.
    fn read_back(shown: &str) -> String {
        if !shown.contains(r"\u{") {
            return shown.to_owned();
        }
        let mut text = String::new();
        let mut rest = shown;
        while let Some(letter) = rest.chars().next() {
            let after = &rest[letter.len_utf8()..];
            rest = match (letter, after.strip_prefix("u{")) {
                ('\\', None) => {
                    text.push('\\');
                    after.strip_prefix('\\').unwrap()
                }
                ('\\', Some(code)) => {
                    let (code, after) = code.split_once('}').unwrap();
                    let code = u32::from_str_radix(code, 16);
                    text.extend(code.ok().map(|it| char::from_u32(it).unwrap()));
                    after
                }
                _ => {
                    text.push(letter);
                    after
                }
            };
        }
        text
    }

    const LETTERS: &[&str] =
        &["\\", "u", "{", "}", "20", "a", " ", "\u{202e}", "\n", "\u{feff}", "ä"];

    /// Texts with many characters of those that matter.
    fn any_text() -> impl Strategy<Value = String> {
        let of_letters = prop::collection::vec(prop::sample::select(LETTERS), 0..12);
        prop_oneof![of_letters.prop_map(|it| it.concat()), any::<String>()]
    }

    proptest! {
        /// So two texts never look the same.
        #[test]
        fn the_text_can_be_read_back(text in any_text()) {
            for shown in [shown(&text), shown_in_column(&text)] {
                prop_assert_eq!(read_back(&shown), &*text);
                prop_assert!(!shown.contains(is_misleading), "{:?}", shown);
            }
        }
    }
}
