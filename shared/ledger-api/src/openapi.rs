//! The OpenAPI document, made from the routes, their parameters and their bodies.
//!
//! Compiled for checks alone: the router serves the committed copy, `docs/openapi.json`, which a test
//! compares with what this module makes.

use std::collections::BTreeMap;

use ledger_core::cost::CostKind;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use crate::bodies::anomalies::AnomaliesAnswer;
use crate::bodies::budgets::BudgetsAnswer;
use crate::bodies::costs::CostsAnswer;
use crate::bodies::forecasts::ForecastBody;
use crate::bodies::health::HealthAnswer;
use crate::bodies::journals::JournalsAnswer;
use crate::bodies::owners::OwnersAnswer;
use crate::bodies::periods::PeriodsAnswer;
use crate::bodies::statements::StatementsAnswer;
use crate::parameters::{Form, Parameter};
use crate::response::ErrorAnswer;
use crate::router::ROUTES;
use crate::state::Route;
use crate::{anomalies, budgets, costs, forecasts, health, journals, owners, periods, statements};

/// A request and its answer.
#[derive(Clone, Debug)]
pub struct Example {
    /// The path with its query.
    pub uri: String,
    /// The body.
    pub answer: Value,
}

/// A schema with the schemas that it refers to; its own is the last.
type Schemas = Vec<(String, RefOr<Schema>)>;

/// The paths of all routes.
pub fn paths() -> Vec<&'static str> {
    ROUTES.iter().map(|it| it.path).collect()
}

/// The document, with an example for each path that has one.
pub fn document(examples: &BTreeMap<&str, Example>) -> Value {
    let mut schemas = BTreeMap::new();
    let mut paths = Map::new();
    for (route, bodies) in bodies() {
        let name = bodies.last().map(|(name, _)| name.clone()).unwrap_or_default();
        schemas.extend(bodies);
        let operation = operation(route, &name, examples.get(route.path));
        paths.insert(route.path.to_owned(), json!({ "get": operation }));
    }
    schemas.extend(schemas_of::<ErrorAnswer>());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Tollbook",
            "version": ledger_core::VERSION,
            "description": "Who spent what on generative AI, who pays, and which budgets are broken. \
                Money is a decimal as text, a day is `2026-11-03` in UTC, and a period is `from` and \
                `to` with `to` excluded. New fields may be added to answers at any time.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "security": [{ "sigv4": [] }, {}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": error_responses(),
            "securitySchemes": { "sigv4": {
                "type": "apiKey",
                "in": "header",
                "name": "Authorization",
                "description": "A request to a deployed API is signed with AWS Signature Version 4 \
                    for the service `execute-api`. Local mode needs no signature.",
            } },
        },
    })
}

