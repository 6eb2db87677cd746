//! Servers of this process on loopback, and the signal that stops them.

use anyhow::Context;
use axum::Router;
use ledger_aws::connect::LocalEndpoint;
use ledger_local::loopback::{Callers, LoopbackServer, Secret};

/// A server on loopback, on this port or on a free one for 0.
pub async fn serve(port: u16, router: Router, callers: Callers) -> anyhow::Result<LoopbackServer> {
    LoopbackServer::start(port, router, callers).await.with_context(|| {
        format!("could not listen on 127.0.0.1:{port}; choose another port with --port")
    })
}

/// A stand-in that answers this process alone, and the endpoint of its clients.
pub async fn serve_this_process(router: Router) -> anyhow::Result<(LoopbackServer, LocalEndpoint)> {
    let secret = Secret::new()?;
    let server = serve(0, router, Callers::Holders(secret.clone())).await?;
    let endpoint = LocalEndpoint(format!("http://{}@{}", secret.as_str(), server.address()));
    Ok((server, endpoint))
}

/// Waits for Ctrl-C or a signal to terminate.
pub async fn stop_signal() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminate.recv() => (),
    }
    Ok(())
}
