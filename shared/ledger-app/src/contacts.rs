//! `contacts.toml`: who is reached how, and who takes over.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ledger_core::budget::Budget;
use ledger_core::finding::{Finding, FindingCode};
use serde::Deserialize;

use crate::file_text::{check_name, entry_name};
use crate::rules_file::FileError;

/// Hours that an alert may wait for an answer before somebody else is asked: at most a month.
const ESCALATE_HOURS_MAX: u16 = 31 * 24;

/// Names that a finding lists.
const NAMES_SHOWN_MAX: usize = 5;

/// The contacts of owners and deputies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contacts {
    /// Gets what is for a name without a contact.
    pub fallback: Option<Arc<str>>,
    /// Hours after which an alert that was not acknowledged goes on to `escalate_to`.
    pub escalate_after_hours: Option<u16>,
    /// Messages of a day that a receiver gets one by one; all further ones come in digests.
    pub messages_per_day: Option<u16>,
    /// Whole units of a currency from which an anomaly is an alert; without it none is.
    pub anomalies_from: Option<u32>,
    /// The contacts by name.
    pub by_name: BTreeMap<Arc<str>, Contact>,
}

/// How one name is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    /// Its endpoints.
    pub endpoints: BTreeSet<Endpoint>,
    /// The name that an alert goes on to.
    pub escalate_to: Option<Arc<str>>,
    /// Whether it gets a digest of each week.
    pub is_weekly: bool,
    /// Whether it gets a message of each month's statement.
    pub has_statements: bool,
}

/// A place that messages are delivered to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Endpoint {
    /// The kind of place.
    pub protocol: Protocol,
    /// The address, URL or ARN.
    pub address: String,
}

/// A kind of place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// A mail.
    Email,
    /// A chat, or a program behind a URL.
    Https,
    /// A queue.
    Sqs,
    /// A function.
    Lambda,
}

impl Protocol {
    /// All of them.
    pub const ALL: [Protocol; 4] =
        [Protocol::Email, Protocol::Https, Protocol::Sqs, Protocol::Lambda];

    /// The word of the service that delivers.
    pub fn as_str(self) -> &'static str {
        match self {
            Protocol::Email => "email",
            Protocol::Https => "https",
            Protocol::Sqs => "sqs",
            Protocol::Lambda => "lambda",
        }
    }

    fn check(self, address: &str) -> Result<(), String> {
        let (is_good, expected) = match self {
            Protocol::Email => (is_mail(address), "a mail address such as `team@example.com`"),
            Protocol::Https => (address.starts_with("https://"), "a URL that begins with https://"),
            Protocol::Sqs => (is_arn_of(address, "sqs"), "the ARN of a queue"),
            Protocol::Lambda => (is_arn_of(address, "lambda"), "the ARN of a function"),
        };
        match is_good {
            true => Ok(()),
            false => Err(format!("`{}` has `{address}`; expected {expected}", self.key())),
        }
    }

    /// The key in the file.
    fn key(self) -> &'static str {
        match self {
            Protocol::Email => "mail",
            other => other.as_str(),
        }
    }
}

fn is_mail(text: &str) -> bool {
    let is_plain = !text.contains(char::is_whitespace);
    text.split_once('@').is_some_and(|(name, host)| {
        is_plain && !name.is_empty() && !host.contains('@') && !host.is_empty()
    })
}

fn is_arn_of(text: &str, service: &str) -> bool {
    let mut parts = text.split(':');
    parts.next() == Some("arn") && parts.nth(1) == Some(service) && parts.count() >= 3
}

impl Contacts {
    /// The names that messages for an owner and a deputy go to: those two, and the fallback where neither has
    /// a contact.
    pub fn receivers(&self, owner: &Arc<str>, deputy: Option<&Arc<str>>) -> Vec<Arc<str>> {
        let mut names: Vec<Arc<str>> = [owner].into_iter().chain(deputy).cloned().collect();
        if let Some(fallback) = &self.fallback
            && !names.iter().any(|it| self.is_reached(it))
        {
            names.push(Arc::clone(fallback));
        }
        let mut seen = BTreeSet::new();
        names.retain(|it| seen.insert(Arc::clone(it)));
        names
    }

    /// Whether a name has a place that messages are delivered to.
    fn is_reached(&self, name: &str) -> bool {
        self.by_name.get(name).is_some_and(|it| !it.endpoints.is_empty())
    }

