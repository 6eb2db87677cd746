//! Files of the user that are kept by version.

use std::future::Future;

use jiff::Timestamp;
use ledger_core::audit::{AuditAction, AuditEntry, Hash};

use super::StoreError;

/// A document of the user that the ledger keeps by version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentKind {
    /// `rules.toml`.
    Rules,
    /// `budgets.toml`.
    Budgets,
    /// Anomalies that are expected, with who said so and why.
    ExpectedAnomalies,
    /// `contacts.toml`.
    Contacts,
    /// Answers of people to alerts.
    AlertNotes,
    /// `organisation.toml`.
    Organisation,
    /// The periods of entities, with what was posted of them.
    Periods,
}

/// A version of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Counts applications, from 1.
    pub version: u64,
    /// The text as it was applied.
    pub text: String,
}

impl DocumentKind {
    /// All of them.
    pub const ALL: [DocumentKind; 7] = [
        DocumentKind::Rules,
        DocumentKind::Budgets,
        DocumentKind::ExpectedAnomalies,
        DocumentKind::Contacts,
        DocumentKind::AlertNotes,
        DocumentKind::Organisation,
        DocumentKind::Periods,
    ];

    /// Its name in the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            DocumentKind::Rules => "rules",
            DocumentKind::Budgets => "budgets",
            DocumentKind::ExpectedAnomalies => "expected-anomalies",
            DocumentKind::Contacts => "contacts",
            DocumentKind::AlertNotes => "alert-notes",
            DocumentKind::Organisation => "organisation",
            DocumentKind::Periods => "periods",
        }
    }
}

/// A change of a document: the action, and the person.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// The kind of change.
    pub action: AuditAction,
    /// The thing that it is about; empty where the document is all of it.
    pub subject: &'a str,
    /// Who, as they say.
    pub by: &'a str,
    /// Why; may be empty.
    pub reason: &'a str,
    /// When.
    pub at: Timestamp,
    /// The version that the new text was made from, 0 for none; a text that was made from none in particular
    /// follows any.
    pub follows: Option<u64>,
}

/// Keeps documents, and a trail of their changes.
pub trait DocumentStore: Send + Sync {
    /// The newest version, if any was applied.
    fn document(
        &self,
        kind: DocumentKind,
    ) -> impl Future<Output = Result<Option<Document>, StoreError>> + Send;

    /// A version, if it was applied.
    fn version(
        &self,
        kind: DocumentKind,
        version: u64,
    ) -> impl Future<Output = Result<Option<Document>, StoreError>> + Send;

    /// Applies a text as the version after the newest, with an entry of the audit trail: both are kept, or
    /// neither. The same text again changes nothing.
    ///
    /// [`StoreError::Overtaken`] where the newest version is not the one that the change follows.
    fn apply(
        &self,
        kind: DocumentKind,
        text: &str,
        change: Change<'_>,
    ) -> impl Future<Output = Result<Document, StoreError>> + Send;

    /// The audit trail, oldest first: each entry with the hash that it was written with.
    fn audit_trail(
        &self,
    ) -> impl Future<Output = Result<Vec<(AuditEntry, Hash)>, StoreError>> + Send;
}

/// Keeps texts of any length under the hash of their content: documents name them.
pub trait ContentStore: Send + Sync {
    /// Keeps a text. One that is there already is kept once.
    fn keep_content(&self, text: &str) -> impl Future<Output = Result<Hash, StoreError>> + Send;

    /// The text with a hash, if it is kept: whole and unchanged.
    fn content(
        &self,
        hash: Hash,
    ) -> impl Future<Output = Result<Option<String>, StoreError>> + Send;
}
