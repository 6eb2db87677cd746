//! Budgets: limits, their verdicts, and the alerts to their owners.

mod attributes;
mod drivers;
mod spending;
mod windows;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::civil::Date;

use crate::bill::Status;
use crate::cost::CostKind;
use crate::dimension::Scope;
use crate::letter::{is_misleading, shown};
use crate::meter::Meter;
use crate::money::Money;
use crate::percent::Percent;
use crate::period::{ChargePeriod, Window};
use crate::word::Word;

pub use self::attributes::AttributeValue;
pub use self::drivers::Drivers;
pub use self::spending::BudgetSpending;
pub use self::windows::{BudgetWindow, DATA_AGE_DAYS_MAX, first_month, windows};

/// A limit in money over a scope and a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Its name; unique in the file.
    pub name: Arc<str>,
    /// The owner, who is alerted.
    pub owner: Arc<str>,
    /// A deputy, who is alerted as well.
    pub deputy: Option<Arc<str>>,
    /// The limit; above zero.
    pub limit: Money,
    /// The window; spend starts at zero in each.
    pub window: Window,
    /// The charges that count.
    pub scope: Scope,
    /// Percentages of the limit, ascending, each above zero and once.
    pub thresholds: Vec<u16>,
    /// The cost that counts.
    pub cost_kind: CostKind,
}

/// The spend of a budget in a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spend {
    /// The window.
    pub period: ChargePeriod,
    /// The cost so far.
    pub cost: Money,
    /// The cost of the window before, up to the same day of it.
    pub previous: Money,
    /// How final the cost is.
    pub status: Status,
    /// The end of the last day with data.
    pub data_up_to: Option<Date>,
}

labels! {
    /// How a budget's spend relates to its limit.
    pub enum BudgetState {
        /// No threshold is reached.
        Ok = "ok",
        /// A threshold is reached, and the limit is not.
        Warning = "warning",
        /// The limit is reached, even if no threshold is 100.
        Exceeded = "exceeded",
    }
}

/// A caller, model and meter that drive a cost, and their part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Driver {
    /// The caller, where the bill names it.
    pub caller: Option<Arc<str>>,
    /// The model.
    pub model: Option<Arc<str>>,
    /// The meter.
    pub meter: Word<Meter>,
    /// The cost.
    pub cost: Money,
}

/// Its name, such as `llm-gateway, nova-lite, input_tokens`.
impl fmt::Display for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in [&self.caller, &self.model].into_iter().flatten() {
            write!(f, "{part}, ")?;
        }
        f.write_str(self.meter.as_str())
    }
}

/// The judgement of a budget's spend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The budget.
    pub budget: Budget,
    /// The spend that it is judged by.
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

/// Compares whole femto-units in an `i128`, which holds 10²⁸ times 65,535, so nothing is rounded.
fn is_reached(threshold: u16, limit: Money, cost: Money) -> bool {
    limit.currency() == cost.currency()
        && cost.femto_units() * 100 >= limit.femto_units() * i128::from(threshold)
}

impl Verdict {
    /// The share of the limit that is spent; zero if the spend is in another currency.
    pub fn percent(&self) -> Percent {
        Percent::of(self.spend.cost, self.budget.limit).unwrap_or(Percent::ZERO)
    }

    /// How the spend relates to the limit.
    pub fn state(&self) -> BudgetState {
        if is_reached(100, self.budget.limit, self.spend.cost) {
            BudgetState::Exceeded
        } else if self.reached.is_empty() {
            BudgetState::Ok
        } else {
            BudgetState::Warning
        }
    }

    /// The alerts, one for each threshold that is reached.
    pub fn alert_ids(&self) -> impl Iterator<Item = AlertId> + '_ {
        self.reached.iter().map(|threshold| AlertId {
            budget: Arc::clone(&self.budget.name),
            window: self.budget.window,
            start: self.spend.period.start(),
            threshold: *threshold,
        })
    }

    /// The complete alert. `drivers` are the most expensive first.
    pub fn alert(&self, id: AlertId, drivers: &[Driver]) -> Alert {
        Alert {
            subject: subject(self),
            body: body(self, id.threshold, drivers),
            attributes: attributes::attributes(self, &id),
            id,
        }
    }
}

