//! Limits, their judgement, and what is said to their owners.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use jiff::civil::Date;

use crate::bill::Status;
use crate::cost::CostKind;
use crate::dimension::Scope;
use crate::money::Money;
use crate::period::{ChargePeriod, Window};

/// A limit in money over a scope and a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Its name; unique in the file.
    pub name: Arc<str>,
    /// Who is told.
    pub owner: Arc<str>,
    /// Who is told as well.
    pub deputy: Option<Arc<str>>,
    /// The limit; above zero.
    pub limit: Money,
    /// When it starts again.
    pub window: Window,
    /// What counts.
    pub scope: Scope,
    /// Percentages of the limit, ascending, each above zero and once.
    pub thresholds: Vec<u16>,
    /// Which cost.
    pub cost_kind: CostKind,
}

/// What a budget's window came to, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spend {
    /// The window.
    pub period: ChargePeriod,
    /// The cost so far.
    pub cost: Money,
    /// The cost of the window before, up to the same day of it.
    pub previous: Money,
    /// What drove it, dearest first: principal, model and direction, with the cost.
    pub drivers: Vec<(String, Money)>,
    /// How sure the cost is.
    pub status: Status,
    /// The end of the last day with data.
    pub data_up_to: Option<Date>,
}

/// The judgement of a budget's spend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The budget.
    pub budget: Budget,
    /// What it is judged by.
    pub spend: Spend,
    /// The thresholds that are reached, ascending.
    pub reached: Vec<u16>,
}

/// Judges a budget: a threshold is reached when the cost is at least its part of the limit.
pub fn judge(budget: &Budget, spend: Spend) -> Verdict {
    let reached = budget
        .thresholds
        .iter()
        .copied()
        .filter(|threshold| is_reached(*threshold, budget.limit, spend.cost))
        .collect();
    Verdict { budget: budget.clone(), spend, reached }
}

/// Whole femto-units in an `i128`: 10²⁸ times 65,535 is far from its end, so nothing is rounded.
fn is_reached(threshold: u16, limit: Money, cost: Money) -> bool {
    limit.currency() == cost.currency()
        && cost.femto_units() * 100 >= limit.femto_units() * i128::from(threshold)
}

impl Verdict {
    /// The cost in percent of the limit, cut to one digit.
    pub fn percent(&self) -> String {
        let percent = self.spend.cost.percent_of(self.budget.limit);
        percent.map_or_else(|| "0".to_owned(), |it| it.normalize().to_string())
    }

    /// `ok`, `warning` or `exceeded`.
    pub fn state(&self) -> &'static str {
        match self.reached.last() {
            Some(100..) => "exceeded",
            Some(_) => "warning",
            None => "ok",
        }
    }

    /// One alert for each threshold that is reached.
    pub fn alerts(&self) -> impl Iterator<Item = Alert> + '_ {
        self.reached.iter().map(|threshold| Alert::new(self, *threshold))
    }
}

/// Something worth telling an owner, with every word of it: publishing only sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// What makes it one alert: the budget, the window's first day and the threshold.
    pub id: AlertId,
    /// One line below 100 characters.
    pub subject: String,
    /// The text.
    pub body: String,
    /// For filter policies and for machines.
    pub attributes: BTreeMap<String, String>,
}

/// The key by which an alert fires once per window.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AlertId {
    /// The budget's name.
    pub budget: Arc<str>,
    /// The window, and its first day.
    pub window: Window,
    /// The first day of the window.
    pub start: Date,
    /// The threshold in percent.
    pub threshold: u16,
}

impl std::fmt::Display for AlertId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}/{}", self.budget, self.window, self.start, self.threshold)
    }
}

/// SNS refuses a subject of 100 characters or more.
const SUBJECT_CHARS_MAX: usize = 99;

impl Alert {
    fn new(verdict: &Verdict, threshold: u16) -> Alert {
        let id = AlertId {
            budget: Arc::clone(&verdict.budget.name),
            window: verdict.budget.window,
            start: verdict.spend.period.start(),
            threshold,
        };
        Alert {
            subject: subject(verdict),
            body: body(verdict, threshold),
            attributes: attributes(verdict, &id),
            id,
        }
    }
}

