//! Positions of an earlier release that other rules cannot claim for sure.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::bill::FactsForm;
use crate::caller::Caller;
use crate::cost::CostKind;
use crate::currency::Currency;
use crate::fact::Callers;
use crate::finding::{Finding, FindingCode};
use crate::line_item::BillId;
use crate::money::{Money, MoneyError};
use crate::position::{EntryKind, PositionKey};
use crate::rollup::Measures;
use crate::rules::AttributionRules;

/// The part of a bill whose new owner cannot be known without its files.
///
/// Facts of [`FactsForm::FIRST`] have session names that were folded to `*` after rules had seen
/// them, so a rule for a session claimed them once and would miss them now. Where new rules give
/// such a fact another owner than it has, the bill keeps its owners until it is imported again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Undecided {
    /// The days.
    pub days: BTreeSet<Date>,
    /// The unblended cost by currency.
    pub costs: BTreeMap<Currency, Money>,
}

impl Undecided {
    /// Adds a position if it belongs here.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub fn examine(
        &mut self,
        rules: &AttributionRules,
        (day, form): (Date, FactsForm),
        key: &PositionKey,
        measures: &Measures,
    ) -> Result<(), MoneyError> {
        let is_folded = key.detail.caller.as_deref().is_some_and(Caller::is_all_sessions);
        if form != FactsForm::FIRST || key.kind != EntryKind::Charge || !is_folded {
            return Ok(());
        }
        let mut callers = Callers::default();
        let claim = rules.claim(callers.fact(&key.summary.charge, &key.detail), day);
        if claim.owner == key.summary.owner && claim.business == key.summary.business {
            return Ok(());
        }
        let cost = measures.costs.of(CostKind::Unblended);
        let sum = self.costs.entry(cost.currency()).or_insert(Money::zero(cost.currency()));
        *sum = sum.checked_add(cost)?;
        self.days.insert(day);
        Ok(())
    }

    /// Whether every owner can be known.
    pub fn is_empty(&self) -> bool {
        self.days.is_empty()
    }

    /// The finding that says which bill keeps its owners, and why; none if every owner can be known.
    pub fn finding(&self, bill: &BillId) -> Option<Finding> {
        let (first, last) = (self.days.first()?, self.days.last()?);
        let costs: Vec<String> = self.costs.values().map(|it| it.to_reader()).collect();
        let message = format!(
            "{bill} keeps its owners: on {} days from {first} to {last} an earlier version folded \
             session names that the rules look at, so it is not known who owns {} of it; import the \
             files of this bill again",
            self.days.len(),
            costs.join(" and ")
        );
        Some(Finding { code: FindingCode::RulesHeldBack, message })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::rules::MatchKey;
    use crate::source::Source;
    use crate::testing::*;

    const FOLDED: &str = "arn:aws:sts::123456789012:assumed-role/agents/*";

    fn of_november() -> BillId {
        bill(Source::AWS_BILL, "2026-11", "123456789012")
    }

    /// A position of this caller and owner.
    fn position(caller: &str, owner: &str) -> (PositionKey, Measures) {
        let (ledger, _) = ledger_of(&[line_of(USER, "1.5")], &rules(&[rule("all", &[], owner)]));
        let (_, rollup) = rollups_of(&ledger, true).into_iter().next().unwrap();
        let row = rollup.row();
        let mut key = row.position().unwrap().clone();
        key.detail.caller = Some(Arc::from(caller));
        (key, row.measures().clone())
    }

    #[track_caller]
    fn check(form: FactsForm, caller: &str, owner: &str, expected: usize) {
        let session = [(MatchKey::Session, "BedrockAgentCore-*")];
        let role = [(MatchKey::Role, "agents")];
        let rules = rules(&[rule("s", &session, "agents"), rule("r", &role, "others")]);
        let (key, measures) = position(caller, owner);
        let mut undecided = Undecided::default();
        let day = (date("2026-10-03"), form);
        undecided.examine(&rules, day, &key, &measures).unwrap();
        assert_eq!(undecided.days.len(), expected, "{caller} of {owner}");
        assert_eq!(undecided.is_empty(), undecided.finding(&of_november()).is_none());
    }

    #[test]
    fn a_folded_session_of_an_earlier_release_that_would_move_is_undecided() {
        check(FactsForm::FIRST, FOLDED, "agents", 1);
        check(FactsForm::FIRST, FOLDED, "platform", 1);
        check(FactsForm::FIRST, FOLDED, "others", 0);
        check(FactsForm::FIRST, USER, "agents", 0);
        check(FactsForm::CURRENT, FOLDED, "agents", 0);
    }

    #[test]
    fn the_finding_names_bill_days_and_money() {
        let undecided = Undecided {
            days: [date("2026-10-03"), date("2026-10-05")].into(),
            costs: [(Currency::USD, usd("1.5"))].into(),
        };
        assert_eq!(
            undecided.finding(&of_november()).unwrap().message,
            format!(
                "{} keeps its owners: on 2 days from 2026-10-03 to 2026-10-05 an earlier version \
                 folded session names that the rules look at, so it is not known who owns 1.50 USD \
                 of it; import the files of this bill again",
                of_november()
            )
        );
    }
}
