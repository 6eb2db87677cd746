//! The parts of a charge that rules look at.

use std::fmt;
use std::sync::Arc;

use crate::aws::principal::{Principal, PrincipalKind};
use crate::fact::FactRef;

/// What a pattern is held against.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MatchKey {
    /// The caller's ARN as the bill writes it.
    Principal,
    /// `line_item_usage_account_id`.
    Account,
    /// A role's name, without path: a session does not carry the path.
    Role,
    /// A role session's name.
    Session,
    /// The person behind a session of IAM Identity Center, or an IAM user's name.
    User,
    /// Who makes the model.
    Publisher,
    /// The model's canonical name.
    Model,
    /// The service's name.
    Service,
    /// `line_item_usage_type`.
    UsageType,
    /// `line_item_line_item_type`.
    LineType,
    /// A tag by its prefixed key.
    Tag(Arc<str>),
}

impl MatchKey {
    /// The value of a fact, as rules are held against it. A folded session is named `*`.
    pub(super) fn value_of<'a>(&self, fact: FactRef<'a>) -> Option<&'a str> {
        let FactRef { charge, detail, caller: principal } = fact;
        match self {
            MatchKey::Principal => principal.map(|it| it.raw()),
            MatchKey::Account => Some(&detail.account),
            MatchKey::Role => principal.filter(|it| it.kind().is_role()).and_then(|it| it.name()),
            MatchKey::Session => principal.and_then(|it| it.session()),
            MatchKey::User => principal.and_then(user_of),
            MatchKey::Publisher => charge.publisher.as_deref(),
            MatchKey::Model => charge.model.as_deref(),
            MatchKey::Service => Some(&charge.service),
            MatchKey::UsageType => Some(&detail.usage_type),
            MatchKey::LineType => Some(&charge.line_type),
            MatchKey::Tag(key) => detail.tags.get(key).map(|it| &**it),
        }
    }
}

/// The person or user behind a caller; a role's session names no person unless the caller came
/// through IAM Identity Center or federation.
fn user_of(principal: &Principal) -> Option<&str> {
    match principal.kind() {
        PrincipalKind::IamUser | PrincipalKind::FederatedUser => principal.name(),
        PrincipalKind::SsoSession => principal.person(),
        _ => None,
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
            MatchKey::Publisher => "publisher",
            MatchKey::Model => "model",
            MatchKey::Service => "service",
            MatchKey::UsageType => "usage_type",
            MatchKey::LineType => "line_type",
            MatchKey::Tag(key) => return write!(f, "tags.\"{key}\""),
        })
    }
}

/// What tag keys of a bill begin with.
pub(super) const TAG_PREFIXES: [&str; 5] =
    ["iamPrincipal/", "resourceTags/", "accountTag/", "userAttribute/", "costCategory/"];
