//! Reads `rules.toml`: the rules that attribute charges to owners.

mod when;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use ledger_core::business::{BusinessField, BusinessKey, OWN_DIMENSIONS_MAX, OwnDimension};
use ledger_core::dimension::Dimension;
use ledger_core::level::Level;
use ledger_core::rules::{AttributionRules, OwnDimensions, Rule, Template, Validity, template};
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use self::when::{WhenEntry, matcher_of};
use crate::file_text::{check_name, day_of, entry_name};

/// Reads and checks the text of a rules file.
///
/// # Errors
///
/// [`FileError`]: the first problem, with the rule it is in.
pub fn parse_rules(text: &str, version: u64) -> Result<AttributionRules, FileError> {
    parse(text, version, Origin::File)
}

/// Reads the text of applied rules. Older releases wrote `provider` for the maker of a model, which
/// is `publisher` now.
///
/// # Errors
///
/// As [`parse_rules`].
pub fn parse_applied_rules(text: &str, version: u64) -> Result<AttributionRules, FileError> {
    parse(text, version, Origin::Applied)
}

/// Where a text comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A file of the user, in today's words.
    File,
    /// The ledger: an older release may have applied it.
    Applied,
}

/// Whether a value of `provider` comes from an older release, where it meant the maker of a model:
/// every maker known then has a capital letter, and no provider's word has one.
pub(crate) fn is_publisher(value: &str) -> bool {
    value.chars().any(char::is_uppercase) || !value.contains(char::is_alphanumeric)
}

/// The message for a `provider` that is meant as the maker of a model.
pub(crate) const PUBLISHER_MEANT: &str = "is no provider; expected the cloud or vendor that bills, \
                                          such as `aws` (the maker of a model is `publisher`)";

fn parse(text: &str, version: u64, origin: Origin) -> Result<AttributionRules, FileError> {
    let file: RulesFile = toml::from_str(text).map_err(FileError::toml)?;
    let own = own_dimensions(&file.dimensions)
        .map_err(|message| FileError(format!("`dimensions`: {message}")))?;
    let mut names = BTreeSet::new();
    let mut rules = Vec::new();
    for (at, entry) in file.rule.into_iter().enumerate() {
        let at = |message| FileError(format!("{}: {message}", entry_name("rule", at, &entry.name)));
        if entry.name.trim().is_empty() {
            return Err(FileError("a rule has an empty `name`; expected a unique name".to_owned()));
        }
        if origin == Origin::File {
            check_texts(&entry).map_err(at)?;
        }
        if !names.insert(entry.name.clone()) {
            return Err(at("the name is used twice; expected a unique name".to_owned()));
        }
        rules.push(rule_of(&entry, &own, origin).map_err(at)?);
    }
    Ok(AttributionRules { version, own, rules })
}

/// A problem of a user's file, in one line.
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

/// One text, or a list of alternatives.
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
    dimensions: Vec<DimensionEntry>,
    #[serde(default)]
    rule: Vec<RuleEntry>,
}

