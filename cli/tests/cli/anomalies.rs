//! Anomalies of the sample organisation through the front door.

use std::path::Path;

use rust_decimal::Decimal;
use serde_json::Value;

use crate::{HEADER, decimal, json, tollbook};

const AGENT: &str =
    "arn:aws:sts::123456789012:assumed-role/research-agent-runtime/BedrockAgentCore-*";
const SEARCH: &str = "arn:aws:sts::123456789012:assumed-role/app-search/run";
const PROTOTYPE: &str =
    "arn:aws:sts::444455556666:assumed-role/prototype-assistant/prototype-assistant";

pub fn sample(folder: &Path) -> std::path::PathBuf {
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

pub fn said(data: &Path, args: &[&str]) -> String {
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

/// The prototype of the sample spends alike on all of its days, so that none of them is above its own
/// history: budgets show it. Here is one that begins after three weeks.
#[test]
fn a_prototype_in_the_sandbox_is_a_new_caller_when_it_begins_to_spend() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("bill.csv"));
    let mut bill = format!("{HEADER}\n");
    let mut charge = |day: i32, account: &str, caller: &str, cost: &str| {
        bill.push_str(&format!(
            "2026-10-01T00:00:00Z,123456789012,{account},2026-10-{day:02}T00:00:00Z,Usage,\
             AmazonBedrock,USE1-NovaLite-input-tokens,2.5,1K tokens,{cost},USD,{caller},\n"
        ));
    };
    for day in 1..=28 {
        charge(day, "123456789012", SEARCH, ["40.10", "38.75", "41.3"][day as usize % 3]);
        if day >= 22 {
            charge(day, "444455556666", PROTOTYPE, "61.5000000001");
        }
    }
    std::fs::write(&file, bill).unwrap();
    said(&data, &["import", file.to_str().unwrap()]);
    let answer = json(&data, &["anomalies"]);
    let found = answer["anomalies"].as_array().unwrap();
    assert_eq!(found.len(), 1, "{answer}");
    let prototype = &found[0];
    assert_eq!(
        (&prototype["kind"], &prototype["value"]),
        (&"new_caller".into(), &PROTOTYPE.into())
    );
    assert_eq!(
        (&prototype["first"], &prototype["last"]),
        (&"2026-10-22".into(), &"2026-10-25".into()),
        "the last three days are not settled"
    );
    assert_eq!(
        (&prototype["expected"], &prototype["excess"]),
        (&"0".into(), &"246.0000000004".into())
    );
    assert_eq!(prototype["cause"], "input tokens of nova-lite: +246.00 USD which is new");
    let all = json(&data, &["anomalies", "--min-amount", "62"]);
    assert_eq!(all["anomalies"], Value::Array(vec![]));
    // One that only a smaller amount shows can be expected too.
    let small = json(&data, &["anomalies", "--min-amount", "1"]);
    let id = small["anomalies"][0]["id"].as_str().unwrap();
    let mut expect = vec!["anomalies", "expect", id, "--min-amount", "1"];
    expect.extend(["--until", "2026-12-31", "--by", "finance", "--reason", "a test"]);
    assert!(said(&data, &expect).ends_with(" is expected until 2026-12-31\n"));
}
