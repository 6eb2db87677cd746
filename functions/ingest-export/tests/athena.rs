//! Deliveries that Athena is asked about, against those that are read here.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use ingest_export::config::Config;
use ingest_export::handler::{Ports, handle};
use ingest_export::panics::Panics;
use jiff::Timestamp;
use ledger_app::ports::{
    BillSource, DocumentKind, DocumentStore as _, LedgerStore as _, Reading, SourceError,
};
use ledger_aws::connect::{Connection, LocalEndpoint};
use ledger_aws::cur::{Athena, CurFolder, S3Export};
use ledger_aws::dynamodb::DynamoLedger;
use ledger_core::bill::BillHead;
use ledger_core::cost::CostKind;
use ledger_core::day_sum::DaySum;
use ledger_core::line_item::LineItem;
use ledger_core::money::Money;
use ledger_core::period::BillingPeriod;
use ledger_lambda::metric::Metrics;
use ledger_lambda::outcome::TryAgain;
use ledger_local::athena::{AthenaStandIn, End, StandInError};
use ledger_local::database::EmbeddedDatabase;
use ledger_local::s3::S3StandIn;
use ledger_local::sample::{Delivery, SampleOrganisation};
use ledger_testkit::build::change;
use serde_json::{Value, json};
use tempfile::TempDir;

const BUCKET: &str = "tollbook-sample-bucket";
const FOLDER: &str = "tollbook-sample/data";
const MONTHS: [&str; 4] = ["2026-03", "2026-04", "2026-05", "2026-06"];

fn manifest(month: &str) -> String {
    format!("tollbook-sample/metadata/BILLING_PERIOD={month}/tollbook-sample-Manifest.json")
}

async fn serve(router: axum::Router) -> Connection {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = LocalEndpoint(format!("http://{}", listener.local_addr().unwrap()));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Connection::local(&endpoint)
}

/// A bucket and an Athena.
struct Setting {
    root: TempDir,
    stand_in: AthenaStandIn,
    s3: Connection,
    athena: Connection,
    /// How long a query may take.
    timeout: Duration,
}

impl Setting {
    async fn new(
        engine: impl Fn(&Path, &str) -> io::Result<Vec<u8>> + Send + Sync + 'static,
    ) -> Setting {
        let root = TempDir::new().unwrap();
        fs::create_dir(root.path().join(BUCKET)).unwrap();
        let path = root.path().to_owned();
        let stand_in = AthenaStandIn::new(path.clone(), move |statement| engine(&path, statement));
        let s3 = serve(S3StandIn::new(root.path().to_owned()).router()).await;
        let athena = serve(stand_in.router()).await;
        Setting { root, stand_in, s3, athena, timeout: Duration::from_secs(60) }
    }

    fn bucket(&self) -> PathBuf {
        self.root.path().join(BUCKET)
    }

    fn deliver(&self, delivery: Delivery) {
        let sample = SampleOrganisation::new(7, "2026-06-20".parse().unwrap());
        sample.write(&self.bucket(), delivery).unwrap();
    }

    /// The delivery of a month, read here up to a size and above it by Athena.
    fn export(&self, manifest: String, bytes_max: u64) -> S3Export {
        let names = ["billing", "tollbook_export", "primary"].map(str::to_owned);
        let [database, table, workgroup] = names;
        let athena = Athena::new(self.athena.athena_client(), database, table, workgroup);
        S3Export::new(self.s3.s3_client(), BUCKET.to_owned(), manifest)
            .with_bytes_max(bytes_max)
            .with_athena(Athena { timeout: self.timeout, ..athena })
    }

    /// What Athena makes of a delivery.
    async fn by_athena(&self, month: &'static str) -> Result<Told, SourceError> {
        let export = self.export(manifest(month), 1);
        tokio::task::spawn_blocking(move || Told::by(&export, month)).await.unwrap()
    }

    /// Line for line, sum for sum: what Athena makes of a delivery is what is read here, in groups
    /// and with each line by itself.
    async fn check(&self, month: &'static str) -> Told {
        let by_athena = self.by_athena(month).await.unwrap();
        let export = self.export(manifest(month), u64::MAX);
        let in_groups = tokio::task::spawn_blocking(move || Told::by(&export, month));
        let in_groups = in_groups.await.unwrap().unwrap();
        let folder = CurFolder::new(vec![self.bucket()]);
        let line_by_line = Told::by(&folder.line_by_line(), month).unwrap();
        for other in [&in_groups, &line_by_line] {
            assert_eq!(by_athena.sums, other.sums);
            assert_eq!(by_athena.tokens, other.tokens);
            assert_eq!(by_athena.rejected, other.rejected);
            assert_eq!(by_athena.rounded, other.rounded);
            assert_eq!(by_athena.findings, other.findings);
        }
        assert_eq!(by_athena.lines.len(), line_by_line.lines.len());
        for (left, right) in by_athena.lines.iter().zip(&line_by_line.lines) {
            assert_eq!(left, right);
        }
        assert!(by_athena.told_count < line_by_line.told_count, "other lines come as sums");
        by_athena
    }
}

