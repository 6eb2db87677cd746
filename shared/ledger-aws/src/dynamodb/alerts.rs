//! Alerts and how far they got.

use std::cmp::Reverse;
use std::sync::Arc;

use jiff::{Timestamp, ToSpan};
use ledger_app::ports::{
    AlertState, AlertStore, Audience, CountedAudience, StoreError, StoredAlert, Topic,
};
use ledger_core::budget::{Alert, AlertId, Crossing, CrossingId, CrossingKind, DigestKind};
use ledger_core::period::{BillingPeriod, ChargePeriod, Window};
use sha2::{Digest, Sha256};

use super::{
    DynamoLedger, Item, Range, WRITTEN_BY, is_condition_failed, json_fault, keys, malformed,
    number, parsed, text, text_of, unavailable,
};

/// The partition of the one item that says what is settled. It begins like those of alerts, so that
/// who may write those may write it.
const SETTLED_PK: &str = "ALERT#settled";

/// Its sort key.
const SETTLED_SK: &str = "settled";

/// The partition of who is subscribed, an item for each topic. It begins like those of alerts too.
const AUDIENCE_PK: &str = "ALERT#audience";

impl AlertStore for DynamoLedger {
    async fn alert(&self, id: &AlertId) -> Result<Option<StoredAlert>, StoreError> {
        let doing = format!("read alert {id}");
        let item = self.get(&doing, &pk_of(id), &sk_of(id)).await?;
        item.as_ref().map(alert_of).transpose()
    }

    async fn plan(&self, alert: &Alert, at: Timestamp) -> Result<StoredAlert, StoreError> {
        let stored = StoredAlert { alert: alert.clone(), state: AlertState::Planned, at };
        let doing = format!("plan alert {}", alert.id);
        let outcome = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item_of(&stored)?))
            .condition_expression("attribute_not_exists(pk)")
            .send()
            .await;
        match outcome {
            Ok(_) => Ok(stored),
            Err(err) if is_condition_failed(&err) => {
                let planned = self.alert(&alert.id).await?;
                planned.ok_or_else(|| unavailable(doing, err))
            }
            Err(err) => Err(unavailable(doing, err)),
        }
    }

    async fn advance(
        &self,
        id: &AlertId,
        from: AlertState,
        to: AlertState,
        run: &str,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let doing = format!("mark alert {id} as {}", to.as_str());
        let outcome = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", text(pk_of(id)))
            .key("sk", text(sk_of(id)))
            .update_expression("SET #state = :to, #run = :run, #at = :at")
            .condition_expression("#state = :from")
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#run", "run")
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":from", text(from.as_str()))
            .expression_attribute_values(":to", text(to.as_str()))
            .expression_attribute_values(":run", text(run))
            .expression_attribute_values(":at", text(at.to_string()))
            .send()
            .await;
        match outcome {
            Ok(_) => Ok(true),
            // Another run was faster, or this is the repetition of our own call.
            Err(err) if is_condition_failed(&err) => {
                let item = self.get(&doing, &pk_of(id), &sk_of(id)).await?;
                Ok(item.is_some_and(|it| {
                    text_of(&it, "state").is_ok_and(|state| state == to.as_str())
                        && text_of(&it, "run").is_ok_and(|stored| stored == run)
                }))
            }
            Err(err) => Err(unavailable(doing, err)),
        }
    }

    async fn alerts(&self, period: ChargePeriod) -> Result<Vec<StoredAlert>, StoreError> {
        let doing = format!("read the alerts of {period}");
        let months = period.start().first_of_month().series(1.month());
        let months = months.take_while(|month| *month < period.end());
        let reads = months.map(|month| {
            let pk = month_pk(BillingPeriod::containing(month));
            let doing = &doing;
            async move { self.query(doing, &pk, Range::All, false).await }
        });
        let items = futures_util::future::try_join_all(reads).await?;
        let mut alerts = readable(items.iter().flatten());
        alerts.retain(|it| period.contains(it.alert.id.first_day()));
        alerts.sort_by_key(|it| {
            (Reverse(it.alert.id.first_day()), Reverse(it.at), it.alert.id.clone())
        });
        Ok(alerts)
    }

    async fn is_settled(&self, state: &str, now: Timestamp) -> Result<bool, StoreError> {
        let item = self.get("read what is settled", SETTLED_PK, SETTLED_SK).await?;
        let is_now = |it: &Item| {
            let until: Option<Timestamp> = parsed(it, "until").ok();
            until.is_none_or(|until| now < until)
        };
        let is_same = |it: &Item| text_of(it, "state").is_ok_and(|kept| kept == hash_of(state));
        Ok(item.is_some_and(|it| is_same(&it) && is_now(&it)))
    }

    async fn settle(
        &self,
        state: &str,
        at: Timestamp,
        until: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let call = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("pk", text(SETTLED_PK))
            .item("sk", text(SETTLED_SK))
            .item("state", text(hash_of(state)))
            .item("at", text(at.to_string()));
        let call = match until {
            Some(until) => call.item("until", text(until.to_string())),
            None => call,
        };
        let outcome = call.send().await;
        outcome.map(|_| ()).map_err(|err| unavailable("keep what is settled", err))
    }

    async fn audiences(&self) -> Result<Vec<CountedAudience>, StoreError> {
        let doing = "read who is subscribed";
        let items = self.query(doing, AUDIENCE_PK, Range::All, false).await?;
        // One that a newer release wrote hides no other.
        let read = |item| audience_of(item).inspect_err(|err| tracing::warn!("{err}")).ok();
        Ok(items.iter().filter_map(read).collect())
    }

    async fn keep_audience(&self, counted: CountedAudience) -> Result<(), StoreError> {
        let CountedAudience { topic, audience: Audience { confirmed, pending }, at } = counted;
        let call = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("pk", text(AUDIENCE_PK))
            .item("sk", text(topic.as_str()))
            .item("confirmed", number(confirmed))
            .item("pending", number(pending))
            .item("at", text(at.to_string()));
        let outcome = call.send().await;
        outcome.map(|_| ()).map_err(|err| unavailable("keep who is subscribed", err))
    }
}

