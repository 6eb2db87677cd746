//! Positions: facts, or parts of them, with exactly one owner.

use std::fmt;
use std::sync::Arc;

use crate::business::Business;
use crate::fact::{ChargeKey, DetailKey, FactKey};
use crate::owner::Owner;

/// The key of a summary: who pays for what, without the detail of the bill.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SummaryKey {
    /// Who pays.
    pub owner: Owner,
    /// For which part of the business.
    pub business: Business,
    /// The charge.
    pub charge: ChargeKey,
}

/// The key of a position.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PositionKey {
    /// Owner, business dimensions and charge.
    pub summary: SummaryKey,
    /// The part of the fact's key that summaries leave out.
    pub detail: DetailKey,
    /// The user's own dimensions that summaries leave out.
    pub business: Business,
    /// The rule that claimed the fact; `None` if no rule did.
    pub rule: Option<Arc<str>>,
    /// Whether it is the charge itself or a part of a split.
    pub kind: EntryKind,
}

impl PositionKey {
    /// The key of its fact: the same key without the owner.
    pub fn to_fact(&self) -> FactKey {
        self.clone().into_fact()
    }

    /// As [`PositionKey::to_fact`], without a copy.
    pub fn into_fact(self) -> FactKey {
        FactKey { charge: self.summary.charge, detail: self.detail }
    }
}

/// The kind of a position.
///
/// The facts of a day are its positions of kind [`EntryKind::Charge`], without their owners: a split
/// adds moves and leaves the charge as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryKind {
    /// The charge, with the owner that a rule gave it.
    #[default]
    Charge,
    /// The part of a split that its source gives away: a negative cost.
    AllocatedOut(AllocationId),
    /// The part of a split that another owner takes.
    AllocatedIn(AllocationId),
}

/// The name of a split, which leads to its rule, basis, weights and source amount.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AllocationId(pub Arc<str>);

impl fmt::Display for AllocationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
