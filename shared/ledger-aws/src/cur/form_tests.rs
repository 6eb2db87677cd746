//! Whatever form a bill has and however it is read, it means the same, group by group.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;

use arrow_array::builder::{MapBuilder, MapFieldNames, StringBuilder};
use arrow_array::types::Float64Type;
use arrow_array::{
    ArrayRef, BinaryArray, Date32Array, Decimal128Array, PrimitiveArray, RecordBatch, StringArray,
    TimestampMicrosecondArray, TimestampMillisecondArray, TimestampNanosecondArray,
};
use jiff::Timestamp;
use ledger_core::cost::CostKind;
use ledger_core::finding::Finding;
use ledger_core::line_item::{Provenance, Rejected};
use ledger_core::roll_up::{RollupBuilder, RollupsByBill};
use ledger_core::rules::{AttributionRules, MatchKey, Matcher, Pattern, Rule, Template};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, Encoding};
use parquet::file::properties::{WriterProperties, WriterVersion};
use parquet::schema::types::ColumnPath;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use rust_decimal::Decimal;
use tempfile::TempDir;

use super::*;
use crate::cur::meaning::columns::{COUNT, Column, Kind};
use ledger_app::ports::{BillSource, Reading};

/// What an import makes of a bill.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    ledger: RollupsByBill,
    findings: BTreeSet<Finding>,
    rejected: BTreeMap<Provenance, Rejected>,
    /// How many, and their sum.
    rounded: (usize, Decimal),
    /// How often the reader told of lines.
    told: usize,
    bytes: u64,
}

impl Outcome {
    /// What does not depend on the form of the file.
    fn content(&self) -> impl PartialEq + std::fmt::Debug + '_ {
        (&self.ledger, &self.findings, &self.rejected, &self.rounded)
    }
}

fn rules() -> AttributionRules {
    let rule = |name: &str, key: MatchKey, pattern: &str, owner: &str| Rule {
        name: name.into(),
        when: Matcher {
            patterns: BTreeMap::from([(key.clone(), vec![Pattern::parse(&key, pattern).unwrap()])]),
        },
        owner: Template::parse(owner).unwrap(),
        business: BTreeMap::new(),
    };
    let tag = MatchKey::Tag("iamPrincipal/team".into());
    AttributionRules {
        version: 1,
        own: BTreeMap::new(),
        rules: vec![
            rule("by team", tag, "*", "{tag:iamPrincipal/team}"),
            rule("by role", MatchKey::Role, "app-*", "{role}"),
            rule("by model", MatchKey::Model, "nova*", "{account}"),
        ],
    }
}

fn read(bytes: &[u8], is_line_by_line: bool) -> Outcome {
    let dir = TempDir::new().unwrap();
    // A file is known by its bytes, so that all forms can have one name.
    let path = dir.path().join("bill");
    fs::write(&path, bytes).unwrap();
    let mut folder = CurFolder::new(vec![path]);
    if is_line_by_line {
        folder = folder.line_by_line();
    }
    let rules = rules();
    let mut outcome = Outcome::default();
    let mut builder = RollupBuilder::default();
    for delivery in folder.deliveries().unwrap() {
        let sink = &mut |reading| {
            match reading {
                Reading::Charge(line, sums) => {
                    outcome.told += 1;
                    builder.add_sums(line, sums)?;
                }
                Reading::Other(line, sums) => {
                    outcome.told += 1;
                    builder.add_other(&line, &sums)?;
                }
                Reading::Rejected(it) => {
                    assert!(outcome.rejected.insert(it.provenance.clone(), it).is_none());
                }
                Reading::Rounded(by) => {
                    outcome.rounded.0 += 1;
                    outcome.rounded.1 += by;
                }
                Reading::Finding(it) => assert!(outcome.findings.insert(it)),
                Reading::NoColumn(it) => assert!(outcome.findings.insert(it.finding())),
                Reading::Progress(bytes) => outcome.bytes += bytes,
            }
            Ok(())
        };
        folder.read(&delivery, sink).unwrap();
    }
    assert_eq!(outcome.bytes, u64::try_from(bytes.len()).unwrap());
    outcome.ledger = builder.finish(&rules).unwrap().0;
    outcome
}

type Entries = Vec<(&'static str, Option<&'static str>)>;

