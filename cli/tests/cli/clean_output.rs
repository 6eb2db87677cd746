//! Names that would move a cursor, turn a line or be run by a spreadsheet: no table and no CSV has them
//! as they are, and different names stay different.

use std::collections::BTreeSet;
use std::fs;

use ledger_core::letter::is_misleading;

use crate::{HEADER, json, tollbook};

const NAMES: [&str; 14] = [
    "search",
    "search ",
    "search\u{200b}",
    "\u{1b}[2Jsearch",
    "\u{9b}31msearch",
    "bell\u{7}",
    "nul\u{0}",
    "\u{202e}hcraes",
    "two\r\nlines",
    "=1+1",
    "'=1+1",
    "＝1+1",
    "\u{feff}=1+1",
    "-",
];

#[test]
fn no_name_of_a_bill_reaches_a_terminal_or_a_spreadsheet_as_it_is() {
    let mut text = format!("{HEADER}\n");
    for name in NAMES {
        let tags =
            serde_json::json!({ "iamPrincipal/team": name }).to_string().replace('"', "\"\"");
        text.push_str(&format!(
            "2026-10-01T00:00:00Z,123456789012,123456789012,2026-10-05T00:00:00Z,Usage,AmazonBedrock,\
             USE1-NovaLite-input-tokens,2.5,1K tokens,1,USD,,\"{tags}\"\n"
        ));
    }
    // One without a team, which a table shows as `-`.
    text.push_str(
        "2026-10-01T00:00:00Z,123456789012,123456789012,2026-10-05T00:00:00Z,Usage,AmazonBedrock,\
         USE1-NovaLite-input-tokens,2.5,1K tokens,1,USD,,\n",
    );
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("bill.csv"));
    fs::write(&file, text).unwrap();
    json(&data, &["import", file.to_str().unwrap()]);
    let args = ["report", "--by", "tag:iamPrincipal/team"];
    let answer = json(&data, &args);
    let rows = answer["currencies"][0]["rows"].as_array().unwrap();
    let exact: BTreeSet<_> =
        rows.iter().filter_map(|it| it["keys"]["tag:iamPrincipal/team"].as_str()).collect();
    assert_eq!(exact, BTreeSet::from(NAMES), "JSON is exact");

    for format in ["table", "csv"] {
        let output = tollbook(&data, &[&args[..], &["--format", format]].concat());
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(!text.contains(|it| it != '\n' && is_misleading(it)), "{text:?}");
        let cell = |line: &str| match format {
            "table" => line.split("estimated").next().unwrap().trim().to_owned(),
            _ => line.split(",USD,").next().unwrap().to_owned(),
        };
        let lines = text.lines().filter(|it| it.contains("estimated"));
        let cells: BTreeSet<String> = lines.map(cell).collect();
        assert_eq!(cells.len(), NAMES.len() + 1, "{text}");
        let is_run = |it: &String| it.starts_with(['=', '+', '-', '@', '＝']);
        assert!(format == "table" || !cells.iter().any(is_run), "{text}");
    }
}
