//! Who gets an alert, when it goes on to somebody else, and when many are one.

use ledger_app::alert_notes::{Said, acknowledge, mute, unmute};
use ledger_app::evaluate::watched;
use ledger_app::ports::{AlertState, AlertStore as _, DocumentKind, DocumentStore as _};
use ledger_core::period::ChargePeriod;
use ledger_testkit::build::change;
use serde_json::Value;

use super::*;

const CONTACTS: &str = r#"
    fallback = "finops"
    escalate_after_hours = 24
    [[contact]]
    name = "platform"
    mail = ["platform@example.com"]
    escalate_to = "finops"
    [[contact]]
    name = "finops"
    mail = ["finops@example.com"]
"#;

struct Watching {
    setting: Setting,
    ledger: DynamoLedger,
}

impl Watching {
    async fn new(bill: &str, rules: &str, budgets: &str, contacts: &str) -> Watching {
        let setting = Setting::of(bill, rules, budgets).await;
        let ledger = setting.ledger(setting.database.endpoint()).await;
        for (kind, text) in [(DocumentKind::Budgets, budgets), (DocumentKind::Contacts, contacts)] {
            ledger.apply(kind, text, change(now())).await.unwrap();
        }
        Watching { setting, ledger }
    }

    /// Evaluates all that is applied.
    async fn evaluate(&self, at: &str) -> Evaluation {
        let watched = watched(&self.ledger).await.unwrap();
        let at: Timestamp = at.parse().unwrap();
        let view = view(&self.ledger, &watched.budgets, at).await.unwrap();
        let watch = watched.with_page(Some("https://example.com/"));
        let (run, notifier) = (at.to_string(), &self.setting.notifier);
        let evaluation = evaluate_budgets(&view, watch, run.as_str(), notifier).await.unwrap();
        assert!(evaluation.failed.is_empty(), "{:?}", evaluation.failed);
        evaluation
    }

    /// Each message: its name, and the names that it is for.
    fn told(&self) -> Vec<String> {
        let messages = self.setting.outbox.outbox();
        let shown = |it: &OutboxMessage| {
            assert_eq!(it.attribute_types["receiver"], "String.Array");
            format!("{} {}", it.attributes["alert_id"], it.attributes["receiver"])
        };
        messages.iter().map(shown).collect()
    }
}

fn said() -> Said<'static> {
    Said { by: "ana", reason: "load test", at: now() }
}

const FIRST: &str = "all/monthly/2026-11-01/80 [\"platform\"]";

#[tokio::test]
async fn an_alert_that_is_not_acknowledged_goes_on_once() {
    let watching = Watching::new(BILL, "", BUDGETS, CONTACTS).await;
    watching.evaluate("2026-11-05T08:00:00Z").await;
    assert_eq!(watching.told(), [FIRST]);
    assert!(watching.evaluate("2026-11-05T20:00:00Z").await.is_unchanged);
    assert!(watching.evaluate("2026-11-05T23:00:00Z").await.is_unchanged);
    watching.evaluate("2026-11-06T07:59:59Z").await;
    assert_eq!(watching.told(), [FIRST]);
    // Nothing changed but the time.
    watching.evaluate("2026-11-06T08:00:00Z").await;
    let escalated = "all/monthly/2026-11-01/80/escalated [\"finops\"]";
    assert_eq!(watching.told(), [FIRST, escalated]);
    for at in ["2026-11-06T09:00:00Z", "2026-11-07T09:00:00Z", "2026-11-09T09:00:00Z"] {
        watching.evaluate(at).await;
        assert_eq!(watching.told(), [FIRST, escalated], "{at}");
    }
    let last = watching.setting.outbox.outbox().pop().unwrap();
    assert!(last.text_for("email").contains("the alert was not acknowledged in\ntime"), "{last:?}");
    assert_eq!(last.attributes["event"], "threshold_crossed");
}

#[tokio::test]
async fn an_alert_that_is_acknowledged_stays_where_it_is() {
    let watching = Watching::new(BILL, "", BUDGETS, CONTACTS).await;
    watching.evaluate("2026-11-05T08:00:00Z").await;
    let november = ChargePeriod::new("2026-11-01".parse().unwrap(), "2026-12-01".parse().unwrap());
    let sent = watching.ledger.alerts(november.unwrap()).await.unwrap().remove(0);
    acknowledge(&watching.ledger, &sent.alert.id, said()).await.unwrap();
    watching.evaluate("2026-11-06T12:00:00Z").await;
    assert_eq!(watching.told(), [FIRST]);
}

