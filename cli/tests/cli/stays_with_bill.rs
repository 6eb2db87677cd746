//! What an import could not read stays with the bill, and is said wherever its figures are.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::{HEADER, json, tollbook};

const BUDGETS: &str = "[[budget]]\nname = \"all\"\nowner = \"search\"\nlimit = \"1000\"\n\
    currency = \"USD\"\nwindow = \"monthly\"\nthresholds = [80]\n";

struct Setting {
    _folder: TempDir,
    data: PathBuf,
    file: PathBuf,
}

impl Setting {
    fn new() -> Setting {
        let folder = tempfile::tempdir().unwrap();
        let (data, file) = (folder.path().join("data"), folder.path().join("bill.csv"));
        Setting { _folder: folder, data, file }
    }

    fn import(&self, header: &str, rows: &[String]) -> Value {
        fs::write(&self.file, [&[header.to_owned()], rows].concat().join("\n") + "\n").unwrap();
        json(&self.data, &["import", self.file.to_str().unwrap()])
    }
}

fn row(day: &str, usage_type: &str, cost: &str, tags: &str) -> String {
    format!(
        "2026-10-01T00:00:00Z,123456789012,123456789012,{day},Usage,AmazonBedrock,{usage_type},2.5,\
         1K tokens,{cost},USD,,\"{}\"",
        tags.replace('"', "\"\"")
    )
}

const KNOWN: &str = "USE1-NovaLite-input-tokens";
const DAY: &str = "2026-10-05T00:00:00Z";

fn codes(answer: &Value) -> Vec<(String, String)> {
    let text = |it: &Value| it.as_str().unwrap().to_owned();
    let findings = answer["findings"].as_array().unwrap().iter();
    findings.map(|it| (text(&it["code"]), text(&it["message"]))).collect()
}

fn printed(data: &Path, args: &[&str]) -> (String, String) {
    let output = tollbook(data, args);
    let text = |it| String::from_utf8(it).unwrap();
    (text(output.stdout), text(output.stderr))
}

#[test]
fn what_could_not_be_read_is_said_with_every_figure_until_it_can_be() {
    let setting = Setting::new();
    let budgets = setting.data.parent().unwrap().join("budgets.toml");
    fs::write(&budgets, BUDGETS).unwrap();
    let apply = tollbook(&setting.data, &["budget", "apply", budgets.to_str().unwrap()]);
    assert!(apply.status.success(), "{}", String::from_utf8_lossy(&apply.stderr));
    let read = setting.import(
        HEADER,
        &[
            row(DAY, KNOWN, "10", "{}"),
            row(DAY, KNOWN, "odd", "{}"),
            row("soon", KNOWN, "4.25", "{}"),
            row(DAY, "USE1-NovaLite-unheard-of", "2", "{}"),
            row(DAY, KNOWN, "3", "[1"),
        ],
    );
    assert_eq!(read["rejected_count"], 2);
    assert_eq!(read["rejected"][1]["cost"], "4.25");
    assert_eq!(read["rejected"][0]["cost"], Value::Null);
    let rejected = "2 lines (4.25 USD, as far as it could be read) of cur 2026-10 of payer \
                    123456789012 could not be read and are in no figure";
    let lacking = "lines of cur 2026-10 of payer 123456789012 lack fields (no columns \
                   `bill_invoice_id`, `pricing_public_on_demand_cost`, `product`; \
                   cell-unreadable, usage-type-unknown)";
    let october = ["--from", "2026-10-01", "--to", "2026-11-01"];
    for args in [
        [&["report", "--by", "owner"], &october[..]].concat(),
        vec!["statement", "--period", "2026-10"],
    ] {
        let found = codes(&json(&setting.data, &args));
        let has = |code: &str, words: &str| {
            found.iter().any(|it| it.0 == code && it.1.starts_with(words))
        };
        assert!(has("lines-rejected", rejected), "{args:?} {found:?}");
        assert!(has("fields-unknown", lacking), "{args:?} {found:?}");
        // Beside CSV, and in a table.
        for (format, place) in [("csv", 1), ("table", 0)] {
            let (out, err) = printed(&setting.data, &[&args[..], &["--format", format]].concat());
            let shown = [out, err];
            assert!(shown[place].contains(rejected) && shown[place].contains(lacking), "{shown:?}");
        }
    }
    let (out, _) = printed(&setting.data, &["doctor", "--format", "json"]);
    let found = codes(&serde_json::from_str(&out).unwrap());
    for (code, words) in [
        ("lines-rejected", rejected),
        ("column-missing", "cur 2026-10 of payer 123456789012: no column `product`: "),
        (
            "cell-unreadable",
            "cur 2026-10 of payer 123456789012: `tags` cannot be read in 1 line of 3 USD",
        ),
        (
            "usage-type-unknown",
            "cur 2026-10 of payer 123456789012: 1 lines of 2.00 USD have usage types that could not \
             be read, such as `USE1-NovaLite-unheard-of`",
        ),
    ] {
        assert!(found.iter().any(|it| it.0 == code && it.1.starts_with(words)), "{code} {found:?}");
    }
    // The next delivery can be read whole.
    let header = format!("{HEADER},bill_invoice_id,pricing_public_on_demand_cost,product");
    setting.import(&header, &[row(DAY, KNOWN, "19.25", "{}") + ",INV-1,19.25,{}"]);
    let report = json(&setting.data, &[&["report"], &october[..]].concat());
    assert_eq!(codes(&report), []);
}

#[test]
fn a_month_without_data_is_not_one_in_which_nothing_was_spent() {
    let setting = Setting::new();
    setting.import(HEADER, &[row(DAY, KNOWN, "10", "{}")]);
    let (out, _) = printed(&setting.data, &["statement", "--period", "2026-11"]);
    assert!(out.contains("no data of 2026-11 yet"), "{out}");
    let (out, _) =
        printed(&setting.data, &["report", "--from", "2026-11-01", "--to", "2026-12-01"]);
    assert!(out.contains("no data of 2026-11-01..2026-12-01 yet"), "{out}");
    let (out, _) =
        printed(&setting.data, &["report", "--from", "2026-10-01", "--to", "2026-10-02"]);
    assert!(out.contains("no charge for generative AI in 2026-10-01..2026-10-02"), "{out}");
}
