//! HTTP servers of local mode: on loopback, for permitted callers only.
//!
//! A browser can reach every port of its own machine, and so can every page it shows. So a server
//! answers only requests that name it by a loopback `Host` (DNS rebinding does not), that no foreign
//! page sent (`Origin`, `Sec-Fetch-Site`), and, where it holds data that other users of the machine
//! must not reach, that carry the secret of this process.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};

/// Time for the head of a request; a slower client is disconnected.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// Open connections; further ones wait to be accepted.
const CONNECTIONS_MAX: usize = 256;

/// Requests that are answered at the same time: each may hold a page in memory.
const REQUESTS_AT_ONCE: usize = 16;

/// Bytes of a secret, before they are written in hex.
const SECRET_BYTES: usize = 16;

/// The callers that a server answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Callers {
    /// People with a browser, on pages of this server, and programs of this machine.
    People,
    /// Programs of this machine alone; pages of a browser are refused.
    Programs,
    /// Programs that sign with this access key id, which this process gave them.
    Holders(Secret),
}

/// An access key id known to this process and to those it is given to.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<str>);

impl Secret {
    /// A new random secret.
    ///
    /// # Errors
    ///
    /// When the system gives no random bytes.
    pub fn new() -> io::Result<Secret> {
        let mut bytes = [0; SECRET_BYTES];
        getrandom::fill(&mut bytes).map_err(|err| io::Error::other(err.to_string()))?;
        let hex: String = bytes.iter().map(|it| format!("{it:02x}")).collect();
        Ok(Secret(hex.into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `Authorization` is signed with it. Compares in constant time.
    fn signs(&self, headers: &HeaderMap) -> bool {
        let key_id = headers
            .get(header::AUTHORIZATION)
            .and_then(|it| it.to_str().ok())
            .and_then(|it| it.split_once("Credential="))
            .and_then(|(_, credential)| credential.split_once('/'))
            .map_or("", |(key_id, _)| key_id);
        let differences =
            key_id.bytes().zip(self.0.bytes()).fold(0, |sum, (left, right)| sum | (left ^ right));
        key_id.len() == self.0.len() && differences == 0
    }
}

/// The secret is not shown: printed values end up in logs.
impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

/// A running server. It stops when it is dropped; [`LoopbackServer::stop`] waits for running
/// requests as well.
#[derive(Debug)]
pub struct LoopbackServer {
    address: SocketAddr,
    shutdown: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

impl LoopbackServer {
    /// Serves `router` on a port of 127.0.0.1, or on a free one for port 0.
    ///
    /// # Errors
    ///
    /// When the port is not free.
    pub async fn start(port: u16, router: Router, callers: Callers) -> io::Result<LoopbackServer> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let router = guarded(router, address.port(), callers);
        let (shutdown, stopped) = oneshot::channel();
        let server = tokio::spawn(serve(listener, router, stopped));
        Ok(LoopbackServer { address, shutdown, server })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL, such as `http://127.0.0.1:40713`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Finishes running requests and stops.
    ///
    /// # Errors
    ///
    /// When the server had ended by itself.
    pub async fn stop(self) -> io::Result<()> {
        // A server that has ended already hears nothing; its result says why.
        let _ = self.shutdown.send(());
        self.server.await.map_err(io::Error::other)
    }
}

/// Accepts connections until it is stopped, then finishes running requests.
async fn serve(listener: TcpListener, router: Router, mut stopped: oneshot::Receiver<()>) {
    let (stopping, is_stopping) = watch::channel(false);
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            // A dropped sender stops the server as well.
            _ = &mut stopped => break,
        };
        match accepted {
            Ok((stream, place)) => {
                connections.spawn(converse(stream, router.clone(), is_stopping.clone(), place));
            }
            // Out of file handles, or a client that is gone already: others still come.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
        // Connections that have ended are removed.
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    stopping.send_replace(true);
    while connections.join_next().await.is_some() {}
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, place))
}

/// Answers the requests of one connection, which takes a place until it ends.
async fn converse(
    stream: TcpStream,
    router: Router,
    mut is_stopping: watch::Receiver<bool>,
    _place: OwnedSemaphorePermit,
) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = pin!(connection);
    // A client that breaks off ends the connection; nothing else is to be done.
    tokio::select! {
        _ = &mut connection => return,
        _ = is_stopping.wait_for(|it| *it) => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// The checks of a server's requests.
#[derive(Clone, Debug)]
struct Guard {
    /// The names of the server, such as `127.0.0.1:8707`.
    hosts: [String; 3],
    callers: Callers,
    requests: Arc<Semaphore>,
}

fn guarded(router: Router, port: u16, callers: Callers) -> Router {
    let hosts = ["127.0.0.1", "localhost", "[::1]"].map(|name| format!("{name}:{port}"));
    let guard = Guard { hosts, callers, requests: Arc::new(Semaphore::new(REQUESTS_AT_ONCE)) };
    router.layer(middleware::from_fn_with_state(guard, admit))
}

async fn admit(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    if let Err(reason) = guard.check(request.headers()) {
        return (StatusCode::FORBIDDEN, format!("refused: {reason}\n")).into_response();
    }
    match guard.requests.acquire().await {
        Ok(_place) => next.run(request).await,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

impl Guard {
    /// Whether a request may be answered; otherwise the reason for its sender.
    fn check(&self, headers: &HeaderMap) -> Result<(), &'static str> {
        let text = |name: HeaderName| headers.get(name).map(|it| it.to_str().unwrap_or_default());
        let is_ours = |host: &str| self.hosts.iter().any(|it| it == host);
        // A holder of the secret may use another host name, such as a test's proxy.
        let is_named = matches!(self.callers, Callers::Holders(_));
        if !is_named && !text(header::HOST).is_some_and(is_ours) {
            return Err("`Host` is not this server on loopback");
        }
        let origin = text(header::ORIGIN);
        let is_browser = origin.is_some() || headers.contains_key("sec-fetch-site");
        match &self.callers {
            Callers::People if origin.is_none() => Ok(()),
            Callers::People => match origin.and_then(|it| it.strip_prefix("http://")) {
                Some(host) if is_ours(host) => Ok(()),
                _ => Err("a page of another origin asks"),
            },
            _ if is_browser => Err("a browser asks, and this is for programs"),
            Callers::Programs => Ok(()),
            Callers::Holders(secret) if secret.signs(headers) => Ok(()),
            Callers::Holders(_) => Err("the access key is not the one of this process"),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    /// Whether a server on port 8707 answers a request with these headers.
    fn answers(callers: &Callers, headers: &[(&'static str, &str)]) -> bool {
        let hosts = ["127.0.0.1:8707", "localhost:8707", "[::1]:8707"].map(str::to_owned);
        let requests = Arc::new(Semaphore::new(1));
        let guard = Guard { hosts, callers: callers.clone(), requests };
        let headers = headers.iter().map(|(name, value)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        });
        guard.check(&headers.collect()).is_ok()
    }

    const HOST: (&str, &str) = ("host", "127.0.0.1:8707");

    #[test]
    fn only_loopback_names_of_the_server_are_answered() {
        for (host, expected) in [
            ("127.0.0.1:8707", true),
            ("localhost:8707", true),
            ("[::1]:8707", true),
            ("localhost", false),
            ("127.0.0.1:8708", false),
            ("rebind.example:8707", false),
            ("127.0.0.1:8707.example", false),
        ] {
            assert_eq!(answers(&Callers::People, &[("host", host)]), expected, "{host}");
        }
        assert!(!answers(&Callers::People, &[]), "no host at all");
    }

    #[test]
    fn people_are_answered_on_pages_of_the_server_alone() {
        for (origin, expected) in [
            ("http://127.0.0.1:8707", true),
            ("http://localhost:8707", true),
            ("http://127.0.0.1:9", false),
            ("https://127.0.0.1:8707", false),
            ("https://evil.example", false),
            ("null", false),
        ] {
            assert_eq!(
                answers(&Callers::People, &[HOST, ("origin", origin)]),
                expected,
                "{origin}"
            );
        }
    }

    #[test]
    fn programs_are_no_browsers() {
        assert!(answers(&Callers::Programs, &[HOST]));
        for header in [("origin", "http://127.0.0.1:8707"), ("sec-fetch-site", "cross-site")] {
            assert!(!answers(&Callers::Programs, &[HOST, header]), "{header:?}");
        }
    }

    #[test]
    fn only_holders_of_the_secret_are_answered() {
        let secret = Secret::new().unwrap();
        let callers = Callers::Holders(secret.clone());
        let signed = |key_id: &str| {
            let value = format!("AWS4-HMAC-SHA256 Credential={key_id}/20261101/us-east-1/dynamodb");
            answers(&callers, &[HOST, ("authorization", &value)])
        };
        assert!(signed(secret.as_str()));
        for key_id in ["", "local", &secret.as_str().to_uppercase(), &format!("{}0", secret.0)] {
            assert!(!signed(key_id), "{key_id}");
        }
        assert!(!answers(&callers, &[HOST]));
        assert_ne!(Secret::new().unwrap(), secret);
        assert_eq!(format!("{secret:?}"), "Secret");
    }
}
