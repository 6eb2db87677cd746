//! Monthly cost of running Tollbook at public prices. Consumption is counted where possible;
//! printed notes name the assumptions.

mod organisation;
mod simulation;

use std::collections::BTreeMap;

use anyhow::Context;
use ledger_aws::dynamodb::Consumption;
use ledger_core::money::parse_decimal;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::json;

use self::organisation::Organisation;
use self::simulation::{Counted, simulate};
use crate::args::{CostOfRunningArgs, Format};
use crate::{Outcome, output};

const PRICES: &str = include_str!("cost_of_running/prices.toml");

const BYTES_A_GB: u64 = 1 << 30;

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

/// One line of the bill.
struct Part {
    name: &'static str,
    quantity: Decimal,
    price: Price,
}

impl Part {
    fn cost(&self) -> Decimal {
        self.quantity * self.price.usd / Decimal::from(self.price.per)
    }
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
        Format::Json => print_json(&parts),
    }
    Ok(Outcome::Done)
}

fn parts(
    args: &CostOfRunningArgs,
    prices: &Prices,
    counted: &Counted,
) -> anyhow::Result<Vec<Part>> {
    let Assumption { days_a_month: days, alarms, metrics, months_kept, .. } = prices.assumption;
    let deliveries = args.deliveries_per_day * days;
    // The close of the month changes every day once more; a counted delivery changes two.
    let deliveries_written = deliveries + days / 2;
    let explorer_runs = args.cost_explorer_runs_per_day * days;
    let hourly = 24 * days;
    // A new UTC day is judged although nothing changed.
    let changed = deliveries + 1 + explorer_runs + days;
    let unchanged = hourly - days;
    let times = |it: Consumption, count: u64| {
        let count = Decimal::from(count);
        (it.read_units * count, it.write_units * count)
    };
    let lookups = times(counted.statement, args.lookups);
    let imports = times(counted.delivery, deliveries_written);
    let explorer = times(counted.explorer, explorer_runs);
    let judged = times(counted.changed, changed);
    let looked = times(counted.unchanged, unchanged);
    let alerts = times(counted.alerts, 1);
    let evaluations = (judged.0 + looked.0 + alerts.0, judged.1 + looked.1 + alerts.1);

    let functions = [
        ("ingest_export", deliveries + 1),
        ("evaluate_changed", changed),
        ("evaluate_unchanged", unchanged),
        ("lookup", args.lookups),
        ("cost_explorer", explorer_runs),
    ];
    let mut gb_seconds = Decimal::ZERO;
    for (name, count) in functions {
        let function = prices.function.get(name);
        let Function { memory_mb, seconds } =
            *function.with_context(|| format!("the price list has no function `{name}`"))?;
        gb_seconds += Decimal::from(memory_mb * seconds * count) / Decimal::from(1024);
    }
    let invocations: u64 = functions.iter().map(|(_, count)| count).sum();
    let log_bytes = invocations * prices.assumption.log_bytes_an_invocation
        + args.lookups * prices.assumption.log_bytes_an_api_request;
    // Replaced days expire after a week.
    let replaced_days = 2 * args.deliveries_per_day * 7;
    let stored = counted.day_bytes * (days * months_kept + replaced_days);
    let gb = |bytes: u64| Decimal::from(bytes) / Decimal::from(BYTES_A_GB);

    let count = Decimal::from;
    let list: [(&str, &str, Decimal); 20] = [
        ("alarms", "alarm", count(alarms)),
        ("metric of the age of data", "metric", count(metrics)),
        ("ledger: writes of deliveries", "dynamodb_write_unit", imports.1),
        ("ledger: reads of deliveries", "dynamodb_read_unit", imports.0),
        ("ledger: writes of evaluations", "dynamodb_write_unit", evaluations.1),
        ("ledger: reads of evaluations", "dynamodb_read_unit", evaluations.0),
        ("ledger: reads of lookups", "dynamodb_read_unit", lookups.0),
        ("ledger: writes of Cost Explorer", "dynamodb_write_unit", explorer.1),
        ("ledger: reads of Cost Explorer", "dynamodb_read_unit", explorer.0),
        ("ledger: storage", "dynamodb_gb_month", gb(stored)),
        ("ledger: point-in-time recovery", "dynamodb_backup_gb_month", gb(stored)),
        ("functions: time", "lambda_gb_second", gb_seconds),
        ("functions: invocations", "lambda_request", count(invocations)),
        ("schedules", "schedule", count(hourly + explorer_runs)),
        ("API requests", "api_request", count(args.lookups)),
        ("export: GET requests", "s3_get", count(counted.delivery_gets * (deliveries + 1))),
        ("alerts: published", "sns_publish", count(counted.alert_count)),
        ("alerts: sent by mail", "sns_email", count(counted.alert_count)),
        ("logs, in GB", "log_gb", gb(log_bytes)),
        (
            "Cost Explorer requests",
            "cost_explorer_request",
            count(counted.explorer_requests * explorer_runs),
        ),
    ];
    list.into_iter()
        .map(|(name, price, quantity)| {
            let price = prices.price.get(price);
            let price =
                *price.with_context(|| format!("the price list has no price of `{name}`"))?;
            Ok(Part { name, quantity, price })
        })
        .collect()
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

fn print_json(parts: &[Part]) {
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
    output::line(&answer.to_string());
}

fn print_notes(
    args: &CostOfRunningArgs,
    prices: &Prices,
    organisation: &Organisation,
    counted: &Counted,
) {
    let Assumption { days_a_month: days, months_kept, .. } = prices.assumption;
    let request = counted.explorer_requests;
    let run = prices
        .price
        .get("cost_explorer_request")
        .map_or(Decimal::ZERO, |it| it.usd * Decimal::from(request * days));
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
            "Cost Explorer: a run asks {request} requests here, so once a day would be {run} USD a month; beside an export it is off unless --cost-explorer-runs-per-day says otherwise"
        ),
        "prices: us-east-1, on demand, without free tier, of 2026-11; check them against AWS's price pages".to_owned(),
    ];
    for note in notes {
        output::line(&note);
    }
}
