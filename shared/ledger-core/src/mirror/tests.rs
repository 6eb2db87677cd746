use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::*;
use crate::budget::{Budget, Calendar, Fiscal, Weeks, Zone};
use crate::currency::Currency;
use crate::dimension::{Dimension, Scope};
use crate::filter::{Filter, Glob};
use crate::rules::AttributionRules;
use crate::source::Provider;
use crate::testing::*;

const TODAY: &str = "2026-11-20";
const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:alerts";
const CLAUDE: &str = "Claude Sonnet 4.6 (Amazon Bedrock Edition)";

fn mirror() -> Mirror {
    Mirror::new("tollbook", TOPIC).unwrap()
}

fn scope(parts: &[(&str, &[&str])]) -> Filter {
    let values = |it: &[&str]| it.iter().map(|it| (*it).to_owned()).collect();
    let parts = parts.iter().map(|(word, it)| (Dimension::parse(word).unwrap(), values(it)));
    Scope(parts.collect()).into()
}

fn budget() -> Budget {
    Budget {
        name: "search".into(),
        owner: "search".into(),
        deputy: None,
        formerly: None,
        limit: usd("100"),
        limits: BTreeMap::new(),
        calendar: Window::Monthly.into(),
        starts: None,
        scope: scope(&[("tag:iamPrincipal/team", &["search"])]),
        thresholds: vec![80, 100],
        forecast_thresholds: Vec::new(),
        pace_thresholds: Vec::new(),
        change_thresholds: Vec::new(),
        roll_over_percent_max: None,
        cost_kind: CostKind::Unblended,
    }
}

fn seen() -> Seen {
    Seen {
        services: BTreeSet::from(["Amazon Bedrock".to_owned(), CLAUDE.to_owned()]),
        tag_keys: BTreeSet::from([TEAM_TAG.into(), "costCategory/Unit".into()]),
        currencies: BTreeSet::from([Currency::USD]),
        providers: BTreeSet::from([Provider::Aws]),
        payers: BTreeSet::from(["123456789012".into()]),
        ..Seen::new(&[])
    }
}

fn wanted(budget: &Budget) -> Result<Wanted, Reason> {
    wanted_of(budget, &seen(), &BTreeSet::new(), &mirror(), date(TODAY))
}

#[track_caller]
fn refused(budget: Budget, expected: &str) {
    let reason = wanted(&budget).unwrap_err().to_string();
    assert!(reason.contains(expected), "{reason}");
}

#[test]
fn a_copy_counts_the_ai_services_of_the_ledger_within_its_scope() {
    let copy = wanted(&budget()).unwrap();
    assert_eq!(copy.name, "tollbook-search");
    assert_eq!(
        copy.definition.to_string(),
        "100 USD monthly, unblended cost, service = Amazon Bedrock or Claude Sonnet 4.6 (Amazon \
         Bedrock Edition), tag iamPrincipal/team = search"
    );
    assert_eq!(copy.notices, BTreeSet::from([Notice::Spent(80), Notice::Spent(100)]));
}

#[test]
fn a_scope_is_the_conditions_of_all_its_parts() {
    let inner = scope(&[("service", &["Amazon Bedrock", "Amazon Bedrock AgentCore"])]);
    let other = scope(&[("service", &["Amazon Bedrock"]), ("tag:costCategory/Unit", &["a", "b"])]);
    let all = Filter {
        all: vec![inner, other],
        ..scope(&[("account", &["123456789012"]), ("provider", &["aws"])])
    };
    let copy = wanted(&Budget { scope: all, ..budget() }).unwrap();
    assert_eq!(
        copy.definition.to_string(),
        "100 USD monthly, unblended cost, service = Amazon Bedrock, account = 123456789012, cost \
         category Unit = a or b"
    );
}

#[test]
fn a_limit_is_that_of_the_window_that_is_running() {
    let limits = ["2026-11", "2026-12"].map(|it| {
        (
            crate::period::BillingPeriod::parse(it).unwrap(),
            usd(if it == "2026-11" { "7" } else { "9" }),
        )
    });
    let budget = Budget { limits: limits.into(), ..budget() };
    assert_eq!(wanted(&budget).unwrap().definition.limit, usd("7"));
    let starts = |day| Budget { starts: Some(date(day)), ..budget.clone() };
    assert_eq!(wanted(&starts("2026-11-01")).unwrap().definition.limit, usd("7"));
    for day in ["2026-11-02", "2026-12-01"] {
        refused(starts(day), &format!("its first window begins with {day}"));
    }
}

