//! The audit trail finds each byte that was changed after it was written.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use aws_sdk_dynamodb::types::AttributeValue;
use ledger_app::alert_notes::{mute, unmute};
use ledger_app::audit::{AuditFault, audited};
use ledger_app::ports::{DocumentKind, DocumentStore as _};
use ledger_app::said::Said;
use ledger_aws::connect::{LocalEndpoint, dynamodb_client};
use ledger_aws::dynamodb::DynamoLedger;
use ledger_core::audit::{AuditAction, ChainError, Hash};
use ledger_local::database::EmbeddedDatabase;
use ledger_testkit::build::{at, date};

const TABLE: &str = "tollbook";

fn said() -> Said<'static> {
    Said { by: "ana", reason: "a new team", at: at("2026-11-21T07:00:00Z") }
}

/// A ledger with five changes.
async fn ledger() -> (EmbeddedDatabase, DynamoLedger) {
    let database = EmbeddedDatabase::open(None).await.unwrap();
    let client = dynamodb_client(Some(&LocalEndpoint(database.endpoint()))).await;
    let ledger = DynamoLedger { client, table: TABLE.to_owned() };
    ledger.ensure_table().await.unwrap();
    let rules =
        |text| ledger.apply(DocumentKind::Rules, text, said().applies(AuditAction::ApplyRules));
    rules("a").await.unwrap();
    rules("b").await.unwrap();
    let budgets = said().applies(AuditAction::ApplyBudgets);
    ledger.apply(DocumentKind::Budgets, "c", budgets).await.unwrap();
    mute(&ledger, "search monthly", date("2026-12-01"), said()).await.unwrap();
    unmute(&ledger, "search monthly", said()).await.unwrap();
    (database, ledger)
}

async fn set(ledger: &DynamoLedger, (pk, sk): (&str, &str), name: &str, value: AttributeValue) {
    let text = |it: &str| AttributeValue::S(it.to_owned());
    let update =
        ledger.client.update_item().table_name(TABLE).key("pk", text(pk)).key("sk", text(sk));
    let update =
        update.update_expression("SET #name = :value").expression_attribute_names("#name", name);
    update.expression_attribute_values(":value", value).send().await.unwrap();
}

async fn delete(ledger: &DynamoLedger, pk: &str, sk: &str) {
    let text = |it: &str| AttributeValue::S(it.to_owned());
    let delete =
        ledger.client.delete_item().table_name(TABLE).key("pk", text(pk)).key("sk", text(sk));
    delete.send().await.unwrap();
}

async fn faults(ledger: &DynamoLedger) -> Vec<AuditFault> {
    audited(ledger, None).await.unwrap().faults
}

#[tokio::test]
async fn what_was_written_is_as_it_was_written() {
    let (_database, ledger) = ledger().await;
    let checked = audited(&ledger, None).await.unwrap();
    assert_eq!((checked.chain.count, checked.faults, checked.before), (5, vec![], vec![]));
    let trail = ledger.audit_trail().await.unwrap();
    let shown: Vec<_> = trail
        .iter()
        .map(|(it, _)| {
            format!("{} {} {} {}", it.action.as_str(), it.subject, it.document, it.version)
        })
        .collect();
    let expected = [
        "apply_rules  rules 1",
        "apply_rules  rules 2",
        "apply_budgets  budgets 1",
        "mute_budget search monthly alert-notes 1",
        "unmute_budget search monthly alert-notes 2",
    ];
    assert_eq!(shown, expected);
    // A head of before stays in the chain, and another was never in it.
    let earlier = audited(&ledger, Some(trail[1].1)).await.unwrap();
    assert_eq!(earlier.faults, []);
    let other = Hash::of("another chain");
    assert_eq!(audited(&ledger, Some(other)).await.unwrap().faults, [AuditFault::Head(other)]);
}

#[tokio::test]
async fn one_byte_that_changes_is_found_where_it_is() {
    let second = ("AUDIT", "000000000002");
    let other = Hash::of("other").to_string();
    for (name, value) in [
        ("at", "2026-11-21T07:00:01Z"),
        ("by", "anb"),
        ("action", "apply_budgets"),
        ("subject", "x"),
        ("document", "budgets"),
        ("before", &other),
        ("after", &other),
        ("reason", "a new tea"),
        ("previous", &other),
        ("hash", &other),
    ] {
        let (_database, ledger) = ledger().await;
        set(&ledger, second, name, AttributeValue::S(value.to_owned())).await;
        let found = faults(&ledger).await;
        assert_eq!(found.first(), Some(&AuditFault::Chain(ChainError::Changed(2))), "{name}");
    }
    let (_database, ledger) = ledger().await;
    set(&ledger, second, "version", AttributeValue::N("3".to_owned())).await;
    assert_eq!(faults(&ledger).await[0], AuditFault::Chain(ChainError::Changed(2)));
    delete(&ledger, second.0, second.1).await;
    let missing = ChainError::Number { expected: 2, found: 3 };
    assert_eq!(faults(&ledger).await[0], AuditFault::Chain(missing));
}

