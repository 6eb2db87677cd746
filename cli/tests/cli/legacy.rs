//! Cost and usage reports of the kind before exports 2.0, through the command.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::{decimal, json as ask};

const ANONYMOUS: &str =
    include_str!("../../../shared/ledger-aws/testdata/legacy_cur_anonymous_part.csv");

fn put(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A manifest as these reports have it.
fn manifest(file: &str) -> String {
    json!({
        "account": "123412340534",
        "billingPeriod": { "start": "20231101T000000.000Z", "end": "20231201T000000.000Z" },
        "bucket": "bills",
        "reportKeys": [format!("reports/daily/{file}")],
        "reportName": "daily",
    })
    .to_string()
}

#[test]
fn a_report_is_read_to_the_last_digit_in_its_own_folders() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let root = folder.path().join("bucket");
    // Of two deliveries of a month, the manifest beside them names the one that counts.
    let old = "20231101-20231201/aaaa/daily-00001.csv";
    let new = "20231101-20231201/0bbb/daily-00001.csv";
    put(&root, &format!("reports/daily/{old}"), &ANONYMOUS.replace("123412340534", "000000000000"));
    put(&root, &format!("reports/daily/{new}"), ANONYMOUS);
    for (place, file) in [("aaaa/", old), ("0bbb/", new), ("", new)] {
        let place = format!("reports/daily/20231101-20231201/{place}daily-Manifest.json");
        put(&root, &place, &manifest(file));
    }
    let import = ask(&data, &["import", root.to_str().unwrap()]);
    let mut reader = csv::Reader::from_reader(ANONYMOUS.as_bytes());
    let rows: Vec<BTreeMap<String, String>> = reader.deserialize().map(Result::unwrap).collect();
    let cost = |row: &BTreeMap<String, String>| -> Decimal {
        row["lineItem/UnblendedCost"].parse().unwrap()
    };
    assert_eq!(import["rejected"], json!([]));
    assert_eq!(import["lines_read"], rows.len());
    assert_eq!(import["lines_ai"], 0);
    assert_eq!(decimal(&import["totals"][0]["all"]), rows.iter().map(cost).sum());
    let bills = import["bills"].as_array().unwrap();
    assert_eq!(bills.len(), 1);
    assert_eq!(
        (&bills[0]["period"], &bills[0]["payer"]),
        (&json!("2023-11"), &json!("123412340534"))
    );
    let codes: Vec<&Value> =
        import["findings"].as_array().unwrap().iter().map(|it| &it["code"]).collect();
    assert!(codes.contains(&&json!("legacy-report")), "{codes:?}");

    // Without any manifest nobody knows which delivery counts.
    for place in ["aaaa/", "0bbb/", ""] {
        let place = format!("reports/daily/20231101-20231201/{place}daily-Manifest.json");
        fs::remove_file(root.join(place)).unwrap();
    }
    let output = crate::tollbook(&data, &["import", root.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(
        message
            .contains("holds more than one delivery, such as `0bbb` and `aaaa`, and no manifest"),
        "{message}"
    );
}

/// The same charges in both spellings.
const CHARGES: [(&str, &str); 3] = [
    (
        "bill_billing_period_start_date,bill_payer_account_id,line_item_usage_account_id,\
      line_item_usage_start_date,line_item_line_item_type,line_item_product_code,\
      line_item_usage_type,line_item_usage_amount,pricing_unit,line_item_unblended_cost,\
      line_item_net_unblended_cost,line_item_currency_code,product_product_family,\
      product_region_code,product,tags",
        r#""{""product_name"":""Amazon Bedrock"",""provider"":""Mistral""}","{""resourceTags/team"":""search""}""#,
    ),
    (
        "bill/BillingPeriodStartDate,bill/PayerAccountId,lineItem/UsageAccountId,\
      lineItem/UsageStartDate,lineItem/LineItemType,lineItem/ProductCode,lineItem/UsageType,\
      lineItem/UsageAmount,pricing/unit,lineItem/UnblendedCost,lineItem/NetUnblendedCost,\
      lineItem/CurrencyCode,product/productFamily,product/regionCode,product/ProductName,\
      product/provider,resourceTags/user:team",
        "Amazon Bedrock,Mistral,search",
    ),
    (
        "bill_billing_period_start_date,bill_payer_account_id,line_item_usage_account_id,\
      line_item_usage_start_date,line_item_line_item_type,line_item_product_code,\
      line_item_usage_type,line_item_usage_amount,pricing_unit,line_item_unblended_cost,\
      line_item_net_unblended_cost,line_item_currency_code,product_product_family,\
      product_region_code,product_product_name,product_provider,resource_tags_user_team",
        "Amazon Bedrock,Mistral,search",
    ),
];

#[test]
fn the_same_charges_in_every_spelling_of_the_columns_make_the_same_report() {
    let folder = tempfile::tempdir().unwrap();
    let reports: Vec<Value> = CHARGES
        .iter()
        .enumerate()
        .map(|(at, (header, maps))| {
            let data = folder.path().join(at.to_string());
            let row = format!(
                "2026-06-01T00:00:00.000Z,123456789012,210987654321,2026-06-03T00:00:00.000Z,Usage,\
                 AmazonBedrock,EUW3-MistralLarge-input-tokens,2.5,1K tokens,0.7,0.65,USD,\
                 Amazon Bedrock,eu-west-3,{maps}"
            );
            put(&data, "a.csv", &format!("{header}\n{row}\n"));
            let file = data.join("a.csv");
            assert_eq!(ask(&data, &["import", file.to_str().unwrap()])["rejected"], json!([]));
            let by = "owner,day,account,service,publisher,model,meter,region,tag:resourceTags/team";
            let mut report = ask(&data, &["report", "--by", by]);
            let findings = report.as_object_mut().unwrap().remove("findings").unwrap();
            assert_eq!(findings[0]["code"], "fields-unknown");
            report
        })
        .collect();
    let row = &reports[0]["currencies"][0]["rows"][0];
    assert_eq!(row["keys"]["tag:resourceTags/team"], "search");
    assert_eq!(row["keys"]["publisher"], "Mistral");
    assert_eq!(row["cost"], "0.7");
    assert_eq!(reports[0], reports[1]);
    assert_eq!(reports[0], reports[2]);
}
