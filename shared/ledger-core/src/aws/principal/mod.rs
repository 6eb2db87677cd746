//! Who called: the identity behind a charge.
//!
//! The bill names the caller by an ARN of IAM or STS. The form alone tells people from workloads
//! only in part, so this module reads the form and attribution decides what it means.

mod arn;
mod folded;
mod identity;
mod ids;
mod kind;
mod session;

use std::sync::Arc;

pub use self::arn::NotAPrincipal;
use self::arn::{
    arn_parts, iam_parts, is_account, is_name_or_path_char, is_partition, is_placeholder, sts_parts,
};
pub(crate) use self::folded::{all_sessions_of, is_all_sessions, role_of_session};
use self::ids::is_hex;
pub use self::kind::PrincipalKind;
use self::kind::SSO_ROLE_START;
pub use self::session::SessionKind;
use self::session::{is_email, is_generated, session_kind_of, stem_of};

/// The text of an ARN that names a principal.
///
/// - **Shape:** as it was written, so that it can be found again in the bill.
/// - **Source:** `line_item_iam_principal`, or `identity.arn` in an invocation log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PrincipalArn(Arc<str>);

impl PrincipalArn {
    /// The text as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for PrincipalArn {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A caller, taken apart.
///
/// **Invariant:** the account has 12 digits, and no part holds a wildcard.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Principal {
    arn: PrincipalArn,
    partition: String,
    account: String,
    kind: PrincipalKind,
    path: Option<String>,
    name: Option<String>,
    session: Option<String>,
    /// As [`Principal::folded`]; the text of `arn` itself where nothing is folded.
    folded: Arc<str>,
}

impl Principal {
    /// Reads an ARN of IAM or STS in any partition.
    ///
    /// # Errors
    ///
    /// [`NotAPrincipal`] says what is wrong. Charges without a caller are ordinary, so the usual
    /// answer is to leave the charge without a principal.
    ///
    /// ```
    /// use ledger_core::aws::principal::{Principal, PrincipalKind};
    ///
    /// let arn = "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/jane@example.com";
    /// let principal = Principal::parse(arn)?;
    /// assert_eq!(principal.kind(), PrincipalKind::SsoSession);
    /// assert_eq!(principal.permission_set(), Some("Admin"));
    /// assert_eq!(principal.person(), Some("jane@example.com"));
    /// # Ok::<(), ledger_core::aws::principal::NotAPrincipal>(())
    /// ```
    pub fn parse(text: &str) -> Result<Principal, NotAPrincipal> {
        if text.trim().is_empty() {
            return Err(NotAPrincipal::Empty);
        }
        let (partition, service, account, resource) = arn_parts(text)?;
        if !resource.chars().all(is_name_or_path_char) {
            return Err(NotAPrincipal::Pattern(text.to_owned()));
        }
        let parts = match service {
            "iam" => iam_parts(resource),
            "sts" => sts_parts(resource),
            _ => return Err(NotAPrincipal::Service(service.to_owned())),
        };
        let parts = parts.ok_or_else(|| NotAPrincipal::Resource(resource.to_owned()))?;
        let arn: Arc<str> = text.into();
        let mut principal = Principal {
            folded: Arc::clone(&arn),
            arn: PrincipalArn(arn),
            partition: partition.to_owned(),
            account: account.to_owned(),
            kind: parts.kind,
            path: parts.path.map(str::to_owned),
            name: parts.name.map(str::to_owned),
            session: parts.session.map(str::to_owned),
        };
        if let Some((role, session)) = text.rsplit_once('/')
            && principal.session_is_generated()
        {
            principal.folded = format!("{role}/{}*", stem_of(session)).into();
        }
        Ok(principal)
    }

    /// Reads the text of [`Principal::folded`]: the name of a folded session ends in `*`.
    ///
    /// # Errors
    ///
    /// As [`Principal::parse`].
    pub fn parse_folded(text: &str) -> Result<Principal, NotAPrincipal> {
        let session = text.rsplit_once('/').filter(|(_, session)| session.ends_with('*'));
        let Some((role, session)) = session else { return Principal::parse(text) };
        let folded: Arc<str> = text.into();
        let arn = PrincipalArn(Arc::clone(&folded));
        Ok(Principal { arn, folded, session: Some(session.to_owned()), ..Principal::parse(role)? })
    }

