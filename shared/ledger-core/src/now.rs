//! The time of one use case.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// An instant and its UTC day, made from one timestamp so that the two cannot disagree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    at: Timestamp,
    today: Date,
}

impl Now {
    /// The time at an instant.
    pub fn new(at: Timestamp) -> Now {
        Now { at, today: at.to_zoned(TimeZone::UTC).date() }
    }

    /// The instant.
    pub fn at(self) -> Timestamp {
        self.at
    }

    /// The UTC day of the instant.
    pub fn today(self) -> Date {
        self.today
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_at_midnight_utc() {
        for (at, today) in [
            ("2026-11-05T23:59:59.999Z", "2026-11-05"),
            ("2026-11-06T00:00:00Z", "2026-11-06"),
            ("2026-11-06T00:30:00+01:00", "2026-11-05"),
        ] {
            assert_eq!(Now::new(at.parse().unwrap()).today().to_string(), today, "{at}");
        }
    }
}
