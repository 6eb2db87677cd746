//! Events of API Gateway, the good and the bad, through the door that Lambda uses.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot set itself up has failed"
)]

use std::sync::Arc;

use jiff::Timestamp;
use lambda_http::request::LambdaRequest;
use lambda_http::{Context, LambdaEvent, Service as _};
use ledger_api::{AppState, router};
use ledger_app::import::{Accept, import_bills};
use ledger_aws::connect::{LocalEndpoint, dynamodb_client};
use ledger_aws::cur::CurFolder;
use ledger_aws::dynamodb::DynamoLedger;
use ledger_core::rules::AttributionRules;
use ledger_local::database::EmbeddedDatabase;
use ledger_testkit::runtime_api::{Heard, run};
use lookup_chargeback::handler::service;
use serde_json::{Value, json};

const BILL: &str = "line_item_usage_start_date,bill_payer_account_id,line_item_usage_account_id,\
    line_item_product_code,line_item_usage_type,line_item_unblended_cost,line_item_currency_code\n\
    2026-11-03,123456789012,123456789012,AmazonBedrock,USE1-NovaLite-input-tokens,60.00,USD\n\
    2026-11-04,123456789012,123456789012,AmazonBedrock,USE1-NovaLite-output-tokens,20.00,USD\n";

fn now() -> Timestamp {
    "2026-11-20T08:00:00Z".parse().unwrap()
}

fn event(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/lookup-chargeback");
    std::fs::read_to_string(format!("{folder}/{name}.json")).unwrap()
}

/// A ledger with one bill; it is there as long as the database is.
async fn ledger() -> (EmbeddedDatabase, DynamoLedger) {
    let database = EmbeddedDatabase::open(None).await.unwrap();
    let client = dynamodb_client(Some(&LocalEndpoint(database.endpoint()))).await;
    let ledger = DynamoLedger { client, table: "tollbook".to_owned() };
    ledger.ensure_table().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bill.csv");
    std::fs::write(&file, BILL).unwrap();
    let source = Arc::new(CurFolder::new(vec![file]));
    let now = "2026-11-05T08:00:00Z".parse().unwrap();
    import_bills(source, Arc::new(AttributionRules::default()), Accept::Good, now, |_| (), &ledger)
        .await
        .unwrap();
    (database, ledger)
}

/// The answer as API Gateway gets it: status, headers, body.
async fn answer(event: &str) -> (i64, Value, Value) {
    let (database, ledger) = ledger().await;
    let mut service = service(router(AppState::new(ledger, now, false)));
    let payload: LambdaRequest = serde_json::from_str(event).unwrap();
    let response = service.call(LambdaEvent { payload, context: Context::default() });
    let response = serde_json::to_value(response.await.unwrap()).unwrap();
    database.stop().await.unwrap();
    let body = response["body"].as_str().unwrap_or_default();
    let status = response["statusCode"].as_i64().unwrap();
    (status, response["headers"].clone(), serde_json::from_str(body).unwrap())
}

#[tokio::test]
async fn costs_are_answered_under_the_id_of_api_gateway() {
    let (status, headers, body) = answer(&event("costs")).await;
    assert_eq!(status, 200);
    assert_eq!(body["currencies"][0]["total"], "80");
    assert_eq!(body["data_up_to"], "2026-11-05");
    assert_eq!(headers["x-request-id"], "JKJaXmPLvHcESHA=");
}

#[tokio::test]
async fn a_stage_before_the_path_changes_nothing() {
    let (_, _, plain) = answer(&event("costs")).await;
    assert_eq!(answer(&event("costs-in-stage")).await.2, plain);
}

#[tokio::test]
async fn what_says_nothing_of_costs_is_not_looked_at() {
    let (_, _, plain) = answer(&event("costs")).await;
    for name in ["malformed-host", "malformed-body"] {
        let (status, _, body) = answer(&event(name)).await;
        assert_eq!((status, body), (200, plain.clone()), "{name}");
    }
}

#[tokio::test]
async fn what_cannot_be_answered_is_refused_in_one_form() {
    for (name, status, code) in [
        ("unknown-stage", 404, "not_found"),
        ("malformed-path", 404, "not_found"),
        ("malformed-query", 400, "bad_parameter"),
        ("malformed-cursor", 400, "cursor_invalid"),
        ("malformed-window", 400, "bad_parameter"),
        ("post", 405, "method_not_allowed"),
    ] {
        let (said, headers, body) = answer(&event(name)).await;
        assert_eq!((said, &body["error"]["code"]), (status, &json!(code)), "{name}");
        assert_eq!(headers["x-request-id"], "JKJaXmPLvHcESHA=", "{name}");
    }
}

