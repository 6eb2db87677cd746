//! Totals of bills as the ledger holds them, to lay beside what an import read.

use std::collections::BTreeMap;

use jiff::civil::Date;
use ledger_core::bill::{BillHead, days_with_lines};
use ledger_core::cost::CostKind;
use ledger_core::currency::Currency;
use ledger_core::line_item::BillId;
use ledger_core::money::{Money, MoneyError};
use ledger_core::rollup::DayTotal;

use crate::import::{ImportReport, ReadBill};
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
    Money(Box<BillId>, #[source] MoneyError),
}

/// A bill as it was read, beside the bill in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BillBeside {
    /// The bill, or the part of it.
    pub bill: BillId,
    /// The unblended cost that was read, by currency.
    pub read: BTreeMap<Currency, Money>,
    /// The unblended cost that the ledger holds now.
    pub held: BTreeMap<Currency, Money>,
    /// That of the bill with all its parts, where it has any.
    pub in_parts: Option<BTreeMap<Currency, Money>>,
    /// Days with lines that were not read and stay.
    pub days_kept: Vec<Date>,
    /// Whether the ledger holds the days that were read as they were read, and, of a whole bill, no
    /// others.
    pub is_as_read: bool,
}

/// Lays what an import read beside what the ledger holds.
///
/// # Errors
///
/// [`HeldError`].
pub async fn beside(
    report: &ImportReport,
    ledger: &impl LedgerStore,
) -> Result<Vec<BillBeside>, HeldError> {
    let Some(first) = report.read.keys().map(|it| it.period).min() else { return Ok(Vec::new()) };
    let heads = ledger.heads(first).await.map_err(HeldError::Read)?;
    let bills = report.read.iter();
    bills
        .map(|(bill, read)| {
            bill_beside(bill, read, &heads)
                .map_err(|err| HeldError::Money(Box::new(bill.clone()), err))
        })
        .collect()
}

fn bill_beside(
    bill: &BillId,
    read: &ReadBill,
    heads: &[BillHead],
) -> Result<BillBeside, MoneyError> {
    let whole = |it: &BillId| BillId { part: None, ..it.clone() };
    let parts: Vec<&BillHead> = heads.iter().filter(|it| whole(&it.bill) == whole(bill)).collect();
    let head = parts.iter().find(|it| it.bill == *bill);
    let days = head.iter().flat_map(|it| &it.days).map(|(day, state)| (day, &state.totals));
    let held: BTreeMap<&Date, &DayTotals> = days.collect();
    let with_lines = head.iter().flat_map(|it| days_with_lines(it));
    let days_kept: Vec<Date> = with_lines.filter(|it| !read.days.contains_key(it)).collect();
    let is_same = read.days.iter().all(|(day, totals)| held.get(day) == Some(&totals));
    let in_parts = parts.iter().filter(|it| !it.days.is_empty()).count() > 1;
    let all = || parts.iter().flat_map(|it| it.days.values().map(|day| &day.totals));
    Ok(BillBeside {
        bill: bill.clone(),
        read: cost_of(read.days.values())?,
        held: cost_of(held.values().copied())?,
        in_parts: in_parts.then(|| cost_of(all())).transpose()?,
        is_as_read: is_same && (days_kept.is_empty() || !read.is_whole),
        days_kept,
    })
}

/// The totals of a day.
type DayTotals = BTreeMap<Currency, DayTotal>;

/// The unblended cost of all lines of days.
fn cost_of<'a>(
    days: impl Iterator<Item = &'a DayTotals>,
) -> Result<BTreeMap<Currency, Money>, MoneyError> {
    let mut sums = BTreeMap::new();
    for (currency, total) in days.flatten() {
        let sum = sums.entry(*currency).or_insert_with(|| Money::zero(*currency));
        for costs in [&total.ai, &total.other] {
            *sum = sum.checked_add(costs.of(CostKind::Unblended))?;
        }
    }
    Ok(sums)
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
            let failed = |err| HeldError::Money(Box::new(head.bill.clone()), err);
            *sum = sum.checked_add(total).map_err(failed)?;
        }
    }
    Ok(totals)
}
