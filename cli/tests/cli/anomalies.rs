//! Anomalies of the sample organisation through the front door.

use std::path::Path;

use rust_decimal::Decimal;
use serde_json::Value;

use crate::{decimal, json, tollbook};

const AGENT: &str =
    "arn:aws:sts::123456789012:assumed-role/research-agent-runtime/BedrockAgentCore-*";
const PROTOTYPE: &str =
    "arn:aws:sts::444455556666:assumed-role/prototype-assistant/prototype-assistant";

fn sample(folder: &Path) -> std::path::PathBuf {
    let (data, sample) = (folder.join("data"), folder.join("sample"));
    let path = |it: &Path| it.to_str().unwrap().to_owned();
    for args in [
        vec!["sample".to_owned(), path(&sample), "--as-of".to_owned(), "2026-11-26".to_owned()],
        vec!["rules".to_owned(), "apply".to_owned(), path(&sample.join("rules.toml"))],
        vec!["import".to_owned(), path(&sample.join("tollbook-sample"))],
    ] {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let output = tollbook(&data, &args);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    data
}

fn said(data: &Path, args: &[&str]) -> String {
    let output = tollbook(data, args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_runaway_agent_is_found_once_and_can_be_expected() {
    let folder = tempfile::tempdir().unwrap();
    let data = sample(folder.path());
    let answer = json(&data, &["anomalies", "--since", "2026-09-01"]);
    // Days from 23 November on are not settled.
    assert_eq!(answer["judged_up_to"], "2026-11-23");
    let found = answer["anomalies"].as_array().unwrap();
    let values: Vec<&Value> = found.iter().map(|it| &it["value"]).collect();
    assert_eq!(values, [AGENT], "and nothing else in three months");
    let agent = &found[0];
    assert_eq!((&agent["kind"], &agent["dimension"]), (&"spike".into(), &"principal".into()));
    assert_eq!((&agent["first"], &agent["last"]), (&"2026-11-22".into(), &"2026-11-22".into()));
    let parts = agent["parts"].as_array().unwrap();
    let sum: Decimal = parts.iter().map(|it| decimal(&it["amount"])).sum();
    assert_eq!(sum, decimal(&agent["excess"]));
    assert_eq!(decimal(&agent["actual"]) - decimal(&agent["expected"]), sum);
    // Fifteen times the usual, nearly all of it by volume.
    assert!(decimal(&agent["actual"]) > decimal(&agent["expected"]) * Decimal::from(12));
    let volume = parts.iter().filter(|it| it["effect"] == "volume");
    assert!(
        volume.map(|it| decimal(&it["amount"])).sum::<Decimal>() * Decimal::from(10)
            > sum * Decimal::from(9)
    );
    let also: Vec<&Value> =
        agent["also_in"].as_array().unwrap().iter().map(|it| &it["dimension"]).collect();
    assert_eq!(also, ["workflow", "owner", "model"]);
    let table = said(&data, &["anomalies"]);
    assert!(table.contains("(also seen in its workflow, owner, model)"), "{table}");
    assert!(table.contains("tokens of claude-opus-4.8: +"), "{table}");

    let id = agent["id"].as_str().unwrap();
    let by = ["--by", "finance", "--reason", "load \"test\""];
    let expect = [&["anomalies", "expect", id, "--until", "2026-11-30"][..], &by].concat();
    assert_eq!(
        said(&data, &expect),
        format!("spike of principal {AGENT} is expected until 2026-11-30\n")
    );
    let answer = json(&data, &["anomalies"]);
    assert_eq!((&answer["muted_count"], &answer["anomalies"]), (&1.into(), &Value::Array(vec![])));
    let answer = json(&data, &["anomalies", "--all"]);
    let because = &answer["anomalies"][0]["expected_because"];
    assert_eq!((&because["by"], &because["reason"]), (&"finance".into(), &"load \"test\"".into()));
    said(&data, &["anomalies", "expect", id, "--remove"]);
    assert_eq!(json(&data, &["anomalies"])["muted_count"], 0);
    let refused = |args: &[&str], message: &str| {
        let output = tollbook(&data, args);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), told.contains(message)), (Some(2), true), "{told}");
    };
    refused(&["anomalies", "expect", id, "--remove"], "expected: none is");
    let early = [&["anomalies", "expect", id, "--until", "2026-11-21"][..], &by].concat();
    refused(&early, "expected a later day");
    let other = [&["anomalies", "expect", "0", "--until", "2026-11-30"][..], &by].concat();
    refused(&other, "no anomaly has the id `0`");
}

/// The prototype spends alike on all days of the sample, so that no day of it is above its own history.
/// It is found as what it is where the ledger begins before it: as a new caller.
#[test]
fn the_prototype_in_the_sandbox_is_a_new_caller_where_there_are_days_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = sample(folder.path());
    // A bill of the month before, with a small charge on each day.
    let mut bill = format!("{}\n", crate::HEADER);
    for day in 1..=27 {
        bill.push_str(&format!(
            "2026-08-01T00:00:00Z,123456789012,123456789012,2026-08-{day:02}T00:00:00Z,Usage,\
             AmazonBedrock,USE1-NovaLite-input-tokens,2.5,1K tokens,1.00,USD,\
             arn:aws:sts::123456789012:assumed-role/app-search/run,\n"
        ));
    }
    let file = folder.path().join("before.csv");
    std::fs::write(&file, bill).unwrap();
    said(&data, &["import", file.to_str().unwrap(), "--as-part", "before"]);
    let answer = json(&data, &["anomalies", "--since", "2026-08-01"]);
    let found = answer["anomalies"].as_array().unwrap();
    let prototype = found.iter().find(|it| it["value"] == PROTOTYPE).unwrap();
    assert_eq!((&prototype["kind"], &prototype["expected"]), (&"new_caller".into(), &"0".into()));
    assert_eq!(prototype["parts"][0]["effect"], "new");
    assert_eq!(prototype["first"], "2026-08-28");
}
