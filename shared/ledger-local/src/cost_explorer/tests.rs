//! Through the real SDK client, over loopback.

use aws_sdk_costexplorer::Client;
use aws_sdk_costexplorer::config::retry::RetryConfig;
use aws_sdk_costexplorer::config::timeout::TimeoutConfig;
use aws_sdk_costexplorer::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_costexplorer::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_costexplorer::operation::get_cost_and_usage::{
    GetCostAndUsageError, GetCostAndUsageOutput,
};
use aws_sdk_costexplorer::types::{
    DateInterval, Dimension, DimensionValues, Expression, Granularity, Group, GroupDefinition,
    GroupDefinitionType, MatchOption, ProductAttributeValues, ResultByTime, TagValues,
};
use jiff::civil::date;
use proptest::prelude::*;
use tokio::net::TcpListener;

use super::*;

type Answer<T, E> = Result<T, SdkError<E>>;

/// A line of 2026-09-01 that costs `amount`; cases change what they are about.
fn line(amount: &str) -> CostLine {
    let amount: Decimal = amount.parse().unwrap();
    CostLine {
        day: date(2026, 9, 1),
        service: "Amazon Bedrock".to_owned(),
        usage_type: "USE1-NovaLite-input-tokens".to_owned(),
        account: "123456789012".to_owned(),
        record_type: "Usage".to_owned(),
        operation: "InvokeModelInference".to_owned(),
        region: "us-east-1".to_owned(),
        billing_entity: "AWS".to_owned(),
        tags: BTreeMap::new(),
        product_attributes: BTreeMap::new(),
        unblended: amount,
        net_unblended: amount,
        amortized: amount,
        net_amortized: amount,
        usage_amount: amount,
        unit: "1K tokens".to_owned(),
        currency: "USD".to_owned(),
    }
}

fn tagged(amount: &str, team: &str) -> CostLine {
    let tags = BTreeMap::from([("iamPrincipal/team".to_owned(), team.to_owned())]);
    CostLine { tags, ..line(amount) }
}

fn of_model(amount: &str, model: &str) -> CostLine {
    let product_attributes = BTreeMap::from([("model".to_owned(), model.to_owned())]);
    CostLine { product_attributes, ..line(amount) }
}

fn on(day: Date, line: CostLine) -> CostLine {
    CostLine { day, ..line }
}

fn from(service: &str, line: CostLine) -> CostLine {
    CostLine { service: service.to_owned(), ..line }
}

fn stand_in(lines: Vec<CostLine>) -> CostExplorerStandIn {
    CostExplorerStandIn::new(lines, date(2026, 9, 3)).with_today(date(2026, 9, 20))
}

async fn client(stand_in: &CostExplorerStandIn) -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = stand_in.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let config = aws_sdk_costexplorer::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "local"))
        .endpoint_url(format!("http://{address}"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::disabled())
        .build();
    Client::from_conf(config)
}

fn period(start: &str, end: &str) -> DateInterval {
    DateInterval::builder().start(start).end(end).build().unwrap()
}

fn group(kind: GroupDefinitionType, key: &str) -> GroupDefinition {
    GroupDefinition::builder().r#type(kind).key(key).build()
}

fn by_team() -> GroupDefinition {
    group(GroupDefinitionType::Tag, "iamPrincipal/team")
}

fn by_dimension(key: &str) -> GroupDefinition {
    group(GroupDefinitionType::Dimension, key)
}

fn by_attribute(key: &str) -> GroupDefinition {
    group(GroupDefinitionType::ProductAttribute, key)
}

/// What a case asks; the default is all of September 2026, daily and ungrouped.
#[derive(Clone)]
struct Question {
    start: &'static str,
    end: &'static str,
    granularity: Granularity,
    metrics: Vec<&'static str>,
    groups: Vec<GroupDefinition>,
    filter: Option<Expression>,
    token: Option<String>,
}

impl Default for Question {
    fn default() -> Self {
        Self {
            start: "2026-09-01",
            end: "2026-10-01",
            granularity: Granularity::Monthly,
            metrics: vec!["UnblendedCost"],
            groups: Vec::new(),
            filter: None,
            token: None,
        }
    }
}

