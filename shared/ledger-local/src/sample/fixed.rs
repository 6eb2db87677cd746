//! The exact number that every amount and every cost of the sample is made of.

use rust_decimal::Decimal;

/// A decimal with ten fraction digits.
///
/// - **Shape:** whole units of 10⁻¹⁰.
/// - **Range:** at most fifteen significant digits in everything the sample writes (a test proves
///   it): a double gives that many back, so the number in a Parquet file stands for one decimal.
/// - **Source:** AWS prints at most ten fraction digits in a cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Fixed(i64);

const FRACTION_DIGITS: u32 = 10;
const ONE: i64 = 10_i64.pow(FRACTION_DIGITS);

impl Fixed {
    pub(super) const ZERO: Fixed = Fixed(0);

    /// `mantissa` with the point `scale` digits from its right: `new(33, 1)` is 3.3.
    pub(super) const fn new(mantissa: i64, scale: u32) -> Fixed {
        Fixed(mantissa.saturating_mul(10_i64.saturating_pow(FRACTION_DIGITS.saturating_sub(scale))))
    }

    /// `count` divided by a unit such as a thousand or a million; exact for powers of ten.
    pub(super) const fn count_in(count: i64, unit_size: i64) -> Fixed {
        Fixed(count.saturating_mul(ONE / unit_size))
    }

    /// An amount at a price, rounded to ten fraction digits, halves away from zero.
    pub(super) fn at(self, price: Fixed) -> Fixed {
        Fixed::scaled(i128::from(self.0).saturating_mul(i128::from(price.0)), i128::from(ONE))
    }

    /// So many percent of the number, rounded likewise.
    pub(super) fn percent(self, percent: i64) -> Fixed {
        Fixed::scaled(i128::from(self.0).saturating_mul(i128::from(percent)), 100)
    }

    pub(super) fn minus(self, other: Fixed) -> Fixed {
        Fixed(self.0.saturating_sub(other.0))
    }

    pub(super) fn plus(self, other: Fixed) -> Fixed {
        Fixed(self.0.saturating_add(other.0))
    }

    /// The same number rounded to cents, as a tax or a fee is.
    pub(super) fn cents(self) -> Fixed {
        let cent = ONE / 100;
        let Fixed(cents) = Fixed::scaled(i128::from(self.0), i128::from(cent));
        Fixed(cents.saturating_mul(cent))
    }

    /// The exact decimal, without trailing zeros.
    pub(super) fn decimal(self) -> Decimal {
        Decimal::new(self.0, FRACTION_DIGITS).normalize()
    }

    /// The nearest double, for the Parquet file: with the trailing zeros gone both operands are
    /// exact, so the one division rounds correctly, as parsing the decimal's text would.
    pub(super) fn as_double(self) -> f64 {
        let (mut mantissa, mut divisor) = (self.0, ONE);
        while divisor > 1 && mantissa % 10 == 0 {
            mantissa /= 10;
            divisor /= 10;
        }
        mantissa as f64 / divisor as f64
    }

    fn scaled(product: i128, divisor: i128) -> Fixed {
        let half = if product < 0 { -(divisor / 2) } else { divisor / 2 };
        let rounded = product.saturating_add(half) / divisor;
        Fixed(i64::try_from(rounded).unwrap_or(if rounded < 0 { i64::MIN } else { i64::MAX }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(number: Fixed, expected: &str) {
        assert_eq!(number.decimal().to_string(), expected);
    }

    #[test]
    fn an_amount_times_a_price_is_exact() {
        check(Fixed::count_in(1_234_567, 1_000_000).at(Fixed::new(33, 1)), "4.0740711");
        check(Fixed::count_in(1_001, 1_000).at(Fixed::new(71, 6)), "0.000071071");
    }

    #[test]
    fn a_part_is_rounded_half_away_from_zero() {
        check(Fixed::new(5, 10).percent(90), "0.0000000005");
        check(Fixed::new(-5, 10).percent(90), "-0.0000000005");
        check(Fixed::new(10_005, 3).cents(), "10.01");
    }

    #[test]
    fn fifteen_digits_of_the_double_are_the_decimal() {
        for number in
            [Fixed::new(99_999_999_999_999, 9), Fixed::new(1, 10), Fixed::new(-123_456_789, 4)]
        {
            let printed = format!("{:.14e}", number.as_double());
            let read = Decimal::from_scientific(&printed).expect("a decimal");
            assert_eq!(read.normalize(), number.decimal());
        }
    }
}
