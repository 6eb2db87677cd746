//! Promises of [`LedgerStore`].

use jiff::civil::Date;
use ledger_app::ports::{LedgerStore, Replaced, Retryable as _, StoreError};
use ledger_core::bill::{BillHead, BillReplacement};
use ledger_core::currency::Currency;
use ledger_core::dimension::Level;
use ledger_core::owner::Owner;
use ledger_core::rollup::{DayRollups, Position, Rollup, Summary};

use crate::build::{at, bill, date, day_of_owners, days_from, days_of, delivery, mixed_day, month};
use crate::snapshot::snapshot;

/// Three days: two owners and an amount that lowers the sum on the first.
fn first() -> BillReplacement {
    delivery(&[
        (
            "2026-11-01",
            mixed_day(&[("a#b", "1", "1.5"), ("a#b", "2", "2"), ("Unattributed", "1", "-1")]),
        ),
        ("2026-11-02", mixed_day(&[("search", "1", "3")])),
        ("2026-11-03", mixed_day(&[("search", "1", "4")])),
    ])
}

/// The next delivery: one day as it was, one changed, one gone, one new.
fn second() -> BillReplacement {
    BillReplacement {
        delivered_at: Some(at("2026-11-21T06:00:00Z")),
        imported_at: at("2026-11-21T07:00:00Z"),
        ..delivery(&[
            ("2026-11-02", mixed_day(&[("search", "1", "3")])),
            ("2026-11-03", mixed_day(&[("search", "1", "4"), ("chat", "1", "0.1")])),
            ("2026-11-04", mixed_day(&[("chat", "1", "5")])),
        ])
    }
}

/// The pointer of the one bill there is.
async fn head_of(ledger: &impl LedgerStore) -> BillHead {
    let heads = ledger.heads(month("2026-01")).await.unwrap();
    assert_eq!(heads.len(), 1, "{heads:?}");
    heads[0].clone()
}

async fn read(ledger: &impl LedgerStore, head: &BillHead, day: Date, level: Level) -> Vec<Rollup> {
    let generation = &head.days[&day].generation;
    ledger.rollups(&head.bill, day, generation, level, None).await.unwrap()
}

/// Rollups of a day at a level, as they were made.
fn made(day: &DayRollups, level: Level) -> Vec<Rollup> {
    let position = |(key, measures)| Rollup::Position(Position { key, measures });
    let summary = |(key, measures)| Rollup::Summary(Summary { key, measures });
    match level {
        Level::Detail => day.positions.clone().into_iter().map(position).collect(),
        Level::Summary => day.summary().unwrap().into_iter().map(summary).collect(),
    }
}

/// A day is read back at both levels in the order of keys, with its totals on the head.
pub async fn rollups_are_read_as_they_were_written_at_both_levels(ledger: &impl LedgerStore) {
    let outcome = ledger.replace(first()).await.unwrap();
    assert_eq!((outcome.days_written, outcome.days_unchanged, outcome.days_removed), (3, 0, 0));
    let head = head_of(ledger).await;
    assert_eq!((head.version, head.rules_version, &head.bill), (1, 2, &bill("2026-11")));
    assert_eq!(head.delivered_at, first().delivered_at);
    for (day, rollups) in days_of(&first().days) {
        assert_eq!(head.days[&day].totals, rollups.totals);
        for level in [Level::Summary, Level::Detail] {
            assert_eq!(read(ledger, &head, day, level).await, made(&rollups, level), "{day}");
        }
    }
}

/// More owners than are written at once, some of them with names that a key cannot hold as they are,
/// and each with several charges.
pub async fn a_day_of_many_owners_is_read_as_it_was_written(ledger: &impl LedgerStore) {
    let mut owners: Vec<String> = (0..80).map(|it| format!("team#{it}")).collect();
    owners.extend((0..3).map(|it| format!("{}{it}", "ü".repeat(300))));
    owners.push("Unattributed".to_owned());
    let accounts = ["1", "2"];
    let charges = owners.iter().flat_map(|owner| accounts.map(|it| (owner.as_str(), it, "0.5")));
    let day = mixed_day(&charges.collect::<Vec<_>>());
    ledger.replace(delivery(&[("2026-11-01", day.clone())])).await.unwrap();
    let head = head_of(ledger).await;
    for level in [Level::Summary, Level::Detail] {
        assert_eq!(read(ledger, &head, date("2026-11-01"), level).await, made(&day, level));
    }
}

