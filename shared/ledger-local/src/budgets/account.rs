//! The budgets of an account, and what each operation does to them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::error::StandInError;
use super::rules::{
    check_budget, check_notification, check_notification_count, check_subscribers, identity, text,
};

/// Seconds of 2087-06-15, the end of a budget without an end.
const NO_END: i64 = 3_706_473_600;

/// The budgets of one account.
#[derive(Debug, Default)]
pub(super) struct Account {
    budgets: BTreeMap<String, Stored>,
}

#[derive(Debug, Default)]
struct Stored {
    budget: Value,
    tags: Vec<Value>,
    notifications: Vec<(Value, Vec<Value>)>,
}

/// Parts of a list that an answer may cut.
pub(super) struct Listed {
    /// The member of the answer.
    pub member: &'static str,
    /// All parts.
    pub items: Vec<Value>,
}

fn not_found(kind: &str, name: &str) -> StandInError {
    StandInError::NotFound(format!("Unable to find {kind}: {name} - it doesn't exist."))
}

fn items(request: &Value, member: &str) -> Vec<Value> {
    request.get(member).and_then(Value::as_array).cloned().unwrap_or_default()
}

fn part(request: &Value, member: &str) -> Value {
    request.get(member).cloned().unwrap_or_default()
}

impl Account {
    fn stored(&self, name: &str) -> Result<&Stored, StandInError> {
        self.budgets.get(name).ok_or_else(|| not_found("budget", name))
    }

    fn stored_mut(&mut self, name: &str) -> Result<&mut Stored, StandInError> {
        self.budgets.get_mut(name).ok_or_else(|| not_found("budget", name))
    }

    /// The spend that a budget has, as AWS finds it out some hours later.
    pub(super) fn set_spend(&mut self, name: &str, amount: &str) -> Result<(), StandInError> {
        let stored = self.stored_mut(name)?;
        let unit = stored.budget.pointer("/BudgetLimit/Unit").cloned();
        let spend = json!({ "ActualSpend": { "Amount": amount, "Unit": unit } });
        replace(&mut stored.budget, "CalculatedSpend", spend);
        Ok(())
    }

    /// A budget with its tags and notifications, for tests.
    pub(super) fn shown(&self, name: &str) -> Option<Value> {
        let Stored { budget, tags, notifications } = self.budgets.get(name)?;
        Some(json!({ "Budget": budget, "Tags": tags, "Notifications": notifications }))
    }

    pub(super) fn create_budget(&mut self, request: &Value) -> Result<(), StandInError> {
        let budget = part(request, "Budget");
        check_budget(&budget)?;
        let name = text(&budget, "BudgetName").to_owned();
        if self.budgets.contains_key(&name) {
            let message = format!("Error creating budget: {name} - the budget already exists.");
            return Err(StandInError::DuplicateRecord(message));
        }
        let mut stored =
            Stored { budget, tags: items(request, "ResourceTags"), ..Stored::default() };
        for notified in items(request, "NotificationsWithSubscribers") {
            stored.notify(&part(&notified, "Notification"), items(&notified, "Subscribers"))?;
        }
        stored.begin();
        self.budgets.insert(name, stored);
        Ok(())
    }

    /// Everything of a budget is written anew, and its spend is zero until it is added up again.
    pub(super) fn update_budget(&mut self, request: &Value) -> Result<(), StandInError> {
        let budget = part(request, "NewBudget");
        check_budget(&budget)?;
        let stored = self.stored_mut(text(&budget, "BudgetName"))?;
        for (notification, _) in &stored.notifications {
            check_notification(&budget, notification)?;
        }
        stored.budget = budget;
        stored.begin();
        Ok(())
    }

    pub(super) fn delete_budget(&mut self, request: &Value) -> Result<(), StandInError> {
        let name = text(request, "BudgetName");
        self.budgets.remove(name).map(drop).ok_or_else(|| not_found("budget", name))
    }

    pub(super) fn describe_budget(&self, request: &Value) -> Result<Value, StandInError> {
        let stored = self.stored(text(request, "BudgetName"))?;
        Ok(json!({ "Budget": as_asked(&stored.budget, request) }))
    }

    pub(super) fn describe_budgets(&self, request: &Value) -> Listed {
        let budgets = self.budgets.values().map(|it| as_asked(&it.budget, request));
        Listed { member: "Budgets", items: budgets.collect() }
    }

    pub(super) fn describe_notifications(&self, request: &Value) -> Result<Listed, StandInError> {
        let stored = self.stored(text(request, "BudgetName"))?;
        let items = stored.notifications.iter().map(|(it, _)| it.clone()).collect();
        Ok(Listed { member: "Notifications", items })
    }

    pub(super) fn describe_subscribers(&self, request: &Value) -> Result<Listed, StandInError> {
        let stored = self.stored(text(request, "BudgetName"))?;
        let at = stored.place(&part(request, "Notification"))?;
        let items = stored.notifications.get(at).map(|(_, it)| it.clone()).unwrap_or_default();
        Ok(Listed { member: "Subscribers", items })
    }

    pub(super) fn list_tags(&self, account: &str, request: &Value) -> Result<Value, StandInError> {
        let arn = text(request, "ResourceARN");
        let name = arn.split_once(&format!(":budgets::{account}:budget/")).map(|(_, name)| name);
        let name = name.ok_or_else(|| not_found("resource", arn))?;
        Ok(json!({ "ResourceTags": self.stored(name)?.tags }))
    }

    pub(super) fn create_notification(&mut self, request: &Value) -> Result<(), StandInError> {
        let stored = self.stored_mut(text(request, "BudgetName"))?;
        stored.notify(&part(request, "Notification"), items(request, "Subscribers"))
    }

