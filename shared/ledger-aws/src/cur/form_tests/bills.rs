//! Random bills, and the forms that they are written in.

use super::*;

pub(super) type Entries = Vec<(&'static str, Option<&'static str>)>;

#[derive(Clone, Debug)]
pub(super) enum Value {
    Null,
    Text(&'static str),
    Number(f64),
    /// Seconds since 1970.
    Time(i64),
    Map(Entries),
}

pub(super) type Row = Vec<Value>;

/// How a bill is written.
#[derive(Clone, Debug)]
pub(super) struct Form {
    pub(super) columns: Vec<Column>,
    pub(super) time: Time,
    pub(super) has_decimals: bool,
    pub(super) has_binary: bool,
    pub(super) has_dictionaries: bool,
    /// Of texts that are not in a dictionary.
    pub(super) encoding: Encoding,
    pub(super) version: WriterVersion,
    pub(super) rows_per_group: usize,
}

/// Parquet has no times in seconds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Time {
    Millisecond,
    Microsecond,
    Nanosecond,
    Day,
}

pub(super) const DECIMAL_SCALE: i8 = 18;

pub(super) fn text(values: &[&'static str]) -> BoxedStrategy<Value> {
    let values: Vec<&'static str> = values.to_vec();
    prop_oneof![
        16 => select(values).prop_map(Value::Text),
        2 => Just(Value::Null),
        1 => select(vec!["NULL", "None", "\\N", "nan"]).prop_map(Value::Text),
    ]
    .boxed()
}

pub(super) fn number() -> BoxedStrategy<Value> {
    prop_oneof![
        8 => (-1_000_000_i64..1_000_000_000, 0..12_i32)
            .prop_map(|(digits, scale)| Value::Number(digits as f64 / 10_f64.powi(scale))),
        2 => select(vec![0.1 + 0.2, -0.0, 1.1 * 1.1, 0.000_000_000_000_001, 1.0 / 3.0])
            .prop_map(Value::Number),
        1 => select(vec![1e-20, 5e-324, 1.4e-15, 2.5e-15, f64::NAN, 1e13, 1e29, f64::INFINITY])
            .prop_map(Value::Number),
        1 => Just(Value::Null),
    ]
    .boxed()
}

pub(super) fn time(days: &[&str]) -> BoxedStrategy<Value> {
    let days: Vec<i64> =
        days.iter().map(|it| it.parse::<Timestamp>().unwrap().as_second()).collect();
    prop_oneof![
        20 => (select(days), 0..86_400_i64).prop_map(|(day, second)| Value::Time(day + second)),
        1 => Just(Value::Null),
    ]
    .boxed()
}

pub(super) fn map(sets: Vec<Entries>) -> BoxedStrategy<Value> {
    prop_oneof![4 => select(sets).prop_map(Value::Map), 1 => Just(Value::Null)].boxed()
}

pub(super) const LONG: &str = match std::str::from_utf8(&[b'x'; 1500]) {
    Ok(text) => text,
    Err(_) => "",
};

pub(super) fn value(column: Column) -> BoxedStrategy<Value> {
    match column {
        Column::BillingEntity => text(&["AWS", "AWS Marketplace"]),
        Column::PeriodStart => time(&["2026-06-01T00:00:00Z", "2026-06-01T00:00:00Z"]),
        Column::Payer => {
            prop_oneof![20 => text(&["123456789012"]), 1 => text(&["1.2E+11", "210987654321"])]
                .boxed()
        }
        Column::Account => text(&["111111111111", "222222222222"]),
        Column::UsageStart => prop_oneof![
            9 => time(&["2026-06-01T00:00:00Z", "2026-06-30T00:00:00Z", "2026-06-03T00:00:00Z"]),
            2 => time(&["2026-05-31T00:00:00Z", "2026-07-01T00:00:00Z", "1969-12-31T00:00:00Z"]),
        ]
        .boxed(),
        Column::LineType => prop_oneof![
            2 => text(&["Usage", "Tax", "Credit"]),
            1 => text(&[
                "SavingsPlanCoveredUsage",
                "SavingsPlanRecurringFee",
                "SavingsPlanNegation",
                "SavingsPlanUpfrontFee",
                "DiscountedUsage",
                "RIFee",
                "Fee",
            ]),
        ]
        .boxed(),
        Column::Description => text(&[
            "|us-east-1|Million Input Tokens Regional",
            "per thousand Input Tokens",
            "Tax for Claude (Amazon Bedrock Edition)",
            LONG,
        ]),
        Column::ProductCode => {
            text(&["AmazonBedrock", "AmazonEC2", "7zgyu5r4", "4xk0wall", "translate", ""])
        }
        Column::UsageType => text(&[
            "USE1-NovaLite-input-tokens",
            "USE1-MP:USE1_OutputTokenCount-Units",
            "BoxUsage:t3.micro",
            "EU-SomethingNew",
            "",
        ]),
        Column::Amount | Column::Unblended | Column::NetUnblended => number(),
        Column::Currency => {
            prop_oneof![20 => Just(Value::Text("USD")), 2 => text(&["EUR", "XYZ"])].boxed()
        }
        Column::Principal => text(&[
            "arn:aws:sts::111111111111:assumed-role/app-one/session",
            "arn:aws:sts::111111111111:assumed-role/app-two/ana@example.com",
            "arn:aws:iam::222222222222:user/ci",
            "nobody",
            "somebody else",
            "",
        ]),
        Column::PricingUnit => text(&["1K tokens", "1M tokens", "Tokens", "Units"]),
        Column::Product => map(vec![
            vec![],
            vec![("product_name", Some("Claude Sonnet 4.6 (Amazon Bedrock Edition)"))],
            vec![("sku", Some("X1")), ("product_name", Some("Claude on Bedrock"))],
            vec![("model", Some("Nova Lite")), ("provider", Some("Amazon")), ("sku", None)],
            vec![("product_name", Some("Some Firewall"))],
            vec![("product_name", None)],
        ]),
        Column::ProductFamily => text(&["Amazon Bedrock", "Compute Instance"]),
        Column::Region => text(&["us-east-1", "eu-west-1"]),
        Column::AvailabilityZone => text(&["us-east-1a", ""]),
        Column::InvoiceId => text(&["EUINUS26-1", ""]),
        Column::List => number(),
        Column::Tags => map(vec![
            vec![],
            vec![("iamPrincipal/team", Some("search"))],
            vec![("iamPrincipal/team", Some("chat")), ("resourceTags/env", Some("\"prod\""))],
            vec![("resourceTags/env", Some("\"prod\"")), ("iamPrincipal/team", Some("chat"))],
            vec![("resourceTags/env", Some("")), ("iamPrincipal/team", None)],
            vec![("resourceTags/note", Some(LONG))],
        ]),
        Column::ReservationArn => text(&["arn:aws:bedrock:us-east-1:111111111111:reserved/a", ""]),
        how_it_is_amortized if how_it_is_amortized.kind() == Kind::Number => number(),
        other => unreachable!("{other:?} has no values"),
    }
}

pub(super) fn any_row() -> impl Strategy<Value = Row> {
    Column::ALL.map(value).into_iter().collect::<Vec<_>>()
}

pub(super) fn any_form() -> impl Strategy<Value = Form> {
    use Time::{Day, Microsecond, Millisecond, Nanosecond};
    let optional: Vec<Column> =
        Column::ALL.into_iter().filter(|it| !Column::REQUIRED.contains(it)).collect();
    let some = subsequence(optional.clone(), 0..optional.len());
    let columns = prop_oneof![2 => Just(optional), 1 => some];
    (
        columns,
        select(vec![Millisecond, Microsecond, Nanosecond, Day]),
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.7),
        select(vec![
            Encoding::PLAIN,
            Encoding::DELTA_LENGTH_BYTE_ARRAY,
            Encoding::DELTA_BYTE_ARRAY,
        ]),
        select(vec![WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0]),
        1..30_usize,
    )
        .prop_map(
            |(
                optional,
                time,
                has_decimals,
                has_binary,
                has_dictionaries,
                encoding,
                version,
                rows_per_group,
            )| {
                let is_there = |it: &Column| Column::REQUIRED.contains(it) || optional.contains(it);
                Form {
                    columns: Column::ALL.into_iter().filter(is_there).collect(),
                    time,
                    has_decimals,
                    has_binary,
                    has_dictionaries,
                    encoding,
                    version,
                    rows_per_group,
                }
            },
        )
}

