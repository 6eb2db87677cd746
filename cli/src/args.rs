//! Command-line arguments and their help texts.

mod audit;
mod insight;
mod journal;
mod mirror;
mod notify;
mod period;
mod rules;
mod stand_in;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::civil::Date;
use ledger_app::import::Placement;
use ledger_core::cost::CostKind;
use ledger_core::dimension::Dimension;
use ledger_local::sample::SampleOrganisation;

pub use self::audit::AuditCommand;
pub use self::insight::{AttributionArgs, InsightCommand};
pub use self::journal::{JournalArgs, JournalCommand, OrganisationCommand};
pub use self::mirror::{ImportAwsArgs, MirrorArgs};
pub use self::notify::{NotifyCommand, SaidArgs, TopicArgs};
pub use self::period::{
    AccrueArgs, CloseArgs, FinaliseArgs, PeriodArgs, PeriodCommand, PostingArgs, StatusArgs,
    TermsArgs,
};
pub use self::rules::{FigureArgs, RulesCommand};
pub use self::stand_in::StandInCommand;

/// Who spent what on generative AI, who pays, and which budgets are broken.
///
/// Exit code 0: done. 1: a check found something. 2: refused; the ledger is as it was.
#[derive(Debug, Parser)]
#[command(name = "tollbook", version, max_term_width = 100)]
pub struct Cli {
    /// Folder of the embedded ledger; created if missing. For one process on one machine.
    #[arg(
        long,
        global = true,
        default_value = ".tollbook",
        env = "TOLLBOOK_DATA",
        value_name = "DIR"
    )]
    pub data: PathBuf,
    /// The table of a deployed ledger instead of the embedded one, in the account and region of the
    /// environment. `up` and `sample` work on folders only.
    #[arg(long, global = true, env = "TOLLBOOK_TABLE", value_name = "NAME")]
    pub table: Option<String>,
    /// Output format.
    #[arg(long, global = true, value_enum, default_value = "table")]
    pub format: Format,
    /// The command to run.
    #[command(subcommand)]
    pub command: Command,
}

/// Output format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// For scripts: exact amounts as text.
    Json,
    /// For spreadsheets.
    Csv,
}

/// A cost kind, named like the metrics of Cost Explorer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum CostKindArg {
    /// As charged.
    #[default]
    Unblended,
    /// As charged, after the payer's private discounts.
    NetUnblended,
    /// Prepaid commitments spread over the usage they cover.
    Amortized,
    /// The same after the payer's private discounts.
    NetAmortized,
    /// At public on-demand prices.
    List,
}

impl From<CostKindArg> for CostKind {
    fn from(arg: CostKindArg) -> CostKind {
        match arg {
            CostKindArg::Unblended => CostKind::Unblended,
            CostKindArg::NetUnblended => CostKind::NetUnblended,
            CostKindArg::Amortized => CostKind::Amortized,
            CostKindArg::NetAmortized => CostKind::NetAmortized,
            CostKindArg::List => CostKind::List,
        }
    }
}

