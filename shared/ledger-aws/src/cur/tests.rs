use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::{MapBuilder, MapFieldNames, StringBuilder};
use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, RecordBatch, StringArray, TimestampMillisecondArray,
};
use ledger_core::bill_text::BillText;
use ledger_core::cost::CostKind;
use ledger_core::line_item::{LineItem, Provenance};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use tempfile::TempDir;

use super::*;
use ledger_app::ports::{BillSource, Reading};

const PRINTED: &str = include_str!("../../testdata/cur2_bedrock_rows_printed_by_aws.csv");
const HEADER: &str = "bill_billing_period_start_date,bill_payer_account_id,\
    line_item_usage_account_id,line_item_usage_start_date,line_item_product_code,\
    line_item_usage_type,line_item_usage_amount,line_item_unblended_cost,\
    line_item_currency_code,line_item_iam_principal,tags";
const GOOD: &str = "2026-06-01T00:00:00.000Z,123456789012,210987654321,2026-06-03T00:00:00.000Z,\
    AmazonBedrock,USE1-NovaLite-input-tokens,2,0.5,USD,,";

#[derive(Default)]
struct Read {
    lines: Vec<LineItem>,
    /// Of each line: whether it is for generative AI.
    ai: Vec<bool>,
    rejected: Vec<String>,
    findings: Vec<String>,
    rounded: Vec<String>,
    progress: u64,
}

fn read_all(paths: &[&Path]) -> Result<Read, String> {
    let folder = CurFolder::new(paths.iter().map(|it| it.to_path_buf()).collect());
    let mut read = Read::default();
    let deliveries = folder.deliveries().map_err(|error| error.to_string())?;
    for delivery in &deliveries {
        let mut sink = |reading| {
            match reading {
                Reading::Charge(line, _) => {
                    read.ai.push(true);
                    read.lines.push(line);
                }
                Reading::Other(line, _) => {
                    read.ai.push(false);
                    read.lines.push(line);
                }
                Reading::Rejected(it) => {
                    read.rejected.push(format!("{}: {}: {}", it.provenance, it.column, it.reason));
                }
                Reading::Rounded(by) => read.rounded.push(by.to_string()),
                Reading::Finding(it) => read.findings.push(format!("{}: {}", it.code, it.message)),
                Reading::NoColumn(it) => {
                    let finding = it.finding();
                    read.findings.push(format!("{}: {}", finding.code, finding.message));
                }
                Reading::Progress(bytes) => read.progress += bytes,
            }
            Ok(())
        };
        folder.read(delivery, &mut sink).map_err(|error| error.to_string())?;
    }
    assert_eq!(read.progress, deliveries.iter().map(|it| it.bytes).sum::<u64>());
    Ok(read)
}

fn read_bytes(name: &str, content: &[u8]) -> Result<Read, String> {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join(name);
    fs::write(&path, content).unwrap();
    read_all(&[&path])
}

#[track_caller]
fn check_refused(name: &str, content: &[u8], expected: &str) {
    assert_eq!(read_bytes(name, content).err().as_deref(), Some(expected));
}

#[track_caller]
fn check_rejected(row: &str, expected: &str) {
    let read = read_bytes("a.csv", format!("{HEADER}\n{GOOD}\n{row}\n").as_bytes()).unwrap();
    assert_eq!(read.lines.len(), 1);
    assert_eq!(read.rejected, [expected]);
}

/// The cost of a row is kept, and a finding tells of its bad cell.
#[track_caller]
fn check_kept(row: &str, expected: &str) {
    let read = read_bytes("a.csv", format!("{HEADER}\n{GOOD}\n{row}\n").as_bytes()).unwrap();
    assert_eq!((read.lines.len(), read.rejected.len()), (2, 0));
    assert_eq!(of_other_columns(&read), [format!("cell-unreadable: {expected}")]);
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(content).unwrap();
    out.finish().unwrap()
}

