//! An object of S3 as a file to read anywhere in: only what is needed is fetched, in ranges.

use std::io::{self, Read};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Buf, Bytes, BytesMut};
use ledger_app::ports::SourceError;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataReader};
use parquet::file::reader::{ChunkReader, Length};

use super::store::{Object, Store};
use crate::cur::meaning::columns::Column;

/// The size of one request: at S3's usual speed it takes about as long as its answer takes to
/// begin. Each column that is larger holds this much at a time.
const WINDOW: u64 = 2 << 20;

/// A gap between two columns that costs less to fetch than another request does.
const GAP: u64 = 64 << 10;

/// The longest range of one request: longer ones are put together.
const RANGE_MAX: u64 = 4 << 20;

/// The footer of most files, in one request.
const TAIL: u64 = 64 << 10;

/// No page and no footer of a bill is nearly as large: a length beyond it is no length.
const PIECE_MAX: u64 = 256 << 20;

/// Row groups whose bytes are held: a batch of rows can begin in one and end in the next.
const ROW_GROUPS_HELD: usize = 2;

/// An object that is read in ranges. Clones share what is held of it.
#[derive(Clone, Debug)]
pub(crate) struct Chunks(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    store: Store,
    object: Object,
    held: Mutex<Held>,
    failure: Mutex<Option<SourceError>>,
}

#[derive(Debug, Default)]
struct Held {
    /// The ranges that will be read, in the order of the object.
    spans: Vec<Span>,
    /// The end of the object, as far back as it was asked for.
    tail: Piece,
}

/// A part of the object that is read from its start to its end.
#[derive(Debug)]
struct Span {
    range: Range<u64>,
    row_group: usize,
    piece: Piece,
}

/// Bytes and where they begin.
#[derive(Clone, Debug, Default)]
struct Piece {
    start: u64,
    bytes: Bytes,
}

impl Piece {
    /// The bytes that are held from here on.
    fn from(&self, at: u64) -> Option<Bytes> {
        let skipped = usize::try_from(at.checked_sub(self.start)?).ok()?;
        (skipped < self.bytes.len()).then(|| self.bytes.slice(skipped..))
    }
}

impl Chunks {
    pub(crate) fn new(store: Store, object: Object) -> Chunks {
        let (held, failure) = (Mutex::default(), Mutex::default());
        Chunks(Arc::new(Shared { store, object, held, failure }))
    }

    /// Prepares for the columns that are needed. What is wrong with a file is for its reader to say.
    pub(crate) fn expect_parquet(&self) {
        if let Ok(metadata) = ParquetMetaDataReader::new().parse_and_finish(self) {
            lock(&self.0.held).spans = spans(&metadata);
        }
    }

    /// Prepares for all of it, from the start to the end.
    pub(crate) fn expect_all(&self) {
        let range = 0..self.0.object.bytes;
        lock(&self.0.held).spans = vec![Span { range, row_group: 0, piece: Piece::default() }];
    }

    /// Reads on from here.
    pub(crate) fn read_from(&self, at: u64) -> ChunkRead {
        ChunkRead { chunks: self.clone(), at, bytes: Bytes::new() }
    }

    /// Why the last bytes could not be had.
    pub(crate) fn take_failure(&self) -> Option<SourceError> {
        lock(&self.0.failure).take()
    }

    /// Bytes from here on: at least `at_least`, and more if more are held.
    fn bytes_from(&self, at: u64, at_least: u64) -> io::Result<Bytes> {
        self.0.bytes_from(at, at_least).map_err(|error| {
            let text = error.to_string();
            lock(&self.0.failure).get_or_insert(error);
            io::Error::other(text)
        })
    }
}

impl Shared {
    fn bytes_from(&self, at: u64, at_least: u64) -> Result<Bytes, SourceError> {
        let end = at.saturating_add(at_least);
        if end > self.object.bytes || at_least > PIECE_MAX {
            return Err(SourceError::Refused(format!(
                "`{}` is damaged: it refers to {at_least} bytes at {at}, expected at most \
                 {PIECE_MAX} within its {} bytes; fetch it again",
                self.object.key, self.object.bytes,
            )));
        }
        let mut held = lock(&self.held);
        let Held { spans, tail } = &mut *held;
        if let Some(bytes) = tail.from(at).filter(|it| length_of(it) >= at_least) {
            return Ok(bytes);
        }
        let next = spans.partition_point(|it| it.range.end <= at);
        let Some(span) = spans.get_mut(next).filter(|it| it.range.start <= at) else {
            return self.unexpected(at, end, tail);
        };
        if end > span.range.end {
            return self.unexpected(at, end, tail);
        }
        if let Some(bytes) = span.piece.from(at).filter(|it| length_of(it) >= at_least) {
            return Ok(bytes);
        }
        self.fill(span, at, end)?;
        let (bytes, row_group) = (span.piece.from(at).unwrap_or_default(), span.row_group);
        let passed = |it: &&mut Span| it.row_group.saturating_add(ROW_GROUPS_HELD) <= row_group;
        spans.iter_mut().filter(passed).for_each(|it| it.piece = Piece::default());
        Ok(bytes)
    }

