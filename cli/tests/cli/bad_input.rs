//! Input that is not what it should be: one clear message and exit code 2, or a counted rejection;
//! the ledger is as it was.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryArray, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use serde_json::Value;
use tempfile::TempDir;

use crate::{COSTS, HEADER, bill, json, tollbook};

/// No message needs more.
const MESSAGE_BYTES_MAX: usize = 600;

const RULES: &str = "[[rule]]\nname = \"teams\"\nowner = \"{tag:iamPrincipal/team}\"\n";

const BUDGETS: &str = "[[budget]]\nname = \"search\"\nowner = \"search\"\nlimit = \"10\"\n\
    currency = \"USD\"\nwindow = \"monthly\"\nscope = { owner = \"search\" }\n";

/// A ledger with a bill, rules and budgets, and what it answers.
struct Ledger {
    folder: TempDir,
    data: PathBuf,
    answers: Vec<Value>,
}

impl Ledger {
    fn set_up() -> Ledger {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let mut ledger = Ledger { folder, data, answers: Vec::new() };
        for (name, text, command) in
            [("good-rules.toml", RULES, "rules"), ("good-budgets.toml", BUDGETS, "budget")]
        {
            let file = ledger.put(name, text);
            let output = ledger.run(&[command, "apply", &file]);
            assert_eq!(output.status.code(), Some(0), "{output:?}");
        }
        let file = ledger.put("good.csv", bill(&COSTS));
        json(&ledger.data, &["import", &file]);
        ledger.answers = ledger.ask();
        ledger
    }

    /// Writes a file; its path as an argument.
    fn put(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn run(&self, args: &[&str]) -> Output {
        tollbook(&self.data, args)
    }

    /// All answers of the ledger but the alerts of budgets: a running `up` may send these meanwhile.
    fn ask(&self) -> Vec<Value> {
        let mut answers = [
            "report --by owner,day,usage_type,rule",
            "report --by principal,account,tag:iamPrincipal/team",
            "statement --period 2026-10",
            "budget list",
        ]
        .map(|it| json(&self.data, &it.split(' ').collect::<Vec<_>>()));
        for budget in answers[3]["budgets"].as_array_mut().unwrap() {
            assert!(budget.as_object_mut().unwrap().remove("alerts").is_some());
        }
        answers.into()
    }

    /// Both documents, as far as the commands tell.
    #[track_caller]
    fn check_as_it_was(&self) {
        assert_eq!(self.ask(), self.answers);
        for (name, command, said) in [
            ("good-rules.toml", "rules", "these rules are applied already; nothing changes\n"),
            ("good-budgets.toml", "budget", "these budgets are applied already; nothing changes\n"),
        ] {
            let file = self.folder.path().join(name);
            let output = self.run(&[command, "apply", "--dry-run", file.to_str().unwrap()]);
            assert_eq!(String::from_utf8(output.stdout).unwrap(), said);
        }
    }

    /// The command is refused with this one line; `{}` stands for the folder.
    #[track_caller]
    fn check_refused(&self, args: &[&str], expected: &str) {
        let error = refusal(&self.run(args));
        assert_eq!(error, expected.replace("{}", self.folder.path().to_str().unwrap()));
    }

    /// A file of this content is refused.
    #[track_caller]
    fn check_file(&self, command: &[&str], name: &str, content: impl AsRef<[u8]>, expected: &str) {
        let file = self.put(name, content);
        self.check_refused(&[command, &[&file]].concat(), expected);
    }

    /// The good bill with bad rows among the good ones: they are counted, and nothing else is new.
    #[track_caller]
    fn check_rejected(
        &self,
        name: &str,
        content: impl AsRef<[u8]>,
        expected: &[(u64, &str, &str)],
    ) {
        let file = self.put(name, content);
        let mut report = json(&self.data, &["import", "--accept", &file]);
        for rejected in report["rejected"].as_array_mut().unwrap() {
            let rejected = rejected.as_object_mut().unwrap();
            let column = rejected["column"].as_str().unwrap();
            let is_lost = ["line_item_unblended_cost", "line_item_currency_code"].contains(&column);
            let cost = ["cost", "currency"].map(|it| rejected.remove(it).unwrap());
            assert_eq!(cost.iter().all(Value::is_null), is_lost, "{cost:?}");
        }
        let rejected: Vec<Value> = expected
            .iter()
            .map(|(line, column, reason)| {
                serde_json::json!({"file": name, "line": line, "column": column, "reason": reason})
            })
            .collect();
        assert_eq!(report["rejected"], Value::from(rejected));
        assert_eq!(report["rejected_count"], expected.len());
        assert_eq!(report["lines_read"], COSTS.len() + expected.len());
        assert_eq!(report["bills"][0]["items_written"], 0, "{}", report["bills"]);
        let output = self.run(&["import", "--accept", &file]);
        assert_eq!(output.status.code(), Some(0));
        let said = String::from_utf8(output.stdout).unwrap();
        for (line, column, reason) in expected {
            let told = format!("rejected {name}:{line}: {column}: {reason}\n");
            assert!(said.contains(&told), "{said}");
        }
    }
}

/// The one line of a command that was refused.
#[track_caller]
fn refusal(output: &Output) -> String {
    let error = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.len() <= MESSAGE_BYTES_MAX, "{} bytes: {error:.200}", error.len());
    let line = error.strip_suffix('\n').unwrap();
    assert!(!line.contains('\n'), "{error}");
    line.strip_prefix("tollbook: ").unwrap().to_owned()
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(content).unwrap();
    out.finish().unwrap()
}

