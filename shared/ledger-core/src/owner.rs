//! Owners of charges.

use std::fmt;
use std::sync::Arc;

/// The team that pays for a charge.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// The owner that a rule names.
    Named(Arc<str>),
    /// The owner of charges that no rule claims. It is shown like any owner and sorts last.
    Unattributed,
}

/// How [`Owner::Unattributed`] is written everywhere.
pub const UNATTRIBUTED: &str = "Unattributed";

impl Owner {
    /// Reads a name as [`Owner::as_str`] writes it.
    pub fn parse(text: &str) -> Owner {
        if text == UNATTRIBUTED { Owner::Unattributed } else { Owner::Named(text.into()) }
    }

    /// As [`Owner::parse`], without a copy of the name.
    pub fn of(name: Arc<str>) -> Owner {
        if *name == *UNATTRIBUTED { Owner::Unattributed } else { Owner::Named(name) }
    }

    /// The name, or `Unattributed`.
    pub fn as_str(&self) -> &str {
        match self {
            Owner::Named(name) => name,
            Owner::Unattributed => UNATTRIBUTED,
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
