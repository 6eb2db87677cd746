use proptest::prelude::*;
use proptest::sample::select;

use std::sync::Arc;

use super::*;
use crate::business::{BusinessField, BusinessKey, OwnDimension};
use crate::fact::FactKey;
use crate::level::Level;
use crate::line_item::LineItem;
use crate::model::Model;
use crate::owner::{Owner, UNATTRIBUTED};
use crate::testing::*;

fn tag(key: &str) -> MatchKey {
    MatchKey::Tag(key.into())
}

fn owner_of(line: &LineItem, all: &[Rule]) -> String {
    claim_of(line, &rules(all)).owner.to_string()
}

#[track_caller]
fn check_match(line: &LineItem, key: MatchKey, text: &str, expected: bool) {
    let owner = owner_of(line, &[rule("it", &[(key, text)], "mine")]);
    assert_eq!(owner, if expected { "mine" } else { UNATTRIBUTED }, "{text}");
}

fn mismatch(key: MatchKey, value: Option<&str>) -> RuleOutcome {
    RuleOutcome::Mismatch(Mismatch::Value(key, value.map(str::to_owned)))
}

#[test]
fn a_claim_is_explained_rule_by_rule() {
    let rules = rules(&[
        rule("by tag", &[(tag("iamPrincipal/project"), "*")], "first"),
        rule("by role", &[(MatchKey::Role, "search-*")], "second"),
        rule("by project", &[], "{tag:iamPrincipal/project}"),
        rule("by team", &[(MatchKey::Role, "llm-*")], "{tag:iamPrincipal/team}"),
        rule("never asked", &[], "third"),
    ]);
    let fact = FactKey::of(line());
    let explained = rules.explain(fact.with_caller(fact.caller().as_ref()), date("2026-10-05"));
    let outcomes: Vec<_> =
        explained.into_iter().map(|(rule, outcome)| (&*rule.name, outcome)).collect();
    assert_eq!(
        outcomes,
        [
            ("by tag", mismatch(tag("iamPrincipal/project"), None)),
            ("by role", mismatch(MatchKey::Role, Some("llm-gateway"))),
            ("by project", RuleOutcome::NotFilled(Unfilled::Field(tag("iamPrincipal/project")))),
            ("by team", RuleOutcome::Claims),
        ]
    );
}

#[test]
fn an_owner_named_as_what_no_rule_claims_is_the_same_owner() {
    let of_tag = rules(&[rule("by team", &[], "{tag:iamPrincipal/team}")]);
    let tags =
        std::collections::BTreeMap::from([("iamPrincipal/team".into(), UNATTRIBUTED.into())]);
    let line = LineItem { tags: tags.into(), ..line() };
    assert_eq!(claim_of(&line, &of_tag).owner, Owner::Unattributed);
}

#[test]
fn each_key_is_held_against_its_part_of_the_line() {
    let line = line();
    for (key, hit, miss) in [
        (MatchKey::Principal, GATEWAY, "arn:aws:sts::123456789012:assumed-role/other/*"),
        (MatchKey::Account, "1234567890??", "210987654321"),
        (MatchKey::Role, "llm-*", "*-llm"),
        (MatchKey::Session, "checkout", "Checkout"),
        (MatchKey::Provider, "aws", "azure"),
        (MatchKey::Publisher, "Amazon", "Anthropic"),
        (MatchKey::Category, "usage", "tax"),
        (MatchKey::Model, "nova-*", "claude-*"),
        (MatchKey::Service, "Amazon Bedrock", "Bedrock"),
        (MatchKey::UsageType, "USE1-*-input-tokens", "EUW1-*"),
        (MatchKey::LineType, "Usage", "Tax"),
        (tag(TEAM_TAG), "search", "ads"),
    ] {
        check_match(&line, key.clone(), hit, true);
        check_match(&line, key, miss, false);
    }
}

#[test]
fn a_user_is_a_person_or_an_iam_user_and_never_a_plain_session() {
    check_match(&line_of(PERSON, "1"), MatchKey::User, "ana@*", true);
    check_match(&line_of(USER, "1"), MatchKey::User, "batch", true);
    check_match(&line_of(GATEWAY, "1"), MatchKey::User, "*", false);
    check_match(&line_of(USER, "1"), MatchKey::Role, "*", false);
}

#[test]
fn what_a_line_does_not_have_matches_no_pattern() {
    let bare = LineItem { caller: None, model: Model::default(), tags: Arc::default(), ..line() };
    for key in [
        MatchKey::Principal,
        MatchKey::Role,
        MatchKey::Session,
        MatchKey::User,
        MatchKey::Publisher,
        MatchKey::Model,
        tag(TEAM_TAG),
    ] {
        check_match(&bare, key, "*", false);
    }
    assert_eq!(owner_of(&bare, &[rule("all", &[], "mine")]), "mine");
}

