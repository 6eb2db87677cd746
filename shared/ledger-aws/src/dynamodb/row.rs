//! Rollups as JSON rows, packed into chunks.
//!
//! The rows of a chunk are one compressed JSON text: DynamoDB charges by size, and names of callers,
//! models and tags repeat from row to row.
//!
//! | Name | Meaning | Name | Meaning |
//! | --- | --- | --- | --- |
//! | `o` | owner | `u` | unblended cost |
//! | `te` `pr` `cc` `en` `cu` `wf` `ag` | business dimensions | `n` | net unblended cost |
//! | `s` | service | `t` | tokens |
//! | `p` | publisher | `k` | how many lines |
//! | `m` | model | `d` | detail, see below |
//! | `me` | meter | `f` | first line: its file's place in `files` |
//! | `lt` | line type | `l` | first line: its row |
//! | `un` | unit of the quantity | `q` | quantity |
//! | `c` | currency | `am` `na` | amortized cost and net amortized cost, where they differ from `u` and `n` |
//!
//! `li` is the list cost, where the bill states one.
//!
//! Within `d`: `a` account, `r` region, `pn` caller, `ut` usage type, `tg` tags, `iv` invoice, `ru` rule; `ao` and
//! `ai` the split that a move of cost out of or into an owner belongs to.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::sync::Arc;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use ledger_app::ports::StoreError;
use ledger_core::business::Business;
use ledger_core::cost::CostKind;
use ledger_core::currency::Currency;
use ledger_core::fact::{ChargeKey, DetailKey};
use ledger_core::line_item::Provenance;
use ledger_core::meter::Meter;
use ledger_core::owner::Owner;
use ledger_core::position::{AllocationId, EntryKind, PositionKey, SummaryKey};
use ledger_core::quantity::Quantity;
use ledger_core::rollup::{self, Measures, Position, Rollup, Summary};
use serde::{Deserialize, Serialize};

use super::head::{StoredAmounts, amount, costs_of};
use super::{Item, keys, malformed, text, text_of};

/// An item is limited to 400 KB: half of it for rows, the rest for names of files and keys.
const CHUNK_BYTES_MAX: usize = 200 * 1024;

/// A chunk has one row at least, whatever its size; none of a bill comes near this.
const ROWS_BYTES_MAX: u64 = 16 << 20;

/// What a row's first line and the separators may take: two numbers of 20 digits and their names.
///
/// Counted for each row alike, so that where chunks end does not depend on names of files: two runs
/// that write the same generation write the same chunks.
const FIRST_LINE_BYTES: usize = 64;

type Text<'a> = Cow<'a, str>;

#[derive(Deserialize, Serialize)]
struct Row<'a> {
    o: Text<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    te: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pr: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cc: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    en: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cu: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wf: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ag: Option<Text<'a>>,
    s: Text<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    p: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    m: Option<Text<'a>>,
    me: Text<'a>,
    lt: Text<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    un: Option<Text<'a>>,
    c: Text<'a>,
    u: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    n: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    am: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    na: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    li: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    q: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    t: Option<u64>,
    k: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    d: Option<RowDetail<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    f: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    l: Option<u64>,
}

#[derive(Deserialize, Serialize)]
struct RowDetail<'a> {
    a: Text<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    r: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pn: Option<Text<'a>>,
    ut: Text<'a>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    tg: BTreeMap<Text<'a>, Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    iv: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ru: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ao: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ai: Option<Text<'a>>,
}

fn borrowed(text: &Arc<str>) -> Text<'_> {
    Cow::Borrowed(text)
}

fn optional(text: &Option<Arc<str>>) -> Option<Text<'_>> {
    text.as_ref().map(borrowed)
}

