//! Attribution rules: an ordered list in which the first match wins.

mod glob;
pub mod match_key;
pub mod matcher;
pub mod pattern;
mod proof;
pub mod rule;
pub mod template;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tree_tests;
pub mod validity;

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::business::Business;
use crate::fact::FactRef;
use crate::finding::{Finding, FindingCode};
use crate::owner::Owner;
use crate::rules::proof::Cases;

pub use self::match_key::MatchKey;
pub use self::matcher::{Matcher, Mismatch};
pub use self::pattern::{Pattern, PatternError, PatternForm};
pub use self::rule::{Claim, OwnDimensions, Rule, RuleOutcome};
pub use self::template::{Template, TemplateError, Unfilled};
pub use self::validity::{Validity, ValidityError};

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
    /// Gives a fact of a day exactly one owner: by the first rule that matches and whose values can
    /// all be filled in, otherwise [`Owner::Unattributed`].
    pub fn claim(&self, fact: FactRef<'_>, day: Date) -> Claim {
        let mut rules = self.rules.iter();
        rules.find_map(|rule| rule.claim(fact, day, &self.own)).unwrap_or(Claim {
            owner: Owner::Unattributed,
            business: Business::default(),
            detail: Business::default(),
            rule: None,
        })
    }

    /// The claims of all rules on a fact of a day, as if each were the first, by their places.
    pub fn claims<'a>(
        &'a self,
        fact: FactRef<'a>,
        day: Date,
    ) -> impl Iterator<Item = (usize, Claim)> + 'a {
        let rules = self.rules.iter().enumerate();
        rules.filter_map(move |(at, rule)| Some((at, rule.claim(fact, day, &self.own)?)))
    }

    /// The outcome of each rule for a fact of a day, in order, up to the one that claims it.
    pub fn explain(&self, fact: FactRef<'_>, day: Date) -> Vec<(&Rule, RuleOutcome)> {
        let mut outcomes = Vec::new();
        for rule in &self.rules {
            let outcome = rule.outcome(fact, day);
            let claims = outcome == RuleOutcome::Claims;
            outcomes.push((rule, outcome));
            if claims {
                break;
            }
        }
        outcomes
    }

    /// The days on which a rule begins or ceases to count: between two of them, and without any on
    /// all days, a fact has the same claim.
    pub fn turns(&self) -> Vec<Date> {
        let days: BTreeSet<Date> = self.rules.iter().flat_map(|it| it.validity.turns()).collect();
        days.into_iter().collect()
    }

    /// Findings about the rules alone: conditions that no line can meet, and rules that can never be
    /// reached.
    pub fn findings(&self) -> Vec<Finding> {
        self.dead().into_iter().map(|(_, finding)| finding).collect()
    }

    /// The rules that can never claim anything, by their places, and why.
    pub fn dead(&self) -> Vec<(usize, Finding)> {
        let cases: Vec<_> = self.rules.iter().map(|it| (it, Cases::of(&it.when))).collect();
        let mut dead = Vec::new();
        for (at, (rule, of_rule)) in cases.iter().enumerate() {
            if of_rule.never_hold() {
                dead.push((at, contradictory(rule)));
                continue;
            }
            let hides = |(it, _): &&(&Rule, Cases<'_>)| {
                it.always_claims() && it.validity.covers(rule.validity)
            };
            let earlier: Vec<_> = cases.iter().take(at).filter(hides).collect();
            let of_earlier: Vec<_> = earlier.iter().map(|(_, it)| it).collect();
            // One rule says more than several.
            let one = of_earlier.iter().position(|it| it.cover(of_rule)).map(|it| vec![it]);
            if let Some(places) = one.or_else(|| of_rule.covered_by(&of_earlier)) {
                let names = places.iter().filter_map(|it| earlier.get(*it));
                let names: Vec<_> = names.map(|(it, _)| format!("`{}`", it.name)).collect();
                dead.push((at, unreachable(rule, &names)));
            }
        }
        dead
    }

    /// Whether every fact that the one rule matches is certain to match the other, by their places.
    pub fn is_narrower(&self, narrow: usize, wide: usize) -> bool {
        let when = |at: usize| self.rules.get(at).map(|it| Cases::of(&it.when));
        when(wide).zip(when(narrow)).is_some_and(|(wide, narrow)| wide.cover(&narrow))
    }
}

fn contradictory(rule: &Rule) -> Finding {
    let message = format!(
        "rule `{}` can never match: no line meets all of its condition; remove the part that \
         excludes the rest",
        rule.name
    );
    Finding { code: FindingCode::RuleContradictory, message }
}

fn unreachable(rule: &Rule, earlier: &[String]) -> Finding {
    let (rules, claim) = match earlier {
        [name] => (format!("rule {name}"), "claims"),
        _ => (format!("rules {}", earlier.join(" and ")), "together claim"),
    };
    let message = format!(
        "rule `{}` can never match: {rules} above it {claim} the same lines; put the narrower rule \
         first",
        rule.name
    );
    Finding { code: FindingCode::RuleUnreachable, message }
}
