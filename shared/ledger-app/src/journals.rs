//! The journals of a month, from the charges that statements list.

use ledger_core::cost::CostKind;
use ledger_core::journal::{ChargeBuilder, Journal, JournalError, JournalRequest, journals};
use ledger_core::organisation::Organisation;
use ledger_core::period::BillingPeriod;

use crate::ports::{LedgerStore, Retryable};
use crate::view::{LookupError, View};

/// Why a month has no journals.
#[derive(Debug, thiserror::Error)]
pub enum MonthError {
    /// The ledger has no answer.
    #[error("could not add up the charges of {0}")]
    Charges(BillingPeriod, #[source] LookupError),
    /// The charges cannot be posted.
    #[error("{0} was not posted")]
    Journal(BillingPeriod, #[source] JournalError),
}

impl Retryable for MonthError {
    fn is_retryable(&self) -> bool {
        match self {
            MonthError::Charges(_, source) => source.is_retryable(),
            MonthError::Journal(..) => false,
        }
    }
}

/// The journals of a month, by entity and currency; none for a month without charges.
///
/// # Errors
///
/// [`MonthError`].
pub async fn journals_of_month<L>(
    view: &View<L>,
    (period, cost_kind): (BillingPeriod, CostKind),
    organisation: &Organisation,
    request: &JournalRequest,
) -> Result<Vec<Journal>, MonthError>
where
    L: LedgerStore + Clone + 'static,
{
    let failed = |err| MonthError::Charges(period, err);
    let mut builder = ChargeBuilder::new(period, cost_kind);
    view.answer(&mut [&mut builder]).await.map_err(failed)?;
    let charges = builder.finish().map_err(|err| failed(err.into()))?;
    journals(&charges, organisation, request).map_err(|err| MonthError::Journal(period, err))
}
