//! Who hears of alerts: contacts, the subscriptions of the topic, and a trial.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use ledger_app::contacts::{Contacts, parse_contacts};
use ledger_app::documents::applied_contacts;
use ledger_app::ports::{DocumentKind, DocumentStore as _, Notifier as _};
use ledger_app::subscriptions::{Step, Subscribed, reached, subscription_plan};
use ledger_app::trial::trial;
use ledger_aws::sns::SnsNotifier;
use ledger_aws::sns::subscriptions::TopicSubscriptions;
use ledger_core::audit::AuditAction;
use ledger_local::loopback::LoopbackServer;
use ledger_local::sns::SnsStandIn;
use serde_json::json;

use super::read_file;
use super::up::start_outbox;
use crate::args::{Format, NotifyCommand, SaidArgs, TopicArgs};
use crate::place::{OpenLedger, Place};
use crate::{Outcome, output};

/// Runs a command about contacts.
pub async fn notify(
    place: &Place,
    format: Format,
    command: &NotifyCommand,
) -> anyhow::Result<Outcome> {
    match command {
        NotifyCommand::Apply { file, said } => apply(place, file, said).await,
        NotifyCommand::List(topic) => list(place, format, topic).await,
        NotifyCommand::Subscribe { topic, dry_run } => subscribe(place, topic, *dry_run).await,
        NotifyCommand::Test { name, topic } => test(place, name, topic).await,
    }
}

async fn apply(place: &Place, file: &Path, said: &SaidArgs) -> anyhow::Result<Outcome> {
    let change = said.said()?.applies(AuditAction::ApplyContacts);
    let text = read_file(file)?;
    let contacts = parse_contacts(&text).with_context(|| file.display().to_string())?;
    let opened = place.open().await?;
    let applied = opened.ledger.apply(DocumentKind::Contacts, &text, change).await;
    opened.close().await;
    let (count, version) = (contacts.by_name.len(), applied?.version);
    output::line(&format!(
        "{count} contacts are version {version} now; `tollbook notify subscribe` makes their \
         subscriptions"
    ));
    Ok(Outcome::Done)
}

/// The topic that messages go to, with the ledger that says who is who.
struct Topic {
    opened: OpenLedger,
    contacts: Contacts,
    topic: TopicSubscriptions,
    /// The outbox of a ledger in a folder, which delivers nothing, and its server.
    outbox: Option<(SnsStandIn, LoopbackServer)>,
}

impl Topic {
    async fn open(place: &Place, args: &TopicArgs) -> anyhow::Result<Topic> {
        let is_table = matches!(place, Place::Table(_));
        ensure!(
            args.topic.is_some() || !is_table,
            "the topic is not known; expected --topic (or TOLLBOOK_TOPIC) with the output \
             AlertsTopicArn of the stack"
        );
        // The outbox of a folder has one writer, as its ledger has.
        let opened = place.open().await?;
        let contacts = applied_contacts(&opened.ledger).await?;
        if let Some(topic_arn) = &args.topic {
            let client = ledger_aws::connect::sns_client(None).await;
            let topic = TopicSubscriptions { client, topic_arn: topic_arn.clone() };
            return Ok(Topic { opened, contacts, topic, outbox: None });
        }
        let folder = place.database_file().and_then(|it| it.parent().map(Path::to_owned));
        let folder = folder.context("a ledger in a folder has one")?;
        let (SnsNotifier { client, topic_arn }, outbox, server) = start_outbox(&folder).await?;
        let topic = TopicSubscriptions { client, topic_arn };
        Ok(Topic { opened, contacts, topic, outbox: Some((outbox, server)) })
    }

    async fn close(self) {
        self.opened.close().await;
    }
}

