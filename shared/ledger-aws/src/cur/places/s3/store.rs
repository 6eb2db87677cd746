//! Requests to S3, each bounded and safe to repeat.

use std::error::Error;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use bytes::Bytes;
use ledger_app::ports::SourceError;
use tokio::runtime::Handle;

/// The bytes that tell Parquet, gzip and text apart.
const START_BYTES: u64 = 8;

/// The SDK repeats a request until its answer begins; what breaks off after that is asked for again.
const BODY_ATTEMPTS_MAX: u32 = 4;

/// Doubled from attempt to attempt.
const BODY_BACKOFF: Duration = Duration::from_millis(100);

/// A thousand keys a page; an export has a few hundred files a year.
const PAGES_MAX: usize = 1_000;

/// An object as it was when it was first seen.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub key: Arc<str>,
    pub bytes: u64,
    pub etag: String,
    /// Seconds since 1970.
    pub modified_at: i64,
    /// Its first bytes.
    pub start: Bytes,
}

/// A bucket, for code that may block.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    client: Client,
    bucket: Arc<str>,
    runtime: Handle,
}

/// The outcome of one attempt to read.
enum Outcome {
    Read(Box<GetObjectOutput>, Bytes),
    /// The object has no byte there.
    NoSuchRange,
    /// There is no such object.
    Missing,
    /// S3 refused, or was not reached; the SDK has tried again where that helps.
    Failed(SourceError),
    /// The answer broke off.
    BrokenOff(Arc<dyn Error + Send + Sync>),
}

impl Store {
    pub(crate) fn new(client: &Client, bucket: &str) -> Result<Store, SourceError> {
        let runtime = Handle::try_current().map_err(|error| SourceError::Unavailable {
            doing: format!("read bucket `{bucket}`"),
            is_retryable: false,
            source: Arc::new(error),
        })?;
        Ok(Store { client: client.clone(), bucket: bucket.into(), runtime })
    }

    /// Another bucket, reached in the same way.
    pub(crate) fn of_bucket(&self, bucket: &str) -> Store {
        Store { bucket: bucket.into(), ..self.clone() }
    }

    /// Waits for what another client does.
    pub(crate) fn wait_for<F: Future>(&self, work: F) -> F::Output {
        self.runtime.block_on(work)
    }

    /// Checks that an object is still the one that was first seen.
    pub(crate) fn check_unchanged(&self, object: &Object) -> Result<(), SourceError> {
        let found = self.probe(&object.key)?;
        let is_same = found.is_some_and(|it| it.etag == object.etag);
        if is_same { Ok(()) } else { Err(self.overwritten(&object.key)) }
    }

