//! `explain` reads every labelled string as its label says, with exactly the promised keys.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

const PRINCIPALS: &str = include_str!("../../../shared/ledger-core/testdata/principal_arns.csv");
const USAGE_TYPES: &str =
    include_str!("../../../shared/ledger-core/testdata/bedrock_usage_types.csv");

/// What the command says of each line of its standard input.
fn explain(what: &str, input: &str) -> Vec<Value> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tollbook"))
        .args(["explain", what, "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut to_child = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || to_child.write_all(input.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn rows(labelled: &'static str) -> Vec<csv::StringRecord> {
    csv::Reader::from_reader(labelled.as_bytes()).records().map(Result::unwrap).collect()
}

/// An empty label, and one that says `unknown`, is null.
fn label(cell: &str) -> Value {
    if cell.is_empty() || cell == "unknown" { Value::Null } else { cell.into() }
}

#[track_caller]
fn check(actual: &[Value], expected: &[Value]) {
    assert_eq!(actual.len(), expected.len());
    let wrong: Vec<String> = actual
        .iter()
        .zip(expected)
        .filter(|(actual, expected)| actual != expected)
        .map(|(actual, expected)| format!("is   {actual}\nwant {expected}"))
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), actual.len(), wrong.join("\n"));
}

#[test]
fn every_labelled_principal_is_explained_as_labelled() {
    let rows = rows(PRINCIPALS);
    let input: String = rows.iter().map(|row| format!("{}\n", &row[0])).collect();
    let expected: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({
                "arn": &row[0],
                "valid": &row[1] == "yes",
                "partition": label(&row[2]),
                "account": label(&row[3]),
                "kind": &row[4],
                "path": label(&row[5]),
                "name": label(&row[6]),
                "session": label(&row[7]),
                "session_kind": label(&row[8]),
            })
        })
        .collect();
    check(&explain("principal", &input), &expected);
}

#[test]
fn every_labelled_usage_type_is_explained_as_labelled() {
    let rows = rows(USAGE_TYPES);
    let expected: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({
                "usage_type": &row[0],
                "ai": &row[8] != "not_bedrock",
                "region": label(&row[5]),
                "marketplace": &row[6] == "yes",
                "model": label(&row[7]),
                "meter": label(&row[8]),
                "modality": label(&row[9]),
                "tier": label(&row[10]),
                "routing": label(&row[11]),
                "context": label(&row[12]),
                "cache_ttl": label(&row[13]),
                "custom_model": &row[14] == "yes",
            })
        })
        .collect();
    let with_code: String =
        rows.iter().map(|row| format!("{}\t{}\t\n", &row[0], &row[1])).collect();
    check(&explain("usage-type", &with_code), &expected);
    // Without the product the text alone decides; it cannot know what AWS added last week.
    let alone: String = rows.iter().map(|row| format!("{}\n", &row[0])).collect();
    let known = |(row, actual): (&csv::StringRecord, Value)| {
        if &row[8] == "unknown" { None } else { Some(actual) }
    };
    let actual: Vec<Value> =
        rows.iter().zip(explain("usage-type", &alone)).filter_map(known).collect();
    let expected: Vec<Value> = rows.iter().zip(expected).filter_map(known).collect();
    check(&actual, &expected);
}

#[test]
fn a_line_without_a_text_is_answered_as_well() {
    let empty = json!({
        "arn": "", "valid": false, "partition": null, "account": null, "kind": "not_a_principal",
        "path": null, "name": null, "session": null, "session_kind": null,
    });
    let answers = explain("principal", "\narn:aws:iam::123456789012:root\r\n");
    assert_eq!(answers[0], empty);
    assert_eq!((&answers[1]["valid"], &answers[1]["kind"]), (&true.into(), &"root".into()));
    assert_eq!(answers.len(), 2);
}