/// A user-defined dimension: its name, or its name and level.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected a name such as `x_project`, or a table with `name` and `level`"
)]
enum DimensionEntry {
    Name(String),
    Leveled(LeveledEntry),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LeveledEntry {
    name: String,
    level: LevelEntry,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum LevelEntry {
    Summary,
    Detail,
}

fn own_dimensions(entries: &[DimensionEntry]) -> Result<OwnDimensions, String> {
    let mut own = OwnDimensions::new();
    for entry in entries {
        let (name, level) = match entry {
            DimensionEntry::Name(name) => (name, Level::Summary),
            DimensionEntry::Leveled(LeveledEntry { name, level: LevelEntry::Summary }) => {
                (name, Level::Summary)
            }
            DimensionEntry::Leveled(LeveledEntry { name, level: LevelEntry::Detail }) => {
                (name, Level::Detail)
            }
        };
        if !name.starts_with("x_") && Dimension::parse(name).is_ok() {
            return Err(format!("`{name}` is a dimension of every ledger; expected a new name"));
        }
        let dimension = OwnDimension::parse(name).map_err(|err| err.to_string())?;
        if own.insert(dimension, level).is_some() {
            return Err(format!("`{name}` is declared twice"));
        }
    }
    if own.len() > OWN_DIMENSIONS_MAX {
        return Err(format!(
            "{} dimensions are declared; expected at most {OWN_DIMENSIONS_MAX}",
            own.len()
        ));
    }
    Ok(own)
}

struct RuleEntry {
    name: String,
    when: WhenEntry,
    valid_from: Option<String>,
    valid_to: Option<String>,
    owner: String,
    business: BTreeMap<BusinessKey, String>,
}

/// A key of a rule.
enum RuleWord {
    Name,
    When,
    ValidFrom,
    ValidTo,
    Owner,
    Business(BusinessKey),
}

impl<'de> Deserialize<'de> for RuleWord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RuleWord, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.as_str() {
            "name" => Ok(RuleWord::Name),
            "when" => Ok(RuleWord::When),
            "valid_from" => Ok(RuleWord::ValidFrom),
            "valid_to" => Ok(RuleWord::ValidTo),
            "owner" => Ok(RuleWord::Owner),
            _ => BusinessKey::parse(&text).map(RuleWord::Business).ok_or_else(|| {
                let business = BusinessField::ALL.iter().map(|it| it.as_str());
                let words = ["name", "when", "valid_from", "valid_to", "owner"];
                let words: Vec<_> = words.into_iter().chain(business).collect();
                let words = words.join("`, `");
                de::Error::custom(format!("unknown field `{text}`, expected one of `{words}`"))
            }),
        }
    }
}

impl<'de> Deserialize<'de> for RuleEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RuleEntry, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = RuleEntry;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a rule")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RuleEntry, A::Error> {
                let (mut name, mut owner) = (None, None);
                let (mut valid_from, mut valid_to) = (None, None);
                let (mut when, mut business) = (WhenEntry::default(), BTreeMap::new());
                while let Some(word) = map.next_key()? {
                    match word {
                        RuleWord::Name => name = Some(map.next_value()?),
                        RuleWord::When => when = map.next_value()?,
                        RuleWord::ValidFrom => valid_from = Some(map.next_value()?),
                        RuleWord::ValidTo => valid_to = Some(map.next_value()?),
                        RuleWord::Owner => owner = Some(map.next_value()?),
                        RuleWord::Business(key) => {
                            business.insert(key, map.next_value()?);
                        }
                    }
                }
                Ok(RuleEntry {
                    name: name.ok_or_else(|| de::Error::missing_field("name"))?,
                    owner: owner.ok_or_else(|| de::Error::missing_field("owner"))?,
                    when,
                    valid_from,
                    valid_to,
                    business,
                })
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

/// Rules of earlier releases may hold any text: it is not checked again when they are read.
fn check_texts(entry: &RuleEntry) -> Result<(), String> {
    check_name("name", &entry.name)?;
    check_name("owner", &entry.owner)?;
    entry.business.iter().try_for_each(|(key, text)| check_name(key.as_str(), text))
}

