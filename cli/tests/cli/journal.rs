//! The organisation and the journals of a month through the front door.

use std::path::{Path, PathBuf};

use rust_decimal::Decimal;
use serde_json::Value;

use crate::{COSTS, bill, decimal, json, tollbook};

const ORGANISATION: &str = r#"
    paying_entity = "1000"

    [[entity]]
    code = "1000"
    name = "Contoso US"
    recovery_account = "650190"
    recovery_cost_centre = "9000"
    receivable_account = "140100"
    rounding_account = "650199"

    [[entity]]
    code = "2000"
    name = "Contoso Deutschland"
    payable_account = "210100"

    [[cost_centre]]
    code = "4100"
    name = "Search"
    entity = "1000"
    owners = ["search"]

    [[cost_centre]]
    code = "5100"
    name = "Support"
    entity = "2000"
    owners = ["support"]

    [[cost_centre]]
    code = "9000"
    name = "Platform"
    entity = "1000"

    [[account]]
    code = "650120"
    name = "AI services"

    [[account]]
    code = "650190"
    name = "AI recovery"

    [[account]]
    code = "650199"
    name = "Rounding"

    [[account]]
    code = "140100"
    name = "Receivables"

    [[account]]
    code = "210100"
    name = "Payables"

    [[posting]]
    when = { provider = "aws" }
    account = "650120"
"#;

const RULES: &str = r#"
    [[rule]]
    name = "tag"
    owner = "{tag:iamPrincipal/team}"
"#;

struct Setting {
    folder: tempfile::TempDir,
    data: PathBuf,
}

