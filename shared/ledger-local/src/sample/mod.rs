//! A sample organisation: ninety days of a realistic bill, generated from a seed.
//!
//! For trying Tollbook without an AWS account, and for tests. The export is in the form of CUR 2.0
//! with caller identities, and marked as a sample wherever a reader could take it for a bill: in
//! its name, in each line's description, in its invoice ids and in a README beside it.
//!
//! Start reading in `callers.rs` (who), then `catalogue/` (what), then `generate/` (how much).

mod callers;
mod catalogue;
mod files;
mod fixed;
mod generate;
mod line;
mod manifest;
mod other;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use self::files::Format;
use self::generate::Calendar;
use self::line::{BillingPeriod, Line};
use self::manifest::Manifest;

/// The name of the export: also the folder below the one that is given, and the start of each file name.
pub const EXPORT_NAME: &str = "tollbook-sample";

/// Days that a sample covers: a quarter, with three or four months.
const DAY_COUNT: u16 = 90;

/// An organisation of six teams, three accounts and some fifty callers, none of them real.
///
/// - **Shape:** a seed, the day the sample is as of, and how many days it covers.
/// - **Range:** ninety days that end the day before `as_of`, in UTC.
/// - **Invariant:** the same seed and day give the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SampleOrganisation {
    seed: u64,
    as_of: Date,
    day_count: u16,
}

/// Which delivery of the export is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Every month, in the morning.
    First,
    /// One month again, in the afternoon: on one of its days some charges are cheaper, one is gone and one is new.
    Restated,
}

impl Delivery {
    fn number(self) -> u64 {
        match self {
            Delivery::First => 1,
            Delivery::Restated => 2,
        }
    }
}

/// Why a sample could not be written.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// The folder could not be created, listed or cleaned up.
    #[error("could not prepare the folder {}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The error of the file system.
        source: io::Error,
    },
    /// A file could not be written or renamed.
    #[error("could not write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The error of the file system.
        source: io::Error,
    },
    /// A Parquet file could not be written.
    #[error("could not write {} as Parquet", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// The error of the Parquet writer.
        source: parquet::errors::ParquetError,
    },
    /// A CSV file could not be written.
    #[error("could not write {} as gzip CSV", path.display())]
    Csv {
        /// The file.
        path: PathBuf,
        /// The error of the CSV writer.
        source: csv::Error,
    },
    /// A manifest could not be written.
    #[error("could not write the manifest {}", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// The error of the JSON writer.
        source: serde_json::Error,
    },
}

impl SampleOrganisation {
    /// The seed of the organisation that local mode shows.
    pub const SEED: u64 = 7;

    /// Attribution rules that fit the sample. One caller stays unattributed on purpose.
    pub const RULES_TOML: &str = include_str!("rules.toml");

    /// Budgets that fit the sample: on any day some are exceeded and some are not.
    pub const BUDGETS_TOML: &str = include_str!("budgets.toml");

    /// Entities, cost centres and accounts that fit the rules of the sample.
    pub const ORGANISATION_TOML: &str = include_str!("organisation.toml");

    /// A sample of the ninety days before `as_of`, excluding that day.
    pub fn new(seed: u64, as_of: Date) -> SampleOrganisation {
        SampleOrganisation { seed, as_of, day_count: DAY_COUNT }
    }

    /// Writes one delivery below `dir` as Parquet, in overwrite mode: it replaces the files of an
    /// earlier delivery for the same months. The data files on disk add up to the current bills.
    ///
    /// - **Shape:** `<dir>/tollbook-sample/data/BILLING_PERIOD=<month>/tollbook-sample-<number>.snappy.parquet`,
    ///   and `<dir>/tollbook-sample/metadata/BILLING_PERIOD=<month>/tollbook-sample-Manifest.json`, written last.
    ///   [`Delivery::First`] also removes months of an older sample.
    /// - **Source:** the layout of AWS data exports.
    ///
    /// # Errors
    ///
    /// Any [`SampleError`]; writing again completes the delivery.
    pub fn write(&self, dir: &Path, delivery: Delivery) -> Result<(), SampleError> {
        self.write_as(dir, delivery, Format::Parquet)
    }

    /// Writes what [`SampleOrganisation::write`] writes, as `.csv.gz` files.
    ///
    /// # Errors
    ///
    /// As for [`SampleOrganisation::write`].
    pub fn write_csv(&self, dir: &Path, delivery: Delivery) -> Result<(), SampleError> {
        self.write_as(dir, delivery, Format::Csv)
    }

