//! The changes that another budget file makes.

use std::collections::{BTreeMap, BTreeSet};

use super::{Budget, Calendar};

/// The change of one budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BudgetChange<'a> {
    /// It is new.
    Added(&'a Budget),
    /// It is gone.
    Removed(&'a Budget),
    /// Some of its fields have other values: name, before and after.
    Changed(&'a Budget, Vec<(&'static str, String, String)>),
}

/// The changes from one list of budgets to another, in the order of the new ones, then what is gone. A budget
/// that says what its name was before is the same budget.
pub fn changes<'a>(before: &'a [Budget], after: &'a [Budget]) -> Vec<BudgetChange<'a>> {
    let by_name: BTreeMap<&str, &Budget> = before.iter().map(|it| (&*it.name, it)).collect();
    let mut kept = BTreeSet::new();
    let mut changes = Vec::new();
    for budget in after {
        let names = [Some(&*budget.name), budget.formerly.as_deref()];
        let old = names.into_iter().flatten().find_map(|it| by_name.get(it));
        let Some(old) = old else {
            changes.push(BudgetChange::Added(budget));
            continue;
        };
        kept.insert(&*old.name);
        let fields = fields(old).into_iter().zip(fields(budget));
        let changed = fields.filter(|((_, old), (_, new))| old != new);
        let changed: Vec<_> = changed.map(|((name, old), (_, new))| (name, old, new)).collect();
        if !changed.is_empty() {
            changes.push(BudgetChange::Changed(budget, changed));
        }
    }
    let gone = before.iter().filter(|it| !kept.contains(&*it.name));
    changes.extend(gone.map(BudgetChange::Removed));
    changes
}

/// The fields of a budget as people read them.
fn fields(budget: &Budget) -> Vec<(&'static str, String)> {
    let Budget {
        name,
        owner,
        deputy,
        formerly: _,
        limit,
        limits,
        calendar,
        starts,
        scope,
        thresholds,
        forecast_thresholds,
        pace_thresholds,
        change_thresholds,
        roll_over_percent_max,
        cost_kind,
    } = budget;
    let none = || "none".to_owned();
    let percentages = |of: &[u16]| {
        let words: Vec<String> = of.iter().map(|it| format!("{it}%")).collect();
        if words.is_empty() { none() } else { words.join(", ") }
    };
    let roll_over = roll_over_percent_max.map(|it| format!("{it}%"));
    let limits: Vec<String> = limits.iter().map(|(month, it)| format!("{month} {it}")).collect();
    vec![
        ("name", name.to_string()),
        ("owner", owner.to_string()),
        ("deputy", deputy.as_deref().map_or_else(none, str::to_owned)),
        ("limit", limit.to_string()),
        ("limits", if limits.is_empty() { none() } else { limits.join(", ") }),
        ("window", window_words(calendar)),
        ("starts", starts.map_or_else(none, |it| it.to_string())),
        ("scope", scope.to_string()),
        ("thresholds", percentages(thresholds)),
        ("forecast_thresholds", percentages(forecast_thresholds)),
        ("pace_thresholds", percentages(pace_thresholds)),
        ("change_thresholds", percentages(change_thresholds)),
        ("roll_over_percent_max", roll_over.unwrap_or_else(none)),
        ("cost_kind", cost_kind.as_str().to_owned()),
    ]
}

fn window_words(calendar: &Calendar) -> String {
    let zone = calendar.zone().map(|it| format!(" of {}", it.name()));
    let zone = zone.as_deref().unwrap_or("");
    match calendar {
        Calendar::Once(period) => format!("once {period}"),
        Calendar::Repeating { window, fiscal, .. } if *fiscal == super::Fiscal::CALENDAR => {
            format!("{window}{zone}")
        }
        Calendar::Repeating { window, fiscal, .. } => {
            let weeks = fiscal.weeks.map(|it| format!(", {}", it.as_str()));
            let weeks = weeks.as_deref().unwrap_or("");
            let weekday = format!("{:?}", fiscal.week_start).to_lowercase();
            format!(
                "{window}{zone} (fiscal year from month {}, weeks from {weekday}{weeks})",
                fiscal.first_month
            )
        }
    }
}
