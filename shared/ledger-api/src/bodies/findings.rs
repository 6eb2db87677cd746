//! Findings, alone and as a part of other answers.

use ledger_core::finding::Finding;
use serde::Serialize;

/// Something a person should know, with the fix where there is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Finding))]
pub struct FindingBody {
    /// A stable word for scripts, such as `data-stale`.
    pub code: String,
    /// One sentence: the fact, its place and the fix.
    pub message: String,
}

impl From<&Finding> for FindingBody {
    fn from(finding: &Finding) -> FindingBody {
        FindingBody { code: finding.code.to_string(), message: finding.message.clone() }
    }
}

/// Findings of a check, such as `tollbook doctor`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FindingsAnswer {
    /// The findings; none if all is well.
    pub findings: Vec<FindingBody>,
}

impl FindingsAnswer {
    /// The body of a list of findings.
    pub fn new<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> FindingsAnswer {
        FindingsAnswer { findings: bodies(findings) }
    }
}

/// The answer of `tollbook rules check`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RulesCheckAnswer {
    /// Rules in the file.
    pub rule_count: usize,
    /// The findings; none if all is well.
    pub findings: Vec<FindingBody>,
}

/// The bodies of findings.
pub fn bodies<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Vec<FindingBody> {
    findings.into_iter().map(FindingBody::from).collect()
}