fn printed_rows() -> Vec<csv::StringRecord> {
    csv::Reader::from_reader(PRINTED.as_bytes()).records().map(Result::unwrap).collect()
}

/// Columns that the rows of these tests do not have.
const UNNAMED: [&str; 4] =
    ["pricing_unit", "bill_invoice_id", "pricing_public_on_demand_cost", "product"];

/// The findings that are not about [`UNNAMED`].
fn of_other_columns(read: &Read) -> Vec<&str> {
    let is_other = |it: &&String| UNNAMED.iter().all(|name| !it.contains(&format!("`{name}`")));
    read.findings.iter().filter(is_other).map(String::as_str).collect()
}

/// The printed rows with what the posts do not print.
fn printed_as_csv() -> Vec<u8> {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(HEADER.split(',')).unwrap();
    for row in printed_rows() {
        let (principal, usage, amount, cost, tags) = (&row[0], &row[1], &row[2], &row[3], &row[4]);
        let (june, day) = ("2026-06-01T00:00:00.000Z", "2026-06-03T00:00:00.000Z");
        let (account, code) = ("123456789012", "AmazonBedrock");
        out.write_record([
            june, account, account, day, code, usage, amount, cost, "USD", principal, tags,
        ])
        .unwrap();
    }
    out.into_inner().unwrap()
}

fn parquet(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, array)| (name, array, true)),
    )
    .unwrap();
    let mut out = Vec::new();
    let options = ArrowWriterOptions::new().with_skip_arrow_metadata(true);
    let mut writer = ArrowWriter::try_new_with_options(&mut out, batch.schema(), options).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    out
}

fn printed_as_parquet() -> Vec<u8> {
    let rows = printed_rows();
    let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let texts = |at: usize| -> ArrayRef {
        Arc::new(rows.iter().map(|it| filled(&it[at])).collect::<StringArray>())
    };
    let doubles = |at: usize| -> ArrayRef {
        Arc::new(rows.iter().map(|it| it[at].parse().ok()).collect::<Float64Array>())
    };
    let same = |text: &str| -> ArrayRef { Arc::new(StringArray::from(vec![text; rows.len()])) };
    let day = |text: &str| -> ArrayRef {
        let value = text.parse::<jiff::Timestamp>().unwrap().as_millisecond();
        Arc::new(TimestampMillisecondArray::from(vec![value; rows.len()]).with_timezone("UTC"))
    };
    let names =
        MapFieldNames { entry: "key_value".into(), key: "key".into(), value: "value".into() };
    let mut tags = MapBuilder::new(Some(names), StringBuilder::new(), StringBuilder::new());
    for row in &rows {
        let text = if row[4].is_empty() { "{}" } else { &row[4] };
        let object: std::collections::BTreeMap<String, String> =
            serde_json::from_str(text).unwrap();
        for (key, value) in &object {
            tags.keys().append_value(key);
            tags.values().append_value(value);
        }
        tags.append(!object.is_empty()).unwrap();
    }
    parquet(vec![
        ("bill_billing_period_start_date", day("2026-06-01T00:00:00Z")),
        ("bill_payer_account_id", same("123456789012")),
        ("line_item_usage_account_id", same("123456789012")),
        ("line_item_usage_start_date", day("2026-06-03T00:00:00Z")),
        ("line_item_product_code", same("AmazonBedrock")),
        ("line_item_usage_type", texts(1)),
        ("line_item_usage_amount", doubles(2)),
        ("line_item_unblended_cost", doubles(3)),
        ("line_item_currency_code", same("USD")),
        ("line_item_iam_principal", texts(0)),
        ("tags", Arc::new(tags.finish())),
        ("unread", Arc::new(BooleanArray::from(vec![true; rows.len()]))),
    ])
}

/// A line without the place it was read at.
fn content(line: &LineItem) -> String {
    let provenance = Provenance { file: "".into(), line: line.provenance.line };
    format!("{:?}", LineItem { provenance, ..line.clone() })
}

