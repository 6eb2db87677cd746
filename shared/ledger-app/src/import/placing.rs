//! The place of a delivered bill in the ledger: the bill itself, a part of it, or in place of others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;
use ledger_core::bill::{
    BillHead, CommonDays, DayHead, FactsForm, Generation, Growth, Makeup, Relation, days_with_lines,
};
use ledger_core::bill_rollups::BillRollups;
use ledger_core::dimension::Level;
use ledger_core::finding::Finding;
use ledger_core::line_item::BillId;
use ledger_core::rollup::Row;

use super::{ImportError, Placement, findings};
use crate::ports::{BillReplacement, Delivery, LedgerStore, SourceError};

/// Longest name of a part, in bytes: it is in the keys of all that the ledger keeps of the part.
pub(super) const PART_BYTES_MAX: usize = 100;

/// A bill of a delivery.
pub(super) struct Delivered<'a> {
    pub delivery: &'a Delivery,
    /// Faults by which its lines may look like others.
    pub faults: &'a [String],
    /// All bills of the delivery.
    pub ids: &'a [BillId],
    pub bill: &'a BillId,
    pub days: &'a BillRollups,
    /// Whether days that it leaves out have no cost.
    pub is_complete: bool,
}

/// The place of a delivered bill.
#[derive(Debug)]
pub(super) struct Place {
    /// The bill or part that it restates.
    pub bill: BillId,
    /// As [`BillReplacement::takes_over`].
    pub takes_over: bool,
    /// Whether the bill is from its files from now on, where no manifest names them.
    pub keeps_files: bool,
    /// Bills in whose place it comes.
    pub cleared: Vec<BillId>,
    pub finding: Option<Finding>,
}

/// How a delivered bill fits to a bill of the ledger.
enum Fit {
    /// Its lines are others.
    Beside,
    /// Its lines are of other days, and neither of the two is an export's.
    Joins,
    /// Its lines are the same.
    Same,
    /// It may hold some of the same lines.
    Unclear,
}

/// The bills of the ledger, as they are once those before in this import are written.
pub(super) struct Bills<'a, L> {
    ledger: &'a L,
    heads: BTreeMap<BillId, BillHead>,
    /// Days that are not written yet, by their replacement.
    planned: BTreeMap<(BillId, Date), usize>,
}

