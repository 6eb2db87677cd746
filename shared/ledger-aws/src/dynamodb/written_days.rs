//! Writing the days of a bill under their new generations.
//!
//! A day can have tens of thousands of owners, each with an item of its own at either level: rows are
//! made, packed, written and read back a few at a time.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, TryStreamExt};
use jiff::civil::Date;
use ledger_app::ports::{BillReplacement, StoreError};
use ledger_core::bill::{DayHead, ReplacementPlan};
use ledger_core::cost::Costs;
use ledger_core::currency::Currency;
use ledger_core::dimension::Level;
use ledger_core::line_item::BillId;
use ledger_core::money::MoneyError;
use ledger_core::rollup::{DayTotal, Position, Rollup, Summary};

use super::{DynamoLedger, Item, Pages, Range, chunk, gave_up, keys, unavailable, unbuilt};

/// The limit of `BatchWriteItem`.
const BATCH_ITEMS_MAX: usize = 25;

/// A batch ends above this size. `BatchWriteItem` takes more, but each is in memory several times: as
/// items, as a request and as its text.
const BATCH_BYTES_MAX: usize = 1024 * 1024;

/// Items that are read back at once. A page is in memory several times, on each of the days that are
/// written; a request for every ten batches costs little beside them.
const CHECKED_ITEMS_MAX: i32 = 250;

/// Attempts of a batch. With their pauses they take half a minute, in which an on-demand table
/// scales up.
const BATCH_ATTEMPTS_MAX: u32 = 9;

/// The first pause; each further one is twice as long.
const BATCH_PAUSE: Duration = Duration::from_millis(50);

/// Days written at the same time: enough to hide network latency, few enough for the memory of a
/// small function.
const DAYS_AT_ONCE: usize = 4;

impl DynamoLedger {
    /// Writes the days that changed, a few at a time; returns the number of items.
    pub(super) async fn write_days(
        &self,
        plan: &ReplacementPlan,
        ours: &BillReplacement,
    ) -> Result<u64, StoreError> {
        // Boxed, and queued by hand: the compiler cannot prove that a stream of closures over
        // borrowed days may move between threads.
        let write = |day: Date| -> BoxFuture<'_, Result<u64, StoreError>> {
            Box::pin(async move {
                match plan.wanted.days.get(&day) {
                    Some(state) => self.write_day(ours, day, state).await,
                    None => Ok(0),
                }
            })
        };
        let mut waiting = plan.written.iter().copied();
        let mut writing: FuturesUnordered<_> =
            waiting.by_ref().take(DAYS_AT_ONCE).map(write).collect();
        let mut written: u64 = 0;
        while let Some(items) = writing.try_next().await? {
            written = written.saturating_add(items);
            writing.extend(waiting.next().map(write));
        }
        Ok(written)
    }

    /// Writes the chunks of a day under its new generation; returns their number.
    async fn write_day(
        &self,
        ours: &BillReplacement,
        day: Date,
        state: &DayHead,
    ) -> Result<u64, StoreError> {
        let bill = &ours.bill;
        let pk = keys::rollups_pk(bill, day, &state.generation);
        let doing = format!("write {day} of {bill}");
        let unwritable = |err: Box<dyn Error>| StoreError::Malformed {
            key: format!("{day} of {bill}"),
            reason: err.to_string(),
        };
        let mut items = DayItems::new(ours, day, &pk);
        let mut written: u64 = 0;
        loop {
            let batch = items.next_batch().map_err(unwritable)?;
            if batch.is_empty() {
                break;
            }
            written = written.saturating_add(u64::try_from(batch.len()).unwrap_or(u64::MAX));
            self.write_batch(&doing, batch).await?;
        }
        for level in [Level::Summary, Level::Detail] {
            self.check_written(bill, day, state, level).await?;
        }
        Ok(written)
    }

    async fn write_batch(&self, doing: &str, items: Vec<Item>) -> Result<(), StoreError> {
        let mut requests = Vec::with_capacity(items.len());
        for item in items {
            let put = PutRequest::builder().set_item(Some(item)).build();
            let put = put.map_err(|err| unbuilt(doing, err))?;
            requests.push(WriteRequest::builder().put_request(put).build());
        }
        let mut pause = BATCH_PAUSE;
        for _ in 0..BATCH_ATTEMPTS_MAX {
            let call = self.client.batch_write_item().request_items(&self.table, requests);
            let answer = call.send().await.map_err(|err| unavailable(doing, err))?;
            requests = answer
                .unprocessed_items
                .and_then(|mut it| it.remove(&self.table))
                .unwrap_or_default();
            if requests.is_empty() {
                return Ok(());
            }
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(2);
        }
        Err(gave_up(doing, "items stayed unprocessed after all attempts"))
    }

    /// Reads one level of a written day back: it must add up to the day's totals.
    async fn check_written(
        &self,
        bill: &BillId,
        day: Date,
        state: &DayHead,
        level: Level,
    ) -> Result<(), StoreError> {
        let unbalanced = || StoreError::Unbalanced(format!("{day} of {bill}"));
        let doing = format!("read {day} of {bill}");
        let pk = keys::rollups_pk(bill, day, &state.generation);
        let mut sums = Sums::new(&state.totals);
        let mut pages = Pages::new(self, &doing, &pk, Range::Prefix(keys::level_prefix(level)));
        pages.page_items_max = CHECKED_ITEMS_MAX;
        while let Some(page) = pages.next().await? {
            for item in page {
                for rollup in chunk::rollups_of(&item)? {
                    sums.add(&rollup).ok_or_else(unbalanced)?;
                }
            }
        }
        if sums.come_to(&state.totals) { Ok(()) } else { Err(unbalanced()) }
    }
}