/// A bill without these columns.
fn without(columns: &[&str]) -> String {
    let kept: Vec<usize> = HEADER
        .split(',')
        .enumerate()
        .filter(|(_, name)| !columns.contains(name))
        .map(|(at, _)| at)
        .collect();
    let text = bill(&COSTS);
    let mut out = csv::Writer::from_writer(Vec::new());
    for row in csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes()).records() {
        let row = row.unwrap();
        out.write_record(kept.iter().map(|at| &row[*at])).unwrap();
    }
    String::from_utf8(out.into_inner().unwrap()).unwrap()
}

/// The good bill, and behind it one that differs from its first row in these cells.
fn with_row(cells: &[(&str, &str)]) -> Vec<u8> {
    let text = bill(&COSTS);
    let mut rows = csv::Reader::from_reader(text.as_bytes());
    let header = rows.headers().unwrap().clone();
    let first = rows.records().next().unwrap().unwrap();
    let changed = header.iter().zip(first.iter()).map(|(name, cell)| {
        cells.iter().find(|(it, _)| *it == name).map_or(cell, |(_, changed)| changed)
    });
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(changed).unwrap();
    [text.into_bytes(), out.into_inner().unwrap()].concat()
}

/// The same bill as Parquet: every column is text, so that a bad cell can be written at all.
fn as_parquet(csv: &[u8], binary: &[&str]) -> Vec<u8> {
    let mut rows = csv::Reader::from_reader(csv);
    let header = rows.byte_headers().unwrap().clone();
    let rows: Vec<csv::ByteRecord> = rows.byte_records().map(Result::unwrap).collect();
    let columns = header.iter().enumerate().map(|(at, name)| {
        let name = std::str::from_utf8(name).unwrap();
        let cells = rows.iter().map(|row| &row[at]);
        let array: ArrayRef = if binary.contains(&name) {
            Arc::new(BinaryArray::from_iter_values(cells))
        } else {
            let texts = cells.map(|it| std::str::from_utf8(it).unwrap());
            Arc::new(StringArray::from_iter_values(texts))
        };
        (name, array, true)
    });
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let properties = WriterProperties::builder()
        .set_compression(Compression::UNCOMPRESSED)
        .set_dictionary_enabled(false)
        .build();
    let mut out = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut out, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    out
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = bytes.to_vec();
    let mut count = 0;
    for at in 0..bytes.len() - from.len() {
        if bytes[at..].starts_with(from) {
            bytes[at..at + from.len()].copy_from_slice(to);
            count += 1;
        }
    }
    assert!(count > 0);
    bytes
}

const IMPORT: &[&str] = &["import"];

