//! Collects what Cost Explorer says of a period: the quick look between two bills.
//!
//! Each page is a request that AWS charges for, so every one of them is counted, capped and
//! reported. A month is written when all of it was answered, or not at all.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use ledger_core::aws::ai_service::is_ai;
use ledger_core::aws::models::{CanonicalModel, canonical_model};
use ledger_core::aws::usage_type::UsageType;
use ledger_core::bill_rollups::BillRollups;
use ledger_core::cost::{CostKind, Costs};
use ledger_core::currency::Currency;
use ledger_core::line_item::{BillId, Finding, LineItem, Provenance, Source, Tags, UNKNOWN_PAYER};
use ledger_core::money::{Money, MoneyError, parse_decimal};
use ledger_core::period::{BillingPeriod, ChargePeriod, PeriodError};
use ledger_core::reconciliation::SETTLING_DAYS;
use ledger_core::roll_up::RollupBuilder;
use ledger_core::rollup::DayRollups;
use ledger_core::rules::AttributionRules;
use ledger_core::tokens::token_count;
use rust_decimal::Decimal;

use crate::ports::{BillReplacement, LedgerStore, StoreError};

/// How long to wait before each further attempt of a request that came too soon.
const PAUSES: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];

/// How often a chain of pages begins again after its token was refused.
const RESTARTS_MAX: u32 = 2;

/// How the name of a Marketplace service that is a model ends.
const MARKETPLACE_EDITION: &str = "(Amazon Bedrock Edition)";

/// Cost Explorer prints amounts with ten decimals: sums of them may be off by the last digit of
/// each.
const PRINTED_DIGIT: Decimal = Decimal::from_parts(1, 0, 0, false, 10);

/// What costs are asked for, by day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostQuery {
    /// The days.
    pub period: ChargePeriod,
    /// Only these values of `SERVICE`; empty for all.
    pub services: Vec<String>,
    /// The tag key to group by.
    pub tag_key: Option<String>,
    /// Whether to group by usage type, too.
    pub by_usage_type: bool,
}

/// One page of the names of services.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamePage {
    /// The names.
    pub names: Vec<String>,
    /// The token of the next page, if there is one.
    pub next: Option<String>,
}

/// One page of costs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CostPage {
    /// Days, or parts of days: a day may go on in the next page, and may come twice in one.
    pub days: Vec<CostDay>,
    /// The token of the next page, if there is one.
    pub next: Option<String>,
}

/// What a page says of one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostDay {
    /// The UTC day; the first of a longer span.
    pub day: Date,
    /// Whether the figures may change.
    pub estimated: bool,
    /// The groups; for an answer without groups its total, without tag and usage type.
    pub groups: Vec<CostGroup>,
}

/// The cost of one group, amounts as they were written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CostGroup {
    /// The value of the tag; `None` where there is none.
    pub tag_value: Option<String>,
    /// The usage type; `None` where it was not grouped by.
    pub usage_type: Option<String>,
    /// `UnblendedCost`.
    pub unblended: Option<String>,
    /// `NetUnblendedCost`.
    pub net_unblended: Option<String>,
    /// `AmortizedCost`.
    pub amortized: Option<String>,
    /// `NetAmortizedCost`.
    pub net_amortized: Option<String>,
    /// `UsageQuantity`.
    pub usage_amount: Option<String>,
    /// The unit of the usage, such as `1K tokens`; `N/A` where unlike units were added.
    pub unit: Option<String>,
    /// The currency of the costs.
    pub currency: Option<String>,
}

/// Where costs are asked. Each call is one request, which costs money; none is repeated inside.
pub trait CostExplorer: Send + Sync {
    /// A page of the names of all services that cost something in a period.
    fn service_names(
        &self,
        period: ChargePeriod,
        token: Option<&str>,
    ) -> impl Future<Output = Result<NamePage, CostExplorerError>> + Send;

    /// A page of costs.
    fn costs(
        &self,
        query: &CostQuery,
        token: Option<&str>,
    ) -> impl Future<Output = Result<CostPage, CostExplorerError>> + Send;
}

