//! Alerts on their way: at least once, and again until an answer was seen.

use jiff::{Timestamp, ToSpan};

use crate::causes::causes;
use crate::ports::{AlertState, AlertStore, Notifier, PublishError, StoreError, StoredAlert};

/// How long an alert may be on its way before its delivery counts as unknown.
const SENDING_MINUTES_MAX: i64 = 15;

/// The end of an attempt to send an alert.
pub(super) enum Outcome {
    Sent,
    NotSent,
    Unconfirmed,
    /// Another run is sending it; how that ends is not known yet.
    WithAnotherRun,
}

/// Sends an alert that has not been seen to arrive. One run at a time does: it is moved to `sending`
/// first. One whose answer was lost is sent again under the same identity: a warning twice is better than
/// none.
pub(super) async fn send(
    stored: &StoredAlert,
    now: Timestamp,
    run: &str,
    alerts: &impl AlertStore,
    notifier: &impl Notifier,
) -> Result<Outcome, StoreError> {
    use AlertState::{Planned, Sending, Sent, Unconfirmed};
    let id = &stored.alert.id;
    let mut state = stored.state;
    if state == Sending {
        if !is_stale(stored, now) {
            return Ok(Outcome::WithAnotherRun);
        }
        // The run that was sending it died, and it is not known how far it came.
        if !alerts.advance(id, Sending, Unconfirmed, run, now).await? {
            return Ok(Outcome::WithAnotherRun);
        }
        state = Unconfirmed;
    }
    if !alerts.advance(id, state, Sending, run, now).await? {
        return Ok(Outcome::WithAnotherRun);
    }
    let published = if state == Unconfirmed {
        notifier.publish(&stored.alert.repeated()).await
    } else {
        notifier.publish(&stored.alert).await
    };
    match published {
        Ok(()) => {
            alerts.advance(id, Sending, Sent, run, now).await?;
            Ok(Outcome::Sent)
        }
        Err(PublishError::NotSent(err)) => {
            tracing::warn!(alert.id = %id, error = causes(&*err), "alert {id} was not accepted");
            // An earlier sending of it may have arrived all the same.
            alerts.advance(id, Sending, state, run, now).await?;
            Ok(if state == Planned { Outcome::NotSent } else { Outcome::Unconfirmed })
        }
        Err(PublishError::Unconfirmed(err)) => {
            tracing::error!(alert.id = %id, error = causes(&*err), "alert {id} may not have arrived");
            alerts.advance(id, Sending, Unconfirmed, run, now).await?;
            Ok(Outcome::Unconfirmed)
        }
    }
}

/// Whether an alert is on its way for so long that the run that was sending it must have ended.
fn is_stale(stored: &StoredAlert, now: Timestamp) -> bool {
    stored.at.checked_add(SENDING_MINUTES_MAX.minutes()).is_ok_and(|limit| limit < now)
}

/// Alerts that no owner is sure to have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Undelivered<'a> {
    /// Those that were not accepted, or not tried yet.
    pub not_sent: Vec<&'a StoredAlert>,
    /// Those that may or may not have arrived.
    pub unconfirmed: Vec<&'a StoredAlert>,
}

/// Those of these alerts that no owner is sure to have.
pub fn undelivered(alerts: &[StoredAlert], now: Timestamp) -> Undelivered<'_> {
    let mut undelivered = Undelivered::default();
    for stored in alerts {
        match stored.state {
            AlertState::Planned => undelivered.not_sent.push(stored),
            AlertState::Unconfirmed => undelivered.unconfirmed.push(stored),
            AlertState::Sending if is_stale(stored, now) => undelivered.unconfirmed.push(stored),
            AlertState::Sending | AlertState::Sent | AlertState::Digested => {}
        }
    }
    undelivered
}