#[test]
fn one_pattern_of_a_key_and_every_key_must_match() {
    let role = |text| (MatchKey::Role, text);
    let session = |text| (MatchKey::Session, text);
    let line = line();
    for (when, expected) in [
        (vec![role("other"), role("llm-gateway")], "mine"),
        (vec![role("llm-gateway"), session("checkout")], "mine"),
        (vec![role("llm-gateway"), session("other")], UNATTRIBUTED),
    ] {
        assert_eq!(owner_of(&line, &[rule("it", &when, "mine")]), expected);
    }
}

#[test]
fn the_first_rule_that_matches_wins_and_is_remembered() {
    let rules = rules(&[
        rule("no", &[(MatchKey::Model, "claude-*")], "first"),
        rule("yes", &[(MatchKey::Model, "nova-*")], "second"),
        rule("late", &[], "third"),
    ]);
    let line = line();
    let claim = claim_of(&line, &rules);
    assert_eq!((claim.owner.as_str(), claim.rule.as_deref()), ("second", Some("yes")));
}

#[test]
fn templates_are_filled_from_the_line() {
    for (template, expected) in [
        ("Search & Ads", "Search & Ads"),
        ("{account}", "123456789012"),
        ("{role}", "llm-gateway"),
        ("{session}", "checkout"),
        ("{model}", "nova-lite"),
        ("{service}", "Amazon Bedrock"),
        ("{tag:iamPrincipal/team}", "search"),
    ] {
        assert_eq!(owner_of(&line(), &[rule("it", &[], template)]), expected);
    }
    assert_eq!(owner_of(&line_of(PERSON, "1"), &[rule("it", &[], "{user}")]), "ana@example.com");
}

#[test]
fn a_rule_that_cannot_be_filled_does_not_match() {
    let by_tag = rule("tag", &[], "{tag:iamPrincipal/team}");
    let fallback = rule("fallback", &[], "platform");
    for value in [None, Some(""), Some("  "), Some(UNATTRIBUTED)] {
        let tags = value.iter().map(|it| (TEAM_TAG.into(), (*it).into())).collect();
        let line = LineItem { tags: Arc::new(tags), ..line() };
        assert_eq!(owner_of(&line, std::slice::from_ref(&by_tag)), UNATTRIBUTED, "{value:?}");
        assert_eq!(owner_of(&line, &[by_tag.clone(), fallback.clone()]), "platform");
    }
}

#[test]
fn a_business_dimension_that_cannot_be_filled_keeps_the_rule_from_matching() {
    let mut strict = rule("strict", &[], "mine");
    let template = Template::parse("{tag:resourceTags/cost-centre}").unwrap();
    strict.business.insert(BusinessKey::Named(BusinessField::CostCentre), template);
    assert_eq!(owner_of(&line(), &[strict]), UNATTRIBUTED);
}

#[test]
fn every_business_field_is_set_where_it_is_read() {
    let mut all = rule("all", &[], "mine");
    for field in BusinessField::ALL {
        all.business.insert(BusinessKey::Named(*field), Template::parse(field.as_str()).unwrap());
    }
    let line = line();
    let business = claim_of(&line, &rules(&[all])).business;
    for field in BusinessField::ALL {
        assert_eq!(field.of(&business).map(|it| &**it), Some(field.as_str()));
    }
}

#[test]
fn own_dimensions_are_set_at_the_level_that_they_are_declared_with() {
    let own = |name: &str| OwnDimension::parse(name).unwrap();
    let mut all = rule("all", &[], "mine");
    for name in ["x_project", "x_run"] {
        let template = Template::parse("{session}").unwrap();
        all.business.insert(BusinessKey::Own(own(name)), template);
    }
    let levels = [(own("x_project"), Level::Summary), (own("x_run"), Level::Detail)];
    let rules = AttributionRules { own: levels.into_iter().collect(), ..rules(&[all]) };
    let claim = claim_of(&line(), &rules);
    let set = |it: &Business| -> Vec<String> {
        it.iter().map(|(key, value)| format!("{key}={value}")).collect()
    };
    assert_eq!(set(&claim.business), ["x_project=checkout"]);
    assert_eq!(set(&claim.detail), ["x_run=checkout"]);
}

#[test]
fn values_that_cannot_be_set_are_refused_with_a_message() {
    for text in [
        "",
        " ",
        "Unattributed",
        " Unattributed ",
        "{",
        "{}",
        "{region}",
        "a {role",
        "a }",
        "{tag:team}",
    ] {
        assert_eq!(
            Template::parse(text).unwrap_err().to_string(),
            format!(
                "`{text}` is not a value that can be set; expected a name other than \
                 `Unattributed`, or one of `{{account}}`, `{{role}}`, `{{session}}`, `{{user}}`, \
                 `{{model}}`, `{{service}}`, `{{tag:iamPrincipal/KEY}}`"
            )
        );
    }
}

