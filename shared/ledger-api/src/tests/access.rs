//! No route answers more than the caller may see.

use ledger_core::access::Access;
use ledger_core::bill_text::BillTexts;
use ledger_core::fact::DetailKey;
use ledger_core::position::{EntryKind, PositionKey};
use ledger_core::rollup::Position;

use super::*;

/// Every route, with a query that asks for all it has.
const ROUTES: [(&str, &str); 10] = [
    ("/", ""),
    ("/v1/costs", "?group_by=owner,model"),
    ("/v1/owners", ""),
    ("/v1/statements", "?period=2026-11"),
    ("/v1/budgets", ""),
    ("/v1/anomalies", "?all=true"),
    ("/v1/forecasts", ""),
    ("/v1/periods", ""),
    ("/v1/journals", "?period=2026-10"),
    ("/v1/health", ""),
];

const BUDGETS: &str = "[[budget]]\nname = \"all-there-is\"\nowner = \"finance\"\nlimit = \"100\"\n\
    currency = \"USD\"\nwindow = \"monthly\"\n\
    [[budget]]\nname = \"of-yak\"\nowner = \"Ida\"\nlimit = \"100\"\ncurrency = \"USD\"\n\
    window = \"monthly\"\nscope = { owner = [\"zebra\", \"yak\"] }\n\
    [[budget]]\nname = \"of-zebra\"\nowner = \"Eve\"\nlimit = \"100\"\ncurrency = \"USD\"\n\
    window = \"monthly\"\nscope = { owner = \"zebra\" }\n";

const ORGANISATION: &str =
    "paying_entity = \"1000\"\n[[entity]]\ncode = \"1000\"\nname = \"Contoso\"\n";

/// October is closed, by a journal of what the other owner cost.
const PERIODS: &str = r#"{"periods":[{"entity":"1000","month":"2026-10","state":"closed","closing":{
    "posting":{"posting_date":"2026-10-31","cost_kind":"unblended",
        "content":"sha256:0000000000000000000000000000000000000000000000000000000000000000",
        "batches":[{"batch_id":"TB1","content_hash":"00","kind":"actual","entity":"1000",
            "currency":"USD","total":"777.1379","line_count":1}],
        "posted":{"by":"ana","at":"2026-11-06T00:00:00Z"}},
    "days":"sha256:0000000000000000000000000000000000000000000000000000000000000000",
    "organisation_version":1}}]}"#;

const CONTENT: &str = r#"{"month":"2026-10","cost_kind":"unblended","status":"final","charges":[],"journals":[
    {"batch_id":"TB1","content_hash":"00","posting_date":"2026-10-31","currency":"USD","kind":"actual",
    "entity":"1000","entity_name":"Contoso","lines":[{"kind":"charge","account":"650120","account_name":"AI",
    "side":"debit","amount":"777.14","text":"AI","support":[{"owner":"yak","service":"Amazon Bedrock",
    "exact":"777.1379","line_count":1}]}],"below_minor_unit":[]}]}"#;

fn ledger() -> MemoryLedger {
    let id = AlertId::Crossing(CrossingId {
        budget: "of-yak".into(),
        window: Window::Monthly,
        start: date(2026, 11, 1),
        crossing: Crossing::reached(100),
    });
    let alert = Alert {
        id,
        also: Vec::new(),
        receivers: Vec::new(),
        subject: "yak is over".to_owned(),
        body: String::new(),
        chat: None,
        document: None,
        attributes: BTreeMap::new(),
    };
    MemoryLedger {
        budgets: Some(BUDGETS),
        books: Some([ORGANISATION, PERIODS, CONTENT]),
        alerts: vec![StoredAlert { alert, state: AlertState::Sent, at: Timestamp::UNIX_EPOCH }],
        ..MemoryLedger::of(vec![usd(2, "zebra", "3.25"), usd(2, "yak", "777.1379")])
    }
}

async fn answer(access: Access, uri: &str) -> String {
    let state = AppState::new(ledger(), now, true).limited_to(access);
    let request = Request::get(uri).body(Body::empty()).unwrap();
    text(router(state).oneshot(request).await.unwrap()).await
}

#[test]
fn every_route_is_asked() {
    let routes = std::iter::once("/").chain(crate::router::ROUTES.iter().map(|it| it.path));
    assert_eq!(routes.collect::<Vec<_>>(), ROUTES.map(|(route, _)| route));
    // No route is served beside the list but the description of the API, which holds no figure.
    let router = include_str!("../router.rs");
    let named = router.split(".route(\"").skip(1).filter_map(|it| it.split('"').next());
    assert_eq!(named.collect::<Vec<_>>(), ["/", "/openapi.json"]);
    assert_eq!(router.matches("::ROUTE.path").count(), crate::router::ROUTES.len());
}

