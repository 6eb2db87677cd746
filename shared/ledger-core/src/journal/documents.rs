//! A journal in balanced documents of a limited number of lines.

use std::collections::BTreeMap;

use super::posted::{Journal, JournalLine, Side};
use crate::money::{Money, MoneyError};

/// A line in a document, or the part of its amount that is in it.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// The place of the line in the journal, from 0.
    pub place: usize,
    /// The line.
    pub line: &'a JournalLine,
    /// The amount in this document.
    pub amount: Money,
}

impl Part<'_> {
    /// The amount, if it is on this side.
    #[must_use]
    pub fn on(&self, side: Side) -> Option<Money> {
        Some(self.amount).filter(|_| self.line.side == side)
    }
}

/// Splits a journal into documents of at most `lines_max` lines, which is at least 2. One that fits is one document
/// with its lines as they are.
///
/// - **Invariant:** each document balances; the parts of a line add up to it.
///
/// # Errors
///
/// [`MoneyError::OutOfRange`].
pub fn documents(journal: &Journal, lines_max: usize) -> Result<Vec<Vec<Part<'_>>>, MoneyError> {
    let all = || journal.lines.iter().enumerate().map(|(place, line)| whole(place, line));
    if journal.lines.len() <= lines_max {
        return Ok(Vec::from_iter((!journal.lines.is_empty()).then(|| all().collect())));
    }
    let of_side = |side| all().filter(move |it: &Part<'_>| it.line.side == side);
    let (mut debits, mut credits) = (of_side(Side::Debit), of_side(Side::Credit));
    let (mut debit, mut credit) = (debits.next(), credits.next());
    let mut documents = Vec::new();
    let mut document: BTreeMap<usize, Part<'_>> = BTreeMap::new();
    // The smaller of the two next amounts is in both lines: what is taken always balances.
    while let (Some(left), Some(right)) = (&mut debit, &mut credit) {
        let is_left = left.amount.femto_units() <= right.amount.femto_units();
        let amount = if is_left { left.amount } else { right.amount };
        let new = [&left, &right].iter().filter(|it| !document.contains_key(&it.place)).count();
        if document.len() + new > lines_max {
            documents.push(std::mem::take(&mut document).into_values().collect());
        }
        for part in [&mut *left, &mut *right] {
            let zero = Part { amount: Money::zero(journal.currency), ..*part };
            let in_document = document.entry(part.place).or_insert(zero);
            in_document.amount = in_document.amount.checked_add(amount)?;
            part.amount = part.amount.checked_sub(amount)?;
        }
        if left.amount.is_zero() {
            debit = debits.next();
        }
        if right.amount.is_zero() {
            credit = credits.next();
        }
    }
    documents.extend((!document.is_empty()).then(|| document.into_values().collect()));
    Ok(documents)
}

fn whole(place: usize, line: &JournalLine) -> Part<'_> {
    Part { place, line, amount: line.amount }
}
