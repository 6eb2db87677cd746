//! Which crate may be built on which.

use std::collections::{BTreeMap, BTreeSet};

use super::{Member, members};

/// Crates of the workspace, as the rules name them.
fn role_of(member: &Member) -> &str {
    if member.folder.starts_with("functions/") { "functions/*" } else { &member.name }
}

/// The crates that each may be built on. An arrow may be skipped, never reversed.
const ARROWS: [(&str, &[&str]); 11] = [
    ("ledger-core", &[]),
    // Only here costs are floats.
    ("ledger-forecast", &[]),
    ("ledger-app", &["ledger-forecast", "ledger-core"]),
    ("ledger-aws", &["ledger-app", "ledger-core"]),
    ("ledger-api", &["ledger-app", "ledger-core"]),
    ("ledger-lambda", &["ledger-aws", "ledger-app", "ledger-core"]),
    // Its stand-in for Cost Explorer answers from any source of bills: it needs no adapter.
    ("ledger-local", &["ledger-app", "ledger-core"]),
    ("ledger-testkit", &["ledger-app", "ledger-core"]),
    ("functions/*", &["ledger-lambda", "ledger-api", "ledger-aws", "ledger-app", "ledger-core"]),
    // Cold starts of functions are measured against it.
    ("empty-function", &[]),
    ("tollbook", &["ledger-local", "ledger-api", "ledger-aws", "ledger-app", "ledger-core"]),
];

/// Further crates that tests of a crate may use: stand-ins for AWS, and the adapters that are tried
/// against them.
const TEST_ARROWS: [(&str, &[&str]); 2] =
    [("ledger-local", &["ledger-aws"]), ("functions/*", &["ledger-local"])];

/// The package of these checks: it looks at all others and no crate builds on it.
const CHECKS: &str = "ledger-tests";

/// Faults in the arrows of a workspace.
fn arrow_problems(members: &[Member]) -> Vec<String> {
    let ours: BTreeSet<&str> = members.iter().map(|it| it.name.as_str()).collect();
    let (arrows, test_arrows) = (BTreeMap::from(ARROWS), BTreeMap::from(TEST_ARROWS));
    let mut problems = Vec::new();
    for member in members.iter().filter(|it| it.name != CHECKS) {
        let Some(allowed) = arrows.get(role_of(member)) else {
            problems.push(format!("crate `{}` has no arrows: name them in ARROWS", member.name));
            continue;
        };
        for to in member.normal.iter().chain(&member.build) {
            if ours.contains(to.as_str()) && !allowed.contains(&to.as_str()) {
                problems.push(format!("`{}` must not depend on `{to}`", member.name));
            }
        }
        for to in &member.dev {
            let more = test_arrows.get(role_of(member)).copied().unwrap_or_default();
            let is_test_only = to == "ledger-testkit"
                || more.contains(&to.as_str())
                || allowed.contains(&to.as_str());
            if ours.contains(to.as_str()) && !is_test_only {
                problems.push(format!("tests of `{}` must not depend on `{to}`", member.name));
            }
        }
    }
    problems
}

fn example(name: &str, folder: &str, normal: &[&str], dev: &[&str]) -> Member {
    let set = |names: &[&str]| names.iter().map(|it| (*it).to_owned()).collect();
    Member {
        name: name.to_owned(),
        folder: folder.to_owned(),
        normal: set(normal),
        dev: set(dev),
        build: BTreeSet::new(),
    }
}

#[test]
fn dependencies_follow_the_arrows() {
    assert_eq!(arrow_problems(&members()), Vec::<String>::new());
}

#[test]
fn a_wrong_arrow_is_found() {
    let members = [
        example("ledger-core", "shared/ledger-core", &["ledger-app"], &["ledger-testkit"]),
        example("ledger-app", "shared/ledger-app", &["ledger-testkit"], &["ledger-aws"]),
        example("ledger-aws", "shared/ledger-aws", &["ledger-core"], &[]),
        example("ledger-testkit", "shared/ledger-testkit", &[], &[]),
        example("one", "functions/one", &["ledger-aws", "two"], &[]),
        example("two", "functions/two", &["ledger-local"], &["ledger-local"]),
        example("ledger-lambda", "shared/ledger-lambda", &["ledger-local"], &["one"]),
        example("ledger-local", "shared/ledger-local", &["ledger-aws"], &["ledger-aws"]),
        example("ledger-new", "shared/ledger-new", &[], &[]),
    ];
    assert_eq!(
        arrow_problems(&members),
        [
            "`ledger-core` must not depend on `ledger-app`",
            "`ledger-app` must not depend on `ledger-testkit`",
            "tests of `ledger-app` must not depend on `ledger-aws`",
            "`one` must not depend on `two`",
            "`two` must not depend on `ledger-local`",
            "`ledger-lambda` must not depend on `ledger-local`",
            "tests of `ledger-lambda` must not depend on `one`",
            "`ledger-local` must not depend on `ledger-aws`",
            "crate `ledger-new` has no arrows: name them in ARROWS",
        ]
    );
}

#[test]
fn the_core_is_built_on_seven_crates() {
    let members = members();
    let core = members.iter().find(|it| it.name == "ledger-core").expect("there is a core");
    let normal: Vec<&str> = core.normal.iter().map(String::as_str).collect();
    let expected =
        ["foldhash", "jiff", "regex-lite", "rust_decimal", "sha2", "thiserror", "wildmatch"];
    assert_eq!(normal, expected);
    assert_eq!(core.build, BTreeSet::new(), "a build script is I/O");
}

#[test]
fn a_folder_is_named_like_its_crate() {
    for member in members() {
        let folder = member.folder.rsplit('/').next().unwrap_or_default();
        let expected = match member.name.as_str() {
            "tollbook" => "cli",
            CHECKS => "tests",
            name => name,
        };
        assert_eq!(folder, expected);
    }
}
