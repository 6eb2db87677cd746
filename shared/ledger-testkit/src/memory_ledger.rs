//! A ledger in memory that keeps the promises of the ports.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use jiff::civil::Date;
use ledger_app::ports::{
    AlertState, AlertStore, Change, ContentStore, CountedAudience, Document, DocumentKind,
    DocumentStore, LedgerStore, Replaced, StoreError, StoredAlert, Topic,
};
use ledger_core::audit::{AuditEntry, Hash};
use ledger_core::bill::{BillHead, BillReplacement, Generation, Planned, plan_replacement};
use ledger_core::budget::{Alert, AlertId};
use ledger_core::cost::Costs;
use ledger_core::dimension::Level;
use ledger_core::line_item::BillId;
use ledger_core::money::MoneyError;
use ledger_core::owner::Owner;
use ledger_core::period::{BillingPeriod, ChargePeriod};
use ledger_core::rollup::{DayRollups, Position, Rollup, Summary};

use crate::build;

/// A ledger, documents and alerts in memory. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct MemoryLedger(Arc<Mutex<Contents>>);

#[derive(Debug, Default)]
struct Contents {
    heads: BTreeMap<BillId, BillHead>,
    days: BTreeMap<(BillId, Date, Generation), DayRollups>,
    /// Texts of each kind, oldest first.
    documents: Vec<(DocumentKind, String)>,
    trail: Vec<(AuditEntry, Hash)>,
    texts: BTreeMap<Hash, String>,
    alerts: BTreeMap<AlertId, (StoredAlert, String)>,
    settled: Option<(String, Option<Timestamp>)>,
    audiences: BTreeMap<Topic, CountedAudience>,
    is_down: bool,
    reads: Reads,
}

/// Reads that were answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reads {
    /// Number of times all heads were read.
    pub heads: u64,
    /// Number of times each day was read, by level.
    pub days: BTreeMap<(Date, Level), u64>,
}

impl MemoryLedger {
    /// A ledger whose bills were delivered by exports of [`build::ACCOUNT`], one a month, with these
    /// positions on their days.
    pub async fn of(
        positions: impl IntoIterator<Item = (Date, Position)>,
    ) -> Result<MemoryLedger, StoreError> {
        let mut months: BTreeMap<BillingPeriod, BTreeMap<Date, Vec<Position>>> = BTreeMap::new();
        for (day, position) in positions {
            let days = months.entry(BillingPeriod::containing(day)).or_default();
            days.entry(day).or_default().push(position);
        }
        let ledger = MemoryLedger::default();
        for (period, days) in months {
            let days = days.into_iter().map(|(day, it)| (day, build::day_of(it)));
            let days = build::days_from(days);
            let bill = build::bill(&period.to_string());
            ledger.replace(BillReplacement { bill, days, ..build::delivery(&[]) }).await?;
        }
        Ok(ledger)
    }

    /// Makes every call fail from now on, or no longer. The cause names a table and an ARN, which no
    /// answer to a caller may show.
    pub fn set_down(&self, is_down: bool) {
        self.contents().is_down = is_down;
    }

    /// Reads since the last time this was asked.
    pub fn take_reads(&self) -> Reads {
        std::mem::take(&mut self.contents().reads)
    }

    /// Keeps an alert as it is given.
    pub fn keep_alert(&self, stored: StoredAlert) {
        self.contents().alerts.insert(stored.alert.id.clone(), (stored, String::new()));
    }

    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn up(&self) -> Result<MutexGuard<'_, Contents>, StoreError> {
        let contents = self.contents();
        if !contents.is_down {
            return Ok(contents);
        }
        Err(StoreError::Unavailable {
            doing: "query the table `secret-table`".to_owned(),
            is_retryable: true,
            source: Arc::new(std::io::Error::other("arn:aws:secret")),
        })
    }
}

fn malformed(bill: &BillId, err: MoneyError) -> StoreError {
    StoreError::Malformed { key: bill.to_string(), reason: err.to_string() }
}

