//! Alerts through AWS SNS.

mod message;
pub mod subscriptions;

use std::error::Error;
use std::io;
use std::sync::{Arc, OnceLock};

use aws_sdk_sns::Client;
use aws_sdk_sns::config::http::HttpResponse;
use aws_sdk_sns::error::SdkError;
use aws_sdk_sns::types::MessageAttributeValue;
use ledger_app::ports::{Audience, AudienceError, AudienceSource, Notifier, PublishError, Topic};
use ledger_core::budget::{Alert, AttributeValue};

use self::message::structured;
use crate::connect::Connection;

/// Publishes alerts to one topic.
///
/// - **Invariant:** the client does not repeat calls, see [`crate::connect::sns_client`].
#[derive(Clone, Debug)]
pub struct SnsNotifier {
    /// The client.
    pub client: Client,
    /// Where alerts go.
    pub topic_arn: String,
}

impl SnsNotifier {
    /// Publishes to the topic of this name, which is made unless it is there.
    ///
    /// # Errors
    ///
    /// The cause, when SNS refused or could not be reached.
    pub async fn ensure_topic(client: Client, name: &str) -> Result<SnsNotifier, TopicError> {
        let error = |source: Arc<dyn Error + Send + Sync>| TopicError { name: name.into(), source };
        let answer =
            client.create_topic().name(name).send().await.map_err(|err| error(Arc::new(err)))?;
        let topic_arn = answer.topic_arn.ok_or_else(|| error(Arc::new(NoArn)))?;
        Ok(SnsNotifier { client, topic_arn })
    }
}

/// Publishes to a topic that is there, with a client that is made for the first alert or count: most
/// evaluations have none.
#[derive(Debug)]
pub struct TopicNotifier {
    connection: Connection,
    topic_arn: String,
    alarms_arn: Option<String>,
    notifier: OnceLock<SnsNotifier>,
}

impl TopicNotifier {
    /// Publishes to the topic of an ARN; `alarms_arn` is that of the topic of alarms, of which only the
    /// subscribers are counted. Nothing is asked and nothing is made.
    pub fn new(
        connection: Connection,
        topic_arn: String,
        alarms_arn: Option<String>,
    ) -> TopicNotifier {
        TopicNotifier { connection, topic_arn, alarms_arn, notifier: OnceLock::new() }
    }
}

impl TopicNotifier {
    fn notifier(&self) -> &SnsNotifier {
        self.notifier.get_or_init(|| SnsNotifier {
            client: self.connection.sns_client(),
            topic_arn: self.topic_arn.clone(),
        })
    }
}

impl Notifier for TopicNotifier {
    async fn publish(&self, alert: &Alert) -> Result<(), PublishError> {
        self.notifier().publish(alert).await
    }
}

impl AudienceSource for TopicNotifier {
    async fn audience(&self, topic: Topic) -> Result<Option<Audience>, AudienceError> {
        let topic_arn = match topic {
            Topic::Alerts => Some(&self.topic_arn),
            Topic::Alarms => self.alarms_arn.as_ref(),
        };
        let Some(topic_arn) = topic_arn else { return Ok(None) };
        let failed = |source| AudienceError { topic, source };
        let call = self.notifier().client.get_topic_attributes().topic_arn(topic_arn);
        let answer = call.send().await.map_err(|err| failed(Arc::new(err)))?;
        let attributes = answer.attributes.unwrap_or_default();
        let count = |name: &'static str| {
            let count = attributes.get(name).and_then(|it| it.parse().ok());
            count.ok_or_else(|| failed(Arc::new(NoCount(name))))
        };
        let (confirmed, pending) =
            (count("SubscriptionsConfirmed")?, count("SubscriptionsPending")?);
        Ok(Some(Audience { confirmed, pending }))
    }
}

/// A topic could not be had.
#[derive(Clone, Debug, thiserror::Error)]
#[error("could not make sure that topic `{name}` exists")]
pub struct TopicError {
    name: String,
    #[source]
    source: Arc<dyn Error + Send + Sync>,
}

#[derive(Debug, thiserror::Error)]
#[error("the answer names no topic")]
struct NoArn;

#[derive(Debug, thiserror::Error)]
#[error("the answer has no number `{0}`")]
struct NoCount(&'static str);

impl Notifier for SnsNotifier {
    async fn publish(&self, alert: &Alert) -> Result<(), PublishError> {
        let mut call = self.client.publish().topic_arn(&self.topic_arn).subject(&alert.subject);
        call = match structured(alert) {
            Some(message) => call.message_structure("json").message(message),
            None => call.message(&alert.body),
        };
        for (name, value) in alert.published_attributes() {
            // Numeric filters of subscriptions match this type alone.
            let (data_type, value) = match value {
                AttributeValue::Text(text) => ("String", text),
                AttributeValue::Number(number) => ("Number", number.to_string()),
                AttributeValue::Texts(texts) => ("String.Array", list_of(&texts)?),
            };
            let attribute = MessageAttributeValue::builder()
                .data_type(data_type)
                .string_value(value)
                .build()
                .map_err(|err| PublishError::NotSent(Arc::new(err)))?;
            call = call.message_attributes(name, attribute);
        }
        call.send().await.map(|_| ()).map_err(classify)
    }
}

/// The JSON of a list, as attributes have it.
fn list_of(texts: &[Arc<str>]) -> Result<String, PublishError> {
    let texts: Vec<&str> = texts.iter().map(|it| &**it).collect();
    serde_json::to_string(&texts).map_err(|err| PublishError::NotSent(Arc::new(err)))
}

/// Whether the message may have arrived. In doubt it may: sent again, it says that it may be a repeat.
fn classify<E: Error + Send + Sync + 'static>(err: SdkError<E, HttpResponse>) -> PublishError {
    let never_arrived = match &err {
        SdkError::ConstructionFailure(_) => true,
        SdkError::DispatchFailure(failure) => {
            failure.is_user()
                || failure.as_connector_error().is_some_and(|it| was_connection_refused(it))
        }
        SdkError::ServiceError(answer) => answer.raw().status().is_client_error(),
        // A timeout, an answer that broke off, and whatever else there may be one day.
        _ => false,
    };
    if never_arrived {
        PublishError::NotSent(Arc::new(err))
    } else {
        PublishError::Unconfirmed(Arc::new(err))
    }
}

/// A connection that was refused carried nothing.
fn was_connection_refused(err: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(err), |it| (**it).source())
        .filter_map(|it| it.downcast_ref::<io::Error>())
        .any(|it| it.kind() == io::ErrorKind::ConnectionRefused)
}
