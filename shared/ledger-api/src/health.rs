//! `GET /v1/health`.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use ledger_app::overview::{self, Health};
use ledger_app::ports::LedgerStore;

use crate::AppState;
use crate::bodies::health::{
    ComparedBody, HealthAnswer, ReconciledBody, ServiceBody, UnattributedBody, health_bill,
};
use crate::bodies::plain;
use crate::parameters::{Pairs, Parameters};
use crate::response::{ApiError, tagged};

/// `GET /v1/health`.
pub(crate) async fn health<L: LedgerStore + Clone + 'static>(
    State(state): State<AppState<L>>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, ApiError> {
    Parameters::read(pairs, &[], &[])?;
    let view = state.view_of_all().await?;
    let Health { month, by_owner, reconciled } = overview::health(&view).await?;
    let mut unattributed = Vec::new();
    for report in &by_owner {
        let cost = report.unattributed()?;
        unattributed.push(UnattributedBody {
            period: month.to_string(),
            currency: report.currency.to_string(),
            cost: plain(cost),
            total: plain(report.total),
            percent: cost.percent_of(report.total).map(|it| it.to_string()),
        });
    }
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
        version: ledger_core::VERSION,
        sample: state.sample,
        data_up_to: view.data_up_to().map(|it| it.to_string()),
        bills: view.heads().iter().map(health_bill).collect(),
        unattributed,
        reconciliation: reconciliation.collect(),
    };
    tagged(&headers, &body)
}
