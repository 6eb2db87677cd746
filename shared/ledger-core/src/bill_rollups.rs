//! The rollups of one bill, kept small: a key is held once, whatever the number of its days.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::sync::Arc;

use jiff::civil::Date;

use crate::currency::Currency;
use crate::day_sum::DaySum;
use crate::line_item::Provenance;
use crate::money::MoneyError;
use crate::rollup::{DayRollups, DayTotal, Detail, Measures, RollupKey};

/// The rollups of the days of one bill.
///
/// - **Shape:** as a map from days to [`DayRollups`], each of which is laid out when it is asked
///   for. A month of a large bill has a million sums under a hundred thousand keys: laid out all
///   at once it would need ten times the memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BillRollups {
    /// Keys without their detail, in order.
    summaries: Vec<RollupKey>,
    /// What summaries leave out, in order.
    details: Vec<Option<Detail>>,
    /// By key, and so in the order of keys; the sums of a key by day.
    sums: Vec<(KeyId, Vec<DaySum>)>,
    days: BTreeMap<Date, DayState>,
    /// The files of first lines, in order.
    files: Vec<Arc<str>>,
}

/// What is kept of a day besides its sums.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct DayState {
    totals: BTreeMap<Currency, DayTotal>,
    estimated: bool,
}

/// The places of a key's two halves.
type KeyId = (u32, u32);

impl BillRollups {
    /// How many days the bill tells of.
    pub fn len(&self) -> usize {
        self.days.len()
    }

    /// Whether the bill tells of no day.
    pub fn is_empty(&self) -> bool {
        self.days.is_empty()
    }

    /// How many rollups in full detail the days have together.
    pub fn rollup_count(&self) -> usize {
        self.sums.iter().map(|(_, days)| days.len()).sum()
    }

    /// The totals of each day.
    pub fn totals(&self) -> impl Iterator<Item = (Date, &BTreeMap<Currency, DayTotal>)> {
        self.days.iter().map(|(day, state)| (*day, &state.totals))
    }

    /// The days in order.
    ///
    /// # Errors
    ///
    /// As [`BillRollups::get`], each day for itself.
    pub fn iter(&self) -> impl Iterator<Item = Result<(Date, DayRollups), MoneyError>> {
        self.days.iter().map(|(day, state)| Ok((*day, self.laid_out(*day, state)?)))
    }

    /// One day, if the bill tells of it.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`], which the builder has ruled out.
    pub fn get(&self, day: Date) -> Result<Option<DayRollups>, MoneyError> {
        self.days.get(&day).map(|state| self.laid_out(day, state)).transpose()
    }

    fn laid_out(&self, day: Date, state: &DayState) -> Result<DayRollups, MoneyError> {
        let mut rollups = Vec::new();
        for ((summary, detail), days) in &self.sums {
            let Ok(place) = days.binary_search_by_key(&day, DaySum::day) else { continue };
            let Some(sum) = days.get(place) else { continue };
            let halves = at(&self.summaries, *summary).zip(at(&self.details, *detail));
            let Some((summary, detail)) = halves else { continue };
            let key = RollupKey { detail: detail.clone(), ..summary.clone() };
            let file = sum.file.and_then(|it| at(&self.files, it.get() - 1));
            let measures = Measures {
                costs: sum.costs(key.currency)?,
                tokens: sum.tokens(),
                line_count: sum.line_count(),
                first_line: file
                    .map(|it| Provenance { file: Arc::clone(it), line: sum.first_line() }),
            };
            rollups.push((key, measures));
        }
        let DayState { totals, estimated } = state.clone();
        Ok(DayRollups { detail: rollups.into_iter().collect(), totals, estimated })
    }
}

fn at<T>(values: &[T], id: u32) -> Option<&T> {
    values.get(usize::try_from(id).ok()?)
}

fn slot<T>(values: &mut [T], id: u32) -> Option<&mut T> {
    values.get_mut(usize::try_from(id).ok()?)
}

