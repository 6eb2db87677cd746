//! Files of the user that are kept by version.

use std::future::Future;

use jiff::Timestamp;

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
}

/// A version of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Counts applications, from 1.
    pub version: u64,
    /// The text as it was applied.
    pub text: String,
}

/// Keeps documents.
pub trait DocumentStore: Send + Sync {
    /// The newest version, if any was applied.
    fn document(
        &self,
        kind: DocumentKind,
    ) -> impl Future<Output = Result<Option<Document>, StoreError>> + Send;

    /// Applies a text as the version after the newest; the same text again changes nothing.
    fn apply(
        &self,
        kind: DocumentKind,
        text: &str,
        at: Timestamp,
    ) -> impl Future<Output = Result<Document, StoreError>> + Send;
}
