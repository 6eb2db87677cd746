use std::sync::Arc;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use ledger_core::bill_text::BillTexts;
use ledger_core::business::BusinessKey;
use ledger_core::dimension::Level;
use ledger_core::position::{AllocationId, EntryKind, PositionKey};
use ledger_core::rollup::{DayRollups, Measures, Position, Rollup, Row};
use ledger_core::source::Provider;
use ledger_core::word::Word;
use ledger_testkit::build::{costs, day_of, mixed_day, position_of, usd};

use super::axes::axes_of;
use super::packing::{PLAIN, ZLIB};
use super::*;
use crate::dynamodb::table::TableWriter;
use crate::dynamodb::{Item, text};

fn items_of(day: &DayRollups) -> Vec<Item> {
    let mut chunks = Chunks::new("ROLLUPS#2026-11-03", Level::Detail);
    let rows = day.positions.iter().map(|(key, measures)| Row::Position(key, measures));
    let mut items: Vec<Item> = rows.filter_map(|it| chunks.add(it).unwrap()).collect();
    items.extend(chunks.end().unwrap());
    items
}

fn positions_of(day: &DayRollups) -> Vec<Rollup> {
    let positions = day.positions.clone().into_iter();
    positions.map(|(key, measures)| Rollup::Position(Position { key, measures })).collect()
}

fn read(items: &[Item]) -> Vec<Rollup> {
    items.iter().flat_map(|it| rollups_of(it).unwrap()).collect()
}

/// A day of many accounts of one owner.
fn large_day(rows: usize) -> DayRollups {
    let accounts = (0..rows).map(|it| format!("{it:012}"));
    day_of(accounts.map(|it| position_of("chat", &it, costs("0.0032"))))
}

#[test]
fn every_field_of_a_position_is_read_as_it_was_written() {
    let mut day = mixed_day(&[("a#b", "1", "1.5"), ("a#b", "2", "-2"), ("b", "1", "0")]);
    let (mut key, mut measures) = day.positions.pop_first().unwrap();
    for field in BusinessField::ALL {
        key.summary.business.set(BusinessKey::Named(*field), field.as_str().into());
    }
    key.summary.business.set(BusinessKey::of_stored("x_project"), "p".into());
    key.business.set(BusinessKey::of_stored("x_run"), "7".into());
    key.summary.charge.provider = Provider::parse("acme");
    key.summary.charge.category = Some(Word::parse("gift"));
    key.detail.axes = axes_of("overnight\tglobal\t\tlong\t1h\ta\tb");
    key.detail.account = None;
    measures.costs =
        measures.costs.amortized_to(Some(usd("3")), Some(usd("0.000000000000001"))).unwrap();
    measures.first_line = None;
    day.positions.insert(key.clone(), measures.clone());
    for kind in [EntryKind::AllocatedIn, EntryKind::AllocatedOut] {
        let kind = kind(AllocationId("split".into()));
        let mut key = PositionKey { kind, rule: None, ..key.clone() };
        key.detail.tags = Arc::default();
        (key.detail.texts, key.detail.caller) = (BillTexts::default(), None);
        day.positions.insert(key, Measures { quantity: None, tokens: None, ..measures.clone() });
    }
    let items = items_of(&day);
    assert_eq!(items.len(), 2);
    assert_eq!(read(&items), positions_of(&day));
    assert_eq!(items_of(&day), items);
}

#[test]
fn a_day_of_many_rows_is_cut_into_items_that_fit() {
    let day = large_day(6_000);
    let items = items_of(&day);
    assert!(items.len() > 1, "{}", items.len());
    let bytes = |item: &Item| item["table"].as_b().unwrap().as_ref().len();
    assert!(items.iter().all(|it| bytes(it) < 300 * 1024));
    assert_eq!(read(&items), positions_of(&day));
    // Two runs of one generation write the same items, whatever their files are called.
    let mut renamed = day.clone();
    for measures in renamed.positions.values_mut() {
        let first_line = measures.first_line.as_mut().unwrap();
        first_line.file = "a-much-longer-name-of-a-file.parquet".repeat(20).into();
    }
    let sort_keys = |items: &[Item]| items.iter().map(|it| it["sk"].clone()).collect::<Vec<_>>();
    assert_eq!(sort_keys(&items_of(&renamed)), sort_keys(&items));
}

