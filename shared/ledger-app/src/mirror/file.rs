//! The account's own budgets as a `budgets.toml`.

use std::fmt::Write as _;

use jiff::civil::Date;
use ledger_core::aws::budgets::{is_service_name, key_of_category};
use ledger_core::filter::Glob;
use ledger_core::mirror::{Conditions, Definition, Existing, Key, Notice, counts_whole};
use toml::Value;

use crate::budget_file::parse_budgets;

/// The threshold of a budget without a notification of its cost: a budget of Tollbook has one at least.
const THRESHOLD: u16 = 100;

/// A budget file of the budgets of an account, each alerting `owner`. A budget that counts another cost
/// than Tollbook would is a comment with the reason, and so is any part of a budget that is left out.
pub fn budgets_text(existing: &[Existing], owner: &str, today: Date) -> String {
    let mut text = String::new();
    for budget in existing {
        let entry = entry_of(budget, owner, today);
        let entry = entry.and_then(|it| match parse_budgets(&it) {
            Ok(_) => Ok(it),
            Err(err) => Err(err.to_string()),
        });
        match entry {
            Ok(entry) => text.push_str(&entry),
            Err(reason) => text.push_str(&comment(&format!("{}: {reason}", quoted(&budget.name)))),
        }
        text.push('\n');
    }
    text
}

/// The lines of a budget, or the reason against it.
fn entry_of(budget: &Existing, owner: &str, today: Date) -> Result<String, String> {
    if let Some(stack) = &budget.stack {
        return Err(format!("it is the copy of a budget that the stack `{stack}` mirrors"));
    }
    let Definition { limit, window, cost_kind, conditions } = budget.definition.as_ref()?;
    if let Some(end) = budget.ends {
        return Err(format!("it ends on {end}, and AWS deletes it then"));
    }
    if let Some(start) = budget.starts.filter(|it| !counts_whole(*window, *it, today)) {
        return Err(format!(
            "it begins on {start}: its {window} windows are not those of the calendar, or not yet"
        ));
    }
    let scope = scope_of(conditions)?;
    let (thresholds, forecast_thresholds, left_out) = thresholds_of(budget);
    let mut entry = left_out.iter().map(|it| comment(it)).collect::<String>();
    entry.push_str("[[budget]]\n");
    let mut line = |key: &str, value: Value| {
        // Writing to a text cannot fail.
        let _ = writeln!(entry, "{key} = {value}");
    };
    line("name", budget.name.as_str().into());
    line("owner", owner.into());
    line("limit", limit.amount().normalize().to_string().into());
    line("currency", limit.currency().as_str().into());
    line("window", window.as_str().into());
    line("cost_kind", cost_kind.as_str().into());
    line("thresholds", numbers(&thresholds));
    if !forecast_thresholds.is_empty() {
        line("forecast_thresholds", numbers(&forecast_thresholds));
    }
    entry.push_str("[budget.scope]\n");
    for (key, values) in scope {
        let values = Value::Array(values.into_iter().map(Value::String).collect());
        let _ = writeln!(entry, "{} = {values}", quoted(&key));
    }
    Ok(entry)
}

/// The dimensions of a scope. Tollbook counts AI charges alone, so services have to be named.
fn scope_of(conditions: &Conditions) -> Result<Vec<(String, Vec<String>)>, String> {
    let Some(services) = conditions.get(&Key::Service) else {
        return Err("it counts all services, and Tollbook counts AI alone".to_owned());
    };
    if let Some(other) = services.iter().find(|it| !is_service_name(it)) {
        return Err(format!("it counts {}, which is not AI", quoted(other)));
    }
    let mut scope = Vec::new();
    for (key, values) in conditions {
        if let Some(pattern) = values.iter().find(|it| Glob::is_pattern(it)) {
            let pattern = quoted(pattern);
            return Err(format!(
                "{pattern} would be a pattern in a scope, where AWS compares it as it is"
            ));
        }
        let word = match key {
            Key::Service => "service".to_owned(),
            Key::Account => "account".to_owned(),
            Key::Tag(key) => format!("tag:{key}"),
            Key::Category(name) => format!("tag:{}", key_of_category(name)),
        };
        scope.push((word, values.iter().cloned().collect()));
    }
    Ok(scope)
}

/// The thresholds on cost and on forecasts, and a sentence for each that is left out.
fn thresholds_of(budget: &Existing) -> (Vec<u16>, Vec<u16>, Vec<String>) {
    let (mut thresholds, mut forecast, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
    for notice in budget.notices.keys() {
        match notice {
            Notice::Spent(percent @ 1..=1_000) => thresholds.push(*percent),
            Notice::Forecast(percent @ 100..=1_000) => forecast.push(*percent),
            other => left_out.push(format!("left out: a notification of AWS {other}")),
        }
    }
    if budget.other_notices > 0 {
        left_out.push(format!(
            "left out: {} notifications of AWS that are no whole percentage of the limit, above it",
            budget.other_notices
        ));
    }
    if thresholds.is_empty() {
        left_out.push(format!("added: a threshold of {THRESHOLD}, since AWS notifies of no cost"));
        thresholds.push(THRESHOLD);
    }
    (thresholds, forecast, left_out)
}

fn numbers(thresholds: &[u16]) -> Value {
    Value::Array(thresholds.iter().map(|it| Value::Integer(i64::from(*it))).collect())
}

/// A text in quotation marks, on one line.
fn quoted(text: &str) -> String {
    // A text with line breaks would be written as several lines.
    let plain: String = text.chars().map(|it| if it.is_control() { ' ' } else { it }).collect();
    Value::String(plain).to_string()
}

/// Comment lines.
fn comment(text: &str) -> String {
    text.lines().map(|line| format!("# {line}\n")).collect()
}