#[derive(Clone, Debug)]
enum Value {
    Null,
    Text(&'static str),
    Number(f64),
    /// Seconds since 1970.
    Time(i64),
    Map(Entries),
}

type Row = Vec<Value>;

/// How a bill is written.
#[derive(Clone, Debug)]
struct Form {
    columns: Vec<Column>,
    time: Time,
    has_decimals: bool,
    has_binary: bool,
    has_dictionaries: bool,
    /// Of texts that are not in a dictionary.
    encoding: Encoding,
    version: WriterVersion,
    rows_per_group: usize,
}

/// Parquet has no times in seconds.
#[derive(Clone, Copy, Debug)]
enum Time {
    Millisecond,
    Microsecond,
    Nanosecond,
    Day,
}

const DECIMAL_SCALE: i8 = 18;

fn text(values: &[&'static str]) -> BoxedStrategy<Value> {
    let values: Vec<&'static str> = values.to_vec();
    prop_oneof![
        16 => select(values).prop_map(Value::Text),
        2 => Just(Value::Null),
        1 => select(vec!["NULL", "None", "\\N", "nan"]).prop_map(Value::Text),
    ]
    .boxed()
}

fn number() -> BoxedStrategy<Value> {
    prop_oneof![
        8 => (-1_000_000_i64..1_000_000_000, 0..12_i32)
            .prop_map(|(digits, scale)| Value::Number(digits as f64 / 10_f64.powi(scale))),
        2 => select(vec![0.1 + 0.2, -0.0, 1.1 * 1.1, 0.000_000_000_000_001, 1.0 / 3.0])
            .prop_map(Value::Number),
        1 => select(vec![1e-20, 5e-324, 1.4e-15, 2.5e-15, f64::NAN, 1e13, 1e29, f64::INFINITY])
            .prop_map(Value::Number),
        1 => Just(Value::Null),
    ]
    .boxed()
}

fn time(days: &[&str]) -> BoxedStrategy<Value> {
    let days: Vec<i64> =
        days.iter().map(|it| it.parse::<Timestamp>().unwrap().as_second()).collect();
    prop_oneof![
        20 => (select(days), 0..86_400_i64).prop_map(|(day, second)| Value::Time(day + second)),
        1 => Just(Value::Null),
    ]
    .boxed()
}

fn map(sets: Vec<Entries>) -> BoxedStrategy<Value> {
    prop_oneof![4 => select(sets).prop_map(Value::Map), 1 => Just(Value::Null)].boxed()
}

const LONG: &str = match std::str::from_utf8(&[b'x'; 1500]) {
    Ok(text) => text,
    Err(_) => "",
};

fn value(column: Column) -> BoxedStrategy<Value> {
    match column {
        Column::BillingEntity => text(&["AWS", "AWS Marketplace"]),
        Column::PeriodStart => time(&["2026-06-01T00:00:00Z", "2026-06-01T00:00:00Z"]),
        Column::Payer => {
            prop_oneof![20 => text(&["123456789012"]), 1 => text(&["1.2E+11", "210987654321"])]
                .boxed()
        }
        Column::Account => text(&["111111111111", "222222222222"]),
        Column::UsageStart => prop_oneof![
            9 => time(&["2026-06-01T00:00:00Z", "2026-06-30T00:00:00Z", "2026-06-03T00:00:00Z"]),
            2 => time(&["2026-05-31T00:00:00Z", "2026-07-01T00:00:00Z", "1969-12-31T00:00:00Z"]),
        ]
        .boxed(),
        Column::LineType => prop_oneof![
            2 => text(&["Usage", "Tax", "Credit"]),
            1 => text(&[
                "SavingsPlanCoveredUsage",
                "SavingsPlanRecurringFee",
                "SavingsPlanNegation",
                "SavingsPlanUpfrontFee",
                "DiscountedUsage",
                "RIFee",
                "Fee",
            ]),
        ]
        .boxed(),
        Column::Description => text(&[
            "|us-east-1|Million Input Tokens Regional",
            "per thousand Input Tokens",
            "Tax for Claude (Amazon Bedrock Edition)",
            LONG,
        ]),
        Column::ProductCode => {
            text(&["AmazonBedrock", "AmazonEC2", "7zgyu5r4", "4xk0wall", "translate", ""])
        }
        Column::UsageType => text(&[
            "USE1-NovaLite-input-tokens",
            "USE1-MP:USE1_OutputTokenCount-Units",
            "BoxUsage:t3.micro",
            "EU-SomethingNew",
            "",
        ]),
        Column::Amount | Column::Unblended | Column::NetUnblended => number(),
        Column::Currency => {
            prop_oneof![20 => Just(Value::Text("USD")), 2 => text(&["EUR", "XYZ"])].boxed()
        }
        Column::Principal => text(&[
            "arn:aws:sts::111111111111:assumed-role/app-one/session",
            "arn:aws:sts::111111111111:assumed-role/app-two/ana@example.com",
            "arn:aws:iam::222222222222:user/ci",
            "nobody",
            "somebody else",
            "",
        ]),
        Column::PricingUnit => text(&["1K tokens", "1M tokens", "Tokens", "Units"]),
        Column::Product => map(vec![
            vec![],
            vec![("product_name", Some("Claude Sonnet 4.6 (Amazon Bedrock Edition)"))],
            vec![("sku", Some("X1")), ("product_name", Some("Claude on Bedrock"))],
            vec![("model", Some("Nova Lite")), ("provider", Some("Amazon")), ("sku", None)],
            vec![("product_name", Some("Some Firewall"))],
            vec![("product_name", None)],
        ]),
        Column::ProductFamily => text(&["Amazon Bedrock", "Compute Instance"]),
        Column::Region => text(&["us-east-1", "eu-west-1"]),
        Column::AvailabilityZone => text(&["us-east-1a", ""]),
        Column::InvoiceId => text(&["EUINUS26-1", ""]),
        Column::List => number(),
        Column::Tags => map(vec![
            vec![],
            vec![("iamPrincipal/team", Some("search"))],
            vec![("iamPrincipal/team", Some("chat")), ("resourceTags/env", Some("\"prod\""))],
            vec![("resourceTags/env", Some("\"prod\"")), ("iamPrincipal/team", Some("chat"))],
            vec![("resourceTags/env", Some("")), ("iamPrincipal/team", None)],
            vec![("resourceTags/note", Some(LONG))],
        ]),
        Column::ReservationArn => text(&["arn:aws:bedrock:us-east-1:111111111111:reserved/a", ""]),
        how_it_is_amortized if how_it_is_amortized.kind() == Kind::Number => number(),
        other => unreachable!("{other:?} has no values"),
    }
}

fn any_row() -> impl Strategy<Value = Row> {
    Column::ALL.map(value).into_iter().collect::<Vec<_>>()
}

fn any_form() -> impl Strategy<Value = Form> {
    use Time::{Day, Microsecond, Millisecond, Nanosecond};
    let optional: Vec<Column> =
        Column::ALL.into_iter().filter(|it| !Column::REQUIRED.contains(it)).collect();
    let some = subsequence(optional.clone(), 0..optional.len());
    let columns = prop_oneof![2 => Just(optional), 1 => some];
    (
        columns,
        select(vec![Millisecond, Microsecond, Nanosecond, Day]),
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.7),
        select(vec![
            Encoding::PLAIN,
            Encoding::DELTA_LENGTH_BYTE_ARRAY,
            Encoding::DELTA_BYTE_ARRAY,
        ]),
        select(vec![WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0]),
        1..30_usize,
    )
        .prop_map(
            |(
                optional,
                time,
                has_decimals,
                has_binary,
                has_dictionaries,
                encoding,
                version,
                rows_per_group,
            )| {
                let is_there = |it: &Column| Column::REQUIRED.contains(it) || optional.contains(it);
                Form {
                    columns: Column::ALL.into_iter().filter(is_there).collect(),
                    time,
                    has_decimals,
                    has_binary,
                    has_dictionaries,
                    encoding,
                    version,
                    rows_per_group,
                }
            },
        )
}

fn cells(rows: &[Row], column: Column) -> impl Iterator<Item = &Value> {
    rows.iter().map(move |row| &row[column as usize])
}

/// What a decimal column can hold of a double.
fn decimal_of(value: f64) -> Option<i128> {
    let text = format!("{:.14e}", value);
    let decimal = ledger_core::money::parse_decimal(&text).ok()?;
    (decimal.abs() < Decimal::from(1_000_000_000)).then_some(())?;
    let mut scaled = decimal.round_dp(u32::try_from(DECIMAL_SCALE).unwrap());
    scaled.rescale(u32::try_from(DECIMAL_SCALE).unwrap());
    Some(scaled.mantissa())
}

fn csv_cell(value: &Value, form: &Form) -> String {
    match value {
        Value::Null => String::new(),
        Value::Text(text) => (*text).to_owned(),
        Value::Number(value) if form.has_decimals => decimal_of(*value)
            .map_or_else(String::new, |it| {
                Decimal::from_i128_with_scale(it, DECIMAL_SCALE.unsigned_abs().into()).to_string()
            }),
        Value::Number(value) => format!("{:.14e}", value + 0.0),
        Value::Time(seconds) => Timestamp::from_second(*seconds).unwrap().to_string(),
        Value::Map(entries) => {
            let object: BTreeMap<_, _> = entries.iter().copied().collect();
            serde_json::to_string(&object).unwrap()
        }
    }
}

fn as_csv(rows: &[Row], form: &Form) -> Vec<u8> {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(form.columns.iter().map(|it| it.name())).unwrap();
    for row in rows {
        let cells = form.columns.iter().map(|it| csv_cell(&row[*it as usize], form));
        out.write_record(cells).unwrap();
    }
    out.into_inner().unwrap()
}

fn array(rows: &[Row], column: Column, form: &Form) -> ArrayRef {
    let cells = || cells(rows, column);
    match column.kind() {
        Kind::Text => {
            let texts = cells().map(|it| match it {
                Value::Text(text) => Some(*text),
                _ => None,
            });
            if form.has_binary {
                Arc::new(texts.map(|it| it.map(str::as_bytes)).collect::<BinaryArray>())
            } else {
                Arc::new(texts.collect::<StringArray>())
            }
        }
        Kind::Number => {
            let numbers = cells().map(|it| match it {
                Value::Number(number) => Some(*number),
                _ => None,
            });
            if form.has_decimals {
                let decimals = numbers.map(|it| it.and_then(decimal_of));
                let array: Decimal128Array = decimals.collect();
                Arc::new(array.with_precision_and_scale(38, DECIMAL_SCALE).unwrap())
            } else {
                Arc::new(numbers.collect::<PrimitiveArray<Float64Type>>())
            }
        }
        Kind::Date => {
            let times = |per_second: i64| {
                cells().map(move |it| match it {
                    Value::Time(second) => Some(second * per_second),
                    _ => None,
                })
            };
            match form.time {
                Time::Millisecond => Arc::new(times(1_000).collect::<TimestampMillisecondArray>()),
                Time::Microsecond => {
                    Arc::new(times(1_000_000).collect::<TimestampMicrosecondArray>())
                }
                Time::Nanosecond => {
                    Arc::new(times(1_000_000_000).collect::<TimestampNanosecondArray>())
                }
                Time::Day => Arc::new(
                    times(1)
                        .map(|it| it.map(|it| i32::try_from(it.div_euclid(86_400)).unwrap()))
                        .collect::<Date32Array>(),
                ),
            }
        }
        Kind::Map => {
            let names = MapFieldNames {
                entry: "key_value".into(),
                key: "key".into(),
                value: "value".into(),
            };
            let mut map = MapBuilder::new(Some(names), StringBuilder::new(), StringBuilder::new());
            for cell in cells() {
                let Value::Map(entries) = cell else {
                    map.append(false).unwrap();
                    continue;
                };
                for (key, value) in entries {
                    map.keys().append_value(key);
                    map.values().append_option(*value);
                }
                map.append(true).unwrap();
            }
            Arc::new(map.finish())
        }
    }
}

fn as_parquet(rows: &[Row], form: &Form) -> Vec<u8> {
    let arrays = form.columns.iter().map(|it| (it.name(), array(rows, *it, form), true));
    let batch = RecordBatch::try_from_iter_with_nullable(arrays).unwrap();
    // Small pages and dictionaries: some columns begin with keys and go on without.
    let properties = form.columns.iter().fold(WriterProperties::builder(), |it, column| {
        let path =
            |parts: &[&str]| ColumnPath::new(parts.iter().map(|it| (*it).to_owned()).collect());
        let name = column.name();
        match column.kind() {
            Kind::Text => it.set_column_encoding(path(&[name]), form.encoding),
            Kind::Map => it
                .set_column_encoding(path(&[name, "key_value", "key"]), form.encoding)
                .set_column_encoding(path(&[name, "key_value", "value"]), form.encoding),
            Kind::Number | Kind::Date => it,
        }
    });
    let properties = properties
        .set_writer_version(form.version)
        .set_compression(Compression::SNAPPY)
        .set_dictionary_enabled(form.has_dictionaries)
        .set_dictionary_page_size_limit(64)
        .set_data_page_row_count_limit(7)
        .set_write_batch_size(3)
        .set_max_row_group_row_count(Some(form.rows_per_group))
        .build();
    let options =
        ArrowWriterOptions::new().with_skip_arrow_metadata(true).with_properties(properties);
    let mut out = Vec::new();
    let mut writer = ArrowWriter::try_new_with_options(&mut out, batch.schema(), options).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    out
}

fn check(rows: &[Row], form: &Form) -> Outcome {
    let parquet = as_parquet(rows, form);
    let grouped = read(&parquet, false);
    let line_by_line = read(&parquet, true);
    assert_eq!(grouped.content(), line_by_line.content(), "line by line");
    let csv = read(&as_csv(rows, form), false);
    assert_eq!(grouped.content(), csv.content(), "as CSV");
    let lines: u64 = grouped
        .ledger
        .values()
        .flat_map(|it| it.totals())
        .flat_map(|(_, totals)| totals.values())
        .map(|it| it.ai_line_count + it.other_line_count)
        .sum();
    let rejected = u64::try_from(grouped.rejected.len()).unwrap();
    assert_eq!(lines + rejected, u64::try_from(rows.len()).unwrap());
    grouped
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_bill_means_the_same_in_any_form(
        rows in prop::collection::vec(any_row(), 0..60),
        form in any_form(),
    ) {
        check(&rows, &form);
    }
}

fn plain_form(rows_per_group: usize) -> Form {
    Form {
        columns: Column::ALL.to_vec(),
        time: Time::Millisecond,
        has_decimals: false,
        has_binary: false,
        has_dictionaries: true,
        encoding: Encoding::PLAIN,
        version: WriterVersion::PARQUET_1_0,
        rows_per_group,
    }
}

/// A bill of a few good lines.
pub(super) fn good_parquet(version: WriterVersion, has_dictionaries: bool) -> Vec<u8> {
    let rows: Vec<Row> = ["AmazonBedrock", "AmazonEC2"]
        .into_iter()
        .cycle()
        .take(24)
        .map(|it| good_row(it, "app", 0.5))
        .collect();
    as_parquet(&rows, &Form { version, has_dictionaries, ..plain_form(10) })
}

fn good_row(code: &'static str, role: &'static str, cost: f64) -> Row {
    let mut row = vec![Value::Null; COUNT];
    let mut set = |column: Column, value| row[column as usize] = value;
    set(Column::UsageStart, Value::Time(1_780_704_000));
    set(Column::PeriodStart, Value::Time(1_780_272_000));
    set(Column::Payer, Value::Text("123456789012"));
    set(Column::ProductCode, Value::Text(code));
    set(Column::UsageType, Value::Text("USE1-NovaLite-input-tokens"));
    set(Column::Principal, Value::Text(role));
    set(Column::Currency, Value::Text("USD"));
    set(Column::Unblended, Value::Number(cost));
    set(Column::Amount, Value::Number(1.5));
    set(Column::PricingUnit, Value::Text("1K tokens"));
    row
}

/// Each row group has a dictionary of its own, in which the same key is another caller.
#[test]
fn row_groups_with_different_dictionaries_are_told_apart() {
    let role = |at: usize| -> &'static str {
        ["one", "two", "three", "four", "five", "six", "seven", "eight"].map(|it| match it {
            "one" => "arn:aws:sts::111111111111:assumed-role/app-one/s",
            "two" => "arn:aws:sts::111111111111:assumed-role/app-two/s",
            "three" => "arn:aws:sts::111111111111:assumed-role/app-three/s",
            "four" => "arn:aws:sts::111111111111:assumed-role/app-four/s",
            "five" => "arn:aws:sts::111111111111:assumed-role/app-five/s",
            "six" => "arn:aws:sts::111111111111:assumed-role/app-six/s",
            "seven" => "arn:aws:sts::111111111111:assumed-role/app-seven/s",
            _ => "arn:aws:sts::111111111111:assumed-role/app-eight/s",
        })[at % 8]
    };
    let rows: Vec<Row> =
        (0..64).map(|at| good_row("AmazonBedrock", role(at / 8), at as f64)).collect();
    let outcome = check(&rows, &plain_form(8));
    // One group a role, told once.
    assert_eq!(outcome.told, 8);
}

