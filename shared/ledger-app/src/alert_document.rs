//! An alert as JSON, for programs that subscribe. `docs/alerts/alert.schema.json` describes it.

use jiff::civil::Date;
use ledger_core::anomaly::{Anomaly, Part};
use ledger_core::budget::{Alert, Budget, Crossing, Driver, Projection, Verdict};
use ledger_core::money::Money;
use serde::Serialize;

/// The form of documents, which a program can ask for.
const SCHEMA: &str = "tollbook-alert-1";

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    alert_id: String,
    event: &'a str,
    subject: &'a str,
    receivers: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<&'a str>,
    #[serde(flatten)]
    about: About<'a>,
}

/// Characters of a name or a text: an item of the ledger has 400 KB, and a bill can name anything.
const TEXT_CHARS_MAX: usize = 1_000;

/// Values of each dimension of a scope, and entries of a digest.
const ENTRIES_MAX: usize = 50;

/// Characters of a scope.
const SCOPE_CHARS_MAX: usize = 4_000;

/// Parts of an anomaly's excess.
const PARTS_MAX: usize = 200;

/// The member that an alert is about.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum About<'a> {
    Budget(Box<BudgetPart<'a>>),
    Anomaly(AnomalyPart<'a>),
    Digest(DigestPart<'a>),
    Test(TestPart),
}

#[derive(Serialize)]
struct BudgetPart<'a> {
    name: &'a str,
    owner: &'a str,
    deputy: Option<&'a str>,
    scope: String,
    cost_kind: &'static str,
    window: &'static str,
    from: String,
    to: String,
    currency: String,
    limit: String,
    rolled_over: String,
    spend: String,
    percent: String,
    previous: Option<String>,
    beside: Vec<Amount>,
    status: &'static str,
    data_up_to: Option<String>,
    crossed: Vec<CrossedPart>,
    reached_percent: &'a [u16],
    next_threshold_percent: Option<u16>,
    projection: Option<ProjectionPart>,
    drivers: Vec<DriverPart<'a>>,
}

#[derive(Serialize)]
struct CrossedPart {
    threshold_percent: u16,
    how: &'static str,
}

#[derive(Serialize)]
struct Amount {
    currency: String,
    cost: String,
}

#[derive(Serialize)]
struct ProjectionPart {
    expected: String,
    low: String,
    high: String,
}

#[derive(Serialize)]
struct DriverPart<'a> {
    caller: Option<&'a str>,
    model: Option<&'a str>,
    meter: String,
    cost: String,
}

#[derive(Serialize)]
struct AnomalyPart<'a> {
    id: &'a str,
    kind: &'static str,
    dimension: String,
    value: &'a str,
    first: String,
    last: String,
    currency: String,
    actual: String,
    expected: String,
    excess: String,
    parts: Vec<ExcessPart<'a>>,
    rest: Option<String>,
}

#[derive(Serialize)]
struct ExcessPart<'a> {
    effect: &'static str,
    model: Option<&'a str>,
    meter: String,
    amount: String,
}

#[derive(Serialize)]
struct DigestPart<'a> {
    from: String,
    to: String,
    entries: Vec<&'a str>,
    entry_count: usize,
}

#[derive(Serialize)]
struct TestPart {
    at: String,
}

/// The same alert with its document as one about a budget.
pub fn of_budget(alert: Alert, verdict: &Verdict, drivers: &[Driver], page: Option<&str>) -> Alert {
    let Verdict { budget, spend, reached, projection } = verdict;
    let crossings: Vec<Crossing> = alert.crossings().collect();
    let crossed = crossings
        .iter()
        .map(|it| CrossedPart { threshold_percent: it.threshold, how: it.kind.as_str() });
    let next = budget.thresholds.iter().find(|it| !reached.contains(it));
    let about = About::Budget(Box::new(BudgetPart {
        name: cut(&budget.name),
        owner: cut(&budget.owner),
        deputy: budget.deputy.as_deref().map(cut),
        scope: scope_of(budget),
        cost_kind: budget.cost_kind.as_str(),
        window: budget.window().as_str(),
        from: spend.period.start().to_string(),
        to: spend.period.end().to_string(),
        currency: budget.limit.currency().to_string(),
        limit: amount(budget.limit),
        rolled_over: amount(spend.rolled_over),
        spend: amount(spend.cost),
        percent: verdict.percent().to_string(),
        previous: spend.previous.map(amount),
        beside: spend.beside.iter().copied().map(amount_beside).collect(),
        status: spend.status.as_str(),
        data_up_to: spend.data_up_to.map(|it| it.to_string()),
        crossed: crossed.collect(),
        reached_percent: reached,
        next_threshold_percent: next.copied(),
        projection: projection.map(|Projection { expected, low, high }| ProjectionPart {
            expected: amount(expected),
            low: amount(low),
            high: amount(high),
        }),
        drivers: drivers.iter().map(driver_part).collect(),
    }));
    with_document(&alert, page, about)
}

