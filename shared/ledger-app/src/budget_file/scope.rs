//! Scopes of a budget file: values and patterns of dimensions, with `all`, `any` and `not`.

use std::collections::BTreeMap;

use ledger_core::dimension::{Dimension, Scope};
use ledger_core::filter::{Filter, Glob};
use serde::Deserialize;

use crate::blocks::{Block, FieldValue};
use crate::file_text::{check_name, check_value};
use crate::rules_file::{OneOrMany, Origin, PUBLISHER_MEANT, is_publisher};

/// A table of dimensions, beside which `all`, `any` and `not` hold further tables.
#[derive(Default, Deserialize)]
#[serde(transparent)]
pub(super) struct ScopeEntry(Block<OneOrMany>);

impl FieldValue for OneOrMany {}

impl ScopeEntry {
    /// Refuses texts that mislead or are too long.
    pub(super) fn check_texts(&self) -> Result<(), String> {
        self.0.check_lists("scope")?;
        check_texts(&self.0)
    }

    /// The filter that it describes.
    pub(super) fn filter(&self, origin: Origin) -> Result<Filter, String> {
        self.0.check_form("scope")?;
        filter_of(&self.0, origin)
    }
}

fn check_texts(block: &Block<OneOrMany>) -> Result<(), String> {
    for (key, values) in &block.fields {
        check_name("scope", key)?;
        values.texts().iter().try_for_each(|it| check_value(&format!("scope.{key}"), it))?;
    }
    block.parts().try_for_each(check_texts)
}

fn filter_of(block: &Block<OneOrMany>, origin: Origin) -> Result<Filter, String> {
    let inner = |blocks: &[Block<OneOrMany>]| -> Result<Vec<Filter>, String> {
        blocks.iter().map(|it| filter_of(it, origin)).collect()
    };
    let mut filter = Filter {
        all: inner(&block.all)?,
        any: inner(&block.any)?,
        not: inner(&block.not)?,
        exact: Scope::default(),
        patterns: BTreeMap::new(),
    };
    for (word, values) in &block.fields {
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
