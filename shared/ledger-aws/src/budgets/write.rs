//! Copies in the shapes of AWS Budgets. Filters and metrics are of the newer style, which has more
//! dimensions; the service refuses a mixture with the older one.

use aws_sdk_budgets::error::BuildError;
use aws_sdk_budgets::types::{
    Budget, BudgetType, ComparisonOperator, CostCategoryValues, Dimension, Expression,
    ExpressionDimensionValues, Metric, Notification, NotificationType, ResourceTag, Spend,
    Subscriber, SubscriptionType, TagValues, ThresholdType, TimePeriod, TimeUnit,
};
use aws_smithy_types::DateTime;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use ledger_core::cost::CostKind;
use ledger_core::mirror::{Conditions, Definition, Key, Notice, Wanted};
use ledger_core::period::Window;

/// The end of a budget without an end.
///
/// **Source:** the documentation of `TimePeriod`: 06/15/87 00:00 UTC.
pub(super) const NO_END: Date = Date::constant(2087, 6, 15);

/// A copy. Without a first day AWS begins it with the window that is running.
pub(super) fn budget_of(wanted: &Wanted, starts: Option<Date>) -> Result<Budget, BuildError> {
    let Definition { limit, window, cost_kind, conditions } = &wanted.definition;
    let amount = limit.amount().normalize().to_string();
    let limit = Spend::builder().amount(amount).unit(limit.currency().as_str()).build()?;
    let time_period =
        starts.map(|it| TimePeriod::builder().start(date_time(it)).end(date_time(NO_END)).build());
    Budget::builder()
        .budget_name(&wanted.name)
        .budget_type(BudgetType::Cost)
        .budget_limit(limit)
        .time_unit(unit_of(*window)?)
        .set_time_period(time_period)
        .set_filter_expression(expression_of(conditions)?)
        .metrics(metric_of(*cost_kind)?)
        .build()
}

pub(super) fn notification_of(notice: Notice) -> Result<Notification, BuildError> {
    let (kind, percent) = match notice {
        Notice::Spent(percent) => (NotificationType::Actual, percent),
        Notice::Forecast(percent) => (NotificationType::Forecasted, percent),
    };
    Notification::builder()
        .notification_type(kind)
        .comparison_operator(ComparisonOperator::GreaterThan)
        .threshold(f64::from(percent))
        .threshold_type(ThresholdType::Percentage)
        .build()
}

pub(super) fn subscriber_of(topic: &str) -> Result<Subscriber, BuildError> {
    Subscriber::builder().subscription_type(SubscriptionType::Sns).address(topic).build()
}

pub(super) fn tag_of(key: &str, value: &str) -> Result<ResourceTag, BuildError> {
    ResourceTag::builder().key(key).value(value).build()
}

fn unit_of(window: Window) -> Result<TimeUnit, BuildError> {
    match window {
        Window::Daily => Ok(TimeUnit::Daily),
        Window::Monthly => Ok(TimeUnit::Monthly),
        Window::Quarterly => Ok(TimeUnit::Quarterly),
        Window::Yearly => Ok(TimeUnit::Annually),
        Window::Weekly | Window::Once => {
            Err(BuildError::invalid_field("TimeUnit", "AWS Budgets has no such window"))
        }
    }
}

fn metric_of(cost_kind: CostKind) -> Result<Metric, BuildError> {
    match cost_kind {
        CostKind::Unblended => Ok(Metric::UnblendedCost),
        CostKind::NetUnblended => Ok(Metric::NetUnblendedCost),
        CostKind::Amortized => Ok(Metric::AmortizedCost),
        CostKind::NetAmortized => Ok(Metric::NetAmortizedCost),
        CostKind::List => Err(BuildError::invalid_field("Metrics", "AWS Budgets has no list cost")),
    }
}

/// All conditions hold. `And` has two parts at least.
fn expression_of(conditions: &Conditions) -> Result<Option<Expression>, BuildError> {
    let mut parts = Vec::new();
    for (key, values) in conditions {
        let values = Some(values.iter().cloned().collect());
        let part = Expression::builder();
        let dimension = |key| ExpressionDimensionValues::builder().key(key);
        parts.push(match key {
            Key::Service => {
                part.dimensions(dimension(Dimension::Service).set_values(values).build()?).build()
            }
            Key::Account => {
                let accounts = dimension(Dimension::LinkedAccount).set_values(values);
                part.dimensions(accounts.build()?).build()
            }
            Key::Tag(key) => {
                part.tags(TagValues::builder().key(&**key).set_values(values).build()).build()
            }
            Key::Category(name) => {
                let category = CostCategoryValues::builder().key(&**name).set_values(values);
                part.cost_categories(category.build()).build()
            }
        });
    }
    Ok(match parts.len() {
        0 | 1 => parts.pop(),
        _ => Some(Expression::builder().set_and(Some(parts)).build()),
    })
}

fn date_time(day: Date) -> DateTime {
    let at = day.to_zoned(TimeZone::UTC).map_or(0, |it| it.timestamp().as_second());
    DateTime::from_secs(at)
}
