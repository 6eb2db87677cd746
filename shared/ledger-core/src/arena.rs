//! Tables of values that are held once and named by small numbers, so that a million sums under a
//! hundred thousand keys stay small.

use std::hash::Hash;
use std::marker::PhantomData;
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::money::MoneyError;

/// A map that is only looked up in.
#[expect(clippy::disallowed_types, reason = "only looked up in: no order comes of it")]
pub(crate) type Map<K, V> = std::collections::HashMap<K, V, RandomState>;

/// The number of a value in one table; numbers of different tables are different types.
pub(crate) trait Id: Copy + Default {
    /// The place in the table, from 0.
    fn place(self) -> usize;

    /// The number of a place; `None` beyond 2³² values.
    fn of(place: usize) -> Option<Self>;
}

/// Declares numbers of tables.
macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident;)+) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) struct $name(u32);

        impl $crate::arena::Id for $name {
            fn place(self) -> usize {
                // A `usize` has 32 bits at least wherever this runs.
                usize::try_from(self.0).unwrap_or(usize::MAX)
            }

            fn of(place: usize) -> Option<$name> {
                u32::try_from(place).ok().map($name)
            }
        }
    )+};
}

/// Values in a fixed order, found by their number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table<I, T> {
    values: Vec<T>,
    ids: PhantomData<I>,
}

impl<I, T> Default for Table<I, T> {
    fn default() -> Self {
        Table { values: Vec::new(), ids: PhantomData }
    }
}

impl<I: Id, T> Table<I, T> {
    /// The value of a number.
    ///
    /// # Errors
    ///
    /// [`MoneyError::Broken`] for a number of another table: a sum must never be left out for it.
    pub(crate) fn get(&self, id: I, place: &'static str) -> Result<&T, MoneyError> {
        self.values.get(id.place()).ok_or(MoneyError::Broken(place))
    }

    #[cfg(test)]
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.values.iter()
    }
}

/// The new numbers of values after they were sorted.
#[derive(Debug)]
pub(crate) struct Moved<I>(Vec<Option<I>>);

impl<I: Id> Moved<I> {
    /// The new number of a value.
    ///
    /// # Errors
    ///
    /// [`MoneyError::Broken`] for a value that was not in use.
    pub(crate) fn get(&self, id: I, place: &'static str) -> Result<I, MoneyError> {
        self.0.get(id.place()).copied().flatten().ok_or(MoneyError::Broken(place))
    }
}

/// Values, each kept once and numbered in the order of arrival.
#[derive(Debug)]
pub(crate) struct Numbered<I, T> {
    ids: Map<Arc<T>, I>,
    values: Vec<Arc<T>>,
    last: I,
}

impl<I: Id, T> Default for Numbered<I, T> {
    fn default() -> Self {
        Numbered { ids: Map::default(), values: Vec::new(), last: I::default() }
    }
}

impl<I: Id, T: Clone + Eq + Hash> Numbered<I, T> {
    /// The number of a value, which is added if it is new.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`] at 2³² values.
    pub(crate) fn id(&mut self, value: T) -> Result<I, MoneyError> {
        // Neighbours often share a half of their keys.
        if self.values.get(self.last.place()).is_some_and(|it| **it == value) {
            return Ok(self.last);
        }
        self.last = match self.ids.get(&value) {
            Some(id) => *id,
            None => {
                let id = I::of(self.values.len()).ok_or(MoneyError::OutOfRange)?;
                let value = Arc::new(value);
                self.ids.insert(Arc::clone(&value), id);
                self.values.push(value);
                id
            }
        };
        Ok(self.last)
    }

    /// The value of a number.
    ///
    /// # Errors
    ///
    /// As [`Table::get`].
    pub(crate) fn get(&self, id: I, place: &'static str) -> Result<&T, MoneyError> {
        self.values.get(id.place()).map(|it| &**it).ok_or(MoneyError::Broken(place))
    }

    /// The number of values.
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// The values with their numbers, in the order of arrival.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (I, &T)> {
        let ids = (0..).map_while(I::of);
        ids.zip(self.values.iter().map(|it| &**it))
    }

    /// The values in use, in the order of what `order` makes of them, and their new numbers.
    pub(crate) fn sorted<K: Ord>(
        self,
        used: impl Iterator<Item = I>,
        order: impl Fn(&T) -> K,
    ) -> (Table<I, T>, Moved<I>) {
        drop(self.ids);
        let mut is_used = vec![false; self.values.len()];
        for id in used {
            if let Some(flag) = is_used.get_mut(id.place()) {
                *flag = true;
            }
        }
        let count = is_used.len();
        let used = (0..).zip(self.values).zip(is_used).filter(|(_, is_used)| *is_used);
        let mut values: Vec<_> =
            used.map(|((place, value), _)| (order(&value), value, place)).collect();
        values.sort_unstable_by(|left, right| left.0.cmp(&right.0));
        let mut moved = vec![None; count];
        let values = (0..).zip(values).map(|(new, (_, value, place))| {
            if let Some(slot) = moved.get_mut::<usize>(place) {
                *slot = I::of(new);
            }
            Arc::try_unwrap(value).unwrap_or_else(|shared| (*shared).clone())
        });
        let values = values.collect();
        (Table { values, ids: PhantomData }, Moved(moved))
    }
}

/// The ranks of values in their order, equal ones the same, found by address.
///
/// A million keys share a few thousand texts and sets of tags: these are compared once, and keys
/// then by numbers. Copies of a value may lie at several addresses.
pub(crate) struct Ranks(Map<usize, u32>);

impl Ranks {
    pub(crate) fn new<'a, T: ?Sized + Ord + 'a>(values: impl Iterator<Item = &'a Arc<T>>) -> Ranks {
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

    /// The rank of one of these values.
    pub(crate) fn of<T: ?Sized>(&self, value: &Arc<T>) -> u32 {
        self.0.get(&address(value)).copied().unwrap_or_default()
    }
}

fn address<T: ?Sized>(value: &Arc<T>) -> usize {
    Arc::as_ptr(value).cast::<()>().addr()
}

#[cfg(test)]
mod tests {
    use super::*;

    ids! {
        /// The number of a word.
        WordId;
    }

    #[test]
    fn copies_of_a_text_rank_alike() {
        let texts: [Arc<str>; 4] = ["b", "a", "b", "c"].map(Arc::from);
        let ranks = Ranks::new(texts.iter());
        assert_eq!(texts.each_ref().map(|it| ranks.of(it)), [1, 0, 1, 2]);
    }

    #[test]
    fn a_number_that_was_not_given_out_is_an_error_with_its_place() {
        let mut words: Numbered<WordId, &str> = Numbered::default();
        let ids = ["b", "a", "b"].map(|it| words.id(it).unwrap());
        assert_eq!(ids[0], ids[2]);
        let foreign = WordId(7);
        assert_eq!(words.get(foreign, "a word"), Err(MoneyError::Broken("a word")));
        let (sorted, moved) = words.sorted([ids[1]].into_iter(), |it| *it);
        assert_eq!(sorted.iter().collect::<Vec<_>>(), [&"a"]);
        assert_eq!(moved.get(ids[1], "a word"), Ok(WordId(0)));
        assert_eq!(moved.get(ids[0], "a word"), Err(MoneyError::Broken("a word")));
        assert_eq!(sorted.get(foreign, "a word"), Err(MoneyError::Broken("a word")));
    }
}