/// Nothing is there before anything is written.
pub async fn an_empty_ledger_has_no_heads(ledger: &impl LedgerStore) {
    assert_eq!(ledger.heads(month("2026-01")).await.unwrap(), []);
}

/// The first month asked for is in the answer, the month before it is not.
pub async fn heads_are_read_from_a_month_on(ledger: &impl LedgerStore) {
    ledger.replace(first()).await.unwrap();
    assert_eq!(ledger.heads(month("2026-11")).await.unwrap().len(), 1);
    assert_eq!(ledger.heads(month("2026-12")).await.unwrap(), []);
}

/// Owners are matched by their whole names; no owner asked for is no rollup.
pub async fn owners_are_read_by_themselves(ledger: &impl LedgerStore) {
    ledger.replace(first()).await.unwrap();
    let head = head_of(ledger).await;
    let day = date("2026-11-01");
    let generation = &head.days[&day].generation;
    for (owners, expected) in
        [(vec!["a#b"], 2), (vec!["a"], 0), (vec!["a#b", "Unattributed"], 3), (vec![], 0)]
    {
        let owners: Vec<Owner> = owners.into_iter().map(Owner::parse).collect();
        let read = ledger.rollups(&head.bill, day, generation, Level::Detail, Some(&owners));
        let read = read.await.unwrap();
        assert_eq!(read.len(), expected, "{owners:?}");
        assert!(read.iter().all(|it| owners.contains(&it.row().summary().owner)));
    }
}

/// A repetition has no effect, wherever its files are.
pub async fn the_same_delivery_again_changes_nothing(ledger: &impl LedgerStore) {
    ledger.replace(first()).await.unwrap();
    let before = snapshot(ledger).await.unwrap();
    let mut days = days_of(&first().days);
    for measures in days.values_mut().flat_map(|it| it.positions.values_mut()) {
        let first_line = measures.first_line.as_mut().unwrap();
        (first_line.file, first_line.line) = ("another.csv".into(), 9);
    }
    let again = BillReplacement {
        days: days_from(days),
        imported_at: at("2026-11-21T07:00:00Z"),
        ..first()
    };
    let outcome = ledger.replace(again).await.unwrap();
    assert_eq!(outcome, Replaced { days_unchanged: 3, ..Replaced::default() });
    assert_eq!(snapshot(ledger).await.unwrap(), before);
}

/// An unchanged day keeps its generation.
pub async fn only_days_that_differ_are_written(ledger: &impl LedgerStore) {
    ledger.replace(first()).await.unwrap();
    let before = head_of(ledger).await;
    let outcome = ledger.replace(second()).await.unwrap();
    assert_eq!((outcome.days_written, outcome.days_unchanged, outcome.days_removed), (2, 1, 1));
    let after = head_of(ledger).await;
    let same = date("2026-11-02");
    assert_eq!(after.days[&same], before.days[&same]);
    let versions: Vec<u64> = after.days.values().map(|it| it.generation.version).collect();
    assert_eq!((after.version, versions), (2, vec![1, 2, 2]));
}

/// A whole bill has no other days than it says.
pub async fn days_missing_from_a_complete_delivery_are_gone(ledger: &impl LedgerStore) {
    ledger.replace(first()).await.unwrap();
    ledger.replace(second()).await.unwrap();
    let days: Vec<Date> = head_of(ledger).await.days.into_keys().collect();
    assert_eq!(days, ["2026-11-02", "2026-11-03", "2026-11-04"].map(date));
}

/// A part of a bill says nothing of other days.
pub async fn days_missing_from_a_partial_delivery_stay(ledger: &impl LedgerStore) {
    ledger.replace(first()).await.unwrap();
    let partial = BillReplacement { is_complete: false, ..second() };
    let outcome = ledger.replace(partial).await.unwrap();
    assert_eq!((outcome.days_written, outcome.days_removed), (2, 0));
    assert_eq!(head_of(ledger).await.days.len(), 4);
}

/// Deliveries that arrive out of order end with the newest.
pub async fn an_older_delivery_changes_nothing(ledger: &impl LedgerStore) {
    ledger.replace(second()).await.unwrap();
    let before = snapshot(ledger).await.unwrap();
    let outcome = ledger.replace(first()).await.unwrap();
    assert_eq!(outcome, Replaced { is_superseded: true, ..Replaced::default() });
    assert_eq!(snapshot(ledger).await.unwrap(), before);
}

