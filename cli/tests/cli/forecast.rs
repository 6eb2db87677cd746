//! Forecasts through the front door.

use std::fmt::Write as _;
use std::path::Path;

use jiff::ToSpan as _;
use rust_decimal::Decimal;
use serde_json::Value;

use crate::{HEADER, decimal, json, tollbook};

fn said(data: &Path, args: &[&str]) -> String {
    let output = tollbook(data, args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn refused(data: &Path, args: &[&str]) -> String {
    let output = tollbook(data, args);
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr).unwrap()
}

/// A bill of one month with a line for each charge: day, line type, usage type, cost, currency.
fn import(folder: &Path, month: u32, charges: &[(u32, &str, &str, &str, &str)]) {
    let mut bill = format!("{HEADER}\n");
    for (day, line_type, usage_type, cost, currency) in charges {
        writeln!(
            bill,
            "2026-{month:02}-01T00:00:00Z,123456789012,123456789012,2026-{month:02}-{day:02}T00:00:00Z,\
             {line_type},AmazonBedrock,{usage_type},1,1K tokens,{cost},{currency},,"
        )
        .unwrap();
    }
    let file = folder.join(format!("{month}.csv"));
    std::fs::write(&file, bill).unwrap();
    said(&folder.join("data"), &["import", file.to_str().unwrap()]);
}

const TOKENS: &str = "USE1-NovaLite-input-tokens";

#[test]
fn what_is_settled_is_exact_and_the_rest_is_a_range() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let costs = ["40.10", "38.75", "41.3", "40.000000001"];
    let of_days = |days: std::ops::RangeInclusive<u32>| {
        days.map(|day| (day, "Usage", TOKENS, costs[day as usize % 4], "USD")).collect::<Vec<_>>()
    };
    import(folder.path(), 9, &of_days(1..=30));
    let mut october = of_days(1..=20);
    // The last day has hardly any cost yet, the one before more than all others.
    october[19].3 = "0.25";
    october[18].3 = "99.5";
    import(folder.path(), 10, &october);
    let answer = json(&data, &["forecast"]);
    assert_eq!((&answer["from"], &answer["to"]), (&"2026-10-01".into(), &"2026-11-01".into()));
    assert_eq!(
        (&answer["data_up_to"], &answer["settled_up_to"]),
        (&"2026-10-21".into(), &"2026-10-18".into())
    );
    assert_eq!((&answer["currency"], &answer["level"]), (&"USD".into(), &80.into()));
    assert_eq!((&answer["method"], &answer["history_days"]), (&"combined".into(), &47.into()));
    let days = answer["days"].as_array().unwrap();
    assert_eq!(days.len(), 31);
    for (at, day) in days.iter().enumerate() {
        assert_eq!(day["is_settled"], at < 17, "{day}");
        if at < 17 {
            let of_bill: Decimal = october[at].3.parse().unwrap();
            assert_eq!(decimal(&day["cost"]), of_bill, "a settled day is as the bill says");
        }
    }
    // A day that is not settled costs at least what it cost so far.
    assert_eq!(days[18]["cost"], "99.5");
    assert!(decimal(&days[19]["cost"]) > Decimal::from(35), "{}", days[19]);
    let sum: Decimal = days.iter().map(|it| decimal(&it["cost"])).sum();
    assert_eq!(sum, decimal(&answer["expected"]));
    let actual: Decimal = october.iter().map(|it| it.3.parse::<Decimal>().unwrap()).sum();
    assert_eq!(actual, decimal(&answer["actual"]));
    let (low, high) = (decimal(&answer["low"]), decimal(&answer["high"]));
    assert!(actual <= low && low <= sum && sum <= high, "{answer}");
    // Forty a day, and once a hundred.
    assert!(sum > Decimal::from(1_250) && sum < Decimal::from(1_350), "{sum}");
    let tried = &answer["backtest"];
    assert!(tried["windows"].as_u64().unwrap() > 20, "{tried}");
    assert!(decimal(&tried["error_percent"]) < Decimal::from(5), "{tried}");
    assert_eq!(answer, json(&data, &["forecast"]), "the same bill has the same forecast");

    let later = json(&data, &["forecast", "--from", "2026-11-01", "--to", "2026-12-01"]);
    assert_eq!((&later["actual"], &later["days"][0]["day"]), (&"0".into(), &"2026-11-01".into()));
    assert!(decimal(&later["expected"]) > Decimal::from(1_100), "{later}");
    let table = said(&data, &["forecast"]);
    assert!(table.contains("meant to hold 80 of 100 outcomes"), "{table}");
    assert!(said(&data, &["--format", "csv", "forecast"]).lines().count() == 32);
    assert!(refused(&data, &["forecast", "--to", "2026-10-10"]).contains("settled up to"));
    assert!(refused(&data, &["forecast", "--to", "2028-10-10"]).contains("at most 366"));
    let empty = ["forecast", "--from", "2026-12-01", "--to", "2026-11-30"];
    assert!(!refused(&data, &empty).is_empty());
}

