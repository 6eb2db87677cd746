//! Exports in S3, and the choice by size between reading files here and asking Athena.

use std::collections::BTreeMap;
use std::io::BufReader;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_sdk_s3::Client;
use ledger_app::ports::{BillSource, Delivery, Reading, SourceError};
use ledger_core::money::MoneyError;

use crate::cur::files;
use crate::cur::places::athena::Athena;
use crate::cur::places::manifest::{
    MANIFEST_BYTES_MAX, MANIFEST_END, Manifest, newest_of_each_month,
};
use crate::cur::places::s3::{Chunks, Object, Store};
use crate::cur::reader::Reader;

/// Each data file costs a request before the first is read.
const FILES_MAX: usize = 10_000;

/// Below this, data files that are younger than their manifest were copied with it; AWS leaves
/// hours between two deliveries of a month.
const COPIED_WITHIN_SECONDS: i64 = 600;

/// A cost and usage export in a bucket.
///
/// - **Shape:** one manifest and the data files that it names in the same bucket; or a folder, of
///   which the newest manifest of each month counts.
/// - **Invariant:** all that is read of a file is of one version of it. What is overwritten in the
///   meantime is a [`SourceError::Changing`], never a mixture.
/// - **Invariant:** memory does not grow with the export: files are read in ranges, and of Parquet
///   only the columns that are needed.
///
/// Its methods wait for the network on the runtime they are called within, so that runtime must
/// have another thread at work, as it has when they run in `spawn_blocking`.
#[derive(Debug)]
pub struct S3Export {
    client: Client,
    bucket: String,
    place: Location,
    bytes_max: u64,
    athena: Option<Athena>,
    /// The data files as [`BillSource::deliveries`] saw them, by address.
    seen: Mutex<BTreeMap<String, Object>>,
}

#[derive(Debug)]
enum Location {
    Manifest(String),
    Folder(String),
}

/// A manifest in the bucket.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct ManifestObject {
    key: String,
    /// Seconds since 1970.
    written_at: i64,
}

impl AsRef<Path> for ManifestObject {
    fn as_ref(&self) -> &Path {
        Path::new(&self.key)
    }
}

impl S3Export {
    /// The delivery that a manifest closes; nothing is read yet.
    pub fn new(client: Client, bucket: String, manifest_key: String) -> S3Export {
        S3Export::at(client, bucket, Location::Manifest(manifest_key))
    }

    /// The export at an address: one manifest, or a folder with manifests.
    ///
    /// - **Shape:** `s3://bucket/prefix/…/export-Manifest.json` or `s3://bucket/prefix/`.
    ///
    /// # Errors
    ///
    /// [`SourceError::Refused`] when it is no such address.
    pub fn at_address(client: Client, address: &str) -> Result<S3Export, SourceError> {
        let parts = address.strip_prefix("s3://").map(|it| it.split_once('/').unwrap_or((it, "")));
        let Some((bucket, key)) = parts.filter(|(bucket, _)| !bucket.is_empty()) else {
            return Err(SourceError::Refused(format!(
                "`{address}` is no address in S3; expected the form `s3://bucket/prefix/`",
            )));
        };
        let place = if key.ends_with(MANIFEST_END) {
            Location::Manifest(key.to_owned())
        } else {
            Location::Folder(key.to_owned())
        };
        Ok(S3Export::at(client, bucket.to_owned(), place))
    }

    fn at(client: Client, bucket: String, place: Location) -> S3Export {
        let seen = Mutex::default();
        S3Export { client, bucket, place, bytes_max: u64::MAX, athena: None, seen }
    }

    /// Reads no delivery itself whose data files are larger than this together: it is asked of
    /// [Athena](S3Export::with_athena), or refused. Without a limit all are read.
    #[must_use]
    pub fn with_bytes_max(self, bytes_max: u64) -> S3Export {
        S3Export { bytes_max, ..self }
    }

    /// Asks Athena for what is larger than the limit.
    #[must_use]
    pub fn with_athena(self, athena: Athena) -> S3Export {
        S3Export { athena: Some(athena), ..self }
    }

    fn store(&self) -> Result<Store, SourceError> {
        Store::new(&self.client, &self.bucket)
    }

    /// The manifests that count.
    fn manifests(&self, store: &Store) -> Result<Vec<(ManifestObject, Manifest)>, SourceError> {
        let read = |key: String| {
            let address = store.address(&key);
            let object = store.whole(&key, MANIFEST_BYTES_MAX)?;
            let manifest = Manifest::parse(&object.start, &address)?;
            Ok((ManifestObject { key, written_at: object.modified_at }, manifest))
        };
        let prefix = match &self.place {
            Location::Manifest(key) => return Ok(vec![read(key.clone())?]),
            Location::Folder(prefix) => prefix,
        };
        let keys = store.keys(prefix, MANIFEST_END)?;
        if keys.is_empty() {
            return Err(SourceError::Refused(format!(
                "`{}` holds no manifest; expected an export with a file that ends in \
                 `{MANIFEST_END}`",
                store.address(prefix),
            )));
        }
        let all: Vec<_> = keys.into_iter().map(read).collect::<Result<_, _>>()?;
        Ok(newest_of_each_month(all).collect())
    }

