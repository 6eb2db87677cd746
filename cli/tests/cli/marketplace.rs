//! Models that are sold through AWS Marketplace: lines that do not name them, and what is reported
//! where nothing does.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::{json as ask, tollbook};

/// A column of a bill with the cell of a line that says nothing else.
const CELLS: [(&str, &str); 13] = [
    ("bill_billing_entity", "AWS Marketplace"),
    ("bill_billing_period_start_date", "2026-10-01T00:00:00Z"),
    ("bill_payer_account_id", "123456789012"),
    ("line_item_usage_account_id", "123456789012"),
    ("line_item_usage_start_date", "2026-10-05T00:00:00Z"),
    ("line_item_line_item_type", "Usage"),
    ("line_item_line_item_description", ""),
    ("line_item_product_code", "7zgyu5r4"),
    ("line_item_usage_type", ""),
    ("line_item_unblended_cost", "0"),
    ("line_item_currency_code", "USD"),
    ("product", "{}"),
    ("tags", "{}"),
];

/// Some columns and cells of a line, by the names of the columns without what is before them.
type Line<'a> = &'a [(&'a str, &'a str)];

const NAMED: (&str, &str) = ("product", r#"{"product_name": "Claude (Amazon Bedrock Edition)"}"#);
const FIREWALL: (&str, &str) = ("product", r#"{"product_name": "Some Firewall"}"#);
const TOKENS: &str = "USE1-MP:USE1_OutputTokenCount-Units";

/// Writes a bill with all columns but one.
fn write(path: &Path, lines: &[Line<'_>], without: &str) {
    let columns = || CELLS.into_iter().filter(|it| it.0 != without);
    let mut out = csv::Writer::from_path(path).unwrap();
    out.write_record(columns().map(|it| it.0)).unwrap();
    for line in lines {
        let cell = |(column, cell): (&'static str, &'static str)| {
            let own = line.iter().find(|it| column.ends_with(it.0));
            own.map_or(cell, |it| it.1).to_owned()
        };
        out.write_record(columns().map(cell)).unwrap();
    }
    out.flush().unwrap();
}

fn import(folder: &Path, path: &Path) -> Value {
    ask(&folder.join("ledger"), &["import", path.to_str().unwrap()])
}

#[track_caller]
fn check_totals(read: &Value, ai: &str, other: &str) {
    let total = &read["totals"][0];
    assert_eq!((&total["ai"], &total["other"]), (&json!(ai), &json!(other)), "{read}");
}

/// The messages of findings of a kind.
fn findings(read: &Value, code: &str) -> Vec<String> {
    let findings = read["findings"].as_array().unwrap().iter().filter(|it| it["code"] == code);
    findings.map(|it| it["message"].as_str().unwrap().to_owned()).collect()
}

/// Lines of two products of the Marketplace, those that name them in the last file of the delivery.
#[test]
fn what_carries_the_code_of_a_model_belongs_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let delivery = folder.path().join("BILLING_PERIOD=2026-10");
    fs::create_dir(&delivery).unwrap();
    let of_firewall = ("product_code", "4xk0wall");
    let first: [Line<'_>; 7] = [
        &[("line_item_type", "PrivateRateDiscount"), ("usage_type", TOKENS), ("cost", "-20")],
        &[("line_item_type", "Tax"), ("billing_entity", "AWS"), ("cost", "8")],
        &[("line_item_type", "Credit"), ("cost", "-2.5")],
        &[
            ("line_item_type", "Refund"),
            ("product", r#"{"product_name": "Refund"}"#),
            ("cost", "-1"),
        ],
        &[("line_item_type", "Fee"), ("product_code", " 7zgyu5r4"), ("cost", "4")],
        &[("line_item_type", "Tax"), of_firewall, ("cost", "0.7")],
        &[of_firewall, FIREWALL, ("cost", "7")],
    ];
    let second: [Line<'_>; 4] = [
        &[NAMED, ("usage_type", TOKENS), ("cost", "100")],
        &[("product_code", "AmazonBedrock"), ("billing_entity", "AWS"), ("cost", "50")],
        &[("product_code", "AmazonEC2"), ("billing_entity", "AWS"), ("cost", "3")],
        &[("line_item_type", "Credit"), of_firewall, ("cost", "-0.2")],
    ];
    write(&delivery.join("1.csv"), &first, "");
    write(&delivery.join("2.csv"), &second, "");
    let read = import(folder.path(), &delivery);
    check_totals(&read, "138.5", "10.5");
    assert_eq!(findings(&read, "tokens-not-ai"), [""; 0]);
    let args = ["report", "--from", "2026-10-01", "--to", "2026-11-01", "--by", "service,model"];
    let report = ask(&folder.path().join("ledger"), &args);
    let rows = report["currencies"][0]["rows"].as_array().unwrap();
    let costs: Vec<(String, &Value)> =
        rows.iter().map(|it| (it["keys"].to_string(), &it["cost"])).collect();
    // The refund that has a name of its own keeps it.
    assert_eq!(costs[0].1, "89.5", "{costs:?}");
    assert_eq!(costs[0].0.matches("(Amazon Bedrock Edition)").count(), 1, "{costs:?}");
    assert_eq!((costs[1].1, costs[2].1), (&json!("50"), &json!("-1")), "{costs:?}");
    // What is imported again is the same.
    let again = import(folder.path(), &delivery);
    check_totals(&again, "138.5", "10.5");
}

#[test]
fn without_the_column_of_products_tokens_are_ai_and_a_finding_names_the_column() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bill.csv");
    let lines: [Line<'_>; 4] = [
        &[("cost", "30"), ("usage_type", TOKENS)],
        &[("line_item_type", "Tax"), ("cost", "3")],
        &[
            ("cost", "5"),
            ("description", "Claude (Amazon Bedrock Edition)"),
            ("product_code", "b1"),
        ],
        &[("cost", "7"), ("product_code", "4xk0wall")],
    ];
    write(&path, &lines, "product");
    let read = import(folder.path(), &path);
    check_totals(&read, "38", "7");
    let missing = findings(&read, "column-missing");
    assert!(missing.iter().any(|it| it.contains("no column `product`:")), "{missing:?}");
}

#[test]
fn tokens_that_are_other_cost_have_a_finding() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bill.csv");
    let lines: [Line<'_>; 4] = [
        &[FIREWALL, ("usage_type", TOKENS), ("cost", "30")],
        &[FIREWALL, ("usage_type", TOKENS), ("cost", "0.25")],
        &[("product_code", "AmazonEC2"), ("usage_type", "USE1-X-input-tokens"), ("cost", "2")],
        &[("product_code", "AmazonBedrock"), ("usage_type", "USE1-X-input-tokens"), ("cost", "1")],
    ];
    write(&path, &lines, "");
    let read = import(folder.path(), &path);
    check_totals(&read, "1", "32.25");
    let model =
        "tokens, and nothing in the delivery says that the product is a model on Amazon Bedrock";
    assert_eq!(
        findings(&read, "tokens-not-ai"),
        [
            format!(
                "1 line of usage type `USE1-X-input-tokens` and product code `AmazonEC2` counts \
                 {model}: its 2 USD count as other cost"
            ),
            format!(
                "2 lines of usage type `{TOKENS}` and product code `7zgyu5r4` count {model}: their \
                 30.25 USD count as other cost"
            ),
        ]
    );
}

/// What is wrong with a line is reported once, whichever of its files' readings meets it.
#[test]
fn a_line_without_a_name_that_cannot_be_read_is_reported_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bill.csv");
    let lines: [Line<'_>; 5] = [
        &[("line_item_type", "Tax"), ("cost", "a lot")],
        &[("line_item_type", "Tax"), ("cost", "8")],
        &[("product", "{"), ("cost", "9")],
        &[("usage_start_date", "yesterday"), NAMED],
        &[NAMED, ("usage_type", TOKENS), ("cost", "100")],
    ];
    write(&path, &lines, "");
    let args = ["import", path.to_str().unwrap(), "--format", "json"];
    let output = tollbook(&folder.path().join("ledger"), &args);
    let read: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(read["rejected"].as_array().map(Vec::len), Some(2), "{read}");
    let unread = findings(&read, "cell-unreadable");
    assert!(unread[0].starts_with("`product` cannot be read in 1 line of 9 USD"), "{unread:?}");
    assert_eq!(unread.len(), 1);
}
