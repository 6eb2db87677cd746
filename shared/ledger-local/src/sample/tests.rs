//! What the sample promises.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read as _;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Float64Type, TimestampMillisecondType};
use arrow_array::{Array as _, RecordBatch};
use jiff::ToSpan as _;
use jiff::civil::date;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use rust_decimal::Decimal;

use super::fixed::Fixed;
use super::line::{COLUMNS, Cell, ColumnType};
use super::*;

const SEED: u64 = 7;
/// A Saturday late in a month.
const AS_OF: Date = date(2026, 11, 21);
/// So early in a month that twelve days reach into the one before.
const DAYS_AS_OF: Date = date(2026, 11, 8);

fn sample() -> SampleOrganisation {
    SampleOrganisation::new(SEED, AS_OF)
}

/// Some days of it, for tests that write and read files: two months, one of them restated.
fn some_days(as_of: Date) -> SampleOrganisation {
    SampleOrganisation { seed: SEED, as_of, day_count: 12 }
}

fn lines() -> Vec<Line> {
    sample().calendar().lines()
}

fn total<'line>(lines: impl IntoIterator<Item = &'line Line>) -> Decimal {
    lines.into_iter().map(|line| line.unblended_cost.decimal()).sum()
}

/// Every file below a folder, by its path there.
fn bytes_below(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for path in entries(folder).expect("a folder") {
        if path.is_dir() {
            files.extend(bytes_below(&path));
        } else {
            files.insert(path.clone(), fs::read(&path).expect("a file"));
        }
    }
    files
}

fn data_files(dir: &Path, suffix: &str) -> Vec<PathBuf> {
    let is_data = |path: &PathBuf| path.to_string_lossy().ends_with(suffix);
    bytes_below(&dir.join(EXPORT_NAME).join("data")).into_keys().filter(is_data).collect()
}

/// All rows below a folder as text, with absent cells empty.
fn read_csv(dir: &Path) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for path in data_files(dir, ".csv.gz") {
        let mut text = String::new();
        let file = File::open(&path).expect("a data file");
        flate2::read::GzDecoder::new(file).read_to_string(&mut text).expect("gzip");
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let names: Vec<&str> = COLUMNS.iter().map(|it| it.name).collect();
        assert_eq!(reader.headers().expect("a header"), names);
        rows.extend(
            reader.records().map(|it| it.expect("a record").iter().map(str::to_owned).collect()),
        );
    }
    rows
}

/// The same rows from the Parquet files, read as Arrow reads any file.
fn read_parquet(dir: &Path) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for path in data_files(dir, ".snappy.parquet") {
        let file = File::open(&path).expect("a data file");
        for batch in ParquetRecordBatchReaderBuilder::try_new(file)
            .expect("Parquet")
            .build()
            .expect("a reader")
        {
            let batch = batch.expect("a batch");
            rows.extend((0..batch.num_rows()).map(|row| parquet_row(&batch, row)));
        }
    }
    rows
}

fn parquet_row(batch: &RecordBatch, row: usize) -> Vec<String> {
    let cell = |(index, column): (usize, &line::Column)| {
        assert_eq!(batch.schema().field(index).name(), column.name);
        let array = batch.column(index);
        match column.kind {
            // A null map is an empty object in CSV.
            ColumnType::Map if array.is_null(row) => "{}".to_owned(),
            _ if array.is_null(row) => String::new(),
            ColumnType::Text => array.as_string::<i32>().value(row).to_owned(),
            ColumnType::Timestamp => {
                let milliseconds = array.as_primitive::<TimestampMillisecondType>().value(row);
                let timestamp =
                    jiff::Timestamp::from_millisecond(milliseconds).expect("a timestamp");
                format!("{timestamp:.3}")
            }
            ColumnType::Double => {
                decimal_of(array.as_primitive::<Float64Type>().value(row)).to_string()
            }
            ColumnType::Map => {
                let entry = array.as_map().value(row);
                let (keys, values) =
                    (entry.column(0).as_string::<i32>(), entry.column(1).as_string::<i32>());
                let pairs = keys.iter().flatten().zip(values.iter().flatten());
                let object = pairs.map(|(key, value)| (key.to_owned(), value.into())).collect();
                serde_json::Value::Object(object).to_string()
            }
        }
    };
    COLUMNS.iter().enumerate().map(cell).collect()
}