async fn ask(
    client: &Client,
    question: Question,
) -> Answer<GetCostAndUsageOutput, GetCostAndUsageError> {
    let mut request = client
        .get_cost_and_usage()
        .time_period(period(question.start, question.end))
        .granularity(question.granularity)
        .set_filter(question.filter)
        .set_next_page_token(question.token);
    for metric in question.metrics {
        request = request.metrics(metric);
    }
    for group in question.groups {
        request = request.group_by(group);
    }
    request.send().await
}

async fn answer_of(stand_in: &CostExplorerStandIn, question: Question) -> Vec<ResultByTime> {
    ask(&client(stand_in).await, question).await.unwrap().results_by_time.unwrap()
}

/// Follows the tokens and joins what they lead to, as a client must: by period.
async fn all_pages(client: &Client, question: Question) -> (Vec<(String, Vec<Group>)>, u64) {
    let (mut joined, mut page_count) = (Vec::<(String, Vec<Group>)>::new(), 0);
    let mut token = None;
    loop {
        let page = ask(client, Question { token, ..question.clone() }).await.unwrap();
        page_count += 1;
        for result in page.results_by_time() {
            let start = result.time_period().unwrap().start().to_owned();
            match joined.last_mut() {
                Some((last, groups)) if *last == start => groups.extend_from_slice(result.groups()),
                _ => joined.push((start, result.groups().to_vec())),
            }
        }
        token = page.next_page_token;
        if token.is_none() {
            return (joined, page_count);
        }
    }
}

fn amount_of(group: &Group) -> &str {
    group.metrics().unwrap().get("UnblendedCost").unwrap().amount().unwrap()
}

/// Each group as `key | key = amount`.
fn groups_of(result: &ResultByTime) -> Vec<String> {
    let text = |it: &Group| format!("{} = {}", it.keys().join(" | "), amount_of(it));
    result.groups().iter().map(text).collect()
}

fn total_of(result: &ResultByTime, metric: &str) -> String {
    let total = result.total().unwrap().get(metric).unwrap();
    format!("{} {}", total.amount().unwrap(), total.unit().unwrap())
}

async fn check_groups(lines: Vec<CostLine>, groups: Vec<GroupDefinition>, expected: &[&str]) {
    let results = answer_of(&stand_in(lines), Question { groups, ..Question::default() }).await;
    assert_eq!(groups_of(&results[0]), expected);
}

/// Each line costs a different power of ten, so the total tells which ones passed.
async fn check_filter(lines: &[CostLine], filter: Expression, expected: &str) {
    let question = Question { filter: Some(filter), ..Question::default() };
    let results = answer_of(&stand_in(lines.to_vec()), question).await;
    assert_eq!(total_of(&results[0], "UnblendedCost"), format!("{expected} USD"));
}

async fn check_refusal(question: Question, code: &str, message: &str) {
    let error = ask(&client(&stand_in(vec![line("1")])).await, question).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Some(code), Some(message)));
}

async fn check_invalid(question: Question, message: &str) {
    check_refusal(question, "ValidationException", message).await;
}

fn dimension(key: Dimension, values: &[&str]) -> Expression {
    let values = values.iter().map(|it| (*it).to_owned()).collect();
    Expression::builder()
        .dimensions(DimensionValues::builder().key(key).set_values(Some(values)).build())
        .build()
}

fn team(value: &str) -> Expression {
    Expression::builder()
        .tags(TagValues::builder().key("iamPrincipal/team").values(value).build())
        .build()
}

fn no_team() -> Expression {
    let absent =
        TagValues::builder().key("iamPrincipal/team").match_options(MatchOption::Absent).build();
    Expression::builder().tags(absent).build()
}

fn model(value: &str) -> Expression {
    let values = ProductAttributeValues::builder().key("model").values(value).build().unwrap();
    Expression::builder().product_attributes(values).build()
}

fn both(left: Expression, right: Expression) -> Expression {
    Expression::builder().and(left).and(right).build()
}

fn either(left: Expression, right: Expression) -> Expression {
    Expression::builder().or(left).or(right).build()
}

fn not(member: Expression) -> Expression {
    Expression::builder().not(member).build()
}

// Periods and totals.

