//! The numbers of a row side by side, so that rows are compared and looked up in one go.

use std::hash::{Hash, Hasher};

use ledger_core::money::MoneyError;

use crate::cur::meaning::columns::{CALLER_COLUMNS, PRODUCT_COLUMNS};

/// The number of numbers that a row has: those of [`PRODUCT_COLUMNS`] and [`CALLER_COLUMNS`], and of
/// month of the bill, month of usage, payer, currency, line type, tags and attributes.
pub(super) const FIELDS: usize = PRODUCT_COLUMNS.len() + CALLER_COLUMNS.len() + 7;

/// One of a row's numbers.
pub(super) type Field = usize;

/// Non-AI rows differ in the first fields alone.
const BILL_FIELDS: usize = 4;

/// Rows that differ in nothing but these are in one partition.
const HEAD_FIELDS: usize = 5;

/// Room for all that is in a large bill; what does not fit is read as text.
const WORDS: usize = 3;

/// The numbers of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct PackedKey([u64; WORDS]);

/// Word by word: as an array it would be hashed as bytes, which takes five times as long.
impl Hash for PackedKey {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.iter().for_each(|it| state.write_u64(*it));
    }
}

impl PackedKey {
    pub(super) fn is_ai(&self) -> bool {
        self.0.first().is_some_and(|it| it & 1 == 1)
    }
}

/// The bits of each number.
#[derive(Clone, Debug, Default)]
pub(super) struct BitLayout {
    places: [BitField; FIELDS],
    /// The bits of the bill in the first word.
    bill: u64,
    /// The bits of [`HEAD_FIELDS`] in the first word.
    head: u64,
}

/// The outcome of making room.
#[derive(Debug)]
pub(super) enum Fit {
    /// There was room.
    Same,
    /// The numbers have other bits now.
    Moved,
    /// There is no room; nothing was changed.
    Short,
}

#[derive(Clone, Copy, Debug, Default)]
struct BitField {
    word: usize,
    shift: u32,
    width: u32,
}

impl BitLayout {
    /// Makes room for numbers below these.
    pub(super) fn fit(&mut self, counts: [usize; FIELDS]) -> Fit {
        let needed = counts.map(|it| usize::BITS - it.saturating_sub(1).leading_zeros());
        if self.places.iter().zip(needed).all(|(place, needed)| needed <= place.width) {
            return Fit::Same;
        }
        let mut fitted = self.clone();
        // The first bit is whether the row is AI.
        let mut used = [1, 0, 0];
        for (part, (place, needed)) in fitted.places.iter_mut().zip(needed).enumerate() {
            let width = needed.max(place.width);
            let has_room = |used: &u32| used + width <= u64::BITS;
            let word = used.iter().position(has_room).filter(|it| *it == 0 || part >= HEAD_FIELDS);
            let Some((word, used)) = word.and_then(|it| Some((it, used.get_mut(it)?))) else {
                return Fit::Short;
            };
            *place = BitField { word, shift: *used, width };
            *used += width;
            let below = 1_u64.checked_shl(*used).map_or(u64::MAX, |it| it - 1);
            if part < BILL_FIELDS {
                fitted.bill = below;
            }
            if part < HEAD_FIELDS {
                fitted.head = below;
            }
        }
        *self = fitted;
        Fit::Moved
    }

    /// A number below 256, the same for the same row.
    #[inline]
    pub(super) fn partition(&self, packed: &PackedKey) -> usize {
        // Odd, and else of no meaning.
        const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
        let mix = |mixed: u64, word: u64| {
            let mixed = (mixed ^ word).wrapping_mul(FACTOR);
            mixed ^ (mixed >> 32)
        };
        let [first, second, third] = packed.0;
        let [mixed, ..] = mix(mix(mix(0, first & !self.head), second), third).to_be_bytes();
        mixed.into()
    }

    /// One number of a row.
    pub(super) fn number(&self, packed: &PackedKey, part: Field) -> u32 {
        let Some(BitField { word, shift, width }) = self.places.get(part) else { return 0 };
        let bits = packed.0.get(*word).map_or(0, |it| it.wrapping_shr(*shift));
        let mask = 1_u64.checked_shl(*width).map_or(u64::MAX, |it| it - 1);
        u32::try_from(bits & mask).unwrap_or(u32::MAX)
    }

    /// The same numbers in another layout, which has room for them.
    pub(super) fn moved(&self, packed: &PackedKey, to: &BitLayout) -> PackedKey {
        let mut moved = PackedKey::default();
        for (part, BitField { word, shift, .. }) in to.places.iter().enumerate() {
            if let Some(word) = moved.0.get_mut(*word) {
                *word |= u64::from(self.number(packed, part)).wrapping_shl(*shift);
            }
        }
        if let Some(first) = moved.0.first_mut() {
            *first |= u64::from(packed.is_ai());
        }
        moved
    }
}

