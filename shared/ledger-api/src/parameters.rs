//! Query parameters: each known, each read once into a type.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use jiff::ToSpan as _;
use jiff::civil::Date;
use ledger_core::cost::CostKind;
use ledger_core::currency::Currency;
use ledger_core::dimension::{Dimension, Scope};
use ledger_core::period::{BillingPeriod, ChargePeriod};

use crate::response::ApiError;

/// Days of one question: three years and a bit.
const DAYS_MAX: i32 = 1_100;
/// Dimensions to group by.
const GROUP_BY_MAX: usize = 8;
/// Conditions of one question.
const WHERE_MAX: usize = 50;

/// The parameters of one request: each known, and each once unless it may repeat.
pub(crate) struct Parameters(Vec<(String, String)>);

/// A parameter of a route: what is read is also what is documented.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(
    not(feature = "openapi"),
    expect(dead_code, reason = "only the document reads all fields")
)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) form: Form,
    pub(crate) is_required: bool,
}

/// The form of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A UTC day.
    Day,
    /// A month.
    Month,
    /// A name.
    Name,
    /// Dimensions, separated by commas.
    Dimensions,
    /// `dimension=value`; the parameter may be given more than once.
    Conditions,
    /// A cost kind.
    CostKind,
    /// A currency.
    Currency,
    /// `true` or `false`.
    Flag,
    /// Items of a page.
    Limit,
    /// The place of a page.
    Cursor,
}

impl Parameter {
    pub(crate) const fn optional(name: &'static str, form: Form, about: &'static str) -> Parameter {
        Parameter { name, about, form, is_required: false }
    }

    /// The first day.
    pub(crate) const FROM: Parameter = Parameter::optional(
        "from",
        Form::Day,
        "The first day; by default the first of this month.",
    );
    /// The end.
    pub(crate) const TO: Parameter = Parameter::optional(
        "to",
        Form::Day,
        "The day after the last; by default tomorrow. At most 1100 days after `from`.",
    );
    /// Dimensions.
    pub(crate) const GROUP_BY: Parameter = Parameter::optional(
        "group_by",
        Form::Dimensions,
        "Dimensions to group by, such as `owner,model` or `tag:KEY`; without any there is one row a \
         currency.",
    );
    /// Conditions.
    pub(crate) const WHERE: Parameter = Parameter::optional(
        "where",
        Form::Conditions,
        "Only charges with this value, as `dimension=value`. Given more than once, values of one \
         dimension are alternatives and dimensions must all agree.",
    );
    /// The cost kind.
    pub(crate) const COST_KIND: Parameter =
        Parameter::optional("cost_kind", Form::CostKind, "The cost that counts.");
    /// The currency.
    pub(crate) const CURRENCY: Parameter =
        Parameter::optional("currency", Form::Currency, "Only this currency, by ISO 4217.");
    /// The month.
    pub(crate) const PERIOD: Parameter = Parameter {
        is_required: true,
        ..Parameter::optional("period", Form::Month, "The month, such as `2026-11`.")
    };
    /// The owner.
    pub(crate) const OWNER: Parameter = Parameter::optional(
        "owner",
        Form::Name,
        "Only this owner; `Unattributed` for charges that no rule claims.",
    );
    /// The first day of interest.
    pub(crate) const SINCE: Parameter = Parameter::optional(
        "since",
        Form::Day,
        "Only anomalies with a day from this one on; by default of the last 30 settled days.",
    );
    /// Whether those that are expected are listed.
    pub(crate) const ALL: Parameter =
        Parameter::optional("all", Form::Flag, "Also anomalies that are expected.");
    /// The limit.
    pub(crate) const LIMIT: Parameter =
        Parameter::optional("limit", Form::Limit, "Items on a page.");
    /// The cursor.
    pub(crate) const CURSOR: Parameter = Parameter::optional(
        "cursor",
        Form::Cursor,
        "The `next_cursor` of the page before, with the other parameters as they were.",
    );

    fn may_repeat(&self) -> bool {
        self.form == Form::Conditions
    }
}

/// The typed parameters of one route.
pub(crate) trait RouteQuery: Sized {
    /// The parameters that the route knows.
    const PARAMETERS: &'static [Parameter];

    /// Reads the parameters, each of which is known.
    fn read(parameters: &Parameters) -> Result<Self, ApiError>;
}

/// A route without parameters.
impl RouteQuery for () {
    const PARAMETERS: &'static [Parameter] = &[];

    fn read(_: &Parameters) -> Result<(), ApiError> {
        Ok(())
    }
}

/// The typed parameters of a request, or its refusal.
pub(crate) struct Asked<Q>(pub(crate) Q);

impl<S: Sync, Q: RouteQuery> FromRequestParts<S> for Asked<Q> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Asked<Q>, ApiError> {
        let parameters = Parameters::read(parts, Q::PARAMETERS)?;
        Ok(Asked(Q::read(&parameters)?))
    }
}

