//! Monthly cost of running Tollbook at public prices. Consumption is counted where possible;
//! printed notes name the assumptions.

mod organisation;
mod parts;
mod simulation;

use std::collections::BTreeMap;

use anyhow::Context;
use ledger_core::money::parse_decimal;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::json;

use self::organisation::Organisation;
use self::parts::{Part, parts};
use self::simulation::{Counted, simulate};
use crate::args::{CostOfRunningArgs, Format};
use crate::{Outcome, output};

const PRICES: &str = include_str!("cost_of_running/prices.toml");

#[derive(Deserialize)]
struct Prices {
    price: BTreeMap<String, Price>,
    function: BTreeMap<String, Function>,
    assumption: Assumption,
}

#[derive(Clone, Copy, Deserialize)]
struct Price {
    #[serde(deserialize_with = "decimal")]
    usd: Decimal,
    per: u64,
}

fn decimal<'de, D: serde::Deserializer<'de>>(source: D) -> Result<Decimal, D::Error> {
    let text = String::deserialize(source)?;
    parse_decimal(&text).map_err(serde::de::Error::custom)
}

#[derive(Clone, Copy, Deserialize)]
struct Function {
    memory_mb: u64,
    seconds: u64,
}

#[derive(Clone, Copy, Deserialize)]
struct Assumption {
    log_bytes_an_invocation: u64,
    log_bytes_an_api_request: u64,
    alarms: u64,
    metrics: u64,
    days_a_month: u64,
    months_kept: u64,
}

/// Simulates days of a month and prints the cost of the month.
pub async fn cost_of_running(format: Format, args: &CostOfRunningArgs) -> anyhow::Result<Outcome> {
    let prices: Prices = toml::from_str(PRICES).context("the price list")?;
    let days = prices.assumption.days_a_month;
    let organisation =
        Organisation { principals: args.principals, calls_a_day: args.calls.div_ceil(days) };
    let counted = simulate(organisation, args.budgets).await?;
    let mut parts = parts(args, &prices, &counted)?;
    parts.sort_by_key(|it| std::cmp::Reverse(it.cost()));
    match format {
        Format::Table => {
            print_table(&parts);
            print_notes(args, &prices, &organisation, &counted);
        }
        Format::Csv => output::csv(&HEADER, &rows(&parts)),
        Format::Json => print_json(&parts)?,
    }
    Ok(Outcome::Done)
}

const HEADER: [&str; 5] = ["part", "quantity", "usd", "per", "usd a month"];

fn rows(parts: &[Part]) -> Vec<Vec<String>> {
    let row = |part: &Part| {
        vec![
            part.name.to_owned(),
            part.quantity.round_dp(3).normalize().to_string(),
            part.price.usd.to_string(),
            part.price.per.to_string(),
            format!("{:.4}", part.cost()),
        ]
    };
    parts.iter().map(row).collect()
}

fn total(parts: &[Part]) -> Decimal {
    parts.iter().map(Part::cost).sum()
}

fn print_table(parts: &[Part]) {
    let mut rows = rows(parts);
    let total = total(parts);
    let empty = String::new;
    rows.push(vec!["total".to_owned(), empty(), empty(), empty(), format!("{total:.4}")]);
    output::table(&HEADER, &rows, 4);
    if let Some(largest) = parts.first() {
        output::line(&format!("the largest part: {}", largest.name));
    }
}

fn print_json(parts: &[Part]) -> anyhow::Result<()> {
    let list: Vec<_> = parts
        .iter()
        .map(|part| {
            json!({
                "part": part.name,
                "quantity": part.quantity.normalize().to_string(),
                "usd": part.price.usd.to_string(),
                "per": part.price.per,
                "usd_a_month": part.cost().normalize().to_string(),
            })
        })
        .collect();
    let total = total(parts).normalize().to_string();
    let largest = parts.first().map(|it| it.name);
    let answer = json!({ "parts": list, "total_usd_a_month": total, "largest": largest });
    output::json(&answer)
}

fn print_notes(
    args: &CostOfRunningArgs,
    prices: &Prices,
    organisation: &Organisation,
    counted: &Counted,
) {
    let Assumption { days_a_month: days, months_kept, .. } = prices.assumption;
    let (beside, alone) = (counted.explorer_requests, counted.explorer_alone_requests);
    let first = counted.explorer_first_requests;
    let alone_usd = prices
        .price
        .get("cost_explorer_request")
        .map_or(Decimal::ZERO, |it| it.usd * Decimal::from(alone * days));
    let notes = [
        format!(
            "counted: {} lines a day of {} callers and {} owners; the use cases ran on the embedded database with AWS's client, and units are what the database says it consumed",
            organisation.lines_a_day(),
            args.principals,
            organisation.teams()
        ),
        format!(
            "scaled: one delivery that changes two days, at the middle of a month, stands for {} deliveries and for the close of the month, which changes each day once more; one evaluation of each kind and one statement stand for all",
            args.deliveries_per_day * days
        ),
        "assumed: every threshold of every budget is told by mail once; seconds and memory of functions, logs and alarms as the price list says".to_owned(),
        format!(
            "storage is that after {months_kept} months. The export itself, its S3 storage and what AWS asks for Bedrock are not costs of Tollbook"
        ),
        format!(
            "Cost Explorer: beside an export a run asks {beside} requests, one more in the first days of a month; without an export the first asks {first} here, and each later one, with a new day and two that changed, {alone}: once a day {alone_usd} USD a month"
        ),
        "prices: us-east-1, on demand, without free tier, of 2026-11; check them against AWS's price pages".to_owned(),
    ];
    for note in notes {
        output::line(&note);
    }
}
