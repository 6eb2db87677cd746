//! The SNS adapter against the outbox: what counts as sent, as not sent, and as neither.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::collections::BTreeMap;

use ledger_app::ports::{Notifier, PublishError};
use ledger_aws::connect::{LocalEndpoint, sns_client};
use ledger_aws::sns::SnsNotifier;
use ledger_core::budget::{Alert, AlertId, Crossing, CrossingId};
use ledger_core::period::Window;
use ledger_local::sns::{SnsStandIn, StandInError};

fn alert() -> Alert {
    let start = "2026-11-01".parse().unwrap();
    let crossing = Crossing::reached(80);
    let (budget, window) = ("chat".into(), Window::Monthly);
    let id = AlertId::Crossing(CrossingId { budget, window, start, crossing });
    let attributes = [("owner", "chat"), ("deputy", "")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    Alert {
        id,
        also: Vec::new(),
        receivers: Vec::new(),
        chat: None,
        document: None,
        subject: "subject".to_owned(),
        body: "body".to_owned(),
        attributes: BTreeMap::from(attributes),
    }
}

/// Publishes once; says what the caller learns and how many messages there are.
async fn publish(fault: Option<StandInError>) -> (&'static str, usize) {
    let stand_in = SnsStandIn::open(None).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = LocalEndpoint(format!("http://{}", listener.local_addr().unwrap()));
    let router = stand_in.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let client = sns_client(Some(&endpoint)).await;
    let notifier = SnsNotifier::ensure_topic(client, "alerts").await.unwrap();
    if let Some(fault) = fault {
        stand_in.fail_next(fault);
    }
    let outcome = match notifier.publish(&alert()).await {
        Ok(()) => "sent",
        Err(PublishError::NotSent(_)) => "not sent",
        Err(PublishError::Unconfirmed(_)) => "unconfirmed",
    };
    (outcome, stand_in.outbox().len())
}

#[tokio::test]
async fn an_alert_is_in_the_outbox_once() {
    assert_eq!(publish(None).await, ("sent", 1));
}

#[tokio::test]
async fn a_refusal_is_not_sent() {
    assert_eq!(publish(Some(StandInError::Throttling)).await, ("not sent", 0));
    assert_eq!(publish(Some(StandInError::NotFound)).await, ("not sent", 0));
}

#[tokio::test]
async fn what_may_have_arrived_is_unconfirmed_and_not_repeated_by_the_client() {
    assert_eq!(publish(Some(StandInError::LoseAnswer)).await, ("unconfirmed", 1));
    assert_eq!(publish(Some(StandInError::CloseConnection)).await, ("unconfirmed", 0));
    assert_eq!(publish(Some(StandInError::InternalError)).await, ("unconfirmed", 0));
}

#[tokio::test]
async fn a_refused_connection_carried_nothing() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = LocalEndpoint(format!("http://{}", listener.local_addr().unwrap()));
    drop(listener);
    let client = sns_client(Some(&endpoint)).await;
    let topic_arn = "arn:aws:sns:us-east-1:123456789012:alerts".to_owned();
    let outcome = SnsNotifier { client, topic_arn }.publish(&alert()).await;
    assert!(matches!(outcome, Err(PublishError::NotSent(_))), "{outcome:?}");
}