/// The command to run.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Local mode: database, import, budgets, outbox, API and page in one process.
    Up(UpArgs),
    /// Read cost and usage exports (CUR 2.0: Parquet or CSV, plain or gzip) into the ledger.
    Import {
        /// Files, or export folders as AWS delivers them; or one address in S3, of a manifest or
        /// of a folder with manifests, such as s3://bucket/prefix/.
        #[arg(required = true)]
        paths: Vec<PathBuf>,
        /// Take also a delivery that would take money away: one with less than half of a bill's cost,
        /// without days that have cost, or of which more than 1 % of the lines cannot be read.
        /// Otherwise it is held back, and the bill stays as it is.
        #[arg(long)]
        accept: bool,
        /// Add it to the bill that the ledger holds, as the part of this name. Needed where it is not
        /// clear from its lines that they are others: two dumps of one account, for example.
        #[arg(long, value_name = "NAME", conflicts_with = "replace", value_parser = Placement::part)]
        as_part: Option<Placement>,
        /// Put it in place of the bill that the ledger holds, and of all parts of that.
        #[arg(long)]
        replace: bool,
    },
    /// Ask Cost Explorer for the days that no bill covers yet; each request costs 0.01 USD.
    ///
    /// Uses the account of the environment, or the endpoint in AWS_ENDPOINT_URL_COST_EXPLORER.
    Collect(CollectArgs),
    /// Write the export, rules, budgets and organisation of the sample into a folder.
    Sample {
        /// The folder to write to.
        dir: PathBuf,
        /// The day after the last one of the sample.
        #[arg(long, value_name = "DATE")]
        as_of: Option<Date>,
        /// The seed; another one generates another organisation.
        #[arg(long, default_value_t = SampleOrganisation::SEED)]
        seed: u64,
    },
    /// Totals of a period by one or more dimensions.
    #[command(after_help = "Example: tollbook report --by owner,model --where environment=sandbox")]
    Report(ReportArgs),
    /// Statements of a month: the charges of each owner.
    Statement {
        /// The month, such as 2026-11; this month by default.
        #[arg(long, value_name = "MONTH")]
        period: Option<String>,
        /// One owner; all by default.
        #[arg(long)]
        owner: Option<String>,
        /// The cost kind to count.
        #[arg(long, value_enum, default_value_t, value_name = "KIND")]
        cost_kind: CostKindArg,
    },
    /// Days on which a caller, owner, model, workflow or account cost more than usual, and why.
    ///
    /// A settled day is compared with the same weekdays of the eight weeks before it. It is an anomaly if
    /// it costs at least half more, at least --min-amount more, and more than the series' own ups and downs.
    /// Kinds: spike (days far above), drift (a higher level for three days), new_caller and new_model
    /// (no cost before). The last three days of data are not judged, because they may still change.
    /// Each anomaly is shown once, for the most specific series, with the cause that costs most; JSON has
    /// all causes, which sum to the excess exactly.
    #[command(
        args_conflicts_with_subcommands = true,
        after_help = "Examples:\n  tollbook anomalies --since 2026-11-01\n  tollbook anomalies expect \
                      0a1b2c3d4e5f --until 2026-12-31 --reason 'load test'"
    )]
    Anomalies(AnomaliesArgs),
    /// The cost of a window to its end, with a range.
    ///
    /// The last three days of data may still change, and are forecast with the days ahead. With 14 days of
    /// history, levels and a line by weekday are weighed by the errors that they had on past days, and the
    /// same errors make the range; the backtest says how good that was. With less, the mean of the last days
    /// is taken, with a wide range. Commitments, such as provisioned hours, go on as they are.
    #[command(
        after_help = "Examples:\n  tollbook forecast --where owner=search\n  tollbook forecast --budget \
                      search-monthly\n  tollbook forecast --to 2027-01-01"
    )]
    Forecast(ForecastArgs),
    /// Manage budgets: limits, thresholds and recipients.
    #[command(subcommand)]
    Budget(BudgetCommand),
    /// Who hears of alerts: contacts, subscriptions of the topic, and a trial.
    #[command(subcommand)]
    Notify(NotifyCommand),
    /// Legal entities, cost centres and accounts: where costs are posted.
    #[command(subcommand)]
    Organisation(OrganisationCommand),
    /// Journals of a month for an ERP: consumers are debited, the entity that paid is credited.
    #[command(subcommand)]
    Journal(JournalCommand),
    #[command(subcommand)]
    Period(PeriodCommand),
    /// Manage the rules that attribute charges to owners.
    #[command(subcommand)]
    Rules(RulesCommand),
    /// How Tollbook reads a string; reads lines from standard input.
    #[command(subcommand)]
    Explain(ExplainCommand),
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Insights into the cost: who is behind it, and changes that would tell more.
    #[command(subcommand)]
    Insight(InsightCommand),
    /// Check for missing or stale data and settings; each finding says the fix.
    Doctor,
    /// Run a stand-in for an AWS service on 127.0.0.1, to try Tollbook without an account.
    #[command(subcommand)]
    StandIn(StandInCommand),
    /// Monthly cost of a deployed Tollbook at AWS's public prices, without free tier.
    ///
    /// Simulates days of a month on this machine and counts what AWS would charge for. Needs no
    /// ledger and no account.
    CostOfRunning(CostOfRunningArgs),
}

/// The month to simulate.
#[derive(Args, Debug)]
pub struct CostOfRunningArgs {
    /// Model calls in the month.
    #[arg(long, default_value_t = 1_000_000, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub calls: u64,
    /// Callers named on the bill.
    #[arg(long, default_value_t = 2_000, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub principals: u64,
    /// Budgets; one in ten counts the charges of all owners.
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u64).range(..=1_000))]
    pub budgets: u64,
    /// Deliveries of the export a day.
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = clap::value_parser!(u64).range(..=24))]
    pub deliveries_per_day: u64,
    /// Statements requested from the API in the month.
    #[arg(long, default_value_t = 1_000, value_name = "N", value_parser = clap::value_parser!(u64).range(..=10_000_000))]
    pub lookups: u64,
    /// Cost Explorer runs a day, beside the export; each of their requests costs 0.01 USD.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u64).range(..=24))]
    pub cost_explorer_runs_per_day: u64,
}

/// Local mode.
#[derive(Args, Debug)]
pub struct UpArgs {
    /// An export to read instead of the sample organisation; can be given several times.
    #[arg(long, value_name = "PATH")]
    pub export: Vec<PathBuf>,
    /// The port of the page and the API on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 8707)]
    pub port: u16,
}

