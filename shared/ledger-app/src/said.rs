//! Words of a person that are kept: who says something, and why.

use jiff::Timestamp;
use ledger_core::audit::AuditAction;

use crate::file_text::{check_name, check_value};
use crate::ports::{Change, Document, StoreError};

/// How often a change is made anew from what somebody else has just changed.
pub(crate) const ATTEMPTS_MAX: u32 = 60;

/// Something that a person says.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    /// Who says it.
    pub by: &'a str,
    /// Why.
    pub reason: &'a str,
    /// When.
    pub at: Timestamp,
}

impl<'a> Said<'a> {
    /// Refuses texts that mislead, and nothing in place of a name.
    ///
    /// # Errors
    ///
    /// What is wrong, in words.
    pub fn check_by(&self) -> Result<(), String> {
        if self.by.trim().is_empty() {
            return Err("`by` is empty; expected a text".to_owned());
        }
        check_name("by", self.by)?;
        check_value("reason", self.reason)
    }

    /// As [`Said::check_by`], and refuses to give no reason.
    ///
    /// # Errors
    ///
    /// What is wrong, in words.
    pub fn check(&self) -> Result<(), String> {
        self.check_by()?;
        if self.reason.trim().is_empty() {
            return Err("`reason` is empty; expected a text".to_owned());
        }
        Ok(())
    }

    /// The change of a whole document.
    pub fn applies(self, action: AuditAction) -> Change<'a> {
        let Said { by, reason, at } = self;
        Change { action, subject: "", by, reason, at, follows: None }
    }

    /// The change of a part of a document, made from a version of it.
    pub(crate) fn changes(
        self,
        action: AuditAction,
        subject: &'a str,
        from: Option<&Document>,
    ) -> Change<'a> {
        Change { subject, follows: Some(from.map_or(0, |it| it.version)), ..self.applies(action) }
    }
}

/// Whether a change is to be made anew.
pub(crate) fn is_overtaken<T>(outcome: &Result<T, StoreError>) -> bool {
    matches!(outcome, Err(StoreError::Overtaken(_)))
}
