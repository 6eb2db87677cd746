use std::sync::Arc;

use proptest::prelude::*;

use super::read::Column;
use super::*;

/// The values of one row, each column once.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    text: Option<String>,
    other: Option<String>,
    number: Option<u64>,
    amount: Option<i128>,
    pairs: Vec<(String, String)>,
}

fn written(rows: &[Row]) -> Vec<u8> {
    let mut table = TableWriter::default();
    for row in rows {
        table.row();
        table.text("text", row.text.as_deref());
        table.number("number", row.number);
        table.amount("amount", row.amount);
        table.text("other", row.other.as_deref());
        table.pairs("pairs", row.pairs.iter().map(|(key, value)| (key.as_str(), value.as_str())));
    }
    table.finish()
}

fn read(bytes: &[u8]) -> Result<Vec<Row>, Damage> {
    let table = Table::parse(bytes)?;
    let (text, other) = (table.texts("text")?, table.texts("other")?);
    let (number, amount) = (table.numbers("number")?, table.amounts("amount")?);
    let pairs = table.pairs("pairs")?;
    assert_eq!(table.texts("unknown")?, Column::Constant(None));
    let of_row = |row| Row {
        text: text.get(row).map(ToString::to_string),
        other: other.get(row).map(ToString::to_string),
        number: number.get(row).copied(),
        amount: amount.get(row).copied(),
        pairs: pairs
            .get(row)
            .into_iter()
            .flat_map(|it| it.iter())
            .map(|(key, value)| (key.to_string(), value.to_string()))
            .collect(),
    };
    Ok((0..table.row_count()).map(of_row).collect())
}

fn row(text: &str, number: u64, amount: i128) -> Row {
    let pairs = vec![("team".to_owned(), text.to_owned())];
    Row {
        text: Some(text.to_owned()),
        other: None,
        number: Some(number),
        amount: Some(amount),
        pairs,
    }
}

fn any_row() -> impl Strategy<Value = Row> {
    let text = || prop::option::of("[a-c#ü]{0,3}");
    // The range of money in femto-units.
    let amount = prop_oneof![
        -10_i128.pow(28)..10_i128.pow(28),
        (-1_000_i128..1_000).prop_map(|it| it * 10_i128.pow(11)),
    ];
    let pairs = prop::collection::btree_map("[a-b]{1,2}", "[a-c]{0,2}", 0..3);
    (text(), text(), prop::option::of(any::<u64>()), prop::option::of(amount), pairs).prop_map(
        |(text, other, number, amount, pairs)| Row {
            text,
            other,
            number,
            amount,
            pairs: pairs.into_iter().collect(),
        },
    )
}

proptest! {
    #[test]
    fn rows_are_read_as_they_were_written(rows in prop::collection::vec(any_row(), 0..30)) {
        prop_assert_eq!(read(&written(&rows)).unwrap(), rows);
    }

    #[test]
    fn constant_columns_are_read_for_every_row(row in any_row(), count in 1..50_usize) {
        let rows = vec![row; count];
        let bytes = written(&rows);
        prop_assert_eq!(bytes.len(), written(&rows[..1]).len());
        prop_assert_eq!(read(&bytes).unwrap(), rows);
    }

    /// Damage is an error or other values, and never ends the process.
    #[test]
    fn damaged_bytes_never_panic(
        rows in prop::collection::vec(any_row(), 0..10),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        is_cut in any::<bool>(),
    ) {
        let mut bytes = written(&rows);
        let at = at.index(bytes.len());
        if is_cut { bytes.truncate(at) } else { bytes[at] = byte }
        let _ = read(&bytes);
        let _ = read(&[&[1], bytes.as_slice()].concat());
    }

    #[test]
    fn a_table_that_was_cut_off_says_so(
        rows in prop::collection::vec(any_row(), 1..10), at in any::<prop::sample::Index>(),
    ) {
        let bytes = written(&rows);
        let at = at.index(bytes.len());
        prop_assert!(matches!(Table::parse(&bytes[..at]), Err(Damage::Truncated(_))));
    }
}

#[test]
fn texts_and_pairs_are_shared_by_their_rows() {
    let bytes = written(&[row("a", 1, 1), row("b", 2, 2), row("a", 3, 3)]);
    let table = Table::parse(&bytes).unwrap();
    let (texts, pairs) = (table.texts("text").unwrap(), table.pairs("pairs").unwrap());
    assert!(Arc::ptr_eq(texts.get(0).unwrap(), texts.get(2).unwrap()));
    assert!(Arc::ptr_eq(pairs.get(0).unwrap(), pairs.get(2).unwrap()));
}

#[test]
fn amounts_of_few_digits_take_few_bytes() {
    let prices =
        |unit: i128| -> Vec<Row> { (1..=100_i128).map(|it| row("a", 1, it * 32 * unit)).collect() };
    let cents = written(&prices(10_i128.pow(11))).len();
    let femtos = written(&prices(1)).len();
    assert!(cents <= femtos + 1, "{cents} {femtos}");
}

#[test]
fn columns_of_another_kind_and_newer_forms_are_named() {
    let bytes = written(&[row("a", 1, 1)]);
    let table = Table::parse(&bytes).unwrap();
    let err = table.numbers("text").unwrap_err();
    assert_eq!(err.to_string(), "column `text` has kind 1; expected 2");
    let newer = [&[2], &bytes[1..]].concat();
    let err = Table::parse(&newer).unwrap_err();
    assert_eq!(err.to_string(), "it is of form 2; this release reads form 1");
    let err = Table::parse(&[]).unwrap_err();
    assert_eq!(err.to_string(), "it ends before its header");
}
