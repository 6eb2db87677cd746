//! Numbers for the texts of a Parquet file, so that rows are compared without reading texts.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;
use ledger_core::money::MoneyError;

use crate::cur::columnar::{Array, MapArray, TextArray, Values};

/// A text, or a set of entries, within one [`Texts`] or [`Sets`].
pub(super) type Id = u32;

/// The text of a cell that is null, absent or empty; also the set without entries.
pub(super) const EMPTY: Id = 0;

/// A text without a number: its row is read as text.
pub(super) const ODD: Id = Id::MAX;

/// A set with such a text.
pub(super) const ODD_SET: Id = 1;

/// Far above what AWS writes, and so low that no map of [`ENTRIES_MAX`] comes near the limit of a
/// cell.
const LENGTH_MAX: usize = 1024;

/// Above what AWS allows: 50 tags of a resource, and those of a caller.
const ENTRIES_MAX: usize = 80;

/// Texts, each with one number.
#[derive(Debug)]
pub(super) struct Texts {
    ids: HashMap<Arc<str>, Id, RandomState>,
    values: Vec<Arc<str>>,
}

impl Texts {
    pub(super) fn new() -> Texts {
        let mut texts = Texts { ids: HashMap::default(), values: Vec::new() };
        texts.id("");
        texts
    }

    pub(super) fn id(&mut self, text: &str) -> Id {
        if text.len() > LENGTH_MAX {
            return ODD;
        }
        if let Some(id) = self.ids.get(text) {
            return *id;
        }
        let id = Id::try_from(self.values.len()).unwrap_or(ODD);
        if id != ODD {
            let text: Arc<str> = text.into();
            self.values.push(Arc::clone(&text));
            self.ids.insert(text, id);
        }
        id
    }

    pub(super) fn get(&self, id: Id) -> &str {
        self.shared(id).map_or("", |it| it)
    }

    pub(super) fn shared(&self, id: Id) -> Option<&Arc<str>> {
        self.values.get(usize::try_from(id).ok()?)
    }

    pub(super) fn len(&self) -> usize {
        self.values.len()
    }
}

/// Sets of map entries, each with one number.
#[derive(Debug)]
pub(super) struct Sets {
    ids: HashMap<Box<[Entry]>, Id, RandomState>,
    /// The entries of all sets.
    entries: Vec<Entry>,
    /// The start of each set's entries, and the end of the last set's.
    bounds: Vec<usize>,
    /// Sets that were asked for, by the first bits of the sum of [`mixed`] entries.
    recent: Vec<Id>,
    scratch: Vec<Entry>,
    sums: Vec<u64>,
}

/// The number of bits of a place among recent sets.
const RECENT_BITS: u32 = 14;

/// The part of an entry in the place of its set: sets share a place by chance alone.
#[inline]
fn mixed(entry: Entry) -> u64 {
    // Odd, and else of no meaning.
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mixed = entry.wrapping_mul(FACTOR);
    (mixed ^ (mixed >> 32)).wrapping_mul(FACTOR)
}

/// A key and its value side by side.
pub(super) type Entry = u64;

fn entry(key: Id, value: Id) -> Entry {
    (u64::from(key) << Id::BITS) | u64::from(value)
}

/// The key and the value of an entry.
pub(super) fn parts(entry: Entry) -> (Id, Id) {
    let half = |it: u64| Id::try_from(it & u64::from(Id::MAX)).unwrap_or(ODD);
    (half(entry >> Id::BITS), half(entry))
}

impl Sets {
    pub(super) fn new() -> Sets {
        let mut sets = Sets {
            ids: HashMap::default(),
            entries: Vec::new(),
            bounds: vec![0],
            recent: vec![EMPTY; 1 << RECENT_BITS],
            scratch: Vec::new(),
            sums: Vec::new(),
        };
        sets.slow_id(&[]);
        // No row has this one.
        sets.slow_id(&[entry(ODD, ODD)]);
        sets
    }

