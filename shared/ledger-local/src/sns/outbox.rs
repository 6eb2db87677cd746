//! Topics and messages, and the files that outlive the process.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Seek, Write};
use std::ops::Bound;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Subscriptions;
use super::publish::Draft;
use super::subscriptions::{Subscription, deliveries};

/// A message that was accepted.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct OutboxMessage {
    /// The id that the publisher was answered; unique in an outbox.
    pub message_id: String,
    /// The topic it was published to.
    pub topic_arn: String,
    /// `Subject`, if there is one.
    pub subject: Option<String>,
    /// `Message`, as it was sent: with `MessageStructure=json` the whole object.
    pub message: String,
    /// `MessageAttributes`, name to value. A `Number` is its text, a `Binary` its base64.
    pub attributes: BTreeMap<String, String>,
    /// The data type of each, such as `Number`. Messages of earlier releases have none.
    #[serde(default)]
    pub attribute_types: BTreeMap<String, String>,
    /// Whether it has a text for each protocol.
    #[serde(default)]
    pub is_structured: bool,
    /// The subscriptions in force that take it, as `PROTOCOL:ADDRESS`.
    #[serde(default)]
    pub delivered_to: Vec<String>,
    /// When it was accepted, in RFC 3339 and UTC.
    pub received_at: String,
}

impl OutboxMessage {
    /// The text that a subscription of a protocol gets.
    #[must_use]
    pub fn text_for(&self, protocol: &str) -> String {
        let texts = || serde_json::from_str::<BTreeMap<String, serde_json::Value>>(&self.message);
        let texts = self.is_structured.then(texts).and_then(Result::ok);
        let text = texts.as_ref().and_then(|it| {
            let of_protocol = it.get(protocol).and_then(serde_json::Value::as_str);
            of_protocol.or_else(|| it.get("default")?.as_str())
        });
        text.unwrap_or(&self.message).to_owned()
    }
}

/// Everything SNS knows. Without files it is gone with the process.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    topics: BTreeSet<String>,
    messages: Vec<OutboxMessage>,
    subscriptions: Vec<Subscription>,
    files: Option<Files>,
}

#[derive(Debug)]
struct Files {
    topics: Lines,
    messages: Lines,
    subscriptions: Lines,
}

