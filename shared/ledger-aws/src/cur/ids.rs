//! Numbers for the texts of a Parquet file, so that rows are compared without reading texts.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, MapArray};
use foldhash::fast::RandomState;

/// A text, or a set of entries, within one [`Texts`] or [`Sets`].
pub(super) type Id = u32;

/// What is null, absent or without text; also the set without entries.
pub(super) const EMPTY: Id = 0;

/// A text that is not told by number: its row is read as text.
pub(super) const ODD: Id = Id::MAX;

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
    ids: HashMap<Arc<[Entry]>, Id, RandomState>,
    values: Vec<Arc<[Entry]>>,
    scratch: Vec<Entry>,
}

/// A key and its value.
pub(super) type Entry = (Id, Id);

impl Sets {
    pub(super) fn new() -> Sets {
        let mut sets = Sets { ids: HashMap::default(), values: Vec::new(), scratch: Vec::new() };
        sets.of_scratch();
        sets
    }

    fn of_scratch(&mut self) -> Id {
        if let Some(id) = self.ids.get(self.scratch.as_slice()) {
            return *id;
        }
        let id = Id::try_from(self.values.len()).unwrap_or(ODD);
        if id != ODD {
            let set: Arc<[Entry]> = self.scratch.as_slice().into();
            self.values.push(Arc::clone(&set));
            self.ids.insert(set, id);
        }
        id
    }

    /// The entries, as the row has them.
    pub(super) fn get(&self, id: Id) -> &[Entry] {
        let index = usize::try_from(id).unwrap_or(usize::MAX);
        self.values.get(index).map_or(&[], |it| it)
    }
}

/// What the keys of one dictionary mean as [`Id`]s.
#[derive(Debug, Default)]
pub(super) struct Translation {
    /// Held on to, so that no other dictionary can come to lie at its address.
    held: Option<ArrayRef>,
    ids: Vec<Id>,
}

impl Translation {
    /// Learns the dictionary of a column of texts, unless it is the one that is known.
    pub(super) fn learn(&mut self, column: &ArrayRef, texts: &mut Texts) {
        let Some(column) = column.as_dictionary_opt::<Int32Type>() else { return };
        let values = column.values();
        let address = |it: &ArrayRef| {
            let it = it.as_string_opt::<i32>()?;
            Some((it.value_data().as_ptr(), it.value_offsets().as_ptr(), it.len()))
        };
        if self.held.as_ref().is_some_and(|it| address(it) == address(values)) {
            return;
        }
        self.ids.clear();
        if let Some(values) = values.as_string_opt::<i32>() {
            self.ids.extend(values.iter().map(|it| texts.id(it.unwrap_or_default())));
        }
        self.held = Some(Arc::clone(values));
    }

    /// The texts of a column whose dictionary was learnt.
    pub(super) fn view<'a>(&'a self, column: Option<&'a ArrayRef>) -> TextView<'a> {
        let column = column.and_then(|it| it.as_dictionary_opt::<Int32Type>());
        let keys = column.map_or(&[] as &[i32], |it| it.keys().values());
        let nulls = column.and_then(|it| it.keys().nulls());
        TextView { keys, nulls, ids: &self.ids }
    }
}

/// The texts of one column of a batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct TextView<'a> {
    keys: &'a [i32],
    nulls: Option<&'a arrow_buffer::NullBuffer>,
    ids: &'a [Id],
}

impl TextView<'_> {
    #[inline]
    pub(super) fn id(&self, row: usize) -> Id {
        let Some(key) = self.keys.get(row) else { return EMPTY };
        if self.nulls.is_some_and(|it| it.is_null(row)) {
            return EMPTY;
        }
        usize::try_from(*key).ok().and_then(|it| self.ids.get(it)).copied().unwrap_or(ODD)
    }
}

/// The entries of one map column of a batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct MapView<'a> {
    map: Option<&'a MapArray>,
    offsets: &'a [i32],
    keys: TextView<'a>,
    values: TextView<'a>,
}

impl<'a> MapView<'a> {
    pub(super) fn new(
        column: Option<&'a ArrayRef>,
        keys: &'a Translation,
        values: &'a Translation,
    ) -> MapView<'a> {
        let map = column.and_then(|it| it.as_map_opt());
        MapView {
            map,
            offsets: map.map_or(&[], |it| it.value_offsets()),
            keys: keys.view(map.map(|it| it.keys())),
            values: values.view(map.map(|it| it.values())),
        }
    }

    /// Whether there is such a column.
    pub(super) fn is_there(&self) -> bool {
        self.map.is_some()
    }

    /// The set of a row's entries; those whose key is not wanted or that have no value do not count.
    #[inline]
    pub(super) fn id(&self, row: usize, sets: &mut Sets, is_wanted: impl Fn(Id) -> bool) -> Id {
        let Some(map) = self.map else { return EMPTY };
        let index = |it: Option<&i32>| it.and_then(|it| usize::try_from(*it).ok());
        let from = index(self.offsets.get(row)).unwrap_or_default();
        let to = index(self.offsets.get(row + 1)).unwrap_or_default();
        if from >= to || map.is_null(row) {
            return EMPTY;
        }
        sets.scratch.clear();
        let is_null = |view: &TextView<'_>, entry| view.nulls.is_some_and(|it| it.is_null(entry));
        for entry in from..to {
            let key = self.keys.id(entry);
            if !is_wanted(key) && key != ODD {
                continue;
            }
            if is_null(&self.keys, entry) || is_null(&self.values, entry) {
                continue;
            }
            let value = self.values.id(entry);
            if key == ODD || value == ODD || sets.scratch.len() == ENTRIES_MAX {
                return ODD;
            }
            sets.scratch.push((key, value));
        }
        sets.of_scratch()
    }
}
