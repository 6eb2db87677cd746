//! A month of an entity as the ledger has it now: its charges, and the changes of months closed before.

use std::collections::BTreeSet;

use ledger_core::access::Owners;
use ledger_core::audit::Hash;
use ledger_core::charges::{Charge, ChargeBuilder, Charges};
use ledger_core::closing::{Check, adjustments};
use ledger_core::cost::CostKind;
use ledger_core::organisation::{Code, Organisation};
use ledger_core::period::BillingPeriod;
use ledger_core::question::Question;
use ledger_core::reconciliation::Reconciliation;

use super::book::{Adjusted, Book};
use super::checks::{Seen, Terms, checks};
use super::fixed::Fixed;
use super::scope::Scope;
use super::{PeriodError, refused};
use crate::ports::{ContentStore, LedgerStore};
use crate::view::{LookupError, View};

/// A month of an entity as the ledger has it.
#[derive(Clone, Debug)]
pub struct Sight {
    /// Its charges, and behind them the adjustments of months that were closed before.
    pub charges: Charges,
    /// The checks before it is closed.
    pub checks: Vec<Check>,
    /// The days of bills that it is made from, as one hash.
    pub(super) days: Hash,
    /// The accounts whose bills it has.
    pub(super) payers: Vec<Option<String>>,
    /// The months whose days are not those that were booked.
    pub(super) adjusts: Vec<Adjusted>,
}

/// Looks at a month of an entity.
///
/// # Errors
///
/// [`PeriodError`].
pub async fn sight<L>(
    view: &View<L>,
    book: &Book,
    organisation: &Organisation,
    (entity, month): (&Code, BillingPeriod),
    terms: &Terms,
) -> Result<Sight, PeriodError>
where
    L: LedgerStore + ContentStore + Clone + 'static,
{
    let state = book.period(entity, month).map(|it| it.state);
    if let Some(state) = state.filter(|it| it.is_fixed()) {
        return Err(refused(entity, month, state, "a month that is not closed"));
    }
    // Changes of closed months are booked beside the charges, so all are of one kind of cost.
    let last = book.closed(entity).pop().map(|(_, it)| it.posting.cost_kind);
    if let Some(other) = last.filter(|it| *it != terms.cost_kind) {
        return Err(PeriodError::Refused(format!(
            "the months of {entity} are closed by {} cost; expected --cost-kind {}",
            other.as_str(),
            other.as_str()
        )));
    }
    let scope = Scope { organisation, book, entity };
    let heads = scope.heads(view.heads(), month);
    let days = month.charge_period().ok_or_else(|| {
        PeriodError::Refused(format!("{month} is out of range; expected a month such as 2026-10"))
    })?;
    let changed: Vec<Adjusted> = changed(view, book, scope)?;
    let mut own = scope.of(ChargeBuilder::new(month, Owners::All, terms.cost_kind));
    let mut earlier: Vec<_> = changed
        .iter()
        .map(|it| scope.of(ChargeBuilder::new(it.month, Owners::All, terms.cost_kind)))
        .collect();
    let today = view.now().today();
    let mut both = Reconciliation::new(&heads, days, CostKind::Unblended, today)?;
    let mut questions: Vec<&mut dyn Question> = vec![&mut own, &mut both];
    questions.extend(earlier.iter_mut().map(|it| it as &mut dyn Question));
    view.answer(&mut questions).await?;
    let own = own.question.finish()?;
    let mut charges = own.clone();
    for (adjusted, now) in changed.iter().zip(earlier) {
        let now = now.question.finish()?;
        let booked = booked(view.ledger(), book, entity, adjusted.month).await?;
        charges.charges.extend(adjustments(adjusted.month, &now.charges, &booked)?);
    }
    let seen =
        Seen { heads: &heads, today, own: &own, charges: &charges, reconciled: both.finish()? };
    let checks = checks(scope, month, &seen, terms, view.heads())?;
    let payers: BTreeSet<Option<String>> =
        heads.iter().map(|it| it.bill.payer.as_deref().map(str::to_owned)).collect();
    let days = scope.days(view.heads(), month);
    Ok(Sight { charges, checks, days, adjusts: changed, payers: payers.into_iter().collect() })
}

/// The closed months whose days are not those that were booked.
fn changed<L>(view: &View<L>, book: &Book, scope: Scope<'_>) -> Result<Vec<Adjusted>, PeriodError>
where
    L: LedgerStore + Clone + 'static,
{
    let mut changed = Vec::new();
    for (month, _) in book.closed(scope.entity) {
        let days = scope.days(view.heads(), month);
        if book.days_booked(scope.entity, month) != Some(days) {
            changed.push(Adjusted { month, days });
        }
    }
    Ok(changed)
}

/// All that was booked of a closed month: by its closing, and as adjustments by later ones.
async fn booked(
    contents: &impl ContentStore,
    book: &Book,
    entity: &Code,
    month: BillingPeriod,
) -> Result<Vec<Charge>, PeriodError> {
    let mut booked = Vec::new();
    for (closed, closing) in book.closed(entity) {
        let is_own = closed == month;
        if !is_own && !closing.adjusts.iter().any(|it| it.month == month) {
            continue;
        }
        let fixed = Fixed::read(contents, closing.posting.content).await?;
        let of_month = |it: &Charge| match it.key.adjusts {
            None => is_own,
            Some(adjusted) => adjusted == month,
        };
        booked.extend(fixed.charges.charges.into_iter().filter(of_month));
    }
    Ok(booked)
}

/// The closed months of an entity whose cost in the ledger is not what was booked.
///
/// # Errors
///
/// [`PeriodError`].
pub(super) async fn differing<L>(
    view: &View<L>,
    book: &Book,
    scope: Scope<'_>,
    month: BillingPeriod,
) -> Result<Vec<Charge>, PeriodError>
where
    L: LedgerStore + ContentStore + Clone + 'static,
{
    let days = scope.days(view.heads(), month);
    if book.days_booked(scope.entity, month) == Some(days) {
        return Ok(Vec::new());
    }
    let closed = book.closed(scope.entity);
    let Some((_, closing)) = closed.iter().find(|(of, _)| *of == month) else {
        return Ok(Vec::new());
    };
    let cost_kind = closing.posting.cost_kind;
    let mut now = scope.of(ChargeBuilder::new(month, Owners::All, cost_kind));
    view.answer(&mut [&mut now]).await?;
    let now = now.question.finish()?;
    let booked = booked(view.ledger(), book, scope.entity, month).await?;
    Ok(adjustments(month, &now.charges, &booked)?)
}

/// A failed answer about periods.
impl From<ledger_core::question::QuestionError> for PeriodError {
    fn from(err: ledger_core::question::QuestionError) -> PeriodError {
        PeriodError::Lookup(LookupError::Answer(err))
    }
}
