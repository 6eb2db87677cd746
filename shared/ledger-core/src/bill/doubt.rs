//! Reasons to hold a delivery back: it would take money away.

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};

use super::head::BillHead;
use super::pending::Pending;
use super::replacement::BillReplacement;
use crate::cost::CostKind;
use crate::currency::Currency;
use crate::money::{Money, MoneyError};
use crate::rollup::DayTotal;

/// A delivery of which more than one line in this many cannot be read is broken.
const LINES_PER_REJECTED_MIN: u64 = 100;

/// Days that a message names.
const DAYS_NAMED: usize = 5;

/// A reason to hold a delivery back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// It says that it was made in the future; accepted, it would keep out all that follow.
    InFuture(Timestamp),
    /// Many of its lines cannot be read.
    Rejected {
        /// The number of these lines.
        rejected: u64,
        /// The number of all lines.
        of: u64,
    },
    /// It has no line of the bill.
    NoLines,
    /// It has less than half of the cost that the ledger holds.
    LessThanHalf {
        /// The cost in the ledger.
        held: Money,
        /// The cost with the delivery.
        offered: Money,
    },
    /// Days with cost are missing from it.
    DaysMissing(Vec<Date>),
}

impl Doubt {
    /// Whether a later delivery that says the same makes it true: a broken file or a wrong clock stays
    /// what it is.
    fn can_be_confirmed(&self) -> bool {
        !matches!(self, Doubt::InFuture(_) | Doubt::Rejected { .. })
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Doubt::InFuture(at) => write!(f, "it says that it was made in the future, at {at}"),
            Doubt::Rejected { rejected, of } => {
                write!(f, "{rejected} of its {of} lines cannot be read")
            }
            Doubt::NoLines => f.write_str("it has no line of the bill"),
            Doubt::LessThanHalf { held, offered } => {
                write!(f, "it would leave {} of {}", offered.to_reader(), held.to_reader())
            }
            Doubt::DaysMissing(days) => {
                let named: Vec<String> =
                    days.iter().take(DAYS_NAMED).map(ToString::to_string).collect();
                let more = days.len().saturating_sub(DAYS_NAMED);
                write!(f, "it lacks {} days that have cost: {}", days.len(), named.join(", "))?;
                if more > 0 { write!(f, " and {more} more") } else { Ok(()) }
            }
        }
    }
}

/// The lines of a delivery.
#[derive(Clone, Copy, Debug)]
pub struct LinesRead {
    /// The number of lines that could not be read.
    pub rejected: u64,
    /// The number of all lines.
    pub all: u64,
}

/// The totals of days.
type Days<'a> = BTreeMap<Date, &'a BTreeMap<Currency, DayTotal>>;

/// The delivery to hold back in place of one that would take money away; `None` for one that is good,
/// is older than what the ledger holds, or is confirmed: a later delivery than the pending one, with at
/// least as much cost.
///
/// # Errors
///
/// [`MoneyError::OutOfRange`].
pub fn held_back(
    held: Option<&BillHead>,
    ours: &BillReplacement,
    lines: LinesRead,
) -> Result<Option<Pending>, MoneyError> {
    let delivered_before = held.and_then(|it| it.delivered_at);
    if delivered_before.zip(ours.delivered_at).is_some_and(|(theirs, ours)| ours < theirs) {
        return Ok(None);
    }
    let before: Days<'_> =
        held.iter().flat_map(|it| &it.days).map(|(day, it)| (*day, &it.totals)).collect();
    let mut after = if ours.is_complete { Days::new() } else { before.clone() };
    after.extend(ours.days.totals());
    let rejected_before = held.map_or(0, |it| it.unread.rejected_count);
    let doubts = doubts(&before, &after, ours, lines, rejected_before)?;
    let totals = totals_of(&after)?;
    let earlier = held.and_then(|it| it.pending.as_ref());
    let is_confirmed = doubts.iter().all(Doubt::can_be_confirmed)
        && earlier.is_some_and(|it| it.is_confirmed_by(ours.delivered_at, &totals));
    if doubts.is_empty() || is_confirmed {
        return Ok(None);
    }
    let reasons: Vec<String> = doubts.iter().map(ToString::to_string).collect();
    Ok(Some(Pending {
        delivered_at: ours.delivered_at,
        read_at: ours.imported_at,
        totals,
        reasons: reasons.join("; ").into(),
    }))
}

fn doubts(
    before: &Days<'_>,
    after: &Days<'_>,
    ours: &BillReplacement,
    lines: LinesRead,
    rejected_before: u64,
) -> Result<Vec<Doubt>, MoneyError> {
    let mut doubts = Vec::new();
    // Clocks differ by less than a day.
    let tomorrow = ours.imported_at.checked_add(24.hours()).unwrap_or(Timestamp::MAX);
    doubts.extend(ours.delivered_at.filter(|it| *it > tomorrow).map(Doubt::InFuture));
    let held = totals_of(before)?;
    if held.values().all(|it| it.femto_units() == 0) {
        return Ok(doubts);
    }
    // Lines that could not be read the last time either take nothing away.
    let is_more = lines.rejected > rejected_before;
    if is_more && lines.rejected > lines.all / LINES_PER_REJECTED_MIN {
        doubts.push(Doubt::Rejected { rejected: lines.rejected, of: lines.all });
    }
    if after.is_empty() {
        doubts.push(Doubt::NoLines);
        return Ok(doubts);
    }
    let offered = totals_of(after)?;
    for (currency, held) in held {
        let offered = offered.get(&currency).copied().unwrap_or(Money::zero(currency));
        if offered.femto_units().saturating_mul(2) < held.femto_units() {
            doubts.push(Doubt::LessThanHalf { held, offered });
        }
    }
    let mut missing = Vec::new();
    for (day, totals) in before.iter().filter(|(day, _)| !after.contains_key(day)) {
        let cost = totals_of(&Days::from([(*day, *totals)]))?;
        if cost.values().any(|it| it.femto_units() != 0) {
            missing.push(*day);
        }
    }
    if !missing.is_empty() {
        doubts.push(Doubt::DaysMissing(missing));
    }
    Ok(doubts)
}

/// The unblended cost of all lines, by currency.
fn totals_of(days: &Days<'_>) -> Result<BTreeMap<Currency, Money>, MoneyError> {
    let mut totals = BTreeMap::new();
    for (currency, total) in days.values().copied().flatten() {
        let sum = totals.entry(*currency).or_insert_with(|| Money::zero(*currency));
        for costs in [&total.ai, &total.other] {
            *sum = sum.checked_add(costs.of(CostKind::Unblended))?;
        }
    }
    Ok(totals)
}
