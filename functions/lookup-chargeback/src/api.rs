//! The routes under `/v1`: parse the query, ask one use case, lay out the answer.

use std::collections::BTreeMap;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use jiff::ToSpan as _;
use jiff::civil::Date;
use ledger_app::documents::applied_budgets;
use ledger_app::evaluate::judge_all;
use ledger_app::lookup;
use ledger_app::ports::{AlertStore, DocumentStore, LedgerStore, StoredAlert};
use ledger_core::attribution::Owner;
use ledger_core::bill::{BillHead, data_up_to};
use ledger_core::budget::Verdict;
use ledger_core::cost::CostKind;
use ledger_core::currency::Currency;
use ledger_core::dimension::{Dimension, Scope};
use ledger_core::money::Money;
use ledger_core::period::{BillingPeriod, ChargePeriod};
use ledger_core::reconciliation::{Compared, ReconciledDay};
use ledger_core::report::{CurrencyReport, ReportQuery};
use ledger_core::statement::Statement;
use serde::Serialize;

use crate::AppState;
use crate::response::{ApiError, hash_of, tagged};

/// Rows of one answer.
const ROWS_MAX: usize = 1_000;
/// Days of one question: three years and a bit.
const DAYS_MAX: i32 = 1_100;
/// Dimensions to group by.
const GROUP_BY_MAX: usize = 8;
/// Conditions of one question.
const WHERE_MAX: usize = 50;
/// Days that bill and Cost Explorer are compared for.
pub(crate) const RECONCILED_DAYS: i64 = 30;
/// Windows of budgets that may still be of interest begin in this many days.
const ALERT_DAYS: i64 = 400;

/// The query of a request, read or not.
pub(crate) type Pairs = Result<Query<Vec<(String, String)>>, QueryRejection>;

/// The parameters of one request: each known, and each once unless it may repeat.
struct Parameters(Vec<(String, String)>);

impl Parameters {
    fn read(pairs: Pairs, known: &[&str], repeatable: &[&str]) -> Result<Parameters, ApiError> {
        let Query(pairs) = pairs.map_err(|_| {
            let message = "the query cannot be read; expected `name=value&name=value`";
            ApiError::bad_request("bad_query", message.to_owned())
        })?;
        for (at, (name, _)) in pairs.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                let name: String = name.chars().take(60).collect();
                let expected = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                let message = format!("`{name}` is not a parameter; expected {expected}");
                return Err(ApiError::bad_parameter(&name, message));
            }
            let is_again = pairs.iter().take(at).any(|(earlier, _)| earlier == name);
            if is_again && !repeatable.contains(&name.as_str()) {
                let message = format!("`{name}` is given twice; expected it once");
                return Err(ApiError::bad_parameter(name, message));
            }
        }
        Ok(Parameters(pairs))
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(it, _)| it == name).map(|(_, value)| value.as_str())
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    fn day(&self, name: &str) -> Result<Option<Date>, ApiError> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let day = text.parse().ok().filter(|_| text.len() == "2026-11-01".len());
        day.map(Some).ok_or_else(|| bad(name, text, "a day such as `2026-11-01`"))
    }

    fn cost_kind(&self) -> Result<CostKind, ApiError> {
        let Some(text) = self.get("cost_kind") else { return Ok(CostKind::Unblended) };
        let kind = CostKind::parse(text);
        kind.ok_or_else(|| bad("cost_kind", text, CostKind::WORDS))
    }

    fn currency(&self) -> Result<Option<Currency>, ApiError> {
        let Some(text) = self.get("currency") else { return Ok(None) };
        let currency = Currency::parse(text);
        currency.map(Some).map_err(|_| bad("currency", text, "an ISO 4217 code such as `USD`"))
    }

    fn limit(&self) -> Result<usize, ApiError> {
        let Some(text) = self.get("limit") else { return Ok(ROWS_MAX) };
        let limit = text.parse().ok().filter(|it| (1..=ROWS_MAX).contains(it));
        limit.ok_or_else(|| bad("limit", text, "a number from 1 to 1000"))
    }

    fn period(&self, today: Date) -> Result<ChargePeriod, ApiError> {
        let start = self.day("from")?.unwrap_or_else(|| today.first_of_month());
        let end = self.day("to")?.unwrap_or_else(|| today.saturating_add(1.day()));
        let period = ChargePeriod::new(start, end)
            .map_err(|err| ApiError::bad_parameter("to", format!("the period {err}")))?;
        let days = end.since(start).map_or(i32::MAX, |it| it.get_days());
        if days > DAYS_MAX {
            let message = format!(
                "the period has {days} days; expected at most {DAYS_MAX} from `from` to `to`"
            );
            return Err(ApiError::bad_parameter("to", message));
        }
        Ok(period)
    }

    fn group_by(&self) -> Result<Vec<Dimension>, ApiError> {
        let mut by: Vec<Dimension> = Vec::new();
        for word in self.get("group_by").into_iter().flat_map(|it| it.split(',')) {
            let dimension = Dimension::parse(word.trim())
                .map_err(|err| ApiError::bad_parameter("group_by", format!("`group_by`: {err}")))?;
            if !by.contains(&dimension) {
                by.push(dimension);
            }
        }
        if by.len() > GROUP_BY_MAX {
            let message =
                format!("`group_by` has {} dimensions; expected at most {GROUP_BY_MAX}", by.len());
            return Err(ApiError::bad_parameter("group_by", message));
        }
        Ok(by)
    }

    fn scope(&self) -> Result<Scope, ApiError> {
        let mut scope = Scope::default();
        if self.all("where").count() > WHERE_MAX {
            let message = format!("`where` is given too often; expected at most {WHERE_MAX} times");
            return Err(ApiError::bad_parameter("where", message));
        }
        for condition in self.all("where") {
            let (word, value) = condition
                .split_once('=')
                .ok_or_else(|| bad("where", condition, "`dimension=value`"))?;
            let dimension = Dimension::parse(word)
                .map_err(|err| ApiError::bad_parameter("where", format!("`where`: {err}")))?;
            scope.0.entry(dimension).or_default().push(value.to_owned());
        }
        Ok(scope)
    }
}

