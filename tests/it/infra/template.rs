//! The template as JSON, with the short forms of CloudFormation's functions written out.

use std::path::Path;

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Map, Value, json};

/// Reads `infra/template.yaml`.
pub fn read(root: &Path) -> Value {
    let text = std::fs::read_to_string(root.join("infra/template.yaml"))
        .expect("the template is readable");
    parse(&text)
}

fn parse(text: &str) -> Value {
    let documents = Yaml::load_from_str(text).expect("the template is YAML");
    assert_eq!(documents.len(), 1, "the template is one document");
    documents.first().map(value_of).unwrap_or_default()
}

fn value_of(yaml: &Yaml<'_>) -> Value {
    match yaml {
        Yaml::Value(Scalar::Boolean(it)) => json!(it),
        Yaml::Value(Scalar::Integer(it)) => json!(it),
        Yaml::Value(Scalar::FloatingPoint(it)) => json!(it.to_string()),
        Yaml::Value(Scalar::String(it)) => json!(it),
        Yaml::Value(Scalar::Null) => Value::Null,
        Yaml::Sequence(items) => items.iter().map(value_of).collect(),
        Yaml::Mapping(entries) => {
            let key = |it: &Yaml<'_>| it.as_str().map(str::to_owned).expect("keys are texts");
            Value::Object(entries.iter().map(|(name, it)| (key(name), value_of(it))).collect())
        }
        Yaml::Tagged(tag, inner) => {
            let name = match tag.suffix.as_str() {
                name @ ("Ref" | "Condition") => name.to_owned(),
                name => format!("Fn::{name}"),
            };
            Value::Object(Map::from_iter([(name, value_of(inner))]))
        }
        other => panic!("the template holds {other:?}, which no check can read"),
    }
}

/// All values at any depth, with the value itself.
pub fn walk<'a>(value: &'a Value, found: &mut Vec<&'a Value>) {
    found.push(value);
    match value {
        Value::Array(items) => items.iter().for_each(|it| walk(it, found)),
        Value::Object(entries) => entries.values().for_each(|it| walk(it, found)),
        _ => {}
    }
}

/// The texts of a value that is one text or a list of them.
pub fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        other => other.as_str().into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_forms_are_written_out() {
        let text = "A: !If [Has, !Ref B, {C: !GetAtt D.Arn}]\nE: \"0\"\nF: 0\nG: !Sub \"x\"\n";
        assert_eq!(
            parse(text),
            json!({
                "A": { "Fn::If": ["Has", { "Ref": "B" }, { "C": { "Fn::GetAtt": "D.Arn" } }] },
                "E": "0",
                "F": 0,
                "G": { "Fn::Sub": "x" },
            })
        );
    }
}