    fn delivery(
        &self,
        store: &Store,
        found: &ManifestObject,
        manifest: &Manifest,
    ) -> Result<Delivery, SourceError> {
        let name = store.address(&found.key);
        let addresses = manifest.data_files(&name)?;
        if addresses.len() > FILES_MAX {
            return Err(SourceError::Refused(format!(
                "`{name}` names {} data files; expected at most {FILES_MAX}",
                addresses.len(),
            )));
        }
        let mut objects = BTreeMap::new();
        let mut files = Vec::new();
        for address in addresses {
            let key = self.key_of(address).ok_or_else(|| {
                SourceError::Refused(format!(
                    "`{name}` names `{address}`; expected data files in the same bucket, \
                     `s3://{}/…`",
                    self.bucket,
                ))
            })?;
            let address = store.address(key);
            // A file that is named twice is there once.
            if !objects.contains_key(&address) {
                objects.insert(address.clone(), data_file(store, key, &name, found)?);
                files.push(address);
            }
        }
        let bytes = objects.values().map(|it| it.bytes).fold(0, u64::saturating_add);
        if bytes > self.bytes_max && self.athena.is_none() {
            return Err(SourceError::Refused(format!(
                "`{name}` names data files of {bytes} bytes together; expected at most {}, as set \
                 by `MAX_EXPORT_BYTES`",
                self.bytes_max,
            )));
        }
        lock(&self.seen).append(&mut objects);
        Ok(Delivery {
            name,
            files,
            export: manifest.export(found.as_ref()),
            file_set: None,
            period: manifest.period(found.as_ref()),
            delivered_at: manifest.delivered_at(),
            is_complete: true,
            bytes,
        })
    }

    /// The key that an address names in this bucket.
    fn key_of<'a>(&self, address: &'a str) -> Option<&'a str> {
        match address.strip_prefix("s3://") {
            Some(rest) => rest.strip_prefix(&*self.bucket)?.strip_prefix('/'),
            None => Some(address),
        }
    }
}

impl BillSource for S3Export {
    fn deliveries(&self) -> Result<Vec<Delivery>, SourceError> {
        let store = self.store()?;
        let mut deliveries = Vec::new();
        for (found, manifest) in self.manifests(&store)? {
            deliveries.push(self.delivery(&store, &found, &manifest)?);
        }
        deliveries.sort_by(|left, right| {
            let key = |it: &Delivery| (it.period, it.delivered_at, it.name.clone());
            key(left).cmp(&key(right))
        });
        Ok(deliveries)
    }

    fn read(
        &self,
        delivery: &Delivery,
        sink: &mut dyn FnMut(Reading) -> Result<(), MoneyError>,
    ) -> Result<(), SourceError> {
        let store = self.store()?;
        let mut reader = Reader::new(delivery, sink);
        let object_at = |address: &String| {
            let object = lock(&self.seen).get(address).cloned();
            object.ok_or_else(|| {
                SourceError::Refused(format!("`{address}` is of no delivery of this export"))
            })
        };
        let athena = self.athena.as_ref().filter(|_| delivery.bytes > self.bytes_max);
        if let Some(athena) = athena {
            let objects = delivery.files.iter().map(object_at).collect::<Result<Vec<_>, _>>()?;
            athena.read_delivery(&store, &objects, delivery, &mut reader)?;
        } else {
            reader.read_files(&delivery.name, &delivery.files, |address, reader| {
                read_object(store.clone(), object_at(address)?, address, reader)
            })?;
        }
        reader.finish(&delivery.name)
    }
}

/// Meets a data file that a manifest names.
fn data_file(
    store: &Store,
    key: &str,
    manifest: &str,
    found: &ManifestObject,
) -> Result<Object, SourceError> {
    let address = store.address(key);
    // A copy can be under way, and a newer delivery can have fewer files.
    let Some(object) = store.probe(key)? else {
        return Err(SourceError::Changing(format!(
            "`{manifest}` names `{address}`, which is not there; expected all data files of the \
             delivery",
        )));
    };
    if object.bytes == 0 {
        return Err(SourceError::Refused(files::empty_file(&address)));
    }
    if object.modified_at.saturating_sub(found.written_at) > COPIED_WITHIN_SECONDS {
        return Err(SourceError::Changing(format!(
            "`{address}` was written after `{manifest}`, which names it: a newer delivery is on \
             its way; expected data files that are older than their manifest",
        )));
    }
    Ok(object)
}

fn read_object(
    store: Store,
    object: Object,
    address: &str,
    reader: &mut Reader<'_>,
) -> Result<(), SourceError> {
    let (name, bytes, start) = (object.key.clone(), object.bytes, object.start.clone());
    let chunks = Chunks::new(store, object);
    let outcome = if files::is_parquet(&start) {
        chunks.expect_parquet();
        files::parquet::read(chunks.clone(), bytes, address, &name, reader)
    } else {
        chunks.expect_all();
        let content = BufReader::new(chunks.read_from(0));
        files::csv::read(content, files::is_gzip(&start), address, &name, reader)
    };
    // The readers of the formats lose the network's own error.
    outcome.map_err(|error| chunks.take_failure().unwrap_or(error))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while it holds the lock, and each change is complete in itself.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
