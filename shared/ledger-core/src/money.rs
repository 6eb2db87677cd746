//! Exact amounts of one currency.

use std::cmp::Ordering;
use std::fmt;

use rust_decimal::{Decimal, RoundingStrategy};

use crate::currency::Currency;

/// Fraction digits that an amount keeps.
///
/// Bills have at most 12 for dollars; 15 leave room for a double's last digit.
pub const FRACTION_DIGITS: u32 = 15;

/// Amounts stay below this either way: 10¹³ main units in femto-units.
const LIMIT: u128 = 10_u128.pow(13 + FRACTION_DIGITS);

/// Digits that a `Decimal` keeps exactly in all cases.
const DECIMAL_DIGITS: usize = 28;

/// An exact amount of one currency.
///
/// - **Shape:** whole femto-units (10⁻¹⁵ of a main unit) and a currency. A [`Decimal`] is its form at
///   the door, where it is read and printed; sums are whole numbers.
/// - **Range:** below 10¹³ main units either way: 13 + 15 digits are the 28 that a `Decimal` keeps
///   exactly, and all fit a number of the store.
/// - **Invariant:** arithmetic is exact, so a sum does not depend on its order. Only
///   [`crate::statement`] rounds, once, and says how.
/// - **Source:** the costs of a line on a bill; the sums of a quick look.
///
/// ```
/// use ledger_core::{currency::Currency, money::Money};
/// let usd = |text: &str| Money::parse(text, Currency::USD).map(|it| it.money);
/// let sum = usd("0.1").unwrap().checked_add(usd("0.2").unwrap()).unwrap();
/// assert_eq!(sum, usd("0.3").unwrap());
///
/// let error = usd("1,000").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "`1,000` is not a decimal amount; expected digits with at most one `.`",
/// );
/// let error = usd("9999999999999").unwrap().checked_add(usd("1").unwrap()).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "amount is out of range; expected less than 10,000,000,000,000 either way",
/// );
/// let euro = Money::zero(Currency::parse("EUR").unwrap());
/// let error = euro.checked_add(sum).unwrap_err();
/// assert_eq!(error.to_string(), "EUR and USD do not add");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Money {
    femto_units: i128,
    currency: Currency,
}

impl Money {
    /// Takes an amount that is already a decimal.
    ///
    /// # Errors
    ///
    /// [`MoneyError::TooPrecise`] and [`MoneyError::OutOfRange`].
    pub fn new(amount: Decimal, currency: Currency) -> Result<Money, MoneyError> {
        Ok(Money { femto_units: femto_units_of(amount)?, currency })
    }

    /// Nothing, in a currency.
    pub fn zero(currency: Currency) -> Money {
        Money { femto_units: 0, currency }
    }

    /// Reads an amount as bills write it: digits, at most one `.`, a leading `-`, an exponent.
    ///
    /// What has more than 15 fraction digits is rounded half to even, here and nowhere else, and
    /// the difference is handed back so that a report can count it.
    ///
    /// # Errors
    ///
    /// [`MoneyError::NotADecimal`] for any other notation, [`MoneyError::OutOfRange`].
    ///
    /// ```
    /// use ledger_core::{currency::Currency, money::Money};
    /// let read = Money::parse("-1.5E-3", Currency::USD).unwrap();
    /// assert_eq!(read.money.to_string(), "-0.0015 USD");
    /// ```
    pub fn parse(text: &str, currency: Currency) -> Result<MoneyReading, MoneyError> {
        let exact = parse_decimal(text)?;
        let amount =
            exact.round_dp_with_strategy(FRACTION_DIGITS, RoundingStrategy::MidpointNearestEven);
        let money = Money::new(amount, currency)?;
        Ok(MoneyReading { money, difference: amount - exact })
    }

    /// The amount without its currency.
    pub fn amount(self) -> Decimal {
        decimal_of(self.femto_units)
    }

    /// The currency.
    pub fn currency(self) -> Currency {
        self.currency
    }

    /// The femto-units of an amount that must be in this currency.
    pub(crate) fn in_currency(self, currency: Currency) -> Result<i128, MoneyError> {
        match self.currency == currency {
            true => Ok(self.femto_units),
            false => Err(MoneyError::CurrencyMismatch { left: currency, right: self.currency }),
        }
    }

    /// Femto-units that were checked to be in range.
    pub(crate) fn within_range(femto_units: i128, currency: Currency) -> Money {
        Money { femto_units, currency }
    }

