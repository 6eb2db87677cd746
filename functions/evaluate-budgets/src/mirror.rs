//! The mirror of budgets: after the alerts, when it is asked for. It never fails an evaluation.

use std::fmt;

use ledger_app::causes::causes;
use ledger_app::mirror::{MirrorError, Mirrored, mirror_budgets};
use ledger_app::view::View;
use ledger_aws::budgets::AwsBudgets;
use ledger_aws::connect::Connection;
use ledger_aws::dynamodb::DynamoLedger;
use ledger_core::budget::Budget;
use ledger_core::mirror::Mirror;
use serde_json::{Value, json};

/// The key of the applied budgets among the keys of the table's stream.
const BUDGETS_KEY: &str = "DOCUMENT#budgets";

/// Where budgets are mirrored to. Its client is made when there is something to do.
pub struct BudgetMirror {
    /// The connection.
    pub connection: Connection,
    /// The copies.
    pub mirror: Mirror,
}

impl fmt::Debug for BudgetMirror {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.mirror.fmt(f)
    }
}

/// Mirrors budgets if an event is a reason to: budgets were applied, or the daily schedule asks. The answer
/// says what became of it; `None` where there was no reason, or no mirror.
pub async fn run(
    state: Option<&BudgetMirror>,
    event: &Value,
    view: &View<DynamoLedger>,
    budgets: &[Budget],
    has_time: &(dyn Fn() -> bool + Sync),
) -> Option<Value> {
    let BudgetMirror { connection, mirror } = state.filter(|_| is_reason(event))?;
    let native = AwsBudgets { client: connection.budgets_client() };
    let mirrored = mirror_budgets(view, budgets, mirror, &native, has_time).await;
    Some(answer_of(mirrored))
}

fn is_reason(event: &Value) -> bool {
    let is_asked = event.get("mirror") == Some(&Value::Bool(true));
    let records = event.get("Records").and_then(Value::as_array);
    let is_of_budgets =
        |it: &Value| it.pointer("/dynamodb/Keys/pk/S").and_then(Value::as_str) == Some(BUDGETS_KEY);
    is_asked || records.is_some_and(|it| it.iter().any(is_of_budgets))
}

fn answer_of(mirrored: Result<Mirrored, MirrorError>) -> Value {
    let mirrored = match mirrored {
        Ok(mirrored) => mirrored,
        Err(err) => {
            let failed = causes(&err);
            tracing::error!(error = failed, "budgets were not mirrored");
            return json!({ "failed": [failed] });
        }
    };
    let Mirrored { done, failed, left, unchanged, not_mirrored } = mirrored;
    for step in &done {
        tracing::info!("mirror: {step}");
    }
    for (_, err) in &failed {
        tracing::error!(error = causes(err), "a budget was not mirrored");
    }
    let failed: Vec<String> = failed.iter().map(|(_, err)| causes(err)).collect();
    let not_mirrored: Vec<Value> = not_mirrored
        .iter()
        .map(|it| json!({ "budget": &*it.budget, "reason": it.reason.to_string() }))
        .collect();
    let (changed, refused) = (done.len(), not_mirrored.len());
    tracing::info!(
        changed,
        unchanged,
        not_mirrored = refused,
        failed = failed.len(),
        left,
        "mirrored budgets: {changed} changes, {unchanged} unchanged, {refused} not mirrored"
    );
    json!({
        "changed": changed,
        "unchanged": unchanged,
        "not_mirrored": not_mirrored,
        "failed": failed,
        "left": left,
    })
}
