//! Bills that more than one export, or more than one set of files, tells of.

use std::fs;
use std::path::PathBuf;
use std::process::Output;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{HEADER, json as ask, tollbook};

/// A ledger, and a bucket beside it.
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

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// Writes a delivery of an export into a folder; returns the folder.
    fn deliver(&self, root: &str, export: &str, hour: u8, rows: &[String]) -> String {
        let place = self.folder.path().join(root).join(export);
        let put = |path: String, text: String| {
            let path = place.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let month = "BILLING_PERIOD=2026-10";
        let address = format!("s3://{root}/{export}/data/{month}/{export}-1.csv");
        let at = format!("2026-10-20T{hour:02}:00:00Z");
        let manifest = json!({ "dataFiles": [address], "createdAt": at });
        put(format!("data/{month}/{export}-1.csv"), format!("{HEADER}\n{}\n", rows.join("\n")));
        put(format!("metadata/{month}/{export}-Manifest.json"), manifest.to_string());
        self.path(root)
    }

    /// Writes rows into a file without a manifest.
    fn dump(&self, name: &str, rows: &[String]) -> String {
        fs::write(self.path(name), format!("{HEADER}\n{}\n", rows.join("\n"))).unwrap();
        self.path(name)
    }

    fn run(&self, args: &[&str]) -> Output {
        tollbook(&self.data, args)
    }

    /// An import that is taken.
    #[track_caller]
    fn import(&self, args: &[&str]) -> Value {
        ask(&self.data, &[&["import"], args].concat())
    }

    /// An import that is refused, and leaves the ledger as it was: the reason.
    #[track_caller]
    fn refused(&self, args: &[&str]) -> String {
        let before = self.total();
        let output = self.run(&[&["import"], args].concat());
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert_eq!(self.total(), before);
        said
    }

    /// The cost of October.
    fn total(&self) -> String {
        if !self.data.exists() {
            return "nothing".to_owned();
        }
        let report = ask(&self.data, &["report", "--from", "2026-10-01", "--to", "2026-11-01"]);
        let total = report["currencies"][0]["total"].as_str();
        total.unwrap_or("nothing").to_owned()
    }
}

/// A charge of an account on a day of October.
fn row(account: &str, day: u8, cost: &str) -> String {
    charge(account, day, "AmazonBedrock,USE1-NovaLite-input-tokens", cost)
}

fn charge(account: &str, day: u8, product: &str, cost: &str) -> String {
    format!(
        "2026-10-01T00:00:00Z,123456789012,{account},2026-10-{day:02}T00:00:00Z,Usage,{product},1,\
         1K tokens,{cost},USD,,"
    )
}

const ONE: &str = "111122223333";
const TWO: &str = "444455556666";

fn codes(report: &Value) -> Vec<&str> {
    let findings = report["findings"].as_array().unwrap().iter();
    let codes = findings.map(|it| it["code"].as_str().unwrap());
    codes.filter(|it| *it != "column-missing").collect()
}

#[test]
fn exports_of_two_accounts_are_parts_of_one_bill() {
    let setting = Setting::set_up();
    setting.deliver("bucket", "one", 1, &[row(ONE, 5, "10")]);
    let bucket = setting.deliver("bucket", "two", 2, &[row(TWO, 5, "7")]);
    let report = setting.import(&[&bucket]);
    assert_eq!(codes(&report), ["bill-in-parts"]);
    let parts: Vec<_> = report["bills"].as_array().unwrap().iter().map(|it| &it["part"]).collect();
    assert_eq!(parts, [&json!(null), &json!("two")]);
    assert_eq!(
        report["bills"][1]["totals"],
        json!([{"currency": "USD", "read": "7", "ledger": "7", "ledger_in_parts": "17"}])
    );
    assert_eq!(setting.total(), "17");
    // Again, and each restates its own part.
    assert_eq!(codes(&setting.import(&[&bucket])), [""; 0]);
    setting.deliver("bucket", "two", 3, &[row(TWO, 5, "8"), row(TWO, 6, "1")]);
    setting.import(&[&bucket]);
    assert_eq!(setting.total(), "19");
    setting.deliver("bucket", "one", 4, &[row(ONE, 5, "11")]);
    setting.import(&[&bucket]);
    assert_eq!(setting.total(), "20");
    let statement = setting.run(&["statement", "--period", "2026-10"]);
    assert!(String::from_utf8(statement.stdout).unwrap().contains("20.00 USD"));
}

