//! Rules held against the lines of a ledger: those that claim nothing, and those that meet.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;

use crate::access::Owners;
use crate::cost::CostKind;
use crate::currency::Currency;
use crate::dimension::{Dimension, Level};
use crate::fact::Callers;
use crate::finding::{Finding, FindingCode};
use crate::line_item::Provenance;
use crate::money::{Money, MoneyError};
use crate::owner::Owner;
use crate::position::{EntryKind, PositionKey};
use crate::question::{LedgerDay, Question, QuestionError, Wanted};
use crate::rollup::{Measures, Row};
use crate::rules::{AttributionRules, Rule, RuleOutcome};

/// Two rules that claim the same lines for different owners.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlap {
    /// The rule that wins.
    pub rule: Arc<str>,
    /// The rule below it.
    pub later: Arc<str>,
    /// The owner by the first rule on the example.
    pub owner: Owner,
    /// The owner by the later rule on the example.
    pub later_owner: Owner,
    /// The unblended cost of these lines in one currency.
    pub cost: Money,
    /// The number of lines.
    pub line_count: u64,
    /// The lines that cost most on one day: the first of them.
    pub example: Option<Provenance>,
    /// The cost of the example.
    example_cost: Money,
}

/// The days of a ledger on which a rule counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Days {
    first: Date,
    last: Date,
    count: u64,
}

impl Days {
    fn add(days: &mut Option<Days>, day: Date) {
        let days = days.get_or_insert(Days { first: day, last: day, count: 0 });
        days.first = days.first.min(day);
        days.last = days.last.max(day);
        days.count = days.count.saturating_add(1);
    }
}

/// The lines of a rule.
#[derive(Clone, Debug, Default)]
struct Use {
    days: Option<Days>,
    /// The lines that it claims.
    claimed: u64,
    /// The lines that it would claim if no rule were above it.
    matched: u64,
    /// The lines that its condition matches, while a value that it sets cannot be filled in.
    unfilled: u64,
}

/// Holds rules against the lines of a ledger as they come.
#[derive(Debug)]
pub struct RuleReviewBuilder<'r> {
    rules: &'r AttributionRules,
    callers: Callers,
    days: BTreeMap<Date, ()>,
    uses: Vec<Use>,
    overlaps: BTreeMap<(usize, usize, Currency), Overlap>,
}

/// The rules of a file beside a ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleReview {
    /// The first and the last day of the ledger; `None` where it has none.
    pub days: Option<(Date, Date)>,
    /// Pairs of rules, the most money first within a currency.
    pub overlaps: Vec<Overlap>,
    /// Rules that claim nothing, in their order, and why.
    pub unused: Vec<Finding>,
}

