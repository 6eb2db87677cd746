//! Through the real SDK client, over loopback.

use std::net::SocketAddr;
use std::time::Duration;

use aws_sdk_sns::Client;
use aws_sdk_sns::config::retry::RetryConfig;
use aws_sdk_sns::config::timeout::TimeoutConfig;
use aws_sdk_sns::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_sns::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sns::operation::publish::builders::PublishFluentBuilder;
use aws_sdk_sns::primitives::Blob;
use aws_sdk_sns::types::MessageAttributeValue;
use ledger_testkit::faulty_proxy::{Fault, FaultPlan, FaultyProxy};
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::*;

const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:alerts";

async fn serve(stand_in: &SnsStandIn) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = stand_in.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

async fn client(stand_in: &SnsStandIn) -> Client {
    client_of(serve(stand_in).await, RetryConfig::disabled())
}

fn client_of(address: SocketAddr, retry: RetryConfig) -> Client {
    let config = aws_sdk_sns::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "local"))
        .endpoint_url(format!("http://{address}"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .retry_config(retry)
        .timeout_config(TimeoutConfig::disabled())
        .build();
    Client::from_conf(config)
}

/// A stand-in in memory that has the topic `alerts`.
async fn set_up() -> (SnsStandIn, Client) {
    let stand_in = SnsStandIn::open(None).unwrap();
    let client = client(&stand_in).await;
    client.create_topic().name("alerts").send().await.unwrap();
    (stand_in, client)
}

fn attribute(data_type: &str, value: &str) -> MessageAttributeValue {
    MessageAttributeValue::builder().data_type(data_type).string_value(value).build().unwrap()
}

/// Publishes what `change` makes of a good message; the outbox must hold it, or not.
async fn check(
    change: impl FnOnce(PublishFluentBuilder) -> PublishFluentBuilder,
    expected: Result<(), (&str, &str)>,
) {
    let (stand_in, client) = set_up().await;
    let good = client.publish().topic_arn(TOPIC).subject("Budget reached").message("80 %");
    let published = change(good).send().await;
    let answered = published
        .as_ref()
        .map(|_| ())
        .map_err(|error| (error.code().unwrap_or_default(), error.message().unwrap_or_default()));
    assert_eq!(answered, expected);
    assert_eq!(stand_in.outbox().len(), usize::from(expected.is_ok()));
}

async fn check_invalid(
    change: impl FnOnce(PublishFluentBuilder) -> PublishFluentBuilder,
    message: &str,
) {
    check(change, Err(("InvalidParameter", message))).await;
}

#[tokio::test]
async fn a_message_lands_once_with_its_attributes() {
    let (stand_in, client) = set_up().await;
    let published = client
        .publish()
        .topic_arn(TOPIC)
        .subject("Budget „search“ & <more>")
        .message("80 %\nof 100 USD + tax")
        .message_attributes("owner", attribute("String", "team:search"))
        .message_attributes("threshold_percent", attribute("Number", "80"))
        .message_attributes(
            "seal",
            MessageAttributeValue::builder()
                .data_type("Binary")
                .binary_value(Blob::new([1, 2, 3]))
                .build()
                .unwrap(),
        )
        .send()
        .await
        .unwrap();
    let [message] = stand_in.outbox().try_into().unwrap();
    assert_eq!(published.message_id(), Some(message.message_id.as_str()));
    assert!(message.received_at.parse::<jiff::Timestamp>().is_ok());
    let attributes = [("owner", "team:search"), ("seal", "AQID"), ("threshold_percent", "80")];
    let types = [("owner", "String"), ("seal", "Binary"), ("threshold_percent", "Number")];
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let expected = OutboxMessage {
        topic_arn: TOPIC.to_owned(),
        subject: Some("Budget „search“ & <more>".to_owned()),
        message: "80 %\nof 100 USD + tax".to_owned(),
        attributes: attributes.map(owned).into(),
        attribute_types: types.map(owned).into(),
        ..message.clone()
    };
    assert_eq!(message, expected);
}

#[tokio::test]
async fn topics_are_made_once_and_listed() {
    let (_, client) = set_up().await;
    let again = client.create_topic().name("alerts").send().await.unwrap();
    assert_eq!(again.topic_arn(), Some(TOPIC));
    let topics = client.list_topics().send().await.unwrap().topics.unwrap();
    let topic_arns: Vec<_> = topics.iter().filter_map(|it| it.topic_arn()).collect();
    assert_eq!(topic_arns, [TOPIC]);
    let error = client.create_topic().name("no.dots").send().await.unwrap_err();
    assert_eq!(error.message(), Some("Invalid parameter: Topic Name"));
}

#[tokio::test]
async fn many_topics_come_in_pages() {
    let (_, client) = set_up().await;
    for number in 0..100 {
        client.create_topic().name(format!("topic-{number}")).send().await.unwrap();
    }
    let first = client.list_topics().send().await.unwrap();
    assert_eq!(first.topics().len(), 100);
    let second = client.list_topics().set_next_token(first.next_token).send().await.unwrap();
    assert_eq!((second.topics().len(), second.next_token()), (1, None));
}

#[tokio::test]
async fn subjects_are_checked() {
    check(|it| it.subject("é".repeat(99)), Ok(())).await;
    for bad in ["é".repeat(100), "two\nlines".to_owned(), "bell\u{7}".to_owned(), String::new()] {
        check_invalid(|it| it.subject(bad), "Invalid parameter: Subject").await;
    }
}

#[tokio::test]
async fn the_size_counts_attributes() {
    const MAX: usize = 262_144;
    let too_long = "Invalid parameter: Message too long";
    check(|it| it.message("a".repeat(MAX)), Ok(())).await;
    check_invalid(|it| it.message("a".repeat(MAX + 1)), too_long).await;
    // `k`, `String` and `v` are 8 bytes.
    let with = |it: PublishFluentBuilder, bytes| {
        it.message("a".repeat(bytes)).message_attributes("k", attribute("String", "v"))
    };
    check(|it| with(it, MAX - 8), Ok(())).await;
    check_invalid(|it| with(it, MAX - 7), too_long).await;
}

#[tokio::test]
async fn messages_are_checked() {
    check_invalid(|it| it.message(""), "Invalid parameter: Empty message").await;
    let of = |message: &'static str| {
        move |it: PublishFluentBuilder| it.message_structure("json").message(message)
    };
    check(of(r#"{"default": "80 %", "email": 1}"#), Ok(())).await;
    let no_default = "Invalid parameter: Message Structure - No default entry in JSON message body";
    check_invalid(of(r#"{"email": "80 %"}"#), no_default).await;
    check_invalid(of(r#"{"default": 80}"#), no_default).await;
    let no_object = "Invalid parameter: Message Structure - JSON message body failed to parse";
    check_invalid(of("80 %"), no_object).await;
    check_invalid(of("[]"), no_object).await;
    let other = |it: PublishFluentBuilder| it.message_structure("xml");
    check_invalid(other, "Invalid parameter: MessageStructure").await;
}

#[tokio::test]
async fn topics_are_checked() {
    let other = "arn:aws:sns:us-east-1:123456789012:other";
    check(|it| it.topic_arn(other), Err(("NotFound", "Topic does not exist"))).await;
    check(|it| it.set_topic_arn(None).target_arn(TOPIC), Ok(())).await;
    check_invalid(
        |it| it.set_topic_arn(None),
        "Invalid parameter: TopicArn or TargetArn Reason: no value for required parameter",
    )
    .await;
    check_invalid(
        |it| it.topic_arn("alerts"),
        "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1",
    )
    .await;
}

#[tokio::test]
async fn attributes_are_checked() {
    let of = |data_type: &'static str, value: &'static str| {
        move |it: PublishFluentBuilder| it.message_attributes("k", attribute(data_type, value))
    };
    check(of("Number.float", "-1.5e3"), Ok(())).await;
    check(of("String.Array", "[\"a\"]"), Ok(())).await;
    check(
        of("Number", "many"),
        Err(("ParameterValueInvalid", "Could not cast message attribute 'k' value to number.")),
    )
    .await;
    check(
        of("String", ""),
        Err(("ParameterValueInvalid", "The message attribute 'k' must contain non-empty message attribute value for message attribute type 'String'.")),
    )
    .await;
    check(
        of("Text", "v"),
        Err(("ParameterValueInvalid", "The message attribute 'k' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.")),
    )
    .await;
}

#[tokio::test]
async fn queued_errors_arrive_as_the_sdk_knows_them() {
    let denied = "User is not authorized to perform: SNS:Publish".to_owned();
    let (stand_in, client) = set_up().await;
    let cases = [
        (StandInError::Throttling, 400),
        (StandInError::InternalError, 500),
        (StandInError::AuthorizationError(denied), 403),
        (StandInError::invalid("no & <no>"), 400),
        (StandInError::ParameterValueInvalid("no".to_owned()), 400),
        (StandInError::NotFound, 404),
    ];
    for (error, status) in cases {
        stand_in.fail_next(error.clone());
        let answer = client.publish().topic_arn(TOPIC).message("m").send().await.unwrap_err();
        assert_eq!(answer.raw_response().unwrap().status().as_u16(), status);
        assert!(answer.as_service_error().is_some(), "{answer:?}");
        assert_eq!(answer.code(), Some(error.code()));
        assert_eq!(answer.message(), Some(error.to_string().as_str()));
    }
    stand_in.fail_next(StandInError::NotFound);
    let answer = client.publish().topic_arn(TOPIC).message("m").send().await.unwrap_err();
    assert!(answer.into_service_error().is_not_found_exception());
    assert!(stand_in.outbox().is_empty());
}

#[tokio::test]
async fn a_lost_answer_leaves_the_message() {
    let (stand_in, client) = set_up().await;
    for (error, expected) in [(StandInError::CloseConnection, 0), (StandInError::LoseAnswer, 1)] {
        stand_in.fail_next(error);
        let answer = client.publish().topic_arn(TOPIC).message("m").send().await.unwrap_err();
        assert!(matches!(answer, SdkError::DispatchFailure(_)), "{answer:?}");
        assert_eq!(stand_in.outbox().len(), expected);
    }
}

/// Publishes through a network that spoils the first call; a client with retries sends it twice.
async fn check_network(fault: Fault, retry: RetryConfig, is_ok: bool, expected_count: usize) {
    let (stand_in, _) = set_up().await;
    let plan = FaultPlan::only(1, fault.clone());
    let proxy = FaultyProxy::start(serve(&stand_in).await, plan).await.unwrap();
    let client = client_of(proxy.address(), retry);
    let answer = client.publish().topic_arn(TOPIC).message("m").send().await;
    assert_eq!(answer.is_ok(), is_ok, "{fault:?}: {answer:?}");
    assert_eq!(stand_in.outbox().len(), expected_count, "{fault:?}");
}

#[tokio::test]
async fn a_spoiled_call_fails_without_retries() {
    let throttled = Fault::Status {
        code: 400,
        body: "<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>".to_owned(),
    };
    for (fault, count) in [
        (Fault::Cut, 0),
        (throttled, 0),
        (Fault::Hang(Duration::from_millis(1)), 0),
        (Fault::LoseAnswer, 1),
        (Fault::HalfAnswer, 1),
    ] {
        check_network(fault, RetryConfig::disabled(), false, count).await;
    }
}

#[tokio::test]
async fn a_retry_after_a_lost_answer_is_a_second_message() {
    let retry = || RetryConfig::standard().with_initial_backoff(Duration::from_millis(1));
    check_network(Fault::Cut, retry(), true, 1).await;
    check_network(Fault::LoseAnswer, retry(), true, 2).await;
}

#[tokio::test]
async fn an_operation_that_is_not_answered_says_so() {
    let (_, client) = set_up().await;
    let error = client.delete_topic().topic_arn(TOPIC).send().await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidAction"));
}

/// Publishes `message` to an outbox in `dir` that is opened for this only.
async fn publish_in(dir: &TempDir, message: &str) -> SnsStandIn {
    let stand_in = SnsStandIn::open(Some(dir.path())).unwrap();
    let client = client(&stand_in).await;
    client.publish().topic_arn(TOPIC).message(message).send().await.unwrap();
    stand_in
}

/// A folder with the topic and one message.
async fn folder() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let stand_in = SnsStandIn::open(Some(dir.path())).unwrap();
    client(&stand_in).await.create_topic().name("alerts").send().await.unwrap();
    publish_in(&dir, "first").await;
    dir
}

#[tokio::test]
async fn the_outbox_survives_the_process() {
    let dir = folder().await;
    let messages = publish_in(&dir, "second").await.outbox();
    let texts: Vec<_> = messages.iter().map(|it| it.message.as_str()).collect();
    assert_eq!(texts, ["first", "second"]);
    assert_ne!(messages[0].message_id, messages[1].message_id);
    assert_eq!(SnsStandIn::open(Some(dir.path())).unwrap().outbox(), messages);
    let lines = std::fs::read_to_string(dir.path().join("outbox.jsonl")).unwrap();
    assert_eq!(lines.lines().count(), 2);
}

#[tokio::test]
async fn a_line_cut_short_is_removed() {
    let dir = folder().await;
    let path = dir.path().join("outbox.jsonl");
    let whole = std::fs::read(&path).unwrap();
    // Half a letter at the end.
    std::fs::write(&path, [&whole[..], b"{\"message_id\": \"\xc3"].concat()).unwrap();
    let texts: Vec<_> =
        publish_in(&dir, "second").await.outbox().into_iter().map(|it| it.message).collect();
    assert_eq!(texts, ["first", "second"]);
    assert_eq!(SnsStandIn::open(Some(dir.path())).unwrap().outbox().len(), 2);
}

#[tokio::test]
async fn a_line_that_is_no_message_is_an_error() {
    let dir = folder().await;
    let path = dir.path().join("outbox.jsonl");
    let whole = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{whole}nothing\n")).unwrap();
    let error = SnsStandIn::open(Some(dir.path())).unwrap_err();
    assert!(error.to_string().contains("outbox.jsonl:2: the line is not a message"), "{error}");
}

#[tokio::test]
async fn a_topic_has_the_subscriptions_that_it_was_given() {
    let (stand_in, client) = set_up().await;
    let counts = async || {
        let answer = client.get_topic_attributes().topic_arn(TOPIC).send().await.unwrap();
        let attributes = answer.attributes.unwrap();
        ["SubscriptionsConfirmed", "SubscriptionsPending"].map(|it| attributes[it].clone())
    };
    assert_eq!(counts().await, ["0", "0"]);
    stand_in.count(TOPIC, Subscriptions { confirmed: 2, pending: 1 });
    assert_eq!(counts().await, ["2", "1"]);
    let unknown = client.get_topic_attributes().topic_arn(format!("{TOPIC}-2")).send().await;
    assert_eq!(unknown.unwrap_err().code(), Some("NotFound"));
}
