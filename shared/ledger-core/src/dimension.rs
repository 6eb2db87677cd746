//! What figures can be grouped and filtered by.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use jiff::civil::Date;

use crate::aws::usage_type::UsageType;
use crate::business::BusinessField;
use crate::period::BillingPeriod;
use crate::rollup::Row;

/// What figures can be grouped and filtered by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dimension {
    /// Who pays.
    Owner,
    /// A dimension that rules set: team, product, cost centre …
    Business(BusinessField),
    /// Who makes the model.
    Publisher,
    /// The model.
    Model,
    /// What was counted, such as `input_tokens`.
    Meter,
    /// Input, output, cache read or cache write.
    Direction,
    /// The name the money appears under.
    Service,
    /// `Usage`, `Tax`, `Credit` …
    LineType,
    /// The UTC day.
    Day,
    /// The month of the day.
    Month,
    /// The account that was charged.
    Account,
    /// The region.
    Region,
    /// The caller.
    Principal,
    /// The raw usage type.
    UsageType,
    /// Standard, batch, flex, priority …
    Tier,
    /// In region, geographic or global.
    Routing,
    /// The rule that claimed it.
    Rule,
    /// The first line of the bill that is in it, as `FILE:LINE`: what leads back to AWS's own row.
    Entry,
    /// A tag by its prefixed key.
    Tag(Arc<str>),
}

/// How much of a rollup a question needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Sums without [`crate::fact::DetailKey`]: few rows, cheap to read.
    Summary,
    /// Everything.
    Detail,
}

/// Dimensions by the word that names them, without the tags.
const NAMED: [(&str, Dimension); 19] = [
    ("owner", Dimension::Owner),
    ("publisher", Dimension::Publisher),
    ("model", Dimension::Model),
    ("meter", Dimension::Meter),
    ("direction", Dimension::Direction),
    ("service", Dimension::Service),
    ("line_type", Dimension::LineType),
    ("day", Dimension::Day),
    ("month", Dimension::Month),
    ("account", Dimension::Account),
    ("region", Dimension::Region),
    ("principal", Dimension::Principal),
    ("usage_type", Dimension::UsageType),
    ("tier", Dimension::Tier),
    ("routing", Dimension::Routing),
    ("rule", Dimension::Rule),
    ("entry", Dimension::Entry),
    // Budgets applied before the maker of a model had a word of its own say `provider`.
    ("provider", Dimension::Publisher),
    // Finance outside Europe spells it so.
    ("cost_center", Dimension::Business(BusinessField::CostCentre)),
];

impl Dimension {
    /// Reads a dimension: a word, or `tag:KEY`.
    ///
    /// # Errors
    ///
    /// [`UnknownDimension`] lists the words.
    pub fn parse(text: &str) -> Result<Dimension, UnknownDimension> {
        if let Some(key) = text.strip_prefix("tag:").filter(|key| !key.is_empty()) {
            return Ok(Dimension::Tag(key.into()));
        }
        let word = text.replace('-', "_");
        BusinessField::ALL
            .into_iter()
            .find(|field| field.as_str() == word)
            .map(Dimension::Business)
            .or_else(|| {
                let named = NAMED.iter().find(|(name, _)| *name == word);
                named.map(|(_, dimension)| dimension.clone())
            })
            .ok_or_else(|| UnknownDimension(text.chars().take(60).collect()))
    }

    /// The level of rollups that holds it.
    pub fn level(&self) -> Level {
        match self {
            Dimension::Account
            | Dimension::Region
            | Dimension::Principal
            | Dimension::UsageType
            | Dimension::Tier
            | Dimension::Routing
            | Dimension::Rule
            | Dimension::Entry
            | Dimension::Tag(_) => Level::Detail,
            _ => Level::Summary,
        }
    }

