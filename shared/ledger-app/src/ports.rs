//! The capabilities that use cases need, in their own words.

use std::future::Future;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use ledger_core::bill::{BillHead, Generation};
use ledger_core::bill_rollups::BillRollups;
use ledger_core::budget::{Alert, AlertId};
use ledger_core::day_sum::DaySum;
use ledger_core::dimension::Level;
use ledger_core::line_item::{BillId, Finding, LineItem, Rejected};
use ledger_core::money::MoneyError;
use ledger_core::owner::Owner;
use ledger_core::period::{BillingPeriod, ChargePeriod};
use ledger_core::rollup::Rollup;
use rust_decimal::Decimal;

/// One delivery of bills: files that were written together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// What it is called in messages: a folder or a file.
    pub name: String,
    /// Its data files, in order.
    pub files: Vec<String>,
    /// The name of the export that made it, where a manifest says so: bills of a month that the same
    /// export told of before and leaves out now are taken back.
    pub export: Option<String>,
    /// The month it is for, where a manifest or a folder says so.
    pub period: Option<BillingPeriod>,
    /// When the provider made it, where a manifest says so.
    pub delivered_at: Option<Timestamp>,
    /// Whether it is the whole bill: then days that it leaves out have no cost.
    pub is_complete: bool,
    /// The size of its files, for a progress bar.
    pub bytes: u64,
}

/// What reading a bill yields, piece by piece.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all are lines; a box each would cost more")]
pub enum Reading {
    /// Lines of one file that differ in nothing but their days and amounts: what they share, and
    /// what they come to by day. The day and the amounts of the line item are those of one of the
    /// sums, its line is the first of all.
    ///
    /// Lines that are not AI may be told with no more than their bill and currency. What amortizing
    /// adds is in the costs of the line item alone, for its own day: where it is not nothing, there
    /// is one sum.
    Lines(LineItem, Vec<DaySum>),
    /// A line that could not be read.
    Rejected(Rejected),
    /// A line's amounts had more than 15 fraction digits; this much was added to them.
    Rounded(Decimal),
    /// Something to know about the file.
    Finding(Finding),
    /// This many bytes were read since the last time.
    Progress(u64),
}

/// Where bills are read. Reading is blocking work and runs on a thread of its own.
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

/// Why a source could not be read. Nothing of it counts.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The input is not what it should be: the message says what, where and what was expected.
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
    /// It is being written anew while it is read: the message says what was seen.
    #[error("{0}")]
    Changing(String),
    /// The service that holds it refused or could not be reached.
    #[error("could not {doing}")]
    Unavailable {
        /// What was being done, to what.
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

impl SourceError {
    /// Whether trying again may help.
    pub fn is_retryable(&self) -> bool {
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

/// A bill as it is to be from now on.
#[derive(Clone, Debug)]
pub struct BillReplacement {
    /// The bill.
    pub bill: BillId,
    /// Its days.
    pub days: BillRollups,
    /// Whether days that are not here have no cost; otherwise they stay as they are.
    pub is_complete: bool,
    /// The name of the export that told of it, where it is known.
    pub export: Option<Arc<str>>,
    /// When the provider made it.
    pub delivered_at: Option<Timestamp>,
    /// Now.
    pub imported_at: Timestamp,
    /// The version of the rules that owned its lines.
    pub rules_version: u64,
}

/// What replacing a bill did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replaced {
    /// Days that changed and were written.
    pub days_written: u64,
    /// Days that were as they had been: no write.
    pub days_unchanged: u64,
    /// Days that the delivery no longer has.
    pub days_removed: u64,
    /// Rollup items written.
    pub items_written: u64,
    /// What the ledger's database charges for all writes, in write request units: 1 KB of one item
    /// each.
    pub write_units: Decimal,
    /// Whether the ledger already holds a newer delivery, so that nothing was done.
    pub is_superseded: bool,
}

/// The ledger: bills in, rollups out.
pub trait LedgerStore: Send + Sync {
    /// The pointers of all bills from a month on.
    fn heads(
        &self,
        from: BillingPeriod,
    ) -> impl Future<Output = Result<Vec<BillHead>, StoreError>> + Send;

    /// Makes readers see a bill's new state, all of it at once.
    ///
    /// Safe to repeat. On any error readers keep seeing the state they saw before.
    fn replace(
        &self,
        replacement: BillReplacement,
    ) -> impl Future<Output = Result<Replaced, StoreError>> + Send;

    /// The rollups of one day of a bill, of all owners or of some.
    fn rollups(
        &self,
        bill: &BillId,
        day: Date,
        generation: &Generation,
        level: Level,
        owners: Option<&[Owner]>,
    ) -> impl Future<Output = Result<Vec<Rollup>, StoreError>> + Send;
}

/// A file of the user that the ledger keeps by version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentKind {
    /// `rules.toml`.
    Rules,
    /// `budgets.toml`.
    Budgets,
}

/// A version of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Counts applications, from 1.
    pub version: u64,
    /// The text as it was applied.
    pub text: String,
}

