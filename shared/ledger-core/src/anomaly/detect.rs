//! Judging the days of one series, each by the days before it alone.

use super::AnomalyKind;
use super::scale::{Log, log_of, median_and_spread};

/// Days of history that a day is compared with: eight of each weekday.
const HISTORY_DAYS: usize = 56;
/// Weekdays of the same kind that make a pattern.
const WEEKDAYS_MIN: usize = 3;
/// Days of a young series, or of a ledger, that are not judged by a history: one week.
pub(super) const LEARNING_DAYS: usize = 7;
/// Days of the ledger before a caller or model can be new.
pub(super) const NEW_AFTER_DAYS: usize = 14;
/// Days in a row after which a higher level is the usual one.
const LASTING_DAYS: usize = 14;
/// Days with cost that an irregular series is compared with.
const BURSTS_MAX: usize = 28;

/// A day costs at least half more than expected: less is the usual up and down of a team's week.
const SPIKE_RATIO: Log = 38_336;
/// Three days together cost at least two fifths more than expected.
const DRIFT_RATIO: Log = 31_813;
/// And each of them at least a fifth more.
const DRIFT_DAY_RATIO: Log = 17_238;
/// Spreads above the middle, in tenths: normal noise has two days in ten thousand above 3.6, and a day
/// must be half more expensive besides.
const SPREADS: Log = 36;
/// The same for the mean of three days, each of which must be above besides.
const DRIFT_SPREADS: Log = 32;
/// The least spread of an irregular series, as a logarithm: a factor of 1.3. A few bursts that happen to
/// be alike prove no regularity.
const BURST_SPREAD: Log = 25_000;
/// The spread of the mean of three days, in percent of that of one: above the 58 of independent days,
/// because days in a row are not.
const DRIFT_SPREAD_PERCENT: Log = 75;
/// The least spread of the mean of three days, as a logarithm: 5 %.
const DRIFT_SPREAD: Log = 4_600;
/// A jump at the same place of earlier months is no jump while it is at most half larger.
const MONTHLY_PERCENT: i128 = 150;
/// And they were jumps themselves: at least so much of what is expected on an ordinary day.
const MONTHLY_JUMP_PERCENT: i128 = 125;
/// Days around the same day of an earlier month: a first working day moves by so much.
const MONTHLY_DAYS: i64 = 2;

/// The costs of a series, day by day of the ledger.
pub(super) struct Costs<'a> {
    /// The cost of each day, `None` where the ledger has no data.
    pub days: &'a [Option<i128>],
    /// The day of the month of each day.
    pub month_days: &'a [i8],
    /// The end of the days that are judged.
    pub judged_end: usize,
    /// The least money by which a day must be above what is expected.
    pub min_excess: i128,
    /// Whether the series can be new: a caller or a model.
    pub can_be_new: bool,
}

/// Days in a row that cost too much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Episode {
    pub kind: AnomalyKind,
    /// Each day with the days that it is compared with.
    pub days: Vec<(usize, Vec<usize>)>,
}

/// The days that a day is compared with.
#[derive(Clone)]
struct Expected {
    /// The days whose mean is expected.
    days: Vec<usize>,
    cost: i128,
    /// The logarithm of the day's cost over the expected one.
    above: Log,
    /// The logarithm from which it is a spike.
    limit: Log,
    /// The middle and spread of earlier days; `None` for an irregular series.
    usual: Option<(Log, Log)>,
}

/// Judges the days of a series.
pub(super) fn episodes(costs: &Costs<'_>) -> Vec<Episode> {
    let Some(first) = costs.days.iter().position(|it| it.is_some_and(|it| it > 0)) else {
        return Vec::new();
    };
    let mut judge = Judge {
        costs,
        epoch: first,
        above: Vec::new(),
        days: vec![None; costs.days.len()],
        done: Vec::new(),
        running: None,
    };
    let is_new = costs.can_be_new && first >= NEW_AFTER_DAYS;
    for day in first..costs.judged_end.min(costs.days.len()) {
        let Some(cost) = costs.day(day) else { continue };
        if day < first + LEARNING_DAYS {
            if is_new && cost >= costs.min_excess {
                judge.add_new(day);
            }
        } else {
            judge.judge(day, cost);
        }
    }
    judge.done.extend(judge.running);
    judge.done
}

