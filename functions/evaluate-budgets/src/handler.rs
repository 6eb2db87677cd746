//! One evaluation: the budgets that are applied, one use case, and how old the data is.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ledger_app::audience::count_audiences;
use ledger_app::causes::causes;
use ledger_app::evaluate::{Evaluation, Run, evaluate_budgets, watched};
use ledger_app::ports::Retryable as _;
use ledger_app::view::View;
use ledger_aws::dynamodb::DynamoLedger;
use ledger_aws::sns::TopicNotifier;
use ledger_core::access::Access;
use ledger_core::budget::first_month;
use ledger_core::now::Now;
use ledger_lambda::clock::Invocation;
use ledger_lambda::metric::Metrics;
use ledger_lambda::outcome::{Failure, TryAgain, settle};
use serde_json::{Map, Value, json};

use crate::mirror::{self, BudgetMirror};

/// The metric that an alarm on old data watches.
pub const DATA_AGE_HOURS: &str = "DataAgeHours";

/// The metric of alerts that no owner is sure to have. An alarm watches it.
pub const UNDELIVERED_ALERTS: &str = "UndeliveredAlerts";

/// The ports of an evaluation.
#[derive(Debug)]
pub struct State {
    /// The ledger.
    pub ledger: DynamoLedger,
    /// Where alerts go. Its client is made for the first alert or count of subscribers.
    pub notifier: TopicNotifier,
    /// The address of the page, for readers of alerts.
    pub page: Option<String>,
    /// Where the age of the data and alerts that did not arrive are written.
    pub metrics: Metrics,
    /// Where budgets are mirrored to, if they are.
    pub mirror: Option<BudgetMirror>,
}

/// Judges all budgets; the answer counts the alerts.
///
/// The content of the event does not matter to the alerts, as long as it is a JSON object: a schedule, or the
/// record of another function's success. Budgets are mirrored after them when the event is a reason to. Each threshold is alerted once, however often this runs.
///
/// `invocation` names itself in the ledger, together with the time: Lambda may hand over one event twice,
/// even at once, under the same id. Before its time ends it stops between two alerts and fails, so that
/// Lambda tries again: what was sent stays sent, and the next attempt goes on.
///
/// # Errors
///
/// [`TryAgain`] for a failure that may pass; alerts that were sent before it stay sent.
pub async fn handle(
    state: &State,
    event: &Value,
    invocation: &Invocation<'_>,
    now: Timestamp,
) -> Result<Value, TryAgain> {
    let input = input_of(event);
    let name = format!("{}-{}", invocation.request_id, now.as_nanosecond());
    let has_time = || invocation.has_time();
    let run = Run { name: &name, has_time: &has_time };
    let result = match event {
        // Boxed: the compiler gives up on a future this deep.
        Value::Object(_) => Box::pin(judge(state, event, run, Now::new(now))).await,
        _ => Err(Failure::permanent("the event is not a JSON object; expected one, such as `{}`")),
    };
    settle(&input, now, &state.metrics, result)
}

/// The caller, as far as the event names it, and nothing else of the event.
fn input_of(event: &Value) -> String {
    let text = |path: &str| event.pointer(path).and_then(Value::as_str);
    let asked = [("after", text("/requestContext/functionArn")), ("by", text("/source"))];
    let known =
        asked.into_iter().find_map(|(word, it)| it.map(|it| format!("evaluation {word} {it}")));
    known.unwrap_or_else(|| "evaluation".to_owned())
}

async fn judge(state: &State, event: &Value, run: Run<'_>, now: Now) -> Result<Value, Failure> {
    let State { ledger, notifier, page, .. } = state;
    let watched = watched(ledger).await;
    let judged = watched.as_ref().map_or(&[][..], |it| &it.budgets);
    let from = first_month(judged, now.today());
    let view = View::open(ledger, from, Access::everything(), now).await?;
    // Old data is worth an alarm even when no budget can be judged.
    write_age(state, &view);
    let watched = watched?;
    let watch = watched.with_page(page.as_deref());
    let mut evaluation = evaluate_budgets(&view, watch, run, notifier).await?;
    write_undelivered(state, now, &evaluation);
    // Less important than the alerts: a failure here fails no evaluation.
    if let Err(err) = count_audiences(notifier, ledger, now.at()).await {
        tracing::warn!(error = causes(&err), "{err}");
    }
    // A ledger without budgets has nothing to say of copies.
    let mirror = state.mirror.as_ref().filter(|_| watched.version.is_some());
    let mirrored = mirror::run(mirror, event, &view, &watched.budgets, run.has_time).await;
    let count = watched.budgets.len();
    let (sent, not_sent) = (evaluation.sent.len(), evaluation.not_sent.len());
    let unconfirmed = evaluation.unconfirmed.len();
    tracing::info!(
        count,
        sent,
        not_sent,
        unconfirmed,
        "judged {count} budgets, sent {sent} alerts"
    );
    for err in &evaluation.failed {
        tracing::error!(error = causes(err), "{err}");
    }
    for fault in &watched.faults {
        tracing::error!(error = causes(fault), "{fault}");
    }
    // One that may pass comes first: Lambda tries again, and the others fail then too.
    evaluation.failed.sort_by_key(|it| !it.is_retryable());
    if let Some(err) = evaluation.failed.into_iter().next() {
        return Err(err.into());
    }
    if let Some(fault) = watched.faults.into_iter().next() {
        return Err(fault.into());
    }
    let mut answer = json!({
        "budgets": count,
        "budgets_version": watched.version,
        "alerts_sent": sent,
        "alerts_not_accepted": not_sent,
        "alerts_unconfirmed": unconfirmed,
    });
    if let Some((mirrored, members)) = mirrored.zip(answer.as_object_mut()) {
        members.insert("mirror".to_owned(), mirrored);
    }
    Ok(answer)
}

/// Writes how many alerts no owner is sure to have; nothing when there are none.
fn write_undelivered(state: &State, now: Now, evaluation: &Evaluation) {
    let (not_sent, unconfirmed) = (evaluation.not_sent.len(), evaluation.unconfirmed.len());
    if not_sent + unconfirmed > 0 {
        let fields = [("not_accepted", not_sent), ("unconfirmed", unconfirmed)];
        let fields = fields.map(|(name, count)| (name.to_owned(), json!(count)));
        let count = i64::try_from(not_sent + unconfirmed).unwrap_or(i64::MAX);
        state.metrics.put(now.at(), UNDELIVERED_ALERTS, "Count", count, Map::from_iter(fields));
    }
}

/// Writes the age of the feed that is furthest behind; nothing when there is none, since nothing has no
/// age.
fn write_age(state: &State, view: &View<DynamoLedger>) {
    let now = view.now().at();
    let oldest = view.feeds().into_iter().min_by_key(|it| it.data_up_to);
    let end = oldest.and_then(|it| Some((it.data_up_to.to_zoned(TimeZone::UTC).ok()?, it)));
    let Some((end, feed)) = end else {
        tracing::warn!("the ledger has no data of the last months, so there is no age of it");
        return;
    };
    let seconds = now.as_second().saturating_sub(end.timestamp().as_second());
    let day = end.date().to_string();
    let fields = Map::from_iter([
        ("data_up_to".to_owned(), json!(day)),
        ("feed".to_owned(), json!(feed.to_string())),
    ]);
    // A day that is still running has data already: that is no age.
    state.metrics.put(now, DATA_AGE_HOURS, "None", (seconds / 3600).max(0), fields);
}
