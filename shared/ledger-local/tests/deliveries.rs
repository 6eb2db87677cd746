//! Deliveries of exports and files in any order: whatever is not refused, the ledger holds each line
//! once, as the last delivery of it says.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot set itself up has failed"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use ledger_app::import::{Accept, Placement, Terms, import_bills};
use ledger_app::ports::{BillSource, Delivery, LedgerStore as _, Reading, SourceError};
use ledger_core::bill::{Export, FileSet};
use ledger_core::cost::CostKind;
use ledger_core::day_sum::DaySum;
use ledger_core::dimension::Level;
use ledger_core::line_item::{BillId, LineItem};
use ledger_core::money::MoneyError;
use ledger_core::rules::AttributionRules;
use ledger_testkit::build::{at, bill, costs, line, month};
use ledger_testkit::memory_ledger::MemoryLedger;
use proptest::prelude::*;
use rust_decimal::Decimal;

const DAYS: i8 = 3;

/// A line: account, day and number.
type Key = (u8, i8, u8);

/// The lines of a delivery, in cents.
type Lines = BTreeMap<Key, i64>;

fn all_keys() -> Vec<Key> {
    let keys = (1..=2).flat_map(|account| {
        (1..=DAYS).flat_map(move |day| (0..2).map(move |number| (account, day, number)))
    });
    keys.collect()
}

