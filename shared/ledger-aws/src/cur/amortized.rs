//! What a line costs where what was paid ahead is spread over what uses it.
//!
//! By the type of the line, as AWS's own queries of the bill have it (the CUR query library):
//!
//! | Line type | Amortized cost |
//! | --- | --- |
//! | `SavingsPlanCoveredUsage` | its share of the commitment |
//! | `SavingsPlanRecurringFee` | the commitment that nothing has used |
//! | `SavingsPlanUpfrontFee`, `SavingsPlanNegation` | nothing |
//! | `DiscountedUsage` | its share of the reservation |
//! | `RIFee` | the part of the reservation that nothing has used |
//! | `Fee` of a reservation, which was paid ahead | nothing |
//! | any other | what it was charged at |

use ledger_core::cost::Costs;
use ledger_core::currency::Currency;
use ledger_core::money::{Money, MoneyError};
use rust_decimal::Decimal;

use super::columns::Column;
use super::line::{Problem, RawLine};

/// What is spread, and where the bill says how.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spread {
    /// Each with its net column. The first counts; of two the second is added or taken off.
    parts: &'static [(Column, Column)],
    sign: Sign,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    /// It costs nothing.
    Nothing,
    /// It costs nothing if it names a reservation.
    NothingIfReserved,
    /// It costs what its parts come to.
    Added,
    /// It costs the first part without the second, in which nobody counts discounts.
    Unused,
}

/// What amortizing makes of a line.
#[derive(Debug)]
pub(super) enum Amortized {
    /// Its costs, and what rounding added to them.
    Costs(Costs, Decimal),
    /// The bill does not say: the columns that the file lacks, or that are empty where
    /// `is_column_there`.
    Unknown { columns: Vec<Column>, is_column_there: bool },
}

/// How much was committed to for the month, and how much of it is to be paid.
const COMMITMENTS: [(Column, Column); 2] = [
    (Column::SavingsPlanRecurringCommitment, Column::SavingsPlanNetRecurringCommitment),
    (Column::SavingsPlanUpfrontCommitment, Column::SavingsPlanNetUpfrontCommitment),
];

impl Spread {
    /// What is spread on lines of a type; `None` where nothing is.
    pub(super) fn of(line_type: &str) -> Option<Spread> {
        use Column as C;
        let (parts, sign): (&[(C, C)], Sign) = match line_type {
            "SavingsPlanCoveredUsage" => {
                (&[(C::SavingsPlanEffectiveCost, C::SavingsPlanNetEffectiveCost)], Sign::Added)
            }
            "SavingsPlanRecurringFee" => (
                &[
                    (C::SavingsPlanTotalCommitment, C::SavingsPlanTotalCommitment),
                    (C::SavingsPlanUsedCommitment, C::SavingsPlanUsedCommitment),
                ],
                Sign::Unused,
            ),
            "SavingsPlanUpfrontFee" | "SavingsPlanNegation" => (&[], Sign::Nothing),
            "DiscountedUsage" => {
                (&[(C::ReservationEffectiveCost, C::ReservationNetEffectiveCost)], Sign::Added)
            }
            "RIFee" => (
                &[
                    (C::ReservationUnusedUpfrontFee, C::ReservationNetUnusedUpfrontFee),
                    (C::ReservationUnusedRecurringFee, C::ReservationNetUnusedRecurringFee),
                ],
                Sign::Added,
            ),
            "Fee" => (&[(C::ReservationArn, C::ReservationArn)], Sign::NothingIfReserved),
            _ => return None,
        };
        Some(Spread { parts, sign })
    }

    /// The columns that a file lacks to amortize such lines.
    pub(super) fn absent(self, has: impl Fn(Column) -> bool) -> Vec<Column> {
        self.parts.iter().map(|it| it.0).filter(|it| !has(*it)).collect()
    }

