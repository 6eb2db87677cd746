//! Tables as bytes, packed where that saves a write unit.

use std::borrow::Cow;
use std::io::{self, Read as _, Write as _};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

/// A table has one row at least, whatever its size; none of a bill comes near this.
const TABLE_BYTES_MAX: u64 = 16 << 20;

/// Bytes of a write request unit.
const WRITE_UNIT_BYTES: usize = 1024;

/// The first byte of a table that is not packed.
pub(super) const PLAIN: u8 = 0;

/// The first byte of a table that is packed as zlib.
pub(super) const ZLIB: u8 = 1;

/// Packs tables one after the other with one encoder, since a new one allocates 300 KB.
#[derive(Debug, Default)]
pub(super) struct Packer(Option<ZlibEncoder<Vec<u8>>>);

impl Packer {
    /// Packs a table where that saves a write unit. The same rows are the same bytes: neither the time
    /// nor the machine goes in, nor the tables before.
    pub(super) fn packed(&mut self, table: &[u8], key_bytes: usize) -> io::Result<Vec<u8>> {
        let names = "pkskttable".len();
        let units = |bytes: usize| (key_bytes + names + bytes).div_ceil(WRITE_UNIT_BYTES);
        let plain = [&[PLAIN], table].concat();
        if units(plain.len()) <= 1 {
            return Ok(plain);
        }
        let new = || ZlibEncoder::new(Vec::new(), Compression::default());
        let encoder = self.0.get_or_insert_with(new);
        encoder.reset(vec![ZLIB])?;
        encoder.write_all(table)?;
        encoder.try_finish()?;
        let zlib = std::mem::take(encoder.get_mut());
        Ok(if units(zlib.len()) < units(plain.len()) { zlib } else { plain })
    }
}

/// Unpacks a table that [`Packer::packed`] gave; an error says why it cannot be.
pub(super) fn unpacked(packed: &[u8]) -> Result<Cow<'_, [u8]>, String> {
    match packed.split_first() {
        Some((&PLAIN, table)) => Ok(Cow::Borrowed(table)),
        Some((&ZLIB, zlib)) => {
            let mut table = Vec::new();
            let outcome = ZlibDecoder::new(zlib).take(TABLE_BYTES_MAX).read_to_end(&mut table);
            outcome.map_err(|err| format!("`table` cannot be unpacked: {err}"))?;
            Ok(Cow::Owned(table))
        }
        Some((form, _)) => Err(format!("`table` is packed in form {form}, not 0 or 1")),
        None => Err("`table` is empty".to_owned()),
    }
}