fn audience_of(item: &Item) -> Result<CountedAudience, StoreError> {
    let topic = Topic::parse(text_of(item, "sk")?);
    let topic = topic.ok_or_else(|| malformed(item, "`sk` is none of the topics"))?;
    let audience =
        Audience { confirmed: parsed(item, "confirmed")?, pending: parsed(item, "pending")? };
    Ok(CountedAudience { topic, audience, at: parsed(item, "at")? })
}

fn hash_of(state: &str) -> String {
    keys::hex(&Sha256::digest(state))
}

fn month_pk(month: BillingPeriod) -> String {
    format!("ALERT#{month}")
}

fn pk_of(id: &AlertId) -> String {
    month_pk(BillingPeriod::containing(id.first_day()))
}

fn sk_of(id: &AlertId) -> String {
    let CrossingId { budget, window, start, crossing } = match id {
        AlertId::Crossing(id) => id,
        AlertId::Anomaly { id, first } => return format!("{first}#anomaly#{}", keys::bounded(id)),
        AlertId::Digest { receiver, kind, first, mark } => {
            let (mark, receiver) = (keys::bounded(mark), keys::bounded(receiver));
            return format!("{first}#digest#{kind}#{mark}#{receiver}");
        }
    };
    let Crossing { threshold, kind, round } = *crossing;
    let mut key = format!("{start}#{}#{window}#{threshold:05}", keys::bounded(budget));
    // The first time that a threshold is reached has the key of the releases that knew nothing else.
    if kind != CrossingKind::Reached || round != 1 {
        key.push_str(&format!("#{kind}#{round:05}"));
    }
    key
}

