//! One rule: which lines it claims, and what it sets on them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::business::{Business, BusinessField};
use crate::fact::FactRef;
use crate::owner::Owner;
use crate::rules::match_key::MatchKey;
use crate::rules::pattern::Pattern;
use crate::rules::template::Template;

/// The answer of the rules to one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Who pays.
    pub owner: Owner,
    /// For what.
    pub business: Business,
    /// The rule that says so; `None` for what no rule claims.
    pub rule: Option<Arc<str>>,
}

/// What one rule found in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleOutcome {
    /// It claims the line.
    Claims,
    /// A pattern did not match: what it was held against, and what the line has there.
    Mismatch(MatchKey, Option<String>),
    /// All patterns match, and a value that it sets is not in the line.
    NotFilled(MatchKey),
}

/// One rule: which lines it claims, and what it says of them.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its name; unique in the file, shown wherever its entries show.
    pub name: Arc<str>,
    /// All of it must match.
    pub when: Matcher,
    /// Who pays.
    pub owner: Template,
    /// The business dimensions it sets, by the names of [`Business`].
    pub business: BTreeMap<BusinessField, Template>,
}

impl Rule {
    /// The claim on a line, if this rule matches and all its templates can be filled.
    pub(super) fn claim(&self, fact: FactRef<'_>) -> Option<Claim> {
        if !self.when.matches(fact) {
            return None;
        }
        let owner = Owner::Named(self.owner.fill(fact)?);
        let mut business = Business::default();
        for (field, template) in &self.business {
            *field.slot(&mut business) = Some(template.fill(fact)?);
        }
        Some(Claim { owner, business, rule: Some(Arc::clone(&self.name)) })
    }

    pub(super) fn outcome(&self, fact: FactRef<'_>) -> RuleOutcome {
        if let Some(key) = self.when.first_mismatch(fact) {
            return RuleOutcome::Mismatch(key.clone(), key.value_of(fact).map(str::to_owned));
        }
        let mut templates = std::iter::once(&self.owner).chain(self.business.values());
        let unfilled = templates.find_map(|template| match template {
            Template::Part(key) if template.fill(fact).is_none() => Some(key.clone()),
            _ => None,
        });
        unfilled.map_or(RuleOutcome::Claims, RuleOutcome::NotFilled)
    }

    pub(super) fn always_claims(&self) -> bool {
        let fixed = |template: &Template| matches!(template, Template::Text(_));
        fixed(&self.owner) && self.business.values().all(fixed)
    }
}

/// What a rule looks at. Each key holds patterns of which one must match; an absent key matches all.
#[derive(Clone, Debug, Default)]
pub struct Matcher {
    /// Patterns by what they are held against.
    pub patterns: BTreeMap<MatchKey, Vec<Pattern>>,
}

impl Matcher {
    fn matches(&self, fact: FactRef<'_>) -> bool {
        self.first_mismatch(fact).is_none()
    }

    fn first_mismatch(&self, fact: FactRef<'_>) -> Option<&MatchKey> {
        let mismatch = self.patterns.iter().find(|(key, patterns)| {
            key.value_of(fact)
                .is_none_or(|value| !patterns.iter().any(|pattern| pattern.matches(value)))
        });
        mismatch.map(|(key, _)| key)
    }

    /// Whether it is certain to match every line that `narrower` matches.
    pub(super) fn covers(&self, narrower: &Matcher) -> bool {
        self.patterns.iter().all(|(key, mine)| {
            narrower.patterns.get(key).is_some_and(|theirs| {
                theirs
                    .iter()
                    .all(|pattern| mine.iter().any(|it| it == pattern || it.matches_everything()))
            })
        })
    }
}
