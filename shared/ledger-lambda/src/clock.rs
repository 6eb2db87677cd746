//! The time, read at the edge and handed inwards.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// The time now.
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// The current UTC day, as all periods are.
pub fn today() -> Date {
    utc_day(now())
}

/// The UTC day of an instant.
pub fn utc_day(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}