#[tokio::test]
async fn what_is_too_much_is_refused_in_the_same_form() {
    let mut body: Value = serde_json::from_str(&event("costs")).unwrap();
    let (mut headers, mut query, mut big_header) = (body.clone(), body.clone(), body.clone());
    body["body"] = json!("x".repeat(10 * 1024 * 1024));
    for number in 0..5_000 {
        headers["headers"][format!("x-flood-{number}")] = json!("1");
    }
    big_header["headers"]["x-flood"] = json!("1".repeat(40_000));
    query["rawQueryString"] = json!("where=a".repeat(100_000));
    for (event, status, code) in [
        (body, 413, "body_too_large"),
        (headers, 431, "headers_too_large"),
        (big_header, 431, "headers_too_large"),
        (query, 414, "uri_too_long"),
    ] {
        let (said, _, body) = answer(&event.to_string()).await;
        assert_eq!((said, &body["error"]["code"]), (status, &json!(code)));
    }
}

#[tokio::test]
async fn without_an_id_of_api_gateway_there_is_one_of_our_own() {
    for id in [json!(null), json!(""), json!("two\nlines")] {
        let mut event: Value = serde_json::from_str(&event("costs")).unwrap();
        event["requestContext"]["requestId"] = id;
        let (status, headers, _) = answer(&event.to_string()).await;
        assert_eq!(status, 200);
        let id = headers["x-request-id"].as_str().unwrap();
        assert!(!id.is_empty() && !id.contains('\n'), "{id}");
    }
}

#[test]
fn another_event_is_not_taken_for_a_request() {
    let refused = lambda_http::request::from_str(&event("not-from-api-gateway"));
    assert!(refused.is_err());
}

/// The binary itself, over `http://`, with the certificate authorities of AWS alone.
#[tokio::test]
async fn the_process_answers_and_survives_what_it_cannot_read() {
    let (database, ledger) = ledger().await;
    let endpoint = database.endpoint();
    let variables =
        [("TABLE_NAME", ledger.table.as_str()), ("AWS_ENDPOINT_URL_DYNAMODB", &endpoint)];
    let (costs, other) = (event("costs"), event("not-from-api-gateway"));
    let binary = env!("CARGO_BIN_EXE_lookup-chargeback");
    let ran = run(binary, &variables, &[&other, &costs]).await.unwrap();
    database.stop().await.unwrap();
    assert!(matches!(ran.heard[0], Heard::Failed(_)));
    let Heard::Answer(answer) = &ran.heard[1] else { panic!("{ran:?}") };
    let answer: Value = serde_json::from_str(answer).unwrap();
    let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    assert_eq!(body["currencies"][0]["total"], "80");
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_told_without_its_name() {
    let variables =
        [("TABLE_NAME", "secret-table"), ("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:9")];
    let binary = env!("CARGO_BIN_EXE_lookup-chargeback");
    let ran = run(binary, &variables, &[&event("costs")]).await.unwrap();
    let Heard::Answer(answer) = &ran.heard[0] else { panic!("{ran:?}") };
    let answer: Value = serde_json::from_str(answer).unwrap();
    assert_eq!(answer["statusCode"], 503);
    let body = answer["body"].as_str().unwrap();
    assert!(body.contains("try again"), "{body}");
    assert!(!body.contains("secret-table") && !body.contains("127.0.0.1"), "{body}");
    let log: Value = serde_json::from_str(&ran.lines[1]).unwrap();
    assert_eq!(log["level"], "ERROR");
    assert_eq!(log["spans"][0]["requestId"], "request-1");
    assert_eq!(log["spans"][1]["request.id"], "JKJaXmPLvHcESHA=");
}

#[tokio::test]
async fn a_missing_table_stops_the_start_with_one_message() {
    let binary = env!("CARGO_BIN_EXE_lookup-chargeback");
    let ran = run(binary, &[("TLS_ROOTS", "mine")], &[]).await.unwrap();
    assert_eq!(ran.exit_code, Some(1));
    assert_eq!(ran.lines.len(), 2, "the release, and the refusal");
    let log: Value = serde_json::from_str(&ran.lines[1]).unwrap();
    assert_eq!(
        log["error"],
        "environment variables: `TABLE_NAME` is missing or empty; expected the name of the \
         ledger's table; `TLS_ROOTS` is `mine`; expected amazon or system"
    );
}
