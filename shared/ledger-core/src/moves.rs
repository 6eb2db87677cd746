//! The money that new rules would move: from whom, to whom, by which rule.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::access::Owners;
use crate::cost::CostKind;
use crate::currency::Currency;
use crate::dimension::{Dimension, Level};
use crate::fact::Callers;
use crate::finding::{Finding, FindingCode};
use crate::line_item::BillId;
use crate::money::{Money, MoneyError};
use crate::owner::Owner;
use crate::position::{EntryKind, PositionKey};
use crate::question::{LedgerDay, Question, QuestionError, Wanted};
use crate::rollup::{Measures, Row};
use crate::rules::AttributionRules;
use crate::undecided::Undecided;

/// A change of owner.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MoveKey {
    /// The currency of the money.
    pub currency: Currency,
    /// The owner in the ledger.
    pub from: Owner,
    /// The owner by the new rules.
    pub to: Owner,
    /// The new rule that claims it; `None` where no new rule does.
    pub rule: Option<Arc<str>>,
}

/// The amount of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The money, in the cost kind that was asked for.
    pub cost: Money,
    /// The number of lines of the bill in it.
    pub line_count: u64,
}

/// Holds the positions of a ledger against new rules as they come.
#[derive(Debug)]
pub struct MovesBuilder<'r> {
    rules: &'r AttributionRules,
    cost_kind: CostKind,
    callers: Callers,
    bills: BTreeMap<BillId, BillMoves>,
    all: BTreeMap<Currency, Moved>,
    owners_before: BTreeSet<Owner>,
}

/// The changes on one bill, which is replaced whole or keeps its owners.
#[derive(Debug, Default)]
struct BillMoves {
    moves: BTreeMap<MoveKey, Moved>,
    relabelled: BTreeMap<Currency, Moved>,
    undecided: Undecided,
}

/// The changes that new rules would make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moves {
    /// The cost kind of all amounts.
    pub cost_kind: CostKind,
    /// Changes of owner; what stays with its owner is left out.
    pub moves: BTreeMap<MoveKey, Moved>,
    /// Money that keeps its owner and changes a business dimension, by currency.
    pub relabelled: BTreeMap<Currency, Moved>,
    /// Everything that was held against the rules, by currency.
    pub all: BTreeMap<Currency, Moved>,
    /// Owners that the ledger has today.
    pub owners_before: BTreeSet<Owner>,
    /// Bills that would keep their owners, and why.
    pub held_back: Vec<Finding>,
}

impl<'r> MovesBuilder<'r> {
    /// Starts without any position.
    pub fn new(rules: &'r AttributionRules, cost_kind: CostKind) -> MovesBuilder<'r> {
        MovesBuilder {
            rules,
            cost_kind,
            callers: Callers::default(),
            bills: BTreeMap::new(),
            all: BTreeMap::new(),
            owners_before: BTreeSet::new(),
        }
    }

    /// Adds a position. Parts of splits are left out: they are made anew after the charges.
    fn add_position(
        &mut self,
        key: &PositionKey,
        measures: &Measures,
        day: &LedgerDay<'_>,
    ) -> Result<(), MoneyError> {
        if key.kind != EntryKind::Charge {
            return Ok(());
        }
        let (summary, currency) = (&key.summary, key.summary.charge.currency);
        let cost = measures.costs.of(self.cost_kind);
        let more = Moved { cost, line_count: measures.line_count };
        add_to(&mut self.all, currency, more)?;
        if !self.owners_before.contains(&summary.owner) {
            self.owners_before.insert(summary.owner.clone());
        }
        let bill = &day.head.bill;
        if !self.bills.contains_key(bill) {
            self.bills.insert(bill.clone(), BillMoves::default());
        }
        let Some(of_bill) = self.bills.get_mut(bill) else { return Ok(()) };
        of_bill.undecided.examine(self.rules, (day.day, day.state.facts), key, measures)?;
        let claim = self.rules.claim(self.callers.fact(&summary.charge, &key.detail), day.day);
        if claim.owner != summary.owner {
            let from = summary.owner.clone();
            let move_key = MoveKey { currency, from, to: claim.owner, rule: claim.rule };
            return add_to(&mut of_bill.moves, move_key, more);
        }
        if claim.business != summary.business {
            return add_to(&mut of_bill.relabelled, currency, more);
        }
        Ok(())
    }

    /// The changes: those of all bills but the ones that would keep their owners.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub fn finish(self) -> Result<Moves, MoneyError> {
        let MovesBuilder { cost_kind, bills, all, owners_before, .. } = self;
        let (mut moves, mut relabelled) = (BTreeMap::new(), BTreeMap::new());
        let mut held_back = Vec::new();
        for (bill, of_bill) in bills {
            if let Some(finding) = of_bill.undecided.finding(&bill) {
                held_back.push(finding);
                continue;
            }
            for (key, moved) in of_bill.moves {
                add_to(&mut moves, key, moved)?;
            }
            for (currency, moved) in of_bill.relabelled {
                add_to(&mut relabelled, currency, moved)?;
            }
        }
        Ok(Moves { cost_kind, moves, relabelled, all, owners_before, held_back })
    }
}