/// What delivers: an export, or files in one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Deliverer {
    Export(&'static str),
    File(&'static str),
}

/// One delivery.
#[derive(Clone, Debug)]
struct Step {
    deliverer: Deliverer,
    lines: Lines,
    /// Whether it names the payer.
    has_payer: bool,
    /// Whether it is older than the one before.
    is_late: bool,
    is_replacing: bool,
}

impl Step {
    fn is_export(&self) -> bool {
        matches!(self.deliverer, Deliverer::Export(_))
    }
}

/// The lines that each deliverer has of a month of which each line costs something else, and each
/// revision of it.
fn any_step() -> impl Strategy<Value = Step> {
    let deliverer = prop_oneof![
        4 => (0..4_usize).prop_map(|it| Deliverer::Export(["all", "one", "two", "copy"][it])),
        3 => (0..5_usize).prop_map(|it| {
            Deliverer::File(["1.csv", "2.csv", "3.csv", "one.csv", "odd.csv"][it])
        }),
    ];
    let days = prop_oneof![3 => Just(DAYS), 1 => 1..=DAYS];
    let is_rare = || prop::bool::weighted(0.1);
    (deliverer, 0..3_i64, days, any::<u16>(), is_rare(), is_rare(), is_rare()).prop_map(
        |(deliverer, revision, days, mask, is_unnamed, is_late, is_replacing)| {
            let cost = |at: usize| (1 << at) + revision * (100_000 + 3_i64.pow(at as u32 % 9));
            let has = |at: usize, (account, day, _): &Key| match deliverer {
                Deliverer::Export("one") | Deliverer::File("one.csv") => *account == 1,
                Deliverer::Export("two") => *account == 2,
                Deliverer::File("odd.csv") => mask >> at & 1 == 1,
                Deliverer::File(name) => name.starts_with(&day.to_string()),
                Deliverer::Export(_) => true,
            };
            let keys = all_keys().into_iter().enumerate().filter(|(at, key)| has(*at, key));
            let keys =
                keys.filter(|(_, key)| key.1 <= days || !matches!(deliverer, Deliverer::Export(_)));
            let lines = keys.map(|(at, key)| (key, cost(at))).collect();
            Step { deliverer, lines, has_payer: !is_unnamed, is_late, is_replacing }
        },
    )
}

/// Deliveries in memory.
struct Source(Vec<(Delivery, Step)>);

fn day_of(day: i8) -> Date {
    Date::constant(2026, 11, day)
}

impl BillSource for Source {
    fn deliveries(&self) -> Result<Vec<Delivery>, SourceError> {
        Ok(self.0.iter().map(|it| it.0.clone()).collect())
    }

    fn read(
        &self,
        delivery: &Delivery,
        sink: &mut dyn FnMut(Reading) -> Result<(), MoneyError>,
    ) -> Result<(), SourceError> {
        let (_, step) = self.0.iter().find(|it| it.0 == *delivery).unwrap();
        for ((account, day, _), cents) in &step.lines {
            let payer = line().bill.payer.filter(|_| step.has_payer);
            let item = LineItem {
                bill: BillId { payer, ..bill("2026-11") },
                day: day_of(*day),
                account: Some(account.to_string().into()),
                costs: costs(&Decimal::new(*cents, 2).to_string()),
                ..line()
            };
            let sums = vec![DaySum::of(&item).unwrap()];
            sink(Reading::Charge(item, sums)).unwrap();
        }
        Ok(())
    }
}

fn delivery(step: &Step, hour: usize) -> Delivery {
    let (export, file_set) = match step.deliverer {
        Deliverer::Export(name) => (Some(Export { name: name.into(), place: None }), None),
        Deliverer::File(name) => (None, Some(FileSet::of([name]))),
    };
    let hour = if step.is_late { hour.saturating_sub(2) } else { hour };
    let time: Timestamp = at("2026-11-20T00:00:00Z");
    let time = time + jiff::SignedDuration::from_hours(i64::try_from(hour).unwrap());
    Delivery {
        name: format!("{:?} at {hour}", step.deliverer),
        files: vec![format!("/bills/{:?}", step.deliverer)],
        export,
        file_set,
        period: Some(month("2026-11")),
        delivered_at: step.is_export().then_some(time),
        is_complete: step.is_export(),
        bytes: 0,
    }
}

/// Slow and obvious: each line with its cost and the last that delivered it.
#[derive(Clone, Debug, Default)]
struct Reference(BTreeMap<Key, (i64, Deliverer)>);

impl Reference {
    fn take(&mut self, step: &Step) {
        let days: BTreeSet<i8> = step.lines.keys().map(|it| it.1).collect();
        if step.is_replacing {
            self.0.clear();
        }
        self.0.retain(|key, (_, by)| {
            let is_left_out = step.is_export() || days.contains(&key.1);
            *by != step.deliverer || !is_left_out
        });
        for (key, cents) in &step.lines {
            let held = self.0.get(key);
            // A file with lines of an export is a copy of them.
            let is_copy = !step.is_export()
                && held.is_some_and(|it| it.0 == *cents && matches!(it.1, Deliverer::Export(_)));
            let by = if is_copy { held.unwrap().1 } else { step.deliverer };
            self.0.insert(*key, (*cents, by));
        }
    }

    /// Cents and lines by account and day.
    fn sums(&self) -> BTreeMap<(u8, i8), (i64, u64)> {
        let mut sums = BTreeMap::new();
        for ((account, day, _), (cents, _)) in &self.0 {
            let sum = sums.entry((*account, *day)).or_insert((0, 0));
            *sum = (sum.0 + cents, sum.1 + 1);
        }
        sums
    }
}

/// What readers see: the same sums.
async fn sums_of(ledger: &MemoryLedger) -> BTreeMap<(u8, i8), (i64, u64)> {
    let mut sums = BTreeMap::new();
    for head in ledger.heads(month("2026-11")).await.unwrap() {
        for (day, state) in &head.days {
            let level = Level::Detail;
            let rollups =
                ledger.rollups(&head.bill, *day, &state.generation, level, None).await.unwrap();
            for rollup in rollups {
                let row = rollup.row();
                let account = row.position().unwrap().detail.account.as_deref().unwrap();
                let cost = row.measures().costs.of(CostKind::Unblended).amount();
                let cents = (cost * Decimal::from(100)).normalize().to_string().parse::<i64>();
                let key = (account.parse().unwrap(), day.day());
                let sum = sums.entry(key).or_insert((0, 0));
                *sum = (sum.0 + cents.unwrap(), sum.1 + row.measures().line_count);
            }
        }
    }
    sums
}

/// Imports steps, one or two at once; returns the number of imports that were taken.
async fn check(steps: &[Step], at_once: usize) -> usize {
    let ledger = MemoryLedger::default();
    let mut reference = Reference::default();
    let mut taken = 0;
    let placed = |step: &Step| match step.is_replacing {
        true => Placement::Replacing,
        false => Placement::Compared,
    };
    // Another payer's bill stays, and one without a payer may be another's.
    let is_one_payer = steps.iter().any(|it| it.is_replacing);
    let steps = steps.iter().filter(|it| !it.lines.is_empty()).cloned();
    let steps: Vec<Step> =
        steps.map(|it| Step { has_payer: it.has_payer || is_one_payer, ..it }).collect();
    let indexed: Vec<(usize, Step)> = steps.into_iter().enumerate().collect();
    for chunk in indexed.chunks(at_once) {
        let chunk: Vec<(usize, Step)> = chunk
            .iter()
            .map(|(hour, step)| {
                (*hour, Step { is_late: step.is_late && at_once == 1, ..step.clone() })
            })
            .collect();
        let before = sums_of(&ledger).await;
        let deliveries =
            chunk.iter().map(|(hour, step)| (delivery(step, hour + 3), step.clone())).collect();
        let terms = Terms { accept: Accept::All, placement: placed(&chunk[0].1) };
        let chunk_is_replacing = chunk[0].1.is_replacing;
        let rules = Arc::new(AttributionRules::default());
        let now = at("2026-12-21T00:00:00Z");
        let imported =
            import_bills(Arc::new(Source(deliveries)), rules, terms, now, |_| (), &ledger).await;
        let Ok(report) = imported else {
            assert_eq!(sums_of(&ledger).await, before, "a refused import changed the ledger");
            continue;
        };
        if report.bills.iter().any(|it| it.1.is_superseded) {
            assert_eq!(sums_of(&ledger).await, before, "a late delivery changed the ledger");
            continue;
        }
        taken += 1;
        for (_, step) in &chunk {
            reference.take(&Step { is_replacing: chunk_is_replacing, ..step.clone() });
        }
        assert_eq!(sums_of(&ledger).await, reference.sums(), "after {chunk:?}");
    }
    taken
}

fn run(steps: &[Step], at_once: usize) -> usize {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    runtime.block_on(check(steps, at_once))
}

/// All lines of some accounts, of one revision.
fn step(deliverer: Deliverer, accounts: &[u8], revision: i64) -> Step {
    let keys = all_keys().into_iter().filter(|it| accounts.contains(&it.0));
    let lines = keys.map(|key| (key, i64::from(key.0) * 10 + i64::from(key.1) + revision));
    let lines = lines.collect();
    Step { deliverer, lines, has_payer: true, is_late: false, is_replacing: false }
}

#[test]
fn parts_copies_and_restatements_are_taken() {
    use Deliverer::{Export, File};
    let parts = [
        step(Export("one"), &[1], 0),
        step(Export("two"), &[2], 0),
        step(Export("one"), &[1], 5),
        step(File("two.csv"), &[2], 0),
        step(Export("two"), &[2], 7),
    ];
    assert_eq!((run(&parts, 1), run(&parts[..2], 2)), (5, 1));
    let unnamed = Step { has_payer: false, ..step(Export("copy"), &[1, 2], 0) };
    let copies = [step(Export("all"), &[1, 2], 0), unnamed, step(Export("copy"), &[1, 2], 3)];
    assert_eq!(run(&copies, 1), 3);
    let whole = Step { is_replacing: true, ..step(Export("all"), &[1, 2], 9) };
    assert_eq!(run(&[parts[0].clone(), parts[1].clone(), whole], 1), 3);
}

#[test]
fn lines_that_may_be_there_are_refused() {
    use Deliverer::{Export, File};
    let all = step(Export("all"), &[1, 2], 0);
    for other in [
        step(Export("one"), &[1], 0),
        step(Export("copy"), &[1, 2], 5),
        step(File("one.csv"), &[1], 0),
        Step { has_payer: false, ..step(File("x.csv"), &[1, 2], 5) },
    ] {
        assert_eq!(run(&[all.clone(), other], 1), 1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn each_line_counts_once_or_the_import_is_refused(
        steps in prop::collection::vec(any_step(), 1..9), at_once in 1..=2_usize,
    ) {
        run(&steps, at_once);
    }
}
