//! The journals of a month that were posted.

use ledger_core::journal::Journal;
use ledger_core::organisation::Code;
use ledger_core::period::BillingPeriod;

use super::PeriodError;
use super::book::{Book, Period};
use super::fixed::Fixed;
use crate::ports::ContentStore;

/// The journals that accruals of a month posted, of one entity or of all.
///
/// # Errors
///
/// [`PeriodError`].
pub async fn accrual_journals(
    contents: &impl ContentStore,
    book: &Book,
    month: BillingPeriod,
    entity: Option<&Code>,
) -> Result<Vec<Journal>, PeriodError> {
    let mut journals = Vec::new();
    for period in of_month(book, month, entity) {
        if let Some(accrual) = &period.accrual {
            journals.extend(Fixed::read(contents, accrual.content).await?.journals);
        }
    }
    Ok(journals)
}

/// The journals that closings of a month posted, of one entity or of all that pay: `None` where none is closed.
///
/// # Errors
///
/// [`PeriodError::Refused`] where some of the entities with costs are closed and others are not.
pub async fn closed_journals(
    contents: &impl ContentStore,
    book: &Book,
    month: BillingPeriod,
    entities: &[Code],
) -> Result<Option<Vec<Journal>>, PeriodError> {
    let mut journals = Vec::new();
    let (mut closed, mut open) = (Vec::new(), Vec::new());
    for entity in entities {
        match book.period(entity, month).and_then(|it| it.closing.as_ref()) {
            Some(closing) => {
                journals.extend(Fixed::read(contents, closing.posting.content).await?.journals);
                closed.push(entity.to_string());
            }
            None => open.push(entity.to_string()),
        }
    }
    match (closed.is_empty(), open.is_empty()) {
        (true, _) => Ok(None),
        (false, true) => Ok(Some(journals)),
        (false, false) => Err(PeriodError::Refused(format!(
            "{month} is closed of {} and not of {}; expected one entity",
            closed.join(", "),
            open.join(", ")
        ))),
    }
}

/// All journals that were posted of a month: of accruals, then of closings.
///
/// # Errors
///
/// [`PeriodError`].
pub async fn posted_journals(
    contents: &impl ContentStore,
    book: &Book,
    month: BillingPeriod,
) -> Result<Vec<Journal>, PeriodError> {
    let mut journals = accrual_journals(contents, book, month, None).await?;
    for period in of_month(book, month, None) {
        if let Some(closing) = &period.closing {
            journals.extend(Fixed::read(contents, closing.posting.content).await?.journals);
        }
    }
    Ok(journals)
}

fn of_month<'a>(
    book: &'a Book,
    month: BillingPeriod,
    entity: Option<&'a Code>,
) -> impl Iterator<Item = &'a Period> {
    let is_meant = move |it: &&Period| entity.is_none_or(|entity| it.entity == *entity);
    book.periods.iter().filter(move |it| it.month == month).filter(is_meant)
}
