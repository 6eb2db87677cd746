//! The differences between two organisations, for a reader.

use std::collections::BTreeMap;
use std::fmt::Display;

use ledger_core::organisation::Organisation;

/// The entries that are new, gone or changed, one line each.
#[must_use]
pub fn changes(before: &Organisation, after: &Organisation) -> Vec<String> {
    let mut lines = Vec::new();
    compare("entity", &before.entities, &after.entities, &mut lines);
    compare("cost centre", &before.cost_centres, &after.cost_centres, &mut lines);
    compare("account", &before.accounts, &after.accounts, &mut lines);
    compare("payer", &before.payers, &after.payers, &mut lines);
    if before.paying_entity != after.paying_entity {
        lines.push("the entity that pays all other bills changes".to_owned());
    }
    if before.postings != after.postings {
        lines.push(format!(
            "postings change: {} were there, {} are now",
            before.postings.len(),
            after.postings.len()
        ));
    }
    lines
}

fn compare<K: Ord + Display, V: PartialEq>(
    kind: &str,
    before: &BTreeMap<K, V>,
    after: &BTreeMap<K, V>,
    lines: &mut Vec<String>,
) {
    for (key, value) in after {
        match before.get(key) {
            None => lines.push(format!("{kind} `{key}` is new")),
            Some(old) if old != value => lines.push(format!("{kind} `{key}` changes")),
            Some(_) => {}
        }
    }
    for key in before.keys().filter(|it| !after.contains_key(*it)) {
        lines.push(format!("{kind} `{key}` is gone"));
    }
}
