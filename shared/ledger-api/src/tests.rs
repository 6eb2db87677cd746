//! The routes against a ledger in memory.

mod access;
mod budgets;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use jiff::Timestamp;
use jiff::civil::{Date, date};
use ledger_app::ports::{
    AlertState, AlertStore, Audience, BillReplacement, Change, ContentStore, CountedAudience,
    Document, DocumentKind, DocumentStore, LedgerStore, Replaced, StoreError, StoredAlert, Topic,
};
use ledger_core::audit::{AuditEntry, Hash};
use ledger_core::bill::{BillHead, DayHead, FactsForm, Generation};
use ledger_core::budget::{Alert, AlertId, Crossing, CrossingId};
use ledger_core::business::Business;
use ledger_core::category::ChargeCategory;
use ledger_core::cost::Costs;
use ledger_core::currency::Currency;
use ledger_core::dimension::Level;
use ledger_core::fact::ChargeKey;
use ledger_core::line_item::BillId;
use ledger_core::meter::Meter;
use ledger_core::money::Money;
use ledger_core::owner::Owner;
use ledger_core::period::{BillingPeriod, ChargePeriod, Window};
use ledger_core::position::SummaryKey;
use ledger_core::rollup::{DayTotal, Measures, Rollup, Summary};
use ledger_core::source::{Provider, Source};
use serde_json::Value;
use tower::ServiceExt as _;

use crate::{AppState, router};

fn now() -> Timestamp {
    "2026-11-20T08:00:00Z".parse().unwrap()
}

/// Days of rollups, one bill, and what else the routes read.
#[derive(Clone, Default)]
struct MemoryLedger {
    days: Arc<BTreeMap<Date, Vec<Rollup>>>,
    budgets: Option<&'static str>,
    /// The organisation, its periods, and what is kept under any hash.
    books: Option<[&'static str; 3]>,
    alerts: Vec<StoredAlert>,
    /// A topic without a subscriber.
    unheard: Option<Topic>,
    is_down: bool,
}

impl MemoryLedger {
    fn of(rollups: Vec<(Date, Rollup)>) -> MemoryLedger {
        let mut days: BTreeMap<Date, Vec<Rollup>> = BTreeMap::new();
        for (day, rollup) in rollups {
            days.entry(day).or_default().push(rollup);
        }
        MemoryLedger { days: Arc::new(days), ..MemoryLedger::default() }
    }

    fn up(&self) -> Result<(), StoreError> {
        if !self.is_down {
            return Ok(());
        }
        Err(StoreError::Unavailable {
            doing: "query the table `secret-table`".to_owned(),
            is_retryable: true,
            source: Arc::new(std::io::Error::other("arn:aws:secret")),
        })
    }
}

fn rollup(owner: &str, model: &str, cost: &str, currency: Currency) -> Rollup {
    let costs = Costs::new(Money::parse(cost, currency).unwrap().money, None).unwrap();
    let charge = ChargeKey {
        provider: Provider::Aws,
        service: "Amazon Bedrock".into(),
        publisher: None,
        model: Some(model.into()),
        meter: Meter::InputTokens.into(),
        category: Some(ChargeCategory::Usage.into()),
        line_type: "Usage".into(),
        unit: None,
        currency,
    };
    Rollup::Summary(Summary {
        key: SummaryKey { owner: Owner::parse(owner), business: Business::default(), charge },
        measures: Measures {
            costs,
            quantity: None,
            tokens: Some(1_000),
            line_count: 1,
            first_line: None,
        },
    })
}

fn usd(day: i8, owner: &str, cost: &str) -> (Date, Rollup) {
    (date(2026, 11, day), rollup(owner, "claude-opus-4-5", cost, Currency::USD))
}

impl LedgerStore for MemoryLedger {
    async fn heads(&self, from: BillingPeriod) -> Result<Vec<BillHead>, StoreError> {
        self.up()?;
        let mut heads: BTreeMap<BillingPeriod, BillHead> = BTreeMap::new();
        for (day, rollups) in self.days.iter() {
            let period = BillingPeriod::containing(*day);
            let head = heads.entry(period).or_insert_with(|| BillHead {
                bill: BillId {
                    period,
                    source: Source::AWS_BILL,
                    payer: Some("111122223333".into()),
                    part: None,
                },
                version: 1,
                export: None,
                delivered_at: None,
                imported_at: Timestamp::UNIX_EPOCH,
                rules_version: 1,
                days: BTreeMap::new(),
                unread: Arc::default(),
                is_chosen_part: false,
                pending: None,
            });
            let currencies = rollups.iter().map(|it| it.row().summary().charge.currency);
            let totals = currencies.map(|it| (it, DayTotal::zero(it))).collect();
            let facts = FactsForm::CURRENT;
            let generation = Generation { version: 1, content_hash: "a".into() };
            let state = DayHead {
                generation,
                totals,
                estimated: false,
                is_invoiced: true,
                facts,
                files: None,
            };
            head.days.insert(*day, state);
        }
        Ok(heads.into_values().filter(|it| it.bill.period >= from).collect())
    }

