//! The XML of answers: few shapes, all ours, so it is written by hand.

use super::subscriptions::attributes_of;
use super::{Done, StandInError, Subscriptions};
use crate::xml::element;

const NAMESPACE: &str = "http://sns.amazonaws.com/doc/2010-03-31/";

pub(super) fn answer(done: &Done, request_id: &str) -> String {
    let (action, result) = match done {
        Done::Created { topic_arn } => ("CreateTopic", element("TopicArn", topic_arn)),
        Done::Published { message_id } => ("Publish", element("MessageId", message_id)),
        Done::Listed { topic_arns, next_token } => {
            let mut result = String::from("<Topics>");
            for topic_arn in topic_arns {
                result.push_str("<member>");
                result.push_str(&element("TopicArn", topic_arn));
                result.push_str("</member>");
            }
            result.push_str("</Topics>");
            result.push_str(
                &next_token.as_deref().map(|it| element("NextToken", it)).unwrap_or_default(),
            );
            ("ListTopics", result)
        }
        Done::Subscribed { subscription } => {
            // As long as it is not confirmed, the service has no ARN to give.
            let arn =
                if subscription.is_pending { "pending confirmation" } else { &*subscription.arn };
            ("Subscribe", element("SubscriptionArn", arn))
        }
        Done::ListedSubscriptions { subscriptions, next_token } => {
            let mut result = String::from("<Subscriptions>");
            for it in subscriptions {
                let arn = if it.is_pending { "PendingConfirmation" } else { &*it.arn };
                result.push_str("<member>");
                for (name, value) in [
                    ("TopicArn", &*it.topic_arn),
                    ("Protocol", &*it.protocol),
                    ("SubscriptionArn", arn),
                    ("Owner", "123456789012"),
                    ("Endpoint", &*it.endpoint),
                ] {
                    result.push_str(&element(name, value));
                }
                result.push_str("</member>");
            }
            result.push_str("</Subscriptions>");
            if let Some(token) = next_token {
                result.push_str(&element("NextToken", token));
            }
            ("ListSubscriptionsByTopic", result)
        }
        Done::DescribedSubscription { subscription } => {
            let entries = attributes_of(subscription).into_iter().map(entry);
            let entries: String = entries.collect();
            ("GetSubscriptionAttributes", format!("<Attributes>{entries}</Attributes>"))
        }
        Done::SetSubscription => ("SetSubscriptionAttributes", String::new()),
        Done::Described { topic_arn, subscriptions: Subscriptions { confirmed, pending } } => {
            let attributes = [
                ("TopicArn", topic_arn.clone()),
                ("SubscriptionsConfirmed", confirmed.to_string()),
                ("SubscriptionsPending", pending.to_string()),
            ];
            let entries = attributes.map(entry);
            ("GetTopicAttributes", format!("<Attributes>{}</Attributes>", entries.concat()))
        }
    };
    let request_id = element("RequestId", request_id);
    format!(
        "<{action}Response xmlns=\"{NAMESPACE}\"><{action}Result>{result}</{action}Result><ResponseMetadata>{request_id}</ResponseMetadata></{action}Response>"
    )
}

fn entry((name, value): (&str, String)) -> String {
    format!("<entry>{}{}</entry>", element("key", name), element("value", &value))
}

pub(super) fn error(error: &StandInError, request_id: &str) -> String {
    let kind = if error.status().is_server_error() { "Receiver" } else { "Sender" };
    let kind = element("Type", kind);
    let code = element("Code", error.code());
    let message = element("Message", &error.to_string());
    let request_id = element("RequestId", request_id);
    format!(
        "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error>{kind}{code}{message}</Error>{request_id}</ErrorResponse>"
    )
}
