//! Rules of any form: checked by themselves and on a ledger, applied, and explained in money.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::{COSTS, bill, decimal, json, tollbook};

const DOCS: &str = include_str!("../../../docs/rules.md");

fn put(folder: &Path, name: &str, text: &str) -> String {
    let file = folder.join(name);
    fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

/// The examples of the docs: the file, and the text below it, if there is one.
fn examples() -> Vec<(String, Option<String>)> {
    let mut examples: Vec<(String, Option<String>)> = Vec::new();
    for block in DOCS.split("```").skip(1).step_by(2) {
        match block.split_once('\n').unwrap() {
            ("toml", text) => examples.push((text.to_owned(), None)),
            ("text", text) => examples.last_mut().unwrap().1 = Some(text.to_owned()),
            (other, _) => assert_eq!(other, "toml"),
        }
    }
    examples
}

#[test]
fn every_example_of_the_docs_is_checked_and_applied() {
    let folder = tempfile::tempdir().unwrap();
    let none = folder.path().join("none");
    let examples = examples();
    assert!(examples.len() >= 5);
    for (at, (text, expected)) in examples.iter().enumerate() {
        let file = put(folder.path(), "rules.toml", text);
        let output = tollbook(&none, &["rules", "check", &file, "--without-ledger"]);
        let stdout = String::from_utf8(output.stdout).unwrap();
        assert!(
            output.stderr.is_empty(),
            "example {at}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        match expected {
            Some(expected) => {
                assert_eq!(output.status.code(), Some(1));
                assert!(stdout.starts_with(expected.as_str()), "example {at}: {stdout}");
            }
            None => {
                assert_eq!(output.status.code(), Some(0), "example {at}: {stdout}");
                assert!(stdout.contains(" 0 findings"), "example {at}: {stdout}");
            }
        }
        assert!(!none.exists(), "a check makes no ledger");
        let data = folder.path().join(format!("data-{at}"));
        assert!(tollbook(&data, &["rules", "apply", &file]).status.success(), "example {at}");
    }
}

const RULES: &str = r#"
[[rule]]
name = "first day"
owner = "day-{team}"
valid_to = "2026-10-02"
when = { role = { regex = "app-(?<team>[a-z]+)" } }

[[rule]]
name = "search"
owner = "search"
[rule.when]
any = [{ role = "app-search" }, { role = "other" }]
not = { usage_type = "*-output-*" }

[[rule]]
name = "tokens"
owner = "platform"
when = { usage_type = "*-input-*", region = "*" }

[[rule]]
name = "input"
owner = "platform"
when = { meter = "input_tokens" }

[[rule]]
name = "never"
owner = "x"
when = { all = [{ role = "a*" }, { role = "b*" }] }
"#;

/// A ledger with a bill and these rules.
fn ledger(folder: &Path) -> (std::path::PathBuf, String) {
    let data = folder.join("data");
    let export = put(folder, "bill.csv", &bill(&COSTS));
    let file = put(folder, "rules.toml", RULES);
    assert!(tollbook(&data, &["rules", "apply", &file]).status.success());
    json(&data, &["import", &export]);
    (data, file)
}

#[test]
fn a_check_on_a_ledger_names_rules_that_claim_nothing_and_pairs_that_meet() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = ledger(folder.path());
    let output = tollbook(&data, &["rules", "check", &file, "--format", "json"]);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = answer["findings"].as_array().unwrap();
    let codes: Vec<_> = findings.iter().map(|it| it["code"].as_str().unwrap()).collect();
    for code in ["rule-contradictory", "rule-ended", "rule-overlap", "rule-unused"] {
        assert!(codes.contains(&code), "{codes:?}");
    }
    assert_eq!(answer["mistake_count"], 1);
    assert_eq!((&answer["from"], &answer["through"]), (&"2026-10-01".into(), &"2026-10-03".into()));
    let overlaps = answer["overlaps"].as_array().unwrap();
    let of = |rule: &str, later: &str| {
        let is_pair = |it: &&Value| it["rule"] == rule && it["later_rule"] == later;
        overlaps.iter().find(is_pair).unwrap_or_else(|| panic!("{overlaps:?}"))
    };
    // Lines 1, 3, 5 and 7 of the bill are of `app-search`; those after the first day are of `search`.
    let pair = of("search", "input");
    assert_eq!((&pair["owner"], &pair["later_owner"]), (&"search".into(), &"platform".into()));
    assert_eq!(decimal(&pair["cost"]), "-2.3765432109".parse().unwrap());
    assert!(pair["example"].as_str().unwrap().contains("bill.csv:"));
    of("first day", "search");
    // Without its mistake the file is good, and its notes remain.
    let good = RULES.split("[[rule]]\nname = \"never\"").next().unwrap();
    let good = put(folder.path(), "good.toml", good);
    let output = tollbook(&data, &["rules", "check", &good]);
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_figure_is_explained_by_rules_whose_parts_sum_to_the_report() {
    let folder = tempfile::tempdir().unwrap();
    let (data, _) = ledger(folder.path());
    for filters in [
        vec![],
        vec!["--where", "owner=search"],
        vec!["--where", "owner=platform", "--from", "2026-10-02", "--to", "2026-10-03"],
    ] {
        let report = json(&data, &[&["report"], filters.as_slice()].concat());
        let figure = json(&data, &[&["rules", "explain"], filters.as_slice()].concat());
        let figure = &figure["currencies"][0];
        assert_eq!(decimal(&figure["total"]), decimal(&report["currencies"][0]["total"]));
        let claims = figure["claims"].as_array().unwrap();
        assert_eq!(
            claims.iter().map(|it| decimal(&it["cost"])).sum::<rust_decimal::Decimal>(),
            decimal(&figure["total"])
        );
        for claim in claims {
            assert_eq!(claim["rules_version"], 1);
            assert_eq!(claim["unexplained"], Value::Null);
            for earlier in claim["earlier"].as_array().unwrap() {
                let reasons = earlier["reasons"].as_array().unwrap().iter();
                let sum: rust_decimal::Decimal = reasons.map(|it| decimal(&it["cost"])).sum();
                assert_eq!(sum, decimal(&claim["cost"]), "{earlier}");
            }
        }
    }
    let figure = json(&data, &["rules", "explain", "--where", "owner=search"]);
    let claim = &figure["currencies"][0]["claims"][0];
    assert_eq!(claim["rule"], "search");
    let reason = &claim["earlier"][0]["reasons"][0]["finding"];
    assert_eq!(reason, "it counts before 2026-10-02");
    let table = tollbook(&data, &["rules", "explain", "--where", "owner=search"]);
    let table = String::from_utf8(table.stdout).unwrap();
    assert!(table.contains("it counts before 2026-10-02"), "{table}");
    // Rules that are applied and do not own the bill yet explain nothing of it.
    assert!(
        tollbook(&data, &["rules", "explain", "--entry", "x:1", "--where", "a=b"]).status.code()
            == Some(2)
    );
}