    async fn replace(&self, _: BillReplacement) -> Result<Replaced, StoreError> {
        unreachable!("the routes only read")
    }

    async fn rollups(
        &self,
        _: &BillId,
        day: Date,
        _: &Generation,
        _: Level,
        owners: Option<&[Owner]>,
    ) -> Result<Vec<Rollup>, StoreError> {
        let rollups = self.days.get(&day).into_iter().flatten();
        let is_of = |it: &Rollup, owners: &[Owner]| owners.contains(&it.row().summary().owner);
        let asked = rollups.filter(|it| owners.is_none_or(|them| is_of(it, them)));
        Ok(asked.cloned().collect())
    }
}

impl DocumentStore for MemoryLedger {
    async fn document(&self, kind: DocumentKind) -> Result<Option<Document>, StoreError> {
        let text = match kind {
            DocumentKind::Budgets => self.budgets,
            DocumentKind::Organisation => self.books.map(|[organisation, ..]| organisation),
            DocumentKind::Periods => self.books.map(|[_, periods, _]| periods),
            _ => None,
        };
        Ok(text.map(|text| Document { version: 3, text: text.to_owned() }))
    }

    async fn version(&self, _: DocumentKind, _: u64) -> Result<Option<Document>, StoreError> {
        unreachable!("only an audit asks for one")
    }

    async fn apply(&self, _: DocumentKind, _: &str, _: Change<'_>) -> Result<Document, StoreError> {
        unreachable!("the routes only read")
    }

    async fn audit_trail(&self) -> Result<Vec<(AuditEntry, Hash)>, StoreError> {
        unreachable!("only an audit asks for it")
    }
}

impl ContentStore for MemoryLedger {
    async fn keep_content(&self, _: &str) -> Result<Hash, StoreError> {
        unreachable!("the routes only read")
    }

    async fn content(&self, _: Hash) -> Result<Option<String>, StoreError> {
        Ok(self.books.map(|[.., content]| content.to_owned()))
    }
}

impl AlertStore for MemoryLedger {
    async fn alert(&self, _: &AlertId) -> Result<Option<StoredAlert>, StoreError> {
        unreachable!("only an evaluation asks for one")
    }

    async fn is_settled(&self, _: &str, _: Timestamp) -> Result<bool, StoreError> {
        unreachable!("only an evaluation asks")
    }

    async fn settle(&self, _: &str, _: Timestamp, _: Option<Timestamp>) -> Result<(), StoreError> {
        unreachable!("the routes only read")
    }

    async fn audiences(&self) -> Result<Vec<CountedAudience>, StoreError> {
        let audience = Audience { confirmed: 0, pending: 1 };
        let counted = |topic| CountedAudience { topic, audience, at: Timestamp::UNIX_EPOCH };
        Ok(self.unheard.map(counted).into_iter().collect())
    }

    async fn keep_audience(&self, _: CountedAudience) -> Result<(), StoreError> {
        unreachable!("the routes only read")
    }

    async fn plan(&self, _: &Alert, _: Timestamp) -> Result<StoredAlert, StoreError> {
        unreachable!("the routes only read")
    }

