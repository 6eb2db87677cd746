//! Findings, alone and as a part of other answers.

use ledger_core::finding::Finding;
use ledger_core::rule_review::{Overlap, RuleReview};
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
    /// Findings that are mistakes: rules that can never match.
    pub mistake_count: usize,
    /// The first day of the ledger that the rules were held against; none without a ledger.
    pub from: Option<String>,
    /// The last day.
    pub through: Option<String>,
    /// Pairs of rules that claim the same lines for different owners.
    pub overlaps: Vec<OverlapBody>,
    /// The findings; none if all is well.
    pub findings: Vec<FindingBody>,
}

/// Two rules that claim the same lines for different owners.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OverlapBody {
    /// The rule that wins.
    pub rule: String,
    /// The rule below it.
    pub later_rule: String,
    /// The owner of the example by the first.
    pub owner: String,
    /// The owner of the example by the later one.
    pub later_owner: String,
    /// The currency.
    pub currency: String,
    /// The unblended cost of these lines.
    pub cost: String,
    /// The number of lines.
    pub line_count: u64,
    /// A line, as `FILE:LINE`.
    pub example: Option<String>,
}

impl From<&Overlap> for OverlapBody {
    fn from(overlap: &Overlap) -> OverlapBody {
        OverlapBody {
            rule: overlap.rule.to_string(),
            later_rule: overlap.later.to_string(),
            owner: overlap.owner.to_string(),
            later_owner: overlap.later_owner.to_string(),
            currency: overlap.cost.currency().to_string(),
            cost: overlap.cost.amount().normalize().to_string(),
            line_count: overlap.line_count,
            example: overlap.example.as_ref().map(ToString::to_string),
        }
    }
}

impl RulesCheckAnswer {
    /// The body of a check; `review` is of the ledger, if there is one.
    pub fn new(
        rule_count: usize,
        mistake_count: usize,
        review: Option<&RuleReview>,
        findings: &[Finding],
    ) -> RulesCheckAnswer {
        let days = review.and_then(|it| it.days);
        let overlaps = review.into_iter().flat_map(|it| &it.overlaps);
        RulesCheckAnswer {
            rule_count,
            mistake_count,
            from: days.map(|(first, _)| first.to_string()),
            through: days.map(|(_, last)| last.to_string()),
            overlaps: overlaps.map(OverlapBody::from).collect(),
            findings: bodies(findings),
        }
    }
}

/// The bodies of findings.
pub fn bodies<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Vec<FindingBody> {
    findings.into_iter().map(FindingBody::from).collect()
}
