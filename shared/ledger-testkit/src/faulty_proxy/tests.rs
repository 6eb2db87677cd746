//! Each fault is the one that was planned.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::extract::State as Shared;
use axum::routing::post;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

const ANSWER: &str = "the answer";

/// A proxy before a server that counts the calls it does.
async fn set_up(plan: FaultPlan) -> (FaultyProxy, Arc<AtomicU64>) {
    let done = Arc::new(AtomicU64::new(0));
    let router = Router::new().route(
        "/path",
        post(|Shared(done): Shared<Arc<AtomicU64>>, body: String| async move {
            assert_eq!(body, "Action=Publish");
            done.fetch_add(1, Ordering::SeqCst);
            ([("x-answered", "yes")], ANSWER)
        }),
    );
    let router = router.with_state(Arc::clone(&done));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let upstream = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (FaultyProxy::start(upstream, plan).await.unwrap(), done)
}

/// Sends a request and reads until the connection is closed.
async fn raw_call(proxy: &FaultyProxy) -> String {
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    let request = "POST /path HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-amz-target: T.PutItem\r\ncontent-length: 14\r\n\r\nAction=Publish";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A cut may arrive as a reset; what came before it is what counts.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

/// Makes one call per letter: `.` passes, `x` is cut without a byte.
async fn check_calls(plan: FaultPlan, expected: &str) {
    let (proxy, done) = set_up(plan).await;
    let mut seen = String::new();
    for _ in expected.chars() {
        let answer = raw_call(&proxy).await;
        seen.push(if answer.ends_with(ANSWER) { '.' } else { 'x' });
        assert!(answer.is_empty() || answer.ends_with(ANSWER), "{answer}");
    }
    assert_eq!(seen, expected);
    assert_eq!(proxy.calls(), expected.len() as u64);
    assert_eq!(done.load(Ordering::SeqCst), expected.matches('.').count() as u64);
}

#[tokio::test]
async fn without_faults_all_pass() {
    check_calls(FaultPlan::none(), "...").await;
}

#[tokio::test]
async fn a_failure_for_good_stays() {
    check_calls(FaultPlan::fail_after(2), "..xx").await;
    check_calls(FaultPlan::only(2, Fault::FailFrom), ".xxx").await;
}

#[tokio::test]
async fn a_cut_is_for_one_call() {
    check_calls(FaultPlan::only(2, Fault::Cut), ".x.").await;
}

#[tokio::test]
async fn a_plan_can_look_at_the_call() {
    check_calls(
        FaultPlan::each(|call| match call.number {
            1 if call.target() == Some("T.PutItem") => Fault::Cut,
            2 if call.body_contains("Publish") => Fault::Cut,
            3 if call.path == "/path" && call.method == Method::POST => Fault::Cut,
            _ => Fault::Pass,
        }),
        "xxx.",
    )
    .await;
}

#[tokio::test]
async fn an_answer_passes_with_its_headers() {
    let (proxy, _) = set_up(FaultPlan::none()).await;
    let answer = raw_call(&proxy).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("x-answered: yes\r\n"), "{answer}");
    assert_eq!(answer.matches("content-length: 10\r\n").count(), 1, "{answer}");
}

#[tokio::test]
async fn a_lost_answer_was_done() {
    let (proxy, done) = set_up(FaultPlan::only(1, Fault::LoseAnswer)).await;
    assert_eq!(raw_call(&proxy).await, "");
    assert_eq!(done.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn half_an_answer_promises_the_whole() {
    let (proxy, done) = set_up(FaultPlan::only(1, Fault::HalfAnswer)).await;
    let answer = raw_call(&proxy).await;
    assert!(answer.contains("content-length: 10\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\nthe a"), "{answer}");
    assert_eq!(done.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_status_is_answered_without_the_server() {
    let fault = Fault::Status { code: 503, body: "busy".to_owned() };
    let (proxy, done) = set_up(FaultPlan::only(1, fault)).await;
    let answer = raw_call(&proxy).await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.ends_with("\r\n\r\nbusy"), "{answer}");
    assert_eq!(done.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_hanging_call_is_cut_in_the_end() {
    let (proxy, done) = set_up(FaultPlan::only(1, Fault::Hang(Duration::from_millis(50)))).await;
    let start = std::time::Instant::now();
    assert_eq!(raw_call(&proxy).await, "");
    assert!(start.elapsed() >= Duration::from_millis(50));
    assert_eq!(done.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn another_plan_counts_from_one() {
    let (proxy, _) = set_up(FaultPlan::fail_after(1)).await;
    raw_call(&proxy).await;
    assert_eq!(raw_call(&proxy).await, "");
    proxy.set_plan(FaultPlan::only(2, Fault::Cut));
    assert!(raw_call(&proxy).await.ends_with(ANSWER));
    assert_eq!(raw_call(&proxy).await, "");
    assert_eq!(proxy.calls(), 4);
}

#[tokio::test]
async fn a_connection_serves_many_calls() {
    let (proxy, done) = set_up(FaultPlan::none()).await;
    let stream = TcpStream::connect(proxy.address()).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    for _ in 0..3 {
        let mut request = Request::post("/path").header("host", "x");
        request = request.header(CONTENT_LENGTH, 14);
        let request = request.body(Full::new(Bytes::from_static(b"Action=Publish"))).unwrap();
        let answer = sender.send_request(request).await.unwrap();
        assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), ANSWER);
    }
    assert_eq!(done.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_dropped_proxy_answers_no_more() {
    let (proxy, _) = set_up(FaultPlan::none()).await;
    let address = proxy.address();
    drop(proxy);
    tokio::task::yield_now().await;
    assert!(TcpStream::connect(address).await.is_err());
}