    fn id(&mut self, set: &[Entry]) -> Id {
        self.id_at(set, set.iter().fold(0, |sum, it| sum.wrapping_add(mixed(*it))))
    }

    /// As [`Sets::id`], where the sum of the mixed entries is known.
    #[inline]
    fn id_at(&mut self, set: &[Entry], sum: u64) -> Id {
        // The shift leaves the bits of a place.
        let place = (sum >> (u64::BITS - RECENT_BITS)) as usize;
        let recent = self.recent.get(place).copied().unwrap_or(EMPTY);
        // Compared here: sets are short, and a call costs more.
        let is_same = |known: &[Entry]| {
            known.len() == set.len() && known.iter().zip(set).all(|(left, right)| left == right)
        };
        if self.get(recent).is_some_and(is_same) {
            return recent;
        }
        let id = self.slow_id(set);
        if let Some(recent) = self.recent.get_mut(place) {
            *recent = id;
        }
        id
    }

    fn slow_id(&mut self, set: &[Entry]) -> Id {
        if let Some(id) = self.ids.get(set) {
            return *id;
        }
        let Some(id) = Id::try_from(self.len()).ok().filter(|it| *it != ODD) else {
            return ODD_SET;
        };
        self.entries.extend_from_slice(set);
        self.bounds.push(self.entries.len());
        self.ids.insert(set.into(), id);
        id
    }

    pub(super) fn len(&self) -> usize {
        self.bounds.len() - 1
    }

    /// The entries, as the row has them; `None` for the number of no set.
    #[inline]
    pub(super) fn get(&self, id: Id) -> Option<&[Entry]> {
        let index = usize::try_from(id).ok()?;
        let (from, to) = (self.bounds.get(index)?, self.bounds.get(index.checked_add(1)?)?);
        self.entries.get(*from..*to)
    }
}

/// The meaning of the places in one dictionary.
#[derive(Debug, Default)]
pub(super) struct Translation {
    /// The one that is known.
    dictionary: Option<u64>,
    ids: Vec<Id>,
    /// The same, numbered for this column alone: these need fewer bits.
    numbers: Vec<u32>,
    number_of: HashMap<Id, u32, RandomState>,
    /// By number.
    numbered: Vec<Id>,
}

impl Translation {
    /// Learns the texts that are new in the dictionary of a column, or of another one.
    pub(super) fn learn(&mut self, column: &TextArray, mut id: impl FnMut(&str) -> Id) {
        if self.dictionary != Some(column.dictionary()) {
            self.dictionary = Some(column.dictionary());
            self.ids.clear();
            self.numbers.clear();
        }
        let new = column.texts_from(self.ids.len());
        self.ids.extend(new.map(|it| it.map_or(ODD, &mut id)));
    }

    /// Numbers what was learnt.
    pub(super) fn number(&mut self) {
        // An empty text is number zero.
        if self.numbered.is_empty() {
            self.number_of.insert(EMPTY, 0);
            self.numbered.push(EMPTY);
        }
        for id in self.ids.iter().skip(self.numbers.len()) {
            let number = *self.number_of.entry(*id).or_insert_with(|| {
                self.numbered.push(*id);
                u32::try_from(self.numbered.len() - 1).unwrap_or(u32::MAX)
            });
            self.numbers.push(number);
        }
    }

    /// The text of a number.
    pub(super) fn id(&self, number: u32) -> Id {
        let place = usize::try_from(number).unwrap_or(usize::MAX);
        // Nothing was learnt: the column is not there.
        self.numbered.get(place).copied().unwrap_or(EMPTY)
    }

    /// The texts by their numbers.
    pub(super) fn numbered(&self) -> &[Id] {
        &self.numbered
    }

    /// Numbers are below this.
    pub(super) fn number_count(&self) -> usize {
        self.numbered.len()
    }

