//! Amortized cost of a line: prepaid commitments spread over the usage they cover.
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

use std::collections::BTreeMap;

use ledger_core::cost::Costs;
use ledger_core::finding::{Finding, FindingCode};
use ledger_core::money::{Money, MoneyError};
use rust_decimal::Decimal;

use crate::cur::meaning::columns::Column;
use crate::cur::meaning::faults::{self, Fault};
use crate::cur::meaning::row::RawLine;

/// The rule that lines of a type are amortized by, and the columns that state the amounts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Spread {
    /// They cost nothing.
    Nothing,
    /// They cost nothing where they name a reservation.
    NothingIfReserved,
    /// They cost the sum of these; each is beside its amount after discounts.
    Parts(&'static [(Column, Column)]),
    /// They cost what is left of a commitment.
    Commitment,
}

/// The outcome of amortizing a line.
#[derive(Debug)]
pub(crate) enum Amortized {
    /// Its costs, and what rounding added to them.
    Costs(Costs, Decimal),
    /// The bill does not say: the columns that the file lacks, or that are empty where
    /// `is_column_there`.
    Unknown { columns: Vec<Column>, is_column_there: bool },
}

/// The commitment of the month, and its part that is to be paid.
const COMMITMENTS: [(Column, Column); 2] = [
    (Column::SavingsPlanRecurringCommitment, Column::SavingsPlanNetRecurringCommitment),
    (Column::SavingsPlanUpfrontCommitment, Column::SavingsPlanNetUpfrontCommitment),
];

impl Spread {
    /// The rule for lines of a type; `None` for types that cost what they were charged at.
    pub(crate) fn of(line_type: &str) -> Option<Spread> {
        Some(match line_type {
            "SavingsPlanCoveredUsage" => Spread::Parts(&[(
                Column::SavingsPlanEffectiveCost,
                Column::SavingsPlanNetEffectiveCost,
            )]),
            "SavingsPlanRecurringFee" => Spread::Commitment,
            "SavingsPlanUpfrontFee" | "SavingsPlanNegation" => Spread::Nothing,
            "DiscountedUsage" => Spread::Parts(&[(
                Column::ReservationEffectiveCost,
                Column::ReservationNetEffectiveCost,
            )]),
            "RIFee" => Spread::Parts(&[
                (Column::ReservationUnusedUpfrontFee, Column::ReservationNetUnusedUpfrontFee),
                (Column::ReservationUnusedRecurringFee, Column::ReservationNetUnusedRecurringFee),
            ]),
            "Fee" => Spread::NothingIfReserved,
            _ => return None,
        })
    }

    /// The columns without which such a line cannot be amortized.
    fn needed(self) -> Vec<Column> {
        match self {
            Spread::Nothing => Vec::new(),
            Spread::NothingIfReserved => vec![Column::ReservationArn],
            Spread::Parts(parts) => parts.iter().map(|it| it.0).collect(),
            Spread::Commitment => {
                vec![Column::SavingsPlanTotalCommitment, Column::SavingsPlanUsedCommitment]
            }
        }
    }

    /// Those of them that a file lacks.
    pub(crate) fn absent(self, has: impl Fn(Column) -> bool) -> Vec<Column> {
        let mut columns = self.needed();
        columns.retain(|it| !has(*it));
        columns
    }

    /// Amortizes what a line was charged at.
    pub(crate) fn apply(
        self,
        raw: &RawLine<'_>,
        charged: Costs,
    ) -> Result<Amortized, (Column, Fault)> {
        let columns = self.absent(|it| raw.has(it));
        if !columns.is_empty() {
            return Ok(Amortized::Unknown { columns, is_column_there: false });
        }
        let zero = Money::zero(charged.currency());
        let mut cells = AmountCells { raw, zero, rounded: Decimal::ZERO };
        let amounts = match self {
            Spread::NothingIfReserved if raw.text(Column::ReservationArn).is_none() => {
                return Ok(Amortized::Costs(charged, Decimal::ZERO));
            }
            Spread::Nothing | Spread::NothingIfReserved => Some((zero, zero)),
            Spread::Parts(parts) => cells.sum_of(parts)?,
            Spread::Commitment => cells.unused_commitment()?,
        };
        let Some((amortized, net)) = amounts else {
            return Ok(Amortized::Unknown { columns: self.needed(), is_column_there: true });
        };
        let costs = charged.amortized_to(Some(amortized), Some(net));
        let costs = costs.map_err(|error| (Column::Unblended, faults::of_amount(&error)))?;
        Ok(Amortized::Costs(costs, cells.rounded))
    }
}

