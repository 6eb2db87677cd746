//! Collects a quick look at costs: those that a provider reports between two bills.
//!
//! Each page is a request that the provider charges for, so every request is counted, capped and
//! reported. A month is written when all of it was answered, or not at all.
//!
//! `ask` makes requests, `read` turns answers into rollups, `compare` checks them against the
//! control totals, `plan` decides what to ask for, `known` which days of it the ledger has already;
//! this module writes.

mod ask;
mod compare;
mod error;
mod known;
mod plan;
mod read;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use ledger_core::aws::ai_service::is_ai;
use ledger_core::aws::usage_type::UsageType;
use ledger_core::bill::BillHead;
use ledger_core::bill_rollups::BillRollups;
use ledger_core::cost::Costs;
use ledger_core::currency::Currency;
use ledger_core::finding::{Finding, FindingCode};
use ledger_core::line_item::BillId;
use ledger_core::period::{BillingPeriod, ChargePeriod, PeriodError};
use ledger_core::reconciliation::SETTLING_DAYS;
use ledger_core::rules::AttributionRules;
use ledger_core::source::{Source, SourceKind};

use self::ask::{Asker, Question, RUN_LIMIT, Stop};
use self::compare::{DailyCosts, add_costs, compare, of};
pub use self::error::CollectError;
use self::known::{asked_by, is_known, spans};
pub use self::plan::Depth;
use self::plan::{Step, TOTALS_REQUESTS_MAX, steps};
use self::read::{Reader, SilentKey, read_costs};
use crate::ports::{
    BillReplacement, CostDay, CostGroups, CostQuery, LedgerStore, QuickLook, RequestQuota,
};

/// A run: days, tag keys and limits.
#[derive(Clone, Debug)]
pub struct CollectRequest {
    /// The days; those after `today` are left out.
    pub period: ChargePeriod,
    /// Tag keys as the provider spells them, such as `iamPrincipal/team`. The first fills the
    /// ledger; each further one is another view of the same costs.
    pub tag_keys: Vec<String>,
    /// Largest number of requests of this run.
    pub max_requests: u32,
    /// The payer's account id, where it is known.
    pub payer: Option<String>,
    /// How much is asked of days that a bill has. With [`Depth::Totals`], days that were asked before
    /// and whose control totals are those of the ledger are not asked again.
    pub beside_bills: Depth,
    /// When the run began.
    pub now: Timestamp,
    /// The UTC day whose quota the requests are taken from.
    pub today: Date,
}

impl CollectRequest {
    /// The bill of a month.
    fn bill(&self, month: ChargePeriod, source: Source) -> BillId {
        let period = BillingPeriod::containing(month.start());
        BillId { period, source, payer: self.payer.as_deref().map(Arc::from), part: None }
    }
}

/// Requests made; each attempt and each page counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestCount {
    /// For the names of services.
    pub service_names: u64,
    /// For costs by the primary tag key.
    pub costs: u64,
    /// For control totals.
    pub control_totals: u64,
    /// For costs by further tag keys.
    pub views: u64,
}

impl RequestCount {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.service_names + self.costs + self.control_totals + self.views
    }
}

/// Outcome of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CollectReport {
    /// The requests made.
    pub requests: RequestCount,
    /// The days collected by the primary tag key.
    pub days: u64,
    /// Days that were collected before by the primary tag key, and whose totals agree.
    pub days_known: u64,
    /// The totals of those collected by currency, in all cost kinds.
    pub totals: BTreeMap<Currency, Costs>,
    /// Findings for a person.
    pub findings: Vec<Finding>,
    /// Whether a limit that a person sets was below what the run asks.
    pub is_short: bool,
    /// Bills and views that changed.
    pub bills_written: Vec<BillId>,
    /// Bills and views that were the same as before.
    pub bills_unchanged: Vec<BillId>,
}

/// The default period of a run: to the end of yesterday, from the first of the month in which days
/// may still change.
///
/// # Errors
///
/// [`PeriodError`] at the ends of the calendar.
pub fn recent_period(today: Date) -> Result<ChargePeriod, PeriodError> {
    let unsettled = today.saturating_sub((SETTLING_DAYS + 1).days());
    ChargePeriod::new(unsettled.first_of_month(), today)
}

