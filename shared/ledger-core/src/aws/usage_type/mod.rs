//! Usage types: the texts by which AWS names what was metered.
//!
//! AWS builds these texts by several grammars, and new models appear in them every week. The parser
//! therefore has a grammar, not a list: it looks for words at any position, and leaves a field
//! empty where it finds none. An axis that is not written has its usual value only where every other
//! word is understood: one that is not could have said another. Since 20 July 2026 a CUR also names the model in its `product`
//! column, which is the better source where it is filled.
//!
//! | Family | Form |
//! | --- | --- |
//! | runtime | `{REGION}-{model}-{token kind}[-{tier}][-cross-region-global]` |
//! | mantle | `{REGION}-{provider.model}-mantle-{token kind}[-global]-{tier}` |
//! | Marketplace, older | `{R}-MP:{R}_{CamelCaseMeter}[_Global][_Batch]-Units` |
//! | Marketplace, newer | `{R}-MP:{R}_{snake_case_meter}[_long_ctx][_global]_{tier}-Units` |
//! | AgentCore | `{REGION}-{component}:Consumption-based:{what}` |
//!
//! Start reading at [`UsageType::parse`].

mod cache_ttl;
mod meter;
mod region;
mod understood;
mod words;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use self::meter::Reading;
use self::words::{Word, Words};
use crate::meter::{CacheTtl, Context, Meter, Modality, Routing, Tier};
use crate::usage::UsageAxes;

pub use self::region::UNKNOWN_REGION;

/// A usage type and its reading.
///
/// - **Shape:** the text as AWS wrote it, and one field per axis. A field is `None` where the text
///   says nothing about it.
/// - **Invariant:** every text has a reading; one that no rule knows has [`Meter::Unknown`].
/// - **Source:** `line_item_usage_type`, or the dimension `USAGE_TYPE` of Cost Explorer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageType {
    raw: Arc<str>,
    /// The region prefix as written, such as `APS3`.
    pub region_prefix: Option<String>,
    /// The region of the prefix; [`UNKNOWN_REGION`] for a prefix that is not in our table.
    pub region: Option<&'static str>,
    /// Whether the text has the form of AWS Marketplace, which never names the model.
    pub is_marketplace: bool,
    /// The model as written, such as `Claude4.6Sonnet`; see [`crate::model`] for its one name.
    pub model: Option<String>,
    /// The meter.
    pub meter: Meter,
    /// The kind of content.
    pub modality: Option<Modality>,
    /// The service tier.
    pub tier: Option<Tier>,
    /// Where the call could be served.
    pub routing: Option<Routing>,
    /// The length of the prompt.
    pub context: Option<Context>,
    /// How long the cache entry is kept, where it is written.
    pub cache_ttl: Option<CacheTtl>,
    /// Whether a model of the customer's own was used.
    pub is_custom_model: bool,
}

impl UsageType {
    /// Reads any text; see the module for the grammar.
    ///
    /// ```
    /// use ledger_core::aws::usage_type::UsageType;
    /// use ledger_core::meter::{Meter, Routing, Tier};
    ///
    /// let usage_type = UsageType::parse("USW2-Nova2.0Lite-input-tokens-flex-cross-region-global");
    /// assert_eq!(usage_type.region, Some("us-west-2"));
    /// assert_eq!(usage_type.model.as_deref(), Some("Nova2.0Lite"));
    /// assert_eq!(usage_type.meter, Meter::InputTokens);
    /// assert_eq!(usage_type.tier, Some(Tier::Flex));
    /// assert_eq!(usage_type.routing, Some(Routing::Global));
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> UsageType {
        let frame = Frame::of(text);
        let words = words::split(frame.body);
        // Marketplace lines name no model, so all their words belong to the meter.
        let tail_start = if frame.is_marketplace { 0 } else { tail_start(&words) };
        let tail = words.get(tail_start..).unwrap_or_default();
        let reading = Reading {
            text: frame.body,
            all: Words(&words),
            tail: Words(tail),
            has_model: tail_start > 0,
        };
        let meter = meter::meter_of(reading);
        if meter == Meter::OtherService {
            return UsageType::of_other_service(text);
        }
        let words = reading.tail;
        let is_understood = understood::is_understood(meter, words);
        UsageType {
            raw: text.into(),
            region_prefix: frame.prefix.map(|prefix| prefix.text.to_owned()),
            region: frame.prefix.map(|prefix| prefix.region),
            is_marketplace: frame.is_marketplace,
            model: model_of(frame.body, tail, meter, reading.has_model),
            meter,
            modality: modality_of(meter, words, is_understood),
            tier: tier_of(meter, words, is_understood),
            routing: routing_of(meter, words, is_understood),
            context: context_of(meter, words, is_understood),
            cache_ttl: cache_ttl::cache_ttl_of(meter, words),
            is_custom_model: is_custom_model(meter, words),
        }
    }

