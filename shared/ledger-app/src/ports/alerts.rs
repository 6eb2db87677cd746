//! Alerts: kept so that each fires once, and sent.

use std::future::Future;
use std::sync::Arc;

use jiff::Timestamp;
use ledger_core::budget::{Alert, AlertId};
use ledger_core::period::ChargePeriod;

use super::StoreError;

/// How far an alert got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertState {
    /// It is recorded and not sent: no recipient has it.
    Planned,
    /// A run is sending it now.
    Sending,
    /// It was accepted.
    Sent,
    /// It was published and the answer was lost: it may or may not have arrived, and is sent again.
    Unconfirmed,
    /// A digest says it in its place.
    Digested,
}

impl AlertState {
    /// All of them.
    pub const ALL: [AlertState; 5] = [
        AlertState::Planned,
        AlertState::Sending,
        AlertState::Sent,
        AlertState::Unconfirmed,
        AlertState::Digested,
    ];

    /// The word in answers and items.
    pub fn as_str(self) -> &'static str {
        match self {
            AlertState::Planned => "planned",
            AlertState::Sending => "sending",
            AlertState::Sent => "sent",
            AlertState::Unconfirmed => "unconfirmed",
            AlertState::Digested => "digested",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<AlertState> {
        AlertState::ALL.into_iter().find(|it| it.as_str() == text)
    }
}

/// An alert as the ledger holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAlert {
    /// The alert.
    pub alert: Alert,
    /// How far it got.
    pub state: AlertState,
    /// When it got there.
    pub at: Timestamp,
}

/// Keeps alerts, so that each is written down once.
pub trait AlertStore: Send + Sync {
    /// A recorded alert.
    fn alert(
        &self,
        id: &AlertId,
    ) -> impl Future<Output = Result<Option<StoredAlert>, StoreError>> + Send;

    /// Records an alert as planned, unless it is recorded already; returns its state.
    fn plan(
        &self,
        alert: &Alert,
        at: Timestamp,
    ) -> impl Future<Output = Result<StoredAlert, StoreError>> + Send;

    /// Moves an alert from one state to the next; `false` when another run was faster.
    ///
    /// `run` names this run, so that a repeated call whose first answer was lost still succeeds.
    fn advance(
        &self,
        id: &AlertId,
        from: AlertState,
        to: AlertState,
        run: &str,
        at: Timestamp,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// The alerts of windows that begin in a period, newest first.
    fn alerts(
        &self,
        period: ChargePeriod,
    ) -> impl Future<Output = Result<Vec<StoredAlert>, StoreError>> + Send;

    /// Whether `state` is what was last [settled](AlertStore::settle), and still is.
    fn is_settled(
        &self,
        state: &str,
        now: Timestamp,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Records that every alert implied by this evaluation input has been sent, up to a time if there is one.
    /// `state` is a text of any length that identifies the input: day, budgets, bill versions.
    fn settle(
        &self,
        state: &str,
        at: Timestamp,
        until: Option<Timestamp>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The audiences that are kept, one of each topic at most.
    fn audiences(&self) -> impl Future<Output = Result<Vec<CountedAudience>, StoreError>> + Send;

    /// Keeps the audience of a topic in place of an earlier one.
    fn keep_audience(
        &self,
        counted: CountedAudience,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// A topic that people subscribe to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// Of budgets, for owners.
    Alerts,
    /// Of Tollbook itself, for its operators.
    Alarms,
}

impl Topic {
    /// All of them.
    pub const ALL: [Topic; 2] = [Topic::Alerts, Topic::Alarms];

    /// The word in items.
    pub fn as_str(self) -> &'static str {
        match self {
            Topic::Alerts => "alerts",
            Topic::Alarms => "alarms",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Topic> {
        Topic::ALL.into_iter().find(|it| it.as_str() == text)
    }
}

/// The number of subscribers of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Audience {
    /// Subscriptions in force.
    pub confirmed: u64,
    /// Subscriptions that wait for a confirmation, and get nothing until then.
    pub pending: u64,
}

/// An audience, and when it was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountedAudience {
    /// The topic.
    pub topic: Topic,
    /// Its audience.
    pub audience: Audience,
    /// The time of the count.
    pub at: Timestamp,
}

/// Sends alerts.
pub trait Notifier: Send + Sync {
    /// Publishes an alert, by one call.
    fn publish(&self, alert: &Alert) -> impl Future<Output = Result<(), PublishError>> + Send;
}

/// Counts subscribers.
pub trait AudienceSource: Send + Sync {
    /// The audience of a topic; `None` for a topic that is not known here.
    fn audience(
        &self,
        topic: Topic,
    ) -> impl Future<Output = Result<Option<Audience>, AudienceError>> + Send;
}

/// The audience of a topic could not be counted.
#[derive(Debug, thiserror::Error)]
#[error("could not count who is subscribed to the topic of {}", .topic.as_str())]
pub struct AudienceError {
    /// The topic.
    pub topic: Topic,
    /// The cause.
    #[source]
    pub source: Arc<dyn std::error::Error + Send + Sync>,
}

/// Why an alert was not published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// It was refused or never left: no recipient has it.
    #[error("the alert was not accepted")]
    NotSent(#[source] Arc<dyn std::error::Error + Send + Sync>),
    /// It left and the answer was lost: it may have arrived.
    #[error("the alert was published, and the answer was lost")]
    Unconfirmed(#[source] Arc<dyn std::error::Error + Send + Sync>),
}
