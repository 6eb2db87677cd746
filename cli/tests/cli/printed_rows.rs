//! The rows of CUR 2.0 that AWS has printed, through the command.

use std::collections::BTreeMap;
use std::fs;

use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::{decimal, json as ask};

const PRINTED: &str =
    include_str!("../../../shared/ledger-aws/testdata/cur2_bedrock_rows_printed_by_aws.csv");

const TAGS: [&str; 3] = ["iamPrincipal/project", "iamPrincipal/team", "iamPrincipal/cost-center"];

/// The printed rows with what the posts do not print: an account, a month and a day.
fn rows() -> Vec<Vec<String>> {
    csv::Reader::from_reader(PRINTED.as_bytes())
        .records()
        .map(|row| {
            let row = row.unwrap();
            let month = "2026-06-01T00:00:00.000Z";
            let (day, account) = ("2026-06-03T00:00:00.000Z", "123456789012");
            [
                month,
                account,
                account,
                day,
                "Usage",
                "AmazonBedrock",
                &row[1],
                &row[2],
                &row[3],
                "USD",
                &row[0],
                &row[4],
            ]
            .map(str::to_owned)
            .into()
        })
        .collect()
}

fn write(path: &std::path::Path, rows: &[Vec<String>]) -> String {
    let mut out = csv::Writer::from_path(path).unwrap();
    out.write_record([
        "bill_billing_period_start_date",
        "bill_payer_account_id",
        "line_item_usage_account_id",
        "line_item_usage_start_date",
        "line_item_line_item_type",
        "line_item_product_code",
        "line_item_usage_type",
        "line_item_usage_amount",
        "line_item_unblended_cost",
        "line_item_currency_code",
        "line_item_iam_principal",
        "tags",
    ])
    .unwrap();
    for row in rows {
        out.write_record(row).unwrap();
    }
    out.flush().unwrap();
    path.to_str().unwrap().to_owned()
}

/// The printed costs by principal, usage type and tags; an absent one is null.
fn expected(rows: &[Vec<String>]) -> BTreeMap<String, Decimal> {
    let mut expected = BTreeMap::new();
    for row in rows {
        let tags: Value = match row[11].as_str() {
            "" => json!({}),
            text => serde_json::from_str(text).unwrap(),
        };
        let principal = Some(&row[10]).filter(|it| !it.is_empty());
        let mut keys = json!({ "principal": principal, "usage_type": row[6] });
        for tag in TAGS {
            keys[format!("tag:{tag}")] = tags[tag].clone();
        }
        *expected.entry(keys.to_string()).or_insert(Decimal::ZERO) +=
            row[8].parse::<Decimal>().unwrap();
    }
    expected
}

#[test]
fn every_principal_tag_and_cost_that_aws_printed_is_in_the_report() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let rows = rows();
    let file = write(&folder.path().join("printed.csv"), &rows);
    let import = ask(&data, &["import", &file]);
    assert_eq!((&import["lines_ai"], &import["rejected"]), (&16.into(), &json!([])));
    assert_eq!(import["unknown_usage_types"], json!([]));

    let by = format!("principal,usage_type,{}", TAGS.map(|it| format!("tag:{it}")).join(","));
    let report = || ask(&data, &["report", "--by", &by]);
    let before = report();
    let actual: BTreeMap<String, Decimal> = before["currencies"][0]["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["keys"].to_string(), decimal(&row["cost"])))
        .collect();
    assert_eq!(actual, expected(&rows));
    assert_eq!(actual.len(), 16);
    let sum: Decimal = actual.values().sum();
    assert_eq!(decimal(&before["currencies"][0]["total"]), sum);
    assert_eq!(decimal(&import["totals"][0]["all"]), sum);

    // Twice, in another order, in two files, and these in another order: nothing is written.
    let mut reversed = rows.clone();
    reversed.reverse();
    let (first, second) = rows.split_at(7);
    let reversed = write(&folder.path().join("reversed.csv"), &reversed);
    let first = write(&folder.path().join("first.csv"), first);
    let second = write(&folder.path().join("second.csv"), second);
    for files in [vec![&file], vec![&reversed], vec![&first, &second], vec![&second, &first]] {
        let args: Vec<&str> = ["import"].into_iter().chain(files.iter().map(|it| &***it)).collect();
        let again = ask(&data, &args);
        assert_eq!(again["bills"].as_array().unwrap().len(), 1, "{args:?}");
        assert_eq!(again["bills"][0]["items_written"], 0, "{args:?}");
        assert_eq!(again["bills"][0]["days_unchanged"], 1, "{args:?}");
        assert_eq!(again["totals"], import["totals"]);
        assert_eq!(report(), before, "{args:?}");
    }
    fs::remove_file(file).unwrap();
}

/// A word that no rule knows could be a tier, and its price another.
#[test]
fn a_usage_type_with_a_word_that_is_not_understood_has_no_usual_tier() {
    let folder = tempfile::tempdir().unwrap();
    let day = "2026-10-05T00:00:00Z";
    let mut text = format!("{}\n", crate::HEADER);
    for (usage_type, cost) in [
        ("USE1-NovaLite-input-tokens", "1"),
        ("USE1-NovaLite-input-tokens-turbo", "2"),
        ("USE1-NovaLite-input-tokens-turbo-batch", "4"),
    ] {
        text.push_str(&format!(
            "2026-10-01T00:00:00Z,123456789012,123456789012,{day},Usage,AmazonBedrock,\
             {usage_type},2.5,1K tokens,{cost},USD,,\n"
        ));
    }
    let (data, file) = (folder.path().join("ledger"), folder.path().join("bill.csv"));
    fs::write(&file, text).unwrap();
    ask(&data, &["import", file.to_str().unwrap()]);
    let axes = "tier,routing,modality,context";
    let args = ["report", "--from", "2026-10-01", "--to", "2026-11-01", "--by", axes];
    let report = ask(&data, &args);
    let rows = report["currencies"][0]["rows"].as_array().unwrap();
    let found: BTreeMap<Decimal, Value> =
        rows.iter().map(|it| (decimal(&it["cost"]), it["keys"].clone())).collect();
    let keys = |tier: Option<&str>, [routing, modality, context]: [Option<&str>; 3]| json!({ "tier": tier, "routing": routing, "modality": modality, "context": context });
    let usual = [Some("in_region"), Some("text"), Some("default")];
    let expected = [
        (Decimal::from(1), keys(Some("standard"), usual)),
        (Decimal::from(2), keys(None, [None; 3])),
        (Decimal::from(4), keys(Some("batch"), [None; 3])),
    ];
    assert_eq!(found, BTreeMap::from(expected));
}
