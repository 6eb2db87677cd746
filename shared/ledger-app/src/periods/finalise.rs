//! Making a closed month final.

use ledger_core::audit::AuditAction;
use ledger_core::closing::PeriodState;
use ledger_core::money_sum::MoneySum;
use ledger_core::organisation::{Code, Organisation};
use ledger_core::period::BillingPeriod;

use super::PeriodError;
use super::book::{By, Period, kept};
use super::close::{expect, keep, subject};
use super::scope::Scope;
use super::sight::differing;
use crate::ports::{ContentStore, DocumentStore, LedgerStore};
use crate::said::Said;
use crate::view::View;

/// Makes a closed month of an entity final: for good.
///
/// # Errors
///
/// [`PeriodError::Refused`] for a month that is not closed, or whose cost is not what was booked.
pub async fn finalise<L>(
    view: &View<L>,
    organisation: &Organisation,
    (entity, month): (&Code, BillingPeriod),
    said: Said<'_>,
) -> Result<Period, PeriodError>
where
    L: LedgerStore + DocumentStore + ContentStore + Clone + 'static,
{
    said.check_by().map_err(PeriodError::Refused)?;
    let ledger = view.ledger();
    let (document, mut book) = kept(ledger).await?;
    expect(&book, (entity, month), &[PeriodState::Closed], "a month that is closed")?;
    let changes =
        differing(view, &book, Scope { organisation, book: &book, entity }, month).await?;
    if let Some(first) = changes.first() {
        let mut sum = MoneySum::zero(first.exact.currency());
        let alike = changes.iter().filter(|it| it.exact.currency() == first.exact.currency());
        alike.map(|it| it.exact).try_for_each(|it| sum.add(it))?;
        return Err(PeriodError::Refused(format!(
            "the cost of {month} of {entity} changed after it was closed, by {} in all in {} figures; \
             expected the next month to be closed first, which posts the change",
            sum.total()?,
            changes.len()
        )));
    }
    let Some(period) = book.period(entity, month).cloned() else {
        return Err(PeriodError::Refused(format!("{month} of {entity} is not closed")));
    };
    let Said { by, reason, at } = said;
    let finalised = Some(By { by: by.to_owned(), at, reason: reason.to_owned() });
    let period = Period { state: PeriodState::Final, finalised, ..period };
    book.put(period.clone());
    let subject = subject(entity, month);
    let change = said.changes(AuditAction::FinalisePeriod, &subject, document.as_ref());
    keep(ledger, &book, change).await?;
    Ok(period)
}
