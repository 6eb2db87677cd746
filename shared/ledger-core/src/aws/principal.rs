//! Who called: the identity behind a charge.
//!
//! The bill names the caller by an ARN of IAM or STS. The form alone tells people from workloads
//! only in part, so this module says what is written and attribution decides what it means.

use std::sync::Arc;

labels! {
    /// What kind of identity an ARN names.
    pub enum PrincipalKind {
        /// A session of a role.
        AssumedRole = "assumed_role",
        /// A person's session through IAM Identity Center.
        SsoSession = "sso_session",
        /// A session of a role that belongs to an AWS service.
        ServiceLinkedRoleSession = "service_linked_role_session",
        /// A user of `GetFederationToken`.
        FederatedUser = "federated_user",
        /// An IAM user.
        IamUser = "iam_user",
        /// The IAM user that Bedrock makes for a long-term API key.
        BedrockApiKeyUser = "bedrock_api_key_user",
        /// A role without a session.
        Role = "role",
        /// The root user of an account.
        Root = "root",
    }
}

impl PrincipalKind {
    /// Whether the identity is a role or a session of one, so that its name is a role's name.
    #[must_use]
    pub fn is_role(self) -> bool {
        matches!(
            self,
            PrincipalKind::AssumedRole
                | PrincipalKind::SsoSession
                | PrincipalKind::ServiceLinkedRoleSession
                | PrincipalKind::Role
        )
    }
}

labels! {
    /// What the name of a session looks like.
    pub enum SessionKind {
        /// An e-mail address, which names a person.
        Email = "email",
        /// A build or deployment service.
        Ci = "ci",
        /// Made up by an SDK because nobody gave a name.
        SdkGenerated = "sdk_generated",
        /// A pod under EKS Pod Identity: `eks-<cluster>-<pod>-<uuid>`.
        EksPod = "eks_pod",
        /// An EC2 instance id.
        Instance = "instance",
        /// An agent or a knowledge base of Bedrock.
        Agent = "agent",
        /// Anything else: a person, a function, a gateway.
        Other = "other",
    }
}

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

    /// Reads what [`Principal::folded`] wrote: the name of a folded session ends in `*`.
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
    /// `None` where the text is no ARN of one thing in one account: a pattern, or what is AWS's own.
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

    /// What kind of identity this is.
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

    /// The name of the session; none where the ARN was cut off before it.
    #[must_use]
    pub fn session(&self) -> Option<&str> {
        self.session.as_deref()
    }

    /// What the name of the session looks like. A federated user has no session, but the name of one
    /// can be an address all the same.
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

    /// The person behind a session of IAM Identity Center.
    #[must_use]
    pub fn person(&self) -> Option<&str> {
        self.session().filter(|_| self.kind == PrincipalKind::SsoSession)
    }
}

const SSO_ROLE_START: &str = "AWSReservedSSO_";
const SERVICE_ROLE_START: &str = "AWSServiceRoleFor";
const API_KEY_USER_START: &str = "BedrockAPIKey-";

/// Partition, service, account and resource.
fn arn_parts(text: &str) -> Result<(&str, &str, &str, &str), NotAPrincipal> {
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
fn is_partition(text: &str) -> bool {
    text.strip_prefix("aws")
        .is_some_and(|rest| rest.bytes().all(|byte| byte == b'-' || byte.is_ascii_lowercase()))
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && is_digits(text)
}

/// What IAM allows in names, and the slash of paths and sessions. It leaves out every wildcard and
/// placeholder mark.
fn is_name_or_path_char(char: char) -> bool {
    char.is_ascii_alphanumeric() || matches!(char, '_' | '+' | '=' | ',' | '.' | '@' | '-' | '/')
}

/// Whether the name is one to fill in: documents write `POLICY-NAME`. Asked only of what cannot call,
/// because a role may well be called so.
fn is_placeholder(resource: &str) -> bool {
    let Some((_, name)) = resource.rsplit_once('/') else { return false };
    let mut words = name.split(['-', '_']);
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|it| it.is_ascii_uppercase());
    name.contains(['-', '_']) && words.all(is_word)
}

