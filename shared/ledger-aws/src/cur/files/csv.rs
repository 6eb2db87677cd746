//! Bills as CSV, with or without gzip.

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;
use std::sync::Arc;

use csv::ByteRecord;
use flate2::bufread::MultiGzDecoder;
use ledger_app::ports::{Reading, SourceError};
use ledger_core::finding::{Finding, FindingCode};
use ledger_core::line_item::Provenance;

use crate::cur::meaning::columns::{COUNT, Column};
use crate::cur::meaning::faults::NOT_UTF8;
use crate::cur::meaning::names::ColumnMap;
use crate::cur::meaning::row::RawLine;
use crate::cur::reader::Reader;

/// A row that a quote without an end swallows must not fill memory; AWS's rows are a few kilobytes.
/// One large cell stays below it and costs one row, not the file.
const ROW_LIMIT: u64 = 32 << 20;

/// Rows between two reports of progress.
const ROWS_PER_PROGRESS: u64 = 4096;

pub(crate) fn read(
    file: impl BufRead,
    is_gzip: bool,
    path: &str,
    name: &Arc<str>,
    reader: &mut Reader<'_>,
) -> Result<(), SourceError> {
    let raw_bytes = Rc::new(Cell::new(0));
    let counted = Counting { inner: file, count: Rc::clone(&raw_bytes), limit: u64::MAX };
    let content: Box<dyn Read + '_> = if is_gzip {
        Box::new(MultiGzDecoder::new(BufReader::new(counted)))
    } else {
        Box::new(counted)
    };
    let row_bytes = Rc::new(Cell::new(0));
    let content = Counting { inner: content, count: Rc::clone(&row_bytes), limit: ROW_LIMIT };
    let seen = Rc::new(Cell::new(Seen::default()));
    let content = Seeing { inner: content, seen: Rc::clone(&seen) };
    let mut content = BufReader::new(content);
    let source = Source { path, name, is_gzip };
    let start = content.fill_buf().map_err(|error| source.failed(error, 0))?.to_vec();
    let (separator, skipped) = separator_of(&start);
    content.consume(skipped);
    let start = start.get(..start.len().min(8)).unwrap_or_default().to_vec();

    let mut rows = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .from_reader(content);
    let mut record = ByteRecord::new();
    let has_header = rows.read_byte_record(&mut record);
    has_header.map_err(|error| source.csv_failed(error, 0))?;
    let header: Vec<String> =
        record.iter().map(|it| String::from_utf8_lossy(it).into_owned()).collect();
    let layout = columns_of(&header, &start, name, reader)?;
    let mut provenance = Provenance { file: Arc::clone(name), line: 0 };
    let mut reported = 0;
    let (mut height, mut width) = (0, 0);
    loop {
        row_bytes.set(0);
        let from = rows.position().line();
        let has_row = rows.read_byte_record(&mut record);
        if !has_row.map_err(|error| source.csv_failed(error, provenance.line))? {
            break;
        }
        width = record.len();
        height = rows.position().line().saturating_sub(from);
        provenance.line = provenance.line.saturating_add(1);
        reader.begin_row(height);
        row(&record, &header, &layout, &provenance, reader)?;
        if provenance.line.is_multiple_of(ROWS_PER_PROGRESS) {
            let bytes = raw_bytes.get();
            reader.emit(name, Reading::Progress(bytes.saturating_sub(reported)))?;
            reported = bytes;
        }
    }
    let is_short = width < header.len();
    check_end(seen.get(), provenance.line, height, is_short, name, reader)?;
    reader.emit(name, Reading::Progress(raw_bytes.get().saturating_sub(reported)))
}

