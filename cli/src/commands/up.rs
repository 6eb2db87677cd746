//! Local mode: everything in one process, on loopback.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context;
use jiff::civil::Date;
use ledger_api::{AppState, router};
use ledger_app::causes::causes;
use ledger_app::collect::{CollectRequest, Depth, collect, recent_period};
use ledger_app::documents::applied_rules;
use ledger_app::evaluate::{evaluate_budgets, watched};
use ledger_app::import::{Accept, import_bills};
use ledger_app::ports::{BillSource, DocumentKind, DocumentStore, RequestQuota, StoreError};
use ledger_app::said::Said;
use ledger_app::view::View;
use ledger_aws::cost_explorer::AwsCostExplorer;
use ledger_aws::cur::CurFolder;
use ledger_aws::dynamodb::DynamoLedger;
use ledger_aws::sns::SnsNotifier;
use ledger_core::access::Access;
use ledger_core::audit::AuditAction;
use ledger_core::budget::first_month;
use ledger_local::loopback::{Callers, LoopbackServer};
use ledger_local::sample::{Delivery, EXPORT_NAME, SampleOrganisation};
use ledger_local::sns::SnsStandIn;

use super::invented::{Kinds, refuse_mixing};
use super::stand_in::cost_explorer_of;
use super::{import, now, today};
use crate::args::UpArgs;
use crate::loopback::{serve, serve_this_process, stop_signal};
use crate::place::{OpenLedger, make_private_folder};
use crate::{Outcome, output};

/// How often exports are looked at, and budgets judged, while `up` runs.
const SCHEDULE: Duration = Duration::from_secs(3600);

/// Cost Explorer is asked in every so many rounds: it refreshes a few times a day.
const COLLECT_ROUNDS: u64 = 6;

/// The tag key by which Cost Explorer tells owners of the sample organisation apart.
const SAMPLE_TAG: &str = "iamPrincipal/team";

/// Writes the sample export, rules, budgets and organisation.
pub fn sample(dir: &Path, as_of: Option<Date>, seed: u64) -> anyhow::Result<Outcome> {
    let sample = SampleOrganisation::new(seed, as_of.unwrap_or_else(today));
    sample.write(dir, Delivery::First)?;
    sample.write(dir, Delivery::Restated)?;
    std::fs::write(dir.join("rules.toml"), SampleOrganisation::RULES_TOML)?;
    std::fs::write(dir.join("budgets.toml"), SampleOrganisation::BUDGETS_TOML)?;
    std::fs::write(dir.join("organisation.toml"), SampleOrganisation::ORGANISATION_TOML)?;
    output::line(&format!("the sample organisation is in {}", dir.display()));
    Ok(Outcome::Done)
}

/// Runs until it gets a signal to stop.
pub async fn up(data: &Path, args: &UpArgs) -> anyhow::Result<Outcome> {
    let mut opened = OpenLedger::of_folder(data).await?;
    let holds_bills = Kinds::of(&opened.ledger).await?.has_own;
    let is_sample = args.export.is_empty() && !holds_bills;
    let state = AppState::new(opened.ledger.clone(), jiff::Timestamp::now, is_sample);
    let server = serve(args.port, router(state), Callers::People).await?;
    let page = server.endpoint();
    opened.announce(Some(&page))?;
    let (notifier, _, outbox) = start_outbox(data).await?;
    output::line(&format!(
        "Tollbook is on {page} (Ctrl-C stops it, data is kept in {})",
        data.display()
    ));
    let local = Local { ledger: opened.ledger.clone(), notifier, page, _outbox: outbox };
    let work = async {
        match (is_sample, args.export.as_slice()) {
            (true, _) => local.keep_sample(data).await,
            (false, []) => {
                output::line(
                    "the ledger holds bills, so the sample organisation stays out; `--export PATH` \
                     keeps them up to date",
                );
                local.keep(&[]).await
            }
            (false, exports) => local.keep(exports).await,
        }
    };
    let outcome = tokio::select! {
        outcome = work => outcome,
        stopped = stop_signal() => stopped,
    };
    drop(server);
    opened.close().await;
    outcome?;
    output::line("stopped");
    Ok(Outcome::Done)
}

