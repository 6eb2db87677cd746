//! Rollups as items: the rows of an owner in chunks, each a [table](super::table) of columns.
//!
//! | Column | Meaning | Column | Meaning |
//! | --- | --- | --- | --- |
//! | `o` | owner | `u` | unblended cost |
//! | `te` `pr` `cc` `en` `cu` `wf` `ag` `b` | business dimensions, `b` the user's own | `n` | net unblended cost |
//! | `s` | service | `am` `na` | amortized and net amortized cost |
//! | `p` | publisher | `li` | list cost |
//! | `m` | model | `q` `un` | quantity and its unit |
//! | `me` | meter | `t` | tokens |
//! | `lt` | line type | `k` | number of lines |
//! | `c` | currency | `f` `l` | first line: its file and row |
//!
//! `pv` is the provider, AWS where it is missing, and `ca` the charge category.
//!
//! Positions have more: `a` account, `r` region, `pn` caller, `ux` the axes of the usage (tier, routing,
//! modality, context, cache lifetime, and last the usage type, between tabs), `bd` own dimensions that
//! summaries leave out, `tg` tags, `iv`
//! invoice, `ru` rule; `ao` and `ai` the split that a move of cost out of or into an owner belongs to.
//! Amounts and quantities are in femto-units; a cost that the bill does not state is left out.
//!
//! The attribute `table` begins with a byte that says how the rest is packed: 0 not at all, 1 as zlib
//! (RFC 1950), which is used where it saves a write unit.
//!
//! Money decides what a read survives. Owner, currency, costs and line counts must be readable: the
//! error names the item, whose key names bill and day. Anything else that is not what it should be,
//! such as a column of another type or a meter of a newer release, is shown as unknown and named in
//! the log.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::sync::Arc;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use ledger_app::ports::StoreError;
use ledger_core::business::{Business, BusinessField, BusinessKey};
use ledger_core::category::ChargeCategory;
use ledger_core::cost::{CostKind, Costs};
use ledger_core::currency::Currency;
use ledger_core::fact::{ChargeKey, DetailKey};
use ledger_core::line_item::Provenance;
use ledger_core::meter::Meter;
use ledger_core::money::{Money, MoneyError};
use ledger_core::owner::{Owner, UNATTRIBUTED};
use ledger_core::position::{AllocationId, EntryKind, PositionKey, SummaryKey};
use ledger_core::quantity::Quantity;
use ledger_core::rollup::{Measures, Position, Rollup, Row, Summary};
use ledger_core::source::Provider;
use ledger_core::usage::UsageAxes;
use ledger_core::word::{Label, Word};

use super::table::{Column, Damage, Pairs, Table, TableWriter};
use super::{Item, keys, malformed, row, text, text_of};

#[cfg(test)]
mod tests;

/// An item is limited to 400 KB: this much for the rows before they are packed, the rest for names of
/// files and keys.
const CHUNK_BYTES_MAX: usize = 256 * 1024;

/// A table has one row at least, whatever its size; none of a bill comes near this.
const TABLE_BYTES_MAX: u64 = 16 << 20;

/// Upper bound of a row's cells: five amounts and a quantity of 14 bytes, 30 numbers of 3, two of 10.
///
/// With the texts that are new to the chunk, but without the names of files, so that where chunks end
/// does not depend on these: two runs that write the same generation write the same chunks.
const CELLS_BYTES: usize = 6 * 14 + 30 * 3 + 2 * 10;

/// Bytes of a write request unit.
const WRITE_UNIT_BYTES: usize = 1024;

/// The first byte of a table that is not packed.
const PLAIN: u8 = 0;

/// The first byte of a table that is packed as zlib.
const ZLIB: u8 = 1;

/// The text in place of one that cannot be read.
const UNKNOWN: &str = "unknown";

/// The column of a business dimension.
fn column_of(field: BusinessField) -> &'static str {
    match field {
        BusinessField::Team => "te",
        BusinessField::Product => "pr",
        BusinessField::CostCentre => "cc",
        BusinessField::Environment => "en",
        BusinessField::Customer => "cu",
        BusinessField::Workflow => "wf",
        BusinessField::Agent => "ag",
    }
}