/// Why Cost Explorer did not answer, and what to do about it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CostExplorerError {
    /// Too many requests a second.
    #[error("Cost Explorer got too many requests a second; try again in a few minutes")]
    Throttled,
    /// Too many requests in a short time.
    #[error("Cost Explorer got too many requests in a short time; try again in an hour")]
    LimitExceeded,
    /// There is no data for what was asked.
    #[error(
        "Cost Explorer has no data for the period; ask for later days, or wait a day if it was switched on just now"
    )]
    DataUnavailable,
    /// What was asked for is too long ago.
    #[error("Cost Explorer no longer keeps the period; ask for later days")]
    BillExpired,
    /// The token of a page is not known any more.
    #[error("Cost Explorer no longer knows the page it named; try again")]
    InvalidToken,
    /// The token of a page belongs to another request.
    #[error("Cost Explorer took a page for one of another request; try again")]
    RequestChanged,
    /// The caller has no permission.
    #[error(
        "access to Cost Explorer is denied; allow `ce:GetCostAndUsage` and `ce:GetDimensionValues`, and check that the credentials are valid"
    )]
    AccessDenied,
    /// Cost Explorer is switched off, for the account or for its members.
    #[error(
        "Cost Explorer is not switched on; open it once in the payer account's billing console, and let member accounts use it there"
    )]
    NotEnabled,
    /// The request was wrong.
    #[error("Cost Explorer refused the request: {0}")]
    Validation(String),
    /// No answer came, or none but a failure.
    #[error("Cost Explorer could not be reached or failed; try again later")]
    Unreachable(#[source] Arc<dyn std::error::Error + Send + Sync>),
    /// An answer came that is not one of Cost Explorer's; the text says what was expected.
    #[error("the answer of Cost Explorer cannot be read: {0}")]
    Unreadable(String),
}

impl CostExplorerError {
    /// Whether asking the same later may help.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Throttled
            | Self::LimitExceeded
            | Self::InvalidToken
            | Self::RequestChanged
            | Self::Unreachable(_) => true,
            Self::DataUnavailable
            | Self::BillExpired
            | Self::AccessDenied
            | Self::NotEnabled
            | Self::Validation(_)
            | Self::Unreadable(_) => false,
        }
    }

    fn came_too_soon(&self) -> bool {
        matches!(self, Self::Throttled | Self::LimitExceeded)
    }

    fn refuses_token(&self) -> bool {
        matches!(self, Self::InvalidToken | Self::RequestChanged)
    }
}

/// The hard cap on requests a day, over all runs.
pub trait RequestQuota: Send + Sync {
    /// Takes one request from what is left of a day; `false` when nothing is left.
    fn take(&self, day: Date) -> impl Future<Output = Result<bool, StoreError>> + Send;
}

/// Waits between attempts.
pub trait Pause: Send + Sync {
    /// Comes back after this long.
    fn pause(&self, duration: Duration) -> impl Future<Output = ()> + Send;
}

/// Waits by the clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClockPause;

