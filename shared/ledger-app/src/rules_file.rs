//! `rules.toml`: who owns what.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ledger_core::business::BusinessField;
use ledger_core::rules::{AttributionRules, MatchKey, Matcher, Pattern, Rule, Template};
use serde::Deserialize;

/// Reads and checks the text of a rules file.
///
/// # Errors
///
/// [`FileError`]: the first thing that is wrong, with the rule it stands in.
pub fn parse_rules(text: &str, version: u64) -> Result<AttributionRules, FileError> {
    let file: RulesFile = toml::from_str(text).map_err(FileError::toml)?;
    let mut names = BTreeSet::new();
    let mut rules = Vec::new();
    for entry in file.rule {
        let at = |message: String| FileError(format!("rule `{}`: {message}", entry.name));
        if entry.name.trim().is_empty() {
            return Err(FileError("a rule has an empty `name`; expected a unique name".to_owned()));
        }
        if !names.insert(entry.name.clone()) {
            return Err(at("the name is used twice; expected a unique name".to_owned()));
        }
        rules.push(rule_of(&entry).map_err(at)?);
    }
    Ok(AttributionRules { version, rules })
}

/// What is wrong with a file of the user, in one line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FileError(pub(crate) String);

impl FileError {
    /// The parser's message with the line it points at, on one line.
    pub(crate) fn toml(err: toml::de::Error) -> FileError {
        let text = err.to_string();
        let lines: Vec<&str> = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('|') && !line.contains(" | "))
            .collect();
        FileError(lines.join(": "))
    }
}

/// One text or several of which any counts.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    pub(crate) fn texts(&self) -> &[String] {
        match self {
            OneOrMany::One(text) => std::slice::from_ref(text),
            OneOrMany::Many(texts) => texts,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RulesFile {
    #[serde(default)]
    rule: Vec<RuleEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleEntry {
    name: String,
    #[serde(default)]
    when: WhenEntry,
    owner: String,
    team: Option<String>,
    product: Option<String>,
    cost_centre: Option<String>,
    environment: Option<String>,
    customer: Option<String>,
    workflow: Option<String>,
    agent: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct WhenEntry {
    principal: Option<OneOrMany>,
    account: Option<OneOrMany>,
    role: Option<OneOrMany>,
    session: Option<OneOrMany>,
    user: Option<OneOrMany>,
    // Rules applied before the maker of a model had a word of its own say `provider`.
    #[serde(alias = "provider")]
    publisher: Option<OneOrMany>,
    model: Option<OneOrMany>,
    service: Option<OneOrMany>,
    usage_type: Option<OneOrMany>,
    line_type: Option<OneOrMany>,
    #[serde(default)]
    tags: BTreeMap<String, OneOrMany>,
}

fn rule_of(entry: &RuleEntry) -> Result<Rule, String> {
    let fields = [
        (BusinessField::Team, &entry.team),
        (BusinessField::Product, &entry.product),
        (BusinessField::CostCentre, &entry.cost_centre),
        (BusinessField::Environment, &entry.environment),
        (BusinessField::Customer, &entry.customer),
        (BusinessField::Workflow, &entry.workflow),
        (BusinessField::Agent, &entry.agent),
    ];
    let template =
        |key: &str, text: &str| Template::parse(text).map_err(|err| format!("`{key}`: {err}"));
    let mut business = BTreeMap::new();
    for (field, text) in fields {
        if let Some(text) = text {
            business.insert(field, template(field.as_str(), text)?);
        }
    }
    Ok(Rule {
        name: Arc::from(entry.name.as_str()),
        when: matcher_of(&entry.when)?,
        owner: template("owner", &entry.owner)?,
        business,
    })
}

fn matcher_of(when: &WhenEntry) -> Result<Matcher, String> {
    let fields = [
        (MatchKey::Principal, &when.principal),
        (MatchKey::Account, &when.account),
        (MatchKey::Role, &when.role),
        (MatchKey::Session, &when.session),
        (MatchKey::User, &when.user),
        (MatchKey::Publisher, &when.publisher),
        (MatchKey::Model, &when.model),
        (MatchKey::Service, &when.service),
        (MatchKey::UsageType, &when.usage_type),
        (MatchKey::LineType, &when.line_type),
    ];
    let tags = when.tags.iter().map(|(key, texts)| (MatchKey::Tag(key.as_str().into()), texts));
    let named = fields.into_iter().filter_map(|(key, texts)| Some((key, texts.as_ref()?)));
    let mut matcher = Matcher::default();
    for (key, texts) in named.chain(tags) {
        if texts.texts().is_empty() {
            return Err(format!("`{key}` is an empty list, which can never match"));
        }
        let patterns = texts.texts().iter().map(|text| Pattern::parse(&key, text));
        let patterns = patterns.collect::<Result<Vec<_>, _>>().map_err(|err| err.to_string())?;
        matcher.patterns.insert(key, patterns);
    }
    Ok(matcher)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        parse_rules(text, 1).unwrap_err().to_string()
    }

    #[test]
    fn a_rule_needs_a_name_and_an_owner_and_may_match_on_everything() {
        let rules = parse_rules(
            "[[rule]]\nname = \"all\"\nowner = \"{tag:iamPrincipal/team}\"\n[rule.when]\n\
             role = [\"a-*\", \"b\"]\ntags = { \"resourceTags/env\" = \"prod\" }\n",
            3,
        )
        .unwrap();
        assert_eq!((rules.version, rules.rules.len()), (3, 1));
        assert_eq!(rules.rules[0].when.patterns.len(), 2);
    }

    #[test]
    fn an_unknown_key_is_named() {
        let message = refused("[[rule]]\nname = \"a\"\nowner = \"b\"\ncolour = \"red\"\n");
        assert!(message.contains("line 4"), "{message}");
        assert!(message.contains("unknown field `colour`"), "{message}");
        assert!(!message.contains('\n'), "{message}");
    }

    #[test]
    fn a_pattern_that_can_never_match_is_refused() {
        for (when, message) in [
            (
                "role = \"path/role\"",
                "rule `a`: `role` is `path/role`, which can never match; expected the role's name alone: a session on the bill carries no path and no ARN",
            ),
            (
                "account = \"12345\"",
                "rule `a`: `account` is `12345`, which can never match; expected 12 digits, or a pattern of them",
            ),
            ("role = []", "rule `a`: `role` is an empty list, which can never match"),
            (
                "tags = { team = \"x\" }",
                "rule `a`: `tags.\"team\"` is `x`, which can never match; expected a tag key with its prefix, such as `iamPrincipal/team` or `resourceTags/team`",
            ),
        ] {
            let text = format!("[[rule]]\nname = \"a\"\nowner = \"b\"\nwhen = {{ {when} }}\n");
            assert_eq!(refused(&text), message);
        }
    }

    #[test]
    fn names_are_unique_and_owners_are_names() {
        let rule = "[[rule]]\nname = \"a\"\nowner = \"b\"\n";
        assert_eq!(
            refused(&[rule, rule].concat()),
            "rule `a`: the name is used twice; expected a unique name"
        );
        assert!(
            refused("[[rule]]\nname = \"a\"\nowner = \"Unattributed\"\n")
                .starts_with("rule `a`: `owner`: `Unattributed` is not a value that can be set")
        );
    }
}
