//! Changes of an OpenAPI document that break a caller.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// A change that breaks callers of one path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Break {
    /// The path, such as `/v1/costs`.
    pub path: String,
    /// The parameter or field, without the fields around it.
    pub name: String,
    /// The change in words.
    pub change: String,
}

impl Break {
    /// Whether a changelog has an item that names both the path and the parameter or field.
    pub fn is_named_in(&self, changelog: &str) -> bool {
        let (path, name) = (format!("`{}`", self.path), format!("`{}`", self.name));
        let get = format!("`GET {}`", self.path);
        changelog.split("\n- ").any(|item| {
            (item.contains(&path) || item.contains(&get))
                && (self.name.is_empty() || item.contains(&name))
        })
    }
}

/// Everything in `new` that breaks a caller who follows `old`.
pub fn breaks(old: &Value, new: &Value) -> BTreeSet<Break> {
    let mut breaks = BTreeSet::new();
    for (path, item) in old["paths"].as_object().into_iter().flatten() {
        let found = |name: &str, change: String| Break {
            path: path.clone(),
            name: name.rsplit('.').next().unwrap_or_default().replace("[]", ""),
            change,
        };
        let Some(now) = new["paths"].get(path) else {
            breaks.insert(found("", "the path is gone".to_owned()));
            continue;
        };
        let (before, after) = (fields_of(old, item), fields_of(new, now));
        for (field, kind) in &before {
            match after.get(field) {
                None => breaks.insert(found(field, format!("the field `{field}` is gone"))),
                Some(now) if now != kind => breaks
                    .insert(found(field, format!("the field `{field}` was {kind} and is {now}"))),
                Some(_) => false,
            };
        }
        let (before, after) = (parameters_of(old, item), parameters_of(new, now));
        for (name, (_, schema)) in &before {
            match after.get(name) {
                None => breaks.insert(found(name, format!("the parameter `{name}` is gone"))),
                Some((_, now)) if now != schema => breaks.insert(found(
                    name,
                    format!("the parameter `{name}` was {schema} and is {now}"),
                )),
                Some(_) => false,
            };
        }
        for (name, (is_required, _)) in &after {
            if *is_required && !before.get(name).is_some_and(|(was_required, _)| *was_required) {
                breaks.insert(found(name, format!("the parameter `{name}` is required now")));
            }
        }
    }
    breaks
}

/// Parameters of a path by name: whether each is required, and its type.
fn parameters_of(document: &Value, item: &Value) -> BTreeMap<String, (bool, String)> {
    let parameters = item["get"]["parameters"].as_array().into_iter().flatten();
    let parameter = |it: &Value| {
        let name = it["name"].as_str().unwrap_or_default().to_owned();
        (name, (it["required"] == true, kind_of(document, &it["schema"])))
    };
    parameters.map(parameter).collect()
}

/// The fields of a good answer by their place, such as `currencies[].rows[].cost`, with their types.
pub fn fields_of(document: &Value, item: &Value) -> BTreeMap<String, String> {
    let schema = &item["get"]["responses"]["200"]["content"]["application/json"]["schema"];
    let mut fields = BTreeMap::new();
    add_fields(document, schema, "", &mut fields);
    fields
}

fn add_fields(
    document: &Value,
    schema: &Value,
    place: &str,
    fields: &mut BTreeMap<String, String>,
) {
    let schema = resolved(document, schema);
    for part in ["allOf", "oneOf"] {
        for part in schema[part].as_array().into_iter().flatten() {
            add_fields(document, part, place, fields);
        }
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let place = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
        fields.insert(place.clone(), kind_of(document, property));
        add_fields(document, property, &place, fields);
    }
    if schema["items"].is_object() {
        add_fields(document, &schema["items"], &format!("{place}[]"), fields);
    }
    if schema["additionalProperties"].is_object() {
        add_fields(document, &schema["additionalProperties"], place, fields);
    }
}

/// A schema, or the one that it refers to.
pub fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let name = schema["$ref"].as_str().and_then(|it| it.rsplit('/').next());
    name.map_or(schema, |name| &document["components"]["schemas"][name])
}