#[test]
fn a_file_that_is_no_bill_is_refused() {
    let ledger = Ledger::set_up();
    ledger.check_file(
        IMPORT,
        "empty.csv",
        "",
        "nothing was imported: `{}/empty.csv` is empty; expected Parquet or CSV of a cost and \
         usage export",
    );
    for (name, content, what) in [
        ("picture.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice(), "a PNG image"),
        ("notes.csv", b"Dear finance,\nplease find the bill attached.\n", "other text"),
        ("answer.parquet", b"{\"error\": \"AccessDenied\"}", "JSON"),
        ("random.csv.gz", b"a\0b\0c\0d\0", "a binary file"),
    ] {
        ledger.check_file(
            IMPORT,
            name,
            content,
            &format!(
                "nothing was imported: `{name}` is not a cost and usage export: it begins like \
                 {what}; expected Parquet, or CSV with a header line that has \
                 `line_item_unblended_cost`"
            ),
        );
    }
    ledger.check_refused(
        &["import", "/no/such/place"],
        "nothing was imported: `/no/such/place` does not exist; expected a folder or a file of a \
         cost and usage export",
    );
    let folder = ledger.folder.path().join("nothing");
    fs::create_dir(&folder).unwrap();
    ledger.check_refused(
        &["import", folder.to_str().unwrap()],
        "nothing was imported: `{}/nothing` holds no bill; expected `.parquet`, `.csv` or \
         `.csv.gz` files of a cost and usage export",
    );
    ledger.check_as_it_was();
}

#[test]
fn a_file_that_ends_too_early_is_refused() {
    let ledger = Ledger::set_up();
    let text = bill(&["1"; 2_000]);
    let whole = gzip(text.as_bytes());
    let cut = ledger.put("cut.csv.gz", &whole[..whole.len() / 2]);
    let error = refusal(&ledger.run(&["import", &cut]));
    let (start, end) = error.split_once(" is the last whole one").unwrap();
    let line = start.strip_prefix("nothing was imported: `cut.csv.gz` ends too early: line ");
    assert!((1..2_000).contains(&line.unwrap().parse::<u64>().unwrap()), "{error}");
    assert_eq!(end, ", expected a whole gzip file; fetch it again");
    let cut = &whole[..whole.len() - 4];
    ledger.check_file(
        IMPORT,
        "tail.csv.gz",
        cut,
        "nothing was imported: `tail.csv.gz` ends too early: line 2000 is the last whole one, \
         expected a whole gzip file; fetch it again",
    );
    let whole = as_parquet(bill(&COSTS).as_bytes(), &[]);
    for end in [12, whole.len() / 2, whole.len() - 1] {
        ledger.check_file(
            IMPORT,
            "cut.parquet",
            &whole[..end],
            "nothing was imported: `cut.parquet` ends too early: it has no footer, expected a \
             whole Parquet file; fetch it again",
        );
    }
    let text = bill(&COSTS);
    ledger.check_file(
        IMPORT,
        "cut.csv",
        &text[..text.len() - 20],
        "nothing was imported: `cut.csv` ends too early: line 8 is not whole, expected a whole CSV \
         file; fetch it again",
    );
    let mut open = format!("{HEADER}\n");
    for (at, row) in text.lines().skip(1).enumerate() {
        // The first row's quote is the only one.
        let (cells, _tags) = row.split_once('"').unwrap();
        open.push_str(&format!("{cells}{}\n", if at == 0 { "\"{" } else { "" }));
    }
    ledger.check_file(
        IMPORT,
        "open.csv",
        open,
        "nothing was imported: `open.csv`: row 1 goes on for 8 lines to the end of the file; \
         expected every quote to be closed",
    );
    ledger.check_as_it_was();
}

#[test]
fn a_required_column_that_is_missing_is_named() {
    let ledger = Ledger::set_up();
    let expected = |name: &str, columns: &str| {
        format!(
            "nothing was imported: `{name}` has no column {columns}; expected a cost and usage \
             export 2.0 with it: name it in the export's query"
        )
    };
    let required =
        ["line_item_usage_start_date", "line_item_unblended_cost", "line_item_usage_type"];
    for column in required {
        let (text, named) = (without(&[column]), format!("`{column}`"));
        ledger.check_file(IMPORT, "a.csv", &text, &expected("a.csv", &named));
        let bytes = as_parquet(text.as_bytes(), &[]);
        ledger.check_file(IMPORT, "a.parquet", bytes, &expected("a.parquet", &named));
    }
    let all = required.map(|it| format!("`{it}`")).join(", ");
    ledger.check_file(IMPORT, "a.csv", without(&required), &expected("a.csv", &all));
    ledger.check_as_it_was();
}

#[test]
fn bad_rows_are_counted_with_their_place_and_the_others_are_read() {
    let ledger = Ledger::set_up();
    let row = COSTS.len() as u64 + 1;
    let large = "x".repeat(10_000_000);
    let decimal = "not a decimal amount; expected digits with at most one `.`";
    let cases: [(&str, &str, &str); 8] = [
        ("line_item_unblended_cost", "twelve", decimal),
        ("line_item_unblended_cost", "", "the cell is empty; expected an amount"),
        (
            "line_item_currency_code",
            "dollars",
            "not a currency; expected a code of ISO 4217 such as `USD`",
        ),
        (
            "line_item_usage_start_date",
            "2026-13-45T00:00:00Z",
            "not a date; expected the form `2026-06-01T00:00:00Z`",
        ),
        (
            "line_item_usage_start_date",
            "2026-11-01T00:00:00Z",
            "the day cannot be on the bill of 2026-10; expected a day of that month or of the 13 \
             months before it",
        ),
        (
            "line_item_usage_start_date",
            "1970-01-01T00:00:00Z",
            "the day cannot be on the bill of 2026-10; expected a day of that month or of the 13 \
             months before it",
        ),
        ("bill_payer_account_id", "somebody", "not an account id; expected 12 digits"),
        ("line_item_unblended_cost", &large, "larger than 1048576 bytes"),
    ];
    for (column, cell, reason) in cases {
        let text = with_row(&[(column, cell)]);
        ledger.check_rejected("a.csv", &text, &[(row, column, reason)]);
        ledger.check_rejected("a.parquet", as_parquet(&text, &[]), &[(row, column, reason)]);
    }
    let bad = bill(&["twelve", "13,5"]);
    ledger.check_file(
        IMPORT,
        "bad.csv",
        bad,
        "nothing was imported: no line of `{}/bad.csv` can be read, 2 were rejected; the first: \
         bad.csv:1: line_item_unblended_cost: not a decimal amount; expected digits with at most \
         one `.`",
    );
    // The bill has its rejected line as a finding until it is delivered without.
    assert_eq!(ledger.ask()[0]["findings"][0]["code"], "lines-rejected");
    json(&ledger.data, &["import", &ledger.put("good.csv", bill(&COSTS))]);
    ledger.check_as_it_was();
}

/// A row whose bad cell is in this column costs 4.5 USD, whatever is in the cell, and a finding says
/// what is lost.
#[track_caller]
fn check_kept(name: &str, content: impl AsRef<[u8]>, expected: &str) {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join(name));
    fs::write(&file, content).unwrap();
    let report = json(&data, &["import", file.to_str().unwrap()]);
    assert_eq!(report["rejected_count"], 0, "{}", report["rejected"]);
    assert_eq!(report["lines_read"], COSTS.len() + 1);
    let findings = report["findings"].as_array().unwrap().iter();
    let findings: Vec<&str> = findings
        .filter(|it| it["code"] == "cell-unreadable" || it["code"] == "principal-unreadable")
        .map(|it| it["message"].as_str().unwrap())
        .collect();
    assert_eq!(findings, [expected]);
    let costs = COSTS.iter().map(|it| it.parse::<rust_decimal::Decimal>().unwrap());
    let total = costs.sum::<rust_decimal::Decimal>() + rust_decimal::Decimal::new(45, 1);
    assert_eq!(crate::decimal(&report["totals"][0]["all"]), total);
}

