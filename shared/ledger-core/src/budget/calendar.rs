//! How often a budget starts again, and the fiscal calendar that its months, quarters and years follow.

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};

use super::zone::Zone;
use crate::period::{BillingPeriod, ChargePeriod, Window};

/// How long after its last day a fixed span is still judged: bills are late and restated.
const LATE_DAYS: i64 = 35;

/// Days from the day that a year of weeks begins at the latest before or after the first of its month.
const NEAREST_DAYS: i64 = 3;

/// The weeks of the three periods of a quarter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weeks {
    /// 4-4-5.
    FourFourFive,
    /// 4-5-4.
    FourFiveFour,
    /// 5-4-4.
    FiveFourFour,
}

impl Weeks {
    const ALL: [(Weeks, &'static str, [i64; 3]); 3] = [
        (Weeks::FourFourFive, "4-4-5", [4, 4, 5]),
        (Weeks::FourFiveFour, "4-5-4", [4, 5, 4]),
        (Weeks::FiveFourFour, "5-4-4", [5, 4, 4]),
    ];

    /// Reads `4-4-5`, `4-5-4` or `5-4-4`.
    pub fn parse(text: &str) -> Option<Weeks> {
        Weeks::ALL.iter().find(|(_, word, _)| *word == text).map(|(it, ..)| *it)
    }

    /// The form that is read.
    pub fn as_str(self) -> &'static str {
        Weeks::ALL.iter().find(|(it, ..)| *it == self).map_or("", |(_, word, _)| word)
    }

    fn of_quarter(self) -> [i64; 3] {
        Weeks::ALL.iter().find(|(it, ..)| *it == self).map_or([4, 4, 5], |(.., weeks)| *weeks)
    }
}

/// The fiscal calendar of an organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fiscal {
    /// The month that a fiscal year begins with, from 1 to 12.
    pub first_month: i8,
    /// Weeks of the periods of each quarter; months of the calendar without.
    ///
    /// A year of weeks begins on the first day of the week that is nearest to the first of its month, so it
    /// has 52 or 53 weeks. A 53rd belongs to the last period.
    pub weeks: Option<Weeks>,
    /// The first day of a week.
    pub week_start: Weekday,
}

impl Fiscal {
    /// The calendar itself: years from January, weeks from Monday.
    pub const CALENDAR: Fiscal =
        Fiscal { first_month: 1, weeks: None, week_start: Weekday::Monday };

    fn containing(self, window: Window, day: Date) -> Option<ChargePeriod> {
        match window {
            Window::Once => None,
            Window::Daily => window.containing(day),
            Window::Weekly => {
                let since = i64::from(day.weekday().since(self.week_start));
                let start = day.checked_sub(since.days()).ok()?;
                ChargePeriod::new(start, start.checked_add(7.days()).ok()?).ok()
            }
            Window::Monthly | Window::Quarterly | Window::Yearly => match self.weeks {
                Some(weeks) => self.weeks_containing(weeks, window, day),
                None => self.months_containing(window, day),
            },
        }
    }

    fn months_containing(self, window: Window, day: Date) -> Option<ChargePeriod> {
        let length = match window {
            Window::Yearly => 12,
            Window::Quarterly => 3,
            _ => 1,
        };
        let into = (i64::from(day.month()) - i64::from(self.first_month)).rem_euclid(length);
        let start = day.first_of_month().checked_sub(into.months()).ok()?;
        ChargePeriod::new(start, start.checked_add(length.months()).ok()?).ok()
    }

    /// The first day of the year of weeks that begins nearest to the first of its month in a year.
    fn first_day(self, year: i16) -> Option<Date> {
        let first = Date::new(year, self.first_month, 1).ok()?;
        let earliest = first.checked_sub(NEAREST_DAYS.days()).ok()?;
        let until = i64::from(earliest.weekday().until(self.week_start));
        earliest.checked_add(until.days()).ok()
    }

    fn weeks_containing(self, weeks: Weeks, window: Window, day: Date) -> Option<ChargePeriod> {
        let years = [day.year().checked_add(1)?, day.year(), day.year().checked_sub(1)?];
        let year = years.into_iter().find(|it| self.first_day(*it).is_some_and(|it| it <= day))?;
        let (mut start, end) = (self.first_day(year)?, self.first_day(year.checked_add(1)?)?);
        if window == Window::Yearly {
            return ChargePeriod::new(start, end).ok();
        }
        let lengths: Vec<i64> = match window {
            Window::Quarterly => vec![13; 4],
            _ => [weeks.of_quarter(); 4].concat(),
        };
        for (at, length) in lengths.iter().enumerate() {
            let is_last = at + 1 == lengths.len();
            let next = if is_last { end } else { start.checked_add(length.weeks()).ok()? };
            if day < next {
                return ChargePeriod::new(start, next).ok();
            }
            start = next;
        }
        None
    }
}

