//! One bill in every dialect that exports, databases, data frames and spreadsheets write: the ledger is
//! the same to the digit. And a bill with one broken cell: all money is there, or the line is rejected
//! by name with its cost.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot set itself up has failed"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::sync::Arc;

use arrow_array::builder::{ListBuilder, MapBuilder, StringBuilder, StructBuilder};
use arrow_array::{
    ArrayRef, BinaryArray, Decimal128Array, Float64Array, LargeStringArray, NullArray, RecordBatch,
    StringArray, TimestampMicrosecondArray, TimestampMillisecondArray, TimestampNanosecondArray,
};
use arrow_schema::{DataType, Field, Fields};
use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ledger_app::import::{Accept, ImportReport, import_bills};
use ledger_app::ports::LedgerStore as _;
use ledger_aws::cur::CurFolder;
use ledger_core::cost::CostKind;
use ledger_core::currency::Currency;
use ledger_core::dimension::Level;
use ledger_core::rules::AttributionRules;
use ledger_testkit::build::{at, month};
use ledger_testkit::memory_ledger::MemoryLedger;
use parquet::arrow::ArrowWriter;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use rust_decimal::Decimal;

/// A line of a bill of October 2026.
#[derive(Clone, Debug)]
struct Line {
    account: &'static str,
    /// Seconds of the month.
    second: i64,
    code: &'static str,
    usage_type: &'static str,
    line_type: &'static str,
    cost: Decimal,
    amount: Decimal,
    product: Map,
    tags: Map,
    invoice: &'static str,
}

type Map = Vec<(&'static str, &'static str)>;

fn any_line() -> impl Strategy<Value = Line> {
    let products: [(&str, &str, Map); 4] = [
        ("AmazonBedrock", "USE1-NovaLite-input-tokens", vec![("model", "Nova Lite")]),
        ("AmazonBedrock", "USE1-NovaPro-output-tokens", Vec::new()),
        (
            "9k2xyzabc",
            "USE1-MP:USE1_InputTokenCount-Units",
            vec![("product_name", "Claude Sonnet 4 (Amazon Bedrock Edition)")],
        ),
        ("AmazonEC2", "BoxUsage:t3.micro", Vec::new()),
    ];
    // No value that the printed maps of Athena and DuckDB cannot tell from two.
    let team = select(vec!["search", "ml ops", "Ünïcode", "a-b_c.d/e@f", "17"]);
    let tags = prop_oneof![
        2 => team.prop_map(|team| vec![("iamPrincipal/team", team), ("resourceTags/env", "prod")]),
        1 => Just(Vec::new()),
    ];
    (
        select(vec!["111122223333", "012345678901"]),
        0..31 * 86_400_i64,
        select(products.to_vec()),
        select(vec!["Usage", "Usage", "Credit"]),
        (-99_999_999..999_999_999_i64, 0..9_u32),
        (0..1_000_000_i64, 0..4_u32),
        tags,
        select(vec!["INV-1", ""]),
    )
        .prop_map(
            |(
                account,
                second,
                (code, usage_type, product),
                line_type,
                cost,
                amount,
                tags,
                invoice,
            )| {
                let decimal = |(digits, scale)| Decimal::new(digits, scale).normalize();
                let (cost, amount) = (decimal(cost), decimal(amount));
                Line {
                    account,
                    second,
                    code,
                    usage_type,
                    line_type,
                    cost,
                    amount,
                    product,
                    tags,
                    invoice,
                }
            },
        )
}

fn time(line: &Line) -> Timestamp {
    let start: Timestamp = at("2026-10-01T00:00:00Z");
    Timestamp::from_second(start.as_second() + line.second).unwrap()
}

