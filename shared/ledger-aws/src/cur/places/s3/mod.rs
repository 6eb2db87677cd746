//! Objects of a bucket, and their bytes in ranges.

pub(crate) mod chunks;
pub(crate) mod store;

pub(crate) use self::chunks::Chunks;
pub(crate) use self::store::{Object, Store};