/// The good bill, and one more row of 4.50 USD with these cells.
fn with_costly_row(cells: &[(&str, &str)]) -> Vec<u8> {
    with_row(&[&[("line_item_unblended_cost", "4.50")], cells].concat())
}

#[test]
fn a_bad_cell_costs_what_it_says_and_no_money() {
    let large = "x".repeat(2_000_000);
    let commas = "a number with commas, as spreadsheets write it; write it with a `.` before the fraction \
                  and without separators of thousands";
    let map = "not a JSON object of texts; expected the form `{\"key\":\"value\"}`";
    let unmetered = "it has no tokens and no quantity";
    let cases: [(&str, &str, &str, &str); 10] = [
        ("line_item_usage_amount", "1,000", commas, unmetered),
        (
            "line_item_usage_amount",
            "1e400",
            "out of range; expected less than 10,000,000,000,000 either way",
            unmetered,
        ),
        ("tags", "team=ana@corp.example", map, "its tags are unknown"),
        ("tags", "{\"a\":{\"b\":\"c\"}}", map, "its tags are unknown"),
        ("tags", &large, "larger than 1048576 bytes", "its tags are unknown"),
        (
            "line_item_usage_type",
            &large,
            "larger than 1048576 bytes",
            "and the cell counts as empty",
        ),
        (
            "line_item_usage_account_id",
            "somebody",
            "not an account id; expected 12 digits",
            "its account is that of its caller, where there is one",
        ),
        (
            "line_item_iam_principal",
            "ana@corp.example",
            "not an ARN; expected `arn:<partition>:<iam or sts>::<account>:<resource>`",
            "it has no caller",
        ),
        ("pricing_unit", &large, "larger than 1048576 bytes", "and the cell counts as empty"),
        (
            "line_item_product_code",
            &large,
            "larger than 1048576 bytes",
            "and the cell counts as empty",
        ),
    ];
    for (column, cell, fault, consequence) in cases {
        let text = with_costly_row(&[(column, cell)]);
        for (name, content) in [("a.csv", text.clone()), ("a.parquet", as_parquet(&text, &[]))] {
            let expected = format!(
                "`{column}` cannot be read in 1 line of 4.5 USD, first at {name}:9: {fault}; its \
                 cost is kept, {consequence}"
            );
            check_kept(name, content, &expected);
        }
    }
}