/// The columns, by the names of exports 2.0, with the group of reports before.
const COLUMNS: [(&str, &str); 15] = [
    ("bill_billing_period_start_date", "bill/BillingPeriodStartDate"),
    ("bill_payer_account_id", "bill/PayerAccountId"),
    ("bill_invoice_id", "bill/InvoiceId"),
    ("line_item_usage_account_id", "lineItem/UsageAccountId"),
    ("line_item_usage_start_date", "lineItem/UsageStartDate"),
    ("line_item_line_item_type", "lineItem/LineItemType"),
    ("line_item_product_code", "lineItem/ProductCode"),
    ("line_item_usage_type", "lineItem/UsageType"),
    ("line_item_usage_amount", "lineItem/UsageAmount"),
    ("line_item_unblended_cost", "lineItem/UnblendedCost"),
    ("line_item_currency_code", "lineItem/CurrencyCode"),
    ("pricing_unit", "pricing/unit"),
    ("line_item_iam_principal", ""),
    ("product", ""),
    ("tags", ""),
];
const PERIOD: usize = 0;
const START: usize = 4;
const AMOUNT: usize = 8;
const COST: usize = 9;
const PRINCIPAL: usize = 12;
const PRODUCT: usize = 13;
const TAGS: usize = 14;

/// The way in which a dialect of text writes.
#[derive(Clone, Copy)]
struct Style {
    separator: u8,
    quotes: csv::QuoteStyle,
    line_end: csv::Terminator,
    /// Before the header.
    mark: &'static str,
    name: fn(&str) -> String,
    time: fn(Timestamp) -> String,
    number: fn(Decimal) -> String,
    account: fn(&str) -> String,
    map: fn(&Map) -> String,
    nothing: &'static str,
    /// A first column without a name.
    has_index: bool,
}

/// As AWS writes exports.
const EXPORT: Style = Style {
    separator: b',',
    quotes: csv::QuoteStyle::Necessary,
    line_end: csv::Terminator::Any(b'\n'),
    mark: "",
    name: |it| it.to_owned(),
    time: |it| format!("{:.3}", it),
    number: |it| it.to_string(),
    account: |it| it.to_owned(),
    map: as_json,
    nothing: "",
    has_index: false,
};

fn as_json(map: &Map) -> String {
    serde_json::to_string(&map.iter().copied().collect::<BTreeMap<_, _>>()).unwrap()
}

fn joined(map: &Map, parts: [&str; 4], entry: impl Fn(&str, &str) -> String) -> String {
    let [open, comma, close, nothing] = parts;
    let entries: Vec<String> = map.iter().map(|(key, value)| entry(key, value)).collect();
    match entries.is_empty() {
        true => nothing.to_owned(),
        false => format!("{open}{}{close}", entries.join(comma)),
    }
}

fn printed(time: Timestamp, format: &str) -> String {
    time.to_zoned(TimeZone::UTC).strftime(format).to_string()
}

/// A number as Python and spreadsheets print it.
fn scientific(number: Decimal) -> String {
    let number: f64 = number.to_string().parse().unwrap();
    if number != 0.0 && number.abs() < 1e-4 { format!("{number:e}") } else { format!("{number:?}") }
}

