//! Local mode: everything in one process, on loopback.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use jiff::civil::Date;
use ledger_app::documents::{applied_budgets, applied_rules};
use ledger_app::evaluate::evaluate_budgets;
use ledger_app::import::import_bills;
use ledger_app::ports::{DocumentKind, DocumentStore};
use ledger_aws::connect::LocalEndpoint;
use ledger_aws::cur::CurFolder;
use ledger_aws::dynamodb::DynamoLedger;
use ledger_aws::sns::SnsNotifier;
use ledger_local::sample::{Delivery, EXPORT_NAME, SampleOrganisation};
use ledger_local::sns::SnsStandIn;
use lookup_chargeback::{AppState, router};
use tokio::net::TcpListener;

use super::{import, today};
use crate::args::UpArgs;
use crate::data_dir::DataDir;
use crate::{Outcome, output};

/// The seed of the sample organisation that `up` shows.
pub const SAMPLE_SEED: u64 = 7;

/// How often budgets are judged while `up` runs.
const EVALUATION_PERIOD: Duration = Duration::from_secs(3600);

/// Writes the sample export, rules and budgets.
pub fn sample(dir: &Path, as_of: Option<Date>, seed: u64) -> anyhow::Result<Outcome> {
    let sample = SampleOrganisation::new(seed, as_of.unwrap_or_else(today));
    sample.write(dir, Delivery::First)?;
    sample.write(dir, Delivery::Restated)?;
    std::fs::write(dir.join("rules.toml"), SampleOrganisation::RULES_TOML)?;
    std::fs::write(dir.join("budgets.toml"), SampleOrganisation::BUDGETS_TOML)?;
    output::line(&format!("the sample organisation is in {}", dir.display()));
    Ok(Outcome::Done)
}

/// Runs until it is told to stop.
pub async fn up(data: &Path, args: &UpArgs) -> anyhow::Result<Outcome> {
    let mut dir = DataDir::open(data).await?;
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, args.port)).await.with_context(|| {
            format!("could not listen on 127.0.0.1:{}; choose another port with --port", args.port)
        })?;
    let page = format!("http://{}", listener.local_addr()?);
    dir.announce(Some(&page))?;
    let notifier = start_outbox(&dir.path).await?;
    let is_sample = args.export.is_empty();
    let state = AppState { ledger: dir.ledger.clone(), today, sample: is_sample };
    let server = tokio::spawn(axum::serve(listener, router(state)).into_future());
    output::line(&format!(
        "Tollbook is on {page} (Ctrl-C stops it, data is kept in {})",
        dir.path.display()
    ));
    let work = work(&dir, args, &notifier);
    let outcome = tokio::select! {
        outcome = work => outcome,
        stopped = stop_signal() => stopped,
    };
    server.abort();
    dir.close().await;
    outcome?;
    output::line("stopped");
    Ok(Outcome::Done)
}

/// Imports, then judges budgets now and again.
async fn work(dir: &DataDir, args: &UpArgs, notifier: &SnsNotifier) -> anyhow::Result<()> {
    if args.export.is_empty() {
        import_sample(dir).await?;
    } else {
        import_paths(&dir.ledger, args.export.clone()).await?;
    }
    loop {
        evaluate(&dir.ledger, notifier).await?;
        tokio::time::sleep(EVALUATION_PERIOD).await;
    }
}

/// The sample arrives as bills do: a first delivery of every month, then one of them restated.
async fn import_sample(dir: &DataDir) -> anyhow::Result<()> {
    let export = dir.path.join("sample-export");
    let now = jiff::Timestamp::now();
    let ledger = &dir.ledger;
    if ledger.document(DocumentKind::Rules).await?.is_none() {
        ledger.apply(DocumentKind::Rules, SampleOrganisation::RULES_TOML, now).await?;
    }
    if ledger.document(DocumentKind::Budgets).await?.is_none() {
        ledger.apply(DocumentKind::Budgets, SampleOrganisation::BUDGETS_TOML, now).await?;
    }
    // Written last, so that a sample that was cut off is written again.
    let done = export.join("complete");
    if !done.exists() {
        let sample = SampleOrganisation::new(SAMPLE_SEED, today());
        sample.write(&export, Delivery::First)?;
        import_paths(ledger, vec![export.join(EXPORT_NAME)]).await?;
        sample.write(&export, Delivery::Restated)?;
        std::fs::write(&done, "")?;
    }
    import_paths(ledger, vec![export.join(EXPORT_NAME)]).await
}

async fn import_paths(ledger: &DynamoLedger, paths: Vec<PathBuf>) -> anyhow::Result<()> {
    let rules = Arc::new(applied_rules(ledger).await?);
    let source = Arc::new(CurFolder::new(paths));
    let report = import_bills(source, rules, jiff::Timestamp::now(), |_| (), ledger).await?;
    import::print(&report);
    Ok(())
}

async fn evaluate(ledger: &DynamoLedger, notifier: &SnsNotifier) -> anyhow::Result<()> {
    let (_, budgets) = applied_budgets(ledger).await?;
    let now = jiff::Timestamp::now();
    let run = format!("{}-{}", std::process::id(), now.as_nanosecond());
    let evaluation = evaluate_budgets(&budgets, today(), now, &run, ledger, notifier).await?;
    output::line(&format!(
        "{} budgets judged, {} alerts sent, {} not accepted, {} unconfirmed",
        budgets.len(),
        evaluation.sent.len(),
        evaluation.not_sent.len(),
        evaluation.unconfirmed.len()
    ));
    Ok(())
}

/// The SNS stand-in on loopback, with the real client in front of it.
async fn start_outbox(data: &Path) -> anyhow::Result<SnsNotifier> {
    let folder = data.join("outbox");
    std::fs::create_dir_all(&folder)?;
    let stand_in = SnsStandIn::open(Some(&folder)).context("could not open the outbox")?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let endpoint = format!("http://{}", listener.local_addr()?);
    tokio::spawn(axum::serve(listener, stand_in.router()).into_future());
    let client = ledger_aws::connect::sns_client(Some(&LocalEndpoint(endpoint))).await;
    Ok(SnsNotifier::ensure_topic(client, "tollbook-alerts").await?)
}

async fn stop_signal() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminate.recv() => (),
    }
    Ok(())
}