/// All that a source tells, in an order of its own.
#[derive(Debug, Default)]
struct Told {
    /// AI lines in full, but for their rows.
    lines: Vec<String>,
    /// By bill, day, currency and whether it is AI: costs by kind, whether a net cost is stated, lines.
    sums: BTreeMap<String, (Vec<Money>, bool, u64)>,
    /// AI lines: how many tokens.
    tokens: u128,
    rejected: Vec<String>,
    rounded: Vec<String>,
    findings: Vec<String>,
    /// How many rows of any kind it took to tell.
    told_count: u64,
}

impl Told {
    fn by(source: &impl BillSource, month: &str) -> Result<Told, SourceError> {
        let mut told = Told::default();
        let month = BillingPeriod::parse(month).ok();
        for delivery in source.deliveries()?.iter().filter(|it| it.period == month) {
            source.read(delivery, &mut |reading| {
                told.take(reading);
                Ok(())
            })?;
        }
        told.lines.sort();
        told.rejected.sort();
        told.rounded.sort();
        told.findings.sort();
        Ok(told)
    }

    fn take(&mut self, reading: Reading) {
        match reading {
            Reading::Charge(line, sums) => self.take_lines(true, line, &sums),
            Reading::Other(line, sums) => self.take_lines(false, line, &sums),
            Reading::Rejected(it) => {
                // Lines that are told together are of any of the files.
                self.rejected.push(format!("{}: {}", it.column, it.reason));
            }
            Reading::Rounded(it) => self.rounded.push(it.to_string()),
            // The first of several lines is another one in another order of files, and Athena has no
            // numbers of lines.
            Reading::Finding(it) => {
                self.findings.push(match it.message.split_once(", first at ") {
                    Some((what, place)) => {
                        format!("{what}: {}", place.split_once(": ").map_or("", |it| it.1))
                    }
                    None => it.message,
                })
            }
            Reading::NoColumn(it) => self.findings.push(it.finding().message),
            Reading::Progress(_) => {}
        }
    }

    fn take_lines(&mut self, is_ai: bool, mut line: LineItem, sums: &[DaySum]) {
        line.provenance.line = 0;
        self.told_count += 1;
        for sum in sums {
            let currency = line.costs.currency();
            let key = format!("{} {} {currency} {is_ai}", line.bill, sum.day());
            let costs = sum.costs_of(&line).unwrap();
            let zero = CostKind::ALL.map(|_| Money::zero(currency)).to_vec();
            let entry = self.sums.entry(key).or_insert((zero, false, 0));
            for (total, kind) in entry.0.iter_mut().zip(CostKind::ALL) {
                *total = total.checked_add(costs.of(kind)).unwrap();
            }
            entry.1 |= costs.stated(CostKind::NetUnblended).is_some();
            entry.2 += sum.line_count();
        }
        if is_ai {
            self.tokens += sums.iter().filter_map(|it| it.tokens()).map(u128::from).sum::<u128>();
            self.lines.push(format!("{line:?}"));
        }
    }
}

/// The engine that checks the query: what `tests/athena/run` puts into `ATHENA_ENGINE`.
fn python() -> String {
    std::env::var("ATHENA_ENGINE").unwrap()
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/athena").join(name)
}

