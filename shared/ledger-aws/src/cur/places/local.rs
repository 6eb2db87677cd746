//! Deliveries in folders of this machine: which files belong together, and for which month.
//!
//! A manifest closes a delivery: AWS writes it after all data files. Where there is none, a folder
//! may be half copied, so nothing is taken for complete.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use ledger_app::ports::{Delivery, SourceError};
use ledger_core::bill::FileSet;
use ledger_core::period::BillingPeriod;

use crate::cur::files;
use crate::cur::places::manifest::{
    MANIFEST_BYTES_MAX, MANIFEST_END, Manifest, export_folder, name_of, newest_of_each_month,
    period_folder, period_of,
};

const DATA_ENDS: [&str; 3] = [".parquet", ".csv", ".gz"];

/// The object that AWS writes into a bucket to test its permission.
const TEST_OBJECT: &str = "aws-programmatic-access-test-object";

/// Deeper folders are no export's.
const DEPTH_LIMIT: usize = 32;

/// The deliveries in these places, oldest first.
pub(crate) fn find(paths: &[PathBuf]) -> Result<Vec<Delivery>, SourceError> {
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
        let file_set = Some(file_set(&loose));
        found.push(Delivery { file_set, ..delivery(name, &loose, period)? });
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
        .map(|((folder, period), files)| {
            check_one_delivery(&folder, &files)?;
            let file_set = Some(file_set(std::slice::from_ref(&folder)));
            Ok(Delivery { file_set, ..delivery(text(&folder)?, &files, period)? })
        })
        .collect()
}

/// Each delivery restates the whole month, so two of them are not one bill.
fn check_one_delivery(folder: &Path, files: &[PathBuf]) -> Result<(), SourceError> {
    if period_folder(folder) != Some(folder) {
        return Ok(());
    }
    let places: BTreeSet<&Path> = files.iter().filter_map(|it| it.parent()).collect();
    let mut places = places.into_iter().map(|it| it.strip_prefix(folder).unwrap_or(it).display());
    match (places.next(), places.next()) {
        (Some(first), Some(second)) => Err(refused(format!(
            "`{}` holds more than one delivery, such as `{first}` and `{second}`, and no manifest \
             says which counts; expected its manifest in the export's folder, or the folder of one \
             delivery",
            folder.display(),
        ))),
        _ => Ok(()),
    }
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

fn is_data(path: &Path) -> bool {
    let name = name_of(path);
    name != TEST_OBJECT && DATA_ENDS.iter().any(|end| name.ends_with(end))
}

/// The bytes of a manifest; a file of another kind with such a name may be larger than memory.
fn manifest_content(path: &Path) -> Result<Vec<u8>, SourceError> {
    let unreachable = |source| unreachable(path, source);
    let bytes = fs::metadata(path).map_err(unreachable)?.len();
    if bytes > MANIFEST_BYTES_MAX {
        return Err(refused(format!(
            "`{}` has {bytes} bytes; expected a manifest of at most {MANIFEST_BYTES_MAX}",
            path.display()
        )));
    }
    fs::read(path).map_err(unreachable)
}

/// One delivery for each month of each export: the newest.
fn newest(root: &Path, manifests: &[PathBuf]) -> Result<Vec<Delivery>, SourceError> {
    let mut all = Vec::new();
    for path in manifests {
        let content = manifest_content(path)?;
        all.push((path, Manifest::parse(&content, &path.display().to_string())?));
    }
    let mut deliveries = Vec::new();
    for (path, manifest) in newest_of_each_month(all) {
        let mut files = Vec::new();
        for address in manifest.data_files(&path.display().to_string())? {
            files.push(local_path(root, path, address).ok_or_else(|| {
                refused(format!(
                    "`{}` names `{address}`, which is not there; expected all data files of the \
                     delivery, in folders as in S3",
                    path.display(),
                ))
            })?);
        }
        let known = delivery(text(path)?, &files, manifest.period(path))?;
        let delivered_at = manifest.delivered_at();
        let export = manifest.export(path);
        let file_set = None;
        deliveries.push(Delivery { export, file_set, delivered_at, is_complete: true, ..known });
    }
    Ok(deliveries)
}

/// The local copy of a data file of S3: the longest end of its address that leads to a file.
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
            return Err(refused(files::empty_file(text(file)?)));
        }
        bytes = bytes.saturating_add(size);
        names.push(text(file)?.to_owned());
    }
    Ok(Delivery {
        name: name.to_owned(),
        files: names,
        export: None,
        file_set: None,
        period,
        delivered_at: None,
        is_complete: false,
        bytes,
    })
}

/// These files or folders, wherever they are named from.
fn file_set(paths: &[PathBuf]) -> FileSet {
    let place = |it: &PathBuf| fs::canonicalize(it).unwrap_or_else(|_| it.clone());
    let places: Vec<String> = paths.iter().map(|it| place(it).display().to_string()).collect();
    FileSet::of(places.iter().map(String::as_str))
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