#[tokio::test]
async fn a_muted_budget_says_what_is_due_when_it_may() {
    let watching = Watching::new(BILL, "", BUDGETS, CONTACTS).await;
    let until = "2026-11-06".parse().unwrap();
    mute(&watching.ledger, "all", until, said()).await.unwrap();
    for at in ["2026-11-05T08:00:00Z", "2026-11-06T23:00:00Z"] {
        watching.evaluate(at).await;
        assert_eq!(watching.told(), [""; 0], "{at}");
    }
    watching.evaluate("2026-11-07T00:00:00Z").await;
    assert_eq!(watching.told(), [FIRST]);

    let watching = Watching::new(BILL, "", BUDGETS, CONTACTS).await;
    mute(&watching.ledger, "all", until, said()).await.unwrap();
    watching.evaluate("2026-11-05T08:00:00Z").await;
    unmute(&watching.ledger, "all", said()).await.unwrap();
    watching.evaluate("2026-11-05T09:00:00Z").await;
    assert_eq!(watching.told(), [FIRST]);
}

/// Limits of budgets of one owner, which all have something to say.
const FLOOD: [&str; 5] = ["100", "90", "85", "160", "120"];

/// These budgets, and contacts that take two messages a day.
fn flood() -> (String, String) {
    let of = |it: &str| budget(&format!("of-{it}"), "").replace("\"100\"", &format!("\"{it}\""));
    (FLOOD.map(of).concat(), format!("messages_per_day = 2\n{CONTACTS}"))
}

#[tokio::test]
async fn a_flood_is_one_by_one_up_to_a_number_and_then_a_digest() {
    let (budgets, contacts) = flood();
    let watching = Watching::new(BILL, "", &budgets, &contacts).await;
    watching.evaluate("2026-11-05T08:00:00Z").await;
    let mark = |told: String| match told.split_once("/day/2026-11-05/") {
        Some((start, end)) => format!("{start}/day/2026-11-05/MARK{}", end.get(12..).unwrap()),
        None => told,
    };
    let mut told: Vec<String> = watching.told().into_iter().map(mark).collect();
    told.sort();
    // The two that are furthest above come alone.
    assert_eq!(
        told,
        [
            "digest/platform/day/2026-11-05/MARK [\"platform\"]",
            "of-85/monthly/2026-11-01/80 [\"platform\"]",
            "of-90/monthly/2026-11-01/80 [\"platform\"]",
        ]
    );
    let messages = watching.setting.outbox.outbox();
    let digest = messages.iter().find(|it| it.attributes["event"] == "digest").unwrap();
    for limit in ["100", "120", "160"] {
        assert!(digest.text_for("email").contains(&format!("of-{limit} ")), "{digest:?}");
    }
    let november = ChargePeriod::new("2026-11-01".parse().unwrap(), "2026-12-01".parse().unwrap());
    let kept = watching.ledger.alerts(november.unwrap()).await.unwrap();
    let digested = kept.iter().filter(|it| it.state == AlertState::Digested).count();
    assert_eq!((kept.len(), digested), (6, 3));
    // It is said, once.
    watching.evaluate("2026-11-05T09:00:00Z").await;
    watching.evaluate("2026-11-06T07:00:00Z").await;
    assert_eq!(watching.told().len(), 3);
}

#[tokio::test]
async fn a_week_has_one_digest() {
    let contacts =
        CONTACTS.replace("escalate_to = \"finops\"", "escalate_to = \"finops\"\nweekly = true");
    let budgets = BUDGETS.replace("thresholds = [50, 80, 81]", "thresholds = [90]");
    let watching = Watching::new(BILL, "", &budgets, &contacts).await;
    let expected = ["digest/platform/week/2026-11-02/1 [\"platform\"]"];
    for at in ["2026-11-09T00:10:00Z", "2026-11-09T08:00:00Z", "2026-11-15T23:00:00Z"] {
        watching.evaluate(at).await;
        assert_eq!(watching.told(), expected, "{at}");
    }
    let message = watching.setting.outbox.outbox().remove(0);
    let text = message.text_for("email");
    assert!(text.contains("Week:        2026-11-02 to 2026-11-08 (UTC)\n"), "{text}");
    assert!(text.contains("1. all: 80.00 USD of 100.00 USD (80%) in Nov 2026\n"), "{text}");
    watching.evaluate("2026-11-16T00:00:00Z").await;
    assert_eq!(watching.told().len(), 2);
}

