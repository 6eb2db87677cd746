//! Sums of lines before they are laid out as rollups: whole numbers, so that adding is exact.

use std::num::NonZeroU32;

use jiff::civil::Date;

use crate::cost::{CostKind, Costs};
use crate::currency::Currency;
use crate::line_item::LineItem;
use crate::money::{Money, MoneyError};

/// What lines of one day charge, and where the first of them stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineAmounts {
    /// The unblended cost in femto-units (10⁻¹⁵ of a main unit).
    pub unblended: i128,
    /// The net unblended cost in femto-units, with the unblended cost of lines that state none.
    pub net_unblended: i128,
    /// Whether any line states a net cost.
    pub is_net_stated: bool,
    /// Single tokens, where any line counts tokens.
    pub tokens: Option<u64>,
    /// How many lines there are.
    pub line_count: u32,
    /// The row of the first in the file.
    pub first_line: u64,
}

/// What lines that differ in nothing but their amounts come to on one day.
///
/// - **Shape:** costs in femto-units, tokens, how many lines there are and the first of them.
/// - **Range:** as [`Money`]; fewer than 2³² lines.
/// - **Invariant:** the same as the sum of what the lines' [`Costs`] charge and of their tokens, in any
///   order. There is one for each group and day of a bill, so it is kept small: 64 bytes. What
///   [amortizing](crate::cost::Amortization) adds is kept beside it, by the few lines that have any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DaySum {
    unblended: i128,
    /// With the unblended cost of the lines that state no net cost.
    net_unblended: i128,
    tokens: u64,
    first_line: u64,
    day: Date,
    line_count: u32,
    /// The file of the first line, as whoever keeps the sum counts files from 1.
    pub(crate) file: Option<NonZeroU32>,
    is_net_stated: bool,
    has_tokens: bool,
}

impl DaySum {
    /// The sum of no line.
    pub fn zero(day: Date) -> DaySum {
        DaySum {
            unblended: 0,
            net_unblended: 0,
            tokens: 0,
            first_line: u64::MAX,
            day,
            line_count: 0,
            file: None,
            is_net_stated: false,
            has_tokens: false,
        }
    }

    /// The sum of one line.
    pub fn of(line_item: &LineItem) -> DaySum {
        let costs = &line_item.costs;
        DaySum::of_costs(line_item.day, costs, line_item.tokens, 1, line_item.provenance.line)
    }

    /// The sum of so many lines of a day, of which the costs and tokens are those of all together.
    pub fn of_lines(sum: &LineItem, line_count: u32) -> DaySum {
        DaySum::of_costs(sum.day, &sum.costs, sum.tokens, line_count, sum.provenance.line)
    }

    pub(crate) fn of_costs(
        day: Date,
        costs: &Costs,
        tokens: Option<u64>,
        line_count: u32,
        first_line: u64,
    ) -> DaySum {
        DaySum {
            unblended: costs.of(CostKind::Unblended).femto_units(),
            net_unblended: costs.of(CostKind::NetUnblended).femto_units(),
            tokens: tokens.unwrap_or_default(),
            first_line,
            day,
            line_count,
            file: None,
            is_net_stated: costs.stated(CostKind::NetUnblended).is_some(),
            has_tokens: tokens.is_some(),
        }
    }

    /// Adds lines of the same day.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`] beyond what an `i128` holds or at 2³² lines; whether a sum is
    /// within the range of [`Money`] is checked by [`DaySum::costs`].
    #[inline]
    pub fn add_lines(&mut self, lines: &LineAmounts) -> Result<(), MoneyError> {
        let sum = DaySum {
            unblended: lines.unblended,
            net_unblended: lines.net_unblended,
            tokens: lines.tokens.unwrap_or_default(),
            line_count: lines.line_count,
            is_net_stated: lines.is_net_stated,
            has_tokens: lines.tokens.is_some(),
            ..DaySum::zero(self.day)
        };
        self.add_amounts(&sum)?;
        self.first_line = self.first_line.min(lines.first_line);
        Ok(())
    }

    /// Adds another sum, whatever its day; which line is the first is left to the caller.
    pub(crate) fn add_amounts(&mut self, other: &DaySum) -> Result<(), MoneyError> {
        let out_of_range = || MoneyError::OutOfRange;
        self.unblended = self.unblended.checked_add(other.unblended).ok_or_else(out_of_range)?;
        self.net_unblended =
            self.net_unblended.checked_add(other.net_unblended).ok_or_else(out_of_range)?;
        self.line_count = self.line_count.checked_add(other.line_count).ok_or_else(out_of_range)?;
        self.tokens = self.tokens.saturating_add(other.tokens);
        self.is_net_stated |= other.is_net_stated;
        self.has_tokens |= other.has_tokens;
        Ok(())
    }

