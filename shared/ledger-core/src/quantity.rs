//! Exact quantities of usage.

use std::fmt;

use rust_decimal::{Decimal, RoundingStrategy};

use crate::money::{self, FRACTION_DIGITS, MoneyError, parse_decimal};

/// A quantity in the unit that its key names.
///
/// - **Shape:** whole femto-units (10⁻¹⁵ of the unit), as [`Money`](crate::money::Money).
/// - **Range:** below 10¹³ units either way; credits and refunds can state negative quantities.
/// - **Invariant:** quantities add exactly. Quantities of different units never add: the unit is a
///   part of the key.
/// - **Source:** the usage of a line, in the unit that the provider writes beside it.
///
/// ```
/// use ledger_core::quantity::Quantity;
/// let hours = Quantity::parse("0.0027777778").unwrap();
/// assert_eq!(hours.checked_add(hours).unwrap().to_string(), "0.0055555556");
/// let error = Quantity::parse("many").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "`many` is not a decimal amount; expected digits with at most one `.`",
/// );
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quantity(i128);

impl Quantity {
    /// Zero of any unit.
    pub const ZERO: Quantity = Quantity(0);

    /// Reads a quantity as bills write it. A sixteenth fraction digit is rounded half to even.
    ///
    /// # Errors
    ///
    /// [`MoneyError::NotADecimal`] and [`MoneyError::OutOfRange`].
    pub fn parse(text: &str) -> Result<Quantity, MoneyError> {
        Quantity::new(parse_decimal(text)?)
    }

    /// Takes a decimal. A sixteenth fraction digit is rounded half to even.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub fn new(amount: Decimal) -> Result<Quantity, MoneyError> {
        let rounding = RoundingStrategy::MidpointNearestEven;
        let amount = amount.round_dp_with_strategy(FRACTION_DIGITS, rounding);
        money::femto_units_of(amount).map(Quantity)
    }

    /// Takes whole femto-units (10⁻¹⁵).
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub fn from_femto_units(femto_units: i128) -> Result<Quantity, MoneyError> {
        match money::is_in_range(femto_units) {
            true => Ok(Quantity(femto_units)),
            false => Err(MoneyError::OutOfRange),
        }
    }

    /// The quantity in whole femto-units (10⁻¹⁵).
    pub fn femto_units(self) -> i128 {
        self.0
    }

    /// The quantity as a decimal.
    pub fn amount(self) -> Decimal {
        money::decimal_of(self.0)
    }

    /// Adds without rounding.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub fn checked_add(self, other: Quantity) -> Result<Quantity, MoneyError> {
        // Both are far below the limits of an `i128`.
        Quantity::from_femto_units(self.0.saturating_add(other.0))
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.amount().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_as_amounts_are_and_rounded_at_the_sixteenth_digit() {
        for (text, expected) in [
            ("1500", "1500"),
            ("-2.50", "-2.5"),
            ("1.23456789012345e-05", "0.000012345678901"),
            ("0.0000000000000015", "0.000000000000002"),
            ("9999999999999", "9999999999999"),
        ] {
            assert_eq!(Quantity::parse(text).unwrap().to_string(), expected, "{text}");
        }
        assert_eq!(Quantity::parse("1e13"), Err(MoneyError::OutOfRange));
        let largest = Quantity::parse("9999999999999.999999999999999").unwrap();
        let least = Quantity::parse("0.000000000000001").unwrap();
        assert_eq!(largest.checked_add(least), Err(MoneyError::OutOfRange));
    }
}