/// A row without its first line.
fn row_of(rollup: rollup::Row<'_>) -> Row<'_> {
    let SummaryKey { owner, business, charge } = rollup.summary();
    let measures = rollup.measures();
    let Business { team, product, cost_centre, environment, customer, workflow, agent } = business;
    let detail = rollup.position().map(detail_of);
    Row {
        o: Cow::Borrowed(owner.as_str()),
        te: optional(team),
        pr: optional(product),
        cc: optional(cost_centre),
        en: optional(environment),
        cu: optional(customer),
        wf: optional(workflow),
        ag: optional(agent),
        s: borrowed(&charge.service),
        p: optional(&charge.publisher),
        m: optional(&charge.model),
        me: Cow::Borrowed(charge.meter.as_str()),
        lt: borrowed(&charge.line_type),
        un: optional(&charge.unit),
        c: Cow::Borrowed(charge.currency.as_str()),
        u: amount(&measures.costs, CostKind::Unblended).unwrap_or_default(),
        n: amount(&measures.costs, CostKind::NetUnblended),
        am: amount(&measures.costs, CostKind::Amortized),
        na: amount(&measures.costs, CostKind::NetAmortized),
        li: amount(&measures.costs, CostKind::List),
        q: measures.quantity.map(|it| it.to_string()),
        t: measures.tokens,
        k: measures.line_count,
        d: detail,
        f: None,
        l: None,
    }
}

fn detail_of(key: &PositionKey) -> RowDetail<'_> {
    let DetailKey { account, region, caller, usage_type, tags, invoice_id } = &key.detail;
    let (ao, ai) = match &key.kind {
        EntryKind::Charge => (None, None),
        EntryKind::AllocatedOut(id) => (Some(borrowed(&id.0)), None),
        EntryKind::AllocatedIn(id) => (None, Some(borrowed(&id.0))),
    };
    RowDetail {
        a: borrowed(account),
        r: optional(region),
        pn: optional(caller),
        ut: borrowed(usage_type),
        tg: tags.iter().map(|(name, value)| (borrowed(name), borrowed(value))).collect(),
        iv: optional(invoice_id),
        ru: optional(&key.rule),
        ao,
        ai,
    }
}

fn rollup_of(row: Row<'_>, files: &[Arc<str>]) -> Option<Rollup> {
    let arc = |text: Option<Text<'_>>| text.map(|it| Arc::from(it.as_ref()));
    let currency = Currency::parse(&row.c).ok()?;
    let first_line = match (row.f, row.l) {
        (Some(file), Some(line)) => Some(Provenance { file: Arc::clone(files.get(file)?), line }),
        _ => None,
    };
    let summary = SummaryKey {
        owner: Owner::parse(&row.o),
        business: Business {
            team: arc(row.te),
            product: arc(row.pr),
            cost_centre: arc(row.cc),
            environment: arc(row.en),
            customer: arc(row.cu),
            workflow: arc(row.wf),
            agent: arc(row.ag),
        },
        charge: ChargeKey {
            service: row.s.into(),
            publisher: arc(row.p),
            model: arc(row.m),
            meter: Meter::parse(&row.me)?,
            line_type: row.lt.into(),
            unit: arc(row.un),
            currency,
        },
    };
    let stored = StoredAmounts {
        unblended: &row.u,
        net_unblended: row.n.as_deref(),
        amortized: row.am.as_deref(),
        net_amortized: row.na.as_deref(),
        list: row.li.as_deref(),
    };
    let measures = Measures {
        costs: costs_of(stored, currency)?,
        quantity: row.q.map(|it| Quantity::parse(&it)).transpose().ok()?,
        tokens: row.t,
        line_count: row.k,
        first_line,
    };
    Some(match row.d {
        None => Rollup::Summary(Summary { key: summary, measures }),
        Some(detail) => {
            Rollup::Position(Position { key: position_key(summary, detail)?, measures })
        }
    })
}

