//! Files of bills. A file is recognised by its first bytes, never by its name.

mod cell_text;
pub(crate) mod csv;
pub(crate) mod parquet;

/// Whether a file begins as Parquet does.
pub(crate) fn is_parquet(start: &[u8]) -> bool {
    start.starts_with(b"PAR1")
}

/// Whether a file begins as gzip does.
pub(crate) fn is_gzip(start: &[u8]) -> bool {
    start.starts_with(&[0x1f, 0x8b])
}

/// The message about a file of zero bytes.
pub(crate) fn empty_file(name: &str) -> String {
    format!("`{name}` is empty; expected Parquet or CSV of a cost and usage export")
}
