//! Sums of lines while they are added up: whole numbers, so that adding is exact.

use std::num::NonZeroU32;

use jiff::civil::Date;

use crate::cost::{CostKind, Costs};
use crate::currency::Currency;
use crate::int96::Int96;
use crate::line_item::LineItem;
use crate::money::{self, MoneyError};
use crate::quantity::Quantity;

/// The amounts of one or more lines, and the first of these lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineAmounts {
    /// The unblended cost in femto-units (10⁻¹⁵ of a main unit).
    pub unblended: i128,
    /// The net unblended cost in femto-units; the unblended cost of lines that state none.
    pub net_unblended: i128,
    /// Whether any line states a net cost.
    pub is_net_stated: bool,
    /// The list cost in femto-units; the unblended cost of lines that state none.
    pub list: i128,
    /// Whether any line states a list cost.
    pub is_list_stated: bool,
    /// The quantity in femto-units, where any line states one.
    pub quantity: Option<i128>,
    /// Single tokens, where any line counts tokens.
    pub tokens: Option<u64>,
    /// The number of lines.
    pub line_count: u32,
    /// The row of the first line in its file.
    pub first_line: u64,
}

impl LineAmounts {
    /// The amounts of no line.
    pub const ZERO: LineAmounts = LineAmounts {
        unblended: 0,
        net_unblended: 0,
        is_net_stated: false,
        list: 0,
        is_list_stated: false,
        quantity: None,
        tokens: None,
        line_count: 0,
        first_line: u64::MAX,
    };

    /// Adds other lines.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`] beyond what an `i128` holds or at 2³² lines, and
    /// [`MoneyError::TooManyTokens`] at 2⁶⁴ tokens.
    #[inline]
    pub fn checked_add(&self, other: &LineAmounts) -> Result<LineAmounts, MoneyError> {
        let sum = |left: i128, right: i128| left.checked_add(right).ok_or(MoneyError::OutOfRange);
        let line_count = self.line_count.checked_add(other.line_count);
        Ok(LineAmounts {
            unblended: sum(self.unblended, other.unblended)?,
            net_unblended: sum(self.net_unblended, other.net_unblended)?,
            is_net_stated: self.is_net_stated | other.is_net_stated,
            list: sum(self.list, other.list)?,
            is_list_stated: self.is_list_stated | other.is_list_stated,
            quantity: match (self.quantity, other.quantity) {
                (Some(left), Some(right)) => Some(sum(left, right)?),
                (left, right) => left.or(right),
            },
            tokens: match (self.tokens, other.tokens) {
                (Some(left), Some(right)) => {
                    Some(left.checked_add(right).ok_or(MoneyError::TooManyTokens)?)
                }
                (left, right) => left.or(right),
            },
            line_count: line_count.ok_or(MoneyError::OutOfRange)?,
            first_line: self.first_line.min(other.first_line),
        })
    }
}

/// The amounts of lines of one day that are equal except for their amounts.
///
/// - **Shape:** [`LineAmounts`] of a day, packed. There is one for each group and day of a bill, so it
///   is kept small: 72 bytes. What [amortizing](crate::cost::Amortization) adds is kept beside it, by
///   the few lines that have any.
/// - **Range:** as [`Money`](crate::money::Money) and [`Quantity`], up to the first conversion back;
///   fewer than 2³² lines, 2³² rows of a file and 2²⁸ files.
/// - **Invariant:** the same as the sum of the lines' charged [`Costs`], quantities and tokens, in any
///   order.
#[derive(Clone, Debug, PartialEq, Eq)]
#[repr(Rust, packed(4))]
pub struct DaySum {
    unblended: Int96,
    net_unblended: Int96,
    list: Int96,
    quantity: Int96,
    tokens: u64,
    /// Or [`NO_LINE`].
    first_line: u32,
    day: Date,
    line_count: u32,
    /// The file's number from 1 above [`FLAG_BITS`] flags; 0 where no file is known.
    file_and_flags: u32,
}