/// Days that are laid out already, such as those of a test.
impl FromIterator<(Date, DayRollups)> for BillRollups {
    fn from_iter<I: IntoIterator<Item = (Date, DayRollups)>>(days: I) -> Self {
        let mut sums = BillSums::default();
        let mut states = BTreeMap::new();
        for (day, DayRollups { detail, totals, estimated }) in days {
            for (mut key, measures) in detail {
                let Measures { costs, tokens, line_count, first_line } = measures;
                // A bill has fewer lines than that.
                let line_count = u32::try_from(line_count).unwrap_or(u32::MAX);
                let line = first_line.as_ref().map_or(u64::MAX, |it| it.line);
                let mut sum = DaySum::of_costs(day, &costs, tokens, line_count, line);
                sum.file = first_line.map(|it| sums.file_id(&it.file));
                let detail = key.detail.take();
                let id = (sums.summaries.id(key), sums.details.id(detail));
                sums.sums.entry(id).or_default().push(sum);
            }
            states.insert(day, DayState { totals, estimated });
        }
        sums.finish(states)
    }
}

/// The role of a session.
fn role_of(principal: &str) -> Option<&str> {
    principal.contains(":assumed-role/").then(|| principal.rsplit_once('/'))?.map(|it| it.0)
}

/// All but the `limit` dearest.
fn cheapest(costs: BTreeMap<Arc<str>, i128>, limit: usize) -> impl Iterator<Item = Arc<str>> {
    let mut ranked: Vec<_> = costs.into_iter().collect();
    ranked.sort_by(|(left, left_cost), (right, right_cost)| {
        right_cost.cmp(left_cost).then_with(|| left.cmp(right))
    });
    ranked.into_iter().skip(limit).map(|(session, _)| session)
}

/// Values, each kept once and numbered as they come.
#[derive(Debug)]
struct Numbered<T> {
    ids: BTreeMap<Arc<T>, u32>,
    values: Vec<Arc<T>>,
    last: u32,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Numbered { ids: BTreeMap::new(), values: Vec::new(), last: 0 }
    }
}

impl<T: Ord + Clone> Numbered<T> {
    fn id(&mut self, value: T) -> u32 {
        // Neighbours often share a half of their keys.
        if at(&self.values, self.last).is_some_and(|it| **it == value) {
            return self.last;
        }
        self.last = match self.ids.get(&value) {
            Some(id) => *id,
            None => {
                let id = u32::try_from(self.values.len()).unwrap_or(u32::MAX);
                let value = Arc::new(value);
                self.ids.insert(Arc::clone(&value), id);
                self.values.push(value);
                id
            }
        };
        self.last
    }

    fn get(&self, id: u32) -> Option<&T> {
        at(&self.values, id).map(|it| &**it)
    }

    /// The values that are in use, in order, and the new place of each.
    fn sorted(self, used: impl Iterator<Item = u32>) -> (Vec<T>, Vec<u32>) {
        let mut is_used = vec![false; self.values.len()];
        for id in used {
            if let Some(is_used) = slot(&mut is_used, id) {
                *is_used = true;
            }
        }
        let mut places = vec![0; self.values.len()];
        drop(self.values);
        let mut values = Vec::new();
        let is_used = |id| at(&is_used, id).is_some_and(|it| *it);
        for (value, id) in self.ids.into_iter().filter(|(_, id)| is_used(*id)) {
            if let Some(place) = slot(&mut places, id) {
                *place = u32::try_from(values.len()).unwrap_or(u32::MAX);
            }
            values.push(Arc::try_unwrap(value).unwrap_or_else(|shared| (*shared).clone()));
        }
        (values, places)
    }
}

/// The rollups of one bill while they are made.
#[derive(Debug, Default)]
pub(crate) struct BillSums {
    summaries: Numbered<RollupKey>,
    details: Numbered<Option<Detail>>,
    /// The sums of a key, by day.
    sums: BTreeMap<KeyId, Vec<DaySum>>,
    files: Numbered<Arc<str>>,
    /// By day.
    totals: Vec<(Date, DaySums)>,
}

#[derive(Debug, Default)]
struct DaySums {
    /// AI and other lines.
    by_currency: BTreeMap<Currency, (DaySum, DaySum)>,
    estimated: bool,
}

