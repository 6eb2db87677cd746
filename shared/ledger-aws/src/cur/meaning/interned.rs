//! Texts and what they were read as, each kept once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// A bill repeats a few thousand texts; the bound only keeps a strange one from filling memory.
const LIMIT: usize = 100_000;

/// Readings by text.
#[derive(Debug)]
pub(crate) struct Cache<T>(HashMap<Box<str>, T>);

impl<T> Default for Cache<T> {
    fn default() -> Self {
        Cache(HashMap::new())
    }
}

impl<T: Clone> Cache<T> {
    /// The reading of a text, made where it is not there yet.
    pub(crate) fn get(&mut self, text: &str, read: impl FnOnce(&str) -> T) -> T {
        if let Some(known) = self.0.get(text) {
            return known.clone();
        }
        if self.0.len() >= LIMIT {
            self.0.clear();
        }
        let made = read(text);
        self.0.insert(text.into(), made.clone());
        made
    }
}

/// Texts, each kept once.
#[derive(Debug, Default)]
pub(crate) struct Interner(HashSet<Arc<str>>);

impl Interner {
    /// The one copy of a text.
    pub(crate) fn get(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return Arc::clone(known);
        }
        if self.0.len() >= LIMIT {
            self.0.clear();
        }
        let made: Arc<str> = text.into();
        self.0.insert(Arc::clone(&made));
        made
    }
}
