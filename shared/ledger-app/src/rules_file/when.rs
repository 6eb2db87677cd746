//! Conditions of a rules file: fields with texts and patterns, with `all`, `any` and `not`.

use std::collections::BTreeMap;
use std::fmt;

use ledger_core::rules::{MatchKey, Matcher, Pattern, PatternForm};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{Origin, PUBLISHER_MEANT, is_publisher};
use crate::blocks::{Block, FieldValue};
use crate::file_text::check_value;

/// The key under which tags are, each by its prefixed key.
const TAGS: &str = "tags";

/// The condition of a rule.
pub(super) type WhenEntry = Block<When>;

/// The value of a field: a text, a table that says how a text is compared, or a list of these.
pub(crate) enum When {
    Text(String),
    Table(BTreeMap<String, When>),
    Many(Vec<When>),
}

impl FieldValue for When {
    fn check_word(word: &str) -> Result<(), String> {
        if word == TAGS || MatchKey::parse(word).is_some() {
            return Ok(());
        }
        let words: Vec<_> = MatchKey::words().chain([TAGS, "all", "any", "not"]).collect();
        Err(format!("unknown field `{word}`, expected one of `{}`", words.join("`, `")))
    }
}

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<When, D::Error> {
        struct Forms;
        impl<'de> Visitor<'de> for Forms {
            type Value = When;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a text such as \"search-*\", a table such as { prefix = \"search-\" }, ",
                )?;
                f.write_str("or a list of these")
            }

            fn visit_str<E>(self, text: &str) -> Result<When, E> {
                Ok(When::Text(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<When, A::Error> {
                let mut table = BTreeMap::new();
                while let Some((word, value)) = map.next_entry()? {
                    table.insert(word, value);
                }
                Ok(When::Table(table))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<When, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = list.next_element()? {
                    values.push(value);
                }
                Ok(When::Many(values))
            }
        }
        deserializer.deserialize_any(Forms)
    }
}

impl When {
    /// The values of a list, or the one.
    fn values(&self) -> &[When] {
        match self {
            When::Many(values) => values,
            _ => std::slice::from_ref(self),
        }
    }

    /// The plain text, if it is one.
    fn text(&self) -> Option<&str> {
        match self {
            When::Text(text) => Some(text),
            _ => None,
        }
    }

    fn pattern(&self, key: &MatchKey) -> Result<Pattern, String> {
        let table = match self {
            When::Text(text) => return Pattern::parse(key, text).map_err(|err| err.to_string()),
            When::Many(_) => {
                return Err(format!(
                    "`{key}` has a list within a list; expected one list of texts"
                ));
            }
            When::Table(table) => table,
        };
        let forms: Vec<_> = PatternForm::ALL.iter().map(|it| it.as_str()).collect();
        let expected = || {
            let forms = forms.join("`, `");
            format!(
                "`{key}` has a table; expected one of `{forms}` with a text, and nothing beside it"
            )
        };
        let (Some((word, text)), 1) = (table.first_key_value(), table.len()) else {
            return Err(expected());
        };
        let form = PatternForm::parse(word).ok_or_else(expected)?;
        let text = text.text().ok_or_else(expected)?;
        check_value(&format!("{key}.{word}"), text)?;
        Pattern::of_form(key, form, text).map_err(|err| err.to_string())
    }
}

/// The condition that a table describes.
pub(super) fn matcher_of(when: &WhenEntry, origin: Origin) -> Result<Matcher, String> {
    when.check_form("when")?;
    when.check_lists("when")?;
    inner_matcher(when, origin)
}

