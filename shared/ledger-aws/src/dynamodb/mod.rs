//! The ledger in one DynamoDB table.
//!
//! Both parts of the key, `pk` and `sk`, are strings. `expires_at` (seconds since 1970) is the
//! table's time-to-live attribute. Names in keys are escaped: `%` is `%25` and `#` is `%23`.
//!
//! | Item | `pk` | `sk` | Attributes |
//! | --- | --- | --- | --- |
//! | head of a bill | `HEAD` | `2026-11#cur#123456789012` | `version` 7, `export`, `export_place`, `chosen_part`, `delivered_at`, `imported_at`, `rules_version` 2, `days` |
//! | head of a part of it | `HEAD` | `2026-11#cur#123456789012%+name` | the same; wherever a key has a payer, the part is behind it |
//! | rollups by owner, summary | `ROLLUPS#cur#2026-11#123456789012#2026-11-03#00000007-0011223344556677` | `S#payments#0000` | `table` |
//! | rollups by owner, detail | the same | `D#payments#0000` | `table` |
//! | intent of a running replacement | `INTENT` | `2026-11#cur#123456789012#00000007#0011223344556677` | `written`, `replaced` |
//! | version of a document | `DOCUMENT#rules` | `00000002` | `text`, or `packed` where it is long, `at` |
//! | part of a text under its hash | `CONTENT#sha256:…` | `000000` | `packed`, `parts` |
//! | alert | `ALERT#2026-11` | `2026-11-01#chat#monthly#00080` | `subject`, `body`, `attributes`, `state`, `run`, `at`, `budget`, `window`, `start`, `threshold` |
//! | what is settled | `ALERT#settled` | `settled` | `state`, a SHA-256 in hex, and `at` |
//! | subscribers of a topic | `ALERT#audience` | `alerts` or `alarms` | `confirmed`, `pending` and `at` |
//! | requests of a day | `REQUESTS#cost-explorer` | `2026-11-21` | `count` 12 |
//!
//! Heads, documents and alerts also have `written_by`, the release that wrote them.
//!
//! `days` is a JSON text by day:
//! `{"2026-11-03":{"generation":{"version":3,"content_hash":"0011223344556677"},"estimated":false,
//! "totals":{"USD":{"ai":{"unblended":"1.2","net_unblended":"1.1"},"other":{"unblended":"0"},
//! "ai_line_count":3,"other_line_count":5}}}}`.
//! `invoiced` is true where every AI line of the day names its invoice, and absent elsewhere.
//! Costs have `amortized` and `net_amortized` too, where these are not what was charged.
//! `table` holds rows by column; the private module `chunk` lists the columns, and `table` their form.
//! The release before wrote `rows` and `files` in its place, which the private module `row` reads.
//! `written` and `replaced` are JSON texts such as `[["2026-11-03",7,"0011223344556677"]]`.
//!
//! # How a bill is replaced
//!
//! An intent is written, then the chunks of each changed day under the name of a new generation;
//! they are read back and compared with the day's totals. Then the head is moved, on condition that
//! it still has the version that was read: this is what readers see. What it no longer names
//! expires a week later, so that a reader with an older head can finish. Whatever a run leaves
//! behind when it stops between two of these steps is named by its intent, and the next run expires
//! it.

mod alerts;
mod audit;
mod chunk;
mod content;
mod documents;
mod head;
mod keys;
mod meter;
mod replace;
mod row;
mod table;
mod written_days;

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
    ScalarAttributeType, TableStatus, TimeToLiveSpecification, TimeToLiveStatus,
};
use jiff::civil::Date;
use ledger_app::ports::{RequestQuota, StoreError};
use sha2::{Digest as _, Sha256};

pub use self::meter::{Consumption, Meter};

/// The ledger in one table. Clones share the client's connections.
#[derive(Clone, Debug)]
pub struct DynamoLedger {
    /// The client.
    pub client: Client,
    /// The table's name.
    pub table: String,
}

/// The release that writes items, for people who look at the table.
const WRITTEN_BY: &str = env!("CARGO_PKG_VERSION");

/// An item as the service returns it.
type Item = HashMap<String, AttributeValue>;

/// More pages than a month of rollups has: 4 GB at 1 MB a page.
const PAGES_MAX: usize = 4096;

/// Items of a page. The table itself ends a page at 1 MB, which is about as many items of the smallest
/// kind; the embedded one reads all that follow into memory unless the request says how many are wanted.
const PAGE_ITEMS_MAX: i32 = 1000;

/// A new table is there within seconds.
const TABLE_CHECKS_MAX: u32 = 60;

