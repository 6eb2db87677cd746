//! Budgets of an account in the words of the core, or the part that has none.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_budgets::types::{
    Budget, BudgetType, ComparisonOperator, CostTypes, Dimension, Expression, MatchOption, Metric,
    Notification, NotificationType, ThresholdType, TimeUnit,
};
use aws_smithy_types::DateTime;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use ledger_core::aws::budgets::is_tag_of_caller;
use ledger_core::cost::CostKind;
use ledger_core::currency::Currency;
use ledger_core::mirror::{Conditions, Definition, Existing, Key, Notice};
use ledger_core::money::Money;
use ledger_core::period::Window;

use super::write::NO_END;

/// Prefix of user-defined tag keys in the older filters.
const USER_PREFIX: &str = "user:";

/// Separator between key and value in the older filters.
const SEPARATOR: char = '$';

/// The billing view that every budget has unless another one was chosen.
const PRIMARY_VIEW: &str = "billingview/primary";

/// A budget without its tag and its notifications, which are other requests.
pub(super) fn existing(budget: &Budget) -> Existing {
    let period = budget.time_period();
    let ends = period.and_then(|it| date_of(it.end()?));
    Existing {
        name: budget.budget_name().to_owned(),
        stack: None,
        definition: definition_of(budget),
        starts: period.and_then(|it| date_of(it.start()?)),
        ends: ends.filter(|it| *it < NO_END),
        notices: BTreeMap::new(),
        other_notices: 0,
    }
}

/// A notification of a whole percentage, above it; `None` for any other.
pub(super) fn notice_of(notification: &Notification) -> Option<Notice> {
    let is_percentage =
        matches!(notification.threshold_type(), None | Some(ThresholdType::Percentage));
    let is_above = *notification.comparison_operator() == ComparisonOperator::GreaterThan;
    // No percentage has so many digits that a text of it would not be exact.
    let percent = notification.threshold().to_string().parse().ok();
    let percent = percent.filter(|_| is_percentage && is_above)?;
    match notification.notification_type() {
        NotificationType::Actual => Some(Notice::Spent(percent)),
        NotificationType::Forecasted => Some(Notice::Forecast(percent)),
        _ => None,
    }
}

fn date_of(at: &DateTime) -> Option<Date> {
    let at = Timestamp::from_second(at.secs()).ok()?;
    Some(at.to_zoned(TimeZone::UTC).date())
}

fn definition_of(budget: &Budget) -> Result<Definition, String> {
    if *budget.budget_type() != BudgetType::Cost {
        return Err(format!("it is of type {} and not of cost", budget.budget_type().as_str()));
    }
    if budget.auto_adjust_data().is_some() {
        return Err("its limit adjusts itself".to_owned());
    }
    if budget.planned_budget_limits().is_some_and(|it| !it.is_empty()) {
        return Err("its limits are planned ahead".to_owned());
    }
    if let Some(view) = budget.billing_view_arn().filter(|it| !it.ends_with(PRIMARY_VIEW)) {
        return Err(format!("it counts the billing view `{view}`"));
    }
    let limit = budget.budget_limit().ok_or("it has no limit")?;
    let currency = Currency::parse(limit.unit()).map_err(|err| format!("its limit: {err}"))?;
    let limit =
        Money::parse(limit.amount(), currency).map_err(|err| format!("its limit: {err}"))?;
    Ok(Definition {
        limit: limit.money,
        window: window_of(budget.time_unit())?,
        cost_kind: cost_kind_of(budget)?,
        conditions: conditions_of(budget)?,
    })
}

fn window_of(unit: &TimeUnit) -> Result<Window, String> {
    match unit {
        TimeUnit::Daily => Ok(Window::Daily),
        TimeUnit::Monthly => Ok(Window::Monthly),
        TimeUnit::Quarterly => Ok(Window::Quarterly),
        TimeUnit::Annually => Ok(Window::Yearly),
        other => Err(format!("its windows are {}", other.as_str())),
    }
}

/// The metric of the newer style counts: AWS may show the older form of it as well.
#[expect(deprecated, reason = "budgets that people made long ago have the older form alone")]
fn cost_kind_of(budget: &Budget) -> Result<CostKind, String> {
    match (budget.metrics(), budget.cost_types()) {
        ([], None) => Ok(CostKind::Unblended),
        ([], Some(types)) => cost_kind_of_types(types),
        ([Metric::UnblendedCost], _) => Ok(CostKind::Unblended),
        ([Metric::NetUnblendedCost], _) => Ok(CostKind::NetUnblended),
        ([Metric::AmortizedCost], _) => Ok(CostKind::Amortized),
        ([Metric::NetAmortizedCost], _) => Ok(CostKind::NetAmortized),
        (others, _) => {
            let others: Vec<&str> = others.iter().map(Metric::as_str).collect();
            Err(format!("it counts {}", others.join(", ")))
        }
    }
}

