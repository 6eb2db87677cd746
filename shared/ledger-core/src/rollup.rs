//! Rollups: sums of positions, in full detail and in summary. This is what the ledger keeps.

use std::collections::BTreeMap;

use crate::cost::Costs;
use crate::currency::Currency;
use crate::line_item::Provenance;
use crate::money::MoneyError;
use crate::position::{PositionKey, SummaryKey};
use crate::quantity::Quantity;

/// The amounts of a rollup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measures {
    /// The cost, by cost kind.
    pub costs: Costs,
    /// The quantity in the key's unit; `None` where no line states one.
    pub quantity: Option<Quantity>,
    /// Single tokens in the direction of the key's meter; `None` where nothing counted tokens.
    pub tokens: Option<u64>,
    /// The number of lines of the bill in it.
    pub line_count: u64,
    /// The first of these lines, by file and row; `None` in a summary.
    pub first_line: Option<Provenance>,
}

impl Measures {
    /// Adds another sum.
    ///
    /// # Errors
    ///
    /// As [`Costs::checked_add`], and [`MoneyError::TooManyTokens`] at 2⁶⁴ tokens.
    pub fn add(&mut self, other: &Measures) -> Result<(), MoneyError> {
        self.costs = self.costs.checked_add(&other.costs)?;
        self.quantity = match (self.quantity, other.quantity) {
            (Some(mine), Some(theirs)) => Some(mine.checked_add(theirs)?),
            (mine, theirs) => mine.or(theirs),
        };
        self.tokens = match (self.tokens, other.tokens) {
            (Some(mine), Some(theirs)) => {
                Some(mine.checked_add(theirs).ok_or(MoneyError::TooManyTokens)?)
            }
            (mine, theirs) => mine.or(theirs),
        };
        self.line_count = self.line_count.saturating_add(other.line_count);
        self.first_line = match (self.first_line.take(), &other.first_line) {
            (Some(mine), Some(theirs)) => Some(mine.min(theirs.clone())),
            (mine, theirs) => mine.or_else(|| theirs.clone()),
        };
        Ok(())
    }
}

/// A sum in full detail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The key.
    pub key: PositionKey,
    /// The amounts.
    pub measures: Measures,
}

/// A sum without detail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The key.
    pub key: SummaryKey,
    /// The amounts.
    pub measures: Measures,
}

/// A stored sum at either level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rollup {
    /// Without detail.
    Summary(Summary),
    /// In full detail.
    Position(Position),
}

impl Rollup {
    /// The rollup as questions see it.
    pub fn row(&self) -> Row<'_> {
        match self {
            Rollup::Summary(it) => Row::Summary(&it.key, &it.measures),
            Rollup::Position(it) => Row::Position(&it.key, &it.measures),
        }
    }
}

/// A rollup as questions see it, borrowed.
#[derive(Clone, Copy, Debug)]
pub enum Row<'a> {
    /// Without detail.
    Summary(&'a SummaryKey, &'a Measures),
    /// In full detail.
    Position(&'a PositionKey, &'a Measures),
}

impl<'a> Row<'a> {
    /// Owner, business dimensions and charge: both levels have these.
    pub fn summary(self) -> &'a SummaryKey {
        match self {
            Row::Summary(key, _) => key,
            Row::Position(key, _) => &key.summary,
        }
    }

    /// The key in full detail; `None` for a summary, which no longer knows it.
    pub fn position(self) -> Option<&'a PositionKey> {
        match self {
            Row::Summary(..) => None,
            Row::Position(key, _) => Some(key),
        }
    }

    /// The amounts.
    pub fn measures(self) -> &'a Measures {
        match self {
            Row::Summary(_, measures) | Row::Position(_, measures) => measures,
        }
    }
}

/// Total of one currency on one day of one bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayTotal {
    /// Lines for generative AI: the sum of the day's rollups.
    pub ai: Costs,
    /// All other lines: counted and totalled by what they were charged at, so that the bill adds up.
    /// Never amortized, so amortized cost kinds have no `other` total.
    pub other: Costs,
    /// The number of lines in `ai`.
    pub ai_line_count: u64,
    /// The number of lines in `other`.
    pub other_line_count: u64,
}

impl DayTotal {
    /// The total of no line.
    pub fn zero(currency: Currency) -> DayTotal {
        DayTotal {
            ai: Costs::zero(currency),
            other: Costs::zero(currency),
            ai_line_count: 0,
            other_line_count: 0,
        }
    }

    /// Adds another total of the same currency.
    ///
    /// # Errors
    ///
    /// As [`Costs::checked_add`]; then nothing is added.
    pub fn checked_add(&self, more: &DayTotal) -> Result<DayTotal, MoneyError> {
        Ok(DayTotal {
            ai: self.ai.checked_add(&more.ai)?,
            other: self.other.checked_add(&more.other)?,
            ai_line_count: self.ai_line_count.saturating_add(more.ai_line_count),
            other_line_count: self.other_line_count.saturating_add(more.other_line_count),
        })
    }
}

/// The rollups of one day of one bill: what is replaced as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DayRollups {
    /// The sums in full detail.
    pub positions: BTreeMap<PositionKey, Measures>,
    /// The day's totals, by currency.
    pub totals: BTreeMap<Currency, DayTotal>,
    /// Whether the source says that the figures may change.
    pub estimated: bool,
}

impl DayRollups {
    /// The same sums without their detail.
    ///
    /// # Errors
    ///
    /// As [`Measures::add`].
    pub fn summary(&self) -> Result<BTreeMap<SummaryKey, Measures>, MoneyError> {
        let mut summary: BTreeMap<SummaryKey, Measures> = BTreeMap::new();
        for (key, measures) in &self.positions {
            match summary.get_mut(&key.summary) {
                Some(sum) => {
                    sum.add(&Measures { first_line: None, ..measures.clone() })?;
                }
                None => {
                    let measures = Measures { first_line: None, ..measures.clone() };
                    summary.insert(key.summary.clone(), measures);
                }
            }
        }
        Ok(summary)
    }
}
