//! Pages of a list. A cursor is tied to the question and to the items it counts: after a change of
//! either, the next page would leave items out or repeat them.

use std::cell::LazyCell;
use std::ops::Range;

use crate::fingerprint::Fingerprint;
use crate::parameters::{Parameters, bad};
use crate::response::ApiError;

/// Items of one page.
pub(crate) const LIMIT_MAX: usize = 1_000;

/// Parts of one page, such as lines of statements: some 300 bytes each, and a Lambda function answers
/// with at most 6 MB.
const PARTS_MAX: usize = 5_000;

/// Hexadecimal digits of an offset in a cursor.
const OFFSET_DIGITS: usize = 8;

/// The page that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Paging {
    limit: usize,
    cursor: Option<String>,
}

/// The items of a page, and the cursor of the next one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) items: Range<usize>,
    pub(crate) next_cursor: Option<String>,
}

impl Paging {
    /// Reads `limit` and `cursor`.
    pub(crate) fn read(parameters: &Parameters) -> Result<Paging, ApiError> {
        let limit = match parameters.get("limit") {
            None => LIMIT_MAX,
            Some(text) => {
                let limit = text.parse().ok().filter(|it| (1..=LIMIT_MAX).contains(it));
                limit.ok_or_else(|| bad("limit", text, "a number from 1 to 1000"))?
            }
        };
        Ok(Paging { limit, cursor: parameters.get("cursor").map(str::to_owned) })
    }

    /// The page of a list whose items have this many parts each: it ends at the limit, or before the
    /// item that would make it too large. `fingerprint` names the question and the whole list.
    pub(crate) fn page(
        &self,
        part_counts: impl ExactSizeIterator<Item = usize>,
        fingerprint: impl FnOnce() -> Fingerprint,
    ) -> Result<Page, ApiError> {
        let count = part_counts.len();
        let fingerprint = LazyCell::new(|| fingerprint().finish());
        let start = match &self.cursor {
            Some(cursor) => offset_of(cursor, &fingerprint)?,
            None => 0,
        };
        let (mut end, mut parts) = (start, 0_usize);
        for more in part_counts.skip(start).take(self.limit) {
            parts = parts.saturating_add(more);
            if parts > PARTS_MAX && end > start {
                break;
            }
            end += 1;
        }
        let next_cursor = (end < count).then(|| format!("{}{end:0OFFSET_DIGITS$x}", *fingerprint));
        Ok(Page { items: start..end, next_cursor })
    }
}

fn offset_of(cursor: &str, fingerprint: &str) -> Result<usize, ApiError> {
    let offset = cursor.strip_prefix(fingerprint);
    let offset = offset
        .filter(|it| it.len() == OFFSET_DIGITS && it.bytes().all(|it| it.is_ascii_hexdigit()));
    offset.and_then(|it| usize::from_str_radix(it, 16).ok()).ok_or_else(|| {
        let message = "`cursor` is not of this question, or the ledger has changed since; start \
                       again without it";
        ApiError::bad_request("cursor_invalid", message.to_owned())
            .with("parameter", vec!["cursor".to_owned()])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paging(limit: usize, cursor: Option<&str>) -> Paging {
        Paging { limit, cursor: cursor.map(str::to_owned) }
    }

    fn of(name: &str) -> Fingerprint {
        let mut fingerprint = Fingerprint::new();
        fingerprint.add(name);
        fingerprint
    }

    /// `ends` are the ends of the pages.
    #[track_caller]
    fn check(part_counts: &[usize], limit: usize, ends: &[usize]) {
        let (mut found, mut cursor) = (vec![0], None);
        loop {
            let paging = paging(limit, cursor.as_deref());
            let page = paging.page(part_counts.iter().copied(), || of("a")).unwrap();
            assert_eq!(found.last(), Some(&page.items.start));
            found.push(page.items.end);
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(&found[1..], ends);
    }

    #[test]
    fn a_page_ends_at_its_limit_or_at_its_size_and_is_never_empty() {
        check(&[], 2, &[0]);
        check(&[1], 2, &[1]);
        check(&[1, 1], 2, &[2]);
        check(&[1, 1, 1], 2, &[2, 3]);
        check(&[4_999, 1, 1], 9, &[2, 3]);
        check(&[9_999, 5_000, 1], 9, &[1, 2, 3]);
    }

    #[test]
    fn a_cursor_of_another_list_is_refused() {
        let page = paging(1, None).page([1, 1].into_iter(), || of("a")).unwrap();
        let cursor = page.next_cursor.unwrap();
        let other = paging(1, Some(&cursor)).page([1, 1].into_iter(), || of("b"));
        assert!(other.unwrap_err().message().starts_with("`cursor` is not of this question"));
        assert!(paging(1, Some("x")).page([1].into_iter(), || of("a")).is_err());
    }
}
