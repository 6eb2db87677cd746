//! Forecasts.

use ledger_app::forecast::{Backtest, Figures, Forecast, LEVEL_PERCENT, Method};
use ledger_core::money::Money;
use serde::Serialize;

use super::values::{Amount, Day};

/// The cost of a window, as far as it is known and beyond: `GET /v1/forecasts` and `tollbook forecast`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Forecast))]
pub struct ForecastBody {
    /// The first day of the window.
    pub from: Day,
    /// The day after its last one.
    pub to: Day,
    /// The end of the last day with data; `null` for a ledger without any.
    pub data_up_to: Option<Day>,
    /// The end of the days that no longer change: later ones are forecast.
    pub settled_up_to: Option<Day>,
    /// The currency of all amounts, by ISO 4217; `null` for a scope that has cost nothing so far.
    pub currency: Option<String>,
    /// The cost of the window that the ledger holds.
    pub actual: Option<Amount>,
    /// The cost of the whole window, in cents beyond what is settled.
    pub expected: Option<Amount>,
    /// The lower end of the range.
    pub low: Option<Amount>,
    /// The upper end of the range.
    pub high: Option<Amount>,
    /// How many of 100 outcomes the range is meant to hold.
    pub level: u8,
    /// The commitments in `expected` that are still ahead, such as provisioned hours.
    pub committed: Option<Amount>,
    /// `run_rate` for less than 14 days of history: the mean of the last days, with a wide range by a rule of
    /// thumb. `combined`: levels and a line by weekday, weighed by their past errors, which make the range.
    pub method: Option<MethodWord>,
    /// Settled days from the first cost on, at most 260.
    pub history_days: usize,
    /// Days of them without data, taken as the same weekday before.
    pub missing_days: usize,
    /// How good the same method was in the past; `null` for a short history.
    pub backtest: Option<BacktestBody>,
    /// The days of the window.
    pub days: Vec<ForecastDayBody>,
}

/// Forecasts that were made anew on past days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Backtest))]
pub struct BacktestBody {
    /// Past days from which a forecast was made.
    pub windows: usize,
    /// The days that each of them was of.
    pub days: usize,
    /// How far off they were, in percent of the cost; `null` where it was zero.
    pub error_percent: Option<Amount>,
    /// How many of 100 costs were in the range that was known then; `null` for a short history.
    pub coverage_percent: Option<Amount>,
}

/// A day of a window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = ForecastDay))]
pub struct ForecastDayBody {
    /// The day.
    pub day: Day,
    /// Its cost: of the ledger for a settled day, expected otherwise.
    pub cost: Amount,
    /// Whether it is settled.
    pub is_settled: bool,
}

/// How a forecast was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MethodWord {
    /// The mean of the last days.
    RunRate,
    /// Several, weighed by their past errors.
    Combined,
}

impl From<Method> for MethodWord {
    fn from(method: Method) -> MethodWord {
        match method {
            Method::RunRate => MethodWord::RunRate,
            Method::Combined => MethodWord::Combined,
        }
    }
}

impl From<&Forecast> for ForecastBody {
    fn from(forecast: &Forecast) -> ForecastBody {
        let Forecast { period, data_up_to, figures } = forecast;
        let figures = figures.as_ref();
        let amount = |of: fn(&Figures) -> Money| figures.map(|it| Amount::from(of(it)));
        ForecastBody {
            from: Day(period.start()),
            to: Day(period.end()),
            data_up_to: data_up_to.map(Day),
            settled_up_to: figures.map(|it| Day(it.settled_up_to)),
            currency: figures.map(|it| it.actual.currency().to_string()),
            actual: amount(|it| it.actual),
            expected: amount(|it| it.expected),
            low: amount(|it| it.low),
            high: amount(|it| it.high),
            level: LEVEL_PERCENT,
            committed: amount(|it| it.committed),
            method: figures.map(|it| it.method.into()),
            history_days: figures.map_or(0, |it| it.history_days),
            missing_days: figures.map_or(0, |it| it.missing_days),
            backtest: figures.and_then(|it| it.backtest.as_ref()).map(backtest),
            days: figures.map_or_else(Vec::new, days),
        }
    }
}

fn backtest(tried: &Backtest) -> BacktestBody {
    let Backtest { windows, days, error_percent, coverage_percent } = *tried;
    BacktestBody {
        windows,
        days,
        error_percent: error_percent.map(Amount),
        coverage_percent: coverage_percent.map(Amount),
    }
}

fn days(figures: &Figures) -> Vec<ForecastDayBody> {
    let body = |(day, cost): &(_, Money)| ForecastDayBody {
        day: Day(*day),
        cost: Amount::from(*cost),
        is_settled: *day < figures.settled_up_to,
    };
    figures.daily.iter().map(body).collect()
}