/// The first line of no line.
const NO_LINE: u32 = u32::MAX;

const FLAG_BITS: u32 = 4;
const FLAGS: u32 = (1 << FLAG_BITS) - 1;
const IS_NET_STATED: u32 = 1;
const IS_LIST_STATED: u32 = 2;
const HAS_QUANTITY: u32 = 4;
const HAS_TOKENS: u32 = 8;

impl DaySum {
    /// The sum of no line.
    pub fn zero(day: Date) -> DaySum {
        DaySum {
            unblended: Int96::ZERO,
            net_unblended: Int96::ZERO,
            list: Int96::ZERO,
            quantity: Int96::ZERO,
            tokens: 0,
            first_line: NO_LINE,
            day,
            line_count: 0,
            file_and_flags: 0,
        }
    }

    /// The sum of these lines of a day.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`] for an amount that 96 bits do not hold, which is beyond the range of
    /// money.
    pub fn of_amounts(day: Date, lines: &LineAmounts) -> Result<DaySum, MoneyError> {
        let mut sum = DaySum::zero(day);
        sum.set(lines)?;
        Ok(sum)
    }

    /// The sum of one line.
    ///
    /// # Errors
    ///
    /// As [`DaySum::of_amounts`].
    pub fn of(line_item: &LineItem) -> Result<DaySum, MoneyError> {
        DaySum::of_lines(line_item, 1)
    }

    /// The sum of `line_count` lines of a day, whose costs, quantity and tokens are those of `sum`.
    ///
    /// # Errors
    ///
    /// As [`DaySum::of_amounts`].
    pub fn of_lines(sum: &LineItem, line_count: u32) -> Result<DaySum, MoneyError> {
        let line = sum.provenance.line;
        DaySum::of_costs(sum.day, &sum.costs, sum.quantity, sum.usage.tokens, line_count, line)
    }

    pub(crate) fn of_costs(
        day: Date,
        costs: &Costs,
        quantity: Option<Quantity>,
        tokens: Option<u64>,
        line_count: u32,
        first_line: u64,
    ) -> Result<DaySum, MoneyError> {
        let amounts = costs.amounts();
        DaySum::of_amounts(
            day,
            &LineAmounts {
                unblended: amounts.unblended,
                net_unblended: amounts.net_unblended,
                is_net_stated: costs.stated(CostKind::NetUnblended).is_some(),
                list: amounts.list,
                is_list_stated: costs.stated(CostKind::List).is_some(),
                quantity: quantity.map(Quantity::femto_units),
                tokens,
                line_count,
                first_line,
            },
        )
    }

    /// Adds lines of the same day.
    ///
    /// # Errors
    ///
    /// As [`LineAmounts::checked_add`] and [`DaySum::of_amounts`]; whether a sum is within the range of
    /// [`Money`](crate::money::Money) is checked by [`DaySum::costs`].
    #[inline]
    pub fn add_lines(&mut self, lines: &LineAmounts) -> Result<(), MoneyError> {
        let sum = self.amounts().checked_add(lines)?;
        self.set(&sum)
    }

    /// Adds another sum, whatever its day; the first line stays, for the caller to set.
    pub(crate) fn add_amounts(&mut self, other: &DaySum) -> Result<(), MoneyError> {
        let first_line = self.first_line;
        self.add_lines(&other.amounts())?;
        self.first_line = first_line;
        Ok(())
    }

    /// The amounts.
    pub fn amounts(&self) -> LineAmounts {
        LineAmounts {
            unblended: self.unblended.get(),
            net_unblended: self.net_unblended.get(),
            is_net_stated: self.has(IS_NET_STATED),
            list: self.list.get(),
            is_list_stated: self.has(IS_LIST_STATED),
            quantity: self.has(HAS_QUANTITY).then(|| self.quantity.get()),
            tokens: self.tokens(),
            line_count: self.line_count,
            first_line: self.first_line(),
        }
    }

