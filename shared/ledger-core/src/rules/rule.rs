//! One rule: the facts it claims, and the values it sets on them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::civil::Date;

use crate::business::{Business, BusinessKey, OwnDimension};
use crate::fact::FactRef;
use crate::level::Level;
use crate::owner::Owner;
use crate::rules::matcher::{Matcher, Mismatch};
use crate::rules::template::{Template, Unfilled};
use crate::rules::validity::Validity;

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
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RuleOutcome {
    /// It claims the fact.
    Claims,
    /// The day is not one on which the rule counts.
    NotValid(Validity),
    /// The condition does not hold.
    Mismatch(Mismatch),
    /// The condition holds, and the fact lacks a value that the rule sets.
    NotFilled(Unfilled),
}

impl fmt::Display for RuleOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RuleOutcome::Claims => f.write_str("claims it"),
            RuleOutcome::NotValid(validity) => write!(f, "it counts {validity}"),
            RuleOutcome::Mismatch(mismatch) => mismatch.fmt(f),
            RuleOutcome::NotFilled(unfilled) => write!(f, "matches, but {unfilled}"),
        }
    }
}

/// One rule: the facts it claims, and the values it sets on them.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its name; unique in the file, shown wherever its entries show.
    pub name: Arc<str>,
    /// The days on which it counts.
    pub validity: Validity,
    /// All of it must match.
    pub when: Matcher,
    /// Who pays.
    pub owner: Template,
    /// The business dimensions it sets.
    pub business: BTreeMap<BusinessKey, Template>,
}

impl Rule {
    /// The claim on a fact of a day, if this rule matches and all its templates can be filled.
    pub(super) fn claim(&self, fact: FactRef<'_>, day: Date, own: &OwnDimensions) -> Option<Claim> {
        if !self.validity.contains(day) || !self.when.matches(fact) {
            return None;
        }
        let fill = |template: &Template| template.fill(&self.when, fact).ok();
        let owner = Owner::of(fill(&self.owner)?);
        let (mut business, mut detail) = (Business::default(), Business::default());
        for (key, template) in &self.business {
            let level = match key {
                BusinessKey::Named(field) => field.level(),
                BusinessKey::Own(name) => own.get(name).copied().unwrap_or(Level::Detail),
            };
            let place = if level == Level::Summary { &mut business } else { &mut detail };
            place.set(key.clone(), fill(template)?);
        }
        Some(Claim { owner, business, detail, rule: Some(Arc::clone(&self.name)) })
    }

    pub(crate) fn outcome(&self, fact: FactRef<'_>, day: Date) -> RuleOutcome {
        if !self.validity.contains(day) {
            return RuleOutcome::NotValid(self.validity);
        }
        if let Some(mismatch) = self.when.mismatch(fact) {
            return RuleOutcome::Mismatch(mismatch);
        }
        let mut templates = std::iter::once(&self.owner).chain(self.business.values());
        let unfilled = templates.find_map(|it| it.fill(&self.when, fact).err());
        unfilled.map_or(RuleOutcome::Claims, RuleOutcome::NotFilled)
    }

    pub(super) fn always_claims(&self) -> bool {
        self.owner.is_fixed() && self.business.values().all(Template::is_fixed)
    }
}
