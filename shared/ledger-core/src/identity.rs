//! Identities: who called, as far as the text of a caller tells.

/// The caller of a charge, as far as its text tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Identity<'a> {
    /// A person, by name or address.
    Person,
    /// The owner of a whole account, whose password or key says nothing about who used it.
    Root,
    /// A user with a key of its own. Whether a person or a program holds the key is not on the bill.
    Key,
    /// A role, and the name of its session where a person or program chose it.
    Role {
        /// The session; none for one that a machine named anew for each run.
        session: Option<&'a str>,
    },
    /// A text of a form that is not known.
    Unreadable,
}
