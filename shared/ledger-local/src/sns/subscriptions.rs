//! Subscriptions of topics, and which messages reach them.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::publish::Draft;
use super::{Parameters, StandInError};

/// The limit of `ListSubscriptionsByTopic`.
const PER_PAGE: usize = 100;

/// The most keys of a filter policy.
const POLICY_KEYS_MAX: usize = 5;

/// A subscription of a topic.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Subscription {
    /// Its ARN, also while it waits for a confirmation.
    pub arn: String,
    /// The topic.
    pub topic_arn: String,
    /// `email`, `https`, `sqs` …
    pub protocol: String,
    /// The address.
    pub endpoint: String,
    /// `FilterPolicy`: without one it gets every message.
    pub filter_policy: Option<String>,
    /// Whether it waits for a confirmation, and gets nothing until then.
    pub is_pending: bool,
}

/// The checks of `Subscribe`; the subscription has no ARN yet.
pub(super) fn wanted(form: &Parameters) -> Result<Subscription, StandInError> {
    let text = |name: &str| form.get(name).cloned().filter(|it| !it.is_empty());
    let topic_arn = text("TopicArn").ok_or_else(|| StandInError::invalid("TopicArn"))?;
    let protocol = text("Protocol").ok_or_else(|| StandInError::invalid("Protocol"))?;
    let endpoint = text("Endpoint").ok_or_else(|| StandInError::invalid("Endpoint"))?;
    let (is_good, is_pending) = match protocol.as_str() {
        "email" | "email-json" => (endpoint.contains('@'), true),
        "https" => (endpoint.starts_with("https://"), true),
        "http" => (endpoint.starts_with("http://"), true),
        "sqs" => (endpoint.starts_with("arn:aws:sqs:"), false),
        "lambda" => (endpoint.starts_with("arn:aws:lambda:"), false),
        other => {
            let what = format!("Does not support this protocol string: {other}");
            return Err(StandInError::invalid(what));
        }
    };
    if !is_good {
        return Err(StandInError::invalid(format!("Invalid parameter: {protocol} endpoint")));
    }
    let mut filter_policy = None;
    for index in 1.. {
        let Some(key) = form.get(&format!("Attributes.entry.{index}.key")) else { break };
        let value = form.get(&format!("Attributes.entry.{index}.value"));
        match key.as_str() {
            "FilterPolicy" => filter_policy = value.cloned(),
            other => return Err(StandInError::invalid(format!("Attributes: {other}"))),
        }
    }
    if let Some(policy) = &filter_policy {
        read_policy(policy)?;
    }
    let arn = String::new();
    Ok(Subscription { arn, topic_arn, protocol, endpoint, filter_policy, is_pending })
}

/// Adds a subscription, or finds the one that is there.
pub(super) fn subscribe(
    wanted: Subscription,
    all: &mut Vec<Subscription>,
) -> Result<Subscription, StandInError> {
    let key = |it: &Subscription| (it.topic_arn.clone(), it.protocol.clone(), it.endpoint.clone());
    if let Some(known) = all.iter().find(|it| key(it) == key(&wanted)) {
        return if known.filter_policy == wanted.filter_policy {
            Ok(known.clone())
        } else {
            let reason = "Subscription already exists with different attributes";
            Err(StandInError::invalid(format!("Attributes Reason: {reason}")))
        };
    }
    let number = all.len() + 1;
    let arn = format!("{}:00000000-0000-4000-b000-{number:012x}", wanted.topic_arn);
    let subscription = Subscription { arn, ..wanted };
    all.push(subscription.clone());
    Ok(subscription)
}

/// A page of a topic's subscriptions; the token is the place where it goes on.
pub(super) fn page_of(
    form: &Parameters,
    all: &[Subscription],
) -> Result<(Vec<Subscription>, Option<String>), StandInError> {
    let topic_arn = form.get("TopicArn").map_or("", String::as_str);
    let start = match form.get("NextToken").filter(|it| !it.is_empty()) {
        Some(token) => token.parse().map_err(|_| StandInError::invalid("NextToken"))?,
        None => 0,
    };
    let of_topic = || all.iter().filter(|it| it.topic_arn == topic_arn);
    let page = of_topic().skip(start).take(PER_PAGE).cloned().collect();
    let end = start.saturating_add(PER_PAGE);
    Ok((page, (of_topic().count() > end).then(|| end.to_string())))
}

