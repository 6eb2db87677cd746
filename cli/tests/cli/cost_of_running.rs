//! What a month costs: counted, added up, and below the bar.

use std::path::Path;

use rust_decimal::Decimal;
use serde_json::Value;

use crate::{decimal, json, tollbook};

const SMALL: [&str; 7] =
    ["cost-of-running", "--calls", "9000", "--principals", "60", "--budgets", "3"];

/// It neither reads nor makes a ledger.
fn nowhere() -> &'static Path {
    Path::new("/nowhere")
}

fn part<'a>(answer: &'a Value, name: &str) -> &'a Value {
    answer["parts"].as_array().unwrap().iter().find(|it| it["part"] == name).unwrap()
}

#[test]
fn a_month_of_a_million_calls_costs_at_most_three_dollars() {
    let answer = json(nowhere(), &["cost-of-running"]);
    let total = decimal(&answer["total_usd_a_month"]);
    assert!(total <= Decimal::from(3), "{answer}");
    // Days that were read and written, not an empty ledger.
    let written = decimal(&part(&answer, "ledger: writes of deliveries")["quantity"]);
    assert!(written > Decimal::from(10_000), "{answer}");
}

#[test]
fn the_sum_is_that_of_its_parts() {
    let answer = json(nowhere(), &SMALL);
    let parts = answer["parts"].as_array().unwrap();
    let sum: Decimal = parts.iter().map(|it| decimal(&it["usd_a_month"])).sum();
    assert_eq!(sum, decimal(&answer["total_usd_a_month"]));
    assert_eq!(answer["largest"], parts[0]["part"]);
    for name in
        ["ledger: writes of deliveries", "ledger: reads of evaluations", "alerts: published"]
    {
        assert!(decimal(&part(&answer, name)["quantity"]) > Decimal::ZERO, "{name}");
    }
    // One message of each of three budgets, for all of its thresholds.
    assert_eq!(part(&answer, "alerts: published")["quantity"], "3");
}

#[test]
fn cost_explorer_beside_an_export_costs_less_than_a_dollar_a_month() {
    let answer = |args: &[&str]| json(nowhere(), &[&SMALL[..], args].concat());
    let requests = |answer: &Value| part(answer, "Cost Explorer requests").clone();
    let daily = requests(&answer(&[]));
    // Names of services and their totals; in the first four days of a month those of two months.
    assert_eq!(daily["quantity"], (30 * 2 + 4).to_string());
    assert!(decimal(&daily["usd_a_month"]) < Decimal::ONE);
    let off = answer(&["--cost-explorer-runs-per-day", "0"]);
    assert_eq!(requests(&off)["quantity"], "0");
}

#[test]
fn what_was_counted_and_what_was_assumed_is_said() {
    let output = tollbook(nowhere(), &SMALL);
    let text = String::from_utf8(output.stdout).unwrap();
    for expected in
        ["total", "the largest part: ", "counted: ", "scaled: ", "assumed: ", "prices: "]
    {
        assert!(text.contains(expected), "`{expected}` is not in:\n{text}");
    }
}