fn repeating(window: Window, fiscal: Fiscal, zone: Zone) -> Calendar {
    Calendar::Repeating { window, fiscal, zone }
}

#[test]
fn a_window_is_one_of_the_calendar() {
    let with =
        |window, fiscal| Budget { calendar: repeating(window, fiscal, Zone::UTC), ..budget() };
    let plain = Fiscal::CALENDAR;
    let weeks = Fiscal { weeks: Some(Weeks::FourFourFive), ..plain };
    for (window, fiscal, is_mirrored) in [
        (Window::Daily, weeks, true),
        (Window::Monthly, Fiscal { first_month: 2, ..plain }, true),
        (Window::Monthly, weeks, false),
        (Window::Quarterly, Fiscal { first_month: 4, ..plain }, true),
        (Window::Quarterly, Fiscal { first_month: 2, ..plain }, false),
        (Window::Yearly, Fiscal { first_month: 4, ..plain }, false),
        (Window::Yearly, plain, true),
    ] {
        assert_eq!(wanted(&with(window, fiscal)).is_ok(), is_mirrored, "{window} {fiscal:?}");
    }
    refused(with(Window::Weekly, plain), "weeks");
    let once = Calendar::Once(span("2026-11-01", "2026-12-01"));
    refused(Budget { calendar: once, ..budget() }, "a fixed span");
    let zone = Zone::parse("Pacific/Auckland").unwrap();
    let calendar = repeating(Window::Monthly, plain, zone);
    refused(Budget { calendar, ..budget() }, "begin in the time zone Pacific/Auckland");
    refused(Budget { roll_over_percent_max: Some(50), ..budget() }, "counts for the next");
}

#[test]
fn a_budget_that_aws_cannot_judge_alike_has_a_reason() {
    let of = |scope| Budget { scope, ..budget() };
    refused(Budget { name: "a: b".into(), ..budget() }, "its name there would be `tollbook-a: b`");
    refused(Budget { cost_kind: CostKind::List, ..budget() }, "the list cost");
    refused(of(scope(&[("owner", &["search"])])), "its scope has `owner`");
    refused(of(scope(&[("model", &["nova-lite"])])), "its scope has `model`");
    refused(
        of(scope(&[("tag:resourceTags/team", &["a"])])),
        "its scope has `tag:resourceTags/team`",
    );
    refused(of(scope(&[("provider", &["azure"])])), "its scope has `provider`");
    refused(of(scope(&[("category", &["usage"])])), "its scope has `category`");
    refused(of(scope(&[("service", &["AmazonBedrock"])])), "`AmazonBedrock` is not the name");
    refused(of(scope(&[("service", &["Amazon EC2"])])), "`Amazon EC2` is not the name");
    refused(of(scope(&[("tag:iamPrincipal/cost", &["a"])])), "no charge in the ledger has the tag");
    refused(of(scope(&[("tag:costCategory/Team", &["a"])])), "the tag `costCategory/Team`");
    let patterns = BTreeMap::from([(Dimension::Service, vec![Glob::new("Amazon*")])]);
    refused(of(Filter { patterns, ..Filter::default() }), "a pattern for `service`");
    refused(of(Filter { not: vec![scope(&[("account", &["1"])])], ..Filter::default() }), "`not`");
    refused(of(Filter { any: vec![scope(&[("account", &["1"])])], ..Filter::default() }), "`any`");
    let (one, two) = (scope(&[("account", &["1"])]), scope(&[("account", &["2"])]));
    refused(
        of(Filter { all: vec![one, two], ..Filter::default() }),
        "no charge can be in its scope",
    );
    let six = vec![10, 20, 30, 40, 50, 60];
    refused(Budget { thresholds: six, ..budget() }, "it has 6 thresholds, and AWS notifies of 5");
    let daily = Budget { calendar: Window::Daily.into(), ..budget() };
    refused(Budget { forecast_thresholds: vec![100], ..daily }, "no forecast of a day");
}

