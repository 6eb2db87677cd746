//! Rolling up: charges are summed into facts, rules claim each fact once, and positions follow.
//!
//! Sessions are folded between the two steps, so that rules see nothing that the ledger does not
//! keep. Positions made anew from a ledger are therefore those of a fresh import, to the digit.

mod bill_facts;
mod sessions;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::bill_rollups::BillRollups;
use crate::day_sum::DaySum;
use crate::fact::FactKey;
use crate::finding::{Finding, FindingCode};
use crate::line_item::{BillId, LineItem};
use crate::money::MoneyError;
use crate::rules::AttributionRules;

pub use self::bill_facts::BillFacts;

/// Distinct sessions that one role keeps on one day.
///
/// Session names are made by callers and have no bound; a role with more of them is a gateway or a
/// job runner whose names mean nothing to an owner.
pub const SESSIONS_PER_ROLE_MAX: usize = 200;

/// Rollups by bill.
pub type RollupsByBill = BTreeMap<BillId, BillRollups>;

/// Sums charges by bill and day. Memory is bounded by the number of different keys and their days.
#[derive(Debug, Default)]
pub struct RollupBuilder {
    bills: BTreeMap<BillId, BillFacts>,
}

impl RollupBuilder {
    /// Adds one charge for generative AI.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`] when a sum leaves the range of [`crate::money::Money`].
    pub fn add(&mut self, line_item: &LineItem) -> Result<(), MoneyError> {
        let sum = DaySum::of(line_item)?;
        self.add_sums(line_item.clone(), vec![sum])
    }

    /// Adds charges for generative AI of one file that are equal except for day and amounts. What
    /// amortizing adds to any of them is in the costs of the line item, for its own day.
    ///
    /// # Errors
    ///
    /// As [`RollupBuilder::add`].
    pub fn add_sums(&mut self, line_item: LineItem, sums: Vec<DaySum>) -> Result<(), MoneyError> {
        let bill = self.totalled(&line_item, true, &sums)?;
        let (currency, added) = (line_item.costs.currency(), line_item.costs.amortization());
        let (day, file) = (line_item.day, Arc::clone(&line_item.provenance.file));
        bill.totals.amortize(currency, day, added)?;
        let id = bill.id(FactKey::of(line_item))?;
        bill.sums.amortize(id, day, added)?;
        bill.sums.add(id, Some(&file), sums)
    }

    /// Adds charges for anything else, which are totalled and never amortized. Of the line item only
    /// bill, currency and whether it is an estimate count.
    ///
    /// # Errors
    ///
    /// As [`RollupBuilder::add`].
    pub fn add_other(&mut self, line_item: &LineItem, sums: &[DaySum]) -> Result<(), MoneyError> {
        self.totalled(line_item, false, sums)?;
        Ok(())
    }

    /// The bill of a line item, with sums added to its totals.
    fn totalled(
        &mut self,
        line_item: &LineItem,
        is_ai: bool,
        sums: &[DaySum],
    ) -> Result<&mut BillFacts, MoneyError> {
        if !self.bills.contains_key(&line_item.bill) {
            self.bills.insert(line_item.bill.clone(), BillFacts::default());
        }
        let bill = self.bills.get_mut(&line_item.bill).ok_or(MoneyError::Broken("a bill"))?;
        bill.totals.add(line_item.costs.currency(), is_ai, sums)?;
        if line_item.estimated {
            bill.totals.mark_estimated(sums);
        }
        Ok(bill)
    }

    /// Makes sure that a bill exists, also when no line of it was read.
    pub fn expect_bill(&mut self, bill: BillId) {
        self.bills.entry(bill).or_default();
    }

    /// The positions that rules make of the facts, and a finding for each role whose sessions had to
    /// be folded.
    ///
    /// # Errors
    ///
    /// As [`RollupBuilder::add`].
    pub fn finish(
        self,
        rules: &AttributionRules,
    ) -> Result<(RollupsByBill, Vec<Finding>), MoneyError> {
        let mut folded_roles = BTreeSet::new();
        let mut bills = RollupsByBill::new();
        for (bill, mut facts) in self.bills {
            facts.fold_sessions(SESSIONS_PER_ROLE_MAX, &mut folded_roles)?;
            bills.insert(bill, facts.claimed_by(rules)?);
        }
        let findings = folded_roles
            .into_iter()
            .map(|role| Finding {
                code: FindingCode::SessionsFolded,
                message: format!(
                    "role `{role}` has more than {SESSIONS_PER_ROLE_MAX} session names a day; \
                     those with the least cost are shown together as `*`"
                ),
            })
            .collect();
        Ok((bills, findings))
    }
}
