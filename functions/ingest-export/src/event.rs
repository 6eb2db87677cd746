//! Event notifications of S3.

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::Value;

/// A notification of S3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notification {
    /// The test event, which S3 sends once when notifications are set up.
    Test,
    /// The records in order. Each is parsed on its own, so that a bad one does not hide the others.
    Records(Vec<Result<Record, NotARecord>>),
}

/// One event of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The type of the event, such as `ObjectCreated:Put`.
    pub event_name: String,
    /// The bucket.
    pub bucket: String,
    /// The key of the object, URL-decoded.
    pub key: String,
}

/// An event that is not an S3 notification.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the event is no notification of S3; expected `Records`")]
pub struct NotANotification;

/// A record that does not have the form of an S3 notification.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the record cannot be read: {0}; expected one of an S3 notification")]
pub struct NotARecord(String);

impl Notification {
    /// Reads an event.
    ///
    /// - **Source:** S3's "event message structure", version 2; keys are URL-encoded in it.
    ///
    /// # Errors
    ///
    /// [`NotANotification`].
    pub fn parse(event: &Value) -> Result<Notification, NotANotification> {
        if event.get("Event").and_then(Value::as_str) == Some("s3:TestEvent") {
            return Ok(Notification::Test);
        }
        let records = event.get("Records").and_then(Value::as_array).ok_or(NotANotification)?;
        Ok(Notification::Records(records.iter().map(Record::parse).collect()))
    }
}

impl Record {
    /// Whether the object was created or overwritten, not removed or moved to another storage
    /// class.
    pub fn is_creation(&self) -> bool {
        self.event_name.starts_with("ObjectCreated:")
    }

    fn parse(record: &Value) -> Result<Record, NotARecord> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Outside {
            event_name: String,
            s3: Subject,
        }
        #[derive(Deserialize)]
        struct Subject {
            bucket: Bucket,
            object: Object,
        }
        #[derive(Deserialize)]
        struct Bucket {
            name: String,
        }
        #[derive(Deserialize)]
        struct Object {
            key: String,
        }
        let Outside { event_name, s3 } =
            Outside::deserialize(record).map_err(|err| NotARecord(err.to_string()))?;
        // A space is `+`, and a plus sign `%2B`.
        let key = s3.object.key.replace('+', " ");
        let key = percent_decode_str(&key).decode_utf8();
        let key = key.map_err(|err| NotARecord(format!("the key is not UTF-8: {err}")))?;
        Ok(Record { event_name, bucket: s3.bucket.name, key: key.into_owned() })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check_key(encoded: &str, expected: Result<&str, &str>) {
        let s3 = json!({ "bucket": { "name": "b" }, "object": { "key": encoded } });
        let record = Record::parse(&json!({ "eventName": "ObjectCreated:Put", "s3": s3 }));
        let key = record.map(|it| it.key).map_err(|err| err.to_string());
        assert_eq!(key, expected.map(Into::into).map_err(Into::into));
    }

    #[test]
    fn keys_are_decoded() {
        check_key("a/BILLING_PERIOD%3D2026-06/x", Ok("a/BILLING_PERIOD=2026-06/x"));
        check_key("a/BILLING_PERIOD=2026-06/x", Ok("a/BILLING_PERIOD=2026-06/x"));
        check_key("a+b%2Bc/%C3%BC", Ok("a b+c/ü"));
        check_key("100%", Ok("100%"));
        check_key(
            "%FF",
            Err("the record cannot be read: the key is not UTF-8: invalid utf-8 sequence of 1 \
                 bytes from index 0; expected one of an S3 notification"),
        );
    }

    #[test]
    fn what_is_no_record_says_so() {
        assert_eq!(
            Record::parse(&json!({ "eventName": "x" })).unwrap_err().to_string(),
            "the record cannot be read: missing field `s3`; expected one of an S3 notification"
        );
    }
}