#[test]
fn charges_that_aws_does_not_count_are_a_reason() {
    let with = |seen: Seen, budget: Budget| {
        wanted_of(&budget, &seen, &BTreeSet::new(), &mirror(), date(TODAY))
            .map_err(|it| it.to_string())
    };
    let azure = Seen { providers: BTreeSet::from([Provider::parse("azure")]), ..seen() };
    assert!(with(azure.clone(), budget()).unwrap_err().contains("`azure`"));
    let named = Budget { scope: scope(&[("service", &["Amazon Bedrock"])]), ..budget() };
    assert!(with(azure, named).is_ok());
    let euros = Seen { currencies: BTreeSet::from([Currency::parse("EUR").unwrap()]), ..seen() };
    assert!(with(euros, budget()).unwrap_err().contains("in EUR"));
    let payer = Seen { payers: BTreeSet::from(["210987654321".into()]), ..seen() };
    assert!(with(payer.clone(), budget()).unwrap_err().contains("payer 210987654321"));
    let own = Budget { scope: scope(&[("account", &["123456789012"])]), ..budget() };
    assert!(with(payer, own).is_ok());
    let code = Seen { services: BTreeSet::from(["7zgyu5r4".to_owned()]), ..seen() };
    assert!(with(code, budget()).unwrap_err().contains("`7zgyu5r4`"));
    let none = Seen { services: BTreeSet::new(), ..seen() };
    assert!(with(none, budget()).unwrap_err().contains("no AI charges yet"));
}

#[test]
fn the_ledger_says_which_services_and_tags_there_are() {
    let (ledger, _) = ledger_of(&[line()], &AttributionRules::default());
    let rollups = rollups_of(&ledger, true);
    let tagged = [budget()];
    let mut detail = Seen::new(&tagged);
    ask(&mut detail, &rollups);
    assert_eq!(detail.services, BTreeSet::from(["Amazon Bedrock".to_owned()]));
    assert_eq!(detail.tag_keys, BTreeSet::from([Arc::from(TEAM_TAG)]));
    assert_eq!(detail.payers, BTreeSet::from([Arc::from("123456789012")]));
    let mut summary = Seen::new(&[Budget { scope: Filter::default(), ..budget() }]);
    let rollups = rollups_of(&ledger, false);
    ask(&mut summary, &rollups);
    assert_eq!(summary.services, detail.services);
    assert_eq!(summary.tag_keys, BTreeSet::new());
}

// ---- plans ----

fn plan_of(budgets: &[Budget], existing: &[Existing]) -> Plan {
    plan(budgets, &seen(), existing, &mirror(), date(TODAY))
}

/// The budget that a copy is, once it is made.
fn made(wanted: &Wanted) -> Existing {
    let subscribers = Subscribers { topic: Some(TOPIC.to_owned()), mails: 0 };
    Existing {
        name: wanted.name.clone(),
        stack: Some("tollbook".to_owned()),
        definition: Ok(wanted.definition.clone()),
        starts: Some(date("2026-11-01")),
        ends: None,
        notices: wanted.notices.iter().map(|it| (*it, subscribers.clone())).collect(),
        other_notices: 0,
    }
}

