//! Budgets that are parts of others: the children fit into their parent.

use std::collections::{BTreeMap, BTreeSet};

use ledger_core::budget::Budget;
use ledger_core::money::Money;
use ledger_core::period::BillingPeriod;

/// Checks that each parent is there, has the same windows and currency, and that the limits of its children
/// are not above its own. `parents` are in the order of the budgets.
pub(super) fn check_families(budgets: &[Budget], parents: &[Option<&str>]) -> Result<(), String> {
    let by_name: BTreeMap<&str, &Budget> = budgets.iter().map(|it| (&*it.name, it)).collect();
    let parent_of: BTreeMap<&str, &str> = budgets
        .iter()
        .zip(parents)
        .filter_map(|(it, parent)| Some((&*it.name, (*parent)?)))
        .collect();
    let mut children: BTreeMap<&str, Vec<&Budget>> = BTreeMap::new();
    for (name, parent) in &parent_of {
        let Some(of_parent) = by_name.get(parent) else {
            return Err(format!(
                "budget `{name}`: `parent` is `{parent}`, and there is no such budget"
            ));
        };
        let Some(child) = by_name.get(name) else { continue };
        if child.calendar != of_parent.calendar
            || child.limit.currency() != of_parent.limit.currency()
        {
            return Err(format!(
                "budget `{name}`: its parent `{parent}` has other windows or another currency; \
                 expected the same"
            ));
        }
        check_line(name, &parent_of)?;
        children.entry(parent).or_default().push(child);
    }
    children.iter().try_for_each(|(parent, children)| {
        by_name.get(parent).map_or(Ok(()), |it| check_sum(it, children))
    })
}

/// Refuses a budget that is above itself.
fn check_line(name: &str, parent_of: &BTreeMap<&str, &str>) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    let mut at = name;
    while let Some(parent) = parent_of.get(at) {
        if *parent == name {
            return Err(format!("budget `{name}`: it is its own parent, by way of `{at}`"));
        }
        if !seen.insert(*parent) {
            break;
        }
        at = parent;
    }
    Ok(())
}

fn check_sum(parent: &Budget, children: &[&Budget]) -> Result<(), String> {
    let months = children.iter().flat_map(|it| it.limits.keys()).chain(parent.limits.keys());
    let months: BTreeSet<BillingPeriod> = months.copied().collect();
    for month in months.into_iter().map(Some).chain([None]) {
        let limit_of = |budget: &Budget| {
            let of_month = month.and_then(|it| budget.limits.get(&it).copied());
            of_month.unwrap_or(budget.limit)
        };
        let mut total = Money::zero(parent.limit.currency());
        for child in children {
            total = total.checked_add(limit_of(child)).map_err(|err| err.to_string())?;
        }
        let limit = limit_of(parent);
        if total.amount() > limit.amount() {
            let of_month = month.map(|it| format!(" in {it}")).unwrap_or(String::new());
            return Err(format!(
                "budget `{}`: the limits of its children are {total} in total{of_month}; expected at \
                 most its own, {limit}",
                parent.name
            ));
        }
    }
    Ok(())
}
