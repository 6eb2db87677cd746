//! The examples in `docs/alerts` are what the code makes.
#![expect(clippy::expect_used, reason = "a check that cannot set itself up has failed")]

use std::fmt::Write as _;
use std::path::Path;

use jiff::civil::date;
use ledger_app::budget_file::parse_budgets;
use ledger_core::bill::Status;
use ledger_core::budget::{
    Alert, AttributeValue, Budget, Crossing, CrossingKind, Driver, Projection, Spend, Verdict,
    judge,
};
use ledger_core::currency::Currency;
use ledger_core::meter::Meter;
use ledger_core::money::Money;
use ledger_core::period::ChargePeriod;

/// Columns of a terminal.
const COLUMNS: usize = 80;

const BUDGETS: &str = r#"
[[budget]]
name = "search monthly"
owner = "search"
deputy = "platform"
limit = "10000.00"
currency = "USD"
window = "monthly"
thresholds = [50, 80, 100]
forecast_thresholds = [100]
scope = { owner = "search", environment = "production" }
"#;

fn usd(text: &str) -> Money {
    Money::parse(text, Currency::USD).expect("an amount").money
}

fn verdict(cost: &str) -> Verdict {
    let budget: Budget = parse_budgets(BUDGETS).expect("a budget file").remove(0);
    let spend = Spend {
        period: ChargePeriod::new(date(2026, 11, 1), date(2026, 12, 1)).expect("a month"),
        cost: usd(cost),
        beside: Vec::new(),
        previous: Some(usd("6120.25")),
        status: Status::Billed,
        data_up_to: Some(date(2026, 11, 21)),
    };
    judge(budget, spend)
}

fn alert(verdict: &Verdict, crossings: &[&str]) -> Alert {
    let driver = |caller: &str, model: &str, meter: Meter, cost: &str| Driver {
        caller: Some(caller.into()),
        model: Some(model.into()),
        meter: meter.into(),
        cost: usd(cost),
    };
    let drivers = [
        driver(
            "arn:aws:sts::123456789012:assumed-role/app-search/*",
            "claude-sonnet-4.6",
            Meter::OutputTokens,
            "5210.04",
        ),
        driver(
            "arn:aws:sts::123456789012:assumed-role/app-search/*",
            "claude-sonnet-4.6",
            Meter::InputTokens,
            "1873.5",
        ),
        driver("arn:aws:iam::123456789012:user/ana", "nova-lite", Meter::InputTokens, "190"),
    ];
    let crossings: Vec<Crossing> =
        crossings.iter().map(|it| Crossing::parse(it).expect("a crossing")).collect();
    let (first, also) = crossings.split_first().expect("something to say");
    let receivers = [Arc::from("search"), Arc::from("platform")];
    let to = Addressed { receivers: &receivers, page: Some(PAGE) };
    complete(verdict, *first, also, &drivers, to)
}

/// The message as a mail, with the attributes before it.
fn shown(alert: &Alert) -> String {
    let mut text = format!("Subject: {}\n", alert.subject);
    for (name, value) in alert.published_attributes() {
        let (form, value) = match value {
            AttributeValue::Text(text) => ("String", text),
            AttributeValue::Number(number) => ("Number", number.to_string()),
            AttributeValue::Texts(texts) => ("String.Array", format!("{texts:?}")),
        };
        writeln!(text, "{name} ({form}): {value}").expect("a text takes everything");
    }
    format!("{text}\n{}", alert.body)
}

/// An alert of each kind, by the name of its file.
fn examples() -> [(&'static str, Alert); 5] {
    let ahead = Verdict {
        projection: Some(Projection {
            expected: usd("10860.40"),
            low: usd("10210.15"),
            high: usd("11490.80"),
        }),
        ..verdict("7273.54")
    };
    let projected = format!("100/{}", CrossingKind::Projected);
    [
        ("threshold", alert(&verdict("8125.005"), &["80", "50"])),
        ("limit", alert(&verdict("10021.7"), &["100"])),
        ("forecast", alert(&ahead, &[&projected])),
        ("back-below", alert(&verdict("7910"), &["80/back_below"])),
        ("repeat", alert(&verdict("8125.005"), &["80", "50"]).repeated()),
    ]
}

#[test]
fn the_committed_alerts_are_those_of_the_code() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/alerts");
    for (name, alert) in examples() {
        let (path, made) = (folder.join(format!("{name}.txt")), shown(&alert));
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, &made).expect("the file is written");
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(
            committed, made,
            "run `UPDATE_DOCS=1 cargo test -p ledger-tests alerts`, or look for what changed the text"
        );
        for line in alert.body.lines() {
            assert!(line.chars().count() <= COLUMNS, "{name}: {line}");
        }
    }
}

#[test]
fn every_kind_of_crossing_has_an_example() {
    let mut kinds: Vec<CrossingKind> =
        examples().iter().flat_map(|(_, it)| it.crossings()).map(|it| it.kind).collect();
    kinds.dedup();
    for kind in CrossingKind::ALL {
        assert!(kinds.contains(kind), "{kind}");
    }
}
