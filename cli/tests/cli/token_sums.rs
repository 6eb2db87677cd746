//! Sums of tokens beyond 2⁶⁴, and lines of more tokens than there can be.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::{HEADER, json, tollbook};

/// A ledger with lines of these amounts on two days, in these units, and what the import says.
fn ledger(amounts: &[&str], units: [&str; 2]) -> (TempDir, PathBuf, Value) {
    let mut text = format!("{HEADER}\n");
    for (day, unit) in ["01", "02"].into_iter().zip(units) {
        for amount in amounts {
            text.push_str(&format!(
                "2026-10-01T00:00:00Z,123456789012,123456789012,2026-10-{day}T00:00:00Z,Usage,\
                 AmazonBedrock,USE1-NovaLite-input-tokens,{amount},{unit},1,USD,,\n"
            ));
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("bill.csv"));
    fs::write(&file, text).unwrap();
    let report = json(&data, &["import", file.to_str().unwrap()]);
    (folder, data, report)
}

fn text(data: &Path, args: &[&str]) -> String {
    let output = tollbook(data, args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn tokens_of_a_month_add_up_beyond_64_bits() {
    let (_folder, data, _) = ledger(&["1000000000"; 9_999], ["1M tokens", "1M Tokens"]);
    // Quantities end at 10¹³ of a unit.
    let sum = "19998000000000000000";
    assert!(sum.parse::<u64>().is_err());
    for args in [&["report", "--by", "model"][..], &["statement", "--period", "2026-10"]] {
        assert!(text(&data, args).contains(sum), "{args:?}");
        assert!(text(&data, &[args, &["--format", "json"]].concat()).contains(sum), "{args:?}");
    }
}

#[test]
fn a_line_of_more_tokens_than_there_can_be_keeps_its_cost() {
    let (_folder, data, report) = ledger(&["9000000000000", "2.5"], ["1M tokens"; 2]);
    let findings = report["findings"].to_string();
    let expected = "`line_item_usage_amount` cannot be read in 2 lines of 2 USD";
    assert!(findings.contains(expected), "{findings}");
    assert!(findings.contains("more than 1,000,000,000,000,000 tokens in one line"), "{findings}");
    let answer = json(&data, &["report", "--from", "2026-10-01", "--to", "2026-11-01"]);
    let row = &answer["currencies"][0]["rows"][0];
    assert_eq!((&row["cost"], &row["tokens"]["input"]), (&"4".into(), &5_000_000.into()));
}
