//! Conditions with alternatives, exceptions, expressions and days, beside an evaluator that is slow
//! and obvious.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::bill_text::{BillText, BillTexts};
use crate::caller::Caller;
use crate::line_item::LineItem;
use crate::model::Model;
use crate::owner::UNATTRIBUTED;
use crate::testing::*;

/// A pattern as a test writes it.
#[derive(Clone, Copy, Debug)]
enum Written {
    Plain(&'static str),
    Form(PatternForm, &'static str),
}

/// A condition as a test writes it.
#[derive(Clone, Debug, Default)]
struct Tree {
    fields: Vec<(MatchKey, Vec<Written>)>,
    all: Vec<Tree>,
    any: Vec<Tree>,
    not: Vec<Tree>,
}

impl Tree {
    fn matcher(&self) -> Matcher {
        let pattern = |key: &MatchKey, it: &Written| match it {
            Written::Plain(text) => Pattern::parse(key, text).unwrap(),
            Written::Form(form, text) => Pattern::of_form(key, *form, text).unwrap(),
        };
        let fields = self.fields.iter().map(|(key, patterns)| {
            (key.clone(), patterns.iter().map(|it| pattern(key, it)).collect())
        });
        let inner = |trees: &[Tree]| trees.iter().map(Tree::matcher).collect();
        Matcher {
            patterns: fields.collect(),
            all: inner(&self.all),
            any: inner(&self.any),
            not: inner(&self.not),
        }
    }

    fn holds(&self, values: &BTreeMap<MatchKey, String>) -> bool {
        // A key that is written twice counts once: the last, as in a file.
        let fields: BTreeMap<_, _> = self.fields.iter().map(|(key, it)| (key, it)).collect();
        for (key, patterns) in fields {
            let Some(value) = values.get(key) else { return false };
            let mut is_any = false;
            for pattern in patterns {
                is_any |= is_like(*pattern, value);
            }
            if !is_any {
                return false;
            }
        }
        for part in &self.all {
            if !part.holds(values) {
                return false;
            }
        }
        for part in &self.not {
            if part.holds(values) {
                return false;
            }
        }
        self.any.is_empty() || self.any.iter().any(|it| it.holds(values))
    }
}

fn is_like(pattern: Written, value: &str) -> bool {
    match pattern {
        Written::Plain(text) => glob(text, value),
        Written::Form(PatternForm::Exact, text) => text == value,
        Written::Form(PatternForm::Prefix, text) => value.get(..text.len()) == Some(text),
        Written::Form(PatternForm::Suffix, text) => value.ends_with(text),
        Written::Form(PatternForm::Regex, "a+") => {
            !value.is_empty() && value.replace('a', "").is_empty()
        }
        Written::Form(PatternForm::Regex, ".*") => true,
        Written::Form(PatternForm::Regex, text) => unreachable!("{text}"),
    }
}

fn glob(pattern: &str, value: &str) -> bool {
    let Some(first) = pattern.chars().next() else { return value.is_empty() };
    let rest = &pattern[1..];
    match first {
        '*' => (0..=value.len()).any(|at| glob(rest, &value[at..])),
        '?' => !value.is_empty() && glob(rest, &value[1..]),
        _ => value.starts_with(first) && glob(rest, &value[1..]),
    }
}

fn keys() -> Vec<MatchKey> {
    vec![MatchKey::Role, MatchKey::Model, MatchKey::Text(BillText::Region)]
}

fn any_tree() -> impl Strategy<Value = Tree> {
    let plain = select(vec!["a", "b", "ab", "a*", "*b", "*", "?", "a?", "*a*"]);
    let form = (select(PatternForm::ALL.to_vec()), select(vec!["a", "b", "ab"]));
    let pattern = prop_oneof![
        plain.prop_map(Written::Plain),
        form.prop_map(|(form, text)| match (form, text) {
            (PatternForm::Regex, "a") => Written::Form(form, "a+"),
            (PatternForm::Regex, _) => Written::Form(form, ".*"),
            _ => Written::Form(form, text),
        }),
    ];
    let field = (select(keys()), prop::collection::vec(pattern, 1..3));
    let fields = prop::collection::vec(field, 0..3);
    let leaf = fields.clone().prop_map(|fields| Tree { fields, ..Tree::default() });
    leaf.prop_recursive(3, 8, 2, move |inner| {
        let parts = || prop::collection::vec(inner.clone(), 0..3);
        (fields.clone(), parts(), parts(), parts()).prop_map(|(fields, all, any, not)| Tree {
            fields,
            all,
            any,
            not,
        })
    })
}

/// All lines with short values of the keys, or without one.
fn lines() -> Vec<(LineItem, BTreeMap<MatchKey, String>)> {
    let values = [None, Some("a"), Some("b"), Some("ab"), Some("ba"), Some("aa")];
    let mut lines = Vec::new();
    for role in values {
        for model in values {
            for region in values {
                let caller =
                    role.map(|it| format!("arn:aws:sts::123456789012:assumed-role/{it}/s"));
                let line = LineItem {
                    caller: caller.as_deref().map(Caller::parse),
                    model: Model { name: model.map(Into::into), ..Model::default() },
                    texts: BillTexts::default().with(BillText::Region, region.map(Into::into)),
                    ..line()
                };
                let set = keys().into_iter().zip([role, model, region]);
                let set = set.filter_map(|(key, value)| Some((key, value?.to_owned())));
                lines.push((line, set.collect()));
            }
        }
    }
    lines
}

fn rules_of(trees: &[Tree]) -> AttributionRules {
    let rules = trees.iter().enumerate().map(|(at, tree)| {
        let rule = rule(&format!("r{at}"), &[], &format!("owner {at}"));
        Rule { when: tree.matcher(), ..rule }
    });
    rules_in(rules.collect())
}

fn rules_in(all: Vec<Rule>) -> AttributionRules {
    AttributionRules { version: 1, rules: all, ..AttributionRules::default() }
}

proptest! {
    /// The first rule that an obvious evaluator finds is the one that claims, and the only one.
    #[test]
    fn a_fact_has_the_claim_of_the_first_rule_that_holds(
        trees in prop::collection::vec(any_tree(), 0..5),
    ) {
        let rules = rules_of(&trees);
        for (line, values) in lines() {
            let expected = trees.iter().position(|it| it.holds(&values));
            let owner = expected.map_or(UNATTRIBUTED.to_owned(), |at| format!("owner {at}"));
            let claim = claim_of(&line, &rules);
            prop_assert_eq!(claim.owner.as_str(), &owner);
            let fact = crate::fact::FactKey::of(line.clone());
            let caller = fact.caller();
            let fact = fact.with_caller(caller.as_ref());
            let explained = rules.explain(fact, line.day);
            let last = explained.last().filter(|(_, it)| *it == RuleOutcome::Claims);
            prop_assert_eq!(last.map(|(rule, _)| &rule.name), claim.rule.as_ref());
            prop_assert_eq!(explained.len(), expected.map_or(trees.len(), |at| at + 1));
            let all: Vec<usize> = rules.claims(fact, line.day).map(|(at, _)| at).collect();
            let every = (0..trees.len()).filter(|at| trees[*at].holds(&values));
            prop_assert_eq!(all, every.collect::<Vec<_>>());
        }
    }

    /// A rule that is said to claim nothing claims nothing, and a wider rule has all of a narrower one.
    #[test]
    fn what_is_proven_of_rules_is_so(trees in prop::collection::vec(any_tree(), 1..4)) {
        let rules = rules_of(&trees);
        let dead: Vec<usize> = rules.dead().into_iter().map(|(at, _)| at).collect();
        for (_, values) in lines() {
            let first = trees.iter().position(|it| it.holds(&values));
            prop_assert!(first.is_none_or(|at| !dead.contains(&at)), "{first:?} {trees:?}");
            let holds: Vec<bool> = trees.iter().map(|it| it.holds(&values)).collect();
            for narrow in 0..trees.len() {
                for wide in 0..trees.len() {
                    let is_outside = holds[narrow] && !holds[wide];
                    prop_assert!(!is_outside || !rules.is_narrower(narrow, wide), "{trees:?}");
                }
            }
        }
    }

    /// P1 with days and captured names: each day of a bill sums to what was read, and a fact has on each
    /// day the claim that it would have alone.
    #[test]
    fn money_is_conserved_on_every_day(lines in any_line_items(), rules in any_rules()) {
        let lines: Vec<LineItem> = lines.into_iter().filter(is_ai).collect();
        let (ledger, _) = ledger_of(&lines, &rules);
        let kept = rollups_of(&ledger, true);
        let read = totals(lines.iter().map(|it| it.costs));
        prop_assert_eq!(totals(kept.iter().map(|(_, it)| it.row().measures().costs)), read);
        for (day, rollup) in &kept {
            let key = rollup.row().position().unwrap();
            let fact = key.to_fact();
            let claim = rules.claim(fact.with_caller(fact.caller().as_ref()), *day);
            prop_assert_eq!(&claim.owner, &key.summary.owner);
            prop_assert_eq!(&claim.business, &key.summary.business);
            prop_assert_eq!(&claim.rule, &key.rule);
        }
    }
}

fn form(key: MatchKey, form: PatternForm, text: &str) -> Matcher {
    let pattern = Pattern::of_form(&key, form, text).unwrap();
    Matcher { patterns: BTreeMap::from([(key, vec![pattern])]), ..Matcher::default() }
}

fn when(when: Matcher, owner: &str) -> Rule {
    let groups = when.clone();
    let owner = Template::with_groups(owner, &groups.group_names()).unwrap();
    Rule { when, owner, ..rule("it", &[], "x") }
}

#[test]
fn a_value_is_made_of_captured_names() {
    let role = |text: &str| form(MatchKey::Role, PatternForm::Regex, text);
    let of = |rule: Rule| claim_of(&line(), &rules_in(vec![rule])).owner.to_string();
    // The role of the line is `llm-gateway`.
    for (expression, owner, expected) in [
        ("(?<team>[a-z]+)-gateway", "{team}", "llm"),
        (
            "(?<team>[a-z]+)-(?<what>.*)",
            "team-{team} ({what}, {account})",
            "team-llm (gateway, 123456789012)",
        ),
        ("llm-gateway(?<team>.*)", "{team}", UNATTRIBUTED),
        ("llm-gateway(?<team>x)?", "{team}", UNATTRIBUTED),
        ("(?<team>[a-z]+)", "{team}", UNATTRIBUTED),
        ("llm|gateway|(?<team>z)", "{team}", UNATTRIBUTED),
        ("(?<team>llm)-.*|.*", "Un{team}", "Unllm"),
    ] {
        assert_eq!(of(when(role(expression), owner)), expected, "{expression}");
    }
    let any = vec![role("nope-(?<team>.*)"), role("(?<team>llm).*"), role("(?<team>.*)")];
    assert_eq!(of(when(Matcher { any, ..Matcher::default() }, "{team}")), "llm");
    let not = Matcher { not: vec![role("(?<team>x).*")], ..Matcher::default() };
    assert_eq!(
        not.group_names(),
        std::collections::BTreeSet::new(),
        "what is excluded has no name"
    );
}

#[test]
fn a_session_that_was_put_together_with_others_has_no_captured_name() {
    let caller = "arn:aws:sts::123456789012:assumed-role/worker/job-*";
    let session = form(MatchKey::Session, PatternForm::Regex, "(?<job>[a-z]+)-(?<run>.*)");
    for (owner, expected) in [("{job}", "job"), ("{run}", UNATTRIBUTED)] {
        let rules = rules_in(vec![when(session.clone(), owner)]);
        assert_eq!(claim_of(&line_of(caller, "1"), &rules).owner.as_str(), expected);
    }
}

#[test]
fn a_rule_counts_from_a_day_to_before_another() {
    let day = |text| Some(date(text));
    let mut october = rule("it", &[], "mine");
    october.validity = Validity::new(day("2026-10-01"), day("2026-11-01")).unwrap();
    let rules = rules_in(vec![october]);
    for (text, expected) in [
        ("2026-09-30", UNATTRIBUTED),
        ("2026-10-01", "mine"),
        ("2026-10-31", "mine"),
        ("2026-11-01", UNATTRIBUTED),
    ] {
        let line = LineItem { day: date(text), ..line() };
        assert_eq!(claim_of(&line, &rules).owner.as_str(), expected, "{text}");
    }
    let fact = crate::fact::FactKey::of(line());
    let explained = rules.explain(fact.with_caller(None), date("2026-11-01"));
    assert_eq!(explained[0].1.to_string(), "it counts from 2026-10-01 to before 2026-11-01");
    assert!(Validity::new(day("2026-11-01"), day("2026-11-01")).is_err());
}

#[test]
fn expressions_are_of_the_whole_value_and_of_bounded_size() {
    let parse = |text: &str| Pattern::of_form(&MatchKey::Role, PatternForm::Regex, text);
    for text in ["(", "a)|(?:b", "(?P<n>", "(?x) a #", "[a-z]{1,1000}{1,1000}", ""] {
        assert!(parse(text).is_err(), "{text}");
    }
    let whole = parse("a|b").unwrap();
    assert!(whole.matches("a") && whole.matches("b"));
    assert!(!whole.matches("ab") && !whole.matches("xb") && !whole.matches("a\n"));
    let message = parse("(").unwrap_err().to_string();
    assert!(message.starts_with("`role` has the regex `(`, which cannot be used ("), "{message}");
}

#[test]
fn why_a_rule_does_not_match_is_said_of_its_parts() {
    let role = |text: &'static str| matcher(&[(MatchKey::Role, text)]);
    let user = matcher(&[(MatchKey::User, "*")]);
    for (condition, expected) in [
        (Matcher { all: vec![role("x")], ..Matcher::default() }, "role is `llm-gateway`"),
        (
            Matcher { any: vec![role("x"), user], ..Matcher::default() },
            "no part of `any` matches: role is `llm-gateway`, it has no user",
        ),
        (
            Matcher { not: vec![role("x"), role("llm-*")], ..Matcher::default() },
            "a part of `not` matches: role is `llm-gateway`",
        ),
    ] {
        let fact = crate::fact::FactKey::of(line());
        let rules = rules_in(vec![when(condition, "mine")]);
        let explained = rules.explain(fact.with_caller(fact.caller().as_ref()), line().day);
        assert_eq!(explained[0].1.to_string(), expected);
    }
}

#[test]
fn rules_that_can_never_claim_anything_are_found_where_it_can_be_proven() {
    let role = |text: &'static str| matcher(&[(MatchKey::Role, text)]);
    let regex = |text: &str| form(MatchKey::Role, PatternForm::Regex, text);
    let prefix = |text: &str| form(MatchKey::Role, PatternForm::Prefix, text);
    let any = |any: Vec<Matcher>| Matcher { any, ..Matcher::default() };
    let not = |not: Matcher| Matcher { not: vec![not], ..Matcher::default() };
    let both = |all: Vec<Matcher>| Matcher { all, ..Matcher::default() };
    let contradictory = |it: Matcher| {
        let findings = rules_in(vec![when(it, "x")]).findings();
        findings.first().map(|it| it.code.as_str())
    };
    for (condition, expected) in [
        (both(vec![role("a*"), role("b*")]), true),
        (both(vec![role("a*"), role("*b")]), false),
        (both(vec![role("a*"), not(role("*"))]), true),
        (both(vec![prefix("team-a-"), not(prefix("team-"))]), true),
        (both(vec![role("ab"), regex("a")]), true),
        (both(vec![regex("a"), regex("b")]), false),
        (both(vec![any(vec![role("a"), role("b")]), role("c*")]), true),
        (not(role("*")), false),
    ] {
        let found = contradictory(condition.clone());
        assert_eq!(found.is_some(), expected, "{condition:?}");
        assert!(found.is_none_or(|it| it == "rule-contradictory"));
    }
    let hidden = |earlier: &[Matcher], later: Matcher| {
        let earlier = earlier.iter().map(|it| when(it.clone(), "x"));
        let named = earlier.chain([when(later, "y")]).enumerate();
        let named = named.map(|(at, it)| Rule { name: format!("r{at}").into(), ..it });
        let dead = rules_in(named.collect()).dead();
        dead.into_iter().map(|(_, it)| it.message).next_back()
    };
    for (earlier, later) in [
        (any(vec![role("a*"), role("b*")]), role("ab")),
        (prefix("team-"), role("team-*-prod")),
        (regex("a+"), role("aa")),
        (regex("a+"), regex("a+")),
        (not(role("a*")), role("b*")),
        (role("*"), any(vec![role("a"), role("b")])),
    ] {
        assert!(
            hidden(std::slice::from_ref(&earlier), later.clone()).is_some(),
            "{earlier:?} {later:?}"
        );
    }
    for (earlier, later) in [
        (any(vec![role("a*"), role("b*")]), role("c*")),
        (regex("a+"), role("a*")),
        (not(role("a*")), role("*")),
        (role("*"), not(role("a"))),
    ] {
        assert_eq!(hidden(&[earlier], later), None);
    }
    assert_eq!(
        hidden(&[role("a"), role("b")], any(vec![role("a"), role("b")])).unwrap(),
        "rule `r2` can never match: rules `r0` and `r1` above it together claim the same lines; put \
         the narrower rule first"
    );
    // Days outside of the earlier rule's stay.
    let mut october = when(role("*"), "x");
    october.validity = Validity::new(Some(date("2026-10-01")), None).unwrap();
    let later = when(role("a"), "y");
    assert!(rules_in(vec![october.clone(), later.clone()]).findings().is_empty());
    let later = Rule { validity: october.validity, ..later };
    assert_eq!(rules_in(vec![october, later]).findings().len(), 1);
}