#[test]
fn an_export_with_some_lines_of_the_bill_is_refused() {
    let setting = Setting::set_up();
    let machine = charge(ONE, 5, "AmazonEC2,BoxUsage:t3.micro", "3");
    let all = setting.deliver("a", "all", 1, &[row(ONE, 5, "100"), machine.clone()]);
    setting.import(&[&all]);
    let some = setting.deliver("b", "machines", 2, &[machine]);
    let said = setting.refused(&[&some]);
    for expected in ["machines-Manifest.json", "export `all`", "--as-part NAME", "--replace"] {
        assert!(said.contains(expected), "{said}");
    }
    assert_eq!(setting.total(), "100");
    // The bill's own export still restates it.
    setting.deliver("a", "all", 3, &[row(ONE, 5, "101")]);
    setting.import(&[&all]);
    assert_eq!(setting.total(), "101");
}

#[test]
fn deliveries_that_cannot_be_told_apart_write_nothing() {
    let setting = Setting::set_up();
    setting.deliver("bucket", "all", 1, &[row(ONE, 5, "10"), row(TWO, 5, "7")]);
    let bucket = setting.deliver("bucket", "one", 2, &[row(ONE, 5, "10")]);
    setting.refused(&[&bucket]);
    assert_eq!(setting.total(), "nothing");
}

#[test]
fn exports_of_one_name_in_two_buckets_are_two() {
    let setting = Setting::set_up();
    let one = setting.deliver("bucket-one", "cur", 1, &[row(ONE, 5, "10")]);
    let two = setting.deliver("bucket-two", "cur", 2, &[row(TWO, 5, "7")]);
    setting.import(&[&one]);
    setting.import(&[&two]);
    assert_eq!(setting.total(), "17");
    setting.deliver("bucket-one", "cur", 3, &[row(ONE, 5, "12")]);
    setting.import(&[&one]);
    assert_eq!(setting.total(), "19");
}

#[test]
fn another_export_of_the_same_lines_carries_the_bill_on() {
    let setting = Setting::set_up();
    let old = setting.deliver("a", "old", 1, &[row(ONE, 5, "10"), row(TWO, 6, "7")]);
    setting.import(&[&old]);
    let rows = [row(ONE, 5, "10"), row(TWO, 6, "7"), row(TWO, 7, "1")];
    let new = setting.deliver("b", "new", 2, &rows);
    assert_eq!(codes(&setting.import(&[&new])), ["deliverer-changed"]);
    assert_eq!(setting.total(), "18");
    setting.deliver("b", "new", 3, &[row(ONE, 5, "12"), row(TWO, 6, "7"), row(TWO, 7, "1")]);
    setting.import(&[&new]);
    assert_eq!(setting.total(), "20");
    setting.refused(&[&old]);
}

#[test]
fn the_user_chooses_where_the_lines_do_not_say_it() {
    let setting = Setting::set_up();
    let first = setting.dump("first.csv", &[row(ONE, 5, "10")]);
    let second = setting.dump("second.csv", &[row(ONE, 5, "7")]);
    setting.import(&[&first]);
    setting.refused(&[&second]);
    let report = setting.import(&["--as-part", "second half", &second]);
    assert_eq!(report["bills"][0]["part"], "second half");
    assert_eq!(setting.total(), "17");
    // From now on it is known.
    setting.dump("second.csv", &[row(ONE, 5, "8")]);
    setting.import(&[&second]);
    assert_eq!(setting.total(), "18");
    let said = setting.refused(&["--as-part", "another", &second]);
    assert!(said.contains("part second half"), "{said}");
    setting.refused(&["--as-part", "", &second]);
    setting.refused(&["--as-part", "a\nb", &second]);
    setting.refused(&["--as-part", "a", "--replace", &second]);
    // In place of all of it.
    let whole = setting.dump("whole.csv", &[row(ONE, 6, "5")]);
    let report = setting.import(&["--replace", &whole]);
    assert_eq!(codes(&report), ["bill-replaced"]);
    assert_eq!(setting.total(), "5");
    setting.refused(&["--as-part", "a", &whole]);
    setting.import(&[&whole]);
    assert_eq!(setting.total(), "5");
}

