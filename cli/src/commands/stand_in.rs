//! Stand-ins for AWS as processes of their own.

use std::path::{Path, PathBuf};

use anyhow::Context;
use axum::Router;
use ledger_aws::connect::LocalEndpoint;
use ledger_aws::cur::CurFolder;
use ledger_aws::sns::SnsNotifier;
use ledger_local::budgets::BudgetsStandIn;
use ledger_local::cost_explorer::{CostExplorerStandIn, cost_lines};
use ledger_local::loopback::Callers;
use ledger_local::s3::S3StandIn;
use ledger_local::sns::SnsStandIn;

use super::today;
use crate::loopback::stop_signal;
use crate::{Outcome, loopback, output};

/// Answers as Cost Explorer would for the bill of an export, until it gets a signal to stop.
pub async fn cost_explorer(exports: Vec<PathBuf>, port: u16) -> anyhow::Result<Outcome> {
    let stand_in = cost_explorer_of(exports).await?;
    serve(stand_in.router(), "AWS_ENDPOINT_URL_COST_EXPLORER", port).await?;
    output::line(&format!("stopped after {} requests", stand_in.requests()));
    Ok(Outcome::Done)
}

/// Cost Explorer, answering from exports.
pub async fn cost_explorer_of(exports: Vec<PathBuf>) -> anyhow::Result<CostExplorerStandIn> {
    let source = CurFolder::new(exports);
    let lines = tokio::task::spawn_blocking(move || cost_lines(&source)).await??;
    Ok(CostExplorerStandIn::new(lines, today()))
}

/// Answers as AWS Budgets of an account, until it gets a signal to stop.
pub async fn budgets(account: &str, port: u16) -> anyhow::Result<Outcome> {
    let stand_in = BudgetsStandIn::new(account)?;
    serve(stand_in.router(), "AWS_ENDPOINT_URL_BUDGETS", port).await?;
    let (requests, changes) = (stand_in.requests(), stand_in.changes());
    output::line(&format!(
        "stopped after {requests} requests, {changes} of which changed something"
    ));
    Ok(Outcome::Done)
}

/// Answers as S3, with the folders in `root` as buckets, until it gets a signal to stop.
pub async fn s3(root: PathBuf, port: u16) -> anyhow::Result<Outcome> {
    anyhow::ensure!(root.is_dir(), "`{}` is no folder; expected one of buckets", root.display());
    serve(S3StandIn::new(root).router(), "AWS_ENDPOINT_URL_S3", port).await?;
    Ok(Outcome::Done)
}

/// Answers as SNS with one topic, and keeps what is published in `outbox`, until it gets a signal to stop.
pub async fn sns(outbox: &Path, topic: &str, port: u16) -> anyhow::Result<Outcome> {
    let open = SnsStandIn::open(Some(outbox));
    let stand_in = open.with_context(|| format!("could not open `{}`", outbox.display()))?;
    let making = loopback::serve(0, stand_in.router(), Callers::Programs).await?;
    let client = ledger_aws::connect::sns_client(Some(&LocalEndpoint(making.endpoint()))).await;
    SnsNotifier::ensure_topic(client, topic).await?;
    making.stop().await?;
    serve(stand_in.router(), "AWS_ENDPOINT_URL_SNS", port).await?;
    Ok(Outcome::Done)
}

/// Says where the service is, and serves it to programs of this machine until it gets a signal to stop.
async fn serve(router: Router, variable: &str, port: u16) -> anyhow::Result<()> {
    let server = loopback::serve(port, router, Callers::Programs).await?;
    output::line(&format!("{variable}={}", server.endpoint()));
    stop_signal().await?;
    server.stop().await?;
    Ok(())
}
