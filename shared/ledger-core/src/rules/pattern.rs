//! Patterns of a rule, checked against the form of the values that they match.

use std::fmt;
use std::sync::Arc;

use regex_lite::{Regex, RegexBuilder};
use wildmatch::WildMatch;

use crate::aws::patterns;
use crate::rules::glob::{self, Letter};
use crate::rules::match_key::MatchKey;

/// The memory of a compiled expression, in bytes: hundreds of letters, and no expression that
/// repeats others thousands of times.
const REGEX_BYTES_MAX: usize = 1 << 18;

labels! {
    /// How a text is compared, where it is not a plain one with `*` and `?`.
    pub enum PatternForm {
        /// The whole value, letter by letter, with `*` and `?` as letters.
        Exact = "exact",
        /// The beginning of the value.
        Prefix = "prefix",
        /// A regular expression of the whole value. Its named groups can be put into values.
        Regex = "regex",
        /// The end of the value.
        Suffix = "suffix",
    }
}

/// A text that values of a field are compared with.
///
/// Two patterns are equal if they are written alike.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: Arc<str>,
    test: Test,
}

#[derive(Clone, Debug)]
enum Test {
    Exact,
    Glob(WildMatch),
    Prefix,
    Suffix,
    Regex(Regex),
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Pattern) -> bool {
        let is_same_form =
            std::mem::discriminant(&self.test) == std::mem::discriminant(&other.test);
        is_same_form && self.text == other.text
    }
}

impl Pattern {
    /// Reads a text with `*` for any letters and `?` for one, and refuses one that no line of a bill
    /// can ever match.
    ///
    /// # Errors
    ///
    /// [`PatternError`] says what a bill holds there instead.
    pub fn parse(key: &MatchKey, text: &str) -> Result<Pattern, PatternError> {
        check(key, text, text)?;
        let is_glob = text.contains(['*', '?']);
        let test = if is_glob { Test::Glob(WildMatch::new(text)) } else { Test::Exact };
        Ok(Pattern { text: text.into(), test })
    }

    /// Reads a text of another form, and refuses one that cannot match likewise.
    ///
    /// # Errors
    ///
    /// [`PatternError`] says what is expected instead.
    pub fn of_form(key: &MatchKey, form: PatternForm, text: &str) -> Result<Pattern, PatternError> {
        // A value may hold the letters `*` and `?`: then nothing is known of its form.
        let is_plain = !text.contains(['*', '?']);
        match form {
            PatternForm::Exact if is_plain => check(key, text, text)?,
            PatternForm::Prefix if is_plain => check(key, text, &format!("{text}*"))?,
            PatternForm::Suffix if is_plain => check(key, text, &format!("*{text}"))?,
            _ => check(key, text, "*")?,
        }
        let test = match form {
            PatternForm::Exact => Test::Exact,
            PatternForm::Prefix => Test::Prefix,
            PatternForm::Suffix => Test::Suffix,
            PatternForm::Regex => Test::Regex(regex(key, text)?),
        };
        Ok(Pattern { text: text.into(), test })
    }

    pub(super) fn matches(&self, value: &str) -> bool {
        match &self.test {
            Test::Exact => *self.text == *value,
            Test::Glob(glob) => glob.matches(value),
            Test::Prefix => value.starts_with(&*self.text),
            Test::Suffix => value.ends_with(&*self.text),
            Test::Regex(regex) => regex.is_match(value),
        }
    }

    /// The names of its groups.
    pub(super) fn group_names(&self) -> impl Iterator<Item = &str> {
        let regex = match &self.test {
            Test::Regex(regex) => Some(regex),
            _ => None,
        };
        regex.into_iter().flat_map(Regex::capture_names).flatten()
    }