/// Whether the rollups of a day add up to its totals.
fn is_balanced(day: &DayRollups) -> Result<bool, MoneyError> {
    let mut sums: BTreeMap<_, _> =
        day.totals.keys().map(|it| (*it, (Costs::zero(*it), 0))).collect();
    for (key, measures) in &day.positions {
        let Some((costs, line_count)) = sums.get_mut(&key.summary.charge.currency) else {
            return Ok(false);
        };
        *costs = costs.checked_add(&measures.costs)?;
        *line_count += measures.line_count;
    }
    let is_equal = |(currency, (costs, line_count)): (&_, &_)| {
        day.totals
            .get(currency)
            .is_some_and(|it| it.ai == *costs && it.ai_line_count == *line_count)
    };
    Ok(sums.iter().all(is_equal))
}

impl LedgerStore for MemoryLedger {
    async fn heads(&self, from: BillingPeriod) -> Result<Vec<BillHead>, StoreError> {
        let mut contents = self.up()?;
        contents.reads.heads += 1;
        Ok(contents.heads.values().filter(|it| it.bill.period >= from).cloned().collect())
    }

    async fn replace(&self, replacement: BillReplacement) -> Result<Replaced, StoreError> {
        let mut contents = self.up()?;
        let bill = &replacement.bill;
        let read = contents.heads.get(bill).cloned();
        let planned = plan_replacement(read, &replacement).map_err(|err| malformed(bill, err))?;
        let plan = match planned {
            Planned::Superseded => {
                return Ok(Replaced { is_superseded: true, ..Replaced::default() });
            }
            Planned::Outdated => return Err(StoreError::Replaced(bill.clone())),
            Planned::Replace(plan) => plan,
        };
        let mut outcome = Replaced::of(&plan);
        let mut written = BTreeMap::new();
        for (day, state) in plan.wanted.days.iter().filter(|it| plan.written.contains(it.0)) {
            let rollups = replacement.days.get(*day).map_err(|err| malformed(bill, err))?;
            let rollups = rollups.unwrap_or_default();
            if !is_balanced(&rollups).map_err(|err| malformed(bill, err))? {
                return Err(StoreError::Unbalanced(format!("{day} of {bill}")));
            }
            outcome.items_written += u64::try_from(rollups.positions.len()).unwrap_or(u64::MAX);
            written.insert((bill.clone(), *day, state.generation.clone()), rollups);
        }
        if plan.moves_head() {
            contents.days.extend(written);
            contents.heads.insert(bill.clone(), plan.wanted);
        }
        Ok(outcome)
    }

    async fn rollups(
        &self,
        bill: &BillId,
        day: Date,
        generation: &Generation,
        level: Level,
        owners: Option<&[Owner]>,
    ) -> Result<Vec<Rollup>, StoreError> {
        let mut contents = self.up()?;
        *contents.reads.days.entry((day, level)).or_default() += 1;
        let rollups = contents.days.get(&(bill.clone(), day, generation.clone()));
        let Some(rollups) = rollups else { return Ok(Vec::new()) };
        let is_asked = |it: &Owner| owners.is_none_or(|them| them.contains(it));
        if level == Level::Detail {
            let positions = rollups.positions.clone().into_iter();
            let positions = positions.filter(|(key, _)| is_asked(&key.summary.owner));
            let position = |(key, measures)| Rollup::Position(Position { key, measures });
            return Ok(positions.map(position).collect());
        }
        let summary = rollups.summary().map_err(|err| malformed(bill, err))?.into_iter();
        let summary = summary.filter(|(key, _)| is_asked(&key.owner));
        Ok(summary.map(|(key, measures)| Rollup::Summary(Summary { key, measures })).collect())
    }
}

impl DocumentStore for MemoryLedger {
    async fn document(&self, kind: DocumentKind) -> Result<Option<Document>, StoreError> {
        let contents = self.up()?;
        let of_kind = contents.documents.iter().filter(|it| it.0 == kind);
        let newest = (1..).zip(of_kind).last();
        Ok(newest.map(|(version, (_, text))| Document { version, text: text.clone() }))
    }

    async fn version(
        &self,
        kind: DocumentKind,
        version: u64,
    ) -> Result<Option<Document>, StoreError> {
        let contents = self.up()?;
        let of_kind = contents.documents.iter().filter(|it| it.0 == kind);
        let found = (1..).zip(of_kind).find(|(it, _)| *it == version);
        Ok(found.map(|(version, (_, text))| Document { version, text: text.clone() }))
    }

