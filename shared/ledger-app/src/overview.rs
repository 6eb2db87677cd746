//! The figures of the page: the month with the last data, compared, ranked and judged.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::ToSpan as _;
use jiff::civil::Date;
use ledger_core::budget::{Budget, BudgetSpending, BudgetState, BudgetWindow, Verdict};
use ledger_core::cost::CostKind;
use ledger_core::currency::Currency;
use ledger_core::dimension::{Dimension, Scope};
use ledger_core::finding::Finding;
use ledger_core::money::Money;
use ledger_core::period::{BillingPeriod, ChargePeriod};
use ledger_core::question::Question;
use ledger_core::ranking::{Series, top_by_day};
use ledger_core::reconciliation::{ReconciledDay, Reconciliation};
use ledger_core::report::{CurrencyReport, ReportBuilder, ReportQuery};

use crate::audience::findings_of_audiences;
use crate::budget_charts::{BudgetChart, CHARTS_MAX, Charts, most_used};
use crate::documents::{DocumentError, applied_budgets};
use crate::evaluate::spending_question;
use crate::lookup::{findings_of_bills, reconciliation_question};
use crate::periods::PeriodError;
use crate::ports::{AlertStore, DocumentStore, LedgerStore, Retryable, StoreError, StoredAlert};
use crate::view::{LookupError, View};

/// Days of the chart.
const CHART_DAYS: i64 = 30;

/// Owners that the chart names.
const CHART_OWNERS: usize = 5;

/// Days that bill and Cost Explorer are compared for.
const RECONCILED_DAYS: i64 = 30;

/// Windows of budgets that may still be of interest begin in this many days.
const ALERT_DAYS: i64 = 400;