/// A complete message to an owner: publishing only sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Its identity: the budget, the window's first day and the threshold.
    pub id: AlertId,
    /// One line below 100 characters.
    pub subject: String,
    /// The text.
    pub body: String,
    /// Values for filters and programs by name, exact; [`Alert::published_attributes`] are those that
    /// subscribers get.
    pub attributes: BTreeMap<String, String>,
}

/// The key by which an alert fires once per window.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AlertId {
    /// The budget's name.
    pub budget: Arc<str>,
    /// The kind of window.
    pub window: Window,
    /// The first day of the window.
    pub start: Date,
    /// The threshold in percent.
    pub threshold: u16,
}

impl fmt::Display for AlertId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{}", self.budget, self.window, self.start, self.threshold)
    }
}

/// The strictest channel of alerts refuses a subject of 100 characters or more.
const SUBJECT_CHARS_MAX: usize = 99;

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
    // Channels refuse control characters and long subjects, and a name of earlier releases may bring
    // either.
    text.chars().filter(|it| !is_misleading(*it)).take(SUBJECT_CHARS_MAX).collect()
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

/// Values of each dimension of a scope that a body names: a scope may hold thousands, and a message is
/// limited in size.
const SCOPE_VALUES_MAX: usize = 20;

/// Letters of one line of a body. A message of 256 KiB is refused, and a name can have any length.
const LINE_CHARS_MAX: usize = 2_000;

