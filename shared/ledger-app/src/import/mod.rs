//! Imports bills into the ledger.

mod findings;
mod placing;
mod read;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use ledger_core::bill::{BillHead, Delivered, LinesRead, Unread, days_with_lines, held_back};
use ledger_core::bill_rollups::BillRollups;
use ledger_core::cost::CostKind;
use ledger_core::currency::Currency;
use ledger_core::finding::Finding;
use ledger_core::line_item::{BillId, Rejected};
use ledger_core::money::{Money, MoneyError};
use ledger_core::roll_up::RollupsByBill;
use ledger_core::rollup::DayTotal;
use ledger_core::rules::AttributionRules;
use rust_decimal::Decimal;

pub(crate) use self::findings::pending_finding;
use self::placing::{Bills, PART_BYTES_MAX};
use self::read::{merge, read_deliveries};
use crate::dates::Dated;
use crate::ports::{
    BillReplacement, BillSource, Delivery, LedgerStore, Replaced, Retryable, SourceError,
    StoreError,
};

/// Why an import failed. Each bill is replaced as a whole or left as it was.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The input was refused; nothing was written.
    #[error("nothing was imported")]
    Source(#[source] SourceError),
    /// The reading thread ended early.
    #[error("reading stopped before its end")]
    Stopped,
    /// The heads of the ledger could not be read.
    #[error("could not read what the ledger holds")]
    Read(#[source] StoreError),
    /// The ledger failed; bills that were replaced before stay replaced.
    #[error("could not replace {0}")]
    Write(Box<BillId>, #[source] StoreError),
}

/// An import is safe to repeat.
impl Retryable for ImportError {
    fn is_retryable(&self) -> bool {
        match self {
            ImportError::Source(error) => error.is_retryable(),
            ImportError::Stopped => true,
            ImportError::Read(error) | ImportError::Write(_, error) => error.is_retryable(),
        }
    }
}

/// The outcome of an import.
#[derive(Clone, Debug, Default)]
pub struct ImportReport {
    /// The files that were read, in order.
    pub files: Vec<String>,
    /// Lines for generative AI.
    pub lines_ai: u64,
    /// All other lines.
    pub lines_other: u64,
    /// Lines that could not be read; at most the first thousand.
    pub rejected: Vec<Rejected>,
    /// The parts that are in no figure or no field.
    pub unread: Unread,
    /// The number of lines with amounts rounded to 15 fraction digits, and the sum of the
    /// differences.
    pub rounded: (u64, Decimal),
    /// Totals of the lines read, by currency.
    pub totals: BTreeMap<Currency, DayTotal>,
    /// AI lines whose usage type could not be read: their number and cost.
    pub unknown_usage_types: BTreeMap<(Arc<str>, Currency), (u64, Money)>,
    /// Findings, each once.
    pub findings: BTreeSet<Finding>,
    /// The bills, each with the outcome of replacing it.
    pub bills: Vec<(BillId, Replaced)>,
    /// The days of each bill as they were read.
    pub read: BTreeMap<BillId, ReadBill>,
    /// The number of bills whose delivery is held back; they are as they were before.
    pub held_back_count: u64,
}

/// The totals that were read of a bill.
#[derive(Clone, Debug, Default)]
pub struct ReadBill {
    /// By day.
    pub days: BTreeMap<Date, BTreeMap<Currency, DayTotal>>,
    /// Whether other days have no cost.
    pub is_whole: bool,
}

/// Whether a delivery that would take money away is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accept {
    /// It is held back until a later one confirms it.
    Good,
    /// It is taken.
    All,
}

/// The place of a delivery whose bill the ledger has from another export, or from other files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placement {
    /// Its lines decide: the same bill, a part of it, or refused.
    Compared,
    /// It is the part of this name.
    Part(Arc<str>),
    /// It is the whole bill.
    Replacing,
}