/// The windows of a budget, in UTC days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Calendar {
    /// One after the other.
    Repeating {
        /// How long each is.
        window: Window,
        /// The calendar that they follow.
        fiscal: Fiscal,
        /// Where their days begin.
        zone: Zone,
    },
    /// One span of days.
    Once(ChargePeriod),
}

/// The windows of the calendar itself.
impl From<Window> for Calendar {
    fn from(window: Window) -> Calendar {
        Calendar::Repeating { window, fiscal: Fiscal::CALENDAR, zone: Zone::UTC }
    }
}

impl Calendar {
    /// How long each window is.
    pub fn window(&self) -> Window {
        match self {
            Calendar::Repeating { window, .. } => *window,
            Calendar::Once(_) => Window::Once,
        }
    }

    /// The time zone that windows begin in, where it is not UTC.
    pub fn zone(&self) -> Option<&Zone> {
        match self {
            Calendar::Repeating { zone, .. } => Some(zone).filter(|it| **it != Zone::UTC),
            Calendar::Once(_) => None,
        }
    }

    /// The window that holds a day, if there is one.
    pub fn containing(&self, day: Date) -> Option<ChargePeriod> {
        match self {
            Calendar::Repeating { window, fiscal, zone } if *zone == Zone::UTC => {
                fiscal.containing(*window, day)
            }
            Calendar::Repeating { window, fiscal, zone } => {
                let local = fiscal.containing(*window, zone.local_day(day))?;
                let (start, end) = (zone.first_day(local.start()), zone.first_day(local.end()));
                ChargePeriod::new(start, end).ok()
            }
            Calendar::Once(period) => period.contains(day).then_some(*period),
        }
    }

    /// The window that is judged on a day: the one that holds it, or a fixed span that has just ended.
    pub fn running(&self, today: Date) -> Option<ChargePeriod> {
        let is_late = |period: ChargePeriod| {
            let last = period.end().saturating_add(LATE_DAYS.days());
            period.end() <= today && today < last
        };
        match self {
            Calendar::Once(period) if is_late(*period) => Some(*period),
            _ => self.containing(today),
        }
    }

    /// The window before another.
    pub fn previous(&self, period: ChargePeriod) -> Option<ChargePeriod> {
        match self {
            Calendar::Repeating { .. } => self.containing(period.start().yesterday().ok()?),
            Calendar::Once(_) => None,
        }
    }

    /// The day of a window's own calendar that a UTC day belongs to.
    pub fn local_day(&self, day: Date) -> Date {
        self.zone().map_or(day, |it| it.local_day(day))
    }

