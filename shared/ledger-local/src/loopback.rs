//! HTTP servers of local mode: on loopback, for permitted callers only.
//!
//! A browser can reach every port of its own machine, and so can every page it shows. So a server
//! answers only requests that name it by a loopback `Host` (DNS rebinding does not), that no foreign
//! page sent (`Origin`, `Sec-Fetch-Site`), and, where it holds data that other users of the machine
//! must not reach, that carry the secret of this process.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Sleep;

/// Times after which a slow client is disconnected: it takes a place that others wait for.
#[derive(Clone, Copy, Debug)]
struct Patience {
    /// For the head of a request, also of the next one.
    head: Duration,
    /// For the body of a request.
    body: Duration,
    /// Until it takes more of an answer.
    answer: Duration,
}

const PATIENCE: Patience = Patience {
    head: Duration::from_secs(10),
    body: Duration::from_secs(30),
    answer: Duration::from_secs(30),
};

/// The largest body of a request of people, who only ask.
const BODY_BYTES_MAX: usize = 1 << 16;

/// The largest body of a request of programs: the most that DynamoDB takes at once.
const PROGRAM_BODY_BYTES_MAX: usize = 16 << 20;

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
        LoopbackServer::start_with(port, router, callers, PATIENCE).await
    }

    async fn start_with(
        port: u16,
        router: Router,
        callers: Callers,
        patience: Patience,
    ) -> io::Result<LoopbackServer> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let router = guarded(router, address.port(), callers, patience);
        let (shutdown, stopped) = oneshot::channel();
        let server = tokio::spawn(serve(listener, router, patience, stopped));
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
async fn serve(
    listener: TcpListener,
    router: Router,
    patience: Patience,
    mut stopped: oneshot::Receiver<()>,
) {
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
                let stream = Impatient { stream, limit: patience.answer, stalled: None };
                let is_stopping = is_stopping.clone();
                connections.spawn(converse(stream, patience, router.clone(), is_stopping, place));
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
    stream: Impatient,
    patience: Patience,
    router: Router,
    mut is_stopping: watch::Receiver<bool>,
    _place: OwnedSemaphorePermit,
) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.head)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = pin!(connection);
    // A client that breaks off ends the connection; nothing else is to be done.
    tokio::select! {
        _ = &mut connection => return,
        _ = is_stopping.wait_for(|it| *it) => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// A connection that ends when its client takes nothing of an answer for a while.
struct Impatient {
    stream: TcpStream,
    limit: Duration,
    /// Runs while nothing can be written.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl AsyncRead for Impatient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Impatient {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let limit = self.limit;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        stalled.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// The checks of a server's requests.
#[derive(Clone, Debug)]
struct Guard {
    /// The names of the server, such as `127.0.0.1:8707`.
    hosts: [String; 3],
    callers: Callers,
    requests: Arc<Semaphore>,
    body_timeout: Duration,
}

fn guarded(router: Router, port: u16, callers: Callers, patience: Patience) -> Router {
    let hosts = ["127.0.0.1", "localhost", "[::1]"].map(|name| format!("{name}:{port}"));
    let requests = Arc::new(Semaphore::new(REQUESTS_AT_ONCE));
    let guard = Guard { hosts, callers, requests, body_timeout: patience.body };
    router.layer(middleware::from_fn_with_state(guard, admit))
}

async fn admit(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    if let Err(reason) = guard.check(request.headers()) {
        return (StatusCode::FORBIDDEN, format!("refused: {reason}\n")).into_response();
    }
    // A body that comes slowly takes no place of those who can be answered.
    let request = match guard.whole(request).await {
        Ok(request) => request,
        Err(status) => return status.into_response(),
    };
    match guard.requests.acquire().await {
        Ok(_place) => next.run(request).await,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

impl Guard {
    /// The request with all of its body.
    async fn whole(&self, request: Request) -> Result<Request, StatusCode> {
        let bytes_max = match self.callers {
            Callers::People => BODY_BYTES_MAX,
            Callers::Programs | Callers::Holders(_) => PROGRAM_BODY_BYTES_MAX,
        };
        let (head, body) = request.into_parts();
        let read = tokio::time::timeout(self.body_timeout, to_bytes(body, bytes_max)).await;
        let body = read.map_err(|_| StatusCode::REQUEST_TIMEOUT)?;
        let body = body.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?;
        Ok(Request::from_parts(head, Body::from(body)))
    }

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
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// Whether a server on port 8707 answers a request with these headers.
    fn answers(callers: &Callers, headers: &[(&'static str, &str)]) -> bool {
        let hosts = ["127.0.0.1:8707", "localhost:8707", "[::1]:8707"].map(str::to_owned);
        let requests = Arc::new(Semaphore::new(1));
        let (callers, body_timeout) = (callers.clone(), PATIENCE.body);
        let guard = Guard { hosts, callers, requests, body_timeout };
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

    const HASTE: Duration = Duration::from_millis(200);
    /// Far more than a server waits for, and less than the time it waits outside of tests.
    const LONG: Duration = Duration::from_secs(8);

    /// A server that answers with more than the buffers of a connection hold, and a client of it that
    /// writes this and nothing more.
    async fn written(text: &str) -> (LoopbackServer, TcpStream) {
        let large = || async { vec![b'a'; 64 << 20] };
        let router = Router::new().route("/", axum::routing::get(large).post(large));
        let patience = Patience { head: HASTE, body: HASTE, answer: HASTE };
        let server =
            LoopbackServer::start_with(0, router, Callers::People, patience).await.unwrap();
        let mut client = TcpStream::connect(server.address()).await.unwrap();
        let text = text.replace("HOST", &format!("127.0.0.1:{}", server.address().port()));
        client.write_all(text.as_bytes()).await.unwrap();
        (server, client)
    }

    #[tokio::test]
    async fn a_client_that_is_slow_with_its_request_is_disconnected() {
        for text in [
            "",
            "GET / HTTP/1.1\r\nhost: HOST\r\n",
            "POST / HTTP/1.1\r\nhost: HOST\r\ncontent-length: 9\r\n\r\nbody",
        ] {
            let (server, mut client) = written(text).await;
            let mut answer = Vec::new();
            tokio::time::timeout(LONG, client.read_to_end(&mut answer)).await.unwrap().unwrap();
            assert!(answer.len() < 1_000, "{text}: no page");
            server.stop().await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_client_that_takes_nothing_of_its_answer_is_disconnected() {
        let (server, client) = written("GET / HTTP/1.1\r\nhost: HOST\r\n\r\n").await;
        tokio::time::timeout(LONG, server.stop()).await.unwrap().unwrap();
        drop(client);
    }

    #[tokio::test]
    async fn people_send_no_large_bodies() {
        let (server, mut client) =
            written("POST / HTTP/1.1\r\nhost: HOST\r\ncontent-length: 9999999\r\n\r\n").await;
        let _ = client.write_all(&vec![b'a'; 1 << 20]).await;
        let mut answer = [0; 12];
        tokio::time::timeout(LONG, client.read_exact(&mut answer)).await.unwrap().unwrap();
        assert_eq!(&answer, b"HTTP/1.1 413");
        drop(server);
    }
}
