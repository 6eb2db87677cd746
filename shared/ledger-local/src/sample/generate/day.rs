//! One day of the sample: its use depends on the day of the week and on growth.

use std::rc::Rc;

use fastrand::Rng;
use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};

use super::random::{day_number, mix, noisy};
use super::{Calendar, blank};
use crate::sample::callers::Rhythm;
use crate::sample::line::{BillingPeriod, Line};

/// The number of last days on which the research agent runs away.
const RUNAWAY_DAYS: i64 = 4;
/// Growth of use, in thousandths a day: a sixth over the ninety days.
const GROWTH_PER_DAY: i64 = 2;

/// One day of the calendar.
pub(super) struct Day<'calendar> {
    pub calendar: &'calendar Calendar,
    pub day: Date,
    period: BillingPeriod,
    invoice: Option<Rc<str>>,
    /// Thousandths of the first day's use.
    growth: i64,
    pub is_runaway: bool,
}

impl<'calendar> Day<'calendar> {
    pub(super) fn new(
        calendar: &'calendar Calendar,
        day: Date,
        period: BillingPeriod,
        index: i64,
    ) -> Day<'calendar> {
        let runaway_from = calendar.as_of.saturating_sub(RUNAWAY_DAYS.days());
        Day {
            calendar,
            day,
            period,
            invoice: calendar.invoice(period),
            growth: index.saturating_mul(GROWTH_PER_DAY).saturating_add(920),
            is_runaway: day >= runaway_from,
        }
    }

    pub(super) fn rng(&self, stream: u64) -> Rng {
        Rng::with_seed(mix(self.calendar.seed, &[day_number(self.day), stream]))
    }

    /// Nine of ten people on a working day, one of seven on a weekend.
    pub(super) fn is_at_work(&self, rng: &mut Rng) -> bool {
        if self.is_weekend() { rng.u32(0..7) == 0 } else { rng.u32(0..10) > 0 }
    }

    fn is_weekend(&self) -> bool {
        matches!(self.day.weekday(), Weekday::Saturday | Weekday::Sunday)
    }

    /// An ordinary day's count on this day of the week, grown and with noise.
    pub(super) fn shaped(&self, count: i64, rhythm: Rhythm, rng: &mut Rng) -> i64 {
        if rhythm == Rhythm::Constant {
            return count;
        }
        let week = match (rhythm, self.day.weekday()) {
            (Rhythm::Office, Weekday::Saturday | Weekday::Sunday) => 350,
            (_, Weekday::Saturday) => 620,
            (_, Weekday::Sunday) => 560,
            (_, Weekday::Monday) => 1_040,
            (_, Weekday::Friday) => 930,
            _ => 1_000,
        };
        let spread = if rhythm == Rhythm::Office { 450 } else { 90 };
        let grown = count.saturating_mul(week) / 1_000;
        noisy(grown.saturating_mul(self.growth) / 1_000, spread, rng)
    }

    /// A line of this day with nothing charged yet.
    pub(super) fn blank(&self, rng: &mut Rng, account: &'static str) -> Line {
        Line { invoice_id: self.invoice.clone(), ..blank(rng, self.day, self.period, account) }
    }
}
