//! Why a run ends early.

use jiff::civil::Date;
use ledger_core::line_item::BillId;
use ledger_core::money::MoneyError;
use ledger_core::period::BillingPeriod;

use crate::ports::{QuickLookError, Retryable, StoreError};

/// Why a run ended early. Months that were complete before stay written.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// There is no key to group by.
    #[error("no tag key to group by was given; expected at least one, such as `iamPrincipal/team`")]
    NoTagKey,
    /// The period begins after today.
    #[error(
        "the period begins on {start}, which is after today, {today}; expected days up to today"
    )]
    Future {
        /// Its first day.
        start: Date,
        /// Today.
        today: Date,
    },
    /// The provider did not answer.
    #[error("could not ask for {question}")]
    Ask {
        /// The question that was asked.
        question: String,
        /// The cause, which says what to do.
        #[source]
        source: QuickLookError,
    },
    /// An amount could not be read or added.
    #[error("could not read the amounts of {question}")]
    Amount {
        /// The question; for amounts of a whole bill, the bill.
        question: String,
        /// The cause.
        #[source]
        source: MoneyError,
    },
    /// The daily quota could not be read or updated.
    #[error("could not take a request from the quota of {0}")]
    Quota(Date, #[source] StoreError),
    /// The bills of the ledger could not be read.
    #[error("could not read the bills of {0}")]
    Bills(BillingPeriod, #[source] StoreError),
    /// The ledger failed; readers keep seeing the state they saw before.
    #[error("could not replace {0}")]
    Write(Box<BillId>, #[source] StoreError),
}

impl Retryable for CollectError {
    fn is_retryable(&self) -> bool {
        match self {
            Self::NoTagKey | Self::Future { .. } | Self::Amount { .. } => false,
            Self::Ask { source, .. } => source.is_retryable(),
            Self::Quota(_, source) | Self::Bills(_, source) | Self::Write(_, source) => {
                source.is_retryable()
            }
        }
    }
}
