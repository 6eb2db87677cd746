//! Freshness, unattributed cost and the comparison of sources.

use ledger_app::evaluate::Undelivered;
use ledger_core::bill::BillHead;
use ledger_core::money::Money;
use ledger_core::percent::Percent;
use ledger_core::period::BillingPeriod;
use serde::Serialize;

use super::findings::FindingBody;
use super::reconciliation::ReconciledDayBody;
use super::values::{Amount, Day, Instant, Share};

/// The state of the ledger: `GET /v1/health`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Health))]
pub struct HealthAnswer {
    /// The version of Tollbook.
    pub version: &'static str,
    /// The day after the last one with data; `null` without data.
    pub data_up_to: Option<Day>,
    /// The bills in the ledger.
    pub bills: Vec<HealthBill>,
    /// The part of this month that no rule gives an owner, one for each currency.
    pub unattributed: Vec<UnattributedBody>,
    /// The bill and Cost Explorer on the last days that both have.
    pub reconciliation: Vec<ReconciledDayBody>,
    /// Things to know about the bills, with each field that their lines lack.
    pub findings: Vec<FindingBody>,
    /// Alerts of the last weeks that no owner is sure to have.
    pub undelivered_alerts: UndeliveredAlerts,
}

/// Counts of alerts that no owner is sure to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UndeliveredAlerts {
    /// Those that were not accepted; the next evaluation tries again.
    pub not_accepted: usize,
    /// Those whose answer was lost: each may or may not have arrived.
    pub unconfirmed: usize,
}

/// A bill as the ledger holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HealthBill {
    /// Its month, such as `2026-11`.
    pub period: String,
    /// The account that pays it.
    pub payer: String,
    /// The name of the part of the bill that this is; `null` for the bill itself.
    pub part: Option<String>,
    /// Its source, such as `cur`.
    pub source: String,
    /// Counts its replacements.
    pub version: u64,
    /// When it was imported last.
    pub imported_at: Instant,
    /// When the provider made the delivery, where it says so.
    pub delivered_at: Option<Instant>,
    /// The version of the rules that its owners follow.
    pub rules_version: u64,
}

/// The cost without an owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Unattributed))]
pub struct UnattributedBody {
    /// The month, such as `2026-11`.
    pub period: String,
    /// The currency of both amounts, by ISO 4217.
    pub currency: String,
    /// The cost without an owner.
    pub cost: Amount,
    /// The cost of all owners.
    pub total: Amount,
    /// The part in percent; `null` when the total is zero.
    pub percent: Option<Share>,
}

impl UnattributedBody {
    /// The part `cost` of a month's `total`.
    pub fn new(month: BillingPeriod, cost: Money, total: Money) -> UnattributedBody {
        UnattributedBody {
            period: month.to_string(),
            currency: total.currency().to_string(),
            cost: cost.into(),
            total: total.into(),
            percent: Percent::of(cost, total).map(Share),
        }
    }
}

impl From<&Undelivered<'_>> for UndeliveredAlerts {
    fn from(undelivered: &Undelivered<'_>) -> UndeliveredAlerts {
        UndeliveredAlerts {
            not_accepted: undelivered.not_sent.len(),
            unconfirmed: undelivered.unconfirmed.len(),
        }
    }
}

impl From<&BillHead> for HealthBill {
    fn from(head: &BillHead) -> HealthBill {
        HealthBill {
            period: head.bill.period.to_string(),
            payer: head.bill.payer_shown().to_owned(),
            part: head.bill.part.as_deref().map(str::to_owned),
            source: head.bill.source.to_string(),
            version: head.version,
            imported_at: Instant(head.imported_at),
            delivered_at: head.delivered_at.map(Instant),
            rules_version: head.rules_version,
        }
    }
}
