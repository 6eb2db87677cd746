//! Rollups cut into items.

use std::io;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use ledger_core::bill_text::BillText;
use ledger_core::business::{Business, BusinessField, BusinessKey};
use ledger_core::cost::CostKind;
use ledger_core::dimension::Level;
use ledger_core::fact::{ChargeKey, DetailKey};
use ledger_core::money::Money;
use ledger_core::owner::Owner;
use ledger_core::position::{EntryKind, PositionKey, SummaryKey};
use ledger_core::quantity::Quantity;
use ledger_core::rollup::{Measures, Row};
use ledger_core::source::Provider;
use ledger_core::word::Word;

use super::axes::axes_text;
use super::packing::Packer;
use super::{column_of, column_of_cost, column_of_text};
use crate::dynamodb::table::TableWriter;
use crate::dynamodb::{Item, keys, text};

/// An item is limited to 400 KB: this much for the rows before they are packed, the rest for names of
/// files and keys.
const CHUNK_BYTES_MAX: usize = 256 * 1024;

/// Upper bound of a row's cells: five amounts and a quantity of 14 bytes, numbers of 3, two of 10.
///
/// With the texts that are new to the chunk, but without the names of files, so that where chunks end
/// does not depend on these: two runs that write the same generation write the same chunks.
const CELLS_BYTES: usize = 6 * 14 + (28 + BillText::COUNT) * 3 + 2 * 10;

/// Cuts the rows of one level of a day into items, one at a time: a day can have very many owners.
///
/// The rows of one owner follow each other.
pub(in crate::dynamodb) struct Chunks<'a> {
    pk: &'a str,
    /// The part of the sort key that names the level.
    prefix: &'static str,
    packer: Packer,
    /// The owner of the current item.
    owner: Option<Owner>,
    /// The number of items that this owner has already.
    owner_item_count: usize,
    table: TableWriter,
    table_bytes: usize,
}