#[test]
fn a_part_of_an_export_is_restated_by_it() {
    let setting = Setting::set_up();
    let all = setting.deliver("a", "all", 1, &[row(ONE, 5, "10")]);
    let more = setting.deliver("b", "more", 2, &[row(ONE, 5, "7")]);
    setting.import(&[&all]);
    setting.import(&["--as-part", "more", &more]);
    assert_eq!(setting.total(), "17");
    setting.deliver("b", "more", 3, &[row(ONE, 5, "9"), row(ONE, 6, "1")]);
    setting.import(&[&more]);
    assert_eq!(setting.total(), "20");
    // What was replaced does not come back by itself.
    setting.deliver("a", "all", 4, &[row(ONE, 5, "30")]);
    setting.import(&["--replace", &all]);
    assert_eq!(setting.total(), "30");
    setting.refused(&[&more]);
}

#[test]
fn an_export_that_grows_into_another_part_is_refused() {
    let setting = Setting::set_up();
    let extract = setting.dump("extract.csv", &[row(ONE, 6, "7")]);
    let all = setting.deliver("a", "all", 1, &[row(ONE, 5, "10")]);
    setting.import(&[&extract]);
    setting.import(&[&all]);
    assert_eq!(setting.total(), "17");
    setting.deliver("a", "all", 2, &[row(ONE, 5, "10"), row(ONE, 6, "8")]);
    setting.refused(&[&all]);
    setting.import(&["--replace", &all]);
    assert_eq!(setting.total(), "18");
    setting.deliver("a", "all", 3, &[row(ONE, 5, "10"), row(ONE, 6, "9")]);
    setting.import(&[&all]);
    assert_eq!(setting.total(), "19");
}

#[test]
fn days_that_a_shorter_file_lacks_are_named() {
    let setting = Setting::set_up();
    let ten: Vec<String> = (1..=10).map(|day| row(ONE, day, "1")).collect();
    let bill = setting.dump("october.csv", &ten);
    setting.import(&[&bill]);
    setting.dump("october.csv", &ten[..5]);
    let report = setting.import(&[&bill]);
    assert_eq!(codes(&report), ["days-kept"]);
    let message = report["findings"].as_array().unwrap().iter();
    let message = message.map(|it| it["message"].as_str().unwrap()).find(|it| it.contains("stay"));
    assert_eq!(
        message.unwrap(),
        format!(
            "5 days of cur 2026-10 of payer 123456789012 stay as an earlier delivery left them, since \
             `{bill}` lacks them: 2026-10-06, 2026-10-07, 2026-10-08, 2026-10-09, 2026-10-10; if it is \
             the whole bill, `tollbook import --replace` takes it for that"
        )
    );
    let days: Vec<&str> = report["bills"][0]["days_kept"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it.as_str().unwrap())
        .collect();
    assert_eq!(days.len(), 5);
    assert_eq!(report["bills"][0]["as_read"], true);
    let said = String::from_utf8(setting.run(&["import", &bill]).stdout).unwrap();
    let expected = "cur 2026-10 of payer 123456789012: read 5.00 USD, the ledger holds 10.00 USD, 5 \
                    days of it as before";
    assert!(said.contains(expected), "{said}");
    assert_eq!(setting.total(), "10");
    setting.import(&["--replace", &bill]);
    assert_eq!(setting.total(), "5");
}