#[tokio::test]
async fn a_period_holds_its_start_and_not_its_end() {
    let days = [(8, 31, "1"), (9, 1, "10"), (9, 2, "100"), (9, 3, "1000")];
    let lines = days.map(|(month, day, amount)| on(date(2026, month, day), line(amount))).to_vec();
    let granularity = Granularity::Daily;
    let question = Question { end: "2026-09-03", granularity, ..Question::default() };
    let results = answer_of(&stand_in(lines), question).await;
    let totals: Vec<_> = results
        .iter()
        .map(|it| (it.time_period().unwrap().start(), total_of(it, "UnblendedCost")))
        .collect();
    let expected = [("2026-09-01", "10 USD".to_owned()), ("2026-09-02", "100 USD".to_owned())];
    assert_eq!(totals, expected);
}

#[tokio::test]
async fn months_are_cut_to_the_period() {
    let question = Question { start: "2026-07-15", end: "2026-09-02", ..Question::default() };
    let results = answer_of(&stand_in(vec![line("1")]), question).await;
    let spans: Vec<_> =
        results.iter().filter_map(|it| it.time_period()).map(|it| (it.start(), it.end())).collect();
    let expected =
        [("2026-07-15", "2026-08-01"), ("2026-08-01", "2026-09-01"), ("2026-09-01", "2026-09-02")];
    assert_eq!(spans, expected);
}

#[tokio::test]
async fn days_from_the_unsettled_one_on_are_estimated() {
    let granularity = Granularity::Daily;
    let question = Question { end: "2026-09-05", granularity, ..Question::default() };
    let results = answer_of(&stand_in(vec![line("1")]), question).await;
    let estimated: Vec<_> = results.iter().map(ResultByTime::estimated).collect();
    assert_eq!(estimated, [false, false, true, true]);
}

#[tokio::test]
async fn a_day_without_charges_is_zero() {
    let question = Question {
        start: "2026-09-02",
        end: "2026-09-03",
        granularity: Granularity::Daily,
        metrics: vec!["UnblendedCost", "UsageQuantity"],
        ..Question::default()
    };
    let results = answer_of(&stand_in(vec![line("1")]), question).await;
    assert_eq!(total_of(&results[0], "UnblendedCost"), "0 USD");
    assert_eq!(total_of(&results[0], "UsageQuantity"), "0 N/A");
}

#[tokio::test]
async fn each_metric_sums_its_own_column() {
    let discounted = CostLine {
        unblended: "1.50".parse().unwrap(),
        net_unblended: "-0.25".parse().unwrap(),
        amortized: "2.5".parse().unwrap(),
        net_amortized: "2.25".parse().unwrap(),
        usage_amount: "1000".parse().unwrap(),
        ..line("0")
    };
    let question = Question {
        metrics: vec![
            "UnblendedCost",
            "BlendedCost",
            "AmortizedCost",
            "NetUnblendedCost",
            "NetAmortizedCost",
            "UsageQuantity",
        ],
        ..Question::default()
    };
    let results = answer_of(&stand_in(vec![discounted]), question.clone()).await;
    let totals: Vec<_> = question.metrics.iter().map(|it| total_of(&results[0], it)).collect();
    let expected = ["1.5 USD", "1.5 USD", "2.5 USD", "-0.25 USD", "2.25 USD", "1000 1K tokens"];
    assert_eq!(totals, expected);
}

#[tokio::test]
async fn unlike_units_have_no_unit() {
    let hours = CostLine { unit: "Hrs".to_owned(), ..line("2") };
    let question = Question { metrics: vec!["UsageQuantity"], ..Question::default() };
    let results = answer_of(&stand_in(vec![line("1"), hours]), question).await;
    assert_eq!(total_of(&results[0], "UsageQuantity"), "3 N/A");
}

#[tokio::test]
async fn amounts_are_plain_decimals() {
    let lines = vec![line("0.000000000000001"), line("9999999999999")];
    let results = answer_of(&stand_in(lines), Question::default()).await;
    let total = total_of(&results[0], "UnblendedCost");
    assert_eq!(total, "9999999999999.000000000000001 USD");
}

#[tokio::test]
async fn two_currencies_are_never_added() {
    let euros = CostLine { currency: "EUR".to_owned(), ..line("1") };
    let client = client(&stand_in(vec![line("1"), euros])).await;
    let error = ask(&client, Question::default()).await.unwrap_err();
    assert_eq!(error.code(), Some("InternalServerError"));
}

