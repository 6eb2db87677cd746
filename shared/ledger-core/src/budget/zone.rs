//! Time zones that windows of budgets begin in.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

/// A time zone whose days a budget's windows begin with.
///
/// Bills have cost by UTC day, so a local day is the UTC days from the midnight of UTC that is nearest to its
/// own first moment; of two as near, the earlier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// UTC itself, whose days are those of the ledger.
    pub const UTC: Zone = Zone(TimeZone::UTC);

    /// Reads a name of the IANA time zone database, such as `Pacific/Auckland`.
    pub fn parse(name: &str) -> Option<Zone> {
        let is_utc = matches!(name, "UTC" | "Etc/UTC");
        let known = || TimeZone::get(name).ok().filter(|it| !it.is_unknown());
        if is_utc { Some(Zone::UTC) } else { known().map(Zone) }
    }

    /// Its name in the database.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The first UTC day of a local day; the same day beyond the calendar.
    pub fn first_day(&self, local: Date) -> Date {
        if *self == Zone::UTC {
            return local;
        }
        let first = local.to_zoned(self.0.clone()).map(|it| it.timestamp());
        first.ok().and_then(nearest_midnight).unwrap_or(local)
    }

    /// The local day that a UTC day belongs to.
    pub fn local_day(&self, day: Date) -> Date {
        // No local day begins further away: clocks differ from UTC by 14 hours at most.
        let near = [day.tomorrow(), Ok(day), day.yesterday()];
        let near = near.into_iter().filter_map(Result::ok);
        near.into_iter().find(|it| self.first_day(*it) <= day).unwrap_or(day)
    }
}

/// The midnight of UTC that is nearest, the earlier of two.
fn nearest_midnight(at: Timestamp) -> Option<Date> {
    let later = at.checked_add(12.hours()).ok()?.checked_sub(1.nanosecond()).ok()?;
    Some(later.to_zoned(TimeZone::UTC).date())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::*;

    fn zone(name: &str) -> Zone {
        Zone::parse(name).unwrap()
    }

    #[test]
    fn a_local_day_begins_with_the_nearest_day_of_the_bill() {
        for (name, local, expected) in [
            ("UTC", "2026-03-01", "2026-03-01"),
            // Five hours late in winter, four in summer.
            ("America/New_York", "2026-03-01", "2026-03-01"),
            ("America/New_York", "2026-04-01", "2026-04-01"),
            ("Asia/Kolkata", "2026-03-01", "2026-03-01"),
            ("Australia/Sydney", "2026-03-01", "2026-03-01"),
            // 13 hours early in summer, 12 in winter: as near to either midnight.
            ("Pacific/Auckland", "2026-03-01", "2026-02-28"),
            ("Pacific/Auckland", "2026-07-01", "2026-06-30"),
            ("Pacific/Kiritimati", "2028-03-01", "2028-02-29"),
            // 12 hours early in summer, 11 in winter.
            ("Pacific/Norfolk", "2026-03-01", "2026-02-28"),
            ("Pacific/Norfolk", "2026-07-01", "2026-07-01"),
            ("Etc/GMT+12", "2026-03-01", "2026-03-01"),
            // Clocks go forward at midnight: the day begins at one o'clock.
            ("Africa/Cairo", "2026-04-24", "2026-04-24"),
        ] {
            let zone = zone(name);
            assert_eq!(zone.first_day(date(local)), date(expected), "{name} {local}");
            assert_eq!(zone.local_day(date(expected)), date(local), "{name} {expected}");
            assert_eq!(zone.name(), name);
        }
        for unknown in ["", "Mars/Olympus", "+02:00", "CEST", "Etc/Unknown"] {
            assert_eq!(Zone::parse(unknown), None, "{unknown}");
        }
    }

    /// Norfolk Island goes from 11 hours to 12 on 4 October 2026 and back on 5 April: a day of the bill moves
    /// from one local day to another, and is in one of them.
    #[test]
    fn where_clocks_change_no_day_is_lost_or_counted_twice() {
        let norfolk = zone("Pacific/Norfolk");
        let local = |day: &str| norfolk.local_day(date(day)).to_string();
        assert_eq!(local("2026-10-03"), "2026-10-03");
        assert_eq!(local("2026-10-04"), "2026-10-05");
        assert_eq!(local("2026-04-03"), "2026-04-04");
        assert_eq!(local("2026-04-04"), "2026-04-05");
        assert_eq!(local("2026-04-05"), "2026-04-05");
        assert_eq!(local("2026-04-06"), "2026-04-06");
    }

    proptest! {
        #[test]
        fn local_days_follow_each_other_and_begin_within_half_a_day(
            ordinal in 0..15_000_i64,
            name in prop::sample::select(vec![
                "UTC", "Europe/Berlin", "America/Los_Angeles", "Pacific/Auckland", "Pacific/Chatham",
                "Pacific/Norfolk", "Pacific/Pago_Pago", "Pacific/Kiritimati", "Asia/Kathmandu",
                "Africa/Cairo", "America/St_Johns", "Australia/Lord_Howe",
            ]),
        ) {
            let zone = zone(name);
            let day = date("1996-02-20").checked_add(ordinal.days()).unwrap();
            let (local, next) = (zone.local_day(day), zone.local_day(day.tomorrow().unwrap()));
            prop_assert!(local <= next && next <= local.saturating_add(2.days()));
            // A reference that looks at hours.
            let first = zone.first_day(day);
            let begins = day.to_zoned(zone.0.clone()).unwrap().timestamp();
            let midnight = first.to_zoned(TimeZone::UTC).unwrap().timestamp();
            let hours = begins.duration_since(midnight).as_secs();
            prop_assert!((-12 * 3600 < hours) && hours <= 12 * 3600, "{} {} {}", name, day, hours);
        }
    }
}
