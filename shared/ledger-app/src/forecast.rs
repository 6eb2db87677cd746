//! Forecasts of the cost of a scope.

use std::collections::BTreeSet;

use jiff::ToSpan as _;
use jiff::civil::Date;
use ledger_core::anomaly::UNSETTLED_DAYS;
use ledger_core::budget::{Budget, BudgetDays, Projection, Verdict};
use ledger_core::cost::CostKind;
use ledger_core::currency::Currency;
use ledger_core::daily_costs::{DailyCosts, DayCost, Gathered};
use ledger_core::filter::Filter;
use ledger_core::money::{Money, MoneyError};
use ledger_core::period::{BillingPeriod, ChargePeriod};
use ledger_forecast::{HISTORY_DAYS, History, Outlook, continued, forecast};
pub use ledger_forecast::{LEVEL_PERCENT, Method};
use rust_decimal::Decimal;

use crate::ports::{LedgerStore, Retryable};
use crate::settled::data_up_to;
use crate::view::{LookupError, View};

/// Days ahead that a forecast may go: beyond, it would say nothing.
const DAYS_AHEAD_MAX: i32 = 366;

/// Why there is no forecast.
#[derive(Debug, thiserror::Error)]
pub enum ForecastError {
    /// The ledger did not answer.
    #[error("could not look up the costs that a forecast is made from")]
    Lookup(#[from] LookupError),
    /// It cannot be asked for so.
    #[error("{0}")]
    Refused(String),
}

impl Retryable for ForecastError {
    fn is_retryable(&self) -> bool {
        match self {
            ForecastError::Lookup(source) => source.is_retryable(),
            ForecastError::Refused(_) => false,
        }
    }
}

/// The window and the scope to forecast.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The charges that count.
    pub scope: Filter,
    /// The cost that counts.
    pub cost_kind: CostKind,
    /// The first day of the window; the first of its month by default.
    pub from: Option<Date>,
    /// The day after its last one; the end of the month of the last day with data by default.
    pub to: Option<Date>,
    /// The currency, where there are costs in several.
    pub currency: Option<Currency>,
}

/// The cost of a window, as far as it is known and beyond.
#[derive(Clone, Debug, PartialEq)]
pub struct Forecast {
    /// The window.
    pub period: ChargePeriod,
    /// The end of the last day with data; `None` for a ledger without any.
    pub data_up_to: Option<Date>,
    /// The figures; `None` for a scope that has cost nothing so far.
    pub figures: Option<Figures>,
}

/// The figures of a forecast, all in one currency. Those of days ahead are rounded to cents.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    /// The cost of the window that the ledger holds.
    pub actual: Money,
    /// The part of it that is settled.
    pub settled: Money,
    /// The cost of the whole window.
    pub expected: Money,
    /// The lower end of its range.
    pub low: Money,
    /// The upper end.
    pub high: Money,
    /// The commitments within it that are still ahead.
    pub committed: Money,
    /// The cost of each day of the window: settled ones as they are, the others as they are expected.
    pub daily: Vec<(Date, Money)>,
    /// The first day of them that is not settled.
    pub settled_up_to: Date,
    /// How it was made.
    pub method: Method,
    /// Settled days since the first cost.
    pub history_days: usize,
    /// Days of them without data, taken as the same weekday before.
    pub missing_days: usize,
    /// How good the method was in the past.
    pub backtest: Option<Backtest>,
}

/// Forecasts that were made anew on past days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backtest {
    /// Past days from which a forecast was made.
    pub windows: usize,
    /// The days that each of them was of.
    pub days: usize,
    /// How far off they were, in percent of the cost; `None` where it was zero.
    pub error_percent: Option<Decimal>,
    /// How many of 100 costs were in the range that was known then; `None` for a short history.
    pub coverage_percent: Option<Decimal>,
}

/// Forecasts the cost of a window, in one pass.
///
/// The last three days with data may still change: what they cost so far is the least that they will. Only
/// where there are no others, they are the history.
///
/// # Errors
///
/// [`ForecastError::Refused`] for a window that ends before the forecast begins and for costs in several
/// currencies of which none is named.
pub async fn forecasts<L>(view: &View<L>, asked: Asked) -> Result<Forecast, ForecastError>
where
    L: LedgerStore + Clone + 'static,
{
    let Some((data_up_to, _)) = data_up_to(view) else {
        let period = window(&asked, view.now().today())?;
        return Ok(Forecast { period, data_up_to: None, figures: None });
    };
    let planned = Planned::new(&asked, data_up_to)?;
    let mut costs = DailyCosts::new(asked.scope, asked.cost_kind, planned.read);
    view.answer(&mut [&mut costs]).await?;
    planned.forecast(&costs.finish().map_err(LookupError::from)?)
}

