//! One state of the ledger, from which any number of questions is answered.
//!
//! The heads of bills are read once, when a [`View`] is opened: all answers from it are of one set of
//! bill versions. Each day that a question wants is read once for all questions that are asked
//! together, at the deepest level that one of them needs.

use std::panic::resume_unwind;
use std::sync::Arc;

use jiff::civil::Date;
use ledger_core::access::{Access, Owners};
use ledger_core::bill::{BillHead, Feed, data_up_to, feeds};
use ledger_core::dimension::Level;
use ledger_core::now::Now;
use ledger_core::period::BillingPeriod;
use ledger_core::question::{LedgerDay, Question, QuestionError, Wanted, ledger_days};
use ledger_core::rollup::Rollup;
use tokio::task::JoinSet;

use crate::kept_days::{DayKey, KeptDays};
use crate::ports::{LedgerStore, Retryable, StoreError};

/// Days read at the same time: enough to hide network latency, few enough for one HTTP client.
const DAYS_AT_ONCE: usize = 8;

/// Why a question was not answered.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// The ledger did not answer.
    #[error("could not read the ledger")]
    Read(#[source] StoreError),
    /// The rows of the ledger make no answer.
    #[error("could not add up the answer")]
    Answer(#[source] QuestionError),
    /// The process is shutting down.
    #[error("reading the ledger was cut off")]
    CutOff,
}

impl Retryable for LookupError {
    fn is_retryable(&self) -> bool {
        match self {
            LookupError::Read(source) => source.is_retryable(),
            LookupError::Answer(_) => false,
            LookupError::CutOff => true,
        }
    }
}

impl<E: Into<QuestionError>> From<E> for LookupError {
    fn from(err: E) -> LookupError {
        LookupError::Answer(err.into())
    }
}

/// One state of the ledger, as one caller may see it at one time.
#[derive(Clone, Debug)]
pub struct View<L> {
    ledger: L,
    heads: Vec<BillHead>,
    access: Access,
    now: Now,
    kept: Option<KeptDays>,
}

impl<L: LedgerStore + Clone + 'static> View<L> {
    /// Reads the heads of bills from a month on. A late charge is on the bill of a later month, so
    /// there is no upper end.
    ///
    /// # Errors
    ///
    /// [`LookupError::Read`].
    pub async fn open(
        ledger: &L,
        from: BillingPeriod,
        access: Access,
        now: Now,
    ) -> Result<View<L>, LookupError> {
        let heads = ledger.heads(from).await.map_err(LookupError::Read)?;
        Ok(View { ledger: ledger.clone(), heads, access, now, kept: None })
    }

    /// Reads the heads of all bills.
    ///
    /// # Errors
    ///
    /// [`LookupError::Read`].
    pub async fn open_all(ledger: &L, access: Access, now: Now) -> Result<View<L>, LookupError> {
        // No bill is older: AWS began in 2006.
        let first = BillingPeriod::containing(Date::constant(2006, 1, 1));
        View::open(ledger, first, access, now).await
    }

    /// Takes days from those that were read before, and keeps those that it reads.
    #[must_use]
    pub fn keeping(self, kept: KeptDays) -> View<L> {
        View { kept: Some(kept), ..self }
    }

    /// The ledger itself, for what is not answered from days.
    pub fn ledger(&self) -> &L {
        &self.ledger
    }

    /// The heads that were read.
    pub fn heads(&self) -> &[BillHead] {
        &self.heads
    }

    /// The limit on every question.
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// The time of the view.
    pub fn now(&self) -> Now {
        self.now
    }

    /// The feeds of the ledger, each with the end of its data.
    pub fn feeds(&self) -> Vec<Feed> {
        feeds(&self.heads, self.now.today())
    }

    /// The end of the last day with data.
    pub fn data_up_to(&self) -> Option<Date> {
        data_up_to(&self.heads)
    }

    /// Answers questions in one pass: gives each of them the rows that it wants and that the caller
    /// may see.
    ///
    /// # Errors
    ///
    /// [`LookupError`].
    pub async fn answer(&self, questions: &mut [&mut dyn Question]) -> Result<(), LookupError> {
        let planned = self.planned(questions);
        let mut waiting = planned.iter().enumerate();
        let mut reads = JoinSet::new();
        for (at, day) in waiting.by_ref().take(DAYS_AT_ONCE) {
            reads.spawn(day.read(at, self.ledger.clone(), self.kept.clone()));
        }
        while let Some(read) = reads.join_next().await {
            let (at, rows) = match read {
                Ok(read) => read,
                Err(err) if err.is_panic() => resume_unwind(err.into_panic()),
                Err(_) => return Err(LookupError::CutOff),
            };
            let rows = rows.map_err(LookupError::Read)?;
            if let Some((at, day)) = waiting.next() {
                reads.spawn(day.read(at, self.ledger.clone(), self.kept.clone()));
            }
            if let Some(day) = planned.get(at) {
                day.give(&rows, questions)?;
            }
        }
        Ok(())
    }

    /// The days to read, each with the questions that want it.
    fn planned(&self, questions: &mut [&mut dyn Question]) -> Vec<PlannedDay<'_>> {
        let mut planned = Vec::new();
        for day in ledger_days(&self.heads) {
            let mut wanted: Option<Wanted> = None;
            let mut readers = Vec::new();
            for (question, asked) in questions.iter_mut().enumerate() {
                let part = asked.wants(&day).map(|it| self.seen(it));
                if let Some(part) = part.filter(|it| !it.owners.is_empty()) {
                    readers.push(Reader { question, owners: part.owners.clone() });
                    wanted = Some(match wanted {
                        Some(wanted) => wanted.union(part),
                        None => part,
                    });
                }
            }
            planned.extend(wanted.map(|wanted| PlannedDay { day, wanted, readers }));
        }
        planned
    }

    fn seen(&self, Wanted { level, owners }: Wanted) -> Wanted {
        Wanted { level, owners: self.access.narrow(owners) }
    }
}

