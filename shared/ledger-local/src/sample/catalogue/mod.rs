//! Offers that the sample organisation buys: models with their meters, usage types and list prices.
//!
//! Usage types are strings that were read on a bill, in a price list or in AWS's documentation;
//! prices are the list prices of late 2026 where those were known, and believable elsewhere.

mod agent_core;
mod amazon;
mod marketplace;
mod third_party;

use super::fixed::Fixed;

pub(super) use self::agent_core::*;
pub(super) use self::amazon::*;
pub(super) use self::marketplace::*;
pub(super) use self::third_party::*;

/// A model or feature as one provider sells it in one region and tier.
pub(super) struct Offer {
    /// `product['provider']`; empty where AWS gives none.
    pub provider: &'static str,
    /// `product['model']`; empty on lines that are not about a model.
    pub model: &'static str,
    pub seller: Seller,
    /// `product['feature']`.
    pub feature: &'static str,
    pub operation: &'static str,
    pub region: &'static str,
    pub meters: &'static [Meter],
}

/// Who bills, and under which name.
pub(super) enum Seller {
    /// AWS itself: a readable product code.
    Aws(&'static str),
    /// AWS Marketplace: an opaque product code, and the product's name.
    Marketplace {
        product_code: &'static str,
        product_name: &'static str,
        /// The scope in the line's description: `Regional CRIS`, `Global`…
        scope: &'static str,
    },
}

/// One kind of consumption with its own usage type and price.
pub(super) struct Meter {
    pub kind: Kind,
    pub usage_type: &'static str,
    pub unit: Unit,
    /// US dollars for one unit.
    pub price: Fixed,
}

/// The kind of consumption that a meter counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Input,
    Output,
    CacheRead,
    CacheWrite,
    CacheWriteHour,
    /// Images, hours, text units…: everything that is not a token.
    Other,
}

impl Kind {
    /// `product['inference_type']`. The first two are AWS's words; those of the cache are inferred.
    pub(super) fn inference_type(self) -> Option<&'static str> {
        match self {
            Kind::Input => Some("Input tokens"),
            Kind::Output => Some("Output tokens"),
            Kind::CacheRead => Some("Cache read input tokens"),
            Kind::CacheWrite | Kind::CacheWriteHour => Some("Cache write input tokens"),
            Kind::Other => None,
        }
    }

    /// The words of a Marketplace line's description.
    pub(super) fn words(self) -> &'static str {
        match self {
            Kind::Input => "Input Tokens",
            Kind::Output => "Output Tokens",
            Kind::CacheRead => "Cache Read Input Tokens",
            Kind::CacheWrite => "Cache Write Input Tokens",
            Kind::CacheWriteHour => "Cache Write 1h Input Tokens",
            Kind::Other => "Reserved Input TPM",
        }
    }
}

/// A pricing unit and its size in the things that are counted.
#[derive(Clone, Copy)]
pub(super) struct Unit {
    pub name: &'static str,
    pub size: i64,
}

const THOUSAND: Unit = Unit { name: "1K tokens", size: 1_000 };
const MILLION: Unit = Unit { name: "1M tokens", size: 1_000_000 };
/// The older Marketplace unit: only the description says that it is a million.
const UNITS: Unit = Unit { name: "Units", size: 1_000_000 };

/// Tokens of each kind for a thousand input tokens.
pub(super) struct Blend {
    pub output: i64,
    pub cache_read: i64,
    pub cache_write: i64,
    pub cache_write_hour: i64,
}

/// Questions and answers without a cache.
pub(super) const CHAT: Blend =
    Blend { output: 260, cache_read: 0, cache_write: 0, cache_write_hour: 0 };
/// Long conversations on a cached system prompt.
pub(super) const CACHED: Blend =
    Blend { output: 210, cache_read: 3_600, cache_write: 310, cache_write_hour: 0 };
/// A coding assistant: it reads its own context again and again.
pub(super) const CODE: Blend =
    Blend { output: 170, cache_read: 9_400, cache_write: 520, cache_write_hour: 140 };
/// Much in, little out.
pub(super) const EXTRACT: Blend =
    Blend { output: 55, cache_read: 0, cache_write: 0, cache_write_hour: 0 };
/// Little in, much out.
pub(super) const WRITE: Blend =
    Blend { output: 1_450, cache_read: 0, cache_write: 0, cache_write_hour: 0 };
/// Only one meter: embeddings, images, hours.
pub(super) const PLAIN: Blend =
    Blend { output: 0, cache_read: 0, cache_write: 0, cache_write_hour: 0 };

impl Blend {
    pub(super) fn per_thousand(&self, kind: Kind) -> i64 {
        match kind {
            Kind::Input | Kind::Other => 1_000,
            Kind::Output => self.output,
            Kind::CacheRead => self.cache_read,
            Kind::CacheWrite => self.cache_write,
            Kind::CacheWriteHour => self.cache_write_hour,
        }
    }
}

const fn input(usage_type: &'static str, unit: Unit, price: Fixed) -> Meter {
    Meter { kind: Kind::Input, usage_type, unit, price }
}

const fn output(usage_type: &'static str, unit: Unit, price: Fixed) -> Meter {
    Meter { kind: Kind::Output, usage_type, unit, price }
}

const fn cache_read(usage_type: &'static str, unit: Unit, price: Fixed) -> Meter {
    Meter { kind: Kind::CacheRead, usage_type, unit, price }
}

const fn cache_write(usage_type: &'static str, unit: Unit, price: Fixed) -> Meter {
    Meter { kind: Kind::CacheWrite, usage_type, unit, price }
}

const fn cache_write_hour(usage_type: &'static str, unit: Unit, price: Fixed) -> Meter {
    Meter { kind: Kind::CacheWriteHour, usage_type, unit, price }
}

const fn other(usage_type: &'static str, unit: &'static str, size: i64, price: Fixed) -> Meter {
    Meter { kind: Kind::Other, usage_type, unit: Unit { name: unit, size }, price }
}

const fn usd(mantissa: i64, scale: u32) -> Fixed {
    Fixed::new(mantissa, scale)
}

const USE1: &str = "us-east-1";
const USW2: &str = "us-west-2";
const ON_DEMAND: &str = "On-demand Inference";
const BATCH: &str = "Batch Inference";
const INVOKE: &str = "InvokeModelInference";
const STREAM: &str = "InvokeModelStreamingInference";