fn item_of(stored: &StoredAlert) -> Result<Item, StoreError> {
    let Alert { id, also, receivers, subject, body, chat, document, attributes } = &stored.alert;
    let mut item = Item::from([
        ("pk".to_owned(), text(pk_of(id))),
        ("sk".to_owned(), text(sk_of(id))),
        ("start".to_owned(), text(id.first_day().to_string())),
        ("subject".to_owned(), text(subject)),
        ("body".to_owned(), text(body)),
        ("state".to_owned(), text(stored.state.as_str())),
        ("at".to_owned(), text(stored.at.to_string())),
        ("written_by".to_owned(), text(WRITTEN_BY)),
    ]);
    let about = match id {
        AlertId::Crossing(CrossingId { budget, window, crossing, .. }) => vec![
            ("budget", text(budget.as_ref())),
            ("window", text(window.as_str())),
            ("threshold", number(crossing.threshold)),
            ("crossing", text(crossing.to_string())),
        ],
        AlertId::Anomaly { id, .. } => vec![("anomaly", text(id.as_ref()))],
        AlertId::Digest { receiver, kind, mark, .. } => vec![
            ("digest", text(kind.as_str())),
            ("receiver", text(receiver.as_ref())),
            ("mark", text(mark.as_ref())),
        ],
    };
    let texts = [("chat", chat), ("document", document)];
    let texts = texts.into_iter().filter_map(|(name, it)| Some((name, text(it.as_ref()?))));
    item.extend(about.into_iter().chain(texts).map(|(name, it)| (name.to_owned(), it)));
    let attributes =
        serde_json::to_string(attributes).map_err(|err| malformed(&item, err.to_string()))?;
    item.insert("attributes".to_owned(), text(attributes));
    if !receivers.is_empty() {
        let names: Vec<&str> = receivers.iter().map(|it| &**it).collect();
        let names =
            serde_json::to_string(&names).map_err(|err| malformed(&item, err.to_string()))?;
        item.insert("receivers".to_owned(), text(names));
    }
    if !also.is_empty() {
        let also: Vec<String> = also.iter().map(Crossing::to_string).collect();
        item.insert("also".to_owned(), text(also.join(" ")));
    }
    Ok(item)
}

/// Alerts without those that cannot be read, which are named in the log and hide no other.
fn readable<'a>(items: impl Iterator<Item = &'a Item>) -> Vec<StoredAlert> {
    let read = |item| alert_of(item).inspect_err(|err| tracing::warn!("{err}")).ok();
    items.filter_map(read).collect()
}

fn alert_of(item: &Item) -> Result<StoredAlert, StoreError> {
    let state = AlertState::parse(text_of(item, "state")?)
        .ok_or_else(|| malformed(item, "`state` is none of the states of alerts"))?;
    let attributes = serde_json::from_str(text_of(item, "attributes")?)
        .map_err(|err| malformed(item, json_fault("attributes", &err)))?;
    let id = id_of(item)?;
    let alert = Alert {
        id,
        also: also_of(item)?,
        receivers: receivers_of(item)?,
        chat: optional_text(item, "chat")?,
        document: optional_text(item, "document")?,
        subject: text_of(item, "subject")?.to_owned(),
        body: text_of(item, "body")?.to_owned(),
        attributes,
    };
    Ok(StoredAlert { alert, state, at: parsed(item, "at")? })
}

fn id_of(item: &Item) -> Result<AlertId, StoreError> {
    let first = parsed(item, "start")?;
    if item.contains_key("anomaly") {
        return Ok(AlertId::Anomaly { id: text_of(item, "anomaly")?.into(), first });
    }
    if item.contains_key("digest") {
        let kind = DigestKind::parse(text_of(item, "digest")?)
            .ok_or_else(|| malformed(item, "`digest` is none of the kinds of digests"))?;
        let receiver = text_of(item, "receiver")?.into();
        return Ok(AlertId::Digest { receiver, kind, first, mark: text_of(item, "mark")?.into() });
    }
    let window = Window::parse(text_of(item, "window")?)
        .ok_or_else(|| malformed(item, "`window` is none of the windows of budgets"))?;
    Ok(AlertId::Crossing(CrossingId {
        budget: text_of(item, "budget")?.into(),
        window,
        start: first,
        crossing: crossing_of(item)?,
    }))
}

