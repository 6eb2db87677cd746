//! Whatever stands in a bill, nothing panics and no line's cost is lost without a word.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use ledger_core::cost::CostKind;
use parquet::file::properties::WriterVersion;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use rust_decimal::Decimal;
use tempfile::TempDir;

use super::form_tests::good_parquet;
use super::*;
use crate::cur::places::local::find;
use crate::cur::places::manifest::{Manifest, newest_of_each_month};
use ledger_app::ports::{BillSource, Reading, SourceError};

const NAMES: [&str; 12] = [
    "bill_billing_period_start_date",
    "bill_payer_account_id",
    "line_item_usage_account_id",
    "line_item_usage_start_date",
    "line_item_product_code",
    "line_item_usage_type",
    "line_item_usage_amount",
    "line_item_unblended_cost",
    "line_item_currency_code",
    "line_item_iam_principal",
    "product",
    "tags",
];
const GOOD: [&str; 12] = [
    "2026-06-01T00:00:00Z",
    "123456789012",
    "210987654321",
    "2026-06-03T00:00:00Z",
    "AmazonBedrock",
    "USE1-NovaLite-input-tokens",
    "2",
    "0.5",
    "USD",
    "arn:aws:sts::123456789012:assumed-role/app/run",
    r#"{"model":"Nova Lite"}"#,
    r#"{"iamPrincipal/team":"search"}"#,
];

/// What reading a file told: the numbers of lines that were read, with their cost, and rejected.
#[derive(Debug, Default)]
struct Told {
    read: Vec<u64>,
    cost: Decimal,
    rejected: BTreeSet<u64>,
    lines: u64,
}

fn read(bytes: &[u8]) -> Result<Told, SourceError> {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("bill");
    fs::write(&path, bytes).unwrap();
    let folder = CurFolder::new(vec![path]);
    let mut told = Told::default();
    for delivery in folder.deliveries()? {
        folder.read(&delivery, &mut |reading| {
            match reading {
                Reading::Charge(line, sums) | Reading::Other(line, sums) => {
                    told.read.push(line.provenance.line);
                    for sum in &sums {
                        told.lines += sum.line_count();
                        let costs = sum.costs(line.costs.currency())?;
                        told.cost += costs.of(CostKind::Unblended).amount();
                    }
                }
                Reading::Rejected(it) => assert!(told.rejected.insert(it.provenance.line)),
                Reading::Rounded(_)
                | Reading::Finding(_)
                | Reading::NoColumn(_)
                | Reading::Progress(_) => (),
            }
            Ok(())
        })?;
    }
    Ok(told)
}

fn csv_of(rows: &[Vec<String>]) -> Vec<u8> {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(NAMES).unwrap();
    for row in rows {
        out.write_record(row).unwrap();
    }
    out.into_inner().unwrap()
}

/// Good text, text that is nearly so, and any.
fn any_cell(good: &'static str) -> impl Strategy<Value = String> {
    let hard = vec![
        "",
        "{}",
        "null",
        "[]",
        "{\"a\":{}}",
        "{\"a\":1e999}",
        "NaN",
        "1e400",
        "-0",
        "0x1",
        "1,5",
        "=1+1",
        "\"",
        "\n",
        "\u{0}",
        "\u{feff}",
        "9999-12-31T23:59:59Z",
        "2026-02-30",
        "arn:aws:::",
        "arn:aws:sts::123456789012:assumed-role/",
        "𝟙",
        "USE1-",
        ":",
        "-",
        "/",
    ];
    prop_oneof![
        6 => Just(good.to_owned()),
        1 => select(hard).prop_map(str::to_owned),
        1 => ".*",
        1 => (any::<Index>(), ".").prop_map(move |(at, with)| {
            let mut text: Vec<char> = good.chars().collect();
            let at = at.index(text.len());
            text.splice(at..=at, with.chars());
            text.into_iter().collect()
        }),
    ]
}

fn any_row() -> impl Strategy<Value = Vec<String>> {
    GOOD.iter().map(|good| any_cell(good)).collect::<Vec<_>>()
}

/// Bytes with a few of them changed, left out or put in.
fn mutated(bytes: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<Index>(), 0..3_u8, any::<u8>());
    prop::collection::vec(change, 1..6).prop_map(move |changes| {
        let mut bytes = bytes.clone();
        for (at, what, byte) in changes {
            let at = at.index(bytes.len().max(1));
            match (what, bytes.get_mut(at)) {
                (0, Some(it)) => *it = byte,
                (1, Some(_)) => drop(bytes.remove(at)),
                _ => bytes.insert(at.min(bytes.len()), byte),
            }
        }
        bytes
    })
}

