//! Topics and messages, and the files that outlive the process.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Seek, Write};
use std::ops::Bound;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::publish::Draft;

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
    /// When it was accepted, in RFC 3339 and UTC.
    pub received_at: String,
}

/// Everything SNS knows. Without files it is gone with the process.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    topics: BTreeSet<String>,
    messages: Vec<OutboxMessage>,
    files: Option<Files>,
}

#[derive(Debug)]
struct Files {
    topics: Lines,
    messages: Lines,
}

impl Outbox {
    pub fn open(dir: &Path) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        let (topic_lines, topics) = Lines::open(&dir.join("topics.txt"))?;
        let path = dir.join("outbox.jsonl");
        let (message_lines, messages) = Lines::open(&path)?;
        let read = |(index, line): (usize, &String)| {
            serde_json::from_str(line).map_err(|err| {
                let place = format!("{}:{}", path.display(), index + 1);
                let text = format!("{place}: the line is not a message; {err}");
                io::Error::new(io::ErrorKind::InvalidData, text)
            })
        };
        let messages = messages.iter().enumerate().map(read).collect::<io::Result<Vec<_>>>()?;
        Ok(Self {
            topics: topics.into_iter().collect(),
            messages,
            files: Some(Files { topics: topic_lines, messages: message_lines }),
        })
    }

    pub fn messages(&self) -> &[OutboxMessage] {
        &self.messages
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
        let message = OutboxMessage {
            message_id: format!("00000000-0000-4000-a000-{:012x}", self.messages.len() + 1),
            topic_arn: draft.topic_arn,
            subject: draft.subject,
            message: draft.message,
            attributes: draft.attributes,
            attribute_types: draft.attribute_types,
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
