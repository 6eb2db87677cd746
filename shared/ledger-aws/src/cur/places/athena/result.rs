//! Reads the rows of a result file.

use std::io::BufReader;

use csv::StringRecord;
use ledger_app::ports::SourceError;
use ledger_core::day_sum::DaySum;
use ledger_core::line_item::Provenance;

use crate::cur::meaning::columns::{COUNT, Column, Kind};
use crate::cur::meaning::interned::Interner;
use crate::cur::meaning::row::RawLine;
use crate::cur::places::s3::{Chunks, Store};
use crate::cur::reader::Reader;

/// Product attributes and their columns in the result.
const PRODUCT: [(&str, &str); 3] = [
    ("product_name", "product_name"),
    ("model", "product_model"),
    ("provider", "product_provider"),
];

/// Reads a result; returns the number of export lines that it covers.
///
/// **Source:** Athena's result file: CSV with a header, texts in quotes that are doubled within, no
/// character at all for null. An empty text and null mean the same in a bill.
pub(super) fn read_result(
    store: &Store,
    location: &str,
    has_column: [bool; COUNT],
    reader: &mut Reader<'_>,
) -> Result<u64, SourceError> {
    let found = location.strip_prefix("s3://").and_then(|it| it.split_once('/'));
    let (bucket, key) = found.ok_or_else(|| {
        SourceError::Refused(format!(
            "Athena's result is at `{location}`; expected an address such as `s3://bucket/key.csv`",
        ))
    })?;
    // A workgroup can enforce its own result location.
    let store = store.of_bucket(bucket);
    let object = store.probe(key)?;
    let object = object.ok_or_else(|| {
        SourceError::Refused(format!("Athena's result `{location}` does not exist"))
    })?;
    let chunks = Chunks::new(store, object);
    chunks.expect_all();
    let rows = csv::ReaderBuilder::new().from_reader(BufReader::new(chunks.read_from(0)));
    // The CSV reader hides network errors, so they are taken from the chunks.
    read_rows(rows, location, has_column, reader)
        .map_err(|error| chunks.take_failure().unwrap_or(error))
}

fn read_rows(
    mut rows: csv::Reader<impl std::io::Read>,
    location: &str,
    has_column: [bool; COUNT],
    reader: &mut Reader<'_>,
) -> Result<u64, SourceError> {
    let refused = |reason: String| {
        SourceError::Refused(format!("Athena's result `{location}` cannot be read: {reason}"))
    };
    let header = rows.headers().map_err(|error| refused(error.to_string()))?.clone();
    let place = |name: &str| {
        let place = header.iter().position(|it| it == name);
        place.ok_or_else(|| refused(format!("it has no column `{name}`")))
    };
    let places = Places::new(place)?;
    let mut names = Interner::default();
    let mut record = StringRecord::new();
    let mut line_count: u64 = 0;
    while rows.read_record(&mut record).map_err(|error| refused(error.to_string()))? {
        let cell = |place: usize| record.get(place).unwrap_or_default();
        let count = cell(places.line_count);
        let count: u32 =
            count.parse().map_err(|_| refused(format!("`{count}` is no number of lines")))?;
        line_count = line_count.saturating_add(count.into());
        // The key of the file, as when the file itself is read. Athena has no line numbers.
        let file = cell(places.file);
        let key = file.strip_prefix("s3://").and_then(|it| it.split_once('/'));
        let file = names.get(key.map_or(file, |(_, key)| key));
        let provenance = Provenance { file, line: 0 };
        let is_sum = match cell(places.amounts_are_of) {
            "all" => true,
            "each" => false,
            other => return Err(refused(format!("`{other}` is neither `all` nor `each`"))),
        };
        let made = made(&record, &places, is_sum);
        let mut raw = RawLine([None; COUNT]);
        for (((text, made), place), has_column) in
            raw.0.iter_mut().zip(&made).zip(places.columns).zip(has_column)
        {
            *text = has_column.then(|| made.as_deref().unwrap_or(cell(place)));
        }
        if is_sum && reader.converter.codes.is_second_pass() {
            // The first has read it.
        } else if is_sum {
            sum(&raw, count, &provenance, reader)?;
        } else {
            for _ in 0..count {
                reader.row(&raw, &[], &provenance)?;
            }
        }
    }
    Ok(line_count)
}

/// Emits the sum of lines of which only bill, day and currency are known.
fn sum(
    raw: &RawLine<'_>,
    count: u32,
    provenance: &Provenance,
    reader: &mut Reader<'_>,
) -> Result<(), SourceError> {
    match reader.converter.convert(raw, &[], provenance) {
        Ok(converted) => {
            reader.count_faults(&converted, count.into(), provenance);
            let sum = DaySum::of_lines(&converted.line, count)
                .map_err(|error| SourceError::Money(provenance.file.to_string(), error))?;
            reader.emit(&provenance.file, converted.reading(vec![sum]))
        }
        // The error is in the cells they share, so every line is rejected.
        Err(rejected) => (0..count).try_for_each(|_| reader.emit_rejected((*rejected).clone())),
    }
}

