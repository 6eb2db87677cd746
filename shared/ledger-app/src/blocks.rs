//! Conditions in files: tables of fields, beside which `all`, `any` and `not` hold further tables.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Tables within tables: more than anybody reads, and far less than the stack holds.
const DEPTH_MAX: usize = 8;

/// The values of a field in a table.
pub(crate) trait FieldValue: for<'de> Deserialize<'de> {
    /// Refuses a word that names no field, where that is known without the value.
    fn check_word(_word: &str) -> Result<(), String> {
        Ok(())
    }
}

/// A table of fields with further tables beside them.
pub(crate) struct Block<V> {
    pub(crate) fields: BTreeMap<String, V>,
    pub(crate) all: Vec<Block<V>>,
    pub(crate) any: Vec<Block<V>>,
    pub(crate) not: Vec<Block<V>>,
    /// Whether one of the three is a list without a table.
    has_empty_list: bool,
}

impl<V> Default for Block<V> {
    fn default() -> Block<V> {
        let (all, any, not) = (Vec::new(), Vec::new(), Vec::new());
        Block { fields: BTreeMap::new(), all, any, not, has_empty_list: false }
    }
}

impl<V> Block<V> {
    /// The tables beside its fields.
    pub(crate) fn parts(&self) -> impl Iterator<Item = &Block<V>> {
        self.all.iter().chain(&self.any).chain(&self.not)
    }

    /// Refuses `all`, `any` or `not` without a table: `any` of nothing would match nothing, and reads as if it
    /// matched everything.
    pub(crate) fn check_lists(&self, key: &str) -> Result<(), String> {
        if self.has_empty_list {
            return Err(format!(
                "`{key}` has an empty list in `all`, `any` or `not`; expected a table, or no such key"
            ));
        }
        self.parts().try_for_each(|it| it.check_lists(key))
    }

    /// Refuses tables that are too deep, and tables within it that would match everything. `key` is
    /// where the outermost table is.
    pub(crate) fn check_form(&self, key: &str) -> Result<(), String> {
        self.check_form_at(key, 0)
    }

    fn check_form_at(&self, key: &str, depth: usize) -> Result<(), String> {
        if depth > DEPTH_MAX {
            return Err(format!("`{key}` has tables within tables; expected at most {DEPTH_MAX}"));
        }
        if depth > 0 && self.fields.is_empty() && self.parts().next().is_none() {
            return Err(format!(
                "`{key}` has an empty table in `all`, `any` or `not`, which would match everything; \
                 expected a dimension"
            ));
        }
        self.parts().try_for_each(|it| it.check_form_at(key, depth + 1))
    }
}

/// A key of a table.
enum Key<V> {
    All,
    Any,
    Not,
    Field(String, PhantomData<V>),
}

impl<'de, V: FieldValue> Deserialize<'de> for Key<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Key<V>, D::Error> {
        let word = String::deserialize(deserializer)?;
        match word.as_str() {
            "all" => Ok(Key::All),
            "any" => Ok(Key::Any),
            "not" => Ok(Key::Not),
            _ => {
                V::check_word(&word).map_err(de::Error::custom)?;
                Ok(Key::Field(word, PhantomData))
            }
        }
    }
}

impl<'de, V: FieldValue> Deserialize<'de> for Block<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Block<V>, D::Error> {
        deserializer.deserialize_map(Table(PhantomData))
    }
}

struct Table<V>(PhantomData<V>);

impl<'de, V: FieldValue> Visitor<'de> for Table<V> {
    type Value = Block<V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of dimensions")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Block<V>, A::Error> {
        let mut block = Block::default();
        while let Some(key) = map.next_key::<Key<V>>()? {
            let mut tables = |map: &mut A| -> Result<Vec<Block<V>>, A::Error> {
                let tables = map.next_value::<Blocks<V>>()?.0;
                block.has_empty_list |= tables.is_empty();
                Ok(tables)
            };
            match key {
                Key::All => block.all = tables(&mut map)?,
                Key::Any => block.any = tables(&mut map)?,
                Key::Not => block.not = tables(&mut map)?,
                Key::Field(word, PhantomData) => {
                    block.fields.insert(word, map.next_value()?);
                }
            }
        }
        Ok(block)
    }
}

/// A table, or a list of tables.
struct Blocks<V>(Vec<Block<V>>);

impl<'de, V: FieldValue> Deserialize<'de> for Blocks<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Blocks<V>, D::Error> {
        deserializer.deserialize_any(OneOrMany(PhantomData))
    }
}

struct OneOrMany<V>(PhantomData<V>);

impl<'de, V: FieldValue> Visitor<'de> for OneOrMany<V> {
    type Value = Blocks<V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table, or a list of tables")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Blocks<V>, A::Error> {
        Ok(Blocks(vec![Table(PhantomData).visit_map(map)?]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Blocks<V>, A::Error> {
        let mut blocks = Vec::new();
        while let Some(block) = list.next_element()? {
            blocks.push(block);
        }
        Ok(Blocks(blocks))
    }
}
