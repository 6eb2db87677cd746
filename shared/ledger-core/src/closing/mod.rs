//! Closing the books of a month: its states, what must hold before, and later changes as adjustments.
//!
//! A period is a month of one legal entity, as far as that entity pays the bills. What is closed stays as it
//! is: where its cost changes later, the difference is posted in the next month that closes.

mod adjustment;
mod business_day;
mod checklist;
mod spread;

pub use self::adjustment::adjustments;
pub use self::business_day::{business_day, month_end};
pub use self::checklist::{Check, CheckKind};
pub use self::spread::spread;

labels! {
    /// How far the books of a period are.
    pub enum PeriodState {
        /// Its cost still comes in.
        Open = "open",
        /// Its expected cost is posted as an accrual.
        Flash = "flash",
        /// Its statements are with their owners for review.
        Preliminary = "preliminary",
        /// Its statements and journals are fixed.
        Closed = "closed",
        /// Nothing of it is expected to change any more.
        Final = "final",
    }
}

impl PeriodState {
    /// Whether statements and journals are fixed.
    #[must_use]
    pub fn is_fixed(self) -> bool {
        self >= PeriodState::Closed
    }
}
