//! Reading a delivery: the columns of its files checked, its rows converted and emitted.

use std::collections::BTreeSet;
use std::sync::Arc;

use ledger_app::ports::{Delivery, NoColumn, Reading, SourceError};
use ledger_core::cost::CostKind;
use ledger_core::day_sum::DaySum;
use ledger_core::line_item::{Provenance, Rejected};
use ledger_core::money::MoneyError;

use crate::cur::meaning::columns::Column;
use crate::cur::meaning::faults::{Fault, is_lost};
use crate::cur::meaning::line::{Converted, Converter};
use crate::cur::meaning::row::RawLine;

/// Receives what is read; an error ends the reading.
pub(crate) type Sink<'a> = &'a mut dyn FnMut(Reading) -> Result<(), MoneyError>;

/// Reads the files of one delivery, one after the other.
pub(crate) struct Reader<'a> {
    pub converter: Converter,
    /// Columns whose absence was reported.
    reported: BTreeSet<&'static str>,
    /// The number of lines of the file that the current row takes.
    row_height: u64,
    /// Whether the current row, or a cell of it, could not be read.
    pub row_is_faulty: bool,
    pub is_line_by_line: bool,
    /// Whether the pass over the delivery was chosen for the current rows: all of them are read.
    pub is_chosen: bool,
    out: Emitter<'a>,
}

/// Emits what is read.
pub(crate) struct Emitter<'a> {
    /// Lines that the second pass has read so far; `None` in the first.
    second_count: Option<u64>,
    sink: Sink<'a>,
}

impl Emitter<'_> {
    pub(crate) fn emit(&mut self, file: &str, reading: Reading) -> Result<(), SourceError> {
        if let Some(count) = &mut self.second_count {
            let lines = match &reading {
                Reading::Charge(_, sums) | Reading::Other(_, sums) => {
                    sums.iter().map(DaySum::line_count).sum()
                }
                Reading::Rejected(_) => 1,
                Reading::Rounded(_) => 0,
                // The first pass has said it.
                Reading::Finding(_) | Reading::NoColumn(_) | Reading::Progress(_) => return Ok(()),
            };
            *count = count.saturating_add(lines);
        }
        (self.sink)(reading).map_err(|error| SourceError::Money(file.to_owned(), error))
    }
}

impl<'a> Reader<'a> {
    pub(crate) fn new(delivery: &Delivery, sink: Sink<'a>) -> Reader<'a> {
        Reader {
            converter: Converter::new(delivery.period),
            reported: BTreeSet::new(),
            row_height: 1,
            row_is_faulty: false,
            is_line_by_line: false,
            is_chosen: false,
            out: Emitter { second_count: None, sink },
        }
    }

    /// Reads the files of a delivery: once, and those with lines that other lines decide a second
    /// time.
    pub(crate) fn read_files<F>(
        &mut self,
        delivery: &str,
        files: &[F],
        mut read: impl FnMut(&F, &mut Self) -> Result<(), SourceError>,
    ) -> Result<(), SourceError> {
        let mut again = Vec::new();
        for file in files {
            let before = self.converter.codes.left_count();
            read(file, self)?;
            if self.converter.codes.left_count() > before {
                again.push(file);
            }
        }
        self.converter.codes.begin_second_pass();
        self.out.second_count = Some(0);
        again.into_iter().try_for_each(|it| read(it, self))?;
        let read_count = self.out.second_count.take().unwrap_or_default();
        let left_count = self.converter.codes.left_count();
        if read_count != left_count {
            return Err(SourceError::Changing(format!(
                "`{delivery}` was changed while it was read: {left_count} lines were left for a \
                 second reading, which met {read_count}; expected files that stay as they are",
            )));
        }
        Ok(())
    }

    /// Emits the findings that are known after the last line of a delivery.
    pub(crate) fn finish(mut self, delivery: &str) -> Result<(), SourceError> {
        for finding in self.converter.findings() {
            self.emit(delivery, Reading::Finding(finding))?;
        }
        Ok(())
    }

    pub(crate) fn emit(&mut self, file: &str, reading: Reading) -> Result<(), SourceError> {
        self.out.emit(file, reading)
    }

    /// Converting and emitting, side by side.
    pub(crate) fn parts(&mut self) -> (&mut Converter, &mut Emitter<'a>) {
        (&mut self.converter, &mut self.out)
    }

    /// Refuses a file without a required column; reports other missing columns, once each.
    pub(crate) fn check_columns(
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
                let missing =
                    NoColumn { file: file.into(), column: column.name(), consequence: meaning };
                self.emit(file, Reading::NoColumn(missing))?;
            }
        }
        Ok(())
    }

    /// Begins a row that takes this number of lines of its file.
    pub(crate) fn begin_row(&mut self, height: u64) {
        self.row_height = height;
        self.converter.is_row_tall = height > 1;
        self.row_is_faulty = false;
    }

    /// Converts a row and emits it, if this pass over the delivery reads it; `broken` are cells that
    /// are no text, and empty in `raw`.
    pub(crate) fn row(
        &mut self,
        raw: &RawLine<'_>,
        broken: &[(Column, Fault)],
        provenance: &Provenance,
    ) -> Result<(), SourceError> {
        if !self.is_chosen && !self.converter.takes(raw) {
            return Ok(());
        }
        let file = &*provenance.file;
        match self.converter.convert(raw, broken, provenance) {
            Ok(converted) => {
                // Whose cost this is cannot be known if a quote is not closed.
                let lost = converted.faults.iter().find(|it| is_lost(it.1));
                if let Some((column, fault)) = lost.filter(|_| self.row_height > 1) {
                    let (provenance, column) = (provenance.clone(), column.name().into());
                    let reason = (*fault).to_owned();
                    let cost = Some(converted.line.costs.of(CostKind::Unblended));
                    return self.emit_rejected(Rejected { provenance, column, reason, cost });
                }
                self.count_faults(&converted, 1, provenance);
                if !converted.rounded.is_zero() {
                    self.emit(file, Reading::Rounded(converted.rounded))?;
                }
                let sum = DaySum::of(&converted.line)
                    .map_err(|error| SourceError::Money(file.to_owned(), error))?;
                self.emit(file, converted.reading(vec![sum]))
            }
            Err(rejected) => self.emit_rejected(*rejected),
        }
    }

    /// Counts the cells that could not be read of lines that were converted together.
    pub(crate) fn count_faults(
        &mut self,
        converted: &Converted,
        line_count: u64,
        provenance: &Provenance,
    ) {
        self.row_is_faulty |= converted.faults.iter().any(|it| is_lost(it.1));
        let cost = converted.line.costs.of(CostKind::Unblended);
        self.converter.faults.count(&converted.faults, (line_count, cost), provenance);
    }

    pub(crate) fn emit_rejected(&mut self, mut rejected: Rejected) -> Result<(), SourceError> {
        self.row_is_faulty = true;
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

    /// Emits a row that could not be read.
    pub(crate) fn reject(
        &mut self,
        provenance: &Provenance,
        column: &str,
        reason: String,
    ) -> Result<(), SourceError> {
        // Such a row cannot be judged, so that the first pass has emitted it.
        if !self.is_chosen && self.converter.codes.is_second_pass() {
            return Ok(());
        }
        let (provenance, column) = (provenance.clone(), column.into());
        let rejected = Rejected { provenance, column, reason, cost: None };
        self.emit_rejected(rejected)
    }
}