/// The line that names a code comes last, in a row group of its own.
#[test]
fn lines_that_others_decide_are_read_in_groups_too() {
    let of = |code: &'static str, name: Option<&'static str>| {
        let mut row = good_row(code, "arn:aws:iam::222222222222:user/ci", 1.0);
        row[Column::UsageType as usize] = Value::Null;
        row[Column::Product as usize] = Value::Map(vec![("product_name", name)]);
        row
    };
    let mut rows = vec![of("7zgyu5r4", None); 20];
    rows.extend(vec![of("4xk0wall", Some("Some Firewall")); 20]);
    rows.push(of("7zgyu5r4", Some("Claude (Amazon Bedrock Edition)")));
    let outcome = check(&rows, &plain_form(10));
    // The named line, the others with its code, and the other cost.
    assert_eq!(outcome.told, 3);
    let ledger = format!("{:?}", outcome.ledger);
    assert!(ledger.contains("ai_line_count: 21") && ledger.contains("other_line_count: 20"));
}

#[test]
fn lines_that_are_not_ai_are_told_together() {
    let mut row = good_row("AmazonEC2", "nobody", 0.25);
    row[Column::UsageType as usize] = Value::Text("BoxUsage:t3.micro");
    let mut rows = vec![row; 40];
    rows.push(good_row("AmazonBedrock", "arn:aws:iam::222222222222:user/ci", 1.0));
    let outcome = check(&rows, &plain_form(20));
    assert_eq!(outcome.told, 2);
    assert!(outcome.findings.is_empty(), "{:?}", outcome.findings);
}