    /// The day.
    pub fn day(&self) -> Date {
        self.day
    }

    /// How many lines are in it.
    pub fn line_count(&self) -> u64 {
        self.line_count.into()
    }

    /// The first of its lines, as the file counts rows.
    pub fn first_line(&self) -> u64 {
        self.first_line
    }

    pub(crate) fn set_first_line(&mut self, line: u64) {
        self.first_line = line;
    }

    pub(crate) fn unblended(&self) -> i128 {
        self.unblended
    }

    /// The tokens; `None` where no line counts tokens.
    pub fn tokens(&self) -> Option<u64> {
        self.has_tokens.then_some(self.tokens)
    }

    /// What its lines were charged at.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub fn costs(&self, currency: Currency) -> Result<Costs, MoneyError> {
        let unblended = Money::from_femto_units(self.unblended, currency)?;
        let net = Money::from_femto_units(self.net_unblended, currency)?;
        Costs::new(unblended, self.is_net_stated.then_some(net))
    }

    /// All costs of one of the sums that a line item stands for: what amortizing adds is in the line
    /// item alone.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub fn costs_of(&self, line_item: &LineItem) -> Result<Costs, MoneyError> {
        let costs = self.costs(line_item.costs.currency())?;
        let added = line_item.costs.amortization();
        if self.day == line_item.day { costs.amortized_by(added) } else { Ok(costs) }
    }

    /// As [`DaySum::costs`], for a sum that is only checked.
    pub(crate) fn check_range(&self) -> Result<(), MoneyError> {
        let is_in_range = Money::is_femto_in_range;
        match is_in_range(self.unblended) && is_in_range(self.net_unblended) {
            true => Ok(()),
            false => Err(MoneyError::OutOfRange),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::*;

    #[test]
    fn a_sum_is_kept_small() {
        assert_eq!(size_of::<DaySum>(), 64);
    }

    #[test]
    fn a_sum_beyond_the_range_of_money_is_an_error() {
        let mut sum = DaySum::zero(date("2026-10-05"));
        let line = |unblended| LineAmounts {
            unblended,
            net_unblended: unblended,
            is_net_stated: false,
            tokens: None,
            line_count: 1,
            first_line: 1,
        };
        sum.add_lines(&line(9_999_999_999_999_999_999_999_999_999)).unwrap();
        assert!(sum.costs(Currency::USD).is_ok() && sum.check_range().is_ok());
        sum.add_lines(&line(1)).unwrap();
        assert_eq!(sum.costs(Currency::USD), Err(MoneyError::OutOfRange));
        assert_eq!(sum.check_range(), Err(MoneyError::OutOfRange));
        let mut sum = DaySum::zero(date("2026-10-05"));
        sum.add_lines(&line(i128::MAX)).unwrap();
        assert_eq!(sum.add_lines(&line(1)), Err(MoneyError::OutOfRange));
    }

    #[test]
    fn lines_that_are_told_together_are_as_many_as_they_are() {
        let mut line = line();
        line.provenance.line = 0;
        let sum = DaySum::of_lines(&line, 1200);
        assert_eq!((sum.line_count(), sum.first_line()), (1200, 0));
        assert_eq!(sum.costs(Currency::USD).unwrap(), line.costs);
        assert_eq!(sum.tokens(), line.tokens);
    }

    proptest! {
        /// A sum of whole numbers is the sum of the costs, by each cost kind.
        #[test]
        fn a_sum_is_that_of_its_lines(lines in any_line_items()) {
            let day = date("2026-10-05");
            let mut sum = DaySum::zero(day);
            let mut costs = Costs::zero(Currency::USD);
            for line in lines.iter().filter(|it| it.costs.currency() == Currency::USD) {
                sum.add_amounts(&DaySum::of(line)).unwrap();
                costs = costs.checked_add(&line.costs).unwrap();
                prop_assert_eq!(DaySum::of(line).costs_of(line).unwrap(), line.costs);
            }
            let sum = sum.costs(Currency::USD).unwrap();
            prop_assert_eq!(sum.amortized_by(costs.amortization()).unwrap(), costs);
        }
    }
}
