//! Documents of the user by version.

use std::io::{Read as _, Write as _};

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, CancellationReason, Put, TransactWriteItem};
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use ledger_app::ports::{Change, Document, DocumentKind, DocumentStore, StoreError};
use ledger_core::audit::{AuditEntry, Hash};

use super::audit::built;
use super::{
    DynamoLedger, Item, WRITTEN_BY, gave_up, malformed, parsed, text, text_of, unavailable,
};

/// People who apply at once are served after one more look.
const ATTEMPTS_MAX: u32 = 60;

/// A longer text is stored as zlib (RFC 1950): an item is limited to 400 KB.
const PLAIN_BYTES_MAX: usize = 100 * 1024;

/// The room of an item beside its keys.
const PACKED_BYTES_MAX: usize = 390 * 1024;

/// No document is longer.
const TEXT_BYTES_MAX: usize = 64 << 20;

impl DocumentStore for DynamoLedger {
    async fn document(&self, kind: DocumentKind) -> Result<Option<Document>, StoreError> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .scan_index_forward(false)
            .limit(1)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(pk_of(kind)))
            .send()
            .await;
        let items = answer.map_err(|err| unavailable(format!("read {}", kind.as_str()), err))?;
        items.items.unwrap_or_default().first().map(document_of).transpose()
    }

    async fn version(
        &self,
        kind: DocumentKind,
        version: u64,
    ) -> Result<Option<Document>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .consistent_read(true)
            .key("pk", text(pk_of(kind)))
            .key("sk", text(sk_of(version)))
            .send()
            .await;
        let doing = || format!("read {} version {version}", kind.as_str());
        answer.map_err(|err| unavailable(doing(), err))?.item.as_ref().map(document_of).transpose()
    }

    async fn apply(
        &self,
        kind: DocumentKind,
        content: &str,
        change: Change<'_>,
    ) -> Result<Document, StoreError> {
        let doing = format!("apply {}", kind.as_str());
        let (attribute, stored) = stored(kind, content)?;
        for _ in 0..ATTEMPTS_MAX {
            let newest = self.document(kind).await?;
            let (known, before) = match &newest {
                Some(newest) if newest.text == content => return Ok(newest.clone()),
                Some(newest) => (newest.version, Some(Hash::of(&newest.text))),
                None => (0, None),
            };
            if change.follows.is_some_and(|it| it != known) {
                return Err(StoreError::Overtaken(kind.as_str()));
            }
            let version = known.saturating_add(1);
            let document = Put::builder()
                .table_name(&self.table)
                .item("pk", text(pk_of(kind)))
                .item("sk", text(sk_of(version)))
                .item(attribute, stored.clone())
                .item("written_by", text(WRITTEN_BY))
                .item("at", text(change.at.to_string()))
                .condition_expression("attribute_not_exists(pk)")
                .build();
            let after = Hash::of(content);
            let entry = self.next_entry(change, (kind, version), before, after).await?;
            let audited = self.entry_put(&entry).map_err(|err| built(&doing, err))?;
            let document = document.map_err(|err| built(&doing, err))?;
            let both = [document, audited].map(|it| TransactWriteItem::builder().put(it).build());
            let outcome = self
                .client
                .transact_write_items()
                .set_transact_items(Some(both.to_vec()))
                .send()
                .await;
            match outcome {
                Ok(_) => return Ok(Document { version, text: content.to_owned() }),
                Err(err) if is_overtaken(&err) => {}
                Err(err) => return Err(unavailable(doing, err)),
            }
        }
        Err(gave_up(doing, "others kept applying theirs"))
    }

    async fn audit_trail(&self) -> Result<Vec<(AuditEntry, Hash)>, StoreError> {
        self.read_audit_trail().await
    }
}

/// Whether another person was first: at the document, or at the audit trail.
fn is_overtaken(err: &SdkError<TransactWriteItemsError, HttpResponse>) -> bool {
    let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) =
        err.as_service_error()
    else {
        return false;
    };
    let passes = |it: &CancellationReason| {
        matches!(it.code(), Some("None" | "ConditionalCheckFailed" | "TransactionConflict"))
    };
    let reasons = canceled.cancellation_reasons();
    !reasons.is_empty() && reasons.iter().all(passes)
}

