//! The part of a limit that is left, and the next alert.

use jiff::civil::Date;

use super::{Verdict, is_reached};
use crate::money::Money;

/// How likely a window is to reach a threshold by its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Chance {
    /// The whole range of the forecast is below it.
    Unlikely,
    /// Only the upper end of the range reaches it.
    Possible,
    /// The expected cost reaches it, the lower end of the range does not.
    Likely,
    /// Also the lower end of the range reaches it.
    NearlyCertain,
}

/// The next threshold of a window that its cost has not reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NextAlert {
    /// The threshold in percent of the limit.
    pub threshold: u16,
    /// The cost that reaches it, rounded up to the smallest amount; `None` beyond the range of money.
    pub cost: Option<Money>,
    /// How likely it is; `None` without a forecast.
    pub chance: Option<Chance>,
    /// The first day at whose end the expected cost reaches it.
    pub day: Option<Date>,
}

impl Verdict {
    /// The limit less the spend, below zero for an overspent budget; `None` in another currency and beyond
    /// the range of money.
    pub fn headroom(&self) -> Option<Money> {
        self.budget.limit.checked_sub(self.spend.cost).ok()
    }

    /// Days of the window without data so far.
    pub fn days_left(&self) -> i64 {
        let period = self.spend.period;
        let from = self.spend.data_up_to.map_or(period.start(), |it| it.max(period.start()));
        let left = period.end().duration_since(from).as_hours() / 24;
        left.clamp(0, period.day_count())
    }

    /// The cost that each of these days may have within the limit, cut off; `None` where nothing is left or
    /// no day is.
    pub fn headroom_a_day(&self) -> Option<Money> {
        let days = self.days_left();
        let left = self.headroom().filter(|it| days > 0 && it.femto_units() > 0)?;
        Some(left.part(1, days))
    }

    /// The lowest threshold that the cost has not reached.
    pub fn next_threshold(&self) -> Option<u16> {
        self.budget.thresholds.iter().copied().find(|it| !self.reached.contains(it))
    }

    /// The lowest threshold of the forecast that neither the cost nor the forecast has reached.
    pub fn next_forecast_threshold(&self) -> Option<u16> {
        let is_ahead = |it: &u16| {
            let is_spent = is_reached(*it, self.budget.limit, self.spend.cost);
            !is_spent && !self.is_projected(*it)
        };
        self.budget.forecast_thresholds.iter().copied().find(is_ahead)
    }

