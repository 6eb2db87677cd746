//! Replacing a bill, decided before anything is written.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;

use super::content::ContentHash;
use super::deliverer::{Export, FileSet};
use super::head::{BillHead, DayHead, FactsForm, Generation};
use super::pending::Pending;
use super::unread::Unread;
use crate::bill_rollups::{BillRollups, DayState};
use crate::bill_text::BillText;
use crate::line_item::BillId;
use crate::money::MoneyError;

/// A bill as it is to be from now on.
#[derive(Clone, Debug)]
pub struct BillReplacement {
    /// The bill.
    pub bill: BillId,
    /// Its days.
    pub days: BillRollups,
    /// Whether days that are missing here have no cost; otherwise they stay as they are.
    pub is_complete: bool,
    /// The version of the head that the days were made from, where they were made from the ledger:
    /// any other version makes the replacement outdated.
    pub based_on: Option<u64>,
    /// The export that delivered it, where a manifest names it.
    pub export: Option<Export>,
    /// The files that it is from, where no manifest names them; of a quick look, a mark of how it was asked.
    pub files: Option<Arc<FileSet>>,
    /// Whether it takes the place of a bill that something else delivered: nothing of that stays, and
    /// its time says nothing.
    pub takes_over: bool,
    /// Time at which the provider made it.
    pub delivered_at: Option<Timestamp>,
    /// Whether a person said that it is a part.
    pub is_chosen_part: bool,
    /// Now.
    pub imported_at: Timestamp,
    /// The version of the rules that assigned its owners.
    pub rules_version: u64,
    /// Parts of the delivery that are in no figure or no field.
    pub unread: Arc<Unread>,
    /// A delivery that is held back: then this has no days, and restates nothing.
    pub pending: Option<Pending>,
}

impl BillReplacement {
    /// In its place the same bill as it was, with this delivery held back.
    #[must_use]
    pub fn held_back(self, pending: Pending) -> BillReplacement {
        BillReplacement {
            days: BillRollups::default(),
            is_complete: false,
            export: None,
            files: None,
            takes_over: false,
            delivered_at: None,
            pending: Some(pending),
            ..self
        }
    }
}

/// One generation of one day.
pub type DayGeneration = (Date, Generation);

/// The decision about a replacement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Planned {
    /// The ledger holds a newer delivery: nothing to do.
    Superseded,
    /// The ledger no longer holds the version that the replacement was made from.
    Outdated,
    /// Steps to take.
    Replace(Box<ReplacementPlan>),
}

/// The steps of a replacement: days to write, the pointer to move, generations to let go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplacementPlan {
    /// The pointer as it was read.
    pub read: Option<BillHead>,
    /// The pointer as it is to be.
    pub wanted: BillHead,
    /// Days that changed.
    pub written: Vec<Date>,
    /// Number of delivered days that are as they were.
    pub unchanged_count: u64,
    /// Number of days that the delivery no longer has.
    pub removed_count: u64,
    /// Generations that the wanted pointer no longer names.
    pub replaced: Vec<DayGeneration>,
}

/// Compares a delivery with what the ledger holds of its bill.
///
/// # Errors
///
/// As [`BillRollups::iter`].
pub fn plan_replacement(
    read: Option<BillHead>,
    ours: &BillReplacement,
) -> Result<Planned, MoneyError> {
    let held = read.as_ref().map_or(0, |it| it.version);
    if ours.based_on.is_some_and(|it| it != held) {
        return Ok(Planned::Outdated);
    }
    let theirs = read.as_ref().and_then(|it| it.delivered_at).filter(|_| !ours.takes_over);
    if theirs.zip(ours.delivered_at).is_some_and(|(theirs, ours)| ours < theirs) {
        return Ok(Planned::Superseded);
    }
    Ok(Planned::Replace(Box::new(replace(read, ours, held.saturating_add(1))?)))
}

/// The steps to a head of this version.
fn replace(
    read: Option<BillHead>,
    ours: &BillReplacement,
    version: u64,
) -> Result<ReplacementPlan, MoneyError> {
    let before = read.as_ref().map(|it| it.days.clone()).unwrap_or_default();
    let mut days = if ours.is_complete { BTreeMap::new() } else { before.clone() };
    let mut written = Vec::new();
    let mut unchanged_count = 0;
    for (day, delivered) in ours.days.states() {
        let (content_hash, is_invoiced) = digest(&ours.days, (day, delivered))?;
        let held = before.get(&day);
        let facts = match (ours.based_on, held) {
            (Some(_), Some(held)) => held.facts,
            _ => FactsForm::CURRENT,
        };
        let files = match (ours.based_on, held) {
            (Some(_), Some(held)) => held.files.clone(),
            _ => ours.files.clone(),
        };
        let state = match held {
            Some(state) if state.generation.content_hash == content_hash => {
                unchanged_count += 1;
                DayHead { is_invoiced, facts, files, ..state.clone() }
            }
            _ => {
                written.push(day);
                DayHead {
                    generation: Generation { version, content_hash },
                    totals: delivered.totals.clone(),
                    estimated: delivered.estimated,
                    is_invoiced,
                    facts,
                    files,
                }
            }
        };
        days.insert(day, state);
    }
    let removed = before.keys().filter(|it| !days.contains_key(it)).count();
    let is_named = |day: &Date, state: &DayHead| {
        days.get(day).map(|it| &it.generation) == Some(&state.generation)
    };
    let replaced = before
        .iter()
        .filter(|(day, state)| !is_named(day, state))
        .map(|(day, state)| (*day, state.generation.clone()))
        .collect();
    let removed_count = u64::try_from(removed).unwrap_or(u64::MAX);
    let wanted = head(read.as_ref(), ours, version, days);
    Ok(ReplacementPlan { read, wanted, written, unchanged_count, removed_count, replaced })
}