/// Lines that could not be amortized: their number by type and by [`Untold`].
#[derive(Debug, Default)]
pub(crate) struct Unamortized(BTreeMap<(Box<str>, Untold), u64>);

/// Columns that are needed to amortize a line but missing or empty, and whether the file has them.
type Untold = (Vec<&'static str>, bool);

impl Unamortized {
    /// Counts lines that cannot be amortized because these columns are missing or empty.
    pub(crate) fn count(
        &mut self,
        line_type: &str,
        columns: Vec<Column>,
        is_column_there: bool,
        line_count: u64,
    ) {
        let columns = columns.into_iter().map(Column::name).collect();
        let count = self.0.entry((line_type.into(), (columns, is_column_there))).or_default();
        *count = count.saturating_add(line_count);
    }

    pub(super) fn findings(&self) -> impl Iterator<Item = Finding> {
        self.0.iter().map(|((line_type, untold), count)| Finding {
            code: FindingCode::NotAmortized,
            message: not_amortized(line_type, untold, *count),
        })
    }
}

fn not_amortized(line_type: &str, (columns, is_there): &Untold, count: u64) -> String {
    let (lines, their) = if count == 1 { ("line", "its") } else { ("lines", "their") };
    let columns: Vec<String> = columns.iter().map(|it| format!("`{it}`")).collect();
    let columns = columns.join(" and ");
    let (lack, fix) = match is_there {
        true => ("nothing in", ""),
        false => ("no column", "; name it in the export's query"),
    };
    format!(
        "{count} {lines} of type `{line_type}` with {lack} {columns}: {their} unblended cost counts \
         as {their} amortized cost{fix}"
    )
}

/// Amounts of a line, and what rounding added to them.
struct AmountCells<'a> {
    raw: &'a RawLine<'a>,
    zero: Money,
    rounded: Decimal,
}

/// Before and after discounts; `None` where the cells are empty.
type Amounts = Option<(Money, Money)>;

impl AmountCells<'_> {
    fn read(&mut self, column: Column) -> Result<Option<Money>, (Column, Fault)> {
        self.raw.text(column).map(|text| self.parse(column, text)).transpose()
    }

    fn parse(&mut self, column: Column, text: &str) -> Result<Money, (Column, Fault)> {
        let read = Money::parse(text, self.zero.currency());
        let read = read.map_err(|error| (column, faults::of_amount(&error)))?;
        let rounded = self.rounded.checked_add(read.difference);
        self.rounded =
            rounded.ok_or_else(|| (column, faults::of_amount(&MoneyError::OutOfRange)))?;
        Ok(read.money)
    }

    fn sum_of(&mut self, parts: &[(Column, Column)]) -> Result<Amounts, (Column, Fault)> {
        let mut sums = None;
        for (column, net_column) in parts {
            let Some(part) = self.read(*column)? else { continue };
            // Without a net amount there is no discount.
            let net_part = self.read(*net_column)?.unwrap_or(part);
            let (sum, net_sum) = sums.unwrap_or((self.zero, self.zero));
            let sum = sum.checked_add(part).map_err(|it| (*column, faults::of_amount(&it)))?;
            let net_sum = net_sum.checked_add(net_part);
            sums = Some((sum, net_sum.map_err(|it| (*net_column, faults::of_amount(&it)))?));
        }
        Ok(sums)
    }

    fn unused_commitment(&mut self) -> Result<Amounts, (Column, Fault)> {
        let (total, used) = (Column::SavingsPlanTotalCommitment, Column::SavingsPlanUsedCommitment);
        let Some(total) = self.read(total)? else { return Ok(None) };
        let unused = total.checked_sub(self.read(used)?.unwrap_or(self.zero));
        let unused = unused.map_err(|it| (used, faults::of_amount(&it)))?;
        Ok(Some((unused, self.discounted(unused)?)))
    }

    /// An unused commitment after discounts: in the proportion in which all of the commitment is
    /// discounted, whichever way it is paid.
    fn discounted(&mut self, unused: Money) -> Result<Money, (Column, Fault)> {
        for (column, net_column) in COMMITMENTS {
            let Some(all) = self.read(column)?.filter(|it| !it.is_zero()) else { continue };
            let Some(net) = self.read(net_column)? else { continue };
            let part = unused.amount().checked_mul(net.amount());
            let part = part.and_then(|it| it.checked_div(all.amount()));
            let part =
                part.ok_or_else(|| (net_column, faults::of_amount(&MoneyError::OutOfRange)))?;
            return self.parse(net_column, &part.to_string());
        }
        Ok(unused)
    }
}
