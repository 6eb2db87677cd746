//! Deliveries that are too large to be read here: Athena reads them and returns what counts.
//!
//! The [query](statement) leaves out what no line item needs: columns, attributes of products, and
//! each single line that is not AI. It decides nothing and rounds nothing: its rows are read by the
//! [one conversion](crate::cur::meaning::line) that reads files, so that a delivery means the same either way.
//! That is why lines are not added up in it as in a report: tokens are rounded line by line, and a
//! double has to be read as the decimal it was made from before it is added.

mod outline;
mod query;
mod result;
mod statement;
mod table;

use ledger_app::ports::{Delivery, Reading, SourceError};

use self::outline::outline;
use self::statement::Scope;
use crate::cur::places::s3::{Object, Store};
use crate::cur::reader::Reader;

pub use self::table::Athena;

/// The folder for results, in the bucket of the export; its owner may delete them at once.
const RESULTS_FOLDER: &str = "athena-results/";

impl Athena {
    /// Reads a delivery by a query.
    ///
    /// It is checked against the footers of the files: as many lines have to come back as there are
    /// rows, of files that have not changed since they were listed. Whatever is wrong with the table, the
    /// query or the result, no line is lost or doubled without a word.
    pub(crate) fn read_delivery(
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
        let mut line_count = 0;
        reader.read_files(&delivery.name, &[location], |location, reader| {
            line_count = result::read_result(store, location, has_column, reader)?;
            Ok(())
        })?;
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
