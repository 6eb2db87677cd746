//! Scopes of a budget file: values and patterns of dimensions, with `all`, `any` and `not`.

use std::collections::BTreeMap;

use ledger_core::dimension::{Dimension, Scope};
use ledger_core::filter::{Filter, Glob};
use serde::Deserialize;

use crate::file_text::{check_name, check_value};
use crate::rules_file::{OneOrMany, Origin, PUBLISHER_MEANT, is_publisher};

/// Scopes within scopes: more than anybody reads, and far less than the stack holds.
const DEPTH_MAX: usize = 8;

/// A table of dimensions, beside which `all`, `any` and `not` hold further tables.
#[derive(Deserialize, Default)]
pub(super) struct ScopeEntry {
    #[serde(default)]
    all: Vec<ScopeEntry>,
    #[serde(default)]
    any: Vec<ScopeEntry>,
    #[serde(default)]
    not: OneOrManyScopes,
    #[serde(flatten)]
    dimensions: BTreeMap<String, OneOrMany>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a table, or a list of tables")]
enum OneOrManyScopes {
    One(Box<ScopeEntry>),
    Many(Vec<ScopeEntry>),
}

impl Default for OneOrManyScopes {
    fn default() -> OneOrManyScopes {
        OneOrManyScopes::Many(Vec::new())
    }
}

impl OneOrManyScopes {
    fn entries(&self) -> &[ScopeEntry] {
        match self {
            OneOrManyScopes::One(entry) => std::slice::from_ref(entry),
            OneOrManyScopes::Many(entries) => entries,
        }
    }
}

impl ScopeEntry {
    fn parts(&self) -> impl Iterator<Item = &ScopeEntry> {
        self.all.iter().chain(&self.any).chain(self.not.entries())
    }

    /// Refuses texts that mislead or are too long.
    pub(super) fn check_texts(&self) -> Result<(), String> {
        for (key, values) in &self.dimensions {
            check_name("scope", key)?;
            values.texts().iter().try_for_each(|it| check_value(&format!("scope.{key}"), it))?;
        }
        self.parts().try_for_each(ScopeEntry::check_texts)
    }

    /// The filter that it describes.
    pub(super) fn filter(&self, origin: Origin) -> Result<Filter, String> {
        self.filter_at(origin, 0)
    }

    fn filter_at(&self, origin: Origin, depth: usize) -> Result<Filter, String> {
        if depth > DEPTH_MAX {
            return Err(format!("`scope` has tables within tables; expected at most {DEPTH_MAX}"));
        }
        if depth > 0 && self.dimensions.is_empty() && self.parts().next().is_none() {
            return Err("`scope` has an empty table in `all`, `any` or `not`, which would match \
                        everything; expected a dimension"
                .to_owned());
        }
        let inner = |entries: &[ScopeEntry]| -> Result<Vec<Filter>, String> {
            entries.iter().map(|it| it.filter_at(origin, depth + 1)).collect()
        };
        let mut filter = Filter {
            all: inner(&self.all)?,
            any: inner(&self.any)?,
            not: inner(self.not.entries())?,
            exact: Scope::default(),
            patterns: BTreeMap::new(),
        };
        for (word, values) in &self.dimensions {
            let dimension = dimension_of(word, values, origin)?;
            let texts = values.texts();
            if texts.iter().any(|it| Glob::is_pattern(it)) {
                let globs = texts.iter().map(|it| Glob::new(it)).collect();
                filter.patterns.insert(dimension, globs);
            } else {
                filter.exact.0.insert(dimension, texts.to_vec());
            }
        }
        Ok(filter)
    }
}

fn dimension_of(word: &str, values: &OneOrMany, origin: Origin) -> Result<Dimension, String> {
    let mut dimension = Dimension::parse(word).map_err(|err| format!("`scope`: {err}"))?;
    let old = values.texts().iter().find(|it| is_publisher(it));
    if let Some(text) = old.filter(|_| dimension == Dimension::Provider) {
        if origin == Origin::File {
            return Err(format!("`scope`: `{text}` {PUBLISHER_MEANT}"));
        }
        dimension = Dimension::Publisher;
    }
    if matches!(dimension, Dimension::Day | Dimension::Month) {
        return Err(format!("`scope`: `{word}` is set by the window"));
    }
    if values.texts().is_empty() {
        return Err(format!("`scope`: `{word}` is an empty list, which can never match"));
    }
    Ok(dimension)
}
