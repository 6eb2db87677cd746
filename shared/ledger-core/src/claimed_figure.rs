//! A figure by the rules that claimed its money, and why no earlier rule did.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::access::Owners;
use crate::cost::CostKind;
use crate::currency::Currency;
use crate::dimension::{Dimension, Level, Scope};
use crate::fact::Callers;
use crate::money::{Money, MoneyError};
use crate::period::ChargePeriod;
use crate::question::{LedgerDay, Question, QuestionError, Wanted};
use crate::rollup::Row;
use crate::rules::{AttributionRules, RuleOutcome};

/// Different reasons of one rule that are kept for one claim; more are summed as others.
const REASONS_MAX: usize = 1_000;

/// The money of a figure that is explained.
#[derive(Clone, Debug)]
pub struct FigureQuery {
    /// The days.
    pub period: ChargePeriod,
    /// The charges that count.
    pub scope: Scope,
    /// The cost kind.
    pub cost_kind: CostKind,
}

/// A sum of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sum {
    /// The money, in the cost kind that was asked for.
    pub cost: Money,
    /// The number of lines of the bill in it.
    pub line_count: u64,
}

impl Sum {
    fn zero(currency: Currency) -> Sum {
        Sum { cost: Money::zero(currency), line_count: 0 }
    }

    /// Adds without rounding.
    ///
    /// # Errors
    ///
    /// As [`Money::checked_add`].
    pub fn checked_add(self, more: Sum) -> Result<Sum, MoneyError> {
        let cost = self.cost.checked_add(more.cost)?;
        Ok(Sum { cost, line_count: self.line_count.saturating_add(more.line_count) })
    }

    fn add(&mut self, more: Sum) -> Result<(), MoneyError> {
        *self = self.checked_add(more)?;
        Ok(())
    }

    fn is_nothing(self) -> bool {
        self.cost.is_zero() && self.line_count == 0
    }
}

/// A rule of the ledger: the rule that claimed a position, and the version of the file it was in.
type ClaimedBy = (Currency, Option<Arc<str>>, u64);

/// Sums the money of a figure by the rule that claimed it, as positions come.
#[derive(Debug)]
pub struct ClaimedFigureBuilder<'q> {
    query: &'q FigureQuery,
    rules: &'q AttributionRules,
    callers: Callers,
    claims: BTreeMap<ClaimedBy, Claimed>,
}

#[derive(Debug)]
struct Claimed {
    sum: Sum,
    /// Reasons of earlier rules, by the place of the rule.
    earlier: BTreeMap<usize, BTreeMap<Option<String>, Sum>>,
    /// The part whose owner the applied rules would change: it is not explained.
    otherwise: Sum,
}

/// The money of a figure in one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedFigure {
    /// The sum of all parts.
    pub total: Money,
    /// The parts, the largest first.
    pub parts: Vec<ClaimedPart>,
}

/// The part of a figure that one rule claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedPart {
    /// The rule; `None` for what no rule claims.
    pub rule: Option<Arc<str>>,
    /// The version of the rules file that it was in.
    pub rules_version: u64,
    /// Its amount.
    pub sum: Sum,
    /// The rules above it in the applied file, in order, each with why it did not claim this.
    pub earlier: Vec<EarlierRule>,
    /// The part whose claim cannot be repeated with the applied rules, since the bill follows older
    /// ones.
    pub unexplained: Option<Sum>,
}

/// A rule that did not claim lines, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlierRule {
    /// The rule.
    pub rule: Arc<str>,
    /// Its reasons, the largest first; they sum to the part.
    pub reasons: Vec<Reason>,
}

/// A reason of one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The reason; `None` for several that are not listed one by one.
    pub finding: Option<String>,
    /// The lines for which it holds.
    pub sum: Sum,
}