pub(super) fn cells(rows: &[Row], column: Column) -> impl Iterator<Item = &Value> {
    rows.iter().map(move |row| &row[column as usize])
}

/// What a decimal column can hold of a double.
pub(super) fn decimal_of(value: f64) -> Option<i128> {
    let text = format!("{:.14e}", value);
    let decimal = ledger_core::money::parse_decimal(&text).ok()?;
    (decimal.abs() < Decimal::from(1_000_000_000)).then_some(())?;
    let mut scaled = decimal.round_dp(u32::try_from(DECIMAL_SCALE).unwrap());
    scaled.rescale(u32::try_from(DECIMAL_SCALE).unwrap());
    Some(scaled.mantissa())
}

pub(super) fn csv_cell(value: &Value, form: &Form) -> String {
    match value {
        Value::Null => String::new(),
        Value::Text(text) => (*text).to_owned(),
        Value::Number(value) if form.has_decimals => decimal_of(*value)
            .map_or_else(String::new, |it| {
                Decimal::from_i128_with_scale(it, DECIMAL_SCALE.unsigned_abs().into()).to_string()
            }),
        Value::Number(value) => format!("{:.14e}", value + 0.0),
        Value::Time(seconds) => Timestamp::from_second(*seconds).unwrap().to_string(),
        Value::Map(entries) => {
            let object: BTreeMap<_, _> = entries.iter().copied().collect();
            serde_json::to_string(&object).unwrap()
        }
    }
}