/// The receivers; alerts of earlier releases have none.
fn receivers_of(item: &Item) -> Result<Vec<Arc<str>>, StoreError> {
    let Some(names) = optional_text(item, "receivers")? else { return Ok(Vec::new()) };
    let names: Vec<String> = serde_json::from_str(&names)
        .map_err(|err| malformed(item, json_fault("receivers", &err)))?;
    Ok(names.into_iter().map(Arc::from).collect())
}

fn optional_text(item: &Item, name: &str) -> Result<Option<String>, StoreError> {
    let has = item.contains_key(name);
    has.then(|| text_of(item, name).map(str::to_owned)).transpose()
}

/// The crossing that names an alert. Earlier releases wrote the threshold alone.
fn crossing_of(item: &Item) -> Result<Crossing, StoreError> {
    let threshold = Crossing::reached(parsed(item, "threshold")?);
    if !item.contains_key("crossing") {
        return Ok(threshold);
    }
    let crossing = Crossing::parse(text_of(item, "crossing")?);
    crossing.ok_or_else(|| malformed(item, "`crossing` is no crossing of a threshold"))
}

fn also_of(item: &Item) -> Result<Vec<Crossing>, StoreError> {
    if !item.contains_key("also") {
        return Ok(Vec::new());
    }
    let also = text_of(item, "also")?.split(' ').map(Crossing::parse).collect();
    let also: Option<Vec<Crossing>> = also;
    also.ok_or_else(|| malformed(item, "`also` is no list of crossings"))
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::AttributeValue;
    use ledger_testkit::build::{alert, at};

    use super::*;

    fn stored() -> StoredAlert {
        let alert = alert("2026-11-01", 80);
        StoredAlert { alert, state: AlertState::Sent, at: at("2026-11-21T07:00:00Z") }
    }

    /// The item of [`stored`] with another value, or without it.
    fn item_with(name: &str, value: Option<AttributeValue>) -> Item {
        let mut item = item_of(&stored()).unwrap();
        match value {
            Some(value) => item.insert(name.to_owned(), value),
            None => item.remove(name),
        };
        item
    }

    #[test]
    fn an_alert_that_cannot_be_read_is_named_and_hides_no_other() {
        let whole = item_with("of_tomorrow", Some(number(1)));
        for (name, value, expected) in [
            ("state", Some(text("snoozed")), "`state` is none of the states of alerts"),
            ("window", Some(text("hourly")), "`window` is none of the windows of budgets"),
            ("body", None, "`body` is missing; expected a text"),
            ("threshold", Some(text("much")), "`threshold` does not have the form of u16"),
            ("crossing", Some(text("80/up")), "`crossing` is no crossing of a threshold"),
            ("also", Some(text("50,80")), "`also` is no list of crossings"),
            (
                "attributes",
                Some(text("{\"owner\":")),
                "`attributes` is no JSON, at line 1 column 9",
            ),
            (
                "attributes",
                Some(text("\"ana\"")),
                "`attributes` has another form than was written, ",
            ),
            ("subject", Some(number(1)), "`subject` is missing; expected a text"),
        ] {
            let item = item_with(name, value);
            let err = alert_of(&item).unwrap_err().to_string();
            let start = "item `ALERT#2026-11 sha256:78b7e8150e4f` cannot be read: ";
            assert!(err.starts_with(&format!("{start}{expected}")), "{err}");
            assert_eq!(readable([&item, &whole].into_iter()), [stored()]);
        }
    }
}