    /// The value of a row of one day; `None` where it has none, which is not the same as empty.
    pub fn value_of<'a>(&self, row: Row<'a>, day: Date) -> Option<Cow<'a, str>> {
        let key = row.summary();
        let charge = &key.charge;
        let position = row.position();
        let detail = position.map(|it| &it.detail);
        let borrowed = |text: &'a Arc<str>| Cow::Borrowed(&**text);
        match self {
            Dimension::Owner => Some(Cow::Borrowed(key.owner.as_str())),
            Dimension::Business(field) => field.of(&key.business).map(borrowed),
            Dimension::Publisher => charge.publisher.as_ref().map(borrowed),
            Dimension::Model => charge.model.as_ref().map(borrowed),
            Dimension::Meter => Some(Cow::Borrowed(charge.meter.as_str())),
            Dimension::Direction => {
                charge.meter.token_direction().map(|it| Cow::Borrowed(it.as_str()))
            }
            Dimension::Service => Some(borrowed(&charge.service)),
            Dimension::LineType => Some(borrowed(&charge.line_type)),
            Dimension::Day => Some(Cow::Owned(day.to_string())),
            Dimension::Month => Some(Cow::Owned(BillingPeriod::containing(day).to_string())),
            Dimension::Account => detail.map(|it| borrowed(&it.account)),
            Dimension::Region => detail.and_then(|it| it.region.as_ref()).map(borrowed),
            Dimension::Principal => detail.and_then(|it| it.caller.as_ref()).map(borrowed),
            Dimension::UsageType => detail.map(|it| borrowed(&it.usage_type)),
            Dimension::Tier => {
                let tier = UsageType::parse(&detail?.usage_type).tier?;
                Some(Cow::Borrowed(tier.as_str()))
            }
            Dimension::Routing => {
                let routing = UsageType::parse(&detail?.usage_type).routing?;
                Some(Cow::Borrowed(routing.as_str()))
            }
            Dimension::Rule => position.and_then(|it| it.rule.as_ref()).map(borrowed),
            Dimension::Entry => {
                row.measures().first_line.as_ref().map(|line| Cow::Owned(line.to_string()))
            }
            Dimension::Tag(tag) => detail.and_then(|it| it.tags.get(tag)).map(borrowed),
        }
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Dimension::Tag(key) => write!(f, "tag:{key}"),
            Dimension::Business(field) => f.write_str(field.as_str()),
            _ => {
                let name = NAMED.iter().find(|(_, dimension)| dimension == self);
                f.write_str(name.map_or("", |(name, _)| name))
            }
        }
    }
}

/// A word that names no dimension.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a dimension; expected owner, team, product, cost_centre, environment, customer, \
     workflow, agent, publisher, model, meter, direction, service, line_type, day, month, account, \
     region, principal, usage_type, tier, routing, rule, entry or tag:KEY"
)]
pub struct UnknownDimension(String);

/// Which rollups a question is about: for each dimension, the values that count.
///
/// A dimension with no value in a rollup matches nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope(pub std::collections::BTreeMap<Dimension, Vec<String>>);

impl Scope {
    /// Whether a row of a day is in it.
    pub fn contains(&self, row: Row<'_>, day: Date) -> bool {
        self.0.iter().all(|(dimension, values)| {
            dimension.value_of(row, day).is_some_and(|value| values.iter().any(|it| *it == *value))
        })
    }

    /// The level of rollups that it needs.
    pub fn level(&self) -> Level {
        self.0.keys().map(Dimension::level).max().unwrap_or(Level::Summary)
    }

