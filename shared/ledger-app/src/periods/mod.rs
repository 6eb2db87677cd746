//! Periods: months of entities that pay bills, from their accrual to their closing.
//!
//! A closing keeps the charges and journals of a month as they were. What the ledger says of the month later is
//! compared with all that was booked of it, and the difference is posted by the next closing.

mod accrue;
mod book;
mod checks;
mod close;
mod finalise;
mod fixed;
mod journals;
mod months;
mod scope;
mod sight;
mod statements;
mod written;

use ledger_core::closing::{Check, PeriodState};
use ledger_core::journal::JournalError;
use ledger_core::money::MoneyError;
use ledger_core::organisation::Code;
use ledger_core::period::BillingPeriod;
use ledger_core::question::QuestionError;

pub use self::accrue::{Accrual, Expected, accrue, expected};
pub use self::book::{Adjusted, Batch, Book, By, Closing, Period, Posting, Waived, book};
pub use self::checks::Terms;
pub use self::close::{Closed, close};
pub use self::finalise::finalise;
pub use self::fixed::Fixed;
pub use self::journals::{accrual_journals, closed_journals, posted_journals};
pub use self::months::{Month, findings_of_periods, months, paying_entities};
pub use self::sight::{Sight, sight};
pub use self::statements::{charges_of_month, fixed_charges, statements_of_month};
use crate::forecast::ForecastError;
use crate::ports::{Retryable, StoreError};
use crate::view::LookupError;

/// Why a period stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum PeriodError {
    /// The ledger has no answer.
    #[error("could not add up the charges")]
    Lookup(#[from] LookupError),
    /// There is no forecast.
    #[error("could not say what is still to come")]
    Forecast(#[from] ForecastError),
    /// The ledger could not be read or written.
    #[error("could not read or keep the periods")]
    Store(#[source] StoreError),
    /// A document or content is not of this form.
    #[error("what is kept cannot be read: {0}")]
    Unreadable(String),
    /// The request cannot be done: the text says why, and what can.
    #[error("{0}")]
    Refused(String),
    /// Checks are against it.
    #[error("{month} of {entity} was not closed: {} of {} checks are against it", against(.checks), .checks.len())]
    Checks {
        /// The entity.
        entity: Code,
        /// The month.
        month: BillingPeriod,
        /// All checks.
        checks: Vec<Check>,
    },
    /// The charges cannot be posted.
    #[error("the charges cannot be posted")]
    Journal(#[from] JournalError),
}

fn against(checks: &[Check]) -> usize {
    checks.iter().filter(|it| it.is_against()).count()
}

impl From<MoneyError> for PeriodError {
    fn from(err: MoneyError) -> PeriodError {
        PeriodError::Lookup(LookupError::Answer(QuestionError::Money(err)))
    }
}

impl Retryable for PeriodError {
    fn is_retryable(&self) -> bool {
        match self {
            PeriodError::Lookup(source) => source.is_retryable(),
            PeriodError::Forecast(source) => source.is_retryable(),
            PeriodError::Store(source) => source.is_retryable(),
            PeriodError::Unreadable(_)
            | PeriodError::Refused(_)
            | PeriodError::Checks { .. }
            | PeriodError::Journal(_) => false,
        }
    }
}

/// The refusal to do something with a period in this state.
fn refused(entity: &Code, month: BillingPeriod, state: PeriodState, expected: &str) -> PeriodError {
    PeriodError::Refused(format!("{month} of {entity} is {state}; expected {expected}"))
}
