//! Sums of entries: what the ledger keeps.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;

use crate::attribution::LedgerEntry;
use crate::aws::principal::Principal;
use crate::aws::usage_type::UsageType;
use crate::bill_rollups::{BillRollups, BillSums};
use crate::business::Business;
use crate::cost::Costs;
use crate::currency::Currency;
use crate::day_sum::DaySum;
use crate::line_item::{BillId, Finding, LineItem, Provenance, Tags};
use crate::meter::Meter;
use crate::money::MoneyError;
use crate::owner::Owner;

/// What entries must share to be summed into one rollup.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RollupKey {
    /// Who pays.
    pub owner: Owner,
    /// For what.
    pub business: Business,
    /// The name the money appears under.
    pub service: Arc<str>,
    /// Who makes the model.
    pub publisher: Option<Arc<str>>,
    /// The model.
    pub model: Option<Arc<str>>,
    /// What was counted.
    pub meter: Meter,
    /// `Usage`, `Tax`, `Credit` …
    pub line_type: Arc<str>,
    /// The currency of the sum.
    pub currency: Currency,
    /// The rest of what the bill says; `None` in a summary.
    pub detail: Option<Detail>,
}

/// What a summary leaves out: these have many values, and few questions need them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Detail {
    /// The account that was charged.
    pub account: Arc<str>,
    /// The region.
    pub region: Option<Arc<str>>,
    /// The caller's ARN, with a generated session name folded to `*`.
    pub principal: Option<Arc<str>>,
    /// The raw usage type, from which all its axes are read.
    pub usage_type: Arc<str>,
    /// The line's tags.
    pub tags: Arc<Tags>,
    /// The rule that claimed the entries.
    pub rule: Option<Arc<str>>,
}

/// The sum itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measures {
    /// What it costs.
    pub costs: Costs,
    /// Single tokens in the direction of the key's meter; `None` where nothing counted tokens.
    pub tokens: Option<u64>,
    /// How many lines of the bill are in it.
    pub line_count: u64,
    /// The first of these lines, by file and row; `None` in a summary.
    pub first_line: Option<Provenance>,
}

impl Measures {
    /// Adds another sum.
    ///
    /// # Errors
    ///
    /// As [`Costs::checked_add`].
    pub fn add(&mut self, other: &Measures) -> Result<(), MoneyError> {
        self.costs = self.costs.checked_add(&other.costs)?;
        self.tokens = match (self.tokens, other.tokens) {
            (Some(mine), Some(theirs)) => Some(mine.saturating_add(theirs)),
            (mine, theirs) => mine.or(theirs),
        };
        self.line_count = self.line_count.saturating_add(other.line_count);
        self.first_line = match (self.first_line.take(), &other.first_line) {
            (Some(mine), Some(theirs)) => Some(mine.min(theirs.clone())),
            (mine, theirs) => mine.or_else(|| theirs.clone()),
        };
        Ok(())
    }
}

/// One rollup: a key and its sum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rollup {
    /// What the entries share.
    pub key: RollupKey,
    /// What they come to.
    pub measures: Measures,
}

impl Rollup {
    /// A line that stands for all that is in it, to hold rules against; `None` for a summary, which
    /// no longer knows what rules look at. A folded session name is `*`.
    pub fn to_line_item(&self, bill: BillId, day: Date) -> Option<LineItem> {
        let Rollup { key, measures } = self;
        let detail = key.detail.as_ref()?;
        let principal =
            detail.principal.as_deref().and_then(|arn| Principal::parse_folded(arn).ok());
        Some(LineItem {
            provenance: measures.first_line.clone()?,
            bill,
            day,
            account: Arc::clone(&detail.account),
            line_type: Arc::clone(&key.line_type),
            service: Arc::clone(&key.service),
            usage_type: Arc::new(UsageType::parse(&detail.usage_type)),
            principal: principal.map(Arc::new),
            tags: Arc::clone(&detail.tags),
            model: key.model.clone(),
            publisher: key.publisher.clone(),
            region: detail.region.clone(),
            tokens: measures.tokens,
            ai: true,
            estimated: false,
            costs: measures.costs,
        })
    }
}

/// What one currency comes to on one day of one bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayTotal {
    /// Lines for generative AI: the sum of the day's rollups.
    pub ai: Costs,
    /// All other lines: counted and totalled by what they were charged at, so that the bill adds up.
    /// Nobody amortizes them: by an amortized cost kind they say nothing.
    pub other: Costs,
    /// How many lines are in `ai`.
    pub ai_line_count: u64,
    /// How many lines are in `other`.
    pub other_line_count: u64,
}

