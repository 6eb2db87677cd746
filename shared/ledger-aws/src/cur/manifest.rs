//! What a manifest says, wherever it is kept.
//!
//! Keys of S3 are taken as paths here: both name the month and the export in their folders.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use ledger_app::ports::SourceError;
use ledger_core::period::BillingPeriod;
use serde::Deserialize;

/// How the name of a manifest ends.
pub const MANIFEST_END: &str = "Manifest.json";

const PERIOD_FOLDER: &str = "BILLING_PERIOD=";

/// **Source:** `<export>-Manifest.json`, of which AWS publishes no schema.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Manifest {
    data_files: Vec<String>,
    created_at: Option<serde_json::Value>,
    billing_period: Option<serde_json::Value>,
}

impl Manifest {
    /// Reads a manifest; `place` is for the message.
    pub(super) fn parse(content: &[u8], place: &str) -> Result<Manifest, SourceError> {
        serde_json::from_slice(content).map_err(|error| {
            SourceError::Refused(format!(
                "`{place}` cannot be read: {error}; expected the manifest of a data export with \
                 `dataFiles`",
            ))
        })
    }

    /// The addresses of the data files, at least one.
    pub(super) fn data_files(&self, place: &str) -> Result<&[String], SourceError> {
        // To take an empty list for a whole month would wipe out the month.
        if self.data_files.is_empty() {
            return Err(SourceError::Refused(format!(
                "`{place}` names no data file; expected at least one in `dataFiles`",
            )));
        }
        Ok(&self.data_files)
    }

    /// When AWS wrote the delivery.
    pub(super) fn delivered_at(&self) -> Option<Timestamp> {
        self.created_at.as_ref()?.as_str()?.parse().ok()
    }

    /// The month it is for: the folder says it for sure.
    pub(super) fn period(&self, path: &Path) -> Option<BillingPeriod> {
        period_of(path).or_else(|| {
            let start = self.billing_period.as_ref()?.get("start")?.as_str()?;
            BillingPeriod::parse(start.get(..7)?).ok()
        })
    }
}

/// One manifest for each month of each export: the newest.
pub(super) fn newest_of_each_month<P: AsRef<Path> + Ord>(
    manifests: impl IntoIterator<Item = (P, Manifest)>,
) -> impl Iterator<Item = (P, Manifest)> {
    let mut by_month: BTreeMap<(PathBuf, Option<BillingPeriod>), (P, Manifest)> = BTreeMap::new();
    for (path, manifest) in manifests {
        let period = manifest.period(path.as_ref());
        let place = if period.is_some() { export_folder(path.as_ref()) } else { path.as_ref() };
        let key = (place.to_owned(), period);
        let is_newer = by_month.get(&key).is_none_or(|(other, than)| {
            (than.delivered_at(), other) < (manifest.delivered_at(), &path)
        });
        if is_newer {
            by_month.insert(key, (path, manifest));
        }
    }
    by_month.into_values()
}

/// The folder that holds `data` and `metadata`.
pub(super) fn export_folder(manifest: &Path) -> &Path {
    let metadata = manifest.ancestors().find(|it| name_of(it) == "metadata");
    let folder = metadata.or_else(|| period_folder(manifest)).and_then(Path::parent);
    folder.or(manifest.parent()).unwrap_or(manifest)
}

/// The folder of a month that a path lies in.
pub(super) fn period_folder(path: &Path) -> Option<&Path> {
    path.ancestors().find(|it| name_of(it).starts_with(PERIOD_FOLDER))
}

pub(super) fn period_of(path: &Path) -> Option<BillingPeriod> {
    let month = name_of(period_folder(path)?).strip_prefix(PERIOD_FOLDER)?;
    BillingPeriod::parse(month).ok()
}

/// The last part of a path.
pub(super) fn name_of(path: &Path) -> &str {
    path.file_name().and_then(|it| it.to_str()).unwrap_or_default()
}