impl Pause for ClockPause {
    async fn pause(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// What to collect.
#[derive(Clone, Debug)]
pub struct CollectRequest {
    /// The days; those after `today` are left out.
    pub period: ChargePeriod,
    /// Tag keys as Cost Explorer spells them, such as `iamPrincipal/team`. The first makes the
    /// ledger, further ones are views of the same money.
    pub tag_keys: Vec<String>,
    /// How many requests this run may make.
    pub max_requests: u32,
    /// The payer's account id, where it is known.
    pub payer: Option<String>,
    /// When the run began.
    pub now: Timestamp,
    /// The UTC day whose quota the requests are taken from.
    pub today: Date,
}

/// How many requests were made, each attempt and each page counted.
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

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CollectReport {
    /// The requests made.
    pub requests: RequestCount,
    /// The days collected by the primary tag key.
    pub days: u64,
    /// What these come to, by currency; the amounts by cost kind.
    pub totals: BTreeMap<Currency, Costs>,
    /// What a person should know.
    pub findings: Vec<Finding>,
    /// Bills and views of which something changed.
    pub bills_written: Vec<BillId>,
    /// Bills and views that were as they had been.
    pub bills_unchanged: Vec<BillId>,
}

/// Why a run ended early. Months that were complete before stay written.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// There is no key to group by.
    #[error("no tag key to group by was given; expected at least one, such as `iamPrincipal/team`")]
    NoTagKey,
    /// The period begins after today.
    #[error(
        "the period begins on {start}, which is after today, {today}; expected days up to today"
    )]
    Future {
        /// Its first day.
        start: Date,
        /// Today.
        today: Date,
    },
    /// Cost Explorer did not answer.
    #[error("could not ask for {question}")]
    Ask {
        /// What was asked for.
        question: String,
        /// The cause, which says what to do.
        #[source]
        source: CostExplorerError,
    },
    /// An amount could not be read or added.
    #[error("could not read the amounts of {question}")]
    Amount {
        /// What was asked for.
        question: String,
        /// The cause.
        #[source]
        source: MoneyError,
    },
    /// The daily cap could not be asked.
    #[error("could not take a request from the quota of {0}")]
    Quota(Date, #[source] StoreError),
    /// The ledger failed; readers see what they saw before.
    #[error("could not replace {0}")]
    Write(BillId, #[source] StoreError),
}

impl CollectError {
    /// Whether trying again may help.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::NoTagKey | Self::Future { .. } | Self::Amount { .. } => false,
            Self::Ask { source, .. } => source.is_retryable(),
            Self::Quota(_, source) | Self::Write(_, source) => source.is_retryable(),
        }
    }
}

/// What a run asks for if nobody says otherwise: to the end of yesterday, from the first of the
/// month in which days may still change.
///
/// # Errors
///
/// [`PeriodError`] at the ends of the calendar.
pub fn recent_period(today: Date) -> Result<ChargePeriod, PeriodError> {
    let unsettled = today.saturating_sub((SETTLING_DAYS + 1).days());
    ChargePeriod::new(unsettled.first_of_month(), today)
}

/// Asks Cost Explorer for a period and replaces what the ledger held of it from there.
///
/// Safe to repeat: a second run with the same answers leaves the same ledger. When the requests
/// allowed are used up it stops; the report says what was not asked.
///
/// # Errors
///
/// On any [`CollectError`] each month is in the ledger as it was before, or complete.
pub async fn collect(
    request: CollectRequest,
    rules: &AttributionRules,
    explorer: &impl CostExplorer,
    ledger: &impl LedgerStore,
    quota: &impl RequestQuota,
    pause: &impl Pause,
) -> Result<CollectReport, CollectError> {
    let months = months_until(request.period, request.today)?;
    if request.tag_keys.is_empty() {
        return Err(CollectError::NoTagKey);
    }
    let mut run = Run {
        request: &request,
        rules,
        explorer,
        ledger,
        quota,
        pause,
        report: CollectReport::default(),
    };
    match run.all(&months).await {
        Ok(()) => {}
        Err(Halt::Failed(err)) => return Err(*err),
        Err(Halt::Capped { by, not_asked }) => {
            let message = format!(
                "{by} after {} requests; not asked: {not_asked}; raise the limit or ask for fewer days",
                run.report.requests.total()
            );
            run.report.findings.push(Finding { code: "request-cap", message });
        }
    }
    Ok(run.report)
}

/// Why a run stops.
enum Halt {
    Capped { by: &'static str, not_asked: String },
    Failed(Box<CollectError>),
}

impl From<CollectError> for Halt {
    fn from(err: CollectError) -> Halt {
        Halt::Failed(Box::new(err))
    }
}

/// A chain of pages to ask for.
#[derive(Clone, Debug)]
enum Question {
    ServiceNames(ChargePeriod),
    Costs { query: CostQuery, is_view: bool },
    ControlTotal(CostQuery),
}

impl Question {
    fn describe(&self) -> String {
        let span = |period: &ChargePeriod| format!("{}..{}", period.start(), period.end());
        match self {
            Question::ServiceNames(period) => format!("the services of {}", span(period)),
            Question::Costs { query, .. } => format!(
                "the costs of `{}` by tag `{}` for {}",
                query.services.join("`, `"),
                query.tag_key.as_deref().unwrap_or_default(),
                span(&query.period)
            ),
            Question::ControlTotal(query) => {
                format!("the control total of {}", span(&query.period))
            }
        }
    }
}

/// One page, or all pages of a chain.
#[derive(Debug, Default)]
struct Answer {
    names: Vec<String>,
    days: Vec<CostDay>,
    next: Option<String>,
}

/// Daily costs by currency, and of how many groups.
type DailyCosts = BTreeMap<(Date, Currency), (Costs, u64)>;

/// A month that was collected by the primary tag key, and what its views need.
struct Collected {
    period: ChargePeriod,
    control: DailyCosts,
}

struct Run<'a, E, L, Q, P> {
    request: &'a CollectRequest,
    rules: &'a AttributionRules,
    explorer: &'a E,
    ledger: &'a L,
    quota: &'a Q,
    pause: &'a P,
    report: CollectReport,
}