/// Does a step as AWS would.
fn apply(account: &mut Vec<Existing>, step: &Step) {
    let at = account.iter().position(|it| it.name == step.name());
    if let Step::Create(wanted) = step {
        assert_eq!(at, None, "there is no budget of this name yet");
        account.push(Existing { starts: None, ..made(wanted) });
        return;
    }
    let there = &mut account[at.unwrap()];
    assert_eq!(there.stack.as_deref(), Some("tollbook"), "only ours are changed");
    let ours = || Some(TOPIC.to_owned());
    match step {
        Step::Create(_) => {}
        Step::Update { wanted, starts, .. } => {
            there.definition = Ok(wanted.definition.clone());
            (there.starts, there.ends) = (Some(*starts), None);
        }
        Step::AddNotice { notice, .. } => {
            let before = there.notices.insert(*notice, Subscribers { topic: ours(), mails: 0 });
            assert_eq!(before, None);
        }
        Step::AddTopic { notice, .. } => {
            let topic = &mut there.notices.get_mut(notice).unwrap().topic;
            assert_eq!(topic.take(), None, "a notification has one topic at most");
            *topic = ours();
        }
        Step::MoveTopic { notice, from, .. } => {
            let topic = &mut there.notices.get_mut(notice).unwrap().topic;
            assert_eq!(topic.replace(TOPIC.to_owned()).as_ref(), Some(from));
        }
        Step::RemoveNotice { notice, .. } => drop(there.notices.remove(notice).unwrap()),
        Step::RemoveTopic { notice, from, .. } => {
            let subscribers = there.notices.get_mut(notice).unwrap();
            assert_eq!(subscribers.topic.take().as_ref(), Some(from));
            assert!(subscribers.mails > 0);
        }
        Step::Remove { .. } => drop(account.remove(at.unwrap())),
    }
}

#[test]
fn what_is_as_it_should_be_is_left_alone() {
    let there = made(&wanted(&budget()).unwrap());
    let plan = plan_of(&[budget()], &[there]);
    assert_eq!(plan.steps, []);
    assert_eq!(plan.unchanged, ["tollbook-search"]);
}

#[test]
fn a_service_that_the_ledger_no_longer_sees_is_counted_on_and_drift_is_not() {
    let mut there = made(&wanted(&budget()).unwrap());
    let services = |there: &mut Existing, name: &str| {
        let definition = there.definition.as_mut().unwrap();
        definition.conditions.get_mut(&Key::Service).unwrap().insert(name.to_owned());
    };
    services(&mut there, "Claude (Amazon Bedrock Edition)");
    assert_eq!(plan_of(&[budget()], std::slice::from_ref(&there)).steps, []);
    services(&mut there, "Amazon EC2");
    let steps = plan_of(&[budget()], &[there]).steps;
    let [Step::Update { wanted, .. }] = steps.as_slice() else { panic!("{steps:?}") };
    assert_eq!(wanted.definition.conditions[&Key::Service].len(), 3);
}

#[test]
fn a_changed_threshold_does_not_write_the_budget() {
    let there = made(&wanted(&budget()).unwrap());
    let changed = Budget { thresholds: vec![50, 100], ..budget() };
    let steps: Vec<String> =
        plan_of(&[changed], &[there]).steps.iter().map(Step::to_string).collect();
    assert_eq!(
        steps,
        [
            "update `tollbook-search`: notify no longer above 80%",
            "update `tollbook-search`: notify above 50%",
        ]
    );
}

#[test]
fn a_budget_of_others_is_left_alone_and_named() {
    let there = Existing { stack: None, ..made(&wanted(&budget()).unwrap()) };
    let plan = plan_of(&[budget()], &[there]);
    assert_eq!(plan.steps, []);
    let reason = plan.not_mirrored[0].reason.to_string();
    assert!(reason.starts_with("there is a budget `tollbook-search`"), "{reason}");
}

#[test]
fn a_copy_of_a_budget_that_cannot_be_mirrored_any_more_is_removed() {
    let there = made(&wanted(&budget()).unwrap());
    let weekly = Budget { calendar: Window::Weekly.into(), ..budget() };
    let plan = plan_of(&[weekly], &[there]);
    assert_eq!(plan.steps, [Step::Remove { name: "tollbook-search".to_owned() }]);
    assert_eq!(plan.not_mirrored[0].reason, Reason::Weekly);
}

#[test]
fn the_quota_is_checked_before_anything_is_made() {
    let foreign = |at: usize| Existing {
        name: format!("{at}"),
        stack: None,
        ..made(&wanted(&budget()).unwrap())
    };
    let account: Vec<Existing> = (0..19_999).map(foreign).collect();
    let budgets = ["a", "b"].map(|it| Budget { name: it.into(), ..budget() });
    let plan = plan_of(&budgets, &account);
    assert_eq!(plan.steps.len(), 1);
    assert_eq!(plan.not_mirrored[0].reason, Reason::Quota(20_000));
}

