use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::aws::line_type::category_of;
use crate::line_item::LineItem;
use crate::report::{ReportBuilder, ReportQuery};
use crate::rules::AttributionRules;
use crate::testing::*;

const ROLE: &str = "arn:aws:sts::123456789012:assumed-role/";
const ROOT: &str = "arn:aws:iam::123456789012:root";

fn query() -> HealthQuery {
    HealthQuery {
        period: span("2026-10-01", "2026-12-01"),
        scope: Scope::default(),
        cost_kind: CostKind::Unblended,
    }
}

fn health_of(lines: &[LineItem]) -> Vec<CurrencyHealth> {
    let query = query();
    let mut builder = AttributionHealthBuilder::new(&query);
    let rules = AttributionRules::default();
    ask(&mut builder, &rollups_of(&ledger_of(lines, &rules).0, true));
    builder.finish().unwrap()
}

/// A charge with these tags.
fn tagged(caller: &str, cost: &str, tags: &[(&str, &str)]) -> LineItem {
    let tags = tags.iter().map(|(key, value)| ((*key).into(), (*value).into()));
    LineItem { tags: Arc::new(tags.collect()), ..line_of(caller, cost) }
}

fn untagged(caller: &str, cost: &str) -> LineItem {
    tagged(caller, cost, &[])
}

fn without_caller(cost: &str, line_type: &str) -> LineItem {
    let (line_type, category) = (line_type.into(), category_of(line_type));
    LineItem { caller: None, line_type, category, ..untagged(USER, cost) }
}

/// The reason of each identity's money.
fn reasons(lines: &[LineItem]) -> Vec<String> {
    let health = health_of(lines);
    let [health] = health.as_slice() else { panic!("{health:?}") };
    let shown = |it: &HealthPart| {
        let name =
            it.identity.as_deref().map_or("none", |it| it.rsplit(['/', ':']).next().unwrap());
        format!("{name} {} {} {}", it.reason.class(), it.reason, it.cost.amount())
    };
    health.parts.iter().map(shown).collect()
}

#[test]
fn a_gateway_of_one_session_hides_its_callers_and_one_with_many_does_not() {
    // Much other money, so that no share is large.
    let rest = tagged(&format!("{ROLE}app/x"), "1000", &[(TEAM_TAG, "search")]);
    let gateway = format!("{ROLE}llm-gateway/main");
    for tags in [vec![], vec![(TEAM_TAG, "platform")], vec![("resourceTags/team", "platform")]] {
        let lines = [rest.clone(), tagged(&gateway, "5", &tags)];
        let expected = ["app preserved caller_tag 1000", "llm-gateway collapsed gateway 5"];
        assert_eq!(reasons(&lines), expected);
    }
    let two_tags =
        [tagged(&gateway, "5", &[(TEAM_TAG, "a")]), tagged(&gateway, "2", &[(TEAM_TAG, "b")])];
    assert_eq!(reasons(&two_tags), ["llm-gateway preserved caller_tag 7"]);
    let two_sessions = [untagged(&gateway, "5"), untagged(&format!("{ROLE}llm-gateway/ana"), "2")];
    assert_eq!(reasons(&two_sessions), ["llm-gateway preserved named_sessions 7"]);
    // Names that a machine makes for each run are no names.
    let generated = format!("{ROLE}llm-gateway/botocore-session-1773807868");
    let lines = [rest, untagged(&generated, "5"), untagged(&gateway, "2")];
    let expected = ["app preserved caller_tag 1000", "llm-gateway collapsed gateway 7"];
    assert_eq!(reasons(&lines), expected);
}