/// Parameters of a Cost Explorer run.
#[derive(Args, Debug)]
pub struct CollectArgs {
    /// The first day; by default the first of the month in which days may still change.
    #[arg(long, value_name = "DATE")]
    pub from: Option<Date>,
    /// The day after the last; today by default.
    #[arg(long, value_name = "DATE")]
    pub to: Option<Date>,
    /// A cost allocation tag key as AWS spells it. The first fills the ledger; each further one is
    /// another view of the same costs.
    #[arg(long = "tag-key", value_name = "KEY", default_value = "iamPrincipal/team")]
    pub tag_keys: Vec<String>,
    /// Requests that this run may make; 50 cost 0.50 USD. A month is written only if all of it was
    /// answered.
    #[arg(long, default_value_t = 50, value_name = "N")]
    pub max_requests: u32,
    /// Requests that all runs of a day may make; 200 cost 2 USD.
    #[arg(long, default_value_t = 200, value_name = "N")]
    pub max_requests_per_day: u64,
    /// The payer's account id, to match the collected costs with its bills.
    #[arg(long, value_name = "ACCOUNT")]
    pub payer: Option<String>,
}

fn by_help() -> String {
    let words = Dimension::words();
    format!(
        "Dimensions to group by: {words}; `entry` is the first line of the bill, as `FILE:LINE`"
    )
}

/// Totals of a period.
#[derive(Args, Debug)]
pub struct ReportArgs {
    #[arg(long, value_delimiter = ',', default_value = "owner", value_name = "DIM[,DIM]", help = by_help())]
    pub by: Vec<String>,
    /// The first day; by default the first one of the ledger.
    #[arg(long, value_name = "DATE")]
    pub from: Option<Date>,
    /// The day after the last; by default after the last day with data.
    #[arg(long, value_name = "DATE")]
    pub to: Option<Date>,
    /// Only charges with this value; can be given several times.
    #[arg(long = "where", value_name = "DIM=VALUE")]
    pub filters: Vec<String>,
    /// The cost kind to count.
    #[arg(long, value_enum, default_value_t, value_name = "KIND")]
    pub cost_kind: CostKindArg,
    /// Only this currency.
    #[arg(long, value_name = "CODE")]
    pub currency: Option<String>,
}

/// The window and the scope to forecast.
#[derive(Args, Debug)]
pub struct ForecastArgs {
    /// Only charges with this value; can be given several times.
    #[arg(long = "where", value_name = "DIM=VALUE")]
    pub filters: Vec<String>,
    /// The scope, window and currency of a budget.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["filters", "from", "to", "cost_kind", "currency"])]
    pub budget: Option<String>,
    /// The first day; by default the first of the month of the last day with data.
    #[arg(long, value_name = "DATE")]
    pub from: Option<Date>,
    /// The day after the last; by default the end of that month.
    #[arg(long, value_name = "DATE")]
    pub to: Option<Date>,
    /// The cost kind to count.
    #[arg(long, value_enum, default_value_t, value_name = "KIND")]
    pub cost_kind: CostKindArg,
    /// The currency; needed where there are costs in several.
    #[arg(long, value_name = "CODE")]
    pub currency: Option<String>,
}

/// The anomalies to show.
#[derive(Args, Debug)]
pub struct AnomaliesArgs {
    /// The anomalies to look for.
    #[command(flatten)]
    pub search: SearchArgs,
    /// Also those that are expected.
    #[arg(long)]
    pub all: bool,
    /// Something to say about an anomaly.
    #[command(subcommand)]
    pub command: Option<AnomaliesCommand>,
}

/// The anomalies to look for.
#[derive(Args, Debug)]
pub struct SearchArgs {
    /// Only anomalies with a day from this one on; by default of the last 30 settled days.
    #[arg(long, value_name = "DATE")]
    pub since: Option<Date>,
    /// The least that a day must cost above what is expected, in whole units of its currency.
    #[arg(long, default_value_t = 10, value_name = "AMOUNT", value_parser = clap::value_parser!(u32).range(1..))]
    pub min_amount: u32,
}

/// Something to say about an anomaly.
#[derive(Debug, Subcommand)]
pub enum AnomaliesCommand {
    /// Say that an anomaly is expected: those of its series and kind are not listed until a day.
    ///
    /// They are still counted, and listed with --all. Who said so, when and why is kept by version.
    Expect(ExpectArgs),
}

