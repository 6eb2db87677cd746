//! Budgets as code: what another file changes, and what it would have said.

use std::fs;
use std::path::Path;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};

use crate::tollbook;

const HEADER: &str = "line_item_usage_start_date,bill_payer_account_id,line_item_usage_account_id,\
    line_item_product_code,line_item_usage_type,line_item_unblended_cost,line_item_currency_code";

/// The month before this one.
fn last_month() -> Date {
    let today = Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    today.first_of_month().checked_sub(1.month()).unwrap()
}

/// A bill of ten dollars on each of the first ten days of last month, and of five euros on the first.
fn bill() -> String {
    let mut bill = format!("{HEADER}\n");
    for day in last_month().series(1.day()).take(10) {
        bill.push_str(&format!(
            "{day},123456789012,123456789012,AmazonBedrock,USE1-NovaLite-input-tokens,10.00,USD\n"
        ));
    }
    let first = last_month();
    bill.push_str(&format!(
        "{first},123456789012,123456789012,AmazonBedrock,USE1-NovaLite-input-tokens,5.00,EUR\n"
    ));
    bill
}

fn budget(name: &str, limit: &str, more: &str) -> String {
    format!(
        "[[budget]]\nname = \"{name}\"\nowner = \"platform\"\nlimit = \"{limit}\"\ncurrency = \"USD\"\n\
         window = \"monthly\"\n{more}\n"
    )
}

#[track_caller]
fn said(data: &Path, args: &[&str]) -> String {
    let output = tollbook(data, args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_dry_run_says_what_changes_and_which_alerts_there_would_have_been() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("budgets.toml"));
    let path = file.to_str().unwrap();
    let [all, gone] = [budget("all", "100", ""), budget("gone", "1000", "")];
    fs::write(&file, format!("{all}{gone}")).unwrap();
    let no_data = said(&data, &["budget", "apply", path, "--dry-run"]);
    assert_eq!(
        no_data,
        "2 budgets would become version 1\n  + all: 100 USD\n  + gone: 1000 USD\n\
         there is no data yet, so it is not known which alerts they would have sent\n"
    );
    said(&data, &["budget", "apply", path]);
    let bill_path = folder.path().join("bill.csv");
    fs::write(&bill_path, bill()).unwrap();
    said(&data, &["import", bill_path.to_str().unwrap()]);

    let whole = all.replace("\"all\"", "\"everything\"\nformerly = \"all\"").replace("100", "80");
    let nova = budget("nova", "40", "thresholds = [100]\nscope = { model = \"nova-*\" }");
    let other = budget("other", "1", "scope = { not = { model = \"nova-*\" } }");
    fs::write(&file, format!("{whole}{nova}{other}")).unwrap();
    let dry = said(&data, &["budget", "apply", path, "--dry-run"]);
    let (changes, replay) = dry.split_once("they would have sent ").unwrap();
    assert_eq!(
        changes,
        "3 budgets would become version 2\n  ~ everything\n      name: all -> everything\n      \
         limit: 100 USD -> 80 USD\n  + nova: 40 USD\n  + other: 1 USD\n  - gone: 1000 USD\n"
    );
    assert!(replay.starts_with("4 alerts from "), "{replay}");
    let rows: Vec<Vec<&str>> = replay
        .lines()
        .filter(|it| it.contains(" platform "))
        .map(|it| it.split_whitespace().take(6).collect())
        .collect();
    let day = |at: i64| last_month().checked_add(at.days()).unwrap().to_string();
    let days = [day(3), day(3), day(6), day(7)];
    let [fourth, also_fourth, seventh, eighth] = days.each_ref().map(String::as_str);
    assert_eq!(
        rows,
        [
            [fourth, "everything", "platform", "50%", "40.00", "USD"],
            [also_fourth, "nova", "platform", "100%", "40.00", "USD"],
            [seventh, "everything", "platform", "80%", "70.00", "USD"],
            [eighth, "everything", "platform", "100%", "80.00", "USD"],
        ]
    );
    assert!(said(&data, &["budget", "list"]).contains("gone"), "a dry run applies nothing");
}

#[test]
fn spend_in_another_currency_is_named_beside() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let put = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    // Counted on every day of the bill, whichever day it is.
    let window = format!(
        "window = \"once\"\nfrom = \"{}\"\nto = \"{}\"",
        last_month(),
        last_month().checked_add(3.months()).unwrap()
    );
    let budget = budget("all", "200", "").replace("window = \"monthly\"", &window);
    said(&data, &["budget", "apply", &put("budgets.toml", &budget)]);
    said(&data, &["import", &put("bill.csv", &bill())]);
    let body: serde_json::Value =
        serde_json::from_str(&said(&data, &["budget", "list", "--format", "json"])).unwrap();
    let budget = &body["budgets"][0];
    assert_eq!((&budget["spend"], &budget["window"]), (&"100".into(), &"once".into()));
    assert_eq!(budget["beside"], serde_json::json!([{"currency": "EUR", "cost": "5"}]));
    assert_eq!(budget["previous"], serde_json::Value::Null);
    let table = said(&data, &["budget", "list"]);
    assert!(table.contains("5.00 EUR"), "{table}");
}

