//! Amounts that are rounded together, so that they add up to their rounded sum.

use std::cmp::Reverse;

use crate::currency::Currency;
use crate::money::{FRACTION_DIGITS, Money, MoneyError};
use crate::money_sum::MoneySum;

/// Rounds the sum of amounts half to even, and each amount to a minor unit beside it, so that they add up:
/// those with the largest fractions are rounded up, of equal ones the first.
///
/// - **Invariant:** no amount changes by a whole minor unit, and one in minor units not at all.
///
/// # Errors
///
/// [`MoneyError`].
pub(super) fn round_together(
    exact: &[Money],
    currency: Currency,
) -> Result<(Vec<Money>, Money), MoneyError> {
    let unit = 10_i128.pow(FRACTION_DIGITS.saturating_sub(currency.minor_units()));
    let mut sum = MoneySum::zero(currency);
    let mut floors = Vec::new();
    for amount in exact {
        sum.add(*amount)?;
        floors.push(amount.femto_units().div_euclid(unit));
    }
    let total = sum.total()?.round_to_minor_units();
    let below: i128 = floors.iter().sum();
    // At least 0 and at most the number of amounts with a fraction, since these make the difference.
    let missing = total.femto_units().div_euclid(unit) - below;
    let mut by_fraction: Vec<(usize, &Money)> = exact.iter().enumerate().collect();
    by_fraction.sort_by_key(|(at, it)| (Reverse(it.femto_units().rem_euclid(unit)), *at));
    let is_up = |place: usize| i128::try_from(place).is_ok_and(|place| place < missing);
    for (place, (at, _)) in by_fraction.iter().enumerate() {
        if let Some(floor) = floors.get_mut(*at).filter(|_| is_up(place)) {
            *floor += 1;
        }
    }
    let money = |units: i128| Money::from_femto_units(units * unit, currency);
    Ok((floors.into_iter().map(money).collect::<Result<_, _>>()?, total))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::usd;

    #[track_caller]
    fn check(exact: &[&str], rounded: &[&str], total: &str) {
        let exact: Vec<Money> = exact.iter().map(|it| usd(it)).collect();
        let rounded: Vec<Money> = rounded.iter().map(|it| usd(it)).collect();
        let found = round_together(&exact, Currency::USD).unwrap();
        assert_eq!(found, (rounded, usd(total)));
    }

    #[test]
    fn the_largest_fractions_are_rounded_up() {
        check(&["0.004", "0.004", "0.004"], &["0.01", "0", "0"], "0.01");
        check(&["1.001", "1.009", "1.006"], &["1", "1.01", "1.01"], "3.02");
        check(&["-0.004", "-0.004", "-0.004"], &["0", "0", "-0.01"], "-0.01");
        check(&["0.015", "-0.010"], &["0.01", "-0.01"], "0");
        check(&["5"], &["5"], "5");
        check(&[], &[], "0");
    }

    proptest! {
        #[test]
        fn they_add_up_and_change_by_less_than_a_minor_unit(
            femto in prop::collection::vec(-10_i128.pow(20)..10_i128.pow(20), 0..20),
            code in prop::sample::select(vec!["USD", "JPY", "KWD"]),
        ) {
            let currency = Currency::parse(code).unwrap();
            let unit = 10_i128.pow(FRACTION_DIGITS - currency.minor_units());
            let exact: Vec<Money> =
                femto.iter().map(|it| Money::from_femto_units(*it, currency).unwrap()).collect();
            let (rounded, total) = round_together(&exact, currency).unwrap();
            prop_assert_eq!(rounded.iter().map(|it| it.femto_units()).sum::<i128>(), total.femto_units());
            for (exact, rounded) in exact.iter().zip(&rounded) {
                prop_assert_eq!(rounded.femto_units() % unit, 0);
                prop_assert!((exact.femto_units() - rounded.femto_units()).abs() < unit);
            }
        }
    }
}
