//! Which cost is meant, and a line's amounts by each of them.

use crate::currency::Currency;
use crate::money::{self, Money, MoneyError};

/// Which of a line's costs is meant; a bare "cost" is ambiguous.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CostKind {
    /// The charged cost of the line.
    Unblended,
    /// The charged cost after the payer's private discounts.
    NetUnblended,
    /// The amortized cost: prepaid commitments spread over the usage that they cover.
    Amortized,
    /// The amortized cost after the payer's private discounts.
    NetAmortized,
    /// The cost at public on-demand prices.
    List,
}

impl CostKind {
    /// All of them.
    pub const ALL: [CostKind; 5] = [
        CostKind::Unblended,
        CostKind::NetUnblended,
        CostKind::Amortized,
        CostKind::NetAmortized,
        CostKind::List,
    ];

    /// The words of all of them, for messages.
    pub const WORDS: &str = "`unblended`, `net_unblended`, `amortized`, `net_amortized` or `list`";

    /// The word in files, answers and options.
    pub fn as_str(self) -> &'static str {
        match self {
            CostKind::Unblended => "unblended",
            CostKind::NetUnblended => "net_unblended",
            CostKind::Amortized => "amortized",
            CostKind::NetAmortized => "net_amortized",
            CostKind::List => "list",
        }
    }

    /// The cost that a line was charged at: the only one known of lines that are only totalled, and of
    /// a source without this cost kind.
    pub fn as_charged(self) -> CostKind {
        match self {
            CostKind::Unblended | CostKind::Amortized | CostKind::List => CostKind::Unblended,
            CostKind::NetUnblended | CostKind::NetAmortized => CostKind::NetUnblended,
        }
    }

    /// Whether it is the cost that lines were charged at. The others are known of AI lines alone.
    pub fn is_charged(self) -> bool {
        self == self.as_charged()
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<CostKind> {
        CostKind::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A value for each cost kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ByCostKind<T> {
    /// Of [`CostKind::Unblended`].
    pub unblended: T,
    /// Of [`CostKind::NetUnblended`].
    pub net_unblended: T,
    /// Of [`CostKind::Amortized`].
    pub amortized: T,
    /// Of [`CostKind::NetAmortized`].
    pub net_amortized: T,
    /// Of [`CostKind::List`].
    pub list: T,
}

impl<T> ByCostKind<T> {
    /// The value of a cost kind.
    pub fn of(&self, kind: CostKind) -> &T {
        match kind {
            CostKind::Unblended => &self.unblended,
            CostKind::NetUnblended => &self.net_unblended,
            CostKind::Amortized => &self.amortized,
            CostKind::NetAmortized => &self.net_amortized,
            CostKind::List => &self.list,
        }
    }

    /// Makes a value for each cost kind; the first error ends it.
    ///
    /// # Errors
    ///
    /// Those of `make`.
    pub fn try_of<E>(mut make: impl FnMut(CostKind) -> Result<T, E>) -> Result<Self, E> {
        Ok(ByCostKind {
            unblended: make(CostKind::Unblended)?,
            net_unblended: make(CostKind::NetUnblended)?,
            amortized: make(CostKind::Amortized)?,
            net_amortized: make(CostKind::NetAmortized)?,
            list: make(CostKind::List)?,
        })
    }
}

/// The costs of a line or a sum, by cost kind and in one currency.
///
/// - **Shape:** whole femto-units (10⁻¹⁵ of a main unit), one amount for each cost kind, and which of
///   them the bill stated.
/// - **Range:** each amount as [`Money`].
/// - **Invariant:** an amount that is not stated is the one that stands in for it: the unblended cost
///   for net and list, the charged one for amortized. So sums add kind by kind, in any order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Costs {
    currency: Currency,
    amounts: ByCostKind<i128>,
    is_net_stated: bool,
    is_list_stated: bool,
}

impl Costs {
    /// Takes the amounts of a line. `net_unblended` is `None` where the bill has no such column or
    /// the cell is empty: the payer has no discount on the line.
    ///
    /// # Errors
    ///
    /// [`MoneyError::CurrencyMismatch`].
    pub fn new(unblended: Money, net_unblended: Option<Money>) -> Result<Costs, MoneyError> {
        let currency = unblended.currency();
        let net = net_unblended.unwrap_or(unblended).in_currency(currency)?;
        let unblended = unblended.femto_units();
        Ok(Costs::charged(currency, unblended, net_unblended.map(|_| net)))
    }

    /// Amounts that were charged, in femto-units.
    fn charged(currency: Currency, unblended: i128, net_unblended: Option<i128>) -> Costs {
        let net = net_unblended.unwrap_or(unblended);
        Costs {
            currency,
            amounts: ByCostKind {
                unblended,
                net_unblended: net,
                amortized: unblended,
                net_amortized: net,
                list: unblended,
            },
            is_net_stated: net_unblended.is_some(),
            is_list_stated: false,
        }
    }

    /// Amounts that were charged, in femto-units that may be out of range.
    pub(crate) fn from_femto_units(
        currency: Currency,
        unblended: i128,
        net_unblended: Option<i128>,
        list: Option<i128>,
    ) -> Result<Costs, MoneyError> {
        let mut costs = Costs::charged(currency, unblended, net_unblended);
        costs.amounts.list = list.unwrap_or(unblended);
        costs.is_list_stated = list.is_some();
        costs.checked()
    }

    /// Zero, in a currency.
    pub fn zero(currency: Currency) -> Costs {
        Costs::charged(currency, 0, None)
    }

    /// The same with amortized amounts; `None` means the amount that was charged.
    ///
    /// # Errors
    ///
    /// [`MoneyError::CurrencyMismatch`].
    pub fn amortized_to(
        mut self,
        amortized: Option<Money>,
        net_amortized: Option<Money>,
    ) -> Result<Costs, MoneyError> {
        let amount = |money: Option<Money>, charged: i128| {
            money.map_or(Ok(charged), |it| it.in_currency(self.currency))
        };
        let amortized = amount(amortized, self.amounts.unblended)?;
        self.amounts.net_amortized = amount(net_amortized, self.amounts.net_unblended)?;
        self.amounts.amortized = amortized;
        Ok(self)
    }

    /// The same with a list cost; `None` where the bill states none, and the unblended cost counts.
    ///
    /// # Errors
    ///
    /// [`MoneyError::CurrencyMismatch`].
    pub fn with_list(mut self, list: Option<Money>) -> Result<Costs, MoneyError> {
        self.amounts.list = match list {
            Some(list) => list.in_currency(self.currency)?,
            None => self.amounts.unblended,
        };
        self.is_list_stated = list.is_some();
        Ok(self)
    }

    /// The currency of all amounts.
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// The amount of a cost kind. Without a net amount the net cost is the unblended one: a bill
    /// states none where no discount applies.
    pub fn of(&self, kind: CostKind) -> Money {
        Money::within_range(*self.amounts.of(kind), self.currency)
    }

    /// The amount of a cost kind, if any line stated it; an amortized one, if it is not the amount
    /// that was charged.
    pub fn stated(&self, kind: CostKind) -> Option<Money> {
        let is_stated = match kind {
            CostKind::Unblended => true,
            CostKind::NetUnblended => self.is_net_stated,
            CostKind::List => self.is_list_stated,
            CostKind::Amortized | CostKind::NetAmortized => {
                self.amounts.of(kind) != self.amounts.of(kind.as_charged())
            }
        };
        is_stated.then(|| self.of(kind))
    }

    /// The amounts in femto-units, by cost kind.
    pub(crate) fn amounts(&self) -> &ByCostKind<i128> {
        &self.amounts
    }

    /// The part that amortizing adds to the charged amounts.
    pub fn amortization(&self) -> Amortization {
        Amortization {
            unblended: self.amounts.amortized - self.amounts.unblended,
            net_unblended: self.amounts.net_amortized - self.amounts.net_unblended,
        }
    }

    /// The same with what amortizing adds, in place of what it added before.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub fn amortized_by(mut self, added: Amortization) -> Result<Costs, MoneyError> {
        self.amounts.amortized = sum(self.amounts.unblended, added.unblended)?;
        self.amounts.net_amortized = sum(self.amounts.net_unblended, added.net_unblended)?;
        self.checked()
    }

    /// The opposite amounts.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub fn checked_neg(&self) -> Result<Costs, MoneyError> {
        let neg = |kind| self.amounts.of(kind).checked_neg().ok_or(MoneyError::OutOfRange);
        Costs { amounts: ByCostKind::try_of(neg)?, ..*self }.checked()
    }

    /// Adds kind by kind, without rounding.
    ///
    /// # Errors
    ///
    /// As [`Money::checked_add`].
    pub fn checked_add(&self, other: &Costs) -> Result<Costs, MoneyError> {
        if self.currency != other.currency {
            let (left, right) = (self.currency, other.currency);
            return Err(MoneyError::CurrencyMismatch { left, right });
        }
        let add = |kind| sum(*self.amounts.of(kind), *other.amounts.of(kind));
        let both = Costs {
            currency: self.currency,
            amounts: ByCostKind::try_of(add)?,
            is_net_stated: self.is_net_stated || other.is_net_stated,
            is_list_stated: self.is_list_stated || other.is_list_stated,
        };
        both.checked()
    }

    fn checked(self) -> Result<Costs, MoneyError> {
        let is_in_range = |kind| money::is_in_range(*self.amounts.of(kind));
        match CostKind::ALL.into_iter().all(is_in_range) {
            true => Ok(self),
            false => Err(MoneyError::OutOfRange),
        }
    }
}

fn sum(left: i128, right: i128) -> Result<i128, MoneyError> {
    left.checked_add(right).ok_or(MoneyError::OutOfRange)
}

/// The part that amortizing adds to the charged cost of lines, in femto-units (10⁻¹⁵ of a main unit).
///
/// - **Shape:** zero for nearly all lines, so sums keep it beside them.
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
        Ok(Amortization {
            unblended: sum(self.unblended, other.unblended)?,
            net_unblended: sum(self.net_unblended, other.net_unblended)?,
        })
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
        assert_eq!(amounts, ["101", "100.5", "4", "3", "101"].map(usd));
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
