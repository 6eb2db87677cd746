//! Forecasts of the cost of a scope or a budget.

use anyhow::Context;
use ledger_api::bodies::forecasts::ForecastBody;
use ledger_app::documents::applied_budgets;
use ledger_app::evaluate::judge_all;
use ledger_app::forecast::{Asked, Backtest, Figures, Forecast, LEVEL_PERCENT, Method, forecasts};
use ledger_app::view::View;
use ledger_aws::dynamodb::DynamoLedger;
use ledger_core::access::Access;
use ledger_core::budget::Budget;
use ledger_core::currency::Currency;
use ledger_core::money::Money;
use ledger_core::percent::Percent;

use super::budget_history::find;
use super::now;
use super::report::scope_of;
use crate::args::{ForecastArgs, Format};
use crate::place::Place;
use crate::{Outcome, output};

/// Prints a forecast.
pub async fn forecast(
    place: &Place,
    format: Format,
    args: &ForecastArgs,
) -> anyhow::Result<Outcome> {
    let opened = place.open_to_read().await?;
    let view = View::open_all(&opened.ledger, Access::everything(), now()).await?;
    let budget = match &args.budget {
        Some(name) => {
            let (_, budgets) = applied_budgets(view.ledger()).await?;
            Some(find(&budgets, name)?.clone())
        }
        None => None,
    };
    let forecast = forecasts(&view, asked(args, budget.as_ref(), &view)?).await;
    // That of the running window, with what is rolled over.
    let limit = match &budget {
        Some(budget) => judge_all(&view, std::slice::from_ref(budget)).await?.pop(),
        None => None,
    };
    let limit = limit.map(|it| it.budget.limit);
    opened.close().await;
    let forecast = forecast?;
    match format {
        Format::Json => output::json(&ForecastBody::from(&forecast))?,
        Format::Csv => {
            let header = ["day", "cost", "currency", "is_settled"];
            let figures = forecast.figures.iter();
            let rows: Vec<_> = figures.flat_map(csv_rows).collect();
            output::csv(&header, &rows);
        }
        Format::Table => {
            for line in lines(&forecast, limit) {
                output::line(&line);
            }
        }
    }
    Ok(Outcome::Done)
}

fn asked(
    args: &ForecastArgs,
    budget: Option<&Budget>,
    view: &View<DynamoLedger>,
) -> anyhow::Result<Asked> {
    let Some(budget) = budget else {
        return Ok(Asked {
            scope: scope_of(&args.filters)?.into(),
            cost_kind: args.cost_kind.into(),
            from: args.from,
            to: args.to,
            currency: args.currency.as_deref().map(Currency::parse).transpose()?,
        });
    };
    let window = budget.calendar.containing(view.now().today()).and_then(|it| budget.counted(it));
    let window = window.context("the budget has no window today")?;
    Ok(Asked {
        scope: budget.scope.clone(),
        cost_kind: budget.cost_kind,
        from: Some(window.start()),
        to: Some(window.end()),
        currency: Some(budget.limit.currency()),
    })
}

fn lines(forecast: &Forecast, limit: Option<Money>) -> Vec<String> {
    let Forecast { period, data_up_to, figures } = forecast;
    let Some(figures) = figures else {
        return vec![match data_up_to {
            Some(end) => format!("nothing to forecast: no cost in this scope before {end}"),
            None => "no data yet; `tollbook import PATH` reads a bill".to_owned(),
        }];
    };
    let Figures { actual, expected, low, high, committed, settled_up_to, .. } = figures;
    let mut lines = vec![
        format!("window      {period}"),
        format!("so far      {}, settled up to {settled_up_to}", actual.to_reader()),
        format!("expected    {}", expected.to_reader()),
        format!(
            "range       {} to {}, meant to hold {LEVEL_PERCENT} of 100 outcomes",
            low.to_reader(),
            high.to_reader()
        ),
    ];
    lines.extend(limit.map(|it| limit_line(it, *expected)));
    if !committed.is_zero() {
        let committed = committed.to_reader();
        lines.push(format!("committed   {committed} of what is ahead goes on as agreed"));
    }
    lines.push(format!("method      {}", method_words(figures)));
    lines.extend(figures.backtest.as_ref().map(backtest_line));
    if figures.missing_days > 0 {
        let days = figures.missing_days;
        lines.push(format!("gaps        {days} days without data, taken as the week before"));
    }
    lines
}

fn limit_line(limit: Money, expected: Money) -> String {
    let percent = Percent::of(expected, limit).unwrap_or(Percent::ZERO);
    format!("limit       {}, of which {percent} % is expected", limit.to_reader())
}

fn method_words(figures: &Figures) -> String {
    let days = figures.history_days;
    match figures.method {
        Method::RunRate => format!(
            "mean of the last days; {days} days of history are few, and the range is a rule of thumb"
        ),
        Method::Combined => {
            format!("levels and line by weekday, by their past errors; {days} days of history")
        }
    }
}

fn backtest_line(tried: &Backtest) -> String {
    let Backtest { windows, days, error_percent, coverage_percent } = tried;
    let off = error_percent.map(|it| format!("{it} % off"));
    let held = coverage_percent.map(|it| format!("the range held {it} of 100"));
    let found: Vec<String> = off.into_iter().chain(held).collect();
    format!("backtest    {windows} forecasts of {days} days: {}", found.join(", "))
}

fn csv_rows(figures: &Figures) -> impl Iterator<Item = Vec<String>> {
    figures.daily.iter().map(|(day, cost)| {
        let is_settled = *day < figures.settled_up_to;
        let (amount, currency) = (cost.amount().to_string(), cost.currency().to_string());
        vec![day.to_string(), amount, currency, is_settled.to_string()]
    })
}