#[tokio::test]
async fn a_document_that_changes_is_found_too() {
    let (_database, ledger) = ledger().await;
    let rules = ("DOCUMENT#rules", "00000001");
    set(&ledger, rules, "text", AttributeValue::S("A".to_owned())).await;
    let (document, version, number) = ("rules".to_owned(), 1, 1);
    let changed = AuditFault::Text { document: document.clone(), version, number };
    assert_eq!(faults(&ledger).await, [changed]);
    delete(&ledger, rules.0, rules.1).await;
    assert_eq!(faults(&ledger).await, [AuditFault::Gone { document, version, number }]);
    // The newest entry goes with its document: what was published before knows.
    let (_database, ledger) = self::ledger().await;
    let head = audited(&ledger, None).await.unwrap().chain.head;
    delete(&ledger, "AUDIT", "000000000005").await;
    let unaudited = AuditFault::Unaudited { document: "alert-notes", version: 2 };
    assert_eq!(faults(&ledger).await, [unaudited]);
    delete(&ledger, "DOCUMENT#alert-notes", "00000002").await;
    assert_eq!(faults(&ledger).await, []);
    assert_eq!(audited(&ledger, Some(head)).await.unwrap().faults, [AuditFault::Head(head)]);
}

/// A version that was put in by hand stays found when others follow it.
#[tokio::test]
async fn a_version_without_an_entry_is_found_also_later() {
    let (_database, ledger) = ledger().await;
    let mut put = ledger.client.put_item().table_name(TABLE);
    for (name, value) in [("pk", "DOCUMENT#rules"), ("sk", "00000003"), ("text", "by hand")] {
        put = put.item(name, AttributeValue::S(value.to_owned()));
    }
    put.send().await.unwrap();
    let unaudited = AuditFault::Unaudited { document: "rules", version: 3 };
    assert_eq!(faults(&ledger).await, std::slice::from_ref(&unaudited));
    let change = said().applies(AuditAction::ApplyRules);
    ledger.apply(DocumentKind::Rules, "after", change).await.unwrap();
    assert_eq!(faults(&ledger).await, [unaudited]);
}

#[tokio::test]
async fn documents_of_before_the_trail_are_named() {
    let (_database, ledger) = ledger().await;
    for number in 1..=5 {
        delete(&ledger, "AUDIT", &format!("{number:012}")).await;
    }
    let contacts = said().applies(AuditAction::ApplyContacts);
    ledger.apply(DocumentKind::Contacts, "d", contacts).await.unwrap();
    let rules = said().applies(AuditAction::ApplyRules);
    ledger.apply(DocumentKind::Rules, "e", rules).await.unwrap();
    let checked = audited(&ledger, None).await.unwrap();
    let (document, version, number) = ("rules", 2, 2);
    set(&ledger, ("DOCUMENT#rules", "00000002"), "text", AttributeValue::S("B".to_owned())).await;
    assert_eq!(faults(&ledger).await, [AuditFault::Before { document, version, number }]);
    assert_eq!((checked.chain.count, checked.faults), (2, vec![]));
    let before =
        [(DocumentKind::Rules, 2), (DocumentKind::Budgets, 1), (DocumentKind::AlertNotes, 2)];
    assert_eq!(checked.before, before);
}

/// Six people answer at once: no answer is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_come_together_are_all_kept() {
    let (_database, ledger) = ledger().await;
    let names: Vec<String> = (0..6).map(|it| format!("budget {it}")).collect();
    let mut tasks = tokio::task::JoinSet::new();
    for name in names.clone() {
        let ledger = ledger.clone();
        tasks.spawn(async move { mute(&ledger, &name, date("2026-12-01"), said()).await });
    }
    let outcomes = tasks.join_all().await;
    let notes = ledger_app::alert_notes::alert_notes(&ledger).await.unwrap();
    let kept = names.iter().filter(|it| notes.muted(it, date("2026-11-22")).is_some()).count();
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!(kept, names.len());
    assert_eq!(faults(&ledger).await, []);
}
