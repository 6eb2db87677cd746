use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use ledger_core::budget::Calendar;
use ledger_core::cost::CostKind;
use ledger_core::currency::Currency;
use ledger_core::mirror::{Definition, Existing, Key, Notice};
use ledger_core::money::Money;
use ledger_core::period::Window;

use super::*;
use crate::budget_file::parse_budgets;

const TODAY: Date = Date::constant(2026, 11, 20);

fn existing(name: &str) -> Existing {
    let values = |it: &str| BTreeSet::from([it.to_owned()]);
    let conditions = BTreeMap::from([
        (Key::Service, values("Amazon Bedrock")),
        (Key::Tag("iamPrincipal/team".into()), values("data \"science\"")),
        (Key::Category("Unit".into()), values("a")),
    ]);
    Existing {
        name: name.to_owned(),
        stack: None,
        definition: Ok(Definition {
            limit: Money::parse("99.50", Currency::USD).unwrap().money,
            window: Window::Monthly,
            cost_kind: CostKind::Amortized,
            conditions,
        }),
        starts: Some(Date::constant(2026, 1, 1)),
        ends: None,
        notices: BTreeMap::new(),
        other_notices: 0,
    }
}

fn with(change: impl FnOnce(&mut Existing)) -> Existing {
    let mut it = existing("x");
    change(&mut it);
    it
}

#[test]
fn a_budget_that_tollbook_counts_alike_is_an_entry_that_can_be_applied() {
    let mut budget = existing("gateway: \"all\"");
    let notices =
        [Notice::Spent(80), Notice::Spent(100), Notice::Forecast(100), Notice::Forecast(90)];
    budget.notices = notices.map(|it| (it, Default::default())).into();
    budget.other_notices = 1;
    let text = budgets_text(&[budget], "platform", TODAY);
    let read = parse_budgets(&text).unwrap().remove(0);
    assert_eq!(&*read.name, "gateway: \"all\"");
    assert_eq!(read.limit.to_string(), "99.5 USD");
    assert_eq!(read.calendar, Calendar::from(Window::Monthly));
    assert_eq!(read.cost_kind, CostKind::Amortized);
    assert_eq!((read.thresholds, read.forecast_thresholds), (vec![80, 100], vec![100]));
    assert_eq!(
        read.scope.to_string(),
        "service = Amazon Bedrock and tag:costCategory/Unit = a and tag:iamPrincipal/team = data \
         \"science\""
    );
    assert!(text.contains("# left out: a notification of AWS forecast above 90%\n"), "{text}");
    assert!(text.contains("# left out: 1 notifications of AWS that are no whole"), "{text}");
}

#[test]
fn a_budget_that_counts_another_cost_is_a_comment_with_the_reason() {
    fn conditions(it: &mut Existing) -> &mut ledger_core::mirror::Conditions {
        &mut it.definition.as_mut().unwrap().conditions
    }
    let day = |text: &str| Some(text.parse().unwrap());
    for (budget, expected) in [
        (with(|it| drop(conditions(it).remove(&Key::Service))), "it counts all services"),
        (
            with(|it| {
                conditions(it).insert(Key::Service, BTreeSet::from(["Amazon EC2".to_owned()]));
            }),
            "it counts \"Amazon EC2\", which is not AI",
        ),
        (
            with(|it| {
                conditions(it).insert(Key::Account, BTreeSet::from(["a*".to_owned()]));
            }),
            "\"a*\" would be a pattern",
        ),
        (with(|it| it.definition = Err("an amount of usage".to_owned())), "an amount of usage"),
        (with(|it| it.stack = Some("tollbook".to_owned())), "the copy of a budget"),
        (with(|it| it.ends = day("2027-01-01")), "it ends on 2027-01-01"),
        (with(|it| it.starts = day("2026-12-01")), "it begins on 2026-12-01"),
        (with(|it| it.name = "a\nb\u{202e}".to_owned()), "`name` holds U+000A"),
    ] {
        let text = budgets_text(&[budget], "platform", TODAY);
        assert!(text.contains(expected), "{text}");
        assert!(text.lines().all(|it| it.is_empty() || it.starts_with("# ")), "{text}");
        assert_eq!(parse_budgets(&text).unwrap(), []);
    }
}

#[test]
fn a_budget_without_notifications_has_one_threshold_that_is_said() {
    let text = budgets_text(&[existing("x")], "platform", TODAY);
    assert_eq!(parse_budgets(&text).unwrap().remove(0).thresholds, [100]);
    assert!(text.contains("# added: a threshold of 100"), "{text}");
}
