//! Arguments of insights.

use clap::{Args, Subcommand};
use jiff::civil::Date;

use super::CostKindArg;

/// An insight.
#[derive(Debug, Subcommand)]
pub enum InsightCommand {
    /// The cost by how much of its caller the bill tells, and changes to paste that make it tell more.
    ///
    /// Each charge is in one class: preserved, collapsed (one identity hides many callers), untagged,
    /// unknown (no caller on the bill) or default_project. The classes sum to the cost of the days.
    #[command(
        after_help = "Examples:\n  tollbook insight attribution --fixes\n  tollbook insight \
                            attribution --from 2026-11-01 --format json"
    )]
    Attribution(AttributionArgs),
}

/// The days to judge.
#[derive(Args, Debug)]
pub struct AttributionArgs {
    /// The first day; by default 30 days before the end of the data.
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
    /// Identities to list for each currency; the others are counted.
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub limit: usize,
    /// Print the changes for the identities that hide their callers.
    #[arg(long)]
    pub fixes: bool,
}