#[tokio::test]
async fn a_sum_that_would_be_rounded_is_an_error() {
    let lines = vec![line("0.0000000000000000000000000001"), line("10000000000")];
    let error = ask(&client(&stand_in(lines)).await, Question::default()).await.unwrap_err();
    assert_eq!(error.code(), Some("InternalServerError"));
}

// Groups.

#[tokio::test]
async fn two_groups_make_pairs_and_keep_the_untagged() {
    let output = CostLine {
        usage_type: "USE1-NovaLite-output-tokens".to_owned(),
        ..tagged("0.25", "search")
    };
    check_groups(
        vec![tagged("1", "search"), tagged("2", "search"), output, line("8"), tagged("16", "")],
        vec![by_team(), by_dimension("USAGE_TYPE")],
        &[
            "iamPrincipal/team$ | USE1-NovaLite-input-tokens = 24",
            "iamPrincipal/team$search | USE1-NovaLite-input-tokens = 3",
            "iamPrincipal/team$search | USE1-NovaLite-output-tokens = 0.25",
        ],
    )
    .await;
}

#[tokio::test]
async fn a_charge_without_a_value_is_grouped_as_none() {
    let tax = CostLine { operation: String::new(), ..line("1") };
    check_groups(
        vec![tax],
        vec![by_dimension("OPERATION"), by_dimension("INSTANCE_TYPE")],
        &["NoOperation | NoInstanceType = 1"],
    )
    .await;
}

#[tokio::test]
async fn product_attributes_group_supported_services_only() {
    check_groups(
        vec![
            of_model("1", "Nova Lite"),
            line("2"),
            from("Claude Sonnet 5 (Amazon Bedrock Edition)", of_model("4", "Claude Sonnet 5")),
            from("Amazon Simple Storage Service", line("8")),
        ],
        vec![by_attribute("model")],
        &["model$ = 2", "model$Claude Sonnet 5 = 4", "model$Nova Lite = 1"],
    )
    .await;
}

#[tokio::test]
async fn an_unknown_product_attribute_groups_everything_as_none() {
    check_groups(vec![of_model("1", "Nova Lite")], vec![by_attribute("Model")], &["Model$ = 1"])
        .await;
}

#[tokio::test]
async fn groups_leave_no_total() {
    let question = Question { groups: vec![by_team()], ..Question::default() };
    let results = answer_of(&stand_in(vec![line("1")]), question).await;
    assert!(results[0].total().unwrap().is_empty());
}

#[tokio::test]
async fn the_answer_repeats_the_groups() {
    let client = client(&stand_in(vec![line("1")])).await;
    let question = Question { groups: vec![by_team()], ..Question::default() };
    assert_eq!(ask(&client, question).await.unwrap().group_definitions(), [by_team()]);
}

// Filters.

#[tokio::test]
async fn values_of_a_filter_are_alternatives() {
    let lines = [line("1"), from("Amazon S3", line("10")), from("Amazon EC2", line("100"))];
    let filter = |values: &[&str]| dimension(Dimension::Service, values);
    check_filter(&lines, filter(&["Amazon Bedrock", "Amazon EC2"]), "101").await;
    check_filter(&lines, filter(&["amazon bedrock"]), "0").await;
    check_filter(&lines, filter(&["Nobody's Service"]), "0").await;
}

#[tokio::test]
async fn filters_nest() {
    let credit = CostLine { record_type: "Credit".to_owned(), ..tagged("100", "search") };
    let lines = [tagged("1", "search"), tagged("10", "chat"), credit, line("1000")];
    let credits = || dimension(Dimension::RecordType, &["Credit"]);
    check_filter(&lines, team("search"), "101").await;
    check_filter(&lines, both(team("search"), not(credits())), "1").await;
    check_filter(&lines, either(team("chat"), credits()), "110").await;
    check_filter(&lines, not(either(team("chat"), team("search"))), "1000").await;
    check_filter(&lines, not(not(team("chat"))), "10").await;
}

#[tokio::test]
async fn absent_matches_what_has_no_value() {
    let lines = [tagged("1", "search"), tagged("10", ""), line("100")];
    check_filter(&lines, no_team(), "110").await;
    check_filter(&lines, not(no_team()), "1").await;
    check_filter(&lines, team(""), "110").await;
    let no_options = TagValues::builder().key("iamPrincipal/team").build();
    check_filter(&lines, Expression::builder().tags(no_options).build(), "110").await;
    let no_tags = TagValues::builder().match_options(MatchOption::Absent).build();
    check_filter(&lines, Expression::builder().tags(no_tags).build(), "110").await;
}

