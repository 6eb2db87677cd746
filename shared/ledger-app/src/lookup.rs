//! Answers from a view of the ledger: reports, statements, entries, both sources side by side.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use ledger_core::access::Owners;
use ledger_core::bill::{BillHead, Status, days_with_lines, served_days};
use ledger_core::budget::Verdict;
use ledger_core::cost::CostKind;
use ledger_core::currency::Currency;
use ledger_core::dimension::{Dimension, Level};
use ledger_core::finding::{Finding, FindingCode};
use ledger_core::line_item::BillId;
use ledger_core::money::{Money, MoneyError};
use ledger_core::period::{BillingPeriod, ChargePeriod};
use ledger_core::question::{LedgerDay, Question, QuestionError, Wanted};
use ledger_core::reconciliation::{ReconciledDay, Reconciliation};
use ledger_core::report::{CurrencyReport, ReportBuilder, ReportQuery};
use ledger_core::rollup::{Position, Row};
use ledger_core::source::SourceKind;

use crate::import::pending_finding;
use crate::ports::LedgerStore;
pub use crate::view::{LookupError, View};

/// Totals of a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportAnswer {
    /// One report for each currency.
    pub currencies: Vec<CurrencyReport>,
    /// The charges of the same bills that are not for AI, by currency: with the total of a report
    /// that leaves nothing out it is the whole bill. Always what was charged, since it is never
    /// amortized; empty for a caller who may not see whole bills.
    pub other: BTreeMap<Currency, Money>,
    /// The end of the last day with data.
    pub data_up_to: Option<Date>,
    /// Findings about the figures.
    pub findings: Vec<Finding>,
}

/// Groups the cost of a period.
///
/// # Errors
///
/// [`LookupError`].
pub async fn report<L>(view: &View<L>, query: &ReportQuery) -> Result<ReportAnswer, LookupError>
where
    L: LedgerStore + Clone + 'static,
{
    let mut builder = ReportBuilder::new(query);
    view.answer(&mut [&mut builder]).await?;
    report_answer(view, query, builder)
}

/// A report, and beside it both sources on each day that both have: in one pass. They are compared by
/// the cost before amortization.
///
/// # Errors
///
/// [`LookupError`].
pub async fn report_beside_sources<L>(
    view: &View<L>,
    query: &ReportQuery,
) -> Result<(ReportAnswer, Vec<ReconciledDay>), LookupError>
where
    L: LedgerStore + Clone + 'static,
{
    let mut builder = ReportBuilder::new(query);
    let charged = query.cost_kind.as_charged();
    let mut both = reconciliation_question(view, query.period, charged)?;
    view.answer(&mut [&mut builder, &mut both]).await?;
    Ok((report_answer(view, query, builder)?, both.finish()?))
}

/// The answer to a query whose rows were added.
///
/// # Errors
///
/// [`LookupError::Answer`].
pub fn report_answer<L>(
    view: &View<L>,
    query: &ReportQuery,
    builder: ReportBuilder<'_>,
) -> Result<ReportAnswer, LookupError>
where
    L: LedgerStore + Clone + 'static,
{
    Ok(ReportAnswer {
        currencies: builder.finish()?,
        other: other_of(view, query)?,
        data_up_to: view.data_up_to(),
        findings: findings_of_bills(view.heads(), query.period),
    })
}

/// Findings about the bills of a month.
pub fn findings_of_month<L>(view: &View<L>, month: BillingPeriod) -> Vec<Finding>
where
    L: LedgerStore + Clone + 'static,
{
    let days = month.charge_period();
    days.map(|days| findings_of_bills(view.heads(), days)).into_iter().flatten().collect()
}

/// Findings about the bills of the windows of budgets.
pub fn findings_of_windows<L>(view: &View<L>, verdicts: &[Verdict]) -> Vec<Finding>
where
    L: LedgerStore + Clone + 'static,
{
    let windows = verdicts.iter().map(|it| it.spend.period);
    let start = windows.clone().map(ChargePeriod::start).min();
    let days = start.zip(windows.map(ChargePeriod::end).max());
    let days = days.and_then(|(start, end)| ChargePeriod::new(start, end).ok());
    days.map(|days| findings_of_bills(view.heads(), days)).into_iter().flatten().collect()
}

