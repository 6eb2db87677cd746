//! The reader of exports in S3 against a stand-in, through the real client.
//!
//! Each test runs on one thread and reads on another, as a function does.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]
#![expect(clippy::expect_used, reason = "a test that cannot set itself up has failed")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arrow_array::{ArrayRef, RecordBatch, StringArray};
use aws_sdk_s3::Client;
use ledger_app::ports::{BillSource, Delivery, Reading, Retryable as _, SourceError};
use ledger_aws::connect::{LocalEndpoint, s3_client};
use ledger_aws::cur::{CurFolder, S3Export};
use ledger_local::s3::{S3StandIn, StandInError};
use ledger_local::sample::{self, SampleOrganisation};
use parquet::arrow::ArrowWriter;
use tempfile::TempDir;

const BUCKET: &str = "tollbook-sample-bucket";
const MANIFEST: &str = "bills/metadata/BILLING_PERIOD=2026-06/bills-Manifest.json";
const DATA: &str = "bills/data/BILLING_PERIOD=2026-06/bills-00001";

struct Setting {
    root: TempDir,
    stand_in: S3StandIn,
    client: Client,
}

impl Setting {
    async fn new() -> Setting {
        let root = TempDir::new().unwrap();
        fs::create_dir(root.path().join(BUCKET)).unwrap();
        let stand_in = S3StandIn::new(root.path().to_owned());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = LocalEndpoint(format!("http://{}", listener.local_addr().unwrap()));
        let router = stand_in.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Setting { root, stand_in, client: s3_client(Some(&endpoint)).await }
    }

    fn bucket(&self) -> PathBuf {
        self.root.path().join(BUCKET)
    }