fn inner_matcher(block: &WhenEntry, origin: Origin) -> Result<Matcher, String> {
    let parts = |blocks: &[WhenEntry]| -> Result<Vec<Matcher>, String> {
        blocks.iter().map(|it| part_matcher(it, origin)).collect()
    };
    let mut matcher = Matcher {
        all: parts(&block.all)?,
        any: parts(&block.any)?,
        not: parts(&block.not)?,
        ..Matcher::default()
    };
    for (word, value) in &block.fields {
        match (MatchKey::parse(word), value) {
            (Some(MatchKey::Provider), _) => {
                let key = provider_key(value, origin)?;
                // In a file of an older release it comes before `publisher`, which it may mean.
                matcher.patterns.insert(key.clone(), patterns_of(&key, value)?);
            }
            (Some(key), _) => {
                let patterns = patterns_of(&key, value)?;
                matcher.patterns.entry(key).or_insert(patterns);
            }
            (None, When::Table(tags)) => {
                for (tag, value) in tags {
                    let key = MatchKey::Tag(tag.as_str().into());
                    let patterns = patterns_of(&key, value)?;
                    matcher.patterns.insert(key, patterns);
                }
            }
            (None, _) => {
                return Err(format!(
                    "`{word}` is no table; expected one such as {{ \"iamPrincipal/team\" = \"search\" }}"
                ));
            }
        }
    }
    Ok(matcher)
}

fn part_matcher(block: &WhenEntry, origin: Origin) -> Result<Matcher, String> {
    let matcher = inner_matcher(block, origin)?;
    if matcher == Matcher::default() {
        return Err("`when` has a table in `all`, `any` or `not` that would match everything; \
                    expected a dimension"
            .to_owned());
    }
    Ok(matcher)
}

fn patterns_of(key: &MatchKey, value: &When) -> Result<Vec<Pattern>, String> {
    if value.values().is_empty() {
        return Err(format!("`{key}` is an empty list, which can never match"));
    }
    value.values().iter().map(|it| it.pattern(key)).collect()
}