/// The column of a cost kind.
fn column_of_cost(kind: CostKind) -> &'static str {
    match kind {
        CostKind::Unblended => "u",
        CostKind::NetUnblended => "n",
        CostKind::Amortized => "am",
        CostKind::NetAmortized => "na",
        CostKind::List => "li",
    }
}

/// The items of one level of a day. `prefix` and `pk` are parts of their keys.
pub(super) fn chunks_of<'a>(
    pk: &str,
    prefix: &str,
    rollups: impl Iterator<Item = Row<'a>>,
) -> std::io::Result<Vec<Item>> {
    let mut by_owner: BTreeMap<String, OwnerChunks> = BTreeMap::new();
    for rollup in rollups {
        let owner = keys::bounded(rollup.summary().owner.as_str());
        by_owner.entry(owner).or_default().add(rollup);
    }
    let mut items = Vec::new();
    for (owner, chunks) in by_owner {
        for (at, table) in chunks.full.into_iter().chain([chunks.last]).enumerate() {
            let sk = format!("{prefix}{owner}#{at:04}");
            let table = packed(&table.finish(), pk.len() + sk.len())?;
            items.push(Item::from([
                ("pk".to_owned(), text(pk)),
                ("sk".to_owned(), text(sk)),
                ("table".to_owned(), AttributeValue::B(Blob::new(table))),
            ]));
        }
    }
    Ok(items)
}

/// The rows of one owner.
#[derive(Default)]
struct OwnerChunks {
    full: Vec<TableWriter>,
    last: TableWriter,
    last_bytes: usize,
}

