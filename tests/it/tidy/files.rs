//! Words that files of the tree may hold: floats, open ends, sample events, the SDK.

use super::{places, texts, without_tests};

/// Whether a line names the type: the word alone, without the comment behind it.
fn names_a_float(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    code.split(|it: char| !it.is_alphanumeric() && it != '_').any(|it| it == "f64" || it == "f32")
}

/// The one place outside of `ledger-forecast` that turns money into a float, and an estimate into money.
const ESTIMATES: &str = "shared/ledger-app/src/forecast.rs";

#[test]
fn the_core_and_the_use_cases_have_no_floats() {
    let is_theirs = |name: &str| {
        let crates = ["shared/ledger-core/src/", "shared/ledger-app/src/"];
        crates.iter().any(|it| name.starts_with(it)) && name.ends_with(".rs") && name != ESTIMATES
    };
    let texts: Vec<(String, String)> = texts()
        .into_iter()
        .filter(|(name, _)| is_theirs(name))
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
