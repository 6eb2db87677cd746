//! Forecasts of a daily cost to the end of a window.
//!
//! Costs are floating-point numbers here and nowhere else: a forecast is an estimate, and no amount of the
//! ledger is made from it. Nothing is random, so the same history has the same forecast.
//!
//! ```text
//! history -> candidates (levels, line) by weekday -> combination by their past errors -> expected
//!                                                 -> its own past errors              -> low, high
//! ```

mod backtest;
mod candidates;
mod commitments;
mod history;
#[cfg(test)]
mod tests;

pub use self::backtest::Backtest;
pub use self::commitments::continued;
pub use self::history::{HISTORY_DAYS, History};

use self::backtest::Rolling;

/// Days of history from which on past errors are looked at.
pub const RUN_RATE_DAYS: usize = 14;

/// The part of outcomes that a range is meant to hold.
pub const LEVEL_PERCENT: u8 = 80;

/// How a forecast was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The mean of the last days. The history is too short for more, and the range is a rule of thumb.
    RunRate,
    /// Levels and a line, by weekday, weighed by the errors that each had.
    Combined,
}

/// The cost that is expected on some days after a history.
#[derive(Clone, Debug, PartialEq)]
pub struct Outlook {
    /// The cost expected on each of the days.
    pub daily: Vec<f64>,
    /// Their sum.
    pub expected: f64,
    /// The lower end of the range of the sum.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// How it was made.
    pub method: Method,
    /// The errors that the same method had in the past; `None` where the history is too short.
    pub backtest: Option<Backtest>,
}

impl Outlook {
    /// Nothing is expected.
    pub fn of_nothing(days: usize) -> Outlook {
        let (daily, method) = (vec![0.0; days], Method::RunRate);
        Outlook { daily, expected: 0.0, low: 0.0, high: 0.0, method, backtest: None }
    }
}

/// Forecasts the days after a history; `None` for a history without a day.
pub fn forecast(history: &History, days: usize) -> Option<Outlook> {
    if history.is_empty() {
        return None;
    }
    if history.len() < RUN_RATE_DAYS {
        return Some(run_rate(history, days));
    }
    let rolling = Rolling::new(history, days);
    let daily = rolling.combined(history.len(), days);
    let expected: f64 = daily.iter().sum();
    let (below, above) = rolling.range(history.len(), days).unwrap_or((0.0, 0.0));
    Some(Outlook {
        low: (expected - below).max(history.floor()).min(expected),
        high: expected + above,
        daily,
        expected,
        method: Method::Combined,
        backtest: rolling.backtest(),
    })
}

/// The mean of the last seven days. One day of more than three times the median counts as that much.
fn run_rate(history: &History, days: usize) -> Outlook {
    let last = history.last(7);
    let median = candidates::median(last.to_vec());
    let cap = if median > 0.0 && last.len() >= 3 { 3.0 * median } else { f64::INFINITY };
    let level = candidates::mean(last.iter().map(|it| it.min(cap)));
    let daily = vec![level; days];
    let expected: f64 = daily.iter().sum();
    // Three times for one day of history, half more for thirteen.
    let factor = 1.0 + 2.0 / to_float(history.len()).sqrt();
    let (low, high) = match expected >= 0.0 {
        true => (expected / factor, expected * factor),
        false => (expected * factor, expected / factor),
    };
    Outlook { daily, expected, low, high, method: Method::RunRate, backtest: None }
}

/// A count as a float: counts of days are small.
fn to_float(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}
