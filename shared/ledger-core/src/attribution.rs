//! Who owns a charge: ordered rules, first match wins.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use wildmatch::WildMatch;

use crate::line_item::{Finding, LineItem};
use crate::principal::{Principal, PrincipalKind};

/// Who pays: a team, or nobody we know of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// The owner a rule names.
    Named(Arc<str>),
    /// What no rule claims. People see it: it sorts last and shows like any owner.
    Unattributed,
}

/// How [`Owner::Unattributed`] is written everywhere.
pub const UNATTRIBUTED: &str = "Unattributed";

impl Owner {
    /// Reads what [`Owner::as_str`] gives.
    pub fn parse(text: &str) -> Owner {
        if text == UNATTRIBUTED { Owner::Unattributed } else { Owner::Named(text.into()) }
    }

    /// The name, or `Unattributed`.
    pub fn as_str(&self) -> &str {
        match self {
            Owner::Named(name) => name,
            Owner::Unattributed => UNATTRIBUTED,
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a charge was for, in the words of the business. Each is set by the rule that claims it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names are the dimensions of DESIGN 7")]
pub struct Business {
    pub team: Option<Arc<str>>,
    pub product: Option<Arc<str>>,
    pub cost_centre: Option<Arc<str>>,
    pub environment: Option<Arc<str>>,
    pub customer: Option<Arc<str>>,
    pub workflow: Option<Arc<str>>,
    pub agent: Option<Arc<str>>,
}

/// The answer of the rules to one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Who pays.
    pub owner: Owner,
    /// For what.
    pub business: Business,
    /// The rule that says so; `None` for what no rule claims.
    pub rule: Option<Arc<str>>,
}

/// A line item with exactly one owner.
#[derive(Clone, Debug)]
pub struct LedgerEntry<'a> {
    /// The charge.
    pub line_item: &'a LineItem,
    /// Whose it is.
    pub claim: Claim,
}

/// Gives a line item exactly one owner.
///
/// The entry carries the line itself, so no cost can be lost or made; what no rule claims goes to
/// [`Owner::Unattributed`].
pub fn attribute<'a>(line_item: &'a LineItem, rules: &AttributionRules) -> LedgerEntry<'a> {
    let claim = rules.rules.iter().find_map(|rule| rule.claim(line_item)).unwrap_or(Claim {
        owner: Owner::Unattributed,
        business: Business::default(),
        rule: None,
    });
    LedgerEntry { line_item, claim }
}

/// What one rule found in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleOutcome {
    /// It claims the line.
    Claims,
    /// A pattern did not match: what it was held against, and what the line has there.
    Mismatch(MatchKey, Option<String>),
    /// All patterns match, and a value that it sets is not in the line.
    NotFilled(MatchKey),
}

/// Rules in the order in which they are asked.
#[derive(Clone, Debug, Default)]
pub struct AttributionRules {
    /// Which application of the file this is; 0 where none was applied.
    pub version: u64,
    /// The rules.
    pub rules: Vec<Rule>,
}

impl AttributionRules {
    /// What each rule finds in a line, in order, up to the one that claims it.
    pub fn explain(&self, line_item: &LineItem) -> Vec<(&Rule, RuleOutcome)> {
        let mut outcomes = Vec::new();
        for rule in &self.rules {
            let outcome = rule.outcome(line_item);
            let claims = outcome == RuleOutcome::Claims;
            outcomes.push((rule, outcome));
            if claims {
                break;
            }
        }
        outcomes
    }

    /// What a reader of the file should know: rules that can never be reached.
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (at, rule) in self.rules.iter().enumerate() {
            let hidden_by = self
                .rules
                .iter()
                .take(at)
                .find(|earlier| earlier.always_claims() && earlier.when.covers(&rule.when));
            if let Some(earlier) = hidden_by {
                findings.push(Finding {
                    code: "rule-unreachable",
                    message: format!(
                        "rule `{}` can never match: rule `{}` above it claims the same lines; \
                         put the narrower rule first",
                        rule.name, earlier.name
                    ),
                });
            }
        }
        findings
    }
}

/// One rule: which lines it claims, and what it says of them.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its name; unique in the file, shown wherever its entries show.
    pub name: Arc<str>,
    /// All of it must match.
    pub when: Matcher,
    /// Who pays.
    pub owner: Template,
    /// The business dimensions it sets, by the names of [`Business`].
    pub business: BTreeMap<BusinessField, Template>,
}