#[test]
fn rows_printed_by_aws_are_read_exactly() {
    let read = read_bytes("a.csv", &printed_as_csv()).unwrap();
    assert!(read.rejected.is_empty() && read.rounded.is_empty());
    assert_eq!(of_other_columns(&read), [""; 0]);
    assert_eq!(read.findings.len(), UNNAMED.len());
    let rows = printed_rows();
    assert_eq!(read.ai, vec![true; rows.len()]);
    for (line, row) in read.lines.iter().zip(&rows) {
        assert_eq!(line.caller.as_ref().map_or("", |it| it.text()), &row[0]);
        let cost = line.costs.of(CostKind::Unblended).amount();
        assert_eq!(cost, row[3].parse::<rust_decimal::Decimal>().unwrap());
        let tags: serde_json::Value = line
            .tags
            .iter()
            .map(|(key, value)| (key.to_string(), serde_json::Value::from(&**value)))
            .collect::<serde_json::Map<_, _>>()
            .into();
        let printed = if row[4].is_empty() { "{}" } else { &row[4] };
        assert_eq!(tags, serde_json::from_str::<serde_json::Value>(printed).unwrap());
        assert_eq!(line.bill.to_string(), "cur 2026-06 of payer 123456789012");
        assert_eq!(
            (line.day.to_string().as_str(), &*line.service),
            ("2026-06-03", "Amazon Bedrock")
        );
    }
    let first = &read.lines[0];
    assert_eq!(first.model.name.as_deref(), Some("claude-sonnet-4.6"));
    assert_eq!(first.model.publisher.as_deref(), Some("Anthropic"));
    assert_eq!(first.texts.get(BillText::Region).map(|it| &**it), Some("us-east-1"));
    assert_eq!(first.provenance.to_string(), "a.csv:1");
}

#[test]
fn all_forms_of_a_bill_mean_the_same() {
    let csv = printed_as_csv();
    let expected: Vec<String> =
        read_bytes("a.csv", &csv).unwrap().lines.iter().map(content).collect();
    let with_mark = [b"\xef\xbb\xbf".as_slice(), &csv].concat();
    for (name, bytes) in
        [("a.parquet", printed_as_parquet()), ("a.csv.gz", gzip(&csv)), ("a.csv", with_mark)]
    {
        let read = read_bytes(name, &bytes).unwrap();
        assert!(read.rejected.is_empty() && of_other_columns(&read).is_empty(), "{name}");
        // Parquet is told group by group, and no two of these rows share one.
        let mut lines = read.lines;
        lines.sort_by_key(|it| it.provenance.line);
        assert_eq!(lines.iter().map(content).collect::<Vec<_>>(), expected, "{name}");
    }
}

#[test]
fn wrong_files_are_refused() {
    let wrong = |what: &str| {
        format!(
            "`a.csv` is not a cost and usage export: it begins like {what}; expected Parquet, or \
             CSV with a header line that has `line_item_unblended_cost`"
        )
    };
    check_refused("a.csv", b"\x89PNG\r\n\x1a\n\0\0", &wrong("a PNG image"));
    check_refused(
        "a.csv",
        b"PK\x03\x04abc",
        &wrong("a zip archive or an Excel workbook, from which CSV is to be taken"),
    );
    check_refused("a.csv", b"{\"a\": 1}", &wrong("JSON"));
    check_refused("a.csv", b"a\0b\0", &wrong("a binary file"));
    check_refused("a.csv", b"date,cost\n1,2\n", &wrong("other text"));
    check_refused("a.csv", &gzip(&printed_as_parquet()), &wrong("Parquet within gzip"));
    check_refused(
        "a.csv",
        b"line_item_usage_type,tags\n",
        "`a.csv` has no column `line_item_usage_start_date`, `line_item_unblended_cost`; expected \
         a cost and usage export 2.0 with it: name it in the export's query",
    );
}

