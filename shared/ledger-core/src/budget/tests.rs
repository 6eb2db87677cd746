//! Budgets are judged exactly, and their alerts say all there is to say.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::message::window_name;
use super::*;
use crate::currency::Currency;
use crate::dimension::{Dimension, Scope};
use crate::rollup::Rollup;
use crate::testing::*;

fn budget() -> Budget {
    Budget {
        name: "search-monthly".into(),
        owner: "search".into(),
        deputy: Some("platform".into()),
        limit: usd("1000"),
        formerly: None,
        limits: BTreeMap::new(),
        calendar: Window::Monthly.into(),
        starts: None,
        scope: Scope(BTreeMap::from([(Dimension::Owner, vec!["search".to_owned()])])).into(),
        thresholds: vec![50, 80, 100],
        forecast_thresholds: vec![100, 120],
        pace_thresholds: Vec::new(),
        change_thresholds: Vec::new(),
        roll_over_percent_max: None,
        cost_kind: CostKind::Unblended,
    }
}

fn spend(cost: &str) -> Spend {
    Spend {
        period: span("2026-10-01", "2026-11-01"),
        cost: usd(cost),
        beside: Vec::new(),
        previous: Some(usd("412.5")),
        is_comparable: true,
        rolled_over: usd("0"),
        status: Status::Billed,
        data_up_to: Some(date("2026-10-21")),
    }
}

/// The messages of a verdict when nothing was said before.
/// Names as addresses of alerts.
fn to() -> Addressed<'static> {
    static NAMES: LazyLock<[Arc<str>; 2]> = LazyLock::new(|| ["search".into(), "platform".into()]);
    Addressed { receivers: &*NAMES, page: None }
}

fn alerts(verdict: &Verdict) -> Vec<Alert> {
    let driver = |caller: &str, model: &str, meter: Meter, cost| Driver {
        caller: Some(caller.into()),
        model: Some(model.into()),
        meter: meter.into(),
        cost: usd(cost),
    };
    let drivers = [
        driver(
            "arn:aws:sts::123456789012:assumed-role/llm-gateway/*",
            "claude-sonnet-4.6",
            Meter::OutputTokens,
            "610.004",
        ),
        driver("ana@example.com", "nova-lite", Meter::InputTokens, "190"),
    ];
    let due = verdict.due(&[], NOW);
    let alert = |said: &Vec<Crossing>| {
        let (first, also) = said.split_first().unwrap();
        verdict.alert(*first, also, &drivers, to())
    };
    due.messages.iter().map(alert).collect()
}

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

#[track_caller]
fn check(limit: &str, cost: &str, reached: &[u16], state: BudgetState) {
    let verdict = judge(Budget { limit: usd(limit), ..budget() }, spend(cost));
    assert_eq!(verdict.reached, reached, "{cost} of {limit}");
    assert_eq!(verdict.state(), state, "{cost} of {limit}");
}

#[test]
fn a_threshold_is_reached_at_exactly_its_part_of_the_limit() {
    check("1000", "499.999999999999999", &[], BudgetState::Ok);
    check("1000", "500", &[50], BudgetState::Warning);
    check("1000", "799.999999999999999", &[50], BudgetState::Warning);
    check("1000", "800", &[50, 80], BudgetState::Warning);
    check("1000", "999.999999999999999", &[50, 80], BudgetState::Warning);
    check("1000", "1000", &[50, 80, 100], BudgetState::Exceeded);
    check("1000", "-5000", &[], BudgetState::Ok);
}

#[test]
fn a_limit_that_does_not_divide_is_judged_exactly() {
    // Half of it has 16 fraction digits: no amount is equal to it.
    check("0.000000000000003", "0.000000000000001", &[], BudgetState::Ok);
    check("0.000000000000003", "0.000000000000002", &[50], BudgetState::Warning);
    check(
        "9999999999999.999999999999999",
        "9999999999999.999999999999998",
        &[50, 80],
        BudgetState::Warning,
    );
}

