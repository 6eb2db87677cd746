//! The OpenAPI document, its examples and the reference are what the code makes.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a check that cannot set itself up has failed; JSON without a member is `null`"
)]

mod breaking;
mod reference;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use ledger_api::openapi::{Example, document, paths};
use ledger_api::{AppState, router};
use ledger_app::documents::applied_rules;
use ledger_app::import::{Accept, import_bills};
use ledger_app::ports::{DocumentKind, DocumentStore as _};
use ledger_app::said::Said;
use ledger_aws::connect::{LocalEndpoint, dynamodb_client};
use ledger_aws::cur::CurFolder;
use ledger_aws::dynamodb::DynamoLedger;
use ledger_core::audit::AuditAction;
use ledger_local::database::EmbeddedDatabase;
use ledger_local::sample::{Delivery, SampleOrganisation};
use serde_json::Value;
use tower::ServiceExt as _;

use self::breaking::breaks;
use self::reference::reference;

const TODAY: Date = date(2026, 11, 12);

const SEED: u64 = 7;

fn now() -> Timestamp {
    "2026-11-12T08:00:00Z".parse().expect("an instant")
}

/// The router of the sample organisation; it answers as long as the database is there.
async fn sample() -> (EmbeddedDatabase, Router) {
    let database = EmbeddedDatabase::open(None).await.expect("the database starts");
    let client = dynamodb_client(Some(&LocalEndpoint(database.endpoint()))).await;
    let ledger = DynamoLedger { client, table: "tollbook".to_owned() };
    ledger.ensure_table().await.expect("the table is made");
    for (kind, text) in [
        (DocumentKind::Rules, SampleOrganisation::RULES_TOML),
        (DocumentKind::Budgets, SampleOrganisation::BUDGETS_TOML),
    ] {
        let said = Said { by: "test", reason: "", at: now() };
        ledger
            .apply(kind, text, said.applies(AuditAction::ApplyRules))
            .await
            .expect("the document is applied");
    }
    let folder = tempfile::tempdir().expect("a folder for the export");
    let organisation = SampleOrganisation::new(SEED, TODAY);
    organisation.write(folder.path(), Delivery::First).expect("the export is written");
    let rules = Arc::new(applied_rules(&ledger).await.expect("the rules are read"));
    let source = Arc::new(CurFolder::new(vec![folder.path().to_owned()]));
    import_bills(source, rules, Accept::Good, now(), |_| (), &ledger)
        .await
        .expect("the export is imported");
    (database, router(AppState::new(ledger, now, true)))
}

async fn example(router: &Router, uri: String) -> Example {
    let request = Request::get(&uri).body(Body::empty()).expect("a request");
    let response = router.clone().oneshot(request).await.expect("an answer");
    assert_eq!(response.status(), StatusCode::OK, "{uri}");
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.expect("a body");
    Example { uri, answer: serde_json::from_slice(&bytes).expect("JSON") }
}

/// A real answer of each route, short enough to read.
async fn examples() -> BTreeMap<&'static str, Example> {
    let (database, router) = sample().await;
    let all = example(&router, "/v1/statements?period=2026-11".to_owned()).await;
    let statements = all.answer["statements"].as_array().into_iter().flatten();
    let line_count = |it: &&Value| it["lines"].as_array().map_or(0, Vec::len);
    let shortest = statements.min_by_key(line_count).expect("a statement");
    let owner = shortest["owner"].as_str().expect("an owner").replace(' ', "%20");
    let mut examples = BTreeMap::new();
    for path in paths() {
        let week = "from=2026-11-01&to=2026-11-08&limit=2";
        let query = match path {
            "/v1/costs" => format!("?{week}&group_by=owner,model"),
            "/v1/owners" => format!("?{week}"),
            "/v1/statements" => format!("?period=2026-11&owner={owner}"),
            "/v1/journals" => "?period=2026-10&limit=1".to_owned(),
            "/v1/periods" => "?limit=1".to_owned(),
            "/v1/budgets" => "?limit=1".to_owned(),
            "/v1/anomalies" => "?since=2026-11-01&limit=1".to_owned(),
            _ => String::new(),
        };
        examples.insert(path, example(&router, format!("{path}{query}")).await);
    }
    database.stop().await.expect("the database stops");
    examples
}

/// The same value with the members of objects in order, however they are kept.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members: BTreeMap<String, Value> =
                members.into_iter().map(|(name, it)| (name, sorted(it))).collect();
            members.into_iter().collect()
        }
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        other => other,
    }
}

/// The part of the changelog that is not released yet.
fn unreleased(changelog: &str) -> String {
    let mut sections = changelog.split("\n## ").skip(1);
    let newest = sections.next().expect("the changelog has a section");
    // Line breaks within an item are of no interest.
    newest.replace("\n  ", " ")
}

#[tokio::test]
async fn the_committed_description_of_the_api_is_that_of_the_code() {
    let root = root();
    let path = |name: &str| root.join(name);
    let read = |name: &str| std::fs::read_to_string(path(name)).unwrap_or_default();
    let made = sorted(document(&examples().await));
    let committed: Value = serde_json::from_str(&read("docs/openapi.json")).unwrap_or_default();
    let changelog = unreleased(&read("CHANGELOG.md"));
    let unnamed: Vec<String> = breaks(&committed, &made)
        .into_iter()
        .filter(|it| !it.is_named_in(&changelog))
        .map(|it| format!("{}: {}", it.path, it.change))
        .collect();
    assert_eq!(
        unnamed,
        Vec::<String>::new(),
        "these changes break callers: name the path and the field or parameter in one item of the \
         changelog"
    );
    let text = serde_json::to_string_pretty(&made).expect("JSON") + "\n";
    let files = [("docs/openapi.json", text), ("docs/api.md", reference(&made))];
    if std::env::var_os("UPDATE_DOCS").is_some() {
        for (name, text) in &files {
            write(&path(name), text);
        }
    }
    for (name, text) in files {
        assert!(
            read(name) == text,
            "{name} is not what the code makes; run `UPDATE_DOCS=1 cargo test -p ledger-tests \
             openapi` and look at the change"
        );
    }
}

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).expect("the file is written");
}

fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("tests/ lies in the root").to_owned()
}
