//! Requests against the service's own model: members, types, enumerations, lengths, ranges and patterns.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

/// The model; MODEL.md beside it says where it comes from.
const MODEL: &str = include_str!("model.json");

/// The operations of a service and the shapes of their requests.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Model {
    operations: BTreeMap<String, Operation>,
    shapes: BTreeMap<String, Shape>,
}

#[derive(Clone, Debug, Deserialize)]
struct Operation {
    input: String,
    #[cfg(test)]
    errors: std::collections::BTreeSet<String>,
}

/// A reference to a shape by its name.
#[derive(Clone, Debug, Deserialize)]
struct Named {
    shape: String,
}

#[derive(Clone, Debug, Deserialize)]
struct Shape {
    #[serde(rename = "type")]
    kind: Kind,
    #[serde(default)]
    required: Vec<String>,
    #[serde(default)]
    members: BTreeMap<String, Named>,
    member: Option<Named>,
    key: Option<Named>,
    value: Option<Named>,
    #[serde(rename = "enum", default)]
    words: Vec<String>,
    min: Option<u64>,
    max: Option<u64>,
    pattern: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Boolean,
    Double,
    Integer,
    List,
    Map,
    String,
    Structure,
    Timestamp,
}

impl Model {
    /// Reads the model.
    pub(super) fn read() -> Result<Model, serde_json::Error> {
        serde_json::from_str(MODEL)
    }

    /// Whether the service has an operation.
    pub(super) fn has(&self, operation: &str) -> bool {
        self.operations.contains_key(operation)
    }

    /// Whether an operation answers with an error.
    #[cfg(test)]
    pub(super) fn has_error(&self, operation: &str, error: &str) -> bool {
        self.operations.get(operation).is_some_and(|it| it.errors.contains(error))
    }

    /// Checks a request; the message names the member, in AWS's words.
    pub(super) fn check(&self, operation: &str, request: &Value) -> Result<(), String> {
        match self.operations.get(operation) {
            Some(operation) => self.check_shape(&operation.input, request, ""),
            None => Err(format!("unknown operation `{operation}`")),
        }
    }

    fn check_shape(&self, name: &str, value: &Value, at: &str) -> Result<(), String> {
        let Some(shape) = self.shapes.get(name) else {
            return Err(format!("the model has no shape `{name}`"));
        };
        match (shape.kind, value) {
            (Kind::Structure, Value::Object(members)) => self.check_members(shape, members, at),
            (Kind::List, Value::Array(items)) => {
                check_size(shape, items.len(), value, at)?;
                let each = || items.iter().enumerate();
                let Some(member) = &shape.member else { return Ok(()) };
                each().try_for_each(|(place, item)| {
                    self.check_shape(&member.shape, item, &format!("{at}.{}.member", place + 1))
                })
            }
            (Kind::Map, Value::Object(entries)) => {
                for (key, value) in entries {
                    if let Some(named) = &shape.key {
                        self.check_shape(&named.shape, &Value::String(key.clone()), at)?;
                    }
                    if let Some(named) = &shape.value {
                        self.check_shape(&named.shape, value, &format!("{at}.{key}"))?;
                    }
                }
                Ok(())
            }
            (Kind::String, Value::String(text)) => check_text(shape, text, at),
            (Kind::Boolean, Value::Bool(_)) => Ok(()),
            (Kind::Integer, Value::Number(number)) if number.is_i64() => {
                check_range(shape, value, number.as_f64(), at)
            }
            (Kind::Double, Value::Number(number)) => check_range(shape, value, number.as_f64(), at),
            (Kind::Timestamp, Value::Number(_)) => Ok(()),
            _ => Err(failed(value, at, &format!("Member must be of type {:?}", shape.kind))),
        }
    }

    fn check_members(
        &self,
        shape: &Shape,
        members: &Map<String, Value>,
        at: &str,
    ) -> Result<(), String> {
        for required in &shape.required {
            if members.get(required).is_none_or(Value::is_null) {
                return Err(failed(&Value::Null, &member(at, required), "Member must not be null"));
            }
        }
        for (name, value) in members {
            let place = member(at, name);
            let Some(named) = shape.members.get(name) else {
                return Err(failed(value, &place, "Member is not one of the model"));
            };
            if !value.is_null() {
                self.check_shape(&named.shape, value, &place)?;
            }
        }
        Ok(())
    }
}

/// The place of a member as AWS spells it: `budget.budgetName`.
fn member(at: &str, name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|it| it.to_lowercase().to_string());
    let name = format!("{}{}", first.unwrap_or_default(), letters.as_str());
    if at.is_empty() { name } else { format!("{at}.{name}") }
}

fn failed(value: &Value, at: &str, constraint: &str) -> String {
    let shown = match value {
        Value::String(text) => format!("'{text}'"),
        other => other.to_string(),
    };
    format!(
        "1 validation error detected: Value {shown} at '{at}' failed to satisfy constraint: {constraint}"
    )
}

