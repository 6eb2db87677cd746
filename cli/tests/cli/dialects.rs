//! Exports that other tools have copied: their spelling of names, maps, account ids and nulls.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::{ListBuilder, MapBuilder, StringBuilder};
use arrow_array::{
    ArrayRef, Float64Array, Int32Array, Int64Array, ListArray, NullArray, RecordBatch, StringArray,
    StructArray,
};
use parquet::arrow::ArrowWriter;
use serde_json::Value;

use crate::{json, tollbook};

const RULES: &str = "[[rule]]\nname = \"team\"\nowner = \"{tag:iamPrincipal/team}\"\n\n\
    [[rule]]\nname = \"category\"\nowner = \"{tag:costCategory/Team}\"\n\n\
    [[rule]]\nname = \"account\"\nwhen = { account = \"012345678901\" }\nowner = \"of account\"\n";

/// The import report of a file, and what each owner then has.
#[track_caller]
fn owners(name: &str, content: &[u8]) -> (Value, Vec<(String, String)>) {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join(name));
    let rules = folder.path().join("rules.toml");
    fs::write(&rules, RULES).unwrap();
    fs::write(&file, content).unwrap();
    assert!(tollbook(&data, &["rules", "apply", rules.to_str().unwrap()]).status.success());
    let imported = json(&data, &["import", file.to_str().unwrap()]);
    (imported, by(&data, "owner"))
}

fn by(data: &Path, dimension: &str) -> Vec<(String, String)> {
    let report = json(data, &["report", "--by", dimension]);
    let rows = report["currencies"][0]["rows"].as_array().unwrap().iter();
    let text = |it: &Value| it.as_str().unwrap().to_owned();
    let mut rows: Vec<_> =
        rows.map(|it| (text(&it["keys"][dimension]), text(&it["cost"]))).collect();
    rows.sort();
    rows
}

#[track_caller]
fn check(name: &str, content: &[u8], expected: &[(&str, &str)]) -> Value {
    let (imported, owners) = owners(name, content);
    let owners: Vec<(&str, &str)> = owners.iter().map(|it| (&*it.0, &*it.1)).collect();
    assert_eq!(owners, expected, "{}", imported["findings"]);
    assert_eq!(imported["rejected_count"], 0);
    imported
}

