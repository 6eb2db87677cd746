//! Exports in folders and files of this machine.

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use ledger_app::ports::{BillSource, Delivery, Reading, SourceError};
use ledger_core::money::MoneyError;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};

use crate::cur::files;
use crate::cur::places::local;
use crate::cur::reader::Reader;

/// The room for the header of a page.
const HEADER_BYTES: usize = 512;

/// Exports in folders and files of this machine.
///
/// - **Shape:** each path is a folder, such as a copy of the export's folder in S3, or a file.
/// - **Source:** a data export of the table `COST_AND_USAGE_REPORT`, as Parquet or as CSV with or
///   without gzip.
#[derive(Clone, Debug)]
pub struct CurFolder {
    paths: Vec<PathBuf>,
    is_line_by_line: bool,
}

impl CurFolder {
    /// Takes folders and files; nothing is opened yet.
    pub fn new(paths: Vec<PathBuf>) -> Self {
        CurFolder { paths, is_line_by_line: false }
    }

    /// Reads each line on its own and in full, also non-AI lines: slow, the reference that the fast
    /// path must agree with.
    #[must_use]
    pub fn line_by_line(self) -> Self {
        CurFolder { is_line_by_line: true, ..self }
    }

    /// The name of a file in messages: relative to the folder it was found in.
    fn short_name(&self, file: &str) -> Arc<str> {
        let path = Path::new(file);
        let relative = self
            .paths
            .iter()
            .filter_map(|root| path.strip_prefix(root).ok()?.to_str())
            .find(|it| !it.is_empty());
        let name = relative.or_else(|| path.file_name()?.to_str()).unwrap_or(file);
        name.into()
    }
}

impl BillSource for CurFolder {
    fn deliveries(&self) -> Result<Vec<Delivery>, SourceError> {
        local::find(&self.paths)
    }

    fn read(
        &self,
        delivery: &Delivery,
        sink: &mut dyn FnMut(Reading) -> Result<(), MoneyError>,
    ) -> Result<(), SourceError> {
        let mut reader = Reader::new(delivery, sink);
        reader.is_line_by_line = self.is_line_by_line;
        reader.read_files(&delivery.name, &delivery.files, |path, reader| {
            read_file(path, self.short_name(path), reader)
        })?;
        reader.finish(&delivery.name)
    }
}

fn read_file(path: &str, name: Arc<str>, reader: &mut Reader<'_>) -> Result<(), SourceError> {
    let unreachable = |source| SourceError::Unreachable { place: path.to_owned(), source };
    let mut file = File::open(path).map_err(unreachable)?;
    let mut start = Vec::new();
    file.by_ref().take(8).read_to_end(&mut start).map_err(unreachable)?;
    file.rewind().map_err(unreachable)?;
    if start.is_empty() {
        return Err(SourceError::Refused(files::empty_file(&name)));
    }
    if files::is_parquet(&start) {
        let bytes = file.metadata().map_err(unreachable)?.len();
        files::parquet::read(Positioned { file: Arc::new(file), bytes }, bytes, path, &name, reader)
    } else {
        files::csv::read(BufReader::new(file), files::is_gzip(&start), path, &name, reader)
    }
}

/// A file that several threads read at once, each in its own place.
struct Positioned {
    file: Arc<File>,
    bytes: u64,
}

impl Length for Positioned {
    fn len(&self) -> u64 {
        self.bytes
    }
}

impl ChunkReader for Positioned {
    type T = BufReader<From>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<BufReader<From>> {
        // Headers of pages are read this way, and are short.
        let from = From { file: Arc::clone(&self.file), at: start };
        Ok(BufReader::with_capacity(HEADER_BYTES, from))
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        let mut from = From { file: Arc::clone(&self.file), at: start };
        // A damaged file can state any length.
        let mut bytes = Vec::with_capacity(length.min(usize::try_from(self.bytes)?));
        let read = from.by_ref().take(length.try_into()?).read_to_end(&mut bytes)?;
        if read != length {
            let expected = format!("it ends after {read} of {length} bytes at {start}");
            return Err(ParquetError::EOF(expected));
        }
        Ok(bytes.into())
    }
}

/// Reads on from somewhere in a file, wherever other readers of the file are.
struct From {
    file: Arc<File>,
    at: u64,
}

impl Read for From {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read_at(buffer, self.at)?;
        self.at = self.at.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        Ok(read)
    }
}
