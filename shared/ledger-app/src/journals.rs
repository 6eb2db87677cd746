//! The journals of a month, from the charges that statements list.

use ledger_core::access::Owners;
use ledger_core::charges::ChargeBuilder;
use ledger_core::cost::CostKind;
use ledger_core::journal::{Journal, JournalError, JournalRequest, journals};
use ledger_core::organisation::{Code, Organisation};
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

/// The journals of a month as the ledger has it now, by entity and currency; none for a month without charges. Where
/// an entity is named, those of the bills that it pays.
///
/// # Errors
///
/// [`MonthError`].
pub async fn journals_of_month<L>(
    view: &View<L>,
    (period, cost_kind): (BillingPeriod, CostKind),
    organisation: &Organisation,
    payer: Option<&Code>,
    request: &JournalRequest,
) -> Result<Vec<Journal>, MonthError>
where
    L: LedgerStore + Clone + 'static,
{
    let failed = |err| MonthError::Charges(period, err);
    let mut builder = ChargeBuilder::new(period, Owners::All, cost_kind);
    view.answer(&mut [&mut builder]).await.map_err(failed)?;
    let charges = builder.finish().map_err(|err| failed(err.into()))?;
    let pays = |it: Option<&str>| organisation.entity_paying(it).map(|it| &it.code);
    let charges = charges.only(|it| payer.is_none() || pays(it.key.payer.as_deref()) == payer);
    journals(&charges, organisation, request).map_err(|err| MonthError::Journal(period, err))
}
