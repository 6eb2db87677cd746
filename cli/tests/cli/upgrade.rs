//! A ledger that an older release wrote gives the answers that release gave.
//!
//! The ledger and its answers are in `shared/ledger-local/testdata/upgrade`. Answers are compared
//! by what they say, so that they may be shaped differently today.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use ledger_aws::connect::LocalEndpoint;
use ledger_aws::dynamodb::DynamoLedger;
use ledger_local::database::EmbeddedDatabase;
use rust_decimal::Decimal;
use serde_json::Value;

use crate::{bill, decimal, json, tollbook};

const LEDGER: &str = include_str!("../../../shared/ledger-local/testdata/upgrade/ledger.jsonl");
const ANSWERS: &str = include_str!("../../../shared/ledger-local/testdata/upgrade/answers.json");

/// Words of the old release and those that mean the same today.
const RENAMED: [(&str, &str); 1] = [("provider", "publisher")];

fn word_of_today(word: &str) -> &str {
    RENAMED.iter().find(|(old, _)| *old == word).map_or(word, |(_, new)| new)
}

/// An attribute in DynamoDB's JSON; `{"zlib": TEXT}` is a text that is stored compressed.
fn attribute(value: &Value) -> AttributeValue {
    let (kind, content) = value.as_object().unwrap().iter().next().unwrap();
    let text = content.as_str().unwrap().to_owned();
    match kind.as_str() {
        "S" => AttributeValue::S(text),
        "N" => AttributeValue::N(text),
        kind => {
            assert_eq!(kind, "zlib");
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(text.as_bytes()).unwrap();
            AttributeValue::B(Blob::new(encoder.finish().unwrap()))
        }
    }
}

fn item(line: &str) -> HashMap<String, AttributeValue> {
    let item: Value = serde_json::from_str(line).unwrap();
    item.as_object().unwrap().iter().map(|(name, it)| (name.clone(), attribute(it))).collect()
}

/// Makes the old ledger in a data folder.
fn load(data: &Path) {
    fs::create_dir_all(data).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let database = EmbeddedDatabase::open(Some(&data.join("ledger.db"))).await.unwrap();
        let endpoint = LocalEndpoint(database.endpoint());
        let client = ledger_aws::connect::dynamodb_client(Some(&endpoint)).await;
        let ledger = DynamoLedger { client: client.clone(), table: "tollbook".to_owned() };
        ledger.ensure_table().await.unwrap();
        for line in LEDGER.lines() {
            let call = client.put_item().table_name("tollbook").set_item(Some(item(line)));
            call.send().await.unwrap();
        }
        database.stop().await.unwrap();
    });
}

/// The keys of an old row in today's words: an account that a line does not name was an empty text
/// and is `null`.
fn keys_of_today(keys: &Value) -> Value {
    let mut keys = keys.clone();
    if keys["account"] == "" {
        keys["account"] = Value::Null;
    }
    keys
}

/// Cost and tokens by the keys of a row, whatever the order of the rows.
type Rows = BTreeMap<String, (Decimal, Value)>;

fn row(keys: &Value, cost: &Value, tokens: &Value) -> (String, (Decimal, Value)) {
    let keys: BTreeMap<&str, &Value> =
        keys.as_object().unwrap().iter().map(|(word, it)| (word_of_today(word), it)).collect();
    (serde_json::to_string(&keys).unwrap(), (decimal(cost), tokens.clone()))
}

/// The part of an answer that is about one currency.
fn of_currency<'a>(report: &'a Value, currency: &str) -> &'a Value {
    match report["currencies"].as_array() {
        Some(all) => all.iter().find(|it| it["currency"] == currency).unwrap(),
        None => report,
    }
}

fn maybe(value: &Value) -> Option<Decimal> {
    (!value.is_null()).then(|| decimal(value))
}

fn answers(name: &str) -> Vec<Value> {
    let answers: Value = serde_json::from_str(ANSWERS).unwrap();
    answers[name].as_array().unwrap().clone()
}

