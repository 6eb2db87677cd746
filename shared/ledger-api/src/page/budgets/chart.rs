//! The chart of a budget's window as SVG: spend, limit, thresholds, forecast and alerts by day.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use ledger_app::budget_charts::BudgetChart;
use ledger_core::budget::Projection;
use ledger_core::money::Money;
use ledger_core::period::ChargePeriod;
use maud::{Markup, html};
use rust_decimal::Decimal;

use super::super::scale::Scale;
use super::super::tables::thousands_apart;
use super::words::{alert_words, cut};

const WIDTH: u32 = 440;
const HEIGHT: u32 = 220;

/// Space around the plot: the currency above, names of thresholds on the right, days below.
const TOP: u32 = 26;
const RIGHT: u32 = 48;
const BOTTOM: u32 = 26;

/// Least space for amounts on the left, and the width of one of their characters.
const LEFT_MIN: u32 = 44;
const CHARACTER: u32 = 8;

/// Most points of a line: a window may have thousands of days.
const POINTS_MAX: usize = 400;

/// Most days that are named below the chart.
const DAY_NAMES_MAX: i64 = 5;

/// From this many days on, the months are named instead.
const DAYS_NAMED_MAX: i64 = 370;

/// Least distance of two names on the right.
const NAME_HEIGHT: Decimal = Decimal::from_parts(13, 0, 0, false, 0);

const HALF: Decimal = Decimal::from_parts(5, 0, 0, false, 1);

/// A place in the chart.
type Point = (Decimal, Decimal);

/// The chart; `None` for amounts that none can show. `at` tells apart the charts of a page.
pub(super) fn chart(at: usize, chart: &BudgetChart) -> Option<Markup> {
    let plot = Plot::new(chart)?;
    let (title, desc) = (format!("budget-{at}-title"), format!("budget-{at}-desc"));
    let budget = &chart.verdict.budget;
    Some(html! {
        svg role="img" xmlns="http://www.w3.org/2000/svg" viewBox={ "0 0 " (WIDTH) " " (HEIGHT) }
            aria-labelledby={ (title) " " (desc) } font-family="sans-serif" font-size="12" {
            title id=(title) { "Spend of budget " (cut(&budget.name)) " by day" }
            desc id=(desc) { (description(chart)) }
            (plot.grid())
            (plot.spend())
            (plot.forecast())
            (plot.limits())
            (plot.alerts())
        }
    })
}

fn description(chart: &BudgetChart) -> String {
    let BudgetChart { verdict, days, .. } = chart;
    let (spend, limit) = (&verdict.spend, verdict.budget.limit.to_reader());
    let so_far = match days.last() {
        Some(last) => format!(
            "Up to {} {} of {limit} are spent, {} %.",
            last.day,
            last.total.to_reader(),
            verdict.percent()
        ),
        None => format!("No day from {} on has data; the limit is {limit}.", spend.period.start()),
    };
    let ahead = verdict.projection.map(|Projection { expected, low, high }| {
        let range = format!(", between {} and {}", low.to_reader(), high.to_reader());
        let range = if low == high { "" } else { &range };
        format!(" Expected at the end are {}{range}.", expected.to_reader())
    });
    let alerts = match chart.alerts.len() {
        0 => String::new(),
        1 => " One alert.".to_owned(),
        count => format!(" {count} alerts."),
    };
    format!("{so_far}{}{alerts} A table below has the figures.", ahead.as_deref().unwrap_or(""))
}

/// A chart with its measures.
struct Plot<'c> {
    chart: &'c BudgetChart,
    period: ChargePeriod,
    scale: Scale,
    left: u32,
    /// The end of the last settled day, or the start of the window; where the forecast begins.
    from: Point,
}

