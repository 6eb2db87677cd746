//! Dimensions: the ways to group and filter figures.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use jiff::civil::Date;

use crate::bill_text::BillText;
use crate::business::{BusinessField, BusinessKey};
use crate::fact::{ChargeKey, DetailKey};
use crate::period::BillingPeriod;
use crate::rollup::Row;
use crate::word::{Label, Word};

pub use crate::level::Level;

/// A way to group and filter figures.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dimension {
    /// Who pays.
    Owner,
    /// A dimension that rules set: team, product, cost centre …, and the user's own.
    Business(BusinessKey),
    /// The cloud or vendor that bills.
    Provider,
    /// The maker of the model.
    Publisher,
    /// The model.
    Model,
    /// The thing that was counted, such as `input_tokens`.
    Meter,
    /// Input, output, cache read or cache write.
    Direction,
    /// The name under which the money appears.
    Service,
    /// Usage, purchase, tax, credit or adjustment.
    Category,
    /// The provider's own word for the type of a line: `Usage`, `Tax`, `Credit` …
    LineType,
    /// The UTC day.
    Day,
    /// The month of the day.
    Month,
    /// The day of the week: `Monday` … `Sunday`.
    Weekday,
    /// The account that was charged.
    Account,
    /// A text that is kept as the bill has it: region, invoice …
    Text(BillText),
    /// The caller.
    Principal,
    /// The provider's own name of what was metered.
    UsageType,
    /// Standard, batch, flex, priority …
    Tier,
    /// In region, geographic or global.
    Routing,
    /// Text, image, video, audio or speech.
    Modality,
    /// The usual or the long context.
    Context,
    /// How long a cached prompt is kept.
    CacheTtl,
    /// The rule that claimed it.
    Rule,
    /// The first line of the bill in it, as `FILE:LINE`: the way back to the provider's own row.
    Entry,
    /// A tag by its prefixed key.
    Tag(Arc<str>),
}

/// Dimensions beside those that rules set, texts and tags: the word, and the level that holds it.
const NAMED: [(&str, Dimension, Level); 22] = [
    ("owner", Dimension::Owner, Level::Summary),
    ("provider", Dimension::Provider, Level::Summary),
    ("publisher", Dimension::Publisher, Level::Summary),
    ("model", Dimension::Model, Level::Summary),
    ("meter", Dimension::Meter, Level::Summary),
    ("direction", Dimension::Direction, Level::Summary),
    ("service", Dimension::Service, Level::Summary),
    ("category", Dimension::Category, Level::Summary),
    ("line_type", Dimension::LineType, Level::Summary),
    ("day", Dimension::Day, Level::Summary),
    ("month", Dimension::Month, Level::Summary),
    ("weekday", Dimension::Weekday, Level::Summary),
    ("account", Dimension::Account, Level::Detail),
    ("principal", Dimension::Principal, Level::Detail),
    ("usage_type", Dimension::UsageType, Level::Detail),
    ("tier", Dimension::Tier, Level::Detail),
    ("routing", Dimension::Routing, Level::Detail),
    ("modality", Dimension::Modality, Level::Detail),
    ("context", Dimension::Context, Level::Detail),
    ("cache_ttl", Dimension::CacheTtl, Level::Detail),
    ("rule", Dimension::Rule, Level::Detail),
    ("entry", Dimension::Entry, Level::Detail),
];