/// Runs a statement on DuckDB.
fn duckdb(root: &Path, statement: &str) -> io::Result<Vec<u8>> {
    let mut engine = Command::new(python())
        .args([script("engine.py").as_os_str(), root.as_os_str()])
        .arg(format!("{BUCKET}/{FOLDER}"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = engine.stdin.take() {
        io::Write::write_all(&mut stdin, statement.as_bytes())?;
    }
    let output = engine.wait_with_output()?;
    if output.status.success() { Ok(output.stdout) } else { Err(io::Error::other("see above")) }
}

#[tokio::test]
#[ignore = "needs DuckDB: run by tests/athena/run"]
async fn the_sample_is_the_same_line_for_line() {
    let setting = Setting::new(duckdb).await;
    setting.deliver(Delivery::First);
    for month in MONTHS {
        let told = setting.check(month).await;
        assert!(told.lines.len() > 50 && told.sums.len() >= 20);
        assert_eq!((told.rejected.len(), told.rounded.len()), (0, 0));
    }
    let queries = setting.stand_in.queries();
    assert_eq!(queries.len(), MONTHS.len());
    assert!(queries.iter().all(|it| it.database == "billing" && it.workgroup == "primary"));
}

#[tokio::test]
#[ignore = "needs DuckDB: run by tests/athena/run"]
async fn a_nasty_delivery_is_the_same_line_for_line() {
    // All columns, and those of an export that was made without some.
    for (seed, left_out) in [
        ("1", &[][..]),
        ("2", &["line_item_iam_principal", "tags", "product"]),
        ("3", &["line_item_currency_code", "line_item_product_code", "bill_payer_account_id"]),
        ("4", &["savings_plan_savings_plan_effective_cost", "reservation_reservation_a_r_n"]),
    ] {
        let setting = Setting::new(duckdb).await;
        let made = Command::new(python())
            .args([script("nasty.py").as_os_str(), setting.bucket().as_os_str()])
            .arg(seed)
            .args(left_out)
            .status();
        assert!(made.unwrap().success());
        let told = setting.check("2026-06").await;
        assert!(told.lines.len() > 100 && told.sums.len() > 4 && told.tokens > 0);
        assert!(told.rejected.len() > 100 && told.rounded.len() > 10);
        let missing = told.findings.iter().filter(|it| it.contains("has no column")).count();
        let is_told = |it: &&&str| !it.starts_with(['s', 'r']);
        assert_eq!(missing, left_out.iter().filter(is_told).count());
        // What amortizing needs is missed by the lines that need it.
        let unknown = told.findings.iter().filter(|it| it.contains("with no column")).count();
        assert_eq!(unknown, left_out.iter().filter(|it| it.starts_with(['s', 'r'])).count());
        let amount = |line: &str, kind: &str| {
            let rest = line.split(&format!(" {kind}: ")).nth(1).unwrap();
            rest.split(',').next().unwrap().to_owned()
        };
        let is_amortized = |line: &&String| amount(line, "amortized") != amount(line, "unblended");
        let amortized = told.lines.iter().filter(is_amortized);
        assert!(amortized.count() > 100);
    }
}

/// The result of a query that found nothing.
fn nothing(_: &Path, _: &str) -> io::Result<Vec<u8>> {
    let names = [
        "amounts_are_of",
        "line_count",
        "file",
        "bill_billing_entity",
        "bill_billing_period_start_date",
        "bill_payer_account_id",
        "line_item_usage_account_id",
        "line_item_usage_start_date",
        "line_item_line_item_type",
        "line_item_line_item_description",
        "line_item_product_code",
        "line_item_usage_type",
        "line_item_usage_amount",
        "line_item_unblended_cost",
        "line_item_net_unblended_cost",
        "line_item_currency_code",
        "line_item_iam_principal",
        "pricing_unit",
        "product_name",
        "product_model",
        "product_provider",
        "product_product_family",
        "product_region_code",
        "line_item_availability_zone",
        "tags",
        "savings_plan_savings_plan_effective_cost",
        "savings_plan_net_savings_plan_effective_cost",
        "savings_plan_total_commitment_to_date",
        "savings_plan_used_commitment",
        "savings_plan_recurring_commitment_for_billing_period",
        "savings_plan_net_recurring_commitment_for_billing_period",
        "savings_plan_amortized_upfront_commitment_for_billing_period",
        "savings_plan_net_amortized_upfront_commitment_for_billing_period",
        "reservation_effective_cost",
        "reservation_net_effective_cost",
        "reservation_unused_amortized_upfront_fee_for_billing_period",
        "reservation_net_unused_amortized_upfront_fee_for_billing_period",
        "reservation_unused_recurring_fee",
        "reservation_net_unused_recurring_fee",
        "reservation_reservation_a_r_n",
        "bill_invoice_id",
        "pricing_public_on_demand_cost",
    ];
    Ok(format!("\"{}\"\n", names.join("\",\"")).into_bytes())
}

/// A ledger that holds June as it was first delivered, in front of a restatement.
struct Restated {
    setting: Setting,
    _database: EmbeddedDatabase,
    ledger: DynamoLedger,
}

impl Restated {
    async fn new(
        engine: impl Fn(&Path, &str) -> io::Result<Vec<u8>> + Send + Sync + 'static,
    ) -> Restated {
        let setting = Setting::new(engine).await;
        let database = EmbeddedDatabase::open(None).await.unwrap();
        let connection = Connection::local(&LocalEndpoint(database.endpoint()));
        let client = connection.dynamodb_client();
        let ledger = DynamoLedger { client, table: "ledger".to_owned() };
        ledger.ensure_table().await.unwrap();
        let rules = SampleOrganisation::RULES_TOML;
        ledger.apply(DocumentKind::Rules, rules, change(now())).await.unwrap();
        let restated = Restated { setting, _database: database, ledger };
        restated.setting.deliver(Delivery::First);
        let first = restated.handle(u64::MAX).await.unwrap();
        assert_eq!(first.pointer("/bills/0/days_written"), Some(&json!(19)));
        restated.setting.deliver(Delivery::Restated);
        restated
    }

    /// The manifest of June arrives.
    async fn handle(&self, bytes_max: u64) -> Result<Value, TryAgain> {
        let set = |name: &str| match name {
            "TABLE_NAME" => Some("ledger".to_owned()),
            "EXPORT_BUCKET" => Some(BUCKET.to_owned()),
            "MAX_EXPORT_BYTES" => Some(bytes_max.to_string()),
            _ => None,
        };
        let ports = Ports {
            export_of: |manifest| self.setting.export(manifest, bytes_max),
            ledger: self.ledger.clone(),
            metrics: Metrics::to(|_| ()),
            panics: Panics::none(),
            config: Config::from_env(set).unwrap(),
            now,
        };
        let record = json!({
            "eventName": "ObjectCreated:Put",
            "s3": { "bucket": { "name": BUCKET }, "object": { "key": manifest("2026-06") } },
        });
        let mut answer = handle(&ports, json!({ "Records": [record] })).await?;
        Ok(answer.pointer_mut("/records/0").unwrap().take())
    }

    async fn heads(&self) -> Vec<BillHead> {
        self.ledger.heads(BillingPeriod::parse("2025-01").unwrap()).await.unwrap()
    }

    /// Tries to import the restatement through Athena, which must change nothing. Says why, and
    /// whether Lambda is to try again.
    async fn refused(&self) -> (bool, String) {
        let heads = self.heads().await;
        let outcome = self.handle(1).await;
        assert_eq!(self.heads().await, heads);
        match outcome {
            Ok(answer) => (false, answer.get("failed").and_then(Value::as_str).unwrap().to_owned()),
            Err(TryAgain(message)) => (true, message),
        }
    }
}

fn now() -> Timestamp {
    "2026-06-20T15:00:00Z".parse().unwrap()
}

#[tokio::test]
async fn a_query_that_fails_or_is_cancelled_changes_nothing() {
    let restated = Restated::new(nothing).await;
    let reason = || "HIVE_BAD_DATA: a file is not Parquet".to_owned();
    let athena = &restated.setting.stand_in;
    athena.end_next(End::Failed { reason: reason(), is_retryable: false });
    let (again, message) = restated.refused().await;
    assert!(
        !again && message.ends_with("failed: HIVE_BAD_DATA: a file is not Parquet"),
        "{message}"
    );
    athena.end_next(End::Failed { reason: reason(), is_retryable: true });
    let (again, message) = restated.refused().await;
    assert!(again && message.contains("HIVE_BAD_DATA"), "{message}");
    let reason = "Bytes scanned limit was exceeded".to_owned();
    athena.end_next(End::Cancelled { reason });
    let (again, message) = restated.refused().await;
    assert!(
        !again && message.ends_with("cancelled: Bytes scanned limit was exceeded"),
        "{message}"
    );
    assert_eq!(athena.queries().len(), 3);
}

#[tokio::test]
async fn a_query_that_does_not_end_is_stopped() {
    let mut restated = Restated::new(nothing).await;
    restated.setting.timeout = Duration::from_millis(500);
    restated.setting.stand_in.end_next(End::Never);
    let (again, message) = restated.refused().await;
    assert!(again && message.contains("had not ended after"), "{message}");
    let queries = restated.setting.stand_in.queries();
    assert_eq!(queries.iter().map(|it| it.state).collect::<Vec<_>>(), ["CANCELLED"]);
}

#[tokio::test]
async fn a_query_that_cannot_be_looked_at_is_stopped() {
    let restated = Restated::new(nothing).await;
    let athena = &restated.setting.stand_in;
    athena.end_next(End::Never);
    // The start is answered, then nothing is.
    athena.answer_next();
    for _ in 0..4 {
        athena.fail_next(StandInError::InternalServerException);
    }
    let (again, message) = restated.refused().await;
    assert!(again && message.contains("could not read the export through Athena"), "{message}");
    assert_eq!(athena.queries()[0].state, "CANCELLED");
}

#[tokio::test]
async fn a_start_that_is_throttled_is_tried_again_and_then_left_to_lambda() {
    let restated = Restated::new(nothing).await;
    let athena = &restated.setting.stand_in;
    for _ in 0..4 {
        athena.fail_next(StandInError::TooManyRequestsException);
    }
    let (again, message) = restated.refused().await;
    assert!(again && message.contains("TooManyRequestsException"), "{message}");
    assert_eq!(athena.queries().len(), 0);
}

#[tokio::test]
async fn a_start_whose_answer_is_lost_starts_one_query() {
    let restated = Restated::new(nothing).await;
    let athena = &restated.setting.stand_in;
    athena.fail_next(StandInError::LoseAnswer);
    athena.fail_next(StandInError::TooManyRequestsException);
    restated.refused().await;
    assert_eq!(athena.queries().len(), 1);
}

#[tokio::test]
async fn what_athena_denies_is_said() {
    let restated = Restated::new(nothing).await;
    let athena = &restated.setting.stand_in;
    athena.fail_next(StandInError::AccessDeniedException("no statement allows it".to_owned()));
    let (again, message) = restated.refused().await;
    let expected = "expected the permission `athena:StartQueryExecution` on workgroup `primary`: no \
                    statement allows it";
    assert!(!again && message.ends_with(expected), "{message}");
    athena.fail_next(StandInError::InvalidRequestException("WorkGroup is not found.".to_owned()));
    let (again, message) = restated.refused().await;
    assert!(!again && message.ends_with("refuses the query: WorkGroup is not found."), "{message}");
}

/// A table that reads other files, or none of them.
#[tokio::test]
async fn a_result_with_other_lines_than_the_files_is_refused() {
    let restated = Restated::new(nothing).await;
    let (again, message) = restated.refused().await;
    assert!(!again && message.contains("Athena tells of 0 lines of"), "{message}");
    let ending = "expected table `billing`.`tollbook_export` to read these files, each once";
    assert!(message.ends_with(ending), "{message}");
}

#[tokio::test]
async fn a_result_that_is_cut_off_is_refused() {
    let cut = |root: &Path, statement: &str| {
        let mut result = nothing(root, statement)?;
        result.extend(b"\"all\",\"12\",\"s3://");
        Ok(result)
    };
    let restated = Restated::new(cut).await;
    let (again, message) = restated.refused().await;
    assert!(!again && message.contains("cannot be read"), "{message}");
}

#[tokio::test]
async fn files_that_are_overwritten_during_the_query_are_read_again() {
    let overwrite = |root: &Path, statement: &str| {
        let sample = SampleOrganisation::new(8, "2026-06-20".parse().unwrap());
        sample.write(&root.join(BUCKET), Delivery::First).unwrap();
        nothing(root, statement)
    };
    let restated = Restated::new(overwrite).await;
    let (again, message) = restated.refused().await;
    assert!(again && message.contains("was overwritten while it was read"), "{message}");
}

#[tokio::test]
async fn an_export_that_the_query_is_not_made_for_is_refused_without_a_query() {
    let setting = Setting::new(nothing).await;
    let sample = SampleOrganisation::new(7, "2026-06-20".parse().unwrap());
    sample.write_csv(&setting.bucket(), Delivery::First).unwrap();
    let message = setting.by_athena("2026-06").await.unwrap_err().to_string();
    assert!(message.ends_with("expected Parquet in a delivery that Athena reads"), "{message}");
    assert_eq!(setting.stand_in.queries().len(), 0);
}

/// Up to the size Athena is not asked, and has no client to be made.
#[tokio::test]
async fn a_small_delivery_is_read_here() {
    let restated = Restated::new(nothing).await;
    let answer = restated.handle(100_000_000).await.unwrap();
    assert!(answer["bills"][0]["days_written"].as_u64().unwrap() > 0, "{answer}");
    assert_eq!(restated.setting.stand_in.queries().len(), 0);
}

#[tokio::test]
#[ignore = "needs DuckDB: run by tests/athena/run"]
async fn a_large_delivery_brings_what_a_small_one_brings() {
    let restated = Restated::new(duckdb).await;
    let by_athena = restated.handle(1).await.unwrap();
    assert!(by_athena["bills"][0]["days_written"].as_u64().unwrap() > 0, "{by_athena}");
    let here = restated.handle(u64::MAX).await.unwrap();
    for same in ["lines_ai", "lines_other", "rejected_count", "rounded_count", "findings", "totals"]
    {
        assert_eq!(by_athena[same], here[same], "{same}");
    }
}