/// The parts that the schedule of local mode works on.
struct Local {
    ledger: DynamoLedger,
    notifier: SnsNotifier,
    /// The address of the page.
    page: String,
    /// Runs as long as this.
    _outbox: LoopbackServer,
}

impl Local {
    /// Imports exports and judges budgets, now and whenever there is something new.
    async fn keep(&self, exports: &[PathBuf]) -> anyhow::Result<()> {
        let mut known = fingerprint(exports);
        if !exports.is_empty() {
            self.import(exports).await?;
        }
        self.evaluate().await?;
        loop {
            tokio::time::sleep(SCHEDULE).await;
            let now = fingerprint(exports);
            if now != known {
                // An export may be half written just now: it is read again in the next round.
                match self.import(exports).await {
                    Ok(()) => known = now,
                    Err(err) => output::line(&format!("not imported: {err:#}")),
                }
            }
            self.evaluate_or_say().await;
        }
    }

    /// The sample organisation, with Cost Explorer beside its bill.
    async fn keep_sample(&self, data: &Path) -> anyhow::Result<()> {
        let (explorer, _server) = self.arrive(data).await?;
        self.evaluate().await?;
        for round in 1_u64.. {
            tokio::time::sleep(SCHEDULE).await;
            if round % COLLECT_ROUNDS == 0
                && let Err(err) = self.collect(&explorer).await
            {
                output::line(&format!("not collected: {err:#}"));
            }
            self.evaluate_or_say().await;
        }
        Ok(())
    }

    /// The sample arrives as bills do: Cost Explorer and a first delivery of every month, then one
    /// of them restated. Cost Explorer has not heard of that yet, so the two differ on a day.
    async fn arrive(&self, data: &Path) -> anyhow::Result<(AwsCostExplorer, LoopbackServer)> {
        let ledger = &self.ledger;
        let reason = "the sample organisation";
        let said = Said { by: "tollbook up", reason, at: jiff::Timestamp::now() };
        if ledger.document(DocumentKind::Rules).await?.is_none() {
            let change = said.applies(AuditAction::ApplyRules);
            ledger.apply(DocumentKind::Rules, SampleOrganisation::RULES_TOML, change).await?;
        }
        if ledger.document(DocumentKind::Budgets).await?.is_none() {
            let change = said.applies(AuditAction::ApplyBudgets);
            ledger.apply(DocumentKind::Budgets, SampleOrganisation::BUDGETS_TOML, change).await?;
        }
        if ledger.document(DocumentKind::Organisation).await?.is_none() {
            let text = SampleOrganisation::ORGANISATION_TOML;
            let change = said.applies(AuditAction::ApplyOrganisation);
            ledger.apply(DocumentKind::Organisation, text, change).await?;
        }
        let folder = data.join("sample-export");
        let export = [folder.join(EXPORT_NAME)];
        let seen_by_explorer = data.join("sample-cost-explorer");
        // Written last, so that a sample that was cut off is written again.
        let done = folder.join("complete");
        if done.exists() {
            self.import(&export).await?;
            let (explorer, server) = start_cost_explorer(&seen_by_explorer).await?;
            self.collect(&explorer).await?;
            return Ok((explorer, server));
        }
        let sample = SampleOrganisation::new(SampleOrganisation::SEED, today());
        sample.write(&folder, Delivery::First)?;
        self.import(&export).await?;
        sample.write(&seen_by_explorer, Delivery::First)?;
        let (explorer, server) = start_cost_explorer(&seen_by_explorer).await?;
        self.collect(&explorer).await?;
        sample.write(&folder, Delivery::Restated)?;
        std::fs::write(&done, "")?;
        self.import(&export).await?;
        Ok((explorer, server))
    }

    async fn import(&self, exports: &[PathBuf]) -> anyhow::Result<()> {
        let rules = Arc::new(applied_rules(&self.ledger).await?);
        let source = Arc::new(CurFolder::new(exports.to_vec()));
        refuse_mixing(&source, &self.ledger).await?;
        let now = jiff::Timestamp::now();
        import::print(&import_bills(source, rules, Accept::Good, now, |_| (), &self.ledger).await?)
    }