#[test]
fn a_budget_is_exceeded_at_its_limit_whatever_its_thresholds() {
    for (thresholds, cost, expected) in [
        (vec![50], "1000", BudgetState::Exceeded),
        (vec![120], "1100", BudgetState::Exceeded),
        (vec![120], "999", BudgetState::Ok),
        (vec![], "1", BudgetState::Ok),
    ] {
        let verdict = judge(Budget { thresholds, ..budget() }, spend(cost));
        assert_eq!(verdict.state(), expected, "{cost}");
    }
}

#[test]
fn another_currency_reaches_nothing() {
    let euro = Currency::parse("EUR").unwrap();
    let limit = Money::parse("1", euro).unwrap().money;
    assert_eq!(judge(Budget { limit, ..budget() }, spend("5")).reached, [0_u16; 0]);
}

fn said(crossing: &str, is_published: bool) -> Said {
    Said { crossing: Crossing::parse(crossing).unwrap(), is_published, at: NOW }
}

/// The crossings of each message at a cost, in their written form.
fn due(cost: &str, said: &[Said], minutes: i64) -> Vec<String> {
    let now = NOW + SignedDuration::from_mins(minutes);
    let due = judge(budget(), spend(cost)).due(said, now);
    let words = |it: &Vec<Crossing>| it.iter().map(ToString::to_string).collect::<Vec<_>>();
    due.messages.iter().map(|it| words(it).join(" ")).collect()
}

/// Those of a cost whose window is expected to end at another.
fn due_ahead(cost: &str, expected: &str, said: &[Said]) -> Vec<String> {
    let expected = usd(expected);
    let projection = Some(Projection { expected, low: expected, high: expected });
    let verdict = Verdict { projection, ..judge(budget(), spend(cost)) };
    let due = verdict.due(said, NOW);
    for crossing in due.messages.iter().flatten() {
        assert!(verdict.still_holds(*crossing), "{crossing}");
    }
    let words = |it: &Vec<Crossing>| it.iter().map(ToString::to_string).collect::<Vec<_>>();
    due.messages.iter().map(|it| words(it).join(" ")).collect()
}

#[test]
fn a_limit_that_is_expected_to_be_reached_is_said_once() {
    assert_eq!(due_ahead("450", "999.99", &[]), [""; 0]);
    assert_eq!(due_ahead("450", "1000", &[]), ["100/projected"]);
    assert_eq!(due_ahead("550", "1300", &[]), ["50", "120/projected 100/projected"]);
    assert_eq!(due_ahead("450", "1300", &[said("100/projected", false)]), ["120/projected"]);
    // It is expected less, and then again: that is no news.
    assert_eq!(due_ahead("450", "1100", &[said("100/projected", true)]), [""; 0]);
    // What was spent is no forecast any more.
    let reached = [said("100", true), said("80", true), said("50", true)];
    assert_eq!(due_ahead("1050", "1250", &reached), ["120/projected"]);
    assert_eq!(due_ahead("1050", "1100", &reached), [""; 0]);
    // It does not stop the thresholds of the cost.
    assert_eq!(due_ahead("1050", "1100", &[said("100/projected", true)]), ["100 80 50"]);
}