    fn write_as(&self, dir: &Path, delivery: Delivery, format: Format) -> Result<(), SampleError> {
        let export = dir.join(EXPORT_NAME);
        let all = self.months(delivery);
        let busiest = all.iter().max_by_key(|(_, lines)| lines.len()).map(|(period, _)| *period);
        let restated = self.calendar().restated_day().and_then(BillingPeriod::of);
        make_folder(&export)?;
        if delivery == Delivery::First {
            remove_months(&export, &all)?;
            let path = export.join("README.md");
            files::replace(&path, |file| {
                file.write_all(include_bytes!("README.md"))
                    .map_err(|source| SampleError::Write { path: path.clone(), source })
            })?;
        }
        for (period, lines) in all {
            if delivery == Delivery::First || Some(period) == restated {
                let file_count = if Some(period) == busiest { 2 } else { 1 };
                self.write_month(&export, delivery, format, period, &lines, file_count)?;
            }
        }
        Ok(())
    }

    /// Writes the data files, removes those left over from an earlier delivery, then writes the
    /// manifest.
    fn write_month(
        &self,
        export: &Path,
        delivery: Delivery,
        format: Format,
        period: BillingPeriod,
        lines: &[Line],
        file_count: usize,
    ) -> Result<(), SampleError> {
        let folder = format!("BILLING_PERIOD={}", period.label());
        let (data, metadata) =
            (export.join("data").join(&folder), export.join("metadata").join(&folder));
        make_folder(&data)?;
        make_folder(&metadata)?;
        let mut names = Vec::new();
        for (part, number) in lines.chunks(lines.len().div_ceil(file_count).max(1)).zip(1_u32..) {
            let name = format!("{EXPORT_NAME}-{number:05}.{}", format.suffix());
            format.write(&data.join(&name), part)?;
            names.push(name);
        }
        remove_files(&data, |name| !names.iter().any(|it| it == name))?;
        let path = metadata.join(format!("{EXPORT_NAME}-Manifest.json"));
        let manifest = Manifest::new(self, delivery, period, &names);
        files::replace(&path, |file| {
            serde_json::to_writer_pretty(file, &manifest)
                .map_err(|source| SampleError::Manifest { path: path.clone(), source })
        })
    }

    fn calendar(&self) -> Calendar {
        Calendar::new(self.seed, self.as_of, self.day_count)
    }

    fn months(&self, delivery: Delivery) -> BTreeMap<BillingPeriod, Vec<Line>> {
        let lines = match delivery {
            Delivery::First => self.calendar().lines(),
            Delivery::Restated => self.calendar().restated_lines(),
        };
        let mut months: BTreeMap<BillingPeriod, Vec<Line>> = BTreeMap::new();
        for line in lines {
            months.entry(line.period).or_default().push(line);
        }
        months
    }
}

fn make_folder(path: &Path) -> Result<(), SampleError> {
    fs::create_dir_all(path).map_err(|source| SampleError::Folder { path: path.to_owned(), source })
}

/// Removes the sample's files of months that `kept` does not have; other files are left alone.
fn remove_months(
    export: &Path,
    kept: &BTreeMap<BillingPeriod, Vec<Line>>,
) -> Result<(), SampleError> {
    let kept: Vec<String> =
        kept.keys().map(|it| format!("BILLING_PERIOD={}", it.label())).collect();
    // The manifests first: without one, a month is not delivered.
    for part in ["metadata", "data"] {
        let folder = export.join(part);
        if !folder.is_dir() {
            continue;
        }
        for month in entries(&folder)? {
            let name = month.file_name().and_then(|it| it.to_str()).unwrap_or("");
            if name.starts_with("BILLING_PERIOD=")
                && !kept.iter().any(|it| it == name)
                && month.is_dir()
            {
                remove_files(&month, |_| true)?;
                // A folder that holds something else stays.
                let _ = fs::remove_dir(&month);
            }
        }
    }
    Ok(())
}

/// Removes the sample's own files in a folder whose names `is_stale` accepts.
fn remove_files(folder: &Path, is_stale: impl Fn(&str) -> bool) -> Result<(), SampleError> {
    for path in entries(folder)? {
        let name = path.file_name().and_then(|it| it.to_str()).unwrap_or("");
        if name.starts_with(EXPORT_NAME) && is_stale(name) {
            fs::remove_file(&path)
                .map_err(|source| SampleError::Folder { path: folder.to_owned(), source })?;
        }
    }
    Ok(())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, SampleError> {
    let failed = |source| SampleError::Folder { path: folder.to_owned(), source };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        paths.push(entry.map_err(failed)?.path());
    }
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests;
