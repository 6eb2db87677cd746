//! A bill in, answers out.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use ledger_local::s3::S3StandIn;
use rust_decimal::Decimal;
use serde_json::Value;

use crate::{COSTS, bill, decimal, json, tollbook};

/// Runs the command with a stand-in for S3 whose buckets are the folders of `root`.
fn tollbook_with_s3(root: &Path, data: &Path, args: &[&str]) -> Output {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let router = S3StandIn::new(root.to_owned()).router();
    runtime.spawn(async move { axum::serve(listener, router).await });
    Command::new(env!("CARGO_BIN_EXE_tollbook"))
        .env("AWS_ENDPOINT_URL_S3", endpoint)
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "local")
        .env("AWS_SECRET_ACCESS_KEY", "local")
        .arg("--data")
        .arg(data)
        .args(args)
        .output()
        .unwrap()
}

#[test]
fn the_command_says_which_release_it_is() {
    let said = tollbook(Path::new("nowhere"), &["--version"]);
    assert_eq!(String::from_utf8(said.stdout).unwrap(), "tollbook 0.1.0\n");
}

#[test]
fn report_statement_and_import_add_up_to_the_bill_to_the_last_digit() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("bill.csv"));
    fs::write(&file, bill(&COSTS)).unwrap();
    let all: Decimal = COSTS.iter().map(|it| it.parse::<Decimal>().unwrap()).sum();
    let rules = folder.path().join("rules.toml");
    let rule = "[[rule]]\nname = \"t\"\nowner = \"{tag:iamPrincipal/team}\"\n\
                when = { role = \"app-search\" }\n";
    fs::write(&rules, rule).unwrap();
    let applied = tollbook(&data, &["rules", "apply", rules.to_str().unwrap()]);
    assert!(applied.status.success());

    let import = json(&data, &["import", file.to_str().unwrap()]);
    assert_eq!(import["lines_read"], 8);
    assert_eq!(decimal(&import["totals"][0]["all"]), all);
    let ai = decimal(&import["totals"][0]["ai"]);
    let held = &import["ledger"][0];
    assert_eq!(held["bill"], "cur 2026-10 of payer 123456789012");
    for name in ["currency", "cost_kind", "ai", "other", "all"] {
        assert_eq!(held[name], import["totals"][0][name], "{name}");
    }
    for by in ["owner", "principal", "model", "meter", "day", "tag:iamPrincipal/team"] {
        let report = &json(&data, &["report", "--by", by])["currencies"][0];
        let rows: Decimal =
            report["rows"].as_array().unwrap().iter().map(|row| decimal(&row["cost"])).sum();
        assert_eq!(decimal(&report["total"]), ai, "{by}");
        assert_eq!(rows, ai, "{by}");
        assert_eq!(ai + decimal(&report["other"]), all, "{by}");
    }
    // The first three days of October 2026 are a Thursday, a Friday and a Saturday.
    let weekdays = json(&data, &["report", "--by", "weekday"])["currencies"][0]["rows"].take();
    let names = weekdays.as_array().unwrap().iter().map(|it| it["keys"]["weekday"].as_str());
    assert_eq!(names.flatten().collect::<Vec<_>>(), ["Thursday", "Friday", "Saturday"]);
    let friday = json(&data, &["report", "--where", "weekday=Friday"]);
    assert_eq!(friday["currencies"][0]["total"], weekdays[1]["cost"]);
    let statements = json(&data, &["statement", "--period", "2026-10"]);
    let owed: Decimal = statements["statements"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| decimal(&it["exact_total"]))
        .sum();
    assert_eq!(owed, ai);
    let owners = json(&data, &["report", "--by", "owner"]);
    let names: Vec<&str> = owners["currencies"][0]["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["keys"]["owner"].as_str().unwrap())
        .collect();
    assert!(names.contains(&"search") && names.contains(&"Unattributed"), "{names:?}");
}

#[test]
fn importing_again_or_in_another_order_writes_no_rollup() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("bill.csv"));
    fs::write(&file, bill(&COSTS)).unwrap();
    json(&data, &["import", file.to_str().unwrap()]);
    let before = json(&data, &["report", "--by", "owner,day,usage_type"]);
    let mut lines: Vec<String> = bill(&COSTS).lines().map(str::to_owned).collect();
    lines[1..].reverse();
    fs::write(&file, lines.join("\n")).unwrap();
    let again = json(&data, &["import", file.to_str().unwrap()]);
    assert_eq!(again["bills"][0]["items_written"], 0);
    assert_eq!(again["bills"][0]["days_unchanged"], 3);
    assert_eq!(json(&data, &["report", "--by", "owner,day,usage_type"]), before);
}

