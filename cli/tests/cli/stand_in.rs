//! Stand-ins for AWS as processes of their own.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use ledger_aws::connect::{LocalEndpoint, sns_client};
use serde_json::Value;

use crate::{bill, decimal, tollbook};

#[test]
fn collect_asks_the_endpoint_that_the_stand_in_prints() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bill.csv");
    fs::write(&file, bill(&["8.70", "1.25"])).unwrap();
    let tollbook = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tollbook"));
        command.env_remove("TOLLBOOK_TABLE").arg("--data").arg(folder.path().join("data"));
        command
    };
    let mut stand_in = tollbook()
        .args(["stand-in", "cost-explorer", "--export"])
        .arg(&file)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let line = BufReader::new(stand_in.stdout.take().unwrap()).lines().next().unwrap().unwrap();
    let (name, endpoint) = line.split_once('=').unwrap();
    assert_eq!(name, "AWS_ENDPOINT_URL_COST_EXPLORER");

    let keys = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].map(|it| (it, "none"));
    let collected = tollbook()
        .args(["collect", "--from", "2026-10-01", "--to", "2026-10-04", "--format", "json"])
        .env(name, endpoint)
        .env("AWS_REGION", "us-east-1")
        .envs(keys)
        .output()
        .unwrap();
    stand_in.kill().unwrap();
    stand_in.wait().unwrap();
    assert!(collected.status.success(), "{}", String::from_utf8_lossy(&collected.stderr));
    let report: Value = serde_json::from_slice(&collected.stdout).unwrap();
    let total = &report["totals"][0];
    assert_eq!(total["cost_kind"], "unblended");
    assert_eq!(decimal(&total["cost"]).to_string(), "9.95");
}

/// Starts a stand-in; the process, and the variable and endpoint that it prints.
fn start(args: &[&str]) -> (Child, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tollbook"));
    let mut stand_in = command.arg("stand-in").args(args).stdout(Stdio::piped()).spawn().unwrap();
    let line = BufReader::new(stand_in.stdout.take().unwrap()).lines().next().unwrap().unwrap();
    let (name, endpoint) = line.split_once('=').unwrap();
    (stand_in, name.to_owned(), endpoint.to_owned())
}

#[test]
fn import_reads_from_the_s3_that_the_stand_in_prints() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = folder.path().join("s3/tollbook-sample-bucket");
    let sample = ["sample", bucket.to_str().unwrap()];
    assert!(tollbook(folder.path(), &sample).status.success());
    let root = folder.path().join("s3");
    let (mut stand_in, name, endpoint) = start(&["s3", "--root", root.to_str().unwrap()]);
    assert_eq!(name, "AWS_ENDPOINT_URL_S3");
    let imported = Command::new(env!("CARGO_BIN_EXE_tollbook"))
        .arg("--data")
        .arg(folder.path().join("data"))
        .args(["import", "s3://tollbook-sample-bucket/tollbook-sample/", "--format", "json"])
        .envs([(name.as_str(), endpoint.as_str()), ("AWS_REGION", "us-east-1")])
        .envs(["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].map(|it| (it, "none")))
        .output()
        .unwrap();
    stand_in.kill().unwrap();
    stand_in.wait().unwrap();
    assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));
    let report: Value = serde_json::from_slice(&imported.stdout).unwrap();
    assert!(report["lines_read"].as_u64().unwrap() > 1000, "{report}");
}

#[test]
fn the_sns_that_is_printed_has_its_topic_and_keeps_what_is_published() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = folder.path().join("outbox");
    let args = ["sns", "--outbox", outbox.to_str().unwrap(), "--topic", "alerts"];
    let (mut stand_in, name, endpoint) = start(&args);
    assert_eq!(name, "AWS_ENDPOINT_URL_SNS");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let topics = runtime.block_on(async {
        let client = sns_client(Some(&LocalEndpoint(endpoint))).await;
        let published =
            client.publish().topic_arn("arn:aws:sns:us-east-1:123456789012:alerts").message("over");
        published.send().await.unwrap();
        client.list_topics().send().await.unwrap().topics.unwrap_or_default().len()
    });
    stand_in.kill().unwrap();
    stand_in.wait().unwrap();
    assert_eq!(topics, 1);
    let kept = fs::read_to_string(outbox.join("outbox.jsonl")).unwrap();
    let kept: Vec<Value> = kept.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0]["message"], "over");
}