    /// The owners it is limited to, if it is.
    pub fn owners(&self) -> Option<&[String]> {
        self.0.get(&Dimension::Owner).map(Vec::as_slice)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("all AI spend");
        }
        for (at, (dimension, values)) in self.0.iter().enumerate() {
            let and = if at == 0 { "" } else { " and " };
            write!(f, "{and}{dimension} = {}", values.join(" or "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::AttributionRules;
    use crate::testing::*;

    fn scope(parts: &[(&str, &[&str])]) -> Scope {
        let values = |it: &[&str]| it.iter().map(|it| (*it).to_owned()).collect();
        let parts = parts.iter();
        Scope(parts.map(|(word, it)| (Dimension::parse(word).unwrap(), values(it))).collect())
    }

    #[test]
    fn each_dimension_has_its_value_in_detail_and_the_summary_has_its_own() {
        let (ledger, _) = ledger_of(&[line()], &AttributionRules::default());
        let detail = rollups_of(&ledger, true).remove(0);
        let summary = rollups_of(&ledger, false).remove(0);
        for (word, expected) in [
            ("owner", Some("Unattributed")),
            ("team", None),
            ("cost_centre", None),
            ("publisher", Some("Amazon")),
            ("model", Some("nova-lite")),
            ("meter", Some("input_tokens")),
            ("direction", Some("input")),
            ("service", Some("Amazon Bedrock")),
            ("line_type", Some("Usage")),
            ("day", Some("2026-10-05")),
            ("month", Some("2026-10")),
            ("account", Some("123456789012")),
            ("region", Some("us-east-1")),
            ("principal", Some(GATEWAY)),
            ("usage_type", Some("USE1-NovaLite-input-tokens")),
            ("tier", Some("standard")),
            ("routing", Some("in_region")),
            ("rule", None),
            ("entry", Some("part-1.csv:1")),
            ("tag:iamPrincipal/team", Some("search")),
            ("tag:iamPrincipal/other", None),
        ] {
            let dimension = Dimension::parse(word).unwrap();
            assert_eq!(dimension.to_string(), word);
            let (day, rollup) = &detail;
            assert_eq!(dimension.value_of(rollup.row(), *day).as_deref(), expected, "{word}");
            let (day, rollup) = &summary;
            let in_summary = if dimension.level() == Level::Summary { expected } else { None };
            assert_eq!(dimension.value_of(rollup.row(), *day).as_deref(), in_summary, "{word}");
        }
    }

    #[test]
    fn both_spellings_of_a_word_are_read() {
        let cost_centre = Dimension::Business(BusinessField::CostCentre);
        for text in ["cost_centre", "cost-centre", "cost_center", "cost-center"] {
            assert_eq!(Dimension::parse(text), Ok(cost_centre.clone()));
        }
    }

    #[test]
    fn other_words_are_refused_with_the_list() {
        for text in ["", "Owner", "tag", "tag:", "colour"] {
            let message = Dimension::parse(text).unwrap_err().to_string();
            assert!(message.starts_with(&format!("`{text}` is not a dimension; expected owner,")));
        }
    }

    #[test]
    fn every_word_of_the_refusal_is_a_dimension() {
        let message = Dimension::parse("?").unwrap_err().to_string();
        let (_, words) = message.split_once("expected ").unwrap();
        for word in words.replace(" or ", ", ").split(", ") {
            assert!(Dimension::parse(word).is_ok(), "{word}");
        }
    }

    #[test]
    fn a_scope_needs_one_value_of_every_dimension() {
        let (ledger, _) = ledger_of(&[line()], &AttributionRules::default());
        let (day, rollup) = rollups_of(&ledger, true).remove(0);
        for (parts, expected) in [
            (vec![], true),
            (vec![("model", &["claude", "nova-lite"][..])], true),
            (vec![("model", &["nova-lite"][..]), ("region", &["eu-west-1"][..])], false),
            (vec![("team", &[""][..])], false),
        ] {
            assert_eq!(scope(&parts).contains(rollup.row(), day), expected, "{parts:?}");
        }
    }

    #[test]
    fn a_scope_reads_like_a_sentence_and_knows_its_level() {
        let wide = scope(&[]);
        assert_eq!((wide.to_string().as_str(), wide.level()), ("all AI spend", Level::Summary));
        let narrow = scope(&[("owner", &["search", "ads"]), ("account", &["123456789012"])]);
        assert_eq!(narrow.to_string(), "owner = search or ads and account = 123456789012");
        assert_eq!(narrow.level(), Level::Detail);
        assert_eq!(narrow.owners().unwrap(), ["search", "ads"]);
    }
}