#[test]
fn a_row_of_a_large_chunk_takes_few_bytes() {
    let items = items_of(&large_day(1_000));
    let bytes: usize = items.iter().map(|it| it["table"].as_b().unwrap().as_ref().len()).sum();
    // Twelve digits of an account are most of it.
    assert!(bytes < 6 * 1_000, "{bytes}");
}

/// The row of a table, as a newer release or a hand could have written it.
fn item(write: impl FnOnce(&mut TableWriter)) -> Item {
    let mut table = TableWriter::default();
    table.row();
    table.text("o", Some("search"));
    table.text("c", Some("USD"));
    table.number("k", Some(1));
    write(&mut table);
    item_of([&[PLAIN], table.finish().as_slice()].concat())
}

fn item_of(table: Vec<u8>) -> Item {
    Item::from([
        ("pk".to_owned(), text("ROLLUPS#2026-11-03")),
        ("sk".to_owned(), text("D#search#0000")),
        ("table".to_owned(), AttributeValue::B(Blob::new(table))),
    ])
}

#[test]
fn what_is_not_money_is_shown_as_unknown_and_costs_nothing_else() {
    let rollups = rollups_of(&item(|table| {
        table.amount("u", Some(15 * 10_i128.pow(14)));
        table.text("me", Some("meter_of_tomorrow"));
        table.number("m", Some(7));
        table.text("t", Some("many"));
        table.text("column of tomorrow", Some("x"));
        table.text("pn", Some("arn"));
    }));
    let rollups = rollups.unwrap();
    let [Rollup::Position(Position { key, measures })] = rollups.as_slice() else {
        panic!("{rollups:?}")
    };
    let charge = &key.summary.charge;
    let meter = Word::Unknown("meter_of_tomorrow".into());
    assert_eq!((&charge.meter, &charge.model, &*charge.service), (&meter, &None, "unknown"));
    assert_eq!(measures.costs.of(CostKind::Unblended), usd("1.5"));
    assert_eq!((measures.tokens, key.detail.caller.as_deref()), (None, Some("arn")));
}

#[test]
fn money_that_cannot_be_read_is_an_error_that_names_item_and_day() {
    let whole = item(|table| table.amount("u", Some(1)));
    let whole = whole["table"].as_b().unwrap().as_ref().to_vec();
    let truncated = whole[..whole.len() - 1].to_vec();
    let range = 10_i128.pow(28);
    for (item, expected) in [
        (item(|_| {}), "row 0 of `table` has no `u`"),
        (
            item(|it| it.text("u", Some("1"))),
            "`table` cannot be read: column `u` has kind 1; expected 3",
        ),
        (item(|it| it.amount("u", Some(range))), "row 0 of `table` has no amount of money: "),
        (item_of(truncated), "`table` cannot be read: it ends before its columns"),
        (item_of(vec![ZLIB, 1]), "`table` cannot be unpacked: "),
        (item_of(vec![7]), "`table` is packed in form 7, not 0 or 1"),
        (
            item_of(vec![PLAIN, 2]),
            "`table` cannot be read: it is of form 2; this release reads form 1",
        ),
        (item_of(Vec::new()), "`table` is empty"),
    ] {
        let err = rollups_of(&item).unwrap_err().to_string();
        let start =
            format!("item `ROLLUPS#2026-11-03 sha256:240b6dc1cb53` cannot be read: {expected}");
        assert!(err.starts_with(&start), "{err}");
    }
    let mut euros = TableWriter::default();
    euros.row();
    euros.text("o", Some("search"));
    euros.text("c", Some("XX"));
    euros.number("k", Some(1));
    euros.amount("u", Some(1));
    let err = rollups_of(&item_of([&[PLAIN], euros.finish().as_slice()].concat())).unwrap_err();
    assert!(
        err.to_string().ends_with("row 0 of `table` has a currency that is not known here"),
        "{err}"
    );
}
