//! The entities, cost centre and account of each charge.

use super::obstacle::{Obstacle, Obstacles};
use super::request::JournalRequest;
use crate::charges::{Charge, ChargeKey, Charges};
use crate::currency::Currency;
use crate::money::MoneyError;
use crate::organisation::{Account, Code, CostCentre, Entity, Organisation};
use crate::owner::Owner;

/// A charge with its place in the books.
#[derive(Clone, Copy, Debug)]
pub(super) struct Assigned<'a> {
    pub(super) payer: &'a Entity,
    pub(super) consumer: &'a Entity,
    pub(super) cost_centre: &'a CostCentre,
    pub(super) account: &'a Account,
    pub(super) charge: &'a Charge,
}

impl Assigned<'_> {
    /// The entities and the currency: lines of one pair are rounded together.
    pub(super) fn pair(&self) -> (Code, Code, Currency) {
        let currency = self.charge.exact.currency();
        (self.payer.code.clone(), self.consumer.code.clone(), currency)
    }
}

/// Assigns all charges; those that cannot be are added to the obstacles. Charges of nothing need no place.
pub(super) fn assigned<'a>(
    charges: &'a Charges,
    organisation: &'a Organisation,
    request: &JournalRequest,
    obstacles: &mut Obstacles,
) -> Result<Vec<Assigned<'a>>, MoneyError> {
    let mut assigned = Vec::new();
    for charge in charges.charges.iter().filter(|it| !it.exact.is_zero()) {
        match assign(charge, organisation, request) {
            Ok(it) => assigned.push(it),
            Err(found) => {
                for obstacle in found {
                    obstacles.add(obstacle, charge.exact)?;
                }
            }
        }
    }
    Ok(assigned)
}

/// All obstacles of a charge are named at once.
fn assign<'a>(
    charge: &'a Charge,
    organisation: &'a Organisation,
    request: &JournalRequest,
) -> Result<Assigned<'a>, Vec<Obstacle>> {
    let key = &charge.key;
    let payer = match &request.paid_by {
        Some(code) => organisation.entities.get(code),
        None => organisation.entity_paying(key.payer.as_deref()),
    };
    let payer = payer.ok_or_else(|| {
        Obstacle::NoPayingEntity(key.payer.clone().unwrap_or_else(|| "unknown".into()))
    });
    let place = cost_centre_of(key, organisation, request).and_then(|cost_centre| {
        let lacks = || Obstacle::EntityLacks(cost_centre.entity.clone(), "[[entity]]");
        let consumer = organisation.entities.get(&cost_centre.entity).ok_or_else(lacks)?;
        let account = account_of(key, consumer, organisation, request)?;
        Ok((cost_centre, consumer, account))
    });
    match (payer, place) {
        (Ok(payer), Ok((cost_centre, consumer, account))) => {
            Ok(Assigned { payer, consumer, cost_centre, account, charge })
        }
        (payer, place) => Err(payer.err().into_iter().chain(place.err()).collect()),
    }
}

/// The cost centre that rules set, or the one that pays for the owner.
fn cost_centre_of<'a>(
    key: &ChargeKey,
    organisation: &'a Organisation,
    request: &JournalRequest,
) -> Result<&'a CostCentre, Obstacle> {
    let named = |text: &str| {
        let found = organisation.cost_centre_named(text);
        let found = found.ok_or_else(|| Obstacle::UnknownCostCentre(text.into()))?;
        match found.validity.contains(request.posting_date) {
            true => Ok(found),
            false => Err(Obstacle::CostCentreNotValid(found.code.clone(), found.validity)),
        }
    };
    let otherwise = |obstacle: Obstacle| match &request.unattributed_to {
        Some(code) => named(code.as_str()),
        None => Err(obstacle),
    };
    match (&key.cost_centre, &key.owner) {
        (Some(text), _) => named(text),
        (None, Owner::Unattributed) => otherwise(Obstacle::Unattributed),
        (None, Owner::Named(owner)) => {
            if let Some(valid) = organisation.cost_centre_of(owner, request.posting_date) {
                return Ok(valid);
            }
            // One that is over is not the same as none: its money has a place that has to be named anew.
            let mut of_owner = organisation.cost_centres.values();
            match of_owner.find(|it| it.owners.contains(&**owner)) {
                Some(it) => Err(Obstacle::CostCentreNotValid(it.code.clone(), it.validity)),
                None => otherwise(Obstacle::OwnerWithoutCostCentre(owner.clone())),
            }
        }
    }
}

fn account_of<'a>(
    key: &ChargeKey,
    consumer: &Entity,
    organisation: &'a Organisation,
    request: &JournalRequest,
) -> Result<&'a Account, Obstacle> {
    let none = || Obstacle::NoAccount {
        service: key.service.clone(),
        line_type: key.line_type.clone(),
        entity: consumer.code.clone(),
    };
    let account =
        organisation.account_of(&consumer.code, |field| key.value_of(field)).ok_or_else(none)?;
    match account.validity.contains(request.posting_date) {
        true => Ok(account),
        false => Err(Obstacle::AccountNotValid(account.code.clone(), account.validity)),
    }
}
