//! Charges by the entities between which they are posted, rounded.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::assignment::Assigned;
use super::posted::Support;
use super::rounding::round_together;
use crate::currency::Currency;
use crate::money::{Money, MoneyError};
use crate::money_sum::MoneySum;
use crate::organisation::{Account, Code, CostCentre, Entity, MarkUp};
use crate::owner::Owner;
use crate::period::BillingPeriod;

/// All that one entity paid for another, or for itself, in one currency.
#[derive(Debug)]
pub(super) struct Pair<'a> {
    pub(super) payer: &'a Entity,
    pub(super) consumer: &'a Entity,
    /// The sum, unrounded.
    pub(super) exact: Money,
    /// The sum in minor units: that of its places.
    pub(super) total: Money,
    /// The mark-up in minor units: that of its places.
    pub(super) mark_up: Money,
    pub(super) places: Vec<Place<'a>>,
}

impl Pair<'_> {
    /// Whether it is of one entity alone.
    pub(super) fn is_own(&self) -> bool {
        self.payer.code == self.consumer.code
    }
}

/// A cost centre and an account in the consumer's books, and the closed month of adjustments.
#[derive(Debug)]
pub(super) struct Place<'a> {
    pub(super) cost_centre: &'a CostCentre,
    pub(super) account: &'a Account,
    pub(super) adjusts: Option<BillingPeriod>,
    pub(super) amount: Money,
    pub(super) mark_up: Money,
    pub(super) support: Vec<Support>,
}

/// A place that charges are still added to.
#[derive(Debug)]
struct Draft<'a> {
    cost_centre: &'a CostCentre,
    account: &'a Account,
    exact: MoneySum,
    support: BTreeMap<SupportKey, (MoneySum, u64)>,
}

/// The owner, environment and service of a support.
type SupportKey = (Owner, Option<Arc<str>>, Arc<str>);

/// Drafts by the month that they adjust, cost centre and account.
type Drafts<'a> = BTreeMap<(Option<BillingPeriod>, Code, Code), Draft<'a>>;

/// The pairs, by payer, consumer and currency.
pub(super) fn pairs<'a>(
    assigned: &[Assigned<'a>],
) -> Result<BTreeMap<(Code, Code, Currency), Pair<'a>>, MoneyError> {
    let mut drafts: BTreeMap<_, (&Entity, &Entity, Drafts<'_>)> = BTreeMap::new();
    for it in assigned {
        let of_pair = || (it.payer, it.consumer, Drafts::new());
        let (_, _, places) = drafts.entry(it.pair()).or_insert_with(of_pair);
        add(places, it)?;
    }
    let mut pairs = BTreeMap::new();
    for (key, (payer, consumer, places)) in drafts {
        let currency = key.2;
        pairs.insert(key, pair_of(payer, consumer, currency, places)?);
    }
    Ok(pairs)
}

fn add<'a>(places: &mut Drafts<'a>, it: &Assigned<'a>) -> Result<(), MoneyError> {
    let Assigned { cost_centre, account, charge, .. } = *it;
    let currency = charge.exact.currency();
    let new = || Draft {
        cost_centre,
        account,
        exact: MoneySum::zero(currency),
        support: BTreeMap::new(),
    };
    let place = (charge.key.adjusts, cost_centre.code.clone(), account.code.clone());
    let draft = places.entry(place).or_insert_with(new);
    draft.exact.add(charge.exact)?;
    let key = &charge.key;
    let support = (key.owner.clone(), key.environment.clone(), key.service.clone());
    let sum = draft.support.entry(support).or_insert_with(|| (MoneySum::zero(currency), 0));
    sum.0.add(charge.exact)?;
    sum.1 = sum.1.saturating_add(charge.line_count);
    Ok(())
}

fn pair_of<'a>(
    payer: &'a Entity,
    consumer: &'a Entity,
    currency: Currency,
    drafts: Drafts<'a>,
) -> Result<Pair<'a>, MoneyError> {
    let amounts = drafts.values().map(|it| it.exact.total()).collect::<Result<Vec<_>, _>>()?;
    let mut exact = MoneySum::zero(currency);
    amounts.iter().try_for_each(|it| exact.add(*it))?;
    let (rounded, total) = round_together(&amounts, currency)?;
    let rate = payer.mark_up.filter(|_| payer.code != consumer.code);
    let (mark_ups, mark_up) = mark_ups(&rounded, rate, currency)?;
    let mut places = Vec::new();
    for ((((adjusts, ..), draft), amount), mark_up) in drafts.into_iter().zip(rounded).zip(mark_ups)
    {
        let Draft { cost_centre, account, support, exact: _ } = draft;
        let support =
            support.into_iter().map(|((owner, environment, service), (sum, line_count))| {
                Ok(Support { owner, environment, service, exact: sum.total()?, line_count })
            });
        let support = support.collect::<Result<_, MoneyError>>()?;
        places.push(Place { cost_centre, account, adjusts, amount, mark_up, support });
    }
    Ok(Pair { payer, consumer, exact: exact.total()?, total, mark_up, places })
}

/// The mark-ups on amounts and their sum, rounded together.
fn mark_ups(
    amounts: &[Money],
    rate: Option<MarkUp>,
    currency: Currency,
) -> Result<(Vec<Money>, Money), MoneyError> {
    let mark_up = |amount: &Money| match rate {
        Some(rate) => rate.of(*amount),
        None => Ok(Money::zero(currency)),
    };
    let exact = amounts.iter().map(mark_up).collect::<Result<Vec<_>, _>>()?;
    round_together(&exact, currency)
}
