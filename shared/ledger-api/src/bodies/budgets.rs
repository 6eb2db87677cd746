//! Budgets, their spend and their alerts.

use ledger_app::budget_charts::alerts_of;
use ledger_app::ports::{AlertState, StoredAlert};
use ledger_core::budget::{BudgetState, Crossing, CrossingKind, Verdict};
use ledger_core::money::Money;
use ledger_core::period::Window;
use serde::Serialize;

use super::findings::FindingBody;
use super::values::{Amount, CostKindWord, Day, Instant, Share, StatusWord, words};

/// The applied budgets, judged: `GET /v1/budgets` and `tollbook budget list`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Budgets))]
pub struct BudgetsAnswer {
    /// The version of the budgets file; `null` if none is applied.
    pub version: Option<u64>,
    /// The budgets on this page, in the order of the file.
    pub budgets: Vec<BudgetBody>,
    /// Things to know about the bills of the windows.
    pub findings: Vec<FindingBody>,
    /// The `cursor` of the next page; `null` on the last.
    pub next_cursor: Option<String>,
}

/// A budget in one of its windows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Budget))]
pub struct BudgetBody {
    /// Its name.
    pub name: String,
    /// The owner, who is alerted.
    pub owner: String,
    /// The deputy, who is alerted too.
    pub deputy: Option<String>,
    /// The charges that count, in words.
    pub scope: String,
    /// The cost that counts.
    pub cost_kind: CostKindWord,
    /// How often it starts again.
    pub window: WindowWord,
    /// The first day of the window.
    pub from: Day,
    /// The day after the last of the window.
    pub to: Day,
    /// The currency of all amounts, by ISO 4217.
    pub currency: String,
    /// The limit, with what is rolled over.
    pub limit: Amount,
    /// The part of it that the window before has left; zero where nothing is rolled over.
    pub rolled_over: Amount,
    /// The cost so far.
    pub spend: Amount,
    /// The limit less the cost so far, below zero once more is spent; `null` beyond the range of amounts.
    pub headroom: Option<Amount>,
    /// The cost in other currencies, which the limit does not count.
    pub beside: Vec<OtherCurrency>,
    /// The cost of the window before, up to the same day of it; `null` if there is no such window.
    pub previous: Option<Amount>,
    /// The cost in percent of the limit, cut to one digit.
    pub percent: Share,
    /// `exceeded` from the limit on, below it `warning` once a threshold is reached.
    pub state: BudgetStateWord,
    /// How sure the cost is.
    pub status: StatusWord,
    /// The day after the last one with data.
    pub data_up_to: Option<Day>,
    /// Percentages of the limit that alert the owner.
    pub thresholds: Vec<u16>,
    /// The thresholds that are reached.
    pub reached: Vec<u16>,
    /// The lowest threshold that is not reached; `null` once all are.
    pub next_threshold_percent: Option<u16>,
    /// Percentages of the limit that alert the owner once the whole window is expected to cost as much.
    pub forecast_thresholds: Vec<u16>,
    /// Percentages of the pace that spends the limit by the end of the window.
    pub pace_thresholds: Vec<u16>,
    /// Percentages of the cost of the window before, up to the same day.
    pub change_thresholds: Vec<u16>,
    /// The cost of the whole window; `null` without `forecast_thresholds`, for a window that is over and for a
    /// scope that has cost nothing so far.
    pub projection: Option<ProjectionBody>,
    /// The alerts of this window.
    pub alerts: Vec<BudgetAlertBody>,
}

/// The cost that a window is expected to have at its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Projection))]
pub struct ProjectionBody {
    /// The cost.
    pub expected: Amount,
    /// The lower end of the range that is meant to hold 80 of 100 outcomes.
    pub low: Amount,
    /// The upper end.
    pub high: Amount,
}

/// A cost in a currency that a budget does not count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OtherCurrency {
    /// The currency, by ISO 4217.
    pub currency: String,
    /// The cost.
    pub cost: Amount,
}

/// An alert of a budget.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = BudgetAlert))]
pub struct BudgetAlertBody {
    /// Its identity, which `tollbook budget acknowledge` takes.
    pub id: String,
    /// The threshold that names it, in percent of what its kind compares with: the highest that was reached, or the lowest that the cost
    /// is below again.
    pub threshold: u16,
    /// How the cost relates to that threshold.
    pub kind: AlertKindWord,
    /// All thresholds that it says something of, ascending.
    pub thresholds: Vec<u16>,
    /// Its subject line.
    pub subject: String,
    /// How far it got.
    pub state: AlertStateWord,
    /// When it got there.
    pub at: Instant,
}

words! {
    /// The state of a budget.
    BudgetStateWord of BudgetState: BudgetState::ALL;
    /// How a cost relates to a threshold that it crossed.
    AlertKindWord of CrossingKind: CrossingKind::ALL;
    /// How often a budget starts again.
    WindowWord of Window: Window::ALL;
    /// How far an alert got.
    AlertStateWord of AlertState: AlertState::ALL;
}

/// The body of a verdict with its alerts among `alerts`.
pub fn budget_body(verdict: &Verdict, alerts: &[StoredAlert]) -> BudgetBody {
    let Verdict { budget, spend, reached, projection } = verdict;
    let alerts = alerts_of(verdict, alerts).filter_map(|stored| {
        let id = stored.alert.id.crossing()?;
        Some(alert_body(stored, id.crossing))
    });
    BudgetBody {
        name: budget.name.to_string(),
        owner: budget.owner.to_string(),
        deputy: budget.deputy.as_deref().map(str::to_owned),
        scope: budget.scope.to_string(),
        cost_kind: budget.cost_kind.into(),
        window: budget.window().into(),
        from: Day(spend.period.start()),
        to: Day(spend.period.end()),
        currency: budget.limit.currency().to_string(),
        limit: budget.limit.into(),
        rolled_over: spend.rolled_over.into(),
        spend: spend.cost.into(),
        headroom: verdict.headroom().map(Amount::from),
        beside: spend.beside.iter().map(other_currency).collect(),
        previous: spend.previous.map(Amount::from),
        percent: verdict.percent().into(),
        state: verdict.state().into(),
        status: spend.status.into(),
        data_up_to: spend.data_up_to.map(Day),
        thresholds: budget.thresholds.clone(),
        reached: reached.clone(),
        next_threshold_percent: verdict.next_threshold(),
        forecast_thresholds: budget.forecast_thresholds.clone(),
        pace_thresholds: budget.pace_thresholds.clone(),
        change_thresholds: budget.change_thresholds.clone(),
        projection: projection.map(|it| ProjectionBody {
            expected: it.expected.into(),
            low: it.low.into(),
            high: it.high.into(),
        }),
        alerts: alerts.collect(),
    }
}

fn other_currency(cost: &Money) -> OtherCurrency {
    OtherCurrency { currency: cost.currency().to_string(), cost: (*cost).into() }
}

fn alert_body(stored: &StoredAlert, named_by: Crossing) -> BudgetAlertBody {
    let mut thresholds: Vec<u16> = stored.alert.crossings().map(|it| it.threshold).collect();
    thresholds.sort_unstable();
    thresholds.dedup();
    BudgetAlertBody {
        id: stored.alert.id.to_string(),
        threshold: named_by.threshold,
        kind: named_by.kind.into(),
        thresholds,
        subject: stored.alert.subject.clone(),
        state: stored.state.into(),
        at: Instant(stored.at),
    }
}