impl Placement {
    /// A part of this name.
    ///
    /// # Errors
    ///
    /// A sentence where it cannot be a name.
    pub fn part(name: &str) -> Result<Placement, String> {
        let is_name = !name.trim().is_empty() && !name.chars().any(char::is_control);
        if is_name && name.len() <= PART_BYTES_MAX {
            return Ok(Placement::Part(name.into()));
        }
        Err(format!("expected a name of 1 to {PART_BYTES_MAX} bytes without control characters"))
    }
}

/// The terms of an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Whether a delivery is taken that would take money away.
    pub accept: Accept,
    /// The place of its bills in the ledger.
    pub placement: Placement,
}

/// The lines decide where it goes.
impl From<Accept> for Terms {
    fn from(accept: Accept) -> Terms {
        Terms { accept, placement: Placement::Compared }
    }
}

impl ImportReport {
    /// All lines that were read or rejected.
    pub fn lines_read(&self) -> u64 {
        self.lines_ai + self.lines_other + self.unread.rejected_count
    }

    /// The cost kinds that the bills of a currency state.
    pub fn stated(total: &DayTotal) -> impl Iterator<Item = CostKind> {
        CostKind::ALL.into_iter().filter(move |kind| {
            total.ai.stated(*kind).is_some() || total.other.stated(*kind).is_some()
        })
    }
}

/// Reads every delivery of a source, gives each line an owner and replaces the bills.
///
/// Safe to repeat: bills that did not change cost no write. One bad line is counted and does not
/// hide a good file; a file that cannot be read as a whole, or lines that the ledger may have from
/// elsewhere, refuse the import before any write.
///
/// # Errors
///
/// [`ImportError`].
pub async fn import_bills(
    source: Arc<impl BillSource>,
    rules: Arc<AttributionRules>,
    terms: impl Into<Terms>,
    now: Timestamp,
    progress: impl Fn(Progress) + Send + Sync + 'static,
    ledger: &impl LedgerStore,
) -> Result<ImportReport, ImportError> {
    let terms = terms.into();
    let source = Arc::new(Dated::new(source, now));
    let progress = Arc::new(progress);
    let mut report = ImportReport::default();
    let from = Arc::clone(&source);
    let deliveries = tokio::task::spawn_blocking(move || from.deliveries())
        .await
        .map_err(|_| ImportError::Stopped)?
        .map_err(ImportError::Source)?;
    progress(Progress::Begin { bytes: deliveries.iter().map(|it| it.bytes).sum() });
    // Everything is read and decided before anything is written: a refused input leaves the ledger
    // as it was.
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let read = read_deliveries(&source, deliveries, (&rules, threads), &progress).await?;
    let mut batches = Vec::new();
    for (delivery, (rollups, partial)) in read {
        let lines =
            LinesRead { rejected: partial.unread.rejected_count, all: partial.lines_read() };
        let unread = Arc::new(partial.unread.clone());
        let failed = |err| ImportError::Source(SourceError::Money(delivery.name.clone(), err));
        let faults = findings::faults_of_accounts(&partial.findings);
        merge(&mut report, partial).map_err(failed)?;
        batches.push(Batch { delivery, rollups, lines, unread, faults });
    }
    let months = batches
        .iter()
        .flat_map(|it| it.rollups.keys().map(|it| it.period).chain(it.delivery.period));
    let heads = match months.min() {
        Some(first) => ledger.heads(first).await.map_err(ImportError::Read)?,
        None => Vec::new(),
    };
    let mut plan = Plan { bills: Bills::new(heads, ledger), steps: Vec::new(), after: Vec::new() };
    for batch in batches {
        report.files.extend(batch.delivery.files.iter().cloned());
        let run = Run { terms: &terms, now, rules_version: rules.version };
        plan.add(batch, run, &mut report).await?;
    }
    let Plan { steps, after, .. } = plan;
    for (step, after) in steps.into_iter().zip(after) {
        progress(Progress::Writing(step.bill.to_string()));
        write(step, after, &mut report, ledger).await?;
    }
    Ok(report)
}