/// The date of the newest delivery is kept, so that one between the two cannot win later; files
/// without a date do not erase it.
pub async fn a_newer_delivery_of_the_same_content_moves_the_head_alone(ledger: &impl LedgerStore) {
    ledger.replace(first()).await.unwrap();
    let before = head_of(ledger).await;
    let newest = Some(at("2026-11-22T06:00:00Z"));
    let outcome = ledger.replace(BillReplacement { delivered_at: newest, ..first() }).await;
    let outcome = outcome.unwrap();
    assert_eq!((outcome.days_written, outcome.days_unchanged, outcome.items_written), (0, 3, 0));
    let after = head_of(ledger).await;
    assert_eq!((after.version, after.delivered_at), (2, newest));
    assert_eq!(after.days, before.days);
    assert!(ledger.replace(second()).await.unwrap().is_superseded);
    let undated = BillReplacement { delivered_at: None, is_complete: false, ..second() };
    assert_eq!(ledger.replace(undated).await.unwrap().days_written, 2);
    assert_eq!(head_of(ledger).await.delivered_at, newest);
    assert!(ledger.replace(second()).await.unwrap().is_superseded);
}

/// The head says which rules assigned the owners, also where they are the same as before.
pub async fn newer_rules_that_change_no_owner_move_the_head_alone(ledger: &impl LedgerStore) {
    ledger.replace(first()).await.unwrap();
    let outcome = ledger.replace(BillReplacement { rules_version: 3, ..first() }).await.unwrap();
    assert_eq!((outcome.days_written, outcome.days_unchanged, outcome.items_written), (0, 3, 0));
    assert_eq!(head_of(ledger).await.rules_version, 3);
}

/// Days that were made from the ledger replace nothing but what they were made from.
pub async fn days_made_from_another_version_change_nothing(ledger: &impl LedgerStore) {
    ledger.replace(first()).await.unwrap();
    ledger.replace(second()).await.unwrap();
    let before = snapshot(ledger).await.unwrap();
    let day = [("2026-11-02", day_of_owners(&[("other", "3")]))];
    let made_from = |version| BillReplacement {
        based_on: Some(version),
        is_complete: false,
        delivered_at: None,
        ..delivery(&day)
    };
    let err = ledger.replace(made_from(1)).await.unwrap_err();
    assert!(matches!(&err, StoreError::Replaced(it) if *it == bill("2026-11")), "{err}");
    assert!(err.is_retryable());
    assert_eq!(snapshot(ledger).await.unwrap(), before);
    assert_eq!(ledger.replace(made_from(2)).await.unwrap().days_written, 1);
}

/// A day whose totals are not the sum of its rollups never becomes visible.
pub async fn totals_that_differ_from_their_rollups_are_not_made_visible(ledger: &impl LedgerStore) {
    ledger.replace(first()).await.unwrap();
    let before = snapshot(ledger).await.unwrap();
    let mut days = days_of(&second().days);
    let day = days.get_mut(&date("2026-11-04")).unwrap();
    day.totals.get_mut(&Currency::USD).unwrap().ai_line_count += 1;
    let wrong = BillReplacement { days: days_from(days), ..second() };
    let err = ledger.replace(wrong).await.unwrap_err();
    assert!(matches!(err, StoreError::Unbalanced(_)), "{err}");
    assert_eq!(
        err.to_string(),
        "2026-11-04 of cur 2026-11 of payer 123456789012 does not add up: what was written is not what was read"
    );
    assert_eq!(snapshot(ledger).await.unwrap(), before);
}

/// A reader that holds an older head can finish.
pub async fn replaced_generations_stay_readable(ledger: &impl LedgerStore) {
    ledger.replace(first()).await.unwrap();
    let before = head_of(ledger).await;
    ledger.replace(second()).await.unwrap();
    for (day, rollups) in days_of(&first().days) {
        let read = read(ledger, &before, day, Level::Detail).await;
        assert_eq!(read, made(&rollups, Level::Detail), "{day}");
    }
}

/// A delivery of one bill leaves all others as they are.
pub async fn bills_are_replaced_one_by_one(ledger: &impl LedgerStore) {
    ledger.replace(first()).await.unwrap();
    let november = head_of(ledger).await;
    let day = [("2026-10-31", day_of_owners(&[("search", "8")]))];
    let october = BillReplacement { bill: bill("2026-10"), ..delivery(&day) };
    ledger.replace(october).await.unwrap();
    let heads = ledger.heads(month("2026-01")).await.unwrap();
    assert_eq!(
        heads.iter().map(|it| &it.bill).collect::<Vec<_>>(),
        [&bill("2026-10"), &november.bill]
    );
    assert_eq!(heads[1], november);
}
