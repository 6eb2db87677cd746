//! The rollups of one bill, kept small: a key is held once, whatever the number of its days.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::Arc;

use foldhash::fast::RandomState;
use jiff::civil::Date;

use crate::cost::Amortization;
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
    amortizations: Amortizations,
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

/// What amortizing adds to the sums of a key on a day: few have any.
type Amortizations = BTreeMap<(KeyId, Date), Amortization>;

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
        for (id, days) in &self.sums {
            let (summary, detail) = id;
            let Ok(place) = days.binary_search_by_key(&day, DaySum::day) else { continue };
            let Some(sum) = days.get(place) else { continue };
            let halves = at(&self.summaries, *summary).zip(at(&self.details, *detail));
            let Some((summary, detail)) = halves else { continue };
            let key = RollupKey { detail: detail.clone(), ..summary.clone() };
            let file = sum.file.and_then(|it| at(&self.files, it.get() - 1));
            let charged = sum.costs(key.currency)?;
            let measures = Measures {
                costs: match self.amortizations.get(&(*id, day)) {
                    Some(added) => charged.amortized_by(*added)?,
                    None => charged,
                },
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
                let added = costs.amortization();
                if !added.is_zero() {
                    sums.amortizations.insert((id, day), added);
                }
                if let Some(days) = sums.days_mut(id) {
                    days.push(sum);
                } else {
                    sums.insert(id, vec![sum]);
                }
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

#[expect(clippy::disallowed_types, reason = "only looked up in: no order comes of it")]
type Map<K, V> = std::collections::HashMap<K, V, RandomState>;

/// Values, each kept once and numbered as they come.
#[derive(Debug)]
struct Numbered<T> {
    ids: Map<Arc<T>, u32>,
    values: Vec<Arc<T>>,
    last: u32,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Numbered { ids: Map::default(), values: Vec::new(), last: 0 }
    }
}

impl<T: Clone + Eq + Hash> Numbered<T> {
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

    /// The values that are in use, in the order of what stands for them, and the new place of each.
    fn sorted<K: Ord>(
        self,
        used: impl Iterator<Item = u32>,
        order: impl Fn(&T) -> K,
    ) -> (Vec<T>, Vec<u32>) {
        drop(self.ids);
        let mut places = vec![None; self.values.len()];
        for id in used {
            if let Some(place) = slot(&mut places, id) {
                *place = Some(0);
            }
        }
        let values = self.values.into_iter().zip(&mut places);
        let mut values: Vec<_> = values
            .filter_map(|(value, place)| Some((order(&value), value, place.as_mut()?)))
            .collect();
        values.sort_unstable_by(|left, right| left.0.cmp(&right.0));
        let values = (0..).zip(values).map(|(new, (_, value, place))| {
            *place = new;
            Arc::try_unwrap(value).unwrap_or_else(|shared| (*shared).clone())
        });
        let values = values.collect();
        (values, places.into_iter().map(Option::unwrap_or_default).collect())
    }
}

/// The places of values in their order, equal ones the same, by where they lie.
///
/// A million keys share a few thousand texts and sets of tags: these are compared once, and keys then
/// by numbers. Copies of a value may lie in several places.
struct Ranks(Map<usize, u32>);

impl Ranks {
    fn new<'a, T: ?Sized + Ord + 'a>(values: impl Iterator<Item = &'a Arc<T>>) -> Ranks {
        let mut ranks = Map::default();
        let mut copies: Vec<_> =
            values.filter(|it| ranks.insert(address(it), 0).is_none()).collect();
        copies.sort_unstable();
        let mut rank = 0;
        let mut before = None;
        for copy in copies {
            rank += u32::from(before.is_some_and(|it| it != copy));
            before = Some(copy);
            ranks.insert(address(copy), rank);
        }
        Ranks(ranks)
    }

    fn of<T: ?Sized>(&self, value: &Arc<T>) -> u32 {
        self.0.get(&address(value)).copied().unwrap_or_default()
    }
}

fn address<T: ?Sized>(value: &Arc<T>) -> usize {
    Arc::as_ptr(value).cast::<()>().addr()
}

/// What stands for details when they are put in order.
fn order_of_details(
    details: &Numbered<Option<Detail>>,
) -> impl Fn(&Option<Detail>) -> DetailRank + use<> {
    let details = || details.values.iter().filter_map(|it| it.as_ref().as_ref());
    let texts = Ranks::new(details().flat_map(|it| {
        let Detail { account, region, principal, usage_type, tags: _, rule } = it;
        let texts = [Some(account), region.as_ref(), principal.as_ref(), Some(usage_type)];
        texts.into_iter().chain([rule.as_ref()]).flatten()
    }));
    let tag_sets = Ranks::new(details().map(|it| &it.tags));
    move |detail| {
        let Detail { account, region, principal, usage_type, tags, rule } = detail.as_ref()?;
        let optional = |text: &Option<Arc<str>>| text.as_ref().map(|it| texts.of(it));
        Some((
            texts.of(account),
            optional(region),
            optional(principal),
            texts.of(usage_type),
            tag_sets.of(tags),
            optional(rule),
        ))
    }
}

/// The ranks of a detail's fields, one after the other as [`Detail`] has them.
type DetailRank = Option<(u32, Option<u32>, Option<u32>, u32, u32, Option<u32>)>;

/// The rollups of one bill while they are made.
#[derive(Debug, Default)]
pub(crate) struct BillSums {
    summaries: Numbered<RollupKey>,
    details: Numbered<Option<Detail>>,
    /// The sums of a key, by day.
    sums: Vec<(KeyId, Vec<DaySum>)>,
    /// Where the sums of a key are.
    places: Map<KeyId, u32>,
    amortizations: Amortizations,
    files: Numbered<Arc<str>>,
    /// Of AI and of other lines, by day.
    totals: BTreeMap<(Currency, bool), Vec<DaySum>>,
    /// What amortizing adds to the AI lines of a day.
    amortized: BTreeMap<(Currency, Date), Amortization>,
    /// Days whose figures may change.
    estimated: BTreeSet<Date>,
}

impl BillSums {
    /// Counts sums in the totals of their days, and what amortizing adds on one of them.
    pub(crate) fn add_totals(
        &mut self,
        currency: Currency,
        is_ai: bool,
        estimated: bool,
        sums: &[DaySum],
        (amortized_day, added): (Date, Amortization),
    ) -> Result<(), MoneyError> {
        if estimated {
            self.estimated.extend(sums.iter().map(DaySum::day));
        }
        let totals = self.totals.entry((currency, is_ai)).or_default();
        let mut next = 0;
        for sum in sums {
            // The days of a sum mostly follow on one another.
            let is_next = totals.get(next).is_some_and(|it| it.day() == sum.day());
            let found = match is_next {
                true => Ok(next),
                false => totals.binary_search_by_key(&sum.day(), DaySum::day),
            };
            let place = found.unwrap_or_else(|place| {
                totals.insert(place, DaySum::zero(sum.day()));
                place
            });
            next = place + 1;
            let Some(total) = totals.get_mut(place) else { continue };
            total.add_amounts(sum)?;
            total.check_range()?;
        }
        if !is_ai || added.is_zero() {
            return Ok(());
        }
        let sum = self.amortized.entry((currency, amortized_day)).or_default();
        *sum = sum.checked_add(&added)?;
        Ok(())
    }

    /// Adds the sums of one key, and what amortizing adds on one of their days; their first lines
    /// stand in one file.
    pub(crate) fn add(
        &mut self,
        mut key: RollupKey,
        file: &Arc<str>,
        mut sums: Vec<DaySum>,
        (amortized_day, added): (Date, Amortization),
    ) -> Result<(), MoneyError> {
        let detail = key.detail.take();
        let id = (self.summaries.id(key), self.details.id(detail));
        let file = self.file_id(file);
        for sum in &mut sums {
            sum.check_range()?;
            sum.file = Some(file);
        }
        if !added.is_zero() {
            self.amortize(id, amortized_day, added)?;
        }
        self.merge(id, sums)
    }

    fn amortize(&mut self, id: KeyId, day: Date, added: Amortization) -> Result<(), MoneyError> {
        let sum = self.amortizations.entry((id, day)).or_default();
        *sum = sum.checked_add(&added)?;
        Ok(())
    }

    fn insert(&mut self, id: KeyId, sums: Vec<DaySum>) {
        let place = u32::try_from(self.sums.len()).unwrap_or(u32::MAX);
        self.places.insert(id, place);
        self.sums.push((id, sums));
    }

    /// The sums of a key.
    fn days(&self, id: KeyId) -> Option<&Vec<DaySum>> {
        at(&self.sums, *self.places.get(&id)?).map(|it| &it.1)
    }

    fn days_mut(&mut self, id: KeyId) -> Option<&mut Vec<DaySum>> {
        slot(&mut self.sums, *self.places.get(&id)?).map(|it| &mut it.1)
    }

    fn merge(&mut self, id: KeyId, mut sums: Vec<DaySum>) -> Result<(), MoneyError> {
        let files = &self.files;
        let known = self.places.get(&id).and_then(|it| slot(&mut self.sums, *it));
        let Some((_, known)) = known else {
            sums.shrink_to_fit();
            sums.sort_by_key(DaySum::day);
            // One sum a day, also where the caller gave several.
            if sums.is_sorted_by(|left, right| left.day() < right.day()) {
                self.insert(id, sums);
                return Ok(());
            }
            self.insert(id, Vec::new());
            return self.merge(id, sums);
        };
        for sum in sums {
            match known.binary_search_by_key(&sum.day(), DaySum::day) {
                Err(place) => known.insert(place, sum),
                Ok(place) => {
                    let Some(mine) = known.get_mut(place) else { continue };
                    mine.add_amounts(&sum)?;
                    mine.check_range()?;
                    let name = |it: &DaySum| it.file.and_then(|it| files.get(it.get() - 1));
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
        for (id, _) in &self.sums {
            let Some((role, session)) = principal_of.get(&id.1) else { continue };
            let keys = keys_of.get_mut(role).and_then(|it| it.get_mut(session));
            keys.into_iter().for_each(|it| it.push(*id));
        }
        for (role, sessions) in keys_of {
            let mut costs: BTreeMap<Date, BTreeMap<Arc<str>, i128>> = BTreeMap::new();
            for (session, keys) in &sessions {
                for sum in keys.iter().filter_map(|it| self.days(*it)).flatten() {
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
        let Some(days) = self.days_mut(id) else { return Ok(()) };
        let Ok(place) = days.binary_search_by_key(&day, DaySum::day) else { return Ok(()) };
        let sum = days.remove(place);
        let detail = self.details.get(id.1).cloned().flatten();
        let detail = detail.map(|it| Detail { principal: Some(principal.into()), ..it });
        let added = self.amortizations.remove(&(id, day));
        let id = (id.0, self.details.id(detail));
        if let Some(added) = added {
            self.amortize(id, day, added)?;
        }
        self.merge(id, vec![sum])
    }

    /// Lays out the totals.
    pub(crate) fn finished(mut self) -> Result<BillRollups, MoneyError> {
        let mut states: BTreeMap<Date, DayState> = BTreeMap::new();
        for ((currency, is_ai), sums) in std::mem::take(&mut self.totals) {
            for sum in sums {
                let state = states.entry(sum.day()).or_default();
                let zero = || DayTotal::zero(currency);
                let total = state.totals.entry(currency).or_insert_with(zero);
                let (costs, line_count) = match is_ai {
                    true => (&mut total.ai, &mut total.ai_line_count),
                    false => (&mut total.other, &mut total.other_line_count),
                };
                *costs = sum.costs(currency)?;
                *line_count = sum.line_count();
            }
        }
        for day in &self.estimated {
            states.entry(*day).or_default().estimated = true;
        }
        for ((currency, day), added) in &self.amortized {
            let state = states.get_mut(day);
            if let Some(total) = state.and_then(|it| it.totals.get_mut(currency)) {
                total.ai = total.ai.amortized_by(*added)?;
            }
        }
        for ((id, day), added) in &self.amortizations {
            let days = self.days(*id).zip(self.summaries.get(id.0));
            let sum = days.and_then(|(days, key)| {
                let place = days.binary_search_by_key(day, DaySum::day).ok()?;
                Some((days.get(place)?, key.currency))
            });
            if let Some((sum, currency)) = sum {
                sum.costs(currency)?.amortized_by(*added)?;
            }
        }
        Ok(self.finish(states))
    }

    /// Puts everything in order, so that equal bills are equal.
    fn finish(self, days: BTreeMap<Date, DayState>) -> BillRollups {
        drop(self.places);
        let mut sums = self.sums;
        sums.retain(|(_, days)| !days.is_empty());
        let (summaries, summary_places) =
            self.summaries.sorted(sums.iter().map(|it| it.0.0), RollupKey::clone);
        let order = order_of_details(&self.details);
        let (details, detail_places) = self.details.sorted(sums.iter().map(|it| it.0.1), order);
        let mut used_files =
            sums.iter().flat_map(|it| &it.1).filter_map(|it| it.file).map(|it| it.get() - 1);
        // One file stays where it is: that it is used is enough to know.
        let is_one_file = self.files.values.len() < 2;
        let (files, file_places) = match is_one_file {
            true => self.files.sorted(used_files.next().into_iter(), Arc::clone),
            false => self.files.sorted(used_files, Arc::clone),
        };
        let place = |places: &[u32], id| at(places, id).copied().unwrap_or_default();
        for ((summary, detail), _) in &mut sums {
            *summary = place(&summary_places, *summary);
            *detail = place(&detail_places, *detail);
        }
        sums.sort_unstable_by_key(|(id, _)| *id);
        let amortizations = self.amortizations.into_iter().filter(|(_, added)| !added.is_zero());
        let amortizations = amortizations.map(|(((summary, detail), day), added)| {
            let id = (place(&summary_places, summary), place(&detail_places, detail));
            ((id, day), added)
        });
        let amortizations = amortizations.collect();
        let moved = if is_one_file { &mut [] } else { sums.as_mut_slice() };
        for sum in moved.iter_mut().flat_map(|(_, days)| days) {
            sum.file = sum
                .file
                .map(|it| NonZeroU32::MIN.saturating_add(place(&file_places, it.get() - 1)));
        }
        BillRollups { summaries, details, sums, amortizations, days, files }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::*;

    #[test]
    fn copies_of_a_text_rank_alike() {
        let texts: [Arc<str>; 4] = ["b", "a", "b", "c"].map(Arc::from);
        let ranks = Ranks::new(texts.iter());
        assert_eq!(texts.each_ref().map(|it| ranks.of(it)), [1, 0, 1, 2]);
    }

    proptest! {
        /// What stands for keys while they are sorted gives the order of the keys themselves.
        #[test]
        fn keys_are_in_order(lines in any_line_items(), rules in any_rules()) {
            for bill in ledger_of(&lines, &rules).0.values() {
                prop_assert!(bill.summaries.is_sorted_by(|left, right| left < right));
                prop_assert!(bill.details.is_sorted_by(|left, right| left < right));
                prop_assert!(bill.sums.is_sorted_by(|left, right| left.0 < right.0));
            }
        }
    }
}
