//! `GET /v1/health`.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use jiff::ToSpan as _;
use jiff::civil::Date;
use ledger_app::lookup;
use ledger_app::ports::LedgerStore;
use ledger_core::bill::{BillHead, data_up_to};
use ledger_core::cost::CostKind;
use ledger_core::dimension::{Dimension, Scope};
use ledger_core::money::Money;
use ledger_core::owner::Owner;
use ledger_core::period::{BillingPeriod, ChargePeriod};
use ledger_core::reconciliation::ReconciledDay;
use ledger_core::report::{CurrencyReport, ReportQuery};

use crate::AppState;
use crate::bodies::health::{
    ComparedBody, HealthAnswer, ReconciledBody, ServiceBody, UnattributedBody, health_bill,
};
use crate::bodies::plain;
use crate::parameters::{Pairs, Parameters};
use crate::response::{ApiError, tagged};

/// Days that bill and Cost Explorer are compared for.
const RECONCILED_DAYS: i64 = 30;

/// `GET /v1/health`.
pub(crate) async fn health<L: LedgerStore>(
    State(state): State<AppState<L>>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, ApiError> {
    Parameters::read(pairs, &[], &[])?;
    let today = (state.today)();
    let heads = all_heads(&state.ledger).await?;
    let month = BillingPeriod::containing(today);
    let mut unattributed = Vec::new();
    if let Some(period) = month.charge_period() {
        let by = vec![Dimension::Owner];
        let answer = lookup::report(&query(period, by), &state.ledger).await?;
        for report in &answer.currencies {
            let cost = unattributed_of(report)?;
            unattributed.push(UnattributedBody {
                period: month.to_string(),
                currency: report.currency.to_string(),
                cost: plain(cost),
                total: plain(report.total),
                percent: cost.percent_of(report.total).map(|it| it.normalize().to_string()),
            });
        }
    }
    let reconciled = reconciliation(today, &state.ledger).await?;
    let reconciliation = reconciled.iter().map(|it| ReconciledBody {
        day: it.day.to_string(),
        currency: it.total.bill.currency().to_string(),
        total: ComparedBody::new(&it.total),
        settled: it.settled,
        services: it
            .services
            .iter()
            .map(|(service, compared)| ServiceBody {
                service: service.to_string(),
                compared: ComparedBody::new(compared),
            })
            .collect(),
    });
    let body = HealthAnswer {
        sample: state.sample,
        data_up_to: data_up_to(&heads).map(|it| it.to_string()),
        bills: heads.iter().map(health_bill).collect(),
        unattributed,
        reconciliation: reconciliation.collect(),
    };
    tagged(&headers, &body)
}

/// All unblended costs of a period, grouped.
pub(crate) fn query(period: ChargePeriod, by: Vec<Dimension>) -> ReportQuery {
    ReportQuery { period, by, scope: Scope::default(), cost_kind: CostKind::Unblended }
}

/// The pointers of all bills: no month of AWS is older.
pub(crate) async fn all_heads(ledger: &impl LedgerStore) -> Result<Vec<BillHead>, ApiError> {
    let first = BillingPeriod::containing(Date::constant(2006, 1, 1));
    Ok(ledger.heads(first).await?)
}

/// What nobody owns in a report by owner.
pub(crate) fn unattributed_of(report: &CurrencyReport) -> Result<Money, ApiError> {
    let name = Owner::Unattributed;
    let rows = report
        .rows
        .iter()
        .filter(|row| row.keys.first().is_some_and(|key| key.as_deref() == Some(name.as_str())));
    let mut sum = Money::zero(report.currency);
    for row in rows {
        sum = sum.checked_add(row.cost)?;
    }
    Ok(sum)
}

/// Bill and Cost Explorer of the last days, side by side.
pub(crate) async fn reconciliation(
    today: Date,
    ledger: &impl LedgerStore,
) -> Result<Vec<ReconciledDay>, ApiError> {
    let start = today.saturating_sub(RECONCILED_DAYS.days());
    match ChargePeriod::new(start, today.saturating_add(1.day())) {
        Ok(period) => Ok(lookup::reconciliation(period, CostKind::Unblended, today, ledger).await?),
        Err(_) => Ok(Vec::new()),
    }
}
