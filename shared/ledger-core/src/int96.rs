//! Whole numbers in 96 bits.

/// A signed number of 96 bits: the range of money in femto-units needs 94 of them.
///
/// A million sums hold four each, so they take 12 bytes instead of the 16 of an `i128`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Int96([u32; 3]);

/// The bits of a word.
const WORD: i128 = 0xffff_ffff;

impl Int96 {
    pub(crate) const ZERO: Int96 = Int96([0; 3]);

    /// Takes a number; `None` if it needs more bits.
    pub(crate) fn new(value: i128) -> Option<Int96> {
        // By shifts, not by bytes: these become a few instructions.
        let word = |shift: u32| u32::try_from((value >> shift) & WORD).ok();
        let packed = Int96([word(0)?, word(32)?, word(64)?]);
        (packed.get() == value).then_some(packed)
    }

    /// The number.
    pub(crate) fn get(self) -> i128 {
        let [low, middle, high] = self.0.map(i128::from);
        // Shifted up and back, the highest bit becomes the sign.
        (((high << 64) | (middle << 32) | low) << 32) >> 32
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_of_96_bits_fit_and_no_others() {
        let limit = 1_i128 << 95;
        for value in [0, 1, -1, limit - 1, -limit] {
            assert_eq!(Int96::new(value).map(Int96::get), Some(value));
        }
        for value in [limit, -limit - 1, i128::MAX, i128::MIN] {
            assert_eq!(Int96::new(value), None);
        }
    }

    proptest! {
        #[test]
        fn a_number_is_what_it_was(value in -(1_i128 << 95)..1_i128 << 95) {
            prop_assert_eq!(Int96::new(value).unwrap().get(), value);
        }
    }
}