#[test]
fn a_bad_row_does_not_spoil_its_group() {
    let role = "arn:aws:iam::222222222222:user/ci";
    let mut rows: Vec<Row> = (0..9).map(|_| good_row("AmazonBedrock", role, 0.5)).collect();
    rows[4][Column::Unblended as usize] = Value::Number(f64::NAN);
    rows[6][Column::Unblended as usize] = Value::Number(1.4e-15);
    let outcome = check(&rows, &plain_form(3));
    let rejected: Vec<String> = outcome.rejected.keys().map(ToString::to_string).collect();
    assert_eq!(rejected, ["bill:5"]);
    assert_eq!(outcome.rounded, (1, "-0.0000000000000004".parse().unwrap()));
    // The group, and the row that had to be rounded.
    assert_eq!(outcome.told, 2);
    let days = outcome.ledger.values().next().unwrap().iter().next().unwrap().unwrap().1;
    let measures = days.positions.values().next().unwrap();
    assert_eq!((measures.line_count, measures.tokens), (8, Some(12_000)));
    assert_eq!(
        measures.costs.of(ledger_core::cost::CostKind::Unblended).to_string(),
        "3.500000000000001 USD"
    );
}

/// A sum that outgrows the room it has while a file is read, in money and in lines.
#[test]
fn large_sums_are_exact() {
    let role = "arn:aws:iam::222222222222:user/ci";
    let mut rows: Vec<Row> =
        (0..9).map(|at| good_row("AmazonBedrock", role, 8_000.25 + f64::from(at))).collect();
    rows.push(good_row("AmazonBedrock", role, -9_200_000.5));
    check(&rows, &plain_form(4));
    let rows: Vec<Row> = (0..70_000).map(|_| good_row("AmazonEC2", "nobody", 0.25)).collect();
    let outcome = read(&as_parquet(&rows, &plain_form(40_000)), false);
    let (_, totals) = outcome.ledger.values().next().unwrap().totals().next().unwrap();
    let total = totals.values().next().unwrap();
    assert_eq!(total.other_line_count, 70_000);
    let cost = total.other.of(ledger_core::cost::CostKind::Unblended).amount();
    assert_eq!(cost, Decimal::from(17_500));
}