/// Why the figures of the page are not there.
#[derive(Debug, thiserror::Error)]
pub enum OverviewError {
    /// The ledger did not answer.
    #[error("could not answer the questions of the page")]
    Lookup(#[from] LookupError),
    /// The budgets could not be read.
    #[error("could not read the budgets of the page")]
    Budgets(#[from] DocumentError),
    /// The alerts could not be read.
    #[error("could not read the alerts of the page")]
    Alerts(#[from] StoreError),
    /// The periods could not be read.
    #[error("could not read the periods")]
    Periods(#[from] PeriodError),
}

impl Retryable for OverviewError {
    fn is_retryable(&self) -> bool {
        match self {
            OverviewError::Lookup(source) => source.is_retryable(),
            OverviewError::Budgets(source) => source.is_retryable(),
            OverviewError::Alerts(source) => source.is_retryable(),
            OverviewError::Periods(source) => source.is_retryable(),
        }
    }
}

/// Everything the page shows.
#[derive(Clone, Debug)]
pub struct Overview {
    /// Costs; `None` for a ledger without data.
    pub figures: Option<Figures>,
    /// The judgement of every budget.
    pub verdicts: Vec<Verdict>,
    /// Those of the windows with the largest share of their limit, day by day; the largest first.
    pub charts: Vec<BudgetChart>,
    /// Alerts of the last windows, newest first.
    pub alerts: Vec<StoredAlert>,
    /// The bill and Cost Explorer side by side on the last days.
    pub reconciled: Vec<ReconciledDay>,
    /// Findings about the bills of the days that are shown.
    pub findings: Vec<Finding>,
    /// Topics that have no subscriber.
    pub unheard: Vec<Finding>,
}

/// Costs up to the last day with data.
#[derive(Clone, Debug)]
pub struct Figures {
    /// The end of the last day with data.
    pub data_up_to: Date,
    /// The days that are shown.
    pub periods: Periods,
    /// The costs of each currency: they are never summed.
    pub currencies: Vec<CurrencyFigures>,
}

/// Costs in one currency.
#[derive(Clone, Debug)]
pub struct CurrencyFigures {
    /// The days of the month by owner.
    pub by_owner: CurrencyReport,
    /// The days of the month by model.
    pub by_model: CurrencyReport,
    /// The same days of the month before; `None` at the start of the calendar.
    pub previous: Option<Money>,
    /// The month less `previous`.
    pub change: Option<Money>,
    /// The part of the month that no rule gives an owner.
    pub unattributed: Money,
    /// The days of the chart by owner.
    pub by_day: Vec<Series>,
    /// Budgets in this currency.
    pub budget_count: usize,
    /// Those that are exceeded, in any window.
    pub exceeded_count: usize,
}

/// The days that the page shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Periods {
    /// The month of the last day with data, which is this month unless the data is late.
    pub month: BillingPeriod,
    /// Its days with data.
    pub days: ChargePeriod,
    /// The same days of the month before.
    pub before: Option<ChargePeriod>,
    /// The days of the chart.
    pub chart_days: ChargePeriod,
}

impl Periods {
    /// `None` at the ends of the calendar.
    pub fn new(data_up_to: Date, today: Date) -> Option<Periods> {
        let end = data_up_to.min(today.saturating_add(1.day()));
        let month = BillingPeriod::containing(end.saturating_sub(1.day()));
        let days = ChargePeriod::new(month.first_day(), end).ok()?;
        let chart_days = ChargePeriod::new(end.saturating_sub(CHART_DAYS.days()), end).ok()?;
        Some(Periods { month, days, before: same_days_before(month, days), chart_days })
    }
}

fn same_days_before(month: BillingPeriod, days: ChargePeriod) -> Option<ChargePeriod> {
    let before = BillingPeriod::containing(month.first_day().yesterday().ok()?);
    let elapsed = days.end().since(days.start()).ok()?;
    let end = before.first_day().checked_add(elapsed).ok()?.min(month.first_day());
    ChargePeriod::new(before.first_day(), end).ok()
}

/// Reads everything the page shows, each day once. Where budgets have more windows than are drawn, the days
/// that their forecasts are made from are read in a pass of their own, of the same state of the ledger.
///
/// # Errors
///
/// [`OverviewError`].
pub async fn overview<L>(view: &View<L>) -> Result<Overview, OverviewError>
where
    L: LedgerStore + AlertStore + DocumentStore + Clone + 'static,
{
    let (_, budgets) = applied_budgets(view.ledger()).await?;
    let data_up_to = view.data_up_to();
    let periods = data_up_to.and_then(|end| Periods::new(end, view.now().today()));
    let queries = periods.map(|it| Queries::new(&it));
    let mut builders = queries.as_ref().map(Builders::new);
    let mut spending = spending_question(view, &budgets).by_day();
    let windows = spending.windows();
    // Of a few windows all are drawn, so the days of their forecasts are read with all others.
    let has_few = windows.len() <= CHARTS_MAX;
    let mut charts = has_few.then(|| Charts::new(view, windows, spending.is_by_day()));
    let mut both = recent_reconciliation(view)?;
    let mut questions: Vec<&mut dyn Question> = vec![&mut spending];
    questions.extend(charts.as_mut().map(Charts::question));
    questions.extend(both.as_mut().map(|it| it as &mut dyn Question));
    questions.extend(builders.iter_mut().flat_map(Builders::questions));
    let (answered, alerts, unheard) = tokio::join!(
        view.answer(&mut questions),
        recent_alerts(view, &budgets),
        findings_of_audiences(view)
    );
    answered?;
    let alerts = alerts?;
    let shown = periods.map(|it| it.chart_days);
    let verdicts = spending.verdicts().map_err(LookupError::from)?;
    let charts = drawn(view, &spending, &verdicts, charts, &alerts).await?;
    let figures = match (data_up_to, periods, builders) {
        (Some(data_up_to), Some(periods), Some(builders)) => {
            let currencies = builders.figures(&periods, &verdicts)?;
            Some(Figures { data_up_to, periods, currencies })
        }
        _ => None,
    };
    Ok(Overview {
        figures,
        verdicts,
        charts,
        alerts,
        reconciled: both
            .map_or_else(|| Ok(Vec::new()), Reconciliation::finish)
            .map_err(LookupError::from)?,
        findings: shown.map(|it| findings_of_bills(view.heads(), it)).unwrap_or_default(),
        unheard: unheard?,
    })
}

/// The charts of the verdicts with the largest share of their limit. `of_all` are those of all windows, where
/// their forecasts were gathered already; else they are gathered now.
async fn drawn<L>(
    view: &View<L>,
    spending: &BudgetSpending<'_>,
    verdicts: &[Verdict],
    of_all: Option<Charts<'_>>,
    alerts: &[StoredAlert],
) -> Result<Vec<BudgetChart>, LookupError>
where
    L: LedgerStore + Clone + 'static,
{
    if let Some(of_all) = of_all {
        let mut charts = of_all.finish(verdicts.to_vec(), |at| spending.days(at), alerts)?;
        charts.sort_by_key(|it| Reverse(it.verdict.percent()));
        return Ok(charts);
    }
    let places = most_used(verdicts, CHARTS_MAX);
    let shown: Vec<Verdict> = places.iter().filter_map(|at| verdicts.get(*at)).cloned().collect();
    let days: Vec<_> = places.iter().map(|at| spending.days(*at)).collect::<Result<_, _>>()?;
    let windows =
        shown.iter().map(|it| BudgetWindow { budget: &it.budget, period: it.spend.period });
    let mut charts = Charts::new(view, windows, spending.is_by_day());
    view.answer(&mut [charts.question()]).await?;
    let days_of = |at: usize| Ok(days.get(at).cloned().flatten());
    Ok(charts.finish(shown.clone(), days_of, alerts)?)
}

/// The figures of health: the running month by owner, both sources side by side, and alerts.
#[derive(Clone, Debug)]
pub struct Health {
    /// The running month.
    pub month: BillingPeriod,
    /// Its cost by owner, one report for each currency.
    pub by_owner: Vec<CurrencyReport>,
    /// The bill and Cost Explorer side by side on the last days.
    pub reconciled: Vec<ReconciledDay>,
    /// The alerts of the last weeks that the caller may see.
    pub alerts: Vec<StoredAlert>,
    /// Topics that have no subscriber.
    pub unheard: Vec<Finding>,
}

/// Reads the figures of health, each day once.
///
/// # Errors
///
/// [`OverviewError`].
pub async fn health<L>(view: &View<L>) -> Result<Health, OverviewError>
where
    L: LedgerStore + AlertStore + DocumentStore + Clone + 'static,
{
    let month = BillingPeriod::containing(view.now().today());
    let query = month.charge_period().map(|days| grouped(days, vec![Dimension::Owner]));
    let mut by_owner = query.as_ref().map(ReportBuilder::new);
    let mut both = recent_reconciliation(view)?;
    let mut questions: Vec<&mut dyn Question> = Vec::new();
    questions.extend(by_owner.as_mut().map(|it| it as &mut dyn Question));
    questions.extend(both.as_mut().map(|it| it as &mut dyn Question));
    let (answered, alerts, unheard) = tokio::join!(
        view.answer(&mut questions),
        alerts_of_health(view),
        findings_of_audiences(view)
    );
    answered?;
    let by_owner = by_owner.map_or_else(|| Ok(Vec::new()), ReportBuilder::finish);
    let reconciled = both.map_or_else(|| Ok(Vec::new()), Reconciliation::finish);
    Ok(Health {
        month,
        by_owner: by_owner.map_err(LookupError::from)?,
        reconciled: reconciled.map_err(LookupError::from)?,
        alerts: alerts?,
        unheard: unheard?,
    })
}

/// Budgets are read only where they decide which alerts the caller may see: budgets that cannot be
/// read must not hide how the ledger is.
async fn alerts_of_health<L>(view: &View<L>) -> Result<Vec<StoredAlert>, OverviewError>
where
    L: LedgerStore + AlertStore + DocumentStore + Clone + 'static,
{
    let budgets = if view.access().is_everything() {
        Vec::new()
    } else {
        applied_budgets(view.ledger()).await?.1
    };
    Ok(recent_alerts(view, &budgets).await?)
}

/// The reports of the page.
struct Queries {
    by_owner: ReportQuery,
    by_model: ReportQuery,
    by_day: ReportQuery,
    previous: Option<ReportQuery>,
}

impl Queries {
    fn new(periods: &Periods) -> Queries {
        Queries {
            by_owner: grouped(periods.days, vec![Dimension::Owner]),
            by_model: grouped(periods.days, vec![Dimension::Model]),
            by_day: grouped(periods.chart_days, vec![Dimension::Day, Dimension::Owner]),
            previous: periods.before.map(|it| grouped(it, Vec::new())),
        }
    }
}

/// All unblended cost of a period, grouped.
pub fn grouped(period: ChargePeriod, by: Vec<Dimension>) -> ReportQuery {
    ReportQuery { period, by, scope: Scope::default(), cost_kind: CostKind::Unblended }
}

struct Builders<'q> {
    by_owner: ReportBuilder<'q>,
    by_model: ReportBuilder<'q>,
    by_day: ReportBuilder<'q>,
    previous: Option<ReportBuilder<'q>>,
}

impl<'q> Builders<'q> {
    fn new(queries: &'q Queries) -> Builders<'q> {
        Builders {
            by_owner: ReportBuilder::new(&queries.by_owner),
            by_model: ReportBuilder::new(&queries.by_model),
            by_day: ReportBuilder::new(&queries.by_day),
            previous: queries.previous.as_ref().map(ReportBuilder::new),
        }
    }

    fn questions(&mut self) -> impl Iterator<Item = &mut dyn Question> {
        let Builders { by_owner, by_model, by_day, previous } = self;
        let always: [&mut dyn Question; 3] = [by_owner, by_model, by_day];
        always.into_iter().chain(previous.as_mut().map(|it| it as &mut dyn Question))
    }

    fn figures(
        self,
        periods: &Periods,
        verdicts: &[Verdict],
    ) -> Result<Vec<CurrencyFigures>, LookupError> {
        let mut by_owner = by_currency(self.by_owner)?;
        let mut by_model = by_currency(self.by_model)?;
        let by_day = by_currency(self.by_day)?;
        let previous = self.previous.map(by_currency).transpose()?;
        let days: Vec<Date> = periods.chart_days.days().collect();
        let currencies: BTreeSet<Currency> =
            by_owner.keys().chain(by_day.keys()).copied().collect();
        let mut figures = Vec::new();
        for currency in currencies {
            let nothing = Money::zero(currency);
            let empty = || CurrencyReport { currency, rows: Vec::new(), total: nothing };
            let by_owner = by_owner.remove(&currency).unwrap_or_else(empty);
            let total_before = |reports: &BTreeMap<Currency, CurrencyReport>| {
                reports.get(&currency).map_or(nothing, |it| it.total)
            };
            let by_day = by_day.get(&currency).map(|it| top_by_day(it, &days, CHART_OWNERS));
            let (budget_count, exceeded_count) = budget_counts(verdicts, currency);
            let previous = previous.as_ref().map(total_before);
            figures.push(CurrencyFigures {
                previous,
                change: previous.map(|it| by_owner.total.checked_sub(it)).transpose()?,
                unattributed: by_owner.unattributed()?,
                by_owner,
                by_model: by_model.remove(&currency).unwrap_or_else(empty),
                by_day: by_day.transpose()?.unwrap_or_else(Vec::new),
                budget_count,
                exceeded_count,
            });
        }
        Ok(figures)
    }
}

fn by_currency(
    builder: ReportBuilder<'_>,
) -> Result<BTreeMap<Currency, CurrencyReport>, LookupError> {
    Ok(builder.finish()?.into_iter().map(|it| (it.currency, it)).collect())
}

/// The budgets of a currency, and those of them that are exceeded. A budget can have two windows.
fn budget_counts(verdicts: &[Verdict], currency: Currency) -> (usize, usize) {
    let of_currency = || verdicts.iter().filter(|it| it.budget.limit.currency() == currency);
    let names = |verdicts: &mut dyn Iterator<Item = &Verdict>| {
        verdicts.map(|it| Arc::clone(&it.budget.name)).collect::<BTreeSet<_>>().len()
    };
    let mut exceeded = of_currency().filter(|it| it.state() == BudgetState::Exceeded);
    (names(&mut of_currency()), names(&mut exceeded))
}

/// Alerts of the windows that may still be of interest, newest first, of budgets that the caller may
/// see.
///
/// # Errors
///
/// [`StoreError`].
pub async fn recent_alerts<L>(
    view: &View<L>,
    budgets: &[Budget],
) -> Result<Vec<StoredAlert>, StoreError>
where
    L: LedgerStore + AlertStore + Clone + 'static,
{
    let today = view.now().today();
    let (start, end) = (today.saturating_sub(ALERT_DAYS.days()), today.saturating_add(1.day()));
    let Ok(period) = ChargePeriod::new(start, end) else { return Ok(Vec::new()) };
    let mut alerts = view.ledger().alerts(period).await?;
    if !view.access().is_everything() {
        let seen = |it: &StoredAlert| {
            // Alerts that are of no budget may say something of all owners.
            let Some(id) = it.alert.id.crossing() else { return false };
            let mut of_name = budgets.iter().filter(|budget| budget.name == id.budget);
            of_name.any(|budget| view.access().covers(&budget.scope.exact))
        };
        alerts.retain(seen);
    }
    Ok(alerts)
}

/// The bill and Cost Explorer of the last days side by side, to be asked with other questions;
/// `None` at the ends of the calendar.
///
/// # Errors
///
/// [`LookupError::Answer`].
pub fn recent_reconciliation<L>(view: &View<L>) -> Result<Option<Reconciliation>, LookupError>
where
    L: LedgerStore + Clone + 'static,
{
    let today = view.now().today();
    let start = today.saturating_sub(RECONCILED_DAYS.days());
    match ChargePeriod::new(start, today.saturating_add(1.day())) {
        Ok(period) => reconciliation_question(view, period, CostKind::Unblended).map(Some),
        Err(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[track_caller]
    fn check(data_up_to: Date, today: Date, expected: [&str; 3]) {
        let periods = Periods::new(data_up_to, today).unwrap();
        let shown = [Some(periods.days), periods.before, Some(periods.chart_days)];
        assert_eq!(shown.map(|it| it.unwrap().to_string()), expected);
    }

    #[test]
    fn the_page_shows_the_month_of_the_last_day_with_data() {
        let (days, chart) = ("2026-11-01..2026-11-19", "2026-10-20..2026-11-19");
        check(date(2026, 11, 19), date(2026, 11, 20), [days, "2026-10-01..2026-10-19", chart]);
        // The last day with data is the last of October.
        let (days, chart) = ("2026-10-01..2026-11-01", "2026-10-02..2026-11-01");
        check(date(2026, 11, 1), date(2026, 11, 20), [days, "2026-09-01..2026-10-01", chart]);
        // A charge of the future: a month is shown up to today.
        let (days, chart) = ("2026-03-01..2026-03-31", "2026-03-01..2026-03-31");
        check(date(2026, 4, 9), date(2026, 3, 30), [days, "2026-02-01..2026-03-01", chart]);
    }
}
