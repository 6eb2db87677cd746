//! Subscriptions of the topic of alerts, as contacts want them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::contacts::{Contacts, Endpoint};

/// A subscription that a topic has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscribed {
    /// The kind of place, in the word of the service.
    pub protocol: String,
    /// The address, URL or ARN.
    pub address: String,
    /// Its identity; none while it waits for a confirmation.
    pub id: Option<String>,
    /// The messages that it takes; not known while it waits.
    pub takes: Takes,
}

/// The messages that a subscription takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Takes {
    /// All of them.
    Everything,
    /// Those for these names.
    Receivers(BTreeSet<String>),
    /// By a filter of somebody else, or not known.
    Other,
}

/// A change of the subscriptions of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A subscription is missing.
    Subscribe(Endpoint, BTreeSet<String>),
    /// One takes other messages than it should.
    Refilter(String, Endpoint, BTreeSet<String>),
}

/// The way from the subscriptions of a topic to those that contacts want.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubscriptionPlan {
    /// The changes.
    pub steps: Vec<Step>,
    /// Those that wait for a confirmation.
    pub waiting: Vec<Endpoint>,
    /// Those that are as they should be.
    pub unchanged: usize,
    /// Subscriptions that no contact names, and those with a filter of somebody else: they are left alone.
    pub others: Vec<Subscribed>,
}

/// Compares contacts with the subscriptions of a topic.
pub fn subscription_plan(contacts: &Contacts, existing: &[Subscribed]) -> SubscriptionPlan {
    let mut wanted: BTreeMap<&Endpoint, BTreeSet<String>> = BTreeMap::new();
    for (name, contact) in &contacts.by_name {
        for endpoint in &contact.endpoints {
            wanted.entry(endpoint).or_default().insert(name.to_string());
        }
    }
    let mut plan = SubscriptionPlan::default();
    let is_of = |it: &Subscribed, endpoint: &Endpoint| {
        it.protocol == endpoint.protocol.as_str() && it.address == endpoint.address
    };
    for (endpoint, names) in &wanted {
        let Some(known) = existing.iter().find(|it| is_of(it, endpoint)) else {
            plan.steps.push(Step::Subscribe((*endpoint).clone(), names.clone()));
            continue;
        };
        match &known.id {
            None => plan.waiting.push((*endpoint).clone()),
            // One that takes everything was made for more than these names.
            Some(_) if known.takes == Takes::Everything => plan.unchanged += 1,
            Some(_) if known.takes == Takes::Receivers(names.clone()) => plan.unchanged += 1,
            Some(_) if known.takes == Takes::Other => plan.others.push(known.clone()),
            Some(id) => {
                let (id, endpoint) = (id.clone(), (*endpoint).clone());
                plan.steps.push(Step::Refilter(id, endpoint, names.clone()));
            }
        }
    }
    let is_other = |it: &&Subscribed| !wanted.keys().any(|endpoint| is_of(it, endpoint));
    plan.others.extend(existing.iter().filter(is_other).cloned());
    plan
}

/// The subscriptions that get a message for a name, and those that will once they are confirmed.
pub fn reached<'a>(
    name: &Arc<str>,
    contacts: &Contacts,
    existing: &'a [Subscribed],
) -> (Vec<&'a Subscribed>, Vec<&'a Subscribed>) {
    let endpoints = contacts.by_name.get(name).map(|it| &it.endpoints);
    let is_named = |it: &Subscribed| {
        endpoints.is_some_and(|all| {
            all.iter().any(|of| of.protocol.as_str() == it.protocol && of.address == it.address)
        })
    };
    let gets = |it: &&Subscribed| match (&it.id, &it.takes) {
        (None, _) | (_, Takes::Other) => false,
        (Some(_), Takes::Everything) => true,
        (Some(_), Takes::Receivers(names)) => names.contains(&**name),
    };
    let now = existing.iter().filter(gets).collect();
    let waiting = existing.iter().filter(|it| it.id.is_none() && is_named(it)).collect();
    (now, waiting)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contacts::parse_contacts;

    const CONTACTS: &str = "[[contact]]\nname = \"a\"\nmail = [\"x@example.com\", \"y@example.com\"]\n\
        [[contact]]\nname = \"b\"\nmail = [\"x@example.com\"]\n";

    fn mail(address: &str, id: Option<&str>, takes: Takes) -> Subscribed {
        let (protocol, address) = ("email".to_owned(), address.to_owned());
        Subscribed { protocol, address, id: id.map(str::to_owned), takes }
    }

    fn names(names: &[&str]) -> Takes {
        Takes::Receivers(names.iter().map(ToString::to_string).collect())
    }

    fn steps(existing: &[Subscribed]) -> Vec<String> {
        let plan = subscription_plan(&parse_contacts(CONTACTS).unwrap(), existing);
        let shown = |it: &Step| match it {
            Step::Subscribe(to, names) => format!("+ {} {names:?}", to.address),
            Step::Refilter(id, to, names) => format!("~ {id} {} {names:?}", to.address),
        };
        plan.steps.iter().map(shown).collect()
    }

    #[test]
    fn an_address_of_two_contacts_is_one_subscription() {
        let expected = ["+ x@example.com {\"a\", \"b\"}", "+ y@example.com {\"a\"}"];
        assert_eq!(steps(&[]), expected);
    }

    #[test]
    fn subscriptions_that_are_there_change_only_where_they_differ() {
        let right = mail("y@example.com", Some("2"), names(&["a"]));
        let pending = mail("x@example.com", None, Takes::Other);
        assert_eq!(steps(&[pending, right.clone()]), [""; 0]);
        let narrow = mail("x@example.com", Some("1"), names(&["a"]));
        let foreign = mail("z@example.com", Some("3"), Takes::Everything);
        let existing = [narrow, right, foreign.clone()];
        assert_eq!(steps(&existing), ["~ 1 x@example.com {\"a\", \"b\"}"]);
        let plan = subscription_plan(&parse_contacts(CONTACTS).unwrap(), &existing);
        assert_eq!((plan.unchanged, plan.others), (1, vec![foreign]));
    }

    #[test]
    fn a_subscription_that_takes_everything_or_has_a_filter_of_its_own_is_left_alone() {
        let everything = mail("x@example.com", Some("1"), Takes::Everything);
        let other = mail("y@example.com", Some("2"), Takes::Other);
        let plan =
            subscription_plan(&parse_contacts(CONTACTS).unwrap(), &[everything, other.clone()]);
        assert_eq!((plan.steps.len(), plan.unchanged, plan.others), (0, 1, vec![other]));
    }
}
