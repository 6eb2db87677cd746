//! Token counts, made from billed amounts.
//!
//! The same model is billed in thousands on one line and in millions on the next, and the unit of
//! one model has changed over time. A count is therefore made only where the unit is written.

use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};

use crate::meter::Meter;

/// The most tokens of one charge: at the cheapest prices they would cost tens of millions. Sums of counts
/// up to here do not leave their range by the lines of any bill.
pub const TOKENS_MAX: u64 = 1_000_000_000_000_000;

/// An amount that would be more than [`TOKENS_MAX`] tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more than 1,000,000,000,000,000 tokens in one line")]
pub struct TooManyTokens;

/// The number of tokens of a charge; `None` where its unit does not say.
///
/// - **Range:** whole tokens up to [`TOKENS_MAX`]; the amount is multiplied exactly and rounded once,
///   half to even.
/// - **Source:** `line_item_usage_amount`, `pricing_unit` and `line_item_line_item_description`.
///   The unit wins over the description, which is read only where the unit says nothing (`Units`,
///   or no unit).
///
/// There is no count for meters that are not tokens, for units that are not tokens (`Images`,
/// `TextUnit`, `1KTPMHour`), for negative amounts, and where no scale is written anywhere.
///
/// # Errors
///
/// [`TooManyTokens`].
///
/// ```
/// use ledger_core::aws::tokens::token_count;
/// use ledger_core::meter::Meter;
/// use rust_decimal::Decimal;
///
/// let amount = Decimal::new(15, 1);
/// assert_eq!(token_count(Meter::InputTokens, amount, Some("1K tokens"), None), Ok(Some(1_500)));
/// assert_eq!(token_count(Meter::InputTokens, amount, Some("Units"), None), Ok(None));
/// ```
pub fn token_count(
    meter: Meter,
    amount: Decimal,
    pricing_unit: Option<&str>,
    description: Option<&str>,
) -> Result<Option<u64>, TooManyTokens> {
    if amount < Decimal::ZERO {
        return Ok(None);
    }
    let Some(power) = token_power(meter, pricing_unit, description) else { return Ok(None) };
    let exact = times_power_of_ten(amount, power).ok_or(TooManyTokens)?;
    let whole = exact.round_dp_with_strategy(0, RoundingStrategy::MidpointNearestEven).to_u64();
    whole.filter(|it| *it <= TOKENS_MAX).map(Some).ok_or(TooManyTokens)
}

/// The tokens of one billed unit as a power of ten; `None` where there is no count.
///
/// [`token_count`] is this power times the amount.
#[must_use]
pub fn token_power(
    meter: Meter,
    pricing_unit: Option<&str>,
    description: Option<&str>,
) -> Option<u32> {
    meter.token_direction()?;
    power_of_ten(pricing_unit, description)
}

/// One billed unit as a power of ten.
fn power_of_ten(pricing_unit: Option<&str>, description: Option<&str>) -> Option<u32> {
    let unit = pricing_unit.unwrap_or_default().trim().to_ascii_lowercase();
    if !matches!(unit.as_str(), "" | "unit" | "units") {
        return unit_power(&unit);
    }
    description_power(&description?.to_ascii_lowercase())
}

/// Reads a unit that has words of its own: `1k tokens`, `1m tokens`, `tokens`.
fn unit_power(unit: &str) -> Option<u32> {
    let words = words_of(unit);
    if !words.iter().any(|word| is_token(word)) {
        return None;
    }
    match words.iter().filter(|word| !is_token(word)).copied().collect::<Vec<_>>().as_slice() {
        [] | ["1"] => Some(0),
        [scale] | ["1", scale] => scale_power(scale),
        // Tokens per minute and the like: a capacity, not a count.
        _ => None,
    }
}

/// Reads the scale out of a description such as `…|us-east-1|Million Input Tokens Regional`.
///
/// `thousand Cache Read Input Tokens` and `Cache Read Tokens (1M)` are both in use, so the scale
/// may be anywhere; with two different ones (`per 1K tokens, 1M context`) there is no count.
fn description_power(description: &str) -> Option<u32> {
    let words = words_of(description);
    if words.contains(&"minute") || words.contains(&"tpm") {
        return None;
    }
    let mut powers = words.iter().filter_map(|word| scale_power(word));
    let first = powers.next()?;
    powers.all(|power| power == first).then_some(first)
}

/// Splits at everything but letters and digits; `1,000` stays one word.
fn words_of(text: &str) -> Vec<&str> {
    text.split(|char: char| !(char.is_alphanumeric() || char == ','))
        .map(|word| word.trim_matches(','))
        .filter(|word| !word.is_empty())
        .collect()
}

fn is_token(word: &str) -> bool {
    matches!(word, "token" | "tokens")
}

fn scale_power(word: &str) -> Option<u32> {
    match word {
        "k" | "1k" | "thousand" | "thousands" | "1000" | "1,000" => Some(3),
        "m" | "1m" | "million" | "millions" | "1000000" | "1,000,000" => Some(6),
        _ => None,
    }
}

