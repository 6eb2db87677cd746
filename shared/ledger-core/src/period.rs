//! Days, months and the windows of budgets: half-open, UTC.

use std::fmt;

use jiff::civil::{Date, Weekday};
use jiff::{Span, ToSpan};

/// A half-open span of UTC days, `[start, end)`.
///
/// - **Invariant:** `start < end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChargePeriod {
    start: Date,
    end: Date,
}

impl ChargePeriod {
    /// Takes the first day and the day after the last.
    ///
    /// # Errors
    ///
    /// [`PeriodError::Empty`] when `end` is not after `start`.
    pub fn new(start: Date, end: Date) -> Result<ChargePeriod, PeriodError> {
        if start < end {
            Ok(ChargePeriod { start, end })
        } else {
            Err(PeriodError::Empty { start, end })
        }
    }

    /// The first day.
    pub fn start(self) -> Date {
        self.start
    }

    /// The day after the last.
    pub fn end(self) -> Date {
        self.end
    }

    /// Whether a day lies in it.
    pub fn contains(self, day: Date) -> bool {
        self.start <= day && day < self.end
    }

    /// The number of its days.
    pub fn day_count(self) -> i64 {
        let hours = self.end.duration_since(self.start).as_hours();
        hours / 24
    }

    /// Its days in order.
    pub fn days(self) -> impl Iterator<Item = Date> {
        self.start.series(1.day()).take_while(move |day| *day < self.end)
    }

    /// The span of the same length, or of the same calendar unit for whole months, before it.
    pub fn previous(self, window: Window) -> Option<ChargePeriod> {
        window.containing(self.start.yesterday().ok()?)
    }
}

impl fmt::Display for ChargePeriod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.start, self.end)
    }
}

/// The month that a bill is for.
///
/// - **Shape:** `2026-03`.
/// - **Source:** `bill_billing_period_start_date`; the folder `BILLING_PERIOD=2026-03`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BillingPeriod {
    first: Date,
}

impl BillingPeriod {
    /// The month a day lies in.
    pub fn containing(day: Date) -> BillingPeriod {
        BillingPeriod { first: day.first_of_month() }
    }

    /// Reads `2026-03`.
    ///
    /// # Errors
    ///
    /// [`PeriodError::NotAMonth`].
    pub fn parse(text: &str) -> Result<BillingPeriod, PeriodError> {
        let not_a_month = || PeriodError::NotAMonth(text.chars().take(40).collect());
        if text.len() != "2026-03".len() {
            return Err(not_a_month());
        }
        let first: Date = format!("{text}-01").parse().map_err(|_| not_a_month())?;
        Ok(BillingPeriod { first })
    }

    /// The first day of the month.
    pub fn first_day(self) -> Date {
        self.first
    }

    /// Its days. `None` only for the last month of the calendar, December 9999.
    pub fn charge_period(self) -> Option<ChargePeriod> {
        let end = self.first.checked_add(1.month()).ok()?;
        ChargePeriod::new(self.first, end).ok()
    }
}

impl fmt::Display for BillingPeriod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.first.year(), self.first.month())
    }
}

/// How long a budget counts before it starts again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Window {
    /// One UTC day.
    Daily,
    /// Monday to Sunday.
    Weekly,
    /// A calendar month.
    Monthly,
    /// January to March, and so on.
    Quarterly,
    /// A calendar year.
    Yearly,
    /// A fixed span of days.
    Once,
}

impl Window {
    /// All of them, shortest first.
    pub const ALL: [Window; 6] = [
        Window::Daily,
        Window::Weekly,
        Window::Monthly,
        Window::Quarterly,
        Window::Yearly,
        Window::Once,
    ];

