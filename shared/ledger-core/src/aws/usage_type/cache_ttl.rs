//! How long a cache entry is kept, where it is written.

use super::words::Words;
use crate::meter::{CacheTtl, Meter};

/// The lifetime that is written.
pub(super) fn cache_ttl_of(meter: Meter, words: Words<'_>) -> Option<CacheTtl> {
    if meter != Meter::CacheWriteTokens {
        return None;
    }
    SPELLINGS.iter().find(|it| !it.places(words).is_empty()).map(|it| it.ttl)
}

/// The places of words that write a lifetime.
pub(super) fn places_of_ttl(meter: Meter, words: Words<'_>) -> Vec<usize> {
    match meter {
        Meter::CacheWriteTokens => SPELLINGS.iter().flat_map(|it| it.places(words)).collect(),
        _ => Vec::new(),
    }
}

/// How a lifetime is written: as one word, or as a number and its unit.
struct Spelling {
    ttl: CacheTtl,
    joined: &'static [&'static str],
    number: &'static str,
    units: &'static [&'static str],
}

const SPELLINGS: [Spelling; 3] = [
    Spelling {
        ttl: CacheTtl::ThirtyMinutes,
        joined: &["30m", "30min", "30minute", "30minutes"],
        number: "30",
        units: &["m", "min", "minute", "minutes"],
    },
    Spelling {
        ttl: CacheTtl::FiveMinutes,
        joined: &["5m", "5min", "5minute", "5minutes"],
        number: "5",
        units: &["m", "min", "minute", "minutes"],
    },
    Spelling {
        ttl: CacheTtl::OneHour,
        joined: &["1h", "1hr", "1hour", "60m", "60min"],
        number: "1",
        units: &["h", "hr", "hour"],
    },
];

impl Spelling {
    /// The places of its words; none where it is not written.
    fn places(&self, words: Words<'_>) -> Vec<usize> {
        let texts: Vec<&str> = words.0.iter().map(|it| it.text.as_str()).collect();
        let joined = (0..).zip(&texts).filter(|it| self.joined.contains(it.1)).map(|it| it.0);
        let pairs = (0..).zip(texts.windows(2)).filter_map(|(place, pair)| match pair {
            [number, unit] if *number == self.number && self.units.contains(unit) => Some(place),
            _ => None,
        });
        joined.chain(pairs.flat_map(|it| [it, it + 1])).collect()
    }
}