fn check_text(shape: &Shape, text: &str, at: &str) -> Result<(), String> {
    let value = || Value::String(text.to_owned());
    check_size(shape, text.chars().count(), &value(), at)?;
    if !shape.words.is_empty() && !shape.words.iter().any(|it| it == text) {
        let words = format!("Member must satisfy enum value set: [{}]", shape.words.join(", "));
        return Err(failed(&value(), at, &words));
    }
    match shape.pattern.as_deref().map(|it| (it, matches(it, text))) {
        None | Some((_, Some(true))) => Ok(()),
        Some((pattern, Some(false))) => {
            let words = format!("Member must satisfy regular expression pattern: {pattern}");
            Err(failed(&value(), at, &words))
        }
        Some((pattern, None)) => Err(format!("this stand-in does not know the pattern {pattern}")),
    }
}

fn check_size(shape: &Shape, length: usize, value: &Value, at: &str) -> Result<(), String> {
    let length = u64::try_from(length).unwrap_or(u64::MAX);
    if let Some(min) = shape.min.filter(|it| length < *it) {
        let words = format!("Member must have length greater than or equal to {min}");
        return Err(failed(value, at, &words));
    }
    if let Some(max) = shape.max.filter(|it| length > *it) {
        return Err(failed(
            value,
            at,
            &format!("Member must have length less than or equal to {max}"),
        ));
    }
    Ok(())
}

fn check_range(shape: &Shape, value: &Value, number: Option<f64>, at: &str) -> Result<(), String> {
    // The bounds of the model are whole numbers far below those that a double cannot hold.
    let bound = |it: u64| it as f64;
    let number = number.unwrap_or(f64::NAN);
    let is_above = shape.min.is_none_or(|it| number >= bound(it));
    let is_below = shape.max.is_none_or(|it| number <= bound(it));
    if is_above && is_below {
        return Ok(());
    }
    let bounds = format!("Member must be between {:?} and {:?}", shape.min, shape.max);
    Err(failed(value, at, &bounds))
}

/// Whether a text matches one of the model's patterns; `None` for a pattern that is none of these. They are
/// few, and one of them looks ahead, which the usual crate for patterns does not do.
fn matches(pattern: &str, text: &str) -> Option<bool> {
    let is_line = || !text.contains('\n');
    match pattern {
        r"\d{12}" => Some(text.len() == 12 && text.bytes().all(|it| it.is_ascii_digit())),
        r"[\S\s]*" | r"(.*[\n\r\t\f\ ]?)*" => Some(true),
        ".*" => Some(is_line()),
        r"([0-9]*\.)?[0-9]+" => {
            let (whole, fraction) = text.rsplit_once('.').unwrap_or(("", text));
            let is_number = |it: &str| it.bytes().all(|it| it.is_ascii_digit());
            Some(is_number(whole) && is_number(fraction) && !fraction.is_empty())
        }
        r"^(?![^:\\]*/action/|(?i).*<script>.*</script>.*)[^:\\]+$" => {
            let lower = text.to_lowercase();
            let rest = lower.split_once("<script>").map_or("", |(_, rest)| rest);
            let is_plain = !text.contains([':', '\\']) && !text.is_empty();
            Some(is_plain && !text.contains("/action/") && !rest.contains("</script>"))
        }
        r"^arn:aws[a-z-]*:(billing)::[0-9]{12}:billingview/[a-zA-Z0-9/:_\+=\.\-@]{0,75}[a-zA-Z0-9]$" => {
            Some(text.starts_with("arn:aws") && text.contains(":billingview/"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_that_is_named_is_there_and_every_pattern_is_known() {
        let model = Model::read().unwrap();
        let named = |it: &Option<Named>| it.as_ref().map(|it| it.shape.clone());
        for shape in model.shapes.values() {
            let inner = [named(&shape.member), named(&shape.key), named(&shape.value)];
            let members = shape.members.values().map(|it| Some(it.shape.clone()));
            for name in inner.into_iter().chain(members).flatten() {
                assert!(model.shapes.contains_key(&name), "{name}");
            }
            let pattern = shape.pattern.iter().map(|it| matches(it, "x"));
            assert!(pattern.into_iter().all(|it| it.is_some()), "{:?}", shape.pattern);
        }
        assert!(model.operations.values().all(|it| model.shapes.contains_key(&it.input)));
    }

    #[test]
    fn patterns_are_those_of_the_model() {
        for (pattern, good, bad) in [
            (r"\d{12}", &["123456789012"][..], &["12345678901", "12345678901a"][..]),
            (
                r"([0-9]*\.)?[0-9]+",
                &["1", "1.50", ".5"],
                &["", "1.", "-1", "1e3", "1,000", "1.2.3"],
            ),
            (
                r"^(?![^:\\]*/action/|(?i).*<script>.*</script>.*)[^:\\]+$",
                &["a b/c", "<script>"],
                &["a:b", "a\\b", "a/action/b", "<SCRIPT>x</script>", ""],
            ),
        ] {
            for text in good {
                assert_eq!(matches(pattern, text), Some(true), "{text}");
            }
            for text in bad {
                assert_eq!(matches(pattern, text), Some(false), "{text}");
            }
        }
    }
}
