//! The history that a forecast is made from.

use jiff::ToSpan as _;
use jiff::civil::Date;

/// Days that are looked at: the forecasts that are tried, and the weeks before the first of them.
pub const HISTORY_DAYS: usize = 260;

/// Costs of days in a row.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    first: Date,
    costs: Vec<f64>,
}

impl History {
    /// Costs from a first day on. Days before the first cost are no history, nor are those of more than
    /// 260 days ago.
    pub fn new(first: Date, costs: &[f64]) -> History {
        let zeros = costs.iter().take_while(|it| **it == 0.0).count();
        let skipped = zeros.max(costs.len().saturating_sub(HISTORY_DAYS));
        History {
            first: first.saturating_add(days(skipped)),
            costs: costs.get(skipped..).map_or_else(Vec::new, <[f64]>::to_vec),
        }
    }

    pub(crate) fn push(&mut self, cost: f64) {
        self.costs.push(cost);
    }

    /// Costs from a first day on, also those of nothing.
    pub fn whole(first: Date, costs: &[f64]) -> History {
        History { first, costs: costs.to_vec() }
    }

    /// How many days it has.
    pub fn len(&self) -> usize {
        self.costs.len()
    }

    /// Whether there is no day in it.
    pub fn is_empty(&self) -> bool {
        self.costs.is_empty()
    }

    /// The last days, or all.
    pub(crate) fn last(&self, count: usize) -> &[f64] {
        self.last_before(self.len(), count)
    }

    /// The last days before a place.
    pub(crate) fn last_before(&self, end: usize, count: usize) -> &[f64] {
        self.costs.get(end.saturating_sub(count)..end).unwrap_or(&[])
    }

    /// The days from a place on.
    pub(crate) fn after(&self, start: usize, count: usize) -> &[f64] {
        self.costs.get(start..start + count).unwrap_or(&[])
    }

    /// The weekday of a place, which may be after the last day: 0 to 6.
    pub(crate) fn weekday(&self, place: usize) -> usize {
        let first = self.first.weekday().to_monday_zero_offset();
        (usize::try_from(first).unwrap_or(0) + place) % 7
    }

    /// The cost of the same day of the month before, none where it does not have one. The last day of a month
    /// takes those that only the month before has.
    pub(crate) fn month_before(&self, place: usize) -> f64 {
        let day = self.first.saturating_add(days(place));
        let before = day.saturating_sub(1.month());
        if before.day() != day.day() {
            return 0.0;
        }
        let is_last = day == day.last_of_month();
        let through = if is_last { before.last_of_month() } else { before };
        let place_of = |it: Date| it.since(self.first).ok().map(|it| it.get_days());
        let place_of = |it: Date| place_of(it).and_then(|it| usize::try_from(it).ok());
        let (Some(from), Some(to)) = (place_of(before), place_of(through)) else { return 0.0 };
        self.costs.get(from..=to).map_or(0.0, |it| it.iter().sum())
    }

    /// A sum that no range goes below: zero, but for a history with days below zero.
    pub(crate) fn floor(&self) -> f64 {
        if self.costs.iter().any(|it| *it < 0.0) { f64::NEG_INFINITY } else { 0.0 }
    }
}

fn days(count: usize) -> jiff::Span {
    i64::try_from(count).unwrap_or(i64::MAX).days()
}