    fn set(&mut self, lines: &LineAmounts) -> Result<(), MoneyError> {
        let packed = |value: i128| Int96::new(value).ok_or(MoneyError::OutOfRange);
        self.unblended = packed(lines.unblended)?;
        self.net_unblended = packed(lines.net_unblended)?;
        self.list = packed(lines.list)?;
        self.quantity = packed(lines.quantity.unwrap_or(0))?;
        self.tokens = lines.tokens.unwrap_or(0);
        self.line_count = lines.line_count;
        self.set_first_line(lines.first_line)?;
        let flag = |is_set: bool, flag: u32| if is_set { flag } else { 0 };
        let flags = flag(lines.is_net_stated, IS_NET_STATED)
            | flag(lines.is_list_stated, IS_LIST_STATED)
            | flag(lines.quantity.is_some(), HAS_QUANTITY)
            | flag(lines.tokens.is_some(), HAS_TOKENS);
        self.file_and_flags = (self.file_and_flags & !FLAGS) | flags;
        Ok(())
    }

    fn has(&self, flag: u32) -> bool {
        self.file_and_flags & flag != 0
    }

    /// The day.
    pub fn day(&self) -> Date {
        self.day
    }

    /// The number of lines.
    pub fn line_count(&self) -> u64 {
        self.line_count.into()
    }

    /// The row of the first line in its file.
    pub fn first_line(&self) -> u64 {
        match self.first_line {
            NO_LINE => u64::MAX,
            line => line.into(),
        }
    }

    /// Sets the row of the first line; `u64::MAX` for none.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`] for a row beyond 2³².
    pub(crate) fn set_first_line(&mut self, line: u64) -> Result<(), MoneyError> {
        self.first_line = match line {
            u64::MAX => NO_LINE,
            line => u32::try_from(line)
                .ok()
                .filter(|it| *it != NO_LINE)
                .ok_or(MoneyError::OutOfRange)?,
        };
        Ok(())
    }

    /// One-based number of the first line's file in the owning bill's table of files.
    pub(crate) fn file(&self) -> Option<NonZeroU32> {
        NonZeroU32::new(self.file_and_flags >> FLAG_BITS)
    }

    /// Sets the file of the first line.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`] at 2²⁸ files.
    pub(crate) fn set_file(&mut self, file: Option<NonZeroU32>) -> Result<(), MoneyError> {
        let file = file.map_or(0, NonZeroU32::get);
        let shifted = file.checked_mul(1 << FLAG_BITS).ok_or(MoneyError::OutOfRange)?;
        self.file_and_flags = shifted | (self.file_and_flags & FLAGS);
        Ok(())
    }

    pub(crate) fn unblended(&self) -> i128 {
        self.unblended.get()
    }

    /// The tokens; `None` where no line counts tokens.
    pub fn tokens(&self) -> Option<u64> {
        self.has(HAS_TOKENS).then_some(self.tokens)
    }

