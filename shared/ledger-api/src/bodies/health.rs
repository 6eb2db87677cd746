//! Freshness, unattributed cost and the comparison of sources.

use ledger_core::bill::BillHead;
use ledger_core::reconciliation::Compared;
use serde::Serialize;

use super::{is_false, plain};

#[derive(Serialize)]
pub(crate) struct HealthAnswer {
    /// The release that answers.
    pub(crate) version: &'static str,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) sample: bool,
    pub(crate) data_up_to: Option<String>,
    pub(crate) bills: Vec<HealthBill>,
    pub(crate) unattributed: Vec<UnattributedBody>,
    pub(crate) reconciliation: Vec<ReconciledBody>,
}

#[derive(Serialize)]
pub(crate) struct HealthBill {
    pub(crate) period: String,
    pub(crate) payer: String,
    pub(crate) source: String,
    pub(crate) version: u64,
    pub(crate) imported_at: String,
    pub(crate) delivered_at: Option<String>,
    pub(crate) rules_version: u64,
}

#[derive(Serialize)]
pub(crate) struct UnattributedBody {
    pub(crate) period: String,
    pub(crate) currency: String,
    pub(crate) cost: String,
    pub(crate) total: String,
    pub(crate) percent: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct ReconciledBody {
    pub(crate) day: String,
    pub(crate) currency: String,
    #[serde(flatten)]
    pub(crate) total: ComparedBody,
    pub(crate) settled: bool,
    pub(crate) services: Vec<ServiceBody>,
}

#[derive(Serialize)]
pub(crate) struct ServiceBody {
    pub(crate) service: String,
    #[serde(flatten)]
    pub(crate) compared: ComparedBody,
}

#[derive(Serialize)]
pub(crate) struct ComparedBody {
    pub(crate) bill: String,
    pub(crate) cost_explorer: String,
    pub(crate) difference: String,
    pub(crate) percent: Option<String>,
}

impl ComparedBody {
    pub(crate) fn new(compared: &Compared) -> ComparedBody {
        ComparedBody {
            bill: plain(compared.bill),
            cost_explorer: plain(compared.cost_explorer),
            difference: plain(compared.difference),
            percent: compared.percent.map(|it| it.to_string()),
        }
    }
}

pub(crate) fn health_bill(head: &BillHead) -> HealthBill {
    HealthBill {
        period: head.bill.period.to_string(),
        payer: head.bill.payer.to_string(),
        source: head.bill.source.to_string(),
        version: head.version,
        imported_at: head.imported_at.to_string(),
        delivered_at: head.delivered_at.map(|it| it.to_string()),
        rules_version: head.rules_version,
    }
}