/// Which sort keys of one partition are meant.
#[derive(Clone, Copy, Debug)]
enum Range<'a> {
    All,
    Prefix(&'a str),
    From(&'a str),
}

impl DynamoLedger {
    /// Makes sure that the table is there and forgets what expires. Safe to repeat.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn ensure_table(&self) -> Result<(), StoreError> {
        let doing = || format!("make sure that table `{}` exists", self.table);
        self.create_table(&doing()).await?;
        self.wait_until_active(&doing()).await?;
        let state = self.client.describe_time_to_live().table_name(&self.table).send().await;
        let status = state
            .map_err(|err| unavailable(doing(), err))?
            .time_to_live_description
            .and_then(|it| it.time_to_live_status);
        if matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)) {
            return Ok(());
        }
        let specification = TimeToLiveSpecification::builder()
            .attribute_name("expires_at")
            .enabled(true)
            .build()
            .map_err(|err| unbuilt(doing(), err))?;
        let call = self.client.update_time_to_live().table_name(&self.table);
        call.time_to_live_specification(specification)
            .send()
            .await
            .map(|_| ())
            .map_err(|err| unavailable(doing(), err))
    }

    async fn create_table(&self, doing: &str) -> Result<(), StoreError> {
        let mut call = self
            .client
            .create_table()
            .table_name(&self.table)
            .billing_mode(BillingMode::PayPerRequest);
        for (name, key_type) in [("pk", KeyType::Hash), ("sk", KeyType::Range)] {
            let attribute = AttributeDefinition::builder()
                .attribute_name(name)
                .attribute_type(ScalarAttributeType::S)
                .build()
                .map_err(|err| unbuilt(doing, err))?;
            let key = KeySchemaElement::builder()
                .attribute_name(name)
                .key_type(key_type)
                .build()
                .map_err(|err| unbuilt(doing, err))?;
            call = call.attribute_definitions(attribute).key_schema(key);
        }
        match call.send().await {
            Err(err)
                if !err.as_service_error().is_some_and(|it| it.is_resource_in_use_exception()) =>
            {
                Err(unavailable(doing, err))
            }
            _ => Ok(()),
        }
    }

    async fn wait_until_active(&self, doing: &str) -> Result<(), StoreError> {
        for _ in 0..TABLE_CHECKS_MAX {
            let answer = self.client.describe_table().table_name(&self.table).send().await;
            let table = answer.map_err(|err| unavailable(doing, err))?.table;
            if table.and_then(|it| it.table_status) == Some(TableStatus::Active) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        Err(gave_up(doing, "the table is not active yet"))
    }

    /// Takes one request of a day's allowance; `false` when it is used up.
    ///
    /// A lost answer may take two: the allowance is never exceeded.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn take_request(&self, day: Date, cap: u64) -> Result<bool, StoreError> {
        if cap == 0 {
            return Ok(false);
        }
        let outcome = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", text("REQUESTS#cost-explorer"))
            .key("sk", text(day.to_string()))
            .update_expression("ADD #count :one")
            .condition_expression("attribute_not_exists(#count) OR #count < :cap")
            .expression_attribute_names("#count", "count")
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":cap", number(cap))
            .send()
            .await;
        match outcome {
            Ok(_) => Ok(true),
            Err(err) if is_condition_failed(&err) => Ok(false),
            Err(err) => Err(unavailable(format!("count a request of {day}"), err)),
        }
    }

    /// All items of a range, in order of their sort keys, as they are now.
    async fn query(
        &self,
        doing: &str,
        pk: &str,
        range: Range<'_>,
        keys_only: bool,
    ) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::new();
        let mut pages = Pages::new(self, doing, pk, range);
        pages.keys_only = keys_only;
        while let Some(page) = pages.next().await? {
            items.extend(page);
        }
        Ok(items)
    }

    /// One item as it is now.
    async fn get(&self, doing: &str, pk: &str, sk: &str) -> Result<Option<Item>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", text(pk))
            .key("sk", text(sk))
            .consistent_read(true)
            .send()
            .await;
        Ok(answer.map_err(|err| unavailable(doing, err))?.item)
    }
}

/// The items of a range by page, in order of their sort keys, as they are now: a day with very many
/// owners has many.
struct Pages<'a> {
    ledger: &'a DynamoLedger,
    doing: &'a str,
    pk: &'a str,
    range: Range<'a>,
    keys_only: bool,
    /// Items of a page.
    page_items_max: i32,
    /// The number of pages that may follow; `None` after the last.
    left: Option<usize>,
    /// The key before the next page; `None` for the first.
    start: Option<Item>,
}

impl<'a> Pages<'a> {
    fn new(ledger: &'a DynamoLedger, doing: &'a str, pk: &'a str, range: Range<'a>) -> Pages<'a> {
        Pages {
            ledger,
            doing,
            pk,
            range,
            keys_only: false,
            page_items_max: PAGE_ITEMS_MAX,
            left: Some(PAGES_MAX),
            start: None,
        }
    }

    /// The next page, which may be empty; `None` after the last.
    async fn next(&mut self) -> Result<Option<Vec<Item>>, StoreError> {
        let Some(left) = self.left.take() else { return Ok(None) };
        if left == 0 {
            return Err(gave_up(self.doing, "there are more pages than a range can have"));
        }
        let call = self
            .ledger
            .client
            .query()
            .table_name(&self.ledger.table)
            .consistent_read(true)
            .limit(self.page_items_max)
            .set_exclusive_start_key(self.start.take())
            .expression_attribute_values(":pk", text(self.pk));
        let call = if self.keys_only { call.projection_expression("pk, sk") } else { call };
        let call = match self.range {
            Range::All => call.key_condition_expression("pk = :pk"),
            Range::Prefix(sk) => call
                .key_condition_expression("pk = :pk AND begins_with(sk, :sk)")
                .expression_attribute_values(":sk", text(sk)),
            Range::From(sk) => call
                .key_condition_expression("pk = :pk AND sk >= :sk")
                .expression_attribute_values(":sk", text(sk)),
        };
        let page = call.send().await.map_err(|err| unavailable(self.doing, err))?;
        self.start = page.last_evaluated_key.filter(|it| !it.is_empty());
        self.left = self.start.is_some().then(|| left.saturating_sub(1));
        Ok(Some(page.items.unwrap_or_default()))
    }
}

