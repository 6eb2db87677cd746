//! Legal entities, cost centres and accounts.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::code::Code;
use super::validity::Validity;
use crate::currency::Currency;
use crate::money::{Money, MoneyError, parse_decimal};

/// A legal entity: a company with books of its own.
///
/// Accounts are needed by what is posted: one that pays for no bill needs no recovery account, and one
/// alone needs no intercompany accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entity {
    /// The code, such as SAP's company code.
    pub code: Code,
    /// The name.
    pub name: Arc<str>,
    /// The currency of its books, where it is known.
    pub home_currency: Option<Currency>,
    /// The account that is credited when consumers are charged.
    pub recovery_account: Option<Code>,
    /// The cost centre that is credited.
    pub recovery_cost_centre: Option<Code>,
    /// The account for costs that are expected and not billed.
    pub accrual_account: Option<Code>,
    /// The account of claims on other entities.
    pub receivable_account: Option<Code>,
    /// The account of debts to other entities.
    pub payable_account: Option<Code>,
    /// The cost centre of lines on these two accounts, for systems that need one on each line.
    pub intercompany_cost_centre: Option<Code>,
    /// The account of differences by rounding.
    pub rounding_account: Option<Code>,
    /// The time zone of its calendar.
    pub time_zone: Option<Arc<str>>,
    /// Days that are no business days, beside weekends.
    pub holidays: BTreeSet<Date>,
    /// Added to what other entities are charged.
    pub mark_up: Option<MarkUp>,
    /// The tax code of lines between it and other entities.
    pub tax_code: Option<Code>,
    /// The id of its ledger in Oracle; without it the ledger is named by `name`.
    pub ledger_id: Option<Code>,
}

impl Entity {
    /// An entity of which only code and name are known.
    #[must_use]
    pub fn named(code: Code, name: Arc<str>) -> Entity {
        Entity {
            code,
            name,
            home_currency: None,
            recovery_account: None,
            recovery_cost_centre: None,
            accrual_account: None,
            receivable_account: None,
            payable_account: None,
            intercompany_cost_centre: None,
            rounding_account: None,
            time_zone: None,
            holidays: BTreeSet::new(),
            mark_up: None,
            tax_code: None,
            ledger_id: None,
        }
    }
}

/// A cost centre.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostCentre {
    /// The code.
    pub code: Code,
    /// The name.
    pub name: Arc<str>,
    /// The entity that it is part of.
    pub entity: Code,
    /// The owners that it pays for.
    pub owners: BTreeSet<Arc<str>>,
    /// Other names that rules write for it.
    pub aliases: BTreeSet<Arc<str>>,
    /// The days on which it can be posted to.
    pub validity: Validity,
}

/// An account of the general ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The code.
    pub code: Code,
    /// The name.
    pub name: Arc<str>,
    /// The entity whose chart has it; `None` where all have it.
    pub entity: Option<Code>,
    /// The days on which it can be posted to.
    pub validity: Validity,
}

/// Fraction digits of a mark-up.
const PERCENT_DIGITS: u32 = 6;

/// A mark-up, in percent.
///
/// - **Range:** above 0 and up to 100, with at most 6 fraction digits: of an amount in minor units it is
///   an exact amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MarkUp {
    /// Millionths of a percent.
    millionths: i64,
}

impl MarkUp {
    /// Reads a percentage, such as `5` or `6.5`; `None` for zero, which is none.
    ///
    /// # Errors
    ///
    /// [`MarkUpError`].
    pub fn parse(text: &str) -> Result<Option<MarkUp>, MarkUpError> {
        let wrong = || MarkUpError(text.chars().take(40).collect());
        let percent = parse_decimal(text).map_err(|_| wrong())?;
        let is_good = !percent.is_sign_negative()
            && percent <= Decimal::ONE_HUNDRED
            && percent.scale() <= PERCENT_DIGITS;
        if !is_good && !percent.is_zero() {
            return Err(wrong());
        }
        let mut scaled = percent;
        scaled.rescale(PERCENT_DIGITS);
        let millionths = i64::try_from(scaled.mantissa()).map_err(|_| wrong())?;
        Ok(Some(MarkUp { millionths }).filter(|it| it.millionths != 0))
    }

    /// The mark-up on an amount in minor units, which is exact: 4 digits of minor units, 2 of percent and
    /// 6 of the mark-up are fewer than the 15 that money keeps.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub fn of(self, amount: Money) -> Result<Money, MoneyError> {
        // 10²⁸ femto-units times 10⁸ stay below the limit of an `i128`.
        let product = amount.femto_units().checked_mul(self.millionths.into());
        let femto_units = product.ok_or(MoneyError::OutOfRange)? / 100_000_000;
        Money::from_femto_units(femto_units, amount.currency())
    }
}

impl fmt::Display for MarkUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", Decimal::new(self.millionths, PERCENT_DIGITS).normalize())
    }
}

/// A text that is no mark-up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a mark-up; expected 0 to 100 percent with at most 6 fraction digits")]
pub struct MarkUpError(String);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::usd;

    #[test]
    fn a_mark_up_is_exact() {
        for (text, amount, expected) in [
            ("5", "1234.56", "61.728"),
            ("6.5", "-0.01", "-0.00065"),
            ("0.000001", "0.01", "0.0000000001"),
            ("100", "9999999999999", "9999999999999"),
        ] {
            let mark_up = MarkUp::parse(text).unwrap().unwrap();
            assert_eq!(mark_up.of(usd(amount)).unwrap(), usd(expected), "{text} of {amount}");
        }
        assert_eq!(MarkUp::parse("0.0"), Ok(None));
        assert_eq!(MarkUp::parse("5.50").unwrap().unwrap().to_string(), "5.5 %");
    }

    #[test]
    fn other_texts_are_no_mark_up() {
        for text in ["", "5%", "-1", "100.1", "0.0000001", "1,5"] {
            let message = format!(
                "`{text}` is not a mark-up; expected 0 to 100 percent with at most 6 fraction digits"
            );
            assert_eq!(MarkUp::parse(text).unwrap_err().to_string(), message);
        }
    }
}
