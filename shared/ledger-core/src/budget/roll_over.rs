//! The part of a limit that the window before has left.

use super::Budget;
use crate::money::{Money, MoneyError};
use crate::period::ChargePeriod;

impl Budget {
    /// The days that are counted of the window before, where what it left counts for this one.
    pub(super) fn rolls_over_from(&self, counted: ChargePeriod) -> Option<ChargePeriod> {
        self.roll_over_percent_max?;
        let window = self.calendar.containing(counted.start())?;
        let before = self.counted(self.calendar.previous(window)?)?;
        (before.end() <= counted.start()).then_some(before)
    }

    /// The part of its own limit that the window `before` has left, up to the share of the limit of this one that
    /// may be rolled over. The limit of `before` is its own alone: what is left lapses with the window after.
    ///
    /// # Errors
    ///
    /// [`MoneyError`].
    pub(super) fn rolled_over(
        &self,
        counted: ChargePeriod,
        before: ChargePeriod,
        cost_before: Money,
    ) -> Result<Money, MoneyError> {
        let zero = Money::zero(self.limit.currency());
        let Some(percent) = self.roll_over_percent_max else { return Ok(zero) };
        let left = self.limit_of(before).checked_sub(cost_before)?;
        let most = self.limit_of(counted).part(i64::from(percent), 100);
        let is_more = left.femto_units() > most.femto_units();
        Ok(match left.femto_units() {
            ..=0 => zero,
            _ if is_more => most,
            _ => left,
        })
    }
}
