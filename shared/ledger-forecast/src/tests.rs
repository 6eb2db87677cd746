use jiff::civil::{Date, date};
use proptest::prelude::*;

use super::*;

const MONDAY: Date = date(2026, 1, 5);

fn near(left: f64, right: f64) -> bool {
    (left - right).abs() <= 1e-6 * (1.0 + right.abs())
}

#[test]
fn days_that_are_all_alike_go_on() {
    for days in [1, 5, 13, 14, 40, 120] {
        let outlook = forecast(&History::new(MONDAY, &vec![7.5; days]), 10).unwrap();
        assert!(near(outlook.expected, 75.0), "{days} days: {outlook:?}");
        assert_eq!(outlook.daily.len(), 10);
        let is_short = days < RUN_RATE_DAYS;
        assert_eq!(
            (outlook.method == Method::RunRate, outlook.backtest.is_none()),
            (is_short, is_short)
        );
    }
}

#[test]
fn a_week_has_its_weekdays() {
    let week = [10.0, 11.0, 12.0, 11.0, 10.0, 2.0, 0.0];
    let costs: Vec<f64> = (0..70).map(|day| week[day % 7]).collect();
    let outlook = forecast(&History::new(MONDAY, &costs), 7).unwrap();
    for (cost, expected) in outlook.daily.iter().zip(week) {
        assert!((cost - expected).abs() < 0.6, "{cost} for {expected}");
    }
    assert!(near(outlook.expected, 56.0), "{outlook:?}");
    // A history that is cut elsewhere has the same weeks.
    let later = forecast(&History::new(date(2026, 1, 8), &costs[3..]), 7).unwrap();
    assert!(near(later.expected, 56.0), "{later:?}");
}

#[test]
fn a_step_is_followed_and_a_spike_is_not() {
    let mut costs: Vec<f64> = (0..100).map(|day| 100.0 + f64::from(day % 5)).collect();
    costs.extend((0..14).map(|day| 300.0 + f64::from(day % 5)));
    let step = forecast(&History::new(MONDAY, &costs), 10).unwrap();
    assert!(step.expected > 2_600.0 && step.high > 3_000.0, "{step:?}");

    let mut costs: Vec<f64> = (0..100).map(|day| 100.0 + f64::from(day % 5)).collect();
    costs[90] = 5_000.0;
    let spike = forecast(&History::new(MONDAY, &costs), 10).unwrap();
    assert!(spike.expected < 1_600.0, "{spike:?}");
}

#[test]
fn a_line_is_drawn_on() {
    let costs: Vec<f64> = (0..80).map(|day| 100.0 + 2.0 * f64::from(day)).collect();
    let outlook = forecast(&History::new(MONDAY, &costs), 7).unwrap();
    let actual: f64 = (80..87).map(|day| 100.0 + 2.0 * f64::from(day)).sum();
    assert!((outlook.expected / actual - 1.0).abs() < 0.02, "{outlook:?} for {actual}");
    let level: f64 = 7.0 * costs[73..].iter().sum::<f64>() / 7.0;
    assert!(outlook.expected > level, "more than the last week");
}

#[test]
fn a_short_history_has_a_wide_range() {
    let outlook = forecast(&History::new(MONDAY, &[10.0]), 4).unwrap();
    assert_eq!((outlook.expected, outlook.low, outlook.high), (40.0, 40.0 / 3.0, 120.0));
    // One odd day counts as three usual ones.
    let outlook = forecast(&History::new(MONDAY, &[10.0, 10.0, 1_000.0, 10.0, 10.0]), 1).unwrap();
    assert_eq!(outlook.expected, (4.0 * 10.0 + 30.0) / 5.0);
}

#[test]
fn nothing_is_no_history() {
    assert_eq!(forecast(&History::new(MONDAY, &[]), 5), None);
    assert_eq!(forecast(&History::new(MONDAY, &[0.0; 30]), 5), None);
    // Days before the first cost do not count.
    let mut costs = vec![0.0; 60];
    costs.extend([5.0; 3]);
    let outlook = forecast(&History::new(MONDAY, &costs), 2).unwrap();
    assert_eq!((outlook.method, outlook.expected), (Method::RunRate, 10.0));
}

#[test]
fn commitments_go_on_as_they_are() {
    let of = |first, costs: &[f64], days| continued(&History::whole(first, costs), days);
    // Hours of every day: as the last day.
    assert_eq!(of(MONDAY, &[24.0, 24.0, 24.0, 24.0, 24.0, 48.0, 48.0], 3), [48.0; 3]);
    // A fee on the first of a month, and one on its last day.
    let mut costs = vec![0.0; 59];
    (costs[0], costs[30], costs[31], costs[58]) = (500.0, 9.0, 500.0, 9.0);
    let ahead = of(date(2026, 1, 1), &costs, 61);
    let fees: Vec<(usize, f64)> =
        ahead.iter().copied().enumerate().filter(|(_, cost)| *cost != 0.0).collect();
    // March: the first and the 28th, since the last of February is also the 28th day. Then April.
    assert_eq!(fees, [(0, 500.0), (27, 9.0), (31, 500.0), (58, 9.0)]);
    assert_eq!(of(MONDAY, &[], 2), [0.0; 2]);
}

#[test]
fn the_backtest_knows_only_what_was_known() {
    let costs: Vec<f64> = (0..90).map(|day| 50.0 + f64::from(day * 37 % 11)).collect();
    let history = History::new(MONDAY, &costs);
    let tried = forecast(&history, 10).unwrap().backtest.unwrap();
    assert_eq!((tried.windows, tried.days), (74, 10));
    assert!(tried.error_percent.unwrap() < 5.0 && tried.coverage_percent.is_some(), "{tried:?}");
    // What comes after a day changes nothing of the forecast from it.
    let mut other = costs.clone();
    other[80..].fill(9_000.0);
    let (left, right) = (History::new(MONDAY, &costs), History::new(MONDAY, &other));
    let from = |history: &History| Rolling::new(history, 10).combined(70, 10);
    let early = |history: &History| candidates::forecasts(history, 70, 10);
    assert_eq!(early(&left), early(&right));
    assert_eq!(from(&left), from(&right));
}

proptest! {
    /// Twice the cost is twice the forecast, the range holds it, and nothing is not a number.
    #[test]
    fn a_forecast_has_the_unit_of_its_costs(
        costs in prop::collection::vec(prop_oneof![Just(0.0), 0.0..1e6_f64], 1..150),
        days in 1_usize..60,
    ) {
        let double: Vec<f64> = costs.iter().map(|it| it * 2.0).collect();
        let (one, two) = (
            forecast(&History::new(MONDAY, &costs), days),
            forecast(&History::new(MONDAY, &double), days),
        );
        prop_assert_eq!(one.is_some(), two.is_some());
        if let (Some(one), Some(two)) = (one, two) {
            prop_assert!(one.low <= one.expected && one.expected <= one.high);
            prop_assert!(one.low >= 0.0 && one.high.is_finite());
            prop_assert!(near(one.daily.iter().sum(), one.expected));
            for (one, two) in [(one.expected, two.expected), (one.low, two.low), (one.high, two.high)] {
                prop_assert!(near(one * 2.0, two), "{} and {}", one * 2.0, two);
            }
        }
    }
}
