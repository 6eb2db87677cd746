//! Promises of [`AlertStore`].

use ledger_app::ports::{AlertState, AlertStore, Audience, CountedAudience, Topic};
use ledger_core::budget::{Alert, AlertId, Crossing, CrossingKind, DigestKind};

use crate::build::{alert, at, span};

/// Planning again gives the state that the alert has.
pub async fn an_alert_is_planned_once(alerts: &impl AlertStore) {
    let now = at("2026-11-21T07:00:00Z");
    let alert = alert("2026-11-01", 80);
    assert_eq!(alerts.alert(&alert.id).await.unwrap(), None);
    let planned = alerts.plan(&alert, now).await.unwrap();
    assert_eq!((&planned.alert, planned.state, planned.at), (&alert, AlertState::Planned, now));
    let sending = AlertState::Sending;
    assert!(alerts.advance(&alert.id, AlertState::Planned, sending, "one", now).await.unwrap());
    let again = alerts.plan(&alert, at("2026-11-21T08:00:00Z")).await.unwrap();
    assert_eq!((again.state, again.at), (sending, now));
    assert_eq!(alerts.alert(&alert.id).await.unwrap(), Some(again));
}

/// One of two runs wins; the winner may repeat its call, the loser may not.
pub async fn an_alert_is_advanced_by_one_run_and_its_call_can_be_repeated(
    alerts: &impl AlertStore,
) {
    let now = at("2026-11-21T07:00:00Z");
    let alert = alert("2026-11-01", 80);
    let (planned, sending) = (AlertState::Planned, AlertState::Sending);
    assert!(!alerts.advance(&alert.id, planned, sending, "none", now).await.unwrap());
    alerts.plan(&alert, now).await.unwrap();
    let (one, other) = tokio::join!(
        alerts.advance(&alert.id, planned, sending, "one", now),
        alerts.advance(&alert.id, planned, sending, "other", now),
    );
    let (one, other) = (one.unwrap(), other.unwrap());
    assert!(one != other);
    let (winner, loser) = if one { ("one", "other") } else { ("other", "one") };
    assert!(alerts.advance(&alert.id, planned, sending, winner, now).await.unwrap());
    assert!(!alerts.advance(&alert.id, planned, sending, loser, now).await.unwrap());
    assert_eq!(alerts.alert(&alert.id).await.unwrap().unwrap().state, sending);
}

/// Alerts of every kind are read as they were written down.
pub async fn an_alert_is_read_as_it_was_written(alerts: &impl AlertStore) {
    let now = at("2026-11-21T07:00:00Z");
    let whole = Alert {
        receivers: vec!["chat".into(), "plat\n\"form".into()],
        chat: Some("**chat**".to_owned()),
        document: Some("{}".to_owned()),
        also: vec![Crossing::reached(50)],
        ..alert("2026-11-01", 80)
    };
    let first = whole.id.first_day();
    let anomaly = AlertId::Anomaly { id: "0123456789ab".into(), first };
    let digest = |kind, mark: &str| {
        let receiver = "a#b".into();
        AlertId::Digest { receiver, kind, first, mark: mark.into() }
    };
    let escalated = Crossing { kind: CrossingKind::Escalated, ..Crossing::reached(80) };
    let mut ids = vec![anomaly, digest(DigestKind::Day, "1"), digest(DigestKind::Day, "2")];
    ids.push(digest(DigestKind::Week, "1"));
    let others = ids.into_iter().map(|id| Alert { id, also: Vec::new(), ..whole.clone() });
    let mut escalation = whole.clone();
    if let AlertId::Crossing(id) = &mut escalation.id {
        id.crossing = escalated;
    }
    let all: Vec<Alert> = [whole.clone(), escalation].into_iter().chain(others).collect();
    for it in &all {
        assert_eq!(alerts.plan(it, now).await.unwrap().alert, *it);
        assert_eq!(alerts.alert(&it.id).await.unwrap().unwrap().alert, *it);
    }
    assert_eq!(alerts.alerts(span("2026-11-01", "2026-12-01")).await.unwrap().len(), all.len());
}

/// The first day of a window decides, and the end of the period is not part of it.
pub async fn alerts_are_read_by_the_first_day_of_their_window_newest_first(
    alerts: &impl AlertStore,
) {
    let now = at("2026-11-21T07:00:00Z");
    for (start, threshold) in [("2026-10-01", 80), ("2026-11-01", 100), ("2026-12-01", 50)] {
        alerts.plan(&alert(start, threshold), now).await.unwrap();
    }
    let read = alerts.alerts(span("2026-10-01", "2026-12-01")).await.unwrap();
    let read: Vec<Alert> = read.into_iter().map(|it| it.alert).collect();
    assert_eq!(read, [alert("2026-11-01", 100), alert("2026-10-01", 80)]);
}

/// Settling a state makes every other one unsettled, however long it is; one that has an end is settled up to
/// it.
pub async fn the_last_settled_state_alone_is_settled(alerts: &impl AlertStore) {
    let now = at("2026-11-21T07:00:00Z");
    let long = "x".repeat(500_000);
    assert!(!alerts.is_settled("", now).await.unwrap());
    for state in ["a", &long] {
        alerts.settle(state, now, None).await.unwrap();
        assert!(alerts.is_settled(state, now).await.unwrap());
    }
    assert!(!alerts.is_settled("a", now).await.unwrap());
    let until = at("2026-11-21T08:00:00Z");
    alerts.settle("a", now, Some(until)).await.unwrap();
    assert!(alerts.is_settled("a", at("2026-11-21T07:59:59Z")).await.unwrap());
    assert!(!alerts.is_settled("a", until).await.unwrap());
}

/// A later count of a topic takes the place of the one before, and leaves those of others.
pub async fn the_last_count_of_each_topic_is_kept(alerts: &impl AlertStore) {
    assert_eq!(alerts.audiences().await.unwrap(), []);
    let counted = |topic, confirmed, time| CountedAudience {
        topic,
        audience: Audience { confirmed, pending: 1 },
        at: at(time),
    };
    let alarms = counted(Topic::Alarms, 2, "2026-11-21T07:00:00Z");
    let newest = counted(Topic::Alerts, 3, "2026-11-21T09:00:00Z");
    for it in [counted(Topic::Alerts, 0, "2026-11-21T07:00:00Z"), alarms, newest] {
        alerts.keep_audience(it).await.unwrap();
    }
    let mut kept = alerts.audiences().await.unwrap();
    kept.sort_by_key(|it| it.topic);
    assert_eq!(kept, [newest, alarms]);
}
