//! The days that a statement knows: up to which day there is data, and which days lack.

use std::fs;

use serde_json::json;

use crate::{HEADER, json, tollbook};

/// A bill of October with a charge on each of these days.
fn bill(days: &[&str]) -> String {
    let mut text = format!("{HEADER}\n");
    for day in days {
        text.push_str(&format!(
            "2026-10-01T00:00:00Z,123456789012,123456789012,{day}T00:00:00Z,Usage,AmazonBedrock,\
             USE1-NovaLite-input-tokens,2.5,1K tokens,1,USD,,\n"
        ));
    }
    text
}

/// The JSON statement, the table's first lines and the first line of the CSV.
fn statement(days: &[&str]) -> (serde_json::Value, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("bill.csv"));
    fs::write(&file, bill(days)).unwrap();
    json(&data, &["import", file.to_str().unwrap()]);
    let args = ["statement", "--period", "2026-10"];
    let answer = json(&data, &args)["statements"][0].clone();
    let text = |format| {
        let output = tollbook(&data, &[&args[..], &["--format", format]].concat());
        String::from_utf8(output.stdout).unwrap()
    };
    let head: Vec<String> = text("table").lines().take(2).map(str::to_owned).collect();
    (answer, head.join("\n"), text("csv").lines().nth(1).unwrap().to_owned())
}

#[test]
fn a_statement_says_which_days_it_lacks() {
    let (answer, table, csv) = statement(&["2026-10-01", "2026-10-02", "2026-10-29"]);
    assert_eq!(answer["data_up_to"], "2026-10-30");
    assert_eq!(answer["missing_days"], json!(["2026-10-30", "2026-10-31"]));
    let expected =
        "cost), data up to 2026-10-30, end excluded\nno data of 2026-10-30 to 2026-10-31";
    assert!(table.ends_with(expected), "{table}");
    assert!(csv.ends_with(",2026-10-30,2026-10-30 to 2026-10-31,,"), "{csv}");
}

#[test]
fn a_statement_of_a_whole_month_lacks_none() {
    let (answer, table, csv) = statement(&["2026-10-01", "2026-10-31"]);
    assert_eq!(answer["missing_days"], json!([]));
    assert!(table.contains("data up to 2026-11-01, end excluded\n"), "{table}");
    assert!(!table.contains("no data") && csv.ends_with(",2026-11-01,,,"), "{table} {csv}");
}

/// A credit on November's bill for a day of October is part of October, beside its other credits.
#[test]
fn a_charge_on_the_bill_of_another_month_is_a_line_with_that_month() {
    let line = |bill: &str, day: &str, kind: &str, cost: &str| {
        format!(
            "{bill}-01T00:00:00Z,123456789012,123456789012,{day}T00:00:00Z,{kind},AmazonBedrock,\
             USE1-NovaLite-input-tokens,2.5,1K tokens,{cost},USD,,\n"
        )
    };
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("bill.csv"));
    let lines = [
        line("2026-10", "2026-10-05", "Usage", "10"),
        line("2026-10", "2026-10-31", "Credit", "-1"),
        line("2026-11", "2026-10-31", "Credit", "-2"),
        line("2026-11", "2026-11-01", "Usage", "5"),
    ];
    fs::write(&file, format!("{HEADER}\n{}", lines.concat())).unwrap();
    json(&data, &["import", file.to_str().unwrap()]);
    let args = ["statement", "--period", "2026-10"];
    let answer = json(&data, &args)["statements"][0].clone();
    let lines: Vec<_> = answer["lines"].as_array().unwrap().iter().collect();
    let lines = lines.iter().map(|it| (&it["line_type"], &it["bill_period"], &it["amount"]));
    let expected = [
        (json!("Credit"), json!(null), json!("-1")),
        (json!("Credit"), json!("2026-11"), json!("-2")),
        (json!("Usage"), json!(null), json!("10")),
    ];
    assert_eq!(
        lines.collect::<Vec<_>>(),
        expected.iter().map(|(a, b, c)| (a, b, c)).collect::<Vec<_>>()
    );
    assert_eq!(answer["total"], "7");
    let output = |format| {
        let output = tollbook(&data, &[&args[..], &["--format", format]].concat());
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(output("table").contains(" Credit (bill of 2026-11) "), "{}", output("table"));
    let csv = output("csv");
    assert_eq!(csv.lines().filter(|it| it.ends_with(",2026-11,")).count(), 1, "{csv}");
}