    async fn advance(
        &self,
        _: &AlertId,
        _: AlertState,
        _: AlertState,
        _: &str,
        _: Timestamp,
    ) -> Result<bool, StoreError> {
        unreachable!("the routes only read")
    }

    async fn alerts(&self, period: ChargePeriod) -> Result<Vec<StoredAlert>, StoreError> {
        let alerts = self.alerts.iter().filter(|it| period.contains(it.alert.id.first_day()));
        Ok(alerts.cloned().collect())
    }
}

async fn send(ledger: &MemoryLedger, request: Request<Body>) -> Response {
    let state = AppState::new(ledger.clone(), now, true);
    router(state).oneshot(request).await.unwrap()
}

async fn get(ledger: &MemoryLedger, uri: &str) -> Response {
    send(ledger, Request::get(uri).body(Body::empty()).unwrap()).await
}

async fn text(response: Response) -> String {
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

async fn json(ledger: &MemoryLedger, uri: &str) -> Value {
    serde_json::from_str(&text(get(ledger, uri).await).await).unwrap()
}

fn five_owners() -> MemoryLedger {
    let owners = [("a", "5"), ("b", "4.000000000000001"), ("c", "3"), ("d", "2"), ("e", "1")];
    MemoryLedger::of(owners.into_iter().map(|(owner, cost)| usd(2, owner, cost)).collect())
}

#[tokio::test]
async fn costs_are_grouped_and_exact() {
    let ledger = MemoryLedger::of(vec![
        usd(1, "search", "0.000000000000001"),
        usd(2, "search", "1.5"),
        usd(2, "ads", "2"),
    ]);
    let answer = json(&ledger, "/v1/costs?group_by=owner,model").await;
    assert_eq!(answer["from"], "2026-11-01");
    assert_eq!(answer["to"], "2026-11-21");
    assert_eq!(answer["data_up_to"], "2026-11-03");
    assert_eq!(answer["status"], "billed");
    let report = &answer["currencies"][0];
    assert_eq!(report["currency"], "USD");
    assert_eq!(report["total"], "3.500000000000001");
    assert_eq!(report["rows"][0]["keys"]["owner"], "ads");
    assert_eq!(report["rows"][1]["cost"], "1.500000000000001");
    assert_eq!(report["rows"][1]["status"], "billed");
    assert_eq!(report["rows"][1]["tokens"]["input"], 2_000);
    let by_weekday = json(&ledger, "/v1/costs?group_by=weekday").await;
    let rows = by_weekday["currencies"][0]["rows"].as_array().unwrap();
    let weekdays: Vec<&Value> = rows.iter().map(|it| &it["keys"]["weekday"]).collect();
    assert_eq!(weekdays, ["Monday", "Sunday"]);
    let filtered = "/v1/costs?where=owner=search&where=owner=none&to=2026-11-02";
    assert_eq!(json(&ledger, filtered).await["currencies"][0]["total"], "0.000000000000001");
}

#[tokio::test]
async fn costs_and_statements_are_by_the_cost_kind_asked_for() {
    let (day, mut rollup) = usd(2, "search", "10");
    let amount = |text| Some(Money::parse(text, Currency::USD).unwrap().money);
    let charged = Costs::new(amount("10").unwrap(), amount("9")).unwrap();
    let Rollup::Summary(summary) = &mut rollup else { unreachable!("it was made as one") };
    summary.measures.costs = charged.amortized_to(amount("7"), amount("6.5")).unwrap();
    let ledger = MemoryLedger::of(vec![(day, rollup)]);
    let other = Value::from("0");
    for (kind, expected, other) in [
        ("unblended", "10", &other),
        ("net_unblended", "9", &other),
        ("amortized", "7", &Value::Null),
        ("net_amortized", "6.5", &Value::Null),
    ] {
        let answer = json(&ledger, &format!("/v1/costs?cost_kind={kind}")).await;
        let report = &answer["currencies"][0];
        assert_eq!((&report["total"], &report["other"]), (&expected.into(), other), "{kind}");
        assert_eq!(answer["cost_kind"], kind);
        let uri = format!("/v1/statements?period=2026-11&cost_kind={kind}");
        let answer = json(&ledger, &uri).await;
        assert_eq!(answer["statements"][0]["exact_total"], expected, "{kind}: {answer}");
    }
}

#[tokio::test]
async fn without_data_the_list_of_currencies_is_empty() {
    let answer = json(&MemoryLedger::default(), "/v1/costs").await;
    assert_eq!(answer["currencies"], serde_json::json!([]));
    assert_eq!(answer["status"], Value::Null);
    assert_eq!(answer["data_up_to"], Value::Null);
}

#[tokio::test]
async fn pages_give_all_rows_once() {
    let ledger = five_owners();
    let mut uri = "/v1/costs?group_by=owner&limit=2".to_owned();
    let mut owners = Vec::new();
    loop {
        let answer = json(&ledger, &uri).await;
        let report = &answer["currencies"][0];
        assert_eq!(report["total"], "15.000000000000001");
        for row in report["rows"].as_array().unwrap() {
            owners.push(row["keys"]["owner"].as_str().unwrap().to_owned());
        }
        let Some(cursor) = answer["next_cursor"].as_str() else { break };
        uri = format!("/v1/costs?group_by=owner&limit=2&cursor={cursor}");
    }
    assert_eq!(owners, ["a", "b", "c", "d", "e"]);
}

#[tokio::test]
async fn a_cursor_is_of_one_question_and_one_state() {
    let first = json(&five_owners(), "/v1/costs?group_by=owner&limit=2").await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let other = format!("/v1/costs?group_by=model&limit=2&cursor={cursor}");
    assert_eq!(json(&five_owners(), &other).await["error"]["code"], "cursor_invalid");
    let changed = MemoryLedger::of(vec![usd(2, "a", "5")]);
    let same = format!("/v1/costs?group_by=owner&limit=2&cursor={cursor}");
    assert_eq!(json(&changed, &same).await["error"]["code"], "cursor_invalid");
}

#[tokio::test]
async fn what_the_caller_has_is_not_sent_again() {
    let ledger = five_owners();
    let first = get(&ledger, "/v1/costs").await;
    let etag = first.headers()["etag"].clone();
    let again = Request::get("/v1/costs").header("if-none-match", &etag);
    let again = send(&ledger, again.body(Body::empty()).unwrap()).await;
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(again.headers()["etag"], etag);
    assert_eq!(text(again).await, "");
    let changed = MemoryLedger::of(vec![usd(2, "a", "5")]);
    let changed = send(
        &changed,
        Request::get("/v1/costs").header("if-none-match", &etag).body(Body::empty()).unwrap(),
    );
    assert_eq!(changed.await.status(), StatusCode::OK);
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    for (query, message) in [
        (
            "costs?form=1",
            "`form` is not a parameter; expected from, to, group_by, where, cost_kind, currency, limit, cursor",
        ),
        ("costs?from=2026-11-01&from=2026-11-02", "`from` is given twice; expected it once"),
        ("costs?from=1.11.2026", "`from` is `1.11.2026`; expected a day such as `2026-11-01`"),
        ("costs?to=2026-11-31", "`to` is `2026-11-31`; expected a day such as `2026-11-01`"),
        (
            "costs?to=2026-11-01",
            "the period `2026-11-01..2026-11-01` is empty; expected the end after the start, which it leaves out",
        ),
        (
            "costs?from=2020-01-01&to=2026-01-01",
            "the period has 2192 days; expected at most 1100 from `from` to `to`",
        ),
        ("costs?where=owner", "`where` is `owner`; expected `dimension=value`"),
        (
            "costs?cost_kind=blended",
            "`cost_kind` is `blended`; expected `unblended`, `net_unblended`, `amortized`, `net_amortized` or `list`",
        ),
        (
            "costs?currency=usdollar",
            "`currency` is `usdollar`; expected an ISO 4217 code such as `USD`",
        ),
        ("costs?limit=0", "`limit` is `0`; expected a number from 1 to 1000"),
        ("costs?limit=1001", "`limit` is `1001`; expected a number from 1 to 1000"),
        (
            "costs?cursor=zz",
            "`cursor` is not of this question, or the ledger has changed since; start again without it",
        ),
        ("statements", "`period` is missing; expected a month such as `2026-11`"),
        ("statements?period=2026-13", "`period` is `2026-13`; expected a month such as `2026-11`"),
        ("health?a=b", "`a` is not a parameter; expected none"),
    ] {
        let response = get(&five_owners(), &format!("/v1/{query}")).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{query}");
        assert!(response.headers().contains_key("x-request-id"));
        let body: Value = serde_json::from_str(&text(response).await).unwrap();
        assert_eq!(body["error"]["message"], message);
    }
    let body = json(&five_owners(), "/v1/costs?group_by=color").await;
    let message = body["error"]["message"].as_str().unwrap();
    assert!(message.starts_with("`group_by`: `color` is not a dimension; expected owner"));
}

#[tokio::test]
async fn currencies_are_reported_side_by_side_and_never_added() {
    let euro = Currency::parse("EUR").unwrap();
    let ledger = MemoryLedger::of(vec![
        usd(2, "a", "5"),
        (date(2026, 11, 2), rollup("b", "m", "7", euro)),
        (date(2026, 11, 2), rollup("c", "m", "1", euro)),
    ]);
    let body = json(&ledger, "/v1/costs?group_by=owner").await;
    let of = |at: usize, name: &str| body["currencies"][at][name].clone();
    assert_eq!((of(0, "currency"), of(0, "total")), ("EUR".into(), "8".into()));
    assert_eq!((of(1, "currency"), of(1, "total")), ("USD".into(), "5".into()));
    let only = json(&ledger, "/v1/costs?group_by=owner&currency=EUR").await;
    assert_eq!(only["currencies"], Value::from(vec![body["currencies"][0].clone()]));
    let page = text(get(&ledger, "/").await).await;
    assert!(page.contains("5.00 USD") && page.contains("8.00 EUR"));
}

#[tokio::test]
async fn a_page_goes_on_in_the_next_currency() {
    let euro = Currency::parse("EUR").unwrap();
    let ledger = MemoryLedger::of(vec![
        usd(2, "a", "5"),
        (date(2026, 11, 2), rollup("b", "m", "7", euro)),
        (date(2026, 11, 2), rollup("c", "m", "1", euro)),
    ]);
    let mut uri = "/v1/costs?group_by=owner&limit=1".to_owned();
    let mut pages = Vec::new();
    loop {
        let answer = json(&ledger, &uri).await;
        let rows = |at: usize| answer["currencies"][at]["rows"].as_array().unwrap().len();
        pages.push((rows(0), rows(1), answer["currencies"][0]["total"].clone()));
        let Some(cursor) = answer["next_cursor"].as_str() else { break };
        uri = format!("/v1/costs?group_by=owner&limit=1&cursor={cursor}");
    }
    let eight = || Value::from("8");
    assert_eq!(pages, [(1, 0, eight()), (1, 0, eight()), (0, 1, eight())]);
}

#[tokio::test]
async fn every_list_has_pages() {
    let ledger = MemoryLedger { budgets: Some(TWO_BUDGETS), ..five_owners() };
    for (path, list, name, expected) in [
        ("/v1/owners?limit=2", "owners", "owner", "a b c d e"),
        ("/v1/statements?period=2026-11&limit=3", "statements", "owner", "a b c d e"),
        ("/v1/budgets?limit=1", "budgets", "name", "first second"),
    ] {
        let (mut uri, mut names) = (path.to_owned(), Vec::new());
        loop {
            let answer = json(&ledger, &uri).await;
            let items = answer[list].as_array().unwrap();
            assert!(items.len() <= 3, "{path}");
            names.extend(items.iter().map(|it| it[name].as_str().unwrap().to_owned()));
            let Some(cursor) = answer["next_cursor"].as_str() else { break };
            uri = format!("{path}&cursor={cursor}");
        }
        assert_eq!(names.join(" "), expected, "{path}");
    }
}

const TWO_BUDGETS: &str = "[[budget]]\nname = \"first\"\nowner = \"Ida\"\nlimit = \"10\"\n\
    currency = \"USD\"\nwindow = \"monthly\"\n\
    [[budget]]\nname = \"second\"\nowner = \"Ida\"\nlimit = \"10\"\n\
    currency = \"USD\"\nwindow = \"monthly\"\n";

#[tokio::test]
async fn owners_are_listed_with_their_cost() {
    let euro = Currency::parse("EUR").unwrap();
    let ledger = MemoryLedger::of(vec![
        usd(2, "b", "5"),
        (date(2026, 11, 2), rollup("b", "m", "7", euro)),
        usd(2, "a", "1"),
    ]);
    let answer = json(&ledger, "/v1/owners").await;
    let cost = |currency: &str, cost: &str| serde_json::json!({"currency": currency, "cost": cost});
    assert_eq!(answer["owners"][0]["owner"], "a");
    assert_eq!(answer["owners"][1]["owner"], "b");
    let costs = serde_json::json!([cost("EUR", "7"), cost("USD", "5")]);
    assert_eq!(answer["owners"][1]["costs"], costs);
}

#[tokio::test]
async fn refusals_have_one_form() {
    for (request, status, code) in [
        (Request::get("/v1/nothing"), 404, "not_found"),
        (Request::post("/v1/costs"), 405, "method_not_allowed"),
    ] {
        let response = send(&five_owners(), request.body(Body::empty()).unwrap()).await;
        assert_eq!(response.status(), status);
        assert!(response.headers().contains_key("x-request-id"));
        let body: Value = serde_json::from_str(&text(response).await).unwrap();
        assert_eq!(body["error"]["code"], code);
    }
}

#[tokio::test]
async fn a_failure_tells_the_caller_nothing_of_its_cause() {
    let ledger = MemoryLedger { is_down: true, ..MemoryLedger::default() };
    for uri in ["/", "/v1/costs", "/v1/health", "/v1/statements?period=2026-11"] {
        let response = get(&ledger, uri).await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        let body = text(response).await;
        assert!(body.contains("try again") && !body.contains("secret"), "{body}");
    }
}

#[tokio::test]
async fn statements_add_up() {
    let ledger = MemoryLedger::of(vec![usd(1, "search", "1.005"), usd(2, "ads", "2")]);
    let answer = json(&ledger, "/v1/statements?period=2026-11&owner=search").await;
    assert_eq!(answer["statements"].as_array().unwrap().len(), 1);
    assert_eq!(answer["statements"][0]["exact_total"], "1.005");
    let statement = &answer["statements"][0];
    assert_eq!(statement["lines"][0]["meter"], "input_tokens");
    assert_eq!(statement["lines"][0]["line_count"], 1);
    assert_eq!(statement["period"], "2026-11");
    assert_eq!(statement["data_up_to"], "2026-11-03");
    // The bill reaches to the second, and today is the twentieth.
    assert_eq!(statement["missing_days"].as_array().unwrap().len(), 17);
    assert_eq!(statement["missing_days"][0], "2026-11-03");
}

fn with_budget() -> MemoryLedger {
    let id = AlertId::Crossing(CrossingId {
        budget: "search-monthly".into(),
        window: Window::Monthly,
        start: date(2026, 11, 1),
        crossing: Crossing::reached(100),
    });
    let alert = Alert {
        id,
        also: Vec::new(),
        receivers: Vec::new(),
        chat: None,
        document: None,
        subject: "search is over".to_owned(),
        body: String::new(),
        attributes: BTreeMap::new(),
    };
    MemoryLedger {
        budgets: Some(
            "[[budget]]\nname = \"search-monthly\"\nowner = \"Ida\"\nlimit = \"10\"\n\
             currency = \"USD\"\nwindow = \"monthly\"\nscope = { owner = \"search\" }\n",
        ),
        alerts: vec![StoredAlert { alert, state: AlertState::Sent, at: Timestamp::UNIX_EPOCH }],
        ..MemoryLedger::of(vec![usd(1, "search", "12"), usd(1, "Unattributed", "4")])
    }
}

#[tokio::test]
async fn budgets_are_judged_and_have_their_alerts() {
    let answer = json(&with_budget(), "/v1/budgets").await;
    let budget = &answer["budgets"][0];
    assert_eq!((&budget["from"], &budget["to"]), (&"2026-11-01".into(), &"2026-12-01".into()));
    assert_eq!(budget["spend"], "12");
    assert_eq!(budget["percent"], "120");
    assert_eq!(budget["state"], "exceeded");
    assert_eq!(budget["reached"], serde_json::json!([50, 80, 100]));
    assert_eq!(budget["alerts"][0]["state"], "sent");
}

#[tokio::test]
async fn health_says_what_has_no_owner() {
    let answer = json(&with_budget(), "/v1/health").await;
    assert_eq!(answer["version"], ledger_core::VERSION);
    assert_eq!(answer["data_up_to"], "2026-11-02");
    assert_eq!(answer["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(answer["bills"][0]["source"], "cur");
    assert_eq!(answer["unattributed"][0]["cost"], "4");
    assert_eq!(answer["unattributed"][0]["percent"], "25");
}

/// An alert that was not accepted, and one whose answer was lost or never came.
#[tokio::test]
async fn alerts_that_did_not_arrive_are_counted() {
    let counts = |not_accepted: i32, unconfirmed: i32| serde_json::json!({"not_accepted": not_accepted, "unconfirmed": unconfirmed});
    for (state, expected, words) in [
        (AlertState::Sent, counts(0, 0), ""),
        (AlertState::Planned, counts(1, 0), "1 not accepted"),
        (AlertState::Unconfirmed, counts(0, 1), "1 unconfirmed"),
        // Since 1970: the run that was sending it has ended.
        (AlertState::Sending, counts(0, 1), "1 unconfirmed"),
    ] {
        let mut ledger = with_budget();
        ledger.alerts[0].state = state;
        let answer = json(&ledger, "/v1/health").await;
        assert_eq!(answer["undelivered_alerts"], expected, "{state:?}");
        let page = text(get(&ledger, "/").await).await;
        assert!(page.contains(words), "{state:?}");
        assert_eq!(page.contains("state warning"), !words.is_empty(), "{state:?}");
    }
}

#[tokio::test]
async fn a_topic_without_a_subscriber_is_in_health_and_on_the_page() {
    let ledger = MemoryLedger { unheard: Some(Topic::Alarms), ..with_budget() };
    let answer = json(&ledger, "/v1/health").await;
    assert_eq!(answer["findings"][0]["code"], "topic-without-subscriber");
    let page = text(get(&ledger, "/").await).await;
    assert!(page.contains("the topic of alarms has no subscriber"));
}

#[tokio::test]
async fn the_page_shows_the_month_and_loads_nothing() {
    let response = get(&with_budget(), "/").await;
    let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'; style-src 'unsafe-inline'; img-src data:"));
    let page = text(response).await;
    for part in ["SAMPLE DATA", "16.00 USD", "25 %", "exceeded", "search is over", "<svg", "Ida"] {
        assert!(page.contains(part), "{part}");
    }
    let without_namespace = page.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
    assert!(!without_namespace.contains("http://") && !without_namespace.contains("https://"));
    assert!(!page.contains("<script") && !page.contains("url(") && !page.contains("@import"));
}

#[tokio::test]
async fn a_name_is_text_and_never_markup() {
    let ledger = MemoryLedger::of(vec![usd(1, "<script>alert(1)</script>\"'&", "1")]);
    let page = text(get(&ledger, "/").await).await;
    assert!(!page.contains("<script"));
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;"));
}

#[tokio::test]
async fn a_name_turns_no_line_of_the_page_and_looks_like_no_other() {
    let names = ["search", "search ", "hcraes\u{202e}", "search\u{200b}", "no owner"];
    let ledger = MemoryLedger::of(names.iter().map(|it| usd(1, it, "1")).collect());
    let page = text(get(&ledger, "/").await).await;
    let cells = ["search", r"search\u{20}", r"hcraes\u{202e}", r"search\u{200b}", "no owner"];
    for cell in cells {
        assert!(page.contains(&format!("<td>{cell}</td>")), "{cell}");
    }
    assert!(!page.contains(['\u{202e}', '\u{200b}']));
}

#[tokio::test]
async fn an_empty_ledger_says_what_to_do() {
    let page = text(get(&MemoryLedger::default(), "/").await).await;
    assert!(page.contains("tollbook import PATH"));
}
