//! Numbers and ids that follow from the seed alone.

use fastrand::Rng;
use jiff::civil::Date;

/// AWS's ids look like a lower-case hash.
pub(super) fn id(rng: &mut Rng) -> String {
    format!("{:032x}", rng.u128(..))
}

/// A random UUID, version 4.
pub(in crate::sample) fn uuid(rng: &mut Rng) -> String {
    let bits = rng.u128(..);
    let bits = (bits & !(0xF << 76)) | (0x4 << 76);
    let bits = (bits & !(0x3 << 62)) | (0x2 << 62);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        bits >> 96,
        (bits >> 80) & 0xFFFF,
        (bits >> 64) & 0xFFFF,
        (bits >> 48) & 0xFFFF,
        bits & 0xFFFF_FFFF_FFFF,
    )
}

/// `count`, at most this number of thousandths more or less.
pub(super) fn noisy(count: i64, thousandths: i64, rng: &mut Rng) -> i64 {
    let factor = rng.i64(-thousandths..=thousandths).saturating_add(1_000);
    count.saturating_mul(factor) / 1_000
}

pub(super) fn day_number(day: Date) -> u64 {
    let epoch = jiff::civil::date(1970, 1, 1);
    u64::try_from(day.duration_since(epoch).as_hours() / 24).unwrap_or(0)
}

/// A seed made of several: each day and caller draws numbers of its own, so that a change to one
/// caller leaves the others unchanged.
pub(in crate::sample) fn mix(seed: u64, parts: &[u64]) -> u64 {
    parts.iter().fold(seed ^ 0x9E37_79B9_7F4A_7C15, |mixed, part| {
        Rng::with_seed(mixed.rotate_left(23) ^ part.wrapping_mul(0xD6E8_FEB8_6659_FD93)).u64(..)
    })
}

pub(in crate::sample) fn mix_text(text: &str) -> u64 {
    text.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    })
}
