//! The windows of a budget that are past.

use anyhow::Context;
use ledger_app::documents::applied_budgets;
use ledger_app::ports::{AlertStore as _, StoredAlert};
use ledger_app::view::View;
use ledger_core::access::Access;
use ledger_core::budget::{Budget, BudgetSpending, BudgetWindow};
use ledger_core::period::ChargePeriod;

use super::budget::print;
use super::now;
use crate::args::Format;
use crate::place::Place;
use crate::{Outcome, output};

/// Prints the windows of a budget, the newest first, and the alerts of each.
pub async fn history(
    place: &Place,
    format: Format,
    name: &str,
    windows: u16,
) -> anyhow::Result<Outcome> {
    let opened = place.open_to_read().await?;
    let view = View::open_all(&opened.ledger, Access::everything(), now()).await?;
    let (version, budgets) = applied_budgets(&opened.ledger).await?;
    let budget = find(&budgets, name)?;
    let data_up_to = view.data_up_to();
    let first = view.heads().iter().filter_map(|it| it.days.keys().next()).min().copied();
    let last = data_up_to.and_then(|it| it.yesterday().ok()).map(|it| it.max(view.now().today()));
    let mut at = last.and_then(|it| budget.calendar.running(it));
    let mut shown = Vec::new();
    while let Some(period) = at.filter(|it| first.is_some_and(|first| first < it.end())) {
        if shown.len() == usize::from(windows) {
            break;
        }
        let counted = budget.counted(period);
        shown.extend(counted.map(|period| BudgetWindow { budget, period }));
        at = budget.calendar.previous(period);
    }
    let mut spending = BudgetSpending::new(&shown, data_up_to);
    view.answer(&mut [&mut spending]).await?;
    let verdicts = spending.finish()?;
    let alerts = alerts_of(&shown, &opened.ledger).await?;
    opened.close().await;
    print(version, &verdicts, &alerts, &[], format)?;
    if format == Format::Table {
        for StoredAlert { alert, state, at } in &alerts {
            output::line(&format!("{at} {}: {}", state.as_str(), alert.subject));
        }
    }
    Ok(Outcome::Done)
}

/// The budget of a name.
pub(super) fn find<'b>(budgets: &'b [Budget], name: &str) -> anyhow::Result<&'b Budget> {
    let names: Vec<&str> = budgets.iter().map(|it| &*it.name).collect();
    let names = if names.is_empty() { "none is applied".to_owned() } else { names.join(", ") };
    let found = budgets.iter().find(|it| *it.name == *name);
    found.with_context(|| format!("there is no budget `{name}`; expected one of: {names}"))
}

/// The alerts of these windows, the newest first.
async fn alerts_of(
    shown: &[BudgetWindow<'_>],
    ledger: &ledger_aws::dynamodb::DynamoLedger,
) -> anyhow::Result<Vec<StoredAlert>> {
    let (Some(newest), Some(oldest)) = (shown.first(), shown.last()) else { return Ok(Vec::new()) };
    let all = ChargePeriod::new(oldest.period.start(), newest.period.end())?;
    let names = [Some(&newest.budget.name), newest.budget.formerly.as_ref()];
    let mut alerts = ledger.alerts(all).await?;
    alerts.retain(|it| it.alert.id.crossing().is_some_and(|id| names.contains(&Some(&id.budget))));
    alerts.sort_by_key(|it| std::cmp::Reverse(it.at));
    Ok(alerts)
}
