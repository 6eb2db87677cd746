//! The checks before a month is closed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan as _;
use jiff::civil::Date;
use ledger_core::bill::{BillHead, Status};
use ledger_core::charges::Charges;
use ledger_core::closing::{Check, CheckKind, month_end};
use ledger_core::cost::CostKind;
use ledger_core::coverage::missing_days;
use ledger_core::currency::Currency;
use ledger_core::finding::FindingCode;
use ledger_core::journal::{JournalError, JournalRequest, journals};
use ledger_core::money::{Money, MoneyError};
use ledger_core::money_sum::MoneySum;
use ledger_core::organisation::Code;
use ledger_core::owner::Owner;
use ledger_core::period::BillingPeriod;
use ledger_core::reconciliation::{ReconciledDay, SETTLING_DAYS};
use ledger_core::source::SourceKind;
use rust_decimal::Decimal;

use super::PeriodError;
use super::scope::Scope;

/// Days that a failure names.
const DAYS_NAMED: usize = 5;

/// The choices of a person who closes a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The cost that counts.
    pub cost_kind: CostKind,
    /// The posting date, and the cost centre of charges without one.
    pub request: JournalRequest,
    /// The totals of the invoices of the month, one for each currency.
    pub invoices: Vec<Money>,
    /// How far a bill may be from its invoices, in either direction.
    pub tolerance: Decimal,
    /// The share of the cost that may be without an owner, in percent.
    pub unattributed_percent: Decimal,
    /// Checks to close in spite of.
    pub waived: BTreeSet<CheckKind>,
}

impl Terms {
    /// Whether limits are above those that need no reason.
    pub(super) fn are_lenient(&self) -> bool {
        self.tolerance > Decimal::new(1, 2) || self.unattributed_percent > Decimal::ONE
    }

    /// The request for the journals of charges that an entity pays.
    pub(super) fn request_of(&self, entity: &Code) -> JournalRequest {
        JournalRequest { paid_by: Some(entity.clone()), ..self.request.clone() }
    }
}

/// The month that the checks look at.
pub(super) struct Seen<'a> {
    /// The heads of the entity's bills.
    pub(super) heads: &'a [BillHead],
    pub(super) today: Date,
    /// The charges of the month.
    pub(super) own: &'a Charges,
    /// The charges of the month and the adjustments of months before.
    pub(super) charges: &'a Charges,
    /// Both sources on each day that both have.
    pub(super) reconciled: Vec<ReconciledDay>,
}

/// All checks, in the order in which they are mended.
pub(super) fn checks(
    scope: Scope<'_>,
    month: BillingPeriod,
    seen: &Seen<'_>,
    terms: &Terms,
    all: &[BillHead],
) -> Result<Vec<Check>, PeriodError> {
    let check = |kind: &CheckKind| {
        let failure = match kind {
            CheckKind::MonthBefore => month_before(scope, month),
            CheckKind::FirstMonth => months_left_out(scope, month, all),
            CheckKind::Settled => settled(month, seen.today),
            CheckKind::NothingPending => pending(seen.heads, month),
            CheckKind::DaysComplete => incomplete(seen, month),
            CheckKind::Billed => (seen.own.status < Status::Billed)
                .then(|| "lines of its bills are on no invoice yet".to_owned()),
            CheckKind::LinesRead => rejected(seen.heads, month),
            CheckKind::UsageTypesKnown => unknown(seen.heads, month),
            CheckKind::Invoices => off_invoices(seen.heads, month, terms)?,
            CheckKind::Reconciled => differing(&seen.reconciled),
            CheckKind::Attributed => unattributed(seen.own, terms.unattributed_percent)?,
            CheckKind::NoDisputes => None,
            CheckKind::Posted => not_posted(scope, seen.charges, terms)?,
        };
        let is_waived = kind.can_be_waived() && terms.waived.contains(kind);
        Ok(Check { kind: *kind, is_waived: is_waived && failure.is_some(), failure })
    };
    CheckKind::ALL.iter().filter(|it| **it != CheckKind::NoDisputes).map(check).collect()
}

/// The months of an entity are closed one after the other.
fn month_before(scope: Scope<'_>, month: BillingPeriod) -> Option<String> {
    let of_entity = scope.book.periods.iter().filter(|it| it.entity == *scope.entity);
    let accrued = of_entity.filter(|it| it.month < month && it.closing.is_none());
    if let Some(accrued) = accrued.map(|it| it.month).min() {
        return Some(format!("{accrued} has an accrual that its closing takes back"));
    }
    let (last, _) = scope.book.closed(scope.entity).pop()?;
    let next = BillingPeriod::containing(month_end(last));
    (month != next).then(|| format!("{last} was closed last, so {next} is next"))
}

/// Months that the first closing of an entity leaves out for good.
fn months_left_out(scope: Scope<'_>, month: BillingPeriod, all: &[BillHead]) -> Option<String> {
    if !scope.book.closed(scope.entity).is_empty() {
        return None;
    }
    let before = scope.months(all).into_iter().filter(|it| *it < month);
    let before: Vec<String> = before.map(|it| it.to_string()).collect();
    (!before.is_empty()).then(|| {
        format!("no month was closed before, and the first one leaves out {}", before.join(", "))
    })
}

fn settled(month: BillingPeriod, today: Date) -> Option<String> {
    let end = month_end(month);
    let settled = end.saturating_add(SETTLING_DAYS.days());
    match today {
        _ if today < end => Some(format!("it is not over before {end}")),
        _ if today < settled => Some(format!("its last days may change until {settled}")),
        _ => None,
    }
}

