//! The fields of a charge that rules match.

use std::fmt;
use std::sync::Arc;

use crate::caller::Caller;
use crate::fact::FactRef;
use crate::word::Word;

/// A field of a charge that a pattern is matched with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MatchKey {
    /// The caller's text as the bill writes it.
    Principal,
    /// The account that was charged.
    Account,
    /// A role's name, without path: a session does not carry the path.
    Role,
    /// A role session's name.
    Session,
    /// The person behind a session of single sign-on, or a user's name.
    User,
    /// The cloud or vendor that bills.
    Provider,
    /// The maker of the model.
    Publisher,
    /// The model's canonical name.
    Model,
    /// The service's name.
    Service,
    /// The provider's own name of the metered usage.
    UsageType,
    /// The category of the charge.
    Category,
    /// The provider's own word for the type of the line.
    LineType,
    /// A tag by its prefixed key.
    Tag(Arc<str>),
}

impl MatchKey {
    /// The value of the field in a fact. A folded session is named `*`.
    pub(super) fn value_of<'a>(&self, fact: FactRef<'a>) -> Option<&'a str> {
        let FactRef { charge, detail, caller } = fact;
        match self {
            MatchKey::Principal => caller.map(Caller::text),
            MatchKey::Account => detail.account.as_deref(),
            MatchKey::Role => caller.and_then(Caller::role),
            MatchKey::Session => caller.and_then(Caller::session),
            MatchKey::User => caller.and_then(Caller::user),
            MatchKey::Provider => Some(charge.provider.as_str()),
            MatchKey::Category => charge.category.as_ref().map(Word::as_str),
            MatchKey::Publisher => charge.publisher.as_deref(),
            MatchKey::Model => charge.model.as_deref(),
            MatchKey::Service => Some(&charge.service),
            MatchKey::UsageType => detail.axes.usage_type.as_deref(),
            MatchKey::LineType => Some(&charge.line_type),
            MatchKey::Tag(key) => detail.tags.get(key).map(|it| &**it),
        }
    }
}

impl fmt::Display for MatchKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            MatchKey::Principal => "principal",
            MatchKey::Account => "account",
            MatchKey::Role => "role",
            MatchKey::Session => "session",
            MatchKey::User => "user",
            MatchKey::Provider => "provider",
            MatchKey::Publisher => "publisher",
            MatchKey::Category => "category",
            MatchKey::Model => "model",
            MatchKey::Service => "service",
            MatchKey::UsageType => "usage_type",
            MatchKey::LineType => "line_type",
            MatchKey::Tag(key) => return write!(f, "tags.\"{key}\""),
        })
    }
}