    /// Adds without rounding.
    ///
    /// # Errors
    ///
    /// [`MoneyError::CurrencyMismatch`] and [`MoneyError::OutOfRange`].
    pub fn checked_add(self, other: Money) -> Result<Money, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::CurrencyMismatch {
                left: self.currency,
                right: other.currency,
            });
        }
        // Both are far below the limits of an `i128`.
        Money::from_femto_units(self.femto_units.saturating_add(other.femto_units), self.currency)
    }

    /// Subtracts without rounding.
    ///
    /// # Errors
    ///
    /// As [`Money::checked_add`].
    pub fn checked_sub(self, other: Money) -> Result<Money, MoneyError> {
        self.checked_add(other.negated())
    }

    /// The same amount the other way round.
    pub fn negated(self) -> Money {
        Money { femto_units: -self.femto_units, ..self }
    }

    /// The same amount without its sign.
    pub fn abs(self) -> Money {
        Money { femto_units: self.femto_units.abs(), ..self }
    }

    /// Whether it is nothing at all.
    pub fn is_zero(self) -> bool {
        self.femto_units == 0
    }

    /// The amount for a reader: minor units, thousands apart, such as `1,234.50 USD`.
    pub fn to_reader(self) -> String {
        let digits = usize::try_from(self.currency.minor_units()).unwrap_or_default();
        let plain = format!("{:.digits$}", self.round_to_minor_units().amount().abs());
        let (whole, fraction) = match plain.split_once('.') {
            Some((whole, fraction)) => (whole, format!(".{fraction}")),
            None => (plain.as_str(), String::new()),
        };
        let mut grouped = String::new();
        for (at, digit) in whole.chars().enumerate() {
            if at > 0 && (whole.len() - at).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        let sign = if self.round_to_minor_units().femto_units < 0 { "-" } else { "" };
        format!("{sign}{grouped}{fraction} {}", self.currency)
    }

    /// The part of it for `days` of `of` days, cut off; all of it for as many or more.
    #[must_use]
    pub fn part(self, days: i64, of: i64) -> Money {
        if days >= of {
            return self;
        }
        // 10²⁸ femto-units times days stay far within an `i128`.
        let femto_units = self.femto_units * i128::from(days.max(0)) / i128::from(of.max(1));
        Money { femto_units, ..self }
    }

    /// The amount in whole femto-units (10⁻¹⁵), for exact comparison of products.
    pub fn femto_units(self) -> i128 {
        self.femto_units
    }

    /// The amount of whole femto-units (10⁻¹⁵).
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub fn from_femto_units(femto_units: i128, currency: Currency) -> Result<Money, MoneyError> {
        match is_in_range(femto_units) {
            true => Ok(Money { femto_units, currency }),
            false => Err(MoneyError::OutOfRange),
        }
    }

    /// Rounds half to even to the currency's minor units; the remainder is what was cut off.
    pub(crate) fn round_to_minor_units(self) -> Money {
        let minor_units = self.currency.minor_units();
        // Fraction digits beyond these are the femto-units of one minor unit.
        let unit = 10_i128.pow(FRACTION_DIGITS.saturating_sub(minor_units));
        let (whole, rest) = (self.femto_units.div_euclid(unit), self.femto_units.rem_euclid(unit));
        let is_up = match (rest * 2).cmp(&unit) {
            Ordering::Less => false,
            Ordering::Equal => whole.rem_euclid(2) == 1,
            Ordering::Greater => true,
        };
        Money { femto_units: (whole + i128::from(is_up)) * unit, ..self }
    }
}

/// Whether whole femto-units are an amount at all.
pub(crate) fn is_in_range(femto_units: i128) -> bool {
    femto_units.unsigned_abs() < LIMIT
}

/// A decimal in whole femto-units.
pub(crate) fn femto_units_of(amount: Decimal) -> Result<i128, MoneyError> {
    let amount = amount.normalize();
    let missing = FRACTION_DIGITS.checked_sub(amount.scale()).ok_or(MoneyError::TooPrecise)?;
    let femto_units = amount.mantissa().checked_mul(10_i128.pow(missing));
    femto_units.filter(|it| is_in_range(*it)).ok_or(MoneyError::OutOfRange)
}

/// The decimal of whole femto-units that are an amount.
pub(crate) fn decimal_of(femto_units: i128) -> Decimal {
    Decimal::from_i128_with_scale(femto_units, FRACTION_DIGITS).normalize()
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount(), self.currency)
    }
}

