//! Attribution rules: an ordered list in which the first match wins.

pub mod match_key;
pub mod pattern;
pub mod rule;
pub mod template;
#[cfg(test)]
mod tests;

use crate::business::Business;
use crate::fact::FactRef;
use crate::finding::{Finding, FindingCode};
use crate::owner::Owner;

pub use self::match_key::MatchKey;
pub use self::pattern::{Pattern, PatternError};
pub use self::rule::{Claim, Matcher, OwnDimensions, Rule, RuleOutcome};
pub use self::template::{Template, TemplateError};

/// Attribution rules in order of precedence.
#[derive(Clone, Debug, Default)]
pub struct AttributionRules {
    /// The version of the applied file; 0 where none was applied.
    pub version: u64,
    /// The user-defined dimensions that rules may set.
    pub own: OwnDimensions,
    /// The rules.
    pub rules: Vec<Rule>,
}

impl AttributionRules {
    /// Gives a fact exactly one owner: by the first rule that matches and whose values can all be
    /// filled in, otherwise [`Owner::Unattributed`].
    pub fn claim(&self, fact: FactRef<'_>) -> Claim {
        self.rules.iter().find_map(|rule| rule.claim(fact, &self.own)).unwrap_or(Claim {
            owner: Owner::Unattributed,
            business: Business::default(),
            detail: Business::default(),
            rule: None,
        })
    }

    /// The outcome of each rule for a fact, in order, up to the one that claims it.
    pub fn explain(&self, fact: FactRef<'_>) -> Vec<(&Rule, RuleOutcome)> {
        let mut outcomes = Vec::new();
        for rule in &self.rules {
            let outcome = rule.outcome(fact);
            let claims = outcome == RuleOutcome::Claims;
            outcomes.push((rule, outcome));
            if claims {
                break;
            }
        }
        outcomes
    }

    /// Findings about the rules: those that can never be reached.
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (at, rule) in self.rules.iter().enumerate() {
            let hidden_by = self
                .rules
                .iter()
                .take(at)
                .find(|earlier| earlier.always_claims() && earlier.when.covers(&rule.when));
            if let Some(earlier) = hidden_by {
                findings.push(Finding {
                    code: FindingCode::RuleUnreachable,
                    message: format!(
                        "rule `{}` can never match: rule `{}` above it claims the same lines; \
                         put the narrower rule first",
                        rule.name, earlier.name
                    ),
                });
            }
        }
        findings
    }
}