    /// Amortizes what a line was charged at.
    pub(super) fn apply(self, raw: &RawLine<'_>, charged: Costs) -> Result<Amortized, Problem> {
        let needed = || self.parts.iter().map(|it| it.0);
        let absent = self.absent(|it| raw.has(it));
        if !absent.is_empty() {
            return Ok(Amortized::Unknown { columns: absent, is_column_there: false });
        }
        let zero = Money::zero(charged.currency());
        let is_nothing = match self.sign {
            Sign::Nothing => true,
            Sign::NothingIfReserved => needed().any(|it| raw.text(it).is_some()),
            Sign::Added | Sign::Unused => false,
        };
        if is_nothing {
            return whole(charged, zero, zero, Decimal::ZERO);
        }
        if self.sign == Sign::NothingIfReserved {
            return Ok(Amortized::Costs(charged, Decimal::ZERO));
        }
        // Of a part that is empty beside another nothing is left; without any nobody knows.
        let told = match self.sign {
            Sign::Unused => needed().next().and_then(|it| raw.text(it)),
            _ => needed().find_map(|it| raw.text(it)),
        };
        if told.is_none() {
            let columns = needed().collect();
            return Ok(Amortized::Unknown { columns, is_column_there: true });
        }
        let mut sums = Sums { raw, currency: charged.currency(), rounded: Decimal::ZERO };
        let (mut amortized, mut net) = (zero, zero);
        for (at, (column, net_column)) in self.parts.iter().enumerate() {
            let part = sums.read(*column)?.unwrap_or(zero);
            // Without a net amount there is no discount.
            let net_part = match net_column == column {
                true => part,
                false => sums.read(*net_column)?.unwrap_or(part),
            };
            let is_taken_off = self.sign == Sign::Unused && at > 0;
            let signed = |it: Money| if is_taken_off { it.negated() } else { it };
            let add = |sum: Money, part: Money| sum.checked_add(signed(part));
            amortized = add(amortized, part).map_err(|it| (*column, it.to_string()))?;
            net = add(net, net_part).map_err(|it| (*net_column, it.to_string()))?;
        }
        if self.sign == Sign::Unused {
            net = sums.discounted(amortized)?;
        }
        whole(charged, amortized, net, sums.rounded)
    }
}

fn whole(
    charged: Costs,
    amortized: Money,
    net: Money,
    rounded: Decimal,
) -> Result<Amortized, Problem> {
    let costs = charged.amortized_to(Some(amortized), Some(net));
    let costs = costs.map_err(|error| (Column::Unblended, error.to_string()))?;
    Ok(Amortized::Costs(costs, rounded))
}

/// Amounts of a line, and what rounding added to them.
struct Sums<'a> {
    raw: &'a RawLine<'a>,
    currency: Currency,
    rounded: Decimal,
}

impl Sums<'_> {
    fn read(&mut self, column: Column) -> Result<Option<Money>, Problem> {
        let Some(text) = self.raw.text(column) else { return Ok(None) };
        self.parse(column, text).map(Some)
    }

    fn parse(&mut self, column: Column, text: &str) -> Result<Money, Problem> {
        let read = Money::parse(text, self.currency);
        let read = read.map_err(|error| (column, error.to_string()))?;
        self.rounded = self.rounded.checked_add(read.difference).unwrap_or_default();
        Ok(read.money)
    }

    /// An unused commitment after discounts: in the proportion in which all of the commitment is
    /// discounted, whichever way it is paid.
    fn discounted(&mut self, unused: Money) -> Result<Money, Problem> {
        for (column, net_column) in COMMITMENTS {
            let Some(all) = self.read(column)?.filter(|it| !it.is_zero()) else { continue };
            let Some(net) = self.read(net_column)? else { continue };
            let part = unused.amount().checked_mul(net.amount());
            let part = part.and_then(|it| it.checked_div(all.amount()));
            let part = part.ok_or_else(|| (net_column, MoneyError::OutOfRange.to_string()))?;
            return self.parse(net_column, &part.to_string());
        }
        Ok(unused)
    }
}