/// An amount that was read, and what reading it changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MoneyReading {
    /// The amount that counts.
    pub money: Money,
    /// The part that rounding to 15 fraction digits added; zero for every amount seen on a bill so far.
    pub difference: Decimal,
}

/// Reads a decimal number in the notations of bills; digits beyond the 28 that a [`Decimal`] keeps
/// only decide how its last digit is rounded.
///
/// # Errors
///
/// [`MoneyError::NotADecimal`] and, for 29 digits before the point, [`MoneyError::OutOfRange`].
pub fn parse_decimal(text: &str) -> Result<Decimal, MoneyError> {
    let not_a_decimal = || MoneyError::NotADecimal(text.chars().take(40).collect());
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text),
    };
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
            if !all_digits(digits) || digits.len() > 4 {
                return Err(not_a_decimal());
            }
            (mantissa, exponent.parse::<i32>().map_err(|_| not_a_decimal())?)
        }
        None => (unsigned, 0),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) if all_digits(fraction) => (whole, fraction),
        Some(_) => return Err(not_a_decimal()),
        None => (mantissa, ""),
    };
    if !all_digits(whole) {
        return Err(not_a_decimal());
    }
    let (whole, fraction) = shift_point(whole, fraction, exponent);
    let whole = whole.trim_start_matches('0');
    if whole.len() > DECIMAL_DIGITS {
        return Err(MoneyError::OutOfRange);
    }
    let kept = cut_fraction(&fraction, DECIMAL_DIGITS - whole.len());
    let plain = format!("{sign}{}.{kept}", if whole.is_empty() { "0" } else { whole });
    let plain = plain.strip_suffix('.').unwrap_or(&plain);
    Decimal::from_str_exact(plain).map(|it| it.normalize()).map_err(|_| MoneyError::OutOfRange)
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit())
}

/// Writes a number with an exponent without one.
fn shift_point(whole: &str, fraction: &str, exponent: i32) -> (String, String) {
    let digits: String = [whole, fraction].concat();
    let point = i64::try_from(whole.len()).unwrap_or(i64::MAX).saturating_add(exponent.into());
    match usize::try_from(point) {
        Ok(point) if point <= digits.len() => {
            let (left, right) = digits.split_at(point);
            (left.to_owned(), right.to_owned())
        }
        Ok(point) => (format!("{digits:0<point$}"), String::new()),
        Err(_) => {
            let zeros = usize::try_from(point.unsigned_abs()).unwrap_or(usize::MAX);
            (String::new(), format!("{}{digits}", "0".repeat(zeros)))
        }
    }
}

/// Keeps `room` digits. A cut that loses anything leaves a last digit that is not zero, so that a
/// tie differs from an amount that only looks like one.
fn cut_fraction(fraction: &str, room: usize) -> String {
    let Some((kept, lost)) = fraction.split_at_checked(room) else {
        return fraction.to_owned();
    };
    if lost.bytes().all(|it| it == b'0') {
        return kept.to_owned();
    }
    match kept.strip_suffix('0') {
        Some(head) => format!("{head}1"),
        None => kept.to_owned(),
    }
}