impl Parameters {
    fn read(parts: &Parts, known: &[Parameter]) -> Result<Parameters, ApiError> {
        let Query(pairs) =
            Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).map_err(|_| {
                let message = "the query cannot be read; expected `name=value&name=value`";
                ApiError::bad_request("bad_query", message.to_owned())
            })?;
        for (at, (name, _)) in pairs.iter().enumerate() {
            let Some(parameter) = known.iter().find(|it| it.name == name) else {
                let name: String = name.chars().take(60).collect();
                let names: Vec<&str> = known.iter().map(|it| it.name).collect();
                let expected = if known.is_empty() { "none".to_owned() } else { names.join(", ") };
                let message = format!("`{name}` is not a parameter; expected {expected}");
                return Err(ApiError::bad_parameter(&name, message));
            };
            let is_again = pairs.iter().take(at).any(|(earlier, _)| earlier == name);
            if is_again && !parameter.may_repeat() {
                let message = format!("`{name}` is given twice; expected it once");
                return Err(ApiError::bad_parameter(name, message));
            }
        }
        Ok(Parameters(pairs))
    }

    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(it, _)| it == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    pub(crate) fn day(&self, name: &str) -> Result<Option<Date>, ApiError> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let day = text.parse().ok().filter(|_| text.len() == "2026-11-01".len());
        day.map(Some).ok_or_else(|| bad(name, text, "a day such as `2026-11-01`"))
    }

    pub(crate) fn flag(&self, name: &str) -> Result<bool, ApiError> {
        let Some(text) = self.get(name) else { return Ok(false) };
        text.parse().map_err(|_| bad(name, text, "`true` or `false`"))
    }

    /// Reads `period`, which must be there.
    pub(crate) fn month(&self) -> Result<BillingPeriod, ApiError> {
        let text = self.get("period").ok_or_else(|| {
            let message = "`period` is missing; expected a month such as `2026-11`";
            ApiError::bad_parameter("period", message.to_owned())
        })?;
        BillingPeriod::parse(text).map_err(|_| bad("period", text, "a month such as `2026-11`"))
    }

    pub(crate) fn cost_kind(&self) -> Result<CostKind, ApiError> {
        let Some(text) = self.get("cost_kind") else { return Ok(CostKind::Unblended) };
        let kind = CostKind::parse(text);
        kind.ok_or_else(|| bad("cost_kind", text, CostKind::WORDS))
    }

    pub(crate) fn currency(&self) -> Result<Option<Currency>, ApiError> {
        let Some(text) = self.get("currency") else { return Ok(None) };
        let currency = Currency::parse(text);
        currency.map(Some).map_err(|_| bad("currency", text, "an ISO 4217 code such as `USD`"))
    }

    /// Reads `from` and `to`.
    pub(crate) fn span(&self) -> Result<Span, ApiError> {
        Ok(Span { from: self.day("from")?, to: self.day("to")? })
    }

    pub(crate) fn group_by(&self) -> Result<Vec<Dimension>, ApiError> {
        let mut by: Vec<Dimension> = Vec::new();
        for word in self.get("group_by").into_iter().flat_map(|it| it.split(',')) {
            let dimension = Dimension::parse(word.trim())
                .map_err(|err| ApiError::bad_parameter("group_by", format!("`group_by`: {err}")))?;
            if !by.contains(&dimension) {
                by.push(dimension);
            }
        }
        if by.len() > GROUP_BY_MAX {
            let message =
                format!("`group_by` has {} dimensions; expected at most {GROUP_BY_MAX}", by.len());
            return Err(ApiError::bad_parameter("group_by", message));
        }
        Ok(by)
    }

    pub(crate) fn scope(&self) -> Result<Scope, ApiError> {
        let mut scope = Scope::default();
        if self.all("where").count() > WHERE_MAX {
            let message = format!("`where` is given too often; expected at most {WHERE_MAX} times");
            return Err(ApiError::bad_parameter("where", message));
        }
        for condition in self.all("where") {
            let (word, value) = condition
                .split_once('=')
                .ok_or_else(|| bad("where", condition, "`dimension=value`"))?;
            let dimension = Dimension::parse(word)
                .map_err(|err| ApiError::bad_parameter("where", format!("`where`: {err}")))?;
            scope.0.entry(dimension).or_default().push(value.to_owned());
        }
        Ok(scope)
    }
}

pub(crate) fn bad(name: &str, text: &str, expected: &str) -> ApiError {
    let text: String = text.chars().take(60).collect();
    ApiError::bad_parameter(name, format!("`{name}` is `{text}`; expected {expected}"))
}

/// The days asked for, each end open where it is not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    from: Option<Date>,
    to: Option<Date>,
}

impl Span {
    /// The days: from the first of this month to today where they are open.
    pub(crate) fn period(self, today: Date) -> Result<ChargePeriod, ApiError> {
        let start = self.from.unwrap_or_else(|| today.first_of_month());
        let end = self.to.unwrap_or_else(|| today.saturating_add(1.day()));
        let period = ChargePeriod::new(start, end)
            .map_err(|err| ApiError::bad_parameter("to", format!("the period {err}")))?;
        let days = end.since(start).map_or(i32::MAX, |it| it.get_days());
        if days > DAYS_MAX {
            let message = format!(
                "the period has {days} days; expected at most {DAYS_MAX} from `from` to `to`"
            );
            return Err(ApiError::bad_parameter("to", message));
        }
        Ok(period)
    }
}
