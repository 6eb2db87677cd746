//! Which files belong together, and for which month.
//!
//! A manifest closes a delivery: AWS writes it after all data files. Where there is none, a folder
//! may be half copied, so nothing is taken for complete.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use jiff::Timestamp;
use ledger_app::ports::{Delivery, SourceError};
use ledger_core::period::BillingPeriod;
use serde::Deserialize;

const PERIOD_FOLDER: &str = "BILLING_PERIOD=";
const MANIFEST_END: &str = "Manifest.json";
const DATA_ENDS: [&str; 3] = [".parquet", ".csv", ".gz"];

/// What AWS puts into a bucket to see whether it may.
const TEST_OBJECT: &str = "aws-programmatic-access-test-object";

/// Deeper folders are no export's.
const DEPTH_LIMIT: usize = 32;

/// The message about a file without a byte.
pub(super) fn empty_file(name: &str) -> String {
    format!("`{name}` is empty; expected Parquet or CSV of a cost and usage export")
}

/// The deliveries in these places, oldest first.
pub(super) fn find(paths: &[PathBuf]) -> Result<Vec<Delivery>, SourceError> {
    let mut found = Vec::new();
    let mut loose = Vec::new();
    for path in paths {
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(refused(format!(
                    "`{}` does not exist; expected a folder or a file of a cost and usage export",
                    path.display(),
                )));
            }
            Err(source) => return Err(unreachable(path, source)),
        };
        if metadata.is_dir() {
            found.extend(in_folder(path)?);
        } else {
            loose.push(path.clone());
        }
    }
    if let Some(first) = loose.first() {
        let name = text(first)?;
        let period =
            period_of(first).filter(|it| loose.iter().all(|file| period_of(file) == Some(*it)));
        found.push(delivery(name, &loose, period)?);
    }
    if found.is_empty() {
        return Err(refused(
            "there is nothing to read; expected a folder or files of a cost and usage export"
                .to_owned(),
        ));
    }
    found.sort_by(|left, right| {
        let key = |it: &Delivery| (it.period, it.delivered_at, it.name.clone());
        key(left).cmp(&key(right))
    });
    Ok(found)
}

fn in_folder(root: &Path) -> Result<Vec<Delivery>, SourceError> {
    let mut files = Vec::new();
    walk(root, 0, &mut files)?;
    files.sort();
    let (manifests, others): (Vec<PathBuf>, Vec<PathBuf>) =
        files.into_iter().partition(|it| name_of(it).ends_with(MANIFEST_END));
    if !manifests.is_empty() {
        return newest(root, &manifests);
    }
    let mut groups: BTreeMap<(PathBuf, Option<BillingPeriod>), Vec<PathBuf>> = BTreeMap::new();
    for file in others.into_iter().filter(|it| is_data(it)) {
        let period = period_of(&file);
        let folder = period_folder(&file).filter(|_| period.is_some()).unwrap_or(root);
        groups.entry((folder.to_owned(), period)).or_default().push(file);
    }
    if groups.is_empty() {
        return Err(refused(format!(
            "`{}` holds no bill; expected `.parquet`, `.csv` or `.csv.gz` files of a cost and \
             usage export",
            root.display(),
        )));
    }
    groups
        .into_iter()
        .map(|((folder, period), files)| delivery(text(&folder)?, &files, period))
        .collect()
}

