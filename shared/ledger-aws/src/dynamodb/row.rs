//! Rollups as JSON rows, the form before [chunks](super::chunk) were tables: read, never written.
//!
//! `rows` is a JSON text, compressed as zlib (RFC 1950) or, in the oldest ledgers, as it is. The names
//! are those of the columns of a table, with these differences: amounts are decimal texts; `f` is the
//! place of the first line's file in the JSON list `files`; what only positions have is within `d`. A
//! row without `d` is a summary.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use flate2::read::ZlibDecoder;
use ledger_app::ports::StoreError;
use ledger_core::aws::line_type::category_of;
use ledger_core::aws::usage_type::UsageType;
use ledger_core::bill_text::{BillText, BillTexts};
use ledger_core::business::{Business, BusinessField, BusinessKey};
use ledger_core::currency::Currency;
use ledger_core::fact::{ChargeKey, DetailKey};
use ledger_core::line_item::Provenance;
use ledger_core::owner::Owner;
use ledger_core::position::{EntryKind, PositionKey, SummaryKey};
use ledger_core::rollup::{Measures, Position, Rollup, Summary};
use ledger_core::source::Provider;
use ledger_core::usage::UsageAxes;
use ledger_core::word::Word;
use serde::Deserialize;

use super::head::{StoredAmounts, costs_of};
use super::{Item, json_fault, malformed, text_of};

/// A chunk has one row at least, whatever its size; none of a bill comes near this.
const ROWS_BYTES_MAX: u64 = 16 << 20;

type Text<'a> = Cow<'a, str>;

#[derive(Deserialize)]
struct Row<'a> {
    o: Text<'a>,
    #[serde(default)]
    te: Option<Text<'a>>,
    #[serde(default)]
    pr: Option<Text<'a>>,
    #[serde(default)]
    cc: Option<Text<'a>>,
    #[serde(default)]
    en: Option<Text<'a>>,
    #[serde(default)]
    cu: Option<Text<'a>>,
    #[serde(default)]
    wf: Option<Text<'a>>,
    #[serde(default)]
    ag: Option<Text<'a>>,
    s: Text<'a>,
    #[serde(default)]
    p: Option<Text<'a>>,
    #[serde(default)]
    m: Option<Text<'a>>,
    me: Text<'a>,
    lt: Text<'a>,
    c: Text<'a>,
    u: String,
    #[serde(default)]
    n: Option<String>,
    #[serde(default)]
    am: Option<String>,
    #[serde(default)]
    na: Option<String>,
    #[serde(default)]
    t: Option<u64>,
    k: u64,
    #[serde(default)]
    d: Option<RowDetail<'a>>,
    #[serde(default)]
    f: Option<usize>,
    #[serde(default)]
    l: Option<u64>,
}

#[derive(Deserialize)]
struct RowDetail<'a> {
    a: Text<'a>,
    #[serde(default)]
    r: Option<Text<'a>>,
    #[serde(default)]
    pn: Option<Text<'a>>,
    ut: Text<'a>,
    #[serde(default)]
    tg: BTreeMap<Text<'a>, Text<'a>>,
    #[serde(default)]
    ru: Option<Text<'a>>,
}

/// The axes of usage types, each read once.
type Axes<'a> = BTreeMap<Text<'a>, Arc<UsageAxes>>;

fn rollup_of<'a>(row: Row<'a>, files: &[Arc<str>], axes: &mut Axes<'a>) -> Option<Rollup> {
    let arc = |text: Option<Text<'_>>| text.map(|it| Arc::from(it.as_ref()));
    let currency = Currency::parse(&row.c).ok()?;
    let first_line = match (row.f, row.l) {
        (Some(file), Some(line)) => Some(Provenance { file: Arc::clone(files.get(file)?), line }),
        _ => None,
    };
    let business = [
        (BusinessField::Team, row.te),
        (BusinessField::Product, row.pr),
        (BusinessField::CostCentre, row.cc),
        (BusinessField::Environment, row.en),
        (BusinessField::Customer, row.cu),
        (BusinessField::Workflow, row.wf),
        (BusinessField::Agent, row.ag),
    ];
    let business = business
        .into_iter()
        .filter_map(|(field, value)| Some((BusinessKey::Named(field), value?.as_ref().into())));
    let summary = SummaryKey {
        owner: Owner::parse(&row.o),
        business: business.collect(),
        charge: ChargeKey {
            provider: Provider::Aws,
            category: category_of(&row.lt).map(Word::Known),
            service: row.s.into(),
            publisher: arc(row.p),
            model: arc(row.m),
            meter: Word::parse(&row.me),
            line_type: row.lt.into(),
            unit: None,
            currency,
        },
    };
    let stored = StoredAmounts {
        unblended: &row.u,
        net_unblended: row.n.as_deref(),
        amortized: row.am.as_deref(),
        net_amortized: row.na.as_deref(),
        list: None,
    };
    let measures = Measures {
        costs: costs_of(stored, currency)?,
        quantity: None,
        tokens: row.t,
        line_count: row.k,
        first_line,
    };
    Some(match row.d {
        None => Rollup::Summary(Summary { key: summary, measures }),
        Some(detail) => {
            Rollup::Position(Position { key: position_key(summary, detail, axes), measures })
        }
    })
}