    /// The word in a budget file.
    pub fn as_str(self) -> &'static str {
        match self {
            Window::Daily => "daily",
            Window::Weekly => "weekly",
            Window::Monthly => "monthly",
            Window::Quarterly => "quarterly",
            Window::Yearly => "yearly",
            Window::Once => "once",
        }
    }

    /// Reads the word of a budget file.
    pub fn parse(text: &str) -> Option<Window> {
        Window::ALL.into_iter().find(|window| window.as_str() == text)
    }

    /// The window of this length that holds a day. `None` at the end of the calendar, and for a fixed span,
    /// whose days are not known here.
    pub fn containing(self, day: Date) -> Option<ChargePeriod> {
        let (start, length): (Date, Span) = match self {
            Window::Daily => (day, 1.day()),
            Window::Weekly => {
                let since_monday = day.weekday().since(Weekday::Monday);
                (day.checked_sub(i64::from(since_monday).days()).ok()?, 7.days())
            }
            Window::Monthly => (day.first_of_month(), 1.month()),
            Window::Quarterly => {
                let into_quarter = (day.month() - 1) % 3;
                let month = day.first_of_month();
                (month.checked_sub(i64::from(into_quarter).months()).ok()?, 3.months())
            }
            Window::Yearly => (day.first_of_year(), 1.year()),
            Window::Once => return None,
        };
        ChargePeriod::new(start, start.checked_add(length).ok()?).ok()
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a period could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    /// The end is not after the start.
    #[error("`{start}..{end}` is empty; expected the end after the start, which it leaves out")]
    Empty {
        /// The first day.
        start: Date,
        /// The day after the last.
        end: Date,
    },
    /// The text is no month.
    #[error("`{0}` is not a month; expected the form `2026-03`")]
    NotAMonth(String),
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn windows_are_half_open_calendar_units() {
        for (window, day, expected) in [
            (Window::Daily, "2026-11-20", "2026-11-20..2026-11-21"),
            (Window::Weekly, "2026-11-20", "2026-11-16..2026-11-23"),
            (Window::Weekly, "2026-11-16", "2026-11-16..2026-11-23"),
            (Window::Weekly, "2026-11-15", "2026-11-09..2026-11-16"),
            (Window::Monthly, "2026-02-28", "2026-02-01..2026-03-01"),
            (Window::Monthly, "2026-12-31", "2026-12-01..2027-01-01"),
            (Window::Quarterly, "2026-11-20", "2026-10-01..2027-01-01"),
            (Window::Quarterly, "2026-03-31", "2026-01-01..2026-04-01"),
            (Window::Yearly, "2026-01-01", "2026-01-01..2027-01-01"),
        ] {
            assert_eq!(window.containing(date(day)).unwrap().to_string(), expected, "{window}");
        }
    }

    #[test]
    fn months_are_read_in_one_form() {
        assert_eq!(BillingPeriod::parse("2026-03").unwrap().to_string(), "2026-03");
        for text in ["2026-3", "2026-13", "202603", "2026-03-01", ""] {
            assert_eq!(
                BillingPeriod::parse(text).unwrap_err().to_string(),
                format!("`{text}` is not a month; expected the form `2026-03`")
            );
        }
    }

    #[test]
    fn an_empty_period_is_refused() {
        let day = date("2026-03-01");
        assert_eq!(
            ChargePeriod::new(day, day).unwrap_err().to_string(),
            "`2026-03-01..2026-03-01` is empty; expected the end after the start, which it leaves out"
        );
    }

    proptest! {
        #[test]
        fn each_day_lies_in_exactly_one_window(ordinal in 0..40_000_i64, which in 0..5_usize) {
            let day = date("1990-01-01").checked_add(ordinal.days()).unwrap();
            let window = Window::ALL[which];
            let period = window.containing(day).unwrap();
            prop_assert!(period.contains(day));
            prop_assert_eq!(window.containing(period.start()), Some(period));
            let next = window.containing(period.end()).unwrap();
            prop_assert_eq!(next.start(), period.end());
            prop_assert_eq!(next.previous(window), Some(period));
        }
    }
}
