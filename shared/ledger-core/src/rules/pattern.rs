//! Patterns of a rule, checked against the form of the values that they match.

use wildmatch::WildMatch;

use crate::aws::patterns;
use crate::rules::match_key::MatchKey;

/// A text with `*` for any characters and `?` for one.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern(WildMatch);

impl Pattern {
    /// Reads a pattern and refuses one that no line of a bill can ever match.
    ///
    /// # Errors
    ///
    /// [`PatternError`] says what a bill holds there instead.
    pub fn parse(key: &MatchKey, text: &str) -> Result<Pattern, PatternError> {
        let problem = match key {
            _ if text.is_empty() => Some("some text; an absent key matches everything"),
            MatchKey::Account => patterns::account_problem(text),
            MatchKey::Role => patterns::role_problem(text),
            MatchKey::Session => patterns::session_problem(text),
            MatchKey::Principal => patterns::caller_problem(text),
            MatchKey::Tag(tag_key) => patterns::tag_key_problem(tag_key),
            _ => None,
        };
        match problem {
            Some(expected) => {
                Err(PatternError { key: key.clone(), text: text.to_owned(), expected })
            }
            None => Ok(Pattern(WildMatch::new(text))),
        }
    }

    pub(super) fn matches(&self, value: &str) -> bool {
        self.0.matches(value)
    }

    pub(super) fn matches_everything(&self) -> bool {
        self.0 == WildMatch::new("*")
    }
}

/// A pattern that can never match.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{key}` is `{text}`, which can never match; expected {expected}")]
pub struct PatternError {
    key: MatchKey,
    text: String,
    expected: &'static str,
}
