//! Reports of what was read into the ledger.

use std::collections::{BTreeMap, BTreeSet};

use ledger_app::collect::CollectReport;
use ledger_app::held::{BillBeside, HeldTotals};
use ledger_app::import::ImportReport;
use ledger_app::ports::Replaced;
use ledger_core::cost::CostKind;
use ledger_core::currency::Currency;
use ledger_core::line_item::{BillId, Rejected};
use ledger_core::money::{Money, MoneyError};
use ledger_core::rollup::DayTotal;
use serde::Serialize;

use super::findings::{self, FindingBody};
use super::values::{Amount, CostKindWord};

/// The report of `tollbook import`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImportAnswer {
    /// The files, in order.
    pub files: Vec<String>,
    /// All lines.
    pub lines_read: u64,
    /// Lines for generative AI.
    pub lines_ai: u64,
    /// Other lines, which are totalled.
    pub lines_other: u64,
    /// Lines that could not be read; at most the first thousand.
    pub rejected: Vec<RejectedBody>,
    /// The number of lines that could not be read.
    pub rejected_count: u64,
    /// Amounts that were rounded to 15 fraction digits.
    pub rounded: RoundedBody,
    /// The totals that were read.
    pub totals: Vec<ImportTotal>,
    /// The totals that the ledger holds of these bills now.
    pub ledger: Vec<LedgerTotal>,
    /// Usage types that could not be read; their cost is kept.
    pub unknown_usage_types: Vec<UnknownUsageType>,
    /// Things to know.
    pub findings: Vec<FindingBody>,
    /// The bills, and what replacing each did.
    pub bills: Vec<ReplacedBody>,
}

/// A line that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RejectedBody {
    /// The file.
    pub file: String,
    /// The line; `null` where the source does not number its lines.
    pub line: Option<u64>,
    /// The column.
    pub column: String,
    /// The fault, and what was expected.
    pub reason: String,
    /// Its unblended cost; `null` where that cannot be read. Lines that were added up before they were
    /// rejected have it at the first of them.
    pub cost: Option<Amount>,
    /// The currency of `cost`.
    pub currency: Option<String>,
}

/// Amounts that were rounded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RoundedBody {
    /// The number of amounts.
    pub lines: u64,
    /// The sum of all changes.
    pub difference: Amount,
}

/// A total by currency and cost kind. Of lines that are not for AI only what was charged is known, so
/// other cost kinds have no `other` and no `all`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImportTotal {
    /// The currency, by ISO 4217.
    pub currency: String,
    /// The cost.
    pub cost_kind: CostKindWord,
    /// AI lines.
    pub ai: Amount,
    /// Other lines.
    pub other: Option<Amount>,
    /// All lines.
    pub all: Option<Amount>,
}

/// A total of one bill in the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LedgerTotal {
    /// The bill, such as `cur 2026-10 of payer 111122223333`.
    pub bill: String,
    /// The total.
    #[serde(flatten)]
    pub total: ImportTotal,
}

/// A usage type that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnknownUsageType {
    /// Its text.
    pub usage_type: String,
    /// Lines that have it.
    pub lines: u64,
    /// Their cost.
    pub cost: Amount,
    /// The currency of the cost.
    pub currency: String,
}

/// A bill, and what replacing it did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReplacedBody {
    /// Its source, such as `cur`.
    pub source: String,
    /// Its month.
    pub period: String,
    /// The account that pays it.
    pub payer: String,
    /// The name of the part of the bill; `null` for the bill itself.
    pub part: Option<String>,
    /// Days that changed.
    pub days_written: u64,
    /// Days that are as before.
    pub days_unchanged: u64,
    /// Days that the bill no longer has.
    pub days_removed: u64,
    /// Items written.
    pub items_written: u64,
    /// Write request units of the database.
    pub write_units: Amount,
    /// Whether the ledger holds a newer delivery already.
    pub superseded: bool,
    /// Each currency as it was read, beside the one that the ledger holds now.
    pub totals: Vec<BesideTotal>,
    /// Days that were not read and stay.
    pub days_kept: Vec<String>,
    /// Whether the ledger holds what was read.
    pub as_read: bool,
}

/// The unblended cost of all lines of a bill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BesideTotal {
    /// The currency, by ISO 4217.
    pub currency: String,
    /// As it was read.
    pub read: Amount,
    /// In the ledger.
    pub ledger: Amount,
    /// In the ledger with all parts of the bill; `null` where it has no others.
    pub ledger_in_parts: Option<Amount>,
}

impl ImportAnswer {
    /// The report of an import, and the totals of its bills that the ledger holds now.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub fn new(
        report: &ImportReport,
        held: &HeldTotals,
        beside: &[BillBeside],
    ) -> Result<ImportAnswer, MoneyError> {
        let mut totals = Vec::new();
        for (currency, total) in &report.totals {
            totals.extend(totals_of(*currency, total)?);
        }
        let mut ledger = Vec::new();
        for ((bill, currency), total) in held {
            let with_bill = |total| LedgerTotal { bill: bill.to_string(), total };
            ledger.extend(totals_of(*currency, total)?.into_iter().map(with_bill));
        }
        let unknown = report.unknown_usage_types.iter();
        let unknown = unknown.map(|((usage_type, currency), (lines, cost))| UnknownUsageType {
            usage_type: usage_type.to_string(),
            lines: *lines,
            cost: (*cost).into(),
            currency: currency.to_string(),
        });
        Ok(ImportAnswer {
            files: report.files.clone(),
            lines_read: report.lines_read(),
            lines_ai: report.lines_ai,
            lines_other: report.lines_other,
            rejected: report.rejected.iter().map(rejected_body).collect(),
            rejected_count: report.unread.rejected_count,
            rounded: RoundedBody { lines: report.rounded.0, difference: Amount(report.rounded.1) },
            totals,
            ledger,
            unknown_usage_types: unknown.collect(),
            findings: findings::bodies(&report.findings),
            bills: report.bills.iter().map(|it| replaced_body(it, beside)).collect(),
        })
    }
}

