//! Texts under the hash of their content, packed and in parts.

use std::io::{Read as _, Write as _};

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use ledger_app::ports::{ContentStore, StoreError};
use ledger_core::audit::Hash;

use super::{DynamoLedger, Item, WRITTEN_BY, malformed, number, parsed, text, unavailable};

/// The room of an item beside its keys: one is limited to 400 KB.
const PART_BYTES_MAX: usize = 350 * 1024;

/// No text is longer.
const TEXT_BYTES_MAX: usize = 256 << 20;

impl ContentStore for DynamoLedger {
    async fn keep_content(&self, content: &str) -> Result<Hash, StoreError> {
        let hash = Hash::of(content);
        if content.len() > TEXT_BYTES_MAX {
            let (bytes, limit) = (content.len(), TEXT_BYTES_MAX);
            return Err(StoreError::TooLarge { what: "content", bytes, packed: bytes, limit });
        }
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        let packed = encoder.write_all(content.as_bytes()).and_then(|()| encoder.finish());
        let packed = packed.map_err(|err| StoreError::Malformed {
            key: pk_of(hash),
            reason: format!("the text cannot be packed: {err}"),
        })?;
        let parts: Vec<&[u8]> = packed.chunks(PART_BYTES_MAX).collect();
        // The same content has the same parts: writing one again changes nothing.
        for (at, part) in parts.iter().enumerate() {
            self.client
                .put_item()
                .table_name(&self.table)
                .item("pk", text(pk_of(hash)))
                .item("sk", text(format!("{at:06}")))
                .item("packed", AttributeValue::B(Blob::new(*part)))
                .item("parts", number(parts.len()))
                .item("written_by", text(WRITTEN_BY))
                .send()
                .await
                .map_err(|err| unavailable("keep content", err))?;
        }
        Ok(hash)
    }

    async fn content(&self, hash: Hash) -> Result<Option<String>, StoreError> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(pk_of(hash)))
            .into_paginator()
            .items()
            .send();
        let mut items = Vec::new();
        while let Some(item) = pages.next().await {
            items.push(item.map_err(|err| unavailable("read content", err))?);
        }
        // A writer that stopped in the middle: nothing names its content.
        let Some(first) = items.first() else { return Ok(None) };
        if parsed::<usize>(first, "parts")? != items.len() {
            return Ok(None);
        }
        unpacked(first, &items, hash).map(Some)
    }
}

fn unpacked(first: &Item, items: &[Item], hash: Hash) -> Result<String, StoreError> {
    let mut packed = Vec::new();
    for item in items {
        match item.get("packed") {
            Some(AttributeValue::B(part)) => packed.extend_from_slice(part.as_ref()),
            _ => return Err(malformed(item, "`packed` is not bytes")),
        }
    }
    let mut content = String::new();
    let limit = u64::try_from(TEXT_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
    let read = ZlibDecoder::new(packed.as_slice()).take(limit).read_to_string(&mut content);
    read.map_err(|err| malformed(first, format!("`packed` cannot be unpacked: {err}")))?;
    match Hash::of(&content) == hash {
        true => Ok(content),
        false => Err(malformed(first, "its content does not have its hash: it was changed")),
    }
}

fn pk_of(hash: Hash) -> String {
    format!("CONTENT#{hash}")
}
