//! Facts: the charges of a bill in detail, before they have owners.

use std::sync::Arc;

use crate::arena::Map;
use crate::bill_text::BillTexts;
use crate::caller::Caller;
use crate::category::ChargeCategory;
use crate::currency::Currency;
use crate::line_item::{LineItem, Tags};
use crate::meter::Meter;
use crate::source::Provider;
use crate::usage::UsageAxes;
use crate::word::Word;

/// The part of a fact's key that summaries keep: few values, asked for often.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChargeKey {
    /// The cloud or vendor that bills.
    pub provider: Provider,
    /// The service, by the name under which its money appears.
    pub service: Arc<str>,
    /// The maker of the model.
    pub publisher: Option<Arc<str>>,
    /// The model.
    pub model: Option<Arc<str>>,
    /// The meter.
    pub meter: Word<Meter>,
    /// The category of the charge, where the type of the line is a known one.
    pub category: Option<Word<ChargeCategory>>,
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
    pub account: Option<Arc<str>>,
    /// The texts that are kept as they are.
    pub texts: BillTexts,
    /// The caller as the bill names it, with a generated session name replaced by `*`.
    pub caller: Option<Arc<str>>,
    /// The usage type and its axes.
    pub axes: Arc<UsageAxes>,
    /// The line's tags.
    pub tags: Arc<Tags>,
}

/// The key of a fact, which is the sum of all charges of one day of one bill with this key.
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
    pub fn of(line_item: LineItem) -> FactKey {
        let LineItem { bill, service, model, usage, category, line_type, unit, costs, .. } =
            line_item;
        let LineItem { account, texts, caller, tags, .. } = line_item;
        FactKey {
            charge: ChargeKey {
                provider: bill.source.provider,
                service,
                publisher: model.publisher,
                model: model.name,
                meter: Word::Known(usage.meter),
                category: category.map(Word::Known),
                line_type,
                unit,
                currency: costs.currency(),
            },
            detail: DetailKey {
                account,
                texts,
                caller: caller.map(|it| Arc::clone(it.key())),
                axes: usage.axes,
                tags,
            },
        }
    }

    /// The caller, where the bill names one.
    pub fn caller(&self) -> Option<Caller> {
        self.detail.caller.as_deref().map(Caller::parse)
    }

    /// The fact as rules see it, with its [caller](FactKey::caller).
    pub fn with_caller<'a>(&'a self, caller: Option<&'a Caller>) -> FactRef<'a> {
        FactRef { charge: &self.charge, detail: &self.detail, caller }
    }
}

/// A fact as rules see it: its key in two halves, and the parsed caller.
#[derive(Clone, Copy, Debug)]
pub struct FactRef<'a> {
    /// The part that summaries keep.
    pub charge: &'a ChargeKey,
    /// The rest.
    pub detail: &'a DetailKey,
    /// The caller, where the bill names one. A folded session is named `*`.
    pub caller: Option<&'a Caller>,
}

/// Callers by their text, each parsed once.
#[derive(Debug, Default)]
pub(crate) struct Callers(Map<Arc<str>, Caller>);

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
                    self.0.insert(Arc::clone(text), Caller::parse(text));
                }
                self.0.get(text)
            }
        };
        FactRef { charge, detail, caller }
    }
}