impl Costs<'_> {
    fn day(&self, day: usize) -> Option<i128> {
        self.days.get(day).copied().flatten()
    }

    /// Cents are noise: a tenth of the least excess is added before logarithms are compared.
    fn log(&self, cost: i128) -> Log {
        log_of(cost, (self.min_excess / 10).max(1))
    }

    /// Whether the day has a pendant in each of the two months before that the series has, which costs
    /// as much: a job that runs once a month.
    fn is_monthly(&self, day: usize, cost: i128, expected: i128, start: usize) -> bool {
        let least = expected.saturating_mul(MONTHLY_JUMP_PERCENT) / 100;
        let mut found = 0;
        for months in 1..=2 {
            let Some(same) = self.same_day(day, months) else { break };
            let around = (same - MONTHLY_DAYS)..=(same + MONTHLY_DAYS);
            let mut days = around.filter_map(|it| usize::try_from(it).ok());
            if !days.clone().any(|it| it >= start) {
                break;
            }
            let as_much =
                |it: i128| it >= least && it.saturating_mul(MONTHLY_PERCENT) / 100 >= cost;
            if !days.any(|it| self.day(it).is_some_and(as_much)) {
                return false;
            }
            found += 1;
        }
        found > 0
    }

    /// The place of the same day of an earlier month; it may be before the ledger.
    fn same_day(&self, day: usize, months: usize) -> Option<i64> {
        let month_day = *self.month_days.get(day)?;
        let mut at = day;
        for _ in 0..months {
            let into = usize::try_from(*self.month_days.get(at)?).ok()?;
            // To the last day of the month before.
            at = at.checked_sub(into)?;
        }
        let last = *self.month_days.get(at)?;
        let back = i64::from(last) - i64::from(month_day.min(last));
        Some(i64::try_from(at).ok()? - back)
    }
}

struct Judge<'a> {
    costs: &'a Costs<'a>,
    /// The first day of the history that counts.
    epoch: usize,
    /// How far regular days were above what was expected, in order.
    above: Vec<Log>,
    /// The comparison of each regular day.
    days: Vec<Option<Expected>>,
    done: Vec<Episode>,
    running: Option<Episode>,
}

