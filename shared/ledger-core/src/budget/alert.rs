//! Alerts: complete messages to the owners of budgets and costs.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::civil::Date;

use super::attributes::{AttributeValue, attributes, published};
use super::message::{message, subject, window_name};
use super::{Crossing, Driver, Verdict};
use crate::period::Window;

/// A complete message: publishing only sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Its identity.
    pub id: AlertId,
    /// Other crossings that it says.
    pub also: Vec<Crossing>,
    /// The names of those that it is for, each once; empty in alerts of earlier releases.
    pub receivers: Vec<Arc<str>>,
    /// One line below 100 characters.
    pub subject: String,
    /// The text of a mail, in lines of 80 columns where names allow it.
    pub body: String,
    /// The text of a chat, in Markdown; none in alerts of earlier releases.
    pub chat: Option<String>,
    /// All of it as JSON, for programs; none in alerts of earlier releases.
    pub document: Option<String>,
    /// Values for filters and programs by name, exact; [`Alert::published_attributes`] are those that
    /// subscribers get.
    pub attributes: BTreeMap<String, String>,
}

/// The key by which an alert is sent once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AlertId {
    /// Of a budget.
    Crossing(CrossingId),
    /// Of an anomaly, by its own identity.
    Anomaly {
        /// The identity.
        id: Arc<str>,
        /// Its first day.
        first: Date,
    },
    /// Of many messages in one.
    Digest {
        /// The name of the receiver.
        receiver: Arc<str>,
        /// How many days it covers.
        kind: DigestKind,
        /// The first day that it covers.
        first: Date,
        /// A mark of the messages that it says: another digest of the same day says others.
        mark: Arc<str>,
    },
}

/// A crossing in one window of a budget.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CrossingId {
    /// The budget's name.
    pub budget: Arc<str>,
    /// The kind of window.
    pub window: Window,
    /// The first day of the window.
    pub start: Date,
    /// The crossing.
    pub crossing: Crossing,
}

labels! {
    /// The days that a digest covers.
    pub enum DigestKind {
        /// A day on which there was more to say than a receiver is sent one by one.
        Day = "day",
        /// A week, from Monday on.
        Week = "week",
        /// A month.
        Month = "month",
    }
}

impl AlertId {
    /// The day by which it is kept: the first of what it is about.
    pub fn first_day(&self) -> Date {
        match self {
            AlertId::Crossing(it) => it.start,
            AlertId::Anomaly { first, .. } | AlertId::Digest { first, .. } => *first,
        }
    }

    /// The crossing that names it, where it is of a budget.
    pub fn crossing(&self) -> Option<&CrossingId> {
        match self {
            AlertId::Crossing(it) => Some(it),
            AlertId::Anomaly { .. } | AlertId::Digest { .. } => None,
        }
    }

    /// The same for all messages that belong together: those of a budget's window.
    pub fn thread(&self) -> String {
        match self {
            AlertId::Crossing(CrossingId { budget, window, start, .. }) => {
                format!("{budget}/{window}/{start}")
            }
            AlertId::Anomaly { .. } | AlertId::Digest { .. } => self.to_string(),
        }
    }
}

impl fmt::Display for AlertId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AlertId::Crossing(CrossingId { budget, window, start, crossing }) => {
                write!(f, "{budget}/{window}/{start}/{crossing}")
            }
            AlertId::Anomaly { id, .. } => write!(f, "anomaly/{id}"),
            AlertId::Digest { receiver, kind, first, mark } => {
                write!(f, "digest/{receiver}/{kind}/{first}/{mark}")
            }
        }
    }
}

impl Alert {
    /// All crossings that it says.
    pub fn crossings(&self) -> impl Iterator<Item = Crossing> + '_ {
        let named = self.id.crossing().map(|it| it.crossing);
        named.into_iter().chain(self.also.iter().copied())
    }

    /// The attributes to publish, by name.
    pub fn published_attributes(&self) -> Vec<(&'static str, AttributeValue)> {
        published(&self.attributes, &self.receivers)
    }

    /// The same alert as one that may have arrived before: its identity and its values stay.
    #[must_use]
    pub fn repeated(&self) -> Alert {
        const NOTE: &str = "This may be a repeat: it is not known whether it arrived before.";
        let before = |text: &String| format!("{NOTE}\n\n{text}");
        Alert { body: before(&self.body), chat: self.chat.as_ref().map(before), ..self.clone() }
    }
}

/// Whom alerts are for, and where they look further.
#[derive(Clone, Copy, Debug, Default)]
pub struct Addressed<'a> {
    /// Names of the receivers.
    pub receivers: &'a [Arc<str>],
    /// The address of the page.
    pub page: Option<&'a str>,
}

impl Verdict {
    /// The verdict in the words of an alert. `drivers` are the most expensive first.
    pub fn explained(&self, drivers: &[Driver]) -> String {
        message(self, &[], drivers).mail(None)
    }

    /// The name of its window.
    pub fn window_name(&self) -> String {
        window_name(&self.budget.calendar, self.spend.period)
    }

    /// The alert that says these crossings, the first of which names it, without its document. `drivers` are
    /// the most expensive first.
    pub fn alert(
        &self,
        crossing: Crossing,
        also: &[Crossing],
        drivers: &[Driver],
        to: Addressed<'_>,
    ) -> Alert {
        let id = AlertId::Crossing(CrossingId {
            budget: Arc::clone(&self.budget.name),
            window: self.budget.window(),
            start: self.spend.period.start(),
            crossing,
        });
        let said: Vec<Crossing> = [crossing].into_iter().chain(also.iter().copied()).collect();
        let mut message = message(self, &said, drivers);
        message.facts.push(("Alert id", id.to_string()));
        Alert {
            subject: subject(self, crossing),
            body: message.mail(to.page),
            chat: Some(message.chat(to.page)),
            document: None,
            attributes: attributes(self, crossing, id.to_string()),
            also: also.to_vec(),
            receivers: to.receivers.to_vec(),
            id,
        }
    }
}