    /// The texts of a column whose dictionary was learnt.
    pub(super) fn view<'a>(&'a self, column: Option<&'a TextArray>) -> TextView<'a> {
        let places = column.map(TextArray::places);
        TextView {
            places: places.map(Values::values),
            nulls: places.and_then(|it| it.nulls()),
            translation: self,
        }
    }
}

/// The texts of one column of a batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct TextView<'a> {
    /// `None` where there is no such column: all texts are empty.
    places: Option<&'a [i32]>,
    /// `None` where each row has a text.
    nulls: Option<&'a [bool]>,
    translation: &'a Translation,
}

impl TextView<'_> {
    #[inline]
    pub(super) fn id(&self, row: usize) -> Id {
        self.of(row, &self.translation.ids).unwrap_or(ODD)
    }

    /// The number of a row's text within the column; `None` if it was not learnt, which cannot be.
    #[inline]
    pub(super) fn number(&self, row: usize) -> Option<u32> {
        self.of(row, &self.translation.numbers)
    }

    #[inline]
    fn of(&self, row: usize, meanings: &[u32]) -> Option<u32> {
        let Some(places) = self.places else { return Some(EMPTY) };
        if self.is_null(row)? {
            return Some(EMPTY);
        }
        let place = usize::try_from(*places.get(row)?).ok()?;
        meanings.get(place).copied()
    }

    /// Whether a row has no text; `None` beyond the last row.
    #[inline]
    fn is_null(&self, row: usize) -> Option<bool> {
        self.nulls.map_or(Some(false), |it| it.get(row).copied())
    }

    /// Adds the numbers of all rows, shifted left.
    pub(super) fn pack(&self, rows: &mut [u64], shift: u32) -> Result<(), MoneyError> {
        let unknown = || MoneyError::Broken("the text of a row");
        let Some(places) = self.places else { return Ok(()) };
        if places.len() != rows.len() {
            return Err(unknown());
        }
        if self.nulls.is_some() {
            for (place, row) in rows.iter_mut().enumerate() {
                let number = self.number(place).ok_or_else(unknown)?;
                *row |= u64::from(number).wrapping_shl(shift);
            }
            return Ok(());
        }
        let numbers = self.translation.numbers.as_slice();
        for (row, place) in rows.iter_mut().zip(places) {
            let number = numbers.get(*place as usize).ok_or_else(unknown)?;
            *row |= u64::from(*number).wrapping_shl(shift);
        }
        Ok(())
    }

    /// Whether the text of every row has a number.
    fn is_plain(&self) -> bool {
        self.nulls.is_none() && !self.translation.ids.contains(&ODD)
    }

    fn ids(&self) -> impl Iterator<Item = Id> {
        let ids = self.translation.ids.as_slice();
        self.places
            .into_iter()
            .flatten()
            .map(|place| ids.get(*place as usize).copied().unwrap_or(ODD))
    }
}

/// The entries of one map column of a batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct MapView<'a> {
    /// None where there is no such column.
    offsets: &'a [usize],
    keys: TextView<'a>,
    values: TextView<'a>,
}

