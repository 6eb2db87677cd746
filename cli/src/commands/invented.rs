//! The invented figures of the sample organisation, kept apart from bills that somebody pays.

use std::sync::Arc;

use jiff::civil::Date;
use ledger_app::ports::{BillSource, LedgerStore as _};
use ledger_aws::dynamodb::DynamoLedger;
use ledger_core::period::BillingPeriod;
use ledger_core::source::SourceKind;
use ledger_local::sample::EXPORT_NAME;

/// The kinds of bills that a ledger holds.
#[derive(Clone, Copy, Debug)]
pub struct Kinds {
    /// Bills of the sample organisation.
    pub has_sample: bool,
    /// Bills of others.
    pub has_own: bool,
}

impl Kinds {
    /// The kinds in a ledger.
    pub async fn of(ledger: &DynamoLedger) -> anyhow::Result<Kinds> {
        let mut kinds = Kinds { has_sample: false, has_own: false };
        for head in ledger.heads(BillingPeriod::containing(Date::MIN)).await? {
            if head.bill.source.kind == SourceKind::Bill && !head.days.is_empty() {
                let is_sample = head.export.as_ref().is_some_and(|it| &*it.name == EXPORT_NAME);
                kinds.has_sample |= is_sample;
                kinds.has_own |= !is_sample;
            }
        }
        Ok(kinds)
    }
}

/// Refuses an import after which invented and real figures would be summed.
pub async fn refuse_mixing(
    source: &Arc<impl BillSource>,
    ledger: &DynamoLedger,
) -> anyhow::Result<()> {
    let Kinds { has_sample, has_own } = Kinds::of(ledger).await?;
    if !has_sample && !has_own {
        return Ok(());
    }
    let source = Arc::clone(source);
    let deliveries = tokio::task::spawn_blocking(move || source.deliveries()).await?;
    // A source that cannot be listed is refused by the import itself, with its reason.
    for delivery in deliveries.into_iter().flatten() {
        let is_sample = delivery.export.as_ref().is_some_and(|it| &*it.name == EXPORT_NAME);
        if has_sample && !is_sample {
            anyhow::bail!(
                "the ledger holds the invented figures of the sample organisation, and `{}` would be \
                 added to them; keep bills in a ledger of their own: `--data FOLDER`, or remove the \
                 data folder of the sample",
                delivery.name
            );
        }
        if has_own && is_sample {
            anyhow::bail!(
                "the ledger holds bills, and `{}` would add the invented figures of the sample \
                 organisation to them; try it in a ledger of its own: `--data FOLDER`",
                delivery.name
            );
        }
    }
    Ok(())
}
