//! Whether figures are estimated or billed.

use std::fs;

use crate::{HEADER, json};

/// How sure a statement and a report of October are, from a bill with lines of these days and invoices.
fn statuses(lines: &[(&str, &str)]) -> [String; 2] {
    let mut text = format!("{HEADER},bill_invoice_id\n");
    for (day, invoice) in lines {
        text.push_str(&format!(
            "2026-10-01T00:00:00Z,123456789012,123456789012,{day}T00:00:00Z,Usage,AmazonBedrock,\
             USE1-NovaLite-input-tokens,2.5,1K tokens,1,USD,,{{}},{invoice}\n"
        ));
    }
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("bill.csv"));
    fs::write(&file, text).unwrap();
    json(&data, &["import", file.to_str().unwrap()]);
    let statement = json(&data, &["statement", "--period", "2026-10"]);
    let report = json(&data, &["report", "--from", "2026-10-01", "--to", "2026-11-01"]);
    let answers = [&statement["statements"][0], &report["currencies"][0]["rows"][0]];
    answers.map(|it| it["status"].as_str().unwrap().to_owned())
}

#[test]
fn a_bill_is_billed_once_every_line_is_on_an_invoice() {
    let first = ("2026-10-01", "EUINUS26-1");
    assert_eq!(statuses(&[first, ("2026-10-31", "EUINUS26-2")]), ["billed", "billed"]);
    assert_eq!(statuses(&[first, ("2026-10-31", "")]), ["estimated", "estimated"]);
}