impl<'c> Plot<'c> {
    fn new(chart: &'c BudgetChart) -> Option<Plot<'c>> {
        let BudgetChart { verdict, days, ahead, .. } = chart;
        let projected = verdict.projection.map(|it| [it.low, it.high]);
        let amounts = days.iter().map(|it| it.total).chain(ahead.iter().map(|(_, it)| *it));
        let amounts = amounts.chain(projected.into_iter().flatten()).map(Money::amount);
        let (mut bottom, mut top) = (Decimal::ZERO, verdict.budget.limit.amount());
        for amount in amounts {
            (bottom, top) = (bottom.min(amount), top.max(amount));
        }
        let scale = Scale::of(bottom, top, TOP, HEIGHT - TOP - BOTTOM)?;
        let digits = scale.lines().map(|it| short(it).chars().count()).max()?;
        let left = (u32::try_from(digits).ok()? * CHARACTER + 14).clamp(LEFT_MIN, WIDTH / 2);
        let period = verdict.spend.period;
        let from = (Decimal::from(left), scale.y(Decimal::ZERO));
        let mut plot = Plot { chart, period, scale, left, from };
        plot.from = match days.iter().rev().find(|it| plot.is_settled(it.day)) {
            Some(last) => plot.end_of(last.day, last.total),
            None => plot.start(),
        };
        Some(plot)
    }

    fn is_settled(&self, day: Date) -> bool {
        self.chart.settled_up_to.is_some_and(|it| day < it)
    }

    /// The horizontal place of a part of a day.
    fn x(&self, day: Date, part: Decimal) -> Decimal {
        let width = Decimal::from(WIDTH - RIGHT - self.left);
        let before = day.duration_since(self.period.start()).as_hours() / 24;
        let at = (Decimal::from(before) + part) * width / Decimal::from(self.period.day_count());
        (Decimal::from(self.left) + at).round_dp(2).normalize()
    }

    /// Nothing is spent before the first day with data.
    fn start(&self) -> Point {
        let first = self.chart.days.first().map_or(self.period.start(), |it| it.day);
        (self.x(first, Decimal::ZERO), self.scale.y(Decimal::ZERO))
    }

    fn end_of(&self, day: Date, total: Money) -> Point {
        (self.x(day, Decimal::ONE), self.scale.y(total.amount()))
    }

    /// Lines with their amounts, and names of days.
    fn grid(&self) -> Markup {
        let count = self.period.day_count();
        let step = usize::try_from((count + DAY_NAMES_MAX - 1) / DAY_NAMES_MAX).unwrap_or(1);
        let format = if count > DAYS_NAMED_MAX { "%b %Y" } else { "%b %-d" };
        let bottom = HEIGHT - BOTTOM;
        let start = self.period.start();
        let days = (0..count).step_by(step.max(1)).map(|it| start.saturating_add(it.days()));
        html! {
            text x=(self.left - 8) y=(TOP - 14) text-anchor="end" {
                (self.chart.verdict.budget.limit.currency())
            }
            @for amount in self.scale.lines() {
                @let y = self.scale.y(amount);
                line class="grid" x1=(self.left) x2=(WIDTH - RIGHT) y1=(y) y2=(y) {}
                text x=(self.left - 8) y=(y) dy="4" text-anchor="end" { (short(amount)) }
            }
            @for day in days {
                text x=(self.x(day, HALF)) y=(bottom + 19) text-anchor="middle" {
                    (day.strftime(format))
                }
            }
        }
    }

    /// The spend so far: settled days as a line, those that may still change as dashes on grey.
    fn spend(&self) -> Markup {
        let days = &self.chart.days;
        let floor = self.scale.y(Decimal::ZERO);
        let start = self.start();
        let of = |is_settled: bool| {
            let days = days.iter().filter(move |it| self.is_settled(it.day) == is_settled);
            thinned(days.map(|it| self.end_of(it.day, it.total)).collect())
        };
        let (settled, open) = (of(true), of(false));
        let whole: Vec<Point> = settled.iter().chain(&open).copied().collect();
        html! {
            @if let Some((end, _)) = open.last() {
                rect class="unsettled" x=(self.from.0) y=(TOP) width=((end - self.from.0).normalize())
                    height=(HEIGHT - TOP - BOTTOM) {}
            }
            @if let Some((end, _)) = whole.last() {
                polygon class="area" points=(points(&[&[start][..], &whole, &[(*end, floor)]].concat())) {}
            }
            @if !settled.is_empty() {
                polyline class="spend" points=(points(&[&[start][..], &settled].concat())) {}
            }
            @if !open.is_empty() {
                polyline class="spend open" points=(points(&[&[self.from][..], &open].concat())) {}
            }
        }
    }

    /// The range, which grows from the last settled day to the end, around the expected spend.
    fn forecast(&self) -> Markup {
        let BudgetChart { verdict, ahead, .. } = self.chart;
        let Some(Projection { expected, low, high }) = verdict.projection else { return html! {} };
        let end = expected.amount();
        let (below, above) = (low.amount() - end, high.amount() - end);
        let count = Decimal::from(ahead.len().max(1));
        let line = |width: Decimal| {
            let days = ahead.iter().zip(1_u32..).map(|((day, total), at)| {
                let total = total.amount();
                let amount = total + width * Decimal::from(at) / count;
                // Spend that goes up is never expected below zero.
                (self.x(*day, Decimal::ONE), self.scale.y(amount.max(total.min(Decimal::ZERO))))
            });
            thinned(days.collect())
        };
        let start = [self.from];
        let lowest = line(below).into_iter().rev().collect::<Vec<Point>>();
        let range = [&start[..], &line(above), &lowest].concat();
        let expected = [&start[..], &line(Decimal::ZERO)].concat();
        html! {
            polygon class="range" points=(points(&range)) {}
            polyline class="expected" points=(points(&expected)) {}
        }
    }

    /// The limit and the thresholds, as far as the chart reaches up to them.
    fn limits(&self) -> Markup {
        let budget = &self.chart.verdict.budget;
        let limit = budget.limit.amount();
        let of_threshold =
            |it: u16| Some(limit.checked_mul(Decimal::from(it))? / Decimal::ONE_HUNDRED);
        let mut lines = vec![("limit".to_owned(), "limit", self.scale.y(limit))];
        for threshold in budget.thresholds.iter().rev().filter(|it| **it != 100) {
            let amount = of_threshold(*threshold).map(|it| self.scale.y(it));
            if let Some(y) = amount.filter(|it| *it >= Decimal::from(TOP)) {
                lines.push((format!("{threshold} %"), "threshold", y));
            }
        }
        // A name that would cover another one is left out: the words below have all.
        let mut named: Vec<Decimal> = Vec::new();
        let mut is_free = |y: Decimal| {
            let is_free = named.iter().all(|it| (it - y).abs() >= NAME_HEIGHT);
            named.extend(is_free.then_some(y));
            is_free
        };
        html! {
            @for (name, class, y) in &lines {
                line class=(class) x1=(self.left) x2=(WIDTH - RIGHT) y1=(y) y2=(y) {}
                @if is_free(*y) { text x=(WIDTH - RIGHT + 6) y=(y) dy="4" { (name) } }
            }
        }
    }

    /// The alerts on the days of the window on which they were sent.
    fn alerts(&self) -> Markup {
        let mut by_day: BTreeMap<Date, Vec<String>> = BTreeMap::new();
        for stored in self.chart.alerts.iter().rev() {
            let day = stored.at.to_zoned(TimeZone::UTC).date();
            by_day.entry(day).or_default().push(alert_words(stored));
        }
        by_day.retain(|day, _| self.period.contains(*day));
        let bottom = HEIGHT - BOTTOM;
        html! {
            @for (day, words) in &by_day {
                @let x = self.x(*day, HALF);
                g class="alert" {
                    title { (words.join("; ")) }
                    line x1=(x) x2=(x) y1=(TOP) y2=(bottom) {}
                    path d={ "M" (x) " " (bottom - 10) "l5.5 10h-11z" } {}
                }
            }
        }
    }
}

/// As many points as a line needs, with the last one.
fn thinned(points: Vec<Point>) -> Vec<Point> {
    let step = points.len().div_ceil(POINTS_MAX).max(1);
    let last = points.len().saturating_sub(1);
    let is_kept = |at: usize| (last - at).is_multiple_of(step);
    points.into_iter().enumerate().filter(|(at, _)| is_kept(*at)).map(|(_, it)| it).collect()
}

fn points(points: &[Point]) -> String {
    let words: Vec<String> = points.iter().map(|(x, y)| format!("{x},{y}")).collect();
    words.join(" ")
}

/// A round amount in few letters: `2,500`, `1.5 M`.
fn short(amount: Decimal) -> String {
    let million = Decimal::from(1_000_000);
    let (amount, unit) =
        if amount.abs() >= million { (amount / million, " M") } else { (amount, "") };
    let plain = amount.normalize().abs().to_string();
    let (whole, fraction) = plain
        .split_once('.')
        .map_or((plain.as_str(), ""), |(whole, _)| (whole, plain.get(whole.len()..).unwrap_or("")));
    let sign = if amount.is_sign_negative() && !amount.is_zero() { "−" } else { "" };
    format!("{sign}{}{fraction}{unit}", thousands_apart(whole))
}

#[cfg(test)]
mod tests {
    use ledger_app::ports::{AlertState, StoredAlert};
    use ledger_core::bill::Status;
    use ledger_core::budget::{
        Alert, AlertId, Budget, Crossing, CrossingId, Spend, SpendDay, Verdict, judge,
    };
    use ledger_core::cost::CostKind;
    use ledger_core::currency::Currency;
    use ledger_core::filter::Filter;
    use ledger_core::period::Window;

