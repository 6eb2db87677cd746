//! The identity that an ARN names: a person, a key that anyone may hold, a session with a name.

use super::{Principal, PrincipalKind, is_email};
use crate::identity::Identity;

impl Principal {
    /// The caller, in the words that hold for any provider.
    pub(crate) fn identity(&self) -> Identity<'_> {
        let is_address = |it: Option<&str>| it.is_some_and(is_email);
        match self.kind {
            PrincipalKind::SsoSession | PrincipalKind::FederatedUser => Identity::Person,
            PrincipalKind::Root => Identity::Root,
            _ if is_address(self.session()) || is_address(self.name()) => Identity::Person,
            PrincipalKind::IamUser | PrincipalKind::BedrockApiKeyUser => Identity::Key,
            PrincipalKind::AssumedRole
            | PrincipalKind::ServiceLinkedRoleSession
            | PrincipalKind::Role => {
                let is_named = |it: &&str| !it.ends_with('*') && !self.session_is_generated();
                Identity::Role { session: self.session().filter(is_named) }
            }
        }
    }
}