/// A day to read.
struct PlannedDay<'a> {
    day: LedgerDay<'a>,
    wanted: Wanted,
    readers: Vec<Reader>,
}

/// A question that wants a day, by its place.
struct Reader {
    question: usize,
    owners: Owners,
}

impl PlannedDay<'_> {
    /// Reads the rows. A task of its own, so that days are decoded on every core.
    fn read<L: LedgerStore + 'static>(
        &self,
        at: usize,
        ledger: L,
        kept: Option<KeptDays>,
    ) -> impl Future<Output = (usize, Result<Arc<Vec<Rollup>>, StoreError>)> + Send + use<L> {
        let bill = self.day.head.bill.clone();
        let generation = self.day.state.generation.clone();
        let (day, level) = (self.day.day, self.wanted.level);
        let owners = match &self.wanted.owners {
            Owners::All => None,
            Owners::Only(owners) => Some(owners.iter().cloned().collect::<Vec<_>>()),
        };
        let kept = kept.filter(|_| level == Level::Summary && owners.is_none());
        async move {
            let key = DayKey { bill, day, generation };
            if let Some(rows) = kept.as_ref().and_then(|it| it.get(&key)) {
                return (at, Ok(rows));
            }
            let DayKey { bill, generation, .. } = &key;
            let rows = ledger.rollups(bill, day, generation, level, owners.as_deref()).await;
            let rows: Result<Arc<Vec<Rollup>>, StoreError> = rows.map(Arc::new);
            if let (Some(kept), Ok(rows)) = (kept, &rows) {
                kept.keep(key, rows);
            }
            (at, rows)
        }
    }

    fn give(
        &self,
        rows: &[Rollup],
        questions: &mut [&mut dyn Question],
    ) -> Result<(), QuestionError> {
        for reader in &self.readers {
            if let Some(question) = questions.get_mut(reader.question) {
                let is_all = reader.owners == self.wanted.owners;
                let rows = rows.iter().map(Rollup::row);
                for row in rows.filter(|it| is_all || reader.owners.contains(&it.summary().owner)) {
                    question.add(row, &self.day)?;
                }
            }
        }
        Ok(())
    }
}
