//! The sum of a group's rows of one day, while it is small: 48 bytes.

use ledger_core::day_sum::LineAmounts;
use ledger_core::money::FRACTION_DIGITS;

use crate::cur::columnar::{Femto, NO_AMOUNT};
use crate::cur::groups::key::{Metered, QUANTITY_DIGITS};
use crate::cur::groups::pending::PendingRow;

/// Femto-units in 10⁻¹⁰ of a unit.
const FEMTO_UNITS_PER_QUANTITY: i128 = 10_i128.pow(FRACTION_DIGITS - QUANTITY_DIGITS);

/// A day without a sum.
pub(super) const NO_SUM: u16 = u16::MAX;

/// A [`DaySum`](ledger_core::day_sum::DaySum) of a few lines.
#[derive(Clone, Copy, Default)]
pub(super) struct SmallSum {
    unblended: Femto,
    /// Includes the unblended cost of lines that state no net cost.
    net_unblended: Femto,
    /// Includes the unblended cost of lines that state no list cost.
    list: Femto,
    /// In 10⁻¹⁰ of the unit.
    quantity: i64,
    tokens: u64,
    /// Counted from the first row that is held.
    first_row: u32,
    line_count: u16,
    flags: u8,
}

const IS_NET_STATED: u8 = 1;
const IS_LIST_STATED: u8 = 2;
const HAS_QUANTITY: u8 = 4;
const HAS_TOKENS: u8 = 8;

impl SmallSum {
    /// The sum of no row.
    fn zero() -> SmallSum {
        SmallSum { first_row: u32::MAX, ..SmallSum::default() }
    }

    /// The sum of one row.
    #[inline]
    pub(super) fn of(row: &PendingRow, metered: Metered) -> SmallSum {
        let Metered { tokens, quantity } = metered;
        let (is_net_stated, is_list_stated) =
            (row.net_unblended != NO_AMOUNT, row.list != NO_AMOUNT);
        let flag = |is_set: bool, flag: u8| if is_set { flag } else { 0 };
        SmallSum {
            unblended: row.unblended,
            net_unblended: if is_net_stated { row.net_unblended } else { row.unblended },
            list: if is_list_stated { row.list } else { row.unblended },
            quantity: quantity.unwrap_or(0),
            tokens: tokens.unwrap_or(0),
            first_row: row.row,
            line_count: 1,
            flags: flag(is_net_stated, IS_NET_STATED)
                | flag(is_list_stated, IS_LIST_STATED)
                | flag(quantity.is_some(), HAS_QUANTITY)
                | flag(tokens.is_some(), HAS_TOKENS),
        }
    }

    /// Adds another; returns `false` and changes nothing if the result would not fit.
    #[inline]
    pub(super) fn add(&mut self, other: &SmallSum) -> bool {
        let (unblended, is_large) = self.unblended.overflowing_add(other.unblended);
        let (net_unblended, is_large_net) = self.net_unblended.overflowing_add(other.net_unblended);
        let (list, is_large_list) = self.list.overflowing_add(other.list);
        let (quantity, is_large_quantity) = self.quantity.overflowing_add(other.quantity);
        let (tokens, has_many_tokens) = self.tokens.overflowing_add(other.tokens);
        let (line_count, has_many_lines) = self.line_count.overflowing_add(other.line_count);
        let is_large = is_large | is_large_net | is_large_list | is_large_quantity;
        if is_large | has_many_tokens | has_many_lines {
            return false;
        }
        *self = SmallSum {
            unblended,
            net_unblended,
            list,
            quantity,
            tokens,
            first_row: self.first_row.min(other.first_row),
            line_count,
            flags: self.flags | other.flags,
        };
        true
    }

    /// A number made of its first and its last field: it may lie in two cache lines.
    #[inline]
    pub(super) fn both_ends(&self) -> u16 {
        self.line_count | u16::from(self.unblended == 0)
    }

    fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// Its amounts; `first_row` is the number of the first row that is held.
    pub(super) fn amounts(&self, first_row: u64) -> LineAmounts {
        LineAmounts {
            unblended: self.unblended.into(),
            net_unblended: self.net_unblended.into(),
            is_net_stated: self.has(IS_NET_STATED),
            list: self.list.into(),
            is_list_stated: self.has(IS_LIST_STATED),
            quantity: self
                .has(HAS_QUANTITY)
                .then(|| i128::from(self.quantity) * FEMTO_UNITS_PER_QUANTITY),
            tokens: self.has(HAS_TOKENS).then_some(self.tokens),
            line_count: self.line_count.into(),
            first_line: first_row.saturating_add(self.first_row.into()).saturating_add(1),
        }
    }
}

/// Adds an empty sum and returns its place; `None` if the partition has no room for one.
pub(super) fn new_sum(sums: &mut Vec<SmallSum>) -> Option<u16> {
    let place = u16::try_from(sums.len()).ok().filter(|it| *it != NO_SUM)?;
    // Grows by a quarter: doubling would waste much of all memory.
    if sums.len() == sums.capacity() {
        sums.reserve_exact((sums.len() / 4).max(64));
    }
    sums.push(SmallSum::zero());
    Some(place)
}

/// Reads one number of each of many values and nothing else: the processor then fetches several
/// values at once, and has them in its cache when they are used.
pub(super) fn fetch(numbers: impl Iterator<Item = u16>) {
    std::hint::black_box(numbers.fold(0, |all, it| all | it));
}