#[test]
fn files_of_other_days_are_one_bill() {
    let setting = Setting::set_up();
    let first = setting.dump("1.csv", &[row(ONE, 1, "1")]);
    let second = setting.dump("2.csv", &[row(ONE, 2, "2")]);
    setting.import(&[&first]);
    let report = setting.import(&[&second]);
    assert_eq!((codes(&report), &report["bills"][0]["part"]), (vec!["days-kept"], &json!(null)));
    assert_eq!(setting.total(), "3");
    // Each is restated by itself, and both at once.
    setting.dump("1.csv", &[row(ONE, 1, "5")]);
    setting.import(&[&first]);
    assert_eq!(setting.total(), "7");
    setting.dump("2.csv", &[row(ONE, 2, "3")]);
    setting.import(&[&first, &second]);
    assert_eq!(setting.total(), "8");
}

#[test]
fn a_dump_beside_the_export_of_its_lines_counts_once() {
    let setting = Setting::set_up();
    let rows = [row(ONE, 5, "10"), row(TWO, 6, "7")];
    let export = setting.deliver("a", "all", 1, &rows);
    setting.import(&[&export]);
    let dump = setting.dump("dump.csv", &rows[..1]);
    setting.import(&[&dump]);
    assert_eq!(setting.total(), "17");
    setting.dump("dump.csv", &[row(ONE, 5, "11")]);
    setting.refused(&[&dump]);
    setting.deliver("a", "all", 2, &[row(ONE, 5, "12"), row(TWO, 6, "7")]);
    setting.import(&[&export]);
    assert_eq!(setting.total(), "19");
}

#[test]
fn a_bill_counts_once_with_and_without_its_payer() {
    for flip in [false, true] {
        let setting = Setting::set_up();
        let rows = [row(ONE, 5, "10"), row(TWO, 6, "7")];
        let unnamed = |rows: &[String]| -> Vec<String> {
            rows.iter().map(|it| it.replace(",123456789012,", ",,")).collect()
        };
        let mut files = [("with.csv", rows.to_vec()), ("without.csv", unnamed(&rows))];
        if flip {
            files.reverse();
        }
        let [first, second] = files.each_ref().map(|(name, rows)| setting.dump(name, rows));
        setting.import(&[&first]);
        let report = setting.import(&[&second]);
        assert_eq!(codes(&report), ["payer-unknown"], "{flip}");
        assert_eq!(setting.total(), "17");
        // With other lines it may be the same bill or not.
        let other = [row(ONE, 5, "11"), row(TWO, 6, "7")];
        let other = if flip { other.to_vec() } else { unnamed(&other) };
        let third = setting.dump("third.csv", &other);
        setting.refused(&[&third]);
        setting.import(&["--replace", &third]);
        assert_eq!(setting.total(), "18");
    }
}

#[test]
fn lines_without_a_payer_stay_beside_those_of_their_delivery() {
    let setting = Setting::set_up();
    let rows = |cost: &str| {
        let unnamed = row(TWO, 5, cost).replace(",123456789012,", ",,");
        [row(ONE, 5, "10"), row(ONE, 6, "1"), unnamed]
    };
    for (hour, cost, total) in [(1, "7", "18"), (2, "7", "18"), (3, "8", "19")] {
        let bucket = setting.deliver("a", "all", hour, &rows(cost));
        setting.import(&[&bucket]);
        assert_eq!(setting.total(), total);
    }
    let dump = setting.dump("dump.csv", &rows("8"));
    setting.import(&[&dump]);
    assert_eq!(setting.total(), "19");
}

#[test]
fn a_ledger_that_holds_something_else_than_was_read_is_an_error() {
    let setting = Setting::set_up();
    let bucket = setting.deliver("a", "all", 2, &[row(ONE, 5, "10")]);
    setting.import(&[&bucket]);
    setting.deliver("a", "all", 1, &[row(ONE, 5, "9")]);
    let output = setting.run(&["import", &bucket]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout).unwrap();
    let expected =
        "error: cur 2026-10 of payer 123456789012: read 9.00 USD, the ledger holds 10.00 USD";
    assert!(said.contains(expected), "{said}");
    let output = setting.run(&["import", &bucket, "--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["bills"][0]["as_read"], false);
    assert_eq!(report["bills"][0]["totals"][0]["ledger"], "10");
}