    /// Makes a span hold this range, and what comes after it.
    fn fill(&self, span: &mut Span, at: u64, end: u64) -> Result<(), SourceError> {
        let Range { start: first, end: last } = span.range;
        let last = last.min(self.object.bytes);
        if last.saturating_sub(first) <= WINDOW {
            span.piece = Piece { start: first, bytes: self.fetch(first, last)? };
            return Ok(());
        }
        // Bytes that are held are not fetched again.
        let known = span.piece.from(at).unwrap_or_default();
        let from = at.saturating_add(length_of(&known));
        let to = from.saturating_add(WINDOW).max(end).min(last);
        let bytes = joined(&known, self.fetch(from, to)?);
        span.piece = Piece { start: at, bytes };
        Ok(())
    }

    /// Bytes that no span expects: the footer, which is read from its end to its start, or a surprise.
    fn unexpected(&self, at: u64, end: u64, tail: &mut Piece) -> Result<Bytes, SourceError> {
        let all = self.object.bytes;
        let is_before_tail = !tail.bytes.is_empty() && at < tail.start && end >= tail.start;
        if is_before_tail {
            let bytes = self.fetch(at, tail.start)?;
            *tail = Piece { start: at, bytes: joined(&bytes, tail.bytes.clone()) };
        } else if tail.bytes.is_empty() && at >= all.saturating_sub(TAIL) {
            let start = all.saturating_sub(TAIL);
            *tail = Piece { start, bytes: self.fetch(start, all)? };
        } else {
            return self.fetch(at, end);
        }
        Ok(tail.from(at).unwrap_or_default())
    }

    /// Asks for a range, in as many requests as it takes.
    fn fetch(&self, from: u64, to: u64) -> Result<Bytes, SourceError> {
        if to.saturating_sub(from) <= RANGE_MAX {
            return self.store.range(&self.object, from, to.saturating_sub(from));
        }
        let mut bytes = BytesMut::new();
        let mut at = from;
        while at < to {
            let next = at.saturating_add(RANGE_MAX).min(to);
            bytes.extend_from_slice(&self.store.range(
                &self.object,
                at,
                next.saturating_sub(at),
            )?);
            at = next;
        }
        Ok(bytes.freeze())
    }
}

/// The ranges of the needed columns: those of one row group that lie close together are one span.
fn spans(metadata: &ParquetMetaData) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for (row_group, group) in metadata.row_groups().iter().enumerate() {
        let mut ranges: Vec<Range<u64>> =
            group.columns().iter().filter(|it| is_needed(it)).filter_map(range_of).collect();
        ranges.sort_by_key(|it| it.start);
        for range in ranges {
            let before = spans.last_mut().filter(|it| {
                it.row_group == row_group
                    && it.range.end <= range.start
                    && range.start.saturating_sub(it.range.end) <= GAP
                    && range.end.saturating_sub(it.range.start) <= WINDOW
            });
            match before {
                Some(span) => span.range.end = range.end,
                None => spans.push(Span { range, row_group, piece: Piece::default() }),
            }
        }
    }
    spans
}

fn is_needed(chunk: &ColumnChunkMetaData) -> bool {
    let root = chunk.column_path().parts().first();
    root.is_some_and(|root| Column::ALL.into_iter().any(|it| it.name() == root))
}

/// The range of a column's pages; `None` if the file states an impossible one.
fn range_of(chunk: &ColumnChunkMetaData) -> Option<Range<u64>> {
    let start = chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset());
    let (start, length) =
        (u64::try_from(start).ok()?, u64::try_from(chunk.compressed_size()).ok()?);
    Some(start..start.checked_add(length)?)
}

impl Length for Chunks {
    fn len(&self) -> u64 {
        self.0.object.bytes
    }
}

impl ChunkReader for Chunks {
    type T = ChunkRead;

    fn get_read(&self, start: u64) -> Result<ChunkRead, ParquetError> {
        Ok(self.read_from(start))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let at_least = u64::try_from(length).unwrap_or(u64::MAX);
        let mut bytes = self.bytes_from(start, at_least)?;
        bytes.truncate(length);
        Ok(bytes)
    }
}

/// Reads on from somewhere in an object.
#[derive(Debug)]
pub(crate) struct ChunkRead {
    chunks: Chunks,
    at: u64,
    bytes: Bytes,
}

impl Read for ChunkRead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.bytes.is_empty() && self.at < self.chunks.len() && !buffer.is_empty() {
            // Bytes that were read must not stay in memory while more are fetched.
            self.bytes = Bytes::new();
            self.bytes = self.chunks.bytes_from(self.at, 1)?;
        }
        let length = buffer.len().min(self.bytes.len());
        self.bytes.copy_to_slice(buffer.get_mut(..length).unwrap_or_default());
        self.at = self.at.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
        Ok(length)
    }
}

fn joined(first: &Bytes, second: Bytes) -> Bytes {
    if first.is_empty() {
        return second;
    }
    let mut both = BytesMut::with_capacity(first.len().saturating_add(second.len()));
    both.extend_from_slice(first);
    both.extend_from_slice(&second);
    both.freeze()
}

fn length_of(bytes: &Bytes) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while it holds a lock, and each change is complete in itself.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
