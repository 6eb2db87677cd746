//! A stand-in for AWS Cost Explorer that answers from a bill.
//!
//! It speaks awsJson1.1, so the real SDK client talks to it, and keeps the semantics of the
//! service: half-open periods, groups by tag and dimension, filters, pages that cut a day in two,
//! estimates, and the errors. What it leaves out it refuses: sorting, reservations, resources,
//! forecasts. It accepts any age of data, where AWS keeps about 14 months.
//!
//! Start reading at [`CostExplorerStandIn`]; the answers are worked out in `query.rs`.

mod error;
mod expression;
mod from_bill;
mod paging;
mod query;
mod wire;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use self::paging::Pager;
use self::query::Bill;
use self::wire::{GetCostAndUsageAnswer, GetDimensionValuesAnswer, GetTagsAnswer};
use crate::closed_connection::closed_connection;

pub use self::error::StandInError;
pub use self::from_bill::cost_lines;

/// The elements of a page, a group or a value each. AWS does not document its own number.
const PAGE_SIZE: NonZeroUsize = NonZeroUsize::MIN.saturating_add(999);

const TARGET_PREFIX: &str = "AWSInsightsIndexService.";

/// One charge of a bill as Cost Explorer sees it.
///
/// - **Shape:** texts are empty where the charge has no such value. Tag keys are spelled as AWS
///   lists them, such as `iamPrincipal/team`; keys of product attributes are `provider`, `model`,
///   `inferenceType` and `feature`.
/// - **Invariant:** all lines of a bill are in one currency; a sum that would mix two is answered
///   with an error, never with a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostLine {
    /// The UTC day of the usage.
    pub day: Date,
    /// `SERVICE`, such as `Amazon Bedrock`.
    pub service: String,
    /// `USAGE_TYPE`, such as `USE1-NovaLite-input-tokens`.
    pub usage_type: String,
    /// `LINKED_ACCOUNT`: twelve digits.
    pub account: String,
    /// `RECORD_TYPE`: `Usage`, `Credit`, `Tax`, `Refund`, `Fee`…
    pub record_type: String,
    /// `OPERATION`, such as `InvokeModelInference`.
    pub operation: String,
    /// `REGION`, such as `us-east-1`.
    pub region: String,
    /// `BILLING_ENTITY`: `AWS` or `AWS Marketplace`.
    pub billing_entity: String,
    /// Cost allocation tags: key to value.
    pub tags: BTreeMap<String, String>,
    /// Product attributes: key to value.
    pub product_attributes: BTreeMap<String, String>,
    /// `UnblendedCost`.
    pub unblended: Decimal,
    /// `NetUnblendedCost`.
    pub net_unblended: Decimal,
    /// `AmortizedCost`.
    pub amortized: Decimal,
    /// `NetAmortizedCost`.
    pub net_amortized: Decimal,
    /// `UsageQuantity`, in `unit`.
    pub usage_amount: Decimal,
    /// The unit of the usage, such as `1K tokens`.
    pub unit: String,
    /// The currency of both costs, such as `USD`.
    pub currency: String,
}

/// Cost Explorer, answering from a bill that can be replaced while it runs.
///
/// Clones share the bill, the queued errors and the count of requests.
#[derive(Clone, Debug)]
pub struct CostExplorerStandIn {
    settled_before: Date,
    today: Option<Date>,
    page_size: NonZeroUsize,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug)]
struct Shared {
    lines: Arc<[CostLine]>,
    /// Goes up by one with each replacement.
    bill_version: u64,
    failures: VecDeque<StandInError>,
    answered_count: u64,
}

impl CostExplorerStandIn {
    /// Answers from `lines`; days on or after `settled_before` are marked as estimated.
    #[must_use]
    pub fn new(lines: Vec<CostLine>, settled_before: Date) -> Self {
        let shared = Shared {
            lines: lines.into(),
            bill_version: 0,
            failures: VecDeque::new(),
            answered_count: 0,
        };
        let shared = Arc::new(Mutex::new(shared));
        Self { settled_before, today: None, page_size: PAGE_SIZE, shared }
    }

    /// Answers with pages of at most `page_size` groups or values; the default is 1000.
    #[must_use]
    pub fn with_page_size(mut self, page_size: NonZeroUsize) -> Self {
        self.page_size = page_size;
        self
    }

    /// Takes `today` for the day of every request. It limits how far a period may reach: to the
    /// beginning of next month.
    ///
    /// Without it, it is the UTC day of the clock or the last day of the bill, whichever is later.
    #[must_use]
    pub fn with_today(mut self, today: Date) -> Self {
        self.today = Some(today);
        self
    }

    /// Replaces the bill, as a restatement does. Page tokens given out before become invalid.
    pub fn replace(&self, lines: Vec<CostLine>) {
        let mut shared = self.lock();
        shared.lines = lines.into();
        shared.bill_version += 1;
    }

