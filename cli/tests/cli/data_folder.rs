//! The folder of a local ledger.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::{COSTS, bill, json, tollbook};

fn ledger() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("bill.csv"));
    fs::write(&file, bill(&COSTS)).unwrap();
    json(&data, &["import", file.to_str().unwrap()]);
    (folder, data)
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
