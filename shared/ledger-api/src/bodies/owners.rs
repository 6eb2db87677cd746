//! Owners and their cost.

use std::collections::BTreeMap;

use ledger_app::lookup::ReportAnswer;
use ledger_core::bill::Status;
use ledger_core::currency::Currency;
use ledger_core::money::Money;
use serde::Serialize;

use super::values::{Amount, CostKindWord, Day, StatusWord};

/// The owners of a period: `GET /v1/owners`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Owners))]
pub struct OwnersAnswer {
    /// The first day.
    pub from: Day,
    /// The day after the last.
    pub to: Day,
    /// The day after the last one with data; `null` without data.
    pub data_up_to: Option<Day>,
    /// The cost of all amounts.
    pub cost_kind: CostKindWord,
    /// The owners on this page, by name.
    pub owners: Vec<OwnerBody>,
    /// The `cursor` of the next page; `null` on the last.
    pub next_cursor: Option<String>,
}

/// An owner with a cost in the period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Owner))]
pub struct OwnerBody {
    /// The name; `Unattributed` for charges that no rule claims.
    pub owner: String,
    /// How sure the least sure cost is.
    pub status: StatusWord,
    /// The cost in each currency.
    pub costs: Vec<OwnerCost>,
}

/// A cost of an owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OwnerCost {
    /// The currency, by ISO 4217.
    pub currency: String,
    /// The cost.
    pub cost: Amount,
}

/// The owners of a report by owner, by name.
pub(crate) fn owners_of(report: &ReportAnswer) -> Vec<OwnerBody> {
    let mut owners: BTreeMap<&str, (Status, BTreeMap<Currency, Money>)> = BTreeMap::new();
    for row in report.currencies.iter().flat_map(|it| &it.rows) {
        for name in row.keys.iter().flatten() {
            let (status, costs) =
                owners.entry(name).or_insert_with(|| (row.status, BTreeMap::new()));
            *status = row.status.min(*status);
            costs.insert(row.cost.currency(), row.cost);
        }
    }
    let body = |(name, (status, costs)): (&str, (Status, BTreeMap<Currency, Money>))| OwnerBody {
        owner: name.to_owned(),
        status: status.into(),
        costs: costs
            .into_values()
            .map(|cost| OwnerCost { currency: cost.currency().to_string(), cost: cost.into() })
            .collect(),
    };
    owners.into_iter().map(body).collect()
}
