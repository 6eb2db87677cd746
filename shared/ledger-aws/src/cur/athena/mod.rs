//! Deliveries that are too large to be read here: Athena reads them and hands over what counts.
//!
//! The [query](statement) leaves out what no line item needs: columns, attributes of products, and
//! each single line that is not AI. It decides nothing and rounds nothing: its rows are read by the
//! [one conversion](super::line) that reads files, so that a delivery means the same either way.
//! That is why lines are not added up in it as in a report: tokens are rounded line by line, and a
//! double has to be read as the decimal it was made from before it is added.

mod query;
mod result;
mod statement;

use std::time::Duration;

use aws_sdk_athena::Client;
use ledger_app::ports::{Delivery, Reading, SourceError};
use parquet::file::metadata::ParquetMetaDataReader;

use super::Reader;
use super::columnar::{Field, Form, fields};
use super::columns::{COUNT, Column, Kind};
use super::names::Layout;
use super::s3::{Chunks, Object, Store};

use self::statement::Scope;

/// Where results are written, in the bucket of the export; whoever owns it may forget them at once.
const RESULTS_FOLDER: &str = "athena-results/";

/// Two thirds of the time that Lambda gives a function: the result has to be read after it.
const QUERY_TIMEOUT: Duration = Duration::from_secs(600);

/// Athena, and the table of the export.
#[derive(Clone, Debug)]
pub struct Athena {
    /// The client; it may repeat calls.
    pub client: Client,
    /// The database of the table, in the catalogue of the account.
    pub database: String,
    /// The table of the export, partitioned by `billing_period`.
    pub table: String,
    /// The workgroup that queries run in and are limited by.
    pub workgroup: String,
    /// How long a query may take before it is stopped.
    pub timeout: Duration,
}

impl Athena {
    /// Asks a table.
    pub fn new(client: Client, database: String, table: String, workgroup: String) -> Athena {
        Athena { client, database, table, workgroup, timeout: QUERY_TIMEOUT }
    }

    /// Reads a delivery by a query.
    ///
    /// It is checked against the footers of the files: as many lines have to come back as there are
    /// rows, of files that are still the ones that were met. Whatever is wrong with the table, the
    /// query or the result, no line is lost or doubled without a word.
    pub(super) fn read_delivery(
        &self,
        store: &Store,
        objects: &[Object],
        delivery: &Delivery,
        reader: &mut Reader<'_>,
    ) -> Result<(), SourceError> {
        let (has_column, row_count) = outline(store, objects, delivery, reader)?;
        let scope = Scope {
            delivery: &delivery.name,
            table: &self.table,
            period: delivery.period,
            files: &delivery.files,
            has_column,
        };
        let statement = scope.statement()?;
        let results = store.address(RESULTS_FOLDER);
        let location = store.wait_for(query::location_of_result(self, statement, results))?;
        // A page of `GetQueryResults` has a thousand rows and costs a request that Athena throttles;
        // the file has all rows, and is read in ranges like any other.
        let line_count = result::read_result(store, &location, has_column, reader)?;
        for object in objects {
            store.check_unchanged(object)?;
        }
        if line_count != row_count {
            return Err(SourceError::Refused(format!(
                "Athena tells of {line_count} lines of `{}`, whose files have {row_count}; expected \
                 table `{}`.`{}` to read these files, each once",
                delivery.name, self.database, self.table,
            )));
        }
        reader.emit(&delivery.name, Reading::Progress(delivery.bytes))
    }
}

/// What the footers say: which columns the files have, and how many rows together.
fn outline(
    store: &Store,
    objects: &[Object],
    delivery: &Delivery,
    reader: &mut Reader<'_>,
) -> Result<([bool; COUNT], u64), SourceError> {
    let mut row_count: u64 = 0;
    let mut known: Option<[bool; COUNT]> = None;
    for object in objects {
        let name = &*object.key;
        if !object.start.starts_with(b"PAR1") {
            return Err(SourceError::Refused(format!(
                "`{name}` is no Parquet file; expected Parquet in a delivery that Athena reads",
            )));
        }
        let chunks = Chunks::new(store.clone(), object.clone());
        let metadata = ParquetMetaDataReader::new().parse_and_finish(&chunks).map_err(|error| {
            chunks.take_failure().unwrap_or_else(|| {
                SourceError::Refused(format!(
                    "`{name}` is damaged: {error}, expected a whole Parquet file; fetch it again",
                ))
            })
        })?;
        let fields = fields(metadata.file_metadata().schema_descr());
        let field = |column: Column| fields.iter().find(|it| it.name == column.name());
        reader.check_columns(name, |column| field(column).is_some())?;
        check_maps(name, fields.iter().map(|it| it.name.as_str()))?;
        let mut has_column = [false; COUNT];
        for (has_column, column) in has_column.iter_mut().zip(Column::ALL) {
            let Some(Field { form, .. }) = field(column) else { continue };
            *has_column = true;
            let expected = column.kind();
            if !is_as_delivered(expected, form) {
                return Err(SourceError::Refused(format!(
                    "`{name}` has column `{}` of type {form}; expected {} in a delivery that \
                     Athena reads",
                    column.name(),
                    delivered_as(expected),
                )));
            }
        }
        if *known.get_or_insert(has_column) != has_column {
            return Err(SourceError::Refused(format!(
                "`{name}` has other columns than the files before it; expected the same in all \
                 files of `{}`",
                delivery.name,
            )));
        }
        let rows = metadata.file_metadata().num_rows();
        row_count = row_count.saturating_add(u64::try_from(rows).unwrap_or_default());
    }
    Ok((known.unwrap_or([false; COUNT]), row_count))
}

/// The query reads attributes and tags from their maps alone.
fn check_maps<'a>(
    name: &str,
    columns: impl Iterator<Item = &'a str> + Clone,
) -> Result<(), SourceError> {
    let layout = Layout::new(columns);
    match [Column::Product, Column::Tags].into_iter().find(|it| layout.is_apart(*it)) {
        Some(map) => Err(SourceError::Refused(format!(
            "`{name}` has no column `{}`, but others with what it holds; expected the column in a \
             delivery that Athena reads",
            map.name(),
        ))),
        None => Ok(()),
    }
}

/// Whether a column has the type that AWS delivers it with, which is the one the query is made for.
fn is_as_delivered(expected: Kind, form: &Form) -> bool {
    match expected {
        Kind::Text => *form == Form::Text,
        Kind::Number => *form == Form::Double,
        Kind::Date => matches!(form, Form::Time(_) | Form::Time96),
        Kind::Map => *form == Form::Map,
    }
}

fn delivered_as(expected: Kind) -> &'static str {
    match expected {
        Kind::Text => "text",
        Kind::Number => "a double",
        Kind::Date => "a timestamp",
        Kind::Map => "a map of text to text",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(names: &[&str]) -> Result<(), String> {
        check_maps("a.parquet", names.iter().copied()).map_err(|error| error.to_string())
    }

    #[test]
    fn attributes_and_tags_in_columns_of_their_own_are_refused() {
        let refused = |map: &str| {
            Err(format!(
                "`a.parquet` has no column `{map}`, but others with what it holds; expected the \
                 column in a delivery that Athena reads"
            ))
        };
        assert_eq!(check(&["product_provider", "tags"]), refused("product"));
        assert_eq!(check(&["product", "resource_tags_user_team"]), refused("tags"));
        assert_eq!(check(&["product", "product_provider", "tags", "resource_tags"]), Ok(()));
        assert_eq!(check(&["product_sku", "product_region_code"]), Ok(()));
    }
}
