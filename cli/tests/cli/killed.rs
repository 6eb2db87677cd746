//! Kill -9 and Ctrl-C at any moment: the ledger opens, shows whole bills, and the work can be
//! repeated.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::{json, tollbook};

const KILL: i32 = 9;
const INTERRUPT: i32 = 2;

/// The sample organisation's first and last bill, so that a debug build takes a second.
fn export(root: &Path, seed: &str) -> Vec<PathBuf> {
    let whole = root.join(format!("whole-{seed}"));
    let args = ["sample", whole.to_str().unwrap(), "--as-of", "2026-10-11", "--seed", seed];
    assert!(tollbook(root, &args).status.success());
    let mut months: Vec<_> = fs::read_dir(whole.join("tollbook-sample/metadata"))
        .unwrap()
        .map(|it| it.unwrap().file_name())
        .collect();
    months.sort();
    let bill = |month: &std::ffi::OsString| {
        let to = root.join(format!("bill-{seed}")).join(month);
        for kind in ["data", "metadata"] {
            let from = whole.join("tollbook-sample").join(kind).join(month);
            let to = to.join("tollbook-sample").join(kind).join(month);
            fs::create_dir_all(&to).unwrap();
            for file in fs::read_dir(from).unwrap() {
                let file = file.unwrap();
                fs::copy(file.path(), to.join(file.file_name())).unwrap();
            }
        }
        to
    };
    vec![bill(&months[0]), bill(&months[months.len() - 1])]
}

/// All that is compared: every dimension that can differ, at both levels.
fn state(data: &Path) -> Vec<Value> {
    ["month,owner", "day,model", "principal,usage_type", "tag:iamPrincipal/team,rule,account"]
        .map(|by| {
            let mut report = json(data, &["report", "--by", by, "--from", "2026-06-01"]);
            // Without a bill the period ends today.
            report.as_object_mut().unwrap().remove("to");
            report
        })
        .into()
}

fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

fn import_args(bills: &[PathBuf]) -> Vec<&str> {
    ["import"].into_iter().chain(bills.iter().map(|it| it.to_str().unwrap())).collect()
}

fn start(data: &Path, args: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_tollbook"))
        .arg("--data")
        .arg(data)
        .args(args)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn signal(child: &Child, number: i32) {
    let sent = Command::new("kill").arg(format!("-{number}")).arg(child.id().to_string()).status();
    // A child that has just ended is told nothing; who waits for it sees that.
    let _ = sent.unwrap();
}

/// How much the database has grown: a clock that runs with the work, not with the machine.
fn written(data: &Path) -> u64 {
    ["ledger.db", "ledger.db-wal"]
        .map(|it| fs::metadata(data.join(it)).map_or(0, |it| it.len()))
        .iter()
        .sum()
}

/// States that whole bills make: before any, after the first, after both.
fn steps(data: &Path, bills: &[PathBuf]) -> Vec<Vec<Value>> {
    let mut steps = vec![state(data)];
    for bill in bills {
        json(data, &["import", bill.to_str().unwrap()]);
        steps.push(state(data));
    }
    steps
}

/// Kills imports of `bills` into copies of `before` at moments of their work, and repeats each.
fn check(root: &TempDir, before: &Path, bills: &[PathBuf], steps: &[Vec<Value>], signals: &[i32]) {
    let data = root.path().join("killed");
    copy(before, &data);
    let from = written(&data);
    json(&data, &import_args(bills));
    let growth = written(&data).saturating_sub(from);
    let mut killed_count = 0;
    for (at, number) in signals.iter().enumerate() {
        copy(before, &data);
        let until = from + growth * at as u64 / signals.len() as u64;
        let mut child = start(&data, &import_args(bills));
        while written(&data) < until && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        signal(&child, *number);
        let status = child.wait().unwrap();
        killed_count += usize::from(status.signal() == Some(*number));
        assert!(status.success() || status.signal() == Some(*number), "{status}");
        let seen = state(&data);
        assert!(steps.contains(&seen), "a part of a bill shows at {until} bytes: {:#}", seen[0]);
        json(&data, &import_args(bills));
        assert_eq!(state(&data), steps[steps.len() - 1], "repeated after {until} bytes");
    }
    // The moments lie within the work. How many come too late is the machine's, not ours.
    assert!(killed_count * 2 >= signals.len(), "{killed_count} of {} killed", signals.len());
}

#[test]
fn an_import_that_is_killed_leaves_whole_bills_and_can_be_repeated() {
    let root = tempfile::tempdir().unwrap();
    let old = export(root.path(), "7");
    let (empty, full) = (root.path().join("empty"), root.path().join("full"));
    fs::create_dir_all(&empty).unwrap();
    fs::create_dir_all(&full).unwrap();
    let from_nothing = steps(&full, &old);
    assert_ne!(from_nothing[0], from_nothing[1]);
    check(&root, &empty, &old, &from_nothing, &[KILL, INTERRUPT, KILL, KILL]);

    // Every figure of the other organisation differs, on the same bills.
    let new = export(root.path(), "8");
    let data = root.path().join("restated");
    copy(&full, &data);
    let restated = steps(&data, &new);
    assert_ne!(restated[0], restated[1]);
    check(&root, &full, &new, &restated, &[INTERRUPT, KILL, KILL, KILL, INTERRUPT]);
}

#[test]
fn what_was_reported_is_there_after_a_kill_at_that_moment() {
    let root = tempfile::tempdir().unwrap();
    let bills = export(root.path(), "7");
    let undisturbed = root.path().join("undisturbed");
    let rules = root.path().join("whole-7/rules.toml");
    let apply = ["rules", "apply", rules.to_str().unwrap()];
    assert!(tollbook(&undisturbed, &apply).status.success());
    json(&undisturbed, &import_args(&bills));
    let expected = state(&undisturbed);
    let exports: Vec<&str> =
        bills.iter().flat_map(|it| ["--export", it.to_str().unwrap()]).collect();
    let up = [&["up", "--port", "0"], exports.as_slice()].concat();
    for (name, args) in [("import", import_args(&bills)), ("up", up)] {
        let data = root.path().join(name);
        for (args, said) in [(apply.as_slice(), "are version 1 now"), (&args, "read ")] {
            let mut child = start(&data, args);
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
            assert!(lines.any(|line| line.unwrap().contains(said)), "{args:?}");
            signal(&child, KILL);
            child.wait().unwrap();
        }
        assert_eq!(state(&data), expected, "{name}");
    }
}
