//! Business days after the end of a month.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

use crate::organisation::Entity;
use crate::period::BillingPeriod;

/// The first day after a month.
#[must_use]
pub fn month_end(month: BillingPeriod) -> Date {
    month.charge_period().map_or(Date::MAX, |it| it.end())
}

/// The number of business days since a month ended, that of `at` included, in an entity's calendar: Monday to
/// Friday but for its holidays. 0 while the month runs, or before its first business day.
#[must_use]
pub fn business_day(month: BillingPeriod, entity: &Entity, at: Timestamp) -> usize {
    let zone = entity.time_zone.as_deref().and_then(|it| TimeZone::get(it).ok());
    let today = at.to_zoned(zone.unwrap_or(TimeZone::UTC)).date();
    let mut count = 0;
    let mut day = month_end(month);
    while day <= today && count < usize::from(u16::MAX) {
        count += usize::from(is_business_day(day, &entity.holidays));
        match day.tomorrow() {
            Ok(next) => day = next,
            Err(_) => break,
        }
    }
    count
}

fn is_business_day(day: Date, holidays: &BTreeSet<Date>) -> bool {
    !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) && !holidays.contains(&day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::organisation::Code;
    use crate::testing::date;

    #[test]
    fn business_days_are_those_of_the_entity() {
        let entity = |zone: Option<&str>| Entity {
            holidays: BTreeSet::from([date("2026-11-03")]),
            time_zone: zone.map(Into::into),
            ..Entity::named(Code::parse("1000").unwrap(), "Contoso".into())
        };
        let month = BillingPeriod::parse("2026-10").unwrap();
        // 1 November 2026 is a Sunday.
        for (at, zone, expected) in [
            ("2026-10-30T12:00:00Z", None, 0),
            ("2026-11-01T12:00:00Z", None, 0),
            ("2026-11-02T00:00:00Z", None, 1),
            ("2026-11-02T00:00:00Z", Some("America/New_York"), 0),
            ("2026-11-03T12:00:00Z", None, 1),
            ("2026-11-04T12:00:00Z", None, 2),
            ("2026-11-09T12:00:00Z", None, 5),
        ] {
            let found = business_day(month, &entity(zone), at.parse().unwrap());
            assert_eq!(found, expected, "{at} {zone:?}");
        }
    }
}