impl OwnerChunks {
    fn add(&mut self, rollup: Row<'_>) {
        let mut bytes = bytes_of(&self.last, rollup);
        if self.last.row_count() > 0 && self.last_bytes + bytes > CHUNK_BYTES_MAX {
            self.full.push(std::mem::take(&mut self.last));
            self.last_bytes = 0;
            bytes = bytes_of(&self.last, rollup);
        }
        self.last_bytes += bytes;
        write(&mut self.last, rollup);
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
        let more = [&detail.account, &detail.region, &detail.caller, &detail.invoice_id, rule];
        texts.extend(more.into_iter().flatten().map(|it| &**it));
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
    let DetailKey { account, region, caller, axes, tags, invoice_id } = &position.detail;
    table.text("a", account.as_deref());
    table.text("r", region.as_deref());
    table.text("pn", caller.as_deref());
    table.text("ux", Some(&axes_text(axes)));
    table.pairs("bd", own_of(&position.business));
    table.pairs("tg", tags.iter().map(|(name, value)| (&**name, &**value)));
    table.text("iv", invoice_id.as_deref());
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

/// Axes as one text, so that rows share them.
fn axes_text(axes: &UsageAxes) -> String {
    let UsageAxes { usage_type, tier, routing, modality, context, cache_ttl } = axes;
    let texts = [
        tier.as_ref().map(Word::as_str),
        routing.as_ref().map(Word::as_str),
        modality.as_ref().map(Word::as_str),
        context.as_ref().map(Word::as_str),
        cache_ttl.as_ref().map(Word::as_str),
        usage_type.as_deref(),
    ];
    texts.map(Option::unwrap_or_default).join("\t")
}

/// Reads what [`axes_text`] gives.
fn axes_of(text: &str) -> Arc<UsageAxes> {
    fn word<T: Label>(text: Option<&str>) -> Option<Word<T>> {
        text.map(Word::parse)
    }
    let mut texts = text.splitn(6, '\t').map(|it| Some(it).filter(|it| !it.is_empty()));
    let mut next = || texts.next().flatten();
    Arc::new(UsageAxes {
        tier: word(next()),
        routing: word(next()),
        modality: word(next()),
        context: word(next()),
        cache_ttl: word(next()),
        usage_type: next().map(Arc::from),
    })
}

/// Packs a table where that saves a write unit. The same rows are the same bytes: neither the time nor
/// the machine goes in.
fn packed(table: &[u8], key_bytes: usize) -> std::io::Result<Vec<u8>> {
    let names = "pkskttable".len();
    let units = |bytes: usize| (key_bytes + names + bytes).div_ceil(WRITE_UNIT_BYTES);
    let plain = [&[PLAIN], table].concat();
    if units(plain.len()) <= 1 {
        return Ok(plain);
    }
    let mut encoder = ZlibEncoder::new(vec![ZLIB], Compression::default());
    encoder.write_all(table)?;
    let zlib = encoder.finish()?;
    Ok(if units(zlib.len()) < units(plain.len()) { zlib } else { plain })
}

/// Reads the rollups of an item, in whatever form it is.
pub(super) fn rollups_of(item: &Item) -> Result<Vec<Rollup>, StoreError> {
    let packed = match item.get("table") {
        Some(AttributeValue::B(packed)) => packed.as_ref(),
        Some(_) => return Err(malformed(item, "`table` is not bytes")),
        // The release before wrote rows.
        None => return row::rollups_of(item),
    };
    let mut unpacked = Vec::new();
    let table = match packed.split_first() {
        Some((&PLAIN, table)) => table,
        Some((&ZLIB, zlib)) => {
            let outcome = ZlibDecoder::new(zlib).take(TABLE_BYTES_MAX).read_to_end(&mut unpacked);
            outcome.map_err(|err| malformed(item, format!("`table` cannot be unpacked: {err}")))?;
            &unpacked
        }
        Some((form, _)) => {
            return Err(malformed(item, format!("`table` is packed in form {form}, not 0 or 1")));
        }
        None => return Err(malformed(item, "`table` is empty")),
    };
    let is_detail = text_of(item, "sk")?.starts_with(keys::DETAIL_PREFIX);
    let unread = |err: Damage| malformed(item, format!("`table` cannot be read: {err}"));
    let table = Table::parse(table).map_err(unread)?;
    let columns = Columns::new(&table, is_detail).map_err(unread)?;
    let rollup = |row| columns.rollup(row).map_err(|it| malformed(item, it.of_row(row)));
    let rollups = (0..table.row_count()).map(rollup).collect::<Result<_, _>>()?;
    for problem in &columns.problems {
        tracing::warn!("item `{}` is read in part: {problem}", super::key_of(item));
    }
    Ok(rollups)
}

/// Columns of a table by what they hold.
struct Columns {
    owner: Column<Owner>,
    business: Vec<(BusinessField, Column<Arc<str>>)>,
    service: Column<Arc<str>>,
    publisher: Column<Arc<str>>,
    model: Column<Arc<str>>,
    provider: Column<Provider>,
    own: Column<Arc<Pairs>>,
    category: Column<Word<ChargeCategory>>,
    meter: Column<Word<Meter>>,
    line_type: Column<Arc<str>>,
    unit: Column<Arc<str>>,
    currency: Column<Result<Currency, Arc<str>>>,
    costs: Vec<(CostKind, Column<i128>)>,
    quantity: Column<i128>,
    tokens: Column<u64>,
    line_count: Column<u64>,
    file: Column<Arc<str>>,
    line: Column<u64>,
    detail: Option<DetailColumns>,
    /// The text in place of one that cannot be read.
    unknown: Arc<str>,
    /// Columns and words that are shown as unknown.
    problems: Vec<String>,
}

struct DetailColumns {
    account: Column<Arc<str>>,
    region: Column<Arc<str>>,
    caller: Column<Arc<str>>,
    axes: Column<Arc<UsageAxes>>,
    own: Column<Arc<Pairs>>,
    tags: Column<Arc<Pairs>>,
    invoice_id: Column<Arc<str>>,
    rule: Column<Arc<str>>,
    allocated_out: Column<Arc<str>>,
    allocated_in: Column<Arc<str>>,
    no_tags: Arc<Pairs>,
    no_axes: Arc<UsageAxes>,
}

/// Reason why a row's money cannot be counted.
enum RowError {
    Missing(&'static str),
    UnknownCurrency(Arc<str>),
    Money(MoneyError),
}

impl RowError {
    fn of_row(&self, row: usize) -> String {
        match self {
            RowError::Missing(column) => format!("row {row} of `table` has no `{column}`"),
            RowError::UnknownCurrency(code) => {
                format!("row {row} of `table` is in `{code}`, which is not a currency known here")
            }
            RowError::Money(err) => format!("row {row} of `table` has no amount of money: {err}"),
        }
    }
}

/// The values of the user's own dimensions in a row.
fn own_values(
    column: &Column<Arc<Pairs>>,
    row: usize,
) -> impl Iterator<Item = (BusinessKey, Arc<str>)> {
    let pairs = column.get(row).cloned();
    pairs.into_iter().flat_map(|pairs| {
        let values =
            pairs.iter().map(|(name, value)| (BusinessKey::of_stored(name), value.clone()));
        values.collect::<Vec<_>>()
    })
}

/// Columns that are shown as unknown where they cannot be read.
struct Lenient<'a> {
    table: &'a Table<'a>,
    problems: Vec<String>,
}

impl Lenient<'_> {
    fn read<T>(&mut self, column: Result<Column<T>, Damage>) -> Column<T> {
        column.unwrap_or_else(|err| {
            self.problems.push(err.to_string());
            Column::Constant(None)
        })
    }

    fn texts(&mut self, name: &str) -> Column<Arc<str>> {
        let column = self.table.texts(name);
        self.read(column)
    }
}

impl Columns {
    fn new(table: &Table<'_>, is_detail: bool) -> Result<Columns, Damage> {
        let mut lenient = Lenient { table, problems: Vec::new() };
        let mut unknown_meters: Vec<String> = Vec::new();
        let meter = lenient.texts("me").map(|text| {
            let meter = Word::parse(text);
            if meter.known().is_none() {
                unknown_meters.push(format!("`{text}` is not a meter known here"));
            }
            meter
        });
        unknown_meters.dedup();
        let amounts = |kind| Ok((kind, table.amounts(column_of_cost(kind))?));
        let mut columns = Columns {
            owner: table.texts("o")?.map(owner_of),
            business: BusinessField::ALL
                .iter()
                .map(|it| (*it, lenient.texts(column_of(*it))))
                .collect(),
            own: lenient.read(table.pairs("b")),
            provider: lenient.texts("pv").map(|it| Provider::parse(it)),
            category: lenient.texts("ca").map(|it| Word::parse(it)),
            service: lenient.texts("s"),
            publisher: lenient.texts("p"),
            model: lenient.texts("m"),
            meter,
            line_type: lenient.texts("lt"),
            unit: lenient.texts("un"),
            currency: table
                .texts("c")?
                .map(|code| Currency::parse(code).map_err(|_| Arc::clone(code))),
            costs: CostKind::ALL.into_iter().map(amounts).collect::<Result<_, Damage>>()?,
            quantity: lenient.read(table.amounts("q")),
            tokens: lenient.read(table.numbers("t")),
            line_count: table.numbers("k")?,
            file: lenient.texts("f"),
            line: lenient.read(table.numbers("l")),
            detail: is_detail.then(|| DetailColumns::new(&mut lenient)),
            unknown: UNKNOWN.into(),
            problems: lenient.problems,
        };
        columns.problems.extend(unknown_meters);
        Ok(columns)
    }