    use super::*;

    fn usd(text: &str) -> Money {
        Money::parse(text, Currency::USD).unwrap().money
    }

    fn day(text: &str) -> Date {
        format!("2026-{text}").parse().unwrap()
    }

    fn verdict(limit: &str, cost: &str) -> Verdict {
        let budget = Budget {
            name: "search".into(),
            owner: "search".into(),
            deputy: None,
            formerly: None,
            limit: usd(limit),
            limits: BTreeMap::new(),
            calendar: Window::Monthly.into(),
            starts: None,
            scope: Filter::default(),
            thresholds: vec![50, 98, 100, 150],
            forecast_thresholds: Vec::new(),
            pace_thresholds: Vec::new(),
            change_thresholds: Vec::new(),
            roll_over_percent_max: None,
            cost_kind: CostKind::Unblended,
        };
        let spend = Spend {
            period: ChargePeriod::new(day("11-01"), day("11-05")).unwrap(),
            cost: usd(cost),
            beside: Vec::new(),
            previous: None,
            is_comparable: true,
            rolled_over: usd("0"),
            status: Status::Billed,
            data_up_to: Some(day("11-04")),
        };
        judge(budget, spend)
    }

    /// Three days of four have data, of which the last may still change.
    fn of_days(limit: &str, totals: &[&str]) -> BudgetChart {
        let days = [day("11-01"), day("11-02"), day("11-03")];
        let days = days.into_iter().zip(totals).map(|(day, total)| {
            let total = usd(total);
            SpendDay { day, cost: total, total }
        });
        BudgetChart {
            verdict: verdict(limit, totals.last().unwrap_or(&"0")),
            days: days.collect(),
            settled_up_to: Some(day("11-03")),
            ahead: Vec::new(),
            is_forecast: true,
            alerts: Vec::new(),
        }
    }