/// Findings about all bills, with each field that their lines lack.
pub fn findings_in_full(heads: &[BillHead]) -> Vec<Finding> {
    let Ok(all) = ChargePeriod::new(Date::MIN, Date::MAX) else { return Vec::new() };
    let mut findings = findings_of_bills(heads, all);
    // In full, below.
    findings.retain(|it| it.code != FindingCode::FieldsUnknown);
    findings.extend(lacking_fields(heads));
    findings
}

/// Findings about the bills of a period.
pub fn findings_of_bills(heads: &[BillHead], period: ChargePeriod) -> Vec<Finding> {
    let is_in_period = |head: &&BillHead| {
        let month = head.bill.period.charge_period();
        let overlaps = |it: ChargePeriod| it.start() < period.end() && period.start() < it.end();
        month.is_some_and(overlaps)
            || head.days.range(period.start()..period.end()).next().is_some()
    };
    let mut findings = Vec::new();
    for head in heads.iter().filter(is_in_period) {
        findings.extend(head.pending.as_ref().map(|it| pending_finding(&head.bill, it)));
        findings.extend(rejected_lines(head));
        findings.extend(unknown_fields(head));
    }
    findings.extend(unnamed_payers(heads, is_in_period));
    findings.extend(missing_measures(heads, period));
    findings
}

/// Bills without a payer that have days of bills with one: each may be one of these.
fn unnamed_payers(heads: &[BillHead], is_meant: impl Fn(&&BillHead) -> bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    let is_bill = |it: &&BillHead| it.bill.source.kind == SourceKind::Bill;
    for head in heads.iter().filter(is_meant).filter(is_bill).filter(|it| it.bill.payer.is_none()) {
        let named = heads.iter().find(|it| {
            let of = |it: &BillHead| (it.bill.period, it.bill.source.clone());
            let mut days = days_with_lines(it);
            let has_days_of = days.any(|day| days_with_lines(head).any(|it| it == day));
            it.bill.payer.is_some() && of(it) == of(head) && has_days_of
        });
        let message = |named: &BillHead| {
            format!(
                "{} has days of {}: if they are one bill, it counts twice; `tollbook import \
                 --replace` of a delivery that names its payer puts it in place of both",
                head.bill, named.bill
            )
        };
        let code = FindingCode::PayerUnknown;
        findings.extend(named.map(|it| Finding { code, message: message(it) }));
    }
    findings
}

/// The finding that lines of a bill could not be read.
fn rejected_lines(head: &BillHead) -> Option<Finding> {
    let message = |lines| {
        format!(
            "{lines} of {} could not be read and are in no figure; `tollbook import` of its files \
             names them",
            head.bill
        )
    };
    let code = FindingCode::LinesRejected;
    Some(Finding { code, message: message(head.unread.rejected()?) })
}

/// The finding that lines of a bill lack fields, in short.
fn unknown_fields(head: &BillHead) -> Option<Finding> {
    let message = |unknown| {
        format!("lines of {} lack fields ({unknown}); `tollbook doctor` says more", head.bill)
    };
    let code = FindingCode::FieldsUnknown;
    Some(Finding { code, message: message(head.unread.unknown()?) })
}

/// The findings about fields that lines lack, each column once for all bills.
fn lacking_fields(heads: &[BillHead]) -> Vec<Finding> {
    let mut columns: BTreeMap<(&str, &str), Vec<&BillHead>> = BTreeMap::new();
    let mut findings = Vec::new();
    for head in heads {
        for (column, consequence) in &head.unread.columns {
            columns.entry((column, consequence)).or_default().push(head);
        }
        findings.extend(head.unread.findings.iter().map(|it| Finding {
            code: it.code,
            message: format!("{}: {}", head.bill, it.message),
        }));
    }
    let of_column = |((column, consequence), heads): (_, Vec<&BillHead>)| {
        let first = heads.first().map(|it| it.bill.to_string());
        let more = match heads.len() {
            0 | 1 => String::new(),
            count => format!(" and {} more bills", count - 1),
        };
        let first = first.as_deref().unwrap_or("a bill");
        let message = format!("{first}{more}: no column `{column}`: {consequence}");
        Finding { code: FindingCode::ColumnMissing, message }
    };
    columns.into_iter().map(of_column).chain(findings).collect()
}

