//! Deliveries that are held back until they are confirmed.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::currency::Currency;
use crate::money::Money;

/// A delivery of a bill that is held back: the bill stays as it was before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// When it was made, where the source says so.
    pub delivered_at: Option<Timestamp>,
    /// When it was read.
    pub read_at: Timestamp,
    /// The cost that the bill would have with it.
    pub totals: BTreeMap<Currency, Money>,
    /// Why it is held back, for a person.
    pub reasons: Arc<str>,
}

impl Pending {
    /// Whether a delivery is a later one with at least as much cost.
    pub(super) fn is_confirmed_by(
        &self,
        at: Option<Timestamp>,
        totals: &BTreeMap<Currency, Money>,
    ) -> bool {
        self.delivered_at.zip(at).is_some_and(|(before, at)| before < at)
            && self.totals.iter().all(|(currency, cost)| {
                totals.get(currency).is_some_and(|it| it.femto_units() >= cost.femto_units())
            })
    }
}
