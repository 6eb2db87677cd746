//! The command as a user runs it: a bill in, answers out, bad input refused.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot set itself up has failed"
)]

mod amortized;
mod anomalies;
mod apply_rules;
mod audit;
mod bad_input;
mod budgets;
mod clean_output;
mod cost_of_running;
mod data_folder;
mod dialects;
mod explain;
mod forecast;
mod how_sure;
mod insight;
mod journal;
mod killed;
mod legacy;
mod marketplace;
mod measures;
mod mirror;
mod notify;
mod parts;
mod price_rows;
mod printed_rows;
mod restated;
mod rules;
mod same_answers;
mod stand_in;
mod statement_days;
mod stays_with_bill;
mod token_sums;
mod up;
mod upgrade;
mod use_it;

use std::path::Path;
use std::process::{Command, Output};

use rust_decimal::Decimal;
use serde_json::Value;

const HEADER: &str = "bill_billing_period_start_date,bill_payer_account_id,\
    line_item_usage_account_id,line_item_usage_start_date,line_item_line_item_type,\
    line_item_product_code,line_item_usage_type,line_item_usage_amount,pricing_unit,\
    line_item_unblended_cost,line_item_currency_code,line_item_iam_principal,tags";

fn bill(costs: &[&str]) -> String {
    let mut text = format!("{HEADER}\n");
    for (at, cost) in costs.iter().enumerate() {
        let day = at % 3 + 1;
        let (code, usage_type) = match at % 4 {
            3 => ("AmazonS3", "TimedStorage-ByteHrs"),
            _ => ("AmazonBedrock", "USE1-NovaLite-input-tokens"),
        };
        let team = ["search", "support"][at % 2];
        text.push_str(&format!(
            "2026-10-01T00:00:00Z,123456789012,123456789012,2026-10-0{day}T00:00:00Z,Usage,{code},\
             {usage_type},2.5,1K tokens,{cost},USD,\
             arn:aws:sts::123456789012:assumed-role/app-{team}/run,\
             \"{{\"\"iamPrincipal/team\"\":\"\"{team}\"\"}}\"\n"
        ));
    }
    text
}

fn tollbook(data: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tollbook"))
        .arg("--data")
        .arg(data)
        .args(args)
        .output()
        .unwrap()
}

fn json(data: &Path, args: &[&str]) -> Value {
    let output = tollbook(data, &[args, &["--format", "json"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn decimal(value: &Value) -> Decimal {
    value.as_str().unwrap().parse().unwrap()
}

const COSTS: [&str; 8] =
    ["8.70", "0.0000000001", "-3.5", "100.25", "1.1234567891", "2", "0.3", "7.000000000000001"];