    /// The next alert on the cost. `ahead` is the expected spend at the end of days to come, in their order.
    pub fn next_alert(&self, ahead: &[(Date, Money)]) -> Option<NextAlert> {
        let threshold = self.next_threshold()?;
        let limit = self.budget.limit;
        let is_reached_at = |cost: Money| is_reached(threshold, limit, cost);
        let chance = self.projection.map(|it| match () {
            () if is_reached_at(it.low) => Chance::NearlyCertain,
            () if is_reached_at(it.expected) => Chance::Likely,
            () if is_reached_at(it.high) => Chance::Possible,
            () => Chance::Unlikely,
        });
        let hundredths = limit.femto_units() * i128::from(threshold) + 99;
        Some(NextAlert {
            threshold,
            cost: Money::from_femto_units(hundredths / 100, limit.currency()).ok(),
            chance,
            day: ahead.iter().find(|(_, cost)| is_reached_at(*cost)).map(|(day, _)| *day),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::bill::Status;
    use crate::budget::{Budget, Projection, Spend, judge};
    use crate::cost::CostKind;
    use crate::filter::Filter;
    use crate::period::Window;
    use crate::testing::*;

    fn verdict(limit: &str, cost: &str, data_up_to: Option<&str>) -> Verdict {
        let budget = Budget {
            name: "search-monthly".into(),
            owner: "search".into(),
            deputy: None,
            limit: usd(limit),
            formerly: None,
            limits: BTreeMap::new(),
            calendar: Window::Monthly.into(),
            starts: None,
            scope: Filter::default(),
            thresholds: vec![50, 80, 100],
            forecast_thresholds: vec![100, 120],
            pace_thresholds: Vec::new(),
            change_thresholds: Vec::new(),
            roll_over_percent_max: None,
            cost_kind: CostKind::Unblended,
        };
        let spend = Spend {
            period: span("2026-10-01", "2026-11-01"),
            cost: usd(cost),
            beside: Vec::new(),
            previous: None,
            is_comparable: true,
            rolled_over: usd("0"),
            status: Status::Billed,
            data_up_to: data_up_to.map(date),
        };
        judge(budget, spend)
    }

    #[track_caller]
    fn check_headroom(cost: &str, data_up_to: Option<&str>, expected: (&str, i64, Option<&str>)) {
        let verdict = verdict("1000", cost, data_up_to);
        let (headroom, days, a_day) = expected;
        assert_eq!(verdict.headroom(), Some(usd(headroom)), "{cost}");
        assert_eq!(verdict.days_left(), days, "{data_up_to:?}");
        assert_eq!(verdict.headroom_a_day(), a_day.map(usd), "{cost} {data_up_to:?}");
    }

    #[test]
    fn headroom_is_exact_and_of_the_days_without_data() {
        check_headroom("400", Some("2026-10-29"), ("600", 3, Some("200")));
        check_headroom("0.5", Some("2026-10-02"), ("999.5", 30, Some("33.316666666666666")));
        check_headroom("-100", Some("2026-10-31"), ("1100", 1, Some("1100")));
        // Nothing is left of the limit, or of the window.
        check_headroom("1000", Some("2026-10-29"), ("0", 3, None));
        check_headroom(
            "1200.000000000000001",
            Some("2026-10-29"),
            ("-200.000000000000001", 3, None),
        );
        check_headroom("400", Some("2026-11-01"), ("600", 0, None));
        check_headroom("400", Some("2026-12-24"), ("600", 0, None));
        // No day of it has data.
        check_headroom("0", Some("2026-09-30"), ("1000", 31, Some("32.258064516129032")));
        check_headroom("0", None, ("1000", 31, Some("32.258064516129032")));
    }

    #[test]
    fn there_is_no_headroom_in_another_currency_or_out_of_range() {
        let euro = crate::currency::Currency::parse("EUR").unwrap();
        let mut verdict = verdict("9999999999999", "-1", None);
        assert_eq!(verdict.headroom(), None);
        verdict.spend.cost = Money::zero(euro);
        assert_eq!((verdict.headroom(), verdict.headroom_a_day()), (None, None));
    }

    #[track_caller]
    fn check_next(cost: &str, projection: Option<[&str; 3]>, expected: Option<(u16, &str, &str)>) {
        let projection = projection.map(|it| it.map(usd));
        let projection = projection.map(|[low, expected, high]| Projection { expected, low, high });
        let verdict = Verdict { projection, ..verdict("1000", cost, None) };
        let ahead = [("2026-10-30", "790"), ("2026-10-31", "950")];
        let ahead = ahead.map(|(day, cost)| (date(day), usd(cost)));
        let next = verdict.next_alert(if projection.is_some() { &ahead } else { &[] });
        let next = next.map(|it| {
            let chance = it.chance.map(|chance| format!("{chance:?}"));
            let day = it.day.map(|day| format!(" {day}"));
            let cost = it.cost.unwrap().to_string();
            (it.threshold, cost, chance.into_iter().chain(day).collect::<String>())
        });
        let expected =
            expected.map(|(it, cost, outlook)| (it, cost.to_owned(), outlook.to_owned()));
        assert_eq!(next, expected, "{cost}");
    }

    #[test]
    fn the_next_alert_is_as_likely_as_the_range_says() {
        let range = |low, high| Some([low, "950", high]);
        check_next("790", range("900", "1000"), Some((80, "800 USD", "NearlyCertain 2026-10-31")));
        check_next("790", range("799", "1000"), Some((80, "800 USD", "Likely 2026-10-31")));
        check_next("800", range("900", "1000"), Some((100, "1000 USD", "Possible")));
        check_next("800", range("900", "999"), Some((100, "1000 USD", "Unlikely")));
        check_next("0", None, Some((50, "500 USD", "")));
        check_next("1000", range("1000", "1200"), None);
    }

    #[test]
    fn the_cost_of_a_threshold_reaches_it() {
        let verdict = verdict("0.000000000000003", "0", None);
        assert_eq!(verdict.next_alert(&[]).unwrap().cost, Some(usd("0.000000000000002")));
        let largest = super::tests::verdict("9999999999999", "5000000000000", None);
        assert_eq!(largest.next_alert(&[]).unwrap().cost, Some(usd("7999999999999.2")));
    }

    #[test]
    fn a_forecast_that_is_below_a_threshold_may_reach_it_yet() {
        for (cost, ends_at, expected) in [
            ("400", Some("900"), Some(100)),
            ("400", Some("1000"), Some(120)),
            ("1000", Some("1100"), Some(120)),
            ("400", Some("1200"), None),
            ("400", None, Some(100)),
        ] {
            let projection = ends_at.map(usd);
            let projection = projection.map(|it| Projection { expected: it, low: it, high: it });
            let verdict = Verdict { projection, ..verdict("1000", cost, None) };
            assert_eq!(verdict.next_forecast_threshold(), expected, "{cost} {ends_at:?}");
        }
    }
}