    /// The name that an alert of these receivers goes on to, unless it is one of them.
    pub fn escalation_of(&self, receivers: &[Arc<str>]) -> Option<&Arc<str>> {
        let contacts = receivers.iter().filter_map(|it| self.by_name.get(it));
        let mut next = contacts.filter_map(|it| it.escalate_to.as_ref());
        next.find(|it| !receivers.contains(it))
    }

    /// A finding where owners of budgets have neither a contact nor a fallback; none while there are no
    /// contacts at all.
    pub fn findings(&self, budgets: &[Budget]) -> Vec<Finding> {
        if self.fallback.is_some() || self.by_name.is_empty() {
            return Vec::new();
        }
        let is_missing = |it: &&Budget| {
            let names = [Some(&it.owner), it.deputy.as_ref()];
            !names.into_iter().flatten().any(|it| self.is_reached(it))
        };
        let missing: BTreeSet<&str> =
            budgets.iter().filter(is_missing).map(|it| &*it.owner).collect();
        if missing.is_empty() {
            return Vec::new();
        }
        let mut names: Vec<String> =
            missing.iter().take(NAMES_SHOWN_MAX).map(|it| format!("`{it}`")).collect();
        if missing.len() > NAMES_SHOWN_MAX {
            names.push(format!("{} more", missing.len() - NAMES_SHOWN_MAX));
        }
        let message = format!(
            "owners of budgets have no contact, and there is no fallback: {}; add them to \
             contacts.toml, or name a `fallback`",
            names.join(", ")
        );
        vec![Finding { code: FindingCode::ContactMissing, message }]
    }
}

