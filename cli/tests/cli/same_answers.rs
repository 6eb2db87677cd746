//! The command and the API give the same answer to the same question.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::{json, tollbook};

/// Three days in two months, two currencies, callers and tags; a line that is not for AI.
const BILL: &str = "\
bill_billing_period_start_date,bill_payer_account_id,line_item_usage_account_id,\
line_item_usage_start_date,line_item_line_item_type,line_item_product_code,line_item_usage_type,\
line_item_usage_amount,pricing_unit,line_item_unblended_cost,line_item_net_unblended_cost,\
line_item_currency_code,line_item_iam_principal
2026-10-01T00:00:00Z,123456789012,210987654321,2026-10-01T00:00:00Z,Usage,AmazonBedrock,\
USE1-NovaLite-input-tokens,2.5,1K tokens,8.70,8.1,USD,\
arn:aws:sts::123456789012:assumed-role/app-search/run
2026-10-01T00:00:00Z,123456789012,210987654321,2026-10-02T00:00:00Z,Usage,AmazonBedrock,\
EUC1-NovaLite-output-tokens,2.5,1K tokens,0.1234567891,,EUR,\
arn:aws:sts::123456789012:assumed-role/app-support/run
2026-10-01T00:00:00Z,123456789012,210987654321,2026-10-02T00:00:00Z,Usage,AmazonBedrock,\
USE1-NovaLite-output-tokens,1,1K tokens,3.005,2.9,USD,
2026-10-01T00:00:00Z,123456789012,210987654321,2026-10-03T00:00:00Z,Usage,AmazonS3,\
TimedStorage-ByteHrs,1,GB-Mo,7,7,USD,
";

const RULES: &str = "\
[[rule]]
name = \"search\"
owner = \"search\"
when = { role = \"app-search\" }
";

const BUDGETS: &str = "\
[[budget]]
name = \"search monthly\"
owner = \"search\"
deputy = \"platform\"
limit = \"10.00\"
currency = \"USD\"
window = \"monthly\"
scope = { owner = \"search\" }
";

/// A running `up` with its page; stopped when it goes out of scope.
struct Up {
    process: Child,
    address: String,
}

impl Up {
    /// Starts it and waits until it has judged the budgets.
    fn start(data: &Path, args: &[&str]) -> Up {
        let mut process = Command::new(env!("CARGO_BIN_EXE_tollbook"))
            .arg("--data")
            .arg(data)
            .args(["up", "--port", "0"])
            .args(args)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let address = first.split("http://").nth(1).unwrap().split(' ').next().unwrap().to_owned();
        let up = Up { process, address };
        assert!(lines.any(|line| line.unwrap().contains("budgets judged")));
        up
    }

    fn get(&self, path: &str) -> Value {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", self.address);
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 "), "{path}: {answer}");
        serde_json::from_str(body).unwrap()
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Asks both the same questions, one for each shared body.
fn compare(up: &Up, data: &Path, questions: &[(&[&str], &str)]) {
    for (command, path) in questions {
        let said = json(data, command);
        assert_eq!(said, up.get(path), "{command:?} and {path}");
        assert!(said.as_object().unwrap().len() > 2, "{said}");
    }
}

#[test]
fn the_command_and_the_api_print_the_same_bodies() {
    let folder = tempfile::tempdir().unwrap();
    let (data, root) = (folder.path().join("data"), folder.path());
    for (name, text) in [("bill.csv", BILL), ("rules.toml", RULES), ("budgets.toml", BUDGETS)] {
        fs::write(root.join(name), text).unwrap();
    }
    let path = |name: &str| root.join(name).to_str().unwrap().to_owned();
    for (command, file) in [("rules", "rules.toml"), ("budget", "budgets.toml")] {
        assert!(tollbook(&data, &[command, "apply", &path(file)]).status.success());
    }
    let up = Up::start(&data, &["--export", &path("bill.csv")]);
    let days = ["--from", "2026-10-01", "--to", "2026-11-01"];
    let report = |more: &[&'static str]| [&["report"], &days[..], more].concat();
    let (by_two, scoped, amortized, euro) = (
        report(&["--by", "owner,model,day"]),
        report(&[
            "--by",
            "principal",
            "--where",
            "owner=search",
            "--where",
            "service=AmazonBedrock",
        ]),
        report(&["--by", "account", "--cost-kind", "net_amortized"]),
        report(&["--by", "meter", "--currency", "EUR"]),
    );
    let nothing = ["report", "--from", "2020-01-01", "--to", "2020-02-01"];
    let costs = "/v1/costs?from=2026-10-01&to=2026-11-01&group_by=";
    compare(
        &up,
        &data,
        &[
            (&by_two, &format!("{costs}owner,model,day")),
            (&scoped, &format!("{costs}principal&where=owner=search&where=service=AmazonBedrock")),
            (&amortized, &format!("{costs}account&cost_kind=net_amortized")),
            (&euro, &format!("{costs}meter&currency=EUR")),
            (&nothing, "/v1/costs?from=2020-01-01&to=2020-02-01&group_by=owner"),
            (&["statement", "--period", "2026-10"], "/v1/statements?period=2026-10"),
            (
                &["statement", "--period", "2026-10", "--owner", "search"],
                "/v1/statements?period=2026-10&owner=search",
            ),
            (
                &["statement", "--period", "2026-10", "--cost-kind", "net_unblended"],
                "/v1/statements?period=2026-10&cost_kind=net_unblended",
            ),
            (&["budget", "list"], "/v1/budgets"),
        ],
    );
    let both = json(&data, &by_two);
    assert_eq!(both["currencies"].as_array().unwrap().len(), 2, "{both}");
    assert_eq!(both["currencies"][1]["total"], "11.705");
    assert_eq!(both["currencies"][1]["other"], "7");
}

#[test]
fn the_sample_is_reported_alike_with_both_sources_side_by_side() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let up = Up::start(&data, &[]);
    let report = json(&data, &["report", "--by", "owner,model"]);
    let (from, to) = (report["from"].as_str().unwrap(), report["to"].as_str().unwrap());
    let asked = format!("/v1/costs?from={from}&to={to}&group_by=owner,model");
    assert_eq!(up.get(&asked), report);
    assert!(!report["reconciliation"].as_array().unwrap().is_empty(), "{report}");
    assert_eq!(up.get("/v1/budgets"), json(&data, &["budget", "list"]));
    let month = from.get(..7).unwrap();
    let statements = json(&data, &["statement", "--period", month]);
    assert_eq!(up.get(&format!("/v1/statements?period={month}")), statements);
}