impl Question for MovesBuilder<'_> {
    /// Every day that answers count, in full detail.
    fn wants(&mut self, day: &LedgerDay<'_>) -> Option<Wanted> {
        day.is_served.then_some(Wanted { level: Level::Detail, owners: Owners::All })
    }

    fn add(&mut self, row: Row<'_>, day: &LedgerDay<'_>) -> Result<(), QuestionError> {
        let Row::Position(key, measures) = row else {
            return Err(QuestionError::NeedsDetail(Dimension::Rule));
        };
        Ok(self.add_position(key, measures, day)?)
    }
}

fn add_to<K: Ord>(sums: &mut BTreeMap<K, Moved>, key: K, more: Moved) -> Result<(), MoneyError> {
    let zero = Moved { cost: Money::zero(more.cost.currency()), line_count: 0 };
    let sum = sums.entry(key).or_insert(zero);
    sum.cost = sum.cost.checked_add(more.cost)?;
    sum.line_count = sum.line_count.saturating_add(more.line_count);
    Ok(())
}

impl Moves {
    /// Owners that would get money and have none today.
    pub fn new_owners(&self) -> BTreeSet<&Owner> {
        let owners = self.moves.keys().map(|it| &it.to);
        owners.filter(|it| !self.owners_before.contains(*it)).collect()
    }

    /// Whether no position changes its owner or a business dimension.
    pub fn is_nothing(&self) -> bool {
        self.moves.is_empty() && self.relabelled.is_empty()
    }