impl DayTotal {
    /// Nothing yet.
    pub fn zero(currency: Currency) -> DayTotal {
        DayTotal {
            ai: Costs::zero(currency),
            other: Costs::zero(currency),
            ai_line_count: 0,
            other_line_count: 0,
        }
    }

    /// Adds another total of the same currency.
    ///
    /// # Errors
    ///
    /// As [`Costs::checked_add`].
    pub fn add(&mut self, more: &DayTotal) -> Result<(), MoneyError> {
        self.ai = self.ai.checked_add(&more.ai)?;
        self.other = self.other.checked_add(&more.other)?;
        self.ai_line_count = self.ai_line_count.saturating_add(more.ai_line_count);
        self.other_line_count = self.other_line_count.saturating_add(more.other_line_count);
        Ok(())
    }
}

/// The rollups of one day of one bill: what is replaced as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DayRollups {
    /// The sums in full detail.
    pub detail: BTreeMap<RollupKey, Measures>,
    /// What the day comes to, by currency.
    pub totals: BTreeMap<Currency, DayTotal>,
    /// Whether the source says that the figures may change.
    pub estimated: bool,
}

impl DayRollups {
    /// The same sums without what [`Detail`] holds.
    ///
    /// # Errors
    ///
    /// As [`Measures::add`].
    pub fn summary(&self) -> Result<BTreeMap<RollupKey, Measures>, MoneyError> {
        let mut summary: BTreeMap<RollupKey, Measures> = BTreeMap::new();
        for (key, measures) in &self.detail {
            let key = RollupKey { detail: None, ..key.clone() };
            let measures = Measures { first_line: None, ..measures.clone() };
            add_to(&mut summary, key, measures)?;
        }
        Ok(summary)
    }
}

/// Distinct sessions that one role keeps on one day.
///
/// Session names are made by callers and have no bound; a role with more of them is a gateway or a
/// job runner whose names mean nothing to an owner.
pub const SESSIONS_PER_ROLE_MAX: usize = 200;

/// Sums entries by bill and day. Memory is bounded by the number of different keys and their days.
#[derive(Debug, Default)]
pub struct RollupBuilder {
    bills: BTreeMap<BillId, BillSums>,
}

impl RollupBuilder {
    /// Adds one entry.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`] when a sum leaves the range of [`crate::money::Money`].
    pub fn add(&mut self, entry: LedgerEntry<'_>) -> Result<(), MoneyError> {
        let sum = DaySum::of(entry.line_item);
        self.add_sums(entry, vec![sum])
    }

    /// Adds entries that differ in nothing but their days and amounts; they stand in one file. What
    /// amortizing adds to any of them is in the costs of the line item, for its own day.
    ///
    /// # Errors
    ///
    /// As [`RollupBuilder::add`].
    pub fn add_sums(
        &mut self,
        entry: LedgerEntry<'_>,
        sums: Vec<DaySum>,
    ) -> Result<(), MoneyError> {
        let line_item = entry.line_item;
        let bill = match self.bills.get_mut(&line_item.bill) {
            Some(bill) => bill,
            None => self.bills.entry(line_item.bill.clone()).or_default(),
        };
        let (is_ai, estimated) = (line_item.ai, line_item.estimated);
        let added = (line_item.day, line_item.costs.amortization());
        bill.add_totals(line_item.costs.currency(), is_ai, estimated, &sums, added)?;
        if !is_ai {
            return Ok(());
        }
        bill.add(key_of(entry), &line_item.provenance.file, sums, added)
    }

    /// Makes sure that a bill exists, also when no line of it was read.
    pub fn expect_bill(&mut self, bill: BillId) {
        self.bills.entry(bill).or_default();
    }

    /// The sums, and what had to be folded to keep them few.
    ///
    /// # Errors
    ///
    /// As [`RollupBuilder::add`].
    pub fn finish(self) -> Result<(RollupsByBill, Vec<Finding>), MoneyError> {
        let mut folded_roles = BTreeSet::new();
        let mut bills = RollupsByBill::new();
        for (bill, mut sums) in self.bills {
            sums.fold_sessions(SESSIONS_PER_ROLE_MAX, &mut folded_roles)?;
            bills.insert(bill, sums.finished()?);
        }
        let findings = folded_roles
            .into_iter()
            .map(|role| Finding {
                code: "sessions-folded",
                message: format!(
                    "role `{role}` has more than {SESSIONS_PER_ROLE_MAX} session names a day; \
                     those with the least cost are shown together as `*`"
                ),
            })
            .collect();
        Ok((bills, findings))
    }
}

