//! What figures can be grouped and filtered by.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use jiff::civil::Date;

use crate::attribution::BusinessField;
use crate::period::BillingPeriod;
use crate::rollup::RollupKey;
use crate::usage_type::UsageType;

/// What figures can be grouped and filtered by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dimension {
    /// Who pays.
    Owner,
    /// A dimension that rules set: team, product, cost centre …
    Business(BusinessField),
    /// Who makes the model.
    Provider,
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
    /// A tag by its prefixed key.
    Tag(Arc<str>),
}

/// How much of a rollup a question needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Sums without [`crate::rollup::Detail`]: few rows, cheap to read.
    Summary,
    /// Everything.
    Detail,
}

/// Dimensions by the word that names them, without the tags.
const NAMED: [(&str, Dimension); 17] = [
    ("owner", Dimension::Owner),
    ("provider", Dimension::Provider),
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
            | Dimension::Tag(_) => Level::Detail,
            _ => Level::Summary,
        }
    }

    /// The value of a rollup of one day; `None` where it has none, which is not the same as empty.
    pub fn value_of<'a>(&self, key: &'a RollupKey, day: Date) -> Option<Cow<'a, str>> {
        let detail = key.detail.as_ref();
        let borrowed = |text: &'a Arc<str>| Cow::Borrowed(&**text);
        match self {
            Dimension::Owner => Some(Cow::Borrowed(key.owner.as_str())),
            Dimension::Business(field) => field.of(&key.business).map(borrowed),
            Dimension::Provider => key.provider.as_ref().map(borrowed),
            Dimension::Model => key.model.as_ref().map(borrowed),
            Dimension::Meter => Some(Cow::Borrowed(key.meter.as_str())),
            Dimension::Direction => {
                key.meter.token_direction().map(|it| Cow::Borrowed(it.as_str()))
            }
            Dimension::Service => Some(borrowed(&key.service)),
            Dimension::LineType => Some(borrowed(&key.line_type)),
            Dimension::Day => Some(Cow::Owned(day.to_string())),
            Dimension::Month => Some(Cow::Owned(BillingPeriod::containing(day).to_string())),
            Dimension::Account => detail.map(|it| borrowed(&it.account)),
            Dimension::Region => detail.and_then(|it| it.region.as_ref()).map(borrowed),
            Dimension::Principal => detail.and_then(|it| it.principal.as_ref()).map(borrowed),
            Dimension::UsageType => detail.map(|it| borrowed(&it.usage_type)),
            Dimension::Tier => {
                let tier = UsageType::parse(&detail?.usage_type).tier?;
                Some(Cow::Borrowed(tier.as_str()))
            }
            Dimension::Routing => {
                let routing = UsageType::parse(&detail?.usage_type).routing?;
                Some(Cow::Borrowed(routing.as_str()))
            }
            Dimension::Rule => detail.and_then(|it| it.rule.as_ref()).map(borrowed),
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
     workflow, agent, provider, model, meter, direction, service, line_type, day, month, account, \
     region, principal, usage_type, tier, routing, rule or tag:KEY"
)]
pub struct UnknownDimension(String);

/// Which rollups a question is about: for each dimension, the values that count.
///
/// A dimension with no value in a rollup matches nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope(pub std::collections::BTreeMap<Dimension, Vec<String>>);

impl Scope {
    /// Whether a rollup is in it.
    pub fn contains(&self, key: &RollupKey, day: Date) -> bool {
        self.0.iter().all(|(dimension, values)| {
            dimension.value_of(key, day).is_some_and(|value| values.iter().any(|it| *it == *value))
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