impl<'a> MapView<'a> {
    pub(super) fn new(
        column: Option<&'a Array>,
        keys: &'a Translation,
        values: &'a Translation,
    ) -> MapView<'a> {
        let map = column.and_then(Array::as_map);
        MapView {
            offsets: map.map_or(&[], MapArray::offsets),
            keys: keys.view(map.map(MapArray::keys)),
            values: values.view(map.map(MapArray::values)),
        }
    }

    /// The sets of all rows; none where there is no such column.
    pub(super) fn read(&self, sets: &mut Sets, wanted: Option<&[Id]>, ids: &mut Vec<Id>) {
        ids.clear();
        let is_plain = self.keys.is_plain() && self.values.is_plain();
        if wanted.is_some() || !is_plain {
            let is_wanted = |key| wanted.is_none_or(|it| it.contains(&key));
            let row_count = self.offsets.len().saturating_sub(1);
            ids.extend((0..row_count).map(|row| self.id(row, sets, is_wanted)));
            return;
        }
        let mut entries = std::mem::take(&mut sets.scratch);
        let mut sums = std::mem::take(&mut sets.sums);
        entries.clear();
        entries
            .extend(self.keys.ids().zip(self.values.ids()).map(|(key, value)| entry(key, value)));
        // Sums up to each entry: the difference of two is that of a set. Adding up each set for itself
        // takes longer, as the processor cannot predict where it ends.
        sums.clear();
        sums.push(0);
        sums.extend(entries.iter().scan(0_u64, |sum, it| {
            *sum = sum.wrapping_add(mixed(*it));
            Some(*sum)
        }));
        let ends = self.offsets.iter().zip(self.offsets.iter().skip(1));
        ids.extend(ends.map(|(&from, &to)| {
            match (entries.get(from..to), sums.get(from), sums.get(to)) {
                (Some([]), ..) => EMPTY,
                (Some(set), Some(before), Some(sum)) if set.len() <= ENTRIES_MAX => {
                    sets.id_at(set, sum.wrapping_sub(*before))
                }
                _ => ODD_SET,
            }
        }));
        sets.scratch = entries;
        sets.sums = sums;
    }

    /// The set of a row's entries; those whose key is not wanted or that have no value do not count.
    #[inline]
    pub(super) fn id(&self, row: usize, sets: &mut Sets, is_wanted: impl Fn(Id) -> bool) -> Id {
        let bounds = self.offsets.get(row).zip(self.offsets.get(row + 1));
        let Some((from, to)) = bounds.filter(|(from, to)| from < to) else { return EMPTY };
        let mut entries = std::mem::take(&mut sets.scratch);
        entries.clear();
        let mut is_odd = false;
        for place in *from..*to {
            let key = self.keys.id(place);
            if !is_wanted(key) && key != ODD {
                continue;
            }
            let is_null = self.keys.is_null(place).zip(self.values.is_null(place));
            if is_null.is_some_and(|(key, value)| key || value) {
                continue;
            }
            let value = self.values.id(place);
            is_odd |= key == ODD || value == ODD || entries.len() == ENTRIES_MAX;
            if is_odd {
                break;
            }
            entries.push(entry(key, value));
        }
        let id = if is_odd { ODD_SET } else { sets.id(&entries) };
        sets.scratch = entries;
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_read_as_it_was_added_and_no_other_number_has_one() {
        let mut sets = Sets::new();
        let set = [entry(2, 3), entry(4, 5)];
        let id = sets.id(&set);
        assert_eq!(sets.id(&set), id);
        assert_eq!(sets.get(id), Some(&set[..]));
        assert_eq!(sets.get(EMPTY), Some(&[][..]));
        assert_eq!(sets.len(), 3);
        for unknown in [id + 1, ODD] {
            assert_eq!(sets.get(unknown), None);
        }
    }

    #[test]
    fn a_text_that_was_not_learnt_is_an_error_and_not_an_empty_text() {
        let mut translation = Translation { ids: vec![EMPTY, 7], ..Translation::default() };
        translation.number();
        let pack = |places: Option<&[i32]>, nulls: Option<&[bool]>| {
            let mut rows = [0; 2];
            let view = TextView { places, nulls, translation: &translation };
            view.pack(&mut rows, 4).map(|()| rows)
        };
        assert_eq!(pack(None, None), Ok([0, 0]));
        assert_eq!(pack(Some(&[1, 0]), None), Ok([1 << 4, 0]));
        assert_eq!(pack(Some(&[2, 1]), Some(&[true, false])), Ok([0, 1 << 4]));
        let unknown = Err(MoneyError::Broken("the text of a row"));
        assert_eq!(pack(Some(&[1, 2]), None), unknown);
        assert_eq!(pack(Some(&[1, -1]), None), unknown);
        assert_eq!(pack(Some(&[1, 2]), Some(&[false, false])), unknown);
        assert_eq!(pack(Some(&[1]), None), unknown);
    }
}