impl BillSums {
    /// Counts sums in the totals of their days.
    pub(crate) fn add_totals(
        &mut self,
        currency: Currency,
        is_ai: bool,
        estimated: bool,
        sums: &[DaySum],
    ) -> Result<(), MoneyError> {
        let mut next = 0;
        for sum in sums {
            // The days of a sum mostly follow on one another.
            let is_next = self.totals.get(next).is_some_and(|(day, _)| *day == sum.day());
            let found = match is_next {
                true => Ok(next),
                false => self.totals.binary_search_by_key(&sum.day(), |(day, _)| *day),
            };
            let place = found.unwrap_or_else(|place| {
                self.totals.insert(place, (sum.day(), DaySums::default()));
                place
            });
            next = place + 1;
            let Some((_, day)) = self.totals.get_mut(place) else { continue };
            day.estimated |= estimated;
            let zero = || (DaySum::zero(sum.day()), DaySum::zero(sum.day()));
            let (ai, other) = day.by_currency.entry(currency).or_insert_with(zero);
            let total = if is_ai { ai } else { other };
            total.add_amounts(sum)?;
            total.check_range()?;
        }
        Ok(())
    }

    /// Adds the sums of one key; their first lines stand in one file.
    pub(crate) fn add(
        &mut self,
        mut key: RollupKey,
        file: &Arc<str>,
        mut sums: Vec<DaySum>,
    ) -> Result<(), MoneyError> {
        let detail = key.detail.take();
        let id = (self.summaries.id(key), self.details.id(detail));
        let file = self.file_id(file);
        for sum in &mut sums {
            sum.check_range()?;
            sum.file = Some(file);
        }
        self.merge(id, sums)
    }

    fn merge(&mut self, id: KeyId, mut sums: Vec<DaySum>) -> Result<(), MoneyError> {
        let Some(known) = self.sums.get_mut(&id) else {
            sums.shrink_to_fit();
            sums.sort_by_key(DaySum::day);
            // One sum a day, also where the caller gave several.
            if sums.is_sorted_by(|left, right| left.day() < right.day()) {
                self.sums.insert(id, sums);
                return Ok(());
            }
            self.sums.insert(id, Vec::new());
            return self.merge(id, sums);
        };
        for sum in sums {
            match known.binary_search_by_key(&sum.day(), DaySum::day) {
                Err(place) => known.insert(place, sum),
                Ok(place) => {
                    let Some(mine) = known.get_mut(place) else { continue };
                    mine.add_amounts(&sum)?;
                    mine.check_range()?;
                    let name = |it: &DaySum| it.file.and_then(|it| self.files.get(it.get() - 1));
                    let place = |it: &DaySum| (name(it).cloned(), it.first_line());
                    if place(&sum) < place(mine) {
                        mine.file = sum.file;
                        mine.set_first_line(sum.first_line());
                    }
                }
            }
        }
        Ok(())
    }

    fn file_id(&mut self, file: &Arc<str>) -> NonZeroU32 {
        let id = self.files.id(Arc::clone(file));
        NonZeroU32::MIN.saturating_add(id)
    }

    /// Roles that have more than `limit` sessions in the whole bill.
    fn crowded_roles(&self, limit: usize) -> BTreeSet<String> {
        let mut sessions_of: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for detail in self.details.values.iter().filter_map(|it| it.as_ref().as_ref()) {
            let principal = detail.principal.as_deref();
            if let Some((role, principal)) = principal.and_then(|it| Some((role_of(it)?, it))) {
                sessions_of.entry(role).or_default().insert(principal);
            }
        }
        let crowded = sessions_of.into_iter().filter(|(_, sessions)| sessions.len() > limit);
        crowded.map(|(role, _)| role.to_owned()).collect()
    }