    /// The month that a window begins in.
    pub fn month_of(&self, window: ChargePeriod) -> BillingPeriod {
        BillingPeriod::containing(self.local_day(window.start()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::*;

    fn period_of(fiscal: Fiscal, window: Window, day: &str) -> String {
        fiscal.containing(window, date(day)).unwrap().to_string()
    }

    #[test]
    fn months_follow_the_first_month_of_the_fiscal_year() {
        let april = Fiscal { first_month: 4, ..Fiscal::CALENDAR };
        for (window, day, expected) in [
            (Window::Monthly, "2028-02-29", "2028-02-01..2028-03-01"),
            (Window::Quarterly, "2026-03-31", "2026-01-01..2026-04-01"),
            (Window::Quarterly, "2026-06-30", "2026-04-01..2026-07-01"),
            (Window::Yearly, "2026-03-31", "2025-04-01..2026-04-01"),
            (Window::Yearly, "2026-04-01", "2026-04-01..2027-04-01"),
        ] {
            assert_eq!(period_of(april, window, day), expected, "{window} {day}");
        }
        let february = Fiscal { first_month: 2, ..Fiscal::CALENDAR };
        let expected = "2026-11-01..2027-02-01";
        assert_eq!(period_of(february, Window::Quarterly, "2027-01-31"), expected);
    }

    /// The calendar of the National Retail Federation: years that begin on the Sunday nearest to the first of
    /// February, 53 weeks in the one that began in January 2023.
    #[test]
    fn years_of_weeks_are_those_of_the_retail_calendar() {
        let retail = Fiscal {
            first_month: 2,
            weeks: Some(Weeks::FourFiveFour),
            week_start: Weekday::Sunday,
        };
        for (window, day, expected) in [
            (Window::Yearly, "2023-06-01", "2023-01-29..2024-02-04"),
            (Window::Yearly, "2024-02-04", "2024-02-04..2025-02-02"),
            (Window::Yearly, "2026-01-31", "2025-02-02..2026-02-01"),
            (Window::Monthly, "2024-02-04", "2024-02-04..2024-03-03"),
            (Window::Monthly, "2024-03-03", "2024-03-03..2024-04-07"),
            // The 53rd week.
            (Window::Monthly, "2024-02-03", "2023-12-31..2024-02-04"),
            (Window::Quarterly, "2024-02-03", "2023-10-29..2024-02-04"),
            (Window::Weekly, "2026-11-28", "2026-11-22..2026-11-29"),
        ] {
            assert_eq!(period_of(retail, window, day), expected, "{window} {day}");
        }
    }

    #[test]
    fn a_fixed_span_is_judged_until_its_bills_are_late() {
        let once = Calendar::Once(span("2026-10-01", "2026-11-01"));
        let judged = |day| once.running(date(day)).is_some();
        assert!(!judged("2026-09-30"));
        assert!(judged("2026-10-01") && judged("2026-11-01") && judged("2026-12-05"));
        assert!(!judged("2026-12-06"));
        assert_eq!(once.previous(span("2026-10-01", "2026-11-01")), None);
    }

    /// A month of New Zealand begins with the day of the bill that has most of its first day; its clocks go
    /// back on 5 April 2026 and forward on 27 September.
    #[test]
    fn windows_of_a_time_zone_are_whole_days_of_the_bill() {
        let of = |window, zone: &str, day| {
            let zone = Zone::parse(zone).unwrap();
            let calendar = Calendar::Repeating { window, fiscal: Fiscal::CALENDAR, zone };
            let period = calendar.containing(date(day)).unwrap();
            format!("{period} {}", calendar.month_of(period))
        };
        let auckland = |window, day| of(window, "Pacific/Auckland", day);
        assert_eq!(auckland(Window::Monthly, "2026-03-31"), "2026-03-31..2026-04-30 2026-04");
        assert_eq!(auckland(Window::Monthly, "2028-02-28"), "2028-01-31..2028-02-29 2028-02");
        assert_eq!(auckland(Window::Yearly, "2026-12-31"), "2026-12-31..2027-12-31 2027-01");
        assert_eq!(auckland(Window::Daily, "2026-04-04"), "2026-04-04..2026-04-05 2026-04");
        assert_eq!(auckland(Window::Weekly, "2026-09-26"), "2026-09-20..2026-09-27 2026-09");
        // Clocks of Norfolk Island go from 11 hours before UTC to 12 on 4 October 2026.
        let norfolk = |window, day| of(window, "Pacific/Norfolk", day);
        assert_eq!(norfolk(Window::Monthly, "2026-10-03"), "2026-10-01..2026-10-31 2026-10");
        assert_eq!(norfolk(Window::Monthly, "2026-10-31"), "2026-10-31..2026-11-30 2026-11");
        assert_eq!(norfolk(Window::Daily, "2026-04-04"), "2026-04-04..2026-04-06 2026-04");
        let new_york = of(Window::Quarterly, "America/New_York", "2026-03-31");
        assert_eq!(new_york, "2026-01-01..2026-04-01 2026-01");
    }

    fn fiscal() -> impl Strategy<Value = Fiscal> {
        let weeks = prop::option::of(prop::sample::select(
            Weeks::ALL.iter().map(|(it, ..)| *it).collect::<Vec<_>>(),
        ));
        let week_start = prop::sample::select(vec![
            Weekday::Monday,
            Weekday::Wednesday,
            Weekday::Saturday,
            Weekday::Sunday,
        ]);
        (1..=12_i8, weeks, week_start).prop_map(|(first_month, weeks, week_start)| Fiscal {
            first_month,
            weeks,
            week_start,
        })
    }

    proptest! {
        #[test]
        fn each_day_lies_in_exactly_one_window(
            fiscal in fiscal(),
            ordinal in 0..30_000_i64,
            window in prop::sample::select(vec![
                Window::Daily, Window::Weekly, Window::Monthly, Window::Quarterly, Window::Yearly,
            ]),
            zone in prop::sample::select(vec![
                "UTC", "America/New_York", "Pacific/Auckland", "Pacific/Norfolk", "Pacific/Kiritimati",
            ]),
        ) {
            let zone = Zone::parse(zone).unwrap();
            let calendar = Calendar::Repeating { window, fiscal, zone };
            let day = date("1996-02-20").checked_add(ordinal.days()).unwrap();
            let period = calendar.containing(day).unwrap();
            prop_assert!(period.contains(day));
            let last = period.end().yesterday().unwrap();
            prop_assert_eq!(calendar.containing(period.start()), Some(period));
            prop_assert_eq!(calendar.containing(last), Some(period));
            let next = calendar.containing(period.end()).unwrap();
            prop_assert_eq!(next.start(), period.end());
            prop_assert_eq!(calendar.previous(next), Some(period));
        }

        #[test]
        fn the_plain_calendar_is_that_of_windows(ordinal in 0..30_000_i64, at in 0..5_usize) {
            let window = Window::ALL[at];
            let day = date("1996-02-20").checked_add(ordinal.days()).unwrap();
            prop_assert_eq!(Calendar::from(window).containing(day), window.containing(day));
        }
    }
}