    /// The part of a value that a group holds; `None` where the value does not match, or the group
    /// has no part in it.
    pub(super) fn captured<'v>(&self, name: &str, value: &'v str) -> Option<&'v str> {
        match &self.test {
            Test::Regex(regex) => regex.captures(value)?.name(name).map(|it| it.as_str()),
            _ => None,
        }
    }

    /// Whether every value that it matches is certain to match another pattern.
    pub(super) fn is_within(&self, wider: &Pattern) -> bool {
        match (&self.test, self.letters(), wider.letters()) {
            _ if self == wider => true,
            (Test::Exact, ..) => wider.matches(&self.text),
            (_, _, Some(wide)) if wide == [Letter::Many] => true,
            (_, Some(narrow), Some(wide)) => glob::is_within(&narrow, &wide),
            _ => false,
        }
    }

    /// Whether no value can match it and another pattern.
    pub(super) fn is_apart_from(&self, other: &Pattern) -> bool {
        match (&self.test, &other.test) {
            (Test::Exact, _) => !other.matches(&self.text),
            (_, Test::Exact) => !self.matches(&other.text),
            _ => match (self.letters(), other.letters()) {
                (Some(left), Some(right)) => !glob::can_meet(&left, &right),
                _ => false,
            },
        }
    }

    /// The pattern as letters and wildcards; `None` for an expression.
    fn letters(&self) -> Option<Vec<Letter>> {
        let plain = self.text.chars().map(Letter::One);
        Some(match &self.test {
            Test::Exact => plain.collect(),
            Test::Glob(_) => self.text.chars().map(Letter::of_glob).collect(),
            Test::Prefix => plain.chain([Letter::Many]).collect(),
            Test::Suffix => std::iter::once(Letter::Many).chain(plain).collect(),
            Test::Regex(_) => return None,
        })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.text;
        match self.test {
            Test::Exact | Test::Glob(_) => write!(f, "`{text}`"),
            Test::Prefix => write!(f, "prefix `{text}`"),
            Test::Suffix => write!(f, "suffix `{text}`"),
            Test::Regex(_) => write!(f, "regex `{text}`"),
        }
    }
}

/// Refuses a text that no value can match; `as_glob` is the same as a text with wildcards.
fn check(key: &MatchKey, text: &str, as_glob: &str) -> Result<(), PatternError> {
    let problem = match key {
        _ if text.is_empty() => Some("some text; an absent key matches everything"),
        MatchKey::Account => patterns::account_problem(as_glob),
        MatchKey::Role => patterns::role_problem(as_glob),
        MatchKey::Session => patterns::session_problem(as_glob),
        MatchKey::Principal => patterns::caller_problem(as_glob),
        MatchKey::Tag(tag_key) => patterns::tag_key_problem(tag_key),
        _ => None,
    };
    match problem {
        Some(expected) => {
            let (key, text) = (key.clone(), text.to_owned());
            Err(PatternError::NeverMatches { key, text, expected })
        }
        None => Ok(()),
    }
}

/// Compiles an expression that matches the whole of a value.
fn regex(key: &MatchKey, text: &str) -> Result<Regex, PatternError> {
    let compile = |text: &str| RegexBuilder::new(text).size_limit(REGEX_BYTES_MAX).build();
    // By itself first, so that it cannot end the group that is put around it.
    let regex = compile(text).and_then(|_| compile(&format!("^(?:{text})$")));
    regex.map_err(|err| PatternError::Regex {
        key: key.clone(),
        text: text.to_owned(),
        problem: err.to_string(),
    })
}

/// A pattern that cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It can never match.
    #[error("`{key}` is `{text}`, which can never match; expected {expected}")]
    NeverMatches {
        /// The field.
        key: MatchKey,
        /// The text.
        text: String,
        /// The form of the field's values.
        expected: &'static str,
    },
    /// It is no regular expression, or one that would take too much memory.
    #[error(
        "`{key}` has the regex `{text}`, which cannot be used ({problem}); expected a regular \
         expression of the whole value, such as `team-(?<team>[a-z]+)-.*`"
    )]
    Regex {
        /// The field.
        key: MatchKey,
        /// The text.
        text: String,
        /// The parser's message.
        problem: String,
    },
}
