//! Warnings before a limit is reached: what a window is expected to cost, how fast it is spent, and how it
//! compares with the window before.

use super::{CrossingKind, Verdict, is_reached};
use crate::money::Money;
use crate::percent::Percent;

/// Days with data from which a pace and a change are judged: the first ones of a window say little of it.
const DAYS_MIN: i64 = 3;

/// A change is money as well: at least this part of the limit more than in the window before.
const CHANGE_PERCENT_MIN: i128 = 5;

impl Verdict {
    /// Days of the window up to the last one with data.
    fn days_so_far(&self) -> i64 {
        self.spend.period.day_count() - self.days_left()
    }

    /// The part of the limit that belongs to the days so far, if each has the same; `None` on the first days.
    pub fn even_part(&self) -> Option<Money> {
        let days = self.days_so_far();
        let part = || self.budget.limit.part(days, self.spend.period.day_count());
        (days >= DAYS_MIN).then(part)
    }

    /// The cost in percent of [`Verdict::even_part`].
    pub fn pace_percent(&self) -> Option<Percent> {
        Percent::of(self.spend.cost, self.even_part()?)
    }

    /// The cost in percent of that of the window before, up to the same day.
    pub fn change_percent(&self) -> Option<Percent> {
        Percent::of(self.spend.cost, self.baseline()?)
    }

    /// The cost of the window before up to the same day, where that can be compared with.
    fn baseline(&self) -> Option<Money> {
        let is_early = self.days_so_far() < DAYS_MIN;
        let counts = |it: &Money| self.spend.is_comparable && !is_early && it.femto_units() > 0;
        self.spend.previous.filter(counts)
    }

    /// Whether the cost so far is at least this percentage of an even pace, and below the limit.
    ///
    /// Compares whole femto-units of at most 10²⁸ times 65,535 times the days of the calendar in an `i128`.
    fn is_ahead_of_pace(&self, threshold: u16) -> bool {
        let (limit, cost) = (self.budget.limit, self.spend.cost);
        let (days, all) = (self.days_so_far(), self.spend.period.day_count());
        let spent = cost.femto_units().checked_mul(100 * i128::from(all));
        let even = limit.femto_units().checked_mul(i128::from(threshold) * i128::from(days));
        let is_ahead = spent.zip(even).is_some_and(|(spent, even)| spent >= even);
        days >= DAYS_MIN
            && limit.currency() == cost.currency()
            && is_ahead
            && !is_reached(100, limit, cost)
    }

    /// Whether the cost so far is at least this percentage of the window before, by an amount that matters.
    fn is_changed(&self, threshold: u16) -> bool {
        let (limit, cost) = (self.budget.limit, self.spend.cost);
        let is_of = |baseline: Money| {
            let more = cost.femto_units() - baseline.femto_units();
            is_reached(threshold, baseline, cost)
                && more * 100 >= limit.femto_units() * CHANGE_PERCENT_MIN
        };
        limit.currency() == cost.currency() && self.baseline().is_some_and(is_of)
    }

    /// Whether what warnings of a kind say of a threshold is so.
    pub(super) fn is_ahead(&self, kind: CrossingKind, threshold: u16) -> bool {
        match kind {
            CrossingKind::Projected => self.is_projected(threshold),
            CrossingKind::Pace => self.is_ahead_of_pace(threshold),
            CrossingKind::Change => self.is_changed(threshold),
            CrossingKind::Reached | CrossingKind::BackBelow | CrossingKind::Escalated => false,
        }
    }

    /// The thresholds of a kind of warning.
    pub(super) fn early_thresholds(&self, kind: CrossingKind) -> &[u16] {
        match kind {
            CrossingKind::Projected => &self.budget.forecast_thresholds,
            CrossingKind::Pace => &self.budget.pace_thresholds,
            CrossingKind::Change => &self.budget.change_thresholds,
            CrossingKind::Reached | CrossingKind::BackBelow | CrossingKind::Escalated => &[],
        }
    }

    /// Whether it has a warning now.
    pub fn has_warning(&self) -> bool {
        let is_any = |kind| self.early_thresholds(kind).iter().any(|it| self.is_ahead(kind, *it));
        CrossingKind::EARLY.into_iter().any(is_any)
    }
}