/// The decimal that a double's fifteen significant digits print.
fn decimal_of(double: f64) -> Decimal {
    Decimal::from_scientific(&format!("{double:.14e}")).expect("a decimal").normalize()
}

fn column(name: &str) -> usize {
    COLUMNS.iter().position(|it| it.name == name).expect("a column")
}

fn sum(rows: &[Vec<String>], name: &str) -> Decimal {
    let index = column(name);
    rows.iter()
        .filter(|row| !row[index].is_empty())
        .map(|row| row[index].parse::<Decimal>().expect("a decimal"))
        .sum()
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let bytes = |seed| {
        let mut bytes = Vec::new();
        let lines = SampleOrganisation::new(seed, AS_OF).calendar().lines();
        files::write_csv_rows(&mut bytes, &lines).unwrap();
        bytes
    };
    // Not `assert_eq!`: nobody can read a difference of megabytes.
    assert!(bytes(SEED) == bytes(SEED));
    assert!(bytes(SEED) != bytes(SEED + 1));
}

#[test]
fn both_forms_say_the_same() {
    let dir = tempfile::tempdir().unwrap();
    some_days(DAYS_AS_OF).write(dir.path(), Delivery::First).unwrap();
    let parquet = read_parquet(dir.path());
    some_days(DAYS_AS_OF).write_csv(dir.path(), Delivery::First).unwrap();
    assert_eq!(
        data_files(dir.path(), ".snappy.parquet"),
        Vec::<PathBuf>::new(),
        "the earlier delivery is replaced"
    );
    let csv = read_csv(dir.path());
    assert_eq!(parquet.len(), csv.len());
    for (left, right) in parquet.iter().zip(&csv) {
        assert_eq!(left, right);
    }
    for name in
        ["line_item_unblended_cost", "line_item_net_unblended_cost", "line_item_usage_amount"]
    {
        assert_eq!(sum(&parquet, name), sum(&csv, name));
    }
    let lines = some_days(DAYS_AS_OF).calendar().lines();
    assert_eq!(sum(&csv, "line_item_unblended_cost"), total(&lines));
}

#[test]
fn every_number_comes_back_from_its_double() {
    for line in lines() {
        for column in COLUMNS {
            if let Cell::Number(Some(number)) = (column.cell)(&line) {
                assert_eq!(
                    decimal_of(number.as_double()),
                    number.decimal(),
                    "{} of {line:?}",
                    column.name
                );
            }
        }
    }
}

#[test]
fn a_restatement_changes_one_day_of_one_month() {
    let dir = tempfile::tempdir().unwrap();
    some_days(DAYS_AS_OF).write_csv(dir.path(), Delivery::First).unwrap();
    let (first_files, first) = (bytes_below(dir.path()), read_csv(dir.path()));
    some_days(DAYS_AS_OF).write_csv(dir.path(), Delivery::Restated).unwrap();
    let (second_files, second) = (bytes_below(dir.path()), read_csv(dir.path()));

    let changed = first_files
        .iter()
        .filter(|(path, bytes)| second_files.get(*path) != Some(*bytes))
        .map(|(path, _)| path);
    assert!(changed.clone().all(|path| path.to_string_lossy().contains("BILLING_PERIOD=2026-11")));
    assert!(changed.clone().any(|path| path.to_string_lossy().ends_with("Manifest.json")));
    assert_eq!(first_files.keys().collect::<Vec<_>>(), second_files.keys().collect::<Vec<_>>());

    let by_id = |rows: Vec<Vec<String>>| {
        rows.into_iter().map(|row| (row[0].clone(), row)).collect::<BTreeMap<_, _>>()
    };
    let (first_count, second_count) = (first.len(), second.len());
    let (before, after) = (by_id(first), by_id(second));
    assert_eq!((before.len(), after.len()), (first_count, second_count), "ids are unique");
    let day = column("line_item_usage_start_date");
    let cost = column("line_item_unblended_cost");
    let mut days = BTreeSet::new();
    let (mut gone, mut new, mut cheaper) = (0, 0, 0);
    for (id, row) in &before {
        match after.get(id) {
            None => gone += 1,
            Some(now) if now != row => {
                assert!(
                    now[cost].parse::<Decimal>().unwrap() < row[cost].parse::<Decimal>().unwrap()
                );
                cheaper += 1;
            }
            Some(_) => continue,
        }
        days.insert(row[day].clone());
    }
    for (_, row) in after.iter().filter(|(id, _)| !before.contains_key(*id)) {
        days.insert(row[day].clone());
        new += 1;
    }
    assert_eq!(days.into_iter().collect::<Vec<_>>(), ["2026-11-02T00:00:00.000Z"]);
    assert_eq!((gone, new), (1, 1));
    assert!(cheaper >= 5, "only {cheaper} lines are cheaper");
}

