//! Where sums are kept, nothing is passed over without a word.

use super::{check_known, known, sources, without_tests};

/// Files, or folders, in which a case that cannot be is an error that names its place.
const STRICT: [&str; 3] = [
    "shared/ledger-core/src/roll_up",
    "shared/ledger-core/src/bill_rollups",
    "shared/ledger-aws/src/cur/groups",
];

/// Ways to go on as if nothing had been lost. `.ok()?` is none: it ends the function, too.
const SILENT: [&str; 5] =
    ["else { continue }", "else { return }", ".unwrap_or_default()", ".ok().unwrap_or", ".ok();"];

/// Code on one line, however it was laid out: comments gone, one space where there was any.
fn on_one_line(text: &str) -> String {
    let code = text.lines().map(|it| it.split("//").next().unwrap_or_default());
    let words: Vec<&str> = code.flat_map(str::split_whitespace).collect();
    words.join(" ").replace("; }", " }").replace(" .", ".")
}

/// Silent ways in strict files, as `file: way`.
fn silent(sources: &[(String, String)]) -> Vec<String> {
    let is_strict = |name: &str| {
        STRICT.iter().any(|it| {
            name.strip_prefix(it).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        })
    };
    let mut found = Vec::new();
    for (name, text) in sources.iter().filter(|(name, _)| is_strict(name)) {
        let code = on_one_line(without_tests(text));
        let ways = SILENT.iter().filter(|it| code.contains(*it));
        found.extend(ways.map(|it| format!("{name}: {it}")));
    }
    found
}

#[test]
fn no_sum_is_lost_in_silence() {
    let sources = sources();
    for strict in STRICT.iter().filter(|it| !it.ends_with("roll_up")) {
        assert!(sources.iter().any(|(name, _)| name.starts_with(strict)), "{strict} is there");
    }
    check_known(&silent(&sources), known::SILENT_WAYS);
}

#[test]
fn a_silent_way_is_found() {
    let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let lost =
        "let Some(it) = sums.get(id) else {\n    continue; // cannot be\n};\nlet _ = x\n    .ok();";
    let sources = [
        file("shared/ledger-core/src/roll_up.rs", lost),
        file("shared/ledger-aws/src/cur/groups/known.rs", "a.unwrap_or_default()"),
        file("shared/ledger-aws/src/cur/groups/good.rs", "a.ok_or(Broken(\"a\"))? // .ok();"),
        file("shared/ledger-core/src/roll_up_other.rs", lost),
    ];
    assert_eq!(
        silent(&sources),
        [
            "shared/ledger-core/src/roll_up.rs: else { continue }",
            "shared/ledger-core/src/roll_up.rs: .ok();",
            "shared/ledger-aws/src/cur/groups/known.rs: .unwrap_or_default()",
        ]
    );
}