/// October: ana had cost of two models, and a line of it is on no invoice at first.
#[tokio::test]
async fn a_statement_is_ready_once_when_its_month_is_billed() {
    let (header, _) = BILL.split_once('\n').unwrap();
    let header = format!("{header},line_item_iam_principal,bill_invoice_id");
    let bill = |invoice: &str| {
        let line = |day: &str, usage: &str, cost: &str, invoice: &str| {
            format!(
                "{day},123456789012,123456789012,AmazonBedrock,{usage},{cost},USD,\
                 arn:aws:iam::123456789012:user/ana,{invoice}\n"
            )
        };
        [
            format!("{header}\n"),
            line("2026-10-03", "USE1-NovaLite-input-tokens", "10.004", "INV-1"),
            line("2026-10-31", "USE1-NovaPro-input-tokens", "20", invoice),
        ]
        .concat()
    };
    let contacts = "fallback = \"finops\"\n[[contact]]\nname = \"ana\"\nstatements = true\n\
                    mail = [\"ana@example.com\"]\n[[contact]]\nname = \"ben\"\nstatements = true\n\
                    mail = [\"ben@example.com\"]\n[[contact]]\nname = \"finops\"\n\
                    mail = [\"finops@example.com\"]\n";
    let budgets = BUDGETS.replace("\"100\"", "\"100000\"");
    let watching = Watching::new(&bill(""), OWNERS, &budgets, contacts).await;
    watching.evaluate("2026-11-03T08:00:00Z").await;
    assert_eq!(watching.told(), [""; 0]);
    watching.setting.import(&bill("INV-1"), OWNERS).await;
    for at in ["2026-11-05T08:00:00Z", "2026-11-06T08:00:00Z", "2026-11-30T08:00:00Z"] {
        watching.evaluate(at).await;
        assert_eq!(watching.told(), ["digest/ana/month/2026-10-01/1 [\"ana\"]"], "{at}");
    }
    let message = watching.setting.outbox.outbox().remove(0);
    assert_eq!(message.attributes["event"], "statement_ready");
    let text = message.text_for("email");
    assert!(text.starts_with("The statement of `ana` for 2026-10 is ready: 30.00 USD."), "{text}");
    assert!(text.contains("1. 20.00 USD nova-pro\n  2. 10.00 USD nova-lite\n"), "{text}");
    assert!(text.contains("tollbook statement --period 2026-10 --owner ana"), "{text}");
}

/// Sixty days of 10 USD, and one of 100.
fn spike() -> String {
    let (head, _) = BILL.split_once('\n').unwrap();
    let mut bill = format!("{head}\n");
    let first: Date = "2026-09-01".parse().unwrap();
    for (at, day) in first.series(jiff::ToSpan::days(1)).take(66).enumerate() {
        let cost = if at == 60 { 100 } else { 10 };
        bill.push_str(&format!(
            "{day},123456789012,123456789012,AmazonBedrock,USE1-NovaLite-input-tokens,{cost},USD\n"
        ));
    }
    bill
}

#[tokio::test]
async fn an_anomaly_is_an_alert_where_contacts_ask_for_it() {
    let budgets = BUDGETS.replace("\"100\"", "\"100000\"");
    for (from, expected) in [("", 0), ("anomalies_from = 10\n", 1), ("anomalies_from = 95\n", 0)] {
        let contacts = format!("{from}{CONTACTS}");
        let watching = Watching::new(&spike(), "", &budgets, &contacts).await;
        for at in ["2026-11-06T08:00:00Z", "2026-11-06T09:00:00Z", "2026-11-07T08:00:00Z"] {
            watching.evaluate(at).await;
            assert_eq!(watching.told().len(), expected, "{from} {at} {:?}", watching.told());
        }
        for message in watching.setting.outbox.outbox() {
            assert_eq!(message.attributes["event"], "anomaly_detected");
            let text = message.text_for("email");
            assert!(text.contains("2026-10-31"), "{text}");
            let document: Value = serde_json::from_str(&message.text_for("sqs")).unwrap();
            assert_eq!(document["anomaly"]["excess"], "90", "{document}");
        }
    }
}