#[tokio::test]
async fn product_attributes_filter_supported_services_only() {
    let lines = [of_model("1", "Nova Lite"), line("10"), from("Amazon S3", line("100"))];
    check_filter(&lines, model("Nova Lite"), "1").await;
    let absent = ProductAttributeValues::builder().key("model").match_options(MatchOption::Absent);
    let absent = Expression::builder().product_attributes(absent.build().unwrap()).build();
    check_filter(&lines, absent, "10").await;
    let bedrock = dimension(Dimension::Service, &["Amazon Bedrock"]);
    check_filter(&lines, both(bedrock, model("Nova Lite")), "1").await;
}

// Refusals.

#[tokio::test]
async fn periods_are_checked() {
    let of = |start, end| Question { start, end, ..Question::default() };
    let order = "Start date (and hour) should be before end date (and hour)";
    check_invalid(of("2026-09-01", "2026-09-01"), order).await;
    check_invalid(of("2026-09-02", "2026-09-01"), order).await;
    let far = "end date past the beginning of next month";
    check_invalid(of("2026-09-01", "2026-10-02"), far).await;
    let start = "Start time 2026-02-30 is invalid. Valid format is: yyyy-MM-dd.";
    check_invalid(of("2026-02-30", "2026-09-01"), start).await;
    let end = "End time 20260901 is invalid. Valid format is: yyyy-MM-dd.";
    check_invalid(of("2026-08-01", "20260901"), end).await;
}

#[tokio::test]
async fn hours_are_not_enabled() {
    check_invalid(
        Question { granularity: Granularity::Hourly, ..Question::default() },
        "Hourly granularity is not enabled for this account. Enable it in the Cost Explorer settings.",
    )
    .await;
}

#[tokio::test]
async fn metrics_are_checked() {
    let of = |metrics| Question { metrics, ..Question::default() };
    check_invalid(
        of(Vec::new()),
        "1 validation error detected: Value null at 'metrics' failed to satisfy constraint: Member must not be null",
    )
    .await;
    check_invalid(
        of(vec!["UNBLENDED_COST"]),
        "Metric UNBLENDED_COST is invalid. Valid values are AmortizedCost, BlendedCost, NetAmortizedCost, NetUnblendedCost, NormalizedUsageAmount, UnblendedCost, UsageQuantity",
    )
    .await;
}

#[tokio::test]
async fn groups_are_checked() {
    let of = |groups| Question { groups, ..Question::default() };
    check_invalid(
        of(vec![by_dimension("REGION")]),
        "Group Definition dimension is invalid. Valid values are AZ, INSTANCE_TYPE, LINKED_ACCOUNT, OPERATION, PURCHASE_TYPE, SERVICE, USAGE_TYPE, PLATFORM, TENANCY, RECORD_TYPE, LEGAL_ENTITY_NAME, INVOICING_ENTITY",
    )
    .await;
    check_invalid(
        of(vec![by_dimension("")]),
        "Group Definition is invalid. Both type an key need to be set to a non-empty value.",
    )
    .await;
    check_invalid(
        of(vec![group(GroupDefinitionType::from("LINKED_ACCOUNT"), "x")]),
        "Group Definition type is invalid.",
    )
    .await;
    check_invalid(
        of(vec![by_team(), by_dimension("SERVICE"), by_dimension("USAGE_TYPE")]),
        "Group Definition is invalid. At most 2 groups are supported.",
    )
    .await;
}

#[tokio::test]
async fn filters_are_checked() {
    let of = |filter| Question { filter: Some(filter), ..Question::default() };
    let roots = "Expression has zero or more than one roots. Only one root operator is allowed for each expression: \"and\", \"or\", \"not\", \"tag\" or \"dimensionValue\"";
    check_invalid(of(Expression::builder().build()), roots).await;
    let two = Expression::builder().and(team("a")).and(team("b")).not(team("c")).build();
    check_invalid(of(two), roots).await;
    let one = |it: Expression| Expression::builder().and(it).build();
    check_invalid(of(one(team("a"))), "And expression must have at least 2 operands").await;
    let one = Expression::builder().or(team("a")).build();
    check_invalid(of(one), "Or expression must have at least 2 operands").await;
    check_invalid(of(dimension(Dimension::Service, &[])), "Filter values must not be empty.").await;
    let like = TagValues::builder().key("a").values("b").match_options(MatchOption::StartsWith);
    check_invalid(
        of(Expression::builder().tags(like.build()).build()),
        "Match option STARTS_WITH is not supported. Valid values are EQUALS, ABSENT, CASE_SENSITIVE",
    )
    .await;
}

