//! Whose money a caller may see.

use std::collections::BTreeSet;

use crate::dimension::Scope;
use crate::owner::Owner;

/// Owners that something is limited to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owners {
    /// No limit.
    All,
    /// These alone.
    Only(BTreeSet<Owner>),
}

impl Owners {
    /// One owner alone.
    pub fn one(owner: Owner) -> Owners {
        Owners::Only(BTreeSet::from([owner]))
    }

    /// The owners that a scope is limited to.
    pub fn of_scope(scope: &Scope) -> Owners {
        match scope.owners() {
            Some(names) => Owners::Only(names.iter().map(|name| Owner::parse(name)).collect()),
            None => Owners::All,
        }
    }

    /// Whether an owner is among them.
    pub fn contains(&self, owner: &Owner) -> bool {
        match self {
            Owners::All => true,
            Owners::Only(owners) => owners.contains(owner),
        }
    }

    /// The owners of both together.
    #[must_use]
    pub fn union(self, other: Owners) -> Owners {
        match (self, other) {
            (Owners::Only(mut owners), Owners::Only(more)) => {
                owners.extend(more);
                Owners::Only(owners)
            }
            _ => Owners::All,
        }
    }

    /// The owners that both have.
    #[must_use]
    pub fn intersection(self, other: &Owners) -> Owners {
        match (self, other) {
            (owners, Owners::All) => owners,
            (Owners::All, owners) => owners.clone(),
            (Owners::Only(owners), Owners::Only(others)) => {
                Owners::Only(owners.intersection(others).cloned().collect())
            }
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        matches!(self, Owners::Only(owners) if owners.is_empty())
    }
}

/// Whose money a caller may see: a limit on every question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access(Owners);

impl Access {
    /// No limit.
    pub fn everything() -> Access {
        Access(Owners::All)
    }

    /// The money of these owners alone.
    pub fn to_owners(owners: impl IntoIterator<Item = Owner>) -> Access {
        Access(Owners::Only(owners.into_iter().collect()))
    }

    /// Whether whole bills may be seen: totals of days, and charges that are not for AI.
    pub fn is_everything(&self) -> bool {
        self.0 == Owners::All
    }

    /// The part of `owners` that may be seen.
    pub fn narrow(&self, owners: Owners) -> Owners {
        owners.intersection(&self.0)
    }

    /// Whether everything that a scope counts may be seen.
    pub fn covers(&self, scope: &Scope) -> bool {
        match (&self.0, Owners::of_scope(scope)) {
            (Owners::All, _) => true,
            (Owners::Only(_), Owners::All) => false,
            (Owners::Only(seen), Owners::Only(counted)) => counted.is_subset(seen),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dimension::Dimension;

    fn only(names: &[&str]) -> Owners {
        Owners::Only(names.iter().map(|it| Owner::parse(it)).collect())
    }

    #[test]
    fn a_limit_takes_from_what_is_wanted_and_never_adds() {
        let access = Access::to_owners([Owner::parse("a"), Owner::parse("b")]);
        for (wanted, expected) in [
            (Owners::All, only(&["a", "b"])),
            (only(&["b", "c"]), only(&["b"])),
            (only(&["c"]), only(&[])),
        ] {
            assert_eq!(access.narrow(wanted.clone()), expected);
            assert_eq!(Access::everything().narrow(wanted.clone()), wanted);
        }
        assert!(access.narrow(only(&["c"])).is_empty());
    }

    #[test]
    fn a_union_with_no_limit_has_none() {
        assert_eq!(only(&["a"]).union(only(&["b"])), only(&["a", "b"]));
        assert_eq!(only(&["a"]).union(Owners::All), Owners::All);
    }

    #[test]
    fn a_scope_is_covered_when_each_of_its_owners_is() {
        let scope = |owners: &[&str]| {
            let names: Vec<String> = owners.iter().map(|it| (*it).to_owned()).collect();
            Scope(std::iter::once((Dimension::Owner, names)).collect())
        };
        let access = Access::to_owners([Owner::parse("a"), Owner::parse("b")]);
        assert!(access.covers(&scope(&["a"])) && access.covers(&scope(&["a", "b"])));
        assert!(!access.covers(&scope(&["a", "c"])) && !access.covers(&Scope::default()));
        assert!(Access::everything().covers(&Scope::default()));
    }
}