/// The body of a total, one for each cost kind that its bills state.
///
/// # Errors
///
/// [`MoneyError::OutOfRange`].
pub fn totals_of(currency: Currency, total: &DayTotal) -> Result<Vec<ImportTotal>, MoneyError> {
    let body = |kind: CostKind| {
        let (ai, other) = (total.ai.of(kind), total.other.of(kind));
        let is_known = kind.is_charged();
        let all = if is_known { Some(ai.checked_add(other)?) } else { None };
        Ok(ImportTotal {
            currency: currency.to_string(),
            cost_kind: kind.into(),
            ai: ai.into(),
            other: is_known.then(|| other.into()),
            all: all.map(Amount::from),
        })
    };
    ImportReport::stated(total).map(body).collect()
}

fn rejected_body(rejected: &Rejected) -> RejectedBody {
    RejectedBody {
        file: rejected.provenance.file.to_string(),
        line: Some(rejected.provenance.line).filter(|it| *it > 0),
        column: rejected.column.to_string(),
        reason: rejected.reason.clone(),
        cost: rejected.cost.map(Amount::from),
        currency: rejected.cost.map(|it| it.currency().to_string()),
    }
}

fn replaced_body((bill, replaced): &(BillId, Replaced), beside: &[BillBeside]) -> ReplacedBody {
    let beside = beside.iter().find(|it| it.bill == *bill);
    ReplacedBody {
        source: bill.source.to_string(),
        period: bill.period.to_string(),
        payer: bill.payer_shown().to_owned(),
        part: bill.part.as_deref().map(str::to_owned),
        days_written: replaced.days_written,
        days_unchanged: replaced.days_unchanged,
        days_removed: replaced.days_removed,
        items_written: replaced.items_written,
        write_units: Amount(replaced.write_units.normalize()),
        superseded: replaced.is_superseded,
        totals: beside.map(beside_totals).unwrap_or_default(),
        days_kept: beside.iter().flat_map(|it| &it.days_kept).map(ToString::to_string).collect(),
        as_read: beside.is_none_or(|it| it.is_as_read),
    }
}

fn beside_totals(beside: &BillBeside) -> Vec<BesideTotal> {
    let all = [Some(&beside.read), Some(&beside.held), beside.in_parts.as_ref()];
    let currencies: BTreeSet<Currency> =
        all.into_iter().flatten().flat_map(|it| it.keys().copied()).collect();
    let amount = |costs: &BTreeMap<Currency, Money>, currency: Currency| -> Amount {
        costs.get(&currency).copied().unwrap_or(Money::zero(currency)).into()
    };
    let total = |currency: Currency| BesideTotal {
        currency: currency.to_string(),
        read: amount(&beside.read, currency),
        ledger: amount(&beside.held, currency),
        ledger_in_parts: beside.in_parts.as_ref().map(|it| amount(it, currency)),
    };
    currencies.into_iter().map(total).collect()
}

/// The report of `tollbook collect`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CollectAnswer {
    /// The requests made.
    pub requests: RequestsBody,
    /// Days collected by the primary tag key.
    pub days: u64,
    /// Their totals.
    pub totals: Vec<CollectedTotal>,
    /// Things to know.
    pub findings: Vec<FindingBody>,
    /// Bills and views that changed.
    pub bills_written: Vec<String>,
    /// Bills and views that are as before.
    pub bills_unchanged: Vec<String>,
}

/// Requests by purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the fields are the purposes of the same names")]
pub struct RequestsBody {
    pub total: u64,
    pub service_names: u64,
    pub costs: u64,
    pub control_totals: u64,
    pub views: u64,
}

/// A total by currency and cost kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CollectedTotal {
    /// The currency, by ISO 4217.
    pub currency: String,
    /// The cost.
    pub cost_kind: CostKindWord,
    /// The sum.
    pub cost: Amount,
}

impl From<&CollectReport> for CollectAnswer {
    fn from(report: &CollectReport) -> CollectAnswer {
        let requests = &report.requests;
        let mut totals = Vec::new();
        for (currency, costs) in &report.totals {
            for kind in CostKind::ALL {
                let total = costs.stated(kind).map(|cost| CollectedTotal {
                    currency: currency.to_string(),
                    cost_kind: kind.into(),
                    cost: cost.into(),
                });
                totals.extend(total);
            }
        }
        let names = |bills: &[BillId]| bills.iter().map(ToString::to_string).collect();
        CollectAnswer {
            requests: RequestsBody {
                total: requests.total(),
                service_names: requests.service_names,
                costs: requests.costs,
                control_totals: requests.control_totals,
                views: requests.views,
            },
            days: report.days,
            totals,
            findings: findings::bodies(&report.findings),
            bills_written: names(&report.bills_written),
            bills_unchanged: names(&report.bills_unchanged),
        }
    }
}
