//! Doubles of a Parquet file, read to the decimals that they were made from.

use ledger_core::aws::tokens::TOKENS_MAX;

/// A decimal number: `digits` × 10^`exponent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Digits {
    pub digits: i64,
    pub exponent: i32,
}

/// Decimals keep this many digits in all cases; what has more is read as text.
const FRACTION_DIGITS_MAX: i32 = 28;

/// Amounts stay below this: 10¹³ main units in femto-units.
const FEMTO_UNITS_LIMIT: u128 = 10_u128.pow(28);

const FEMTO_DIGITS: i32 = 15;

impl Digits {
    /// The fifteen significant digits that a double holds of any decimal; `None` where it is no
    /// number.
    #[inline]
    pub(crate) fn of_double(value: f64) -> Option<Digits> {
        short(value).or_else(|| printed(value))
    }

    /// The number in femto-units; `None` where that is not exact or out of range.
    #[inline]
    pub(crate) fn femto_units(self) -> Option<i128> {
        let shift = self.exponent.saturating_add(FEMTO_DIGITS);
        let digits = i128::from(self.digits);
        let femto_units = if shift >= 0 {
            digits.checked_mul(10_i128.checked_pow(shift.unsigned_abs())?)?
        } else if digits == 0 {
            0
        } else {
            let lost = 10_i64.checked_pow(shift.unsigned_abs())?;
            if self.digits % lost != 0 {
                return None;
            }
            i128::from(self.digits / lost)
        };
        (femto_units.unsigned_abs() < FEMTO_UNITS_LIMIT).then_some(femto_units)
    }

    /// 10^`power` times the number; `None` if that is no whole number or does not fit.
    #[inline]
    pub(crate) fn scaled(self, power: u32) -> Option<i64> {
        let shift = self.exponent.saturating_add_unsigned(power);
        if self.digits == 0 {
            return Some(0);
        }
        if shift >= 0 {
            return self.digits.checked_mul(10_i64.checked_pow(shift.unsigned_abs())?);
        }
        let (whole, rest) = divided(self.digits.unsigned_abs(), shift.unsigned_abs())?;
        let whole = i64::try_from(whole).ok().filter(|_| rest == 0)?;
        Some(if self.digits < 0 { -whole } else { whole })
    }

    /// The whole number nearest to 10^`power` times this one, half to even, as
    /// [`ledger_core::aws::tokens::token_count`] makes it; `Err` where text must decide.
    #[inline]
    pub(crate) fn tokens(self, power: u32) -> Result<Option<u64>, ReadAsText> {
        if self.digits == 0 {
            return Ok(Some(0));
        }
        if self.exponent > 0 || self.exponent < -FRACTION_DIGITS_MAX {
            return Err(ReadAsText);
        }
        let Ok(digits) = u64::try_from(self.digits) else { return Ok(None) };
        let fraction_digits = self.exponent.unsigned_abs();
        if let Some(missing) = power.checked_sub(fraction_digits) {
            let count = 10_u64.checked_pow(missing).and_then(|it| digits.checked_mul(it));
            return count.filter(|it| *it <= TOKENS_MAX).map(Some).ok_or(ReadAsText);
        }
        // Beyond 10¹⁹ nothing is left of the digits, not even a half.
        let fraction_digits = fraction_digits - power;
        let Some((whole, rest)) = divided(digits, fraction_digits) else { return Ok(Some(0)) };
        let half = 5 * 10_u64.checked_pow(fraction_digits - 1).ok_or(ReadAsText)?;
        let is_up = match rest.cmp(&half) {
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Equal => !whole.is_multiple_of(2),
            std::cmp::Ordering::Greater => true,
        };
        Some(whole + u64::from(is_up)).filter(|it| *it <= TOKENS_MAX).map(Some).ok_or(ReadAsText)
    }
}

/// A number divided by 10^`power`, and the rest; `None` where no number is that large.
#[inline]
fn divided(number: u64, power: u32) -> Option<(u64, u64)> {
    /// Dividing by a number that is fixed is a multiplication.
    fn by<const UNIT: u64>(number: u64) -> (u64, u64) {
        (number / UNIT, number % UNIT)
    }
    Some(match power {
        // From the fraction digits of a scale to those of quantities and of tokens.
        2 => by::<100>(number),
        3 => by::<1_000>(number),
        5 => by::<100_000>(number),
        6 => by::<1_000_000>(number),
        9 => by::<1_000_000_000>(number),
        12 => by::<1_000_000_000_000>(number),
        15 => by::<1_000_000_000_000_000>(number),
        _ => {
            let unit = 10_u64.checked_pow(power)?;
            (number / unit, number % unit)
        }
    })
}

/// A double in femto-units by the fast way; `None` where [`Digits`] must decide.
#[inline]
pub(crate) fn femto_units(value: f64) -> Option<i64> {
    // Beyond this an `i64` holds no femto-units.
    if value.abs() >= 9e3 {
        return None;
    }
    let (digits, scale) = scaled(value)?;
    Some(digits * scale.femto_units)
}

/// The quick way does not apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ReadAsText;

/// The quick way, for amounts of up to fifteen, twelve or nine fraction digits.
///
/// Scaled so that its integer part has at most fifteen digits, a double that was made from such a
/// decimal lies within two roundings (2⁻⁵² of itself) of a whole number. Then this number is also
/// what fifteen significant digits would show: half a unit of the fifteenth digit is at least
/// 5·10⁻¹⁶ of the number, and the double is at most 3.4·10⁻¹⁶ away.
#[inline]
fn short(value: f64) -> Option<Digits> {
    let (digits, Scale { exponent, .. }) = scaled(value)?;
    Some(Digits { digits, exponent })
}

