//! The query of one delivery, as text.

use ledger_app::ports::SourceError;
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

    /// The table of the instructions has the columns that are asked for.
    #[test]
    fn the_table_has_all_columns() {
        let table = include_str!("../../../../../../infra/athena-table.sql");
        for column in Column::ALL {
            let kind = match column.kind() {
                Kind::Text => "string",
                Kind::Number => "double",
                Kind::Date => "timestamp",
                Kind::Map => "map<string, string>",
            };
            assert!(table.contains(&format!("    {} {kind}", column.name())), "{column:?}");
        }
        assert!(table.contains("PARTITIONED BY (billing_period string)"));
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