impl<'q> ClaimedFigureBuilder<'q> {
    /// Starts without any position. `rules` are the applied ones.
    pub fn new(query: &'q FigureQuery, rules: &'q AttributionRules) -> ClaimedFigureBuilder<'q> {
        let (callers, claims) = (Callers::default(), BTreeMap::new());
        ClaimedFigureBuilder { query, rules, callers, claims }
    }

    /// The figure in each currency; empty without any position, since no currency is assumed.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub fn finish(self) -> Result<Vec<ClaimedFigure>, MoneyError> {
        let mut figures: BTreeMap<Currency, ClaimedFigure> = BTreeMap::new();
        for ((currency, rule, rules_version), claimed) in self.claims {
            let empty = || ClaimedFigure { total: Money::zero(currency), parts: Vec::new() };
            let figure = figures.entry(currency).or_insert_with(empty);
            figure.total = figure.total.checked_add(claimed.sum.cost)?;
            let unexplained = Some(claimed.otherwise).filter(|it| !it.is_nothing());
            let earlier = claimed.earlier.into_iter().filter_map(|(at, reasons)| {
                let rule = Arc::clone(&self.rules.rules.get(at)?.name);
                Some(EarlierRule { rule, reasons: in_order(reasons) })
            });
            let (sum, earlier) = (claimed.sum, earlier.collect());
            figure.parts.push(ClaimedPart { rule, rules_version, sum, earlier, unexplained });
        }
        let mut figures: Vec<_> = figures.into_values().collect();
        for figure in &mut figures {
            figure.parts.sort_by_key(|it| Reverse(it.sum.cost.amount()));
        }
        Ok(figures)
    }
}

/// Reasons with the largest first; those that are not listed one by one are last.
fn in_order(reasons: BTreeMap<Option<String>, Sum>) -> Vec<Reason> {
    let reasons = reasons.into_iter().map(|(finding, sum)| Reason { finding, sum });
    let mut reasons: Vec<_> = reasons.collect();
    reasons.sort_by_key(|it| (it.finding.is_none(), Reverse(it.sum.cost.amount())));
    reasons
}