impl<'a> Chunks<'a> {
    pub(in crate::dynamodb) fn new(pk: &'a str, level: Level) -> Chunks<'a> {
        Chunks {
            pk,
            prefix: keys::level_prefix(level),
            packer: Packer::default(),
            owner: None,
            owner_item_count: 0,
            table: TableWriter::default(),
            table_bytes: 0,
        }
    }

    /// Adds a row; returns an item that ended before it.
    pub(in crate::dynamodb) fn add(&mut self, rollup: Row<'_>) -> io::Result<Option<Item>> {
        let owner = &rollup.summary().owner;
        let mut ended = None;
        if self.owner.as_ref() != Some(owner) {
            ended = self.end()?;
            self.owner = Some(owner.clone());
            self.owner_item_count = 0;
        }
        let mut bytes = bytes_of(&self.table, rollup);
        if self.table.row_count() > 0 && self.table_bytes + bytes > CHUNK_BYTES_MAX {
            ended = self.end()?;
            bytes = bytes_of(&self.table, rollup);
        }
        self.table_bytes += bytes;
        write(&mut self.table, rollup);
        Ok(ended)
    }

    /// Ends the current item, if it has rows.
    pub(in crate::dynamodb) fn end(&mut self) -> io::Result<Option<Item>> {
        let Some(owner) = self.owner.as_ref().filter(|_| self.table.row_count() > 0) else {
            return Ok(None);
        };
        let owner = keys::bounded(owner.as_str());
        let sk = format!("{}{owner}#{:04}", self.prefix, self.owner_item_count);
        self.owner_item_count += 1;
        self.table_bytes = 0;
        let table = std::mem::take(&mut self.table).finish();
        let table = self.packer.packed(&table, self.pk.len() + sk.len())?;
        Ok(Some(Item::from([
            ("pk".to_owned(), text(self.pk)),
            ("sk".to_owned(), text(sk)),
            ("table".to_owned(), AttributeValue::B(Blob::new(table))),
        ])))
    }
}

/// Upper bound of the bytes that a row adds to a table, without its file.
fn bytes_of(table: &TableWriter, rollup: Row<'_>) -> usize {
    let SummaryKey { owner, business, charge } = rollup.summary();
    let own = own_of(business).flat_map(|(name, value)| [name, value]);
    let axes = rollup.position().map(|it| axes_text(&it.detail.axes)).unwrap_or_default();
    let fields = BusinessField::ALL.iter().filter_map(|it| it.of(business));
    let charge_texts = [charge.publisher.as_ref(), charge.model.as_ref(), charge.unit.as_ref()];
    let mut texts: Vec<&str> = vec![owner.as_str(), &charge.service, &charge.line_type];
    texts.push(charge.provider.as_str());
    texts.extend(charge.category.as_ref().map(Word::as_str));
    texts.extend(own);
    texts.extend(fields.chain(charge_texts.into_iter().flatten()).map(|it| &**it));
    if let Some(PositionKey { detail, business, rule, .. }) = rollup.position() {
        texts.extend(own_of(business).flat_map(|(name, value)| [name, value]));
        let more = [&detail.account, &detail.caller, rule];
        texts.extend(more.into_iter().flatten().map(|it| &**it));
        texts.extend(detail.texts.iter().map(|(_, text)| &**text));
        texts.extend(detail.tags.iter().flat_map(|(name, value)| [&**name, &**value]));
    }
    let texts = texts.into_iter().map(|it| table.bytes_of_text(it));
    texts.fold(CELLS_BYTES + table.bytes_of_text(&axes), usize::saturating_add)
}

/// Adds a row.
fn write(table: &mut TableWriter, rollup: Row<'_>) {
    let SummaryKey { owner, business, charge } = rollup.summary();
    table.row();
    table.text("o", Some(owner.as_str()));
    for field in BusinessField::ALL {
        table.text(column_of(*field), field.of(business).map(|it| &**it));
    }
    table.pairs("b", own_of(business));
    let ChargeKey {
        provider,
        service,
        publisher,
        model,
        meter,
        category,
        line_type,
        unit,
        currency,
    } = charge;
    table.text("pv", Some(provider.as_str()).filter(|_| *provider != Provider::Aws));
    table.text("ca", category.as_ref().map(Word::as_str));
    table.text("s", Some(service));
    table.text("p", publisher.as_deref());
    table.text("m", model.as_deref());
    table.text("me", Some(meter.as_str()));
    table.text("lt", Some(line_type));
    table.text("un", unit.as_deref());
    table.text("c", Some(currency.as_str()));
    let Measures { costs, quantity, tokens, line_count, first_line } = rollup.measures();
    for kind in CostKind::ALL {
        table.amount(column_of_cost(kind), costs.stated(kind).map(Money::femto_units));
    }
    table.amount("q", quantity.map(Quantity::femto_units));
    table.number("t", *tokens);
    table.number("k", Some(*line_count));
    table.text("f", first_line.as_ref().map(|it| &*it.file));
    table.number("l", first_line.as_ref().map(|it| it.line));
    if let Some(position) = rollup.position() {
        write_detail(table, position);
    }
}

fn write_detail(table: &mut TableWriter, position: &PositionKey) {
    let DetailKey { account, texts, caller, axes, tags } = &position.detail;
    table.text("a", account.as_deref());
    table.text("pn", caller.as_deref());
    table.text("ux", Some(&axes_text(axes)));
    table.pairs("bd", own_of(&position.business));
    table.pairs("tg", tags.iter().map(|(name, value)| (&**name, &**value)));
    for text in BillText::ALL {
        table.text(column_of_text(*text), texts.get(*text).map(|it| &**it));
    }
    table.text("ru", position.rule.as_deref());
    match &position.kind {
        EntryKind::Charge => {}
        EntryKind::AllocatedOut(id) => table.text("ao", Some(&id.0)),
        EntryKind::AllocatedIn(id) => table.text("ai", Some(&id.0)),
    }
}

/// The values of the user's own dimensions, and of any that this release does not know.
fn own_of(business: &Business) -> impl Iterator<Item = (&str, &str)> {
    let is_own = |key: &BusinessKey| matches!(key, BusinessKey::Own(_));
    business.iter().filter(move |(key, _)| is_own(key)).map(|(key, value)| (key.as_str(), &**value))
}
