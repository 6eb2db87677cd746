//! Digests: many messages in one.
//!
//! A receiver gets as many messages of a day one by one as its contacts say, the most severe of an evaluation
//! first; all further ones of that evaluation are one digest. Who wants it gets one more for each week.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use ledger_core::budget::{Alert, AlertId, DigestKind, Verdict};
use ledger_core::cost::CostKind;
use ledger_core::daily_costs::{DailyCosts, Gathered};
use ledger_core::dimension::{Dimension, Scope};
use ledger_core::message::{Headline, Message, NOTHING_IS_BLOCKED, subject_line};
use ledger_core::money::Money;
use ledger_core::now::Now;
use ledger_core::period::ChargePeriod;
use ledger_core::question::Question;
use rust_decimal::Decimal;
use sha2::{Digest as _, Sha256};

use super::Watch;
use crate::alert_document;
use crate::ports::{AlertState, AlertStore, LedgerStore, StoredAlert};
use crate::view::{LookupError, View};

/// Messages that one digest says: as many as a mail has room for.
const ENTRIES_MAX: usize = 50;

/// An alert to write down, and those that it says in their place.
pub(super) struct Batch {
    pub alert: Alert,
    pub says: Vec<Alert>,
}

impl From<Alert> for Batch {
    fn from(alert: Alert) -> Batch {
        Batch { alert, says: Vec::new() }
    }
}

/// New alerts one by one as long as their receivers have room, and the rest in digests.
pub(super) fn batches(
    watch: Watch<'_>,
    alerts: Vec<Alert>,
    kept: &[StoredAlert],
    now: Now,
) -> Vec<Batch> {
    let Some(per_day) = watch.contacts.messages_per_day else {
        return alerts.into_iter().map(Batch::from).collect();
    };
    let (per_day, today) = (usize::from(per_day), now.today());
    let mut counts: BTreeMap<Arc<str>, usize> = BTreeMap::new();
    let is_of_today =
        |it: &&StoredAlert| !is_digest(&it.alert.id) && is_single(it) && day_of(it.at) == today;
    for stored in kept.iter().filter(is_of_today) {
        count(&mut counts, &stored.alert);
    }
    let mut alerts = alerts;
    alerts.sort_by_key(|it| Reverse(severity(it)));
    let mut batches = Vec::new();
    // All that hear of a message hear of the digest that says it.
    let mut without_room: BTreeMap<Vec<Arc<str>>, Vec<Alert>> = BTreeMap::new();
    for alert in alerts {
        let has_room = |it: &Arc<str>| counts.get(it).is_none_or(|count| *count < per_day);
        if alert.receivers.iter().all(has_room) {
            count(&mut counts, &alert);
            batches.push(Batch::from(alert));
        } else {
            without_room.entry(alert.receivers.clone()).or_default().push(alert);
        }
    }
    for (receivers, mut says) in without_room {
        while !says.is_empty() {
            let rest = says.split_off(says.len().min(ENTRIES_MAX));
            // A digest of one is that one.
            match says.pop() {
                Some(alone) if says.is_empty() => batches.push(alone.into()),
                last => {
                    says.extend(last);
                    batches.push(overflow(watch, &receivers, says, today));
                }
            }
            says = rest;
        }
    }
    batches
}

fn is_digest(id: &AlertId) -> bool {
    matches!(id, AlertId::Digest { .. })
}

/// Whether a message went by itself.
fn is_single(stored: &StoredAlert) -> bool {
    stored.state != AlertState::Digested
}

fn count(counts: &mut BTreeMap<Arc<str>, usize>, alert: &Alert) {
    for receiver in &alert.receivers {
        let count = counts.entry(Arc::clone(receiver)).or_default();
        *count = count.saturating_add(1);
    }
}