    /// Folds the cheapest sessions of roles that have more than `limit` of them on a day. Which ones
    /// does not depend on the order of lines: by cost, then by name.
    pub(crate) fn fold_sessions(
        &mut self,
        limit: usize,
        folded_roles: &mut BTreeSet<String>,
    ) -> Result<(), MoneyError> {
        let crowded = self.crowded_roles(limit);
        // Few sessions in the whole bill are few on each of its days.
        if crowded.is_empty() {
            return Ok(());
        }
        // By role: its sessions, each with the keys that name it.
        let mut keys_of: BTreeMap<String, BTreeMap<Arc<str>, Vec<KeyId>>> = BTreeMap::new();
        let mut principal_of: BTreeMap<u32, (String, Arc<str>)> = BTreeMap::new();
        for (id, detail) in (0_u32..).zip(&self.details.values) {
            let principal = detail.as_ref().as_ref().and_then(|it| it.principal.clone());
            let Some(principal) = principal else { continue };
            let role = role_of(&principal).filter(|it| crowded.contains(*it));
            let Some(role) = role else { continue };
            keys_of.entry(role.to_owned()).or_default().entry(Arc::clone(&principal)).or_default();
            principal_of.insert(id, (role.to_owned(), principal));
        }
        for id in self.sums.keys() {
            let Some((role, session)) = principal_of.get(&id.1) else { continue };
            let keys = keys_of.get_mut(role).and_then(|it| it.get_mut(session));
            keys.into_iter().for_each(|it| it.push(*id));
        }
        for (role, sessions) in keys_of {
            let mut costs: BTreeMap<Date, BTreeMap<Arc<str>, i128>> = BTreeMap::new();
            for (session, keys) in &sessions {
                for sum in keys.iter().filter_map(|it| self.sums.get(it)).flatten() {
                    let cost = costs.entry(sum.day()).or_default();
                    *cost.entry(Arc::clone(session)).or_default() += sum.unblended().abs();
                }
            }
            for (day, costs) in costs.into_iter().filter(|(_, it)| it.len() > limit) {
                folded_roles.insert(role.clone());
                for session in cheapest(costs, limit) {
                    for id in sessions.get(&session).into_iter().flatten() {
                        self.fold(*id, day, &format!("{role}/*"))?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Moves one day of a key to the same key of another principal.
    fn fold(&mut self, id: KeyId, day: Date, principal: &str) -> Result<(), MoneyError> {
        let Some(days) = self.sums.get_mut(&id) else { return Ok(()) };
        let Ok(place) = days.binary_search_by_key(&day, DaySum::day) else { return Ok(()) };
        let sum = days.remove(place);
        let detail = self.details.get(id.1).cloned().flatten();
        let detail = detail.map(|it| Detail { principal: Some(principal.into()), ..it });
        let id = (id.0, self.details.id(detail));
        self.merge(id, vec![sum])
    }

    /// Lays out the totals.
    pub(crate) fn finished(mut self) -> Result<BillRollups, MoneyError> {
        let mut states = BTreeMap::new();
        for (day, DaySums { by_currency, estimated }) in std::mem::take(&mut self.totals) {
            let mut state = DayState { totals: BTreeMap::new(), estimated };
            for (currency, (ai, other)) in by_currency {
                let total = DayTotal {
                    ai: ai.costs(currency)?,
                    other: other.costs(currency)?,
                    ai_line_count: ai.line_count(),
                    other_line_count: other.line_count(),
                };
                state.totals.insert(currency, total);
            }
            states.insert(day, state);
        }
        Ok(self.finish(states))
    }

    /// Puts everything in order, so that equal bills are equal.
    fn finish(self, days: BTreeMap<Date, DayState>) -> BillRollups {
        let mut sums = self.sums;
        sums.retain(|_, days| !days.is_empty());
        let (summaries, summary_places) = self.summaries.sorted(sums.keys().map(|it| it.0));
        let (details, detail_places) = self.details.sorted(sums.keys().map(|it| it.1));
        let mut used_files =
            sums.values().flatten().filter_map(|it| it.file).map(|it| it.get() - 1);
        // One file stays where it is: that it is used is enough to know.
        let is_one_file = self.files.values.len() < 2;
        let (files, file_places) = match is_one_file {
            true => self.files.sorted(used_files.next().into_iter()),
            false => self.files.sorted(used_files),
        };
        let place = |places: &[u32], id| at(places, id).copied().unwrap_or_default();
        let mut sums: Vec<(KeyId, Vec<DaySum>)> = sums
            .into_iter()
            .map(|((summary, detail), days)| {
                ((place(&summary_places, summary), place(&detail_places, detail)), days)
            })
            .collect();
        sums.sort_unstable_by_key(|(id, _)| *id);
        let moved = if is_one_file { &mut [] } else { sums.as_mut_slice() };
        for sum in moved.iter_mut().flat_map(|(_, days)| days) {
            sum.file = sum
                .file
                .map(|it| NonZeroU32::MIN.saturating_add(place(&file_places, it.get() - 1)));
        }
        BillRollups { summaries, details, sums, days, files }
    }
}
