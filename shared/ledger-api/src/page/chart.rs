//! The daily chart as SVG text. It holds days and amounts, never a name: names stand in the legend,
//! where they are escaped like all text of the page.

use jiff::civil::Date;
use ledger_core::currency::Currency;
use ledger_core::period::ChargePeriod;
use ledger_core::ranking::Series;
use maud::{Markup, PreEscaped, html};
use plotters::prelude::{
    ChartBuilder, Color, IntoDrawingArea, IntoFont, RGBColor, Rectangle, SVGBackend,
};
use rust_decimal::prelude::ToPrimitive as _;

const WIDTH: u32 = 960;
const HEIGHT: u32 = 300;

/// Half of a bar's width; a day is 1 wide.
const HALF_BAR: f64 = 0.38;

/// Colours that people with any colour vision tell apart, on light and on dark.
const COLOURS: [(u8, u8, u8); 6] = [
    (0x2b, 0x7f, 0xc4),
    (0xe6, 0x9f, 0x00),
    (0x00, 0x9e, 0x73),
    (0xcc, 0x79, 0xa7),
    (0x56, 0xb4, 0xe9),
    (0x8c, 0x8c, 0x8c),
];

pub(super) fn chart(period: ChargePeriod, currency: Currency, series: &[Series]) -> Markup {
    let days: Vec<Date> = period.days().collect();
    let Some(svg) = stacked_days(&days, series, currency) else { return html! {} };
    html! {
        h3 { "By day, " (days.len()) " days" }
        ul.legend {
            @for (one, (red, green, blue)) in series.iter().zip(COLOURS) {
                li { i style={ "background:rgb(" (red) "," (green) "," (blue) ")" } {} " " (one.name) }
            }
        }
        div.chart { (PreEscaped(svg)) }
    }
}

/// Draws the days as bars, the series one on the other. `None` when there is nothing to draw or
/// drawing failed, which the log says.
fn stacked_days(days: &[Date], series: &[Series], currency: Currency) -> Option<String> {
    let bars = bars_of(days.len(), series);
    let top = bars.iter().map(|bar| bar.to).fold(0.0, f64::max);
    let bottom = bars.iter().map(|bar| bar.to).fold(0.0, f64::min);
    if bars.is_empty() || top <= bottom {
        return None;
    }
    let mut svg = String::new();
    let drawn = draw(&mut svg, days, &bars, (bottom * 1.05, top * 1.05), currency);
    if let Err(err) = drawn {
        tracing::error!(error = %err, "the chart was not drawn");
        return None;
    }
    with_title(&svg, days, currency)
}

struct Bar {
    day: usize,
    from: f64,
    to: f64,
    colour: RGBColor,
}

/// Costs go up from zero, credits down.
fn bars_of(day_count: usize, series: &[Series]) -> Vec<Bar> {
    let mut bars = Vec::new();
    for day in 0..day_count {
        let (mut above, mut below) = (0.0, 0.0);
        for (one, (red, green, blue)) in series.iter().zip(COLOURS) {
            let cost = one.costs.get(day).and_then(|it| it.amount().to_f64()).unwrap_or_default();
            let from: &mut f64 = if cost < 0.0 { &mut below } else { &mut above };
            if cost != 0.0 {
                let colour = RGBColor(red, green, blue);
                bars.push(Bar { day, from: *from, to: *from + cost, colour });
                *from += cost;
            }
        }
    }
    bars
}

type DrawError = Box<dyn std::error::Error>;

fn draw(
    svg: &mut String,
    days: &[Date],
    bars: &[Bar],
    (bottom, top): (f64, f64),
    currency: Currency,
) -> Result<(), DrawError> {
    let root = SVGBackend::with_string(svg, (WIDTH, HEIGHT)).into_drawing_area();
    let font = || ("sans-serif", 14).into_font();
    let mut chart = ChartBuilder::on(&root)
        .margin(10)
        .x_label_area_size(30)
        .y_label_area_size(90)
        .build_cartesian_2d(-0.5..position(days.len()) - 0.5, bottom..top)?;
    let decimals = if top < 10.0 { 2 } else { 0 };
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(RGBColor(0x80, 0x80, 0x80).mix(0.0))
        .bold_line_style(RGBColor(0x80, 0x80, 0x80).mix(0.3))
        .axis_style(RGBColor(0x80, 0x80, 0x80))
        .x_labels(8)
        .y_labels(5)
        .label_style(font())
        .x_label_formatter(&|at| day_at(days, *at))
        .y_label_formatter(&|amount| format!("{amount:.decimals$} {currency}"))
        .draw()?;
    chart.draw_series(bars.iter().map(|bar| {
        let middle = position(bar.day);
        let corners = [(middle - HALF_BAR, bar.from), (middle + HALF_BAR, bar.to)];
        Rectangle::new(corners, bar.colour.filled())
    }))?;
    root.present()?;
    Ok(())
}

fn position(day: usize) -> f64 {
    u32::try_from(day).map_or(0.0, f64::from)
}

/// The day whose middle is at a place of the axis; nothing between two.
fn day_at(days: &[Date], at: f64) -> String {
    let day = days.iter().enumerate().find(|(index, _)| (position(*index) - at).abs() < 0.01);
    day.map_or_else(String::new, |(_, day)| day.strftime("%b %-d").to_string())
}

/// Says what is drawn to those who do not see it.
fn with_title(svg: &str, days: &[Date], currency: Currency) -> Option<String> {
    let (first, last) = (days.first()?, days.last()?);
    let at = svg.find("<svg")?;
    let (_, from_svg) = svg.split_at(at);
    let (open, rest) = from_svg.split_once('>')?;
    let attributes = open.strip_prefix("<svg")?;
    Some(format!(
        "<svg role=\"img\"{attributes}><title>Cost by day and owner in {currency}</title>\
         <desc>One bar a day from {first} to {last}, stacked by owner. The tables below hold the \
         amounts.</desc>{rest}"
    ))
}
