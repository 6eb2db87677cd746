//! The audit trail: one item for each entry, in one partition.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{AttributeValue, Put};
use jiff::Timestamp;
use ledger_app::ports::{Change, DocumentKind, StoreError};
use ledger_core::audit::{AuditEntry, Hash};
use ledger_core::word::Word;

use super::{
    DynamoLedger, Item, WRITTEN_BY, malformed, number, parsed, text, text_of, unavailable,
};

/// The partition of all entries.
const PK: &str = "AUDIT";

impl DynamoLedger {
    /// The entry of a change after the newest.
    pub(super) async fn next_entry(
        &self,
        change: Change<'_>,
        (kind, version): (DocumentKind, u64),
        before: Option<Hash>,
        after: Hash,
    ) -> Result<AuditEntry, StoreError> {
        let newest = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .scan_index_forward(false)
            .limit(1)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(PK))
            .send()
            .await
            .map_err(|err| unavailable("read the audit trail", err))?;
        let newest = newest.items.as_deref().and_then(<[Item]>::first).map(entry_of).transpose()?;
        let (last, previous) =
            newest.map_or((0, Hash::START), |(entry, hash)| (entry.number, hash));
        let Change { action, subject, by, reason, at, follows: _ } = change;
        Ok(AuditEntry {
            number: last.saturating_add(1),
            at,
            by: by.to_owned(),
            action: action.into(),
            subject: subject.to_owned(),
            document: kind.as_str().to_owned(),
            version,
            before,
            after,
            reason: reason.to_owned(),
            previous,
        })
    }

    /// The write of an entry that is not there yet.
    pub(super) fn entry_put(&self, entry: &AuditEntry) -> Result<Put, BuildError> {
        let before = entry.before.map_or(AttributeValue::Null(true), |it| text(it.to_string()));
        Put::builder()
            .table_name(&self.table)
            .item("pk", text(PK))
            .item("sk", text(format!("{:012}", entry.number)))
            .item("at", text(entry.at.to_string()))
            .item("by", text(&entry.by))
            .item("action", text(entry.action.as_str()))
            .item("subject", text(&entry.subject))
            .item("document", text(&entry.document))
            .item("version", number(entry.version))
            .item("before", before)
            .item("after", text(entry.after.to_string()))
            .item("reason", text(&entry.reason))
            .item("previous", text(entry.previous.to_string()))
            .item("hash", text(entry.hash().to_string()))
            .item("written_by", text(WRITTEN_BY))
            .condition_expression("attribute_not_exists(pk)")
            .build()
    }

    pub(super) async fn read_audit_trail(&self) -> Result<Vec<(AuditEntry, Hash)>, StoreError> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(PK))
            .into_paginator()
            .items()
            .send();
        let mut entries = Vec::new();
        while let Some(item) = pages.next().await {
            let item = item.map_err(|err| unavailable("read the audit trail", err))?;
            entries.push(entry_of(&item)?);
        }
        Ok(entries)
    }
}

/// A write that cannot be described.
pub(super) fn built(doing: &str, err: BuildError) -> StoreError {
    let source = std::sync::Arc::new(err);
    StoreError::Unavailable { doing: doing.to_owned(), is_retryable: false, source }
}

fn entry_of(item: &Item) -> Result<(AuditEntry, Hash), StoreError> {
    let owned = |name| text_of(item, name).map(str::to_owned);
    let hash = |name: &str| {
        let written = text_of(item, name)?;
        let read = Hash::parse(written);
        read.ok_or_else(|| malformed(item, format!("`{name}` does not have the form of a hash")))
    };
    let before = match item.get("before") {
        Some(AttributeValue::Null(true)) => None,
        _ => Some(hash("before")?),
    };
    let at: Timestamp = parsed(item, "at")?;
    if at.to_string() != text_of(item, "at")? {
        return Err(malformed(item, "`at` is a time in another form than entries have"));
    }
    let entry = AuditEntry {
        number: parsed(item, "sk")?,
        at,
        by: owned("by")?,
        action: Word::parse(text_of(item, "action")?),
        subject: owned("subject")?,
        document: owned("document")?,
        version: parsed(item, "version")?,
        before,
        after: hash("after")?,
        reason: owned("reason")?,
        previous: hash("previous")?,
    };
    Ok((entry, hash("hash")?))
}