/// What stands behind the account.
struct ResourceParts<'a> {
    kind: PrincipalKind,
    path: Option<&'a str>,
    name: Option<&'a str>,
    session: Option<&'a str>,
}

fn iam_parts(resource: &str) -> Option<ResourceParts<'_>> {
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

fn sts_parts(resource: &str) -> Option<ResourceParts<'_>> {
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

fn session_kind_of(session: &str) -> SessionKind {
    if is_email(session) {
        SessionKind::Email
    } else if is_ci(session) {
        SessionKind::Ci
    } else if is_eks_pod(session) {
        SessionKind::EksPod
    } else if is_instance_id(session) {
        SessionKind::Instance
    } else if is_agent(session) {
        SessionKind::Agent
    } else if is_sdk_generated(session) || is_uuid(session) {
        SessionKind::SdkGenerated
    } else {
        SessionKind::Other
    }
}

fn is_generated(session: &str) -> bool {
    if is_email(session) {
        return false;
    }
    is_sdk_generated(session)
        || is_instance_id(session)
        || is_agent(session)
        || has_digits_after(session, &["ServiceSession", "AssumeRoleSession"])
        || contains_uuid(session)
        || session.rsplit(['-', '_', '.']).next().is_some_and(is_token)
}

/// The part of a generated name that is the same for all of its kind: its leading words, up to the
/// first that has a digit or may be a part of an id.
fn stem_of(session: &str) -> &str {
    const ID_LENGTH_MIN: usize = 8;
    let is_id = |word: &str| {
        word.bytes().any(|byte| byte.is_ascii_digit())
            || (word.len() >= ID_LENGTH_MIN && is_hex(word))
    };
    let mut length = 0;
    for word in session.split_inclusive(['-', '_', '.']) {
        let is_last = !word.ends_with(['-', '_', '.']);
        if is_last || is_id(word.trim_end_matches(['-', '_', '.'])) {
            break;
        }
        length += word.len();
    }
    session.get(..length).unwrap_or_default()
}

fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && !domain.contains('@')
            && domain.split('.').all(|label| !label.is_empty())
            && domain.contains('.')
    })
}

/// `GitHubActions` is what the official action calls its sessions unless told otherwise.
fn is_ci(session: &str) -> bool {
    const STARTS: &[&str] = &[
        "githubactions",
        "github-actions",
        "gitlab-",
        "awscodebuild-",
        "awscodepipeline",
        "codebuild-",
        "circleci",
        "jenkins",
        "buildkite",
        "bitbucket",
        "azuredevops",
        "travis-",
    ];
    let session = session.to_ascii_lowercase();
    STARTS.iter().any(|start| session.starts_with(start))
}

/// Source: the EKS User Guide gives the session name as `eks-<cluster>-<pod>-<uuid>`.
fn is_eks_pod(session: &str) -> bool {
    session.starts_with("eks-") && contains_uuid(session)
}

fn is_instance_id(session: &str) -> bool {
    session.strip_prefix("i-").is_some_and(|id| matches!(id.len(), 8 | 17) && is_hex(id))
}

fn is_agent(session: &str) -> bool {
    session.starts_with("BKB-Retrieve-")
        || session.strip_prefix("BedrockAgentCore-").is_some_and(is_uuid)
}

/// The names that SDKs invent end in the time of the call.
fn is_sdk_generated(session: &str) -> bool {
    const STARTS: &[&str] = &["botocore-session-", "aws-sdk-", "aws-go-sdk-"];
    let is_sdk = STARTS.iter().any(|start| session.starts_with(start));
    is_sdk && session.rsplit('-').next().is_some_and(is_digits)
}

fn has_digits_after(session: &str, starts: &[&str]) -> bool {
    starts.iter().any(|start| session.strip_prefix(start).is_some_and(is_digits))
}

/// Hexadecimal of at least 12 places with both letters and digits, or digits as long as a time in
/// milliseconds. Shorter ones (`b7654321`, `0f3a9c`, `DEADBEEF`) are too close to staff numbers and names.
fn is_token(text: &str) -> bool {
    let is_mixed = text.bytes().any(|byte| byte.is_ascii_digit())
        && text.bytes().any(|byte| byte.is_ascii_alphabetic());
    (text.len() >= 12 && is_mixed && is_hex(text)) || (text.len() >= 13 && is_digits(text))
}

