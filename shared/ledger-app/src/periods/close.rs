//! Closing a month.

use std::sync::Arc;

use ledger_core::audit::AuditAction;
use ledger_core::bill::Status;
use ledger_core::charges::Charges;
use ledger_core::closing::PeriodState;
use ledger_core::journal::{Journal, journals, reversal};
use ledger_core::organisation::{Code, Organisation};
use ledger_core::period::BillingPeriod;

use super::book::{Batch, Book, By, Closing, Period, Posting, Waived, kept};
use super::checks::Terms;
use super::fixed::Fixed;
use super::sight::{Sight, sight};
use super::{PeriodError, refused};
use crate::ports::{ContentStore, DocumentKind, DocumentStore, LedgerStore, StoreError};
use crate::said::Said;
use crate::view::View;

/// A month that was closed.
#[derive(Clone, Debug)]
pub struct Closed {
    /// The period as it is kept.
    pub period: Period,
    /// Its charges and journals.
    pub fixed: Fixed,
}

/// Closes a month of an entity: keeps its charges with the adjustments of months before, and its journals with the
/// reversal of its accrual.
///
/// # Errors
///
/// [`PeriodError::Checks`] with all checks where one is against it; then nothing is kept.
pub async fn close<L>(
    view: &View<L>,
    organisation: &Organisation,
    (entity, month): (&Code, BillingPeriod),
    terms: &Terms,
    said: Said<'_>,
) -> Result<Closed, PeriodError>
where
    L: LedgerStore + DocumentStore + ContentStore + Clone + 'static,
{
    said.check_by().map_err(PeriodError::Refused)?;
    if !terms.waived.is_empty() || terms.are_lenient() {
        said.check().map_err(|err| {
            PeriodError::Refused(format!(
                "{err}: a check is waived, or its limit raised, for a reason"
            ))
        })?;
    }
    let ledger = view.ledger();
    let (document, mut book) = kept(ledger).await?;
    paying(organisation, &book, entity)?;
    let Sight { charges, checks, days, adjusts, payers } =
        sight(view, &book, organisation, (entity, month), terms).await?;
    if checks.iter().any(|it| it.is_against()) {
        let entity = entity.clone();
        return Err(PeriodError::Checks { entity, month, checks });
    }
    // Closed by a person: no more than a later adjustment changes it.
    let charges = Charges { status: Status::Final, ..charges };
    let mut posted = reversals(ledger, book.period(entity, month), terms).await?;
    check_accounts(&posted, organisation)?;
    posted.extend(journals(&charges, organisation, &terms.request_of(entity))?);
    let fixed = Fixed { charges, journals: posted };
    let content = fixed.keep(ledger).await?;
    let waived = checks
        .into_iter()
        .filter(|it| it.is_waived)
        .filter_map(|it| Some(Waived { check: it.kind, failure: it.failure? }));
    let closing = Closing {
        posting: posting(&fixed, terms, content, said)?,
        days,
        organisation_version: organisation.version,
        payers,
        invoices: terms
            .invoices
            .iter()
            .map(|it| format!("{} {}", it.currency(), it.amount()))
            .collect(),
        tolerance: terms.tolerance.to_string(),
        unattributed_percent: terms.unattributed_percent.to_string(),
        adjusts,
        waived: waived.collect(),
    };
    let accrual = book.period(entity, month).and_then(|it| it.accrual.clone());
    let period = Period {
        entity: entity.clone(),
        month,
        state: PeriodState::Closed,
        accrual,
        closing: Some(closing),
        finalised: None,
    };
    book.put(period.clone());
    let subject = subject(entity, month);
    let change = said.changes(AuditAction::ClosePeriod, &subject, document.as_ref());
    keep(ledger, &book, change).await?;
    Ok(Closed { period, fixed })
}

/// The accrual of a period, taken back.
async fn reversals(
    contents: &impl ContentStore,
    period: Option<&Period>,
    terms: &Terms,
) -> Result<Vec<Journal>, PeriodError> {
    let Some(accrual) = period.and_then(|it| it.accrual.as_ref()) else { return Ok(Vec::new()) };
    let fixed = Fixed::read(contents, accrual.content).await?;
    let date = terms.request.posting_date;
    Ok(fixed.journals.iter().map(|it| reversal(it, date)).collect())
}

/// Refuses lines on accounts and cost centres that are not valid on their posting date.
fn check_accounts(journals: &[Journal], organisation: &Organisation) -> Result<(), PeriodError> {
    for journal in journals {
        let date = journal.posting_date;
        for line in &journal.lines {
            let account = organisation.accounts.get(&line.account);
            let centre = line.cost_centre.as_ref();
            let is_valid = account.is_some_and(|it| it.validity.contains(date))
                && centre.is_none_or(|it| {
                    organisation.cost_centres.get(it).is_some_and(|it| it.validity.contains(date))
                });
            if !is_valid {
                return Err(PeriodError::Refused(format!(
                    "the accrual cannot be taken back on {date}: account `{}`{} is not valid then; \
                     expected another --date, or an organisation in which it is",
                    line.account,
                    centre.map_or_else(String::new, |it| format!(" or cost centre `{it}`"))
                )));
            }
        }
    }
    Ok(())
}

/// A posting in short.
pub(super) fn posting(
    fixed: &Fixed,
    terms: &Terms,
    content: ledger_core::audit::Hash,
    said: Said<'_>,
) -> Result<Posting, PeriodError> {
    let Said { by, reason, at } = said;
    Ok(Posting {
        posting_date: terms.request.posting_date,
        cost_kind: terms.cost_kind,
        content,
        batches: fixed.journals.iter().map(Batch::of).collect::<Result<_, _>>()?,
        posted: By { by: by.to_owned(), at, reason: reason.to_owned() },
    })
}

/// The subject of audit entries about a period.
pub(super) fn subject(entity: &Code, month: BillingPeriod) -> String {
    format!("{entity} {month}")
}

/// Keeps the periods, where they are still as they were read.
pub(super) async fn keep(
    documents: &impl DocumentStore,
    book: &Book,
    change: crate::ports::Change<'_>,
) -> Result<(), PeriodError> {
    let applied = documents.apply(DocumentKind::Periods, &book.text()?, change).await;
    match applied {
        Ok(_) => Ok(()),
        Err(StoreError::Overtaken(_)) => Err(PeriodError::Refused(
            "another period was changed at the same time; nothing was done: try again".to_owned(),
        )),
        Err(err) => Err(PeriodError::Store(err)),
    }
}

/// The entity with a code, if it pays bills.
pub(super) fn paying<'a>(
    organisation: &'a Organisation,
    book: &Book,
    entity: &Code,
) -> Result<&'a ledger_core::organisation::Entity, PeriodError> {
    let paying = super::paying_entities(organisation, book);
    let pays = paying.contains(entity);
    organisation.entities.get(entity).filter(|_| pays).ok_or_else(|| {
        let known: Vec<Arc<str>> = paying.iter().map(|it| it.as_str().into()).collect();
        PeriodError::Refused(format!(
            "`{entity}` is no entity that pays bills; expected one of {}",
            known.join(", ")
        ))
    })
}

/// The refusal of a period that is not in the expected state.
pub(super) fn expect(
    book: &Book,
    (entity, month): (&Code, BillingPeriod),
    expected: &[PeriodState],
    words: &str,
) -> Result<(), PeriodError> {
    let state = book.period(entity, month).map_or(PeriodState::Open, |it| it.state);
    match expected.contains(&state) {
        true => Ok(()),
        false => Err(refused(entity, month, state, words)),
    }
}
