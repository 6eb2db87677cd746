//! The search for anomalies: one pass over the days of the ledger.

use std::collections::BTreeSet;

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::causes::Change;
use super::detect::{Costs, Episode, episodes};
use super::grouping::{Candidate, grouped};
use super::series::{AllSeries, Series};
use super::{Anomaly, AnomalyId, HISTORY_DAYS, Sensitivity, UNSETTLED_DAYS};
use crate::access::Owners;
use crate::category::ChargeCategory;
use crate::cost::CostKind;
use crate::dimension::{Dimension, Level};
use crate::money::{FRACTION_DIGITS, Money, MoneyError};
use crate::question::{LedgerDay, Question, QuestionError, Wanted};
use crate::rollup::Row;
use crate::source::SourceKind;

/// Gathers the cost per day of each caller, workflow, owner, account and model.
///
/// Counted is unblended cost of usage and purchases: taxes, credits and corrections follow from others.
#[derive(Debug)]
pub struct AnomalySearch {
    since: Date,
    /// The first day that is read.
    start: Date,
    /// The end of the days that are read and judged.
    end: Date,
    sensitivity: Sensitivity,
    is_of_bills: bool,
    /// Days with data.
    known: BTreeSet<usize>,
    all: AllSeries,
}

/// Anomalies, and how much was searched for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Those with a day since the day that was asked for, newest first, the larger first of a day.
    pub anomalies: Vec<Anomaly>,
    /// Series with cost.
    pub series_count: usize,
    /// The end of the days that were judged.
    pub judged_up_to: Date,
}

impl AnomalySearch {
    /// A search for anomalies with a day since `since`. `data_up_to` is the end of the last day with
    /// data: the three days before it are not settled and are not judged.
    pub fn new(since: Date, data_up_to: Date, sensitivity: Sensitivity) -> AnomalySearch {
        AnomalySearch {
            since,
            start: AnomalySearch::start_of(since),
            end: data_up_to.saturating_sub(UNSETTLED_DAYS.days()),
            sensitivity,
            is_of_bills: false,
            known: BTreeSet::new(),
            all: AllSeries::new(),
        }
    }

    /// Leaves out days that are not of a bill: a quick look names no callers, and its sums are estimates.
    #[must_use]
    pub fn of_bills(self) -> AnomalySearch {
        AnomalySearch { is_of_bills: true, ..self }
    }

    /// The first day that a search reads.
    pub fn start_of(since: Date) -> Date {
        since.saturating_sub(HISTORY_DAYS.days())
    }

    fn place_of(&self, day: Date) -> Option<usize> {
        let days = day.since(self.start).ok()?.get_days();
        usize::try_from(days).ok().filter(|_| day < self.end)
    }

    /// The anomalies.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OutOfRange`].
    pub fn finish(self) -> Result<Found, MoneyError> {
        // Places count from the first day with data, so that a young ledger has a short history.
        let offset = self.known.first().copied().unwrap_or(0);
        let count = self.known.last().map_or(0, |it| it + 1 - offset);
        let dates: Vec<Date> = (offset..offset + count).map(|it| self.date_of(it)).collect();
        let month_days: Vec<i8> = dates.iter().map(|it| it.day()).collect();
        let zero: Vec<Option<i128>> =
            (offset..offset + count).map(|it| self.known.contains(&it).then_some(0)).collect();
        let unit = 10_i128.pow(FRACTION_DIGITS);
        let mut candidates = Vec::new();
        for (at, series) in self.all.list.iter().enumerate() {
            let mut days = zero.clone();
            for ((day, _), sum) in &series.sums {
                if let Some(cost) = day.checked_sub(offset).and_then(|it| days.get_mut(it)) {
                    let cost = cost.get_or_insert(0);
                    *cost = cost.checked_add(sum.cost).ok_or(MoneyError::OutOfRange)?;
                }
            }
            let costs = Costs {
                days: &days,
                month_days: &month_days,
                judged_end: count,
                min_excess: i128::from(self.sensitivity.min_amount) * unit,
                can_be_new: matches!(
                    series.name.dimension,
                    Dimension::Principal | Dimension::Model
                ),
            };
            for episode in episodes(&costs) {
                let candidate = self.candidate(at, series, &episode, offset)?;
                candidates.extend(candidate.filter(|it| it.anomaly.last >= self.since));
            }
        }
        let series_count = self.all.list.len();
        let anomalies = grouped(candidates, &self.all);
        Ok(Found { anomalies, series_count, judged_up_to: self.end })
    }

    fn date_of(&self, place: usize) -> Date {
        self.start.saturating_add(i64::try_from(place).unwrap_or(0).days())
    }

    fn candidate(
        &self,
        at: usize,
        series: &Series,
        episode: &Episode,
        offset: usize,
    ) -> Result<Option<Candidate>, MoneyError> {
        let (Some((first, _)), Some((last, _))) = (episode.days.first(), episode.days.last())
        else {
            return Ok(None);
        };
        let (first, last) = (self.date_of(first + offset), self.date_of(last + offset));
        let mut change = Change::default();
        for (day, compared) in &episode.days {
            let compared: Vec<usize> = compared.iter().map(|it| it + offset).collect();
            change.add_day(series, day + offset, &compared)?;
        }
        let (actual, expected) = change.totals();
        let currency = series.currency;
        let money = |it: i128| Money::from_femto_units(it, currency);
        let (kind, code) = (episode.kind, currency.to_string());
        let anomaly = Anomaly {
            id: AnomalyId::new(&series.name, kind, &code, first),
            kind,
            series: series.name.clone(),
            first,
            last,
            actual: money(actual)?,
            expected: money(expected)?,
            excess: money(actual - expected)?,
            parts: change.parts(&self.all.cell_keys, currency)?,
            also_in: Vec::new(),
        };
        Ok(Some(Candidate { anomaly, series: at, rank: series.rank, change }))
    }
}

impl Question for AnomalySearch {
    fn wants(&mut self, day: &LedgerDay<'_>) -> Option<Wanted> {
        let counts = day.is_served && (!self.is_of_bills || day.source().kind == SourceKind::Bill);
        let place = self.place_of(day.day).filter(|_| counts)?;
        self.known.insert(place);
        Some(Wanted { level: Level::Detail, owners: Owners::All })
    }

    fn add(&mut self, row: Row<'_>, day: &LedgerDay<'_>) -> Result<(), QuestionError> {
        let Some(place) = self.place_of(day.day) else { return Ok(()) };
        let Some(position) = row.position() else {
            return Err(QuestionError::NeedsDetail(Dimension::Principal));
        };
        let category = position.summary.charge.category.as_ref().and_then(|it| it.known());
        let follows = |it| {
            matches!(it, ChargeCategory::Tax | ChargeCategory::Credit | ChargeCategory::Adjustment)
        };
        if category.is_some_and(follows) {
            return Ok(());
        }
        let cost = row.measures().costs.of(CostKind::Unblended).femto_units();
        Ok(self.all.add(position, row.measures(), place, cost)?)
    }
}
