//! Simple forecasts, of which none is best everywhere.

use std::borrow::Borrow;

use crate::History;
use crate::to_float;

/// Days of history from which on all candidates are tried.
///
/// Before, there are too few past errors to choose by. How much weeks differ decides then: a level follows
/// calm costs, with their line, and a long mean noisy ones.
const CHOICE_DAYS: usize = 63;

/// How much a week of noisy costs differs from others, in parts of its level.
const NOISY: f64 = 0.2;

/// The part of a slope that is left after each further week.
const DAMPING: f64 = 0.85;

/// Weeks that a line is drawn through.
const LINE_WEEKS: usize = 6;

/// Weeks whose level may be one.
const STEADY_WEEKS: usize = 12;

/// How many standard errors a week may be off the weeks after it and still belong to their level.
const SAME_LEVEL: f64 = 2.5;

/// A simple forecast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Candidate {
    /// The mean of the last week.
    LastWeek,
    /// The mean of the last twelve weeks.
    LastWeeks,
    /// The mean of the last weeks that belong to one level: a step ends them.
    Steady,
    /// The line through the last weeks, which levels off.
    Line,
}

/// All of them.
pub(crate) const CANDIDATES: [Candidate; 4] =
    [Candidate::LastWeek, Candidate::LastWeeks, Candidate::Steady, Candidate::Line];

impl Candidate {
    /// Whether it is tried for what comes after a place.
    pub(crate) fn is_tried(self, history: &History, end: usize) -> bool {
        let is_for_noise = matches!(self, Candidate::LastWeeks | Candidate::Steady);
        end >= CHOICE_DAYS || is_for_noise == is_noisy(history, end)
    }

    /// The costs of the days after a place, each with its share of a week.
    fn daily(self, history: &History, end: usize, shares: &[f64]) -> Vec<f64> {
        let at_level = |level: f64| shares.iter().map(|it| it * level).collect();
        match self {
            Candidate::LastWeek => at_level(mean(history.last_before(end, 7))),
            Candidate::LastWeeks => at_level(mean(history.last_before(end, 7 * STEADY_WEEKS))),
            Candidate::Steady => at_level(steady(history, end)),
            Candidate::Line => {
                let (level, slope) = line(&weeks(history, end, LINE_WEEKS));
                // The middle of the last week lies four days before the first one ahead.
                let of_day = |(day, share): (usize, &f64)| {
                    let ahead = (to_float(day) + 4.0) / 7.0;
                    let damped = (1.0 - DAMPING.powf(ahead)) / (1.0 - DAMPING);
                    // A line down ends above zero.
                    (level + slope * damped).max(level / 4.0) * share
                };
                shares.iter().enumerate().map(of_day).collect()
            }
        }
    }
}

/// The forecasts of all candidates for the days after a place, from those before it.
pub(crate) fn forecasts(history: &History, end: usize, days: usize) -> Vec<Vec<f64>> {
    let of_week = weekday_shares(history, end);
    let share = |day: usize| of_week.get(history.weekday(end + day)).copied().unwrap_or(1.0);
    let shares: Vec<f64> = (0..days).map(share).collect();
    CANDIDATES.iter().map(|it| it.daily(history, end, &shares)).collect()
}

/// The cost of each weekday, where the mean of a week is one: the median of the last eight weeks, or the
/// mean of less than four.
fn weekday_shares(history: &History, end: usize) -> [f64; 7] {
    let mut seen: [Vec<f64>; 7] = Default::default();
    for start in (1..=8).filter_map(|week| end.checked_sub(7 * week)) {
        let costs = history.after(start, 7);
        let level = mean(costs);
        if level > 0.0 {
            for (day, cost) in costs.iter().enumerate() {
                if let Some(seen) = seen.get_mut(history.weekday(start + day)) {
                    seen.push(cost / level);
                }
            }
        }
    }
    let weeks = seen.first().map_or(0, Vec::len);
    let of_day = |it: Vec<f64>| if weeks >= 4 { median(it) } else { mean(it) };
    let shares = seen.map(of_day);
    let level = mean(shares);
    // Two weeks say less than eight.
    let trust = to_float(weeks) / (to_float(weeks) + 0.5);
    shares.map(|it| if level > 0.0 { trust * it / level + 1.0 - trust } else { 1.0 })
}

/// The means of the last weeks, the newest first.
fn weeks(history: &History, end: usize, count: usize) -> Vec<f64> {
    let whole = (1..=count).filter_map(|week| end.checked_sub(7 * week));
    whole.map(|start| mean(history.after(start, 7))).collect()
}

/// How far the mean of a week is off by chance, of each of the last eight weeks: from the differences to
/// the same weekdays of the week before.
fn errors_of_weeks(history: &History, end: usize) -> Vec<f64> {
    let starts = (2..=9).filter_map(|week| end.checked_sub(7 * week));
    let of_pair = |start: usize| {
        let pairs = history.after(start, 7).iter().zip(history.after(start + 7, 7));
        (mean(pairs.map(|(before, after)| (after - before).powi(2) / 2.0)) / 7.0).sqrt()
    };
    starts.map(of_pair).collect()
}

fn is_noisy(history: &History, end: usize) -> bool {
    median(errors_of_weeks(history, end)) > NOISY * mean(history.last_before(end, 56))
}

/// The mean of the last weeks up to a step.
fn steady(history: &History, end: usize) -> f64 {
    // Nearly the largest: bursts are rare.
    let error = quantile(errors_of_weeks(history, end), 0.9);
    let mut level = Vec::new();
    for week in weeks(history, end, STEADY_WEEKS) {
        if !level.is_empty() {
            let both = (1.0 + 1.0 / to_float(level.len())).sqrt();
            if (week - mean(&level)).abs() > SAME_LEVEL * error * both {
                break;
            }
        }
        level.push(week);
    }
    mean(&level)
}

/// Where a line through weeks ends, and how much it rises in a week. The medians that make it do not
/// follow one odd week.
fn line(weeks: &[f64]) -> (f64, f64) {
    let mut slopes = Vec::new();
    for (at, week) in weeks.iter().enumerate() {
        for (apart, before) in weeks.iter().skip(at + 1).enumerate() {
            slopes.push((week - before) / to_float(apart + 1));
        }
    }
    let slope = median(slopes);
    let ends = weeks.iter().enumerate().take(3).map(|(age, week)| week + slope * to_float(age));
    (median(ends.collect()), slope)
}

/// The mean; zero of nothing.
pub(crate) fn mean(costs: impl IntoIterator<Item = impl Borrow<f64>>) -> f64 {
    let (mut sum, mut count) = (0.0, 0);
    for cost in costs {
        sum += cost.borrow();
        count += 1;
    }
    if count == 0 { 0.0 } else { sum / to_float(count) }
}

/// The median; zero of nothing.
pub(crate) fn median(costs: Vec<f64>) -> f64 {
    quantile(costs, 0.5)
}

/// A quantile, between two values in proportion; zero of nothing.
pub(crate) fn quantile(mut values: Vec<f64>, part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = part * to_float(values.len().saturating_sub(1));
    let mut before = None;
    for (at, value) in values.iter().enumerate() {
        let over = to_float(at) - place;
        if over >= 0.0 {
            return before.map_or(*value, |it| value + (it - value) * over);
        }
        before = Some(*value);
    }
    0.0
}