impl Rule {
    /// The claim on a line, if this rule matches and all its templates can be filled.
    fn claim(&self, line_item: &LineItem) -> Option<Claim> {
        if !self.when.matches(line_item) {
            return None;
        }
        let owner = Owner::Named(self.owner.fill(line_item)?);
        let mut business = Business::default();
        for (field, template) in &self.business {
            *field.slot(&mut business) = Some(template.fill(line_item)?);
        }
        Some(Claim { owner, business, rule: Some(Arc::clone(&self.name)) })
    }

    fn outcome(&self, line_item: &LineItem) -> RuleOutcome {
        if let Some(key) = self.when.first_mismatch(line_item) {
            return RuleOutcome::Mismatch(key.clone(), key.value_of(line_item).map(str::to_owned));
        }
        let mut templates = std::iter::once(&self.owner).chain(self.business.values());
        let unfilled = templates.find_map(|template| match template {
            Template::Part(key) if template.fill(line_item).is_none() => Some(key.clone()),
            _ => None,
        });
        unfilled.map_or(RuleOutcome::Claims, RuleOutcome::NotFilled)
    }

    fn always_claims(&self) -> bool {
        let fixed = |template: &Template| matches!(template, Template::Text(_));
        fixed(&self.owner) && self.business.values().all(fixed)
    }
}

/// A business dimension that a rule can set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are the fields of Business")]
pub enum BusinessField {
    Team,
    Product,
    CostCentre,
    Environment,
    Customer,
    Workflow,
    Agent,
}

impl BusinessField {
    /// All of them, in the order they show.
    pub const ALL: [BusinessField; 7] = [
        BusinessField::Team,
        BusinessField::Product,
        BusinessField::CostCentre,
        BusinessField::Environment,
        BusinessField::Customer,
        BusinessField::Workflow,
        BusinessField::Agent,
    ];

    /// The key in a rules file.
    pub fn as_str(self) -> &'static str {
        match self {
            BusinessField::Team => "team",
            BusinessField::Product => "product",
            BusinessField::CostCentre => "cost_centre",
            BusinessField::Environment => "environment",
            BusinessField::Customer => "customer",
            BusinessField::Workflow => "workflow",
            BusinessField::Agent => "agent",
        }
    }

    /// The value of this field.
    pub fn of(self, business: &Business) -> Option<&Arc<str>> {
        match self {
            BusinessField::Team => business.team.as_ref(),
            BusinessField::Product => business.product.as_ref(),
            BusinessField::CostCentre => business.cost_centre.as_ref(),
            BusinessField::Environment => business.environment.as_ref(),
            BusinessField::Customer => business.customer.as_ref(),
            BusinessField::Workflow => business.workflow.as_ref(),
            BusinessField::Agent => business.agent.as_ref(),
        }
    }

    /// The place of this field, to set it.
    pub fn slot(self, business: &mut Business) -> &mut Option<Arc<str>> {
        match self {
            BusinessField::Team => &mut business.team,
            BusinessField::Product => &mut business.product,
            BusinessField::CostCentre => &mut business.cost_centre,
            BusinessField::Environment => &mut business.environment,
            BusinessField::Customer => &mut business.customer,
            BusinessField::Workflow => &mut business.workflow,
            BusinessField::Agent => &mut business.agent,
        }
    }
}

/// What a rule looks at. Each key holds patterns of which one must match; an absent key matches all.
#[derive(Clone, Debug, Default)]
pub struct Matcher {
    /// Patterns by what they are held against.
    pub patterns: BTreeMap<MatchKey, Vec<Pattern>>,
}

impl Matcher {
    fn matches(&self, line_item: &LineItem) -> bool {
        self.first_mismatch(line_item).is_none()
    }

    fn first_mismatch(&self, line_item: &LineItem) -> Option<&MatchKey> {
        let mismatch = self.patterns.iter().find(|(key, patterns)| {
            key.value_of(line_item)
                .is_none_or(|value| !patterns.iter().any(|pattern| pattern.matches(value)))
        });
        mismatch.map(|(key, _)| key)
    }

    /// Whether it is certain to match every line that `narrower` matches.
    fn covers(&self, narrower: &Matcher) -> bool {
        self.patterns.iter().all(|(key, mine)| {
            narrower.patterns.get(key).is_some_and(|theirs| {
                theirs
                    .iter()
                    .all(|pattern| mine.iter().any(|it| it == pattern || it.matches_everything()))
            })
        })
    }
}