    /// Findings before the rules are applied. `has_contact` says of an owner whether
    /// a budget would reach it.
    pub fn findings(&self, has_contact: impl Fn(&Owner) -> bool) -> Vec<Finding> {
        let mut findings = self.held_back.clone();
        let count = |sums: &mut dyn Iterator<Item = &Moved>| -> u64 {
            sums.fold(0, |sum, it| sum.saturating_add(it.line_count))
        };
        let all = count(&mut self.all.values());
        if self.is_nothing() && self.held_back.is_empty() {
            findings.push(Finding {
                code: FindingCode::RulesMoveNothing,
                message: format!(
                    "nothing would change: the {all} lines in the ledger keep their owners and \
                     dimensions"
                ),
            });
        }
        if all > 0 && count(&mut self.moves.values()) == all {
            findings.push(Finding {
                code: FindingCode::RulesMoveEverything,
                message: format!(
                    "all {all} lines in the ledger would change their owner; check that this is \
                     the file you meant"
                ),
            });
        }
        for owner in self.new_owners().into_iter().filter(|it| !has_contact(it)) {
            if let Owner::Named(name) = owner {
                findings.push(Finding {
                    code: FindingCode::OwnerWithoutContact,
                    message: format!(
                        "`{name}` would get its first money and no budget names it, so no alert \
                         reaches it; add a budget with `owner = \"{name}\"`"
                    ),
                });
            }
        }
        findings
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::bill::FactsForm;
    use crate::line_item::LineItem;
    use crate::roll_up::RollupsByBill;
    use crate::rules::MatchKey;
    use crate::source::Source;
    use crate::testing::*;

    fn moves_of(ledger: &RollupsByBill, rules: &AttributionRules, cost_kind: CostKind) -> Moves {
        moves_of_form(ledger, rules, cost_kind, FactsForm::CURRENT)
    }

    fn moves_of_form(
        ledger: &RollupsByBill,
        rules: &AttributionRules,
        cost_kind: CostKind,
        form: FactsForm,
    ) -> Moves {
        let mut builder = MovesBuilder::new(rules, cost_kind);
        let bill = bill(Source::AWS_BILL, "2026-11", "123456789012");
        let mut head = head(bill, &[("2026-11-03", "0")]);
        head.days.values_mut().for_each(|it| it.facts = form);
        let state = head.days.values().next().unwrap();
        for (day, rollup) in rollups_of(ledger, true) {
            let day = LedgerDay { head: &head, day, state, is_served: true, is_invoiced: false };
            builder.add(rollup.row(), &day).unwrap();
        }
        builder.finish().unwrap()
    }

    #[test]
    fn money_moves_from_its_owner_to_another_by_a_rule() {
        let lines = [line_of(GATEWAY, "1.5"), line_of(GATEWAY, "0.25"), line_of(USER, "4")];
        let before = rules(&[rule("all", &[], "platform")]);
        let gateway = [(MatchKey::Role, "llm-gateway")];
        let mut all = rule("all", &[], "platform");
        let environment = crate::rules::Template::parse("prod").unwrap();
        let field = crate::business::BusinessField::Environment;
        all.business.insert(crate::business::BusinessKey::Named(field), environment);
        let after = rules(&[rule("gateway", &gateway, "{tag:iamPrincipal/team}"), all]);
        let moves = moves_of(&ledger_of(&lines, &before).0, &after, CostKind::Unblended);
        let key = MoveKey {
            currency: Currency::USD,
            from: Owner::parse("platform"),
            to: Owner::parse("search"),
            rule: Some("gateway".into()),
        };
        let moved = Moved { cost: usd("1.75"), line_count: 2 };
        assert_eq!(moves.moves, BTreeMap::from([(key, moved)]));
        let relabelled = Moved { cost: usd("4"), line_count: 1 };
        assert_eq!(moves.relabelled, BTreeMap::from([(Currency::USD, relabelled)]));
        let codes = |has_contact: bool| {
            let findings = moves.findings(|_| has_contact).into_iter();
            findings.map(|it| it.code.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(codes(true), Vec::<&str>::new());
        assert_eq!(codes(false), ["owner-without-contact"]);
    }

    #[test]
    fn rules_that_move_everything_are_noted() {
        let (ledger, _) = ledger_of(&[line()], &rules(&[rule("all", &[], "platform")]));
        let moves = moves_of(&ledger, &AttributionRules::default(), CostKind::Unblended);
        let codes: Vec<_> =
            moves.findings(|_| false).into_iter().map(|it| it.code.as_str()).collect();
        assert_eq!(codes, ["rules-move-everything"], "`Unattributed` needs no contact");
    }

    #[test]
    fn a_bill_whose_owners_cannot_be_known_would_not_move() {
        let folded = "arn:aws:sts::123456789012:assumed-role/agents/*";
        let lines = [line_of(folded, "2"), line_of(USER, "4")];
        let (ledger, _) = ledger_of(&lines, &rules(&[rule("all", &[], "platform")]));
        let after = rules(&[rule("s", &[(MatchKey::Session, "Agent-*")], "agents")]);
        let of = |form| moves_of_form(&ledger, &after, CostKind::Unblended, form);
        let codes = |moves: Moves| -> Vec<&str> {
            moves.findings(|_| true).iter().map(|it| it.code.as_str()).collect()
        };
        assert_eq!(of(FactsForm::CURRENT).moves.len(), 1);
        let first = of(FactsForm::FIRST);
        assert!(first.is_nothing() && first.all.len() == 1);
        assert_eq!(codes(first), ["rules-held-back"]);
    }

    /// Cost by currency and owner.
    fn by_owner(ledger: &RollupsByBill, cost_kind: CostKind) -> BTreeMap<(Currency, Owner), Money> {
        let mut sums = BTreeMap::new();
        for (_, rollup) in rollups_of(ledger, false) {
            let (key, cost) = (rollup.row().summary(), rollup.row().measures().costs.of(cost_kind));
            let sum = sums.entry((cost.currency(), key.owner.clone()));
            let sum = sum.or_insert(Money::zero(cost.currency()));
            *sum = sum.checked_add(cost).unwrap();
        }
        sums
    }

    proptest! {
        /// The ledger before and the moves give the ledger after, by owner, to the digit.
        #[test]
        fn moves_are_the_difference_of_two_ledgers(
            lines in any_line_items(),
            (before, after) in (any_rules(), any_rules()),
            cost_kind in prop::sample::select(CostKind::ALL.to_vec()),
        ) {
            let lines: Vec<LineItem> = lines.into_iter().filter(is_ai).collect();
            let (ledger, _) = ledger_of(&lines, &before);
            let moves = moves_of(&ledger, &after, cost_kind);
            let mut moved = by_owner(&ledger, cost_kind);
            for (MoveKey { currency, from, to, .. }, Moved { cost, .. }) in &moves.moves {
                let zero = Money::zero(*currency);
                let of = moved.entry((*currency, from.clone())).or_insert(zero);
                *of = of.checked_sub(*cost).unwrap();
                let of = moved.entry((*currency, to.clone())).or_insert(zero);
                *of = of.checked_add(*cost).unwrap();
            }
            let mut fresh = by_owner(&ledger_of(&lines, &after).0, cost_kind);
            moved.retain(|_, cost| !cost.is_zero());
            fresh.retain(|_, cost| !cost.is_zero());
            prop_assert_eq!(moved, fresh);
            let anew = moves_of(&ledger_of(&lines, &after).0, &after, cost_kind);
            prop_assert!(anew.is_nothing());
        }
    }
}
