//! Daily sums, and their comparison with control totals.

use std::collections::BTreeMap;

use jiff::civil::Date;
use ledger_core::cost::{CostKind, Costs};
use ledger_core::currency::Currency;
use ledger_core::finding::{Finding, FindingCode};
use ledger_core::line_item::BillId;
use ledger_core::money::MoneyError;
use ledger_core::period::ChargePeriod;
use rust_decimal::Decimal;

/// Amounts are printed with ten decimals: sums may be off by the last digit of each.
const PRINTED_DIGIT: Decimal = Decimal::from_parts(1, 0, 0, false, 10);

/// Daily costs by currency, and the number of groups in them.
pub(super) type DailyCosts = BTreeMap<(Date, Currency), (Costs, u64)>;

/// Adds the costs of a group to those of its day.
pub(super) fn add_costs(sums: &mut DailyCosts, day: Date, costs: &Costs) -> Result<(), MoneyError> {
    let currency = costs.currency();
    let (sum, count) = sums.entry((day, currency)).or_insert((Costs::zero(currency), 0));
    *sum = sum.checked_add(costs)?;
    *count += 1;
    Ok(())
}

/// The costs of some days.
pub(super) fn of(all: &DailyCosts, spans: &[ChargePeriod]) -> DailyCosts {
    let is_of = |day: Date| spans.iter().any(|it| it.contains(day));
    all.iter().filter(|it| is_of(it.0.0)).map(|(key, costs)| (*key, *costs)).collect()
}

/// Whether costs that were added up from a number of groups are those of a control total.
pub(super) fn agree(sum: &Costs, count: u64, total: &Costs) -> bool {
    CostKind::ALL.into_iter().all(|kind| agree_on(kind, sum, count, total))
}

fn agree_on(kind: CostKind, sum: &Costs, count: u64, total: &Costs) -> bool {
    let tolerance = PRINTED_DIGIT * Decimal::from(count + 1);
    (sum.of(kind).amount() - total.of(kind).amount()).abs() <= tolerance
}

/// A finding for each day whose groups do not add up to its control total.
pub(super) fn compare(bill: &BillId, sums: &DailyCosts, control: &DailyCosts) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut keys: Vec<_> = sums.keys().chain(control.keys()).copied().collect();
    keys.sort_unstable();
    keys.dedup();
    for (day, currency) in keys {
        let nothing = (Costs::zero(currency), 0);
        let (sum, count) = sums.get(&(day, currency)).unwrap_or(&nothing);
        let (total, _) = control.get(&(day, currency)).unwrap_or(&nothing);
        for kind in CostKind::ALL {
            if !agree_on(kind, sum, *count, total) {
                let (sum, total) = (sum.of(kind), total.of(kind));
                findings.push(Finding {
                    code: FindingCode::ControlTotal,
                    message: format!(
                        "{bill}: the groups of {day} come to {sum}, its control total is {total} ({}); collect the day again",
                        kind.as_str()
                    ),
                });
            }
        }
    }
    findings
}
