//! Budgets, their spend and their alerts.

use ledger_app::ports::StoredAlert;
use ledger_core::budget::Verdict;
use serde::Serialize;

use super::{is_false, plain};

#[derive(Serialize)]
pub(crate) struct BudgetsAnswer {
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) sample: bool,
    pub(crate) version: Option<u64>,
    pub(crate) budgets: Vec<BudgetBody>,
}

#[derive(Serialize)]
pub(crate) struct BudgetBody {
    pub(crate) name: String,
    pub(crate) owner: String,
    pub(crate) deputy: Option<String>,
    pub(crate) scope: String,
    pub(crate) cost_kind: &'static str,
    pub(crate) window: &'static str,
    pub(crate) start: String,
    pub(crate) end: String,
    pub(crate) currency: String,
    pub(crate) limit: String,
    pub(crate) spend: String,
    pub(crate) previous: String,
    pub(crate) percent: String,
    pub(crate) state: &'static str,
    pub(crate) status: &'static str,
    pub(crate) data_up_to: Option<String>,
    pub(crate) thresholds: Vec<u16>,
    pub(crate) reached: Vec<u16>,
    pub(crate) alerts: Vec<AlertBody>,
}

#[derive(Serialize)]
pub(crate) struct AlertBody {
    pub(crate) threshold: u16,
    pub(crate) subject: String,
    pub(crate) state: &'static str,
    pub(crate) at: String,
}

pub(crate) fn budget_body(verdict: &Verdict, alerts: &[StoredAlert]) -> BudgetBody {
    let Verdict { budget, spend, reached } = verdict;
    let alerts = alerts.iter().filter(|stored| {
        let id = &stored.alert.id;
        id.budget == budget.name && id.window == budget.window && id.start == spend.period.start()
    });
    BudgetBody {
        name: budget.name.to_string(),
        owner: budget.owner.to_string(),
        deputy: budget.deputy.as_deref().map(str::to_owned),
        scope: budget.scope.to_string(),
        cost_kind: budget.cost_kind.as_str(),
        window: budget.window.as_str(),
        start: spend.period.start().to_string(),
        end: spend.period.end().to_string(),
        currency: budget.limit.currency().to_string(),
        limit: plain(budget.limit),
        spend: plain(spend.cost),
        previous: plain(spend.previous),
        percent: verdict.percent().to_string(),
        state: verdict.state().as_str(),
        status: spend.status.as_str(),
        data_up_to: spend.data_up_to.map(|it| it.to_string()),
        thresholds: budget.thresholds.clone(),
        reached: reached.clone(),
        alerts: alerts
            .map(|stored| AlertBody {
                threshold: stored.alert.id.threshold,
                subject: stored.alert.subject.clone(),
                state: stored.state.as_str(),
                at: stored.at.to_string(),
            })
            .collect(),
    }
}