#[test]
fn an_older_sample_leaves_nothing_behind() {
    let (dir, fresh) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    some_days(date(2026, 3, 2)).write_csv(dir.path(), Delivery::Restated).unwrap();
    some_days(date(2026, 8, 9)).write_csv(dir.path(), Delivery::First).unwrap();
    some_days(DAYS_AS_OF).write_csv(dir.path(), Delivery::First).unwrap();
    some_days(DAYS_AS_OF).write_csv(fresh.path(), Delivery::First).unwrap();
    assert_eq!(
        bytes_below(dir.path()).into_values().collect::<Vec<_>>(),
        bytes_below(fresh.path()).into_values().collect::<Vec<_>>(),
    );
}

#[test]
fn a_manifest_names_files_columns_and_its_execution() {
    let dir = tempfile::tempdir().unwrap();
    some_days(DAYS_AS_OF).write_csv(dir.path(), Delivery::First).unwrap();
    let path = dir
        .path()
        .join("tollbook-sample/metadata/BILLING_PERIOD=2026-11/tollbook-sample-Manifest.json");
    let read = || serde_json::from_slice::<serde_json::Value>(&fs::read(&path).unwrap()).unwrap();
    let manifest = read();
    assert_eq!(
        manifest["dataFiles"],
        serde_json::json!([
            "s3://tollbook-sample-bucket/tollbook-sample/data/BILLING_PERIOD=2026-11/tollbook-sample-00001.csv.gz",
            "s3://tollbook-sample-bucket/tollbook-sample/data/BILLING_PERIOD=2026-11/tollbook-sample-00002.csv.gz",
        ]),
        "the month with most lines has two files",
    );
    assert_eq!(manifest["columns"].as_array().unwrap().len(), COLUMNS.len());
    assert_eq!(
        manifest["columns"][4],
        serde_json::json!({"name": "bill_billing_period_start_date", "type": "timestamp"})
    );
    assert_eq!(manifest["billingPeriod"]["end"], "2026-12-01T00:00:00.000Z");
    assert_eq!(manifest["createdAt"], "2026-11-08T06:00:00.000Z");
    assert_eq!(manifest["executionId"].as_str().unwrap().len(), 36);
    some_days(DAYS_AS_OF).write_csv(dir.path(), Delivery::First).unwrap();
    assert_eq!(read(), manifest, "the same delivery twice is the same execution");
}

#[test]
fn forty_callers_and_more_in_three_accounts_and_six_teams() {
    let lines = lines();
    let sessions: BTreeSet<&str> = lines.iter().filter_map(|it| it.principal.as_deref()).collect();
    // What stays when generated session names are left out.
    let stable: BTreeSet<&str> = sessions
        .iter()
        .map(|arn| {
            arn.rsplit_once('/')
                .filter(|(_, it)| !it.contains("user-"))
                .map_or(*arn, |(role, _)| role)
        })
        .collect();
    assert!(stable.len() >= 40, "{} callers", stable.len());
    assert!(sessions.len() > 500, "{} sessions", sessions.len());
    let accounts: BTreeSet<&str> = lines.iter().map(|it| it.account).collect();
    assert_eq!(
        accounts.into_iter().collect::<Vec<_>>(),
        ["111122223333", "123456789012", "444455556666"]
    );
    let teams: BTreeSet<&str> = lines
        .iter()
        .flat_map(|it| it.tags.iter())
        .filter(|(key, _)| *key == "iamPrincipal/team")
        .map(|(_, it)| it.as_ref())
        .collect();
    assert_eq!(
        teams.into_iter().collect::<Vec<_>>(),
        ["data-science", "marketing", "platform", "risk", "search", "support"],
    );
}

