//! The manifest that closes a delivery of one month.
//!
//! AWS documents that the manifest is there, that it is written after the data files, and that it
//! holds the export's definition; it publishes no schema. That it has `executionId`, `dataFiles`
//! (S3 addresses) and `columns` (name and type) is what public readers of real manifests rely on;
//! `exportArn` is in their samples as well. `exportName`, `billingPeriod`, `createdAt` and the
//! spelling of the types are inferred: a reader should take the month from the folder name.

use jiff::civil::Date;
use serde::Serialize;

use super::generate::{mix, mix_text, uuid};
use super::line::{BillingPeriod, COLUMNS, PAYER_ACCOUNT};
use super::{Delivery, EXPORT_NAME, SampleOrganisation};

/// The bucket in the addresses of the data files; it does not exist.
const BUCKET: &str = "tollbook-sample-bucket";

/// **Source:** `<export>-Manifest.json` of a data export; see the module for what is inferred.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Manifest {
    execution_id: String,
    export_arn: String,
    export_name: &'static str,
    created_at: String,
    billing_period: Period,
    columns: Vec<ColumnName>,
    data_files: Vec<String>,
}

#[derive(Serialize)]
struct Period {
    start: String,
    end: String,
}

#[derive(Serialize)]
struct ColumnName {
    name: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
}

impl Manifest {
    pub(super) fn new(
        sample: &SampleOrganisation,
        delivery: Delivery,
        period: BillingPeriod,
        file_names: &[String],
    ) -> Manifest {
        let label = period.label();
        let date = mix_text(&sample.as_of.to_string());
        // The same delivery of the same sample has the same id, so that reading it twice is a
        // repeat.
        let mut export = fastrand::Rng::with_seed(mix(sample.seed, &[0xA121]));
        let mut execution = fastrand::Rng::with_seed(mix(
            sample.seed,
            &[date, delivery.number(), mix_text(&label)],
        ));
        Manifest {
            execution_id: uuid(&mut execution),
            export_arn: format!(
                "arn:aws:bcm-data-exports:us-east-1:{PAYER_ACCOUNT}:export/{EXPORT_NAME}-{}",
                uuid(&mut export),
            ),
            export_name: EXPORT_NAME,
            created_at: created_at(sample.as_of, delivery),
            billing_period: Period {
                start: format!("{}T00:00:00.000Z", period.start),
                end: format!("{}T00:00:00.000Z", period.end),
            },
            columns: COLUMNS
                .iter()
                .map(|it| ColumnName { name: it.name, kind: it.kind.as_str() })
                .collect(),
            data_files: file_names
                .iter()
                .map(|name| {
                    format!("s3://{BUCKET}/{EXPORT_NAME}/data/BILLING_PERIOD={label}/{name}")
                })
                .collect(),
        }
    }
}

/// The time of a delivery: the morning or the afternoon of the sample's date.
fn created_at(as_of: Date, delivery: Delivery) -> String {
    let hour = match delivery {
        Delivery::First => "06",
        Delivery::Restated => "14",
    };
    format!("{as_of}T{hour}:00:00.000Z")
}
