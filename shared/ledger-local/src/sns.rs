//! A stand-in for AWS SNS that keeps published messages in a readable outbox.
//!
//! It speaks the Query protocol (forms in, XML out), so the real SDK client talks to it, and
//! answers `CreateTopic`, `ListTopics`, `GetTopicAttributes`, `Publish` and the calls of subscriptions with
//! the checks of the service. It delivers no messages: they stay in the outbox, which says of each where it
//! would have gone.
//!
//! Start reading at [`SnsStandIn`].

mod outbox;
mod publish;
mod subscriptions;
mod xml;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{DefaultBodyLimit, Form, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;

use self::outbox::Outbox;
use crate::closed_connection::closed_connection;

pub use self::outbox::OutboxMessage;
pub use self::subscriptions::Subscription;

/// Every topic is in this region and account; AWS documents use the same account.
const ARN_PREFIX: &str = "arn:aws:sns:us-east-1:123456789012:";

/// The limit of `ListTopics`.
const TOPICS_PER_PAGE: usize = 100;

/// Room for the largest message with each byte written as `%XX`.
const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// An error of SNS: caused by the request, or queued with [`SnsStandIn::fail_next`].
///
/// - **Source:** the error codes of the SNS API.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StandInError {
    /// `Throttling`: too many requests a second.
    #[error("Rate exceeded")]
    Throttling,
    /// `InternalError`, with HTTP status 500.
    #[error("An internal service error occurred")]
    InternalError,
    /// `AuthorizationError`, with HTTP status 403: not allowed, as the message says.
    #[error("{0}")]
    AuthorizationError(String),
    /// `InvalidParameter`: a parameter is wrong, as the message says.
    #[error("Invalid parameter: {0}")]
    InvalidParameter(String),
    /// `ParameterValueInvalid`: a message attribute is wrong, as the message says.
    #[error("{0}")]
    ParameterValueInvalid(String),
    /// `NotFound`, with HTTP status 404: there is no such topic.
    #[error("Topic does not exist")]
    NotFound,
    /// `NotFound`, with HTTP status 404: there is no such subscription.
    #[error("Subscription does not exist")]
    SubscriptionNotFound,
    /// `InvalidAction`: an operation this stand-in does not know.
    #[error("Could not find operation {0} for version 2010-03-31")]
    InvalidAction(String),
    /// The connection is closed without an answer; nothing is done.
    #[error("the connection is closed without an answer")]
    CloseConnection,
    /// The request is done, a message is in the outbox, but the connection is closed without an
    /// answer.
    #[error("the request is done and its answer lost")]
    LoseAnswer,
}

impl StandInError {
    fn code(&self) -> &'static str {
        match self {
            Self::Throttling => "Throttling",
            Self::InternalError => "InternalError",
            Self::AuthorizationError(_) => "AuthorizationError",
            Self::InvalidParameter(_) => "InvalidParameter",
            Self::ParameterValueInvalid(_) => "ParameterValueInvalid",
            Self::NotFound | Self::SubscriptionNotFound => "NotFound",
            Self::InvalidAction(_) => "InvalidAction",
            Self::CloseConnection => "CloseConnection",
            Self::LoseAnswer => "LoseAnswer",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::InternalError => StatusCode::INTERNAL_SERVER_ERROR,
            Self::AuthorizationError(_) => StatusCode::FORBIDDEN,
            Self::NotFound | Self::SubscriptionNotFound => StatusCode::NOT_FOUND,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    fn invalid(what: impl Into<String>) -> Self {
        Self::InvalidParameter(what.into())
    }
}

/// SNS, keeping its messages in a folder or in memory.
///
/// Clones share the topics, the outbox and the queued errors.
#[derive(Clone, Debug)]
pub struct SnsStandIn {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug)]
struct Shared {
    outbox: Outbox,
    failures: VecDeque<StandInError>,
    request_count: u64,
    /// Counts in place of those of a topic's subscriptions.
    counts: BTreeMap<String, Subscriptions>,
}

/// The subscriptions of a topic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Subscriptions {
    /// Those that are in force.
    pub confirmed: u64,
    /// Those that wait for a confirmation.
    pub pending: u64,
}

