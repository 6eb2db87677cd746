//! Answers from the ledger: reports, statements, freshness.

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, TryStreamExt};
use jiff::civil::Date;
use ledger_core::bill::{BillHead, ServedDay, Status, data_up_to, served_days};
use ledger_core::cost::CostKind;
use ledger_core::currency::Currency;
use ledger_core::dimension::{Dimension, Level};
use ledger_core::line_item::{BillId, Source};
use ledger_core::money::{Money, MoneyError};
use ledger_core::owner::Owner;
use ledger_core::period::{BillingPeriod, ChargePeriod};
use ledger_core::reconciliation::{ReconciledDay, Reconciliation};
use ledger_core::report::{CurrencyReport, ReportBuilder, ReportQuery};
use ledger_core::rollup::Rollup;
use ledger_core::statement::{Statement, StatementBuilder};

use crate::ports::{LedgerStore, StoreError};

/// Days read at the same time: enough to hide the way to the database, few enough for one client.
const DAYS_AT_ONCE: usize = 8;

/// Why a question was not answered.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// The ledger did not answer.
    #[error("could not read the ledger")]
    Read(#[source] StoreError),
    /// A sum left the range of money.
    #[error("could not add up the answer")]
    Money(#[source] MoneyError),
}

impl LookupError {
    /// Whether trying again may help.
    pub fn is_retryable(&self) -> bool {
        match self {
            LookupError::Read(source) => source.is_retryable(),
            LookupError::Money(_) => false,
        }
    }
}

/// Totals of a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportAnswer {
    /// One answer a currency.
    pub currencies: Vec<CurrencyReport>,
    /// What the same bills hold for anything but AI, by currency: with the total of a report that
    /// leaves nothing out it is the whole bill. Always what was charged: nobody amortizes it.
    pub other: BTreeMap<Currency, Money>,
    /// The end of the last day with data.
    pub data_up_to: Option<Date>,
}

/// Groups what a period cost.
///
/// # Errors
///
/// [`LookupError`].
pub async fn report(
    query: &ReportQuery,
    ledger: &impl LedgerStore,
) -> Result<ReportAnswer, LookupError> {
    let heads = heads_of(query.period, ledger).await?;
    let served = served_days(&heads, query.period);
    let mut builder = ReportBuilder::new(query);
    let owners = owners_of(query.scope.owners());
    for_each_rollup(&served, query.level(), owners.as_deref(), ledger, |rollup, day, status| {
        builder.add(rollup, day, status)
    })
    .await?;
    let mut other = BTreeMap::new();
    for total in served.iter().flat_map(|day| day.state.totals.values()) {
        let cost = total.other.of(query.cost_kind.as_charged());
        let sum = other.entry(cost.currency()).or_insert_with(|| Money::zero(cost.currency()));
        *sum = sum.checked_add(cost).map_err(LookupError::Money)?;
    }
    Ok(ReportAnswer {
        currencies: builder.finish().map_err(LookupError::Money)?,
        other,
        data_up_to: data_up_to(&heads),
    })
}

/// The statements of a month: of one owner, or of all.
///
/// # Errors
///
/// [`LookupError`].
pub async fn statements(
    period: BillingPeriod,
    owner: Option<&Owner>,
    cost_kind: CostKind,
    ledger: &impl LedgerStore,
) -> Result<Vec<Statement>, LookupError> {
    let mut builder = StatementBuilder::new(period, cost_kind);
    if let Some(days) = period.charge_period() {
        let heads = heads_of(days, ledger).await?;
        let owners = owner.map(std::slice::from_ref);
        let served = served_days(&heads, days);
        for_each_rollup(&served, Level::Summary, owners, ledger, |rollup, day, status| {
            builder.add(rollup, day, status)
        })
        .await?;
    }
    builder.finish().map_err(LookupError::Money)
}

/// A rollup that answers count, and where it stands.
#[derive(Clone, Debug)]
pub struct FoundEntry {
    /// The bill.
    pub bill: BillId,
    /// The day.
    pub day: Date,
    /// How sure it is.
    pub status: Status,
    /// What it holds.
    pub rollup: Rollup,
}

