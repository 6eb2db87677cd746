//! Whether every word of a usage type is understood, so that what is not written has its usual value.

use super::cache_ttl::places_of_ttl;
use super::words::Words;
use crate::meter::Meter;

/// Whether the rules know each word after the model.
pub(super) fn is_understood(meter: Meter, words: Words<'_>) -> bool {
    let known = match meter {
        Meter::GuardrailUnits => GUARDRAIL_WORDS,
        _ => TOKEN_WORDS,
    };
    let of_ttl = places_of_ttl(meter, words);
    let mut words = (0..).zip(words.0);
    words.all(|(place, word)| known.contains(&word.text.as_str()) || of_ttl.contains(&place))
}

/// The words of token meters: their direction and scale, and all axes but the lifetime of a cache.
const TOKEN_WORDS: &[&str] = &[
    "audio",
    "batch",
    "cache",
    "cached",
    "completion",
    "context",
    "count",
    "cross",
    "custom",
    "flex",
    "geo",
    "geographic",
    "global",
    "image",
    "input",
    "latency",
    "long",
    "mantle",
    "million",
    "model",
    "optimized",
    "output",
    "priority",
    "prompt",
    "read",
    "region",
    "regional",
    "response",
    "speech",
    "standard",
    "text",
    "thousand",
    "token",
    "tokens",
    "understanding",
    "video",
    "write",
];

/// The words of a guardrail's policies.
const GUARDRAIL_WORDS: &[&str] = &[
    "automated",
    "consumed",
    "content",
    "contextual",
    "free",
    "grounding",
    "guardrail",
    "image",
    "information",
    "paid",
    "policy",
    "reasoning",
    "sensitive",
    "text",
    "topic",
    "units",
    "word",
];