fn pk_of(kind: DocumentKind) -> String {
    format!("DOCUMENT#{}", kind.as_str())
}

fn sk_of(version: u64) -> String {
    format!("{version:08}")
}

/// The attribute of a text: as it is, or packed where it is long.
fn stored(kind: DocumentKind, content: &str) -> Result<(&'static str, AttributeValue), StoreError> {
    if content.len() <= PLAIN_BYTES_MAX {
        return Ok(("text", text(content)));
    }
    let too_large = |packed, limit| StoreError::TooLarge {
        what: kind.as_str(),
        bytes: content.len(),
        packed,
        limit,
    };
    if content.len() > TEXT_BYTES_MAX {
        return Err(too_large(content.len(), TEXT_BYTES_MAX));
    }
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    let packed = encoder.write_all(content.as_bytes()).and_then(|()| encoder.finish());
    let packed = packed.map_err(|err| StoreError::Malformed {
        key: pk_of(kind),
        reason: format!("the text cannot be packed: {err}"),
    })?;
    if packed.len() > PACKED_BYTES_MAX {
        return Err(too_large(packed.len(), PACKED_BYTES_MAX));
    }
    Ok(("packed", AttributeValue::B(Blob::new(packed))))
}

fn document_of(item: &Item) -> Result<Document, StoreError> {
    let content = match item.get("packed") {
        None => text_of(item, "text")?.to_owned(),
        Some(AttributeValue::B(packed)) => {
            let mut content = String::new();
            let outcome = ZlibDecoder::new(packed.as_ref())
                .take(TEXT_BYTES_MAX as u64)
                .read_to_string(&mut content);
            outcome
                .map_err(|err| malformed(item, format!("`packed` cannot be unpacked: {err}")))?;
            content
        }
        Some(_) => return Err(malformed(item, "`packed` is not bytes")),
    };
    Ok(Document { version: parsed(item, "sk")?, text: content })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(attribute: &str, value: AttributeValue) -> Item {
        let sk = ("sk".to_owned(), text("00000002"));
        Item::from([("pk".to_owned(), text("DOCUMENT#rules")), sk, (attribute.to_owned(), value)])
    }

    #[test]
    fn short_and_long_texts_are_read_as_they_were_stored() {
        for (length, expected) in [(0, "text"), (PLAIN_BYTES_MAX, "text"), (2_000_000, "packed")] {
            let content = "name = \"search\"\n".repeat(length / 16);
            let (attribute, value) = stored(DocumentKind::Rules, &content).unwrap();
            assert_eq!(attribute, expected, "{length}");
            let document = document_of(&item(attribute, value)).unwrap();
            assert_eq!((document.version, document.text == content), (2, true));
        }
    }

    #[test]
    fn a_text_that_no_item_holds_is_refused_with_its_size() {
        // Digits of a sum that do not repeat: little of it can be packed.
        let numbers = (0..200_000_u64).map(|it| it.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let content: String = numbers.map(|it| format!("{it}\n")).collect();
        let err = stored(DocumentKind::Rules, &content).unwrap_err().to_string();
        assert!(
            err.starts_with(&format!("rules of {} bytes are too large", content.len())),
            "{err}"
        );
        assert!(err.ends_with("expected at most 399360"), "{err}");
    }

    #[test]
    fn documents_that_cannot_be_read_are_named() {
        let at = "item `DOCUMENT#rules 00000002` cannot be read: ";
        for (item, expected) in [
            (item("packed", text("x")), "`packed` is not bytes"),
            (item("packed", AttributeValue::B(Blob::new(*b"x"))), "`packed` cannot be unpacked: "),
            (item("text", AttributeValue::Bool(true)), "`text` is missing; expected a text"),
        ] {
            let err = document_of(&item).unwrap_err().to_string();
            assert!(err.starts_with(&format!("{at}{expected}")), "{err}");
        }
    }
}
