//! Through the real SDK client, over loopback.

use std::fs;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use ledger_aws::connect::{LocalEndpoint, s3_client};
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::*;

async fn set_up() -> (TempDir, S3StandIn, Client) {
    let root = TempDir::new().unwrap();
    fs::create_dir_all(root.path().join("bills/a b")).unwrap();
    fs::write(root.path().join("bills/a b/c+d%.csv"), "0123456789").unwrap();
    fs::write(root.path().join("bills/empty"), "").unwrap();
    let stand_in = S3StandIn::new(root.path().to_owned());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = LocalEndpoint(format!("http://{}", listener.local_addr().unwrap()));
    let router = stand_in.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (root, stand_in, s3_client(Some(&endpoint)).await)
}

const KEY: &str = "a b/c+d%.csv";

/// The bytes that a range of the object has, and the error code if there is one.
async fn get(
    client: &Client,
    key: &str,
    range: Option<&str>,
    etag: Option<&str>,
) -> Result<(String, Option<String>), (u16, String)> {
    let call = client.get_object().bucket("bills").key(key);
    let call = call.set_range(range.map(Into::into)).set_if_match(etag.map(Into::into));
    match call.send().await {
        Ok(answer) => {
            let range = answer.content_range.clone();
            let bytes = answer.body.collect().await.unwrap().into_bytes();
            Ok((String::from_utf8(bytes.to_vec()).unwrap(), range))
        }
        Err(err) => {
            let status = err.raw_response().unwrap().status().as_u16();
            Err((status, err.code().unwrap_or_default().to_owned()))
        }
    }
}

#[tokio::test]
async fn ranges_are_served_as_s3_does() {
    let (_root, stand_in, client) = set_up().await;
    for (range, content, content_range) in [
        (None, "0123456789", None),
        (Some("bytes=2-4"), "234", Some("bytes 2-4/10")),
        (Some("bytes=8-99"), "89", Some("bytes 8-9/10")),
        (Some("bytes=7-"), "789", Some("bytes 7-9/10")),
        (Some("bytes=-2"), "89", Some("bytes 8-9/10")),
        (Some("bytes=4-2"), "0123456789", None),
    ] {
        let expected = (content.to_owned(), content_range.map(Into::into));
        assert_eq!(get(&client, KEY, range, None).await, Ok(expected), "{range:?}");
    }
    let invalid = Err((416, "InvalidRange".to_owned()));
    assert_eq!(get(&client, KEY, Some("bytes=10-"), None).await, invalid);
    assert_eq!(get(&client, "empty", Some("bytes=0-7"), None).await, invalid);
    let served = Served { key: KEY.to_owned(), start: 2, bytes: 3 };
    assert_eq!(stand_in.served()[1], served);
}

#[tokio::test]
async fn what_is_overwritten_is_another_object() {
    let (root, _stand_in, client) = set_up().await;
    let head = client.head_object().bucket("bills").key(KEY).send().await.unwrap();
    assert_eq!(head.content_length, Some(10));
    let etag = head.e_tag.unwrap();
    assert!(head.last_modified.unwrap().secs() > 1_700_000_000);
    assert!(get(&client, KEY, None, Some(&etag)).await.is_ok());
    fs::write(root.path().join("bills").join(KEY), "012345678X").unwrap();
    let failed = Err((412, "PreconditionFailed".to_owned()));
    assert_eq!(get(&client, KEY, None, Some(&etag)).await, failed);
}

#[tokio::test]
async fn what_is_not_there_is_said_as_s3_does() {
    let (_root, stand_in, client) = set_up().await;
    for key in ["none", "a b", "../bills/empty"] {
        let (status, code) = get(&client, key, None, None).await.unwrap_err();
        assert_eq!((status, code.as_str()), (404, "NoSuchKey"), "{key}");
    }
    let err = client.get_object().bucket("none").key("a").send().await.unwrap_err();
    assert_eq!(err.code(), Some("NoSuchBucket"));
    let err = client.head_object().bucket("bills").key("none").send().await.unwrap_err();
    assert!(err.into_service_error().is_not_found());
    stand_in.fail_next(StandInError::AccessDenied);
    assert_eq!(get(&client, KEY, None, None).await, Err((403, "AccessDenied".to_owned())));
    assert!(get(&client, KEY, None, None).await.is_ok());
}

#[tokio::test]
async fn an_answer_can_break_off() {
    let (_root, stand_in, client) = set_up().await;
    stand_in.fail_next(StandInError::BreakOff);
    let answer = client.get_object().bucket("bills").key(KEY).send().await.unwrap();
    assert_eq!(answer.content_length, Some(10));
    assert!(answer.body.collect().await.is_err());
    // The client repeats what had no answer.
    stand_in.fail_next(StandInError::CloseConnection);
    stand_in.fail_next(StandInError::SlowDown);
    assert!(get(&client, KEY, None, None).await.is_ok());
}

#[tokio::test]
async fn keys_come_in_pages() {
    let (_root, _stand_in, client) = set_up().await;
    let page = |token: Option<String>| {
        client.list_objects_v2().bucket("bills").max_keys(1).set_continuation_token(token).send()
    };
    let first = page(None).await.unwrap();
    assert_eq!(first.contents()[0].key(), Some(KEY));
    assert_eq!(first.contents()[0].size(), Some(10));
    let second = page(first.next_continuation_token).await.unwrap();
    assert_eq!(second.contents()[0].key(), Some("empty"));
    assert_eq!(second.next_continuation_token, None);
    let none = client.list_objects_v2().bucket("bills").prefix("b").send().await.unwrap();
    assert!(none.contents().is_empty());
    let err = client.list_objects_v2().bucket("none").send().await.unwrap_err();
    assert!(matches!(err, SdkError::ServiceError(_)) && err.code() == Some("NoSuchBucket"));
}
