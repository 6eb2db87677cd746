//! Which cost is meant, and a line's amounts by each of them.

use crate::currency::Currency;
use crate::money::{Money, MoneyError};

/// Which of a line's costs is meant; a bare "cost" is ambiguous.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CostKind {
    /// What the line was charged at: `line_item_unblended_cost`, `UnblendedCost`.
    Unblended,
    /// The same after the payer's private discounts: `line_item_net_unblended_cost`,
    /// `NetUnblendedCost`.
    NetUnblended,
}

impl CostKind {
    /// All of them.
    pub const ALL: [CostKind; 2] = [CostKind::Unblended, CostKind::NetUnblended];

    /// The word in files, answers and options.
    pub fn as_str(self) -> &'static str {
        match self {
            CostKind::Unblended => "unblended",
            CostKind::NetUnblended => "net_unblended",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<CostKind> {
        CostKind::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Amounts of one thing by every cost kind its bill carries.
///
/// - **Invariant:** all in one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Costs {
    unblended: Money,
    net_unblended: Option<Money>,
}

impl Costs {
    /// Takes the amounts of a line. `net_unblended` is `None` where the bill has no such column or
    /// the cell is empty: the payer has no discount on the line.
    ///
    /// # Errors
    ///
    /// [`MoneyError::CurrencyMismatch`].
    pub fn new(unblended: Money, net_unblended: Option<Money>) -> Result<Costs, MoneyError> {
        if let Some(net) = net_unblended {
            unblended.checked_add(Money::zero(net.currency()))?;
        }
        Ok(Costs { unblended, net_unblended })
    }

    /// Nothing, in a currency.
    pub fn zero(currency: Currency) -> Costs {
        Costs { unblended: Money::zero(currency), net_unblended: None }
    }

    /// The currency of all amounts.
    pub fn currency(&self) -> Currency {
        self.unblended.currency()
    }

    /// The amount of a cost kind. Without a net amount the net cost is the unblended one: AWS
    /// leaves the column out or empty where no discount applies.
    pub fn of(&self, kind: CostKind) -> Money {
        match kind {
            CostKind::Unblended => self.unblended,
            CostKind::NetUnblended => self.net_unblended.unwrap_or(self.unblended),
        }
    }

    /// The amount of a cost kind, if any line named it.
    pub fn stated(&self, kind: CostKind) -> Option<Money> {
        match kind {
            CostKind::Unblended => Some(self.unblended),
            CostKind::NetUnblended => self.net_unblended,
        }
    }

    /// Adds kind by kind, without rounding.
    ///
    /// # Errors
    ///
    /// As [`Money::checked_add`].
    pub fn checked_add(&self, other: &Costs) -> Result<Costs, MoneyError> {
        let net_unblended = match (self.net_unblended, other.net_unblended) {
            (None, None) => None,
            _ => {
                let kind = CostKind::NetUnblended;
                Some(self.of(kind).checked_add(other.of(kind))?)
            }
        };
        Ok(Costs { unblended: self.unblended.checked_add(other.unblended)?, net_unblended })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd(text: &str) -> Money {
        Money::parse(text, Currency::USD).unwrap().money
    }

    #[test]
    fn a_line_without_a_net_cost_counts_with_its_unblended_cost() {
        let with = Costs::new(usd("10"), Some(usd("9"))).unwrap();
        let without = Costs::new(usd("1"), None).unwrap();
        for sum in [with.checked_add(&without).unwrap(), without.checked_add(&with).unwrap()] {
            assert_eq!(sum.of(CostKind::Unblended), usd("11"));
            assert_eq!(sum.of(CostKind::NetUnblended), usd("10"));
        }
    }

    #[test]
    fn a_net_cost_nobody_stated_is_not_stated_by_the_sum() {
        let one = Costs::new(usd("1"), None).unwrap();
        assert_eq!(one.checked_add(&one).unwrap().stated(CostKind::NetUnblended), None);
    }

    #[test]
    fn cost_kinds_print_as_they_are_read() {
        for kind in CostKind::ALL {
            assert_eq!(CostKind::parse(kind.as_str()), Some(kind));
        }
    }
}