#[test]
fn a_budget_that_does_not_count_whole_windows_is_drift() {
    for (window, start, expected) in [
        (Window::Daily, "2026-11-20", true),
        (Window::Monthly, "2026-10-15", true),
        (Window::Monthly, "2026-11-01", true),
        (Window::Monthly, "2026-11-02", false),
        (Window::Quarterly, "2026-10-01", true),
        (Window::Quarterly, "2026-08-01", false),
        (Window::Yearly, "2025-01-01", true),
        (Window::Yearly, "2025-07-01", false),
        (Window::Yearly, "2027-01-01", false),
    ] {
        let is_whole = super::plan::counts_whole(window, date(start), date(TODAY));
        assert_eq!(is_whole, expected, "{window} from {start}");
    }
}

/// Budgets of a few forms, some of which cannot be mirrored.
fn any_budget(name: &'static str) -> impl Strategy<Value = Budget> {
    let windows = select(vec![Window::Daily, Window::Weekly, Window::Monthly, Window::Yearly]);
    let scopes = select(vec![
        Filter::default(),
        scope(&[("tag:iamPrincipal/team", &["search"])]),
        scope(&[("service", &["Amazon Bedrock"])]),
        scope(&[("owner", &["search"])]),
    ]);
    let thresholds = subsequence(vec![50_u16, 80, 100], 1..=3);
    let limits = select(vec!["1", "99.50", "100"]);
    (windows, scopes, thresholds, limits).prop_map(move |(window, scope, thresholds, limit)| {
        Budget {
            name: name.into(),
            calendar: window.into(),
            scope,
            thresholds,
            limit: usd(limit),
            ..budget()
        }
    })
}

/// Budgets of an account: copies as they should be, copies that drifted, orphans, and those of others.
fn any_existing(name: &'static str) -> impl Strategy<Value = Existing> {
    let stack = select(vec![Some("tollbook"), Some("other"), None]);
    let definition = prop_oneof![
        any_budget("x")
            .prop_map(|it| wanted(&it).map(|it| it.definition).map_err(|_| "weeks".to_owned())),
        Just(Err("an amount of usage".to_owned())),
    ];
    let topic = select(vec![None, Some(TOPIC), Some("arn:aws:sns:us-east-1:123456789012:old")]);
    let subscribers = (topic, 0..2_usize)
        .prop_filter("someone has it", |(topic, mails)| topic.is_some() || *mails > 0);
    let subscribers = subscribers
        .prop_map(|(topic, mails)| Subscribers { topic: topic.map(str::to_owned), mails });
    let notice = select(vec![Notice::Spent(50), Notice::Spent(90), Notice::Forecast(100)]);
    let notices = proptest::collection::btree_map(notice, subscribers, 0..3);
    let days = select(vec![None, Some("2026-01-01"), Some("2026-11-19"), Some("2027-01-01")]);
    (stack, definition, notices, days.clone(), days).prop_map(
        move |(stack, definition, notices, starts, ends)| Existing {
            name: name.to_owned(),
            stack: stack.map(str::to_owned),
            definition,
            starts: starts.map(date as fn(&str) -> Date),
            ends: ends.map(date as fn(&str) -> Date),
            notices,
            other_notices: 0,
        },
    )
}

proptest! {
    #[test]
    fn a_plan_that_was_done_leaves_nothing_to_do_and_others_untouched(
        budgets in (any_budget("a"), any_budget("b"), any_budget("c")),
        existing in (any_existing("tollbook-a"), any_existing("tollbook-b"), any_existing("z")),
    ) {
        let budgets: [Budget; 3] = budgets.into();
        let mut account: Vec<Existing> = <[Existing; 3]>::from(existing).into();
        let is_foreign = |it: &&Existing| it.stack.as_deref() != Some("tollbook");
        let foreign: Vec<Existing> = account.iter().filter(is_foreign).cloned().collect();
        let first = plan_of(&budgets, &account);
        for step in &first.steps {
            apply(&mut account, step);
        }
        let second = plan_of(&budgets, &account);
        prop_assert_eq!(second.steps, vec![]);
        prop_assert_eq!(second.not_mirrored, first.not_mirrored);
        let after: Vec<Existing> = account.iter().filter(is_foreign).cloned().collect();
        prop_assert_eq!(after, foreign);
    }
}