/// The positions of the columns; refuses a file that is no export.
fn columns_of(
    header: &[String],
    start: &[u8],
    name: &str,
    reader: &mut Reader<'_>,
) -> Result<ColumnMap, SourceError> {
    let layout = ColumnMap::new(header.iter().map(String::as_str));
    let known_count = if is_text(start) { layout.known_count() } else { 0 };
    if known_count == 0 {
        return Err(SourceError::Refused(format!(
            "`{name}` is not a cost and usage export: it begins like {}; expected Parquet, or CSV \
             with a header line that has `{}`",
            looks_like(start),
            Column::Unblended.name(),
        )));
    }
    reader.check_columns(name, |column| layout.has(column))?;
    if layout.is_legacy() && !layout.has(Column::Principal) {
        let message = format!(
            "`{name}` is a cost and usage report of the kind before exports 2.0, which cannot name \
             callers; set up a data export 2.0 beside it"
        );
        reader
            .emit(name, Reading::Finding(Finding { code: FindingCode::LegacyReport, message }))?;
    }
    Ok(layout)
}

/// Separators of fields, the usual one first: spreadsheets of some languages write `;`.
const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The line in which spreadsheets say the separator, before the one after it.
const SEPARATOR_LINE: &[u8] = b"sep=";

/// The separator of a file that begins like this, and the number of bytes before its header.
fn separator_of(start: &[u8]) -> (u8, usize) {
    let marked = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    let line_end = marked.iter().position(|it| *it == b'\n');
    let line_end = line_end.filter(|_| marked.starts_with(SEPARATOR_LINE));
    let header = marked.get(line_end.map_or(0, |it| it + 1)..).unwrap_or_default();
    let known_count = |separator: u8| {
        let mut rows = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(separator)
            .from_reader(header);
        let mut record = ByteRecord::new();
        let _ = rows.read_byte_record(&mut record);
        let names: Vec<_> = record.iter().map(String::from_utf8_lossy).collect();
        ColumnMap::new(names.iter().map(AsRef::as_ref)).known_count()
    };
    // The first of those that are as good.
    let best = SEPARATORS.into_iter().rev().max_by_key(|it| known_count(*it));
    (best.unwrap_or(b','), start.len() - header.len())
}

/// Refuses a file whose last row, number `line`, is not whole or goes on for `height` lines.
fn check_end(
    Seen { quotes, last }: Seen,
    line: u64,
    height: u64,
    is_short: bool,
    name: &str,
    reader: &Reader<'_>,
) -> Result<(), SourceError> {
    let is_open = !quotes.is_multiple_of(2);
    // How many rows the last one has swallowed, or are missing after it, is not known.
    if is_open && height > 1 {
        return Err(SourceError::Refused(format!(
            "`{name}`: row {line} goes on for {height} lines to the end of the file; expected \
             every quote to be closed",
        )));
    }
    let is_cut = last != b'\n' && (is_open || is_short);
    if is_cut || reader.row_is_faulty && is_open {
        return Err(SourceError::Refused(format!(
            "`{name}` ends too early: line {line} is not whole, expected a whole CSV file; fetch \
             it again",
        )));
    }
    Ok(())
}

fn row(
    record: &ByteRecord,
    header: &[String],
    layout: &ColumnMap,
    provenance: &Provenance,
    reader: &mut Reader<'_>,
) -> Result<(), SourceError> {
    if record.len() != header.len() {
        let column = header.get(record.len()).or(header.last()).map_or("", String::as_str);
        let reason = format!("the line has {} fields; expected {}", record.len(), header.len());
        return reader.reject(provenance, column, reason);
    }
    let cell = |position: usize| {
        std::str::from_utf8(record.get(position).unwrap_or_default()).map_err(|_| NOT_UTF8)
    };
    let maps = [Column::Product, Column::Tags].map(|map| {
        let (text, fault) = layout.map(map, cell);
        (map, layout.is_apart(map).then_some(text), fault)
    });
    let cells = Column::ALL.map(|column| layout.position(column).map(cell).transpose());
    let mut raw = RawLine([None; COUNT]);
    let mut broken = Vec::new();
    for ((to, text), column) in raw.0.iter_mut().zip(cells).zip(Column::ALL) {
        *to = text.unwrap_or_else(|fault| {
            broken.push((column, fault));
            Some("")
        });
    }
    for (map, text, fault) in &maps {
        if let (Some(to), Some(text)) = (raw.0.get_mut(*map as usize), text) {
            *to = Some(text);
            broken.extend(fault.map(|it| (*map, it)));
        }
    }
    reader.row(&raw, &broken, provenance)
}