#[tokio::test]
async fn product_attributes_have_a_first_day() {
    let unavailable = "The requested data is unavailable.";
    let groups = vec![by_attribute("model")];
    let question = Question { start: "2026-08-31", groups, ..Question::default() };
    check_refusal(question, "DataUnavailableException", unavailable).await;
    let filter = Some(model("Nova Lite"));
    let question = Question { start: "2026-08-31", filter, ..Question::default() };
    check_refusal(question, "DataUnavailableException", unavailable).await;
}

#[tokio::test]
async fn a_service_filter_beside_product_attributes_holds_for_all() {
    let bedrock = || dimension(Dimension::Service, &["Amazon Bedrock"]);
    let of = |filter| Question { filter: Some(filter), ..Question::default() };
    let part =
        "A SERVICE filter in a request with product attributes must apply to the whole request";
    check_invalid(of(either(bedrock(), model("Nova Lite"))), part).await;
    check_invalid(of(both(not(bedrock()), model("Nova Lite"))), part).await;
    let other = dimension(Dimension::Service, &["Amazon Bedrock", "Amazon S3"]);
    check_invalid(
        of(both(other, model("Nova Lite"))),
        "A SERVICE filter in a request with product attributes must contain only supported services",
    )
    .await;
}

// Pages.

fn any_line() -> impl Strategy<Value = CostLine> {
    (1_i8..5, 0_u8..3, "[ab]?", -1_000_000_000_000_i64..1_000_000_000_000, 0_u32..15).prop_map(
        |(day, usage_type, team, amount, scale)| {
            let amount = Decimal::new(amount, scale).to_string();
            let usage_type = format!("USE1-type-{usage_type}");
            on(date(2026, 9, day), CostLine { usage_type, ..tagged(&amount, &team) })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// However it is cut, the answer is the same, and it adds up to the bill.
    #[test]
    fn pages_join_to_the_unpaged_answer(
        lines in prop::collection::vec(any_line(), 0..25),
        page_size in 1_usize..12,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (whole, paged) = runtime.block_on(async {
            let question = Question {
                end: "2026-09-05",
                granularity: Granularity::Daily,
                groups: vec![by_team(), by_dimension("USAGE_TYPE")],
                ..Question::default()
            };
            let whole = stand_in(lines.clone());
            let paged = whole.clone().with_page_size(NonZeroUsize::new(page_size).unwrap());
            let whole = all_pages(&client(&whole).await, question.clone()).await;
            (whole, all_pages(&client(&paged).await, question).await)
        });
        prop_assert_eq!(whole.1, 1);
        prop_assert_eq!(&whole.0, &paged.0);
        let groups = || paged.0.iter().flat_map(|(_, groups)| groups);
        let element_count = paged.0.iter().map(|(_, groups)| groups.len().max(1)).sum::<usize>();
        prop_assert_eq!(paged.1, element_count.div_ceil(page_size) as u64);
        let answered: Decimal = groups().map(|it| amount_of(it).parse::<Decimal>().unwrap()).sum();
        prop_assert_eq!(answered, lines.iter().map(|it| it.unblended).sum::<Decimal>());
    }
}

#[tokio::test]
async fn a_day_can_be_split_over_two_pages() {
    let stand_in =
        stand_in(vec![tagged("1", "a"), tagged("2", "b")]).with_page_size(NonZeroUsize::MIN);
    let client = client(&stand_in).await;
    let question = Question { groups: vec![by_team()], ..Question::default() };
    let first = ask(&client, question.clone()).await.unwrap();
    let token = first.next_page_token.clone();
    let second = ask(&client, Question { token, ..question }).await.unwrap();
    let (first, second) = (&first.results_by_time()[0], &second.results_by_time()[0]);
    assert_eq!(first.time_period(), second.time_period());
    assert_eq!(groups_of(first), ["iamPrincipal/team$a = 1"]);
    assert_eq!(groups_of(second), ["iamPrincipal/team$b = 2"]);
    assert_eq!(stand_in.requests(), 2);
}

#[tokio::test]
async fn a_token_is_good_for_its_request_only() {
    let stand_in =
        stand_in(vec![tagged("1", "a"), tagged("2", "b")]).with_page_size(NonZeroUsize::MIN);
    let client = client(&stand_in).await;
    let question = Question { groups: vec![by_team()], ..Question::default() };
    let token = ask(&client, question.clone()).await.unwrap().next_page_token;
    let changed = Question { end: "2026-09-30", token: token.clone(), ..question.clone() };
    let error = ask(&client, changed).await.unwrap_err().into_service_error();
    assert!(error.is_request_changed_exception());
    let invented = Question { token: Some("more".to_owned()), ..question.clone() };
    let error = ask(&client, invented).await.unwrap_err().into_service_error();
    assert!(error.is_invalid_next_token_exception());
    stand_in.replace(vec![tagged("1", "a"), tagged("3", "b")]);
    let error =
        ask(&client, Question { token, ..question }).await.unwrap_err().into_service_error();
    assert!(error.is_invalid_next_token_exception());
}

#[tokio::test]
async fn a_replaced_bill_is_answered_at_once() {
    let stand_in = stand_in(vec![line("1")]);
    let client = client(&stand_in).await;
    stand_in.replace(vec![line("2")]);
    let results = ask(&client, Question::default()).await.unwrap().results_by_time.unwrap();
    assert_eq!(total_of(&results[0], "UnblendedCost"), "2 USD");
}

// Listings.

async fn check_values(
    lines: Vec<CostLine>,
    of: (Dimension, Option<&str>),
    search: Option<&str>,
    expected: &[&str],
) {
    let stand_in = stand_in(lines).with_page_size(NonZeroUsize::MIN);
    let client = client(&stand_in).await;
    let (mut values, mut token) = (Vec::new(), None);
    loop {
        let page = client
            .get_dimension_values()
            .time_period(period("2026-09-01", "2026-10-01"))
            .dimension(of.0.clone())
            .set_dimension_key(of.1.map(str::to_owned))
            .set_search_string(search.map(str::to_owned))
            .set_next_page_token(token)
            .send()
            .await
            .unwrap();
        assert_eq!(page.total_size(), i32::try_from(expected.len()).unwrap());
        values.extend(page.dimension_values.into_iter().filter_map(|it| it.value));
        token = page.next_page_token;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(values, expected);
}

#[tokio::test]
async fn dimension_values_are_listed_and_searched() {
    let lines = || {
        vec![
            from("Claude Sonnet 5 (Amazon Bedrock Edition)", of_model("1", "Claude Sonnet 5")),
            line("1"),
            from("Amazon S3", line("1")),
            on(date(2026, 8, 1), from("Amazon EC2", line("1"))),
        ]
    };
    let all = ["Amazon Bedrock", "Amazon S3", "Claude Sonnet 5 (Amazon Bedrock Edition)"];
    check_values(lines(), (Dimension::Service, None), None, &all).await;
    let found = ["Claude Sonnet 5 (Amazon Bedrock Edition)"];
    check_values(lines(), (Dimension::Service, None), Some("bedrock edition"), &found).await;
    check_values(lines(), (Dimension::UsageType, None), None, &["USE1-NovaLite-input-tokens"])
        .await;
    check_values(lines(), (Dimension::LinkedAccount, None), None, &["123456789012"]).await;
    check_values(lines(), (Dimension::RecordType, None), None, &["Usage"]).await;
    check_values(lines(), (Dimension::PayerAccount, None), None, &[]).await;
    let attribute = Dimension::ProductAttribute;
    check_values(lines(), (attribute.clone(), None), None, &["model"]).await;
    check_values(lines(), (attribute, Some("model")), None, &["", "Claude Sonnet 5"]).await;
}

#[tokio::test]
async fn a_listing_by_product_attribute_needs_a_service() {
    let client = client(&stand_in(vec![of_model("1", "Nova Lite")])).await;
    let list = |filter| {
        client
            .get_dimension_values()
            .time_period(period("2026-09-01", "2026-10-01"))
            .dimension(Dimension::UsageType)
            .filter(filter)
            .send()
    };
    let error = list(model("Nova Lite")).await.unwrap_err();
    let message = "A SERVICE filter is required when the filter includes ProductAttributes";
    assert_eq!(error.message(), Some(message));
    let bedrock = dimension(Dimension::Service, &["Amazon Bedrock"]);
    let values = list(both(bedrock, model("Nova Lite"))).await.unwrap();
    assert_eq!(values.return_size(), 1);
}

#[tokio::test]
async fn tags_list_keys_and_values() {
    let client =
        client(&stand_in(vec![tagged("1", "search"), tagged("1", "chat"), line("1")])).await;
    let list = |key: Option<&str>, search: Option<&str>| {
        client
            .get_tags()
            .time_period(period("2026-09-01", "2026-10-01"))
            .set_tag_key(key.map(str::to_owned))
            .set_search_string(search.map(str::to_owned))
            .send()
    };
    assert_eq!(list(None, None).await.unwrap().tags(), ["iamPrincipal/team"]);
    let key = Some("iamPrincipal/team");
    assert_eq!(list(key, None).await.unwrap().tags(), ["", "chat", "search"]);
    assert_eq!(list(key, Some("SEA")).await.unwrap().tags(), ["search"]);
    assert!(list(Some("nothing"), Some("x")).await.unwrap().tags().is_empty());
}

// Errors.

#[tokio::test]
async fn queued_errors_arrive_as_the_sdk_knows_them() {
    type Test = fn(&GetCostAndUsageError) -> bool;
    let denied = "User not enabled for cost explorer access".to_owned();
    let unmodelled: Test = |it| it.meta().code().is_some();
    let cases: [(StandInError, &str, Test); 9] = [
        (StandInError::ThrottlingException, "ThrottlingException", unmodelled),
        (StandInError::LimitExceededException, "LimitExceededException", |it| {
            it.is_limit_exceeded_exception()
        }),
        (StandInError::DataUnavailableException, "DataUnavailableException", |it| {
            it.is_data_unavailable_exception()
        }),
        (StandInError::BillExpirationException, "BillExpirationException", |it| {
            it.is_bill_expiration_exception()
        }),
        (StandInError::InvalidNextTokenException, "InvalidNextTokenException", |it| {
            it.is_invalid_next_token_exception()
        }),
        (StandInError::RequestChangedException, "RequestChangedException", |it| {
            it.is_request_changed_exception()
        }),
        (StandInError::AccessDeniedException(denied), "AccessDeniedException", unmodelled),
        (StandInError::ValidationException("no".to_owned()), "ValidationException", unmodelled),
        (StandInError::InternalServerError, "InternalServerError", unmodelled),
    ];
    let stand_in = stand_in(vec![line("1")]);
    let client = client(&stand_in).await;
    for (error, _, _) in &cases {
        stand_in.fail_next(error.clone());
    }
    for (error, code, test) in &cases {
        let answer = ask(&client, Question::default()).await.unwrap_err();
        let status = answer.raw_response().unwrap().status().as_u16();
        assert_eq!(status, if *code == "InternalServerError" { 500 } else { 400 });
        let answer = answer.into_service_error();
        assert_eq!(answer.code(), Some(*code));
        assert_eq!(answer.message(), Some(error.to_string().as_str()));
        assert!(test(&answer), "{code}");
    }
    assert!(ask(&client, Question::default()).await.is_ok());
    assert_eq!(stand_in.requests(), 10);
}

#[tokio::test]
async fn a_closed_connection_is_no_answer() {
    let stand_in = stand_in(vec![line("1")]);
    let client = client(&stand_in).await;
    stand_in.fail_next(StandInError::CloseConnection);
    let error = ask(&client, Question::default()).await.unwrap_err();
    assert!(matches!(error, SdkError::DispatchFailure(_)), "{error:?}");
    assert_eq!(stand_in.requests(), 0);
    assert!(ask(&client, Question::default()).await.is_ok());
}

#[tokio::test]
async fn an_operation_that_is_not_answered_says_so() {
    let client = client(&stand_in(vec![line("1")])).await;
    let error = client.list_cost_allocation_tags().send().await.unwrap_err();
    assert_eq!(error.code(), Some("UnknownOperationException"));
}