#[test]
fn what_is_known_so_far_is_what_a_report_says() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let (from, to) = (today.saturating_sub(20.days()), today.saturating_add(12.days()));
    let mut bill = format!("{HEADER}\n");
    // Forty days, and a fee that is dated ahead.
    for ahead in (-40..0).chain([9]) {
        let day = today.saturating_add(ahead.days());
        let (month, fee) = (day.first_of_month(), if ahead > 0 { "Fee" } else { "Usage" });
        writeln!(
            bill,
            "{month}T00:00:00Z,123456789012,123456789012,{day}T00:00:00Z,{fee},AmazonBedrock,{TOKENS},1,\
             1K tokens,12.3456789,USD,,"
        )
        .unwrap();
    }
    let file = folder.path().join("bill.csv");
    std::fs::write(&file, bill).unwrap();
    said(&data, &["import", file.to_str().unwrap()]);
    let (from, to) = (from.to_string(), to.to_string());
    let window = ["--from", from.as_str(), "--to", to.as_str()];
    let answer = json(&data, &[&["forecast"][..], &window].concat());
    let report = json(&data, &[&["report"][..], &window].concat());
    let rows = report["currencies"][0]["rows"].as_array().unwrap();
    let reported: Decimal = rows.iter().map(|it| decimal(&it["cost"])).sum();
    assert_eq!(decimal(&answer["actual"]), reported);
    assert_eq!(reported, "259.2592569".parse().unwrap(), "twenty days and the fee");
    assert_eq!(answer["data_up_to"], today.to_string());
}

#[test]
fn a_short_history_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    import(
        folder.path(),
        10,
        &[(1, "Usage", TOKENS, "10", "USD"), (2, "Usage", TOKENS, "30", "USD")],
    );
    // Both days may still change: they are all there is.
    let answer = json(&data, &["forecast"]);
    assert_eq!((&answer["method"], &answer["history_days"]), (&"run_rate".into(), &2.into()));
    assert_eq!((&answer["actual"], &answer["expected"]), (&"40".into(), &"620".into()));
    assert_eq!(answer["backtest"], Value::Null);
    assert!(decimal(&answer["low"]) < Decimal::from(400), "{answer}");
    assert!(decimal(&answer["high"]) > Decimal::from(1_200), "{answer}");
    assert!(said(&data, &["forecast"]).contains("the range is a rule of thumb"));
    let none = json(&data, &["forecast", "--where", "owner=nobody"]);
    assert_eq!((&none["expected"], &none["currency"]), (&Value::Null, &Value::Null));
}

#[test]
fn commitments_go_on_and_credits_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let hours = "USE1-ProvisionedThroughput-NoCommit-ModelUnits";
    let mut october: Vec<_> = (1..=20).map(|day| (day, "Usage", hours, "48", "USD")).collect();
    october.push((5, "Credit", TOKENS, "-100", "USD"));
    import(folder.path(), 10, &october);
    let answer = json(&data, &["forecast"]);
    // Eleven more days, of which nothing is left to be guessed.
    assert_eq!(decimal(&answer["committed"]), Decimal::from(11 * 48), "{answer}");
    assert_eq!(decimal(&answer["expected"]), Decimal::from(31 * 48 - 100), "{answer}");
    assert_eq!(answer["low"], answer["expected"]);
    assert_eq!(answer["high"], answer["expected"]);
}

#[test]
fn currencies_are_not_mixed() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let charges: Vec<_> = (1..=20)
        .flat_map(|day| [(day, "Usage", TOKENS, "10", "USD"), (day, "Usage", TOKENS, "3", "EUR")])
        .collect();
    import(folder.path(), 10, &charges);
    let message = refused(&data, &["forecast"]);
    assert!(message.contains("costs in EUR, USD; expected"), "{message}");
    let answer = json(&data, &["forecast", "--currency", "EUR"]);
    assert_eq!((&answer["currency"], &answer["actual"]), (&"EUR".into(), &"60".into()));
    assert_eq!(decimal(&answer["expected"]), Decimal::from(93), "{answer}");
}

#[test]
fn a_budget_is_forecast_by_its_scope() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let (sample, budgets) = (folder.path().join("sample"), folder.path().join("budgets.toml"));
    said(&data, &["sample", sample.to_str().unwrap()]);
    said(&data, &["rules", "apply", sample.join("rules.toml").to_str().unwrap()]);
    said(&data, &["import", sample.join("tollbook-sample").to_str().unwrap()]);
    let file = "[[budget]]\nname = \"search-year\"\nowner = \"search\"\nlimit = \"90000\"\ncurrency = \
                \"USD\"\nwindow = \"yearly\"\nscope = { owner = \"search\" }\n";
    std::fs::write(&budgets, file).unwrap();
    said(&data, &["budget", "apply", budgets.to_str().unwrap()]);
    let answer = json(&data, &["forecast", "--budget", "search-year"]);
    let year = answer["from"].as_str().unwrap();
    assert!(year.ends_with("-01-01"), "{answer}");
    let same = json(
        &data,
        &[
            "forecast",
            "--where",
            "owner=search",
            "--from",
            year,
            "--to",
            answer["to"].as_str().unwrap(),
        ],
    );
    assert_eq!(answer, same);
    let table = said(&data, &["forecast", "--budget", "search-year"]);
    assert!(table.contains("limit       90,000.00 USD, of which"), "{table}");
    // It is expected to be more than its limit of a cent, which it already is; and less than a million.
    let check = |limit: &str| {
        let more = format!("limit = \"{limit}\"\nforecast_thresholds = [100]");
        let file = file.replace("limit = \"90000\"", &more).replace("yearly", "monthly");
        std::fs::write(&budgets, file).unwrap();
        said(&data, &["budget", "apply", budgets.to_str().unwrap()]);
        let output = tollbook(&data, &["budget", "check"]);
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, table) = check("1000000");
    assert_eq!(code, Some(0), "{table}");
    assert!(table.contains("budget `search-year` is expected to cost"), "{table}");
    let listed = json(&data, &["budget", "list"]);
    let running = listed["budgets"].as_array().unwrap().last().unwrap();
    assert_eq!(running["forecast_thresholds"][0], 100);
    assert!(decimal(&running["projection"]["expected"]) >= decimal(&running["spend"]), "{running}");
    check("90000");
    let message = refused(&data, &["forecast", "--budget", "nothing"]);
    assert!(message.contains("expected one of: search-year"), "{message}");
}
