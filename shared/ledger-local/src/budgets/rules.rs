//! Constraints that the model states in words alone, and the service checks.

use serde_json::{Value, json};

use super::error::StandInError;

/// Notifications of a budget. The model says five in one place and ten in another.
const NOTIFICATIONS_MAX: usize = 5;

/// Mail addresses of a notification, beside one topic.
const MAILS_MAX: usize = 10;

fn invalid(message: impl Into<String>) -> StandInError {
    StandInError::InvalidParameter(message.into())
}

fn has(value: &Value, member: &str) -> bool {
    value.get(member).is_some_and(|it| !it.is_null())
}

/// A text of a request, or the empty one: the model has checked those that are required.
pub(super) fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value.get(member).and_then(Value::as_str).unwrap_or_default()
}

/// Whether a budget goes together.
pub(super) fn check_budget(budget: &Value) -> Result<(), StandInError> {
    let is_newer = has(budget, "FilterExpression") || has(budget, "Metrics");
    let is_older = has(budget, "CostFilters") || has(budget, "CostTypes");
    if is_newer && is_older {
        return Err(invalid(
            "Either FilterExpression and Metrics or CostFilters and CostTypes can be present, not both.",
        ));
    }
    let (has_limit, is_planned) = (has(budget, "BudgetLimit"), has(budget, "PlannedBudgetLimits"));
    if has_limit && is_planned {
        return Err(invalid("Only one of BudgetLimit or PlannedBudgetLimits can be present."));
    }
    let counts = ["COST", "USAGE"].contains(&text(budget, "BudgetType"));
    if counts && !has_limit && !is_planned && !has(budget, "AutoAdjustData") {
        return Err(invalid("BudgetLimit is required for cost or usage budgets."));
    }
    let start = budget.pointer("/TimePeriod/Start").and_then(Value::as_f64);
    let end = budget.pointer("/TimePeriod/End").and_then(Value::as_f64);
    if start.zip(end).is_some_and(|(start, end)| start >= end) {
        return Err(invalid("The start date must come before the end date."));
    }
    budget.get("FilterExpression").map_or(Ok(()), check_expression)
}

/// An expression is one of its members, and `And` and `Or` are of two parts at least.
fn check_expression(expression: &Value) -> Result<(), StandInError> {
    let members = expression.as_object().into_iter().flatten().filter(|(_, it)| !it.is_null());
    let members: Vec<(&String, &Value)> = members.collect();
    let [(name, value)] = members.as_slice() else {
        return Err(invalid("An expression must have exactly one of its members."));
    };
    match (name.as_str(), value) {
        ("And" | "Or", Value::Array(parts)) if parts.len() < 2 => {
            Err(invalid(format!("{name} needs two expressions at least.")))
        }
        ("And" | "Or", Value::Array(parts)) => parts.iter().try_for_each(check_expression),
        ("Not", part) => check_expression(part),
        (_, part) if !has(part, "Key") => Err(invalid(format!("{name} needs a Key."))),
        (_, part) if !has(part, "Values") && !has(part, "MatchOptions") => {
            Err(invalid(format!("{name} needs Values.")))
        }
        _ => Ok(()),
    }
}

/// Whether a budget may have a notification.
pub(super) fn check_notification(budget: &Value, notification: &Value) -> Result<(), StandInError> {
    let is_forecast = text(notification, "NotificationType") == "FORECASTED";
    if is_forecast && text(budget, "TimeUnit") == "DAILY" {
        return Err(invalid("Daily budgets do not support forecasted notifications."));
    }
    Ok(())
}

pub(super) fn check_notification_count(count: usize) -> Result<(), StandInError> {
    if count <= NOTIFICATIONS_MAX {
        return Ok(());
    }
    let message = format!("A budget can have up to {NOTIFICATIONS_MAX} notifications.");
    Err(StandInError::CreationLimitExceeded(message))
}

/// Whether these may be the subscribers of a notification.
pub(super) fn check_subscribers(subscribers: &[Value]) -> Result<(), StandInError> {
    let is_topic = |it: &&Value| text(it, "SubscriptionType") == "SNS";
    for (at, subscriber) in subscribers.iter().enumerate() {
        let address = text(subscriber, "Address");
        if is_topic(&subscriber) && !(address.starts_with("arn:") && address.contains(":sns:")) {
            return Err(invalid(format!("`{address}` is not the ARN of an SNS topic.")));
        }
        if subscribers.iter().skip(at + 1).any(|it| it == subscriber) {
            return Err(StandInError::DuplicateRecord(
                "The subscriber is there already.".to_owned(),
            ));
        }
    }
    let topics = subscribers.iter().filter(is_topic).count();
    if topics > 1 || subscribers.len() - topics > MAILS_MAX {
        let message = format!(
            "A notification can have one SNS subscriber and up to {MAILS_MAX} mail subscribers."
        );
        return Err(StandInError::CreationLimitExceeded(message));
    }
    Ok(())
}

/// The members that make a notification the same one.
pub(super) fn identity(notification: &Value) -> Value {
    let kind = match text(notification, "ThresholdType") {
        "" => "PERCENTAGE",
        kind => kind,
    };
    json!([
        text(notification, "NotificationType"),
        text(notification, "ComparisonOperator"),
        notification.get("Threshold").and_then(Value::as_f64),
        kind,
    ])
}
