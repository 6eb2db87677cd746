use proptest::prelude::*;

use super::*;
use crate::cost::CostKind;
use crate::rules::MatchKey;
use crate::testing::*;

fn session(role: &str, at: usize) -> String {
    format!("arn:aws:sts::123456789012:assumed-role/{role}/customer-{at:03}")
}

/// The sessions that are kept, and the findings.
fn capped(lines: &[LineItem]) -> (Vec<String>, Vec<String>) {
    let (ledger, findings) = ledger_of(lines, &AttributionRules::default());
    let kept = rollups_of(&ledger, true)
        .into_iter()
        .filter_map(|(_, rollup)| {
            Some(rollup.row().position()?.detail.caller.as_ref()?.to_string())
        })
        .collect();
    (kept, findings.into_iter().map(|it| it.message).collect())
}

#[test]
fn a_role_may_have_as_many_sessions_as_the_cap() {
    let lines: Vec<_> =
        (0..SESSIONS_PER_ROLE_MAX).map(|at| line_of(&session("app", at), "1")).collect();
    let (kept, findings) = capped(&lines);
    assert_eq!(kept.len(), SESSIONS_PER_ROLE_MAX);
    assert_eq!(findings, Vec::<String>::new());
}

#[test]
fn the_cheapest_sessions_above_the_cap_are_shown_together() {
    let mut lines: Vec<_> =
        (0..SESSIONS_PER_ROLE_MAX).map(|at| line_of(&session("app", at), "1")).collect();
    lines.push(line_of(&session("app", 998), "0.5"));
    lines.push(line_of(&session("app", 999), "0.25"));
    let costs = &mut lines[SESSIONS_PER_ROLE_MAX].costs;
    *costs = costs.amortized_to(Some(usd("3")), Some(usd("2"))).unwrap();
    lines.push(line_of(&session("other", 0), "0.01"));
    let (kept, findings) = capped(&lines);
    let folded = "arn:aws:sts::123456789012:assumed-role/app/*";
    assert_eq!(kept.len(), SESSIONS_PER_ROLE_MAX + 2);
    assert!(kept.iter().any(|it| it == folded));
    assert!(kept.contains(&session("other", 0)), "another role keeps its sessions");
    assert!(!kept.contains(&session("app", 998)) && !kept.contains(&session("app", 999)));
    assert_eq!(
        findings,
        ["role `arn:aws:sts::123456789012:assumed-role/app` has more than 200 session names a \
          day; those with the least cost are shown together as `*`"]
    );
    let (ledger, _) = ledger_of(&lines, &AttributionRules::default());
    let rollups = rollups_of(&ledger, true);
    let after = totals(rollups.iter().map(|(_, it)| it.row().measures().costs));
    assert_eq!(after, totals(lines.iter().map(|it| it.costs)));
    let of_folded = rollups.iter().find(|(_, rollup)| {
        let key = rollup.row().position();
        key.and_then(|it| it.detail.caller.as_deref()) == Some(folded)
    });
    let measures = of_folded.unwrap().1.row().measures();
    let costs = CostKind::ALL.map(|kind| measures.costs.of(kind));
    assert_eq!(costs, ["0.75", "0.75", "3.25", "2.25", "0.75"].map(usd));
    assert_eq!(measures.line_count, 2);
}

#[test]
fn a_large_credit_is_no_cheap_session() {
    let mut lines: Vec<_> =
        (0..SESSIONS_PER_ROLE_MAX).map(|at| line_of(&session("app", at), "1")).collect();
    lines.push(line_of(&session("app", 999), "-50"));
    assert!(capped(&lines).0.contains(&session("app", 999)));
}

#[test]
fn a_rollup_names_the_first_of_its_lines() {
    let at = |line_number| {
        let mut line = line();
        line.provenance.line = line_number;
        line
    };
    let (ledger, _) = ledger_of(&[at(7), at(3), at(5)], &AttributionRules::default());
    let rollups = rollups_of(&ledger, true);
    assert_eq!(rollups.len(), 1);
    let measures = rollups[0].1.row().measures();
    assert_eq!(measures.first_line.as_ref().unwrap().to_string(), "part-1.csv:3");
    assert_eq!((measures.line_count, measures.tokens), (3, Some(3_000)));
}

/// The rollups that rules make of the facts that a ledger holds.
fn owned_anew(ledger: &RollupsByBill, rules: &AttributionRules) -> RollupsByBill {
    let anew = |rollups: &BillRollups| {
        let mut facts = BillFacts::default();
        for (day, rollups) in rollups.iter().map(Result::unwrap) {
            for (key, measures) in rollups.positions {
                facts.add(day, key.to_fact(), &measures).unwrap();
            }
            facts.keep_day(day, rollups.totals, rollups.estimated);
        }
        facts.claimed_by(rules).unwrap()
    };
    ledger.iter().map(|(bill, rollups)| (bill.clone(), anew(rollups))).collect()
}

