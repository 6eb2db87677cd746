//! Rows that are read apart are those of the whole file.

use std::sync::Arc;

use arrow_array::builder::{MapBuilder, StringBuilder};
use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray, TimestampMillisecondArray};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::file::metadata::ParquetMetaDataReader;
use parquet::file::properties::{WriterProperties, WriterVersion};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use proptest::prelude::*;
use proptest::sample::subsequence;

use super::window::DECODED_MAX;
use super::*;

/// Rows of all columns, of which some cells are null.
fn file(row_count: usize, version: WriterVersion, has_dictionaries: bool) -> Bytes {
    let text = |row: usize| (!row.is_multiple_of(7)).then(|| format!("text {}", row % 11));
    let number = |row: usize| (!row.is_multiple_of(5)).then_some(1.5 * row as f64);
    let time = |row: usize| i64::try_from(row).unwrap() * 3_600_000;
    let mut map = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    for row in 0..row_count {
        for key in 0..row % 4 {
            map.keys().append_value(format!("key {key}"));
            map.values().append_option((key != 1).then(|| format!("value {}", row % 13)));
        }
        map.append(!row.is_multiple_of(9)).unwrap();
    }
    let columns: [(&str, ArrayRef, bool); 4] = [
        ("line_item_usage_type", Arc::new((0..row_count).map(text).collect::<StringArray>()), true),
        (
            "line_item_unblended_cost",
            Arc::new((0..row_count).map(number).collect::<Float64Array>()),
            true,
        ),
        (
            "line_item_usage_start_date",
            Arc::new(
                (0..row_count).map(|it| Some(time(it))).collect::<TimestampMillisecondArray>(),
            ),
            false,
        ),
        ("tags", Arc::new(map.finish()), true),
    ];
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let properties = WriterProperties::builder()
        .set_writer_version(version)
        .set_dictionary_enabled(has_dictionaries)
        .set_data_page_row_count_limit(50)
        .set_write_batch_size(10)
        .build();
    let mut out = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut out, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    out.into()
}

/// Each row, in words.
fn read(file: &Bytes, rows: Option<&[usize]>) -> Vec<String> {
    let metadata = ParquetMetaDataReader::new().parse_and_finish(file).unwrap();
    let fields = fields(metadata.file_metadata().schema_descr());
    let read = [false, true].map(|is_ahead| {
        let fields = fields.iter().enumerate();
        let selection =
            Selection { fields, positions: &[None; COUNT], rows, as_amounts: false, is_ahead };
        let file = Arc::new(file.clone());
        let batches = Batches::new(&file, &metadata, 0, selection, &Cell::default()).unwrap();
        let mut read = Vec::new();
        let take = |batch: &Batch| {
            read.extend((0..batch.row_count()).map(|row| in_words(batch, row)));
            Ok(())
        };
        batches.each(|it| it, take).unwrap();
        read
    });
    let [read, ahead] = read;
    assert_eq!(read, ahead);
    read
}

fn in_words(batch: &Batch, row: usize) -> String {
    let text = |texts: &TextArray, row| {
        texts.bytes(row).map(|it| std::str::from_utf8(it).unwrap().to_owned())
    };
    let cells = (0..4).map(|position| match batch.at(position) {
        Some(Array::Texts(texts)) => format!("{:?}", text(texts, row)),
        Some(Array::Doubles(values)) => format!("{:?}", values.get(row)),
        Some(Array::Times(values, unit)) => format!("{:?} {unit:?}", values.get(row)),
        Some(Array::Map(map)) => {
            let entries = map.offsets()[row]..map.offsets()[row + 1];
            let entries = entries.map(|it| (text(map.keys(), it), text(map.values(), it)));
            format!("{:?}", entries.collect::<Vec<_>>())
        }
        other => panic!("{other:?}"),
    });
    cells.collect::<Vec<_>>().join(", ")
}

#[test]
fn a_row_has_what_was_written() {
    for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
        for has_dictionaries in [true, false] {
            let rows = read(&file(20_000, version, has_dictionaries), None);
            assert_eq!(rows.len(), 20_000);
            let expected = [
                (0, r#"None, None, Some(0) Millisecond, []"#),
                (
                    19_999,
                    r#"None, Some(29998.5), Some(71996400000) Millisecond, [(Some("key 0"), Some("value 5")), (Some("key 1"), None), (Some("key 2"), Some("value 5"))]"#,
                ),
            ];
            for (row, expected) in expected {
                assert_eq!(rows[row], expected);
            }
        }
    }
}