#[test]
fn every_family_of_usage_types_is_there() {
    let lines = lines();
    for part in [
        "USE1-NovaLite-input-tokens",
        "-input-tokens-flex",
        "-output-tokens-priority",
        "-input-tokens-batch",
        "-tokens-cross-region-global",
        "-mantle-input-tokens-standard",
        "-mantle-input-tokens-global-standard",
        "MP:USE1_InputTokenCount-Units",
        "MP:USE1_OutputTokenCount_Global-Units",
        "MP:USE1_InputTokenCount_Batch-Units",
        "MP:USW2_input_tokens_standard-Units",
        "MP:USW2_output_tokens_long_ctx_standard-Units",
        "_Reserved_1Month_InputTPM_Geo-Units",
        "cache-read-input-token-count",
        "CacheReadInputTokenCount",
        "CacheWrite5mInputTokenCount",
        "CacheWrite1hInputTokenCount",
        "cache_write_tokens_1h_global_standard",
        "-ProvisionedThroughput-",
        "-Guardrail-",
        "Runtime:Consumption-based:vCPU",
        "TitanEmbeddingV2-Text-input-tokens",
        "NovaCanvas-T2I",
        "NovaSonic-speech",
        "AmazonRerank-v1-searchunits",
        "-custom-model",
        "BoxUsage:",
    ] {
        assert!(lines.iter().any(|it| it.usage_type.contains(part)), "no line of {part}");
    }
    for line_type in
        ["Usage", "Tax", "Fee", "Credit", "SavingsPlanNegation", "SavingsPlanCoveredUsage"]
    {
        assert!(lines.iter().any(|it| it.line_type == line_type), "no {line_type} line");
    }
    for unit in ["1K tokens", "1M tokens", "Units", "Images", "TextUnit", "Hours", "1KTPMHour"] {
        assert!(lines.iter().any(|it| it.pricing_unit == unit), "no line in {unit}");
    }
    assert!(lines.iter().all(|it| it.description.ends_with(" (sample data)")));
    assert!(lines.iter().any(|it| it.unblended_cost < Fixed::ZERO));
    assert!(lines.iter().any(|it| it.unblended_cost != it.net_unblended_cost));
    assert!(
        lines.iter().any(|it| it.principal.is_some()
            && !it.tags.iter().any(|(key, _)| *key == "iamPrincipal/team"))
    );
}

#[test]
fn only_months_before_the_last_two_are_invoiced() {
    let invoiced = |label: &str| {
        let lines = lines();
        let month: BTreeSet<Option<String>> = lines
            .iter()
            .filter(|it| it.period.label() == label)
            .map(|it| it.invoice_id.as_deref().map(str::to_owned))
            .collect();
        month.into_iter().collect::<Vec<_>>()
    };
    assert_eq!(invoiced("2026-09"), [Some("SAMPLE-2026-09".to_owned())]);
    assert_eq!(invoiced("2026-10"), [None]);
    assert_eq!(invoiced("2026-11"), [None]);
}

#[test]
fn a_month_costs_what_a_middle_sized_company_pays() {
    let lines = lines();
    for month in ["2026-09", "2026-10"] {
        let total = total(lines.iter().filter(|it| it.period.label() == month));
        assert!(
            (Decimal::from(40_000)..Decimal::from(60_000)).contains(&total),
            "{month}: {total}"
        );
    }
    let per_day = lines.len() / 90;
    assert!((250..=400).contains(&per_day), "{per_day} lines a day");
}

/// The agent's cost on so many days before the end.
fn agent_cost(lines: &[Line], days_ago: i64) -> Decimal {
    let day = AS_OF.saturating_sub(days_ago.days());
    let is_agent = |it: &&Line| {
        it.principal.as_deref().is_some_and(|arn| arn.contains("/research-agent-runtime/"))
    };
    total(lines.iter().filter(|it| it.start == day).filter(is_agent))
}

