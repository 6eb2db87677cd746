//! Documents of the user by version.

use jiff::Timestamp;
use ledger_app::ports::{Document, DocumentKind, DocumentStore, StoreError};

use super::{DynamoLedger, Item, gave_up, is_condition_failed, parsed, text, text_of, unavailable};

/// Two people who apply at once are served after one more look.
const ATTEMPTS_MAX: u32 = 5;

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
                .item("text", text(content))
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
    }
}

fn pk_of(kind: DocumentKind) -> String {
    format!("DOCUMENT#{}", name_of(kind))
}

fn document_of(item: &Item) -> Result<Document, StoreError> {
    Ok(Document { version: parsed(item, "sk")?, text: text_of(item, "text")?.to_owned() })
}