    #[track_caller]
    fn check(of: &BudgetChart, expected: &[&str], missing: &[&str]) {
        let svg = chart(7, of).unwrap().into_string();
        for part in expected {
            assert!(svg.contains(part), "{part} in {svg}");
        }
        for part in missing {
            assert!(!svg.contains(part), "{part} in {svg}");
        }
    }

    /// 348 pixels for four days, from x = 44 on; 168 from 0 to 100 USD, from y = 194 up.
    #[test]
    fn spend_limit_and_thresholds_are_to_scale() {
        check(
            &of_days("100", &["20", "40", "60"]),
            &[
                r#"<polyline class="spend" points="44,194 131,160.4 218,126.8"></polyline>"#,
                r#"<polyline class="spend open" points="218,126.8 305,93.2"></polyline>"#,
                r#"<rect class="unsettled" x="218" y="26" width="87" height="168"></rect>"#,
                r#"<line class="limit" x1="44" x2="392" y1="26" y2="26">"#,
                r#"<line class="threshold" x1="44" x2="392" y1="110" y2="110">"#,
                ">limit<",
                ">50 %<",
                ">Nov 4<",
                r#"aria-labelledby="budget-7-title budget-7-desc""#,
            ],
            // Its name would cover that of the limit; the other one is above the chart.
            &["98 %", "150 %", "range", "<g"],
        );
    }