    /// Answers the next request with `error`, whatever it asks. Several errors wait in a queue.
    pub fn fail_next(&self, error: StandInError) {
        self.lock().failures.push_back(error);
    }

    /// How many requests were answered so far: each page is one, and so is each error, but not a
    /// closed connection. AWS charges for requests.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.lock().answered_count
    }

    /// The service, for a listener of the caller's.
    pub fn router(&self) -> Router {
        Router::new().route("/", post(answer)).with_state(self.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // Nothing panics while it holds the lock, and each change is complete in itself.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, target: &str, body: &[u8]) -> Result<Vec<u8>, StandInError> {
        let (lines, bill_version) = {
            let mut shared = self.lock();
            if let Some(error) = shared.failures.pop_front() {
                return Err(error);
            }
            (Arc::clone(&shared.lines), shared.bill_version)
        };
        let today = self.today.unwrap_or_else(|| {
            let clock = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
            lines.iter().map(|line| line.day).max().map_or(clock, |last| last.max(clock))
        });
        let bill = Bill { lines: &lines, settled_before: self.settled_before, today };
        let operation =
            target.strip_prefix(TARGET_PREFIX).ok_or(StandInError::UnknownOperationException)?;
        let body: Value = parse(body)?;
        let pager = Pager::new(operation, &body, bill_version, self.page_size);
        let token = body.get("NextPageToken").and_then(Value::as_str).map(str::to_owned);
        match operation {
            "GetCostAndUsage" => cost_and_usage_page(body, bill, pager, token.as_deref()),
            "GetDimensionValues" => dimension_values_page(body, bill, pager, token.as_deref()),
            "GetTags" => tags_page(body, bill, pager, token.as_deref()),
            _ => Err(StandInError::UnknownOperationException),
        }
    }
}

async fn answer(
    State(stand_in): State<CostExplorerStandIn>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let target = headers.get("x-amz-target").and_then(|it| it.to_str().ok()).unwrap_or_default();
    let (status, body) = match stand_in.answer(target, &body) {
        Ok(body) => (StatusCode::OK, body),
        Err(StandInError::CloseConnection) => return closed_connection(),
        Err(error) => {
            let status = match error {
                StandInError::InternalServerError => StatusCode::INTERNAL_SERVER_ERROR,
                _ => StatusCode::BAD_REQUEST,
            };
            let body = BTreeMap::from([
                ("__type", error.code().to_owned()),
                (error.message_member(), error.to_string()),
            ]);
            (status, write(&body).unwrap_or_default())
        }
    };
    let number = {
        let mut shared = stand_in.lock();
        shared.answered_count += 1;
        shared.answered_count
    };
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.1"));
    if let Ok(id) = HeaderValue::from_str(&format!("00000000-0000-4000-8000-{number:012x}")) {
        headers.insert("x-amzn-requestid", id);
    }
    response
}

fn cost_and_usage_page(
    body: Value,
    bill: Bill<'_>,
    pager: Pager,
    token: Option<&str>,
) -> Result<Vec<u8>, StandInError> {
    let mut request: wire::GetCostAndUsageRequest = shape(body)?;
    let results = query::cost_and_usage(&request, bill)?;
    let (page, next_page_token) = pager.page(&results, token)?;
    write(&GetCostAndUsageAnswer {
        next_page_token,
        group_definitions: request.group_by.take().unwrap_or_default(),
        results_by_time: query::join_periods(page),
        dimension_value_attributes: Vec::new(),
    })
}

fn dimension_values_page(
    body: Value,
    bill: Bill<'_>,
    pager: Pager,
    token: Option<&str>,
) -> Result<Vec<u8>, StandInError> {
    let values = query::dimension_values(&shape(body)?, bill)?;
    let (page, next_page_token) = pager.page(&values, token)?;
    write(&GetDimensionValuesAnswer {
        dimension_values: page.to_vec(),
        return_size: page.len(),
        total_size: values.len(),
        next_page_token,
    })
}

fn tags_page(
    body: Value,
    bill: Bill<'_>,
    pager: Pager,
    token: Option<&str>,
) -> Result<Vec<u8>, StandInError> {
    let tags = query::tags(&shape(body)?, bill)?;
    let (page, next_page_token) = pager.page(&tags, token)?;
    write(&GetTagsAnswer {
        tags: page.to_vec(),
        return_size: page.len(),
        total_size: tags.len(),
        next_page_token,
    })
}

fn parse(body: &[u8]) -> Result<Value, StandInError> {
    serde_json::from_slice(body)
        .map_err(|err| StandInError::SerializationException(err.to_string()))
}

fn shape<T: DeserializeOwned>(body: Value) -> Result<T, StandInError> {
    serde_json::from_value(body)
        .map_err(|err| StandInError::SerializationException(err.to_string()))
}

fn write(answer: &impl Serialize) -> Result<Vec<u8>, StandInError> {
    serde_json::to_vec(answer).map_err(|err| {
        tracing::error!(error = %err, "could not write an answer as JSON");
        StandInError::InternalServerError
    })
}
