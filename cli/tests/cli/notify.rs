//! Contacts, subscriptions, a trial, and answers to alerts through the front door.

use std::path::Path;

use serde_json::Value;

use crate::{COSTS, bill, json, tollbook};

const CONTACTS: &str = r#"
    fallback = "finops"
    [[contact]]
    name = "search"
    mail = ["search@example.com"]
    sqs = ["arn:aws:sqs:us-east-1:123456789012:search"]
    [[contact]]
    name = "finops"
    mail = ["finops@example.com"]
"#;

fn run(data: &Path, args: &[&str]) -> (i32, String) {
    let output = tollbook(data, args);
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(text).unwrap())
}

fn outbox(data: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(data.join("outbox/outbox.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A data folder with contacts.
fn folder() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("contacts.toml"));
    std::fs::write(&file, CONTACTS).unwrap();
    let (code, said) = run(&data, &["notify", "apply", file.to_str().unwrap()]);
    assert_eq!(code, 0, "{said}");
    assert!(said.starts_with("2 contacts are version 1 now"), "{said}");
    (folder, data)
}

#[test]
fn subscriptions_are_made_as_contacts_say_and_once() {
    let (_folder, data) = folder();
    let state = |data: &Path| {
        let listed = json(data, &["notify", "list"]);
        let states = listed["contacts"].as_array().unwrap().iter();
        states.map(|it| it["state"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(state(&data), ["not subscribed"; 3]);
    let (code, said) = run(&data, &["notify", "test", "search"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("no subscription gets it"), "{said}");
    let (_, said) = run(&data, &["notify", "subscribe", "--dry-run"]);
    assert!(said.contains("email search@example.com would be subscribed: search"), "{said}");
    assert_eq!(state(&data), ["not subscribed"; 3]);
    let (_, said) = run(&data, &["notify", "subscribe"]);
    assert!(said.contains("3 changes, 0 as they should be, 0 waiting"), "{said}");
    let (_, said) = run(&data, &["notify", "subscribe"]);
    assert!(said.contains("0 changes, 3 as they should be, 0 waiting"), "{said}");
    assert_eq!(state(&data), ["subscribed"; 3]);
}

#[test]
fn a_trial_reaches_the_contact_or_the_fallback() {
    let (_folder, data) = folder();
    run(&data, &["notify", "subscribe"]);
    for (name, expected) in [
        (
            "search",
            vec!["email:search@example.com", "sqs:arn:aws:sqs:us-east-1:123456789012:search"],
        ),
        ("somebody", vec!["email:finops@example.com"]),
    ] {
        let (code, said) = run(&data, &["notify", "test", name]);
        assert_eq!(code, 0, "{said}");
        let message = outbox(&data).pop().unwrap();
        let mut delivered: Vec<&str> = message["delivered_to"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it.as_str().unwrap())
            .collect();
        delivered.sort_unstable();
        assert_eq!(delivered, expected);
        assert_eq!(message["attributes"]["event"], "test");
        for address in expected {
            let address = address.split_once(':').unwrap().1;
            assert!(said.contains(&format!("{address} gets it")), "{said}");
        }
    }
}

#[test]
fn contacts_that_are_wrong_are_refused_and_change_nothing() {
    let (folder, data) = folder();
    let file = folder.path().join("bad.toml");
    std::fs::write(&file, CONTACTS.replace("search@example.com", "search")).unwrap();
    let (code, said) = run(&data, &["notify", "apply", file.to_str().unwrap()]);
    assert_eq!(code, 2);
    assert!(said.contains("bad.toml: contact `search`: `mail` has `search`; expected"), "{said}");
    let listed = json(&data, &["notify", "list"]);
    assert_eq!(listed["contacts"].as_array().unwrap().len(), 3);
    let output = tollbook(&data, &["--table", "x", "notify", "list"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said.contains("expected --topic (or TOLLBOOK_TOPIC)"), "{said}");
}

#[test]
fn doctor_names_owners_without_a_contact() {
    let (folder, data) = folder();
    let (bills, budgets) = (folder.path().join("bill.csv"), folder.path().join("budgets.toml"));
    std::fs::write(&bills, bill(&COSTS)).unwrap();
    let budget = "[[budget]]\nname = \"all\"\nowner = \"chat\"\nlimit = \"10\"\n\
                  currency = \"USD\"\nwindow = \"monthly\"\n";
    std::fs::write(&budgets, budget).unwrap();
    run(&data, &["import", bills.to_str().unwrap()]);
    run(&data, &["budget", "apply", budgets.to_str().unwrap()]);
    let (_, said) = run(&data, &["doctor"]);
    assert!(!said.contains("no contact"), "{said}");
    let contacts = folder.path().join("contacts.toml");
    std::fs::write(&contacts, CONTACTS.replace("fallback = \"finops\"", "")).unwrap();
    run(&data, &["notify", "apply", contacts.to_str().unwrap()]);
    let (_, said) = run(&data, &["doctor"]);
    assert!(said.contains("have no contact, and there is no fallback: `chat`;"), "{said}");

    for (args, expected) in [
        (vec!["mute", "none", "--until", "2099-01-01", "--reason", "x"], "no budget `none`"),
        (vec!["mute", "all", "--until", "2020-01-01", "--reason", "x"], "which is over"),
        (vec!["mute", "all", "--until", "2099-01-01"], "`reason` is empty"),
        (vec!["mute", "all", "--remove"], "is not muted"),
        (vec!["acknowledge", "all/monthly/2026-11-01/80", "--reason", "x"], "no alert has the id"),
    ] {
        let (code, said) = run(&data, &[&["budget"][..], &args].concat());
        assert_eq!(code, 2, "{said}");
        assert!(said.contains(expected), "{said}");
    }
    for (args, expected) in [
        (vec!["mute", "all", "--until", "2099-01-01", "--reason", "x"], "sends no alerts up to"),
        (vec!["mute", "all", "--remove"], "sends its alerts again"),
    ] {
        let (code, said) = run(&data, &[&["budget"][..], &args].concat());
        assert_eq!(code, 0, "{said}");
        assert!(said.contains(expected), "{said}");
    }
}