async fn list(place: &Place, format: Format, args: &TopicArgs) -> anyhow::Result<Outcome> {
    let topic = Topic::open(place, args).await?;
    let existing = topic.topic.list().await?;
    let header = ["name", "by", "address", "state", "escalates_to", "weekly"];
    let mut rows = Vec::new();
    for (name, contact) in &topic.contacts.by_name {
        for endpoint in &contact.endpoints {
            let is_of = |it: &&Subscribed| {
                it.protocol == endpoint.protocol.as_str() && it.address == endpoint.address
            };
            let state = match existing.iter().find(is_of).map(|it| it.id.is_some()) {
                Some(true) => "subscribed",
                Some(false) => "waits for confirmation",
                None => "not subscribed",
            };
            let weekly = if contact.is_weekly { "yes" } else { "no" };
            let next = contact.escalate_to.as_deref().unwrap_or("");
            let (by, address) = (endpoint.protocol.as_str(), &*endpoint.address);
            rows.push([name, by, address, state, next, weekly].map(str::to_owned).to_vec());
        }
    }
    let has_none = topic.contacts.by_name.is_empty();
    topic.close().await;
    match format {
        Format::Table if has_none => output::line(
            "no contacts are applied; `tollbook notify --help` shows a file, and `tollbook notify \
             apply FILE` applies it",
        ),
        Format::Table => output::table(&header, &rows, 0),
        Format::Csv => output::csv(&header, &rows),
        Format::Json => {
            let object = |row: &Vec<String>| {
                let pairs =
                    header.iter().zip(row).map(|(name, it)| ((*name).to_owned(), json!(it)));
                serde_json::Value::Object(pairs.collect())
            };
            output::json(&json!({ "contacts": rows.iter().map(object).collect::<Vec<_>>() }))?;
        }
    }
    Ok(Outcome::Done)
}

async fn subscribe(place: &Place, args: &TopicArgs, dry_run: bool) -> anyhow::Result<Outcome> {
    let topic = Topic::open(place, args).await?;
    let existing = topic.topic.list().await?;
    let plan = subscription_plan(&topic.contacts, &existing);
    let would = if dry_run { "would be " } else { "" };
    for step in &plan.steps {
        if !dry_run {
            topic.topic.apply(step).await?;
        }
        let (says, endpoint, names) = match step {
            Step::Subscribe(endpoint, names) => ("subscribed", endpoint, names),
            Step::Refilter(_, endpoint, names) => ("given another filter", endpoint, names),
        };
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let (protocol, address) = (endpoint.protocol.as_str(), &endpoint.address);
        output::line(&format!("{protocol} {address} {would}{says}: {}", names.join(", ")));
    }
    for endpoint in &plan.waiting {
        let (protocol, address) = (endpoint.protocol.as_str(), &endpoint.address);
        output::line(&format!("{protocol} {address} waits for its confirmation"));
    }
    for other in &plan.others {
        let (protocol, address) = (&other.protocol, &other.address);
        output::line(&format!("{protocol} {address} was made by somebody else, and is left alone"));
    }
    if let Some((outbox, _)) = topic.outbox.as_ref().filter(|_| !dry_run) {
        outbox.confirm_all()?;
        output::line("this is the outbox of a folder: it confirms them, and delivers nothing");
    }
    output::line(&format!(
        "{} changes, {} as they should be, {} waiting",
        plan.steps.len(),
        plan.unchanged,
        plan.waiting.len()
    ));
    topic.close().await;
    Ok(Outcome::Done)
}

async fn test(place: &Place, name: &str, args: &TopicArgs) -> anyhow::Result<Outcome> {
    let topic = Topic::open(place, args).await?;
    let name: Arc<str> = name.into();
    let owners = topic.contacts.receivers(&name, None);
    let existing = topic.topic.list().await?;
    let TopicSubscriptions { client, topic_arn } = topic.topic.clone();
    let alert = trial(&owners, jiff::Timestamp::now());
    SnsNotifier { client, topic_arn }.publish(&alert).await?;
    output::line(&format!("a message of trial for {} was accepted", owners.join(", ")));
    let mut is_reached = false;
    for owner in &owners {
        let (now, waiting) = reached(owner, &topic.contacts, &existing);
        is_reached |= !now.is_empty();
        for it in now {
            output::line(&format!("  {owner}: {} {} gets it", it.protocol, it.address));
        }
        for it in waiting {
            let line = "does not get it before it is confirmed";
            output::line(&format!("  {owner}: {} {} {line}", it.protocol, it.address));
        }
    }
    let is_local = topic.outbox.is_some();
    topic.close().await;
    if !is_reached {
        output::line(
            "no subscription gets it; `tollbook notify subscribe` makes those of contacts",
        );
        return Ok(Outcome::Found);
    }
    if is_local {
        output::line("this is the outbox of a folder: it delivers nothing");
    }
    Ok(Outcome::Done)
}
