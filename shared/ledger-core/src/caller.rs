//! Callers: the identity behind a charge, for any provider.

use std::sync::Arc;

use crate::aws::principal::{self, Principal};
use crate::identity::Identity;

const USER_START: &str = "user:";
const WORKLOAD_START: &str = "workload:";

/// The caller of a charge.
///
/// - **Shape:** stored and shown as its text: AWS's own for an identity of AWS, `user:NAME`, `workload:ID`.
/// - **Invariant:** [`Caller::parse`] reads any text and keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// An identity of AWS.
    Aws(Arc<Principal>),
    /// A person or account by name, of any other provider.
    User(Arc<str>),
    /// A service, job or key by id, of any other provider.
    Workload(Arc<str>),
    /// A text of a form that this version does not know. It has no role, session or user.
    Unknown(Arc<str>),
}

impl Caller {
    /// A user by name.
    #[must_use]
    pub fn user_named(name: &str) -> Caller {
        Caller::User(format!("{USER_START}{name}").into())
    }

    /// A workload by id.
    #[must_use]
    pub fn workload_of(id: &str) -> Caller {
        Caller::Workload(format!("{WORKLOAD_START}{id}").into())
    }

    /// Reads the text of a caller. The session of a role can end in `*`: many were put together.
    #[must_use]
    pub fn parse(text: &str) -> Caller {
        if text.starts_with(USER_START) {
            return Caller::User(text.into());
        }
        if text.starts_with(WORKLOAD_START) {
            return Caller::Workload(text.into());
        }
        let principal = Principal::parse_folded(text);
        principal.map_or_else(|_| Caller::Unknown(text.into()), |it| Caller::Aws(it.into()))
    }

    /// The text of a role, if `text` is the text of one of its sessions.
    pub(crate) fn role_of_session(text: &str) -> Option<&str> {
        principal::role_of_session(text)
    }

    /// The text of the caller that all sessions of a role are put together to.
    pub(crate) fn all_sessions_of(role: &str) -> String {
        principal::all_sessions_of(role)
    }

    /// Whether a text is that of all sessions of a role.
    pub(crate) fn is_all_sessions(text: &str) -> bool {
        principal::is_all_sessions(text)
    }

    /// The text, as the bill writes it.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Caller::Aws(principal) => principal.raw(),
            Caller::User(text) | Caller::Workload(text) | Caller::Unknown(text) => text,
        }
    }

    /// The text under which the ledger keeps this caller, with `*` for a generated session.
    #[must_use]
    pub fn key(&self) -> &Arc<str> {
        match self {
            Caller::Aws(principal) => principal.folded(),
            Caller::User(text) | Caller::Workload(text) | Caller::Unknown(text) => text,
        }
    }

    /// The identity that its text names.
    #[must_use]
    pub fn identity(&self) -> Identity<'_> {
        match self {
            Caller::Aws(principal) => principal.identity(),
            Caller::User(_) => Identity::Person,
            Caller::Workload(_) => Identity::Role { session: None },
            Caller::Unknown(_) => Identity::Unreadable,
        }
    }

    /// The account of the caller, where its text names one.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        match self {
            Caller::Aws(principal) => Some(principal.account()),
            _ => None,
        }
    }

    /// The name of the role, without a path; the id of a workload.
    #[must_use]
    pub fn role(&self) -> Option<&str> {
        match self {
            Caller::Aws(principal) => principal.role(),
            Caller::Workload(text) => text.strip_prefix(WORKLOAD_START),
            Caller::User(_) | Caller::Unknown(_) => None,
        }
    }

    /// The name of the session of a role.
    #[must_use]
    pub fn session(&self) -> Option<&str> {
        match self {
            Caller::Aws(principal) => principal.session(),
            _ => None,
        }
    }

    /// The person or user. A role's session names no person unless the caller came through single
    /// sign-on or federation.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        match self {
            Caller::Aws(principal) => principal.user(),
            Caller::User(text) => text.strip_prefix(USER_START),
            Caller::Workload(_) | Caller::Unknown(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{GATEWAY, PERSON, USER};

    #[test]
    fn callers_of_any_provider_answer_the_same_questions() {
        let folded = "arn:aws:sts::123456789012:assumed-role/worker/*";
        for (text, account, role, session, user) in [
            (GATEWAY, Some("123456789012"), Some("llm-gateway"), Some("checkout"), None),
            (folded, Some("123456789012"), Some("worker"), Some("*"), None),
            (USER, Some("123456789012"), None, None, Some("batch")),
            ("user:ana@example.com", None, None, None, Some("ana@example.com")),
            ("workload:nightly", None, Some("nightly"), None, None),
            ("spn:0001", None, None, None, None),
            ("", None, None, None, None),
        ] {
            let caller = Caller::parse(text);
            assert_eq!((caller.text(), &**caller.key()), (text, text));
            assert_eq!(caller.account(), account, "{text}");
            assert_eq!(caller.role(), role, "{text}");
            assert_eq!(caller.session(), session, "{text}");
            assert_eq!(caller.user(), user, "{text}");
        }
        assert_eq!(Caller::parse(PERSON).user(), Some("ana@example.com"));
        assert_eq!(Caller::user_named("ana"), Caller::parse("user:ana"));
        assert_eq!(Caller::workload_of("x"), Caller::parse("workload:x"));
    }

    #[test]
    fn a_generated_session_is_kept_as_one() {
        let text = "arn:aws:sts::123456789012:assumed-role/worker/botocore-session-1700000000";
        let caller = Caller::parse(text);
        assert_eq!(caller.text(), text);
        let kept = "arn:aws:sts::123456789012:assumed-role/worker/botocore-session-*";
        assert_eq!(&**caller.key(), kept);
    }
}