    fn rollup(&self, row: usize) -> Result<Rollup, RowError> {
        let currency = match self.currency.get(row) {
            Some(Ok(currency)) => *currency,
            Some(Err(code)) => return Err(RowError::UnknownCurrency(Arc::clone(code))),
            None => return Err(RowError::Missing("c")),
        };
        let named = self.business.iter().filter_map(|(field, column)| {
            Some((BusinessKey::Named(*field), Arc::clone(column.get(row)?)))
        });
        let business = named.chain(own_values(&self.own, row)).collect();
        let known = |column: &Column<Arc<str>>| column.get(row).unwrap_or(&self.unknown).clone();
        let key = SummaryKey {
            owner: self.owner.get(row).cloned().ok_or(RowError::Missing("o"))?,
            business,
            charge: ChargeKey {
                provider: self.provider.get(row).cloned().unwrap_or(Provider::Aws),
                category: self.category.get(row).cloned(),
                service: known(&self.service),
                publisher: self.publisher.get(row).cloned(),
                model: self.model.get(row).cloned(),
                meter: self.meter.get(row).cloned().unwrap_or(Word::Known(Meter::Unknown)),
                line_type: known(&self.line_type),
                unit: self.unit.get(row).cloned(),
                currency,
            },
        };
        let measures = self.measures(row, currency)?;
        Ok(match &self.detail {
            None => Rollup::Summary(Summary { key, measures }),
            Some(detail) => {
                let key = detail.position(row, key);
                Rollup::Position(Position { key, measures })
            }
        })
    }

