//! Who changed what, through the front door.

use std::path::Path;

use crate::{json, tollbook};

const BUDGET: &str = "[[budget]]\nname = \"all\"\nowner = \"chat\"\nlimit = \"10\"\n\
                      currency = \"USD\"\nwindow = \"monthly\"\n";

#[track_caller]
fn run(data: &Path, args: &[&str], code: i32) -> String {
    let output = tollbook(data, args);
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert_eq!(output.status.code(), Some(code), "{text}");
    text
}

#[test]
fn each_change_has_its_person_and_reason_and_the_trail_is_verified() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("budgets.toml"));
    let path = file.to_str().unwrap();
    std::fs::write(&file, BUDGET).unwrap();
    run(&data, &["budget", "apply", path, "--dry-run"], 0);
    assert_eq!(run(&data, &["audit", "list"], 0), "nothing was changed yet\n");
    let said = ["--by", "ana", "--reason", "budget of the year"];
    run(&data, &[&["budget", "apply", path][..], &said].concat(), 0);
    run(&data, &[&["budget", "apply", path][..], &said].concat(), 0);
    let mute = ["budget", "mute", "all", "--until", "2099-01-01"];
    run(&data, &[&mute[..], &["--by", "ben", "--reason", "=1+1"]].concat(), 0);
    run(&data, &["budget", "mute", "all", "--remove", "--by", "ana", "--reason", "over"], 0);
    let listed = json(&data, &["audit", "list"]);
    let shown: Vec<String> = listed["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            let text = |key: &str| it[key].as_str().unwrap().to_owned();
            [text("by"), text("action"), text("subject"), text("reason")].join("|")
        })
        .collect();
    let expected = [
        "ana|apply_budgets||budget of the year",
        "ben|mute_budget|all|=1+1",
        "ana|unmute_budget|all|over",
    ];
    assert_eq!(shown, expected);
    let csv = run(&data, &["audit", "list", "--format", "csv"], 0);
    assert!(!csv.contains(",=1+1"), "a spreadsheet would run it: {csv}");

    let verified = json(&data, &["audit", "verify"]);
    assert_eq!(
        (&verified["entries"], verified["faults"].as_array().unwrap().len()),
        (&3.into(), 0)
    );
    let head = verified["head"].as_str().unwrap();
    assert_eq!(head, listed["entries"][2]["hash"].as_str().unwrap());
    let told = run(&data, &["audit", "verify", "--head", head], 0);
    assert_eq!(told, format!("3 entries, all as written; head {head}\n"));
    let other = format!("sha256:{}", "1".repeat(64));
    let told = run(&data, &["audit", "verify", "--head", &other], 1);
    assert!(told.contains(&format!("no entry has the hash {other}")), "{told}");
    let told = run(&data, &["audit", "verify", "--head", "abc"], 2);
    assert!(told.contains("expected `sha256:` and 64 digits from 0 to f"), "{told}");
    let told = run(&data, &["budget", "apply", path, "--by", "a\u{202e}b"], 2);
    assert!(told.contains("`by` holds U+202E"), "{told}");
}
