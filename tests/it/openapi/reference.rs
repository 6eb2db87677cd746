//! The reference of the API for people, made from the OpenAPI document.

use std::fmt::Write as _;

use serde_json::Value;

use super::breaking::{kind_of, resolved};

const INTRODUCTION: &str = "\
# The HTTP API

Made from [openapi.json](openapi.json) by `UPDATE_DOCS=1 cargo test -p ledger-tests openapi`; edit the code instead.
A running Tollbook serves the same document at `/openapi.json`.

Local mode (`tollbook up`) answers on `http://127.0.0.1:8707`. A deployed API wants requests signed with AWS Signature
Version 4 for the service `execute-api`, by an identity with the policy of the stack's output `ReaderPolicyArn`:

```sh
curl --aws-sigv4 \"aws:amz:$AWS_REGION:execute-api\" --user \"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY\" \\
  -H \"x-amz-security-token: $AWS_SESSION_TOKEN\" \"$API_URL/v1/costs?group_by=owner\"
```

- Money is a decimal as text: never read it as a float.
- A day is `2026-11-03`, in UTC. A period is `from` and `to`, with `to` excluded.
- A value that is not known is `null`, never 0.
- A list has pages: ask again with `cursor` set to `next_cursor` until that is `null`. A cursor is of one question and one
  state of the ledger; after a change of either it is refused as `cursor_invalid`, and the list starts again.
- Every answer has an `ETag`; with `If-None-Match` an answer that did not change is an empty 304.
- Every answer has an `x-request-id`, which the log has too. `x-tollbook-sample-data: true` says that figures are made up.
- New fields may be added to answers. Any other change is named in the changelog.
- `tollbook report`, `statement` and `budget list` print the same bodies with `--format json`.
";

/// The reference.
pub fn reference(document: &Value) -> String {
    let mut text = INTRODUCTION.to_owned();
    errors(document, &mut text);
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        route(document, path, &item["get"], &mut text);
    }
    text
}

fn line(text: &mut String, line: &str) {
    // Writing to a `String` does not fail.
    let _ = writeln!(text, "{line}");
}

/// A cell of a table: one line, with its bars kept.
fn cell(value: &Value) -> String {
    value.as_str().unwrap_or_default().replace('\n', " ").replace('|', "\\|")
}

fn errors(document: &Value, text: &mut String) {
    line(text, "\n## Errors\n");
    line(
        text,
        "An error is `{\"error\":{\"code\",\"message\",\"details\"}}`. `code` is stable, `message` is one",
    );
    line(text, "sentence for a person, and `details` names the parameter or its values.\n");
    line(text, "| status | meaning |\n| --- | --- |");
    let first = document["paths"].as_object().and_then(|it| it.values().next());
    let responses = first.map(|it| &it["get"]["responses"]);
    for (status, response) in responses.and_then(Value::as_object).into_iter().flatten() {
        let name = response["$ref"].as_str().and_then(|it| it.rsplit('/').next());
        if let Some(name) = name {
            let about = &document["components"]["responses"][name]["description"];
            line(text, &format!("| {status} | {} |", cell(about)));
        }
    }
    line(text, "| 404 | There is no such path. |\n| 405 | The API answers GET alone. |");
}

fn route(document: &Value, path: &str, get: &Value, text: &mut String) {
    line(text, &format!("\n## GET {path}\n\n{}\n", get["summary"].as_str().unwrap_or_default()));
    let parameters: Vec<&Value> = get["parameters"].as_array().into_iter().flatten().collect();
    if parameters.is_empty() {
        line(text, "It takes no parameters.");
    } else {
        line(text, "| parameter | type | meaning |\n| --- | --- | --- |");
    }
    for parameter in parameters {
        let required = if parameter["required"] == true { ", required" } else { "" };
        let (name, kind) = (cell(&parameter["name"]), kind_of(document, &parameter["schema"]));
        line(
            text,
            &format!("| `{name}` | {kind}{required} | {} |", cell(&parameter["description"])),
        );
    }
    line(text, "\n| field | type | meaning |\n| --- | --- | --- |");
    let content = &get["responses"]["200"]["content"]["application/json"];
    fields(document, &content["schema"], "", text);
    let example = &content["examples"]["sample"];
    if let Some(asked) = example["summary"].as_str() {
        let answer = serde_json::to_string_pretty(&example["value"]).unwrap_or_default();
        line(text, &format!("\nOf the sample organisation, `{asked}`:\n\n```json\n{answer}\n```"));
    }
}

/// The fields of a schema in their order, each with the fields around it.
fn fields(document: &Value, schema: &Value, place: &str, text: &mut String) {
    let schema = resolved(document, schema);
    for part in ["allOf", "oneOf"] {
        for part in schema[part].as_array().into_iter().flatten() {
            fields(document, part, place, text);
        }
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let place = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
        let (kind, about) = (kind_of(document, property), cell(description(document, property)));
        line(text, &format!("| `{place}` | {kind} | {about} |"));
        fields(document, property, &place, text);
    }
    if schema["items"].is_object() {
        fields(document, &schema["items"], &format!("{place}[]"), text);
    }
}

/// The description of a property: its own, that of its schema, or that of an alternative.
fn description<'a>(document: &'a Value, property: &'a Value) -> &'a Value {
    let parts = property["oneOf"].as_array().into_iter().flatten();
    let places = [property, resolved(document, property)].into_iter().chain(parts);
    let mut found = places.map(|it| &it["description"]).filter(|it| !it.is_null());
    found.next().unwrap_or(&Value::Null)
}
