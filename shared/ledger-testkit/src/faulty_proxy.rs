//! A network that fails on purpose: an HTTP/1.1 reverse proxy on loopback.
//!
//! It stands between a real SDK client and a stand-in for AWS, counts the calls, and cuts, delays
//! or spoils the ones that its plan names. So a test can stop a run after each of its calls and
//! look at what is left behind. It knows HTTP and nothing of AWS but one header.
//!
//! ```
//! use ledger_testkit::faulty_proxy::{Fault, FaultPlan};
//!
//! // The third call is done, but its answer is lost.
//! let plan = FaultPlan::only(3, Fault::LoseAnswer);
//! // Writes fail, reads pass.
//! let plan = FaultPlan::each(|call| match call.target() {
//!     Some(target) if target.ends_with("PutItem") => Fault::Cut,
//!     _ => Fault::Pass,
//! });
//! ```

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::header::{
    CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HeaderMap, HeaderValue, TRANSFER_ENCODING,
};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Sleep;

/// How long half an answer stays on the line before the cut, so that the client has read it.
const PAUSE_BEFORE_CUT: Duration = Duration::from_millis(20);

/// One request that reached the proxy.
#[derive(Clone, Debug)]
pub struct Call {
    /// Counts from 1 since the plan was set.
    pub number: u64,
    /// The HTTP method.
    pub method: Method,
    /// Path and query.
    pub path: String,
    /// The headers, as the client sent them.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl Call {
    /// The header `X-Amz-Target`, which names the operation in AWS's JSON protocols.
    #[must_use]
    pub fn target(&self) -> Option<&str> {
        self.headers.get("x-amz-target")?.to_str().ok()
    }

    /// Whether the body holds `text`, such as a table name or `Action=Publish`.
    #[must_use]
    pub fn body_contains(&self, text: &str) -> bool {
        let text = text.as_bytes();
        text.is_empty() || self.body.windows(text.len()).any(|window| window == text)
    }
}

/// What happens to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: it is forwarded, and so is its answer.
    Pass,
    /// The connection is cut before anything is forwarded, for this call and all later ones, until
    /// another plan is set.
    FailFrom,
    /// The connection is cut before anything is forwarded, for this call only.
    Cut,
    /// The call is forwarded and done, then the connection is cut without an answer.
    LoseAnswer,
    /// The call is forwarded and done; the answer announces its full length and breaks off halfway.
    HalfAnswer,
    /// Nothing is forwarded; the proxy answers by itself.
    Status {
        /// The HTTP status.
        code: u16,
        /// The body, such as `{"__type":"ThrottlingException","message":"Rate exceeded"}`.
        body: String,
    },
    /// Nothing is forwarded; the connection stays open so long without an answer and is then cut.
    Hang(Duration),
}

/// Decides what happens to each call.
pub struct FaultPlan {
    decide: Box<dyn Fn(&Call) -> Fault + Send + Sync>,
}

impl FaultPlan {
    /// Every call passes.
    #[must_use]
    pub fn none() -> Self {
        Self::each(|_| Fault::Pass)
    }

    /// The first `call_count` calls pass; every later one is cut.
    #[must_use]
    pub fn fail_after(call_count: u64) -> Self {
        Self::each(
            move |call| {
                if call.number <= call_count { Fault::Pass } else { Fault::FailFrom }
            },
        )
    }

    /// Call `number`, counted from 1, meets `fault`; all others pass.
    #[must_use]
    pub fn only(number: u64, fault: Fault) -> Self {
        Self::each(move |call| if call.number == number { fault.clone() } else { Fault::Pass })
    }

    /// Asks `decide` about each call, one at a time and in order of their numbers.
    #[must_use]
    pub fn each(decide: impl Fn(&Call) -> Fault + Send + Sync + 'static) -> Self {
        Self { decide: Box::new(decide) }
    }
}

impl fmt::Debug for FaultPlan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("FaultPlan").finish_non_exhaustive()
    }
}

/// The proxy. It stops, with all its connections, when it is dropped.
#[derive(Debug)]
pub struct FaultyProxy {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    server: JoinHandle<()>,
}

#[derive(Debug)]
struct State {
    plan: FaultPlan,
    /// Calls since the plan was set.
    number: u64,
    /// Calls since the start.
    call_count: u64,
    has_failed_for_good: bool,
}

impl FaultyProxy {
    /// Listens on a free port of 127.0.0.1 and forwards to `upstream`.
    ///
    /// # Errors
    ///
    /// If no port can be had.
    pub async fn start(upstream: SocketAddr, plan: FaultPlan) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let state = State { plan, number: 0, call_count: 0, has_failed_for_good: false };
        let state = Arc::new(Mutex::new(state));
        let server = tokio::spawn(serve(listener, upstream, Arc::clone(&state)));
        Ok(Self { address, state, server })
    }

    /// Where clients connect to.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many requests arrived since the start, whatever became of them.
    #[must_use]
    pub fn calls(&self) -> u64 {
        lock(&self.state).call_count
    }

    /// Sets another plan for the calls to come. Their numbers begin with 1 again.
    pub fn set_plan(&self, plan: FaultPlan) {
        let mut state = lock(&self.state);
        state.plan = plan;
        state.number = 0;
        state.has_failed_for_good = false;
    }
}