pub(super) fn as_csv(rows: &[Row], form: &Form) -> Vec<u8> {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(form.columns.iter().map(|it| it.name())).unwrap();
    for row in rows {
        let cells = form.columns.iter().map(|it| csv_cell(&row[*it as usize], form));
        out.write_record(cells).unwrap();
    }
    out.into_inner().unwrap()
}

pub(super) fn array(rows: &[Row], column: Column, form: &Form) -> ArrayRef {
    let cells = || cells(rows, column);
    match column.kind() {
        Kind::Text => {
            let texts = cells().map(|it| match it {
                Value::Text(text) => Some(*text),
                _ => None,
            });
            if form.has_binary {
                Arc::new(texts.map(|it| it.map(str::as_bytes)).collect::<BinaryArray>())
            } else {
                Arc::new(texts.collect::<StringArray>())
            }
        }
        Kind::Number => {
            let numbers = cells().map(|it| match it {
                Value::Number(number) => Some(*number),
                _ => None,
            });
            if form.has_decimals {
                let decimals = numbers.map(|it| it.and_then(decimal_of));
                let array: Decimal128Array = decimals.collect();
                Arc::new(array.with_precision_and_scale(38, DECIMAL_SCALE).unwrap())
            } else {
                Arc::new(numbers.collect::<PrimitiveArray<Float64Type>>())
            }
        }
        Kind::Date => {
            let times = |per_second: i64| {
                cells().map(move |it| match it {
                    Value::Time(second) => Some(second * per_second),
                    _ => None,
                })
            };
            match form.time {
                Time::Millisecond => Arc::new(times(1_000).collect::<TimestampMillisecondArray>()),
                Time::Microsecond => {
                    Arc::new(times(1_000_000).collect::<TimestampMicrosecondArray>())
                }
                Time::Nanosecond => {
                    Arc::new(times(1_000_000_000).collect::<TimestampNanosecondArray>())
                }
                Time::Day => Arc::new(
                    times(1)
                        .map(|it| it.map(|it| i32::try_from(it.div_euclid(86_400)).unwrap()))
                        .collect::<Date32Array>(),
                ),
            }
        }
        Kind::Map => {
            let names = MapFieldNames {
                entry: "key_value".into(),
                key: "key".into(),
                value: "value".into(),
            };
            let mut map = MapBuilder::new(Some(names), StringBuilder::new(), StringBuilder::new());
            for cell in cells() {
                let Value::Map(entries) = cell else {
                    map.append(false).unwrap();
                    continue;
                };
                for (key, value) in entries {
                    map.keys().append_value(key);
                    map.values().append_option(*value);
                }
                map.append(true).unwrap();
            }
            Arc::new(map.finish())
        }
    }
}

pub(super) fn as_parquet(rows: &[Row], form: &Form) -> Vec<u8> {
    let arrays = form.columns.iter().map(|it| (it.name(), array(rows, *it, form), true));
    let batch = RecordBatch::try_from_iter_with_nullable(arrays).unwrap();
    // Small pages and dictionaries: some columns begin with keys and go on without.
    let properties = form.columns.iter().fold(WriterProperties::builder(), |it, column| {
        let path =
            |parts: &[&str]| ColumnPath::new(parts.iter().map(|it| (*it).to_owned()).collect());
        let name = column.name();
        match column.kind() {
            Kind::Text => it.set_column_encoding(path(&[name]), form.encoding),
            Kind::Map => it
                .set_column_encoding(path(&[name, "key_value", "key"]), form.encoding)
                .set_column_encoding(path(&[name, "key_value", "value"]), form.encoding),
            Kind::Number | Kind::Date => it,
        }
    });
    let properties = properties
        .set_writer_version(form.version)
        .set_compression(Compression::SNAPPY)
        .set_dictionary_enabled(form.has_dictionaries)
        .set_dictionary_page_size_limit(64)
        .set_data_page_row_count_limit(7)
        .set_write_batch_size(3)
        .set_max_row_group_row_count(Some(form.rows_per_group))
        .build();
    let options =
        ArrowWriterOptions::new().with_skip_arrow_metadata(true).with_properties(properties);
    let mut out = Vec::new();
    let mut writer = ArrowWriter::try_new_with_options(&mut out, batch.schema(), options).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    out
}
