//! The books of each entity: charges, recoveries, and claims between entities.

use std::collections::BTreeMap;

use super::assignment::assigned;
use super::identity::identified;
use super::obstacle::{Obstacle, Obstacles, Refusal};
use super::pairs::{Pair, pairs};
use super::posted::{Journal, JournalKind, JournalLine, LineKind, Side, Support};
use super::request::JournalRequest;
use crate::charges::Charges;
use crate::currency::Currency;
use crate::money::{Money, MoneyError};
use crate::money_sum::MoneySum;
use crate::organisation::{Account, Code, CostCentre, Entity, Organisation};
use crate::period::BillingPeriod;

/// Why there are no journals.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Charges cannot be posted.
    #[error(transparent)]
    Refused(Refusal),
    /// A sum left the range of money.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// The journals of a month, by entity and currency.
///
/// The consumer's cost centre and account are debited, the recovery account of the entity that paid the
/// bill is credited; between entities a claim and a debt are in the middle. A credit has the sides the
/// other way round.
///
/// - **Invariant:** each journal balances, and so does each part of it between two entities. The
///   recoveries of an entity are its bills rounded once, except for mark-ups.
/// - **Invariant:** the order of charges does not matter.
///
/// # Errors
///
/// [`JournalError::Refused`] with all that is against it; then nothing is posted.
pub fn journals(
    charges: &Charges,
    organisation: &Organisation,
    request: &JournalRequest,
) -> Result<Vec<Journal>, JournalError> {
    let mut obstacles = Obstacles::default();
    let assigned = assigned(charges, organisation, request, &mut obstacles)?;
    let pairs = pairs(&assigned)?;
    let mut books =
        Books { period: charges.period, organisation, request, obstacles, books: BTreeMap::new() };
    for ((payer, currency), own) in own_parts(&pairs)? {
        if let Some(payer) = organisation.entities.get(&payer) {
            books.post_own(payer, currency, &own)?;
        }
    }
    for pair in pairs.values().filter(|it| !it.is_own()) {
        books.post_between(pair)?;
    }
    if let Some(refusal) = books.obstacles.refusal(charges.period, request.posting_date)? {
        return Err(JournalError::Refused(refusal));
    }
    let journal = |((_, currency), book): ((Code, Currency), Book)| {
        identified(Journal {
            batch_id: String::new(),
            content_hash: String::new(),
            period: charges.period,
            posting_date: request.posting_date,
            currency,
            entity: book.entity,
            kind: JournalKind::Actual,
            cost_kind: charges.cost_kind,
            status: charges.status,
            lines: book.lines,
            below_minor_unit: book.below_minor_unit,
        })
    };
    Ok(books.books.into_iter().map(journal).collect())
}

/// The part of a payer's cost that stays with it.
struct Own<'p, 'a> {
    /// Its own consumers.
    pair: Option<&'p Pair<'a>>,
    /// The amount that it recovers: all of its bills rounded once, less what other entities owe it.
    recovery: Money,
}

fn own_parts<'p, 'a>(
    pairs: &'p BTreeMap<(Code, Code, Currency), Pair<'a>>,
) -> Result<BTreeMap<(Code, Currency), Own<'p, 'a>>, MoneyError> {
    let mut sums: BTreeMap<(Code, Currency), (MoneySum, MoneySum)> = BTreeMap::new();
    for ((payer, _, currency), pair) in pairs {
        let zero = MoneySum::zero(*currency);
        let (exact, of_others) = sums.entry((payer.clone(), *currency)).or_insert((zero, zero));
        exact.add(pair.exact)?;
        if !pair.is_own() {
            of_others.add(pair.total)?;
        }
    }
    let mut own = BTreeMap::new();
    for ((payer, currency), (exact, of_others)) in sums {
        let all = exact.total()?.round_to_minor_units();
        let recovery = all.checked_sub(of_others.total()?)?;
        let pair = pairs.get(&(payer.clone(), payer.clone(), currency));
        own.insert((payer, currency), Own { pair, recovery });
    }
    Ok(own)
}

/// The lines of one entity in one currency.
struct Book {
    entity: Entity,
    lines: Vec<JournalLine>,
    below_minor_unit: Vec<Support>,
}

struct Books<'a> {
    period: BillingPeriod,
    organisation: &'a Organisation,
    request: &'a JournalRequest,
    obstacles: Obstacles,
    books: BTreeMap<(Code, Currency), Book>,
}