/// Collects a period and replaces what the ledger holds of it from this source.
///
/// Safe to repeat: a second run with the same answers leaves the same ledger. It stops when the
/// allowed requests are used up; the report then names what is missing.
///
/// # Errors
///
/// On any [`CollectError`] each month is in the ledger as it was before, or complete.
pub async fn collect(
    request: CollectRequest,
    rules: &AttributionRules,
    quick_look: &impl QuickLook,
    ledger: &impl LedgerStore,
    quota: &impl RequestQuota,
) -> Result<CollectReport, CollectError> {
    if request.tag_keys.is_empty() {
        return Err(CollectError::NoTagKey);
    }
    let from = BillingPeriod::containing(request.period.start());
    let heads = ledger.heads(from).await.map_err(|err| CollectError::Bills(from, err))?;
    let bill = |it| request.bill(it, Source::AWS_QUICK_LOOK);
    let steps = steps(request.period, request.today, request.beside_bills, &heads, bill)?;
    let has_bills = steps.iter().all(|it| it.depth == Depth::Totals);
    let max_requests =
        request.max_requests.min(if has_bills { TOTALS_REQUESTS_MAX } else { u32::MAX });
    let asker = Asker::new(quick_look, quota, request.today, max_requests);
    let mut run = Run {
        request: &request,
        steps: &steps,
        heads: &heads,
        rules,
        ledger,
        asker,
        left: String::new(),
        report: CollectReport::default(),
    };
    let outcome = run.all().await;
    run.report.requests = run.asker.requests;
    match outcome {
        Ok(()) => {}
        Err(Stop::Failed(err)) => return Err(*err),
        Err(Stop::Capped { by, question }) => {
            // Beside bills the limit is one of ours, and the next run asks again.
            let is_ours = has_bills && request.max_requests >= TOTALS_REQUESTS_MAX;
            run.report.is_short = !(is_ours && by == RUN_LIMIT);
            let fix = match run.report.is_short {
                true => "raise the limit or ask for fewer days",
                false => "the next run asks again",
            };
            let message = format!(
                "{by} after {} requests; not asked: {}, from {question} on; {fix}",
                run.report.requests.total(),
                run.left,
            );
            run.report.findings.push(Finding { code: FindingCode::RequestCap, message });
        }
    }
    Ok(run.report)
}

/// The state of a run.
struct Run<'a, E, L, Q> {
    request: &'a CollectRequest,
    steps: &'a [Step],
    /// The bills of the ledger before the run.
    heads: &'a [BillHead],
    rules: &'a AttributionRules,
    ledger: &'a L,
    asker: Asker<'a, E, Q>,
    /// The months and views that are missing if the run stops here, as text for the report.
    left: String,
    report: CollectReport,
}

