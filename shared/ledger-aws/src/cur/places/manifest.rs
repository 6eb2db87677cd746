//! Manifests, wherever they are kept.
//!
//! Keys of S3 are taken as paths here: both name the month and the export in their folders.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use ledger_app::ports::SourceError;
use ledger_core::bill::Export;
use ledger_core::period::BillingPeriod;
use serde::Deserialize;

/// The end of a manifest's name.
pub const MANIFEST_END: &str = "Manifest.json";

/// A manifest lists columns and files; those of the largest exports are far below this.
pub(crate) const MANIFEST_BYTES_MAX: u64 = 4 << 20;

const PERIOD_FOLDER: &str = "BILLING_PERIOD=";

/// **Source:** `<export>-Manifest.json`, of which AWS publishes no schema; the reports before exports
/// 2.0 name their files in `reportKeys`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Manifest {
    #[serde(alias = "reportKeys")]
    data_files: Vec<String>,
    created_at: Option<serde_json::Value>,
    billing_period: Option<serde_json::Value>,
    bucket: Option<String>,
}

impl Manifest {
    /// Reads a manifest; `place` is for the message.
    pub(crate) fn parse(content: &[u8], place: &str) -> Result<Manifest, SourceError> {
        serde_json::from_slice(content).map_err(|error| {
            SourceError::Refused(format!(
                "`{place}` cannot be read: {error}; expected the manifest of a data export with \
                 `dataFiles`",
            ))
        })
    }

    /// The addresses of the data files, at least one.
    pub(crate) fn data_files(&self, place: &str) -> Result<&[String], SourceError> {
        // To take an empty list for a whole month would wipe out the month.
        if self.data_files.is_empty() {
            return Err(SourceError::Refused(format!(
                "`{place}` names no data file; expected at least one in `dataFiles`",
            )));
        }
        Ok(&self.data_files)
    }

    /// The export that the manifest at a path is of: `bills` of `bills-Manifest.json`.
    pub(crate) fn export(&self, path: &Path) -> Option<Export> {
        let name = export_name(path)?.into();
        Some(Export { name, place: self.place().map(Into::into) })
    }

    /// The folder of the export in S3: the one above the folder of the month, and above `data`.
    fn place(&self) -> Option<String> {
        let address = self.data_files.first()?;
        let month = period_folder(Path::new(address))?.parent()?;
        let folder = if name_of(month) == "data" { month.parent()? } else { month };
        let folder = folder.to_str().filter(|it| !it.is_empty())?;
        Some(match &self.bucket {
            Some(bucket) if !folder.contains("://") => format!("s3://{bucket}/{folder}"),
            _ => folder.to_owned(),
        })
    }

    /// When AWS wrote the delivery.
    pub(crate) fn delivered_at(&self) -> Option<Timestamp> {
        self.created_at.as_ref()?.as_str()?.parse().ok()
    }

    /// The month it is for: the folder says it for sure.
    pub(crate) fn period(&self, path: &Path) -> Option<BillingPeriod> {
        period_of(path).or_else(|| {
            let start = self.billing_period.as_ref()?.get("start")?.as_str()?;
            start.get(..7).and_then(|it| BillingPeriod::parse(it).ok()).or_else(|| month_of(start))
        })
    }
}

/// The name of the export that a manifest is of: `bills` of `bills-Manifest.json`.
pub fn export_name(manifest: &Path) -> Option<String> {
    let name = name_of(manifest).strip_suffix(MANIFEST_END)?.trim_end_matches('-');
    (!name.is_empty()).then(|| name.to_owned())
}

/// One manifest for each month of each export: the newest.
pub(crate) fn newest_of_each_month<P: AsRef<Path> + Ord>(
    manifests: impl IntoIterator<Item = (P, Manifest)>,
) -> impl Iterator<Item = (P, Manifest)> {
    let mut by_month: BTreeMap<(PathBuf, Option<BillingPeriod>), (P, Manifest)> = BTreeMap::new();
    for (path, manifest) in manifests {
        let period = manifest.period(path.as_ref());
        let place = if period.is_some() { export_folder(path.as_ref()) } else { path.as_ref() };
        let key = (place.to_owned(), period);
        // Of those without a date, the one beside the folders of deliveries is of the last of them.
        let depth = |path: &P| Reverse(path.as_ref().components().count());
        let is_newer = by_month.get(&key).is_none_or(|(other, than)| {
            (than.delivered_at(), depth(other), other)
                < (manifest.delivered_at(), depth(&path), &path)
        });
        if is_newer {
            by_month.insert(key, (path, manifest));
        }
    }
    by_month.into_values()
}

/// The folder that holds `data` and `metadata`.
pub(crate) fn export_folder(manifest: &Path) -> &Path {
    let metadata = manifest.ancestors().find(|it| name_of(it) == "metadata");
    let folder = metadata.or_else(|| period_folder(manifest)).and_then(Path::parent);
    folder.or(manifest.parent()).unwrap_or(manifest)
}

/// The folder of a month that a path lies in.
pub(crate) fn period_folder(path: &Path) -> Option<&Path> {
    path.ancestors().find(|it| {
        let name = name_of(it);
        name.starts_with(PERIOD_FOLDER) || month_of_folder(name).is_some()
    })
}

pub(crate) fn period_of(path: &Path) -> Option<BillingPeriod> {
    let name = name_of(period_folder(path)?);
    match name.strip_prefix(PERIOD_FOLDER) {
        Some(month) => BillingPeriod::parse(month).ok(),
        None => month_of_folder(name),
    }
}

/// The month of a folder of the reports before exports 2.0, such as `20231101-20231201`.
fn month_of_folder(name: &str) -> Option<BillingPeriod> {
    let (start, end) = name.split_once('-')?;
    let is_day = |it: &str| it.len() == 8 && it.ends_with("01") && month_of(it).is_some();
    if is_day(start) && is_day(end) { month_of(start) } else { None }
}

/// The month of a time such as `20231101T000000.000Z`.
fn month_of(text: &str) -> Option<BillingPeriod> {
    BillingPeriod::parse(&format!("{}-{}", text.get(..4)?, text.get(4..6)?)).ok()
}

/// The last part of a path.
pub(crate) fn name_of(path: &Path) -> &str {
    path.file_name().and_then(|it| it.to_str()).unwrap_or_default()
}