/// Tollbook counts charges of all kinds, and the words of `counts` are others than these.
fn cost_kind_of_types(types: &CostTypes) -> Result<CostKind, String> {
    let kinds = [
        ("taxes", types.include_tax()),
        ("subscriptions", types.include_subscription()),
        ("refunds", types.include_refund()),
        ("credits", types.include_credit()),
        ("upfront fees", types.include_upfront()),
        ("recurring fees", types.include_recurring()),
        ("other subscriptions", types.include_other_subscription()),
        ("support", types.include_support()),
        ("discounts", types.include_discount()),
    ];
    let left_out: Vec<&str> =
        kinds.iter().filter(|(_, is_in)| *is_in == Some(false)).map(|(word, _)| *word).collect();
    if !left_out.is_empty() {
        return Err(format!("it leaves out {}", left_out.join(", ")));
    }
    if types.use_blended() == Some(true) {
        return Err("it counts the blended cost".to_owned());
    }
    let is_amortized = types.use_amortized() == Some(true);
    Ok(if is_amortized { CostKind::Amortized } else { CostKind::Unblended })
}

/// The filter of the newer style counts, where there is one.
#[expect(deprecated, reason = "budgets that people made long ago have the older form alone")]
fn conditions_of(budget: &Budget) -> Result<Conditions, String> {
    let mut conditions = Conditions::new();
    if let Some(expression) = budget.filter_expression() {
        add(expression, &mut conditions)?;
        return Ok(conditions);
    }
    for (word, values) in budget.cost_filters().into_iter().flatten() {
        match word.as_str() {
            "Service" => insert(&mut conditions, Key::Service, values)?,
            "LinkedAccount" => insert(&mut conditions, Key::Account, values)?,
            "TagKeyValue" => {
                let (key, values) = key_and_values(values)?;
                insert(&mut conditions, tag_of(key)?, &values)?;
            }
            "CostCategory" => {
                let (name, values) = key_and_values(values)?;
                insert(&mut conditions, Key::Category(name.into()), &values)?;
            }
            other => return Err(format!("it filters by {other}")),
        }
    }
    Ok(conditions)
}

/// `KEY$VALUE`, all of one key.
fn key_and_values(texts: &[String]) -> Result<(&str, Vec<String>), String> {
    let pairs: Option<Vec<(&str, &str)>> =
        texts.iter().map(|it| it.split_once(SEPARATOR)).collect();
    let pairs = pairs.unwrap_or_default();
    let keys: BTreeSet<&str> = pairs.iter().map(|(key, _)| *key).collect();
    match (keys.first(), keys.len()) {
        (Some(key), 1) => Ok((key, pairs.iter().map(|(_, it)| (*it).to_owned()).collect())),
        _ => Err("it filters by several tags or cost categories at once".to_owned()),
    }
}

/// Adds the conditions of an expression to others, all of which hold.
fn add(expression: &Expression, conditions: &mut Conditions) -> Result<(), String> {
    if !expression.or().is_empty() || expression.not().is_some() {
        return Err("its filter has `Or` or `Not`".to_owned());
    }
    if let Some(attributes) = expression.product_attributes() {
        return Err(format!("it filters by the product attribute {}", attributes.key()));
    }
    expression.and().iter().try_for_each(|it| add(it, conditions))?;
    if let Some(it) = expression.dimensions() {
        let key = match it.key() {
            Dimension::Service => Key::Service,
            Dimension::LinkedAccount => Key::Account,
            other => return Err(format!("it filters by {}", other.as_str())),
        };
        check_match(it.match_options())?;
        insert(conditions, key, it.values())?;
    }
    if let Some(it) = expression.tags() {
        check_match(it.match_options())?;
        insert(conditions, tag_of(it.key().unwrap_or_default())?, it.values())?;
    }
    if let Some(it) = expression.cost_categories() {
        check_match(it.match_options())?;
        insert(conditions, Key::Category(it.key().unwrap_or_default().into()), it.values())?;
    }
    Ok(())
}

fn tag_of(key: &str) -> Result<Key, String> {
    let plain = key.strip_prefix(USER_PREFIX).unwrap_or(key);
    if is_tag_of_caller(plain) {
        return Ok(Key::Tag(plain.into()));
    }
    Err(format!("it filters by the tag `{key}`, which is none of a caller"))
}

fn check_match(options: &[MatchOption]) -> Result<(), String> {
    let is_whole =
        |it: &MatchOption| matches!(it, MatchOption::Equals | MatchOption::CaseSensitive);
    match options.iter().find(|it| !is_whole(it)) {
        Some(other) => Err(format!("its filter matches by {}", other.as_str())),
        None => Ok(()),
    }
}

fn insert(conditions: &mut Conditions, key: Key, values: &[String]) -> Result<(), String> {
    let shown = key.to_string();
    match conditions.insert(key, values.iter().cloned().collect()) {
        Some(_) => Err(format!("its filter names {shown} twice")),
        None => Ok(()),
    }
}