impl SnsStandIn {
    /// Opens the topics and messages in `dir`, which is created if missing; without a folder all is
    /// kept in memory.
    ///
    /// - **Shape:** `outbox.jsonl` holds one [`OutboxMessage`] a line, oldest first; `topics.txt`
    ///   one topic ARN a line; `subscriptions.jsonl` one [`Subscription`], the last of an ARN counts. A message is on disk before its answer is sent. A last line that a
    ///   crash cut short was never answered and is removed.
    ///
    /// # Errors
    ///
    /// If a file cannot be read or written, or a line is no message.
    pub fn open(dir: Option<&Path>) -> io::Result<Self> {
        let outbox = dir.map_or_else(|| Ok(Outbox::default()), Outbox::open)?;
        let (failures, counts) = (VecDeque::new(), BTreeMap::new());
        let shared = Shared { outbox, failures, request_count: 0, counts };
        Ok(Self { shared: Arc::new(Mutex::new(shared)) })
    }

    /// The messages accepted so far, oldest first, with those of earlier runs.
    #[must_use]
    pub fn outbox(&self) -> Vec<OutboxMessage> {
        self.lock().outbox.messages().to_vec()
    }

    /// Answers the next request with `error`, regardless of its content. Several errors wait in a
    /// queue.
    pub fn fail_next(&self, error: StandInError) {
        self.lock().failures.push_back(error);
    }

    /// Counts these subscriptions of a topic in place of those it has. Nothing is delivered to them.
    pub fn count(&self, topic_arn: &str, subscriptions: Subscriptions) {
        self.lock().counts.insert(topic_arn.to_owned(), subscriptions);
    }

    /// All subscriptions.
    #[must_use]
    pub fn subscriptions(&self) -> Vec<Subscription> {
        self.lock().outbox.subscriptions().to_vec()
    }

    /// Confirms all subscriptions that wait for it, as their receivers would.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn confirm_all(&self) -> io::Result<()> {
        let mut shared = self.lock();
        let mut all = shared.outbox.subscriptions().to_vec();
        all.iter_mut().for_each(|it| it.is_pending = false);
        shared.outbox.keep_subscriptions(all)
    }

    /// The router of the service, for the caller's own listener.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/", post(answer))
            .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
            .with_state(self.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // Nothing panics while it holds the lock, and each change is complete in itself.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Performs a request; returns its number as well, for the answer's request id.
    fn perform(&self, form: &Parameters) -> (u64, Result<Done, StandInError>) {
        let mut shared = self.lock();
        shared.request_count += 1;
        let number = shared.request_count;
        let done = match shared.failures.pop_front() {
            None => shared.perform(form),
            // The request is done either way; only its answer is lost.
            Some(StandInError::LoseAnswer) => {
                let _ = shared.perform(form);
                Err(StandInError::LoseAnswer)
            }
            Some(error) => Err(error),
        };
        (number, done)
    }
}

/// The parameters of a request, by their full names, such as
/// `MessageAttributes.entry.1.Value.DataType`.
type Parameters = BTreeMap<String, String>;

/// The outcome of a request.
enum Done {
    Created { topic_arn: String },
    Listed { topic_arns: Vec<String>, next_token: Option<String> },
    Published { message_id: String },
    Described { topic_arn: String, subscriptions: Subscriptions },
    Subscribed { subscription: Subscription },
    ListedSubscriptions { subscriptions: Vec<Subscription>, next_token: Option<String> },
    DescribedSubscription { subscription: Subscription },
    SetSubscription,
}

