//! Reasons against posting charges, each with the money that it concerns.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::civil::Date;

use crate::currency::Currency;
use crate::money::{Money, MoneyError};
use crate::money_sum::MoneySum;
use crate::organisation::{Code, Validity};
use crate::period::BillingPeriod;

/// A reason against posting charges.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Obstacle {
    /// No rule gives the charges an owner.
    Unattributed,
    /// The owner has no cost centre on the posting date.
    OwnerWithoutCostCentre(Arc<str>),
    /// Rules or the request name a cost centre that the organisation has not.
    UnknownCostCentre(Arc<str>),
    /// The cost centre is not valid on the posting date.
    CostCentreNotValid(Code, Validity),
    /// No entity pays for the bills of this account.
    NoPayingEntity(Arc<str>),
    /// No posting has an account for these charges.
    NoAccount {
        /// The service.
        service: Arc<str>,
        /// The type of the line.
        line_type: Arc<str>,
        /// The entity that is charged.
        entity: Code,
    },
    /// The account is not valid on the posting date.
    AccountNotValid(Code, Validity),
    /// The entity lacks an account or cost centre that the charges need.
    EntityLacks(Code, &'static str),
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Obstacle::Unattributed => f.write_str(
                "no rule gives it an owner; expected a rule, or a cost centre in --unattributed-to",
            ),
            Obstacle::OwnerWithoutCostCentre(owner) => write!(
                f,
                "owner `{owner}` has no cost centre on the posting date; expected one that names it in \
                 `owners`, or a cost centre in --unattributed-to"
            ),
            Obstacle::UnknownCostCentre(text) => write!(
                f,
                "cost centre `{text}` is not in the organisation; expected its code, or one of the \
                 `aliases`, of a [[cost_centre]]"
            ),
            Obstacle::CostCentreNotValid(code, validity) => {
                write!(
                    f,
                    "cost centre `{code}` is valid {validity}; expected the posting date in it"
                )
            }
            Obstacle::NoPayingEntity(payer) => write!(
                f,
                "no entity pays for the bills of account `{payer}`; expected it in [payers], or a \
                 `paying_entity` for all others"
            ),
            Obstacle::NoAccount { service, line_type, entity } => write!(
                f,
                "no posting has an account of entity `{entity}` for `{line_type}` of `{service}`; \
                 expected a [[posting]] that matches"
            ),
            Obstacle::AccountNotValid(code, validity) => {
                write!(f, "account `{code}` is valid {validity}; expected the posting date in it")
            }
            Obstacle::EntityLacks(entity, key) => {
                write!(f, "entity `{entity}` has no `{key}`; expected one for these charges")
            }
        }
    }
}

/// Obstacles, each with the sums of its charges by currency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Obstacles(BTreeMap<Obstacle, BTreeMap<Currency, MoneySum>>);

impl Obstacles {
    pub(super) fn add(&mut self, obstacle: Obstacle, money: Money) -> Result<(), MoneyError> {
        let currency = money.currency();
        let sums = self.0.entry(obstacle).or_default();
        sums.entry(currency).or_insert_with(|| MoneySum::zero(currency)).add(money)
    }

    /// The refusal, where there are any.
    pub(super) fn refusal(
        self,
        period: BillingPeriod,
        posting_date: Date,
    ) -> Result<Option<Refusal>, MoneyError> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let mut obstacles = Vec::new();
        for (obstacle, sums) in self.0 {
            let sums = sums.into_values().map(MoneySum::total).collect::<Result<_, _>>()?;
            obstacles.push((obstacle, sums));
        }
        Ok(Some(Refusal { period, posting_date, obstacles }))
    }
}

/// All that is against a journal: nothing of the month is posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The month.
    pub period: BillingPeriod,
    /// The posting date.
    pub posting_date: Date,
    /// The obstacles, each with the money of its charges, one amount a currency.
    pub obstacles: Vec<(Obstacle, Vec<Money>)>,
}

impl Refusal {
    /// One line for each obstacle.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.obstacles.iter().map(|(obstacle, sums)| {
            let sums: Vec<String> = sums.iter().map(ToString::to_string).collect();
            format!("{}: {obstacle}", sums.join(" and "))
        })
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.lines().collect();
        let (period, date) = (self.period, self.posting_date);
        write!(f, "{period} cannot be posted on {date}: {}", lines.join("; "))
    }
}

impl std::error::Error for Refusal {}