/// The checks of `SetSubscriptionAttributes`; nothing but the filter can be set.
pub(super) fn set_attribute(
    form: &Parameters,
    all: &mut [Subscription],
) -> Result<(), StandInError> {
    let subscription = find(form, all)?;
    let name = form.get("AttributeName").map_or("", String::as_str);
    if name != "FilterPolicy" {
        return Err(StandInError::invalid(format!("AttributeName: {name}")));
    }
    let policy = form.get("AttributeValue").map_or("{}", String::as_str);
    read_policy(policy)?;
    subscription.filter_policy = Some(policy.to_owned());
    Ok(())
}

/// The subscription that a request names: one that is pending has no ARN to name it by.
pub(super) fn find<'a>(
    form: &Parameters,
    all: &'a mut [Subscription],
) -> Result<&'a mut Subscription, StandInError> {
    let arn = form.get("SubscriptionArn").map_or("", String::as_str);
    let found = all.iter_mut().find(|it| it.arn == arn && !it.is_pending);
    found.ok_or(StandInError::SubscriptionNotFound)
}

fn read_policy(text: &str) -> Result<Map<String, Value>, StandInError> {
    let invalid = |why: &str| StandInError::invalid(format!("FilterPolicy: {why}"));
    let policy: Map<String, Value> =
        serde_json::from_str(text).map_err(|_| invalid("failed to parse JSON."))?;
    if policy.len() > POLICY_KEYS_MAX {
        return Err(invalid("Filter policy can not have more than 5 keys"));
    }
    let is_list = |it: &Value| it.as_array().is_some_and(|it| !it.is_empty());
    if !policy.values().all(is_list) {
        return Err(invalid("Match value must be String, number, true, false, or null"));
    }
    Ok(policy)
}

/// Where a message goes, as `PROTOCOL:ADDRESS`.
pub(super) fn deliveries(draft: &Draft, all: &[Subscription]) -> Vec<String> {
    let gets = |it: &&Subscription| {
        let passes = |policy: &String| {
            read_policy(policy).is_ok_and(|policy| policy.iter().all(|it| matches(it, draft)))
        };
        it.topic_arn == draft.topic_arn
            && !it.is_pending
            && it.filter_policy.as_ref().is_none_or(passes)
    };
    all.iter().filter(gets).map(|it| format!("{}:{}", it.protocol, it.endpoint)).collect()
}

fn matches((name, accepted): (&String, &Value), draft: &Draft) -> bool {
    let Some(text) = draft.attributes.get(name) else { return false };
    let values = match draft.attribute_types.get(name).map(String::as_str) {
        Some("String.Array") => serde_json::from_str(text).unwrap_or_else(|_| Vec::new()),
        _ => vec![Value::from(text.clone())],
    };
    let is_number = draft.attribute_types.get(name).is_some_and(|it| it.starts_with("Number"));
    let is_accepted = |one: &Value| match one {
        Value::Object(condition) => {
            is_number && condition.get("numeric").is_some_and(|it| is_in_range(it, text))
        }
        Value::Number(number) => is_number && same_number(&number.to_string(), text),
        other => values.contains(other),
    };
    accepted.as_array().is_some_and(|it| it.iter().any(is_accepted))
}

fn same_number(left: &str, right: &str) -> bool {
    let number = |text: &str| text.parse::<Decimal>().ok();
    number(left).is_some() && number(left) == number(right)
}

/// `[">=", 80]`, `[">", 0, "<=", 100]`.
fn is_in_range(range: &Value, text: &str) -> bool {
    let (Some(range), Ok(value)) = (range.as_array(), text.parse::<Decimal>()) else {
        return false;
    };
    !range.is_empty()
        && range.chunks(2).all(|pair| {
            let (Some(sign), Some(limit)) = (pair.first(), pair.get(1)) else { return false };
            let Ok(limit) = limit.to_string().parse::<Decimal>() else { return false };
            match sign.as_str() {
                Some("=") => value == limit,
                Some(">") => value > limit,
                Some(">=") => value >= limit,
                Some("<") => value < limit,
                Some("<=") => value <= limit,
                _ => false,
            }
        })
}

/// The attributes of a subscription.
pub(super) fn attributes_of(subscription: &Subscription) -> BTreeMap<&'static str, String> {
    let mut attributes = BTreeMap::from([
        ("SubscriptionArn", subscription.arn.clone()),
        ("TopicArn", subscription.topic_arn.clone()),
        ("Protocol", subscription.protocol.clone()),
        ("Endpoint", subscription.endpoint.clone()),
        ("PendingConfirmation", subscription.is_pending.to_string()),
    ]);
    if let Some(policy) = &subscription.filter_policy {
        attributes.insert("FilterPolicy", policy.clone());
    }
    attributes
}
