//! Running day sums by key.

use std::collections::BTreeMap;
use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::Arc;

use jiff::civil::Date;

use crate::arena::{Id, Map, Moved, Numbered};
use crate::cost::Amortization;
use crate::day_sum::DaySum;
use crate::money::MoneyError;

ids! {
    /// The number of a file.
    FileId;
}

impl FileId {
    /// The form in a [`DaySum`], which counts files from 1.
    fn stored(self) -> NonZeroU32 {
        let place = u32::try_from(self.place()).unwrap_or(u32::MAX);
        NonZeroU32::MIN.saturating_add(place)
    }

    /// The file of a sum's first line.
    pub(crate) fn of_sum(sum: &DaySum) -> Option<FileId> {
        let place = usize::try_from(sum.file()?.get()).ok()?;
        FileId::of(place.checked_sub(1)?)
    }
}

/// The sums of a key, by day.
pub(crate) type DaySums = Vec<DaySum>;

/// Amortizations by key and day; few sums have one.
pub(crate) type Amortizations<K> = BTreeMap<(K, Date), Amortization>;

/// Sums of one day each, by keys that are ids in a table.
#[derive(Debug)]
pub(crate) struct KeyedSums<K> {
    sums: Vec<(K, DaySums)>,
    /// Where the sums of a key are.
    places: Map<K, usize>,
    amortizations: Amortizations<K>,
    files: Numbered<FileId, Arc<str>>,
}

impl<K> Default for KeyedSums<K> {
    fn default() -> Self {
        KeyedSums {
            sums: Vec::new(),
            places: Map::default(),
            amortizations: BTreeMap::new(),
            files: Numbered::default(),
        }
    }
}

/// The part that [`MoneyError::Broken`] names when a key has no sum.
const SUMS: &str = "the sums of a key";

