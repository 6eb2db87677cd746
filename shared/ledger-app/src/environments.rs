//! Findings about environments: models that they do not allow, and a share of all cost that is too large.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use ledger_core::dimension::Dimension;
use ledger_core::finding::{Finding, FindingCode};
use ledger_core::money::{Money, MoneyError};
use ledger_core::percent::Percent;
use ledger_core::period::ChargePeriod;
use ledger_core::report::{CurrencyReport, ReportBuilder};

use crate::budget_file::{EnvironmentLimits, environment};
use crate::documents::applied_environments;
use crate::overview::{OverviewError, grouped};
use crate::ports::{DocumentStore, LedgerStore};
use crate::view::{LookupError, View};

/// Days that are examined.
const RECENT_DAYS: i64 = 30;

/// Models that a finding names.
const MODELS_MAX: usize = 5;

/// A finding for each environment and currency that is beyond the limits of the applied budgets file.
///
/// # Errors
///
/// [`OverviewError`].
pub async fn findings_of_environments<L>(view: &View<L>) -> Result<Vec<Finding>, OverviewError>
where
    L: LedgerStore + DocumentStore + Clone + 'static,
{
    let limits = applied_environments(view.ledger()).await?;
    let Some(end) = view.data_up_to().filter(|_| !limits.is_empty()) else {
        return Ok(Vec::new());
    };
    let Ok(period) = ChargePeriod::new(end.saturating_sub(RECENT_DAYS.days()), end) else {
        return Ok(Vec::new());
    };
    let query = grouped(period, vec![environment(), Dimension::Model]);
    let mut report = ReportBuilder::new(&query);
    view.answer(&mut [&mut report]).await?;
    let mut findings = Vec::new();
    for of_currency in report.finish().map_err(LookupError::from)? {
        for limits in &limits {
            let found = findings_of(limits, &of_currency, period).map_err(LookupError::from)?;
            findings.extend(found);
        }
    }
    Ok(findings)
}

/// The findings of one environment. Cost without a model, such as that of a guardrail, is allowed.
fn findings_of(
    limits: &EnvironmentLimits,
    report: &CurrencyReport,
    period: ChargePeriod,
) -> Result<Vec<Finding>, MoneyError> {
    let (zero, name) = (Money::zero(report.currency), &limits.name);
    let (mut cost, mut other) = (zero, BTreeMap::new());
    for row in &report.rows {
        let [Some(environment), model] = row.keys.as_slice() else { continue };
        if **environment != **name {
            continue;
        }
        cost = cost.checked_add(row.cost)?;
        if let Some(model) = model.as_deref().filter(|it| !limits.allows(it)) {
            let of_model = other.entry(model).or_insert(zero);
            *of_model = row.cost.checked_add(*of_model)?;
        }
    }
    let mut findings = Vec::new();
    let refused = other.values().try_fold(zero, |sum, it| sum.checked_add(*it))?;
    if !other.is_empty() {
        let message = format!(
            "environment `{name}` spent {} on {period} on models that `models` of the budgets file does \
             not have: {}; move the callers to an allowed model, or add it to the list",
            refused.to_reader(),
            named(&other)
        );
        findings.push(Finding { code: FindingCode::ModelNotAllowed, message });
    }
    let most = limits.share_percent_max.map(|it| (it, report.total.part(i64::from(it), 100)));
    if let Some((percent, most)) = most
        && cost.femto_units() > most.femto_units().max(0)
    {
        let share = Percent::of(cost, report.total).unwrap_or(Percent::ZERO);
        let message = format!(
            "environment `{name}` cost {} on {period}, {share}% of all; `share_percent_max` of the \
             budgets file is {percent}, and {} is above it",
            cost.to_reader(),
            cost.checked_sub(most)?.to_reader()
        );
        findings.push(Finding { code: FindingCode::EnvironmentOutgrown, message });
    }
    Ok(findings)
}

/// The most expensive models with their cost.
fn named(costs: &BTreeMap<&str, Money>) -> String {
    let mut sorted: Vec<(&str, Money)> = costs.iter().map(|(model, it)| (*model, *it)).collect();
    sorted.sort_by_key(|(_, cost)| std::cmp::Reverse(cost.femto_units()));
    let words = sorted.iter().take(MODELS_MAX);
    let mut words: Vec<String> =
        words.map(|(model, cost)| format!("{model} {}", cost.to_reader())).collect();
    if let Some(more) = sorted.len().checked_sub(MODELS_MAX).filter(|it| *it > 0) {
        words.push(format!("{more} more"));
    }
    words.join(", ")
}
