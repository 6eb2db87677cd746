//! House rules that no compiler checks: which crate may know which, and what no file may hold.
#![expect(clippy::expect_used, reason = "a check that cannot read the tree has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, MetadataCommand};

/// Crates of the workspace, as the rules name them.
fn role_of(member: &Member) -> &str {
    if member.folder.starts_with("functions/") { "functions/*" } else { &member.name }
}

/// What each crate may be built on. An arrow may be skipped, never reversed.
const ARROWS: [(&str, &[&str]); 10] = [
    ("ledger-core", &[]),
    ("ledger-app", &["ledger-core"]),
    ("ledger-aws", &["ledger-app", "ledger-core"]),
    ("ledger-api", &["ledger-app", "ledger-core"]),
    ("ledger-lambda", &["ledger-aws", "ledger-app", "ledger-core"]),
    // Its stand-in for Cost Explorer answers from a bill, so it reads bills.
    ("ledger-local", &["ledger-aws", "ledger-app", "ledger-core"]),
    ("ledger-testkit", &["ledger-app", "ledger-core"]),
    ("functions/*", &["ledger-lambda", "ledger-api", "ledger-aws", "ledger-app", "ledger-core"]),
    // What the cold starts of functions are measured against.
    ("empty-function", &[]),
    ("tollbook", &["ledger-local", "ledger-api", "ledger-aws", "ledger-app", "ledger-core"]),
];

/// The package of these checks: it looks at all others and nobody builds on it.
const CHECKS: &str = "ledger-tests";

#[derive(Debug)]
struct Member {
    name: String,
    /// Relative to the root, with `/`.
    folder: String,
    normal: BTreeSet<String>,
    dev: BTreeSet<String>,
    build: BTreeSet<String>,
}

fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("tests/ lies in the root").to_owned()
}

fn members() -> Vec<Member> {
    let root = root();
    let metadata = MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .no_deps()
        .other_options(["--locked".to_owned()])
        .exec()
        .expect("cargo metadata answers");
    let member = |package: &cargo_metadata::Package| {
        let manifest = package.manifest_path.as_std_path();
        let folder = manifest.parent().and_then(|it| it.strip_prefix(&root).ok());
        let names = |kind: DependencyKind| {
            let of_kind = package.dependencies.iter().filter(|it| it.kind == kind);
            of_kind.map(|it| it.name.to_string()).collect()
        };
        Member {
            name: package.name.to_string(),
            folder: folder.expect("a member lies in the root").to_string_lossy().replace('\\', "/"),
            normal: names(DependencyKind::Normal),
            dev: names(DependencyKind::Development),
            build: names(DependencyKind::Build),
        }
    };
    metadata.packages.iter().map(member).collect()
}

/// What is wrong with the arrows of a workspace; nothing, if all is well.
fn arrow_problems(members: &[Member]) -> Vec<String> {
    let ours: BTreeSet<&str> = members.iter().map(|it| it.name.as_str()).collect();
    let arrows = BTreeMap::from(ARROWS);
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
            // A function is tried with stand-ins for AWS.
            let is_stand_in = to == "ledger-local" && role_of(member) == "functions/*";
            let is_test_only =
                to == "ledger-testkit" || is_stand_in || allowed.contains(&to.as_str());
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
        example("ledger-local", "shared/ledger-local", &[], &[]),
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
            "crate `ledger-new` has no arrows: name them in ARROWS",
        ]
    );
}

#[test]
fn the_core_is_built_on_five_crates() {
    let members = members();
    let core = members.iter().find(|it| it.name == "ledger-core").expect("there is a core");
    let normal: Vec<&str> = core.normal.iter().map(String::as_str).collect();
    assert_eq!(normal, ["foldhash", "jiff", "rust_decimal", "thiserror", "wildmatch"]);
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

/// Folders that hold nothing we wrote.
const NOT_OURS: [&str; 6] = [".aws-sam", ".git", "target", ".venv", ".tollbook", "node_modules"];

/// Every text file of the tree by its path relative to the root, with `/`.
fn texts() -> Vec<(String, String)> {
    let root = root();
    let mut folders = vec![root.clone()];
    let mut texts = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of the tree is readable") {
            let path = entry.expect("an entry of the tree is readable").path();
            let is_ours = path
                .file_name()
                .is_some_and(|name| !NOT_OURS.iter().any(|it| name.to_string_lossy() == *it));
            if path.is_dir() && !path.is_symlink() && is_ours {
                folders.push(path);
            } else if path.is_file() && is_ours {
                let name = path.strip_prefix(&root).unwrap_or(&path);
                let name = name.to_string_lossy().replace('\\', "/");
                // What is no text, such as a Parquet file, holds no words of ours.
                if let Ok(text) = std::fs::read_to_string(&path) {
                    texts.push((name, text));
                }
            }
        }
    }
    texts.sort();
    assert!(texts.iter().any(|(name, _)| name == "Cargo.toml"), "the tree was walked");
    texts
}

/// The places of lines for which `is_wrong` holds, as `file:line`.
fn places(
    texts: &[(String, String)],
    applies_to: impl Fn(&str) -> bool,
    is_wrong: impl Fn(&str) -> bool,
) -> Vec<String> {
    let mut places = Vec::new();
    for (name, text) in texts.iter().filter(|(name, _)| applies_to(name)) {
        for (at, _) in text.lines().enumerate().filter(|(_, line)| is_wrong(line)) {
            places.push(format!("{name}:{}", at + 1));
        }
    }
    places
}

