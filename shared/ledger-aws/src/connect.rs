//! Clients of AWS: one shared HTTP stack, and retries for calls that are safe to repeat.

use std::time::Duration;

use aws_config::environment::{
    EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider,
};
use aws_config::meta::region::ProvideRegion as _;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider, SharedHttpClient};
use aws_sdk_s3::config::ResponseChecksumValidation;
use aws_smithy_http_client::tls::{self, TlsContext, TrustStore};
use aws_smithy_types::retry::RetryConfig;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

/// Where a stand-in listens in local mode.
///
/// - **Shape:** a URL such as `http://127.0.0.1:40713`, or `http://SECRET@127.0.0.1:40713` for a
///   stand-in that answers only callers who sign with this access key id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalEndpoint(pub String);

impl LocalEndpoint {
    /// The access key id, and the URL without it.
    fn parts(&self) -> (&str, String) {
        let named = self.0.split_once("://").and_then(|(scheme, rest)| {
            rest.split_once('@').map(|(key, place)| (key, format!("{scheme}://{place}")))
        });
        named.unwrap_or_else(|| ("local", self.0.clone()))
    }
}

/// Attempts of a DynamoDB call: all writes here are safe to repeat.
const DYNAMODB_ATTEMPTS_MAX: u32 = 5;

/// DynamoDB answers in milliseconds, so waiting the usual second before a retry is too long.
const DYNAMODB_BACKOFF: Duration = Duration::from_millis(50);

/// Above DynamoDB's slowest answers, below any function's timeout.
const DYNAMODB_ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

/// S3 is asked for a few megabytes at a time; it begins to answer within a second or two.
const S3_ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);

/// Attempts of an S3 call: only reads, which are safe to repeat.
const S3_ATTEMPTS_MAX: u32 = 5;

/// Attempts of an Athena call. A repeated start has the same request token, so it starts one query.
const ATHENA_ATTEMPTS_MAX: u32 = 4;

/// Athena throttles by the second.
const ATHENA_BACKOFF: Duration = Duration::from_millis(250);

/// Athena answers each call at once; a slow query is polled.
const ATHENA_ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);

/// A page of Cost Explorer can take this long when it groups by tags.
const COST_EXPLORER_TIMEOUT: Duration = Duration::from_secs(60);

/// Attempts of a Budgets call. A change that is repeated after a lost answer is refused, and the next run of
/// the mirror finds it done.
const BUDGETS_ATTEMPTS_MAX: u32 = 4;

/// Budgets answers each call within seconds.
const BUDGETS_ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);

/// SNS accepts or refuses within seconds.
const SNS_TIMEOUT: Duration = Duration::from_secs(15);

/// The five root certificates in PEM; the file names their origin.
const AMAZON_ROOTS: &str = include_str!("connect/amazon_trust_services.pem");

/// Which certificate authorities are trusted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Roots {
    /// Those of Amazon Trust Services, which AWS endpoints chain to. The whole store of a system
    /// costs a cold start more than everything else together.
    #[default]
    Amazon,
    /// Those of the system: for proxies that inspect TLS, and for private authorities.
    System,
}

/// Settings that all clients of a process share: HTTP client, region, credentials and endpoints.
///
/// A client is built on request, so that a cold start does not build clients it does not need.
#[derive(Clone, Debug)]
pub struct Connection(SdkConfig);

impl Connection {
    /// To a stand-in. Nothing is read from the environment: a stand-in must not see the shell's
    /// account.
    pub fn local(endpoint: &LocalEndpoint) -> Connection {
        let (access_key, url) = endpoint.parts();
        let credentials = Credentials::new(access_key, "local", None, None, "local");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .endpoint_url(url)
            .build();
        Connection(config)
    }

    /// To the account that the environment, profiles and instance roles name, as in AWS's own
    /// tools.
    pub async fn from_environment() -> Connection {
        let config = aws_config::defaults(BehaviorVersion::latest());
        Connection(config.http_client(https_client(Roots::System)).load().await)
    }

