//! Forecasts made anew on past days, and how far off they were.

use crate::candidates::{CANDIDATES, forecasts, mean, median, quantile};
use crate::{History, LEVEL_PERCENT, to_float};

/// Days before the first day from which a past forecast is made.
const DAYS_BEFORE: usize = 7;

/// Past forecasts, at most.
const ORIGINS_MAX: usize = 126;

/// How much less an error counts for each day that it is older.
const FORGETTING: f64 = 0.97;

/// How much the weight of a candidate falls with its errors.
const SHARPNESS: f64 = 3.0;

/// How much wider a range is than its errors, divided by the windows without a common day that they are of.
const WIDENING: f64 = 1.5;

/// How far off forecasts from past days were.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backtest {
    /// Past days from which a forecast was made.
    pub windows: usize,
    /// The days that each of them was of.
    pub days: usize,
    /// The mean error in percent of the mean cost; `None` where nothing was spent.
    pub error_percent: Option<f64>,
    /// How many of 100 costs were in the range that was known then; `None` where none had a range.
    pub coverage_percent: Option<f64>,
}

/// Forecasts of as many days, from each of the past days.
pub(crate) struct Rolling<'a> {
    history: &'a History,
    /// Days that each is of.
    days: usize,
    origins: Vec<Origin>,
}

/// A past day from which forecasts were made.
struct Origin {
    end: usize,
    /// The cost of the days.
    actual: f64,
    /// By candidate.
    forecasts: Vec<f64>,
    /// The combination of that day.
    combined: f64,
    /// The cost of the days at the level of the weeks before: errors are compared in parts of it.
    scale: f64,
}

impl<'a> Rolling<'a> {
    /// Makes the forecasts. A short history is looked at in shorter windows than the one ahead.
    pub(crate) fn new(history: &'a History, ahead: usize) -> Rolling<'a> {
        let room = history.len().saturating_sub(DAYS_BEFORE);
        let days = ahead.min(room / 2).max(1);
        let last = history.len().saturating_sub(days);
        let first = DAYS_BEFORE.max(last.saturating_sub(ORIGINS_MAX));
        let mut rolling = Rolling { history, days, origins: Vec::new() };
        for end in first..=last {
            let daily = forecasts(history, end, days);
            let forecasts: Vec<f64> = daily.iter().map(|it| it.iter().sum()).collect();
            let combined = weighed(&rolling.weights(end), &forecasts);
            let actual = history.after(end, days).iter().sum();
            let scale = scale(history, end) * to_float(days);
            rolling.origins.push(Origin { end, actual, forecasts, combined, scale });
        }
        rolling
    }

    /// The forecasts of which the outcome was known at a place.
    fn known(&self, end: usize) -> impl Iterator<Item = &Origin> {
        self.origins.iter().filter(move |it| it.end + self.days <= end)
    }

    /// The weights of the candidates: all alike without a past error.
    fn weights(&self, end: usize) -> Vec<f64> {
        let mut squares = vec![0.0; CANDIDATES.len()];
        for origin in self.known(end) {
            let trust = FORGETTING.powf(to_float(end.saturating_sub(origin.end)));
            for (square, forecast) in squares.iter_mut().zip(&origin.forecasts) {
                *square += trust * ((forecast - origin.actual) / origin.scale).powi(2);
            }
        }
        let is_tried = CANDIDATES.map(|it| it.is_tried(self.history, end));
        let tried = squares.iter().zip(is_tried).filter(|(_, is_tried)| *is_tried);
        // One that was right by chance does not get all of the weight.
        let least = tried.map(|(it, _)| *it).fold(f64::INFINITY, f64::min).max(1e-9);
        let weight = |square: f64| (least / (square + least)).powf(SHARPNESS);
        let pairs = squares.iter().zip(is_tried);
        pairs.map(|(square, is_tried)| if is_tried { weight(*square) } else { 0.0 }).collect()
    }

    /// The combination of all candidates from a place on.
    pub(crate) fn combined(&self, end: usize, days: usize) -> Vec<f64> {
        let weights = self.weights(end);
        let candidates = forecasts(self.history, end, days);
        let of_day = |day: usize| {
            let costs = candidates.iter().map(|it| it.get(day).copied().unwrap_or(0.0));
            weighed(&weights, &costs.collect::<Vec<f64>>())
        };
        (0..days).map(of_day).collect()
    }

    /// How far below and above a forecast of the days after a place the cost may be, from the errors that
    /// were known there; `None` where none was.
    pub(crate) fn range(&self, end: usize, days: usize) -> Option<(f64, f64)> {
        let errors: Vec<f64> =
            self.known(end).map(|it| (it.actual - it.combined) / it.scale).collect();
        if errors.is_empty() {
            return None;
        }
        let window = to_float(self.days);
        let apart = (to_float(errors.len()) / window).max(0.5);
        // Days further ahead than those that were tried are known less well.
        let further = (to_float(days) / window).max(1.0).sqrt();
        let scale = scale(self.history, end) * to_float(days);
        let width = (1.0 + WIDENING / apart) * further * scale;
        let tail = (1.0 - f64::from(LEVEL_PERCENT) / 100.0) / 2.0;
        let (least, most) = (quantile(errors.clone(), tail), quantile(errors.clone(), 1.0 - tail));
        // Errors that all were on one side say nothing of the other: it is a tenth of how far they differ.
        let middle = median(errors);
        let below = if least < 0.0 { -least } else { (middle - least) / 10.0 };
        let above = if most > 0.0 { most } else { (most - middle) / 10.0 };
        Some((below * width, above * width))
    }

    /// How good the combination was.
    pub(crate) fn backtest(&self) -> Option<Backtest> {
        if self.origins.is_empty() {
            return None;
        }
        let off: f64 = self.origins.iter().map(|it| (it.actual - it.combined).abs()).sum();
        let cost: f64 = self.origins.iter().map(|it| it.actual.abs()).sum();
        let (mut ranges, mut held) = (0, 0);
        for origin in &self.origins {
            if let Some((below, above)) = self.range(origin.end, self.days) {
                let (low, high) = (origin.combined - below, origin.combined + above);
                ranges += 1;
                held += usize::from(low <= origin.actual && origin.actual <= high);
            }
        }
        Some(Backtest {
            windows: self.origins.len(),
            days: self.days,
            error_percent: (cost > 0.0).then(|| 100.0 * off / cost),
            coverage_percent: (ranges > 0).then(|| 100.0 * to_float(held) / to_float(ranges)),
        })
    }
}

fn weighed(weights: &[f64], values: &[f64]) -> f64 {
    let sum: f64 = weights.iter().sum();
    weights.iter().zip(values).map(|(weight, value)| weight * value).sum::<f64>() / sum
}

/// A day's cost of the last four weeks, or a twentieth of all days' where these had nearly none.
fn scale(history: &History, end: usize) -> f64 {
    let magnitude = |costs: &[f64]| mean(costs.iter().map(|it| it.abs()));
    let recent = magnitude(history.last_before(end, 28));
    recent.max(magnitude(history.last_before(end, end)) / 20.0).max(f64::MIN_POSITIVE)
}
