//! The query of one delivery, as text.

use ledger_app::ports::SourceError;
use ledger_core::bill_text::BillText;
use ledger_core::period::BillingPeriod;

use crate::cur::meaning::columns::{COUNT, Column, Kind};

const BILL: &str = include_str!("bill.sql");

/// Athena takes statements of this many bytes.
const BYTES_MAX: usize = 262_144;

/// The delivery that is asked for.
#[derive(Clone, Debug)]
pub(super) struct Scope<'a> {
    /// The delivery, for messages.
    pub delivery: &'a str,
    /// The table of the export.
    pub table: &'a str,
    /// The month, which is the partition.
    pub period: Option<BillingPeriod>,
    /// The addresses of the files.
    pub files: &'a [String],
    /// The columns that the files have.
    pub has_column: [bool; COUNT],
}

impl Scope<'_> {
    /// The statement.
    ///
    /// # Errors
    ///
    /// [`SourceError::Refused`] when it is longer than Athena takes.
    pub(super) fn statement(&self) -> Result<String, SourceError> {
        let columns: Vec<String> =
            Column::ALL.into_iter().zip(self.has_column).map(column).collect();
        let files: Vec<String> = self.files.iter().map(|it| quoted(it, '\'')).collect();
        let partition = self.period.map(|it| format!("billing_period = '{it}' AND "));
        // Comments are for readers of the file.
        let lines = BILL.lines().filter(|it| !it.trim_start().starts_with("--"));
        let statement = lines
            .collect::<Vec<_>>()
            .join("\n")
            .replace("{texts}", &texts(str::to_owned))
            .replace("{no_texts}", &texts(|it| format!("NULL AS {it}")))
            .replace("{columns}", &columns.join(",\n        "))
            .replace("{table}", &quoted(self.table, '"'))
            .replace("{partition}", &partition.unwrap_or_default())
            .replace("{files}", &files.join(", "));
        if statement.len() > BYTES_MAX {
            return Err(SourceError::Refused(format!(
                "`{}` names {} data files, and a query that names them all has {} bytes; Athena \
                 takes at most {BYTES_MAX}",
                self.delivery,
                files.len(),
                statement.len(),
            )));
        }
        Ok(statement)
    }
}

/// A column of the table, or nulls where the files have none: the table may not have it either.
fn column((column, is_there): (Column, bool)) -> String {
    let name = column.name();
    if is_there {
        return name.to_owned();
    }
    let kind = match column.kind() {
        Kind::Text => "varchar",
        Kind::Number => "double",
        Kind::Date => "timestamp(3)",
        Kind::Map => "map(varchar, varchar)",
    };
    format!("CAST(NULL AS {kind}) AS {name}")
}

/// The columns of texts that are kept as they are.
fn texts(column: impl Fn(&str) -> String) -> String {
    let names = BillText::ALL.iter().map(|it| column(Column::of_text(*it).name()));
    names.collect::<Vec<_>>().join(",\n    ")
}

fn quoted(text: &str, mark: char) -> String {
    let doubled = text.replace(mark, &format!("{mark}{mark}"));
    format!("{mark}{doubled}{mark}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(files: &[String]) -> Scope<'_> {
        Scope {
            delivery: "s3://bills/June-Manifest.json",
            table: "cur2",
            period: Some(BillingPeriod::parse("2026-06").unwrap()),
            files,
            has_column: Column::ALL.map(|it| it != Column::Principal),
        }
    }

    #[test]
    fn what_the_files_lack_is_not_asked_of_the_table() {
        let files = ["s3://bills/a.parquet".to_owned(), "s3://bills/it's.parquet".to_owned()];
        let statement = scope(&files).statement().unwrap();
        assert!(statement.contains("\n        line_item_unblended_cost,\n"), "{statement}");
        assert!(statement.contains("CAST(NULL AS varchar) AS line_item_iam_principal,\n"));
        assert!(statement.contains(
            "FROM \"cur2\"\n    WHERE billing_period = '2026-06' AND \"$path\" IN \
             ('s3://bills/a.parquet', 's3://bills/it''s.parquet')\n"
        ));
        assert!(!statement.contains(['{', '}']) && !statement.contains("--"), "{statement}");
    }

    /// The table of the instructions has the columns that are asked for: `UPDATE_DOCS=1` writes them.
    #[test]
    fn the_table_has_all_columns() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/athena-table.sql");
        let table = std::fs::read_to_string(path).unwrap();
        let (before, rest) = table.split_once("EXTERNAL TABLE tollbook_export (\n").unwrap();
        let (_, after) = rest.split_once("\n)\nPARTITIONED BY (billing_period string)").unwrap();
        let columns = Column::ALL.map(|column| {
            let kind = match column.kind() {
                Kind::Text => "string",
                Kind::Number => "double",
                Kind::Date => "timestamp",
                Kind::Map => "map<string, string>",
            };
            format!("    {} {kind}", column.name())
        });
        let expected = format!(
            "{before}EXTERNAL TABLE tollbook_export (\n{}\n)\nPARTITIONED BY (billing_period \
             string){after}",
            columns.join(",\n")
        );
        if std::env::var_os("UPDATE_DOCS").is_some() {
            return std::fs::write(path, &expected).unwrap();
        }
        assert!(table == expected, "run `UPDATE_DOCS=1 cargo test -p ledger-aws athena`");
    }

    /// The export that the stack makes has the columns that are read.
    #[test]
    fn the_export_has_all_columns() {
        let template = include_str!("../../../../../../infra/template.yaml");
        let (_, query) = template.split_once("QueryStatement: >-").unwrap();
        let (query, _) = query.split_once("FROM COST_AND_USAGE_REPORT").unwrap();
        for column in Column::ALL {
            let mut asked = query.split([',', ' ', '\n']);
            assert!(asked.any(|it| it == column.name()), "{column:?}");
        }
    }

    #[test]
    fn more_files_than_a_statement_can_name_are_refused() {
        let files: Vec<String> = (0..10_000).map(|it| format!("s3://bills/{it}.parquet")).collect();
        let error = scope(&files).statement().unwrap_err().to_string();
        assert!(
            error.starts_with("`s3://bills/June-Manifest.json` names 10000 data files"),
            "{error}"
        );
        assert!(error.ends_with("Athena takes at most 262144"), "{error}");
    }
}