#[test]
fn amounts_beside_the_cost_that_cannot_be_read_cost_no_money() {
    for (column, consequence) in [
        ("line_item_net_unblended_cost", "their unblended cost counts as net"),
        ("pricing_public_on_demand_cost", "their unblended cost counts as the list cost"),
        ("product", "they have no attributes of a product"),
    ] {
        let text = bill(&["1.5", "2"]);
        let text = text.replacen('\n', &format!(",{column}\n"), 1).replace("}\"\n", "}\",[1]\n");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.csv");
        fs::write(&file, text).unwrap();
        let report = json(&folder.path().join("data"), &["import", file.to_str().unwrap()]);
        assert_eq!(report["rejected_count"], 0, "{}", report["rejected"]);
        assert_eq!(report["totals"][0]["ai"], "3.5");
        let said = report["findings"].to_string();
        let expected =
            format!("`{column}` cannot be read in 2 lines of 3.5 USD, first at a.csv:1: ");
        assert!(said.contains(&expected) && said.contains(consequence), "{said}");
    }
}

#[test]
fn text_that_is_not_utf8_costs_its_cell() {
    let marked = with_costly_row(&[("line_item_usage_type", "USE1-ZZZZ-tokens")]);
    let bytes = replaced(&marked, b"ZZZZ", b"\xff\xfe\xfd\xfc");
    let expected = |name: &str| {
        format!(
            "`line_item_usage_type` cannot be read in 1 line of 4.5 USD, first at {name}:9: not \
             UTF-8; expected UTF-8 text; its cost is kept, and the cell counts as empty"
        )
    };
    check_kept("a.csv", &bytes, &expected("a.csv"));
    let parquet = as_parquet(&bytes, &["line_item_usage_type"]);
    check_kept("a.parquet", parquet, &expected("a.parquet"));
    // Also in a column that promises text.
    let parquet = replaced(&as_parquet(&marked, &[]), b"ZZZZ", b"\xff\xfe\xfd\xfc");
    check_kept("b.parquet", parquet, &expected("b.parquet"));
    let marked = with_row(&[("line_item_unblended_cost", "ZZZZ")]);
    let ledger = Ledger::set_up();
    let rejected =
        [(COSTS.len() as u64 + 1, "line_item_unblended_cost", "not UTF-8; expected UTF-8 text")];
    ledger.check_rejected("a.csv", replaced(&marked, b"ZZZZ", b"\xff\xfe\xfd\xfc"), &rejected);
}

#[test]
fn a_manifest_that_cannot_be_followed_is_refused() {
    let ledger = Ledger::set_up();
    let data = "export/data/BILLING_PERIOD=2026-10/a.csv";
    ledger.put(data, bill(&["1"]));
    let place = "export/metadata/BILLING_PERIOD=2026-10/a-Manifest.json";
    for (content, expected) in [
        (
            r#"{"dataFiles": ["s3://bucket/export/data/BILLING_PERIOD=2026-10/a.csv",
                "s3://bucket/export/data/BILLING_PERIOD=2026-10/b.csv"]}"#,
            "names `s3://bucket/export/data/BILLING_PERIOD=2026-10/b.csv`, which is not there; \
             expected all data files of the delivery, in folders as in S3",
        ),
        (r#"{"dataFiles": []}"#, "names no data file; expected at least one in `dataFiles`"),
        (
            r#"{"dataFiles": ["#,
            "cannot be read: EOF while parsing a list at line 1 column 15; expected the manifest \
             of a data export with `dataFiles`",
        ),
        (&" ".repeat(5_000_000), "has 5000000 bytes; expected a manifest of at most 4194304"),
    ] {
        ledger.put(place, content);
        let folder = ledger.folder.path().join("export");
        ledger.check_refused(
            &["import", folder.to_str().unwrap()],
            &format!("nothing was imported: `{{}}/{place}` {expected}"),
        );
    }
    ledger.check_as_it_was();
}

