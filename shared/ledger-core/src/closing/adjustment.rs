//! Changes of a closed month, as charges of a later one.

use std::collections::BTreeMap;

use crate::charges::{Charge, ChargeKey};
use crate::currency::Currency;
use crate::money::MoneyError;
use crate::money_sum::MoneySum;
use crate::period::BillingPeriod;

/// The charges that make what was booked of a month into what it costs now.
///
/// - **Invariant:** booked charges and adjustments add up to the charges of now, for each key and currency; without
///   a change there are none.
///
/// # Errors
///
/// [`MoneyError::OutOfRange`].
pub fn adjustments<'a>(
    month: BillingPeriod,
    now: impl IntoIterator<Item = &'a Charge>,
    booked: impl IntoIterator<Item = &'a Charge>,
) -> Result<Vec<Charge>, MoneyError> {
    let mut sums: BTreeMap<(Currency, ChargeKey), MoneySum> = BTreeMap::new();
    let mut add = |charge: &Charge, is_booked: bool| {
        let currency = charge.exact.currency();
        // What was booked as an adjustment of the month is booked for the same key.
        let key = ChargeKey { adjusts: Some(month), ..charge.key.clone() };
        let sum = sums.entry((currency, key)).or_insert_with(|| MoneySum::zero(currency));
        sum.add(if is_booked { charge.exact.negated() } else { charge.exact })
    };
    now.into_iter().try_for_each(|it| add(it, false))?;
    booked.into_iter().try_for_each(|it| add(it, true))?;
    let mut changes = Vec::new();
    for ((_, key), sum) in sums {
        let exact = sum.total()?;
        if !exact.is_zero() {
            changes.push(Charge { key, exact, tokens: None, line_count: 0 });
        }
    }
    Ok(changes)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::closing::spread;
    use crate::money::Money;
    use crate::owner::Owner;
    use crate::testing::usd;
    use crate::word::Word;

    fn month() -> BillingPeriod {
        BillingPeriod::parse("2026-09").unwrap()
    }

    fn charge(owner: &str, exact: Money) -> Charge {
        let key = ChargeKey {
            payer: None,
            owner: Owner::parse(owner),
            cost_centre: None,
            product: None,
            environment: None,
            provider: "cloud".into(),
            service: "models".into(),
            model: None,
            meter: Word::parse("input_tokens"),
            line_type: "Usage".into(),
            bill_period: None,
            adjusts: None,
        };
        Charge { key, exact, tokens: Some(7), line_count: 1 }
    }

    #[test]
    fn only_what_changed_is_adjusted() {
        let booked = [charge("search", usd("10")), charge("chat", usd("2.5"))];
        let now = [charge("search", usd("9.25")), charge("new", usd("1")), booked[1].clone()];
        let found = adjustments(month(), &now, &booked).unwrap();
        let found: Vec<_> =
            found.iter().map(|it| (it.key.owner.as_str(), it.exact, it.key.adjusts)).collect();
        let expected = [("new", usd("1"), Some(month())), ("search", usd("-0.75"), Some(month()))];
        assert_eq!(found, expected);
        assert_eq!(adjustments(month(), &booked, &booked).unwrap(), []);
    }

    fn any_charges() -> impl Strategy<Value = Vec<Charge>> {
        let owner = prop_oneof![Just("a"), Just("b"), Just("c")];
        vec((owner, -1_000_i128..1_000), 0..6).prop_map(|all| {
            let money = |femto| Money::from_femto_units(femto, crate::currency::Currency::USD);
            all.into_iter().map(|(owner, it)| charge(owner, money(it).unwrap())).collect()
        })
    }

    proptest! {
        /// However often a month is restated: what was booked of it in all is what it costs now.
        #[test]
        fn what_was_booked_in_all_is_what_it_costs_now(restated in vec(any_charges(), 1..6)) {
            let mut booked: Vec<Charge> = restated[0].clone();
            for now in &restated[1..] {
                booked.extend(adjustments(month(), now, &booked).unwrap());
                prop_assert_eq!(adjustments(month(), now, &booked).unwrap(), vec![]);
            }
        }

        /// Spreading gives all of an amount, and no part is below zero.
        #[test]
        fn a_spread_amount_is_all_there(charges in any_charges(), extra in 0_i128..5_000) {
            let extra = Money::from_femto_units(extra, crate::currency::Currency::USD).unwrap();
            let parts = spread(&charges, extra).unwrap();
            let sum: i128 = parts.iter().map(|it| it.exact.femto_units()).sum();
            let has_weight = charges.iter().any(|it| it.exact.femto_units() > 0);
            prop_assert_eq!(sum, if has_weight { extra.femto_units() } else { 0 });
            prop_assert!(parts.iter().all(|it| it.exact.femto_units() > 0));
        }
    }
}
