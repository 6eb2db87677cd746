//! The facts of one bill, and their attribution to positions.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;

use crate::arena::{Numbered, Ranks};
use crate::bill_rollups::{
    BillRollups, ClaimId, ClaimKey, DayState, DetailId, PositionId, SummaryId,
};
use crate::bill_text::BillText;
use crate::currency::Currency;
use crate::day_sum::DaySum;
use crate::day_totals::DayTotals;
use crate::fact::{Callers, ChargeKey, DetailKey, FactKey};
use crate::keyed_sums::{KeyedSums, Sorted};
use crate::money::MoneyError;
use crate::position::{EntryKind, PositionKey, SummaryKey};
use crate::rollup::{DayRollups, DayTotal, Measures};
use crate::rules::{AttributionRules, Claim};

ids! {
    /// The number of a charge key.
    ChargeId;
}

/// The numbers of the two halves of a fact's key.
pub(super) type FactId = (ChargeId, DetailId);

/// The facts of one bill: its charges in detail, without owners.
///
/// They are read from the bill's lines by [`super::RollupBuilder`], or from the positions that a
/// ledger holds of it, by [`BillFacts::add`].
#[derive(Debug, Default)]
pub struct BillFacts {
    pub(super) charges: Numbered<ChargeId, ChargeKey>,
    pub(super) details: Numbered<DetailId, DetailKey>,
    pub(super) sums: KeyedSums<FactId>,
    pub(super) totals: DayTotals,
    /// Totals of days as the ledger holds them.
    days: BTreeMap<Date, DayState>,
}

impl BillFacts {
    /// Adds a fact of one day, or a part of one.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub fn add(&mut self, day: Date, key: FactKey, measures: &Measures) -> Result<(), MoneyError> {
        let id = self.id(key)?;
        add_measures(&mut self.sums, id, day, measures)
    }

    /// Keeps the totals of a day as the ledger holds them: non-AI lines have no facts to sum.
    pub fn keep_day(&mut self, day: Date, totals: BTreeMap<Currency, DayTotal>, estimated: bool) {
        self.days.insert(day, DayState { totals, estimated });
    }

    pub(super) fn id(&mut self, key: FactKey) -> Result<FactId, MoneyError> {
        Ok((self.charges.id(key.charge)?, self.details.id(key.detail)?))
    }

    /// The positions: each fact with the owner that the rules give it.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`] and [`MoneyError::Broken`].
    pub fn claimed_by(self, rules: &AttributionRules) -> Result<BillRollups, MoneyError> {
        let BillFacts { charges, details, sums, totals, mut days } = self;
        days.extend(totals.finish()?);
        let mut keys = PositionKeys { details, ..PositionKeys::default() };
        let mut callers = Callers::default();
        let sums = sums.with_keys_by_day(&rules.turns(), |(charge, detail), day| {
            let charge = charges.get(charge, "the charge key of a fact")?;
            let key = keys.details.get(detail, "the detail key of a fact")?;
            let Claim { owner, business, detail: in_detail, rule } =
                rules.claim(callers.fact(charge, key), day);
            let summary = SummaryKey { owner, business, charge: charge.clone() };
            Ok(PositionId {
                summary: keys.summaries.id(summary)?,
                detail,
                claim: keys.claims.id(ClaimKey {
                    business: in_detail,
                    rule,
                    kind: EntryKind::Charge,
                })?,
            })
        })?;
        keys.finish(sums, days)
    }
}

impl BillRollups {
    /// Rollups of days that are built already, such as those of a test.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub fn from_days(
        all: impl IntoIterator<Item = (Date, DayRollups)>,
    ) -> Result<BillRollups, MoneyError> {
        let mut keys = PositionKeys::default();
        let mut sums = KeyedSums::default();
        let mut days = BTreeMap::new();
        for (day, DayRollups { positions, totals, estimated }) in all {
            for (key, measures) in positions {
                let id = keys.id(key)?;
                add_measures(&mut sums, id, day, &measures)?;
            }
            days.insert(day, DayState { totals, estimated });
        }
        keys.finish(sums, days)
    }
}

