//! Costs as a provider shows them before its bill: quick, and charged by the request.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;
use ledger_core::period::ChargePeriod;

use super::{Retryable, StoreError};

/// A question for costs by day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostQuery {
    /// The days.
    pub period: ChargePeriod,
    /// Only these services; empty for all.
    pub services: Vec<String>,
    /// The groups of a day's costs.
    pub groups: CostGroups,
}

/// The groups of a day's costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CostGroups {
    /// Nothing: one total.
    None,
    /// The service.
    Services,
    /// The value of a tag with this key, and the usage type.
    TagAndUsageType(String),
}

/// One page of the names of services.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamePage {
    /// The names.
    pub names: Vec<String>,
    /// The token of the next page, if there is one.
    pub next: Option<String>,
}

/// One page of costs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CostPage {
    /// Days, or parts of days: a day may go on in the next page, and may come twice in one.
    pub days: Vec<CostDay>,
    /// The token of the next page, if there is one.
    pub next: Option<String>,
}

/// One day of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostDay {
    /// The UTC day; the first of a longer span.
    pub day: Date,
    /// Whether the figures may change.
    pub estimated: bool,
    /// The groups; for an answer without groups its total, without any of them.
    pub groups: Vec<CostGroup>,
}

/// The cost of one group, with amounts as the provider wrote them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CostGroup {
    /// The service; `None` where it was not grouped by.
    pub service: Option<String>,
    /// The value of the tag; `None` where there is none.
    pub tag_value: Option<String>,
    /// The usage type; `None` where it was not grouped by.
    pub usage_type: Option<String>,
    /// As charged.
    pub unblended: Option<String>,
    /// As charged, after discounts.
    pub net_unblended: Option<String>,
    /// With prepaid commitments spread over their use.
    pub amortized: Option<String>,
    /// The same, after discounts.
    pub net_amortized: Option<String>,
    /// The quantity.
    pub usage_amount: Option<String>,
    /// The unit of the usage, such as `1K tokens`; `N/A` where unlike units were added.
    pub unit: Option<String>,
    /// The currency of the costs.
    pub currency: Option<String>,
}

/// Where costs are asked before the bill. Each call is one request, which costs money; none is
/// repeated inside.
pub trait QuickLook: Send + Sync {
    /// A page of the names of all services that cost something in a period.
    fn service_names(
        &self,
        period: ChargePeriod,
        token: Option<&str>,
    ) -> impl Future<Output = Result<NamePage, QuickLookError>> + Send;

    /// A page of costs.
    fn costs(
        &self,
        query: &CostQuery,
        token: Option<&str>,
    ) -> impl Future<Output = Result<CostPage, QuickLookError>> + Send;
}

/// Why a request was not answered. The texts are the provider's, and say what to do.
#[derive(Clone, Debug, thiserror::Error)]
pub enum QuickLookError {
    /// Too many requests in some time: the same request may be answered later.
    #[error("{0}")]
    TooSoon(&'static str),
    /// The token of a page is not known, or belongs to another request: begin with the first page.
    #[error("{0}")]
    UnknownPage(&'static str),
    /// Asking again gets the same refusal.
    #[error("{0}")]
    Refused(String),
    /// No answer came, or a failure of the service.
    #[error("{0}")]
    Unreachable(&'static str, #[source] Arc<dyn std::error::Error + Send + Sync>),
    /// The answer is not of the expected form; the text says what was expected.
    #[error("the answer cannot be read: {0}")]
    Unreadable(String),
}

impl Retryable for QuickLookError {
    fn is_retryable(&self) -> bool {
        match self {
            Self::TooSoon(_) | Self::UnknownPage(_) | Self::Unreachable(..) => true,
            Self::Refused(_) | Self::Unreadable(_) => false,
        }
    }
}

/// The hard cap on requests a day, over all runs.
pub trait RequestQuota: Send + Sync {
    /// Takes one request of a day's allowance; `false` when it is used up.
    fn take(&self, day: Date) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Waits before a request that came too soon is repeated.
    fn pause(&self, duration: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(duration)
    }
}