/// Each dialect of text, with its tool.
fn styles() -> Vec<(&'static str, Style)> {
    let capitals = |it: &str| it.to_uppercase();
    let athena = Style {
        quotes: csv::QuoteStyle::Always,
        time: |it| printed(it, "%Y-%m-%d %H:%M:%S.000"),
        map: |map| joined(map, ["{", ", ", "}", "{}"], |key, value| format!("{key}={value}")),
        ..EXPORT
    };
    let python = Style {
        time: |it| printed(it, "%Y-%m-%d %H:%M:%S+00:00"),
        number: scientific,
        map: |map| joined(map, ["{", ", ", "}", "{}"], |key, value| format!("'{key}': '{value}'")),
        has_index: true,
        ..EXPORT
    };
    vec![
        ("export", EXPORT),
        ("Athena", athena),
        (
            "Athena with zones",
            Style { time: |it| printed(it, "%Y-%m-%d %H:%M:%S.000 UTC"), ..athena },
        ),
        (
            "Snowflake",
            Style {
                quotes: csv::QuoteStyle::Always,
                name: capitals,
                time: |it| printed(it, "%Y-%m-%d %H:%M:%S.000 Z"),
                map: |map| {
                    let map: BTreeMap<_, _> = map.iter().copied().collect();
                    serde_json::to_string_pretty(&map).unwrap()
                },
                nothing: "\\N",
                ..EXPORT
            },
        ),
        (
            "Redshift",
            Style {
                name: |it| {
                    it.replace("line_item_", "lineitem_").replace("unblended_cost", "unblendedcost")
                },
                separator: b'|',
                time: |it| printed(it, "%Y-%m-%d %H:%M:%S"),
                ..EXPORT
            },
        ),
        (
            "BigQuery",
            Style {
                time: |it| printed(it, "%Y-%m-%d %H:%M:%S UTC"),
                map: |map| {
                    let entry =
                        |key: &str, value: &str| format!(r#"{{"key":"{key}","value":"{value}"}}"#);
                    joined(map, ["[", ",", "]", "[]"], entry)
                },
                ..EXPORT
            },
        ),
        ("pandas", python),
        (
            "pandas, guessed",
            Style { account: |it| format!("{}.0", it.trim_start_matches('0')), ..python },
        ),
        (
            "pandas, lists",
            Style {
                map: |map| {
                    joined(map, ["[", ", ", "]", "[]"], |key, value| {
                        format!("('{key}', '{value}')")
                    })
                },
                nothing: "nan",
                ..python
            },
        ),
        (
            "Polars",
            Style {
                time: |it| printed(it, "%Y-%m-%dT%H:%M:%S.000000+0000"),
                number: scientific,
                ..EXPORT
            },
        ),
        (
            "DuckDB",
            Style {
                time: |it| printed(it, "%Y-%m-%d %H:%M:%S+00"),
                map: |map| {
                    joined(map, ["{", ", ", "}", "{}"], |key, value| format!("{key}={value}"))
                },
                nothing: "NULL",
                ..EXPORT
            },
        ),
        (
            "Spark",
            Style {
                time: |it| printed(it, "%Y-%m-%dT%H:%M:%S.000Z"),
                map: |map| {
                    joined(map, ["{", ", ", "}", "{}"], |key, value| format!("{key} -> {value}"))
                },
                nothing: "null",
                ..EXPORT
            },
        ),
        (
            "spreadsheet",
            Style {
                separator: b';',
                line_end: csv::Terminator::CRLF,
                mark: "\u{feff}",
                number: scientific,
                name: |it| it.replace('_', " "),
                ..EXPORT
            },
        ),
        (
            "spreadsheet with its separator",
            Style { separator: b';', line_end: csv::Terminator::CRLF, mark: "sep=;\r\n", ..EXPORT },
        ),
        ("tabs", Style { separator: b'\t', quotes: csv::QuoteStyle::Always, ..EXPORT }),
    ]
}

/// The cells of a line in one style.
fn cells(line: &Line, style: &Style) -> [String; 15] {
    let text = |it: &str| if it.is_empty() { style.nothing.to_owned() } else { it.to_owned() };
    let period: Timestamp = at("2026-10-01T00:00:00Z");
    [
        (style.time)(period),
        (style.account)("123456789012"),
        text(line.invoice),
        (style.account)(line.account),
        (style.time)(time(line)),
        line.line_type.to_owned(),
        line.code.to_owned(),
        line.usage_type.to_owned(),
        (style.number)(line.amount),
        (style.number)(line.cost),
        "USD".to_owned(),
        "1K tokens".to_owned(),
        style.nothing.to_owned(),
        (style.map)(&line.product),
        (style.map)(&line.tags),
    ]
}

fn as_text(lines: &[Line], style: &Style) -> Vec<u8> {
    let mut rows = csv::WriterBuilder::new()
        .delimiter(style.separator)
        .quote_style(style.quotes)
        .terminator(style.line_end)
        .from_writer(style.mark.as_bytes().to_vec());
    let index = |text: String| style.has_index.then_some(text).into_iter();
    let names = COLUMNS.map(|it| (style.name)(it.0));
    rows.write_record(index(String::new()).chain(names)).unwrap();
    for (at, line) in lines.iter().enumerate() {
        rows.write_record(index(at.to_string()).chain(cells(line, style))).unwrap();
    }
    rows.into_inner().unwrap()
}

/// A report of before exports 2.0: attributes and tags in columns of their own.
fn as_report(lines: &[Line], is_of_athena: bool) -> Vec<u8> {
    let name = |it: &(&'static str, &'static str)| if is_of_athena { it.0 } else { it.1 };
    let (apart, tags) = match is_of_athena {
        true => (
            ["product_product_name", "product_model"],
            ["iam_principal_team", "resource_tags_user_env"],
        ),
        false => (
            ["product/ProductName", "product/model"],
            ["iamPrincipal/team", "resourceTags/user:env"],
        ),
    };
    let mut rows = csv::Writer::from_writer(Vec::new());
    let names = COLUMNS[..PRINCIPAL].iter().map(name).chain(apart).chain(tags);
    rows.write_record(names).unwrap();
    for line in lines {
        let value = |map: &Map, key: &str| {
            map.iter().find(|it| it.0 == key).map_or_else(String::new, |it| it.1.to_owned())
        };
        let apart = ["product_name", "model"].map(|key| value(&line.product, key));
        let tags = ["iamPrincipal/team", "resourceTags/env"].map(|key| value(&line.tags, key));
        let cells = cells(line, &EXPORT);
        rows.write_record(cells[..PRINCIPAL].iter().cloned().chain(apart).chain(tags)).unwrap();
    }
    rows.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = GzEncoder::new(Vec::new(), Compression::fast());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

/// Parquet of some tool.
#[derive(Clone, Copy, Debug)]
enum Frame {
    Export,
    Spark,
    Pandas,
    Polars,
    DuckDb,
    Texts,
}

fn maps(lines: &[Line], of: fn(&Line) -> &Map) -> ArrayRef {
    let mut maps = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    for line in lines {
        for (key, value) in of(line) {
            maps.keys().append_value(key);
            maps.values().append_value(value);
        }
        maps.append(true).unwrap();
    }
    Arc::new(maps.finish())
}

fn lists(lines: &[Line], of: fn(&Line) -> &Map) -> ArrayRef {
    let fields =
        Fields::from(["key", "value"].map(|it| Field::new(it, DataType::Utf8, true)).to_vec());
    let mut lists = ListBuilder::new(StructBuilder::from_fields(fields, 0));
    for line in lines {
        for (key, value) in of(line) {
            let entry = lists.values();
            for (at, text) in [key, value].into_iter().enumerate() {
                entry.field_builder::<StringBuilder>(at).unwrap().append_value(text);
            }
            entry.append(true);
        }
        lists.append(true);
    }
    Arc::new(lists.finish())
}

fn as_parquet(lines: &[Line], frame: Frame) -> Vec<u8> {
    let text =
        |at: usize| lines.iter().map(|it| cells(it, &EXPORT)[at].clone()).collect::<Vec<_>>();
    let texts = |at: usize| -> ArrayRef {
        match frame {
            Frame::Polars => Arc::new(LargeStringArray::from(text(at))),
            Frame::DuckDb => Arc::new(BinaryArray::from_iter_values(text(at))),
            _ => Arc::new(StringArray::from(text(at))),
        }
    };
    let times = |times: Vec<Timestamp>| -> ArrayRef {
        let micros = || times.iter().map(|it| it.as_microsecond());
        match frame {
            Frame::Export => Arc::new(TimestampMillisecondArray::from_iter_values(
                times.iter().map(|it| it.as_millisecond()),
            )),
            Frame::Pandas => {
                Arc::new(TimestampNanosecondArray::from_iter_values(micros().map(|it| it * 1000)))
            }
            _ => {
                Arc::new(TimestampMicrosecondArray::from_iter_values(micros()).with_timezone("UTC"))
            }
        }
    };
    let numbers = |of: fn(&Line) -> Decimal| -> ArrayRef {
        let numbers = lines.iter().map(of);
        match frame {
            Frame::DuckDb | Frame::Spark => {
                let scaled = numbers.map(|mut it| {
                    it.rescale(12);
                    it.mantissa()
                });
                let array = Decimal128Array::from_iter_values(scaled);
                Arc::new(array.with_precision_and_scale(30, 12).unwrap())
            }
            _ => Arc::new(Float64Array::from_iter_values(
                numbers.map(|it| it.to_string().parse().unwrap()),
            )),
        }
    };
    let column = |at: usize| -> ArrayRef {
        match (frame, at) {
            (_, PRINCIPAL) => Arc::new(NullArray::new(lines.len())),
            (Frame::Texts, _) => texts(at),
            (_, PERIOD) => times(vec![at_month(); lines.len()]),
            (_, START) => times(lines.iter().map(time).collect()),
            (_, AMOUNT) => numbers(|it| it.amount),
            (_, COST) => numbers(|it| it.cost),
            (Frame::Pandas | Frame::Polars, PRODUCT) => lists(lines, |it| &it.product),
            (Frame::Pandas | Frame::Polars, TAGS) => lists(lines, |it| &it.tags),
            (_, PRODUCT) => maps(lines, |it| &it.product),
            (_, TAGS) => maps(lines, |it| &it.tags),
            _ => texts(at),
        }
    };
    let columns = COLUMNS.iter().enumerate().map(|(at, name)| (name.0, column(at), true));
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

fn at_month() -> Timestamp {
    at("2026-10-01T00:00:00Z")
}

/// Each dialect with the bytes that it makes of a bill.
fn dialects(lines: &[Line]) -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<(String, Vec<u8>)> =
        styles().iter().map(|(name, style)| ((*name).to_owned(), as_text(lines, style))).collect();
    all.push(("export, gzip".to_owned(), gzip(&as_text(lines, &EXPORT))));
    all.push(("report".to_owned(), as_report(lines, false)));
    all.push(("report in Athena".to_owned(), as_report(lines, true)));
    for frame in
        [Frame::Export, Frame::Spark, Frame::Pandas, Frame::Polars, Frame::DuckDb, Frame::Texts]
    {
        all.push((format!("Parquet, {frame:?}"), as_parquet(lines, frame)));
    }
    all
}

/// The ledger after the import of a file, and the report of it.
struct Imported {
    /// By bill and day: totals, and each row with all that it is made of.
    ledger: BTreeMap<(String, String), (String, Vec<String>)>,
    /// The cost of all lines, AI or not.
    total: Decimal,
    report: ImportReport,
}

async fn imported(bytes: &[u8]) -> Result<Imported, String> {
    let folder = tempfile::tempdir().unwrap();
    // A file is known by its bytes, so that all dialects can have one name.
    let path = folder.path().join("bill");
    fs::write(&path, bytes).unwrap();
    let ledger = MemoryLedger::default();
    let report = import_bills(
        Arc::new(CurFolder::new(vec![path])),
        Arc::new(AttributionRules::default()),
        Accept::Good,
        at("2026-11-20T00:00:00Z"),
        |_| (),
        &ledger,
    );
    let report = report.await.map_err(|err| format!("{err:?}"))?;
    let (mut days, mut total) = (BTreeMap::new(), Decimal::ZERO);
    for head in ledger.heads(month("1970-01")).await.unwrap() {
        for (day, state) in &head.days {
            for sum in state.totals.values() {
                total += sum.ai.of(CostKind::Unblended).amount();
                total += sum.other.of(CostKind::Unblended).amount();
            }
            let level = Level::Detail;
            let rows = ledger.rollups(&head.bill, *day, &state.generation, level, None).await;
            let mut rows: Vec<String> =
                rows.unwrap().iter().map(|it| format!("{:?}", it.row())).collect();
            rows.sort();
            let totals = format!("{:?}", state.totals);
            days.insert((head.bill.to_string(), day.to_string()), (totals, rows));
        }
    }
    Ok(Imported { ledger: days, total: total.normalize(), report })
}

fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    runtime.block_on(work)
}

/// Text that is hard for some column, or for all.
const HARD: [&str; 34] = [
    "",
    " ",
    "NULL",
    "nan",
    "{}",
    "[]",
    "{\"a\":{}}",
    "{\"a\":1e999}",
    "{\"iamPrincipal/team\":\"x\"",
    "1e400",
    "-0",
    "0x1",
    "1,5",
    "=1+1",
    "'",
    "\"",
    "\n",
    "\r\n\"",
    "\u{0}",
    "\u{feff}",
    "\u{202e}",
    "9999-12-31T23:59:59Z",
    "1969-12-31T23:59:59Z",
    "2026-02-30",
    "10/5/2026",
    "46300",
    "arn:aws:::",
    "arn:aws:sts::123456789012:assumed-role/",
    "1.23457E+11",
    "XXX",
    "USE1-",
    ":",
    "𝟙",
    "Usage;Tax",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn one_bill_is_the_same_ledger_in_every_dialect(
        lines in prop::collection::vec(any_line(), 1..12),
    ) {
        run(async {
            let expected = imported(&as_text(&lines, &EXPORT)).await.unwrap();
            assert_eq!(expected.report.unread.rejected_count, 0);
            let sum: Decimal = lines.iter().map(|it| it.cost).sum();
            assert_eq!(expected.total, sum.normalize());
            for (name, bytes) in dialects(&lines) {
                let read = imported(&bytes).await;
                let read = read.unwrap_or_else(|err| panic!("{name}: {err}"));
                let mut message = String::new();
                for finding in &read.report.findings {
                    let _ = writeln!(message, "{}", finding.message);
                }
                assert_eq!(read.ledger, expected.ledger, "{name}: {message}");
            }
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_broken_cell_costs_no_money(
        lines in prop::collection::vec(any_line(), 2..8),
        place in any::<Index>(),
        column in 0..COLUMNS.len(),
        hard in prop_oneof![4 => select(HARD.to_vec()).prop_map(str::to_owned), 1 => ".*"],
    ) {
        let place = place.index(lines.len());
        let mut rows = csv::Writer::from_writer(Vec::new());
        rows.write_record(COLUMNS.map(|it| it.0)).unwrap();
        for (at, line) in lines.iter().enumerate() {
            let mut cells = cells(line, &EXPORT);
            if at == place {
                cells[column].clone_from(&hard);
            }
            rows.write_record(cells).unwrap();
        }
        // Other currencies are other money.
        let is_currency = COLUMNS[column].0.ends_with("currency_code") && Currency::parse(&hard).is_ok();
        let bytes = rows.into_inner().unwrap();
        let sum: Decimal = lines.iter().map(|it| it.cost).sum();
        let (others, own) = (sum - lines[place].cost, lines[place].cost);
        let Imported { total, report, .. } = run(imported(&bytes)).unwrap();
        match report.rejected.as_slice() {
            [] if column == COST => {
                let text = hard.trim();
                let read = text.parse().or_else(|_| Decimal::from_scientific(text)).unwrap();
                prop_assert_eq!(total, (others + read.round_dp(15)).normalize());
            }
            [] => prop_assert!(is_currency || total == sum.normalize(), "{total} {sum}"),
            [rejected] => {
                prop_assert_eq!(total, others.normalize());
                prop_assert_eq!(rejected.provenance.line, u64::try_from(place).unwrap() + 1);
                let cost = rejected.cost.map(|it| it.amount().normalize());
                let is_known = column != COST && !COLUMNS[column].0.ends_with("currency_code");
                prop_assert_eq!(cost, is_known.then_some(own.normalize()));
                prop_assert_eq!(report.unread.rejected_count, 1);
            }
            more => prop_assert!(false, "{more:?}"),
        }
    }
}
