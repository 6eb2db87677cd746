use serde_json::{Value, json};

use super::*;

const ACCOUNT: &str = "123456789012";
const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:alerts";

fn stand_in() -> BudgetsStandIn {
    BudgetsStandIn::new(ACCOUNT).unwrap()
}

/// The answer of an operation. An error is one that the model has for it.
fn ask(stand_in: &BudgetsStandIn, operation: &str, request: Value) -> Result<Value, String> {
    let target = format!("{TARGET_PREFIX}{operation}");
    stand_in.answer(&target, request.to_string().as_bytes()).map_err(|err| {
        let code = err.code();
        assert!(stand_in.model.has_error(operation, code), "{operation} has no {code}");
        format!("{code}: {err}")
    })
}

fn budget(name: &str) -> Value {
    json!({
        "BudgetName": name,
        "BudgetType": "COST",
        "TimeUnit": "MONTHLY",
        "BudgetLimit": { "Amount": "100", "Unit": "USD" },
        "FilterExpression": { "Dimensions": { "Key": "SERVICE", "Values": ["Amazon Bedrock"] } },
        "Metrics": ["UnblendedCost"],
    })
}

fn creation(budget: Value) -> Value {
    json!({ "AccountId": ACCOUNT, "Budget": budget })
}

fn notification(percent: u16) -> Value {
    json!({
        "NotificationType": "ACTUAL",
        "ComparisonOperator": "GREATER_THAN",
        "Threshold": percent,
        "ThresholdType": "PERCENTAGE",
    })
}

fn subscriber(kind: &str, address: &str) -> Value {
    json!({ "SubscriptionType": kind, "Address": address })
}

fn about(name: &str, more: Value) -> Value {
    let mut request = json!({ "AccountId": ACCOUNT, "BudgetName": name });
    let members = request.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    request
}

fn notified(name: &str, percent: u16) -> Value {
    let notification = notification(percent);
    about(name, json!({ "Notification": notification, "Subscribers": [subscriber("SNS", TOPIC)] }))
}