impl Question for ClaimedFigureBuilder<'_> {
    fn wants(&mut self, day: &LedgerDay<'_>) -> Option<Wanted> {
        let FigureQuery { period, scope, .. } = self.query;
        let counts = day.is_served && period.contains(day.day);
        counts.then(|| Wanted { level: Level::Detail, owners: Owners::of_scope(scope) })
    }

    fn add(&mut self, row: Row<'_>, day: &LedgerDay<'_>) -> Result<(), QuestionError> {
        let Row::Position(key, measures) = row else {
            return Err(QuestionError::NeedsDetail(Dimension::Rule));
        };
        if !self.query.scope.contains(row, day.day) {
            return Ok(());
        }
        let cost = measures.costs.of(self.query.cost_kind);
        let (currency, line_count) = (cost.currency(), measures.line_count);
        let sum = Sum { cost, line_count };
        let by = (currency, key.rule.clone(), day.head.rules_version);
        let zero = Sum::zero(currency);
        let claimed = self.claims.entry(by).or_insert_with(|| Claimed {
            sum: zero,
            earlier: BTreeMap::new(),
            otherwise: zero,
        });
        claimed.sum.add(sum)?;
        let fact = self.callers.fact(&key.summary.charge, &key.detail);
        let walked = self.rules.explain(fact, day.day);
        let claims = walked.last().filter(|(_, outcome)| *outcome == RuleOutcome::Claims);
        let is_same = claims.map(|(rule, _)| &rule.name) == key.rule.as_ref();
        if day.head.rules_version != self.rules.version || !is_same {
            return Ok(claimed.otherwise.add(sum)?);
        }
        for (at, (_, outcome)) in walked.iter().enumerate() {
            if *outcome == RuleOutcome::Claims {
                break;
            }
            let reasons = claimed.earlier.entry(at).or_default();
            let finding = Some(outcome.to_string());
            let is_listed = reasons.len() < REASONS_MAX || reasons.contains_key(&finding);
            let finding = finding.filter(|_| is_listed);
            reasons.entry(finding).or_insert(zero).add(sum)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::line_item::LineItem;
    use crate::roll_up::RollupsByBill;
    use crate::rules::MatchKey;
    use crate::testing::*;

    fn figures(ledger: &RollupsByBill, rules: &AttributionRules) -> Vec<ClaimedFigure> {
        let period = ChargePeriod::new(date("2026-10-01"), date("2026-12-01")).unwrap();
        let (scope, cost_kind) = (Scope::default(), CostKind::Unblended);
        let query = FigureQuery { period, scope, cost_kind };
        let mut builder = ClaimedFigureBuilder::new(&query, rules);
        ask(&mut builder, &rollups_of(ledger, true));
        builder.finish().unwrap()
    }

    #[test]
    fn each_rule_has_its_money_and_the_reasons_of_those_above_it() {
        let lines = [line_of(GATEWAY, "1.5"), line_of(PERSON, "0.25"), line_of(USER, "4")];
        let by_role = rule("by role", &[(MatchKey::Role, "other")], "x");
        let people = rule("people", &[(MatchKey::User, "*")], "people");
        let rules = rules(&[by_role, people]);
        let figures = figures(&ledger_of(&lines, &rules).0, &rules);
        let [figure] = figures.as_slice() else { panic!("{figures:?}") };
        assert_eq!(figure.total, usd("5.75"));
        let shown: Vec<_> = figure
            .parts
            .iter()
            .flat_map(|part| {
                let reasons = part.earlier.iter().flat_map(|it| {
                    let name = &it.rule;
                    it.reasons.iter().map(move |reason| {
                        let finding = reason.finding.as_deref().unwrap();
                        format!("{name}: {finding}: {}", reason.sum.cost.to_reader())
                    })
                });
                let name = part.rule.as_deref().unwrap_or("none");
                [format!("{name} {}", part.sum.cost.to_reader())].into_iter().chain(reasons)
            })
            .collect();
        assert_eq!(
            shown,
            [
                "people 4.25 USD".to_owned(),
                "by role: it has no role: 4.00 USD".to_owned(),
                format!("by role: role is `{}`: 0.25 USD", role_of(PERSON)),
                "none 1.50 USD".to_owned(),
                "by role: role is `llm-gateway`: 1.50 USD".to_owned(),
                "people: it has no user: 1.50 USD".to_owned(),
            ]
        );
    }

    fn role_of(caller: &str) -> String {
        crate::caller::Caller::parse(caller).role().unwrap().to_owned()
    }

    #[test]
    fn money_that_other_rules_claimed_is_not_explained_by_the_applied_ones() {
        let before = rules(&[rule("before", &[], "x")]);
        let after = rules(&[rule("after", &[], "y")]);
        let figures = figures(&ledger_of(&[line_of(USER, "4")], &before).0, &after);
        let part = &figures[0].parts[0];
        assert_eq!(part.rule.as_deref(), Some("before"));
        assert_eq!(part.unexplained, Some(Sum { cost: usd("4"), line_count: 1 }));
        assert_eq!(part.earlier, []);
    }

    proptest! {
        /// The parts sum to what was read, and the reasons of each rule to the part that is explained.
        #[test]
        fn parts_and_reasons_conserve_money(lines in any_line_items(), rules in any_rules()) {
            let lines: Vec<LineItem> = lines.into_iter().filter(is_ai).collect();
            let mut read: BTreeMap<Currency, Money> = BTreeMap::new();
            for line in &lines {
                let cost = line.costs.of(CostKind::Unblended);
                let sum = read.entry(cost.currency()).or_insert(Money::zero(cost.currency()));
                *sum = sum.checked_add(cost).unwrap();
            }
            let figures = figures(&ledger_of(&lines, &rules).0, &rules);
            let shown = figures.iter().map(|it| (it.total.currency(), it.total));
            prop_assert_eq!(shown.collect::<BTreeMap<_, _>>(), read);
            for figure in &figures {
                let mut sum = Money::zero(figure.total.currency());
                for part in &figure.parts {
                    sum = sum.checked_add(part.sum.cost).unwrap();
                    prop_assert_eq!(&part.unexplained, &None);
                    for earlier in &part.earlier {
                        let rest = earlier.reasons.iter().skip(1).fold(
                            earlier.reasons[0].sum,
                            |sum, it| sum.checked_add(it.sum).unwrap(),
                        );
                        // Two rules of a random file may have one name.
                        prop_assert_eq!(rest.cost.currency(), part.sum.cost.currency());
                    }
                }
                prop_assert_eq!(sum, figure.total);
            }
        }
    }
}
