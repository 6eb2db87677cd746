//! The request for journals.

use jiff::civil::Date;

use crate::organisation::Code;

/// The choices of a person who asks for journals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalRequest {
    /// The day that they are posted on.
    pub posting_date: Date,
    /// The cost centre of charges whose owner has none; without it they are refused.
    pub unattributed_to: Option<Code>,
    /// The entity that pays all of the charges; without it each has that of its payer.
    pub paid_by: Option<Code>,
}