#[test]
fn reports_of_an_old_ledger_are_what_they_were() {
    let folder = tempfile::tempdir().unwrap();
    load(folder.path());
    let reports = answers("reports");
    assert_eq!(reports.len(), 62);
    for expected in reports {
        let text = |name: &str| expected[name].as_str().unwrap();
        let by: Vec<&str> = text("by").split(',').map(word_of_today).collect();
        let by = by.join(",");
        let (kind, currency) = (text("cost_kind"), text("currency"));
        let period = ["report", "--from", "2026-06-01", "--to", "2026-08-01"];
        let question = ["--by", &by, "--cost-kind", kind, "--currency", currency];
        let said = json(folder.path(), &[&period[..], &question[..]].concat());
        let said = of_currency(&said, currency);
        let rows: Rows = said["rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| row(&it["keys"], &it["cost"], &it["tokens"]))
            .collect();
        let expected_rows: Rows = expected["rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| row(&keys_of_today(&it[0]), &it[1], &it[2]))
            .collect();
        assert_eq!(rows, expected_rows, "{by} {kind} {currency}");
        for total in ["total", "other"] {
            assert_eq!(maybe(&said[total]), maybe(&expected[total]), "{total} {by} {kind}");
        }
    }
}

#[test]
fn an_old_ledger_has_no_availability_zones() {
    let folder = tempfile::tempdir().unwrap();
    load(folder.path());
    let of = |args: &[&str]| json(folder.path(), args)["currencies"][0].clone();
    let days = ["report", "--from", "2026-06-01", "--to", "2026-06-04"];
    let by_zone = of(&[&days[..], &["--by", "availability_zone"]].concat());
    let rows = by_zone["rows"].as_array().unwrap();
    assert_eq!((rows.len(), &rows[0]["keys"]["availability_zone"]), (1, &Value::Null));
    assert_eq!(by_zone["total"], of(&days)["total"]);
}

#[test]
fn statements_of_an_old_ledger_are_what_they_were() {
    let folder = tempfile::tempdir().unwrap();
    load(folder.path());
    let amounts = |it: &Value| ["exact_total", "rounding", "total"].map(|name| decimal(&it[name]));
    let name = |it: &Value| format!("{} {}", it["owner"], it["currency"]);
    let mut expected: BTreeMap<(String, String), BTreeMap<String, [Decimal; 3]>> = BTreeMap::new();
    for it in answers("statements") {
        let text = |name: &str| it[name].as_str().unwrap().to_owned();
        let of_month = expected.entry((text("period"), text("cost_kind"))).or_default();
        of_month.insert(name(&it), amounts(&it));
    }
    assert_eq!(expected.len(), 8);
    for ((period, kind), expected) in expected {
        let args = ["statement", "--period", &period, "--cost-kind", &kind];
        let said = json(folder.path(), &args);
        let said = said["statements"].as_array().unwrap();
        let said: BTreeMap<String, [Decimal; 3]> =
            said.iter().map(|it| (name(it), amounts(it))).collect();
        assert_eq!(said, expected, "{period} {kind}");
    }
}

#[test]
fn budgets_of_an_old_ledger_are_judged_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    load(folder.path());
    let judged = json(folder.path(), &["budget", "list"]);
    let judged = judged["budgets"].as_array().unwrap();
    let expected = answers("budgets");
    assert_eq!(expected.len(), 4);
    for expected in expected {
        let is_same =
            |it: &&Value| it["name"] == expected["name"] && it["from"] == expected["from"];
        let said = judged.iter().find(is_same).unwrap();
        for name in ["spend", "limit"] {
            assert_eq!(decimal(&said[name]), decimal(&expected[name]), "{expected}");
        }
        for name in ["currency", "cost_kind", "owner", "reached", "thresholds", "window", "to"] {
            assert_eq!(said[name], expected[name], "{name} of {expected}");
        }
    }
}

/// The old release sent eight alerts; the same judgement today sends none of them again.
#[test]
fn alerts_of_an_old_ledger_are_not_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("bill.csv"));
    load(&data);
    // A bill of an earlier month and another payer: what budgets count is as it was.
    let earlier =
        bill(&["1"]).replace("2026-10", "2026-02").replace("123456789012", "999988887777");
    fs::write(&file, earlier).unwrap();
    let mut up = Command::new(env!("CARGO_BIN_EXE_tollbook"))
        .arg("--data")
        .arg(&data)
        .args(["up", "--port", "0", "--export"])
        .arg(&file)
        .env_remove("TOLLBOOK_TABLE")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(up.stdout.take().unwrap()).lines();
    let judged = lines.map_while(Result::ok).find(|it| it.contains("budgets judged"));
    up.kill().unwrap();
    up.wait().unwrap();
    assert_eq!(
        judged.as_deref(),
        Some("4 budgets judged, 0 alerts sent, 0 not accepted, 0 unconfirmed")
    );
}

#[test]
fn days_of_an_old_ledger_can_be_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("bill.csv"));
    load(&data);
    let again = bill(&["40", "2", "1"]).replace("2026-10", "2026-06");
    fs::write(&file, again.replace("123456789012", "111122223333")).unwrap();
    let imported = tollbook(&data, &["import", "--accept", file.to_str().unwrap()]);
    assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));
    let month = ["report", "--from", "2026-06-01", "--to", "2026-07-01", "--currency", "USD"];
    let report = json(&data, &month);
    // Three days are replaced; a file says nothing about the 4th and the 6th, which stay.
    let expected =
        Decimal::from(40 + 2 + 1) + "0.81".parse::<Decimal>().unwrap() + Decimal::from(77);
    assert_eq!(decimal(&of_currency(&report, "USD")["total"]), expected);
}

