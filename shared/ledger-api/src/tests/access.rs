//! No route answers more than the caller may see.

use ledger_core::access::Access;

use super::*;

/// Every route, with a query that asks for all it has.
const ROUTES: [(&str, &str); 6] = [
    ("/", ""),
    ("/v1/costs", "?group_by=owner,model"),
    ("/v1/owners", ""),
    ("/v1/statements", "?period=2026-11"),
    ("/v1/budgets", ""),
    ("/v1/health", ""),
];

const BUDGETS: &str = "[[budget]]\nname = \"all-there-is\"\nowner = \"finance\"\nlimit = \"100\"\n\
    currency = \"USD\"\nwindow = \"monthly\"\n\
    [[budget]]\nname = \"of-yak\"\nowner = \"Ida\"\nlimit = \"100\"\ncurrency = \"USD\"\n\
    window = \"monthly\"\nscope = { owner = [\"zebra\", \"yak\"] }\n\
    [[budget]]\nname = \"of-zebra\"\nowner = \"Eve\"\nlimit = \"100\"\ncurrency = \"USD\"\n\
    window = \"monthly\"\nscope = { owner = \"zebra\" }\n";

fn ledger() -> MemoryLedger {
    let id = AlertId {
        budget: "of-yak".into(),
        window: Window::Monthly,
        start: date(2026, 11, 1),
        crossing: Crossing::reached(100),
    };
    let subject = "yak is over".to_owned();
    let alert =
        Alert { id, also: Vec::new(), subject, body: String::new(), attributes: BTreeMap::new() };
    MemoryLedger {
        budgets: Some(BUDGETS),
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
        assert!(limited.contains("3.25"), "{uri}: {limited}");
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
