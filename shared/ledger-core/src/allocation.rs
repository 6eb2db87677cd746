//! Splits: parts of a charge that other owners take over.
//!
//! A split leaves the charge with its owner and adds moves beside it: one out of that owner and one
//! into each other owner. They add up to zero in every cost kind, so totals of days stay as they
//! are. No rule makes splits yet.

use crate::business::Business;
use crate::cost::Costs;
use crate::money::MoneyError;
use crate::owner::Owner;
use crate::position::{AllocationId, EntryKind, PositionKey, SummaryKey};
use crate::rollup::{Measures, Position};

/// The part of a charge that one owner takes over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The owner.
    pub owner: Owner,
    /// The part of the business it is for.
    pub business: Business,
    /// The amounts, in the currency of the charge.
    pub costs: Costs,
}

/// The moves of a split: one out of the owner of the charge, one into the owner of each part.
///
/// Lines and tokens stay with the charge: a move has only costs.
///
/// # Errors
///
/// [`MoneyError::CurrencyMismatch`] for a part in another currency, [`MoneyError::OutOfRange`].
pub fn split(
    charge: &Position,
    parts: impl IntoIterator<Item = Part>,
    id: &AllocationId,
) -> Result<Vec<Position>, MoneyError> {
    let mut out = Costs::zero(charge.measures.costs.currency());
    let mut moves = Vec::new();
    for Part { owner, business, costs } in parts {
        out = out.checked_add(&costs.checked_neg()?)?;
        let charge_key = charge.key.summary.charge.clone();
        let summary = SummaryKey { owner, business, charge: charge_key };
        let kind = EntryKind::AllocatedIn(id.clone());
        moves.push(moved(charge, summary, kind, costs));
    }
    if !moves.is_empty() {
        let kind = EntryKind::AllocatedOut(id.clone());
        moves.push(moved(charge, charge.key.summary.clone(), kind, out));
    }
    Ok(moves)
}

fn moved(charge: &Position, summary: SummaryKey, kind: EntryKind, costs: Costs) -> Position {
    let PositionKey { detail, business, rule, .. } = &charge.key;
    let (detail, business, rule) = (detail.clone(), business.clone(), rule.clone());
    let key = PositionKey { summary, detail, business, rule, kind };
    Position {
        key,
        measures: Measures { costs, quantity: None, tokens: None, line_count: 0, first_line: None },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::bill_rollups::BillRollups;
    use crate::roll_up::BillFacts;
    use crate::rollup::DayRollups;
    use crate::testing::*;

    fn part(owner: &str, costs: Costs) -> Part {
        Part { owner: Owner::parse(owner), business: Business::default(), costs }
    }

    /// A day with a split of each of its charges: half of what it costs goes to two other owners.
    fn with_splits(day: &DayRollups) -> DayRollups {
        let mut split_day = day.clone();
        for (key, measures) in &day.positions {
            let charge = Position { key: key.clone(), measures: measures.clone() };
            let parts = [part("a", measures.costs), part("b", measures.costs)];
            for moved in split(&charge, parts, &AllocationId("even".into())).unwrap() {
                assert!(split_day.positions.insert(moved.key, moved.measures).is_none());
            }
        }
        split_day
    }

    #[test]
    fn a_split_is_moves_out_of_one_owner_and_into_others() {
        let (ledger, _) = ledger_of(&[line()], &rules(&[rule("all", &[], "platform")]));
        let (_, rollup) = rollups_of(&ledger, true).remove(0);
        let crate::rollup::Rollup::Position(charge) = rollup else { panic!("{rollup:?}") };
        let costs = |text| Costs::new(usd(text), None).unwrap();
        let parts = [part("search", costs("0.75")), part("chat", costs("0.25"))];
        let moves = split(&charge, parts, &AllocationId("even".into())).unwrap();
        let moves: Vec<_> = moves
            .iter()
            .map(|it| (it.key.summary.owner.as_str(), it.measures.costs, it.measures.line_count))
            .collect();
        let expected = [("search", "0.75"), ("chat", "0.25"), ("platform", "-1")];
        assert_eq!(moves, expected.map(|(owner, cost)| (owner, costs(cost), 0)));
        assert_eq!(split(&charge, [], &AllocationId("none".into())), Ok(Vec::new()));
    }

    proptest! {
        /// P1 with splits: totals of days, facts, and what a summary holds of a currency stay.
        #[test]
        fn splits_conserve_cost(lines in any_line_items(), rules in any_rules()) {
            for rollups in ledger_of(&lines, &rules).0.values() {
                let mut facts = BillFacts::default();
                let mut days = BTreeMap::new();
                for (day, rollups) in rollups.iter().map(Result::unwrap) {
                    let split_day = with_splits(&rollups);
                    let ai = totals(rollups.totals.values().map(|it| it.ai));
                    let positions = split_day.positions.values();
                    prop_assert_eq!(&totals(positions.map(|it| it.costs)), &ai);
                    let summary = split_day.summary().unwrap();
                    prop_assert_eq!(&totals(summary.values().map(|it| it.costs)), &ai);
                    for (key, measures) in &split_day.positions {
                        if key.kind == EntryKind::Charge {
                            facts.add(day, key.to_fact(), measures).unwrap();
                        }
                    }
                    facts.keep_day(day, rollups.totals, rollups.estimated);
                    days.insert(day, split_day);
                }
                let kept = BillRollups::from_days(days.clone()).unwrap();
                prop_assert_eq!(kept.iter().collect::<Result<BTreeMap<_, _>, _>>(), Ok(days));
                prop_assert_eq!(&facts.claimed_by(&rules).unwrap(), rollups);
            }
        }
    }
}
