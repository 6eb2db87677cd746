//! The copy of a budget, or the reason against it.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::{Conditions, Definition, Key, Mirror, Notice, Reason, Seen, Wanted};
use crate::aws::budgets::{
    NOTIFICATIONS_MAX, category_of, is_service_name, is_tag_of_caller, key_of_category,
    refused_name,
};
use crate::budget::{Budget, Calendar};
use crate::cost::CostKind;
use crate::dimension::{Dimension, Scope};
use crate::filter::Filter;
use crate::period::Window;
use crate::source::Provider;

/// The copy of a budget on a day.
///
/// Tollbook counts AI charges alone, so a copy names services: those of the scope, or else all AI services
/// that the ledger has seen and those that the copy `counts` already. One that the ledger has not seen yet is
/// counted from the next run on.
///
/// # Errors
///
/// The [`Reason`] why AWS cannot count the same cost.
pub fn wanted_of(
    budget: &Budget,
    seen: &Seen,
    counts: &BTreeSet<String>,
    mirror: &Mirror,
    today: Date,
) -> Result<Wanted, Reason> {
    let name = mirror.name_of(&budget.name);
    if let Some(why) = refused_name(&name) {
        return Err(Reason::Name { name, why });
    }
    if budget.cost_kind == CostKind::List {
        return Err(Reason::CostKind(budget.cost_kind));
    }
    if budget.roll_over_percent_max.is_some() {
        return Err(Reason::RollOver);
    }
    let window = window_of(&budget.calendar)?;
    let notices = notices_of(budget, window)?;
    let mut conditions = Conditions::new();
    let of_provider = add(&budget.scope, &mut conditions)?;
    check_sources(budget, seen, &conditions, of_provider, mirror)?;
    check_tags(&conditions, seen)?;
    let services = match conditions.remove(&Key::Service) {
        Some(services) => services,
        None => seen.services.union(counts).cloned().collect(),
    };
    if let Some(service) = services.iter().find(|it| !is_service_name(it)) {
        return Err(Reason::Service(service.clone()));
    }
    if services.is_empty() {
        return Err(Reason::NoServices);
    }
    conditions.insert(Key::Service, services);
    let running = window.containing(today).filter(|it| {
        // The part of a window that begins later is none of AWS.
        budget.counted(*it) == Some(*it)
    });
    let running = running.ok_or(Reason::Starts(budget.starts.unwrap_or(today)))?;
    let limit = budget.limit_of(running);
    let cost_kind = budget.cost_kind;
    Ok(Wanted { name, definition: Definition { limit, window, cost_kind, conditions }, notices })
}

fn window_of(calendar: &Calendar) -> Result<Window, Reason> {
    let Calendar::Repeating { window, fiscal, .. } = calendar else { return Err(Reason::Once) };
    if let Some(zone) = calendar.zone() {
        return Err(Reason::Zone(zone.name().into()));
    }
    let begins_with = |length: i8| (fiscal.first_month - 1).rem_euclid(length) == 0;
    let is_plain = match *window {
        Window::Once => return Err(Reason::Once),
        Window::Weekly => return Err(Reason::Weekly),
        Window::Daily => true,
        Window::Monthly => fiscal.weeks.is_none(),
        Window::Quarterly => fiscal.weeks.is_none() && begins_with(3),
        Window::Yearly => fiscal.weeks.is_none() && begins_with(12),
    };
    if is_plain { Ok(*window) } else { Err(Reason::Fiscal) }
}

fn notices_of(budget: &Budget, window: Window) -> Result<BTreeSet<Notice>, Reason> {
    if window == Window::Daily && !budget.forecast_thresholds.is_empty() {
        return Err(Reason::DailyForecast);
    }
    let spent = budget.thresholds.iter().copied().map(Notice::Spent);
    let forecast = budget.forecast_thresholds.iter().copied().map(Notice::Forecast);
    let notices: BTreeSet<Notice> = spent.chain(forecast).collect();
    if notices.len() > NOTIFICATIONS_MAX {
        return Err(Reason::Thresholds(notices.len(), NOTIFICATIONS_MAX));
    }
    Ok(notices)
}

