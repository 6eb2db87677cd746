//! List cost, quantities, invoices and availability zones: from the columns of a bill to answers.

use std::fs;

use serde_json::json;

use crate::{decimal, json as ask};

/// The same columns as exports 2.0 and as the reports before them name them.
const HEADERS: [(&str, &str); 2] = [
    (
        "exports",
        "bill_billing_period_start_date,bill_payer_account_id,line_item_usage_account_id,\
         line_item_usage_start_date,line_item_line_item_type,line_item_product_code,\
         line_item_usage_type,line_item_usage_amount,pricing_unit,line_item_unblended_cost,\
         pricing_public_on_demand_cost,bill_invoice_id,line_item_currency_code",
    ),
    (
        "reports",
        "bill/BillingPeriodStartDate,bill/PayerAccountId,lineItem/UsageAccountId,\
         lineItem/UsageStartDate,lineItem/LineItemType,lineItem/ProductCode,lineItem/UsageType,\
         lineItem/UsageAmount,pricing/unit,lineItem/UnblendedCost,pricing/publicOnDemandCost,\
         bill/InvoiceId,lineItem/CurrencyCode",
    ),
];

/// Product code, cost, list cost and invoice of a line.
const LINES: [(&str, &str, &str, &str); 4] = [
    ("AmazonBedrock", "1", "1.25", "EUINUS26-1"),
    ("AmazonBedrock", "2", "2.5", ""),
    // A credit has no list cost: its unblended cost counts.
    ("AmazonBedrock", "-0.5", "", "EUINUS26-1"),
    // Lines that are not AI are totalled at what they were charged.
    ("AmazonEC2", "10", "40", ""),
];

#[test]
fn list_cost_is_a_cost_kind_of_every_answer() {
    let folder = tempfile::tempdir().unwrap();
    for (name, header) in HEADERS {
        let mut text = format!("{header}\n");
        for (code, cost, list, invoice) in LINES {
            text.push_str(&format!(
                "2026-10-01T00:00:00Z,123456789012,123456789012,2026-10-05T00:00:00Z,Usage,{code},\
                 USE1-NovaLite-input-tokens,2.5,1K tokens,{cost},{list},{invoice},USD\n",
            ));
        }
        let (data, file) = (folder.path().join(name), folder.path().join("bill.csv"));
        fs::write(&file, text).unwrap();
        let read = ask(&data, &["import", file.to_str().unwrap()]);
        let list = json!({
            "currency": "USD", "cost_kind": "list", "ai": "3.25", "other": null, "all": null,
        });
        assert_eq!(read["totals"].as_array().unwrap().last(), Some(&list), "{name}");
        let findings = read["findings"].to_string();
        for column in ["pricing_unit", "pricing_public_on_demand_cost", "bill_invoice_id"] {
            assert!(!findings.contains(column), "{findings}");
        }
        let args = ["statement", "--period", "2026-10", "--cost-kind", "list"];
        let statements = ask(&data, &args);
        assert_eq!(decimal(&statements["statements"][0]["exact_total"]).to_string(), "3.25");
        // Charges of another invoice are another fact.
        let entries = ask(&data, &["report", "--by", "account", "--cost-kind", "list"]);
        assert!(entries.to_string().contains("\"3.25\""), "{entries}");
    }
}

#[test]
fn availability_zones_are_kept_and_an_empty_one_is_none() {
    let folder = tempfile::tempdir().unwrap();
    for ((name, header), column) in
        HEADERS.into_iter().zip(["line_item_availability_zone", "lineItem/AvailabilityZone"])
    {
        let mut text = format!("{header},{column}\n");
        for (cost, zone) in
            [("1", "us-east-1a"), ("2", "us-east-1b"), ("4", ""), ("8", "us-east-1a")]
        {
            text.push_str(&format!(
                "2026-10-01T00:00:00Z,123456789012,123456789012,2026-10-05T00:00:00Z,Usage,\
                 AmazonBedrock,USE1-NovaLite-input-tokens,2.5,1K tokens,{cost},,,USD,{zone}\n",
            ));
        }
        let (data, file) = (folder.path().join(name), folder.path().join("bill.csv"));
        fs::write(&file, text).unwrap();
        ask(&data, &["import", file.to_str().unwrap()]);
        let report = ask(&data, &["report", "--by", "availability_zone"]);
        let rows = report["currencies"][0]["rows"].as_array().unwrap().iter();
        let rows: Vec<_> =
            rows.map(|it| json!([it["keys"]["availability_zone"], it["cost"]])).collect();
        let expected = json!([["us-east-1a", "9"], [null, "4"], ["us-east-1b", "2"]]);
        assert_eq!(json!(rows), expected, "{name}");
        let only = ["report", "--where", "availability_zone=us-east-1b"];
        assert_eq!(ask(&data, &only)["currencies"][0]["total"], "2");
    }
}