    /// The text as AWS wrote it.
    #[must_use]
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// The fields beside model and meter, to be shared by all charges of this usage type.
    #[must_use]
    pub fn axes(&self) -> UsageAxes {
        UsageAxes {
            usage_type: Some(&self.raw).filter(|raw| !raw.is_empty()).map(Arc::clone),
            tier: self.tier.map(Into::into),
            routing: self.routing.map(Into::into),
            modality: self.modality.map(Into::into),
            context: self.context.map(Into::into),
            cache_ttl: self.cache_ttl.map(Into::into),
        }
    }

    /// The meter of a line that is known to be Bedrock's from its product code.
    ///
    /// A text that looks like another service's is then unreadable, since the product code
    /// outweighs it.
    #[must_use]
    pub fn meter_within_bedrock(&self) -> Meter {
        match self.meter {
            Meter::OtherService => Meter::Unknown,
            meter => meter,
        }
    }

    /// The usage type of another service, of which no field is read.
    fn of_other_service(text: &str) -> UsageType {
        UsageType {
            raw: text.into(),
            region_prefix: None,
            region: None,
            is_marketplace: false,
            model: None,
            meter: Meter::OtherService,
            modality: None,
            tier: None,
            routing: None,
            context: None,
            cache_ttl: None,
            is_custom_model: false,
        }
    }
}

/// A usage type in parts: the body, and its frame of `{R}-MP:{R}_` before and `-Units` after it.
struct Frame<'a> {
    prefix: Option<region::RegionPrefix<'a>>,
    is_marketplace: bool,
    body: &'a str,
}

