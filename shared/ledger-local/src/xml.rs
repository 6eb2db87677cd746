//! Text within XML.

use std::fmt::Write;

/// An element with nothing but text in it.
pub(crate) fn element(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", escape(text))
}

/// Escapes what has a meaning in XML, and writes `U+FFFD` for what no XML document may hold.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '\t' | '\n' | '\r' => {
                // Writing to a text cannot fail.
                let _ = write!(escaped, "&#x{:X};", u32::from(letter));
            }
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            plain => escaped.push(plain),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_leave_its_element() {
        assert_eq!(
            element("Message", "</Message>&\"'\r\0"),
            "<Message>&lt;/Message&gt;&amp;&quot;&apos;&#xD;\u{fffd}</Message>"
        );
    }
}