/// The owners of a month in dollars, each with its cost.
fn owners(data: &Path, from: &str, to: &str) -> BTreeMap<String, Decimal> {
    let report = json(data, &["report", "--from", from, "--to", to, "--by", "owner"]);
    let rows = of_currency(&report, "USD")["rows"].as_array().unwrap();
    let owner = |row: &Value| row["keys"]["owner"].as_str().unwrap().to_owned();
    rows.iter().map(|row| (owner(row), decimal(&row["cost"]))).collect()
}

/// The old release folded session names after rules had seen them: a rule for one of them would no
/// longer claim what it claimed, so the bill keeps its owners, and says so.
#[test]
fn rules_for_sessions_that_an_old_ledger_lost_move_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("rules.toml"));
    load(&data);
    let (june, july) = (("2026-06-01", "2026-07-01"), ("2026-07-01", "2026-08-01"));
    let before = owners(&data, june.0, june.1);
    fs::write(&file, "[[rule]]\nname = \"s\"\nwhen = { session = \"run-*\" }\nowner = \"runs\"\n")
        .unwrap();
    let said = |args: &[&str]| -> (Value, Option<i32>) {
        let ran = tollbook(&data, &[&["--format", "json", "rules", "apply"], args].concat());
        (serde_json::from_slice(&ran.stdout).unwrap(), ran.status.code())
    };
    let held_back = |answer: &Value| -> Vec<String> {
        let findings = answer["findings"].as_array().unwrap().iter();
        let held = findings.filter(|it| it["code"] == "rules-held-back");
        held.map(|it| it["message"].as_str().unwrap().to_owned()).collect()
    };
    let expected = [
        "cur 2026-06 of payer 111122223333 keeps its owners: on 1 days from 2026-06-02 to 2026-06-02 an \
         earlier version folded session names that the rules look at, so it is not known who owns \
         0.33 USD of it; import the files of this bill again",
    ];
    let path = file.to_str().unwrap();
    let (dry_run, code) = said(&["--dry-run", path]);
    assert_eq!((held_back(&dry_run), code), (expected.map(str::to_owned).to_vec(), Some(1)));
    for bills in [4, 0] {
        let (applied, code) = said(&[path]);
        assert_eq!((held_back(&applied), code), (expected.map(str::to_owned).to_vec(), Some(1)));
        assert_eq!(applied["bills"].as_array().unwrap().len(), bills, "{applied}");
        assert_eq!(owners(&data, june.0, june.1), before);
        assert_eq!(Vec::from_iter(owners(&data, july.0, july.1).keys()), ["Unattributed"]);
    }
    // Rules that leave this session with its owner own the rest of the bill.
    fs::write(&file, "[[rule]]\nname = \"r\"\nwhen = { role = \"app-search\" }\nowner = \"search\"\nteam = \"search\"\nproduct = \"shop\"\nenvironment = \"production\"\nagent = \"app-search\"\n")
        .unwrap();
    let (applied, code) = said(&[path]);
    assert_eq!((held_back(&applied), code), (Vec::new(), Some(0)), "{applied}");
    let after = owners(&data, june.0, june.1);
    assert_eq!(Vec::from_iter(after.keys()), ["Unattributed", "search"]);
    assert_eq!(after.values().sum::<Decimal>(), before.values().sum());
}

#[test]
fn an_old_ledger_says_which_months_need_an_import() {
    let folder = tempfile::tempdir().unwrap();
    load(folder.path());
    let months = |answer: &Value| -> Vec<String> {
        let findings = answer["findings"].as_array().unwrap().iter();
        let missing = findings.filter(|it| it["code"] == "measures-missing");
        missing.map(|it| it["message"].as_str().unwrap().to_owned()).collect()
    };
    let expected = |what: &str, months: &str| {
        format!(
            "{what} have no quantities, list costs and invoices, because an earlier version stored \
             them; import the files of these months again: {months}"
        )
    };
    let june = json(folder.path(), &["report", "--from", "2026-06-01", "--to", "2026-06-04"]);
    let days = "3 days from 2026-06-01 to 2026-06-03";
    assert_eq!(months(&june), [expected(days, "2026-06")]);
    let ran = tollbook(folder.path(), &["--format", "json", "doctor"]);
    let doctor: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let days = "39 days from 2026-06-01 to 2026-07-31";
    assert_eq!(months(&doctor), [expected(days, "2026-06, 2026-07")]);
}