/// A delivery that is read.
struct Batch {
    delivery: Delivery,
    rollups: RollupsByBill,
    lines: LinesRead,
    unread: Arc<Unread>,
    /// Faults by which its lines may look like others.
    faults: Vec<String>,
}

/// One import.
#[derive(Clone, Copy)]
struct Run<'a> {
    terms: &'a Terms,
    now: Timestamp,
    rules_version: u64,
}

/// The replacements of an import, before any of them is written.
struct Plan<'a, L> {
    bills: Bills<'a, L>,
    /// In order.
    steps: Vec<BillReplacement>,
    /// For each step what is reported once it is written.
    after: Vec<After>,
}

/// The report of a replacement.
struct After {
    read: ReadBill,
    /// Where the delivery is taken.
    findings: Vec<Finding>,
}

/// The terms of one delivery, once all of it is read.
#[derive(Clone, Copy)]
struct Taking<'a> {
    delivery: &'a Delivery,
    lines: LinesRead,
    unread: &'a Arc<Unread>,
    run: Run<'a>,
    is_complete: bool,
}

impl Taking<'_> {
    fn replacement(&self, bill: BillId, days: BillRollups) -> BillReplacement {
        BillReplacement {
            bill,
            days,
            is_complete: self.is_complete,
            based_on: None,
            export: self.delivery.export.clone(),
            files: None,
            takes_over: false,
            is_chosen_part: false,
            delivered_at: self.delivery.delivered_at,
            imported_at: self.run.now,
            rules_version: self.run.rules_version,
            unread: Arc::clone(self.unread),
            pending: None,
        }
    }
}

impl<L: LedgerStore> Plan<'_, L> {
    /// Decides about the bills of one delivery, and those that its export no longer contains.
    async fn add(
        &mut self,
        batch: Batch,
        run: Run<'_>,
        report: &mut ImportReport,
    ) -> Result<(), ImportError> {
        let Batch { delivery, rollups, lines, unread, faults } = batch;
        let ids: Vec<BillId> = rollups.keys().cloned().collect();
        let mut delivered = Delivered {
            export: delivery.export.as_ref(),
            period: delivery.period,
            delivered_at: delivery.delivered_at,
            is_complete: delivery.is_complete,
            is_read_whole: lines.rejected == 0,
            bills: &ids,
        };
        let is_replacing = run.terms.placement == Placement::Replacing;
        let is_complete = delivered.restates_whole_bill() || is_replacing;
        if delivered.is_mixed() && !is_replacing {
            report.findings.insert(findings::mixed(&delivery, &ids));
        }
        let taking = Taking { delivery: &delivery, lines, unread: &unread, run, is_complete };
        let mut placed = Vec::new();
        for (bill, days) in rollups {
            placed.push(self.add_bill(bill, days, &ids, &faults, taking).await?);
        }
        delivered.bills = &placed;
        let heads: Vec<BillHead> = self.bills.heads().cloned().collect();
        for bill in delivered.withdraws(&heads) {
            let finding = findings::withdrawn(&delivery, &bill);
            let ours = taking.replacement(bill, BillRollups::default());
            self.step(ours, vec![finding], taking)?;
        }
        Ok(())
    }

    /// Decides about one bill of a delivery, which has those of `ids`; returns its place.
    async fn add_bill(
        &mut self,
        bill: BillId,
        days: BillRollups,
        ids: &[BillId],
        faults: &[String],
        taking: Taking<'_>,
    ) -> Result<BillId, ImportError> {
        let Taking { delivery, run, is_complete, .. } = taking;
        let (placement, days_read) = (&run.terms.placement, &days);
        let ours =
            placing::Delivered { delivery, faults, ids, bill: &bill, days: days_read, is_complete };
        let place = self.bills.place(&ours, placement, &self.steps).await?;
        let files = delivery.file_set.clone().map(Arc::new);
        let ours = BillReplacement {
            files: files.filter(|_| place.keeps_files),
            takes_over: place.takes_over,
            is_chosen_part: matches!(placement, Placement::Part(_)),
            ..taking.replacement(place.bill.clone(), days)
        };
        let mut findings: Vec<Finding> = place.finding.into_iter().collect();
        findings.extend(self.days_kept(delivery, &ours));
        self.step(ours, findings, taking)?;
        for bill in place.cleared {
            let finding = findings::replaced(delivery, &bill);
            let ours = taking.replacement(bill, BillRollups::default());
            let ours =
                BillReplacement { export: None, delivered_at: None, takes_over: true, ..ours };
            self.step(ours, vec![finding], taking)?;
        }
        Ok(place.bill)
    }

    /// Days that stay although files lack them. Of an export's bill, files are at most a copy.
    fn days_kept(&self, delivery: &Delivery, ours: &BillReplacement) -> Option<Finding> {
        let head = self.bills.head(&ours.bill).filter(|_| !ours.is_complete)?;
        let is_copy = delivery.export.is_none() && ours.files.is_none();
        let read: BTreeSet<Date> = ours.days.totals().map(|it| it.0).collect();
        let kept: Vec<Date> = days_with_lines(head).filter(|it| !read.contains(it)).collect();
        let is_said = !kept.is_empty() && !is_copy;
        is_said.then(|| findings::days_kept(delivery, &ours.bill, &kept))
    }

    fn step(
        &mut self,
        ours: BillReplacement,
        findings: Vec<Finding>,
        taking: Taking<'_>,
    ) -> Result<(), ImportError> {
        let Taking { delivery, lines, run, .. } = taking;
        // The user who replaces a bill knows that it takes something away.
        let is_replacing = run.terms.placement == Placement::Replacing;
        let head = self.bills.head(&ours.bill).filter(|_| !is_replacing);
        let failed = |err| ImportError::Source(SourceError::Money(delivery.name.clone(), err));
        let days = ours.days.totals().map(|(day, totals)| (day, totals.clone())).collect();
        let read = ReadBill { days, is_whole: ours.is_complete };
        let ours = admitted(head, ours, lines, run.terms.accept).map_err(failed)?;
        self.bills.plan(&ours, self.steps.len());
        self.steps.push(ours);
        self.after.push(After { read, findings });
        Ok(())
    }
}