    /// The partition and the account of an ARN, also of one that names something that cannot call,
    /// such as a policy or a group.
    ///
    /// `None` where the text is no ARN of one thing in one account, such as a pattern or a policy that
    /// AWS itself owns.
    ///
    /// ```
    /// use ledger_core::aws::principal::Principal;
    ///
    /// let home = Principal::home_of("arn:aws:iam::123456789012:group/Developers");
    /// assert_eq!(home, Some(("aws", "123456789012")));
    /// assert_eq!(Principal::home_of("arn:aws:iam::123456789012:user/*"), None);
    /// ```
    #[must_use]
    pub fn home_of(text: &str) -> Option<(&str, &str)> {
        let mut parts = text.splitn(6, ':');
        let (arn, partition) = (parts.next()?, parts.next()?);
        let (_service, _region) = (parts.next()?, parts.next()?);
        let (account, resource) = (parts.next()?, parts.next()?);
        let is_one = !resource.is_empty()
            && resource.chars().all(|it| it == ':' || is_name_or_path_char(it))
            && (!is_placeholder(resource) || Principal::parse(text).is_ok());
        let is_whole = arn == "arn" && is_partition(partition) && is_account(account) && is_one;
        is_whole.then_some((partition, account))
    }

    /// The ARN.
    #[must_use]
    pub fn arn(&self) -> &PrincipalArn {
        &self.arn
    }

    /// The text as it was written.
    #[must_use]
    pub fn raw(&self) -> &str {
        self.arn.as_str()
    }

    /// The partition, such as `aws` or `aws-us-gov`.
    #[must_use]
    pub fn partition(&self) -> &str {
        &self.partition
    }

    /// The account id, which may begin with zeros.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The kind of identity.
    #[must_use]
    pub fn kind(&self) -> PrincipalKind {
        self.kind
    }

    /// The path of a user or role, from slash to slash. The ARN of a session never carries the path
    /// of its role, so roles are matched by account and name.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        self.path.as_deref()
    }

    /// The name of the user or role; root has none.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The name of the role, also of a session's role.
    #[must_use]
    pub fn role(&self) -> Option<&str> {
        self.name().filter(|_| self.kind.is_role())
    }

    /// The name of the session; none where the ARN was cut off before it.
    #[must_use]
    pub fn session(&self) -> Option<&str> {
        self.session.as_deref()
    }

    /// The kind of the session, as its name tells it. A federated user has no session, but its own name
    /// can be an address.
    #[must_use]
    pub fn session_kind(&self) -> Option<SessionKind> {
        if self.kind == PrincipalKind::FederatedUser {
            return self.name().filter(|name| is_email(name)).map(|_| SessionKind::Email);
        }
        self.session().map(session_kind_of)
    }

    /// Whether the session was named by a machine and anew for each run, so that it says nothing
    /// about who called.
    ///
    /// The sessions of IAM Identity Center are people, even where their user names look like tokens.
    #[must_use]
    pub fn session_is_generated(&self) -> bool {
        self.kind != PrincipalKind::SsoSession && self.session().is_some_and(is_generated)
    }

    /// The key under which the ledger keeps this caller: the ARN, with `*` for the part of a session's
    /// name that was generated, as in `BedrockAgentCore-*`. Rules match on the rest.
    ///
    /// Without it an agent would leave a new key behind with every run.
    #[must_use]
    pub fn folded(&self) -> &Arc<str> {
        &self.folded
    }

    /// The permission set of a session or role of IAM Identity Center: the middle part of
    /// `AWSReservedSSO_<permission set>_<hex>`.
    #[must_use]
    pub fn permission_set(&self) -> Option<&str> {
        let rest = self.name()?.strip_prefix(SSO_ROLE_START)?;
        match rest.rsplit_once('_') {
            Some((set, suffix)) if !set.is_empty() && is_hex(suffix) => Some(set),
            _ => Some(rest),
        }
    }

    /// The name of a user, or the person behind a session of IAM Identity Center. The user of an API
    /// key is none.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        match self.kind {
            PrincipalKind::IamUser | PrincipalKind::FederatedUser => self.name(),
            _ => self.person(),
        }
    }

    /// The person behind a session of IAM Identity Center.
    #[must_use]
    pub fn person(&self) -> Option<&str> {
        self.session().filter(|_| self.kind == PrincipalKind::SsoSession)
    }
}

#[cfg(test)]
mod tests;
