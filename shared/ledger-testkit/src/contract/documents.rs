//! Promises of [`DocumentStore`].

use ledger_app::ports::{DocumentKind, DocumentStore};

use crate::build::at;

/// Versions count from 1; applying the newest text again gives its version.
pub async fn versions_count_up_and_the_same_text_is_the_same_version(
    documents: &impl DocumentStore,
) {
    let now = at("2026-11-21T07:00:00Z");
    assert_eq!(documents.document(DocumentKind::Rules).await.unwrap(), None);
    for (text, version) in [("a", 1), ("a", 1), ("b", 2), ("a", 3), ("", 4)] {
        let document = documents.apply(DocumentKind::Rules, text, now).await.unwrap();
        assert_eq!((document.version, document.text.as_str()), (version, text));
        assert_eq!(documents.document(DocumentKind::Rules).await.unwrap(), Some(document));
    }
}

/// A document of one kind is none of another.
pub async fn kinds_are_kept_apart(documents: &impl DocumentStore) {
    let now = at("2026-11-21T07:00:00Z");
    documents.apply(DocumentKind::Rules, "rules", now).await.unwrap();
    assert_eq!(documents.document(DocumentKind::Budgets).await.unwrap(), None);
    let budgets = documents.apply(DocumentKind::Budgets, "budgets", now).await.unwrap();
    assert_eq!(budgets.version, 1);
    let rules = documents.document(DocumentKind::Rules).await.unwrap().unwrap();
    assert_eq!(rules.text, "rules");
}
