//! A row that is read and not yet added to its group.

use crate::cur::columnar::double::Digits;
use crate::cur::groups::packed::PackedKey;

/// A cost in femto-units. The cost of one line nearly always fits: below 9,223 main units.
pub(super) type Femto = i64;

/// A cell without an amount.
pub(super) const NO_AMOUNT: i64 = i64::MIN;

/// An amount that is read as text.
pub(super) const ODD_AMOUNT: i64 = i64::MIN + 1;

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