/// What rows have is packed anew whenever a column has more values; nothing is lost meanwhile.
#[test]
fn many_values_are_told_apart() {
    let roles: Vec<&'static str> = (0..300)
        .map(|at| -> &'static str {
            format!("arn:aws:sts::111111111111:assumed-role/app-{at}/s").leak()
        })
        .collect();
    let rows: Vec<Row> = (0..900)
        .map(|at| {
            let mut row = good_row("AmazonBedrock", roles[at % (1 + at / 3)], 0.5);
            row[Column::LineType as usize] = Value::Text(["Usage", "Tax", "Credit"][at % 3]);
            row[Column::Tags as usize] =
                Value::Map(vec![("resourceTags/team", Some(roles[at / 9]))]);
            row
        })
        .collect();
    check(&rows, &plain_form(100));
}

/// A line of a type with these further numbers.
fn row_of_type(line_type: &'static str, cost: f64, numbers: &[(Column, f64)]) -> Row {
    let mut row = good_row("AmazonBedrock", "arn:aws:iam::222222222222:user/ci", cost);
    row[Column::LineType as usize] = Value::Text(line_type);
    for (column, number) in numbers {
        row[*column as usize] = Value::Number(*number);
    }
    row
}

/// The amounts of all cost kinds but the last, which is the list cost.
fn amounts(costs: &ledger_core::cost::Costs) -> Vec<String> {
    let kinds = CostKind::ALL.into_iter().filter(|it| *it != CostKind::List);
    kinds.map(|kind| costs.of(kind).amount().to_string()).collect()
}