impl Shared {
    fn perform(&mut self, form: &Parameters) -> Result<Done, StandInError> {
        let Shared { outbox, counts, .. } = self;
        match form.get("Action").map(String::as_str).unwrap_or_default() {
            "CreateTopic" => create_topic(form, outbox),
            "ListTopics" => list_topics(form, outbox),
            "GetTopicAttributes" => {
                let topic_arn = form.get("TopicArn").filter(|it| outbox.has_topic(it));
                let topic_arn = topic_arn.ok_or(StandInError::NotFound)?.clone();
                let counted = || outbox.counted(&topic_arn);
                let subscriptions = counts.get(&topic_arn).copied().unwrap_or_else(counted);
                Ok(Done::Described { topic_arn, subscriptions })
            }
            "Publish" => {
                let draft = publish::Draft::parse(form)?;
                if !outbox.has_topic(&draft.topic_arn) {
                    return Err(StandInError::NotFound);
                }
                let message_id = outbox.append(draft).map_err(|err| not_kept(&err))?;
                Ok(Done::Published { message_id })
            }
            "Subscribe" => {
                let wanted = subscriptions::wanted(form)?;
                if !outbox.has_topic(&wanted.topic_arn) {
                    return Err(StandInError::NotFound);
                }
                let mut all = outbox.subscriptions().to_vec();
                let subscription = subscriptions::subscribe(wanted, &mut all)?;
                outbox.keep_subscriptions(all).map_err(|err| not_kept(&err))?;
                Ok(Done::Subscribed { subscription })
            }
            "ListSubscriptionsByTopic" => {
                let (subscriptions, next_token) =
                    subscriptions::page_of(form, outbox.subscriptions())?;
                Ok(Done::ListedSubscriptions { subscriptions, next_token })
            }
            "GetSubscriptionAttributes" => {
                let mut all = outbox.subscriptions().to_vec();
                let subscription = subscriptions::find(form, &mut all)?.clone();
                Ok(Done::DescribedSubscription { subscription })
            }
            "SetSubscriptionAttributes" => {
                let mut all = outbox.subscriptions().to_vec();
                subscriptions::set_attribute(form, &mut all)?;
                outbox.keep_subscriptions(all).map_err(|err| not_kept(&err))?;
                Ok(Done::SetSubscription)
            }
            other => Err(StandInError::InvalidAction(other.to_owned())),
        }
    }
}

/// Creates a topic, or finds the one of this name.
fn create_topic(form: &Parameters, outbox: &mut Outbox) -> Result<Done, StandInError> {
    let name = form.get("Name").map(String::as_str).unwrap_or_default();
    let is_allowed = |it: char| it.is_ascii_alphanumeric() || it == '-' || it == '_';
    if name.is_empty() || name.len() > 256 || !name.chars().all(is_allowed) {
        return Err(StandInError::invalid("Topic Name"));
    }
    let topic_arn = format!("{ARN_PREFIX}{name}");
    outbox.add_topic(&topic_arn).map_err(|err| not_kept(&err))?;
    Ok(Done::Created { topic_arn })
}

/// Lists a page of topics; the token is the last ARN of the page before.
fn list_topics(form: &Parameters, outbox: &Outbox) -> Result<Done, StandInError> {
    let token = form.get("NextToken").map(String::as_str).unwrap_or_default();
    if !token.is_empty() && !outbox.has_topic(token) {
        return Err(StandInError::invalid("NextToken"));
    }
    let mut behind = outbox.topics_behind(token);
    let topic_arns: Vec<String> = behind.by_ref().take(TOPICS_PER_PAGE).cloned().collect();
    let next_token = behind.next().and_then(|_| topic_arns.last().cloned());
    Ok(Done::Listed { topic_arns, next_token })
}

fn not_kept(err: &io::Error) -> StandInError {
    tracing::error!(error = %err, "could not write to the outbox");
    StandInError::InternalError
}

async fn answer(
    State(stand_in): State<SnsStandIn>,
    form: Result<Form<Vec<(String, String)>>, axum::extract::rejection::FormRejection>,
) -> Response {
    let form: Parameters = match form {
        Ok(Form(form)) => form.into_iter().collect(),
        Err(rejection) => return rejection.into_response(),
    };
    // The file is synced before the answer, which blocks.
    let performed = tokio::task::spawn_blocking(move || stand_in.perform(&form)).await;
    let (number, done) = performed.unwrap_or((0, Err(StandInError::InternalError)));
    let request_id = format!("00000000-0000-4000-9000-{number:012x}");
    let (status, body) = match done {
        Ok(done) => (StatusCode::OK, xml::answer(&done, &request_id)),
        Err(StandInError::CloseConnection | StandInError::LoseAnswer) => {
            return closed_connection();
        }
        Err(error) => (error.status(), xml::error(&error, &request_id)),
    };
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    if let Ok(id) = HeaderValue::from_str(&request_id) {
        headers.insert("x-amzn-requestid", id);
    }
    response
}
