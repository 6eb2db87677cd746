//! The conditions that must hold before a month is closed.

labels! {
    /// Something that must hold before a month is closed.
    pub enum CheckKind {
        /// The month before it is closed, where one of the entity ever was.
        MonthBefore = "month_before",
        /// The first month that an entity closes leaves none out that has cost.
        FirstMonth = "first_month",
        /// The month is over, and the days after it in which its last ones change.
        Settled = "settled",
        /// No delivery of its bills is held back.
        NothingPending = "nothing_pending",
        /// No day of it is without data.
        DaysComplete = "days_complete",
        /// Each line of its bills is on an invoice.
        Billed = "billed",
        /// Each line of its bills could be read.
        LinesRead = "lines_read",
        /// Each usage type was understood.
        UsageTypesKnown = "usage_types_known",
        /// Its bills add up to the invoices that were named.
        Invoices = "invoices",
        /// Its bills agree with the other source.
        Reconciled = "reconciled",
        /// Nearly all of it has an owner.
        Attributed = "attributed",
        /// No line of its statements is disputed.
        NoDisputes = "no_disputes",
        /// All of it can be posted.
        Posted = "posted",
    }
}

/// The outcome of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The condition.
    pub kind: CheckKind,
    /// Why it does not; `None` where it holds.
    pub failure: Option<String>,
    /// Whether a person said to close in spite of it.
    pub is_waived: bool,
}

impl Check {
    /// Whether the month cannot be closed for it.
    #[must_use]
    pub fn is_against(&self) -> bool {
        self.failure.is_some() && !self.is_waived
    }
}

impl CheckKind {
    /// Whether a person may close in spite of it, with a reason.
    #[must_use]
    pub fn can_be_waived(self) -> bool {
        use CheckKind::{MonthBefore, NothingPending, Posted};
        !matches!(self, MonthBefore | NothingPending | Posted)
    }

    /// Who can mend it, and how.
    #[must_use]
    pub fn mended_by(self) -> &'static str {
        match self {
            CheckKind::MonthBefore => "finance: close the months in their order",
            CheckKind::FirstMonth => {
                "finance: close the earliest month first, or begin with this one"
            }
            CheckKind::Settled => "time: close it later",
            CheckKind::NothingPending => {
                "platform: `tollbook import --accept` of the delivery, or wait for the next one"
            }
            CheckKind::DaysComplete => "platform: `tollbook doctor` names the days and sources",
            CheckKind::Billed => "the provider: wait for its invoice, then import the bill again",
            CheckKind::LinesRead | CheckKind::UsageTypesKnown => {
                "platform: `tollbook import` of the files names the lines"
            }
            CheckKind::Invoices => {
                "finance: `--invoices CURRENCY=TOTAL` with the totals of the invoices"
            }
            CheckKind::Reconciled => "platform: `tollbook doctor` names days and services",
            CheckKind::Attributed => {
                "platform: rules for what has no owner, `tollbook rules apply`"
            }
            CheckKind::NoDisputes => "finance: `tollbook review answer` for each dispute",
            CheckKind::Posted => "finance: `tollbook organisation apply` with what is missing",
        }
    }
}