/// The cost of lines of a type by each cost kind.
fn costs_of_type(outcome: &Outcome, line_type: &str) -> Vec<String> {
    let days = outcome.ledger.values().flat_map(|it| it.iter()).map(|it| it.unwrap().1);
    let sums = days
        .flat_map(|it| it.positions)
        .filter(|(key, _)| &*key.summary.charge.line_type == line_type);
    let costs: Vec<_> = sums.map(|(_, measures)| measures.costs).collect();
    assert_eq!(costs.len(), 1, "{line_type}");
    amounts(&costs[0])
}

/// One line of each type and the amounts it comes to, worked out by hand.
fn every_type() -> Vec<(Row, [&'static str; 4])> {
    use Column::*;
    let mut reserved = row_of_type("Fee", 400.0, &[(NetUnblended, 360.0)]);
    reserved[ReservationArn as usize] = Value::Text("arn:aws:bedrock:::reserved/a");
    let recurring = [
        (NetUnblended, 4.5),
        (SavingsPlanTotalCommitment, 5.0),
        (SavingsPlanUsedCommitment, 3.0),
        (SavingsPlanRecurringCommitment, 3720.0),
        (SavingsPlanNetRecurringCommitment, 3348.0),
    ];
    let rest = [
        (NetUnblended, 18.0),
        (ReservationUnusedUpfrontFee, 3.0),
        (ReservationNetUnusedUpfrontFee, 2.0),
        (ReservationUnusedRecurringFee, 4.0),
        (ReservationNetUnusedRecurringFee, 3.5),
    ];
    let covered = [(SavingsPlanEffectiveCost, 7.0), (SavingsPlanNetEffectiveCost, 6.3)];
    let discounted = [(ReservationEffectiveCost, 1.25), (ReservationNetEffectiveCost, 1.0)];
    let net = |cost| [(NetUnblended, cost)];
    vec![
        (row_of_type("Usage", 1.0, &net(0.5)), ["1", "0.5", "1", "0.5"]),
        (row_of_type("SavingsPlanCoveredUsage", 10.0, &covered), ["10", "10", "7", "6.3"]),
        // 5 - 3 were not used; of 3720 only 3348 are to be paid.
        (row_of_type("SavingsPlanRecurringFee", 5.0, &recurring), ["5", "4.5", "2", "1.8"]),
        (row_of_type("SavingsPlanNegation", -10.0, &net(-9.0)), ["-10", "-9", "0", "0"]),
        (row_of_type("SavingsPlanUpfrontFee", 100.0, &net(90.0)), ["100", "90", "0", "0"]),
        (row_of_type("DiscountedUsage", 0.0, &discounted), ["0", "0", "1.25", "1"]),
        (row_of_type("RIFee", 20.0, &rest), ["20", "18", "7", "5.5"]),
        (reserved, ["400", "360", "0", "0"]),
        (row_of_type("Tax", 2.0, &[]), ["2", "2", "2", "2"]),
    ]
}

#[test]
fn lines_are_amortized_by_their_type() {
    let lines = every_type();
    // Lines that nothing is spread on stay together.
    let mut rows: Vec<Row> = lines.iter().map(|it| it.0.clone()).collect();
    let others = lines.iter().map(|it| it.0.clone()).map(|mut row| {
        row[Column::ProductCode as usize] = Value::Text("AmazonEC2");
        row[Column::UsageType as usize] = Value::Text("BoxUsage:t3.micro");
        row
    });
    rows.extend(others);
    let outcome = check(&rows, &plain_form(4));
    assert_eq!((outcome.told, &outcome.findings), (7 + 2 + 1, &BTreeSet::new()));
    for (row, expected) in &lines {
        let Value::Text(line_type) = row[Column::LineType as usize] else { panic!("no type") };
        assert_eq!(costs_of_type(&outcome, line_type), expected, "{line_type}");
    }
    let (_, totals) = outcome.ledger.values().next().unwrap().totals().next().unwrap();
    let total = totals.values().next().unwrap();
    assert_eq!(amounts(&total.ai), ["528", "476", "20.25", "17.1"]);
    // What is not AI is only totalled.
    assert_eq!(amounts(&total.other), ["528", "476", "528", "476"]);
}

/// The two other ways a commitment is paid, and amounts that bills leave empty.
#[test]
fn what_is_empty_is_no_discount() {
    use Column::*;
    let check = |row: Row, expected: [&str; 4]| {
        let Value::Text(line_type) = row[LineType as usize] else { panic!("no type") };
        let outcome = check(&[row], &plain_form(1));
        assert_eq!(costs_of_type(&outcome, line_type), expected, "{line_type}");
        assert_eq!(outcome.findings, BTreeSet::new());
    };
    let unused = [(SavingsPlanTotalCommitment, 5.0), (SavingsPlanUsedCommitment, 3.0)];
    let paid_ahead = [
        (SavingsPlanRecurringCommitment, 0.0),
        (SavingsPlanNetRecurringCommitment, 0.0),
        (SavingsPlanUpfrontCommitment, 300.0),
        (SavingsPlanNetUpfrontCommitment, 200.0),
    ];
    let row = row_of_type("SavingsPlanRecurringFee", 0.0, &[&unused[..], &paid_ahead].concat());
    check(row, ["0", "0", "2", "1.333333333333333"]);
    check(row_of_type("SavingsPlanRecurringFee", 5.0, &unused), ["5", "5", "2", "2"]);
    let covered = [(NetUnblended, 9.0), (SavingsPlanEffectiveCost, 7.0)];
    check(row_of_type("SavingsPlanCoveredUsage", 10.0, &covered), ["10", "9", "7", "7"]);
    let rest = [(ReservationUnusedRecurringFee, 4.0), (ReservationNetUnusedRecurringFee, 3.0)];
    check(row_of_type("RIFee", 20.0, &rest), ["20", "20", "4", "3"]);
    check(row_of_type("Fee", 9.0, &[(NetUnblended, 8.0)]), ["9", "8", "9", "8"]);
}

#[test]
fn what_the_bill_does_not_say_of_amortizing_is_told() {
    let rows: Vec<Row> = every_type().into_iter().map(|it| it.0).collect();
    let form = Form { columns: Column::OF_ALL_LINES.to_vec(), ..plain_form(4) };
    let outcome = check(&rows, &form);
    let messages: Vec<&str> = outcome.findings.iter().map(|it| &*it.message).collect();
    assert_eq!(
        messages,
        [
            "1 line of type `DiscountedUsage` with no column `reservation_effective_cost`: its \
             unblended cost counts as its amortized cost; name it in the export's query",
            "1 line of type `Fee` with no column `reservation_reservation_a_r_n`: its unblended \
             cost counts as its amortized cost; name it in the export's query",
            "1 line of type `RIFee` with no column \
             `reservation_unused_amortized_upfront_fee_for_billing_period` and \
             `reservation_unused_recurring_fee`: its unblended cost counts as its amortized cost; \
             name it in the export's query",
            "1 line of type `SavingsPlanCoveredUsage` with no column \
             `savings_plan_savings_plan_effective_cost`: its unblended cost counts as its \
             amortized cost; name it in the export's query",
            "1 line of type `SavingsPlanRecurringFee` with no column \
             `savings_plan_total_commitment_to_date` and `savings_plan_used_commitment`: its \
             unblended cost counts as its amortized cost; name it in the export's query",
        ]
    );
    assert!(outcome.findings.iter().all(|it| it.code.as_str() == "not-amortized"));
    for line_type in ["DiscountedUsage", "SavingsPlanCoveredUsage", "RIFee", "Fee"] {
        let costs = costs_of_type(&outcome, line_type);
        assert_eq!(costs[..2], costs[2..], "{line_type}");
    }
    // What cannot be amortized stays together: all but negations and fees paid ahead.
    assert_eq!(check(&[&rows[..], &rows].concat(), &form).told, 7 + 2 * 2);
    let empty =
        [row_of_type("DiscountedUsage", 3.0, &[]), row_of_type("DiscountedUsage", 1.0, &[])];
    let outcome = check(&empty, &plain_form(4));
    let messages: Vec<&str> = outcome.findings.iter().map(|it| &*it.message).collect();
    assert_eq!(
        messages,
        ["2 lines of type `DiscountedUsage` with nothing in `reservation_effective_cost`: their \
          unblended cost counts as their amortized cost"]
    );
    assert_eq!(costs_of_type(&outcome, "DiscountedUsage"), ["4"; 4]);
}

#[test]
fn an_amount_that_cannot_be_amortized_is_no_reason_to_guess() {
    let column = Column::SavingsPlanEffectiveCost;
    let covered = row_of_type("SavingsPlanCoveredUsage", 1.0, &[(column, f64::INFINITY)]);
    let usage = row_of_type("Usage", 1.0, &[(column, f64::INFINITY)]);
    let outcome = check(&[usage, covered], &plain_form(4));
    assert!(outcome.rejected.is_empty(), "{:?}", outcome.rejected);
    let findings: Vec<&str> = outcome.findings.iter().map(|it| it.message.as_str()).collect();
    assert_eq!(
        findings,
        ["`savings_plan_savings_plan_effective_cost` cannot be read in 1 line of 1 USD, first at \
          bill:2: not a decimal amount; expected digits with at most one `.`; its cost is kept, its \
          unblended cost counts as its amortized cost"]
    );
    assert_eq!(costs_of_type(&outcome, "SavingsPlanCoveredUsage"), ["1"; 4]);
}