/// Source text before its tests, which stand last in a file.
fn without_tests(text: &str) -> &str {
    let tests = ["\n#[cfg(test)]\nmod tests {", "\n#[cfg(test)]\npub(crate) mod testing {"];
    let end = tests.iter().filter_map(|it| text.find(it)).min().unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

/// Whether a line names the type: the word alone, without the comment behind it.
fn names_a_float(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    code.split(|it: char| !it.is_alphanumeric() && it != '_').any(|it| it == "f64" || it == "f32")
}

#[test]
fn the_core_has_no_floats() {
    let texts: Vec<(String, String)> = texts()
        .into_iter()
        .filter(|(name, _)| name.starts_with("shared/ledger-core/src/") && name.ends_with(".rs"))
        .filter(|(name, _)| !name.split('/').any(|it| it == "tests" || it == "tests.rs"))
        .map(|(name, text)| (name, without_tests(&text).to_owned()))
        .collect();
    assert!(texts.len() > 15, "the core was found");
    assert_eq!(places(&texts, |_| true, names_a_float), Vec::<String>::new());
}

#[test]
fn a_float_is_found_by_its_name_alone() {
    assert!(names_a_float("    share: f64,"));
    assert!(names_a_float("let it = text.parse::<f32>();"));
    assert!(!names_a_float("let buf64 = 0; // no f64"));
    assert_eq!(without_tests("a\n#[cfg(test)]\nmod tests {\n f64 }"), "a");
}

/// An open end names its issue, as `TODO(#12)`. The word is put together so that this file has none.
fn is_bare_open_end(line: &str) -> bool {
    [concat!("TO", "DO"), concat!("FIX", "ME")].iter().any(|word| {
        line.match_indices(word).any(|(at, _)| {
            let before = line.get(..at).and_then(|it| it.chars().next_back());
            let rest = line.get(at + word.len()..).unwrap_or_default();
            let is_word = !before.is_some_and(|it| it.is_alphanumeric() || it == '_')
                && !rest.starts_with(|it: char| it.is_alphanumeric() || it == '_');
            let number = rest.strip_prefix("(#").and_then(|it| it.split_once(')'));
            let has_issue = number.is_some_and(|(number, _)| number.parse::<u32>().is_ok());
            is_word && !has_issue
        })
    })
}

#[test]
fn open_ends_name_their_issue() {
    // Data that others wrote may hold any word.
    let ours = |name: &str| {
        let ending = name.rsplit('.').next().unwrap_or_default();
        ["rs", "toml", "md", "yaml", "yml", "sh", "test"].contains(&ending)
    };
    assert_eq!(places(&texts(), ours, is_bare_open_end), Vec::<String>::new());
}

#[test]
fn a_bare_open_end_is_told_from_one_with_an_issue() {
    let word = concat!("TO", "DO");
    for (line, expected) in [
        (format!("// {word}: later"), true),
        (format!("// {word}(me): later"), true),
        (format!("// {word}(#12): later"), false),
        (format!("{word}S_MAX"), false),
    ] {
        assert_eq!(is_bare_open_end(&line), expected, "{line}");
    }
}

/// Sample events that no test of their function names.
fn unused_events(texts: &[(String, String)]) -> Vec<&str> {
    let is_used = |name: &str| {
        let Some((function, file)) = name.strip_prefix("events/").and_then(|it| it.split_once('/'))
        else {
            return true;
        };
        let folder = format!("functions/{function}/");
        let stem = file.strip_suffix(".json").unwrap_or(file);
        let (quoted, whole) = (format!("\"{stem}\""), format!("{stem}.json"));
        texts
            .iter()
            .filter(|(name, _)| name.starts_with(&folder) && name.ends_with(".rs"))
            .any(|(_, text)| text.contains(&quoted) || text.contains(&whole))
    };
    texts.iter().map(|(name, _)| name.as_str()).filter(|it| !is_used(it)).collect()
}

#[test]
fn each_sample_event_is_loaded_by_a_test() {
    let texts = texts();
    assert!(texts.iter().any(|(name, _)| name.starts_with("events/lookup-chargeback/")));
    assert_eq!(unused_events(&texts), Vec::<&str>::new());
}

#[test]
fn an_event_that_no_test_loads_is_found() {
    let text = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let texts = [
        text("events/README.md", ""),
        text("events/one/good.json", "{}"),
        text("events/one/bad.json", "{}"),
        text("functions/one/tests/events.rs", "event(\"good\")"),
        text("functions/two/tests/events.rs", "event(\"bad\")"),
    ];
    assert_eq!(unused_events(&texts), ["events/one/bad.json"]);
}

#[test]
fn the_sdk_appears_at_the_edge_alone() {
    let prefix = concat!("aws", "_sdk_");
    let applies_to = |name: &str| {
        let is_edge = name.starts_with("shared/ledger-aws/") || name.ends_with("/main.rs");
        let is_test = name.split('/').any(|it| it == "tests" || it == "tests.rs");
        name.ends_with(".rs") && !is_edge && !is_test
    };
    let texts: Vec<(String, String)> =
        texts().into_iter().map(|(name, text)| (name, without_tests(&text).to_owned())).collect();
    assert_eq!(places(&texts, applies_to, |line| line.contains(prefix)), Vec::<String>::new());
}
