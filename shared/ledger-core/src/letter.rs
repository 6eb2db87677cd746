//! Characters that a reader does not see and that change what they see.

/// Whether a character moves a cursor, ends a line, or turns the direction of the text around it.
pub fn is_misleading(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}
