//! The bills that an entity pays.

use std::collections::BTreeSet;

use ledger_core::audit::Hash;
use ledger_core::bill::BillHead;
use ledger_core::organisation::{Code, Organisation};
use ledger_core::period::BillingPeriod;
use ledger_core::question::{LedgerDay, Question, QuestionError, Wanted, ledger_days};
use ledger_core::rollup::Row;

use super::book::Book;

/// The bills of an entity that pays.
///
/// - **Invariant:** the charges of a month that was closed stay with the entity that closed it, whatever entity pays
///   the bills of that account by now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope<'a> {
    pub(super) organisation: &'a Organisation,
    pub(super) book: &'a Book,
    pub(super) entity: &'a Code,
}

impl<'a> Scope<'a> {
    /// Whether the entity pays the charges of an account in a month.
    pub(super) fn pays(self, payer: Option<&str>, month: BillingPeriod) -> bool {
        let closed_by = self.book.closed_by(payer, month);
        let pays_now = || self.organisation.entity_paying(payer).map(|it| &it.code);
        closed_by.or_else(pays_now) == Some(self.entity)
    }

    /// The heads of the bills that it pays in a month.
    pub(super) fn heads(self, heads: &[BillHead], month: BillingPeriod) -> Vec<BillHead> {
        heads.iter().filter(|it| self.pays(it.bill.payer.as_deref(), month)).cloned().collect()
    }

    /// A question about its bills alone.
    pub(super) fn of<Q>(self, question: Q) -> OfEntity<'a, Q> {
        OfEntity { question, scope: self }
    }

    fn counts(self, day: &LedgerDay<'_>) -> bool {
        let month = BillingPeriod::containing(day.day);
        day.is_served && self.pays(day.head.bill.payer.as_deref(), month)
    }

    /// The days of its bills that count in a month, as one hash: another state of any of them is another hash.
    pub(super) fn days(self, heads: &[BillHead], month: BillingPeriod) -> Hash {
        let mut days = BTreeSet::new();
        for day in ledger_days(heads) {
            if BillingPeriod::containing(day.day) == month && self.counts(&day) {
                let bill = &day.head.bill;
                days.insert(format!("{} {bill} {}", day.day, day.state.generation.content_hash));
            }
        }
        Hash::of(&Vec::from_iter(days).join("\n"))
    }

    /// The months in which one of its bills has a day that counts.
    pub(super) fn months(self, heads: &[BillHead]) -> BTreeSet<BillingPeriod> {
        let days = ledger_days(heads).into_iter().filter(|it| self.counts(it));
        days.map(|it| BillingPeriod::containing(it.day)).collect()
    }
}

/// A question about the bills of one entity.
#[derive(Debug)]
pub(super) struct OfEntity<'a, Q> {
    pub(super) question: Q,
    scope: Scope<'a>,
}

impl<Q: Question> Question for OfEntity<'_, Q> {
    fn wants(&mut self, day: &LedgerDay<'_>) -> Option<Wanted> {
        let month = BillingPeriod::containing(day.day);
        let pays = self.scope.pays(day.head.bill.payer.as_deref(), month);
        pays.then(|| self.question.wants(day)).flatten()
    }

    fn add(&mut self, row: Row<'_>, day: &LedgerDay<'_>) -> Result<(), QuestionError> {
        self.question.add(row, day)
    }
}