/// The hash of a day's content, and whether every AI line of it names its invoice.
fn digest(
    days: &BillRollups,
    (day, state): (Date, &DayState),
) -> Result<(Arc<str>, bool), MoneyError> {
    let mut content = ContentHash::default();
    let mut is_invoiced = true;
    for position in days.positions(day) {
        let (key, measures) = position?;
        content.add(&key, &measures);
        is_invoiced &= key.detail.texts.get(BillText::InvoiceId).is_some();
    }
    Ok((content.finish(&state.totals, state.estimated), is_invoiced))
}

/// The head with these days.
fn head(
    read: Option<&BillHead>,
    ours: &BillReplacement,
    version: u64,
    days: BTreeMap<Date, DayHead>,
) -> BillHead {
    // Days that were made from the ledger are as old as the import before, and so are those of a bill
    // of which a delivery is held back.
    let kept = read.filter(|_| ours.based_on.is_some() || ours.pending.is_some());
    // The deliverer of a bill that is taken over is forgotten.
    let before = read.filter(|_| !ours.takes_over);
    // A delivery that is held back gives no charge another owner.
    let owned = read.filter(|_| ours.pending.is_some());
    BillHead {
        bill: ours.bill.clone(),
        version,
        export: ours.export.clone().or_else(|| before?.export.clone()),
        // Files without a date must not erase how new the held delivery is.
        delivered_at: ours.delivered_at.or_else(|| before?.delivered_at),
        imported_at: kept.map_or(ours.imported_at, |it| it.imported_at),
        rules_version: owned.map_or(ours.rules_version, |it| it.rules_version),
        days,
        is_chosen_part: ours.is_chosen_part || before.is_some_and(|it| it.is_chosen_part),
        unread: Arc::clone(kept.map_or(&ours.unread, |it| &it.unread)),
        pending: ours.pending.clone().or_else(|| kept?.pending.clone()),
    }
}

impl ReplacementPlan {
    /// Whether the pointer moves: readers would see anything new, a bill without days included.
    ///
    /// A newer delivery of the same content moves the pointer alone: without its date an older one
    /// with other content could follow and win. So do newer rules that changed no owner.
    pub fn moves_head(&self) -> bool {
        let Some(read) = &self.read else { return true };
        self.has_generations()
            || read.export != self.wanted.export
            || read.delivered_at != self.wanted.delivered_at
            || read.is_chosen_part != self.wanted.is_chosen_part
            || read.rules_version != self.wanted.rules_version
            || read.unread != self.wanted.unread
            || read.pending != self.wanted.pending
            || read.days != self.wanted.days
    }

