//! Places of sums by the owners that they are limited to.

use std::collections::BTreeMap;

use crate::access::Owners;
use crate::owner::Owner;

/// The places of sums, so that a row is shown to those alone that can count it.
#[derive(Debug, Default)]
pub(super) struct ByOwner {
    of_owners: BTreeMap<Owner, Vec<usize>>,
    /// Those that are limited to no owner.
    of_all: Vec<usize>,
}

impl ByOwner {
    /// Adds the place of a sum that is limited to these owners.
    pub(super) fn add(&mut self, owners: &Owners, place: usize) {
        match owners {
            Owners::All => self.of_all.push(place),
            Owners::Only(owners) => {
                for owner in owners {
                    self.of_owners.entry(owner.clone()).or_default().push(place);
                }
            }
        }
    }

    /// The places that may count a row of an owner.
    pub(super) fn of(&self, owner: &Owner) -> impl Iterator<Item = usize> + '_ {
        let of_owner = self.of_owners.get(owner);
        of_owner.into_iter().flatten().chain(&self.of_all).copied()
    }
}
