//! The daily chart as SVG. It holds days and amounts, never a name: names are in the legend, where
//! they are escaped like all text of the page. Positions are decimals, rounded to a hundredth of a
//! pixel when they are written.

use jiff::civil::Date;
use ledger_core::currency::Currency;
use ledger_core::letter::shown_in_column;
use ledger_core::period::ChargePeriod;
use ledger_core::ranking::Series;
use maud::{Markup, html};
use rust_decimal::Decimal;

use super::scale::Scale;

const WIDTH: u32 = 960;
const HEIGHT: u32 = 300;

/// Space around the bars: amounts on the left, days below.
const LEFT: u32 = 110;
const RIGHT: u32 = 10;
const TOP: u32 = 10;
const BOTTOM: u32 = 50;

/// Most days that are named below the chart.
const DAY_NAMES_MAX: usize = 8;

/// Part of a day's width on each side of its bar.
const GAP: Decimal = Decimal::from_parts(12, 0, 0, false, 2);

/// Colours that people with any colour vision tell apart, on light and on dark.
const COLOURS: [&str; 6] = ["#2b7fc4", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#8c8c8c"];

const GREY: &str = "#808080";

pub(super) fn chart(period: ChargePeriod, currency: Currency, series: &[Series]) -> Markup {
    let days: Vec<Date> = period.days().collect();
    let Some(svg) = stacked_days(&days, series, currency) else { return html! {} };
    html! {
        h3 { "By day, " (days.len()) " days" }
        ul.legend {
            @for (one, colour) in series.iter().zip(COLOURS) {
                li { i style={ "background:" (colour) } {} " " (shown_in_column(&one.name)) }
            }
        }
        div.chart { (svg) }
    }
}

/// The days as bars, the series stacked. `None` when there is nothing to draw.
fn stacked_days(days: &[Date], series: &[Series], currency: Currency) -> Option<Markup> {
    let bars = bars_of(days.len(), series)?;
    let ends = || bars.iter().map(|bar| bar.to);
    let top = ends().fold(Decimal::ZERO, Decimal::max);
    let bottom = ends().fold(Decimal::ZERO, Decimal::min);
    let scale = Scale::of(bottom, top, TOP, HEIGHT - TOP - BOTTOM)?;
    let (first, last) = (days.first()?, days.last()?);
    let plot_width = Decimal::from(WIDTH - LEFT - RIGHT);
    let day_width = plot_width.checked_div(Decimal::from(days.len()))?;
    let x = |day: usize, part: Decimal| {
        (Decimal::from(LEFT) + day_width * (Decimal::from(day) + part)).round_dp(2).normalize()
    };
    let bar_width = (day_width * (Decimal::ONE - GAP - GAP)).round_dp(2).normalize();
    let named = days.iter().enumerate().step_by(days.len().div_ceil(DAY_NAMES_MAX));
    let middle = Decimal::new(5, 1);
    Some(html! {
        svg role="img" xmlns="http://www.w3.org/2000/svg" viewBox={ "0 0 " (WIDTH) " " (HEIGHT) }
            font-family="sans-serif" font-size="14" {
            title { "Cost by day and owner in " (currency) }
            desc {
                "One bar a day from " (first) " to " (last) ", stacked by owner. The tables below \
                 hold the amounts."
            }
            @for amount in scale.lines() {
                @let y = scale.y(amount);
                line x1=(LEFT) x2=(WIDTH - RIGHT) y1=(y) y2=(y) stroke=(GREY) stroke-opacity="0.3" {}
                text x=(LEFT - 8) y=(y) dy="5" text-anchor="end" fill=(GREY) {
                    (amount) " " (currency)
                }
            }
            @for bar in &bars {
                @let (above, below) = (scale.y(bar.from.max(bar.to)), scale.y(bar.from.min(bar.to)));
                rect x=(x(bar.day, GAP)) y=(above) width=(bar_width)
                    height=((below - above).normalize()) fill=(bar.colour) {}
            }
            @for (at, day) in named {
                text x=(x(at, middle)) y=(HEIGHT - BOTTOM + 24) text-anchor="middle" fill=(GREY) {
                    (day.strftime("%b %-d"))
                }
            }
        }
    })
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Bar {
    day: usize,
    from: Decimal,
    to: Decimal,
    colour: &'static str,
}

/// Costs go up from zero, credits down. `None` for sums that no chart can show.
fn bars_of(day_count: usize, series: &[Series]) -> Option<Vec<Bar>> {
    let mut bars = Vec::new();
    for day in 0..day_count {
        let (mut above, mut below) = (Decimal::ZERO, Decimal::ZERO);
        for (one, colour) in series.iter().zip(COLOURS) {
            let cost = one.costs.get(day)?.amount();
            let end = if cost.is_sign_negative() { &mut below } else { &mut above };
            let from = *end;
            *end = from.checked_add(cost)?;
            if !cost.is_zero() {
                bars.push(Bar { day, from, to: *end, colour });
            }
        }
    }
    Some(bars)
}

#[cfg(test)]
mod tests {
    use ledger_core::money::Money;

    use super::*;

    fn series(name: &str, costs: &[&str]) -> Series {
        let money = |text: &&str| Money::parse(text, Currency::USD).unwrap().money;
        Series { name: name.to_owned(), costs: costs.iter().map(money).collect() }
    }

    fn svg(days: &[&str], series: &[Series]) -> Option<String> {
        let days: Vec<Date> = days.iter().map(|it| it.parse().unwrap()).collect();
        stacked_days(&days, series, Currency::USD).map(|it| it.into_string())
    }

    const DAYS: [&str; 2] = ["2026-11-01", "2026-11-02"];

    /// 240 pixels from 0 to 40 USD: 6 a dollar, from y = 250 up.
    #[test]
    fn costs_are_stacked_to_scale() {
        let svg = svg(&DAYS, &[series("a", &["30", "0"]), series("b", &["10", "0.5"])]).unwrap();
        for expected in [
            r##"y="70" width="319.2" height="180" fill="#2b7fc4""##,
            r##"y="10" width="319.2" height="60" fill="#e69f00""##,
            r##"y="247" width="319.2" height="3" fill="#e69f00""##,
            ">40 USD<",
            ">Nov 2<",
        ] {
            assert!(svg.contains(expected), "{expected} in {svg}");
        }
        assert_eq!(svg.matches("<rect").count(), 3);
    }

    /// From -20 to 20 USD: zero is in the middle, at y = 130.
    #[test]
    fn credits_go_down_from_zero() {
        let svg = svg(&DAYS, &[series("a", &["20", "-20"])]).unwrap();
        assert!(svg.contains(r#"y="10" width="319.2" height="120""#), "{svg}");
        assert!(svg.contains(r#"y="130" width="319.2" height="120""#), "{svg}");
    }

    #[test]
    fn without_costs_nothing_is_drawn() {
        assert_eq!(svg(&DAYS, &[series("a", &["0", "0"])]), None);
        assert_eq!(svg(&[], &[series("a", &[])]), None);
    }
}