#[test]
fn files_that_end_too_early_are_refused() {
    let whole = gzip(&printed_as_csv());
    check_refused(
        "a.csv.gz",
        &whole[..whole.len() - 4],
        "`a.csv.gz` ends too early: line 16 is the last whole one, expected a whole gzip file; \
         fetch it again",
    );
    let whole = printed_as_parquet();
    check_refused(
        "a.parquet",
        &whole[..whole.len() / 2],
        "`a.parquet` ends too early: it has no footer, expected a whole Parquet file; fetch it \
         again",
    );
}

#[test]
fn a_parquet_column_of_another_type_is_refused() {
    let text = |it: &str| -> ArrayRef { Arc::new(StringArray::from(vec![it])) };
    let columns = |cost: ArrayRef| {
        vec![
            ("line_item_usage_start_date", text("2026-06-01 00:00:00")),
            ("line_item_usage_type", text("x")),
            ("line_item_unblended_cost", cost),
        ]
    };
    check_refused(
        "a.parquet",
        &parquet(columns(Arc::new(BooleanArray::from(vec![true])))),
        "`a.parquet` has column `line_item_unblended_cost` of type BOOLEAN; expected a double, a \
         decimal, an integer or text",
    );
    let null = parquet(columns(Arc::new(Float64Array::from(vec![None]))));
    let read = read_bytes("a.parquet", &null).unwrap();
    assert_eq!(
        read.rejected,
        ["a.parquet:1: line_item_unblended_cost: the cell is empty; expected an amount"],
    );
    let zero = || Arc::new(Float64Array::from(vec![-0.0]));
    let mut without_currency = columns(zero());
    without_currency
        .push(("line_item_currency_code", Arc::new(StringArray::from(vec![None::<&str>]))));
    let read = read_bytes("a.parquet", &parquet(without_currency)).unwrap();
    assert_eq!(
        read.rejected,
        ["a.parquet:1: line_item_currency_code: not a currency; expected a code of ISO 4217 \
          such as `USD`"],
    );
    for (cost, expected) in [
        (zero() as ArrayRef, "0 USD"),
        (Arc::new(Float64Array::from(vec![0.1 + 0.2])) as ArrayRef, "0.3 USD"),
        (Arc::new(arrow_array::Int64Array::from(vec![3])), "3 USD"),
        (text("1.50"), "1.5 USD"),
        (
            Arc::new(
                arrow_array::Decimal128Array::from(vec![-1250])
                    .with_precision_and_scale(10, 3)
                    .unwrap(),
            ),
            "-1.25 USD",
        ),
    ] {
        let read = read_bytes("a.parquet", &parquet(columns(cost))).unwrap();
        assert_eq!(read.lines[0].costs.of(CostKind::Unblended).to_string(), expected);
    }
}

