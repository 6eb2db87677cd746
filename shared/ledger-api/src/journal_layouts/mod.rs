//! Journals as the files that ERPs take.
//!
//! A layout is a pure function from journals to files. It cuts texts at the system's limit and keeps them
//! apart, splits journals where the system limits the lines of an entry, and refuses what the system would
//! refuse: codes are never cut, amounts never rounded.

mod cells;
mod d365;
mod generic;
mod netsuite;
mod oracle;
mod sap;
#[cfg(test)]
mod tests;
mod workday;

use std::fmt;

use ledger_core::journal::Journal;
use ledger_core::money::MoneyError;

use crate::bodies::journals::JournalBody;

/// The form of files of journals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// JSON of Tollbook, with the charges behind each line.
    Json,
    /// One CSV for any system.
    Csv,
    /// SAP S/4HANA, app F2548 "Upload General Journal Entries".
    Sap,
    /// Oracle Fusion, file-based import `GlInterface.csv`.
    Oracle,
    /// NetSuite, CSV import of journal entries.
    NetSuite,
    /// Workday, accounting journal as CSV.
    Workday,
    /// Dynamics 365 Finance, general journal entity.
    D365,
}

/// The release of Oracle Fusion whose columns the layout has.
pub const ORACLE_RELEASE: &str = oracle::RELEASE;

impl Layout {
    /// The word of the option.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Layout::Json => "json",
            Layout::Csv => "csv",
            Layout::Sap => "sap",
            Layout::Oracle => "oracle",
            Layout::NetSuite => "netsuite",
            Layout::Workday => "workday",
            Layout::D365 => "d365",
        }
    }

    /// The files of journals; those without lines are in none. The same journals are the same bytes.
    ///
    /// # Errors
    ///
    /// [`LayoutError`].
    pub fn files(self, journals: &[Journal]) -> Result<Vec<LayoutFile>, LayoutError> {
        let journals: Vec<&Journal> = journals.iter().filter(|it| !it.lines.is_empty()).collect();
        if journals.is_empty() {
            return Ok(Vec::new());
        }
        let one = |name: &str, bytes| vec![LayoutFile { name: name.to_owned(), bytes }];
        Ok(match self {
            Layout::Json => each(&journals, ".json", json)?,
            Layout::Csv => one("journal.csv", generic::file(&journals)?),
            Layout::Sap => one("sap_upload_general_journal_entry.csv", sap::file(&journals)?),
            // Journals of several ledgers or currencies in one file are refused as a whole.
            Layout::Oracle => each(&journals, "/GlInterface.csv", oracle::file)?,
            Layout::NetSuite => one("netsuite_journal.csv", netsuite::file(&journals)?),
            Layout::Workday => one("workday_accounting_journal.csv", workday::file(&journals)?),
            // Each company imports its own.
            Layout::D365 => each(&journals, "_general_journal.csv", d365::file)?,
        })
    }
}

/// A file for each journal, named by its batch.
fn each(
    journals: &[&Journal],
    end: &str,
    file: impl Fn(&Journal) -> Result<Vec<u8>, LayoutError>,
) -> Result<Vec<LayoutFile>, LayoutError> {
    let file = |journal: &&Journal| {
        Ok(LayoutFile { name: format!("{}{end}", journal.batch_id), bytes: file(journal)? })
    };
    journals.iter().map(file).collect()
}

fn json(journal: &Journal) -> Result<Vec<u8>, LayoutError> {
    let mut bytes = serde_json::to_vec(&JournalBody::of(journal)?)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// A file of a layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayoutFile {
    /// The name, which may be in a folder.
    pub name: String,
    /// The content.
    pub bytes: Vec<u8>,
}

/// Why journals are no files of a layout.
#[derive(Debug, thiserror::Error)]
pub enum LayoutError {
    /// The system would refuse a line.
    #[error("{system} {limit}; journal {journal} line {line} has `{found}`")]
    Limit {
        /// The system.
        system: System,
        /// Its rule, such as `takes cost centres of at most 10 characters`.
        limit: String,
        /// The batch.
        journal: String,
        /// The line, from 1.
        line: usize,
        /// The value that breaks the rule.
        found: String,
    },
    /// A sum left the range of money.
    #[error("could not add up a journal")]
    Money(#[from] MoneyError),
    /// A file could not be written.
    #[error("could not write CSV")]
    Csv(#[from] csv::Error),
    /// A file could not be written.
    #[error("could not write JSON")]
    Json(#[from] serde_json::Error),
}

/// A system that takes a layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// SAP S/4HANA.
    Sap,
    /// Oracle Fusion.
    Oracle,
    /// NetSuite.
    NetSuite,
    /// Dynamics 365 Finance.
    D365,
}

impl fmt::Display for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            System::Sap => "SAP",
            System::Oracle => "Oracle",
            System::NetSuite => "NetSuite",
            System::D365 => "Dynamics 365",
        })
    }
}