/// An anomaly that is expected.
#[derive(Args, Debug)]
pub struct ExpectArgs {
    /// The id of the anomaly, as `tollbook anomalies` shows it.
    pub id: String,
    /// The anomalies among which it is.
    #[command(flatten)]
    pub search: SearchArgs,
    /// The last day on which it is expected.
    #[arg(long, value_name = "DATE", required_unless_present = "remove")]
    pub until: Option<Date>,
    /// Why it is expected.
    #[arg(long, value_name = "TEXT", required_unless_present = "remove")]
    pub reason: Option<String>,
    /// Who says so; by default the user of this machine.
    #[arg(long, value_name = "NAME", env = "USER", required_unless_present = "remove")]
    pub by: Option<String>,
    /// Take back that it is expected.
    #[arg(long, conflicts_with = "until")]
    pub remove: bool,
}

/// Manage budgets: limits, thresholds and recipients.
#[derive(Debug, Subcommand)]
pub enum BudgetCommand {
    /// List the applied budgets and their spend.
    List,
    /// Judge all budgets and print the verdicts; exit code 1 if one has reached a threshold, or is expected
    /// to reach one of its forecast thresholds.
    Check {
        /// Say of each budget what it counts, what it is compared with, what drives its cost and what is next.
        #[arg(long)]
        explain: bool,
    },
    /// The windows of a budget that are past, and the one that is running: spend, limit and alerts.
    ///
    /// Limit and scope are those of today, and so is the spend: an alert says what was known then. The first
    /// window may have begun before the ledger.
    History {
        /// The budget.
        name: String,
        /// Windows, counted back from the last one with data.
        #[arg(long, default_value_t = 12, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=400))]
        windows: u16,
    },
    /// Say that somebody knows of an alert, so that it does not go on to the next contact.
    Acknowledge {
        /// The alert, as `tollbook budget list --format json` and the alert itself name it, such as
        /// search-monthly/monthly/2026-11-01/80.
        id: String,
        #[command(flatten)]
        said: SaidArgs,
    },
    /// Send no alerts of a budget up to and with a day. What is due then is sent on the day after.
    Mute {
        /// The budget.
        name: String,
        /// The last day without alerts.
        #[arg(long, value_name = "DATE", required_unless_present = "remove")]
        until: Option<Date>,
        #[command(flatten)]
        said: SaidArgs,
        /// Send its alerts again.
        #[arg(long)]
        remove: bool,
    },
    /// Apply a budget file as the next version.
    Apply {
        /// The file, such as budgets.toml.
        file: PathBuf,
        /// Check it, say what would change, and which alerts it would have sent on the last 90 days with
        /// data, without applying it.
        ///
        /// The costs of these days are those that the ledger holds now: a day that came late or was
        /// restated may have crossed a threshold later or not at all. Alerts on forecasts, pace and change are
        /// left out.
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        said: SaidArgs,
    },
    /// Mirror the applied budgets into AWS Budgets, where AWS judges them as well, as a backstop.
    ///
    /// A copy counts the same cost as its budget, or there is none: scopes of tags of callers
    /// (tag:iamPrincipal/KEY), cost categories (tag:costCategory/NAME), services and accounts can be mirrored,
    /// windows of days, months, quarters and years. A copy without services in its scope counts the AI services
    /// that the ledger has seen. Its name is STACK-NAME, and it notifies the topic. Only copies with the tag of
    /// the stack are changed or removed, and one that is as it should be is not written, since AWS sets the
    /// spend of a written budget back to zero for some hours. Exit code 1 if a change failed.
    ///
    /// Uses the account of the environment, or the endpoint in AWS_ENDPOINT_URL_BUDGETS. A deployed stack
    /// does the same by itself with the parameter MirrorBudgets.
    #[command(after_help = "Example: tollbook --table TABLE budget mirror --dry-run --topic \
                            arn:aws:sns:us-east-1:123456789012:tollbook-alerts")]
    Mirror(MirrorArgs),
    /// Print the budgets of an account in AWS Budgets as a budgets.toml.
    ///
    /// A budget that counts another cost than Tollbook would, such as that of all services, is a comment with
    /// the reason. Nothing is applied: read the text, name the owners, and use `budget apply`.
    ///
    /// Uses the account of the environment, or the endpoint in AWS_ENDPOINT_URL_BUDGETS.
    #[command(
        after_help = "Example: tollbook budget import-aws --account 123456789012 --owner platform > budgets.toml"
    )]
    ImportAws(ImportAwsArgs),
}

/// The kind of string to explain.
#[derive(Debug, Subcommand)]
pub enum ExplainCommand {
    /// One JSON object a line for `usage_type<TAB>product_code<TAB>product_name`.
    UsageType {
        /// `-` for standard input, or the text itself.
        input: String,
    },
    /// One JSON object a line for a caller's ARN.
    Principal {
        /// `-` for standard input, or the text itself.
        input: String,
    },
}