#[test]
fn history_and_explanation_say_what_each_window_was() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("budgets.toml"));
    let (path, bill_file) = (file.to_str().unwrap(), folder.path().join("bill.csv"));
    fs::write(&bill_file, bill()).unwrap();
    said(&data, &["import", bill_file.to_str().unwrap()]);
    let weekly = budget("weeks", "50", "thresholds = [60]").replace("monthly", "daily");
    fs::write(&file, format!("{}{weekly}", budget("all", "80", ""))).unwrap();
    said(&data, &["budget", "apply", path]);
    let month = last_month();
    let answer = crate::json(&data, &["budget", "history", "all"]);
    let windows = answer["budgets"].as_array().unwrap();
    let of_month = windows.iter().find(|it| it["from"] == month.to_string()).unwrap();
    assert_eq!((&of_month["spend"], &of_month["limit"]), (&"100".into(), &"80".into()));
    assert_eq!((&of_month["state"], &of_month["percent"]), (&"exceeded".into(), &"125".into()));
    // The months since, without data, and no month before the first day of the ledger.
    assert_eq!(windows.last().unwrap()["from"], month.to_string());
    let days = crate::json(&data, &["budget", "history", "weeks", "--windows", "400"]);
    let days = days["budgets"].as_array().unwrap();
    assert_eq!(days.iter().filter(|it| it["spend"] == "10").count(), 10);
    assert_eq!(days.last().unwrap()["from"], month.to_string());
    let two = crate::json(&data, &["budget", "history", "weeks", "--windows", "2"]);
    assert_eq!(two["budgets"].as_array().unwrap().len(), 2);
    let output = tollbook(&data, &["budget", "history", "nothing"]);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(message.contains("expected one of: all, weeks"), "{message}");

    let output = tollbook(&data, &["budget", "check", "--explain"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    for words in [
        "Budget `all`: 100.00 USD of 80.00 USD (125%).",
        "Not counted: 5.00 EUR (the limit is in USD)",
        "1. 100.00 USD nova-lite, input tokens",
        "What happens next: this was the last threshold of this window.",
    ] {
        assert!(text.contains(words), "{words} in {text}");
    }
}

/// A sandbox of 30 of 100 dollars, of which 20 are for a model that it may not use.
#[test]
fn doctor_names_models_that_an_environment_may_not_use_and_a_share_that_is_too_large() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let day = last_month();
    let line = |account: &str, usage: &str, cost: &str| {
        format!("{day},123456789012,{account},AmazonBedrock,{usage},{cost},USD\n")
    };
    let lines = [
        line("111111111111", "USE1-NovaLite-input-tokens", "10"),
        line("111111111111", "USE1-NovaPro-input-tokens", "20"),
        line("222222222222", "USE1-NovaPro-input-tokens", "70"),
    ];
    let bill = write("bill.csv", &format!("{HEADER}\n{}", lines.concat()));
    let rules = write(
        "rules.toml",
        "[[rule]]\nname = \"lab\"\nwhen = { account = \"111111111111\" }\nowner = \"lab\"\n\
         environment = \"sandbox\"\n\n[[rule]]\nname = \"shop\"\nwhen = { account = \"*\" }\n\
         owner = \"shop\"\nenvironment = \"production\"\n",
    );
    said(&data, &["import", &bill]);
    said(&data, &["rules", "apply", &rules]);
    let findings = |budgets: &str| {
        let path = write("budgets.toml", budgets);
        said(&data, &["budget", "apply", &path]);
        let output = tollbook(&data, &["doctor", "--format", "json"]);
        let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let found = found["findings"].as_array().unwrap().iter();
        let of_environments = found.filter(|it| {
            ["model-not-allowed", "environment-outgrown"].contains(&it["code"].as_str().unwrap())
        });
        of_environments.map(|it| it["message"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let budget = budget("all", "1000", "");
    let limits = "[environment.sandbox]\nmodels = [\"nova-lite\"]\nshare_percent_max = 12\n";
    let found = findings(&format!("{limits}{budget}"));
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains("environment `sandbox` spent 20.00 USD on "), "{found:?}");
    assert!(found[0].contains("does not have: nova-pro 20.00 USD; move"), "{found:?}");
    assert!(found[1].contains("cost 30.00 USD on "), "{found:?}");
    assert!(found[1].contains(", 30% of all;"), "{found:?}");
    assert!(found[1].ends_with("is 12, and 18.00 USD is above it"), "{found:?}");
    // What is at its limit is within it, and production has none.
    let limits = "[environment.sandbox]\nmodels = [\"nova-*\"]\nshare_percent_max = 30\n\
                  [environment.production]\nforecast_thresholds = [100]\n";
    assert_eq!(findings(&format!("{limits}{budget}")), [""; 0]);
}
