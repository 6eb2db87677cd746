//! Sums of many amounts.

use crate::currency::Currency;
use crate::money::{Money, MoneyError};

/// A sum of amounts of one currency, made in whole femto-units.
///
/// - **Invariant:** exact, as adding the amounts one by one is; the range of [`Money`] is checked
///   once, by [`MoneySum::total`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MoneySum {
    femto_units: i128,
    currency: Currency,
}

impl MoneySum {
    /// Starts at zero.
    pub fn zero(currency: Currency) -> MoneySum {
        MoneySum { femto_units: 0, currency }
    }

    /// Adds an amount.
    ///
    /// # Errors
    ///
    /// [`MoneyError::CurrencyMismatch`]; [`MoneyError::OutOfRange`] far beyond any bill.
    pub fn add(&mut self, money: Money) -> Result<(), MoneyError> {
        if money.currency() != self.currency {
            let (left, right) = (self.currency, money.currency());
            return Err(MoneyError::CurrencyMismatch { left, right });
        }
        let sum = self.femto_units.checked_add(money.femto_units());
        self.femto_units = sum.ok_or(MoneyError::OutOfRange)?;
        Ok(())
    }

    /// The sum.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub fn total(self) -> Result<Money, MoneyError> {
        Money::from_femto_units(self.femto_units, self.currency)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rust_decimal::Decimal;

    use super::*;

    fn money(digits: i64, scale: u32) -> Money {
        Money::new(Decimal::new(digits, scale), Currency::USD).unwrap()
    }

    #[test]
    fn a_sum_may_leave_the_range_on_its_way_and_not_at_its_end() {
        let largest = Money::parse("9999999999999", Currency::USD).unwrap().money;
        let mut sum = MoneySum::zero(Currency::USD);
        sum.add(largest).unwrap();
        sum.add(largest).unwrap();
        assert_eq!(sum.total(), Err(MoneyError::OutOfRange));
        sum.add(largest.negated()).unwrap();
        assert_eq!(sum.total(), Ok(largest));
    }

    #[test]
    fn another_currency_is_refused() {
        let euro = Money::zero(Currency::parse("EUR").unwrap());
        let err = MoneySum::zero(Currency::USD).add(euro).unwrap_err();
        assert_eq!(err.to_string(), "USD and EUR do not add");
    }

    proptest! {
        #[test]
        fn a_sum_is_the_same_as_adding_one_by_one(
            amounts in prop::collection::vec((-1_000_000_000_i64..1_000_000_000, 0..=15_u32), 0..20),
        ) {
            let amounts: Vec<Money> = amounts.into_iter().map(|(it, scale)| money(it, scale)).collect();
            let zero = Money::zero(Currency::USD);
            let expected = amounts.iter().try_fold(zero, |sum, it| sum.checked_add(*it)).unwrap();
            let mut sum = MoneySum::zero(Currency::USD);
            for amount in amounts {
                sum.add(amount).unwrap();
            }
            prop_assert_eq!(sum.total().unwrap(), expected);
        }
    }
}
