//! Answers of people to alerts: those that they know of, and budgets that they mute for a while.
//!
//! They are kept as a document, so that each version can be looked up.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use ledger_core::audit::AuditAction;
use ledger_core::budget::AlertId;
use serde::{Deserialize, Serialize};

use crate::documents::DocumentError;
use crate::ports::{Document, DocumentKind, DocumentStore, Retryable, StoreError};
use crate::rules_file::FileError;
pub use crate::said::Said;
use crate::said::{ATTEMPTS_MAX, is_overtaken};

/// The document in messages.
const NOTES: &str = "answers to alerts";

/// Days after which an answer is not kept any more: its window is over.
const KEPT_DAYS: i64 = 400;

/// Why an answer was not kept.
#[derive(Debug, thiserror::Error)]
pub enum NoteError {
    /// The answers so far could not be read.
    #[error("could not read the answers to alerts")]
    Read(#[from] DocumentError),
    /// It could not be kept.
    #[error("could not keep the answer")]
    Keep(#[source] StoreError),
    /// It cannot be so.
    #[error("{0}")]
    Refused(String),
}

impl Retryable for NoteError {
    fn is_retryable(&self) -> bool {
        match self {
            NoteError::Read(source) => source.is_retryable(),
            NoteError::Keep(source) => source.is_retryable(),
            NoteError::Refused(_) => false,
        }
    }
}

/// All answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertNotes {
    /// Alerts that somebody knows of.
    #[serde(default)]
    pub acknowledged: Vec<Acknowledged>,
    /// Budgets that send no alerts for a while.
    #[serde(default)]
    pub muted: Vec<Muted>,
}

/// An alert that somebody knows of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acknowledged {
    /// The alert.
    pub alert_id: String,
    /// Who knows of it.
    pub by: String,
    /// Their words.
    pub reason: String,
    /// When.
    pub at: String,
}

/// A budget that sends no alerts for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Muted {
    /// Its name.
    pub budget: String,
    /// The last day without alerts.
    pub until: String,
    /// Who said so.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: String,
}

impl AlertNotes {
    /// Whether somebody knows of an alert.
    pub fn is_acknowledged(&self, id: &AlertId) -> bool {
        let id = id.to_string();
        self.acknowledged.iter().any(|it| it.alert_id == id)
    }

    /// The answer that mutes a budget on a day.
    pub fn muted(&self, budget: &str, today: Date) -> Option<&Muted> {
        let is_muted =
            |it: &&Muted| it.budget == budget && it.until.parse().is_ok_and(|it: Date| today <= it);
        self.muted.iter().find(is_muted)
    }
}

/// The answers that are kept.
///
/// # Errors
///
/// [`DocumentError`].
pub async fn alert_notes(documents: &impl DocumentStore) -> Result<AlertNotes, DocumentError> {
    Ok(kept(documents).await?.1)
}

/// The answers, with the document that has them.
async fn kept(
    documents: &impl DocumentStore,
) -> Result<(Option<Document>, AlertNotes), DocumentError> {
    let document = documents.document(DocumentKind::AlertNotes).await;
    let document = document.map_err(|err| DocumentError::Read(NOTES, err))?;
    let text = document.as_ref().map_or("", |it| it.text.as_str());
    let notes = toml::from_str(text).map_err(FileError::toml);
    let notes = notes.map_err(|err| DocumentError::Malformed(NOTES, err))?;
    Ok((document, notes))
}

/// Keeps that somebody knows of an alert, in place of what was said of it before.
///
/// # Errors
///
/// [`NoteError`].
pub async fn acknowledge(
    documents: &impl DocumentStore,
    id: &AlertId,
    said: Said<'_>,
) -> Result<(), NoteError> {
    said.check().map_err(NoteError::Refused)?;
    let alert_id = id.to_string();
    let change = |notes: &mut AlertNotes| {
        notes.acknowledged.retain(|it| it.alert_id != alert_id);
        let Said { by, reason, at } = said;
        let (by, reason) = (by.to_owned(), reason.to_owned());
        let alert_id = alert_id.clone();
        notes.acknowledged.push(Acknowledged { alert_id, by, reason, at: at.to_string() });
        Ok(())
    };
    keep(documents, (AuditAction::AcknowledgeAlert, &alert_id), said, change).await
}

/// Keeps that a budget sends no alerts up to and with a day, in place of what was said of it before.
///
/// # Errors
///
/// [`NoteError`].
pub async fn mute(
    documents: &impl DocumentStore,
    budget: &str,
    until: Date,
    said: Said<'_>,
) -> Result<(), NoteError> {
    said.check().map_err(NoteError::Refused)?;
    let change = |notes: &mut AlertNotes| {
        notes.muted.retain(|it| it.budget != budget);
        let Said { by, reason, at } = said;
        notes.muted.push(Muted {
            budget: budget.to_owned(),
            until: until.to_string(),
            by: by.to_owned(),
            reason: reason.to_owned(),
            at: at.to_string(),
        });
        Ok(())
    };
    keep(documents, (AuditAction::MuteBudget, budget), said, change).await
}

/// Lets a budget send alerts again.
///
/// # Errors
///
/// [`NoteError::Refused`] for one that is not muted.
pub async fn unmute(
    documents: &impl DocumentStore,
    budget: &str,
    said: Said<'_>,
) -> Result<(), NoteError> {
    said.check_by().map_err(NoteError::Refused)?;
    let change = |notes: &mut AlertNotes| {
        let count = notes.muted.len();
        notes.muted.retain(|it| it.budget != budget);
        if notes.muted.len() == count {
            return Err(NoteError::Refused(format!("budget `{budget}` is not muted")));
        }
        Ok(())
    };
    keep(documents, (AuditAction::UnmuteBudget, budget), said, change).await
}

/// Changes the answers, made anew where somebody else has just changed them.
async fn keep(
    documents: &impl DocumentStore,
    (action, subject): (AuditAction, &str),
    said: Said<'_>,
    change: impl Fn(&mut AlertNotes) -> Result<(), NoteError>,
) -> Result<(), NoteError> {
    let is_recent = |it: &str| {
        let at: Option<Timestamp> = it.parse().ok();
        at.is_none_or(|at| said.at.duration_since(at).as_hours() < KEPT_DAYS * 24)
    };
    let mut attempt = 1;
    loop {
        let (document, mut notes) = kept(documents).await?;
        change(&mut notes)?;
        notes.acknowledged.retain(|it| is_recent(&it.at));
        let today = said.at.to_zoned(TimeZone::UTC).date();
        let is_over = |it: &Muted| it.until.parse().is_ok_and(|until: Date| until < today);
        notes.muted.retain(|it| is_recent(&it.at) || !is_over(it));
        let text = toml::to_string(&notes)
            .map_err(|err| NoteError::Refused(format!("it cannot be written down: {err}")))?;
        let changes = said.changes(action, subject, document.as_ref());
        let applied = documents.apply(DocumentKind::AlertNotes, &text, changes).await;
        if !is_overtaken(&applied) || attempt == ATTEMPTS_MAX {
            return applied.map(drop).map_err(NoteError::Keep);
        }
        attempt += 1;
    }
}