#[test]
fn a_rules_file_that_cannot_be_meant_is_refused() {
    let ledger = Ledger::set_up();
    let rule = |lines: &str| format!("[[rule]]\nname = \"a\"\nowner = \"b\"\n{lines}\n");
    for (content, expected) in [
        (
            rule("colour = \"red\""),
            "{}/r.toml: TOML parse error at line 4, column 1: unknown field `colour`, expected one \
             of `name`, `when`, `valid_from`, `valid_to`, `owner`, `team`, `product`, `cost_centre`, \
             `environment`, `customer`, `workflow`, `agent`",
        ),
        (
            rule("when = { role = \"path/role\" }"),
            "{}/r.toml: rule `a`: `role` is `path/role`, which can never match; expected the \
             role's name alone: a session on the bill carries no path and no ARN",
        ),
        (
            rule("when = { account = \"12345\" }"),
            "{}/r.toml: rule `a`: `account` is `12345`, which can never match; expected 12 digits, \
             or a pattern of them",
        ),
        (
            "[[rule]\nname = \"a\"\n".to_owned(),
            "{}/r.toml: TOML parse error at line 1, column 8: unclosed array table, expected `]`",
        ),
        (
            "[[rule]]\nname = \"a\"\n".to_owned(),
            "{}/r.toml: TOML parse error at line 1, column 1: missing field `owner`",
        ),
    ] {
        for command in ["apply", "check"] {
            ledger.check_file(&["rules", command], "r.toml", &content, expected);
        }
    }
    ledger.check_file(
        &["rules", "apply"],
        "r.toml",
        b"name = \"\xff\"",
        "`{}/r.toml` is not UTF-8 text; expected a TOML file",
    );
    ledger.check_refused(
        &["rules", "apply", "/no/such/rules.toml"],
        "could not read `/no/such/rules.toml`: No such file or directory (os error 2)",
    );
    // However long a text is, its message is not.
    let long = rule(&format!("when = {{ account = \"{}\" }}", "1".repeat(100_000)));
    let file = ledger.put("long.toml", long);
    let output = ledger.run(&["rules", "apply", &file]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        output.stderr.len() < 2_000 && output.stderr.iter().filter(|it| **it == b'\n').count() == 1
    );
    // A rule that another one hides is told of, and `check` says so by its exit code.
    let hidden = "[[rule]]\nname = \"wide\"\nowner = \"x\"\n\n\
                  [[rule]]\nname = \"narrow\"\nowner = \"y\"\nwhen = { role = \"app\" }\n";
    let file = ledger.put("hidden.toml", hidden);
    let output = ledger.run(&["rules", "check", &file]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "rule `narrow` can never match: rule `wide` above it claims the same lines; put the \
         narrower rule first\n2 rules, 1 findings\n"
    );
    ledger.check_as_it_was();
}

#[test]
fn a_budget_file_that_cannot_be_meant_is_refused() {
    let ledger = Ledger::set_up();
    for (from, to, expected) in [
        (
            "owner = \"search\"\n",
            "",
            "budget `search`: `owner` is missing; expected the name of the owner, who is alerted",
        ),
        (
            "owner = \"search\"\n",
            "owner = \" \"\n",
            "budget `search`: `owner` is missing; expected the name of the owner, who is alerted",
        ),
        (
            "limit = \"10\"",
            "limit = \"ten\"",
            "budget `search`: `limit`: `ten` is not a decimal amount; expected digits with at most one `.`",
        ),
        (
            "monthly",
            "fortnightly",
            "budget `search`: `window` is `fortnightly`; expected daily, weekly, monthly, quarterly, yearly, or once with `from` and `to`",
        ),
        (
            "limit",
            "limit_usd",
            "TOML parse error at line 4, column 1: unknown field `limit_usd`, expected one of `name`, `formerly`, `parent`, `owner`, `deputy`, `limit`, `limits`, `currency`, `window`, `time_zone`, `from`, `to`, `starts`, `thresholds`, `forecast_thresholds`, `pace_thresholds`, `change_thresholds`, `roll_over_percent_max`, `counts`, `cost_kind`, `scope`",
        ),
        (
            "[[budget]]",
            "[[budget]",
            "TOML parse error at line 1, column 10: unclosed array table, expected `]`",
        ),
    ] {
        let content = BUDGETS.replacen(from, to, 1);
        let expected = format!("{{}}/b.toml: {expected}");
        ledger.check_file(&["budget", "apply"], "b.toml", content, &expected);
    }
    ledger.check_as_it_was();
}