fn contains_uuid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    parts.windows(UUID_PART_LENGTHS.len()).any(|window| {
        let lengths = window.iter().zip(UUID_PART_LENGTHS).enumerate();
        // Only the first part may continue something: `session.0123abcd-…`.
        lengths.into_iter().all(|(index, (part, length))| {
            let part = if index == 0 { last_bytes(part, length) } else { part };
            part.len() == length && is_hex(part)
        })
    })
}

const UUID_PART_LENGTHS: [usize; 5] = [8, 4, 4, 4, 12];

fn is_uuid(text: &str) -> bool {
    text.len() == 36 && contains_uuid(text)
}

fn last_bytes(text: &str, count: usize) -> &str {
    text.len().checked_sub(count).and_then(|start| text.get(start..)).unwrap_or(text)
}

fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LABELLED: &str = include_str!("../../testdata/principal_arns.csv");
    const UUID: &str = "a7c26677-1ec3-4497-8000-0123456789ab";

    /// The columns that a reading must give back, as they are labelled.
    fn columns(principal: &Principal) -> [String; 7] {
        let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
        [
            principal.partition().to_owned(),
            principal.account().to_owned(),
            principal.kind().as_str().to_owned(),
            text(principal.path()),
            text(principal.name()),
            text(principal.session()),
            text(principal.session_kind().map(SessionKind::as_str)),
        ]
    }

    #[test]
    fn every_labelled_row_is_read_as_labelled() {
        let mut mismatches = Vec::new();
        let mut row_count = 0;
        for line in LABELLED.lines().skip(1) {
            row_count += 1;
            let row: Vec<&str> = line.splitn(10, ',').collect();
            match Principal::parse(row[0]) {
                Ok(principal) => {
                    assert_eq!(principal.raw(), row[0]);
                    let actual = columns(&principal);
                    if row[1] != "yes" || actual[..] != row[2..9] {
                        mismatches.push(format!("{line}\n  is {actual:?}"));
                    }
                }
                Err(err) if row[1] == "yes" => mismatches.push(format!("{line}\n  is {err}")),
                Err(_) => {
                    let home = Principal::home_of(row[0]).unwrap_or_default();
                    if home != (row[2], row[3]) {
                        mismatches.push(format!("{line}\n  is in {home:?}"));
                    }
                }
            }
        }
        assert_eq!(row_count, 97);
        assert!(
            mismatches.is_empty(),
            "{} mismatches:\n{}",
            mismatches.len(),
            mismatches.join("\n")
        );
    }

    #[track_caller]
    fn check_refused(text: &str, message: &str) {
        assert_eq!(Principal::parse(text).unwrap_err().to_string(), message);
    }

    #[test]
    fn what_is_no_principal_says_why() {
        check_refused("", "the principal is empty");
        check_refused(" ", "the principal is empty");
        let not_an_arn = |text: &str| {
            let message = format!(
                "`{text}` is not an ARN; expected `arn:<partition>:<iam or sts>::<account>:<resource>`"
            );
            check_refused(text, &message);
        };
        not_an_arn("jane");
        not_an_arn("bedrock.amazonaws.com");
        not_an_arn("arn:aws:iam::123456789012");
        not_an_arn("arn:aws:sts:us-east-1:123456789012:assumed-role/R/S");
        not_an_arn(" arn:aws:iam::123456789012:user/jane");
        let account = |text: &str| format!("`{text}` is not an account id; expected 12 digits");
        check_refused("arn:aws:iam::aws:policy/ReadOnlyAccess", &account("aws"));
        check_refused("arn:aws:iam::account:user/jane", &account("account"));
        check_refused("arn:aws:iam::*:user/jane", &account("*"));
        check_refused("arn:aws:iam::1234:user/jane", &account("1234"));
        check_refused(
            "arn:azure:iam::123456789012:user/jane",
            "`azure` is not a partition; expected `aws` or `aws-…`",
        );
        check_refused(
            "arn:aws:s3::123456789012:user/jane",
            "`s3` has no principals; expected `iam` or `sts`",
        );
        let pattern = |text: &str| {
            check_refused(
                text,
                &format!("`{text}` is a pattern or holds a character that no principal has"),
            );
        };
        pattern("arn:aws:iam::123456789012:user/*");
        pattern("arn:aws:iam::123456789012:user/${aws:username}");
        pattern("arn:aws:sts::123456789012:assumed-role/R/<session>");
        pattern("arn:aws:iam::123456789012:user/jane doe");
        let resource = |text: &str| {
            format!("`{text}` cannot call; expected a user, a role, a session or `root`")
        };
        for text in [
            "group/Developers",
            "oidc-provider/example.com",
            "user",
            "user/",
            "role/path/",
            "rootless",
        ] {
            check_refused(&format!("arn:aws:iam::123456789012:{text}"), &resource(text));
        }
        for text in [
            "assumed-role",
            "assumed-role/",
            "assumed-role/R/",
            "assumed-role/R/S/T",
            "federated-user/a/b",
        ] {
            check_refused(&format!("arn:aws:sts::123456789012:{text}"), &resource(text));
        }
    }

    #[test]
    fn what_cannot_call_has_a_home_and_a_pattern_has_none() {
        let home = Some(("aws-cn", "012345678901"));
        for resource in
            ["group/Admins", "mfa/BobsPhone", "server-certificate/x/y", "root", "role/ROLE-NAME"]
        {
            let arn = format!("arn:aws-cn:iam::012345678901:{resource}");
            assert_eq!(Principal::home_of(&arn), home, "{arn}");
        }
        let function = "arn:aws-cn:lambda:cn-north-1:012345678901:function:chat";
        assert_eq!(Principal::home_of(function), home);
        for text in [
            "",
            "jane",
            "arn:aws:iam::123456789012",
            "arn:aws:iam::123456789012:",
            "arn:aws:iam::aws:policy/ReadOnlyAccess",
            "arn:aws:iam::1234:group/Admins",
            "arn:azure:iam::123456789012:group/Admins",
            "arn:aws:iam::123456789012:group/*",
            "arn:aws:iam::123456789012:policy/${name}",
            "arn:aws:iam::123456789012:policy/POLICY-NAME",
            "arn:aws:iam::123456789012:group/GROUP_NAME",
        ] {
            assert_eq!(Principal::home_of(text), None, "{text}");
        }
    }

    #[test]
    fn every_partition_is_read() {
        for partition in [
            "aws",
            "aws-cn",
            "aws-us-gov",
            "aws-iso",
            "aws-iso-b",
            "aws-iso-e",
            "aws-iso-f",
            "aws-eusc",
        ] {
            let principal =
                Principal::parse(&format!("arn:{partition}:iam::012345678901:root")).unwrap();
            assert_eq!(principal.partition(), partition);
            assert_eq!(principal.account(), "012345678901");
            assert_eq!(principal.kind(), PrincipalKind::Root);
        }
    }

    fn session_of(role: &str, session: &str) -> Principal {
        Principal::parse(&format!("arn:aws:sts::123456789012:assumed-role/{role}/{session}"))
            .unwrap()
    }

    #[test]
    fn generated_sessions_are_folded_into_their_role() {
        for (session, kind, folded) in [
            ("botocore-session-1773807868", SessionKind::SdkGenerated, "botocore-session-*"),
            ("aws-sdk-js-1773807868000", SessionKind::SdkGenerated, "aws-sdk-js-*"),
            ("aws-sdk-java-1773807868000", SessionKind::SdkGenerated, "aws-sdk-java-*"),
            ("aws-go-sdk-1773807868000000000", SessionKind::SdkGenerated, "aws-go-sdk-*"),
            (UUID, SessionKind::SdkGenerated, "*"),
            (&format!("BedrockAgentCore-{UUID}"), SessionKind::Agent, "BedrockAgentCore-*"),
            ("BKB-Retrieve-0A1B2C3D", SessionKind::Agent, "BKB-Retrieve-*"),
            ("BKB-Retrieve-FADEDCAB-1", SessionKind::Agent, "BKB-Retrieve-*"),
            (&format!("AWSCodeBuild-{UUID}"), SessionKind::Ci, "AWSCodeBuild-*"),
            (&format!("eks-prod-web-7d9f8-{UUID}"), SessionKind::EksPod, "eks-prod-web-*"),
            ("i-0123456789abcdef0", SessionKind::Instance, "i-*"),
            ("ServiceSession7696354707953764922", SessionKind::Other, "*"),
            ("0123456789abcdef0123456789abcdef", SessionKind::Other, "*"),
            ("worker-0123456789abcdef", SessionKind::Other, "worker-*"),
            ("1773807868000", SessionKind::Other, "*"),
        ] {
            let principal = session_of("App", session);
            assert_eq!(principal.session_kind(), Some(kind), "{session}");
            assert!(principal.session_is_generated(), "{session}");
            let expected = format!("arn:aws:sts::123456789012:assumed-role/App/{folded}");
            assert_eq!(**principal.folded(), *expected);
            assert_eq!(principal.session(), Some(session));
            let read = Principal::parse_folded(&expected).unwrap();
            assert_eq!((read.name(), read.session()), (Some("App"), Some(folded)));
        }
    }

    #[test]
    fn sessions_that_name_someone_are_not_folded() {
        for session in [
            "jane",
            "jane@example.com",
            "0123456789abcdef@example.com",
            "GitHubActions",
            "my-function",
            "gw-user-1",
            "batch-7",
            "DEADBEEF",
            "b7654321",
            "0f3a9c",
            "aws-sdk-user",
            "i-am-jane",
            "20260401",
        ] {
            let principal = session_of("App", session);
            assert!(!principal.session_is_generated(), "{session}");
            assert_eq!(&**principal.folded(), principal.raw());
        }
    }

    #[test]
    fn a_person_is_never_folded() {
        let principal = session_of("AWSReservedSSO_Admin_0123456789abcdef", "0123456789abcdef");
        assert_eq!(principal.person(), Some("0123456789abcdef"));
        assert_eq!(&**principal.folded(), principal.raw());
    }

    #[test]
    fn only_identity_center_has_permission_sets_and_persons() {
        for (role, expected) in [
            ("AWSReservedSSO_TeamAIAdmin_aa59d952f393cb6a", Some("TeamAIAdmin")),
            ("AWSReservedSSO_Team_AI_aa59d952f393cb6a", Some("Team_AI")),
            ("AWSReservedSSO_AdministratorAccess", Some("AdministratorAccess")),
            ("App_aa59d952f393cb6a", None),
        ] {
            let principal = session_of(role, "jane");
            assert_eq!(principal.permission_set(), expected, "{role}");
            assert_eq!(principal.person().is_some(), expected.is_some(), "{role}");
        }
    }

    #[test]
    fn a_user_named_like_a_token_is_not_folded() {
        let arn = format!("arn:aws:iam::123456789012:user/{UUID}");
        assert_eq!(**Principal::parse(&arn).unwrap().folded(), arn);
    }

    #[test]
    fn written_forms_are_read_back() {
        for it in PrincipalKind::ALL {
            assert_eq!(PrincipalKind::parse(it.as_str()), Some(*it));
        }
        for it in SessionKind::ALL {
            assert_eq!(SessionKind::parse(it.as_str()), Some(*it));
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".*") {
            let _refused = Principal::parse(&text);
        }

        #[test]
        fn a_session_is_read_kept_and_folded_to_a_fixed_form(
            role in "[a-zA-Z0-9_+=,.@-]{1,64}",
            session in "[a-zA-Z0-9_+=,.@-]{2,64}",
        ) {
            let principal = session_of(&role, &session);
            prop_assert_eq!(principal.name(), Some(role.as_str()));
            prop_assert_eq!(principal.session(), Some(session.as_str()));
            let folded = principal.folded();
            let read = Principal::parse_folded(folded).unwrap();
            prop_assert_eq!(read.folded(), folded);
            prop_assert_eq!((read.kind(), read.name()), (principal.kind(), principal.name()));
            let kept = folded.strip_suffix('*').unwrap_or(folded);
            prop_assert!(principal.raw().starts_with(kept), "{}", folded);
            prop_assert!(kept.ends_with('/') || kept.contains(&format!("/{role}/")), "{}", folded);
        }
    }
}
