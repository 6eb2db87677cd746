//! The entries of an organisation file against each other.

use std::collections::BTreeMap;

use ledger_core::organisation::{Code, CostCentre, Entity, Organisation};

/// Refuses codes that are not there, and owners or names of two cost centres.
pub(super) fn check(organisation: &Organisation) -> Result<(), String> {
    let payers =
        organisation.payers.iter().map(|(payer, entity)| (format!("`payers`: `{payer}`"), entity));
    let paying = organisation.paying_entity.iter();
    let paying = paying.map(|entity| ("`paying_entity`".to_owned(), entity));
    for (at, entity) in payers.chain(paying) {
        check_entity(organisation, &at, entity)?;
    }
    for entity in organisation.entities.values() {
        check_parts(organisation, entity)?;
    }
    for centre in organisation.cost_centres.values() {
        let at = format!("cost_centre `{}`: `entity`", centre.code);
        check_entity(organisation, &at, &centre.entity)?;
    }
    for account in organisation.accounts.values() {
        let at = format!("account `{}`: `entity`", account.code);
        account.entity.iter().try_for_each(|it| check_entity(organisation, &at, it))?;
    }
    for (at, posting) in organisation.postings.iter().enumerate() {
        if !organisation.accounts.contains_key(&posting.account) {
            return Err(unknown(
                &format!("posting {}: `account`", at + 1),
                &posting.account,
                "account",
            ));
        }
    }
    check_aliases(organisation)?;
    check_owners(organisation)
}

fn unknown(at: &str, code: &Code, kind: &str) -> String {
    format!("{at} is `{code}`, and there is no such {kind}; expected the code of an [[{kind}]]")
}

fn check_entity(organisation: &Organisation, at: &str, entity: &Code) -> Result<(), String> {
    match organisation.entities.contains_key(entity) {
        true => Ok(()),
        false => Err(unknown(at, entity, "entity")),
    }
}

/// Accounts and cost centres of an entity are there, and of no other entity.
fn check_parts(organisation: &Organisation, entity: &Entity) -> Result<(), String> {
    let accounts = [
        ("recovery_account", &entity.recovery_account),
        ("accrual_account", &entity.accrual_account),
        ("receivable_account", &entity.receivable_account),
        ("payable_account", &entity.payable_account),
        ("rounding_account", &entity.rounding_account),
    ];
    let centres = [
        ("recovery_cost_centre", &entity.recovery_cost_centre),
        ("intercompany_cost_centre", &entity.intercompany_cost_centre),
    ];
    let at = |key: &str| format!("entity `{}`: `{key}`", entity.code);
    let of_another = |key: &str, code: &Code, of: &Code| {
        format!("{} is `{code}`, which is of entity `{of}`; expected one of its own", at(key))
    };
    for (key, code) in accounts.into_iter().filter_map(|(key, it)| Some((key, it.as_ref()?))) {
        let account = organisation.accounts.get(code);
        let account = account.ok_or_else(|| unknown(&at(key), code, "account"))?;
        if let Some(of) = account.entity.as_ref().filter(|it| **it != entity.code) {
            return Err(of_another(key, code, of));
        }
    }
    for (key, code) in centres.into_iter().filter_map(|(key, it)| Some((key, it.as_ref()?))) {
        let centre = organisation.cost_centres.get(code);
        let centre = centre.ok_or_else(|| unknown(&at(key), code, "cost_centre"))?;
        if centre.entity != entity.code {
            return Err(of_another(key, code, &centre.entity));
        }
    }
    Ok(())
}

/// A name means one cost centre.
fn check_aliases(organisation: &Organisation) -> Result<(), String> {
    let mut known: BTreeMap<&str, &Code> = BTreeMap::new();
    for centre in organisation.cost_centres.values() {
        known.insert(centre.code.as_str(), &centre.code);
    }
    for centre in organisation.cost_centres.values() {
        for alias in &centre.aliases {
            let of = known.insert(alias, &centre.code).filter(|it| **it != centre.code);
            if let Some(of) = of {
                return Err(format!(
                    "cost_centre `{}`: `aliases` has `{alias}`, which means cost centre `{of}` already; \
                     expected a name of one",
                    centre.code
                ));
            }
        }
    }
    Ok(())
}

/// One cost centre pays for an owner on a day.
fn check_owners(organisation: &Organisation) -> Result<(), String> {
    let mut known: BTreeMap<&str, Vec<&CostCentre>> = BTreeMap::new();
    for centre in organisation.cost_centres.values() {
        for owner in &centre.owners {
            let others = known.entry(owner).or_default();
            if let Some(other) = others.iter().find(|it| it.validity.overlaps(centre.validity)) {
                return Err(format!(
                    "owner `{owner}` is in `owners` of cost centres `{}` and `{}` on the same days; \
                     expected one, or `valid_from` and `valid_to` that keep them apart",
                    other.code, centre.code
                ));
            }
            others.push(centre);
        }
    }
    Ok(())
}
