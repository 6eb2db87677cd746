//! Comments are plain English of the field.

use super::{check_known, known, sources};

/// Words that a comment can do without, and what to write instead.
const NOT_OURS: [(&str, &str); 14] = [
    ("told", "reported, alerted, known"),
    ("stands", "is, appears"),
    ("stand", "be, appear"),
    ("comes to", "totals"),
    ("come to", "total"),
    ("hand on", "emit, pass"),
    ("hands on", "emits, passes"),
    ("handed on", "emitted, passed"),
    ("lay out", "build"),
    ("lays out", "builds"),
    ("laid out", "built"),
    ("dearest", "most expensive"),
    ("whoever", "name the actor"),
    ("nobody", "name the actor"),
];

/// Uses of these words that are those of everybody.
const FINE: [&str; 4] = ["stands in for", "stand in for", "stand-in", "stands for"];

/// Text of the comment in a line, if it has one.
fn comment(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let at = if line.starts_with("//") { 0 } else { line.find(" // ")? + 1 };
    line.get(at..)
}

/// What is wrong with the comment in a line.
fn fault(line: &str) -> Option<String> {
    let comment = comment(line)?;
    if ["/// What ", "//! What "].iter().any(|it| comment.starts_with(it)) {
        return Some("begins with `What`".to_owned());
    }
    let plain = FINE.iter().fold(comment.to_lowercase(), |text, fine| text.replace(fine, ""));
    let words: Vec<&str> =
        plain.split(|it: char| !it.is_alphanumeric()).filter(|it| !it.is_empty()).collect();
    let text = format!(" {} ", words.join(" "));
    let (word, _) = NOT_OURS.iter().find(|(word, _)| text.contains(&format!(" {word} ")))?;
    Some(format!("`{word}`"))
}

/// The comment lines of a file, each with its number; a doc comment begins where none is before it.
fn faults(text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let mut before = "";
    for (at, line) in text.lines().enumerate() {
        let is_doc =
            |it: &str| it.trim_start().starts_with("///") || it.trim_start().starts_with("//!");
        // Only the first line of a doc comment is its beginning.
        let is_inside = is_doc(line) && is_doc(before);
        if let Some(fault) = fault(line).filter(|it| !(is_inside && it.starts_with("begins"))) {
            faults.push(format!("{}: {fault}", at + 1));
        }
        before = line;
    }
    faults
}

#[test]
fn comments_outside_tests_are_plain_english() {
    let mut files = Vec::new();
    for (name, text) in &sources() {
        let faults = faults(text);
        if !faults.is_empty() {
            println!("{name}:{}", faults.join(&format!("\n{name}:")));
            files.push(name.clone());
        }
    }
    check_known(&files, known::DIALECT);
}

#[test]
fn a_comment_in_a_private_dialect_is_found() {
    for (text, expected) in [
        ("/// What a line costs.", &["1: begins with `What`"][..]),
        ("/// Cost of a line:\n/// What is paid.", &[]),
        ("let a = 1; // the owner is told of it", &["1: `told`"]),
        ("// Nobody reads it.\n// whoever", &["1: `nobody`", "2: `whoever`"]),
        ("//! Stands in for AWS; a stand-in.", &[]),
        ("// what it comes\n// comes to", &["2: `comes to`"]),
        ("let told = \"nobody\";", &[]),
        ("// toldo", &[]),
    ] {
        assert_eq!(faults(text), expected, "{text}");
    }
    for (word, instead) in NOT_OURS {
        assert!(fault(&format!("/// A {word} b.")).is_some(), "{word}");
        assert!(!instead.is_empty());
    }
}
