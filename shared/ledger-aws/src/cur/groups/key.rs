//! Keys of groups: the parts that a group's rows have in common, by number.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::cur::columnar::double::Digits;
use crate::cur::columnar::{NO_AMOUNT, ODD_AMOUNT};
use crate::cur::groups::ids::Id;

pub(super) type Map<K, V> = HashMap<K, V, RandomState>;

/// The product of all non-AI lines, which are only totalled.
pub(super) const OTHER: u32 = u32::MAX;

/// The number of each part of a group in the catalog.
///
/// - **Invariant:** sorted by it, neighbours share most of what their line items are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct GroupKey {
    pub bill_month: u32,
    /// Or [`OTHER`].
    pub product: u32,
    pub caller: u32,
    pub line_type: Id,
}

impl GroupKey {
    /// Whether it differs from another in its line type at most.
    pub(super) fn differs_in_type_alone(&self, other: &GroupKey) -> bool {
        GroupKey { line_type: other.line_type, ..*self } == *other
    }
}

/// How the rows of a group are read.
#[derive(Clone, Copy, Debug)]
pub(super) enum GroupKind {
    /// Its rows are read as text.
    Unclear,
    /// Non-AI lines.
    Other,
    /// AI lines whose tokens are not counted.
    Plain,
    /// AI lines that count tokens in units of this power of ten.
    Tokens(u8),
}

impl GroupKind {
    /// The tokens and the quantity of an amount; `None` if the row must be read as text.
    #[inline]
    pub(super) fn metered(self, amount: Digits) -> Option<Metered> {
        const NOTHING: Metered = Metered { tokens: None, quantity: None };
        let power = match self {
            GroupKind::Unclear => return None,
            GroupKind::Other => return Some(NOTHING),
            GroupKind::Plain => 0,
            GroupKind::Tokens(power) => u32::from(power),
        };
        match amount.digits {
            NO_AMOUNT => Some(NOTHING),
            ODD_AMOUNT => None,
            _ => {
                let tokens = amount.tokens(power).ok()?;
                Some(Metered {
                    tokens: tokens.filter(|_| matches!(self, GroupKind::Tokens(_))),
                    quantity: Some(amount.scaled(QUANTITY_DIGITS)?),
                })
            }
        }
    }
}

/// The amount of a row in tokens, and as a whole number of 10⁻¹⁰ of its unit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Metered {
    pub tokens: Option<u64>,
    pub quantity: Option<i64>,
}

/// Fraction digits of a quantity in a small sum: AWS prints at most ten.
pub(super) const QUANTITY_DIGITS: u32 = 10;

/// Values by key, numbered in the order they are first seen.
pub(super) struct Numbered<K, V> {
    ids: Map<K, u32>,
    values: Vec<V>,
    /// The last key asked for: neighbouring rows often share it.
    last: Option<(K, u32)>,
}

impl<K, V> Default for Numbered<K, V> {
    fn default() -> Self {
        Numbered { ids: Map::default(), values: Vec::new(), last: None }
    }
}

impl<K: Copy + Eq + std::hash::Hash, V> Numbered<K, V> {
    /// The number and the value of a key, made if it is new; `None` if it cannot be made.
    #[inline]
    pub(super) fn get(&mut self, key: K, make: impl FnOnce() -> Option<V>) -> Option<(u32, &V)> {
        let known = self.last.filter(|it| it.0 == key).map(|it| it.1);
        let id = match known.or_else(|| self.ids.get(&key).copied()) {
            Some(id) => id,
            None => {
                let id = u32::try_from(self.values.len()).ok().filter(|it| *it < OTHER)?;
                self.values.push(make()?);
                self.ids.insert(key, id);
                id
            }
        };
        self.last = Some((key, id));
        self.value(id).map(|it| (id, it))
    }

    pub(super) fn value(&self, id: u32) -> Option<&V> {
        self.values.get(usize::try_from(id).ok()?)
    }
}
