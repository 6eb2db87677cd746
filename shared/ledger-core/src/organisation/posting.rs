//! The account of a charge, by what it is for.

use std::collections::BTreeMap;

use super::code::Code;
use crate::filter::Glob;

labels! {
    /// A field of a charge that decides on its account.
    pub enum PostingField {
        /// The cloud or vendor that bills.
        Provider = "provider",
        /// The service, by the name under which its money appears.
        Service = "service",
        /// The model.
        Model = "model",
        /// The environment that rules set.
        Environment = "environment",
        /// The provider's own word for the type of the line.
        LineType = "line_type",
    }
}

/// An account, and the charges that are posted to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// For each field, the patterns of which one matches; all charges where there is none.
    pub when: BTreeMap<PostingField, Vec<Glob>>,
    /// The account.
    pub account: Code,
}

impl Posting {
    /// Whether it is for a charge with these values. A field without a value matches nothing.
    pub fn matches<'a>(&self, value_of: impl Fn(PostingField) -> Option<&'a str>) -> bool {
        self.when.iter().all(|(field, globs)| {
            value_of(*field).is_some_and(|value| globs.iter().any(|it| it.matches(value)))
        })
    }
}