/// Forecasts the windows of those budgets that alert on a forecast, in one pass for all of them. Those that
/// are over have none.
///
/// # Errors
///
/// [`LookupError`].
pub async fn project<L>(view: &View<L>, verdicts: &mut [Verdict]) -> Result<(), LookupError>
where
    L: LedgerStore + Clone + 'static,
{
    let Some((data_up_to, _)) = data_up_to(view) else { return Ok(()) };
    let plan = |verdict: &Verdict| {
        let has_thresholds = !verdict.budget.forecast_thresholds.is_empty();
        let plan = || Planned::of_window(&verdict.budget, verdict.spend.period, data_up_to);
        has_thresholds.then(plan).flatten()
    };
    let planned: Vec<Option<Planned>> = verdicts.iter().map(plan).collect();
    let mut days = BudgetDays::default();
    for (verdict, planned) in verdicts.iter().zip(&planned) {
        if let Some(planned) = planned {
            days.add(&verdict.budget, planned.read);
        }
    }
    view.answer(&mut [&mut days]).await?;
    let mut gathered = days.finish()?.into_iter();
    for (verdict, planned) in verdicts.iter_mut().zip(planned) {
        let Some((planned, gathered)) = planned.and_then(|it| Some((it, gathered.next()?))) else {
            continue;
        };
        verdict.projection = planned.figures(&gathered)?.as_ref().map(Figures::projection);
    }
    Ok(())
}

/// A forecast whose costs are to be gathered.
pub(crate) struct Planned {
    period: ChargePeriod,
    /// The days that it is made from, and those of its window.
    pub(crate) read: ChargePeriod,
    currency: Option<Currency>,
    settled_up_to: Date,
    data_up_to: Date,
}

impl Planned {
    pub(crate) fn new(asked: &Asked, data_up_to: Date) -> Result<Planned, ForecastError> {
        let period = window(asked, data_up_to.yesterday().unwrap_or(data_up_to))?;
        let settled_up_to = settled(data_up_to);
        if period.end() <= settled_up_to {
            return Err(ForecastError::Refused(format!(
                "the window ends on {}, when all costs are known: data is settled up to \
                 {settled_up_to}; expected a later end, or `tollbook report`",
                period.end()
            )));
        }
        let ahead = period.end().since(data_up_to).map_or(i32::MAX, |it| it.get_days());
        if ahead > DAYS_AHEAD_MAX {
            return Err(ForecastError::Refused(format!(
                "the window ends {ahead} days after the last day with data; expected at most \
                 {DAYS_AHEAD_MAX}"
            )));
        }
        let history = i64::try_from(HISTORY_DAYS).unwrap_or(i64::MAX).days();
        let start = settled_up_to.saturating_sub(history).min(period.start());
        // Also days that only another source has, and charges that are dated ahead.
        let read = ChargePeriod::new(start, data_up_to.max(period.end()));
        let read = read.map_err(|err| ForecastError::Refused(err.to_string()))?;
        Ok(Planned { period, read, currency: asked.currency, settled_up_to, data_up_to })
    }

    /// The forecast of a budget's window; `None` for one that is over, or ends too far ahead.
    pub(crate) fn of_window(
        budget: &Budget,
        period: ChargePeriod,
        data_up_to: Date,
    ) -> Option<Planned> {
        let asked = Asked {
            scope: Filter::default(),
            cost_kind: budget.cost_kind,
            from: Some(period.start()),
            to: Some(period.end()),
            currency: Some(budget.limit.currency()),
        };
        Planned::new(&asked, data_up_to).ok()
    }

    fn forecast(&self, gathered: &Gathered) -> Result<Forecast, ForecastError> {
        let Planned { period, currency, data_up_to, .. } = *self;
        let currency = one_currency(gathered, currency)?;
        let figures = currency.map(|it| self.figures_of(gathered, it)).transpose();
        let figures = figures.map_err(LookupError::from)?.flatten();
        Ok(Forecast { period, data_up_to: Some(data_up_to), figures })
    }