impl Drop for FaultyProxy {
    fn drop(&mut self) {
        // The task owns its connections, so they end with it.
        self.server.abort();
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    // A plan of a test may panic. The counts are right even then.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(listener: TcpListener, upstream: SocketAddr, state: Arc<Mutex<State>>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // A failed accept is the client's loss: it sees a connection that does not open.
                let Ok((stream, _)) = accepted else { continue };
                let state = Arc::clone(&state);
                connections.spawn(async move {
                    let service = service_fn(|request| forward(request, upstream, Arc::clone(&state)));
                    // An error here is a cut, planned or by the client.
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Ends a connection: hyper closes it when a service or a body fails.
#[derive(Debug)]
struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the connection is cut on purpose")
    }
}

impl std::error::Error for Cut {}

async fn forward(
    request: Request<Incoming>,
    upstream: SocketAddr,
    state: Arc<Mutex<State>>,
) -> Result<Response<Answer>, Cut> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Cut)?.to_bytes();
    let mut call = Call {
        number: 0,
        method: head.method,
        path: head.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
        headers: head.headers,
        body,
    };
    match fault_of(&mut call, &state) {
        Fault::Pass => Ok(send(call, upstream).await?.map(Answer::whole)),
        Fault::FailFrom | Fault::Cut => Err(Cut),
        Fault::LoseAnswer => send(call, upstream).await.and(Err(Cut)),
        Fault::HalfAnswer => {
            let answer = send(call, upstream).await?;
            if answer.body().is_empty() { Err(Cut) } else { Ok(answer.map(Answer::half)) }
        }
        Fault::Status { code, body } => {
            let mut answer = Response::new(Answer::whole(body.into()));
            *answer.status_mut() = StatusCode::from_u16(code).map_err(|_| Cut)?;
            let json = HeaderValue::from_static("application/x-amz-json-1.0");
            answer.headers_mut().insert(CONTENT_TYPE, json);
            Ok(answer)
        }
        Fault::Hang(duration) => {
            tokio::time::sleep(duration).await;
            Err(Cut)
        }
    }
}

/// Numbers the call and asks the plan, both under one lock.
fn fault_of(call: &mut Call, state: &Mutex<State>) -> Fault {
    let mut state = lock(state);
    state.number += 1;
    state.call_count += 1;
    call.number = state.number;
    if state.has_failed_for_good {
        return Fault::FailFrom;
    }
    let fault = (state.plan.decide)(call);
    state.has_failed_for_good = fault == Fault::FailFrom;
    fault
}

/// Does the call on a connection of its own and reads the whole answer.
async fn send(call: Call, upstream: SocketAddr) -> Result<Response<Bytes>, Cut> {
    let stream = TcpStream::connect(upstream).await.map_err(|_| Cut)?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|_| Cut)?;
    let mut request = Request::new(Full::new(call.body));
    *request.method_mut() = call.method;
    *request.uri_mut() = call.path.parse().map_err(|_| Cut)?;
    *request.headers_mut() = call.headers;
    // These speak about the client's connection, not about this one.
    for header in [CONNECTION, EXPECT, TRANSFER_ENCODING] {
        request.headers_mut().remove(header);
    }
    let exchange = async {
        let (mut head, body) = sender.send_request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        head.headers.remove(CONNECTION);
        head.headers.remove(TRANSFER_ENCODING);
        // The length is announced by hyper, from the body that is really sent or promised.
        head.headers.remove(CONTENT_LENGTH);
        Ok::<_, hyper::Error>(Response::from_parts(head, body))
    };
    // The connection only moves while it is polled, too; it may end first, right after the answer.
    let connection = async {
        let _ = connection.await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        answer = exchange => answer.map_err(|_| Cut),
        () = connection => Err(Cut),
    }
}

/// The body of an answer, whole or broken off.
struct Answer {
    /// What is still to be sent.
    rest: Option<Bytes>,
    /// What the head promises.
    announced_bytes: u64,
    /// The wait before a cut; a whole answer has none.
    cut: Option<Pin<Box<Sleep>>>,
}

impl Answer {
    fn whole(body: Bytes) -> Self {
        Self { announced_bytes: body.len() as u64, rest: Some(body), cut: None }
    }

    fn half(body: Bytes) -> Self {
        let half = body.slice(..body.len() / 2);
        let cut = Some(Box::pin(tokio::time::sleep(PAUSE_BEFORE_CUT)));
        Self { announced_bytes: body.len() as u64, rest: Some(half), cut }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        if let Some(rest) = self.rest.take().filter(|it| !it.is_empty()) {
            return Poll::Ready(Some(Ok(Frame::data(rest))));
        }
        match &mut self.cut {
            Some(cut) => {
                ready!(cut.as_mut().poll(context));
                Poll::Ready(Some(Err(Cut)))
            }
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.cut.is_none() && self.rest.as_ref().is_none_or(Bytes::is_empty)
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        hyper::body::SizeHint::with_exact(self.announced_bytes)
    }
}

#[cfg(test)]
mod tests;
