//! The mirror of budgets, through the handler.

use ledger_core::mirror::Mirror;
use ledger_local::budgets::{BudgetsStandIn, StandInError};

use super::*;

const ACCOUNT: &str = "123456789012";

const TAGGED: &str = "line_item_usage_start_date,bill_payer_account_id,line_item_usage_account_id,\
    line_item_product_code,line_item_usage_type,line_item_unblended_cost,line_item_currency_code,tags\n\
    2026-11-03,123456789012,123456789012,AmazonBedrock,USE1-NovaLite-input-tokens,60.00,USD,\
    \"{\"\"iamPrincipal/team\"\":\"\"search\"\"}\"\n";

const MIRRORED: &str = "[[budget]]\nname = \"search\"\nowner = \"search\"\nlimit = \"100\"\n\
    currency = \"USD\"\nwindow = \"monthly\"\nscope = { \"tag:iamPrincipal/team\" = \"search\" }\n\
    [[budget]]\nname = \"by week\"\nowner = \"search\"\nlimit = \"100\"\n\
    currency = \"USD\"\nwindow = \"weekly\"\n";

/// The record of the table's stream when budgets are applied.
const APPLIED: &str = r#"{"Records":[{"eventName":"INSERT","dynamodb":{"Keys":
    {"pk":{"S":"DOCUMENT#budgets"},"sk":{"S":"1"}}}}]}"#;

/// The record when a bill changed.
const CHANGED: &str = r#"{"Records":[{"eventName":"MODIFY","dynamodb":{"Keys":
    {"pk":{"S":"HEAD"},"sk":{"S":"2026-11#cur"}}}}]}"#;

const DAILY: &str = r#"{"mirror":true}"#;

/// A ledger with a bill and budgets, and AWS Budgets beside it.
struct Mirroring {
    setting: Setting,
    budgets: BudgetsStandIn,
    endpoint: LocalEndpoint,
}

impl Mirroring {
    async fn new() -> Mirroring {
        let setting = Setting::new(MIRRORED).await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("bill.csv");
        std::fs::write(&file, TAGGED).unwrap();
        let source = Arc::new(CurFolder::new(vec![file]));
        let rules = Arc::new(AttributionRules::default());
        let accept = Accept::All;
        import_bills(source, rules, accept, now(), |_| (), &setting.ledger).await.unwrap();
        let budgets = BudgetsStandIn::new(ACCOUNT).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = LocalEndpoint(format!("http://{}", listener.local_addr().unwrap()));
        let router = budgets.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Mirroring { setting, budgets, endpoint }
    }

    async fn handle(&self, event: &str) -> Value {
        let connection = Connection::local(&self.endpoint);
        let mirror = Mirror::new("tollbook", &self.setting.topic_arn).unwrap();
        *self.setting.mirror.lock().unwrap() = Some(BudgetMirror { connection, mirror });
        self.setting.handle(event).await.unwrap()
    }
}

#[tokio::test]
async fn applied_budgets_are_mirrored_and_a_second_run_changes_nothing() {
    let it = Mirroring::new().await;
    let answer = it.handle(APPLIED).await;
    assert_eq!(answer["alerts_sent"], 2, "the mirror is beside the alerts");
    let mirror = &answer["mirror"];
    assert_eq!((&mirror["changed"], &mirror["unchanged"]), (&json!(1), &json!(0)), "{mirror}");
    assert_eq!(mirror["not_mirrored"][0]["budget"], "by week");
    let made = it.budgets.budget("tollbook-search").unwrap();
    let services = made.pointer("/Budget/FilterExpression/And/0/Dimensions/Values").unwrap();
    assert_eq!(services, &json!(["Amazon Bedrock"]));
    let topic = made.pointer("/Notifications/0/1/0/Address").unwrap();
    assert_eq!(topic, &json!(it.setting.topic_arn));
    assert_eq!(it.budgets.changes(), 1);

    let again = it.handle(DAILY).await;
    assert_eq!(again["mirror"]["unchanged"], 1, "{again}");
    assert_eq!(it.budgets.changes(), 1);
}

#[tokio::test]
async fn other_events_do_not_ask_aws_budgets() {
    let it = Mirroring::new().await;
    for event in [&event("schedule"), CHANGED] {
        assert_eq!(it.handle(event).await["mirror"], Value::Null);
    }
    assert_eq!(it.budgets.requests(), 0);
    let off = it.setting.handle(APPLIED).await.unwrap();
    assert_eq!(off["mirror"], Value::Null, "without a mirror there is none");
}

/// Whichever call is refused: the alerts go out, the answer names it, and the next run goes on.
#[tokio::test]
async fn a_mirror_that_fails_fails_no_evaluation() {
    for refused_call in 0..2 {
        let it = Mirroring::new().await;
        for at in 0..=refused_call {
            let error = match at == refused_call {
                true => StandInError::AccessDenied("no".to_owned()),
                // An account without budgets says so.
                false => StandInError::NotFound("none".to_owned()),
            };
            it.budgets.fail_next(error);
        }
        let answer = it.handle(APPLIED).await;
        assert_eq!(answer["alerts_sent"], 2, "the mirror is beside the alerts");
        let failed = answer["mirror"]["failed"][0].as_str().unwrap();
        assert!(failed.contains("access to AWS Budgets is denied"), "{failed}");
        assert_eq!(it.handle(DAILY).await["mirror"]["changed"], 1);
    }
    let it = Mirroring::new().await;
    let nowhere = LocalEndpoint("http://127.0.0.1:9".to_owned());
    let unreachable = Mirroring { endpoint: nowhere, ..it };
    let answer = unreachable.handle(APPLIED).await;
    assert_eq!(answer["alerts_sent"], 2, "the mirror is beside the alerts");
    let failed = answer["mirror"]["failed"][0].as_str().unwrap();
    assert!(failed.starts_with("could not read the budgets of account 123456789012"), "{failed}");
}
