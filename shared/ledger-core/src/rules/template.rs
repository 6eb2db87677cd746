//! The values that a rule sets.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use crate::aws::tags;
use crate::fact::FactRef;
use crate::owner::UNATTRIBUTED;
use crate::rules::match_key::MatchKey;
use crate::rules::matcher::Matcher;

/// Fields of a line that braces may hold, beside tags.
const FIELDS: [&str; 6] = ["account", "role", "session", "user", "model", "service"];

/// A value that a rule sets: texts, fields of the matched line, and groups that its expressions
/// captured, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    /// The text itself.
    Text(Arc<str>),
    /// The value of a field of the line, written `{role}` or `{tag:KEY}`.
    Field(MatchKey),
    /// The part of a field that an expression of the rule captured, written `{NAME}`.
    Group(Arc<str>),
}

/// A reason for which a value cannot be filled.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unfilled {
    /// A field.
    Field(MatchKey),
    /// A group that captured nothing.
    Group(Arc<str>),
    /// All parts together are no name.
    NoName,
}

impl Template {
    /// Reads a value of a rule without expressions.
    ///
    /// # Errors
    ///
    /// [`TemplateError`] names the fields that braces may hold.
    pub fn parse(text: &str) -> Result<Template, TemplateError> {
        Template::with_groups(text, &BTreeSet::new())
    }

    /// Reads a value of a rule whose expressions have these groups.
    ///
    /// # Errors
    ///
    /// [`TemplateError`] names the fields that braces may hold.
    pub fn with_groups(text: &str, groups: &BTreeSet<&str>) -> Result<Template, TemplateError> {
        let error = || {
            let groups = groups.iter().map(|it| format!(", `{{{it}}}`")).collect();
            TemplateError { text: text.to_owned(), groups }
        };
        let mut pieces = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (plain, after) = rest.split_once('{').map_or((rest, None), |(a, b)| (a, Some(b)));
            if plain.contains('}') {
                return Err(error());
            }
            if !plain.is_empty() {
                pieces.push(Piece::Text(plain.into()));
            }
            let Some(after) = after else { break };
            let (name, after) = after.split_once('}').ok_or_else(error)?;
            pieces.push(piece_of(name, groups).ok_or_else(error)?);
            rest = after;
        }
        let is_name = !matches!(text.trim(), "" | UNATTRIBUTED);
        if is_name { Ok(Template(pieces)) } else { Err(error()) }
    }

    /// The value for a fact that the rule's condition matches.
    pub(super) fn fill(&self, when: &Matcher, fact: FactRef<'_>) -> Result<Arc<str>, Unfilled> {
        if let [Piece::Text(text)] = self.0.as_slice() {
            return Ok(Arc::clone(text));
        }
        let mut filled = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Field(key) => {
                    let value = key.value_of(fact);
                    let value = value.as_deref().map(str::trim).filter(|it| is_name(key, it));
                    filled.push_str(value.ok_or_else(|| Unfilled::Field(key.clone()))?);
                }
                Piece::Group(name) => {
                    let value = when.captured(name, fact);
                    let value = value.as_deref().map(str::trim).filter(|it| !it.is_empty());
                    filled.push_str(value.ok_or_else(|| Unfilled::Group(Arc::clone(name)))?);
                }
            }
        }
        let name = filled.trim();
        if matches!(name, "" | UNATTRIBUTED) { Err(Unfilled::NoName) } else { Ok(name.into()) }
    }

    /// Whether it is the same for all lines.
    pub(super) fn is_fixed(&self) -> bool {
        matches!(self.0.as_slice(), [Piece::Text(_)])
    }
}

fn piece_of(name: &str, groups: &BTreeSet<&str>) -> Option<Piece> {
    if let Some(key) = name.strip_prefix("tag:") {
        return tags::has_prefix(key).then(|| Piece::Field(MatchKey::Tag(key.into())));
    }
    if FIELDS.contains(&name) {
        return MatchKey::parse(name).map(Piece::Field);
    }
    groups.contains(name).then(|| Piece::Group(name.into()))
}

/// Whether a group would have the name of a field, so that braces could mean both.
pub fn is_field(group: &str) -> bool {
    FIELDS.contains(&group)
}

/// A tag that happens to be `Unattributed` names no owner, and a folded session has no name.
fn is_name(key: &MatchKey, value: &str) -> bool {
    let is_folded = *key == MatchKey::Session && value.ends_with('*');
    !matches!(value, "" | UNATTRIBUTED) && !is_folded
}

impl fmt::Display for Unfilled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unfilled::Field(key) => write!(f, "it has no {key} to fill in"),
            Unfilled::Group(name) => write!(f, "its `{{{name}}}` is empty"),
            Unfilled::NoName => f.write_str("the value that it would set is no name"),
        }
    }
}

/// A value that a rule cannot set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not a value that can be set; expected a name other than `Unattributed`, or one of \
     `{{account}}`, `{{role}}`, `{{session}}`, `{{user}}`, `{{model}}`, `{{service}}`, \
     `{{tag:{prefix}KEY}}`{groups}",
    prefix = tags::OF_CALLER
)]
pub struct TemplateError {
    text: String,
    /// The rule's own groups, each after a comma.
    groups: String,
}