/// A line before it has a side: an amount below zero turns it.
struct Draft<'a> {
    kind: LineKind,
    account: &'a Account,
    cost_centre: Option<&'a CostCentre>,
    amount: Money,
    side: Side,
    text: String,
    counterpart: Option<&'a Entity>,
    support: Vec<Support>,
}

impl<'a> Books<'a> {
    /// Consumers of the payer itself, its recovery, and the rest that rounding leaves.
    fn post_own(
        &mut self,
        payer: &'a Entity,
        currency: Currency,
        own: &Own<'_, 'a>,
    ) -> Result<(), MoneyError> {
        let charged = own.pair.map_or(Money::zero(currency), |it| it.total);
        if let Some(pair) = own.pair {
            self.charge(pair);
        }
        let period = self.period;
        self.recover(
            payer,
            LineKind::Recovery,
            own.recovery,
            format!("AI recovery {period}"),
            None,
        )?;
        let rest = own.recovery.checked_sub(charged)?;
        if let Some(account) =
            self.needed("rounding_account", payer, &payer.rounding_account, rest)?
        {
            let cost_centre = self.recovery_cost_centre(payer, rest)?;
            self.push(
                payer,
                Draft {
                    kind: LineKind::Rounding,
                    account,
                    cost_centre,
                    amount: rest,
                    side: Side::Debit,
                    text: format!("AI rounding {period}"),
                    counterpart: None,
                    support: Vec::new(),
                },
            );
        }
        Ok(())
    }

    /// A claim and a recovery in the payer's books, charges and a debt in the consumer's.
    fn post_between(&mut self, pair: &Pair<'a>) -> Result<(), MoneyError> {
        let Pair { payer, consumer, total, mark_up, .. } = *pair;
        let period = self.period;
        let owed = total.checked_add(mark_up)?;
        let claim = self.needed("receivable_account", payer, &payer.receivable_account, owed)?;
        if let Some(account) = claim {
            let text = format!("AI receivable {period} from {}", consumer.name);
            let kind = LineKind::Receivable;
            let draft = self.between(kind, payer, account, owed, Side::Debit, text, consumer)?;
            self.push(payer, draft);
        }
        let text = format!("AI recovery {period} from {}", consumer.name);
        self.recover(payer, LineKind::Recovery, total, text, Some(consumer))?;
        let text = format!("AI mark-up {period} from {}", consumer.name);
        self.recover(payer, LineKind::MarkUp, mark_up, text, Some(consumer))?;
        self.charge(pair);
        let debt = self.needed("payable_account", consumer, &consumer.payable_account, owed)?;
        if let Some(account) = debt {
            let text = format!("AI payable {period} to {}", payer.name);
            let kind = LineKind::Payable;
            let draft = self.between(kind, consumer, account, owed, Side::Credit, text, payer)?;
            self.push(consumer, draft);
        }
        Ok(())
    }

