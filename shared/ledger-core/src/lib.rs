//! The functional core: charges, their owners, and all figures derived from them. Values and
//! decisions, no I/O.
//!
//! Data flows one way: line items are [summed](roll_up) into [facts](fact), [rules] claim these,
//! and the resulting [positions](position) are kept as [rollups](rollup). Rollups are judged
//! against [budgets](budget), listed in [statements](statement) and grouped into [reports](report).
//!
//! This crate must never do I/O, await, read the clock, the environment or a random source, and
//! knows neither JSON nor AWS's SDK. Time arrives as an argument. Start reading at
//! [`line_item::LineItem`].

#[macro_use]
mod labels;

pub mod access;
pub mod allocation;
pub mod anomaly;
#[macro_use]
mod arena;
pub mod attribution_health;
pub mod attribution_reason;
pub mod audit;
pub mod aws;
pub mod bill;
pub mod bill_rollups;
pub mod bill_text;
pub mod budget;
pub mod business;
pub mod caller;
pub mod category;
pub mod charges;
pub mod claimed_figure;
pub mod closing;
pub mod cost;
pub mod coverage;
pub mod currency;
pub mod daily_costs;
pub mod day_sum;
mod day_totals;
pub mod dimension;
pub mod fact;
pub mod filter;
pub mod finding;
mod grouping;
pub mod identity;
mod int96;
pub mod journal;
mod keyed_sums;
pub mod letter;
pub mod level;
pub mod line_item;
pub mod message;
pub mod meter;
pub mod mirror;
pub mod model;
pub mod money;
pub mod money_sum;
pub mod moves;
pub mod now;
pub mod organisation;
pub mod owner;
pub mod percent;
pub mod period;
pub mod position;
pub mod quantity;
pub mod question;
pub mod ranking;
pub mod reconciliation;
pub mod report;
pub mod roll_up;
pub mod rollup;
pub mod rule_review;
pub mod rules;
pub mod source;
pub mod statement;
#[cfg(test)]
mod testing;
pub mod undecided;
pub mod usage;
pub mod word;

/// The release of Tollbook, which is the version of all its crates, such as `0.1.0`.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