#[test]
fn patterns_that_can_never_match_are_refused_with_what_a_bill_holds() {
    const ARN: &str = "an ARN such as `arn:aws:sts::123456789012:assumed-role/NAME/*`";
    const CALLER: &str = "a caller: `iam` has `user/`, `role/` and `root`, `sts` has \
                          `assumed-role/` and `federated-user/`";
    const ROLE: &str = "the role's name alone: a session on the bill carries no path and no ARN";
    const PATH: &str = "`assumed-role/NAME/SESSION`: a session on the bill carries no role path";
    const TAG: &str =
        "a tag key with its prefix, such as `iamPrincipal/team` or `resourceTags/team`";
    for (key, text, expected) in [
        (MatchKey::Model, "", "some text; an absent key matches everything"),
        (MatchKey::Account, "1234", "12 digits, or a pattern of them"),
        (MatchKey::Account, "prod*", "12 digits, or a pattern of them"),
        (MatchKey::Account, "1234567890123*", "12 digits, or a pattern of them"),
        (MatchKey::Role, "service-role/lambda", ROLE),
        (MatchKey::Role, "arn:aws:iam::*", ROLE),
        (MatchKey::Session, "role/session", "a session name, which has no `/`"),
        (MatchKey::Principal, "checkout", ARN),
        (MatchKey::Principal, "arn:aws:s3:::bucket", ARN),
        (MatchKey::Principal, "arn:aws:sts:us-east-1:*", ARN),
        (MatchKey::Principal, "arn:gcp:sts::*", ARN),
        (
            MatchKey::Principal,
            "arn:aws:sts::1234:assumed-role/a/b",
            "12 digits for the account in the ARN",
        ),
        (MatchKey::Principal, "arn:aws:sts::123456789012:role/a", CALLER),
        (MatchKey::Principal, "arn:aws:iam::123456789012:assumed-role/a/*", CALLER),
        (MatchKey::Principal, "arn:aws:iam::123456789012:policy*", CALLER),
        (MatchKey::Principal, "arn:aws:sts::123456789012:assumed-role/p/a/*", PATH),
        (tag("team"), "search", TAG),
    ] {
        let message = format!("`{key}` is `{text}`, which can never match; expected {expected}");
        assert_eq!(Pattern::parse(&key, text).unwrap_err().to_string(), message);
    }
}

#[test]
fn a_rule_below_one_that_claims_the_same_lines_is_found() {
    let role = |name: &str, text: &str, owner: &str| rule(name, &[(MatchKey::Role, text)], owner);
    let narrow =
        rule("narrow", &[(MatchKey::Role, "llm-gateway"), (MatchKey::Session, "checkout")], "b");
    let messages = |all: &[Rule]| -> Vec<String> {
        rules(all).findings().into_iter().map(|it| it.message).collect()
    };
    let found = ["rule `narrow` can never match: rule `wide` above it claims the same lines; \
                  put the narrower rule first"];
    assert_eq!(messages(&[role("wide", "llm-gateway", "a"), narrow.clone()]), found);
    assert_eq!(messages(&[role("wide", "*", "a"), narrow.clone()]), found);
    assert_eq!(messages(&[rule("wide", &[], "a"), narrow.clone()]), found);
    assert_eq!(messages(&[role("wide", "llm-*", "a"), narrow.clone()]), found);
    // A rule that may fail to be filled lets lines through, and so does a narrower pattern.
    for reachable in [role("wide", "*", "{user}"), role("wide", "llm-*-*", "a")] {
        assert_eq!(messages(&[reachable, narrow.clone()]), Vec::<String>::new());
    }
    assert_eq!(messages(&[narrow, role("wide", "*", "a")]), Vec::<String>::new());
}

proptest! {
    /// P2: each fact has one owner, and an owner without a rule is `Unattributed`.
    #[test]
    fn every_fact_has_one_owner(lines in any_line_items(), rules in any_rules()) {
        for line in &lines {
            let claim = claim_of(line, &rules);
            prop_assert_eq!(claim.owner == Owner::Unattributed, claim.rule.is_none());
            prop_assert_eq!(Owner::parse(claim.owner.as_str()), claim.owner.clone());
            if let Some(rule) = &claim.rule {
                prop_assert!(rules.rules.iter().any(|it| it.name == *rule));
            }
        }
    }

    /// No pattern that matches a caller of a bill is refused as one that never matches.
    #[test]
    fn a_pattern_that_matches_is_not_refused(
        arn in select(vec![
            GATEWAY,
            PERSON,
            USER,
            "arn:aws-us-gov:iam::123456789012:root",
            "arn:aws-cn:sts::123456789012:federated-user/bob",
            "arn:aws:iam::123456789012:role/path/name",
        ]),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..12_usize), 0..3),
    ) {
        let mut text = arn.to_owned();
        for (at, length) in edits {
            let at = at.index(text.len());
            let end = (at + length).min(text.len());
            let is_one = length == 1 && text.get(at..end) != Some("*");
            text.replace_range(at..end, if is_one { "?" } else { "*" });
        }
        let pattern = Pattern::parse(&MatchKey::Principal, &text);
        prop_assert!(pattern.is_ok(), "{text}");
        prop_assert!(pattern.unwrap().matches(arn), "{text}");
    }
}