#[test]
fn one_agent_runs_away_in_the_last_four_days() {
    let lines = lines();
    let ordinary = agent_cost(&lines, 8);
    assert!(ordinary < Decimal::from(100), "{ordinary}");
    for days_ago in 1..=4 {
        assert!(agent_cost(&lines, days_ago) > ordinary * Decimal::from(7), "{days_ago} days ago");
    }
    assert!(agent_cost(&lines, 5) < ordinary * Decimal::from(2));
}

#[test]
fn the_budgets_are_broken_and_kept_as_they_say() {
    let lines = lines();
    let mut of_day: BTreeMap<Date, Vec<&Line>> = BTreeMap::new();
    for line in &lines {
        of_day.entry(line.start).or_default().push(line);
    }
    for (day, lines) in of_day {
        let cost = |is_meant: &dyn Fn(&Line) -> bool| {
            total(lines.iter().copied().filter(|it| is_meant(it)))
        };
        let sandbox =
            cost(&|it| it.account == "444455556666" && it.product_family == "Amazon Bedrock");
        if day.weekday() == jiff::civil::Weekday::Monday {
            assert!(sandbox >= Decimal::from(60), "{day}: sandbox {sandbox}");
        }
        let capacity = cost(&|it| {
            it.usage_type.contains("ProvisionedThroughput") || it.usage_type.contains("_Reserved_")
        });
        let percent = capacity * Decimal::from(100) / Decimal::from(255);
        assert!(
            (Decimal::from(80)..Decimal::from(100)).contains(&percent),
            "{day}: capacity {percent} %"
        );
    }
    for days_ago in 1..=89 {
        let is_broken = agent_cost(&lines, days_ago) >= Decimal::from(200);
        assert_eq!(is_broken, days_ago <= 4, "{days_ago} days ago");
    }
}

#[test]
fn a_sample_can_be_as_of_any_day() {
    for as_of in [
        date(2026, 1, 1),
        date(2028, 3, 1),
        date(2026, 12, 31),
        date(1, 1, 5),
        date(9999, 12, 31),
        date(-9999, 1, 2),
    ] {
        let calendar = SampleOrganisation::new(SEED, as_of).calendar();
        let lines = calendar.lines();
        assert!(
            lines.iter().all(|it| it.start < as_of
                && it.period.start <= it.start
                && it.start < it.period.end)
        );
        assert_eq!(lines.len(), calendar.restated_lines().len());
    }
}

#[test]
fn rules_and_budgets_are_in_their_agreed_form() {
    const RULE_KEYS: [&str; 11] = [
        "name",
        "when",
        "owner",
        "team",
        "product",
        "cost_centre",
        "environment",
        "workflow",
        "agent",
        "customer",
        "deputy",
    ];
    const WHEN_KEYS: [&str; 11] = [
        "principal",
        "account",
        "role",
        "session",
        "user",
        "provider",
        "model",
        "service",
        "usage_type",
        "line_type",
        "tags",
    ];
    let rules: toml::Table = SampleOrganisation::RULES_TOML.parse().unwrap();
    let rules = rules["rule"].as_array().unwrap();
    let mut names = BTreeSet::new();
    for rule in rules.iter().map(|it| it.as_table().unwrap()) {
        assert!(rule.keys().all(|key| RULE_KEYS.contains(&key.as_str())), "{rule:?}");
        assert!(
            rule["when"].as_table().unwrap().keys().all(|key| WHEN_KEYS.contains(&key.as_str())),
            "{rule:?}"
        );
        assert!(rule["owner"].is_str());
        assert!(names.insert(rule["name"].as_str().unwrap()));
    }
    assert!(rules.len() >= 12);

    let budgets: toml::Table = SampleOrganisation::BUDGETS_TOML.parse().unwrap();
    let budgets = budgets["budget"].as_array().unwrap();
    let mut windows = BTreeSet::new();
    for budget in budgets.iter().map(|it| it.as_table().unwrap()) {
        assert!(budget["limit"].as_str().unwrap().parse::<Decimal>().unwrap() > Decimal::ZERO);
        assert!(names.insert(budget["name"].as_str().unwrap()));
        assert!(!budget["scope"].as_table().unwrap().is_empty());
        assert!(budget["thresholds"].as_array().unwrap().iter().all(toml::Value::is_integer));
        windows.insert(budget["window"].as_str().unwrap());
    }
    assert_eq!(budgets.len(), 8);
    assert_eq!(windows.len(), 5);
}