fn position_key(summary: SummaryKey, row: RowDetail<'_>) -> Option<PositionKey> {
    let arc = |text: Option<Text<'_>>| text.map(|it| Arc::from(it.as_ref()));
    let kind = match (row.ao, row.ai) {
        (None, None) => EntryKind::Charge,
        (Some(id), None) => EntryKind::AllocatedOut(AllocationId(id.into())),
        (None, Some(id)) => EntryKind::AllocatedIn(AllocationId(id.into())),
        (Some(_), Some(_)) => return None,
    };
    let detail = DetailKey {
        account: row.a.into(),
        region: arc(row.r),
        caller: arc(row.pn),
        usage_type: row.ut.into(),
        tags: Arc::new(row.tg.into_iter().map(|(key, tag)| (key.into(), tag.into())).collect()),
        invoice_id: arc(row.iv),
    };
    Some(PositionKey { summary, detail, rule: arc(row.ru), kind })
}

/// Reads the rows of a chunk.
pub(super) fn rollups_of(item: &Item) -> Result<Vec<Rollup>, StoreError> {
    let unread =
        |name: &str, err| malformed(item, format!("`{name}` is not what was written: {err}"));
    let text = unpacked(item)?;
    let rows: Vec<Row<'_>> = serde_json::from_str(&text).map_err(|err| unread("rows", err))?;
    let files: Vec<String> =
        serde_json::from_str(text_of(item, "files")?).map_err(|err| unread("files", err))?;
    let files: Vec<Arc<str>> = files.into_iter().map(Arc::from).collect();
    rows.into_iter()
        .enumerate()
        .map(|(at, row)| {
            rollup_of(row, &files)
                .ok_or_else(|| malformed(item, format!("row {at} has a value of no known form")))
        })
        .collect()
}

/// The text of a chunk's rows.
fn unpacked(item: &Item) -> Result<String, StoreError> {
    let packed = match item.get("rows") {
        Some(AttributeValue::B(packed)) => packed.as_ref(),
        // As it was written before rows were compressed.
        Some(AttributeValue::S(text)) => return Ok(text.clone()),
        _ => return Err(malformed(item, "`rows` is missing; expected bytes")),
    };
    let mut text = String::new();
    let outcome = ZlibDecoder::new(packed).take(ROWS_BYTES_MAX).read_to_string(&mut text);
    outcome.map_err(|err| malformed(item, format!("`rows` cannot be unpacked: {err}")))?;
    Ok(text)
}

/// The same rows are the same bytes: nothing of the time or the machine goes in.
fn packed(rows: &[String]) -> Result<AttributeValue, serde_json::Error> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    let text = format!("[{}]", rows.join(","));
    let written = encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish());
    Ok(AttributeValue::B(Blob::new(written.map_err(serde_json::Error::io)?)))
}

/// The items of one level of a day. `prefix` and `pk` are parts of their keys.
pub(super) fn chunks_of<'a>(
    pk: &str,
    prefix: &str,
    rollups: impl Iterator<Item = rollup::Row<'a>>,
) -> Result<Vec<Item>, serde_json::Error> {
    let mut by_owner: BTreeMap<String, OwnerChunks> = BTreeMap::new();
    for rollup in rollups {
        let owner = keys::bounded(rollup.summary().owner.as_str());
        by_owner.entry(owner).or_default().add(rollup)?;
    }
    let mut items = Vec::new();
    for (owner, chunks) in by_owner {
        for (at, chunk) in chunks.0.into_iter().enumerate() {
            items.push(Item::from([
                ("pk".to_owned(), text(pk)),
                ("sk".to_owned(), text(format!("{prefix}{owner}#{at:04}"))),
                ("rows".to_owned(), packed(&chunk.rows)?),
                (
                    "files".to_owned(),
                    text(serde_json::to_string(
                        &chunk.files.iter().map(AsRef::as_ref).collect::<Vec<&str>>(),
                    )?),
                ),
            ]));
        }
    }
    Ok(items)
}

#[derive(Default)]
struct OwnerChunks(Vec<Chunk>);

#[derive(Default)]
struct Chunk {
    rows: Vec<String>,
    files: Vec<Arc<str>>,
    bytes: usize,
}