#[test]
fn bad_rows_are_counted_and_the_others_are_read() {
    let with = |from: &str, to: &str| GOOD.replacen(from, to, 1);
    check_rejected(
        &with("0.5", "1.2.3"),
        "a.csv:2: line_item_unblended_cost: not a decimal amount; expected digits with at most one \
         `.`",
    );
    check_kept(
        &with("tokens,2,", "tokens,two,"),
        "`line_item_usage_amount` cannot be read in 1 line of 0.5 USD, first at a.csv:2: not a \
         decimal amount; expected digits with at most one `.`; its cost is kept, it has no tokens \
         and no quantity",
    );
    check_rejected(
        &with("USD", "XYZ"),
        "a.csv:2: line_item_currency_code: not a currency; expected a code of ISO 4217 such as \
         `USD`",
    );
    check_kept(
        &format!("{GOOD}[1]"),
        "`tags` cannot be read in 1 line of 0.5 USD, first at a.csv:2: not a JSON object of texts; \
         expected the form `{\"key\":\"value\"}`; its cost is kept, its tags are unknown",
    );
    check_rejected(
        &with("2026-06-03T00:00:00.000Z", "yesterday"),
        "a.csv:2: line_item_usage_start_date: not a date; expected the form `2026-06-01T00:00:00Z`",
    );
    for day in ["2026-07-01", "2025-04-30"] {
        check_rejected(
            &with("2026-06-03T00:00:00.000Z", day),
            "a.csv:2: line_item_usage_start_date: the day cannot be on the bill of 2026-06; \
             expected a day of that month or of the 13 months before it",
        );
    }
    check_rejected(
        &with(",123456789012", ",1.2E+11"),
        "a.csv:2: bill_payer_account_id: an account id that a spreadsheet or data frame rounded as a \
         number; expected 12 digits: read the column as text there, from the file as AWS wrote it",
    );
    check_rejected(
        "2026-06-01,1",
        "a.csv:2: line_item_usage_account_id: the line has 2 fields; expected 11",
    );
    check_kept(
        &format!("{GOOD}{}", "x".repeat((1 << 20) + 1)),
        "`tags` cannot be read in 1 line of 0.5 USD, first at a.csv:2: larger than 1048576 bytes; \
         its cost is kept, its tags are unknown",
    );
    let mut bytes = format!("{HEADER}\n{GOOD}").into_bytes();
    bytes.extend(b"\xff\n");
    let read = read_bytes("a.csv", &bytes).unwrap();
    assert!(read.rejected.is_empty());
    let expected = "cell-unreadable: `tags` cannot be read in 1 line of 0.5 USD, first at a.csv:1: \
                    not UTF-8; expected UTF-8 text; its cost is kept, its tags are unknown";
    assert_eq!(of_other_columns(&read), [expected]);
}

#[test]
fn a_row_of_another_bill_than_its_delivery_is_refused() {
    let dir = TempDir::new().unwrap();
    let july = GOOD.replacen("2026-06-01", "2026-07-01", 1);
    let name = "BILLING_PERIOD=2026-06/a.csv";
    put(dir.path(), name, format!("{HEADER}\n{july}\n{GOOD}\n"));
    let read = read_all(&[dir.path()]).unwrap();
    assert_eq!(read.lines.len(), 1);
    assert_eq!(
        read.rejected,
        [
            "BILLING_PERIOD=2026-06/a.csv:1: bill_billing_period_start_date: the row is of the bill of \
          2026-07, but its delivery is of 2026-06; expected rows of one bill"
        ],
    );
}

#[test]
fn rounding_and_unreadable_callers_are_told() {
    let rounded = GOOD.replace("0.5", "0.0000000000000014");
    let caller = GOOD.replace("USD,", "USD,nobody");
    let text = format!("{HEADER}\n{rounded}\n{caller}\n{caller}\n");
    let read = read_bytes("a.csv", text.as_bytes()).unwrap();
    assert_eq!(read.rounded, ["-0.0000000000000004"]);
    assert_eq!(read.lines.len(), 3);
    assert_eq!(
        of_other_columns(&read),
        [
            "principal-unreadable: `line_item_iam_principal` cannot be read in 2 lines of 1 USD, first \
          at a.csv:2: not an ARN; expected `arn:<partition>:<iam or sts>::<account>:<resource>`; \
          their cost is kept, they have no caller"
        ],
    );
}

#[test]
fn missing_columns_are_told() {
    let text = "line_item_usage_start_date,line_item_unblended_cost,line_item_usage_type\n\
                2026-06-03,1,USE1-NovaLite-input-tokens\n";
    let read = read_bytes("a.csv", text.as_bytes()).unwrap();
    assert_eq!(read.lines[0].bill.to_string(), "cur 2026-06 of payer unknown");
    assert!(read.ai[0]);
    assert_eq!(read.findings.len(), 12);
    for (column, meaning) in UNNAMED.into_iter().zip([
        "no quantity has a unit, so none is kept",
        "no line names its invoice",
        "the unblended cost counts as the list cost",
        "models that AWS Marketplace sells have no names, and those of their charges that are not \
         tokens can count as other cost",
    ]) {
        let expected = format!(
            "column-missing: `a.csv` has no column `{column}`: {meaning}; name the column in the \
             export's query"
        );
        assert!(read.findings.contains(&expected), "{:?}", read.findings);
    }
    assert!(
        read.findings.contains(
            &"column-missing: `a.csv` has no column `line_item_iam_principal`: no line names its \
          caller; set the table property `INCLUDE_IAM_PRINCIPAL_DATA` to `\"TRUE\"` and name the \
          column in the export's query"
                .to_owned()
        )
    );
}

