//! The bill and Cost Explorer side by side.

use ledger_core::currency::Currency;
use ledger_core::reconciliation::{Compared, ReconciledDay};
use serde::Serialize;

use super::values::{Amount, Day, Share};

/// One day as both sources report it, in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = ReconciledDay))]
pub struct ReconciledDayBody {
    /// The day.
    pub day: Day,
    /// The currency of all amounts.
    pub currency: String,
    /// All AI services together.
    #[serde(flatten)]
    pub total: ComparedBody,
    /// Whether the day is old enough for the two to agree.
    pub settled: bool,
    /// Each service.
    pub services: Vec<ReconciledServiceBody>,
}

/// One service of a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = ReconciledService))]
pub struct ReconciledServiceBody {
    /// The name of the service.
    pub service: String,
    /// Both sources.
    #[serde(flatten)]
    pub compared: ComparedBody,
}

/// The same charges as both sources report them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Compared))]
pub struct ComparedBody {
    /// The cost on the bill.
    pub bill: Amount,
    /// The cost in Cost Explorer.
    pub cost_explorer: Amount,
    /// The bill minus Cost Explorer.
    pub difference: Amount,
    /// The difference in percent of the bill; `null` when the bill is zero.
    pub percent: Option<Share>,
}

impl From<&Compared> for ComparedBody {
    fn from(compared: &Compared) -> ComparedBody {
        ComparedBody {
            bill: compared.bill.into(),
            cost_explorer: compared.quick_look.into(),
            difference: compared.difference.into(),
            percent: compared.percent.map(Share),
        }
    }
}

impl From<&ReconciledDay> for ReconciledDayBody {
    fn from(day: &ReconciledDay) -> ReconciledDayBody {
        let services = day.services.iter().map(|(service, compared)| ReconciledServiceBody {
            service: service.to_string(),
            compared: compared.into(),
        });
        ReconciledDayBody {
            day: Day(day.day),
            currency: day.total.bill.currency().to_string(),
            total: (&day.total).into(),
            settled: day.settled,
            services: services.collect(),
        }
    }
}

/// The days in one currency, or in all.
pub(crate) fn bodies(days: &[ReconciledDay], currency: Option<Currency>) -> Vec<ReconciledDayBody> {
    let is_wanted =
        |day: &&ReconciledDay| currency.is_none_or(|it| it == day.total.bill.currency());
    days.iter().filter(is_wanted).map(ReconciledDayBody::from).collect()
}