/// The numbers of a batch's rows.
#[derive(Debug, Default)]
pub(super) struct PackedRows {
    layout: BitLayout,
    words: [Vec<u64>; WORDS],
}

impl PackedRows {
    pub(super) fn begin(&mut self, layout: &BitLayout, row_count: usize) {
        self.layout = layout.clone();
        for word in &mut self.words {
            word.clear();
            word.resize(row_count, 0);
        }
    }

    /// Adds one number of each row.
    pub(super) fn add(&mut self, part: Field, numbers: impl Iterator<Item = u32>) {
        if let Some((rows, shift)) = self.words_of(part) {
            for (row, number) in rows.iter_mut().zip(numbers) {
                *row |= u64::from(number).wrapping_shl(shift);
            }
        }
    }

    /// Adds one number of each row; `add` gets the words and the shift.
    pub(super) fn add_with(
        &mut self,
        part: Field,
        add: impl FnOnce(&mut [u64], u32) -> Result<(), MoneyError>,
    ) -> Result<(), MoneyError> {
        self.words_of(part).map_or(Ok(()), |(rows, shift)| add(rows, shift))
    }

    /// The words that hold a number and its shift in them; `None` if it has no bits: it is zero.
    fn words_of(&mut self, part: Field) -> Option<(&mut [u64], u32)> {
        let place = self.layout.places.get(part).filter(|it| it.width > 0)?;
        Some((self.words.get_mut(place.word)?, place.shift))
    }

    /// The key of a row; `None` beyond the last.
    #[inline]
    pub(super) fn get(&self, row: usize, is_ai: bool) -> Option<PackedKey> {
        let [first, second, third] = &self.words;
        let (first, second, third) = (*first.get(row)?, *second.get(row)?, *third.get(row)?);
        Some(if is_ai {
            PackedKey([first | 1, second, third])
        } else {
            PackedKey([first & self.layout.bill, 0, 0])
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_counts() -> impl Strategy<Value = [usize; FIELDS]> {
        let counts = prop::collection::vec(0..200_usize, FIELDS);
        counts.prop_map(|it| it.try_into().unwrap())
    }

    /// Packs one row.
    fn packed(layout: &BitLayout, numbers: [u32; FIELDS]) -> PackedKey {
        let mut rows = PackedRows::default();
        rows.begin(layout, 1);
        for (part, number) in numbers.into_iter().enumerate() {
            rows.add(part, std::iter::once(number));
        }
        rows.get(0, true).unwrap()
    }

    fn numbers(layout: &BitLayout, packed: &PackedKey) -> [u32; FIELDS] {
        std::array::from_fn(|part| layout.number(packed, part))
    }

    proptest! {
        #[test]
        fn what_is_packed_is_there_again(counts in any_counts(), more in any_counts()) {
            let mut layout = BitLayout::default();
            prop_assume!(!matches!(layout.fit(counts), Fit::Short));
            let row = counts.map(|it| it.saturating_sub(1) as u32);
            let first = packed(&layout, row);
            prop_assert!(first.is_ai());
            prop_assert_eq!(numbers(&layout, &first), row);
            let mut wider = layout.clone();
            prop_assume!(!matches!(wider.fit(more), Fit::Short));
            let moved = layout.moved(&first, &wider);
            prop_assert_eq!(numbers(&wider, &moved), row);
            prop_assert_eq!(moved, packed(&wider, row));
        }
    }

    #[test]
    fn rows_that_are_not_ai_keep_their_bill_alone() {
        let mut layout = BitLayout::default();
        assert!(matches!(layout.fit([4; FIELDS]), Fit::Moved));
        assert!(matches!(layout.fit([4; FIELDS]), Fit::Same));
        let mut rows = PackedRows::default();
        rows.begin(&layout, 1);
        (0..FIELDS).for_each(|part| rows.add(part, std::iter::once(3)));
        let expected: [u32; FIELDS] =
            std::array::from_fn(|it| if it < BILL_FIELDS { 3 } else { 0 });
        let key = rows.get(0, false).unwrap();
        assert_eq!(numbers(&layout, &key), expected);
        assert!(!key.is_ai());
        assert_eq!(rows.get(1, false), None);
    }

    #[test]
    fn too_many_values_find_no_room() {
        let mut layout = BitLayout::default();
        layout.fit([4; FIELDS]);
        let before = format!("{layout:?}");
        assert!(matches!(layout.fit([1 << 20; FIELDS]), Fit::Short));
        assert_eq!(format!("{layout:?}"), before);
    }
}
