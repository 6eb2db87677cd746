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
    /// With what was paid ahead for Savings Plans and reservations spread over what uses it:
    /// `AmortizedCost`.
    Amortized,
    /// The same after the payer's private discounts: `NetAmortizedCost`.
    NetAmortized,
}

impl CostKind {
    /// All of them.
    pub const ALL: [CostKind; 4] =
        [CostKind::Unblended, CostKind::NetUnblended, CostKind::Amortized, CostKind::NetAmortized];

    /// The words of all of them, for messages.
    pub const WORDS: &str = "`unblended`, `net_unblended`, `amortized` or `net_amortized`";

    /// The word in files, answers and options.
    pub fn as_str(self) -> &'static str {
        match self {
            CostKind::Unblended => "unblended",
            CostKind::NetUnblended => "net_unblended",
            CostKind::Amortized => "amortized",
            CostKind::NetAmortized => "net_amortized",
        }
    }

    /// The cost kind before anything is spread: what is told of lines that are only totalled.
    pub fn as_charged(self) -> CostKind {
        match self {
            CostKind::Unblended | CostKind::Amortized => CostKind::Unblended,
            CostKind::NetUnblended | CostKind::NetAmortized => CostKind::NetUnblended,
        }
    }

    /// Whether it spreads what was paid ahead.
    pub fn is_amortized(self) -> bool {
        self != self.as_charged()
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<CostKind> {
        CostKind::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Amounts of one thing by every cost kind its bill carries.
///
/// - **Invariant:** all in one currency. An amortized amount is kept only where it is not the one
///   that was charged, so that equal amounts are equal costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Costs {
    unblended: Money,
    net_unblended: Option<Money>,
    amortized: Option<Money>,
    net_amortized: Option<Money>,
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
        Ok(Costs { unblended, net_unblended, amortized: None, net_amortized: None })
    }

    /// Nothing, in a currency.
    pub fn zero(currency: Currency) -> Costs {
        let unblended = Money::zero(currency);
        Costs { unblended, net_unblended: None, amortized: None, net_amortized: None }
    }

    /// The same with amortized amounts; `None` stands for the amount that was charged.
    ///
    /// # Errors
    ///
    /// [`MoneyError::CurrencyMismatch`].
    pub fn amortized_to(
        self,
        amortized: Option<Money>,
        net_amortized: Option<Money>,
    ) -> Result<Costs, MoneyError> {
        for money in amortized.iter().chain(&net_amortized) {
            self.unblended.checked_add(Money::zero(money.currency()))?;
        }
        let (charged, net_charged) = (self.unblended, self.of(CostKind::NetUnblended));
        let amortized = amortized.filter(|it| *it != charged);
        let net_amortized = net_amortized.filter(|it| *it != net_charged);
        Ok(Costs { amortized, net_amortized, ..self })
    }

    /// The currency of all amounts.
    pub fn currency(&self) -> Currency {
        self.unblended.currency()
    }

    /// The amount of a cost kind. Without a net amount the net cost is the unblended one: AWS
    /// leaves the column out or empty where no discount applies.
    pub fn of(&self, kind: CostKind) -> Money {
        let net_unblended = self.net_unblended.unwrap_or(self.unblended);
        match kind {
            CostKind::Unblended => self.unblended,
            CostKind::NetUnblended => net_unblended,
            CostKind::Amortized => self.amortized.unwrap_or(self.unblended),
            CostKind::NetAmortized => self.net_amortized.unwrap_or(net_unblended),
        }
    }

    /// The amount of a cost kind, if any line named it; an amortized one, if it is not the amount
    /// that was charged.
    pub fn stated(&self, kind: CostKind) -> Option<Money> {
        match kind {
            CostKind::Unblended => Some(self.unblended),
            CostKind::NetUnblended => self.net_unblended,
            CostKind::Amortized => self.amortized,
            CostKind::NetAmortized => self.net_amortized,
        }
    }

    /// What amortizing adds to what was charged.
    pub fn amortization(&self) -> Amortization {
        let added = |kind: CostKind| match self.stated(kind) {
            Some(amortized) => amortized.femto_units() - self.of(kind.as_charged()).femto_units(),
            None => 0,
        };
        Amortization {
            unblended: added(CostKind::Amortized),
            net_unblended: added(CostKind::NetAmortized),
        }
    }

    /// The same with what amortizing adds.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub fn amortized_by(self, added: Amortization) -> Result<Costs, MoneyError> {
        if added.is_zero() {
            return Ok(Costs { amortized: None, net_amortized: None, ..self });
        }
        let amortized = |kind: CostKind, added: i128| {
            let sum = self.of(kind).femto_units().checked_add(added);
            Money::from_femto_units(sum.ok_or(MoneyError::OutOfRange)?, self.currency())
        };
        let net_amortized = amortized(CostKind::NetUnblended, added.net_unblended)?;
        let amortized = amortized(CostKind::Unblended, added.unblended)?;
        self.amortized_to(Some(amortized), Some(net_amortized))
    }

    /// Adds kind by kind, without rounding.
    ///
    /// # Errors
    ///
    /// As [`Money::checked_add`].
    pub fn checked_add(&self, other: &Costs) -> Result<Costs, MoneyError> {
        let is_stated =
            |kind: CostKind| self.stated(kind).is_some() || other.stated(kind).is_some();
        let sum = |kind: CostKind| {
            is_stated(kind).then(|| self.of(kind).checked_add(other.of(kind))).transpose()
        };
        let unblended = self.unblended.checked_add(other.unblended)?;
        let charged = Costs::new(unblended, sum(CostKind::NetUnblended)?)?;
        charged.amortized_to(sum(CostKind::Amortized)?, sum(CostKind::NetAmortized)?)
    }
}