    pub(super) fn delete_notification(&mut self, request: &Value) -> Result<(), StandInError> {
        let stored = self.stored_mut(text(request, "BudgetName"))?;
        let at = stored.place(&part(request, "Notification"))?;
        stored.notifications.remove(at);
        Ok(())
    }

    pub(super) fn create_subscriber(&mut self, request: &Value) -> Result<(), StandInError> {
        let subscriber = part(request, "Subscriber");
        self.change_subscribers(request, |subscribers| {
            subscribers.push(subscriber);
            Ok(())
        })
    }

    pub(super) fn update_subscriber(&mut self, request: &Value) -> Result<(), StandInError> {
        let (old, new) = (part(request, "OldSubscriber"), part(request, "NewSubscriber"));
        self.change_subscribers(request, |subscribers| {
            let found = subscribers.iter_mut().find(|it| **it == old);
            *found.ok_or_else(|| not_found("subscriber", text(&old, "Address")))? = new;
            Ok(())
        })
    }

    /// Deleting the last subscriber of a notification deletes it as well.
    pub(super) fn delete_subscriber(&mut self, request: &Value) -> Result<(), StandInError> {
        let subscriber = part(request, "Subscriber");
        self.change_subscribers(request, |subscribers| {
            let at = subscribers.iter().position(|it| *it == subscriber);
            let at = at.ok_or_else(|| not_found("subscriber", text(&subscriber, "Address")))?;
            subscribers.remove(at);
            Ok(())
        })
    }

    fn change_subscribers(
        &mut self,
        request: &Value,
        change: impl FnOnce(&mut Vec<Value>) -> Result<(), StandInError>,
    ) -> Result<(), StandInError> {
        let stored = self.stored_mut(text(request, "BudgetName"))?;
        let at = stored.place(&part(request, "Notification"))?;
        let Some((_, subscribers)) = stored.notifications.get_mut(at) else { return Ok(()) };
        let mut changed = subscribers.clone();
        change(&mut changed)?;
        check_subscribers(&changed)?;
        if changed.is_empty() {
            stored.notifications.remove(at);
        } else {
            *subscribers = changed;
        }
        Ok(())
    }
}

impl Stored {
    fn place(&self, notification: &Value) -> Result<usize, StandInError> {
        let asked = identity(notification);
        let at = self.notifications.iter().position(|(it, _)| identity(it) == asked);
        at.ok_or_else(|| not_found("notification", &asked.to_string()))
    }

    fn notify(
        &mut self,
        notification: &Value,
        subscribers: Vec<Value>,
    ) -> Result<(), StandInError> {
        check_notification(&self.budget, notification)?;
        check_subscribers(&subscribers)?;
        if self.place(notification).is_ok() {
            let message = "The notification is there already.".to_owned();
            return Err(StandInError::DuplicateRecord(message));
        }
        check_notification_count(self.notifications.len() + 1)?;
        let mut notification = notification.clone();
        replace(&mut notification, "NotificationState", json!("OK"));
        if text(&notification, "ThresholdType").is_empty() {
            replace(&mut notification, "ThresholdType", json!("PERCENTAGE"));
        }
        self.notifications.push((notification, subscribers));
        Ok(())
    }

    /// A budget that was just written: its time is filled in, and its spend is zero.
    fn begin(&mut self) {
        let now = Timestamp::now();
        let start = first_day(text(&self.budget, "TimeUnit"), now.to_zoned(TimeZone::UTC).date());
        let start = start.to_zoned(TimeZone::UTC).map_or(0, |it| it.timestamp().as_second());
        let given = |member: &str, without: i64| {
            let pointer = format!("/TimePeriod/{member}");
            self.budget
                .pointer(&pointer)
                .filter(|it| !it.is_null())
                .cloned()
                .unwrap_or(json!(without))
        };
        let period = json!({ "Start": given("Start", start), "End": given("End", NO_END) });
        let unit = self.budget.pointer("/BudgetLimit/Unit").cloned().unwrap_or(json!("USD"));
        let spend = json!({ "ActualSpend": { "Amount": "0.0", "Unit": unit } });
        replace(&mut self.budget, "TimePeriod", period);
        replace(&mut self.budget, "CalculatedSpend", spend);
        replace(&mut self.budget, "LastUpdatedTime", json!(now.as_second()));
        // AWS keeps amounts as numbers: `200` comes back as `200.0`.
        if let Some(amount) = self.budget.pointer_mut("/BudgetLimit/Amount")
            && let Some(whole) = amount.as_str().filter(|it| !it.contains('.'))
        {
            *amount = json!(format!("{whole}.0"));
        }
    }
}

fn replace(value: &mut Value, member: &str, with: Value) {
    if let Some(members) = value.as_object_mut() {
        members.insert(member.to_owned(), with);
    }
}

/// The first day of a budget that names none: that of its running window.
fn first_day(unit: &str, today: Date) -> Date {
    match unit {
        "MONTHLY" => today.first_of_month(),
        "QUARTERLY" => {
            let months = (today.month() - 1) % 3;
            let month = today.month() - months;
            Date::new(today.year(), month, 1).unwrap_or(today)
        }
        "ANNUALLY" => today.first_of_year(),
        _ => today,
    }
}

/// A budget, with its filter of the newer style only where it is asked for.
fn as_asked(budget: &Value, request: &Value) -> Value {
    let mut budget = budget.clone();
    let is_shown = request.get("ShowFilterExpression").and_then(Value::as_bool) == Some(true);
    if let Some(members) = budget.as_object_mut().filter(|_| !is_shown) {
        members.remove("FilterExpression");
        members.remove("Metrics");
    }
    budget
}
