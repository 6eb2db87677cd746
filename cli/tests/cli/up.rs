//! Local mode as a user sees it: the sample organisation, whole.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use rust_decimal::Decimal;
use serde_json::Value;

use crate::decimal;

fn command(data: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tollbook"));
    command.arg("--data").arg(data).args(args).env_remove("TOLLBOOK_TABLE");
    command
}

/// A running `up`, stopped when it goes out of scope.
struct Up {
    process: Child,
    said: Vec<String>,
}

impl Up {
    /// Starts it and waits until it has judged the budgets of the whole sample.
    fn start(data: &Path) -> Up {
        let mut up = command(data, &["up", "--port", "0"]);
        let mut process = up.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut up = Up { process, said: Vec::new() };
        while !up.said.last().is_some_and(|it| it.contains("budgets judged")) {
            // Its end before that fails here, with what it said.
            let line = lines.next().ok_or_else(|| up.said.clone()).unwrap();
            up.said.push(line.unwrap());
        }
        up
    }

    fn judged(&self) -> &str {
        self.said.last().unwrap()
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn json(output: &Output) -> Value {
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn ask(data: &Path, args: &[&str]) -> Output {
    command(data, &[args, &["--format", "json"]].concat()).output().unwrap()
}

#[test]
fn the_sample_is_there_with_its_alerts_and_the_day_cost_explorer_has_not_heard_of() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let up = Up::start(data);

    let by_owner = json(&ask(data, &["report"]));
    let days = by_owner["reconciliation"].as_array().unwrap();
    let differing: Vec<_> = days.iter().filter(|it| it["difference"] != "0").collect();
    // Cost Explorer tells of the days of this month, or of the last one at its beginning.
    assert!(days.len() >= 4, "{days:?}");
    assert!(differing.len() <= 1, "{differing:?}");
    assert!(differing.iter().all(|it| it["settled"] == true), "{differing:?}");
    for day in days {
        // Each service's difference, and together they are the day's.
        let services = day["services"].as_array().unwrap();
        let sum: Decimal = services.iter().map(|it| decimal(&it["difference"])).sum();
        assert_eq!(decimal(&day["difference"]), sum, "{day}");
        assert!(services.len() > 1, "{day}");
    }
    let found = ask(data, &["doctor"]);
    let findings = json(&found);
    let codes: Vec<_> =
        findings["findings"].as_array().unwrap().iter().map(|it| &it["code"]).collect();
    assert_eq!(codes, vec!["reconciliation"; differing.len()]);
    assert_eq!(found.status.code(), Some(i32::from(!differing.is_empty())));

    // From a figure back to AWS's own row, and why nobody owns it.
    let of_nobody = ["report", "--by", "entry,principal", "--where", "owner=Unattributed"];
    let rows = json(&ask(data, &of_nobody));
    let keys = &rows["rows"].as_array().unwrap().first().unwrap()["keys"];
    let explained =
        json(&ask(data, &["rules", "explain", "--entry", keys["entry"].as_str().unwrap()]));
    assert_eq!(explained["entry"]["principal"], keys["principal"]);
    assert_eq!(explained["entry"]["owner"], "Unattributed");
    let found: Vec<_> =
        explained["rules"].as_array().unwrap().iter().map(|it| &it["finding"]).collect();
    assert!(found.contains(&&Value::from("role is `legacy-report-job`")), "{found:?}");
    assert!(!found.contains(&&Value::from("claims it")), "{found:?}");

    // The same ledger, as a table that an endpoint leads to.
    let lock = fs::read_to_string(data.join("lock")).unwrap();
    let as_table =
        command(Path::new("nowhere"), &["--table", "tollbook", "--format", "json", "report"])
            .env("AWS_ENDPOINT_URL_DYNAMODB", lock.lines().nth(1).unwrap())
            .env("AWS_ACCESS_KEY_ID", "local")
            .env("AWS_SECRET_ACCESS_KEY", "local")
            .env("AWS_REGION", "us-east-1")
            .output()
            .unwrap();
    assert_eq!(json(&as_table), by_owner);

    let outbox = || fs::read_to_string(data.join("outbox/outbox.jsonl")).unwrap();
    let sent = outbox().lines().count();
    assert!(sent > 0);
    assert!(up.judged().contains(&format!(" {sent} alerts sent, 0 not accepted, 0 unconfirmed")));
    drop(up);

    // It was killed. The next start writes nothing and tells nobody again.
    let up = Up::start(data);
    assert!(up.judged().contains(" 0 alerts sent, "), "{}", up.judged());
    assert!(
        up.said
            .iter()
            .filter(|it| it.starts_with("cur "))
            .all(|it| it.contains(": 0 days written, "))
    );
    assert_eq!(outbox().lines().count(), sent);
    assert_eq!(json(&ask(data, &["report"])), by_owner);
}

#[test]
fn up_works_on_a_folder_and_says_so() {
    let output = command(Path::new("nowhere"), &["--table", "tollbook", "up"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "tollbook: this command works on a folder; leave out --table (or TOLLBOOK_TABLE)\n"
    );
}
