//! The days on which a cost centre or an account can be posted to.

use std::fmt;

use jiff::civil::Date;

/// Days from the first to the last, both included; an end that is absent is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Validity {
    /// The first day.
    pub from: Option<Date>,
    /// The last day.
    pub to: Option<Date>,
}

impl Validity {
    /// Whether a day lies in it.
    #[must_use]
    pub fn contains(self, day: Date) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }

    /// Whether a day lies in both.
    #[must_use]
    pub fn overlaps(self, other: Validity) -> bool {
        let begins = self.from.max(other.from);
        let ends = [self.to, other.to].into_iter().flatten().min();
        begins.is_none_or(|from| ends.is_none_or(|to| from <= to))
    }
}

impl fmt::Display for Validity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.from, self.to) {
            (None, None) => f.write_str("always"),
            (Some(from), None) => write!(f, "from {from}"),
            (None, Some(to)) => write!(f, "to {to}"),
            (Some(from), Some(to)) => write!(f, "from {from} to {to}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::date;

    fn days(from: Option<&str>, to: Option<&str>) -> Validity {
        Validity { from: from.map(date), to: to.map(date) }
    }

    #[test]
    fn both_ends_are_included() {
        let year = days(Some("2026-01-01"), Some("2026-12-31"));
        for (day, expected) in [
            ("2025-12-31", false),
            ("2026-01-01", true),
            ("2026-12-31", true),
            ("2027-01-01", false),
        ] {
            assert_eq!(year.contains(date(day)), expected, "{day}");
        }
        assert!(days(None, None).contains(date("2026-01-01")));
    }

    #[test]
    fn two_overlap_where_one_day_lies_in_both() {
        let year = days(Some("2026-01-01"), Some("2026-12-31"));
        for (other, expected) in [
            (days(None, None), true),
            (days(Some("2026-12-31"), None), true),
            (days(Some("2027-01-01"), None), false),
            (days(None, Some("2026-01-01")), true),
            (days(None, Some("2025-12-31")), false),
        ] {
            assert_eq!(year.overlaps(other), expected, "{other}");
            assert_eq!(other.overlaps(year), expected, "{other}");
        }
    }
}