#[test]
fn an_alert_on_a_forecast_says_how_far_it_is() {
    let projection =
        Some(Projection { expected: usd("1042.5"), low: usd("980"), high: usd("1120.25") });
    let verdict = Verdict { projection, ..judge(budget(), spend("450")) };
    let alert = alerts(&verdict).pop().unwrap();
    assert_eq!(alert.id.to_string(), "search-monthly/monthly/2026-10-01/100/projected");
    assert_eq!(
        alert.subject,
        "[AI budget] search-monthly forecast 104.2% of 1,000.00 USD (Oct 2026) - owner search"
    );
    assert_eq!(alert.attributes["event"], "projected_limit_exceeded");
    let (head, _) = alert.body.split_once("\n\nWhat drives it").unwrap();
    insta::assert_snapshot!(head, @r"
    Budget `search-monthly` is expected to reach 100% of its limit by the end of its
    window (104.2%): 450.00 USD of 1,000.00 USD (45%) so far.

    Owner:       search
    Deputy:      platform
    Counts:      owner = search, unblended cost
    Window:      monthly 2026-10-01..2026-11-01 (UTC, end excluded)
    Compared:    412.50 USD in the window before, up to the same day
    Data up to:  2026-10-21 (billed)
    Forecast:    1,042.50 USD by its end; 80 of 100 times 980.00 USD to 1,120.25 USD
    Alert id:    search-monthly/monthly/2026-10-01/100/projected
    ");
}

#[test]
fn all_thresholds_of_an_evaluation_are_one_message_named_by_the_highest() {
    assert_eq!(due("812.5", &[], 0), ["80 50"]);
    assert_eq!(due("900", &[said("80", true), said("50", true)], 60), [""; 0]);
    assert_eq!(due("1000", &[said("80", true), said("50", true)], 60), ["100"]);
    assert_eq!(due("1", &[], 0), [""; 0]);
    let alert = alerts(&judge(budget(), spend("812.5"))).pop().unwrap();
    assert_eq!(alert.id.to_string(), "search-monthly/monthly/2026-10-01/80");
    assert!(
        alert.body.starts_with("Budget `search-monthly` has reached 50% and 80% of its limit:")
    );
}

#[test]
fn a_threshold_below_one_that_was_said_goes_without_saying() {
    assert_eq!(due("812.5", &[said("80", true)], 60), [""; 0]);
    assert_eq!(due("1000", &[said("80", false)], 60), ["100"]);
}

#[test]
fn a_cost_that_is_back_below_is_said_once_and_reached_again_is_said_again() {
    let mut history = vec![said("80", true), said("50", true)];
    assert_eq!(due("600", &history, 60), ["80/back_below"]);
    assert_eq!(due("1", &history, 60), ["50/back_below 80/back_below"]);
    history.push(said("80/back_below", true));
    assert_eq!(due("600", &history, 60), [""; 0]);
    assert_eq!(due("800", &history, 60), ["80/2"]);
    history.push(said("80/2", true));
    assert_eq!(due("800", &history, 60), [""; 0]);
    assert_eq!(due("700", &history, 60), ["80/back_below/2"]);
}

#[test]
fn a_cost_below_is_not_believed_of_an_alert_that_is_new_or_never_left() {
    let verdict = judge(budget(), spend("600"));
    let history = [said("80", true), said("50", true)];
    let early = verdict.due(&history, NOW + SignedDuration::from_mins(14));
    assert_eq!((early.messages.len(), early.is_early), (0, true));
    let unsent = verdict.due(&[said("80", false), said("50", true)], NOW);
    assert_eq!(unsent, Due::default());
}

#[test]
fn a_crossing_is_read_as_it_is_written() {
    for text in
        ["80", "80/2", "50/back_below", "1000/back_below/3", "120/projected", "80/escalated/2"]
    {
        assert_eq!(Crossing::parse(text).unwrap().to_string(), text);
    }
    for text in ["", "x", "80/x", "80/", "99999"] {
        assert_eq!(Crossing::parse(text), None, "{text}");
    }
}

#[test]
fn an_alert_says_all_there_is_to_say() {
    let alert = alerts(&judge(budget(), spend("812.505"))).pop().unwrap();
    assert_eq!(
        alert.subject,
        "[AI budget] search-monthly 81.2% of 1,000.00 USD (Oct 2026) - owner search"
    );
    insta::assert_snapshot!(alert.body, @r"
    Budget `search-monthly` has reached 50% and 80% of its limit: 812.50 USD of
    1,000.00 USD (81.2%).

    Owner:       search
    Deputy:      platform
    Counts:      owner = search, unblended cost
    Window:      monthly 2026-10-01..2026-11-01 (UTC, end excluded)
    Compared:    412.50 USD in the window before, up to the same day
    Data up to:  2026-10-21 (billed)
    Alert id:    search-monthly/monthly/2026-10-01/80

    What drives it:
      1. 610.00 USD llm-gateway, claude-sonnet-4.6, output tokens
      2. 190.00 USD ana@example.com, nova-lite, input tokens

    What happens next: there is another alert at 100%. Nothing is blocked: Tollbook
    reads bills and is not in the way of calls.
    See why:
      tollbook report --by principal,model --from 2026-10-01 --to 2026-11-01
    ");
    let is_short = |it: &str| it.chars().count() <= 80;
    assert!(alert.body.lines().all(is_short), "{}", alert.body);
}

#[test]
fn a_message_of_other_kinds_says_what_happened() {
    let mut verdict = judge(budget(), spend("600"));
    verdict.spend.beside = vec![Money::parse("12", Currency::parse("EUR").unwrap()).unwrap().money];
    let crossing = |it: &str| Crossing::parse(it).unwrap();
    let below = verdict.alert(crossing("80/back_below"), &[], &[], to());
    assert_eq!(
        below.subject,
        "[AI budget] search-monthly back below 80%, 60% of 1,000.00 USD (Oct 2026) - owner search"
    );
    assert!(
        below.body.contains("Not counted: 12.00 EUR (the limit is in USD)\n"),
        "{}",
        below.body
    );
    assert_eq!(below.attributes["event"], "back_below");
    let repeat = below.repeated();
    assert!(repeat.body.starts_with("This may be a repeat: "));
    assert_eq!((repeat.id, repeat.attributes), (below.id, below.attributes));
}

#[test]
fn the_last_threshold_says_that_no_more_follows() {
    let alert = alerts(&judge(budget(), spend("1000"))).pop().unwrap();
    assert!(alert.body.contains("this was the last threshold of this window."));
    assert_eq!(alert.attributes["event"], "budget_crossed");
}

#[test]
fn subscribers_get_ten_values_and_compare_numbers_as_numbers() {
    let mut alert = alerts(&judge(budget(), spend("812.505000009"))).pop().unwrap();
    // Alerts of earlier releases hold more.
    alert.attributes.insert("status".to_owned(), "billed".to_owned());
    let text = |it: &str| AttributeValue::Text(it.to_owned());
    let number = |it: &str| AttributeValue::Number(it.parse().unwrap());
    let expected = [
        ("alert_id", text("search-monthly/monthly/2026-10-01/80")),
        ("budget", text("search-monthly")),
        ("currency", text("USD")),
        ("event", text("threshold_crossed")),
        ("limit", number("1000")),
        ("owner", text("search")),
        ("spend", number("812.505")),
        ("threshold_percent", number("80")),
        ("window", text("monthly")),
        ("receiver", AttributeValue::Texts(vec!["search".into(), "platform".into()])),
    ];
    assert_eq!(alert.published_attributes(), expected);
    assert_eq!(alert.attributes["spend"], "812.505000009");
    alert.attributes.insert("window".to_owned(), String::new());
    alert.receivers.clear();
    assert_eq!(alert.published_attributes().len(), 8, "a value that is empty is none");
}

#[test]
fn a_body_names_some_of_many_owners() {
    let owners = (0..3_600).map(|it| format!("team-{it}")).collect();
    let scope = Scope(BTreeMap::from([(Dimension::Owner, owners)])).into();
    let verdict = judge(Budget { scope, ..budget() }, spend("812.505"));
    let alert = alerts(&verdict).pop().unwrap();
    assert!(alert.body.contains("team-19 or 3580 more, unblended cost"), "{}", alert.body);
}

#[test]
fn a_name_on_a_bill_makes_no_line_of_its_own_and_no_message_that_is_refused() {
    let verdict = judge(budget(), spend("812.505"));
    let driver = |caller: &str| Driver {
        caller: Some(caller.into()),
        model: None,
        meter: Word::Known(Meter::InputTokens),
        cost: usd("1"),
    };
    let drivers = [
        driver("a\n\nOwner:       other\r\nSee why: https://example.com"),
        driver("\u{202e}b"),
        driver(&"🦀".repeat(300_000)),
    ];
    let body = verdict.alert(Crossing::reached(80), &[], &drivers, to()).body;
    assert!(
        body.contains(concat!(
            "  1. 1.00 USD a\\u{a}\\u{a}Owner:       other\\u{d}\\u{a}See why:\n",
            "     https://example.com, input tokens\n",
            "  2. 1.00 USD \\u{202e}b, input tokens\n",
        )),
        "{body}"
    );
    assert!(body.contains("🦀…\n") && body.len() < 16 * 1024, "{}", body.len());
    let of_ours = body.lines().filter(|it| it.starts_with("Owner:"));
    assert_eq!(of_ours.collect::<Vec<_>>(), ["Owner:       search"]);
}

#[test]
fn windows_have_names() {
    let april = Fiscal { first_month: 4, ..Fiscal::CALENDAR };
    let fiscal = |window| Calendar::Repeating { window, fiscal: april, zone: Zone::UTC };
    for (calendar, expected) in [
        (Window::Daily.into(), "2026-10-05"),
        (Window::Weekly.into(), "week of 2026-10-05"),
        (Window::Monthly.into(), "Oct 2026"),
        (Window::Quarterly.into(), "Q4 2026"),
        (Window::Yearly.into(), "2026"),
        // The third quarter of that year, and no calendar year.
        (fiscal(Window::Quarterly), "2026-10-01..2027-01-01"),
        (fiscal(Window::Yearly), "2026-04-01..2027-04-01"),
        (Calendar::Once(span("2026-10-01", "2026-11-01")), "2026-10-01..2026-11-01"),
    ] {
        let period = calendar.containing(date("2026-10-05")).unwrap();
        assert_eq!(window_name(&calendar, period), expected);
    }
    // Of a first window that is not whole.
    let part = span("2026-10-05", "2026-11-01");
    assert_eq!(window_name(&Window::Monthly.into(), part), "2026-10-05..2026-11-01");
}

/// Scopes of the values that rows have, named twice: each alone, and each with one of another dimension.
fn scopes_of(rows: &[(Date, Rollup)]) -> Vec<Filter> {
    let dimensions = ["owner", "principal", "account", "model", "meter", "day"];
    let mut scopes = vec![Scope::default()];
    for (at, (day, rollup)) in rows.iter().enumerate() {
        let of = |word: &str| {
            let dimension = Dimension::parse(word).unwrap();
            let value = dimension.value_of(rollup.row(), *day)?.into_owned();
            Some((dimension, vec![value.clone(), "another".to_owned(), value]))
        };
        let (one, two) = (dimensions[at % 6], dimensions[(at / 6 + 1) % 6]);
        scopes.push(Scope(of(one).into_iter().collect()));
        scopes.push(Scope(of(one).into_iter().chain(of(two)).collect()));
    }
    scopes.into_iter().map(Filter::from).collect()
}

proptest! {
    /// However budgets are found for a row: each has all rows of its scope, and each of them once.
    #[test]
    fn a_budget_counts_all_of_its_scope(lines in any_line_items(), rules in any_rules()) {
        let rows = rollups_of(&ledger_of(&lines, &rules).0, true);
        let all = span("2000-01-01", "2100-01-01");
        let of_scope = |scope| Budget { scope, calendar: Calendar::Once(all), ..budget() };
        let budgets: Vec<Budget> = scopes_of(&rows).into_iter().map(of_scope).collect();
        let windows: Vec<BudgetWindow<'_>> =
            budgets.iter().map(|budget| BudgetWindow { budget, period: all }).collect();
        let mut spending = BudgetSpending::new(&windows, None);
        ask(&mut spending, &rows);
        for (budget, verdict) in budgets.iter().zip(spending.finish().unwrap()) {
            let mut expected = Money::zero(Currency::USD);
            for (day, rollup) in &rows {
                let cost = rollup.row().measures().costs.of(CostKind::Unblended);
                if budget.scope.contains(rollup.row(), *day) && cost.currency() == Currency::USD {
                    expected = expected.checked_add(cost).unwrap();
                }
            }
            prop_assert_eq!(verdict.spend.cost, expected, "{}", budget.scope);
        }
    }

    #[test]
    fn a_subject_is_one_short_line_whatever_a_name_holds(name in "(?s).{0,200}", owner in "(?s).{0,200}") {
        let budget = Budget { name: name.into(), owner: owner.into(), ..budget() };
        let alert = alerts(&judge(budget, spend("1000"))).pop().unwrap();
        prop_assert!(alert.subject.chars().count() < 100);
        let breaks = ['\n', '\r', '\0', '\u{85}', '\u{2028}', '\u{2029}'];
        let has_break = alert.subject.contains(breaks);
        prop_assert!(!has_break, "{}", alert.subject);
    }

    #[test]
    fn more_spend_never_reaches_less(less in 0..3_000_i64, more in 0..3_000_i64) {
        let (less, more) = (less.min(more), less.max(more));
        let reached = |cost: i64| judge(budget(), spend(&cost.to_string())).reached;
        prop_assert!(reached(more).starts_with(&reached(less)));
    }
}