impl<'a, L: LedgerStore> Bills<'a, L> {
    pub(super) fn new(heads: Vec<BillHead>, ledger: &'a L) -> Bills<'a, L> {
        let heads = heads.into_iter().map(|it| (it.bill.clone(), it)).collect();
        Bills { ledger, heads, planned: BTreeMap::new() }
    }

    pub(super) fn heads(&self) -> impl Iterator<Item = &BillHead> {
        self.heads.values()
    }

    pub(super) fn head(&self, bill: &BillId) -> Option<&BillHead> {
        self.heads.get(bill)
    }

    /// Takes a replacement for done; `at` is its place among all.
    pub(super) fn plan(&mut self, ours: &BillReplacement, at: usize) {
        let before = self.heads.remove(&ours.bill);
        let is_superseded = before
            .as_ref()
            .and_then(|it| it.delivered_at)
            .zip(ours.delivered_at)
            .is_some_and(|(theirs, ours)| ours < theirs);
        if let Some(before) =
            before.as_ref().filter(|_| ours.pending.is_some() || is_superseded && !ours.takes_over)
        {
            let pending = ours.pending.clone().or_else(|| before.pending.clone());
            self.heads.insert(ours.bill.clone(), BillHead { pending, ..before.clone() });
            return;
        }
        let mut days = BTreeMap::new();
        if ours.is_complete {
            self.planned.retain(|(bill, _), _| *bill != ours.bill);
        } else {
            days.extend(before.iter().flat_map(|it| it.days.clone()));
        }
        for (day, totals) in ours.days.totals() {
            self.planned.insert((ours.bill.clone(), day), at);
            let generation = Generation { version: 0, content_hash: "".into() };
            let (totals, files) = (totals.clone(), ours.files.clone());
            let facts = FactsForm::CURRENT;
            days.insert(
                day,
                DayHead { generation, totals, estimated: false, is_invoiced: false, facts, files },
            );
        }
        let kept = before.as_ref().filter(|_| !ours.takes_over);
        let head = BillHead {
            bill: ours.bill.clone(),
            version: before.as_ref().map_or(0, |it| it.version),
            export: ours.export.clone().or_else(|| kept?.export.clone()),
            delivered_at: ours.delivered_at.or_else(|| kept?.delivered_at),
            imported_at: ours.imported_at,
            rules_version: ours.rules_version,
            days,
            unread: Arc::clone(&ours.unread),
            is_chosen_part: ours.is_chosen_part || kept.is_some_and(|it| it.is_chosen_part),
            pending: ours.pending.clone(),
        };
        self.heads.insert(ours.bill.clone(), head);
    }

    /// Finds the place of a delivered bill; `planned` are the replacements of this import.
    ///
    /// # Errors
    ///
    /// [`SourceError::Refused`] where it may hold lines that the ledger has from elsewhere, and the
    /// errors of reading.
    pub(super) async fn place(
        &self,
        ours: &Delivered<'_>,
        placement: &Placement,
        planned: &[BillReplacement],
    ) -> Result<Place, ImportError> {
        let of_bill = || self.heads.values().filter(|it| is_of(&it.bill, ours));
        let own = || of_bill().filter(|it| is_own(it, ours));
        let own = own().find(|it| it.bill.payer == ours.bill.payer).or_else(|| own().next());
        match placement {
            Placement::Part(name) => {
                let part = BillId { part: Some(Arc::clone(name)), ..ours.bill.clone() };
                match own.filter(|it| it.bill != part && !it.days.is_empty()) {
                    Some(own) => Err(refused(findings::already_in(ours.delivery, &own.bill))),
                    None => Ok(self.at(part, own.is_some(), ours)),
                }
            }
            Placement::Replacing => {
                let mut place = self.at(ours.bill.clone(), false, ours);
                let others: Vec<&BillHead> =
                    of_bill().filter(|it| it.bill != place.bill && !it.days.is_empty()).collect();
                for head in others {
                    let is_replaced = head.bill.payer == ours.bill.payer
                        || !matches!(self.fit(head, ours, planned).await?, Fit::Beside);
                    place.cleared.extend(is_replaced.then(|| head.bill.clone()));
                }
                Ok(Place { takes_over: true, keeps_files: true, ..place })
            }
            Placement::Compared => {
                let others = of_bill().filter(|it| !it.days.is_empty());
                let Some(own) = own else {
                    return self.compared(ours, &others.collect::<Vec<_>>(), planned).await;
                };
                let is_decided = |it: &BillHead| it.is_chosen_part || own.is_chosen_part;
                let others: Vec<_> =
                    others.filter(|it| it.bill != own.bill && !is_decided(it)).collect();
                for other in others {
                    self.check_growth(own, ours, other, planned).await?;
                }
                Ok(self.at(own.bill.clone(), true, ours))
            }
        }
    }

    /// The place of a bill that nothing but its lines relates to the others.
    async fn compared(
        &self,
        ours: &Delivered<'_>,
        others: &[&BillHead],
        planned: &[BillReplacement],
    ) -> Result<Place, ImportError> {
        let (mut same, mut joined, mut beside) = (None, None, None);
        for head in others {
            match self.fit(head, ours, planned).await? {
                // To be the same as two parts takes more than one of them to be replaced.
                Fit::Same if same.is_none() => same = Some(*head),
                Fit::Same | Fit::Unclear => {
                    return Err(refused(findings::unclear(ours.delivery, head, ours.faults)));
                }
                Fit::Joins => joined = joined.or(Some(*head)),
                Fit::Beside if head.bill.payer == ours.bill.payer => {
                    beside = beside.or(Some(*head));
                }
                Fit::Beside => {}
            }
        }
        if let Some(head) = same {
            let place = self.at(head.bill.clone(), false, ours);
            let finding = findings::same(ours.delivery, ours.bill, head);
            let keeps_files = !is_of_export(head);
            return Ok(Place { keeps_files, finding, ..place });
        }
        if let Some(head) = joined {
            return Ok(self.at(head.bill.clone(), false, ours));
        }
        let Some(head) = beside else { return Ok(self.at(ours.bill.clone(), false, ours)) };
        let place = self.at(self.free(ours), false, ours);
        let finding = findings::part(ours.delivery, &place.bill, head);
        Ok(Place { finding: Some(finding), ..place })
    }

    /// Refuses a restatement by which a part gets lines that another one may have.
    async fn check_growth(
        &self,
        own: &BillHead,
        ours: &Delivered<'_>,
        other: &BillHead,
        planned: &[BillReplacement],
    ) -> Result<(), ImportError> {
        let growth = Growth::of(own, ours.days, other);
        let mut new = [Makeup::default(), Makeup::default()];
        let mut changed = [Makeup::default(), Makeup::default(), Makeup::default()];
        let failed = |err| ImportError::Source(SourceError::Money(ours.delivery.name.clone(), err));
        let ([new_ours, new_theirs], [all, held, theirs]) = (&mut new, &mut changed);
        for day in &growth.new_days {
            new_ours.add_day(ours.days, *day).map_err(failed)?;
            self.add_day(new_theirs, other, *day, planned).await?;
        }
        for day in &growth.changed_days {
            all.add_day(ours.days, *day).map_err(failed)?;
            self.add_day(held, own, *day, planned).await?;
            self.add_day(theirs, other, *day, planned).await?;
        }
        match growth.is_apart(new.each_ref(), changed.each_ref()) {
            true => Ok(()),
            false => Err(refused(findings::unclear(ours.delivery, other, ours.faults))),
        }
    }

    fn at(&self, bill: BillId, is_own: bool, ours: &Delivered<'_>) -> Place {
        let is_empty = self.heads.get(&bill).is_some_and(|it| it.days.is_empty());
        let takes_over = !is_own && (ours.delivery.export.is_some() || is_empty);
        Place { bill, takes_over, keeps_files: true, cleared: Vec::new(), finding: None }
    }

    /// The bill where it is free, or a part under the name of the delivery.
    fn free(&self, ours: &Delivered<'_>) -> BillId {
        let name = part_name(ours.delivery);
        let named = (2..).map(|it| Arc::from(format!("{name}-{it}")));
        let parts =
            std::iter::once(None).chain(std::iter::once(Arc::from(&*name)).chain(named).map(Some));
        let mut bills = parts.map(|part| BillId { part, ..ours.bill.clone() });
        let free = bills.find(|it| self.heads.get(it).is_none_or(|it| it.days.is_empty()));
        free.unwrap_or_else(|| ours.bill.clone())
    }

    async fn fit(
        &self,
        head: &BillHead,
        ours: &Delivered<'_>,
        planned: &[BillReplacement],
    ) -> Result<Fit, ImportError> {
        let files = ours.delivery.file_set.as_ref();
        let common = CommonDays::of(head, ours.days, files);
        if common.is_empty() {
            let is_joined = files.is_some()
                && !is_of_export(head)
                && head.bill.part.is_none()
                && head.bill.payer == ours.bill.payer;
            return Ok(if is_joined { Fit::Joins } else { Fit::Beside });
        }
        let (mut mine, mut theirs) = (Makeup::default(), Makeup::default());
        let name = &ours.delivery.name;
        let failed = |err| ImportError::Source(SourceError::Money(name.clone(), err));
        for day in &common.compared {
            mine.add_day(ours.days, *day).map_err(failed)?;
            self.add_day(&mut theirs, head, *day, planned).await?;
        }
        let is_missing = |held: &BTreeSet<Date>, days: &BTreeSet<Date>| !held.is_subset(days);
        let our_days: BTreeSet<Date> = ours.days.totals().map(|it| it.0).collect();
        let their_days: BTreeSet<Date> = days_with_lines(head).collect();
        Ok(match common.relation(&mine, &theirs) {
            Relation::OtherDays | Relation::OtherAccounts => Fit::Beside,
            // A whole bill without some of the days is not the same bill, and neither is one with
            // days that the export does not have.
            Relation::Same if ours.is_complete && is_missing(&their_days, &our_days) => {
                Fit::Unclear
            }
            Relation::Same
                if files.is_some() && is_of_export(head) && is_missing(&our_days, &their_days) =>
            {
                Fit::Unclear
            }
            Relation::Same => Fit::Same,
            Relation::Unclear => Fit::Unclear,
        })
    }

    /// Adds a day of a bill that the ledger has, or will have.
    async fn add_day(
        &self,
        makeup: &mut Makeup,
        head: &BillHead,
        day: Date,
        planned: &[BillReplacement],
    ) -> Result<(), ImportError> {
        let bill = &head.bill;
        let failed = |err| ImportError::Source(SourceError::Money(bill.to_string(), err));
        let at = self.planned.get(&(bill.clone(), day));
        if let Some(ours) = at.and_then(|at| planned.get(*at)) {
            return makeup.add_day(&ours.days, day).map_err(failed);
        }
        let Some(state) = head.days.get(&day) else { return Ok(()) };
        let rollups = self.ledger.rollups(bill, day, &state.generation, Level::Detail, None).await;
        for rollup in rollups.map_err(ImportError::Read)? {
            if let Row::Position(key, measures) = rollup.row() {
                makeup.add(key, measures).map_err(failed)?;
            }
        }
        Ok(())
    }
}

/// Whether a bill of the ledger may be the bill: one of the two may not name its payer. Not so where the
/// delivery has both: lines of one delivery are different lines.
fn is_of(held: &BillId, ours: &Delivered<'_>) -> bool {
    let bill = ours.bill;
    let is_other = || ours.ids.iter().any(|it| it.payer == held.payer && it.period == held.period);
    let is_unnamed = || held.payer.is_none() || bill.payer.is_none();
    let is_payer = held.payer == bill.payer || is_unnamed() && !is_other();
    held.period == bill.period && held.source == bill.source && is_payer
}

/// Whether the ledger has a bill from an export. Earlier releases kept only when it was delivered.
fn is_of_export(head: &BillHead) -> bool {
    head.export.is_some() || head.delivered_at.is_some()
}

/// Whether the same export or the same files delivered a bill of the ledger.
fn is_own(head: &BillHead, ours: &Delivered<'_>) -> bool {
    if let Some(export) = &ours.delivery.export {
        return match &head.export {
            Some(held) => held.is_same(export),
            None => head.delivered_at.is_some() && !head.days.is_empty(),
        };
    }
    let Some(files) = &ours.delivery.file_set else { return head.bill == *ours.bill };
    let common = CommonDays::of(head, ours.days, Some(files));
    !common.restated.is_empty() && common.compared.is_empty()
}

/// The name of an export, or of the first of its files.
fn part_name(delivery: &Delivery) -> String {
    let file = || delivery.files.first().unwrap_or(&delivery.name);
    let name = match &delivery.export {
        Some(export) => &export.name,
        None => file().rsplit(['/', '\\']).next().unwrap_or_default(),
    };
    let name: String = name.chars().filter(|it| !it.is_control()).collect();
    // Room for a number behind it.
    name.get(..name.floor_char_boundary(PART_BYTES_MAX - 8)).unwrap_or_default().to_owned()
}

fn refused(message: String) -> ImportError {
    ImportError::Source(SourceError::Refused(message))
}
