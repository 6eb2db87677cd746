//! Filters: scopes with patterns, alternatives and exceptions.

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::Date;
use wildmatch::WildMatch;

use crate::dimension::{Dimension, Scope};
use crate::level::Level;
use crate::rollup::Row;

/// A text with `*` for any letters and `?` for one.
#[derive(Clone, Debug, PartialEq)]
pub struct Glob(WildMatch);

// Two patterns are compared letter by letter.
impl Eq for Glob {}

impl Glob {
    /// Reads any text.
    pub fn new(text: &str) -> Glob {
        Glob(WildMatch::new(text))
    }

    /// Whether a text has letters that match others.
    pub fn is_pattern(text: &str) -> bool {
        text.contains(['*', '?'])
    }

    /// Whether it matches a text.
    pub(crate) fn matches(&self, value: &str) -> bool {
        self.0.matches(value)
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The charges that a budget counts: every part that is given holds.
///
/// A dimension without a value in a rollup matches nothing, so an exception never takes it out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Exact values.
    pub exact: Scope,
    /// Patterns: one of each dimension matches.
    pub patterns: BTreeMap<Dimension, Vec<Glob>>,
    /// Each of these holds.
    pub all: Vec<Filter>,
    /// One of these holds, if there are any.
    pub any: Vec<Filter>,
    /// None of these holds.
    pub not: Vec<Filter>,
}

impl From<Scope> for Filter {
    fn from(exact: Scope) -> Filter {
        Filter { exact, ..Filter::default() }
    }
}

impl Filter {
    /// Whether a row of a day counts.
    pub fn contains(&self, row: Row<'_>, day: Date) -> bool {
        let Filter { exact, patterns, all, any, not } = self;
        let is_like = |(dimension, globs): (&Dimension, &Vec<Glob>)| {
            let value = dimension.value_of(row, day);
            value.is_some_and(|value| globs.iter().any(|it| it.matches(&value)))
        };
        exact.contains(row, day)
            && patterns.iter().all(is_like)
            && all.iter().all(|it| it.contains(row, day))
            && (any.is_empty() || any.iter().any(|it| it.contains(row, day)))
            && !not.iter().any(|it| it.contains(row, day))
    }

    /// The level of rollups that it needs.
    pub fn level(&self) -> Level {
        let of_patterns = self.patterns.keys().map(Dimension::level);
        let parts = self.all.iter().chain(&self.any).chain(&self.not);
        let of_parts = parts.map(Filter::level);
        of_patterns.chain(of_parts).fold(self.exact.level(), Level::max)
    }

    /// A text that names at most this many values of each dimension.
    pub fn shortened(&self, values_max: usize) -> impl fmt::Display + '_ {
        Shortened { filter: self, values_max }
    }

    /// The owners it is limited to, if it is.
    pub fn owners(&self) -> Option<&[String]> {
        self.exact.owners()
    }

    fn is_empty(&self) -> bool {
        *self == Filter::default()
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shortened(usize::MAX).fmt(f)
    }
}

/// A filter for readers, with at most a number of values of each dimension.
struct Shortened<'s> {
    filter: &'s Filter,
    values_max: usize,
}

impl fmt::Display for Shortened<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Filter { exact, patterns, all, any, not } = self.filter;
        if self.filter.is_empty() {
            return exact.fmt(f);
        }
        let mut parts = Vec::new();
        if !exact.0.is_empty() {
            parts.push(exact.shortened(self.values_max).to_string());
        }
        for (dimension, globs) in patterns {
            let shown: Vec<String> =
                globs.iter().take(self.values_max).map(Glob::to_string).collect();
            let more = globs.len() - shown.len();
            let more = if more > 0 { format!(" or {more} more") } else { String::new() };
            parts.push(format!("{dimension} = {}{more}", shown.join(" or ")));
        }
        let inner = |it: &Filter| format!("({})", it.shortened(self.values_max));
        parts.extend(all.iter().map(inner));
        if !any.is_empty() {
            let any: Vec<String> = any.iter().map(inner).collect();
            parts.push(any.join(" or "));
        }
        parts.extend(not.iter().map(|it| format!("not {}", inner(it))));
        f.write_str(&parts.join(" and "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::AttributionRules;
    use crate::testing::*;

    fn exact(word: &str, value: &str) -> Filter {
        Scope(BTreeMap::from([(Dimension::parse(word).unwrap(), vec![value.to_owned()])])).into()
    }

    fn like(word: &str, pattern: &str) -> Filter {
        let patterns =
            BTreeMap::from([(Dimension::parse(word).unwrap(), vec![Glob::new(pattern)])]);
        Filter { patterns, ..Filter::default() }
    }

    #[test]
    fn parts_are_alternatives_exceptions_and_patterns() {
        let (ledger, _) = ledger_of(&[line()], &AttributionRules::default());
        let (day, rollup) = rollups_of(&ledger, true).remove(0);
        let (nova, other) = (exact("model", "nova-lite"), exact("model", "claude"));
        for (filter, expected, text) in [
            (Filter::default(), true, "all AI spend"),
            (like("model", "nova-*"), true, "model = nova-*"),
            (like("model", "claude-*"), false, "model = claude-*"),
            (like("team", "*"), false, "team = *"),
            (
                Filter { any: vec![other.clone(), nova.clone()], ..Filter::default() },
                true,
                "(model = claude) or (model = nova-lite)",
            ),
            (
                Filter { all: vec![other.clone(), nova.clone()], ..Filter::default() },
                false,
                "(model = claude) and (model = nova-lite)",
            ),
            (
                Filter { not: vec![nova.clone()], ..exact("region", "us-east-1") },
                false,
                "region = us-east-1 and not (model = nova-lite)",
            ),
            (
                Filter { not: vec![exact("team", "x")], ..nova },
                true,
                "model = nova-lite and not (team = x)",
            ),
            (Filter { not: vec![other], ..Filter::default() }, true, "not (model = claude)"),
        ] {
            assert_eq!(filter.contains(rollup.row(), day), expected, "{text}");
            assert_eq!(filter.to_string(), text);
        }
    }

    #[test]
    fn the_level_is_that_of_the_deepest_part() {
        assert_eq!(like("model", "*").level(), Level::Summary);
        let not = vec![exact("account", "123456789012")];
        assert_eq!(Filter { not, ..like("model", "*") }.level(), Level::Detail);
    }
}