/// They would be in every mail, page and log, and 300 KB of them end an evaluation.
#[test]
fn texts_that_are_too_long_or_mislead_are_refused_with_their_place() {
    let ledger = Ledger::set_up();
    let rule = |from: &str, to: &str| {
        format!("{RULES}{}", RULES.replace("teams", "second").replacen(from, to, 1))
    };
    let budget = |from: &str, to: &str| {
        let second = BUDGETS.replacen("name = \"search\"", "name = \"second\"", 1);
        format!("{BUDGETS}{}", second.replacen(from, to, 1))
    };
    let (fits, long) = ("n".repeat(256), "n".repeat(257));
    let long_name =
        format!("2 (`{}…`): `name` has 257 characters; expected at most 256", "n".repeat(40));
    let owner = |to: &str| format!("owner = \"{to}\"");
    for (content, expected) in [
        (rule("second", &long), format!("rule {long_name}")),
        (
            rule("second", "a\\u001bb"),
            "rule 2 (`ab…`): `name` holds U+001B as character 2; expected no control or \
             bidirectional characters"
                .to_owned(),
        ),
        (
            rule("owner = \"{tag:iamPrincipal/team}\"", &owner(&long)),
            "rule `second`: `owner` has 257 characters; expected at most 256".to_owned(),
        ),
        (
            rule("owner = ", "product = \"\u{202e}p\"\nowner = "),
            "rule `second`: `product` holds U+202E as character 1; expected no control or \
             bidirectional characters"
                .to_owned(),
        ),
    ] {
        let expected = format!("{{}}/r.toml: {expected}");
        ledger.check_file(&["rules", "apply"], "r.toml", content, &expected);
    }
    for (content, expected) in [
        (budget("second", &long), format!("budget {long_name}")),
        (
            budget(&owner("search"), &owner(&long)),
            "budget `second`: `owner` has 257 characters; expected at most 256".to_owned(),
        ),
        (
            budget("limit", "deputy = \"a\\u0000\"\nlimit"),
            "budget `second`: `deputy` holds U+0000 as character 2; expected no control or \
             bidirectional characters"
                .to_owned(),
        ),
        (
            budget("owner = \"search\" }", "owner = [\"a\", \"b\u{2066}\"] }"),
            "budget `second`: `scope.owner` holds U+2066 as character 2; expected no control or \
             bidirectional characters"
                .to_owned(),
        ),
    ] {
        let expected = format!("{{}}/b.toml: {expected}");
        ledger.check_file(&["budget", "apply"], "b.toml", content, &expected);
    }
    for (name, content) in [("rules", rule("second", &fits)), ("budget", budget("second", &fits))] {
        let file = ledger.put("fits.toml", content);
        assert_eq!(
            ledger.run(&[name, "apply", "--dry-run", &file]).status.code(),
            Some(0),
            "{name}"
        );
    }
    ledger.check_as_it_was();
}