fn good_file() -> Vec<u8> {
    csv_of(&vec![GOOD.map(str::to_owned).to_vec(); 4])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn every_row_is_read_or_rejected_whatever_its_cells_hold(
        rows in prop::collection::vec(any_row(), 1..5),
    ) {
        let told = read(&csv_of(&rows)).unwrap();
        let all: BTreeSet<u64> = (1..).take(rows.len()).collect();
        let read: BTreeSet<u64> = told.read.iter().copied().collect();
        prop_assert_eq!(read.len(), told.read.len());
        prop_assert!(read.is_disjoint(&told.rejected));
        prop_assert_eq!(read.union(&told.rejected).copied().collect::<BTreeSet<_>>(), all);
        // What is read has the cost that its cell says, to the last of 15 places.
        let cells = rows.iter().zip(1..).filter(|(_, line)| read.contains(line));
        let cost = |(row, _): (&Vec<String>, u64)| -> Decimal {
            let text = &row[7];
            text.parse().or_else(|_| Decimal::from_scientific(text)).unwrap().round_dp(15)
        };
        prop_assert_eq!(told.cost.normalize(), cells.map(cost).sum::<Decimal>().normalize());
    }

    #[test]
    fn tags_and_attributes_never_cost_a_line_that_can_be_read(
        tags in any_cell(GOOD[11]),
        product in any_cell(GOOD[10]),
    ) {
        let mut row = GOOD.map(str::to_owned).to_vec();
        (row[10], row[11]) = (product, tags);
        let told = read(&csv_of(&[row])).unwrap();
        prop_assert_eq!(told.lines + u64::try_from(told.rejected.len()).unwrap(), 1);
    }

    #[test]
    fn a_damaged_csv_is_refused_or_each_of_its_rows_told_of(bytes in mutated(good_file())) {
        if let Ok(told) = read(&bytes) {
            let mut rows = csv::ReaderBuilder::new();
            let rows = rows.has_headers(false).flexible(true).from_reader(&*bytes).into_byte_records();
            let rows = u64::try_from(rows.count()).unwrap() - 1;
            prop_assert_eq!(told.lines + u64::try_from(told.rejected.len()).unwrap(), rows);
        }
    }

    /// What a damaged page says nobody knows; it ends with an answer.
    #[test]
    fn a_damaged_parquet_is_refused_or_read(
        bytes in prop_oneof![
            mutated(good_parquet(WriterVersion::PARQUET_1_0, true)),
            mutated(good_parquet(WriterVersion::PARQUET_2_0, false)),
        ],
    ) {
        match read(&bytes) {
            Ok(told) => prop_assert!(u64::try_from(told.read.len()).unwrap() <= told.lines),
            Err(SourceError::Refused(_) | SourceError::Money(..)) => {}
            Err(other) => return Err(TestCaseError::fail(other.to_string())),
        }
    }

    #[test]
    fn a_manifest_of_any_text_is_read_or_refused(
        text in prop_oneof![
            ".*".prop_map(String::into_bytes),
            mutated(br#"{"dataFiles":["s3://b/data/BILLING_PERIOD=2026-06/x.csv"],"createdAt":"2026-06-05T06:00:00.000Z","billingPeriod":{"start":"2026-06-01T00:00:00.000Z"}}"#.to_vec()),
            mutated(br#"{"reportKeys":["r/20260601-20260701/x.csv"],"billingPeriod":{"start":"20260601T000000.000Z"}}"#.to_vec()),
        ],
        place in "(bills/|metadata/|BILLING_PERIOD=2026-0[0-9]/|2026060[01]-20260701/|é/){0,4}",
    ) {
        let path = format!("{place}bills-Manifest.json");
        let Ok(manifest) = Manifest::parse(&text, &path) else { return Ok(()) };
        prop_assert_eq!(newest_of_each_month([(Path::new(&path), manifest)]).count(), 1);
        // As a file in a folder: nothing outside of it is ever named.
        let dir = TempDir::new().unwrap();
        let root = dir.path().join("root");
        let file = root.join(&path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(dir.path().join("x.csv"), good_file()).unwrap();
        fs::write(&file, &text).unwrap();
        for delivery in find(std::slice::from_ref(&root)).into_iter().flatten() {
            for name in &delivery.files {
                prop_assert!(Path::new(name).starts_with(&root), "{}", name);
            }
        }
    }
}
