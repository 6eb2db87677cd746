//! Ids that machines make up: hexadecimal texts, long numbers and UUIDs.

/// Hexadecimal of at least 12 places with both letters and digits, or digits as long as a time in
/// milliseconds. Shorter ones (`b7654321`, `0f3a9c`, `DEADBEEF`) are too close to staff numbers and names.
pub(super) fn is_token(text: &str) -> bool {
    let is_mixed = text.bytes().any(|byte| byte.is_ascii_digit())
        && text.bytes().any(|byte| byte.is_ascii_alphabetic());
    (text.len() >= 12 && is_mixed && is_hex(text)) || (text.len() >= 13 && is_digits(text))
}

pub(super) fn contains_uuid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    parts.windows(UUID_PART_LENGTHS.len()).any(|window| {
        let lengths = window.iter().zip(UUID_PART_LENGTHS).enumerate();
        // Only the first part may continue something: `session.0123abcd-…`.
        lengths.into_iter().all(|(index, (part, length))| {
            let part = if index == 0 { last_bytes(part, length) } else { part };
            part.len() == length && is_hex(part)
        })
    })
}

const UUID_PART_LENGTHS: [usize; 5] = [8, 4, 4, 4, 12];

pub(super) fn is_uuid(text: &str) -> bool {
    text.len() == 36 && contains_uuid(text)
}

fn last_bytes(text: &str, count: usize) -> &str {
    text.len().checked_sub(count).and_then(|start| text.get(start..)).unwrap_or(text)
}

pub(super) fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

pub(super) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
