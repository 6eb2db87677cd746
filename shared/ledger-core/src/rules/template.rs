//! The values that a rule sets.

use std::sync::Arc;

use crate::aws::tags;
use crate::fact::FactRef;
use crate::owner::UNATTRIBUTED;
use crate::rules::match_key::MatchKey;

/// A value that a rule sets: a text, or a field of the matched line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Template {
    /// The text itself.
    Text(Arc<str>),
    /// The value of a field of the line, written `{role}` or `{tag:KEY}`.
    Part(MatchKey),
}

impl Template {
    /// Reads a value of a rules file.
    ///
    /// # Errors
    ///
    /// [`TemplateError`] names the fields that braces may hold.
    pub fn parse(text: &str) -> Result<Template, TemplateError> {
        let error = || TemplateError(text.to_owned());
        let Some(name) = text.strip_prefix('{').and_then(|it| it.strip_suffix('}')) else {
            let plain = !matches!(text.trim(), "" | UNATTRIBUTED) && !text.contains(['{', '}']);
            return if plain { Ok(Template::Text(text.into())) } else { Err(error()) };
        };
        let key = match name {
            "account" => MatchKey::Account,
            "role" => MatchKey::Role,
            "session" => MatchKey::Session,
            "user" => MatchKey::User,
            "model" => MatchKey::Model,
            "service" => MatchKey::Service,
            _ => {
                let key = name.strip_prefix("tag:").ok_or_else(error)?;
                if !tags::has_prefix(key) {
                    return Err(error());
                }
                MatchKey::Tag(key.into())
            }
        };
        Ok(Template::Part(key))
    }

    pub(super) fn fill(&self, fact: FactRef<'_>) -> Option<Arc<str>> {
        match self {
            Template::Text(text) => Some(Arc::clone(text)),
            Template::Part(key) => {
                let value = key.value_of(fact)?.trim();
                // A tag that happens to say `Unattributed` names no owner, and a folded session
                // has no name.
                let is_folded = *key == MatchKey::Session && value.ends_with('*');
                let is_name = !matches!(value, "" | UNATTRIBUTED) && !is_folded;
                is_name.then(|| value.into())
            }
        }
    }
}

/// A value that a rule cannot set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a value that can be set; expected a name other than `Unattributed`, or one of \
     `{{account}}`, `{{role}}`, `{{session}}`, `{{user}}`, `{{model}}`, `{{service}}`, \
     `{{tag:{prefix}KEY}}`",
    prefix = tags::OF_CALLER
)]
pub struct TemplateError(String);
