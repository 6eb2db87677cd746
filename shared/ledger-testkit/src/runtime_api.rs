//! The other side of a Lambda function: a runtime API on loopback, and the process that polls it.
//!
//! With it a test runs the binary that is deployed, from its configuration to its last log line.

use std::collections::VecDeque;
use std::io::{self, Read as _};
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path as UrlPath, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// A function that has not answered by then never will.
const PATIENCE: Duration = Duration::from_secs(60);

/// What Lambda heard of one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// An answer.
    Answer(String),
    /// The invocation failed: Lambda would try again.
    Failed(String),
}

/// What a process left behind.
#[derive(Clone, Debug)]
pub struct Ran {
    /// One for each event, in order.
    pub heard: Vec<Heard>,
    /// Its standard output, line by line.
    pub lines: Vec<String>,
    /// Its exit code, when it ended by itself.
    pub exit_code: Option<i32>,
}

#[derive(Default)]
struct Shared {
    events: Mutex<VecDeque<String>>,
    heard: Mutex<Vec<Heard>>,
    changed: Notify,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A variable as a deployed function has it: the key in the URL of an embedded database, such as
/// `http://KEY@127.0.0.1:8000`, is the access key id of the function.
fn with_key((name, value): (&str, &str)) -> Vec<(String, String)> {
    let parts = value.split_once("://").and_then(|(scheme, rest)| {
        rest.split_once('@').map(|(key, place)| (key, format!("{scheme}://{place}")))
    });
    match parts {
        Some((key, url)) => {
            vec![("AWS_ACCESS_KEY_ID".to_owned(), key.to_owned()), (name.to_owned(), url)]
        }
        None => vec![(name.to_owned(), value.to_owned())],
    }
}

/// Runs a function's binary until it has answered all events or has ended, then stops it.
///
/// It sees `variables`, and of the rest only what Lambda itself sets.
///
/// # Errors
///
/// If it cannot be started, or is silent for a minute.
pub async fn run(
    binary: impl AsRef<Path>,
    variables: &[(&str, &str)],
    events: &[&str],
) -> io::Result<Ran> {
    let shared = Arc::new(Shared::default());
    lock(&shared.events).extend(events.iter().map(|it| (*it).to_owned()));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?.to_string();
    let server = tokio::spawn(axum::serve(listener, router(Arc::clone(&shared))).into_future());
    let mut child = Command::new(binary.as_ref())
        .env_clear()
        .envs([
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
            ("AWS_LAMBDA_FUNCTION_NAME", "function"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_RUNTIME_API", &address),
            ("AWS_REGION", "us-east-1"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
        ])
        .envs(variables.iter().copied().flat_map(with_key))
        .stdout(Stdio::piped())
        .spawn()?;
    let mut stdout = child.stdout.take();
    let mut reading = tokio::task::spawn_blocking(move || {
        let mut text = String::new();
        stdout.as_mut().map_or(Ok(0), |it| it.read_to_string(&mut text)).map(|_| text)
    });
    let ended = tokio::select! {
        text = &mut reading => Some(text),
        () = all_heard(&shared, events.len()) => None,
        () = tokio::time::sleep(PATIENCE) => {
            child.kill()?;
            return Err(io::Error::new(io::ErrorKind::TimedOut, "the function did not answer"));
        }
    };
    let exit_code = if ended.is_some() { child.wait()?.code() } else { None };
    if ended.is_none() {
        child.kill()?;
        child.wait()?;
    }
    let text = match ended {
        Some(text) => text,
        None => reading.await,
    };
    server.abort();
    let text = text.map_err(io::Error::other)??;
    let heard = lock(&shared.heard).clone();
    Ok(Ran { heard, lines: text.lines().map(str::to_owned).collect(), exit_code })
}

/// Comes back when each event was heard of; never without events, since then the process ends.
async fn all_heard(shared: &Shared, count: usize) {
    loop {
        let changed = shared.changed.notified();
        if count > 0 && lock(&shared.heard).len() >= count {
            return;
        }
        changed.await;
    }
}

fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/{outcome}", post(outcome))
        .with_state(shared)
}

async fn next(State(shared): State<Arc<Shared>>) -> Response {
    let event = lock(&shared.events).pop_front();
    let Some(event) = event else {
        return std::future::pending().await;
    };
    let id = format!("request-{}", lock(&shared.heard).len() + 1);
    let headers = [
        ("lambda-runtime-aws-request-id", id.as_str()),
        ("lambda-runtime-deadline-ms", "99999999999999"),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:us-east-1:123456789012:function:function",
        ),
    ];
    (headers, event).into_response()
}

async fn outcome(
    State(shared): State<Arc<Shared>>,
    UrlPath((_, outcome)): UrlPath<(String, String)>,
    body: String,
) -> StatusCode {
    let heard = if outcome == "response" { Heard::Answer(body) } else { Heard::Failed(body) };
    lock(&shared.heard).push(heard);
    shared.changed.notify_waiters();
    StatusCode::ACCEPTED
}
