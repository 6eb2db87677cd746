//! One run: the applied rules on all bills that are behind.

use jiff::Timestamp;
use ledger_app::apply_rules::{ApplyProgress, apply_rules};
use ledger_aws::dynamodb::DynamoLedger;
use ledger_lambda::metric::Metrics;
use ledger_lambda::outcome::{Failure, TryAgain, settle};
use serde_json::{Value, json};

/// The name of the event in logs and metrics: it holds nothing else that matters.
const INPUT: &str = "applied rules";

/// The adapters of a run.
#[derive(Debug)]
pub struct State {
    /// The ledger.
    pub ledger: DynamoLedger,
    /// The place for metrics.
    pub metrics: Metrics,
}

/// Makes the positions of all bills anew whose owners are of another version of the rules than the
/// applied one; the answer counts them.
///
/// The content of the event does not matter, as long as it is a JSON object: the applied rules are
/// read from the ledger. A run that was stopped, such as one at the end of its time, is continued by
/// the next attempt, since each bill is replaced whole.
///
/// # Errors
///
/// [`TryAgain`] for a failure that may pass; bills that were done before it stay done.
pub async fn handle(state: &State, event: &Value, now: Timestamp) -> Result<Value, TryAgain> {
    let result = match event {
        // Boxed: the compiler gives up on a future this deep.
        Value::Object(_) => Box::pin(apply(state, now)).await,
        _ => Err(Failure::permanent("the event is not a JSON object; expected one, such as `{}`")),
    };
    settle(INPUT, now, &state.metrics, result)
}

async fn apply(state: &State, now: Timestamp) -> Result<Value, Failure> {
    let progress = |ApplyProgress { bill, number, count }| {
        tracing::info!("applying the rules to {bill}, {number} of {count}");
    };
    let applied = apply_rules(now, progress, &state.ledger).await?;
    let (version, count) = (applied.rules_version, applied.bills.len());
    for finding in &applied.held_back {
        tracing::warn!(finding.code = finding.code.as_str(), "{}", finding.message);
    }
    let held_back = applied.held_back.len();
    let days: u64 = applied.bills.iter().map(|(_, replaced)| replaced.days_written).sum();
    tracing::info!(
        rules.version = version,
        bill_count = count,
        day_count = days,
        held_back_count = held_back,
        "rules of version {version} apply; {count} bills were made anew, {days} days written, \
         {held_back} bills keep their owners"
    );
    Ok(json!({
        "rules_version": version,
        "bills": count,
        "days_written": days,
        "held_back": held_back,
    }))
}
