//! An expected amount, spread over those who had cost.

use crate::charges::{Charge, Charges};
use crate::money::{Money, MoneyError};

/// Parts of an amount in proportion to the charges above zero in its currency; none where there are no such
/// charges. What division leaves goes to the largest charge, of equal ones the first by key.
///
/// - **Invariant:** the parts add up to the amount.
///
/// # Errors
///
/// [`MoneyError::OutOfRange`].
pub fn spread(charges: &[Charge], amount: Money) -> Result<Vec<Charge>, MoneyError> {
    let currency = amount.currency();
    let is_weight = |it: &&Charge| it.exact.currency() == currency && it.exact.femto_units() > 0;
    let mut weights: Vec<&Charge> = charges.iter().filter(is_weight).collect();
    weights.sort_by(|left, right| {
        let by_amount = right.exact.femto_units().cmp(&left.exact.femto_units());
        by_amount.then_with(|| left.key.cmp(&right.key))
    });
    let all: i128 = weights.iter().map(|it| it.exact.femto_units()).sum();
    let mut parts = Vec::new();
    let mut rest = amount;
    for weight in &weights {
        let exact = share(amount, weight.exact, all)?;
        rest = rest.checked_sub(exact)?;
        parts.push(Charge { key: weight.key.clone(), exact, tokens: None, line_count: 0 });
    }
    if let Some(largest) = parts.first_mut() {
        largest.exact = largest.exact.checked_add(rest)?;
    }
    parts.retain(|it| !it.exact.is_zero());
    Ok(parts)
}

/// `amount` x `weight` / `all`, towards zero; weights are scaled down where the product would be too large.
fn share(amount: Money, weight: Money, all: i128) -> Result<Money, MoneyError> {
    let (mut weight, mut all) = (weight.femto_units(), all);
    while all > 0 && amount.femto_units().checked_mul(weight).is_none() {
        (weight, all) = (weight / 1_000, all / 1_000);
    }
    let product = amount.femto_units().checked_mul(weight).ok_or(MoneyError::OutOfRange)?;
    let femto_units = product.checked_div(all).unwrap_or(0);
    Money::from_femto_units(femto_units, amount.currency())
}

impl Charges {
    /// These charges alone.
    #[must_use]
    pub fn only(self, is_wanted: impl Fn(&Charge) -> bool) -> Charges {
        let charges = self.charges.into_iter().filter(is_wanted).collect();
        Charges { charges, ..self }
    }
}