/// The same alert with its document as one about an anomaly.
pub fn of_anomaly(alert: Alert, anomaly: &Anomaly, page: Option<&str>) -> Alert {
    let about = About::Anomaly(AnomalyPart {
        id: anomaly.id.as_str(),
        kind: anomaly.kind_word(),
        dimension: anomaly.series.dimension.to_string(),
        value: cut(&anomaly.series.value),
        first: anomaly.first.to_string(),
        last: anomaly.last.to_string(),
        currency: anomaly.excess.currency().to_string(),
        actual: amount(anomaly.actual),
        expected: amount(anomaly.expected),
        excess: amount(anomaly.excess),
        parts: anomaly.parts.iter().take(PARTS_MAX).map(excess_part).collect(),
        rest: rest_of(anomaly),
    });
    with_document(&alert, page, about)
}

/// The same alert with its document as a digest of messages.
pub fn of_digest(
    alert: Alert,
    (from, to): (Date, Date),
    entries: &[String],
    page: Option<&str>,
) -> Alert {
    let entry_count = entries.len();
    let entries = entries.iter().take(ENTRIES_MAX).map(|it| cut(it)).collect();
    let (from, to) = (from.to_string(), to.to_string());
    with_document(&alert, page, About::Digest(DigestPart { from, to, entries, entry_count }))
}

/// The same alert with its document as a trial.
pub fn of_test(alert: Alert, at: jiff::Timestamp) -> Alert {
    with_document(&alert, None, About::Test(TestPart { at: at.to_string() }))
}

fn with_document(alert: &Alert, page: Option<&str>, about: About<'_>) -> Alert {
    let event = alert.attributes.get("event").map_or("", String::as_str);
    let document = Document {
        schema: SCHEMA,
        alert_id: alert.attributes.get("alert_id").cloned().unwrap_or_else(|| alert.id.to_string()),
        event,
        subject: &alert.subject,
        receivers: alert.receivers.iter().map(|it| &**it).collect(),
        page,
        about,
    };
    // All of it is texts and numbers, which JSON has.
    let document = serde_json::to_string(&document).ok();
    Alert { document, ..alert.clone() }
}

fn amount(money: Money) -> String {
    money.amount().to_string()
}

fn amount_beside(money: Money) -> Amount {
    Amount { currency: money.currency().to_string(), cost: amount(money) }
}

fn driver_part(driver: &Driver) -> DriverPart<'_> {
    DriverPart {
        caller: driver.caller.as_deref().map(cut),
        model: driver.model.as_deref().map(cut),
        meter: driver.meter.to_string(),
        cost: amount(driver.cost),
    }
}

/// The charges that count, in words.
fn scope_of(budget: &Budget) -> String {
    let text = budget.scope.shortened(ENTRIES_MAX).to_string();
    match text.char_indices().nth(SCOPE_CHARS_MAX).and_then(|(end, _)| text.get(..end)) {
        Some(start) => format!("{start} …"),
        None => text,
    }
}

/// The sum of the parts for which there is no room.
fn rest_of(anomaly: &Anomaly) -> Option<String> {
    let zero = Money::zero(anomaly.excess.currency());
    let mut rest = anomaly.parts.iter().skip(PARTS_MAX);
    rest.try_fold(zero, |sum, it| sum.checked_add(it.amount)).ok().map(amount)
}

fn excess_part(part: &Part) -> ExcessPart<'_> {
    ExcessPart {
        effect: part.effect.as_str(),
        model: part.model.as_deref().map(cut),
        meter: part.meter.to_string(),
        amount: amount(part.amount),
    }
}

/// The beginning of a long text.
fn cut(text: &str) -> &str {
    let end = text.char_indices().nth(TEXT_CHARS_MAX).map(|(end, _)| end);
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}