    /// To the account of a Lambda function: its region, the credentials of its role and its
    /// endpoints are environment variables. No other source is searched, and code that could search
    /// is not linked into the function.
    pub async fn of_function(roots: Roots) -> Connection {
        let credentials = EnvironmentVariableCredentialsProvider::new();
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(EnvironmentVariableRegionProvider::new().region().await)
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .service_config(EnvironmentEndpoints)
            .use_fips(is_true("AWS_USE_FIPS_ENDPOINT"))
            .use_dual_stack(is_true("AWS_USE_DUALSTACK_ENDPOINT"))
            .http_client(https_client(roots))
            .build();
        Connection(config)
    }

    async fn to(local: Option<&LocalEndpoint>) -> Connection {
        match local {
            Some(endpoint) => Connection::local(endpoint),
            None => Connection::from_environment().await,
        }
    }

    /// A client of DynamoDB. Failed calls are retried.
    pub fn dynamodb_client(&self) -> aws_sdk_dynamodb::Client {
        let retries = RetryConfig::standard()
            .with_max_attempts(DYNAMODB_ATTEMPTS_MAX)
            .with_initial_backoff(DYNAMODB_BACKOFF);
        let timeouts =
            TimeoutConfig::builder().operation_attempt_timeout(DYNAMODB_ATTEMPT_TIMEOUT).build();
        aws_sdk_dynamodb::Client::new(&self.with(retries, timeouts))
    }

    /// A client of S3. It only reads, so failed calls are retried.
    ///
    /// Where the environment names an endpoint, buckets are addressed by path, as a stand-in needs
    /// it.
    pub fn s3_client(&self) -> aws_sdk_s3::Client {
        let retries = RetryConfig::standard().with_max_attempts(S3_ATTEMPTS_MAX);
        let timeouts =
            TimeoutConfig::builder().operation_attempt_timeout(S3_ATTEMPT_TIMEOUT).build();
        let has_endpoint = self.0.endpoint_url().is_some() || endpoint_of("S3").is_some();
        let config = aws_sdk_s3::config::Builder::from(&self.with(retries, timeouts))
            .force_path_style(has_endpoint)
            // S3 has no checksums of ranges.
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .build();
        aws_sdk_s3::Client::from_conf(config)
    }

    /// A client of Athena. Failed calls are retried.
    pub fn athena_client(&self) -> aws_sdk_athena::Client {
        let retries = RetryConfig::standard()
            .with_max_attempts(ATHENA_ATTEMPTS_MAX)
            .with_initial_backoff(ATHENA_BACKOFF);
        let timeouts =
            TimeoutConfig::builder().operation_attempt_timeout(ATHENA_ATTEMPT_TIMEOUT).build();
        aws_sdk_athena::Client::new(&self.with(retries, timeouts))
    }

    /// A client of SNS that never retries: a message that may be a second one has to say so.
    pub fn sns_client(&self) -> aws_sdk_sns::Client {
        let timeouts = TimeoutConfig::builder().operation_timeout(SNS_TIMEOUT).build();
        aws_sdk_sns::Client::new(&self.with(RetryConfig::disabled(), timeouts))
    }

    /// A client of AWS Budgets. Failed calls are retried: the service throttles by the second.
    pub fn budgets_client(&self) -> aws_sdk_budgets::Client {
        let retries = RetryConfig::standard().with_max_attempts(BUDGETS_ATTEMPTS_MAX);
        let timeouts =
            TimeoutConfig::builder().operation_attempt_timeout(BUDGETS_ATTEMPT_TIMEOUT).build();
        aws_sdk_budgets::Client::new(&self.with(retries, timeouts))
    }

    /// A client of Cost Explorer that never retries: each call is billed, and the caller counts
    /// them.
    pub fn cost_explorer_client(&self) -> aws_sdk_costexplorer::Client {
        let timeouts = TimeoutConfig::builder().operation_timeout(COST_EXPLORER_TIMEOUT).build();
        aws_sdk_costexplorer::Client::new(&self.with(RetryConfig::disabled(), timeouts))
    }

    fn with(&self, retries: RetryConfig, timeouts: TimeoutConfig) -> SdkConfig {
        let builder = self.0.to_builder();
        builder.retry_config(retries).timeout_config(timeouts).build()
    }
}

/// Endpoints of services as the environment names them: one for a service, or one for all.
#[derive(Debug)]
struct EnvironmentEndpoints;