/// Keeps documents.
pub trait DocumentStore: Send + Sync {
    /// The newest version, if any was applied.
    fn document(
        &self,
        kind: DocumentKind,
    ) -> impl Future<Output = Result<Option<Document>, StoreError>> + Send;

    /// Applies a text as the version after the newest; the same text again changes nothing.
    fn apply(
        &self,
        kind: DocumentKind,
        text: &str,
        at: Timestamp,
    ) -> impl Future<Output = Result<Document, StoreError>> + Send;
}

/// How far an alert got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertState {
    /// It is written down and not sent: for sure nobody got it.
    Planned,
    /// Somebody is sending it now.
    Sending,
    /// It was accepted.
    Sent,
    /// It was handed over, and the answer was lost: it may or may not have arrived.
    Unconfirmed,
}

impl AlertState {
    /// The word in answers and items.
    pub fn as_str(self) -> &'static str {
        match self {
            AlertState::Planned => "planned",
            AlertState::Sending => "sending",
            AlertState::Sent => "sent",
            AlertState::Unconfirmed => "unconfirmed",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<AlertState> {
        use AlertState::{Planned, Sending, Sent, Unconfirmed};
        [Planned, Sending, Sent, Unconfirmed].into_iter().find(|it| it.as_str() == text)
    }
}

/// An alert as the ledger holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAlert {
    /// What was, or is to be, said.
    pub alert: Alert,
    /// How far it got.
    pub state: AlertState,
    /// When it got there.
    pub at: Timestamp,
}

/// Keeps alerts, so that each fires once.
pub trait AlertStore: Send + Sync {
    /// An alert that was written down.
    fn alert(
        &self,
        id: &AlertId,
    ) -> impl Future<Output = Result<Option<StoredAlert>, StoreError>> + Send;

    /// Writes an alert down as planned, unless it is there; returns its state.
    fn plan(
        &self,
        alert: &Alert,
        at: Timestamp,
    ) -> impl Future<Output = Result<StoredAlert, StoreError>> + Send;

    /// Moves an alert from one state to the next; `false` when another run was faster.
    ///
    /// `run` names this run, so that a repeated call whose first answer was lost still succeeds.
    fn advance(
        &self,
        id: &AlertId,
        from: AlertState,
        to: AlertState,
        run: &str,
        at: Timestamp,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// The alerts of windows that begin in a period, newest first.
    fn alerts(
        &self,
        period: ChargePeriod,
    ) -> impl Future<Output = Result<Vec<StoredAlert>, StoreError>> + Send;

    /// Whether `state` is what was last [settled](AlertStore::settle).
    fn is_settled(&self, state: &str) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Remembers that all alerts are told that follow from `state`: a text of any length that
    /// names everything they follow from.
    fn settle(
        &self,
        state: &str,
        at: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Why the ledger did not answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another run moved the pointer first.
    #[error("{0} was replaced by a newer run")]
    Replaced(BillId),
    /// Totals before and after a write differ; nothing was made visible.
    #[error("{0} does not add up: what was written is not what was read")]
    Unbalanced(String),
    /// An item in the table is not one of ours.
    #[error("item `{key}` cannot be read: {reason}")]
    Malformed {
        /// The item's key.
        key: String,
        /// What was expected.
        reason: String,
    },
    /// The database refused or could not be reached.
    #[error("could not {doing}")]
    Unavailable {
        /// What was being done, to what.
        doing: String,
        /// Whether trying again may help.
        is_retryable: bool,
        /// The cause.
        #[source]
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
}

impl StoreError {
    /// Whether trying again may help.
    pub fn is_retryable(&self) -> bool {
        match self {
            StoreError::Replaced(_) => true,
            StoreError::Unbalanced(_) | StoreError::Malformed { .. } => false,
            StoreError::Unavailable { is_retryable, .. } => *is_retryable,
        }
    }
}

/// Sends alerts.
pub trait Notifier: Send + Sync {
    /// Hands an alert over. Never repeats a call that may have arrived.
    fn publish(&self, alert: &Alert) -> impl Future<Output = Result<(), PublishError>> + Send;
}

/// Why an alert was not handed over.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// It was refused or never left: nobody got it.
    #[error("the alert was not accepted")]
    NotSent(#[source] Arc<dyn std::error::Error + Send + Sync>),
    /// It left and the answer was lost: somebody may have got it.
    #[error("the alert was handed over, and the answer was lost")]
    Unconfirmed(#[source] Arc<dyn std::error::Error + Send + Sync>),
}