#[test]
fn an_export_in_s3_is_imported_by_its_address() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("ledger");
    let root = dir.path().join("s3");
    let put = |key: &str, content: &str| {
        let path = root.join("bucket").join(key);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    };
    let manifest = "bills/metadata/BILLING_PERIOD=2026-10/bills-Manifest.json";
    put("bills/data/bills-1.csv", &bill(&COSTS));
    put(manifest, r#"{"dataFiles": ["s3://bucket/bills/data/bills-1.csv"]}"#);
    let mut written = Vec::new();
    for address in [format!("s3://bucket/{manifest}"), "s3://bucket/bills/".to_owned()] {
        let args = ["import", &address, "--format", "json"];
        let output = tollbook_with_s3(&root, &data, &args);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let import: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(import["lines_read"], 8);
        written.push(import["bills"][0]["days_written"].as_u64().unwrap());
    }
    assert_eq!(written, [3, 0]);
    for (paths, expected) in [
        (vec!["s3://bucket/none/"], "`s3://bucket/none/` holds no manifest"),
        (vec!["s3://bucket/", "other.csv"], "stands beside other paths"),
    ] {
        let output = tollbook_with_s3(&root, &data, &[vec!["import"], paths].concat());
        assert_eq!(output.status.code(), Some(2));
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn what_cannot_be_read_is_refused_and_leaves_the_ledger_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let good = folder.path().join("good.csv");
    fs::write(&good, bill(&COSTS)).unwrap();
    json(&data, &["import", good.to_str().unwrap()]);
    let before = json(&data, &["report", "--by", "principal,day"]);
    let no_owner =
        "[[budget]]\nname = \"b\"\nlimit = \"1\"\ncurrency = \"USD\"\nwindow = \"daily\"\n";
    let cases: [(&str, Vec<u8>, &[&str], &str); 6] = [
        ("empty.csv", vec![], &["import"], "empty"),
        ("wrong.csv", b"\x89PNG\r\n\x1a\n".to_vec(), &["import"], "wrong.csv"),
        ("cut.csv.gz", vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0], &["import"], "cut.csv.gz"),
        ("cut.parquet", b"PAR1abc".to_vec(), &["import"], "cut.parquet"),
        (
            "rules.toml",
            b"[[rule]]\nname = \"a\"\nowner = \"b\"\ncolour = \"red\"\n".to_vec(),
            &["rules", "apply"],
            "unknown field `colour`",
        ),
        (
            "budgets.toml",
            no_owner.as_bytes().to_vec(),
            &["budget", "apply"],
            "budget `b`: `owner` is missing; expected the name of the owner, who is alerted",
        ),
    ];
    for (name, content, command, message) in cases {
        let file = folder.path().join(name);
        fs::write(&file, content).unwrap();
        let output = tollbook(&data, &[command, &[file.to_str().unwrap()]].concat());
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{name}: {error}");
        assert!(error.contains(message), "{name}: {error}");
        assert_eq!(error.lines().count(), 1, "{name}: {error}");
    }
    assert_eq!(json(&data, &["report", "--by", "principal,day"]), before);
}

#[test]
fn a_line_that_cannot_be_read_is_counted_and_does_not_hide_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("bill.csv"));
    fs::write(&file, bill(&["1.5", "1.2.3", "2"])).unwrap();
    let import = json(&data, &["import", file.to_str().unwrap()]);
    assert_eq!(import["lines_read"], 3);
    let rejected = &import["rejected"][0];
    assert_eq!(
        (&rejected["line"], &rejected["column"]),
        (&2.into(), &"line_item_unblended_cost".into())
    );
    assert_eq!(rejected["reason"], "not a decimal amount; expected digits with at most one `.`");
    assert_eq!(import["totals"][0]["all"], "3.5");
}

#[test]
fn a_second_writer_on_the_same_folder_is_refused_and_a_reader_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("bill.csv"));
    fs::write(&file, bill(&COSTS)).unwrap();
    json(&data, &["import", file.to_str().unwrap()]);
    let mut up = Command::new(env!("CARGO_BIN_EXE_tollbook"))
        .arg("--data")
        .arg(&data)
        .args(["up", "--port", "0", "--export", file.to_str().unwrap()])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(up.stdout.take().unwrap()), &mut said)
        .unwrap();
    assert!(said.starts_with("Tollbook is on http://127.0.0.1:"), "{said}");
    let second = tollbook(&data, &["import", file.to_str().unwrap()]);
    let report = tollbook(&data, &["report", "--format", "json"]);
    up.kill().unwrap();
    up.wait().unwrap();
    let error = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(2), "{error}");
    assert!(error.contains("is in use by another tollbook (process "), "{error}");
    assert_eq!(report.status.code(), Some(0));
    // It was killed, and what was imported is there.
    let after = json(&data, &["report"]);
    assert_eq!(serde_json::from_slice::<Value>(&report.stdout).unwrap(), after);
}