/// Replaces a bill.
async fn write(
    ours: BillReplacement,
    after: After,
    report: &mut ImportReport,
    ledger: &impl LedgerStore,
) -> Result<(), ImportError> {
    let (bill, pending) = (ours.bill.clone(), ours.pending.clone());
    let replaced = ledger.replace(ours).await;
    let replaced = replaced.map_err(|err| ImportError::Write(Box::new(bill.clone()), err))?;
    report.held_back_count += u64::from(pending.is_some());
    match pending {
        Some(pending) => {
            report.findings.insert(pending_finding(&bill, &pending));
        }
        None if replaced.is_superseded => {
            report.findings.insert(findings::superseded(&bill));
        }
        None => report.findings.extend(after.findings),
    }
    let read = report.read.entry(bill.clone()).or_default();
    if after.read.is_whole {
        *read = after.read;
    } else {
        read.days.extend(after.read.days);
    }
    report.bills.push((bill, replaced));
    Ok(())
}

/// The replacement to write: that of the delivery, or one that holds the delivery back.
fn admitted(
    head: Option<&BillHead>,
    ours: BillReplacement,
    lines: LinesRead,
    accept: Accept,
) -> Result<BillReplacement, MoneyError> {
    match (accept, held_back(head, &ours, lines)?) {
        (Accept::Good, Some(pending)) => Ok(ours.held_back(pending)),
        (Accept::Good, None) => Ok(ours),
        // With a date in the future it would keep out all that follow.
        (Accept::All, _) => Ok(BillReplacement {
            delivered_at: ours.delivered_at.map(|it| it.min(ours.imported_at)),
            ..ours
        }),
    }
}

/// The progress of an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The deliveries are known.
    Begin {
        /// The size of all files.
        bytes: u64,
    },
    /// The number of bytes read since the last time.
    Read(u64),
    /// The bill that is being written.
    Writing(String),
}
