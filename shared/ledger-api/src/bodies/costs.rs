//! Totals of a period.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use ledger_app::lookup::ReportAnswer;
use ledger_core::bill::Status;
use ledger_core::currency::Currency;
use ledger_core::money::Money;
use ledger_core::reconciliation::ReconciledDay;
use ledger_core::report::{CurrencyReport, ReportQuery, ReportRow};
use serde::Serialize;

use super::findings::{self, FindingBody};
use super::reconciliation::{self, ReconciledDayBody};
use super::values::{Amount, CostKindWord, Day, StatusWord};

/// Totals of a period: `GET /v1/costs` and `tollbook report`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Costs))]
pub struct CostsAnswer {
    /// The first day.
    pub from: Day,
    /// The day after the last.
    pub to: Day,
    /// The day after the last one with data; `null` without data.
    pub data_up_to: Option<Day>,
    /// The cost of all rows and totals.
    pub cost_kind: CostKindWord,
    /// How sure the least sure row is; `null` without rows.
    pub status: Option<StatusWord>,
    /// One report for each currency: amounts of different currencies are never added.
    pub currencies: Vec<CurrencyCosts>,
    /// The cost that the bill and Cost Explorer are compared by: that of the report before
    /// amortization.
    pub reconciliation_cost_kind: CostKindWord,
    /// The bill and Cost Explorer on each day that both have, for all owners.
    pub reconciliation: Vec<ReconciledDayBody>,
    /// Things to know about these figures.
    pub findings: Vec<FindingBody>,
    /// The `cursor` of the next page; `null` on the last.
    pub next_cursor: Option<String>,
}

/// The report of one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CurrencyCosts {
    /// The currency, by ISO 4217.
    pub currency: String,
    /// The groups on this page: by time if the first dimension is `day`, `month` or `weekday`, otherwise
    /// the most expensive first.
    pub rows: Vec<CostsRow>,
    /// The sum of the rows of all pages.
    pub total: Amount,
    /// The charges on the same bills that are not for AI; `null` by a cost kind other than what was
    /// charged, since only that is known of them, and for a caller who may not see whole bills.
    pub other: Option<Amount>,
}

/// One group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CostsRow {
    /// The values of the group by the dimensions of `group_by`; `null` where a charge has none.
    pub keys: BTreeMap<String, Option<String>>,
    /// The cost.
    pub cost: Amount,
    /// How sure it is.
    pub status: StatusWord,
    /// Tokens by direction, where they are known.
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, u64>))]
    pub tokens: BTreeMap<&'static str, u128>,
    /// Quantities by unit, where they are known.
    pub quantities: BTreeMap<String, Amount>,
}

/// A report and the parts of an answer around it.
#[derive(Clone, Copy, Debug)]
pub struct CostsFigures<'a> {
    /// The question.
    pub query: &'a ReportQuery,
    /// The currency asked for; all without one.
    pub currency: Option<Currency>,
    /// The report.
    pub answer: &'a ReportAnswer,
    /// Both sources side by side.
    pub reconciled: &'a [ReconciledDay],
}

impl CostsFigures<'_> {
    /// The rows of all currencies in the order of pages.
    pub fn rows(&self) -> impl Iterator<Item = &ReportRow> {
        self.reports().flat_map(|report| &report.rows)
    }

    fn reports(&self) -> impl Iterator<Item = &CurrencyReport> {
        self.answer.currencies.iter().filter(|it| self.is_asked(it.currency))
    }

    fn is_asked(&self, currency: Currency) -> bool {
        self.currency.is_none_or(|it| it == currency)
    }

    /// The answer with some of the [rows](CostsFigures::rows), or all.
    pub fn body(&self, rows: Option<Range<usize>>, next_cursor: Option<String>) -> CostsAnswer {
        let ReportQuery { period, cost_kind, .. } = self.query;
        let Range { start, end } = rows.unwrap_or(0..usize::MAX);
        let names: Vec<String> = self.query.by.iter().map(ToString::to_string).collect();
        let with_data = self.reports().map(|it| it.currency);
        let others = self.answer.other.keys().copied().filter(|it| self.is_asked(*it));
        let currencies: BTreeSet<Currency> = with_data.chain(others).collect();
        let mut before = 0_usize;
        let mut bodies = Vec::new();
        for currency in currencies {
            let report = self.reports().find(|it| it.currency == currency);
            let rows = report.map_or(&[][..], |it| &it.rows);
            let (skip, take) =
                (start.saturating_sub(before), end.saturating_sub(before.max(start)));
            before = before.saturating_add(rows.len());
            let other = self.answer.other.get(&currency).copied();
            bodies.push(CurrencyCosts {
                currency: currency.to_string(),
                rows: rows.iter().skip(skip).take(take).map(|it| row_body(&names, it)).collect(),
                total: report.map_or(Money::zero(currency), |it| it.total).into(),
                other: other.filter(|_| cost_kind.is_charged()).map(Amount::from),
            });
        }
        CostsAnswer {
            from: Day(period.start()),
            to: Day(period.end()),
            data_up_to: self.answer.data_up_to.map(Day),
            cost_kind: (*cost_kind).into(),
            status: self.status().map(StatusWord::from),
            currencies: bodies,
            reconciliation_cost_kind: cost_kind.as_charged().into(),
            reconciliation: reconciliation::bodies(self.reconciled, self.currency),
            findings: findings::bodies(&self.answer.findings),
            next_cursor,
        }
    }

    /// How sure the least sure row is.
    pub fn status(&self) -> Option<Status> {
        self.rows().map(|row| row.status).min()
    }
}

fn row_body(names: &[String], row: &ReportRow) -> CostsRow {
    let tokens = row.tokens.iter().map(|(direction, count)| (direction.as_str(), *count));
    let quantities = row.quantities.iter();
    let quantities = quantities.map(|(unit, it)| (unit.to_string(), Amount(it.amount())));
    CostsRow {
        keys: names.iter().cloned().zip(row.keys.iter().cloned()).collect(),
        cost: row.cost.into(),
        status: row.status.into(),
        tokens: tokens.collect(),
        quantities: quantities.collect(),
    }
}
