//! Subscriptions of a topic.

use std::collections::BTreeSet;
use std::error::Error;
use std::sync::Arc;

use aws_sdk_sns::Client;
use ledger_app::contacts::Endpoint;
use ledger_app::subscriptions::{Step, Subscribed, Takes};
use serde_json::Value;

/// The attribute of a message that filters of ours compare.
const RECEIVER: &str = "receiver";

/// The word in place of the ARN of a subscription that waits for a confirmation.
const PENDING: &str = "PendingConfirmation";

/// Reads and changes the subscriptions of one topic.
#[derive(Clone, Debug)]
pub struct TopicSubscriptions {
    /// The client.
    pub client: Client,
    /// The topic.
    pub topic_arn: String,
}

/// A call about subscriptions failed.
#[derive(Debug, thiserror::Error)]
#[error("could not {doing}")]
pub struct SubscriptionError {
    doing: String,
    #[source]
    source: Arc<dyn Error + Send + Sync>,
}

impl SubscriptionError {
    fn of<E: Error + Send + Sync + 'static>(doing: impl Into<String>) -> impl FnOnce(E) -> Self {
        let doing = doing.into();
        move |err| SubscriptionError { doing, source: Arc::new(err) }
    }
}

impl TopicSubscriptions {
    /// All subscriptions, with the filters of those that are confirmed.
    ///
    /// # Errors
    ///
    /// [`SubscriptionError`].
    pub async fn list(&self) -> Result<Vec<Subscribed>, SubscriptionError> {
        let mut listed = Vec::new();
        let mut pages = self
            .client
            .list_subscriptions_by_topic()
            .topic_arn(&self.topic_arn)
            .into_paginator()
            .items()
            .send();
        while let Some(it) = pages.next().await {
            listed.push(it.map_err(SubscriptionError::of("list the subscriptions of the topic"))?);
        }
        let mut all = Vec::new();
        for it in listed {
            let id = it.subscription_arn.filter(|arn| arn != PENDING && arn != "Deleted");
            let takes = match &id {
                Some(id) => self.takes(id).await?,
                None => Takes::Other,
            };
            let (protocol, address) = (it.protocol, it.endpoint);
            let (Some(protocol), Some(address)) = (protocol, address) else { continue };
            all.push(Subscribed { protocol, address, id, takes });
        }
        Ok(all)
    }

    async fn takes(&self, id: &str) -> Result<Takes, SubscriptionError> {
        let call = self.client.get_subscription_attributes().subscription_arn(id);
        let answer = call.send().await;
        let answer = answer.map_err(SubscriptionError::of(format!("read subscription {id}")))?;
        let attributes = answer.attributes;
        let policy = attributes.as_ref().and_then(|it| it.get("FilterPolicy"));
        Ok(policy.map_or(Takes::Everything, |it| takes_of(it)))
    }

    /// Makes a change.
    ///
    /// # Errors
    ///
    /// [`SubscriptionError`].
    pub async fn apply(&self, step: &Step) -> Result<(), SubscriptionError> {
        match step {
            Step::Subscribe(Endpoint { protocol, address }, names) => {
                let call = self
                    .client
                    .subscribe()
                    .topic_arn(&self.topic_arn)
                    .protocol(protocol.as_str())
                    .endpoint(address)
                    .attributes("FilterPolicy", policy_of(names));
                let answer = call.send().await;
                answer.map(drop).map_err(SubscriptionError::of(format!("subscribe {address}")))
            }
            Step::Refilter(id, Endpoint { address, .. }, names) => {
                let call = self
                    .client
                    .set_subscription_attributes()
                    .subscription_arn(id)
                    .attribute_name("FilterPolicy")
                    .attribute_value(policy_of(names));
                let doing = format!("set the filter of {address}");
                call.send().await.map(drop).map_err(SubscriptionError::of(doing))
            }
        }
    }
}

fn policy_of(names: &BTreeSet<String>) -> String {
    serde_json::json!({ RECEIVER: names }).to_string()
}

fn takes_of(policy: &str) -> Takes {
    let Ok(Value::Object(policy)) = serde_json::from_str(policy) else { return Takes::Other };
    if policy.is_empty() {
        return Takes::Everything;
    }
    let names = policy.get(RECEIVER).filter(|_| policy.len() == 1).and_then(Value::as_array);
    let texts = |names: &Vec<Value>| {
        names.iter().map(|it| it.as_str().map(str::to_owned)).collect::<Option<BTreeSet<String>>>()
    };
    names.and_then(texts).map_or(Takes::Other, Takes::Receivers)
}
