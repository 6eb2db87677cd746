//! The rollups of one bill in compact form: a key is held once for all its days.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;

use crate::arena::Table;
use crate::business::Business;
use crate::currency::Currency;
use crate::day_sum::DaySum;
use crate::fact::DetailKey;
use crate::keyed_sums::{Amortizations, DaySums, FileId};
use crate::line_item::Provenance;
use crate::money::MoneyError;
use crate::position::{EntryKind, PositionKey, SummaryKey};
use crate::rollup::{DayRollups, DayTotal, Measures};

ids! {
    /// The number of a summary key.
    SummaryId;
    /// The number of a detail key.
    DetailId;
    /// The number of a claim.
    ClaimId;
}

/// The rest of a position's key: dimensions that summaries leave out, the rule, and whether it is
/// the charge or part of a split.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ClaimKey {
    pub(crate) business: Business,
    pub(crate) rule: Option<Arc<str>>,
    pub(crate) kind: EntryKind,
}

/// The numbers of the three parts of a position's key, which sort as the keys do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct PositionId {
    pub(crate) summary: SummaryId,
    pub(crate) detail: DetailId,
    pub(crate) claim: ClaimId,
}

/// The rollups of the days of one bill.
///
/// - **Shape:** a map from days to [`DayRollups`], which are built on demand. A month of a large
///   bill has a million sums under a hundred thousand keys: built all at once it would need ten
///   times the memory.
/// - **Source:** made by [`crate::roll_up::RollupBuilder`], or by [`BillRollups::from_days`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BillRollups {
    /// In order.
    pub(crate) summaries: Table<SummaryId, SummaryKey>,
    /// In order.
    pub(crate) details: Table<DetailId, DetailKey>,
    /// In order.
    pub(crate) claims: Table<ClaimId, ClaimKey>,
    /// By key, then by day.
    pub(crate) sums: Vec<(PositionId, DaySums)>,
    pub(crate) amortizations: Amortizations<PositionId>,
    pub(crate) days: BTreeMap<Date, DayState>,
    /// The files of first lines, in order.
    pub(crate) files: Table<FileId, Arc<str>>,
}

/// The totals of a day, and whether they are estimated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DayState {
    pub(crate) totals: BTreeMap<Currency, DayTotal>,
    pub(crate) estimated: bool,
}

impl BillRollups {
    /// The number of days on the bill.
    pub fn len(&self) -> usize {
        self.days.len()
    }

    /// Whether the bill has no day.
    pub fn is_empty(&self) -> bool {
        self.days.is_empty()
    }

    /// The number of rollups in full detail, over all days.
    pub fn rollup_count(&self) -> usize {
        self.sums.iter().map(|(_, days)| days.len()).sum()
    }

    /// The totals of each day.
    pub fn totals(&self) -> impl Iterator<Item = (Date, &BTreeMap<Currency, DayTotal>)> {
        self.days.iter().map(|(day, state)| (*day, &state.totals))
    }

    pub(crate) fn states(&self) -> impl Iterator<Item = (Date, &DayState)> {
        self.days.iter().map(|(day, state)| (*day, state))
    }

    /// The days in order.
    ///
    /// # Errors
    ///
    /// As [`BillRollups::get`], each day for itself.
    pub fn iter(&self) -> impl Iterator<Item = Result<(Date, DayRollups), MoneyError>> {
        self.days.iter().map(|(day, state)| Ok((*day, self.day(*day, state)?)))
    }

    /// One day, if the bill has it.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`] and [`MoneyError::Broken`], which the builder has ruled out.
    pub fn get(&self, day: Date) -> Result<Option<DayRollups>, MoneyError> {
        self.days.get(&day).map(|state| self.day(day, state)).transpose()
    }

    fn day(&self, day: Date, state: &DayState) -> Result<DayRollups, MoneyError> {
        let positions = self.positions(day).collect::<Result<_, _>>()?;
        let DayState { totals, estimated } = state.clone();
        Ok(DayRollups { positions, totals, estimated })
    }

    /// The positions of one day in order, each built when it is asked for: a day with very many owners
    /// takes no more memory than one with few.
    ///
    /// # Errors
    ///
    /// As [`BillRollups::get`], each position for itself.
    pub fn positions(
        &self,
        day: Date,
    ) -> impl Iterator<Item = Result<(PositionKey, Measures), MoneyError>> {
        self.sums.iter().filter_map(move |(id, days)| {
            let place = days.binary_search_by_key(&day, DaySum::day).ok()?;
            Some(self.position(*id, days.get(place)?))
        })
    }