impl<E: CostExplorer, L: LedgerStore, Q: RequestQuota, P: Pause> Run<'_, E, L, Q, P> {
    async fn all(&mut self, months: &[ChargePeriod]) -> Result<(), Halt> {
        let request = self.request;
        let services = self.ai_services(months).await.map_err(|halt| {
            not_asked_instead(halt, format!("all of {}", list_of(months.iter().copied())))
        })?;
        if services.is_empty() {
            self.report.findings.push(Finding {
                code: "no-ai-service",
                message: format!(
                    "Cost Explorer names no service for generative AI in {}..{}; if there should be one, check that it is the payer account that asks",
                    request.period.start(),
                    request.period.end()
                ),
            });
        }
        let mut keys = request.tag_keys.iter();
        let mut collected = Vec::new();
        let Some(primary) = keys.next() else { return Ok(()) };
        let mut silent = SilentKey::default();
        for (at, period) in months.iter().enumerate() {
            let control = self.month(*period, primary, &services, None, &mut silent).await;
            let control = control.map_err(|halt| {
                let left = list_of(months.iter().skip(at).copied());
                let views = request.tag_keys.iter().skip(1).map(|key| format!(", view `{key}`"));
                not_asked_instead(halt, format!("{left}{}", views.collect::<String>()))
            })?;
            collected.push(Collected { period: *period, control });
        }
        self.report.findings.extend(silent.finding(primary));
        for (at_key, key) in request.tag_keys.iter().enumerate().skip(1) {
            let mut silent = SilentKey::default();
            for (at, month) in collected.iter().enumerate() {
                let done =
                    self.month(month.period, key, &services, Some(&month.control), &mut silent);
                done.await.map_err(|halt| {
                    let left = list_of(collected.iter().skip(at).map(|it| it.period));
                    let more = request.tag_keys.iter().skip(at_key + 1);
                    let more = more.map(|key| format!(", view `{key}`")).collect::<String>();
                    not_asked_instead(halt, format!("{left} of view `{key}`{more}"))
                })?;
            }
            self.report.findings.extend(silent.finding(key));
        }
        Ok(())
    }

    async fn ai_services(&mut self, months: &[ChargePeriod]) -> Result<Vec<String>, Halt> {
        let (Some(first), Some(last)) = (months.first(), months.last()) else {
            return Ok(Vec::new());
        };
        let period = ChargePeriod::new(first.start(), last.end()).unwrap_or(*first);
        let mut names = self.chain(&Question::ServiceNames(period)).await?.names;
        let unread = UsageType::parse("");
        names.retain(|name| is_ai(Some(name), None, Some(name), None, &unread));
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// Collects one month by one tag key; a `control` total that is there makes it a view.
    async fn month(
        &mut self,
        period: ChargePeriod,
        key: &str,
        services: &[String],
        control: Option<&DailyCosts>,
        silent: &mut SilentKey,
    ) -> Result<DailyCosts, Halt> {
        let bill = BillId {
            period: BillingPeriod::containing(period.start()),
            source: match control {
                None => Source::CostExplorer,
                Some(_) => Source::View(key.into()),
            },
            payer: self.request.payer.as_deref().unwrap_or(UNKNOWN_PAYER).into(),
        };
        let mut reader = Reader::new(bill, key);
        for service in services {
            let query = CostQuery {
                period,
                services: vec![service.clone()],
                tag_key: Some(key.to_owned()),
                by_usage_type: true,
            };
            let question = Question::Costs { query, is_view: control.is_some() };
            let days = self.chain(&question).await?.days;
            reader.read(service, period, &days).map_err(|err| err.while_asking(&question))?;
        }
        let asked_control = match control {
            Some(_) => None,
            None if services.is_empty() => Some(DailyCosts::new()),
            None => Some(self.control_total(period, services).await?),
        };
        silent.saw(&reader);
        self.report.findings.extend(reader.findings());
        let expected = control.or(asked_control.as_ref());
        if let Some(expected) = expected {
            let findings = compare(&reader.bill, &reader.sums, expected);
            self.report.findings.extend(findings);
        }
        let is_primary = control.is_none();
        if is_primary {
            self.add_to_totals(period, &reader.sums)?;
        }
        self.write(period, reader).await?;
        Ok(asked_control.unwrap_or_default())
    }

    async fn control_total(
        &mut self,
        period: ChargePeriod,
        services: &[String],
    ) -> Result<DailyCosts, Halt> {
        let question = Question::ControlTotal(CostQuery {
            period,
            services: services.to_vec(),
            tag_key: None,
            by_usage_type: false,
        });
        let days = self.chain(&question).await?.days;
        let mut sums = DailyCosts::new();
        for day in &days {
            for group in &day.groups {
                let read = read_costs(group).map_err(|err| err.while_asking(&question))?;
                let Some((costs, _)) = read else { continue };
                add_costs(&mut sums, day.day, &costs)
                    .map_err(|err| ReadError::Money(err).while_asking(&question))?;
            }
        }
        Ok(sums)
    }

    fn add_to_totals(&mut self, period: ChargePeriod, sums: &DailyCosts) -> Result<(), Halt> {
        for ((_, currency), (costs, _)) in sums {
            let total = self.report.totals.entry(*currency).or_insert(Costs::zero(*currency));
            *total = total.checked_add(costs).map_err(|source| CollectError::Amount {
                question: format!("the total of {}..{}", period.start(), period.end()),
                source,
            })?;
        }
        Ok(())
    }

    async fn write(&mut self, period: ChargePeriod, reader: Reader) -> Result<(), Halt> {
        let bill = reader.bill.clone();
        let amount_error = |source| CollectError::Amount { question: bill.to_string(), source };
        let (days, findings) = reader.finish(period, self.rules).map_err(amount_error)?;
        self.report.findings.extend(findings);
        if bill.source == Source::CostExplorer {
            self.report.days += u64::try_from(days.len()).unwrap_or(u64::MAX);
        }
        let replacement = BillReplacement {
            bill: bill.clone(),
            days: BillRollups::from_days(days).map_err(amount_error)?,
            is_complete: false,
            export: None,
            delivered_at: None,
            imported_at: self.request.now,
            rules_version: self.rules.version,
        };
        let replaced = self
            .ledger
            .replace(replacement)
            .await
            .map_err(|err| CollectError::Write(bill.clone(), err))?;
        if replaced.days_written == 0 && replaced.days_removed == 0 {
            self.report.bills_unchanged.push(bill);
        } else {
            self.report.bills_written.push(bill);
        }
        Ok(())
    }

    /// All pages of a question; from page one again when a token is refused.
    async fn chain(&mut self, question: &Question) -> Result<Answer, Halt> {
        let mut restart_count = 0;
        let mut all = Answer::default();
        loop {
            let token = all.next.take();
            match self.ask(question, token.as_deref()).await? {
                Ok(page) => {
                    all.names.extend(page.names);
                    all.days.extend(page.days);
                    all.next = page.next;
                    if all.next.is_none() {
                        return Ok(all);
                    }
                }
                Err(err) if err.refuses_token() && restart_count < RESTARTS_MAX => {
                    restart_count += 1;
                    all = Answer::default();
                }
                Err(source) => {
                    let question = question.describe();
                    return Err(CollectError::Ask { question, source }.into());
                }
            }
        }
    }

    /// One page, with pauses between attempts that came too soon.
    async fn ask(
        &mut self,
        question: &Question,
        token: Option<&str>,
    ) -> Result<Result<Answer, CostExplorerError>, Halt> {
        let mut pauses = PAUSES.iter();
        loop {
            self.take(question).await?;
            let answer = match question {
                Question::ServiceNames(period) => self
                    .explorer
                    .service_names(*period, token)
                    .await
                    .map(|page| Answer { names: page.names, next: page.next, ..Answer::default() }),
                Question::Costs { query, .. } | Question::ControlTotal(query) => self
                    .explorer
                    .costs(query, token)
                    .await
                    .map(|page| Answer { days: page.days, next: page.next, ..Answer::default() }),
            };
            match answer {
                Err(err) if err.came_too_soon() => match pauses.next() {
                    Some(pause) => self.pause.pause(*pause).await,
                    None => return Ok(Err(err)),
                },
                other => return Ok(other),
            }
        }
    }

    /// Takes one request from what this run and this day have left.
    async fn take(&mut self, question: &Question) -> Result<(), Halt> {
        let capped = |by| Halt::Capped { by, not_asked: question.describe() };
        if self.report.requests.total() >= u64::from(self.request.max_requests) {
            return Err(capped("the run reached its limit of requests"));
        }
        let today = self.request.today;
        let taken = self.quota.take(today).await;
        if !taken.map_err(|err| CollectError::Quota(today, err))? {
            return Err(capped("the day's quota of requests is used up"));
        }
        let requests = &mut self.report.requests;
        *match question {
            Question::ServiceNames(_) => &mut requests.service_names,
            Question::Costs { is_view: false, .. } => &mut requests.costs,
            Question::Costs { is_view: true, .. } => &mut requests.views,
            Question::ControlTotal(_) => &mut requests.control_totals,
        } += 1;
        Ok(())
    }
}