fn position_key<'a>(summary: SummaryKey, row: RowDetail<'a>, axes: &mut Axes<'a>) -> PositionKey {
    let arc = |text: Option<Text<'_>>| text.map(|it| Arc::from(it.as_ref()));
    // Rows of this form are AWS's: what its words say is read here, and nowhere else afterwards.
    let entry = axes.entry(row.ut);
    let axes = entry.or_insert_with_key(|text| UsageType::parse(text).axes().into());
    let axes = Arc::clone(axes);
    let detail = DetailKey {
        account: Some(row.a).filter(|it| !it.is_empty()).map(|it| it.as_ref().into()),
        texts: BillTexts::default().with(BillText::Region, arc(row.r)),
        caller: arc(row.pn),
        axes,
        tags: Arc::new(row.tg.into_iter().map(|(key, tag)| (key.into(), tag.into())).collect()),
    };
    PositionKey {
        summary,
        detail,
        business: Business::default(),
        rule: arc(row.ru),
        kind: EntryKind::Charge,
    }
}

/// Reads the rows of a chunk.
pub(super) fn rollups_of(item: &Item) -> Result<Vec<Rollup>, StoreError> {
    let unread = |name: &str, err| malformed(item, json_fault(name, &err));
    let text = unpacked(item)?;
    let rows: Vec<Row<'_>> = serde_json::from_str(&text).map_err(|err| unread("rows", err))?;
    let files: Vec<String> =
        serde_json::from_str(text_of(item, "files")?).map_err(|err| unread("files", err))?;
    let files: Vec<Arc<str>> = files.into_iter().map(Arc::from).collect();
    let mut axes = Axes::new();
    rows.into_iter()
        .enumerate()
        .map(|(at, row)| {
            rollup_of(row, &files, &mut axes)
                .ok_or_else(|| malformed(item, format!("row {at} has a value of no known form")))
        })
        .collect()
}

/// The text of a chunk's rows.
fn unpacked(item: &Item) -> Result<String, StoreError> {
    let packed = match item.get("rows") {
        Some(AttributeValue::B(packed)) => packed.as_ref(),
        // The form before rows were compressed.
        Some(AttributeValue::S(text)) => return Ok(text.clone()),
        _ => return Err(malformed(item, "`rows` is missing; expected bytes")),
    };
    let mut text = String::new();
    let outcome = ZlibDecoder::new(packed).take(ROWS_BYTES_MAX).read_to_string(&mut text);
    outcome.map_err(|err| malformed(item, format!("`rows` cannot be unpacked: {err}")))?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use aws_sdk_dynamodb::primitives::Blob;
    use flate2::Compression;
    use flate2::write::ZlibEncoder;
    use ledger_core::cost::CostKind;

    use super::super::number;
    use super::super::text;
    use super::*;

    const ROW: &str = r#"{"o":"search","s":"Amazon Bedrock","me":"input_tokens","lt":"Usage","c":"USD","u":"1.5","k":1}"#;

    fn packed(rows: &[String]) -> AttributeValue {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        write!(encoder, "[{}]", rows.join(",")).unwrap();
        AttributeValue::B(Blob::new(encoder.finish().unwrap()))
    }

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
        assert_eq!(owners(packed(&rows)), expected);
        assert_eq!(owners(text(format!("[{ROW},{ROW}]"))), expected);
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
