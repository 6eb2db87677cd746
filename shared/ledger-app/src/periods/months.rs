//! The months of the entities that pay bills.

use std::collections::{BTreeMap, BTreeSet};

use ledger_core::closing::PeriodState;
use ledger_core::cost::CostKind;
use ledger_core::currency::Currency;
use ledger_core::finding::{Finding, FindingCode};
use ledger_core::money::Money;
use ledger_core::money_sum::MoneySum;
use ledger_core::organisation::{Code, Organisation};
use ledger_core::period::BillingPeriod;
use ledger_core::question::ledger_days;

use super::PeriodError;
use super::book::{Book, Period, book};
use super::scope::Scope;
use crate::documents::applied_organisation;
use crate::ports::{DocumentStore, LedgerStore};
use crate::view::View;

/// A month of an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Month {
    /// The entity.
    pub entity: Code,
    /// The month of usage.
    pub month: BillingPeriod,
    /// How far its books are.
    pub state: PeriodState,
    /// Its cost by the ledger, by currency.
    pub cost: Vec<Money>,
    /// Whether its bills are not those that were booked: the next closing posts the difference.
    pub is_changed: bool,
    /// The period, where it is not open.
    pub period: Option<Period>,
}

/// The entities that pay bills, and those that closed a month when they did: what changes of it is still theirs.
pub fn paying_entities(organisation: &Organisation, book: &Book) -> BTreeSet<Code> {
    let paying = organisation.payers.values().chain(&organisation.paying_entity);
    paying.chain(book.periods.iter().map(|it| &it.entity)).cloned().collect()
}

/// The months of all entities that pay bills, by entity, from totals alone: no row is read.
///
/// # Errors
///
/// [`PeriodError`].
pub fn months<L>(
    view: &View<L>,
    book: &Book,
    organisation: &Organisation,
) -> Result<Vec<Month>, PeriodError>
where
    L: LedgerStore + Clone + 'static,
{
    let mut all = Vec::new();
    for entity in paying_entities(organisation, book) {
        let scope = Scope { organisation, book, entity: &entity };
        let mut costs = costs(view, scope)?;
        let mut months = scope.months(view.heads());
        months.extend(book.periods.iter().filter(|it| it.entity == entity).map(|it| it.month));
        for month in months {
            let period = book.period(&entity, month).cloned();
            let booked = book.days_booked(&entity, month);
            all.push(Month {
                entity: entity.clone(),
                month,
                state: period.as_ref().map_or(PeriodState::Open, |it| it.state),
                cost: costs.remove(&month).into_iter().flatten().collect(),
                is_changed: booked.is_some_and(|it| it != scope.days(view.heads(), month)),
                period,
            });
        }
    }
    Ok(all)
}

/// A finding for each month whose bills changed after it was closed.
///
/// # Errors
///
/// [`PeriodError`].
pub async fn findings_of_periods<L>(view: &View<L>) -> Result<Vec<Finding>, PeriodError>
where
    L: LedgerStore + DocumentStore + Clone + 'static,
{
    let book = book(view.ledger()).await?;
    if book.periods.is_empty() {
        return Ok(Vec::new());
    }
    let organisation = applied_organisation(view.ledger()).await;
    let organisation = organisation.map_err(|err| PeriodError::Unreadable(err.to_string()))?;
    let months = months(view, &book, &organisation.unwrap_or_default())?;
    let finding = |Month { entity, month, .. }: Month| Finding {
        code: FindingCode::PeriodChanged,
        message: format!(
            "the bills of {month} changed after {entity} closed it: its statements and journals are as \
             they were, and the next month that `tollbook period close` closes posts the difference"
        ),
    };
    Ok(months.into_iter().filter(|it| it.is_changed).map(finding).collect())
}

/// The cost of an entity by month and currency.
fn costs<L>(
    view: &View<L>,
    scope: Scope<'_>,
) -> Result<BTreeMap<BillingPeriod, Vec<Money>>, PeriodError>
where
    L: LedgerStore + Clone + 'static,
{
    let mut sums: BTreeMap<(BillingPeriod, Currency), MoneySum> = BTreeMap::new();
    for day in ledger_days(view.heads()) {
        let month = BillingPeriod::containing(day.day);
        if !day.is_served || !scope.pays(day.head.bill.payer.as_deref(), month) {
            continue;
        }
        for (currency, total) in &day.state.totals {
            let sum = sums.entry((month, *currency)).or_insert_with(|| MoneySum::zero(*currency));
            sum.add(total.ai.of(CostKind::Unblended))?;
        }
    }
    let mut costs: BTreeMap<BillingPeriod, Vec<Money>> = BTreeMap::new();
    for ((month, _), sum) in sums {
        costs.entry(month).or_default().push(sum.total()?);
    }
    Ok(costs)
}