/// Whether a tag key said anything at all.
#[derive(Default)]
struct SilentKey {
    tagged: bool,
    untagged: bool,
}

impl SilentKey {
    fn saw(&mut self, reader: &Reader) {
        self.tagged |= reader.tagged_count > 0;
        self.untagged |= reader.line_count > reader.tagged_count;
    }

    fn finding(&self, key: &str) -> Option<Finding> {
        let name = key.strip_prefix("iamPrincipal/").unwrap_or(key);
        (self.untagged && !self.tagged).then(|| Finding {
            code: "tag-key-silent",
            message: format!(
                "no cost carries the tag `{key}`; activate `iamPrincipal/{name}` as a cost allocation tag in the payer account"
            ),
        })
    }
}

/// Turns the answers of one month and tag key into rollups.
struct Reader {
    bill: BillId,
    key: Arc<str>,
    builder: RollupBuilder,
    sums: DailyCosts,
    estimated: BTreeMap<Date, bool>,
    line_count: u64,
    tagged_count: u64,
    rounded: Decimal,
}

enum ReadError {
    Money(MoneyError),
    Unreadable(String),
}

impl ReadError {
    fn while_asking(self, question: &Question) -> CollectError {
        let question = question.describe();
        match self {
            ReadError::Money(source) => CollectError::Amount { question, source },
            ReadError::Unreadable(reason) => {
                CollectError::Ask { question, source: CostExplorerError::Unreadable(reason) }
            }
        }
    }
}