/// Reads and checks the text of a contacts file.
///
/// # Errors
///
/// [`FileError`]: the first thing that is wrong, with its contact.
pub fn parse_contacts(text: &str) -> Result<Contacts, FileError> {
    let file: ContactsFile = toml::from_str(text).map_err(FileError::toml)?;
    let mut by_name = BTreeMap::new();
    for (at, entry) in file.contact.iter().enumerate() {
        let at =
            |message| FileError(format!("{}: {message}", entry_name("contact", at, &entry.name)));
        let contact = entry.contact().map_err(at)?;
        if by_name.insert(Arc::from(entry.name.as_str()), contact).is_some() {
            return Err(at("the name is used twice; expected a unique name".to_owned()));
        }
    }
    let known = |key: &str, name: &Option<String>| match name {
        Some(name) if !by_name.contains_key(name.as_str()) => {
            Err(FileError(format!("`{key}` is `{name}`, and there is no such contact")))
        }
        name => Ok(name.as_deref().map(Arc::from)),
    };
    let fallback = known("fallback", &file.fallback)?;
    for entry in &file.contact {
        known("escalate_to", &entry.escalate_to)?;
    }
    if let Some(hours) = file.escalate_after_hours
        && !(1..=ESCALATE_HOURS_MAX).contains(&hours)
    {
        return Err(FileError(format!(
            "`escalate_after_hours` is {hours}; expected 1 to {ESCALATE_HOURS_MAX}"
        )));
    }
    if file.messages_per_day == Some(0) {
        return Err(FileError("`messages_per_day` is 0; expected at least 1".to_owned()));
    }
    if file.anomalies_from.is_some() && fallback.is_none() {
        return Err(FileError(
            "`anomalies_from` needs a `fallback`, who gets anomalies that are of no owner"
                .to_owned(),
        ));
    }
    if file.escalate_after_hours.is_none()
        && let Some(entry) = file.contact.iter().find(|it| it.escalate_to.is_some())
    {
        return Err(FileError(format!(
            "contact `{}` has `escalate_to`, and the file has no `escalate_after_hours`; expected both",
            entry.name
        )));
    }
    Ok(Contacts {
        fallback,
        escalate_after_hours: file.escalate_after_hours,
        messages_per_day: file.messages_per_day,
        anomalies_from: file.anomalies_from,
        by_name,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ContactsFile {
    fallback: Option<String>,
    escalate_after_hours: Option<u16>,
    messages_per_day: Option<u16>,
    anomalies_from: Option<u32>,
    #[serde(default)]
    contact: Vec<ContactEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ContactEntry {
    name: String,
    #[serde(default)]
    mail: Vec<String>,
    #[serde(default)]
    https: Vec<String>,
    #[serde(default)]
    sqs: Vec<String>,
    #[serde(default)]
    lambda: Vec<String>,
    escalate_to: Option<String>,
    #[serde(default)]
    weekly: bool,
    #[serde(default)]
    statements: bool,
}

impl ContactEntry {
    fn contact(&self) -> Result<Contact, String> {
        if self.name.trim().is_empty() {
            return Err("`name` is empty; expected the name of an owner".to_owned());
        }
        check_name("name", &self.name)?;
        let mut endpoints = BTreeSet::new();
        for protocol in Protocol::ALL {
            for address in self.addresses(protocol) {
                check_name(protocol.key(), address)?;
                protocol.check(address)?;
                endpoints.insert(Endpoint { protocol, address: address.clone() });
            }
        }
        let escalate_to = self.escalate_to.as_deref().map(Arc::from);
        let (is_weekly, has_statements) = (self.weekly, self.statements);
        Ok(Contact { endpoints, escalate_to, is_weekly, has_statements })
    }

    fn addresses(&self, protocol: Protocol) -> &[String] {
        match protocol {
            Protocol::Email => &self.mail,
            Protocol::Https => &self.https,
            Protocol::Sqs => &self.sqs,
            Protocol::Lambda => &self.lambda,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
        fallback = "finops"
        escalate_after_hours = 24
        messages_per_day = 20

        [[contact]]
        name = "search"
        mail = ["search@example.com"]
        sqs = ["arn:aws:sqs:us-east-1:123456789012:search"]
        escalate_to = "finops"
        weekly = true

        [[contact]]
        name = "finops"
        https = ["https://example.com/alerts"]
    "#;

    fn names(names: &[Arc<str>]) -> Vec<&str> {
        names.iter().map(|it| &**it).collect()
    }

    #[test]
    fn messages_go_to_owner_and_deputy_and_otherwise_to_the_fallback() {
        let contacts = parse_contacts(FILE).unwrap();
        for (owner, deputy, expected) in [
            ("search", None, vec!["search"]),
            ("search", Some("chat"), vec!["search", "chat"]),
            ("chat", Some("search"), vec!["chat", "search"]),
            ("chat", Some("chat"), vec!["chat", "finops"]),
            ("finops", None, vec!["finops"]),
        ] {
            let (owner, deputy) = (Arc::from(owner), deputy.map(Arc::from));
            let receivers = contacts.receivers(&owner, deputy.as_ref());
            assert_eq!(names(&receivers), expected);
        }
        let nothing = Contacts::default().receivers(&"chat".into(), None);
        assert_eq!(names(&nothing), ["chat"]);
    }

    #[test]
    fn an_alert_goes_on_to_somebody_else() {
        let contacts = parse_contacts(FILE).unwrap();
        let next = |names: &[&str]| {
            let names: Vec<Arc<str>> = names.iter().map(|it| Arc::from(*it)).collect();
            contacts.escalation_of(&names).map(ToString::to_string)
        };
        assert_eq!(next(&["search"]).as_deref(), Some("finops"));
        assert_eq!(next(&["search", "finops"]), None);
        assert_eq!(next(&["chat"]), None);
    }

    #[test]
    fn a_file_that_is_wrong_is_refused_with_the_place() {
        for (change, to, expected) in [
            ("fallback = \"finops\"", "fallback = \"ops\"", "`fallback` is `ops`"),
            ("escalate_to = \"finops\"", "escalate_to = \"x\"", "`escalate_to` is `x`"),
            ("escalate_after_hours = 24", "", "`escalate_after_hours`; expected both"),
            ("= 24", "= 0", "expected 1 to 744"),
            ("= 20", "= 0", "`messages_per_day` is 0"),
            ("fallback = \"finops\"", "anomalies_from = 5", "`anomalies_from` needs a `fallback`"),
            ("search@example.com", "search", "contact `search`: `mail` has `search`; expected"),
            ("https://", "http://", "contact `finops`: `https` has `http://example.com/alerts`"),
            ("arn:aws:sqs", "arn:aws:sns", "expected the ARN of a queue"),
            ("weekly = true", "wekly = true", "unknown field `wekly`"),
            ("name = \"finops\"", "name = \"search\"", "the name is used twice"),
            ("name = \"search\"", "name = \" \"", "`name` is empty"),
        ] {
            assert!(FILE.contains(change), "{change}");
            let err = parse_contacts(&FILE.replace(change, to)).unwrap_err().to_string();
            assert!(err.contains(expected), "{change}: {err}");
        }
    }
}