fn day_of(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

/// The share of the limit that is spent; anomalies come last.
fn severity(alert: &Alert) -> Option<Decimal> {
    let number = |name| alert.attributes.get(name)?.parse::<Decimal>().ok();
    number("spend")?.checked_div(number("limit")?)
}

/// The digest of messages for which there is no room. Its identity is made of theirs: the same run again has
/// the same digest, and another one that says more has another.
fn overflow(watch: Watch<'_>, receivers: &[Arc<str>], says: Vec<Alert>, today: Date) -> Batch {
    let mut hash = Sha256::new();
    let said = says.iter().map(|it| it.id.to_string());
    for text in receivers.iter().map(|it| it.to_string()).chain(said) {
        hash.update(text.len().to_be_bytes());
        hash.update(text);
    }
    let mark: String = hash.finalize().iter().take(6).map(|it| format!("{it:02x}")).collect();
    let receiver: &Arc<str> = &receivers.join(", ").into();
    let id = AlertId::Digest {
        receiver: Arc::clone(receiver),
        kind: DigestKind::Day,
        first: today,
        mark: mark.into(),
    };
    let subjects: Vec<String> = says.iter().map(|it| it.subject.clone()).collect();
    let message = Message {
        headline: Headline {
            noun: "Digest for",
            name: receiver.to_string(),
            says: format!(": {} messages of {today} in one.", says.len()),
        },
        facts: vec![("Day", today.to_string())],
        list_name: "Messages",
        list: subjects.clone(),
        no_entries: "none",
        next: format!("more messages of this day come in digests too. {NOTHING_IS_BLOCKED}"),
        command: "tollbook budget check --explain".to_owned(),
    };
    let subject = format!("[AI budget] {} alerts of {today} - {receiver}", says.len());
    let mut alert = alert_of(watch, id, &subject, &message, receivers);
    alert.attributes.extend(attributes_of(&says));
    let alert = alert_document::of_digest(alert, (today, today), &subjects, watch.page);
    Batch { alert, says }
}

/// The attributes of messages that filters of subscriptions may compare: the owner that all have, and the highest
/// threshold.
fn attributes_of(says: &[Alert]) -> Vec<(String, String)> {
    let owner = |it: &Alert| it.attributes.get("owner").cloned();
    let first = says.first().and_then(owner);
    let owner = first.filter(|first| says.iter().all(|it| owner(it).as_ref() == Some(first)));
    let highest = says.iter().flat_map(Alert::crossings).map(|it| it.threshold).max();
    let highest = highest.map(|it| ("threshold_percent".to_owned(), it.to_string()));
    owner.map(|it| ("owner".to_owned(), it)).into_iter().chain(highest).collect()
}

pub(super) fn alert_of(
    watch: Watch<'_>,
    id: AlertId,
    subject: &str,
    message: &Message,
    receivers: &[Arc<str>],
) -> Alert {
    let attributes = [("alert_id", id.to_string()), ("event", "digest".to_owned())];
    Alert {
        also: Vec::new(),
        receivers: receivers.to_vec(),
        subject: subject_line(subject),
        body: message.mail(watch.page),
        chat: Some(message.chat(watch.page)),
        document: None,
        attributes: attributes.map(|(name, value)| (name.to_owned(), value)).into_iter().collect(),
        id,
    }
}

/// The digests of the last whole week that no alert has said.
pub(super) async fn weekly_digests<L>(
    view: &View<L>,
    watch: Watch<'_>,
    verdicts: &[Verdict],
    kept: &[StoredAlert],
) -> Result<Vec<Batch>, LookupError>
where
    L: LedgerStore + AlertStore + Clone + 'static,
{
    let Some(week) = last_week(view.now().today()) else { return Ok(Vec::new()) };
    let is_said = |receiver: &Arc<str>| {
        kept.iter().any(|it| {
            matches!(&it.alert.id, AlertId::Digest { receiver: of, kind: DigestKind::Week, first, .. }
                if of == receiver && *first == week.start())
        })
    };
    let contacts = watch.contacts.by_name.iter().filter(|(_, it)| it.is_weekly);
    let receivers: Vec<&Arc<str>> =
        contacts.map(|(name, _)| name).filter(|it| !is_said(it)).collect();
    let both = ChargePeriod::new(week.start().saturating_sub(7.days()), week.end());
    let (false, Ok(both)) = (receivers.is_empty(), both) else { return Ok(Vec::new()) };
    let costs = |name: &&Arc<str>| {
        let owner = Scope(BTreeMap::from([(Dimension::Owner, vec![name.to_string()])]));
        DailyCosts::new(owner.into(), CostKind::Unblended, both)
    };
    let mut costs: Vec<DailyCosts> = receivers.iter().map(costs).collect();
    let mut asked: Vec<&mut dyn Question> =
        costs.iter_mut().map(|it| it as &mut dyn Question).collect();
    view.answer(&mut asked).await?;
    let mut digests = Vec::new();
    for (receiver, costs) in receivers.into_iter().zip(costs) {
        let costs = costs.finish().map_err(ledger_core::question::QuestionError::from)?;
        let of_receiver = |it: &&Verdict| {
            let budget = &it.budget;
            watch.contacts.receivers(&budget.owner, budget.deputy.as_ref()).contains(receiver)
        };
        let verdicts: Vec<&Verdict> = verdicts.iter().filter(of_receiver).collect();
        digests.push(weekly(watch, receiver, week, &costs, &verdicts, kept)?.into());
    }
    Ok(digests)
}

/// The week before the one of a day, from Monday on.
fn last_week(today: Date) -> Option<ChargePeriod> {
    let back = i64::from(today.weekday().to_monday_zero_offset());
    let end = today.saturating_sub(back.days());
    ChargePeriod::new(end.saturating_sub(7.days()), end).ok()
}

fn weekly(
    watch: Watch<'_>,
    receiver: &Arc<str>,
    week: ChargePeriod,
    costs: &Gathered,
    verdicts: &[&Verdict],
    kept: &[StoredAlert],
) -> Result<Alert, LookupError> {
    let (start, end) = (week.start(), week.end());
    let last = end.yesterday().unwrap_or(end);
    let id = AlertId::Digest {
        receiver: Arc::clone(receiver),
        kind: DigestKind::Week,
        first: start,
        mark: "1".into(),
    };
    let in_week = |it: &&StoredAlert| {
        !is_digest(&it.alert.id)
            && it.alert.receivers.contains(receiver)
            && week.contains(day_of(it.at))
    };
    let alert_count = kept.iter().filter(in_week).count();
    let unknown = week.days().filter(|it| !costs.known.contains(it)).count();
    let mut facts = vec![("Week", format!("{start} to {last} (UTC)"))];
    for (cost, before) in by_currency(costs, week)? {
        let (cost, before) = (cost.to_reader(), before.to_reader());
        facts.push(("Cost", format!("{cost} as owner; {before} in the week before")));
    }
    if unknown > 0 {
        facts.push(("Not known", format!("{unknown} of 7 days have no data yet")));
    }
    facts.push(("Alerts", format!("{alert_count} in this week")));
    // Of two windows the running one, which comes last.
    let newest: BTreeMap<&str, &Verdict> =
        verdicts.iter().map(|it| (&*it.budget.name, *it)).collect();
    let list: Vec<String> = newest.values().map(|it| line_of(it)).collect();
    let message = Message {
        headline: Headline {
            noun: "The week of",
            name: receiver.to_string(),
            says: format!(" up to {last}."),
        },
        facts,
        list_name: "Budgets today",
        list: list.clone(),
        no_entries: "none",
        next: format!("there is another digest in a week. {NOTHING_IS_BLOCKED}"),
        command: format!("tollbook report --by owner,model --from {start} --to {end}"),
    };
    let subject = format!("[AI budget] week of {start} - {receiver}");
    let alert = alert_of(watch, id, &subject, &message, &[Arc::clone(receiver)]);
    Ok(alert_document::of_digest(alert, (start, last), &list, watch.page))
}

/// The cost of a week and of the one before, for each currency.
fn by_currency(costs: &Gathered, week: ChargePeriod) -> Result<Vec<(Money, Money)>, LookupError> {
    let mut sums = Vec::new();
    for (currency, days) in &costs.by_currency {
        let (mut cost, mut before) = (Money::zero(*currency), Money::zero(*currency));
        for (day, of_day) in days {
            let sum = if week.contains(*day) { &mut cost } else { &mut before };
            let added = of_day.total().and_then(|it| sum.checked_add(it));
            *sum = added.map_err(ledger_core::question::QuestionError::from)?;
        }
        sums.push((cost, before));
    }
    Ok(sums)
}

fn line_of(verdict: &Verdict) -> String {
    let Verdict { budget, spend, projection, .. } = verdict;
    let ahead = projection.map(|it| format!(", forecast {}", it.expected.to_reader()));
    format!(
        "{}: {} of {} ({}%) in {}{}",
        budget.name,
        spend.cost.to_reader(),
        budget.limit.to_reader(),
        verdict.percent(),
        verdict.window_name(),
        ahead.as_deref().unwrap_or("")
    )
}