impl<'r> RuleReviewBuilder<'r> {
    /// Starts without any line.
    pub fn new(rules: &'r AttributionRules) -> RuleReviewBuilder<'r> {
        RuleReviewBuilder {
            rules,
            callers: Callers::default(),
            days: BTreeMap::new(),
            uses: vec![Use::default(); rules.rules.len()],
            overlaps: BTreeMap::new(),
        }
    }

    fn add_position(
        &mut self,
        key: &PositionKey,
        measures: &Measures,
        day: Date,
    ) -> Result<(), MoneyError> {
        if key.kind != EntryKind::Charge {
            return Ok(());
        }
        let rules = self.rules;
        let fact = self.callers.fact(&key.summary.charge, &key.detail);
        for (rule, of_rule) in rules.rules.iter().zip(&mut self.uses) {
            if of_rule.matched == 0 && matches!(rule.outcome(fact, day), RuleOutcome::NotFilled(..))
            {
                of_rule.unfilled = of_rule.unfilled.saturating_add(measures.line_count);
            }
        }
        let mut claims = rules.claims(fact, day);
        let Some((first, winner)) = claims.next() else { return Ok(()) };
        let later: Vec<_> = claims.collect();
        for at in std::iter::once(first).chain(later.iter().map(|(at, _)| *at)) {
            let Some(of_rule) = self.uses.get_mut(at) else { continue };
            of_rule.matched = of_rule.matched.saturating_add(measures.line_count);
            if at == first {
                of_rule.claimed = of_rule.claimed.saturating_add(measures.line_count);
            }
        }
        for (at, claim) in later.into_iter().filter(|(_, it)| it.owner != winner.owner) {
            let (Some(rule), Some(later)) = (winner.rule.clone(), claim.rule) else { continue };
            let cost = measures.costs.of(CostKind::Unblended);
            let zero = Money::zero(cost.currency());
            let pair = (first, at, cost.currency());
            let overlap = self.overlaps.entry(pair).or_insert_with(|| Overlap {
                rule,
                later,
                owner: winner.owner.clone(),
                later_owner: claim.owner.clone(),
                cost: zero,
                line_count: 0,
                example: None,
                example_cost: zero,
            });
            overlap.cost = overlap.cost.checked_add(cost)?;
            overlap.line_count = overlap.line_count.saturating_add(measures.line_count);
            let is_larger = cost.amount() > overlap.example_cost.amount();
            if is_larger || overlap.example.is_none() {
                (overlap.owner, overlap.later_owner) = (winner.owner.clone(), claim.owner);
                (overlap.example, overlap.example_cost) = (measures.first_line.clone(), cost);
            }
        }
        Ok(())
    }

    /// The rules beside the lines that were added. Rules that can never claim anything are left out.
    pub fn finish(self) -> RuleReview {
        let dead: Vec<usize> = self.rules.dead().into_iter().map(|(at, _)| at).collect();
        let is_meant = |first: usize, later: usize| {
            dead.contains(&later) || self.rules.is_narrower(first, later)
        };
        let mut meant: BTreeMap<(usize, usize), bool> = BTreeMap::new();
        let mut overlaps = Vec::new();
        for ((first, later, _), overlap) in self.overlaps {
            if !*meant.entry((first, later)).or_insert_with(|| is_meant(first, later)) {
                overlaps.push(overlap);
            }
        }
        overlaps.sort_by(|left, right| {
            let by_currency = left.cost.currency().cmp(&right.cost.currency());
            by_currency.then(right.cost.amount().cmp(&left.cost.amount()))
        });
        let days = self.days.first_key_value().zip(self.days.last_key_value());
        let days = days.map(|((first, ()), (last, ()))| (*first, *last));
        let rules = self.rules.rules.iter().zip(&self.uses).enumerate();
        let alive = rules.filter(|(at, _)| !dead.contains(at)).map(|(_, it)| it);
        let of_rule = |(rule, of_rule)| unused(rule, of_rule, days?);
        RuleReview { days, overlaps, unused: alive.filter_map(of_rule).collect() }
    }
}

impl Question for RuleReviewBuilder<'_> {
    /// Every day that answers count, in full detail.
    fn wants(&mut self, day: &LedgerDay<'_>) -> Option<Wanted> {
        if !day.is_served {
            return None;
        }
        if self.days.insert(day.day, ()).is_none() {
            for (rule, of_rule) in self.rules.rules.iter().zip(&mut self.uses) {
                if rule.validity.contains(day.day) {
                    Days::add(&mut of_rule.days, day.day);
                }
            }
        }
        Some(Wanted { level: Level::Detail, owners: Owners::All })
    }

    fn add(&mut self, row: Row<'_>, day: &LedgerDay<'_>) -> Result<(), QuestionError> {
        let Row::Position(key, measures) = row else {
            return Err(QuestionError::NeedsDetail(Dimension::Rule));
        };
        Ok(self.add_position(key, measures, day.day)?)
    }
}

/// The finding about a rule that claims no line of a ledger with these days.
fn unused(
    rule: &Rule,
    Use { days, claimed, matched, unfilled }: &Use,
    all: (Date, Date),
) -> Option<Finding> {
    if *claimed > 0 {
        return None;
    }
    let name = &rule.name;
    let (begin, end) = all;
    let message = match days {
        None => format!(
            "rule `{name}` claims nothing: it counts {}, and the ledger has no such day from {begin} \
             to {end}",
            rule.validity
        ),
        Some(Days { first, last, count }) if *matched > 0 => format!(
            "rule `{name}` claims nothing on the {count} days from {first} to {last}: earlier rules \
             claim all {matched} lines that it matches; move it up, or remove it"
        ),
        Some(Days { first, last, count }) if *unfilled > 0 => format!(
            "rule `{name}` claims nothing on the {count} days from {first} to {last}: it matches \
             {unfilled} lines, and none has what its values are filled in with; check the names in \
             braces, and whether that tag is active"
        ),
        Some(Days { first, last, count }) => format!(
            "rule `{name}` claims nothing on the {count} days from {first} to {last}: it matches no \
             line; check its spelling, or remove it"
        ),
    };
    Some(Finding { code: FindingCode::RuleUnused, message })
}

impl Overlap {
    fn finding(&self) -> Finding {
        let example = self.example.as_ref().map(|it| format!(", such as line {it}"));
        let message = format!(
            "rules `{}` and `{}` both claim {} lines of {} for different owners{}: the first gives that \
             one to `{}`, the later would to `{}`; check the order, or exclude with `not` what the other \
             is to have",
            self.rule,
            self.later,
            self.line_count,
            self.cost.to_reader(),
            example.as_deref().unwrap_or(""),
            self.owner,
            self.later_owner,
        );
        Finding { code: FindingCode::RuleOverlap, message }
    }
}

