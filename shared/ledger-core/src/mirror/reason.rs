//! Reasons against a copy.

use crate::cost::CostKind;
use crate::currency::Currency;
use crate::dimension::Dimension;

/// Why AWS cannot judge a budget as Tollbook does, in words for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Its name with the stack's is none of AWS.
    #[error("its name there would be `{name}`, and {why}")]
    Name {
        /// The name.
        name: String,
        /// The rule that it breaks.
        why: &'static str,
    },
    /// Another budget has the name.
    #[error("there is a budget `{0}` that is not a mirrored one; it is left as it is")]
    Taken(String),
    /// The account has as many budgets as it may have.
    #[error("the account would have more than {0} budgets")]
    Quota(usize),
    /// Weeks.
    #[error("its windows are weeks, which AWS Budgets does not have")]
    Weekly,
    /// A fixed span.
    #[error(
        "it is a fixed span of days: AWS deletes such a budget at its end, while bills still change"
    )]
    Once,
    /// A fiscal calendar.
    #[error("its windows follow a fiscal calendar, and those of AWS Budgets that of the year")]
    Fiscal,
    /// A time zone.
    #[error("its windows begin in the time zone {0}, and those of AWS Budgets in UTC")]
    Zone(Box<str>),
    /// The next window has the part that was not used.
    #[error("what a window leaves counts for the next, which AWS Budgets does not have")]
    RollOver,
    /// The first window is a part of one.
    #[error("its first window begins with {0}; it is mirrored from the window after that")]
    Starts(jiff::civil::Date),
    /// The list cost.
    #[error("it counts the {} cost, which AWS Budgets does not have", .0.as_str())]
    CostKind(CostKind),
    /// Patterns.
    #[error("its scope has a pattern for `{0}`, and AWS Budgets compares whole values")]
    Pattern(Dimension),
    /// Alternatives or exceptions.
    #[error("its scope has `{0}`, for which AWS Budgets documents no exact counterpart")]
    Logic(&'static str),
    /// A dimension that AWS does not filter by, or otherwise.
    #[error(
        "its scope has `{0}`, which AWS Budgets cannot filter by as Tollbook does; expected tags of \
         callers, cost categories, services and accounts"
    )]
    Dimension(Dimension),
    /// Two lists of values have none in common.
    #[error("no charge can be in its scope")]
    Empty,
    /// A service without a name, or none of AI.
    #[error("`{0}` is not the name of an AI service by which AWS Budgets filters")]
    Service(String),
    /// No service is known.
    #[error("the ledger has no AI charges yet, so it is not known which services to count")]
    NoServices,
    /// A tag that no line has.
    #[error(
        "no charge in the ledger has the tag `{0}`: while it is not active as a cost allocation tag, AWS \
         Budgets would count nothing and not say so"
    )]
    InactiveTag(String),
    /// Another currency.
    #[error("the ledger has AI charges in {0}, and its limit is in another currency")]
    Currency(Currency),
    /// Another provider.
    #[error("it also counts charges of `{0}`, which AWS does not know")]
    Provider(String),
    /// Another payer.
    #[error("it also counts the bill of payer {0}, which AWS Budgets of account {1} does not see")]
    Payer(String, String),
    /// Too many thresholds.
    #[error("it has {0} thresholds, and AWS notifies of {1} at most")]
    Thresholds(usize, usize),
    /// A daily budget with forecasts.
    #[error("it is daily and has `forecast_thresholds`, and AWS makes no forecast of a day")]
    DailyForecast,
}
