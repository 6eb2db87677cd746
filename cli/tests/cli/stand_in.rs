//! The stand-in for Cost Explorer as a process of its own.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::{bill, decimal};

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