/// Whether a file begins with text in UTF-8: that of UTF-16 has zero bytes.
fn is_text(start: &[u8]) -> bool {
    !start.contains(&0)
}

/// Names what a file without our columns is.
fn looks_like(start: &[u8]) -> &'static str {
    match start {
        [0x89, b'P', b'N', b'G', ..] => "a PNG image",
        [b'P', b'K', 3, 4, ..] => {
            "a zip archive or an Excel workbook, from which CSV is to be taken"
        }
        [b'P', b'A', b'R', b'1', ..] => "Parquet within gzip",
        [b'%', b'P', b'D', b'F', ..] => "a PDF document",
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
            "UTF-16 text, as Excel saves `Unicode Text`, which is to be saved as `CSV UTF-8`"
        }
        [b'{' | b'[', ..] => "JSON",
        [b'O', b'R', b'C', ..] => "ORC",
        [b'O', b'b', b'j', 1, ..] => "Avro",
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "Zstandard, which is to be decompressed",
        [b'B', b'Z', b'h', ..] => "bzip2, which is to be decompressed",
        _ if start.contains(&0) => "a binary file",
        _ => "other text",
    }
}

/// The file, for messages.
struct Source<'a> {
    path: &'a str,
    name: &'a str,
    is_gzip: bool,
}

impl Source<'_> {
    fn csv_failed(&self, error: csv::Error, last_line: u64) -> SourceError {
        let text = error.to_string();
        match error.into_kind() {
            csv::ErrorKind::Io(error) => self.failed(error, last_line),
            _ => SourceError::Refused(format!("`{}` cannot be read as CSV: {text}", self.name)),
        }
    }

    fn failed(&self, error: io::Error, last_line: u64) -> SourceError {
        let name = self.name;
        if error.kind() == io::ErrorKind::FileTooLarge {
            return SourceError::Refused(format!(
                "`{name}`: the row after line {last_line} is larger than {ROW_LIMIT} bytes; \
                 expected every quote to be closed",
            ));
        }
        if self.is_gzip && error.kind() == io::ErrorKind::UnexpectedEof {
            return SourceError::Refused(format!(
                "`{name}` ends too early: line {last_line} is the last whole one, expected a whole \
                 gzip file; fetch it again",
            ));
        }
        let is_damage =
            matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput);
        if self.is_gzip && is_damage {
            return SourceError::Refused(format!(
                "`{name}` is damaged after line {last_line}: {error}, expected a whole gzip file; \
                 fetch it again",
            ));
        }
        SourceError::Unreachable { place: self.path.to_owned(), source: error }
    }
}

/// Counts what is read, up to a limit that others may reset.
struct Counting<R> {
    inner: R,
    count: Rc<Cell<u64>>,
    limit: u64,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.count.get() > self.limit {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let length = self.inner.read(buffer)?;
        let added = u64::try_from(length).unwrap_or(u64::MAX);
        self.count.set(self.count.get().saturating_add(added));
        Ok(length)
    }
}

/// The signs of a file that was cut off.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// Even if every quote is closed.
    quotes: u64,
    last: u8,
}

struct Seeing<R> {
    inner: R,
    seen: Rc<Cell<Seen>>,
}

impl<R: Read> Read for Seeing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        let read = buffer.get(..length).unwrap_or_default();
        let quotes = read.iter().filter(|it| **it == b'"').count();
        let mut seen = self.seen.get();
        seen.quotes = seen.quotes.saturating_add(u64::try_from(quotes).unwrap_or(u64::MAX));
        seen.last = read.last().copied().unwrap_or(seen.last);
        self.seen.set(seen);
        Ok(length)
    }
}
