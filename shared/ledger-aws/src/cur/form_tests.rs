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
use ledger_core::rules::{AttributionRules, MatchKey, Matcher, Pattern, Rule, Template, Validity};
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

mod amortizing;
mod bills;

use self::bills::*;

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
        validity: Validity::default(),
        when: Matcher {
            patterns: BTreeMap::from([(key.clone(), vec![Pattern::parse(&key, pattern).unwrap()])]),
            ..Matcher::default()
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