fn put(root: &Path, path: &str, content: impl AsRef<[u8]>) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn manifest(file: &str, at: &str) -> String {
    format!(r#"{{"dataFiles": ["s3://bucket/some/{file}"], "createdAt": "{at}"}}"#)
}

#[test]
fn the_newest_manifest_of_a_month_is_a_complete_delivery() {
    let dir = TempDir::new().unwrap();
    for (run, at) in [("b", "2026-06-04T06:00:00.000Z"), ("a", "2026-06-05T06:00:00.000Z")] {
        let data = format!("bills/data/BILLING_PERIOD=2026-06/{run}/bills-1.csv");
        put(dir.path(), &data, format!("{HEADER}\n{GOOD}\n"));
        let place = format!("bills/metadata/BILLING_PERIOD=2026-06/{run}/bills-Manifest.json");
        put(dir.path(), &place, manifest(&data, at));
    }
    let folder = CurFolder::new(vec![dir.path().to_owned()]);
    let deliveries = folder.deliveries().unwrap();
    assert_eq!(deliveries.len(), 1);
    let delivery = &deliveries[0];
    assert!(delivery.is_complete);
    assert_eq!(delivery.period.unwrap().to_string(), "2026-06");
    assert_eq!(delivery.delivered_at.unwrap().to_string(), "2026-06-05T06:00:00Z");
    let read = read_all(&[dir.path()]).unwrap();
    assert_eq!(
        read.lines[0].provenance.to_string(),
        "bills/data/BILLING_PERIOD=2026-06/a/bills-1.csv:1",
    );
    // The export's own folder will do as well.
    assert_eq!(read_all(&[&dir.path().join("bills")]).unwrap().lines.len(), 1);

    fs::remove_file(dir.path().join("bills/data/BILLING_PERIOD=2026-06/a/bills-1.csv")).unwrap();
    let place = dir.path().join("bills/metadata/BILLING_PERIOD=2026-06/a/bills-Manifest.json");
    assert_eq!(
        folder.deliveries().unwrap_err().to_string(),
        format!(
            "`{}` names `s3://bucket/some/bills/data/BILLING_PERIOD=2026-06/a/bills-1.csv`, which \
             is not there; expected all data files of the delivery, in folders as in S3",
            place.display(),
        ),
    );
}

#[test]
fn a_manifest_without_files_is_refused() {
    let dir = TempDir::new().unwrap();
    let check = |content: &str, expected: &str| {
        put(dir.path(), "x-Manifest.json", content);
        let error = read_all(&[dir.path()]).err().unwrap();
        assert_eq!(error, format!("`{}/x-Manifest.json` {expected}", dir.path().display()));
    };
    check(r#"{"dataFiles": []}"#, "names no data file; expected at least one in `dataFiles`");
    check(
        "{}",
        "cannot be read: missing field `dataFiles` at line 1 column 2; expected the manifest of a \
         data export with `dataFiles`",
    );
}

#[test]
fn a_file_named_twice_is_read_once() {
    let dir = TempDir::new().unwrap();
    put(dir.path(), "a.csv", format!("{HEADER}\n{GOOD}\n"));
    put(dir.path(), "b.csv", format!("{HEADER}\n{GOOD}\n"));
    let (a, b) = (dir.path().join("a.csv"), dir.path().join("b.csv"));
    assert_eq!(read_all(&[&a, &b, &a]).unwrap().lines.len(), 2);
}

#[test]
fn a_marketplace_line_is_known_by_its_product() {
    let text = r#"line_item_usage_start_date,line_item_unblended_cost,line_item_usage_type,line_item_product_code,bill_billing_entity,product,pricing_unit,line_item_usage_amount,line_item_line_item_description,line_item_net_unblended_cost
2026-06-03 00:00:00,1,USE1-MP:USE1_InputTokenCount-Units,7zgyu5r4,AWS Marketplace,"{""product_name"":""Claude Sonnet 4.6 (Amazon Bedrock Edition)""}",Units,1.5,AWS Marketplace software usage|us-east-1|Million Input Tokens Regional,0.9
2026-06-03,1,BoxUsage:t3.micro,AmazonEC2,AWS,"{""model"":""x""}",Hrs,1,,
"#;
    let read = read_bytes("a.csv", text.as_bytes()).unwrap();
    let (claude, other) = (&read.lines[0], &read.lines[1]);
    assert_eq!(&*claude.service, "Claude Sonnet 4.6 (Amazon Bedrock Edition)");
    assert_eq!(claude.model.name.as_deref(), Some("claude-sonnet-4.6"));
    assert_eq!((read.ai[0], claude.usage.tokens), (true, Some(1_500_000)));
    assert_eq!(claude.costs.of(CostKind::NetUnblended).to_string(), "0.9 USD");
    assert_eq!(
        (read.ai[1], &*other.service, other.model.name.as_deref()),
        (false, "AmazonEC2", None)
    );
    assert_eq!(other.costs.stated(CostKind::NetUnblended), None);
}

#[test]
fn a_quote_that_is_not_closed_does_not_fill_memory() {
    // Gzip makes a row of any size of a small file.
    let row = vec![b'x'; 33 << 20];
    let bytes = gzip(&[format!("{HEADER}\n{GOOD}\n\"").as_bytes(), &row].concat());
    check_refused(
        "a.csv.gz",
        &bytes,
        "`a.csv.gz`: the row after line 1 is larger than 33554432 bytes; expected every quote to \
         be closed",
    );
}

#[test]
fn a_quote_that_is_not_closed_does_not_hide_rows() {
    let rows = format!("{GOOD}\n").repeat(20);
    check_refused(
        "a.csv",
        format!("{HEADER}\n{GOOD}\"{{\n{rows}").as_bytes(),
        "`a.csv`: row 1 goes on for 21 lines to the end of the file; expected every quote to be \
         closed",
    );
    // The line breaks off, within a quote or before its last cells.
    for cut in [format!("{GOOD}\"{{\"\"iam"), "2026-06-01,1234".to_owned()] {
        check_refused(
            "a.csv",
            format!("{HEADER}\n{rows}{cut}").as_bytes(),
            "`a.csv` ends too early: line 21 is not whole, expected a whole CSV file; fetch it \
             again",
        );
    }
    // Another quote ends it: that there were more lines is told.
    let tagged = format!("{GOOD}\"{{\"\"a\"\":\"\"b\"\"}}\"");
    let text = format!("{HEADER}\n{GOOD}\"{{\n{rows}{tagged}\n{GOOD}\n");
    let read = read_bytes("a.csv", text.as_bytes()).unwrap();
    assert_eq!(read.lines.len(), 1);
    assert_eq!(
        read.rejected,
        [
            "a.csv:1: tags: not a JSON object of texts; expected the form `{\"key\":\"value\"}` (the \
          row goes on for 22 lines: a quote may not be closed)"
        ],
    );
}

#[test]
fn an_address_does_not_lead_out_of_the_folder() {
    let dir = TempDir::new().unwrap();
    put(dir.path(), "secret.csv", GOOD);
    put(dir.path(), "in/x-Manifest.json", manifest("../../secret.csv", ""));
    let error = read_all(&[&dir.path().join("in")]).err().unwrap();
    assert!(error.contains("which is not there"), "{error}");
}

#[test]
fn folders_without_a_manifest_are_incomplete() {
    let dir = TempDir::new().unwrap();
    for name in ["BILLING_PERIOD=2026-05/a.csv", "BILLING_PERIOD=2026-06/a.csv"] {
        put(dir.path(), name, format!("{HEADER}\n{GOOD}\n"));
    }
    for name in ["aws-programmatic-access-test-object", ".b.csv", "c.csv.partial", "README.md"] {
        put(dir.path(), name, "");
    }
    let deliveries = CurFolder::new(vec![dir.path().to_owned()]).deliveries().unwrap();
    let periods: Vec<String> = deliveries.iter().map(|it| it.period.unwrap().to_string()).collect();
    assert_eq!(periods, ["2026-05", "2026-06"]);
    assert!(deliveries.iter().all(|it| !it.is_complete && it.files.len() == 1));
}

#[test]
fn places_without_a_bill_are_refused() {
    let dir = TempDir::new().unwrap();
    let root = dir.path().display();
    assert_eq!(
        read_all(&[dir.path()]).err().unwrap(),
        format!(
            "`{root}` holds no bill; expected `.parquet`, `.csv` or `.csv.gz` files of a cost and \
             usage export"
        ),
    );
    assert_eq!(
        read_all(&[&dir.path().join("none")]).err().unwrap(),
        format!(
            "`{root}/none` does not exist; expected a folder or a file of a cost and usage export"
        ),
    );
    put(dir.path(), "a.csv", "");
    assert_eq!(
        read_all(&[dir.path()]).err().unwrap(),
        format!("`{root}/a.csv` is empty; expected Parquet or CSV of a cost and usage export"),
    );
    assert_eq!(
        read_all(&[]).err().unwrap(),
        "there is nothing to read; expected a folder or files of a cost and usage export",
    );
}

/// The cells of a line's model, provider and tag, with everything else as it must be.
fn with_maps(maps: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let text = |it: &str| -> ArrayRef { Arc::new(StringArray::from(vec![it])) };
    let double = |it: f64| -> ArrayRef { Arc::new(Float64Array::from(vec![it])) };
    let mut columns = vec![
        ("line_item_usage_start_date", text("2026-06-03T00:00:00Z")),
        ("line_item_product_code", text("AmazonBedrock")),
        ("line_item_usage_type", text("USE1-InputTokenCount-Units")),
        ("line_item_unblended_cost", double(0.5)),
    ];
    columns.extend(maps);
    parquet(columns)
}

#[test]
fn attributes_and_tags_in_columns_of_their_own_are_read_from_parquet_too() {
    let text = |it: &str| -> ArrayRef { Arc::new(StringArray::from(vec![it])) };
    let absent = || -> ArrayRef { Arc::new(StringArray::from(vec![None::<&str>])) };
    let names =
        MapFieldNames { entry: "key_value".into(), key: "key".into(), value: "value".into() };
    let mut resource_tags =
        MapBuilder::new(Some(names), StringBuilder::new(), StringBuilder::new());
    resource_tags.keys().append_value("user_team");
    resource_tags.values().append_value("search");
    resource_tags.append(true).unwrap();
    let forms = [
        vec![
            ("product", text(r#"{"model":"Nova Lite","provider":"Amazon"}"#)),
            ("tags", text(r#"{"resourceTags/team":"search"}"#)),
        ],
        vec![
            ("product_model", text("Nova Lite")),
            ("product_provider", text("Amazon")),
            ("product_vcpu", absent()),
            ("resource_tags_user_team", text("search")),
            ("resource_tags_user_env", absent()),
        ],
        vec![
            ("product_model", text("Nova Lite")),
            ("product_provider", text("Amazon")),
            ("resource_tags", Arc::new(resource_tags.finish())),
        ],
    ];
    let lines = forms.map(|maps| {
        let read = read_bytes("a.parquet", &with_maps(maps)).unwrap();
        assert_eq!((read.lines.len(), read.rejected.len()), (1, 0));
        content(&read.lines[0])
    });
    assert!(
        lines[0].contains("resourceTags/team") && lines[0].contains("nova-lite"),
        "{}",
        lines[0]
    );
    assert_eq!(lines[0], lines[1]);
    assert_eq!(lines[0], lines[2]);
}
