//! One rule: the facts it claims, and the values it sets on them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::business::{Business, BusinessKey, OwnDimension};
use crate::fact::FactRef;
use crate::level::Level;
use crate::owner::Owner;
use crate::rules::match_key::MatchKey;
use crate::rules::pattern::Pattern;
use crate::rules::template::Template;

/// The dimensions of the user's own that a rules file declares, with the level that holds each.
pub type OwnDimensions = BTreeMap<OwnDimension, Level>;

/// The answer of the rules to one fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Who pays.
    pub owner: Owner,
    /// For which part of the business.
    pub business: Business,
    /// The user's own dimensions that only full detail holds.
    pub detail: Business,
    /// The rule that says so; `None` for what no rule claims.
    pub rule: Option<Arc<str>>,
}

/// The outcome of one rule for a fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleOutcome {
    /// It claims the fact.
    Claims,
    /// A pattern did not match: its key, and the fact's value of that key.
    Mismatch(MatchKey, Option<String>),
    /// All patterns match, and the fact lacks a value that the rule sets.
    NotFilled(MatchKey),
}

/// One rule: the facts it claims, and the values it sets on them.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its name; unique in the file, shown wherever its entries show.
    pub name: Arc<str>,
    /// All of it must match.
    pub when: Matcher,
    /// Who pays.
    pub owner: Template,
    /// The business dimensions it sets.
    pub business: BTreeMap<BusinessKey, Template>,
}

impl Rule {
    /// The claim on a fact, if this rule matches and all its templates can be filled.
    pub(super) fn claim(&self, fact: FactRef<'_>, own: &OwnDimensions) -> Option<Claim> {
        if !self.when.matches(fact) {
            return None;
        }
        let owner = Owner::of(self.owner.fill(fact)?);
        let (mut business, mut detail) = (Business::default(), Business::default());
        for (key, template) in &self.business {
            let level = match key {
                BusinessKey::Named(field) => field.level(),
                BusinessKey::Own(name) => own.get(name).copied().unwrap_or(Level::Detail),
            };
            let place = if level == Level::Summary { &mut business } else { &mut detail };
            place.set(key.clone(), template.fill(fact)?);
        }
        Some(Claim { owner, business, detail, rule: Some(Arc::clone(&self.name)) })
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

/// The condition of a rule. Each key holds patterns of which one must match; an absent key matches all.
#[derive(Clone, Debug, Default)]
pub struct Matcher {
    /// Patterns by the key they are compared with.
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

    /// Whether it is certain to match every fact that `narrower` matches.
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