    /// [`BillRollups::positions`] without their detail, in order: the sums of those that agree in
    /// everything else.
    ///
    /// # Errors
    ///
    /// As [`Measures::add`], each summary for itself.
    pub fn summaries(
        &self,
        day: Date,
    ) -> impl Iterator<Item = Result<(SummaryKey, Measures), MoneyError>> {
        let mut positions = self.positions(day).peekable();
        std::iter::from_fn(move || {
            let first = positions.next()?;
            // In order, those of one summary follow each other.
            Some(first.and_then(|(PositionKey { summary, .. }, measures)| {
                let mut sum = Measures { first_line: None, ..measures };
                let is_same = |it: &Result<(PositionKey, Measures), MoneyError>| {
                    it.as_ref().map_or(true, |(key, _)| key.summary == summary)
                };
                while let Some(more) = positions.next_if(is_same) {
                    sum.add(&Measures { first_line: None, ..more?.1 })?;
                }
                Ok((summary, sum))
            }))
        })
    }

    fn position(
        &self,
        id: PositionId,
        sum: &DaySum,
    ) -> Result<(PositionKey, Measures), MoneyError> {
        let key = self.key(id)?;
        let measures = self.measures(id, sum, key.summary.charge.currency)?;
        Ok((key, measures))
    }

    /// Checks that each amortization belongs to an existing sum and keeps it in range.
    pub(crate) fn check_amortized(&self) -> Result<(), MoneyError> {
        for (id, day) in self.amortizations.keys() {
            let sum = self.sum(id, *day);
            let sum = sum.ok_or(MoneyError::Broken("the sum of an amortized line"))?;
            let key = self.summaries.get(id.summary, "the summary key of a position")?;
            self.measures(*id, sum, key.charge.currency)?;
        }
        Ok(())
    }

    /// The sum of a position on a day.
    fn sum(&self, id: &PositionId, day: Date) -> Option<&DaySum> {
        let place = self.sums.binary_search_by_key(id, |(id, _)| *id).ok()?;
        let (_, days) = self.sums.get(place)?;
        let place = days.binary_search_by_key(&day, DaySum::day).ok()?;
        days.get(place)
    }

    fn key(&self, id: PositionId) -> Result<PositionKey, MoneyError> {
        let claim = self.claims.get(id.claim, "the claim of a position")?;
        Ok(PositionKey {
            summary: self.summaries.get(id.summary, "the summary key of a position")?.clone(),
            detail: self.details.get(id.detail, "the detail key of a position")?.clone(),
            business: claim.business.clone(),
            rule: claim.rule.clone(),
            kind: claim.kind.clone(),
        })
    }

    fn measures(
        &self,
        id: PositionId,
        sum: &DaySum,
        currency: Currency,
    ) -> Result<Measures, MoneyError> {
        let charged = sum.costs(currency)?;
        let file = FileId::of_sum(sum);
        let file = file.map(|it| self.files.get(it, "the file of a first line")).transpose()?;
        Ok(Measures {
            costs: match self.amortizations.get(&(id, sum.day())) {
                Some(added) => charged.amortized_by(*added)?,
                None => charged,
            },
            quantity: sum.quantity()?,
            tokens: sum.tokens(),
            line_count: sum.line_count(),
            first_line: file.map(|it| Provenance { file: Arc::clone(it), line: sum.first_line() }),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::testing::*;

    proptest! {
        /// The ranks that are compared in place of keys give the order of the keys.
        #[test]
        fn keys_are_in_order(lines in any_line_items(), rules in any_rules()) {
            for bill in ledger_of(&lines, &rules).0.values() {
                prop_assert!(bill.summaries.iter().is_sorted_by(|left, right| left < right));
                prop_assert!(bill.details.iter().is_sorted_by(|left, right| left < right));
                prop_assert!(bill.claims.iter().is_sorted_by(|left, right| left < right));
                prop_assert!(bill.sums.is_sorted_by(|left, right| left.0 < right.0));
            }
        }

        /// One at a time they are those of the day as a whole.
        #[test]
        fn positions_and_summaries_are_those_of_the_day(
            lines in any_line_items(), rules in any_rules(),
        ) {
            for bill in ledger_of(&lines, &rules).0.values() {
                for day in bill.iter() {
                    let (day, rollups) = day.unwrap();
                    let summaries: Vec<_> = rollups.summary().unwrap().into_iter().collect();
                    let streamed: Vec<_> = bill.summaries(day).map(Result::unwrap).collect();
                    prop_assert_eq!(streamed, summaries);
                    let positions: Vec<_> = rollups.positions.into_iter().collect();
                    let streamed: Vec<_> = bill.positions(day).map(Result::unwrap).collect();
                    prop_assert_eq!(streamed, positions);
                }
            }
        }
    }
}