impl<E: QuickLook, L: LedgerStore, Q: RequestQuota> Run<'_, E, L, Q> {
    async fn all(&mut self) -> Result<(), Stop> {
        self.left = format!("all of {}", list_of(self.steps));
        let services = self.ai_services().await?;
        let mut controls = Vec::new();
        for (key_at, key) in self.request.tag_keys.iter().enumerate() {
            let mut silent = SilentKey::default();
            for (step_at, Step { period, depth }) in self.steps.iter().enumerate() {
                self.left = self.left_from(key_at, step_at);
                match (key_at, depth, controls.get(step_at)) {
                    (0, Depth::Whole, _) => {
                        let control = self.primary(*period, key, &services, &mut silent).await?;
                        controls.push(control);
                    }
                    (0, Depth::Totals, _) => {
                        self.totals(*period, &services).await?;
                        controls.push(DailyCosts::new());
                    }
                    (_, Depth::Whole, Some(control)) => {
                        self.view(*period, key, &services, control, &mut silent).await?;
                    }
                    (_, Depth::Totals, _) | (_, _, None) => {}
                }
            }
            self.report.findings.extend(silent.finding(key));
        }
        Ok(())
    }

    /// The months and views from a key and a month on.
    fn left_from(&self, key_at: usize, step_at: usize) -> String {
        let mut left = list_of(self.steps.get(step_at..).unwrap_or_default());
        for (at, key) in self.request.tag_keys.iter().enumerate().skip(key_at.max(1)) {
            let joint = if at == key_at { " of" } else { "," };
            left.push_str(&format!("{joint} view `{key}`"));
        }
        left
    }

    /// Names of the services for generative AI in all months.
    async fn ai_services(&mut self) -> Result<Vec<String>, Stop> {
        let (Some(first), Some(last)) = (self.steps.first(), self.steps.last()) else {
            return Ok(Vec::new());
        };
        let (first, last) = (first.period, last.period);
        let period = ChargePeriod::new(first.start(), last.end()).unwrap_or(first);
        let mut names = self.asker.all_pages(&Question::ServiceNames(period)).await?.names;
        let unread = UsageType::parse("");
        names.retain(|name| is_ai(Some(name), None, Some(name), None, &unread));
        names.sort();
        names.dedup();
        if names.is_empty() {
            self.report.findings.push(Finding {
                code: FindingCode::NoAiService,
                message: format!(
                    "no service for generative AI is named in {}..{}; if there should be one, check that the payer account asks",
                    self.request.period.start(),
                    self.request.period.end()
                ),
            });
        }
        Ok(names)
    }

    /// Collects a month by the primary tag key; returns its control totals.
    async fn primary(
        &mut self,
        period: ChargePeriod,
        key: &str,
        services: &[String],
        silent: &mut SilentKey,
    ) -> Result<DailyCosts, Stop> {
        let bill = self.request.bill(period, Source::AWS_QUICK_LOOK);
        let control = self.control_total(period, services).await?;
        let spans = self.unknown(&bill, period, key, &control);
        let asked_count: usize = spans.iter().map(|it| it.days().count()).sum();
        let known_count = period.days().count().saturating_sub(asked_count);
        self.report.days_known += u64::try_from(known_count).unwrap_or(u64::MAX);
        if spans.is_empty() {
            self.report.bills_unchanged.push(bill);
            return Ok(control);
        }
        let reader = self.read(bill, &spans, key, services).await?;
        silent.saw(&reader, known_count == 0);
        let of_spans = of(&control, &spans);
        self.report.findings.extend(compare(&reader.bill, &reader.sums, &of_spans));
        self.write_primary(&spans, reader).await?;
        Ok(control)
    }

    /// The days of a month that are asked by a tag key: those that the ledger does not have as their
    /// control totals say. Under other rules it is all of them, so that one write owns the whole month.
    fn unknown(
        &self,
        bill: &BillId,
        period: ChargePeriod,
        key: &str,
        control: &DailyCosts,
    ) -> Vec<ChargePeriod> {
        let held = self.heads.iter().find(|it| it.bill == *bill);
        let held = held.filter(|it| it.rules_version == self.rules.version);
        match held.filter(|_| self.request.beside_bills == Depth::Totals) {
            None => vec![period],
            Some(held) => {
                let mark = asked_by(key);
                spans(period.days().filter(|day| !is_known(held, *day, &mark, control)))
            }
        }
    }

    /// Collects the totals of each service in days that a bill has.
    async fn totals(&mut self, period: ChargePeriod, services: &[String]) -> Result<(), Stop> {
        // Without a filter these would be the totals of all services.
        if services.is_empty() {
            return Ok(());
        }
        let mut reader = Reader::new(self.request.bill(period, Source::AWS_QUICK_LOOK), "");
        let (services, groups) = (services.to_vec(), CostGroups::Services);
        let question = Question::ControlTotal(CostQuery { period, services, groups });
        let days = self.asker.all_pages(&question).await?.days;
        for (service, days) in by_service(days) {
            reader.read(&service, period, &days).map_err(|err| err.while_asking(&question))?;
        }
        self.write_primary(&[period], reader).await
    }

    /// Replaces the days of the quick look, and counts them.
    async fn write_primary(&mut self, spans: &[ChargePeriod], reader: Reader) -> Result<(), Stop> {
        for ((_, currency), (costs, _)) in &reader.sums {
            let total = self.report.totals.entry(*currency).or_insert(Costs::zero(*currency));
            *total = total.checked_add(costs).map_err(|source| CollectError::Amount {
                question: format!("the total of {}", list(spans)),
                source,
            })?;
        }
        self.report.days += self.write(spans, reader).await?;
        Ok(())
    }

    /// Collects a month by a further tag key.
    async fn view(
        &mut self,
        period: ChargePeriod,
        key: &str,
        services: &[String],
        control: &DailyCosts,
        silent: &mut SilentKey,
    ) -> Result<(), Stop> {
        let bill = self.request.bill(period, Source::aws_view(key));
        let spans = self.unknown(&bill, period, key, control);
        if spans.is_empty() {
            self.report.bills_unchanged.push(bill);
            return Ok(());
        }
        let reader = self.read(bill, &spans, key, services).await?;
        silent.saw(&reader, spans == [period]);
        self.report.findings.extend(compare(&reader.bill, &reader.sums, &of(control, &spans)));
        self.write(&spans, reader).await?;
        Ok(())
    }

    /// Asks for the costs of each service by a tag key.
    async fn read(
        &mut self,
        bill: BillId,
        spans: &[ChargePeriod],
        key: &str,
        services: &[String],
    ) -> Result<Reader, Stop> {
        let is_view = matches!(bill.source.kind, SourceKind::View(_));
        let mut reader = Reader::new(bill, key);
        for (service, period) in services.iter().flat_map(|it| spans.iter().map(move |of| (it, of)))
        {
            let query = CostQuery {
                period: *period,
                services: vec![service.clone()],
                groups: CostGroups::TagAndUsageType(key.to_owned()),
            };
            let question = Question::Costs { query, is_view };
            let days = self.asker.all_pages(&question).await?.days;
            reader.read(service, *period, &days).map_err(|err| err.while_asking(&question))?;
        }
        Ok(reader)
    }

    /// Daily totals of some services without groups.
    async fn control_total(
        &mut self,
        period: ChargePeriod,
        services: &[String],
    ) -> Result<DailyCosts, Stop> {
        let mut sums = DailyCosts::new();
        // Without a filter the totals would be those of all services.
        if services.is_empty() {
            return Ok(sums);
        }
        let question = Question::ControlTotal(CostQuery {
            period,
            services: services.to_vec(),
            groups: CostGroups::None,
        });
        let days = self.asker.all_pages(&question).await?.days;
        for day in &days {
            for group in &day.groups {
                let read = read_costs(group).map_err(|err| err.while_asking(&question))?;
                if let Some((costs, _)) = read {
                    add_costs(&mut sums, day.day, &costs).map_err(|source| {
                        CollectError::Amount { question: question.describe(), source }
                    })?;
                }
            }
        }
        Ok(sums)
    }

    /// Replaces the days of a bill that were asked; returns their number. A day without an answer
    /// keeps the cost that it had: none was taken back, which would be an answer of zero.
    async fn write(&mut self, spans: &[ChargePeriod], reader: Reader) -> Result<u64, Stop> {
        let (bill, files) = (reader.bill.clone(), reader.asked_by().map(Arc::new));
        self.report.findings.extend(reader.rounding());
        let amount_error = |source| CollectError::Amount { question: bill.to_string(), source };
        let (mut days, findings) = reader.finish(spans, self.rules).map_err(amount_error)?;
        self.report.findings.extend(findings);
        let day_count = u64::try_from(days.len()).unwrap_or(u64::MAX);
        let before = self.heads.iter().find(|it| it.bill == bill);
        let had_cost = |day: &Date| {
            let day = before.and_then(|it| it.days.get(day));
            day.is_some_and(|it| !it.totals.is_empty())
        };
        let kept: Vec<Date> = days
            .extract_if(.., |day, rollups| rollups.positions.is_empty() && had_cost(day))
            .map(|it| it.0)
            .collect();
        if let (Some(first), Some(last)) = (kept.first(), kept.last()) {
            self.report.findings.push(Finding {
                code: FindingCode::QuickLookEmpty,
                message: format!(
                    "{bill}: nothing was answered for {} days from {first} to {last} that had cost before; they stay as they were",
                    kept.len(),
                ),
            });
        }
        let replacement = BillReplacement {
            bill: bill.clone(),
            days: BillRollups::from_days(days).map_err(amount_error)?,
            is_complete: false,
            based_on: None,
            export: None,
            files,
            takes_over: false,
            is_chosen_part: false,
            delivered_at: None,
            imported_at: self.request.now,
            rules_version: self.rules.version,
            unread: Arc::default(),
            pending: None,
        };
        let replaced = self
            .ledger
            .replace(replacement)
            .await
            .map_err(|err| CollectError::Write(Box::new(bill.clone()), err))?;
        if replaced.days_written == 0 && replaced.days_removed == 0 {
            self.report.bills_unchanged.push(bill);
        } else {
            self.report.bills_written.push(bill);
        }
        Ok(day_count)
    }
}

/// The days of each service.
fn by_service(days: Vec<CostDay>) -> BTreeMap<String, Vec<CostDay>> {
    let mut services: BTreeMap<String, Vec<CostDay>> = BTreeMap::new();
    for CostDay { day, estimated, groups } in days {
        for group in groups {
            let service = group.service.clone().unwrap_or_default();
            let groups = vec![group];
            services.entry(service).or_default().push(CostDay { day, estimated, groups });
        }
    }
    services
}

fn list(periods: &[ChargePeriod]) -> String {
    let texts = periods.iter().map(|it| format!("{}..{}", it.start(), it.end()));
    texts.collect::<Vec<_>>().join(", ")
}

fn list_of(steps: &[Step]) -> String {
    list(&steps.iter().map(|it| it.period).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests;