/// What a pattern is held against.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MatchKey {
    /// The caller's ARN as the bill writes it.
    Principal,
    /// `line_item_usage_account_id`.
    Account,
    /// A role's name, without path: a session does not carry the path.
    Role,
    /// A role session's name.
    Session,
    /// The person behind a session of IAM Identity Center, or an IAM user's name.
    User,
    /// Who makes the model.
    Provider,
    /// The model's canonical name.
    Model,
    /// The service's name.
    Service,
    /// `line_item_usage_type`.
    UsageType,
    /// `line_item_line_item_type`.
    LineType,
    /// A tag by its prefixed key.
    Tag(Arc<str>),
}

impl MatchKey {
    fn value_of<'a>(&self, line_item: &'a LineItem) -> Option<&'a str> {
        let principal = line_item.principal.as_deref();
        match self {
            MatchKey::Principal => principal.map(|it| it.raw()),
            MatchKey::Account => Some(&line_item.account),
            MatchKey::Role => principal.filter(|it| it.kind().is_role()).and_then(|it| it.name()),
            MatchKey::Session => principal.and_then(|it| it.session()),
            MatchKey::User => principal.and_then(user_of),
            MatchKey::Provider => line_item.provider.as_deref(),
            MatchKey::Model => line_item.model.as_deref(),
            MatchKey::Service => Some(&line_item.service),
            MatchKey::UsageType => Some(line_item.usage_type.raw()),
            MatchKey::LineType => Some(&line_item.line_type),
            MatchKey::Tag(key) => line_item.tags.get(key).map(|it| &**it),
        }
    }
}

/// The person or user behind a caller; a role's session names no person unless the caller came
/// through IAM Identity Center or federation.
fn user_of(principal: &Principal) -> Option<&str> {
    match principal.kind() {
        PrincipalKind::IamUser | PrincipalKind::FederatedUser => principal.name(),
        PrincipalKind::SsoSession => principal.person(),
        _ => None,
    }
}

impl fmt::Display for MatchKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            MatchKey::Principal => "principal",
            MatchKey::Account => "account",
            MatchKey::Role => "role",
            MatchKey::Session => "session",
            MatchKey::User => "user",
            MatchKey::Provider => "provider",
            MatchKey::Model => "model",
            MatchKey::Service => "service",
            MatchKey::UsageType => "usage_type",
            MatchKey::LineType => "line_type",
            MatchKey::Tag(key) => return write!(f, "tags.\"{key}\""),
        })
    }
}

/// A text with `*` for any characters and `?` for one.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern(WildMatch);

impl Pattern {
    /// Reads a pattern and refuses one that no line of a bill can ever match.
    ///
    /// # Errors
    ///
    /// [`PatternError`] says what a bill holds there instead.
    pub fn parse(key: &MatchKey, text: &str) -> Result<Pattern, PatternError> {
        let never =
            |expected| Err(PatternError { key: key.clone(), text: text.to_owned(), expected });
        if text.is_empty() {
            return never("some text; an absent key matches everything");
        }
        match key {
            MatchKey::Account if !could_be_account(text) => {
                never("12 digits, or a pattern of them")
            }
            MatchKey::Role if text.contains(['/', ':']) => {
                never("the role's name alone: a session on the bill carries no path and no ARN")
            }
            MatchKey::Session if text.contains('/') => never("a session name, which has no `/`"),
            MatchKey::Principal => match arn_problem(text) {
                Some(expected) => never(expected),
                None => Ok(Pattern(WildMatch::new(text))),
            },
            MatchKey::Tag(tag_key) if !TAG_PREFIXES.iter().any(|it| tag_key.starts_with(it)) => {
                never(
                    "a tag key with its prefix, such as `iamPrincipal/team` or `resourceTags/team`",
                )
            }
            _ => Ok(Pattern(WildMatch::new(text))),
        }
    }

    fn matches(&self, value: &str) -> bool {
        self.0.matches(value)
    }

    fn matches_everything(&self) -> bool {
        self.0 == WildMatch::new("*")
    }
}

/// What tag keys of a bill begin with.
const TAG_PREFIXES: [&str; 5] =
    ["iamPrincipal/", "resourceTags/", "accountTag/", "userAttribute/", "costCategory/"];

fn could_be_account(text: &str) -> bool {
    let wild = text.contains('*');
    let shape = text.bytes().all(|it| it.is_ascii_digit() || it == b'*' || it == b'?');
    let fixed = text.bytes().filter(|it| *it != b'*').count();
    shape && (fixed == 12 || (wild && fixed < 12))
}

