//! Places of deliveries: a folder of this machine, a bucket, or a bucket that Athena reads for us.

pub(crate) mod athena;
pub(crate) mod folder;
pub(crate) mod local;
pub(crate) mod manifest;
mod s3;
pub(crate) mod s3_export;