    async fn apply(
        &self,
        kind: DocumentKind,
        text: &str,
        change: Change<'_>,
    ) -> Result<Document, StoreError> {
        let newest = self.document(kind).await?;
        let known = newest.as_ref().map_or(0, |it| it.version);
        let before = newest.as_ref().map(|it| Hash::of(&it.text));
        if let Some(newest) = newest.filter(|it| it.text == text) {
            return Ok(newest);
        }
        if change.follows.is_some_and(|it| it != known) {
            return Err(StoreError::Overtaken(kind.as_str()));
        }
        let version = known + 1;
        let mut contents = self.up()?;
        let (last, previous) = match contents.trail.last() {
            Some((entry, hash)) => (entry.number, *hash),
            None => (0, Hash::START),
        };
        let entry = AuditEntry {
            number: last + 1,
            at: change.at,
            by: change.by.to_owned(),
            action: change.action.into(),
            subject: change.subject.to_owned(),
            document: kind.as_str().to_owned(),
            version,
            before,
            after: Hash::of(text),
            reason: change.reason.to_owned(),
            previous,
        };
        let hash = entry.hash();
        contents.trail.push((entry, hash));
        contents.documents.push((kind, text.to_owned()));
        Ok(Document { version, text: text.to_owned() })
    }

    async fn audit_trail(&self) -> Result<Vec<(AuditEntry, Hash)>, StoreError> {
        Ok(self.up()?.trail.clone())
    }
}

impl ContentStore for MemoryLedger {
    async fn keep_content(&self, text: &str) -> Result<Hash, StoreError> {
        let hash = Hash::of(text);
        self.up()?.texts.insert(hash, text.to_owned());
        Ok(hash)
    }

    async fn content(&self, hash: Hash) -> Result<Option<String>, StoreError> {
        Ok(self.up()?.texts.get(&hash).cloned())
    }
}

impl AlertStore for MemoryLedger {
    async fn alert(&self, id: &AlertId) -> Result<Option<StoredAlert>, StoreError> {
        Ok(self.up()?.alerts.get(id).map(|it| it.0.clone()))
    }

    async fn plan(&self, alert: &Alert, at: Timestamp) -> Result<StoredAlert, StoreError> {
        let planned = || {
            (StoredAlert { alert: alert.clone(), state: AlertState::Planned, at }, String::new())
        };
        Ok(self.up()?.alerts.entry(alert.id.clone()).or_insert_with(planned).0.clone())
    }

    async fn advance(
        &self,
        id: &AlertId,
        from: AlertState,
        to: AlertState,
        run: &str,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut contents = self.up()?;
        let Some((stored, last_run)) = contents.alerts.get_mut(id) else { return Ok(false) };
        if stored.state != from {
            return Ok(stored.state == to && last_run == run);
        }
        (stored.state, stored.at) = (to, at);
        run.clone_into(last_run);
        Ok(true)
    }

    async fn alerts(&self, period: ChargePeriod) -> Result<Vec<StoredAlert>, StoreError> {
        let contents = self.up()?;
        let alerts = contents.alerts.values().map(|it| &it.0);
        let mut alerts: Vec<StoredAlert> =
            alerts.filter(|it| period.contains(it.alert.id.first_day())).cloned().collect();
        alerts.sort_by(|left, right| {
            let newest = right.alert.id.first_day().cmp(&left.alert.id.first_day());
            newest.then(right.at.cmp(&left.at)).then(left.alert.id.cmp(&right.alert.id))
        });
        Ok(alerts)
    }

    async fn is_settled(&self, state: &str, now: Timestamp) -> Result<bool, StoreError> {
        let contents = self.up()?;
        let kept = contents.settled.as_ref().filter(|(kept, _)| kept == state);
        Ok(kept.is_some_and(|(_, until)| until.is_none_or(|until| now < until)))
    }

    async fn settle(
        &self,
        state: &str,
        _: Timestamp,
        until: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        self.up()?.settled = Some((state.to_owned(), until));
        Ok(())
    }

    async fn audiences(&self) -> Result<Vec<CountedAudience>, StoreError> {
        Ok(self.up()?.audiences.values().copied().collect())
    }

    async fn keep_audience(&self, counted: CountedAudience) -> Result<(), StoreError> {
        self.up()?.audiences.insert(counted.topic, counted);
        Ok(())
    }
}