/// The finding that days of a period lack measures, because an earlier version stored them.
pub(crate) fn missing_measures(heads: &[BillHead], period: ChargePeriod) -> Option<Finding> {
    let mut served = served_days(heads, period);
    served.retain(|it| it.state.facts.is_partial());
    let days: BTreeSet<Date> = served.iter().map(|it| it.day).collect();
    let months: BTreeSet<String> =
        served.iter().map(|it| it.head.bill.period.to_string()).collect();
    let message = format!(
        "{} days from {} to {} have no quantities, list costs and invoices, because an earlier \
         version stored them; import the files of these months again: {}",
        days.len(),
        days.first()?,
        days.last()?,
        Vec::from_iter(months).join(", ")
    );
    Some(Finding { code: FindingCode::MeasuresMissing, message })
}

fn other_of<L>(view: &View<L>, query: &ReportQuery) -> Result<BTreeMap<Currency, Money>, MoneyError>
where
    L: LedgerStore + Clone + 'static,
{
    let mut other = BTreeMap::new();
    if !view.access().is_everything() {
        return Ok(other);
    }
    let served = served_days(view.heads(), query.period);
    for total in served.iter().flat_map(|day| day.state.totals.values()) {
        let cost = total.other.of(query.cost_kind.as_charged());
        let sum = other.entry(cost.currency()).or_insert_with(|| Money::zero(cost.currency()));
        *sum = sum.checked_add(cost)?;
    }
    Ok(other)
}

/// A position that answers count, and where it is.
#[derive(Clone, Debug)]
pub struct FoundEntry {
    /// The bill.
    pub bill: BillId,
    /// The day.
    pub day: Date,
    /// How sure it is.
    pub status: Status,
    /// The position.
    pub position: Position,
}

/// The positions whose first line is `entry`, spelled `FILE:LINE`. Several bills can have a
/// file of the same name.
///
/// # Errors
///
/// [`LookupError`].
pub async fn entries<L>(view: &View<L>, entry: &str) -> Result<Vec<FoundEntry>, LookupError>
where
    L: LedgerStore + Clone + 'static,
{
    let mut search = EntrySearch { entry, found: Vec::new() };
    view.answer(&mut [&mut search]).await?;
    let mut found = search.found;
    found.sort_by(|left, right| (&left.bill, left.day).cmp(&(&right.bill, right.day)));
    Ok(found)
}

struct EntrySearch<'a> {
    entry: &'a str,
    found: Vec<FoundEntry>,
}

impl Question for EntrySearch<'_> {
    fn wants(&mut self, day: &LedgerDay<'_>) -> Option<Wanted> {
        day.is_served.then_some(Wanted { level: Level::Detail, owners: Owners::All })
    }

    fn add(&mut self, row: Row<'_>, day: &LedgerDay<'_>) -> Result<(), QuestionError> {
        let Row::Position(key, measures) = row else {
            return Err(QuestionError::NeedsDetail(Dimension::Entry));
        };
        let is_found =
            Dimension::Entry.value_of(row, day.day).is_some_and(|value| *value == *self.entry);
        if is_found {
            self.found.push(FoundEntry {
                bill: day.head.bill.clone(),
                day: day.day,
                status: day.status(),
                position: Position { key: key.clone(), measures: measures.clone() },
            });
        }
        Ok(())
    }
}

/// The bill and Cost Explorer side by side, on each day of a period that both have, and for each
/// service. Empty for a caller who may not see whole bills.
///
/// # Errors
///
/// [`LookupError`].
pub async fn reconciliation<L>(
    view: &View<L>,
    period: ChargePeriod,
    cost_kind: CostKind,
) -> Result<Vec<ReconciledDay>, LookupError>
where
    L: LedgerStore + Clone + 'static,
{
    let mut both = reconciliation_question(view, period, cost_kind)?;
    view.answer(&mut [&mut both]).await?;
    Ok(both.finish()?)
}

/// The question of [`reconciliation`], to be asked with others.
///
/// # Errors
///
/// [`LookupError::Answer`].
pub fn reconciliation_question<L>(
    view: &View<L>,
    period: ChargePeriod,
    cost_kind: CostKind,
) -> Result<Reconciliation, LookupError>
where
    L: LedgerStore + Clone + 'static,
{
    let heads = if view.access().is_everything() { view.heads() } else { &[] };
    Ok(Reconciliation::new(heads, period, cost_kind, view.now().today())?)
}
