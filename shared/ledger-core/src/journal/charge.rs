//! The charges of a month, as the accounts and cost centres of a journal need them.

use std::sync::Arc;

use crate::access::Owners;
use crate::bill::Status;
use crate::business::BusinessField;
use crate::cost::CostKind;
use crate::currency::Currency;
use crate::grouping::Grouping;
use crate::money::{Money, MoneyError};
use crate::money_sum::MoneySum;
use crate::organisation::PostingField;
use crate::owner::Owner;
use crate::period::BillingPeriod;
use crate::question::{LedgerDay, Question, QuestionError, Wanted};
use crate::rollup::Row;

/// All charges of a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charges {
    /// The month of usage.
    pub period: BillingPeriod,
    /// The cost that counts.
    pub cost_kind: CostKind,
    /// How sure the least sure day of the month is.
    pub status: Status,
    /// The charges. Their order means nothing.
    pub charges: Vec<Charge>,
}

/// The sum of equal charges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// The charges that it sums.
    pub key: ChargeKey,
    /// The sum, unrounded.
    pub exact: Money,
    /// The number of lines of the bill in it.
    pub line_count: u64,
}

/// The key of a charge.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ChargeKey {
    /// The account that pays the bill, where the source names it.
    pub payer: Option<Arc<str>>,
    /// Who pays.
    pub owner: Owner,
    /// The cost centre, where rules set one.
    pub cost_centre: Option<Arc<str>>,
    /// The environment, where rules set one.
    pub environment: Option<Arc<str>>,
    /// The cloud or vendor that bills.
    pub provider: Arc<str>,
    /// The service, by the name under which its money appears.
    pub service: Arc<str>,
    /// The model, where the bill names one.
    pub model: Option<Arc<str>>,
    /// The provider's own word for the type of the line.
    pub line_type: Arc<str>,
}

impl ChargeKey {
    /// The value of a field that decides on the account.
    pub fn value_of(&self, field: PostingField) -> Option<&str> {
        match field {
            PostingField::Provider => Some(&self.provider),
            PostingField::Service => Some(&self.service),
            PostingField::Model => self.model.as_deref(),
            PostingField::Environment => self.environment.as_deref(),
            PostingField::LineType => Some(&self.line_type),
        }
    }
}

/// Sums rows into charges as they come.
///
/// - **Invariant:** it counts the days and rows that [`StatementBuilder`](crate::statement::StatementBuilder)
///   counts for all owners.
#[derive(Debug)]
pub struct ChargeBuilder {
    period: BillingPeriod,
    cost_kind: CostKind,
    status: Status,
    sums: Grouping<ChargeSum>,
}

#[derive(Debug)]
struct ChargeSum {
    key: ChargeKey,
    exact: MoneySum,
    line_count: u64,
}

/// Columns of the grouping: the currency, and the fields of [`ChargeKey`].
const COLUMN_COUNT: usize = 9;

impl ChargeBuilder {
    /// Starts without charges.
    pub fn new(period: BillingPeriod, cost_kind: CostKind) -> ChargeBuilder {
        let sums = Grouping::new(COLUMN_COUNT);
        ChargeBuilder { period, cost_kind, status: Status::Final, sums }
    }

    /// The charges.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub fn finish(self) -> Result<Charges, MoneyError> {
        let ChargeBuilder { period, cost_kind, status, sums } = self;
        let charge = |(_, ChargeSum { key, exact, line_count }): (_, ChargeSum)| {
            Ok(Charge { key, exact: exact.total()?, line_count })
        };
        let charges = sums.into_groups().map(charge).collect::<Result<_, MoneyError>>()?;
        Ok(Charges { period, cost_kind, status, charges })
    }
}

impl Question for ChargeBuilder {
    fn wants(&mut self, day: &LedgerDay<'_>) -> Option<Wanted> {
        let counts = day.is_served && BillingPeriod::containing(day.day) == self.period;
        if counts {
            self.status = self.status.min(day.status());
        }
        counts.then(|| Wanted::summary(Owners::All))
    }

    fn add(&mut self, row: Row<'_>, day: &LedgerDay<'_>) -> Result<(), QuestionError> {
        let (key, measures) = (row.summary(), row.measures());
        let charge = &key.charge;
        let currency: Currency = charge.currency;
        let payer = day.head.bill.payer.as_ref();
        let [cost_centre, environment] = [BusinessField::CostCentre, BusinessField::Environment]
            .map(|field| field.of(&key.business));
        let provider = charge.provider.as_str();
        let new = || ChargeSum {
            key: ChargeKey {
                payer: payer.cloned(),
                owner: key.owner.clone(),
                cost_centre: cost_centre.cloned(),
                environment: environment.cloned(),
                provider: provider.into(),
                service: Arc::clone(&charge.service),
                model: charge.model.clone(),
                line_type: Arc::clone(&charge.line_type),
            },
            exact: MoneySum::zero(currency),
            line_count: 0,
        };
        let text = |it: Option<&Arc<str>>| it.cloned();
        let [payer_text, cost_centre_text, environment_text] =
            [payer, cost_centre, environment].map(text);
        let sum = self.sums.row().value(Some(currency.as_str())).value(payer_text.as_deref());
        let sum = sum.value(Some(key.owner.as_str())).value(cost_centre_text.as_deref());
        let sum = sum.value(environment_text.as_deref()).value(Some(provider));
        let sum = sum.value(Some(&charge.service)).value(charge.model.as_deref());
        sum.value(Some(&charge.line_type)).update(new, |sum| {
            sum.exact.add(measures.costs.of(self.cost_kind))?;
            sum.line_count = sum.line_count.saturating_add(measures.line_count);
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::statement::StatementBuilder;
    use crate::testing::*;

    proptest! {
        /// Owners are charged what their statements list, and nothing else.
        #[test]
        fn charges_are_those_of_statements(lines in any_line_items(), rules in any_rules()) {
            let rollups = rollups_of(&ledger_of(&lines, &rules).0, false);
            for cost_kind in CostKind::ALL {
                let period = BillingPeriod::parse("2026-10").unwrap();
                let mut charges = ChargeBuilder::new(period, cost_kind);
                let mut statements = StatementBuilder::new(period, Owners::All, cost_kind);
                ask(&mut charges, &rollups);
                ask(&mut statements, &rollups);
                let mut found: BTreeMap<(Owner, Currency), (Money, u64)> = BTreeMap::new();
                for it in charges.finish().unwrap().charges {
                    let zero = (Money::zero(it.exact.currency()), 0);
                    let sum = found.entry((it.key.owner, it.exact.currency())).or_insert(zero);
                    *sum = (sum.0.checked_add(it.exact).unwrap(), sum.1 + it.line_count);
                }
                let statements = statements.finish().unwrap().into_iter().map(|it| {
                    let line_count: u64 = it.lines.iter().map(|it| it.line_count).sum();
                    ((it.owner, it.currency), (it.exact_total, line_count))
                });
                prop_assert_eq!(found, statements.collect());
            }
        }
    }
}
