//! Rows of the AWS Price List as lines of a bill, through the command.

use std::collections::BTreeMap;
use std::fs;

use rust_decimal::Decimal;

use crate::{decimal, json as ask};

const ROWS: &str = include_str!("../../../shared/ledger-core/testdata/aws_price_list_rows.csv");

/// Amounts of use with as many places as AWS bills.
const AMOUNTS: [&str; 4] = ["1", "0.001", "1234.567", "98765.4321"];

/// Single tokens that one unit stands for. Those a model was trained on go neither in nor out.
fn tokens_of(usage_type: &str, unit: &str) -> Option<u64> {
    match unit {
        _ if usage_type.ends_with("-Customization-Training") => None,
        "1K tokens" => Some(1_000),
        "1M tokens" => Some(1_000_000),
        _ => None,
    }
}

#[test]
fn amount_times_rate_is_exact_for_every_price() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = "bill_billing_period_start_date,bill_payer_account_id,\
        line_item_usage_account_id,line_item_usage_start_date,line_item_product_code,\
        line_item_usage_type,line_item_usage_amount,pricing_unit,line_item_unblended_cost,\
        line_item_currency_code\n"
        .to_owned();
    let mut costs: BTreeMap<String, Decimal> = BTreeMap::new();
    let mut tokens: BTreeMap<String, Decimal> = BTreeMap::new();
    let mut regions: BTreeMap<String, String> = BTreeMap::new();
    for row in csv::Reader::from_reader(ROWS.as_bytes()).records().map(Result::unwrap) {
        let (usage_type, code, region, unit) = (&row[0], &row[1], &row[2], &row[3]);
        let rate: Decimal = row[4].parse().unwrap();
        regions.insert(usage_type.to_owned(), region.to_owned());
        for amount in AMOUNTS {
            let amount: Decimal = amount.parse().unwrap();
            let cost = amount * rate;
            *costs.entry(usage_type.to_owned()).or_default() += cost;
            if let Some(each) = tokens_of(usage_type, unit) {
                *tokens.entry(usage_type.to_owned()).or_default() +=
                    (amount * Decimal::from(each)).round();
            }
            text.push_str(&format!(
                "2026-06-01T00:00:00Z,123456789012,123456789012,2026-06-03T00:00:00Z,{code},\
                 {usage_type},{amount},{unit},{cost},USD\n"
            ));
        }
    }
    let file = folder.path().join("prices.csv");
    fs::write(&file, text).unwrap();
    let data = folder.path().join("data");
    let import = ask(&data, &["import", file.to_str().unwrap()]);
    assert_eq!(import["lines_other"], 0, "every one is AI: {import}");
    assert_eq!(import["rejected_count"], 0);
    assert_eq!(import["rounded"]["lines"], 0);
    assert_eq!(decimal(&import["totals"][0]["ai"]), costs.values().sum());

    let report = ask(&data, &["report", "--by", "usage_type,region"]);
    let rows = report["currencies"][0]["rows"].as_array().unwrap();
    assert_eq!(rows.len(), costs.len());
    for row in rows {
        let usage_type = row["keys"]["usage_type"].as_str().unwrap();
        assert_eq!(decimal(&row["cost"]), costs[usage_type], "{usage_type}");
        assert_eq!(row["keys"]["region"], regions[usage_type].as_str(), "{usage_type}");
        let counted: u64 =
            row["tokens"].as_object().unwrap().values().map(|it| it.as_u64().unwrap()).sum();
        let expected = tokens.get(usage_type).copied().unwrap_or_default();
        assert_eq!(Decimal::from(counted), expected, "{usage_type}");
    }
}
