//! Conditions of rules: patterns by field, alternatives and exceptions.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::fact::FactRef;
use crate::rules::match_key::MatchKey;
use crate::rules::pattern::Pattern;

/// A condition of a rule: every part that is given holds. An empty one matches all.
///
/// A fact without a value of a field matches no pattern of it, so an exception never takes it out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matcher {
    /// Patterns by the key they are compared with: one of each key matches.
    pub patterns: BTreeMap<MatchKey, Vec<Pattern>>,
    /// Each of these holds.
    pub all: Vec<Matcher>,
    /// One of these holds, if there are any.
    pub any: Vec<Matcher>,
    /// None of these holds.
    pub not: Vec<Matcher>,
}

/// Why a condition does not hold for a fact.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mismatch {
    /// No pattern of a key matches: the key, and the fact's value of it.
    Value(MatchKey, Option<String>),
    /// No alternative holds: the fact's values of the keys in them.
    NoAlternative(BTreeMap<MatchKey, Option<String>>),
    /// An exception holds: the fact's values of the keys in it.
    Exception(BTreeMap<MatchKey, Option<String>>),
}

impl Matcher {
    pub(super) fn matches(&self, fact: FactRef<'_>) -> bool {
        let Matcher { patterns, all, any, not } = self;
        patterns.iter().all(|(key, patterns)| is_like(key, patterns, fact))
            && all.iter().all(|it| it.matches(fact))
            && (any.is_empty() || any.iter().any(|it| it.matches(fact)))
            && !not.iter().any(|it| it.matches(fact))
    }

    /// The first part that does not hold; `None` where all do.
    pub(super) fn mismatch(&self, fact: FactRef<'_>) -> Option<Mismatch> {
        let Matcher { patterns, all, any, not } = self;
        let mut keys = patterns.iter();
        if let Some((key, _)) = keys.find(|(key, patterns)| !is_like(key, patterns, fact)) {
            let value = key.value_of(fact).map(Cow::into_owned);
            return Some(Mismatch::Value(key.clone(), value));
        }
        if let Some(mismatch) = all.iter().find_map(|it| it.mismatch(fact)) {
            return Some(mismatch);
        }
        if !any.is_empty() && !any.iter().any(|it| it.matches(fact)) {
            return Some(Mismatch::NoAlternative(values(any, fact)));
        }
        let exception = not.iter().find(|it| it.matches(fact))?;
        Some(Mismatch::Exception(values(std::slice::from_ref(exception), fact)))
    }

    /// The text of a named group of its expressions: the first that holds and is not empty, in the
    /// order of keys, `all` and `any`.
    pub(super) fn captured(&self, name: &str, fact: FactRef<'_>) -> Option<String> {
        let of_key = |(key, patterns): (&MatchKey, &Vec<Pattern>)| {
            if !patterns.iter().any(|it| it.group_names().any(|it| it == name)) {
                return None;
            }
            let value = key.value_of(fact)?;
            let mut texts = patterns.iter().filter_map(|it| it.captured(name, &value));
            // A session that was put together with others has no name.
            let is_folded = |it: &str| key.is_folded() && it.ends_with('*');
            texts.find(|it| !it.is_empty() && !is_folded(it)).map(str::to_owned)
        };
        let parts = || self.all.iter().chain(self.any.iter().filter(|it| it.matches(fact)));
        let of_parts = || parts().find_map(|it| it.captured(name, fact));
        self.patterns.iter().find_map(of_key).or_else(of_parts)
    }

    /// The names of groups that values can hold: those outside of `not`.
    pub fn group_names(&self) -> BTreeSet<&str> {
        let of_patterns = self.patterns.values().flatten().flat_map(Pattern::group_names);
        let parts = self.all.iter().chain(&self.any).flat_map(Matcher::group_names);
        of_patterns.chain(parts).collect()
    }

    /// All keys that it looks at.
    fn add_keys<'a>(&'a self, keys: &mut BTreeSet<&'a MatchKey>) {
        keys.extend(self.patterns.keys());
        self.all.iter().chain(&self.any).chain(&self.not).for_each(|it| it.add_keys(keys));
    }
}

fn is_like(key: &MatchKey, patterns: &[Pattern], fact: FactRef<'_>) -> bool {
    let value = key.value_of(fact);
    value.is_some_and(|value| patterns.iter().any(|it| it.matches(&value)))
}

fn values(parts: &[Matcher], fact: FactRef<'_>) -> BTreeMap<MatchKey, Option<String>> {
    let mut keys = BTreeSet::new();
    parts.iter().for_each(|it| it.add_keys(&mut keys));
    let value = |key: &MatchKey| key.value_of(fact).map(Cow::into_owned);
    keys.into_iter().map(|key| (key.clone(), value(key))).collect()
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mismatch::Value(key, value) => f.write_str(&has(key, value)),
            Mismatch::NoAlternative(values) => {
                write!(f, "no part of `any` matches: {}", list(values))
            }
            Mismatch::Exception(values) => write!(f, "a part of `not` matches: {}", list(values)),
        }
    }
}

fn list(values: &BTreeMap<MatchKey, Option<String>>) -> String {
    let all: Vec<String> = values.iter().map(|(key, value)| has(key, value)).collect();
    all.join(", ")
}

fn has(key: &MatchKey, value: &Option<String>) -> String {
    match value {
        Some(value) => format!("{key} is `{value}`"),
        None => format!("it has no {key}"),
    }
}
