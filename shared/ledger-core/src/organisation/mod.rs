//! The organisation that costs are posted in: legal entities, cost centres, accounts, and the account of
//! each charge.
//!
//! The values here are checked against each other where the file is read; a question about them is
//! answered for a day, since cost centres and accounts come and go.

mod code;
mod entity;
mod posting;
mod validity;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;

pub use self::code::{Code, CodeError};
pub use self::entity::{Account, CostCentre, Entity, MarkUp, MarkUpError};
pub use self::posting::{Posting, PostingField};
pub use self::validity::Validity;

/// The organisation as it was applied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Organisation {
    /// The version of the applied file; 0 where none was applied.
    pub version: u64,
    /// The legal entities.
    pub entities: BTreeMap<Code, Entity>,
    /// The entity that pays for the bills of an account, by the account's id.
    pub payers: BTreeMap<Arc<str>, Code>,
    /// The entity that pays for all other bills.
    pub paying_entity: Option<Code>,
    /// The cost centres.
    pub cost_centres: BTreeMap<Code, CostCentre>,
    /// The accounts of the general ledger.
    pub accounts: BTreeMap<Code, Account>,
    /// The accounts of charges: the first that matches counts.
    pub postings: Vec<Posting>,
}

impl Organisation {
    /// The entity that pays for the bills of an account.
    #[must_use]
    pub fn entity_paying(&self, payer: Option<&str>) -> Option<&Entity> {
        let named = payer.and_then(|it| self.payers.get(it));
        self.entities.get(named.or(self.paying_entity.as_ref())?)
    }

    /// The cost centre that pays for an owner on a day.
    #[must_use]
    pub fn cost_centre_of(&self, owner: &str, day: Date) -> Option<&CostCentre> {
        let mut centres = self.cost_centres.values();
        centres.find(|it| it.owners.contains(owner) && it.validity.contains(day))
    }

    /// The cost centre that a text means: its code, or another name that rules write for it.
    #[must_use]
    pub fn cost_centre_named(&self, text: &str) -> Option<&CostCentre> {
        let named = Code::parse(text).ok().and_then(|it| self.cost_centres.get(&it));
        named.or_else(|| self.cost_centres.values().find(|it| it.aliases.contains(text)))
    }

    /// The account of a charge in the books of an entity. A posting to an account of another entity is
    /// passed over, so that entities may have charts of their own.
    pub fn account_of<'a>(
        &self,
        entity: &Code,
        value_of: impl Fn(PostingField) -> Option<&'a str>,
    ) -> Option<&Account> {
        let matching = self.postings.iter().filter(|it| it.matches(&value_of));
        let mut accounts = matching.filter_map(|it| self.accounts.get(&it.account));
        accounts.find(|it| it.entity.as_ref().is_none_or(|of| of == entity))
    }
}
