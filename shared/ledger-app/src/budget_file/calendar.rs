//! Windows of a budget file, and the fiscal calendar that they follow.

use jiff::civil::Weekday;
use ledger_core::budget::{Calendar, Fiscal, Weeks, Zone};
use ledger_core::period::{ChargePeriod, Window};
use serde::Deserialize;

use crate::file_text::day_of;

/// The names of the days of a week.
const WEEKDAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

/// `[fiscal]`: the calendar of all budgets of the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FiscalEntry {
    first_month: Option<i64>,
    weeks: Option<String>,
    week_start: Option<String>,
    time_zone: Option<String>,
}

impl FiscalEntry {
    /// The time zone of budgets that name none.
    pub(super) fn zone(&self) -> Result<Zone, String> {
        let zone = self.time_zone.as_deref().map_or(Ok(Zone::UTC), zone_of);
        zone.map_err(|err| format!("fiscal: {err}"))
    }

    pub(super) fn fiscal(&self) -> Result<Fiscal, String> {
        let mut fiscal = Fiscal::CALENDAR;
        if let Some(month) = self.first_month {
            let known = i8::try_from(month).ok().filter(|it| (1..=12).contains(it));
            fiscal.first_month = known.ok_or_else(|| {
                format!("fiscal: `first_month` is `{month}`; expected a month from 1 to 12")
            })?;
        }
        if let Some(text) = &self.weeks {
            let weeks = Weeks::parse(text).ok_or_else(|| {
                format!("fiscal: `weeks` is `{text}`; expected `4-4-5`, `4-5-4` or `5-4-4`")
            })?;
            fiscal.weeks = Some(weeks);
        }
        if let Some(text) = &self.week_start {
            let known = WEEKDAYS.iter().find(|(word, _)| word == text);
            let (_, weekday) = known.ok_or_else(|| {
                format!(
                    "fiscal: `week_start` is `{text}`; expected a day from `monday` to `sunday`"
                )
            })?;
            fiscal.week_start = *weekday;
        }
        Ok(fiscal)
    }
}

/// A time zone by its name.
pub(super) fn zone_of(name: &str) -> Result<Zone, String> {
    Zone::parse(name).ok_or_else(|| {
        format!(
            "`time_zone` is `{name}`; expected a name of the IANA time zone database, such as \
             `Pacific/Auckland` or `UTC`"
        )
    })
}

/// The windows by their word; `from` and `to` are the days of a fixed span.
pub(super) fn calendar_of(
    word: &str,
    (from, to): (Option<&str>, Option<&str>),
    fiscal: Fiscal,
    zone: &Zone,
) -> Result<Calendar, String> {
    let window = Window::parse(word).ok_or_else(|| {
        format!(
            "`window` is `{word}`; expected daily, weekly, monthly, quarterly, yearly, or once with \
             `from` and `to`"
        )
    })?;
    match (window, from, to) {
        (Window::Once, Some(from), Some(to)) => {
            let of_bill = |day| zone.first_day(day);
            let (from, to) = (day_of("from", from).map(of_bill)?, day_of("to", to).map(of_bill)?);
            let period = ChargePeriod::new(from, to).map_err(|err| format!("`to`: {err}"))?;
            Ok(Calendar::Once(period))
        }
        (Window::Once, ..) => {
            Err("`window` is `once`; expected `from`, and `to` as the day after \
                                   the last"
                .to_owned())
        }
        (_, None, None) => Ok(Calendar::Repeating { window, fiscal, zone: zone.clone() }),
        _ => Err(format!(
            "`from` and `to` are for `window = \"once\"`, and this one is {window}; `starts` is the \
             first day that counts"
        )),
    }
}