#[track_caller]
fn refused(answer: Result<Value, String>, expected: &str) {
    let error = answer.unwrap_err();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn requests_are_checked_against_the_model() {
    let stand_in = stand_in();
    let changed = |pointer: &str, value: Value| {
        let mut request = creation(budget("a"));
        *request.pointer_mut(pointer).unwrap() = value;
        ask(&stand_in, "CreateBudget", request)
    };
    let without = |member: &str| {
        let mut request = creation(budget("a"));
        request.pointer_mut("/Budget").unwrap().as_object_mut().unwrap().remove(member);
        ask(&stand_in, "CreateBudget", request)
    };
    refused(without("TimeUnit"), "Value null at 'budget.timeUnit'");
    refused(
        without("BudgetName"),
        "'budget.budgetName' failed to satisfy constraint: Member must not be null",
    );
    refused(changed("/Budget/TimeUnit", json!("WEEKLY")), "enum value set: [DAILY, MONTHLY");
    refused(changed("/Budget/BudgetName", json!("a:b")), "regular expression pattern");
    refused(changed("/Budget/BudgetName", json!("x".repeat(101))), "less than or equal to 100");
    refused(changed("/Budget/BudgetLimit/Amount", json!("1e3")), "regular expression pattern");
    refused(changed("/Budget/BudgetLimit/Amount", json!(100)), "Member must be of type String");
    refused(changed("/AccountId", json!("12345")), "length greater than or equal to 12");
    refused(changed("/Budget/Metrics", json!(["UnblendedCost", "AmortizedCost"])), "equal to 1");
    let values = "/Budget/FilterExpression/Dimensions/Values";
    refused(changed(values, json!([])), "length greater than or equal to 1");
    refused(changed("/Budget/FilterExpression/Dimensions/Key", json!("MODEL")), "enum value set");
    let mut unknown = creation(budget("a"));
    unknown["Budget"]["Owner"] = json!("search");
    refused(ask(&stand_in, "CreateBudget", unknown), "Member is not one of the model");
    refused(ask(&stand_in, "CreateNotification", about("a", json!({}))), "'notification'");
    let mut high = notified("a", 80);
    high["Notification"]["Threshold"] = json!(-1);
    refused(ask(&stand_in, "CreateNotification", high), "Member must be between");
    assert_eq!(stand_in.changes(), 0);
}

#[test]
fn a_budget_that_does_not_go_together_is_refused() {
    let stand_in = stand_in();
    let with = |members: Value| {
        let mut budget = budget("a");
        budget.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        ask(&stand_in, "CreateBudget", creation(budget))
    };
    refused(with(json!({ "CostTypes": { "IncludeTax": true } })), "not both");
    refused(with(json!({ "CostFilters": { "Service": ["Amazon Bedrock"] } })), "not both");
    refused(with(json!({ "PlannedBudgetLimits": {} })), "Only one of BudgetLimit or Planned");
    refused(with(json!({ "BudgetLimit": null })), "BudgetLimit is required");
    refused(with(json!({ "TimePeriod": { "Start": 2, "End": 1 } })), "before the end date");
    let one = json!({ "Dimensions": { "Key": "SERVICE", "Values": ["a"] } });
    let tags = json!({ "Key": "iamPrincipal/team", "Values": ["a"] });
    refused(with(json!({ "FilterExpression": { "And": [one] } })), "And needs two");
    refused(with(json!({ "FilterExpression": { "And": [one, { "Or": [one] }] } })), "Or needs two");
    let both = json!({ "Dimensions": one["Dimensions"], "Tags": tags });
    refused(with(json!({ "FilterExpression": both })), "exactly one of its members");
    refused(
        with(json!({ "FilterExpression": { "Tags": { "Values": ["a"] } } })),
        "Tags needs a Key",
    );
    assert!(with(json!({ "FilterExpression": { "And": [one, { "Tags": tags }] } })).is_ok());
}

#[test]
fn records_are_made_once_and_are_there_until_they_are_deleted() {
    let stand_in = stand_in();
    ask(&stand_in, "CreateBudget", creation(budget("a"))).unwrap();
    refused(ask(&stand_in, "CreateBudget", creation(budget("a"))), "DuplicateRecordException");
    let update = |name| json!({ "AccountId": ACCOUNT, "NewBudget": budget(name) });
    refused(ask(&stand_in, "UpdateBudget", update("b")), "NotFoundException");
    refused(ask(&stand_in, "CreateNotification", notified("b", 80)), "NotFoundException");
    ask(&stand_in, "CreateNotification", notified("a", 80)).unwrap();
    refused(ask(&stand_in, "CreateNotification", notified("a", 80)), "DuplicateRecordException");
    let other = json!({ "AccountId": "210987654321" });
    refused(ask(&stand_in, "DescribeBudgets", other), "AccessDeniedException");
    ask(&stand_in, "DeleteBudget", about("a", json!({}))).unwrap();
    refused(ask(&stand_in, "DeleteBudget", about("a", json!({}))), "NotFoundException");
    assert_eq!(stand_in.changes(), 3, "refused calls changed nothing");
}

#[test]
fn notifications_and_subscribers_have_limits() {
    let stand_in = stand_in();
    ask(&stand_in, "CreateBudget", creation(budget("a"))).unwrap();
    for percent in 1..=5 {
        ask(&stand_in, "CreateNotification", notified("a", percent)).unwrap();
    }
    refused(ask(&stand_in, "CreateNotification", notified("a", 6)), "CreationLimitExceeded");
    let of = |percent, subscriber: Value| {
        about("a", json!({ "Notification": notification(percent), "Subscriber": subscriber }))
    };
    let topic = subscriber("SNS", "arn:aws:sns:us-east-1:123456789012:other");
    refused(ask(&stand_in, "CreateSubscriber", of(1, topic)), "one SNS subscriber");
    for at in 0..10 {
        let mail = subscriber("EMAIL", &format!("{at}@example.com"));
        ask(&stand_in, "CreateSubscriber", of(1, mail)).unwrap();
    }
    let mail = subscriber("EMAIL", "x@example.com");
    refused(ask(&stand_in, "CreateSubscriber", of(1, mail)), "up to 10 mail");
    let no_topic = subscriber("SNS", "alerts");
    refused(ask(&stand_in, "CreateSubscriber", of(2, no_topic)), "not the ARN");
    ask(&stand_in, "DeleteSubscriber", of(2, subscriber("SNS", TOPIC))).unwrap();
    let left = ask(&stand_in, "DescribeNotificationsForBudget", about("a", json!({}))).unwrap();
    assert_eq!(left["Notifications"].as_array().unwrap().len(), 4, "the last one takes it along");
}

#[test]
fn a_daily_budget_has_no_forecast() {
    let stand_in = stand_in();
    let mut daily = budget("a");
    daily["TimeUnit"] = json!("DAILY");
    ask(&stand_in, "CreateBudget", creation(daily.clone())).unwrap();
    let mut forecast = notified("a", 100);
    forecast["Notification"]["NotificationType"] = json!("FORECASTED");
    refused(ask(&stand_in, "CreateNotification", forecast.clone()), "Daily budgets");
    let update = |budget: &Value| json!({ "AccountId": ACCOUNT, "NewBudget": budget });
    ask(&stand_in, "UpdateBudget", update(&budget("a"))).unwrap();
    ask(&stand_in, "CreateNotification", forecast).unwrap();
    refused(ask(&stand_in, "UpdateBudget", update(&daily)), "Daily budgets");
}

#[test]
fn an_update_sets_the_spend_back_and_nothing_else_does() {
    let stand_in = stand_in();
    ask(&stand_in, "CreateBudget", creation(budget("a"))).unwrap();
    stand_in.set_spend("a", "12.5").unwrap();
    let spend = || {
        stand_in.budget("a").unwrap()["Budget"]["CalculatedSpend"]["ActualSpend"]["Amount"].clone()
    };
    ask(&stand_in, "CreateNotification", notified("a", 80)).unwrap();
    assert_eq!(spend(), "12.5");
    let update = json!({ "AccountId": ACCOUNT, "NewBudget": budget("a") });
    ask(&stand_in, "UpdateBudget", update).unwrap();
    assert_eq!(spend(), "0.0");
}

#[test]
fn lists_have_pages_and_filters_are_shown_when_they_are_asked_for() {
    let stand_in = stand_in();
    for name in ["a", "b", "c"] {
        ask(&stand_in, "CreateBudget", creation(budget(name))).unwrap();
    }
    let asked = |token: Option<&str>| {
        let request = json!({ "AccountId": ACCOUNT, "MaxResults": 2, "NextToken": token });
        ask(&stand_in, "DescribeBudgets", request)
    };
    let first = asked(None).unwrap();
    assert_eq!(first["Budgets"].as_array().unwrap().len(), 2);
    assert_eq!(first["Budgets"][0]["FilterExpression"], Value::Null);
    let second = asked(first["NextToken"].as_str()).unwrap();
    assert_eq!(second["Budgets"].as_array().unwrap().len(), 1);
    assert_eq!(second["NextToken"], Value::Null);
    refused(asked(Some("x")), "InvalidNextTokenException");
    let shown = about("a", json!({ "ShowFilterExpression": true }));
    let shown = ask(&stand_in, "DescribeBudget", shown).unwrap();
    assert_eq!(shown["Budget"]["Metrics"], json!(["UnblendedCost"]));
    assert_eq!(shown["Budget"]["BudgetLimit"]["Amount"], "100.0");
}
