//! Applied rules on what the ledger holds: positions made anew from facts, without the bill.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use ledger_core::bill::BillHead;
use ledger_core::cost::CostKind;
use ledger_core::dimension::Level;
use ledger_core::finding::Finding;
use ledger_core::line_item::BillId;
use ledger_core::money::MoneyError;
use ledger_core::moves::{Moves, MovesBuilder};
use ledger_core::period::BillingPeriod;
use ledger_core::position::EntryKind;
use ledger_core::roll_up::BillFacts;
use ledger_core::rollup::{Position, Rollup};
use ledger_core::rules::AttributionRules;
use ledger_core::undecided::Undecided;

use crate::documents::{DocumentError, applied_rules};
use crate::ports::{
    BillReplacement, DocumentKind, DocumentStore, LedgerStore, Replaced, Retryable, StoreError,
};
use crate::view::{LookupError, View};

/// Times that the bills are looked through: a bill that another run moves in between is done in the
/// next pass. Imports are minutes apart, so more than two are rare.
const PASSES_MAX: u32 = 8;

/// Why positions were not made anew. Bills that were done before stay done, and the next run does the
/// others.
#[derive(Debug, thiserror::Error)]
pub enum ApplyRulesError {
    /// The applied rules cannot be used.
    #[error("could not use the applied rules")]
    Rules(#[source] DocumentError),
    /// The ledger did not name its bills.
    #[error("could not read the bills of the ledger")]
    Heads(#[source] StoreError),
    /// The ledger did not hand out the positions of a bill.
    #[error("could not read the facts of {0}")]
    Read(BillId, #[source] StoreError),
    /// The facts of a bill do not add up.
    #[error("could not add up the facts of {0}")]
    Money(BillId, #[source] MoneyError),
    /// A bill was not replaced; its readers see the positions they saw before.
    #[error("could not replace the positions of {0}")]
    Write(BillId, #[source] StoreError),
    /// Other runs were faster in every pass.
    #[error("{0} was replaced by other runs in each of {PASSES_MAX} passes")]
    Contended(BillId),
}

impl Retryable for ApplyRulesError {
    /// The use case is safe to repeat.
    fn is_retryable(&self) -> bool {
        match self {
            ApplyRulesError::Rules(err) => err.is_retryable(),
            ApplyRulesError::Heads(err)
            | ApplyRulesError::Read(_, err)
            | ApplyRulesError::Write(_, err) => err.is_retryable(),
            ApplyRulesError::Money(..) => false,
            ApplyRulesError::Contended(_) => true,
        }
    }
}

/// The bills whose positions were made anew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppliedRules {
    /// The version of the applied rules; 0 where none was ever applied.
    pub rules_version: u64,
    /// The bills that were behind, and what replacing each did.
    pub bills: Vec<(BillId, Replaced)>,
    /// Bills that keep the owners of older rules, and why.
    pub held_back: Vec<Finding>,
}

/// The outcome for a bill that was behind.
enum Owned {
    /// Its positions were made anew.
    Anew(Replaced),
    /// It keeps its owners.
    HeldBack(Finding),
}

/// The bill that is being worked on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplyProgress {
    /// The bill.
    pub bill: BillId,
    /// Its number in this pass, from 1.
    pub number: usize,
    /// The number of bills in this pass.
    pub count: usize,
}

/// Makes the positions of every bill anew whose owners are of another version of the rules than the
/// applied one, one bill at a time and whole.
///
/// Safe to repeat and to run twice at once: a bill is replaced only on the version it was read at,
/// and each pass asks for the newest rules, so all runs end in the same state. A run that stopped in
/// between is continued by the next. Days whose owners stay cost no write.
///
/// # Errors
///
/// [`ApplyRulesError`].
pub async fn apply_rules<L: LedgerStore + DocumentStore>(
    now: Timestamp,
    progress: impl Fn(ApplyProgress),
    ledger: &L,
) -> Result<AppliedRules, ApplyRulesError> {
    let mut applied = AppliedRules::default();
    let mut contended = None;
    for _ in 0..PASSES_MAX {
        let rules = applied_rules(ledger).await.map_err(ApplyRulesError::Rules)?;
        applied.rules_version = rules.version;
        let behind = bills_behind(rules.version, ledger).await?;
        contended = None;
        applied.held_back.clear();
        let mut is_done = true;
        let count = behind.len();
        for (number, head) in (1..).zip(behind) {
            let bill = head.bill.clone();
            progress(ApplyProgress { bill: bill.clone(), number, count });
            match own_anew(head, &rules, now, ledger).await {
                Ok(Owned::HeldBack(finding)) => applied.held_back.push(finding),
                Ok(Owned::Anew(replaced)) => {
                    is_done = false;
                    applied.bills.push((bill, replaced));
                }
                Err(ApplyRulesError::Write(bill, StoreError::Replaced(_))) => {
                    is_done = false;
                    contended = Some(bill);
                }
                Err(err) => return Err(err),
            }
        }
        if is_done {
            return Ok(applied);
        }
    }
    match contended {
        Some(bill) => Err(ApplyRulesError::Contended(bill)),
        None => Ok(applied),
    }
}

/// Repairs an import that ended under rules which were replaced while it ran. Without such rules it
/// does nothing.
///
/// # Errors
///
/// [`ApplyRulesError`].
pub async fn catch_up<L: LedgerStore + DocumentStore>(
    imported_by: u64,
    now: Timestamp,
    ledger: &L,
) -> Result<Option<AppliedRules>, ApplyRulesError> {
    let rules = ledger.document(DocumentKind::Rules).await;
    let rules = rules.map_err(|err| ApplyRulesError::Rules(DocumentError::Read("rules", err)))?;
    if rules.map_or(0, |it| it.version) == imported_by {
        return Ok(None);
    }
    apply_rules(now, |_| {}, ledger).await.map(Some)
}

/// The money that rules would move if they were applied: all days that answers count, held against
/// the owners that the ledger has.
///
/// # Errors
///
/// [`LookupError`].
pub async fn dry_run<L: LedgerStore + Clone + 'static>(
    rules: &AttributionRules,
    cost_kind: CostKind,
    view: &View<L>,
) -> Result<Moves, LookupError> {
    let mut moves = MovesBuilder::new(rules, cost_kind);
    view.answer(&mut [&mut moves]).await?;
    Ok(moves.finish()?)
}

async fn bills_behind(
    rules_version: u64,
    ledger: &impl LedgerStore,
) -> Result<Vec<BillHead>, ApplyRulesError> {
    let heads = ledger.heads(BillingPeriod::containing(Date::MIN)).await;
    let mut heads = heads.map_err(ApplyRulesError::Heads)?;
    heads.retain(|it| it.rules_version != rules_version);
    Ok(heads)
}

/// Replaces the positions of one bill, if it still is as it was read and all its owners can be known.
async fn own_anew(
    head: BillHead,
    rules: &AttributionRules,
    now: Timestamp,
    ledger: &impl LedgerStore,
) -> Result<Owned, ApplyRulesError> {
    let bill = head.bill.clone();
    let version = head.version;
    let (facts, undecided) = facts_of(head, rules, ledger).await?;
    if let Some(finding) = undecided.finding(&bill) {
        return Ok(Owned::HeldBack(finding));
    }
    let days = facts.claimed_by(rules).map_err(|err| ApplyRulesError::Money(bill.clone(), err))?;
    let replacement = BillReplacement {
        bill: bill.clone(),
        days,
        is_complete: true,
        based_on: Some(version),
        export: None,
        files: None,
        takes_over: false,
        is_chosen_part: false,
        delivered_at: None,
        imported_at: now,
        rules_version: rules.version,
        unread: Arc::default(),
        pending: None,
    };
    let replaced = ledger.replace(replacement).await;
    Ok(Owned::Anew(replaced.map_err(|err| ApplyRulesError::Write(bill, err))?))
}

/// The facts of a bill, which are its positions of kind charge without their owners, and those that
/// the rules cannot claim for sure.
async fn facts_of(
    head: BillHead,
    rules: &AttributionRules,
    ledger: &impl LedgerStore,
) -> Result<(BillFacts, Undecided), ApplyRulesError> {
    let BillHead { bill, days, .. } = head;
    let mut facts = BillFacts::default();
    let mut undecided = Undecided::default();
    for (day, state) in days {
        let rollups = ledger.rollups(&bill, day, &state.generation, Level::Detail, None).await;
        for rollup in rollups.map_err(|err| ApplyRulesError::Read(bill.clone(), err))? {
            let Rollup::Position(position) = rollup else {
                let err = MoneyError::Broken("the detail of a position");
                return Err(ApplyRulesError::Money(bill, err));
            };
            let Position { key, measures } = &position;
            let examined = undecided.examine(rules, (day, state.facts), key, measures);
            examined.map_err(|err| ApplyRulesError::Money(bill.clone(), err))?;
            if key.kind == EntryKind::Charge {
                let added = facts.add(day, position.key.into_fact(), &position.measures);
                added.map_err(|err| ApplyRulesError::Money(bill.clone(), err))?;
            }
        }
        facts.keep_day(day, state.totals, state.estimated);
    }
    Ok((facts, undecided))
}