fn bodies() -> [(&'static Route, Schemas); 9] {
    [
        (&costs::ROUTE, schemas_of::<CostsAnswer>()),
        (&owners::ROUTE, schemas_of::<OwnersAnswer>()),
        (&statements::ROUTE, schemas_of::<StatementsAnswer>()),
        (&budgets::ROUTE, schemas_of::<BudgetsAnswer>()),
        (&anomalies::ROUTE, schemas_of::<AnomaliesAnswer>()),
        (&forecasts::ROUTE, schemas_of::<ForecastBody>()),
        (&periods::ROUTE, schemas_of::<PeriodsAnswer>()),
        (&journals::ROUTE, schemas_of::<JournalsAnswer>()),
        (&health::ROUTE, schemas_of::<HealthAnswer>()),
    ]
}

fn schemas_of<T: ToSchema>() -> Schemas {
    let mut schemas = Vec::new();
    T::schemas(&mut schemas);
    schemas.push((T::name().into_owned(), T::schema()));
    schemas
}

fn operation(route: &Route, body: &str, example: Option<&Example>) -> Value {
    let parameters: Vec<Value> = route.parameters.iter().map(parameter).collect();
    let mut content = json!({ "schema": { "$ref": format!("#/components/schemas/{body}") } });
    if let (Some(Example { uri, answer }), Some(content)) = (example, content.as_object_mut()) {
        content.insert(
            "examples".to_owned(),
            json!({ "sample": { "summary": format!("GET {uri}"), "value": answer } }),
        );
    }
    let header = |about: &str| json!({ "description": about, "schema": { "type": "string" } });
    let mut responses = json!({
        "200": {
            "description": "The answer.",
            "headers": {
                "ETag": header("A tag of the content, for `If-None-Match`."),
                "x-request-id": header("Names the request, here and in the log."),
            },
            "content": { "application/json": content },
        },
    });
    if let Some(responses) = responses.as_object_mut() {
        for (status, name, _) in ERRORS {
            let reference = format!("#/components/responses/{name}");
            responses.insert(status.to_owned(), json!({ "$ref": reference }));
        }
    }
    json!({
        "operationId": route.name,
        "summary": route.about,
        "parameters": parameters,
        "responses": responses,
    })
}

const ERRORS: [(&str, &str, &str); 7] = [
    ("304", "NotModified", "The caller has this answer already, by `If-None-Match`."),
    ("400", "BadRequest", "A parameter is not what it should be: `message` says what is expected."),
    ("413", "BodyTooLarge", "The request has a body of more than 1 KiB."),
    ("414", "UriTooLong", "The path with its query is longer than 8 KiB."),
    ("431", "HeadersTooLarge", "The request has more than 100 headers, or 32 KiB of them."),
    ("500", "Failed", "The answer could not be made; the log has the request id and the cause."),
    ("503", "Unavailable", "The ledger did not answer; try again."),
];

fn error_responses() -> Value {
    let response = |(status, name, about): (&str, &str, &str)| {
        let schema = json!({ "$ref": "#/components/schemas/Error" });
        let content = json!({ "application/json": { "schema": schema } });
        let body = match status {
            "304" => json!({ "description": about }),
            _ => json!({ "description": about, "content": content }),
        };
        (name.to_owned(), body)
    };
    ERRORS.into_iter().map(response).collect::<Map<_, _>>().into()
}

fn parameter(parameter: &Parameter) -> Value {
    let Parameter { name, about, form, is_required } = *parameter;
    let (schema, example) = match form {
        Form::Day => (json!({ "type": "string", "format": "date" }), "2026-11-01"),
        Form::Month => {
            let pattern = "^[0-9]{4}-(0[1-9]|1[0-2])$";
            (json!({ "type": "string", "pattern": pattern }), "2026-11")
        }
        Form::Name => (json!({ "type": "string" }), "search"),
        Form::Dimensions => {
            let items = json!({ "type": "string" });
            (json!({ "type": "array", "items": items, "maxItems": 8 }), "owner,model")
        }
        Form::Conditions => {
            let items = json!({ "type": "string", "pattern": "^[^=]+=" });
            (json!({ "type": "array", "items": items, "maxItems": 50 }), "owner=search")
        }
        Form::CostKind => {
            let words: Vec<&str> = CostKind::ALL.iter().map(|it| it.as_str()).collect();
            (json!({ "type": "string", "enum": words, "default": "unblended" }), "amortized")
        }
        Form::Currency => (json!({ "type": "string", "pattern": "^[A-Z]{3}$" }), "USD"),
        Form::Limit => {
            let limit = crate::paging::LIMIT_MAX;
            let schema = json!({
                "type": "integer", "minimum": 1, "maximum": limit, "default": limit
            });
            (schema, "100")
        }
        Form::Flag => (json!({ "type": "boolean", "default": false }), "true"),
        Form::Cursor => (json!({ "type": "string" }), ""),
    };
    let mut body = json!({
        "name": name,
        "in": "query",
        "description": about,
        "required": is_required,
        "schema": schema,
    });
    if let Some(body) = body.as_object_mut() {
        let example = match form {
            Form::Dimensions => Some(json!(example.split(',').collect::<Vec<_>>())),
            Form::Conditions => Some(json!([example])),
            Form::Limit => Some(json!(100)),
            Form::Flag => Some(json!(true)),
            Form::Cursor => None,
            _ => Some(json!(example)),
        };
        body.extend(example.map(|it| ("example".to_owned(), it)));
        if matches!(form, Form::Dimensions | Form::Conditions) {
            // `group_by=owner,model`, but `where=owner=a&where=model=b`: a value may hold a comma.
            body.insert("style".to_owned(), json!("form"));
            body.insert("explode".to_owned(), json!(form == Form::Conditions));
        }
    }
    body
}