impl RuleReview {
    /// Findings for a person: pairs of rules, then rules without lines.
    pub fn findings(&self) -> Vec<Finding> {
        self.overlaps.iter().map(Overlap::finding).chain(self.unused.iter().cloned()).collect()
    }
}

/// Findings about rules whose days are over.
pub fn ended_rules(rules: &AttributionRules, today: Date) -> Vec<Finding> {
    let ended = rules.rules.iter().filter(|it| it.validity.has_ended_by(today));
    ended
        .map(|rule| Finding {
            code: FindingCode::RuleEnded,
            message: format!(
                "rule `{}` counts {} and claims nothing from then on; remove it once no day before \
                 can change",
                rule.name, rule.validity
            ),
        })
        .collect()
}

/// Whether a finding is a mistake in the file, and not a question for its author.
pub fn is_mistake(code: FindingCode) -> bool {
    matches!(code, FindingCode::RuleContradictory | FindingCode::RuleUnreachable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{MatchKey, Validity};
    use crate::testing::*;

    fn review(lines: &[crate::line_item::LineItem], rules: &AttributionRules) -> RuleReview {
        let mut builder = RuleReviewBuilder::new(rules);
        ask(&mut builder, &rollups_of(&ledger_of(lines, rules).0, true));
        builder.finish()
    }

    fn messages(findings: &[Finding]) -> Vec<&str> {
        findings.iter().map(|it| it.message.as_str()).collect()
    }

    #[test]
    fn pairs_that_meet_are_named_with_a_line_and_the_money() {
        let gateway = [(MatchKey::Role, "llm-*")];
        let nova = [(MatchKey::Model, "nova-*")];
        let lines = [line_of(GATEWAY, "1.5"), line_of(GATEWAY, "0.25"), line_of(USER, "4")];
        let meeting = [rule("gateway", &gateway, "platform"), rule("nova", &nova, "research")];
        let found = review(&lines, &rules(&meeting));
        assert_eq!(
            messages(&found.findings()),
            [
                "rules `gateway` and `nova` both claim 2 lines of 1.75 USD for different owners, such as \
              line part-1.csv:1: the first gives that one to `platform`, the later would to `research`; \
              check the order, or exclude with `not` what the other is to have"
            ]
        );
        let day = date("2026-10-05");
        assert_eq!(found.days, Some((day, day)));
        // One owner, and an exception above a rule for the rest, are meant.
        let same = [rule("gateway", &gateway, "platform"), rule("nova", &nova, "platform")];
        let exception = [rule("gateway", &gateway, "platform"), rule("all", &[], "research")];
        for all in [same, exception] {
            assert_eq!(review(&lines, &rules(&all)).findings(), []);
        }
    }

    #[test]
    fn rules_that_claim_nothing_say_why_and_on_which_days() {
        let mut later = rule("later", &[], "x");
        later.validity = Validity::new(Some(date("2027-01-01")), None).unwrap();
        let all = [
            rule("spelled", &[(MatchKey::Role, "LLM-*")], "x"),
            rule("gateway", &[(MatchKey::Role, "llm-*")], "x"),
            rule("late", &[(MatchKey::Model, "nova-lite")], "x"),
            later,
        ];
        let found = review(&[line()], &rules(&all));
        assert_eq!(
            messages(&found.findings()),
            [
                "rule `spelled` claims nothing on the 1 days from 2026-10-05 to 2026-10-05: it matches no \
                 line; check its spelling, or remove it",
                "rule `late` claims nothing on the 1 days from 2026-10-05 to 2026-10-05: earlier rules \
                 claim all 1 lines that it matches; move it up, or remove it",
                "rule `later` claims nothing: it counts from 2027-01-01, and the ledger has no such day \
                 from 2026-10-05 to 2026-10-05",
            ]
        );
        assert_eq!(review(&[], &rules(&all)).findings(), [], "an empty ledger says nothing");
    }

    #[test]
    fn rules_whose_days_are_over_are_named() {
        let mut pilot = rule("pilot", &[], "x");
        pilot.validity = Validity::new(None, Some(date("2026-10-05"))).unwrap();
        let rules = rules(&[pilot]);
        assert_eq!(ended_rules(&rules, date("2026-10-04")), []);
        assert_eq!(
            messages(&ended_rules(&rules, date("2026-10-05"))),
            [
                "rule `pilot` counts before 2026-10-05 and claims nothing from then on; remove it once no \
              day before can change"
            ]
        );
    }
}
