//! Sources of bills.

use std::sync::Arc;

use jiff::Timestamp;
use ledger_core::bill::{Export, FileSet};
use ledger_core::day_sum::DaySum;
use ledger_core::finding::{Finding, FindingCode};
use ledger_core::line_item::{LineItem, Rejected};
use ledger_core::money::MoneyError;
use ledger_core::period::BillingPeriod;
use rust_decimal::Decimal;

use super::Retryable;

/// One delivery of bills: files that were written together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its name in messages: a folder or a file.
    pub name: String,
    /// Its data files, in order.
    pub files: Vec<String>,
    /// The export that made it, where a manifest says so: bills of a month that this export
    /// delivered earlier and no longer contains are withdrawn.
    pub export: Option<Export>,
    /// Its files, where no manifest names them: by these it is recognised when they come again.
    pub file_set: Option<FileSet>,
    /// The month it is for, where a manifest or a folder says so.
    pub period: Option<BillingPeriod>,
    /// When the provider made it, where a manifest says so.
    pub delivered_at: Option<Timestamp>,
    /// Whether it is the whole bill: then days that it leaves out have no cost.
    pub is_complete: bool,
    /// The size of its files, for a progress bar.
    pub bytes: u64,
}

/// A column that a file lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoColumn {
    /// The file.
    pub file: Arc<str>,
    /// The column.
    pub column: &'static str,
    /// The consequence and the fix.
    pub consequence: &'static str,
}

impl NoColumn {
    /// The finding.
    pub fn finding(&self) -> Finding {
        let NoColumn { file, column, consequence } = self;
        let message = format!("`{file}` has no column `{column}`: {consequence}");
        Finding { code: FindingCode::ColumnMissing, message }
    }
}

/// One piece of a bill that is being read.
#[derive(Debug)]
pub enum Reading {
    /// Charges for generative AI: lines of one file that are equal except for day and amounts, as
    /// the shared fields and one sum per day. The item's own day and amounts repeat one of these
    /// sums; its provenance is the first line.
    ///
    /// Amortized costs that differ from the charged ones are in the costs of the line item alone:
    /// then there is exactly one sum.
    Charge(LineItem, Vec<DaySum>),
    /// Charges for anything else, which the ledger totals: in the same form, but readers may leave
    /// out all except bill, currency, day and amounts.
    Other(LineItem, Vec<DaySum>),
    /// A line that could not be read.
    Rejected(Rejected),
    /// A line's amounts had more than 15 fraction digits; this much was added to them.
    Rounded(Decimal),
    /// A finding about the file.
    Finding(Finding),
    /// A column that a file lacks.
    NoColumn(NoColumn),
    /// This many bytes were read since the last time.
    Progress(u64),
}

/// A source of bills. Reading blocks, so it runs on a thread of its own.
pub trait BillSource: Send + Sync + 'static {
    /// The deliveries there are, oldest first.
    ///
    /// # Errors
    ///
    /// [`SourceError`] when a place or a manifest cannot be read.
    fn deliveries(&self) -> Result<Vec<Delivery>, SourceError>;

    /// Reads a delivery from its first line to its last.
    ///
    /// # Errors
    ///
    /// [`SourceError`] when a file cannot be read as a whole; one bad line is a
    /// [`Reading::Rejected`]. An error of the sink ends the reading.
    fn read(
        &self,
        delivery: &Delivery,
        sink: &mut dyn FnMut(Reading) -> Result<(), MoneyError>,
    ) -> Result<(), SourceError>;
}

/// Why a source could not be read. Nothing of it is imported.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The input is invalid: the message says what is wrong, where, and what was expected.
    #[error("{0}")]
    Refused(String),
    /// The place could not be reached.
    #[error("could not read `{place}`")]
    Unreachable {
        /// The file or folder.
        place: String,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// It is being rewritten while it is read: the message says what was seen.
    #[error("{0}")]
    Changing(String),
    /// The service that holds it refused or could not be reached.
    #[error("could not {doing}")]
    Unavailable {
        /// The action that failed and its object, as they follow "could not".
        doing: String,
        /// Whether trying again may help.
        is_retryable: bool,
        /// The cause.
        #[source]
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// A sum left the range of money.
    #[error("could not add up `{0}`")]
    Money(String, #[source] MoneyError),
}

impl Retryable for SourceError {
    fn is_retryable(&self) -> bool {
        use std::io::ErrorKind::{NotFound, PermissionDenied};
        match self {
            SourceError::Refused(_) | SourceError::Money(..) => false,
            SourceError::Changing(_) => true,
            SourceError::Unreachable { source, .. } => {
                !matches!(source.kind(), NotFound | PermissionDenied)
            }
            SourceError::Unavailable { is_retryable, .. } => *is_retryable,
        }
    }
}
