//! The adapter to AWS Budgets against the stand-in, which checks each request against the service's model.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_budgets::Client;
use aws_sdk_budgets::types::{
    Budget as AwsBudget, BudgetType, CostTypes, Dimension as AwsDimension, Expression,
    ExpressionDimensionValues, MatchOption, Notification, NotificationType, Spend, Subscriber,
    SubscriptionType, TagValues, TimePeriod, TimeUnit,
};
use aws_sdk_budgets::types::{ComparisonOperator, ThresholdType};
use jiff::civil::Date;
use ledger_app::ports::NativeBudgets as _;
use ledger_aws::budgets::AwsBudgets;
use ledger_aws::connect::{Connection, LocalEndpoint};
use ledger_core::budget::Budget;
use ledger_core::cost::CostKind;
use ledger_core::currency::Currency;
use ledger_core::dimension::{Dimension, Scope};
use ledger_core::mirror::{Existing, Key, Mirror, Notice, Plan, Seen, Step, plan};
use ledger_core::money::Money;
use ledger_core::period::Window;
use ledger_core::source::Provider;
use ledger_local::budgets::{BudgetsStandIn, StandInError};

const ACCOUNT: &str = "123456789012";
const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:alerts";

struct Setting {
    stand_in: BudgetsStandIn,
    native: AwsBudgets,
    mirror: Mirror,
}

impl Setting {
    async fn new() -> Setting {
        let stand_in = BudgetsStandIn::new(ACCOUNT).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = LocalEndpoint(format!("http://{}", listener.local_addr().unwrap()));
        let router = stand_in.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        let client = Connection::local(&endpoint).budgets_client();
        let mirror = Mirror::new("tollbook", TOPIC).unwrap();
        Setting { stand_in, native: AwsBudgets { client }, mirror }
    }

    fn client(&self) -> &Client {
        &self.native.client
    }

    async fn plan(&self, budgets: &[Budget]) -> Plan {
        let existing = self.native.budgets(ACCOUNT, &self.mirror.prefix()).await.unwrap();
        plan(budgets, &seen(), &existing, &self.mirror, today())
    }

    /// Does all steps of a plan; the steps, and the changing calls that they took.
    async fn run(&self, budgets: &[Budget]) -> (Vec<Step>, u64) {
        let before = self.stand_in.changes();
        let steps = self.plan(budgets).await.steps;
        for step in &steps {
            self.native.change(&self.mirror, step).await.unwrap();
        }
        (steps, self.stand_in.changes() - before)
    }

    async fn all(&self) -> Vec<Existing> {
        self.native.budgets(ACCOUNT, "").await.unwrap()
    }

    async fn make(&self, budget: AwsBudget) {
        self.client().create_budget().account_id(ACCOUNT).budget(budget).send().await.unwrap();
    }

    async fn notify(&self, name: &str, notification: Notification, subscriber: Subscriber) {
        let call = self.client().create_notification().account_id(ACCOUNT).budget_name(name);
        call.notification(notification).subscribers(subscriber).send().await.unwrap();
    }

    fn spend(&self, name: &str) -> String {
        let budget = self.stand_in.budget(name).unwrap();
        let amount = budget.pointer("/Budget/CalculatedSpend/ActualSpend/Amount").unwrap();
        amount.as_str().unwrap().to_owned()
    }
}

