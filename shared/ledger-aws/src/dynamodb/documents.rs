//! Documents of the user by version.

use std::io::{Read as _, Write as _};

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use jiff::Timestamp;
use ledger_app::ports::{Document, DocumentKind, DocumentStore, StoreError};

use super::{
    DynamoLedger, Item, WRITTEN_BY, gave_up, is_condition_failed, malformed, parsed, text, text_of,
    unavailable,
};

/// Two people who apply at once are served after one more look.
const ATTEMPTS_MAX: u32 = 5;

/// A longer text is stored as zlib (RFC 1950): an item is limited to 400 KB.
const PLAIN_BYTES_MAX: usize = 100 * 1024;

/// The room of an item beside its keys.
const PACKED_BYTES_MAX: usize = 390 * 1024;

/// No document that was applied is longer.
const TEXT_BYTES_MAX: u64 = 64 << 20;

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
        let items = answer.map_err(|err| unavailable(format!("read {}", name_of(kind)), err))?;
        items.items.unwrap_or_default().first().map(document_of).transpose()
    }

    async fn apply(
        &self,
        kind: DocumentKind,
        content: &str,
        at: Timestamp,
    ) -> Result<Document, StoreError> {
        let doing = format!("apply {}", name_of(kind));
        let (attribute, stored) = stored(kind, content)?;
        for _ in 0..ATTEMPTS_MAX {
            let newest = self.document(kind).await?;
            let version = match newest {
                Some(newest) if newest.text == content => return Ok(newest),
                newest => newest.map_or(0, |it| it.version).saturating_add(1),
            };
            let outcome = self
                .client
                .put_item()
                .table_name(&self.table)
                .item("pk", text(pk_of(kind)))
                .item("sk", text(format!("{version:08}")))
                .item(attribute, stored.clone())
                .item("written_by", text(WRITTEN_BY))
                .item("at", text(at.to_string()))
                .condition_expression("attribute_not_exists(pk)")
                .send()
                .await;
            match outcome {
                Ok(_) => return Ok(Document { version, text: content.to_owned() }),
                Err(err) if is_condition_failed(&err) => {}
                Err(err) => return Err(unavailable(doing, err)),
            }
        }
        Err(gave_up(doing, "others kept applying theirs"))
    }
}

fn name_of(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::Rules => "rules",
        DocumentKind::Budgets => "budgets",
        DocumentKind::ExpectedAnomalies => "expected-anomalies",
        DocumentKind::Contacts => "contacts",
        DocumentKind::AlertNotes => "alert-notes",
        DocumentKind::Organisation => "organisation",
    }
}

fn pk_of(kind: DocumentKind) -> String {
    format!("DOCUMENT#{}", name_of(kind))
}

/// The attribute of a text: as it is, or packed where it is long.
fn stored(kind: DocumentKind, content: &str) -> Result<(&'static str, AttributeValue), StoreError> {
    if content.len() <= PLAIN_BYTES_MAX {
        return Ok(("text", text(content)));
    }
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    let packed = encoder.write_all(content.as_bytes()).and_then(|()| encoder.finish());
    let packed = packed.map_err(|err| StoreError::Malformed {
        key: pk_of(kind),
        reason: format!("the text cannot be packed: {err}"),
    })?;
    if packed.len() > PACKED_BYTES_MAX {
        return Err(StoreError::TooLarge {
            what: name_of(kind),
            bytes: content.len(),
            packed: packed.len(),
            limit: PACKED_BYTES_MAX,
        });
    }
    Ok(("packed", AttributeValue::B(Blob::new(packed))))
}

fn document_of(item: &Item) -> Result<Document, StoreError> {
    let content = match item.get("packed") {
        None => text_of(item, "text")?.to_owned(),
        Some(AttributeValue::B(packed)) => {
            let mut content = String::new();
            let outcome =
                ZlibDecoder::new(packed.as_ref()).take(TEXT_BYTES_MAX).read_to_string(&mut content);
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
