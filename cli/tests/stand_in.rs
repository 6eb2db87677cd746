//! The stand-in for Cost Explorer as a process of its own.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;

const BILL: &str = "bill_billing_period_start_date,bill_payer_account_id,\
    line_item_usage_account_id,line_item_usage_start_date,line_item_line_item_type,\
    line_item_product_code,line_item_usage_type,line_item_usage_amount,pricing_unit,\
    line_item_unblended_cost,line_item_currency_code,line_item_iam_principal,tags\n\
    2026-10-01T00:00:00Z,123456789012,123456789012,2026-10-02T00:00:00Z,Usage,AmazonBedrock,\
    USE1-NovaLite-input-tokens,2.5,1K tokens,8.70,USD,\
    arn:aws:sts::123456789012:assumed-role/app/run,\"{\"\"iamPrincipal/team\"\":\"\"search\"\"}\"\n";

#[test]
fn collect_asks_the_endpoint_that_the_stand_in_prints() {
    let folder = tempfile::tempdir().unwrap();
    let bill = folder.path().join("bill.csv");
    fs::write(&bill, BILL).unwrap();
    let tollbook = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tollbook"));
        command.env_remove("TOLLBOOK_TABLE").arg("--data").arg(folder.path().join("data"));
        command
    };
    let mut stand_in = tollbook();
    stand_in.args(["stand-in", "cost-explorer", "--export"]).arg(&bill).stdout(Stdio::piped());
    let mut stand_in = stand_in.spawn().unwrap();
    let mut lines = BufReader::new(stand_in.stdout.take().unwrap()).lines();
    let line = lines.next().unwrap().unwrap();
    let (name, endpoint) = line.split_once('=').unwrap();
    assert_eq!(name, "AWS_ENDPOINT_URL_COST_EXPLORER");

    let collected = tollbook()
        .args(["collect", "--from", "2026-10-01", "--to", "2026-10-04", "--format", "json"])
        .env(name, endpoint)
        .envs([("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "x"), ("AWS_REGION", "us-east-1")])
        .output()
        .unwrap();
    stand_in.kill().unwrap();
    stand_in.wait().unwrap();
    assert!(collected.status.success(), "{}", String::from_utf8_lossy(&collected.stderr));
    let report: Value = serde_json::from_slice(&collected.stdout).unwrap();
    let costs: Vec<_> = report["totals"].as_array().unwrap().iter().map(|it| &it["cost"]).collect();
    assert!(costs.iter().any(|it| **it == "8.70" || **it == "8.7"), "{report}");
}
