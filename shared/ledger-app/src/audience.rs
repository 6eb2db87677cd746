//! Subscribers of the topics of alerts and alarms: counted by the evaluation, kept in the ledger.

use jiff::{Timestamp, ToSpan as _};
use ledger_core::finding::{Finding, FindingCode};

use crate::causes::causes;
use crate::ports::{
    AlertStore, Audience, AudienceSource, CountedAudience, LedgerStore, StoreError, Topic,
};
use crate::view::View;

/// How long a topic with subscribers is not asked again.
const COUNTED_HOURS: i64 = 6;

/// Counts the audiences that were not counted lately and keeps them. A topic that could not be asked is
/// named in the log, and stops nothing.
///
/// # Errors
///
/// [`StoreError`].
pub async fn count_audiences(
    notifier: &impl AudienceSource,
    alerts: &impl AlertStore,
    now: Timestamp,
) -> Result<(), StoreError> {
    let kept = alerts.audiences().await?;
    for topic in Topic::ALL {
        let is_known = |it: &CountedAudience| {
            let until = it.at.checked_add(COUNTED_HOURS.hours()).unwrap_or(it.at);
            it.topic == topic && it.audience.confirmed > 0 && now < until
        };
        if kept.iter().any(is_known) {
            continue;
        }
        match notifier.audience(topic).await {
            Ok(Some(audience)) => {
                alerts.keep_audience(CountedAudience { topic, audience, at: now }).await?;
            }
            Ok(None) => {}
            Err(err) => tracing::warn!(error = causes(&err), "{err}"),
        }
    }
    Ok(())
}

/// A finding for each topic that has no subscriber.
///
/// # Errors
///
/// [`StoreError`].
pub async fn findings_of_audiences<L>(view: &View<L>) -> Result<Vec<Finding>, StoreError>
where
    L: LedgerStore + AlertStore + Clone + 'static,
{
    let audiences = view.ledger().audiences().await?;
    let unheard = audiences.iter().filter(|it| it.audience.confirmed == 0);
    Ok(unheard.map(finding).collect())
}

fn finding(counted: &CountedAudience) -> Finding {
    let CountedAudience { topic, audience: Audience { pending, .. }, at } = counted;
    let (is_lost, parameter) = match topic {
        Topic::Alerts => ("no owner is told when a budget is crossed", "AlertsEmail"),
        Topic::Alarms => ("no person is told when Tollbook itself fails", "OperationsEmail"),
    };
    let fix = match pending {
        0 => format!("deploy with {parameter}, or subscribe to the topic of {}", topic.as_str()),
        1 => "the subscription that waits is in force once its mail is confirmed".to_owned(),
        more => format!(
            "the {more} subscriptions that wait are in force once their mails are confirmed"
        ),
    };
    let message = format!(
        "the topic of {} has no subscriber, so {is_lost}; {fix} (counted on {})",
        topic.as_str(),
        at.strftime("%Y-%m-%d %H:%M UTC"),
    );
    Finding { code: FindingCode::TopicWithoutSubscriber, message }
}
