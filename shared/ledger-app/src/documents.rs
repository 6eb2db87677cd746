//! The documents that the user applied, read and checked: rules, budgets, contacts and the organisation.

use ledger_core::budget::Budget;
use ledger_core::organisation::Organisation;
use ledger_core::rules::AttributionRules;

use crate::budget_file::{EnvironmentLimits, parse_applied_budgets, parse_environments};
use crate::contacts::{Contacts, parse_contacts};
use crate::organisation_file::parse_organisation;
use crate::ports::{Document, DocumentKind, DocumentStore, Retryable, StoreError};
use crate::rules_file::{FileError, parse_applied_rules};

/// Why an applied document cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// The ledger did not answer.
    #[error("could not read the applied {0}")]
    Read(&'static str, #[source] StoreError),
    /// The text is not what it should be. It was checked when it was applied, so a newer version
    /// has written it, or a hand.
    #[error("the applied {0} cannot be read")]
    Malformed(&'static str, #[source] FileError),
}

impl Retryable for DocumentError {
    fn is_retryable(&self) -> bool {
        match self {
            DocumentError::Read(_, source) => source.is_retryable(),
            DocumentError::Malformed(..) => false,
        }
    }
}

/// The rules that are applied; without any, nothing has an owner.
///
/// # Errors
///
/// [`DocumentError`].
pub async fn applied_rules(
    documents: &impl DocumentStore,
) -> Result<AttributionRules, DocumentError> {
    let document = documents.document(DocumentKind::Rules).await;
    match document.map_err(|err| DocumentError::Read("rules", err))? {
        Some(document) => parse_applied_rules(&document.text, document.version)
            .map_err(|err| DocumentError::Malformed("rules", err)),
        None => Ok(AttributionRules::default()),
    }
}

/// The budgets that are applied, and the version they were applied as.
///
/// # Errors
///
/// [`DocumentError`].
pub async fn applied_budgets(
    documents: &impl DocumentStore,
) -> Result<(Option<u64>, Vec<Budget>), DocumentError> {
    let document = documents.document(DocumentKind::Budgets).await;
    match document.map_err(|err| DocumentError::Read("budgets", err))? {
        Some(document) => parse_applied_budgets(&document.text)
            .map(|budgets| (Some(document.version), budgets))
            .map_err(|err| DocumentError::Malformed("budgets", err)),
        None => Ok((None, Vec::new())),
    }
}

/// The limits of environments of the budgets that are applied.
///
/// # Errors
///
/// [`DocumentError`].
pub async fn applied_environments(
    documents: &impl DocumentStore,
) -> Result<Vec<EnvironmentLimits>, DocumentError> {
    let document = documents.document(DocumentKind::Budgets).await;
    let document = document.map_err(|err| DocumentError::Read("budgets", err))?;
    let limits = document.map_or(Ok(Vec::new()), |it| parse_environments(&it.text));
    limits.map_err(|err| DocumentError::Malformed("budgets", err))
}

/// The contacts that are applied; without any, messages are for owners and deputies by their names.
///
/// # Errors
///
/// [`DocumentError`].
pub async fn applied_contacts(documents: &impl DocumentStore) -> Result<Contacts, DocumentError> {
    let document = documents.document(DocumentKind::Contacts).await;
    match document.map_err(|err| DocumentError::Read("contacts", err))? {
        Some(document) => {
            parse_contacts(&document.text).map_err(|err| DocumentError::Malformed("contacts", err))
        }
        None => Ok(Contacts::default()),
    }
}

/// The organisation that is applied, if any is.
///
/// # Errors
///
/// [`DocumentError`].
pub async fn applied_organisation(
    documents: &impl DocumentStore,
) -> Result<Option<Organisation>, DocumentError> {
    let document = documents.document(DocumentKind::Organisation).await;
    let document = document.map_err(|err| DocumentError::Read("organisation", err))?;
    let parse = |it: Document| {
        parse_organisation(&it.text, it.version)
            .map_err(|err| DocumentError::Malformed("organisation", err))
    };
    document.map(parse).transpose()
}