fn bad(name: &str, text: &str, expected: &str) -> ApiError {
    let text: String = text.chars().take(60).collect();
    ApiError::bad_parameter(name, format!("`{name}` is `{text}`; expected {expected}"))
}

#[derive(Serialize)]
struct CostsAnswer {
    #[serde(skip_serializing_if = "is_false")]
    sample: bool,
    from: String,
    to: String,
    data_up_to: Option<String>,
    currency: Option<String>,
    cost_kind: &'static str,
    rows: Vec<CostsRow>,
    total: String,
    /// What is not AI; `null` by an amortized cost kind, by which it is not known.
    other: Option<String>,
    next_cursor: Option<String>,
}

#[derive(Serialize)]
struct CostsRow {
    keys: BTreeMap<String, Option<String>>,
    cost: String,
    status: &'static str,
    tokens: BTreeMap<&'static str, u64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
fn is_false(flag: &bool) -> bool {
    !flag
}

fn plain(money: Money) -> String {
    money.amount().to_string()
}

/// `GET /v1/costs`.
pub(crate) async fn costs<L: LedgerStore>(
    State(state): State<AppState<L>>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, ApiError> {
    const KNOWN: [&str; 8] =
        ["from", "to", "group_by", "where", "cost_kind", "currency", "limit", "cursor"];
    let parameters = Parameters::read(pairs, &KNOWN, &["where"])?;
    let query = ReportQuery {
        period: parameters.period((state.today)())?,
        by: parameters.group_by()?,
        scope: parameters.scope()?,
        cost_kind: parameters.cost_kind()?,
    };
    let (asked, limit) = (parameters.currency()?, parameters.limit()?);
    let answer = lookup::report(&query, &state.ledger).await?;
    let currency = match asked {
        Some(asked) => Some(asked),
        None => only_currency(&answer)?,
    };
    let report = answer.currencies.into_iter().find(|it| Some(it.currency) == currency);
    let hash = cursor_hash(&query, asked, report.as_ref());
    let start = match parameters.get("cursor") {
        Some(cursor) => offset_of(cursor, hash)?,
        None => 0,
    };
    let (rows, total) = report
        .map_or_else(|| (Vec::new(), "0".to_owned()), |report| (report.rows, plain(report.total)));
    let end = start.saturating_add(limit);
    let next_cursor = (end < rows.len()).then(|| format!("{hash:016x}{end:08x}"));
    let names: Vec<String> = query.by.iter().map(ToString::to_string).collect();
    let rows = rows.into_iter().skip(start).take(limit).map(|row| CostsRow {
        keys: names.iter().cloned().zip(row.keys).collect(),
        cost: plain(row.cost),
        status: row.status.as_str(),
        tokens: row.tokens.iter().map(|(direction, count)| (direction.as_str(), *count)).collect(),
    });
    let other = currency.and_then(|it| answer.other.get(&it).copied());
    let body = CostsAnswer {
        sample: state.sample,
        from: query.period.start().to_string(),
        to: query.period.end().to_string(),
        data_up_to: answer.data_up_to.map(|it| it.to_string()),
        currency: currency.map(|it| it.to_string()),
        cost_kind: query.cost_kind.as_str(),
        rows: rows.collect(),
        total,
        other: (!query.cost_kind.is_amortized())
            .then(|| other.map_or_else(|| "0".to_owned(), plain)),
        next_cursor,
    };
    tagged(&headers, &body)
}

/// The currency of an answer that nobody chose one for: amounts of several are never mixed.
fn only_currency(answer: &lookup::ReportAnswer) -> Result<Option<Currency>, ApiError> {
    let mut currencies: Vec<Currency> = answer.currencies.iter().map(|it| it.currency).collect();
    if currencies.is_empty() {
        currencies = answer.other.keys().copied().collect();
    }
    match currencies.as_slice() {
        [] => Ok(None),
        [only] => Ok(Some(*only)),
        _ => {
            let names: Vec<String> = currencies.iter().map(ToString::to_string).collect();
            let message = format!(
                "the answer has several currencies, which do not add; expected `currency` to be one of {}",
                names.join(", ")
            );
            Err(ApiError::bad_request("currency_needed", message).with("currencies", names))
        }
    }
}

/// Ties a cursor to the question and to the rows it counts: after a change of either, the next page
/// would leave rows out or repeat them.
fn cursor_hash(
    query: &ReportQuery,
    asked: Option<Currency>,
    report: Option<&CurrencyReport>,
) -> u64 {
    let rows: Vec<_> = report
        .iter()
        .flat_map(|it| &it.rows)
        .map(|row| (&row.keys, row.cost.amount().to_string()))
        .collect();
    hash_of((format!("{query:?} {asked:?}"), rows))
}

fn offset_of(cursor: &str, hash: u64) -> Result<usize, ApiError> {
    let offset = cursor.strip_prefix(&format!("{hash:016x}"));
    let offset = offset.filter(|it| it.len() == 8 && it.bytes().all(|it| it.is_ascii_hexdigit()));
    offset.and_then(|it| usize::from_str_radix(it, 16).ok()).ok_or_else(|| {
        let message = "`cursor` is not of this question, or the ledger has changed since; start \
                       again without it";
        ApiError::bad_request("cursor_invalid", message.to_owned())
            .with("parameter", vec!["cursor".to_owned()])
    })
}

#[derive(Serialize)]
struct StatementsAnswer {
    #[serde(skip_serializing_if = "is_false")]
    sample: bool,
    period: String,
    cost_kind: &'static str,
    statements: Vec<StatementBody>,
}

#[derive(Serialize)]
struct StatementBody {
    owner: String,
    currency: String,
    status: &'static str,
    lines: Vec<LineBody>,
    exact_total: String,
    total: String,
    rounding: String,
}

#[derive(Serialize)]
struct LineBody {
    cost_centre: Option<String>,
    product: Option<String>,
    environment: Option<String>,
    service: String,
    model: Option<String>,
    meter: &'static str,
    line_type: String,
    tokens: Option<u64>,
    line_count: u64,
    exact: String,
    amount: String,
}

/// `GET /v1/statements`.
pub(crate) async fn statements<L: LedgerStore>(
    State(state): State<AppState<L>>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, ApiError> {
    let parameters = Parameters::read(pairs, &["period", "owner", "cost_kind"], &[])?;
    let text = parameters.get("period").ok_or_else(|| {
        let message = "`period` is missing; expected a month such as `2026-11`";
        ApiError::bad_parameter("period", message.to_owned())
    })?;
    let period =
        BillingPeriod::parse(text).map_err(|_| bad("period", text, "a month such as `2026-11`"))?;
    let owner = parameters.get("owner").map(Owner::parse);
    let cost_kind = parameters.cost_kind()?;
    let statements = lookup::statements(period, owner.as_ref(), cost_kind, &state.ledger).await?;
    let body = StatementsAnswer {
        sample: state.sample,
        period: period.to_string(),
        cost_kind: cost_kind.as_str(),
        statements: statements.into_iter().map(statement_body).collect(),
    };
    tagged(&headers, &body)
}

fn statement_body(statement: Statement) -> StatementBody {
    let text = |it: std::sync::Arc<str>| it.to_string();
    let lines = statement.lines.into_iter().map(|line| LineBody {
        cost_centre: line.key.cost_centre.map(text),
        product: line.key.product.map(text),
        environment: line.key.environment.map(text),
        service: text(line.key.service),
        model: line.key.model.map(text),
        meter: line.key.meter.as_str(),
        line_type: text(line.key.line_type),
        tokens: line.tokens,
        line_count: line.line_count,
        exact: plain(line.exact),
        amount: plain(line.amount),
    });
    StatementBody {
        owner: statement.owner.as_str().to_owned(),
        currency: statement.currency.to_string(),
        status: statement.status.as_str(),
        lines: lines.collect(),
        exact_total: plain(statement.exact_total),
        total: plain(statement.total),
        rounding: plain(statement.rounding),
    }
}

#[derive(Serialize)]
struct BudgetsAnswer {
    #[serde(skip_serializing_if = "is_false")]
    sample: bool,
    version: Option<u64>,
    budgets: Vec<BudgetBody>,
}

#[derive(Serialize)]
struct BudgetBody {
    name: String,
    owner: String,
    deputy: Option<String>,
    scope: String,
    cost_kind: &'static str,
    window: &'static str,
    start: String,
    end: String,
    currency: String,
    limit: String,
    spend: String,
    previous: String,
    percent: String,
    state: &'static str,
    status: &'static str,
    data_up_to: Option<String>,
    thresholds: Vec<u16>,
    reached: Vec<u16>,
    alerts: Vec<AlertBody>,
}

#[derive(Serialize)]
struct AlertBody {
    threshold: u16,
    subject: String,
    state: &'static str,
    at: String,
}

/// `GET /v1/budgets`.
pub(crate) async fn budgets<L: LedgerStore + AlertStore + DocumentStore>(
    State(state): State<AppState<L>>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, ApiError> {
    Parameters::read(pairs, &[], &[])?;
    let today = (state.today)();
    let (version, budgets) = applied_budgets(&state.ledger).await?;
    let verdicts = judge_all(&budgets, today, &state.ledger).await?;
    let alerts = recent_alerts(today, &state.ledger).await?;
    let body = BudgetsAnswer {
        sample: state.sample,
        version,
        budgets: verdicts.iter().map(|verdict| budget_body(verdict, &alerts)).collect(),
    };
    tagged(&headers, &body)
}

fn budget_body(verdict: &Verdict, alerts: &[StoredAlert]) -> BudgetBody {
    let Verdict { budget, spend, reached } = verdict;
    let alerts = alerts.iter().filter(|stored| {
        let id = &stored.alert.id;
        id.budget == budget.name && id.window == budget.window && id.start == spend.period.start()
    });
    BudgetBody {
        name: budget.name.to_string(),
        owner: budget.owner.to_string(),
        deputy: budget.deputy.as_deref().map(str::to_owned),
        scope: budget.scope.to_string(),
        cost_kind: budget.cost_kind.as_str(),
        window: budget.window.as_str(),
        start: spend.period.start().to_string(),
        end: spend.period.end().to_string(),
        currency: budget.limit.currency().to_string(),
        limit: plain(budget.limit),
        spend: plain(spend.cost),
        previous: plain(spend.previous),
        percent: verdict.percent(),
        state: verdict.state(),
        status: spend.status.as_str(),
        data_up_to: spend.data_up_to.map(|it| it.to_string()),
        thresholds: budget.thresholds.clone(),
        reached: reached.clone(),
        alerts: alerts
            .map(|stored| AlertBody {
                threshold: stored.alert.id.threshold,
                subject: stored.alert.subject.clone(),
                state: stored.state.as_str(),
                at: stored.at.to_string(),
            })
            .collect(),
    }
}

/// Alerts of the windows that may still be of interest, newest first.
pub(crate) async fn recent_alerts(
    today: Date,
    ledger: &impl AlertStore,
) -> Result<Vec<StoredAlert>, ApiError> {
    let (start, end) = (today.saturating_sub(ALERT_DAYS.days()), today.saturating_add(1.day()));
    match ChargePeriod::new(start, end) {
        Ok(period) => Ok(ledger.alerts(period).await?),
        Err(_) => Ok(Vec::new()),
    }
}

#[derive(Serialize)]
struct HealthAnswer {
    #[serde(skip_serializing_if = "is_false")]
    sample: bool,
    data_up_to: Option<String>,
    bills: Vec<HealthBill>,
    unattributed: Vec<UnattributedBody>,
    reconciliation: Vec<ReconciledBody>,
}

#[derive(Serialize)]
struct HealthBill {
    period: String,
    payer: String,
    source: String,
    version: u64,
    imported_at: String,
    delivered_at: Option<String>,
    rules_version: u64,
}

#[derive(Serialize)]
struct UnattributedBody {
    period: String,
    currency: String,
    cost: String,
    total: String,
    percent: Option<String>,
}

#[derive(Serialize)]
struct ReconciledBody {
    day: String,
    currency: String,
    #[serde(flatten)]
    total: ComparedBody,
    settled: bool,
    services: Vec<ServiceBody>,
}

#[derive(Serialize)]
struct ServiceBody {
    service: String,
    #[serde(flatten)]
    compared: ComparedBody,
}

#[derive(Serialize)]
struct ComparedBody {
    bill: String,
    cost_explorer: String,
    difference: String,
    percent: Option<String>,
}

impl ComparedBody {
    fn new(compared: &Compared) -> ComparedBody {
        ComparedBody {
            bill: plain(compared.bill),
            cost_explorer: plain(compared.cost_explorer),
            difference: plain(compared.difference),
            percent: compared.percent.map(|it| it.normalize().to_string()),
        }
    }
}

/// `GET /v1/health`.
pub(crate) async fn health<L: LedgerStore>(
    State(state): State<AppState<L>>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, ApiError> {
    Parameters::read(pairs, &[], &[])?;
    let today = (state.today)();
    let heads = all_heads(&state.ledger).await?;
    let month = BillingPeriod::containing(today);
    let mut unattributed = Vec::new();
    if let Some(period) = month.charge_period() {
        let by = vec![Dimension::Owner];
        let answer = lookup::report(&query(period, by), &state.ledger).await?;
        for report in &answer.currencies {
            let cost = unattributed_of(report)?;
            unattributed.push(UnattributedBody {
                period: month.to_string(),
                currency: report.currency.to_string(),
                cost: plain(cost),
                total: plain(report.total),
                percent: cost.percent_of(report.total).map(|it| it.normalize().to_string()),
            });
        }
    }
    let reconciled = reconciliation(today, &state.ledger).await?;
    let reconciliation = reconciled.iter().map(|it| ReconciledBody {
        day: it.day.to_string(),
        currency: it.total.bill.currency().to_string(),
        total: ComparedBody::new(&it.total),
        settled: it.settled,
        services: it
            .services
            .iter()
            .map(|(service, compared)| ServiceBody {
                service: service.to_string(),
                compared: ComparedBody::new(compared),
            })
            .collect(),
    });
    let body = HealthAnswer {
        sample: state.sample,
        data_up_to: data_up_to(&heads).map(|it| it.to_string()),
        bills: heads.iter().map(health_bill).collect(),
        unattributed,
        reconciliation: reconciliation.collect(),
    };
    tagged(&headers, &body)
}

fn health_bill(head: &BillHead) -> HealthBill {
    HealthBill {
        period: head.bill.period.to_string(),
        payer: head.bill.payer.to_string(),
        source: head.bill.source.to_string(),
        version: head.version,
        imported_at: head.imported_at.to_string(),
        delivered_at: head.delivered_at.map(|it| it.to_string()),
        rules_version: head.rules_version,
    }
}

/// All unblended costs of a period, grouped.
pub(crate) fn query(period: ChargePeriod, by: Vec<Dimension>) -> ReportQuery {
    ReportQuery { period, by, scope: Scope::default(), cost_kind: CostKind::Unblended }
}

/// The pointers of all bills: no month of AWS is older.
pub(crate) async fn all_heads(ledger: &impl LedgerStore) -> Result<Vec<BillHead>, ApiError> {
    let first = BillingPeriod::containing(Date::constant(2006, 1, 1));
    Ok(ledger.heads(first).await?)
}

/// What nobody owns in a report by owner.
pub(crate) fn unattributed_of(report: &CurrencyReport) -> Result<Money, ApiError> {
    let name = Owner::Unattributed;
    let rows = report
        .rows
        .iter()
        .filter(|row| row.keys.first().is_some_and(|key| key.as_deref() == Some(name.as_str())));
    let mut sum = Money::zero(report.currency);
    for row in rows {
        sum = sum.checked_add(row.cost)?;
    }
    Ok(sum)
}

/// Bill and Cost Explorer of the last days, side by side.
pub(crate) async fn reconciliation(
    today: Date,
    ledger: &impl LedgerStore,
) -> Result<Vec<ReconciledDay>, ApiError> {
    let start = today.saturating_sub(RECONCILED_DAYS.days());
    match ChargePeriod::new(start, today.saturating_add(1.day())) {
        Ok(period) => Ok(lookup::reconciliation(period, CostKind::Unblended, today, ledger).await?),
        Err(_) => Ok(Vec::new()),
    }
}
