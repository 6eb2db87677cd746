//! Facts: what a bill says in detail, before anyone owns it.

use std::sync::Arc;

use crate::arena::Map;
use crate::aws::principal::Principal;
use crate::currency::Currency;
use crate::line_item::{LineItem, Tags};
use crate::meter::Meter;

/// The part of a fact's key that summaries keep: few values, asked for often.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChargeKey {
    /// The service, by the name under which its money appears.
    pub service: Arc<str>,
    /// The maker of the model.
    pub publisher: Option<Arc<str>>,
    /// The model.
    pub model: Option<Arc<str>>,
    /// The thing that was counted.
    pub meter: Meter,
    /// The provider's own word for the kind of line: `Usage`, `Tax`, `Credit` …
    pub line_type: Arc<str>,
    /// The pricing unit of the quantity.
    pub unit: Option<Arc<str>>,
    /// The currency of the sum.
    pub currency: Currency,
}

/// The part of a fact's key that summaries leave out: many values, needed by few questions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DetailKey {
    /// The account that was charged.
    pub account: Arc<str>,
    /// The region.
    pub region: Option<Arc<str>>,
    /// The caller as the bill names it, with a generated session name replaced by `*`.
    pub caller: Option<Arc<str>>,
    /// The raw usage type.
    pub usage_type: Arc<str>,
    /// The line's tags.
    pub tags: Arc<Tags>,
    /// The invoice; `None` until the month is invoiced.
    pub invoice_id: Option<Arc<str>>,
}

/// What charges of one day of one bill must share to be one fact.
///
/// A fact has no owner: [rules](crate::rules) claim it, and the result is a
/// [position](crate::position).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FactKey {
    /// The part that summaries keep.
    pub charge: ChargeKey,
    /// The rest.
    pub detail: DetailKey,
}

impl FactKey {
    /// The fact that a charge is part of.
    pub fn of(line_item: &LineItem) -> FactKey {
        FactKey {
            charge: ChargeKey {
                service: Arc::clone(&line_item.service),
                publisher: line_item.publisher.clone(),
                model: line_item.model.clone(),
                meter: line_item.usage_type.meter_within_bedrock(),
                line_type: Arc::clone(&line_item.line_type),
                unit: line_item.unit.clone(),
                currency: line_item.costs.currency(),
            },
            detail: DetailKey {
                account: Arc::clone(&line_item.account),
                region: line_item.region.clone(),
                caller: line_item.principal.as_deref().map(|it| Arc::clone(it.folded())),
                usage_type: line_item.usage_type.shared_raw(),
                tags: Arc::clone(&line_item.tags),
                invoice_id: line_item.invoice_id.clone(),
            },
        }
    }

    /// The caller, where it is one that can be read.
    pub fn caller(&self) -> Option<Principal> {
        Principal::parse_folded(self.detail.caller.as_deref()?).ok()
    }

    /// The fact as rules see it, with its [caller](FactKey::caller).
    pub fn with_caller<'a>(&'a self, caller: Option<&'a Principal>) -> FactRef<'a> {
        FactRef { charge: &self.charge, detail: &self.detail, caller }
    }
}

/// A fact as rules see it: its key in two halves, and the caller taken apart.
#[derive(Clone, Copy, Debug)]
pub struct FactRef<'a> {
    /// The part that summaries keep.
    pub charge: &'a ChargeKey,
    /// The rest.
    pub detail: &'a DetailKey,
    /// The caller, where it is one that can be read. A folded session is named `*`.
    pub caller: Option<&'a Principal>,
}

/// Callers by their text, each taken apart once.
#[derive(Debug, Default)]
pub(crate) struct Callers(Map<Arc<str>, Option<Principal>>);

impl Callers {
    /// A fact as rules see it.
    pub(crate) fn fact<'a>(
        &'a mut self,
        charge: &'a ChargeKey,
        detail: &'a DetailKey,
    ) -> FactRef<'a> {
        let caller = match &detail.caller {
            None => None,
            Some(text) => {
                if !self.0.contains_key(text) {
                    self.0.insert(Arc::clone(text), Principal::parse_folded(text).ok());
                }
                self.0.get(text).and_then(Option::as_ref)
            }
        };
        FactRef { charge, detail, caller }
    }
}
