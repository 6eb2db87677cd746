//! Rules applied to what the ledger holds: without the files, and shown in money before.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rust_decimal::Decimal;
use serde_json::Value;

use crate::{COSTS, bill, json, tollbook};

const BY_TEAM: &str = "[[rule]]\nname = \"team\"\nowner = \"{tag:iamPrincipal/team}\"\n";

fn put(folder: &Path, name: &str, text: &str) -> String {
    let file = folder.join(name);
    fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

/// Everything that names an owner, by several ways to ask.
fn answers(data: &Path, month: &str) -> Vec<Value> {
    ["owner", "owner,day,model,meter", "owner,rule,principal,usage_type,cost_centre,entry"]
        .iter()
        .flat_map(|by| {
            ["unblended", "net_unblended"].map(|kind| {
                let from = format!("{month}-01");
                json(data, &["report", "--by", by, "--from", &from, "--cost-kind", kind])
            })
        })
        .chain([json(data, &["statement", "--period", month])])
        .collect()
}

/// Cost by owner.
fn by_owner(data: &Path, from: &str) -> BTreeMap<String, Decimal> {
    let report = json(data, &["report", "--by", "owner", "--from", from, "--to", "2027-01-01"]);
    let currency = &report["currencies"][0];
    let rows = if currency.is_null() { &report["rows"] } else { &currency["rows"] };
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| {
        let owner = row["keys"]["owner"].as_str().unwrap();
        (owner.to_owned(), row["cost"].as_str().unwrap().parse().unwrap())
    })
    .collect()
}

/// The sample organisation in two ledgers: one imported by the first rules and then moved to the
/// second ones without its files, one imported by the second rules.
#[test]
fn applied_rules_give_what_a_fresh_import_gives_to_the_digit() {
    let folder = tempfile::tempdir().unwrap();
    let sample = folder.path().join("sample");
    let path = |it: &PathBuf| it.to_str().unwrap().to_owned();
    let made = tollbook(folder.path(), &["sample", &path(&sample), "--as-of", "2026-10-11"]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let first = path(&sample.join("rules.toml"));
    let second = {
        let rules = fs::read_to_string(&first).unwrap();
        let by_account = "[[rule]]\nname = \"by account\"\nowner = \"{account}\"\n\
                          cost_centre = \"CC-9\"\nwhen = { model = \"claude*\" }\n";
        put(folder.path(), "second.toml", &format!("{by_account}\n{rules}"))
    };
    let export = path(&sample.join("tollbook-sample"));
    let (moved, fresh) = (folder.path().join("moved"), folder.path().join("fresh"));
    for (data, rules) in [(&moved, &first), (&fresh, &second)] {
        assert!(tollbook(data, &["rules", "apply", rules]).status.success());
        json(data, &["import", &export]);
    }
    fs::remove_dir_all(&sample).unwrap();
    let before = by_owner(&moved, "2026-01-01");
    let dry = tollbook(&moved, &["rules", "apply", &second, "--dry-run", "--format", "json"]);
    let dry: Value = serde_json::from_slice(&dry.stdout).unwrap();
    let applied = json(&moved, &["rules", "apply", &second]);
    assert_eq!(applied["rules_version"], 2);
    assert!(!applied["bills"].as_array().unwrap().is_empty());
    for month in ["2026-09", "2026-10"] {
        assert_eq!(answers(&moved, month), answers(&fresh, month), "{month}");
    }
    let mut expected = before;
    for one in dry["currencies"][0]["moves"].as_array().unwrap() {
        let cost: Decimal = one["cost"].as_str().unwrap().parse().unwrap();
        *expected.entry(one["from"].as_str().unwrap().to_owned()).or_default() -= cost;
        *expected.entry(one["to"].as_str().unwrap().to_owned()).or_default() += cost;
    }
    let mut after = by_owner(&moved, "2026-01-01");
    expected.retain(|_, cost| !cost.is_zero());
    after.retain(|_, cost| !cost.is_zero());
    assert_eq!(after, expected, "the dry run's moves are the difference of the two reports");
}

#[test]
fn a_dry_run_says_how_much_would_move_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let export = put(folder.path(), "bill.csv", &bill(&COSTS));
    let by_team = put(folder.path(), "by-team.toml", BY_TEAM);
    let search = put(
        folder.path(),
        "search.toml",
        &format!(
            "[[rule]]\nname = \"app\"\nowner = \"apps\"\nwhen = {{ role = \"app-search\" }}\n{BY_TEAM}"
        ),
    );
    json(&data, &["import", &export]);
    let run = |rules: &str| {
        let output = tollbook(&data, &["rules", "apply", rules, "--dry-run"]);
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    };
    // The first, third, fifth and seventh line are of `search`, two of the others of `support`.
    let (code, said) = run(&by_team);
    assert_eq!(code, 1, "{said}");
    let words = ["Unattributed", "search", "team"];
    assert!(said.lines().any(|it| words.iter().all(|word| it.contains(word))), "{said}");
    assert!(said.contains("all 6 lines in the ledger would change their owner"), "{said}");
    assert!(said.contains("`search` would get its first money and no budget names it"), "{said}");
    assert!(tollbook(&data, &["rules", "apply", &by_team]).status.success());
    let before = by_owner(&data, "2026-10-01");
    let budgets = "[[budget]]\nname = \"apps\"\nowner = \"apps\"\nlimit = \"100\"\n\
                   currency = \"USD\"\nwindow = \"monthly\"\nthresholds = [80]\n";
    let budgets = put(folder.path(), "budgets.toml", budgets);
    assert!(tollbook(&data, &["budget", "apply", &budgets]).status.success());
    let (code, said) = run(&search);
    let moved = before["search"].normalize().to_string();
    assert_eq!(code, 0, "{said}");
    assert!(
        said.lines().any(|it| it.contains("apps") && it.trim_end().ends_with(&moved)),
        "{said}"
    );
    assert_eq!(by_owner(&data, "2026-10-01"), before);
    // A comment changes the text and no owner.
    let comment = put(folder.path(), "comment.toml", &format!("# teams\n{BY_TEAM}"));
    let (code, said) = run(&comment);
    assert_eq!(
        (code, said.as_str()),
        (
            0,
            "note: nothing would change: the 6 lines in the ledger keep their owners and dimensions\n"
        )
    );
}

#[test]
fn applying_the_same_rules_again_continues_what_was_left() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let export = put(folder.path(), "bill.csv", &bill(&COSTS));
    let rules = put(folder.path(), "rules.toml", BY_TEAM);
    json(&data, &["import", &export]);
    let first = tollbook(&data, &["rules", "apply", &rules]);
    let first = String::from_utf8(first.stdout).unwrap();
    assert!(first.starts_with("cur 2026-10 of payer 123456789012: 3 days written, 0 unchanged; "));
    assert!(first.ends_with("the rules are version 1 now and own all bills\n"), "{first}");
    let again = tollbook(&data, &["rules", "apply", &rules]);
    let said = String::from_utf8(again.stdout).unwrap();
    assert_eq!(said, "these rules are applied already; nothing changes\n");
}