#[test]
fn one_untagged_identity_counts_as_many_callers_from_a_tenth_of_all_cost() {
    let of = |share: &str, rest: &str| {
        reasons(&[untagged(&format!("{ROLE}app/x"), share), untagged(PERSON, rest)])
    };
    assert_eq!(COLLAPSED_FROM, Percent::whole(10));
    assert!(Reason::OneIdentity.sentence().contains("10 %"));
    assert_eq!(
        of("10", "90"),
        ["ana@example.com preserved person 90", "app collapsed one_identity 10"]
    );
    assert_eq!(of("9", "91"), ["ana@example.com preserved person 91", "app untagged no_tags 9"]);
    let key = reasons(&[untagged(USER, "10"), untagged(PERSON, "90")]);
    assert_eq!(key, ["ana@example.com preserved person 90", "batch collapsed one_identity 10"]);
    // Part of its money says more than the rest.
    let app = format!("{ROLE}app/x");
    let lines = [untagged(&app, "10"), tagged(&app, "20", &[(TEAM_TAG, "search")])];
    assert_eq!(reasons(&lines), ["app preserved caller_tag 20", "app untagged no_tags 10"]);
}

#[test]
fn money_without_a_caller_says_why() {
    let no_caller = |tags: &[(&str, &str)]| LineItem { caller: None, ..tagged(USER, "1", tags) };
    for (line, expected) in [
        (without_caller("1", "Usage"), "none unknown no_caller 1"),
        (without_caller("1", "Tax"), "none unknown not_usage 1"),
        (no_caller(&[(TEAM_TAG, "search")]), "none preserved caller_tag 1"),
        (no_caller(&[("resourceTags/app", "x")]), "none preserved resource_tag 1"),
        (no_caller(&[("resourceTags/aws:createdBy", "x")]), "none unknown no_caller 1"),
        (no_caller(&[(TEAM_TAG, "")]), "none unknown no_caller 1"),
        (untagged("?", "1"), "? unknown unreadable_caller 1"),
        (untagged(ROOT, "1"), "root collapsed root 1"),
        (tagged(USER, "1", &[("resourceTags/app", "x")]), "batch preserved resource_tag 1"),
    ] {
        assert_eq!(reasons(&[line]), [expected]);
    }
}

#[test]
fn the_trend_is_by_week_and_of_long_spans_by_month() {
    let late = LineItem { day: date("2026-10-13"), ..untagged(PERSON, "2") };
    let health = health_of(&[untagged(PERSON, "1"), late]).remove(0);
    let steps: Vec<_> =
        health.trend.iter().map(|(day, it)| (*day, it.of(Class::Preserved))).collect();
    assert_eq!(steps, [(date("2026-10-05"), usd("1")), (date("2026-10-12"), usd("2"))]);
    let long = HealthQuery { period: span("2026-01-01", "2026-12-01"), ..query() };
    assert_eq!((query().step(), long.step()), (Window::Weekly, Window::Monthly));
}

/// Sums by currency.
fn add(sums: &mut BTreeMap<Currency, Money>, cost: Money) {
    let sum = sums.entry(cost.currency()).or_insert(Money::zero(cost.currency()));
    *sum = sum.checked_add(cost).unwrap();
}

proptest! {
    /// Classes, steps and parts each sum to the report of the same days.
    #[test]
    fn each_charge_is_in_one_class(lines in any_line_items(), rules in any_rules()) {
        let rollups = rollups_of(&ledger_of(&lines, &rules).0, true);
        let query = query();
        let mut builder = AttributionHealthBuilder::new(&query);
        ask(&mut builder, &rollups);
        let HealthQuery { period, scope, cost_kind } = query.clone();
        let report = ReportQuery { period, by: Vec::new(), scope, cost_kind };
        let mut report = ReportBuilder::new(&report);
        ask(&mut report, &rollups);
        let read: BTreeMap<_, _> =
            report.finish().unwrap().iter().map(|it| (it.currency, it.total)).collect();
        let [mut totals, mut classes, mut steps, mut parts] = [(); 4].map(|()| BTreeMap::new());
        for health in builder.finish().unwrap() {
            add(&mut totals, health.total);
            let hidden = health.hidden().unwrap();
            prop_assert_eq!(hidden.checked_add(health.classes.of(Class::Preserved)), Ok(health.total));
            for class in Class::ALL {
                add(&mut classes, health.classes.of(*class));
                health.trend.values().for_each(|it| add(&mut steps, it.of(*class)));
            }
            health.parts.iter().for_each(|it| add(&mut parts, it.cost));
        }
        for sums in [totals, classes, steps, parts] {
            prop_assert_eq!(&sums, &read);
        }
    }
}