impl Judge<'_> {
    /// All days on which it is new are one episode.
    fn add_new(&mut self, day: usize) {
        let new = || Episode { kind: AnomalyKind::New, days: Vec::new() };
        self.running.get_or_insert_with(new).days.push((day, Vec::new()));
    }

    fn judge(&mut self, day: usize, cost: i128) {
        let Some(expected) = self.expected(day, cost) else {
            self.end_before(day);
            return;
        };
        let is_regular = expected.usual.is_some();
        if is_regular {
            self.above.push(expected.above);
        }
        let is_spike = expected.above >= expected.limit
            && cost.saturating_sub(expected.cost) >= self.costs.min_excess
            && !self.costs.is_monthly(day, cost, expected.cost, self.epoch);
        let days = expected.days.clone();
        // A spike counts for the level of three days as much as the largest day that is none.
        let above = expected.above.min(expected.limit);
        if let Some(slot) = self.days.get_mut(day) {
            *slot = Some(Expected { above, ..expected }).filter(|_| is_regular);
        }
        if is_spike {
            self.flag(AnomalyKind::Spike, vec![(day, days)]);
            return;
        }
        match self.drifting(day) {
            Some(days) => self.flag(AnomalyKind::Drift, days),
            None => self.end_before(day),
        }
    }

    fn expected(&self, day: usize, cost: i128) -> Option<Expected> {
        let weekdays = (1..=HISTORY_DAYS / 7).filter_map(|weeks| day.checked_sub(weeks * 7));
        let known = |it: usize| Some((self.costs.day(it)?, it));
        let same: Vec<(i128, usize)> =
            weekdays.filter(|it| *it >= self.epoch).filter_map(known).collect();
        let active = same.iter().filter(|(cost, _)| *cost > 0).count();
        if same.len() >= WEEKDAYS_MIN && active * 3 >= same.len() * 2 {
            let (days, mean) = middle_days(same);
            let above = self.costs.log(cost) - self.costs.log(mean);
            let before = self.above.get(self.above.len().saturating_sub(HISTORY_DAYS)..);
            let mut before = before.unwrap_or_default().to_vec();
            // Before there are two weeks of comparisons, the spread of bursts is assumed.
            let (usual, mut spread) = median_and_spread(&mut before);
            if before.len() < 2 * LEARNING_DAYS {
                spread = spread.max(BURST_SPREAD);
            }
            let usual = usual.max(0);
            let limit = SPIKE_RATIO.max(usual + SPREADS * spread / 10);
            return Some(Expected { days, cost: mean, above, limit, usual: Some((usual, spread)) });
        }
        // Too little for a spike, and without a pattern it is no part of a drift.
        if cost < self.costs.min_excess {
            return None;
        }
        self.expected_burst(day, cost)
    }

    /// A series without a pattern of weekdays: its days with cost alone.
    fn expected_burst(&self, day: usize, cost: i128) -> Option<Expected> {
        let history = (self.epoch..day).rev();
        let active = history.filter_map(|it| Some((self.costs.day(it).filter(|it| *it > 0)?, it)));
        let active: Vec<(i128, usize)> = active.take(BURSTS_MAX).collect();
        let mut logs: Vec<Log> = active.iter().map(|(cost, _)| self.costs.log(*cost)).collect();
        let count = Log::try_from(logs.len()).ok().filter(|it| *it > 0)?;
        let (_, spread) = median_and_spread(&mut logs);
        let (days, mean) = middle_days(active);
        let above = self.costs.log(cost) - self.costs.log(mean);
        // The fewer days there are, the less they say about the next one.
        let limit = spread.max(BURST_SPREAD) * SPREADS * (count + 2) / (10 * count);
        Some(Expected { days, cost: mean, above, limit, usual: None })
    }

    /// The last three days with what they are compared with, if the level of all three is too high.
    fn drifting(&self, day: usize) -> Option<Vec<(usize, Vec<usize>)>> {
        let (mut above, mut excess) = (0, 0_i128);
        let mut days = Vec::new();
        for at in day.checked_sub(2)?..=day {
            let expected = self.days.get(at)?.as_ref()?;
            let cost = self.costs.day(at)?;
            if expected.above < DRIFT_DAY_RATIO
                || self.costs.is_monthly(at, cost, expected.cost, self.epoch)
            {
                return None;
            }
            above += expected.above;
            excess = excess.saturating_add(cost.saturating_sub(expected.cost));
            days.push((at, expected.days.clone()));
        }
        let (usual, spread) = self.days.get(day)?.as_ref()?.usual?;
        let spread = (spread * DRIFT_SPREAD_PERCENT / 100).max(DRIFT_SPREAD);
        let limit = DRIFT_RATIO.max(usual + DRIFT_SPREADS * spread / 10);
        let is_drift = above / 3 >= limit && excess >= self.costs.min_excess.saturating_mul(2);
        is_drift.then_some(days)
    }

    /// Adds days to the running episode, or begins one.
    fn flag(&mut self, kind: AnomalyKind, days: Vec<(usize, Vec<usize>)>) {
        let Some(first) = days.first().map(|(day, _)| *day) else { return };
        self.end_before(first);
        let running = self.running.get_or_insert_with(|| Episode { kind, days: Vec::new() });
        let last = running.days.last().map(|(day, _)| *day);
        running.days.extend(days.into_iter().filter(|(day, _)| last.is_none_or(|it| it < *day)));
        if running.days.len() >= LASTING_DAYS {
            // It has lasted so long that it is the usual level from now on.
            self.epoch = running.days.first().map_or(self.epoch, |(day, _)| *day);
            self.above.clear();
            self.days.fill_with(|| None);
            self.done.extend(self.running.take());
        }
    }

    /// Ends the running episode unless its last day is the one with data before this day, or later.
    fn end_before(&mut self, day: usize) {
        let last = self.running.as_ref().and_then(|it| it.days.last()).map(|(day, _)| *day);
        let is_next = |last: usize| !(last + 1..day).any(|it| self.costs.day(it).is_some());
        let is_new = self.running.as_ref().is_some_and(|it| it.kind == AnomalyKind::New);
        // `day` itself is not flagged yet, so an episode that ends yesterday is still running.
        if last.is_some_and(|last| is_new || !is_next(last)) {
            self.done.extend(self.running.take());
        }
    }
}

/// The days in the middle by cost, without the lowest and highest quarter, and their mean.
fn middle_days(mut days: Vec<(i128, usize)>) -> (Vec<usize>, i128) {
    days.sort_unstable();
    let cut = days.len().div_ceil(4).min(days.len().saturating_sub(1) / 2);
    let middle = days.get(cut..days.len() - cut).unwrap_or_default();
    let sum = middle.iter().fold(0_i128, |sum, (cost, _)| sum.saturating_add(*cost));
    let count = i128::try_from(middle.len()).unwrap_or(i128::MAX).max(1);
    (middle.iter().map(|(_, day)| *day).collect(), sum.div_euclid(count))
}