fn add_measures<K: Copy + Ord + std::hash::Hash>(
    sums: &mut KeyedSums<K>,
    key: K,
    day: Date,
    measures: &Measures,
) -> Result<(), MoneyError> {
    let Measures { costs, quantity, tokens, line_count, first_line } = measures;
    // A bill has fewer lines than that.
    let line_count = u32::try_from(*line_count).map_err(|_| MoneyError::OutOfRange)?;
    let line = first_line.as_ref().map_or(u64::MAX, |it| it.line);
    let sum = DaySum::of_costs(day, costs, *quantity, *tokens, line_count, line)?;
    sums.amortize(key, day, costs.amortization())?;
    sums.add(key, first_line.as_ref().map(|it| &it.file), vec![sum])
}

/// The keys of positions, in parts, while they are numbered.
#[derive(Debug, Default)]
struct PositionKeys {
    summaries: Numbered<SummaryId, SummaryKey>,
    details: Numbered<DetailId, DetailKey>,
    claims: Numbered<ClaimId, ClaimKey>,
}

impl PositionKeys {
    fn id(&mut self, key: PositionKey) -> Result<PositionId, MoneyError> {
        let PositionKey { summary, detail, business, rule, kind } = key;
        Ok(PositionId {
            summary: self.summaries.id(summary)?,
            detail: self.details.id(detail)?,
            claim: self.claims.id(ClaimKey { business, rule, kind })?,
        })
    }

    /// Sorts everything, so that equal bills compare as equal.
    fn finish(
        self,
        sums: KeyedSums<PositionId>,
        days: BTreeMap<Date, DayState>,
    ) -> Result<BillRollups, MoneyError> {
        let used = || sums.keys();
        let (summaries, summary_ids) =
            self.summaries.sorted(used().map(|it| it.summary), SummaryKey::clone);
        let order = order_of_details(&self.details);
        let (details, detail_ids) = self.details.sorted(used().map(|it| it.detail), order);
        let (claims, claim_ids) = self.claims.sorted(used().map(|it| it.claim), ClaimKey::clone);
        let sums = sums.with_keys(|id| {
            Ok(PositionId {
                summary: summary_ids.get(id.summary, "the summary key of a position")?,
                detail: detail_ids.get(id.detail, "the detail key of a position")?,
                claim: claim_ids.get(id.claim, "the claim of a position")?,
            })
        })?;
        let Sorted { sums, amortizations, files } = sums.sorted()?;
        let rollups = BillRollups { summaries, details, claims, sums, amortizations, days, files };
        rollups.check_amortized()?;
        Ok(rollups)
    }
}

/// The sort key of details: the ranks of their fields.
fn order_of_details(
    details: &Numbered<DetailId, DetailKey>,
) -> impl Fn(&DetailKey) -> DetailRank + use<> {
    let details = || details.iter().map(|(_, detail)| detail);
    let texts = Ranks::new(details().flat_map(|it| {
        let DetailKey { account, texts, caller, axes: _, tags: _ } = it;
        texts.iter().map(|(_, text)| text).chain(account).chain(caller)
    }));
    let axis_sets = Ranks::new(details().map(|it| &it.axes));
    let tag_sets = Ranks::new(details().map(|it| &it.tags));
    move |detail| {
        let DetailKey { account, texts: kept, caller, axes, tags } = detail;
        let optional = |text: &Option<Arc<str>>| text.as_ref().map(|it| texts.of(it));
        (
            optional(account),
            kept.map(|it| texts.of(it)),
            optional(caller),
            axis_sets.of(axes),
            tag_sets.of(tags),
        )
    }
}

/// The ranks of a detail's fields, in the order of [`DetailKey`].
type DetailRank = (Option<u32>, [Option<u32>; BillText::COUNT], Option<u32>, u32, u32);