impl Setting {
    /// A ledger with an October, and rules if they are given.
    fn new(rules: &str) -> Setting {
        let folder = tempfile::tempdir().unwrap();
        let setting = Setting { data: folder.path().join("data"), folder };
        let rules = setting.file("rules.toml", rules);
        let export = setting.file("bill.csv", &bill(&COSTS));
        if !std::fs::read_to_string(&rules).unwrap().is_empty() {
            setting.done(&["rules", "apply", &rules]);
        }
        setting.done(&["import", &export]);
        setting
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn apply(&self, organisation: &str) -> String {
        let file = self.file("organisation.toml", organisation);
        self.done(&["organisation", "apply", &file])
    }

    /// Standard output of a command that is done.
    fn done(&self, args: &[&str]) -> String {
        let output = tollbook(&self.data, args);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Standard error of a command that is refused.
    fn refused(&self, args: &[&str]) -> String {
        let output = tollbook(&self.data, args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(output.stdout.is_empty(), "{args:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    fn export(&self, layout: &str, more: &[&str]) -> String {
        let args = ["journal", "export", "--period", "2026-10", "--layout", layout];
        self.done(&[&args[..], more].concat())
    }

    /// The names and bytes of the files in a folder that was exported to.
    fn files(&self, layout: &str, folder: &str) -> Vec<(String, Vec<u8>)> {
        let out = self.folder.path().join(folder);
        self.export(layout, &["--out", out.to_str().unwrap()]);
        let mut files = Vec::new();
        list(&out, &out, &mut files);
        files.sort();
        files
    }
}

fn list(root: &Path, folder: &Path, files: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            list(root, &path, files);
        } else {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            files.push((name, std::fs::read(&path).unwrap()));
        }
    }
}

#[test]
fn a_month_is_posted_as_its_statements_say_and_twice_alike() {
    let setting = Setting::new(RULES);
    setting.apply(ORGANISATION);
    let statements = json(&setting.data, &["statement", "--period", "2026-10"]);
    let exact = |owner: &str| -> Decimal {
        let of_owner = |it: &&Value| it["owner"] == owner;
        let all = statements["statements"].as_array().unwrap();
        all.iter().filter(of_owner).map(|it| decimal(&it["exact_total"])).sum()
    };
    let files = setting.files("json", "first");
    assert_eq!(files, setting.files("json", "second"));
    assert_eq!(files.len(), 2);
    let mut recovered = Decimal::ZERO;
    for (name, bytes) in &files {
        let journal: Value = serde_json::from_slice(bytes).unwrap();
        assert_eq!(*name, format!("{}.json", journal["batch_id"].as_str().unwrap()));
        assert_eq!(journal["debit_total"], journal["credit_total"]);
        let lines = journal["lines"].as_array().unwrap();
        for line in lines {
            let amount = decimal(&line["debit"]) - decimal(&line["credit"]);
            match line["kind"].as_str().unwrap() {
                "charge" => {
                    let owner = line["support"][0]["owner"].as_str().unwrap();
                    assert!((amount - exact(owner)).abs() < Decimal::new(1, 2), "{line}");
                    assert_eq!(line["account"], "650120");
                }
                "recovery" => recovered -= amount,
                _ => {}
            }
        }
    }
    assert_eq!(recovered, (exact("search") + exact("support")).round_dp(2));
}

#[test]
fn every_layout_is_exported_and_the_same_bytes_again() {
    let setting = Setting::new(RULES);
    setting.apply(
        &ORGANISATION
            .replace(
                "name = \"Contoso US\"",
                "name = \"Contoso US\"\nintercompany_cost_centre = \"9000\"",
            )
            .replace(
                "payable_account = \"210100\"",
                "payable_account = \"210100\"\nintercompany_cost_centre = \"5100\"",
            ),
    );
    for (layout, file_count, start) in [
        ("csv", 1, "batch_id,period,posting_date,legal_entity"),
        ("sap", 1, "Upload General Journal Entry\n"),
        ("oracle", 2, "NEW,,2026/10/31,Tollbook,AI Chargeback,USD,2026/10/31,A,"),
        ("netsuite", 1, "External ID,Date,Posting Period"),
        ("workday", 1, "JournalKey,JournalEntryMemo,Submit"),
        ("d365", 2, "JOURNALBATCHNUMBER,LINENUMBER,JOURNALNAME"),
    ] {
        let files = setting.files(layout, layout);
        assert_eq!(files, setting.files(layout, layout), "{layout}");
        assert_eq!(files.len(), file_count, "{layout}");
        assert!(files[0].1.starts_with(start.as_bytes()), "{layout}");
        if file_count == 1 {
            assert_eq!(setting.export(layout, &[]).into_bytes(), files[0].1);
        }
    }
    let args = ["journal", "export", "--period", "2026-10", "--layout", "oracle"];
    let said = setting.refused(&args);
    assert!(said.contains("2 journals are 2 files in layout oracle; expected --out DIR"), "{said}");
}

#[test]
fn charges_without_a_place_are_refused_with_their_money() {
    let setting = Setting::new("");
    let args = ["journal", "export", "--period", "2026-10", "--layout", "csv"];
    let said = setting.refused(&args);
    assert!(said.contains("no organisation is applied; `tollbook organisation --help`"), "{said}");
    setting.apply(ORGANISATION);
    let said = setting.refused(&args);
    assert!(
        said.contains(" USD: no rule gives it an owner; expected a rule, or a cost centre"),
        "{said}"
    );
    assert!(
        said.contains("2026-10 cannot be posted on 2026-10-31, for the reasons above"),
        "{said}"
    );
    let said = setting.refused(&[&args[..], &["--unattributed-to", "1"]].concat());
    assert!(said.contains("cost centre `1` is not in the organisation"), "{said}");
    let csv = setting.export("csv", &["--unattributed-to", "9000"]);
    assert!(csv.contains(",650120,AI services,9000,Platform,"), "{csv}");
    let csv = setting.export("csv", &["--unattributed-to", "9000", "--date", "2026-11-02"]);
    assert!(csv.contains(",2026-10,2026-11-02,1000,"), "{csv}");
}

#[test]
fn requests_that_cannot_be_meant_are_refused() {
    let setting = Setting::new(RULES);
    setting.apply(ORGANISATION);
    let export = |more: &[&str]| {
        setting.refused(&[&["journal", "export", "--layout", "csv"], more].concat())
    };
    for (args, expected) in [
        (&["--period", "2026-1"][..], "`--period`: `2026-1` is not a month"),
        (
            &["--period", "2026-10", "--date", "2026-09-30"],
            "`--date` is 2026-09-30, before 2026-10 begins",
        ),
        (
            &["--period", "2026-10", "--unattributed-to", "a b"],
            "`--unattributed-to`: `a b` is not a code",
        ),
        (&["--period", "2026-09"], "no charge for generative AI in 2026-09"),
    ] {
        let said = export(args);
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn an_organisation_is_applied_by_version_and_shown() {
    let setting = Setting::new(RULES);
    let shown = json(&setting.data, &["organisation", "show"]);
    assert_eq!(shown, serde_json::json!({ "version": null, "entries": [] }));
    let file = setting.file("organisation.toml", ORGANISATION);
    let said = setting.done(&["organisation", "apply", &file, "--dry-run"]);
    assert!(said.contains("entity `1000` is new\n"), "{said}");
    assert!(
        said.ends_with(
            "2 entities, 3 cost centres, 5 accounts and 1 postings; nothing was applied\n"
        ),
        "{said}"
    );
    assert_eq!(json(&setting.data, &["organisation", "show"])["version"], Value::Null);
    assert!(setting.apply(ORGANISATION).ends_with("are version 1 now\n"));
    let said = setting.apply(&ORGANISATION.replace("\"Search\"", "\"Search and ads\""));
    assert!(said.starts_with("cost centre `4100` changes\n"), "{said}");
    assert!(said.ends_with("are version 2 now\n"), "{said}");
    let shown = json(&setting.data, &["organisation", "show"]);
    assert_eq!(shown["version"], 2);
    let entries = shown["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 11);
    let centre = entries.iter().find(|it| it["code"] == "4100").unwrap();
    assert_eq!(
        (&centre["name"], &centre["details"]),
        (&"Search and ads".into(), &"owners search".into())
    );
    let wrong = setting.file("wrong.toml", &ORGANISATION.replace("paying_entity", "payer"));
    let said = setting.refused(&["organisation", "apply", &wrong]);
    assert!(said.contains("unknown field `payer`"), "{said}");
    assert!(setting.done(&["organisation", "show"]).contains("Search and ads"));
}

#[test]
fn the_sample_is_posted_between_its_entities() {
    let folder = tempfile::tempdir().unwrap();
    let (data, sample) = (folder.path().join("data"), folder.path().join("sample"));
    let path = |name: &str| sample.join(name).to_str().unwrap().to_owned();
    for args in [
        &["sample", &path(""), "--as-of", "2026-11-10"][..],
        &["rules", "apply", &path("rules.toml")],
        &["organisation", "apply", &path("organisation.toml")],
        &["import", &path("tollbook-sample")],
    ] {
        let output = tollbook(&data, args);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let args = ["journal", "export", "--period", "2026-10", "--layout", "d365"];
    let refused = tollbook(&data, &args);
    let said = String::from_utf8(refused.stderr).unwrap();
    // It is not closed, one caller has no owner on purpose, and nothing else is in the way.
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert_eq!(said.lines().count(), 3, "{said}");
    assert!(said.contains(" USD: no rule gives it an owner"), "{said}");
    let out = folder.path().join("out");
    let more = ["--unattributed-to", "9999", "--out", out.to_str().unwrap()];
    let output = tollbook(&data, &[&args[..], &more].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut files = Vec::new();
    list(&out, &out, &mut files);
    assert_eq!(files.len(), 2, "the entity that pays, and the one that is charged");
}