impl Reader {
    fn new(bill: BillId, key: &str) -> Reader {
        Reader {
            bill,
            key: key.into(),
            builder: RollupBuilder::default(),
            sums: DailyCosts::new(),
            estimated: BTreeMap::new(),
            line_count: 0,
            tagged_count: 0,
            rounded: Decimal::ZERO,
        }
    }

    fn read(
        &mut self,
        service: &str,
        period: ChargePeriod,
        days: &[CostDay],
    ) -> Result<(), ReadError> {
        let service: Arc<str> = service.into();
        let file: Arc<str> = format!("cost-explorer:{service}").into();
        let mut group_number = 0;
        for day in days {
            if !period.contains(day.day) {
                return Err(ReadError::Unreadable(format!(
                    "it tells of {}; expected days of {}..{}",
                    day.day,
                    period.start(),
                    period.end()
                )));
            }
            *self.estimated.entry(day.day).or_default() |= day.estimated;
            for group in &day.groups {
                group_number += 1;
                let Some((costs, rounded)) = read_costs(group)? else { continue };
                let provenance = Provenance { file: Arc::clone(&file), line: group_number };
                let line_item = self.line_item(provenance, &service, day, group, costs);
                self.line_count += 1;
                self.tagged_count += u64::from(!line_item.tags.is_empty());
                self.rounded += rounded;
                add_costs(&mut self.sums, day.day, &costs).map_err(ReadError::Money)?;
                self.builder.add(&line_item).map_err(ReadError::Money)?;
            }
        }
        Ok(())
    }

