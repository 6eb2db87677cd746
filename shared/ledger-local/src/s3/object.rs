//! Files as objects.

use std::collections::BTreeMap;
use std::fs::File;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

use super::StandInError;

/// Bytes at each end of a file that its ETag is made from: a large file cannot be read whole for
/// each request.
const SAMPLED_BYTES: u64 = 64 << 10;

/// A file as it is now.
#[derive(Clone, Debug)]
pub(super) struct Object {
    path: PathBuf,
    pub bytes: u64,
    /// With its quotes.
    pub etag: String,
    pub modified: Timestamp,
}

/// The requested part of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub start: u64,
    pub length: u64,
    /// Whether a range was asked for.
    pub is_part: bool,
}

impl Object {
    pub(super) fn open(path: &Path) -> io::Result<Object> {
        let mut file = File::open(path)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::ErrorKind::NotFound.into());
        }
        let bytes = metadata.len();
        let modified = metadata.modified()?;
        let mut sampled = Vec::new();
        file.by_ref().take(SAMPLED_BYTES).read_to_end(&mut sampled)?;
        file.seek(SeekFrom::Start(bytes.saturating_sub(SAMPLED_BYTES)))?;
        file.by_ref().take(SAMPLED_BYTES).read_to_end(&mut sampled)?;
        let mut hasher = DefaultHasher::new();
        (bytes, modified, sampled).hash(&mut hasher);
        // In the form of a multipart upload's, so that no client takes it for the MD5 of the
        // content.
        let etag = format!("\"{:032x}-1\"", hasher.finish());
        let modified = Timestamp::try_from(modified).map_err(io::Error::other)?;
        Ok(Object { path: path.to_owned(), bytes, etag, modified })
    }

    /// The part that a `Range` header asks for; as in S3, the whole object if it cannot be read.
    pub(super) fn span(&self, range: Option<&str>) -> Result<Span, StandInError> {
        let all = Span { start: 0, length: self.bytes, is_part: false };
        let bounds = range.and_then(|it| it.strip_prefix("bytes=")?.split_once('-'));
        let Some((first, last)) = bounds else {
            return Ok(all);
        };
        let number = |text: &str| text.parse::<u64>().ok();
        let (start, end) = match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last => (first, last.saturating_add(1)),
            (Some(first), None) if last.is_empty() => (first, u64::MAX),
            (None, Some(count)) if first.is_empty() => (self.bytes.saturating_sub(count), u64::MAX),
            _ => return Ok(all),
        };
        let length = end.min(self.bytes).saturating_sub(start);
        if length == 0 {
            return Err(StandInError::InvalidRange);
        }
        Ok(Span { start, length, is_part: true })
    }

    pub(super) fn read(&self, span: Span) -> io::Result<Vec<u8>> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(span.start))?;
        let mut content = Vec::new();
        file.take(span.length).read_to_end(&mut content)?;
        Ok(content)
    }

    /// The time as in a `Last-Modified` header.
    pub(super) fn modified_http(&self) -> String {
        DateTimePrinter::new().timestamp_to_rfc9110_string(&self.modified).unwrap_or_default()
    }
}

/// All files below a folder by key, in the order of S3.
pub(super) fn keys(bucket: &Path) -> io::Result<BTreeMap<String, Object>> {
    let mut keys = BTreeMap::new();
    let mut folders = vec![bucket.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let key = path.strip_prefix(bucket).ok().and_then(Path::to_str);
            if let Some(key) = key {
                keys.insert(key.replace('\\', "/"), Object::open(&path)?);
            }
        }
    }
    Ok(keys)
}