/// Why an amount could not be read or added.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The text is in none of the notations that bills use.
    #[error("`{0}` is not a decimal amount; expected digits with at most one `.`")]
    NotADecimal(String),
    /// More than 15 fraction digits.
    #[error("amount has more than 15 fraction digits")]
    TooPrecise,
    /// 10¹³ main units or more.
    #[error("amount is out of range; expected less than 10,000,000,000,000 either way")]
    OutOfRange,
    /// More tokens than are counted.
    #[error("more than 18,446,744,073,709,551,615 tokens of one kind on one day")]
    TooManyTokens,
    /// Two currencies do not add.
    #[error("{left} and {right} do not add")]
    CurrencyMismatch {
        /// The one that was there.
        left: Currency,
        /// The one that came.
        right: Currency,
    },
    /// A sum names something that is not there: a fault of Tollbook, found before money is lost.
    #[error("sums contradict themselves: {0} is missing")]
    Broken(&'static str),
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: Result<&str, &str>) {
        let read = Money::parse(text, Currency::USD)
            .map(|it| it.money.amount().to_string())
            .map_err(|err| err.to_string());
        assert_eq!(read, expected.map(str::to_owned).map_err(str::to_owned), "{text}");
    }

    #[test]
    fn amounts_of_bills_are_read_exactly() {
        for (text, expected) in [
            ("0", "0"),
            ("-0.00", "0"),
            ("8.70", "8.7"),
            ("-300.00", "-300"),
            ("40.3543773134", "40.3543773134"),
            ("35.2E-7", "0.00000352"),
            ("1e3", "1000"),
            ("1.5E+2", "150"),
            ("0000000000000000000000000000000012.5", "12.5"),
            ("9999999999999.999999999999999", "9999999999999.999999999999999"),
        ] {
            check(text, Ok(expected));
        }
    }

    #[test]
    fn other_notations_are_refused_with_the_text() {
        for text in ["", "-", ".5", "5.", "1.2.3", "+1", " 1", "1,000", "1e", "1e1.5", "NaN", "٣"]
        {
            let message =
                format!("`{text}` is not a decimal amount; expected digits with at most one `.`");
            check(text, Err(&message));
        }
    }

    #[test]
    fn the_sixteenth_fraction_digit_is_rounded_half_to_even() {
        check("0.0000000000000005", Ok("0"));
        check("0.0000000000000015", Ok("0.000000000000002"));
        check("0.00000000000000050000000000000000000000001", Ok("0.000000000000001"));
        check("1.23456789012345e-15", Ok("0.000000000000001"));
        check("1e-400", Ok("0"));
    }

    #[test]
    fn rounding_is_reported_as_a_difference() {
        let read = Money::parse("0.0000000000000004", Currency::USD).unwrap();
        assert_eq!(read.difference.to_string(), "-0.0000000000000004");
        assert!(Money::parse("1.25", Currency::USD).unwrap().difference.is_zero());
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let message = "amount is out of range; expected less than 10,000,000,000,000 either way";
        for text in ["10000000000000", "-1e13", "1e30", "99999999999999999999999999999"] {
            check(text, Err(message));
        }
    }

    #[test]
    fn two_currencies_do_not_add() {
        let euro = Money::zero(Currency::parse("EUR").unwrap());
        let sum = Money::zero(Currency::USD).checked_add(euro);
        assert_eq!(sum.unwrap_err().to_string(), "USD and EUR do not add");
    }

    #[test]
    fn readers_get_minor_units_and_thousands() {
        for (text, expected) in [
            ("1234.5", "1,234.50 USD"),
            ("-1234567.005", "-1,234,567.00 USD"),
            ("0.004", "0.00 USD"),
            ("-0.004", "0.00 USD"),
            ("999", "999.00 USD"),
        ] {
            assert_eq!(Money::parse(text, Currency::USD).unwrap().money.to_reader(), expected);
        }
        let yen = Currency::parse("JPY").unwrap();
        assert_eq!(Money::parse("1234.5", yen).unwrap().money.to_reader(), "1,234 JPY");
    }

    prop_compose! {
        fn any_amount()(femto in -10_i128.pow(27)..10_i128.pow(27), scale in 0..=15_u32) -> Decimal {
            let unit = 10_i128.pow(15 - scale);
            Decimal::from_i128_with_scale(femto / unit, scale)
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(amount in any_amount()) {
            let money = Money::new(amount, Currency::USD).unwrap();
            let read = Money::parse(&money.amount().to_string(), Currency::USD).unwrap();
            prop_assert_eq!(read.money, money);
            prop_assert!(read.difference.is_zero());
        }

        #[test]
        fn a_sum_does_not_depend_on_its_order(mut amounts in prop::collection::vec(any_amount(), 0..20)) {
            let sum = |amounts: &[Decimal]| amounts.iter().try_fold(Money::zero(Currency::USD), |sum, it| {
                sum.checked_add(Money::new(*it, Currency::USD)?)
            });
            let forward = sum(&amounts);
            amounts.reverse();
            if let (Ok(forward), Ok(backward)) = (forward, sum(&amounts)) {
                prop_assert_eq!(forward, backward);
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in ".*") {
            let _ = Money::parse(&text, Currency::USD);
        }

        #[test]
        fn a_double_with_fifteen_digits_gives_its_decimal_back(digits in 1_i64..1_000_000_000_000_000, scale in 0..=14_u32) {
            let decimal = Decimal::new(digits, scale);
            let double: f64 = decimal.to_string().parse().unwrap();
            let read = Money::parse(&format!("{double:.14e}"), Currency::USD);
            if let Ok(read) = read {
                prop_assert_eq!(read.money.amount(), decimal.normalize());
            }
        }
    }
}
