//! Every place that names the release of Tollbook names the same one.
#![expect(clippy::expect_used, reason = "a check that cannot read the tree has failed")]

use std::fs;
use std::path::Path;

use saphyr::{LoadableYamlNode as _, Yaml};

fn text(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the root");
    fs::read_to_string(root.join(path)).expect("a file of the tree is readable")
}

const RELEASE: &str = env!("CARGO_PKG_VERSION");

#[test]
fn all_crates_have_the_version_of_the_workspace() {
    let manifest: toml::Table = text("Cargo.toml").parse().expect("the manifest is TOML");
    assert_eq!(manifest["workspace"]["package"]["version"].as_str(), Some(RELEASE));
    for folder in ["cli", "functions/lookup-chargeback", "shared/ledger-core", "tests"] {
        let manifest: toml::Table =
            text(&format!("{folder}/Cargo.toml")).parse().expect("a manifest is TOML");
        assert_eq!(manifest["package"]["version"]["workspace"].as_bool(), Some(true), "{folder}");
    }
}

#[test]
fn the_stack_says_which_release_it_is() {
    let template = text("infra/template.yaml");
    let template = Yaml::load_from_str(&template).expect("the template is YAML");
    let version = &template[0]["Outputs"]["Version"]["Value"];
    assert_eq!(version.as_str(), Some(RELEASE));
}

#[test]
fn the_changelog_has_a_section_for_the_release() {
    let changelog = text("CHANGELOG.md");
    let sections: Vec<&str> = changelog.lines().filter(|it| it.starts_with("## ")).collect();
    assert_eq!(sections.first(), Some(&"## Unreleased"));
    assert_eq!(sections.get(1), Some(&format!("## {RELEASE}").as_str()));
}