#[tokio::test]
async fn one_message_has_a_text_for_each_kind_of_subscriber() {
    let watching = Watching::new(BILL, "", BUDGETS, CONTACTS).await;
    watching.evaluate("2026-11-05T08:00:00Z").await;
    let message = watching.setting.outbox.outbox().remove(0);
    let mail = message.text_for("email");
    assert!(mail.starts_with("Budget `all` has reached 50% and 80% of its limit"), "{mail}");
    assert!(mail.ends_with("  https://example.com/\n"), "{mail}");
    let document: Value = serde_json::from_str(&message.text_for("sqs")).unwrap();
    assert_eq!(document["budget"]["spend"], "80");
    assert_eq!(document["budget"]["crossed"][0]["threshold_percent"], 80);
    let chat: Value = serde_json::from_str(&message.text_for("https")).unwrap();
    assert_eq!(chat["source"], "custom");
    assert_eq!(chat["metadata"]["threadId"], "all/monthly/2026-11-01");
}

/// A run that ends within a digest may say a message twice and never not at all.
#[tokio::test]
async fn a_digest_that_is_cut_off_loses_no_message() {
    let (budgets, contacts) = flood();
    for calls in 0..40 {
        let watching = Watching::new(BILL, "", &budgets, &contacts).await;
        let database = &watching.setting.database;
        let plan = FaultPlan::fail_after(calls);
        let proxy = FaultyProxy::start(database.address(), plan).await.unwrap();
        let faulty = watching.setting.ledger(database.endpoint_by(proxy.address())).await;
        let watched = watched(&watching.ledger).await.unwrap();
        let run = async {
            let view = view(&faulty, &watched.budgets, now()).await?;
            let watch = watched.with_page(None);
            let notifier = &watching.setting.notifier;
            let _ = evaluate_budgets(&view, watch, "cut off", notifier).await;
            Ok::<_, LookupError>(())
        };
        let _ = tokio::time::timeout(Duration::from_secs(20), run).await;
        for at in ["2026-11-05T09:00:00Z", "2026-11-05T10:00:00Z", "2026-11-06T07:00:00Z"] {
            watching.evaluate(at).await;
        }
        let messages = watching.setting.outbox.outbox();
        for limit in FLOOD {
            let is_said =
                messages.iter().any(|it| it.text_for("email").contains(&format!("of-{limit}")));
            assert!(is_said, "of-{limit} after {calls} calls: {:?}", watching.told());
        }
        let said = watching.told();
        watching.evaluate("2026-11-06T07:30:00Z").await;
        assert_eq!(watching.told(), said, "after {calls} calls");
    }
}

/// A digest is for all that its messages were for: owner, deputy and fallback.
#[tokio::test]
async fn a_digest_reaches_all_that_its_messages_were_for() {
    let of = |name: &str, owner: &str, more: &str| {
        budget(name, more).replace("owner = \"platform\"", &format!("owner = \"{owner}\""))
    };
    let budgets = [
        of("of-1", "chat", ""),
        of("of-2", "chat", ""),
        of("of-3", "chat", "deputy = \"platform\""),
        of("of-4", "chat", "deputy = \"platform\""),
        of("of-5", "platform", ""),
    ]
    .concat();
    let contacts = format!("messages_per_day = 1\n{CONTACTS}");
    let watching = Watching::new(BILL, "", &budgets, &contacts).await;
    watching.evaluate("2026-11-05T08:00:00Z").await;
    let messages = watching.setting.outbox.outbox();
    for (name, receivers) in [
        ("of-1", ["chat", "finops"]),
        ("of-2", ["chat", "finops"]),
        ("of-3", ["chat", "platform"]),
        ("of-4", ["chat", "platform"]),
        ("of-5", ["platform", "platform"]),
    ] {
        for receiver in receivers {
            let is_said = messages.iter().any(|it| {
                let is_for = it.attributes["receiver"].contains(&format!("\"{receiver}\""));
                is_for && it.text_for("email").contains(name)
            });
            assert!(is_said, "{name} for {receiver}: {:?}", watching.told());
        }
    }
    for receiver in ["chat", "finops", "platform"] {
        let alone = messages.iter().filter(|it| {
            let is_for = it.attributes["receiver"].contains(&format!("\"{receiver}\""));
            is_for && it.attributes["event"] != "digest"
        });
        // A digest of one is sent as that one.
        assert!(alone.count() <= 2, "{receiver}: {:?}", watching.told());
    }
}