/// The days of the week in order.
const WEEKDAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// Other spellings of words.
const ALIASES: [(&str, &str); 1] = [("cost_center", "cost_centre")];

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
        let alias = ALIASES.iter().find(|(alias, _)| *alias == word);
        let word = alias.map_or(word.as_str(), |(_, word)| word);
        let named = || NAMED.iter().find(|(name, ..)| *name == word).map(|(_, it, _)| it.clone());
        BusinessKey::parse(word)
            .map(Dimension::Business)
            .or_else(|| BillText::parse(word).map(Dimension::Text))
            .or_else(named)
            .ok_or_else(|| UnknownDimension(text.chars().take(60).collect()))
    }

    /// All words, for messages, help and documents: `owner, team, …, entry, x_NAME or tag:KEY`.
    pub fn words() -> String {
        let business = BusinessField::ALL.iter().map(|it| it.as_str());
        let named = NAMED.iter().map(|(name, ..)| *name);
        // The owner first, then what rules set.
        let texts = BillText::ALL.iter().map(|it| it.as_str());
        let words = named.clone().take(1).chain(business).chain(named.skip(1)).chain(texts);
        let words: Vec<&str> = words.collect();
        format!("{}, x_NAME or tag:KEY", words.join(", "))
    }

    /// The level of rollups that holds it.
    pub fn level(&self) -> Level {
        match self {
            Dimension::Tag(_) | Dimension::Text(_) => Level::Detail,
            Dimension::Business(key) => key.level(),
            _ => {
                let named = NAMED.iter().find(|(_, dimension, _)| dimension == self);
                named.map_or(Level::Detail, |(.., level)| *level)
            }
        }
    }

    /// Compares two values by time; `None` for a dimension whose values are no times.
    pub fn by_time(&self, left: Option<&str>, right: Option<&str>) -> Option<Ordering> {
        let of_week = |value: Option<&str>| WEEKDAYS.iter().position(|it| Some(*it) == value);
        match self {
            Dimension::Day | Dimension::Month => Some(left.cmp(&right)),
            Dimension::Weekday => Some(of_week(left).cmp(&of_week(right))),
            _ => None,
        }
    }

    /// The value of a row of one day; `None` where it has none, which is not the same as empty.
    pub fn value_of<'a>(&self, row: Row<'a>, day: Date) -> Option<Cow<'a, str>> {
        let key = row.summary();
        match self {
            Dimension::Owner => Some(Cow::Borrowed(key.owner.as_str())),
            Dimension::Business(business) => {
                let in_detail = || row.position()?.business.get(business);
                borrowed(key.business.get(business).or_else(in_detail))
            }
            Dimension::Day => Some(Cow::Owned(day.to_string())),
            Dimension::Month => Some(Cow::Owned(BillingPeriod::containing(day).to_string())),
            Dimension::Weekday => {
                let place = usize::try_from(day.weekday().to_monday_zero_offset()).ok()?;
                WEEKDAYS.get(place).map(|it| Cow::Borrowed(*it))
            }
            Dimension::Entry => {
                row.measures().first_line.as_ref().map(|line| Cow::Owned(line.to_string()))
            }
            Dimension::Rule => borrowed(row.position()?.rule.as_ref()),
            _ => self
                .value_of_charge(&key.charge)
                .or_else(|| self.value_of_detail(&row.position()?.detail)),
        }
    }

    fn value_of_charge<'a>(&self, charge: &'a ChargeKey) -> Option<Cow<'a, str>> {
        match self {
            Dimension::Provider => Some(Cow::Borrowed(charge.provider.as_str())),
            Dimension::Publisher => borrowed(charge.publisher.as_ref()),
            Dimension::Model => borrowed(charge.model.as_ref()),
            Dimension::Meter => Some(charge.meter.shown()),
            Dimension::Direction => {
                let direction = charge.meter.token_direction()?;
                Some(Cow::Borrowed(direction.as_str()))
            }
            Dimension::Service => Some(Cow::Borrowed(&charge.service)),
            Dimension::Category => shown(charge.category.as_ref()),
            Dimension::LineType => Some(Cow::Borrowed(&charge.line_type)),
            _ => None,
        }
    }

    fn value_of_detail<'a>(&self, detail: &'a DetailKey) -> Option<Cow<'a, str>> {
        let axes = &detail.axes;
        match self {
            Dimension::Account => borrowed(detail.account.as_ref()),
            Dimension::Text(text) => borrowed(detail.texts.get(*text)),
            Dimension::Principal => borrowed(detail.caller.as_ref()),
            Dimension::UsageType => borrowed(axes.usage_type.as_ref()),
            Dimension::Tier => shown(axes.tier.as_ref()),
            Dimension::Routing => shown(axes.routing.as_ref()),
            Dimension::Modality => shown(axes.modality.as_ref()),
            Dimension::Context => shown(axes.context.as_ref()),
            Dimension::CacheTtl => shown(axes.cache_ttl.as_ref()),
            Dimension::Tag(tag) => borrowed(detail.tags.get(tag)),
            _ => None,
        }
    }
}

fn borrowed(text: Option<&Arc<str>>) -> Option<Cow<'_, str>> {
    text.map(|it| Cow::Borrowed(&**it))
}

fn shown<T: Label>(word: Option<&Word<T>>) -> Option<Cow<'_, str>> {
    word.map(Word::shown)
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Dimension::Tag(key) => write!(f, "tag:{key}"),
            Dimension::Business(key) => f.write_str(key.as_str()),
            Dimension::Text(text) => f.write_str(text.as_str()),
            _ => {
                let named = NAMED.iter().find(|(_, dimension, _)| dimension == self);
                f.write_str(named.map_or("", |(name, ..)| name))
            }
        }
    }
}

/// A word that names no dimension.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a dimension; expected {words}", words = Dimension::words())]
pub struct UnknownDimension(String);

/// The rollups that a question is about: for each dimension, the values that count.
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

    /// A text that names at most this many values of each dimension.
    pub fn shortened(&self, values_max: usize) -> impl fmt::Display + '_ {
        Shortened { scope: self, values_max }
    }

    /// The owners it is limited to, if it is.
    pub fn owners(&self) -> Option<&[String]> {
        self.0.get(&Dimension::Owner).map(Vec::as_slice)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shortened(usize::MAX).fmt(f)
    }
}

/// A scope for readers, with at most a number of values of each dimension.
struct Shortened<'s> {
    scope: &'s Scope,
    values_max: usize,
}

impl fmt::Display for Shortened<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.scope.0.is_empty() {
            return f.write_str("all AI spend");
        }
        for (at, (dimension, values)) in self.scope.0.iter().enumerate() {
            let and = if at == 0 { "" } else { " and " };
            let shown = values.get(..self.values_max).unwrap_or(values);
            write!(f, "{and}{dimension} = {}", shown.join(" or "))?;
            if shown.len() < values.len() {
                write!(f, " or {} more", values.len() - shown.len())?;
            }
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
            ("provider", Some("aws")),
            ("publisher", Some("Amazon")),
            ("model", Some("nova-lite")),
            ("meter", Some("input_tokens")),
            ("direction", Some("input")),
            ("service", Some("Amazon Bedrock")),
            ("category", Some("usage")),
            ("line_type", Some("Usage")),
            ("day", Some("2026-10-05")),
            ("month", Some("2026-10")),
            ("weekday", Some("Monday")),
            ("account", Some("123456789012")),
            ("region", Some("us-east-1")),
            ("invoice_id", None),
            ("availability_zone", None),
            ("principal", Some(GATEWAY)),
            ("usage_type", Some("USE1-NovaLite-input-tokens")),
            ("tier", Some("standard")),
            ("routing", Some("in_region")),
            ("modality", Some("text")),
            ("context", Some("default")),
            ("cache_ttl", None),
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
        let cost_centre = Dimension::Business(BusinessKey::Named(BusinessField::CostCentre));
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
            assert!(Dimension::parse(&word.to_lowercase()).is_ok(), "{word}");
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
