//! The expected cost of a month, posted before its bill.

use jiff::civil::Date;
use ledger_core::access::Owners;
use ledger_core::audit::AuditAction;
use ledger_core::charges::{ChargeBuilder, Charges};
use ledger_core::closing::{PeriodState, month_end, spread};
use ledger_core::coverage::missing_days;
use ledger_core::currency::Currency;
use ledger_core::daily_costs::DailyCosts;
use ledger_core::filter::Filter;
use ledger_core::journal::accruals;
use ledger_core::money::Money;
use ledger_core::money_sum::MoneySum;
use ledger_core::organisation::{Code, Organisation};
use ledger_core::period::BillingPeriod;

use super::PeriodError;
use super::book::{Book, Period, kept};
use super::checks::Terms;
use super::close::{expect, keep, paying, posting, subject};
use super::fixed::Fixed;
use super::scope::Scope;
use crate::forecast::{Asked, Planned, settled};
use crate::ports::{ContentStore, DocumentStore, LedgerStore};
use crate::said::Said;
use crate::settled::data_up_to;
use crate::view::View;

/// The cost of a month in a currency: as far as it is billed, and what is still expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The cost that the ledger holds.
    pub billed: Money,
    /// The cost that is still expected; zero where the days of the month are settled.
    pub missing: Money,
    /// The least of it, by the forecast's range.
    pub low: Money,
    /// The most of it.
    pub high: Money,
}

/// An accrual that was posted.
#[derive(Clone, Debug)]
pub struct Accrual {
    /// The period as it is kept.
    pub period: Period,
    /// Its charges and journals.
    pub fixed: Fixed,
    /// The figures by currency.
    pub expected: Vec<Expected>,
}

/// The charges of a month of an entity with those that are still expected, and both by currency.
///
/// # Errors
///
/// [`PeriodError`].
pub async fn expected<L>(
    view: &View<L>,
    (book, organisation): (&Book, &Organisation),
    (entity, month): (&Code, BillingPeriod),
    terms: &Terms,
) -> Result<(Charges, Vec<Expected>), PeriodError>
where
    L: LedgerStore + Clone + 'static,
{
    let scope = Scope { organisation, book, entity };
    let mut own = scope.of(ChargeBuilder::new(month, Owners::All, terms.cost_kind));
    view.answer(&mut [&mut own]).await?;
    let mut charges = own.question.finish()?;
    let billed = charges.charges.clone();
    let mut currencies: Vec<Currency> = billed.iter().map(|it| it.exact.currency()).collect();
    currencies.sort_unstable();
    currencies.dedup();
    let mut expected = Vec::new();
    for currency in currencies {
        let mut sum = MoneySum::zero(currency);
        let of_currency = billed.iter().filter(|it| it.exact.currency() == currency);
        of_currency.map(|it| it.exact).try_for_each(|it| sum.add(it))?;
        let figures = missing(view, scope, month, terms, sum.total()?).await?;
        charges.charges.extend(spread(&billed, figures.missing)?);
        expected.push(figures);
    }
    Ok((charges, expected))
}

/// The cost that is still expected of a month in a currency.
async fn missing<L>(
    view: &View<L>,
    scope: Scope<'_>,
    month: BillingPeriod,
    terms: &Terms,
    billed: Money,
) -> Result<Expected, PeriodError>
where
    L: LedgerStore + Clone + 'static,
{
    let zero = Money::zero(billed.currency());
    let none = Expected { billed, missing: zero, low: zero, high: zero };
    let Some((data_up_to, _)) = data_up_to(view) else { return Ok(none) };
    if month_end(month) <= settled(data_up_to) {
        let lacking = missing_days(&scope.heads(view.heads(), month), month, view.now().today());
        return match lacking.first() {
            None => Ok(none),
            Some(day) => Err(PeriodError::Refused(format!(
                "{} days of {month} have no data, {day} among them, and later days have: that is no \
                 forecast; expected the bill to be imported first",
                lacking.len()
            ))),
        };
    }
    let asked = Asked {
        scope: Filter::default(),
        cost_kind: terms.cost_kind,
        from: Some(month.first_day()),
        to: Some(month_end(month)),
        currency: Some(billed.currency()),
    };
    let planned = Planned::new(&asked, data_up_to)?;
    let mut costs = scope.of(DailyCosts::new(asked.scope, asked.cost_kind, planned.read));
    view.answer(&mut [&mut costs]).await?;
    let gathered = costs.question.finish()?;
    let Some(figures) = planned.figures(&gathered)? else { return Ok(none) };
    // What is billed is owed: a forecast below it takes nothing back.
    let above = |it: Money| -> Result<Money, PeriodError> {
        let more = it.checked_sub(billed)?;
        Ok(if more.femto_units() > 0 { more } else { zero })
    };
    let (missing, low) = (above(figures.expected)?, above(figures.low)?);
    Ok(Expected { billed, missing, low, high: above(figures.high)? })
}

/// Posts the expected cost of a month of an entity as an accrual; closing the month takes it back.
///
/// # Errors
///
/// [`PeriodError`].
pub async fn accrue<L>(
    view: &View<L>,
    organisation: &Organisation,
    (entity, month): (&Code, BillingPeriod),
    terms: &Terms,
    said: Said<'_>,
) -> Result<Accrual, PeriodError>
where
    L: LedgerStore + DocumentStore + ContentStore + Clone + 'static,
{
    said.check_by().map_err(PeriodError::Refused)?;
    let ledger = view.ledger();
    let (document, mut book) = kept(ledger).await?;
    paying(organisation, &book, entity)?;
    expect(&book, (entity, month), &[PeriodState::Open], "a month without an accrual")?;
    if let Some((last, _)) = book.closed(entity).pop().filter(|(last, _)| *last >= month) {
        return Err(PeriodError::Refused(format!(
            "{last} of {entity} is closed already; expected a month after it"
        )));
    }
    let today: Date = view.now().today();
    if today < month_end(month) {
        return Err(PeriodError::Refused(format!(
            "{month} is not over before {}; expected a month that is over",
            month_end(month)
        )));
    }
    let (charges, expected) =
        self::expected(view, (&book, organisation), (entity, month), terms).await?;
    if charges.charges.is_empty() {
        return Err(PeriodError::Refused(format!("{entity} has no charges in {month}")));
    }
    let journals = accruals(&charges, organisation, &terms.request_of(entity))?;
    let fixed = Fixed { charges, journals };
    let content = fixed.keep(ledger).await?;
    let period = Period {
        entity: entity.clone(),
        month,
        state: PeriodState::Flash,
        accrual: Some(posting(&fixed, terms, content, said)?),
        closing: None,
        finalised: None,
    };
    book.put(period.clone());
    let subject = subject(entity, month);
    let change = said.changes(AuditAction::AccruePeriod, &subject, document.as_ref());
    keep(ledger, &book, change).await?;
    Ok(Accrual { period, fixed, expected })
}
