//! A journal and its lines.

use std::sync::Arc;

use jiff::civil::Date;

use crate::bill::Status;
use crate::cost::CostKind;
use crate::currency::Currency;
use crate::money::{Money, MoneyError};
use crate::money_sum::MoneySum;
use crate::organisation::{Code, Entity};
use crate::owner::Owner;
use crate::period::BillingPeriod;

/// A balanced journal in the books of one legal entity, in one currency.
///
/// - **Invariant:** debits and credits add up to the same; each line has a positive amount in minor units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journal {
    /// 14 letters and digits that name its content: the same content has the same id.
    pub batch_id: String,
    /// SHA-256 of its content, in lower-case hexadecimal digits.
    pub content_hash: String,
    /// The month of usage.
    pub period: BillingPeriod,
    /// The day that it is posted on.
    pub posting_date: Date,
    /// The currency of all amounts.
    pub currency: Currency,
    /// The entity whose books it is for.
    pub entity: Entity,
    /// Its part in the books of the month.
    pub kind: JournalKind,
    /// The cost that counts.
    pub cost_kind: CostKind,
    /// How sure the least sure day of the month is.
    pub status: Status,
    /// The lines; parts that balance by themselves are together.
    pub lines: Vec<JournalLine>,
    /// Charges whose line would be zero after rounding, and which have none.
    pub below_minor_unit: Vec<Support>,
}

impl Journal {
    /// The sum of the lines on a side.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub fn total(&self, side: Side) -> Result<Money, MoneyError> {
        let mut sum = MoneySum::zero(self.currency);
        for line in self.lines.iter().filter(|it| it.side == side) {
            sum.add(line.amount)?;
        }
        sum.total()
    }
}

labels! {
    /// The part of a journal in the books of a month.
    pub enum JournalKind {
        /// The charges of the month.
        Actual = "actual",
        /// The cost that the month is expected to have, before it is closed.
        Accrual = "accrual",
        /// An accrual, taken back.
        Reversal = "reversal",
    }
}

labels! {
    /// The side of a line.
    pub enum Side {
        /// Debit.
        Debit = "debit",
        /// Credit.
        Credit = "credit",
    }
}

impl Side {
    /// The other side.
    #[must_use]
    pub fn other(self) -> Side {
        match self {
            Side::Debit => Side::Credit,
            Side::Credit => Side::Debit,
        }
    }
}

labels! {
    /// The reason of a line.
    pub enum LineKind {
        /// A consumer is charged.
        Charge = "charge",
        /// A consumer is charged, or credited, for a change of the cost of a month that was closed.
        Adjustment = "adjustment",
        /// The cost of a month that is expected and not billed, before the bill.
        Accrual = "accrual",
        /// The entity that paid the bill gets its cost back.
        Recovery = "recovery",
        /// A claim on another entity.
        Receivable = "receivable",
        /// A debt to another entity.
        Payable = "payable",
        /// An addition to what another entity is charged.
        MarkUp = "mark_up",
        /// The difference between parts that were rounded and their rounded sum.
        Rounding = "rounding",
    }
}

/// One line of a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalLine {
    /// Its reason.
    pub kind: LineKind,
    /// The account.
    pub account: Code,
    /// The account's name.
    pub account_name: Arc<str>,
    /// The cost centre; intercompany accounts may have none.
    pub cost_centre: Option<Code>,
    /// The cost centre's name.
    pub cost_centre_name: Option<Arc<str>>,
    /// The side.
    pub side: Side,
    /// The amount, in minor units.
    pub amount: Money,
    /// A text for readers.
    pub text: String,
    /// The other entity, where there is one.
    pub counterpart: Option<Code>,
    /// The tax code of lines between entities.
    pub tax_code: Option<Code>,
    /// The charges that it sums; none for a line that only answers others.
    pub support: Vec<Support>,
}

/// Charges in a line, by owner, environment and service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Support {
    /// The owner.
    pub owner: Owner,
    /// The environment, where rules set one.
    pub environment: Option<Arc<str>>,
    /// The service.
    pub service: Arc<str>,
    /// The sum, unrounded; a credit is below zero on whatever side the line is.
    pub exact: Money,
    /// The number of lines of the bill in it.
    pub line_count: u64,
}