    fn measures(&self, row: usize, currency: Currency) -> Result<Measures, RowError> {
        let amount = |kind: CostKind| {
            let column = self.costs.iter().find(|it| it.0 == kind);
            let amount = column.and_then(|it| it.1.get(row));
            amount.map(|it| Money::from_femto_units(*it, currency)).transpose()
        };
        let costs = || {
            let Some(unblended) = amount(CostKind::Unblended)? else { return Ok(None) };
            Costs::new(unblended, amount(CostKind::NetUnblended)?)?
                .with_list(amount(CostKind::List)?)?
                .amortized_to(amount(CostKind::Amortized)?, amount(CostKind::NetAmortized)?)
                .map(Some)
        };
        let first_line = self.file.get(row).zip(self.line.get(row));
        let quantity = self.quantity.get(row).map(|it| Quantity::from_femto_units(*it));
        Ok(Measures {
            costs: costs().map_err(RowError::Money)?.ok_or(RowError::Missing("u"))?,
            quantity: quantity.transpose().map_err(RowError::Money)?,
            tokens: self.tokens.get(row).copied(),
            line_count: self.line_count.get(row).copied().ok_or(RowError::Missing("k"))?,
            first_line: first_line
                .map(|(file, line)| Provenance { file: Arc::clone(file), line: *line }),
        })
    }
}

impl DetailColumns {
    fn new(lenient: &mut Lenient<'_>) -> DetailColumns {
        DetailColumns {
            account: lenient.texts("a"),
            region: lenient.texts("r"),
            caller: lenient.texts("pn"),
            axes: lenient.texts("ux").map(|it| axes_of(it)),
            own: lenient.read(lenient.table.pairs("bd")),
            tags: lenient.read(lenient.table.pairs("tg")),
            invoice_id: lenient.texts("iv"),
            rule: lenient.texts("ru"),
            allocated_out: lenient.texts("ao"),
            allocated_in: lenient.texts("ai"),
            no_tags: Arc::default(),
            no_axes: Arc::default(),
        }
    }

    fn position(&self, row: usize, summary: SummaryKey) -> PositionKey {
        let id = |column: &Column<Arc<str>>| column.get(row).cloned().map(AllocationId);
        let kind = match (id(&self.allocated_out), id(&self.allocated_in)) {
            (Some(id), _) => EntryKind::AllocatedOut(id),
            (None, Some(id)) => EntryKind::AllocatedIn(id),
            (None, None) => EntryKind::Charge,
        };
        let detail = DetailKey {
            account: self.account.get(row).cloned(),
            region: self.region.get(row).cloned(),
            caller: self.caller.get(row).cloned(),
            axes: Arc::clone(self.axes.get(row).unwrap_or(&self.no_axes)),
            tags: Arc::clone(self.tags.get(row).unwrap_or(&self.no_tags)),
            invoice_id: self.invoice_id.get(row).cloned(),
        };
        let business = own_values(&self.own, row).collect();
        PositionKey { summary, detail, business, rule: self.rule.get(row).cloned(), kind }
    }
}

fn owner_of(name: &Arc<str>) -> Owner {
    if **name == *UNATTRIBUTED { Owner::Unattributed } else { Owner::Named(Arc::clone(name)) }
}