/// Bills that may have a charge of a month: its own and later ones.
fn of_month(heads: &[BillHead], month: BillingPeriod) -> impl Iterator<Item = &BillHead> {
    heads.iter().filter(move |it| {
        let has_day = |day: &Date| BillingPeriod::containing(*day) == month;
        it.bill.period == month || it.days.keys().any(has_day)
    })
}

fn pending(heads: &[BillHead], month: BillingPeriod) -> Option<String> {
    let held: Vec<String> = of_month(heads, month)
        .filter(|it| it.pending.is_some())
        .map(|it| it.bill.to_string())
        .collect();
    (!held.is_empty()).then(|| format!("a delivery is held back of {}", held.join(", ")))
}

fn incomplete(seen: &Seen<'_>, month: BillingPeriod) -> Option<String> {
    let days = missing_days(seen.heads, month, seen.today);
    named_days(&days).map(|days| format!("no data of {days}"))
}

fn named_days(days: &[Date]) -> Option<String> {
    let named: Vec<String> = days.iter().take(DAYS_NAMED).map(ToString::to_string).collect();
    let more = match days.len().saturating_sub(DAYS_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more days"),
    };
    (!days.is_empty()).then(|| format!("{}{more}", named.join(", ")))
}

fn rejected(heads: &[BillHead], month: BillingPeriod) -> Option<String> {
    let of_bill = |it: &BillHead| Some(format!("{} of {}", it.unread.rejected()?, it.bill));
    let lines: Vec<String> = of_month(heads, month).filter_map(of_bill).collect();
    (!lines.is_empty()).then(|| format!("not read: {}", lines.join("; ")))
}

fn unknown(heads: &[BillHead], month: BillingPeriod) -> Option<String> {
    let mut messages = Vec::new();
    for head in of_month(heads, month) {
        let findings = head.unread.findings.iter();
        let of_types = findings.filter(|it| it.code == FindingCode::UsageTypeUnknown);
        messages.extend(of_types.map(|it| it.message.clone()));
    }
    (!messages.is_empty()).then(|| messages.join("; "))
}

/// The bills of the month, whole, beside the totals of the invoices.
fn off_invoices(
    heads: &[BillHead],
    month: BillingPeriod,
    terms: &Terms,
) -> Result<Option<String>, MoneyError> {
    let mut billed: BTreeMap<Currency, MoneySum> = BTreeMap::new();
    let is_bill =
        |it: &&BillHead| it.bill.period == month && it.bill.source.kind == SourceKind::Bill;
    for head in heads.iter().filter(is_bill) {
        for (currency, total) in head.days.values().flat_map(|it| &it.totals) {
            let sum = billed.entry(*currency).or_insert_with(|| MoneySum::zero(*currency));
            sum.add(total.ai.of(CostKind::Unblended))?;
            sum.add(total.other.of(CostKind::Unblended))?;
        }
    }
    if terms.invoices.is_empty() && !billed.is_empty() {
        return Ok(Some("no invoice was named to compare its bills with".to_owned()));
    }
    let mut off = Vec::new();
    for invoice in &terms.invoices {
        let currency = invoice.currency();
        let sum = billed.remove(&currency).unwrap_or_else(|| MoneySum::zero(currency)).total()?;
        let difference = sum.checked_sub(*invoice)?;
        if difference.abs().amount() > terms.tolerance {
            off.push(format!(
                "the bills are {sum}, the invoices {invoice}: {difference}, more than {}",
                terms.tolerance
            ));
        }
    }
    for (_, sum) in billed {
        let sum = sum.total()?;
        if !sum.is_zero() {
            off.push(format!("no invoice was named for {sum}"));
        }
    }
    Ok((!off.is_empty()).then(|| off.join("; ")))
}

fn differing(days: &[ReconciledDay]) -> Option<String> {
    let days: Vec<Date> = days.iter().filter(|it| it.is_suspicious()).map(|it| it.day).collect();
    named_days(&days).map(|days| format!("bill and Cost Explorer differ on {days}"))
}

fn unattributed(own: &Charges, limit_percent: Decimal) -> Result<Option<String>, MoneyError> {
    let mut sums: BTreeMap<Currency, (MoneySum, MoneySum)> = BTreeMap::new();
    for charge in &own.charges {
        let currency = charge.exact.currency();
        let zero = MoneySum::zero(currency);
        let (all, unowned) = sums.entry(currency).or_insert((zero, zero));
        all.add(charge.exact.abs())?;
        if charge.key.owner == Owner::Unattributed {
            unowned.add(charge.exact.abs())?;
        }
    }
    let mut above = Vec::new();
    for (_, (all, unowned)) in sums {
        let (all, unowned) = (all.total()?, unowned.total()?);
        let limit = all.amount().checked_mul(limit_percent).ok_or(MoneyError::OutOfRange)?;
        let share = unowned.amount().checked_mul(Decimal::ONE_HUNDRED);
        if share.ok_or(MoneyError::OutOfRange)? > limit {
            above.push(format!("{unowned} of {all} have no owner, above {limit_percent} %"));
        }
    }
    Ok((!above.is_empty()).then(|| above.join("; ")))
}

fn not_posted(
    scope: Scope<'_>,
    charges: &Charges,
    terms: &Terms,
) -> Result<Option<String>, MoneyError> {
    match journals(charges, scope.organisation, &terms.request_of(scope.entity)) {
        Ok(_) => Ok(None),
        Err(JournalError::Refused(refusal)) => {
            Ok(Some(refusal.lines().collect::<Vec<_>>().join("; ")))
        }
        Err(JournalError::Money(err)) => Err(err),
    }
}