fn body(verdict: &Verdict, threshold: u16, drivers: &[Driver]) -> String {
    let Verdict { budget, spend, .. } = verdict;
    let mut text = String::new();
    // Names are a bill's: one that brings a line of its own must not look like a line of ours.
    let mut line = |it: String| {
        let it = shown(&it);
        let end = it.char_indices().nth(LINE_CHARS_MAX).map(|(end, _)| end);
        text.push_str(end.and_then(|end| it.get(..end)).unwrap_or(&it));
        text.push_str(if end.is_some() { " …\n" } else { "\n" });
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
    let counted = budget.scope.shortened(SCOPE_VALUES_MAX);
    line(format!("Counts:      {counted}, {} cost", budget.cost_kind.as_str()));
    line(format!("Window:      {} {} (UTC, end excluded)", budget.window, spend.period));
    line(format!(
        "Compared:    {} in the window before, up to the same day",
        spend.previous.to_reader()
    ));
    let up_to = spend.data_up_to.map_or_else(|| "no data yet".to_owned(), |it| it.to_string());
    line(format!("Data up to:  {up_to} ({})", spend.status.as_str()));
    line(String::new());
    line("What drives it:".to_owned());
    for (at, driver) in drivers.iter().enumerate() {
        line(format!("  {}. {} {driver}", at + 1, driver.cost.to_reader()));
    }
    line(String::new());
    let next = budget.thresholds.iter().find(|it| **it > threshold);
    line(match next {
        Some(next) => format!(
            "What happens next: you will be alerted again at {next}%. Nothing is blocked: Tollbook \
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::currency::Currency;
    use crate::dimension::Dimension;
    use crate::testing::*;

    fn budget() -> Budget {
        Budget {
            name: "search-monthly".into(),
            owner: "search".into(),
            deputy: Some("platform".into()),
            limit: usd("1000"),
            window: Window::Monthly,
            scope: Scope(BTreeMap::from([(Dimension::Owner, vec!["search".to_owned()])])),
            thresholds: vec![50, 80, 100],
            cost_kind: CostKind::Unblended,
        }
    }

    fn spend(cost: &str) -> Spend {
        Spend {
            period: span("2026-10-01", "2026-11-01"),
            cost: usd(cost),
            previous: usd("412.5"),
            status: Status::Billed,
            data_up_to: Some(date("2026-10-21")),
        }
    }

    fn alerts(verdict: &Verdict) -> Vec<Alert> {
        let driver = |caller: &str, model: &str, meter: Meter, cost| Driver {
            caller: Some(caller.into()),
            model: Some(model.into()),
            meter: meter.into(),
            cost: usd(cost),
        };
        let drivers = [
            driver("llm-gateway", "claude-sonnet-4.6", Meter::OutputTokens, "610.004"),
            driver("ana@example.com", "nova-lite", Meter::InputTokens, "190"),
        ];
        verdict.alert_ids().map(|id| verdict.alert(id, &drivers)).collect()
    }

    #[track_caller]
    fn check(limit: &str, cost: &str, reached: &[u16], state: BudgetState) {
        let verdict = judge(&Budget { limit: usd(limit), ..budget() }, spend(cost));
        assert_eq!(verdict.reached, reached, "{cost} of {limit}");
        assert_eq!(verdict.state(), state, "{cost} of {limit}");
    }

    #[test]
    fn a_threshold_is_reached_at_exactly_its_part_of_the_limit() {
        check("1000", "499.999999999999999", &[], BudgetState::Ok);
        check("1000", "500", &[50], BudgetState::Warning);
        check("1000", "799.999999999999999", &[50], BudgetState::Warning);
        check("1000", "800", &[50, 80], BudgetState::Warning);
        check("1000", "999.999999999999999", &[50, 80], BudgetState::Warning);
        check("1000", "1000", &[50, 80, 100], BudgetState::Exceeded);
        check("1000", "-5000", &[], BudgetState::Ok);
    }

    #[test]
    fn a_limit_that_does_not_divide_is_judged_exactly() {
        // Half of it has 16 fraction digits: no amount is equal to it.
        check("0.000000000000003", "0.000000000000001", &[], BudgetState::Ok);
        check("0.000000000000003", "0.000000000000002", &[50], BudgetState::Warning);
        check(
            "9999999999999.999999999999999",
            "9999999999999.999999999999998",
            &[50, 80],
            BudgetState::Warning,
        );
    }

    #[test]
    fn a_budget_is_exceeded_at_its_limit_whatever_its_thresholds() {
        for (thresholds, cost, expected) in [
            (vec![50], "1000", BudgetState::Exceeded),
            (vec![120], "1100", BudgetState::Exceeded),
            (vec![120], "999", BudgetState::Ok),
            (vec![], "1", BudgetState::Ok),
        ] {
            let verdict = judge(&Budget { thresholds, ..budget() }, spend(cost));
            assert_eq!(verdict.state(), expected, "{cost}");
        }
    }

    #[test]
    fn another_currency_reaches_nothing() {
        let euro = Currency::parse("EUR").unwrap();
        let limit = Money::parse("1", euro).unwrap().money;
        assert_eq!(judge(&Budget { limit, ..budget() }, spend("5")).reached, [0_u16; 0]);
    }

    #[test]
    fn each_threshold_that_is_reached_is_one_alert() {
        let ids = |cost| -> Vec<String> {
            judge(&budget(), spend(cost)).alert_ids().map(|it| it.to_string()).collect()
        };
        let warning =
            ["search-monthly/monthly/2026-10-01/50", "search-monthly/monthly/2026-10-01/80"];
        assert_eq!(ids("812.5"), warning);
        assert_eq!(ids("900"), warning, "more spend in the window is not another alert");
        assert_eq!(ids("1"), [""; 0]);
    }

    #[test]
    fn an_alert_says_all_there_is_to_say() {
        let alert = alerts(&judge(&budget(), spend("812.505"))).pop().unwrap();
        assert_eq!(
            alert.subject,
            "[AI budget] search-monthly 81.2% of 1,000.00 USD (Oct 2026) - owner search"
        );
        insta::assert_snapshot!(alert.body, @r"
        Budget `search-monthly` has reached 80% of its limit: 812.50 USD of 1,000.00 USD (81.2%).

        Owner:       search
        Deputy:      platform
        Counts:      owner = search, unblended cost
        Window:      monthly 2026-10-01..2026-11-01 (UTC, end excluded)
        Compared:    412.50 USD in the window before, up to the same day
        Data up to:  2026-10-21 (billed)

        What drives it:
          1. 610.00 USD llm-gateway, claude-sonnet-4.6, output_tokens
          2. 190.00 USD ana@example.com, nova-lite, input_tokens

        What happens next: you will be alerted again at 100%. Nothing is blocked: Tollbook reads bills and is not in the way of calls.
        See why: tollbook report --by principal,model --from 2026-10-01 --to 2026-11-01
        ");
    }

    #[test]
    fn the_last_threshold_says_that_no_more_follows() {
        let alert = alerts(&judge(&budget(), spend("1000"))).pop().unwrap();
        assert!(alert.body.contains("this was the last threshold of this window."));
        assert_eq!(alert.attributes["event"], "budget_crossed");
    }

    #[test]
    fn subscribers_get_ten_values_and_compare_numbers_as_numbers() {
        let mut alert = alerts(&judge(&budget(), spend("812.505000009"))).pop().unwrap();
        // Alerts of earlier releases hold more.
        alert.attributes.insert("status".to_owned(), "billed".to_owned());
        let text = |it: &str| AttributeValue::Text(it.to_owned());
        let number = |it: &str| AttributeValue::Number(it.parse().unwrap());
        let expected = [
            ("alert_id", text("search-monthly/monthly/2026-10-01/80")),
            ("budget", text("search-monthly")),
            ("currency", text("USD")),
            ("deputy", text("platform")),
            ("event", text("threshold_crossed")),
            ("limit", number("1000")),
            ("owner", text("search")),
            ("spend", number("812.505")),
            ("threshold_percent", number("80")),
            ("window", text("monthly")),
        ];
        assert_eq!(alert.published_attributes(), expected);
        assert_eq!(alert.attributes["spend"], "812.505000009");
        alert.attributes.insert("deputy".to_owned(), String::new());
        assert_eq!(alert.published_attributes().len(), 9, "a value that is empty is none");
    }

    #[test]
    fn a_body_names_some_of_many_owners() {
        let owners = (0..3_600).map(|it| format!("team-{it}")).collect();
        let scope = Scope(BTreeMap::from([(Dimension::Owner, owners)]));
        let verdict = judge(&Budget { scope, ..budget() }, spend("812.505"));
        let alert = alerts(&verdict).pop().unwrap();
        assert!(alert.body.contains("team-19 or 3580 more, unblended cost"), "{}", alert.body);
    }

    #[test]
    fn a_name_on_a_bill_makes_no_line_of_its_own_and_no_message_that_is_refused() {
        let verdict = judge(&budget(), spend("812.505"));
        let id = verdict.alert_ids().next().unwrap();
        let driver = |caller: &str| Driver {
            caller: Some(caller.into()),
            model: None,
            meter: Word::Known(Meter::InputTokens),
            cost: usd("1"),
        };
        let drivers = [
            driver("a\n\nOwner:       other\r\nSee why: https://example.com"),
            driver("\u{202e}b"),
            driver(&"🦀".repeat(300_000)),
        ];
        let body = verdict.alert(id, &drivers).body;
        let lines: Vec<&str> = body.lines().filter(|it| it.starts_with("  ")).collect();
        assert_eq!(
            lines[..2],
            [
                r"  1. 1.00 USD a\u{a}\u{a}Owner:       other\u{d}\u{a}See why: https://example.com, input_tokens",
                r"  2. 1.00 USD \u{202e}b, input_tokens",
            ]
        );
        assert!(lines[2].ends_with("🦀 …") && body.len() < 256 * 1024, "{}", body.len());
        assert_eq!(body.lines().count(), 16);
    }

    #[test]
    fn windows_have_names() {
        for (window, expected) in [
            (Window::Daily, "2026-10-05"),
            (Window::Weekly, "week of 2026-10-05"),
            (Window::Monthly, "Oct 2026"),
            (Window::Quarterly, "Q4 2026"),
            (Window::Yearly, "2026"),
        ] {
            let period = window.containing(date("2026-10-05")).unwrap();
            assert_eq!(window_name(window, period), expected);
        }
    }

    proptest! {
        #[test]
        fn a_subject_is_one_short_line_whatever_a_name_holds(name in "(?s).{0,200}", owner in "(?s).{0,200}") {
            let budget = Budget { name: name.into(), owner: owner.into(), ..budget() };
            let alert = alerts(&judge(&budget, spend("1000"))).pop().unwrap();
            prop_assert!(alert.subject.chars().count() < 100);
            let breaks = ['\n', '\r', '\0', '\u{85}', '\u{2028}', '\u{2029}'];
            let has_break = alert.subject.contains(breaks);
            prop_assert!(!has_break, "{}", alert.subject);
        }

        #[test]
        fn more_spend_never_reaches_less(less in 0..3_000_i64, more in 0..3_000_i64) {
            let (less, more) = (less.min(more), less.max(more));
            let reached = |cost: i64| judge(&budget(), spend(&cost.to_string())).reached;
            prop_assert!(reached(more).starts_with(&reached(less)));
        }
    }
}