    #[test]
    fn the_forecast_begins_where_costs_are_settled() {
        let mut of = of_days("100", &["20", "40", "60"]);
        of.ahead = vec![(day("11-03"), usd("62")), (day("11-04"), usd("80"))];
        let (expected, low, high) = (usd("80"), usd("70"), usd("100"));
        of.verdict.projection = Some(Projection { expected, low, high });
        check(
            &of,
            &[
                r#"<polygon class="range" points="218,126.8 305,73.04 392,26 392,76.4 305,98.24"></polygon>"#,
                r#"<polyline class="expected" points="218,126.8 305,89.84 392,59.6"></polyline>"#,
            ],
            &[],
        );
        // Nothing is settled in a window that has just begun.
        of.days.clear();
        check(&of, &[r#"class="range" points="44,194 305,73"#], &["\"spend", "area", "unsettled"]);
    }

    #[test]
    fn alerts_are_on_the_day_on_which_they_were_sent() {
        let mut of = of_days("100", &["20", "40", "60"]);
        let id = AlertId::Crossing(CrossingId {
            budget: "search".into(),
            window: Window::Monthly,
            start: day("11-01"),
            crossing: Crossing::reached(50),
        });
        let alert = Alert {
            id,
            also: Vec::new(),
            receivers: Vec::new(),
            subject: String::new(),
            body: String::new(),
            chat: None,
            document: None,
            attributes: BTreeMap::new(),
        };
        let sent = |at: &str| StoredAlert {
            alert: alert.clone(),
            state: AlertState::Sent,
            at: at.parse().unwrap(),
        };
        // The second one was sent after the window, as bills are late.
        of.alerts = vec![sent("2026-11-02T23:59:59Z"), sent("2026-11-05T00:00:00Z")];
        let svg = chart(0, &of).unwrap().into_string();
        assert_eq!(svg.matches("<g class").count(), 1);
        assert!(svg.contains(r#"<line x1="174.5" x2="174.5" y1="26" y2="194">"#), "{svg}");
        assert!(svg.contains("2 alerts. A table"));
    }

    #[test]
    fn credits_and_tiny_and_huge_amounts_fit() {
        check(&of_days("100", &["-20", "-40", "10"]), &["−50", "points=\"44,"], &[]);
        let tiny = of_days("0.000000000000002", &["0.000000000000001"]);
        check(&tiny, &["0.000000000000001<", r#"<line class="grid" x1="150""#], &[]);
        let huge = of_days("9999999999999", &["1", "2", "3"]);
        check(&huge, &["10,000,000 M<"], &[]);
        let days_of_years = (1..=2_000).map(|it| (Decimal::from(it), Decimal::ONE)).collect();
        let thin = thinned(days_of_years);
        assert_eq!(thin.len(), 400);
        assert_eq!(thin.last(), Some(&(Decimal::from(2_000), Decimal::ONE)));
        assert_eq!(thinned(Vec::new()), Vec::new());
    }

    #[test]
    fn amounts_are_short() {
        for (amount, expected) in [
            ("0", "0"),
            ("2500", "2,500"),
            ("-20", "−20"),
            ("0.05", "0.05"),
            ("1500000", "1.5 M"),
            ("20000000000", "20,000 M"),
        ] {
            assert_eq!(short(amount.parse().unwrap()), expected);
        }
    }
}