fn subject(verdict: &Verdict) -> String {
    let Verdict { budget, spend, .. } = verdict;
    let text = format!(
        "[AI budget] {} {}% of {} ({}) - owner {}",
        budget.name,
        verdict.percent(),
        budget.limit.to_reader(),
        window_name(budget.window, spend.period),
        budget.owner,
    );
    // No control characters, and shorter than SNS's limit, whatever a name holds.
    text.chars().filter(|it| !it.is_control()).take(SUBJECT_CHARS_MAX).collect()
}

fn window_name(window: Window, period: ChargePeriod) -> String {
    let start = period.start();
    match window {
        Window::Daily => start.to_string(),
        Window::Weekly => format!("week of {start}"),
        Window::Monthly => start.strftime("%b %Y").to_string(),
        Window::Quarterly => format!("Q{} {}", (start.month() - 1) / 3 + 1, start.year()),
        Window::Yearly => start.year().to_string(),
    }
}

fn body(verdict: &Verdict, threshold: u16) -> String {
    let Verdict { budget, spend, .. } = verdict;
    let mut text = String::new();
    let mut line = |it: String| {
        // Writing to a `String` does not fail.
        let _ = writeln!(text, "{it}");
    };
    line(format!(
        "Budget `{}` has reached {threshold}% of its limit: {} of {} ({}%).",
        budget.name,
        spend.cost.to_reader(),
        budget.limit.to_reader(),
        verdict.percent()
    ));
    line(String::new());
    line(format!("Owner:       {}", budget.owner));
    if let Some(deputy) = &budget.deputy {
        line(format!("Deputy:      {deputy}"));
    }
    line(format!("Counts:      {}, {} cost", budget.scope, budget.cost_kind.as_str()));
    line(format!("Window:      {} {} (UTC, end excluded)", budget.window, spend.period));
    line(format!(
        "Compared:    {} in the window before, up to the same day",
        spend.previous.to_reader()
    ));
    let up_to = spend.data_up_to.map_or_else(|| "no data yet".to_owned(), |it| it.to_string());
    line(format!("Data up to:  {up_to} ({})", spend.status.as_str()));
    line(String::new());
    line("What drives it:".to_owned());
    for (at, (driver, cost)) in spend.drivers.iter().enumerate() {
        line(format!("  {}. {} {driver}", at + 1, cost.to_reader()));
    }
    line(String::new());
    let next = budget.thresholds.iter().find(|it| **it > threshold);
    line(match next {
        Some(next) => format!(
            "What happens next: you are told once more at {next}%. Nothing is blocked: Tollbook \
             reads bills and is not in the way of calls."
        ),
        None => "What happens next: this was the last threshold of this window. Nothing is \
                 blocked: Tollbook reads bills and is not in the way of calls."
            .to_owned(),
    });
    line(format!(
        "See why: tollbook report --by principal,model --from {} --to {}",
        spend.period.start(),
        spend.period.end()
    ));
    text
}

fn attributes(verdict: &Verdict, id: &AlertId) -> BTreeMap<String, String> {
    let Verdict { budget, spend, .. } = verdict;
    let event = if id.threshold >= 100 { "budget_crossed" } else { "threshold_crossed" };
    let mut attributes = BTreeMap::from(
        [
            ("alert_id", id.to_string()),
            ("event", event.to_owned()),
            ("budget", budget.name.to_string()),
            ("owner", budget.owner.to_string()),
            ("threshold_percent", id.threshold.to_string()),
            ("spend_percent", verdict.percent()),
            ("spend", spend.cost.amount().to_string()),
            ("limit", budget.limit.amount().to_string()),
            ("currency", budget.limit.currency().to_string()),
            ("window", budget.window.to_string()),
            ("window_start", spend.period.start().to_string()),
            ("window_end", spend.period.end().to_string()),
            ("status", spend.status.as_str().to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    if let Some(deputy) = &budget.deputy {
        attributes.insert("deputy".to_owned(), deputy.to_string());
    }
    attributes
}
