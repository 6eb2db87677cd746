//! Clients of AWS: one HTTP stack, and the retries that each service's promises allow.

use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_s3::config::ResponseChecksumValidation;
use aws_smithy_http_client::tls;
use aws_smithy_types::retry::RetryConfig;

/// Where a stand-in listens in local mode.
///
/// - **Shape:** a URL such as `http://127.0.0.1:40713`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalEndpoint(pub String);

/// How often DynamoDB is asked the same: its writes here can all be repeated.
const DYNAMODB_ATTEMPTS_MAX: u32 = 5;

/// DynamoDB answers in milliseconds, so waiting the usual second before a retry is too long.
const DYNAMODB_BACKOFF: Duration = Duration::from_millis(50);

/// Above DynamoDB's slowest answers, below any function's timeout.
const DYNAMODB_ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

/// S3 is asked for a few megabytes at a time; it begins to answer within a second or two.
const S3_ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);

/// How often S3 is asked the same: only reads, which can all be repeated.
const S3_ATTEMPTS_MAX: u32 = 5;

/// A page of Cost Explorer can take this long when it groups by tags.
const COST_EXPLORER_TIMEOUT: Duration = Duration::from_secs(60);

/// SNS accepts or refuses within seconds.
const SNS_TIMEOUT: Duration = Duration::from_secs(15);

/// A client of DynamoDB: a local one, or the one the environment names. Lost calls are repeated.
pub async fn dynamodb_client(local: Option<&LocalEndpoint>) -> aws_sdk_dynamodb::Client {
    let retries = RetryConfig::standard()
        .with_max_attempts(DYNAMODB_ATTEMPTS_MAX)
        .with_initial_backoff(DYNAMODB_BACKOFF);
    let timeouts =
        TimeoutConfig::builder().operation_attempt_timeout(DYNAMODB_ATTEMPT_TIMEOUT).build();
    aws_sdk_dynamodb::Client::new(&config(local, retries, timeouts).await)
}

/// A client of S3 that only reads, so lost calls are repeated.
///
/// Of a local endpoint, or one that `AWS_ENDPOINT_URL_S3` names, buckets are folders of its paths.
pub async fn s3_client(local: Option<&LocalEndpoint>) -> aws_sdk_s3::Client {
    let retries = RetryConfig::standard().with_max_attempts(S3_ATTEMPTS_MAX);
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(S3_ATTEMPT_TIMEOUT).build();
    let config = config(local, retries, timeouts).await;
    let is_named = |name: &str| std::env::var(name).is_ok_and(|it| !it.is_empty());
    let has_endpoint = local.is_some() || is_named("AWS_ENDPOINT_URL_S3");
    let config = aws_sdk_s3::config::Builder::from(&config)
        .force_path_style(has_endpoint)
        // S3 has no checksums of ranges.
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
        .build();
    aws_sdk_s3::Client::from_conf(config)
}

/// A client of SNS that never repeats a call: a lost answer must not become a second message.
pub async fn sns_client(local: Option<&LocalEndpoint>) -> aws_sdk_sns::Client {
    let timeouts = TimeoutConfig::builder().operation_timeout(SNS_TIMEOUT).build();
    aws_sdk_sns::Client::new(&config(local, RetryConfig::disabled(), timeouts).await)
}

/// A client of Cost Explorer that never repeats a call: each is billed, and the caller counts them.
pub async fn cost_explorer_client(local: Option<&LocalEndpoint>) -> aws_sdk_costexplorer::Client {
    let timeouts = TimeoutConfig::builder().operation_timeout(COST_EXPLORER_TIMEOUT).build();
    aws_sdk_costexplorer::Client::new(&config(local, RetryConfig::disabled(), timeouts).await)
}

async fn config(
    local: Option<&LocalEndpoint>,
    retries: RetryConfig,
    timeouts: TimeoutConfig,
) -> SdkConfig {
    match local {
        // Nothing of the environment is asked: the account of a shell is no business of a stand-in.
        Some(LocalEndpoint(url)) => SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .retry_config(retries)
            .timeout_config(timeouts)
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
                "local", "local", None, None, "local",
            )))
            .endpoint_url(url)
            .build(),
        None => {
            let http_client = aws_smithy_http_client::Builder::new()
                .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
                .build_https();
            aws_config::defaults(BehaviorVersion::latest())
                .retry_config(retries)
                .timeout_config(timeouts)
                .http_client(http_client)
                .load()
                .await
        }
    }
}
