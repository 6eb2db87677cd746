//! The budgets that the page draws: their windows day by day, and what is expected of the days ahead.

use std::cmp::Reverse;

use jiff::civil::Date;
use ledger_core::budget::{BudgetDays, BudgetWindow, SpendDay, Verdict, spend_by_day};
use ledger_core::currency::Currency;
use ledger_core::daily_costs::Gathered;
use ledger_core::dimension::Level;
use ledger_core::money::{Money, MoneyError};
use ledger_core::money_sum::MoneySum;
use ledger_core::percent::Percent;
use ledger_core::question::Question;

use crate::forecast::{Figures, Planned, settled};
use crate::ports::{LedgerStore, StoredAlert};
use crate::settled::data_up_to;
use crate::view::View;

/// Windows that are drawn: a ledger may have thousands of budgets, and a reader looks at a few.
pub const CHARTS_MAX: usize = 24;

/// A window of a budget, day by day.
#[derive(Clone, Debug)]
pub struct BudgetChart {
    /// Its judgement, with the forecast.
    pub verdict: Verdict,
    /// The spend of its days, from the first to the last one with data.
    pub days: Vec<SpendDay>,
    /// The first day whose cost may still change; `None` for a ledger without data.
    pub settled_up_to: Option<Date>,
    /// The expected spend at the end of each day from `settled_up_to` on; empty without a forecast.
    pub ahead: Vec<(Date, Money)>,
    /// Whether a forecast was made; of a scope that has cost nothing so far it has no figures.
    pub is_forecast: bool,
    /// The alerts of the window, newest first.
    pub alerts: Vec<StoredAlert>,
}

impl BudgetChart {
    /// Whether no cost of the window is expected to change.
    pub fn is_over(&self) -> bool {
        self.settled_up_to.is_some_and(|it| self.verdict.spend.period.end() <= it)
    }
}

/// The alerts of a verdict's window among others, also those under a name that its budget had before.
pub fn alerts_of<'a>(
    verdict: &'a Verdict,
    alerts: &'a [StoredAlert],
) -> impl Iterator<Item = &'a StoredAlert> {
    let Verdict { budget, spend, .. } = verdict;
    let names = [Some(&budget.name), budget.formerly.as_ref()];
    alerts.iter().filter(move |stored| {
        stored.alert.id.crossing().is_some_and(|id| {
            names.contains(&Some(&id.budget))
                && id.window == budget.window()
                && id.start == spend.period.start()
        })
    })
}

/// The places of the verdicts with the largest share of their limit, the largest first. Those of one share
/// keep their order.
pub fn most_used(verdicts: &[Verdict], count: usize) -> Vec<usize> {
    let mut ranked: Vec<(Percent, usize)> =
        verdicts.iter().enumerate().map(|(at, it)| (it.percent(), at)).collect();
    ranked.sort_by_key(|(percent, _)| Reverse(*percent));
    ranked.into_iter().take(count).map(|(_, at)| at).collect()
}

/// Charts whose forecasts are to be gathered, and their days where these are not known yet.
pub(crate) struct Charts<'a> {
    gathering: BudgetDays<'a>,
    asked: Vec<Asked>,
    settled_up_to: Option<Date>,
}

/// The costs that a chart asks for.
struct Asked {
    /// The forecast, where there is one.
    planned: Option<Planned>,
    /// Whether its costs are gathered.
    is_gathered: bool,
}

impl<'a> Charts<'a> {
    /// Plans a chart for each of these windows. `are_days_known` says that [`Charts::finish`] will be given the
    /// days.
    pub(crate) fn new<L>(
        view: &View<L>,
        windows: impl IntoIterator<Item = BudgetWindow<'a>>,
        are_days_known: bool,
    ) -> Charts<'a>
    where
        L: LedgerStore + Clone + 'static,
    {
        let data_up_to = data_up_to(view).map(|(it, _)| it);
        let (mut gathering, mut asked) = (BudgetDays::default(), Vec::new());
        for BudgetWindow { budget, period } in windows {
            // A forecast reads most of a year: in detail only where the budget asks for it.
            let is_wanted =
                budget.scope.level() == Level::Summary || !budget.forecast_thresholds.is_empty();
            let plan = data_up_to.filter(|_| is_wanted);
            let planned = plan.and_then(|it| Planned::of_window(budget, period, it));
            let of_window = (!are_days_known).then_some(period);
            let read = planned.as_ref().map(|it| it.read).or(of_window);
            if let Some(read) = read {
                gathering.add(budget, read);
            }
            asked.push(Asked { planned, is_gathered: read.is_some() });
        }
        Charts { gathering, asked, settled_up_to: data_up_to.map(settled) }
    }

    /// To be asked with other questions.
    pub(crate) fn question(&mut self) -> &mut dyn Question {
        &mut self.gathering
    }

    /// The charts of the verdicts of the windows, in their order. `days_of` are the days of a window by its
    /// place.
    pub(crate) fn finish(
        self,
        verdicts: Vec<Verdict>,
        days_of: impl Fn(usize) -> Result<Option<Vec<SpendDay>>, MoneyError>,
        alerts: &[StoredAlert],
    ) -> Result<Vec<BudgetChart>, MoneyError> {
        let Charts { gathering, asked, settled_up_to } = self;
        let mut gathered = gathering.finish()?.into_iter();
        let mut charts = Vec::new();
        for (at, (mut verdict, asked)) in verdicts.into_iter().zip(asked).enumerate() {
            let Asked { planned, is_gathered } = asked;
            let gathered = if is_gathered { gathered.next() } else { None };
            let is_forecast = planned.is_some();
            let figures = planned.zip(gathered.as_ref()).map(|(it, costs)| it.figures(costs));
            let figures = figures.transpose()?.flatten();
            verdict.projection = figures.as_ref().map(Figures::projection);
            let currency = verdict.budget.limit.currency();
            let by_day = |it: &Gathered| spend_by_day(it, currency, verdict.spend.period);
            let days = match days_of(at)? {
                Some(days) => days,
                None => gathered.as_ref().map_or_else(|| Ok(Vec::new()), by_day)?,
            };
            let ahead = figures.map(|it| expected(&it.daily, it.settled_up_to, currency));
            charts.push(BudgetChart {
                days,
                settled_up_to,
                ahead: ahead.transpose()?.unwrap_or_else(Vec::new),
                is_forecast,
                alerts: alerts_of(&verdict, alerts).cloned().collect(),
                verdict,
            });
        }
        Ok(charts)
    }
}

/// The spend at the end of each day from one on, of the expected costs of all days of a window.
fn expected(
    daily: &[(Date, Money)],
    from: Date,
    currency: Currency,
) -> Result<Vec<(Date, Money)>, MoneyError> {
    let mut sum = MoneySum::zero(currency);
    let mut ahead = Vec::new();
    for (day, cost) in daily {
        sum.add(*cost)?;
        if *day >= from {
            ahead.push((*day, sum.total()?));
        }
    }
    Ok(ahead)
}
