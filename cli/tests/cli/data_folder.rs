//! The folder of a local ledger: one that may only be read, one whose file is damaged, and one
//! that others may read.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::{COSTS, bill, json, tollbook};

/// A user who owns nothing.
const STRANGER: u32 = 65_534;

fn ledger() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("bill.csv"));
    fs::write(&file, bill(&COSTS)).unwrap();
    json(&data, &["import", file.to_str().unwrap()]);
    (folder, data)
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Runs as a user whom the permissions of files bind, which they do not do for root.
fn as_stranger(place: &TempDir, data: &Path, args: &[&str]) -> Output {
    let program = place.path().join("tollbook");
    fs::copy(env!("CARGO_BIN_EXE_tollbook"), &program).unwrap();
    let mut command = Command::new(&program);
    command.arg("--data").arg(data).args(args).env_remove("TOLLBOOK_TABLE");
    command.env("TMPDIR", place.path().join("tmp"));
    if fs::metadata(data).unwrap().uid() == 0 {
        command.uid(STRANGER).gid(STRANGER);
    }
    command.output().unwrap()
}

#[test]
fn a_folder_that_may_only_be_read_is_reported_from() {
    let (folder, data) = ledger();
    let report = |output: &Output| -> serde_json::Value {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let args = ["report", "--by", "owner,day", "--format", "json"];
    let expected = report(&tollbook(&data, &args));
    let temporary = folder.path().join("tmp");
    fs::create_dir(&temporary).unwrap();
    set_mode(&temporary, 0o777);
    set_mode(folder.path(), 0o755);
    for entry in fs::read_dir(&data).unwrap() {
        set_mode(&entry.unwrap().path(), 0o444);
    }
    set_mode(&data, 0o555);
    let answers = [&args[..], &["doctor"], &["import", "bill.csv"]]
        .map(|args| as_stranger(&folder, &data, args));
    set_mode(&data, 0o755);
    assert_eq!(report(&answers[0]), expected);
    assert_eq!(answers[1].status.code(), Some(1), "{:?}", answers[1]);
    let refused = String::from_utf8_lossy(&answers[2].stderr);
    assert!(refused.starts_with("tollbook: could not lock `"), "{refused}");
    assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0, "the copy is removed");
}

#[test]
fn a_damaged_file_is_a_finding_or_refused() {
    let (_folder, data) = ledger();
    let file = data.join("ledger.db");
    let whole = fs::read(&file).unwrap();
    let said = || {
        let output = tollbook(&data, &["doctor", "--format", "json"]);
        let text = String::from_utf8(output.stdout).unwrap();
        (output.status.code(), text.contains("database-damaged"))
    };
    assert_eq!(said(), (Some(1), false));
    // A database of SQLite says its page size in its head.
    let page_bytes = usize::from(u16::from_be_bytes([whole[16], whole[17]]));
    let mut found_count = 0;
    for start in (page_bytes..whole.len()).step_by(page_bytes) {
        let page = start..start + page_bytes;
        if whole[page.clone()].iter().all(|it| *it == 0) {
            continue;
        }
        let mut damaged = whole.clone();
        damaged[page].fill(0);
        for name in ["ledger.db-wal", "ledger.db-shm"] {
            let _ = fs::remove_file(data.join(name));
        }
        fs::write(&file, damaged).unwrap();
        let (code, is_found) = said();
        assert!(is_found || code == Some(2), "page at {start}: {code:?}");
        found_count += usize::from(is_found);
    }
    assert!(found_count > 0);
}

#[test]
fn a_folder_that_other_users_may_read_is_a_finding() {
    let (_folder, data) = ledger();
    let is_found = |mode| {
        set_mode(&data, mode);
        let output = tollbook(&data, &["doctor", "--format", "json"]);
        String::from_utf8(output.stdout).unwrap().contains("\"data-folder-shared\"")
    };
    assert_eq!([0o700, 0o750, 0o701, 0o755].map(is_found), [false, true, true, true]);
}