    /// Whether any generation is written or let go.
    pub fn has_generations(&self) -> bool {
        !self.written.is_empty() || !self.replaced.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line_item::LineItem;
    use crate::rules::AttributionRules;
    use crate::testing::*;

    /// A bill with a charge on each of these days, delivered at this hour of 20 November.
    fn delivery(days: &[(&str, &str)], hour: u8) -> BillReplacement {
        let line = |(day, cost): &(&str, &str)| LineItem { day: date(day), ..line_of(USER, cost) };
        let lines: Vec<LineItem> = days.iter().map(line).collect();
        let (ledger, _) = ledger_of(&lines, &AttributionRules::default());
        let (bill, days) = ledger.into_iter().next().unwrap();
        BillReplacement {
            bill,
            days,
            is_complete: true,
            based_on: None,
            export: None,
            files: None,
            takes_over: false,
            is_chosen_part: false,
            delivered_at: Some(format!("2026-11-20T{hour:02}:00:00Z").parse().unwrap()),
            imported_at: "2026-11-21T00:00:00Z".parse().unwrap(),
            rules_version: 1,
            unread: Arc::default(),
            pending: None,
        }
    }

    fn plan(read: Option<&BillHead>, ours: &BillReplacement) -> ReplacementPlan {
        match plan_replacement(read.cloned(), ours).unwrap() {
            Planned::Replace(plan) => *plan,
            other => panic!("{other:?}"),
        }
    }

    fn first() -> BillHead {
        let first = delivery(&[("2026-10-01", "1"), ("2026-10-02", "2"), ("2026-10-03", "3")], 6);
        plan(None, &first).wanted
    }

    #[test]
    fn a_first_delivery_writes_all_of_its_days() {
        let plan = plan(None, &delivery(&[("2026-10-01", "1"), ("2026-10-02", "2")], 6));
        assert_eq!(plan.written, [date("2026-10-01"), date("2026-10-02")]);
        assert_eq!((plan.wanted.version, plan.unchanged_count, plan.removed_count), (1, 0, 0));
        assert!(plan.moves_head() && plan.replaced.is_empty());
    }

    #[test]
    fn only_days_that_differ_are_written_and_what_they_replace_is_let_go() {
        let first = first();
        let second = delivery(&[("2026-10-02", "2"), ("2026-10-03", "4"), ("2026-10-04", "5")], 7);
        let complete = plan(Some(&first), &second);
        assert_eq!(complete.written, [date("2026-10-03"), date("2026-10-04")]);
        assert_eq!((complete.unchanged_count, complete.removed_count), (1, 1));
        let replaced: Vec<Date> = complete.replaced.iter().map(|it| it.0).collect();
        assert_eq!(replaced, [date("2026-10-01"), date("2026-10-03")]);
        let versions: Vec<u64> =
            complete.wanted.days.values().map(|it| it.generation.version).collect();
        assert_eq!(versions, [1, 2, 2]);
        let partial = plan(Some(&first), &BillReplacement { is_complete: false, ..second });
        assert_eq!((partial.wanted.days.len(), partial.removed_count), (4, 0));
        assert_eq!(partial.replaced.len(), 1);
    }

    #[test]
    fn the_same_delivery_again_moves_nothing() {
        let again = delivery(&[("2026-10-01", "1"), ("2026-10-02", "2"), ("2026-10-03", "3")], 6);
        let plan = plan(Some(&first()), &again);
        assert!(!plan.moves_head() && !plan.has_generations());
        assert_eq!(plan.unchanged_count, 3);
    }

    #[test]
    fn a_newer_date_or_newer_rules_move_the_pointer_alone() {
        let days = [("2026-10-01", "1"), ("2026-10-02", "2"), ("2026-10-03", "3")];
        let newer = plan(Some(&first()), &delivery(&days, 7));
        assert!(newer.moves_head() && !newer.has_generations());
        let rules = BillReplacement { rules_version: 2, ..delivery(&days, 6) };
        let rules = plan(Some(&first()), &rules);
        assert!(rules.moves_head() && !rules.has_generations());
    }

    #[test]
    fn an_older_delivery_is_superseded_and_one_without_a_date_is_not() {
        let older = delivery(&[("2026-10-01", "9")], 5);
        assert_eq!(plan_replacement(Some(first()), &older).unwrap(), Planned::Superseded);
        let undated = plan(Some(&first()), &BillReplacement { delivered_at: None, ..older });
        assert_eq!(undated.wanted.delivered_at, first().delivered_at);
    }

    #[test]
    fn days_made_from_another_version_are_outdated() {
        let based_on = |version| BillReplacement {
            based_on: Some(version),
            ..delivery(&[("2026-10-01", "9")], 6)
        };
        assert_eq!(plan(Some(&first()), &based_on(1)).written.len(), 1);
        for (read, version) in [(Some(first()), 2), (None, 1)] {
            let planned = plan_replacement(read, &based_on(version)).unwrap();
            assert_eq!(planned, Planned::Outdated);
        }
    }

    #[test]
    fn days_made_from_the_ledger_keep_the_form_of_their_facts() {
        let mut first = first();
        for state in first.days.values_mut() {
            state.facts = FactsForm::FIRST;
        }
        let days = [("2026-10-01", "1"), ("2026-10-02", "9")];
        let forms = |plan: &ReplacementPlan| -> Vec<u32> {
            plan.wanted.days.values().map(|it| it.facts.0).collect()
        };
        let owned = BillReplacement { based_on: Some(1), ..delivery(&days, 6) };
        assert_eq!(forms(&plan(Some(&first), &owned)), [1, 1]);
        let imported = plan(Some(&first), &delivery(&days, 6));
        assert_eq!(forms(&imported), [2, 2]);
        // A day of the same content is as good as new, and readers must learn of it.
        let same = delivery(&[("2026-10-01", "1"), ("2026-10-02", "2"), ("2026-10-03", "3")], 6);
        let same = plan(Some(&first), &same);
        assert!(same.moves_head() && !same.has_generations());
        let partial = BillReplacement { is_complete: false, ..delivery(&days, 6) };
        assert_eq!(forms(&plan(Some(&first), &partial)), [2, 2, 1]);
    }

    #[test]
    fn a_bill_without_days_is_seen() {
        let empty =
            BillReplacement { days: BillRollups::default(), ..delivery(&[("2026-10-01", "1")], 6) };
        assert!(plan(None, &empty).moves_head());
        let emptied = plan(Some(&first()), &empty);
        assert_eq!((emptied.removed_count, emptied.replaced.len()), (3, 3));
    }
}