/// Whether a scope names the provider.
type NamesProvider = bool;

/// Adds the conditions of a scope to others, all of which hold.
fn add(filter: &Filter, conditions: &mut Conditions) -> Result<NamesProvider, Reason> {
    let Filter { exact, patterns, all, any, not } = filter;
    if let Some(dimension) = patterns.keys().next() {
        return Err(Reason::Pattern(dimension.clone()));
    }
    for (word, parts) in [("any", any), ("not", not)] {
        if !parts.is_empty() {
            return Err(Reason::Logic(word));
        }
    }
    let mut names_provider = add_exact(exact, conditions)?;
    for part in all {
        names_provider |= add(part, conditions)?;
    }
    Ok(names_provider)
}

fn add_exact(exact: &Scope, conditions: &mut Conditions) -> Result<NamesProvider, Reason> {
    let mut names_provider = false;
    for (dimension, values) in &exact.0 {
        let Some(key) = key_of(dimension) else {
            let is_aws = values.iter().all(|it| Provider::parse(it) == Provider::Aws);
            if *dimension == Dimension::Provider && is_aws {
                names_provider = true;
                continue;
            }
            return Err(Reason::Dimension(dimension.clone()));
        };
        let values: BTreeSet<String> = values.iter().cloned().collect();
        let both = match conditions.get(&key) {
            Some(before) => before.intersection(&values).cloned().collect(),
            None => values,
        };
        if both.is_empty() {
            return Err(Reason::Empty);
        }
        conditions.insert(key, both);
    }
    Ok(names_provider)
}

fn key_of(dimension: &Dimension) -> Option<Key> {
    match dimension {
        Dimension::Service => Some(Key::Service),
        Dimension::Account => Some(Key::Account),
        Dimension::Tag(key) if is_tag_of_caller(key) => Some(Key::Tag(key.clone())),
        Dimension::Tag(key) => category_of(key).map(|it| Key::Category(it.into())),
        _ => None,
    }
}

/// Charges of others, which AWS does not count.
fn check_sources(
    budget: &Budget,
    seen: &Seen,
    conditions: &Conditions,
    names_provider: NamesProvider,
    mirror: &Mirror,
) -> Result<(), Reason> {
    // A service, a tag or a cost category by its name is one of AWS.
    let is_of_aws = names_provider || conditions.contains_key(&Key::Service);
    let other = seen.providers.iter().find(|it| **it != Provider::Aws);
    if let Some(other) = other.filter(|_| !is_of_aws) {
        return Err(Reason::Provider(other.to_string()));
    }
    let currency = budget.limit.currency();
    if let Some(other) = seen.currencies.iter().find(|it| **it != currency) {
        return Err(Reason::Currency(*other));
    }
    let accounts = conditions.get(&Key::Account);
    let is_own = accounts.is_some_and(|it| it.iter().all(|it| *it == mirror.account));
    let payer = seen.payers.iter().find(|it| ***it != *mirror.account);
    match payer.filter(|_| !is_own) {
        Some(payer) => Err(Reason::Payer(payer.to_string(), mirror.account.clone())),
        None => Ok(()),
    }
}

/// A tag that is not active has no value on any charge.
fn check_tags(conditions: &Conditions, seen: &Seen) -> Result<(), Reason> {
    for key in conditions.keys() {
        let tag = match key {
            Key::Tag(key) => key.to_string(),
            Key::Category(name) => key_of_category(name),
            Key::Service | Key::Account => continue,
        };
        if !seen.tag_keys.contains(tag.as_str()) {
            return Err(Reason::InactiveTag(tag));
        }
    }
    Ok(())
}
