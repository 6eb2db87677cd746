//! Makes requests: pages, attempts, limits.

use std::time::Duration;

use jiff::civil::Date;
use ledger_core::period::ChargePeriod;

use super::{CollectError, RequestCount};
use crate::ports::{CostDay, CostGroups, CostQuery, QuickLook, QuickLookError, RequestQuota};

/// How long to wait before each further attempt of a request that came too soon.
const PAUSES: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];

/// How often the first page is asked for again after the token of a later one was refused.
const RESTARTS_MAX: u32 = 2;

/// The limit of a run, in messages.
pub(super) const RUN_LIMIT: &str = "the run reached its limit of requests";

/// A question whose answer may have many pages.
#[derive(Clone, Debug)]
pub(super) enum Question {
    ServiceNames(ChargePeriod),
    Costs { query: CostQuery, is_view: bool },
    ControlTotal(CostQuery),
}

impl Question {
    /// The question in messages.
    pub(super) fn describe(&self) -> String {
        let span = |period: &ChargePeriod| format!("{}..{}", period.start(), period.end());
        match self {
            Question::ServiceNames(period) => format!("the services of {}", span(period)),
            Question::Costs { query, .. } => {
                let services = query.services.join("`, `");
                let groups = match &query.groups {
                    CostGroups::None => String::new(),
                    CostGroups::Services => " by service".to_owned(),
                    CostGroups::TagAndUsageType(key) => format!(" by tag `{key}`"),
                };
                format!("the costs of `{services}`{groups} for {}", span(&query.period))
            }
            Question::ControlTotal(query) => {
                format!("the control total of {}", span(&query.period))
            }
        }
    }
}

/// One page, or all pages together.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) names: Vec<String>,
    pub(super) days: Vec<CostDay>,
    next: Option<String>,
}

/// Why a run stops early.
pub(super) enum Stop {
    /// No request is left: by which limit, and the question that was not asked.
    Capped { by: &'static str, question: String },
    /// An error.
    Failed(Box<CollectError>),
}

impl From<CollectError> for Stop {
    fn from(err: CollectError) -> Stop {
        Stop::Failed(Box::new(err))
    }
}

/// Asks questions and counts the requests that this takes.
pub(super) struct Asker<'a, E, Q> {
    quick_look: &'a E,
    quota: &'a Q,
    today: Date,
    max_requests: u32,
    pub(super) requests: RequestCount,
}

impl<'a, E: QuickLook, Q: RequestQuota> Asker<'a, E, Q> {
    pub(super) fn new(
        quick_look: &'a E,
        quota: &'a Q,
        today: Date,
        max_requests: u32,
    ) -> Asker<'a, E, Q> {
        Asker { quick_look, quota, today, max_requests, requests: RequestCount::default() }
    }

    /// All pages of an answer; from page one again when a token is refused.
    pub(super) async fn all_pages(&mut self, question: &Question) -> Result<Answer, Stop> {
        let mut restart_count = 0;
        let mut all = Answer::default();
        loop {
            let token = all.next.take();
            match self.page(question, token.as_deref()).await? {
                Ok(page) => {
                    all.names.extend(page.names);
                    all.days.extend(page.days);
                    all.next = page.next;
                    if all.next.is_none() {
                        return Ok(all);
                    }
                }
                Err(QuickLookError::UnknownPage(_)) if restart_count < RESTARTS_MAX => {
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
    async fn page(
        &mut self,
        question: &Question,
        token: Option<&str>,
    ) -> Result<Result<Answer, QuickLookError>, Stop> {
        let mut pauses = PAUSES.iter();
        loop {
            self.take(question).await?;
            match (self.send(question, token).await, pauses.next()) {
                (Err(QuickLookError::TooSoon(_)), Some(pause)) => self.quota.pause(*pause).await,
                (answer, _) => return Ok(answer),
            }
        }
    }

    async fn send(
        &self,
        question: &Question,
        token: Option<&str>,
    ) -> Result<Answer, QuickLookError> {
        match question {
            Question::ServiceNames(period) => {
                let page = self.quick_look.service_names(*period, token).await?;
                Ok(Answer { names: page.names, days: Vec::new(), next: page.next })
            }
            Question::Costs { query, .. } | Question::ControlTotal(query) => {
                let page = self.quick_look.costs(query, token).await?;
                Ok(Answer { names: Vec::new(), days: page.days, next: page.next })
            }
        }
    }

    /// Takes one request of what this run and this day have left.
    async fn take(&mut self, question: &Question) -> Result<(), Stop> {
        let capped = |by| Stop::Capped { by, question: question.describe() };
        if self.requests.total() >= u64::from(self.max_requests) {
            return Err(capped(RUN_LIMIT));
        }
        let taken = self.quota.take(self.today).await;
        if !taken.map_err(|err| CollectError::Quota(self.today, err))? {
            return Err(capped("the day's quota of requests is used up"));
        }
        *match question {
            Question::ServiceNames(_) => &mut self.requests.service_names,
            Question::Costs { is_view: false, .. } => &mut self.requests.costs,
            Question::Costs { is_view: true, .. } => &mut self.requests.views,
            Question::ControlTotal(_) => &mut self.requests.control_totals,
        } += 1;
        Ok(())
    }
}
