//! Alerts: complete messages to the owners of budgets.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::civil::Date;

use super::attributes::{AttributeValue, attributes, published};
use super::message::{body, subject};
use super::{Crossing, Driver, Verdict};
use crate::period::Window;

/// A complete message to an owner: publishing only sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Its identity: the budget, the window's first day and the crossing that names it.
    pub id: AlertId,
    /// Other crossings that it says.
    pub also: Vec<Crossing>,
    /// One line below 100 characters.
    pub subject: String,
    /// The text, in lines of 80 columns where names allow it.
    pub body: String,
    /// Values for filters and programs by name, exact; [`Alert::published_attributes`] are those that
    /// subscribers get.
    pub attributes: BTreeMap<String, String>,
}

/// The key by which an alert fires once per window.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AlertId {
    /// The budget's name.
    pub budget: Arc<str>,
    /// The kind of window.
    pub window: Window,
    /// The first day of the window.
    pub start: Date,
    /// The crossing.
    pub crossing: Crossing,
}

impl fmt::Display for AlertId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{}", self.budget, self.window, self.start, self.crossing)
    }
}

impl Alert {
    /// Everything that it says.
    pub fn crossings(&self) -> impl Iterator<Item = Crossing> + '_ {
        [self.id.crossing].into_iter().chain(self.also.iter().copied())
    }

    /// The attributes to publish, by name.
    pub fn published_attributes(&self) -> Vec<(&'static str, AttributeValue)> {
        published(&self.attributes)
    }

    /// The same alert as one that may have arrived before: its identity and its values stay.
    #[must_use]
    pub fn repeated(&self) -> Alert {
        let note = "This may be a repeat: it is not known whether it arrived before.\n\n";
        Alert { body: format!("{note}{}", self.body), ..self.clone() }
    }
}

impl Verdict {
    /// The verdict in the words of an alert. `drivers` are the most expensive first.
    pub fn explained(&self, drivers: &[Driver]) -> String {
        body(self, &[], drivers)
    }

    /// The complete alert that says these crossings, the first of which names it. `drivers` are the most
    /// expensive first.
    pub fn alert(&self, crossing: Crossing, also: &[Crossing], drivers: &[Driver]) -> Alert {
        let id = AlertId {
            budget: Arc::clone(&self.budget.name),
            window: self.budget.window(),
            start: self.spend.period.start(),
            crossing,
        };
        let said: Vec<Crossing> = [crossing].into_iter().chain(also.iter().copied()).collect();
        Alert {
            subject: subject(self, crossing),
            body: body(self, &said, drivers),
            attributes: attributes(self, crossing, id.to_string()),
            also: also.to_vec(),
            id,
        }
    }
}
