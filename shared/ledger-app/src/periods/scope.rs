//! The bills that an entity pays.

use std::collections::BTreeSet;

use jiff::civil::Date;
use ledger_core::audit::Hash;
use ledger_core::bill::BillHead;
use ledger_core::organisation::{Code, Organisation};
use ledger_core::period::BillingPeriod;
use ledger_core::question::{LedgerDay, Question, QuestionError, Wanted, ledger_days};
use ledger_core::rollup::Row;

/// The bills of an entity that pays.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope<'a> {
    pub(super) organisation: &'a Organisation,
    pub(super) entity: &'a Code,
}

impl<'a> Scope<'a> {
    /// Whether the entity pays the bills of an account.
    pub(super) fn pays(self, payer: Option<&str>) -> bool {
        self.organisation.entity_paying(payer).is_some_and(|it| it.code == *self.entity)
    }

    /// The heads of its bills.
    pub(super) fn heads(self, heads: &[BillHead]) -> Vec<BillHead> {
        heads.iter().filter(|it| self.pays(it.bill.payer.as_deref())).cloned().collect()
    }

    /// A question about its bills alone.
    pub(super) fn of<Q>(self, question: Q) -> OfEntity<'a, Q> {
        OfEntity { question, organisation: self.organisation, entity: self.entity }
    }

    /// The days of its bills that count in a month, as one hash: another state of any of them is another hash.
    pub(super) fn days(self, heads: &[BillHead], month: BillingPeriod) -> Hash {
        let mut days = BTreeSet::new();
        for day in ledger_days(heads) {
            let is_meant = day.is_served && BillingPeriod::containing(day.day) == month;
            if is_meant && self.pays(day.head.bill.payer.as_deref()) {
                let bill = &day.head.bill;
                days.insert(format!("{} {bill} {}", day.day, day.state.generation.content_hash));
            }
        }
        Hash::of(&Vec::from_iter(days).join("\n"))
    }

    /// The months in which one of its bills has a day that counts.
    pub(super) fn months(self, heads: &[BillHead]) -> BTreeSet<BillingPeriod> {
        let days = ledger_days(heads).into_iter().filter(|it| it.is_served);
        let days = days.filter(|it| self.pays(it.head.bill.payer.as_deref()));
        days.map(|it| it.day).map(|it: Date| BillingPeriod::containing(it)).collect()
    }
}

/// A question about the bills of one entity.
#[derive(Debug)]
pub(super) struct OfEntity<'a, Q> {
    pub(super) question: Q,
    organisation: &'a Organisation,
    entity: &'a Code,
}

impl<Q: Question> Question for OfEntity<'_, Q> {
    fn wants(&mut self, day: &LedgerDay<'_>) -> Option<Wanted> {
        let scope = Scope { organisation: self.organisation, entity: self.entity };
        scope.pays(day.head.bill.payer.as_deref()).then(|| self.question.wants(day)).flatten()
    }

    fn add(&mut self, row: Row<'_>, day: &LedgerDay<'_>) -> Result<(), QuestionError> {
        self.question.add(row, day)
    }
}