    /// The figures of a forecast that names its currency; `None` for a scope that has cost nothing so far.
    pub(crate) fn figures(&self, gathered: &Gathered) -> Result<Option<Figures>, MoneyError> {
        let figures = self.currency.map(|it| self.figures_of(gathered, it));
        Ok(figures.transpose()?.flatten())
    }

    fn figures_of(
        &self,
        gathered: &Gathered,
        currency: Currency,
    ) -> Result<Option<Figures>, MoneyError> {
        let Planned { period, settled_up_to, data_up_to, .. } = *self;
        Days { gathered, currency, settled_up_to, data_up_to }.figures(period)
    }
}

impl Figures {
    /// The cost at the end of the window, with its range.
    pub(crate) fn projection(&self) -> Projection {
        Projection { expected: self.expected, low: self.low, high: self.high }
    }
}

/// The first day whose cost may still change, of data up to a day.
pub(crate) fn settled(data_up_to: Date) -> Date {
    data_up_to.saturating_sub(UNSETTLED_DAYS.days())
}

/// The first month that is read for a window that begins on a day, and for the history before it.
pub fn first_month(from: Date) -> BillingPeriod {
    // A window that is asked for may begin in the future.
    let days = i64::try_from(HISTORY_DAYS).unwrap_or(i64::MAX) + i64::from(DAYS_AHEAD_MAX);
    BillingPeriod::containing(from.saturating_sub(days.days()))
}

fn window(asked: &Asked, last: Date) -> Result<ChargePeriod, ForecastError> {
    let from = asked.from.unwrap_or_else(|| BillingPeriod::containing(last).first_day());
    let month = BillingPeriod::containing(from.max(last)).charge_period();
    let to = asked.to.or_else(|| month.map(ChargePeriod::end)).unwrap_or(Date::MAX);
    ChargePeriod::new(from, to).map_err(|err| ForecastError::Refused(err.to_string()))
}

/// The currency that is asked for, or the only one.
fn one_currency(
    gathered: &Gathered,
    asked: Option<Currency>,
) -> Result<Option<Currency>, ForecastError> {
    let all: Vec<Currency> = gathered.by_currency.keys().copied().collect();
    match (asked, all.as_slice()) {
        (Some(asked), _) => Ok(Some(asked)),
        (None, []) => Ok(None),
        (None, [only]) => Ok(Some(*only)),
        (None, _) => {
            let codes: Vec<String> = all.iter().map(ToString::to_string).collect();
            let codes = codes.join(", ");
            Err(ForecastError::Refused(format!(
                "there are costs in {codes}; expected `currency` to name one of them"
            )))
        }
    }
}

/// The days of one currency.
struct Days<'a> {
    gathered: &'a Gathered,
    currency: Currency,
    settled_up_to: Date,
    data_up_to: Date,
}

/// The days that a forecast is made from.
struct Past {
    first: Date,
    end: Date,
    usage: Vec<f64>,
    committed: Vec<f64>,
    missing_days: usize,
}

