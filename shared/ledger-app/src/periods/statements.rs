//! The charges that statements of a month are made of: those of closed periods as they were closed.

use std::sync::Arc;

use ledger_core::access::Owners;
use ledger_core::bill::Status;
use ledger_core::charges::{ChargeBuilder, Charges};
use ledger_core::cost::CostKind;
use ledger_core::organisation::Organisation;
use ledger_core::period::BillingPeriod;
use ledger_core::question::Question;
use ledger_core::statement::{Statement, statements};

use super::PeriodError;
use super::book::{Book, Period, book};
use super::fixed::Fixed;
use crate::documents::applied_organisation;
use crate::ports::{ContentStore, DocumentStore, LedgerStore};
use crate::view::View;

/// The charges of a month, of these owners: of entities that closed it as they were closed, with the adjustments of
/// months before; of all others as the ledger has them.
///
/// # Errors
///
/// [`PeriodError`].
pub async fn charges_of_month<L>(
    view: &View<L>,
    month: BillingPeriod,
    owners: Owners,
    cost_kind: CostKind,
) -> Result<Charges, PeriodError>
where
    L: LedgerStore + DocumentStore + ContentStore + Clone + 'static,
{
    let mut builder = ChargeBuilder::new(month, owners.clone(), cost_kind);
    let mut questions: [&mut dyn Question; 1] = [&mut builder];
    let (answered, book) = tokio::join!(view.answer(&mut questions), book(view.ledger()));
    answered?;
    let book = book?;
    let current = builder.finish()?;
    let closed = fixed_periods(&book, month, cost_kind);
    if closed.is_empty() {
        return Ok(current);
    }
    let organisation = applied_organisation(view.ledger()).await;
    let organisation = organisation.map_err(|err| PeriodError::Unreadable(err.to_string()))?;
    let organisation = organisation.unwrap_or_default();
    let mut all_fixed = Vec::new();
    for period in &closed {
        all_fixed.extend(fixed_charges(view.ledger(), period).await?);
    }
    let is_open = |payer: &Option<Arc<str>>| {
        let payer = payer.as_deref();
        book.closed_by(payer, month).is_none() && !is_closed(&closed, &organisation, payer)
    };
    let mut charges = current.only(|it| is_open(&it.key.payer));
    let has_open = !charges.charges.is_empty();
    let mut status = if has_open { charges.status } else { Status::Final };
    let seen = view.access().narrow(owners);
    for fixed in all_fixed {
        status = status.min(fixed.charges.status);
        let of_owners = fixed.charges.only(|it| seen.contains(&it.key.owner));
        charges.charges.extend(of_owners.charges);
    }
    Ok(Charges { status, ..charges })
}

/// The statements of a month, of these owners, by owner and currency: those of closed periods as they were closed.
///
/// # Errors
///
/// [`PeriodError`].
pub async fn statements_of_month<L>(
    view: &View<L>,
    month: BillingPeriod,
    owners: Owners,
    cost_kind: CostKind,
) -> Result<Vec<Statement>, PeriodError>
where
    L: LedgerStore + DocumentStore + ContentStore + Clone + 'static,
{
    Ok(statements(&charges_of_month(view, month, owners, cost_kind).await?)?)
}

fn fixed_periods(book: &Book, month: BillingPeriod, cost_kind: CostKind) -> Vec<&Period> {
    let is_meant = |it: &&Period| {
        let closing = it.closing.as_ref();
        it.month == month && closing.is_some_and(|it| it.posting.cost_kind == cost_kind)
    };
    book.periods.iter().filter(is_meant).collect()
}

fn is_closed(closed: &[&Period], organisation: &Organisation, payer: Option<&str>) -> bool {
    let entity = organisation.entity_paying(payer);
    entity.is_some_and(|entity| closed.iter().any(|it| it.entity == entity.code))
}

/// The charges and journals that the closing of a period fixed; `None` for one that is not closed.
///
/// # Errors
///
/// [`PeriodError`].
pub async fn fixed_charges(
    contents: &impl ContentStore,
    period: &Period,
) -> Result<Option<Fixed>, PeriodError> {
    match &period.closing {
        Some(closing) => Ok(Some(Fixed::read(contents, closing.posting.content).await?)),
        None => Ok(None),
    }
}
