//! One message for every kind of subscription: SNS takes a text for each protocol in one call.

use ledger_core::budget::Alert;
use serde::Serialize;

/// Bytes of a message with all of its texts. SNS refuses 256 KiB, of which attributes and subject need some.
const BYTES_MAX: usize = 240 * 1024;

/// The texts by protocol; a protocol that is not here gets the first.
#[derive(Serialize)]
struct Texts<'a> {
    default: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    https: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    http: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sqs: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lambda: Option<&'a str>,
}

/// The message with a text for each protocol; `None` where there is one text for all.
pub(super) fn structured(alert: &Alert) -> Option<String> {
    let chat = alert.chat.as_deref().map(|it| chat_notification(alert, it));
    let document = alert.document.as_deref();
    if chat.is_none() && document.is_none() {
        return None;
    }
    let texts = Texts {
        default: &alert.body,
        https: chat.as_deref(),
        http: document,
        sqs: document,
        lambda: document,
    };
    let message = serde_json::to_string(&texts).ok()?;
    // Names can be long: then a mail for everybody is better than nothing for anybody.
    (message.len() <= BYTES_MAX).then_some(message)
}

/// A notification as Amazon Q Developer in chat applications takes it.
///
/// - **Source:** its guide, "Custom notifications".
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Notification<'a> {
    version: &'static str,
    source: &'static str,
    id: String,
    content: Content<'a>,
    metadata: Metadata<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Content<'a> {
    text_type: &'static str,
    title: &'a str,
    description: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    thread_id: String,
    summary: &'a str,
    event_type: &'a str,
    enable_custom_actions: bool,
}

fn chat_notification(alert: &Alert, description: &str) -> String {
    let subject = inert(&alert.subject);
    let event_type = alert.attributes.get("event").map_or("", String::as_str);
    let notification = Notification {
        version: "1.0",
        source: "custom",
        id: alert.attributes.get("alert_id").cloned().unwrap_or_else(|| alert.id.to_string()),
        content: Content { text_type: "client-markdown", title: &subject, description },
        metadata: Metadata {
            thread_id: alert.id.thread(),
            summary: &subject,
            event_type,
            enable_custom_actions: false,
        },
    };
    // All of it is texts, which JSON has.
    serde_json::to_string(&notification).unwrap_or_else(|_| String::new())
}

/// A line that a chat reads as it is: signs of mentions, links and forms are written as others that look alike.
fn inert(text: &str) -> String {
    let sign = |it| match it {
        '<' => '‹',
        '>' => '›',
        '@' => '＠',
        '[' => '［',
        ']' => '］',
        '`' => '\'',
        '*' => '∗',
        '~' => '∼',
        other => other,
    };
    // Our own mark at the beginning keeps its brackets.
    let (mark, rest) = match text.split_once("] ") {
        Some((mark, rest)) if mark.starts_with("[AI ") => (format!("{mark}] "), rest),
        _ => (String::new(), text),
    };
    format!("{mark}{}", rest.chars().map(sign).collect::<String>())
}

#[cfg(test)]
mod tests {
    use ledger_testkit::build::alert;
    use serde_json::Value;

    use super::*;

    fn read(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn each_protocol_has_its_text() {
        let chat = Some("**said**".to_owned());
        let document = Some("{\"event\":\"x\"}".to_owned());
        let alert = Alert { chat, document, ..alert("2026-11-01", 80) };
        let message = read(&structured(&alert).unwrap());
        assert_eq!(message["default"], alert.body);
        for protocol in ["sqs", "lambda", "http"] {
            assert_eq!(message[protocol], "{\"event\":\"x\"}");
        }
        let notification = read(message["https"].as_str().unwrap());
        assert_eq!(notification["version"], "1.0");
        assert_eq!(notification["content"]["description"], "**said**");
        assert_eq!(notification["metadata"]["threadId"], "chat#1/monthly/2026-11-01");
    }

    #[test]
    fn a_name_in_a_title_is_no_mention_and_no_link() {
        let subject = "[AI cost] spike <!channel> @here [x](https://example.com): 1".to_owned();
        let alert = Alert { subject, chat: Some(String::new()), ..alert("2026-11-01", 80) };
        let message = read(&structured(&alert).unwrap());
        let notification = read(message["https"].as_str().unwrap());
        let title = "[AI cost] spike ‹!channel› ＠here ［x］(https://example.com): 1";
        assert_eq!(notification["content"]["title"], title);
        assert_eq!(notification["metadata"]["summary"], title);
    }

    #[test]
    fn an_alert_of_an_earlier_release_is_one_text() {
        assert_eq!(structured(&alert("2026-11-01", 80)), None);
    }

    #[test]
    fn a_message_that_would_be_refused_is_one_text() {
        let document = Some("x".repeat(100 * 1024));
        assert_eq!(structured(&Alert { document, ..alert("2026-11-01", 80) }), None);
    }
}
