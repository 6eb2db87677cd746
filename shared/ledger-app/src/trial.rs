//! A message that tries whether a receiver is reached.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ledger_core::budget::{Alert, AlertId, DigestKind};
use ledger_core::message::{Headline, Message};

use crate::alert_document;

/// A message of trial. It is published once and not kept, so it has the identity of a digest that no evaluation makes.
pub fn trial(receivers: &[Arc<str>], at: Timestamp) -> Alert {
    let names: Vec<&str> = receivers.iter().map(|it| &**it).collect();
    let names = names.join(", ");
    let message = Message {
        headline: Headline {
            noun: "A trial for",
            name: names.clone(),
            says: ": alerts of Tollbook reach you.".to_owned(),
        },
        facts: vec![("Sent", at.strftime("%Y-%m-%d %H:%M UTC").to_string())],
        list_name: "It says",
        list: Vec::new(),
        no_entries: "nothing of costs",
        next: "nothing. No budget was judged for it.".to_owned(),
        command: "tollbook notify list".to_owned(),
    };
    let first = at.to_zoned(TimeZone::UTC).date();
    let receiver = receivers.first().cloned().unwrap_or_else(|| "".into());
    let id = AlertId::Digest { receiver, kind: DigestKind::Day, first, mark: "trial".into() };
    let attributes = [("alert_id", format!("test/{at}")), ("event", "test".to_owned())];
    let attributes = attributes.map(|(name, value)| (name.to_owned(), value));
    let alert = Alert {
        id,
        also: Vec::new(),
        receivers: receivers.to_vec(),
        subject: "[AI budget] a trial: alerts of Tollbook reach you".to_owned(),
        body: message.mail(None),
        chat: Some(message.chat(None)),
        document: None,
        attributes: BTreeMap::from(attributes),
    };
    alert_document::of_test(alert, at)
}
