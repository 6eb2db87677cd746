//! The sum of a group's rows of one day, while it is small: half a cache line.

use ledger_core::day_sum::LineAmounts;

use crate::cur::groups::pending::{Femto, NO_AMOUNT, PendingRow};

/// A day without a sum.
pub(super) const NO_SUM: u16 = u16::MAX;

/// A [`DaySum`](ledger_core::day_sum::DaySum) of a few lines.
#[derive(Clone, Copy, Default)]
pub(super) struct SmallSum {
    unblended: Femto,
    /// Includes the unblended cost of lines that state no net cost.
    net_unblended: Femto,
    tokens: u64,
    /// Counted from the first row that is held.
    first_row: u32,
    pub(super) line_count: u16,
    is_net_stated: bool,
    has_tokens: bool,
}

impl SmallSum {
    /// The sum of no row.
    fn zero() -> SmallSum {
        SmallSum { first_row: u32::MAX, ..SmallSum::default() }
    }

    /// The sum of one row.
    #[inline]
    pub(super) fn of(row: &PendingRow, tokens: Option<u64>) -> SmallSum {
        let is_net_stated = row.net_unblended != NO_AMOUNT;
        SmallSum {
            unblended: row.unblended,
            net_unblended: if is_net_stated { row.net_unblended } else { row.unblended },
            tokens: tokens.unwrap_or_default(),
            first_row: row.row,
            line_count: 1,
            is_net_stated,
            has_tokens: tokens.is_some(),
        }
    }

    /// Adds another; returns `false` and changes nothing if the result would not fit.
    #[inline]
    pub(super) fn add(&mut self, other: &SmallSum) -> bool {
        let (unblended, is_large) = self.unblended.overflowing_add(other.unblended);
        let (net_unblended, is_large_net) = self.net_unblended.overflowing_add(other.net_unblended);
        let (tokens, has_many_tokens) = self.tokens.overflowing_add(other.tokens);
        let (line_count, has_many_lines) = self.line_count.overflowing_add(other.line_count);
        if is_large | is_large_net | has_many_tokens | has_many_lines {
            return false;
        }
        *self = SmallSum {
            unblended,
            net_unblended,
            tokens,
            first_row: self.first_row.min(other.first_row),
            line_count,
            is_net_stated: self.is_net_stated | other.is_net_stated,
            has_tokens: self.has_tokens | other.has_tokens,
        };
        true
    }

    /// Its amounts; `first_row` is the number of the first row that is held.
    pub(super) fn amounts(&self, first_row: u64) -> LineAmounts {
        LineAmounts {
            unblended: self.unblended.into(),
            net_unblended: self.net_unblended.into(),
            is_net_stated: self.is_net_stated,
            tokens: self.has_tokens.then_some(self.tokens),
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
