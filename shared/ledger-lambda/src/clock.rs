//! The time, read at the edge and handed inwards.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

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

/// The time that is left when a function begins nothing new: one call of an SDK, with its retries.
const MARGIN: SignedDuration = SignedDuration::from_secs(20);

/// One invocation of a function.
#[derive(Clone, Copy, Debug)]
pub struct Invocation<'a> {
    /// Its name.
    pub request_id: &'a str,
    /// When Lambda stops it.
    pub deadline: Timestamp,
}

impl Invocation<'_> {
    /// Whether there is time to begin something new.
    pub fn has_time(&self) -> bool {
        now() + MARGIN < self.deadline
    }
}

/// The instant of a deadline as the runtime gives it.
///
/// - **Unit:** milliseconds since 1970.
pub fn instant_of(deadline: u64) -> Timestamp {
    let millisecond = i64::try_from(deadline).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(millisecond).unwrap_or(Timestamp::MAX)
}