/// Files of a folder and the folders in it, without what begins with a point.
fn walk(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), SourceError> {
    for entry in fs::read_dir(folder).map_err(|source| unreachable(folder, source))? {
        let entry = entry.map_err(|source| unreachable(folder, source))?;
        let path = entry.path();
        if name_of(&path).starts_with('.') {
            continue;
        }
        let kind = entry.file_type().map_err(|source| unreachable(&path, source))?;
        if kind.is_dir() {
            // Folders behind links are left alone: they could lead back here.
            if depth < DEPTH_LIMIT {
                walk(&path, depth + 1, files)?;
            }
        } else if path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

fn name_of(path: &Path) -> &str {
    path.file_name().and_then(|it| it.to_str()).unwrap_or_default()
}

fn is_data(path: &Path) -> bool {
    let name = name_of(path);
    name != TEST_OBJECT && DATA_ENDS.iter().any(|end| name.ends_with(end))
}

/// **Source:** `<export>-Manifest.json`, of which AWS publishes no schema.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    data_files: Vec<String>,
    created_at: Option<serde_json::Value>,
    billing_period: Option<serde_json::Value>,
}

impl Manifest {
    fn delivered_at(&self) -> Option<Timestamp> {
        self.created_at.as_ref()?.as_str()?.parse().ok()
    }

    fn period(&self) -> Option<BillingPeriod> {
        let start = self.billing_period.as_ref()?.get("start")?.as_str()?;
        BillingPeriod::parse(start.get(..7)?).ok()
    }
}

/// One delivery for each month of each export: the newest.
fn newest(root: &Path, manifests: &[PathBuf]) -> Result<Vec<Delivery>, SourceError> {
    type Candidate<'a> = (Option<Timestamp>, &'a PathBuf, Manifest);
    let mut by_month: BTreeMap<(PathBuf, Option<BillingPeriod>), Candidate<'_>> = BTreeMap::new();
    for path in manifests {
        let content = fs::read(path).map_err(|source| unreachable(path, source))?;
        let manifest: Manifest = serde_json::from_slice(&content).map_err(|error| {
            refused(format!(
                "`{}` cannot be read: {error}; expected the manifest of a data export with \
                 `dataFiles`",
                path.display(),
            ))
        })?;
        let period = period_of(path).or_else(|| manifest.period());
        let place = if period.is_some() { export_folder(path) } else { path };
        let candidate = (manifest.delivered_at(), path, manifest);
        let key = (place.to_owned(), period);
        let is_newer =
            by_month.get(&key).is_none_or(|it| (it.0, it.1) < (candidate.0, candidate.1));
        if is_newer {
            by_month.insert(key, candidate);
        }
    }
    let mut deliveries = Vec::new();
    for ((_, period), (delivered_at, path, manifest)) in by_month {
        // To take an empty list for a whole month would wipe out the month.
        if manifest.data_files.is_empty() {
            return Err(refused(format!(
                "`{}` names no data file; expected at least one in `dataFiles`",
                path.display(),
            )));
        }
        let mut files = Vec::new();
        for address in &manifest.data_files {
            files.push(local_path(root, path, address).ok_or_else(|| {
                refused(format!(
                    "`{}` names `{address}`, which is not there; expected all data files of the \
                     delivery, in folders as in S3",
                    path.display(),
                ))
            })?);
        }
        let known = delivery(text(path)?, &files, period)?;
        deliveries.push(Delivery { delivered_at, is_complete: true, ..known });
    }
    Ok(deliveries)
}

/// The folder that holds `data` and `metadata`.
fn export_folder(manifest: &Path) -> &Path {
    let metadata = manifest.ancestors().find(|it| name_of(it) == "metadata");
    let folder = metadata.or_else(|| period_folder(manifest)).and_then(Path::parent);
    folder.or(manifest.parent()).unwrap_or(manifest)
}

/// Where a data file of S3 is here: the longest end of its address that leads to a file.
fn local_path(root: &Path, manifest: &Path, address: &str) -> Option<PathBuf> {
    let key = address.strip_prefix("s3://").unwrap_or(address);
    let parts: Vec<&str> = key.split('/').filter(|it| !it.is_empty()).collect();
    // An address must not lead out of the folder.
    let is_plain = |part: &&str| {
        matches!(
            Path::new(part).components().collect::<Vec<_>>().as_slice(),
            [Component::Normal(_)]
        )
    };
    if !parts.iter().all(is_plain) {
        return None;
    }
    let beside = manifest.parent()?;
    (0..parts.len()).find_map(|from| {
        let rest: PathBuf = parts.get(from..)?.iter().collect();
        // A bare name says too little to be looked for elsewhere.
        let is_bare = from + 1 == parts.len();
        let places = [export_folder(manifest), root, beside];
        places
            .into_iter()
            .filter(|it| !is_bare || *it == beside)
            .map(|it| it.join(&rest))
            .find(|it| it.is_file())
    })
}

fn delivery(
    name: &str,
    files: &[PathBuf],
    period: Option<BillingPeriod>,
) -> Result<Delivery, SourceError> {
    let mut bytes: u64 = 0;
    let mut names = Vec::new();
    let mut seen = BTreeSet::new();
    for file in files {
        // A file that is named twice is there once.
        if !seen.insert(file) {
            continue;
        }
        let size = fs::metadata(file).map_err(|source| unreachable(file, source))?.len();
        if size == 0 {
            return Err(refused(empty_file(text(file)?)));
        }
        bytes = bytes.saturating_add(size);
        names.push(text(file)?.to_owned());
    }
    Ok(Delivery {
        name: name.to_owned(),
        files: names,
        period,
        delivered_at: None,
        is_complete: false,
        bytes,
    })
}

/// The folder of a month that a path lies in.
fn period_folder(path: &Path) -> Option<&Path> {
    path.ancestors().find(|it| name_of(it).starts_with(PERIOD_FOLDER))
}

fn period_of(path: &Path) -> Option<BillingPeriod> {
    let month = name_of(period_folder(path)?).strip_prefix(PERIOD_FOLDER)?;
    BillingPeriod::parse(month).ok()
}

fn text(path: &Path) -> Result<&str, SourceError> {
    path.to_str().ok_or_else(|| {
        refused(format!("`{}` is not UTF-8; expected a path in UTF-8", path.display()))
    })
}

fn refused(message: String) -> SourceError {
    SourceError::Refused(message)
}

fn unreachable(path: &Path, source: std::io::Error) -> SourceError {
    SourceError::Unreachable { place: path.display().to_string(), source }
}
