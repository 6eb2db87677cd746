//! The days on which a rule counts.

use std::fmt;

use jiff::civil::Date;

/// A half-open span of days; a side that is not given is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Validity {
    from: Option<Date>,
    to: Option<Date>,
}

impl Validity {
    /// The days from the first to before the last.
    ///
    /// # Errors
    ///
    /// [`ValidityError`] for a span without a day.
    pub fn new(from: Option<Date>, to: Option<Date>) -> Result<Validity, ValidityError> {
        match (from, to) {
            (Some(from), Some(to)) if to <= from => Err(ValidityError { from, to }),
            _ => Ok(Validity { from, to }),
        }
    }

    /// Whether a day is in it.
    pub fn contains(self, day: Date) -> bool {
        self.from.is_none_or(|from| from <= day) && !self.has_ended_by(day)
    }

    /// Whether no day from this one on is in it.
    pub fn has_ended_by(self, day: Date) -> bool {
        self.to.is_some_and(|to| to <= day)
    }

    /// Whether all days of another are in it.
    pub(super) fn covers(self, other: Validity) -> bool {
        let from = self.from.is_none_or(|mine| other.from.is_some_and(|theirs| mine <= theirs));
        from && self.to.is_none_or(|mine| other.to.is_some_and(|theirs| theirs <= mine))
    }

    /// The days on which it begins and has ended.
    pub(super) fn turns(self) -> impl Iterator<Item = Date> {
        self.from.into_iter().chain(self.to)
    }
}

impl fmt::Display for Validity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.from, self.to) {
            (Some(from), Some(to)) => write!(f, "from {from} to before {to}"),
            (Some(from), None) => write!(f, "from {from}"),
            (None, Some(to)) => write!(f, "before {to}"),
            (None, None) => f.write_str("on all days"),
        }
    }
}

/// A span without a day.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`valid_to` is {to}, and `valid_from` is {from}: no day is in between; expected a later day, the \
     first on which the rule no longer counts"
)]
pub struct ValidityError {
    from: Date,
    to: Date,
}
