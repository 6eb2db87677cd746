//! Attribution health of a ledger, and the finding where much of it hides its callers.

use jiff::ToSpan as _;
use jiff::civil::Date;
use ledger_core::attribution_health::{
    AttributionHealthBuilder, Class, CurrencyHealth, HealthPart, HealthQuery,
};
use ledger_core::aws::attribution_fix::{AttributionFix, fixes_of};
use ledger_core::cost::CostKind;
use ledger_core::dimension::Scope;
use ledger_core::finding::{Finding, FindingCode};
use ledger_core::money::MoneyError;
use ledger_core::percent::Percent;
use ledger_core::period::ChargePeriod;

use crate::ports::LedgerStore;
use crate::view::{LookupError, View};

/// Days that are judged where none are named.
const RECENT_DAYS: i64 = 30;

/// A larger part of the recent cost than this should not hide its callers.
const HIDDEN_MAX: Percent = Percent::whole(5);

/// The last days with data; `None` without data.
pub fn recent_days<L>(view: &View<L>) -> Option<ChargePeriod>
where
    L: LedgerStore + Clone + 'static,
{
    let end: Date = view.data_up_to()?;
    ChargePeriod::new(end.saturating_sub(RECENT_DAYS.days()), end).ok()
}

/// The health of these days, by currency, in one pass.
///
/// # Errors
///
/// [`LookupError`].
pub async fn attribution_health<L>(
    view: &View<L>,
    query: &HealthQuery,
) -> Result<Vec<CurrencyHealth>, LookupError>
where
    L: LedgerStore + Clone + 'static,
{
    let mut builder = AttributionHealthBuilder::new(query);
    view.answer(&mut [&mut builder]).await?;
    Ok(builder.finish()?)
}

/// The changes that make the bill tell more of this part.
pub fn fixes(part: &HealthPart) -> Vec<AttributionFix> {
    fixes_of(part.identity.as_deref(), part.reason)
}

/// A finding for each currency in which much of the recent cost has an identity that hides its callers
/// or says nothing of whom it called for.
///
/// A ledger of which no line names a caller has a finding of its own, and charges that are no use have
/// no caller anywhere.
///
/// # Errors
///
/// [`LookupError`].
pub async fn findings_of_attribution<L>(view: &View<L>) -> Result<Vec<Finding>, LookupError>
where
    L: LedgerStore + Clone + 'static,
{
    let Some(period) = recent_days(view) else { return Ok(Vec::new()) };
    let query = HealthQuery { period, scope: Scope::default(), cost_kind: CostKind::Unblended };
    let mut findings = Vec::new();
    for health in attribution_health(view, &query).await? {
        findings.extend(finding_of(&health, period)?);
    }
    Ok(findings)
}

fn finding_of(
    health: &CurrencyHealth,
    period: ChargePeriod,
) -> Result<Option<Finding>, MoneyError> {
    let [collapsed, untagged, default_project] =
        [Class::Collapsed, Class::Untagged, Class::DefaultProject].map(|it| health.classes.of(it));
    let hidden = collapsed.checked_add(untagged)?.checked_add(default_project)?;
    let Some(share) = Percent::of(hidden, health.total).filter(|it| *it > HIDDEN_MAX) else {
        return Ok(None);
    };
    let is_hidden = |it: &&HealthPart| {
        !matches!(it.reason.class(), Class::Preserved | Class::Unknown) && it.identity.is_some()
    };
    let largest = health.parts.iter().find(is_hidden);
    let largest = largest.map_or_else(String::new, |it| {
        let identity = it.identity.as_deref().unwrap_or("no caller");
        format!(", most of it {} of {identity}: {}", it.cost.to_reader(), it.reason.sentence())
    });
    let message = format!(
        "{} of {period} ({}%) does not say who called: {} by identities that hide their callers, {} by \
         identities without tags{largest}; `tollbook insight attribution --fixes` has the changes to \
         paste",
        hidden.to_reader(),
        share.to_one_digit(),
        collapsed.to_reader(),
        untagged.to_reader(),
    );
    Ok(Some(Finding { code: FindingCode::AttributionHidden, message }))
}