fn today() -> Date {
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

fn seen() -> Seen {
    Seen {
        services: ["Amazon Bedrock", "Claude Sonnet 4.6 (Amazon Bedrock Edition)"]
            .map(str::to_owned)
            .into(),
        tag_keys: ["iamPrincipal/team", "costCategory/Unit"].map(Into::into).into(),
        currencies: BTreeSet::from([Currency::USD]),
        providers: BTreeSet::from([Provider::Aws]),
        payers: BTreeSet::from([ACCOUNT.into()]),
        ..Seen::new(&[])
    }
}

fn budget(name: &str, scope: &[(&str, &str)]) -> Budget {
    let parts = scope
        .iter()
        .map(|(word, value)| (Dimension::parse(word).unwrap(), vec![(*value).to_owned()]));
    Budget {
        name: name.into(),
        owner: "search".into(),
        deputy: None,
        formerly: None,
        limit: Money::parse("250.50", Currency::USD).unwrap().money,
        limits: BTreeMap::new(),
        calendar: Window::Monthly.into(),
        starts: None,
        scope: Scope(parts.collect()).into(),
        thresholds: vec![80, 100],
        forecast_thresholds: vec![100],
        pace_thresholds: Vec::new(),
        change_thresholds: Vec::new(),
        roll_over_percent_max: None,
        cost_kind: CostKind::Unblended,
    }
}

/// One of each window and cost kind that AWS has, and of each dimension.
fn budgets() -> Vec<Budget> {
    let team = ("tag:iamPrincipal/team", "search");
    let daily = Budget {
        calendar: Window::Daily.into(),
        forecast_thresholds: Vec::new(),
        pace_thresholds: Vec::new(),
        change_thresholds: Vec::new(),
        roll_over_percent_max: None,
        cost_kind: CostKind::NetUnblended,
        ..budget("daily", &[team])
    };
    let quarterly = Budget {
        calendar: Window::Quarterly.into(),
        cost_kind: CostKind::Amortized,
        ..budget("of a quarter", &[("service", "Amazon Bedrock"), ("account", ACCOUNT)])
    };
    let yearly = Budget {
        calendar: Window::Yearly.into(),
        cost_kind: CostKind::NetAmortized,
        ..budget("yearly", &[team, ("tag:costCategory/Unit", "a b")])
    };
    vec![budget("all", &[]), daily, quarterly, yearly]
}

fn notification(percent: f64) -> Notification {
    Notification::builder()
        .notification_type(NotificationType::Actual)
        .comparison_operator(ComparisonOperator::GreaterThan)
        .threshold(percent)
        .threshold_type(ThresholdType::Percentage)
        .build()
        .unwrap()
}

fn subscriber(kind: SubscriptionType, address: &str) -> Subscriber {
    Subscriber::builder().subscription_type(kind).address(address).build().unwrap()
}

fn plain(name: &str) -> aws_sdk_budgets::types::builders::BudgetBuilder {
    let limit = Spend::builder().amount("10").unit("USD").build().unwrap();
    AwsBudget::builder()
        .budget_name(name)
        .budget_type(BudgetType::Cost)
        .time_unit(TimeUnit::Monthly)
        .budget_limit(limit)
}

#[tokio::test]
async fn a_second_run_makes_no_changing_call() {
    let setting = Setting::new().await;
    let budgets = budgets();
    let (steps, changes) = setting.run(&budgets).await;
    assert_eq!((steps.len(), changes), (4, 4), "{steps:?}");
    for name in ["tollbook-all", "tollbook-daily", "tollbook-of a quarter", "tollbook-yearly"] {
        setting.stand_in.set_spend(name, "12.5").unwrap();
    }
    assert_eq!(setting.run(&budgets).await, (Vec::new(), 0));
    assert_eq!(setting.spend("tollbook-yearly"), "12.5");
    let made = setting.stand_in.budget("tollbook-all").unwrap();
    let tags = serde_json::json!([{ "Key": "tollbook:stack", "Value": "tollbook" }]);
    assert_eq!(made.get("Tags"), Some(&tags));
    assert_eq!(made.pointer("/Notifications").unwrap().as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_change_makes_the_calls_that_it_needs() {
    let setting = Setting::new().await;
    let all = budget("all", &[]);
    setting.run(std::slice::from_ref(&all)).await;
    setting.stand_in.set_spend("tollbook-all", "12.5").unwrap();
    let thresholds = Budget { thresholds: vec![50, 100], ..all.clone() };
    let (steps, changes) = setting.run(std::slice::from_ref(&thresholds)).await;
    assert_eq!((steps.len(), changes), (2, 2));
    assert_eq!(setting.spend("tollbook-all"), "12.5", "the budget was not written");
    let limit = Money::parse("300", Currency::USD).unwrap().money;
    let (steps, changes) = setting.run(&[Budget { limit, ..thresholds.clone() }]).await;
    assert_eq!((steps.len(), changes), (1, 1));
    assert_eq!(setting.spend("tollbook-all"), "0.0");
    let (steps, _) = setting.run(&[]).await;
    assert_eq!(steps, [Step::Remove { name: "tollbook-all".to_owned() }]);
    assert_eq!(setting.stand_in.budget("tollbook-all"), None);
}

#[tokio::test]
async fn drift_is_repaired_and_subscribers_that_people_added_stay() {
    let setting = Setting::new().await;
    let all = [budget("all", &[])];
    setting.run(&all).await;
    // Someone lets it end, removes a notification, moves another to a topic of old, and adds a mail and a
    // notification of an own.
    let (name, client) = ("tollbook-all", setting.client());
    let ending = TimePeriod::builder()
        .start(aws_smithy_types::DateTime::from_secs(1_700_000_000))
        .end(aws_smithy_types::DateTime::from_secs(2_000_000_000));
    let ending = plain(name).time_period(ending.build()).build().unwrap();
    client.update_budget().account_id(ACCOUNT).new_budget(ending).send().await.unwrap();
    let call = client.delete_notification().account_id(ACCOUNT).budget_name(name);
    call.notification(notification(80.0)).send().await.unwrap();
    let old = subscriber(SubscriptionType::Sns, "arn:aws:sns:us-east-1:123456789012:old");
    let call = client.update_subscriber().account_id(ACCOUNT).budget_name(name);
    let call = call.notification(notification(100.0)).new_subscriber(old);
    let ours = subscriber(SubscriptionType::Sns, TOPIC);
    call.old_subscriber(ours.clone()).send().await.unwrap();
    let mail = subscriber(SubscriptionType::Email, "ana@example.com");
    let call = client.create_subscriber().account_id(ACCOUNT).budget_name(name);
    call.notification(notification(100.0)).subscriber(mail.clone()).send().await.unwrap();
    setting.notify(name, notification(33.0), mail.clone()).await;
    setting.notify(name, notification(33.5), mail.clone()).await;

    let (steps, _) = setting.run(&all).await;
    let shown: Vec<String> = steps.iter().map(Step::to_string).collect();
    assert_eq!(shown.len(), 3, "{shown:#?}");
    assert!(shown.iter().any(|it| it.contains("it has 10 USD monthly")), "{shown:#?}");
    assert_eq!(setting.run(&all).await, (Vec::new(), 0));
    let there = setting.all().await.remove(0);
    assert_eq!(there.ends, None);
    assert_eq!(there.other_notices, 1);
    let notices: Vec<(Notice, usize)> =
        there.notices.iter().map(|(it, subscribers)| (*it, subscribers.mails)).collect();
    let spent = Notice::Spent;
    let expected = [(spent(33), 1), (spent(80), 0), (spent(100), 1), (Notice::Forecast(100), 0)];
    assert_eq!(notices, expected);

    // A threshold that is not wanted any more goes, and the mail to a person stays.
    let fewer = Budget { thresholds: vec![80], ..budget("all", &[]) };
    let (steps, _) = setting.run(std::slice::from_ref(&fewer)).await;
    assert!(matches!(steps.as_slice(), [Step::RemoveTopic { .. }]), "{steps:?}");
    let topic = setting.all().await.remove(0).notices.get(&spent(100)).unwrap().topic.clone();
    assert_eq!(topic, None);
    let (steps, _) = setting.run(&all).await;
    assert!(matches!(steps.as_slice(), [Step::AddTopic { .. }]), "{steps:?}");
    assert_eq!(setting.run(&all).await, (Vec::new(), 0));
}

#[tokio::test]
async fn budgets_of_others_are_left_alone() {
    let setting = Setting::new().await;
    setting.make(plain("tollbook-all").build().unwrap()).await;
    setting.make(plain("tollbook-gone").build().unwrap()).await;
    let before = setting.all().await;
    let plan = setting.plan(&[budget("all", &[])]).await;
    assert_eq!(plan.steps, []);
    assert_eq!(plan.not_mirrored.len(), 1);
    assert_eq!(setting.all().await, before);
}

#[tokio::test]
async fn more_than_a_page_is_read() {
    let setting = Setting::new().await;
    for at in 0..101 {
        setting.make(plain(&format!("{at}")).build().unwrap()).await;
    }
    assert_eq!(setting.all().await.len(), 101);
}

#[tokio::test]
async fn budgets_of_the_older_style_and_others_are_read() {
    let setting = Setting::new().await;
    let strings = |it: &[&str]| it.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
    #[expect(deprecated, reason = "as people made them")]
    let older = plain("older")
        .cost_filters("Service", strings(&["Amazon Bedrock"]))
        .cost_filters("LinkedAccount", strings(&[ACCOUNT]))
        .cost_filters(
            "TagKeyValue",
            strings(&["user:iamPrincipal/team$a", "user:iamPrincipal/team$b"]),
        )
        .cost_filters("CostCategory", strings(&["Unit$x$y"]))
        .cost_types(CostTypes::builder().include_tax(true).use_amortized(true).build());
    setting.make(older.build().unwrap()).await;
    let definition = setting.all().await.remove(0).definition.unwrap();
    assert_eq!(
        definition.to_string(),
        "10 USD monthly, amortized cost, service = Amazon Bedrock, account = 123456789012, tag \
         iamPrincipal/team = a or b, cost category Unit = x$y"
    );
    assert!(definition.conditions.contains_key(&Key::Tag("iamPrincipal/team".into())));
}

/// Budgets that Tollbook would count otherwise say in what.
#[tokio::test]
async fn what_has_no_counterpart_is_named() {
    let setting = Setting::new().await;
    let dimension = |key, options: &[MatchOption]| {
        let values = ExpressionDimensionValues::builder().key(key).values("x");
        let values = values.set_match_options(Some(options.to_vec()));
        Expression::builder().dimensions(values.build().unwrap()).build()
    };
    let service = || dimension(AwsDimension::Service, &[MatchOption::Equals]);
    let tag = |key: &str| {
        Expression::builder().tags(TagValues::builder().key(key).values("x").build()).build()
    };
    let both = |one, two| Expression::builder().and(one).and(two).build();
    let either = |one, two| Expression::builder().or(one).or(two).build();
    #[expect(deprecated, reason = "as people made them")]
    let without_credits = plain("a").cost_types(CostTypes::builder().include_credit(false).build());
    let cases = [
        (plain("a").budget_type(BudgetType::Usage), "it is of type USAGE"),
        (
            plain("a").filter_expression(dimension(AwsDimension::Region, &[])),
            "it filters by REGION",
        ),
        (plain("a").filter_expression(either(service(), service())), "`Or` or `Not`"),
        (plain("a").filter_expression(both(service(), service())), "names service twice"),
        (plain("a").filter_expression(tag("user:env")), "the tag `user:env`"),
        (
            plain("a")
                .filter_expression(dimension(AwsDimension::Service, &[MatchOption::StartsWith])),
            "matches by STARTS_WITH",
        ),
        (plain("a").metrics(aws_sdk_budgets::types::Metric::BlendedCost), "it counts BlendedCost"),
        (without_credits, "it leaves out credits"),
        (plain("a").time_unit(TimeUnit::Custom), "its windows are CUSTOM"),
    ];
    for (budget, expected) in cases {
        setting.make(budget.build().unwrap()).await;
        let reason = setting.all().await.remove(0).definition.unwrap_err();
        assert!(reason.contains(expected), "{reason}");
        let call = setting.client().delete_budget().account_id(ACCOUNT).budget_name("a");
        call.send().await.unwrap();
    }
}

#[tokio::test]
async fn a_refusal_says_what_to_do() {
    let setting = Setting::new().await;
    let step = Step::Remove { name: "tollbook-x".to_owned() };
    let refused =
        async || setting.native.change(&setting.mirror, &step).await.unwrap_err().to_string();
    let missing = refused().await;
    assert_eq!(
        missing,
        "could not remove budget `tollbook-x`: AWS Budgets does not have it any more"
    );
    setting.stand_in.fail_next(StandInError::AccessDenied("no".to_owned()));
    assert!(refused().await.contains("allow `budgets:ViewBudget`"));
    setting.stand_in.fail_next(StandInError::Throttling);
    assert_eq!(refused().await, missing, "a throttled call is tried again");
}
