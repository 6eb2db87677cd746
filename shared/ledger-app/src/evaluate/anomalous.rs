//! Anomalies as alerts.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::ToSpan as _;
use ledger_core::anomaly::{Anomaly, Sensitivity, UNSETTLED_DAYS};
use ledger_core::budget::{Addressed, Alert, AlertId};

use super::{EvaluateError, Watch};
use crate::alert_document;
use crate::anomalies::{Asked, anomalies};
use crate::ports::{DocumentStore, LedgerStore, StoredAlert};
use crate::settled::data_up_to;
use crate::view::View;

/// Settled days on which an anomaly is worth an alert: older ones are in the list alone.
const ALERT_DAYS: i64 = 7;

/// Anomalies of the last settled days that are not expected; none unless contacts ask for them. The view begins
/// with [`ledger_core::budget::first_month`], so there is a year before them.
pub(super) async fn found_anomalies<L>(
    view: &View<L>,
    watch: Watch<'_>,
) -> Result<Vec<Anomaly>, EvaluateError>
where
    L: LedgerStore + DocumentStore + Clone + 'static,
{
    let (Some(min_amount), Some((end, _))) = (watch.contacts.anomalies_from, data_up_to(view))
    else {
        return Ok(Vec::new());
    };
    let since = end.saturating_sub((UNSETTLED_DAYS + ALERT_DAYS).days());
    let asked = Asked { since: Some(since), sensitivity: Sensitivity { min_amount } };
    let found = anomalies(view, asked).await.map_err(EvaluateError::Anomalies)?;
    let all = found.all.into_iter();
    Ok(all.filter(|(_, expected)| expected.is_none()).map(|(it, _)| it).collect())
}

/// Alerts of those that no alert has said. One that goes on is not said again.
pub(super) fn anomaly_alerts(
    watch: Watch<'_>,
    anomalies: &[Anomaly],
    kept: &[StoredAlert],
) -> Vec<Alert> {
    let said: BTreeSet<&str> = kept.iter().filter_map(|it| anomaly_of(&it.alert.id)).collect();
    let new = anomalies.iter().filter(|it| !said.contains(it.id.as_str()));
    new.map(|it| {
        let receivers = receivers_of(watch, it);
        let to = Addressed { receivers: &receivers, page: watch.page };
        alert_document::of_anomaly(it.alert(to), it, watch.page)
    })
    .collect()
}

fn anomaly_of(id: &AlertId) -> Option<&str> {
    match id {
        AlertId::Anomaly { id, .. } => Some(id),
        AlertId::Crossing(_) | AlertId::Digest { .. } => None,
    }
}

/// Its owner, or the fallback where that is not known.
fn receivers_of(watch: Watch<'_>, anomaly: &Anomaly) -> Vec<Arc<str>> {
    match anomaly.owner() {
        Some(owner) => watch.contacts.receivers(owner, None),
        None => watch.contacts.fallback.iter().cloned().collect(),
    }
}