/// A bill can name anything, and an item of the ledger has an end.
#[tokio::test]
async fn an_alert_of_endless_names_is_kept_and_sent() {
    let (head, _) = OWNED_BILL.split_once('\n').unwrap();
    let name = "🦀".repeat(200_000);
    let bill = format!(
        "{head}\n2026-11-03,123456789012,123456789012,AmazonBedrock,USE1-NovaLite-input-tokens,90.00,\
         USD,arn:aws:iam::123456789012:user/{name}\n"
    );
    let watching = Watching::new(&bill, "", BUDGETS, CONTACTS).await;
    watching.evaluate("2026-11-05T08:00:00Z").await;
    assert_eq!(watching.told(), ["all/monthly/2026-11-01/81 [\"platform\"]"]);
}

/// Within a day, and with nothing else that changes.
#[tokio::test]
async fn an_alert_goes_on_after_hours_of_the_same_day() {
    let contacts = CONTACTS.replace("escalate_after_hours = 24", "escalate_after_hours = 2");
    let watching = Watching::new(BILL, "", BUDGETS, &contacts).await;
    watching.evaluate("2026-11-05T08:00:00Z").await;
    assert!(watching.evaluate("2026-11-05T09:00:00Z").await.is_unchanged);
    watching.evaluate("2026-11-05T10:00:00Z").await;
    let escalated = "all/monthly/2026-11-01/80/escalated [\"finops\"]";
    assert_eq!(watching.told(), [FIRST, escalated]);
    assert!(watching.evaluate("2026-11-05T13:00:00Z").await.is_unchanged);
    assert_eq!(watching.told(), [FIRST, escalated]);
}

/// Two runs that read at once see different bills, and their digests say different messages.
#[tokio::test]
async fn digests_of_two_runs_at_once_lose_no_message() {
    let of = |name: &str, owner: &str| {
        let scope = format!("scope = {{ owner = \"{owner}\" }}");
        budget(name, &scope).replace("\"100\"", "\"10\"")
    };
    let budgets = [
        of("of-1", "one"),
        of("of-2", "one"),
        of("of-3", "one"),
        of("of-4", "two"),
        of("of-5", "two"),
    ]
    .concat();
    let contacts = format!("messages_per_day = 1\n{CONTACTS}");
    let (head, _) = OWNED_BILL.split_once('\n').unwrap();
    let line = |owner: &str| {
        format!(
            "2026-11-03,123456789012,123456789012,AmazonBedrock,USE1-NovaLite-input-tokens,60.00,USD,\
             arn:aws:iam::123456789012:user/{owner}\n"
        )
    };
    let small = format!("{head}\n{}", line("one"));
    let whole = format!("{small}{}", line("two"));
    let watching = Watching::new(&small, OWNERS, &budgets, &contacts).await;
    let watched = watched(&watching.ledger).await.unwrap();
    let early = view(&watching.ledger, &watched.budgets, now()).await.unwrap();
    watching.setting.import(&whole, OWNERS).await;
    let late = view(&watching.ledger, &watched.budgets, now()).await.unwrap();
    let (watch, notifier) = (watched.with_page(None), &watching.setting.notifier);
    let (early, late) = tokio::join!(
        evaluate_budgets(&early, watch, "early", notifier),
        evaluate_budgets(&late, watch, "late", notifier)
    );
    assert!(early.unwrap().failed.is_empty() && late.unwrap().failed.is_empty());
    watching.evaluate("2026-11-05T09:00:00Z").await;
    let messages = watching.setting.outbox.outbox();
    for name in ["of-1", "of-2", "of-3", "of-4", "of-5"] {
        let is_said = messages.iter().any(|it| it.text_for("email").contains(name));
        assert!(is_said, "{name}: {:?}", watching.told());
    }
}

/// A contacts file of a newer release holds no alert back.
#[tokio::test]
async fn contacts_that_cannot_be_read_hold_no_alert_back() {
    let watching = Watching::new(BILL, "", BUDGETS, "of_tomorrow = 1\n").await;
    assert_eq!(watched(&watching.ledger).await.unwrap().faults.len(), 1);
    watching.evaluate("2026-11-05T08:00:00Z").await;
    assert_eq!(watching.told(), [FIRST]);
}
