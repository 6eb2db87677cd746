//! The dimensions of the business that rules set: team, product, cost centre, and the user's own.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::level::Level;

labels! {
    /// A business dimension that every ledger has.
    pub enum BusinessField {
        /// The team.
        Team = "team",
        /// The product.
        Product = "product",
        /// The cost centre.
        CostCentre = "cost_centre",
        /// The environment, such as production.
        Environment = "environment",
        /// The customer.
        Customer = "customer",
        /// The workflow.
        Workflow = "workflow",
        /// The agent.
        Agent = "agent",
    }
}

impl BusinessField {
    /// The level of rollups that holds it.
    #[must_use]
    pub fn level(self) -> Level {
        Level::Summary
    }

    /// The value of this field.
    #[must_use]
    pub fn of(self, business: &Business) -> Option<&Arc<str>> {
        business.get(&BusinessKey::Named(self))
    }
}

/// The number of dimensions of the user's own.
pub const OWN_DIMENSIONS_MAX: usize = 10;

const OWN_START: &str = "x_";
const OWN_CHARS_MAX: usize = 32;

/// A dimension of the user's own, declared in the rules file.
///
/// - **Shape:** `x_` and up to 30 lower-case letters, digits and `_`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OwnDimension(Arc<str>);

impl OwnDimension {
    /// Reads a name.
    ///
    /// # Errors
    ///
    /// [`OwnDimensionError`].
    ///
    /// ```
    /// use ledger_core::business::OwnDimension;
    ///
    /// assert_eq!(OwnDimension::parse("x_project").unwrap().as_str(), "x_project");
    /// assert!(OwnDimension::parse("project").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<OwnDimension, OwnDimensionError> {
        let is_part = |it: &str| {
            let is_char = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'_';
            !it.is_empty() && it.bytes().all(is_char)
        };
        let is_name =
            text.len() <= OWN_CHARS_MAX && text.strip_prefix(OWN_START).is_some_and(is_part);
        if is_name { Ok(OwnDimension(text.into())) } else { Err(OwnDimensionError(text.into())) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text that cannot name a dimension of the user's own.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` cannot name a dimension; expected `x_` and up to 30 lower-case letters, digits and `_`, \
     such as `x_project`"
)]
pub struct OwnDimensionError(String);

/// A business dimension.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BusinessKey {
    /// One that every ledger has.
    Named(BusinessField),
    /// One of the user's own.
    Own(OwnDimension),
}

impl BusinessKey {
    /// Reads a word; `None` for one that is no business dimension.
    #[must_use]
    pub fn parse(word: &str) -> Option<BusinessKey> {
        let own = || OwnDimension::parse(word).ok().map(BusinessKey::Own);
        BusinessField::parse(word).map(BusinessKey::Named).or_else(own)
    }

    /// Reads the word of a stored value. One that this version does not know is kept.
    #[must_use]
    pub fn of_stored(word: &str) -> BusinessKey {
        BusinessKey::parse(word).unwrap_or_else(|| BusinessKey::Own(OwnDimension(word.into())))
    }

    /// The word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            BusinessKey::Named(field) => field.as_str(),
            BusinessKey::Own(own) => own.as_str(),
        }
    }

    /// The level of rollups that surely holds it. Rules say which of the user's own are in summaries
    /// too, and other rules may have been applied when a day was written.
    #[must_use]
    pub fn level(&self) -> Level {
        match self {
            BusinessKey::Named(field) => field.level(),
            BusinessKey::Own(_) => Level::Detail,
        }
    }
}

impl fmt::Display for BusinessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The values of business dimensions, each set by the rule that claims a charge.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Business(BTreeMap<BusinessKey, Arc<str>>);

impl Business {
    /// The value of a dimension.
    #[must_use]
    pub fn get(&self, key: &BusinessKey) -> Option<&Arc<str>> {
        self.0.get(key)
    }

    /// Sets the value of a dimension.
    pub fn set(&mut self, key: BusinessKey, value: Arc<str>) {
        self.0.insert(key, value);
    }

    /// The values that are set, in the order of the dimensions.
    pub fn iter(&self) -> impl Iterator<Item = (&BusinessKey, &Arc<str>)> {
        self.0.iter()
    }

    /// Whether nothing is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(BusinessKey, Arc<str>)> for Business {
    fn from_iter<I: IntoIterator<Item = (BusinessKey, Arc<str>)>>(values: I) -> Business {
        Business(values.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_own_dimensions_are_checked() {
        for text in ["x_a", "x_project", "x_2026_q4", &format!("x_{}", "a".repeat(30))] {
            assert_eq!(OwnDimension::parse(text).unwrap().as_str(), text);
        }
        for text in ["", "x_", "x", "project", "team", "X_a", "x_A", "x_a-b", "x_ä", "x_a b"] {
            let message = OwnDimension::parse(text).unwrap_err().to_string();
            assert!(
                message.starts_with(&format!("`{text}` cannot name a dimension; expected `x_`"))
            );
        }
        assert!(OwnDimension::parse(&format!("x_{}", "a".repeat(31))).is_err());
    }

    #[test]
    fn every_word_is_read_back() {
        for word in BusinessField::ALL.iter().map(|it| it.as_str()).chain(["x_project"]) {
            assert_eq!(BusinessKey::parse(word).unwrap().as_str(), word);
        }
        assert_eq!(BusinessKey::parse("colour"), None);
    }
}
