//! One module a command.

pub mod anomalies;
pub mod audit;
pub mod budget;
pub mod budget_answers;
pub mod budget_history;
pub mod budget_mirror;
pub mod collect;
pub mod cost_of_running;
pub mod doctor;
pub mod explain;
pub mod forecast;
pub mod import;
pub mod insight;
mod invented;
pub mod journal;
pub mod notify;
pub mod organisation;
pub mod period;
pub mod report;
pub mod rules;
pub mod rules_apply;
pub mod rules_figure;
pub mod stand_in;
pub mod statement;
pub mod up;

use std::path::Path;

use anyhow::Context;
use jiff::civil::Date;
use ledger_core::now::Now;

/// The time now.
pub fn now() -> Now {
    Now::new(jiff::Timestamp::now())
}

/// Today in UTC, as all periods are.
pub fn today() -> Date {
    now().today()
}

fn read_file(path: &Path) -> anyhow::Result<String> {
    let bytes =
        std::fs::read(path).with_context(|| format!("could not read `{}`", path.display()))?;
    String::from_utf8(bytes)
        .ok()
        .with_context(|| format!("`{}` is not UTF-8 text; expected a TOML file", path.display()))
}