#[test]
fn a_folded_session_is_claimed_as_such_and_fills_no_name() {
    let by_session = rule("by session", &[(MatchKey::Session, "customer-9*")], "named");
    let by_name = rule("by name", &[(MatchKey::Session, "*")], "{session}");
    let rest = rule("rest", &[(MatchKey::Role, "app")], "platform");
    let rules = rules(&[by_session, by_name, rest]);
    let mut lines: Vec<_> =
        (0..SESSIONS_PER_ROLE_MAX).map(|at| line_of(&session("app", at), "1")).collect();
    // Too cheap to be kept: the rule for it finds no such session any more.
    lines.push(line_of(&session("app", 999), "0.5"));
    let (ledger, _) = ledger_of(&lines, &rules);
    let owners: BTreeSet<String> = rollups_of(&ledger, true)
        .iter()
        .map(|(_, it)| it.row().summary().owner.to_string())
        .filter(|it| !it.starts_with("customer-"))
        .collect();
    assert_eq!(owners, BTreeSet::from(["platform".to_owned()]));
    assert_eq!(owned_anew(&ledger, &rules), ledger);
}

#[test]
fn a_bill_without_lines_is_kept_as_empty() {
    let mut builder = RollupBuilder::default();
    builder.expect_bill(line().bill);
    let (ledger, _) = builder.finish(&AttributionRules::default()).unwrap();
    assert_eq!(ledger, BTreeMap::from([(line().bill, BillRollups::default())]));
}

proptest! {
    /// P1: what was read is what is kept, in each currency and by each cost kind.
    #[test]
    fn cost_is_conserved(lines in any_line_items(), rules in any_rules()) {
        let (ledger, _) = ledger_of(&lines, &rules);
        let read = |ai| totals(lines.iter().filter(|it| is_ai(it) == ai).map(|it| it.costs));
        let days = || ledger.values().flat_map(BillRollups::iter).map(|it| it.unwrap().1);
        let kept = || days().flat_map(|it| it.totals.into_values());
        prop_assert_eq!(totals(kept().map(|it| it.ai)), read(true));
        prop_assert_eq!(totals(kept().map(|it| it.other)), read(false));
        for is_detail in [true, false] {
            let rollups = rollups_of(&ledger, is_detail);
            prop_assert_eq!(totals(rollups.iter().map(|(_, it)| it.row().measures().costs)), read(true));
            let line_count: u64 = rollups.iter().map(|(_, it)| it.row().measures().line_count).sum();
            prop_assert_eq!(line_count, lines.iter().filter(|it| is_ai(it)).count() as u64);
        }
    }

    /// P1, within each day: its totals are the sums of its rollups.
    #[test]
    fn a_days_totals_are_the_sum_of_its_rollups(lines in any_line_items(), rules in any_rules()) {
        let (ledger, _) = ledger_of(&lines, &rules);
        for day in ledger.values().flat_map(BillRollups::iter).map(|it| it.unwrap().1) {
            let ai = totals(day.totals.values().map(|it| it.ai));
            prop_assert_eq!(&totals(day.positions.values().map(|it| it.costs)), &ai);
            let summary = day.summary().unwrap();
            prop_assert_eq!(&totals(summary.values().map(|it| it.costs)), &ai);
        }
    }

    /// New rules on the facts of a ledger give what a fresh import with them gives, to the digit.
    #[test]
    fn positions_made_anew_are_those_of_a_fresh_import(
        lines in any_line_items(),
        before in any_rules(),
        after in any_rules(),
    ) {
        let (ledger, _) = ledger_of(&lines, &before);
        prop_assert_eq!(owned_anew(&ledger, &after), ledger_of(&lines, &after).0);
    }

    /// P3: lines out of order give the same ledger.
    #[test]
    fn the_order_of_lines_does_not_matter(
        (lines, shuffled) in any_line_items()
            .prop_flat_map(|it| (Just(it.clone()), Just(it).prop_shuffle())),
        rules in any_rules(),
    ) {
        prop_assert_eq!(ledger_of(&lines, &rules), ledger_of(&shuffled, &rules));
    }

    /// P3 where sessions are folded: which ones stay does not depend on the order either.
    #[test]
    fn folding_does_not_depend_on_order(
        order in Just((0..SESSIONS_PER_ROLE_MAX + 20).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let line = |at: usize| line_of(&session("app", at), &(at % 7).to_string());
        let sorted: Vec<_> = (0..order.len()).map(line).collect();
        let shuffled: Vec<_> = order.into_iter().map(line).collect();
        prop_assert_eq!(capped(&sorted), capped(&shuffled));
    }
}