/// What keeps a pattern from ever matching a caller's ARN.
fn arn_problem(text: &str) -> Option<&'static str> {
    const FORM: &str = "an ARN such as `arn:aws:sts::123456789012:assumed-role/NAME/*`";
    // A wildcard may stand for `:` and `/` too: only what comes before the first is certain.
    let certain = text.split(['*', '?']).next().unwrap_or_default();
    let whole = certain.len() == text.len();
    let fields: Vec<&str> = certain.splitn(6, ':').collect();
    let field = |at: usize| fields.get(at).copied();
    let complete = |at: usize| whole || fields.len() > at + 1;
    let fits = |at: usize, options: &[&str]| match field(at) {
        None => !whole,
        Some(it) if complete(at) => options.contains(&it),
        Some(it) => options.iter().any(|option| option.starts_with(it)),
    };
    if !fits(0, &["arn"]) || !fits(2, &["iam", "sts"]) || !fits(3, &[""]) {
        return Some(FORM);
    }
    if let Some(partition) = field(1)
        && complete(1)
        && !partition.starts_with("aws")
    {
        return Some(FORM);
    }
    if let Some(account) = field(4)
        && complete(4)
        && !could_be_account(account)
    {
        return Some("12 digits for the account in the ARN");
    }
    let resource = field(5)?;
    let kind = resource.split('/').next().unwrap_or_default();
    let kind_complete = whole || resource.contains('/');
    let kinds: &[&str] = match field(2) {
        Some("sts") => &["assumed-role", "federated-user"],
        Some("iam") => &["user", "role", "root"],
        _ => &["assumed-role", "federated-user", "user", "role", "root"],
    };
    let possible =
        kinds.iter().any(|it| if kind_complete { *it == kind } else { it.starts_with(kind) });
    if !possible {
        return Some(
            "a caller: `iam` has `user/`, `role/` and `root`, `sts` has `assumed-role/` and \
             `federated-user/`",
        );
    }
    if kind == "assumed-role" && resource.split('/').count() > 3 {
        return Some("`assumed-role/NAME/SESSION`: a session on the bill carries no role path");
    }
    None
}

/// A pattern that can never match.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{key}` is `{text}`, which can never match; expected {expected}")]
pub struct PatternError {
    key: MatchKey,
    text: String,
    expected: &'static str,
}

/// What a rule sets: a text, or a part of the line that matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Template {
    /// The text itself.
    Text(Arc<str>),
    /// The value of a part of the line, written `{role}` or `{tag:iamPrincipal/team}`.
    Part(MatchKey),
}

impl Template {
    /// Reads a value of a rules file.
    ///
    /// # Errors
    ///
    /// [`TemplateError`] names what may stand between braces.
    pub fn parse(text: &str) -> Result<Template, TemplateError> {
        let error = || TemplateError(text.to_owned());
        let Some(name) = text.strip_prefix('{').and_then(|it| it.strip_suffix('}')) else {
            let plain = !matches!(text.trim(), "" | UNATTRIBUTED) && !text.contains(['{', '}']);
            return if plain { Ok(Template::Text(text.into())) } else { Err(error()) };
        };
        let key = match name {
            "account" => MatchKey::Account,
            "role" => MatchKey::Role,
            "session" => MatchKey::Session,
            "user" => MatchKey::User,
            "model" => MatchKey::Model,
            "service" => MatchKey::Service,
            _ => {
                let key = name.strip_prefix("tag:").ok_or_else(error)?;
                if !TAG_PREFIXES.iter().any(|prefix| key.starts_with(prefix)) {
                    return Err(error());
                }
                MatchKey::Tag(key.into())
            }
        };
        Ok(Template::Part(key))
    }

    fn fill(&self, line_item: &LineItem) -> Option<Arc<str>> {
        match self {
            Template::Text(text) => Some(Arc::clone(text)),
            Template::Part(key) => {
                let value = key.value_of(line_item)?.trim();
                // A tag that happens to say `Unattributed` names no owner.
                (!value.is_empty() && value != UNATTRIBUTED).then(|| value.into())
            }
        }
    }
}

