//! Deliveries that restate a bill: which of them counts, and for which days.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{HEADER, json as ask, tollbook};

/// A ledger and an export beside it.
struct Setting {
    folder: TempDir,
    data: PathBuf,
}

impl Setting {
    fn set_up() -> Setting {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        Setting { folder, data }
    }

    /// Imports a delivery as AWS makes it: data files, and a manifest that says when.
    fn import(&self, month: &str, at: &str, rows: &[String]) -> Value {
        let root = self.deliver(month, at, rows);
        ask(&self.data, &["import", &root])
    }

    /// As [`Setting::import`], also where the delivery would take money away.
    fn accept(&self, month: &str, at: &str, rows: &[String]) -> Value {
        let root = self.deliver(month, at, rows);
        ask(&self.data, &["import", "--accept", &root])
    }

    /// As [`Setting::import`], of an older delivery than the ledger has, which says something else.
    #[track_caller]
    fn superseded(&self, month: &str, at: &str, rows: &[String]) -> Value {
        let root = self.deliver(month, at, rows);
        let output = tollbook(&self.data, &["import", &root, "--format", "json"]);
        assert_eq!(output.status.code(), Some(1));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        finding(&report, "delivery-superseded");
        assert_eq!(report["bills"][0]["as_read"], false);
        report
    }

    /// As [`Setting::import`], of a delivery that is held back: the message of the finding.
    #[track_caller]
    fn held_back(&self, month: &str, at: &str, rows: &[String]) -> String {
        let root = self.deliver(month, at, rows);
        let output = tollbook(&self.data, &["import", &root, "--format", "json"]);
        assert_eq!(output.status.code(), Some(1));
        let report = serde_json::from_slice(&output.stdout).unwrap();
        finding(&report, "delivery-pending")["message"].as_str().unwrap().to_owned()
    }

    /// Writes a delivery; returns its folder.
    fn deliver(&self, month: &str, at: &str, rows: &[String]) -> String {
        let root = self.folder.path().join("export");
        let put = |path: String, text: String| {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let _ = fs::remove_dir_all(&root);
        let file = format!("data/BILLING_PERIOD={month}/a.csv");
        let manifest = json!({ "dataFiles": [format!("s3://bucket/{file}")], "createdAt": at });
        put(file, format!("{HEADER}\n{}\n", rows.join("\n")));
        put(format!("metadata/BILLING_PERIOD={month}/a-Manifest.json"), manifest.to_string());
        root.to_str().unwrap().to_owned()
    }

    /// The codes of the findings of an answer.
    fn codes(&self, args: &[&str]) -> Vec<String> {
        let output = tollbook(&self.data, &[args, &["--format", "json"]].concat());
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        let findings = answer["findings"].as_array().unwrap().iter();
        let codes = findings.map(|it| it["code"].as_str().unwrap().to_owned());
        // The files here have no more columns than they need.
        codes.filter(|it| it != "fields-unknown").collect()
    }

    /// Cost by day.
    fn days(&self) -> Vec<(String, String)> {
        let report = ask(&self.data, &["report", "--by", "day", "--from", "2026-09-01"]);
        let text = |it: &Value| it.as_str().unwrap().to_owned();
        let rows = report["currencies"][0]["rows"].as_array().into_iter().flatten();
        rows.map(|row| (text(&row["keys"]["day"]), text(&row["cost"]))).collect()
    }
}

fn row(month: &str, day: &str, cost: &str) -> String {
    format!(
        "{month}-01T00:00:00Z,123456789012,123456789012,{day}T00:00:00Z,Usage,AmazonBedrock,\
         USE1-NovaLite-input-tokens,1,1K tokens,{cost},USD,,"
    )
}

fn days(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(day, cost)| ((*day).to_owned(), (*cost).to_owned())).collect()
}

#[test]
fn a_stray_row_does_not_wipe_out_another_bill() {
    let setting = Setting::set_up();
    let november = [row("2026-11", "2026-11-01", "5"), row("2026-11", "2026-11-02", "7")];
    setting.import("2026-11", "2026-11-03T06:00:00Z", &november);
    let october = [row("2026-10", "2026-10-31", "3"), row("2026-11", "2026-11-02", "1")];
    let report = setting.import("2026-10", "2026-11-03T07:00:00Z", &october);
    assert_eq!(
        report["rejected"],
        json!([{
            "file": "data/BILLING_PERIOD=2026-10/a.csv",
            "line": 2,
            "column": "bill_billing_period_start_date",
            "reason": "the row is of the bill of 2026-11, but its delivery is of 2026-10; expected \
                       rows of one bill",
            "cost": "1",
            "currency": "USD",
        }])
    );
    assert_eq!(report["bills"].as_array().unwrap().len(), 1);
    let expected = [("2026-10-31", "3"), ("2026-11-01", "5"), ("2026-11-02", "7")];
    assert_eq!(setting.days(), days(&expected));
}

