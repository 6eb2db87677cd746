//! The parts of an ARN of IAM or STS.

use super::ids::is_digits;
use super::kind::{API_KEY_USER_START, PrincipalKind, SERVICE_ROLE_START, SSO_ROLE_START};

/// Why a text is no principal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAPrincipal {
    /// There is no text; many charges have no caller.
    #[error("the principal is empty")]
    Empty,
    /// The text does not have the six parts of an ARN.
    #[error("`{0}` is not an ARN; expected `arn:<partition>:<iam or sts>::<account>:<resource>`")]
    NotAnArn(String),
    /// The text holds a wildcard or another character that no name has.
    #[error("`{0}` is a pattern or holds a character that no principal has")]
    Pattern(String),
    /// The partition is none of AWS's.
    #[error("`{0}` is not a partition; expected `aws` or `aws-…`")]
    Partition(String),
    /// The service has no principals.
    #[error("`{0}` has no principals; expected `iam` or `sts`")]
    Service(String),
    /// The account is a placeholder or AWS itself.
    #[error("`{0}` is not an account id; expected 12 digits")]
    Account(String),
    /// The resource is a policy, a group or another thing that cannot call.
    #[error("`{0}` cannot call; expected a user, a role, a session or `root`")]
    Resource(String),
}

/// Partition, service, account and resource.
pub(super) fn arn_parts(text: &str) -> Result<(&str, &str, &str, &str), NotAPrincipal> {
    let mut parts = text.splitn(6, ':');
    let mut part = || parts.next().ok_or_else(|| NotAPrincipal::NotAnArn(text.to_owned()));
    let (arn, partition, service) = (part()?, part()?, part()?);
    let (region, account, resource) = (part()?, part()?, part()?);
    // IAM and STS are global: an ARN of theirs has no region.
    if arn != "arn" || !region.is_empty() {
        return Err(NotAPrincipal::NotAnArn(text.to_owned()));
    }
    if !is_partition(partition) {
        return Err(NotAPrincipal::Partition(partition.to_owned()));
    }
    if !is_account(account) {
        return Err(NotAPrincipal::Account(account.to_owned()));
    }
    Ok((partition, service, account, resource))
}

/// AWS adds partitions (`aws-iso-b`, `aws-eusc`), so they are known by their shape.
pub(super) fn is_partition(text: &str) -> bool {
    text.strip_prefix("aws")
        .is_some_and(|rest| rest.bytes().all(|byte| byte == b'-' || byte.is_ascii_lowercase()))
}

pub(super) fn is_account(text: &str) -> bool {
    text.len() == 12 && is_digits(text)
}

/// A character that IAM allows in names, or the slash of paths and sessions: no wildcard and no mark
/// of a placeholder.
pub(super) fn is_name_or_path_char(char: char) -> bool {
    char.is_ascii_alphanumeric() || matches!(char, '_' | '+' | '=' | ',' | '.' | '@' | '-' | '/')
}

/// Whether the name is one to fill in: documents write `POLICY-NAME`. Asked only of resources that
/// cannot call, because a real role may have such a name.
pub(super) fn is_placeholder(resource: &str) -> bool {
    let Some((_, name)) = resource.rsplit_once('/') else { return false };
    let mut words = name.split(['-', '_']);
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|it| it.is_ascii_uppercase());
    name.contains(['-', '_']) && words.all(is_word)
}

/// The resource of an ARN, taken apart.
pub(super) struct ResourceParts<'a> {
    pub(super) kind: PrincipalKind,
    pub(super) path: Option<&'a str>,
    pub(super) name: Option<&'a str>,
    pub(super) session: Option<&'a str>,
}

/// Reads the resource of an ARN of IAM: the root user, a user or a role.
pub(super) fn iam_parts(resource: &str) -> Option<ResourceParts<'_>> {
    if resource == "root" {
        return Some(ResourceParts {
            kind: PrincipalKind::Root,
            path: None,
            name: None,
            session: None,
        });
    }
    let kind_len = resource.find('/')?;
    let (kind, path_and_name) = resource.split_at_checked(kind_len)?;
    let (path, name) = path_and_name.split_at_checked(path_and_name.rfind('/')? + 1)?;
    if name.is_empty() {
        return None;
    }
    let kind = match kind {
        "user" if name.starts_with(API_KEY_USER_START) => PrincipalKind::BedrockApiKeyUser,
        "user" => PrincipalKind::IamUser,
        "role" => PrincipalKind::Role,
        _ => return None,
    };
    Some(ResourceParts { kind, path: Some(path), name: Some(name), session: None })
}

/// Reads the resource of an ARN of STS: a session of a role or a federated user.
pub(super) fn sts_parts(resource: &str) -> Option<ResourceParts<'_>> {
    let mut parts = resource.split('/');
    let (kind, name, session) = (parts.next()?, parts.next()?, parts.next());
    let has_more = parts.next().is_some();
    if has_more || name.is_empty() || session == Some("") {
        return None;
    }
    let kind = match (kind, session) {
        ("federated-user", None) => PrincipalKind::FederatedUser,
        ("assumed-role", _) if name.starts_with(SSO_ROLE_START) => PrincipalKind::SsoSession,
        ("assumed-role", _) if name.starts_with(SERVICE_ROLE_START) => {
            PrincipalKind::ServiceLinkedRoleSession
        }
        ("assumed-role", _) => PrincipalKind::AssumedRole,
        _ => return None,
    };
    Some(ResourceParts { kind, path: None, name: Some(name), session })
}