impl<'a> Frame<'a> {
    fn of(text: &'a str) -> Frame<'a> {
        let (outer, rest) = split_prefix(text);
        let (inner, rest, has_mark) = match rest.strip_prefix("MP:") {
            Some(rest) => {
                let (inner, rest) = split_prefix(rest);
                (inner, rest, true)
            }
            None => (None, rest, false),
        };
        let (body, has_units) = match rest.strip_suffix("-Units") {
            Some(body) => (body, true),
            None => (rest, false),
        };
        Frame { prefix: outer.or(inner), is_marketplace: has_mark || has_units, body }
    }
}

fn split_prefix(text: &str) -> (Option<region::RegionPrefix<'_>>, &str) {
    match region::take(text) {
        Some((prefix, rest)) => (Some(prefix), rest),
        None => (None, text),
    }
}

/// The index of the first word that belongs to the meter; the model ends before it.
///
/// A segment opens the tail when it begins with a word that no model has; tier and modality words
/// right before it (`Llama3-1-70B-LatencyOptimized-input-tokens`) belong to the tail as well.
fn tail_start(words: &[Word]) -> usize {
    let opens_tail =
        |index: usize| words.get(index..).is_some_and(|rest| is_meter_start(Words(rest)));
    let Some(anchor) = (0..words.len()).find(|index| opens_tail(*index)) else {
        return 0;
    };
    let before = words.get(..anchor).unwrap_or_default();
    let qualifier_count = before.iter().rev().take_while(|word| is_qualifier(word)).count();
    anchor - qualifier_count
}

fn is_meter_start(rest: Words<'_>) -> bool {
    let Some(first) = rest.0.first().filter(|word| word.opens_segment) else {
        return false;
    };
    METER_STARTS.contains(&first.text.as_str())
        || rest.start_with(&["search", "unit"])
        || rest.start_with(&["search", "units"])
        || rest.start_with(&["provisioned", "throughput"])
        || rest.start_with(&["custom", "model", "import"])
}

const METER_STARTS: &[&str] = &[
    "cache",
    "created",
    "customization",
    "distillation",
    "highfps",
    "i2i",
    "i2v",
    "input",
    "lowfps",
    "mantle",
    "medfps",
    "million",
    "output",
    "reserved",
    "response",
    "rft",
    "t2i",
    "t2v",
    "thousand",
    "v2v",
];

/// Case matters: `-text-input-tokens` has a qualifier, but the `Text` of
/// `TitanEmbeddingV2-Text-input-tokens` belongs to the model.
fn is_qualifier(word: &Word) -> bool {
    if matches!(word.segment.as_str(), "LatencyOptimized" | "Batch" | "Flex" | "Priority") {
        return true;
    }
    QUALIFIERS.contains(&word.segment.as_str())
}

const QUALIFIERS: &[&str] = &[
    "audio",
    "batch",
    "context",
    "cross",
    "ctx",
    "custom",
    "flex",
    "geo",
    "global",
    "image",
    "latency",
    "long",
    "model",
    "optimized",
    "priority",
    "region",
    "speech",
    "standard",
    "text",
    "understanding",
    "video",
];

fn model_of(body: &str, tail: &[Word], meter: Meter, has_model: bool) -> Option<String> {
    if !meter::names_a_model(meter) {
        return None;
    }
    if has_model {
        let end = tail.first()?.segment_start.checked_sub(1)?;
        return body.get(..end).map(str::to_owned).filter(|model| !model.is_empty());
    }
    // A media model known by its name, before details that no rule reads.
    let first = tail.first()?;
    let is_media_model = ["nova", "titan", "stable"].contains(&first.text.as_str());
    is_media_model.then(|| first.segment.clone())
}

fn modality_of(meter: Meter, words: Words<'_>, is_understood: bool) -> Option<Modality> {
    let usual = Some(Modality::Text).filter(|_| is_understood);
    match meter {
        Meter::InputImages | Meter::OutputImages => Some(Modality::Image),
        Meter::InputVideo | Meter::OutputVideo => Some(Modality::Video),
        Meter::InputAudio | Meter::OutputAudio => Some(Modality::Audio),
        Meter::GuardrailUnits if words.has("image") => Some(Modality::Image),
        Meter::GuardrailUnits => usual,
        _ if meter.token_direction().is_some() => token_modality(words).or(usual),
        _ => None,
    }
}

fn token_modality(words: Words<'_>) -> Option<Modality> {
    let named =
        [Modality::Image, Modality::Video, Modality::Audio, Modality::Speech, Modality::Text];
    named.into_iter().find(|modality| words.has(modality.as_str()))
}

/// For other meters than tokens only unambiguous words count: `Standard` is also a quality of
/// images.
fn tier_of(meter: Meter, words: Words<'_>, is_understood: bool) -> Option<Tier> {
    if !meter::names_a_model(meter) {
        return None;
    }
    let named = [("batch", Tier::Batch), ("flex", Tier::Flex), ("priority", Tier::Priority)];
    let written = named.iter().find(|(word, _)| words.has(word)).map(|(_, tier)| *tier);
    let is_fast = words.has_run(&["latency", "optimized"]);
    let is_usual = is_understood || words.has("standard");
    written
        .or(is_fast.then_some(Tier::LatencyOptimized))
        .or(meter.token_direction().filter(|_| is_usual).map(|_| Tier::Standard))
}

fn routing_of(meter: Meter, words: Words<'_>, is_understood: bool) -> Option<Routing> {
    if !meter::names_a_model(meter) {
        return None;
    }
    if words.has("global") {
        return Some(Routing::Global);
    }
    if words.has_any(&["geo", "geographic"]) {
        return Some(Routing::Geo);
    }
    let is_usual = is_understood || words.has("regional");
    meter.token_direction().filter(|_| is_usual).map(|_| Routing::InRegion)
}

fn context_of(meter: Meter, words: Words<'_>, is_understood: bool) -> Option<Context> {
    meter.token_direction()?;
    if words.has_run(&["long", "context"]) {
        return Some(Context::Long);
    }
    is_understood.then_some(Context::Default)
}

fn is_custom_model(meter: Meter, words: Words<'_>) -> bool {
    match meter {
        Meter::CustomModelUnits => true,
        Meter::ProvisionedModelUnits => words.has("custom"),
        Meter::CustomizationStorage | Meter::CustomizationTraining => false,
        _ => meter::names_a_model(meter) && words.has_run(&["custom", "model"]),
    }
}