/// The key that `provider` means: in a file of an older release it may be the maker of a model.
fn provider_key(value: &When, origin: Origin) -> Result<MatchKey, String> {
    let mut texts = value.values().iter().filter_map(When::text);
    match (texts.find(|it| is_publisher(it)), origin) {
        (Some(text), Origin::File) => {
            Err(format!("`provider` is `{text}`, which {PUBLISHER_MEANT}"))
        }
        (Some(_), Origin::Applied) => Ok(MatchKey::Publisher),
        (None, _) => Ok(MatchKey::Provider),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules_file::{parse_applied_rules, parse_rules};

    fn rule(when: &str) -> String {
        format!("[[rule]]\nname = \"a\"\nowner = \"b\"\nwhen = {{ {when} }}\n")
    }

    #[test]
    fn tables_hold_fields_forms_and_further_tables() {
        let text = rule(
            "role = [\"a-*\", { prefix = \"b-\" }], tags = { \"resourceTags/env\" = { exact = \"*\" } }, \
             any = [{ region = \"eu-*\" }, { all = { currency = \"USD\" } }], not = { model = \"x\" }",
        );
        let rules = parse_rules(&text, 1).unwrap();
        let when = &rules.rules[0].when;
        let parts = (when.patterns.len(), when.all.len(), when.any.len(), when.not.len());
        assert_eq!(parts, (2, 0, 2, 1));
        let shown = when.patterns[&MatchKey::Role].iter().map(Pattern::to_string);
        assert_eq!(shown.collect::<Vec<_>>(), ["`a-*`", "prefix `b-`"]);
        assert_eq!(when.any[1].all.len(), 1);
        let applied = parse_applied_rules(&text, 1).unwrap();
        assert_eq!(&applied.rules[0].when, when);
    }

    #[test]
    fn every_word_of_a_field_is_read() {
        for word in MatchKey::words().filter(|it| !matches!(*it, "account" | "principal")) {
            let rules = parse_rules(&rule(&format!("{word} = \"x\"")), 1).unwrap();
            let key = rules.rules[0].when.patterns.keys().next().unwrap();
            assert_eq!(key.to_string(), word);
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_what_is_expected() {
        let deep = "{ any = ".repeat(9) + "{ role = \"x\" }" + &" }".repeat(9);
        let form = "`role` has a table; expected one of `exact`, `prefix`, `regex`, `suffix` with a \
                    text, and nothing beside it";
        for (when, message) in [
            ("role = { glob = \"x\" }", form),
            ("role = { prefix = \"x\", suffix = \"y\" }", form),
            ("role = { prefix = [\"x\"] }", form),
            ("role = {}", form),
            ("role = [[\"x\"]]", "`role` has a list within a list; expected one list of texts"),
            ("any = [{ role = [] }]", "`role` is an empty list, which can never match"),
            (
                "role = { prefix = \"a/b\" }",
                "`role` is `a/b`, which can never match; expected the role's name alone: a session on \
                 the bill carries no path and no ARN",
            ),
            (
                "account = { suffix = \"x\" }",
                "`account` is `x`, which can never match; expected 12 digits, or a pattern of them",
            ),
            ("role = { regex = \"(\" }", "`role` has the regex `(`, which cannot be used ("),
            (
                "role = { regex = \"(?<role>.*)\" }",
                "`when` has a regex with the group `role`, and `{role}` is a field of the line; \
                 expected another name",
            ),
            (
                "role = \"x\", any = []",
                "`when` has an empty list in `all`, `any` or `not`; expected a table, or no such key",
            ),
            (
                "not = [{ all = [] , role = \"x\" }]",
                "`when` has an empty list in `all`, `any` or `not`; expected a table, or no such key",
            ),
            (
                "any = [{}]",
                "`when` has an empty table in `all`, `any` or `not`, which would match everything; \
                 expected a dimension",
            ),
            (
                "not = { tags = {} }",
                "`when` has a table in `all`, `any` or `not` that would match everything; expected a \
                 dimension",
            ),
            ("tags = \"x\"", "`tags` is no table; expected one such as { \"iamPrincipal/team\" = "),
            (&format!("any = {deep}"), "`when` has tables within tables; expected at most 8"),
        ] {
            let err = parse_rules(&rule(when), 1).unwrap_err().to_string();
            assert!(err.starts_with(&format!("rule `a`: {message}")), "{err}");
        }
        let err = parse_rules(&rule("any = [{ colour = \"x\" }]"), 1).unwrap_err().to_string();
        assert!(err.contains("unknown field `colour`, expected one of `principal`"), "{err}");
        let err = parse_rules(&rule("role = 7"), 1).unwrap_err().to_string();
        assert!(err.contains("expected a text such as"), "{err}");
    }

    #[test]
    fn days_and_captured_names_are_checked() {
        let with = |lines: &str| {
            let text = format!("[[rule]]\nname = \"a\"\n{lines}\n");
            parse_rules(&text, 1).map(drop).map_err(|err| err.to_string())
        };
        let role = "when = { role = { regex = \"(?<team>.*)-x\" } }";
        assert_eq!(with(&format!("owner = \"team-{{team}}\"\n{role}")), Ok(()));
        let days = "valid_from = \"2026-10-01\"\nvalid_to = \"2026-11-01\"";
        assert_eq!(with(&format!("owner = \"b\"\n{days}")), Ok(()));
        for (lines, message) in [
            (format!("owner = \"{{other}}\"\n{role}"), "`{tag:iamPrincipal/KEY}`, `{team}`"),
            ("owner = \"b\"\nvalid_from = \"October\"".to_owned(), "`valid_from` is `October`"),
            (
                "owner = \"b\"\nvalid_from = \"2026-11-01\"\nvalid_to = \"2026-11-01\"".to_owned(),
                "`valid_to` is 2026-11-01, and `valid_from` is 2026-11-01: no day is in between",
            ),
        ] {
            let err = with(&lines).unwrap_err();
            assert!(err.contains(message), "{err}");
        }
    }
}