/// What amortizing adds to what lines were charged at, in femto-units (10⁻¹⁵ of a main unit).
///
/// - **Shape:** nothing for nearly all lines, so that sums keep it beside them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amortization {
    unblended: i128,
    net_unblended: i128,
}

impl Amortization {
    /// Whether it adds nothing.
    pub fn is_zero(&self) -> bool {
        *self == Amortization::default()
    }

    /// Adds without rounding.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub fn checked_add(&self, other: &Amortization) -> Result<Amortization, MoneyError> {
        let unblended = self.unblended.checked_add(other.unblended);
        let net_unblended = self.net_unblended.checked_add(other.net_unblended);
        let sum = unblended.zip(net_unblended).ok_or(MoneyError::OutOfRange)?;
        Ok(Amortization { unblended: sum.0, net_unblended: sum.1 })
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
    fn an_amortized_cost_that_is_the_one_charged_is_not_kept() {
        let charged = Costs::new(usd("10"), Some(usd("9"))).unwrap();
        let same = charged.amortized_to(Some(usd("10")), Some(usd("9.0"))).unwrap();
        assert_eq!(same, charged);
        assert_eq!(same.of(CostKind::NetAmortized), usd("9"));
    }

    #[test]
    fn a_line_that_is_not_amortized_counts_with_what_it_was_charged_at() {
        let fee = Costs::new(usd("100"), None).unwrap();
        let fee = fee.amortized_to(Some(usd("0")), Some(usd("0"))).unwrap();
        let covered = Costs::new(usd("0"), None).unwrap();
        let covered = covered.amortized_to(Some(usd("3")), Some(usd("2.5"))).unwrap();
        let plain = Costs::new(usd("1"), Some(usd("0.5"))).unwrap();
        let sum = fee.checked_add(&covered).unwrap().checked_add(&plain).unwrap();
        let amounts = CostKind::ALL.map(|kind| sum.of(kind));
        assert_eq!(amounts, ["101", "100.5", "4", "3"].map(usd));
        assert_eq!(sum.stated(CostKind::Amortized), Some(usd("4")));
        let charged = Costs::new(usd("101"), Some(usd("100.5"))).unwrap();
        assert_eq!(charged.amortized_by(sum.amortization()).unwrap(), sum);
    }

    #[test]
    fn what_amortizing_adds_can_come_to_nothing() {
        let of = |amortized| {
            let charged = Costs::new(usd("1"), None).unwrap();
            charged.amortized_to(Some(usd(amortized)), Some(usd(amortized))).unwrap()
        };
        let sum = of("0").checked_add(&of("2")).unwrap();
        assert_eq!(sum, Costs::new(usd("2"), None).unwrap());
        assert!(sum.amortization().is_zero());
    }

    #[test]
    fn amortized_costs_beyond_the_range_of_money_are_an_error() {
        let large = Costs::new(usd("9999999999999"), None).unwrap();
        let added = Costs::zero(Currency::USD).amortized_to(Some(usd("1")), None).unwrap();
        let outcome = large.amortized_by(added.amortization());
        assert_eq!(outcome, Err(MoneyError::OutOfRange));
    }

    #[test]
    fn cost_kinds_print_as_they_are_read() {
        for kind in CostKind::ALL {
            assert_eq!(CostKind::parse(kind.as_str()), Some(kind));
            assert!(CostKind::WORDS.contains(&format!("`{}`", kind.as_str())));
        }
    }
}