impl Days<'_> {
    fn cost(&self, day: Date) -> DayCost {
        let zero = Money::zero(self.currency);
        let none = DayCost { usage: zero, committed: zero, once: zero };
        let days = self.gathered.by_currency.get(&self.currency);
        days.and_then(|it| it.get(&day)).copied().unwrap_or(none)
    }

    /// The settled days from the first one with cost on, or the others where there is none.
    fn past(&self) -> Option<Past> {
        let days = self.gathered.by_currency.get(&self.currency)?;
        let known: &BTreeSet<Date> = &self.gathered.known;
        let first = *days.keys().next()?;
        let end = if first < self.settled_up_to { self.settled_up_to } else { self.data_up_to };
        let (usage, committed) = (Vec::new(), Vec::new());
        let mut past = Past { first, end, usage, committed, missing_days: 0 };
        let days = ChargePeriod::new(first, end).ok();
        for day in days.into_iter().flat_map(ChargePeriod::days) {
            let cost = self.cost(day);
            let week_before = past.usage.len().checked_sub(7);
            let before = week_before.and_then(|it| past.usage.get(it)).copied();
            past.usage.push(match before.filter(|_| !known.contains(&day)) {
                Some(before) => before,
                None => to_float(cost.usage),
            });
            past.missing_days += usize::from(!known.contains(&day));
            past.committed.push(to_float(cost.committed));
        }
        Some(past)
    }

    fn figures(&self, period: ChargePeriod) -> Result<Option<Figures>, MoneyError> {
        let Some(past) = self.past() else { return Ok(None) };
        let ahead = ChargePeriod::new(past.end, period.end()).ok();
        let ahead: Vec<Date> = ahead.into_iter().flat_map(ChargePeriod::days).collect();
        let days = ahead.len();
        let history = History::new(past.first, &past.usage);
        // A scope of commitments alone has no use to forecast.
        let outlook = forecast(&history, days).unwrap_or_else(|| Outlook::of_nothing(days));
        let committed = continued(&History::whole(past.first, &past.committed), days);
        let zero = Money::zero(self.currency);
        let mut figures = Figures {
            actual: zero,
            settled: zero,
            expected: zero,
            low: zero,
            high: zero,
            committed: zero,
            daily: Vec::new(),
            settled_up_to: self.settled_up_to,
            method: outlook.method,
            history_days: history.len(),
            missing_days: past.missing_days,
            backtest: outlook.backtest.map(Backtest::from),
        };
        for day in period.days().take_while(|it| *it < past.end) {
            let so_far = self.cost(day).total()?;
            if day < self.settled_up_to {
                figures.settled = figures.settled.checked_add(so_far)?;
            }
            figures.actual = figures.actual.checked_add(so_far)?;
            figures.daily.push((day, so_far));
        }
        figures.expected = figures.actual;
        let foreseen = ahead.iter().copied().zip(outlook.daily.iter().zip(&committed));
        for (day, (usage, committed)) in foreseen.filter(|(day, _)| period.contains(*day)) {
            let (so_far, committed) = (self.cost(day).total()?, self.rounded(*committed)?);
            let mut cost = self.rounded(*usage)?.checked_add(committed)?;
            if day >= self.data_up_to {
                figures.committed = figures.committed.checked_add(committed)?;
            }
            // A day that is not settled costs at least what it cost so far.
            figures.actual = figures.actual.checked_add(so_far)?;
            cost = larger(cost, so_far);
            figures.expected = figures.expected.checked_add(cost)?;
            figures.daily.push((day, cost));
        }
        // A window that begins later leaves out a part of the days ahead, and so of what is not known.
        let part = share(ahead.iter().filter(|it| period.contains(**it)).count(), days);
        let below = self.rounded((outlook.expected - outlook.low) * part)?;
        let above = self.rounded((outlook.high - outlook.expected) * part)?;
        figures.low = larger(figures.expected.checked_sub(below)?, figures.actual);
        figures.low = smaller(figures.low, figures.expected);
        figures.high = figures.expected.checked_add(above)?;
        Ok(Some(figures))
    }

    /// An estimate in whole cents.
    fn rounded(&self, amount: f64) -> Result<Money, MoneyError> {
        let amount = Decimal::try_from(amount).map_err(|_| MoneyError::OutOfRange)?;
        Money::new(amount.round_dp(2), self.currency)
    }
}

impl From<ledger_forecast::Backtest> for Backtest {
    fn from(tried: ledger_forecast::Backtest) -> Backtest {
        let ledger_forecast::Backtest { windows, days, error_percent, coverage_percent } = tried;
        let percent = |it: f64| Decimal::try_from(it).ok().map(|it| it.round_dp(1));
        Backtest {
            windows,
            days,
            error_percent: error_percent.and_then(percent),
            coverage_percent: coverage_percent.and_then(percent),
        }
    }
}

fn larger(left: Money, right: Money) -> Money {
    if left.femto_units() < right.femto_units() { right } else { left }
}

fn smaller(left: Money, right: Money) -> Money {
    if left.femto_units() < right.femto_units() { left } else { right }
}

fn to_float(money: Money) -> f64 {
    // A decimal has a nearest float, whatever its size.
    f64::try_from(money.amount()).unwrap_or(0.0)
}

fn share(part: usize, of: usize) -> f64 {
    let float = |it: usize| u32::try_from(it).map_or(f64::from(u32::MAX), f64::from);
    if of == 0 { 0.0 } else { float(part) / float(of) }
}