/// The items of one day: those of its summaries, then those of its positions.
struct DayItems<'a>([(chunk::Chunks<'a>, Rows<'a>); 2]);

type Rows<'a> = Box<dyn Iterator<Item = Result<Rollup, MoneyError>> + Send + 'a>;

impl<'a> DayItems<'a> {
    fn new(ours: &'a BillReplacement, day: Date, pk: &'a str) -> DayItems<'a> {
        let summaries = ours
            .days
            .summaries(day)
            .map(|it| it.map(|(key, measures)| Rollup::Summary(Summary { key, measures })));
        let positions = ours
            .days
            .positions(day)
            .map(|it| it.map(|(key, measures)| Rollup::Position(Position { key, measures })));
        let chunks = |level| chunk::Chunks::new(pk, level);
        DayItems([
            (chunks(Level::Summary), Box::new(summaries)),
            (chunks(Level::Detail), Box::new(positions)),
        ])
    }

    /// The next items to be written together; empty after the last.
    fn next_batch(&mut self) -> Result<Vec<Item>, Box<dyn Error>> {
        let mut batch = Vec::new();
        let mut bytes: usize = 0;
        while batch.len() < BATCH_ITEMS_MAX && bytes < BATCH_BYTES_MAX {
            let Some(item) = self.next()? else { break };
            bytes = bytes.saturating_add(bytes_of(&item));
            batch.push(item);
        }
        Ok(batch)
    }

    fn next(&mut self) -> Result<Option<Item>, Box<dyn Error>> {
        for (chunks, rows) in &mut self.0 {
            for row in rows {
                if let Some(item) = chunks.add(row?.row())? {
                    return Ok(Some(item));
                }
            }
            if let Some(last) = chunks.end()? {
                return Ok(Some(last));
            }
        }
        Ok(None)
    }
}

fn bytes_of(item: &Item) -> usize {
    let bytes = item.values().map(|it| match it {
        AttributeValue::S(text) => text.len(),
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        _ => 0,
    });
    bytes.sum()
}

/// Costs and lines by currency.
struct Sums(BTreeMap<Currency, (Costs, u64)>);

impl Sums {
    fn new(totals: &BTreeMap<Currency, DayTotal>) -> Sums {
        Sums(totals.keys().map(|it| (*it, (Costs::zero(*it), 0))).collect())
    }

    /// `None` for a rollup that cannot be in the totals.
    fn add(&mut self, rollup: &Rollup) -> Option<()> {
        let (key, measures) = (rollup.row().summary(), rollup.row().measures());
        let (costs, line_count) = self.0.get_mut(&key.charge.currency)?;
        *costs = costs.checked_add(&measures.costs).ok()?;
        *line_count = line_count.saturating_add(measures.line_count);
        Some(())
    }

    /// Whether these are the AI totals of a day.
    fn come_to(&self, totals: &BTreeMap<Currency, DayTotal>) -> bool {
        totals.iter().all(|(it, total)| self.0.get(it) == Some(&(total.ai, total.ai_line_count)))
    }
}