    async fn collect(&self, explorer: &AwsCostExplorer) -> anyhow::Result<()> {
        let rules = applied_rules(&self.ledger).await?;
        let today = today();
        let request = CollectRequest {
            period: recent_period(today)?,
            tag_keys: vec![SAMPLE_TAG.to_owned()],
            max_requests: u32::MAX,
            payer: None,
            beside_bills: Depth::Whole,
            now: jiff::Timestamp::now(),
            today,
        };
        let report = collect(request, &rules, explorer, &self.ledger, &Free).await?;
        output::line(&format!(
            "Cost Explorer: {} requests for {} days",
            report.requests.total(),
            report.days
        ));
        Ok(())
    }

    async fn evaluate(&self) -> anyhow::Result<()> {
        let watched = watched(&self.ledger).await?;
        let now = now();
        let run = format!("{}-{}", std::process::id(), now.at().as_nanosecond());
        let from = first_month(&watched.budgets, now.today());
        let view = View::open(&self.ledger, from, Access::everything(), now).await?;
        let watch = watched.with_page(Some(&self.page));
        let evaluation = evaluate_budgets(&view, watch, run.as_str(), &self.notifier).await?;
        output::line(&format!(
            "{} budgets judged, {} alerts sent, {} not accepted, {} unconfirmed",
            watched.budgets.len(),
            evaluation.sent.len(),
            evaluation.not_sent.len(),
            evaluation.unconfirmed.len()
        ));
        for err in &evaluation.failed {
            output::line(&causes(err));
        }
        watched.faults.iter().for_each(|it| output::line(&causes(it)));
        Ok(())
    }

    async fn evaluate_or_say(&self) {
        if let Err(err) = self.evaluate().await {
            output::line(&format!("budgets were not judged: {err:#}"));
        }
    }
}

/// The stand-in for Cost Explorer charges nothing.
struct Free;

impl RequestQuota for Free {
    async fn take(&self, _: Date) -> Result<bool, StoreError> {
        Ok(true)
    }
}

/// Files of exports with sizes and times: they differ when an export changed.
fn fingerprint(exports: &[PathBuf]) -> BTreeSet<(String, u64, Option<SystemTime>)> {
    let deliveries = CurFolder::new(exports.to_vec()).deliveries().unwrap_or_default();
    let files = deliveries.into_iter().flat_map(|it| it.files);
    files
        .map(|file| {
            let metadata = std::fs::metadata(&file).ok();
            let size = metadata.as_ref().map_or(0, std::fs::Metadata::len);
            (file, size, metadata.and_then(|it| it.modified().ok()))
        })
        .collect()
}

/// The SNS stand-in on loopback, for this process alone, with the real client in front of it.
pub async fn start_outbox(
    data: &Path,
) -> anyhow::Result<(SnsNotifier, SnsStandIn, LoopbackServer)> {
    let folder = data.join("outbox");
    make_private_folder(&folder)?;
    let stand_in = SnsStandIn::open(Some(&folder)).context("could not open the outbox")?;
    let (server, endpoint) = serve_this_process(stand_in.router()).await?;
    let client = ledger_aws::connect::sns_client(Some(&endpoint)).await;
    let notifier = SnsNotifier::ensure_topic(client, "tollbook-alerts").await?;
    Ok((notifier, stand_in, server))
}

/// The Cost Explorer stand-in on loopback, answering from an export, for this process alone, with
/// the real client in front.
async fn start_cost_explorer(export: &Path) -> anyhow::Result<(AwsCostExplorer, LoopbackServer)> {
    let stand_in = cost_explorer_of(vec![export.to_owned()]).await?;
    let (server, endpoint) = serve_this_process(stand_in.router()).await?;
    let client = ledger_aws::connect::cost_explorer_client(Some(&endpoint)).await;
    Ok((AwsCostExplorer { client }, server))
}
