//! Local mode as a user sees it: the sample organisation, whole.

use std::fs;
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
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
    let data = &folder.path().join("ledger");
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
    // Some roles of the sample have no tag.
    let mut expected = vec!["reconciliation"; differing.len()];
    expected.push("attribution-hidden");
    assert_eq!(codes, expected);
    assert_eq!(found.status.code(), Some(1));

    // From a figure back to AWS's own row, and why nobody owns it.
    let of_nobody = ["report", "--by", "entry,principal", "--where", "owner=Unattributed"];
    let rows = json(&ask(data, &of_nobody));
    let keys = &rows["currencies"][0]["rows"].as_array().unwrap().first().unwrap()["keys"];
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
    let endpoint = lock.lines().nth(1).unwrap();
    let (secret, address) = endpoint.strip_prefix("http://").unwrap().split_once('@').unwrap();
    let as_table =
        command(Path::new("nowhere"), &["--table", "tollbook", "--format", "json", "report"])
            .env("AWS_ENDPOINT_URL_DYNAMODB", format!("http://{address}"))
            .env("AWS_ACCESS_KEY_ID", secret)
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

/// Ports on which a process listens, as the kernel tells.
fn listening_ports(process: u32) -> Vec<u16> {
    let inodes: Vec<String> = fs::read_dir(format!("/proc/{process}/fd"))
        .unwrap()
        .filter_map(|it| fs::read_link(it.ok()?.path()).ok()?.to_str().map(str::to_owned))
        .filter_map(|it| Some(it.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect();
    let table = fs::read_to_string(format!("/proc/{process}/net/tcp")).unwrap();
    let fields = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    fields
        .filter(|it| it[3] == "0A" && inodes.iter().any(|inode| inode == it[9]))
        .map(|it| u16::from_str_radix(it[1].split_once(':').unwrap().1, 16).unwrap())
        .collect()
}

/// The status of the answer to a request, as a browser would send it.
fn status_of(port: u16, method: &str, headers: &[(&str, &str)], body: &str) -> u16 {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let headers: String =
        headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    write!(
        stream,
        "{method} / HTTP/1.1\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn pages_of_other_sites_and_other_programs_reach_nothing() {
    const SCAN: &str = r#"{"TableName":"tollbook"}"#;
    const PUBLISH: &str = "Action=Publish&Message=false+alarm&TopicArn=arn%3Aaws%3Asns%3Aus-east-1%3A123456789012%3Atollbook-alerts";
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("ledger");
    let up = Up::start(&data);
    let before = ask(&data, &["report"]).stdout;
    let outbox = || fs::read_to_string(data.join("outbox/outbox.jsonl")).unwrap();
    let sent = outbox();
    let ports = listening_ports(up.process.id());
    assert_eq!(ports.len(), 4, "page, database, outbox and Cost Explorer: {ports:?}");
    let signed = "AWS4-HMAC-SHA256 Credential=local/20261101/us-east-1/dynamodb/aws4_request, \
                  SignedHeaders=host, Signature=00";
    for port in ports {
        let host = format!("127.0.0.1:{port}");
        // A page of another site, and one whose name was bound anew to this machine.
        for (host, origin) in
            [(&*host, Some(("origin", "https://evil.example"))), ("evil.example", None)]
        {
            for (method, kind, body) in [
                ("GET", "text/plain", ""),
                ("OPTIONS", "text/plain", ""),
                ("POST", "application/x-www-form-urlencoded", PUBLISH),
                ("POST", "application/x-amz-json-1.0", SCAN),
            ] {
                let headers = [
                    ("host", host),
                    ("content-type", kind),
                    ("x-amz-target", "DynamoDB_20120810.Scan"),
                    ("x-amz-date", "20261101T000000Z"),
                    ("authorization", signed),
                ];
                let headers: Vec<_> = headers.into_iter().chain(origin).collect();
                let status = status_of(port, method, &headers, body);
                assert_eq!(status, 403, "{port} {host} {origin:?} {method} {kind}");
            }
        }
    }
    assert_eq!(ask(&data, &["report"]).stdout, before);
    assert_eq!(outbox(), sent);

    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    for file in ["lock", "ledger.db", "outbox/outbox.jsonl", "outbox/topics.txt"] {
        assert_eq!(mode(&data.join(file)), 0o600, "{file}");
    }
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
