//! Cost and usage exports 2.0, and the reports before them: Parquet and CSV as AWS delivers them.
//!
//! [`CurFolder`] finds deliveries on this machine and reads their files, [`S3Export`] those of S3, the
//! largest of them by way of [`Athena`]. A file is known by its first bytes, never by its name. Each
//! row is handed on as text to [one conversion](line), so that both forms of a bill mean the same.

mod amortized;
mod athena;
mod cache;
mod cells;
mod columnar;
mod columns;
mod csv_file;
mod delivery;
mod double;
#[cfg(test)]
mod form_tests;
#[cfg(test)]
mod fuzz_tests;
mod groups;
mod ids;
mod line;
mod manifest;
mod names;
mod packed;
mod parquet_file;
mod s3;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ledger_app::ports::{BillSource, Delivery, Reading, SourceError};
use ledger_core::day_sum::DaySum;
use ledger_core::line_item::{Finding, Provenance, Rejected};
use ledger_core::money::MoneyError;

pub use self::athena::Athena;
pub use self::manifest::MANIFEST_END;
pub use self::s3::S3Export;

use self::columns::Column;
use self::line::{Converter, RawLine};

type Sink<'a> = &'a mut dyn FnMut(Reading) -> Result<(), MoneyError>;

/// Exports in folders and files of this machine.
///
/// - **Shape:** each path is a folder, such as a copy of the export's folder in S3, or a file.
/// - **Source:** a data export of the table `COST_AND_USAGE_REPORT`, as Parquet or as CSV with or
///   without gzip.
#[derive(Clone, Debug)]
pub struct CurFolder {
    paths: Vec<PathBuf>,
    is_line_by_line: bool,
}

impl CurFolder {
    /// Reads these; nothing is opened yet.
    pub fn new(paths: Vec<PathBuf>) -> Self {
        CurFolder { paths, is_line_by_line: false }
    }

    /// Reads each line for itself and in full, also those that are not AI: slow, and what the quick
    /// way must agree with.
    #[must_use]
    pub fn line_by_line(self) -> Self {
        CurFolder { is_line_by_line: true, ..self }
    }

    /// The name of a file in messages: as seen from the folder it was found in.
    fn short_name(&self, file: &str) -> Arc<str> {
        let path = Path::new(file);
        let relative = self
            .paths
            .iter()
            .filter_map(|root| path.strip_prefix(root).ok()?.to_str())
            .find(|it| !it.is_empty());
        let name = relative.or_else(|| path.file_name()?.to_str()).unwrap_or(file);
        name.into()
    }
}

impl BillSource for CurFolder {
    fn deliveries(&self) -> Result<Vec<Delivery>, SourceError> {
        delivery::find(&self.paths)
    }

    fn read(
        &self,
        delivery: &Delivery,
        sink: &mut dyn FnMut(Reading) -> Result<(), MoneyError>,
    ) -> Result<(), SourceError> {
        let mut reader = Reader::new(delivery, sink);
        reader.is_line_by_line = self.is_line_by_line;
        for path in &delivery.files {
            read_file(path, self.short_name(path), &mut reader)?;
        }
        reader.finish(&delivery.name)
    }
}

/// What stays the same from file to file.
struct Reader<'a> {
    converter: Converter,
    /// Columns whose absence was reported.
    reported: BTreeSet<&'static str>,
    /// How many lines of the file the row in hand takes.
    row_height: u64,
    row_is_rejected: bool,
    is_line_by_line: bool,
    sink: Sink<'a>,
}

impl<'a> Reader<'a> {
    fn new(delivery: &Delivery, sink: Sink<'a>) -> Reader<'a> {
        Reader {
            converter: Converter::new(delivery.period),
            reported: BTreeSet::new(),
            row_height: 1,
            row_is_rejected: false,
            is_line_by_line: false,
            sink,
        }
    }

    /// Hands on what is known after the last line of a delivery.
    fn finish(mut self, delivery: &str) -> Result<(), SourceError> {
        for finding in self.converter.findings() {
            self.emit(delivery, Reading::Finding(finding))?;
        }
        Ok(())
    }

    fn emit(&mut self, file: &str, reading: Reading) -> Result<(), SourceError> {
        (self.sink)(reading).map_err(|error| SourceError::Money(file.to_owned(), error))
    }

    /// Refuses a file without what is required; reports what else is missing, once.
    fn check_columns(
        &mut self,
        file: &str,
        has: impl Fn(Column) -> bool,
    ) -> Result<(), SourceError> {
        let missing: Vec<String> = Column::REQUIRED
            .into_iter()
            .filter(|it| !has(*it))
            .map(|it| format!("`{}`", it.name()))
            .collect();
        if !missing.is_empty() {
            return Err(SourceError::Refused(format!(
                "`{file}` has no column {}; expected a cost and usage export 2.0 with it: name it \
                 in the export's query",
                missing.join(", "),
            )));
        }
        for column in Column::ALL.into_iter().filter(|it| !has(*it)) {
            if let Some(meaning) = column.absence()
                && self.reported.insert(column.name())
            {
                let message = format!("`{file}` has no column `{}`: {meaning}", column.name());
                self.emit(file, Reading::Finding(Finding { code: "column-missing", message }))?;
            }
        }
        Ok(())
    }

    /// Converts a row and hands it on.
    fn row(&mut self, raw: &RawLine<'_>, provenance: &Provenance) -> Result<(), SourceError> {
        let file = &*provenance.file;
        match self.converter.convert(raw, provenance) {
            Ok(converted) => {
                if !converted.rounded.is_zero() {
                    self.emit(file, Reading::Rounded(converted.rounded))?;
                }
                let sum = DaySum::of(&converted.line);
                self.emit(file, Reading::Lines(converted.line, vec![sum]))
            }
            Err(rejected) => self.emit_rejected(*rejected),
        }
    }

    fn emit_rejected(&mut self, mut rejected: Rejected) -> Result<(), SourceError> {
        self.row_is_rejected = true;
        // A row over several lines is one row on the report, but may have been many in the bill.
        if self.row_height > 1 {
            rejected.reason.push_str(&format!(
                " (the row goes on for {} lines: a quote may not be closed)",
                self.row_height
            ));
        }
        let file = Arc::clone(&rejected.provenance.file);
        self.emit(&file, Reading::Rejected(rejected))
    }

    /// Hands on that a row could not be read.
    fn reject(
        &mut self,
        provenance: &Provenance,
        column: &str,
        reason: String,
    ) -> Result<(), SourceError> {
        let rejected = Rejected { provenance: provenance.clone(), column: column.into(), reason };
        self.emit_rejected(rejected)
    }
}

fn read_file(path: &str, name: Arc<str>, reader: &mut Reader<'_>) -> Result<(), SourceError> {
    let unreachable = |source| SourceError::Unreachable { place: path.to_owned(), source };
    let mut file = File::open(path).map_err(unreachable)?;
    let mut start = Vec::new();
    file.by_ref().take(8).read_to_end(&mut start).map_err(unreachable)?;
    file.rewind().map_err(unreachable)?;
    if start.is_empty() {
        return Err(SourceError::Refused(delivery::empty_file(&name)));
    }
    if start.starts_with(b"PAR1") {
        let bytes = file.metadata().map_err(unreachable)?.len();
        parquet_file::read(file, bytes, path, &name, reader)
    } else {
        let is_gzip = start.starts_with(&[0x1f, 0x8b]);
        csv_file::read(BufReader::new(file), is_gzip, path, &name, reader)
    }
}
