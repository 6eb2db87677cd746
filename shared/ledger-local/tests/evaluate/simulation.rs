//! Two years of late data, restatements and two currencies, against a reference that is slow and obvious.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday, date};
use ledger_app::evaluate::Evaluation;
use ledger_core::budget::{Alert, CrossingId};

use super::Setting;

const HEADER: &str = "line_item_usage_start_date,bill_payer_account_id,line_item_usage_account_id,\
    line_item_product_code,line_item_usage_type,line_item_unblended_cost,line_item_currency_code\n";

const ACCOUNTS: [&str; 2] = ["111111111111", "222222222222"];

/// A budget: name, window, limit in cents, currency, account, thresholds.
type Line = (&'static str, &'static str, i64, &'static str, Option<&'static str>, &'static [i64]);

const BUDGETS: [Line; 6] = [
    ("all-monthly", "monthly", 250_000, "USD", None, &[50, 80, 100, 120]),
    ("one-monthly", "monthly", 90_000, "USD", Some(ACCOUNTS[0]), &[80, 100]),
    ("two-weekly", "weekly", 40_000, "USD", Some(ACCOUNTS[1]), &[50, 100]),
    ("all-daily", "daily", 9_000, "USD", None, &[100]),
    ("all-quarterly", "quarterly", 700_000, "USD", None, &[10, 90, 100]),
    ("euro-monthly", "monthly", 20_000, "EUR", None, &[50, 100]),
];

/// A charge: day, account, currency.
type Charge = (Date, &'static str, &'static str);

fn file() -> String {
    let mut file = String::new();
    for (name, window, limit, currency, account, thresholds) in BUDGETS {
        let scope =
            account.map_or_else(String::new, |it| format!("scope = {{ account = \"{it}\" }}\n"));
        let (whole, cents) = (limit / 100, limit % 100);
        write!(
            file,
            "[[budget]]\nname = \"{name}\"\nowner = \"platform\"\nlimit = \"{whole}.{cents:02}\"\n\
             currency = \"{currency}\"\nwindow = \"{window}\"\nthresholds = {thresholds:?}\n{scope}"
        )
        .unwrap();
    }
    file
}

/// Alerts by a loop over all charges for each threshold of each window.
#[derive(Default)]
struct Reference {
    /// By window and threshold: how often it was reached, and how often it was back below.
    rounds: BTreeMap<(String, i64), (u32, u32)>,
    said: Vec<String>,
}

/// The first day and the day after the last of the window that holds a day, counted by hand.
fn window_of(window: &str, day: Date) -> (Date, Date) {
    let next_month = |it: Date| match it.month() {
        12 => date(it.year() + 1, 1, 1),
        month => date(it.year(), month + 1, 1),
    };
    match window {
        "daily" => (day, day.tomorrow().unwrap()),
        "weekly" => {
            let mut start = day;
            while start.weekday() != Weekday::Monday {
                start = start.yesterday().unwrap();
            }
            (start, start.checked_add(7.days()).unwrap())
        }
        "monthly" => (date(day.year(), day.month(), 1), next_month(day)),
        _ => {
            let first = (day.month() - 1) / 3 * 3 + 1;
            (date(day.year(), first, 1), next_month(date(day.year(), first + 2, 1)))
        }
    }
}

impl Reference {
    fn evaluate(&mut self, today: Date, charges: &BTreeMap<Charge, i64>) {
        let last = charges.keys().map(|(day, ..)| *day).max().unwrap();
        for (name, window, limit, currency, account, thresholds) in BUDGETS {
            let windows = BTreeSet::from([window_of(window, last), window_of(window, today)]);
            for (start, end) in windows {
                let mut cost = 0;
                for ((day, of, in_currency), cents) in charges {
                    let is_in = *day >= start && *day < end && *in_currency == currency;
                    if is_in && account.is_none_or(|it| it == *of) {
                        cost += cents;
                    }
                }
                self.judge(&format!("{name}/{window}/{start}"), cost, limit, thresholds);
            }
        }
    }

    fn judge(&mut self, window: &str, cost: i64, limit: i64, thresholds: &[i64]) {
        let key = |threshold: i64| (window.to_owned(), threshold);
        let before = self.rounds.clone();
        let is_up = |it: i64| before.get(&key(it)).is_some_and(|(up, down)| up > down);
        let is_reached = |it: i64| cost * 100 >= limit * it;
        let (mut reached, mut below) = (Vec::new(), Vec::new());
        for threshold in thresholds.iter().copied() {
            let said_above =
                thresholds.iter().any(|it| *it > threshold && is_reached(*it) && is_up(*it));
            let rounds = self.rounds.entry(key(threshold)).or_default();
            if is_reached(threshold) && !is_up(threshold) && !said_above {
                rounds.0 = rounds.1 + 1;
                reached.push(match rounds.0 {
                    1 => format!("{threshold}"),
                    round => format!("{threshold}/{round}"),
                });
            } else if !is_reached(threshold) && is_up(threshold) {
                rounds.1 = rounds.0;
                below.push(match rounds.0 {
                    1 => format!("{threshold}/back_below"),
                    round => format!("{threshold}/back_below/{round}"),
                });
            }
        }
        reached.reverse();
        for message in [reached, below].into_iter().filter(|it| !it.is_empty()) {
            self.said.push(format!("{window}: {}", message.join(" ")));
        }
    }
}

/// The days as they come to be in the end, and the part of each that a bill has at a time.
struct World {
    random: fastrand::Rng,
    whole: BTreeMap<Charge, i64>,
}

impl World {
    fn new(seed: u64, first: Date, end: Date) -> World {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut whole = BTreeMap::new();
        for day in first.series(1.day()).take_while(|it| *it < end) {
            for account in ACCOUNTS {
                let burst = if random.u8(..) < 8 { 12 } else { 1 };
                whole.insert((day, account, "USD"), random.i64(500..6_000) * burst);
                if random.u8(..) < 60 {
                    whole.insert((day, account, "EUR"), random.i64(100..3_000));
                }
            }
        }
        World { random, whole }
    }

    /// A month of the past costs more or less than it did.
    fn restate(&mut self, today: Date) {
        let percent = *[0, 30, 60, 110, 180, 300].get(self.random.usize(..6)).unwrap();
        let back = self.random.i64(0..25).days();
        let (start, end) = window_of("monthly", today.checked_sub(back).unwrap());
        for ((day, ..), cents) in &mut self.whole {
            if *day >= start && *day < end {
                // Never nothing: a line stays on the bill.
                *cents = (*cents * percent / 100).max(1);
            }
        }
    }

    /// The charges of today's bills: days come late, and bit by bit.
    fn known(&self, today: Date) -> BTreeMap<Charge, i64> {
        let mut known = BTreeMap::new();
        for ((day, account, currency), cents) in &self.whole {
            let age = today.since(*day).unwrap().get_days();
            let percent = match age {
                ..=0 => continue,
                1 => 35,
                2 => 80,
                3 => 97,
                _ => 100,
            };
            known.insert((*day, *account, *currency), (*cents * percent / 100).max(1));
        }
        known
    }
}

fn bill(charges: &BTreeMap<Charge, i64>, from: Date) -> String {
    let mut bill = HEADER.to_owned();
    for ((day, account, currency), cents) in charges.iter().filter(|((day, ..), _)| *day >= from) {
        let (whole, cents) = (cents / 100, cents % 100);
        writeln!(
            bill,
            "{day},123456789012,{account},AmazonBedrock,USE1-NovaLite-input-tokens,{whole}.{cents:02},{currency}"
        )
        .unwrap();
    }
    bill
}

/// The messages that a run sent: the window and the crossings of each.
fn said(evaluation: &Evaluation) -> Vec<String> {
    let words = |it: &Alert| {
        let CrossingId { budget, window, start, .. } = it.id.crossing().unwrap();
        let crossings: Vec<String> = it.crossings().map(|it| it.to_string()).collect();
        format!("{budget}/{window}/{start}: {}", crossings.join(" "))
    };
    evaluation.sent.iter().map(words).collect()
}

#[tokio::test]
async fn two_years_have_the_alerts_of_a_reference() {
    let (first, end) = (date(2024, 1, 1), date(2026, 1, 6));
    let mut world = World::new(7, first, end);
    let mut reference = Reference::default();
    let start = world.known(date(2024, 1, 2));
    let setting = Setting::of(&bill(&start, first), "", &file()).await;
    let (mut today, mut all) = (date(2024, 1, 2), Vec::new());
    while today < end {
        // Bills of the months that may have changed; those before stay in the ledger.
        let mut changed = 11_i64;
        if world.random.u8(..) < 130 {
            world.restate(today);
            changed = 26;
        }
        let known = world.known(today);
        let (from, _) = window_of("monthly", today.checked_sub(changed.days()).unwrap());
        let at = format!("{today}T06:00:00Z").parse().unwrap();
        setting.import_at(&bill(&known, from), "", at).await;
        reference.evaluate(today, &known);
        let mut told = said(&setting.evaluate_at(&format!("{today}T08:00:00Z")).await);
        let again = setting.evaluate_at(&format!("{today}T09:00:00Z")).await;
        assert_eq!(said(&again), [""; 0], "nothing changed since");
        let mut expected = std::mem::take(&mut reference.said);
        told.sort();
        expected.sort();
        assert_eq!(told, expected, "on {today}");
        all.extend(told);
        // Between two runs a day passes, or a week.
        let days = *[1, 2, 4, 7, 7].get(world.random.usize(..5)).unwrap();
        today = today.checked_add(i64::from(days).days()).unwrap();
    }
    assert_eq!(setting.outbox.outbox().len(), all.len(), "each is published once");
    let words: Vec<&str> = all.iter().flat_map(|it| it.split(' ').skip(1)).collect();
    let again = words.iter().filter(|it| it.ends_with("/2")).count();
    let below = words.iter().filter(|it| it.contains("back_below")).count();
    let counts = [all.len(), below, again];
    assert!(counts[0] > 100 && below > 20 && again > 10, "{counts:?} are too few to compare");
}
