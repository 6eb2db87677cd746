//! A stand-in for AWS Budgets that keeps budgets in memory and counts no cost.
//!
//! It speaks awsJson1.1, so the real SDK client talks to it. Every request is checked against the service's
//! own model, and against what that says in words: notifications and subscribers have limits, a
//! budget has one style of filter, a daily one has no forecasts, and writing a budget sets its spend back to
//! zero. What it leaves out it refuses: actions, reports, history.
//!
//! Start reading at [`BudgetsStandIn`].

mod account;
mod error;
mod model;
mod rules;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};

use self::account::{Account, Listed};
use self::model::Model;

pub use self::error::StandInError;

const TARGET_PREFIX: &str = "AWSBudgetServiceGateway.";

/// Items of a page, unless the request says another number.
const PAGE_SIZE: u64 = 100;

/// AWS Budgets for one account.
///
/// Clones share the budgets, the queued errors and the counts of requests.
#[derive(Clone, Debug)]
pub struct BudgetsStandIn {
    account: Arc<str>,
    model: Arc<Model>,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    account: Account,
    failures: VecDeque<StandInError>,
    requests: u64,
    changes: u64,
}

impl BudgetsStandIn {
    /// Without any budget.
    ///
    /// # Errors
    ///
    /// When the service's model, which is compiled in, cannot be read.
    pub fn new(account: &str) -> Result<BudgetsStandIn, serde_json::Error> {
        let model = Arc::new(Model::read()?);
        Ok(BudgetsStandIn { account: account.into(), model, shared: Arc::default() })
    }

    /// Answers the next request with `error`, whatever it asks. Several errors wait in a queue.
    pub fn fail_next(&self, error: StandInError) {
        self.lock().failures.push_back(error);
    }

    /// How many requests were answered so far.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.lock().requests
    }

    /// How many requests changed something so far.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.lock().changes
    }

    /// Sets the spend of a budget, as AWS does when it has added it up.
    ///
    /// # Errors
    ///
    /// [`StandInError::NotFound`].
    pub fn set_spend(&self, name: &str, amount: &str) -> Result<(), StandInError> {
        self.lock().account.set_spend(name, amount)
    }

    /// A budget with its tags and notifications.
    #[must_use]
    pub fn budget(&self, name: &str) -> Option<Value> {
        self.lock().account.shown(name)
    }

    /// The service, for a listener of the caller's.
    pub fn router(&self) -> Router {
        Router::new().route("/", post(answer)).with_state(self.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // Nothing panics while it holds the lock, and each change is complete in itself.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, target: &str, body: &[u8]) -> Result<Value, StandInError> {
        let mut shared = self.lock();
        shared.requests += 1;
        if let Some(error) = shared.failures.pop_front() {
            return Err(error);
        }
        let operation = target.strip_prefix(TARGET_PREFIX).filter(|it| self.model.has(it));
        let operation = operation.ok_or(StandInError::UnknownOperation)?;
        let request: Value = serde_json::from_slice(body)
            .map_err(|err| StandInError::InvalidParameter(err.to_string()))?;
        self.model.check(operation, &request).map_err(StandInError::InvalidParameter)?;
        let asked = request.get("AccountId").and_then(Value::as_str);
        if let Some(other) = asked.filter(|it| **it != *self.account) {
            let message = format!("Account {other} is not authorized for this request.");
            return Err(StandInError::AccessDenied(message));
        }
        let account = &mut shared.account;
        let changed = match operation {
            "CreateBudget" => account.create_budget(&request),
            "UpdateBudget" => account.update_budget(&request),
            "DeleteBudget" => account.delete_budget(&request),
            "CreateNotification" => account.create_notification(&request),
            "DeleteNotification" => account.delete_notification(&request),
            "CreateSubscriber" => account.create_subscriber(&request),
            "UpdateSubscriber" => account.update_subscriber(&request),
            "DeleteSubscriber" => account.delete_subscriber(&request),
            _ => return self.read(operation, account, &request),
        };
        changed?;
        shared.changes += 1;
        Ok(json!({}))
    }

    fn read(
        &self,
        operation: &str,
        account: &Account,
        request: &Value,
    ) -> Result<Value, StandInError> {
        match operation {
            "DescribeBudget" => account.describe_budget(request),
            "DescribeBudgets" => page(account.describe_budgets(request), request),
            "DescribeNotificationsForBudget" => {
                page(account.describe_notifications(request)?, request)
            }
            "DescribeSubscribersForNotification" => {
                page(account.describe_subscribers(request)?, request)
            }
            "ListTagsForResource" => account.list_tags(&self.account, request),
            _ => Err(StandInError::UnknownOperation),
        }
    }
}

/// A page of a list. The token is the place of the next item.
fn page(listed: Listed, request: &Value) -> Result<Value, StandInError> {
    let Listed { member, items } = listed;
    let token = request.get("NextToken").and_then(Value::as_str);
    let from: usize = match token {
        None => 0,
        Some(token) => token.parse().map_err(|_| StandInError::InvalidNextToken)?,
    };
    let size = request.get("MaxResults").and_then(Value::as_u64).unwrap_or(PAGE_SIZE);
    let to = from.saturating_add(usize::try_from(size).unwrap_or(usize::MAX)).min(items.len());
    let part = items.get(from..to).ok_or(StandInError::InvalidNextToken)?;
    let mut answer = json!({ member: part });
    if to < items.len()
        && let Some(members) = answer.as_object_mut()
    {
        members.insert("NextToken".to_owned(), json!(to.to_string()));
    }
    Ok(answer)
}

async fn answer(
    State(stand_in): State<BudgetsStandIn>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let target = headers.get("x-amz-target").and_then(|it| it.to_str().ok()).unwrap_or_default();
    let (status, body) = match stand_in.answer(target, &body) {
        Ok(body) => (StatusCode::OK, body),
        Err(error) => {
            let status = match error {
                StandInError::InternalError => StatusCode::INTERNAL_SERVER_ERROR,
                _ => StatusCode::BAD_REQUEST,
            };
            (status, json!({ "__type": error.code(), "Message": error.to_string() }))
        }
    };
    let mut response = (status, body.to_string()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.1"));
    response
}