/// Moves the decimal point. A multiplication would round amounts that use all digits.
fn times_power_of_ten(amount: Decimal, power: u32) -> Option<Decimal> {
    let kept_scale = amount.scale().saturating_sub(power);
    let moved = Decimal::try_from_i128_with_scale(amount.mantissa(), kept_scale).ok()?;
    let missing = power.saturating_sub(amount.scale());
    moved.checked_mul(Decimal::from(10_u64.checked_pow(missing)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::meter::TokenDirection;

    #[track_caller]
    fn check(amount: &str, unit: &str, description: &str, expected: Option<u64>) {
        let unit = Some(unit).filter(|text| !text.is_empty());
        let description = Some(description).filter(|text| !text.is_empty());
        let amount = amount.parse().unwrap();
        assert_eq!(
            token_count(Meter::InputTokens, amount, unit, description),
            Ok(expected),
            "{unit:?} {description:?}"
        );
    }

    #[test]
    fn a_written_unit_scales_the_amount() {
        check("1.5", "1K tokens", "", Some(1_500));
        check("1.5", "1K Tokens", "", Some(1_500));
        check("1.5", "1M tokens", "", Some(1_500_000));
        check("0.000001", "1M tokens", "", Some(1));
        check("42", "Tokens", "", Some(42));
        check("42", "1000 tokens", "", Some(42_000));
        check("0", "1K tokens", "", Some(0));
    }

    #[test]
    fn bare_units_are_explained_by_the_description() {
        let million = "AWS Marketplace software usage|us-east-1|Million Input Tokens Regional CRIS";
        check("2.5", "Units", million, Some(2_500_000));
        let thousand =
            "AWS Marketplace software usage|us-east-1|thousand Cache Read Input Tokens Regional";
        check("2.5", "Units", thousand, Some(2_500));
        check("2.5", "", million, Some(2_500_000));
        check(
            "2.5",
            "Units",
            "AWS Marketplace software usage|us-east-1|Million Response Tokens",
            Some(2_500_000),
        );
    }

    #[test]
    fn the_unit_wins_over_the_description() {
        check("1", "1K tokens", "Million Input Tokens", Some(1_000));
    }

    #[test]
    fn an_unwritten_scale_is_never_assumed() {
        check("1", "", "", None);
        check("1", "Units", "", None);
        check(
            "1",
            "Units",
            "AWS Marketplace software usage|us-east-1|Input Tokens - Standard, Global",
            None,
        );
        check("1", "Units", "$0.003 per 1K tokens, 1M context", None);
    }

    #[test]
    fn what_is_no_token_has_no_count() {
        for unit in [
            "Images",
            "image",
            "Hours",
            "hour",
            "TextUnit",
            "1KTPMHour",
            "1M TPM Hour",
            "Second",
            "Requests",
        ] {
            check("1", unit, "Million Input Tokens", None);
        }
        check("1", "1K tokens per minute", "", None);
        let one = Decimal::ONE;
        assert_eq!(token_count(Meter::OutputImages, one, Some("1K tokens"), None), Ok(None));
        let training = token_count(Meter::CustomizationTraining, one, Some("1K tokens"), None);
        assert_eq!(training, Ok(None));
    }

    #[test]
    fn a_negative_amount_is_no_count() {
        check("-1", "1K tokens", "", None);
    }

    #[test]
    fn halves_are_rounded_to_even_once() {
        check("0.0005", "1K tokens", "", Some(0));
        check("0.0015", "1K tokens", "", Some(2));
        check("0.0025", "1K tokens", "", Some(2));
        check("0.0024999999999999999999999999", "1K tokens", "", Some(2));
        check("0.0005000000000000000000000001", "1K tokens", "", Some(1));
    }

    #[test]
    fn an_amount_beyond_all_counts_is_an_error() {
        check("1000000000000000", "Tokens", "", Some(TOKENS_MAX));
        for (amount, unit) in [
            ("1000000000000001", "Tokens"),
            ("1000000001", "1M tokens"),
            ("18446744073709551616", "Tokens"),
            ("79228162514264337593543950335", "1M tokens"),
        ] {
            let amount = amount.parse().unwrap();
            let count = token_count(Meter::InputTokens, amount, Some(unit), None);
            assert_eq!(count, Err(TooManyTokens), "{amount} {unit}");
        }
    }

    proptest! {
        #[test]
        fn whole_thousands_and_millions_come_back(count in 0_u64..1_000_000_000_000) {
            let thousands = Decimal::new(i64::try_from(count).unwrap(), 3);
            let millions = Decimal::new(i64::try_from(count).unwrap(), 6);
            for (amount, unit) in [(thousands, "1K tokens"), (millions, "1M tokens")] {
                let read = token_count(Meter::OutputTokens, amount, Some(unit), None);
                prop_assert_eq!(read, Ok(Some(count)));
            }
        }

        #[test]
        fn no_text_panics(unit in ".*", description in ".*", mantissa: i64, scale in 0_u32..28) {
            let amount = Decimal::new(mantissa, scale);
            let _count = token_count(Meter::CacheReadTokens, amount, Some(&unit), Some(&description));
        }
    }

    #[test]
    fn directions_are_read_back() {
        for direction in TokenDirection::ALL {
            assert_eq!(TokenDirection::parse(direction.as_str()), Some(*direction));
        }
        assert_eq!(TokenDirection::parse("tokens"), None);
    }
}