/// Where the cells of a row are.
struct Places {
    amounts_are_of: usize,
    line_count: usize,
    file: usize,
    /// By [`Column`]; that of the product is not used.
    columns: [usize; COUNT],
    product: [usize; PRODUCT.len()],
}

impl Places {
    fn new(place: impl Fn(&str) -> Result<usize, SourceError>) -> Result<Places, SourceError> {
        let mut columns = [0; COUNT];
        for (at, column) in columns.iter_mut().zip(Column::ALL) {
            if column != Column::Product {
                *at = place(column.name())?;
            }
        }
        let mut product = [0; PRODUCT.len()];
        for (at, (_, name)) in product.iter_mut().zip(PRODUCT) {
            *at = place(name)?;
        }
        Ok(Places {
            amounts_are_of: place("amounts_are_of")?,
            line_count: place("line_count")?,
            file: place("file")?,
            columns,
            product,
        })
    }
}

/// Cells that are rebuilt, because the result writes them unlike a CSV export.
fn made(record: &StringRecord, places: &Places, is_sum: bool) -> [Option<String>; COUNT] {
    let mut made = [const { None }; COUNT];
    for ((made, column), place) in made.iter_mut().zip(Column::ALL).zip(places.columns) {
        *made = match column.kind() {
            Kind::Map if column == Column::Product => Some(product(record, places)),
            // Sums are decimals already.
            Kind::Number if !is_sum => record.get(place).and_then(number),
            _ => None,
        };
    }
    made
}

/// The attributes of the product that are read, as JSON.
fn product(record: &StringRecord, places: &Places) -> String {
    let cells = PRODUCT.iter().zip(places.product);
    let cells = cells.map(|((key, _), place)| (*key, record.get(place).unwrap_or_default()));
    let given: serde_json::Map<String, serde_json::Value> = cells
        .filter(|(_, text)| !text.is_empty())
        .map(|(key, text)| (key.to_owned(), text.into()))
        .collect();
    serde_json::Value::Object(given).to_string()
}

/// A double in any notation, printed with 15 significant digits as doubles are read everywhere;
/// `None` for other text.
fn number(text: &str) -> Option<String> {
    // Adding nothing turns the double `-0.0` into `0.0`.
    text.parse::<f64>().ok().map(|it| format!("{:.14e}", it + 0.0))
}

#[cfg(test)]
mod tests {
    use ledger_app::ports::{Delivery, Reading};
    use ledger_core::bill_text::BillText;
    use ledger_core::cost::CostKind;

    use super::*;

    const HEADER: &str = "amounts_are_of,line_count,file,bill_billing_entity,\
        bill_billing_period_start_date,bill_payer_account_id,line_item_usage_account_id,\
        line_item_usage_start_date,line_item_line_item_type,line_item_line_item_description,\
        line_item_product_code,line_item_usage_type,line_item_usage_amount,\
        line_item_unblended_cost,line_item_net_unblended_cost,line_item_currency_code,\
        line_item_iam_principal,pricing_unit,product_name,product_model,product_provider,\
        product_product_family,product_region_code,tags,savings_plan_savings_plan_effective_cost,\
        savings_plan_net_savings_plan_effective_cost,savings_plan_total_commitment_to_date,\
        savings_plan_used_commitment,savings_plan_recurring_commitment_for_billing_period,\
        savings_plan_net_recurring_commitment_for_billing_period,\
        savings_plan_amortized_upfront_commitment_for_billing_period,\
        savings_plan_net_amortized_upfront_commitment_for_billing_period,\
        reservation_effective_cost,reservation_net_effective_cost,\
        reservation_unused_amortized_upfront_fee_for_billing_period,\
        reservation_net_unused_amortized_upfront_fee_for_billing_period,\
        reservation_unused_recurring_fee,reservation_net_unused_recurring_fee,\
        reservation_reservation_a_r_n,bill_invoice_id,pricing_public_on_demand_cost,\
        line_item_availability_zone";

    fn read_text(text: &str) -> (Result<u64, SourceError>, Vec<Reading>) {
        let delivery = Delivery {
            name: "June".to_owned(),
            export: None,
            file_set: None,
            files: Vec::new(),
            period: None,
            delivered_at: None,
            is_complete: true,
            bytes: 0,
        };
        let mut told = Vec::new();
        let mut sink = |reading| {
            told.push(reading);
            Ok(())
        };
        let mut reader = Reader::new(&delivery, &mut sink);
        let rows = csv::ReaderBuilder::new().from_reader(text.as_bytes());
        let count = read_rows(rows, "s3://bills/result.csv", [true; COUNT], &mut reader);
        (count, told)
    }