impl OwnerChunks {
    fn add(&mut self, rollup: rollup::Row<'_>) -> Result<(), serde_json::Error> {
        let mut row = row_of(rollup);
        let bytes = serde_json::to_string(&row)?.len() + FIRST_LINE_BYTES;
        let mut chunk = match self.0.pop() {
            Some(chunk) if chunk.bytes + bytes <= CHUNK_BYTES_MAX => chunk,
            Some(full) => {
                self.0.push(full);
                Chunk::default()
            }
            None => Chunk::default(),
        };
        if let Some(first) = &rollup.measures().first_line {
            let known = chunk.files.iter().position(|it| *it == first.file);
            row.f = Some(known.unwrap_or(chunk.files.len()));
            row.l = Some(first.line);
            if known.is_none() {
                chunk.files.push(Arc::clone(&first.file));
            }
        }
        chunk.rows.push(serde_json::to_string(&row)?);
        chunk.bytes += bytes;
        self.0.push(chunk);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::number;
    use super::*;

    const ROW: &str = r#"{"o":"search","s":"Amazon Bedrock","me":"input_tokens","lt":"Usage","c":"USD","u":"1.5","k":1}"#;

    fn owners(rows: AttributeValue) -> Result<Vec<String>, String> {
        let files = ("files".to_owned(), text("[]"));
        let item = Item::from([("rows".to_owned(), rows), files]);
        let rollups = rollups_of(&item).map_err(|err| err.to_string())?;
        Ok(rollups.iter().map(|it| it.row().summary().owner.as_str().to_owned()).collect())
    }

    #[test]
    fn rows_are_read_compressed_and_as_they_were_before() {
        let rows = vec![ROW.to_owned(); 2];
        let expected = Ok(vec!["search".to_owned(); 2]);
        assert_eq!(owners(packed(&rows).unwrap()), expected);
        assert_eq!(owners(text(format!("[{ROW},{ROW}]"))), expected);
        assert_eq!(packed(&rows).unwrap(), packed(&rows).unwrap());
    }

    fn costs(row: &str) -> Vec<String> {
        let rows = ("rows".to_owned(), text(format!("[{row}]")));
        let item = Item::from([rows, ("files".to_owned(), text("[]"))]);
        let rollups = rollups_of(&item).unwrap();
        let costs = &rollups[0].row().measures().costs;
        CostKind::ALL.map(|kind| costs.of(kind).amount().to_string()).to_vec()
    }

    #[test]
    fn amortized_costs_are_read_where_they_are_written() {
        assert_eq!(costs(ROW), ["1.5"; 5]);
        let with = |fields: &str| ROW.replace(r#""u":"1.5""#, fields);
        let net = with(r#""u":"1.5","n":"1.2""#);
        assert_eq!(costs(&net), ["1.5", "1.2", "1.5", "1.2", "1.5"]);
        let amortized = with(r#""u":"1.5","n":"1.2","am":"2","na":"1.75""#);
        assert_eq!(costs(&amortized), ["1.5", "1.2", "2", "1.75", "1.5"]);
        let list = with(r#""u":"1.5","li":"2.5""#);
        assert_eq!(costs(&list), ["1.5", "1.5", "1.5", "1.5", "2.5"]);
    }

    #[test]
    fn a_row_without_amortized_costs_is_written_as_before() {
        let row: Row<'_> = serde_json::from_str(ROW).unwrap();
        let rollup = rollup_of(row, &[]).unwrap();
        let written = serde_json::to_string(&row_of(rollup.row())).unwrap();
        assert_eq!(written, ROW);
    }

    #[test]
    fn rows_that_are_not_what_was_written_are_refused() {
        for (rows, expected) in [
            (AttributeValue::B(Blob::new(*b"no zlib")), "`rows` cannot be unpacked: "),
            (number(1), "`rows` is missing; expected bytes"),
        ] {
            let err = owners(rows).unwrap_err();
            assert!(err.contains(expected), "{err}");
        }
    }
}