/// An item of the table holds 400 KB.
#[test]
fn a_file_that_is_too_large_for_the_ledger_is_refused_with_its_size() {
    let ledger = Ledger::set_up();
    // Names that no packing makes much shorter.
    let names = (0..40_000_u64).map(|it| it.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let budgets: String = names
        .map(|it| BUDGETS.replacen("name = \"search\"", &format!("name = \"{it:x}\""), 1))
        .collect();
    let file = ledger.put("large.toml", &budgets);
    let error = refusal(&ledger.run(&["budget", "apply", &file]));
    let start = format!("budgets of {} bytes are too large for the ledger: ", budgets.len());
    assert!(error.starts_with(&start) && error.ends_with("expected at most 399360"), "{error}");
    ledger.check_as_it_was();
}

#[test]
fn local_mode_refuses_bad_input_as_well() {
    let ledger = Ledger::set_up();
    let picture = ledger.put("picture.csv", b"\x89PNG\r\n\x1a\n");
    let up = ["up", "--port", "0", "--export"];
    ledger.check_refused(
        &[&up[..], &[&picture]].concat(),
        "nothing was imported: `picture.csv` is not a cost and usage export: it begins like a PNG \
         image; expected Parquet, or CSV with a header line that has `line_item_unblended_cost`",
    );
    ledger.check_refused(
        &[&up[..], &["/no/such/place"]].concat(),
        "nothing was imported: `/no/such/place` does not exist; expected a folder or a file of a \
         cost and usage export",
    );
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    ledger.check_refused(
        &["up", "--port", &port],
        &format!(
            "could not listen on 127.0.0.1:{port}; choose another port with --port: Address already \
             in use (os error 98)"
        ),
    );
    ledger.check_as_it_was();
}

#[test]
fn a_folder_that_another_process_has_is_refused() {
    let ledger = Ledger::set_up();
    let good = ledger.put("good.csv", bill(&COSTS));
    let mut up = Command::new(env!("CARGO_BIN_EXE_tollbook"))
        .arg("--data")
        .arg(&ledger.data)
        .args(["up", "--port", "0", "--export", &good])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    let mut out = std::io::BufReader::new(up.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut out, &mut said).unwrap();
    let page = said.strip_prefix("Tollbook is on ").unwrap().split(' ').next().unwrap();
    let expected = format!(
        "the data folder `{{}}/data` is in use by another tollbook (process {}, its page is \
         {page}); stop it, or choose another folder with --data",
        up.id()
    );
    let rules = ledger.put("r.toml", "[[rule]]\nname = \"a\"\nowner = \"b\"\n");
    for args in [
        ["import", &good].as_slice(),
        &["rules", "apply", &rules],
        &["budget", "apply", ledger.folder.path().join("good-budgets.toml").to_str().unwrap()],
        &["up", "--port", "0"],
    ] {
        ledger.check_refused(args, &expected);
    }
    up.kill().unwrap();
    up.wait().unwrap();
    ledger.check_as_it_was();
}

#[test]
fn a_folder_that_cannot_hold_a_ledger_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    fs::write(place("bill.csv"), bill(&COSTS)).unwrap();
    fs::write(place("file"), "").unwrap();
    let run = |data: &Path| tollbook(data, &["import", place("bill.csv").to_str().unwrap()]);
    assert_eq!(
        refusal(&run(&place("file"))),
        format!(
            "could not make the data folder `{}`: File exists (os error 17)",
            place("file").display()
        )
    );
    let other = place("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("ledger.db"), "this is not a database, but it is long enough").unwrap();
    let error = refusal(&run(&other));
    let start = format!("could not open the ledger `{}`: ", other.join("ledger.db").display());
    assert!(error.starts_with(&start), "{error}");
    let kept = fs::read_to_string(other.join("ledger.db")).unwrap();
    assert_eq!(kept, "this is not a database, but it is long enough");
}

/// No answer would show such money, and a day far ahead would keep the ledger from being stale.
#[test]
fn a_bill_before_1970_or_after_next_year_is_refused() {
    let ledger = Ledger::set_up();
    for month in ["1969-12", "0001-01", "2099-01", "9999-12"] {
        let file = ledger.put("bill.csv", bill(&COSTS).replace("2026-10", month));
        let output = ledger.run(&["import", &file]);
        let text = String::from_utf8(output.stderr).unwrap();
        let expected = format!(
            "8 were rejected; the first: bill.csv:1: day: no bill has the day {month}-01 in the month \
             {month}; expected days of the years 1970 to "
        );
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains(&expected), "{text}");
        assert_eq!(ledger.ask(), ledger.answers);
    }
    // Beside good lines such a line is rejected alone.
    let old = bill(&["8.70"]).replace("2026-10", "1969-12");
    let text = format!("{}{}", bill(&COSTS), old.lines().nth(1).unwrap());
    let file = ledger.put("bill.csv", format!("{text}\n"));
    let report = json(&ledger.data, &["import", "--accept", &file]);
    assert_eq!((&report["lines_ai"], &report["rejected_count"]), (&6.into(), &1.into()));
    // The statement is as it was, with a finding.
    let statements = |answers: &[Value]| answers[2]["statements"].clone();
    let statement = ledger.ask();
    assert_eq!(statements(&statement), statements(&ledger.answers));
    assert_eq!(statement[2]["findings"][0]["code"], "lines-rejected");
}

/// A shifted column can put a person's name anywhere, and messages are logged.
#[test]
fn no_message_quotes_a_cell() {
    let ledger = Ledger::set_up();
    let name = "ana.person@corp.example";
    let columns: Vec<&str> = HEADER.split(',').collect();
    for at in 0..columns.len() {
        let row = |line: &str| {
            let mut cells: Vec<&str> = line.splitn(columns.len(), ',').collect();
            cells[at] = name;
            cells.join(",")
        };
        let text = bill(&COSTS);
        let (header, lines) = text.split_once('\n').unwrap();
        let lines: Vec<String> = lines.lines().map(row).collect();
        let file = ledger.put("bill.csv", format!("{header}\n{}\n", lines.join("\n")));
        let output = ledger.run(&["import", &file]);
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        // The type of a line and a usage type are words of the provider, and findings name them.
        let is_named =
            ["line_item_usage_type", "line_item_line_item_type", "line_item_product_code"];
        assert!(!said.contains(name) || is_named.contains(&columns[at]), "{}: {said}", columns[at]);
    }
}
