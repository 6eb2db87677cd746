//! Totals of bills as the ledger holds them, to lay beside what an import read.

use std::collections::BTreeMap;

use ledger_core::currency::Currency;
use ledger_core::line_item::BillId;
use ledger_core::money::MoneyError;
use ledger_core::rollup::DayTotal;

use crate::ports::{LedgerStore, StoreError};

/// Totals by bill and currency.
pub type HeldTotals = BTreeMap<(BillId, Currency), DayTotal>;

/// Why the totals are not known.
#[derive(Debug, thiserror::Error)]
pub enum HeldError {
    /// The ledger did not answer.
    #[error("could not read the bills in the ledger")]
    Read(#[source] StoreError),
    /// A sum left the range of money.
    #[error("could not add up {0}")]
    Money(BillId, #[source] MoneyError),
}

/// The totals that the ledger holds of some bills: those of all their days.
///
/// # Errors
///
/// [`HeldError`].
pub async fn held_totals(
    bills: &[&BillId],
    ledger: &impl LedgerStore,
) -> Result<HeldTotals, HeldError> {
    let Some(first) = bills.iter().map(|it| it.period).min() else {
        return Ok(HeldTotals::new());
    };
    let mut totals = HeldTotals::new();
    for head in ledger.heads(first).await.map_err(HeldError::Read)? {
        if !bills.contains(&&head.bill) {
            continue;
        }
        for (currency, total) in head.days.values().flat_map(|day| &day.totals) {
            let sum = totals
                .entry((head.bill.clone(), *currency))
                .or_insert_with(|| DayTotal::zero(*currency));
            let failed = |err| HeldError::Money(head.bill.clone(), err);
            *sum = sum.checked_add(total).map_err(failed)?;
        }
    }
    Ok(totals)
}