/// The one finding of a code.
#[track_caller]
fn finding<'a>(report: &'a Value, code: &str) -> &'a Value {
    let of_code: Vec<_> =
        report["findings"].as_array().unwrap().iter().filter(|it| it["code"] == code).collect();
    assert_eq!(of_code.len(), 1, "{code}: {report}");
    of_code[0]
}

#[test]
fn a_delivery_of_several_bills_is_the_whole_of_none() {
    let setting = Setting::set_up();
    let november = [row("2026-11", "2026-11-01", "5"), row("2026-11", "2026-11-02", "7")];
    setting.import("2026-11", "2026-11-03T06:00:00Z", &november);
    // A manifest that does not say its month.
    let root = setting.folder.path().join("flat");
    fs::create_dir(&root).unwrap();
    let rows = [row("2026-10", "2026-10-31", "3"), row("2026-11", "2026-11-02", "8")];
    fs::write(root.join("a.csv"), format!("{HEADER}\n{}\n", rows.join("\n"))).unwrap();
    fs::write(root.join("a-Manifest.json"), r#"{"dataFiles": ["s3://bucket/a.csv"]}"#).unwrap();
    let report = ask(&setting.data, &["import", root.to_str().unwrap()]);
    let expected = [("2026-10-31", "3"), ("2026-11-01", "5"), ("2026-11-02", "8")];
    assert_eq!(setting.days(), days(&expected));
    assert_eq!(
        finding(&report, "delivery-mixed")["message"],
        format!(
            "`{}` holds 2 bills (cur 2026-10 of payer 123456789012, cur 2026-11 of payer \
             123456789012) and is taken for the whole of none: days that it leaves out stay as \
             they are",
            root.join("a-Manifest.json").display()
        )
    );
}

#[test]
fn a_charge_of_an_earlier_month_stands_on_the_bill_it_came_with() {
    let setting = Setting::set_up();
    setting.import("2026-10", "2026-11-03T06:00:00Z", &[row("2026-10", "2026-10-31", "3")]);
    let november = [row("2026-11", "2026-11-01", "5"), row("2026-11", "2026-10-31", "2")];
    let report = setting.import("2026-11", "2026-11-03T06:00:00Z", &november);
    assert_eq!(report["rejected"], json!([]));
    assert_eq!(setting.days(), days(&[("2026-10-31", "5"), ("2026-11-01", "5")]));
    // The bill without it takes it back; October's own stays.
    setting.accept("2026-11", "2026-11-04T06:00:00Z", &november[..1]);
    assert_eq!(setting.days(), days(&[("2026-10-31", "3"), ("2026-11-01", "5")]));
}

#[test]
fn the_newest_delivery_counts_in_whatever_order_they_come() {
    let setting = Setting::set_up();
    let old = [row("2026-10", "2026-10-01", "1")];
    let between = [row("2026-10", "2026-10-01", "2")];
    setting.import("2026-10", "2026-10-02T06:00:00Z", &old);
    // The newest says what the oldest said: nothing to write, and yet it is the newest.
    let again = setting.import("2026-10", "2026-10-04T06:00:00Z", &old);
    assert_eq!(again["bills"][0]["items_written"], 0);
    let late = setting.superseded("2026-10", "2026-10-03T06:00:00Z", &between);
    assert_eq!(late["bills"][0]["superseded"], true);
    assert_eq!(setting.days(), days(&[("2026-10-01", "1")]));
}

#[test]
fn new_rules_satisfy_the_doctor_and_so_does_importing_again() {
    let setting = Setting::set_up();
    let rules = setting.folder.path().join("rules.toml");
    let has_outdated = || {
        let output = tollbook(&setting.data, &["doctor", "--format", "json"]);
        String::from_utf8(output.stdout).unwrap().contains("rules-outdated")
    };
    // The second version claims nothing that the first did not.
    for name in ["first", "second"] {
        let rule =
            format!("[[rule]]\nname = \"{name}\"\nowner = \"x\"\nwhen = {{ role = \"r\" }}\n");
        fs::write(&rules, rule).unwrap();
        let applied = tollbook(&setting.data, &["rules", "apply", rules.to_str().unwrap()]);
        assert!(applied.status.success());
        // Applying owns the bills anew, also where nothing moves.
        assert!(!has_outdated(), "applied {name}");
        setting.import("2026-10", "2026-10-02T06:00:00Z", &[row("2026-10", "2026-10-01", "1")]);
        assert!(!has_outdated(), "after {name}");
    }
}

#[test]
fn the_doctor_names_a_bill_whose_last_delivery_is_from_within_its_month() {
    let setting = Setting::set_up();
    let not_final = |made: &str| {
        setting.import("2024-06", made, &[row("2024-06", "2024-06-01", "1")]);
        let output = tollbook(&setting.data, &["doctor", "--format", "json"]);
        let doctor: Value = serde_json::from_slice(&output.stdout).unwrap();
        let findings = doctor["findings"].as_array().unwrap().iter();
        findings.filter(|it| it["code"] == "bill-not-final").count()
    };
    assert_eq!(not_final("2024-06-20T06:00:00Z"), 1);
    assert_eq!(not_final("2024-07-03T06:00:00Z"), 0);
}

#[test]
fn a_bill_that_its_export_leaves_out_is_taken_back() {
    let setting = Setting::set_up();
    let october = [row("2026-10", "2026-10-30", "3")];
    setting.import("2026-10", "2026-11-01T06:00:00Z", &october);
    setting.import("2026-11", "2026-11-03T06:00:00Z", &[row("2026-11", "2026-11-01", "5")]);
    let report = setting.accept("2026-11", "2026-11-03T07:00:00Z", &[]);
    finding(&report, "bill-withdrawn");
    assert_eq!(setting.days(), days(&[("2026-10-30", "3")]));
    // Once; and an older delivery does not bring it back.
    let again = setting.import("2026-11", "2026-11-03T07:00:00Z", &[]);
    assert_eq!(again["bills"], json!([]));
    setting.superseded("2026-11", "2026-11-03T06:00:00Z", &[row("2026-11", "2026-11-01", "5")]);
    assert_eq!(setting.days(), days(&[("2026-10-30", "3")]));
    setting.import("2026-11", "2026-11-03T08:00:00Z", &[row("2026-11", "2026-11-02", "6")]);
    assert_eq!(setting.days(), days(&[("2026-10-30", "3"), ("2026-11-02", "6")]));
}

#[test]
fn an_empty_delivery_takes_back_nothing_of_another_export() {
    let setting = Setting::set_up();
    setting.import("2026-11", "2026-11-03T06:00:00Z", &[row("2026-11", "2026-11-01", "5")]);
    let root = setting.folder.path().join("other");
    fs::create_dir_all(root.join("BILLING_PERIOD=2026-11")).unwrap();
    let manifest =
        json!({ "dataFiles": ["s3://bucket/b.csv"], "createdAt": "2026-11-04T06:00:00Z" });
    fs::write(root.join("BILLING_PERIOD=2026-11/b-Manifest.json"), manifest.to_string()).unwrap();
    fs::write(root.join("BILLING_PERIOD=2026-11/b.csv"), format!("{HEADER}\n")).unwrap();
    let report = ask(&setting.data, &["import", root.to_str().unwrap()]);
    assert_eq!(report["bills"], json!([]));
    assert_eq!(setting.days(), days(&[("2026-11-01", "5")]));
}

/// A November of 5 and 7 USD, delivered on the 3rd.
fn november() -> [String; 2] {
    [row("2026-11", "2026-11-01", "5"), row("2026-11", "2026-11-02", "7")]
}

#[test]
fn a_delivery_that_would_take_money_away_is_held_back_and_said_everywhere() {
    let unreadable = || row("2026-11", "2026-11-03", "a lot");
    let full = november().to_vec();
    let with = |more: String| [full.clone(), vec![more]].concat();
    for (rows, at, reason) in [
        (vec![], "2026-11-04T06:00:00Z", "it has no line of the bill"),
        (with(unreadable()), "2026-11-04T06:00:00Z", "1 of its 3 lines cannot be read"),
        (
            vec![full[0].clone(), row("2026-11", "2026-11-02", "0.5")],
            "2026-11-04T06:00:00Z",
            "it would leave 5.50 USD of 12.00 USD",
        ),
        (full[1..].to_vec(), "2026-11-04T06:00:00Z", "it lacks 1 days that have cost: 2026-11-01"),
        (
            full.clone(),
            "9999-01-01T00:00:00Z",
            "it says that it was made in the future, at 9999-01-01T00:00:00Z",
        ),
    ] {
        let setting = Setting::set_up();
        setting.import("2026-11", "2026-11-03T06:00:00Z", &full);
        let message = setting.held_back("2026-11", at, &rows);
        assert_eq!(
            message,
            format!(
                "cur 2026-11 of payer 123456789012 is as it was before, since a delivery of it made \
                 at {at} is held back: {reason}; a later delivery takes its place, and `tollbook \
                 import --accept` takes it as it is"
            )
        );
        assert_eq!(setting.days(), days(&[("2026-11-01", "5"), ("2026-11-02", "7")]));
        let november = ["report", "--from", "2026-11-01", "--to", "2026-12-01"];
        assert_eq!(setting.codes(&november), ["delivery-pending"], "{reason}");
        assert!(setting.codes(&["doctor"]).contains(&"delivery-pending".to_owned()), "{reason}");
        let october = ["report", "--from", "2026-10-01", "--to", "2026-11-01"];
        assert_eq!(setting.codes(&october), Vec::<String>::new());
        // The next good delivery takes its place.
        setting.import("2026-11", "2026-11-05T06:00:00Z", &full);
        assert_eq!(setting.codes(&november), Vec::<String>::new());
    }
}

#[test]
fn a_later_delivery_that_says_the_same_is_taken_and_a_broken_one_never() {
    let setting = Setting::set_up();
    let full = november();
    setting.import("2026-11", "2026-11-03T06:00:00Z", &full);
    let small = [row("2026-11", "2026-11-02", "3")];
    setting.held_back("2026-11", "2026-11-04T06:00:00Z", &small);
    // The same delivery again is no second word for it, and less is another matter.
    setting.held_back("2026-11", "2026-11-04T06:00:00Z", &small);
    setting.held_back("2026-11", "2026-11-05T06:00:00Z", &[row("2026-11", "2026-11-02", "2")]);
    assert_eq!(setting.days(), days(&[("2026-11-01", "5"), ("2026-11-02", "7")]));
    setting.import("2026-11", "2026-11-06T06:00:00Z", &small);
    assert_eq!(setting.days(), days(&[("2026-11-02", "3")]));
    let broken = [small[0].clone(), row("2026-11", "2026-11-02", "x")];
    for at in ["2026-11-07T06:00:00Z", "2026-11-08T06:00:00Z"] {
        setting.held_back("2026-11", at, &broken);
    }
    let accepted = setting.accept("2026-11", "2026-11-09T06:00:00Z", &broken);
    assert_eq!(accepted["rejected_count"], 1);
    // The ledger remembers the line, and the same again takes nothing away.
    let month = ["report", "--from", "2026-11-01", "--to", "2026-12-01"];
    assert_eq!(setting.codes(&month), ["lines-rejected"]);
    setting.import("2026-11", "2026-11-10T06:00:00Z", &broken);
    assert_eq!(setting.codes(&month), ["lines-rejected"]);
    setting.import("2026-11", "2026-11-11T06:00:00Z", &small);
    assert_eq!(setting.codes(&month), Vec::<String>::new());
}

#[test]
fn an_accepted_delivery_of_the_future_keeps_nothing_out() {
    let setting = Setting::set_up();
    setting.held_back("2026-11", "9999-01-01T00:00:00Z", &november()[..1]);
    assert_eq!(setting.days(), days(&[]));
    setting.accept("2026-11", "9999-01-01T00:00:00Z", &november()[..1]);
    assert_eq!(setting.days(), days(&[("2026-11-01", "5")]));
}

#[test]
fn invented_figures_and_own_bills_are_never_one_ledger() {
    let setting = Setting::set_up();
    let sample = setting.folder.path().join("sample");
    let written = tollbook(&setting.data, &["sample", sample.to_str().unwrap()]);
    assert!(written.status.success());
    let refused = |data: &std::path::Path, path: &str, expected: &str| {
        let output = tollbook(data, &["import", path]);
        assert_eq!(output.status.code(), Some(2));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(expected), "{said}");
    };
    // Own bills first.
    setting.import("2026-11", "2026-11-03T06:00:00Z", &november());
    refused(&setting.data, sample.to_str().unwrap(), "would add the invented figures");
    assert_eq!(setting.days(), days(&[("2026-11-01", "5"), ("2026-11-02", "7")]));
    // The sample first.
    let data = setting.folder.path().join("other");
    ask(&data, &["import", sample.to_str().unwrap()]);
    let before = ask(&data, &["report"]);
    let own = setting.deliver("2026-11", "2026-11-04T06:00:00Z", &november());
    refused(&data, &own, "keep bills in a ledger of their own: `--data FOLDER`");
    assert_eq!(ask(&data, &["report"]), before);
    ask(&data, &["import", sample.to_str().unwrap()]);
}
