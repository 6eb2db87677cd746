//! A row that is read and not yet added to its group.

use crate::cur::columnar::Femto;
use crate::cur::columnar::double::Digits;
#[cfg(doc)]
use crate::cur::columnar::{NO_AMOUNT, ODD_AMOUNT};
use crate::cur::groups::packed::PackedKey;

/// The amounts of a row, and the packed key of its group: one cache line.
#[derive(Clone)]
#[repr(align(64))]
pub(super) struct PendingRow {
    pub key: PackedKey,
    pub unblended: Femto,
    /// Or [`NO_AMOUNT`].
    pub net_unblended: Femto,
    /// Or [`NO_AMOUNT`].
    pub list: Femto,
    /// Or [`NO_AMOUNT`], or [`ODD_AMOUNT`].
    pub amount_digits: i64,
    /// Counted from the first row that is held.
    pub row: u32,
    pub amount_exponent: i16,
    /// Day of the month, from 0.
    pub day: u8,
}

const _: () = assert!(size_of::<PendingRow>() == 64, "a waiting row is one cache line");

impl PendingRow {
    /// The amount.
    pub(super) fn amount(&self) -> Digits {
        Digits { digits: self.amount_digits, exponent: self.amount_exponent.into() }
    }
}
