//! The XML of answers: few shapes, all ours, so it is written by hand.

use std::fmt::Write as _;

use super::StandInError;
use super::object::Object;
use crate::xml::element;

const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

pub(super) fn error(error: &StandInError) -> String {
    let (code, message) = (element("Code", error.code()), element("Message", &error.to_string()));
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>{code}{message}</Error>")
}

pub(super) fn listing(
    bucket: &str,
    prefix: &str,
    page: &[(String, Object)],
    next: Option<&str>,
) -> String {
    let mut result = element("Name", bucket) + &element("Prefix", prefix);
    result += &element("KeyCount", &page.len().to_string());
    result += &element("IsTruncated", if next.is_some() { "true" } else { "false" });
    result += &next.map(|it| element("NextContinuationToken", it)).unwrap_or_default();
    for (key, object) in page {
        // Writing to a text cannot fail.
        let _ = write!(
            result,
            "<Contents>{}{}{}{}</Contents>",
            element("Key", key),
            element("LastModified", &object.modified.to_string()),
            element("ETag", &object.etag),
            element("Size", &object.bytes.to_string()),
        );
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"{NAMESPACE}\">{result}</ListBucketResult>"
    )
}
