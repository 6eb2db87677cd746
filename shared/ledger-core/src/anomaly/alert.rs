//! The alert of an anomaly.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::causes::{Effect, Part};
use super::{Anomaly, AnomalyKind};
use crate::budget::{Addressed, Alert, AlertId};
use crate::business::{BusinessField, BusinessKey};
use crate::caller::Caller;
use crate::dimension::Dimension;
use crate::message::{Headline, Message, NOTHING_IS_BLOCKED, subject_line};
use crate::money::Money;

/// Parts that an alert names one by one.
const PARTS_MAX: usize = 4;

impl Anomaly {
    /// The alert that says it, without its document.
    pub fn alert(&self, to: Addressed<'_>) -> Alert {
        let id = AlertId::Anomaly { id: Arc::from(self.id.as_str()), first: self.first };
        let message = self.message();
        let owner = self.owner().map(|it| ("owner", it.to_string()));
        let attributes = [
            ("alert_id", id.to_string()),
            ("event", "anomaly_detected".to_owned()),
            ("currency", self.excess.currency().to_string()),
            ("spend", self.actual.amount().to_string()),
            ("excess", self.excess.amount().to_string()),
        ];
        let attributes = attributes.into_iter().chain(owner);
        Alert {
            subject: self.subject(),
            body: message.mail(to.page),
            chat: Some(message.chat(to.page)),
            document: None,
            attributes: attributes
                .map(|(name, value)| (name.to_owned(), value))
                .collect::<BTreeMap<_, _>>(),
            also: Vec::new(),
            receivers: to.receivers.to_vec(),
            id,
        }
    }

    /// The owner, where the cost of a whole owner is an anomaly too.
    pub fn owner(&self) -> Option<&Arc<str>> {
        let series = [&self.series].into_iter().chain(self.also_in.iter().map(|it| &it.series));
        let mut owners = series.filter(|it| it.dimension == Dimension::Owner);
        owners.next().map(|it| &it.value)
    }

    fn subject(&self) -> String {
        subject_line(&format!(
            "[AI cost] {} {}: {} more than usual ({})",
            self.kind_word().replace('_', " "),
            self.name(),
            self.excess.to_reader(),
            self.days()
        ))
    }

    fn message(&self) -> Message {
        let Anomaly { id, series, first, last, actual, expected, excess, .. } = self;
        let excess = excess.to_reader();
        let above = match self.kind {
            AnomalyKind::New => " and is new".to_owned(),
            AnomalyKind::Spike => format!(", {excess} more than the same weekdays before"),
            AnomalyKind::Drift => {
                format!(", {excess} more than it used to over three days or more")
            }
        };
        let also: Vec<String> = self
            .also_in
            .iter()
            .map(|it| format!("{} {}", it.series.dimension, it.series.value))
            .collect();
        let mut facts = vec![
            ("Kind", self.kind_word().replace('_', " ")),
            ("Series", format!("{} {}", series.dimension, series.value)),
            ("Days", format!("{first} to {last}")),
            ("Cost", actual.to_reader()),
            ("Expected", expected.to_reader()),
        ];
        if !also.is_empty() {
            facts.push(("Also in", also.join(", ")));
        }
        Message {
            headline: Headline {
                noun: noun_of(&series.dimension),
                name: self.name(),
                says: format!(" cost {} on {}{above}.", actual.to_reader(), self.days()),
            },
            facts,
            list_name: "What makes the difference",
            list: self.largest_parts(),
            no_entries: "nothing",
            next: format!(
                "it is said once. If it is meant, `tollbook anomalies expect {}` mutes it until a day. \
                 {NOTHING_IS_BLOCKED}",
                id.as_str()
            ),
            command: format!("tollbook anomalies --since {first}"),
        }
    }

    /// The largest parts, and the sum of all others: together they are the whole difference.
    fn largest_parts(&self) -> Vec<String> {
        let (largest, rest) = self.parts.split_at(self.parts.len().min(PARTS_MAX));
        let mut list: Vec<String> = largest.iter().map(Part::to_string).collect();
        let zero = Money::zero(self.excess.currency());
        let sum = rest.iter().try_fold(zero, |sum, it| sum.checked_add(it.amount));
        match sum {
            Ok(sum) if !rest.is_empty() => {
                list.push(format!("{} smaller parts: {}", rest.len(), sum.to_reader()));
            }
            Ok(_) | Err(_) => {}
        }
        list
    }

    fn days(&self) -> String {
        let Anomaly { first, last, .. } = self;
        if first == last { first.to_string() } else { format!("{first} to {last}") }
    }

    /// The name for people.
    fn name(&self) -> String {
        let value = &self.series.value;
        if self.series.dimension != Dimension::Principal {
            return value.to_string();
        }
        let caller = Caller::parse(value);
        caller.user().or_else(|| caller.role()).unwrap_or(value).to_owned()
    }
}

fn noun_of(dimension: &Dimension) -> &'static str {
    match dimension {
        Dimension::Owner => "Owner",
        Dimension::Principal => "Caller",
        Dimension::Model => "Model",
        Dimension::Account => "Account",
        Dimension::Business(BusinessKey::Named(BusinessField::Workflow)) => "Workflow",
        _ => "Series",
    }
}

/// Its words, such as `output tokens of nova-lite: 12.00 USD by volume`.
impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.meter.to_string().replace('_', " "))?;
        if let Some(model) = &self.model {
            write!(f, " of {model}")?;
        }
        let sign = if self.amount.femto_units() > 0 { "+" } else { "" };
        let by = match self.effect {
            Effect::Volume => "by volume",
            Effect::Price => "by price",
            Effect::Mix => "by the mix of models",
            Effect::Direction => "by direction",
            Effect::New => "which is new",
        };
        write!(f, ": {sign}{} {by}", self.amount.to_reader())
    }
}
