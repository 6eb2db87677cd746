//! The attributes of an alert: the values that subscribers filter by.

use std::collections::BTreeMap;
use std::sync::Arc;

use rust_decimal::{Decimal, RoundingStrategy};

use super::{Crossing, CrossingKind, Verdict};

/// Fraction digits of a number that filters of subscriptions compare.
const FRACTION_DIGITS: u32 = 5;

/// How the value of an attribute is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Text,
    Number,
}

/// The attribute that lists the receivers.
const RECEIVER: &str = "receiver";

/// All attributes by name, with [`RECEIVER`]. An alert has ten of them at most, since no more reach every kind
/// of subscription; what else there is to say is in the texts alone.
const ATTRIBUTES: [(&str, Form); 10] = [
    ("alert_id", Form::Text),
    ("budget", Form::Text),
    ("currency", Form::Text),
    ("event", Form::Text),
    ("excess", Form::Number),
    ("limit", Form::Number),
    ("owner", Form::Text),
    ("spend", Form::Number),
    ("threshold_percent", Form::Number),
    ("window", Form::Text),
];

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttributeValue {
    /// Compared letter by letter; not empty.
    Text(String),
    /// Compared as a number.
    Number(Decimal),
    /// Several texts, one of which has to be equal; not empty.
    Texts(Vec<Arc<str>>),
}

/// The attributes to publish, by name. An alert that an earlier release wrote down holds more of them, all as
/// texts.
pub(super) fn published(
    attributes: &BTreeMap<String, String>,
    receivers: &[Arc<str>],
) -> Vec<(&'static str, AttributeValue)> {
    let value_of = |(name, form): &(&'static str, Form)| {
        let text = attributes.get(*name).filter(|it| !it.is_empty())?;
        let number = text.parse().ok().filter(|_| *form == Form::Number);
        let value = match number {
            Some(number) => AttributeValue::Number(comparable(number)),
            None => AttributeValue::Text(text.clone()),
        };
        Some((*name, value))
    };
    let receiver =
        (!receivers.is_empty()).then(|| (RECEIVER, AttributeValue::Texts(receivers.to_vec())));
    ATTRIBUTES.iter().filter_map(value_of).chain(receiver).collect()
}

/// Cut off rather than rounded: a filter for an amount must not match before it is spent.
fn comparable(number: Decimal) -> Decimal {
    number.round_dp_with_strategy(FRACTION_DIGITS, RoundingStrategy::ToZero).normalize()
}

/// The attributes as they are written down: exact, and as texts.
pub(super) fn attributes(
    verdict: &Verdict,
    crossing: Crossing,
    alert_id: String,
) -> BTreeMap<String, String> {
    let Verdict { budget, spend, .. } = verdict;
    let event = match crossing.kind {
        CrossingKind::Reached | CrossingKind::Escalated if crossing.threshold >= 100 => {
            "budget_crossed"
        }
        CrossingKind::Reached | CrossingKind::Escalated => "threshold_crossed",
        CrossingKind::Pace => "pace_exceeded",
        CrossingKind::Change => "change_exceeded",
        CrossingKind::BackBelow => "back_below",
        CrossingKind::Projected => "projected_limit_exceeded",
    };
    let attributes = [
        ("alert_id", alert_id),
        ("budget", budget.name.to_string()),
        ("currency", budget.limit.currency().to_string()),
        ("event", event.to_owned()),
        ("limit", budget.limit.amount().to_string()),
        ("owner", budget.owner.to_string()),
        ("spend", spend.cost.amount().to_string()),
        ("threshold_percent", crossing.threshold.to_string()),
        ("window", budget.window().to_string()),
    ];
    attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