    /// A line on an intercompany account.
    #[expect(
        clippy::too_many_arguments,
        reason = "the fields of a draft, which is made in two places"
    )]
    fn between(
        &mut self,
        kind: LineKind,
        entity: &'a Entity,
        account: &'a Account,
        amount: Money,
        side: Side,
        text: String,
        counterpart: &'a Entity,
    ) -> Result<Draft<'a>, MoneyError> {
        let code = entity.intercompany_cost_centre.as_ref();
        let cost_centre = match code {
            Some(code) => self.valid_cost_centre(code, amount)?,
            None => None,
        };
        let (counterpart, support) = (Some(counterpart), Vec::new());
        Ok(Draft { kind, account, cost_centre, amount, side, text, counterpart, support })
    }

    /// The lines of consumers.
    fn charge(&mut self, pair: &Pair<'a>) {
        let (consumer, period) = (pair.consumer, self.period);
        let counterpart = Some(pair.payer).filter(|_| !pair.is_own());
        let from = counterpart.map_or_else(String::new, |it| format!(", paid by {}", it.name));
        for place in &pair.places {
            let of = format!("{}: {}{from}", place.cost_centre.name, place.account.name);
            let draft = |kind, word: &str, amount, support| Draft {
                kind,
                account: place.account,
                cost_centre: Some(place.cost_centre),
                amount,
                side: Side::Debit,
                text: format!("AI {word} {period} {of}"),
                counterpart,
                support,
            };
            if place.amount.is_zero() {
                let book = self.book(consumer, place.amount.currency());
                book.below_minor_unit.extend(place.support.iter().cloned());
            }
            let (kind, word) = match place.adjusts {
                None => (LineKind::Charge, "usage".to_owned()),
                Some(month) => (LineKind::Adjustment, format!("adjustment of {month} in")),
            };
            let charge = draft(kind, &word, place.amount, place.support.clone());
            self.push(consumer, charge);
            self.push(consumer, draft(LineKind::MarkUp, "mark-up", place.mark_up, Vec::new()));
        }
    }

    /// A credit on the payer's recovery account.
    fn recover(
        &mut self,
        payer: &'a Entity,
        kind: LineKind,
        amount: Money,
        text: String,
        counterpart: Option<&'a Entity>,
    ) -> Result<(), MoneyError> {
        let account = self.needed("recovery_account", payer, &payer.recovery_account, amount)?;
        if let Some(account) = account {
            let cost_centre = self.recovery_cost_centre(payer, amount)?;
            let (side, support) = (Side::Credit, Vec::new());
            self.push(
                payer,
                Draft { kind, account, cost_centre, amount, side, text, counterpart, support },
            );
        }
        Ok(())
    }

    /// An account of an entity for an amount; none is needed for nothing.
    fn needed(
        &mut self,
        key: &'static str,
        entity: &Entity,
        code: &Option<Code>,
        amount: Money,
    ) -> Result<Option<&'a Account>, MoneyError> {
        if amount.is_zero() {
            return Ok(None);
        }
        let found = code.as_ref().and_then(|it| self.organisation.accounts.get(it));
        let obstacle = match found {
            None => Obstacle::EntityLacks(entity.code.clone(), key),
            Some(it) if it.validity.contains(self.request.posting_date) => return Ok(Some(it)),
            Some(it) => Obstacle::AccountNotValid(it.code.clone(), it.validity),
        };
        self.obstacles.add(obstacle, amount)?;
        Ok(None)
    }

    fn recovery_cost_centre(
        &mut self,
        payer: &Entity,
        amount: Money,
    ) -> Result<Option<&'a CostCentre>, MoneyError> {
        match &payer.recovery_cost_centre {
            Some(code) => self.valid_cost_centre(code, amount),
            None => {
                let obstacle = Obstacle::EntityLacks(payer.code.clone(), "recovery_cost_centre");
                self.obstacles.add(obstacle, amount)?;
                Ok(None)
            }
        }
    }

    fn valid_cost_centre(
        &mut self,
        code: &Code,
        amount: Money,
    ) -> Result<Option<&'a CostCentre>, MoneyError> {
        let obstacle = match self.organisation.cost_centres.get(code) {
            None => Obstacle::UnknownCostCentre(code.as_str().into()),
            Some(it) if it.validity.contains(self.request.posting_date) => return Ok(Some(it)),
            Some(it) => Obstacle::CostCentreNotValid(it.code.clone(), it.validity),
        };
        self.obstacles.add(obstacle, amount)?;
        Ok(None)
    }

    fn book(&mut self, entity: &Entity, currency: Currency) -> &mut Book {
        self.books.entry((entity.code.clone(), currency)).or_insert_with(|| Book {
            entity: entity.clone(),
            lines: Vec::new(),
            below_minor_unit: Vec::new(),
        })
    }

    /// Adds a line, unless it is zero.
    fn push(&mut self, entity: &Entity, draft: Draft<'_>) {
        let Draft { kind, account, cost_centre, amount, side, text, counterpart, support } = draft;
        if amount.is_zero() {
            return;
        }
        let is_turned = amount.femto_units() < 0;
        let side = if is_turned { side.other() } else { side };
        let is_taxed = !matches!(kind, LineKind::Receivable | LineKind::Payable);
        let tax_code = entity.tax_code.clone().filter(|_| counterpart.is_some() && is_taxed);
        self.book(entity, amount.currency()).lines.push(JournalLine {
            kind,
            account: account.code.clone(),
            account_name: account.name.clone(),
            cost_centre: cost_centre.map(|it| it.code.clone()),
            cost_centre_name: cost_centre.map(|it| it.name.clone()),
            side,
            amount: amount.abs(),
            text,
            counterpart: counterpart.map(|it| it.code.clone()),
            tax_code,
            support,
        });
    }
}
