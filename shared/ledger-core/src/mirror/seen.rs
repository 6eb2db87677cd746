//! Values of charges in the ledger that decide whether a copy counts the same.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::access::Owners;
use crate::budget::Budget;
use crate::currency::Currency;
use crate::dimension::Dimension;
use crate::filter::Filter;
use crate::level::Level;
use crate::question::{LedgerDay, Question, QuestionError, Wanted};
use crate::rollup::Row;
use crate::source::{Provider, SourceKind};

/// Values of the AI charges of all days that answers count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The level of the rows that it reads.
    pub level: Level,
    /// The services.
    pub services: BTreeSet<String>,
    /// Keys of tags that have a value. Kept only where a budget asks for tags.
    pub tag_keys: BTreeSet<Arc<str>>,
    /// The currencies.
    pub currencies: BTreeSet<Currency>,
    /// Who bills.
    pub providers: BTreeSet<Provider>,
    /// The accounts that pay.
    pub payers: BTreeSet<Arc<str>>,
}

impl Seen {
    /// Nothing yet. Days are read in detail only where the scope of a budget has a tag.
    pub fn new(budgets: &[Budget]) -> Seen {
        let level = if budgets.iter().any(|it| has_tag(&it.scope)) {
            Level::Detail
        } else {
            Level::Summary
        };
        Seen {
            level,
            services: BTreeSet::new(),
            tag_keys: BTreeSet::new(),
            currencies: BTreeSet::new(),
            providers: BTreeSet::new(),
            payers: BTreeSet::new(),
        }
    }
}

fn has_tag(scope: &Filter) -> bool {
    let is_tag = |it: &Dimension| matches!(it, Dimension::Tag(_));
    scope.exact.0.keys().any(is_tag) || scope.all.iter().any(has_tag)
}

impl Question for Seen {
    fn wants(&mut self, day: &LedgerDay<'_>) -> Option<Wanted> {
        let wanted = Wanted { level: self.level, owners: Owners::All };
        day.is_served.then_some(wanted)
    }

    fn add(&mut self, row: Row<'_>, day: &LedgerDay<'_>) -> Result<(), QuestionError> {
        let charge = &row.summary().charge;
        if !self.services.contains(&*charge.service) {
            self.services.insert(charge.service.to_string());
        }
        self.currencies.insert(charge.currency);
        self.providers.insert(charge.provider.clone());
        // The quick look of an account shows that account's costs, as its budgets do.
        let payer = match (&day.head.bill.payer, &day.source().kind) {
            (None, SourceKind::QuickLook) => None,
            (None, _) => Some(day.head.bill.payer_shown().into()),
            (Some(payer), _) => Some(Arc::clone(payer)),
        };
        self.payers.extend(payer);
        for (key, _) in row.position().into_iter().flat_map(|it| it.detail.tags.iter()) {
            if !self.tag_keys.contains(key) {
                self.tag_keys.insert(Arc::clone(key));
            }
        }
        Ok(())
    }
}
