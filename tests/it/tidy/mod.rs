//! House rules that no compiler checks, a room for each kind.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a check that cannot read the tree has failed"
)]

mod arrows;
mod files;
mod known;
mod modules;
mod sizes;
mod sums;
mod wing;
mod words;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, MetadataCommand};

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

/// Folders without anything of ours.
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
                // A file that is no text, such as a Parquet file, holds no words of ours.
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

/// Source text before its tests, which are last in a file.
fn without_tests(text: &str) -> &str {
    let tests = ["\n#[cfg(test)]\nmod tests {", "\n#[cfg(test)]\npub(crate) mod testing {"];
    let end = tests.iter().filter_map(|it| text.find(it)).min().unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

/// Rust files of the tree outside tests, with `/`.
fn sources() -> Vec<(String, String)> {
    let is_test = |name: &str| {
        name.starts_with("shared/ledger-testkit/")
            // Also the folder of a module such as `form_tests`.
            || name.contains("tests/")
            || ["tests.rs", "testing.rs"].iter().any(|it| name.ends_with(it))
    };
    let mut sources = texts();
    sources.retain(|(name, _)| name.ends_with(".rs") && !is_test(name));
    assert!(sources.iter().any(|(name, _)| name == "shared/ledger-core/src/money.rs"));
    sources
}

/// Compares what was found with what is known: neither something new nor something that is gone.
fn check_known(found: &[String], known: &[&str]) {
    let new: Vec<&String> = found.iter().filter(|it| !known.contains(&it.as_str())).collect();
    let gone: Vec<&&str> = known.iter().filter(|it| !found.iter().any(|one| one == **it)).collect();
    assert!(
        new.is_empty() && gone.is_empty(),
        "new: {new:#?}\nto be taken off the list: {gone:#?}"
    );
}

#[test]
fn a_list_of_known_faults_only_shrinks() {
    let found = ["a".to_owned(), "b".to_owned()];
    check_known(&found, &["a", "b"]);
    for known in [&["a"][..], &["a", "b", "c"]] {
        assert!(std::panic::catch_unwind(|| check_known(&found, known)).is_err(), "{known:?}");
    }
}