    fn line_item(
        &self,
        provenance: Provenance,
        service: &Arc<str>,
        day: &CostDay,
        group: &CostGroup,
        costs: Costs,
    ) -> LineItem {
        let usage_type = UsageType::parse(group.usage_type.as_deref().unwrap_or_default());
        let usage_amount = group.usage_amount.as_deref().and_then(|it| parse_decimal(it).ok());
        let meter = usage_type.meter_within_bedrock();
        let tokens =
            usage_amount.and_then(|amount| token_count(meter, amount, group.unit.as_deref(), None));
        let model = model_of(&usage_type, service);
        let tags: Tags = group
            .tag_value
            .as_deref()
            .map(|value| (Arc::clone(&self.key), value.into()))
            .into_iter()
            .collect();
        LineItem {
            provenance,
            bill: self.bill.clone(),
            day: day.day,
            account: "".into(),
            line_type: "Usage".into(),
            service: Arc::clone(service),
            region: usage_type.region.map(Arc::from),
            usage_type: Arc::new(usage_type),
            principal: None,
            tags: Arc::new(tags),
            publisher: model.as_ref().and_then(|it| it.publisher).map(Arc::from),
            model: model.map(|it| it.name.into()),
            tokens,
            ai: true,
            estimated: day.estimated,
            costs,
        }
    }

    fn findings(&self) -> Option<Finding> {
        (!self.rounded.is_zero()).then(|| Finding {
            code: "amount-rounded",
            message: format!(
                "amounts of {} had more than 15 decimals; rounding added {}",
                self.bill, self.rounded
            ),
        })
    }

    /// The days asked, also those without cost.
    fn finish(
        self,
        period: ChargePeriod,
        rules: &AttributionRules,
    ) -> Result<(BTreeMap<Date, DayRollups>, Vec<Finding>), MoneyError> {
        let (mut bills, findings) = self.builder.finish(rules)?;
        let told = bills.remove(&self.bill).unwrap_or_default();
        let mut days: BTreeMap<Date, DayRollups> = told.iter().collect::<Result<_, _>>()?;
        for day in period.days() {
            let rollups = days.entry(day).or_default();
            rollups.estimated |= self.estimated.get(&day).copied().unwrap_or_default();
        }
        Ok((days, findings))
    }
}

/// The model that the usage type names, or else the service.
fn model_of(usage_type: &UsageType, service: &str) -> Option<CanonicalModel> {
    let of_usage_type = usage_type.model.as_deref();
    of_usage_type
        .or(Some(service).filter(|it| it.ends_with(MARKETPLACE_EDITION)))
        .map(canonical_model)
}