/// A value that a rule cannot set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a value that can be set; expected a name other than `Unattributed`, or one of \
     `{{account}}`, `{{role}}`, `{{session}}`, `{{user}}`, `{{model}}`, `{{service}}`, \
     `{{tag:iamPrincipal/KEY}}`"
)]
pub struct TemplateError(String);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;
    use crate::testing::*;

    fn tag(key: &str) -> MatchKey {
        MatchKey::Tag(key.into())
    }

    fn owner_of(line: &LineItem, all: &[Rule]) -> String {
        attribute(line, &rules(all)).claim.owner.to_string()
    }

    #[track_caller]
    fn check_match(line: &LineItem, key: MatchKey, text: &str, expected: bool) {
        let owner = owner_of(line, &[rule("it", &[(key, text)], "mine")]);
        assert_eq!(owner, if expected { "mine" } else { UNATTRIBUTED }, "{text}");
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
        let line = line();
        let outcomes: Vec<_> = rules
            .explain(&line)
            .into_iter()
            .map(|(rule, outcome)| (&*rule.name, outcome))
            .collect();
        assert_eq!(
            outcomes,
            [
                ("by tag", RuleOutcome::Mismatch(tag("iamPrincipal/project"), None)),
                ("by role", RuleOutcome::Mismatch(MatchKey::Role, Some("llm-gateway".to_owned()))),
                ("by project", RuleOutcome::NotFilled(tag("iamPrincipal/project"))),
                ("by team", RuleOutcome::Claims),
            ]
        );
    }

    #[test]
    fn each_key_is_held_against_its_part_of_the_line() {
        let line = line();
        for (key, hit, miss) in [
            (MatchKey::Principal, GATEWAY, "arn:aws:sts::123456789012:assumed-role/other/*"),
            (MatchKey::Account, "1234567890??", "210987654321"),
            (MatchKey::Role, "llm-*", "*-llm"),
            (MatchKey::Session, "checkout", "Checkout"),
            (MatchKey::Provider, "Amazon", "Anthropic"),
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
        let bare = LineItem {
            principal: None,
            model: None,
            provider: None,
            tags: Arc::default(),
            ..line()
        };
        for key in [
            MatchKey::Principal,
            MatchKey::Role,
            MatchKey::Session,
            MatchKey::User,
            MatchKey::Provider,
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
        let claim = attribute(&line, &rules).claim;
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
        assert_eq!(
            owner_of(&line_of(PERSON, "1"), &[rule("it", &[], "{user}")]),
            "ana@example.com"
        );
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
        strict.business.insert(BusinessField::CostCentre, template);
        assert_eq!(owner_of(&line(), &[strict]), UNATTRIBUTED);
    }

    #[test]
    fn every_business_field_is_set_where_it_is_read() {
        let mut all = rule("all", &[], "mine");
        for field in BusinessField::ALL {
            all.business.insert(field, Template::parse(field.as_str()).unwrap());
        }
        let line = line();
        let business = attribute(&line, &rules(&[all])).claim.business;
        for field in BusinessField::ALL {
            assert_eq!(field.of(&business).map(|it| &**it), Some(field.as_str()));
        }
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
            "a {role}",
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
        const ROLE: &str =
            "the role's name alone: a session on the bill carries no path and no ARN";
        const PATH: &str =
            "`assumed-role/NAME/SESSION`: a session on the bill carries no role path";
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
            let message =
                format!("`{key}` is `{text}`, which can never match; expected {expected}");
            assert_eq!(Pattern::parse(&key, text).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn a_rule_below_one_that_claims_the_same_lines_is_found() {
        let role =
            |name: &str, text: &str, owner: &str| rule(name, &[(MatchKey::Role, text)], owner);
        let narrow = rule(
            "narrow",
            &[(MatchKey::Role, "llm-gateway"), (MatchKey::Session, "checkout")],
            "b",
        );
        let messages = |all: &[Rule]| -> Vec<String> {
            rules(all).findings().into_iter().map(|it| it.message).collect()
        };
        let found = ["rule `narrow` can never match: rule `wide` above it claims the same lines; \
                      put the narrower rule first"];
        assert_eq!(messages(&[role("wide", "llm-gateway", "a"), narrow.clone()]), found);
        assert_eq!(messages(&[role("wide", "*", "a"), narrow.clone()]), found);
        assert_eq!(messages(&[rule("wide", &[], "a"), narrow.clone()]), found);
        // A rule that may fail to be filled lets lines through; another pattern proves nothing.
        for reachable in [role("wide", "*", "{user}"), role("wide", "llm-*", "a")] {
            assert_eq!(messages(&[reachable, narrow.clone()]), Vec::<String>::new());
        }
        assert_eq!(messages(&[narrow, role("wide", "*", "a")]), Vec::<String>::new());
    }

    proptest! {
        /// P2: each line has one owner, and an owner without a rule is `Unattributed`.
        #[test]
        fn every_entry_has_one_owner(lines in any_line_items(), rules in any_rules()) {
            for line in &lines {
                let entry = attribute(line, &rules);
                prop_assert!(std::ptr::eq(entry.line_item, line), "the charge is untouched");
                let claim = entry.claim;
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
}