impl LoadServiceConfig for EnvironmentEndpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        (key.env() == ENDPOINT_URL).then(|| endpoint_of(key.service_id())).flatten()
    }
}

const ENDPOINT_URL: &str = "AWS_ENDPOINT_URL";

fn endpoint_of(service_id: &str) -> Option<String> {
    let service = service_id.replace([' ', '-'], "_").to_uppercase();
    value_of(&format!("{ENDPOINT_URL}_{service}")).or_else(|| value_of(ENDPOINT_URL))
}

fn is_true(name: &str) -> bool {
    value_of(name).is_some_and(|it| it.eq_ignore_ascii_case("true"))
}

/// An environment variable that is not empty.
fn value_of(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|it| !it.is_empty())
}

/// [`Connection::dynamodb_client`] of a stand-in, or of the environment.
pub async fn dynamodb_client(local: Option<&LocalEndpoint>) -> aws_sdk_dynamodb::Client {
    Connection::to(local).await.dynamodb_client()
}

/// [`Connection::s3_client`] of a stand-in, or of the environment.
pub async fn s3_client(local: Option<&LocalEndpoint>) -> aws_sdk_s3::Client {
    Connection::to(local).await.s3_client()
}

/// [`Connection::sns_client`] of a stand-in, or of the environment.
pub async fn sns_client(local: Option<&LocalEndpoint>) -> aws_sdk_sns::Client {
    Connection::to(local).await.sns_client()
}

/// [`Connection::budgets_client`] of a stand-in, or of the environment.
pub async fn budgets_client(local: Option<&LocalEndpoint>) -> aws_sdk_budgets::Client {
    Connection::to(local).await.budgets_client()
}

/// [`Connection::cost_explorer_client`] of a stand-in, or of the environment.
pub async fn cost_explorer_client(local: Option<&LocalEndpoint>) -> aws_sdk_costexplorer::Client {
    Connection::to(local).await.cost_explorer_client()
}

fn https_client(roots: Roots) -> SharedHttpClient {
    let builder = aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring));
    let store = match roots {
        Roots::System => TrustStore::default(),
        Roots::Amazon => TrustStore::empty().with_pem_certificate(AMAZON_ROOTS),
    };
    match TlsContext::builder().with_trust_store(store).build() {
        Ok(context) => builder.tls_context(context).build_https(),
        // Building cannot fail today; if it ever does, the system's roots are trusted, which is
        // safe.
        Err(_) => builder.build_https(),
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::base64;
    use sha2::{Digest as _, Sha256};

    use super::*;

    /// The fingerprints that <https://www.amazontrust.com/repository> gives.
    const FINGERPRINTS: [&str; 5] = [
        "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
        "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
        "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
        "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
        "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5",
    ];

    #[test]
    fn a_local_endpoint_may_name_the_access_key_id() {
        for (text, expected) in [
            ("http://127.0.0.1:1", ("local", "http://127.0.0.1:1")),
            ("http://abc@127.0.0.1:1", ("abc", "http://127.0.0.1:1")),
        ] {
            let endpoint = LocalEndpoint(text.to_owned());
            assert_eq!(endpoint.parts(), (expected.0, expected.1.to_owned()));
        }
    }

    #[test]
    fn the_roots_are_those_that_amazon_publishes() {
        let bodies = AMAZON_ROOTS.split("-----BEGIN CERTIFICATE-----").skip(1);
        let fingerprints: Vec<String> = bodies
            .map(|it| it.split("-----END CERTIFICATE-----").next().unwrap().replace('\n', ""))
            .map(|it| Sha256::digest(base64::decode(it).unwrap()))
            .map(|it| it.iter().map(|byte| format!("{byte:02x}")).collect())
            .collect();
        assert_eq!(fingerprints, FINGERPRINTS);
    }

    /// Making a client makes a connection's TLS set-up as well, which would refuse a bad root.
    #[tokio::test]
    async fn clients_are_made_with_either_roots() {
        for roots in [Roots::Amazon, Roots::System] {
            let connection = Connection::of_function(roots).await;
            connection.dynamodb_client();
            connection.s3_client();
            connection.sns_client();
            connection.budgets_client();
            connection.cost_explorer_client();
        }
    }
}