#[tokio::test]
async fn a_limited_caller_gets_nothing_of_others() {
    // The other owner, its cost, the sum of both, and a budget that counts it.
    let others = ["yak", "777.1", "780.3", "all-there-is"];
    for (route, query) in ROUTES {
        let uri = format!("{route}{query}");
        let limited = answer(Access::to_owners([Owner::parse("zebra")]), &uri).await;
        for word in others {
            assert!(!limited.contains(word), "{uri} tells of `{word}`: {limited}");
        }
        // Of one day there is no anomaly; below is a ledger that has some.
        if route == "/v1/anomalies" {
            continue;
        }
        // What is posted is of whole bills.
        let is_of_bills = matches!(route, "/v1/periods" | "/v1/journals");
        assert_eq!(limited.contains("3.25"), !is_of_bills, "{uri}: {limited}");
        // So that the check can fail.
        let whole = answer(Access::everything(), &uri).await;
        assert!(whole.contains("777.1379") || whole.contains("780.3879"), "{uri}: {whole}");
    }
}

#[tokio::test]
async fn a_caller_who_may_see_no_owner_gets_no_money() {
    for (route, query) in ROUTES {
        let uri = format!("{route}{query}");
        let answer = answer(Access::to_owners([]), &uri).await;
        for word in ["3.25", "777.1", "780.3", "zebra", "yak"] {
            assert!(!answer.contains(word), "{uri} tells of `{word}`: {answer}");
        }
    }
}

/// The same row in detail, of a caller that is named like its owner.
fn in_detail((day, rollup): (Date, Rollup)) -> (Date, Rollup) {
    let Rollup::Summary(Summary { key, measures }) = rollup else { unreachable!() };
    let detail = DetailKey {
        account: Some("111122223333".into()),
        texts: BillTexts::default(),
        caller: Some(format!("caller-of-{}", key.owner).into()),
        axes: Arc::default(),
        tags: Arc::default(),
    };
    let (business, rule, kind) = (Business::default(), None, EntryKind::Charge);
    let key = PositionKey { summary: key, detail, business, rule, kind };
    (day, Rollup::Position(Position { key, measures }))
}

#[tokio::test]
async fn anomalies_are_those_of_the_owners_that_the_caller_may_see() {
    let mut days = Vec::new();
    for day in 1..=20 {
        // The last settled day.
        let [zebra, yak] = if day == 17 { ["203.25", "777.1"] } else { ["20", "30"] };
        days.extend([usd(day, "zebra", zebra), usd(day, "yak", yak)].map(in_detail));
    }
    let ledger = MemoryLedger::of(days);
    let answer = async |access: Access, uri: &str| {
        let state = AppState::new(ledger.clone(), now, true).limited_to(access);
        let request = Request::get(uri).body(Body::empty()).unwrap();
        let answer = text(router(state).oneshot(request).await.unwrap()).await;
        serde_json::from_str::<Value>(&answer).unwrap()
    };
    let values = |answer: &Value| -> Vec<String> {
        let anomalies = answer["anomalies"].as_array().unwrap().iter();
        anomalies.map(|it| it["value"].as_str().unwrap().to_owned()).collect()
    };
    let of_zebra = answer(Access::to_owners([Owner::parse("zebra")]), "/v1/anomalies").await;
    assert_eq!(values(&of_zebra), ["caller-of-zebra"], "{of_zebra}");
    assert_eq!(of_zebra["anomalies"][0]["excess"], "183.25");
    assert!(!of_zebra.to_string().contains("yak"), "{of_zebra}");
    let of_all = answer(Access::everything(), "/v1/anomalies?limit=1").await;
    assert_eq!(values(&of_all), ["caller-of-yak"]);
    // Its owner, and the account and model of both.
    assert_eq!(of_all["anomalies"][0]["also_in"].as_array().unwrap().len(), 3);
    let cursor = of_all["next_cursor"].as_str().unwrap();
    let next = format!("/v1/anomalies?limit=1&cursor={cursor}");
    let next = answer(Access::everything(), &next).await;
    assert_eq!(values(&next), ["caller-of-zebra"]);
    let of_nothing = answer(Access::to_owners([]), "/v1/anomalies").await;
    assert_eq!((values(&of_nothing).len(), &of_nothing["series_count"]), (0, &Value::from(0)));
    let refused = answer(Access::everything(), "/v1/anomalies?all=yes").await;
    assert_eq!(refused["error"]["message"], "`all` is `yes`; expected `true` or `false`");
}
