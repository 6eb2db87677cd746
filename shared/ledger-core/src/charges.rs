//! The charges of a month, in the detail that statements and journals need.

use std::sync::Arc;

use crate::access::Owners;
use crate::bill::Status;
use crate::business::BusinessField;
use crate::cost::CostKind;
use crate::grouping::Grouping;
use crate::meter::Meter;
use crate::money::{Money, MoneyError};
use crate::money_sum::MoneySum;
use crate::organisation::PostingField;
use crate::owner::Owner;
use crate::period::BillingPeriod;
use crate::question::{LedgerDay, Question, QuestionError, Wanted};
use crate::rollup::Row;
use crate::word::Word;

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
    /// Tokens, where the meter counts them.
    pub tokens: Option<u128>,
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
    /// The product, where rules set one.
    pub product: Option<Arc<str>>,
    /// The environment, where rules set one.
    pub environment: Option<Arc<str>>,
    /// The cloud or vendor that bills.
    pub provider: Arc<str>,
    /// The service, by the name under which its money appears.
    pub service: Arc<str>,
    /// The model, where the bill names one.
    pub model: Option<Arc<str>>,
    /// The meter.
    pub meter: Word<Meter>,
    /// The provider's own word for the type of the line.
    pub line_type: Arc<str>,
    /// The month of the bill, where it is not the month of usage: a late charge, or a credit for a month
    /// before.
    pub bill_period: Option<BillingPeriod>,
    /// The month of usage that was closed before the cost changed, of an adjustment.
    pub adjusts: Option<BillingPeriod>,
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
#[derive(Debug)]
pub struct ChargeBuilder {
    period: BillingPeriod,
    owners: Owners,
    cost_kind: CostKind,
    /// How sure the least sure day of the month is, of any owner: a month with a day that is
    /// not billed is not billed.
    status: Status,
    sums: Grouping<ChargeSum>,
}

#[derive(Debug)]
struct ChargeSum {
    key: ChargeKey,
    exact: MoneySum,
    tokens: Option<u128>,
    line_count: u64,
}

/// Columns of the grouping: the currency, and the fields of [`ChargeKey`] but the last.
const COLUMN_COUNT: usize = 12;

impl ChargeBuilder {
    /// Starts without charges, for these owners.
    pub fn new(period: BillingPeriod, owners: Owners, cost_kind: CostKind) -> ChargeBuilder {
        let sums = Grouping::new(COLUMN_COUNT);
        ChargeBuilder { period, owners, cost_kind, status: Status::Final, sums }
    }

    /// The charges.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub fn finish(self) -> Result<Charges, MoneyError> {
        let ChargeBuilder { period, cost_kind, status, sums, owners: _ } = self;
        let charge = |(_, ChargeSum { key, exact, tokens, line_count }): (_, ChargeSum)| {
            Ok(Charge { key, exact: exact.total()?, tokens, line_count })
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
        counts.then(|| Wanted::summary(self.owners.clone()))
    }

    fn add(&mut self, row: Row<'_>, day: &LedgerDay<'_>) -> Result<(), QuestionError> {
        let (key, measures) = (row.summary(), row.measures());
        let charge = &key.charge;
        let payer = day.head.bill.payer.as_ref();
        let [cost_centre, product, environment] =
            [BusinessField::CostCentre, BusinessField::Product, BusinessField::Environment]
                .map(|field| field.of(&key.business));
        let bill_period = Some(day.head.bill.period).filter(|it| *it != self.period);
        let provider = charge.provider.as_str();
        let new = || ChargeSum {
            key: ChargeKey {
                payer: payer.cloned(),
                owner: key.owner.clone(),
                cost_centre: cost_centre.cloned(),
                product: product.cloned(),
                environment: environment.cloned(),
                provider: provider.into(),
                service: Arc::clone(&charge.service),
                model: charge.model.clone(),
                meter: charge.meter.clone(),
                line_type: Arc::clone(&charge.line_type),
                bill_period,
                adjusts: None,
            },
            exact: MoneySum::zero(charge.currency),
            tokens: None,
            line_count: 0,
        };
        let sum = self.sums.row().value(Some(charge.currency.as_str()));
        let sum = [payer, cost_centre, product, environment, charge.model.as_ref()]
            .into_iter()
            .fold(sum, |sum, it| sum.value(it.map(|it| &**it)));
        let sum = sum.value(Some(key.owner.as_str())).value(Some(provider));
        let sum = sum.value(Some(&charge.service)).value(Some(charge.meter.as_str()));
        let sum = sum.value(Some(&charge.line_type));
        let sum = sum.value(bill_period.map(|it| it.to_string()).as_deref());
        sum.update(new, |sum| {
            sum.exact.add(measures.costs.of(self.cost_kind))?;
            if let Some(more) = measures.tokens {
                sum.tokens = Some(sum.tokens.unwrap_or(0).saturating_add(more.into()));
            }
            sum.line_count = sum.line_count.saturating_add(measures.line_count);
            Ok(())
        })
    }
}