/// Rollups by bill.
pub type RollupsByBill = BTreeMap<BillId, BillRollups>;

fn key_of(entry: LedgerEntry<'_>) -> RollupKey {
    let LedgerEntry { line_item, claim } = entry;
    RollupKey {
        owner: claim.owner,
        business: claim.business,
        service: Arc::clone(&line_item.service),
        publisher: line_item.publisher.clone(),
        model: line_item.model.clone(),
        meter: line_item.usage_type.meter_within_bedrock(),
        line_type: Arc::clone(&line_item.line_type),
        currency: line_item.costs.currency(),
        detail: Some(Detail {
            account: Arc::clone(&line_item.account),
            region: line_item.region.clone(),
            principal: line_item.principal.as_deref().map(|it| Arc::clone(it.folded())),
            usage_type: line_item.usage_type.shared_raw(),
            tags: Arc::clone(&line_item.tags),
            rule: claim.rule,
        }),
    }
}

fn add_to(
    sums: &mut BTreeMap<RollupKey, Measures>,
    key: RollupKey,
    measures: Measures,
) -> Result<(), MoneyError> {
    match sums.get_mut(&key) {
        Some(sum) => sum.add(&measures),
        None => {
            sums.insert(key, measures);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cost::CostKind;
    use crate::rules::AttributionRules;
    use crate::testing::*;

    fn session(role: &str, at: usize) -> String {
        format!("arn:aws:sts::123456789012:assumed-role/{role}/customer-{at:03}")
    }

    /// The sessions that are kept, and the findings.
    fn capped(lines: &[crate::line_item::LineItem]) -> (Vec<String>, Vec<String>) {
        let (ledger, findings) = ledger_of(lines, &AttributionRules::default());
        let kept = rollups_of(&ledger, true)
            .into_iter()
            .filter_map(|(_, rollup)| rollup.key.detail?.principal.map(|it| it.to_string()))
            .collect();
        (kept, findings.into_iter().map(|it| it.message).collect())
    }

    #[test]
    fn a_role_may_have_as_many_sessions_as_the_cap() {
        let lines: Vec<_> =
            (0..SESSIONS_PER_ROLE_MAX).map(|at| line_of(&session("app", at), "1")).collect();
        let (kept, findings) = capped(&lines);
        assert_eq!(kept.len(), SESSIONS_PER_ROLE_MAX);
        assert_eq!(findings, Vec::<String>::new());
    }

    #[test]
    fn the_cheapest_sessions_above_the_cap_are_shown_together() {
        let mut lines: Vec<_> =
            (0..SESSIONS_PER_ROLE_MAX).map(|at| line_of(&session("app", at), "1")).collect();
        lines.push(line_of(&session("app", 998), "0.5"));
        lines.push(line_of(&session("app", 999), "0.25"));
        let costs = &mut lines[SESSIONS_PER_ROLE_MAX].costs;
        *costs = costs.amortized_to(Some(usd("3")), Some(usd("2"))).unwrap();
        lines.push(line_of(&session("other", 0), "0.01"));
        let (kept, findings) = capped(&lines);
        let folded = "arn:aws:sts::123456789012:assumed-role/app/*";
        assert_eq!(kept.len(), SESSIONS_PER_ROLE_MAX + 2);
        assert!(kept.iter().any(|it| it == folded));
        assert!(kept.contains(&session("other", 0)), "another role keeps its sessions");
        assert!(!kept.contains(&session("app", 998)) && !kept.contains(&session("app", 999)));
        assert_eq!(
            findings,
            [
                "role `arn:aws:sts::123456789012:assumed-role/app` has more than 200 session names a \
              day; those with the least cost are shown together as `*`"
            ]
        );
        let (ledger, _) = ledger_of(&lines, &AttributionRules::default());
        let rollups = rollups_of(&ledger, true);
        let after = totals(rollups.iter().map(|(_, it)| it.measures.costs));
        assert_eq!(after, totals(lines.iter().map(|it| it.costs)));
        let of_folded = rollups.iter().find(|(_, rollup)| {
            let detail = rollup.key.detail.as_ref();
            detail.and_then(|it| it.principal.as_deref()) == Some(folded)
        });
        let measures = &of_folded.unwrap().1.measures;
        let costs = CostKind::ALL.map(|kind| measures.costs.of(kind));
        assert_eq!(costs, ["0.75", "0.75", "3.25", "2.25"].map(usd));
        assert_eq!(measures.line_count, 2);
    }

    #[test]
    fn a_large_credit_is_no_cheap_session() {
        let mut lines: Vec<_> =
            (0..SESSIONS_PER_ROLE_MAX).map(|at| line_of(&session("app", at), "1")).collect();
        lines.push(line_of(&session("app", 999), "-50"));
        assert!(capped(&lines).0.contains(&session("app", 999)));
    }

    #[test]
    fn a_rollup_names_the_first_of_its_lines() {
        let at = |line_number| {
            let mut line = line();
            line.provenance.line = line_number;
            line
        };
        let (ledger, _) = ledger_of(&[at(7), at(3), at(5)], &AttributionRules::default());
        let rollups = rollups_of(&ledger, true);
        assert_eq!(rollups.len(), 1);
        let measures = &rollups[0].1.measures;
        assert_eq!(measures.first_line.as_ref().unwrap().to_string(), "part-1.csv:3");
        assert_eq!((measures.line_count, measures.tokens), (3, Some(3_000)));
    }

    #[test]
    fn a_bill_without_lines_is_kept_as_empty() {
        let mut builder = RollupBuilder::default();
        builder.expect_bill(line().bill);
        let (ledger, _) = builder.finish().unwrap();
        assert_eq!(ledger, BTreeMap::from([(line().bill, BillRollups::default())]));
    }

    proptest! {
        /// P1: what was read is what is kept, in each currency and by each cost kind.
        #[test]
        fn cost_is_conserved(lines in any_line_items(), rules in any_rules()) {
            let (ledger, _) = ledger_of(&lines, &rules);
            let read = |ai| totals(lines.iter().filter(|it| it.ai == ai).map(|it| it.costs));
            let days = || ledger.values().flat_map(BillRollups::iter).map(|it| it.unwrap().1);
            let kept = || days().flat_map(|it| it.totals.into_values());
            prop_assert_eq!(totals(kept().map(|it| it.ai)), read(true));
            prop_assert_eq!(totals(kept().map(|it| it.other)), read(false));
            for is_detail in [true, false] {
                let rollups = rollups_of(&ledger, is_detail);
                prop_assert_eq!(totals(rollups.iter().map(|(_, it)| it.measures.costs)), read(true));
                let line_count: u64 = rollups.iter().map(|(_, it)| it.measures.line_count).sum();
                prop_assert_eq!(line_count, lines.iter().filter(|it| it.ai).count() as u64);
            }
        }

        /// P1, within each day: its totals are the sums of its rollups.
        #[test]
        fn a_days_totals_are_the_sum_of_its_rollups(lines in any_line_items(), rules in any_rules()) {
            let (ledger, _) = ledger_of(&lines, &rules);
            for day in ledger.values().flat_map(BillRollups::iter).map(|it| it.unwrap().1) {
                let ai = totals(day.totals.values().map(|it| it.ai));
                prop_assert_eq!(&totals(day.detail.values().map(|it| it.costs)), &ai);
                let summary = day.summary().unwrap();
                prop_assert!(summary.keys().all(|it| it.detail.is_none()));
                prop_assert_eq!(&totals(summary.values().map(|it| it.costs)), &ai);
            }
        }

        /// P3: lines out of order give the same ledger.
        #[test]
        fn the_order_of_lines_does_not_matter(
            (lines, shuffled) in any_line_items()
                .prop_flat_map(|it| (Just(it.clone()), Just(it).prop_shuffle())),
            rules in any_rules(),
        ) {
            prop_assert_eq!(ledger_of(&lines, &rules), ledger_of(&shuffled, &rules));
        }

        /// P3 where sessions are folded: which ones stay does not depend on the order either.
        #[test]
        fn folding_does_not_depend_on_order(
            order in Just((0..SESSIONS_PER_ROLE_MAX + 20).collect::<Vec<_>>()).prop_shuffle(),
        ) {
            let line = |at: usize| line_of(&session("app", at), &(at % 7).to_string());
            let sorted: Vec<_> = (0..order.len()).map(line).collect();
            let shuffled: Vec<_> = order.into_iter().map(line).collect();
            prop_assert_eq!(capped(&sorted), capped(&shuffled));
        }
    }
}