/// The detail rollups whose first line is `entry`, spelled `FILE:LINE`. Several bills can have a
/// file of the same name.
///
/// # Errors
///
/// [`LookupError`].
pub async fn entries(
    entry: &str,
    ledger: &impl LedgerStore,
) -> Result<Vec<FoundEntry>, LookupError> {
    let all = ChargePeriod::new(Date::MIN, Date::MAX).ok();
    let heads = ledger.heads(BillingPeriod::containing(Date::MIN)).await;
    let heads = heads.map_err(LookupError::Read)?;
    let mut found = Vec::new();
    for served in all.iter().flat_map(|all| served_days(&heads, *all)) {
        let query = DayQuery { served, level: Level::Detail, owners: None };
        let rollups = read_day(query, ledger).await;
        let (rollups, day, status) = rollups.map_err(LookupError::Read)?;
        let dimension = Dimension::Entry;
        let hits = rollups
            .into_iter()
            .filter(|rollup| dimension.value_of(rollup, day).is_some_and(|value| *value == *entry));
        let bill = &served.head.bill;
        found.extend(hits.map(|rollup| FoundEntry { bill: bill.clone(), day, status, rollup }));
    }
    Ok(found)
}

/// The bill and Cost Explorer side by side, on each day of a period that both tell of, and for each
/// service.
///
/// # Errors
///
/// [`LookupError`].
pub async fn reconciliation(
    period: ChargePeriod,
    cost_kind: CostKind,
    today: Date,
    ledger: &impl LedgerStore,
) -> Result<Vec<ReconciledDay>, LookupError> {
    let heads = heads_of(period, ledger).await?;
    let mut both =
        Reconciliation::new(&heads, period, cost_kind, today).map_err(LookupError::Money)?;
    for source in [Source::Cur, Source::CostExplorer] {
        let days = both.days_to_read(&heads, &source);
        for_each_rollup(&days, Level::Summary, None, ledger, |rollup, day, _| {
            both.add(&source, rollup, day)
        })
        .await?;
    }
    Ok(both.finish())
}

/// The pointers of all bills that can hold a day of a period. A late charge stands on a later
/// month's bill, so there is no upper end.
///
/// # Errors
///
/// [`LookupError::Read`].
pub async fn heads_of(
    period: ChargePeriod,
    ledger: &impl LedgerStore,
) -> Result<Vec<BillHead>, LookupError> {
    ledger.heads(BillingPeriod::containing(period.start())).await.map_err(LookupError::Read)
}

/// Owners that a scope is limited to, for reading only theirs.
pub(crate) fn owners_of(names: Option<&[String]>) -> Option<Vec<Owner>> {
    names.map(|names| names.iter().map(|name| Owner::parse(name)).collect())
}

/// One day to read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DayQuery<'a> {
    /// The day.
    pub(crate) served: ServedDay<'a>,
    /// How much of it.
    pub(crate) level: Level,
    /// Whose part; `None` for all.
    pub(crate) owners: Option<&'a [Owner]>,
}

/// Reads the rollups of served days and hands them on, one day after the other as they arrive.
pub(crate) async fn for_each_rollup(
    served: &[ServedDay<'_>],
    level: Level,
    owners: Option<&[Owner]>,
    ledger: &impl LedgerStore,
    add: impl FnMut(&Rollup, Date, Status) -> Result<(), MoneyError>,
) -> Result<(), LookupError> {
    let queries: Vec<_> =
        served.iter().map(|served| DayQuery { served: *served, level, owners }).collect();
    read_days(&queries, ledger, add).await
}

/// [`for_each_rollup`] of days that are not all asked alike.
pub(crate) async fn read_days(
    queries: &[DayQuery<'_>],
    ledger: &impl LedgerStore,
    mut add: impl FnMut(&Rollup, Date, Status) -> Result<(), MoneyError>,
) -> Result<(), LookupError> {
    // Boxed, and queued by hand: the compiler cannot prove that a stream of closures over borrowed
    // days may move between threads.
    let mut waiting = queries.iter().copied();
    let mut answers: FuturesUnordered<_> =
        waiting.by_ref().take(DAYS_AT_ONCE).map(|query| read_day(query, ledger)).collect();
    while let Some((rollups, day, status)) = answers.try_next().await.map_err(LookupError::Read)? {
        for rollup in &rollups {
            add(rollup, day, status).map_err(LookupError::Money)?;
        }
        answers.extend(waiting.next().map(|query| read_day(query, ledger)));
    }
    Ok(())
}

type DayAnswer = (Vec<Rollup>, Date, Status);

fn read_day<'a>(
    DayQuery { served, level, owners }: DayQuery<'a>,
    ledger: &'a impl LedgerStore,
) -> BoxFuture<'a, Result<DayAnswer, StoreError>> {
    Box::pin(async move {
        let generation = &served.state.generation;
        let bill = &served.head.bill;
        let rollups = ledger.rollups(bill, served.day, generation, level, owners).await?;
        Ok((rollups, served.day, served.status()))
    })
}