/// Names of columns and two rows of cells.
type Table<'a> = Vec<(&'a str, [&'a str; 2])>;

fn table<'a>() -> Table<'a> {
    vec![
        ("bill_billing_period_start_date", ["2026-10-01T00:00:00Z"; 2]),
        ("bill_payer_account_id", ["123456789012"; 2]),
        ("line_item_usage_account_id", ["123456789012"; 2]),
        ("line_item_usage_start_date", ["2026-10-05T00:00:00Z"; 2]),
        ("line_item_product_code", ["AmazonBedrock"; 2]),
        ("line_item_usage_type", ["USE1-NovaPro-input-tokens"; 2]),
        ("line_item_unblended_cost", ["1.25", "2.5"]),
        ("line_item_currency_code", ["USD"; 2]),
    ]
}

fn with<'a>(column: &'a str, cells: [&'a str; 2]) -> Table<'a> {
    let mut table = table();
    table.retain(|it| it.0 != column);
    table.push((column, cells));
    table
}

fn csv(table: &Table<'_>, separator: u8) -> Vec<u8> {
    let mut out = csv::WriterBuilder::new().delimiter(separator).from_writer(Vec::new());
    out.write_record(table.iter().map(|it| it.0)).unwrap();
    for row in 0..2 {
        out.write_record(table.iter().map(|it| it.1[row])).unwrap();
    }
    out.into_inner().unwrap()
}

/// The table as texts, and more columns.
fn parquet(table: &Table<'_>, more: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let texts = table
        .iter()
        .map(|(name, cells)| (*name, Arc::new(StringArray::from(cells.to_vec())) as ArrayRef));
    let columns = texts.chain(more).map(|(name, array)| (name, array, true));
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let mut out = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut out, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    out
}

const TEAMS: [(&str, &str); 2] = [("ml", "2.5"), ("search", "1.25")];

#[test]
fn times_that_databases_print_with_their_zone_are_read() {
    for (first, last) in [
        ("2026-10-05 00:00:00.000 UTC", "2026-10-05 23:59:59.999 UTC"),
        ("2026-10-05 00:00:00.000 Z", "2026-10-05 12:00:00 +0000"),
        ("2026-10-05 00:00:00 +00:00", "2026-10-05 23:00:00+00"),
        // The day is that of UTC.
        ("2026-10-06 01:00:00 +0200", "2026-10-04 23:00:00-02:00"),
    ] {
        let mut table = with("line_item_usage_start_date", [first, last]);
        table.push(("iamPrincipal/team", ["search", "ml"]));
        let imported = check("a.csv", &csv(&table, b','), &TEAMS);
        assert_eq!(imported["bills"][0]["days_written"], 1, "{first}");
    }
}

#[test]
fn words_for_nothing_are_nothing() {
    for word in ["NULL", "null", "None", "nan", "NaT", "<NA>", "\\N"] {
        let mut table = with("line_item_usage_type", ["USE1-NovaPro-input-tokens", word]);
        for column in ["line_item_iam_principal", "bill_invoice_id", "pricing_unit", "tags"] {
            table.push((column, [word; 2]));
        }
        table.push(("line_item_net_unblended_cost", [word; 2]));
        let nothing = [("Unattributed", "3.75")];
        for (name, content) in
            [("a.csv", csv(&table, b',')), ("a.parquet", parquet(&table, Vec::new()))]
        {
            let imported = check(name, &content, &nothing);
            assert!(!imported["findings"].to_string().contains("cannot be read"), "{word}");
            assert_eq!(imported["lines_ai"], 2);
        }
    }
}

#[test]
fn a_tag_whose_value_is_such_a_word_is_a_tag() {
    let mut table = table();
    table.push(("resourceTags/user:env", ["NULL", "\\N"]));
    table.push(("iamPrincipal/team", ["None", "null"]));
    check("a.csv", &csv(&table, b','), &[("None", "1.25"), ("null", "2.5")]);
}

#[test]
fn habits_of_spreadsheets_are_named() {
    let refused = |table: &Table<'_>| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.csv");
        fs::write(&file, csv(table, b';')).unwrap();
        let output = tollbook(&folder.path().join("data"), &["import", file.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    for (column, cell, words) in [
        ("line_item_unblended_cost", "1,25", "a number with commas, as spreadsheets write it"),
        ("line_item_unblended_cost", "1,234.5", "a number with commas, as spreadsheets write it"),
        ("line_item_usage_start_date", "10/5/2026 0:00", "a date as spreadsheets write it"),
        ("line_item_usage_start_date", "05.10.2026 00:00", "a date as spreadsheets write it"),
        ("line_item_usage_start_date", "46300.5", "a number, as spreadsheets and data frames keep"),
    ] {
        let said = refused(&with(column, [cell; 2]));
        assert!(said.contains(words) && !said.contains(cell), "{cell}: {said}");
    }
}

#[test]
fn other_kinds_of_files_are_named_with_the_way_out() {
    let text = String::from_utf8(csv(&table(), b'\t')).unwrap();
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (content, words) in [
        ([&[0xff, 0xfe], utf16.as_slice()].concat(), "to be saved as `CSV UTF-8`"),
        (utf16.clone(), "a binary file"),
        (b"PK\x03\x04 and more".to_vec(), "a zip archive or an Excel workbook"),
        (b"{\"line_item_unblended_cost\": 1}".to_vec(), "JSON"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.csv");
        fs::write(&file, content).unwrap();
        let output = tollbook(&folder.path().join("data"), &["import", file.to_str().unwrap()]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && said.contains(words), "{said}");
    }
}

#[test]
fn cost_categories_in_a_map_of_their_own_are_tags() {
    let mut table = with("cost_category", [r#"{"Team":"search"}"#, r#"{"Team":"ml"}"#]);
    check("a.csv", &csv(&table, b','), &TEAMS);
    check("a.parquet", &parquet(&table, Vec::new()), &TEAMS);
    table.push(("resource_tags", [r#"{"user_env":"prod"}"#, "{}"]));
    check("b.csv", &csv(&table, b','), &TEAMS);
    // A part that cannot be read does not spoil the other.
    table.pop();
    table.push(("resource_tags", ["[1]", "{}"]));
    let imported = check("c.csv", &csv(&table, b','), &TEAMS);
    let findings = imported["findings"].to_string();
    assert!(findings.contains("`tags` cannot be read in 1 line of 1.25 USD"), "{findings}");
    let map = |teams: [&str; 2]| -> ArrayRef { Arc::new(maps("Team", teams)) };
    let table = self::table();
    check("b.parquet", &parquet(&table, vec![("cost_category", map(["search", "ml"]))]), &TEAMS);
}

fn maps(key: &str, values: [&str; 2]) -> arrow_array::MapArray {
    let mut maps = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    for value in values {
        maps.keys().append_value(key);
        maps.values().append_value(value);
        maps.append(true).unwrap();
    }
    maps.finish()
}

#[test]
fn maps_that_were_copied_as_lists_or_records_are_read() {
    let maps = maps("iamPrincipal/team", ["search", "ml"]);
    let mut lists = ListBuilder::new(ListBuilder::new(StringBuilder::new()));
    for team in ["search", "ml"] {
        for text in ["resourceTags/a", "b", "iamPrincipal/team", team] {
            lists.values().values().append_value(text);
            if text != "resourceTags/a" && text != "iamPrincipal/team" {
                lists.values().append(true);
            }
        }
        lists.append(true);
    }
    let teams: ArrayRef = Arc::new(StringArray::from(vec!["search", "ml"]));
    let none: ArrayRef = Arc::new(NullArray::new(2));
    let record = vec![("iamPrincipal/team", teams), ("iamPrincipal/none", none)];
    let forms: [(&str, ArrayRef); 4] = [
        ("map", Arc::new(maps.clone())),
        ("list of records", Arc::new(ListArray::from(maps))),
        ("list of lists", Arc::new(lists.finish())),
        ("record", Arc::new(StructArray::try_from(record).unwrap())),
    ];
    for (name, form) in forms {
        check(name, &parquet(&table(), vec![("tags", form)]), &TEAMS);
    }
    let numbers: ArrayRef = Arc::new({
        let mut lists = ListBuilder::new(StringBuilder::new());
        lists.values().append_value("a");
        lists.append(true);
        lists.append(true);
        lists.finish()
    });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.parquet");
    fs::write(&file, parquet(&table(), vec![("tags", numbers)])).unwrap();
    let output = tollbook(&folder.path().join("data"), &["import", file.to_str().unwrap()]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("column `tags` of type list of single values; expected a map"), "{said}");
}

#[test]
fn maps_are_read_as_other_tools_print_them() {
    for print in [
        |team: &str| format!("{{'iamPrincipal/team': '{team}', 'resourceTags/env': None}}"),
        |team: &str| format!("[('iamPrincipal/team', '{team}'), ('resourceTags/env', 'a, b')]"),
        |team: &str| {
            format!(
                "[{{'key': 'iamPrincipal/team', 'value': '{team}'}}\n \
                 {{'key': 'resourceTags/env', 'value': 'b'}}]"
            )
        },
        |team: &str| format!("[{{\"iamPrincipal/team\",\"{team}\"}}, {{\"a\",\"b\"}}]"),
        |team: &str| format!("{{iamPrincipal/team={team}, resourceTags/env=a}}"),
        |team: &str| format!("{{\n  \"iamPrincipal/team\": \"{team}\"\n}}"),
    ] {
        let (search, ml) = (print("search"), print("ml"));
        let table = with("tags", [&search, &ml]);
        check("a.csv", &csv(&table, b','), &TEAMS);
        check("a.parquet", &parquet(&table, Vec::new()), &TEAMS);
    }
    let table = with("tags", ["{iamPrincipal/team=a=b}", "[('iamPrincipal/team', 'b'), ...]"]);
    let imported = check("b.csv", &csv(&table, b','), &[("Unattributed", "3.75")]);
    let findings = imported["findings"].to_string();
    for fault in ["cast the column to JSON there", "write the column as JSON"] {
        assert!(findings.contains(fault), "{findings}");
    }
}

#[test]
fn account_ids_that_became_numbers_are_read_where_no_digit_is_missing() {
    let column = "line_item_usage_account_id";
    let of_account = [("Unattributed", "2.5"), ("of account", "1.25")];
    for cells in [
        ["12345678901", "123456789012.0"],
        ["12345678901.0", "1.23456789012E+11"],
        ["=\"012345678901\"", "1234-5678-9012"],
    ] {
        check("a.csv", &csv(&with(column, cells), b','), &of_account);
    }
    let imported =
        check("b.csv", &csv(&with(column, ["12345678901", "1.23457E+11"]), b','), &of_account);
    let findings = imported["findings"].to_string();
    for said in [
        "`line_item_usage_account_id` is a number in 1 line of 1.25 USD, first at b.csv:1",
        "`line_item_usage_account_id` cannot be read in 1 line of 2.5 USD, first at b.csv:2: an \
         account id that a spreadsheet or data frame rounded",
    ] {
        assert!(findings.contains(said), "{findings}");
    }
    let mut table = table();
    table.retain(|it| it.0 != column);
    let forms: [ArrayRef; 2] = [
        Arc::new(Int64Array::from(vec![12_345_678_901, 123_456_789_012])),
        Arc::new(Float64Array::from(vec![12_345_678_901.0, 123_456_789_012.0])),
    ];
    for numbers in forms {
        check("a.parquet", &parquet(&table, vec![(column, numbers)]), &of_account);
    }
    // The payer as well.
    let payer = "bill_payer_account_id";
    check("c.csv", &csv(&with(payer, ["123456789012.0"; 2]), b','), &[("Unattributed", "3.75")]);
    let rounded = csv(&with(payer, ["1.23457E+11"; 2]), b',');
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("d.csv");
    fs::write(&file, rounded).unwrap();
    let output = tollbook(&folder.path().join("data"), &["import", file.to_str().unwrap()]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("bill_payer_account_id: an account id that a spreadsheet"), "{said}");
}

#[test]
fn columns_without_a_value_are_read_whatever_their_type() {
    let nulls: [fn() -> ArrayRef; 4] = [
        || Arc::new(NullArray::new(2)),
        || Arc::new(Float64Array::from(vec![None, None])),
        || Arc::new(Int32Array::from(vec![None, None])),
        || Arc::new(Int64Array::from(vec![None, None])),
    ];
    for null in nulls {
        let columns = [
            "product",
            "line_item_iam_principal",
            "line_item_net_unblended_cost",
            "bill_invoice_id",
            "resource_tags",
        ];
        let mut more: Vec<(&str, ArrayRef)> = columns.map(|it| (it, null())).to_vec();
        more.push(("cost_category", Arc::new(maps("Team", ["search", "ml"]))));
        let imported = check("a.parquet", &parquet(&table(), more), &TEAMS);
        assert!(!imported["findings"].to_string().contains("cell-unreadable"));
    }
}

#[test]
fn names_and_separators_are_read_as_other_tools_write_them() {
    let tags = [r#"{"iamPrincipal/team":"search"}"#, r#"{"iamPrincipal/team":"ml"}"#];
    let table = with("tags", tags);
    for separator in [b',', b';', b'\t', b'|'] {
        let plain = csv(&table, separator);
        check("a.csv", &plain, &TEAMS);
        check("bom.csv", &[b"\xef\xbb\xbf", &*plain].concat(), &TEAMS);
    }
    let plain = csv(&table, b';');
    check("sep.csv", &[b"\xef\xbb\xbfsep=;\r\n", &*plain].concat(), &TEAMS);
    let spellings: [fn(&str) -> String; 4] = [
        str::to_uppercase,
        |it| it.replace('_', " "),
        |it| it.replacen("line_item_", "lineitem/", 1).replacen("bill_", "bill/", 1),
        |it| {
            it.replace("line_item_", "lineitem_")
                .replace("_cost", "cost")
                .replace("usage_", "usage")
        },
    ];
    for spelling in spellings {
        let names: Vec<String> = table.iter().map(|it| spelling(it.0)).collect();
        let spelt = table.iter().zip(&names).map(|(it, name)| (name.as_str(), it.1)).collect();
        check("a.csv", &csv(&spelt, b','), &TEAMS);
        check("a.parquet", &parquet(&spelt, Vec::new()), &TEAMS);
    }
}
