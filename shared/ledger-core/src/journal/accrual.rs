//! Accruals: what a month is expected to cost, in the books before its bill, and taken back when the bill is there.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::assignment::assigned;
use super::books::JournalError;
use super::identity::identified;
use super::obstacle::{Obstacle, Obstacles};
use super::pairs::{Pair, pairs};
use super::posted::{Journal, JournalKind, JournalLine, LineKind, Side, Support};
use super::request::JournalRequest;
use crate::charges::Charges;
use crate::currency::Currency;
use crate::money::Money;
use crate::money_sum::MoneySum;
use crate::organisation::{Code, Entity, Organisation};

/// An entity with the lines in its books, and the charges that have none.
type Accrued<'a> = (&'a Entity, Vec<JournalLine>, Vec<Support>);

/// The accruals of a month, by entity and currency: each consumer's cost centre and account are debited, the
/// accrual account of the consumer's entity is credited. Nothing is between entities before there is a bill.
///
/// # Errors
///
/// [`JournalError::Refused`] with all that is against it.
pub fn accruals(
    charges: &Charges,
    organisation: &Organisation,
    request: &JournalRequest,
) -> Result<Vec<Journal>, JournalError> {
    let mut obstacles = Obstacles::default();
    let assigned = assigned(charges, organisation, request, &mut obstacles)?;
    let pairs = pairs(&assigned)?;
    let mut books: BTreeMap<(Code, Currency), Accrued<'_>> = BTreeMap::new();
    for pair in pairs.values() {
        let key = (pair.consumer.code.clone(), pair.total.currency());
        let empty = || (pair.consumer, Vec::new(), Vec::new());
        let (_, lines, below_minor_unit) = books.entry(key).or_insert_with(empty);
        lines.extend(expected(pair, charges));
        let zero = pair.places.iter().filter(|it| it.amount.is_zero());
        below_minor_unit.extend(zero.flat_map(|it| it.support.iter().cloned()));
    }
    let mut journals = Vec::new();
    for ((_, currency), (entity, mut lines, below_minor_unit)) in books {
        let mut owed = MoneySum::zero(currency);
        for line in &lines {
            owed.add(on_debit(line)?)?;
        }
        lines.extend(owed_line(
            entity,
            organisation,
            request,
            owed.total()?,
            charges,
            &mut obstacles,
        )?);
        journals.push(identified(Journal {
            batch_id: String::new(),
            content_hash: String::new(),
            period: charges.period,
            posting_date: request.posting_date,
            currency,
            entity: entity.clone(),
            kind: JournalKind::Accrual,
            cost_kind: charges.cost_kind,
            status: charges.status,
            lines,
            below_minor_unit,
        }));
    }
    match obstacles.refusal(charges.period, request.posting_date)? {
        Some(refusal) => Err(JournalError::Refused(refusal)),
        None => Ok(journals.into_iter().filter(|it| !it.lines.is_empty()).collect()),
    }
}

/// The lines of consumers.
fn expected(pair: &Pair<'_>, charges: &Charges) -> Vec<JournalLine> {
    let line = |place: &super::pairs::Place<'_>| JournalLine {
        kind: LineKind::Accrual,
        account: place.account.code.clone(),
        account_name: place.account.name.clone(),
        cost_centre: Some(place.cost_centre.code.clone()),
        cost_centre_name: Some(place.cost_centre.name.clone()),
        side: side_of(Side::Debit, place.amount),
        amount: place.amount.abs(),
        text: format!(
            "AI accrual {} {}: {}",
            charges.period, place.cost_centre.name, place.account.name
        ),
        counterpart: None,
        tax_code: None,
        support: place.support.clone(),
    };
    pair.places.iter().filter(|it| !it.amount.is_zero()).map(line).collect()
}

/// The line on the accrual account; none for nothing.
fn owed_line(
    entity: &Entity,
    organisation: &Organisation,
    request: &JournalRequest,
    owed: Money,
    charges: &Charges,
    obstacles: &mut Obstacles,
) -> Result<Option<JournalLine>, JournalError> {
    if owed.is_zero() {
        return Ok(None);
    }
    let code = entity.accrual_account.as_ref();
    let account = match code.and_then(|it| organisation.accounts.get(it)) {
        Some(it) if it.validity.contains(request.posting_date) => it,
        Some(it) => {
            obstacles.add(Obstacle::AccountNotValid(it.code.clone(), it.validity), owed)?;
            return Ok(None);
        }
        None => {
            let obstacle = Obstacle::EntityLacks(entity.code.clone(), "accrual_account");
            obstacles.add(obstacle, owed)?;
            return Ok(None);
        }
    };
    let centre = entity.recovery_cost_centre.as_ref().or(entity.intercompany_cost_centre.as_ref());
    let centre = centre.and_then(|it| organisation.cost_centres.get(it));
    Ok(Some(JournalLine {
        kind: LineKind::Accrual,
        account: account.code.clone(),
        account_name: account.name.clone(),
        cost_centre: centre.map(|it| it.code.clone()),
        cost_centre_name: centre.map(|it| it.name.clone()),
        side: side_of(Side::Credit, owed),
        amount: owed.abs(),
        text: format!("AI accrual {}", charges.period),
        counterpart: None,
        tax_code: None,
        support: Vec::new(),
    }))
}

/// The side of an amount: below zero it is the other one.
fn side_of(side: Side, amount: Money) -> Side {
    if amount.femto_units() < 0 { side.other() } else { side }
}

/// The amount of a line as a debit.
fn on_debit(line: &JournalLine) -> Result<Money, JournalError> {
    match line.side {
        Side::Debit => Ok(line.amount),
        Side::Credit => Ok(line.amount.negated()),
    }
}

/// The journal that takes another back: its lines with the sides the other way round.
///
/// - **Invariant:** both together leave every account and cost centre as it was.
#[must_use]
pub fn reversal(of: &Journal, posting_date: Date) -> Journal {
    let lines = of.lines.iter().map(|line| JournalLine {
        side: line.side.other(),
        text: format!("Reversal of {}: {}", of.batch_id, line.text),
        ..line.clone()
    });
    identified(Journal {
        posting_date,
        kind: JournalKind::Reversal,
        lines: lines.collect(),
        ..of.clone()
    })
}