    /// The quantity; `None` where no line states one.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub fn quantity(&self) -> Result<Option<Quantity>, MoneyError> {
        self.amounts().quantity.map(Quantity::from_femto_units).transpose()
    }

    /// The charged costs and the list cost of its lines.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub fn costs(&self, currency: Currency) -> Result<Costs, MoneyError> {
        let LineAmounts { unblended, net_unblended, is_net_stated, list, is_list_stated, .. } =
            self.amounts();
        let net_unblended = is_net_stated.then_some(net_unblended);
        Costs::from_femto_units(currency, unblended, net_unblended, is_list_stated.then_some(list))
    }

    /// All costs of one of the sums of a line item: what amortizing adds is in the line item alone.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub fn costs_of(&self, line_item: &LineItem) -> Result<Costs, MoneyError> {
        let costs = self.costs(line_item.costs.currency())?;
        let added = line_item.costs.amortization();
        if self.day() == line_item.day { costs.amortized_by(added) } else { Ok(costs) }
    }

    /// As [`DaySum::costs`], for a sum that is only checked.
    pub(crate) fn check_range(&self) -> Result<(), MoneyError> {
        let amounts = [self.unblended, self.net_unblended, self.list, self.quantity];
        match amounts.iter().all(|it| money::is_in_range(it.get())) {
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
        assert_eq!(size_of::<DaySum>(), 72);
    }

    fn charged(unblended: i128) -> LineAmounts {
        let (net_unblended, list) = (unblended, unblended);
        LineAmounts { unblended, net_unblended, list, line_count: 1, ..LineAmounts::ZERO }
    }

    #[test]
    fn a_sum_beyond_the_range_of_money_is_an_error() {
        let mut sum = DaySum::zero(date("2026-10-05"));
        sum.add_lines(&charged(9_999_999_999_999_999_999_999_999_999)).unwrap();
        assert!(sum.costs(Currency::USD).is_ok() && sum.check_range().is_ok());
        sum.add_lines(&charged(1)).unwrap();
        assert_eq!(sum.costs(Currency::USD), Err(MoneyError::OutOfRange));
        assert_eq!(sum.check_range(), Err(MoneyError::OutOfRange));
        let mut sum = DaySum::zero(date("2026-10-05"));
        let largest = (1 << 95) - 1;
        sum.add_lines(&charged(largest)).unwrap();
        assert_eq!(sum.add_lines(&charged(1)), Err(MoneyError::OutOfRange));
        assert_eq!(sum.amounts().unblended, largest);
    }

    #[test]
    fn quantities_beyond_their_range_are_an_error() {
        let lines = LineAmounts { quantity: Some(10_i128.pow(28)), ..charged(1) };
        let sum = DaySum::of_amounts(date("2026-10-05"), &lines).unwrap();
        assert_eq!(sum.quantity(), Err(MoneyError::OutOfRange));
        assert_eq!(sum.check_range(), Err(MoneyError::OutOfRange));
    }

    #[test]
    fn lines_that_are_reported_together_are_counted() {
        let mut line = line();
        line.provenance.line = 0;
        let sum = DaySum::of_lines(&line, 1200).unwrap();
        assert_eq!((sum.line_count(), sum.first_line()), (1200, 0));
        assert_eq!(sum.costs(Currency::USD).unwrap(), line.costs);
        assert_eq!(sum.tokens(), line.usage.tokens);
    }

    #[test]
    fn a_file_and_flags_share_a_number() {
        let lines = LineAmounts { tokens: Some(3), is_net_stated: true, ..charged(1) };
        let mut sum = DaySum::of_amounts(date("2026-10-05"), &lines).unwrap();
        let last = NonZeroU32::new((1 << 28) - 1);
        for file in [last, None, NonZeroU32::new(1)] {
            sum.set_file(file).unwrap();
            assert_eq!((sum.file(), sum.amounts()), (file, lines));
        }
        let beyond = NonZeroU32::new(1 << 28);
        assert_eq!(sum.set_file(beyond), Err(MoneyError::OutOfRange));
        sum.add_lines(&charged(1)).unwrap();
        assert_eq!(sum.file(), NonZeroU32::new(1));
    }

    proptest! {
        /// A sum of whole numbers is the sum of the costs, by each cost kind.
        #[test]
        fn a_sum_is_that_of_its_lines(lines in any_line_items()) {
            let day = date("2026-10-05");
            let mut sum = DaySum::zero(day);
            let mut costs = Costs::zero(Currency::USD);
            for line in lines.iter().filter(|it| it.costs.currency() == Currency::USD) {
                let of_line = DaySum::of(line).unwrap();
                sum.add_amounts(&of_line).unwrap();
                costs = costs.checked_add(&line.costs).unwrap();
                prop_assert_eq!(of_line.costs_of(line).unwrap(), line.costs);
            }
            let sum = sum.costs(Currency::USD).unwrap();
            prop_assert_eq!(sum.amortized_by(costs.amortization()).unwrap(), costs);
        }
    }
}