impl Outbox {
    pub fn open(dir: &Path) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        let (topic_lines, topics) = Lines::open(&dir.join("topics.txt"))?;
        let path = dir.join("outbox.jsonl");
        let (message_lines, messages) = Lines::open(&path)?;
        let messages = records(&path, "message", &messages)?;
        let path = dir.join("subscriptions.jsonl");
        let (subscription_lines, changes) = Lines::open(&path)?;
        let mut subscriptions: Vec<Subscription> = Vec::new();
        for change in records::<Subscription>(&path, "subscription", &changes)? {
            match subscriptions.iter_mut().find(|it| it.arn == change.arn) {
                Some(known) => *known = change,
                None => subscriptions.push(change),
            }
        }
        let files = Files {
            topics: topic_lines,
            messages: message_lines,
            subscriptions: subscription_lines,
        };
        Ok(Self {
            topics: topics.into_iter().collect(),
            messages,
            subscriptions,
            files: Some(files),
        })
    }

    pub fn messages(&self) -> &[OutboxMessage] {
        &self.messages
    }

    pub fn subscriptions(&self) -> &[Subscription] {
        &self.subscriptions
    }

    /// Keeps those of these subscriptions that are new or changed.
    pub fn keep_subscriptions(&mut self, all: Vec<Subscription>) -> io::Result<()> {
        for changed in all.iter().filter(|it| !self.subscriptions.contains(it)) {
            if let Some(files) = &mut self.files {
                files.subscriptions.append(&serde_json::to_string(changed)?)?;
            }
        }
        self.subscriptions = all;
        Ok(())
    }

    /// How many subscriptions a topic has.
    pub fn counted(&self, topic_arn: &str) -> Subscriptions {
        let mut counted = Subscriptions::default();
        for subscription in self.subscriptions.iter().filter(|it| it.topic_arn == topic_arn) {
            match subscription.is_pending {
                true => counted.pending += 1,
                false => counted.confirmed += 1,
            }
        }
        counted
    }

    pub fn has_topic(&self, topic_arn: &str) -> bool {
        self.topics.contains(topic_arn)
    }

    /// The topics that sort behind one, or all behind an empty text.
    pub fn topics_behind(&self, topic_arn: &str) -> impl Iterator<Item = &String> {
        self.topics.range::<str, _>((Bound::Excluded(topic_arn), Bound::Unbounded))
    }

    pub fn add_topic(&mut self, topic_arn: &str) -> io::Result<()> {
        if self.has_topic(topic_arn) {
            return Ok(());
        }
        if let Some(files) = &mut self.files {
            files.topics.append(topic_arn)?;
        }
        self.topics.insert(topic_arn.to_owned());
        Ok(())
    }

    /// Keeps a message and gives it an id. After an error it is not in the outbox.
    pub fn append(&mut self, draft: Draft) -> io::Result<String> {
        let delivered_to = deliveries(&draft, &self.subscriptions);
        let message = OutboxMessage {
            message_id: format!("00000000-0000-4000-a000-{:012x}", self.messages.len() + 1),
            topic_arn: draft.topic_arn,
            subject: draft.subject,
            message: draft.message,
            attributes: draft.attributes,
            attribute_types: draft.attribute_types,
            is_structured: draft.is_structured,
            delivered_to,
            received_at: jiff::Timestamp::now().to_string(),
        };
        if let Some(files) = &mut self.files {
            files.messages.append(&serde_json::to_string(&message)?)?;
        }
        let message_id = message.message_id.clone();
        self.messages.push(message);
        Ok(message_id)
    }
}

/// The records of the lines of a file.
fn records<T: DeserializeOwned>(path: &Path, noun: &str, lines: &[String]) -> io::Result<Vec<T>> {
    let read = |(index, line): (usize, &String)| {
        serde_json::from_str(line).map_err(|err| {
            let place = format!("{}:{}", path.display(), index + 1);
            let text = format!("{place}: the line is not a {noun}; {err}");
            io::Error::new(io::ErrorKind::InvalidData, text)
        })
    };
    lines.iter().enumerate().map(read).collect()
}

/// A file of whole lines.
#[derive(Debug)]
struct Lines {
    file: File,
    /// The length up to the end of the last whole line.
    length_bytes: u64,
}

impl Lines {
    /// Opens or makes a file, drops a last line without its end, and reads the others.
    fn open(path: &Path) -> io::Result<(Self, Vec<String>)> {
        // Alerts name owners and amounts: they are for this user alone.
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = options.open(path)?;
        // One that is there may be of a release that let others read it.
        file.set_permissions(Permissions::from_mode(0o600))?;
        // Bytes, because a line can be cut within a letter.
        let text = fs::read(path)?;
        let length = text.iter().rposition(|it| *it == b'\n').map_or(0, |last| last + 1);
        let whole = text.get(..length).unwrap_or_default();
        let whole = std::str::from_utf8(whole)
            .map_err(|err| io::Error::new(io::ErrorKind::InvalidData, err))?;
        let length_bytes = length as u64;
        file.set_len(length_bytes)?;
        file.seek(io::SeekFrom::Start(length_bytes))?;
        Ok((Self { file, length_bytes }, whole.lines().map(str::to_owned).collect()))
    }

    /// Writes a line and waits until it is on disk. After an error the file is as it was.
    fn append(&mut self, line: &str) -> io::Result<()> {
        let line = format!("{line}\n");
        let written = self.file.write_all(line.as_bytes()).and_then(|()| self.file.sync_all());
        if let Err(err) = written {
            self.file.set_len(self.length_bytes)?;
            self.file.seek(io::SeekFrom::Start(self.length_bytes))?;
            return Err(err);
        }
        self.length_bytes += line.len() as u64;
        Ok(())
    }
}