/// The hard cap on requests to Cost Explorer a day, counted in the ledger over all runs.
#[derive(Clone, Copy, Debug)]
pub struct DailyCap<'a> {
    /// Where they are counted.
    pub ledger: &'a DynamoLedger,
    /// How many a day may have.
    pub cap: u64,
}

impl RequestQuota for DailyCap<'_> {
    async fn take(&self, day: Date) -> Result<bool, StoreError> {
        self.ledger.take_request(day, self.cap).await
    }
}

fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// `pk` and `sk` for messages, which are logged. Sort keys of rollups and alerts hold names of owners and
/// budgets, often of people: there the hash of the key says which item of its partition it is.
fn key_of(item: &Item) -> String {
    let part = |name: &str| item.get(name).and_then(|it| it.as_s().ok()).map_or("", |it| it);
    let (pk, sk) = (part("pk"), part("sk"));
    match ["ROLLUPS#", "ALERT#"].iter().any(|it| pk.starts_with(it)) {
        true => {
            let hash = keys::hex(&Sha256::digest(sk));
            format!("{pk} sha256:{}", hash.get(..HASH_DIGITS).unwrap_or_default())
        }
        false => format!("{pk} {sk}"),
    }
}

/// Digits of a hash that tell the items of one partition apart.
const HASH_DIGITS: usize = 12;

/// The fault of a stored JSON text, without the text: errors of the parser quote it.
fn json_fault(name: &str, err: &serde_json::Error) -> String {
    let kind = match err.classify() {
        serde_json::error::Category::Data => "has another form than was written",
        _ => "is no JSON",
    };
    format!("`{name}` {kind}, at line {} column {}", err.line(), err.column())
}

fn malformed(item: &Item, reason: impl Into<String>) -> StoreError {
    StoreError::Malformed { key: key_of(item), reason: reason.into() }
}

fn text_of<'a>(item: &'a Item, name: &str) -> Result<&'a str, StoreError> {
    item.get(name)
        .and_then(|it| it.as_s().ok())
        .map(String::as_str)
        .ok_or_else(|| malformed(item, format!("`{name}` is missing; expected a text")))
}

/// Reads a text or a number into a type that knows its form.
fn parsed<T: std::str::FromStr>(item: &Item, name: &str) -> Result<T, StoreError> {
    let value = match item.get(name) {
        Some(AttributeValue::S(value) | AttributeValue::N(value)) => value,
        _ => return Err(malformed(item, format!("`{name}` is missing"))),
    };
    let type_name = std::any::type_name::<T>().rsplit("::").next().unwrap_or_default();
    value
        .parse()
        .map_err(|_| malformed(item, format!("`{name}` does not have the form of {type_name}")))
}

fn is_condition_failed<E: ProvideErrorMetadata>(err: &SdkError<E, HttpResponse>) -> bool {
    err.as_service_error().and_then(|it| it.code()) == Some("ConditionalCheckFailedException")
}

fn unavailable<E>(doing: impl Into<String>, err: SdkError<E, HttpResponse>) -> StoreError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    /// Refusals that pass by themselves, by DynamoDB's names.
    const PASSING: [&str; 6] = [
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "LimitExceededException",
        "TransactionConflictException",
        "InternalServerError",
    ];
    let is_retryable = match &err {
        SdkError::ConstructionFailure(_) => false,
        SdkError::ServiceError(answer) => {
            answer.raw().status().is_server_error()
                || answer.err().code().is_some_and(|code| PASSING.contains(&code))
        }
        _ => true,
    };
    StoreError::Unavailable { doing: doing.into(), is_retryable, source: Arc::new(err) }
}

/// A request that could not even be built.
fn unbuilt(doing: impl Into<String>, err: impl Error + Send + Sync + 'static) -> StoreError {
    StoreError::Unavailable { doing: doing.into(), is_retryable: false, source: Arc::new(err) }
}

/// A limit of ours was met.
fn gave_up(doing: impl Into<String>, reason: &'static str) -> StoreError {
    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct GaveUp(&'static str);
    let source = Arc::new(GaveUp(reason));
    StoreError::Unavailable { doing: doing.into(), is_retryable: true, source }
}