/// As writers other than Arrow's store them; each column has a value, then none.
#[test]
fn older_timestamps_and_decimals_of_any_width_are_read() {
    let schema = parse_message_type(
        "message bill {
            optional int96 time;
            optional int32 small (DECIMAL(9, 2));
            optional int64 large (DECIMAL(18, 4));
            optional binary any (DECIMAL(20, 3));
            optional fixed_len_byte_array(5) fixed (DECIMAL(10, 1));
        }",
    );
    let mut out = Vec::new();
    let properties = Arc::new(WriterProperties::builder().build());
    let mut writer =
        SerializedFileWriter::new(&mut out, schema.unwrap().into(), properties).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut at = 0;
    while let Some(mut column) = group.next_column().unwrap() {
        let levels = Some([1, 0].as_slice());
        match column.untyped() {
            // One nanosecond before the end of 2026-10-03, as a Julian day and what is over.
            ColumnWriter::Int96ColumnWriter(it) => {
                let nanoseconds: u64 = 86_399_999_999_999;
                let halves = [nanoseconds & u64::from(u32::MAX), nanoseconds >> 32];
                let [low, high] = halves.map(|it| u32::try_from(it).unwrap());
                it.write_batch(&[vec![low, high, 2_440_588 + 20_729].into()], levels, None)
            }
            ColumnWriter::Int32ColumnWriter(it) => it.write_batch(&[-125], levels, None),
            ColumnWriter::Int64ColumnWriter(it) => it.write_batch(&[1_250_000], levels, None),
            ColumnWriter::ByteArrayColumnWriter(it) => {
                it.write_batch(&[vec![0xff, 0x7f].into()], levels, None)
            }
            ColumnWriter::FixedLenByteArrayColumnWriter(it) => {
                let bytes = ByteArray::from(vec![0, 0, 0, 1, 2]);
                it.write_batch(&[bytes.into()], levels, None)
            }
            _ => panic!("column {at} is of another type"),
        }
        .unwrap();
        column.close().unwrap();
        at += 1;
    }
    group.close().unwrap();
    writer.close().unwrap();
    let file = Bytes::from(out);
    let metadata = ParquetMetaDataReader::new().parse_and_finish(&file).unwrap();
    let fields = fields(metadata.file_metadata().schema_descr());
    let fields = fields.iter().enumerate();
    let selection = Selection {
        fields,
        positions: &[None; COUNT],
        rows: None,
        as_amounts: false,
        is_ahead: false,
    };
    let batches = Batches::new(&Arc::new(file), &metadata, 0, selection, &Cell::default()).unwrap();
    let mut read = Vec::new();
    let take = |batch: &Batch| {
        read.extend((0..5).map(|position| match batch.at(position) {
            Some(Array::Days(days)) => {
                (days.get(0).map(i128::from), 0, days.get(1).map(i128::from))
            }
            Some(Array::Decimals(values, scale)) => (values.get(0), *scale, values.get(1)),
            other => panic!("{other:?}"),
        }));
        Ok(())
    };
    batches.each(|it| it, take).unwrap();
    let expected = [(20_729, 0), (-125, 2), (1_250_000, 4), (-129, 3), (258, 1)]
        .map(|it| (Some(it.0), it.1, None));
    assert_eq!(read, expected);
}

/// Rows alone, in clumps, and far from each other.
fn some_rows(row_count: usize) -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![
        subsequence((0..row_count).collect::<Vec<_>>(), 0..=row_count),
        subsequence((0..row_count).collect::<Vec<_>>(), 0..=12),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn rows_apart_are_those_of_the_whole_file(
        rows in some_rows(1_200),
        is_newer in any::<bool>(),
        has_dictionaries in any::<bool>(),
    ) {
        let version =
            if is_newer { WriterVersion::PARQUET_2_0 } else { WriterVersion::PARQUET_1_0 };
        let file = file(1_200, version, has_dictionaries);
        let all = read(&file, None);
        let expected: Vec<String> = rows.iter().map(|it| all[*it].clone()).collect();
        prop_assert_eq!(read(&file, Some(&rows)), expected);
    }

    /// However many they are, rows are handed on once, and few are decoded in vain at a time.
    #[test]
    fn windows_hold_the_wanted_rows(
        gaps in proptest::collection::vec(prop_oneof![9 => 0..40_usize, 1 => 0..5_000_usize], 0..12_000),
    ) {
        let mut wanted = Vec::new();
        for gap in gaps {
            wanted.push(wanted.last().map_or(gap, |it| it + gap + 1));
        }
        let count = wanted.last().map_or(0, |it| it + 1);
        let mut rows = Rows::new(count, Some(&wanted));
        let (mut at, mut found) = (0, Vec::new());
        while let Some(window) = rows.next() {
            let mut decoded = Vec::new();
            for run in &window.runs {
                at += run.skip;
                decoded.extend(at..at + run.take);
                at += run.take;
            }
            prop_assert!(decoded.len() <= DECODED_MAX);
            let places = window.places.unwrap();
            prop_assert_eq!(places.len(), window.row_count);
            found.extend(places.iter().map(|it| decoded[*it]));
        }
        prop_assert_eq!(found, wanted);
    }
}