    /// A row of AI and one of other lines, as Athena writes them.
    #[test]
    fn a_row_is_a_line_or_the_sum_of_many() {
        let line = r#""each","1","s3://bills/a/b.parquet","AWS","2026-06-01","123456789012",,"2026-06-03","Usage","says ""per 1K"", twice
over two lines","AmazonBedrock","USE1-NovaLite-input-tokens","1.5E0","1.0E-7",,"USD","","1K tokens","",,,,,"{""iamPrincipal/team"":""a, b"",""x"":null}",,,,,,,,,,,,,,,,"EUINUS26-1","2.0E-7","use1-az4""#;
        let sum = r#""all","1200","s3://bills/a/b.parquet",,"2026-06-01","123456789012",,"2026-06-04",,,,,,"12.000000000000001","11.500000000000000","USD",,,,,,,,,,,,,,,,,,,,,,,,,,"#;
        let (count, told) = read_text(&format!("{HEADER}\n{line}\n{sum}\n"));
        assert_eq!(count.unwrap(), 1201);
        let [Reading::Charge(line, line_sums), Reading::Other(other, other_sums)] = &told[..]
        else {
            panic!("{told:?}");
        };
        assert_eq!(line.provenance.to_string(), "a/b.parquet");
        assert_eq!((line.usage.tokens, line.tags.len()), (Some(1500), 1));
        assert_eq!(line.costs.of(CostKind::Unblended).to_string(), "0.0000001 USD");
        assert_eq!(line.costs.stated(CostKind::NetUnblended), None);
        assert_eq!(line.costs.of(CostKind::List).to_string(), "0.0000002 USD");
        let metered = (line.unit.as_deref(), line.quantity.map(|it| it.to_string()));
        assert_eq!(metered, (Some("1K tokens"), Some("1.5".to_owned())));
        assert_eq!(line.texts.get(BillText::InvoiceId).map(|it| &**it), Some("EUINUS26-1"));
        let zone = line.texts.get(BillText::AvailabilityZone).map(|it| &**it);
        assert_eq!(zone, Some("use1-az4"));
        assert_eq!(line_sums, &[DaySum::of(line).unwrap()]);
        assert_eq!(other.costs.of(CostKind::Unblended).to_string(), "12.000000000000001 USD");
        assert_eq!(other.costs.of(CostKind::NetUnblended).to_string(), "11.5 USD");
        assert_eq!(other_sums.iter().map(DaySum::line_count).collect::<Vec<_>>(), [1200]);
    }

    /// Athena writes doubles in a notation of its own, and other engines in theirs.
    #[test]
    fn a_double_is_the_same_in_any_notation() {
        for text in ["1.0E-1", "0.1", "1e-1", "1.00000000000000E-1", "0.10000000000000002"] {
            assert_eq!(number(text).unwrap(), "1.00000000000000e-1", "{text}");
        }
        for (text, expected) in [("0E0", "0.00000000000000e0"), ("-0E0", "0.00000000000000e0")] {
            assert_eq!(number(text).unwrap(), expected);
        }
        assert_eq!(number("Infinity").unwrap(), "inf");
        assert_eq!((number(""), number("a lot")), (None, None));
    }

    #[test]
    fn every_line_that_cannot_be_read_is_rejected() {
        let of = |kind: &str, cost: &str| {
            format!(
                "{HEADER}\n{kind},3,s3://bills/b.parquet,,2026-06-01,,,2026-06-04,,,,,,{cost},,€,,,,,,,,{}\n",
                ",".repeat(18)
            )
        };
        for text in [of("all", "1.000"), of("each", "NaN")] {
            let (count, told) = read_text(&text);
            assert_eq!(count.unwrap(), 3);
            let rejected = told.iter().filter(|it| matches!(it, Reading::Rejected(_)));
            assert_eq!((rejected.count(), told.len()), (3, 3));
        }
    }

    #[test]
    fn what_is_no_such_result_is_refused() {
        let check = |text: &str, expected: &str| {
            let error = read_text(text).0.unwrap_err().to_string();
            assert_eq!(
                error,
                format!("Athena's result `s3://bills/result.csv` cannot be read: {expected}")
            );
        };
        check("_col0\n", "it has no column `bill_billing_entity`");
        let row = |start: &str| format!("{HEADER}\n{start}{}\n", ",".repeat(40));
        check(&row("some,1"), "`some` is neither `all` nor `each`");
        check(&row("all,many"), "`many` is no number of lines");
        let cut = read_text(&format!("{HEADER}\nall,1,s3://")).0.unwrap_err().to_string();
        assert!(cut.ends_with("3 fields, but the previous record has 42 fields"), "{cut}");
    }
}
