//! Arguments of the commands for rules.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::civil::Date;

use super::{CostKindArg, SaidArgs};

/// Manage the rules that attribute charges to owners.
#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// Check a rules file without applying it, by itself and on the lines of the ledger, if there is
    /// one: rules that can never match, that claim nothing, whose days are over, and pairs that claim
    /// the same lines for different owners. Exit code 1 if a rule can never match.
    Check {
        /// The file, such as rules.toml.
        file: PathBuf,
        /// Check the file by itself.
        #[arg(long)]
        without_ledger: bool,
    },
    /// Apply a rules file as the next version and attribute all bills again by it.
    Apply {
        /// The file, such as rules.toml.
        file: PathBuf,
        /// Show the money that would move, from whom to whom and by which rule, without applying
        /// anything; exit code 1 if all of it would, or an owner has no budget.
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        said: SaidArgs,
    },
    /// Explain the owner of an entry, or the money of any figure: the rules that claimed it, and why
    /// no rule above them did.
    #[command(
        after_help = "Examples:\n  tollbook report --by entry,principal --where owner=Unattributed\n  \
                      tollbook rules explain --entry FILE:LINE\n  tollbook rules explain --where \
                      owner=search --from 2026-11-01 --to 2026-12-01"
    )]
    Explain {
        /// The entry: its first line as `FILE:LINE`, as `report --by entry` shows it.
        #[arg(long, value_name = "FILE:LINE", conflicts_with_all = ["filters", "from", "to", "cost_kind"])]
        entry: Option<String>,
        #[command(flatten)]
        figure: FigureArgs,
    },
}

/// The money of a figure, as in a report.
#[derive(Args, Debug)]
pub struct FigureArgs {
    /// Only charges with this value; can be given several times.
    #[arg(long = "where", value_name = "DIM=VALUE")]
    pub filters: Vec<String>,
    /// The first day; by default the first one of the ledger.
    #[arg(long, value_name = "DATE")]
    pub from: Option<Date>,
    /// The day after the last; by default after the last day with data.
    #[arg(long, value_name = "DATE")]
    pub to: Option<Date>,
    /// The cost kind to count.
    #[arg(long, value_enum, default_value_t, value_name = "KIND")]
    pub cost_kind: CostKindArg,
}
