//! The checks of `Publish`.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::{Parameters, StandInError};

/// 256 KiB: the default of a topic, attributes included.
const MESSAGE_BYTES_MAX: usize = 262_144;

/// A subject must be shorter.
const SUBJECT_LETTERS_LIMIT: usize = 100;

/// A message that passed the checks and is not accepted yet.
#[derive(Debug)]
pub(super) struct Draft {
    pub topic_arn: String,
    pub subject: Option<String>,
    pub message: String,
    pub attributes: BTreeMap<String, String>,
    pub attribute_types: BTreeMap<String, String>,
    pub is_structured: bool,
}

impl Draft {
    /// Reads a request and makes every check that does not need the list of topics.
    pub fn parse(form: &Parameters) -> Result<Self, StandInError> {
        let topic_arn = topic_of(form)?;
        let message = form.get("Message").cloned().unwrap_or_default();
        if message.is_empty() {
            return Err(StandInError::invalid("Empty message"));
        }
        let subject = form.get("Subject").cloned();
        if subject.as_deref().is_some_and(|it| !is_subject(it)) {
            return Err(StandInError::invalid("Subject"));
        }
        let is_structured = form.contains_key("MessageStructure");
        match form.get("MessageStructure").map(String::as_str) {
            None => {}
            Some("json") => check_structure(&message)?,
            Some(_) => return Err(StandInError::invalid("MessageStructure")),
        }
        let Attributes { attributes, attribute_types, size_bytes } = attributes_of(form)?;
        if message.len() + size_bytes > MESSAGE_BYTES_MAX {
            return Err(StandInError::invalid("Message too long"));
        }
        Ok(Self { topic_arn, subject, message, attributes, attribute_types, is_structured })
    }
}

fn topic_of(form: &Parameters) -> Result<String, StandInError> {
    let named =
        ["TopicArn", "TargetArn"].into_iter().find_map(|name| Some((name, form.get(name)?)));
    let Some((name, arn)) = named else {
        let what = "TopicArn or TargetArn Reason: no value for required parameter";
        return Err(StandInError::invalid(what));
    };
    let part_count = arn.split(':').count();
    if part_count < 6 {
        let reason = format!("An ARN must have at least 6 elements, not {part_count}");
        return Err(StandInError::invalid(format!("{name} Reason: {reason}")));
    }
    Ok(arn.clone())
}

fn is_subject(text: &str) -> bool {
    !text.is_empty()
        && text.chars().count() < SUBJECT_LETTERS_LIMIT
        && !text.chars().any(char::is_control)
}

/// Checks for a text under `default`. Other keys are ignored, as AWS ignores what it does not
/// deliver.
fn check_structure(message: &str) -> Result<(), StandInError> {
    let members: serde_json::Map<String, serde_json::Value> = serde_json::from_str(message)
        .map_err(|_| {
            StandInError::invalid("Message Structure - JSON message body failed to parse")
        })?;
    if members.get("default").is_some_and(serde_json::Value::is_string) {
        Ok(())
    } else {
        Err(StandInError::invalid("Message Structure - No default entry in JSON message body"))
    }
}

/// The values and types of attributes by name, and what they add to the size of the message.
#[derive(Default)]
struct Attributes {
    attributes: BTreeMap<String, String>,
    attribute_types: BTreeMap<String, String>,
    size_bytes: usize,
}

fn attributes_of(form: &Parameters) -> Result<Attributes, StandInError> {
    let mut read = Attributes::default();
    for index in 1.. {
        let entry = format!("MessageAttributes.entry.{index}");
        let Some(name) = form.get(&format!("{entry}.Name")) else {
            break;
        };
        let member =
            |it| form.get(&format!("{entry}.Value.{it}")).map(String::as_str).unwrap_or_default();
        let (data_type, text, binary) =
            (member("DataType"), member("StringValue"), member("BinaryValue"));
        let value = attribute_value(name, data_type, text, binary)?;
        let value_bytes = if binary.is_empty() { value.len() } else { decoded_bytes(binary) };
        read.size_bytes += name.len() + data_type.len() + value_bytes;
        read.attribute_types.insert(name.clone(), data_type.to_owned());
        if read.attributes.insert(name.clone(), value).is_some() {
            let text = format!("Message attribute name '{name}' is used twice");
            return Err(StandInError::ParameterValueInvalid(text));
        }
    }
    Ok(read)
}

fn attribute_value(
    name: &str,
    data_type: &str,
    text: &str,
    binary: &str,
) -> Result<String, StandInError> {
    let refuse = |text: String| Err(StandInError::ParameterValueInvalid(text));
    // A type may carry a label of the sender's own: `Number.float`.
    let value = match data_type.split('.').next().unwrap_or_default() {
        "String" | "Number" => text,
        "Binary" => binary,
        _ => {
            return refuse(format!(
                "The message attribute '{name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String."
            ));
        }
    };
    if name.is_empty() || value.is_empty() {
        return refuse(format!(
            "The message attribute '{name}' must contain non-empty message attribute value for message attribute type '{data_type}'."
        ));
    }
    if data_type == "String.Array" && !is_array(value) {
        return refuse(format!(
            "The message attribute '{name}' must be a JSON array for message attribute type 'String.Array'."
        ));
    }
    if data_type.starts_with("Number") && !is_number(value) {
        return refuse(format!("Could not cast message attribute '{name}' value to number."));
    }
    Ok(value.to_owned())
}

/// Texts, numbers, booleans and nulls in brackets.
fn is_array(text: &str) -> bool {
    let values: Option<Vec<serde_json::Value>> = serde_json::from_str(text).ok();
    values.is_some_and(|it| it.iter().all(|it| !it.is_array() && !it.is_object()))
}

fn is_number(text: &str) -> bool {
    text.parse::<Decimal>().is_ok() || Decimal::from_scientific(text).is_ok()
}

fn decoded_bytes(base64: &str) -> usize {
    base64.trim_end_matches('=').len() * 3 / 4
}
