//! The `tollbook` command: wires use cases to local or real AWS and formats answers.

mod args;
mod commands;
mod loopback;
mod output;
mod place;

use std::process::ExitCode;

use args::{
    AnomaliesCommand, BudgetCommand, Cli, Command, ExplainCommand, Format, InsightCommand,
    JournalCommand, RulesCommand, StandInCommand,
};
use clap::Parser;
use ledger_app::causes::causes;
use ledger_app::import::{Accept, Placement, Terms};
use place::Place;
use tracing_subscriber::EnvFilter;

/// Outcome of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Done,
    /// A check found something.
    Found,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter =
        EnvFilter::try_from_env("TOLLBOOK_LOG").unwrap_or_else(|_| EnvFilter::new("error"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(err) => return refused(&err.into()),
    };
    match runtime.block_on(run(cli)) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Found) => ExitCode::from(1),
        Err(err) => refused(&err),
    }
}

/// One line with the whole chain of causes.
fn refused(err: &anyhow::Error) -> ExitCode {
    eprintln!("tollbook: {}", output::one_line(&causes(&**err)));
    ExitCode::from(2)
}

async fn run(cli: Cli) -> anyhow::Result<Outcome> {
    let Cli { data, table, format, command } = cli;
    let place = table.map_or_else(|| Place::Folder(data.clone()), Place::Table);
    match command {
        Command::Up(_) | Command::Sample { .. } if matches!(place, Place::Table(_)) => {
            anyhow::bail!("this command works on a folder; leave out --table (or TOLLBOOK_TABLE)")
        }
        Command::Up(args) => commands::up::up(&data, &args).await,
        Command::Import { paths, accept, as_part, replace } => {
            let accept = if accept { Accept::All } else { Accept::Good };
            let placement = match replace {
                true => Placement::Replacing,
                false => as_part.unwrap_or(Placement::Compared),
            };
            let terms = Terms { accept, placement };
            commands::import::import(&place, format, paths, terms).await
        }
        Command::Collect(args) => commands::collect::collect_costs(&place, format, &args).await,
        Command::Sample { dir, as_of, seed } => commands::up::sample(&dir, as_of, seed),
        Command::Report(args) => commands::report::report(&place, format, &args).await,
        Command::Statement { period, owner, cost_kind } => {
            commands::statement::statement(&place, format, period, owner, cost_kind.into()).await
        }
        Command::Anomalies(args) => match &args.command {
            None => commands::anomalies::list(&place, format, &args).await,
            Some(AnomaliesCommand::Expect(said)) => {
                commands::anomalies::say_expected(&place, said).await
            }
        },
        Command::Forecast(args) => commands::forecast::forecast(&place, format, &args).await,
        Command::Budget(command) => budget(&place, format, command).await,
        Command::Notify(command) => commands::notify::notify(&place, format, &command).await,
        Command::Organisation(command) => {
            commands::organisation::organisation(&place, format, &command).await
        }
        Command::Journal(JournalCommand::Export(args)) => {
            commands::journal::export(&place, &args).await
        }
        Command::Period(command) => commands::period::period(&place, format, &command).await,
        Command::Audit(command) => commands::audit::audit(&place, format, &command).await,
        Command::Rules(command) => rules(&place, format, command).await,
        Command::Explain(ExplainCommand::UsageType { input }) => {
            commands::explain::usage_types(&input)
        }
        Command::Explain(ExplainCommand::Principal { input }) => {
            commands::explain::principals(&input)
        }
        Command::StandIn(StandInCommand::CostExplorer { export, port }) => {
            commands::stand_in::cost_explorer(export, port).await
        }
        Command::StandIn(StandInCommand::Budgets { account, port }) => {
            commands::stand_in::budgets(&account, port).await
        }
        Command::StandIn(StandInCommand::S3 { root, port }) => {
            commands::stand_in::s3(root, port).await
        }
        Command::StandIn(StandInCommand::Sns { outbox, topic, port }) => {
            commands::stand_in::sns(&outbox, &topic, port).await
        }
        Command::Insight(InsightCommand::Attribution(args)) => {
            commands::insight::attribution(&place, format, &args).await
        }
        Command::Doctor => commands::doctor::doctor(&place, format).await,
        Command::CostOfRunning(args) => {
            commands::cost_of_running::cost_of_running(format, &args).await
        }
    }
}

async fn rules(place: &Place, format: Format, command: RulesCommand) -> anyhow::Result<Outcome> {
    match command {
        RulesCommand::Check { file, without_ledger } => {
            let place = Some(place).filter(|_| !without_ledger);
            commands::rules::check(place, format, &file).await
        }
        RulesCommand::Apply { file, dry_run, said } => {
            commands::rules_apply::apply(place, format, &file, dry_run, &said).await
        }
        RulesCommand::Explain { entry: Some(entry), .. } => {
            commands::rules::explain(place, format, &entry).await
        }
        RulesCommand::Explain { entry: None, figure } => {
            commands::rules_figure::explain(place, format, &figure).await
        }
    }
}

async fn budget(place: &Place, format: Format, command: BudgetCommand) -> anyhow::Result<Outcome> {
    match command {
        BudgetCommand::List => commands::budget::list(place, format).await,
        BudgetCommand::Check { explain } => commands::budget::check(place, format, explain).await,
        BudgetCommand::History { name, windows } => {
            commands::budget_history::history(place, format, &name, windows).await
        }
        BudgetCommand::Acknowledge { id, said } => {
            commands::budget_answers::acknowledge(place, &id, &said).await
        }
        BudgetCommand::Mute { name, until, said, remove } => {
            let until = until.filter(|_| !remove);
            commands::budget_answers::mute(place, &name, until, &said).await
        }
        BudgetCommand::Apply { file, dry_run, said } => {
            commands::budget::apply(place, &file, dry_run, &said).await
        }
        BudgetCommand::Mirror(args) => commands::budget_mirror::mirror(place, format, &args).await,
        BudgetCommand::ImportAws(args) => commands::budget_mirror::import_aws(&args).await,
    }
}