/// The fraction digits that a number of some size is read to.
#[derive(Clone, Copy)]
struct Scale {
    factor: f64,
    exponent: i32,
    /// Femto-units of one in the last digit.
    femto_units: i64,
}

const SCALES: [Scale; 3] = [
    Scale { factor: 1e15, exponent: -15, femto_units: 1 },
    Scale { factor: 1e12, exponent: -12, femto_units: 1_000 },
    Scale { factor: 1e9, exponent: -9, femto_units: 1_000_000 },
];

/// See [`short`].
#[inline]
fn scaled(value: f64) -> Option<(i64, Scale)> {
    let size = value.abs();
    // Sizes come in no order: what is counted cannot be guessed wrong.
    let step = usize::from(size >= 1.0) + usize::from(size >= 1e3) + usize::from(size >= 1e6);
    let scale = *SCALES.get(step)?;
    let scaled = value * scale.factor;
    // `round` is a call of the C library on plain x86-64; this is not.
    let digits = (scaled + 0.5_f64.copysign(scaled)) as i64;
    let is_whole = (scaled - digits as f64).abs() <= scaled.abs() * f64::EPSILON;
    is_whole.then_some((digits, scale))
}

/// The slow way: as text has it.
#[cold]
fn printed(value: f64) -> Option<Digits> {
    let text = format!("{value:.14e}");
    let (mantissa, exponent) = text.split_once('e')?;
    let digits: i64 = mantissa.replace('.', "").parse().ok()?;
    let exponent: i32 = exponent.parse().ok()?;
    Some(Digits { digits, exponent: exponent.saturating_sub(14) })
}

#[cfg(test)]
mod tests {
    use ledger_core::aws::tokens::token_count;
    use ledger_core::currency::Currency;
    use ledger_core::meter::Meter;
    use ledger_core::money::{Money, parse_decimal};
    use proptest::prelude::*;

    use super::*;

    /// A double read as text: femto-units where nothing was rounded.
    fn by_text(value: f64) -> Option<i128> {
        let read = Money::parse(&format!("{:.14e}", value + 0.0), Currency::USD).ok()?;
        read.difference.is_zero().then(|| read.money.femto_units())
    }

    #[track_caller]
    fn check(value: f64) {
        let read = Digits::of_double(value);
        if let Some(quick) = short(value) {
            assert_eq!(quick.femto_units(), printed(value).unwrap().femto_units(), "{value:e}");
        }
        // What only text can tell is left to it; all else is the same.
        assert_eq!(read.and_then(Digits::femto_units), by_text(value), "{value:e}");
        for (unit, power) in [("tokens", 0), ("1K tokens", 3), ("1M tokens", 6)] {
            if let Some(Ok(tokens)) = read.map(|it| it.tokens(power)) {
                let amount = parse_decimal(&format!("{:.14e}", value + 0.0)).unwrap();
                let expected = token_count(Meter::InputTokens, amount, Some(unit), None);
                assert_eq!(Ok(tokens), expected, "{value:e} {unit}");
            }
        }
    }

    #[test]
    fn doubles_are_the_decimals_they_were_made_from() {
        for value in [
            0.0,
            -0.0,
            0.1,
            0.1 + 0.2,
            1.1 * 1.1,
            1.0 / 3.0,
            0.5,
            0.0005,
            0.0015,
            0.0025,
            1e-15,
            1.5e-15,
            1e-16,
            1e-20,
            1e-28,
            1e-29,
            5e-324,
            -5e-324,
            f64::MIN_POSITIVE,
            0.999_999_999_999_999_9,
            0.999_999_999_999_999_4,
            999.999_999_999_999_9,
            999_999.999_999_999_9,
            1_234_567.891_011,
            100_000_000_000_000.5,
            1e13,
            9_999_999_999_999.99,
            1e22,
            1e28,
            f64::MAX,
        ] {
            check(value);
            check(-value);
        }
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(Digits::of_double(value), None);
        }
        assert_eq!(Digits::of_double(0.1 + 0.2).unwrap().femto_units(), Some(300_000_000_000_000));
    }

    #[test]
    fn amounts_as_aws_prints_them_take_the_quick_way() {
        for value in [0.0, 0.1 + 0.2, -0.0000123456, 12.3456789012, 1234.567891, 999_999.5] {
            assert!(short(value).is_some(), "{value:e}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn any_double_is_what_its_text_is(bits: u64) {
            let value = f64::from_bits(bits);
            if value.is_finite() {
                check(value);
            }
        }

        #[test]
        fn any_decimal_is_what_its_text_is(digits: i64, size in 0..18_u32, scale in 0..24_i32) {
            let digits = digits / 10_i64.pow(size);
            let value: f64 = format!("{digits}e-{scale}").parse().unwrap();
            check(value);
            // A neighbour differs in the seventeenth digit: the same fifteen, or a tie.
            check(f64::from_bits(value.to_bits() + 1));
        }

        #[test]
        fn sums_and_products_are_what_their_text_is(left in -1e6..1e6_f64, right in -1e3..1e3_f64) {
            check(left + right);
            check(left * right);
            check((left * 1e6).round() / 1e6);
            check((right * 1e10).round() / 1e10 * 1.1);
        }
    }
}