fn rule_of(entry: &RuleEntry, own: &OwnDimensions, origin: Origin) -> Result<Rule, String> {
    let when = matcher_of(&entry.when, origin)?;
    let groups = when.group_names();
    if let Some(name) = groups.iter().find(|it| template::is_field(it)) {
        return Err(format!(
            "`when` has a regex with the group `{name}`, and `{{{name}}}` is a field of the line; \
             expected another name"
        ));
    }
    let template = |key: &str, text: &str| {
        Template::with_groups(text, &groups).map_err(|err| format!("`{key}`: {err}"))
    };
    let day = |key: &str, text: &Option<String>| {
        text.as_deref().map(|text| day_of(key, text)).transpose()
    };
    let (from, to) = (day("valid_from", &entry.valid_from)?, day("valid_to", &entry.valid_to)?);
    let mut business = BTreeMap::new();
    for (key, text) in &entry.business {
        if let BusinessKey::Own(name) = key
            && !own.contains_key(name)
        {
            return Err(format!(
                "`{key}` is not declared; expected `dimensions = [\"{key}\"]` at the top of the file"
            ));
        }
        business.insert(key.clone(), template(key.as_str(), text)?);
    }
    Ok(Rule {
        name: Arc::from(entry.name.as_str()),
        validity: Validity::new(from, to).map_err(|err| err.to_string())?,
        owner: template("owner", &entry.owner)?,
        when,
        business,
    })
}

#[cfg(test)]
mod tests {
    use ledger_core::rules::MatchKey;

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
    fn a_maker_under_the_old_word_is_read_from_the_ledger_and_refused_in_a_file() {
        let rule =
            |when: &str| format!("[[rule]]\nname = \"a\"\nowner = \"b\"\nwhen = {{ {when} }}\n");
        let keys = |rules: AttributionRules| -> Vec<MatchKey> {
            rules.rules[0].when.patterns.keys().cloned().collect()
        };
        let new = rule("provider = \"aws\", publisher = \"Anthropic\"");
        let expected = [MatchKey::Provider, MatchKey::Publisher];
        assert_eq!(keys(parse_rules(&new, 1).unwrap()), expected);
        assert_eq!(keys(parse_applied_rules(&new, 1).unwrap()), expected);
        for text in ["Anthropic", "Mistral*", "*"] {
            let old = rule(&format!("provider = \"{text}\""));
            assert_eq!(keys(parse_applied_rules(&old, 1).unwrap()), [MatchKey::Publisher]);
            assert_eq!(
                refused(&old),
                format!(
                    "rule `a`: `provider` is `{text}`, which is no provider; expected the cloud or \
                     vendor that bills, such as `aws` (the maker of a model is `publisher`)"
                )
            );
        }
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

    #[test]
    fn dimensions_of_the_users_own_are_declared_and_set() {
        let rule = "[[rule]]\nname = \"a\"\nowner = \"b\"\nx_project = \"{session}\"\n";
        let text = format!(
            "dimensions = [\"x_project\", {{ name = \"x_run\", level = \"detail\" }}]\n{rule}"
        );
        let rules = parse_rules(&text, 1).unwrap();
        let own: Vec<_> = rules.own.iter().map(|(name, level)| (name.as_str(), *level)).collect();
        assert_eq!(own, [("x_project", Level::Summary), ("x_run", Level::Detail)]);
        assert_eq!(rules.rules[0].business.len(), 1);
        assert_eq!(
            refused(rule),
            "rule `a`: `x_project` is not declared; expected `dimensions = [\"x_project\"]` at the \
             top of the file"
        );
    }

    #[test]
    fn declarations_that_cannot_be_meant_are_refused() {
        let many: Vec<String> = (0..11).map(|it| format!("\"x_{it}\"")).collect();
        for (list, message) in [
            ("\"team\"", "`team` is a dimension of every ledger; expected a new name"),
            ("\"model\"", "`model` is a dimension of every ledger; expected a new name"),
            (
                "\"project\"",
                "`project` cannot name a dimension; expected `x_` and up to 30 lower-case letters, \
                 digits and `_`, such as `x_project`",
            ),
            ("\"x_a\", \"x_a\"", "`x_a` is declared twice"),
            (&many.join(", "), "11 dimensions are declared; expected at most 10"),
        ] {
            let text = format!("dimensions = [{list}]\n");
            assert_eq!(refused(&text), format!("`dimensions`: {message}"));
        }
        let message = refused("dimensions = [7]\n");
        assert!(message.contains("expected a name such as `x_project`"), "{message}");
    }
}