/// The costs of a group, and what rounding added; nothing for a total that is nothing.
fn read_costs(group: &CostGroup) -> Result<Option<(Costs, Decimal)>, ReadError> {
    let missing =
        |metric| ReadError::Unreadable(format!("it has no `{metric}`; expected an amount"));
    let unblended = group.unblended.as_deref().ok_or_else(|| missing("UnblendedCost"))?;
    let others = [&group.net_unblended, &group.amortized, &group.net_amortized];
    let is_total = group.tag_value.is_none() && group.usage_type.is_none();
    let is_nothing = |text: &str| parse_decimal(text).is_ok_and(|it| it.is_zero());
    if is_total && is_nothing(unblended) && others.into_iter().flatten().all(|it| is_nothing(it)) {
        return Ok(None);
    }
    let code = group.currency.as_deref().unwrap_or_default();
    let currency = Currency::parse(code).map_err(|err| ReadError::Unreadable(err.to_string()))?;
    let read = |it: &str| Money::parse(it, currency).map_err(ReadError::Money);
    let unblended = read(unblended)?;
    let mut amounts = [None; 3];
    for (amount, text) in amounts.iter_mut().zip(others) {
        *amount = text.as_deref().map(read).transpose()?.map(|it| it.money);
    }
    let [net, amortized, net_amortized] = amounts;
    let costs = Costs::new(unblended.money, net)
        .and_then(|it| it.amortized_to(amortized, net_amortized))
        .map_err(ReadError::Money)?;
    Ok(Some((costs, unblended.difference)))
}

fn add_costs(sums: &mut DailyCosts, day: Date, costs: &Costs) -> Result<(), MoneyError> {
    let currency = costs.currency();
    let (sum, count) = sums.entry((day, currency)).or_insert((Costs::zero(currency), 0));
    *sum = sum.checked_add(costs)?;
    *count += 1;
    Ok(())
}

/// Tells each day whose groups do not come to its control total.
fn compare(bill: &BillId, sums: &DailyCosts, control: &DailyCosts) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut keys: Vec<_> = sums.keys().chain(control.keys()).copied().collect();
    keys.sort_unstable();
    keys.dedup();
    for (day, currency) in keys {
        let nothing = (Costs::zero(currency), 0);
        let (sum, count) = sums.get(&(day, currency)).unwrap_or(&nothing);
        let (total, _) = control.get(&(day, currency)).unwrap_or(&nothing);
        let tolerance = PRINTED_DIGIT * Decimal::from(*count + 1);
        for kind in CostKind::ALL {
            let (sum, total) = (sum.of(kind), total.of(kind));
            if (sum.amount() - total.amount()).abs() > tolerance {
                findings.push(Finding {
                    code: "control-total",
                    message: format!(
                        "{bill}: the groups of {day} come to {sum}, its control total is {total} ({}); collect the day again",
                        kind.as_str()
                    ),
                });
            }
        }
    }
    findings
}

/// The part of a period in each month, without the days after today.
fn months_until(period: ChargePeriod, today: Date) -> Result<Vec<ChargePeriod>, CollectError> {
    let future = || CollectError::Future { start: period.start(), today };
    let end = period.end().min(today.tomorrow().unwrap_or(today));
    let mut months = Vec::new();
    let mut start = period.start();
    while start < end {
        let month = BillingPeriod::containing(start).charge_period();
        let month_end = month.map_or(end, |it| it.end().min(end));
        months.push(ChargePeriod::new(start, month_end).map_err(|_| future())?);
        start = month_end;
    }
    if months.is_empty() { Err(future()) } else { Ok(months) }
}

fn list_of(periods: impl Iterator<Item = ChargePeriod>) -> String {
    let texts: Vec<_> = periods.map(|it| format!("{}..{}", it.start(), it.end())).collect();
    texts.join(", ")
}

fn not_asked_instead(halt: Halt, what: String) -> Halt {
    match halt {
        Halt::Capped { by, not_asked } => {
            Halt::Capped { by, not_asked: format!("{what}, from {not_asked} on") }
        }
        failed @ Halt::Failed(_) => failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_month_is_asked_until_it_has_settled() {
        for (today, from, to) in [
            ("2026-11-20", "2026-11-01", "2026-11-20"),
            ("2026-11-04", "2026-10-01", "2026-11-04"),
            ("2026-11-05", "2026-11-01", "2026-11-05"),
            ("2026-11-01", "2026-10-01", "2026-11-01"),
            ("2027-01-02", "2026-12-01", "2027-01-02"),
        ] {
            let period = recent_period(today.parse().unwrap()).unwrap();
            assert_eq!(period.start().to_string(), from, "{today}");
            assert_eq!(period.end().to_string(), to, "{today}");
        }
        // Before the first day there is nothing.
        assert!(recent_period(Date::MIN).is_err());
    }
}