/// The type of a schema in one text, with its format and words.
pub fn kind_of(document: &Value, schema: &Value) -> String {
    let schema = resolved(document, schema);
    let mut kind = match &schema["type"] {
        Value::String(one) => one.clone(),
        Value::Array(several) => {
            several.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or ")
        }
        _ => {
            let parts = schema["oneOf"].as_array().into_iter().flatten();
            let mut kinds: Vec<String> = parts.map(|it| kind_of(document, it)).collect();
            kinds.sort_by_key(|it| it == "null");
            kinds.join(" or ")
        }
    };
    if let Some(format) = schema["format"].as_str() {
        kind.push_str(&format!(" ({format})"));
    }
    let words: Vec<&str> =
        schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if !words.is_empty() {
        kind.push_str(&format!(" of {}", words.join(", ")));
    }
    kind
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document() -> Value {
        json!({
            "paths": { "/v1/costs": { "get": {
                "parameters": [{
                    "name": "from", "required": false, "schema": { "type": "string" },
                }],
                "responses": { "200": { "content": { "application/json": { "schema": {
                    "$ref": "#/components/schemas/Costs",
                } } } } },
            } } },
            "components": { "schemas": {
                "Costs": { "type": "object", "properties": {
                    "to": { "type": "string", "format": "date" },
                    "rows": { "type": "array", "items": { "$ref": "#/components/schemas/Row" } },
                } },
                "Row": { "type": "object", "properties": { "cost": { "type": "string" } } },
            } },
        })
    }

    #[track_caller]
    fn check(change: impl Fn(&mut Value), expected: &[&str]) {
        let mut new = document();
        change(&mut new);
        let found: Vec<String> =
            breaks(&document(), &new).into_iter().map(|it| it.change).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_breaks_a_caller_is_found() {
        check(|_| (), &[]);
        check(|new| new["paths"] = json!({}), &["the path is gone"]);
        check(
            |new| new["components"]["schemas"]["Row"]["properties"] = json!({ "amount": {} }),
            &["the field `rows[].cost` is gone"],
        );
        check(
            |new| {
                let row = &mut new["components"]["schemas"]["Row"];
                row["properties"]["cost"]["type"] = json!("number");
            },
            &["the field `rows[].cost` was string and is number"],
        );
        let parameter = |name: &str, is_required: bool, kind: &str| json!({ "name": name, "required": is_required, "schema": { "type": kind } });
        let set = |parameters: Value| {
            move |new: &mut Value| {
                new["paths"]["/v1/costs"]["get"]["parameters"] = parameters.clone();
            }
        };
        check(set(json!([])), &["the parameter `from` is gone"]);
        check(
            set(json!([parameter("from", true, "string")])),
            &["the parameter `from` is required now"],
        );
        check(
            set(json!([parameter("from", false, "integer")])),
            &["the parameter `from` was string and is integer"],
        );
        check(
            set(json!([parameter("from", false, "string"), parameter("to", true, "string")])),
            &["the parameter `to` is required now"],
        );
    }

    #[test]
    fn a_field_or_parameter_more_breaks_nobody() {
        check(
            |new| {
                new["paths"]["/v1/owners"] = json!({});
                new["components"]["schemas"]["Row"]["properties"]["more"] = json!({});
                let get = &mut new["paths"]["/v1/costs"]["get"];
                let more = json!({ "name": "more", "required": false, "schema": {} });
                get["parameters"] = json!([get["parameters"][0].clone(), more]);
            },
            &[],
        );
    }

    #[test]
    fn a_changelog_names_the_path_and_the_field_in_one_item() {
        let one =
            Break { path: "/v1/costs".to_owned(), name: "cost".to_owned(), change: String::new() };
        assert!(one.is_named_in("# Log\n\n- `GET /v1/costs` has no `cost` any more.\n"));
        assert!(!one.is_named_in("- `GET /v1/costs` is new.\n- `cost` is gone.\n"));
    }
}