    /// The name of a key in messages.
    pub(crate) fn address(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.bucket)
    }

    /// Meets an object, if there is one: its version, its size and its first bytes.
    pub(crate) fn probe(&self, key: &str) -> Result<Option<Object>, SourceError> {
        self.runtime.block_on(self.meet(key, START_BYTES))
    }

    /// Meets a small object with all of its bytes.
    pub(crate) fn whole(&self, key: &str, bytes_max: u64) -> Result<Object, SourceError> {
        let Some(object) = self.runtime.block_on(self.meet(key, bytes_max))? else {
            return Err(SourceError::Refused(format!("`{}` does not exist", self.address(key))));
        };
        if object.bytes > bytes_max {
            return Err(SourceError::Refused(format!(
                "`{}` has {} bytes; expected at most {bytes_max}",
                self.address(key),
                object.bytes,
            )));
        }
        Ok(object)
    }

    /// Reads part of an object, provided that it is still the one that was first seen.
    pub(crate) fn range(
        &self,
        object: &Object,
        from: u64,
        length: u64,
    ) -> Result<Bytes, SourceError> {
        self.runtime.block_on(async {
            let ask = || self.get(&object.key, from, length, Some(&object.etag));
            match self.repeat(&object.key, ask).await? {
                Outcome::Read(_, body) => Ok(body),
                _ => Err(self.overwritten(&object.key)),
            }
        })
    }

    /// The keys below a prefix that end like this.
    pub(crate) fn keys(&self, prefix: &str, end: &str) -> Result<Vec<String>, SourceError> {
        let mut keys = Vec::new();
        let mut next = None;
        for _ in 0..PAGES_MAX {
            let call = self.client.list_objects_v2().bucket(&*self.bucket).prefix(prefix);
            let page = call.set_continuation_token(next.take()).send();
            let page = self
                .runtime
                .block_on(page)
                .map_err(|error| self.classify("list", prefix, "s3:ListBucket", error))?;
            let all = page.contents.unwrap_or_default().into_iter().filter_map(|it| it.key);
            keys.extend(all.filter(|it| it.ends_with(end)));
            next = page.next_continuation_token;
            if next.is_none() {
                return Ok(keys);
            }
        }
        Err(SourceError::Refused(format!(
            "`{}` holds more than {PAGES_MAX} pages of objects; expected the folder of an export",
            self.address(prefix),
        )))
    }

    async fn meet(&self, key: &str, start: u64) -> Result<Option<Object>, SourceError> {
        let lacks = |field: &'static str| SourceError::Unavailable {
            doing: format!("read `{}`", self.address(key)),
            is_retryable: false,
            source: Arc::new(NoField(field)),
        };
        let (answer, start) = match self.repeat(key, || self.get(key, 0, start, None)).await? {
            Outcome::Read(answer, start) => (answer, start),
            // An object without a byte has no first ones.
            Outcome::NoSuchRange => {
                let (etag, start) = (String::new(), Bytes::new());
                let object = Object { key: key.into(), bytes: 0, etag, modified_at: 0, start };
                return Ok(Some(object));
            }
            _ => return Ok(None),
        };
        let bytes = answer.content_range.as_deref().and_then(|it| it.rsplit('/').next());
        Ok(Some(Object {
            key: key.into(),
            bytes: bytes.and_then(|it| it.parse().ok()).ok_or_else(|| lacks("Content-Range"))?,
            etag: answer.e_tag.ok_or_else(|| lacks("ETag"))?,
            modified_at: answer.last_modified.ok_or_else(|| lacks("Last-Modified"))?.secs(),
            start,
        }))
    }

    /// Asks again when an answer breaks off.
    async fn repeat<F>(&self, key: &str, ask: impl Fn() -> F) -> Result<Outcome, SourceError>
    where
        F: Future<Output = Outcome>,
    {
        let mut attempt = 0;
        loop {
            let source = match ask().await {
                Outcome::Failed(error) => return Err(error),
                Outcome::BrokenOff(source) => source,
                outcome => return Ok(outcome),
            };
            attempt += 1;
            if attempt >= BODY_ATTEMPTS_MAX {
                let doing = format!("read `{}`", self.address(key));
                return Err(SourceError::Unavailable { doing, is_retryable: true, source });
            }
            tokio::time::sleep(BODY_BACKOFF.saturating_mul(1 << attempt)).await;
        }
    }

    async fn get(&self, key: &str, from: u64, length: u64, etag: Option<&str>) -> Outcome {
        let last = from.saturating_add(length).saturating_sub(1);
        let call = self.client.get_object().bucket(&*self.bucket).key(key);
        let call = call.range(format!("bytes={from}-{last}")).set_if_match(etag.map(Into::into));
        let mut answer = match call.send().await {
            Ok(answer) => answer,
            Err(error) => {
                let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
                return match (status_of(&error), code) {
                    (Some(416), _) => Outcome::NoSuchRange,
                    (Some(404), code) if code != Some("NoSuchBucket") => Outcome::Missing,
                    _ => Outcome::Failed(self.classify("read", key, "s3:GetObject", error)),
                };
            }
        };
        // A server that does not know ranges sends all of it: no more than was asked for is taken.
        let offered = answer.content_length.and_then(|it| u64::try_from(it).ok());
        let is_right = match etag {
            Some(_) => offered == Some(length),
            None => offered.is_some_and(|it| it <= length),
        };
        if !is_right {
            return Outcome::BrokenOff(Arc::new(WrongLength { offered, asked: length }));
        }
        match std::mem::take(&mut answer.body).collect().await {
            Ok(body) => Outcome::Read(Box::new(answer), body.into_bytes()),
            Err(error) => Outcome::BrokenOff(Arc::new(error)),
        }
    }

    fn overwritten(&self, key: &str) -> SourceError {
        SourceError::Changing(format!(
            "`{}` was overwritten while it was read; expected the delivery to stay as it was",
            self.address(key),
        ))
    }

    /// Classifies an error of S3.
    fn classify<E>(
        &self,
        verb: &str,
        key: &str,
        permission: &str,
        error: SdkError<E, HttpResponse>,
    ) -> SourceError
    where
        E: Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        /// Codes with a status below 500 that pass by themselves.
        const PASSING: [&str; 5] = [
            "ExpiredToken",
            "OperationAborted",
            "RequestTimeout",
            "RequestTimeTooSkewed",
            "SlowDown",
        ];
        let address = self.address(key);
        let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
        let status = status_of(&error);
        match (status, code) {
            (Some(412), _) => return self.overwritten(key),
            (Some(404), Some("NoSuchBucket")) => {
                return SourceError::Refused(format!("bucket `{}` does not exist", self.bucket));
            }
            (Some(403), Some("AccessDenied")) => {
                return SourceError::Refused(format!(
                    "S3 denies to {verb} `{address}`; expected the permission `{permission}`, and \
                     that it is there: without `s3:ListBucket` S3 says the same of what is not",
                ));
            }
            _ => {}
        }
        let is_retryable = match &error {
            SdkError::ConstructionFailure(_) => false,
            SdkError::ServiceError(_) => {
                status.is_some_and(|it| it >= 500 || it == 429)
                    || code.is_some_and(|it| PASSING.contains(&it))
            }
            _ => true,
        };
        SourceError::Unavailable {
            doing: format!("{verb} `{address}`"),
            is_retryable,
            source: Arc::new(error),
        }
    }
}

fn status_of<E>(error: &SdkError<E, HttpResponse>) -> Option<u16> {
    error.raw_response().map(|it| it.status().as_u16())
}

#[derive(Debug, thiserror::Error)]
#[error("the answer has no `{0}`")]
struct NoField(&'static str);

#[derive(Debug, thiserror::Error)]
#[error("the answer has {offered:?} bytes; expected {asked}")]
struct WrongLength {
    offered: Option<u64>,
    asked: u64,
}
