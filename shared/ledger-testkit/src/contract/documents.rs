//! Promises of [`DocumentStore`].

use ledger_app::ports::{Change, DocumentKind, DocumentStore, StoreError};
use ledger_core::audit::{AuditAction, Chain, Hash};

use crate::build::{at, change};

/// Versions count from 1; applying the newest text again gives its version.
pub async fn versions_count_up_and_the_same_text_is_the_same_version(
    documents: &impl DocumentStore,
) {
    let now = at("2026-11-21T07:00:00Z");
    assert_eq!(documents.document(DocumentKind::Rules).await.unwrap(), None);
    for (text, version) in [("a", 1), ("a", 1), ("b", 2), ("a", 3), ("", 4)] {
        let document = documents.apply(DocumentKind::Rules, text, change(now)).await.unwrap();
        assert_eq!((document.version, document.text.as_str()), (version, text));
        assert_eq!(documents.document(DocumentKind::Rules).await.unwrap(), Some(document));
    }
    for (version, text) in [(0, None), (1, Some("a")), (2, Some("b")), (4, Some("")), (5, None)] {
        let found = documents.version(DocumentKind::Rules, version).await.unwrap();
        assert_eq!(found.as_ref().map(|it| it.text.as_str()), text, "{version}");
    }
}

/// A document of one kind is none of another.
pub async fn kinds_are_kept_apart(documents: &impl DocumentStore) {
    let now = at("2026-11-21T07:00:00Z");
    documents.apply(DocumentKind::Rules, "rules", change(now)).await.unwrap();
    assert_eq!(documents.document(DocumentKind::Budgets).await.unwrap(), None);
    let budgets = documents.apply(DocumentKind::Budgets, "budgets", change(now)).await.unwrap();
    assert_eq!(budgets.version, 1);
    let rules = documents.document(DocumentKind::Rules).await.unwrap().unwrap();
    assert_eq!(rules.text, "rules");
}

/// Each change is one entry of one chain; what changes nothing is none.
pub async fn each_change_is_an_entry_of_the_audit_trail(documents: &impl DocumentStore) {
    let now = at("2026-11-21T07:00:00Z");
    assert_eq!(documents.audit_trail().await.unwrap(), []);
    let said = Change {
        action: AuditAction::MuteBudget,
        subject: "search monthly",
        by: "ana",
        reason: "moved to another account",
        at: now,
        follows: None,
    };
    for (kind, text) in [
        (DocumentKind::Rules, "a"),
        (DocumentKind::Rules, "a"),
        (DocumentKind::AlertNotes, "b"),
        (DocumentKind::Rules, "c"),
    ] {
        documents.apply(kind, text, said).await.unwrap();
    }
    let trail = documents.audit_trail().await.unwrap();
    let mut chain = Chain::default();
    trail.iter().for_each(|(entry, hash)| chain.add(entry, *hash).unwrap());
    let shown: Vec<_> = trail
        .iter()
        .map(|(it, _)| (it.number, it.document.as_str(), it.version, it.before, it.after))
        .collect();
    let [a, b, c] = ["a", "b", "c"].map(Hash::of);
    let expected =
        [(1, "rules", 1, None, a), (2, "alert-notes", 1, None, b), (3, "rules", 2, Some(a), c)];
    assert_eq!(shown, expected);
    let (entry, _) = &trail[1];
    assert_eq!((entry.by.as_str(), entry.reason.as_str()), ("ana", "moved to another account"));
    assert_eq!((entry.subject.as_str(), entry.at), ("search monthly", now));
    assert_eq!(entry.action.known(), Some(AuditAction::MuteBudget));
}

/// A change that was made from an older version changes nothing.
pub async fn a_change_of_an_older_version_is_refused(documents: &impl DocumentStore) {
    let now = at("2026-11-21T07:00:00Z");
    let from = |version| Change { follows: Some(version), ..change(now) };
    documents.apply(DocumentKind::Rules, "a", from(0)).await.unwrap();
    for version in [0, 2] {
        let outcome = documents.apply(DocumentKind::Rules, "b", from(version)).await;
        assert!(matches!(outcome, Err(StoreError::Overtaken("rules"))), "{version} {outcome:?}");
    }
    assert_eq!(documents.audit_trail().await.unwrap().len(), 1);
    assert_eq!(documents.apply(DocumentKind::Rules, "b", from(1)).await.unwrap().version, 2);
}

/// Of changes that come together each is kept, and the trail is one chain.
pub async fn changes_at_the_same_time_are_all_kept(documents: &impl DocumentStore) {
    let now = at("2026-11-21T07:00:00Z");
    let apply = |kind, text| documents.apply(kind, text, change(now));
    let (one, two, three) = tokio::join!(
        apply(DocumentKind::Rules, "a"),
        apply(DocumentKind::Rules, "b"),
        apply(DocumentKind::Budgets, "c"),
    );
    let mut versions = [one.unwrap().version, two.unwrap().version];
    versions.sort_unstable();
    assert_eq!((versions, three.unwrap().version), ([1, 2], 1));
    let mut chain = Chain::default();
    for (entry, hash) in documents.audit_trail().await.unwrap() {
        chain.add(&entry, hash).unwrap();
    }
    assert_eq!(chain.count, 3);
}