    fn put(&self, key: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.bucket().join(key);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// A data file and the manifest that names it.
    fn deliver(&self, end: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.put(&format!("{DATA}{end}"), content);
        self.put(MANIFEST, manifest(&format!("s3://{BUCKET}/{DATA}{end}")));
        path
    }

    fn export(&self) -> S3Export {
        S3Export::new(self.client.clone(), BUCKET.to_owned(), MANIFEST.to_owned())
    }

    fn at(&self, address: &str) -> S3Export {
        S3Export::at_address(self.client.clone(), address).unwrap()
    }

    /// The bytes served so far.
    fn served(&self) -> u64 {
        self.stand_in.served().iter().map(|it| it.bytes).sum()
    }
}

fn manifest(address: &str) -> String {
    format!(r#"{{"dataFiles": ["{address}"], "createdAt": "2026-06-20T06:00:00.000Z"}}"#)
}

/// All that a source yields as text, and how many bytes it says it read.
fn read_all(
    source: &impl BillSource,
    mut at_line: impl FnMut(),
) -> Result<(Vec<Delivery>, Vec<String>, u64), SourceError> {
    let deliveries = source.deliveries()?;
    let (mut lines, mut progress) = (Vec::new(), 0);
    for delivery in &deliveries {
        let mut sink = |reading| {
            match reading {
                Reading::Progress(bytes) => progress += bytes,
                other => {
                    lines.push(format!("{other:?}"));
                    at_line();
                }
            }
            Ok(())
        };
        source.read(delivery, &mut sink)?;
    }
    Ok((deliveries, lines, progress))
}

async fn read(export: S3Export) -> Result<(Vec<Delivery>, Vec<String>, u64), SourceError> {
    tokio::task::spawn_blocking(move || read_all(&export, || ())).await.unwrap()
}

async fn check_refused(export: S3Export, expected: &str) {
    let error = read(export).await.expect_err(expected);
    assert_eq!(error.to_string(), expected);
    assert!(!error.is_retryable(), "{error}");
}

async fn check_passing(export: S3Export, expected: &str) {
    let error = read(export).await.expect_err(expected);
    assert_eq!(error.to_string(), expected);
    assert!(error.is_retryable(), "{error}");
}

#[tokio::test]
async fn an_export_in_s3_is_read_as_the_same_one_in_a_folder() {
    for as_csv in [false, true] {
        let setting = Setting::new().await;
        let sample = SampleOrganisation::new(7, "2026-06-20".parse().unwrap());
        let write = if as_csv { SampleOrganisation::write_csv } else { SampleOrganisation::write };
        write(&sample, &setting.bucket(), sample::Delivery::First).unwrap();
        let folder = CurFolder::new(vec![setting.bucket()]);
        let (deliveries, lines, _) = read_all(&folder, || ()).unwrap();
        assert!(lines.len() > 1_000);

        let (from_s3, lines_from_s3, progress) =
            read(setting.at(&format!("s3://{BUCKET}/tollbook"))).await.unwrap();
        assert!(lines == lines_from_s3, "csv: {as_csv}");
        assert_eq!(progress, deliveries.iter().map(|it| it.bytes).sum::<u64>());
        let facts = |it: &Delivery| (it.period, it.delivered_at, it.is_complete, it.bytes);
        assert_eq!(
            from_s3.iter().map(facts).collect::<Vec<_>>(),
            deliveries.iter().map(facts).collect::<Vec<_>>()
        );

        let last = from_s3.last().unwrap();
        let (one, _, _) = read(setting.at(&last.name)).await.unwrap();
        assert_eq!(one, std::slice::from_ref(last));
    }
}

/// Two row groups of four thousand rows: one wide column that is read and seven that are not.
fn wide_parquet() -> Vec<u8> {
    const ROWS: usize = 4_000;
    // No two alike, and not compressed.
    let mut count = 0;
    let mut noise = || -> ArrayRef {
        let text = |_| {
            count += 1;
            Some(format!("{count:0700}"))
        };
        Arc::new((0..ROWS).map(text).collect::<StringArray>())
    };
    let same = |text: &str| -> ArrayRef { Arc::new(StringArray::from(vec![text; ROWS])) };
    let names: Vec<String> = (0..6).map(|it| format!("unread_{it}")).collect();
    let mut batch = || {
        let mut columns = vec![
            ("line_item_usage_start_date", same("2026-06-03")),
            ("identity_line_item_id", noise()),
            ("line_item_unblended_cost", same("0.5")),
            ("line_item_line_item_description", noise()),
        ];
        columns.extend(names.iter().map(|name| (name.as_str(), noise())));
        columns.push(("line_item_usage_type", same("USE1-NovaLite-input-tokens")));
        RecordBatch::try_from_iter(columns).unwrap()
    };
    let (first, second) = (batch(), batch());
    let mut out = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut out, first.schema(), None).unwrap();
    writer.write(&first).unwrap();
    writer.flush().unwrap();
    writer.write(&second).unwrap();
    writer.close().unwrap();
    out
}

#[tokio::test]
async fn of_a_wide_file_only_the_needed_columns_are_fetched_and_those_once() {
    let setting = Setting::new().await;
    let content = wide_parquet();
    let path = setting.deliver(".snappy.parquet", &content);
    let (_, lines, _) = read(setting.export()).await.unwrap();
    let counts = lines.iter().flat_map(|it| it.split("line_count: ").skip(1));
    let counts = counts.map(|it| it.split(',').next().unwrap().parse::<u64>().unwrap());
    assert_eq!(counts.sum::<u64>(), 8_000);
    let (_, expected, _) = read_all(&CurFolder::new(vec![setting.bucket()]), || ()).unwrap();
    assert!(lines == expected, "as from {}", path.display());

    // The one wide column has 2 × 4000 × 700 bytes, and does not get smaller.
    let (needed, served) = (5_600_000, setting.served());
    assert!(content.len() > 44_000_000, "{}", content.len());
    assert!((needed..needed + 400_000).contains(&served), "{served}");
    let mut served = setting.stand_in.served();
    served.retain(|it| it.bytes > 100_000);
    assert!(served.iter().all(|it| it.bytes <= 4 << 20));
    served.sort_by_key(|it| it.start);
    assert!(served.len() >= 4, "{served:?}");
    assert!(served.windows(2).all(|it| it[0].start + it[0].bytes <= it[1].start), "{served:?}");
}

const CSV: &str = "line_item_usage_start_date,line_item_unblended_cost,line_item_usage_type\n";
const ROW: &str = "2026-06-03,0.5,USE1-NovaLite-input-tokens\n";

fn csv(rows: usize) -> String {
    CSV.to_owned() + &ROW.repeat(rows)
}

#[tokio::test]
async fn what_is_overwritten_between_the_manifest_and_its_files_is_no_mixture() {
    let setting = Setting::new().await;
    let path = setting.deliver(".csv", csv(3));
    let export = setting.export();
    let reading = tokio::task::spawn_blocking(move || {
        let delivery = export.deliveries()?.remove(0);
        fs::write(path, csv(4)).unwrap();
        export.read(&delivery, &mut |_| Ok(()))
    });
    let error = reading.await.unwrap().unwrap_err();
    assert!(matches!(error, SourceError::Changing(_)) && error.is_retryable());
    assert_eq!(
        error.to_string(),
        format!(
            "`s3://{BUCKET}/{DATA}.csv` was overwritten while it was read; expected the delivery \
             to stay as it was"
        )
    );
}

#[tokio::test]
async fn what_is_overwritten_or_gone_while_it_is_read_is_no_mixture() {
    for is_gone in [false, true] {
        let setting = Setting::new().await;
        // Three ranges.
        let path = setting.deliver(".csv", csv(120_000));
        let export = setting.export();
        let reading = tokio::task::spawn_blocking(move || {
            let mut count = 0;
            read_all(&export, || {
                count += 1;
                if count == 1_000 && is_gone {
                    fs::remove_file(&path).unwrap();
                } else if count == 1_000 {
                    fs::write(&path, csv(119_999)).unwrap();
                }
            })
        });
        let error = reading.await.unwrap().unwrap_err();
        assert!(matches!(error, SourceError::Changing(_)), "{error:?}");
    }
}

#[tokio::test]
async fn a_network_that_fails_now_and_then_is_asked_again() {
    use StandInError::{BreakOff, CloseConnection, InternalError, SlowDown};
    let setting = Setting::new().await;
    setting.deliver(".csv", csv(3));
    for error in [BreakOff, SlowDown, CloseConnection, BreakOff, InternalError] {
        setting.stand_in.fail_next(error);
    }
    // Three lines, and a finding for each column that is missed.
    assert_eq!(read(setting.export()).await.unwrap().1.len(), 3 + 12);
    for _ in 0..4 {
        setting.stand_in.fail_next(BreakOff);
    }
    let expected = format!("could not read `s3://{BUCKET}/{MANIFEST}`");
    check_passing(setting.export(), &expected).await;
}

#[tokio::test]
async fn a_delivery_that_is_not_whole_is_tried_again() {
    let setting = Setting::new().await;
    let path = setting.deliver(".csv", csv(3));
    let data = format!("s3://{BUCKET}/{DATA}.csv");
    let name = format!("s3://{BUCKET}/{MANIFEST}");
    let age = |seconds: u64| {
        let path = setting.bucket().join(MANIFEST);
        let manifest = fs::File::options().append(true).open(path).unwrap();
        manifest.set_modified(SystemTime::now() - Duration::from_secs(seconds)).unwrap();
    };
    // Copied together, in any order.
    age(60);
    assert!(read(setting.export()).await.is_ok());
    age(3_600);
    let expected = format!(
        "`{data}` was written after `{name}`, which names it: a newer delivery is on its way; \
         expected data files that are older than their manifest"
    );
    check_passing(setting.export(), &expected).await;
    fs::remove_file(path).unwrap();
    let expected = format!(
        "`{name}` names `{data}`, which is not there; expected all data files of the delivery"
    );
    check_passing(setting.export(), &expected).await;
}

#[tokio::test]
async fn what_is_no_export_is_refused() {
    let setting = Setting::new().await;
    let name = format!("s3://{BUCKET}/{MANIFEST}");
    check_refused(setting.export(), &format!("`{name}` does not exist")).await;
    setting.put(MANIFEST, "{}");
    let expected = format!(
        "`{name}` cannot be read: missing field `dataFiles` at line 1 column 2; expected the \
         manifest of a data export with `dataFiles`"
    );
    check_refused(setting.export(), &expected).await;
    setting.put(MANIFEST, r#"{"dataFiles": []}"#);
    let expected = format!("`{name}` names no data file; expected at least one in `dataFiles`");
    check_refused(setting.export(), &expected).await;
    for foreign in ["s3://other/a.csv", "s3://tollbook-sample-bucket-2/a.csv"] {
        setting.put(MANIFEST, manifest(foreign));
        let expected = format!(
            "`{name}` names `{foreign}`; expected data files in the same bucket, `s3://{BUCKET}/…`"
        );
        check_refused(setting.export(), &expected).await;
    }
    setting.deliver(".csv", "");
    let expected = format!(
        "`s3://{BUCKET}/{DATA}.csv` is empty; expected Parquet or CSV of a cost and usage export"
    );
    check_refused(setting.export(), &expected).await;
    setting.deliver(".snappy.parquet", "PAR1, and then it breaks off");
    let expected = format!(
        "`{DATA}.snappy.parquet` ends too early: it has no footer, expected a whole Parquet file; \
         fetch it again"
    );
    check_refused(setting.export(), &expected).await;
}

#[tokio::test]
async fn what_may_not_be_read_is_refused() {
    let setting = Setting::new().await;
    setting.deliver(".csv", csv(3));
    let name = format!("s3://{BUCKET}/{MANIFEST}");
    setting.stand_in.fail_next(StandInError::AccessDenied);
    let expected = format!(
        "S3 denies to read `{name}`; expected the permission `s3:GetObject`, and that it is there: \
         without `s3:ListBucket` S3 says the same of what is not"
    );
    check_refused(setting.export(), &expected).await;
    let bytes = csv(3).len();
    assert!(read(setting.export().with_bytes_max(bytes as u64)).await.is_ok());
    let expected = format!(
        "`{name}` names data files of {bytes} bytes together; expected at most {}, as set by \
         `MAX_EXPORT_BYTES`",
        bytes - 1
    );
    check_refused(setting.export().with_bytes_max(bytes as u64 - 1), &expected).await;
}

#[tokio::test]
async fn places_without_a_manifest_are_refused() {
    let setting = Setting::new().await;
    let expected = format!(
        "`s3://{BUCKET}/bills/` holds no manifest; expected an export with a file that ends in \
         `Manifest.json`"
    );
    check_refused(setting.at(&format!("s3://{BUCKET}/bills/")), &expected).await;
    check_refused(setting.at("s3://other"), "bucket `other` does not exist").await;
    for address in ["s3://", "s3:///a", "bills/"] {
        let error = S3Export::at_address(setting.client.clone(), address).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("`{address}` is no address in S3; expected the form `s3://bucket/prefix/`")
        );
    }
}

#[tokio::test]
async fn of_several_manifests_of_a_month_the_newest_counts() {
    let setting = Setting::new().await;
    for (run, rows) in [("a", 1), ("b", 2), ("c", 3)] {
        let data = format!("bills/data/BILLING_PERIOD=2026-06/{run}/bills-1.csv");
        setting.put(&data, csv(rows));
        let at = if run == "b" { "2026-06-21T06:00:00Z" } else { "2026-06-20T06:00:00Z" };
        let text = format!(r#"{{"dataFiles": ["s3://{BUCKET}/{data}"], "createdAt": "{at}"}}"#);
        let place = format!("bills/metadata/BILLING_PERIOD=2026-06/{run}/bills-Manifest.json");
        setting.put(&place, text);
    }
    let (deliveries, _, _) = read(setting.at(&format!("s3://{BUCKET}/bills/"))).await.unwrap();
    assert_eq!(deliveries.len(), 1);
    assert!(Path::new(&deliveries[0].name).ends_with("b/bills-Manifest.json"));
}
