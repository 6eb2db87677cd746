//! The things that an evaluation watches, and the people that hear of it.

use std::collections::BTreeMap;

use ledger_core::budget::Budget;

use crate::alert_notes::{AlertNotes, alert_notes};
use crate::contacts::Contacts;
use crate::documents::{DocumentError, applied_budgets, applied_contacts};
use crate::ports::{DocumentKind, DocumentStore};

static NO_CONTACTS: Contacts = Contacts {
    fallback: None,
    escalate_after_hours: None,
    messages_per_day: None,
    anomalies_from: None,
    by_name: BTreeMap::new(),
};

static NO_NOTES: AlertNotes = AlertNotes { acknowledged: Vec::new(), muted: Vec::new() };

/// The things that an evaluation watches, and the people that hear of it.
#[derive(Clone, Copy, Debug)]
pub struct Watch<'a> {
    /// The budgets.
    pub budgets: &'a [Budget],
    /// Who is reached how.
    pub contacts: &'a Contacts,
    /// The answers to alerts.
    pub notes: &'a AlertNotes,
    /// The address of the page, for readers of alerts.
    pub page: Option<&'a str>,
    /// The version of the anomalies that are expected.
    pub expected_version: Option<u64>,
}

/// Budgets alone: owners and deputies hear of them.
impl<'a> From<&'a [Budget]> for Watch<'a> {
    fn from(budgets: &'a [Budget]) -> Watch<'a> {
        let (contacts, notes) = (&NO_CONTACTS, &NO_NOTES);
        Watch { budgets, contacts, notes, page: None, expected_version: None }
    }
}

impl<'a> From<&'a Vec<Budget>> for Watch<'a> {
    fn from(budgets: &'a Vec<Budget>) -> Watch<'a> {
        Watch::from(budgets.as_slice())
    }
}

/// All that people applied for an evaluation.
#[derive(Debug, Default)]
pub struct Watched {
    /// The version of the budgets.
    pub version: Option<u64>,
    /// The budgets.
    pub budgets: Vec<Budget>,
    contacts: Contacts,
    notes: AlertNotes,
    expected_version: Option<u64>,
    /// Contacts and answers that cannot be read: alerts go to owners and deputies by their names then.
    pub faults: Vec<DocumentError>,
}

impl Watched {
    /// It, with the address of the page for readers of alerts.
    pub fn with_page<'a>(&'a self, page: Option<&'a str>) -> Watch<'a> {
        let Watched { budgets, contacts, notes, expected_version, .. } = self;
        Watch { budgets, contacts, notes, page, expected_version: *expected_version }
    }
}

/// All that people applied for an evaluation.
///
/// # Errors
///
/// [`DocumentError`].
pub async fn watched(documents: &impl DocumentStore) -> Result<Watched, DocumentError> {
    let expected = async {
        let document = documents.document(DocumentKind::ExpectedAnomalies).await;
        document.map_err(|err| DocumentError::Read("expected anomalies", err))
    };
    let (budgets, contacts, notes, expected) = tokio::join!(
        applied_budgets(documents),
        applied_contacts(documents),
        alert_notes(documents),
        expected,
    );
    let (version, budgets) = budgets?;
    let mut faults = Vec::new();
    let contacts = readable(contacts, &mut faults)?;
    let notes = readable(notes, &mut faults)?;
    let expected_version = expected?.map(|it| it.version);
    Ok(Watched { version, budgets, contacts, notes, expected_version, faults })
}

/// A document, or an empty one in place of one that a newer release wrote: that must not hold back alerts.
fn readable<T: Default>(
    read: Result<T, DocumentError>,
    faults: &mut Vec<DocumentError>,
) -> Result<T, DocumentError> {
    match read {
        Err(fault @ DocumentError::Malformed(..)) => {
            faults.push(fault);
            Ok(T::default())
        }
        other => other,
    }
}
