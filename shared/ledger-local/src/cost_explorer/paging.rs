//! Pages of a list, and the opaque tokens that lead from one to the next.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::num::NonZeroUsize;

use serde_json::Value;

use super::error::StandInError;

/// Paging of one request over one state of the bill; page tokens are valid for these alone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pager {
    /// Of the operation and all its parameters except the token.
    request_fingerprint: u64,
    /// Counts how often the bill was replaced. A token of an older state is refused, so no client
    /// can join pages of two states.
    bill_version: u64,
    page_size: NonZeroUsize,
}

impl Pager {
    pub fn new(operation: &str, body: &Value, bill_version: u64, page_size: NonZeroUsize) -> Self {
        let mut hasher = DefaultHasher::new();
        operation.hash(&mut hasher);
        canonical(body, Some("NextPageToken")).hash(&mut hasher);
        Self { request_fingerprint: hasher.finish(), bill_version, page_size }
    }

    /// The page of `items` that `token` asks for, and the token of the next page.
    ///
    /// # Errors
    ///
    /// [`StandInError::RequestChangedException`] for the token of another request and
    /// [`StandInError::InvalidNextTokenException`] for any other invalid token.
    pub fn page<'a, T>(
        &self,
        items: &'a [T],
        token: Option<&str>,
    ) -> Result<(&'a [T], Option<String>), StandInError> {
        let start = token.map_or(Ok(0), |it| self.read(it))?;
        let rest = items.get(start..).ok_or(StandInError::InvalidNextTokenException)?;
        if token.is_some() && rest.is_empty() {
            return Err(StandInError::InvalidNextTokenException);
        }
        match rest.split_at_checked(self.page_size.get()) {
            Some((page, behind)) if !behind.is_empty() => {
                Ok((page, Some(self.write(start + page.len()))))
            }
            _ => Ok((rest, None)),
        }
    }

    fn write(&self, start: usize) -> String {
        let head =
            format!("{:016x}{:016x}{start:016x}", self.request_fingerprint, self.bill_version);
        let seal = seal(&head);
        format!("{head}{seal:016x}")
    }

    fn read(&self, token: &str) -> Result<usize, StandInError> {
        let number = |range| token.get(range).and_then(|it| u64::from_str_radix(it, 16).ok());
        let (Some(request_fingerprint), Some(bill_version), Some(start), Some(seal_sent), 64) =
            (number(0..16), number(16..32), number(32..48), number(48..64), token.len())
        else {
            return Err(StandInError::InvalidNextTokenException);
        };
        if token.get(0..48).is_none_or(|head| seal(head) != seal_sent) {
            return Err(StandInError::InvalidNextTokenException);
        }
        if request_fingerprint != self.request_fingerprint {
            return Err(StandInError::RequestChangedException);
        }
        if bill_version != self.bill_version {
            return Err(StandInError::InvalidNextTokenException);
        }
        usize::try_from(start).map_err(|_| StandInError::InvalidNextTokenException)
    }
}

/// A text of the parameters that does not depend on the order of an object's members.
fn canonical(value: &Value, left_out: Option<&str>) -> String {
    match value {
        Value::Object(members) => {
            let sorted: BTreeMap<_, _> = members
                .iter()
                .filter(|(name, _)| Some(name.as_str()) != left_out)
                .map(|(name, member)| (name, canonical(member, None)))
                .collect();
            format!("{sorted:?}")
        }
        Value::Array(members) => {
            format!("{:?}", members.iter().map(|it| canonical(it, None)).collect::<Vec<_>>())
        }
        plain => plain.to_string(),
    }
}

/// A checksum that detects invented tokens; it is no signature.
fn seal(head: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    "page token".hash(&mut hasher);
    head.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn pager(body: &Value, page_size: usize) -> Pager {
        Pager::new("GetTags", body, 1, NonZeroUsize::new(page_size).unwrap())
    }

    proptest! {
        /// Pages in a row are the list.
        #[test]
        fn pages_join_to_the_whole(items in prop::collection::vec(0_u8.., 0..40), page_size in 1_usize..50) {
            let pager = pager(&json!({"TagKey": "team"}), page_size);
            let (mut joined, mut token) = (Vec::new(), None::<String>);
            loop {
                let (page, next) = pager.page(&items, token.as_deref()).unwrap();
                prop_assert!(page.len() <= page_size);
                joined.extend_from_slice(page);
                token = next;
                if token.is_none() { break; }
            }
            prop_assert_eq!(joined, items);
        }

        /// Any other text than a token is refused.
        #[test]
        fn invented_tokens_are_refused(token in ".{0,80}") {
            let answer = pager(&json!({}), 1).page(&[1, 2, 3], Some(&token));
            prop_assert_eq!(answer, Err(StandInError::InvalidNextTokenException));
        }
    }

    #[test]
    fn the_token_itself_is_no_parameter() {
        let (_, token) = pager(&json!({"A": 1}), 1).page(&[1, 2], None).unwrap();
        let body = json!({"A": 1, "NextPageToken": token});
        assert_eq!(pager(&body, 1).page(&[1, 2], token.as_deref()).unwrap(), (&[2][..], None));
    }

    #[test]
    fn the_order_of_parameters_does_not_matter() {
        let forth: Value = serde_json::from_str(r#"{"A": {"B": 1, "C": 2}, "D": 3}"#).unwrap();
        let back: Value = serde_json::from_str(r#"{"D": 3, "A": {"C": 2, "B": 1}}"#).unwrap();
        let (_, token) = pager(&forth, 1).page(&[1, 2], None).unwrap();
        assert_eq!(pager(&back, 1).page(&[1, 2], token.as_deref()).unwrap(), (&[2][..], None));
    }

    #[test]
    fn another_request_refuses_the_token() {
        let (_, token) = pager(&json!({"A": 1}), 1).page(&[1, 2], None).unwrap();
        let answer = pager(&json!({"A": 2}), 1).page(&[1, 2], token.as_deref());
        assert_eq!(answer, Err(StandInError::RequestChangedException));
    }

    #[test]
    fn another_bill_refuses_the_token() {
        let page_size = NonZeroUsize::MIN;
        let before = Pager::new("GetTags", &json!({}), 1, page_size);
        let after = Pager::new("GetTags", &json!({}), 2, page_size);
        let (_, token) = before.page(&[1, 2], None).unwrap();
        let answer = after.page(&[1, 2], token.as_deref());
        assert_eq!(answer, Err(StandInError::InvalidNextTokenException));
    }
}