impl<K: Copy + Ord + Hash> KeyedSums<K> {
    /// Adds the sums of one key; their first lines are in one file.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub(crate) fn add(
        &mut self,
        key: K,
        file: Option<&Arc<str>>,
        mut sums: DaySums,
    ) -> Result<(), MoneyError> {
        let file = match file {
            Some(file) => Some(self.files.id(Arc::clone(file))?.stored()),
            None => None,
        };
        for sum in &mut sums {
            sum.check_range()?;
            sum.set_file(file)?;
        }
        self.merge(key, sums)
    }

    /// Adds to the amortization of a key on a day.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub(crate) fn amortize(
        &mut self,
        key: K,
        day: Date,
        added: Amortization,
    ) -> Result<(), MoneyError> {
        if added.is_zero() {
            return Ok(());
        }
        let sum = self.amortizations.entry((key, day)).or_default();
        *sum = sum.checked_add(&added)?;
        Ok(())
    }

    fn merge(&mut self, key: K, mut sums: DaySums) -> Result<(), MoneyError> {
        let Some(place) = self.places.get(&key).copied() else {
            sums.shrink_to_fit();
            sums.sort_by_key(DaySum::day);
            self.places.insert(key, self.sums.len());
            // One sum a day, also where the caller gave several.
            if sums.is_sorted_by(|left, right| left.day() < right.day()) {
                self.sums.push((key, sums));
                return Ok(());
            }
            self.sums.push((key, Vec::new()));
            return self.merge(key, sums);
        };
        let (_, known) = self.sums.get_mut(place).ok_or(MoneyError::Broken(SUMS))?;
        for sum in sums {
            match known.binary_search_by_key(&sum.day(), DaySum::day) {
                Err(place) => known.insert(place, sum),
                Ok(place) => {
                    let mine = known.get_mut(place).ok_or(MoneyError::Broken(SUMS))?;
                    add_to(mine, &sum, &self.files)?;
                }
            }
        }
        Ok(())
    }

    /// The sums of a key.
    ///
    /// # Errors
    ///
    /// [`MoneyError::Broken`].
    pub(crate) fn days(&self, key: K) -> Result<&DaySums, MoneyError> {
        let place = self.places.get(&key).ok_or(MoneyError::Broken(SUMS))?;
        self.sums.get(*place).map(|it| &it.1).ok_or(MoneyError::Broken(SUMS))
    }

    /// All keys that were ever added, in the order of arrival.
    pub(crate) fn keys(&self) -> impl Iterator<Item = K> {
        self.sums.iter().map(|it| it.0)
    }

    /// Moves the sum of one day of a key to another key.
    ///
    /// # Errors
    ///
    /// [`MoneyError::Broken`] where the key has no sum on the day.
    pub(crate) fn move_day(&mut self, from: K, day: Date, to: K) -> Result<(), MoneyError> {
        let place = self.places.get(&from).copied();
        let days = place.and_then(|it| self.sums.get_mut(it)).ok_or(MoneyError::Broken(SUMS))?;
        let place = days.1.binary_search_by_key(&day, DaySum::day);
        let sum = days.1.remove(place.map_err(|_| MoneyError::Broken(SUMS))?);
        if let Some(added) = self.amortizations.remove(&(from, day)) {
            self.amortize(to, day, added)?;
        }
        self.merge(to, vec![sum])
    }

    /// The same sums under other keys; two keys never become one. Keys without any sum are left out.
    ///
    /// # Errors
    ///
    /// Those of `new_key`.
    pub(crate) fn with_keys<N: Copy + Ord + Hash>(
        self,
        mut new_key: impl FnMut(K) -> Result<N, MoneyError>,
    ) -> Result<KeyedSums<N>, MoneyError> {
        self.with_keys_by_day(&[], |key, _| new_key(key))
    }

    /// As [`KeyedSums::with_keys`], where the new key also depends on the day: it is asked for once
    /// for all days between two of `turns`, which are in order.
    ///
    /// # Errors
    ///
    /// Those of `new_key`.
    pub(crate) fn with_keys_by_day<N: Copy + Ord + Hash>(
        self,
        turns: &[Date],
        mut new_key: impl FnMut(K, Date) -> Result<N, MoneyError>,
    ) -> Result<KeyedSums<N>, MoneyError> {
        let KeyedSums { sums: before, places, amortizations: amortized, files } = self;
        // On a large bill it takes megabytes, and the sums are about to be held twice.
        drop(places);
        let span_of = |day: Date| turns.partition_point(|turn| *turn <= day);
        let mut new_keys: Map<(K, usize), N> = Map::default();
        let mut sums: Vec<(N, DaySums)> = Vec::with_capacity(before.len());
        for (key, days) in before {
            let is_amortized = amortized.range(amortizations_of(key)).next().is_some();
            let first_place = sums.len();
            let mut rest = days;
            while let Some(first) = rest.first().map(DaySum::day) {
                let span = span_of(first);
                let later = rest.split_off(rest.partition_point(|it| span_of(it.day()) == span));
                let new = new_key(key, first)?;
                if is_amortized {
                    new_keys.insert((key, span), new);
                }
                // Two spans of one key may have one new key.
                match sums.iter_mut().skip(first_place).find(|(it, _)| *it == new) {
                    Some((_, days)) => days.append(&mut rest),
                    None => sums.push((new, rest)),
                }
                rest = later;
            }
        }
        let mut amortizations = BTreeMap::new();
        for ((key, day), added) in amortized {
            let key = new_keys.get(&(key, span_of(day))).ok_or(MoneyError::Broken(SUMS))?;
            amortizations.insert((*key, day), added);
        }
        Ok(KeyedSums { sums, places: Map::default(), amortizations, files })
    }

    /// The sums in order of their keys, the amortizations, and the files in order.
    ///
    /// # Errors
    ///
    /// [`MoneyError::Broken`].
    pub(crate) fn sorted(self) -> Result<Sorted<K>, MoneyError> {
        let KeyedSums { mut sums, places: _, mut amortizations, files } = self;
        sums.retain(|(_, days)| !days.is_empty());
        sums.sort_unstable_by_key(|(key, _)| *key);
        amortizations.retain(|_, added| !added.is_zero());
        let mut used = sums.iter().flat_map(|it| &it.1).filter_map(FileId::of_sum);
        // A single file keeps its place: it only matters whether it is used.
        let is_one_file = files.len() < 2;
        let (files, moved) = match is_one_file {
            true => files.sorted(used.next().into_iter(), Arc::clone),
            false => files.sorted(used, Arc::clone),
        };
        if !is_one_file {
            for sum in sums.iter_mut().flat_map(|(_, days)| days) {
                sum.set_file(file_moved(sum, &moved)?)?;
            }
        }
        Ok(Sorted { sums, amortizations, files })
    }
}

/// The range of all days of a key.
fn amortizations_of<K: Copy>(key: K) -> std::ops::RangeInclusive<(K, Date)> {
    (key, Date::MIN)..=(key, Date::MAX)
}

fn file_moved(sum: &DaySum, moved: &Moved<FileId>) -> Result<Option<NonZeroU32>, MoneyError> {
    let file = FileId::of_sum(sum).map(|it| moved.get(it, "the file of a first line"));
    Ok(file.transpose()?.map(FileId::stored))
}

/// Adds a sum of the same day; the first line is the first of both by name of file and row.
fn add_to(
    mine: &mut DaySum,
    sum: &DaySum,
    files: &Numbered<FileId, Arc<str>>,
) -> Result<(), MoneyError> {
    mine.add_amounts(sum)?;
    mine.check_range()?;
    let name = |it: &DaySum| {
        FileId::of_sum(it).map(|it| files.get(it, "the file of a first line")).transpose()
    };
    if (name(sum)?, sum.first_line()) < (name(mine)?, mine.first_line()) {
        mine.set_file(sum.file())?;
        mine.set_first_line(sum.first_line())?;
    }
    Ok(())
}

/// Sums in order.
pub(crate) struct Sorted<K> {
    /// By key, then by day.
    pub(crate) sums: Vec<(K, DaySums)>,
    pub(crate) amortizations: Amortizations<K>,
    /// By name.
    pub(crate) files: crate::arena::Table<FileId, Arc<str>>,
}
