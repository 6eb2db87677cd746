//! Names of sessions: which of them say who called, and which a machine made up.

use super::ids::{contains_uuid, is_digits, is_hex, is_token, is_uuid};

labels! {
    /// Kind of a session, as its name tells it.
    pub enum SessionKind {
        /// An e-mail address, which names a person.
        Email = "email",
        /// A build or deployment service.
        Ci = "ci",
        /// Made up by an SDK because the program gave no name.
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

/// Reads the kind from the name.
pub(super) fn session_kind_of(session: &str) -> SessionKind {
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

/// Whether a machine made the name up, and anew for each session.
pub(super) fn is_generated(session: &str) -> bool {
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
pub(super) fn stem_of(session: &str) -> &str {
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

pub(super) fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && !domain.contains('@')
            && domain.split('.').all(|label| !label.is_empty())
            && domain.contains('.')
    })
}

/// `GitHubActions` is the default name of the official action.
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
